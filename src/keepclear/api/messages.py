"""Messages to other parties and from them, what is said of each, and what it asks for.

A named person sends: whoever asks is the author, and nothing here sends by itself. Before a message goes it is looked at for what the other
side could not understand in one way; what is found has to be mended, or named as meant.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from keepclear.api.asking import Answer, Ask, Route, instant_us
from keepclear.api.facts import FactsGiven, facts_of
from keepclear.api.paging import Exercise, Page, Paged, page_of
from keepclear.api.problems import Declined, Fault, bad_query, not_here
from keepclear.api.zones import Done, KnownAt, Sided, done
from keepclear.channel import checks
from keepclear.channel.channel import Thread
from keepclear.channel.checks import Against, Finding
from keepclear.channel.facts import Compared, Fact
from keepclear.channel.messages import About, Attachment, Marker, Message, Translation, Urgency, Words, checked
from keepclear.channel.standing import Debt, Standing, Step, due_us
from keepclear.channel.statements import Act, Evidence, Means, Statement
from keepclear.channel.statements import checked as statement_checked
from keepclear.geo.places import NamedPoint
from keepclear.geo.shapes import Circle, Sector
from keepclear.ground.errors import Refused
from keepclear.ground.instants import parse_instant, utc_text
from keepclear.ground.quantities import parse_duration_us
from keepclear.node.events import MessageGiven, StatementGiven
from keepclear.node.talk import Talk
from keepclear.parties.parties import Action, open_to
from keepclear.render.sentences import NOT_PERMISSION

VALID_FOR_US = 24 * 3_600_000_000
SCANNED_MAX = 20_000

Id = Annotated[str, Meta(min_length=1, max_length=64)]
LongText = Annotated[str, Meta(max_length=100_000)]
ShortText = Annotated[str, Meta(max_length=2_000)]
When = Annotated[str, Meta(max_length=64)]
HowLong = Annotated[str, Meta(max_length=32, description="a number and a unit: 20 min, 6 h")]


class Direction(StrEnum):
    """From this party, or to it."""

    OUT = "out"
    IN = "in"


class MessagesAsked(Paged, frozen=True):
    """Which messages."""

    direction: Direction | None = None
    debt: Annotated[Debt, Meta(description="how what it asks for stands: owed, unconfirmed, settled, ...")] | None = (
        None
    )
    party: Annotated[str, Meta(max_length=64, description="from this party, or for it at last")] | None = None
    known_at: KnownAt | None = None


class MessageAsked(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Which side, and as known when."""

    exercise: Exercise | None = None
    known_at: KnownAt | None = None


class TextGiven(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The same in another language: who translated it, and who else has compared the two."""

    language: ShortText
    text: LongText
    by: ShortText
    reviewed_by: ShortText = ""


class MessageDraft(msgspec.Struct, forbid_unknown_fields=True, frozen=True, omit_defaults=True):
    """What somebody is about to send.

    to, addressee   who can open it, and whom it is meant for at last where that is somebody else
    reply_by        when what its marker asks for is due; or `reply_within`
    valid_until     when it has no use any more; or `valid_for`; a day where neither is said
    meant           keys of findings of the check that are meant as they stand
    here, there     time zones of this side and of the other
    exercise        as the draft of a node of exercises says; the query decides"""

    to: Id
    marker: Marker
    text: LongText
    language: ShortText = "en"
    urgency: Urgency = Urgency.ROUTINE
    addressee: ShortText = ""
    facts: FactsGiven = []
    translations: Annotated[list[TextGiven], Meta(max_length=8)] = []
    attachments: Annotated[list[Attachment], Meta(max_length=16)] = []
    about: About = About()
    answers: ShortText = ""
    supersedes: ShortText = ""
    reply_by: When = ""
    reply_within: HowLong = ""
    valid_until: When = ""
    valid_for: HowLong = ""
    meant: Annotated[list[ShortText], Meta(max_length=64)] = []
    here: ShortText = "UTC"
    there: ShortText = "UTC"
    exercise: bool | None = None


class StatementDraft(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What became of a message, as a person says or enters it.

    of        party whose act it is; "": this one
    person    who did it: whoever read it and read it back
    carrier   who brought the word where this party was not there itself: "duty officer, by telephone"
    towards   of forwarded and delivered: whom it went to
    within    of stand_by: how soon the answer comes
    facts     of understood: what was read back
    said_at   when; now if it is not said"""

    act: Act
    of: ShortText = ""
    person: ShortText = ""
    carrier: ShortText = ""
    means: Means = Means.LINK
    towards: ShortText = ""
    within: HowLong = ""
    facts: FactsGiven = []
    text: LongText = ""
    language: ShortText = "en"
    said_at: When = ""


class FindingView(msgspec.Struct, frozen=True):
    """What the check found: `stops` cannot be understood in one way, `asks` may well be meant. `params`: what was compared."""

    key: str
    severity: str
    path: str
    text: str
    params: dict[str, str | int | float]


class Checked(msgspec.Struct, frozen=True):
    """What was found, in a fixed order. Nothing found means nothing was found, and not that all is well."""

    findings: list[FindingView]
    note: str = NOT_PERMISSION


class Sent(msgspec.Struct, frozen=True):
    """The message is in the record, and owed to whoever is next. That says nothing of its arrival."""

    sequence: int
    at: str
    message: str


class MessageView(msgspec.Struct, frozen=True):
    """A message in a list, and how what it asks for stands."""

    message: str
    direction: str
    sender: str
    to: str
    addressee: str
    author: str
    marker: str
    urgency: str
    language: str
    text: str
    about: About
    known_at: str
    written_at: str
    due_at: str
    valid_until: str
    answers: str
    supersedes: str
    exercise: bool
    debt: str
    mismatch: bool
    late: bool


class FieldView(msgspec.Struct, frozen=True):
    """One field of a read-back against what was said."""

    name: str
    verdict: str
    off_m: float | None
    off_s: float | None


class StatementView(msgspec.Struct, frozen=True):
    """What somebody said of a message. `evidence`: shown by whoever did it, or claimed. `over_another`: it cites other bytes, and counts for
    nothing. `doubted`: it came when somebody else may have signed as that party, and is a claim. `said_at` is by the clock of who says so,
    `known_at` by ours. `facts`: what was read back."""

    statement: str
    act: str
    of: str
    said_by: str
    evidence: str
    said_at: str
    known_at: str
    person: str
    carrier: str
    towards: str
    means: str
    within_s: float | None
    words: Words | None
    fields: list[FieldView]
    over: str
    over_another: bool
    doubted: bool
    facts: tuple[Fact, ...]


class HopView(msgspec.Struct, frozen=True):
    """How well it is known that a party has the message, has passed it on, and has understood it: evidenced, claimed, or not at all."""

    party: str
    received: str | None
    forwarded: str | None
    delivered: str | None
    understood: str | None


class MessageWhole(msgspec.Struct, frozen=True):
    """A message, its standing, and everything that is held of it. `content` is the message as its id stands for it."""

    message: str
    direction: str
    known_at: str
    debt: str
    mismatch: bool
    late: bool
    due_at: str
    settled_by: str
    answered_by: list[str]
    hops: list[HopView]
    statements: list[StatementView]
    sealed: list[str]
    content: msgspec.Raw


# --- reading ---


def _talk(ask: Ask[Any, Any]) -> Talk:
    ask.must(Action.READ, *ask.node.of_talk)
    return ask.node.talk


async def known(ask: Ask[Any, Any], known_at: str | None) -> tuple[Talk, int]:
    """What was said, as it is or as it was known at an instant, and that instant."""
    at_us = instant_us("known_at", known_at)
    ask.must(Action.READ, *ask.node.of_talk)
    if at_us is None:
        return ask.node.talk, ask.desk.now_us()
    node = await ask.desk.known_at(at_us)
    if node.began is None:
        raise not_here("state", known_at or "")
    return node.talk, at_us


def _view(talk: Talk, thread: Thread, standing: Standing) -> MessageView:
    message = thread.message
    return MessageView(
        thread.id, _direction(talk, message), message.sender, message.to, message.addressee, message.author, message.marker.value,
        message.urgency.value, message.original.language, message.original.text, message.about, utc_text(thread.known_at_us),
        utc_text(message.written_at_us), utc_text(due_us(message)), utc_text(message.valid_until_us), message.answers,
        message.supersedes, message.exercise, standing.debt.value, standing.mismatch, standing.late,
    )  # fmt: skip


def _direction(talk: Talk, message: Message) -> str:
    return (Direction.OUT if message.sender == talk.channel.own else Direction.IN).value


async def messages(ask: Ask[MessagesAsked, None]) -> Answer:
    """Messages in the order this node learned of them, and how what each asks for stands."""
    query = ask.query
    talk, at_us = await known(ask, query.known_at)
    channel = talk.channel
    first = 0 if query.after is None else _place(query.after)
    limit = ask.items_of(query.limit)

    def shown(item: tuple[int, Thread]) -> Callable[[], MessageView] | None:
        thread = item[1]
        message = thread.message
        if message.exercise is not ask.exercise or query.direction not in (None, _direction(talk, message)):
            return None
        if query.party not in (None, message.sender, message.final):
            return None
        standing = channel.standing(thread.id, at_us)
        if query.debt not in (None, standing.debt):
            return None
        return lambda: _view(talk, thread, standing)

    behind = enumerate(channel.threads(first, SCANNED_MAX), first)
    page = page_of(behind, limit, shown=shown, cursor=lambda item: str(item[0] + 1))
    beyond = first + SCANNED_MAX
    more = page.next or (str(beyond) if beyond < len(channel) else None)
    return Answer(Page(page.items, more))


def _place(after: str) -> int:
    if not after.isdecimal() or len(after) > 9:
        raise bad_query("after", "query.unreadable", "This is no place in the list", after, "Give what `next` said.")
    return int(after)


def held(ask: Ask[Any, Any], talk: Talk) -> Thread:
    """The message of the address, by its id or as many of its first digits as make it one."""
    try:
        thread = talk.channel.thread_called(ask.path["message"])
    except Refused as refused:
        if refused.key == "message.unknown":
            raise not_here("message", ask.path["message"]) from refused
        raise
    if thread.message.exercise is not ask.exercise:
        raise not_here("message", ask.path["message"])
    return thread


async def message(ask: Ask[MessageAsked, None]) -> Answer:
    """One message: its content, its standing, and every statement that is held of it."""
    talk, at_us = await known(ask, ask.query.known_at)
    thread = held(ask, talk)
    standing = talk.channel.standing(thread.id, at_us)
    steps = sorted(
        (step for steps in standing.steps.values() for step in steps),
        key=lambda step: (step.kept.known_at_us, step.kept.id),
    )
    parties = dict.fromkeys([thread.message.to, thread.message.final, *standing.steps])
    hops = [_hop(standing, party) for party in parties if party != thread.message.sender]
    return Answer(
        MessageWhole(
            thread.id, _direction(talk, thread.message), utc_text(thread.known_at_us), standing.debt.value, standing.mismatch,
            standing.late, utc_text(due_us(thread.message)), standing.settled_by, list(thread.answers), hops,
            [_step(step) for step in steps], thread.sealed, msgspec.Raw(thread.message.payload),
        )
    )  # fmt: skip


def _hop(standing: Standing, party: str) -> HopView:
    def best(act: Act) -> str | None:
        found: Evidence | None = standing.best(party, act)
        return None if found is None else found.value

    return HopView(party, best(Act.RECEIVED), best(Act.FORWARDED), best(Act.DELIVERED), best(Act.UNDERSTOOD))


def _step(step: Step) -> StatementView:
    kept, said = step.kept, step.kept.statement
    return StatementView(
        kept.id, said.act.value, said.of, said.said_by, step.evidence.value, utc_text(said.at_us), utc_text(kept.known_at_us),
        said.person, said.carrier, said.towards, said.means.value, None if said.within_us is None else said.within_us / 1e6,
        said.words, [_field(field) for field in step.fields], said.over, step.over_another, step.doubted,
        said.facts,
    )  # fmt: skip


def _field(field: Compared) -> FieldView:
    return FieldView(field.name, field.verdict.value, field.off_m, field.off_s)


# --- sending ---


def named_points(ask: Ask[Any, Any], to: str = "", about: str = "") -> tuple[NamedPoint, ...]:
    """The middles of the zones that have one and that whoever asks may see.

    to     only of zones that this party may see as well: names that both sides know
    about  id of a zone that is named to it all the same"""
    zones = [(zone, ask.members.access_of("zone", zone.id)) for zone in ask.side.zones()]
    return tuple(
        NamedPoint(zone.label, zone.shape.lat, zone.shape.lon, 1.0, "agreed zone")
        for zone, access in zones
        if isinstance(zone.shape, Circle | Sector)
        and ask.could_see([access])
        and (not to or zone.id == about or open_to(to, access))
    )


def _message_of(ask: Ask[Any, MessageDraft]) -> Message:
    """The message that a draft would be, sent now by whoever asks."""
    draft, now_us = ask.body, ask.desk.now_us()
    if draft.exercise not in (None, ask.exercise):
        mend = "Send it with ?exercise=true, or leave the member out."
        raise Refused("exercise.mixed", "What is exercise and what is not never meet", mend=mend, where="$.exercise")
    points = {point.name: point for point in named_points(ask)}
    reply_us = _until(draft.reply_by, draft.reply_within, now_us, "reply")
    until_us = _until(draft.valid_until, draft.valid_for, now_us, "valid")
    translations = tuple(Translation(one.language, one.text, one.by, one.reviewed_by) for one in draft.translations)
    return checked(
        Message(
            ask.desk.salt(), ask.members.house, draft.to, ask.user.id, draft.marker, draft.urgency,
            Words(draft.language, draft.text), now_us, now_us + VALID_FOR_US if until_us is None else until_us, reply_us,
            draft.about, facts_of(draft.facts, "$.facts", points), translations, tuple(draft.attachments), draft.addressee,
            draft.answers, draft.supersedes, ask.exercise,
        )
    )  # fmt: skip


def _until(at: str, within: str, now_us: int, what: str) -> int | None:
    at_name, within_name = {"reply": ("reply_by", "reply_within"), "valid": ("valid_until", "valid_for")}[what]
    if at and within:
        mend = f"Give {at_name} or {within_name}."
        raise Refused("message.two_times", "One time is said in two ways", mend=mend, where=f"$.{at_name}")
    try:
        if within:
            return now_us + parse_duration_us(within)
        return parse_instant(at).us if at else None
    except Refused as refused:
        raise refused.at(f"$.{within_name if within else at_name}") from refused


def _found(ask: Ask[Any, MessageDraft], message: Message) -> tuple[Finding, ...]:
    names = tuple({*ask.members.parties.values(), *ask.members.parties})
    lead_us = ask.side.dealings.lead_us_of(message)
    against = Against(named_points(ask), None, (ask.body.here, ask.body.there), lead_us, names)
    return checks.checks(message, against)


def _finding(finding: Finding) -> FindingView:
    return FindingView(
        finding.key, finding.severity.value, finding.where, checks.sentence(finding), dict(finding.params)
    )


async def check(ask: Ask[Any, MessageDraft]) -> Answer:
    """Looks at a draft as it would be before sending; nothing is sent, and nothing is kept."""
    ask.must(Action.SEND_MESSAGE, *ask.node.of_talk)
    return Answer(Checked([_finding(finding) for finding in _found(ask, _message_of(ask))]))


async def send(ask: Ask[Any, MessageDraft]) -> Answer:
    """Sends a message in the name of whoever asks. What the check finds has to be mended before, or named in `meant`."""
    ask.must(Action.SEND_MESSAGE, *ask.node.of_talk)
    message = _message_of(ask)
    open_findings = [finding for finding in _found(ask, message) if finding.key not in ask.body.meant]
    if open_findings:
        mend = "Mend it, or name the key in `meant`."
        faults = [Fault(one.where, one.key, checks.sentence(one), "", mend) for one in open_findings]
        raise Declined(422, "message.findings", "The message can be misunderstood.", errors=faults)
    payload, id = message.payload.decode(), message.id
    return await ask.give(
        MessageGiven(payload), lambda given: Sent(given.entry.sequence, utc_text(given.entry.at_us), id), status=201
    )


# --- what becomes of it ---


async def state(ask: Ask[Any, StatementDraft]) -> Answer:
    """Says what became of a message: read back, stand by, refuse; or enters what somebody else said of it, as a claim with its carrier."""
    ask.must(Action.STATE, *ask.node.of_talk)
    said, now_us = ask.body, ask.desk.now_us()
    thread = held(ask, ask.node.talk)
    points = {point.name: point for point in named_points(ask)}
    try:
        at_us = parse_instant(said.said_at).us if said.said_at else now_us
    except Refused as refused:
        raise refused.at("$.said_at") from refused
    try:
        within_us = parse_duration_us(said.within) if said.within else None
    except Refused as refused:
        raise refused.at("$.within") from refused
    statement = statement_checked(
        Statement(
            said.act, said.of or ask.members.house, ask.members.house, thread.id, at_us, said.person, said.carrier, said.towards,
            said.means, within_us, facts_of(said.facts, "$.facts", points), Words(said.language, said.text) if said.text else None,
            ask.exercise,
        )
    )  # fmt: skip
    return await ask.give(StatementGiven(statement.payload.decode()), done, status=201)


JSON = "application/json"
ROUTES = (
    Route("GET", "/v1/messages", messages, "messages", gives=Page[MessageView], query=MessagesAsked),
    Route(
        "POST", "/v1/messages", send, "messages", gives=Sent, query=Sided, bodies={JSON: MessageDraft}, status=201, problems=(403, 404)
    ),
    Route("POST", "/v1/messages/check", check, "messages", gives=Checked, query=Sided, bodies={JSON: MessageDraft}, problems=(403,)),
    Route("GET", "/v1/messages/{message}", message, "messages", gives=MessageWhole, query=MessageAsked, problems=(404,)),
    Route(
        "POST", "/v1/messages/{message}/statements", state, "messages", gives=Done, query=Sided, bodies={JSON: StatementDraft},
        status=201, problems=(403, 404),
    ),
)  # fmt: skip

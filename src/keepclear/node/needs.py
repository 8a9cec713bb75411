"""What needs a person now, in order of urgency: one function of the node, the instant and what its host knows of machine and links.

    for need in needs(node, exercise=False, at_us=now_us, machine=machine): ...

What is about one thing is one need: a message that came, is owed and is overdue stands once, where the worst of it puts it. An alert
leaves when a person clears it, and never by itself; a condition (a silent feed, a gap in cover, an answer that is owed) is there as long
as it holds. The ranks and why they are so stand in docs/spec/desk.md. Nothing here says what is to be done: a next step is one that the
parties have agreed on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import IntEnum, StrEnum
from typing import Any, NamedTuple

import msgspec

from keepclear.agreements.agreement import Version
from keepclear.channel.calls import Escalation, Prompt, StopForm, still_missing
from keepclear.channel.channel import Thread
from keepclear.channel.facts import matches
from keepclear.channel.standing import Debt, due_us
from keepclear.channel.statements import Act
from keepclear.ground.hours import DAY_US
from keepclear.ground.instants import parse_instant, utc_text
from keepclear.node.alert_book import RAISED, LiveAlert
from keepclear.node.node import Node
from keepclear.node.side import Side
from keepclear.parties.parties import Access, Sensitivity
from keepclear.parties.roster import gaps

HOUR_US = 3_600_000_000
# A call that is due within this is shown, and a gap in cover that begins within that.
CALL_AHEAD_US = HOUR_US
GAP_AHEAD_US = 12 * HOUR_US


class Part(IntEnum):
    """Whose it is: nobody's yet, somebody's of this side, or the other side's turn."""

    OPEN = 0
    IN_HAND = 1
    WAITING = 2


class Rank(IntEnum):
    """Kinds of need, the most urgent first; docs/spec/desk.md says why."""

    STOP = 1
    MACHINE = 2
    DIFFERS = 3
    CONTRADICTION = 4
    FEED = 5
    LINK = 6
    ALERT_NOW = 7
    OVERDUE = 8
    UNCONFIRMED = 9
    COVER = 10
    CALL = 11
    ALERT_SOON = 12
    ASKED = 13
    COVER_AHEAD = 14
    CALL_AHEAD = 15
    ALERT_ROUTINE = 16
    OWED = 17


class Points(StrEnum):
    """What a need leads to."""

    ALERT = "alert"
    MESSAGE = "message"
    FEED = "feed"
    PEER = "peer"
    CALL = "call"
    STOP = "stop"
    ROSTER = "roster"
    MACHINE = "machine"


class Trouble(NamedTuple):
    """What is not well with the machine under a node: clock_behind (behind_s), disk_low (free_bytes, least_bytes), alerts_not_held (count)."""

    key: str
    params: Mapping[str, object]


class Unreached(NamedTuple):
    """A peer that could not be reached when it was last tried, why, and when it was heard last; None: not since this process began."""

    peer: str
    why: str
    failures: int
    heard_us: int | None


class Machine(NamedTuple):
    """What only the host of a node knows."""

    troubles: tuple[Trouble, ...] = ()
    unreached: tuple[Unreached, ...] = ()


class Deed(NamedTuple):
    """What somebody did: acknowledged, assigned, or took a step of the agreed way (`step`: its key)."""

    what: str
    by: str
    at_us: int
    words: str = ""
    to: str = ""
    step: str = ""


class NextStep(NamedTuple):
    """The step that an agreement has next, as words to a person. `prompt` None: the last step has its time, or there is no further one."""

    agreement: str
    prompt: Prompt | None
    exhausted: bool


class Need(NamedTuple):
    """Something that needs a person.

    matter    kind and id of what it is about; no two needs have one
    key       with `params`: why it stands here. An alert's own key, or that of a condition; all in docs/reference/keys.md
    since_us  since when; None: before anything that is known
    due_us    when what is asked for is due
    alerts    ids of the open alerts that are part of it, the oldest first
    concerned who must be able to see what, for it to be shown"""

    matter: str
    part: Part
    rank: Rank
    key: str
    params: Mapping[str, object]
    points: Points
    id: str
    concerned: tuple[Access, ...]
    urgency: str = "routine"
    since_us: int | None = None
    due_us: int | None = None
    alerts: tuple[str, ...] = ()
    assigned_to: str = ""
    done: tuple[Deed, ...] = ()
    next: NextStep | None = None
    zone: str = ""
    subject: str = ""
    feed: str = ""
    message: str = ""
    peer: str = ""
    agreement: str = ""
    of_party: str = ""


_URGENCIES = {"now": 0, "soon": 1, "routine": 2}
_OF_URGENCY = {"now": Rank.ALERT_NOW, "soon": Rank.ALERT_SOON, "routine": Rank.ALERT_ROUTINE}
_OF_KEY = {
    "stop_called": Rank.STOP,
    "read_back_differs": Rank.DIFFERS,
    "peer_contradicts_itself": Rank.CONTRADICTION,
    "feed_overloaded": Rank.FEED,
    "reply_overdue": Rank.OVERDUE,
    "message_unconfirmed": Rank.UNCONFIRMED,
    "call_missed": Rank.CALL,
    "nobody_in_reach": Rank.COVER_AHEAD,
}
_IS_OURS_TO_SETTLE = frozenset({Debt.OWED, Debt.STAND_BY})
_WAITS = frozenset({Debt.OWED, Debt.STAND_BY, Debt.CLAIMED})
_PASSED_ON = frozenset({Act.FORWARDED, Act.DELIVERED, Act.REFUSED})


def place(need: Need) -> tuple[int, int, int, int, str]:
    """Where a need stands: whose it is, its kind, its urgency, since when; what it is about decides between equals."""
    since_us = 0 if need.since_us is None else need.since_us
    return need.part, need.rank, _URGENCIES[need.urgency], since_us, need.matter


def in_order(found: Iterable[Need]) -> list[Need]:
    """The needs, the most urgent first; the same whatever order they are given in."""
    return sorted(found, key=place)


def needs(node: Node, *, exercise: bool, at_us: int, machine: Machine) -> list[Need]:
    """Everything that needs a person at an instant, in order; who may see which is for whoever asks."""
    side = node.side(exercise)
    by_matter: dict[str, list[Need]] = {}
    for need in _parts(node, side, at_us, machine):
        by_matter.setdefault(need.matter, []).append(need)
    cleared: dict[str, tuple[LiveAlert, ...]] = {}
    for alert in side.alerts:
        if not alert.is_open and (matter := _pointed(alert)[2]) in by_matter:
            cleared[matter] = (*cleared.get(matter, ()), alert)
    return in_order(_joined(some, cleared.get(matter, ())) for matter, some in by_matter.items())


def _parts(node: Node, side: Side, at_us: int, machine: Machine) -> Iterator[Need]:
    stops = stops_of(side)
    yield from (_of_alert(node, side, alert, stops, at_us) for alert in side.alerts if alert.is_open)
    yield from _of_messages(node, side, at_us)
    yield from _of_feeds(node, side)
    yield from _of_links(node, machine)
    yield from _of_calls(node, side, at_us)
    yield from _of_cover(node, side, at_us)
    yield from _of_machine(node, side, machine)


def _joined(parts: list[Need], cleared: tuple[LiveAlert, ...]) -> Need:
    """What is about one thing as one need: the worst of it says what it is and where it stands; alerts and deeds are those of all.

    It is in hand once somebody has seen every alert of it, or has cleared one since it began; a stop and the machine never are."""
    lead = min(parts, key=lambda one: (one.rank, place(one)))
    alerted = [one for one in parts if one.alerts]
    part = min(one.part for one in alerted or parts)
    deeds = {deed for one in parts for deed in one.done}
    since_us = 0 if lead.since_us is None else lead.since_us
    decided = [] if alerted else [one for one in cleared if one.raised_at_us >= since_us - DAY_US]
    if decided and part is Part.OPEN:
        part = Part.IN_HAND
    deeds |= {deed for one in decided for deed in _deeds(one)}
    return lead._replace(
        part=Part.OPEN if lead.rank in _NEVER_IN_HAND else part,
        urgency=min((one.urgency for one in parts), key=_URGENCIES.__getitem__),
        due_us=next((one.due_us for one in (lead, *parts) if one.due_us is not None), None),
        alerts=tuple(id for one in alerted for id in one.alerts),
        assigned_to=next((one.assigned_to for one in parts if one.assigned_to), ""),
        done=tuple(sorted(deeds, key=lambda deed: (deed.at_us, deed))),
        next=next((one.next for one in (lead, *parts) if one.next is not None), None),
    )


# A stop has no outcome until it is cleared, and nobody can see to a machine by having seen that it fails.
_NEVER_IN_HAND = frozenset({Rank.STOP, Rank.MACHINE})


# --- alerts ---


def _of_alert(node: Node, side: Side, alert: LiveAlert, stops: Mapping[str, Sequence[StopForm]], at_us: int) -> Need:
    said: dict[str, Any] = msgspec.json.decode(alert.line)
    rank = _OF_KEY.get(alert.key, _OF_URGENCY[alert.urgency])
    in_hand = alert.state != RAISED and rank not in _NEVER_IN_HAND
    points, id, matter = _pointed(alert)
    params: dict[str, object] = dict(said["params"])
    if alert.repeats:
        params["repeats"] = alert.repeats
    if alert.key == "stop_called":
        forms = stops[alert.id]
        lacks = [still_missing(form, side.dealings.calls.answers_to(form)) for form in forms]
        params["stops"] = [
            {"taken_at": utc_text(form.taken_at_us), "words": form.words, "missing": missing}
            for form, missing in zip(forms, lacks, strict=True)
        ]
        if lacks:
            params["missing"] = lacks[0]
    urgency, ended = alert.urgency, _ended(node, alert, at_us)
    if ended is not None:
        rank, urgency = Rank.ALERT_ROUTINE, "routine"
        params |= {"ended": ended[0], "ended_at": utc_text(ended[1])}
    way = _way_of(side, alert, said["params"], at_us)
    steps = () if way is None else _steps(way[1])
    return Need(
        matter, Part.IN_HAND if in_hand else Part.OPEN, rank, alert.key, params, points, id, node.concerned(alert, side),
        urgency, alert.raised_at_us, None, (alert.id,), alert.assigned_to, (*_deeds(alert), *steps),
        None if way is None else _next(*way), alert.zone, alert.subject, alert.feed, alert.message, alert.peer, alert.agreement,
        alert.of_party,
    )  # fmt: skip


def _ended(node: Node, alert: LiveAlert, at_us: int) -> tuple[str, int] | None:
    """Why a read-back that differed is no reason to act any more, and since when; None: it is, or the alert is another."""
    if alert.key != "read_back_differs" or _differs(thread := node.talk.channel.thread(alert.message)):
        return None
    if thread.debt is Debt.SUPERSEDED and thread.superseded_at_us is not None:
        return "superseded", thread.superseded_at_us
    steps = node.talk.channel.standing(thread.id, at_us).steps.get(thread.message.final, ())
    right = [step.kept.known_at_us for step in steps if step.act is Act.UNDERSTOOD and matches(step.fields)]
    return "read_back_right", max(right, default=at_us)


def _deeds(alert: LiveAlert) -> tuple[Deed, ...]:
    return tuple(Deed(step.state, step.by, step.at_us, step.words, step.to) for step in alert.steps)


def _pointed(alert: LiveAlert) -> tuple[Points, str, str]:
    """What an alert leads to, the id of that, and what it is about."""
    match alert.key:
        case "stop_called":
            return Points.STOP, alert.id, f"alert {alert.id}"
        case "peer_contradicts_itself":
            return Points.PEER, alert.peer, f"record {alert.peer}"
        case "peer_refuses_us":
            return Points.PEER, alert.peer, f"link {alert.peer}"
        case "call_missed":
            return Points.CALL, alert.agreement, f"missed {alert.agreement} {alert.of_party}"
        case "nobody_in_reach":
            return Points.ROSTER, alert.of_party, f"cover {alert.of_party}"
    if alert.message and not alert.agreement:
        return Points.MESSAGE, alert.message, f"message {alert.message}"
    if alert.feed:
        return Points.FEED, alert.feed, f"feed {alert.feed}"
    return Points.ALERT, alert.id, f"alert {alert.id}"


def stops_of(side: Side) -> dict[str, list[StopForm]]:
    """The forms of urgent stops that each alert about them stands for, by its id.

    Every form raises an alert or repeats it, in one order: counted from the newest on, as the oldest of both give way."""
    forms = list(side.dealings.calls.stops)
    found: dict[str, list[StopForm]] = {}
    about_stops = [alert for alert in side.alerts if alert.key == "stop_called"]
    for alert in sorted(about_stops, key=lambda one: one.raised_at_us, reverse=True):
        count = min(alert.repeats + 1, len(forms))
        found[alert.id] = forms[len(forms) - count :]
        del forms[len(forms) - count :]
    return found


def _way_of(side: Side, alert: LiveAlert, params: Mapping[str, Any], at_us: int) -> tuple[str, Escalation] | None:
    """How far the agreed way has been gone for what an alert says is unanswered, by the agreement; None: nothing is agreed."""
    if alert.key != "call_missed":
        return None
    version = side.dealings.agreed.in_force.get(alert.agreement)
    return None if version is None else _gone(side, version, parse_instant(params["due_at"]).us, at_us)


def _gone(side: Side, version: Version, since_us: int, at_us: int) -> tuple[str, Escalation] | None:
    if not version.terms.escalation:
        return None
    return version.agreement, side.dealings.calls.escalation(version, since_us, at_us)


def _next(agreement: str, gone: Escalation) -> NextStep:
    return NextStep(agreement, gone.next, gone.exhausted)


def _steps(gone: Escalation) -> tuple[Deed, ...]:
    return tuple(Deed("step_taken", one.person, one.at_us, one.words, step=one.key) for one in gone.taken)


# --- messages ---


def _of_messages(node: Node, side: Side, at_us: int) -> Iterator[Need]:
    channel = node.talk.channel
    for thread in channel.threads(0, len(channel)):
        message = thread.message
        if message.exercise is not side.exercise:
            continue
        if channel.own == message.sender:
            yield from _of_ours(node, side, thread, at_us)
        elif channel.own == message.final:
            yield from _of_theirs(node, thread, at_us)
        elif channel.own == message.to and at_us < message.valid_until_us and not _is_passed_on(thread, channel.own):
            yield _of_message(node, thread, Part.OPEN, Rank.ASKED, "message_to_pass_on")


def _of_ours(node: Node, side: Side, thread: Thread, at_us: int) -> Iterator[Need]:
    """What the other side has not given yet, and a read-back of it that differs."""
    debt = thread.debt
    if _differs(thread):
        yield _of_message(node, thread, Part.OPEN, Rank.DIFFERS, "read_back_differs", urgency="now")
    if debt in _WAITS:
        yield _of_message(node, thread, Part.WAITING, Rank.OWED, f"message_{debt.value}")
    elif debt is Debt.UNCONFIRMED and at_us < thread.message.valid_until_us:
        about, way = thread.message.about, None
        if (version := _agreed_about(side, about.kind, about.id)) is not None:
            way = _gone(side, version, due_us(thread.message), at_us)
        need = _of_message(node, thread, Part.OPEN, Rank.UNCONFIRMED, "message_unconfirmed")
        yield need if way is None else need._replace(next=_next(*way), done=_steps(way[1]))


def _differs(thread: Thread) -> bool:
    """Whether what was read back last is not what was said, and the message is what counts still."""
    return thread.mismatch and thread.debt not in (Debt.SETTLED, Debt.SUPERSEDED)


def _agreed_about(side: Side, kind: str, id: str) -> Version | None:
    """The agreement in force about a zone that has a way for when nobody answers, or the agreement itself."""
    if kind == "zone":
        return next((one for one in side.dealings.agreed.about(id) if one.terms.escalation), None)
    return side.dealings.agreed.in_force.get(id) if kind == "agreement" else None


def _of_theirs(node: Node, thread: Thread, at_us: int) -> Iterator[Need]:
    """What we have not given yet."""
    if thread.debt in _IS_OURS_TO_SETTLE:
        part = Part.OPEN if thread.debt is Debt.OWED else Part.IN_HAND
        yield _of_message(node, thread, part, Rank.ASKED, "message_asks")
    elif thread.debt is Debt.UNCONFIRMED and at_us < thread.message.valid_until_us:
        yield _of_message(node, thread, Part.OPEN, Rank.OVERDUE, "reply_overdue")


def _is_passed_on(thread: Thread, own: str) -> bool:
    return any(kept.statement.of == own and kept.statement.act in _PASSED_ON for kept in thread.statements.values())


def _of_message(node: Node, thread: Thread, part: Part, rank: Rank, key: str, urgency: str = "") -> Need:
    message = thread.message
    params: dict[str, object] = {
        "from": message.sender, "to": message.to, "addressee": message.addressee, "author": message.author,
        "marker": message.marker.value, "urgency": message.urgency.value, "about_kind": message.about.kind, "about_id": message.about.id,
        "due_at": utc_text(due_us(message)), "valid_until_at": utc_text(message.valid_until_us),
    }  # fmt: skip
    return Need(
        f"message {thread.id}", part, rank, key, params, Points.MESSAGE, thread.id, node.of_talk,
        urgency or message.urgency.value, thread.known_at_us, due_us(message), message=thread.id,
    )  # fmt: skip


# --- feeds, links, the machine ---


def _of_feeds(node: Node, side: Side) -> Iterator[Need]:
    for feed in side.feeds.state():
        if not feed.is_open or (feed.silent_since_us is None and feed.state != "disconnected"):
            continue
        silent = feed.silent_since_us is not None
        last = None if feed.last_heard_us is None else utc_text(feed.last_heard_us)
        params: dict[str, object] = {"source": feed.source, "last_heard_at": last}
        if silent:
            params["silent_after_s"] = (feed.silent_after_us or 0) / 1e6
        if feed.state == "disconnected":
            params["why"] = feed.state_why
        since_us = feed.silent_since_us if silent else feed.last_heard_us
        yield Need(
            f"feed {feed.id}", Part.OPEN, Rank.FEED, "feed_silent" if silent else "feed_disconnected", params, Points.FEED, feed.id,
            (node.members.access_of("feed", feed.id),), "now", since_us, feed=feed.id,
        )  # fmt: skip


def _of_links(node: Node, machine: Machine) -> Iterator[Need]:
    for one in machine.unreached:
        params: dict[str, object] = {"why": one.why, "failures": one.failures}
        yield _of_link(node, one.peer, "link_down", params, one.heard_us)
    for peer, refusal in sorted(node.talk.refused_by.items()):
        yield _of_link(node, peer, "peer_refuses_us", {"refusal": refusal}, None)


def _of_link(node: Node, peer: str, key: str, params: Mapping[str, object], since_us: int | None) -> Need:
    return Need(
        f"link {peer}", Part.OPEN, Rank.LINK, key, params, Points.PEER, peer, node.of_talk, "now", since_us, peer=peer
    )  # fmt: skip


def _of_machine(node: Node, side: Side, machine: Machine) -> Iterator[Need]:
    for trouble in machine.troubles:
        yield _of_trouble(trouble, (node.members.node,))
    if side.alerts.not_held:
        house = Access("node", "", node.members.house, (), Sensitivity.OPEN)
        yield _of_trouble(Trouble("alerts_not_held", {"count": side.alerts.not_held}), (house,))


def _of_trouble(trouble: Trouble, concerned: tuple[Access, ...]) -> Need:
    return Need(
        f"machine {trouble.key}", Part.OPEN, Rank.MACHINE, trouble.key, trouble.params, Points.MACHINE, trouble.key, concerned, "now"
    )  # fmt: skip


# --- calls and cover ---


def _of_calls(node: Node, side: Side, at_us: int) -> Iterator[Need]:
    for schedule, when_us in side.dealings.calls.due(at_us, CALL_AHEAD_US):
        agreement, number, other = schedule.key
        calls = schedule.terms.calls
        is_due = when_us <= at_us
        params: dict[str, object] = {
            "due_at": utc_text(when_us), "channel": calls.channel, "grace_until_at": utc_text(when_us + calls.grace_us),
        }  # fmt: skip
        yield Need(
            f"call {agreement} {number} {other} {when_us}", Part.OPEN, Rank.CALL if is_due else Rank.CALL_AHEAD,
            "call_due" if is_due else "call_ahead", params, Points.CALL, agreement, (node.members.dealings,),
            "soon" if is_due else "routine", when_us, when_us, agreement=agreement, of_party=other,
        )  # fmt: skip


def _of_cover(node: Node, side: Side, at_us: int) -> Iterator[Need]:
    """Of each roster the gap that is, or the first that comes within hours."""
    for party, held in side.dealings.rosters.state().items():
        ahead = gaps(held.roster, at_us - DAY_US, at_us + GAP_AHEAD_US)
        gap = next((one for one in ahead if one.until_us > at_us), None)
        if gap is None:
            continue
        is_now = gap.from_us <= at_us
        params: dict[str, object] = {"from_at": utc_text(gap.from_us), "until_at": utc_text(gap.until_us)}
        yield Need(
            f"cover {party}", Part.OPEN, Rank.COVER if is_now else Rank.COVER_AHEAD,
            "nobody_in_reach" if is_now else "nobody_in_reach_ahead", params, Points.ROSTER, party, (node.members.dealings,),
            "soon", gap.from_us, gap.from_us, of_party=party,
        )  # fmt: skip

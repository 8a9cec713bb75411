"""Threads: everything that hangs together about one subject at one zone, or about one chain of messages, on one time axis."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta

from keepclear.api.alerts import zone_name
from keepclear.api.asking import Answer, Ask, Route, instant_us
from keepclear.api.lines_told import told_between, with_its_message
from keepclear.api.paging import Exercise, Page, Paged, page_of
from keepclear.api.problems import bad_query, not_here
from keepclear.api.tracks import NameView, Subject, ZoneId, names_of
from keepclear.api.zones import KnownAt
from keepclear.channel.channel import Channel, Thread
from keepclear.channel.standing import Debt
from keepclear.ground.errors import Refused
from keepclear.ground.hours import DAY_US
from keepclear.ground.instants import utc_text
from keepclear.node.alert_book import LiveAlert
from keepclear.node.effects import Told
from keepclear.node.node import Node
from keepclear.node.threads import (
    ALERT_ID,
    QUIET_US,
    Item,
    Line,
    Links,
    Matter,
    chain_of,
    chained,
    encounter_of,
    is_of_pair,
    items_of,
    line_of,
    links_of,
    messages_of,
)
from keepclear.parties.parties import Action
from keepclear.render.keys import key_of, params_of
from keepclear.render.sentences import NOT_PERMISSION
from keepclear.render.told import sentence_of

LOOK_US = 7 * DAY_US
LINES_MAX = 300_000
ITEMS_MAX = 2_000
# Lines that are of no pair of subject and zone, and may be of any thread.
_ANYWHERE = frozenset({"alert", "alert_step", "message", "statement", "standing", "call", "measure"})


class ThreadKind(StrEnum):
    """A subject at a zone, or a chain of messages."""

    ENCOUNTER = "encounter"
    MESSAGES = "messages"


class ThreadsAsked(Paged, frozen=True):
    """Which threads. `party`: with messages from or to this party."""

    kind: ThreadKind | None = None
    zone: ZoneId | None = None
    subject: Subject | None = None
    party: Annotated[str, Meta(max_length=64)] | None = None


class ThreadAsked(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Which side, and as known when."""

    exercise: Exercise | None = None
    known_at: KnownAt | None = None


class _OfThread(msgspec.Struct, frozen=True):
    """What a thread is about."""

    id: str
    kind: str
    zone: str
    zone_name: str
    subject: str
    names: list[NameView]


class ThreadView(_OfThread, frozen=True):
    """A thread in a list.

    parties   that its messages are from or for, besides the house
    alerts    how many are held, and `messages` how many there are, of those that the thread shows
    open      how many of these alerts are not cleared, and of these messages are owed or unconfirmed"""

    parties: list[str]
    since: str
    last_at: str
    alerts: int
    messages: int
    open: int


class ThreadItem(msgspec.Struct, frozen=True):
    """One thing of a thread.

    id        of the line of the record that says so
    at        when it happened, by the word of whoever says so
    known_at  when this node learned of it
    key       with `kind` and `params`: what happened; docs/reference/keys.md has all of them
    evidence  concluded by this node, evidenced by whoever did it, claimed by somebody else
    because   why it is in this thread
    ids       what of it can be opened: alert, message, statement, call, minute, measure"""

    id: str
    at: str
    known_at: str
    kind: str
    key: str
    params: dict[str, Any]
    by: str
    evidence: str
    because: str
    ids: dict[str, str]
    text: str


class ThreadWhole(_OfThread, frozen=True):
    """A thread, in the order in which things happened.

    until     when it was over; null: it goes on
    cut_off   it may have begun before the seven days that were looked at
    left_off  how many items are not here: the oldest are left off"""

    since: str
    until: str | None
    known_at: str
    cut_off: bool
    left_off: int
    items: list[ThreadItem]
    note: str = NOT_PERMISSION


class _Talk(NamedTuple):
    """Messages that are held, by id, and how they hang together; none for those who may see none."""

    held: Mapping[str, Thread]
    links: Links


class _Listed(NamedTuple):
    """A thread in a list, before it is known whether it is shown."""

    last_us: int
    id: str
    view: Callable[[], ThreadView]
    concerned: tuple[Any, ...]


async def threads(ask: Ask[ThreadsAsked, None]) -> Answer:
    """Encounters of which alerts are held, and chains of messages; the one in which something happened last first."""
    ask.must(Action.READ)
    query = ask.query
    ask.must_know_zone(query.zone)
    after = None if query.after is None else _cursor(query.after)
    found: list[_Listed] = []
    talk = _talk_seen(ask)
    if query.kind is not ThreadKind.MESSAGES and query.party is None:
        found += _encounters(ask, talk)
    if query.kind is not ThreadKind.ENCOUNTER:
        found += _chains(ask, talk)
    ordered = sorted(found, key=lambda one: (-one.last_us, one.id))
    behind = [one for one in ordered if after is None or (-one.last_us, one.id) > (-after[0], after[1])]

    def shown(one: _Listed) -> Callable[[], ThreadView] | None:
        return ask.given(one.concerned, one.view)

    limit = ask.items_of(query.limit)
    return Answer(page_of(behind, limit, shown=shown, cursor=lambda one: f"{one.last_us} {one.id}"))


def _cursor(text: str) -> tuple[int, str]:
    last, _, id = text.partition(" ")
    if not (last.isascii() and last.isdecimal()):
        raise bad_query("after", "id.unreadable", "This is no place in the list", text, "Give what `next` said.")
    return int(last), id


def _talk_seen(ask: Ask[Any, Any]) -> _Talk:
    channel = ask.node.talk.channel
    is_seen = ask.could_see(ask.node.of_talk)
    held = {thread.id: thread for thread in channel.threads(0, len(channel))} if is_seen else {}
    return _Talk(held, links_of(held))


def _encounters(ask: Ask[ThreadsAsked, None], talk: _Talk) -> Iterator[_Listed]:
    side, query = ask.side, ask.query
    by_pair: dict[tuple[str, str], list[LiveAlert]] = {}
    for alert in side.alerts:
        wanted = query.zone in (None, alert.zone) and query.subject in (None, alert.subject)
        if alert.zone and alert.subject and wanted:
            by_pair.setdefault((alert.zone, alert.subject), []).append(alert)
    there = {(zone, subject) for subject, zone, _ in side.watch.states()}
    for (zone, subject), alerts in by_pair.items():
        alerts.sort(key=lambda one: one.raised_at_us)
        runs: list[list[LiveAlert]] = []
        for alert in alerts:
            is_new = not runs or alert.raised_at_us - runs[-1][-1].last_at_us > QUIET_US
            runs.append([alert]) if is_new else runs[-1].append(alert)
        for run in runs:
            yield _encounter(ask, talk, run, goes_on=run is runs[-1] and (zone, subject) in there)


def _encounter(ask: Ask[Any, Any], talk: _Talk, run: list[LiveAlert], *, goes_on: bool) -> _Listed:
    side, first, last_us = ask.side, run[0], max(one.last_at_us for one in run)
    ids = frozenset(one.id for one in run)
    matter = Matter(first.id, first.zone, first.subject, first.raised_at_us, None if goes_on else last_us, ids)

    def view() -> ThreadView:
        messages = messages_of(ask.node.talk.channel, talk.held, matter, exercise=ask.exercise, links=talk.links)
        return _view(ask, ThreadKind.ENCOUNTER, matter, [talk.held[one] for one in messages], last_us)

    return _Listed(last_us, first.id, view, ask.node.concerned(first, side))


def _chains(ask: Ask[ThreadsAsked, None], talk: _Talk) -> Iterator[_Listed]:
    done = set[str]()
    for id, first in talk.held.items():
        if id in done or first.message.exercise is not ask.exercise:
            continue
        ids = chained(talk.links, {id: ""})
        done |= ids.keys()
        chain = [talk.held[one] for one in ids]
        if _is_wanted(ask.query, chain):
            yield _chain(ask, id, chain)


def _is_wanted(query: ThreadsAsked, chain: list[Thread]) -> bool:
    abouts = {(one.message.about.kind, one.message.about.id) for one in chain}
    parties = {party for one in chain for party in (one.message.sender, one.message.final)}
    return (
        (query.zone is None or ("zone", query.zone) in abouts)
        and (query.subject is None or ("subject", query.subject) in abouts)
        and (query.party is None or query.party in parties)
    )


def _chain(ask: Ask[Any, Any], id: str, chain: list[Thread]) -> _Listed:
    known = [
        at_us for one in chain for at_us in (one.known_at_us, *(kept.known_at_us for kept in one.statements.values()))
    ]
    abouts = [one.message.about for one in chain]
    zone = next((about.id for about in abouts if about.kind == "zone"), "")
    subject = next((about.id for about in abouts if about.kind == "subject"), "")
    named = {
        one.message.about.id for one in chain
        if one.message.about.kind == "alert" and one.message.sender == ask.node.talk.channel.own
    }  # fmt: skip
    matter = Matter(id, zone, subject, min(known), max(known), frozenset(named))

    def view() -> ThreadView:
        return _view(ask, ThreadKind.MESSAGES, matter, chain, max(known))

    return _Listed(max(known), id, view, ask.node.of_talk)


def _view(ask: Ask[Any, Any], kind: ThreadKind, matter: Matter, messages: Iterable[Thread], last_us: int) -> ThreadView:
    side, said = ask.side, {one.id: one for one in messages}
    # What was told before the first message of a chain is not in its thread.
    alerts = [
        alert for alert in side.alerts
        if ((alert.id in matter.alerts and alert.last_at_us >= matter.from_us) or (alert.message in said and not alert.agreement))
        and ask.could_see(ask.node.concerned(alert, side))
    ]  # fmt: skip
    if said:
        ask.note_given(ask.node.of_talk)
    for alert in alerts:
        ask.note_given(ask.node.concerned(alert, side))
    parties = {party for one in said.values() for party in (one.message.sender, one.message.final)}
    owing = [one for one in said.values() if one.debt not in (Debt.SETTLED, Debt.SUPERSEDED)]
    return ThreadView(
        matter.id, kind.value, matter.zone, zone_name(side, matter.zone) if matter.zone else "", matter.subject,
        names_of(side, matter.subject), sorted(parties - {ask.node.talk.channel.own}), utc_text(matter.from_us), utc_text(last_us),
        len(alerts), len(said), sum(one.is_open for one in alerts) + len(owing),
    )  # fmt: skip


async def thread(ask: Ask[ThreadAsked, None]) -> Answer:
    """One thread: presence, alerts and what was done about them, messages and what was said of them, calls, measures and corrections.

    The id is that of any alert of a subject at a zone, or of any message of a chain; the answer has that of the first. `known_at`: as it was
    known then, so that nothing that came later shows. What you may not see of it is not in it."""
    ask.must(Action.READ)
    known_us = instant_us("known_at", ask.query.known_at)
    now_us = ask.desk.now_us() if known_us is None else known_us
    node = ask.node if known_us is None else await ask.desk.known_at(known_us)
    if node.began is None:
        raise not_here("state", ask.query.known_at or "")
    side, id = node.side(ask.exercise), ask.path["thread"]
    if ALERT_ID.fullmatch(id):
        kind, matter, lines = ThreadKind.ENCOUNTER, *await _read_encounter(ask, id, now_us)
    else:
        kind, matter = ThreadKind.MESSAGES, _known_chain(ask, node, id)
        lines = await _read(ask, matter, matter.from_us, min(now_us, (matter.until_us or now_us) + LOOK_US))
    items = [item for item in items_of(node, side, matter, lines) if ask.sees(ask.node.concerned_by(item.line.told))]
    given = items[-ITEMS_MAX:]
    zone = zone_name(side, matter.zone) if matter.zone else ""
    return Answer(
        ThreadWhole(
            matter.id, kind.value, matter.zone, zone, matter.subject, names_of(side, matter.subject), utc_text(matter.from_us),
            None if matter.until_us is None else utc_text(matter.until_us), utc_text(now_us), matter.cut_off, len(items) - len(given),
            [_item(item, zone, ask.node.talk.channel) for item in given],
        )
    )  # fmt: skip


async def _read_encounter(ask: Ask[Any, Any], id: str, now_us: int) -> tuple[Matter, list[Line]]:
    sequence, _, index = id.partition(".")
    found = await ask.desk.told_after(int(sequence), int(index) - 1, 1)
    alert = found[0] if found and found[0].id == id and found[0].what == "alert" else None
    is_here = alert is not None and alert.exercise is ask.exercise and alert.at_us <= now_us
    if alert is None or not is_here or not ask.sees(ask.node.concerned_by(alert)):
        raise not_here("thread", id)
    about = Matter(id, alert.zone, alert.subject, alert.at_us, None)
    lines = await _read(ask, about, alert.at_us - LOOK_US, min(now_us, alert.at_us + LOOK_US))
    matter = encounter_of(lines, alert, cut_off=True)
    if matter is None:
        raise not_here("thread", id)
    return _looked_back(matter, alert.at_us - LOOK_US), lines


def _looked_back(matter: Matter, from_us: int) -> Matter:
    """Whether it may have begun earlier: only where it was going on already when what was read begins."""
    return matter._replace(cut_off=matter.cut_off and matter.from_us - from_us < QUIET_US)


def _known_chain(ask: Ask[Any, Any], node: Node, id: str) -> Matter:
    if not ask.sees(ask.node.of_talk):
        raise not_here("thread", id)
    try:
        held = node.talk.channel.thread_called(id)
    except Refused as refused:
        raise not_here("thread", id) from refused
    if held.message.exercise is not ask.exercise:
        raise not_here("thread", id)
    alerts = {alert.id: (alert.zone, alert.subject) for alert in node.side(ask.exercise).alerts}
    return chain_of(node.talk.channel, held.id, alerts)


async def _read(ask: Ask[Any, Any], matter: Matter, from_us: int, until_us: int) -> list[Line]:
    """The lines of this side that may be of a thread, in the order of the record; no more than so many are looked at."""
    lines: list[Line] = []
    looked = 0
    async for told in told_between(ask.desk, from_us, until_us):
        looked += 1
        if looked > LINES_MAX:
            break
        if told.exercise is ask.exercise and _may_be_of(told, matter):
            lines.append(line_of(told))
    return lines


def _may_be_of(told: Told, matter: Matter) -> bool:
    what = told.what
    of_others = bool(told.subject) and (told.subject, told.zone) != (matter.subject, matter.zone)
    return (what in _ANYWHERE and not of_others) or is_of_pair(told, matter.zone, matter.subject)


def _item(item: Item, zone: str, channel: Channel) -> ThreadItem:
    said = with_its_message(item.line.said, channel)
    return ThreadItem(
        item.line.told.id, utc_text(item.at_us), utc_text(item.known_at_us), item.line.told.what, key_of(said), params_of(said), item.by,
        item.evidence, item.because, dict(item.ids), sentence_of(said, zone),
    )  # fmt: skip


ROUTES = (
    Route("GET", "/v1/threads", threads, "watch", gives=Page[ThreadView], query=ThreadsAsked, problems=(403, 404)),
    Route("GET", "/v1/threads/{thread}", thread, "watch", gives=ThreadWhole, query=ThreadAsked, problems=(404,)),
)

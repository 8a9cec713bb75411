"""Handover: what the next shift must know, on one page: what is open, what is due, where nobody is in reach, and what happened."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any

import msgspec

from keepclear.api.alerts import zone_name
from keepclear.api.asking import Answer, Ask, Route, instant_us
from keepclear.api.lines_told import told_between, with_its_message
from keepclear.api.needs import ITEMS, DeskNow, desk_of, needs_seen
from keepclear.api.paging import Exercise
from keepclear.api.problems import bad_query
from keepclear.api.tracks import At, NameView, names_of
from keepclear.ground.hours import DAY_US
from keepclear.ground.instants import utc_text
from keepclear.node.needs import HOUR_US, Need, Rank
from keepclear.node.shifts import LOGGED, Counts
from keepclear.node.threads import Line, line_of
from keepclear.parties.parties import Action
from keepclear.parties.roster import OPEN_MAX, gaps
from keepclear.render.keys import key_of, params_of
from keepclear.render.sentences import NOT_PERMISSION
from keepclear.render.told import sentence_of

AHEAD_US = 12 * HOUR_US
PERIOD_US = 12 * HOUR_US
PERIOD_US_MAX = 3 * DAY_US
LOG_MAX = 500
SHIFT_LINES_MAX, LINES_MAX = 500_000, 1_000_000


class HandoverAsked(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Since when the shift goes; 12 hours, if it is left out, and at most 3 days."""

    since: At | None = None
    exercise: Exercise | None = None


class CallAhead(msgspec.Struct, frozen=True):
    """A call that is due, or will be within 12 hours, and that nobody noted as answered."""

    agreement: str
    party: str
    channel: str
    due_at: str
    grace_until_at: str


class GapAhead(msgspec.Struct, frozen=True):
    """From when until when nobody of a roster is in reach, within 12 hours."""

    party: str
    from_at: str
    until_at: str


class HandedOverView(msgspec.Struct, frozen=True):
    """A focal point that was handed over in the shift, as it was entered."""

    party: str
    focal: str
    given_by: str
    taken_by: str
    at: str
    open: list[str]
    words: str


class LogItem(msgspec.Struct, frozen=True):
    """Something that was told in the shift. `key`, with `kind` and `params`: docs/reference/keys.md has all of them; `by`: who did it."""

    id: str
    at: str
    kind: str
    key: str
    params: dict[str, Any]
    urgency: str
    by: str
    zone: str
    zone_name: str
    subject: str
    names: list[NameView]
    feed: str
    message: str
    peer: str
    agreement: str
    of_party: str
    text: str


class DoneBy(msgspec.Struct, frozen=True):
    """What a user did in the shift: how often what, as kind of line and its key: "alert_step.cleared", "message.out"."""

    user: str
    deeds: dict[str, int]


class HandoverNow(msgspec.Struct, frozen=True):
    """What the next shift must know.

    desk          what needs a person now, as /v1/desk has it: the first 200, and counts of all
    feeds_down, links_down, unconfirmed, overdue   ids of items of the desk, also of those that are left off
    counts        of what was told since, by what it is; `before`: in as long a time before that
    before_whole  whether the node has lived so long, and every line of that time was counted
    raised        how many alerts of each key were raised
    log           what was told, the newest 500, in the order in which it was; `left_off`: how many before them
    open          ids of alerts and messages of the desk, as /v1/rosters/{party}/handovers takes them"""

    at: str
    since: str
    before_since: str
    desk: DeskNow
    feeds_down: list[str]
    links_down: list[str]
    unconfirmed: list[str]
    overdue: list[str]
    calls: list[CallAhead]
    gaps: list[GapAhead]
    handed_over: list[HandedOverView]
    counts: dict[str, int]
    before: dict[str, int]
    before_whole: bool
    raised: dict[str, int]
    done_by: list[DoneBy]
    log: list[LogItem]
    left_off: int
    open: list[str]
    note: str = NOT_PERMISSION


async def handover(ask: Ask[HandoverAsked, None]) -> Answer:
    """What the next shift must know: the desk now, calls due and gaps in cover within 12 hours, and what happened in the shift.

    Nothing is handed over by asking: who takes over is entered with `POST /v1/rosters/{party}/handovers`, which takes `open` as it is here.
    What you may not see is not in it and not counted."""
    ask.must(Action.READ)
    at_us = ask.desk.now_us()
    since_us = instant_us("since", ask.query.since)
    since_us = at_us - PERIOD_US if since_us is None else since_us
    if not at_us - PERIOD_US_MAX <= since_us <= at_us:
        what = "A shift is of the past, and of 3 days at most"
        raise bad_query("since", "handover.since", what, ask.query.since or "", "Give a later instant that is past.")
    log, now, before, whole = await _told(ask, since_us, at_us)
    now_us = ask.desk.now_us()
    seen = needs_seen(ask, now_us)
    desk = desk_of(ask, seen, now_us, ITEMS)
    ids: dict[Rank, list[str]] = {}
    for need in seen:
        ask.note_given(need.concerned)
        ids.setdefault(need.rank, []).append(need.matter)
    sees_dealings = ask.sees([ask.members.dealings])
    first = (await ask.desk.entries(0, 1))[0].entry.at_us
    before_us = 2 * since_us - at_us
    return Answer(
        HandoverNow(
            utc_text(at_us), utc_text(since_us), utc_text(before_us), desk, ids.get(Rank.FEED, []), ids.get(Rank.LINK, []),
            ids.get(Rank.UNCONFIRMED, []), ids.get(Rank.OVERDUE, []), list(_calls(ask, at_us)) if sees_dealings else [],
            list(_gaps(ask, at_us)) if sees_dealings else [], list(_handed_over(ask, since_us)) if sees_dealings else [], now.numbers(),
            before.numbers(), whole and first <= before_us, dict(sorted(now.by_key.items())),
            [DoneBy(who, dict(sorted(deeds.items()))) for who, deeds in sorted(now.by_whom.items())],
            [_log_item(ask, line) for line in log.lines], log.left_off, _open(seen),
        )
    )  # fmt: skip


class _Log:
    """The newest lines, and how many came before them."""

    def __init__(self) -> None:
        self.lines: deque[Line] = deque(maxlen=LOG_MAX)
        self.count = 0

    def note(self, line: Line) -> None:
        self.lines.append(line)
        self.count += 1

    @property
    def left_off(self) -> int:
        return self.count - len(self.lines)


async def _told(ask: Ask[Any, Any], since_us: int, at_us: int) -> tuple[_Log, Counts, Counts, bool]:
    """The log of a shift and what was counted in it and before it; whether every line of the time before was counted.

    The shift is read first, so that a bound is reached in the time before it and not in it."""
    log, now, before = _Log(), Counts(), Counts()
    looked = 0
    async for told in told_between(ask.desk, since_us, at_us):
        looked += 1
        if looked > SHIFT_LINES_MAX:
            what = f"More than {SHIFT_LINES_MAX:,} lines were told since then"
            raise bad_query("since", "handover.too_much", what, ask.query.since or "", "Ask for a shorter time.")
        if told.exercise is ask.exercise and ask.could_see(ask.node.concerned_by(told)):
            line = None if told.what == "presence" else line_of(told)
            now.count(told.what, None if line is None else line.said)
            if line is not None and told.what in LOGGED:
                log.note(line)
    async for told in told_between(ask.desk, 2 * since_us - at_us, since_us - 1):
        looked += 1
        if looked > LINES_MAX:
            return log, now, before, False
        if told.exercise is ask.exercise and ask.could_see(ask.node.concerned_by(told)):
            before.count(told.what, None if told.what == "presence" else line_of(told).said)
    return log, now, before, True


def _calls(ask: Ask[Any, Any], at_us: int) -> Iterator[CallAhead]:
    for schedule, due_us in ask.side.dealings.calls.due(at_us, AHEAD_US):
        agreement, _, other = schedule.key
        calls = schedule.terms.calls
        yield CallAhead(agreement, other, calls.channel, utc_text(due_us), utc_text(due_us + calls.grace_us))


def _gaps(ask: Ask[Any, Any], at_us: int) -> Iterator[GapAhead]:
    for party, held in ask.side.dealings.rosters.state().items():
        for gap in gaps(held.roster, at_us, at_us + AHEAD_US):
            yield GapAhead(party, utc_text(gap.from_us), utc_text(gap.until_us))


def _handed_over(ask: Ask[Any, Any], since_us: int) -> Iterator[HandedOverView]:
    for party, held in ask.side.dealings.rosters.state().items():
        for one in held.roster.handovers:
            if one.at_us >= since_us:
                at = utc_text(one.at_us)
                yield HandedOverView(party, one.focal, one.given_by, one.taken_by, at, list(one.open), one.words)


def _open(seen: list[Need]) -> list[str]:
    named = [id for need in seen for id in (*need.alerts, need.message) if id]
    return list(dict.fromkeys(named))[:OPEN_MAX]


def _log_item(ask: Ask[Any, Any], line: Line) -> LogItem:
    told, said, side = line.told, with_its_message(line.said, ask.node.talk.channel), ask.side
    ask.note_given(ask.node.concerned_by(told))
    zone = zone_name(side, told.zone) if told.zone else ""
    by = str(said.get("by") or said.get("author") or said.get("said_by") or "")
    return LogItem(
        told.id, utc_text(told.at_us), told.what, key_of(said), params_of(said), str(said.get("urgency", "")), by, told.zone, zone,
        told.subject, names_of(side, told.subject), told.feed, told.message, told.peer, told.agreement, told.of_party,
        sentence_of(said, zone),
    )  # fmt: skip


ROUTES = (
    Route("GET", "/v1/handover", handover, "watch", gives=HandoverNow, query=HandoverAsked, problems=(403,)),
)  # fmt: skip

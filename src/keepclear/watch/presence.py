"""From evidence to a state, and from a change of state to a transition: a table and two small functions.

A subject is, towards a zone, `clear`, `close` or `inside` as far as its reports tell, and `lost` when it has been
silent for too long and could have reached the zone by now. Up is quick, down is slow: towards the zone m of the
last n reports suffice, the newest among them; away needs the margin, held for the hold time.

Every cell of `TRANSITIONS` is a decision with a sentence in docs/spec/presence.md.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from keepclear.agreements.terms import PresenceTerms
from keepclear.watch.evidence import Evidence


class State(StrEnum):
    """Where a subject is towards a zone."""

    CLEAR = "clear"
    CLOSE = "close"
    INSIDE = "inside"
    LOST = "lost"


class Transition(NamedTuple):
    """What a change of state is called, the key of the alert it raises (None: none), and how urgent it is."""

    what: str
    alert: str | None
    urgency: str


TRANSITIONS: dict[tuple[State, State], Transition] = {
    (State.CLEAR, State.CLOSE): Transition("came close", "approach", "soon"),
    (State.CLEAR, State.INSIDE): Transition("entered", "entered", "now"),
    (State.CLEAR, State.LOST): Transition("lost from sight", "lost", "routine"),
    (State.CLOSE, State.CLEAR): Transition("moved away", None, "routine"),
    (State.CLOSE, State.INSIDE): Transition("entered", "entered", "now"),
    (State.CLOSE, State.LOST): Transition("lost near the zone", "lost", "soon"),
    (State.INSIDE, State.CLEAR): Transition("left", "left", "routine"),
    (State.INSIDE, State.CLOSE): Transition("left, still close", "left", "routine"),
    (State.INSIDE, State.LOST): Transition("lost inside", "lost", "now"),
    (State.LOST, State.CLEAR): Transition("found clear", "found", "routine"),
    (State.LOST, State.CLOSE): Transition("found close", "found", "soon"),
    (State.LOST, State.INSIDE): Transition("found inside", "found", "now"),
}

_BY_RANK = (State.CLEAR, State.CLOSE, State.INSIDE)


class Sight(NamedTuple):
    """What one report says about one zone; `edge_mm` None means too far to matter."""

    edge_mm: int | None
    edge_far_mm: int | None
    p_inside_e4: int
    evidence: int


FAR = Sight(None, None, 0, int(Evidence.OUT))


class Standing(NamedTuple):
    """What the reports so far add up to, for one subject and one zone.

    rank               0 clear, 1 close, 2 inside
    recent             the last n evidences, oldest first
    not_close_since    seen_at of the first of an unbroken run of reports beyond the band and its margin
    not_inside_since   the same beyond the edge and its margin
    """

    rank: int
    recent: tuple[int, ...]
    not_close_since: int | None
    not_inside_since: int | None

    @property
    def state(self) -> State:
        """Clear, close or inside."""
        return _BY_RANK[self.rank]


START = Standing(0, (), None, None)


def after(standing: Standing, sight: Sight, seen_at_us: int, terms: PresenceTerms, band_mm: int) -> Standing:
    """The standing after one more report; reports must come in the order they were seen."""
    recent = (*standing.recent, sight.evidence)[-terms.n :]
    for rank in range(sight.evidence, standing.rank, -1):
        if sum(evidence >= rank for evidence in recent) >= terms.m:
            return Standing(rank, recent, None, None)
    still = _rank_with_margin(sight, terms.margin_mm, band_mm)
    not_close_since = None if still > 0 else _first(standing.not_close_since, seen_at_us)
    not_inside_since = None if still > 1 else _first(standing.not_inside_since, seen_at_us)
    if _held(not_close_since, seen_at_us, terms.hold_us):
        rank = 0
    elif _held(not_inside_since, seen_at_us, terms.hold_us):
        rank = min(standing.rank, 1)
    else:
        rank = standing.rank
    return Standing(rank, recent, not_close_since, not_inside_since)


def _rank_with_margin(sight: Sight, margin_mm: int, band_mm: int) -> int:
    """The highest rank this report still supports for somebody who has it already."""
    if sight.evidence == Evidence.IN or (sight.edge_mm is not None and margin_mm > 0 and sight.edge_mm <= margin_mm):
        return 2
    if sight.evidence == Evidence.NEAR or (
        sight.edge_mm is not None and band_mm > 0 and sight.edge_mm <= band_mm + margin_mm
    ):
        return 1
    return 0


def _first(since_us: int | None, seen_at_us: int) -> int:
    return seen_at_us if since_us is None else since_us


def _held(since_us: int | None, seen_at_us: int, hold_us: int) -> bool:
    return since_us is not None and seen_at_us - since_us >= hold_us

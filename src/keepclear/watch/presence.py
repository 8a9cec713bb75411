"""From evidence to a state, and from a change of state to a transition: a table and two small functions.

A subject is, towards a zone, `clear`, `close` or `inside` as far as its reports tell, and `lost` when it has been
silent for too long and could have reached the zone by now. Up is quick, down is slow: towards the zone m of the
last n reports suffice, the newest among them; away needs the margin, held for the hold time.

Every cell of `TRANSITIONS` is a decision with a sentence in docs/spec/presence.md.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from keepclear.agreements.terms import PresenceTerms
from keepclear.geo.compiled import compiled, compiled_in_place
from keepclear.tracks.observations import Column
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

BY_RANK = (State.CLEAR, State.CLOSE, State.INSIDE)
# No instant, and farther than anything on earth.
NEVER = -(2**63)
FAR_MM = 2**62


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
    near, within       the last n reports, the newest in the lowest bit: whether they said near or nearer, and in
    not_close_since    seen_at of the first of an unbroken run of reports beyond the band and its margin, or `NEVER`
    not_inside_since   the same beyond the edge and its margin
    """

    rank: int
    near: int
    within: int
    not_close_since: int
    not_inside_since: int

    @property
    def state(self) -> State:
        """Clear, close or inside."""
        return BY_RANK[self.rank]

    @property
    def is_trivial(self) -> bool:
        """Whether it is what a subject has that was never near: what follows is the same."""
        return self.rank == 0 and self.near == 0


START = Standing(0, 0, 0, NEVER, NEVER)


def after(standing: Standing, sight: Sight, seen_at_us: int, terms: PresenceTerms, band_mm: int) -> Standing:
    """The standing after one more report; reports must come in the order they were seen."""
    supports = supported_rank(
        sight.evidence, FAR_MM if sight.edge_mm is None else sight.edge_mm, terms.margin_mm, band_mm
    )
    return Standing(*stepped(*standing, sight.evidence, supports, seen_at_us, terms.m, terms.n, terms.hold_us))


@compiled_in_place
def stepped(
    rank: int,
    near: int,
    within: int,
    not_close_since: int,
    not_inside_since: int,
    evidence: int,
    supports: int,
    seen_at_us: int,
    m: int,
    n: int,
    hold_us: int,
) -> tuple[int, int, int, int, int]:
    """The fold itself, on the fields of a `Standing`. `supports` is what `supported_rank` says of the report."""
    near = last_reports(near, evidence >= 1, n)
    within = last_reports(within, evidence >= 2, n)
    if evidence > rank:
        if evidence >= 2 and count_of(within) >= m:
            return 2, near, within, NEVER, NEVER
        if rank < 1 and count_of(near) >= m:
            return 1, near, within, NEVER, NEVER
    if supports > 0:
        not_close_since = NEVER
    elif not_close_since == NEVER:
        not_close_since = seen_at_us
    if supports > 1:
        not_inside_since = NEVER
    elif not_inside_since == NEVER:
        not_inside_since = seen_at_us
    if not_close_since != NEVER and seen_at_us - not_close_since >= hold_us:
        rank = 0
    elif not_inside_since != NEVER and seen_at_us - not_inside_since >= hold_us:
        rank = min(rank, 1)
    return rank, near, within, not_close_since, not_inside_since


@compiled_in_place
def supported_rank(evidence: int, edge_mm: float, margin_mm: int, band_mm: int) -> int:
    """The highest rank that a report still supports for somebody who has it already; `FAR_MM`: too far to matter."""
    if evidence == 2 or (margin_mm > 0 and edge_mm <= margin_mm):
        return 2
    if evidence == 1 or (band_mm > 0 and edge_mm <= band_mm + margin_mm):
        return 1
    return 0


@compiled
def supported_ranks(evidence: Column, edge_mm: Column, margin_mm: Column, band_mm: Column) -> npt.NDArray[np.int16]:
    """The same for columns."""
    ranks = np.empty(len(evidence), np.int16)
    for row in range(len(ranks)):
        ranks[row] = supported_rank(evidence[row], edge_mm[row], margin_mm[row], band_mm[row])
    return ranks


@compiled_in_place
def last_reports(bits: int, said: bool, n: int) -> int:
    """The bits of the last n reports after one more, n up to 64."""
    bits = (bits << 1) | int(said)
    return bits if n == 64 else bits & ((1 << n) - 1)


@compiled_in_place
def count_of(bits: int) -> int:
    """How many of 64 bits are set."""
    count = 0
    for place in range(64):
        count += (bits >> place) & 1
    return count

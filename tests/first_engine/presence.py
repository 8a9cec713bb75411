"""From evidence to a state: the fold over reports as it was first written, on tuples."""

from __future__ import annotations

from typing import NamedTuple

from keepclear.agreements.terms import PresenceTerms
from keepclear.watch.evidence import Evidence
from keepclear.watch.presence import Sight, State

_BY_RANK = (State.CLEAR, State.CLOSE, State.INSIDE)


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

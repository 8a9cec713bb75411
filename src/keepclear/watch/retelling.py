"""What the held reports of one subject tell about one zone, told from the start; and how two tellings differ.

A report counts for a zone whose window it meets. Of the reports seen before the window opens only the last
counts, at the opening, unless one was seen at that very instant. At the close everybody is clear.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from keepclear.geo.compiled import compiled
from keepclear.tracks.history import NONE, Records, chain_of
from keepclear.watch.events import Action, Cause, Told
from keepclear.watch.presence import START, Standing, stepped

# A change in a new telling: when, of which report (NONE: the window closed), from which rank to which, and a place in `CAUSES`.
CHANGE = np.dtype(
    [("seen_at_us", np.int64), ("row", np.int32), ("was", np.int32), ("now", np.int32), ("cause", np.int32)]
)
CAUSES = (Cause.REPORT, Cause.WINDOW_OPENED, Cause.WINDOW_CLOSED)
_REPORT, _OPENED, _CLOSED = range(len(CAUSES))


def retold(
    begin: Standing, newest: int, history: Records, evidence: Records, number: int, zone: Any
) -> tuple[Standing, list[tuple[int, int, int, int, int]]]:
    """The standing and the changes (see `CHANGE`) that the held reports up to `newest` make of `begin`.

    number, zone   number of the zone, and its row in `zone_columns`"""
    rows = chain_of(newest, history)
    changes = np.empty(len(rows) + 2, dtype=CHANGE)
    *standing, count = _retold(begin, rows, history, evidence, number, zone, changes)
    return Standing(*standing), changes[:count].tolist()


@compiled
def _retold(
    begin: Standing, rows: Any, history: Records, evidence: Records, number: int, zone: Any, changes: Records
) -> tuple[int, int, int, int, int, int]:
    standing = (begin.rank, begin.near, begin.within, begin.not_close_since, begin.not_inside_since)
    count = 0
    for place in range(len(rows)):
        row, seen_at_us, cause = rows[place], history[rows[place]].seen_at_us, _REPORT
        if seen_at_us > zone.until_us:
            break
        if seen_at_us < zone.from_us:
            is_last = place + 1 == len(rows)
            counts = zone.opened if is_last else history[rows[place + 1]].seen_at_us > zone.from_us
            if not counts:
                continue
            seen_at_us, cause = zone.from_us, _OPENED
        heard, supports = 0, 0
        first = history[row].evidence_first
        for said in range(first, first + history[row].evidence_count):
            if evidence[said].zone == number:
                heard, supports = evidence[said].evidence, evidence[said].supports
        was = standing[0]
        standing = stepped(
            standing[0], standing[1], standing[2], standing[3], standing[4],
            heard, supports, seen_at_us, zone.m, zone.n, zone.hold_us,
        )  # fmt: skip
        if standing[0] != was:
            count = _note(changes, count, seen_at_us, row, was, standing[0], cause)
    if zone.closed:
        if standing[0] != 0:
            count = _note(changes, count, zone.until_us, NONE, standing[0], 0, _CLOSED)
        standing = (START.rank, START.near, START.within, START.not_close_since, START.not_inside_since)
    return standing[0], standing[1], standing[2], standing[3], standing[4], count


@compiled
def _note(changes: Records, count: int, seen_at_us: int, row: int, was: int, now: int, cause: int) -> int:
    change = changes[count]
    change.seen_at_us, change.row, change.was, change.now, change.cause = seen_at_us, row, was, now, cause
    return count + 1


class Difference(NamedTuple):
    """One change that was told otherwise: what was said, what stands instead, and the place in the new telling."""

    action: Action
    said: Told | None
    stands: Told | None
    place: int

    def adds_at(self, place: int) -> bool:
        """Whether a change is added at this place of the new telling."""
        return self.action is Action.ADDED and self.place == place


def differences(said: Sequence[Told], stands: Sequence[Told]) -> tuple[list[Difference], list[Told]]:
    """How a new telling differs from the one that was said, and the new telling with the numbers of its events.

    Changes of the same kind keep the event that said them, in order; what finds no partner is withdrawn or added."""
    numbered, found = list(stands), []
    place = 0
    for old in said:
        partner = next(
            (i for i in range(place, len(stands)) if (stands[i].was, stands[i].now) == (old.was, old.now)), None
        )
        if partner is None:
            found.append(Difference(Action.WITHDRAWN, old, None, place))
            continue
        found += [Difference(Action.ADDED, None, stands[i], i) for i in range(place, partner)]
        numbered[partner] = numbered_as(stands[partner], old.seq)
        if stands[partner] != old:
            found.append(Difference(Action.RESTATED, old, stands[partner], partner))
        place = partner + 1
    found += [Difference(Action.ADDED, None, stands[i], i) for i in range(place, len(stands))]
    return found, numbered


def numbered_as(told: Told, seq: int | None) -> Told:
    """The same change, said by event `seq`."""
    return Told(told.seen_at_us, told.was, told.now, told.cause, told.sight, seq)

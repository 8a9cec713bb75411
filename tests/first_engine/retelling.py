"""What the held reports of one subject tell about one zone, told from the start; and how two tellings differ.

A report counts for a zone whose window it meets. Of the reports seen before the window opens only the last
counts, at the opening, unless one was seen at that very instant. At the close everybody is clear.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from keepclear.agreements.atlas import Zone
from keepclear.tracks.picture import Report
from keepclear.watch.events import Action, Cause, Told
from keepclear.watch.presence import FAR
from tests.first_engine.presence import START, Standing, after
from tests.first_engine.sightings import sight_of


class Phase(NamedTuple):
    """What of a zone's window has come to pass. Without bounds a window has always been open and never closes."""

    opened: bool
    closed: bool


def retold(
    zone: Zone, number: int, begin: Standing, reports: Sequence[Report], phase: Phase
) -> tuple[Standing, list[Told]]:
    """The standing and the changes that these reports, in the order seen, make of `begin`."""
    standing, changes = begin, []
    for seen_at_us, report, cause in _steps(zone, reports, phase):
        sight = FAR if report is None else sight_of(report, number)
        following = START if report is None else after(standing, sight, seen_at_us, zone.presence, zone.band_mm)
        if following.rank != standing.rank:
            changes.append(Told(seen_at_us, standing.state, following.state, cause, sight))
        standing = following
    return standing, changes


def _steps(zone: Zone, reports: Sequence[Report], phase: Phase) -> Iterator[tuple[int, Report | None, Cause]]:
    opens_us, closes_us = zone.window.from_us, zone.window.until_us
    waiting: Report | None = None
    for report in reports:
        if opens_us is not None and report.seen_at_us < opens_us:
            waiting = report
            continue
        if waiting is not None and opens_us is not None and opens_us < report.seen_at_us:
            yield opens_us, waiting, Cause.WINDOW_OPENED
        waiting = None
        if closes_us is not None and report.seen_at_us > closes_us:
            break
        yield report.seen_at_us, report, Cause.REPORT
    if waiting is not None and opens_us is not None and phase.opened:
        yield opens_us, waiting, Cause.WINDOW_OPENED
    if closes_us is not None and phase.closed:
        yield closes_us, None, Cause.WINDOW_CLOSED


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

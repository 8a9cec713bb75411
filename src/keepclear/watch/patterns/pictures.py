"""How many are certainly and how many are possibly in a place, from moment to moment, as the reports of each subject tell.

A report speaks for its subject until the next one: for certain for `speaks_us` at the most, and for what is possible for twice
as long, because who falls silent may still be there. Of the numbers that different
sources give for one subject there the lowest counts as certain and the highest as possible; they are never added up.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple

from keepclear.watch.patterns.sighting import Sighting

COUNT_UNBOUNDED = 10**9


class Step(NamedTuple):
    """From this instant on a subject counts for at least `low` and at most `high`."""

    from_us: int
    low: int
    high: int


class Picture(NamedTuple):
    """The sum over all subjects from an instant on."""

    from_us: int
    low: int
    high: int


def steps_of(sightings: list[Sighting], limit_m: float, speaks_us: int) -> list[Step]:
    """What one subject counts for, out to `limit_m` from the edge; the last two steps are its silence to come."""
    steps: list[Step] = []
    counted: list[Sighting] = []
    for i, sighting in enumerate(sightings):
        if i and sighting.seen_at_us - sightings[i - 1].seen_at_us >= speaks_us:
            silence = silence_after(sightings[i - 1].seen_at_us, steps[-1].high, speaks_us)
            steps += [step for step in silence if step.from_us <= sighting.seen_at_us]
        low, high = _counts(sighting, counted, limit_m, speaks_us)
        if not steps or (steps[-1].low, steps[-1].high) != (low, high):
            steps.append(Step(sighting.seen_at_us, low, high))
    return steps + silence_after(sightings[-1].seen_at_us, steps[-1].high, speaks_us)


def silence_after(seen_at_us: int, high: int, speaks_us: int) -> list[Step]:
    """What a subject counts for if nobody reports it any more."""
    return [Step(seen_at_us + speaks_us, 0, high), Step(seen_at_us + 2 * speaks_us, 0, 0)]


def _counts(newest: Sighting, counted: list[Sighting], limit_m: float, speaks_us: int) -> tuple[int, int]:
    """At least and at most how many, by the newest sighting and the last numbers given from there; adds to `counted`."""
    if newest.near_m - newest.doubt_m > limit_m:
        return 0, 0
    if newest.count_low is not None:
        counted.append(newest)
    by_source: dict[str, tuple[int, int]] = {}
    for sighting in reversed(counted):
        if newest.seen_at_us - sighting.seen_at_us >= speaks_us:
            break
        high = COUNT_UNBOUNDED if sighting.count_high is None else sighting.count_high
        by_source.setdefault(sighting.source, (sighting.count_low or 0, high))
    low, high = 1, 1
    if by_source:
        low, high = min(low for low, _ in by_source.values()), max(high for _, high in by_source.values())
    certain = newest.far_m + newest.doubt_m <= limit_m
    return (low if certain else 0), high


def at(steps: list[Step], instant_us: int) -> Step:
    """What the steps say of an instant."""
    place = bisect_right(steps, instant_us, key=lambda step: step.from_us)
    return steps[place - 1] if place else Step(instant_us, 0, 0)


def pictures_of(steps: dict[str, list[Step]]) -> list[Picture]:
    """The sums over all subjects, one picture for every instant at which something changes, in order."""
    changes = sorted((step, name) for name, several in steps.items() for step in several)
    counted: dict[str, Step] = {}
    low = high = 0
    pictures: list[Picture] = []
    for step, name in changes:
        before = counted.get(name, step._replace(low=0, high=0))
        low, high = low + step.low - before.low, high + step.high - before.high
        counted[name] = step
        if pictures and pictures[-1].from_us == step.from_us:
            pictures.pop()
        pictures.append(Picture(step.from_us, low, high))
    return pictures

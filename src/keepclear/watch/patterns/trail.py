"""The sightings of one subject about one zone in the order seen, and the patterns that one subject makes alone."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from keepclear.watch.patterns.noticed import Change, Found, Told
from keepclear.watch.patterns.plain import (
    by_name,
    instants_of,
    list_of,
    members_of,
    plain_sighting,
    plain_told,
    sightings_of,
    sorted_by_name,
    told_of,
)
from keepclear.watch.patterns.sighting import Sighting

# Of what one subject does in so small a part of the time that a pattern takes, the first sighting is enough.
PARTS = 120

# Given the sightings, where the telling begins and the place of one of them: the occurrence which that one completes.
Completes = Callable[[Sequence[Sighting], int, int], Found | None]


def placed(
    sightings: list[Sighting], sighting: Sighting, part_us: int, says: Callable[[Sighting], object]
) -> int | None:
    """Puts a sighting where it belongs and gives its place; None if an earlier one of the same part of time says the same.

    A later one that says the same makes way. So what is held is the same in whatever order the sightings come."""
    part = sighting.seen_at_us // part_us
    place = len(sightings)
    if sightings and sightings[-1].identity >= sighting.identity:
        place = bisect_left(sightings, sighting.identity, key=lambda held: held.identity)
    said = says(sighting)
    before = place - 1
    while before >= 0 and sightings[before].seen_at_us // part_us == part:
        if says(sightings[before]) == said:
            return None
        before -= 1
    after = place
    while after < len(sightings) and sightings[after].seen_at_us // part_us == part:
        if sightings[after].identity == sighting.identity:
            return None
        if says(sightings[after]) == said:
            sightings[after : after + 1] = []
            break
        after += 1
    sightings.insert(place, sighting)
    return place


def _is_away(sighting: Sighting) -> bool:
    return sighting.near_m == math.inf


def first_at(sightings: list[Sighting], seen_at_us: int) -> int:
    """The place of the first sighting seen then or later."""
    return bisect_left(sightings, seen_at_us, key=lambda held: held.seen_at_us)


class Trails:
    """One pattern of one zone for every subject by itself.

    completes  the pattern
    span_us    how far back from the last sighting an occurrence can begin
    A subject is held for as long as its sightings can matter, with one or two sightings for each of `PARTS` of the span."""

    def __init__(self, completes: Completes, span_us: int, lateness_us: int) -> None:
        self._completes = completes
        self._span_us = span_us
        self._part_us = max(1, span_us // PARTS)
        self._lateness_us = lateness_us
        self._trails: dict[str, tuple[list[Sighting], Told]] = {}
        self._newest_us = 0
        self._swept_us = 0

    def state(self) -> dict[str, Any]:
        """What is held, as plain values."""
        trails = {
            name: [[plain_sighting(held) for held in sightings], plain_told(told)]
            for name, (sightings, told) in sorted_by_name(self._trails).items()
        }
        return {"instants": [self._newest_us, self._swept_us], "trails": trails}

    def take(self, state: Any) -> None:
        """Holds what `state` gave; raises `Refused` for what is none."""
        instants, trails = members_of(state, ("instants", "trails"))
        self._newest_us, self._swept_us = instants_of(instants, 2)
        for name, trail in by_name(trails).items():
            sightings, told = list_of(trail) if len(list_of(trail)) == 2 else ([], [])
            self._trails[name] = sightings_of(sightings), told_of(told)

    def followed(self) -> Iterable[str]:
        """The names of those whose reports matter wherever they are."""
        return self._trails.keys()

    def follows(self, name: str) -> bool:
        """Whether the reports of a subject matter even where they are too far away to be weighed."""
        return name in self._trails

    def see(self, name: str, sighting: Sighting, following: Sighting | None) -> list[Change]:
        """Takes in a sighting, and the one seen next if this one is late; says what follows."""
        if name not in self._trails:
            if _is_away(sighting):
                return []
            self._trails[name] = ([], Told())
        sightings, told = self._trails[name]
        place = placed(sightings, sighting, self._part_us, _is_away)
        if following is not None:
            placed(sightings, following, self._part_us, _is_away)
        if place is None:
            return []
        changes = told.retell(name, sighting.seen_at_us, self._found(sightings, told, place))
        self._forget(sightings, told)
        if all(_is_away(held) for held in sightings):
            del self._trails[name]
        self._newest_us = max(self._newest_us, sighting.seen_at_us)
        self._sweep()
        return changes

    def _found(self, sightings: list[Sighting], told: Told, place: int) -> list[Found]:
        # Of several reports seen at one instant each may complete what the others did not: all are judged again.
        while place and sightings[place - 1].seen_at_us == sightings[place].seen_at_us:
            place -= 1
        last = told.before(sightings[place].seen_at_us)
        found = []
        begin = 0 if last is None else first_at(sightings, last.seen_at_us)
        for i in range(place, len(sightings)):
            complete = self._completes(sightings, begin, i)
            if complete is not None:
                found.append(complete)
                begin = first_at(sightings, complete.seen_at_us)
        return found

    def _forget(self, sightings: list[Sighting], told: Told) -> None:
        horizon_us = sightings[-1].seen_at_us - self._lateness_us
        settled_us = told.settle(horizon_us)
        needed_us = horizon_us - self._span_us
        cut = first_at(sightings, needed_us) - 1
        if settled_us is not None:
            cut = max(cut, first_at(sightings, settled_us))
        del sightings[: max(cut, 0)]

    def _sweep(self) -> None:
        """Now and then: forgets subjects whose last sighting is too old to matter to a late one."""
        kept_us = self._span_us + self._lateness_us
        if self._newest_us - self._swept_us <= kept_us:
            return
        self._swept_us = self._newest_us
        for name, (sightings, _) in list(self._trails.items()):
            if sightings[-1].seen_at_us < self._newest_us - kept_us:
                del self._trails[name]

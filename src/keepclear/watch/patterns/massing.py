"""Massing: there are more in the zone, for certain, than there can have been at a moment not long before.

The lowest number now is held against the highest number then, so no rise is told that a range, a doubtful position, or two
sources counting one subject explain.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from typing import Any

from keepclear.agreements.pattern_terms import MassingTerms
from keepclear.watch.patterns.noticed import Change, Found, Told
from keepclear.watch.patterns.pictures import Picture, Step, at, pictures_of, silence_after, steps_of
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
    unknown,
)
from keepclear.watch.patterns.sighting import Sighting, named_together
from keepclear.watch.patterns.trail import PARTS, placed

NAMED_MAX = 12


class Massing:
    """The pattern for one zone. Held are the sightings of the last four spans and the lateness of each subject that was
    there, for each of `PARTS` of a span one of those that say the same."""

    def __init__(self, terms: MassingTerms, band_mm: int, lateness_us: int) -> None:
        self._terms = terms
        self._limit_m = band_mm / 1000 if terms.where == "band" else 0.0
        self._lateness_us = lateness_us
        self._kept_us = 4 * terms.within_us + lateness_us
        self._part_us = max(1, terms.within_us // PARTS)
        self._sightings: dict[str, list[Sighting]] = {}
        self._steps: dict[str, list[Step]] = {}
        self._told = Told()
        self._settled_us = 0
        self._began_us: int | None = None
        self._newest_us = 0
        self._swept_us = 0

    def state(self) -> dict[str, Any]:
        """What is held, as plain values."""
        held = {
            name: [[plain_sighting(one) for one in sightings], [list(step) for step in self._steps.get(name, [])]]
            for name, sightings in sorted_by_name(self._sightings).items()
        }
        instants = [self._settled_us, self._newest_us, self._swept_us]
        return {"instants": instants, "began_us": self._began_us, "told": plain_told(self._told), "held": held}

    def take(self, state: Any) -> None:
        """Holds what `state` gave; raises `Refused` for what is none."""
        instants, began_us, told, held = members_of(state, ("instants", "began_us", "told", "held"))
        self._settled_us, self._newest_us, self._swept_us = instants_of(instants, 3)
        self._began_us = None if began_us is None else instants_of([began_us], 1)[0]
        self._told = told_of(told)
        for name, several in by_name(held).items():
            sightings, steps = list_of(several) if len(list_of(several)) == 2 else ([], [])
            self._sightings[name] = sightings_of(sightings)
            listed = [Step(*instants_of(step, 3)) for step in list_of(steps)]
            if len(listed) == 1:
                raise unknown(steps)
            if listed:
                self._steps[name] = listed

    def followed(self) -> Iterable[str]:
        """The names of those whose reports matter wherever they are."""
        return self._sightings.keys()

    def follows(self, name: str) -> bool:
        """Whether the reports of a subject matter even where they are too far away to be weighed."""
        return name in self._sightings

    def see(self, name: str, sighting: Sighting, following: Sighting | None) -> list[Change]:
        """Takes in a sighting, and the one seen next if this one is late; says what follows."""
        unknown = name not in self._sightings
        if (unknown and self._away(sighting)) or sighting.seen_at_us < self._newest_us - self._kept_us:
            return []
        sightings = self._sightings.setdefault(name, [])
        if placed(sightings, sighting, self._part_us, self._says) is None:
            return []
        if following is not None:
            placed(sightings, following, self._part_us, self._says)
        self._newest_us = max(self._newest_us, sighting.seen_at_us)
        if self._began_us is None or sighting.seen_at_us < self._began_us:
            self._began_us = sighting.seen_at_us
        if self._says_nothing_new(name, sightings, sighting):
            return []
        before, after = self._steps.get(name, []), steps_of(sightings, self._limit_m, self._terms.within_us)
        self._steps[name] = after
        self._sweep()
        if before and before[:-2] == after[:-2] and before[-2].from_us > self._newest_us:
            return []
        self._settled_us = self._told.settle(self._newest_us - self._lateness_us) or self._settled_us
        return self._told.retell("", sighting.seen_at_us, self._found(sighting.seen_at_us))

    def _says_nothing_new(self, name: str, sightings: list[Sighting], sighting: Sighting) -> bool:
        """Whether this newest sighting of one subject alone says what the one before it said. Then it only puts off the
        last two steps, which are the silence to come."""
        steps = self._steps.get(name)
        if steps is None or len(sightings) < 2 or sightings[-1] is not sighting:
            return False
        silence = steps[-2]
        if (
            min(silence.from_us, sighting.seen_at_us + self._terms.within_us) <= self._newest_us
            or silence.high > 1
            or sighting.count_low is not None
        ):
            return False
        if self._says(sightings[-2]) != self._says(sighting):
            return False
        steps[-2:] = silence_after(sighting.seen_at_us, silence.high, self._terms.within_us)
        return True

    def _found(self, from_us: int) -> list[Found]:
        """What stands of all that is complete at `from_us` or later."""
        last = self._told.before(from_us)
        floor_us = self._settled_us if last is None else last.seen_at_us
        # Before a whole span has been seen, nobody knows who was there already.
        floor_us = max(floor_us, (self._began_us or 0) + self._terms.within_us)
        from_us = max(from_us, self._newest_us - self._lateness_us)
        pictures = pictures_of(self._steps)
        found: list[Found] = []
        for i in range(1, len(pictures)):
            now = pictures[i]
            if now.from_us < from_us or now.low <= pictures[i - 1].low:
                continue
            if now.from_us > self._newest_us:
                break
            then = self._lowest_before(pictures, i, max(now.from_us - self._terms.within_us, floor_us))
            if then is not None and now.low - then.high >= self._terms.rise:
                found.append(self._rise(then, now))
                floor_us = now.from_us
        return found

    def _lowest_before(self, pictures: list[Picture], last: int, since_us: int) -> Picture | None:
        """Of the pictures from `since_us` to just before the last one, the latest of those with the fewest possibly there."""
        now_us = pictures[last].from_us
        if since_us >= now_us:
            return None
        first = bisect_right(pictures, since_us, key=lambda picture: picture.from_us) - 1
        begin = [Picture(since_us, 0, 0) if first < 0 else pictures[first]._replace(from_us=since_us)]
        return min([*begin, *pictures[first + 1 : last]], key=lambda picture: (picture.high, -picture.from_us))

    def _rise(self, then: Picture, now: Picture) -> Found:
        there = [name for name, steps in self._steps.items() if at(steps, now.from_us).low]
        arrived = sorted(name for name in there if at(self._steps[name], then.from_us).high == 0)
        newest = [self._newest_at(name, now.from_us) for name in there]
        return Found(
            since_us=then.from_us,
            seen_at_us=now.from_us,
            params={
                "rise_min": now.low - then.high,
                "before_max": then.high,
                "now_min": now.low,
                "where": self._terms.where,
                "subject_count": len(there),
                "arrived_count": len(arrived),
                "arrived": ", ".join(arrived[:NAMED_MAX]),
                "parties": named_together({sighting.party for sighting in newest}),
                "unattributed_count": sum(not sighting.party for sighting in newest),
                "sources": named_together({sighting.source for sighting in newest}),
            },
            exercise=any(sighting.exercise for sighting in newest),
        )

    def _newest_at(self, name: str, instant_us: int) -> Sighting:
        sightings = self._sightings[name]
        return sightings[bisect_right(sightings, instant_us, key=lambda held: held.seen_at_us) - 1]

    def _away(self, sighting: Sighting) -> bool:
        return sighting.near_m - sighting.doubt_m > self._limit_m

    def _says(self, sighting: Sighting) -> tuple[object, ...]:
        certain = sighting.far_m + sighting.doubt_m <= self._limit_m
        return certain, self._away(sighting), sighting.count_low, sighting.count_high, sighting.source

    def _sweep(self) -> None:
        """Now and then: lets go of what is too old to matter to a late report."""
        if self._newest_us - self._swept_us <= self._lateness_us:
            return
        self._swept_us, needed_us = self._newest_us, self._newest_us - self._kept_us
        for name, sightings in list(self._sightings.items()):
            recent = [held for held in sightings if held.seen_at_us >= needed_us]
            if any(not self._away(held) for held in recent):
                self._sightings[name] = recent
                self._steps[name] = steps_of(recent, self._limit_m, self._terms.within_us)
            else:
                del self._sightings[name], self._steps[name]

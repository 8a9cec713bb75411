"""Standing patrol: a subject stays outside the edge for a time and goes to and fro there, or around.

Counted is the way that its errors cannot explain. Who passes by covers no more way than its farthest distance from
where it began; who lies still covers none.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from keepclear.agreements.pattern_terms import PatrolTerms
from keepclear.watch.patterns.noticed import Found
from keepclear.watch.patterns.sighting import Sighting, between_doubt_m, named_together
from keepclear.watch.patterns.trail import Completes

# Unheard of for more than this share of the time, nobody knows that it stayed.
SILENCE_SHARE_MAX = 1 / 3
# A way of so many times the farthest distance from its beginning goes to and fro or around.
TO_AND_FRO = 2.0


def span_us(terms: PatrolTerms) -> int:
    """How far back a patrol of these terms can begin."""
    return round(terms.lasting_us * (1 + SILENCE_SHARE_MAX))


def patrol(terms: PatrolTerms) -> Completes:
    """The pattern with these terms: looks at the last `lasting_us` up to a sighting."""
    out_to_m, way_m = terms.out_to_mm / 1000, terms.way_mm / 1000
    silence_us = round(terms.lasting_us * SILENCE_SHARE_MAX)

    def completes(sightings: Sequence[Sighting], begin: int, last: int) -> Found | None:
        end = sightings[last]
        if end.seen_at_us - sightings[begin].seen_at_us < terms.lasting_us:
            return None
        first = last
        while end.seen_at_us - sightings[first].seen_at_us < terms.lasting_us:
            if first == begin or sightings[first].seen_at_us - sightings[first - 1].seen_at_us > silence_us:
                return None
            first -= 1
        stay = sightings[first : last + 1]
        if not all(-held.doubt_m <= held.far_m and held.near_m <= out_to_m for held in stay):
            return None
        covered_m, farthest_m = _way(stay)
        if covered_m < way_m or covered_m < TO_AND_FRO * farthest_m:
            return None
        return _found(stay, covered_m, farthest_m)

    return completes


def _way(stay: Sequence[Sighting]) -> tuple[float, float]:
    """The way beyond what errors explain, and the farthest that it led from its beginning, in metres."""
    covered_m = farthest_m = 0.0
    points = (held for held in stay if not held.is_area)
    begin = stand = next(points, None)
    if begin is None or stand is None:
        return 0.0, 0.0
    for held in points:
        leg_m = math.dist(stand.place, held.place)
        if leg_m > between_doubt_m(stand, held):
            covered_m += leg_m
            farthest_m = max(farthest_m, math.dist(begin.place, held.place))
            stand = held
    return covered_m, farthest_m


def _found(stay: Sequence[Sighting], covered_m: float, farthest_m: float) -> Found:
    return Found(
        since_us=stay[0].seen_at_us,
        seen_at_us=stay[-1].seen_at_us,
        params={
            "way_m_min": round(covered_m),
            "farthest_m": round(farthest_m),
            "nearest_m": round(min(held.near_m for held in stay)),
            "reports": len(stay),
            "sources": named_together({held.source for held in stay}),
        },
        exercise=any(held.exercise for held in stay),
    )

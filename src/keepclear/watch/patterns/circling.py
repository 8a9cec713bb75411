"""Circling: the direction from the middle of the zone to a subject turns all the way round, outside the edge.

Between two reports it is taken to have gone the shorter way round. Where that is not sure, because they are far apart
in direction or their errors are large, the turning begins anew.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from keepclear.agreements.pattern_terms import CirclingTerms
from keepclear.watch.patterns.noticed import Found
from keepclear.watch.patterns.sighting import Sighting, named_together
from keepclear.watch.patterns.trail import Completes

# A step of more than this, its doubt included, does not say which way round it went.
STEP_DEG_MAX = 120.0
# Nearer to the middle than this, in its own doubt, a sighting says nothing of a direction.
DOUBT_DEG_MAX = 30.0


def circling(terms: CirclingTerms) -> Completes:
    """The pattern with these terms: looks back from a sighting for the nearest one from which it has swept enough."""
    out_to_m, sweep_rad = terms.out_to_mm / 1000, math.radians(terms.sweep_deg)

    def completes(sightings: Sequence[Sighting], begin: int, last: int) -> Found | None:
        end = later = sightings[last]
        if not _around(end, out_to_m) or not _has_direction(end):
            return None
        turned, looked_at = 0.0, 1
        for i in range(last - 1, begin - 1, -1):
            earlier = sightings[i]
            if not _around(earlier, out_to_m) or end.seen_at_us - earlier.seen_at_us > terms.within_us:
                return None
            if not _has_direction(earlier):
                continue
            step = _turn(earlier, later)
            if abs(step) + _doubt(earlier, later) > math.radians(STEP_DEG_MAX):
                return None
            turned += step
            later, looked_at = earlier, looked_at + 1
            swept = abs(turned) - _doubt(earlier, end)
            if swept >= sweep_rad and earlier.seen_at_us < end.seen_at_us:
                return _found(sightings[i : last + 1], looked_at, turned, swept)
        return None

    return completes


def _around(sighting: Sighting, out_to_m: float) -> bool:
    """Not certainly inside, and not farther out than the pattern looks."""
    return -sighting.doubt_m <= sighting.far_m and sighting.near_m <= out_to_m


def _has_direction(sighting: Sighting) -> bool:
    apart_m = math.hypot(*sighting.place[:2])
    return not sighting.is_area and sighting.doubt_m <= apart_m * math.tan(math.radians(DOUBT_DEG_MAX)) and apart_m > 0


def _turn(one: Sighting, other: Sighting) -> float:
    """From the direction of one to that of the other, clockwise, the shorter way, in radians."""
    (east, north, _), (east_then, north_then, _) = one.place, other.place
    return math.atan2(east_then * north - north_then * east, east * east_then + north * north_then)


def _doubt(one: Sighting, other: Sighting) -> float:
    """How much turning the errors of two sightings explain, in radians."""
    return math.hypot(*(math.atan2(held.doubt_m, math.hypot(*held.place[:2])) for held in (one, other)))


def _found(sightings: Sequence[Sighting], looked_at: int, turned: float, swept: float) -> Found:
    near = [held for held in sightings if not held.is_area]
    return Found(
        since_us=sightings[0].seen_at_us,
        seen_at_us=sightings[-1].seen_at_us,
        params={
            "swept_deg": round(math.degrees(abs(turned))),
            "swept_deg_min": math.floor(math.degrees(swept)),
            "direction": "clockwise" if turned > 0 else "anticlockwise",
            "nearest_m": round(min(held.near_m for held in near)),
            "reports": looked_at,
            "sources": named_together({held.source for held in near}),
        },
        exercise=any(held.exercise for held in sightings),
    )

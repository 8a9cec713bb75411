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
STEP_RAD_MAX = math.radians(120.0)
# Nearer to the middle than this, in its own doubt, a sighting says nothing of a direction.
DOUBT_RAD_MAX = math.radians(30.0)


def circling(terms: CirclingTerms) -> Completes:
    """The pattern with these terms: looks back from a sighting for the nearest one from which it has swept enough."""
    out_to_m, sweep_rad, within_us = terms.out_to_mm / 1000, math.radians(terms.sweep_deg), terms.within_us

    def completes(sightings: Sequence[Sighting], begin: int, last: int) -> Found | None:
        end = later = sightings[last]
        if not _around(end, out_to_m) or end.direction_doubt_rad > DOUBT_RAD_MAX:
            return None
        turned, looked_at = 0.0, 1
        for i in range(last - 1, begin - 1, -1):
            earlier = sightings[i]
            if not _around(earlier, out_to_m) or end.seen_at_us - earlier.seen_at_us > within_us:
                return None
            if earlier.direction_doubt_rad > DOUBT_RAD_MAX:
                continue
            step = _shorter_way(later.direction_rad - earlier.direction_rad)
            if abs(step) + math.hypot(earlier.direction_doubt_rad, later.direction_doubt_rad) > STEP_RAD_MAX:
                return None
            turned += step
            later, looked_at = earlier, looked_at + 1
            if abs(turned) < sweep_rad:
                continue
            swept = abs(turned) - math.hypot(earlier.direction_doubt_rad, end.direction_doubt_rad)
            if swept >= sweep_rad and earlier.seen_at_us < end.seen_at_us:
                return _found(sightings[i : last + 1], looked_at, turned, swept)
        return None

    return completes


def _around(sighting: Sighting, out_to_m: float) -> bool:
    """Not certainly inside, and not farther out than the pattern looks."""
    return -sighting.doubt_m <= sighting.far_m and sighting.near_m <= out_to_m


def _shorter_way(turn_rad: float) -> float:
    """The same turn, from half a turn anticlockwise to half a turn clockwise."""
    return (turn_rad + math.pi) % math.tau - math.pi


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

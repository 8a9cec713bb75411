"""When a subject that keeps its course will be at the edge of a zone: a range, not a moment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from keepclear.geo.measuring import Measures
from keepclear.tracks.motion import Motion

SIGMAS = (0.0, -2.0, 2.0)
SPEED_MPS_MIN = 0.3


class TimeToEdge(NamedTuple):
    """Seconds from the last report: the soonest with two sigmas of doubt, the expected, the latest (None: it may pass by)."""

    soonest_s: float
    expected_s: float
    latest_s: float | None


def times_to_edge(
    measures: Measures, numbers: Sequence[int], motions: Sequence[Motion], horizons_s: Sequence[float]
) -> list[TimeToEdge | None]:
    """When straight courses meet the edges of these shapes from outside, each within a horizon of its own.

    None where that is not expected within the horizon. Each course is followed as expected, then with the edge two sigmas nearer and farther."""
    motion = np.array([[m.lat, m.lon, m.sigma_m, m.speed_mps, m.course_deg, m.speed_sigma_mps] for m in motions])
    motion = motion.reshape(-1, 6)
    met_s = np.full((len(motion), len(SIGMAS)), np.inf)
    moves = motion[:, 3] >= SPEED_MPS_MIN
    met_s[moves] = measures.meetings_s(
        np.asarray(numbers, np.intp)[moves], motion[moves], np.asarray(horizons_s, np.float64)[moves], SIGMAS
    )
    found: list[TimeToEdge | None] = []
    for expected_s, soonest_s, latest_s in met_s.tolist():
        met = expected_s < np.inf and soonest_s < np.inf
        found.append(TimeToEdge(soonest_s, expected_s, latest_s if latest_s < np.inf else None) if met else None)
    return found

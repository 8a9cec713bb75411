"""When a subject that keeps its course will be at the edge of a zone: a range, not a moment."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from keepclear.geo.earth import Floats
from keepclear.geo.shapes import Shape
from keepclear.tracks.motion import Motion

STEPS = 120
SIGMAS = 2.0
SPEED_MPS_MIN = 0.3


class TimeToEdge(NamedTuple):
    """Seconds from the last report: the soonest with two sigmas of doubt, the expected, the latest (None: it may pass by)."""

    soonest_s: float
    expected_s: float
    latest_s: float | None


def time_to_edge(shape: Shape, motion: Motion, horizon_s: float) -> TimeToEdge | None:
    """When a straight course meets the edge from outside; None if it is not expected to within `horizon_s` seconds.

    Looked at in 120 equal steps, with straight lines between them."""
    if motion.speed_mps < SPEED_MPS_MIN:
        return None
    seconds = np.linspace(0.0, horizon_s, STEPS + 1)
    lat, lon, sigma_m = motion.ahead(seconds)
    edge_m = shape.edge_m(lat, lon)
    expected_s = _first_crossing(seconds, edge_m)
    soonest_s = _first_crossing(seconds, edge_m - SIGMAS * sigma_m)
    if expected_s is None or soonest_s is None or edge_m[0] <= 0:
        return None
    return TimeToEdge(soonest_s, expected_s, _first_crossing(seconds, edge_m + SIGMAS * sigma_m))


def _first_crossing(seconds: Floats, edge_m: Floats) -> float | None:
    inside = np.flatnonzero(edge_m <= 0)
    if not len(inside):
        return None
    i = inside[0]
    if i == 0:
        return 0.0
    share = edge_m[i - 1] / (edge_m[i - 1] - edge_m[i])
    return float(seconds[i - 1] + share * (seconds[i] - seconds[i - 1]))

"""When a subject that keeps its course will be at the edge of a zone: a range, not a moment."""

from __future__ import annotations

import numpy as np

from keepclear.geo.shapes import Shape
from keepclear.tracks.motion import Motion
from keepclear.watch.approach import TimeToEdge

STEPS_MAX = 400
MET_M = 1.0
SIGMAS = 2.0
SPEED_MPS_MIN = 0.3


def time_to_edge(shape: Shape, motion: Motion, horizon_s: float) -> TimeToEdge | None:
    """When a straight course meets the edge from outside; None if it is not expected to within `horizon_s` seconds."""
    if motion.speed_mps < SPEED_MPS_MIN or _edge_m(shape, motion, 0.0)[0] <= 0:
        return None
    expected_s = _first_meeting(shape, motion, 0.0, horizon_s)
    soonest_s = _first_meeting(shape, motion, -SIGMAS, horizon_s)
    if expected_s is None or soonest_s is None:
        return None
    return TimeToEdge(soonest_s, expected_s, _first_meeting(shape, motion, SIGMAS, horizon_s))


def _first_meeting(shape: Shape, motion: Motion, sigmas: float, horizon_s: float) -> float | None:
    """When the distance to the edge, so many sigmas farther, is first used up.

    Nobody comes nearer faster than the speed and the growth of the doubt allow, so each step goes as far as is
    certainly outside; no zone is too small to be met."""
    fastest_mps = motion.speed_mps + abs(sigmas) * motion.speed_sigma_mps
    seconds = 0.0
    for _ in range(STEPS_MAX):
        edge_m, sigma_m = _edge_m(shape, motion, seconds)
        apart_m = edge_m + sigmas * sigma_m
        if apart_m <= MET_M:
            return seconds
        seconds += apart_m / fastest_mps
        if seconds > horizon_s:
            return None
    return None


def _edge_m(shape: Shape, motion: Motion, seconds: float) -> tuple[float, float]:
    lat, lon, sigma_m = motion.ahead(np.array([seconds]))
    return float(shape.edge_m(lat, lon)[0]), float(sigma_m[0])

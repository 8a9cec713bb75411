"""When a subject that keeps its course will be at the edge of a zone: a range, not a moment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from keepclear.geo import earth
from keepclear.geo.earth import Floats
from keepclear.geo.measuring import Measures
from keepclear.tracks.motion import Motion

STEPS_MAX = 400
MET_M = 1.0
SIGMAS = 2.0
SPEED_MPS_MIN = 0.3


class TimeToEdge(NamedTuple):
    """Seconds from the last report: the soonest with two sigmas of doubt, the expected, the latest (None: it may pass by)."""

    soonest_s: float
    expected_s: float
    latest_s: float | None


def time_to_edge(measures: Measures, number: int, motion: Motion, horizon_s: float) -> TimeToEdge | None:
    """When a straight course meets the edge of shape `number` from outside; None if it is not expected to within `horizon_s` seconds."""
    return times_to_edge(measures, [number], [motion], [horizon_s])[0]


def times_to_edge(
    measures: Measures, numbers: Sequence[int], motions: Sequence[Motion], horizons_s: Sequence[float]
) -> list[TimeToEdge | None]:
    """The same for many courses, each towards a shape and within a horizon of its own.

    Each course is followed three times: as expected, and with the edge two sigmas nearer and farther."""
    sigmas = np.tile([0.0, -SIGMAS, SIGMAS], len(motions))
    each = np.array([[m.lat, m.lon, m.sigma_m, m.speed_mps, m.course_deg, m.speed_sigma_mps] for m in motions]).reshape(
        -1, 6
    )
    lanes = np.repeat(each, 3, axis=0)
    seconds = _first_meetings(measures, np.repeat(numbers, 3), lanes, sigmas, np.repeat(horizons_s, 3))
    found: list[TimeToEdge | None] = []
    for expected_s, soonest_s, latest_s in seconds.reshape(-1, 3).tolist():
        met = expected_s < np.inf and soonest_s < np.inf
        found.append(TimeToEdge(soonest_s, expected_s, latest_s if latest_s < np.inf else None) if met else None)
    return found


def _first_meetings(
    measures: Measures, number: npt.NDArray[np.intp], lanes: Floats, sigmas: Floats, horizon_s: Floats
) -> Floats:
    """When the distance to the edge, so many sigmas farther, is first used up; infinity where it is not, or from inside.

    Nobody comes nearer faster than the speed and the growth of the doubt allow, so each step goes as far as is
    certainly outside; no zone is too small to be met."""
    lat, lon, sigma_m, speed_mps, course_deg, speed_sigma_mps = lanes.T
    fastest_mps = speed_mps + np.abs(sigmas) * speed_sigma_mps
    seconds, met = np.zeros(len(lanes)), np.full(len(lanes), np.inf)
    going = np.flatnonzero(speed_mps >= SPEED_MPS_MIN)
    for step in range(STEPS_MAX):
        if not len(going):
            break
        ahead = earth.step_along(lat[going], lon[going], course_deg[going], speed_mps[going] * seconds[going])
        edge_m = measures.edge_m(number[going], *ahead)
        apart_m = edge_m + sigmas[going] * np.hypot(sigma_m[going], speed_sigma_mps[going] * seconds[going])
        met_now = (apart_m <= MET_M) & ((edge_m > 0) | (step > 0))
        met[going[met_now]] = seconds[going[met_now]]
        onwards = ~met_now & ((edge_m > 0) | (step > 0))
        going, apart_m = going[onwards], apart_m[onwards]
        seconds[going] += apart_m / fastest_mps[going]
        going = going[seconds[going] <= horizon_s[going]]
    return met

"""Where a subject can be at a later instant, with its uncertainty."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from keepclear.geo import earth
from keepclear.geo.earth import Floats
from keepclear.geo.geodesics import inverse

# A course and speed read from an instrument: one sigma of the speed, as a share of it.
REPORTED_SPEED_SIGMA = 0.1
# A course is not drawn from two reports farther apart than this, nor from an area.
MOTION_US_MAX = 3_600_000_000
# Nobody is held to be slower than this when silence is judged: a vehicle on a road, a fast boat.
REACH_SPEED_MPS_MIN = 20.0
REACH_SPEED_FACTOR = 1.5


@dataclass(frozen=True)
class Motion:
    """A straight course: from (lat, lon) with one-sigma error `sigma_m`, at `speed_mps` towards `course_deg`."""

    lat: float
    lon: float
    sigma_m: float
    speed_mps: float
    course_deg: float
    speed_sigma_mps: float

    @staticmethod
    def reported(lat: float, lon: float, sigma_m: float, speed_mps: float, course_deg: float) -> Motion:
        """A course as an instrument states it; one sigma of the speed is a tenth of it."""
        return Motion(lat, lon, sigma_m, speed_mps, course_deg, REPORTED_SPEED_SIGMA * speed_mps)

    def ahead(self, seconds: Floats) -> tuple[Floats, Floats, Floats]:
        """Latitude, longitude and one-sigma error in metres after so many seconds on this course."""
        lat, lon = earth.step_along(self.lat, self.lon, self.course_deg, self.speed_mps * seconds)
        return lat, lon, np.hypot(self.sigma_m, self.speed_sigma_mps * seconds)


def motion_between(
    lat_from: float, lon_from: float, sigma_from_m: float, lat: float, lon: float, sigma_m: float, seconds: float
) -> Motion:
    """The course and speed that lead from one position to the next in so many seconds, above 0.

    The speed is as unsure as the two positions together, divided by the time."""
    length_m, back_deg = inverse(lat, lon, lat_from, lon_from)
    course_deg = (back_deg + 180.0) % 360.0
    return Motion(lat, lon, sigma_m, length_m / seconds, course_deg, math.hypot(sigma_from_m, sigma_m) / seconds)


def reach_us(edge_m: float, sigma_m: float, speed_mps: float) -> int:
    """Microseconds until a subject at `edge_m` from a zone could be at its edge, allowing three sigmas; 0 if it may be there now."""
    return max(0, round((edge_m - 3 * sigma_m) / speed_mps * 1_000_000))

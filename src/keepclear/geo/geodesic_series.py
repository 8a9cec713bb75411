"""The integrals of a geodesic: distance and longitude as functions of the arc on the auxiliary sphere, as series.

A geodesic on the ellipsoid is told by the great circle on a sphere with the same azimuths and with the reduced latitudes.
It crosses the equator at azimuth alpha0; sigma is the arc from there, omega the longitude on the sphere, and

    eps = (sqrt(1 + k^2) - 1) / (sqrt(1 + k^2) + 1),    k = e' cos(alpha0).

Source: C. F. F. Karney, "Algorithms for geodesics", J. Geodesy 87 (2013), equations 15 to 25; with terms up to the
sixth order, which on WGS84 leaves out less than 10 nm.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from keepclear.geo.compiled import compiled_in_place
from keepclear.geo.earth import ECCENTRICITY_SQUARED, FLATTENING

SECOND_ECCENTRICITY_SQUARED = ECCENTRICITY_SQUARED / (1 - ECCENTRICITY_SQUARED)

_N = FLATTENING / (2 - FLATTENING)
# Equations 24 and 25: the powers of eps, with those of the third flattening summed up.
_A3 = (
    -(1 / 2 - _N / 2),
    -(1 / 4 + _N / 8 - 3 * _N**2 / 8),
    -(1 / 16 + 3 * _N / 16 + _N**2 / 16),
    -(3 / 64 + _N / 32),
    -3 / 128,
)
_C31 = (1 / 4 - _N / 4, 1 / 8 - _N**2 / 8, 3 / 64 + 3 * _N / 64 - _N**2 / 64, 5 / 128 + _N / 64, 3 / 128)
_C32 = (1 / 16 - 3 * _N / 32 + _N**2 / 32, 3 / 64 - _N / 32 - 3 * _N**2 / 64, 3 / 128 + _N / 128, 5 / 256)
_C33 = (5 / 192 - 3 * _N / 64 + 5 * _N**2 / 192, 3 / 128 - 5 * _N / 192, 7 / 512)
_C34 = (7 / 512 - 7 * _N / 256, 7 / 512)
_C35 = 21 / 2560


class Waves(NamedTuple):
    """`mean * (sigma + first * sin(2 sigma) + second * sin(4 sigma) + ...)`"""

    mean: float
    first: float
    second: float
    third: float
    fourth: float
    fifth: float
    sixth: float


@compiled_in_place
def expansion(cos_alpha0_squared: float) -> float:
    """eps of a geodesic."""
    k_squared = SECOND_ECCENTRICITY_SQUARED * cos_alpha0_squared
    return k_squared / (2 * (1 + math.sqrt(1 + k_squared)) + k_squared)


@compiled_in_place
def distance_waves(eps: float) -> Waves:
    """Distance in units of the semi-minor axis (equations 17 and 18)."""
    e2 = eps * eps
    return Waves(
        (1 + e2 * (1 / 4 + e2 * (1 / 64 + e2 / 256))) / (1 - eps),
        eps * (-1 / 2 + e2 * (3 / 16 - e2 / 32)),
        e2 * (-1 / 16 + e2 * (1 / 32 - e2 * 9 / 2048)),
        eps * e2 * (-1 / 48 + e2 * 3 / 256),
        e2 * e2 * (-5 / 512 + e2 * 3 / 512),
        eps * e2 * e2 * (-7 / 1280),
        e2 * e2 * e2 * (-7 / 2048),
    )


@compiled_in_place
def arc_waves(eps: float) -> Waves:
    """The arc sigma by the distance, both as angles: `distance_waves` the other way round (equation 21)."""
    e2 = eps * eps
    return Waves(
        1.0,
        eps * (1 / 2 + e2 * (-9 / 32 + e2 * 205 / 1536)),
        e2 * (5 / 16 + e2 * (-37 / 96 + e2 * 1335 / 4096)),
        eps * e2 * (29 / 96 - e2 * 75 / 128),
        e2 * e2 * (539 / 1536 - e2 * 2391 / 2560),
        eps * e2 * e2 * 3467 / 7680,
        e2 * e2 * e2 * 38081 / 61440,
    )


@compiled_in_place
def longitude_waves(eps: float) -> Waves:
    """By how much longitude falls short of that on the sphere, in units of the flattening times sin(alpha0) (equation 23)."""
    e2 = eps * eps
    return Waves(
        1 + eps * (_A3[0] + eps * (_A3[1] + eps * (_A3[2] + eps * (_A3[3] + eps * _A3[4])))),
        eps * (_C31[0] + eps * (_C31[1] + eps * (_C31[2] + eps * (_C31[3] + eps * _C31[4])))),
        e2 * (_C32[0] + eps * (_C32[1] + eps * (_C32[2] + eps * _C32[3]))),
        eps * e2 * (_C33[0] + eps * (_C33[1] + eps * _C33[2])),
        e2 * e2 * (_C34[0] + eps * _C34[1]),
        eps * e2 * e2 * _C35,
        0.0,
    )


@compiled_in_place
def at(waves: Waves, arc: float, sin: float, cos: float) -> float:
    """The integral from the equator to an arc with this sine and cosine."""
    return between(waves, arc, sin, cos, cos)


@compiled_in_place
def between(waves: Waves, arc: float, sin_arc: float, cos_arc: float, cos_sum: float) -> float:
    """The integral from one sigma to another: `arc` is their difference, `cos_sum` the cosine of their sum.

    sin(2 l sigma2) - sin(2 l sigma1) = 2 cos(l (sigma1 + sigma2)) sin(l (sigma2 - sigma1)): short arcs lose nothing."""
    sin1, sin2 = sin_arc, 2 * cos_arc * sin_arc
    sin3 = 2 * cos_arc * sin2 - sin1
    sin4 = 2 * cos_arc * sin3 - sin2
    sin5 = 2 * cos_arc * sin4 - sin3
    sin6 = 2 * cos_arc * sin5 - sin4
    cos1, cos2 = cos_sum, 2 * cos_sum * cos_sum - 1
    cos3 = 2 * cos_sum * cos2 - cos1
    cos4 = 2 * cos_sum * cos3 - cos2
    cos5 = 2 * cos_sum * cos4 - cos3
    cos6 = 2 * cos_sum * cos5 - cos4
    summed = waves.sixth * sin6 * cos6 + waves.fifth * sin5 * cos5 + waves.fourth * sin4 * cos4
    summed += waves.third * sin3 * cos3 + waves.second * sin2 * cos2 + waves.first * sin1 * cos1
    return waves.mean * (arc + 2 * summed)

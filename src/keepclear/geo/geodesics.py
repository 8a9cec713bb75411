"""The geodesic between two points of WGS84, and the points along one, compiled.

`inverse` and `along` are within 20 nm of GeographicLib for any points: tests/properties/test_geodesics.py. They are for
distances to an edge, asked often and along a course; where a shape is drawn, `earth` asks PROJ.

The inverse problem is solved on the auxiliary sphere by repeating the longitude on it, as T. Vincenty does
("Direct and inverse solutions of geodesics", Survey Review 23, 1975), with Karney's series in place of his and with
differences that lose nothing on short lines. Each round makes the error about 300 times smaller. That fails near
the antipode; there the azimuth is found by halving (Karney 2013, section 4: longitude grows with it).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from keepclear.geo.compiled import compiled, compiled_in_place
from keepclear.geo.earth import ECCENTRICITY_SQUARED, FLATTENING, SEMI_MAJOR_M, Floats
from keepclear.geo.geodesic_series import (
    Waves,
    arc_waves,
    at,
    between,
    distance_waves,
    expansion,
    longitude_waves,
)

SEMI_MINOR_M = SEMI_MAJOR_M * (1 - FLATTENING)

_ROUNDS_MAX = 20
_HALVINGS = 60
_SETTLED = 1e-14  # radians; what is left changes the distance by less than 1 nm
_SHORT = 0.2  # radians of longitude up to which the scale at the middle is the better first guess
_NEXT_TO_NOTHING = 1e-150


class Course(NamedTuple):
    """A geodesic from a point, with all that is the same along it."""

    sin_alpha0: float
    cos_alpha0: float
    lon_deg: float
    omega: float
    sigma: float
    tau: float  # the distance from the equator as an angle
    radius_m: float  # metres along the course for one radian of tau
    arc: Waves
    longitude: Waves
    longitude_here: float


@compiled_in_place
def inverse(lat: float, lon: float, to_lat: float, to_lon: float) -> tuple[float, float]:
    """Metres along the shortest way, and the azimuth at the first point in degrees, -180 to 180; from a point to itself 0, 0."""
    sin1, cos1, scale1 = _reduced(lat)
    sin2, cos2, scale2 = _reduced(to_lat)
    north = (1 - FLATTENING) * scale1 * scale2 * math.sin(math.radians(to_lat - lat))  # sin(beta2 - beta1)
    turn = math.radians(turn_deg(lon, to_lon))
    lam = abs(turn)
    omega = lam
    if lam < _SHORT:
        middle = (cos1 + cos2) ** 2
        omega /= math.sqrt(1 - ECCENTRICITY_SQUARED * middle / (middle + (sin1 + sin2) ** 2))
    for _ in range(_ROUNDS_MAX):
        half_sin, half_cos = math.sin(omega / 2), math.cos(omega / 2)
        versed = 2 * half_sin * half_sin
        east, ahead = cos2 * 2 * half_sin * half_cos, north + sin1 * cos2 * versed
        sin_arc, cos_arc = math.sqrt(east * east + ahead * ahead), sin1 * sin2 + cos1 * cos2 * (1 - versed)
        if sin_arc < _NEXT_TO_NOTHING:
            if cos_arc > 0:
                return 0.0, 0.0
            break
        arc, sin_alpha0 = math.atan2(sin_arc, cos_arc), cos1 * east / sin_arc
        cos_alpha0_squared = max(1 - sin_alpha0 * sin_alpha0, 1e-30)
        cos_sum = min(max(cos_arc - 2 * sin1 * sin2 / cos_alpha0_squared, -1.0), 1.0)
        eps = expansion(cos_alpha0_squared)
        short_by = between(longitude_waves(eps), arc, sin_arc, cos_arc, cos_sum)
        correction = lam + FLATTENING * sin_alpha0 * short_by - omega
        omega += correction
        if omega > math.pi:
            break
        if abs(correction) < _SETTLED:
            arc += sin_alpha0 * correction
            length_m = SEMI_MINOR_M * between(distance_waves(eps), arc, sin_arc, cos_arc, cos_sum)
            return length_m, math.degrees(math.atan2(math.copysign(east, turn), ahead))
    return _nearly_antipodal(sin1, cos1, sin2, cos2, turn)


@compiled_in_place
def _nearly_antipodal(sin1: float, cos1: float, sin2: float, cos2: float, turn: float) -> tuple[float, float]:
    """`inverse` between reduced latitudes, by halving the azimuth from the point nearer to a pole, taken in the south."""
    swapped = abs(sin1) < abs(sin2)
    if swapped:
        sin1, cos1, sin2, cos2 = sin2, cos2, sin1, cos1
    mirrored = sin1 > 0
    sin1, sin2 = (-sin1 if mirrored else sin1), (-sin2 if mirrored else sin2)
    if sin1 == 0:
        sin1 = -0.0  # a course to the west of south has been on the equator half a turn before
    cos1, cos2 = max(cos1, _NEXT_TO_NOTHING), max(cos2, _NEXT_TO_NOTHING)
    # cos(beta2)^2 - cos(beta1)^2, from the smaller of sines and cosines
    wider = (cos2 - cos1) * (cos2 + cos1) if cos1 < -sin1 else (sin1 - sin2) * (sin1 + sin2)
    low, high = 0.0, math.pi
    length_m, sin_alpha, cos_alpha, sin_beta, cos_beta = 0.0, 0.0, 1.0, 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        sin_alpha, cos_alpha = math.sin(middle), math.cos(middle)
        sin_alpha0 = sin_alpha * cos1
        sin_beta = sin_alpha0 / cos2
        cos_beta = math.sqrt((cos_alpha * cos1) ** 2 + max(wider, 0.0)) / cos2
        sigma1, sigma2 = math.atan2(sin1, cos_alpha * cos1), math.atan2(sin2, cos_beta * cos2)
        omega1 = math.atan2(sin_alpha0 * sin1, cos_alpha * cos1)
        omega2 = math.atan2(sin_alpha0 * sin2, cos_beta * cos2)
        arc, eps = sigma2 - sigma1, expansion(cos_alpha * cos_alpha + (sin_alpha * sin1) ** 2)
        sin_arc, cos_arc, cos_sum = math.sin(arc), math.cos(arc), math.cos(sigma1 + sigma2)
        short_by = between(longitude_waves(eps), arc, sin_arc, cos_arc, cos_sum)
        length_m = SEMI_MINOR_M * between(distance_waves(eps), arc, sin_arc, cos_arc, cos_sum)
        if omega2 - omega1 - FLATTENING * sin_alpha0 * short_by < abs(turn):
            low = middle
        else:
            high = middle
    if swapped:
        sin_alpha, cos_alpha = sin_beta, -cos_beta
    return length_m, math.degrees(math.atan2(math.copysign(sin_alpha, turn), -cos_alpha if mirrored else cos_alpha))


@compiled
def inverses(lat: Floats, lon: Floats, to_lat: Floats, to_lon: Floats) -> tuple[Floats, Floats]:
    """`inverse` for columns of equal length; the azimuths in [0, 360)."""
    length_m, azimuth_deg = np.empty(len(lat)), np.empty(len(lat))
    for i in range(len(lat)):
        length_m[i], azimuth = inverse(lat[i], lon[i], to_lat[i], to_lon[i])
        azimuth_deg[i] = azimuth % 360.0
    return length_m, azimuth_deg


@compiled_in_place
def course(lat: float, lon: float, azimuth_deg: float) -> Course:
    """The geodesic that leaves a point at an azimuth."""
    sin_beta, cos_beta, _ = _reduced(lat)
    cos_beta = max(cos_beta, _NEXT_TO_NOTHING)
    alpha = math.radians(azimuth_deg)
    sin_alpha, cos_alpha = math.sin(alpha), math.cos(alpha)
    sin_alpha0, cos_alpha0 = sin_alpha * cos_beta, math.hypot(cos_alpha, sin_alpha * sin_beta)
    sigma = math.atan2(sin_beta, cos_alpha * cos_beta)
    part = math.hypot(sin_beta, cos_alpha * cos_beta)
    sin, cos = sin_beta / part, cos_alpha * cos_beta / part
    eps = expansion(cos_alpha0 * cos_alpha0)
    distance, longitude = distance_waves(eps), longitude_waves(eps)
    return Course(
        sin_alpha0,
        cos_alpha0,
        lon,
        math.atan2(sin_alpha0 * sin_beta, cos_alpha * cos_beta),
        sigma,
        at(distance, sigma, sin, cos) / distance.mean,
        SEMI_MINOR_M * distance.mean,
        arc_waves(eps),
        longitude,
        at(longitude, sigma, sin, cos),
    )


@compiled_in_place
def along(ahead: Course, length_m: float) -> tuple[float, float]:
    """Latitude and longitude so many metres along a course; the longitude in [-180, 180)."""
    tau = ahead.tau + length_m / ahead.radius_m
    sigma = at(ahead.arc, tau, math.sin(tau), math.cos(tau))
    sin, cos = math.sin(sigma), math.cos(sigma)
    omega = math.atan2(ahead.sin_alpha0 * sin, cos)
    short_by = FLATTENING * ahead.sin_alpha0 * (at(ahead.longitude, sigma, sin, cos) - ahead.longitude_here)
    cos_beta = math.hypot(ahead.sin_alpha0, ahead.cos_alpha0 * cos)
    lat = math.degrees(math.atan2(ahead.cos_alpha0 * sin, (1 - FLATTENING) * cos_beta))
    lon = ahead.lon_deg + math.degrees(omega - ahead.omega - short_by)
    while lon >= 180.0:
        lon -= 360.0
    while lon < -180.0:
        lon += 360.0
    return lat, lon


@compiled_in_place
def turn_deg(lon: float, to_lon: float) -> float:
    """Degrees from one longitude east to another, -180 to 180; next to the antimeridian without a loss of digits."""
    turn = to_lon - lon
    if turn > 180.0:
        turn = (to_lon - 180.0) - (lon + 180.0)
    elif turn < -180.0:
        turn = (to_lon + 180.0) - (lon - 180.0)
    return turn


@compiled_in_place
def sine_and_cosine(lat: float) -> tuple[float, float]:
    """Of degrees of latitude; next to a pole the cosine without a loss of digits."""
    if abs(lat) <= 45.0:
        phi = math.radians(lat)
        return math.sin(phi), math.cos(phi)
    from_pole = math.radians(90.0 - abs(lat))
    return math.copysign(math.cos(from_pole), lat), math.sin(from_pole)


@compiled_in_place
def _reduced(lat: float) -> tuple[float, float, float]:
    """Sine and cosine of the reduced latitude, and the cosine by that of the latitude."""
    sin, cos = sine_and_cosine(lat)
    scale = 1 / math.sqrt(cos * cos + ((1 - FLATTENING) * sin) ** 2)
    return (1 - FLATTENING) * scale * sin, scale * cos, scale

"""WGS84: distance, azimuth, step along, and the way into and out of earth-centred coordinates.

Conventions of the whole library: latitude before longitude, degrees, north and east positive;
azimuths in degrees clockwise from true north, in [0, 360); lengths in metres along the ellipsoid.
At rest a coordinate is an integer of 1e-7 degree (`lat_e7`, `lon_e7`; 1 cm at the equator).

Source: C. F. F. Karney, "Algorithms for geodesics", J. Geodesy 87 (2013), as built into PROJ.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from pyproj import Geod

Floats = npt.NDArray[np.float64]

E7 = 10_000_000
SEMI_MAJOR_M = 6_378_137.0
FLATTENING = 1 / 298.257223563
ECCENTRICITY_SQUARED = FLATTENING * (2 - FLATTENING)
MEAN_RADIUS_M = 6_371_008.8

_GEOD = Geod(a=SEMI_MAJOR_M, f=FLATTENING)


def distance_m(
    lat_from: npt.ArrayLike, lon_from: npt.ArrayLike, lat_to: npt.ArrayLike, lon_to: npt.ArrayLike
) -> Floats:
    """Length of the shortest path in metres; error below 1 µm (Karney 2013, section 9)."""
    return inverse(lat_from, lon_from, lat_to, lon_to)[0]


def inverse(
    lat_from: npt.ArrayLike, lon_from: npt.ArrayLike, lat_to: npt.ArrayLike, lon_to: npt.ArrayLike
) -> tuple[Floats, Floats]:
    """Distance in metres and azimuth at the first point in degrees, of the shortest path.

    The four arguments broadcast. Between a point and itself the azimuth is 180 by PROJ's convention; do not use it."""
    a, b, c, d = np.broadcast_arrays(*(np.asarray(v, dtype=np.float64) for v in (lat_from, lon_from, lat_to, lon_to)))
    azimuth, _, length = _GEOD.inv(b.ravel(), a.ravel(), d.ravel(), c.ravel(), return_back_azimuth=True)
    return np.asarray(length).reshape(a.shape), np.mod(np.asarray(azimuth), 360.0).reshape(a.shape)


def step_along(
    lat: npt.ArrayLike, lon: npt.ArrayLike, azimuth_deg: npt.ArrayLike, length_m: npt.ArrayLike
) -> tuple[Floats, Floats]:
    """Latitude and longitude after `length_m` along the geodesic that leaves at `azimuth_deg`."""
    a, b, c, d = np.broadcast_arrays(*(np.asarray(v, dtype=np.float64) for v in (lat, lon, azimuth_deg, length_m)))
    lon_to, lat_to, _ = _GEOD.fwd(b.ravel(), a.ravel(), c.ravel(), d.ravel())
    return np.asarray(lat_to).reshape(a.shape), np.asarray(lon_to).reshape(a.shape)


def signed_area_m2(lat: npt.ArrayLike, lon: npt.ArrayLike) -> float:
    """Area enclosed by the geodesic ring, on its smaller side; positive where that side lies to the left."""
    area, _ = _GEOD.polygon_area_perimeter(np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64))
    return float(area)


def to_ecef(lat: npt.ArrayLike, lon: npt.ArrayLike) -> Floats:
    """Points on the ellipsoid as earth-centred x, y, z in metres; the result has a last axis of 3."""
    phi, lam = np.radians(np.asarray(lat, dtype=np.float64)), np.radians(np.asarray(lon, dtype=np.float64))
    prime_vertical_m = SEMI_MAJOR_M / np.sqrt(1 - ECCENTRICITY_SQUARED * np.sin(phi) ** 2)
    return np.stack(
        [
            prime_vertical_m * np.cos(phi) * np.cos(lam),
            prime_vertical_m * np.cos(phi) * np.sin(lam),
            prime_vertical_m * (1 - ECCENTRICITY_SQUARED) * np.sin(phi),
        ],
        axis=-1,
    )


def surface_point(ecef: Floats) -> tuple[Floats, Floats]:
    """Latitude and longitude of points within a few hundred metres of the ellipsoid, dropped onto it.

    Two rounds of Bowring's formula (Survey Review 23, 1976); error below 1e-11 degree there."""
    x, y, z = ecef[..., 0], ecef[..., 1], ecef[..., 2]
    p = np.hypot(x, y)
    semi_minor_m = SEMI_MAJOR_M * (1 - FLATTENING)
    second_eccentricity_squared = ECCENTRICITY_SQUARED / (1 - ECCENTRICITY_SQUARED)
    beta = np.arctan2(z * SEMI_MAJOR_M, p * semi_minor_m)
    phi = beta
    for _ in range(2):
        phi = np.arctan2(
            z + second_eccentricity_squared * semi_minor_m * np.sin(beta) ** 3,
            p - ECCENTRICITY_SQUARED * SEMI_MAJOR_M * np.cos(beta) ** 3,
        )
        beta = np.arctan2((1 - FLATTENING) * np.sin(phi), np.cos(phi))
    return np.degrees(phi), np.degrees(np.arctan2(y, x))


def tangent_frame(lat: npt.ArrayLike, lon: npt.ArrayLike) -> tuple[Floats, Floats, Floats]:
    """East, north and up as earth-centred unit vectors, each with a last axis of 3."""
    phi, lam = np.radians(np.asarray(lat, dtype=np.float64)), np.radians(np.asarray(lon, dtype=np.float64))
    sin_phi, cos_phi, sin_lam, cos_lam = np.sin(phi), np.cos(phi), np.sin(lam), np.cos(lam)
    east = np.stack([-sin_lam, cos_lam, np.zeros_like(lam)], axis=-1)
    north = np.stack([-sin_phi * cos_lam, -sin_phi * sin_lam, cos_phi], axis=-1)
    up = np.stack([cos_phi * cos_lam, cos_phi * sin_lam, sin_phi], axis=-1)
    return east, north, up


def wrapped_lon(lon: npt.ArrayLike) -> Floats:
    """Longitude in [-180, 180)."""
    return np.mod(np.asarray(lon, dtype=np.float64) + 180.0, 360.0) - 180.0

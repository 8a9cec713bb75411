"""What a point sees in its own directions, east, north and up: the plane in which distances to pieces are compared. Compiled."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from keepclear.geo.compiled import compiled, compiled_in_place
from keepclear.geo.earth import ECCENTRICITY_SQUARED, SEMI_MAJOR_M, Floats
from keepclear.geo.geodesics import sine_and_cosine


class Seen(NamedTuple):
    """Points, and what a point sees in its own directions.

    point   (n, 3) earth-centred metres
    axes    (n, 3, 3) east, north and up of each point as unit vectors
    offset  (n, 3) the point along its own axes"""

    point: Floats
    axes: Floats
    offset: Floats


@compiled
def seen_from(lat: Floats, lon: Floats) -> Seen:
    """The points at these positions on the ellipsoid."""
    seen = unseen(len(lat))
    for i in range(len(lat)):
        look(seen, i, lat[i], lon[i])
    return seen


@compiled
def unseen(points: int) -> Seen:
    """Room for so many points."""
    return Seen(np.empty((points, 3)), np.empty((points, 3, 3)), np.empty((points, 3)))


@compiled_in_place
def look(seen: Seen, i: int, lat: float, lon: float) -> None:
    """Writes point i."""
    sin_lat, cos_lat = sine_and_cosine(lat)
    sin_lon, cos_lon = math.sin(math.radians(lon)), math.cos(math.radians(lon))
    prime_vertical_m = SEMI_MAJOR_M / math.sqrt(1 - ECCENTRICITY_SQUARED * sin_lat * sin_lat)
    point, axes, offset = seen.point[i], seen.axes[i], seen.offset[i]
    point[0] = prime_vertical_m * cos_lat * cos_lon
    point[1] = prime_vertical_m * cos_lat * sin_lon
    point[2] = prime_vertical_m * (1 - ECCENTRICITY_SQUARED) * sin_lat
    axes[0, 0], axes[0, 1], axes[0, 2] = -sin_lon, cos_lon, 0.0
    axes[1, 0], axes[1, 1], axes[1, 2] = -sin_lat * cos_lon, -sin_lat * sin_lon, cos_lat
    axes[2, 0], axes[2, 1], axes[2, 2] = cos_lat * cos_lon, cos_lat * sin_lon, sin_lat
    for axis in range(3):
        offset[axis] = axes[axis, 0] * point[0] + axes[axis, 1] * point[1] + axes[axis, 2] * point[2]


@compiled_in_place
def vertex_seen(seen: Seen, i: int, vertex: Floats, k: int) -> tuple[float, float, float]:
    """East, north and up of a vertex as seen from point i."""
    axes, offset = seen.axes, seen.offset
    x, y, z = vertex[k, 0], vertex[k, 1], vertex[k, 2]
    return (
        axes[i, 0, 0] * x + axes[i, 0, 1] * y + axes[i, 0, 2] * z - offset[i, 0],
        axes[i, 1, 0] * x + axes[i, 1, 1] * y + axes[i, 1, 2] * z - offset[i, 1],
        axes[i, 2, 0] * x + axes[i, 2, 1] * y + axes[i, 2, 2] * z - offset[i, 2],
    )

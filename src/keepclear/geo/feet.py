"""The foot of a point on a line of short pieces, once the nearest piece is known: how far it is, and on which side the point lies.

Compiled. The foot on the chord is dropped onto the ellipsoid by two rounds of Bowring's formula, as in `earth.surface_point`."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from keepclear.geo.compiled import compiled, compiled_in_place
from keepclear.geo.earth import ECCENTRICITY_SQUARED, FLATTENING, SEMI_MAJOR_M, Floats
from keepclear.geo.geodesic_series import SECOND_ECCENTRICITY_SQUARED
from keepclear.geo.geodesics import SEMI_MINOR_M, inverse

Indexes = npt.NDArray[np.int32]

_QUARTER_M = 10_000_000.0


class Links(NamedTuple):
    """The pieces of lines: see `Boundary`."""

    vertex: Floats
    start: Indexes
    end: Indexes
    before: Indexes
    after: Indexes


@compiled
def feet(
    links: Links, piece: Indexes, share: Floats, lat: Floats, lon: Floats, point: Floats
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """`foot` for columns."""
    distance_m, left = np.empty(len(piece)), np.empty(len(piece), np.bool_)
    for i in range(len(piece)):
        x, y, z = point[i]
        distance_m[i], left[i] = foot(links, piece[i], share[i], lat[i], lon[i], x, y, z)
    return distance_m, left


@compiled_in_place
def foot(
    links: Links, piece: int, share: float, lat: float, lon: float, x: float, y: float, z: float
) -> tuple[float, bool]:
    """Metres from a point to its foot, and whether it lies on the left there.

    share    of the piece before the foot
    x, y, z  the point as earth-centred metres

    At a vertex both pieces that meet there count: left of both where the line turns left, of either where it turns right.
    From the other side of the earth left and right change places; no shape is so large that its inside would reach there."""
    a, b = links.vertex[links.start[piece]], links.vertex[links.end[piece]]
    foot_lat, foot_lon, up_x, up_y, up_z = _dropped(
        a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1]), a[2] + share * (b[2] - a[2])
    )
    distance_m, _ = inverse(lat, lon, foot_lat, foot_lon)
    left = _beside(links, piece, x, y, z, up_x, up_y, up_z) > 0
    other = -1
    if share <= 0.0:
        other = links.before[piece]
    elif share >= 1.0:
        other = links.after[piece]
    if other >= 0:
        first, second = (other, piece) if share <= 0.0 else (piece, other)
        other_left = _beside(links, other, x, y, z, up_x, up_y, up_z) > 0
        left = (left and other_left) if _turn(links, first, second, up_x, up_y, up_z) > 0 else (left or other_left)
    return distance_m, left and distance_m < _QUARTER_M


@compiled_in_place
def _beside(links: Links, piece: int, x: float, y: float, z: float, up_x: float, up_y: float, up_z: float) -> float:
    """Above 0 on the left of a piece."""
    a, b = links.vertex[links.start[piece]], links.vertex[links.end[piece]]
    return _upright(b[0] - a[0], b[1] - a[1], b[2] - a[2], x - a[0], y - a[1], z - a[2], up_x, up_y, up_z)


@compiled_in_place
def _turn(links: Links, first: int, second: int, up_x: float, up_y: float, up_z: float) -> float:
    """Above 0 where the line turns left from one piece to the next."""
    a, b = links.vertex[links.start[first]], links.vertex[links.end[first]]
    c, d = links.vertex[links.start[second]], links.vertex[links.end[second]]
    return _upright(b[0] - a[0], b[1] - a[1], b[2] - a[2], d[0] - c[0], d[1] - c[1], d[2] - c[2], up_x, up_y, up_z)


@compiled_in_place
def _upright(
    ax: float, ay: float, az: float, bx: float, by: float, bz: float, up_x: float, up_y: float, up_z: float
) -> float:
    """The part of the cross product that points up."""
    return (ay * bz - az * by) * up_x + (az * bx - ax * bz) * up_y + (ax * by - ay * bx) * up_z


@compiled_in_place
def _dropped(x: float, y: float, z: float) -> tuple[float, float, float, float, float]:
    """Latitude and longitude under a point near the ellipsoid, and the direction up there."""
    from_axis_m = math.sqrt(x * x + y * y)
    sin, cos = z * SEMI_MAJOR_M, from_axis_m * SEMI_MINOR_M  # of the reduced latitude, not yet to scale
    north, out = 0.0, 1.0
    for _ in range(2):
        scale = 1 / math.sqrt(sin * sin + cos * cos)
        sin, cos = sin * scale, cos * scale
        north = z + SECOND_ECCENTRICITY_SQUARED * SEMI_MINOR_M * sin * sin * sin
        out = from_axis_m - ECCENTRICITY_SQUARED * SEMI_MAJOR_M * cos * cos * cos
        sin, cos = (1 - FLATTENING) * north, out
    scale = 1 / math.sqrt(north * north + out * out)
    lean = out * scale / from_axis_m if from_axis_m > 0.0 else 0.0
    lat, lon = math.degrees(math.atan2(north, out)), math.degrees(math.atan2(y, x))
    return lat, lon, lean * x, lean * y, north * scale

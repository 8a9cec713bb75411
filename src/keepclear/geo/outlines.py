"""What the builder of cells knows of each shape: its kind, the box it lies in, and its edge as plain numbers.

A polygon is a chain of vertices in latitude and longitude, unwrapped so that nothing jumps at the antimeridian; a
geodesic one is split so that the straight line between neighbours on the map passes within metres of the edge, and has
its vertices and the upright planes of its pieces in earth-centred metres as well. A circle is a centre and two chords.
Every other shape, and a polygon that comes near a pole or spans half the earth, is asked: see `asking.py`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from keepclear.geo import earth
from keepclear.geo.asking import NOT_ASKED, Asked, ask
from keepclear.geo.boundary import Ring
from keepclear.geo.cells import ASK, CIRCLE, GEODESIC, LONLAT, Ints, Longs, ecef
from keepclear.geo.compiled import compiled
from keepclear.geo.earth import Floats
from keepclear.geo.rings import unwrapped_rings
from keepclear.geo.shapes import Circle, Polygon, Shape

PIECE_M_MAX = 20_000.0
BOW_M_MAX = 5.0
LAT_DEG_MAX = 86.0
# Curvature radii of WGS84 lie between b²/a (meridian, equator) and a²/b (pole).
RADIUS_M_MIN = earth.SEMI_MAJOR_M * (1 - earth.FLATTENING) ** 2
RADIUS_M_MAX = earth.SEMI_MAJOR_M / (1 - earth.FLATTENING)
# A degree of latitude is never shorter than this.
M_PER_DEG_MIN = 110_574.0
CHORD_SLACK_M = 0.001


_NO_VERTEX, _NO_UPRIGHT = np.empty((0, 2)), np.empty((0, 6))


@dataclass(frozen=True, eq=False, slots=True)
class Outline:
    """One shape as the builder sees it.

    row      its row of `Cells.zone`
    box      lowest and highest latitude, lowest and highest longitude within reach; unwrapped, west of east
    bow_m    how far the edge may pass beside the straight line between neighbouring vertices on the map
    vertex   (n, 2) latitude and longitude; each ring repeats its first vertex, and a row of NaN parts two rings
    upright  (n, 6) for geodesic edges: the vertex, and the unit normal of the plane of the piece that begins there
    """

    kind: int
    row: Floats
    box: tuple[float, float, float, float]
    bow_m: float = 0.0
    vertex: Floats = field(default_factory=lambda: _NO_VERTEX)
    upright: Floats = field(default_factory=lambda: _NO_UPRIGHT)
    asked: Asked | None = None


class Outlines(NamedTuple):
    """Many outlines as columns; those of the zone in row i lie from `first[i]` to `first[i + 1]`."""

    kind: Ints
    row: Floats
    box: Floats
    bow_m: Floats
    first: Longs
    vertex: Floats
    first_upright: Longs
    upright: Floats
    first_asked: Longs
    asked_tile: Ints
    asked_state: Ints
    asked_grid: npt.NDArray[np.int8]


def outline_of(shape: Shape, reach_m: float) -> Outline:
    """The outline of a shape of whose edge somebody wants to know within `reach_m`, 0 or more."""
    if isinstance(shape, Circle):
        return _circle(shape, reach_m)
    if isinstance(shape, Polygon):
        found = _polygon(shape, reach_m)
        if found is not None:
            return found
    asked = ask(shape, reach_m)
    return Outline(ASK, _row(reach_m), asked.box, asked=asked)


def _row(reach_m: float, values: Sequence[float] = (0.0,) * 6) -> Floats:
    return np.array([*values, reach_m, 0.0])


def chord_m(length_m: float) -> tuple[float, float]:
    """Shortest and longest chord under a geodesic of this length, within `CHORD_SLACK_M`.

    On a circle of radius R it is 2 R sin(s / 2 R), and R is some radius of curvature of the ellipsoid. What torsion adds
    is of the order of e'⁴ s⁵ / 360 R⁴ (the amount by which a normal section is longer than the geodesic)."""
    twist_m = 4.6e-5 * length_m * (length_m / RADIUS_M_MIN) ** 4 / 90.0
    low, high = (2 * radius * math.sin(length_m / (2 * radius)) for radius in (RADIUS_M_MIN, RADIUS_M_MAX))
    return max(low - CHORD_SLACK_M - twist_m, 0.0), high + CHORD_SLACK_M + twist_m


def _circle(shape: Circle, reach_m: float) -> Outline:
    low, high = chord_m(shape.radius_m)
    centre = ecef(float(shape.lat), float(shape.lon))
    box = around_box(shape.lat, shape.lon, shape.radius_m + reach_m)
    return Outline(CIRCLE, _row(reach_m, (*centre, low * low, high * high, shape.radius_m)), box)


def around_box(lat: float, lon: float, radius_m: float) -> tuple[float, float, float, float]:
    """A box of latitudes and longitudes about a circle; all longitudes where it comes near a pole."""
    half_lat = radius_m / M_PER_DEG_MIN + 1e-6
    south, north = max(lat - half_lat, -90.0), min(lat + half_lat, 90.0)
    if max(-south, north) > 89.0:
        return south, north, -180.0, 180.0
    across = math.sin(min(radius_m / RADIUS_M_MIN, math.pi / 2)) / math.cos(math.radians(abs(lat)))
    if across >= 0.99:
        return south, north, -180.0, 180.0
    # The sphere's widest longitude, and 1 % for the ellipsoid.
    half_lon = 1.01 * math.degrees(math.asin(across)) + 1e-6
    return south, north, lon - half_lon, lon + half_lon


def _polygon(shape: Polygon, reach_m: float) -> Outline | None:
    """None where the plane of latitude and longitude will not do."""
    rings = unwrapped_rings(shape.rings)
    if rings is None:
        return None
    geodesic = shape.edges == "geodesic"
    if geodesic:
        rings = [_split(lat, lon) for lat, lon in rings]
    vertex = _chained(rings)
    south, north = min(float(lat.min()) for lat, _ in rings), max(float(lat.max()) for lat, _ in rings)
    west, east = min(float(lon.min()) for _, lon in rings), max(float(lon.max()) for _, lon in rings)
    half_lat = (reach_m + BOW_M_MAX) / M_PER_DEG_MIN + 1e-6
    highest = max(-south, north) + half_lat
    if highest > LAT_DEG_MAX:
        return None
    half_lon = half_lat / math.cos(math.radians(highest))
    if east - west + 2 * half_lon > 180.0:
        return None
    box = (south - half_lat, north + half_lat, west - half_lon, east + half_lon)
    if not geodesic:
        return Outline(LONLAT, _row(reach_m), box, vertex=vertex)
    upright = np.empty((len(vertex), 6))
    bow_m = _raise_planes(np.ascontiguousarray(vertex), np.ascontiguousarray(earth.to_ecef(*vertex.T)), upright)
    return Outline(GEODESIC, _row(reach_m), box, bow_m=bow_m, vertex=vertex, upright=upright)


def _chained(rings: Sequence[Ring]) -> Floats:
    vertex = np.full((sum(len(lat) + 1 for lat, _ in rings) - 1, 2), np.nan)
    first = 0
    for lat, lon in rings:
        last = first + len(lat)
        vertex[first:last, 0], vertex[first:last, 1] = lat, lon
        first = last + 1
    return vertex


def _split(lat: Floats, lon: Floats) -> Ring:
    """The ring with points added so that no piece is longer than 20 km or bows more than 5 m."""
    ecef = earth.to_ecef(lat, lon)
    apart_m = np.sqrt(((ecef[1:] - ecef[:-1]) ** 2).sum(axis=1))
    tangent = np.tan(np.radians(np.minimum(np.maximum(np.abs(lat[1:]), np.abs(lat[:-1])) + 0.1, LAT_DEG_MAX)))
    longest_m = np.minimum(PIECE_M_MAX, np.sqrt(BOW_M_MAX / bow_factor(tangent)))
    long = np.flatnonzero(apart_m > longest_m)
    if not len(long):
        return lat, lon
    new_lat, new_lon = [lat[: long[0] + 1]], [lon[: long[0] + 1]]
    whole_m, azimuth_deg = earth.inverse(lat[long], lon[long], lat[long + 1], lon[long + 1])
    # An edge may pass nearer to the pole than its ends, so that its own pieces must be shorter still.
    for k, edge in enumerate(long):
        reached = min(float(max(abs(lat[edge]), abs(lat[edge + 1])) + np.degrees(whole_m[k] / 6.3e6) / 2), LAT_DEG_MAX)
        piece_m = min(PIECE_M_MAX, float(np.sqrt(BOW_M_MAX / bow_factor(np.tan(np.radians(reached))))))
        count = int(np.ceil(whole_m[k] / piece_m))
        between = earth.step_along(lat[edge], lon[edge], azimuth_deg[k], whole_m[k] * np.arange(1, count) / count)
        following = long[k + 1] if k + 1 < len(long) else len(lat) - 1
        new_lat += [between[0], lat[edge + 1 : following + 1]]
        new_lon += [lon[edge] + earth.wrapped_lon(between[1] - lon[edge]), lon[edge + 1 : following + 1]]
    return np.concatenate(new_lat), np.concatenate(new_lon)


def bow_factor(tangent: Floats | float) -> Floats:
    """Times the length squared, how far a geodesic may pass beside the straight line on the map; see `boundary.py`."""
    return np.asarray(np.maximum(tangent, 0.02) * 2.0 / (8.0 * earth.MEAN_RADIUS_M), dtype=np.float64)


@compiled
def _raise_planes(vertex: Floats, ecef: Floats, upright: Floats) -> float:
    """Fills in vertices and normals of upright planes; gives the largest bow of a piece in metres."""
    bow_m = 0.0
    for k in range(len(vertex)):
        upright[k, :3] = ecef[k]
        upright[k, 3:] = np.nan
        if k + 1 < len(vertex) and vertex[k, 0] == vertex[k, 0] and vertex[k + 1, 0] == vertex[k + 1, 0]:
            lat, lon = np.radians(vertex[k] + vertex[k + 1]) / 2.0
            ux, uy, uz = np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)
            dx, dy, dz = ecef[k + 1] - ecef[k]
            nx, ny, nz = dy * uz - dz * uy, dz * ux - dx * uz, dx * uy - dy * ux
            length = np.sqrt(nx * nx + ny * ny + nz * nz)
            upright[k, 3], upright[k, 4], upright[k, 5] = nx / length, ny / length, nz / length
            tangent = max(abs(np.tan(np.radians(vertex[k, 0]))), abs(np.tan(np.radians(vertex[k + 1, 0]))), 0.02)
            bow_m = max(bow_m, 1.1 * (dx * dx + dy * dy + dz * dz) * tangent * 2.0 / (8.0 * 6_371_008.8))
    return bow_m


def columns_of(outlines: Sequence[Outline]) -> Outlines:
    """Outlines joined end to end."""
    asked = [outline.asked or NOT_ASKED for outline in outlines]
    first_grid = _starts([len(said.grid) for said in asked])
    state = [
        np.where(said.state >= 0, said.state + first, said.state)
        for said, first in zip(asked, first_grid, strict=False)
    ]
    return Outlines(
        kind=np.array([outline.kind for outline in outlines], dtype=np.int32),
        row=np.array([outline.row for outline in outlines]).reshape(-1, 8),
        box=np.array([outline.box for outline in outlines], dtype=np.float64).reshape(-1, 4),
        bow_m=np.array([outline.bow_m for outline in outlines], dtype=np.float64),
        first=_starts([len(outline.vertex) for outline in outlines]),
        vertex=np.concatenate([_NO_VERTEX, *(outline.vertex for outline in outlines)]),
        first_upright=_starts([len(outline.upright) for outline in outlines]),
        upright=np.concatenate([_NO_UPRIGHT, *(outline.upright for outline in outlines)]),
        first_asked=_starts([len(said.tile) for said in asked]),
        asked_tile=np.concatenate([NOT_ASKED.tile, *(said.tile for said in asked)]),
        asked_state=np.concatenate([NOT_ASKED.state, *state]).astype(np.int32),
        asked_grid=np.concatenate([NOT_ASKED.grid, *(said.grid for said in asked)]),
    )


def _starts(lengths: Sequence[int]) -> Longs:
    return np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(np.int64)

"""The signed distance to the edge of many shapes of every kind, each at positions of its own: the kernel of `Measures`.

Compiled, position by position. The bits are those of `Shape.edge_m`."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from keepclear.geo.compiled import compiled, compiled_in_place
from keepclear.geo.earth import Floats
from keepclear.geo.feet import Links, foot
from keepclear.geo.geodesics import inverse
from keepclear.geo.nearest import Search, nearest_piece, waiting_room
from keepclear.geo.seeing import Seen, look, unseen

CIRCLE, SECTOR, POLYGON, CORRIDOR = range(4)

Numbers = npt.NDArray[np.intp]


class Edges(NamedTuple):
    """Shapes by number.

    kind   CIRCLE to CORRIDOR
    size   (n, 6) latitude, longitude, radius or half-width, inner radius, first side and span; 0 for what there is not
    line   of each the row in `search.lines`, -1 where there is none"""

    kind: npt.NDArray[np.int8]
    size: Floats
    line: Numbers
    search: Search
    links: Links


class Desk(NamedTuple):
    """What a search writes on: one point, and the balls still to open."""

    seen: Seen
    room: tuple[npt.NDArray[np.int64], Floats]


@compiled
def desk() -> Desk:
    """An empty one."""
    return Desk(unseen(1), waiting_room())


@compiled
def edges_m(edges: Edges, number: Numbers, lat: Floats, lon: Floats) -> Floats:
    """Metres from each position to the edge of its shape, negative inside."""
    edge_m, written = np.empty(len(number)), desk()
    for i in range(len(number)):
        edge_m[i], _ = edge(edges, number[i], lat[i], lon[i], written, -1)
    return edge_m


@compiled_in_place
def edge(edges: Edges, number: int, lat: float, lon: float, written: Desk, guess: int) -> tuple[float, int]:
    """Metres from a position to the edge of a shape, negative inside, and the piece of its line that is nearest, or -1.

    guess  a piece that may be near, or -1; it changes only the time"""
    kind, size = edges.kind[number], edges.size[number]
    if kind == CIRCLE:
        return inverse(size[0], size[1], lat, lon)[0] - size[2], -1
    line_m, left = np.inf, False
    if edges.line[number] >= 0:
        look(written.seen, 0, lat, lon)
        guess, share = nearest_piece(written.seen, 0, edges.line[number], edges.search, written.room, guess)
        x, y, z = written.seen.point[0]
        line_m, left = foot(edges.links, guess, share, lat, lon, x, y, z)
    if kind == POLYGON:
        return (-line_m if left else line_m), guess
    if kind == CORRIDOR:
        return line_m - size[2], guess
    apart_m, bearing_deg = inverse(size[0], size[1], lat, lon)
    return sector_edge_m(apart_m, (bearing_deg - size[4]) % 360.0, line_m, size[5], size[2], size[3]), guess


@compiled_in_place
def sector_edge_m(
    apart_m: float, turn_deg: float, side_m: float, span_deg: float, radius_m: float, inner_radius_m: float
) -> float:
    """Signed metres to the edge of a sector, of a point that lies so far from its centre.

    turn_deg  clockwise from the first side to the point, as seen from the centre
    side_m    from the point to the nearer straight side; infinite where there is none"""
    facing = turn_deg <= span_deg or apart_m == 0.0
    if not facing:
        return side_m
    to_inner_m = abs(apart_m - inner_radius_m) if inner_radius_m > 0.0 else np.inf
    nearest_m = min(abs(apart_m - radius_m), to_inner_m, side_m)
    return -nearest_m if inner_radius_m <= apart_m <= radius_m else nearest_m


@compiled
def sector_edges_m(
    apart_m: Floats, turn_deg: Floats, side_m: Floats, span_deg: float, radius_m: float, inner_radius_m: float
) -> Floats:
    """`sector_edge_m` of one sector for columns."""
    edge_m = np.empty(len(apart_m))
    for i in range(len(apart_m)):
        edge_m[i] = sector_edge_m(apart_m[i], turn_deg[i], side_m[i], span_deg, radius_m, inner_radius_m)
    return edge_m

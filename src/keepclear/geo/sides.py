"""On which side of an edge a position lies, seen from the entry of its cell: inside, outside, or too near to tell.

An entry of a polygon knows the state of one reference point of its cell. The way from there to the position changes
state at each piece it crosses. A piece is crossed if its line parts the two ends of the way, and the way parts the two
ends of the piece. Which side of the way a vertex lies on is worked out from the vertex alone, so the two pieces that
share it agree: rounding may move the vertex a hair, but never opens the ring.
"""

from __future__ import annotations

from keepclear.geo.cells import ASK, CIRCLE, LONLAT, REFERENCES, SHIFT_MAX, TILE_DEG, Cells, ecef, steps
from keepclear.geo.compiled import compiled_in_place

OUTSIDE, INSIDE, UNSURE = 0, 1, 2
# Nearer than this to the line of a piece the position is handed to the exact engine: 2 mm.
UNSURE_DEG = 2e-8
UNSURE_M = 0.002


@compiled_in_place
def side(cells: Cells, entry: int, lat: float, lon: float, x: float, y: float, z: float) -> int:
    """INSIDE or OUTSIDE the zone of an entry of the position's own cell, or UNSURE; x, y, z = ecef(lat, lon)."""
    bits = cells.entry[entry, 2]
    kind = bits & 3
    if kind == CIRCLE:
        return circle_side(cells, cells.entry[entry, 0], x, y, z)
    if kind == ASK:
        return UNSURE
    if kind == LONLAT:
        return lonlat_side(cells, entry, lat, lon)
    rx, ry, rz = ecef(*reference_point(bits, lat, lon))
    return _geodesic_side(cells, cells.entry[entry, 1], bits >> 10, (bits >> 2) & 1, rx, ry, rz, x, y, z)


@compiled_in_place
def circle_side(cells: Cells, zone: int, x: float, y: float, z: float) -> int:
    """The same for a circle: by the squared chord to its centre."""
    dx, dy, dz = x - cells.zone[zone, 0], y - cells.zone[zone, 1], z - cells.zone[zone, 2]
    squared = dx * dx + dy * dy + dz * dz
    return INSIDE * int(squared < cells.zone[zone, 3]) + UNSURE * int(
        (squared >= cells.zone[zone, 3]) & (squared <= cells.zone[zone, 4])
    )


@compiled_in_place
def reference_point(bits: int, lat: float, lon: float) -> tuple[float, float]:
    """Latitude and longitude of the reference point of an entry of the position's cell."""
    shift, number = (bits >> 7) & 7, (bits >> 3) & 15
    north, east = steps(lat, lon)
    width = TILE_DEG / (1 << shift)
    return (
        ((north >> (SHIFT_MAX - shift)) + REFERENCES[number, 0]) * width - 90.0,
        ((east >> (SHIFT_MAX - shift)) + REFERENCES[number, 1]) * width - 180.0,
    )


@compiled_in_place
def lonlat_side(cells: Cells, entry: int, lat: float, lon: float) -> int:
    """The same for a polygon that is straight in longitude and latitude. Nothing but the end of the loop is a branch."""
    first, bits = cells.entry[entry, 1], cells.entry[entry, 2]
    ref_lat, ref_lon = reference_point(bits, lat, lon)
    way_lat, way_lon = lat - ref_lat, lon - ref_lon
    inside, unsure = (bits & 4) != 0, False
    a_lat, a_lon = cells.lonlat[first, 0], cells.lonlat[first, 1]
    a_left = way_lon * (a_lat - ref_lat) - way_lat * (a_lon - ref_lon) > 0
    for vertex in range(first + 1, first + 1 + (bits >> 10)):
        b_lat, b_lon = cells.lonlat[vertex, 0], cells.lonlat[vertex, 1]
        b_left = way_lon * (b_lat - ref_lat) - way_lat * (b_lon - ref_lon) > 0
        edge_lat, edge_lon = b_lat - a_lat, b_lon - a_lon
        over = edge_lon * (lat - a_lat) - edge_lat * (lon - a_lon)
        ref_over = edge_lon * (ref_lat - a_lat) - edge_lat * (ref_lon - a_lon)
        unsure |= over * over <= (UNSURE_DEG * UNSURE_DEG) * (edge_lat * edge_lat + edge_lon * edge_lon)
        inside ^= (a_left != b_left) & ((over > 0) != (ref_over > 0))
        a_lat, a_lon, a_left = b_lat, b_lon, b_left
    return UNSURE if unsure else int(inside)


@compiled_in_place
def _geodesic_side(
    cells: Cells, first: int, pieces: int, inside: int, rx: float, ry: float, rz: float, x: float, y: float, z: float
) -> int:
    # The way is the plane through reference and position that stands upright at the reference.
    wx = (y - ry) * rz - (z - rz) * ry
    wy = (z - rz) * rx - (x - rx) * rz
    wz = (x - rx) * ry - (y - ry) * rx
    ax, ay, az = cells.geodesic[first, 0], cells.geodesic[first, 1], cells.geodesic[first, 2]
    a_left = wx * (ax - rx) + wy * (ay - ry) + wz * (az - rz) > 0
    for vertex in range(first, first + pieces):
        nx, ny, nz = cells.geodesic[vertex, 3], cells.geodesic[vertex, 4], cells.geodesic[vertex, 5]
        bx, by, bz = cells.geodesic[vertex + 1, 0], cells.geodesic[vertex + 1, 1], cells.geodesic[vertex + 1, 2]
        b_left = wx * (bx - rx) + wy * (by - ry) + wz * (bz - rz) > 0
        over_m = nx * (x - ax) + ny * (y - ay) + nz * (z - az)
        if abs(over_m) <= UNSURE_M:
            return UNSURE
        if a_left != b_left:
            ref_over_m = nx * (rx - ax) + ny * (ry - ay) + nz * (rz - az)
            inside ^= int((over_m > 0) != (ref_over_m > 0))
        ax, ay, az, a_left = bx, by, bz, b_left
    return inside

"""On which side of an edge a position lies, seen from the entry of its cell: inside, outside, or too near to tell.

An entry of a polygon knows the state of one reference point of its cell. The way from there to the position changes
state at each piece it crosses. A piece is crossed if its line parts the two ends of the way, and the way parts the two
ends of the piece. Which side of the way a vertex lies on is worked out from the vertex alone, so the two pieces that
share it agree: rounding may move the vertex a hair, but never opens the ring.
"""

from __future__ import annotations

from keepclear.geo.cells import ASK, CIRCLE, LONLAT, REFERENCES, TILES_PER_DEGREE, Cells, ecef
from keepclear.geo.compiled import compiled

OUTSIDE, INSIDE, UNSURE = 0, 1, 2
# Nearer than this to the line of a piece the position is handed to the exact engine: 2 mm.
UNSURE_DEG = 2e-8
UNSURE_M = 0.002


@compiled
def side(cells: Cells, entry: int, lat: float, lon: float, x: float, y: float, z: float) -> int:
    """INSIDE or OUTSIDE the zone of an entry of the position's own cell, or UNSURE; x, y, z = ecef(lat, lon)."""
    bits = cells.entry[entry, 2]
    kind = bits & 3
    if kind == CIRCLE:
        zone = cells.entry[entry, 0]
        dx, dy, dz = x - cells.zone[zone, 0], y - cells.zone[zone, 1], z - cells.zone[zone, 2]
        squared = dx * dx + dy * dy + dz * dz
        return INSIDE if squared < cells.zone[zone, 3] else (OUTSIDE if squared > cells.zone[zone, 4] else UNSURE)
    if kind == ASK:
        return UNSURE
    ref_lat, ref_lon = reference_point(bits, lat, lon)
    first, inside = cells.entry[entry, 1], (bits >> 2) & 1
    if kind == LONLAT:
        return _lonlat_side(cells, first, bits >> 10, inside, ref_lat, ref_lon, lat, lon)
    rx, ry, rz = ecef(ref_lat, ref_lon)
    return _geodesic_side(cells, first, bits >> 10, inside, rx, ry, rz, x, y, z)


@compiled
def reference_point(bits: int, lat: float, lon: float) -> tuple[float, float]:
    """Latitude and longitude of the reference point of an entry of the position's cell."""
    per_degree = TILES_PER_DEGREE << ((bits >> 7) & 7)
    row = min(max(int((lat + 90.0) * per_degree), 0), 180 * per_degree - 1)
    column = min(max(int((lon + 180.0) * per_degree), 0), 360 * per_degree - 1)
    number = (bits >> 3) & 15
    return (
        (row + REFERENCES[number, 0]) / per_degree - 90.0,
        (column + REFERENCES[number, 1]) / per_degree - 180.0,
    )


@compiled
def _lonlat_side(
    cells: Cells, first: int, pieces: int, inside: int, ref_lat: float, ref_lon: float, lat: float, lon: float
) -> int:
    way_lat, way_lon = lat - ref_lat, lon - ref_lon
    a_lat, a_lon = cells.lonlat[first, 0], cells.lonlat[first, 1]
    a_left = way_lon * (a_lat - ref_lat) - way_lat * (a_lon - ref_lon) > 0
    for vertex in range(first + 1, first + 1 + pieces):
        b_lat, b_lon = cells.lonlat[vertex, 0], cells.lonlat[vertex, 1]
        b_left = way_lon * (b_lat - ref_lat) - way_lat * (b_lon - ref_lon) > 0
        edge_lat, edge_lon = b_lat - a_lat, b_lon - a_lon
        over = edge_lon * (lat - a_lat) - edge_lat * (lon - a_lon)
        if over * over <= (UNSURE_DEG * UNSURE_DEG) * (edge_lat * edge_lat + edge_lon * edge_lon):
            return UNSURE
        if a_left != b_left:
            ref_over = edge_lon * (ref_lat - a_lat) - edge_lat * (ref_lon - a_lon)
            inside ^= int((over > 0) != (ref_over > 0))
        a_lat, a_lon, a_left = b_lat, b_lon, b_left
    return inside


@compiled
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

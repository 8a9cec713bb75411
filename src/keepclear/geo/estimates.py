"""The signed distance to an edge as the kernel knows it, with an error that it answers for.

The errors are derived in docs/kernel.md and held against `Shape.edge_m` by the tests. Whoever has a threshold within
`error_m` of `edge_m` asks the shape itself.
"""

from __future__ import annotations

import numpy as np

from keepclear.geo.cells import ASK, CIRCLE, LONLAT, Cells
from keepclear.geo.compiled import compiled_in_place
from keepclear.geo.earth import ECCENTRICITY_SQUARED, MEAN_RADIUS_M, SEMI_MAJOR_M
from keepclear.geo.outlines import RADIUS_M_MAX, RADIUS_M_MIN
from keepclear.geo.sides import INSIDE, UNSURE, side

# Beyond this the series behind the errors are not kept small enough; the shape is asked.
ESTIMATED_M_MAX = 200_000.0
_MM = 0.001


@compiled_in_place
def estimate(cells: Cells, entry: int, lat: float, lon: float, x: float, y: float, z: float) -> tuple[float, float]:
    """Signed metres to the edge of an entry's zone, negative inside, and their error: |true - edge_m| <= error_m.

    The entry is one of the position's own place, and x, y, z = ecef(lat, lon). Farther than the zone's reach: plus or minus
    infinity, 0. Not known to the kernel: NaN, infinity."""
    zone = cells.zone[cells.entry[entry, 0]]
    bits = cells.entry[entry, 2]
    kind = bits & 3
    if kind == ASK:
        return np.nan, np.inf
    if kind == CIRCLE:
        edge_m, error_m = _circle_edge(zone[0], zone[1], zone[2], zone[5], x, y, z)
    else:
        first, pieces = cells.entry[entry, 1], bits >> 10
        if kind == LONLAT:
            edge_m, error_m = _lonlat_edge(cells, first, pieces, lat, lon)
        else:
            edge_m, error_m = _geodesic_edge(cells, first, pieces, x, y, z)
        said = side(cells, entry, lat, lon, x, y, z)
        if said == UNSURE:
            # So near the line of a piece that the side is open; on the piece itself that is no matter.
            if edge_m > 0.1:
                return np.nan, np.inf
            error_m += 2 * edge_m
        elif said == INSIDE:
            edge_m = -edge_m
    if abs(edge_m) - error_m > zone[6]:
        return (np.inf if edge_m > 0 else -np.inf), 0.0
    if abs(edge_m) > ESTIMATED_M_MAX:
        return np.nan, np.inf
    return edge_m, error_m


@compiled_in_place
def _circle_edge(cx: float, cy: float, cz: float, radius_m: float, x: float, y: float, z: float) -> tuple[float, float]:
    """The arc over the chord lies between those of the smallest and the largest radius of curvature."""
    chord_m = np.sqrt((x - cx) ** 2 + (y - cy) ** 2 + (z - cz) ** 2)
    long_m = 2 * RADIUS_M_MIN * np.arcsin(min(chord_m / (2 * RADIUS_M_MIN), 1.0))
    short_m = 2 * RADIUS_M_MAX * np.arcsin(min(chord_m / (2 * RADIUS_M_MAX), 1.0))
    twist_m = 4.6e-5 / 90.0 * long_m * (long_m / RADIUS_M_MIN) ** 4
    return (long_m + short_m) / 2 - radius_m, (long_m - short_m) / 2 + twist_m + _MM


@compiled_in_place
def _geodesic_edge(cells: Cells, first: int, pieces: int, x: float, y: float, z: float) -> tuple[float, float]:
    """Over the inner part of a piece the distance to its upright plane, else the chord to a vertex; both made arcs."""
    lateral_m, squared = np.inf, np.inf
    for vertex in range(first, first + pieces):
        a, b = cells.geodesic[vertex], cells.geodesic[vertex + 1]
        px, py, pz = x - a[0], y - a[1], z - a[2]
        dx, dy, dz = b[0] - a[0], b[1] - a[1], b[2] - a[2]
        along, length = px * dx + py * dy + pz * dz, dx * dx + dy * dy + dz * dz
        if along <= 0.0:
            squared = min(squared, px * px + py * py + pz * pz)
        elif along >= length:
            squared = min(squared, (px - dx) ** 2 + (py - dy) ** 2 + (pz - dz) ** 2)
        else:
            lateral_m = min(lateral_m, abs(a[3] * px + a[4] * py + a[5] * pz))
    chord_m = np.sqrt(squared)
    radius_squared = MEAN_RADIUS_M * MEAN_RADIUS_M
    edge_m = min(
        lateral_m + lateral_m * lateral_m * lateral_m / (6 * radius_squared),
        chord_m + chord_m * chord_m * chord_m / (24 * radius_squared),
    )
    return edge_m, _MM + 0.03 * edge_m * edge_m * edge_m / (6 * radius_squared)


@compiled_in_place
def _lonlat_edge(cells: Cells, first: int, pieces: int, lat: float, lon: float) -> tuple[float, float]:
    """The nearest place of each piece by the scale at the position, its distance by the scale half-way."""
    sin, cos = np.sin(np.radians(lat)), np.cos(np.radians(lat))
    bulge = 1.0 - ECCENTRICITY_SQUARED * sin * sin
    per_lon_m = np.radians(SEMI_MAJOR_M * cos / np.sqrt(bulge))
    per_lat_m = np.radians(SEMI_MAJOR_M * (1.0 - ECCENTRICITY_SQUARED) / (bulge * np.sqrt(bulge)))
    squared = np.inf
    for vertex in range(first, first + pieces):
        a_lat, a_lon = cells.lonlat[vertex, 0] - lat, cells.lonlat[vertex, 1] - lon
        d_lat, d_lon = cells.lonlat[vertex + 1, 0] - lat - a_lat, cells.lonlat[vertex + 1, 1] - lon - a_lon
        x, y, dx, dy = a_lon * per_lon_m, a_lat * per_lat_m, d_lon * per_lon_m, d_lat * per_lat_m
        share = min(max(-(x * dx + y * dy) / (dx * dx + dy * dy), 0.0), 1.0)
        half = np.radians(a_lat + share * d_lat) / 2
        # The scale of longitude half-way: cos(lat + half) / cos(lat), to the second order.
        across_m = (x + share * dx) * (1.0 - half * sin / cos - half * half / 2)
        along_m = (y + share * dy) * (1.0 + 3.0 * ECCENTRICITY_SQUARED * sin * cos * half / bulge)
        apart = across_m * across_m + along_m * along_m
        squared = apart if apart < squared else squared
    edge_m = np.sqrt(squared)
    tangent = abs(sin) / cos
    bend = edge_m * (1.0 + tangent) / MEAN_RADIUS_M
    return edge_m, 2 * _MM + edge_m * bend * (bend + 1e-3)

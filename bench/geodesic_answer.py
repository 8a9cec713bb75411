"""The exact answer with geodesic edges, by other people's code: PROJ walks the edges, GEOS says who is inside.

Every edge is walked along its geodesic (Karney) in pieces so short that the straight line in longitude and latitude
between their ends is within 0.1 mm of it; GEOS then decides over these polygons with its exact predicates. Circles are
as in the given answer. A position within 0.1 mm of an edge could be told wrongly. Both answers are kept in the temporary folder:
`python -m bench.over given geodesic_answer` makes them.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import shapely
from pyproj import Geod

from bench.places import answer_file

BOW_M = 0.000_1
# A line straight in longitude and latitude bends by tan(lat) sin(a) (1 + cos(a)^2) / R against the geodesic; this is the most over all bearings a.
BEND_MAX = 1.09
RADIUS_M = 6_371_000.0
POLYGONS_AT_ONCE = 250
GEOD = Geod(ellps="WGS84")


def put_in_place(truth: ModuleType, workload: str) -> None:
    """Makes the harness compare with this answer instead of the given one."""
    file = answer_file(workload, "geodesic")
    if not file.is_file():
        sys.exit(f"First: python -m bench.over {workload} geodesic_answer")
    vars(truth)["CACHE"] = str(file)


def main() -> None:
    """Works out both answers over the workload, unless they are kept already."""
    import truth

    lonlat, geodesic = Path(truth.CACHE), answer_file(os.environ["BENCH_WORKLOAD"], "geodesic")
    unfinished = lonlat.with_suffix(".part.npy")
    if not lonlat.is_file():
        vars(truth)["CACHE"] = str(unfinished)
        truth._compute()
        unfinished.rename(lonlat)
    if not geodesic.is_file():
        np.save(unfinished, np.sort(np.concatenate([_of_circles(np.load(lonlat), truth), _of_polygons(truth)])))
        unfinished.rename(geodesic)


def _of_circles(keys: Any, truth: ModuleType) -> Any:
    is_circle = np.zeros(truth.BASE, dtype=bool)
    is_circle[[zone.id for zone in truth.w.zones(truth.Z_MAX) if zone.kind == "circle"]] = True
    return keys[is_circle[keys % truth.BASE]]


def _of_polygons(truth: ModuleType) -> Any:
    places = truth.w.positions()
    order = np.argsort(places["lon"], kind="stable")
    points = shapely.STRtree(shapely.points(places["lon"][order], places["lat"][order]))
    zones = [zone for zone in truth.w.zones(truth.Z_MAX) if zone.kind == "polygon"]
    keys = []
    for first in range(0, len(zones), POLYGONS_AT_ONCE):
        some = zones[first : first + POLYGONS_AT_ONCE]
        polygons = np.array([shapely.Polygon(walked(zone.ring)) for zone in some], dtype=object)
        shapely.prepare(polygons)
        polygon, point = points.query(polygons, predicate="intersects")
        keys.append(order[point] * truth.BASE + np.array([zone.id for zone in some])[polygon])
    return np.concatenate(keys)


def walked(ring: Any) -> Any:
    """The corners (k, 2) of lon, lat and, between them, points of the geodesics that join them."""
    lon, lat = ring.T
    bearing, _, length_m = GEOD.inv(lon, lat, np.roll(lon, -1), np.roll(lat, -1))
    steepest = np.tan(np.radians(np.minimum(np.maximum(np.abs(lat), np.abs(np.roll(lat, -1))) + 0.1, 89.0)))
    piece_m = np.sqrt(8 * RADIUS_M * BOW_M / (BEND_MAX * np.maximum(steepest, 0.1)))
    pieces = np.maximum(np.ceil(length_m / piece_m), 1).astype(np.intp)
    edge = np.repeat(np.arange(len(ring)), pieces)
    step = np.arange(len(edge)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    walked_lon, walked_lat, _ = GEOD.fwd(lon[edge], lat[edge], bearing[edge], length_m[edge] * step / pieces[edge])
    walked_lon = lon[edge] + (walked_lon - lon[edge] + 180.0) % 360.0 - 180.0
    at_corner = step == 0
    return np.column_stack([np.where(at_corner, lon[edge], walked_lon), np.where(at_corner, lat[edge], walked_lat)])


if __name__ == "__main__":
    main()

"""Seconds and memory to make an index ready to be asked; started by `bench.over`.

--index ours       shapes from rows, then the index from shapes: told apart, since shapes are also validated
--index strtree    polygons from rows (circles as 64-gons), prepared, and the tree, as the peer's script builds it

A small index is built and asked first, so that nothing is loaded or compiled under the clock.
"""

from __future__ import annotations

import resource
import time
from typing import Any

import numpy as np

from bench.timing import arguments, resident_mb, tell

SOMEWHERE = np.zeros(1)


def main() -> None:
    """Prints one line."""
    args = arguments(__doc__, index="ours", zones=10_000)
    import workload

    build = {"ours": ours, "strtree": strtree}[args.index]
    build(workload.zones(20))
    zones = workload.zones(args.zones)
    before_mb, peak_before_mb = resident_mb(), peak_mb()
    found, kept = build(zones)
    tell(
        index=args.index,
        zones=args.zones,
        **found,
        all_mb=resident_mb() - before_mb,
        peak_mb=peak_mb() - peak_before_mb,
    )
    del kept


def ours(zones: list[Any]) -> tuple[dict[str, float], object]:
    """What building ours took, and what must not be freed before memory is read."""
    from bench.watched import shape_of
    from keepclear.geo.index import ZoneIndex

    started = time.perf_counter()
    shapes = [(shape_of(zone, "lonlat"), 0.0) for zone in zones]
    shapes_s, shapes_mb = time.perf_counter() - started, resident_mb()
    started = time.perf_counter()
    index = ZoneIndex(shapes)
    index.containing(SOMEWHERE, SOMEWHERE)
    index_s = time.perf_counter() - started
    found = {
        "shapes_s": shapes_s,
        "index_s": index_s,
        "all_s": shapes_s + index_s,
        "index_mb": resident_mb() - shapes_mb,
    }
    return found, (shapes, index)


def strtree(zones: list[Any]) -> tuple[dict[str, float], object]:
    """The same for shapely's."""
    import shapely
    import workload

    started = time.perf_counter()
    polygons = workload.zone_polygons(zones)
    shapely.prepare(polygons)
    tree = shapely.STRtree(polygons)
    tree.query(shapely.points(SOMEWHERE, SOMEWHERE), predicate="intersects")
    return {"all_s": time.perf_counter() - started}, (polygons, tree)


def peak_mb() -> float:
    """The most memory this process ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


if __name__ == "__main__":
    main()

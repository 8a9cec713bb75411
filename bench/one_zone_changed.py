"""Milliseconds to change one zone of an index, and to add one; started by `bench.over`.

A changed zone moves by a tenth of its size, as an amended agreement would. Its shape is made and validated under the clock too;
what the index alone takes is told beside it. After the changes
the index must name the same pairs as one built anew; the line says how many it names otherwise.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np

from bench.timing import arguments, percentile, tell


def main() -> None:
    """Prints one line."""
    args = arguments(__doc__, zones=10_000, changes=200, positions=100_000)
    import workload

    from bench.watched import shape_of
    from keepclear.geo.index import ZoneIndex

    zones = workload.zones(args.zones + args.changes)
    zones, added = zones[: args.zones], zones[args.zones :]
    shapes = [(shape_of(zone, "lonlat"), 0.0) for zone in zones]
    index = ZoneIndex(shapes)
    index.put(0, *shapes[0])
    changed_ms, added_ms, put_ms = [], [], []
    for turn in range(args.changes):
        number = turn * 7919 % args.zones
        moved = _moved(zones[number])
        started = time.perf_counter()
        shapes[number] = shape_of(moved, "lonlat"), 0.0
        made = time.perf_counter()
        index.put(number, *shapes[number])
        put_ms.append((time.perf_counter() - made) * 1e3)
        changed_ms.append((time.perf_counter() - started) * 1e3)
    for zone in added:
        started = time.perf_counter()
        shapes.append((shape_of(zone, "lonlat"), 0.0))
        index.put(len(shapes) - 1, *shapes[-1])
        added_ms.append((time.perf_counter() - started) * 1e3)
    places = workload.positions(args.positions)
    here, anew = (
        set(zip(*i.containing(places["lat"], places["lon"]), strict=True)) for i in (index, ZoneIndex(shapes))
    )
    kinds = {"changed": changed_ms, "added": added_ms, "put": put_ms}
    shares = {"p50": 0.5, "p95": 0.95, "max": 1.0}
    found = {f"{kind}_{name}_ms": percentile(kinds[kind], share) for kind in kinds for name, share in shares.items()}
    tell(zones=args.zones, **found, otherwise_than_anew=len(here ^ anew))


def _moved(zone: Any) -> Any:
    step = 0.1 * zone.radius_m / 111_195.0
    ring = None if zone.ring is None else np.round(zone.ring + np.array([0.0, step]), 7)
    return replace(zone, lat=round(zone.lat + step, 7), ring=ring)


if __name__ == "__main__":
    main()

"""One report at a time: microseconds of the watch and of our index, beside `STRtree.query(point, "intersects")`.

All three take the same rows in turns of a few hundred, so that a slow moment of the machine meets all of them. The point is made
before the clock starts, and so is the batch of one report. The watch has heard of most subjects before: the first half of the rows is
taken without a clock. Started by `bench.over`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from bench.timing import arguments, percentile, tell

TURN = 250


def main() -> None:
    """Prints one line."""
    args = arguments(__doc__, zones=1000, positions=20_000)
    import shapely
    import workload

    from bench.watched import reports, with_terms
    from keepclear import Watch

    rows = workload.positions(args.positions)
    batch = reports(rows)
    zones = workload.zones(args.zones)
    tree = shapely.STRtree(workload.zone_polygons(zones))
    watch = Watch(with_terms(zones))
    index = watch.atlas.index
    took_us: dict[str, list[float]] = {"strtree": [], "watch": [], "index": []}
    half = len(batch) // 2
    watch.observe(batch.take(slice(0, half)))
    for first in range(half, len(batch) - TURN + 1, TURN):
        turn = slice(first, first + TURN)
        took_us["strtree"] += _each_us(
            lambda point: tree.query(point, predicate="intersects"), shapely.points(batch.lon[turn], batch.lat[turn])
        )
        took_us["watch"] += _each_us(
            watch.observe, [batch.take(slice(row, row + 1)) for row in range(first, first + TURN)]
        )
        took_us["index"] += _each_us(
            lambda one: index.containing(*one),
            [(batch.lat_e7[row : row + 1], batch.lon_e7[row : row + 1]) for row in range(first, first + TURN)],
        )
    warm = {name: values[len(values) // 10 :] for name, values in took_us.items()}
    shares = (("p50", 0.5), ("p99", 0.99))
    tell(
        zones=args.zones,
        **{f"{name}_{said}_us": percentile(values, share) for name, values in warm.items() for said, share in shares},
    )


def _each_us(call: Callable[[Any], object], arguments_of_calls: Any) -> list[float]:
    took = []
    for argument in arguments_of_calls:
        started = time.perf_counter_ns()
        call(argument)
        took.append((time.perf_counter_ns() - started) / 1e3)
    return took


if __name__ == "__main__":
    main()

"""Our index beside the peers, under their command line; started by `bench.over`.

--mode lonlat     edges straight in longitude and latitude, as the peers have them (default)
--mode geodesic   the same corners, edges geodesic, against the answer of geodesic_answer.py
--mode e7         lonlat, positions as whole numbers of 1e-7 degree, as the watch holds them
--threads 2       rows split between two threads
"""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
import truth
from common import run

from bench.geodesic_answer import put_in_place
from bench.watched import shape_of
from keepclear.geo.index import ZoneIndex


@dataclass(frozen=True)
class Built:
    """What a query needs."""

    index: ZoneIndex
    ids: Any
    pool: ThreadPoolExecutor | None
    columns: dict[str, Any]


def build(zones: list[Any], args: Any) -> Built:
    """The index over all zones, and what to ask it."""
    edges = "geodesic" if args.mode == "geodesic" else "lonlat"
    index = ZoneIndex([(shape_of(zone, edges), 0.0) for zone in zones])
    pool = ThreadPoolExecutor(args.threads) if args.threads > 1 else None
    return Built(index, np.array([zone.id for zone in zones]), pool, {})


def query(built: Built, positions: dict[str, Any], args: Any) -> tuple[Any, Any]:
    """Position numbers and zone ids of all pairs."""
    if args.mode == "e7" and not built.columns:
        built.columns.update({name: np.rint(positions[name] * 1e7).astype(np.int32) for name in ("lat", "lon")})
    columns = built.columns or positions
    position, zone = built.index.containing(columns["lat"], columns["lon"], built.pool)
    return position, built.ids[zone]


if __name__ == "__main__":
    if "geodesic" in sys.argv:
        put_in_place(truth, os.environ["BENCH_WORKLOAD"])
    run("keepclear", build, query, version=version("keepclear"), doc=__doc__)

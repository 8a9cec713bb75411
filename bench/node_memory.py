"""Resident memory of a node over a long run of the same subjects, half-way and at the end.

Every subject reports once a minute from a closed loop of two hours about a zone, in and out, as in `bench.memory`; nothing in the stream
grows. It is sent as fast as it is taken, over the node's own door. The watch holds an hour of it, and the newest half a million positions wait
to be cut into tracks, so memory goes up and down with them: the greatest of the second quarter stands against the greatest of the last.
"""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import Any

import numpy as np

from bench.memory import reports_after
from bench.node_rows import workload
from bench.running_node import COLUMNS, a_node, busy_cores
from bench.timing import arguments, tell
from bench.watched import with_terms
from keepclear.feeds.zones import write_zones
from keepclear.tracks.observations import Observations
from keepclear.tracks.packing import packed

SAMPLES = 200


def main() -> None:
    """Prints one line: megabytes along the run, and what came out."""
    args = arguments(__doc__, subjects=2000, zones=200, minutes=3000, minutes_a_batch=5)
    zones = workload().zones(args.zones)
    zone_file = json.dumps(write_zones(with_terms(zones, windows=False))).encode()
    ends_us = time.time_ns() // 1000
    shift_us = ends_us - round(1.75e15) - args.minutes * 60_000_000
    with a_node(zone_file, round(1.75e15) + shift_us - 60_000_000) as node:
        door, rows, held_mb, told = node.door("robot"), [], [], 0
        others_cores, began_s = busy_cores(), time.perf_counter()
        for first in range(0, args.minutes, args.minutes_a_batch):
            batch = Observations.joined(
                [reports_after(minute, zones, args.subjects) for minute in range(first, first + args.minutes_a_batch)]
            )
            told += door.bring(packed(_moved(batch, shift_us)), COLUMNS)["told"]
            if (first + args.minutes_a_batch) * SAMPLES % args.minutes < SAMPLES * args.minutes_a_batch:
                rows.append((first + args.minutes_a_batch) * args.subjects)
                held_mb.append(round(node.resident_mb, 2))
        took_s, disk_mb = time.perf_counter() - began_s, node.disk_mb
    quarter = len(held_mb) // 4
    half_way_mb, end_mb = max(held_mb[quarter : 2 * quarter]), max(held_mb[3 * quarter :])
    tell(
        subjects=args.subjects, zones=args.zones, minutes=args.minutes, half_way_mb=half_way_mb, end_mb=end_mb, told=told, took_s=took_s,
        disk_mb=disk_mb, others_cores=others_cores, rows=rows, held_mb=held_mb,
    )  # fmt: skip
    print(
        f"{rows[-1]:,} positions: {half_way_mb:.0f} MB half-way, {end_mb:.0f} MB at the end, {end_mb / half_way_mb:.3f} times"
    )


def _moved(batch: Observations, by_us: int) -> Observations:
    at_us: Any = batch.seen_at_us + np.int64(by_us)
    return replace(batch, seen_at_us=at_us, known_at_us=at_us)


if __name__ == "__main__":
    main()

"""Seconds until a node's doors are open again, and the rate at which it takes its record in; beside merely reading the same bytes.

A record of so many positions is brought in over the node's own door. It is started without a snapshot, so that every entry is given to
it again and what follows is compared with the record; then with a snapshot and a quarter of a million positions behind it. A node
with zones and no positions says what a start takes in any case. The peers read the same bodies from bare sqlite3, and the same
columns with `numpy.load`. Everything is in the page cache, for everybody.
"""

from __future__ import annotations

import sqlite3
import statistics
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np

from bench.node_rows import Moved, columns_of
from bench.running_node import COLUMNS, RunningNode, busy_cores, folder_on_disk
from bench.timing import arguments, tell
from keepclear.host.config import DATABASE_NAME
from keepclear.tracks.observations import COLUMNS as NAMES
from keepclear.tracks.packing import MAGIC, unpacked

BEHIND = 250_000
_NEVER = 1_000_000_000


def main() -> None:
    """Prints one line for each start and reading, and what came out."""
    args = arguments(__doc__, positions=1_000_000, zones=1000, batch_rows=10_000, starts=2, quiet_wait=5)
    moved = Moved(args.positions + BEHIND + args.batch_rows, args.zones)
    zone_file = moved.zone_file()
    with folder_on_disk() as folder:
        node = RunningNode(folder / "node", zone_file, moved.begins_us)
        nothing_s = _start("keepclear, no positions", node, 0, 0, args.starts, args.quiet_wait)
        began_s = time.perf_counter()
        node.start()
        _bring(node, moved, 0, args.positions, args.batch_rows)
        node.stop()
        tell(name="brought in", positions=args.positions, took_s=time.perf_counter() - began_s, disk_mb=node.disk_mb)
        replayed_s = _start(
            "keepclear, no snapshot", node, args.positions, args.positions, args.starts, args.quiet_wait
        )
        _read_bodies(folder / "node" / DATABASE_NAME, folder / "columns.npy", args.starts)
        # The next event is followed by a snapshot, and the few behind it are not.
        node.limit(snapshot_every_entries=100)
        node.start()
        _bring(node, moved, args.positions, args.positions + args.batch_rows, args.batch_rows)
        node.stop()
        node.limit(snapshot_every_entries=_NEVER)
        node.start()
        _bring(node, moved, args.positions + args.batch_rows, moved.positions, args.batch_rows)
        node.stop()
        snapshot_s = _start("keepclear, snapshot", node, moved.positions, BEHIND, args.starts, args.quiet_wait)
    rate = args.positions / (replayed_s - nothing_s)
    print(
        f"{args.positions:,} positions: open after {snapshot_s:.1f} s with a snapshot, {replayed_s:.1f} s without one"
        f" ({rate:,.0f} positions/s), {nothing_s:.1f} s with nothing to read"
    )


def _start(name: str, node: RunningNode, positions: int, given_again: int, starts: int, quiet_wait_s: float) -> float:
    """The median of so many starts, seconds."""
    took_s, others, resident_mb = [], [], []
    for _ in range(starts):
        others.append(busy_cores(quiet_wait_s))
        took_s.append(node.start())
        resident_mb.append(node.resident_mb)
        node.stop()
    middle_s = statistics.median(took_s)
    tell(
        name=name, positions=positions, given_again=given_again, took_s=middle_s, least_s=min(took_s), greatest_s=max(took_s),
        resident_mb=max(resident_mb), others_cores=max(others),
    )  # fmt: skip
    return middle_s


def _bring(node: RunningNode, moved: Moved, first: int, last: int, batch_rows: int) -> None:
    door = node.door("robot")
    for rows in moved.batches(batch_rows, first=first, last=last):
        door.bring(columns_of(rows), COLUMNS)
    door.close()


def _read_bodies(database: Path, columns: Path, times: int) -> None:
    query = "SELECT bytes FROM body JOIN entry USING (sequence) WHERE kind = 'positions_arrived' ORDER BY sequence"
    connection = sqlite3.connect(database)
    blocks = []
    for (body,) in connection.execute(query):
        batch = unpacked(body[body.index(MAGIC) :])
        blocks.append(np.vstack([getattr(batch, name).astype(np.int64) for name in NAMES]))
    np.save(columns, np.hstack(blocks))
    connection.close()
    del blocks

    def bodies() -> int:
        with closing(sqlite3.connect(database)) as opened:
            return sum(len(body) for (body,) in opened.execute(query))

    _read("sqlite3, bodies", bodies, times)
    _read("numpy.load, columns", lambda: int(np.load(columns).nbytes), times)
    columns.unlink()


def _read(name: str, reading: Callable[[], int], times: int) -> None:
    """Reads so many times; once before, so that everything is in the page cache."""
    size, took_s = reading(), []
    for _ in range(times):
        began_s = time.perf_counter()
        reading()
        took_s.append(time.perf_counter() - began_s)
    tell(name=name, took_s=statistics.median(took_s), least_s=min(took_s), greatest_s=max(took_s), mb=size / 1e6)


if __name__ == "__main__":
    main()

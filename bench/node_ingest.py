"""Positions a second that are durable and watched: a node over its HTTP door, beside PostGIS with a trigger over the same zones.

Every engine gets the same rows in the same batches over one connection, the next batch when the last is answered: a node as JSON and as
packed columns, PostGIS by COPY in a transaction for each batch. Each begins empty, on the same disk; the first batches, which bring
every subject and let plans and indexes be made, come before the clock. Making the bytes that are sent is not in the time of anybody.
Slow engines get the first so many of the same rows. With plain terms a node concludes what the trigger does: who is inside, from one
report. With the workload's own it also weighs bands, persistence and dwell.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from bench.node_rows import Moved, columns_of, json_of
from bench.postgis_peer import SHAPES, TRIGGERS, NoPostgis, change_count, insert, postgis, rows_to_copy
from bench.running_node import COLUMNS, FEED, a_node, busy_cores
from bench.timing import arguments, tell

WARM_BATCHES = 3


class Engine(NamedTuple):
    """One way of taking the rows in: its name, the bytes of a batch, and what measures it over batches."""

    name: str
    written: Callable[[dict[str, Any]], bytes]
    measured: Callable[[Sequence[bytes]], dict[str, object]]


def main() -> None:
    """Prints one line for each engine and round, and what came out."""
    args = arguments(
        __doc__, positions=300_000, peer_positions=100_000, zones=1000, batch_rows=10_000, rounds=3, shape=SHAPES[0],
        quiet_wait=5, only="",
    )  # fmt: skip
    moved = Moved(args.positions + WARM_BATCHES * args.batch_rows, args.zones)
    polygons = moved.given.zone_polygons(moved.zones)

    def node(media_type: str, terms: str) -> Callable[[Sequence[bytes]], dict[str, object]]:
        return lambda batches: _node(batches, media_type, moved, terms, args.quiet_wait)

    def peer(trigger: str) -> Callable[[Sequence[bytes]], dict[str, object]]:
        return lambda batches: _postgis(batches, moved.zones, polygons, trigger, args.shape, args.quiet_wait)

    engines = [
        Engine("keepclear, columns", columns_of, node(COLUMNS, "plain")),
        Engine("keepclear, JSON", json_of, node("application/json", "plain")),
        Engine("keepclear, columns, all terms", columns_of, node(COLUMNS, "given")),
        Engine("keepclear, JSON, all terms", json_of, node("application/json", "given")),
        *(Engine(f"PostGIS, {trigger}", rows_to_copy, peer(trigger)) for trigger in TRIGGERS),
    ]
    rates: dict[str, list[float]] = {}
    for number in range(args.rounds):
        for engine in engines:
            if args.only not in engine.name:
                continue
            rows = args.positions if "keepclear" in engine.name else args.peer_positions
            last = rows + WARM_BATCHES * args.batch_rows
            batches = [engine.written(batch) for batch in moved.batches(args.batch_rows, last=last)]
            try:
                found = engine.measured(batches)
            except NoPostgis as missing:
                tell(name=engine.name, round=number, skipped=str(missing))
                continue
            rate = rows / float(str(found["took_s"]))
            tell(name=engine.name, round=number, zones=args.zones, rows=rows, rows_per_s=round(rate), **found)
            rates.setdefault(engine.name, []).append(rate)
    _conclude(rates)


def _node(
    batches: Sequence[bytes], media_type: str, moved: Moved, terms: str, quiet_wait_s: float
) -> dict[str, object]:
    with a_node(moved.zone_file(terms), moved.begins_us) as node:
        door = node.door("robot")
        for batch in batches[:WARM_BATCHES]:
            door.bring(batch, media_type)
        others_cores, processor_s = busy_cores(quiet_wait_s), node.processor_s
        door.reopen()
        began_s = time.perf_counter()
        answers = [door.bring(batch, media_type) for batch in batches[WARM_BATCHES:]]
        took_s = time.perf_counter() - began_s
        assert all(answer["accepted"] == answer["rows_read"] and answer["feed"] == FEED for answer in answers)
        return {
            "took_s": took_s, "processor_s": node.processor_s - processor_s, "told": sum(answer["told"] for answer in answers),
            "others_cores": others_cores,
        }  # fmt: skip


def _postgis(
    batches: Sequence[bytes],
    zones: Sequence[Any],
    polygons: Sequence[Any],
    trigger: str,
    shape: str,
    quiet_wait_s: float,
) -> dict[str, object]:
    with postgis() as server:
        connection = server.database(zones, polygons, trigger, shape)
        for batch in batches[:WARM_BATCHES]:
            insert(connection, batch)
        before, others_cores = change_count(connection), busy_cores(quiet_wait_s)
        began_s = time.perf_counter()
        for batch in batches[WARM_BATCHES:]:
            insert(connection, batch)
        took_s = time.perf_counter() - began_s
        told = change_count(connection) - before
        connection.close()
        return {"took_s": took_s, "told": told, "others_cores": others_cores}


def _conclude(rates: dict[str, list[float]]) -> None:
    middle = {name: statistics.median(some) for name, some in rates.items()}
    peers = {name: rate for name, rate in middle.items() if "PostGIS" in name}
    for name, rate in middle.items():
        if name not in peers:
            over = "; ".join(f"{rate / theirs:.1f} times {peer}" for peer, theirs in peers.items())
            print(f"{name}: {rate:,.0f} positions/s{f' ({over})' if over else ''}")


if __name__ == "__main__":
    main()

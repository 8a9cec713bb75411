"""Milliseconds from the last byte of a POST to the alert in the stream, at so many positions a second.

A node in a process of its own, over loopback; one thread sends twenty batches a second at their time, one reads the stream with every alert.
An alert is counted from when the last byte of the request that led to it had been given to the system until its event was read to
the end, so parsing, the step, the commit to disk and the stream are in it. Two rounds of every subject come before the clock. Who falls
behind is told as the rate that was reached.
"""

from __future__ import annotations

import sys
import threading
import time
from typing import Any

from bench.node_rows import Moved, columns_of, json_of
from bench.running_node import COLUMNS, FEED, Door, a_node, busy_cores
from bench.timing import arguments, percentile, tell

POSTS_PER_S = 20
WARM_ROUNDS = 2
RATES = (1_000, 10_000, 50_000)


def main() -> None:
    """Prints one line for each rate and form, and what came out."""
    args = arguments(
        __doc__, zones=1000, seconds=15, rates=",".join(map(str, RATES)), forms="json,columns", quiet_wait=5
    )
    said = []
    for rate in map(int, args.rates.split(",")):
        for form in args.forms.split(","):
            written, media_type = (json_of, "application/json") if form == "json" else (columns_of, COLUMNS)
            moved = Moved(rate * args.seconds + WARM_ROUNDS * 10_000, args.zones)
            batches = [written(rows) for rows in moved.batches(rate // POSTS_PER_S, first=WARM_ROUNDS * 10_000)]
            found = _measured(moved, batches, media_type, args.quiet_wait)
            tell(asked_per_s=rate, form=form, zones=args.zones, **found)
            said.append(
                f"{rate:,} positions/s as {form}: p50 {found['p50_ms']:.1f} ms, p99 {found['p99_ms']:.1f} ms of {found['alerts']:,} alerts"
            )
    print("\n".join(said))


def _measured(moved: Moved, batches: list[bytes], media_type: str, quiet_wait_s: float) -> dict[str, Any]:
    with a_node(moved.zone_file(), moved.begins_us) as node:
        door, stream = node.door("robot"), node.door("otto")
        for rows in moved.batches(10_000, last=WARM_ROUNDS * 10_000):
            door.bring(columns_of(rows), COLUMNS)
        others_cores, processor_s = busy_cores(quiet_wait_s), node.processor_s
        door.reopen()
        arrived: list[tuple[str, float]] = []
        reading = threading.Thread(target=_read, args=(stream, arrived), daemon=True)
        reading.start()
        time.sleep(0.5)
        began_s, sent = time.perf_counter(), {}
        for number, batch in enumerate(batches):
            time.sleep(max(0.0, began_s + number / POSTS_PER_S - time.perf_counter()))
            answer = door.bring(batch, media_type, FEED)
            sent[str(answer["sequence"])] = (door.sent_at_s, answer["rows_read"])
        took_s = time.perf_counter() - began_s
        processor_s = node.processor_s - processor_s
        time.sleep(1.0)
        node.stop()
        reading.join()
    of_sequence = [(told_id.partition(".")[0], at_s) for told_id, at_s in arrived]
    latencies_ms = [1000 * (at_s - sent[sequence][0]) for sequence, at_s in of_sequence if sequence in sent]
    return {
        "reached_per_s": round(sum(rows for _, rows in sent.values()) / took_s), "alerts": len(latencies_ms),
        "p50_ms": percentile(latencies_ms, 0.5), "p99_ms": percentile(latencies_ms, 0.99), "max_ms": max(latencies_ms),
        "processor_share": processor_s / took_s, "others_cores": others_cores,
    }  # fmt: skip


def _read(door: Door, arrived: list[tuple[str, float]]) -> None:
    arrived.extend(door.told("/v1/stream?event=alert"))


if __name__ == "__main__":
    sys.setswitchinterval(0.0005)  # the thread that reads must not wait for the one that sends
    main()

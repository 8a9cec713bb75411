"""Durable events a second, one at a time from 1, 8 and 64 writers, into a store and into bare sqlite3.

Both stand behind the same thread: `keepclear.store.writer.Writer`, which commits together what is waiting. Bare means one INSERT into one
table (sequence, at_us, kind, body) through Python's sqlite3, with WAL and synchronous=FULL. The store keeps, besides the body, the entry
with its hashes and the tree over all of them, and with --views also an outcome, two rows of views and their progress. Each of the
writers gives an event and waits until it is durable, then gives the next. Store and bare take turns of `--turn` seconds in one process, each
in its own file in `--folder`, and both see the same moments of the machine. With --postgres URL (an empty database) that store takes
turns too.
"""

from __future__ import annotations

import sqlite3
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from statistics import median
from threading import Lock, Thread
from typing import Protocol

from bench.timing import arguments, percentile, tell
from keepclear.record.entries import Committed, Entry
from keepclear.store.store import Store
from keepclear.store.writer import Writer
from keepclear.store.writes import Row, ViewRow, Write

WRITERS = (1, 8, 64)
BODY = b"x" * 300


class Taking(Protocol):
    """Something that takes an event and gives a future that is done once it is durable."""

    def __call__(self) -> Future[None]: ...


def main() -> None:
    """Prints one line for each number of writers."""
    args = arguments(__doc__, turn="0.5", turns=7, folder="", postgres="", views=0)
    with tempfile.TemporaryDirectory(prefix="keepclear-bench-", dir=args.folder or None) as folder:
        writers = {"bare": bare(Path(folder) / "bare.sqlite"), "store": Writer(_opened(f"{folder}/store.sqlite"))}
        if args.postgres:
            writers["postgres"] = Writer(_opened(args.postgres))
        takers = {
            name: _taking(writer, with_views=bool(args.views), whole=name != "bare") for name, writer in writers.items()
        }
        for count in WRITERS:
            rates: dict[str, list[float]] = {name: [] for name in takers}
            waited: dict[str, list[float]] = {name: [] for name in takers}
            for turn in range(args.turns + 1):
                for name, take in takers.items():
                    done, took_s, waits_ms = _turn(take, count, float(args.turn))
                    if turn:  # the first one warms up
                        rates[name].append(done / took_s)
                        waited[name] += waits_ms
            tell(
                writers=count,
                views=args.views,
                **{f"{name}_per_s": round(median(found)) for name, found in rates.items()},
                **{f"{name}_p99_ms": round(percentile(found, 0.99), 2) for name, found in waited.items()},
                **{
                    f"{name}_times_slower": round(median(map(_ratio, rates["bare"], found)), 2)
                    for name, found in rates.items()
                    if name != "bare"
                },
            )
        for writer in writers.values():
            writer.stop()


def _ratio(bare: float, ours: float) -> float:
    return bare / ours


def _opened(url: str) -> Callable[[Sequence[Write]], None]:
    return Store.open(url).append


def bare(path: Path) -> Writer:
    """A writer into one table of sqlite3."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE event (sequence INTEGER PRIMARY KEY, at_us INTEGER, kind TEXT, body BLOB)")

    def append(group: Sequence[Write]) -> None:
        rows = [(e.entry.sequence, e.entry.at_us, e.entry.kind, e.body) for write in group for e in write.entries]
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO event VALUES (?, ?, ?, ?)", rows)
        connection.execute("COMMIT")

    return Writer(append)


def _taking(writer: Writer, *, with_views: bool, whole: bool) -> Taking:
    """Makes the next event and submits it. What is hashed and told for a store is part of its time, and not of bare's."""
    lock = Lock()
    numbers = iter(range(10**9))

    def take() -> Future[None]:
        with lock:
            sequence = next(numbers)
            outcome = b'{"event":"presence"}\n' if with_views and whole else b""
            if whole:
                entry = Entry.of(sequence, sequence, "feed_state_changed", "feed:harbour", False, BODY, outcome)
            else:
                entry = Entry(sequence, sequence, "feed_state_changed", "feed:harbour", False, "", "")
            views = _views(sequence) if outcome else ()
            progress = {"views": sequence + 1} if outcome else {}
            return writer.submit(Write((Committed(entry, BODY, outcome),), views, progress))

    return take


def _views(sequence: int) -> list[ViewRow]:
    change: Row = {
        "sequence": sequence, "index": 0, "exercise": False, "seq": sequence, "subject": "alpha-1", "zone": "kestrel-pass",
        "seen_at_us": sequence, "known_from_us": sequence, "known_until_us": None, "was": "clear", "now": "inside",
    }  # fmt: skip
    alert: Row = {
        "sequence": sequence, "index": 1, "exercise": False, "key": "entered", "urgency": "now", "subject": "alpha-1",
        "zone": "kestrel-pass", "feed": "harbour", "raised_at_us": sequence, "last_at_us": sequence, "repeats": 0,
        "state": "raised", "assigned_to": "", "line": '{"event":"alert"}',
    }  # fmt: skip
    return [ViewRow("presence_change", change), ViewRow("alert", alert)]


def _turn(take: Taking, writers: int, seconds: float) -> tuple[int, float, list[float]]:
    """How many became durable, in how many seconds, and how many milliseconds each took."""
    waits_ms: list[float] = []
    started = time.perf_counter()
    threads = [Thread(target=partial(_write_until, started + seconds, take, waits_ms)) for _ in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(waits_ms), time.perf_counter() - started, waits_ms


def _write_until(end: float, take: Taking, waits_ms: list[float]) -> None:
    while (begun := time.perf_counter()) < end:
        take().result()
        waits_ms.append((time.perf_counter() - begun) * 1e3)


if __name__ == "__main__":
    main()

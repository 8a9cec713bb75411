"""Where the time goes between CSV file and events file, stage by stage, and the floor under each stage.

The command runs in this process, once over two rows so that everything is loaded and compiled, then over the file. A timer
interrupts it every millisecond of wall time; the time since the last interruption goes to the stage of the innermost frame that belongs to one. A
long compiled call is interrupted only when it returns, and then counted whole. Reading has a thread of its own: what is counted
under it is how long the watch waited for that. Floors are measured in the same process: what
the machine needs at the least for the same rows, if that stage did nothing but touch the memory or bytes that it must touch.
"""

from __future__ import annotations

import json
import signal
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

from bench.timing import arguments, tell

INTERVAL_S = 0.001
# The first that fits, innermost frame first; what belongs to none is passed over in favour of who called it.
STAGES = (
    ("keepclear/feeds/zone", "", "zones"),
    ("keepclear/geo/index", "__init__", "zones"),
    ("keepclear/feeds/", "", "read"),
    ("keepclear/tracks/builder", "", "read"),
    ("keepclear/geo/index", "", "locate"),
    ("keepclear/watch/evidence", "", "estimate"),
    ("keepclear/watch/", "", "state"),
    ("keepclear/tracks/", "", "state"),
    ("keepclear/render/", "", "write"),
    ("keepclear/cli/reading_ahead", "", "read"),
    ("keepclear/cli/", "", "write"),
)
INDEX_BYTES = 100_000_000
LOADS_PER_POSITION = 3


def main() -> None:
    """Prints a line for each stage and for each of the ten functions that take longest."""
    args = arguments(__doc__, rows=1_000_000, zones=1000)
    import workload

    from bench.csv_to_events import write_rows
    from bench.watched import with_terms
    from keepclear.cli.main import main as keepclear
    from keepclear.feeds.zones import write_zones

    with tempfile.TemporaryDirectory(prefix="keepclear-bench-") as folder:
        rows, few, zones, events = (
            Path(folder) / name for name in ("rows.csv", "few.csv", "zones.geojson", "events.jsonl")
        )
        write_rows(rows, args.rows, workload)
        write_rows(few, 2000, workload)
        zones.write_text(
            json.dumps(write_zones(with_terms(workload.zones(args.zones), windows=False))), encoding="utf-8"
        )

        def run(name: Path) -> None:
            keepclear(["watch", str(name), "--zones", str(zones), "--events", str(events), "--summary", "none"])

        run(few)
        samples = Samples()
        samples.over(lambda: run(rows))
        floors = floors_ns(args.rows, rows, events)
    whole_s = sum(samples.stages.values())
    for stage, seconds in longest_first(samples.stages):
        floor, floor_ns = floors.get(stage, ("", None))
        tell(
            stage=stage,
            rows=args.rows,
            share=seconds / whole_s,
            ns_per_row=seconds / args.rows * 1e9,
            floor=floor,
            floor_ns_per_row=floor_ns,
        )
    for function, seconds in longest_first(samples.functions)[:10]:
        tell(function=function, share=seconds / whole_s)


class Samples:
    """Seconds by stage and by function of ours."""

    def __init__(self) -> None:
        self.stages: defaultdict[str, float] = defaultdict(float)
        self.functions: defaultdict[str, float] = defaultdict(float)
        self._last_s = 0.0

    def over(self, call: Callable[[], object]) -> None:
        """Samples while the call runs."""
        signal.signal(signal.SIGALRM, self._take)
        self._last_s = time.perf_counter()
        signal.setitimer(signal.ITIMER_REAL, INTERVAL_S, INTERVAL_S)
        try:
            call()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0.0)

    def _take(self, _signal: int, frame: FrameType | None) -> None:
        now_s = time.perf_counter()
        passed_s, self._last_s = now_s - self._last_s, now_s
        function, stage = None, "other"
        while frame is not None:
            file, name = frame.f_code.co_filename, frame.f_code.co_name
            if function is None and "/keepclear/" in file:
                function = f"{file.rpartition('/keepclear/')[2]}: {name}"
            found = next((stage for part, of, stage in STAGES if part in file and of in {"", name}), None)
            if found is not None:
                stage = found
                break
            frame = frame.f_back
        self.stages[stage] += passed_s
        self.functions[function or "other"] += passed_s


def longest_first(seconds: dict[str, float]) -> list[tuple[str, float]]:
    """Names and seconds, the most seconds first."""
    return sorted(seconds.items(), key=lambda found: -found[1])


def floors_ns(count: int, rows: Path, events: Path) -> dict[str, tuple[str, float]]:
    """For each stage what its floor is, and the floor in nanoseconds a row."""
    import pyarrow.csv

    rng = np.random.default_rng(1)
    table = np.zeros(INDEX_BYTES // 8)
    places = rng.integers(0, len(table), count)
    columns = np.zeros((5, count), np.int32)
    subjects = np.zeros((10_000, 8))
    subject = rng.integers(0, len(subjects), count)
    told = events.read_bytes()
    one_thread = pyarrow.csv.ReadOptions(use_threads=False)

    def touch_subjects() -> None:
        subjects[subject] = subjects[subject]

    def per_row(call: Callable[[], Any], times: int = 1) -> float:
        call()
        started = time.perf_counter()
        call()
        return (time.perf_counter() - started) / count * 1e9 * times

    return {
        "read": (
            "pyarrow parses the file, one thread",
            per_row(lambda: pyarrow.csv.read_csv(rows, read_options=one_thread)),
        ),
        "locate": (
            f"{LOADS_PER_POSITION} random loads from 100 MB",
            per_row(lambda: table.take(places), LOADS_PER_POSITION),
        ),
        "estimate": ("five columns of 32 bits read and written", per_row(columns.copy)),
        "state": ("64 bytes of one subject read and written", per_row(touch_subjects)),
        "write": ("the bytes of the events written", per_row(lambda: events.write_bytes(told))),
    }


if __name__ == "__main__":
    main()

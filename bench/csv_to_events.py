"""From CSV file to events file by the command, beside other people's readers that merely parse the same file on one thread.

The file holds the rows of the given workload, lap after lap with other subjects, in time order. Start-up is measured with the first
two rows of the file and taken off. The readers are imported before their clock starts, and told to use one thread; types are
theirs to infer. Not all do as they are told: beside the seconds on the wall stand those of the processor, of all threads of the
process, and a reader's rate is by the greater of the two. Ours is by the wall: it is free to use both cores. Every reader and
the command run in processes of their own, in turns.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.timing import arguments, tell

READERS = {
    "pyarrow": "import pyarrow.csv as c\no = c.ReadOptions(use_threads=False)\ndef read(name): return c.read_csv(name, read_options=o).num_rows",
    "polars": "import polars\ndef read(name): return polars.read_csv(name).height",
    "polars, times too": "import polars\ndef read(name): return polars.read_csv(name, try_parse_dates=True).height",
    "pandas": "import pandas\ndef read(name): return len(pandas.read_csv(name))",
}
CLOCKED = """
import sys, time
at, at_processor = time.perf_counter(), time.process_time()
rows = read(sys.argv[1])
print(rows, time.perf_counter() - at, time.process_time() - at_processor)
"""
ONE_THREAD = {"POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1", "ARROW_IO_THREADS": "1"}


def main() -> None:
    """Prints one line for each reader and round, and one for the command."""
    args = arguments(__doc__, rows=5_000_000, zones=1000, rounds=2)
    import workload

    from bench.watched import with_terms
    from keepclear.feeds.zones import write_zones

    with tempfile.TemporaryDirectory(prefix="keepclear-bench-") as folder:
        rows, two_rows, zones = (Path(folder) / name for name in ("rows.csv", "two.csv", "zones.geojson"))
        write_rows(rows, args.rows, workload)
        with rows.open(encoding="ascii") as file:
            two_rows.write_text("".join(file.readline() for _ in range(3)), encoding="ascii")
        zones.write_text(
            json.dumps(write_zones(with_terms(workload.zones(args.zones), windows=False))), encoding="utf-8"
        )
        watched(two_rows, zones)
        for turn in range(args.rounds):
            start_s, start_processor_s, _ = min(watched(two_rows, zones) for _ in range(2))
            took_s, processor_s, (events, events_bytes) = watched(rows, zones)
            told: dict[str, Any] = {"round": turn, "rows": args.rows, "file_bytes": rows.stat().st_size}
            rows_per_s = args.rows / (took_s - start_s)
            tell(
                reader="keepclear", **told, events=events, events_bytes=events_bytes, start_s=start_s, took_s=took_s,
                processor_s=processor_s - start_processor_s, rows_per_s=rows_per_s,
            )  # fmt: skip
            for name, code in READERS.items():
                command = [sys.executable, "-c", code + CLOCKED, str(rows)]
                out = subprocess.run(
                    command, check=True, capture_output=True, text=True, env=os.environ | ONE_THREAD
                ).stdout
                read, *seconds = out.split()
                assert int(read) == args.rows, f"{name} read {read} rows"
                took_s, processor_s = map(float, seconds)
                rows_per_s = args.rows / max(took_s, processor_s)
                tell(reader=name, **told, took_s=took_s, processor_s=processor_s, rows_per_s=rows_per_s)


def watched(rows: Path, zones: Path) -> tuple[float, float, tuple[int, int]]:
    """Seconds of the whole command by the wall and by the processor, and lines and bytes of the events it wrote."""
    events = rows.with_suffix(".events.jsonl")
    events.unlink(missing_ok=True)
    command = [
        sys.executable,
        "-m",
        "keepclear",
        "watch",
        str(rows),
        "--zones",
        str(zones),
        "--events",
        str(events),
        "--summary",
        "none",
    ]
    before_s, started = of_children_s(), time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    took_s, processor_s = time.perf_counter() - started, of_children_s() - before_s
    with events.open("rb") as file:
        return took_s, processor_s, (sum(1 for _ in file), events.stat().st_size)


def of_children_s() -> float:
    """Seconds of the processor in processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def write_rows(name: Path, count: int, workload: Any) -> None:
    """The workload's rows as a CSV of `count` rows; each lap is later by its length and has subjects of its own."""
    import numpy as np
    import polars

    lap_s = workload.N_STEPS * workload.STEP_S
    with name.open("wb") as file:
        for lap in range(-(-count // 1_000_000)):
            rows = workload.positions(min(1_000_000, count - lap * 1_000_000))
            order = np.argsort(rows["t"], kind="stable")
            table = polars.DataFrame(
                {
                    "subject": polars.Series(rows["track"][order]).cast(polars.String),
                    "seen_at": polars.Series(np.rint((rows["t"][order] + lap * lap_s) * 1e6).astype("datetime64[us]")),
                    "lat": rows["lat"][order],
                    "lon": rows["lon"][order],
                    "error_m": rows["sigma"][order].astype(float).round(1),
                }
            ).with_columns(polars.concat_str([polars.lit(f"v{lap}-"), polars.col("subject")]).alias("subject"))
            table.write_csv(file, include_header=lap == 0, datetime_format="%Y-%m-%dT%H:%M:%S%.3fZ")


if __name__ == "__main__":
    main()

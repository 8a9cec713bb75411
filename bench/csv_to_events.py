"""From CSV file to events file by the command, beside other people's readers that merely parse the same file on one thread.

The file holds the rows of the given workload, lap after lap with other subjects, in time order. Start-up is measured with the first
two rows of the file and taken off. The readers are imported before their clock starts, and told to use one thread; types are
theirs to infer. Every reader and the command run in processes of their own, in turns.
"""

from __future__ import annotations

import json
import os
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
CLOCKED = (
    "\nimport sys, time\nat = time.perf_counter()\nrows = read(sys.argv[1])\nprint(rows, time.perf_counter() - at)"
)
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
            start_s = min(watched(two_rows, zones)[0] for _ in range(2))
            took_s, written = watched(rows, zones)
            told: dict[str, Any] = {"round": turn, "rows": args.rows, "file_bytes": rows.stat().st_size}
            rows_per_s = args.rows / (took_s - start_s)
            tell(reader="keepclear", **told, **written, start_s=start_s, took_s=took_s, rows_per_s=rows_per_s)
            for name, code in READERS.items():
                command = [sys.executable, "-c", code + CLOCKED, str(rows)]
                out = subprocess.run(
                    command, check=True, capture_output=True, text=True, env=os.environ | ONE_THREAD
                ).stdout
                read, seconds = out.split()
                assert int(read) == args.rows, f"{name} read {read} rows"
                tell(reader=name, **told, took_s=float(seconds), rows_per_s=args.rows / float(seconds))


def watched(rows: Path, zones: Path) -> tuple[float, dict[str, int]]:
    """Seconds of the whole command, and lines and bytes of the events it wrote."""
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
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    took_s = time.perf_counter() - started
    with events.open("rb") as file:
        return took_s, {"events": sum(1 for _ in file), "events_bytes": events.stat().st_size}


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

"""How fast a CSV file of positions is read, beside readers of tables that only parse it, on one thread.

    python bench/csv_reading.py --rows 1000000

Makes a file, reads it in turn with each reader for some rounds, and prints one JSON object: the median rate of each in
rows per second of processor time, and for each other reader how much of its rate is ours (median over the rounds). Ours
reads into `Observations`: times as instants, positions checked and in 1e-7 degree, subjects numbered, each row with its
line. The others parse the same bytes into columns. Readers that are not installed are left out.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))
# Read by polars when it is imported.
os.environ.setdefault("POLARS_MAX_THREADS", "1")

FIRST = datetime(2026, 5, 18, tzinfo=UTC)
PEERS = ("pyarrow", "polars", "pandas")
Reader = Callable[[Path], int]


def main() -> None:
    parser = argparse.ArgumentParser(description="How fast a CSV file of positions is read, beside other readers.")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "positions.csv")
        write(path, args.rows, args.seed)
        seconds = measured(path, args.rows, args.rounds)
        size = path.stat().st_size
    rates = {name: round(args.rows / median(took)) for name, took in seconds.items()}
    ours = seconds["keepclear"]
    shares = {
        name: round(median(theirs / our for theirs, our in zip(took, ours, strict=True)), 2)
        for name, took in seconds.items()
        if name != "keepclear"
    }
    print(json.dumps({"rows": args.rows, "bytes": size, "rows_per_s": rates, "our_rate_over_theirs": shares}))


def write(path: Path, rows: int, seed: int) -> None:
    """Two thousand subjects, a report every 17 ms, an error and a height with two of three."""
    chance = random.Random(seed)
    with path.open("w", encoding="utf-8") as file:
        file.write("subject,seen_at,lat,lon,error_m,height_m,note\n")
        for row in range(rows):
            seen_at = (FIRST + timedelta(milliseconds=17 * row)).isoformat(timespec="milliseconds")
            lat, lon = chance.uniform(-80, 80), chance.uniform(-180, 180)
            error, height = chance.choice(("", "5", "12.5")), chance.choice(("", "100", "1234.5"))
            subject = 200_000_000 + 37 * chance.randrange(2000)
            file.write(f"{subject},{seen_at[:-6]}Z,{lat:.6f},{lon:.6f},{error},{height},\n")


def measured(path: Path, rows: int, rounds: int) -> dict[str, list[float]]:
    """Seconds of processor time of each reader in each round; the first round warms up and is not counted."""
    readers: dict[str, Reader] = {"keepclear": with_keepclear}
    for name in PEERS:
        try:
            importlib.import_module(name)
        except ModuleNotFoundError:
            print(f"{name} is not installed and is left out.", file=sys.stderr)
        else:
            readers[name] = globals()[f"with_{name}"]
    seconds: dict[str, list[float]] = {name: [] for name in readers}
    for warm in range(rounds + 1):
        for name, read in readers.items():
            began = time.process_time()
            count = read(path)
            took = time.process_time() - began
            assert count == rows, (name, count)
            if warm:
                seconds[name].append(took)
    return seconds


def with_keepclear(path: Path) -> int:
    from keepclear.feeds.reading import open_feed

    return sum(len(block.observations) for block in open_feed(path))


def with_pyarrow(path: Path) -> int:
    csv = importlib.import_module("pyarrow.csv")
    return int(csv.read_csv(path, read_options=csv.ReadOptions(use_threads=False)).num_rows)


def with_polars(path: Path) -> int:
    return int(importlib.import_module("polars").read_csv(path, try_parse_dates=True).height)


def with_pandas(path: Path) -> int:
    return len(importlib.import_module("pandas").read_csv(path, parse_dates=["seen_at"]))


if __name__ == "__main__":
    main()

"""Runs all measurements in rounds, keeps every line, and writes the page; `bench/run` starts it.

Each measurement is a process of its own. The outer loop is the round, so that a slow minute of the machine meets ours and the peers
alike. Every line is in the file before the next process starts: stop it when you like, what was measured is kept.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TextIO

from bench.jobs import PARTS, PEER_SCRIPTS_NEEDED, Job, jobs
from bench.page import all_tables, kept, write_pages
from bench.places import AIS, PEERS, RESULTS, ROOT

VERSIONS_OF = "numpy numba scipy shapely pyproj pandas polars pyarrow sedonadb chdb geopandas rtree h3".split()
LEFT_OUT = frozenset({"peer", "mode", "server_mem_mb", "first_query_s", "reps", "peak_rss_mb"})


def main() -> int:
    """Measures, and gives the exit code."""
    parser = argparse.ArgumentParser(
        prog="bench/run", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="few rows and one round, kept apart; no page is written")
    parser.add_argument(
        "--only",
        metavar="PART,PART",
        default=",".join(PARTS),
        help="; ".join(f"{part}: {what}" for part, what in PARTS.items()),
    )
    args = parser.parse_args()
    wanted = args.only.split(",")
    if unknown := set(wanted) - PARTS.keys():
        parser.error(f"there is no part {', '.join(sorted(unknown))}; there are: {', '.join(PARTS)}")
    plan = [job for job in jobs(quick=args.quick) if job.part in wanted]
    now = datetime.now(UTC)
    RESULTS.mkdir(exist_ok=True)
    name = RESULTS / f"{'trial-' if args.quick else ''}{now:%Y-%m-%dT%H%M%SZ}.jsonl"
    with name.open("w", encoding="utf-8") as file:
        _keep(file, {"machine": machine(now)})
        try:
            run(plan, file, quick=args.quick)
        except KeyboardInterrupt:
            print(
                f"stopped; what was measured is in {name.relative_to(ROOT)}, and no page was written", file=sys.stderr
            )
            return 130
    print(f"kept in {name.relative_to(ROOT)}", file=sys.stderr)
    if args.quick:
        print(all_tables([name]))
    else:
        write_pages(kept())
    return 0


def run(plan: list[Job], file: TextIO, *, quick: bool) -> None:
    """All jobs of all rounds, each line kept as it comes."""
    rounds = [
        [job for job in plan if number < (1 if quick else job.rounds)]
        for number in range(max((job.rounds for job in plan), default=0))
    ]
    total, done, began_s = sum(map(len, rounds)), 0, time.monotonic()
    for number, round_of_jobs in enumerate(rounds):
        for job in round_of_jobs:
            done += 1
            about = " ".join([job.name, *job.command[1:2], *[word for word in job.command if word.isdigit()][:2]])
            print(f"[{done}/{total}] round {number + 1}: {about}", end=" ", file=sys.stderr, flush=True)
            started_s = time.monotonic()
            lines = list(measured(job))
            for line in lines:
                _keep(file, {"part": job.part, "name": job.name, **job.said, "round": number, **line})
            rate = next((f"{line['pos_per_s'] / 1e6:.2f} M/s" for line in lines if "pos_per_s" in line), "")
            trouble = next((str(line[word]) for line in lines for word in ("skipped", "error") if word in line), "")
            left_s = (time.monotonic() - began_s) / done * (total - done)
            print(
                f"{rate}{trouble} ({time.monotonic() - started_s:.0f} s, about {left_s / 60:.0f} min left)",
                file=sys.stderr,
            )


def measured(job: Job) -> Iterator[dict[str, Any]]:
    """The lines that the job's process prints, or one that says why there are none."""
    if reason := _cannot_run(job):
        yield {"skipped": reason}
        return
    # Compiled modules of the peers' scripts go elsewhere: their folder is not ours to write to.
    elsewhere = {"PYTHONPYCACHEPREFIX": str(Path(tempfile.gettempdir()) / "keepclear-bench-pycache")}
    environment = os.environ | (elsewhere if job.part == "containment" else {})
    try:
        done = subprocess.run(
            [sys.executable, "-m", *job.command],
            capture_output=True,
            text=True,
            cwd=ROOT,
            env=environment,
            check=False,
            timeout=job.timeout_s,
        )
    except subprocess.TimeoutExpired:
        yield {"error": f"not done after {job.timeout_s} s"}
        return
    for line in done.stdout.splitlines():
        if line.startswith("{"):
            yield {name: value for name, value in json.loads(line).items() if name not in LEFT_OUT}
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no word"])[-1]
        yield {"error": re.sub(r"\S*/\S+", "...", last)[:200]}


def _cannot_run(job: Job) -> str:
    if job.part in PEER_SCRIPTS_NEEDED and not PEERS.is_dir():
        return "the peers and the given workload are not beside the checkout; see bench/README.md, SHARED"
    if job.said.get("workload") == "ais" and not AIS.is_file():
        return "the recorded traffic is not beside the checkout; see bench/README.md, SHARED"
    if job.needs and find_spec(job.needs) is None:
        return f"{job.needs} has no wheel for this Python or system"
    return ""


def machine(now: datetime) -> dict[str, Any]:
    """When, on what, and with which versions; nothing that names the machine."""
    found: dict[str, str] = {}
    for package in VERSIONS_OF:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], check=True, capture_output=True, text=True, cwd=ROOT
    ).stdout.strip()
    return {
        "date": f"{now:%Y-%m-%d %H:%M} UTC",
        "cpu": _cpu_name(),
        "cores": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        "commit": commit,
        "versions": found,
    }


def _cpu_name() -> str:
    listing = Path("/proc/cpuinfo")
    names = (
        re.findall(r"^model name\s*: (.+)$", listing.read_text(encoding="ascii"), re.MULTILINE)
        if listing.is_file()
        else []
    )
    return names[0] if names else platform.processor()


def _keep(file: TextIO, line: dict[str, Any]) -> None:
    file.write(json.dumps(line) + "\n")
    file.flush()


if __name__ == "__main__":
    sys.exit(main())

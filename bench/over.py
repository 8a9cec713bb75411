"""Runs a peer's script, or ours, over one of the workloads.

    python -m bench.over given shapely_strtree --zones 1000 --positions 500000
    python -m bench.over second ours --mode geodesic --zones 1000 --positions 500000
    python -m bench.over ais build --index ours --zones 10000

Peers take their rows from a module called `workload`. They are run as they are; another workload is put in its place
before they are started. A script of that name in bench/ comes before one among the peers.
"""

from __future__ import annotations

import importlib
import os
import runpy
import sys

from bench.places import PEERS, ROOT, WORKLOADS, answer_file


def main() -> None:
    """Puts the workload in place and starts the script with the remaining arguments."""
    if len(sys.argv) < 3 or sys.argv[1] not in WORKLOADS:
        print(__doc__)
        sys.exit(0 if "--help" in sys.argv[1:] else 2)
    workload, script = sys.argv[1:3]
    sys.path[:0] = [str(PEERS), str(PEERS.parent)]
    if workload != "given":
        sys.modules["workload"] = importlib.import_module(f"bench.{WORKLOADS[workload].stem}")
    os.environ["BENCH_CACHE"] = str(answer_file(workload, "lonlat"))
    os.environ["BENCH_WORKLOAD"] = workload
    sys.argv = [script, *sys.argv[3:]]
    if (ROOT / "bench" / f"{script}.py").is_file():
        runpy.run_module(f"bench.{script}", run_name="__main__")
    else:
        runpy.run_path(str(PEERS / f"{script}.py"), run_name="__main__")


if __name__ == "__main__":
    main()

"""Where things lie: the checkout, its results, the peers beside it, and files that can be made again."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "bench" / "results"
PREDICTIONS = ROOT / "bench" / "predictions.md"
PAGE = ROOT / "docs" / "benchmarks.md"
PICTURES = ROOT / "docs" / "pictures"
SHARED = Path(os.environ.get("SHARED", ROOT.parent / "shared"))
PEERS = SHARED / "bench" / "peers"
AIS = SHARED / "data" / "ais_uscg_20220103_99999.csv.gz"

WORKLOADS = {
    "given": SHARED / "bench" / "workload.py",
    "second": ROOT / "bench" / "second_workload.py",
    "ais": ROOT / "bench" / "ais_workload.py",
}


def answer_file(workload: str, edges: str) -> Path:
    """Where the exact answer over a workload is kept between runs; another name as soon as the workload is another."""
    made_by = [Path(__file__).with_name("geodesic_answer.py")] if edges == "geodesic" else []
    sources = [*made_by, SHARED / "bench" / "truth.py", *sorted({WORKLOADS["given"], WORKLOADS[workload]})]
    mark = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"keepclear-bench-{workload}-{edges}-{mark}.npy"

"""Many messages from one node to another over HTTPS, with three of ten answers lost and both killed now and then: each is shown once.

Two processes with SQLite files in `--folder` ("": in memory where that can be). A killed node starts again from its record. What must
hold is in `tests/simulation/nodes_killed.py`, and is looked at by both records. Needs what the tests need.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path

from bench.timing import arguments, tell

MEMORY = Path("/dev/shm")


def main() -> None:
    """Prints one line."""
    args = arguments(__doc__, messages=20_000, seed=1, lost="0.3", kills=12, folder="")
    from tests.simulation.nodes_killed import many_messages

    folder = Path(tempfile.mkdtemp(dir=args.folder or (MEMORY if MEMORY.is_dir() else None)))
    began_s = time.perf_counter()
    try:
        outcome = many_messages(folder, args.messages, seed=args.seed, answers_lost=float(args.lost), kills=args.kills)
        tell(
            messages=args.messages, shown_once=args.messages, seed=args.seed, answers_lost=float(args.lost), killed=outcome.killed,
            packets=outcome.packets, took_s=round(time.perf_counter() - began_s, 1),
        )  # fmt: skip
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()

"""A process that appends under load until it is killed: by whoever reads what it says, or by itself at a chosen operation of the disk.

Started once as a program, it forks a child for each line of JSON on standard input, {"path", "kill_at"}; the child says

    pid N            which process to kill
    submitted N      so many entries are about to be given to the writer
    acknowledged N   so many are durable
    ended N          the child is gone; N is how, as `os.waitpid` has it
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Sequence

import alembic.command  # noqa: F401 - loaded before the fork, as the first opening of a store needs it

from keepclear.store.store import Store
from keepclear.store.writer import Writer, WriterLimits
from keepclear.store.writes import Write
from tests.simulation.disk import Disk, mounted
from tests.stored import write

WRITES = 400
AT_ONCE = 6


def say(line: str) -> None:
    """One whole line, at once."""
    os.write(1, f"{line}\n".encode())


def append_until_killed(path: str, kill_at: int | None) -> None:
    """Gives single entries to a writer, several at a time, and says what is durable."""

    def before_each(number: int) -> None:
        if number == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    with mounted(Disk(before_each=before_each)) as vfs, Store.open(f"sqlite:///{path}?vfs={vfs}") as store:
        store._opened.writer.execute("PRAGMA wal_autocheckpoint = 30")

        def on_durable(group: Sequence[Write]) -> None:
            say(f"acknowledged {group[-1].progress['views']}")

        writer = Writer(store.append, limits=WriterLimits(group_max=AT_ONCE), on_durable=on_durable)
        first = store.size()
        futures = []
        for sequence in range(first, first + WRITES):
            say(f"submitted {sequence + 1}")
            futures.append(writer.submit(write(sequence)))
            if len(futures) > AT_ONCE:
                futures.pop(0).result()
        writer.stop()


def main() -> None:
    """Forks a child for each line that comes."""
    for line in sys.stdin:
        asked = json.loads(line)
        child = os.fork()
        if child == 0:
            status = 1
            try:
                append_until_killed(asked["path"], asked["kill_at"])
                status = 0
            finally:
                sys.stderr.flush()
                os._exit(status)
        say(f"pid {child}")
        _, how = os.waitpid(child, 0)
        say(f"ended {how}")


if __name__ == "__main__":
    main()

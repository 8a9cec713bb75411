"""Real processes, killed with SIGKILL while they append; and a real PostgreSQL that crashes under one. Nothing acknowledged is lost.

A seed is a bug report: `KEEPCLEAR_CRASH_SEED=N ./test tests/simulation/test_killed.py`.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from random import Random
from threading import Event

import pytest

from keepclear.store.store import Store
from keepclear.store.writer import CommitFailed, Writer, WriterLimits
from tests.simulation.what_must_hold import check
from tests.stored import write

ASKED = os.environ.get("KEEPCLEAR_CRASH_SEED")
ROOT = Path(__file__).parents[2]
KILLS_PER_DATABASE = 12


def seeds(count):
    return [int(ASKED)] if ASKED else list(range(count))


class Appender:
    """The program of `killed_writer`."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.simulation.killed_writer"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            text=True,
        )

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def run(self, path: Path, *, kill_at: int | None, kill_after: int | None) -> tuple[int, int, int]:
        """Appends until it is killed: at this operation, or after so many acknowledgements. Gives how it ended, and what was
        acknowledged and submitted at most."""
        self._process.stdin.write(json.dumps({"path": str(path), "kill_at": kill_at}) + "\n")
        self._process.stdin.flush()
        pid = acknowledged = submitted = told = 0
        while True:
            word, number = self._process.stdout.readline().split()
            match word:
                case "pid":
                    pid = int(number)
                case "submitted":
                    submitted = int(number)
                case "acknowledged":
                    acknowledged, told = int(number), told + 1
                case "ended":
                    return int(number), acknowledged, submitted
            if pid and kill_after is not None and told >= kill_after:
                os.kill(pid, signal.SIGKILL)
                kill_after = None


@pytest.fixture(scope="module")
def appender():
    appender = Appender()
    yield appender
    appender.close()


def kill_again_and_again(appender: Appender, folder: Path, seed: int) -> int:
    """Kills writers of one database at points that the seed chooses, looking at it each time; gives how many were killed."""
    random = Random(seed)
    folder.mkdir()
    path = folder / "r.sqlite"
    killed = acknowledged = submitted = 0
    for _ in range(KILLS_PER_DATABASE):
        chosen = random.random() < 0.7
        kill_at = random.randint(0, 60) if chosen else None
        kill_after = None if chosen else random.randint(0, 12)
        how, told, given = appender.run(path, kill_at=kill_at, kill_after=kill_after)
        assert how in {0, signal.SIGKILL}
        killed += how == signal.SIGKILL
        acknowledged, submitted = max(acknowledged, told), max(submitted, given)
        acknowledged = check(f"sqlite:///{path}", acknowledged=acknowledged, submitted=submitted)
    check(f"sqlite:///{path}", acknowledged=acknowledged, submitted=submitted, again=True)
    return killed


@pytest.mark.promise("STORE-2", "STORE-3")
def test_nothing_acknowledged_is_lost_when_the_process_is_killed(appender, folder):
    killed = 0
    for seed in seeds(9):
        try:
            killed += kill_again_and_again(appender, folder / str(seed), seed)
        except BaseException as failure:
            failure.add_note(f"KEEPCLEAR_CRASH_SEED={seed}")
            raise
    assert ASKED or killed > 90


@pytest.mark.promise("STORE-2", "STORE-3")
@pytest.mark.parametrize("seed", seeds(3))
def test_nothing_acknowledged_is_lost_when_postgresql_crashes_mid_commit(postgres, seed):
    random = Random(seed)
    url = postgres.new_database()
    acknowledged = [0]
    failed = Event()
    enough = Event()
    wanted = random.randint(1, 120)

    def on_durable(group):
        acknowledged[0] = group[-1].progress["views"]
        if acknowledged[0] >= wanted:
            enough.set()

    store = Store.open(url)
    writer = Writer(
        store.append,
        limits=WriterLimits(group_max=random.randint(1, 20)),
        on_durable=on_durable,
        on_failure=lambda error: failed.set(),
    )
    futures = [writer.submit(write(sequence)) for sequence in range(1_500)]
    assert enough.wait(60)
    postgres.restart()
    assert failed.wait(60)
    with pytest.raises(CommitFailed):
        writer.stop()
    done = [future.exception() is None for future in futures]
    assert done == sorted(done, reverse=True), "whoever was acknowledged came before whoever was not"
    assert sum(done) == acknowledged[0] < len(futures)
    store.close()
    check(url, acknowledged=acknowledged[0], submitted=len(futures), again=True)

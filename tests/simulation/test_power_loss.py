"""Power is lost, the disk is full, the disk fails: whatever was acknowledged is there, once and in order.

A seed is a bug report: `KEEPCLEAR_CRASH_SEED=N ./test tests/simulation/test_power_loss.py` runs that one alone; bench/crash_search.py
tries many more.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from random import Random

import pytest

from keepclear.store.store import Store
from keepclear.store.writes import Sealed, Write
from tests.simulation.disk import SQLITE_FULL, SQLITE_IOERR_WRITE, Disk, Fault, mounted, written_to
from tests.simulation.what_must_hold import check
from tests.stored import write

ASKED = os.environ.get("KEEPCLEAR_CRASH_SEED")


def seeds(count: int) -> list[int]:
    return [int(ASKED)] if ASKED else list(range(count))


def load(disk: Disk, folder: Path, random: Random, groups: int) -> None:
    """Makes a store and appends to it until it fails or is done; notes what is submitted and what is acknowledged."""
    with mounted(disk) as vfs:
        store = None
        try:
            store = Store.open(f"sqlite:///{folder}/r.sqlite?vfs={vfs}")
            # Often enough that many power cuts come while pages go from the log into the database.
            store._opened.writer.execute("PRAGMA wal_autocheckpoint = 40")
            size = 0
            for _ in range(groups):
                count = random.choice([1, 1, 2, 5, 9])
                disk.note(("submitted", size + count))
                parts = [write(size + place) for place in range(count)]
                if random.random() < 0.1:
                    parts.append(Write(sealed=[Sealed("h", b"salt", b"name")], erase=["h"]))
                store.append(parts)
                size += count
                disk.note(("acknowledged", size))
        except Exception as failure:  # noqa: BLE001 - only a fault of this disk may end it, which the caller looks at
            disk.note(("failed", failure))
        finally:
            disk.fault = None
            if store is not None:
                store.close()


def counts(disk: Disk, end: int) -> dict[str, int]:
    notes = disk.notes_until(end)
    latest = {"submitted": 0, "acknowledged": 0}
    return latest | {str(name): value for name, value in notes if name in latest}


def check_files(files: dict[str, bytes], disk: Disk, end: int, folder: Path, *, again: bool) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    written_to(folder, files)
    check(f"sqlite:///{folder}/r.sqlite", **counts(disk, end), again=again)


def lose_power(disk: Disk, folder: Path, seed: int) -> None:
    """Cuts the power at a point that the seed chooses, and looks at what is left."""
    random = Random(seed)
    end = random.randint(0, len(disk.operations))
    check_files(disk.after_power_loss(end, random), disk, end, folder, again=seed % 8 == 0)


def fail_once(folder: Path, seed: int) -> Fault | None:
    """Lets an operation fail at a point that the seed chooses, having done nothing or all; then the process ends, or power is lost too.

    Gives the fault, if that point was reached."""
    random = Random(seed)
    fault = Fault(
        at=random.randint(0, 420),
        code=random.choice([SQLITE_FULL, SQLITE_IOERR_WRITE]),
        done=random.random() < 0.5,
        lasting=random.random() < 0.5,
    )
    disk = Disk(fault)
    place = folder / "run"
    place.mkdir()
    load(disk, place, random, groups=14)
    whole = len(disk.operations)
    check_files(disk.after_process_end(whole), disk, whole, folder / "ended", again=seed % 8 == 0)
    failed = [number for number, one in enumerate(disk.operations) if one.kind == "note" and one.note[0] == "failed"]
    end = random.randint(failed[0], whole) if failed else whole
    check_files(disk.after_power_loss(end, random), disk, end, folder / "lost", again=False)
    shutil.rmtree(place)
    return fault if disk.failed else None


@pytest.fixture(scope="module")
def disk(tmp_path_factory):
    """A disk with everything that a new store and some dozens of commits asked of it."""
    disk = Disk()
    load(disk, tmp_path_factory.mktemp("load"), Random(1), groups=45)
    assert [name for name, _ in disk.notes_until(len(disk.operations)) if name == "failed"] == []
    return disk


@pytest.mark.promise("STORE-2", "STORE-3")
def test_nothing_acknowledged_is_lost_with_the_power(disk, folder):
    for seed in seeds(160):
        try:
            lose_power(disk, folder / "left", seed)
        except BaseException as failure:
            failure.add_note(f"KEEPCLEAR_CRASH_SEED={seed}")
            raise


@pytest.mark.promise("STORE-2", "STORE-5")
def test_nothing_acknowledged_is_lost_when_the_disk_fails_or_is_full(folder):
    faults = []
    for seed in seeds(40):
        try:
            faults.append(fail_once(folder, seed))
        except BaseException as failure:
            failure.add_note(f"KEEPCLEAR_CRASH_SEED={seed}")
            raise
    met = {(fault.code, fault.done) for fault in faults if fault is not None}
    assert ASKED or len(met) == 4, "full and failing, each done and not done"


def test_the_disk_of_these_tests_does_lose_what_was_not_synced(disk):
    ends = range(0, len(disk.operations), 7)
    lost = [end for end in ends if disk.after_power_loss(end, Random(end)) != disk.after_process_end(end)]
    assert len(lost) > len(ends) / 2


def test_a_store_that_does_not_sync_is_caught(folder):
    """The tests above can see: the same load with synchronous=OFF loses acknowledged entries."""
    disk = Disk()
    with mounted(disk) as vfs:
        Store.open(f"sqlite:///{folder}/r.sqlite?vfs={vfs}").close()
        with Store.open(f"sqlite:///{folder}/r.sqlite?vfs={vfs}") as store:
            store._opened.writer.execute("PRAGMA synchronous = OFF")
            for size in range(20):
                store.append([write(size)])
                disk.note(("acknowledged", size + 1))
                disk.note(("submitted", size + 1))
            end = len(disk.operations)
    found = 0
    for seed in range(20):
        try:
            check_files(disk.after_power_loss(end, Random(seed)), disk, end, folder / "left", again=False)
        except AssertionError:
            found += 1
    assert found > 10

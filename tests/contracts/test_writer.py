"""The one thread that writes: in order, in groups, and nothing after a failure. Its faults come twice: done, and not done."""

from __future__ import annotations

from concurrent.futures import Future
from threading import Event

import pytest

from keepclear.ground.errors import LimitExceeded
from keepclear.store.store import Store
from keepclear.store.writer import CommitFailed, Writer, WriterLimits
from keepclear.store.writes import Access, Write
from tests.simulation.what_must_hold import check
from tests.stored import write


class Held:
    """An `append` that waits until it is let go, and keeps the groups."""

    def __init__(self, *, failing_at: int | None = None) -> None:
        self.groups: list[list[Write]] = []
        self.begun = Event()
        self.let_go = Event()
        self._failing_at = failing_at

    def append(self, group):
        self.begun.set()
        self.let_go.wait()
        if len(self.groups) == self._failing_at:
            raise OSError("no disk")
        self.groups.append(list(group))


def access(number: int, name: str = "z") -> Write:
    return Write(accesses=[Access(number, "u", "p", "read", "zone", name, "alpha")])


def test_what_waits_is_committed_together_and_in_order():
    held = Held()
    writer = Writer(held.append)
    first = writer.submit(access(0))
    held.begun.wait()
    rest = [writer.submit(access(number)) for number in range(1, 50)]
    assert not first.done()
    held.let_go.set()
    writer.stop()
    assert held.groups == [[access(0)], [access(number) for number in range(1, 50)]]
    assert all(future.result() is None for future in [first, *rest])


def test_groups_are_bounded_by_count_and_by_bytes():
    held = Held()
    writer = Writer(held.append, limits=WriterLimits(group_max=3, group_bytes_max=10_000))
    writer.submit(access(0))
    held.begun.wait()
    writes = [access(1), access(2), access(3), access(4), write(8), write(9), write(290), access(5)]
    for one in writes:
        writer.submit(one)
    held.let_go.set()
    writer.stop()
    assert [one for group in held.groups[1:] for one in group] == writes
    assert all(len(group) <= 3 for group in held.groups)
    assert all(len(group) == 1 or sum(one.byte_count for one in group) <= 10_000 for group in held.groups)


def test_the_queue_is_bounded_by_count_and_by_bytes():
    held = Held()
    writer = Writer(held.append, limits=WriterLimits(waiting_max=3, waiting_bytes_max=10_000))
    writer.submit(access(0))
    held.begun.wait()
    assert not writer.has_room(10_001)
    writer.submit(access(1))
    writer.submit(access(2))
    assert not writer.has_room()
    with pytest.raises(LimitExceeded):
        writer.submit(access(3))
    assert writer.waiting == 3
    held.let_go.set()
    writer.stop()
    assert sum(len(group) for group in held.groups) == 3
    assert (writer.waiting, writer.has_room(10**9)) == (0, True)


def test_on_durable_is_told_before_the_futures_are_done():
    futures: list[Future[None]] = []
    seen: list[tuple[int, bool]] = []
    held = Held()
    writer = Writer(held.append, on_durable=lambda group: seen.append((len(group), futures[0].done())))
    futures.append(writer.submit(access(0)))
    held.let_go.set()
    futures[0].result()
    writer.stop()
    assert seen == [(1, False)]


def test_after_a_failure_nothing_is_acknowledged_and_nothing_written():
    held = Held(failing_at=1)
    failures: list[BaseException] = []
    writer = Writer(held.append, limits=WriterLimits(group_max=2), on_failure=failures.append)
    first = writer.submit(access(0))
    held.begun.wait()
    rest = [writer.submit(access(number)) for number in range(1, 9)]
    held.let_go.set()
    with pytest.raises(CommitFailed):
        writer.stop()
    assert first.exception() is None
    assert all(isinstance(future.exception(), CommitFailed) for future in rest)
    assert held.groups == [[access(0)]]
    assert [str(failure) for failure in failures] == ["no disk"]
    with pytest.raises(CommitFailed):
        writer.submit(access(9))


def test_after_a_stop_nothing_is_taken():
    writer = Writer(lambda group: None)
    writer.stop()
    writer.stop()
    with pytest.raises(RuntimeError):
        writer.submit(access(0))


@pytest.mark.parametrize("done", [False, True])
def test_a_commit_that_failed_is_whole_or_not_there(tmp_path, done):
    """It failed and did nothing; it failed and had done it: nobody can tell, and either is consistent."""
    url = f"sqlite:///{tmp_path}/r.sqlite"
    store = Store.open(url)

    def append(group):
        failing = any(one.progress["views"] == 7 for one in group)
        if not failing or done:
            store.append(group)
        if failing:
            raise OSError("the answer was lost")

    writer = Writer(append, limits=WriterLimits(group_max=2))
    futures = [writer.submit(write(sequence)) for sequence in range(12)]
    with pytest.raises(CommitFailed):
        writer.stop()
    store.close()
    acknowledged = sum(future.exception() is None for future in futures)
    assert acknowledged < 7
    size = check(url, acknowledged=acknowledged, submitted=12, again=True)
    assert size == acknowledged or (done and size <= acknowledged + 2)
    assert (size >= 7) is done

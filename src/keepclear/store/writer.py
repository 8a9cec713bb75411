"""The one thread that writes. What came in while a commit was under way goes into the next one, so nobody waits for company.

    submitted  ──▶  waiting  ──append, in groups──▶  durable  ──▶  on_durable(group), then its futures are done
                       │                 └─ raises ─▶  failed  ──▶  on_failure(error) once; everybody who waits gets CommitFailed
                       └─ full ─▶  LimitExceeded

A commit that failed may have been done. So nothing after it is written, nothing of it is acknowledged, and only opening the database
again shows which it was.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Condition, Thread

from keepclear.ground.errors import LimitExceeded
from keepclear.store.writes import Write


class CommitFailed(Exception):
    """A commit failed, and whether it was done is not known. Caused by the disk or the database; the process must end."""


@dataclass(frozen=True)
class WriterLimits:
    """How many writes and bytes may wait, and how many go into one commit; a single larger write has its own commit."""

    waiting_max: int = 10_000
    waiting_bytes_max: int = 256 * 1024 * 1024
    group_max: int = 1_000
    group_bytes_max: int = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Waiting:
    write: Write
    byte_count: int
    future: Future[None]


class Writer:
    """Commits what is given to it, in order, in groups.

    append      usually `Store.append`; called in the writer's own thread
    on_durable  called in that thread once per group with the writes that are durable now, before their futures are done
    on_failure  called in that thread once, with what went wrong; from then on everybody who waits, and everybody who comes, gets
                `CommitFailed`
    """

    def __init__(
        self,
        append: Callable[[Sequence[Write]], None],
        *,
        limits: WriterLimits = WriterLimits(),
        on_durable: Callable[[Sequence[Write]], None] = lambda _group: None,
        on_failure: Callable[[BaseException], None] = lambda _error: None,
    ) -> None:
        self._append = append
        self._limits = limits
        self._on_durable = on_durable
        self._on_failure = on_failure
        self._queue: deque[_Waiting] = deque()
        self._changed = Condition()
        self._count = 0  # of what is not durable: in the queue, or under way
        self._byte_count = 0
        self._stopping = False
        self._failure: BaseException | None = None
        self._thread = Thread(target=self._run, name="keepclear-writer", daemon=True)
        self._thread.start()

    def has_room(self, byte_count: int = 0) -> bool:
        """Whether a write of this many bytes would be taken now. With one thread that submits, it stays true until that submits."""
        if self._count == 0:
            return True  # a write larger than the limit is taken alone
        return (
            self._count < self._limits.waiting_max and self._byte_count + byte_count <= self._limits.waiting_bytes_max
        )

    def submit(self, write: Write, *, in_any_case: bool = False) -> Future[None]:
        """Queues a write. The future is done once it is durable, or fails with `CommitFailed`.

        in_any_case  without asking for room: of what has happened already, and was asked for before

        Raises `LimitExceeded` where there is no room, `CommitFailed` after a failure, RuntimeError after `stop`."""
        waiting = _Waiting(write, write.byte_count, Future())
        waiting.future.set_running_or_notify_cancel()  # what is queued is written: it cannot be taken back
        with self._changed:
            if self._failure is not None:
                raise _commit_failed(self._failure)
            if self._stopping:
                raise RuntimeError("the writer was stopped")
            if not in_any_case and not self.has_room(waiting.byte_count):
                raise LimitExceeded("store.full", "Too much is waiting for the disk", value=f"{self._count} writes")
            self._queue.append(waiting)
            self._count += 1
            self._byte_count += waiting.byte_count
            self._changed.notify()
        return waiting.future

    @property
    def waiting(self) -> int:
        """How many writes are not durable yet."""
        return self._count

    def stop(self) -> None:
        """Commits what was submitted, and ends the thread. Raises `CommitFailed` if that, or an earlier commit, failed."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join()
        if self._failure is not None:
            raise _commit_failed(self._failure)

    def _run(self) -> None:
        while group := self._next_group():
            try:
                writes = [waiting.write for waiting in group]
                self._append(writes)
                # First the room, then the word of it: whoever waits for room looks when it hears that something is durable.
                with self._changed:
                    self._count -= len(group)
                    self._byte_count -= sum(waiting.byte_count for waiting in group)
                self._on_durable(writes)
            except BaseException as failure:  # noqa: BLE001 - handed to everybody who waits, and to the owner
                self._fail(failure, group)
                return
            for waiting in group:
                waiting.future.set_result(None)

    def _next_group(self) -> list[_Waiting]:
        """Waits for something to write; empty: there is nothing left, and nothing more comes."""
        with self._changed:
            while not self._queue and not self._stopping:
                self._changed.wait()
            group: list[_Waiting] = []
            byte_count = 0
            while self._queue and len(group) < self._limits.group_max:
                byte_count += self._queue[0].byte_count
                if group and byte_count > self._limits.group_bytes_max:
                    break
                group.append(self._queue.popleft())
            return group

    def _fail(self, failure: BaseException, group: Sequence[_Waiting]) -> None:
        with self._changed:
            self._failure = failure
            left = [*group, *self._queue]
            self._queue.clear()
        try:
            self._on_failure(failure)
        finally:
            for waiting in left:
                waiting.future.set_exception(_commit_failed(failure))


def _commit_failed(cause: BaseException) -> CommitFailed:
    failed = CommitFailed(f"a commit failed, and whether it was done is not known: {cause!r}")
    failed.__cause__ = cause
    return failed

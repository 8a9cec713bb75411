"""The one thread that writes: what is waiting is committed together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

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
        raise NotImplementedError

    def has_room(self, byte_count: int = 0) -> bool:
        """Whether a write of this many bytes would be taken now. With one thread that submits, it stays true until that submits."""
        raise NotImplementedError

    def submit(self, write: Write) -> Future[None]:
        """Queues a write. The future is done once it is durable, or fails with `CommitFailed`.

        Raises `LimitExceeded` where there is no room, `CommitFailed` after a failure, RuntimeError after `stop`."""
        raise NotImplementedError

    @property
    def waiting(self) -> int:
        """How many writes are not durable yet."""
        raise NotImplementedError

    def stop(self) -> None:
        """Commits what was submitted, and ends the thread. Raises `CommitFailed` if that, or an earlier commit, failed."""
        raise NotImplementedError

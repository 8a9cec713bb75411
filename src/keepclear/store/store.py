"""The store of one node: what was committed, what was concluded, and the views of it, on SQLite or PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType

from keepclear.record.entries import Committed, Entry
from keepclear.store.writes import Access, Answered, Checkpoint, Restored, Sealed, Snapshot, Value, Write


class Store:
    """One database. One thread at a time may `append`; any thread may read, also while another appends.

    A second store that would write the same database is refused, in this process and in any other."""

    @staticmethod
    def open(url: str, *, writable: bool = True, create: bool = True) -> Store:
        """The store at this address: "sqlite:///FOLDER/record.sqlite" or "postgresql://USER@HOST/NAME".

        A database that is empty is made ready; an older one is brought up to date. Raises `Refused` where there is none and
        `create` is false, where it is somebody else's, newer than this program, half a copy, not durable, or written by another node.
        Not writable: nothing is created, brought up to date or locked, and `append` fails."""
        raise NotImplementedError

    def close(self) -> None:
        """Lets go of the database. Another may open it then."""
        raise NotImplementedError

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- writing ---

    def append(self, group: Sequence[Write]) -> None:
        """Writes all of these in one transaction, in this order; when it returns they are durable.

        Raises `Refused` where the entries do not go on at `size()`, or go back in time: nothing is written then, and the store stays
        usable. Any other exception: it is not known whether it was written. The store takes nothing more; open it again to see."""
        raise NotImplementedError

    # --- the record ---

    def size(self) -> int:
        """How many entries there are; the sequence of the next one."""
        raise NotImplementedError

    def last_at_us(self) -> int:
        """When the newest entry was known; 0 where there is none."""
        raise NotImplementedError

    def entries(self, first: int, count: int) -> list[Committed]:
        """Up to `count` entries from this sequence on, in order, with what is left of their bodies and outcomes."""
        raise NotImplementedError

    def stream(self, first: int = 0, until: int | None = None) -> Iterator[Committed]:
        """All entries from `first` up to, not including, `until` (None: as many as there are now), some at a time."""
        raise NotImplementedError

    def outcomes(self, first: int, count: int) -> list[tuple[Entry, bytes]]:
        """The first `count` entries from this sequence on from which something followed, with their outcomes."""
        raise NotImplementedError

    def sequence_known_at(self, at_us: int) -> int:
        """How many entries were known at this instant: those with `at_us` up to it."""
        raise NotImplementedError

    def tile(self, level: int, index: int) -> bytes | None:
        """Hashes of the tree, 32 bytes each: see `keepclear.record.tree`."""
        raise NotImplementedError

    def root(self) -> bytes:
        """The root of the tree over all entries: 32 bytes."""
        raise NotImplementedError

    def checkpoint(self) -> Checkpoint | None:
        """The newest checkpoint."""
        raise NotImplementedError

    def checkpoints(self, first_size: int = 0, count: int = 1000) -> list[Checkpoint]:
        """Checkpoints of at least `first_size` entries, smallest first."""
        raise NotImplementedError

    # --- beside it ---

    def snapshot(self, size_max: int | None = None) -> Snapshot | None:
        """The newest snapshot, or the newest of at most `size_max` entries."""
        raise NotImplementedError

    def snapshot_sizes(self) -> list[int]:
        """After how many entries there are snapshots, smallest first."""
        raise NotImplementedError

    def sealed(self, hash: str) -> Sealed | None:
        """What is sealed under this hash; erased: with None in place of salt and bytes. None: nothing ever was."""
        raise NotImplementedError

    def answered(self, user: str, key: str) -> Answered | None:
        """What a request of this user with this idempotency key was answered."""
        raise NotImplementedError

    def accesses(self, owner: str, count: int) -> list[Access]:
        """The newest lines of the access log about objects of this party, newest first."""
        raise NotImplementedError

    def restored_from(self) -> Restored | None:
        """What this database is a copy of, as long as no entry began a new epoch in it; None: it is the record itself."""
        raise NotImplementedError

    # --- views ---

    def progress(self, name: str) -> int:
        """The sequence of the first entry that this fold has not put into the views; 0 at the beginning."""
        raise NotImplementedError

    def rows(self, view: str) -> Iterator[dict[str, Value]]:
        """Every row of a view, in the order of its key."""
        raise NotImplementedError

    def presence(
        self,
        at_us: int,
        known_at_us: int,
        *,
        exercise: bool,
        zone: str | None = None,
        subject: str | None = None,
        count: int = 10_000,
    ) -> list[dict[str, Value]]:
        """Who was where at `at_us`, as it was known at `known_at_us`: for each subject and zone the last change of presence that
        was seen by then. Ordered by zone and subject, as rows of `presence_change`."""
        raise NotImplementedError

    def presence_history(
        self, *, exercise: bool, known_at_us: int, zone: str | None = None, subject: str | None = None,
        from_us: int, until_us: int, count: int = 10_000,
    ) -> list[dict[str, Value]]:  # fmt: skip
        """Changes of presence seen from `from_us` to `until_us`, as known at `known_at_us`, in the order they were seen."""
        raise NotImplementedError

    def zones(self, known_at_us: int, *, exercise: bool) -> list[dict[str, Value]]:
        """The versions of zones that were agreed at this instant: rows of `zone_version`, ordered by zone."""
        raise NotImplementedError

    def alerts(
        self, *, exercise: bool, states: Sequence[str] = (), after: tuple[int, int] = (-1, -1), count: int = 1000
    ) -> list[dict[str, Value]]:
        """Alerts behind the id `after`, oldest first: rows of `alert`; of these states, or of any if none is named."""
        raise NotImplementedError

    def alert_steps(self, sequence: int, index: int) -> list[dict[str, Value]]:
        """What was done about an alert, oldest first: rows of `alert_step`."""
        raise NotImplementedError

    def segments(
        self, subject: str, *, exercise: bool, from_us: int, until_us: int, feed: str | None = None
    ) -> list[dict[str, Value]]:
        """Packed segments of a subject's track that meet this window: rows of `track_segment`, in the order they began."""
        raise NotImplementedError

    def subjects(self, *, exercise: bool, from_us: int, until_us: int, after: str = "", count: int = 1000) -> list[str]:
        """Names of the subjects with segments that meet this window, behind `after`, in order."""
        raise NotImplementedError

    def drop_views(self) -> None:
        """Takes every row out of every view, and the progress of every fold. The record stays as it is."""
        raise NotImplementedError

    # --- care ---

    def faults(self) -> list[str]:
        """What is wrong with this database, in words: pages, references, gaps, the tree. Reads all of it. Empty: nothing."""
        raise NotImplementedError

    def standing(self) -> Mapping[str, Value]:
        """For a status page: kind of database, its version, revision, bytes on disk, size of the record."""
        raise NotImplementedError

"""The store of one node: what was committed, what was concluded, and the views of it, on SQLite or PostgreSQL."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from itertools import islice
from types import TracebackType
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, FromClause, Row, Select, Table, and_, exists, func, literal, or_, select, tuple_

from keepclear.ground.errors import Refused
from keepclear.record.entries import EMPTY_HASH, Committed, Entry
from keepclear.record.tree import TILE_BYTES, TileReader, TilesInMemory, Tree, leaf_hash, root_at
from keepclear.store import schema
from keepclear.store.appending import COPY, Appending
from keepclear.store.opening import Opened, address
from keepclear.store.tiles import KeptTiles
from keepclear.store.writes import Access, Answered, Checkpoint, Drop, Restored, Sealed, Snapshot, Value, Write

ENTRIES_AT_ONCE = 256
CARRIED_AT_ONCE = 200
FAULTS_TOLD_MAX = 100


class StoreFailed(Exception):
    """A commit failed before: the store takes nothing more until it is opened again."""


class Store:
    """One database. One thread at a time may `append`; any thread may read, also while another appends.

    A second store that would write the same database is refused, in this process and in any other."""

    @staticmethod
    def open(url: str, *, writable: bool = True, create: bool = True) -> Store:
        """The store at this address: "sqlite:///FOLDER/record.sqlite" or "postgresql://USER@HOST/NAME".

        A database that is empty is made ready; an older one is brought up to date. Raises `Refused` where there is none and
        `create` is false, where it is somebody else's, newer than this program, half a copy, not durable, or written by another node.
        Not writable: nothing is created, brought up to date or locked, and `append` fails."""
        return Store(Opened(address(url), writable=writable, create=create))

    def __init__(self, opened: Opened) -> None:
        self._opened = opened
        self._readers = opened.readers
        self._failed = False
        self._tiles = KeptTiles(self._stored_tile, self._leaves, self.size)
        self._head: _Head | None = None
        self._appending: Appending | None = None
        if opened.writer is not None:
            self._appending = Appending(opened.writer, opened.readers.dialect)
            size, last_at_us = self._counted()
            self._tree = Tree(self._tiles, size)
            self._head = _Head(size, last_at_us, self._tree.root())

    def close(self) -> None:
        """Lets go of the database. Another may open it then."""
        self._appending = None
        self._opened.close()

    @property
    def url(self) -> str:
        """The address of the database, without its password."""
        return self._opened.name

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
        if self._appending is None or self._head is None:
            raise StoreFailed("this store was opened to be read")
        if self._failed:
            raise StoreFailed("a commit failed before, and whether it was done is not known")
        entries = [committed.entry for write in group for committed in write.entries]
        self._check_goes_on(entries)
        try:
            self._tree.append(leaf_hash(entry.leaf) for entry in entries)
            self._appending.append(group, self._tiles.full)
        except BaseException:
            self._failed = True
            self._opened.abandon()
            raise
        self._tiles.committed()
        if entries:
            self._head = _Head(self._tree.size, entries[-1].at_us, self._tree.root())
        if any(write.erase for write in group):
            self._opened.forget_old_pages(schema.sealed)

    def _check_goes_on(self, entries: Sequence[Entry]) -> None:
        assert self._head is not None
        sequence, at_us = self._head.size, self._head.last_at_us
        for entry in entries:
            if entry.sequence != sequence:
                raise Refused("store.gap", f"The record goes on with entry {sequence}", value=entry.sequence)
            if entry.at_us < at_us:
                what = f"Entry {sequence} was known before the one before it, at {at_us}"
                raise Refused("store.back_in_time", what, value=entry.at_us)
            sequence, at_us = sequence + 1, entry.at_us

    # --- the record ---

    def size(self) -> int:
        """How many entries there are; the sequence of the next one."""
        return self._counted()[0] if self._head is None else self._head.size

    def last_at_us(self) -> int:
        """When the newest entry was known; 0 where there is none."""
        return self._counted()[1] if self._head is None else self._head.last_at_us

    def _counted(self) -> tuple[int, int]:
        entry = schema.entry.c
        newest = self._first(select(entry.sequence, entry.at_us).order_by(entry.sequence.desc()).limit(1))
        return (0, 0) if newest is None else (newest.sequence + 1, newest.at_us)

    def entries(self, first: int, count: int) -> list[Committed]:
        """Up to `count` entries from this sequence on, in order, with what is left of their bodies and outcomes."""
        query = (
            select(schema.entry, schema.body.c.bytes.label("body"), schema.outcome.c.bytes.label("outcome"))
            .outerjoin(schema.body, schema.body.c.sequence == schema.entry.c.sequence)
            .outerjoin(schema.outcome, schema.outcome.c.sequence == schema.entry.c.sequence)
            .where(schema.entry.c.sequence >= first, schema.entry.c.sequence < first + count)
            .order_by(schema.entry.c.sequence)
        )
        return [_committed(row) for row in self._all(query)]

    def stream(self, first: int = 0, until: int | None = None) -> Iterator[Committed]:
        """All entries from `first` up to, not including, `until` (None: as many as there are now), some at a time."""
        until = self.size() if until is None else until
        while first < until:
            found = self.entries(first, min(ENTRIES_AT_ONCE, until - first))
            if not found:
                return
            yield from found
            first = found[-1].entry.sequence + 1

    def outcomes(self, first: int, count: int) -> list[tuple[Entry, bytes]]:
        """The first `count` entries from this sequence on from which something followed, with their outcomes."""
        query = (
            select(schema.entry, schema.outcome.c.bytes.label("outcome"))
            .join(schema.outcome, schema.outcome.c.sequence == schema.entry.c.sequence)
            .where(schema.outcome.c.sequence >= first)
            .order_by(schema.outcome.c.sequence)
            .limit(count)
        )
        return [(_entry(row), row.outcome) for row in self._all(query)]

    def sequence_known_at(self, at_us: int) -> int:
        """How many entries were known at this instant: those with `at_us` up to it."""
        entry = schema.entry.c
        query = select(entry.sequence).where(entry.at_us <= at_us).order_by(entry.at_us.desc(), entry.sequence.desc())
        newest = self._first(query.limit(1))
        return 0 if newest is None else newest.sequence + 1

    @property
    def tiles(self) -> TileReader:
        """The hashes of the tree, as `keepclear.record.tree` reads them."""
        return self._tiles

    def root(self) -> bytes:
        """The root of the tree over all entries: 32 bytes."""
        if self._head is not None:
            return self._head.root
        return root_at(self._tiles, self.size())

    def checkpoint(self) -> Checkpoint | None:
        """The newest checkpoint."""
        newest = self._first(select(schema.checkpoint).order_by(schema.checkpoint.c.size.desc()).limit(1))
        return None if newest is None else Checkpoint(*newest)

    def checkpoints(self, first_size: int = 0, count: int = 1000) -> list[Checkpoint]:
        """Checkpoints of at least `first_size` entries, smallest first."""
        size = schema.checkpoint.c.size
        query = select(schema.checkpoint).where(size >= first_size).order_by(size).limit(count)
        return [Checkpoint(*row) for row in self._all(query)]

    # --- beside it ---

    def snapshot(self, size_max: int | None = None) -> Snapshot | None:
        """The newest snapshot, or the newest of at most `size_max` entries."""
        query = select(schema.snapshot).order_by(schema.snapshot.c.size.desc()).limit(1)
        if size_max is not None:
            query = query.where(schema.snapshot.c.size <= size_max)
        newest = self._first(query)
        return None if newest is None else Snapshot(*newest)

    def snapshot_sizes(self) -> list[int]:
        """After how many entries there are snapshots, smallest first."""
        return [row.size for row in self._all(select(schema.snapshot.c.size).order_by(schema.snapshot.c.size))]

    def sealed(self, hash: str) -> Sealed | None:
        """What is sealed under this hash; erased: with None in place of salt and bytes. None: nothing ever was."""
        found = self._first(select(schema.sealed).where(schema.sealed.c.hash == hash))
        return None if found is None else Sealed(*found)

    def carried(self, digests: Iterable[bytes]) -> dict[bytes, bytes]:
        """Sealed bytes by their SHA-256 (32 bytes), of these those that are held."""
        table, found, wanted = schema.carried, {}, list(digests)
        for begin in range(0, len(wanted), CARRIED_AT_ONCE):
            some = wanted[begin : begin + CARRIED_AT_ONCE]
            for row in self._all(select(table.c.digest, table.c.bytes).where(table.c.digest.in_(some))):
                found[bytes(row.digest)] = bytes(row.bytes)
        return found

    def answered(self, user: str, key: str) -> Answered | None:
        """What a request of this user with this idempotency key was answered."""
        table = schema.answered
        found = self._first(select(table).where(table.c.user == user, table.c.key == key))
        return None if found is None else Answered(*found)

    def accesses(self, owner: str, count: int) -> list[Access]:
        """The newest lines of the access log about objects of this party, newest first."""
        table = schema.access
        columns = [column for column in table.columns if column is not table.c.id]
        query = select(*columns).where(table.c.owner == owner).order_by(table.c.id.desc()).limit(count)
        return [Access(*row) for row in self._all(query)]

    def sign_ins(self, table: str) -> list[dict[str, Value]]:
        """Every row of how people sign in: of "password", "invitation" or "session", in the order of its key."""
        held = schema.SIGN_IN[table]
        return self._dicts(select(held).order_by(*held.primary_key))

    def restored_from(self) -> Restored | None:
        """What this database is a copy of, as long as no entry began a new epoch in it; None: it is the record itself."""
        found = self._first(select(schema.mark.c.text).where(schema.mark.c.name == COPY))
        return None if found is None else Restored(**json.loads(found.text))

    # --- views ---

    def progress(self, name: str) -> int:
        """The sequence of the first entry that this fold has not put into the views; 0 at the beginning."""
        table = schema.view_progress
        found = self._first(select(table.c.sequence).where(table.c.name == name))
        return 0 if found is None else int(found.sequence)

    def rows(self, view: str) -> Iterator[dict[str, Value]]:
        """Every row of a view, in the order of its key."""
        table = schema.VIEWS[view]
        key = list(table.primary_key)
        after: tuple[Any, ...] | None = None
        while True:
            query = select(table).order_by(*key).limit(ENTRIES_AT_ONCE)
            if after is not None:
                query = query.where(_behind(key, after))
            found = self._dicts(query)
            yield from found
            if len(found) < ENTRIES_AT_ONCE:
                return
            after = tuple(found[-1][column.name] for column in key)

    def presence(
        self,
        at_us: int,
        known_at_us: int,
        *,
        exercise: bool,
        zone: str | None = None,
        subject: str | None = None,
        after: tuple[str, str] = ("", ""),
        count: int = 10_000,
    ) -> list[dict[str, Value]]:
        """Who was where at `at_us`, as it was known at `known_at_us`: for each subject and zone the last change of presence that
        was seen by then. Rows of `presence_change`, ordered by subject and zone, those behind `after`."""
        change = schema.presence_change
        later = change.alias("later")

        def held(view: FromClause) -> ColumnElement[bool]:
            return and_(view.c.exercise == exercise, view.c.seen_at_us <= at_us, _known(view, known_at_us))

        def place(view: FromClause) -> ColumnElement[Any]:
            return tuple_(view.c.seen_at_us, view.c.sequence, view.c["index"])

        # In the order of an index, pair by pair: what lies behind the page is never read.
        is_of_pair = and_(later.c.subject == change.c.subject, later.c.zone == change.c.zone)
        superseded = exists().where(held(later), is_of_pair, place(later) > place(change))
        query = (
            select(change)
            .where(*_of_whom(change, exercise, zone, subject), held(change), ~superseded)
            .where(_behind_pair(change, subject, after))
            .order_by(change.c.subject, change.c.zone)
            .limit(count)
        )
        return self._dicts(query)

    def presence_history(
        self, *, exercise: bool, known_at_us: int, zone: str | None = None, subject: str | None = None,
        from_us: int, until_us: int, count: int = 10_000,
    ) -> list[dict[str, Value]]:  # fmt: skip
        """Changes of presence seen from `from_us` to `until_us`, as known at `known_at_us`, in the order they were seen."""
        change = schema.presence_change
        query = (
            select(change)
            .where(*_of_whom(change, exercise, zone, subject), _known(change, known_at_us))
            .where(change.c.seen_at_us >= from_us, change.c.seen_at_us <= until_us)
            .order_by(change.c.seen_at_us, change.c.sequence, change.c["index"])
            .limit(count)
        )
        return self._dicts(query)

    def zones(self, known_at_us: int, *, exercise: bool) -> list[dict[str, Value]]:
        """The versions of zones that were agreed at this instant: rows of `zone_version`, ordered by zone."""
        version = schema.zone_version
        query = select(version).where(version.c.exercise == exercise, _known(version, known_at_us))
        return self._dicts(query.order_by(version.c.zone, version.c.sequence))

    def alerts(
        self, *, exercise: bool, states: Sequence[str] = (), after: tuple[int, int] = (-1, -1), count: int = 1000
    ) -> list[dict[str, Value]]:
        """Alerts behind the id `after`, oldest first: rows of `alert`; of these states, or of any if none is named."""
        alert = schema.alert
        query = select(alert).where(alert.c.exercise == exercise, _behind([alert.c.sequence, alert.c["index"]], after))
        if states:
            query = query.where(alert.c.state.in_(states))
        return self._dicts(query.order_by(alert.c.sequence, alert.c["index"]).limit(count))

    def alert_steps(self, sequence: int, index: int) -> list[dict[str, Value]]:
        """What was done about an alert, oldest first: rows of `alert_step`."""
        step = schema.alert_step
        query = select(step).where(step.c.alert_sequence == sequence, step.c.alert_index == index)
        return self._dicts(query.order_by(step.c.sequence, step.c["index"]))

    def segments(
        self, subject: str, *, exercise: bool, from_us: int, until_us: int, feed: str | None = None
    ) -> list[dict[str, Value]]:
        """Packed segments of a subject's track that meet this window: rows of `track_segment`, in the order they began."""
        segment = schema.track_segment
        query = select(segment).where(
            segment.c.exercise == exercise,
            segment.c.subject == subject,
            segment.c.last_seen_us >= from_us,
            segment.c.first_seen_us <= until_us,
        )
        if feed is not None:
            query = query.where(segment.c.feed == feed)
        order = (segment.c.first_seen_us, segment.c.feed, segment.c.sequence, segment.c.number)
        return self._dicts(query.order_by(*order))

    def segments_between(
        self, first: str, last: str, *, exercise: bool, from_us: int, until_us: int
    ) -> list[dict[str, Value]]:
        """Packed segments of the subjects from one name to another that meet this window, by subject and in the order they began."""
        segment = schema.track_segment
        query = (
            select(segment)
            .where(segment.c.exercise == exercise, segment.c.subject >= first, segment.c.subject <= last)
            .where(segment.c.last_seen_us >= from_us, segment.c.first_seen_us <= until_us)
        )
        order = (segment.c.subject, segment.c.first_seen_us, segment.c.feed, segment.c.sequence, segment.c.number)
        return self._dicts(query.order_by(*order))

    def segments_at(self, *, exercise: bool, at_us: int, size: int) -> Iterator[dict[str, Value]]:
        """Packed segments of all subjects in which the newest report of each is, of those seen by `at_us` and in the first `size` entries.

        Of segments that began in time and ended later, every one; of the others, of each subject the one that ended last. Where the last
        of these entries is within a chunk, all that began in time of that chunk."""
        segment = schema.track_segment
        began = and_(segment.c.exercise == exercise, segment.c.first_seen_us <= at_us)
        whole = and_(began, segment.c.sequence < size)
        newest = (
            select(segment.c.subject, func.max(segment.c.last_seen_us).label("last"))
            .where(whole, segment.c.last_seen_us <= at_us)
            .group_by(segment.c.subject)
            .subquery()
        )
        ended = and_(segment.c.subject == newest.c.subject, segment.c.last_seen_us == newest.c.last)
        chunk = select(func.min(segment.c.sequence)).where(segment.c.sequence >= size).scalar_subquery()
        for query in (
            select(segment).where(whole, segment.c.last_seen_us > at_us),
            select(segment).join(newest, ended).where(whole),
            select(segment).where(began, segment.c.sequence == chunk),
        ):
            yield from self._dicts(query)

    def subjects(self, *, exercise: bool, from_us: int, until_us: int, after: str = "", count: int = 1000) -> list[str]:
        """Names of the subjects with segments that meet this window, behind `after`, in order."""
        segment = schema.track_segment
        query = (
            select(segment.c.subject)
            .where(segment.c.exercise == exercise, segment.c.subject > after)
            .where(segment.c.last_seen_us >= from_us, segment.c.first_seen_us <= until_us)
            .distinct()
            .order_by(segment.c.subject)
            .limit(count)
        )
        return [row.subject for row in self._all(query)]

    def drop_views(self) -> None:
        """Takes every row out of every view, and the progress of every fold. The record stays as it is."""
        self.append([Write(drop=Drop(views=True))])

    # --- care ---

    def faults(self) -> list[str]:
        """What is wrong with this database, in words: pages, references, gaps, hashes, the tree. Reads all of it. Empty: nothing.

        A change that fits its own hashes is not seen here: `keepclear record verify` looks for that, with the public keys."""
        return list(islice(self._faults(), FAULTS_TOLD_MAX))

    def _faults(self) -> Iterator[str]:
        yield from self._opened.faults()
        tree = TilesInMemory()
        growing = Tree(tree)
        signed = self._signed()
        size, at_us = self.size(), 0
        for committed in self.stream(0, size):
            entry = committed.entry
            if entry.sequence != growing.size:
                yield f"entry {growing.size} is missing: the next one is {entry.sequence}"
                return
            if entry.at_us < at_us:
                yield f"entry {entry.sequence} was known before the one before it"
            at_us = entry.at_us
            for what, kept, hash in (
                ("body", committed.body, entry.body_hash),
                ("outcome", committed.outcome, entry.outcome_hash),
            ):
                if kept is not None and sha256(kept).hexdigest() != hash:
                    yield f"the {what} of entry {entry.sequence} is not the one that was committed"
            growing.append([leaf_hash(entry.leaf)])
            if signed.get(growing.size, growing.root()) != growing.root():
                yield f"checkpoint {growing.size} is of another record"
        if growing.size != size:
            yield f"there are {growing.size} entries, and {size} were counted"
        for (level, index), hashes in tree.kept.items():
            if len(hashes) == TILE_BYTES and self._stored_tile(level, index) != hashes:
                yield f"tile {level}/{index} is not that of its entries"
        for table in (schema.checkpoint, schema.snapshot):
            for row in self._all(select(table.c.size).where(table.c.size > size)):
                yield f"a {table.name} is of {row.size} entries, and there are {size}"
        for row in self._all(select(schema.view_progress).where(schema.view_progress.c.sequence > size)):
            yield f"the views have seen {row.sequence} entries ({row.name}), and there are {size}"

    def _signed(self) -> dict[int, bytes]:
        """The root that each checkpoint names, by its size; no signature is looked at."""
        notes = self._all(select(schema.checkpoint.c.size, schema.checkpoint.c.note))
        return {row.size: b64decode(row.note.split("\n")[2]) for row in notes if row.note.count("\n") > 2}

    def standing(self) -> Mapping[str, Value]:
        """For a status page: kind of database, its version, revision, bytes on disk, size of the record."""
        return {**self._opened.standing(), "revision": schema.REVISION, "entries": self.size()}

    # --- inside ---

    def _stored_tile(self, level: int, index: int) -> bytes | None:
        tile = schema.tile.c
        found = self._first(select(tile.bytes).where(tile.level == level, tile["index"] == index))
        return None if found is None else bytes(found.bytes)

    def _leaves(self, first: int, count: int) -> list[bytes]:
        sequence = schema.entry.c.sequence
        query = select(schema.entry).where(sequence >= first, sequence < first + count).order_by(sequence)
        return [_entry(row).leaf for row in self._all(query)]

    def _all(self, query: Select[Any]) -> Sequence[Any]:
        with self._readers.connect() as connection:
            return connection.execute(query).all()

    def _first(self, query: Select[Any]) -> Any:
        """The first row; None where there is none."""
        with self._readers.connect() as connection:
            return connection.execute(query).first()

    def _dicts(self, query: Select[Any]) -> list[dict[str, Value]]:
        with self._readers.connect() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]


class _Head(NamedTuple):
    """The end of the record as it is durable; replaced as a whole, so that any thread reads one that was."""

    size: int
    last_at_us: int
    root: bytes


def _entry(row: Row[Any]) -> Entry:
    return Entry(row.sequence, row.at_us, row.kind, row.by, row.exercise, row.body_hash.hex(), row.outcome_hash.hex())


def _committed(row: Row[Any]) -> Committed:
    entry = _entry(row)
    outcome = b"" if entry.outcome_hash == EMPTY_HASH else row.outcome
    return Committed(entry, row.body, outcome)


def _of_whom(change: Table, exercise: bool, zone: str | None, subject: str | None) -> list[ColumnElement[bool]]:
    named = ((change.c.exercise, exercise), (change.c.zone, zone), (change.c.subject, subject))
    return [column == value for column, value in named if value is not None]


def _behind(key: Sequence[ColumnElement[Any]], after: Sequence[object]) -> ColumnElement[bool]:
    return tuple_(*key) > tuple_(*(literal(value, column.type) for column, value in zip(key, after, strict=True)))


def _behind_pair(change: Table, subject: str | None, after: tuple[str, str]) -> ColumnElement[bool]:
    """Subject and zone behind these. Where the subject is named, by the zone alone: SQLite would rather go through every subject behind."""
    if subject is None or subject < after[0]:
        return _behind([change.c.subject, change.c.zone], after)
    return change.c.zone > (after[1] if subject == after[0] else "")


def _known(view: FromClause, at_us: int) -> ColumnElement[bool]:
    """What was held to be true at this instant: known by then, and not yet known better."""
    until = view.c.known_until_us
    return and_(view.c.known_from_us <= at_us, or_(until.is_(None), until > at_us))

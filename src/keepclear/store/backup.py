"""Copies of a store: a backup while the node runs, a restore into a new place, a move to another kind of database.

A copy is never the record itself, as the node may have gone on behind it. So it is marked, and whoever goes on from it begins a new
epoch (`Store.restored_from`, `Write.begins_epoch`). Whoever is stopped takes away what is there so far; what a crash leaves is no store:
half a file under another name, or a database that says it is half a copy.

All functions take addresses as `Store.open` does, and

    at_us     when the copy is made: it is in the mark
    progress  called with (done, of how many), in pages or in rows
    stop      asked now and then; true ends the copying with `Stopped`
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, func, select

from keepclear.ground.errors import Refused
from keepclear.store import schema
from keepclear.store.appending import COPY, Appending
from keepclear.store.opening import COPYING, Opened, address, sync_folder
from keepclear.store.store import Store
from keepclear.store.writes import Restored

PAGES_AT_ONCE = 1_024
ROWS_AT_ONCE = 500
BYTES_AT_ONCE = 8 * 1024 * 1024

Progress = Callable[[int, int], None]
Stop = Callable[[], bool]


class Stopped(Exception):
    """The caller's `stop` said so; no store was made."""


def _silent(_done: int, _of: int) -> None:
    pass


def _never() -> bool:
    return False


def backup(source: str, target: str | Path, *, at_us: int, progress: Progress = _silent, stop: Stop = _never) -> int:
    """Copies a store into one new file, also while a node writes to it; gives how many entries it has.

    The copy is the store at one instant near the beginning, and is durable. Raises `Refused` where the target exists."""
    path = Path(target)
    if path.exists():
        raise Refused(
            "backup.exists", "There is something in this place already", value=str(path), mend="Name a new file."
        )
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    try:
        if address(source).get_backend_name() == "sqlite":
            _copy_pages(source, part, at_us, progress, stop)
        else:
            copy(source, str(part), at_us=at_us, progress=progress, stop=stop)
        _alone(part)
        with Store.open(str(part), writable=False) as made:
            size = made.size()
        os.replace(part, path)
        sync_folder(path.parent)
    finally:
        for left in ("", "-wal", "-shm", "-writer"):
            part.with_name(f"{part.name}{left}").unlink(missing_ok=True)
    return size


def restore(source: str | Path, target: str, *, at_us: int, progress: Progress = _silent, stop: Stop = _never) -> int:
    """Makes a store of a backup in a new place, on either kind of database; gives how many entries it has.

    The backup is looked through first: raises `Refused` where something is wrong with it, and where the target is not empty."""
    if not Path(source).is_file():
        raise Refused("backup.missing", "There is no backup here", value=str(source))
    with Store.open(str(source), writable=False) as held:
        faults = held.faults()
    if faults:
        raise Refused(
            "backup.damaged", f"This backup is damaged: {faults[0]}", value=str(source), mend="Take another one."
        )
    url = address(target)
    if url.get_backend_name() == "sqlite":
        return backup(str(source), url.database or "", at_us=at_us, progress=progress, stop=stop)
    return copy(str(source), target, at_us=at_us, progress=progress, stop=stop)


def copy(source: str, target: str, *, at_us: int, progress: Progress = _silent, stop: Stop = _never) -> int:
    """Copies a store into a new one row by row, between any two kinds of database; gives how many entries it has.

    The source may be written meanwhile. Raises `Refused` where the target is not empty."""
    old = Opened(address(source), writable=False, create=False)
    try:
        new = Opened(address(target), writable=True, create=True)
        try:
            _check_empty(new)
            appending = Appending(new.writer, new.readers.dialect)
            appending.mark(COPYING, source_name(old))
            with old.readers.connect() as connection:
                if not old.is_sqlite:
                    connection = connection.execution_options(isolation_level="REPEATABLE READ")
                try:
                    made = _copy_rows(connection, appending, progress, stop)
                except Stopped:
                    _take_away(new)
                    raise
                mark = _mark_of(connection) or _mark(Restored(source_name(old), at_us, made))
            appending.mark(COPY, mark, instead_of=COPYING)
        finally:
            new.close()
    finally:
        old.close()
    with Store.open(source, writable=False) as original, Store.open(target, writable=False) as copied:
        assert copied.size() == made <= original.size(), "every entry was copied"
    return made


def source_name(opened: Opened) -> str:
    """What a mark calls the original: its file, or its address without a password."""
    return str(opened.path) if opened.is_sqlite else opened.name


# --- inside ---


def _copy_pages(source: str, part: Path, at_us: int, progress: Progress, stop: Stop) -> None:
    opened = Opened(address(source), writable=False, create=False)

    def told(_status: int, left: int, of: int) -> None:
        progress(of - left, of)
        if stop():
            raise Stopped

    try:
        with opened.readers.connect() as connection, closing(sqlite3.connect(part, isolation_level=None)) as made:
            raw: Any = connection.connection.driver_connection
            # One state of the database from here on: without it, SQLite would begin again with every commit of the node.
            raw.execute("BEGIN")
            size = raw.execute("SELECT coalesce(max(sequence) + 1, 0) FROM entry").fetchone()[0]
            raw.backup(made, pages=PAGES_AT_ONCE, progress=told)
            raw.execute("ROLLBACK")
            mark = _mark(Restored(source_name(opened), at_us, size))
            # A copy of a copy keeps the mark it has.
            made.execute("INSERT INTO mark (name, text) VALUES (?, ?) ON CONFLICT DO NOTHING", (COPY, mark))
    finally:
        opened.close()


def _alone(part: Path) -> None:
    """Takes the database out of WAL mode, so that one file is all there is to keep, and has it written down."""
    with closing(sqlite3.connect(part, isolation_level=None)) as made:
        made.execute("PRAGMA journal_mode = DELETE")
    with part.open("rb+") as file:
        os.fsync(file.fileno())


def _check_empty(new: Opened) -> None:
    with new.readers.connect() as connection:
        for table in schema.metadata.sorted_tables:
            if connection.execute(select(table).limit(1)).first() is not None:
                mend = "Name a new database."
                raise Refused("store.not_empty", "There is a record in this database", value=new.name, mend=mend)


def _take_away(new: Opened) -> None:
    """Leaves the database as empty as it was found."""
    for table in [*reversed(schema.metadata.sorted_tables), "alembic_version"]:
        new.writer.execute(f"DROP TABLE {table}")


def _copy_rows(connection: Connection, appending: Appending, progress: Progress, stop: Stop) -> int:
    """Copies every table but the marks, all in one state; gives how many entries there are."""
    tables = [table for table in schema.metadata.sorted_tables if table is not schema.mark]
    counts = [connection.execute(select(func.count()).select_from(table)).scalar_one() for table in tables]
    done, of = 0, sum(counts)
    for table in tables:
        for rows in _portions(connection, table):
            if stop():
                raise Stopped
            appending.copy(table, rows)
            done += len(rows)
            progress(done, of)
    return int(counts[tables.index(schema.entry)])


def _portions(connection: Connection, table: Table) -> Iterator[Sequence[tuple[object, ...]]]:
    counted = table.autoincrement_column
    columns = [column for column in table.columns if column is not counted]
    query = select(*columns).order_by(*table.primary_key).execution_options(yield_per=ROWS_AT_ONCE)
    rows: list[tuple[object, ...]] = []
    byte_count = 0
    for row in connection.execute(query):
        rows.append(tuple(row))
        byte_count += sum(len(value) for value in row if isinstance(value, bytes | str))
        if len(rows) == ROWS_AT_ONCE or byte_count >= BYTES_AT_ONCE:
            yield rows
            rows, byte_count = [], 0
    if rows:
        yield rows


def _mark_of(connection: Connection) -> str | None:
    found = connection.execute(select(schema.mark.c.text).where(schema.mark.c.name == COPY)).first()
    return None if found is None else str(found.text)


def _mark(restored: Restored) -> str:
    return json.dumps(asdict(restored))

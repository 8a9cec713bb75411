"""How a database is opened: whose it is, how new it is, whether it keeps what it says, and who else writes it."""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine, event, inspect, select, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from keepclear.ground.errors import Refused
from keepclear.store import schema

BUSY_MS = 30_000
WAL_KEPT_BYTES = 64 * 1024 * 1024
# A node that was killed holds its lock in PostgreSQL until the server has noticed.
LOCK_WAIT_MS = 2_000

COPYING = "copying"
_MIGRATIONS = Path(__file__).parent / "migrations"


class Opened:
    """An engine for reading, and for a writer the one connection that writes, with the lock that keeps others out.

    readers  each connection sees one state of the database per transaction, and cannot change it
    writer   a connection of the database's own driver, outside of any transaction; None where the store is only read"""

    def __init__(self, url: URL, *, writable: bool, create: bool) -> None:
        self.url = url
        self.is_sqlite = url.get_backend_name() == "sqlite"
        self._path = Path(url.database or "").resolve() if self.is_sqlite else Path()
        self._lock: sqlite3.Connection | None = None
        self._writing: Connection | None = None
        self.writer: Any = None
        if self.is_sqlite:
            self._look_for_file(create=writable and create)
            if writable:
                self._lock_file()
        self.readers = self._engine()
        try:
            self._prepare(writable=writable, create=create)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Closes every connection, and lets go of the lock last."""
        if self._writing is not None and not self._writing.closed:
            self._writing.invalidate()  # never back into the pool: it may hold a lock, or half a transaction
            self._writing.close()
        self._writing = self.writer = None  # SQLite lets go of the file once the last statement is gone
        self.readers.dispose()
        if self._lock is not None:
            self._lock.close()

    def abandon(self) -> None:
        """After a failed commit: ends the connection that writes, and with it whatever is left of its transaction."""
        if self.is_sqlite:
            # In the log of SQLite that writes nothing. Closing alone would keep the lock until Python lets go of every statement.
            with suppress(sqlite3.Error):
                self.writer.execute("ROLLBACK")
        self.writer.close()

    def forget_old_pages(self, table: Table) -> None:
        """What was erased is still in older copies of its page: has them written over, as far as nobody is reading them."""
        if self.is_sqlite:
            self.writer.execute("PRAGMA busy_timeout = 0")  # a reader at work is not waited for
            self.writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            self.writer.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
        else:
            self.writer.execute(f"VACUUM {table.name}")

    @property
    def path(self) -> Path:
        """The file of a database in SQLite."""
        return self._path

    @property
    def name(self) -> str:
        """The address without its password."""
        return self.url.render_as_string(hide_password=True)

    # --- what is there ---

    def _look_for_file(self, *, create: bool) -> None:
        if self._path.is_dir() or not self._path.name:
            raise Refused("store.no_file", "A database in SQLite is one file", value=self.name, mend="Name the file.")
        if self._path.exists():
            return
        if not create:
            raise Refused("store.missing", "There is no database here", value=str(self._path))
        if not self._path.parent.is_dir():
            raise Refused("store.no_folder", "There is no such folder", value=str(self._path.parent))

    def _engine(self) -> Engine:
        if self.is_sqlite:
            query = {"uri": "true", "mode": "rwc", **self.url.query}
            engine = create_engine(
                self.url.set(database=self._path.as_uri().replace("file://", "file:", 1), query=query),
                connect_args={"check_same_thread": False, "timeout": BUSY_MS / 1000},
            )
            event.listen(engine, "connect", _prepare_sqlite)
            event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
            return engine
        # "format": the statements of the hot path take their values in order, as SQLite's do.
        engine = create_engine(
            self.url.set(drivername="postgresql+psycopg"),
            paramstyle="format",
            connect_args={"application_name": "keepclear"},
        )
        event.listen(engine, "connect", _prepare_postgresql)
        return engine

    def _prepare(self, *, writable: bool, create: bool) -> None:
        try:
            connection = self.readers.connect()
        except DBAPIError as error:
            raise self._unreachable(error) from error
        with connection:
            try:
                found = self._revision_found(connection)
            except DBAPIError as error:
                raise self._unreachable(error) from error
        if found is None and not (writable and create):
            raise Refused("store.empty", "This database is empty", value=self.name, mend="Is it the right one?")
        if not writable and found != schema.REVISION:
            mend = "Let the node open it once, which brings it up to date."
            raise Refused(
                "store.older", f"This database has the tables of an older version ({found})", value=self.name, mend=mend
            )
        if writable:
            self._prepare_writer(found)

    def _prepare_writer(self, found: str | None) -> None:
        self._writing = self.readers.connect()
        raw: Any = self._writing.connection.dbapi_connection
        if self.is_sqlite:
            raw.execute("PRAGMA query_only = OFF")
            self._begin_wal(raw)
        else:
            raw.rollback()
            raw.autocommit = True
            self._lock_database(raw)
            self._check_durable(raw)
        if found != schema.REVISION:
            self._bring_up_to_date()
        self.writer = raw

    def _revision_found(self, connection: Connection) -> str | None:
        """The revision of the tables; None where the database is empty."""
        if self.is_sqlite:
            application = connection.exec_driver_sql("PRAGMA application_id").scalar_one()
            if application not in {0, schema.APPLICATION_ID}:
                raise self._not_ours()
        tables = set(inspect(connection).get_table_names())
        if not tables:
            return None
        if not {"alembic_version", "mark", "entry"} <= tables:
            raise self._not_ours()
        if connection.execute(select(schema.mark.c.name).where(schema.mark.c.name == COPYING)).first():
            mend = "Remove it, and copy again."
            raise Refused("store.half", "This is half a copy: whoever made it was stopped", value=self.name, mend=mend)
        found = str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one())
        if found > schema.REVISION:
            raise Refused(
                "store.newer",
                f"This database was written by a newer version (its tables are of revision {found}, known here is {schema.REVISION})",
                value=self.name,
                mend="Use the version that wrote it, or a newer one.",
            )
        return found

    def _not_ours(self) -> Refused:
        mend = "Name another file, or another database."
        return Refused("store.not_ours", "This database belongs to another program", value=self.name, mend=mend)

    def _unreachable(self, error: DBAPIError) -> Refused:
        return Refused("store.unreachable", f"The database does not open ({str(error.orig).strip()})", value=self.name)

    # --- who else writes ---

    def _lock_file(self) -> None:
        """Holds an exclusive lock on a file beside the database, in the way of SQLite itself: it ends with the process."""
        lock = sqlite3.connect(f"{self._path}-writer", timeout=0, isolation_level=None, check_same_thread=False)
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            lock.close()
            if "locked" in str(error):
                raise self._written_by_another() from error
            raise Refused(
                "store.unreachable", f"The database does not open ({error})", value=str(self._path)
            ) from error
        self._lock = lock

    def _lock_database(self, raw: Any) -> None:
        raw.execute(f"SET lock_timeout = {LOCK_WAIT_MS}")
        try:
            raw.execute(f"SELECT pg_advisory_lock({schema.APPLICATION_ID})")
        except self.readers.dialect.loaded_dbapi.OperationalError as error:
            raise self._written_by_another() from error
        raw.execute("SET lock_timeout = 0")

    def _written_by_another(self) -> Refused:
        mend = "One database has one node. Stop the other one first."
        return Refused("store.in_use", "Another node writes this database", value=self.name, mend=mend)

    # --- whether it keeps what it says ---

    def _begin_wal(self, raw: Any) -> None:
        mode = raw.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        if mode != "wal":
            mend = "Keep the database on a local disk."
            raise Refused("store.no_wal", "SQLite cannot keep its log here", value=mode, mend=mend)

    def _check_durable(self, raw: Any) -> None:
        for name, needed, mend in (
            ("fsync", "on", "Set it in postgresql.conf."),
            ("full_page_writes", "on", "Set it in postgresql.conf."),
            ("server_encoding", "UTF8", "Create the database with the encoding UTF8."),
        ):
            value = raw.execute(f"SHOW {name}").fetchone()[0]
            if value != needed:
                raise Refused(
                    "store.not_durable",
                    f"PostgreSQL runs with {name} = {value}; {needed} is needed",
                    value=self.name,
                    mend=mend,
                )

    # --- for people ---

    def faults(self) -> list[str]:
        """What the database itself says is wrong with it."""
        if not self.is_sqlite:
            return []
        with self.readers.connect() as connection:
            said = [row[0] for row in connection.exec_driver_sql("PRAGMA integrity_check")]
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
        return [line for line in said if line != "ok"] + [
            f"table {row[0]} refers to what is not there" for row in broken
        ]

    def standing(self) -> dict[str, str | int]:
        """Which database it is, its version, and how many bytes it has on disk."""
        with self.readers.connect() as connection:
            if self.is_sqlite:
                version = f"SQLite {sqlite3.sqlite_version}"
                files = [self._path, Path(f"{self._path}-wal")]
                size = sum(file.stat().st_size for file in files if file.exists())
            else:
                version = f"PostgreSQL {connection.exec_driver_sql('SHOW server_version').scalar_one()}"
                size = connection.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one()
        return {"database": self.name, "version": version, "bytes": size}

    # --- bringing it up to date ---

    def _bring_up_to_date(self) -> None:
        """One transaction: a stop leaves the tables as they were."""
        with self.readers.connect() as connection:
            if self.is_sqlite:
                allow_writing(connection)
            with connection.begin():
                if self.is_sqlite:
                    connection.exec_driver_sql(f"PRAGMA application_id = {schema.APPLICATION_ID}")
                upgrade(connection)
            connection.invalidate()
        if self.is_sqlite:
            sync_folder(self._path.parent)


def upgrade(connection: Connection) -> None:
    """Brings the tables up to date, inside the transaction that the connection is in."""
    from alembic import command  # noqa: PLC0415 - only a new or an older database needs it
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def allow_writing(connection: Connection) -> None:
    """Takes back what forbids writing over a connection to SQLite that is meant for reading."""
    connection.exec_driver_sql("PRAGMA query_only = OFF")
    connection.rollback()


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions begin where we say so
    for pragma in (
        f"busy_timeout = {BUSY_MS}",
        "foreign_keys = ON",
        "synchronous = FULL",
        "fullfsync = ON",  # where fsync() does not reach the disk, SQLite knows what does
        "checkpoint_fullfsync = ON",
        f"journal_size_limit = {WAL_KEPT_BYTES}",
        "trusted_schema = OFF",
        "query_only = ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _prepare_postgresql(connection: Any, _record: object) -> None:
    # A cluster may be set up to acknowledge what it has not written yet.
    connection.execute("SET synchronous_commit = on")
    connection.commit()


def sync_folder(folder: Path) -> None:
    """The name of a new file is durable once its folder is, where folders can be opened at all."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def address(text: str) -> URL:
    """What a person wrote as an address of a database: an URL, or the path of a file."""
    try:
        url = make_url(text if "://" in text else f"sqlite:///{text}")
    except ArgumentError as error:
        raise _no_address(text) from error
    if url.get_backend_name() not in {"sqlite", "postgresql"}:
        raise _no_address(url.render_as_string(hide_password=True))
    return url


def _no_address(text: str) -> Refused:
    mend = 'For example "sqlite:///record.sqlite" or "postgresql://keepclear@localhost/keepclear".'
    return Refused("store.address", "This is no address of a database", value=text, mend=mend)

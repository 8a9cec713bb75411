"""One transaction, as quickly as the database's own driver takes it.

SQLAlchemy writes each statement once, in the words of the database; the driver then runs it for all rows of a group at a time. Through
`Connection.execute` a commit of a single event would take half as long again (bench/durable_events.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from itertools import groupby
from typing import Any

from sqlalchemy import Dialect, Insert, Table, bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import UpdateBase

from keepclear.store import schema
from keepclear.store.writes import Drop, Row, SignInRow, ViewRow, Write

COPY = "copy"  # the mark of a copy, as long as nothing began a new epoch in it


# The columns of each table that the database does not count by itself.
_INSERTED = {
    table.name: [column.name for column in table.columns if column is not table.autoincrement_column]
    for table in schema.metadata.tables.values()
}


class Appending:
    """Writes groups over the one connection that writes."""

    def __init__(self, connection: Any, dialect: Dialect) -> None:
        self._connection = connection
        self._cursor = connection.cursor()
        self._dialect = dialect
        self._is_sqlite = dialect.name == "sqlite"
        self._statements: dict[object, _Statement] = {}

    def append(self, group: Sequence[Write], tiles: Sequence[tuple[int, int, bytes]]) -> None:
        """Writes the group and these tiles in one transaction, which is durable when this returns.

        Any exception: it is not known whether that was done."""
        with self._transaction():
            self._write(group, tiles)

    def copy(self, table: Table, rows: Sequence[tuple[object, ...]]) -> None:
        """Adds rows to a table, in one transaction; without the column that the database counts by itself."""
        with self._transaction():
            self._insert(table, rows)

    def mark(self, name: str, text: str, *, instead_of: str = "") -> None:
        """Puts a mark on the database, and takes another away, in one transaction."""
        with self._transaction():
            self._put(schema.mark, [(name, text)])
            self._unmark(instead_of)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        # Where the driver can, it sends everything before it waits for the first answer.
        with nullcontext() if self._is_sqlite else self._connection.pipeline():
            self._cursor.execute("BEGIN IMMEDIATE" if self._is_sqlite else "BEGIN")
            yield
            self._cursor.execute("COMMIT")

    def _write(self, group: Sequence[Write], tiles: Sequence[tuple[int, int, bytes]]) -> None:
        committed = [one for write in group for one in write.entries]
        if committed:
            self._insert(
                schema.entry,
                [
                    (
                        one.entry.sequence, one.entry.at_us, one.entry.kind, one.entry.by, one.entry.exercise,
                        bytes.fromhex(one.entry.body_hash), bytes.fromhex(one.entry.outcome_hash),
                    )
                    for one in committed
                ],
            )  # fmt: skip
            self._insert(schema.body, [(one.entry.sequence, one.body) for one in committed if one.body is not None])
            self._insert(schema.outcome, [(one.entry.sequence, one.outcome) for one in committed if one.outcome])
        self._put(schema.tile, tiles)
        self._show([row for write in group for row in write.views])
        progress = {name: sequence for write in group for name, sequence in write.progress.items()}
        self._put(schema.view_progress, list(progress.items()))
        self._put(
            schema.answered,
            [(a.user, a.key, a.request_hash, a.status, a.body, a.at_us) for write in group for a in write.answered],
        )
        self._put(schema.checkpoint, [(c.size, c.epoch, c.at_us, c.note) for write in group for c in write.checkpoints])
        self._put(schema.snapshot, [(s.size, s.digest, s.build, s.bytes) for write in group for s in write.snapshots])
        self._insert(
            schema.access,
            [
                (a.at_us, a.user, a.party, a.action, a.object_kind, a.object_id, a.owner)
                for write in group
                for a in write.accesses
            ],
        )
        self._put(schema.carried, [(one.digest, one.until_us, one.bytes) for write in group for one in write.carried])
        for write in group:  # what is sealed may be erased by a later write of the same group
            self._put(schema.sealed, [(s.hash, s.salt, s.bytes) for s in write.sealed])
            self._sign_in(write.sign_ins)
            self._erase(write.erase)
            if write.drop is not None:
                self._drop(write.drop)
            if write.begins_epoch:
                self._unmark(COPY)
                for table in (schema.session, schema.invitation):
                    self._run(("end", table.name), partial(_itself, delete(table)), [()])

    def _unmark(self, name: str) -> None:
        self._run("unmark", lambda: delete(schema.mark).where(schema.mark.c.name == bindparam("mark")), [(name,)])

    def _insert(self, table: Table, rows: Sequence[tuple[object, ...]]) -> None:
        self._run(("insert", table.name), lambda: table.insert().inline(), rows, _INSERTED[table.name])

    def _put(self, table: Table, rows: Sequence[tuple[object, ...]]) -> None:
        """Rows with every column, in place of what has their key."""

        def statement() -> UpdateBase:
            insert = (sqlite.insert if self._is_sqlite else postgresql.insert)(table)
            keys = [column.name for column in table.primary_key]
            return insert.on_conflict_do_update(
                index_elements=keys,
                set_={column.name: insert.excluded[column.name] for column in table.columns if not column.primary_key},
            )

        self._run(("put", table.name), statement, rows)

    def _show(self, rows: Iterable[ViewRow]) -> None:
        """Rows of views, those of each view in their order; neighbours of one kind go together."""

        def kind(shown: ViewRow) -> tuple[object, ...]:
            if shown.where is None:
                return ()
            return tuple(shown.row), tuple((name, value is None) for name, value in shown.where.items())

        by_view: dict[str, list[ViewRow]] = {}
        for shown in rows:
            by_view.setdefault(shown.view, []).append(shown)
        for view, there in by_view.items():
            table, names = schema.VIEWS[view], _INSERTED[view]
            for change, run in groupby(there, kind):
                if change:
                    self._change(table, list(run))
                else:
                    self._put(table, [_in_order(shown.row, names) for shown in run])

    def _change(self, table: Table, run: Sequence[ViewRow]) -> None:
        like = run[0]
        assert like.where is not None
        where = like.where

        def statement() -> UpdateBase:
            changed = update(table).values({name: bindparam(f"to_{name}") for name in like.row})
            for name, value in where.items():
                column = table.columns[name]
                changed = changed.where(column.is_(None) if value is None else column == bindparam(f"of_{name}"))
            return changed

        named = [name for name, value in where.items() if value is not None]
        rows = [(*shown.row.values(), *((shown.where or {})[name] for name in named)) for shown in run]
        key = ("change", table.name, tuple(like.row), tuple((name, name in named) for name in where))
        order = [*(f"to_{name}" for name in like.row), *(f"of_{name}" for name in named)]
        self._run(key, statement, rows, order)

    def _sign_in(self, rows: Sequence[SignInRow]) -> None:
        if not rows:
            return
        with self._written_over():
            for one in rows:
                table = schema.SIGN_IN[one.table]
                if one.row is not None:
                    self._put(table, [_in_order(one.row, _INSERTED[table.name])])
                else:
                    (key,) = table.primary_key
                    gone = delete(table).where(key == bindparam("gone"))
                    self._run(("take", table.name), partial(_itself, gone), [(one.key,)])

    def _erase(self, hashes: Sequence[str]) -> None:
        if not hashes:
            return
        nothing = {"salt": None, "bytes": None}
        with self._written_over():
            self._change(schema.sealed, [ViewRow("sealed", nothing, {"hash": hash}) for hash in hashes])

    @contextmanager
    def _written_over(self) -> Iterator[None]:
        """What is given up in here is written over with zeros, where the database can."""
        if self._is_sqlite:
            self._cursor.execute("PRAGMA secure_delete = ON")
        yield
        if self._is_sqlite:
            self._cursor.execute("PRAGMA secure_delete = OFF")

    def _drop(self, drop: Drop) -> None:
        body, entry, snapshot = schema.body.c, schema.entry.c, schema.snapshot.c
        if drop.bodies_below is not None:
            for kind in drop.kinds:
                self._run(
                    "drop_bodies",
                    lambda: delete(schema.body).where(
                        body.sequence < bindparam("below"),
                        body.sequence.in_(select(entry.sequence).where(entry.kind == bindparam("kind"))),
                    ),
                    [(drop.bodies_below, kind)],
                    ["below", "kind"],
                )
        if drop.views:
            for view in schema.VIEWS:
                self._cursor.execute(f"DELETE FROM {view}")
        if drop.snapshots_below is not None:
            self._run(
                "s", lambda: delete(schema.snapshot).where(snapshot.size < bindparam("n")), [(drop.snapshots_below,)]
            )
        for table, column, before_us in (
            (schema.answered, schema.answered.c.at_us, drop.answered_before_us),
            (schema.access, schema.access.c.at_us, drop.accesses_before_us),
            (schema.carried, schema.carried.c.until_us, drop.carried_before_us),
        ):
            if before_us is not None:
                older = delete(table).where(column < bindparam("before"))
                self._run(("drop", table.name), partial(_itself, older), [(before_us,)])

    def _run(
        self,
        key: object,
        statement: Callable[[], UpdateBase],
        rows: Sequence[tuple[object, ...]],
        order: Sequence[str] | None = None,
    ) -> None:
        if not rows:
            return
        known = self._statements.get(key)
        if known is None:
            known = self._statements[key] = _Statement(statement(), self._dialect, order)
        if known.order is not None:
            rows = [tuple(row[place] for place in known.order) for row in rows]
        self._cursor.executemany(known.text, rows)


def _itself(statement: UpdateBase) -> UpdateBase:
    return statement


class _Statement:
    """A statement in the words of a database; `order` puts the values of a row as it wants them, None: as they are."""

    def __init__(self, statement: UpdateBase, dialect: Dialect, given: Sequence[str] | None) -> None:
        compiled = statement.compile(dialect=dialect, column_keys=given if isinstance(statement, Insert) else None)
        wanted = list(compiled.positiontup or ())
        self.text = str(compiled)
        self.order = None if given is None or list(given) == wanted else [given.index(name) for name in wanted]


def _in_order(row: Row, names: Sequence[str]) -> tuple[object, ...]:
    if len(row) != len(names):
        raise KeyError(f"a row is put with the columns {names}, not {list(row)}")
    return tuple(map(row.__getitem__, names))

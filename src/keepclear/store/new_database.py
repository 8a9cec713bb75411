"""A database that is about to be made: which files there will be of it, and what a failure of it looks like."""

from __future__ import annotations

import os
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from keepclear.store.opening import address

# What SQLite, and the lock of a store, put beside a database.
_BESIDE = ("", "-wal", "-shm", "-journal", "-writer")


def begun_files(url: str) -> list[Path]:
    """Begins the file of a database, and gives all files that there will be of it: those that may be removed again.

    None where it is no file, where it is there already and so belongs to somebody, or where it cannot be begun: opening it says why."""
    found = address(url)
    if found.get_backend_name() != "sqlite":
        return []
    path = Path(found.database or "")
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError:
        return []
    return [path.with_name(path.name + beside) for beside in _BESIDE]


def failures_of(url: str) -> tuple[type[Exception], ...]:
    """What opening this database, or writing to it, may raise besides `Refused`: its disk is full, its server is gone."""
    found = address(url)
    if found.get_backend_name() == "postgresql":
        found = found.set(drivername="postgresql+psycopg")
    driver_error: type[Exception] = found.get_dialect().import_dbapi().Error
    return SQLAlchemyError, driver_error

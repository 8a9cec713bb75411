"""A folder that is filled as a whole: where that fails, nothing is left of it, or it is said what."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from keepclear.ground.errors import Refused

_NAMED_MAX = 5
# What SQLite, and the lock of a store, put beside a database.
_BESIDE = ("", "-wal", "-shm", "-journal", "-writer")


def new_database(url: URL) -> list[Path]:
    """Begins the file of a database, and gives all files that there will be of it: those that may be removed again.

    None where it is no file, where it is there already and so belongs to somebody, or where it cannot be begun: opening it says why."""
    if url.get_backend_name() != "sqlite":
        return []
    path = Path(url.database or "")
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError:
        return []
    return [path.with_name(path.name + beside) for beside in _BESIDE]


@contextmanager
def whole_or_nothing(folder: Path, folders: Sequence[Path]) -> Iterator[list[Path]]:
    """Within it `folder`, which is empty or not there, gets `folders` and whatever is added to the list of files that this gives.

    If that fails, what came to be is removed again, parents that were made for it included. Raises `Refused` where something is in the
    folder, where a disk or a database fails, and where something could not be removed."""
    if folder.exists() and (there := sorted(path.name for path in folder.iterdir())):
        named = ", ".join(there[:_NAMED_MAX]) + (", ..." if len(there) > _NAMED_MAX else "")
        mend = "Name a new folder, or an empty one."
        raise Refused("init.not_empty", f"There is something in this folder ({named})", value=str(folder), mend=mend)
    made = [path for path in (*folders, folder, *folder.parents) if not path.exists()]
    files: list[Path] = []
    try:
        yield files
    except BaseException as error:
        _remove(files, made)
        fault = _in_words(error, folder)
        if left := [str(path) for path in (*files, *made) if path.exists()]:
            what = f"The node was not made, and of it is left: {', '.join(left)}"
            raise Refused("init.left", what, value=str(fault or type(error).__name__), mend="Remove that.") from error
        if fault is not None:
            raise fault from error
        raise


def _remove(files: Sequence[Path], folders: Sequence[Path]) -> None:
    for path in files:
        with suppress(OSError):
            path.unlink()
    for path in folders:
        with suppress(OSError):  # where somebody else has put something there meanwhile, it stays
            path.rmdir()


def _in_words(error: BaseException, folder: Path) -> Refused | None:
    """A disk or a database that failed, as a refusal; None for anything else."""
    if isinstance(error, OSError):
        mend = "Check the owner and the permissions of the folder, and the space on the disk."
        value = str(error.filename or folder)
        return Refused("init.unwritable", f"The node cannot be made here ({error.strerror})", value=value, mend=mend)
    if isinstance(error, sqlite3.Error | psycopg.Error | SQLAlchemyError):
        mend = "Check the space on the disk; of a database elsewhere, whether it is empty, before it is named again."
        said = str(getattr(error, "orig", error)).strip()
        return Refused("init.database", f"The database could not take the first entries ({said})", mend=mend)
    return None

"""Copies of a store: a backup while the node runs, a restore into a new place, a move to another kind of database.

A copy is never the record itself: it is marked, and whoever goes on from it begins a new epoch (`Store.restored_from`)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from keepclear.store.store import Store

Progress = Callable[[int, int], None]  # done, of how many


class Stopped(Exception):
    """The caller's `stop` said so; what was copied so far is of no use, and was taken away where that is possible."""


def backup(
    source: str, target: Path, *, at_us: int, progress: Progress | None = None, stop: Callable[[], bool] | None = None
) -> int:
    """Copies the store at this address into one new SQLite file, also while a node writes to it; gives the size of its record.

    Raises `Refused` where the target exists."""
    raise NotImplementedError


def restore(
    source: Path, target: str, *, at_us: int, progress: Progress | None = None, stop: Callable[[], bool] | None = None
) -> int:
    """Makes a new store of a backup, on either kind of database; gives the size of its record. Raises `Refused` where there is one."""
    raise NotImplementedError


def copy(
    source: Store, target: str, *, at_us: int, progress: Progress | None = None, stop: Callable[[], bool] | None = None
) -> int:
    """Copies everything into a new store at another address, row by row; gives the size of its record."""
    raise NotImplementedError

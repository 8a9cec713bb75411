"""Views are folds of the record: made again from it, and written out so that two databases can be compared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from keepclear.record.entries import Committed
from keepclear.store.store import Store
from keepclear.store.writes import ViewRow

Fold = Callable[[Committed], Iterable[ViewRow]]


def rebuild(
    store: Store,
    fold: Fold,
    *,
    name: str = "views",
    progress: Callable[[int, int], None] | None = None,
    stop: Callable[[], bool] | None = None,
    entries_per_commit: int = 1_000,
) -> bool:
    """Hands every entry from `store.progress(name)` on to the fold, and writes what it gives into the views.

    After each commit `progress(done, size)` is told and `stop()` asked; true: the fold has seen all entries. Call it again to go on:
    the fold then sees only the entries that are left. To begin anew, call `store.drop_views()` first."""
    raise NotImplementedError


def exported(store: Store) -> Iterator[str]:
    """Every row of every view as a line of JSON, in an order that depends on the rows alone; bytes are written in base64."""
    raise NotImplementedError

"""Views are folds of the record: made again from it, and written out so that two databases can be compared."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator

from keepclear.record.entries import Committed
from keepclear.store import schema
from keepclear.store.store import Store
from keepclear.store.writes import Value, ViewRow, Write

Fold = Callable[[Committed], Iterable[ViewRow]]


def rebuild(
    store: Store,
    fold: Fold,
    *,
    name: str = "views",
    progress: Callable[[int, int], None] = lambda _done, _of: None,
    stop: Callable[[], bool] = lambda: False,
    entries_per_commit: int = 1_000,
) -> bool:
    """Hands every entry from `store.progress(name)` on to the fold, and writes what it gives into the views.

    After each commit `progress(done, size)` is told and `stop()` asked; true: the fold has seen all entries. Call it again to go on:
    the fold then sees only the entries that are left. To begin anew, call `store.drop_views()` first."""
    size = store.size()
    done = store.progress(name)
    while done < size:
        until = min(done + entries_per_commit, size)
        rows = [row for committed in store.stream(done, until) for row in fold(committed)]
        store.append([Write(views=rows, progress={name: until})])
        done = until
        progress(done, size)
        if stop():
            break
    return done >= size


def exported(store: Store) -> Iterator[str]:
    """Every row of every view as a line of JSON, in an order that depends on the rows alone; bytes are written in base64."""
    for view in sorted(schema.VIEWS):
        for row in store.rows(view):
            said = {name: _as_json(value) for name, value in row.items()}
            yield json.dumps({"view": view, **said}, sort_keys=True, ensure_ascii=False, separators=(",", ":")) + "\n"


def _as_json(value: Value) -> int | str | bool | None:
    return b64encode(value).decode() if isinstance(value, bytes) else value

"""What is looked at after every crash: whatever happened, this must hold."""

from __future__ import annotations

import json
from base64 import b64encode
from functools import cache
from typing import Any

from keepclear.record.tree import TilesInMemory, Tree, leaf_hash
from keepclear.store import schema
from keepclear.store.store import Store
from keepclear.store.views import exported, rebuild
from tests.stored import committed, fold, write


@cache
def root_of(size: int) -> bytes:
    """The root of the first `size` entries of `tests.stored`, worked out in memory."""
    tree = Tree(TilesInMemory())
    tree.append(leaf_hash(committed(sequence).entry.leaf) for sequence in range(size))
    return tree.root()


@cache
def views_of(size: int) -> str:
    """The views of the first `size` entries, worked out in memory: what `exported` gives where nothing ever went wrong."""
    views: dict[str, dict[tuple[Any, ...], dict[str, Any]]] = {name: {} for name in schema.VIEWS}
    for sequence in range(size):
        for shown in fold(committed(sequence)):
            rows = views[shown.view]
            if shown.where is None:
                rows[tuple(shown.row[name] for name in _key(shown.view))] = dict(shown.row)
            else:
                for row in rows.values():
                    if all(row[name] == value for name, value in shown.where.items()):
                        row.update(shown.row)
    if size:
        views["view_progress"]["views",] = {"name": "views", "sequence": size}
    return "".join(
        json.dumps({"view": view, **_as_json(rows[key])}, sort_keys=True, separators=(",", ":")) + "\n"
        for view, rows in sorted(views.items())
        for key in sorted(rows)
    )


def _key(view: str) -> list[str]:
    return [column.name for column in schema.VIEWS[view].primary_key]


def _as_json(row: dict[str, Any]) -> dict[str, Any]:
    return {name: b64encode(value).decode() if isinstance(value, bytes) else value for name, value in row.items()}


def check(url: str, *, acknowledged: int, submitted: int, again: bool = False) -> int:
    """Opens a store that went through something, and asserts that it is whole; gives how many entries it has.

    acknowledged, submitted  how many entries somebody was told are durable, and how many were given to it at all
    again                    also makes the views anew, and goes on with another entry"""
    with Store.open(url) as store:
        size = store.size()
        assert acknowledged <= size <= submitted, f"{acknowledged} acknowledged, {size} there, {submitted} submitted"
        for sequence, found in enumerate(store.stream()):
            assert found == committed(sequence)
        assert store.faults() == []
        assert store.root() == root_of(size)
        assert store.progress("views") == size
        assert "".join(exported(store)) == views_of(size)
        if again:
            store.drop_views()
            assert rebuild(store, fold, entries_per_commit=7)
            assert "".join(exported(store)) == views_of(size)
            store.append([write(size)])
            assert store.root() == root_of(size + 1)
        return size

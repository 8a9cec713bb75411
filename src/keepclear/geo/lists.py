"""What the cells of one tile hold, collected zone by zone and written at the end: lists of zones, and entries."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from keepclear.geo.cells import Ints, Longs
from keepclear.geo.compiled import compiled, compiled_in_place
from keepclear.geo.growing import CELL, ENTRY, HEAD, Grown, listed, one_cell, with_room
from keepclear.geo.marking import Flags, Touched


class Trie(NamedTuple):
    """Lists of zones that share their beginnings: list k is the list `parent[k]` and then `zone[k]`; list 0 is empty.

    `child` is the list that grew from a list last."""

    of_cell: Ints
    parent: Ints
    zone: Ints
    child: Ints
    size: Longs


class Entries(NamedTuple):
    """The entries of a tile, zone by zone: each with its cell behind it; then how many each cell has, and all have."""

    row: Ints
    near: Ints
    size: Longs


@compiled
def no_lists(cells: int) -> Trie:
    """Every cell with the empty list."""
    trie = Trie(
        np.zeros(cells, np.int32),
        np.empty(256, np.int32),
        np.empty(256, np.int32),
        np.empty(256, np.int32),
        np.ones(1, np.int64),
    )
    trie.parent[0], trie.child[0] = -1, -1
    return trie


@compiled
def no_entries(cells: int) -> Entries:
    """Every cell without entries."""
    return Entries(np.empty((4 * cells + 64, 4), np.int32), np.zeros(cells, np.int32), np.zeros(1, np.int64))


@compiled
def with_more(entries: Entries, more: int) -> Entries:
    """The entries with room for so many more."""
    size = entries.size[0]
    if size + more <= len(entries.row):
        return entries
    rows = np.empty((2 * (size + more), 4), np.int32)
    rows[:size] = entries.row[:size]
    return Entries(rows, entries.near, entries.size)


@compiled_in_place
def append_entry(entries: Entries, cell: int, zone: int, first: int, bits: int) -> None:
    """Puts an entry behind those of its cell."""
    row = entries.size[0]
    entries.row[row, 0], entries.row[row, 1], entries.row[row, 2], entries.row[row, 3] = zone, first, bits, cell
    entries.near[cell] += 1
    entries.size[0] += 1


@compiled
def with_zone(trie: Trie, zone: int, inside: Flags, touched: Touched) -> Trie:
    """The lists of the cells that the zone contains whole, with the zone at their end."""
    lists = trie.size[0]
    if 2 * lists > len(trie.parent):
        longer = 4 * lists
        parents, zones, children = np.empty(longer, np.int32), np.empty(longer, np.int32), np.empty(longer, np.int32)
        parents[:lists], zones[:lists], children[:lists] = trie.parent[:lists], trie.zone[:lists], trie.child[:lists]
        trie = Trie(trie.of_cell, parents, zones, children, trie.size)
    _append_zone(trie, zone, inside, touched)
    return trie


@compiled_in_place
def _append_zone(trie: Trie, zone: int, inside: Flags, touched: Touched) -> None:
    of_cell, parent, child, near = trie.of_cell, trie.parent, trie.child, touched.near
    before = size = trie.size[0]
    for cell in range(touched.inner[0], touched.inner[1]):
        if inside[cell] and near[cell] == 0:
            k = of_cell[cell]
            if child[k] < before:
                child[k] = size
                parent[size], child[size], trie.zone[size] = k, -1, zone
                size += 1
            of_cell[cell] = child[k]
    trie.size[0] = size


@compiled
def write_tile(shift: int, trie: Trie, entries: Entries, common: Ints, grown: Grown, used: Longs) -> tuple[Grown, int]:
    """Writes lists, entries, heads and cells of a split tile; one whose cells are all alike becomes one place."""
    grown, place_of = _write_lists(trie, common, grown, used)
    if entries.size[0] == 0 and np.all(trie.of_cell == trie.of_cell[0]):
        return one_cell(grown, used, place_of[trie.of_cell[0]])
    cells = len(trie.of_cell)
    grown = with_room(grown, used, cells, cells + 1, 0, entries.size[0], 0)
    first = used[CELL]
    _write_cells(trie, place_of, entries, grown, used)
    return grown, (first << 3) | shift


@compiled
def _write_lists(trie: Trie, common: Ints, grown: Grown, used: Longs) -> tuple[Grown, Ints]:
    """Writes the lists that cells have, each with the zones that all have, and says where."""
    place_of = np.full(trie.size[0], -1, np.int32)
    for cell in range(len(trie.of_cell)):
        k = trie.of_cell[cell]
        if place_of[k] >= 0:
            continue
        length = len(common)
        parent = k
        while parent > 0:
            length += 1
            parent = trie.parent[parent]
        zones = np.empty(length, np.int32)
        parent = k
        for i in range(length - len(common)):
            zones[i] = trie.zone[parent]
            parent = trie.parent[parent]
        zones[length - len(common) :] = common
        zones.sort()
        grown = with_room(grown, used, 0, 0, length + 1, 0, 0)
        place_of[k] = listed(grown, used, zones) if length else 0
    return grown, place_of


@compiled
def _by_cell(entries: Entries) -> tuple[Ints, Longs]:
    """The rows of the entries, cell after cell, in their order; and a mark of each cell, the same for the same entries."""
    at = np.cumsum(entries.near) - entries.near
    order, mark = np.empty(entries.size[0], np.int32), np.zeros(len(entries.near), np.int64)
    for k in range(entries.size[0]):
        zone, first, bits, cell = entries.row[k, 0], entries.row[k, 1], entries.row[k, 2], entries.row[k, 3]
        order[at[cell]] = k
        at[cell] += 1
        mark[cell] = (mark[cell] * 31 + int(zone) * 7919 + int(first) * 911 + int(bits)) & 0xFFFFFFFF
    return order, mark


@compiled
def _write_cells(trie: Trie, place_of: Ints, entries: Entries, grown: Grown, used: Longs) -> None:
    """Cells with the same list and the same entries get the same head: found by hash, told apart by what stands there."""
    order, mark = _by_cell(entries)
    mask = 1
    while mask < 2 * len(order):
        mask *= 2
    slots = np.zeros(mask, np.int32)
    mask -= 1
    local_of = np.zeros(len(place_of), np.int32)
    row, head, entry, first_cell = entries.row, grown.head, grown.entry, used[CELL]
    before = used[HEAD] - 1
    heads, at, first = 0, used[ENTRY], 0
    head[before + 1, 1] = at
    for cell in range(len(mark)):
        k, count = trie.of_cell[cell], entries.near[cell]
        place, local, slot = place_of[k], local_of[k], 0
        if count:
            slot = ((mark[cell] + int(place) * 7) * 40503 >> 3) & mask
            local = slots[slot]
            while local and not _is_same(head, entry, before + local, place, row, order, first, count):
                slot = (slot + 1) & mask
                local = slots[slot]
        if local == 0 and (count or place):
            heads += 1
            local = heads
            for i in range(first, first + count):
                for part in range(3):
                    entry[at, part] = row[order[i], part]
                at += 1
            head[before + heads, 0], head[before + heads + 1, 1] = place, at
            if count:
                slots[slot] = local
            else:
                local_of[k] = local
        grown.cell[first_cell + cell] = local
        first += count
    head[before + heads + 1, 0] = 0
    used[CELL] += len(mark)
    used[HEAD] += heads + 1
    used[ENTRY] = at


@compiled_in_place
def _is_same(head: Ints, entry: Ints, here: int, place: int, row: Ints, order: Ints, first: int, count: int) -> bool:
    """Whether the head here has this list and these entries."""
    begin = head[here, 1]
    if head[here, 0] != place or head[here + 1, 1] - begin != count:
        return False
    for i in range(count):
        k = order[first + i]
        for part in range(3):
            if entry[begin + i, part] != row[k, part]:
                return False
    return True

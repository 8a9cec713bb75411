"""What the cells of one tile hold, collected zone by zone and written at the end: lists of zones, and entries."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from keepclear.geo.cells import Ints, Longs
from keepclear.geo.compiled import compiled
from keepclear.geo.growing import CELL, ENTRY, Grown, listed, one_cell, with_room
from keepclear.geo.marking import Flags, Touched


class Trie(NamedTuple):
    """Lists of zones that share their beginnings: list k is the list `parent[k]` and then `zone[k]`; list 0 is empty."""

    of_cell: Ints
    parent: Ints
    zone: Ints
    size: Longs


class Chain(NamedTuple):
    """The entries of each cell while they are collected: first and last row of the scratch (-1: none), how many; and of all cells."""

    first: Ints
    last: Ints
    near: Ints
    size: Longs


@compiled
def no_lists(cells: int) -> Trie:
    """Every cell with the empty list."""
    trie = Trie(np.zeros(cells, np.int32), np.empty(256, np.int32), np.empty(256, np.int32), np.ones(1, np.int64))
    trie.parent[0] = -1
    return trie


@compiled
def no_entries(cells: int) -> Chain:
    """Every cell without entries."""
    return Chain(
        np.full(cells, -1, np.int32), np.full(cells, -1, np.int32), np.zeros(cells, np.int32), np.zeros(1, np.int64)
    )


@compiled
def append_entry(chain: Chain, scratch: Ints, cell: int, zone: int, first: int, bits: int) -> None:
    """Puts an entry behind those of its cell; `scratch` has the entry and the row of the next one."""
    row = chain.size[0]
    scratch[row, 0], scratch[row, 1], scratch[row, 2], scratch[row, 3] = zone, first, bits, -1
    if chain.first[cell] < 0:
        chain.first[cell] = row
    else:
        scratch[chain.last[cell], 3] = row
    chain.last[cell] = row
    chain.near[cell] += 1
    chain.size[0] += 1


@compiled
def with_zone(trie: Trie, zone: int, inside: Flags, touched: Touched) -> Trie:
    """The lists of the cells that the zone contains whole, with the zone at their end."""
    lists = trie.size[0]
    if 2 * lists > len(trie.parent):
        parents, zones = np.empty(4 * lists, np.int32), np.empty(4 * lists, np.int32)
        parents[:lists], zones[:lists] = trie.parent[:lists], trie.zone[:lists]
        trie = Trie(trie.of_cell, parents, zones, trie.size)
    _append_zone(trie.of_cell, trie.parent, trie.zone, trie.size, zone, inside, touched.near)
    return trie


@compiled
def _append_zone(of_cell: Ints, parent: Ints, last: Ints, size: Longs, zone: int, inside: Flags, near: Ints) -> None:
    child = np.full(size[0], -1, np.int32)
    for cell in range(len(of_cell)):
        if inside[cell] and near[cell] == 0:
            k = of_cell[cell]
            if child[k] < 0:
                child[k] = size[0]
                parent[size[0]], last[size[0]] = k, zone
                size[0] += 1
            of_cell[cell] = child[k]


@compiled
def write_tile(
    shift: int, trie: Trie, chain: Chain, scratch: Ints, common: Ints, grown: Grown, used: Longs
) -> tuple[Grown, int]:
    """Writes lists, entries and cells of a split tile; one whose cells are all alike becomes one place."""
    cells = len(trie.of_cell)
    place_of = np.full(trie.size[0], -1, np.int32)
    heads = 0
    for cell in range(cells):
        heads += chain.near[cell] > 0
        k = trie.of_cell[cell]
        if place_of[k] < 0:
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
            grown = with_room(grown, used, 0, length + 1, 0, 0, 0)
            place_of[k] = listed(grown, used, zones) if length else 0
    if heads == 0 and np.all(trie.of_cell == trie.of_cell[0]):
        return one_cell(grown, used, place_of[trie.of_cell[0]])
    grown = with_room(grown, used, cells, 0, chain.size[0] + heads, 0, 0)
    first = used[CELL]
    at = used[ENTRY]
    for cell in range(cells):
        place = place_of[trie.of_cell[cell]]
        if chain.near[cell]:
            grown.entry[at, 0], grown.entry[at, 1], grown.entry[at, 2] = chain.near[cell], place, 0
            place = ~at
            at += 1
            k = chain.first[cell]
            while k >= 0:
                grown.entry[at] = scratch[k, :3]
                at += 1
                k = scratch[k, 3]
        grown.cell[first + cell] = place
    used[CELL] += cells
    used[ENTRY] = at
    return grown, (first << 3) | shift

"""Columns of the index while tiles are appended to them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from keepclear.geo.cells import Ints, Longs, Shorts
from keepclear.geo.compiled import compiled
from keepclear.geo.earth import Floats

# The columns of `used` and of `extent`: how many rows of each column.
CELL, HEAD, LISTED, ENTRY, LONLAT_VERTEX, GEODESIC_VERTEX = 0, 1, 2, 3, 4, 5
COLUMN_COUNT = 6


class Grown(NamedTuple):
    """Columns of `Cells` while they grow; only the first `used` rows of each hold something."""

    cell: Shorts
    head: Ints
    listed: Ints
    entry: Ints
    lonlat: Floats
    geodesic: Floats


def room(rows: Longs) -> Grown:
    """Columns with so many rows to begin with, and what stands first in all: the place and the list of nothing."""
    grown = Grown(
        np.empty(rows[CELL], np.uint16),
        np.empty((rows[HEAD], 2), np.int32),
        np.empty(rows[LISTED], np.int32),
        np.empty((rows[ENTRY], 3), np.int32),
        np.empty((rows[LONLAT_VERTEX], 2)),
        np.empty((rows[GEODESIC_VERTEX], 6)),
    )
    grown.cell[0] = grown.listed[0] = 0
    grown.head[:2] = 0
    return grown


def nothing_used() -> Longs:
    """How many rows are used where there is no tile."""
    used = np.zeros(COLUMN_COUNT, np.int64)
    used[CELL], used[HEAD], used[LISTED] = 1, 2, 1
    return used


@compiled
def with_room(grown: Grown, used: Longs, cell: int, head: int, listed: int, entry: int, vertex: int) -> Grown:
    """The columns with room for so many more rows, doubled where they were too short; `vertex` holds for both kinds."""
    if used[CELL] + cell > len(grown.cell):
        shorts = np.empty(2 * (used[CELL] + cell), np.uint16)
        shorts[: used[CELL]] = grown.cell[: used[CELL]]
        grown = Grown(shorts, grown.head, grown.listed, grown.entry, grown.lonlat, grown.geodesic)
    if used[HEAD] + head > len(grown.head):
        heads = np.empty((2 * (used[HEAD] + head), 2), np.int32)
        heads[: used[HEAD]] = grown.head[: used[HEAD]]
        grown = Grown(grown.cell, heads, grown.listed, grown.entry, grown.lonlat, grown.geodesic)
    if used[LISTED] + listed > len(grown.listed):
        longer = np.empty(2 * (used[LISTED] + listed), np.int32)
        longer[: used[LISTED]] = grown.listed[: used[LISTED]]
        grown = Grown(grown.cell, grown.head, longer, grown.entry, grown.lonlat, grown.geodesic)
    if used[ENTRY] + entry > len(grown.entry):
        rows = np.empty((2 * (used[ENTRY] + entry), 3), np.int32)
        rows[: used[ENTRY]] = grown.entry[: used[ENTRY]]
        grown = Grown(grown.cell, grown.head, grown.listed, rows, grown.lonlat, grown.geodesic)
    if used[LONLAT_VERTEX] + vertex > len(grown.lonlat):
        pairs = np.empty((2 * (used[LONLAT_VERTEX] + vertex), 2))
        pairs[: used[LONLAT_VERTEX]] = grown.lonlat[: used[LONLAT_VERTEX]]
        grown = Grown(grown.cell, grown.head, grown.listed, grown.entry, pairs, grown.geodesic)
    if used[GEODESIC_VERTEX] + vertex > len(grown.geodesic):
        sixes = np.empty((2 * (used[GEODESIC_VERTEX] + vertex), 6))
        sixes[: used[GEODESIC_VERTEX]] = grown.geodesic[: used[GEODESIC_VERTEX]]
        grown = Grown(grown.cell, grown.head, grown.listed, grown.entry, grown.lonlat, sixes)
    return grown


@compiled
def listed(grown: Grown, used: Longs, zones: Ints) -> int:
    """Writes a list where there is room for it, and says where."""
    place = used[LISTED]
    grown.listed[place] = len(zones)
    grown.listed[place + 1 : place + 1 + len(zones)] = zones
    used[LISTED] += 1 + len(zones)
    return int(place)


@compiled
def one_cell(grown: Grown, used: Longs, place: int) -> tuple[Grown, int]:
    """A tile of one cell that lies whole in the zones of the list at `place`, and its code."""
    if place == 0:
        return grown, 0
    grown = with_room(grown, used, 1, 2, 0, 0, 0)
    grown.cell[used[CELL]] = 1
    for row in range(used[HEAD], used[HEAD] + 2):
        grown.head[row, 0], grown.head[row, 1] = place, used[ENTRY]
    used[CELL] += 1
    used[HEAD] += 2
    return grown, int(used[CELL] - 1) << 3

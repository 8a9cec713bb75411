"""Columns of the index while tiles are appended to them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from keepclear.geo.cells import Ints, Longs
from keepclear.geo.compiled import compiled
from keepclear.geo.earth import Floats

# The columns of `used` and of `extent`: how many rows of each column.
CELL, LISTED, ENTRY, LONLAT_VERTEX, GEODESIC_VERTEX = 0, 1, 2, 3, 4


class Grown(NamedTuple):
    """Columns of `Cells` while they grow; only the first `used` rows of each hold something."""

    cell: Ints
    listed: Ints
    entry: Ints
    lonlat: Floats
    geodesic: Floats


def room() -> Grown:
    """Empty columns to begin with."""
    return Grown(
        np.empty(1024, np.int32),
        np.empty(1024, np.int32),
        np.empty((1024, 3), np.int32),
        np.empty((1024, 2)),
        np.empty((1024, 6)),
    )


@compiled
def with_room(grown: Grown, used: Longs, cell: int, listed: int, entry: int, lonlat: int, geodesic: int) -> Grown:
    """The columns with room for so many more rows, doubled where they were too short."""
    if used[CELL] + cell > len(grown.cell):
        longer = np.empty(2 * (used[CELL] + cell), np.int32)
        longer[: used[CELL]] = grown.cell[: used[CELL]]
        grown = Grown(longer, grown.listed, grown.entry, grown.lonlat, grown.geodesic)
    if used[LISTED] + listed > len(grown.listed):
        longer = np.empty(2 * (used[LISTED] + listed), np.int32)
        longer[: used[LISTED]] = grown.listed[: used[LISTED]]
        grown = Grown(grown.cell, longer, grown.entry, grown.lonlat, grown.geodesic)
    if used[ENTRY] + entry > len(grown.entry):
        rows = np.empty((2 * (used[ENTRY] + entry), 3), np.int32)
        rows[: used[ENTRY]] = grown.entry[: used[ENTRY]]
        grown = Grown(grown.cell, grown.listed, rows, grown.lonlat, grown.geodesic)
    if used[LONLAT_VERTEX] + lonlat > len(grown.lonlat):
        pairs = np.empty((2 * (used[LONLAT_VERTEX] + lonlat), 2))
        pairs[: used[LONLAT_VERTEX]] = grown.lonlat[: used[LONLAT_VERTEX]]
        grown = Grown(grown.cell, grown.listed, grown.entry, pairs, grown.geodesic)
    if used[GEODESIC_VERTEX] + geodesic > len(grown.geodesic):
        sixes = np.empty((2 * (used[GEODESIC_VERTEX] + geodesic), 6))
        sixes[: used[GEODESIC_VERTEX]] = grown.geodesic[: used[GEODESIC_VERTEX]]
        grown = Grown(grown.cell, grown.listed, grown.entry, grown.lonlat, sixes)
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
    """A tile of one cell, and its code."""
    grown = with_room(grown, used, 1, 0, 0, 0, 0)
    grown.cell[used[CELL]] = place
    used[CELL] += 1
    return grown, int(used[CELL] - 1) << 3

"""The columns of the index when zones change: what stands in a tile, and how the rows of the tiles are moved together."""

from __future__ import annotations

import numpy as np

from keepclear.geo.cells import GEODESIC, LONLAT, Ints, Longs
from keepclear.geo.compiled import compiled
from keepclear.geo.growing import CELL, ENTRY, GEODESIC_VERTEX, HEAD, LISTED, LONLAT_VERTEX, Grown


@compiled
def zones_of_tiles(begin: Ints, extent: Ints, listed: Ints, entry: Ints, zone_count: int) -> tuple[Longs, Longs]:
    """Pairs (number of the tile, zone) of the zones that stand in a list or an entry of a tile; one row for each tile."""
    room = 0
    for i in range(len(begin)):
        room += extent[i, LISTED] + extent[i, ENTRY]
    at, zones = np.empty(room, np.int64), np.empty(room, np.int64)
    seen = np.full(zone_count, -1, np.int64)
    found = 0
    for i in range(len(begin)):
        first = begin[i, LISTED]
        while first < begin[i, LISTED] + extent[i, LISTED]:
            for k in range(first + 1, first + 1 + listed[first]):
                if seen[listed[k]] != i:
                    seen[listed[k]] = i
                    at[found], zones[found] = i, listed[k]
                    found += 1
            first += 1 + listed[first]
        for k in range(begin[i, ENTRY], begin[i, ENTRY] + extent[i, ENTRY]):
            if seen[entry[k, 0]] != i:
                seen[entry[k, 0]] = i
                at[found], zones[found] = i, entry[k, 0]
                found += 1
    return at[:found], zones[:found]


@compiled
def compact(
    tiles: Longs, rows: Ints, tile: Longs, begin: Ints, extent: Ints, old: Grown, new: Grown, used: Longs
) -> None:
    """Copies what the tiles use, whose rows of `begin` and `extent` are given, behind what is `used` of the new columns.

    `tile`, `begin` and `used` are changed to suit."""
    for i in range(len(tiles)):
        t, n = tiles[i], rows[i]
        if extent[n, CELL] == 0:
            continue
        to = used.copy()
        used += extent[n]
        first, last = begin[n].copy(), begin[n] + extent[n]
        new.cell[to[CELL] : used[CELL]] = old.cell[first[CELL] : last[CELL]]
        new.listed[to[LISTED] : used[LISTED]] = old.listed[first[LISTED] : last[LISTED]]
        new.lonlat[to[LONLAT_VERTEX] : used[LONLAT_VERTEX]] = old.lonlat[first[LONLAT_VERTEX] : last[LONLAT_VERTEX]]
        new.geodesic[to[GEODESIC_VERTEX] : used[GEODESIC_VERTEX]] = old.geodesic[
            first[GEODESIC_VERTEX] : last[GEODESIC_VERTEX]
        ]
        by = to - first
        for row in range(first[HEAD], last[HEAD]):
            place = old.head[row, 0]
            new.head[row + by[HEAD], 0] = place + by[LISTED] if place else 0
            new.head[row + by[HEAD], 1] = old.head[row, 1] + by[ENTRY]
        for row in range(first[ENTRY], last[ENTRY]):
            kind = old.entry[row, 2] & 3
            moved = by[LONLAT_VERTEX] if kind == LONLAT else (by[GEODESIC_VERTEX] if kind == GEODESIC else 0)
            to_row = row + by[ENTRY]
            new.entry[to_row, 0], new.entry[to_row, 2] = old.entry[row, 0], old.entry[row, 2]
            new.entry[to_row, 1] = old.entry[row, 1] + moved
        tile[t, 0] = (to[CELL] << 3) | (tile[t, 0] & 7)
        tile[t, 1] = to[HEAD] - 1
        begin[n] = to

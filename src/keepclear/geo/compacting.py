"""The columns of the index when zones change: what stands in a tile, and how the rows of the tiles are moved together."""

from __future__ import annotations

import numpy as np

from keepclear.geo.cells import GEODESIC, LONLAT, Ints, Longs
from keepclear.geo.compiled import compiled
from keepclear.geo.growing import CELL, ENTRY, GEODESIC_VERTEX, LISTED, LONLAT_VERTEX, Grown


@compiled
def zones_of_tiles(
    tiles: Longs, begin: Longs, extent: Longs, listed: Ints, entry: Ints, zone_count: int
) -> tuple[Longs, Longs]:
    """Pairs (place in `tiles`, zone) of the zones that stand in a list or an entry of the tile."""
    room = 0
    for i in range(len(tiles)):
        room += extent[tiles[i], LISTED] + extent[tiles[i], ENTRY]
    at, zones = np.empty(room, np.int64), np.empty(room, np.int64)
    seen = np.full(zone_count, -1, np.int64)
    found = 0
    for i in range(len(tiles)):
        tile = tiles[i]
        first = begin[tile, LISTED]
        while first < begin[tile, LISTED] + extent[tile, LISTED]:
            for k in range(first + 1, first + 1 + listed[first]):
                if seen[listed[k]] != i:
                    seen[listed[k]] = i
                    at[found], zones[found] = i, listed[k]
                    found += 1
            first += 1 + listed[first]
        first = begin[tile, ENTRY]
        while first < begin[tile, ENTRY] + extent[tile, ENTRY]:
            for k in range(first + 1, first + 1 + entry[first, 0]):
                if seen[entry[k, 0]] != i:
                    seen[entry[k, 0]] = i
                    at[found], zones[found] = i, entry[k, 0]
                    found += 1
            first += 1 + entry[first, 0]
    return at[:found], zones[:found]


@compiled
def compacted(tile: Longs, begin: Longs, extent: Longs, old: Grown) -> tuple[Grown, Longs]:
    """The columns without the rows that no tile uses any more; `tile` and `begin` are changed to suit."""
    used = np.zeros(5, np.int64)
    used[CELL] = used[LISTED] = 1
    total = used.copy()
    for t in range(len(tile)):
        total += extent[t]
    new = Grown(
        np.empty(total[CELL], np.int32),
        np.empty(total[LISTED], np.int32),
        np.empty((total[ENTRY], 3), np.int32),
        np.empty((total[LONLAT_VERTEX], 2)),
        np.empty((total[GEODESIC_VERTEX], 6)),
    )
    new.cell[0] = new.listed[0] = 0
    for t in range(len(tile)):
        if extent[t].sum() == 0:
            continue
        first, last = begin[t], begin[t] + extent[t]
        by = used - begin[t]
        new.listed[used[LISTED] : used[LISTED] + extent[t, LISTED]] = old.listed[first[LISTED] : last[LISTED]]
        new.lonlat[used[LONLAT_VERTEX] : used[LONLAT_VERTEX] + extent[t, LONLAT_VERTEX]] = old.lonlat[
            first[LONLAT_VERTEX] : last[LONLAT_VERTEX]
        ]
        new.geodesic[used[GEODESIC_VERTEX] : used[GEODESIC_VERTEX] + extent[t, GEODESIC_VERTEX]] = old.geodesic[
            first[GEODESIC_VERTEX] : last[GEODESIC_VERTEX]
        ]
        _move_entries(old.entry, new.entry, first[ENTRY], last[ENTRY], by)
        _move_cells(old.cell, new.cell, first[CELL], last[CELL], by)
        tile[t] = ((tile[t] >> 3) + by[CELL]) << 3 | (tile[t] & 7)
        begin[t] = used
        used += extent[t]
    return new, used


@compiled
def _move_entries(old: Ints, new: Ints, first: int, last: int, by: Longs) -> None:
    at = first
    while at < last:
        entries, to = old[at, 0], at + by[ENTRY]
        new[to, 0], new[to, 2] = entries, 0
        new[to, 1] = old[at, 1] + by[LISTED] if old[at, 1] else 0
        for k in range(at + 1, at + 1 + entries):
            kind = old[k, 2] & 3
            moved = by[LONLAT_VERTEX] if kind == LONLAT else (by[GEODESIC_VERTEX] if kind == GEODESIC else 0)
            to = k + by[ENTRY]
            new[to, 0], new[to, 1], new[to, 2] = old[k, 0], old[k, 1] + moved, old[k, 2]
        at += 1 + entries


@compiled
def _move_cells(old: Ints, new: Ints, first: int, last: int, by: Longs) -> None:
    for cell in range(first, last):
        place = old[cell]
        if place > 0:
            place += by[LISTED]
        elif place < 0:
            place = ~(~place + by[ENTRY])
        new[cell + by[CELL]] = place

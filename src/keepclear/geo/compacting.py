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
    used[LISTED] = 1
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
    new.listed[0] = 0
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
        k = first[ENTRY]
        while k < last[ENTRY]:
            head = old.entry[k]
            new.entry[k + by[ENTRY], 0], new.entry[k + by[ENTRY], 2] = head[0], 0
            new.entry[k + by[ENTRY], 1] = head[1] + by[LISTED] if head[1] else 0
            for e in range(k + 1, k + 1 + head[0]):
                new.entry[e + by[ENTRY]] = old.entry[e]
                kind = old.entry[e, 2] & 3
                if kind == LONLAT:
                    new.entry[e + by[ENTRY], 1] += by[LONLAT_VERTEX]
                elif kind == GEODESIC:
                    new.entry[e + by[ENTRY], 1] += by[GEODESIC_VERTEX]
            k += 1 + head[0]
        for c in range(first[CELL], last[CELL]):
            place = old.cell[c]
            new.cell[c + by[CELL]] = place + by[LISTED] if place > 0 else (0 if place == 0 else ~(~place + by[ENTRY]))
        if tile[t] > 0:
            tile[t] += by[LISTED]
        elif tile[t] < 0:
            tile[t] = ~((((~tile[t]) >> 3) + by[CELL]) << 3 | (~tile[t] & 7))
        begin[t] = used
        used += extent[t]
    return new, used

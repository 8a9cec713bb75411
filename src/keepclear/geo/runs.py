"""The pieces of an edge that come near a tile, copied together in the frame of the tile: a run.

A run is a chain of vertices; a row of NaN lifts the pen, and no comparison with NaN is true, so it is crossed by nothing.
"""

from __future__ import annotations

import numpy as np

from keepclear.geo.cells import GEODESIC, TILE_DEG, Longs
from keepclear.geo.compiled import compiled
from keepclear.geo.earth import Floats
from keepclear.geo.growing import GEODESIC_VERTEX, LONLAT_VERTEX, Grown, with_room
from keepclear.geo.marking import margins_deg, span, turn_deg
from keepclear.geo.outlines import Outlines


@compiled
def copy_run(
    column: int, zone: int, pieces: Longs, outlines: Outlines, run: Floats, grown: Grown, used: Longs
) -> tuple[int, int]:
    """Copies pieces in their order to `run`, in the frame of the tile, and to the columns; NaN parts those that do not follow.

    Gives the length of the run and the row of the column where it begins."""
    turn = turn_deg(column, zone, outlines)
    geodesic = outlines.kind[zone] == GEODESIC
    column_used = GEODESIC_VERTEX if geodesic else LONLAT_VERTEX
    base = used[column_used]
    up = outlines.first_upright[zone] - outlines.first[zone]
    length = 0
    for i in range(len(pieces)):
        k = pieces[i]
        if i == 0 or pieces[i - 1] + 1 != k:
            if i:
                run[length] = np.nan
                if geodesic:
                    grown.geodesic[base + length] = np.nan
                length += 1
            run[length, 0], run[length, 1] = outlines.vertex[k, 0], outlines.vertex[k, 1] - turn
            if geodesic:
                grown.geodesic[base + length, :3] = outlines.upright[k + up, :3]
            length += 1
        run[length, 0], run[length, 1] = outlines.vertex[k + 1, 0], outlines.vertex[k + 1, 1] - turn
        if geodesic:
            grown.geodesic[base + length - 1, 3:] = outlines.upright[k + up, 3:]
            grown.geodesic[base + length, :3] = outlines.upright[k + 1 + up, :3]
            grown.geodesic[base + length, 3:] = np.nan
        length += 1
    if not geodesic:
        grown.lonlat[base : base + length] = run[:length]
    used[column_used] += length
    return length, int(base)


@compiled
def copy_near(
    row: int,
    column: int,
    shift: int,
    cell: int,
    zone: int,
    outlines: Outlines,
    run: Floats,
    first: int,
    last: int,
    base: int,
    grown: Grown,
    used: Longs,
) -> tuple[Grown, Floats, int, int]:
    """Copies those of the pieces from first to last that come near the cell to the end of the run: two banks of a river."""
    width = TILE_DEG / (1 << shift)
    in_lat, in_lon = margins_deg(row, zone, outlines)
    from_lat = row * TILE_DEG - 90.0 + (cell >> shift) * width - in_lat
    from_lon = column * TILE_DEG - 180.0 + (cell & ((1 << shift) - 1)) * width - in_lon
    geodesic = outlines.kind[zone] == GEODESIC
    column_used = GEODESIC_VERTEX if geodesic else LONLAT_VERTEX
    begin = at = used[column_used] - base
    room = 3 * (last - first) + 2
    grown = with_room(grown, used, 0, 0, 0, 0, room)
    if at + room > len(run):
        longer = np.empty((2 * (at + room), 2))
        longer[:at] = run[:at]
        run = longer
    before = -2
    for k in range(first, last):
        low, high = span(run[k, 0], run[k, 1], run[k + 1, 0], run[k + 1, 1], from_lat, from_lat + width + 2 * in_lat)
        if low > high or high < from_lon or low > from_lon + width + 2 * in_lon:
            continue
        if before + 1 != k:
            if at > begin:
                run[at] = np.nan
                if geodesic:
                    grown.geodesic[base + at] = np.nan
                at += 1
            run[at] = run[k]
            if geodesic:
                grown.geodesic[base + at] = grown.geodesic[base + k]
            at += 1
        run[at] = run[k + 1]
        if geodesic:
            grown.geodesic[base + at - 1, 3:] = grown.geodesic[base + k, 3:]
            grown.geodesic[base + at, :3] = grown.geodesic[base + k + 1, :3]
            grown.geodesic[base + at, 3:] = np.nan
        at += 1
        before = k
    if not geodesic:
        grown.lonlat[base + begin : base + at] = run[begin:at]
    used[column_used] = base + at
    return grown, run, begin, at - 1

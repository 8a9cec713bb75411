"""Builds the tiles of the index, each for itself: which zones reach into it, into how many cells it is split, and what
stands in them.

For one tile and one zone: the pieces of the edge that come near the tile are copied together, cell by cell it is noted
which of them come near, and the state of every cell's reference point follows from one full count of crossings and
from the crossings along the rows of cells.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from keepclear.geo.asking import CELL_ASK, CELL_IN, GRID_SHIFT, TILE_IN
from keepclear.geo.cells import (
    ASK,
    CIRCLE,
    COLUMNS,
    GEODESIC,
    LONLAT,
    REFERENCES,
    ROWS,
    TILE_DEG,
    TILES_PER_DEGREE,
    Ints,
    Longs,
    bits_of,
    ecef,
)
from keepclear.geo.compiled import compiled
from keepclear.geo.earth import Floats
from keepclear.geo.outlines import RADIUS_M_MAX, RADIUS_M_MIN, Outlines

SHIFT_MAX = 6
# A tile is split as finely as it can be within this. Measured: docs/kernel.md, "How fine".
TILE_BYTES = 20_000
M_PER_DEG = 111_200.0
# Shortest degree of latitude, shortest degree of longitude at the equator.
LAT_M_PER_DEG_MIN, LON_M_PER_DEG_MIN = 110_574.0, 111_319.0
SLACK_DEG, SLACK_M = 1e-9, 0.01
# A reference point keeps this far from every piece, besides the bow of the piece.
REFERENCE_M = 0.2

# The columns of `used` and of `extent`.
CELL, LISTED, ENTRY, LONLAT_VERTEX, GEODESIC_VERTEX = 0, 1, 2, 3, 4

NOWHERE, EVERYWHERE, EDGE = 0, 1, 2


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


class _Trie(NamedTuple):
    """Lists of zones that share their beginnings: list k is the list `parent[k]` and then `zone[k]`; list 0 is empty."""

    of_cell: Ints
    parent: Ints
    zone: Ints
    size: Longs


class _Chain(NamedTuple):
    """The entries of each cell: the first and the last row of the scratch, -1 if none, and how many."""

    first: Ints
    last: Ints
    near: Ints


class _Touched(NamedTuple):
    """By cell: the first and last piece of the run that comes near, and how many do."""

    first: Ints
    last: Ints
    near: Ints


@compiled
def pairs_by_tile(outlines: Outlines) -> tuple[Longs, Longs, Ints]:
    """Which zones may reach into which tiles: tile numbers, where each one's zones begin, the zones (ascending)."""
    pairs = 0
    for zone in range(len(outlines.kind)):
        pairs += len(_tiles_of(zone, outlines))
    tile_of, zone_of = np.empty(pairs, np.int64), np.empty(pairs, np.int32)
    count = np.zeros(ROWS * COLUMNS, np.int64)
    pairs = 0
    for zone in range(len(outlines.kind)):
        for tile in _tiles_of(zone, outlines):
            tile_of[pairs], zone_of[pairs] = tile, zone
            count[tile] += 1
            pairs += 1
    begin = np.cumsum(count) - count
    zones = np.empty(pairs, np.int32)
    for k in range(pairs):
        zones[begin[tile_of[k]]] = zone_of[k]
        begin[tile_of[k]] += 1
    tiles = np.flatnonzero(count)
    first = np.zeros(len(tiles) + 1, np.int64)
    first[1:] = np.cumsum(count[tiles])
    return tiles, first, zones


@compiled
def _tiles_of(zone: int, outlines: Outlines) -> Longs:
    """The tiles of the box of a zone; of one that was asked, the tiles it is known to reach into."""
    if outlines.kind[zone] == ASK:
        return outlines.asked_tile[outlines.first_asked[zone] : outlines.first_asked[zone + 1]].astype(np.int64)
    south, north, west, east = outlines.box[zone]
    first_row = max(int((south + 90.0) * TILES_PER_DEGREE), 0)
    rows = min(int((north + 90.0) * TILES_PER_DEGREE), ROWS - 1) + 1 - first_row
    first_column = int(np.floor((west + 180.0) * TILES_PER_DEGREE))
    columns = min(int(np.floor((east + 180.0) * TILES_PER_DEGREE)) + 1 - first_column, COLUMNS)
    tiles = np.empty(rows * columns, np.int64)
    for k in range(rows * columns):
        tiles[k] = (first_row + k // columns) * COLUMNS + (first_column + k % columns) % COLUMNS
    return tiles


@compiled
def build_tiles(
    tiles: Longs, first: Longs, zones: Ints, number: Ints, outlines: Outlines, grown: Grown, used: Longs
) -> tuple[Grown, Longs, Longs]:
    """Appends the tiles to the columns: gives the columns, and by tile its code and how many rows of each it took.

    The zones of tile i are `zones[first[i]:first[i + 1]]`, rows of `outlines`; in the index they are called `number`."""
    code = np.empty(len(tiles), np.int64)
    extent = np.empty((len(tiles), 5), np.int64)
    for i in range(len(tiles)):
        before = used.copy()
        grown, code[i] = _tile(tiles[i], zones[first[i] : first[i + 1]], number, outlines, grown, used)
        extent[i] = used - before
    return grown, code, extent


@compiled
def _tile(tile: int, zones: Ints, number: Ints, outlines: Outlines, grown: Grown, used: Longs) -> tuple[Grown, int]:
    row, column = tile // COLUMNS, tile % COLUMNS
    status = np.empty(len(zones), np.int8)
    near_first = np.zeros(len(zones) + 1, np.int64)
    near = np.empty(256, np.int64)
    whole, edges, longest = 0, 0, 0
    crossed_m, banded_m2 = 0.0, 0.0
    for i in range(len(zones)):
        near, found, status[i], length_m = _reach_into(row, column, zones[i], outlines, near, near_first[i])
        near_first[i + 1] = near_first[i] + found
        longest = max(longest, found)
        whole += status[i] == EVERYWHERE
        if status[i] == EDGE:
            edges += 1
            crossed_m += length_m + 1000.0
            banded_m2 += length_m * 2.0 * min(outlines.row[zones[i], 6], 50_000.0)

    grown = _with_room(grown, used, 0, len(zones) + 1, 0, 0, 0)
    common = np.empty(whole, np.int32)
    whole = 0
    for i in range(len(zones)):
        if status[i] == EVERYWHERE:
            common[whole] = number[zones[i]]
            whole += 1
    if edges == 0:
        return grown, _listed(grown, used, common) if whole else 0

    shift = _shift(row, crossed_m, banded_m2)
    side = 1 << shift
    cells = side * side
    trie = _Trie(np.zeros(cells, np.int32), np.empty(1024, np.int32), np.empty(1024, np.int32), np.array([1, 0]))
    trie.parent[0] = -1
    chain = _Chain(np.full(cells, -1, np.int32), np.full(cells, -1, np.int32), np.zeros(cells, np.int32))
    scratch = np.empty((edges * cells, 4), np.int32)
    entries = 0
    inside = np.empty(cells, np.bool_)
    touched = _Touched(np.empty(cells, np.int32), np.empty(cells, np.int32), np.empty(cells, np.int32))
    run = np.empty((3 * longest + 2, 2))
    for i in range(len(zones)):
        if status[i] != EDGE:
            continue
        zone = zones[i]
        kind = outlines.kind[zone]
        length, base = 0, 0
        if kind == CIRCLE:
            _circle_cells(row, column, shift, outlines.row[zone], inside, touched)
        elif kind == ASK:
            _asked_cells(tile, shift, zone, outlines, inside, touched)
        else:
            grown = _with_room(grown, used, 0, 0, 0, 3 * longest + 2, 3 * longest + 2)
            pieces = near[near_first[i] : near_first[i + 1]]
            length, base = _copy_run(column, zone, pieces, outlines, run, grown, used)
            _piece_cells(row, column, shift, zone, outlines, run, length, inside, touched)
        trie = _with_zone(trie, number[zone], inside, touched.near)
        for cell in range(cells):
            if touched.near[cell] == 0:
                continue
            first, last, reference, state, entry_kind = 0, 0, 0, False, kind
            if kind in (LONLAT, GEODESIC):
                first, last = touched.first[cell], touched.last[cell] + 1
                if last - first > 2 * touched.near[cell] + 16:
                    grown, run, first, last = _copy_near(
                        row, column, shift, cell, zone, outlines, run, first, last, base, grown, used
                    )
                reference, state = _reference(row, column, shift, cell, zone, outlines, run, first, last, inside[cell])
                if reference < 0:
                    reference, entry_kind = 0, ASK
                    first = last = 0
                else:
                    first, last = first + base, last + base
            scratch[entries, 0] = number[zone]
            scratch[entries, 1] = first
            scratch[entries, 2] = bits_of(entry_kind, state, reference, shift, last - first)
            scratch[entries, 3] = -1
            if chain.first[cell] < 0:
                chain.first[cell] = entries
            else:
                scratch[chain.last[cell], 3] = entries
            chain.last[cell] = entries
            chain.near[cell] += 1
            entries += 1

    return _write_tile(shift, trie, chain, scratch, entries, common, grown, used)


@compiled
def _with_room(grown: Grown, used: Longs, cell: int, listed: int, entry: int, lonlat: int, geodesic: int) -> Grown:
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
def _listed(grown: Grown, used: Longs, zones: Ints) -> int:
    """Writes a list where there is room for it, and says where."""
    place = used[LISTED]
    grown.listed[place] = len(zones)
    grown.listed[place + 1 : place + 1 + len(zones)] = zones
    used[LISTED] += 1 + len(zones)
    return int(place)


@compiled
def _turn_deg(column: int, zone: int, outlines: Outlines) -> float:
    """What a longitude of the tile must be given to lie in the frame of the zone: 0 or a full turn."""
    middle = (outlines.box[zone, 2] + outlines.box[zone, 3]) / 2
    return float(360.0 * np.rint((middle - (column + 0.5) * TILE_DEG + 180.0) / 360.0))


@compiled
def _margins_deg(row: int, zone: int, outlines: Outlines) -> tuple[float, float]:
    """How many degrees of latitude and of longitude the edge of a zone matters beyond itself, about a row of tiles."""
    reach_m = outlines.row[zone, 6] + outlines.bow_m[zone] + SLACK_M
    in_lat = reach_m / LAT_M_PER_DEG_MIN + SLACK_DEG
    south = row * TILE_DEG - 90.0
    highest = min(max(-(south - in_lat), south + TILE_DEG + in_lat), 89.0)
    return in_lat, reach_m / (LON_M_PER_DEG_MIN * np.cos(np.radians(highest))) + SLACK_DEG


@compiled
def _span(a_lat: float, a_lon: float, b_lat: float, b_lon: float, south: float, north: float) -> tuple[float, float]:
    """Lowest and highest longitude of a straight piece within a band of latitudes; none (1, 0) if it keeps out, or is no piece."""
    low, high = min(a_lat, b_lat), max(a_lat, b_lat)
    if not (low <= north and high >= south and not np.isnan(a_lon + b_lon)):
        return 1.0, 0.0
    if high > low:
        slope = (b_lon - a_lon) / (b_lat - a_lat)
        at_south = a_lon + (max(low, south) - a_lat) * slope
        at_north = a_lon + (min(high, north) - a_lat) * slope
        return min(at_south, at_north), max(at_south, at_north)
    return min(a_lon, b_lon), max(a_lon, b_lon)


@compiled
def _reach_into(
    row: int, column: int, zone: int, outlines: Outlines, near: Longs, first: int
) -> tuple[Longs, int, int, float]:
    """The pieces of a zone that come near the tile (written to `near`), how many, the tile's status, and metres of edge in it."""
    kind = outlines.kind[zone]
    if kind == CIRCLE:
        inside = np.empty(1, np.bool_)
        touched = _Touched(np.empty(1, np.int32), np.empty(1, np.int32), np.empty(1, np.int32))
        _circle_cells(row, column, 0, outlines.row[zone], inside, touched)
        if touched.near[0]:
            return near, 0, EDGE, min(55_000.0, 6.3 * outlines.row[zone, 5])
        return near, 0, EVERYWHERE if inside[0] else NOWHERE, 0.0
    if kind == ASK:
        state = _asked_state(row * COLUMNS + column, zone, outlines)
        return near, 0, EVERYWHERE if state == TILE_IN else EDGE, 55_000.0
    south, west = row * TILE_DEG - 90.0, column * TILE_DEG - 180.0 + _turn_deg(column, zone, outlines)
    in_lat, in_lon = _margins_deg(row, zone, outlines)
    cos = np.cos(np.radians(south + TILE_DEG / 2))
    found, length_m = 0, 0.0
    vertex = outlines.vertex
    for k in range(outlines.first[zone], outlines.first[zone + 1] - 1):
        low, high = _span(
            vertex[k, 0], vertex[k, 1], vertex[k + 1, 0], vertex[k + 1, 1], south - in_lat, south + TILE_DEG + in_lat
        )
        if low > high or low > west + TILE_DEG + in_lon or high < west - in_lon:
            continue
        if first + found == len(near):
            longer = np.empty(2 * len(near), np.int64)
            longer[: len(near)] = near
            near = longer
        near[first + found] = k
        found += 1
        in_tile_lat = min(abs(vertex[k + 1, 0] - vertex[k, 0]), TILE_DEG)
        length_m += M_PER_DEG * np.hypot(in_tile_lat, cos * min(high - low, TILE_DEG))
    if found:
        return near, found, EDGE, length_m
    state = _inside(zone, outlines, south + 0.5077 * TILE_DEG, west + 0.4931 * TILE_DEG)
    return near, 0, EVERYWHERE if state == 1 else NOWHERE, 0.0


@compiled
def _inside(zone: int, outlines: Outlines, lat: float, lon: float) -> int:
    """By counting crossings to the east of a point in the frame of the zone: 1 inside, 0 outside, 2 on a piece."""
    inside = 0
    vertex = outlines.vertex
    for k in range(outlines.first[zone], outlines.first[zone + 1] - 1):
        if (vertex[k, 0] > lat) != (vertex[k + 1, 0] > lat) and vertex[k, 1] + vertex[k + 1, 1] == vertex[
            k, 1
        ] + vertex[k + 1, 1]:
            at = vertex[k, 1] + (lat - vertex[k, 0]) * (vertex[k + 1, 1] - vertex[k, 1]) / (
                vertex[k + 1, 0] - vertex[k, 0]
            )
            if abs(at - lon) < SLACK_DEG:
                return 2
            inside ^= int(at > lon)
    return inside


@compiled
def _shift(row: int, crossed_m: float, banded_m2: float) -> int:
    """Into 2^s by 2^s cells: as many as fit the bytes a tile may take, with the cells that its edges and bands will cross."""
    south = row * TILE_DEG - 90.0
    height_m = TILE_DEG * M_PER_DEG
    width_m = max(height_m * np.cos(np.radians(south + TILE_DEG / 2)), 0.02 * height_m)
    shift = SHIFT_MAX
    while shift > 0:
        cells = float(1 << (2 * shift))
        per_cell_m = np.sqrt(width_m * height_m / cells)
        entries = 1.3 * crossed_m / per_cell_m + banded_m2 / (per_cell_m * per_cell_m)
        if 4.0 * cells + 18.0 * entries <= TILE_BYTES:
            break
        shift -= 1
    return shift


@compiled
def _circle_cells(row: int, column: int, shift: int, circle: Floats, inside: np.ndarray, touched: _Touched) -> None:
    side = 1 << shift
    half = TILE_DEG / side / 2
    # Chords under which a position is farther inside, and over which it is farther outside, than the reach.
    inner_m, outer_m = circle[5] - circle[6], circle[5] + circle[6]
    low_m = 2 * RADIUS_M_MIN * np.sin(inner_m / (2 * RADIUS_M_MIN)) if inner_m > 0 else -1.0
    angle = min(outer_m / (2 * RADIUS_M_MAX), np.pi / 2)
    high_m = 2 * RADIUS_M_MAX * np.sin(angle)
    slack_m = 2 * SLACK_M + 1e-6 * outer_m
    for cell_row in range(side):
        lat = row * TILE_DEG - 90.0 + (2 * cell_row + 1) * half
        cos = np.cos(np.radians(max(abs(lat) - half, 0.0)))
        corner_m = np.hypot(111_700.0 * half, 111_330.0 * half * cos) + slack_m
        for cell_column in range(side):
            x, y, z = ecef(lat, column * TILE_DEG - 180.0 + (2 * cell_column + 1) * half)
            apart_m = np.sqrt((x - circle[0]) ** 2 + (y - circle[1]) ** 2 + (z - circle[2]) ** 2)
            cell = (cell_row << shift) + cell_column
            inside[cell] = apart_m < low_m - corner_m
            touched.near[cell] = not inside[cell] and apart_m <= high_m + corner_m


@compiled
def _asked_state(tile: int, zone: int, outlines: Outlines) -> int:
    first, last = outlines.first_asked[zone], outlines.first_asked[zone + 1]
    at = first + np.searchsorted(outlines.asked_tile[first:last], tile)
    return int(outlines.asked_state[at])


@compiled
def _asked_cells(tile: int, shift: int, zone: int, outlines: Outlines, inside: np.ndarray, touched: _Touched) -> None:
    """The grid of the tile, made coarser where all cells agree, or finer by repeating."""
    grid = outlines.asked_grid[_asked_state(tile, zone, outlines)]
    side = 1 << shift
    size = max(1 << (GRID_SHIFT - shift), 1) if shift <= GRID_SHIFT else 1
    for cell in range(side * side):
        cell_row, cell_column = cell >> shift, cell & (side - 1)
        if shift > GRID_SHIFT:
            cell_row, cell_column = cell_row >> (shift - GRID_SHIFT), cell_column >> (shift - GRID_SHIFT)
        state = grid[(cell_row * size << GRID_SHIFT) + cell_column * size]
        for k in range(size * size):
            if grid[((cell_row * size + k // size) << GRID_SHIFT) + cell_column * size + k % size] != state:
                state = CELL_ASK
        inside[cell] = state == CELL_IN
        touched.near[cell] = state == CELL_ASK


@compiled
def _copy_run(
    column: int, zone: int, pieces: Longs, outlines: Outlines, run: Floats, grown: Grown, used: Longs
) -> tuple[int, int]:
    """Copies pieces in their order to `run`, in the frame of the tile, and to the columns; NaN parts those that do not follow.

    Gives the length of the run and the row of the column where it begins."""
    turn = _turn_deg(column, zone, outlines)
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
def _piece_cells(
    row: int,
    column: int,
    shift: int,
    zone: int,
    outlines: Outlines,
    run: Floats,
    length: int,
    inside: np.ndarray,
    touched: _Touched,
) -> None:
    """Which pieces come near which cells, and the state of every cell's first reference point."""
    side = 1 << shift
    width = TILE_DEG / side
    south, west = row * TILE_DEG - 90.0, column * TILE_DEG - 180.0
    in_lat, in_lon = _margins_deg(row, zone, outlines)
    touched.near[:] = 0
    for k in range(length - 1):
        low, high = min(run[k, 0], run[k + 1, 0]), max(run[k, 0], run[k + 1, 0])
        if not low <= high:
            continue
        first_row = max(int(np.floor((low - in_lat - south) / width)), 0)
        last_row = min(int(np.floor((high + in_lat - south) / width)), side - 1)
        for cell_row in range(first_row, last_row + 1):
            from_lat = south + cell_row * width - in_lat
            from_lon, to_lon = _span(
                run[k, 0], run[k, 1], run[k + 1, 0], run[k + 1, 1], from_lat, from_lat + width + 2 * in_lat
            )
            if from_lon > to_lon:
                continue
            first_column = max(int(np.floor((from_lon - in_lon - west) / width)), 0)
            last_column = min(int(np.floor((to_lon + in_lon - west) / width)), side - 1)
            for cell in range((cell_row << shift) + first_column, (cell_row << shift) + last_column + 1):
                if touched.near[cell] == 0:
                    touched.first[cell] = k
                touched.last[cell] = k
                touched.near[cell] += 1
    turn = _turn_deg(column, zone, outlines)
    for attempt in range(25):
        if _states_by_row(
            south, west, shift, turn, zone, outlines, run, length, (0.05 + 0.017 * attempt) * width, inside
        ):
            return
    for cell in range(side * side):
        lat = south + ((cell >> shift) + REFERENCES[0, 0]) * width
        lon = west + ((cell & (side - 1)) + REFERENCES[0, 1]) * width
        inside[cell] = _inside(zone, outlines, lat, lon + turn) == 1


@compiled
def _copy_near(
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
    in_lat, in_lon = _margins_deg(row, zone, outlines)
    from_lat = row * TILE_DEG - 90.0 + (cell >> shift) * width - in_lat
    from_lon = column * TILE_DEG - 180.0 + (cell & ((1 << shift) - 1)) * width - in_lon
    geodesic = outlines.kind[zone] == GEODESIC
    column_used = GEODESIC_VERTEX if geodesic else LONLAT_VERTEX
    begin = at = used[column_used] - base
    room = 3 * (last - first) + 2
    grown = _with_room(grown, used, 0, 0, 0, room, room)
    if at + room > len(run):
        longer = np.empty((2 * (at + room), 2))
        longer[:at] = run[:at]
        run = longer
    before = -2
    for k in range(first, last):
        low, high = _span(run[k, 0], run[k, 1], run[k + 1, 0], run[k + 1, 1], from_lat, from_lat + width + 2 * in_lat)
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


@compiled
def _states_by_row(
    south: float,
    west: float,
    shift: int,
    turn: float,
    zone: int,
    outlines: Outlines,
    run: Floats,
    length: int,
    start: float,
    inside: np.ndarray,
) -> bool:
    """States of the first reference points, by crossings north along one meridian and then east along each row.

    False where a crossing falls so near a corner of these ways that rounding could count it twice or not at all."""
    side = 1 << shift
    width = TILE_DEG / side
    lon0 = west + start
    first_lat, first_lon = south + REFERENCES[0, 0] * width, west + REFERENCES[0, 1] * width
    state = _inside(zone, outlines, first_lat, lon0 + turn)
    if state == 2:
        return False
    up = np.zeros(side + 1, np.bool_)
    flips = np.zeros((side, side + 1), np.bool_)
    for k in range(length - 1):
        a_lat, a_lon, b_lat, b_lon = run[k, 0], run[k, 1], run[k + 1, 0], run[k + 1, 1]
        if np.isnan(a_lat + b_lat):
            continue
        if (a_lon > lon0) != (b_lon > lon0):
            at = a_lat + (lon0 - a_lon) * (b_lat - a_lat) / (b_lon - a_lon)
            begin = min(max(int(np.ceil((at - first_lat) / width)), 0), side)
            if begin > 0 and first_lat + (begin - 1) * width >= at:
                begin -= 1
            if begin < side and first_lat + begin * width < at:
                begin += 1
            if a_lat != b_lat and abs(at - first_lat - np.rint((at - first_lat) / width) * width) < SLACK_DEG:
                return False
            if at > first_lat:
                up[begin] ^= True
        low, high = min(a_lat, b_lat), max(a_lat, b_lat)
        if low == high:
            continue
        slope = (b_lon - a_lon) / (b_lat - a_lat)
        first_row = max(int((low - first_lat) / width) - 1, 0)
        last_row = min(int((high - first_lat) / width) + 1, side - 1)
        for row in range(first_row, last_row + 1):
            lat = first_lat + row * width
            if (a_lat > lat) != (b_lat > lat):
                at = a_lon + (lat - a_lat) * slope
                if abs(at - lon0) < SLACK_DEG:
                    return False
                if at > lon0:
                    flips[row, min(max(int(np.ceil((at - first_lon) / width)), 0), side)] ^= True
    now = state == 1
    for row in range(side):
        now ^= up[row]
        here = now
        for column in range(side):
            here ^= flips[row, column]
            inside[(row << shift) + column] = here
    return True


@compiled
def _reference(
    row: int,
    column: int,
    shift: int,
    cell: int,
    zone: int,
    outlines: Outlines,
    run: Floats,
    first: int,
    last: int,
    first_inside: bool,
) -> tuple[int, bool]:
    """The first reference point that no piece comes near, and whether it is inside; -1 if there is none."""
    side = 1 << shift
    width = TILE_DEG / side
    south, west = row * TILE_DEG - 90.0, column * TILE_DEG - 180.0
    clear_m = outlines.bow_m[zone] + REFERENCE_M
    for number in range(len(REFERENCES)):
        lat = south + ((cell >> shift) + REFERENCES[number, 0]) * width
        lon = west + ((cell & (side - 1)) + REFERENCES[number, 1]) * width
        cos = np.cos(np.radians(lat))
        clear = True
        for k in range(first, last):
            x, y = LON_M_PER_DEG_MIN * cos * (run[k, 1] - lon), LAT_M_PER_DEG_MIN * (run[k, 0] - lat)
            dx = LON_M_PER_DEG_MIN * cos * (run[k + 1, 1] - run[k, 1])
            dy = LAT_M_PER_DEG_MIN * (run[k + 1, 0] - run[k, 0])
            along = min(max(-(x * dx + y * dy) / max(dx * dx + dy * dy, 1e-12), 0.0), 1.0)
            if (x + along * dx) ** 2 + (y + along * dy) ** 2 < clear_m * clear_m:
                clear = False
                break
        if clear:
            if number == 0:
                return 0, first_inside
            state = _inside(zone, outlines, lat, lon + _turn_deg(column, zone, outlines))
            if state < 2:
                return number, state == 1
    return -1, False


@compiled
def _with_zone(trie: _Trie, zone: int, inside: np.ndarray, touched: Ints) -> _Trie:
    """The lists of the cells that the zone contains whole, with the zone at their end."""
    child = np.full(trie.size[0], -1, np.int32)
    for cell in range(len(trie.of_cell)):
        if inside[cell] and touched[cell] == 0:
            parent = trie.of_cell[cell]
            if child[parent] < 0:
                size = trie.size[0]
                if size == len(trie.parent):
                    parents, zones = np.empty(2 * size, np.int32), np.empty(2 * size, np.int32)
                    parents[:size], zones[:size] = trie.parent, trie.zone
                    trie = _Trie(trie.of_cell, parents, zones, trie.size)
                trie.parent[size], trie.zone[size] = parent, zone
                child[parent] = size
                trie.size[0] += 1
            trie.of_cell[cell] = child[parent]
    return trie


@compiled
def _write_tile(
    shift: int, trie: _Trie, chain: _Chain, scratch: Ints, entries: int, common: Ints, grown: Grown, used: Longs
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
            grown = _with_room(grown, used, 0, length + 1, 0, 0, 0)
            place_of[k] = _listed(grown, used, zones) if length else 0
    if heads == 0 and np.all(trie.of_cell == trie.of_cell[0]):
        return grown, int(place_of[trie.of_cell[0]])
    grown = _with_room(grown, used, cells, 0, entries + heads, 0, 0)
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
    return grown, ~((first << 3) | shift)

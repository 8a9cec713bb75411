"""Builds the tiles of the index, each for itself: which zones reach into it, into how many cells it is split, and what
stands in them.
"""

from __future__ import annotations

import numpy as np

from keepclear.geo.asking import TILE_IN
from keepclear.geo.cells import (
    ASK,
    CIRCLE,
    COLUMNS,
    GEODESIC,
    LONLAT,
    REFERENCES,
    ROWS,
    SHIFT_MAX,
    TILE_DEG,
    TILES_PER_DEGREE,
    Ints,
    Longs,
    bits_of,
)
from keepclear.geo.compiled import compiled, compiled_in_place
from keepclear.geo.earth import Floats
from keepclear.geo.growing import COLUMN_COUNT, Grown, listed, one_cell, with_room
from keepclear.geo.lists import Entries, append_entry, no_entries, no_lists, with_more, with_zone, write_tile
from keepclear.geo.marking import (
    LON_M_PER_DEG_MIN,
    REFERENCE_M,
    Flags,
    Touched,
    asked_cells,
    asked_state,
    circle_cells,
    circle_rows,
    inside_by_count,
    is_clear,
    margins_deg,
    other_reference,
    piece_cells,
    span,
    turn_deg,
    untouch,
    untouched,
)
from keepclear.geo.outlines import Outlines
from keepclear.geo.runs import copy_near, copy_run

TILE_BYTES_MAX = 80_000
M_PER_DEG = 111_200.0
# Bytes that may be spent on each cell that an edge crosses: more where few zones share the memory. Measured: docs/kernel.md, "How fine".
SPEND_MIN, SPEND_MAX = 16.0, 43.0
SPEND_TIMES_PAIRS = 0.95e6
# A cell, and what a cell that an edge comes near adds to heads and entries where those that are alike are shared.
CELL_BYTES, NEAR_BYTES = 2.0, 9.0

NOWHERE, EVERYWHERE, EDGE = 0, 1, 2


@compiled
def pairs_by_tile(outlines: Outlines) -> tuple[Longs, Longs, Ints]:
    """Which zones may reach into which tiles: tile numbers, where each one's zones begin, the zones (ascending)."""
    pairs = 0
    for zone in range(len(outlines.kind)):
        pairs += len(tiles_of(zone, outlines))
    tile_of, zone_of = np.empty(pairs, np.int64), np.empty(pairs, np.int32)
    count = np.zeros(ROWS * COLUMNS, np.int64)
    pairs = 0
    for zone in range(len(outlines.kind)):
        for tile in tiles_of(zone, outlines):
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
def tiles_of(zone: int, outlines: Outlines) -> Longs:
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


def spend_for(pairs: int) -> float:
    """How many bytes a crossed cell may cost where so many zones reach into tiles, counted by pairs."""
    return min(max(SPEND_TIMES_PAIRS / max(pairs, 1), SPEND_MIN), SPEND_MAX)


@compiled
def build_tiles(
    tiles: Longs,
    first: Longs,
    zones: Ints,
    number: Ints,
    outlines: Outlines,
    grown: Grown,
    used: Longs,
    spend: float,
) -> tuple[Grown, Longs, Longs]:
    """Appends the tiles to the columns: gives the columns, and by tile its code and how many rows of each it took.

    The zones of tile i are `zones[first[i]:first[i + 1]]`, rows of `outlines`; in the index they are called `number`.
    `spend` is how many bytes a cell that an edge crosses may cost."""
    code = np.empty(len(tiles), np.int64)
    extent = np.empty((len(tiles), COLUMN_COUNT), np.int64)
    for i in range(len(tiles)):
        before = used.copy()
        grown, code[i] = _tile(tiles[i], zones[first[i] : first[i + 1]], number, outlines, grown, used, spend)
        extent[i] = used - before
    return grown, code, extent


@compiled
def _tile(
    tile: int, zones: Ints, number: Ints, outlines: Outlines, grown: Grown, used: Longs, spend: float
) -> tuple[Grown, int]:
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

    grown = with_room(grown, used, 0, 0, len(zones) + 1, 0, 0)
    common = np.empty(whole, np.int32)
    whole = 0
    for i in range(len(zones)):
        if status[i] == EVERYWHERE:
            common[whole] = number[zones[i]]
            whole += 1
    if edges == 0:
        return one_cell(grown, used, listed(grown, used, common) if whole else 0)

    shift = _shift(row, crossed_m, banded_m2, spend)
    side = 1 << shift
    cells = side * side
    trie, entries = no_lists(cells), no_entries(cells)
    inside = np.empty(cells, np.bool_)
    touched = untouched(cells)
    rows, cosine = circle_rows(row, shift), np.empty(side)
    run = np.empty((3 * longest + 2, 2))
    for i in range(len(zones)):
        if status[i] != EDGE:
            continue
        zone = zones[i]
        kind = outlines.kind[zone]
        length, base = 0, 0
        if kind == CIRCLE:
            circle_cells(rows, column, shift, outlines.row[zone], inside, cosine, touched)
        elif kind == ASK:
            asked_cells(tile, shift, zone, outlines, inside, touched)
        else:
            grown = with_room(grown, used, 0, 0, 0, 0, 3 * longest + 2)
            pieces = near[near_first[i] : near_first[i + 1]]
            length, base = copy_run(column, zone, pieces, outlines, run, grown, used)
            piece_cells(row, column, shift, zone, outlines, run, length, inside, touched)
        trie = with_zone(trie, number[zone], inside, touched)
        entries = with_more(entries, touched.size[0])
        if kind in (LONLAT, GEODESIC):
            grown, run = _enter_pieces(
                row,
                column,
                shift,
                zone,
                number[zone],
                outlines,
                run,
                base,
                inside,
                touched,
                entries,
                grown,
                used,
            )
        else:
            _enter(entries, touched, number[zone], bits_of(kind, False, 0, shift, 0))
        untouch(touched)

    return write_tile(shift, trie, entries, common, grown, used)


@compiled_in_place
def _enter(entries: Entries, touched: Touched, zone: int, bits: int) -> None:
    """The same entry in all cells that the edge comes near."""
    for k in range(touched.size[0]):
        append_entry(entries, touched.cells[k], zone, 0, bits)


@compiled
def _enter_pieces(
    row: int,
    column: int,
    shift: int,
    zone: int,
    number: int,
    outlines: Outlines,
    run: Floats,
    base: int,
    inside: Flags,
    touched: Touched,
    entries: Entries,
    grown: Grown,
    used: Longs,
) -> tuple[Grown, Floats]:
    """An entry with its pieces, its reference point and the state of that in each cell that the edge comes near."""
    kind, clear_m = outlines.kind[zone], outlines.bow_m[zone] + REFERENCE_M
    width = TILE_DEG / (1 << shift)
    south, west = row * TILE_DEG - 90.0, column * TILE_DEG - 180.0
    per_lon_m = LON_M_PER_DEG_MIN * np.cos(np.radians(max(abs(south), abs(south + TILE_DEG))))
    cells, first_of, last_of, near = touched.cells, touched.first, touched.last, touched.near
    for k in range(touched.size[0]):
        cell = cells[k]
        first, last = first_of[cell], last_of[cell] + 1
        if last - first > 2 * near[cell] + 16:
            grown, run, first, last = copy_near(
                row, column, shift, cell, zone, outlines, run, first, last, base, grown, used
            )
        lat = south + ((cell >> shift) + REFERENCES[0, 0]) * width
        lon = west + ((cell & ((1 << shift) - 1)) + REFERENCES[0, 1]) * width
        reference, state = 0, inside[cell]
        if not is_clear(run, first, last, lat, lon, per_lon_m, clear_m):
            reference, state = other_reference(row, column, shift, cell, zone, outlines, run, first, last)
        if reference < 0:
            append_entry(entries, cell, number, 0, bits_of(ASK, False, 0, shift, 0))
        else:
            append_entry(entries, cell, number, first + base, bits_of(kind, state, reference, shift, last - first))
    return grown, run


@compiled
def _reach_into(
    row: int, column: int, zone: int, outlines: Outlines, near: Longs, first: int
) -> tuple[Longs, int, int, float]:
    """The pieces of a zone that come near the tile (written to `near`), how many, the tile's status, and metres of edge in it."""
    kind = outlines.kind[zone]
    if kind == CIRCLE:
        inside, touched = np.empty(1, np.bool_), untouched(1)
        circle_cells(circle_rows(row, 0), column, 0, outlines.row[zone], inside, np.empty(1), touched)
        if touched.size[0]:
            return near, 0, EDGE, min(55_000.0, 6.3 * outlines.row[zone, 5])
        return near, 0, EVERYWHERE if inside[0] else NOWHERE, 0.0
    if kind == ASK:
        state = asked_state(row * COLUMNS + column, zone, outlines)
        return near, 0, EVERYWHERE if state == TILE_IN else EDGE, 55_000.0
    south, west = row * TILE_DEG - 90.0, column * TILE_DEG - 180.0 + turn_deg(column, zone, outlines)
    in_lat, in_lon = margins_deg(row, zone, outlines)
    cos = np.cos(np.radians(south + TILE_DEG / 2))
    found, length_m = 0, 0.0
    vertex = outlines.vertex
    for k in range(outlines.first[zone], outlines.first[zone + 1] - 1):
        low, high = span(
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
    state = inside_by_count(zone, outlines, south + 0.5077 * TILE_DEG, west + 0.4931 * TILE_DEG)
    return near, 0, EVERYWHERE if state == 1 else NOWHERE, 0.0


@compiled_in_place
def _shift(row: int, crossed_m: float, banded_m2: float, spend: float) -> int:
    """Into 2^s by 2^s cells: as fine as pays. A finer cell is crossed by fewer edges, and costs its bytes."""
    south = row * TILE_DEG - 90.0
    height_m = TILE_DEG * M_PER_DEG
    width_m = max(height_m * np.cos(np.radians(south + TILE_DEG / 2)), 0.02 * height_m)
    shift = SHIFT_MAX
    while shift > 0:
        cells = float(1 << (2 * shift))
        cell_m = np.sqrt(width_m * height_m / cells)
        crossed = 1.3 * crossed_m / cell_m
        bytes_taken = CELL_BYTES * cells + NEAR_BYTES * (crossed + banded_m2 / (cell_m * cell_m))
        if bytes_taken <= min(spend * crossed, TILE_BYTES_MAX):
            break
        shift -= 1
    return shift

"""Which zones contain which positions: one pass over the columns, in blocks, so that look-ups overlap.

A look-up that misses the processor's cache takes as long as the arithmetic of many positions, and so does a branch that
goes the other way than the last time. So for a block of positions first all places are looked up, then the heads of all
of them; then all circles are decided, and all polygons; and only then is anything written.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from keepclear.geo.cells import CIRCLE, GEODESIC, LONLAT, Cells, Ints, Longs, cell_of, crossing, ecef, locate, whole
from keepclear.geo.compiled import compiled, compiled_in_place
from keepclear.geo.earth import Floats
from keepclear.geo.sides import OUTSIDE, UNSURE, circle_side, lonlat_side, side

BLOCK = 128
Column = npt.NDArray[np.float64 | np.int32]


class Pairs(NamedTuple):
    """Rows and zones in order; `unsure` says which of the pairs await the exact engine."""

    row: Longs
    zone: Longs
    unsure: Longs


class Block(NamedTuple):
    """What is known of the rows of a block, and from `place` on of those of them that are not at a place of nothing.

    cell, before          as `cell_of` says it, of all rows
    row, place            which row of the block, and its place
    listed, listed_end    where in `listed` its zones stand
    entry, entry_end      its entries
    x, y, z               earth-centred metres, where an entry wants them
    """

    cell: Longs
    before: Longs
    row: Longs
    place: Longs
    listed: Longs
    listed_end: Longs
    entry: Longs
    entry_end: Longs
    x: Floats
    y: Floats
    z: Floats


@compiled
def _block() -> Block:
    cell, before, row, place = (
        np.empty(BLOCK, np.int64),
        np.empty(BLOCK, np.int64),
        np.empty(BLOCK, np.int64),
        np.empty(BLOCK, np.int64),
    )
    listed, listed_end, entry, entry_end = (
        np.empty(BLOCK, np.int64),
        np.empty(BLOCK, np.int64),
        np.empty(BLOCK, np.int64),
        np.empty(BLOCK, np.int64),
    )
    x, y, z = np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK)
    return Block(cell, before, row, place, listed, listed_end, entry, entry_end, x, y, z)


class Asked(NamedTuple):
    """Of the entries of a block, in order: which, whose, and what was said; then which are circles, and which are not."""

    entry: Longs
    of: Ints
    said: Ints
    circle: Ints
    polygon: Ints
    touched: Floats


def _asked(entries: int) -> Asked:
    of, said, circle, polygon = np.empty((4, entries), np.int32)
    return Asked(np.empty(entries, np.int64), of, said, circle, polygon, np.empty(entries))


def pairs(cells: Cells, lat: Column, lon: Column, scale: float) -> Pairs:
    """All pairs of a row and a zone that may contain it. `scale` makes degrees of the columns: 1, or 1e-7 for whole e7."""
    found, unsure = np.empty((2, len(lat) // 16 + 4096), np.int64), np.empty((1, 1024), np.int64)
    asked = _asked(8 * BLOCK)
    reached = np.zeros(4, np.int64)  # rows done, pairs found, pairs unsure; entries that one block needs room for
    while True:
        _fill(cells, lat, lon, scale, reached, found[0], found[1], unsure[0], asked)
        rows, pairs_found, pairs_unsure, entries = (int(n) for n in reached)
        if rows == len(lat):
            return Pairs(found[0, :pairs_found], found[1, :pairs_found], unsure[0, :pairs_unsure])
        if entries > len(asked.entry):
            asked = _asked(2 * entries)
            continue
        # As much as the rows so far make likely, and a tenth more.
        found = _wider(found, pairs_found, int(1.1 * (pairs_found + 1) / max(rows, 1) * len(lat)))
        unsure = _wider(unsure, pairs_unsure, 0)


def _wider(columns: npt.NDArray[np.int64], used: int, likely: int) -> npt.NDArray[np.int64]:
    wider = np.empty((len(columns), max(2 * columns.shape[1], likely) + 1024), np.int64)
    wider[:, :used] = columns[:, :used]
    return wider


@compiled
def _fill(
    cells: Cells,
    lat: Column,
    lon: Column,
    scale: float,
    reached: Longs,
    out_row: Longs,
    out_zone: Longs,
    unsure_pair: Longs,
    asked: Asked,
) -> None:
    """Goes on from `reached` until the rows or the room are at an end."""
    block = _block()
    while reached[0] < len(lat):
        first, last = reached[0], min(reached[0] + BLOCK, len(lat))
        count = _look_up(cells, lat[first:last], lon[first:last], scale, block)
        most, entries = _heads(cells, block, count)
        if reached[1] + most + entries > len(out_row) or reached[2] + entries > len(unsure_pair):
            return
        if entries > len(asked.entry):
            reached[3] = entries
            return
        if entries:
            _decide(cells, lat[first:last], lon[first:last], scale, block, count, asked)
        _write(cells, block, count, asked, reached, out_row, out_zone, unsure_pair)
        reached[0] = last


@compiled_in_place
def _look_up(cells: Cells, lat: Column, lon: Column, scale: float, block: Block) -> int:
    """Notes the rows that are somewhere; gives how many."""
    for row in range(len(lat)):
        block.cell[row], block.before[row] = cell_of(cells, lat[row] * scale, lon[row] * scale)
    count = 0
    for row in range(len(lat)):
        local = int(cells.cell[block.cell[row]])
        block.row[count], block.place[count] = row, block.before[row] + local
        count += int(local != 0)
    return count


@compiled_in_place
def _heads(cells: Cells, block: Block, count: int) -> tuple[int, int]:
    """What the heads of the places say; gives how many zones stand in their lists, and how many entries there are."""
    zones, entries = 0, 0
    for i in range(count):
        place = block.place[i]
        block.listed[i] = cells.head[place, 0] + 1
        block.entry[i], block.entry_end[i] = cells.head[place, 1], cells.head[place + 1, 1]
        entries += block.entry_end[i] - block.entry[i]
    for i in range(count):
        length = cells.listed[block.listed[i] - 1]
        block.listed_end[i] = block.listed[i] + length
        zones += length
    return zones, entries


@compiled_in_place
def _decide(cells: Cells, lat: Column, lon: Column, scale: float, block: Block, count: int, asked: Asked) -> None:
    """What is to be said of all entries, kind by kind."""
    entries, circles, polygons = 0, 0, 0
    for i in range(count):
        in_space = False
        for entry in range(block.entry[i], block.entry_end[i]):
            kind = cells.entry[entry, 2] & 3
            asked.entry[entries], asked.of[entries] = entry, i
            asked.circle[circles], asked.polygon[polygons] = entries, entries
            circles += int(kind == CIRCLE)
            polygons += int(kind != CIRCLE)
            in_space |= kind != LONLAT
            entries += 1
        if in_space:
            row = block.row[i]
            block.x[i], block.y[i], block.z[i] = ecef(lat[row] * scale, lon[row] * scale)
    for k in range(polygons):
        entry = asked.entry[asked.polygon[k]]
        kind, first = cells.entry[entry, 2] & 3, cells.entry[entry, 1]
        # The first number that the decision will need: asked for now, it has come by then.
        if kind == LONLAT:
            asked.touched[k] = cells.lonlat[first, 0]
        elif kind == GEODESIC:
            asked.touched[k] = cells.geodesic[first, 0]
    for k in range(circles):
        n = asked.circle[k]
        i = asked.of[n]
        asked.said[n] = circle_side(cells, cells.entry[asked.entry[n], 0], block.x[i], block.y[i], block.z[i])
    for k in range(polygons):
        n = asked.polygon[k]
        entry, i = asked.entry[n], asked.of[n]
        at_lat, at_lon = lat[block.row[i]] * scale, lon[block.row[i]] * scale
        if (cells.entry[entry, 2] & 3) == LONLAT:
            asked.said[n] = lonlat_side(cells, entry, at_lat, at_lon)
        else:
            asked.said[n] = side(cells, entry, at_lat, at_lon, block.x[i], block.y[i], block.z[i])


@compiled_in_place
def _write(
    cells: Cells,
    block: Block,
    count: int,
    asked: Asked,
    reached: Longs,
    out_row: Longs,
    out_zone: Longs,
    unsure_pair: Longs,
) -> None:
    """Merges the list of each place with those of its entries that were not said to be outside."""
    first, found, unsure = reached[0], reached[1], reached[2]
    n = 0
    for i in range(count):
        row, listed, listed_end = first + block.row[i], block.listed[i], block.listed_end[i]
        for entry in range(block.entry[i], block.entry_end[i]):
            said = asked.said[n]
            n += 1
            if said == OUTSIDE:
                continue
            zone = cells.entry[entry, 0]
            while listed < listed_end and cells.listed[listed] < zone:
                out_row[found], out_zone[found] = row, cells.listed[listed]
                listed += 1
                found += 1
            out_row[found], out_zone[found] = row, zone
            if said == UNSURE:
                unsure_pair[unsure] = found
                unsure += 1
            found += 1
        for k in range(listed, listed_end):
            out_row[found], out_zone[found] = row, cells.listed[k]
            found += 1
    reached[1], reached[2] = found, unsure


@compiled
def near_pairs(cells: Cells, lat: Floats, lon: Floats) -> tuple[Longs, Longs]:
    """Pairs (row, zone), sorted, of rows whose cell lies in the zone or within its reach of the edge."""
    rows, zones = np.empty(2 * len(lat) + 64, np.int64), np.empty(2 * len(lat) + 64, np.int64)
    found = 0
    for row in range(len(lat)):
        place = locate(cells, lat[row], lon[row])
        first, last = whole(cells, place)
        first_entry, last_entry = crossing(cells, place)
        while found + last - first + last_entry - first_entry > len(rows):
            longer_rows, longer_zones = np.empty(2 * len(rows), np.int64), np.empty(2 * len(rows), np.int64)
            longer_rows[:found], longer_zones[:found] = rows[:found], zones[:found]
            rows, zones = longer_rows, longer_zones
        start = found
        for k in range(first, last):
            rows[found], zones[found] = row, cells.listed[k]
            found += 1
        for entry in range(first_entry, last_entry):
            rows[found], zones[found] = row, cells.entry[entry, 0]
            found += 1
        zones[start:found].sort()
    return rows[:found], zones[:found]

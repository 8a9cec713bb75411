"""Which zones contain which positions: one pass over the columns, in blocks, so that look-ups overlap.

A look-up that misses the processor's cache takes as long as the arithmetic of many positions. So for a block of positions first
all places are looked up, then the heads of all of them, and only then is anything decided: the memory serves many at once.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from keepclear.geo.cells import GEODESIC, LONLAT, Cells, Longs, crossing, ecef, locate, whole
from keepclear.geo.compiled import compiled
from keepclear.geo.earth import Floats
from keepclear.geo.sides import OUTSIDE, UNSURE, side

BLOCK = 128
Column = npt.NDArray[np.float64 | np.int32]


class Pairs(NamedTuple):
    """Rows and zones in order; `unsure` says which of the pairs await the exact engine."""

    row: Longs
    zone: Longs
    unsure: Longs


def pairs(cells: Cells, lat: Column, lon: Column, scale: float) -> Pairs:
    """All pairs of a row and a zone that may contain it. `scale` makes degrees of the columns: 1, or 1e-7 for whole e7."""
    found, unsure = np.empty((2, len(lat) // 16 + 4096), np.int64), np.empty((1, 1024), np.int64)
    reached = np.zeros(3, np.int64)  # rows done, pairs found, pairs unsure
    while True:
        _fill(cells, lat, lon, scale, reached, found[0], found[1], unsure[0])
        rows, pairs_found, pairs_unsure = (int(n) for n in reached)
        if rows == len(lat):
            return Pairs(found[0, :pairs_found], found[1, :pairs_found], unsure[0, :pairs_unsure])
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
) -> None:
    """Goes on from `reached` until the rows or the room are at an end."""
    row, found, unsure = reached
    # Of the rows of a block that are not at a place of nothing: which, their place, list, lengths of list and entries.
    some, place, first_listed, listed_count, first_entry, entry_count = np.empty((6, BLOCK), np.int64)
    asked, said = np.empty((2, 4 * BLOCK), np.int64)
    touched = np.empty(4 * BLOCK)
    while row < len(lat):
        rows = min(BLOCK, len(lat) - row)
        count = 0
        for i in range(rows):
            some[count] = row + i
            place[count] = locate(cells, lat[row + i] * scale, lon[row + i] * scale)
            count += int(place[count] != 0)
        for i in range(count):
            first_listed[i], first_entry[i] = cells.head[place[i], 0], cells.head[place[i], 1]
            entry_count[i] = cells.head[place[i] + 1, 1] - first_entry[i]
        most, entries = 0, 0
        for i in range(count):
            listed_count[i] = cells.listed[first_listed[i]]
            most += listed_count[i]
            entries += entry_count[i]
        if found + most + entries > len(out_row) or unsure + entries > len(unsure_pair):
            break
        if entries > len(asked):
            asked, said, touched = (
                np.empty(2 * entries, np.int64),
                np.empty(2 * entries, np.int64),
                np.empty(2 * entries),
            )
        entries = 0
        for i in range(count):
            for entry in range(first_entry[i], first_entry[i] + entry_count[i]):
                asked[entries] = entry
                kind, first = cells.entry[entry, 2] & 3, cells.entry[entry, 1]
                # The first number that the decision will need: asked for now, it has come by then.
                if kind == LONLAT:
                    touched[entries] = cells.lonlat[first, 0]
                elif kind == GEODESIC:
                    touched[entries] = cells.geodesic[first, 0]
                else:
                    touched[entries] = cells.zone[cells.entry[entry, 0], 0]
                entries += 1
        entries = 0
        for i in range(count):
            if entry_count[i]:
                at_lat, at_lon = lat[some[i]] * scale, lon[some[i]] * scale
                x, y, z = ecef(at_lat, at_lon)
                for k in range(entries, entries + entry_count[i]):
                    said[k] = side(cells, asked[k], at_lat, at_lon, x, y, z)
                entries += entry_count[i]
        entries = 0
        for i in range(count):
            start = found
            for k in range(first_listed[i] + 1, first_listed[i] + 1 + listed_count[i]):
                out_row[found], out_zone[found] = some[i], cells.listed[k]
                found += 1
            for k in range(entries, entries + entry_count[i]):
                if said[k] != OUTSIDE:
                    zone = cells.entry[asked[k], 0]
                    at = found
                    while at > start and out_zone[at - 1] > zone:
                        out_zone[at] = out_zone[at - 1]
                        at -= 1
                    out_row[found], out_zone[at] = some[i], zone
                    found += 1
                    if said[k] == UNSURE:  # later entries have higher numbers, and do not move this pair
                        unsure_pair[unsure] = at
                        unsure += 1
            entries += entry_count[i]
        row += rows
    reached[0], reached[1], reached[2] = row, found, unsure


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

"""The cells of the index, and how a position finds its own.

The earth lies in tiles of half a degree, each split into 2^s by 2^s cells; a tile that no edge comes near is one cell.
Each cell names a place. A place says which zones contain it whole, and which zones have an edge
so near that the position itself must be looked at: its crossing entries. docs/kernel.md is the long story.

A place is a row of `head`; the cells of a tile that hold the same share one. Place 0 is that of nothing.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from keepclear.geo.compiled import compiled_in_place
from keepclear.geo.earth import ECCENTRICITY_SQUARED, SEMI_MAJOR_M, Floats

Ints = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]
Shorts = npt.NDArray[np.uint16]

TILES_PER_DEGREE = 2
ROWS, COLUMNS = 180 * TILES_PER_DEGREE, 360 * TILES_PER_DEGREE
TILE_DEG = 1.0 / TILES_PER_DEGREE
# A tile is split into 2^s by 2^s cells, s at most this.
SHIFT_MAX = 7
_STEPS_PER_DEGREE = TILES_PER_DEGREE << SHIFT_MAX
_IN_TILE = (1 << SHIFT_MAX) - 1

# Kinds of outline, as they stand in an entry.
CIRCLE, LONLAT, GEODESIC, ASK = 0, 1, 2, 3

# Where in its cell an entry's reference point may lie: shares of the cell's height and width. The first is taken unless an
# edge passes too near; none lies on a round fraction, as edges drawn by people do.
REFERENCES = np.array(
    [(0.5077, 0.4931), (0.2117, 0.2741), (0.7919, 0.7237), (0.2391, 0.7607), (0.7723, 0.2269), (0.5119, 0.1291),
     (0.4889, 0.8713), (0.1213, 0.5081), (0.8831, 0.4817), (0.3511, 0.4157), (0.6473, 0.5903), (0.3907, 0.6221),
     (0.6311, 0.3761), (0.0907, 0.1013), (0.9103, 0.8951), (0.0853, 0.9067)]
)  # fmt: skip


class Cells(NamedTuple):
    """The index as arrays, to be handed to compiled functions; nobody writes to them but the index.

    tile        (259 200, 2) row by row from the south-west: `first * 8 + s`, where the 4^s cells of the tile stand in `cell`
                from `first`, row by row from its south-west; and the row of `head` before those of the tile
    cell        which of the heads of its tile a cell has, counted from 1; 0 where there is nothing
    head        (n, 2) where the list of the place stands in `listed`, and its first entry; the entries end where those of
                the next row begin, so behind the heads of a tile stands one more row
    listed      lists of zone numbers, ascending, each after its count; the list at 0 is empty
    entry       (n, 3) zone, first vertex, bits (see `bits_of`); ascending by zone within a place
    lonlat      (n, 2) latitude and longitude of vertices in the frame of their tile; NaN lifts the pen
    geodesic    (n, 6) earth-centred vertex and the unit normal of the piece that begins there, metres; NaN lifts the pen
    zone        (n, 8) by zone: for a circle its centre, the squared chords below which a position is inside and above which it
                is outside, and its radius; for all, the reach; 0
    """

    tile: Longs
    cell: Shorts
    head: Ints
    listed: Ints
    entry: Ints
    lonlat: Floats
    geodesic: Floats
    zone: Floats


@compiled_in_place
def bits_of(kind: int, inside: bool, reference: int, shift: int, pieces: int) -> int:
    """What an entry says in one number: kind, state and number of its reference point, s of its tile, how many pieces."""
    return kind | (4 if inside else 0) | (reference << 3) | (shift << 7) | (pieces << 10)


@compiled_in_place
def steps(lat: float, lon: float) -> tuple[int, int]:
    """How many finest cells a position lies north of the south pole, and east of the antimeridian."""
    north, east = int((lat + 90.0) * _STEPS_PER_DEGREE), int((lon + 180.0) * _STEPS_PER_DEGREE)
    return min(max(north, 0), 180 * _STEPS_PER_DEGREE - 1), min(max(east, 0), 360 * _STEPS_PER_DEGREE - 1)


@compiled_in_place
def cell_of(cells: Cells, lat: float, lon: float) -> tuple[int, int]:
    """The row of `cell` that a position in degrees has, and the head before those of its tile."""
    north, east = steps(lat, lon)
    tile = (north >> SHIFT_MAX) * COLUMNS + (east >> SHIFT_MAX)
    code = cells.tile[tile, 0]
    shift = code & 7
    row, column = (north & _IN_TILE) >> (SHIFT_MAX - shift), (east & _IN_TILE) >> (SHIFT_MAX - shift)
    return int(code >> 3) + (row << shift) + column, int(cells.tile[tile, 1])


@compiled_in_place
def locate(cells: Cells, lat: float, lon: float) -> int:
    """The place of a position in degrees."""
    cell, before = cell_of(cells, lat, lon)
    local = int(cells.cell[cell])
    return before + local if local else 0


@compiled_in_place
def whole(cells: Cells, place: int) -> tuple[int, int]:
    """Where in `listed` the zones stand that contain the whole place, farther than their reach from the edge: first, last."""
    first = int(cells.head[place, 0])
    return first + 1, first + 1 + int(cells.listed[first])


@compiled_in_place
def crossing(cells: Cells, place: int) -> tuple[int, int]:
    """Which rows of `entry` are the place's zones with an edge within their reach: first, last."""
    return int(cells.head[place, 1]), int(cells.head[place + 1, 1])


@compiled_in_place
def block(cells: Cells, lat: float, lon: float) -> tuple[float, float, float, float]:
    """The tile or cell of a position: lowest and highest latitude, lowest and highest longitude, degrees."""
    north, east = steps(lat, lon)
    shift = cells.tile[(north >> SHIFT_MAX) * COLUMNS + (east >> SHIFT_MAX), 0] & 7
    height = TILE_DEG / (1 << shift)
    south = (north >> (SHIFT_MAX - shift)) * height - 90.0
    west = (east >> (SHIFT_MAX - shift)) * height - 180.0
    return south, south + height, west, west + height


_ROW_MIDDLE = np.radians((np.arange(ROWS) + 0.5) * TILE_DEG - 90.0)
_COLUMN_MIDDLE = np.radians((np.arange(COLUMNS) + 0.5) * TILE_DEG - 180.0)
_ROW_SIN, _ROW_COS = np.sin(_ROW_MIDDLE), np.cos(_ROW_MIDDLE)
_COLUMN_SIN, _COLUMN_COS = np.sin(_COLUMN_MIDDLE), np.cos(_COLUMN_MIDDLE)
_RADIANS = np.pi / 180.0


@compiled_in_place
def ecef(lat: float, lon: float) -> tuple[float, float, float]:
    """Earth-centred metres of a position on the ellipsoid; within 10 nm of `earth.to_ecef`.

    Sines and cosines are turned from those of the tile's middle, at most a quarter of a degree away, where the series
    below are exact to the last digits."""
    row = min(max(int((lat + 90.0) * TILES_PER_DEGREE), 0), ROWS - 1)
    column = min(max(int((lon + 180.0) * TILES_PER_DEGREE), 0), COLUMNS - 1)
    sin_lat, cos_lat = _turned(_ROW_SIN[row], _ROW_COS[row], (lat - (row + 0.5) * TILE_DEG + 90.0) * _RADIANS)
    sin_lon, cos_lon = _turned(
        _COLUMN_SIN[column], _COLUMN_COS[column], (lon - (column + 0.5) * TILE_DEG + 180.0) * _RADIANS
    )
    prime_vertical_m = SEMI_MAJOR_M / np.sqrt(1.0 - ECCENTRICITY_SQUARED * sin_lat * sin_lat)
    across_m = prime_vertical_m * cos_lat
    return across_m * cos_lon, across_m * sin_lon, prime_vertical_m * (1.0 - ECCENTRICITY_SQUARED) * sin_lat


@compiled_in_place
def _turned(sin: float, cos: float, by: float) -> tuple[float, float]:
    square = by * by
    sin_by = by * (1.0 - square / 6.0 * (1.0 - square / 20.0 * (1.0 - square / 42.0)))
    cos_by = 1.0 - square / 2.0 * (1.0 - square / 12.0 * (1.0 - square / 30.0))
    return sin * cos_by + cos * sin_by, cos * cos_by - sin * sin_by

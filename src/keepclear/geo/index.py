"""The zones as cells: which contain a position, exactly; and which may matter to it, never too few.

The kernel decides what is clear by a margin that it states. Everything else goes to the exact engine (`exact.py`), so
the answer equals the exact answer by construction; docs/kernel.md tells it at length.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Protocol

import numpy as np
import numpy.typing as npt

from keepclear.geo.balls import Balls, ball_of, balls_near, sorted_balls
from keepclear.geo.cells import COLUMNS, ROWS, Cells, Ints, Longs
from keepclear.geo.compacting import compact, zones_of_tiles
from keepclear.geo.containing import Column, near_pairs, pairs
from keepclear.geo.earth import E7, Floats
from keepclear.geo.exact import Exact
from keepclear.geo.growing import (
    CELL,
    COLUMN_COUNT,
    ENTRY,
    GEODESIC_VERTEX,
    HEAD,
    LISTED,
    LONLAT_VERTEX,
    nothing_used,
    room,
)
from keepclear.geo.outlines import Outline, Outlines, columns_of, outline_of
from keepclear.geo.shapes import Shape
from keepclear.geo.tiling import build_tiles, pairs_by_tile, spend_for, tiles_of

_ROWS_PER_PART = 65_536
# Room to begin with in each column, for each zone that reaches into a tile; what is not written to is not resident.
_ROWS_PER_PAIR = np.array([512, 64, 64, 64, 64, 0])

Indexes = npt.NDArray[np.intp]
RowsAndZones = tuple[Indexes, Indexes]


class Pool(Protocol):
    """What can do the same for several parts at once, such as a ThreadPoolExecutor."""

    def map(self, function: Callable[[slice], RowsAndZones], parts: Iterable[slice], /) -> Iterable[RowsAndZones]: ...


class ZoneIndex:
    """Built from (shape, reach) pairs: a position matters to a shape if it is inside or within `reach` metres of its edge.

    A shape's number is its place in the sequence. `put` and `remove` rebuild the tiles concerned and no others. Not to be
    changed while another thread asks."""

    def __init__(self, shapes: Sequence[tuple[Shape, float]]) -> None:
        self._exact = [Exact(shape) for shape, _ in shapes]
        self._outlines: list[Outline | None] = [outline_of(shape, reach_m) for shape, reach_m in shapes]
        self._reach_m = [reach_m for _, reach_m in shapes]
        self._tile = np.zeros((ROWS * COLUMNS, 2), np.int64)
        self._ball: list[Floats | None] = [None] * len(shapes)
        self._sorted_balls: Balls | None = None
        self._live = 0
        # Of the tiles that ever held something: where their rows begin in the columns, and how many there are. Row 0: no tile.
        self._row_of_tile = np.zeros(ROWS * COLUMNS, np.int32)
        self._begin, self._extent = np.zeros((2, 1, COLUMN_COUNT), np.int32)
        columns = columns_of([outline for outline in self._outlines if outline is not None])
        self._zone = columns.row
        tiles, first, zones = pairs_by_tile(columns)
        self._spend = spend_for(len(zones))
        self._used = nothing_used()
        self._grown = room(self._used + len(zones) * _ROWS_PER_PAIR)
        self._build(tiles, first, zones, np.arange(len(shapes), dtype=np.int32), columns)
        self._publish()

    @property
    def cells(self) -> Cells:
        """The index as arrays, for compiled functions; a new one after each change."""
        return self._cells

    def put(self, number: int, shape: Shape, reach_m: float) -> None:
        """Adds a zone (its number is then the count of those so far) or changes one."""
        if number == len(self._outlines):
            self._exact.append(Exact(shape))
            self._outlines.append(None)
            self._reach_m.append(reach_m)
            self._ball.append(None)
        before = self._outlines[number]
        self._exact[number], self._reach_m[number] = Exact(shape), reach_m
        outline = self._outlines[number] = outline_of(shape, reach_m)
        if number == len(self._zone):
            self._zone = np.concatenate([self._zone, np.zeros((number // 4 + 16, 8))])
        self._zone[number] = outline.row
        self._rebuild(number, before)

    def remove(self, number: int) -> None:
        """Takes a zone away; its number stays unused until it is put again."""
        before, self._outlines[number] = self._outlines[number], None
        self._rebuild(number, before)

    def containing(self, lat: Column, lon: Column, pool: Pool | None = None) -> RowsAndZones:
        """Pairs (position number, zone number) of every position in or on the edge of a zone, in that order.

        Columns of degrees as float64, or of whole 1e-7 degrees as int32. With a `pool` the rows are shared out to it."""
        if pool is None or len(lat) < 2 * _ROWS_PER_PART:
            return self._containing(lat, lon, slice(0, len(lat)))
        parts = [slice(first, first + _ROWS_PER_PART) for first in range(0, len(lat), _ROWS_PER_PART)]
        found = list(pool.map(partial(self._containing, lat, lon), parts))
        return np.concatenate([rows for rows, _ in found]), np.concatenate([zones for _, zones in found])

    def _containing(self, lat: Column, lon: Column, part: slice) -> RowsAndZones:
        part_lat, part_lon = np.ascontiguousarray(lat[part]), np.ascontiguousarray(lon[part])
        per_degree = E7 if part_lat.dtype == np.int32 else 1.0
        row, zone, unsure = pairs(self._cells, part_lat, part_lon, 1.0 / per_degree)
        if len(unsure):
            at = row[unsure]
            at_lat, at_lon = (np.asarray(column[at] / per_degree, np.float64) for column in (part_lat, part_lon))
            outside = ~self._inside(zone[unsure], at_lat, at_lon)
            row, zone = np.delete(row, unsure[outside]), np.delete(zone, unsure[outside])
        if part.start:
            row += part.start
        return row, zone

    def _inside(self, zone: Longs, lat: Floats, lon: Floats) -> npt.NDArray[np.bool_]:
        inside = np.empty(len(zone), np.bool_)
        for number in np.unique(zone):
            asked = np.flatnonzero(zone == number)
            inside[asked] = self._exact[number].inside(lat[asked], lon[asked])
        return inside

    def candidates(self, lat: Floats, lon: Floats, beyond_m: Floats) -> RowsAndZones:
        """Pairs (position number, zone number), in that order; `beyond_m` widens the reach for one position.

        May name too many, never too few. What lies within the reach alone is read off the cells."""
        by_cell = beyond_m <= 0.0
        if by_cell.all():
            return near_pairs(self._cells, lat, lon)
        if not by_cell.any():
            return balls_near(self._balls(), lat, lon, beyond_m)
        found = []
        for rows in (np.flatnonzero(by_cell), np.flatnonzero(~by_cell)):
            position, zone = self.candidates(lat[rows], lon[rows], beyond_m[rows])
            found.append((rows[position], zone))
        position, zone = (np.concatenate(column) for column in zip(*found, strict=True))
        order = np.argsort(position, kind="stable")
        return position[order], zone[order]

    def within(self, lat: float, lon: float, beyond_m: float) -> Indexes:
        """Zone numbers that may matter for one position."""
        return self.candidates(np.array([lat]), np.array([lon]), np.array([beyond_m]))[1]

    def _balls(self) -> Balls:
        """Made when first asked for."""
        if self._sorted_balls is None:
            for number, outline in enumerate(self._outlines):
                if outline is not None and self._ball[number] is None:
                    self._ball[number] = ball_of(self._exact[number].shape, self._reach_m[number])
            self._sorted_balls = sorted_balls(self._ball)
        return self._sorted_balls

    def _rebuild(self, number: int, before: Outline | None) -> None:
        after = self._outlines[number]
        touched = [
            tiles_of(0, columns_of([outline])) if outline is not None else np.empty(0, np.int64)
            for outline in (before, after)
        ]
        tiles = np.union1d(*touched)
        rows = self._rows_of(tiles)
        at, zone = zones_of_tiles(
            self._begin[rows], self._extent[rows], self._grown.listed, self._grown.entry, len(self._outlines)
        )
        others = zone != number
        new = np.flatnonzero(np.isin(tiles, touched[1]))
        at, zone = np.append(at[others], new), np.append(zone[others], np.full(len(new), number))
        order = np.lexsort((zone, at))
        at, zone = at[order], zone[order]
        present, local = np.unique(zone, return_inverse=True)
        outlines = [self._outlines[k] for k in present]
        columns = columns_of([outline for outline in outlines if outline is not None])
        first = np.searchsorted(at, np.arange(len(tiles) + 1))
        self._build(tiles, first, local.astype(np.int32), present.astype(np.int32), columns)
        self._ball[number], self._sorted_balls = None, None
        if 2 * self._live < int(self._used.sum()):
            self._compact()
        self._publish()

    def _build(self, tiles: Longs, first: Longs, zones: Ints, number: Ints, columns: Outlines) -> None:
        """Builds these tiles behind what there is."""
        begin = self._used.copy()
        self._grown, code, extent = build_tiles(
            tiles, first, zones, number, columns, self._grown, self._used, self._spend
        )
        rows = self._rows_of(tiles)
        self._live += int(extent.sum() - self._extent[rows].sum())
        first = begin + np.cumsum(extent, axis=0) - extent
        self._begin[rows], self._extent[rows] = first, extent
        self._tile[tiles, 0] = code
        self._tile[tiles, 1] = np.where(extent[:, HEAD] > 0, first[:, HEAD] - 1, 0)

    def _rows_of(self, tiles: Longs) -> Ints:
        """The rows of `_begin` and `_extent` that these tiles have; they are given some if need be."""
        new = tiles[self._row_of_tile[tiles] == 0]
        self._row_of_tile[new] = len(self._begin) + np.arange(len(new))
        more = np.zeros((len(new), COLUMN_COUNT), np.int32)
        if len(new):
            self._begin, self._extent = np.concatenate([self._begin, more]), np.concatenate([self._extent, more])
        return self._row_of_tile[tiles]

    def _compact(self) -> None:
        old, used = self._grown, nothing_used()
        self._grown = room(2 * self._used)
        tiles = np.flatnonzero(self._row_of_tile)
        compact(tiles, self._row_of_tile[tiles], self._tile, self._begin, self._extent, old, self._grown, used)
        self._used = used

    def _publish(self) -> None:
        grown, used = self._grown, self._used
        self._cells = Cells(
            tile=self._tile,
            cell=grown.cell[: used[CELL]],
            head=grown.head[: used[HEAD]],
            listed=grown.listed[: used[LISTED]],
            entry=grown.entry[: used[ENTRY]],
            lonlat=grown.lonlat[: used[LONLAT_VERTEX]],
            geodesic=grown.geodesic[: used[GEODESIC_VERTEX]],
            zone=self._zone[: len(self._outlines)],
        )

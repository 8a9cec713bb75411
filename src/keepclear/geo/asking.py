"""Where the edge of any shape may run, found by asking the shape itself.

A signed distance to an edge changes by no more than the way one walks. So if the middle of a block is farther from the
edge than the block's corners are from its middle, the whole block lies on one side. Blocks for which that does not hold
are quartered, from four degrees down to the finest cell; what is left undecided there is asked for every position.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from keepclear.geo import earth
from keepclear.geo.cells import COLUMNS, ROWS, TILE_DEG, Ints
from keepclear.geo.earth import Floats
from keepclear.geo.shapes import Shape

GRID_SHIFT = 5
GRID_SIDE = 1 << GRID_SHIFT
_TILES_PER_BLOCK = 8
_LEVELS_TO_TILE = 3
# Far away a distance may be too long: the piece nearest along the chord is not quite the piece nearest on the ellipsoid.
_TRUSTED_SHARE = 0.99
_SLACK_M = 1.0
# One level of one shape: what a large or long shape does not decide with so many questions it is asked for every position.
QUESTIONS_MAX = 20_000
CELL_OUT, CELL_IN, CELL_ASK = 0, 1, 2
TILE_IN = -1


class Asked(NamedTuple):
    """What a shape said of the tiles it reaches into; it is nowhere else.

    box     lowest and highest latitude, lowest and highest longitude
    tile    ascending tile numbers
    state   `TILE_IN`, or the row of `grid` for a tile that the edge comes near
    grid    (k, 1024) for each of its 32 by 32 cells CELL_OUT, CELL_IN or CELL_ASK
    """

    box: tuple[float, float, float, float]
    tile: Ints
    state: Ints
    grid: npt.NDArray[np.int8]


NOT_ASKED = Asked(
    (0.0, 0.0, 0.0, 0.0), np.empty(0, np.int32), np.empty(0, np.int32), np.empty((0, GRID_SIDE * GRID_SIDE), np.int8)
)


def ask(shape: Shape, reach_m: float) -> Asked:
    """Sorts all tiles and cells into outside, inside farther than the reach from the edge, and neither."""
    row, column = (axis.ravel() for axis in np.mgrid[: ROWS // _TILES_PER_BLOCK, : COLUMNS // _TILES_PER_BLOCK])
    row, column = _near_ball(shape, reach_m, row, column)
    whole: list[npt.NDArray[np.intp]] = []
    for level in range(_LEVELS_TO_TILE + 1):
        block_deg = TILE_DEG * (_TILES_PER_BLOCK >> level)
        state = _states(shape, reach_m, row, column, block_deg)
        per_block = _TILES_PER_BLOCK >> level
        inside = state == CELL_IN
        whole.append(_tiles_of(row[inside], column[inside], per_block))
        row, column = row[state == CELL_ASK], column[state == CELL_ASK]
        if level < _LEVELS_TO_TILE:
            row, column = _quartered(row, column)
    edge_tile = row * COLUMNS + column
    grid = np.zeros((len(row), GRID_SIDE, GRID_SIDE), dtype=np.int8)
    _paint(shape, reach_m, row, column, grid)
    inner = np.concatenate(whole)
    tile = np.concatenate([inner, edge_tile])
    state = np.concatenate([np.full(len(inner), TILE_IN), np.arange(len(edge_tile))])
    order = np.argsort(tile)
    edges = (-90.0, 90.0, -180.0, 180.0)
    return Asked(
        edges, tile[order].astype(np.int32), state[order].astype(np.int32), grid.reshape(-1, GRID_SIDE * GRID_SIDE)
    )


def _near_ball(
    shape: Shape, reach_m: float, row: npt.NDArray[np.intp], column: npt.NDArray[np.intp]
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """The blocks that may meet the ball about the shape: spares it questions about the far side of the earth."""
    lat, lon, radius_m = shape.around()
    block_deg = TILE_DEG * _TILES_PER_BLOCK
    middle = earth.to_ecef((row + 0.5) * block_deg - 90.0, (column + 0.5) * block_deg - 180.0)
    apart_m = np.sqrt(((middle - earth.to_ecef(lat, lon)) ** 2).sum(axis=1))
    near = apart_m <= radius_m + reach_m + _corner_m(row, block_deg) + _SLACK_M
    return row[near], column[near]


def _paint(
    shape: Shape, reach_m: float, row: npt.NDArray[np.intp], column: npt.NDArray[np.intp], grid: npt.NDArray[np.int8]
) -> None:
    tile = np.arange(len(row))
    grid[:] = CELL_ASK
    for level in range(1, GRID_SHIFT + 1):
        row, column, tile = *_quartered(row, column), np.repeat(tile, 4)
        state = _states(shape, reach_m, row, column, TILE_DEG / (1 << level))
        size = GRID_SIDE >> level
        for k in range(len(state)):
            at_row, at_column = row[k] % (1 << level) * size, column[k] % (1 << level) * size
            grid[tile[k], at_row : at_row + size, at_column : at_column + size] = state[k]
        undecided = state == CELL_ASK
        if 4 * np.count_nonzero(undecided) > QUESTIONS_MAX:
            return
        row, column, tile = row[undecided], column[undecided], tile[undecided]


def _states(
    shape: Shape, reach_m: float, row: npt.NDArray[np.intp], column: npt.NDArray[np.intp], block_deg: float
) -> npt.NDArray[np.int8]:
    if not len(row):
        return np.empty(0, np.int8)
    lat, lon = (np.asarray((axis + 0.5) * block_deg, dtype=np.float64) for axis in (row, column))
    edge_m = shape.edge_m(lat - 90.0, lon - 180.0)
    decided = _TRUSTED_SHARE * np.abs(edge_m) - _SLACK_M > _corner_m(row, block_deg) + reach_m
    return np.where(decided, np.where(edge_m < 0, CELL_IN, CELL_OUT), CELL_ASK).astype(np.int8)


def _corner_m(row: npt.NDArray[np.intp], block_deg: float) -> Floats:
    """No place of the block is farther than this from its middle: a line on the map, at the scales that lengthen it most."""
    south = row * block_deg - 90.0
    north = south + block_deg
    lowest = np.where(south * north < 0, 0.0, np.minimum(np.abs(south), np.abs(north)))
    half = block_deg / 2
    return np.hypot(111_700.0 * half, 111_330.0 * half * np.cos(np.radians(np.maximum(lowest - 1e-9, 0.0))))


def _quartered(
    row: npt.NDArray[np.intp], column: npt.NDArray[np.intp]
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    return (
        (2 * row[:, None] + np.array([0, 0, 1, 1])).ravel(),
        (2 * column[:, None] + np.array([0, 1, 0, 1])).ravel(),
    )


def _tiles_of(row: npt.NDArray[np.intp], column: npt.NDArray[np.intp], per_block: int) -> npt.NDArray[np.intp]:
    step = np.arange(per_block)
    rows, columns = row[:, None, None] * per_block + step[:, None], column[:, None, None] * per_block + step
    return (rows * COLUMNS + columns).ravel()

"""Which cells of a tile an edge comes near, and on which side of it the others lie.

A circle goes by chords. Of a shape that was asked, the answers are at hand. A polygon goes by its pieces on the map: each marks
the cells within its margin, and the states of the cells' reference points follow from one full count of crossings and
from the crossings along the rows of cells.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from keepclear.geo.asking import CELL_ASK, CELL_IN, GRID_SHIFT
from keepclear.geo.cells import REFERENCES, TILE_DEG, Ints, Longs, ecef
from keepclear.geo.compiled import compiled, compiled_in_place
from keepclear.geo.earth import Floats
from keepclear.geo.outlines import RADIUS_M_MAX, RADIUS_M_MIN, Outlines

Flags = npt.NDArray[np.bool_]

# Shortest degree of latitude, shortest degree of longitude at the equator.
LAT_M_PER_DEG_MIN, LON_M_PER_DEG_MIN = 110_574.0, 111_319.0
SLACK_DEG, SLACK_M = 1e-9, 0.01
# The squares of chords are differences of numbers up to 8e13, and off by 0.05 m² at most: 0.22 m at the centre, less farther out.
CIRCLE_SLACK_M = 0.5
# A reference point keeps this far from every piece, besides the bow of the piece.
REFERENCE_M = 0.2


class Touched(NamedTuple):
    """By cell the first and last piece of the run that comes near, and how many do; then the cells in question, and how many.

    `inner` is from which cell to which the zone may contain any."""

    first: Ints
    last: Ints
    near: Ints
    cells: Ints
    size: Longs
    inner: Longs


@compiled
def circle_rows(row: int, shift: int) -> Floats:
    """What circles want to know of each row of cells: its metres from the axis, its height, and from middle to corner."""
    side = 1 << shift
    half = TILE_DEG / side / 2
    rows = np.empty((side, 3))
    for cell_row in range(side):
        lat = row * TILE_DEG - 90.0 + (2 * cell_row + 1) * half
        rows[cell_row, 0], _, rows[cell_row, 1] = ecef(lat, 0.0)
        rows[cell_row, 2] = corner_distance_m(lat, half)
    return rows


@compiled_in_place
def circle_cells(
    rows: Floats, column: int, shift: int, circle: Floats, inside: Flags, cosine: Floats, touched: Touched
) -> None:
    """By the chord from the centre to the middle of a cell, which along a row of cells is a matter of longitude alone.

    `cosine` is room for a number by column."""
    side = 1 << shift
    half = TILE_DEG / side / 2
    inner_m, outer_m = circle[5] - circle[6], circle[5] + circle[6]
    low_m = 2 * RADIUS_M_MIN * np.sin(inner_m / (2 * RADIUS_M_MIN)) if inner_m > 0 else -1.0
    high_m = 2 * RADIUS_M_MAX * np.sin(min(outer_m / (2 * RADIUS_M_MAX), np.pi / 2))
    slack_m = CIRCLE_SLACK_M + 1e-6 * outer_m
    axis_m = np.hypot(circle[0], circle[1])
    centre = np.arctan2(circle[1], circle[0])
    nearest = -1.0
    for cell_column in range(side):
        cosine[cell_column] = np.cos(np.radians(column * TILE_DEG - 180.0 + (2 * cell_column + 1) * half) - centre)
        nearest = max(nearest, cosine[cell_column])
    touched.inner[0], touched.inner[1] = side * side, 0
    for cell_row in range(side):
        across_m, z, corner_m = rows[cell_row, 0], rows[cell_row, 1], rows[cell_row, 2] + slack_m
        # chord² = both ends' distances to the axis and their heights, less 2 · axis · across · cos(difference of longitude)
        even, twice = axis_m * axis_m + across_m * across_m + (z - circle[2]) ** 2, 2.0 * axis_m * across_m
        inner = (low_m - corner_m) ** 2 if low_m > corner_m else -np.inf
        outer = (high_m + corner_m) ** 2
        first = cell_row << shift
        if even - twice * nearest < inner:
            touched.inner[0], touched.inner[1] = min(touched.inner[0], first), first + side
            for k in range(side):
                inside[first + k] = even - twice * cosine[k] < inner
        else:
            inside[first : first + side] = False
        if even - twice * nearest <= outer:
            for k in range(side):
                if inner <= even - twice * cosine[k] <= outer:
                    touch(touched, first + k, 0)


@compiled_in_place
def corner_distance_m(lat: float, half: float) -> float:
    """No place of a cell, `half` degrees up and aside from its middle, is farther from the middle than this."""
    cos = np.cos(np.radians(max(abs(lat) - half, 0.0)))
    return float(np.hypot(111_700.0 * half, 111_330.0 * half * cos))


@compiled_in_place
def touch(touched: Touched, cell: int, piece: int) -> None:
    """Notes that a piece comes near a cell; pieces come in their order."""
    if touched.near[cell] == 0:
        touched.first[cell] = piece
        touched.cells[touched.size[0]] = cell
        touched.size[0] += 1
    touched.last[cell] = piece
    touched.near[cell] += 1


@compiled_in_place
def untouch(touched: Touched) -> None:
    """Forgets all."""
    for k in range(touched.size[0]):
        touched.near[touched.cells[k]] = 0
    touched.size[0] = 0


@compiled
def untouched(cells: int) -> Touched:
    """Nothing noted yet of so many cells."""
    return Touched(
        np.empty(cells, np.int32),
        np.empty(cells, np.int32),
        np.zeros(cells, np.int32),
        np.empty(cells, np.int32),
        np.zeros(1, np.int64),
        np.zeros(2, np.int64),
    )


@compiled
def asked_state(tile: int, zone: int, outlines: Outlines) -> int:
    first, last = outlines.first_asked[zone], outlines.first_asked[zone + 1]
    at = first + np.searchsorted(outlines.asked_tile[first:last], tile)
    return int(outlines.asked_state[at])


@compiled_in_place
def asked_cells(tile: int, shift: int, zone: int, outlines: Outlines, inside: Flags, touched: Touched) -> None:
    """The grid of the tile, made coarser where all cells agree, or finer by repeating."""
    grid = outlines.asked_grid[asked_state(tile, zone, outlines)]
    side = 1 << shift
    size = max(1 << (GRID_SHIFT - shift), 1) if shift <= GRID_SHIFT else 1
    touched.inner[0], touched.inner[1] = 0, side * side
    for cell in range(side * side):
        cell_row, cell_column = cell >> shift, cell & (side - 1)
        if shift > GRID_SHIFT:
            cell_row, cell_column = cell_row >> (shift - GRID_SHIFT), cell_column >> (shift - GRID_SHIFT)
        state = grid[(cell_row * size << GRID_SHIFT) + cell_column * size]
        for k in range(size * size):
            if grid[((cell_row * size + k // size) << GRID_SHIFT) + cell_column * size + k % size] != state:
                state = CELL_ASK
        inside[cell] = state == CELL_IN
        if state == CELL_ASK:
            touch(touched, cell, 0)


@compiled_in_place
def turn_deg(column: int, zone: int, outlines: Outlines) -> float:
    """What a longitude of the tile must be given to lie in the frame of the zone: 0 or a full turn."""
    middle = (outlines.box[zone, 2] + outlines.box[zone, 3]) / 2
    return float(360.0 * np.rint((middle - (column + 0.5) * TILE_DEG + 180.0) / 360.0))


@compiled_in_place
def margins_deg(row: int, zone: int, outlines: Outlines) -> tuple[float, float]:
    """How many degrees of latitude and of longitude the edge of a zone matters beyond itself, about a row of tiles."""
    reach_m = outlines.row[zone, 6] + outlines.bow_m[zone] + SLACK_M
    in_lat = reach_m / LAT_M_PER_DEG_MIN + SLACK_DEG
    south = row * TILE_DEG - 90.0
    highest = min(max(-(south - in_lat), south + TILE_DEG + in_lat), 89.0)
    return in_lat, reach_m / (LON_M_PER_DEG_MIN * np.cos(np.radians(highest))) + SLACK_DEG


@compiled_in_place
def span(a_lat: float, a_lon: float, b_lat: float, b_lon: float, south: float, north: float) -> tuple[float, float]:
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


@compiled_in_place
def inside_by_count(zone: int, outlines: Outlines, lat: float, lon: float) -> int:
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
def piece_cells(
    row: int,
    column: int,
    shift: int,
    zone: int,
    outlines: Outlines,
    run: Floats,
    length: int,
    inside: Flags,
    touched: Touched,
) -> None:
    """Which pieces come near which cells, and the state of every cell's first reference point."""
    side = 1 << shift
    width = TILE_DEG / side
    south, west = row * TILE_DEG - 90.0, column * TILE_DEG - 180.0
    in_lat, in_lon = margins_deg(row, zone, outlines)
    for k in range(length - 1):
        low, high = min(run[k, 0], run[k + 1, 0]), max(run[k, 0], run[k + 1, 0])
        if not low <= high:
            continue
        first_row = max(int(np.floor((low - in_lat - south) / width)), 0)
        last_row = min(int(np.floor((high + in_lat - south) / width)), side - 1)
        for cell_row in range(first_row, last_row + 1):
            from_lat = south + cell_row * width - in_lat
            from_lon, to_lon = span(
                run[k, 0], run[k, 1], run[k + 1, 0], run[k + 1, 1], from_lat, from_lat + width + 2 * in_lat
            )
            if from_lon > to_lon:
                continue
            first_column = max(int(np.floor((from_lon - in_lon - west) / width)), 0)
            last_column = min(int(np.floor((to_lon + in_lon - west) / width)), side - 1)
            for cell in range((cell_row << shift) + first_column, (cell_row << shift) + last_column + 1):
                touch(touched, cell, k)
    turn = turn_deg(column, zone, outlines)
    for attempt in range(25):
        start = (0.05 + 0.017 * attempt) * width
        if _states_by_row(south, west, shift, turn, zone, outlines, run, length, start, inside, touched.inner):
            return
    touched.inner[0], touched.inner[1] = 0, side * side
    for cell in range(side * side):
        lat = south + ((cell >> shift) + REFERENCES[0, 0]) * width
        lon = west + ((cell & (side - 1)) + REFERENCES[0, 1]) * width
        inside[cell] = inside_by_count(zone, outlines, lat, lon + turn) == 1


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
    inside: Flags,
    inner: Longs,
) -> bool:
    """States of the first reference points, by crossings north along one meridian and then east along each row.

    False where a crossing falls so near a corner of these ways that rounding could count it twice or not at all."""
    side = 1 << shift
    width = TILE_DEG / side
    lon0 = west + start
    first_lat, first_lon = south + REFERENCES[0, 0] * width, west + REFERENCES[0, 1] * width
    state = inside_by_count(zone, outlines, first_lat, lon0 + turn)
    if state == 2:
        return False
    up = np.zeros(side + 1, np.bool_)
    flips = np.zeros((side, side + 1), np.bool_)
    crossed = np.zeros(side, np.bool_)
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
                    crossed[row] = True
    now = state == 1
    inner[0], inner[1] = side * side, 0
    for row in range(side):
        now ^= up[row]
        first = row << shift
        if now or crossed[row]:
            inner[0], inner[1] = min(inner[0], first), first + side
        if not crossed[row]:
            inside[first : first + side] = now
            continue
        here = now
        for column in range(side):
            here ^= flips[row, column]
            inside[first + column] = here
    return True


@compiled_in_place
def is_clear(run: Floats, first: int, last: int, lat: float, lon: float, per_lon_m: float, clear_m: float) -> bool:
    """Whether pieces `first` up to `last` of a run keep away from a point, at so many metres a degree of longitude."""
    for k in range(first, last):
        x, y = per_lon_m * (run[k, 1] - lon), LAT_M_PER_DEG_MIN * (run[k, 0] - lat)
        dx, dy = per_lon_m * (run[k + 1, 1] - run[k, 1]), LAT_M_PER_DEG_MIN * (run[k + 1, 0] - run[k, 0])
        share = min(max(-(x * dx + y * dy), 0.0) / (dx * dx + dy * dy + 1e-12), 1.0)
        x, y = x + share * dx, y + share * dy
        if x * x + y * y < clear_m * clear_m:
            return False
    return True


@compiled_in_place
def other_reference(
    row: int, column: int, shift: int, cell: int, zone: int, outlines: Outlines, run: Floats, first: int, last: int
) -> tuple[int, bool]:
    """The first reference point after number 0 that no piece comes near, and whether it is inside; -1 if there is none."""
    side = 1 << shift
    width = TILE_DEG / side
    turn = turn_deg(column, zone, outlines)
    for number in range(1, len(REFERENCES)):
        lat = row * TILE_DEG - 90.0 + ((cell >> shift) + REFERENCES[number, 0]) * width
        lon = column * TILE_DEG - 180.0 + ((cell & (side - 1)) + REFERENCES[number, 1]) * width
        per_lon_m = LON_M_PER_DEG_MIN * np.cos(np.radians(lat))
        if is_clear(run, first, last, lat, lon, per_lon_m, outlines.bow_m[zone] + REFERENCE_M):
            state = inside_by_count(zone, outlines, lat, lon + turn)
            if state < 2:
                return number, state == 1
    return -1, False

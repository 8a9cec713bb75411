"""The search among many short pieces: which one is nearest to a point, and which lie within reach of it.

The pieces of one line, in their order, are taken in runs of eight. Each run lies in a ball, each two neighbouring
balls in a larger one, and so on up to one ball for the line. From a ball to a point it is at least so far, so a ball
farther off than the best piece yet found is not opened. The balls of a line with r runs stand in one table, each
before those inside it: a ball over runs [first, last) with the middle between them is followed by the ball over
[first, middle), and `2 * (middle - first)` rows on by the ball over [middle, last); in all 2 r - 1.

Compiled. The arithmetic per piece is that of `Boundary.nearest`, in the same order, so the answer has the same bits.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from keepclear.geo.compiled import compiled, compiled_in_place
from keepclear.geo.earth import MEAN_RADIUS_M, Floats
from keepclear.geo.seeing import Seen, vertex_seen

PIECES_PER_RUN = 8
CHORD_SAG_M = 0.1
_BALL_SLACK_M = CHORD_SAG_M + 0.001  # depth below the horizon is forgiven so much; the rest is for rounding
HORIZON_M = MEAN_RADIUS_M
# Towards the horizon the plane sees pieces on edge, and beyond it folds back: so far down the nearest place is sought in space.
ASKEW_M = MEAN_RADIUS_M / 2
_DEPTH_MAX = 64

Indexes = npt.NDArray[np.int32]


@compiled
def fill_balls(vertex: Floats, start: Indexes, end: Indexes, ball: Floats) -> None:
    """Writes the balls of one line, `ball_count(len(start))` rows of x, y, z and radius in metres."""
    pieces, runs = len(start), (len(start) + PIECES_PER_RUN - 1) // PIECES_PER_RUN
    tip, run = np.empty((2 * PIECES_PER_RUN, 4)), np.empty((runs, 4))
    for k in range(runs):
        tips = 0
        for piece in range(k * PIECES_PER_RUN, min((k + 1) * PIECES_PER_RUN, pieces)):
            tip[tips, :3], tip[tips + 1, :3] = vertex[start[piece]], vertex[end[piece]]
            tips += 2
        tip[:, 3] = _BALL_SLACK_M
        _surround(tip, 0, tips, run, k)
    waiting = np.empty((_DEPTH_MAX, 3), np.int64)
    waiting[0] = 0, 0, runs
    held = 1
    while held > 0:
        held -= 1
        row, first, last = waiting[held]
        _surround(run, first, last, ball, row)
        if last - first > 1:
            middle = (first + last) // 2
            waiting[held] = row + 1, first, middle
            waiting[held + 1] = row + 2 * (middle - first), middle, last
            held += 2


@compiled_in_place
def _surround(inner: Floats, first: int, last: int, ball: Floats, row: int) -> None:
    """Writes a ball that holds the balls first to last, about the middle of their centres."""
    for axis in range(3):
        low, high = np.inf, -np.inf
        for k in range(first, last):
            low, high = min(low, inner[k, axis]), max(high, inner[k, axis])
        ball[row, axis] = (low + high) / 2
    radius_m = 0.0
    for k in range(first, last):
        radius_m = max(radius_m, _apart_m(inner, k, ball, row) + inner[k, 3])
    ball[row, 3] = radius_m


def ball_count(pieces: int) -> int:
    """Rows of the table of balls for a line of so many pieces."""
    return int(2 * -(-pieces // PIECES_PER_RUN) - 1)


class Search(NamedTuple):
    """Lines of pieces, and the balls about them.

    lines  first piece, number of pieces, first ball of each"""

    lines: npt.NDArray[np.int64]
    vertex: Floats
    start: Indexes
    end: Indexes
    ball: Floats


@compiled
def waiting_room() -> tuple[npt.NDArray[np.int64], Floats]:
    """Room for the balls that a search has still to open: row, first and last run of each; and how far it is."""
    return np.empty((_DEPTH_MAX, 3), np.int64), np.empty(_DEPTH_MAX)


@compiled_in_place
def nearest_piece(
    seen: Seen, i: int, line: int, search: Search, room: tuple[npt.NDArray[np.int64], Floats], guess: int
) -> tuple[int, float]:
    """The nearest piece of a line to point i, the first of equals, and the share of that piece before the foot.

    line   row in `search.lines`
    guess  a piece that may be near, or -1; it changes only the time"""
    waiting, beyond = room
    first_piece, pieces, first_ball = search.lines[line]
    best, best_piece, best_along = np.inf, first_piece, 0.0
    if guess >= 0:
        best, best_along = _apart_squared(seen, i, search, guess)
        best_piece = guess
    waiting[0] = 0, 0, (pieces + PIECES_PER_RUN - 1) // PIECES_PER_RUN
    beyond[0] = 0.0
    held = 1
    while held > 0:
        held -= 1
        if beyond[held] > best:
            continue
        row, first, last = waiting[held]
        if last - first > 1:
            middle = (first + last) // 2
            left, right = row + 1, row + 2 * (middle - first)
            to_left = _beyond_squared(seen.point, i, search.ball, first_ball + left)
            to_right = _beyond_squared(seen.point, i, search.ball, first_ball + right)
            nearer = 1 if to_left <= to_right else 0  # the one on top is opened first
            waiting[held + nearer] = left, first, middle
            beyond[held + nearer] = to_left
            waiting[held + 1 - nearer] = right, middle, last
            beyond[held + 1 - nearer] = to_right
            held += 2
            continue
        run_end = first_piece + min((first + 1) * PIECES_PER_RUN, pieces)
        for piece in range(first_piece + first * PIECES_PER_RUN, run_end):
            apart, along = _apart_squared(seen, i, search, piece)
            if apart < best or (apart == best and piece < best_piece):
                best, best_piece, best_along = apart, piece, along
    return best_piece, best_along


@compiled_in_place
def _apart_squared(seen: Seen, i: int, search: Search, piece: int) -> tuple[float, float]:
    """How far a piece seems to be, squared, and the share of it before the foot."""
    x0, y0, z0 = vertex_seen(seen, i, search.vertex, search.start[piece])
    x1, y1, z1 = vertex_seen(seen, i, search.vertex, search.end[piece])
    dx, dy, dz = x1 - x0, y1 - y0, z1 - z0
    along = _share(x0, y0, dx, dy)
    if z0 < -ASKEW_M:
        along = min(max(-(x0 * dx + y0 * dy + z0 * dz) / max(dx * dx + dy * dy + dz * dz, 1e-12), 0.0), 1.0)
    depth_m = max(abs(z0 + along * dz) - CHORD_SAG_M, 0.0)
    x, y = x0 + along * dx, y0 + along * dy
    return x * x + y * y + depth_m * depth_m, along


@compiled
def pieces_within(
    seen: Seen, line: npt.NDArray[np.intp], search: Search, reach_m: Floats
) -> tuple[npt.NDArray[np.intp], Indexes, Floats]:
    """All pieces that come within reach of a point in its tangent plane: point number, piece, and its two ends there.

    Sorted by point, then piece; the ends are (k, 4): x and y of the start, x and y of the end, metres east and north.
    What lies beyond the horizon is not seen. Up to there the plane makes an earth-centred distance shorter by less
    than a third, so a ball half as far again as the reach holds nothing."""
    found = 0
    room = 4 * len(line) + 16
    whose, which, ends = np.empty(room, np.intp), np.empty(room, np.int32), np.empty((room, 4))
    waiting = np.empty((_DEPTH_MAX, 3), np.int64)
    for i in range(len(line)):
        first_piece, pieces, first_ball = search.lines[line[i]]
        waiting[0] = 0, 0, (pieces + PIECES_PER_RUN - 1) // PIECES_PER_RUN
        held = 1
        while held > 0:
            held -= 1
            row, first, last = waiting[held]
            if _beyond_squared(seen.point, i, search.ball, first_ball + row) > (1.5 * reach_m[i]) ** 2:
                continue
            if last - first > 1:
                middle = (first + last) // 2
                waiting[held] = row + 2 * (middle - first), middle, last
                waiting[held + 1] = row + 1, first, middle
                held += 2
                continue
            run_end = first_piece + min((first + 1) * PIECES_PER_RUN, pieces)
            for piece in range(first_piece + first * PIECES_PER_RUN, run_end):
                x0, y0, z0 = vertex_seen(seen, i, search.vertex, search.start[piece])
                x1, y1, _ = vertex_seen(seen, i, search.vertex, search.end[piece])
                dx, dy = x1 - x0, y1 - y0
                along = _share(x0, y0, dx, dy)
                x, y = x0 + along * dx, y0 + along * dy
                if z0 < -HORIZON_M or x * x + y * y > reach_m[i] ** 2:
                    continue
                if found == room:
                    room *= 2
                    whose, which, ends = _roomier(whose, room), _roomier(which, room), _roomier(ends, room)
                whose[found], which[found] = i, piece
                ends[found] = x0, y0, x1, y1
                found += 1
    return whose[:found], which[:found], ends[:found]


@compiled_in_place
def _share(x0: float, y0: float, dx: float, dy: float) -> float:
    """How much of a piece from (x0, y0) by (dx, dy) lies before its place nearest to the origin."""
    return min(max(-(x0 * dx + y0 * dy) / max(dx * dx + dy * dy, 1e-12), 0.0), 1.0)


@compiled_in_place
def _apart_m(place: Floats, i: int, ball: Floats, row: int) -> float:
    x, y, z = place[i, 0] - ball[row, 0], place[i, 1] - ball[row, 1], place[i, 2] - ball[row, 2]
    return math.sqrt(x * x + y * y + z * z)


@compiled_in_place
def _beyond_squared(point: Floats, i: int, ball: Floats, row: int) -> float:
    """Square of the metres from a point to a ball; 0 within it."""
    beyond_m: float = max(_apart_m(point, i, ball, row) - ball[row, 3], 0.0)
    return beyond_m * beyond_m


@compiled
def _roomier(column: Any, room: int) -> Any:
    larger = np.empty((room, *column.shape[1:]), column.dtype)
    larger[: len(column)] = column
    return larger

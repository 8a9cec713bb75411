"""Which shapes may lie within any distance of a position: each held by a ball, and never too few.

The straight line through the earth is never longer than the way along it, so a position farther from the centre of the
ball than its radius cannot be near the shape. Balls of like size are sorted by the height of their centre over the
equatorial plane, so that only those in a slice of it are looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from keepclear.geo import earth
from keepclear.geo.cells import Longs, ecef
from keepclear.geo.compiled import compiled
from keepclear.geo.earth import Floats
from keepclear.geo.shapes import Shape

_SLACK_M = 1.0
_SIZE_RATIO = 4.0


class Balls(NamedTuple):
    """Balls in classes of size; each class from `first[c]` to `first[c + 1]`, sorted by z, none larger than `largest_m[c]`.

    ball    (n, 4) earth-centred x, y, z and radius, metres
    shape   which shape each holds
    """

    first: Longs
    largest_m: Floats
    ball: Floats
    shape: Longs


def ball_of(shape: Shape, reach_m: float) -> Floats:
    """Centre and radius of a ball that holds the shape and all within `reach_m` of it."""
    lat, lon, radius_m = shape.around()
    return np.array([*earth.to_ecef(lat, lon), radius_m + reach_m + _SLACK_M])


def balls_within(balls: Floats, lat: float, lon: float, beyond_m: float) -> list[int]:
    """The rows of those of a few balls, (n, 4), that one position is at most `beyond_m` from."""
    apart = balls[:, :3] - earth.to_ecef(lat, lon)
    squared = (apart * apart).sum(axis=1)
    return np.flatnonzero(squared <= (balls[:, 3] + beyond_m) ** 2).tolist()


def sorted_balls(balls: Sequence[Floats | None]) -> Balls:
    """The balls in their classes; None where a number is unused."""
    shape = np.array([k for k, ball in enumerate(balls) if ball is not None], dtype=np.int64)
    ball = np.array([ball for ball in balls if ball is not None]).reshape(-1, 4)
    size = np.floor(np.log(ball[:, 3]) / np.log(_SIZE_RATIO)).astype(np.int64)
    order = np.lexsort((ball[:, 2], size))
    ball, shape, size = ball[order], shape[order], size[order]
    begin = np.flatnonzero(np.diff(size, prepend=-1)) if len(size) else np.empty(0, np.int64)
    first = np.append(begin, len(size)).astype(np.int64)
    largest_m = np.array([ball[a:b, 3].max() for a, b in pairwise(first)])
    return Balls(first, largest_m, ball, shape)


@compiled
def balls_near(balls: Balls, lat: Floats, lon: Floats, beyond_m: Floats) -> tuple[Longs, Longs]:
    """Pairs (row, shape), sorted, of rows at most `beyond_m` from a ball."""
    rows, shapes = np.empty(1024, np.int64), np.empty(1024, np.int64)
    found = 0
    for row in range(len(lat)):
        x, y, z = ecef(lat[row], lon[row])
        start = found
        for size in range(len(balls.first) - 1):
            slice_m = balls.largest_m[size] + beyond_m[row]
            heights = balls.ball[balls.first[size] : balls.first[size + 1], 2]
            first = balls.first[size] + np.searchsorted(heights, z - slice_m)
            last = balls.first[size] + np.searchsorted(heights, z + slice_m, side="right")
            for k in range(first, last):
                ball = balls.ball[k]
                squared = (x - ball[0]) ** 2 + (y - ball[1]) ** 2 + (z - ball[2]) ** 2
                if squared <= (ball[3] + beyond_m[row]) ** 2:
                    if found == len(rows):
                        longer_rows, longer_shapes = np.empty(2 * found, np.int64), np.empty(2 * found, np.int64)
                        longer_rows[:found], longer_shapes[:found] = rows, shapes
                        rows, shapes = longer_rows, longer_shapes
                    rows[found], shapes[found] = row, balls.shape[k]
                    found += 1
        shapes[start:found].sort()
    return rows[:found], shapes[:found]

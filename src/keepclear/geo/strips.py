"""The edge of a corridor where its line runs straight: two sides beside the line, and round caps at its ends.

Everything is in the tangent plane of a point, of which only the pieces of the line near it are given, sorted by
point and piece. Where they bend, the edge is that of a union of strips, which this module does not know.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from keepclear.geo.boundary import Booleans, Indexes
from keepclear.geo.earth import Floats

Numbers = npt.NDArray[np.intp]

# What a joint of so small a turn misses is w^2 turn^3 / 24: a mass of 1e-6 where the half-width w is 1,000 sigmas.
_TURN_MAX = 3e-4
_BEND_MAX = 0.1  # of the whole run; it could not be farther from meeting itself
_CAP_CHORDS = 128


def straight_runs(points: int, whose: Numbers, piece: Indexes, ends: Floats) -> Booleans:
    """For each point whether its pieces are one run without a bend; so where it has none.

    whose, piece, ends  as `pieces_within` gives them"""
    ux, uy = _directions(ends)
    same = whose[1:] == whose[:-1]
    first = np.searchsorted(whose, whose)
    apart = same & (piece[1:] != piece[:-1] + 1)
    turned = same & ~_along(ux[:-1], uy[:-1], ux[1:], uy[1:], _TURN_MAX)
    bent = ~_along(ux[first], uy[first], ux, uy, _BEND_MAX)
    straight = np.ones(points, dtype=bool)
    straight[whose[1:][apart | turned]] = False
    straight[whose[bent]] = False
    return straight


def sides(
    whose: Numbers, ends: Floats, half_width_m: Floats, at_start: Booleans, at_end: Booleans
) -> tuple[Numbers, Floats]:
    """Edges of straight runs with the interior on the left: point number, and the ends as (k, 4).

    at_start, at_end  whether the line begins or ends with this piece; it is then rounded off by half a circle
                      of 128 chords, as GEOS draws it"""
    start, end = ends[:, :2], ends[:, 2:]
    along = half_width_m[:, None] * np.stack(_directions(ends), axis=1)
    left = np.stack([-along[:, 1], along[:, 0]], axis=1)
    same = np.flatnonzero(whose[1:] == whose[:-1])
    last_cap, first_cap = np.flatnonzero(at_end), np.flatnonzero(at_start)
    edges = [
        (whose, start - left, end - left),
        (whose, end + left, start + left),
        (whose[same], (end - left)[same], (start - left)[same + 1]),
        (whose[same], (start + left)[same + 1], (end + left)[same]),
        _cap(whose[last_cap], end[last_cap], along[last_cap], left[last_cap]),
        _cap(whose[first_cap], start[first_cap], -along[first_cap], -left[first_cap]),
    ]
    return (
        np.concatenate([of for of, _, _ in edges]),
        np.concatenate([np.concatenate([begin, finish], axis=1) for _, begin, finish in edges]),
    )


def _cap(whose: Numbers, tip: Floats, along: Floats, left: Floats) -> tuple[Numbers, Floats, Floats]:
    """Chords from the right of a tip, round in front of it, to its left."""
    angle = np.linspace(0.0, np.pi, _CAP_CHORDS + 1)[None, :, None]
    drawn = tip[:, None] + np.sin(angle) * along[:, None] - np.cos(angle) * left[:, None]
    return np.repeat(whose, _CAP_CHORDS), drawn[:, :-1].reshape(-1, 2), drawn[:, 1:].reshape(-1, 2)


def _directions(ends: Floats) -> tuple[Floats, Floats]:
    x, y = ends[:, 2] - ends[:, 0], ends[:, 3] - ends[:, 1]
    length = np.maximum(np.hypot(x, y), 1e-12)
    return x / length, y / length


def _along(ax: Floats, ay: Floats, bx: Floats, by: Floats, turn_max: float) -> Booleans:
    """Whether two directions differ by less than a small turn, in radians."""
    return (np.abs(ax * by - ay * bx) < turn_max) & (ax * bx + ay * by > 0)

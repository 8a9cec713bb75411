"""How much of a circular Gaussian lies inside: of a circle, and of straight edges in the tangent plane.

Everything is in sigmas, seen from the point about which the Gaussian lies; columns broadcast. SciPy is imported
where the first probability is asked for: it takes longer to load than all else in this room.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from keepclear.geo.compiled import compiled
from keepclear.geo.earth import Floats

SIGMAS_SEEN = 9.0

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(48)
_NODES_OF_SHORT = tuple(zip(*(column.tolist() for column in np.polynomial.legendre.leggauss(8)), strict=True))
_SHORT = 0.5  # shorter than so many sigmas and than so much of the way to it, an edge makes a slim wedge
_CIRCLES_PER_BLOCK = 4_096
_ROUNDING = 1e-6
_TINY = 1e-100


def within_circle(radius: Floats, apart: Floats) -> Floats:
    """Mass within circles of such radii whose centres are `apart` from the middle of the Gaussian.

    Exact for a flat circle: one integral over the direction across (48 Gauss-Legendre nodes)."""
    if len(radius) > _CIRCLES_PER_BLOCK:
        blocks = [slice(first, first + _CIRCLES_PER_BLOCK) for first in range(0, len(radius), _CIRCLES_PER_BLOCK)]
        return np.concatenate([within_circle(radius[block], apart[block]) for block in blocks])
    from scipy.special import ndtr

    widest = np.arcsin(np.minimum(1.0, SIGMAS_SEEN / radius))
    angle = widest[..., None] * _NODES
    across, reach = radius[:, None] * np.sin(angle), radius[:, None] * np.cos(angle)
    density = np.exp(-0.5 * across**2) / np.sqrt(2 * np.pi) * reach
    slices: Floats = _WEIGHTS * density * (ndtr(reach - apart[:, None]) - ndtr(-reach - apart[:, None]))
    mass: Floats = np.clip(widest * np.sum(slices, axis=1), 0.0, 1.0)
    return mass


def behind_edges(ends: Floats) -> Floats:
    """Mass of the wedge behind each straight edge, negative where the middle lies on its right; 0 beyond nine sigmas.

    ends  (n, 4) x and y of the start, x and y of the end

    A difference of two values of Owen's T function (D. B. Owen, Ann. Math. Stat. 27, 1956)."""
    from scipy.special import owens_t

    behind, wide, seen = _slim_wedges(ends)
    height, begin, finish = seen.T
    over = np.maximum(np.abs(height), _TINY**2)
    wedge = owens_t(over, finish / over) - owens_t(over, begin / over)
    behind[wide] = np.where(height < 0, -wedge, wedge)
    return behind


@compiled
def _slim_wedges(ends: Floats) -> tuple[Floats, npt.NDArray[np.intp], Floats]:
    """The wedges of short edges; the numbers of the others, each with its height over the middle, begin and finish.

    A short edge needs no T, only the integral that T is, with eight nodes along it: alike within 1e-14, in a tenth of
    the time. An arc is made of such edges."""
    behind = np.zeros(len(ends))
    wide, seen = np.empty(len(ends), np.intp), np.empty((len(ends), 3))
    found = 0
    for i in range(len(ends)):
        ax, ay, bx, by = ends[i]
        length = math.hypot(bx - ax, by - ay)
        if length == 0.0:
            continue
        ux, uy = (bx - ax) / length, (by - ay) / length
        # An end in the very middle lies in no direction: it is moved by less than any rounding.
        ax, bx = ax if ax != 0.0 else _TINY, bx if bx != 0.0 else _TINY
        # Each from the end it belongs to or the nearer one, so that two edges agree in which direction their vertex lies.
        begin, finish = ax * ux + ay * uy, bx * ux + by * uy
        height = uy * ax - ux * ay if abs(begin) < abs(finish) else uy * bx - ux * by  # positive on the left
        apart = math.hypot(height, max(begin, -finish, 0.0))
        if apart >= SIGMAS_SEEN:
            continue
        if length < min(_SHORT, _SHORT * apart):
            half, middle, density = (finish - begin) / 2, (finish + begin) / 2, 0.0
            for node, weight in _NODES_OF_SHORT:
                squared = height * height + (middle + half * node) ** 2
                density += weight * math.exp(-0.5 * squared) / squared
            behind[i] = height * half * density / (2 * math.pi)
        else:
            wide[found] = i
            seen[found] = height, begin, finish
            found += 1
    return behind, wide[:found], seen[:found]


def left_of_edges(behind: Floats, inside: npt.NDArray[np.bool_]) -> Floats:
    """Mass inside closed edges with the interior on the left, from the sum of what lies behind them (Green's theorem).

    The sum leaves open whether the middle is inside. `inside` says so, from the exact distance; where edges drawn in
    the plane pass on the other side of the middle than the exact ones, the sum cannot be meant that way, and wins."""
    mass = np.where(inside, 1.0, 0.0) - behind
    mass = np.where(mass < -_ROUNDING, mass + 1.0, np.where(mass > 1.0 + _ROUNDING, mass - 1.0, mass))
    return np.clip(mass, 0.0, 1.0)

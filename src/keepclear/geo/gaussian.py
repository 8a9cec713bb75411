"""How much of a circular Gaussian lies inside: of a circle, and of straight edges in the tangent plane.

Everything is in sigmas, seen from the point about which the Gaussian lies; columns broadcast. SciPy is imported
where the first probability is asked for: it takes longer to load than all else in this room.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from keepclear.geo.earth import Floats

SIGMAS_SEEN = 9.0

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(48)
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


def behind_edges(ax: Floats, ay: Floats, bx: Floats, by: Floats) -> Floats:
    """Mass of the wedge behind each straight edge from a to b, negative where the middle lies on its right.

    A difference of two values of Owen's T function (D. B. Owen, Ann. Math. Stat. 27, 1956); 0 beyond nine sigmas."""
    from scipy.special import owens_t

    behind = np.zeros(len(ax))
    ux, uy = bx - ax, by - ay
    length = np.hypot(ux, uy)
    solid = np.flatnonzero(length > 0)
    ux, uy = ux[solid] / length[solid], uy[solid] / length[solid]
    ax, ay, bx, by = _off_middle(ax[solid]), ay[solid], _off_middle(bx[solid]), by[solid]
    # Each from the end it belongs to or the nearer one: at a vertex the two edges then agree in which direction it lies.
    begin, finish = ax * ux + ay * uy, bx * ux + by * uy
    height = np.where(np.abs(begin) < np.abs(finish), uy * ax - ux * ay, uy * bx - ux * by)  # positive on the left
    past = np.maximum(np.maximum(begin, -finish), 0.0)
    near = np.hypot(height, past) < SIGMAS_SEEN
    height, begin, finish = height[near], begin[near], finish[near]
    over = np.maximum(np.abs(height), _TINY**2)
    wedge = owens_t(over, finish / over) - owens_t(over, begin / over)
    behind[solid[near]] = np.where(height < 0, -wedge, wedge)
    return behind


def _off_middle(x: Floats) -> Floats:
    """An end in the very middle lies in no direction; it is moved by less than any rounding."""
    return np.where(x == 0.0, _TINY, x)


def left_of_edges(behind: Floats, inside: npt.NDArray[np.bool_]) -> Floats:
    """Mass inside closed edges with the interior on the left, from the sum of what lies behind them (Green's theorem).

    The sum leaves open whether the middle is inside. `inside` says so, from the exact distance; where edges drawn in
    the plane pass on the other side of the middle than the exact ones, the sum cannot be meant that way, and wins."""
    mass = np.where(inside, 1.0, 0.0) - behind
    mass = np.where(mass < -_ROUNDING, mass + 1.0, np.where(mass > 1.0 + _ROUNDING, mass - 1.0, mass))
    return np.clip(mass, 0.0, 1.0)

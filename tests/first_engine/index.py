"""Which shapes may matter for these positions. May name too many, never too few.

Each shape is held by a ball about a point of the ellipsoid. The straight line through the earth is never longer
than the way along it, so a position farther from the ball's centre than its radius cannot be near the shape.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from keepclear.geo import earth
from keepclear.geo.earth import Floats
from keepclear.geo.shapes import Shape

_CELLS_PER_BLOCK = 2_000_000
_SLACK_M = 1.0


class ZoneIndex:
    """Built from (shape, reach) pairs: a position matters to a shape if it is inside or within `reach` metres of it."""

    def __init__(self, shapes: Sequence[tuple[Shape, float]]) -> None:
        self.shapes = [shape for shape, _ in shapes]
        around = np.array([shape.around() for shape in self.shapes], dtype=np.float64).reshape(-1, 3)
        self._centre = earth.to_ecef(around[:, 0], around[:, 1])
        self._reach_m = around[:, 2] + np.array([reach for _, reach in shapes], dtype=np.float64) + _SLACK_M

    def candidates(
        self, lat: Floats, lon: Floats, beyond_m: Floats
    ) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        """Pairs (position number, shape number), in that order; `beyond_m` widens the reach for one position."""
        if not self.shapes or not len(lat):
            return np.empty(0, np.intp), np.empty(0, np.intp)
        point = earth.to_ecef(lat, lon)
        rows_per_block = max(1, _CELLS_PER_BLOCK // len(self.shapes))
        found = []
        for first in range(0, len(lat), rows_per_block):
            block = slice(first, first + rows_per_block)
            apart = sum((point[block, None, axis] - self._centre[None, :, axis]) ** 2 for axis in range(3))
            position, shape = np.nonzero(apart <= (self._reach_m[None, :] + beyond_m[block, None]) ** 2)
            found.append((position + first, shape))
        return np.concatenate([p for p, _ in found]), np.concatenate([s for _, s in found])

    def within(self, lat: float, lon: float, beyond_m: float) -> npt.NDArray[np.intp]:
        """Shape numbers that may matter for one position."""
        return self.candidates(np.array([lat]), np.array([lon]), np.array([beyond_m]))[1]

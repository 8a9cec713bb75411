"""The exact answer to whether a position lies in a zone, for the few that the kernel leaves undecided.

A polygon straight in longitude and latitude is a matter of the plane: GEOS decides it without rounding, on the
positions as given. Everything else is where the signed distance of the shape says.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt
import shapely

from keepclear.geo.earth import Floats
from keepclear.geo.rings import unwrapped_rings
from keepclear.geo.shapes import Polygon, Shape


class Exact:
    """A shape and, where it is asked for the first time, its rings as GEOS wants them."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape

    def inside(self, lat: Floats, lon: Floats) -> npt.NDArray[np.bool_]:
        """Whether positions lie in the closed set."""
        rings = self._rings
        if rings is None:
            return np.asarray(self.shape.edge_m(lat, lon) <= 0.0)
        inside = np.zeros(len(lat), np.bool_)
        for turn in (-360.0, 0.0, 360.0):
            odd, on_edge = np.zeros((2, len(lat)), np.bool_)
            for ring in rings:
                strictly = shapely.contains_xy(ring, lon + turn, lat)
                odd ^= strictly
                on_edge |= shapely.intersects_xy(ring, lon + turn, lat) & ~strictly
            inside |= odd | on_edge
        return inside

    @cached_property
    def _rings(self) -> npt.NDArray[np.object_] | None:
        """Prepared polygons, one a ring; None where the plane of longitude and latitude does not decide."""
        if not (isinstance(self.shape, Polygon) and self.shape.edges == "lonlat"):
            return None
        rings = unwrapped_rings(self.shape.rings)
        if rings is None:
            return None
        polygons = np.array([shapely.Polygon(np.stack([lon, lat], axis=1)) for lat, lon in rings], dtype=np.object_)
        shapely.prepare(polygons)
        return polygons

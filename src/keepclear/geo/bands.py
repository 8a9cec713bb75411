"""The outer edge of a band of constant width around a shape, for drawing."""

from __future__ import annotations

import numpy as np
import shapely

from keepclear.geo import earth
from keepclear.geo.boundary import Ring
from keepclear.geo.shapes import Circle, Shape

# Farther from its middle an azimuthal plane stretches by more than 2 % (c / sin c); no line is better than a wrong one.
PLANE_M_MAX = 2_000_000.0
_CIRCLE_POINTS = 361


def band_rings(shape: Shape, band_m: float) -> list[Ring]:
    """Closed rings `band_m` metres outside the edge, in holes too; exact round a circle, else within 2 % of the width.

    None for a width of zero, and for a shape other than a circle that reaches farther than `PLANE_M_MAX`."""
    lat, lon, radius_m = shape.around()
    if not band_m:
        return []
    if isinstance(shape, Circle):
        return [earth.step_along(lat, lon, np.linspace(0.0, 360.0, _CIRCLE_POINTS), radius_m + band_m)]
    if radius_m + band_m > PLANE_M_MAX:
        return []
    widened = shapely.buffer(_flat(shape.outline(), lat, lon), band_m, quad_segs=32)
    return [_round(ring, lat, lon) for ring in shapely.get_parts(shapely.boundary(widened))]


def _flat(rings: list[Ring], lat: float, lon: float) -> shapely.Geometry:
    """The area within an odd number of rings, in metres east and north on the azimuthal plane about a point."""
    area: shapely.Geometry = shapely.Polygon()
    for ring_lat, ring_lon in rings:
        length_m, azimuth_deg = earth.inverse(lat, lon, ring_lat, ring_lon)
        azimuth = np.radians(azimuth_deg)
        ring = shapely.Polygon(np.stack([length_m * np.sin(azimuth), length_m * np.cos(azimuth)], axis=1))
        area = shapely.symmetric_difference(area, ring)
    return area


def _round(line: shapely.Geometry, lat: float, lon: float) -> Ring:
    x, y = shapely.get_coordinates(line).T
    return earth.step_along(lat, lon, np.degrees(np.arctan2(x, y)), np.hypot(x, y))

"""Signed distances by other people's formulas: GeographicLib and its gnomonic projection, plain plane geometry from GEOS.

Seen from the point asked about, a geodesic edge is a straight line in the ellipsoidal gnomonic projection
(Karney 2013, section 8), so inside and distance are questions of the plane. Slow, and shares no code with
`keepclear.geo`: neither the pieces, nor the tangent plane, nor PROJ.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import shapely
from geographiclib.geodesic import Geodesic

WGS84 = Geodesic.WGS84
Place = tuple[float, float]
_OUT = Geodesic.AZIMUTH | Geodesic.REDUCEDLENGTH | Geodesic.GEODESICSCALE


def gnomonic(centre: Place, place: Place) -> Place:
    """East and north of a place in the gnomonic plane of the centre, true to scale at the centre."""
    line = WGS84.Inverse(*centre, *place, _OUT)
    radius = line["m12"] / line["M12"]
    azimuth = math.radians(line["azi1"])
    return radius * math.sin(azimuth), radius * math.cos(azimuth)


def polygon_edge_m(rings: Sequence[Sequence[Place]], place: Place) -> float:
    """Signed metres from a place to a polygon with geodesic edges; rings closed, the first one the shell."""
    shell, *holes = ([gnomonic(place, vertex) for vertex in ring] for ring in rings)
    polygon, origin = shapely.Polygon(shell, holes), shapely.Point(0, 0)
    distance = shapely.distance(polygon.boundary, origin)
    return -distance if polygon.covers(origin) else distance


def line_distance_m(line: Sequence[Place], place: Place) -> float:
    """Metres from a place to a line of geodesics."""
    flat = shapely.distance(shapely.LineString([gnomonic(place, vertex) for vertex in line]), shapely.Point(0, 0))
    return float(6_371_000.0 * math.atan(flat / 6_371_000.0))  # the projection stretches lengths from its centre


def circle_edge_m(centre: Place, radius_m: float, place: Place) -> float:
    """Signed metres from a place to a geodesic circle."""
    return float(WGS84.Inverse(*centre, *place, Geodesic.DISTANCE)["s12"]) - radius_m


def sector_edge_m(
    centre: Place, radius_m: float, from_deg: float, to_deg: float, inner_m: float, place: Place
) -> float:
    """Signed metres from a place to a sector."""
    line = WGS84.Inverse(*centre, *place, Geodesic.DISTANCE | Geodesic.AZIMUTH)
    apart, facing = line["s12"], (line["azi1"] - from_deg) % 360.0 <= (to_deg - from_deg) % 360.0
    sides = [
        [WGS84.Direct(*centre, bearing, length) for length in (inner_m, radius_m)] for bearing in (from_deg, to_deg)
    ]
    near = [line_distance_m([(end["lat2"], end["lon2"]) for end in side], place) for side in sides]
    if facing:
        near += [abs(apart - radius_m)] + ([abs(apart - inner_m)] if inner_m else [])
    return -min(near) if facing and inner_m <= apart <= radius_m else min(near)


def corridor_edge_m(line: Sequence[Place], half_width_m: float, place: Place) -> float:
    """Signed metres from a place to a corridor."""
    return line_distance_m(line, place) - half_width_m


def lonlat_polygon_edge_m(ring: Sequence[Place], place: Place) -> float:
    """The same for one ring with edges straight in longitude and latitude, for places within some metres of it.

    Each edge that passes by is searched for its nearest place, in thirds."""
    covered = shapely.Polygon([(lon, lat) for lat, lon in ring]).covers(shapely.Point(place[1], place[0]))
    edges = [(start, end) for start, end in pairwise(ring) if _in_box(place, start, end)]
    nearest = min(_lonlat_distance_m(start, end, place) for start, end in edges)
    return -nearest if covered else nearest


def _lonlat_distance_m(start: Place, end: Place, place: Place) -> float:
    def apart_m(share: float) -> float:
        lat, lon = (a + share * (b - a) for a, b in zip(start, end, strict=True))
        return float(WGS84.Inverse(*place, lat, lon, Geodesic.DISTANCE)["s12"])

    (lat0, lon0), (lat1, lon1), scale = start, end, math.cos(math.radians(place[0])) ** 2
    dot = (place[0] - lat0) * (lat1 - lat0) + scale * (place[1] - lon0) * (lon1 - lon0)
    guess = dot / ((lat1 - lat0) ** 2 + scale * (lon1 - lon0) ** 2)
    low, high = max(guess - 1e-4, 0.0), min(guess + 1e-4, 1.0)
    while high - low > 1e-12:
        third = (high - low) / 3
        if apart_m(low + third) < apart_m(high - third):
            high -= third
        else:
            low += third
    return min(apart_m(low), apart_m(high), apart_m(0.0), apart_m(1.0))


def _in_box(place: Place, start: Place, end: Place) -> bool:
    return all(min(a, b) - 1e-3 <= x <= max(a, b) + 1e-3 for x, a, b in zip(place, start, end, strict=True))


def beside(start: Place, end: Place, rng: np.random.Generator) -> Place:
    """A place within a metre of the geodesic from start to end, every third time near a vertex, on the 1e-7 degree grid."""
    whole = WGS84.Inverse(*start, *end)
    share = float(rng.choice([0.0, 1.0, rng.random()]))
    foot = WGS84.Direct(*start, whole["azi1"], share * whole["s12"])
    return off((foot["lat2"], foot["lon2"]), rng)


def off(foot: Place, rng: np.random.Generator) -> Place:
    """A place between 0.1 mm and 1 m from the foot in any direction, rounded to the grid of 1e-7 degree."""
    found = WGS84.Direct(*foot, float(rng.uniform(0, 360)), float(10 ** rng.uniform(-4, 0)))
    return round(found["lat2"], 7), round(found["lon2"], 7)

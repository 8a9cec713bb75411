"""Circle, polygon, corridor and sector on the WGS84 ellipsoid: signed distance to the edge, and probability inside.

All sets are closed: a point on the edge is inside. The signed distance is in metres along the ellipsoid,
negative inside. `EDGE_TOLERANCE_M` is the resolution of everything stored (1e-7 degree): a point within it
counts as inside and is marked. Shapes are values: equal where their numbers are equal.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely

from keepclear.geo import earth
from keepclear.geo.boundary import Boundary, Ring, gaussian_mass
from keepclear.geo.earth import Floats
from keepclear.geo.edges import sector_edges_m
from keepclear.geo.gaussian import SIGMAS_SEEN, within_circle
from keepclear.geo.geodesics import inverses
from keepclear.geo.rings import oriented_rings, refuse_half_turns
from keepclear.ground.errors import Refused

EDGE_TOLERANCE_M = 0.01
RADIUS_M_MAX = 5_000_000.0
EDGE_KINDS = ("geodesic", "lonlat")

_ARC_SAG_M = 0.01
_TRIES_PER_POINT_MAX = 64
_GOLDEN_ANGLE_DEG = 180.0 * (3.0 - np.sqrt(5.0))


class Shape:
    """What every shape answers. Latitudes and longitudes are float64 arrays of degrees, of equal length."""

    def edge_m(self, lat: Floats, lon: Floats) -> Floats:
        """Metres to the edge, negative inside; see docs/accuracy.md for the largest error measured."""
        raise NotImplementedError

    def gaussian_inside(self, lat: float, lon: float, sigma_m: float, edge_m: float) -> float:
        """Probability that the true place is inside, if it is Gaussian about the point with one-sigma `sigma_m`.

        `edge_m` is the signed distance of the point. Worked out in the tangent plane of the point."""
        raise NotImplementedError

    def outline(self) -> list[Ring]:
        """Closed rings for drawing, first point not repeated."""
        raise NotImplementedError

    def around(self) -> tuple[float, float, float]:
        """Latitude, longitude and radius in metres of a circle that holds the whole shape."""
        raise NotImplementedError

    def spread(self, count: int) -> Ring:
        """About `count` points spread evenly over the shape, always the same ones.

        A sunflower lattice over the surrounding circle, of which those inside are kept."""
        lat, lon, radius_m = self.around()
        tried = count
        while True:
            turn = np.arange(tried) + 0.5
            lattice = earth.step_along(lat, lon, turn * _GOLDEN_ANGLE_DEG % 360.0, radius_m * np.sqrt(turn / tried))
            kept = np.flatnonzero(self.edge_m(*lattice) <= 0)
            if len(kept) >= count or tried >= _TRIES_PER_POINT_MAX * count:
                break
            tried *= 4
        if not len(kept):  # thinner than the lattice is wide: its outline is all there is
            return self.rim(count)
        return lattice[0][kept], lattice[1][kept]

    def rim(self, count: int) -> Ring:
        """At most `count` points of the outline, evenly taken."""
        lat, lon = (np.concatenate(column) for column in zip(*self.outline(), strict=True))
        taken = np.unique(np.linspace(0, len(lat) - 1, min(count, len(lat))).round().astype(np.intp))
        return lat[taken], lon[taken]


@dataclass(frozen=True)
class Circle(Shape):
    """All points within `radius_m` of the centre."""

    lat: float
    lon: float
    radius_m: float

    def __post_init__(self) -> None:
        _check_point(self.lat, self.lon)
        _check_radius(self.radius_m, "radius")

    def edge_m(self, lat: Floats, lon: Floats) -> Floats:
        return inverses(*_centres(self, len(lat)), lat, lon)[0] - self.radius_m

    def gaussian_inside(self, lat: float, lon: float, sigma_m: float, edge_m: float) -> float:
        radius, apart = np.array([self.radius_m]) / sigma_m, np.array([edge_m + self.radius_m]) / sigma_m
        return float(within_circle(radius, apart)[0])

    def outline(self) -> list[Ring]:
        return [_arc(self.lat, self.lon, self.radius_m, 0.0, -360.0, 361)]

    def around(self) -> tuple[float, float, float]:
        return self.lat, self.lon, self.radius_m


@dataclass(frozen=True)
class Sector(Shape):
    """All points between `inner_radius_m` and `radius_m` of the centre, clockwise from `from_deg` to `to_deg`.

    From 0 to 360 is all round. The straight sides are geodesics from the centre."""

    lat: float
    lon: float
    radius_m: float
    from_deg: float
    to_deg: float
    inner_radius_m: float = 0.0

    def __post_init__(self) -> None:
        _check_point(self.lat, self.lon)
        _check_radius(self.radius_m, "radius")
        for name, value in (("from_deg", self.from_deg), ("to_deg", self.to_deg)):
            if not 0.0 <= value <= 360.0:
                raise Refused(
                    "sector.bearing",
                    f"{name} is not a bearing",
                    value=value,
                    mend="Give degrees clockwise from true north, 0 to 360.",
                )
        if (self.to_deg - self.from_deg) % 360.0 == 0.0 and (self.from_deg, self.to_deg) != (0.0, 360.0):
            raise Refused(
                "sector.empty",
                "The sector begins and ends at the same bearing",
                value=self.from_deg,
                mend="For all round write from 0 to 360.",
            )
        if not 0.0 <= self.inner_radius_m < self.radius_m:
            raise Refused(
                "sector.inner_radius",
                "The inner radius is not between zero and the radius",
                value=self.inner_radius_m,
                mend="Give an inner radius smaller than the radius.",
            )

    @property
    def span_deg(self) -> float:
        """Degrees from the first side clockwise to the second, above 0 and up to 360."""
        return (self.to_deg - self.from_deg) % 360.0 or 360.0

    @cached_property
    def sides(self) -> Boundary | None:
        """The two straight sides; None all round."""
        if self.span_deg == 360.0:
            return None
        share = np.array([self.inner_radius_m, self.radius_m])
        return Boundary.of_lines(
            [earth.step_along(self.lat, self.lon, side, share) for side in (self.from_deg, self.to_deg)], "geodesic"
        )

    @cached_property
    def drawn_edge(self) -> Boundary:
        """The whole edge, its arcs drawn to 1 cm."""
        return Boundary.of_rings(self._rings(_ARC_SAG_M), "geodesic")

    def edge_m(self, lat: Floats, lon: Floats) -> Floats:
        apart_m, bearing_deg = inverses(*_centres(self, len(lat)), lat, lon)
        side_m = np.full(len(lat), np.inf) if self.sides is None else self.sides.nearest(lat, lon)[0]
        turn_deg = np.mod(bearing_deg - self.from_deg, 360.0)
        sizes = float(self.span_deg), float(self.radius_m), float(self.inner_radius_m)
        return sector_edges_m(apart_m, turn_deg, side_m, *sizes)

    def gaussian_inside(self, lat: float, lon: float, sigma_m: float, edge_m: float) -> float:
        return self.drawn_edge.gaussian_inside(lat, lon, sigma_m, edge_m <= 0)

    def outline(self) -> list[Ring]:
        return self._rings(self.radius_m / 2000.0)

    def around(self) -> tuple[float, float, float]:
        return self.lat, self.lon, self.radius_m

    def _rings(self, sag_m: float) -> list[Ring]:
        steps = int(np.ceil(np.radians(self.span_deg) / np.sqrt(8 * sag_m / self.radius_m))) + 2
        outer = _arc(self.lat, self.lon, self.radius_m, self.from_deg + self.span_deg, -self.span_deg, steps)
        inner = (
            _arc(self.lat, self.lon, self.inner_radius_m, self.from_deg, self.span_deg, steps)
            if self.inner_radius_m > 0
            else None
        )
        if self.sides is None:
            return [outer] if inner is None else [outer, inner]
        last = inner if inner is not None else (np.array([self.lat]), np.array([self.lon]))
        return [(np.concatenate([outer[0], last[0]]), np.concatenate([outer[1], last[1]]))]


@dataclass(frozen=True)
class Polygon(Shape):
    """One or more polygons with holes: `parts[i][0]` is the outer ring of part i, the others are its holes.

    Rings are closed (first position repeated at the end), positions are (lat, lon). Inside of a ring is its
    smaller side, whichever way it was wound. Edges are geodesics, or straight in longitude and latitude.
    Edges that two parts share exactly are no edges of the whole, so a polygon cut at the antimeridian is one."""

    parts: tuple[tuple[tuple[tuple[float, float], ...], ...], ...]
    edges: str = "geodesic"

    def __post_init__(self) -> None:
        _check_edges(self.edges)
        _ = self.boundary  # a polygon that cannot be is refused here, not at its first use

    @cached_property
    def rings(self) -> list[Ring]:
        """Rings with the interior on the left, shared edges gone, first position not repeated."""
        return oriented_rings(self.parts, self.edges)

    @cached_property
    def boundary(self) -> Boundary:
        """The edge in pieces."""
        return Boundary.of_rings(self.rings, self.edges)

    def edge_m(self, lat: Floats, lon: Floats) -> Floats:
        distance_m, left = self.boundary.nearest(lat, lon)
        return np.where(left, -distance_m, distance_m)

    def gaussian_inside(self, lat: float, lon: float, sigma_m: float, edge_m: float) -> float:
        return self.boundary.gaussian_inside(lat, lon, sigma_m, edge_m <= 0)

    def outline(self) -> list[Ring]:
        boundary = self.boundary
        lat, lon = earth.surface_point(boundary.vertex)
        ring_ends = np.flatnonzero(boundary.end != boundary.start + 1)
        return [
            (part_lat, part_lon)
            for part_lat, part_lon in zip(
                np.split(lat, ring_ends[:-1] + 1), np.split(lon, ring_ends[:-1] + 1), strict=True
            )
        ]

    def around(self) -> tuple[float, float, float]:
        return _surrounding(self.boundary.vertex)


@dataclass(frozen=True)
class Corridor(Shape):
    """All points within `half_width_m` of a line of (lat, lon) positions.

    Inside, the distance to the edge is taken as half-width minus distance to the line: exact except at the
    inner side of a bend, where the true edge is farther."""

    line: tuple[tuple[float, float], ...]
    half_width_m: float
    edges: str = "geodesic"

    def __post_init__(self) -> None:
        _check_edges(self.edges)
        _check_radius(self.half_width_m, "half_width")
        if len(self.line) < 2:
            raise Refused(
                "corridor.too_short",
                "A corridor needs at least two positions",
                value=len(self.line),
                mend="For a single position use a circle.",
            )
        for number, (lat, lon) in enumerate(self.line):
            _check_point(lat, lon, f"[{number}]")
            if number and (lat, lon) == self.line[number - 1]:
                raise Refused(
                    "corridor.doubled_position",
                    "Two positions in a row are the same",
                    value=(lon, lat),
                    mend="Remove one of them.",
                    where=f"[{number}]",
                )

        if self.edges == "lonlat":
            refuse_half_turns(*np.array(self.line).T, closed=False)

    @cached_property
    def axis(self) -> Boundary:
        """The line in pieces."""
        lat, lon = np.array(self.line).T
        return Boundary.of_lines([(lat, lon)], self.edges)

    def edge_m(self, lat: Floats, lon: Floats) -> Floats:
        return self.axis.nearest(lat, lon)[0] - self.half_width_m

    def gaussian_inside(self, lat: float, lon: float, sigma_m: float, edge_m: float) -> float:
        """The buffer of the axis is drawn in the tangent plane (arcs to 1e-4 of the half-width)."""
        buffer = self._buffered(lat, lon, SIGMAS_SEEN * sigma_m + self.half_width_m)
        edges: list[list[Floats]] = [[], [], [], []]
        for polygon in shapely.get_parts(buffer):
            oriented = shapely.geometry.polygon.orient(polygon)  # the interior on the left of every ring
            for ring in (oriented.exterior, *oriented.interiors):
                x, y = shapely.get_coordinates(ring).T / sigma_m
                for column, values in zip(edges, (x[:-1], y[:-1], x[1:], y[1:]), strict=True):
                    column.append(values)
        if not edges[0]:
            return 1.0 if edge_m <= 0 else 0.0
        ax, ay, bx, by = (np.concatenate(column) for column in edges)
        return gaussian_mass(ax, ay, bx, by, inside=edge_m <= 0)

    def _buffered(self, lat: float, lon: float, reach_m: float) -> shapely.Geometry:
        """The part of the corridor within reach, in the tangent plane.

        Pieces that follow each other are buffered as one line: one by one takes a thousand times as long where the
        half-width is many pieces."""
        x, y = self.axis.plane(lat, lon)
        vertex, start, end = np.stack([x, y], axis=1), self.axis.start, self.axis.end
        pieces = shapely.linestrings(np.stack([vertex[start], vertex[end]], axis=1))
        near = np.flatnonzero(shapely.distance(pieces, shapely.Point(0, 0)) < reach_m + self.half_width_m)
        runs = np.split(near, np.flatnonzero(np.diff(near) > 1) + 1) if len(near) else []
        lines = [shapely.LineString(vertex[[*start[run], end[run[-1]]]]) for run in runs]
        return shapely.buffer(shapely.MultiLineString(lines), self.half_width_m, quad_segs=64)

    def outline(self) -> list[Ring]:
        lat, lon, radius_m = self.around()
        buffer = self._buffered(lat, lon, 4 * radius_m)
        rings: list[Ring] = []
        for ring in shapely.get_parts(shapely.boundary(buffer)):
            x, y = shapely.get_coordinates(ring)[:-1].T
            apart_m = np.hypot(x, y)
            along_m = earth.MEAN_RADIUS_M * np.arcsin(np.minimum(apart_m / earth.MEAN_RADIUS_M, 1.0))
            rings.append(earth.step_along(lat, lon, np.degrees(np.arctan2(x, y)), along_m))
        return rings

    def around(self) -> tuple[float, float, float]:
        lat, lon, radius_m = _surrounding(self.axis.vertex)
        return lat, lon, radius_m + self.half_width_m


def _surrounding(vertex: Floats) -> tuple[float, float, float]:
    """A circle round points on the ellipsoid, about the direction of their mean."""
    lat, lon = earth.surface_point(vertex)
    middle = vertex.mean(axis=0)
    if np.linalg.norm(middle) < 1e3:
        return 90.0, 0.0, np.pi * earth.SEMI_MAJOR_M
    normal_z = middle[2] / (1 - earth.ECCENTRICITY_SQUARED)  # the ellipsoid's normal where the mean direction leaves it
    centre_lat = float(np.degrees(np.arctan2(normal_z, np.hypot(middle[0], middle[1]))))
    centre_lon = float(np.degrees(np.arctan2(middle[1], middle[0])))
    return centre_lat, centre_lon, float(earth.distance_m(centre_lat, centre_lon, lat, lon).max()) + 1.0


def _arc(lat: float, lon: float, radius_m: float, from_deg: float, turn_deg: float, steps: int) -> Ring:
    """Points on a circle from a bearing through `turn_deg` (clockwise positive); a full turn leaves the last one out."""
    bearing = from_deg + turn_deg * np.linspace(0.0, 1.0, steps, endpoint=abs(turn_deg) < 360.0)
    return earth.step_along(lat, lon, np.mod(bearing, 360.0), radius_m)


def _centres(shape: Circle | Sector, count: int) -> Ring:
    """The centre so many times over."""
    return np.full(count, shape.lat, np.float64), np.full(count, shape.lon, np.float64)


def _check_point(lat: float, lon: float, where: str = "") -> None:
    if not (np.isfinite(lat) and np.isfinite(lon)):
        raise Refused(
            "position.not_finite",
            "The position is not a pair of numbers",
            value=(lat, lon),
            mend="Give finite degrees.",
            where=where,
        )
    if not -90.0 <= lat <= 90.0:
        swapped = " Are latitude and longitude swapped?" if -90.0 <= lon <= 90.0 and abs(lat) <= 180.0 else ""
        raise Refused(
            "position.lat_range",
            "The latitude is not between -90 and 90",
            value=lat,
            mend=f"Give degrees north.{swapped}",
            where=where,
        )
    if not -180.0 <= lon <= 180.0:
        raise Refused(
            "position.lon_range",
            "The longitude is not between -180 and 180",
            value=lon,
            mend="Give degrees east, -180 to 180.",
            where=where,
        )


def _check_radius(radius_m: float, name: str) -> None:
    if not 0.0 < radius_m <= RADIUS_M_MAX:
        raise Refused(
            f"shape.{name}_range",
            f"The {name.replace('_', '-')} is not above zero and at most {RADIUS_M_MAX / 1000:.0f} km",
            value=f"{radius_m:g} m",
            mend='Give a length such as "55 km".',
        )


def _check_edges(edges: str) -> None:
    if edges not in EDGE_KINDS:
        raise Refused("shape.edges", "The edge method is not known", value=edges, mend='Write "geodesic" or "lonlat".')

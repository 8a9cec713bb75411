"""Lines and rings of geodesic pieces: how far a point is, on which side, and how much of a Gaussian lies inside.

A ring has its interior on the left. Every edge is cut into pieces so short that the straight chord between
their ends stands for the piece: a geodesic edge every 2 km (the chord then lies at most 8 cm *below* the
surface, and sideways within a micrometre), an edge that is straight in longitude and latitude so that each
piece is within 0.5 mm of it. A point sees the pieces in its own tangent plane, picks the nearest, drops the
foot onto the ellipsoid and measures the geodesic to it. Nothing here depends on a map projection, so poles
and the antimeridian are places like any other.

Sums of products are written out, not handed to a matrix library, so that the answer for a point has the same
bits whatever batch it came in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from keepclear.geo import earth
from keepclear.geo.earth import Floats
from keepclear.geo.feet import Links, feet
from keepclear.geo.gaussian import behind_edges, left_of_edges
from keepclear.geo.nearest import ASKEW_M, CHORD_SAG_M, HORIZON_M
from keepclear.geo.seeing import Seen, seen_from
from keepclear.ground.errors import LimitExceeded

Ring = tuple[Floats, Floats]
Booleans = npt.NDArray[np.bool_]
Indexes = npt.NDArray[np.int32]

GEODESIC_PIECE_M_MAX = 2_000.0
LONLAT_BOW_M_MAX = 0.000_5
PIECES_MAX = 400_000
CELLS_PER_BLOCK = 250_000
BEYOND_HORIZON_M = 1e9


@dataclass(frozen=True, eq=False)
class Boundary:
    """Pieces from `vertex[start]` to `vertex[end]`; `before` and `after` name the neighbours, -1 at an open end.

    vertex  (n, 3) earth-centred metres, on the ellipsoid. A piece takes 40 bytes, its vertex included."""

    vertex: Floats
    start: Indexes
    end: Indexes
    before: Indexes
    after: Indexes

    @staticmethod
    def of_rings(rings: Sequence[Ring], edges: str) -> Boundary:
        """Closed rings; the last point of each joins its first and is not repeated. Interior on the left."""
        return _linked(
            [_densified(np.append(lat, lat[0]), np.append(lon, lon[0]), edges) for lat, lon in rings], closed=True
        )

    @staticmethod
    def of_lines(lines: Sequence[Ring], edges: str) -> Boundary:
        """Open lines; they have a distance, and no inside."""
        return _linked([_densified(lat, lon, edges) for lat, lon in lines], closed=False)

    def nearest(self, lat: Floats, lon: Floats) -> tuple[Floats, Booleans]:
        """Metres from each point to the nearest piece, and whether the point lies to the left of it there.

        The distance is the geodesic to a point of the line: never too short, and too long by less than 1 mm
        up to 100 km away. `left` is meaningful for closed rings only."""
        distance_m, left = np.empty(len(lat)), np.empty(len(lat), dtype=bool)
        rows_per_block = max(1, CELLS_PER_BLOCK // len(self.start))
        for first in range(0, len(lat), rows_per_block):
            rows = slice(first, first + rows_per_block)
            distance_m[rows], left[rows] = self._nearest_in_block(lat[rows], lon[rows])
        return distance_m, left

    def _nearest_in_block(self, lat: Floats, lon: Floats) -> tuple[Floats, Booleans]:
        seen = seen_from(lat, lon)
        x, y, z = _seen_by(seen, self.vertex)
        x0, y0, z0 = x[:, self.start], y[:, self.start], z[:, self.start]
        dx, dy, dz = x[:, self.end] - x0, y[:, self.end] - y0, z[:, self.end] - z0
        toward, squared = x0 * dx + y0 * dy, dx * dx + dy * dy
        askew = z0 < -ASKEW_M
        toward, squared = np.where(askew, toward + z0 * dz, toward), np.where(askew, squared + dz * dz, squared)
        along = np.clip(-toward / np.maximum(squared, 1e-12), 0.0, 1.0)
        depth_m = np.maximum(np.abs(z0 + along * dz) - CHORD_SAG_M, 0.0)
        apart = (x0 + along * dx) ** 2 + (y0 + along * dy) ** 2 + depth_m**2
        piece = np.argmin(apart, axis=1).astype(np.int32)
        share = np.take_along_axis(along, piece[:, None], axis=1)[:, 0]
        return feet(self.links, piece, share, lat, lon, seen.point)

    @property
    def links(self) -> Links:
        """The same for the kernels."""
        return Links(self.vertex, self.start, self.end, self.before, self.after)

    def gaussian_inside(self, lat: float, lon: float, sigma_m: float, inside: bool) -> float:
        """Share of a circular Gaussian of one-sigma `sigma_m` about the point that lies inside the rings."""
        x, y = self.plane(lat, lon)
        scale = 1.0 / sigma_m
        return gaussian_mass(
            x[self.start] * scale, y[self.start] * scale, x[self.end] * scale, y[self.end] * scale, inside
        )

    def plane(self, lat: float, lon: float) -> tuple[Floats, Floats]:
        """The vertices in the tangent plane of a point, metres east and north; those behind the horizon are far away."""
        x, y, z = _seen_by(seen_from(np.array([lat]), np.array([lon])), self.vertex)
        behind = z[0] < -HORIZON_M
        east, north = np.where(behind, x[0] + 0.001, x[0]), y[0]  # the antipode too lies in some direction
        outward = np.where(behind, BEYOND_HORIZON_M / np.maximum(np.hypot(east, north), 1e-4), 1.0)
        return east * outward, north * outward


def gaussian_mass(ax: Floats, ay: Floats, bx: Floats, by: Floats, inside: bool) -> float:
    """Mass of the unit Gaussian about the origin within straight edges a to b, interior on the left, in sigmas."""
    behind = np.array([np.sum(behind_edges(np.stack([ax, ay, bx, by], axis=1)))])
    return float(left_of_edges(behind, np.array([inside]))[0])


def _seen_by(seen: Seen, vertex: Floats) -> tuple[Floats, Floats, Floats]:
    """East, north and up of every vertex as seen from every point; each (points, vertices), metres."""
    sides = []
    for axis, offset in zip(seen.axes.swapaxes(0, 1), seen.offset.T, strict=True):
        sides.append(
            axis[:, 0:1] * vertex[None, :, 0]
            + axis[:, 1:2] * vertex[None, :, 1]
            + axis[:, 2:3] * vertex[None, :, 2]
            - offset[:, None]
        )
    return sides[0], sides[1], sides[2]


def _densified(lat: Floats, lon: Floats, edges: str) -> Ring:
    """The line with points added so that chords stand for its edges; both ends are kept."""
    turn = earth.wrapped_lon(np.diff(lon))
    whole_m, azimuth_deg = earth.inverse(lat[:-1], lon[:-1], lat[1:], lon[1:])
    if edges == "lonlat":
        tangent = np.tan(np.radians(np.minimum(np.maximum(np.abs(lat[:-1]), np.abs(lat[1:])), 89.99)))
        across_m = (
            np.radians(np.abs(turn))
            * earth.SEMI_MAJOR_M
            * np.cos(np.radians(np.minimum(np.abs(lat[:-1]), np.abs(lat[1:]))))
        )
        length_m = across_m + np.radians(np.abs(np.diff(lat))) * earth.SEMI_MAJOR_M
        # Such an edge curves by tan(lat) sin(az) (1 + cos(az)^2) / R against the geodesic, at most twice tan(lat) sin(az) / R.
        bow_m = 2 * across_m * length_m * tangent / (8 * earth.MEAN_RADIUS_M)
        count = np.maximum(np.ceil(np.sqrt(bow_m / LONLAT_BOW_M_MAX)), np.ceil(length_m / GEODESIC_PIECE_M_MAX))
    else:
        count = np.ceil(whole_m / GEODESIC_PIECE_M_MAX)
    count = np.maximum(count, 1).astype(np.int64)
    if count.sum() > PIECES_MAX:
        raise LimitExceeded(
            "shape.too_many_pieces",
            f"The line would need {count.sum()} pieces to be drawn to the millimetre, more than {PIECES_MAX}",
            mend='Use edges "geodesic", or split the shape.',
        )
    edge = np.repeat(np.arange(len(count)), count)
    step = np.arange(len(edge)) - np.repeat(np.cumsum(count) - count, count)
    share = step / count[edge]
    if edges == "lonlat":
        new_lat, new_lon = lat[edge] + share * np.diff(lat)[edge], lon[edge] + share * turn[edge]
    else:
        new_lat, new_lon = earth.step_along(lat[edge], lon[edge], azimuth_deg[edge], share * whole_m[edge])
        at_vertex = step == 0
        new_lat[at_vertex], new_lon[at_vertex] = lat[edge[at_vertex]], lon[edge[at_vertex]]
    return np.append(new_lat, lat[-1]), np.append(new_lon, lon[-1])


def _linked(lines: Sequence[Ring], *, closed: bool) -> Boundary:
    vertex, start, end, before, after = [], [], [], [], []
    first_vertex = first_piece = 0
    for lat, lon in lines:
        pieces = len(lat) - 1
        points = pieces if closed else pieces + 1
        vertex.append(earth.to_ecef(lat[:points], lon[:points]))
        number = np.arange(pieces)
        start.append(first_vertex + number)
        end.append(first_vertex + (number + 1) % points)
        before.append(
            first_piece + (number - 1) % pieces if closed else np.where(number > 0, first_piece + number - 1, -1)
        )
        after.append(
            first_piece + (number + 1) % pieces
            if closed
            else np.where(number < pieces - 1, first_piece + number + 1, -1)
        )
        first_vertex += points
        first_piece += pieces
    if first_piece > PIECES_MAX:
        raise LimitExceeded(
            "shape.too_many_pieces",
            f"The shape would need {first_piece} pieces, more than {PIECES_MAX}",
            mend="Split the shape, or simplify it.",
        )
    links = (np.concatenate(part).astype(np.int32) for part in (start, end, before, after))
    return Boundary(np.concatenate(vertex), *links)

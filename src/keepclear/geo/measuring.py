"""Signed distances and probabilities for columns of (shape, position) pairs over many different shapes.

The distances are those of `Shape.edge_m` to the bit, the probabilities those of `Shape.gaussian_inside` within 1e-6.
A batch has one or two positions for each of many zones, so nothing here goes shape by shape: one call measures all
distances, and one each weighs all circles and all edges. Only a corridor seen near a bend is asked alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from keepclear.geo.boundary import Boundary
from keepclear.geo.earth import Floats
from keepclear.geo.edges import CIRCLE, CORRIDOR, POLYGON, SECTOR, Edges, edges_m
from keepclear.geo.gaussian import SIGMAS_SEEN, behind_edges, left_of_edges, within_circle
from keepclear.geo.meeting import meetings_s
from keepclear.geo.pieces import Numbers, Pieces
from keepclear.geo.shapes import Circle, Corridor, Polygon, Sector, Shape
from keepclear.geo.strips import sides, straight_runs

_KINDS = (Circle, Sector, Polygon, Corridor)
_NOT_ASKED = -1


class Measures:
    """Made from shapes, which are then known by their number. Not to be asked by two threads at once.

    What a shape needs for its answers is prepared when it is first asked about, and kept: 48 bytes for each of its
    pieces, beside the 40 in the shape. A piece is at most 2 km of an edge, about 100 m of one that runs east at middle
    latitudes and is straight in longitude and latitude; a sector asked for a probability has its arcs in pieces too."""

    def __init__(self, shapes: Sequence[Shape]) -> None:
        self._shapes = tuple(shapes)
        self._kind = np.array([_KINDS.index(type(shape)) for shape in self._shapes], dtype=np.int8)
        self._sizes = np.array([_sizes(shape) for shape in self._shapes], dtype=np.float64).reshape(-1, 6)
        self._has_line = (self._kind != CIRCLE) & (self._sizes[:, 5] < 360.0)
        self._pieces = Pieces()
        # In `_pieces`: of each shape the line to measure to, then of each sector the edge as it is drawn.
        self._line = np.full(2 * len(self._shapes), _NOT_ASKED, dtype=np.intp)

    def grown(self, shapes: Sequence[Shape]) -> Measures:
        """These and more shapes behind them. What was prepared goes over: this one is not to be asked any more."""
        grown, count = Measures((*self._shapes, *shapes)), len(self._shapes)
        more = len(grown._shapes)
        grown._pieces = self._pieces
        grown._line[:count], grown._line[more : more + count] = self._line[:count], self._line[count:]
        return grown

    def edge_m(self, number: Numbers, lat: Floats, lon: Floats) -> Floats:
        """Metres from each position to the edge of its shape, negative inside: `shapes[number].edge_m`."""
        return edges_m(self._edges_of(number), number, lat, lon)

    def meetings_s(self, number: Numbers, motions: Floats, horizon_s: Floats, sigmas: tuple[float, ...]) -> Floats:
        """When courses meet the edges of shapes: see `meeting.meetings_s`."""
        return meetings_s(self._edges_of(number), number, motions, horizon_s, sigmas)

    def gaussian_inside(self, number: Numbers, lat: Floats, lon: Floats, sigma_m: Floats, edge_m: Floats) -> Floats:
        """Probability that the true place is inside: `shapes[number].gaussian_inside`, for errors above 0."""
        kind = self._kind[number]
        p_inside = np.empty(len(number))
        for kinds, within in (
            (kind == CIRCLE, self._within_circles),
            ((kind == SECTOR) | (kind == POLYGON), self._within_edges),
            (kind == CORRIDOR, self._within_corridors),
        ):
            rows = np.flatnonzero(kinds)
            if len(rows):
                p_inside[rows] = within(number[rows], lat[rows], lon[rows], sigma_m[rows], edge_m[rows])
        return p_inside

    def _edges_of(self, number: Numbers) -> Edges:
        """What the kernels ask, with the lines of these shapes in it."""
        self._lines_of(number[self._has_line[number]])
        return Edges(self._kind, self._sizes, self._line, self._pieces.search, self._pieces.links)

    def _within_circles(self, number: Numbers, lat: Floats, lon: Floats, sigma_m: Floats, edge_m: Floats) -> Floats:
        radius_m = self._sizes[number, 2]
        return within_circle(radius_m / sigma_m, (edge_m + radius_m) / sigma_m)

    def _within_edges(self, number: Numbers, lat: Floats, lon: Floats, sigma_m: Floats, edge_m: Floats) -> Floats:
        line = self._lines_of(number, drawn=True)
        whose, _, ends = self._pieces.within(line, lat, lon, SIGMAS_SEEN * sigma_m)
        return _mass(whose, ends, sigma_m, edge_m)

    def _within_corridors(self, number: Numbers, lat: Floats, lon: Floats, sigma_m: Floats, edge_m: Floats) -> Floats:
        line, half_width_m = self._lines_of(number), self._sizes[number, 2]
        whose, piece, ends = self._pieces.within(line, lat, lon, SIGMAS_SEEN * sigma_m + half_width_m)
        straight = straight_runs(len(number), whose, piece, ends)
        known = straight[whose]
        whose, piece, ends = whose[known], piece[known], ends[known]
        whose, ends = sides(whose, ends, half_width_m[whose], *self._pieces.tips(piece))
        p_inside = _mass(whose, ends, sigma_m, edge_m)
        for i in np.flatnonzero(~straight):
            point = float(lat[i]), float(lon[i]), float(sigma_m[i]), float(edge_m[i])
            p_inside[i] = self._shapes[number[i]].gaussian_inside(*point)
        return p_inside

    def _lines_of(self, number: Numbers, *, drawn: bool = False) -> Numbers:
        """The lines of these shapes in `_pieces`, put there if they are not."""
        row = np.where(self._kind[number] == SECTOR, number + len(self._shapes), number) if drawn else number
        line: Numbers = self._line[row]
        if (line == _NOT_ASKED).any():
            new = np.unique(row[line == _NOT_ASKED])
            self._line[new] = self._pieces.add([self._boundary(r) for r in new.tolist()])
            line = self._line[row]
        return line

    def _boundary(self, row: int) -> Boundary:
        drawn, number = divmod(row, len(self._shapes))
        match self._shapes[number]:
            case Polygon(boundary=boundary):
                return boundary
            case Corridor(axis=axis):
                return axis
            case Sector() as sector if drawn:
                return sector.drawn_edge
            case Sector(sides=Boundary() as sides):
                return sides
            case shape:
                raise TypeError(f"{shape} has no line")


def _mass(whose: Numbers, ends: Floats, sigma_m: Floats, edge_m: Floats) -> Floats:
    """Share of each point's Gaussian inside the edges that are its own."""
    behind = np.bincount(whose, weights=behind_edges(ends / sigma_m[whose, None]), minlength=len(edge_m))
    return left_of_edges(behind.astype(np.float64), edge_m <= 0)


def _sizes(shape: Shape) -> tuple[float, float, float, float, float, float]:
    """Latitude, longitude, radius or half-width, inner radius, first side and span; 0 for what there is not."""
    match shape:
        case Circle():
            return shape.lat, shape.lon, shape.radius_m, 0.0, 0.0, 0.0
        case Sector():
            return shape.lat, shape.lon, shape.radius_m, shape.inner_radius_m, shape.from_deg, shape.span_deg
        case Corridor():
            return 0.0, 0.0, shape.half_width_m, 0.0, 0.0, 0.0
    return 0.0, 0.0, 0.0, 0.0, 0.0, 0.0

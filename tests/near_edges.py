"""Places near the edges of one shape of each kind, with their signed distances by the reference."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from keepclear.geo.shapes import EDGE_TOLERANCE_M, Circle, Corridor, Polygon, Sector, Shape
from tests import reference
from tests.reference import Place

SQUARE_KM = ((33.1, 38.0), (33.05, 39.1), (33.9, 39.2), (33.55, 38.62), (33.95, 38.1), (33.1, 38.0))
HOLE = ((33.2, 38.3), (33.35, 38.5), (33.2, 38.7), (33.2, 38.3))
NORTHERN = ((69.9, 178.8), (69.8, -179.1), (70.6, -178.7), (70.5, 178.9), (69.9, 178.8))
POLAR = ((88.9, 0.0), (89.2, 70.0), (88.8, 150.0), (89.1, -130.0), (89.0, -60.0), (88.9, 0.0))
LONLAT = ((44.0, 10.0), (44.0, 10.9), (44.6, 11.0), (44.7, 10.1), (44.0, 10.0))
ROAD = ((33.5, 38.6), (33.62, 38.3), (33.6, 37.9), (33.78, 37.68))


@dataclass(frozen=True)
class Case:
    """A shape, the reference for it, and how to throw places near its edge."""

    name: str
    shape: Shape
    edge_m: Callable[[Place], float]
    throw: Callable[[np.random.Generator], Place]


def _along(ring: tuple[Place, ...]) -> Callable[[np.random.Generator], Place]:
    def throw(rng: np.random.Generator) -> Place:
        i = int(rng.integers(len(ring) - 1))
        return reference.beside(ring[i], ring[i + 1], rng)

    return throw


def _on_circle(
    centre: Place, radii: tuple[float, ...], bearings: tuple[float, float]
) -> Callable[[np.random.Generator], Place]:
    def throw(rng: np.random.Generator) -> Place:
        foot = reference.WGS84.Direct(*centre, float(rng.uniform(*bearings)), float(rng.choice(radii)))
        return reference.off((foot["lat2"], foot["lon2"]), rng)

    return throw


def _around_sector(rng: np.random.Generator) -> Place:
    if rng.random() < 0.5:
        return _on_circle((33.5, 38.6), (20_000.0, 55_000.0), (292.5, 337.5))(rng)
    bearing = float(rng.choice([292.5, 337.5]))
    ends = [reference.WGS84.Direct(33.5, 38.6, bearing, length) for length in (20_000.0, 55_000.0)]
    return reference.beside((ends[0]["lat2"], ends[0]["lon2"]), (ends[1]["lat2"], ends[1]["lon2"]), rng)


def _beside_road(rng: np.random.Generator) -> Place:
    """Off the straight stretches and the ends; at a bend the inner edge of a corridor is not where its distance says."""
    i = int(rng.integers(len(ROAD) - 1))
    whole = reference.WGS84.Inverse(*ROAD[i], *ROAD[i + 1])
    foot = reference.WGS84.Direct(*ROAD[i], whole["azi1"], whole["s12"] * float(rng.uniform(0.1, 0.9)))
    edge = reference.WGS84.Direct(foot["lat2"], foot["lon2"], foot["azi2"] + float(rng.choice([-90.0, 90.0])), 1500.0)
    return reference.off((edge["lat2"], edge["lon2"]), rng)


def _beside_lonlat(rng: np.random.Generator) -> Place:
    i, share = int(rng.integers(len(LONLAT) - 1)), float(rng.choice([0.0, rng.random()]))
    (lat0, lon0), (lat1, lon1) = LONLAT[i], LONLAT[i + 1]
    return reference.off((lat0 + share * (lat1 - lat0), lon0 + share * (lon1 - lon0)), rng)


CASES = (
    Case("circle, 55 km", Circle(33.50583, 38.61778, 55_000.0), lambda p: reference.circle_edge_m((33.50583, 38.61778), 55_000.0, p), _on_circle((33.50583, 38.61778), (55_000.0,), (0, 360))),
    Case("circle at the pole, 300 km", Circle(89.5, 12.0, 300_000.0), lambda p: reference.circle_edge_m((89.5, 12.0), 300_000.0, p), _on_circle((89.5, 12.0), (300_000.0,), (0, 360))),
    Case("polygon with a hole, geodesic", Polygon(((SQUARE_KM, HOLE),)), lambda p: reference.polygon_edge_m([SQUARE_KM, HOLE], p), lambda rng: _along(SQUARE_KM if rng.random() < 0.6 else HOLE)(rng)),
    Case("polygon across the antimeridian, geodesic", Polygon(((NORTHERN,),)), lambda p: reference.polygon_edge_m([NORTHERN], p), _along(NORTHERN)),
    Case("polygon around the pole, geodesic", Polygon(((POLAR,),)), lambda p: reference.polygon_edge_m([POLAR], p), _along(POLAR)),
    Case("polygon, straight in lon/lat", Polygon(((LONLAT,),), "lonlat"), lambda p: reference.lonlat_polygon_edge_m(LONLAT, p), _beside_lonlat),
    Case("sector with an inner radius", Sector(33.5, 38.6, 55_000.0, 292.5, 337.5, 20_000.0), lambda p: reference.sector_edge_m((33.5, 38.6), 55_000.0, 292.5, 337.5, 20_000.0, p), _around_sector),
    Case("corridor, half-width 1.5 km", Corridor(ROAD, 1_500.0), lambda p: reference.corridor_edge_m(ROAD, 1_500.0, p), _beside_road),
)  # fmt: skip


@dataclass(frozen=True)
class Comparison:
    """Ours against the reference over places near the edge, after rounding them to 1e-7 degree."""

    name: str
    places: int
    largest_difference_m: float
    wrong_side: int
    wrong_count: int


def compare(case: Case, places: int, seed: int) -> Comparison:
    """`wrong_side`: the sign differs where the reference is more than 1 mm from the edge; `wrong_count`: counted as
    inside (edge tolerance included) by one only, where the reference is more than 1 mm from that line."""
    rng = np.random.default_rng(seed)
    thrown = [case.throw(rng) for _ in range(places)]
    expected = np.array([case.edge_m(place) for place in thrown])
    lat, lon = np.array(thrown).T
    found = case.shape.edge_m(lat, np.where(lon >= 180.0, lon - 360.0, lon))
    return Comparison(
        case.name,
        places,
        float(np.abs(found - expected).max()),
        _wrong(found, expected, 0.0),
        _wrong(found, expected, EDGE_TOLERANCE_M),
    )


def _wrong(found: npt.NDArray[np.float64], expected: npt.NDArray[np.float64], line_m: float) -> int:
    decided = np.abs(expected - line_m) > 0.001
    return int(np.sum(((found <= line_m) != (expected <= line_m)) & decided))


def largest_power_of_ten_m(length_m: float) -> float:
    """The power of ten at or above a length, for stating an error."""
    return 10.0 ** math.ceil(math.log10(max(length_m, 1e-12)))

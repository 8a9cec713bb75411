"""The cells against asking every shape about every position: the same pairs, to the last one.

Positions are thrown where an index may go wrong: on vertices, at 1e-16 to 1e-4 degree and at a metre from edges, on the
borders of cells and tiles, at the poles and at the antimeridian.
"""

from __future__ import annotations

import runpy
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from keepclear.geo import earth
from keepclear.geo.cells import block, crossing, ecef, locate, whole
from keepclear.geo.estimates import estimate
from keepclear.geo.index import ZoneIndex
from keepclear.geo.shapes import Circle, Corridor, Polygon, Sector, Shape
from tests.near_edges import HOLE, LONLAT, NORTHERN, POLAR, ROAD, SQUARE_KM
from tests.places_of_data import shared_file

# Corners and edges on the borders of tiles and cells, corners that are the lowest, highest, western- and easternmost of their rings.
ON_TILES = ((33.0, 38.0), (33.0, 39.0), (33.5, 39.0), (34.0, 38.5), (33.5, 38.25), (33.25, 38.0), (33.0, 38.0))
STAR = ((10.0, 20.0), (10.4, 20.1), (10.9, 20.0), (10.5, 20.3), (10.45, 20.9), (10.3, 20.35), (10.0, 20.0))
WESTERN = ((-17.0, 179.2), (-17.0, 180.0), (-16.2, 180.0), (-16.1, 179.5), (-17.0, 179.2))
EASTERN = ((-17.0, -180.0), (-17.1, -179.3), (-16.2, -180.0), (-17.0, -180.0))
LONG = ((40.0, -5.0), (44.0, 12.0), (52.0, 3.0), (40.0, -5.0))
COMB = (
    (5.0, 5.0), *((5.001 + 0.0005 * (k % 2), 5.0 + 0.00002 * k) for k in range(1, 60)), (5.001, 5.3), (5.0, 5.3), (5.0, 5.0)
)  # fmt: skip

SHAPES: dict[str, Shape] = {
    "circle": Circle(33.50583, 38.61778, 55_000.0),
    "circle of 50 m": Circle(33.25, 38.25, 50.0),
    "circle at the antimeridian": Circle(-16.5, 179.9, 30_000.0),
    "circle about the pole": Circle(89.9, 12.0, 120_000.0),
    "circle of 3000 km": Circle(40.0, 10.0, 3_000_000.0),
    "geodesic with a hole": Polygon(((SQUARE_KM, HOLE),)),
    "geodesic on tiles": Polygon(((ON_TILES,),)),
    "geodesic star": Polygon(((STAR,),)),
    "geodesic at the antimeridian": Polygon(((NORTHERN,),)),
    "geodesic about the pole": Polygon(((POLAR,),)),
    "geodesic with edges of 1000 km": Polygon(((LONG,),)),
    "geodesic comb": Polygon(((COMB,),)),
    "lonlat": Polygon(((LONLAT,),), "lonlat"),
    "lonlat with a hole": Polygon(((SQUARE_KM, HOLE),), "lonlat"),
    "lonlat on tiles": Polygon(((ON_TILES,),), "lonlat"),
    "lonlat star": Polygon(((STAR,),), "lonlat"),
    "lonlat cut at the antimeridian": Polygon(((WESTERN,), (EASTERN,)), "lonlat"),
    "lonlat with edges of 1000 km": Polygon(((LONG,),), "lonlat"),
    "lonlat comb": Polygon(((COMB,),), "lonlat"),
    "lonlat near the pole": Polygon(((((86.4, 10.0), (86.4, 11.0), (86.5, 10.5), (86.4, 10.0)),),), "lonlat"),
    "sector": Sector(33.5, 38.6, 55_000.0, 292.5, 337.5, 20_000.0),
    "corridor": Corridor(ROAD, 1_500.0),
}
REACHES_M = (0.0, 3_000.0)
OFFSETS_DEG = (0.0, 1e-16, 1e-14, 1e-12, 1e-10, 1e-9, 1e-8, 2e-8, 3e-8, 1e-7, 1e-6, 9e-6, 1e-5, 1e-4)


def thrown(shape: Shape, seed: int, count: int = 1500) -> tuple[np.ndarray, np.ndarray]:
    """Positions about the edge of a shape, and on borders of cells near it; every third pair of degrees in whole 1e-7."""
    rng = np.random.default_rng(seed)
    if isinstance(shape, Polygon):
        rings = [np.array(ring) for part in shape.parts for ring in part]
        a, b = np.concatenate([ring[:-1] for ring in rings]), np.concatenate([ring[1:] for ring in rings])
        k = rng.integers(len(a), size=count)
        share = rng.choice([0.0, 0.5, 1.0, 0.25, 2.0], count) * rng.choice([1.0, 1.0, 0.31], count)
        share = np.where(share > 1, rng.random(count), share)[:, None]
        foot_lat, foot_lon = (a[k] + share * (b[k] - a[k])).T
        if shape.edges == "geodesic":
            length_m, azimuth = earth.inverse(*a[k].T, *b[k].T)
            along = earth.step_along(a[k, 0], a[k, 1], azimuth, share[:, 0] * length_m)
            foot_lat, foot_lon = (
                np.where(share[:, 0] % 1 == 0, x, y) for x, y in zip((foot_lat, foot_lon), along, strict=True)
            )
    else:
        lat, lon = (np.concatenate(column) for column in zip(*shape.outline(), strict=True))
        k = rng.integers(len(lat), size=count)
        foot_lat, foot_lon = lat[k], lon[k]
        if isinstance(shape, Circle):
            foot_lat, foot_lon = earth.step_along(shape.lat, shape.lon, rng.uniform(0, 360, count), shape.radius_m)
    away = rng.choice(OFFSETS_DEG, (2, count)) * rng.choice([-1.0, 0.0, 1.0], (2, count))
    lat, lon = foot_lat + away[0], foot_lon + away[1]
    # Onto borders of cells and tiles, some a hair beside them.
    per_degree = 2.0 * 2.0 ** rng.integers(0, 7, count)
    on_lat, on_lon = rng.random((2, count)) < 0.1
    lat = np.where(on_lat, np.rint(lat * per_degree) / per_degree + rng.choice([0.0, 1e-15, -1e-15, 1e-9], count), lat)
    lon = np.where(on_lon, np.rint(lon * per_degree) / per_degree + rng.choice([0.0, 1e-15, -1e-15, 1e-9], count), lon)
    third = rng.random(count) < 0.3
    lat, lon = (np.where(third, np.round(column, 7), column) for column in (lat, lon))
    wide_lat, wide_lon = rng.uniform(-90, 90, 200), rng.uniform(-180, 180, 200)
    odd_lat, odd_lon = (
        np.array([90.0, -90.0, 90.0, 0.0, 0.0, -17.0, -16.5]),
        np.array([0.0, 180.0, 12.0, 180.0, -180.0, -180.0, 180.0]),
    )
    lat, lon = np.concatenate([lat, wide_lat, odd_lat]), np.concatenate([lon, wide_lon, odd_lon])
    lon = np.where(np.abs(lon) > 180.0, earth.wrapped_lon(lon), lon)
    return np.clip(lat, -90.0, 90.0), lon


def inside(shape: Shape, lat: np.ndarray, lon: np.ndarray) -> np.ndarray:
    """The closed set by brute force: GEOS on the rings as given, or the signed distance."""
    if isinstance(shape, Polygon) and shape.edges == "lonlat":
        flipped = [[np.array(ring)[:, ::-1] for ring in part] for part in shape.parts]
        parts = [shapely.Polygon(shell, holes) for shell, *holes in flipped]
        other_lon = np.where(np.abs(lon) == 180.0, -lon, lon)
        return np.any([shapely.intersects_xy(part, x, lat) for part in parts for x in (lon, other_lon)], axis=0)
    return edge_m(shape, lat, lon) <= 0.0


def edge_m(shape: Shape, lat: np.ndarray, lon: np.ndarray) -> np.ndarray:
    """The signed distance; outside the circle about the shape a position is outside.

    Seen from the far side of the earth the two pieces at a sharp corner are one, and `Shape.edge_m` may take the wrong side."""
    centre_lat, centre_lon, radius_m = shape.around()
    near = earth.distance_m(centre_lat, centre_lon, lat, lon) <= radius_m + 1.0
    found = shape.edge_m(lat, lon)
    return np.where(near, found, np.abs(found))


def as_table(pairs: tuple[np.ndarray, np.ndarray], rows: int, zones: int) -> np.ndarray:
    table = np.zeros((rows, zones), bool)
    table[pairs] = True
    return table


@pytest.mark.parametrize("name", SHAPES)
def test_a_position_is_in_a_zone_where_the_shape_itself_says_so(name):
    shape = SHAPES[name]
    lat, lon = thrown(shape, seed=1)
    for reach_m in REACHES_M:
        row, zone = ZoneIndex([(shape, reach_m)]).containing(lat, lon)
        assert np.array_equal(row, np.flatnonzero(inside(shape, lat, lon)))
        assert not zone.any()


def test_all_zones_together_and_in_whole_e7_give_each_pair_once_and_in_order():
    shapes = list(SHAPES.values())
    lat, lon = (np.concatenate(column) for column in zip(*(thrown(shape, 2, 300) for shape in shapes), strict=True))
    lat_e7, lon_e7 = (np.rint(column * 1e7).astype(np.int32) for column in (lat, lon))
    index = ZoneIndex([(shape, REACHES_M[k % 2]) for k, shape in enumerate(shapes)])
    for ask_lat, ask_lon, degrees in ((lat, lon, (lat, lon)), (lat_e7, lon_e7, (lat_e7 / 1e7, lon_e7 / 1e7))):
        row, zone = index.containing(ask_lat, ask_lon)
        expected = np.stack([inside(shape, *degrees) for shape in shapes], axis=1)
        assert np.array_equal(np.stack([row, zone]), np.array(np.nonzero(expected)))


def test_however_the_rows_are_cut_the_pairs_are_the_same():
    index = ZoneIndex([(shape, 0.0) for shape in SHAPES.values()])
    rng = np.random.default_rng(3)
    lat, lon = rng.uniform(30, 36, 140_000), rng.uniform(36, 41, 140_000)
    expected = index.containing(lat, lon)
    with ThreadPoolExecutor(2) as pool:
        shared_out = index.containing(lat, lon, pool)
    pieces = [(index.containing(lat[a : a + 9_973], lon[a : a + 9_973]), a) for a in range(0, len(lat), 9_973)]
    assert all(np.array_equal(a, b) for a, b in zip(shared_out, expected, strict=True))
    assert np.array_equal(np.concatenate([row + first for (row, _), first in pieces]), expected[0])
    assert np.array_equal(np.concatenate([zone for (_, zone), _ in pieces]), expected[1])


@pytest.mark.parametrize("name", SHAPES)
def test_the_estimate_is_no_farther_from_the_distance_than_it_says(name):
    shape = SHAPES[name]
    reach_m = 3_000.0
    index = ZoneIndex([(shape, reach_m)])
    cells = index.cells
    lat, lon = thrown(shape, seed=4, count=150)
    bearing = np.random.default_rng(5).uniform(0, 360, len(lat))
    far = earth.step_along(lat, lon, bearing, 10 ** np.random.default_rng(6).uniform(0, 4, len(lat)))
    lat, lon = np.concatenate([lat, far[0]]), np.concatenate([lon, far[1]])
    known = 0
    for at_lat, at_lon, true_m in zip(lat.tolist(), lon.tolist(), edge_m(shape, lat, lon).tolist(), strict=True):
        place = locate(cells, at_lat, at_lon)
        first, last = crossing(cells, place)
        south, north, west, east = block(cells, at_lat, at_lon)
        assert south - 1e-9 <= at_lat <= north + 1e-9
        assert west - 1e-9 <= at_lon <= east + 1e-9
        if first == last:
            listed = np.diff(whole(cells, place))[0]
            assert bool(listed) == (true_m < 0)
            assert abs(true_m) > reach_m
            continue
        estimated_m, error_m = estimate(cells, first, at_lat, at_lon, *ecef(at_lat, at_lon))
        if np.isfinite(estimated_m):
            assert abs(estimated_m - true_m) <= error_m
            known += 1
        elif np.isinf(estimated_m):
            assert (estimated_m > 0) == (true_m > 0)
            assert abs(true_m) > reach_m - 0.01
    asked = isinstance(shape, Sector | Corridor) or ("pole" in name and "circle" not in name) or "3000" in name
    assert known or asked


@pytest.mark.parametrize("name", SHAPES)
def test_candidates_are_never_too_few(name):
    shape = SHAPES[name]
    lat, lon = thrown(shape, seed=7, count=300)
    lat, lon = np.concatenate([lat, np.clip(lat + 0.02, -90, 90)]), np.concatenate([lon, lon])
    beyond_m = np.where(np.arange(len(lat)) % 3 == 0, 2_500.0, 0.0)
    row, _ = ZoneIndex([(shape, 500.0)]).candidates(lat, lon, beyond_m)
    assert np.isin(np.flatnonzero(edge_m(shape, lat, lon) <= 500.0 + beyond_m), row).all()
    assert np.all(np.diff(row) >= 0)


@st.composite
def zones(draw):
    """A zone near the antimeridian, so that tiles of both sides of the map are touched."""
    lat, lon = draw(st.floats(-20, -14)), draw(st.floats(178.5, 181.5))
    lon = lon - 360.0 if lon > 180.0 else lon
    size_m = draw(st.floats(500, 120_000))
    kind = draw(st.sampled_from(["circle", "sector", "corridor", "geodesic", "lonlat"]))
    shape: Shape = Circle(lat, lon, size_m)
    if kind == "sector":
        shape = Sector(lat, lon, size_m, 10.0, 200.0, size_m / 3)
    elif kind != "circle":
        bearings = np.array([10.0, 95.0, 160.0, 290.0])
        ring_lat, ring_lon = earth.step_along(lat, lon, bearings, size_m * np.array([1.0, 0.6, 1.0, 0.8]))
        if kind == "lonlat":
            ring_lon = np.clip(
                ring_lon if lon < 0 else np.mod(ring_lon, 360.0), -180.0 if lon < 0 else 0.0, 180.0 if lon > 0 else -0.1
            )
        ring = tuple(zip(ring_lat.tolist(), ring_lon.tolist(), strict=True))
        shape = Corridor(ring, size_m / 8) if kind == "corridor" else Polygon((((*ring, ring[0]),),), kind)
    return shape, draw(st.sampled_from([0.0, 2_000.0]))


@settings(max_examples=15)
@given(
    st.lists(st.tuples(st.integers(0, 6), st.none() | zones()), min_size=3, max_size=14), st.lists(zones(), max_size=3)
)
def test_an_index_that_was_changed_answers_like_one_built_anew(edits, first):
    index, now = ZoneIndex(first), list(first)
    rng = np.random.default_rng(8)
    lat, lon = rng.uniform(-21, -13, 1500), earth.wrapped_lon(rng.uniform(177, 183, 1500))
    for number, zone in edits:
        if zone is None and number < len(now):
            now[number] = None
            index.remove(number)
        elif zone is not None:
            at = min(number, len(now))
            now[at:] = [zone, *now[at + 1 :]]
            index.put(at, *zone)
    live = [k for k, zone in enumerate(now) if zone is not None]
    row, zone_number = ZoneIndex([now[k] for k in live]).containing(lat, lon)
    changed = index.containing(lat, lon)
    assert np.array_equal(changed[0], row)
    assert np.array_equal(changed[1], np.array(live, dtype=int)[zone_number])
    table = as_table(index.candidates(lat, lon, np.full(len(lat), 100.0)), len(lat), len(now))
    for k in live:
        shape, reach_m = now[k]
        assert table[edge_m(shape, lat, lon) <= reach_m + 100.0, k].all()


def test_rows_that_no_tile_uses_are_given_back():
    index = ZoneIndex(
        [(Circle(10.0, 20.0, 40_000.0), 0.0), (Polygon(((STAR,),)), 0.0), (Polygon(((STAR,),), "lonlat"), 0.0)]
    )
    lat, lon = np.random.default_rng(9).uniform((9.5, 19.5), (11.0, 21.0), (500, 2)).T
    before, sizes = index.containing(lat, lon), []
    for _ in range(12):
        index.put(0, Circle(10.0, 20.0, 40_000.0), 0.0)
        sizes.append(len(index.cells.cell))
    assert max(sizes) <= 3 * min(sizes)
    assert sizes[-1] < sum(sizes) / 2
    assert all(np.array_equal(a, b) for a, b in zip(index.containing(lat, lon), before, strict=True))


@pytest.mark.parametrize("count", [1, 100, 1000])
def test_the_zones_of_the_benchmark_hold_the_positions_that_geos_and_karney_say(count):
    workload = runpy.run_path(str(shared_file("bench/workload.py")))
    given_zones, positions = workload["zones"](count), workload["positions"](20_000)
    lat, lon = positions["lat"], positions["lon"]
    expected = np.zeros((len(lat), count), bool)
    shapes: list[Shape] = []
    for zone in given_zones:
        if zone.kind == "circle":
            shapes.append(Circle(zone.lat, zone.lon, zone.radius_m))
            near = np.flatnonzero(np.abs(lat - zone.lat) < zone.radius_m / 110_000)
            expected[near, zone.id] = earth.distance_m(zone.lat, zone.lon, lat[near], lon[near]) <= zone.radius_m
        else:
            ring = [(float(y), float(x)) for x, y in zone.ring]
            shapes.append(Polygon((((*ring, ring[0]),),), "lonlat"))
            polygon = shapely.Polygon(zone.ring)
            shapely.prepare(polygon)
            expected[:, zone.id] = shapely.intersects_xy(polygon, lon, lat)
    found = ZoneIndex([(shape, 0.0) for shape in shapes]).containing(lat, lon)
    assert np.array_equal(np.array(found), np.array(np.nonzero(expected)))

"""Many shapes measured at once answer what each answers when it is asked alone."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from keepclear.agreements.atlas import Atlas, Zone
from keepclear.geo import earth
from keepclear.geo.gaussian import behind_edges
from keepclear.geo.measuring import Measures
from keepclear.geo.pieces import Pieces
from keepclear.geo.shapes import Circle, Corridor, Polygon, Sector, Shape
from keepclear.watch.evidence import Weighed, weigh
from tests.builders import reports
from tests.near_edges import CASES

# Poles, the antimeridian, the equator, and what lies between.
latitudes = st.sampled_from([-90.0, 90.0, 89.9, 0.0]) | st.floats(-88.0, 88.0)
longitudes = st.sampled_from([-180.0, 180.0, 179.99, 0.0]) | st.floats(-180.0, 180.0)
sizes_m = st.floats(2.0, 5.3).map(lambda power: 10.0**power)
edge_kinds = st.sampled_from(["geodesic", "lonlat"])


def ring_about(lat: float, lon: float, size_m: float, shares: list[float]) -> tuple[tuple[float, float], ...]:
    bearings = -360.0 * np.arange(len(shares)) / len(shares)
    ring_lat, ring_lon = earth.step_along(lat, lon, bearings, size_m * np.array(shares))
    ring = list(zip(ring_lat.round(7).tolist(), ring_lon.round(7).tolist(), strict=True))
    return (*ring, ring[0])


@st.composite
def shapes(draw: st.DrawFn) -> Shape:
    lat, lon, size_m = draw(latitudes), draw(longitudes), draw(sizes_m)
    kind = draw(st.sampled_from(["circle", "sector", "polygon", "corridor"]))
    if kind == "circle":
        return Circle(lat, lon, size_m)
    if kind == "sector":
        first, span = draw(st.floats(0.0, 360.0)), draw(st.sampled_from([20.0, 90.0, 180.0, 300.0, 360.0]))
        sides = (0.0, 360.0) if span == 360.0 else (first, (first + span) % 360.0)
        return Sector(lat, lon, size_m, *sides, size_m * draw(st.sampled_from([0.0, 0.3])))
    # Straight in longitude and latitude has no meaning round a pole or across the antimeridian.
    edges = draw(edge_kinds) if abs(lat) < 80.0 and abs(lon) < 160.0 else "geodesic"
    if kind == "polygon":
        shares = draw(st.lists(st.floats(0.3, 1.0), min_size=4, max_size=12))
        return Polygon(((ring_about(lat, lon, size_m, shares),),), edges)
    turns = draw(st.lists(st.sampled_from([-120.0, -30.0, 0.0, 0.02, 1.0, 2.5, 90.0]), max_size=3))
    line, bearing = [(lat, float(earth.wrapped_lon(lon)))], draw(st.floats(0.0, 360.0))
    for turn in [0.0, *turns]:
        bearing += turn
        next_lat, next_lon = earth.step_along(*line[-1], bearing, size_m)
        line.append((float(next_lat), float(next_lon)))
    return Corridor(tuple(line), size_m * draw(st.sampled_from([0.01, 0.1, 0.5])), edges)


@st.composite
def places(draw: st.DrawFn, shape: Shape) -> tuple[float, float]:
    """On the outline, a little off it, at a vertex or the middle, or anywhere."""
    lat, lon, radius_m = shape.around()
    where = draw(st.sampled_from(["outline", "outline", "middle", "anywhere"]))
    if where == "middle":
        return lat, lon
    if where == "anywhere":
        return draw(latitudes), draw(longitudes)
    ring = shape.outline()[0]
    corner = draw(st.integers(0, len(ring[0]) - 1))
    off_m = draw(st.sampled_from([0.0, 1e-6, 0.01, 1.0, 300.0, radius_m / 3]))
    found = earth.step_along(ring[0][corner], ring[1][corner], draw(st.floats(0.0, 360.0)), off_m)
    digits = draw(st.sampled_from([7, 15]))
    return round(float(found[0]), digits), round(float(found[1]), digits)


@st.composite
def batches(draw: st.DrawFn):
    """Shapes, and pairs of a shape's number and a place about it, in no order."""
    zones = draw(st.lists(shapes(), min_size=1, max_size=5))
    number = draw(st.lists(st.integers(0, len(zones) - 1), min_size=1, max_size=12))
    lat, lon = np.array([draw(places(zones[n])) for n in number]).T
    return zones, np.array(number), lat, lon


def asked_alone(zones: list[Shape], number, lat, lon):
    return np.array([zones[n].edge_m(lat[[i]], lon[[i]])[0] for i, n in enumerate(number)])


@given(batches())
def test_every_distance_has_the_bits_it_has_when_the_shape_is_asked_alone(batch):
    zones, number, lat, lon = batch
    found = Measures(zones).edge_m(number, lat, lon)
    assert found.tobytes() == asked_alone(zones, number, lat, lon).tobytes()


@given(latitudes, longitudes, st.floats(3.0, 6.3), st.lists(st.floats(0.003, 1.0), min_size=4, max_size=9), st.data())
def test_whoever_is_farther_off_than_a_polygon_is_wide_is_outside(lat, lon, power, shares, data):
    size_m = 10.0**power
    ring = ring_about(lat, lon, size_m, shares)
    assume(len(set(ring)) == len(ring) - 1)
    polygon = Polygon(((ring,),))
    bearing = data.draw(st.lists(st.floats(0.0, 360.0), min_size=30, max_size=30))
    off_m = np.linspace(1.1 * size_m, 1.95e7, 30)
    assert np.all(polygon.edge_m(*earth.step_along(lat, lon, bearing, off_m)) > 0)


def test_on_the_other_side_of_the_earth_nobody_is_inside():
    ring = (
        (-0.013, -0.006),
        (-0.019, -0.0088),
        (-0.023, -0.0066),
        (-0.029, 0.0006),
        (-0.025, 0.0074),
        (-0.013, -0.006),
    )
    lat, lon = np.meshgrid(np.linspace(-0.04, 0.04, 81), np.linspace(-0.04, 0.04, 81))
    lon = np.where(lon > 0, lon - 180.0, lon + 180.0)
    assert np.all(Polygon(((ring,),)).edge_m(lat.ravel(), lon.ravel()) > 0)


AT_THE_ANTIPODE = ([Sector(90.0, -180.0, 100.0, 0.0, 20.0)], np.array([0]), np.array([-90.0]), np.array([-180.0]))


@given(batches(), st.sampled_from([0.5, 30.0, 100.0, 3_000.0]))
@example(AT_THE_ANTIPODE, 0.5)
def test_every_probability_is_the_one_of_the_shape_asked_alone(batch, sigma_m):
    zones, number, lat, lon = batch
    edge_m = asked_alone(zones, number, lat, lon)
    found = Measures(zones).gaussian_inside(number, lat, lon, np.full(len(number), sigma_m), edge_m)
    alone = [zones[n].gaussian_inside(lat[i], lon[i], sigma_m, edge_m[i]) for i, n in enumerate(number)]
    assert found == pytest.approx(alone, abs=1e-6)


@given(batches())
def test_what_was_asked_before_does_not_change_an_answer(batch):
    zones, number, lat, lon = batch
    asked_before = Measures(zones)
    one_by_one = [asked_before.edge_m(number[[i]], lat[[i]], lon[[i]])[0] for i in reversed(range(len(number)))]
    assert Measures(zones).edge_m(number, lat, lon).tolist() == one_by_one[::-1]
    assert asked_before.edge_m(number, lat, lon).tolist() == one_by_one[::-1]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_places_thrown_near_an_edge_are_measured_alike(case):
    rng = np.random.default_rng(11)
    lat, lon = np.array([case.throw(rng) for _ in range(60)]).T
    lon = np.where(lon >= 180.0, lon - 360.0, lon)
    everywhere = Measures([other.shape for other in CASES])
    number = np.full(60, CASES.index(case))
    edge_m, sigma_m = everywhere.edge_m(number, lat, lon), 10.0 ** rng.uniform(-1, 4, 60)
    assert edge_m.tolist() == case.shape.edge_m(lat, lon).tolist()
    found = everywhere.gaussian_inside(number, lat, lon, sigma_m, edge_m)
    alone = [case.shape.gaussian_inside(*point) for point in zip(lat, lon, sigma_m, edge_m, strict=True)]
    assert found == pytest.approx(alone, abs=1e-6)


def test_no_pairs_and_no_shapes_have_no_answers():
    nothing, no_number = np.empty(0), np.empty(0, dtype=np.intp)
    for measures in (Measures([]), Measures([case.shape for case in CASES])):
        assert len(measures.edge_m(no_number, nothing, nothing)) == 0
        assert len(measures.gaussian_inside(no_number, nothing, nothing, nothing, nothing)) == 0


# --- the search ---


@pytest.fixture(scope="module")
def coast() -> Polygon:
    """A jagged ring of 20,000 vertices about a pole of its own bays, 60 km across."""
    turn = np.linspace(0.0, 2 * math.pi, 20_000, endpoint=False)
    out = 0.2 * (1 + 0.4 * np.sin(9 * turn) + 0.02 * np.sin(1_700 * turn))
    ring = list(zip((33.0 + out * np.sin(turn)).tolist(), (38.0 + out * np.cos(turn)).tolist(), strict=True))
    return Polygon((((*ring, ring[0]),),))


def test_a_polygon_of_many_vertices_is_searched_through_and_through(coast):
    rng = np.random.default_rng(3)
    vertex = rng.integers(20_000, size=60)
    near = [earth.surface_point(coast.boundary.vertex[vertex])[axis] + rng.normal(0, 1e-4, 60) for axis in (0, 1)]
    far = [rng.uniform(32.0, 34.0, 40), rng.uniform(37.0, 39.0, 40)]
    lat, lon = (np.concatenate(column) for column in zip(near, far, strict=True))
    found = Measures([coast]).edge_m(np.zeros(100, dtype=np.intp), lat, lon)
    assert found.tolist() == coast.edge_m(lat, lon).tolist()
    assert 20 < np.sum(found < 0) < 80


@pytest.mark.parametrize("reach_m", [0.01, 700.0, 30_000.0])
def test_the_pieces_within_reach_are_all_found_once_and_in_order(coast, reach_m):
    before = Corridor(((50.0, 1.0), (50.1, 1.0)), 10.0).axis
    pieces = Pieces()
    _, searched = pieces.add([before, coast.boundary])
    lat, lon = earth.surface_point(coast.boundary.vertex[[7, 9_000, 15_000]])
    lat = lat + np.array([0.0, 1e-3, 0.3])
    whose, piece, _ = pieces.within(np.full(3, searched), lat, lon, np.full(3, reach_m))
    for i in range(3):
        x, y = coast.boundary.plane(float(lat[i]), float(lon[i]))
        x0, y0, x1, y1 = x, y, np.roll(x, -1), np.roll(y, -1)
        along = np.clip(-(x0 * (x1 - x0) + y0 * (y1 - y0)) / ((x1 - x0) ** 2 + (y1 - y0) ** 2), 0.0, 1.0)
        expected = np.flatnonzero(np.hypot(x0 + along * (x1 - x0), y0 + along * (y1 - y0)) <= reach_m)
        assert (piece[whose == i] - len(before.start)).tolist() == expected.tolist()


def test_a_corridor_that_bends_by_two_degrees_is_weighed_as_bent():
    corridor = Corridor(((33.0, 38.0), (33.2, 38.0), (33.4, 38.01)), 5_000.0)
    bearings = np.linspace(0.0, 350.0, 36)
    lat, lon = earth.step_along(33.2, 38.0, bearings, 5_000.0 + np.linspace(-200.0, 200.0, 36))
    number, sigma_m, edge_m = np.zeros(36, dtype=np.intp), np.full(36, 100.0), corridor.edge_m(lat, lon)
    found = Measures([corridor]).gaussian_inside(number, lat, lon, sigma_m, edge_m)
    alone = [corridor.gaussian_inside(*point) for point in zip(lat, lon, sigma_m, edge_m, strict=True)]
    assert found == pytest.approx(alone, abs=1e-9)


# --- probabilities where the exact edge and the drawn one part ---


def probability(shape: Shape, lat: float, lon: float, sigma_m: float) -> float:
    number, at = np.zeros(1, dtype=np.intp), (np.array([lat]), np.array([lon]))
    return float(Measures([shape]).gaussian_inside(number, *at, np.array([sigma_m]), shape.edge_m(*at))[0])


@given(st.tuples(*[st.integers(-800, 800).map(lambda n: n / 100)] * 4), st.sampled_from([2, 7, 40, 400]))
def test_what_lies_behind_an_edge_lies_behind_its_parts(edge, parts):
    assume(abs(edge[0] * edge[3] - edge[1] * edge[2]) > 1e-6)  # not through the middle itself
    share = np.linspace(0.0, 1.0, parts + 1)[:, None]
    cut = np.array(edge[:2]) * (1 - share) + np.array(edge[2:]) * share
    whole = behind_edges(np.array([edge]))[0]
    assert np.sum(behind_edges(np.hstack([cut[:-1], cut[1:]]))) == pytest.approx(whole, abs=1e-12)


@given(st.floats(2.0, 88.0), st.floats(-0.02, 0.02))
def test_within_centimetres_of_an_arc_about_half_of_the_error_is_inside(bearing, beyond_m):
    sector = Sector(33.5, 38.6, 55_000.0, 0.0, 90.0)
    lat, lon = earth.step_along(33.5, 38.6, bearing, 55_000.0 + beyond_m)
    assert probability(sector, float(lat), float(lon), 10.0) == pytest.approx(0.5, abs=0.002)


@given(st.floats(-5.0, 5.0))
def test_beside_a_wide_corridor_about_half_of_the_error_is_inside(beyond_m):
    corridor = Corridor(((0.0, 38.0), (0.0, 45.0)), 100_000.0)
    lat, lon = earth.step_along(0.0, 41.5, 0.0, 100_000.0 + beyond_m)
    assert probability(corridor, float(lat), float(lon), 1_000.0) == pytest.approx(0.5, abs=0.005)


@given(st.floats(10.0, 350.0), latitudes, longitudes)
def test_at_the_apex_of_a_sector_the_share_inside_is_its_angle(span, lat, lon):
    sector = Sector(lat, lon, 50_000.0, 20.0, (20.0 + span) % 360.0)
    assert probability(sector, lat, lon, 100.0) == pytest.approx(span / 360.0, abs=1e-4)


# --- in the watch ---


@given(batches(), st.lists(st.sampled_from([None, 0.0, 5.0, 800.0]), min_size=12, max_size=12))
def test_a_report_says_of_a_zone_the_same_whatever_zones_stand_beside_it(batch, errors_m):
    zones = [Zone(f"z{i}", shape, band_mm=500_000 * i) for i, shape in enumerate(batch[0])]
    places_asked = zip(batch[2].tolist(), batch[3].tolist(), errors_m, strict=False)
    rows = reports(*({"seen": "10:00", "lat": lat, "lon": lon, "error_m": error} for lat, lon, error in places_asked))
    together = pairs_of(weigh(rows, Atlas.of(zones)))
    alone = [weigh(rows, Atlas.of(zone)) for zone in zones]
    assert together == {(row, n): said for n, one in enumerate(alone) for (row, _), said in pairs_of(one).items()}


def pairs_of(weighed: Weighed):
    said = zip(weighed.edge_mm.tolist(), weighed.p_inside_e4.tolist(), weighed.evidence.tolist(), strict=True)
    return dict(zip(zip(weighed.report.tolist(), weighed.zone.tolist(), strict=True), said, strict=True))

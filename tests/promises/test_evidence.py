"""docs/spec/evidence.md: what one report says about one zone."""

from __future__ import annotations

import numpy as np
import pytest

from keepclear.agreements.atlas import Atlas, Zone
from keepclear.geo import earth
from keepclear.geo.shapes import Circle, Corridor, Polygon, Sector
from keepclear.geo.volumes import HeightBand
from keepclear.tracks.builder import BatchBuilder
from keepclear.watch.evidence import Evidence, weigh
from keepclear.watch.watch import Watch
from tests.builders import CENTRE, at, kestrel, reports


def one(zone, row):
    """What one report says about one zone: evidence, metres to the edge, probability; OUT where it is not said at all."""
    weighed = weigh(reports({"seen": "10:00"} | row), Atlas.of([zone]))
    if not len(weighed.report):
        return Evidence.OUT, None, 0.0
    return Evidence(weighed.evidence[0]), weighed.edge_mm[0] / 1000, weighed.p_inside_e4[0] / 10_000


def at_edge(offset_m, radius_m=10_000.0):
    """A latitude and longitude so far outside the edge of Kestrel Pass, to the east."""
    lat, lon = earth.step_along(*CENTRE, 90.0, radius_m + offset_m)
    return {"lat": float(lat), "lon": float(lon)}


@pytest.mark.promise("EVIDENCE-2")
@pytest.mark.parametrize("error_m", [None, 0.0, 10.0, 5_000.0])
@pytest.mark.parametrize(
    ("offset_m", "inside"), [(-50.0, True), (-0.05, True), (0.0, True), (0.05, False), (50.0, False)]
)
def test_the_reported_position_decides_whether_a_report_is_in(offset_m, inside, error_m):
    evidence, _, _ = one(kestrel(), at_edge(offset_m) | {"error_m": error_m})
    assert (evidence is Evidence.IN) == inside


@pytest.mark.promise("EVIDENCE-2", "EVIDENCE-8")
def test_an_event_within_a_centimetre_of_the_edge_counts_as_inside_and_is_marked():
    marked = []
    for offset_m in (-0.004, 0.004, 0.03):
        marked += [
            (p.what, p.flags)
            for p in Watch([kestrel()]).observe(reports({"seen": "10:00"} | at_edge(offset_m))).presence
        ]
    assert marked == [("entered", ("on_edge",))] * 2


@pytest.mark.promise("EVIDENCE-3")
@pytest.mark.parametrize(("km", "evidence"), [(14.9, Evidence.NEAR), (15.2, Evidence.OUT)])
def test_within_the_band_is_near(km, evidence):
    assert one(kestrel(band_mm=5_000_000), {"km": km})[0] is evidence


@pytest.mark.promise("EVIDENCE-3")
@pytest.mark.parametrize(("offset_m", "evidence"), [(160.0, Evidence.NEAR), (170.0, Evidence.OUT)])
def test_one_chance_in_twenty_by_a_stated_error_is_near_even_without_a_band(offset_m, evidence):
    assert one(kestrel(), at_edge(offset_m) | {"error_m": 100.0})[0] is evidence


@pytest.mark.promise("EVIDENCE-5")
def test_an_assumed_error_is_shown_and_does_not_decide():
    evidence, _, p_inside = one(kestrel(), at_edge(50.0) | {"error_m": 100.0})
    assert evidence is Evidence.NEAR
    assert p_inside == pytest.approx(0.308, abs=0.002)
    assert one(kestrel(), at_edge(50.0))[0] is Evidence.OUT
    entered = Watch([kestrel()]).observe(reports({"seen": "10:00"} | at_edge(-50.0))).presence[0]
    assert entered.error_assumed
    assert entered.sight.p_inside_e4 == pytest.approx(6906, abs=20)


@pytest.mark.promise("EVIDENCE-4")
@pytest.mark.parametrize("sigma_m", [20.0, 300.0, 2_000.0, 9_000.0])
@pytest.mark.parametrize(
    "shape",
    [
        Circle(*CENTRE, 1_000.0),
        Sector(*CENTRE, 3_000.0, 300.0, 30.0, 500.0),
        Sector(*CENTRE, 3_000.0, 0.0, 360.0, 2_500.0),
        Corridor((CENTRE, (33.52, 38.65), (33.49, 38.7)), 800.0),
        Polygon(((((33.5, 38.6), (33.5, 38.63), (33.52, 38.63), (33.505, 38.61), (33.52, 38.6), (33.5, 38.6)),),)),
        Polygon(((((33.45, 38.55), (33.45, 38.65), (33.55, 38.65), (33.55, 38.55), (33.45, 38.55)), ((33.49, 38.59), (33.51, 38.59), (33.51, 38.61), (33.49, 38.61), (33.49, 38.59))),)),
    ],
    ids=["circle", "sector", "ring", "corridor", "concave polygon", "polygon with a hole"],
)  # fmt: skip
def test_the_probability_inside_is_the_share_of_a_hundred_thousand_draws(shape, sigma_m):
    rng = np.random.default_rng(7)
    lat, lon = shape.spread(40)
    for at_lat, at_lon in [(lat[0] + 0.004, lon[0] + 0.003), (lat[20] - 0.002, lon[20]), (lat[9], lon[9])]:
        edge_m = float(shape.edge_m(np.array([at_lat]), np.array([at_lon]))[0])
        east_m, north_m = rng.normal(0.0, sigma_m, (2, 100_000))
        drawn = earth.step_along(at_lat, at_lon, np.degrees(np.arctan2(east_m, north_m)), np.hypot(east_m, north_m))
        share = np.mean(shape.edge_m(*drawn) <= 0)
        assert shape.gaussian_inside(float(at_lat), float(at_lon), sigma_m, edge_m) == pytest.approx(share, abs=0.008)


def area_report(shape):
    builder = BatchBuilder()
    builder.add(subject="Bravo 1", seen_at_us=at("10:00"), lat=CENTRE[0], lon=CENTRE[1], area=shape)
    return builder.build()


@pytest.mark.promise("EVIDENCE-6")
@pytest.mark.parametrize(
    ("area", "what", "p_inside"),
    [
        (Sector(*CENTRE, 9_000.0, 292.5, 337.5), "entered", 1.0),
        (Sector(*CENTRE, 14_000.0, 292.5, 337.5), "entered", (10 / 14) ** 2),
        (Sector(*CENTRE, 20_000.0, 292.5, 337.5), "came close", (10 / 20) ** 2),
        (Sector(*CENTRE, 20_000.0, 0.0, 360.0, 10_500.0), "came close", 0.0),
        (Sector(*CENTRE, 90_000.0, 0.0, 360.0, 60_000.0), None, 0.0),
    ],
)
def test_a_report_of_an_area_counts_by_the_share_of_it_that_is_inside(area, what, p_inside):
    events = Watch([kestrel(band_mm=1_000_000)]).observe(area_report(area)).presence
    assert [event.what for event in events] == ([what] if what else [])
    for event in events:
        assert event.sight.p_inside_e4 / 10_000 == pytest.approx(p_inside, abs=0.03)
        assert event.sight.edge_mm <= event.sight.edge_far_mm


@pytest.mark.promise("EVIDENCE-7")
@pytest.mark.parametrize(
    ("row", "inside"),
    [
        ({}, True),
        ({"height_m": 1500.0, "datum": "W84"}, True),
        ({"height_m": 3000.0, "datum": "W84"}, True),
        ({"height_m": 3001.0, "datum": "W84"}, False),
        ({"height_m": 3050.0, "datum": "MSL"}, True),
        ({"height_m": 3150.0, "datum": "MSL"}, False),
        ({"height_m": 9000.0, "datum": "AGL"}, True),
        ({"height_m": 9000.0}, True),
        ({"height_m": 900.0, "datum": "W84"}, False),
    ],
)
def test_only_a_height_that_is_certainly_outside_the_band_takes_a_report_out(row, inside):
    zone = kestrel(height=HeightBand(1_000_000, 3_000_000, "W84"))
    assert (one(zone, {"km": 5} | row)[0] is Evidence.IN) == inside


@pytest.mark.promise("EVIDENCE-1")
def test_no_zone_is_missed_wherever_on_earth_it_is():
    rng = np.random.default_rng(3)
    lat, lon = np.degrees(np.arcsin(rng.uniform(-1, 1, 400))), rng.uniform(-180, 180, 400)
    circles = [Circle(float(a), float(o), float(10 ** rng.uniform(4, 6.69))) for a, o in zip(lat, lon, strict=True)]
    builder = BatchBuilder()
    for i in range(300):
        builder.add(subject=f"Bravo {i}", seen_at_us=at("10:00"), lat=float(lat[i]), lon=float(rng.uniform(-180, 180)))
    batch = builder.build()
    weighed = weigh(batch, Atlas.of(Zone(f"z{i}", circle) for i, circle in enumerate(circles)))
    found = set(zip(weighed.report.tolist(), weighed.zone.tolist(), strict=True))
    expected = {
        (int(row), number)
        for number, circle in enumerate(circles)
        for row in np.flatnonzero(earth.distance_m(circle.lat, circle.lon, batch.lat, batch.lon) <= circle.radius_m)
    }
    assert found == expected
    assert len(expected) > 1000


@pytest.mark.promise("EVIDENCE-4")
@pytest.mark.parametrize("sigma_m", [100.0, 200.0])
def test_a_corridor_that_closes_on_itself_has_the_probability_of_its_draws(sigma_m):
    turn = np.radians(np.arange(0, 361, 20))
    ring = [(33.5 + 300 / 110_900 * np.cos(t), 38.6 + 300 / 93_000 * np.sin(t)) for t in turn]
    loop = Corridor(tuple((float(lat), float(lon)) for lat, lon in ring), 50.0)
    rng = np.random.default_rng(11)
    east_m, north_m = rng.normal(0.0, sigma_m, (2, 100_000))
    drawn = earth.step_along(*CENTRE, np.degrees(np.arctan2(east_m, north_m)), np.hypot(east_m, north_m))
    edge_m = float(loop.edge_m(np.array([33.5]), np.array([38.6]))[0])
    assert loop.gaussian_inside(*CENTRE, sigma_m, edge_m) == pytest.approx(np.mean(loop.edge_m(*drawn) <= 0), abs=0.008)


@pytest.mark.promise("EVIDENCE-6", "EVIDENCE-3")
def test_the_nearest_place_of_an_area_is_not_missed_between_the_points_it_is_judged_by():
    lat, lon = earth.step_along(*CENTRE, 0.0, 10_000.0 + 4_400.0 + 30_000.0)
    events = Watch([kestrel(band_mm=5_000_000)]).observe(area_report(Circle(float(lat), float(lon), 30_000.0))).presence
    assert [event.what for event in events] == ["came close"]
    assert events[0].sight.edge_mm == pytest.approx(4_400_000, abs=20_000)


@pytest.mark.promise("EVIDENCE-6")
def test_an_area_that_holds_a_small_zone_may_be_inside_it():
    events = Watch([kestrel(1.0, band_mm=5_000_000)]).observe(area_report(Circle(*CENTRE, 30_000.0))).presence
    assert events[0].sight.edge_mm <= -990_000


def test_an_area_thinner_than_any_lattice_is_judged_by_its_outline():
    sliver = Polygon(((((33.5, 38.0), (33.5, 48.0), (33.50001, 48.0), (33.5, 38.0)),),))
    assert len(sliver.spread(400)[0])
    assert len(Watch([kestrel()]).observe(area_report(sliver)).verdicts) == 1


@pytest.mark.parametrize(("lat", "lon"), [(0.0, 179.5), (-33.5, -141.4), (60.0, -140.0), (-80.0, 38.6)])
def test_places_on_the_other_side_of_the_earth_are_outside_and_as_far_as_they_are(lat, lon):
    square = Polygon(((((33.4, 38.5), (33.4, 38.7), (33.6, 38.7), (33.6, 38.5), (33.4, 38.5)),),))
    edge_m = float(square.edge_m(np.array([lat]), np.array([lon]))[0])
    assert edge_m == pytest.approx(float(earth.distance_m(lat, lon, 33.5, 38.6)), abs=16_000)

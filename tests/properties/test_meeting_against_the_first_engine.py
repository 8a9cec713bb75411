"""Courses followed by the kernel meet edges when the first engine says so, step by step and shape by shape."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepclear.geo import earth
from keepclear.geo.measuring import Measures
from keepclear.geo.shapes import Circle, Corridor, Polygon, Sector
from keepclear.tracks.motion import Motion
from keepclear.watch.approach import TimeToEdge, times_to_edge
from tests.first_engine import approach as first_engine
from tests.near_edges import CASES

FLAT = ((60.0, 170.0), (60.0, 179.0), (64.0, 179.5), (61.0, 175.0), (60.0, 170.0))
SHAPES = (
    *(case.shape for case in CASES),
    Circle(-89.99, 12.0, 40.0),
    Sector(10.0, 179.9, 80_000.0, 300.0, 60.0),
    Sector(-45.0, -180.0, 30_000.0, 0.0, 360.0, 10_000.0),
    Polygon(((FLAT,),), "lonlat"),
    Corridor(((0.0, 179.0), (0.5, -179.5), (-0.5, -179.0)), 7_000.0),
)
MEASURES = Measures(SHAPES)
HORIZONS_S = (60.0, 3_600.0, 86_400.0)
S = 1e-6


@st.composite
def courses(draw: st.DrawFn) -> tuple[int, Motion, float]:
    """Head-on, past, along the edge, from inside, or standing; a shape's number, the course and a horizon."""
    number = draw(st.integers(0, len(SHAPES) - 1))
    shape, edge = SHAPES[number], draw(st.integers(0, 10_000))
    ring_lat, ring_lon = shape.outline()[0]
    at, following = edge % len(ring_lat), (edge + 1) % len(ring_lat)
    aim = ring_lat[at], ring_lon[at]
    how = draw(st.sampled_from(["head-on", "past", "along", "inside", "standing"]))
    bearing = draw(st.floats(0.0, 360.0))
    if how == "inside":
        lat, lon = (column[edge % len(column)] for column in shape.spread(30))
    elif how == "along":
        lat, lon = earth.step_along(*aim, bearing, draw(st.sampled_from([0.5, 5.0, 200.0])))
        aim = ring_lat[following], ring_lon[following]
    else:
        lat, lon = earth.step_along(*aim, bearing, 10.0 ** draw(st.floats(0.0, 5.7)))
    turned = draw(st.floats(-40.0, 40.0)) if how in {"past", "inside"} else 0.0
    course = float(earth.inverse(lat, lon, *aim)[1]) + turned
    speed = draw(st.sampled_from([0.0, 0.29])) if how == "standing" else draw(st.sampled_from([0.4, 3.0, 15.0, 240.0]))
    doubts = draw(st.sampled_from([0.0, 0.1, 0.6])) * speed
    sigma = draw(st.sampled_from([0.0, 10.0, 400.0]))
    motion = Motion(float(lat), float(earth.wrapped_lon(lon)), sigma, speed, course % 360.0, doubts)
    return number, motion, draw(st.sampled_from(HORIZONS_S))


def seconds(found: TimeToEdge | None) -> list[float]:
    """Infinite for what does not happen."""
    return [np.inf] * 3 if found is None else [np.inf if s is None else s for s in found]


def follow_alone(number: int, motion: Motion, horizon_s: float) -> TimeToEdge | None:
    return first_engine.time_to_edge(SHAPES[number], motion, horizon_s)


@given(st.lists(courses(), min_size=1, max_size=6))
def test_every_course_meets_its_edge_when_the_first_engine_says(asked):
    found = times_to_edge(MEASURES, *map(list, zip(*asked, strict=True)))
    for one, (number, motion, horizon_s) in zip(found, asked, strict=True):
        expected = follow_alone(number, motion, horizon_s)
        assert seconds(one) == pytest.approx(seconds(expected), rel=0, abs=S)


def towards(shape_number: int, share: float, miss: float) -> Motion:
    """From 20 km off a circle's edge towards so much of its radius beside the centre."""
    circle = SHAPES[shape_number]
    assert isinstance(circle, Circle)
    lat, lon = earth.step_along(circle.lat, circle.lon, 360.0 * share, circle.radius_m + 20_000.0)
    aside = np.degrees(np.arcsin(miss * circle.radius_m / (circle.radius_m + 20_000.0)))
    bearing = float(earth.inverse(lat, lon, circle.lat, circle.lon)[1])
    return Motion(float(lat), float(lon), 10.0, 8.0, bearing + float(aside), 0.2)


@pytest.mark.parametrize("miss", [0.0, 0.9, 0.999, 0.99999, 1.0, 1.00001, 1.0001, 1.01])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_course_that_grazes_is_followed_for_the_same_steps(miss, share):
    motion = towards(0, share, miss)
    found = times_to_edge(MEASURES, [0], [motion], [36_000.0])[0]
    assert seconds(found) == pytest.approx(seconds(follow_alone(0, motion, 36_000.0)), rel=0, abs=S)


def test_the_courses_above_meet_may_meet_and_miss():
    head_on, grazing, past = times_to_edge(
        MEASURES, [0] * 3, [towards(0, 0.5, miss) for miss in (0.0, 0.999, 1.01)], [36_000.0] * 3
    )
    assert head_on is not None
    assert head_on.soonest_s < head_on.expected_s < head_on.latest_s
    assert grazing is not None
    assert grazing.latest_s is None
    assert past is None


def test_no_courses_have_no_answers():
    assert times_to_edge(MEASURES, [], [], []) == []

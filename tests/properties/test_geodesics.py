"""The compiled geodesics against GeographicLib, which shares no code with them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from geographiclib.geodesic import Geodesic
from hypothesis import example, given
from hypothesis import strategies as st

from keepclear.geo import earth
from keepclear.geo.geodesics import along, course, inverse, inverses

WGS84 = Geodesic.WGS84
NM = 1e-9

# Poles, the equator, the antimeridian, places beside them, and what lies between.
latitudes = st.sampled_from([-90.0, 90.0, 0.0, 89.9999999, -1e-7]) | st.floats(-90.0, 90.0)
longitudes = st.sampled_from([-180.0, 180.0, 0.0, 179.9999999, -1e-7]) | st.floats(-180.0, 180.0)
azimuths = st.sampled_from([0.0, 90.0, 180.0, 270.0]) | st.floats(0.0, 360.0, exclude_max=True)
lengths_m = st.just(0.0) | st.floats(-6.0, 7.301).map(lambda power: 10.0**power)


def apart_m(here: tuple[float, float], there: tuple[float, float]) -> float:
    return float(WGS84.Inverse(*here, *there)["s12"])


@given(latitudes, longitudes, azimuths, lengths_m)
def test_a_distance_is_that_of_geographiclib_from_a_micrometre_to_the_antipode(lat, lon, azimuth, length):
    there = WGS84.Direct(lat, lon, azimuth, length)
    expected_m = apart_m((lat, lon), (there["lat2"], there["lon2"]))
    found_m, _ = inverse(lat, lon, there["lat2"], there["lon2"])
    assert found_m == pytest.approx(expected_m, rel=0, abs=20 * NM)


@given(latitudes, longitudes, latitudes, longitudes)
@example(0.0, 0.0, 0.0, 179.5)
@example(0.0, 0.0, 0.0, 180.0)
@example(30.0, 0.0, -30.0, 179.9)
@example(-30.0, 10.0, 29.9, -170.2)
@example(0.0, -5.0, 1e-9, 175.0)
@example(90.0, 0.0, -90.0, 77.0)
@example(90.0, 0.0, 90.0, 77.0)
def test_between_any_two_places_the_azimuth_leads_to_the_second_after_the_distance(lat, lon, to_lat, to_lon):
    found_m, azimuth = inverse(lat, lon, to_lat, to_lon)
    assert found_m == pytest.approx(apart_m((lat, lon), (to_lat, to_lon)), rel=0, abs=20 * NM)
    there = WGS84.Direct(lat, lon, azimuth, found_m)
    assert apart_m((there["lat2"], there["lon2"]), (to_lat, to_lon)) < 500 * NM


@given(st.floats(-90.0, 90.0), longitudes, st.floats(-1.0, 1.0), st.floats(-1.0, 1.0), st.integers(0, 9))
def test_next_to_the_antipode_the_distance_is_that_of_geographiclib(lat, lon, north, east, digits):
    to_lat = min(max(-lat + north / 10**digits, -90.0), 90.0)
    to_lon = float(earth.wrapped_lon(lon + 180.0 + east / 10**digits))
    found_m, _ = inverse(lat, lon, to_lat, to_lon)
    assert found_m == pytest.approx(apart_m((lat, lon), (to_lat, to_lon)), rel=0, abs=20 * NM)


@given(latitudes, longitudes)
def test_from_a_place_to_itself_it_is_nothing(lat, lon):
    assert inverse(lat, lon, lat, lon) == (0.0, 0.0)


@given(latitudes, longitudes, azimuths, lengths_m)
def test_a_place_along_a_course_is_that_of_geographiclib(lat, lon, azimuth, length):
    there = WGS84.Direct(lat, lon, azimuth, length)
    found = along(course(lat, lon, azimuth), length)
    assert -90.0 <= found[0] <= 90.0
    assert -180.0 <= found[1] <= 180.0
    assert apart_m(found, (there["lat2"], there["lon2"])) < 20 * NM


def test_columns_have_the_bits_of_their_rows_and_azimuths_from_north_clockwise():
    rng = np.random.default_rng(7)
    lat, to_lat = rng.uniform(-90, 90, (2, 200))
    lon, to_lon = rng.uniform(-180, 180, (2, 200))
    found_m, azimuth = inverses(lat, lon, to_lat, to_lon)
    for i in range(200):
        one_m, one = inverse(lat[i], lon[i], to_lat[i], to_lon[i])
        assert (found_m[i], azimuth[i]) == (one_m, one % 360.0)


@given(latitudes, longitudes, azimuths, lengths_m)
def test_proj_says_the_same(lat, lon, azimuth, length):
    to_lat, to_lon = (float(place) for place in earth.step_along(lat, lon, azimuth, length))
    proj_m, _ = earth.inverse(lat, lon, to_lat, to_lon)
    assert inverse(lat, lon, to_lat, to_lon)[0] == pytest.approx(float(proj_m), rel=0, abs=20 * NM)
    assert math.isfinite(to_lon)

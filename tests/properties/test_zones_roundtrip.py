"""Whatever a zone file holds, reading it gives faults and raises nothing; what is written is read again as it was."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from keepclear.agreements.atlas import Zone
from keepclear.agreements.pattern_terms import (
    COUNT_MAX,
    CirclingTerms,
    ClosingTerms,
    Expected,
    MannedTerms,
    MassingTerms,
    PatrolTerms,
    PatternTerms,
)
from keepclear.agreements.terms import Entry, Notice, PresenceTerms
from keepclear.cli.drawing import zone_drawing
from keepclear.feeds.zone_shapes import SHAPE_NAMES
from keepclear.feeds.zone_terms import DURATION_US_MAX, TERM_NAMES, TEXT_CHARS_MAX
from keepclear.feeds.zones import PROPERTY_NAMES, read_zones, write_zones
from keepclear.geo.bands import band_rings
from keepclear.geo.shapes import RADIUS_M_MAX, Circle, Corridor, Polygon, Sector, Shape
from keepclear.geo.volumes import HeightBand
from keepclear.ground.errors import Refused
from keepclear.ground.instants import EARLIEST_US, LATEST_US, Window

# --- rubbish ---

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(
        ["55 km", "34 mile", "0 m", "15 min", "geodesic", "2031-03-04T06:00:00Z", "band", "AGL", "1e9 km"]
    )
    | st.sampled_from([10**400, -(10**20), 1e308, 0, 360])
)
patterns_ours = (
    "massing",
    "circling",
    "patrol",
    "closing",
    "observed_every",
    "expected",
    "manned",
    "within",
    "every",
    "by",
)
ours = ("lower", "upper", "datum", "from", "until", "m", "n", "margin", "hold", "party", "where", "notice", "reference")
names = st.sampled_from([*PROPERTY_NAMES, *ours, *patterns_ours, "type", "id", "coordinates"]) | st.text(max_size=5)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(names, inner, max_size=5), max_leaves=20
)
kinds = st.sampled_from(["Point", "LineString", "Polygon", "MultiPolygon", "GeometryCollection", ""])
degrees = st.floats(-200, 200) | st.integers(-200, 200) | scalars
positions = st.lists(degrees, max_size=4)
coordinates = (
    positions | st.lists(positions, max_size=6) | st.lists(st.lists(positions, max_size=6), max_size=3) | anything
)
geometries = st.fixed_dictionaries({"type": kinds, "coordinates": coordinates}) | anything
some_properties = st.dictionaries(st.sampled_from(PROPERTY_NAMES) | names, anything, max_size=6) | anything
features = st.fixed_dictionaries(
    {"type": st.just("Feature"), "id": anything, "geometry": geometries, "properties": some_properties}
)
files = st.fixed_dictionaries(
    {"type": st.just("FeatureCollection"), "features": st.lists(features | anything, max_size=4)},
    optional={"keepclear": anything, "crs": anything, "name": anything},
)


@given(files | anything)
@example({"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": {"type": {}}}]})
def test_any_json_is_read_without_an_exception_and_a_refusal_has_a_place(value):
    zone_file = read_zones(json.dumps(value).encode())
    assert all(fault.path and fault.key and fault.what for fault in zone_file.faults)
    assert zone_file.ok or any(fault.severity == "error" for fault in zone_file.faults)
    json.dumps([str(fault) for fault in zone_file.faults], ensure_ascii=False).encode()


@given(st.binary(max_size=200))
def test_any_bytes_are_read_without_an_exception(data):
    assert not read_zones(data).ok


@given(files, st.integers(0, 400), st.binary(max_size=3))
def test_a_file_with_bytes_exchanged_is_read_without_an_exception(value, place, instead):
    data = json.dumps(value).encode()
    read_zones(data[:place] + instead + data[place + len(instead) :])


# --- zones ---

latitudes, longitudes = st.floats(-90, 90), st.floats(-180, 180)
radii = st.floats(1e-3, RADIUS_M_MAX)
lines_of_text = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=TEXT_CHARS_MAX)
words = lines_of_text.map(str.strip).filter(bool)
millimetres = st.integers(0, int(RADIUS_M_MAX) * 1000)
durations_us = st.integers(0, DURATION_US_MAX)
instants_us = st.integers(EARLIEST_US, LATEST_US - 1)


def made(build: Any, *parts: Any) -> Any:
    """What `build` makes of the parts; those that it refuses are not tried."""
    try:
        return build(*parts)
    except Refused:
        assume(False)
        raise


def box(lat: float, lon: float, high: float, wide: float) -> tuple[tuple[float, float], ...]:
    return ((lat, lon), (lat, lon + wide), (lat + high, lon + wide), (lat + high, lon), (lat, lon))


@st.composite
def polygons(draw: st.DrawFn) -> Polygon:
    parts = []
    for column in range(draw(st.integers(1, 3))):
        lat, lon = draw(st.floats(-80, 70)), draw(st.floats(-179, -170)) + 40 * column
        high, wide = draw(st.floats(0.01, 5)), draw(st.floats(0.01, 20))
        shell = box(lat, lon, high, wide)
        hole = box(lat + high / 3, lon + wide / 3, high / 3, wide / 3)
        rings = (shell, hole) if draw(st.booleans()) else (shell,)
        parts.append(tuple(ring[::-1] if draw(st.booleans()) else ring for ring in rings))
    return made(Polygon, tuple(parts), draw(st.sampled_from(["geodesic", "lonlat"])))


circles = st.builds(Circle, latitudes, longitudes, radii)
bearings = st.floats(0, 360)
sectors = st.tuples(latitudes, longitudes, radii, bearings, bearings, st.just(0.0) | radii).map(
    lambda parts: made(Sector, *parts)
)
corridors = st.tuples(
    st.lists(st.tuples(latitudes, longitudes), min_size=2, max_size=4).map(tuple),
    radii,
    st.just("geodesic"),
).map(lambda parts: made(Corridor, *parts))
shapes: st.SearchStrategy[Shape] = circles | sectors | corridors | polygons()

heights_mm = st.none() | st.integers(-12_000_000, 1_000_000_000)
heights = st.tuples(heights_mm, heights_mm, st.sampled_from(["W84", "MSL", "AGL"])).filter(
    lambda height: height[:2] != (None, None)
)
windows = st.tuples(st.none() | instants_us, st.none() | instants_us).filter(lambda ends: ends != (None, None))
some_windows = windows.map(lambda ends: made(Window, *ends))
notices = st.builds(Notice, some_windows, st.just("") | words)
entries = st.builds(
    Entry, words, st.sampled_from(["inside", "band"]), st.none() | st.lists(notices, max_size=2).map(tuple)
)
presences = st.tuples(st.integers(1, 64), st.integers(1, 64), millimetres, durations_us, st.none() | durations_us).map(
    lambda parts: made(PresenceTerms, *parts)
)
some_time, some_way, some_number = (
    st.integers(1, DURATION_US_MAX), st.integers(1, int(RADIUS_M_MAX) * 1000), st.integers(2, COUNT_MAX)
)  # fmt: skip
patterns = st.builds(
    PatternTerms,
    massing=st.none() | st.builds(MassingTerms, some_number, some_time, st.sampled_from(["inside", "band"])),
    circling=st.none() | st.builds(CirclingTerms, st.floats(90.0, 3600.0), some_time, some_way),
    patrol=st.none() | st.builds(PatrolTerms, some_time, some_way, some_way),
    closing=st.none() | st.builds(ClosingTerms, some_number, some_way, some_time, some_way),
    observed_every_us=st.none() | some_time,
    expected=st.lists(st.builds(Expected, words, some_time), max_size=2, unique_by=lambda e: e.subject).map(tuple),
    manned=st.none() | st.builds(MannedTerms, some_number, st.lists(words, max_size=2).map(tuple), some_time),
)
zones = st.builds(
    Zone,
    words,
    shapes,
    name=st.just("") | words,
    band_mm=millimetres,
    height=st.none() | heights.map(lambda parts: made(HeightBand, *parts)),
    window=st.just(Window()) | some_windows,
    presence=st.just(PresenceTerms()) | presences,
    may_enter=st.lists(entries, max_size=3, unique_by=lambda entry: (entry.party, entry.where)).map(tuple),
    dwell_us=st.none() | durations_us,
    approach_us=st.none() | durations_us,
    patterns=st.just(PatternTerms()) | patterns,
)


@given(st.lists(zones, min_size=1, max_size=3, unique_by=lambda zone: zone.id))
def test_zones_that_are_written_are_read_again_as_the_same_zones(some):
    read = read_zones(json.dumps(write_zones(some)).encode())
    assert [fault for fault in read.faults if fault.severity == "error"] == []
    assert read.zones == tuple(some)


@given(zones)
def test_what_is_written_uses_only_names_that_are_read(zone):
    written: Any = write_zones([zone])
    assert set(written["features"][0]["properties"]) <= {*SHAPE_NAMES, *TERM_NAMES}


@given(zones)
@settings(max_examples=40)
def test_every_zone_can_be_drawn(zone):
    drawing = zone_drawing(zone)
    assert drawing.rings
    for lat, lon in (*drawing.rings, *drawing.band_rings):
        assert len(lat) == len(lon) >= 3
        assert abs(lat).max() <= 90.0


short_corridors = st.builds(
    lambda lat, lon, north, east, half_width_m: Corridor(((lat, lon), (lat + north, lon + east)), half_width_m),
    st.floats(-60, 60),
    st.floats(-170, 170),
    st.floats(0.01, 1),
    st.floats(-1, 1),
    st.floats(1, 50_000),
)


# A ring has thousands; of each shape others are looked at.
POINTS_OF_A_RING = 64


@given(
    polygons() | st.builds(Circle, latitudes, longitudes, st.floats(1, 500_000)) | short_corridors,
    st.floats(10, 50_000),
)
def test_a_band_is_drawn_at_its_width_from_the_edge(shape, band_m):
    sag_m = shape.half_width_m / 1000 if isinstance(shape, Corridor) else 0.1
    for lat, lon in band_rings(shape, band_m):
        some = np.linspace(0, len(lat) - 1, POINTS_OF_A_RING).astype(int)
        assert shape.edge_m(lat[some], lon[some]) == pytest.approx(band_m, rel=0.02, abs=sag_m)

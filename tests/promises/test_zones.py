"""docs/spec/zones.md: a file becomes zones, and everything that is wrong with it is told."""

from __future__ import annotations

import json
import re
import time
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from keepclear.agreements.atlas import Atlas, Zone
from keepclear.agreements.terms import Attributed, Entry, Notice, PresenceTerms, permission
from keepclear.feeds.findings import FAULTS_MAX
from keepclear.feeds.zones import (
    ZONE_FILE_BYTES_MAX,
    ZONES_MAX,
    ZoneFile,
    ZoneFileRefused,
    load_zones,
    read_zones,
    write_zones,
)
from keepclear.geo import earth
from keepclear.geo.rings import VERTICES_MAX
from keepclear.geo.shapes import Circle, Corridor, Polygon, Sector
from keepclear.geo.volumes import DATUMS, HeightBand
from keepclear.ground.errors import Refused
from keepclear.ground.instants import Window, parse_instant
from keepclear.tracks.builder import BatchBuilder
from keepclear.watch.evidence import Evidence, weigh
from keepclear.watch.watch import Watch

PAGE = Path(__file__).parents[2] / "docs" / "spec" / "zones.md"
CENTRE = [8.5673, 46.5591]
SQUARE = [[8.0, 46.0], [9.0, 46.0], [9.0, 47.0], [8.0, 47.0], [8.0, 46.0]]
FEATURE = "$.features[0]"


def point(*coordinates: float) -> dict[str, Any]:
    return {"type": "Point", "coordinates": list(coordinates or CENTRE)}


def line(*positions: list[float]) -> dict[str, Any]:
    return {"type": "LineString", "coordinates": list(positions) or [[8.0, 46.0], [9.0, 46.5]]}


def polygon(*rings: list[list[float]]) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": list(rings) or [SQUARE]}


def feature(geometry: Any = None, /, id: Any = "kestrel", **properties: Any) -> dict[str, Any]:
    """A circle of 12 km, unless a geometry is given."""
    if geometry is None:
        geometry, properties = point(), {"radius": "12 km"} | properties
    return {"type": "Feature", "id": id, "geometry": geometry, "properties": properties}


def collection(*features: Any, **members: Any) -> bytes:
    return json.dumps({"type": "FeatureCollection", "features": list(features)} | members).encode()


def found(data: bytes) -> list[tuple[str, str, str]]:
    return [(fault.severity, fault.path, fault.key) for fault in read_zones(data).faults]


def zone_of(*args: Any, **properties: Any) -> Zone:
    return load_zones(collection(feature(*args, **properties))).zones[0]


def edge_m(zone: Zone, lon: float, lat: float) -> float:
    return float(zone.shape.edge_m(np.array([lat]), np.array([lon]))[0])


# --- the example ---


@pytest.fixture(scope="module")
def example() -> ZoneFile:
    return read_zones((resources.files("keepclear.cli") / "kestrel_pass.geojson").read_bytes())


@pytest.mark.promise("ZONE-1")
def test_the_example_of_the_page_is_the_one_that_is_printed():
    block = re.search(r"```json\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert block is not None
    assert block[1] == (resources.files("keepclear.cli") / "kestrel_pass.geojson").read_text(encoding="utf-8")


@pytest.mark.promise("ZONE-1")
def test_the_example_means_what_its_descriptions_say(example):
    pass_, road, approach, station = example.zones
    day = Window(parse_instant("2031-03-04T05:00:00Z").us, parse_instant("2031-03-04T17:30:00Z").us)
    spring = Window(parse_instant("2031-03-01T00:00:00Z").us, parse_instant("2031-05-31T23:59:59Z").us)
    centre = (46.5591, 8.5673)

    assert example.faults == ()
    assert pass_ == Zone(
        "kestrel-pass",
        Circle(*centre, 12_000.0),
        name="Kestrel Pass",
        band_mm=5_000_000,
        presence=PresenceTerms(2, 3, 500_000, 300_000_000, 1_800_000_000),
        may_enter=(
            Entry("Alpha"),
            Entry("Northlight"),
            Entry("Bravo", "band"),
            Entry("Harbour Aid", notices=(Notice(day, "HA-117, passed on by Meridian"),)),
        ),
        dwell_us=900_000_000,
        approach_us=1_800_000_000,
    )
    assert road.shape == Corridor((centre, (46.6308, 8.6124), (46.6874, 8.5897)), 750.0)
    assert road.window == spring
    assert approach.shape == Sector(*centre, 15 * 1852.0, 300.0, 60.0, 12_000.0)
    assert approach.height == HeightBand(None, 914_400, "AGL")
    assert isinstance(station.shape, Polygon)
    assert station.shape.edges == "lonlat"
    assert edge_m(station, 8.7300, 46.4100) < 0 < edge_m(station, 8.7600, 46.4300)


@pytest.mark.promise("ZONE-1")
def test_the_words_of_the_file_are_kept_beside_the_zones(example):
    assert example.entered["kestrel-pass"] == {"radius": "12 km", "band": "5 km"}
    assert example.entered["kestrel-approach"] == {"radius": "15 NM", "inner_radius": "12 km"}


# --- every row of docs/bad-input.md that is one small feature ---

AT = f"{FEATURE}.properties"
PLACE = f"{FEATURE}.geometry.coordinates"
BAD_FEATURES: list[tuple[str, dict[str, Any], str]] = [
    ("zone.no_id", feature(id=None), FEATURE),
    ("zone.two_ids", {**feature(), "properties": {"id": "other", "radius": "12 km"}}, FEATURE),
    ("zone.id_kind", feature(id=True), FEATURE),
    ("zone.id_kind", feature(id=1.5), FEATURE),
    ("text.empty", feature(id="  "), FEATURE),
    ("text.too_long", feature(id="k" * 201), FEATURE),
    ("text.unprintable", feature(id="a\x1b[2J"), FEATURE),
    ("text.unprintable", feature(name="\ud800"), f"{AT}.name"),
    ("text.not_text", feature(name=7), f"{AT}.name"),
    ("geometry.missing", {**feature(), "geometry": None}, f"{FEATURE}.geometry"),
    (
        "geometry.kind",
        feature({"type": "MultiPoint", "coordinates": [CENTRE]}, radius="1 km"),
        f"{FEATURE}.geometry.type",
    ),
    ("geometry.kind", feature({"type": ["Point"], "coordinates": CENTRE}), f"{FEATURE}.geometry.type"),
    ("geometry.coordinates", feature({"type": "Polygon", "coordinates": 3}), PLACE),
    ("geometry.coordinates", feature({"type": "Polygon", "coordinates": [None]}), f"{PLACE}[0]"),
    ("geometry.coordinates", feature({"type": "MultiPolygon", "coordinates": [3]}), f"{PLACE}[0]"),
    ("geometry.coordinates", feature({"type": "LineString", "coordinates": "x"}, half_width="1 m"), PLACE),
    ("position.not_pair", feature({"type": "Point", "coordinates": ["8.5", "46.5"]}, radius="1 km"), PLACE),
    ("position.not_pair", feature(point(8.5), radius="1 km"), PLACE),
    ("position.not_pair", feature(point(8.5, True), radius="1 km"), PLACE),
    (
        "position.not_pair",
        feature({"type": "LineString", "coordinates": [[8, 46], 9]}, half_width="1 m"),
        f"{PLACE}[1]",
    ),
    ("position.lat_range", feature(point(46.5591, 108.5673), radius="1 km"), PLACE),
    ("position.lon_range", feature(point(208.5673, 46.5591), radius="1 km"), PLACE),
    ("position.not_finite", feature(point(8.5, 10**400), radius="1 km"), PLACE),
    ("position.range", feature(polygon([[8, 46], [9, 46], [46, 99], [8, 46]])), f"{PLACE}[0][2]"),
    ("polygon.self_crossing", feature(polygon([[8, 46], [9, 47], [9, 46], [8, 48], [8, 46]])), PLACE),
    ("polygon.not_closed", feature(polygon(SQUARE[:-1])), f"{PLACE}[0]"),
    ("polygon.ring_too_short", feature(polygon([[8, 46], [9, 46], [8, 46]])), f"{PLACE}[0]"),
    ("polygon.no_area", feature(polygon([[8, 46], [8, 47], [8, 46.5], [8, 46]])), f"{PLACE}[0]"),
    ("polygon.no_area", feature(polygon([[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]])), f"{PLACE}[0]"),
    ("polygon.rings_misplaced", feature(polygon(SQUARE, [[1, 1], [1, 2], [2, 2], [1, 1]])), PLACE),
    ("polygon.empty", feature({"type": "Polygon", "coordinates": []}), PLACE),
    ("polygon.empty", feature({"type": "MultiPolygon", "coordinates": [[], [SQUARE]]}), f"{PLACE}[0]"),
    ("corridor.too_short", feature(line([8, 46]), half_width="1 km"), PLACE),
    ("corridor.doubled_position", feature(line([8, 46], [8, 46]), half_width="1 km"), f"{PLACE}[1]"),
    ("position.lat_range", feature(line([8, 46], [46, 98]), half_width="1 km"), f"{PLACE}[1]"),
    (
        "shape.too_many_pieces",
        feature(line(*([x, 80 * (-1) ** x] for x in range(-60, 60))), half_width="1 km", edges="lonlat"),
        PLACE,
    ),
    ("radius.missing", feature(point()), f"{AT}.radius"),
    ("shape.radius_range", feature(radius="0 km"), f"{AT}.radius"),
    ("shape.radius_range", feature(radius="-12 km"), f"{AT}.radius"),
    ("shape.radius_range", feature(radius="12000 km"), f"{AT}.radius"),
    ("shape.radius_range", feature(radius=f"{'9' * 190} km"), f"{AT}.radius"),
    ("radius.diameter", feature(radius="34 mi wide"), f"{AT}.radius"),
    ("length.no_unit", feature(radius=12), f"{AT}.radius"),
    ("length.unreadable", feature(radius="12"), f"{AT}.radius"),
    ("length.unreadable", feature(radius="about 12 km"), f"{AT}.radius"),
    ("length.bare_mile", feature(radius="34 miles"), f"{AT}.radius"),
    ("length.unknown_unit", feature(radius="12 leagues"), f"{AT}.radius"),
    ("length.capital_m", feature(radius="55 M"), f"{AT}.radius"),
    ("text.too_long", feature(radius="1" * 10_000 + " km"), f"{AT}.radius"),
    ("half_width.missing", feature(line()), f"{AT}.half_width"),
    ("shape.half_width_range", feature(line(), half_width="0 m"), f"{AT}.half_width"),
    ("shape.edges", feature(line(), half_width="1 m", edges="flat"), f"{AT}.edges"),
    ("shape.edges", feature(polygon(), edges=["geodesic"]), f"{AT}.edges"),
    ("sector.side_missing", feature(from_deg=30), f"{AT}.to_deg"),
    ("sector.bearing", feature(from_deg=-30, to_deg=30), f"{AT}.from_deg"),
    ("sector.bearing", feature(from_deg=330, to_deg=390), f"{AT}.to_deg"),
    ("sector.empty", feature(from_deg=30, to_deg=30), f"{AT}.to_deg"),
    ("sector.inner_radius", feature(from_deg=30, to_deg=60, inner_radius="13 km"), f"{AT}.inner_radius"),
    ("number.not_number", feature(from_deg="30", to_deg=60), f"{AT}.from_deg"),
    ("number.not_finite", feature(from_deg=10**400, to_deg=60), f"{AT}.from_deg"),
    ("property.misplaced", feature(half_width="1 km"), f"{AT}.half_width"),
    ("property.misplaced", feature(polygon(), radius="1 km"), f"{AT}.radius"),
    ("property.misplaced", {**feature(), "may_enter": ["Alpha"]}, f"{FEATURE}.may_enter"),
    ("length.out_of_range", feature(band="-5 km"), f"{AT}.band"),
    ("length.out_of_range", feature(band=f"{'9' * 190} km"), f"{AT}.band"),
    ("length.no_unit", feature(band=5), f"{AT}.band"),
    ("json.not_object", feature(height="3000 ft"), f"{AT}.height"),
    ("height.datum", feature(height={"upper": "3000 ft"}), f"{AT}.height.datum"),
    ("height.datum", feature(height={"upper": "3000 ft", "datum": "QNH"}), f"{AT}.height.datum"),
    ("height.reversed", feature(height={"lower": "2 km", "upper": "1 km", "datum": "MSL"}), f"{AT}.height"),
    ("height.unbounded", feature(height={"lower": None, "datum": "MSL"}), f"{AT}.height"),
    ("height.out_of_range", feature(height={"upper": "3000 km", "datum": "MSL"}), f"{AT}.height.upper"),
    ("property.unknown", feature(height={"top": "1 km", "lower": "0 m", "datum": "MSL"}), f"{AT}.height.top"),
    ("window.reversed", feature(window={"from": "2031-03-05T00:00Z", "until": "2031-03-04T00:00Z"}), f"{AT}.window"),
    ("window.unbounded", feature(window={}), f"{AT}.window"),
    ("time.no_zone", feature(window={"from": "2031-03-04T06:00:00"}), f"{AT}.window.from"),
    ("time.unreadable", feature(window={"until": "2031-03-04"}), f"{AT}.window.until"),
    ("time.out_of_range", feature(window={"until": "1031-03-04T00:00Z"}), f"{AT}.window.until"),
    ("text.not_text", feature(window={"until": 1930000000}), f"{AT}.window.until"),
    ("presence.m_of_n", feature(presence={"m": 3, "n": 2}), f"{AT}.presence"),
    ("presence.m_of_n", feature(presence={"m": 1, "n": 65}), f"{AT}.presence"),
    ("number.not_count", feature(presence={"m": "2"}), f"{AT}.presence.m"),
    ("number.not_count", feature(presence={"m": True}), f"{AT}.presence.m"),
    ("length.out_of_range", feature(presence={"margin": "-1 m"}), f"{AT}.presence.margin"),
    ("duration.unreadable", feature(presence={"hold": 300}), f"{AT}.presence.hold"),
    ("property.unknown", feature(presence={"silent": "30 min"}), f"{AT}.presence.silent"),
    ("may_enter.not_list", feature(may_enter="Alpha"), f"{AT}.may_enter"),
    ("may_enter.twice", feature(may_enter=["Alpha", {"party": "Alpha", "notice": []}]), f"{AT}.may_enter[1]"),
    ("may_enter.where", feature(may_enter=[{"party": "Alpha", "where": "near"}]), f"{AT}.may_enter[0].where"),
    ("text.empty", feature(may_enter=[{"where": "band"}]), f"{AT}.may_enter[0].party"),
    ("text.not_text", feature(may_enter=[7]), f"{AT}.may_enter[0]"),
    ("property.unknown", feature(may_enter=[{"party": "Alpha", "notices": []}]), f"{AT}.may_enter[0].notices"),
    ("notice.not_list", feature(may_enter=[{"party": "Alpha", "notice": True}]), f"{AT}.may_enter[0].notice"),
    ("window.unbounded", feature(may_enter=[{"party": "A", "notice": [{}]}]), f"{AT}.may_enter[0].notice[0]"),
    ("json.not_object", feature(may_enter=[{"party": "A", "notice": ["x"]}]), f"{AT}.may_enter[0].notice[0]"),
    ("duration.unreadable", feature(dwell=15), f"{AT}.dwell"),
    ("duration.unreadable", feature(dwell="-15 min"), f"{AT}.dwell"),
    ("duration.unknown_unit", feature(approach="2 weeks"), f"{AT}.approach"),
    ("duration.too_long", feature(approach="36526 d"), f"{AT}.approach"),
    ("json.not_object", feature(patterns=["massing"]), f"{AT}.patterns"),
    ("json.not_object", feature(patterns={"massing": 3}), f"{AT}.patterns.massing"),
    ("property.unknown", feature(patterns={"masing": {}}), f"{AT}.patterns.masing"),
    ("property.unknown", feature(patterns={"patrol": {"for": "1 h"}}), f"{AT}.patterns.patrol.for"),
    ("pattern.range", feature(patterns={"massing": {"rise": 0}}), f"{AT}.patterns.massing"),
    ("pattern.range", feature(patterns={"massing": {"rise": 10**9}}), f"{AT}.patterns.massing"),
    ("pattern.range", feature(patterns={"circling": {"sweep_deg": 45}}), f"{AT}.patterns.circling"),
    ("pattern.range", feature(patterns={"closing": {"subjects": 1}}), f"{AT}.patterns.closing"),
    ("pattern.range", feature(patterns={"manned": {"min": 0}}), f"{AT}.patterns.manned"),
    ("pattern.nothing", feature(patterns={"massing": {"within": "0 h"}}), f"{AT}.patterns.massing"),
    ("pattern.nothing", feature(patterns={"patrol": {"way": "0 km"}}), f"{AT}.patterns.patrol"),
    ("pattern.nothing", feature(patterns={"closing": {"out_to": "0 km"}}), f"{AT}.patterns.closing"),
    ("pattern.nothing", feature(patterns={"observed_every": "0 s"}), f"{AT}.patterns"),
    ("massing.in", feature(patterns={"massing": {"in": "near"}}), f"{AT}.patterns.massing"),
    ("number.not_count", feature(patterns={"massing": {"rise": 2.5}}), f"{AT}.patterns.massing.rise"),
    ("number.not_number", feature(patterns={"circling": {"sweep_deg": "360"}}), f"{AT}.patterns.circling.sweep_deg"),
    ("length.no_unit", feature(patterns={"circling": {"out_to": 10}}), f"{AT}.patterns.circling.out_to"),
    ("duration.unreadable", feature(patterns={"observed_every": 30}), f"{AT}.patterns.observed_every"),
    ("expected.not_list", feature(patterns={"expected": {}}), f"{AT}.patterns.expected"),
    ("json.not_object", feature(patterns={"expected": ["A"]}), f"{AT}.patterns.expected[0]"),
    ("text.empty", feature(patterns={"expected": [{"every": "1 h"}]}), f"{AT}.patterns.expected[0].subject"),
    ("duration.unreadable", feature(patterns={"expected": [{"subject": "A"}]}), f"{AT}.patterns.expected[0].every"),
    ("expected.twice", feature(patterns={"expected": [{"subject": "A", "every": "1 h"}] * 2}), f"{AT}.patterns"),
    ("manned.not_list", feature(patterns={"manned": {"by": "Alpha"}}), f"{AT}.patterns.manned.by"),
    ("manned.not_list", feature(patterns={"manned": {"by": []}}), f"{AT}.patterns.manned.by"),
    ("json.not_object", {**feature(), "properties": [1]}, AT),
    ("zones.crs", {**feature(), "crs": {"type": "name", "properties": {"name": "EPSG:3857"}}}, f"{FEATURE}.crs"),
]


@pytest.mark.promise("ZONE-3", "ZONE-5", "ZONE-6", "ZONE-8", "ZONE-11", "ZONE-15", "ZONE-17", "ZONE-18")
@pytest.mark.parametrize(
    ("key", "bad", "path"), BAD_FEATURES, ids=[f"{i}-{key}" for i, (key, _, _) in enumerate(BAD_FEATURES)]
)
def test_a_bad_feature_is_an_error_at_its_path_and_the_zone_beside_it_is_read(key, bad, path):
    data = collection(bad, feature(id="sound"))
    zone_file = read_zones(data)
    assert ("error", path, key) in found(data)
    assert [zone.id for zone in zone_file.zones] == ["sound"]
    assert all(fault.path.startswith(FEATURE) for fault in zone_file.faults)
    with pytest.raises(ZoneFileRefused) as refused:
        load_zones(data)
    assert key in [fault.key for fault in refused.value.faults]


NOTED: list[tuple[str, dict[str, Any], str]] = [
    ("position.third_number", feature(point(*CENTRE, 2106), radius="12 km"), PLACE),
    ("position.third_number", feature(polygon([[*position, 0] for position in SQUARE])), f"{PLACE}[0][0]"),
    ("polygon.wound_wrong", feature(polygon(SQUARE[::-1])), f"{PLACE}[0]"),
    ("polygon.wound_wrong", feature({"type": "MultiPolygon", "coordinates": [[SQUARE[::-1]]]}), f"{PLACE}[0][0]"),
    ("property.unknown", feature(dwel="15 min"), f"{AT}.dwel"),
    ("property.unknown", feature(**{"Marker Colour": "#c00"}), f'{AT}["Marker Colour"]'),
    ("property.unknown", {**feature(), "style": {}}, f"{FEATURE}.style"),
    ("pattern.null", feature(patterns=None), f"{AT}.patterns"),
    ("pattern.null", feature(patterns={"massing": None}), f"{AT}.patterns.massing"),
]


@pytest.mark.promise("ZONE-4", "ZONE-6", "ZONE-11", "ZONE-18")
@pytest.mark.parametrize(("key", "odd", "path"), NOTED)
def test_what_is_odd_and_harmless_is_a_note_and_the_zone_is_read(key, odd, path):
    assert found(collection(odd)) == [("note", path, key)]
    assert [zone.id for zone in load_zones(collection(odd))] == ["kestrel"]


@pytest.mark.promise("ZONE-6")
def test_a_misspelt_property_is_noted_with_the_name_it_resembles():
    (fault,) = read_zones(collection(feature(mayEnter=["Alpha"]))).faults
    assert str(fault) == (
        "$.features[0].properties.mayEnter: This member is not known and is not read (given: mayEnter). "
        'Did you mean "may_enter"?'
    )


# --- whole files ---

BAD_FILES: list[tuple[str, bytes, str]] = [
    ("file.empty", b" \n", "$"),
    ("file.bom", b"\xef\xbb\xbf" + collection(), "$"),
    ("file.not_utf8", collection().decode().encode("utf-16"), "$"),
    ("file.not_utf8", b"\x1f\x8b\x08\x00rubbish", "$"),
    ("file.not_utf8", b'{"type": "\xe9"}', "$"),
    ("json.syntax", b'{"type": "FeatureCollection",\n "features": [1,]}', "line 2, column 17"),
    ("json.syntax", collection(feature())[:-9], "line 1, column 171"),
    ("json.too_deep", b"[" * 200_000, "$"),
    ("json.too_deep", b'{"a":' * 200_000, "$"),
    ("json.not_finite", collection(feature(point(8.5, float("nan")), radius="1 km")), f"{PLACE}[1]"),
    ("json.not_finite", collection(feature(from_deg=float("-inf"), to_deg=1)), f"{AT}.from_deg"),
    (
        "json.not_finite",
        collection(feature(polygon([*SQUARE[:2], [9.0, float("nan")], *SQUARE[3:]]))),
        f"{PLACE}[0][2][1]",
    ),
    ("json.doubled_name", collection(feature())[:-1] + b', "type": "FeatureCollection"}', "$.type"),
    ("json.doubled_name", collection(feature()).replace(b'"radius"', b'"radius": "34 mi", "radius"'), f"{AT}.radius"),
    ("zones.not_collection", b"null", "$"),
    ("zones.not_collection", b"[]", "$"),
    ("zones.not_collection", json.dumps(feature()).encode(), "$"),
    ("zones.no_features", b'{"type": "FeatureCollection", "features": {}}', "$.features"),
    ("zones.version", collection(feature(), keepclear={"version": 2}), "$.keepclear.version"),
    ("zones.version", collection(feature(), keepclear={}), "$.keepclear.version"),
    ("zones.version", collection(feature(), keepclear={"version": True}), "$.keepclear.version"),
    ("json.not_object", collection(feature(), keepclear=1), "$.keepclear"),
    ("zones.crs", collection(feature(), crs={"type": "name", "properties": {"name": "EPSG:3857"}}), "$.crs"),
    ("zones.crs", collection(feature(), crs="WGS84"), "$.crs"),
    ("feature.not_feature", collection(None), FEATURE),
    ("feature.not_feature", collection({"type": "Point", "coordinates": CENTRE}), FEATURE),
]


@pytest.mark.promise("ZONE-18", "ZONE-19", "ZONE-22")
@pytest.mark.parametrize(
    ("key", "data", "path"), BAD_FILES, ids=[f"{i}-{key}" for i, (key, _, _) in enumerate(BAD_FILES)]
)
def test_a_bad_file_is_an_error_at_its_place(key, data, path):
    assert ("error", path, key) in found(data)
    assert not read_zones(data).ok


@pytest.mark.promise("ZONE-19")
def test_a_number_that_is_not_finite_is_told_once():
    data = collection(feature(polygon([*SQUARE[:2], [9.0, float("nan")], *SQUARE[3:]])))
    assert found(data) == [("error", f"{PLACE}[0][2][1]", "json.not_finite")]


@pytest.mark.promise("ZONE-22")
def test_nothing_is_read_of_an_unknown_version():
    data = collection(feature(radius="no length"), keepclear={"version": 2})
    assert found(data) == [("error", "$.keepclear.version", "zones.version")]


@pytest.mark.promise("ZONE-22")
@pytest.mark.parametrize("members", [{}, {"keepclear": {"version": 1}}])
def test_version_one_is_meant_where_none_is_stated(members):
    assert read_zones(collection(feature(), **members)).ok


def test_a_file_without_zones_is_noted():
    assert found(collection()) == [("note", "$.features", "zones.none")]


@pytest.mark.parametrize(
    "name", ["urn:ogc:def:crs:OGC:1.3:CRS84", "OGC:CRS84", "EPSG:4326", "urn:ogc:def:crs:EPSG::4326"]
)
def test_the_names_of_wgs84_that_programs_write_are_accepted(name):
    assert found(collection(feature(), crs={"type": "name", "properties": {"name": name}})) == []


@pytest.mark.promise("ZONE-2")
def test_the_later_of_two_zones_with_one_id_is_refused_and_the_first_is_named():
    zone_file = read_zones(collection(feature(id=3), feature(id="4"), feature(id="3", radius="1 km")))
    (fault,) = zone_file.faults
    assert (fault.path, fault.key) == ("$.features[2]", "zone.duplicate_id")
    assert "$.features[0]" in fault.what
    assert [zone.id for zone in zone_file.zones] == ["3", "4"]
    assert zone_file.entered["3"] == {"radius": "12 km"}


@pytest.mark.promise("ZONE-2")
def test_an_id_may_stand_among_the_properties():
    inside = feature()
    inside["properties"]["id"] = inside.pop("id")
    assert load_zones(collection(inside)).zones[0].id == "kestrel"


@pytest.mark.promise("ZONE-17")
def test_every_property_and_every_ring_is_examined_whatever_failed_before():
    bad_ring, short_ring = [[0, 0], [0, 99], [1, 1], [0, 0]], [[0, 0], [1, 1]]
    crossing = [[20, 0], [22, 2], [22, 0], [20, 3], [20, 0]]
    shape = {"type": "MultiPolygon", "coordinates": [[SQUARE, bad_ring, short_ring], [crossing], ["x"], [SQUARE]]}
    data = collection(
        feature(shape, id="", edges="flat", band="5", window={"from": "now", "until": "then"}),
        feature(radius="0 m", band="mile", dwell="soon", may_enter=["", {"party": "", "where": ""}]),
    )
    assert [(path, key) for _, path, key in found(data)] == [
        ("$.features[0]", "text.empty"),
        (f"{AT}.edges", "shape.edges"),
        (f"{PLACE}[2][0]", "geometry.coordinates"),
        (f"{PLACE}[0][1][1]", "position.range"),
        (f"{PLACE}[0][2]", "polygon.ring_too_short"),
        (f"{PLACE}[1]", "polygon.self_crossing"),
        (f"{AT}.band", "length.unreadable"),
        (f"{AT}.window.from", "time.unreadable"),
        (f"{AT}.window.until", "time.unreadable"),
        ("$.features[1].properties.radius", "shape.radius_range"),
        ("$.features[1].properties.band", "length.unreadable"),
        ("$.features[1].properties.may_enter[0]", "text.empty"),
        ("$.features[1].properties.may_enter[1].party", "text.empty"),
        ("$.features[1].properties.may_enter[1].where", "may_enter.where"),
        ("$.features[1].properties.dwell", "duration.unreadable"),
    ]


@pytest.mark.promise("ZONE-17")
def test_a_refused_file_tells_all_its_errors_and_none_of_its_notes():
    with pytest.raises(ZoneFileRefused) as refused:
        load_zones(collection(feature(radius="0 m", dwel="1 h"), feature(id="b", radius="3")))
    assert [fault.key for fault in refused.value.faults] == ["shape.radius_range", "length.unreadable"]
    assert len(str(refused.value).splitlines()) == 2
    assert isinstance(refused.value, Refused)


@pytest.mark.promise("ZONE-17")
def test_after_ten_thousand_faults_the_rest_is_left_unread():
    faults = read_zones(collection(*[{}] * (FAULTS_MAX + 5))).faults
    assert len(faults) == FAULTS_MAX + 1
    assert [fault.key for fault in faults if fault.path == "$"] == ["file.too_many_faults"]


# --- limits ---


@pytest.mark.promise("ZONE-21")
@pytest.mark.parametrize("position", [b"[0,0],", b"[8.567312,46.559178],"])
def test_a_polygon_of_ten_million_vertices_is_refused_before_it_is_parsed(position):
    head, tail = json.dumps({"type": "FeatureCollection", "features": [feature(polygon([]))]}).encode().split(b"[[]]")
    data = head + b"[[" + position * 10_000_000 + b"[0,0]]]" + tail
    before = time.process_time()
    (fault,) = read_zones(data).faults
    assert time.process_time() - before < 5
    assert fault.key == ("file.too_large" if len(data) > ZONE_FILE_BYTES_MAX else "file.too_many_brackets")


@pytest.mark.promise("ZONE-21")
def test_a_polygon_of_more_than_the_greatest_number_of_vertices_is_refused():
    turn = np.linspace(0, 2 * np.pi, VERTICES_MAX + 1)
    ring = np.round(np.stack([8 + np.cos(turn), 46 + np.sin(turn)], axis=1), 6).tolist()
    assert found(collection(feature(polygon([*ring, ring[0]])))) == [("error", PLACE, "polygon.too_many_vertices")]


@pytest.mark.promise("ZONE-21")
def test_more_zones_than_the_greatest_number_are_refused_as_a_whole():
    assert found(collection(*[0] * (ZONES_MAX + 1))) == [("error", "$.features", "zones.too_many")]


# --- what the terms mean ---


@pytest.mark.promise("ZONE-3", "ZONE-4")
def test_null_counts_as_missing():
    bare = zone_of()
    names = ("name", "band", "height", "window", "presence", "may_enter", "dwell", "approach", "inner_radius", "edges")
    assert zone_of(**dict.fromkeys(names)) == bare == Zone("kestrel", Circle(46.5591, 8.5673, 12_000.0))


@pytest.mark.promise("ZONE-5")
@pytest.mark.parametrize(
    ("text", "metres"), [("34 mi", 54_717.696), ("34 NM", 62_968.0), ("55 km", 55_000.0), ("180 ft", 54.864)]
)
def test_a_length_is_what_its_unit_makes_it(text, metres):
    assert zone_of(radius=text).shape == Circle(46.5591, 8.5673, metres)


@pytest.mark.promise("ZONE-7")
@pytest.mark.parametrize(
    ("entry", "inside", "band"),
    [
        ("Alpha", True, True),
        ({"party": "Alpha"}, True, True),
        ({"party": "Alpha", "where": "band"}, False, True),
        ({"party": "Alpha", "notice": []}, False, False),
        ({"party": "Alpha", "notice": [{"from": "2031-03-04T06:00Z", "until": "2031-03-04T07:00Z"}]}, True, True),
        ({"party": "Alpha", "notice": [{"from": "2031-03-04T06:30:00.000001Z"}]}, False, False),
    ],
)
def test_an_entry_says_where_a_party_may_be_and_when(entry, inside, band):
    at_us = parse_instant("2031-03-04T06:30Z").us
    entries = zone_of(may_enter=[entry]).may_enter
    alpha = Attributed((("Alpha", 1.0),))
    assert permission(entries, alpha, "inside", at_us).permitted is inside
    assert permission(entries, alpha, "band", at_us).permitted is band


@pytest.mark.promise("ZONE-15")
@pytest.mark.parametrize(
    ("datum", "height_m", "may_be_inside"),
    [
        ("MSL", 900.0, True),
        ("MSL", 914.4, True),
        ("MSL", 914.5, False),
        ("W84", 1020.0, True),
        ("W84", 1030.0, False),
        ("AGL", 5000.0, True),
        ("unknown", 5000.0, True),
    ],
)
def test_a_subject_is_outside_a_height_band_only_if_it_certainly_is(datum, height_m, may_be_inside):
    height = zone_of(height={"upper": "3000 ft", "datum": "MSL"}).height
    assert height is not None
    told = np.array([round(height_m * 1000)], dtype=np.int32), np.array([DATUMS.index(datum)], dtype=np.int8)
    assert bool(height.may_hold(*told)[0]) is may_be_inside


@pytest.mark.promise("ZONE-8", "ZONE-16")
def test_a_window_contains_both_its_ends_and_nothing_beyond():
    window = zone_of(window={"from": "2031-03-04T06:00:00+01:00", "until": "2031-03-04T06:00:00Z"}).window
    first_us, last_us = parse_instant("2031-03-04T05:00:00Z").us, parse_instant("2031-03-04T06:00:00Z").us
    inside = [window.contains(at_us) for at_us in (first_us - 1, first_us, last_us, last_us + 1)]
    assert inside == [False, True, True, False]


# --- what the shapes mean ---


@pytest.mark.promise("ZONE-9")
def test_a_circle_ends_at_its_radius_along_the_ellipsoid_in_every_direction():
    zone = zone_of(radius="55 km")
    lat, lon = earth.step_along(CENTRE[1], CENTRE[0], np.arange(0.0, 360.0, 15.0), 55_000.0)
    assert np.abs(zone.shape.edge_m(lat, lon)).max() < 1e-6


@pytest.mark.promise("ZONE-10")
@pytest.mark.parametrize(
    ("beyond_m", "what", "flags"), [(-0.5, "entered", ()), (0.004, "entered", ("on_edge",)), (0.5, "", ())]
)
def test_a_position_within_a_centimetre_of_the_edge_counts_as_inside_and_is_marked(beyond_m, what, flags):
    zone = zone_of(point(0.0, 0.0), radius="10 km")
    lat, lon = (float(degrees) for degrees in earth.step_along(0.0, 0.0, 90.0, 10_000.0 + beyond_m))
    builder = BatchBuilder()
    builder.add(subject="Bravo 1", seen_at_us=parse_instant("2031-03-04T06:00Z").us, lat=lat, lon=lon, error_m=0.001)
    batch = builder.build()
    evidence = weigh(batch, Atlas((zone,))).evidence
    events = Watch([zone]).observe(batch).presence
    assert (list(evidence) == [Evidence.IN]) is (what == "entered")
    assert [(event.what, event.flags) for event in events] == ([(what, flags)] if what else [])


@pytest.mark.promise("ZONE-11")
def test_the_smaller_side_is_inside_whichever_way_the_ring_runs():
    for ring in (SQUARE, SQUARE[::-1]):
        zone = zone_of(polygon(ring))
        assert edge_m(zone, 8.5, 46.5) < 0 < edge_m(zone, -171.5, -46.5)


@pytest.mark.promise("ZONE-11")
def test_a_polygon_may_contain_a_pole():
    zone = zone_of(polygon([[0, 80], [90, 80], [180, 80], [-90, 80], [0, 80]]))
    assert edge_m(zone, 45.0, 89.9) < 0 < edge_m(zone, 45.0, 75.0)


@pytest.mark.promise("ZONE-11")
def test_parts_cut_at_the_antimeridian_are_one_area():
    west = [[179, 10], [180, 10], [180, 11], [179, 11], [179, 10]]
    east = [[-180, 10], [-179, 10], [-179, 11], [-180, 11], [-180, 10]]
    zone = zone_of({"type": "MultiPolygon", "coordinates": [[west], [east]]})
    assert edge_m(zone, 180.0, 10.5) < -50_000


TWO_BY_TWO = [[0, 0], [2, 0], [2, 2], [0, 2], [0, 0]]


@pytest.mark.promise("ZONE-11")
@pytest.mark.parametrize(
    "other", [[[1, 1], [3, 1], [3, 3], [1, 3], [1, 1]], [[0.5, 0.5], [1, 0.5], [1, 1], [0.5, 0.5]]]
)
@pytest.mark.parametrize("edges", ["geodesic", "lonlat"])
def test_parts_that_overlap_are_refused_with_a_place_where_they_do(other, edges):
    both = {"type": "MultiPolygon", "coordinates": [[TWO_BY_TWO], [other]]}
    (fault,) = read_zones(collection(feature(both, edges=edges))).faults
    assert (fault.key, fault.path) == ("polygon.parts_overlap", "$.features[0].geometry.coordinates[1]")
    assert "near longitude" in fault.value


@pytest.mark.promise("ZONE-11")
def test_parts_may_share_an_edge():
    beside = [[2, 0], [4, 0], [4, 2], [2, 2], [2, 0]]
    assert read_zones(collection(feature({"type": "MultiPolygon", "coordinates": [[TWO_BY_TWO], [beside]]}))).ok


@pytest.mark.promise("ZONE-11")
@pytest.mark.parametrize(
    "parts",
    [
        [[TWO_BY_TWO], [[[2, 2], [4, 2], [4, 4], [2, 4], [2, 2]]]],
        [[TWO_BY_TWO, [[0, 0], [0.5, 1], [1, 0.5], [0, 0]]]],
    ],
    ids=["parts", "hole"],
)
def test_rings_that_touch_in_a_corner_are_refused(parts):
    (fault,) = read_zones(collection(feature({"type": "MultiPolygon", "coordinates": parts}))).faults[-1:]
    assert fault.key == "polygon.rings_touch"


@pytest.mark.promise("ZONE-12")
@pytest.mark.parametrize("west", [-170, -90, -100])
def test_an_edge_straight_in_longitude_and_latitude_spans_less_than_half_the_earth(west):
    ring = [[west, -10], [-west, -10], [-west, 10], [west, 10], [west, -10]]
    (fault,) = read_zones(collection(feature(polygon(ring), edges="lonlat"))).faults
    assert fault.key == "shape.half_turn"


@pytest.mark.promise("ZONE-12")
@pytest.mark.parametrize(("degrees_wide", "lat"), [(0.01, 45.0), (0.1274, 45.0), (0.5, 60.0), (1.2745, 45.0)])
def test_the_two_kinds_of_edges_differ_as_much_as_the_page_says(degrees_wide, lat):
    ring = [[8, lat], [8 + degrees_wide, lat], [8 + degrees_wide, lat - 1], [8, lat - 1], [8, lat]]
    middle = 8 + degrees_wide / 2
    apart_m = edge_m(zone_of(polygon(ring), edges="lonlat"), middle, lat) - edge_m(zone_of(polygon(ring)), middle, lat)
    wide_m = float(earth.distance_m(lat, 8.0, lat, 8 + degrees_wide))
    stated_m = wide_m**2 * np.tan(np.radians(lat)) / (8 * earth.MEAN_RADIUS_M)
    assert apart_m == pytest.approx(stated_m, rel=0.01, abs=0.001)


@pytest.mark.promise("ZONE-12")
@pytest.mark.parametrize(
    ("length_m", "stated_m"), [(715.0, 0.01), (10_000.0, 2.0), (50_000.0, 49.0), (100_000.0, 196.0)]
)
def test_the_differences_that_the_page_lists_are_those_of_its_formula(length_m, stated_m):
    assert length_m**2 / (8 * earth.MEAN_RADIUS_M) == pytest.approx(stated_m, rel=0.02)


@pytest.mark.promise("ZONE-12")
def test_geodesic_edges_are_the_default():
    assert zone_of(polygon()) == zone_of(polygon(), edges="geodesic") != zone_of(polygon(), edges="lonlat")


@pytest.mark.promise("ZONE-13")
@pytest.mark.parametrize("bearing", [180.0, 200.0, 270.0])
def test_a_corridor_is_round_at_its_ends(bearing):
    zone = zone_of(line([8.0, 46.0], [8.0, 47.0]), half_width="2 km")
    lat, lon = earth.step_along(46.0, 8.0, bearing, 2_000.0)
    assert edge_m(zone, float(lon), float(lat)) == pytest.approx(0.0, abs=0.01)


@pytest.mark.promise("ZONE-14")
@pytest.mark.parametrize(
    ("bearing", "km", "inside"),
    [
        (0, 8, True),
        (301, 8, True),
        (59, 8, True),
        (299, 8, False),
        (61, 8, False),
        (180, 8, False),
        (0, 4, False),
        (0, 13, False),
    ],
)
def test_a_sector_runs_clockwise_from_its_first_side_between_its_radii(bearing, km, inside):
    zone = zone_of(inner_radius="5 km", from_deg=300, to_deg=60)
    lat, lon = earth.step_along(CENTRE[1], CENTRE[0], bearing, km * 1000.0)
    assert (edge_m(zone, float(lon), float(lat)) <= 0) is inside


@pytest.mark.promise("ZONE-14")
def test_from_360_to_0_is_nothing():
    (fault,) = read_zones(collection(feature(point(), radius="12 km", from_deg=360, to_deg=0))).faults
    assert fault.key == "sector.empty"


@pytest.mark.promise("ZONE-14")
def test_from_0_to_360_is_all_round():
    ring = zone_of(inner_radius="5 km", from_deg=0, to_deg=360)
    lat, lon = earth.step_along(CENTRE[1], CENTRE[0], np.arange(0.0, 360.0, 30.0), 8_000.0)
    assert (ring.shape.edge_m(lat, lon) < 0).all()


# --- the mirror image ---


@pytest.mark.promise("ZONE-20")
def test_a_zone_whose_mirror_image_lies_among_the_others_is_noted():
    near = [feature(point(38.6 + i / 10, 33.5), id=i, radius="5 km") for i in range(3)]
    swapped = feature(point(33.50583, 38.61778), id="tanf", radius="55 km")
    assert found(collection(*near, swapped)) == [("note", "$.features[3].geometry.coordinates", "zone.mirrored")]


@pytest.mark.promise("ZONE-20")
@pytest.mark.parametrize(
    "other", [(33.6, 38.6, False), (33.5, 58.6, False), (-70.0, 33.5, False), (120.0, 33.5, False)]
)
def test_far_zones_that_are_no_mirror_image_and_near_ones_are_left_alone(other):
    lon, lat, _ = other
    near = [feature(point(36.2 + i / 10, 37.1), id=i, radius="5 km") for i in range(2)]
    lone = feature(point(37.1, 36.2) if lon == 33.6 else point(lon, lat), id="lone", radius="5 km")
    assert found(collection(*near, lone)) == []


@pytest.mark.promise("ZONE-20")
def test_of_two_mirror_images_the_second_is_noted():
    data = collection(feature(point(38.6, 33.5), radius="5 km"), feature(point(33.5, 38.6), id="b", radius="5 km"))
    assert found(data) == [("note", "$.features[1].geometry.coordinates", "zone.mirrored")]


# --- writing ---


@pytest.mark.promise("ZONE-23")
def test_the_example_is_written_as_it_was_read(example):
    written = read_zones(json.dumps(write_zones(example.zones)).encode())
    assert written.faults == ()
    assert written.zones == example.zones

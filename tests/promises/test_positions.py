"""docs/spec/positions.md: which column is what, how words become values, and what is refused."""

from __future__ import annotations

import gzip
import io
import json
import tracemalloc
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from keepclear.feeds.columns import NAMES
from keepclear.feeds.reading import Feed, FeedOptions, Refusal, open_feed
from keepclear.geo.shapes import Circle, Polygon, Sector
from keepclear.ground.errors import Refused
from keepclear.ground.instants import utc_text
from keepclear.ground.quantities import CountRange
from keepclear.tracks.observations import NO_AREA, UNKNOWN, Attribution, Observations

TIME = "2026-05-18T10:30:00Z"
GOOD = {"subject": "Bravo 1", "seen_at": TIME, "lat": "33.5", "lon": "38.6"}


class Outcome:
    """Everything that came of a feed."""

    def __init__(self, content: str | bytes, **stated: Any) -> None:
        data = content if isinstance(content, bytes) else content.encode()
        self.feed: Feed = open_feed(io.BytesIO(data), FeedOptions(**stated))
        given = list(self.feed)
        self.told = " ".join(self.feed.told)
        self.notes: Counter[str] = self.feed.notes
        self.accepted = Observations.joined([block.observations for block in given])
        self.refused: list[Refusal] = [refusal for block in given for refusal in block.refusals]

    def only_fault(self) -> Refusal:
        assert len(self.accepted) == 0
        (refusal,) = self.refused
        return refusal


def table(*rows: Mapping[str, object], delimiter: str = ",") -> str:
    """A delimited file with the columns of the first row."""
    lines = [delimiter.join(rows[0])] + [delimiter.join(map(str, row.values())) for row in rows]
    return "\n".join(lines) + "\n"


def one(**columns: object) -> Outcome:
    """One row that is good otherwise."""
    return Outcome(table(GOOD | columns))


def at_opening(content: str, **stated: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        open_feed(io.BytesIO(content.encode()), FeedOptions(**stated))
    return caught.value


# --- accounting ---


@pytest.mark.promise("POS-2")
def test_a_refusal_says_where_what_and_how_to_mend_it():
    content = f"MMSI,Time,Latitude,Longitude\n\n1,{TIME},33.5,38.6\n2,{TIME},133.5,38.6\n"
    (refusal,) = Outcome(content).refused
    assert refusal.as_record() == {
        "feed": "stream",
        "line": 4,
        "column": "Latitude",
        "key": "position.lat_range",
        "what": "The lat is not between -90 and 90",
        "value": "133.5",
        "mend": "Give decimal degrees. Are latitude and longitude swapped?",
    }
    assert str(refusal).startswith("stream, line 4, Latitude: The lat is not between -90 and 90 (given: 133.5).")


@pytest.mark.promise("POS-1")
def test_lines_with_nothing_but_delimiters_are_no_rows():
    outcome = Outcome(table(GOOD) + ",,,\n  \n , ,,\n" + "B," + table(GOOD).splitlines()[1].partition(",")[2] + "\n")
    assert (len(outcome.accepted), outcome.refused) == (2, [])


# --- formats ---


@pytest.mark.promise("POS-6", "POS-8")
@pytest.mark.parametrize(
    ("delimiter", "told"), [(",", "commas"), (";", "semicolons"), ("\t", "tabs"), ("|", "vertical bars")]
)
def test_the_delimiter_is_found_and_told(delimiter, told):
    outcome = Outcome(table(GOOD, delimiter=delimiter))
    assert len(outcome.accepted) == 1
    assert f"separated by {told}" in outcome.told


@pytest.mark.promise("POS-8")
def test_the_delimiter_is_the_one_that_fits_the_rows_as_well_as_the_header():
    header = "subject;seen_at;lat;lon;remark (where, when, how, who, why, whence)"
    assert len(Outcome(f"{header}\nA;{TIME};33.5;38.6;\nB;{TIME};33.5;38.6;\n").accepted) == 2


@pytest.mark.promise("POS-8")
def test_commas_inside_quotes_do_not_separate():
    outcome = Outcome(f'subject;seen_at;lat;lon\n"a,b,c,d,e";{TIME};33.5;38.6\n"a,b,c,d,e";{TIME};33.5;38.6\n')
    assert outcome.accepted.subjects == ("a,b,c,d,e",)


@pytest.mark.promise("POS-8", "POS-6")
def test_a_decimal_comma_is_recognised_where_the_delimiter_is_none():
    outcome = Outcome(table(GOOD | {"lat": "33,5", "lon": "38,25", "speed_kmh": "36,0"}, delimiter=";"))
    assert (outcome.accepted.lat[0], outcome.accepted.lon[0], outcome.accepted.speed_mmps[0]) == (33.5, 38.25, 10_000)
    assert "decimal comma" in outcome.told
    assert "decimal comma" not in Outcome(table(GOOD, delimiter=";")).told


@pytest.mark.promise("POS-9")
def test_a_quoted_cell_may_span_lines_and_the_next_row_keeps_its_line_number():
    outcome = Outcome(
        f'subject,seen_at,lat,lon,remark\nA,{TIME},33.5,38.6,"two\nlines, ""quoted"""\nB,{TIME},x,38.6,\n'
    )
    assert outcome.accepted.subjects == ("A",)
    assert [(refusal.line, refusal.column) for refusal in outcome.refused] == [(4, "lat")]


@pytest.mark.promise("POS-9")
@pytest.mark.parametrize("bad", [f'"A,{TIME},33.5,38.6', f'A,{TIME},33.5,"38.6', f'"A"x,{TIME},33.5,38.6'])
def test_a_quote_that_is_never_closed_costs_only_its_line(bad):
    good = [f"B {number},{TIME},33.5,38.6" for number in range(300)]
    outcome = Outcome("\n".join(["subject,seen_at,lat,lon", good[0], bad, *good[1:]]))
    assert len(outcome.accepted) == 300
    assert [(refusal.line, refusal.key) for refusal in outcome.refused] == [(3, "row.quotes")]


@pytest.mark.promise("POS-9")
def test_a_quote_closed_by_another_row_does_not_swallow_the_rows_between():
    rows = [f'A,{TIME},"33.5,38.6,r', f"B,{TIME},33.5,38.6,r", f'C,{TIME},33.5,38.6,"', f"D,{TIME},33.5,38.6,r"]
    outcome = Outcome("\n".join(["subject,seen_at,lat,lon,remark", *rows]))
    assert outcome.accepted.subjects == ("B", "D")
    assert [(refusal.line, refusal.key) for refusal in outcome.refused] == [(2, "row.columns"), (4, "row.quotes")]


@pytest.mark.promise("POS-7")
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_text_is_read_in_the_encodings_of_spreadsheets(encoding):
    outcome = Outcome(
        table(GOOD | {"subject": "Çağ"} if encoding != "latin-1" else GOOD | {"subject": "Æsir"}).encode(encoding)
    )
    assert outcome.accepted.subjects == (("Çağ",) if encoding != "latin-1" else ("Æsir",))
    assert ("UTF-16" in outcome.told) == (encoding == "utf-16")
    assert ("Latin-1" in outcome.told) == (encoding == "latin-1")
    assert outcome.notes == ({"not_utf8": 1} if encoding == "latin-1" else {})


@pytest.mark.promise("POS-4")
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_end_is_one(end):
    outcome = Outcome(end.join(["subject,seen_at,lat,lon", f"A,{TIME},33.5,38.6", f"B,{TIME},x,38.6", ""]))
    assert (len(outcome.accepted), outcome.refused[0].line) == (1, 3)


@pytest.mark.promise("POS-10")
@pytest.mark.parametrize(
    ("bad", "key"),
    [
        ('{"subject": "B", "subject": "C"}', "json.doubled_name"),
        ('{"subject": "B", "lat": NaN}', "json.not_finite"),
        ('{"subject": "B", "lat": -Infinity}', "json.not_finite"),
        ('{"subject": "B" "lat": 1}', "json.syntax"),
        ("[" * 50_000 + "]" * 50_000, "json.too_deep"),
        ("7", "json.not_object"),
    ],
)
@pytest.mark.parametrize("by_line", [True, False])
def test_a_fault_of_json_costs_only_its_object(bad, key, by_line):
    good = json.dumps(GOOD)
    content = f"{good}\n{bad}\n{good}\n" if by_line else f"[{good},\n{bad},\n{good}]"
    outcome = Outcome(content)
    assert len(outcome.accepted) == 2
    assert [(refusal.key, refusal.line) for refusal in outcome.refused] == [(key, 2)]
    assert outcome.refused[0].column == ("$" if by_line else "$[1]")


def feature(geometry: object, **properties: object) -> str:
    found = {"type": "Feature", "geometry": geometry, "properties": {"subject": "A", "seen_at": TIME} | properties}
    return json.dumps({"type": "FeatureCollection", "features": [found]})


@pytest.mark.promise("POS-11")
def test_a_point_of_geojson_has_longitude_first_and_a_height_above_the_ellipsoid():
    outcome = Outcome(feature({"type": "Point", "coordinates": [38.6, 33.5, 700]}))
    batch = outcome.accepted
    assert (batch.lat[0], batch.lon[0], batch.height_mm[0], batch.datum[0]) == (33.5, 38.6, 700_000, 1)
    stated = Outcome(feature({"type": "Point", "coordinates": [38.6, 33.5, 700]}, height_m=5, datum="AGL")).accepted
    assert (stated.height_mm[0], stated.datum[0]) == (5_000, 3)


@pytest.mark.promise("POS-11")
def test_a_polygon_of_geojson_is_an_area_that_a_point_inside_stands_for():
    ring = [[38, 33], [39, 33], [39, 34], [38.05, 33.02], [38, 33]]
    batch = Outcome(feature({"type": "Polygon", "coordinates": [ring]})).accepted
    area = batch.areas[batch.area[0]]
    assert isinstance(area, Polygon)
    assert area.edges == "lonlat"
    assert area.edge_m(batch.lat, batch.lon)[0] < 0


@pytest.mark.promise("POS-11", "POS-2")
def test_a_refusal_in_geojson_has_the_path_of_the_value():
    bad_time = feature({"type": "Point", "coordinates": [38.6, 33.5]}, seen_at="yesterday")
    assert Outcome(bad_time).only_fault().column == "$.features[0].properties.seen_at"
    swapped = feature({"type": "Point", "coordinates": [33.5, 138.6]})
    assert Outcome(swapped).only_fault().column == "$.features[0].geometry.coordinates[1]"
    line = feature({"type": "LineString", "coordinates": [[1, 2], [3, 4]]})
    assert Outcome(line).only_fault().column == "$.features[0].geometry"


@pytest.mark.promise("POS-11")
def test_a_feature_collection_in_another_reference_system_is_refused():
    content = '{"crs": {"type": "name", "properties": {"name": "EPSG:32637"}}, "features": []}'
    assert at_opening(content).key == "geojson.crs"
    assert len(Outcome(content.replace("EPSG:32637", "urn:ogc:def:crs:OGC:1.3:CRS84")).accepted) == 0


@pytest.mark.promise("POS-11")
def test_properties_of_json_have_synonyms_and_canonical_names_may_come_late():
    rows = [{"mmsi": 235070762, "timestamp": 1747564200 + n, "latitude": 33.5, "lng": 38.6} for n in range(150)]
    outcome = Outcome("\n".join(map(json.dumps, [*rows, rows[0] | {"count": "about 200"}])))
    assert outcome.accepted.subjects == ("235070762",)
    assert [claim.count.high for claim in outcome.accepted.claims if claim.count] == [240]


@pytest.mark.promise("POS-12")
def test_the_points_of_gpx_are_named_after_what_holds_them():
    content = f"""<gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1">
        <metadata><name>The file</name><time>2020-01-01T00:00:00Z</time></metadata>
        <wpt lat="1" lon="2"><ele>12.5</ele><time>{TIME}</time><name>Post 7</name></wpt>
        <rte><name>Way</name><rtept lat="3" lon="4"><name>Turn</name><time>{TIME}</time></rtept></rte>
        <trk><name>Bravo 1</name><link href="x"><text>no</text></link><extensions><name>no</name></extensions>
          <trkseg><trkpt lat="5" lon="6"><time>{TIME}</time><extensions><ele>9</ele></extensions></trkpt></trkseg></trk>
        <trk><trkseg>
          <trkpt lat="5" lon="6"><time>{TIME}</time></trkpt>
        </trkseg></trk></gpx>"""
    outcome = Outcome(content)
    assert outcome.accepted.subjects == ("Post 7", "Way", "Bravo 1")
    assert outcome.accepted.height_mm.tolist() == [12_500, UNKNOWN, UNKNOWN]
    assert outcome.accepted.datum.tolist() == [0, 0, 0]
    (refusal,) = outcome.refused
    assert (refusal.line, refusal.column, refusal.key) == (8, "trk/name", "subject.empty")


@pytest.mark.promise("POS-12", "POS-19")
def test_a_point_of_gpx_without_a_time_or_zone_is_refused():
    times = ("", "<time>2026-05-18T10:30:00</time>")
    points = "".join(f'<wpt lat="1" lon="2"><name>A</name>{time}</wpt>' for time in times)
    content = f"<gpx>{points}</gpx>"
    assert [(refusal.key, refusal.column) for refusal in Outcome(content).refused] == [
        ("seen_at.empty", "wpt/time"),
        ("time.no_zone", "wpt/time"),
    ]


# --- columns ---


@pytest.mark.promise("POS-13")
def test_every_canonical_column_is_read():
    row = {
        **GOOD,
        "known_at": "2026-05-18T10:31:00Z",
        "error_m": 25,
        "height_m": 120.5,
        "datum": "agl",
        "speed_mps": 12.5,
        "course_deg": 270.25,
        "count": "low hundreds",
        "count_min": 100,
        "count_max": 400,
        "party": "Bravo",
        "attributed_by": "Meridian",
        "confidence": "80%",
        "source": "post 7",
        "grading": "b2",
        "exercise": "yes",
    }
    batch = Outcome(table(row)).accepted
    (claim,) = batch.claims
    assert utc_text(int(batch.known_at_us[0])) == "2026-05-18T10:31:00Z"
    assert (batch.error_mm[0], batch.height_mm[0], batch.datum[0]) == (25_000, 120_500, 3)
    assert (batch.speed_mmps[0], batch.course_cdeg[0], batch.area[0]) == (12_500, 27_025, NO_AREA)
    assert (batch.subjects, batch.sources) == (("Bravo 1",), ("post 7",))
    assert claim.count == CountRange(100, 400, "low hundreds")
    assert claim.attribution == Attribution("Bravo", "Meridian", 0.8)
    assert (claim.grading, claim.exercise) == ("B2", True)


@pytest.mark.promise("POS-13")
def test_what_is_blank_is_not_stated():
    blank = dict.fromkeys(
        ["known_at", "error_m", "height_m", "speed_mps", "course_deg", "count", "party", "area_m"], ""
    )
    batch = Outcome(table(GOOD | blank), source="post 7", exercise=True).accepted
    assert batch.known_at_us[0] == batch.seen_at_us[0]
    assert {int(column[0]) for column in (batch.error_mm, batch.height_mm, batch.speed_mmps, batch.course_cdeg)} == {
        UNKNOWN
    }
    assert batch.sources == ("post 7",)
    assert batch.claims[0].exercise
    assert batch.claims[0].attribution is None


@pytest.mark.promise("POS-13")
@pytest.mark.parametrize(
    ("columns", "area"),
    [
        ({"area_m": 5000}, Circle(33.5, 38.6, 5000.0)),
        ({"area_m": 5000, "area_from_deg": 350, "area_to_deg": 20}, Sector(33.5, 38.6, 5000.0, 350.0, 20.0)),
        ({"area_m": 5000, "area_inner_m": 1000}, Sector(33.5, 38.6, 5000.0, 0.0, 360.0, 1000.0)),
    ],
)
def test_an_area_is_a_circle_or_sector_about_the_position(columns, area):
    assert one(**columns).accepted.areas == (area,)


@pytest.mark.promise("POS-13", "POS-2")
@pytest.mark.parametrize(
    ("columns", "column"),
    [
        ({"area_m": "-5"}, "area_m"),
        ({"area_m": "", "area_from_deg": 5, "area_to_deg": 9}, "area_from_deg"),
        ({"area_m": 50, "area_from_deg": 5, "area_to_deg": ""}, "area_to_deg"),
    ],
)
def test_half_an_area_is_refused(columns, column):
    assert one(**columns).only_fault().column == column


@pytest.mark.promise("POS-14", "POS-6")
@pytest.mark.parametrize(
    ("header", "reads"),
    [
        ("MMSI,BaseDateTime,LAT,LON", "MMSI as subject, BaseDateTime as seen_at, LAT as lat, LON as lon"),
        ("Call Sign,Date-Time,Latitude (deg),Longitude [deg]", "Call Sign as subject"),
        ("name,timestamp_ms,y,x", "timestamp_ms as seen_at, y as lat, x as lon"),
        ("Unit ID,observed at,lat_dd,lng", "Unit ID as subject"),
        ("id,mmsi,time,lat,lon", "mmsi as subject"),
    ],
)
def test_names_that_people_use_are_recognised(header, reads):
    feed = open_feed(io.BytesIO(f"{header}\n".encode()))
    feed.close()
    assert reads in " ".join(feed.told)


@pytest.mark.promise("POS-14")
@pytest.mark.parametrize(
    ("name", "value", "column", "stored"),
    [
        ("SOG", 10, "speed_mmps", 5144),
        ("speed_kmh", 36, "speed_mmps", 10_000),
        ("Speed (km/h)", 36, "speed_mmps", 10_000),
        ("speed over ground [m/s]", 10, "speed_mmps", 10_000),
        ("velocity_mph", 10, "speed_mmps", 4470),
        ("COG", 90, "course_cdeg", 9000),
        ("Course", 360, "course_cdeg", 0),
        ("Altitude (ft)", 100, "height_mm", 30_480),
        ("ele_m", 100, "height_mm", 100_000),
        ("Horizontal Accuracy (m)", 15, "error_mm", 15_000),
    ],
)
def test_the_unit_is_taken_from_the_name_of_the_column(name, value, column, stored):
    assert getattr(one(**{name: value}).accepted, column)[0] == stored


@pytest.mark.promise("POS-14")
def test_the_page_names_every_field():
    page = (Path(__file__).parents[2] / "docs" / "spec" / "positions.md").read_text(encoding="utf-8")
    assert [field for field in NAMES if f"`{field}`" not in page] == []


@pytest.mark.promise("POS-6")
def test_columns_that_are_not_read_are_named():
    assert "Ignored columns: hdop, Heading, remark." in one(hdop=1.2, Heading=511, remark="x").told


@pytest.mark.promise("POS-15")
@pytest.mark.parametrize(
    ("header", "both"),
    [
        ("name,callsign,time,lat,lon", "name (column 1) and callsign (column 2)"),
        ("subject,timestamp,datetime,lat,lon", "timestamp (column 2) and datetime (column 3)"),
        ("subject,time,time,lat,lon", "time (column 2) and time (column 3)"),
        ("subject,time,lat,lon,SOG,speed_kmh", "speed_kmh (column 6) and SOG (column 5)"),
    ],
)
def test_two_columns_for_one_field_are_refused_with_both_names(header, both):
    refused = at_opening(f"{header}\n")
    assert (refused.key, refused.value) == ("header.ambiguous", both)
    assert '--column "' in refused.mend


@pytest.mark.promise("POS-15")
@pytest.mark.parametrize(
    ("mapping", "subject"),
    [({"subject": "callsign"}, "B"), ({"subject": "#1"}, "A"), ({"subject": "name+callsign"}, "A B")],
)
def test_a_mapping_settles_which_column_it_is(mapping, subject):
    assert Outcome(f"name,callsign,time,lat,lon\nA,B,{TIME},33.5,38.6\n", mapping=mapping).accepted.subjects == (
        subject,
    )


@pytest.mark.promise("POS-15", "POS-5")
@pytest.mark.parametrize(
    ("mapping", "key"), [({"subject": "nobody"}, "header.no_such_column"), ({"who": "name"}, "header.unknown_field")]
)
def test_a_mapping_to_nothing_is_refused(mapping, key):
    assert at_opening("name,time,lat,lon\n", mapping=mapping).key == key


@pytest.mark.promise("POS-5")
def test_a_header_without_a_subject_lists_its_columns_and_the_option():
    refused = at_opening("Boot,Uhrzeit,Breite,lon\n")
    assert refused.what == "No column could be read as subject, seen_at, lat"
    assert '--column "subject=Boot"' in refused.mend
    assert "Columns seen: Boot, Uhrzeit, Breite, lon." in refused.mend


@pytest.mark.promise("POS-16")
@pytest.mark.parametrize(
    ("name", "choice"),
    [("Altitude", "height_ft=Altitude"), ("speed", "speed_kn=speed"), ("accuracy", "error_m=accuracy")],
)
def test_a_measure_without_a_unit_is_refused_with_the_choices(name, choice):
    content = table(GOOD | {name: 100})
    refused = at_opening(content)
    assert (refused.key, refused.value) == ("header.no_unit", name)
    assert choice in refused.mend
    field, _, column = choice.partition("=")
    assert len(Outcome(content, mapping={field: column}).accepted) == 1
    assert len(Outcome(content, mapping={field: ""}).accepted) == 1


# --- times ---


@pytest.mark.promise("POS-17", "POS-6")
@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("2026-05-18T13:30:00+03:00", "ISO 8601"),
        ("2026-05-18 10:30:00Z", "ISO 8601"),
        ("181330CMAY26", "date-time group"),
        ("1779100200", "counts seconds since 1970"),
        ("1779100200.000", "counts seconds since 1970"),
        ("1779100200000", "counts milliseconds"),
        ("1779100200000000", "counts microseconds"),
    ],
)
def test_the_time_format_is_found_and_told(text, told):
    outcome = one(seen_at=text)
    assert utc_text(int(outcome.accepted.seen_at_us[0])) == TIME
    assert told in outcome.told


@pytest.mark.promise("POS-17")
def test_all_rows_are_read_in_the_format_of_the_first():
    rows = [GOOD | {"seen_at": text} for text in ("1779100200", "1779100201", TIME, "1779100202000")]
    assert [(refusal.line, refusal.key) for refusal in Outcome(table(*rows)).refused] == [
        (4, "time.unreadable"),
        (5, "time.out_of_range"),
    ]


@pytest.mark.promise("POS-18")
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("03/04/2026 10:30", '--time-format "%d/%m/%Y %H:%M" or --time-format "%m/%d/%Y %H:%M"'),
        ("18/05/2026 10:30:00", '--time-format "%d/%m/%Y %H:%M:%S" or --time-format "%m/%d/%Y %H:%M:%S"'),
        ("3.4.26 10:30", '--time-format "%d.%m.%y %H:%M" or'),
        ("4/3/2026 10:30 AM", '--time-format "%m/%d/%Y %I:%M %p"'),
        ("2026/04/03 10:30", '--time-format "%Y/%m/%d %H:%M".'),
    ],
)
def test_day_and_month_in_figures_are_never_guessed(text, shown):
    refused = at_opening(table(GOOD | {"seen_at": text}))
    assert refused.key == "time.day_or_month"
    assert shown in refused.mend


@pytest.mark.promise("POS-18")
def test_a_stated_pattern_is_used():
    content = table(GOOD | {"seen_at": "18/05/2026 13:30"})
    outcome = Outcome(content, time_format="%d/%m/%Y %H:%M", zone="Asia/Baghdad")
    assert utc_text(int(outcome.accepted.seen_at_us[0])) == TIME
    assert Outcome(content, time_format="%d/%m/%Y %H:%M").only_fault().key == "time.no_zone"
    assert Outcome(content, time_format="%m/%d/%Y %H:%M", zone="UTC").only_fault().key == "time.unreadable"


@pytest.mark.promise("POS-18", "POS-5")
@pytest.mark.parametrize("pattern", ["%Q", "%H:%M", "%d %d", "%"])
def test_a_pattern_that_cannot_work_is_refused(pattern):
    assert at_opening(table(GOOD), time_format=pattern).key == "time.format"


@pytest.mark.promise("POS-17", "POS-5")
@pytest.mark.parametrize("text", ["20260518103000", "12", "1779100200000000000"])
def test_numbers_that_do_not_count_from_1970_are_refused(text):
    assert at_opening(table(GOOD | {"seen_at": text})).key == "time.which_number"


@pytest.mark.promise("POS-19", "POS-6")
def test_a_time_without_a_zone_is_refused_and_the_option_told():
    content = table(GOOD | {"seen_at": "2026-05-18T10:30:00"})
    outcome = Outcome(content)
    assert (outcome.only_fault().key, outcome.only_fault().column) == ("time.no_zone", "seen_at")
    assert "--time-zone UTC" in outcome.told
    stated = Outcome(content, zone="Asia/Damascus")
    assert utc_text(int(stated.accepted.seen_at_us[0])) == "2026-05-18T07:30:00Z"
    assert "--time-zone" not in stated.told


@pytest.mark.promise("POS-19", "POS-6")
@pytest.mark.parametrize(
    ("name", "utc"),
    [
        ("Time (UTC)", "10:30"),
        ("datetime_utc", "10:30"),
        ("TimeUTC", "10:30"),
        ("Time [GMT]", "10:30"),
        ("Timestamp Z", ""),
        ("Time (+03:00)", "07:30"),
        ("time (Asia/Damascus)", "07:30"),
    ],
)
def test_a_zone_in_the_header_counts_as_declared_and_is_told(name, utc):
    content = f"subject,{name},lat,lon\nA,2026-05-18T10:30:00,33.5,38.6\n"
    if not utc:
        assert at_opening(content).key == "header.missing"
        return
    outcome = Outcome(content)
    assert utc_text(int(outcome.accepted.seen_at_us[0])) == f"2026-05-18T{utc}:00Z"
    assert f"{name} is in " in outcome.told
    assert utc_text(int(Outcome(content, zone="+01:00").accepted.seen_at_us[0])) == "2026-05-18T09:30:00Z"


@pytest.mark.promise("POS-14")
def test_date_and_time_beside_each_other_are_joined():
    outcome = Outcome("Date,Time,Name,Lat,Lon\n2026-05-18,10:30:00,A,33.5,38.6\n", zone="UTC")
    assert utc_text(int(outcome.accepted.seen_at_us[0])) == TIME
    assert "Date+Time as seen_at" in outcome.told


# --- values ---


@pytest.mark.promise("POS-20")
@pytest.mark.parametrize(
    ("header", "cells", "error_mm"),
    [
        ("lat,lon", "33.5058,38.6178", UNKNOWN),
        ("lat,lon", "33°30'21\"N,38°37'04\"E", 10_043),
        ("lat,lon", "33-30.35N,038-37.07E", 6_026),
        ("MGRS", "37SET 5042 0742", 3_536),
        ("lat,lon,error_m", "33-30.35N,038-37.07E,50", 50_000),
    ],
)
def test_the_digits_of_a_place_imply_its_error_where_none_is_stated(header, cells, error_mm):
    quoted = ",".join(f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in cells.split(","))
    batch = Outcome(f"subject,seen_at,{header}\nA,{TIME},{quoted}\n").accepted
    assert batch.error_mm[0] == (UNKNOWN if error_mm == UNKNOWN else pytest.approx(error_mm, rel=0.02))


@pytest.mark.promise("POS-20", "POS-13")
def test_a_place_column_is_left_alone_beside_latitude_and_longitude():
    outcome = one(location="somewhere")
    assert len(outcome.accepted) == 1
    assert "Ignored columns: location." in outcome.told


@pytest.mark.promise("POS-21")
def test_what_ais_sends_instead_of_a_value_is_not_a_value():
    outcome = Outcome(table(GOOD | {"SOG": 102.3, "COG": 360}, GOOD | {"SOG": 102.2, "COG": 511}))
    assert outcome.accepted.speed_mmps.tolist() == [UNKNOWN, 52_576]
    assert outcome.accepted.course_cdeg.tolist() == [UNKNOWN, UNKNOWN]
    assert outcome.notes == {"speed_not_available": 1, "course_not_available": 2}
    assert Outcome(table(GOOD | {"lat": 91}, GOOD | {"lon": 181})).refused[1].key == "position.not_available"


@pytest.mark.promise("POS-22")
def test_zero_zero_is_accepted_and_noted():
    outcome = one(lat=0, lon="0.0")
    assert (len(outcome.accepted), outcome.notes) == (1, {"zero_zero": 1})


@pytest.mark.promise("POS-23", "POS-2")
@pytest.mark.parametrize("text", ["nan", "inf", "-Infinity", "1_0", "12 m", "1,5", "--1", "NA"])
def test_a_number_that_cannot_be_read_is_refused_with_its_column(text):
    fault = one(SOG=f'"{text}"').only_fault()
    assert (fault.key, fault.column, fault.value) == ("number.unreadable", "SOG", text)


@pytest.mark.promise("POS-23")
@pytest.mark.parametrize("text", ["nan", "inf", "1_0", "north", "1e400"])
def test_a_latitude_that_cannot_be_read_is_refused(text):
    assert one(lat=text).only_fault().column == "lat"


@pytest.mark.promise("POS-24")
@pytest.mark.parametrize("row", [f"A,{TIME},33.5", f"A,{TIME},33.5,38.6,7"])
def test_a_row_of_another_width_than_the_header_is_refused(row):
    fault = Outcome(f"subject,seen_at,lat,lon\n{row}\n").only_fault()
    assert (fault.key, fault.column) == ("row.columns", "")


@pytest.mark.promise("POS-25")
@pytest.mark.parametrize(
    ("text", "confidence"),
    [
        ("0.8", 0.8),
        ("80%", 0.8),
        ("Low", 0.3),
        ("moderate", 0.6),
        ("medium", 0.6),
        ("HIGH", 0.9),
        ("1", 1.0),
        ("", None),
    ],
)
def test_a_confidence_is_a_number_a_percentage_or_a_word(text, confidence):
    attribution = one(party="Bravo", confidence=text).accepted.claims[0].attribution
    assert attribution is not None
    assert attribution.confidence == confidence


@pytest.mark.promise("POS-25")
@pytest.mark.parametrize(
    ("column", "text"),
    [
        ("confidence", "80"),
        ("confidence", "-0.1"),
        ("confidence", "probably"),
        ("confidence", "nan"),
        ("grading", "G1"),
        ("grading", "B7"),
        ("grading", "B"),
        ("count", "some"),
        ("count", "9" * 400),
        ("count_min", "2.5"),
        ("count_min", "9999999999"),
        ("count_max", "-1"),
        ("exercise", "maybe"),
        ("datum", "NN"),
    ],
)
def test_what_is_claimed_and_cannot_be_read_is_refused(column, text):
    assert one(**({"party": "Bravo"} | {column: text})).only_fault().column == column


@pytest.mark.promise("POS-25")
def test_counts_keep_their_words_and_may_be_open_on_one_side():
    rows = [
        {"count": words, "count_min": low, "count_max": high}
        for words, low, high in [("27", "", ""), ("", 5, ""), ("", "", 9), ("few", 3, 5)]
    ]
    claims = Outcome(table(*(GOOD | row for row in rows))).accepted.claims
    assert [claim.count for claim in claims] == [
        CountRange(27, 27, "27"),
        CountRange(5, None, "at least 5"),
        CountRange(0, 9, "0-9"),
        CountRange(3, 5, "few"),
    ]
    assert Outcome(table(GOOD | {"count_min": 5, "count_max": 3})).only_fault().key == "count.reversed"


@pytest.mark.promise("POS-25")
def test_attribution_to_nobody_is_noted_each_time():
    rows = [GOOD | {"party": "", "attributed_by": "Meridian"}] * 3
    assert Outcome(table(*rows)).notes == {"attribution_without_party": 3}


@pytest.mark.promise("POS-26")
@pytest.mark.parametrize("column", ["subject", "source", "party"])
@pytest.mark.parametrize("text", ["a\x07b", "a\ud800b"])
def test_text_that_cannot_be_written_is_refused(column, text):
    assert Outcome(json.dumps(GOOD | {column: text}) + "\n").only_fault().key == "text.unwritable"


# --- limits ---


@pytest.mark.promise("POS-27")
def test_a_line_too_long_is_refused_and_the_next_one_read():
    row = f"A,{TIME},33.5,38.6\n"
    outcome = Outcome("subject,seen_at,lat,lon\n" + row + "x" * 1_000_001 + "\n" + row + "y" * 3_000_000)
    assert len(outcome.accepted) == 2
    assert [(refusal.line, refusal.key) for refusal in outcome.refused] == [(3, "line.too_long"), (5, "line.too_long")]


@pytest.mark.promise("POS-27")
def test_a_line_too_long_is_not_held_in_memory():
    packed = gzip.compress(f"subject,seen_at,lat,lon\nA,{TIME},33.5,38.6\n".encode() + b" " * 40_000_000)
    tracemalloc.start()
    outcome = Outcome(packed)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [refusal.key for refusal in outcome.refused] == ["line.too_long"]
    assert peak_bytes < 20_000_000


@pytest.mark.promise("POS-27")
def test_a_header_too_wide_is_refused():
    assert at_opening(",".join(f"c{n}" for n in range(1001)) + "\n").key == "header.too_wide"


@pytest.mark.promise("POS-5")
@pytest.mark.parametrize(
    "stated", [{"format": "shapefile"}, {"zone": "Mars/Olympus"}, {"delimiter": "::"}, {"delimiter": '"'}]
)
def test_options_that_mean_nothing_are_refused(stated):
    with pytest.raises(Refused):
        FeedOptions(**stated)

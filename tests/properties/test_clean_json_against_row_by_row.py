"""Plain JSON read as columns at once gives the batch that reading object by object gives, or says nothing."""

from __future__ import annotations

import json
from dataclasses import fields
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepclear.api.clean_json import clean_reports
from keepclear.feeds.options import FeedOptions
from keepclear.feeds.reading import open_feed
from keepclear.ground.errors import Refused
from keepclear.tracks.observations import Observations

FEED = "ais-1"


class Named(BytesIO):
    name = FEED


def row_by_row(body: bytes, options: FeedOptions, *, by_line: bool):
    stated = {name: getattr(options, name) for name in ("source", "exercise", "time_format", "zone")}
    feed = open_feed(Named(body), FeedOptions(format="ndjson" if by_line else "geojson", **stated))
    blocks = list(feed)
    refusals = [refusal for block in blocks for refusal in block.refusals]
    return Observations.joined([block.observations for block in blocks]), refusals, dict(feed.notes)


def assert_same(ours: Observations, theirs: Observations) -> None:
    for column in fields(Observations):
        mine, other = getattr(ours, column.name), getattr(theirs, column.name)
        if isinstance(other, np.ndarray):
            assert mine.dtype == other.dtype, column.name
            assert mine.tolist() == other.tolist(), column.name
        else:
            assert mine == other, column.name


def body_of(rows, layout: str) -> bytes:
    match layout:
        case "lines":
            return "\n".join(json.dumps(row) for row in rows).encode()
        case "indented":
            return json.dumps(rows, indent=1).encode()
        case _:
            return json.dumps(rows, separators=(",", ":")).encode()


degrees = st.floats(-95, 95) | st.integers(-95, 95) | st.sampled_from([0, 0.0, -0.0, 91, 181.0])
texts = st.sampled_from(
    ["Bravo 1", " Bravo 1 ", "211234560", "Ünder", "a{b", "lat", '"', "", "x" * 201, "a\u0007b", "b\\n"]
)
times = st.sampled_from(
    ["2026-05-18T10:00:00Z", "2026-05-18T10:00:00.5Z", "2026-05-18T10:00:00.123456Z", "2026-05-18T10:00:00.1234567Z",
     "2026-02-30T10:00:00Z", "2026-05-18T24:00:00Z", "2026-05-18T10:00:60Z", "2026-05-18 10:00:00Z", "2026-05-18T10:00:00+03:00",
     "2026-05-18T10:00:00", "1900-01-01T00:00:00Z", "2026-05-18T10:00Z", "1779098400", "", "2026-05-18T10:00:00.Z"]
) | st.datetimes().map(lambda moment: moment.isoformat() + "Z")  # fmt: skip
lengths = st.none() | st.floats(-5, 2_500_000) | st.integers(0, 400)
plain_rows = st.fixed_dictionaries(
    {"subject": texts | st.integers(0, 10**20), "seen_at": times, "lat": degrees, "lon": degrees},
    optional={
        "error_m": lengths,
        "height_m": lengths,
        "datum": st.sampled_from(["W84", "msl", "", "HAE", "nowhere", None]),
        "speed_mps": lengths,
        "course_deg": st.floats(-1, 361) | st.sampled_from([360, 359.999, 0, None]),
        "source": texts | st.none(),
    },
)
odd_rows: st.SearchStrategy = st.sampled_from(
    [{"subject": "x"}, {"lat": "33.5N", "lon": "38.6E", "subject": "x", "seen_at": "2026-05-18T10:00:00Z"}, [], 7, None, {"mmsi": 7},
     {"subject": "x", "seen_at": "2026-05-18T10:00:00Z", "lat": True, "lon": 1.0},
     {"subject": "x", "seen_at": "2026-05-18T10:00:00Z", "lat": 1.0, "lon": 1.0, "party": "bravo"}]
)  # fmt: skip
layouts = st.sampled_from(["close", "indented", "lines"])


@settings(max_examples=300)
@given(st.lists(plain_rows, max_size=5), layouts, st.booleans(), st.sampled_from(["", "mast"]))
def test_what_is_taken_at_once_is_what_is_read_row_by_row(rows, layout, exercise, source):
    check(body_of(rows, layout), FeedOptions(source=source, exercise=exercise), by_line=layout == "lines")


@settings(max_examples=100)
@given(st.lists(plain_rows | odd_rows, max_size=4), layouts)
def test_odd_objects_are_left_to_row_by_row(rows, layout):
    check(body_of(rows, layout), FeedOptions(), by_line=layout == "lines")


def check(body: bytes, options: FeedOptions, *, by_line: bool) -> bool:
    clean = clean_reports(body, FEED, options, by_line=by_line)
    if clean is None:
        return False
    try:
        batch, refusals, notes = row_by_row(body, options, by_line=by_line)
    except Refused as refused:
        pytest.fail(f"taken at once, but refused as a whole: {refused}")
    assert refusals == []
    assert_same(clean[0], batch)
    assert dict(clean[1]) == {key: count for key, count in notes.items() if count}
    return True


GOOD = {"subject": "Bravo 1", "seen_at": "2026-05-18T10:00:00Z", "lat": 33.5, "lon": 38.6}


@pytest.mark.parametrize("layout", ["close", "indented", "lines"])
def test_plain_objects_are_taken_at_once(layout):
    rows = [
        GOOD,
        {**GOOD, "error_m": 10, "course_deg": 360, "source": "mast", "height_m": None},
        {**GOOD, "seen_at": "2026-05-18T10:00:00.25Z"},
    ]
    assert check(body_of(rows, layout), FeedOptions(), by_line=layout == "lines")


@pytest.mark.parametrize(
    "body",
    [
        b'[{"subject":"a","subject":"b","seen_at":"2026-05-18T10:00:00Z","lat":1,"lon":1}]',
        b'[{"subject":"a","seen_at":"2026-05-18T10:00:00Z","lat":1,"lat":2,"lon":1}]',
        b'[{"subject":"\\u00e9","seen_at":"2026-05-18T10:00:00Z","lat":1,"lat":2,"lon":1}]',
        b'[{"subject":"a","seen_at":"2026-05-18T10:00:00Z","l\\u0061t":1,"lon":1}]',
        b'[{"subject":"a","seen_at":"2026-05-18T10:00:00Z","lat":1,"l\\u0061t":1,"lon":1}]',
        b'[{"subject":"a","seen_at":"2026-05-18T10:00:00Z","lat":1,"lon":1,"error_m":1,"error_m":2}]',
        b'[{"subject":"\\ud800","seen_at":"2026-05-18T10:00:00Z","lat":1,"lon":1}]',
        b'[{"subject":"\xff","seen_at":"2026-05-18T10:00:00Z","lat":1,"lon":1}]',
        b'[{"subject":"a","seen_at":"2026-05-18T10:00:00Z","lat":1e999,"lon":1}]',
        b'[{"subject":"a","seen_at":"2026-05-18T10:00:00Z","lat":NaN,"lon":1}]',
        b'[{"subject":"a","seen_at":"2026-05-18T10:00:00Z","lat":1,"lon":1}',
        b"[" * 100_000,
        b"[]",
        b"",
        b"{}",
        b'\xef\xbb\xbf[{"subject":"a","seen_at":"2026-05-18T10:00:00Z","lat":1,"lon":1}]',
    ],
)
def test_what_is_in_doubt_is_not_taken(body):
    assert clean_reports(body, FEED, FeedOptions(), by_line=False) is None


def test_stated_columns_and_formats_are_left_to_row_by_row():
    body = body_of([GOOD], "close")
    assert clean_reports(body, FEED, FeedOptions(mapping={"subject": "name"}), by_line=False) is None
    assert clean_reports(body, FEED, FeedOptions(time_format="epoch-s"), by_line=False) is None
    assert clean_reports(body, FEED, FeedOptions(zone="Asia/Damascus"), by_line=False) is not None

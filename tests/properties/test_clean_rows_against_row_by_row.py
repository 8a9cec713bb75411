"""Lines taken as columns give what reading them row by row gives: reports, refusals, notes, numbers of lines, blocks."""

from __future__ import annotations

import gzip
import io
import math
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from keepclear.feeds import arrival, clean_lines, clean_rows, delimited, lines, reading
from keepclear.feeds.arrival import Arrival
from keepclear.feeds.delimited import Delimited
from keepclear.feeds.lines import Pause
from keepclear.feeds.plain_numbers import decimal
from keepclear.feeds.reading import Feed, FeedOptions
from keepclear.ground.errors import Refused
from keepclear.tracks.observations import COLUMNS
from tests.places_of_data import recorded

HEADER = "subject,seen_at,lat,lon,error_m,height_m"


def feed_of(content: bytes, options: FeedOptions, *, row_by_row: bool) -> Feed:
    came, notes = Arrival(io.BytesIO(content)), Counter[str]()
    return Feed("f.csv", Delimited(came, options, "f.csv", notes, row_by_row=row_by_row), came, notes, None)


def outcome(content: bytes, options: FeedOptions, *, row_by_row: bool) -> list[object]:
    """Everything that can be seen of a feed."""
    try:
        feed = feed_of(content, options, row_by_row=row_by_row)
    except Refused as refused:
        return [str(refused)]
    seen: list[object] = [feed.told]
    for block in feed:
        batch = block.observations
        columns = {name: (getattr(batch, name).dtype, getattr(batch, name).tolist()) for name in COLUMNS}
        tables = (batch.subjects, batch.sources, batch.areas, batch.claims, batch.feeds)
        seen += [columns, tables, block.refusals, block.rows_read, block.bytes_read]
    return [*seen, feed.notes, feed.broken]


def same_both_ways(content: bytes, options: FeedOptions) -> None:
    assert outcome(content, options, row_by_row=False) == outcome(content, options, row_by_row=True)


def taken_as_columns(content: bytes, options: FeedOptions) -> int:
    source = Delimited(Arrival(io.BytesIO(content)), options, "f.csv", Counter())
    source.reports.room = 1_000_000
    taken = 0
    for row in source.rows():
        if isinstance(row, int):
            taken += row
        elif not isinstance(row, Refused | Pause):
            with suppress(Refused):
                source.reports.add(row, feed="f.csv", line=source.line)
    return taken


@pytest.fixture(scope="module", autouse=True)
def small() -> Iterator[None]:
    """Samples, pieces and blocks so small that a short file has many of each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delimited, "SAMPLE_LINES", 3)
        patch.setattr(clean_lines, "LINES_AT_ONCE", 6)
        patch.setattr(clean_lines, "WORTH_LINES", 1)
        patch.setattr(lines, "_DECODED_BYTES", 1)
        patch.setattr(clean_rows, "_ASKED_MIN", 4)
        yield


# --- what stands in cells ---

TIME = st.one_of(
    st.datetimes().map(lambda moment: moment.isoformat() + "Z"),
    st.sampled_from(
        "2026-05-18T10:30:00Z|2026-05-18 10:30|2026-05-18T10:30:00|2024-02-29T00:00:00Z|2026-02-29T00:00:00Z"
        "|2026-05-18T10:30:00.1Z|2026-05-18T10:30:00.123456789+03:00|2026-05-18T10:30:00.1234567891Z"
        "|2026-05-18T10:30:00.Z|2026-05-18T10:30:00,5Z|2026-05-18T10:30.5Z|2026-05-18T10:30:60Z|2026-05-18T24:00:00Z"
        "|2026-05-18T10:30:00-0330|2026-05-18T10:30:00+03|2026-05-18T10:30:00+24:00|2026-05-18T10:30:00+03:60"
        "|2026-05-18T10:30:00+3|2026-05-18T10:30:00z|2026-05-18t10:30:00Z|2026-5-18T10:30:00Z|181030ZMAY26"
        "|2026-13-01T00:00:00Z|2026-00-01T00:00:00Z|2026-04-31T00:00Z|1949-12-31T23:00:00-02:00|1950-01-01T01:00+02:00"
        "|2199-12-31T23:59:59.999999Z|2199-12-31T23:59:59-01:00|2026-10-25T02:30:00|2026-03-29T02:30:00"
        "|2026-10-25 01:59:59|2026-10-24T12:00|2026-05-18|10:30||   | 2026-05-18T10:31:00Z |2026-05-18T10:30:"
        "|1779100200|1779100200.25|1779100200.1234567|1779100200000|-5|1e9|17791002001234567890|1779100200.".split("|")
    ),
)
DEGREES = st.floats(-200, 200)
NUMBER = st.one_of(
    DEGREES.map(repr),
    st.builds(lambda degrees, digits: f"{degrees:.{digits}f}", DEGREES, st.integers(0, 25)),
    # Halves of the seventh decimal, and what is just not a half.
    st.builds(lambda whole, behind: f"{whole / 10**7:.7f}{behind}", st.integers(-(10**9), 10**9), st.sampled_from(
        ["5", "50", "49999999999999999", "50000000000000000001", "4999999", "500000000001"])),
    st.integers(-(10**6), 10**6).map(str),
    st.sampled_from(
        "|0|-0|0.0|+5|5.|.5|.|-|+|-.5|90|-90|90.0000001|91|181|180|180.0000|1e1|1_0|nan|inf|1,5|٣٣|33N|33°30'21\"N"
        "|102.3|102.30|102.29999999999999999|360|360.0|511|359.9999999|0000000000000000000000000000000033.5"
        "|9007199254740993|0.00000000000000000000000000000000001| 7 |\t7|  ".split("|")
    ),
)  # fmt: skip
NAME = st.one_of(
    st.sampled_from(
        ["A", " B", "B", "Bravo 1", "", "  ", "Ünit", "\u00a0Ünit", "a\tb", '"Q"', '"a,b"', '"x""y"', '"', "\x07"]
    ),
    st.sampled_from(["n" * 200, "n" * 201, "é" * 150, "٣", "\u200eA", "235070762"]),
    st.text("ABC", min_size=1, max_size=3),
)
WORD = st.sampled_from(
    ["", "", "", "A", "27", "low hundreds", "0.8", "B2", "yes", "MSL", "W84", "high", " ", "x x", "Ü"]
)
CLEAN = {
    "subject": st.sampled_from(["A", "B", "C-3", "Ünit"]),
    "seen_at": st.integers(0, 59).map("2026-05-18T10:30:{:02d}Z".format),
    "known_at": st.just("2026-05-18T10:31:00Z"),
    "lat": st.floats(-89, 89).map("{:.6f}".format),
    "lon": st.floats(-179, 179).map("{:.5f}".format),
}
ANY = {"subject": NAME, "seen_at": TIME, "known_at": TIME, "source": NAME, "note": NAME}
WORDS = ["source", "datum", "count", "party", "attributed_by", "confidence", "grading", "exercise"]
MEASURES = ["error_m", "error_ft", "height_m", "height_ft", "speed_kn", "sog", "course_deg", "cog", "area_m"]


@st.composite
def files(draw: st.DrawFn) -> bytes:
    more = draw(st.lists(st.sampled_from(["known_at", *WORDS, *MEASURES, "note"]), max_size=6, unique=True))
    columns = draw(st.permutations(["subject", "seen_at", "lat", "lon", *more]))
    delimiter = draw(st.sampled_from(",,;\t|"))
    comma = delimiter == ";" and draw(st.booleans())
    written = [delimiter.join(columns)]
    for clean in draw(st.lists(st.sampled_from([True, True, False]), max_size=30)):
        cells = []
        at_fault = None if clean else draw(st.sampled_from([*columns, ""]))
        for column in columns:
            is_clean = at_fault is None or at_fault not in (column, "")
            if is_clean:
                cell = draw(CLEAN.get(column, st.sampled_from(["", "5", "2"]) if column in MEASURES else st.just("")))
            else:
                cell = draw(ANY.get(column, WORD if column in WORDS else NUMBER))
            cells.append(cell.replace(".", ",") if comma and column in ("lat", "lon", *MEASURES) else cell)
        written.append(delimiter.join(cells + draw(st.sampled_from([[], [], [], [], [], [""]]))))
    ends = draw(st.sampled_from([["\n"], ["\r\n"], ["\n", "\r\n", "\r", "\n\n", "\n\n  \n", "\n,,,\n"]]))
    text = "".join(line + draw(st.sampled_from(ends)) for line in written)
    content = text.encode(draw(st.sampled_from(["utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16"])))
    return content.replace("Ü".encode(), b"\xdc") if draw(st.integers(0, 4)) == 0 else content


OPTIONS = st.builds(
    FeedOptions,
    zone=st.sampled_from([None, "UTC", "+03:00", "Europe/Berlin"]),
    time_format=st.sampled_from([None, None, None, "iso", "epoch-s", "epoch-ms", "epoch-us"]),
    source=st.sampled_from(["", "S"]),
    exercise=st.booleans(),
    line_chars_max=st.sampled_from([1_000_000, 60]),
)


@settings(max_examples=120)
@given(files(), OPTIONS, st.integers(20, 600), st.integers(1, 12))
@example(
    f"{HEADER}\n".encode() + b"A,2026-05-18T10:30:00Z,1,2,,\n" * 9 + b'"B,2026-05-18T10:30:00Z,1,2,,\n' * 3,
    FeedOptions(),
    80,
    5,
)
@example(f"{HEADER}\n".encode() + b"A,2026-05-18T10:30:00Z,1,2,,\r" * 9 + b"A,2026-05-18T10:30:", FeedOptions(), 80, 5)
def test_taken_as_columns_or_row_by_row_a_file_gives_the_same(content, options, piece_bytes, rows_per_block):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arrival, "SAMPLE_BYTES", piece_bytes)
        patch.setattr(arrival, "PIECE_BYTES", piece_bytes)
        patch.setattr(reading, "ROWS_PER_BLOCK", rows_per_block)
        same_both_ways(content, options)
        cut = gzip.compress(content, mtime=0)
        same_both_ways(cut[: len(cut) * 3 // 4], options)


ROW = ("A", "2026-05-18T10:30:00Z", "1", "2", "", "")


@settings(max_examples=40)
@example(
    [
        ROW,
        ("A", "2026-05-18T10:30:00Z", "0", "0.00000000001", "", ""),
        ("A", "2026-05-18T10:30:00Z", "0", "-0.0", "", ""),
    ]
    * 4,
    FeedOptions(),
)
@example(
    [ROW, ("A", "2026-05-18T10:30:00Z", "12.34567894999999999", "12.34567895000000001", "", "0.00049999999999999999")]
    * 4,
    FeedOptions(),
)
@example([ROW, ("A", "1950-01-01T01:00+02:00", "1", "2", "", "")] * 4, FeedOptions())
@example([ROW, ("A", "2026-05-18T10:30:00.1234567891Z", "1", "2", "", "")] * 4, FeedOptions())
@given(st.lists(st.tuples(NAME, TIME, NUMBER, NUMBER, NUMBER, NUMBER), min_size=10, max_size=60), OPTIONS)
def test_whatever_stands_in_the_cells_both_ways_give_the_same(rows, options):
    written = [HEADER, *["A,2026-05-18T10:30:00Z,1,2,,"] * 4, *(",".join(cells) for cells in rows)]
    same_both_ways("\n".join(written).encode(), options)


@settings(max_examples=400)
@given(NUMBER)
@example("9007199254740993")
@example("0.00000000000000000000001")
@example("-0")
def test_a_plain_number_lies_between_the_two_that_are_read_which_are_mostly_one(text):
    cell = text.strip().encode()
    low, high = decimal(np.frombuffer(cell + b",", np.uint8), 0, len(cell), ord("."))
    if math.isnan(low):
        return
    assert low <= float(text) <= high
    if sum(character.isdigit() for character in text) <= 15:
        assert (
            (low, math.copysign(1, low))
            == (float(text), math.copysign(1, float(text)))
            == (high, math.copysign(1, high))
        )


@pytest.mark.parametrize(
    ("header", "row"),
    [
        (HEADER, "A-{n},2026-05-18T10:30:{s:02d}Z,33.{n},-38.123456789012345,12.5,-100"),
        (HEADER, " A-{n} , 2026-05-18 10:30:{s:02d}.25+03:00 ,+33.{n},38,,\r"),
        (
            "MMSI,BaseDateTime,LAT,LON,SOG,COG,VesselName",
            "{n},2022-01-03T00:00:{s:02d},33.60716,-117.91,102.3,360.0,CÓRDOBA",
        ),
        ("epoch;mmsi;lat;lon;error_ft", "17791002{s:02d}.5;{n};33,5;38,6;10,1"),
        (
            "subject,seen_at,lat,lon,source,count,party,attributed_by",
            "A,2026-05-18T10:30:{s:02d}Z,1,2,R{s},about 20,Green,the press",
        ),
    ],
)
def test_plain_files_are_taken_as_columns_but_for_their_first_lines(header, row, monkeypatch):
    monkeypatch.setattr(clean_rows, "_ASKED_MIN", 200)
    content = "\n".join([header, *(row.format(n=n, s=n % 60) for n in range(1000)), ""]).encode()
    options = FeedOptions(zone="Europe/Berlin")
    assert taken_as_columns(content, options) > 800
    same_both_ways(content, options)


def test_lines_that_all_say_something_new_are_not_asked_about_one_by_one():
    content = "\n".join(["subject,seen_at,lat,lon,source", *(f"A,2026-05-18T10:30Z,1,2,R{n}" for n in range(500)), ""])
    assert taken_as_columns(content.encode(), FeedOptions()) < 300
    same_both_ways(content.encode(), FeedOptions())


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Damascus", "Africa/Monrovia", "Pacific/Apia", "UTC", "-09:30"])
def test_local_times_about_a_change_of_clocks_are_what_they_are_row_by_row(zone):
    days = [
        "1972-01-06",
        "1972-01-07",
        "2011-12-29",
        "2011-12-30",
        "2011-12-31",
        "2022-03-25",
        "2022-10-28",
        "2026-03-29",
        "2026-10-25",
    ]
    times = [
        f"{day}T{hour:02d}:{minute}" for day in days for hour in range(24) for minute in ("00", "44:29.5", "59:59")
    ]
    content = "\n".join(["subject,seen_at,lat,lon", *(f"A,{time},1,2" for time in times), ""]).encode()
    same_both_ways(content, FeedOptions(zone=zone))
    assert taken_as_columns(content, FeedOptions(zone=zone)) > len(times) // 2


@pytest.mark.parametrize("name", ["ais_uscg_20220103_99999.csv.gz", "ais_solent_20160112.csv.gz"])
def test_recorded_ais_is_the_same_both_ways(name):
    options = FeedOptions(zone="UTC")
    content = recorded(name).read_bytes()
    same_both_ways(content, options)


def test_to_whom_nobody_is_attributed_is_noted_line_by_line():
    header, row = "subject,seen_at,lat,lon,attributed_by", "A,2026-05-18T10:30Z,1,2,the press"
    content = "\n".join([header.replace("seen_at", "seen_at (UTC)"), *[row] * 50, ""]).encode()
    feed = feed_of(content, FeedOptions(), row_by_row=False)
    assert sum(len(block.observations) for block in feed) == feed.notes["attribution_without_party"] == 50


def test_subjects_keep_their_names_however_many_there_are(monkeypatch):
    monkeypatch.setattr(reading, "ROWS_PER_BLOCK", 50_000)
    names = [f"A-{n}" for n in (*range(140_000), *range(3_000), *range(139_000, 145_000))]
    content = "\n".join(["subject,seen_at,lat,lon", *(f"{name},2026-05-18T10:30Z,1,2" for name in names), ""]).encode()
    batches = [block.observations for block in feed_of(content, FeedOptions(), row_by_row=False)]
    assert [batch.subjects[number] for batch in batches for number in batch.subject.tolist()] == names
    assert all(len(set(batch.subjects)) == len(batch.subjects) <= len(batch) for batch in batches)

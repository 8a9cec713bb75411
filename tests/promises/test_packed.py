"""docs/spec/packed.md: positions as bytes, and back; whatever else is given is refused."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from keepclear.geo.shapes import Circle, Corridor, Polygon, Sector
from keepclear.ground.errors import Refused
from keepclear.ground.quantities import CountRange, parse_count
from keepclear.tracks.builder import BatchBuilder
from keepclear.tracks.observations import COLUMNS, NO_CLAIM, TABLES, Attribution, Claim, Observations
from keepclear.tracks.packing import MAGIC, packed, segments, unpacked
from tests.builders import CENTRE, at

PUBLISHED = Path(__file__).parents[1] / "vectors" / "packed_positions.json"
LAT, LON = CENTRE
AREAS = [
    Circle(LAT, LON, 9_000),
    Circle(LAT, LON, 9_000.0000000001),
    Sector(LAT, LON, 14_000.0, 300.0, 80.0, 3_000.0),
    Polygon((((((LAT, LON), (LAT, LON + 0.1), (LAT + 0.1, LON), (LAT, LON))),),), "lonlat"),
    Corridor(((LAT - 0.2, LON), (LAT + 0.2, LON + 0.1)), 2_000.0),
]
claims = st.builds(
    Claim,
    count=st.sampled_from([None, CountRange(3, 5, "3-5"), parse_count("low hundreds"), parse_count("over 60")]),
    attribution=st.none() | st.builds(Attribution, st.sampled_from(["Alpha", "Größe"]), st.just("Meridian"), st.none() | st.floats(0, 1)),
    grading=st.sampled_from(["", "B2"]),
    exercise=st.booleans(),
)  # fmt: skip
names = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=12).filter(
    lambda name: name == name.strip()
)
reports = st.fixed_dictionaries(
    {
        "subject": st.sampled_from(["Bravo 1", "Bravo 2", "Kite"]) | names,
        "seen_at_us": st.integers(0, 3).map(lambda hours: at("10:00") + hours * 3_600_000_000) | st.integers(0, 2**52),
        "lat": st.floats(-90, 90),
        "lon": st.floats(-180, 180),
    },
    optional={
        "error_m": st.floats(0, 2_000_000),
        "height_m": st.floats(-12_000, 1_000_000),
        "datum": st.sampled_from(["W84", "MSL", "AGL"]),
        "speed_mps": st.floats(0, 30_000),
        "course_deg": st.floats(0, 360),
        "source": st.sampled_from(["radar", "patrol"]),
        "feed": st.sampled_from(["one", "two"]),
        "area": st.sampled_from(AREAS),
        "claim": claims,
        "line": st.integers(0, 300),
    },
)


def batch_of(given_rows: list[dict]) -> Observations:
    builder = BatchBuilder()
    for row in given_rows:
        builder.add(**row)
    return builder.build()


batches = st.lists(reports, max_size=12).map(batch_of)


def assert_same(one: Observations, other: Observations) -> None:
    for table in TABLES:
        assert getattr(one, table) == getattr(other, table)
        assert repr(getattr(one, table)) == repr(getattr(other, table))  # an area is told apart by how it is written
    for name, kind in COLUMNS.items():
        assert getattr(one, name).tolist() == getattr(other, name).tolist()
        assert getattr(one, name).dtype == kind


@pytest.mark.promise("PACKED-1")
@given(batches)
def test_a_batch_and_its_bytes_are_the_same_thing(batch):
    text = packed(batch)
    assert_same(unpacked(text), batch)
    assert packed(unpacked(text)) == text


@pytest.mark.promise("PACKED-1")
@given(batches)
def test_the_bytes_are_laid_out_as_the_page_says(batch):
    """Read by hand, with nothing of ours but the names."""
    text = packed(batch)
    rows, size = struct.unpack_from("<II", text, 22)
    tables = json.loads(text[30 : 30 + size])
    assert list(tables) == ["subjects", "sources", "areas", "claims", "feeds"]
    heads = [struct.unpack_from("<qB", text, 30 + size + 9 * number) for number in range(15)]
    place, columns = 30 + size + 9 * 15, []
    for least, width in heads:
        columns.append(
            [least + int.from_bytes(text[place + i * width : place + (i + 1) * width], "little") for i in range(rows)]
        )
        place += rows * width
    assert place == len(text)
    assert columns == [getattr(batch, name).tolist() for name in COLUMNS]
    assert [tables["subjects"][number] for number in columns[0]] == [batch.subjects[number] for number in batch.subject]


@given(batches)
def test_cut_by_subject_every_report_is_there_once_in_its_order(batch):
    cut = list(segments(batch))
    assert [segment.subject for segment in cut] == [name for n, name in enumerate(batch.subjects) if n in batch.subject]
    for segment in cut:
        rows = np.flatnonzero(batch.subject == batch.subjects.index(segment.subject))
        own, there = unpacked(segment.packed), batch.take(rows)
        seen = (segment.first_seen_us, segment.last_seen_us, segment.reports)
        assert seen == (there.seen_at_us.min(), there.seen_at_us.max(), len(there))
        assert_same(own, Observations.joined([batch_named(there), batch_named(there.take(slice(0, 0)))]))
        assert packed(own) == segment.packed


def batch_named(batch: Observations) -> Observations:
    """The batch with no more in its tables than it names, in the order of the tables."""
    columns: dict[str, Any] = {name: getattr(batch, name) for name in COLUMNS}
    tables: dict[str, Any] = {}
    for table, name in TABLES.items():
        named = sorted(set(columns[name].tolist()) - {-1})
        tables[table] = tuple(getattr(batch, table)[number] for number in named)
        places = {number: place for place, number in enumerate(named)} | {-1: -1}
        columns[name] = np.array([places[number] for number in columns[name].tolist()], np.int32)
    return Observations(**tables, **columns)


def sound() -> bytes:
    return packed(
        batch_of(
            [
                {"subject": "Bravo 1", "seen_at_us": at("10:00"), "lat": LAT, "lon": LON, "error_m": 20.0, "area": AREAS[0]},
                {"subject": "Kite", "seen_at_us": at("10:01"), "lat": LAT, "lon": LON, "claim": Claim(exercise=True)},
            ]
        )
    )  # fmt: skip


def with_tables(**changed: object) -> bytes:
    text = sound()
    rows, size = struct.unpack_from("<II", text, 22)
    tables = json.dumps(json.loads(text[30 : 30 + size]) | changed, separators=(",", ":")).encode()
    return MAGIC + struct.pack("<II", rows, len(tables)) + tables + text[30 + size :]


def with_column(name: str, least: int) -> bytes:
    text = bytearray(sound())
    (size,) = struct.unpack_from("<I", text, 26)
    struct.pack_into("<q", text, 30 + size + 9 * list(COLUMNS).index(name), least)
    return bytes(text)


HOSTILE = {
    "nothing": (b"", "byte 0"),
    "another version": (sound().replace(b"positions 1", b"positions 2"), "byte 0"),
    "cut in the head": (sound()[:25], "byte 22"),
    "cut in the values": (sound()[:-1], "byte 312"),
    "more than there is": (sound() + b"\0", "byte 312"),
    "rows without bytes": (MAGIC + struct.pack("<II", 2**32 - 1, 2) + b"{}" + bytes(15 * 9), "column subject"),
    "tables longer than all": (MAGIC + struct.pack("<II", 2, 2**32 - 1) + b"{}", "byte 30"),
    "no tables": (MAGIC + struct.pack("<II", 0, 2) + b"{}" + b"\0" * 8 + b"\1" + bytes(14 * 9), "tables"),
    "deep tables": (MAGIC + struct.pack("<II", 0, 9_999) + b"[" * 9_999 + b"\0" * 8 + b"\1" + bytes(14 * 9), "tables"),
    "an empty subject": (with_tables(subjects=["", "Kite"]), "tables, subjects[0] "),
    "a subject too few": (with_tables(subjects=["Bravo 1"]), "row 1, column subject"),
    "a subject of numbers": (with_tables(subjects=["Bravo 1", 7]), "tables, subjects[1] "),
    "a surer claim than sure": (with_tables(claims=[[None, ["Alpha", "", 1.5], "", False], [None, None, "", True]]), "tables, claims[0] "),
    "a claim of a million million": (with_tables(claims=[[[0, 10**12, "many"], None, "", False], [None, None, "", True]]), "tables, claims[0] "),
    "an area that is none": (with_tables(areas=[["circle", LAT, LON, -1.0]]), "tables, areas[0] "),
    "an area without a place": (with_tables(areas=[["polygon", "geodesic", [[[1.0]]]]]), "tables, areas[0] "),
    "an area of true": (with_tables(areas=[["circle", LAT, LON, True]]), "tables, areas[0] "),
    "a latitude beyond the pole": (with_column("lat_e7", 900_000_001), "row 0, column lat_e7"),
    "a height below all": (with_column("height_mm", -(2**31) + 1), "row 0, column height_mm"),
    "a time before all": (with_column("seen_at_us", -(2**63)), "row 0, column seen_at_us"),
    "a time after all": (with_column("known_at_us", 2**63 - 1), "row 0, column known_at_us"),
    "known long before seen": (with_column("seen_at_us", at("10:02")), "row 0, column seen_at_us"),
    "a datum that is none": (with_column("datum", 9), "row 0, column datum"),
}  # fmt: skip


@pytest.mark.promise("PACKED-2")
@pytest.mark.parametrize("what", HOSTILE)
def test_bytes_that_are_no_batch_are_refused_with_their_place(what):
    text, where = HOSTILE[what]
    with pytest.raises(Refused) as refused:
        unpacked(text)
    assert refused.value.where == where


@pytest.mark.promise("PACKED-2")
@given(batches, st.data())
def test_changed_bytes_are_refused_or_are_another_batch(batch, data):
    text = bytearray(packed(batch))
    for _ in range(data.draw(st.integers(1, 3))):
        text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.integers(0, 255))
    spoiled = bytes(text[: data.draw(st.sampled_from([len(text), len(text), len(text) - 1, len(text) // 2]))])
    try:
        other = unpacked(spoiled)
    except Refused:
        return
    assert packed(other) == spoiled


@pytest.mark.promise("PACKED-2")
@given(st.binary(max_size=300))
@example(MAGIC)
def test_any_bytes_are_refused_or_read(tail):
    for text in (tail, MAGIC + tail):
        with pytest.raises(Refused):
            unpacked(text)


@pytest.mark.parametrize("subject", ["", " Kite", "x" * 201])
def test_what_could_not_be_read_again_is_not_written(subject):
    batch = batch_of([{"subject": "Kite", "seen_at_us": at("10:00"), "lat": LAT, "lon": LON}])
    vars(batch)["subjects"] = (subject,)
    with pytest.raises(Refused, match="subject"):
        packed(batch)
    vars(batch)["subjects"], vars(batch)["claims"] = ("Kite",), (Claim(attribution=Attribution("Alpha", "", 7.0)),)
    with pytest.raises(Refused, match="claim"):
        packed(batch)


@pytest.mark.promise("PACKED-3")
def test_the_published_bytes_are_what_this_version_writes():
    published = json.loads(PUBLISHED.read_text(encoding="utf-8"))
    builder = BatchBuilder()
    for row in published["rows"]:
        area, claim = row.pop("area", None), row.pop("claim", None)
        party = None if claim is None else Attribution(*claim["attribution"])
        said = (
            NO_CLAIM
            if claim is None
            else Claim(CountRange(*claim["count"]), party, claim["grading"], claim["exercise"])
        )
        builder.add(**row, area=None if area is None else Circle(*area), claim=said)
    text = bytes.fromhex(published["packed"])
    assert packed(builder.build()) == text
    assert_same(unpacked(text), unpacked(packed(unpacked(text))))


@pytest.mark.promise("PACKED-2")
@pytest.mark.parametrize("name", ["A\x00B", "A\x1bB", "A\ud800B"])
def test_names_that_no_database_could_keep_are_refused(name):
    builder = BatchBuilder()
    builder.add(subject=name, seen_at_us=at("10:00"), lat=33.5, lon=38.6)
    with pytest.raises(Refused, match="cannot be written"):
        packed(builder.build())

"""docs/spec/positions.md, "Tables in memory": dicts of columns and DataFrames, read strictly."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from keepclear.geo.shapes import Circle, Sector
from keepclear.ground.errors import Refused
from keepclear.ground.instants import parse_instant
from keepclear.tracks.builder import BatchBuilder
from keepclear.tracks.observations import COLUMNS, NO_AREA, TABLES, UNKNOWN
from keepclear.tracks.tables import observations_of

BEGIN_US = parse_instant("2026-05-18T10:30:00Z").us
BEGIN = datetime(2026, 5, 18, 10, 30, tzinfo=UTC)


def table(**columns: Any) -> dict[str, Any]:
    """Twenty reports of Bravo 1, a minute apart."""
    return {
        "subject": ["Bravo 1"] * 20,
        "seen_at": [BEGIN_US + 60_000_000 * n for n in range(20)],
        "lat": np.linspace(33.5, 33.6, 20),
        "lon": np.full(20, 38.6),
    } | columns


def fault(data: Any, **stated: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        observations_of(data, **stated)
    return caught.value


@pytest.mark.promise("POS-31")
def test_a_table_gives_what_the_builder_gives_row_by_row():
    chance = np.random.default_rng(4)
    count = 500
    full: dict[str, Any] = {
        "subject": [f"Bravo {n % 7}" for n in range(count)],
        "seen_at": BEGIN_US + chance.integers(0, 10**9, count),
        "lat": chance.uniform(-90, 90, count),
        "lon": chance.uniform(-180, 180, count),
        "error_m": np.where(chance.random(count) < 0.5, np.nan, chance.uniform(0, 1000, count)),
        "height_m": chance.uniform(-100, 9000, count),
        "speed_mps": chance.uniform(0, 300, count),
        "course_deg": chance.uniform(0, 360, count),
        "source": [f"post {n % 3}" for n in range(count)],
        "datum": ["MSL" if n % 2 else "AGL" for n in range(count)],
    }
    builder = BatchBuilder()
    for row in range(count):
        given: dict[str, Any] = {name: column[row] for name, column in full.items()}
        given["seen_at_us"] = int(given.pop("seen_at"))
        builder.add(**(given | {"error_m": None if np.isnan(given["error_m"]) else given["error_m"]}))
    expected = builder.build()
    for data in (full, pd.DataFrame(full)):
        got = observations_of(data)
        for name in COLUMNS:
            assert getattr(got, name).dtype == getattr(expected, name).dtype
            assert np.array_equal(getattr(got, name), getattr(expected, name)), name
        assert [getattr(got, name) for name in TABLES] == [getattr(expected, name) for name in TABLES]


@pytest.mark.promise("POS-31")
@pytest.mark.parametrize(
    ("column", "bad"),
    [
        ("lat", 91.5),
        ("lat", np.nan),
        ("lat", np.inf),
        ("lon", -180.1),
        ("lon", None),
        ("lat", "33.5"),
        ("lat", True),
        ("subject", ""),
        ("subject", None),
        ("subject", "x" * 300),
        ("subject", "a\x00"),
        ("subject", 1.5),
        ("seen_at", -(10**15)),
        ("seen_at", 1.7e15),
        ("seen_at", 2**62),
        ("seen_at", None),
        ("error_m", -1.0),
        ("height_m", 2e6),
        ("speed_mps", np.inf),
        ("course_deg", 361.0),
        ("datum", "NN"),
        ("confidence", "80"),
        ("grading", "Z9"),
        ("count", "some"),
        ("area_m", -2.0),
    ],
)
def test_one_bad_value_refuses_the_table_and_says_where(column, bad):
    usual = {"error_m": 5.0, "height_m": 5.0, "speed_mps": 5.0, "course_deg": 5.0, "datum": "MSL", "area_m": 9.0}
    words = {"confidence": "80%", "grading": "B2", "count": "27", "party": "Bravo"}
    columns = {name: [value] * 20 for name, value in (usual | words).items()}
    data = table(**columns)
    assert len(observations_of(data)) == 20
    data[column] = list(data[column])
    data[column][17] = bad
    assert fault(data).where == f"row 17, column {column}"


@pytest.mark.promise("POS-31")
def test_a_column_that_is_missing_or_short_is_refused():
    data = table()
    del data["lon"]
    assert (fault(data).key, fault(data).value) == ("table.missing", "lon")
    assert fault(table(lat=[33.5])).key == "table.lengths"


@pytest.mark.promise("POS-31")
def test_whole_numbers_in_an_array_of_floats_are_no_times():
    assert fault(table(seen_at=np.full(20, 1.7e15))).key == "time.unreadable"


@pytest.mark.promise("POS-32")
@pytest.mark.parametrize(
    "times",
    [
        [BEGIN + timedelta(minutes=n) for n in range(20)],
        [(BEGIN + timedelta(minutes=n)).astimezone(ZoneInfo("Asia/Damascus")) for n in range(20)],
        [(BEGIN + timedelta(minutes=n)).isoformat() for n in range(20)],
        np.arange(20) * 60_000_000 + BEGIN_US,
        pd.Series(pd.date_range(BEGIN, periods=20, freq="min")),
        pd.Series(pd.date_range(BEGIN, periods=20, freq="min").tz_convert("Asia/Damascus")),
        pd.Series(pd.date_range(BEGIN, periods=20, freq="min")).astype(object),
    ],
    ids=["aware", "aware elsewhere", "text", "microseconds", "pandas", "pandas elsewhere", "pandas objects"],
)
def test_times_that_name_an_instant_are_read(times):
    expected = [BEGIN_US + 60_000_000 * n for n in range(20)]
    assert observations_of(table(seen_at=times)).seen_at_us.tolist() == expected
    assert observations_of(pd.DataFrame(table(seen_at=times))).seen_at_us.tolist() == expected


@pytest.mark.promise("POS-32")
@pytest.mark.parametrize(
    "times",
    [
        np.datetime64("2026-05-18T10:30", "m") + np.arange(20),
        pd.Series(pd.date_range("2026-05-18T10:30", periods=20, freq="min")),
        [BEGIN.replace(tzinfo=None) + timedelta(minutes=n) for n in range(20)],
        [f"2026-05-18T10:{30 + n}:00" for n in range(20)],
    ],
    ids=["numpy", "pandas", "naive", "text"],
)
def test_times_without_a_zone_are_refused_unless_it_is_given(times):
    data = table(seen_at=times)
    refused = fault(data)
    assert (refused.key, refused.where) == ("time.no_zone", "row 0, column seen_at")
    assert observations_of(data, zone="UTC").seen_at_us[0] == BEGIN_US
    assert observations_of(data, zone="Asia/Damascus").seen_at_us[0] == BEGIN_US - 3 * 3_600_000_000


@pytest.mark.promise("POS-32")
def test_a_local_time_that_a_clock_change_makes_double_is_refused():
    times = np.full(20, np.datetime64("2026-10-25T02:30"))
    assert fault(table(seen_at=times), zone="Europe/Berlin").key == "time.double_local"


def test_known_at_may_be_missing_for_some():
    known = pd.Series([pd.NaT] * 19 + [pd.Timestamp(BEGIN + timedelta(hours=1))])
    got = observations_of(table(known_at=known))
    assert got.known_at_us.tolist()[:19] == got.seen_at_us.tolist()[:19]
    assert got.known_at_us[19] == BEGIN_US + 3_600_000_000
    early = fault(table(known_at=[BEGIN_US] * 20))
    assert (early.key, early.where) == ("time.seen_after_known", "row 2, column seen_at")


def test_claims_and_areas_come_with_the_rows_that_have_them():
    data = table(
        party=["Bravo"] * 10 + [None] * 10,
        confidence=[0.8] * 10 + [np.nan] * 10,
        exercise=[True] * 20,
        area_m=[np.nan] * 18 + [500.0, 700.0],
        area_from_deg=[np.nan] * 19 + [10.0],
        area_to_deg=[np.nan] * 19 + [90.0],
    )
    for given in (data, pd.DataFrame(data)):
        got = observations_of(given)
        assert got.claim.tolist() == [0] * 10 + [1] * 10
        assert [claim.attribution.party if claim.attribution else None for claim in got.claims] == ["Bravo", None]
        assert got.area.tolist() == [NO_AREA] * 18 + [0, 1]
        assert [type(area) for area in got.areas] == [Circle, Sector]
        assert got.error_mm.tolist() == [UNKNOWN] * 20


def test_a_course_of_360_is_north():
    assert observations_of(table(course_deg=np.full(20, 360.0))).course_cdeg.tolist() == [0] * 20


def test_columns_of_pandas_with_missing_values_are_read():
    frame = pd.DataFrame(table())
    frame["speed_mps"] = pd.array([5] * 19 + [None], dtype="Int64")
    frame["source"] = pd.array(["post 7"] * 19 + [None], dtype="string")
    frame["subject"] = frame["subject"].astype("category")
    got = observations_of(frame)
    assert got.speed_mmps.tolist() == [5000] * 19 + [UNKNOWN]
    assert got.sources == ("post 7", "")


def test_a_table_without_rows_has_no_reports():
    empty = {name: column[:0] for name, column in table().items()}
    assert len(observations_of(empty)) == 0
    assert len(observations_of(pd.DataFrame(empty))) == 0

"""docs/spec/quantities.md: numbers with units, spoken counts, instants with zones."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from keepclear.ground.errors import Refused
from keepclear.ground.instants import Window, duration_text, parse_instant, utc_text
from keepclear.ground.quantities import SPOKEN_COUNTS, parse_count, parse_duration_us, parse_length, parse_speed

SPEC = Path(__file__).parents[2] / "docs" / "spec" / "quantities.md"


@pytest.mark.promise("QUANTITY-1", "QUANTITY-2")
@pytest.mark.parametrize(
    ("text", "metres"),
    [
        ("55 km", 55_000),
        ("55km", 55_000),
        ("34 mi", 54_717.696),
        ("34 statute miles", 54_717.696),
        ("29.7 NM", 55_004.4),
        ("30 nautical miles", 55_560),
        ("500 ft", 152.4),
        ("1.5 km", 1_500),
        ("-3 m", -3),
    ],
)
def test_lengths_are_exact_in_their_units(text, metres):
    assert parse_length(text).m == metres
    assert parse_length(text).as_entered == text


@pytest.mark.promise("QUANTITY-1")
@pytest.mark.parametrize(
    ("text", "key"),
    [("30 miles", "length.bare_mile"), ("1 mile", "length.bare_mile"), ("55", "length.unreadable"), (55, "length.no_unit"), (None, "length.no_unit"), ("55 M", "length.capital_m"), ("55 parsec", "length.unknown_unit"), ("km", "length.unreadable"), ("1,5 km", "length.unreadable"), ("nan km", "length.unreadable"), ("1e3 m", "length.unknown_unit")],
)  # fmt: skip
def test_a_length_without_a_clear_unit_is_refused(text, key):
    with pytest.raises(Refused) as refused:
        parse_length(text)
    assert refused.value.key == key
    assert refused.value.mend


@pytest.mark.promise("QUANTITY-1")
def test_the_refusal_of_a_bare_mile_shows_how_far_apart_its_two_meanings_are():
    with pytest.raises(Refused, match=r"48280 m here.*55560 m here"):
        parse_length("30 miles")


@pytest.mark.promise("QUANTITY-2")
def test_speeds_and_durations():
    assert parse_speed("36 km/h").mps == pytest.approx(10.0)
    assert parse_speed("10 kn").mps == pytest.approx(5.144444, abs=1e-6)
    assert parse_duration_us("1 h 30 min") == 5_400_000_000
    assert parse_duration_us("90 s") == 90_000_000
    for bad in ("", "soon", "5", "5 fortnights", "5 min later", -5):
        with pytest.raises(Refused):
            parse_duration_us(bad)


@pytest.mark.promise("QUANTITY-3")
@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("27", 27, 27),
        ("about 200", 160, 240),
        ("more than 60", 60, None),
        (">60", 60, None),
        ("60+", 60, None),
        ("up to 50", 0, 50),
        ("100-300", 100, 300),
        ("between 100 and 300", 100, 300),
        ("Low Hundreds", 100, 400),
        ("a couple hundred", 150, 300),
    ],
)
def test_a_count_becomes_a_range_and_keeps_its_words(text, low, high):
    count = parse_count(text)
    assert (count.low, count.high, count.as_entered) == (low, high, text)


@pytest.mark.promise("QUANTITY-3")
@pytest.mark.parametrize("text", ["many", "-5", "300-100", "", "1.5"])
def test_a_count_that_is_not_understood_is_refused(text):
    with pytest.raises(Refused):
        parse_count(text)


@pytest.mark.promise("QUANTITY-3")
def test_the_spoken_counts_are_those_of_the_spec():
    rows = re.findall(r"^\| ([a-z ]+) \| (\d+) \| (\d+) \|$", SPEC.read_text(), re.MULTILINE)
    assert {words: (int(low), int(high)) for words, low, high in rows} == SPOKEN_COUNTS


@pytest.mark.promise("QUANTITY-4", "QUANTITY-5")
@pytest.mark.parametrize(
    ("text", "utc", "zone"),
    [
        ("2017-05-18T10:30:00Z", "2017-05-18T10:30:00Z", "Z"),
        ("2017-05-18 10:30:00+03:00", "2017-05-18T07:30:00Z", "+03:00"),
        ("2017-05-18T10:30+0300", "2017-05-18T07:30:00Z", "+0300"),
        ("2017-05-18T10:30:00.123Z", "2017-05-18T10:30:00.123000Z", "Z"),
        ("2017-05-18T10:30:00.123456789Z", "2017-05-18T10:30:00.123456Z", "Z"),
        ("181030CMAY17", "2017-05-18T07:30:00Z", "C"),
        ("181030Z MAY 2017", "2017-05-18T10:30:00Z", "Z"),
    ],
)
def test_instants_are_utc_and_remember_the_zone_they_were_spoken_in(text, utc, zone):
    instant = parse_instant(text)
    assert (utc_text(instant.us), instant.zone) == (utc, zone)


@pytest.mark.promise("QUANTITY-4")
@pytest.mark.parametrize(
    ("text", "declared", "key"),
    [
        ("2017-05-18T10:30:00", None, "time.no_zone"),
        ("181030JMAY17", None, "time.no_zone"),
        ("2017-05-18", None, "time.unreadable"),
        ("18/05/2017 10:30", "UTC", "time.unreadable"),
        ("2017-02-30T10:30:00Z", None, "time.unreadable"),
        ("1900-01-01T00:00:00Z", None, "time.out_of_range"),
        ("2017-03-26T02:30:00", "Europe/Berlin", "time.impossible_local"),
        ("2017-10-29T02:30:00", "Europe/Berlin", "time.double_local"),
        ("2017-05-18T10:30:00", "Mars/Olympus", "time.unknown_zone"),
        ("2017-05-18T10:30:00", "Asia", "time.unknown_zone"),
        ("2017-05-18T10:30:00", "+99:99", "time.unknown_zone"),
        ("2017-05-18T10:30:00", "A" * 5000, "time.unknown_zone"),
    ],
)
def test_a_time_that_names_no_single_instant_is_refused(text, declared, key):
    with pytest.raises(Refused) as refused:
        parse_instant(text, declared)
    assert refused.value.key == key


@pytest.mark.promise("QUANTITY-4")
def test_damascus_was_three_hours_ahead_in_the_summer_of_2017():
    assert utc_text(parse_instant("2017-06-01T12:00:00", "Asia/Damascus").us) == "2017-06-01T09:00:00Z"


def test_a_window_that_ends_before_it_begins_is_refused():
    with pytest.raises(Refused, match="ends before it begins"):
        Window(2, 1)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (35, "35 s"),
        (119, "119 s"),
        (720, "12 min"),
        (11_100, "3 h 05 min"),
        (10_800, "3 h"),
        (187_200, "2 d 4 h"),
        (172_800, "2 d"),
    ],
)
def test_durations_in_words(seconds, text):
    assert duration_text(seconds * 1_000_000) == text

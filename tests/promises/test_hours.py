"""docs/spec/hours.md: readings of a clock on days of the week, as instants."""

from __future__ import annotations

from datetime import date

import pytest

from keepclear.ground.errors import LimitExceeded, Refused
from keepclear.ground.hours import (
    DAY_US,
    EVERY_DAY,
    ROUND_THE_CLOCK,
    Calendar,
    Day,
    Hours,
    Span,
    Times,
    both,
    calendar_checked,
    hours_checked,
    period_checked,
    spans_of,
    times_checked,
    times_of,
    union,
    without,
)
from keepclear.ground.instants import parse_instant, utc_text

DAMASCUS = Calendar("Asia/Damascus")
BERLIN = Calendar("Europe/Berlin")
NIGHT = Hours(EVERY_DAY, 22 * 60, 6 * 60)
EARLY = Hours(EVERY_DAY, 2 * 60 + 30, 8 * 60)
LATE = Hours(EVERY_DAY, 20 * 60, 2 * 60 + 30)


def us(text):
    return parse_instant(text).us


def texts(spans):
    return [(utc_text(span.from_us), utc_text(span.until_us)) for span in spans]


@pytest.mark.promise("HOURS-1")
def test_nine_oclock_stays_nine_oclock_when_the_clocks_change():
    due = times_of((Times(EVERY_DAY, (9 * 60,)),), BERLIN, us("2026-03-28T00:00:00Z"), us("2026-03-30T00:00:00Z"))
    assert [utc_text(at_us) for at_us in due] == ["2026-03-28T08:00:00Z", "2026-03-29T07:00:00Z"]


@pytest.mark.promise("HOURS-1")
def test_a_night_with_a_clock_change_is_an_hour_shorter():
    (night,) = spans_of((NIGHT,), BERLIN, us("2026-03-28T12:00:00Z"), us("2026-03-29T12:00:00Z"))
    assert texts([night]) == [("2026-03-28T21:00:00Z", "2026-03-29T04:00:00Z")]


@pytest.mark.promise("HOURS-1")
def test_only_the_named_days_count_in_the_zone_and_not_in_utc():
    tuesday = Times((Day.TUE,), (60,))
    due = times_of((tuesday,), DAMASCUS, us("2026-05-18T00:00:00Z"), us("2026-05-25T00:00:00Z"))
    assert [utc_text(at_us) for at_us in due] == ["2026-05-18T22:00:00Z"]


@pytest.mark.promise("HOURS-1")
def test_round_the_clock_has_no_seam():
    assert spans_of(ROUND_THE_CLOCK, BERLIN, 0, 300 * DAY_US) == (Span(0, 300 * DAY_US),)


@pytest.mark.promise("HOURS-2")
def test_a_time_that_the_clock_jumps_over_falls_at_the_change():
    spring = us("2026-03-29T00:00:00Z"), us("2026-03-29T12:00:00Z")
    assert texts(spans_of((EARLY,), BERLIN, *spring)) == [("2026-03-29T01:00:00Z", "2026-03-29T06:00:00Z")]
    due = times_of((Times(EVERY_DAY, (150,)),), BERLIN, *spring)
    assert [utc_text(at_us) for at_us in due] == ["2026-03-29T01:00:00Z"]


@pytest.mark.promise("HOURS-2")
def test_of_a_time_that_comes_twice_cover_begins_with_the_second_and_ends_with_the_first():
    autumn = us("2026-10-24T12:00:00Z"), us("2026-10-25T07:00:00Z")
    assert texts(spans_of((LATE,), BERLIN, *autumn)) == [("2026-10-24T18:00:00Z", "2026-10-25T00:30:00Z")]
    assert texts(spans_of((EARLY,), BERLIN, *autumn))[0] == ("2026-10-25T01:30:00Z", "2026-10-25T07:00:00Z")
    due = times_of((Times(EVERY_DAY, (150,)),), BERLIN, *autumn)
    assert [utc_text(at_us) for at_us in due] == ["2026-10-25T00:30:00Z"]


@pytest.mark.promise("HOURS-2")
def test_a_midnight_that_the_clock_jumps_over_begins_the_day_at_the_change():
    spring = us("2022-03-24T12:00:00Z"), us("2022-03-25T12:00:00Z")
    (day,) = spans_of((Hours((Day.FRI,), 0, 1440),), DAMASCUS, *spring)
    assert utc_text(day.from_us) == "2022-03-24T22:00:00Z"


@pytest.mark.promise("HOURS-3")
def test_hours_neither_begin_on_a_day_off_nor_reach_into_it():
    calendar = Calendar("Asia/Damascus", (date(2026, 5, 19),))
    found = spans_of((NIGHT,), calendar, us("2026-05-18T12:00:00Z"), us("2026-05-21T12:00:00Z"))
    assert texts(found) == [
        ("2026-05-18T19:00:00Z", "2026-05-18T21:00:00Z"),
        ("2026-05-20T19:00:00Z", "2026-05-21T03:00:00Z"),
    ]


@pytest.mark.promise("HOURS-3")
def test_no_call_falls_due_on_a_day_off():
    calendar = Calendar("Asia/Damascus", (date(2026, 5, 19),))
    period = us("2026-05-18T00:00:00Z"), us("2026-05-21T00:00:00Z")
    due = times_of((Times(EVERY_DAY, (540, 1020)),), calendar, *period)
    assert [utc_text(at_us)[5:16] for at_us in due] == ["05-18T06:00", "05-18T14:00", "05-20T06:00", "05-20T14:00"]


@pytest.mark.promise("HOURS-4")
@pytest.mark.parametrize(
    ("hours", "key", "where"),
    [
        (Hours((), 0, 60), "hours.no_day", "$.hours[0].days"),
        (Hours(EVERY_DAY, 0, 1441), "hours.minute", "$.hours[0]"),
        (Hours(EVERY_DAY, -1, 60), "hours.minute", "$.hours[0]"),
        (Hours(EVERY_DAY, 60, 0), "hours.minute", "$.hours[0]"),
        (Hours(EVERY_DAY, 60, 60), "hours.empty", "$.hours[0]"),
    ],
)
def test_hours_that_no_week_has_are_refused_with_their_place(hours, key, where):
    with pytest.raises(Refused) as refused:
        hours_checked((hours,), "$.hours")
    assert (refused.value.key, refused.value.where) == (key, where)


@pytest.mark.promise("HOURS-4")
@pytest.mark.parametrize("times", [Times(EVERY_DAY, ()), Times(EVERY_DAY, (1440,)), Times((), (0,))])
def test_times_that_no_week_has_are_refused(times):
    with pytest.raises(Refused):
        times_checked((times,), "$.times")


@pytest.mark.promise("HOURS-4")
def test_a_zone_that_does_not_exist_is_refused_with_its_place():
    with pytest.raises(Refused) as refused:
        calendar_checked(Calendar("Mars/Olympus"), "$.calendar")
    assert refused.value.where == "$.calendar.zone"


@pytest.mark.promise("HOURS-4")
def test_a_period_is_neither_reversed_nor_endless():
    with pytest.raises(Refused):
        period_checked(1, 1)
    with pytest.raises(LimitExceeded):
        period_checked(0, 401 * DAY_US)


def test_spans_are_joined_and_cut_as_sets_of_instants():
    assert union([Span(5, 7), Span(0, 3), Span(3, 4), Span(9, 9)]) == (Span(0, 4), Span(5, 7))
    assert without([Span(0, 10)], [Span(2, 3), Span(5, 20)]) == (Span(0, 2), Span(3, 5))
    assert both([Span(0, 4), Span(6, 9)], [Span(3, 7)]) == (Span(3, 4), Span(6, 7))

"""Hours of a week against a clock that is read minute by minute, and spans against sets of whole numbers."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from keepclear.ground.hours import Calendar, Day, Hours, Span, both, spans_of, union, without
from keepclear.ground.instants import EPOCH, us_of

MINUTE_US = 60_000_000
# Clocks change within a day or so of these.
NEAR_A_CHANGE = [
    ("Europe/Berlin", datetime(2026, 3, 29, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2026, 10, 25, tzinfo=UTC)),
    ("Asia/Damascus", datetime(2022, 3, 24, tzinfo=UTC)),
    ("Asia/Beirut", datetime(2026, 3, 28, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 4, 4, tzinfo=UTC)),
    ("Asia/Tehran", datetime(2026, 6, 1, tzinfo=UTC)),
]
days = st.lists(st.sampled_from(Day), min_size=1, unique=True).map(tuple)
hours = st.builds(Hours, days, st.integers(0, 1439), st.integers(1, 1440)).filter(
    lambda some: some.from_minute != some.until_minute
)


@given(st.sampled_from(NEAR_A_CHANGE), hours, st.booleans())
def test_cover_is_never_said_of_a_minute_that_the_clock_shows_outside_the_hours(change, some, free):
    zone, middle = change
    begin = middle - timedelta(days=1)
    off = (middle.date(),) if free else ()
    period = us_of(begin), us_of(begin + timedelta(days=3))
    spans = spans_of((some,), Calendar(zone, off), *period)
    covered = {m for m in range(period[0], period[1], MINUTE_US) if any(span.contains(m) for span in spans)}
    shown = {m for m in range(period[0], period[1], MINUTE_US) if holds(m, zone, some, off)}
    assert covered <= shown
    if not free and not changes(period, zone):
        assert covered == shown


def changes(period, zone):
    offsets = {(EPOCH + timedelta(microseconds=at)).astimezone(ZoneInfo(zone)).utcoffset() for at in period}
    return len(offsets) > 1


def holds(at_us, zone, some, off):
    clock = (EPOCH + timedelta(microseconds=at_us)).astimezone(ZoneInfo(zone))
    minute, today, before = clock.hour * 60 + clock.minute, clock.date(), clock.date() - timedelta(days=1)
    if today in off:
        return False
    here = tuple(Day)[today.weekday()] in some.days
    if some.until_minute > some.from_minute:
        return here and some.from_minute <= minute < some.until_minute
    since_yesterday = tuple(Day)[before.weekday()] in some.days and before not in off and minute < some.until_minute
    return (here and minute >= some.from_minute) or since_yesterday


spans = st.lists(
    st.tuples(st.integers(0, 30), st.integers(0, 30)).map(lambda two: Span(min(two), max(two))), max_size=6
)


def numbers(some):
    return {n for span in some for n in range(span.from_us, span.until_us)}


@given(spans, spans)
def test_spans_together_are_sets_together(some, others):
    assert numbers(union(some)) == numbers(some)
    assert numbers(without(some, others)) == numbers(some) - numbers(others)
    assert numbers(both(some, others)) == numbers(some) & numbers(others)
    for result in (union(some), without(some, others), both(some, others)):
        assert all(one.until_us < next.from_us for one, next in itertools.pairwise(result))

"""Hours and times of the week in a named zone, as instants: who is on duty when, when a call falls due.

    hours = Hours((Day.MON, Day.TUE), from_minute=22 * 60, until_minute=6 * 60)
    spans_of((hours,), Calendar("Asia/Damascus"), from_us, until_us)

A clock reading that comes round every week cannot be refused where a clock change makes it double or impossible, so there is a rule.
Impossible: it stands for the change itself. Double: hours that begin then begin with the second reading, hours that end then end with
the first, and a call is due at the first. So doubt shows as a gap in cover, and as a call that is due early.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import StrEnum
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from keepclear.ground.errors import LimitExceeded, Refused
from keepclear.ground.instants import EARLIEST_US, EPOCH, LATEST_US, us_of, utc_text, zone_named

MINUTES_A_DAY = 1440
DAY_US = 86_400_000_000
PERIOD_US_MAX = 400 * DAY_US
DAYS_OFF_MAX = 1_000
HOURS_MAX = 64
TIMES_MAX = 64
# No zone has ever changed by more than a day.
_ZONE_DAYS = 2


class Day(StrEnum):
    """A day of the week."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


EVERY_DAY = tuple(Day)


class Span(NamedTuple):
    """From `from_us` up to, not including, `until_us`."""

    from_us: int
    until_us: int

    def contains(self, at_us: int) -> bool:
        """Whether the instant lies in it."""
        return self.from_us <= at_us < self.until_us


@dataclass(frozen=True)
class Calendar:
    """The zone that clock readings are in, and the dates there on which none of them holds."""

    zone: str
    days_off: tuple[date, ...] = ()


@dataclass(frozen=True)
class Hours:
    """Hours of some days of the week, as minutes of the day. `until_minute` may be 1440; where it is not behind `from_minute` the
    hours end on the next day."""

    days: tuple[Day, ...]
    from_minute: int
    until_minute: int


@dataclass(frozen=True)
class Times:
    """Clock readings of some days of the week, as minutes of the day."""

    days: tuple[Day, ...]
    minutes: tuple[int, ...]


ROUND_THE_CLOCK = (Hours(EVERY_DAY, 0, MINUTES_A_DAY),)


# --- what can be ---


def calendar_checked(calendar: Calendar, where: str) -> Calendar:
    """The calendar, if there is such a zone; raises `Refused` with `where`."""
    try:
        zone_named(calendar.zone)
    except Refused as refused:
        raise refused.at(f"{where}.zone") from None
    if len(calendar.days_off) > DAYS_OFF_MAX:
        what = f"At most {DAYS_OFF_MAX:,} days off are named"
        raise LimitExceeded("hours.days_off", what, value=len(calendar.days_off), where=f"{where}.days_off")
    return calendar


def hours_checked(hours: Sequence[Hours], where: str) -> None:
    """Raises `Refused` with `where` for hours that no week has."""
    if len(hours) > HOURS_MAX:
        raise LimitExceeded(
            "hours.too_many", f"There are at most {HOURS_MAX} hours of a week", value=len(hours), where=where
        )
    for number, some in enumerate(hours):
        at = f"{where}[{number}]"
        _days_checked(some.days, at)
        if not (0 <= some.from_minute < MINUTES_A_DAY and 0 < some.until_minute <= MINUTES_A_DAY):
            mend = "Minutes of the day: from 0 to 1439, until 1 to 1440; midnight at the end is 1440."
            value = f"{some.from_minute} to {some.until_minute}"
            raise Refused("hours.minute", "There is no such time of the day", value=value, mend=mend, where=at)
        if some.from_minute == some.until_minute:
            mend = "A whole day is from 0 until 1440."
            raise Refused("hours.empty", "They end where they begin", value=some.from_minute, mend=mend, where=at)


def times_checked(times: Sequence[Times], where: str) -> None:
    """Raises `Refused` with `where` for times that no week has."""
    if len(times) > TIMES_MAX:
        raise LimitExceeded(
            "times.too_many", f"There are at most {TIMES_MAX} rows of times", value=len(times), where=where
        )
    for number, some in enumerate(times):
        at = f"{where}[{number}]"
        _days_checked(some.days, at)
        if not some.minutes or len(some.minutes) > TIMES_MAX or not all(0 <= m < MINUTES_A_DAY for m in some.minutes):
            mend = f"Minutes of the day from 0 to 1439, from 1 to {TIMES_MAX} of them."
            raise Refused("hours.minute", "There is no such time of the day", value=some.minutes, mend=mend, where=at)


def _days_checked(days: tuple[Day, ...], where: str) -> None:
    if not days:
        mend = f"Days: {', '.join(Day)}."
        raise Refused("hours.no_day", "No day of the week is named", mend=mend, where=f"{where}.days")


def period_checked(from_us: int, until_us: int) -> Span:
    """The period that is asked about; raises `Refused` where it is empty, longer than 400 days, or outside 1950 to 2199."""
    if not EARLIEST_US <= from_us < until_us < LATEST_US:
        mend = "Let it begin before it ends, within 1950 to 2199."
        raise Refused("period.reversed", "There is no such period", value=f"{from_us} to {until_us}", mend=mend)
    if until_us - from_us > PERIOD_US_MAX:
        what = f"A period of at most {PERIOD_US_MAX // DAY_US} days is looked at"
        value = f"{utc_text(from_us)} to {utc_text(until_us)}"
        raise LimitExceeded("period.too_long", what, value=value, mend="Ask for a part of it.")
    return Span(from_us, until_us)


# --- as instants ---


def spans_of(hours: Iterable[Hours], calendar: Calendar, from_us: int, until_us: int) -> tuple[Span, ...]:
    """When these hours hold within a period, in order, none touching the next.

    Hours that begin on a day off do not begin, and none reaches into one."""
    zone = zone_named(calendar.zone)
    hours = tuple(hours)
    off, found = [], []
    days_off = frozenset(calendar.days_off)
    for day in _days_of(zone, from_us, until_us):
        if day in days_off:
            off.append(_whole_day(day, zone))
            continue
        for some in hours:
            if _NAMES[day.weekday()] in some.days:
                next_day = some.until_minute <= some.from_minute
                begins_us = _reading(day, some.from_minute, zone).last_us
                ends_us = _reading(day + timedelta(days=next_day), some.until_minute, zone).first_us
                found.append(Span(begins_us, ends_us))
    return within(without(union(found), off), Span(from_us, until_us))


def times_of(times: Iterable[Times], calendar: Calendar, from_us: int, until_us: int) -> tuple[int, ...]:
    """The instants from `from_us` up to, not including, `until_us` at which these times fall; none on a day off."""
    zone = zone_named(calendar.zone)
    times = tuple(times)
    days_off = frozenset(calendar.days_off)
    found = {
        _reading(day, minute, zone).first_us
        for day in _days_of(zone, from_us, until_us)
        if day not in days_off
        for some in times
        if _NAMES[day.weekday()] in some.days
        for minute in some.minutes
    }
    return tuple(sorted(at_us for at_us in found if from_us <= at_us < until_us))


class _Reading(NamedTuple):
    """The instants at which a clock shows this: one, or a first and a last."""

    first_us: int
    last_us: int


_NAMES = tuple(Day)


def _days_of(zone: tzinfo, from_us: int, until_us: int) -> Iterable[date]:
    """The dates in a zone whose hours may reach into a period."""
    first = (EPOCH + timedelta(microseconds=from_us)).astimezone(zone).date() - timedelta(days=_ZONE_DAYS)
    last = (EPOCH + timedelta(microseconds=until_us)).astimezone(zone).date() + timedelta(days=_ZONE_DAYS)
    return (first + timedelta(days=n) for n in range((last - first).days + 1))


def _whole_day(day: date, zone: tzinfo) -> Span:
    return Span(_reading(day, 0, zone).first_us, _reading(day, MINUTES_A_DAY, zone).last_us)


@lru_cache(maxsize=16_384)
def _reading(day: date, minute: int, zone: tzinfo) -> _Reading:
    days, rest = divmod(minute, MINUTES_A_DAY)
    clock = datetime(day.year, day.month, day.day, rest // 60, rest % 60, tzinfo=zone) + timedelta(days=days)
    before_us, after_us = us_of(clock.replace(fold=0).astimezone(UTC)), us_of(clock.replace(fold=1).astimezone(UTC))
    if before_us <= after_us:
        return _Reading(before_us, after_us)
    # The clock jumps over it: read with the offset from before the change it lies behind the change, and the other way round.
    changed_us = _change_us(zone, after_us, before_us)
    return _Reading(changed_us, changed_us)


def _change_us(zone: tzinfo, from_us: int, until_us: int) -> int:
    """The first instant, to the microsecond, at which the zone has the offset that it has at `until_us`."""
    offset = _offset(zone, until_us)
    while until_us - from_us > 1:
        middle_us = (from_us + until_us) // 2
        if _offset(zone, middle_us) == offset:
            until_us = middle_us
        else:
            from_us = middle_us
    return until_us


def _offset(zone: tzinfo, at_us: int) -> timedelta | None:
    return (EPOCH + timedelta(microseconds=at_us)).astimezone(zone).utcoffset()


# --- spans together ---


def union(spans: Iterable[Span]) -> tuple[Span, ...]:
    """All instants that lie in any of them, in order; none touches the next."""
    found: list[Span] = []
    for span in sorted(span for span in spans if span.from_us < span.until_us):
        if found and span.from_us <= found[-1].until_us:
            found[-1] = Span(found[-1].from_us, max(found[-1].until_us, span.until_us))
        else:
            found.append(span)
    return tuple(found)


def without(spans: Iterable[Span], taken: Iterable[Span]) -> tuple[Span, ...]:
    """What is left of the first when the second are taken out."""
    cuts = union(taken)
    left, first = [], 0
    for begins_us, until_us in union(spans):
        while first < len(cuts) and cuts[first].until_us <= begins_us:
            first += 1
        for cut in islice(cuts, first, None):
            if cut.from_us >= until_us:
                break
            if begins_us < cut.from_us:
                left.append(Span(begins_us, cut.from_us))
            begins_us = cut.until_us
        if begins_us < until_us:
            left.append(Span(begins_us, until_us))
    return tuple(left)


def within(spans: Iterable[Span], bounds: Span) -> tuple[Span, ...]:
    """What of them lies in a period."""
    cut = (Span(max(span.from_us, bounds.from_us), min(span.until_us, bounds.until_us)) for span in spans)
    return tuple(span for span in cut if span.from_us < span.until_us)


def both(some: Iterable[Span], others: Iterable[Span]) -> tuple[Span, ...]:
    """The instants that lie in one of the first and in one of the second."""
    some = tuple(some)
    return without(some, without(some, others))

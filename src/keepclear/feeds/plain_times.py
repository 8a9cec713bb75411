"""Times out of bytes: ISO 8601 in its plain forms, and numbers that count from 1970. Anything else is left to others.

A time without an offset needs to know its zone. `LocalDays` holds the offset of a zone for each day on which it does
not change; on the others a time of day may be double or impossible, and nothing is said here.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from keepclear.feeds.plain_numbers import trimmed
from keepclear.geo.compiled import compiled
from keepclear.ground.instants import EARLIEST, EARLIEST_US, LATEST, zone_named
from keepclear.tracks.observations import Column

BLANK_US = EARLIEST_US - 1
STRANGE_US = EARLIEST_US - 2
# Behind this, going down, the days from 1950 on that a zone has to be asked about.
_NOT_ASKED_US = EARLIEST_US - 3

_SECOND_US = 1_000_000
_DAY_S = 86_400
_DAYS = (LATEST - EARLIEST).days
_UNSTEADY_S = 2**30
_NOT_ASKED_S = 2**30 + 1
_DAYS_BEFORE_1950 = 365 * 1949 + 1949 // 4 - 1949 // 100 + 1949 // 400 + 306
_EPOCH_DIGITS_MAX = 18
_ZERO, _NINE, _PLUS, _MINUS, _POINT, _COLON, _BLANK, _T, _Z = b"09+-.: TZ"


class LocalDays:
    """What a zone's clocks differ from UTC, day by day from 1950 to 2199.

    offsets_s  int32, for compiled code"""

    def __init__(self, zone: str | None) -> None:
        self.offsets_s: Column = np.full(_DAYS, _UNSTEADY_S, np.int32)
        self._zone = None if zone is None else zone_named(zone)
        if self._zone is UTC:
            self.offsets_s.fill(0)
        elif self._zone is not None:
            self.offsets_s.fill(_NOT_ASKED_S)

    def ask_about(self, column_us: Column) -> bool:
        """Asks the zone about the days in a column of `read_iso`; whether there were any, and it is to be read again."""
        if column_us.min(initial=0) > _NOT_ASKED_US:
            return False
        for day in set((_NOT_ASKED_US - column_us[column_us <= _NOT_ASKED_US]).tolist()):
            self.offsets_s[day] = self._offset_on(EARLIEST.replace(tzinfo=None) + timedelta(days=day))
        return True

    def _offset_on(self, midnight: datetime) -> int:
        """Seconds, if the offset is the same at every hour of the day in both readings of it; else _UNSTEADY_S."""
        hours = [midnight + timedelta(hours=hour) for hour in range(25)]
        offsets = {hour.replace(tzinfo=self._zone, fold=fold).utcoffset() for hour in hours for fold in (0, 1)}
        offset = offsets.pop()
        return _UNSTEADY_S if offset is None or offsets or offset.microseconds else round(offset.total_seconds())


@compiled
def read_iso(data: Column, starts: Column, cell: int, strange: Column, offsets_s: Column, out: Column) -> None:
    """Microseconds of cells data[starts[i, cell] : starts[i, cell + 1] - 1], or BLANK_US, STRANGE_US, or a day to ask about."""
    for row in range(len(out)):
        out[row] = STRANGE_US
        if not strange[row]:
            start, stop = trimmed(data, starts[row, cell], starts[row, cell + 1] - 1)
            out[row] = iso_us(data, start, stop, offsets_s) if start < stop else BLANK_US


@compiled
def read_epoch(data: Column, starts: Column, cell: int, strange: Column, decimals: int, out: Column) -> None:
    """Microseconds of cells data[starts[i, cell] : starts[i, cell + 1] - 1], or BLANK_US, or STRANGE_US.

    So many decimals of the unit make a microsecond: 6 of seconds, 3 of milliseconds, 0 of microseconds."""
    for row in range(len(out)):
        out[row] = STRANGE_US
        if not strange[row]:
            start, stop = trimmed(data, starts[row, cell], starts[row, cell + 1] - 1)
            out[row] = epoch_us(data, start, stop, decimals) if start < stop else BLANK_US


@compiled
def iso_us(data: Column, start: int, stop: int, offsets_s: Column) -> int:
    """Microseconds UTC of YYYY-MM-DD, "T" or a blank, HH:MM, and :SS, up to nine decimals, Z or an offset if there.

    STRANGE_US for anything else. If it has no offset and its day has not been asked about, the day."""
    if stop - start < 16:
        return STRANGE_US
    day = _day_number(_figures(data, start, 4), _figures(data, start + 5, 2), _figures(data, start + 8, 2))
    hour, minute = _figures(data, start + 11, 2), _figures(data, start + 14, 2)
    marked = data[start + 4] == _MINUS and data[start + 7] == _MINUS and data[start + 13] == _COLON
    between = data[start + 10] == _T or data[start + 10] == _BLANK
    second, fraction_us, at = _seconds(data, start + 16, stop)
    if not (marked and between and day >= 0 and 0 <= hour <= 23 and 0 <= minute <= 59 and 0 <= second <= 59):
        return STRANGE_US
    if at == stop:
        offset_s = int(offsets_s[day])
        if offset_s == _NOT_ASKED_S:
            return _NOT_ASKED_US - day
    else:
        offset_s = _offset_s(data, at, stop)
    if offset_s == _UNSTEADY_S:
        return STRANGE_US
    since_1950_s = day * _DAY_S + 3600 * hour + 60 * minute + second - offset_s
    return EARLIEST_US + since_1950_s * _SECOND_US + fraction_us if since_1950_s >= 0 else STRANGE_US


@compiled
def _day_number(year: int, month: int, day: int) -> int:
    """Days since 1950-01-01 of a date up to 2199; -1 if there is no such date."""
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    month_days = 28 + leap if month == 2 else 30 + (month + month // 8) % 2
    if not (1950 <= year < 2200 and 1 <= month <= 12 and 1 <= day <= month_days):
        return -1
    # A year that begins in March ends with its leap day, and its months have 30.6 days each, rounded.
    march_year = year - (month <= 2)
    march = 365 * march_year + march_year // 4 - march_year // 100 + march_year // 400
    since_march = (306 * ((month + 9) % 12) + 5) // 10
    return march + since_march + day - 1 - _DAYS_BEFORE_1950


@compiled
def _seconds(data: Column, at: int, stop: int) -> tuple[int, int, int]:
    """Second, the microseconds behind it, and where they end, from the place behind the minutes; second -1: strange."""
    second = fraction_us = 0
    if at + 3 <= stop and data[at] == _COLON:
        second = _figures(data, at + 1, 2)
        at += 3
        if at < stop and data[at] == _POINT:
            first = at + 1
            at = first
            while at < stop and _ZERO <= data[at] <= _NINE:
                if at - first < 6:
                    fraction_us = 10 * fraction_us + data[at] - _ZERO
                at += 1
            for _ in range(at - first, 6):
                fraction_us *= 10
            if not 1 <= at - first <= 9:
                second = -1
    return second, fraction_us, at


@compiled
def _offset_s(data: Column, at: int, stop: int) -> int:
    """Z, +HH:MM, +HHMM or +HH, or the same with a minus; _UNSTEADY_S for anything else."""
    if stop - at == 1 and data[at] == _Z:
        return 0
    signed = data[at] == _PLUS or data[at] == _MINUS
    hours = minutes = 0
    if signed and stop - at == 6 and data[at + 3] == _COLON:
        hours, minutes = _figures(data, at + 1, 2), _figures(data, at + 4, 2)
    elif signed and stop - at == 5:
        hours, minutes = _figures(data, at + 1, 2), _figures(data, at + 3, 2)
    elif signed and stop - at == 3:
        hours = _figures(data, at + 1, 2)
    else:
        hours = -1
    if not (0 <= hours <= 23 and 0 <= minutes <= 59):
        return _UNSTEADY_S
    offset_s = 3600 * hours + 60 * minutes
    return -offset_s if data[at] == _MINUS else offset_s


@compiled
def epoch_us(data: Column, start: int, stop: int, decimals: int) -> int:
    """STRANGE_US where there are more decimals, which would have to be rounded, or anything but digits."""
    at = start + 1 if start < stop and data[start] == _MINUS else start
    digits_from = at
    count = 0
    while at < stop and _ZERO <= data[at] <= _NINE and at - digits_from < _EPOCH_DIGITS_MAX - decimals:
        count = 10 * count + data[at] - _ZERO
        at += 1
    if at == digits_from:
        return STRANGE_US
    given = 0
    if at < stop and data[at] == _POINT:
        at += 1
        while at < stop and _ZERO <= data[at] <= _NINE and given < decimals:
            count = 10 * count + data[at] - _ZERO
            given += 1
            at += 1
        if given == 0:
            return STRANGE_US
    if at < stop:
        return STRANGE_US
    for _ in range(given, decimals):
        count *= 10
    return -count if data[start] == _MINUS else count


@compiled
def _figures(data: Column, at: int, count: int) -> int:
    """The whole number of so many digits, -1 if they are not all digits."""
    number = 0
    for place in range(at, at + count):
        digit = data[place] - _ZERO
        if not 0 <= digit <= 9:
            return -1
        number = 10 * number + digit
    return number

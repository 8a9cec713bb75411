"""Instants and windows: whole microseconds UTC, with the zone they were spoken in. There is no "now" here.

A time without a zone is refused unless the feed declares one: two accounts of one night have differed by
an hour for want of it. A local time that a clock change makes double or impossible is refused as well.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from keepclear.ground.errors import Refused

ZONE_CHARS_MAX = 100
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
EARLIEST = datetime(1950, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
EARLIEST_US = (EARLIEST - EPOCH) // MICROSECOND
LATEST_US = (LATEST - EPOCH) // MICROSECOND

_NO_ZONE_MEND = 'Add "Z" or an offset such as "+03:00"; for all times of a feed, --time-zone declares it.'
_FRACTION = re.compile(r"(?<=:\d\d)[.,](\d+)")
_OFFSET = re.compile(r"(?:Z|[+-]\d\d(?::?\d\d)?)$", re.IGNORECASE)
_DTG = re.compile(r"(\d\d)(\d\d)(\d\d)\s?([A-Z])\s?([A-Z]{3})\s?(\d{2}|\d{4})", re.IGNORECASE)
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
# Military zone letters, ACP 121: A to M without J are +1 to +12, N to Y are -1 to -12, J is local time.
_ZONE_LETTERS = (
    {"Z": 0} | {c: i + 1 for i, c in enumerate("ABCDEFGHIKLM")} | {c: -i - 1 for i, c in enumerate("NOPQRSTUVWXY")}
)


@dataclass(frozen=True, order=True)
class Instant:
    """A point in time: microseconds since 1970-01-01T00:00Z, and the zone in which it was spoken."""

    us: int
    zone: str = "Z"


@dataclass(frozen=True)
class Window:
    """All instants from `from_us` to `until_us`, both included; None means no bound on that side."""

    from_us: int | None = None
    until_us: int | None = None

    def __post_init__(self) -> None:
        if self.from_us is not None and self.until_us is not None and self.from_us > self.until_us:
            raise Refused(
                "window.reversed",
                "The window ends before it begins",
                value=f"{utc_text(self.from_us)} to {utc_text(self.until_us)}",
                mend="Exchange the two, or mend the one that is wrong.",
            )

    def contains(self, at_us: int) -> bool:
        """Whether `at_us` lies in the window; both ends count."""
        return self.meets(at_us, at_us)

    def meets(self, first_us: int, last_us: int) -> bool:
        """Whether any instant from `first_us` to `last_us` lies in the window."""
        return (self.from_us is None or self.from_us <= last_us) and (
            self.until_us is None or first_us <= self.until_us
        )


ALWAYS = Window()


def zone_named(name: str) -> tzinfo:
    """The zone called `name`: "UTC", "Z", an offset such as "+03:00", or an IANA name such as "Asia/Damascus"."""
    if name.upper() in {"Z", "UTC"}:
        return UTC
    try:
        if re.fullmatch(r"[+-]\d\d:?\d\d", name, re.ASCII):
            sign = -1 if name[0] == "-" else 1
            return timezone(sign * timedelta(hours=int(name[1:3]), minutes=int(name[-2:])))
        if len(name) > ZONE_CHARS_MAX:
            raise ValueError(f"a name of {len(name)} characters")
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # the last of these: "Asia" is a folder
        raise Refused(
            "time.unknown_zone",
            "There is no such time zone",
            value=name,
            mend='Use "UTC", an offset such as "+03:00", or an IANA name such as "Asia/Damascus".',
        ) from error


def instant_of(moment: datetime, *, spoken: str, value: object) -> Instant:
    """The instant of an aware datetime, if it lies between 1950 and 2200."""
    if not EARLIEST <= moment < LATEST:
        raise Refused(
            "time.out_of_range",
            "The year is not between 1950 and 2199",
            value=value,
            mend="Check the date and the time format.",
        )
    return Instant(us_of(moment), spoken)


def us_of(moment: datetime) -> int:
    """Microseconds UTC of a moment that has a zone."""
    return (moment - EPOCH) // MICROSECOND


def us_checked(us: int, where: str) -> int:
    """The instant, if it lies between 1950 and 2200; raises `Refused` with `where`."""
    if not EARLIEST_US <= us < LATEST_US:
        raise Refused("time.out_of_range", "The year is not between 1950 and 2199", value=us, where=where)
    return us


def localised(moment: datetime, zone: tzinfo, spoken: str, value: object) -> Instant:
    """The instant of a wall-clock reading in a zone; refused where a clock change makes it double or impossible."""
    early, late = moment.replace(tzinfo=zone, fold=0), moment.replace(tzinfo=zone, fold=1)
    if early.utcoffset() != late.utcoffset():
        kind = "double" if early.astimezone(UTC) < late.astimezone(UTC) else "impossible"
        raise Refused(
            f"time.{kind}_local",
            f"A clock change in {spoken} makes this local time {kind}",
            value=value,
            mend="Give the time with its offset from UTC.",
        )
    return instant_of(early, spoken=spoken, value=value)


def parse_instant(text: str, declared_zone: str | None = None) -> Instant:
    """An ISO 8601 date and time ("2017-05-18T10:30:00+03:00") or a date-time group ("181030CMAY17").

    Up to nine digits of a second are read, those past the microsecond are cut off. Refuses a date without a
    time, and a time without a zone unless `declared_zone` names the one that the feed speaks in."""
    entered = text.strip()
    if match := _DTG.fullmatch(entered):
        return _date_time_group(match, text)
    plain = _FRACTION.sub(lambda m: "." + m[1][:6].ljust(6, "0") if len(m[1]) <= 9 else m[0], entered)
    if len(plain) < 16 or plain[4] != "-" or plain[10] not in "T ":
        raise Refused(
            "time.unreadable",
            "This is not a date with a time",
            value=text,
            mend="Write for example 2017-05-18T10:30:00Z, or state the time format.",
        )
    try:
        moment = datetime.fromisoformat(plain.replace(",", "."))
    except ValueError as error:
        raise Refused(
            "time.unreadable",
            f"This is not a date with a time ({error})",
            value=text,
            mend="Write for example 2017-05-18T10:30:00Z, or state the time format.",
        ) from error
    if moment.tzinfo is not None:
        offset = _OFFSET.search(plain)
        return instant_of(moment, spoken=offset[0].upper() if offset else "Z", value=text)
    if declared_zone is None:
        raise Refused("time.no_zone", "A time without a zone does not name an instant", value=text, mend=_NO_ZONE_MEND)
    return localised(moment, zone_named(declared_zone), declared_zone, text)


def _date_time_group(match: re.Match[str], text: str) -> Instant:
    day, hour, minute, letter, month, year = match.groups()
    letter, month = letter.upper(), month.upper()
    if letter == "J":
        raise Refused(
            "time.no_zone",
            "The zone letter J means local time, without saying where",
            value=text,
            mend="Use the letter of the zone, Z for UTC.",
        )
    if month not in _MONTHS:
        raise Refused("time.unreadable", "There is no such month", value=text, mend=f"Months: {', '.join(_MONTHS)}.")
    full_year = int(year) if len(year) == 4 else 2000 + int(year)
    zone = timezone(timedelta(hours=_ZONE_LETTERS[letter]))
    try:
        moment = datetime(full_year, _MONTHS.index(month) + 1, int(day), int(hour), int(minute), tzinfo=zone)
    except ValueError as error:
        raise Refused(
            "time.unreadable", f"There is no such date and time ({error})", value=text, mend="Write DDHHMMZ MON YY."
        ) from error
    return instant_of(moment, spoken=letter, value=text)


@lru_cache(maxsize=1024)
def utc_text(us: int) -> str:
    """The instant as RFC 3339 text in UTC; a fraction of six digits only where there is one."""
    second, fraction_us = divmod(us, 1_000_000)
    return f"{_second_text(second)}.{fraction_us:06d}Z" if fraction_us else f"{_second_text(second)}Z"


@lru_cache(maxsize=1024)
def _second_text(second: int) -> str:
    return (EPOCH + timedelta(seconds=int(second))).isoformat().removesuffix("+00:00")


def duration_text(us: int) -> str:
    """A duration for people: "35 s", "12 min", "3 h 05 min", "2 d"."""
    seconds = round(us / 1_000_000)
    if seconds < 120:
        return f"{seconds} s"
    minutes = round(seconds / 60)
    if minutes < 120:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h" + (f" {minutes % 60:02d} min" if minutes % 60 else "")
    hours = round(minutes / 60)
    return f"{hours // 24} d" + (f" {hours % 24} h" if hours % 24 else "")

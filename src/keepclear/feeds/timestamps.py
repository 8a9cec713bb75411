"""How a feed writes its times, found out once and then held to.

ISO 8601 and date-time groups are one format, seconds, milliseconds and microseconds since 1970 are three, and a
pattern can be stated. Day and month in figures with slashes or points are never guessed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

from keepclear.ground.errors import Refused
from keepclear.ground.instants import EARLIEST_US, LATEST_US, instant_of, localised, parse_instant, zone_named

EPOCH_UNITS_US = {"epoch-s": 1_000_000, "epoch-ms": 1_000, "epoch-us": 1}
EPOCH_TOLD = {"epoch-s": "seconds", "epoch-ms": "milliseconds", "epoch-us": "microseconds"}
# Below 1e8 a number is more likely a count of seconds since the start of something than a time before March 1973.
_EPOCH_LEAST = {"epoch-s": 10**8, "epoch-ms": 10**11, "epoch-us": 10**14}
_NUMBER = re.compile(r"-?\d{1,19}(?:\.\d{1,18})?", re.ASCII)
_FIGURES = re.compile(
    r"(?P<first>\d{1,4})(?P<sep>[/.-])(?P<second>\d{1,2})(?P=sep)(?P<third>\d{2,4})"
    r"(?P<gap>[ T,]*)(?P<clock>\d{1,2}:\d\d(?P<seconds>:\d\d(?P<fraction>\.\d+)?)?)?(?P<half> ?[AaPp][Mm])?",
    re.ASCII,
)
_KEPT_MAX = 65_536


class Timestamps:
    """Text to microseconds UTC, in one format; the texts of late are remembered, because times repeat."""

    def __init__(self, time_format: str, zone: str | None) -> None:
        self.format = time_format
        self.zone = zone
        self._unit_us = EPOCH_UNITS_US.get(time_format)
        self._kept: dict[str, int] = {}
        if self._unit_us is None and time_format != "iso":
            _refuse_unusable(time_format)

    def us(self, text: str) -> int:
        """Raises `Refused` with a key that begins with "time."."""
        at_us = self._kept.get(text)
        if at_us is None:
            at_us = self._parsed(text)
            if len(self._kept) >= _KEPT_MAX:
                self._kept.clear()
            self._kept[text] = at_us
        return at_us

    def _parsed(self, text: str) -> int:
        if self._unit_us is not None:
            return _since_1970_us(text, self._unit_us, self.format)
        if self.format == "iso":
            return parse_instant(text, self.zone).us
        try:
            moment = datetime.strptime(text.strip(), self.format)  # noqa: DTZ007 - the zone is judged below
        except ValueError as error:
            mend = f"The stated format is {self.format}."
            raise Refused("time.unreadable", "The time is not in the stated format", value=text, mend=mend) from error
        if moment.tzinfo is not None:
            return instant_of(moment, spoken="", value=text).us
        if self.zone is None:
            mend = "Add %z to the format if the times carry an offset, or declare the zone of the feed."
            raise Refused("time.no_zone", "A time without a zone does not name an instant", value=text, mend=mend)
        return localised(moment, zone_named(self.zone), self.zone, text).us

    def told(self, called: str, samples: Sequence[str]) -> list[str]:
        """Sentences for people: the format, and what to add where no time has a zone."""
        if self.format in EPOCH_TOLD:
            return [f"{called} counts {EPOCH_TOLD[self.format]} since 1970."]
        written = "is ISO 8601 or a date-time group" if self.format == "iso" else f"is written as {self.format}"
        sentences = [f"{called} {written}."]
        if samples and all(self._lacks_zone(text) for text in samples):
            sentences.append(
                f"No {called} has a zone, and each will be refused. If they are in UTC, add --time-zone UTC."
            )
        return sentences

    def _lacks_zone(self, text: str) -> bool:
        try:
            self._parsed(text)
        except Refused as refused:
            return refused.key == "time.no_zone"
        return False


def detected(samples: Sequence[str], called: str) -> str:
    """The time format that most of these texts are in; "iso" where nothing can be told, and the rows will tell.

    Raises `Refused` where most are in one that needs a person: day and month in figures, or numbers too small or too
    large to count from 1970."""
    kinds = Counter(_kind(text.strip()) for text in samples)
    if not kinds:
        return "iso"
    kind = kinds.most_common(1)[0][0]
    example = next(text.strip() for text in samples if _kind(text.strip()) == kind)
    if kind == "figures":
        options = " or ".join(f'--time-format "{pattern}"' for pattern in _patterns(example))
        what = f"The dates in {called} do not say what is day and what is month"
        raise Refused("time.day_or_month", what, value=example, mend=f"State it: {options}.")
    if kind == "number":
        mend = 'State the format, for example --time-format epoch-s, or --time-format "%Y%m%d%H%M%S".'
        raise Refused("time.which_number", f"The numbers in {called} do not count from 1970", value=example, mend=mend)
    return kind


def _kind(text: str) -> str:
    if _NUMBER.fullmatch(text):
        for name, unit_us in EPOCH_UNITS_US.items():
            if Decimal(text) >= _EPOCH_LEAST[name] and EARLIEST_US <= Decimal(text) * unit_us < LATEST_US:
                return name
        return "number"
    match = _FIGURES.fullmatch(text)
    if match and not (len(match["first"]) == 4 and match["sep"] == "-"):
        return "figures"
    return "iso"


def _patterns(text: str) -> list[str]:
    """What a text such as 3/4/2017 10:30 may have been written with, in the order people are likely to mean."""
    match = _FIGURES.fullmatch(text)
    assert match is not None
    sep, clock = match["sep"], ""
    if match["clock"]:
        clock = match["gap"] + ("%I:%M" if match["half"] else "%H:%M")
        clock += ":%S" if match["seconds"] else ""
        clock += ".%f" if match["fraction"] else ""
        clock += match["half"].replace(match["half"].strip(), "%p") if match["half"] else ""
    if len(match["first"]) == 4:
        return [sep.join(("%Y", "%m", "%d")) + clock]
    year = "%Y" if len(match["third"]) == 4 else "%y"
    return [sep.join((*order, year)) + clock for order in (("%d", "%m"), ("%m", "%d"))]


def _since_1970_us(text: str, unit_us: int, name: str) -> int:
    if not _NUMBER.fullmatch(text.strip()):
        mend = f"The other times count {EPOCH_TOLD[name]} since 1970."
        raise Refused("time.unreadable", "This is not a number", value=text, mend=mend)
    return round(Decimal(text.strip()) * unit_us)


def _refuse_unusable(pattern: str) -> None:
    try:
        written = datetime(2017, 5, 18, 10, 30, tzinfo=UTC).strftime(pattern)
        read = datetime.strptime(written, pattern)  # noqa: DTZ007 - only the date is looked at
    except (ValueError, re.error) as error:
        mend = 'Write for example "%d/%m/%Y %H:%M", or one of iso, epoch-s, epoch-ms, epoch-us.'
        raise Refused("time.format", f"The time format cannot be used ({error})", value=pattern, mend=mend) from error
    if (read.year, read.month, read.day, read.hour) != (2017, 5, 18, 10):
        mend = 'It needs year, month, day and hour, for example "%d/%m/%Y %H:%M".'
        raise Refused(
            "time.format", "The time format leaves out part of the date or the hour", value=pattern, mend=mend
        )

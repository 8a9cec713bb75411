"""Lengths, speeds, durations and counts, each with the words it was given in.

A unit is never implied. The statute mile (1609.344 m, "mi") and the nautical mile (1852 m, "NM")
differ by 15 %, and reports of one and the same zone have used both, so a bare "mile" is refused.
A count that was spoken as "low hundreds" keeps those words and becomes a range.

Sources: BIPM SI Brochure 9th ed. (nautical mile, hour); NIST SP 811 app. B (international foot and statute mile).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from keepclear.ground.errors import Refused

_METRES_PER = {
    "m": "1", "metre": "1", "metres": "1", "meter": "1", "meters": "1",
    "km": "1000", "kilometre": "1000", "kilometres": "1000", "kilometer": "1000", "kilometers": "1000",
    "mi": "1609.344", "smi": "1609.344", "statute mile": "1609.344", "statute miles": "1609.344", "statute mi": "1609.344",
    "nm": "1852", "nmi": "1852", "nautical mile": "1852", "nautical miles": "1852", "nautical mi": "1852",
    "ft": "0.3048", "foot": "0.3048", "feet": "0.3048", "yd": "0.9144", "yard": "0.9144", "yards": "0.9144",
}  # fmt: skip
_METRES_PER_SECOND_PER = {
    "m/s": "1", "mps": "1", "km/h": "0.27777777777777777778", "kmh": "0.27777777777777777778",
    "kph": "0.27777777777777777778", "kn": "0.51444444444444444444", "kt": "0.51444444444444444444",
    "kts": "0.51444444444444444444", "knot": "0.51444444444444444444", "knots": "0.51444444444444444444",
    "mph": "0.44704", "ft/s": "0.3048",
}  # fmt: skip
_MICROSECONDS_PER = {
    "us": 1, "ms": 1_000, "s": 1_000_000, "sec": 1_000_000, "second": 1_000_000, "seconds": 1_000_000,
    "min": 60_000_000, "minute": 60_000_000, "minutes": 60_000_000,
    "h": 3_600_000_000, "hour": 3_600_000_000, "hours": 3_600_000_000,
    "d": 86_400_000_000, "day": 86_400_000_000, "days": 86_400_000_000,
}  # fmt: skip

CHARS_MAX = 400

_NUMBER_AND_UNIT = re.compile(r"\s*([+-]?\d+(?:\.\d+)?)\s*([A-Za-z].*?)\s*")
_DURATION_PART = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-z]+)", re.IGNORECASE)


@dataclass(frozen=True)
class Length:
    """A length in metres, and the words it came in."""

    m: float
    as_entered: str


@dataclass(frozen=True)
class Speed:
    """A speed in metres per second, and the words it came in."""

    mps: float
    as_entered: str


@dataclass(frozen=True)
class CountRange:
    """From `low` to `high`, both included; `high` None means nobody gave an upper bound."""

    low: int
    high: int | None
    as_entered: str


def _measured(text: object, units: dict[str, str], kind: str, example: str) -> float:
    if not isinstance(text, str):
        raise Refused(
            f"{kind}.no_unit",
            f"A {kind} needs a number and a unit",
            value=text,
            mend=f'Write it as text, such as "{example}".',
        )
    match = _NUMBER_AND_UNIT.fullmatch(text) if len(text) <= CHARS_MAX else None
    if match is None:
        raise Refused(
            f"{kind}.unreadable",
            f"A {kind} needs a number and a unit",
            value=text,
            mend=f'Write for example "{example}".',
        )
    number, unit = match[1], " ".join(match[2].split())
    if unit.lower() in {"mile", "miles"}:
        metres = Decimal(number) * Decimal("1609.344"), Decimal(number) * Decimal("1852")
        raise Refused(
            "length.bare_mile",
            f"A bare mile may be a statute mile ({metres[0]:.0f} m here) or a nautical mile ({metres[1]:.0f} m here)",
            value=text,
            mend=f'Write "{number} mi" for statute or "{number} NM" for nautical miles.',
        )
    if unit == "M" and kind == "length":
        raise Refused(
            "length.capital_m",
            "A capital M may be metres or nautical miles",
            value=text,
            mend=f'Write "{number} m" or "{number} NM".',
        )
    factor = units.get(unit.lower())
    if factor is None:
        raise Refused(
            f"{kind}.unknown_unit",
            f"The unit of this {kind} is not known",
            value=text,
            mend=f"Known units: {', '.join(sorted(units))}.",
        )
    return float(Decimal(number) * Decimal(factor))


def parse_length(text: object) -> Length:
    """A length such as "55 km", "34 mi" (statute), "30 NM", "500 ft". Refuses a bare number and a bare mile."""
    return Length(_measured(text, _METRES_PER, "length", "55 km"), str(text))


def parse_speed(text: object) -> Speed:
    """A speed such as "25 m/s", "40 kn", "90 km/h". Refuses a bare number."""
    return Speed(_measured(text, _METRES_PER_SECOND_PER, "speed", "25 m/s"), str(text))


def parse_duration_us(text: object) -> int:
    """A duration such as "90 s", "15 min", "1 h 30 min", as whole microseconds; never negative."""
    parts = list(_DURATION_PART.finditer(text)) if isinstance(text, str) and len(text) <= CHARS_MAX else []
    if not isinstance(text, str) or not parts or _DURATION_PART.sub("", text).strip():
        raise Refused(
            "duration.unreadable",
            "A duration needs numbers with units",
            value=text,
            mend='Write for example "15 min" or "1 h 30 min".',
        )
    total = Decimal(0)
    for part in parts:
        factor = _MICROSECONDS_PER.get(part[2].lower())
        if factor is None:
            raise Refused(
                "duration.unknown_unit",
                "The unit of this duration is not known",
                value=text,
                mend=f"Known units: {', '.join(_MICROSECONDS_PER)}.",
            )
        total += Decimal(part[1]) * factor
    return int(total)


# What a spoken count is taken to span. Ours, wide on purpose, and listed in docs/spec/quantities.md.
SPOKEN_COUNTS: dict[str, tuple[int, int | None]] = {
    "a couple": (2, 3), "a few": (3, 5), "a handful": (3, 7), "several": (3, 9), "a dozen": (10, 14),
    "about a dozen": (10, 15), "dozens": (24, 99), "several dozen": (36, 99), "a couple hundred": (150, 300),
    "a couple of hundred": (150, 300), "low hundreds": (100, 400), "the low hundreds": (100, 400),
    "a few hundred": (200, 500), "several hundred": (300, 900), "hundreds": (200, 999),
    "high hundreds": (700, 999), "low thousands": (1000, 4000), "thousands": (2000, 9999),
}  # fmt: skip
_ABOUT = re.compile(r"(?:about|around|roughly|approximately|approx\.?|~|ca\.?)\s*(\d+)")
_AT_LEAST = re.compile(r"(?:more than|over|at least|>=?|min\.?)\s*(\d+)|(\d+)\s*(?:\+|or more)")
_AT_MOST = re.compile(r"(?:less than|fewer than|under|up to|at most|<=?|max\.?)\s*(\d+)")
_BETWEEN = re.compile(r"(?:between\s+)?(\d+)\s*(?:-|–|to|and)\s*(\d+)")


def parse_count(text: str) -> CountRange:
    """A count of people or vehicles as a range that keeps its words.

    "27" is 27 to 27; "about 200" is 160 to 240 (a fifth either way); "over 60" is 60 and no upper bound;
    spoken forms such as "low hundreds" are looked up in `SPOKEN_COUNTS`."""
    words = " ".join(text[: CHARS_MAX + 1].lower().split())
    if len(words) <= CHARS_MAX and words.isascii() and words.isdigit():
        return CountRange(int(words), int(words), text)
    if words in SPOKEN_COUNTS:
        return CountRange(*SPOKEN_COUNTS[words], text)
    if match := _ABOUT.fullmatch(words):
        count = int(match[1])
        return CountRange(count - count // 5, count + count // 5, text)
    if match := _AT_LEAST.fullmatch(words):
        return CountRange(int(match[1] or match[2]), None, text)
    if match := _AT_MOST.fullmatch(words):
        return CountRange(0, int(match[1]), text)
    if match := _BETWEEN.fullmatch(words):
        low, high = int(match[1]), int(match[2])
        if low > high:
            raise Refused(
                "count.reversed",
                "The lower count is larger than the upper",
                value=text,
                mend=f'Did you mean "{high}-{low}"?',
            )
        return CountRange(low, high, text)
    raise Refused(
        "count.unreadable",
        "This count is not understood",
        value=text,
        mend='Write a number, "100-300", "about 200", "at least 60" or "low hundreds".',
    )

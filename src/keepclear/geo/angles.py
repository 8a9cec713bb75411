"""Latitudes and longitudes as people write them: decimal degrees, degrees-minutes-seconds, degrees and decimal
minutes (IMO, DD-MM.mm).

An angle keeps the parts it was written in, because what the digits were is what tells how exact it is and which
other reading they allow. Nothing is guessed: where two readings are possible the angle is refused.

Sources: IMO/IHO/WMO Manual on Maritime Safety Information (DD-MM.mmN DDD-MM.mmE); ISO 6709:2022 annex D (marks).
"""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from enum import Enum
from typing import Literal

from keepclear.ground.errors import Refused

Axis = Literal["lat", "lon"]
AXIS_NAME: dict[Axis, str] = {"lat": "latitude", "lon": "longitude"}
LETTERS: dict[Axis, str] = {"lat": "NS", "lon": "EW"}
LIMIT_DEG: dict[Axis, int] = {"lat": 90, "lon": 180}
EXAMPLE: dict[Axis, str] = {"lat": "33°30'21\"N", "lon": "38°37'04\"E"}


class Notation(Enum):
    """The ways of writing a position that are read."""

    DECIMAL = "decimal degrees"
    DMS = "degrees-minutes-seconds"
    DM = "degrees-decimal-minutes"
    MGRS = "MGRS"
    UTM = "UTM"
    BEARING = "bearing-and-distance"


NOTATION_OF_PARTS = {1: Notation.DECIMAL, 2: Notation.DM, 3: Notation.DMS}

_MARKS = str.maketrans(
    {
        **dict.fromkeys("º˚", "°"),
        **dict.fromkeys("′’‘ʹ´`", "'"),
        **dict.fromkeys("″”“ʺ", '"'),
        **dict.fromkeys("−–‐‑", "-"),
        "٫": ".",
        "،": ",",
        # Direction marks that come along when a position is copied out of right-to-left text.
        **dict.fromkeys("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff", None),
    }
)
_WORDS = (
    (re.compile(r"(?<![A-Z])DEG(?:REES?)?(?![A-Z])"), "°"),
    (re.compile(r"(?<![A-Z])MIN(?:UTES?)?(?![A-Z])"), "'"),
    (re.compile(r"(?<![A-Z])SEC(?:ONDS?)?(?![A-Z])"), '"'),
    (re.compile(r"(?<![A-Z])(?:(N)ORTH|(S)OUTH|(E)AST|(W)EST)(?![A-Z])"), r"\1\2\3\4"),
    (re.compile("''"), '"'),
    # British charts put the mark before the point: 30'.35 is 30.35'.
    (re.compile(r"(\d)(['\"])(\.\d+)"), r"\1\3\2"),
)
_DECIMAL_COMMA = re.compile(r"(?<=\d),(?=\d)")
_PLAIN = re.compile(r"[+-]?\d{1,3}(?:\.\d+)?", re.ASCII)
_NUMBER = r"\d{1,3}(?:\.\d+)?"
_ANGLE = re.compile(
    rf"(?P<sign>[+-]?)(?P<deg>{_NUMBER})(?:(?:\s*°\s*|\s*-(?=\d)|:(?=\d)|\s+(?=\d)|$)"
    rf"(?:(?P<min>{_NUMBER})(?:(?:\s*'\s*|\s*-(?=\d)|:(?=\d)|\s+(?=\d)|$)"
    rf'(?:(?P<sec>{_NUMBER})\s*"?)?)?)?)',
    re.ASCII,
)
_LETTER = re.compile("[A-Z]")


def plain(text: str) -> str:
    """The text with one spelling for each mark: ASCII digits, `°`, `'`, `"`, `-`, single spaces, no direction marks.

    Digits of any script become ASCII digits, so that ٣٣ is read as 33; superscripts and fractions do not."""
    spelled = (ch if (digit := unicodedata.decimal(ch, None)) is None else str(digit) for ch in text.translate(_MARKS))
    return " ".join("".join(spelled).split())


def _in_letters(text: str) -> str:
    """Capitals, with `deg`, `min`, `sec` as their marks and `north` as `N`."""
    spelled = plain(text).upper()
    for written, meant in _WORDS:
        spelled = written.sub(meant, spelled)
    return spelled


@dataclass(frozen=True)
class Angle:
    """One latitude or longitude: signed degrees, and its one to three parts as written."""

    degrees: float
    parts: tuple[str, ...]

    @property
    def notation(self) -> Notation:
        return NOTATION_OF_PARTS[len(self.parts)]

    @property
    def cell_deg(self) -> float:
        """What one step of the last digit is worth: 1/3600 for whole seconds, 0.0001 for four decimals of a degree."""
        decimals = len(self.parts[-1].partition(".")[2])
        return float(10.0**-decimals / 60 ** (len(self.parts) - 1))

    def as_minutes_and_seconds(self) -> float | None:
        """33.3021 read as 33°30'21": only for four or six decimals whose pairs are all below 60."""
        whole, _, fraction = self.parts[0].partition(".")
        if len(self.parts) > 1 or len(fraction) not in {4, 6}:
            return None
        pairs = [fraction[i : i + 2] for i in range(0, len(fraction), 2)]
        if any(int(pair) >= 60 for pair in pairs):
            return None
        seconds = float(f"{pairs[1]}.{''.join(pairs[2:])}")
        return math.copysign(int(whole) + int(pairs[0]) / 60 + seconds / 3600, self.degrees)

    def as_decimal(self) -> float | None:
        """33°50'58" or 33-50.58 read as 33.5058: the digits run together behind the degrees."""
        if len(self.parts) == 1:
            return None
        return math.copysign(_run_together(self.parts), self.degrees)


def _run_together(parts: tuple[str, ...]) -> float:
    whole, *rest = parts
    behind = "".join(part.partition(".")[0].zfill(2) + part.partition(".")[2] for part in rest)
    return float(f"{whole}.{behind}")


def read_angle(text: str, axis: Axis) -> Angle:
    """One axis. The letter may stand before or behind; only decimal degrees may do without letter and sign."""
    spelled = _DECIMAL_COMMA.sub(".", _in_letters(text))
    letters = _LETTER.findall(spelled)
    if len(letters) > 1 or (letters and not (letters[0] in "NSEW" and letters[0] in (spelled[0], spelled[-1]))):
        raise _unreadable(text, axis)
    if letters and letters[0] not in LETTERS[axis]:
        raise Refused(
            "place.wrong_axis",
            f"This {AXIS_NAME[axis]} carries the letter {letters[0]}",
            value=text,
            mend=f"A {AXIS_NAME[axis]} ends in {LETTERS[axis][0]} or {LETTERS[axis][1]}.",
        )
    body = spelled.removeprefix(letters[0]).removesuffix(letters[0]).strip() if letters else spelled
    match = _ANGLE.fullmatch(body)
    if match is None:
        raise _unreadable(text, axis)
    parts = tuple(part for part in match.group("deg", "min", "sec") if part is not None)
    if any("." in part for part in parts[:-1]):
        raise Refused(
            "place.unreadable",
            "A decimal fraction is followed by a smaller unit",
            value=text,
            mend=f"Only the last part may have decimals: {EXAMPLE[axis]}, or 33-30.35N.",
        )
    if bool(letters) == bool(match["sign"]) and (letters or len(parts) > 1):
        raise Refused(
            "place.ambiguous_hemisphere",
            f"This {AXIS_NAME[axis]} has " + ("both a sign and a letter" if letters else "neither letter nor sign"),
            value=text,
            mend=f"Write {LETTERS[axis][0]} or {LETTERS[axis][1]} behind it, and no sign.",
        )
    negative = match["sign"] == "-" or (bool(letters) and letters[0] in "SW")
    return Angle(_degrees(parts, axis, text) * (-1 if negative else 1), parts)


def _degrees(parts: tuple[str, ...], axis: Axis, text: str) -> float:
    degrees = 0.0
    for part, unit, limit in zip(parts, ("Degrees", "Minutes", "Seconds"), (LIMIT_DEG[axis], 60, 60), strict=False):
        if float(part) > limit or (unit != "Degrees" and float(part) == limit):
            top = limit if unit == "Degrees" else 59
            raise Refused(
                "place.out_of_range",
                f"{unit} of {AXIS_NAME[axis]} go up to {top}",
                value=text,
                mend="" if unit == "Degrees" else f"If these are decimal degrees, write {_run_together(parts)}.",
            )
        degrees += float(part) / {"Degrees": 1, "Minutes": 60, "Seconds": 3600}[unit]
    if degrees > LIMIT_DEG[axis]:
        raise Refused("place.out_of_range", f"A {AXIS_NAME[axis]} goes up to {LIMIT_DEG[axis]} degrees", value=text)
    return degrees


def _unreadable(text: str, axis: Axis) -> Refused:
    return Refused(
        "place.unreadable",
        f"This is not a {AXIS_NAME[axis]}",
        value=text,
        mend=f"Write for example {'33.50583' if axis == 'lat' else '38.61778'} or {EXAMPLE[axis]}.",
    )


_SEPARATORS = " ,;/"
_DEGREES = r"[+-]?\d{1,3}(?:\.\d+)?\s*°?"
_TWO_DECIMALS = re.compile(rf"({_DEGREES})(?:\s*[,;/]\s*|\s+)({_DEGREES})", re.ASCII)
_COMMA_DEGREES = r"[+-]?\d{1,3},\d+\s*°?"
_TWO_COMMA_DECIMALS = re.compile(rf"({_COMMA_DEGREES})(?:,\s+|\s*[;/]\s*|\s+)({_COMMA_DEGREES})", re.ASCII)
_BARE_COMMA = re.compile(r"\d,\d")
_SEXAGESIMAL = re.compile(rf"{_NUMBER}(?:[\s°'\",:/-]+{_NUMBER}){{3,5}}['\"]?", re.ASCII)
_BEFORE_SIGN = re.compile(r"[\s,;/]+(?=[+-]\d)")


def read_pair(text: str) -> tuple[Angle, Angle]:
    """Latitude and longitude. Letters decide which is which; without letters the latitude comes first."""
    spelled = _in_letters(text)
    letters = list(_LETTER.finditer(spelled))
    if len(letters) > 2 or any(letter[0] not in "NSEW" for letter in letters) or len(re.findall(r"\d+", spelled)) < 2:
        raise _no_position(text)
    if len(letters) == 1:
        raise _no_hemisphere(text, "Only one of the two numbers has its letter")
    if letters:
        lat_text, lon_text = _by_letters(text, spelled, letters[0], letters[1])
    else:
        lat_text, lon_text = _without_letters(text, spelled)
    lat, lon = read_angle(lat_text, "lat"), read_angle(lon_text, "lon")
    if lat.notation is not lon.notation:
        raise Refused(
            "place.mixed_notations",
            f"The latitude is in {lat.notation.value}, the longitude in {lon.notation.value}",
            value=text,
            mend="Write both the same way.",
        )
    return lat, lon


def _by_letters(text: str, spelled: str, first: re.Match[str], second: re.Match[str]) -> tuple[str, str]:
    at = second.start() if first.start() == 0 else first.end()
    halves = spelled[:at].strip(_SEPARATORS), spelled[at:].strip(_SEPARATORS)
    northings = [letter[0] in "NS" for letter in (first, second)]
    if northings[0] == northings[1]:
        which = "latitudes" if northings[0] else "longitudes"
        raise _no_hemisphere(text, f"By their letters both numbers are {which}")
    return halves if northings[0] else (halves[1], halves[0])


def _without_letters(text: str, spelled: str) -> tuple[str, str]:
    if (match := _TWO_COMMA_DECIMALS.fullmatch(spelled)) is not None:
        return match[1], match[2]
    match = _TWO_DECIMALS.fullmatch(spelled)
    if _BARE_COMMA.search(spelled) and (match is None or "." not in spelled):
        raise Refused(
            "place.ambiguous_comma",
            "A comma between digits may be a decimal comma or stand between two numbers",
            value=text,
            mend="Write decimal points, or put a space between the two numbers.",
        )
    if match is not None:
        lat, lon = (float(number.rstrip("° ")) for number in match.groups())
        if 90 < abs(lat) <= 180 and abs(lon) <= 90:
            raise Refused(
                "place.out_of_range",
                "A latitude goes up to 90 degrees",
                value=text,
                mend=f"Swapped? Latitude comes first, and the other way round this is {lon}, {lat}.",
            )
        return match[1], match[2]
    halves = _BEFORE_SIGN.split(spelled)
    if len(halves) == 2:
        return halves[0], halves[1]
    if _SEXAGESIMAL.fullmatch(spelled):
        raise _no_hemisphere(text, "Degrees and minutes need their hemisphere")
    raise _no_position(text)


def _no_hemisphere(text: str, what: str) -> Refused:
    return Refused(
        "place.ambiguous_hemisphere",
        what,
        value=text,
        mend=f"Write N or S behind the latitude and E or W behind the longitude: {EXAMPLE['lat']} {EXAMPLE['lon']}.",
    )


def _no_position(text: str) -> Refused:
    return Refused(
        "place.unreadable",
        "This is not a position",
        value=text,
        mend=f"Write for example 33.50583, 38.61778 or {EXAMPLE['lat']} {EXAMPLE['lon']} or 37S DT 64499 07430 "
        "or 27 km 290° from a named point.",
    )


def parse_angle(text: str, axis: Axis) -> tuple[float, float]:
    """Degrees and their accuracy in degrees, out of one cell of a table: half a step of the last digit.

    The column says which axis it is; a letter of the other axis is refused."""
    if _PLAIN.fullmatch(text) is not None:
        degrees = float(text)
        if abs(degrees) <= LIMIT_DEG[axis]:
            return degrees, 0.5 * 10.0 ** -len(text.partition(".")[2])
    angle = read_angle(text, axis)
    return angle.degrees, angle.cell_deg / 2

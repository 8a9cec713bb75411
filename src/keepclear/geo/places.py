"""A text becomes a position on WGS84, with the accuracy its digits imply and the doubts it raises.

Whatever was typed is kept. Nothing is corrected: what can be read in two ways is refused with a reason, and what
is read in one way but looks like a slip carries a `Suspicion`. The rules are numbered in docs/spec/places.md.

`accuracy_m` is one number with one definition: half the diagonal of the cell of the last digit. It says how finely
the position was written, not how well anybody measured it.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from keepclear.geo import angles, grids
from keepclear.geo.angles import Notation, parse_angle
from keepclear.geo.earth import distance_m, step_along
from keepclear.geo.notations import as_decimal, half_diagonal_m, notations
from keepclear.geo.suspicions import Doubt, Envelope, Suspicion, other_readings, sentence, suspicions
from keepclear.ground.errors import LimitExceeded, Refused
from keepclear.ground.quantities import parse_length

__all__ = [
    "Doubt", "Envelope", "NamedPoint", "Notation", "Place", "Suspicion",
    "notations", "parse", "parse_angle", "sentence",
]  # fmt: skip

TEXT_CHARS_MAX = 200
# Half the length of a meridian ellipse: farther than this there is no other side.
BEARING_LENGTH_M_MAX = 20_003_931.0

COMPASS = {
    "N": 0.0, "NNE": 22.5, "NE": 45.0, "ENE": 67.5, "E": 90.0, "ESE": 112.5, "SE": 135.0, "SSE": 157.5,
    "S": 180.0, "SSW": 202.5, "SW": 225.0, "WSW": 247.5, "W": 270.0, "WNW": 292.5, "NW": 315.0, "NNW": 337.5,
}  # fmt: skip
_WIND = "(?:north|south|east|west)"
_DIRECTION = (
    r"(?:(?i:at|on|bearing)\s+)*"
    r"(?:(?P<bearing>\d{1,3}(?:\.\d+)?)\s*(?P<mark>°|(?i:deg(?:rees?)?\b))?"
    r"\s*(?P<kind>[TMG]\b|(?i:true|mag(?:netic)?|grid)\b)?"
    rf"|(?P<point>(?i:[NSEW]{{1,3}}|{_WIND}(?:[\s-]?{_WIND}){{0,2}})\b))"
)
_LENGTH = r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[^\d\s].*?)"
_HEADS = (
    re.compile(rf"{_DIRECTION}(?:[\s,/]+|(?<=[°TMGa-z]))(?:at\s+)?{_LENGTH}", re.ASCII),
    re.compile(rf"{_LENGTH}[\s,/]+{_DIRECTION}", re.ASCII),
)
_FROM = re.compile(r"(?P<head>.*?)\s+(?:from|of)\s+(?P<name>.+)", re.IGNORECASE)


@dataclass(frozen=True)
class NamedPoint:
    """A place people measure from. The name is a name for these coordinates, not for a town, a base or a zone."""

    name: str
    lat: float
    lon: float
    accuracy_m: float
    source: str
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Place:
    """A position in degrees on WGS84, and how it was written."""

    lat: float
    lon: float
    as_entered: str
    notation: Notation
    accuracy_m: float
    suspicions: tuple[Suspicion, ...] = ()


NO_POINTS: Mapping[str, NamedPoint] = MappingProxyType({})


def parse(text: str, *, named_points: Mapping[str, NamedPoint] = NO_POINTS, envelope: Envelope | None = None) -> Place:
    """The position this text names. Raises `Refused` with a key that begins with "place." or "length."."""
    if len(text) > TEXT_CHARS_MAX:
        raise LimitExceeded("place.too_long", f"A position has at most {TEXT_CHARS_MAX} characters", value=text)
    spelled = angles.plain(text)
    if (match := _FROM.fullmatch(spelled)) is not None:
        lat, lon, accuracy_m = _at_bearing(match["head"], _named(match["name"], named_points))
        return Place(lat, lon, text, Notation.BEARING, accuracy_m, suspicions(lat, lon, (), envelope))
    if (square := grids.read_mgrs(spelled)) is not None:
        lat, lon, accuracy_m = square
        return Place(lat, lon, text, Notation.MGRS, accuracy_m, suspicions(lat, lon, (), envelope))
    if (metres := grids.read_utm(spelled)) is not None:
        lat, lon, accuracy_m, southern = metres
        readings = [(Doubt.BAND_AS_HEMISPHERE, *southern)] if southern else []
        return Place(lat, lon, text, Notation.UTM, accuracy_m, suspicions(lat, lon, readings, envelope))
    _refuse_bare_name(spelled, named_points)
    lat_angle, lon_angle = angles.read_pair(text)
    lat, lon = lat_angle.degrees, lon_angle.degrees
    accuracy_m = half_diagonal_m(lat, lat_angle.cell_deg, lon_angle.cell_deg)
    doubts = suspicions(lat, lon, other_readings(lat_angle, lon_angle), envelope)
    return Place(lat, lon, text, lat_angle.notation, accuracy_m, doubts)


def _at_bearing(head: str, start: NamedPoint) -> tuple[float, float, float]:
    """Where this bearing and distance lead, and half the diagonal of their cell plus the accuracy of the start."""
    match = _HEADS[0].fullmatch(head) or _HEADS[1].fullmatch(head)
    if match is None:
        raise _no_bearing(head)
    azimuth_deg, half_angle_deg = _direction(head, match)
    length_m = parse_length(f"{match['number']} {match['unit']}").m
    if length_m > BEARING_LENGTH_M_MAX:
        raise Refused("place.out_of_range", "This is farther than the other side of the earth", value=head)
    lat, lon = step_along(start.lat, start.lon, azimuth_deg, length_m)
    half_length_m = parse_length(f"1 {match['unit']}").m * 10.0 ** -_decimals(match["number"]) / 2
    # The far corner of a ring sector, by the law of cosines.
    across_m = 2 * math.sqrt(length_m * (length_m + half_length_m)) * math.sin(math.radians(half_angle_deg) / 2)
    return float(lat), float(lon), math.hypot(half_length_m, across_m) + start.accuracy_m


def _direction(head: str, match: re.Match[str]) -> tuple[float, float]:
    """Azimuth, and half of what its last digit or its point of the compass spans, both in degrees."""
    if match["point"] is not None:
        words = re.findall(_WIND, match["point"].lower())
        point = "".join(word[0] for word in words).upper() if words else match["point"].upper()
        if point not in COMPASS:
            raise Refused(
                "place.unreadable",
                "There is no such point of the compass",
                value=match["point"],
                mend=f"Points are {', '.join(COMPASS)}.",
            )
        return COMPASS[point], 11.25 if len(point) == 3 else 22.5
    if (match["kind"] or "T")[0].upper() != "T":
        raise Refused(
            "place.bearing_not_true",
            "A magnetic or grid bearing cannot be used: the declination at that place and date is not known here",
            value=head,
            mend="Convert it, and write the true bearing: 290°T.",
        )
    written = match["bearing"]
    if not (match["mark"] or match["kind"] or re.fullmatch(r"\d{3}", written, re.ASCII)):
        raise _no_bearing(head)
    if float(written) > 360:
        raise Refused("place.out_of_range", "A bearing goes up to 360 degrees", value=head)
    return float(written) % 360, 0.5 * 10.0 ** -_decimals(written)


def _decimals(number: str) -> int:
    return len(number.partition(".")[2])


def _no_bearing(head: str) -> Refused:
    return Refused(
        "place.unreadable",
        "A distance with its unit and a true bearing are needed before the name",
        value=head,
        mend="Write for example 27 km 290° from the name, or 15 NM NNW of it.",
    )


def _key(name: str) -> str:
    return angles.plain(name).casefold()


def _called(name: str, named_points: Mapping[str, NamedPoint]) -> list[NamedPoint]:
    return [point for point in named_points.values() if _key(name) in map(_key, (point.name, *point.aliases))]


def _named(name: str, named_points: Mapping[str, NamedPoint]) -> NamedPoint:
    """The one point of this name or alias, in any case; refuses to choose between two."""
    found = _called(name, named_points)
    if not found:
        known = {_key(alias): alias for point in named_points.values() for alias in (point.name, *point.aliases)}
        close = [known[key] for key in difflib.get_close_matches(_key(name), known, n=3)]
        mend = f"Did you mean {' or '.join(close)}?" if close else "Name one of the named points, or write coordinates."
        raise Refused("place.unknown_name", "No named point is called that", value=name, mend=mend)
    if len(found) > 1:
        apart_m = max(float(distance_m(found[0].lat, found[0].lon, point.lat, point.lon)) for point in found)
        raise Refused(
            "place.ambiguous_name",
            f"{len(found)} named points are called that, up to {apart_m / 1000:.1f} km apart",
            value=name,
            mend=f"Use a full name: {'; '.join(point.name for point in found)}.",
        )
    return found[0]


def _refuse_bare_name(spelled: str, named_points: Mapping[str, NamedPoint]) -> None:
    for point in _called(spelled, named_points):
        raise Refused(
            "place.name_alone",
            "A name alone is not a position: people mean different points by it",
            value=spelled,
            mend=f"If you mean {point.name} ({point.source}), write "
            f"{as_decimal(point.lat, point.lon, point.accuracy_m)}.",
        )

"""The named values of one row become one report: units, notations, areas, and what AIS says instead of nothing.

Whether the report is acceptable is for `tracks.builder` to judge. Here the words are read.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from keepclear.feeds.options import FeedOptions
from keepclear.feeds.timestamps import Timestamps
from keepclear.geo import places
from keepclear.geo.angles import Axis
from keepclear.geo.notations import half_diagonal_m
from keepclear.geo.shapes import Circle, Sector, Shape
from keepclear.ground.errors import Refused
from keepclear.tracks import claims
from keepclear.tracks.builder import BatchBuilder
from keepclear.tracks.observations import NO_CLAIM, Claim, Observations

Values = Mapping[str, Any]

SPEEDS_MPS = {
    "speed_mps": 1.0,
    "speed_kn": 1852 / 3600,
    "sog_kn": 1852 / 3600,
    "speed_kmh": 1 / 3.6,
    "speed_mph": 0.44704,
}
HEIGHTS_M = {"height_m": 1.0, "height_ft": 0.3048}
ERRORS_M = {"error_m": 1.0, "error_ft": 0.3048}
AREA_FIELDS = ("area_m", "area_from_deg", "area_to_deg", "area_inner_m")
DATUM_WORDS = {"": "unknown", "UNKNOWN": "unknown", "WGS84": "W84", "HAE": "W84", "AMSL": "MSL"}
# ITU-R M.1371-5, message 1: speed 1023 (102.3 kn), course 3600 (360.0) and heading 511 mean "not available".
AIS_NO_SPEED_KN = 102.3
AIS_NO_COURSE_DEG = (360.0, 511.0)
# The implied accuracy is the half-diagonal of a cell, its farthest corner: taken as two sigma.
SIGMAS_PER_HALF_DIAGONAL = 2.0
# The one note that depends on nothing but the words of a row.
NOTED_OF_WORDS = "attribution_without_party"
_CLAIMS_KEPT_MAX = 65_536


class Reports:
    """Takes rows of named values one by one, and gives out those accepted as one batch.

    notes    counts what was noticed and not refused: "zero_zero", "speed_not_available", "course_not_available",
             "attribution_without_party"
    builder  what takes the reports that are accepted
    room     rows that the batch being made still takes; a source may put in as many at once
    """

    def __init__(
        self,
        *,
        options: FeedOptions,
        source: str,
        times: Mapping[str, Timestamps],
        notes: Counter[str],
        decimal_comma: bool = False,
    ) -> None:
        self._options = options
        self._source = source
        self._times = times
        self.notes = notes
        self.room = 0
        self.builder = BatchBuilder()
        self._decimal_comma = decimal_comma
        self._no_claim = Claim(exercise=True) if options.exercise else NO_CLAIM
        self._claims: dict[tuple[object, ...], Claim] = {}

    def batch(self) -> Observations:
        """Everything accepted since the last call."""
        return self.builder.build()

    def add(self, values: Values, *, feed: str, line: int) -> None:
        """Takes one row, or refuses it and takes nothing; `where` of the refusal is the field at fault."""
        seen_at_us = self._instant(values, "seen_at")
        known_at_us = self._instant(values, "known_at")
        if seen_at_us is None:
            raise Refused(
                "seen_at.empty",
                "The seen_at is empty",
                mend="Every report needs the time it was seen.",
                where="seen_at",
            )
        lat, lon, implied_m = self._position(values)
        error_m = self._measure(values, ERRORS_M)
        height_m = self._measure(values, HEIGHTS_M)
        speed_mps = self._speed(values)
        course_deg = self._course(values)
        self.builder.add(
            subject=claims.text_of(values.get("subject"), "subject"),
            seen_at_us=seen_at_us,
            known_at_us=known_at_us,
            lat=lat,
            lon=lon,
            error_m=implied_m if error_m is None else error_m,
            height_m=height_m,
            datum=_datum(values.get("datum")),
            speed_mps=speed_mps,
            course_deg=course_deg,
            source=claims.text_of(values.get("source"), "source") or self._source,
            area=values.get("area") or self._area(values, lat, lon),
            claim=self._claim(values),
            feed=feed,
            line=line,
        )
        if lat == 0.0 and lon == 0.0:
            self.notes["zero_zero"] += 1

    def _instant(self, values: Values, field: str) -> int | None:
        value = values.get(field)
        if value is None or value == "":
            return None
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            mend = "Write it as text, for example 2017-05-18T10:30:00Z."
            raise Refused("time.unreadable", "This is not a date with a time", value=value, mend=mend, where=field)
        text = value if isinstance(value, str) else repr(value)
        if not text.strip():
            return None
        try:
            return self._times[field].us(text)
        except Refused as refused:
            raise refused.at(field) from refused

    def _position(self, values: Values) -> tuple[float, float, float | None]:
        """Latitude, longitude, and the sigma that the way of writing implies (None for plain decimal degrees)."""
        lat, lon = values.get("lat"), values.get("lon")
        if lat is None and lon is None and "place" in values:
            return self._place(claims.text_of(values["place"], "place"))
        north, east = self._plain_degrees(lat), self._plain_degrees(lon)
        if north is None or east is None:
            return _angles(lat, lon)
        if self._options.envelope is not None and not self._options.envelope.contains(north, east):
            self.notes["place_outside_envelope"] += 1
        return north, east, None

    def _plain_degrees(self, value: object) -> float | None:
        """Decimal degrees as they mostly come; None where it takes a closer look, which may refuse them."""
        if isinstance(value, str):
            if self._decimal_comma:
                value = value.replace(",", ".")
            try:
                degrees = float(value)
            except ValueError:
                return None
            return degrees if "_" not in value and math.isfinite(degrees) else None
        return float(value) if isinstance(value, float) or (type(value) is int and abs(value) < 1000) else None

    def _place(self, text: str) -> tuple[float, float, float]:
        if not text:
            raise _no_position("place")
        try:
            place = places.parse(text, named_points=self._options.named_points, envelope=self._options.envelope)
        except Refused as refused:
            raise refused.at("place") from refused
        for suspicion in place.suspicions:
            self.notes[f"place_{suspicion.key.value}"] += 1
        return place.lat, place.lon, place.accuracy_m / SIGMAS_PER_HALF_DIAGONAL

    def _number(self, value: object, field: str) -> float | None:
        """A finite number, None where the cell is blank."""
        if value is None or value == "":
            return None
        number = math.nan
        if isinstance(value, str):
            if not value.strip():
                return None
            # float() would read 1_000.
            plain = value.replace("_", "?") if not self._decimal_comma else value.replace("_", "?").replace(",", ".")
            with suppress(ValueError):
                number = float(plain)
        elif isinstance(value, float) or (type(value) is int and abs(value) < 10**18):
            number = float(value)
        if not math.isfinite(number):
            mend = "Write a plain decimal number, or leave it empty if it is not known."
            raise Refused("number.unreadable", f"The {field} is not a number", value=value, mend=mend, where=field)
        return number

    def _measure(self, values: Values, units: Mapping[str, float]) -> float | None:
        """The one of these fields that the row states, in the unit whose factor is 1."""
        for field, factor in units.items():
            if field in values and (number := self._number(values[field], field)) is not None:
                return number * factor
        return None

    def _speed(self, values: Values) -> float | None:
        knots = self._number(values.get("sog_kn"), "sog_kn")
        if knots == AIS_NO_SPEED_KN:
            self.notes["speed_not_available"] += 1
            return None
        return self._measure(values, SPEEDS_MPS)

    def _course(self, values: Values) -> float | None:
        degrees = self._number(values.get("cog_deg"), "cog_deg")
        if degrees in AIS_NO_COURSE_DEG:
            self.notes["course_not_available"] += 1
            return None
        return self._number(values.get("course_deg"), "course_deg") if degrees is None else degrees

    def _area(self, values: Values, lat: float, lon: float) -> Shape | None:
        """The circle or sector about the position that the subject is somewhere in, if the row gives one."""
        radius_m, from_deg, to_deg, inner_m = (self._number(values.get(field), field) for field in AREA_FIELDS)
        if radius_m is None:
            for field, number in zip(AREA_FIELDS[1:], (from_deg, to_deg, inner_m), strict=True):
                if number is not None:
                    raise Refused("area.no_radius", "A sector needs its radius", mend="Fill in area_m.", where=field)
            return None
        if (from_deg is None) != (to_deg is None):
            empty = "area_from_deg" if from_deg is None else "area_to_deg"
            mend = "Fill in both area_from_deg and area_to_deg, or neither for a circle."
            raise Refused("area.one_bearing", "A sector needs two bearings", mend=mend, where=empty)
        try:
            if from_deg is None or to_deg is None:
                return Sector(lat, lon, radius_m, 0.0, 360.0, inner_m) if inner_m else Circle(lat, lon, radius_m)
            return Sector(lat, lon, radius_m, from_deg, to_deg, inner_m or 0.0)
        except Refused as refused:
            raise refused.at("area_m") from refused

    def _claim(self, values: Values) -> Claim:
        said = tuple(map(values.get, claims.FIELDS))
        if said == _NOTHING_SAID:
            return self._no_claim
        if not all(value is None or isinstance(value, str) for value in said):
            return self._read_claim(values)
        claim = self._claims.get(said)
        if claim is None:
            claim = self._read_claim(values)
            if len(self._claims) >= _CLAIMS_KEPT_MAX:
                self._claims.clear()
            self._claims[said] = claim
        elif claim.attribution is None:
            self._note_attribution_to_nobody(values)
        return claim

    def _read_claim(self, values: Values) -> Claim:
        claim = claims.claim_of(values, exercise=self._options.exercise)
        if claim.attribution is None:
            self._note_attribution_to_nobody(values)
        return claim

    def _note_attribution_to_nobody(self, values: Values) -> None:
        if values.get("attributed_by") or values.get("confidence"):
            self.notes[NOTED_OF_WORDS] += 1


_NOTHING_SAID = (None,) * len(claims.FIELDS)


def _angles(lat: object, lon: object) -> tuple[float, float, float]:
    """Degrees in another notation than plain decimals, with the sigma implied by their digits."""
    axes: tuple[tuple[object, Axis], ...] = ((lat, "lat"), (lon, "lon"))
    read = []
    for value, axis in axes:
        text = claims.text_of(repr(value) if isinstance(value, float) else value, axis)
        if not text:
            raise _no_position(axis)
        try:
            read.append(places.parse_angle(text, axis))
        except Refused as refused:
            raise refused.at(axis) from refused
    (north, north_half), (east, east_half) = read
    return north, east, half_diagonal_m(north, 2 * north_half, 2 * east_half) / SIGMAS_PER_HALF_DIAGONAL


def _no_position(field: str) -> Refused:
    return Refused("position.empty", f"The {field} is empty", mend="Leave out reports without a position.", where=field)


def _datum(value: object) -> str:
    word = claims.text_of(value, "datum").upper()
    return DATUM_WORDS.get(word, word)

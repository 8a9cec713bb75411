"""Other readings of a position that are likelier than the one entered: reported with their distance, never applied.

A range check does not find a swapped latitude and longitude in most of the world: both orders are legal. So these
rules compare with the box in which the parties work, and say nothing where that box does not decide. The one rule
that needs no box is the decimal fraction that looks like minutes and seconds; of four-decimal positions taken at
random it speaks up for one in eight, so it is a question to a person and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from keepclear.geo.angles import Angle
from keepclear.geo.earth import distance_m
from keepclear.geo.notations import as_decimal
from keepclear.ground.errors import Refused


class Doubt(Enum):
    """What may have gone wrong."""

    SWAPPED = "swapped"
    DMS_AS_DECIMAL = "dms_as_decimal"
    DECIMAL_AS_DMS = "decimal_as_dms"
    BAND_AS_HEMISPHERE = "band_as_hemisphere"
    OUTSIDE_ENVELOPE = "outside_envelope"


_SENTENCES = {
    Doubt.SWAPPED: "Latitude and longitude may be swapped",
    Doubt.DMS_AS_DECIMAL: "The decimals may be minutes and seconds",
    Doubt.DECIMAL_AS_DMS: "The minutes and seconds may be decimals of a degree",
    Doubt.BAND_AS_HEMISPHERE: "The S behind the zone was read as the band 32 to 40 north, and may have meant south",
}


@dataclass(frozen=True)
class Suspicion:
    """Another reading, and how far it lies from the position as entered.

    For `OUTSIDE_ENVELOPE` the other position is the nearest one inside on the same parallel or meridian."""

    key: Doubt
    distance_m: float
    other_lat: float
    other_lon: float


@dataclass(frozen=True)
class Envelope:
    """The box in which the parties work, edges included; west of 180 and east of it where `west` exceeds `east`."""

    south: float
    west: float
    north: float
    east: float

    def __post_init__(self) -> None:
        edges = (self.south, self.west, self.north, self.east)
        if not (-90 <= self.south <= self.north <= 90 and all(-180 <= edge <= 180 for edge in (self.west, self.east))):
            raise Refused(
                "place.envelope",
                "An envelope is south, west, north, east in degrees, with south below north",
                value=edges,
                mend="Write for example 32,35,38,43.",
            )

    def contains(self, lat: float, lon: float) -> bool:
        return self.south <= lat <= self.north and self._spans(lon)

    def nearest(self, lat: float, lon: float) -> tuple[float, float]:
        """The position moved onto the box along its parallel and its meridian; itself if inside."""
        if not self._spans(lon):
            lon = min((self.west, self.east), key=lambda edge: abs((lon - edge + 180) % 360 - 180))
        return min(max(lat, self.south), self.north), lon

    def _spans(self, lon: float) -> bool:
        width = 360.0 if self.east - self.west == 360 else (self.east - self.west) % 360
        return (lon - self.west) % 360 <= width


Reading = tuple[Doubt, float, float]


def other_readings(lat: Angle, lon: Angle) -> list[Reading]:
    """What these two angles might have meant instead; a latitude beyond 90 lies in no envelope."""
    readings = [(Doubt.SWAPPED, lon.degrees, lat.degrees)]
    for doubt, lat_deg, lon_deg in (
        (Doubt.DMS_AS_DECIMAL, lat.as_minutes_and_seconds(), lon.as_minutes_and_seconds()),
        (Doubt.DECIMAL_AS_DMS, lat.as_decimal(), lon.as_decimal()),
    ):
        if lat_deg is not None and lon_deg is not None:
            readings.append((doubt, lat_deg, lon_deg))
    return readings


def suspicions(lat: float, lon: float, readings: Iterable[Reading], envelope: Envelope | None) -> tuple[Suspicion, ...]:
    """The readings worth a question, and whether the position lies outside the envelope."""
    outside = envelope is not None and not envelope.contains(lat, lon)
    worth = [
        (doubt, other_lat, other_lon)
        for doubt, other_lat, other_lon in readings
        if (doubt is Doubt.DMS_AS_DECIMAL or outside) and (envelope is None or envelope.contains(other_lat, other_lon))
    ]
    if envelope is not None and outside:
        worth.append((Doubt.OUTSIDE_ENVELOPE, *envelope.nearest(lat, lon)))
    return tuple(
        Suspicion(doubt, float(distance_m(lat, lon, other_lat, other_lon)), other_lat, other_lon)
        for doubt, other_lat, other_lon in worth
    )


def sentence(suspicion: Suspicion) -> str:
    """The suspicion in words, with the distance it would make."""
    away = _in_words(suspicion.distance_m)
    if suspicion.key is Doubt.OUTSIDE_ENVELOPE:
        return f"This lies {away} outside the area of operations."
    other = as_decimal(suspicion.other_lat, suspicion.other_lon, accuracy_m=1.0)
    return f"{_SENTENCES[suspicion.key]}: that would be {other}, {away} from here."


def _in_words(metres: float) -> str:
    return f"{metres:.0f} m" if metres < 1000 else f"{metres / 1000:.1f} km"

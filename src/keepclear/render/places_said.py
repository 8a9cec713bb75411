"""What a position means as people read it: in every notation, from which named points, and what may be wrong with it; as plain values."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from keepclear.geo.earth import inverse
from keepclear.geo.places import NamedPoint, Place, notations, sentence
from keepclear.ground.errors import Refused

HERE_M = 0.5


def place_said(place: Place, points: Iterable[NamedPoint]) -> dict[str, Any]:
    """A text that was read as a position: given, lat, lon, notation, accuracy_m, notations, from, suspicions."""
    return {
        "given": place.as_entered,
        "lat": round(place.lat, 7),
        "lon": round(place.lon, 7),
        "notation": place.notation.value,
        "accuracy_m": round(place.accuracy_m, 3),
        "notations": written(place.lat, place.lon, place.accuracy_m),
        "from": [
            {
                "name": point.name,
                "distance_m": round(distance_m, 1),
                "bearing_deg": None if bearing_deg is None else round(bearing_deg, 2),
            }
            for point, distance_m, bearing_deg in from_points(place.lat, place.lon, points)
        ],
        "suspicions": [
            {
                "key": suspicion.key.value,
                "distance_m": round(suspicion.distance_m, 1),
                "other_lat": round(suspicion.other_lat, 7),
                "other_lon": round(suspicion.other_lon, 7),
                "sentence": sentence(suspicion),
            }
            for suspicion in place.suspicions
        ],
    }


def written(lat: float, lon: float, accuracy_m: float) -> dict[str, str]:
    """A position in every notation that it has, by the name of the notation."""
    return {notation.value: text for notation, text in notations(lat, lon, accuracy_m).items()}


def from_points(lat: float, lon: float, points: Iterable[NamedPoint]) -> list[tuple[NamedPoint, float, float | None]]:
    """Each point with the distance and the true bearing from it, the nearest first; no bearing where the place is the point."""
    rows: list[tuple[NamedPoint, float, float | None]] = []
    for point in points:
        distance_m, bearing_deg = inverse(point.lat, point.lon, lat, lon)
        rows.append((point, float(distance_m), float(bearing_deg) if distance_m > HERE_M else None))
    return sorted(rows, key=lambda row: row[1])


def refusal_said(refusal: Refused) -> dict[str, str]:
    """Why a text is no position: refused, what, value, mend."""
    return {"refused": refusal.key, "what": refusal.what, "value": refusal.value, "mend": refusal.mend}

"""Positions in GeoJSON (RFC 7946): a FeatureCollection, an array of objects, or one Feature or flat object per line.

Properties have the names that columns have. Edges of a polygon are straight in longitude and latitude, and the third
coordinate is the height above the WGS84 ellipsoid, because the RFC says so.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Iterator
from typing import Any

from keepclear.feeds.arrival import Arrival
from keepclear.feeds.columns import NAMES, Columns, recognised
from keepclear.feeds.jsontext import Elements, json_value
from keepclear.feeds.lines import PAUSE, Lines, Pause, encoding_told
from keepclear.feeds.options import FeedOptions
from keepclear.feeds.reports import HEIGHTS_M, Reports, Values
from keepclear.feeds.timestamps import Timestamps, detected
from keepclear.geo.shapes import Polygon
from keepclear.ground.errors import Refused

SAMPLE_OBJECTS = 100
_NO_COLUMNS = Columns({}, {}, (), ())
_PATHS = {
    "lat": ".geometry.coordinates[1]",
    "lon": ".geometry.coordinates[0]",
    "geometry": ".geometry",
    "coordinates": ".geometry.coordinates",
    "properties": ".properties",
}

_GEOMETRIES = ("Point", "Polygon", "MultiPolygon")

# One object of the file: line, JSON path, and the object or what is wrong with it.
Found = tuple[int, str, dict[str, Any] | Refused | Pause]


class JsonObjects:
    """The objects of a JSON feed as rows; `told` and `reports` are ready before the first."""

    def __init__(
        self, arrival: Arrival, options: FeedOptions, source: str, notes: Counter[str], *, by_line: bool
    ) -> None:
        self.format = "ndjson" if by_line else "geojson"
        self.line = 0
        self._path = "$"
        self._is_feature = False
        self._broken: Refused | None = None
        self._objects = _lines_of(arrival, options, notes) if by_line else _elements_of(arrival, notes)
        self._pending: deque[Found] = deque()
        self._sample_objects()
        readable = [found for _, _, found in self._pending if isinstance(found, dict)]
        self._columns = self._recognised(readable, options)
        self._rest = [field for field in NAMES if field not in self._columns.held and field not in options.mapping]
        times, told = (
            {},
            ["JSON, one object per line." if by_line else "JSON, a list of objects.", encoding_told(arrival.sample)],
        )
        told += self._columns.told()
        for field in ("seen_at", "known_at"):
            texts = [
                str(value) for found in readable if (value := self._properties(found).get(field)) not in (None, "")
            ]
            zone = options.zone or self._columns.zones.get(field)
            times[field] = Timestamps(options.time_format or detected(texts, field), zone)
            told += times[field].told(self._columns.called(field), texts) if texts else []
        self.told = tuple(sentence for sentence in told if sentence)
        self.reports = Reports(options=options, source=source, times=times, notes=notes)

    def rows(self) -> Iterator[Values | Refused | Pause]:
        """Each object as named values, or its refusal; raises `Refused` where the document breaks off."""
        while (pulled := self._pull()) is not None:
            self.line, self._path, found = pulled
            if isinstance(found, Refused | Pause):
                yield found
                continue
            self._is_feature = _is_feature(found)
            try:
                yield (
                    {**self._properties(found), **_geometry_values(found)}
                    if self._is_feature
                    else self._properties(found)
                )
            except Refused as refused:
                yield refused
        if self._broken is not None:
            raise self._broken

    def called(self, field: str) -> str:
        """The JSON path of the field in the object given last."""
        if self._is_feature and field in _PATHS:
            return self._path + _PATHS[field]
        name = self._columns.called(field) if field else ""
        below = ".properties" if self._is_feature and name else ""
        return f"{self._path}{below}.{name}" if name else self._path

    def _pull(self) -> Found | None:
        if self._pending:
            return self._pending.popleft()
        try:
            return next(self._objects, None)
        except Refused as broken:
            self._broken = broken
            self._objects = iter(())
            return None

    def _sample_objects(self) -> None:
        sample: list[Found] = []
        while len(sample) < SAMPLE_OBJECTS and (pulled := self._pull()) is not None:
            if pulled[2] is PAUSE:
                break
            sample.append(pulled)
        if not sample and self._broken is not None:
            raise self._broken
        if sample and all(isinstance(found, Refused) for _, _, found in sample):
            self.line, _, fault = sample[0]
            assert isinstance(fault, Refused)
            raise fault
        self._pending.extend(sample)

    def _recognised(self, readable: list[dict[str, Any]], options: FeedOptions) -> Columns:
        names = dict.fromkeys(name for found in readable for name in _flat(found))
        positioned = any(_is_feature(found) for found in readable)
        return recognised(list(names), options.mapping, positioned=positioned) if readable else _NO_COLUMNS

    def _properties(self, found: dict[str, Any]) -> dict[str, Any]:
        """What the properties say of each field; canonical names count even where the first objects had none."""
        flat = _flat(found)
        names = self._columns.names
        values = {field: flat[field] for field in self._rest if field in flat}
        for field, numbers in self._columns.held.items():
            if len(numbers) == 1:
                if (value := flat.get(names[numbers[0]])) is not None:
                    values[field] = value
            else:
                values[field] = " ".join(str(flat.get(names[number], "")) for number in numbers)
        return values


def _lines_of(arrival: Arrival, options: FeedOptions, notes: Counter[str]) -> Iterator[Found]:
    lines = Lines(arrival, chars_max=options.line_chars_max, notes=notes)
    for number, text in lines:
        if isinstance(text, Refused | Pause):
            yield number, "$", text
        elif text.strip():
            yield number, "$", _object(text)


def _elements_of(arrival: Arrival, notes: Counter[str]) -> Iterator[Found]:
    elements = Elements(arrival, notes)
    for number, text in enumerate(elements):
        yield elements.line, f"{elements.path}[{number}]", _object(text)


def _object(text: str) -> dict[str, Any] | Refused:
    try:
        value = json_value(text)
    except Refused as refused:
        return refused
    if not isinstance(value, dict):
        return Refused("json.not_object", "A report is a JSON object", value=value, mend='Write {"subject": ...}.')
    return value


def _is_feature(found: dict[str, Any]) -> bool:
    return found.get("type") == "Feature" or "geometry" in found


def _flat(found: dict[str, Any]) -> dict[str, Any]:
    """The properties of a Feature with its id, or the object itself."""
    if not _is_feature(found):
        return found
    properties = found.get("properties")
    flat = dict(properties) if isinstance(properties, dict) else {}
    if "id" in found:
        flat.setdefault("id", found["id"])
    return flat


def _geometry_values(feature: dict[str, Any]) -> dict[str, Any]:
    """Position, height or area of a Feature; `where` of a refusal is one of `_PATHS`."""
    geometry = feature.get("geometry")
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if kind not in _GEOMETRIES:
        mend = "Give a Point, or a Polygon or MultiPolygon for an area in which the subject is."
        shown_kind = geometry if kind is None else kind
        raise Refused("geometry.kind", "No report has this geometry", value=shown_kind, mend=mend, where="geometry")
    coordinates = geometry.get("coordinates") if isinstance(geometry, dict) else None
    if kind == "Point":
        return _point_values(coordinates, feature)
    parts = [coordinates] if kind == "Polygon" else coordinates
    try:
        area = Polygon(tuple(tuple(_ring(ring) for ring in _list(part)) for part in _list(parts)), edges="lonlat")
        lat, lon = area.spread(1)
    except Refused as refused:
        refused.where = "coordinates"
        raise
    middle = area.around()
    return {
        "area": area,
        "lat": float(lat[0]) if len(lat) else middle[0],
        "lon": float(lon[0]) if len(lon) else middle[1],
    }


def _point_values(coordinates: object, feature: dict[str, Any]) -> dict[str, Any]:
    numbers = [_degrees(number) for number in _list(coordinates)]
    if len(numbers) < 2:
        raise _no_position(coordinates)
    values: dict[str, Any] = {"lon": numbers[0], "lat": numbers[1]}
    properties = _flat(feature)
    if len(numbers) > 2 and not any(field in properties for field in HEIGHTS_M):
        values |= {"height_m": numbers[2], "datum": "W84"}
    return values


def _ring(ring: object) -> tuple[tuple[float, float], ...]:
    positions = [_list(position) for position in _list(ring)]
    if any(len(position) < 2 for position in positions):
        raise _no_position(ring)
    return tuple((_degrees(position[1]), _degrees(position[0])) for position in positions)


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise _no_position(value)
    return value


def _degrees(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _no_position(value)
    return float(value) if abs(value) < 1e9 else math.inf


def _no_position(value: object) -> Refused:
    mend = "A position is [longitude, latitude] in degrees."
    return Refused(
        "geometry.coordinates", "The coordinates are not positions", value=value, mend=mend, where="coordinates"
    )

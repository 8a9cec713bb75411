"""From a GeoJSON geometry and its properties to a shape, and back.

Every rule about shapes stands in `geo`. To find all faults at once each number is tried there on a shape that is
valid otherwise: the centre with a radius of 1 m, the radius at 0 N 0 E.
"""

from __future__ import annotations

from typing import TypeAlias

from keepclear.feeds.findings import Findings
from keepclear.feeds.zone_terms import given, length, length_text, number
from keepclear.geo.rings import clockwise_rings, ring_faults
from keepclear.geo.shapes import Circle, Corridor, Polygon, Sector, Shape
from keepclear.ground.errors import LimitExceeded, Refused

SECTOR_NAMES = ("from_deg", "to_deg", "inner_radius")
SHAPE_NAMES = ("radius", "half_width", "edges", *SECTOR_NAMES)
_NAMES_OF = {
    "Point": ("radius", *SECTOR_NAMES),
    "LineString": ("half_width", "edges"),
    "Polygon": ("edges",),
    "MultiPolygon": ("edges",),
}
_DIAMETER_WORDS = ("wide", "width", "diameter", "across", "broad")

LatLon: TypeAlias = tuple[float, float]
LatLonRing: TypeAlias = tuple[LatLon, ...]
_TRIED_RING: LatLonRing = ((0.0, 0.0), (0.0, 1.0), (1.0, 1.0), (0.0, 0.0))


def read_shape(findings: Findings, path: str, geometry: object, properties: dict[str, object]) -> Shape | None:
    """The shape of the feature at `path`, or None if anything about it is at fault."""
    found_before = findings.error_count
    place = f"{path}.geometry"
    if not isinstance(geometry, dict):
        mend = "Give a Point, LineString, Polygon or MultiPolygon."
        findings.error(place, Refused("geometry.missing", "The zone has no geometry", value=geometry or "", mend=mend))
        return None
    kind, coordinates = geometry.get("type"), geometry.get("coordinates")
    if not isinstance(kind, str) or kind not in _NAMES_OF:
        mend = "Write Point, LineString, Polygon or MultiPolygon; each part of a collection is a zone of its own."
        findings.error(f"{place}.type", Refused("geometry.kind", "No zone has this geometry", value=kind, mend=mend))
        return None
    for name in SHAPE_NAMES:
        if name in properties and name not in _NAMES_OF[kind]:
            mend = f"With a {kind} go: {', '.join(_NAMES_OF[kind])}."
            what = f"{name} does not go with a {kind}"
            findings.error(
                f"{path}.properties.{name}", Refused("property.misplaced", what, value=properties[name], mend=mend)
            )
    place = f"{place}.coordinates"
    _note_third_numbers(findings, place, coordinates)
    shape: Shape | None
    if kind == "Point":
        shape = _round_shape(findings, place, coordinates, f"{path}.properties", properties)
    elif kind == "LineString":
        shape = _corridor(findings, place, coordinates, f"{path}.properties", properties)
    else:
        shape = _polygon(
            findings, place, coordinates, _edges(findings, f"{path}.properties", properties), kind == "Polygon"
        )
    return shape if findings.error_count == found_before else None


def _round_shape(
    findings: Findings, place: str, coordinates: object, path: str, properties: dict[str, object]
) -> Shape | None:
    centre = findings.attempt(place, _centre, coordinates)
    radius_m = findings.attempt(f"{path}.radius", _radius_m, properties.get("radius"))
    if not any(name in properties for name in SECTOR_NAMES):
        return Circle(*centre, radius_m) if centre and radius_m else None
    from_deg = findings.attempt(f"{path}.from_deg", _bearing, properties.get("from_deg"))
    to_deg = findings.attempt(f"{path}.to_deg", _bearing, properties.get("to_deg"))
    inner_m = given(findings, f"{path}.inner_radius", properties.get("inner_radius"), _length_m, 0.0)
    if radius_m is not None:
        findings.attempt(f"{path}.inner_radius", Sector, 0.0, 0.0, radius_m, 0.0, 360.0, inner_m)
    if from_deg is not None and to_deg is not None:
        spans = findings.attempt(f"{path}.to_deg", Sector, 0.0, 0.0, 1.0, from_deg, to_deg)
        if centre and radius_m and 0.0 <= inner_m < radius_m and spans:
            return Sector(*centre, radius_m, from_deg, to_deg, inner_m)
    return None


def _centre(coordinates: object) -> LatLon:
    lat, lon = _position(coordinates)
    Circle(lat, lon, 1.0)
    return lat, lon


def _radius_m(value: object) -> float:
    if value is None:
        raise Refused("radius.missing", "A Point needs a radius to be a zone", mend='Add "radius": "55 km".')
    if isinstance(value, str) and any(word in value.lower() for word in _DIAMETER_WORDS):
        mend = "Write half of it as the radius, without words."
        raise Refused("radius.diameter", "This reads as a diameter, not as a radius", value=value, mend=mend)
    return Circle(0.0, 0.0, length(value).m).radius_m


def _length_m(value: object) -> float:
    return length(value).m


def _bearing(value: object) -> float:
    if value is None:
        mend = "A sector needs from_deg and to_deg; all round is from 0 to 360."
        raise Refused("sector.side_missing", "The sector lacks one of its sides", mend=mend)
    bearing = number(value)
    Sector(0.0, 0.0, 1.0, bearing, 90.0 if bearing != 90.0 else 180.0)
    return bearing


def _corridor(
    findings: Findings, place: str, coordinates: object, path: str, properties: dict[str, object]
) -> Shape | None:
    half_width_m = findings.attempt(f"{path}.half_width", _half_width_m, properties.get("half_width"))
    edges = _edges(findings, path, properties)
    line = _positions(findings, place, coordinates)
    if line is None:
        return None
    corridor = findings.attempt(place, Corridor, line, half_width_m or 1.0, edges)
    if corridor is not None:
        findings.attempt(place, corridor.around)  # a line with too many pieces is refused here, not at its first use
    return corridor


def _half_width_m(value: object) -> float:
    if value is None:
        mend = 'Add "half_width": "500 m", the distance from the line to either side.'
        raise Refused("half_width.missing", "A LineString needs a half_width to be a zone", mend=mend)
    half_width_m = length(value).m
    Corridor(((0.0, 0.0), (0.0, 1.0)), half_width_m)
    return half_width_m


def _edges(findings: Findings, path: str, properties: dict[str, object]) -> str:
    line = ((0.0, 0.0), (0.0, 1.0))
    tried = findings.attempt(f"{path}.edges", Corridor, line, 1.0, str(properties.get("edges", "geodesic")))
    return tried.edges if tried else "geodesic"


def _polygon(findings: Findings, place: str, coordinates: object, edges: str, single: bool) -> Shape | None:
    """A ring that cannot be read is replaced by a sound one, so that the others keep their places and are judged."""
    found_before = findings.error_count
    parts = [
        tuple(
            _positions(findings, place + _below_coordinates(f"[{i}][{j}]", single), ring) or _TRIED_RING
            for j, ring in enumerate(_array(findings, place + _below_coordinates(f"[{i}]", single), part))
        )
        for i, part in enumerate([coordinates] if single else _array(findings, place, coordinates))
    ]
    ring_refusals = list(ring_faults(parts))
    for refused in ring_refusals:
        refused.where = _below_coordinates(refused.where, single)
        findings.error(place, refused)
    if any(isinstance(refused, LimitExceeded) for refused in ring_refusals):
        return None
    polygon = None
    for i, part in enumerate(parts):
        if part and not any(ring_faults([part])):
            polygon = findings.attempt(place, _polygon_of_part, part, edges, i, single)
    if findings.error_count > found_before:
        return None
    for where in clockwise_rings(parts):
        mend = "Outer rings run counter-clockwise, holes clockwise (RFC 7946); nothing need be done."
        what = "The ring is wound the other way round; the smaller side is taken as its inside"
        findings.note(place + _below_coordinates(where, single), Refused("polygon.wound_wrong", what, mend=mend))
    return polygon if len(parts) == 1 else findings.attempt(place, Polygon, tuple(parts), edges)


def _polygon_of_part(part: tuple[LatLonRing, ...], edges: str, number_of_part: int, single: bool) -> Polygon:
    try:
        return Polygon((part,), edges)
    except Refused as refused:
        refused.where = _below_coordinates(f"[{number_of_part}]{refused.where.removeprefix('[0]')}", single)
        raise


def _below_coordinates(where: str, single: bool) -> str:
    """`where` names part, ring and position; a Polygon has one part, whose number its JSON path lacks."""
    return where.removeprefix("[0]") if single else where


def _array(findings: Findings, place: str, value: object) -> list[object]:
    if isinstance(value, list):
        return value
    mend = "Write brackets within brackets: a Polygon is a list of rings, a ring a list of positions."
    findings.error(place, Refused("geometry.coordinates", "This is not an array", value=value, mend=mend))
    return []


def _positions(findings: Findings, place: str, value: object) -> LatLonRing | None:
    """Positions as latitude and longitude; the first that is none is reported, and then there are none at all."""
    if not isinstance(value, list):
        _array(findings, place, value)
        return None
    positions = []
    for k, item in enumerate(value):
        position = findings.attempt(f"{place}[{k}]", _position, item)
        if position is None:
            return None
        positions.append(position)
    return tuple(positions)


def _position(value: object) -> LatLon:
    if not isinstance(value, list) or len(value) not in (2, 3) or any(type(part) not in (int, float) for part in value):
        mend = "Write [longitude, latitude] in degrees, as numbers without quotes."
        raise Refused("position.not_pair", "This is not a position", value=value, mend=mend)
    return float(value[1]), float(value[0])


def _note_third_numbers(findings: Findings, place: str, coordinates: object) -> None:
    """One note for the first position with a third number; positions stand at most three arrays deep."""
    waiting = [(place, coordinates, 0)]
    while waiting:
        path, value, depth = waiting.pop()
        if not isinstance(value, list) or not value or depth > 3:
            continue
        if isinstance(value[0], list):
            waiting += [(f"{path}[{k}]", value[k], depth + 1) for k in range(len(value) - 1, -1, -1)]
        elif len(value) == 3:
            mend = 'Heights of a zone go into "height", with their datum.'
            what = "The third number of the positions is not used"
            findings.note(path, Refused("position.third_number", what, value=value[2], mend=mend))
            return


def write_shape(shape: Shape) -> tuple[dict[str, object], dict[str, object]]:
    """Geometry and properties from which `read_shape` makes the same shape again."""
    if isinstance(shape, Circle):
        return _geometry("Point", (shape.lon, shape.lat)), {"radius": length_text(shape.radius_m)}
    if isinstance(shape, Sector):
        inner = {"inner_radius": length_text(shape.inner_radius_m)} if shape.inner_radius_m else {}
        sides = {"radius": length_text(shape.radius_m), "from_deg": shape.from_deg, "to_deg": shape.to_deg}
        return _geometry("Point", (shape.lon, shape.lat)), sides | inner
    if isinstance(shape, Corridor):
        line = [(lon, lat) for lat, lon in shape.line]
        return _geometry("LineString", line), {"half_width": length_text(shape.half_width_m), "edges": shape.edges}
    assert isinstance(shape, Polygon)
    parts = [[[(lon, lat) for lat, lon in ring] for ring in part] for part in shape.parts]
    geometry = _geometry("Polygon", parts[0]) if len(parts) == 1 else _geometry("MultiPolygon", parts)
    return geometry, {"edges": shape.edges}


def _geometry(kind: str, coordinates: object) -> dict[str, object]:
    return {"type": kind, "coordinates": coordinates}

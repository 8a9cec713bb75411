"""Shapes as plain values that JSON holds, and back: to the bit, for bodies of the record and for snapshots.

    ["circle", lat, lon, radius_m]
    ["sector", lat, lon, radius_m, from_deg, to_deg, inner_radius_m]
    ["polygon", edges, [[[lat, lon], ...] ring, ...] part, ...]
    ["corridor", edges, half_width_m, [lat, lon], ...]

This is not GeoJSON: nothing is drawn, and degrees stand as latitude and longitude.
"""

from __future__ import annotations

from typing import Any

from keepclear.geo.shapes import Circle, Corridor, Polygon, Sector, Shape
from keepclear.ground.errors import Refused


def plain_shape(shape: Shape) -> list[Any]:
    """The shape as lists, words and numbers."""
    match shape:
        case Circle():
            return ["circle", shape.lat, shape.lon, shape.radius_m]
        case Sector():
            sides = shape.from_deg, shape.to_deg, shape.inner_radius_m
            return ["sector", shape.lat, shape.lon, shape.radius_m, *sides]
        case Polygon():
            return [
                "polygon",
                shape.edges,
                *([[list(place) for place in ring] for ring in part] for part in shape.parts),
            ]
        case Corridor():
            return ["corridor", shape.edges, shape.half_width_m, *(list(place) for place in shape.line)]
    raise TypeError(f"{shape} has no plain form")


def shape_of(plain: Any) -> Shape:
    """The shape again; raises `Refused` for what is none."""
    match plain:
        case ["circle", *numbers] if _are_numbers(numbers, 3):
            return Circle(*numbers)
        case ["sector", *numbers] if _are_numbers(numbers, 6):
            return Sector(*numbers)
        case ["polygon", str() as edges, *parts] if all(isinstance(part, list) for part in parts):
            rings = tuple(tuple(_places(ring) for ring in part) for part in parts)
            if rings and all(rings):
                return Polygon(rings, edges)
        case ["corridor", str() as edges, half_width_m, *line] if _are_numbers([half_width_m], 1):
            return Corridor(_places(line), half_width_m, edges)
    raise _no_shape(plain)


def _places(ring: Any) -> tuple[tuple[float, float], ...]:
    if not isinstance(ring, list) or not all(isinstance(place, list) and _are_numbers(place, 2) for place in ring):
        raise _no_shape(ring)
    return tuple((lat, lon) for lat, lon in ring)


def _are_numbers(values: list[Any], count: int) -> bool:
    return len(values) == count and all(type(value) in (int, float) for value in values)


def _no_shape(value: object) -> Refused:
    mend = "A circle, a sector, a polygon or a corridor with its numbers is needed."
    return Refused("shape.unreadable", "This is no shape", value=value, mend=mend)

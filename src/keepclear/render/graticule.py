"""Lines of latitude and longitude at round values, their labels, and round lengths for a scale bar."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from keepclear.geo.earth import Floats, wrapped_lon
from keepclear.render.view import View

METRES_PER_NAUTICAL_MILE = 1852.0
LINES_WANTED = 5
Edge = Literal["left", "top", "right", "bottom", "within"]

_DEGREE, _MINUTE = 3600, 60
_STEPS_ARCSEC = tuple(d * _DEGREE for d in (30, 15, 10, 5, 2, 1)) + tuple(
    n * unit for unit in (_MINUTE, 1) for n in (30, 20, 10, 5, 2, 1)
)
_EDGE_PX = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class GridLine:
    """One parallel or meridian: its parts in pixels, and where its label touches the frame."""

    label: str
    parts: tuple[Floats, ...]
    at: tuple[float, float]
    edge: Edge


def grid_lines(view: View) -> tuple[GridLine, ...]:
    """Parallels from south to north, then meridians from west to east; those not in the picture are left out."""
    south, north, west, east = _extent(view)
    pole = view.pole_inside()
    lat_step = _step_arcsec(north - south)
    lon_step = 30 * _DEGREE if pole is not None else _step_arcsec(east - west)
    lines = []
    for arcsec in _multiples(south, north, lat_step):
        if abs(arcsec) < 90 * _DEGREE:
            lon = np.linspace(west, east, 181)
            lines.append(_line(view, np.full(181, arcsec / 3600), lon, angle_text(arcsec, "N", "S"), "parallel"))
    # Meridians stop one step short of the pole, where they would only make a blot.
    if pole is not None:
        south, north = (south, 90 - lat_step / 3600) if pole > 0 else (-90 + lat_step / 3600, north)
    for arcsec in _multiples(west, east, lon_step):
        lon_deg = float(wrapped_lon(arcsec / 3600))
        text = angle_text(round(lon_deg * 3600), "E", "W")
        lines.append(_line(view, np.linspace(south, north, 91), np.full(91, arcsec / 3600), text, "meridian"))
    return tuple(line for line in lines if line.parts)


def angle_text(arcsec: int, positive: str, negative: str) -> str:
    """33°30′N: no more places than the value needs; 0 and 180 carry no letter of a hemisphere."""
    degrees, rest = divmod(abs(arcsec), _DEGREE)
    minutes, seconds = divmod(rest, _MINUTE)
    text = f"{degrees}°"
    if rest:
        text += f"{minutes:02d}′"
    if seconds:
        text += f"{seconds:02d}″"
    if arcsec == 0 or abs(arcsec) == 180 * _DEGREE:
        return text
    return text + (positive if arcsec > 0 else negative)


def round_length(limit: float) -> float:
    """The largest 1, 2 or 5 times a power of ten that is not above the limit."""
    power = 10.0 ** np.floor(np.log10(limit))
    return float(max(n * power for n in (1, 2, 5) if n * power <= limit))


def _line(view: View, lat: Floats, lon: Floats, label: str, which: Literal["parallel", "meridian"]) -> GridLine:
    parts = tuple(view.lines(lat, lon))
    ends = [(float(x), float(y)) for part in parts for x, y in (part[0], part[-1])]
    edges: tuple[Edge, ...] = ("left", "right") if which == "parallel" else ("bottom", "top", "left", "right")
    for edge in edges:
        touching = [end for end in ends if _touches(view, end, edge)]
        if touching:
            return GridLine(label, parts, touching[0], edge)
    lowest = max((tuple(map(float, xy)) for part in parts for xy in part), key=lambda xy: xy[1], default=(0.0, 0.0))
    return GridLine(label, parts, (lowest[0], lowest[1]), "within")


def _touches(view: View, at: tuple[float, float], edge: Edge) -> bool:
    left, top, right, bottom = view.frame
    gap = {"left": at[0] - left, "right": at[0] - right, "top": at[1] - top, "bottom": at[1] - bottom}[edge]
    return abs(gap) < _EDGE_PX


def _extent(view: View) -> tuple[float, float, float, float]:
    """south, north, west, east of the frame; east may be above 180."""
    left, top, right, bottom = view.frame
    across, down = np.meshgrid(np.linspace(left, right, 41), np.linspace(top, bottom, 41))
    lat, lon = view.locate(np.stack([across, down], axis=-1))
    south, north = float(lat.min()), float(lat.max())
    pole = view.pole_inside()
    if pole is not None:
        return (south, 90.0, -180.0, 179.999) if pole > 0 else (-90.0, north, -180.0, 179.999)
    if view.flat:
        half = (right - left) / 2 / view.px_per_degree_east
        return max(south, -90.0), min(north, 90.0), view.lon - half, view.lon + half
    east_of_middle = wrapped_lon(lon - view.lon)
    return south, north, view.lon + float(east_of_middle.min()), view.lon + float(east_of_middle.max())


def _step_arcsec(extent_deg: float) -> int:
    """The step that gives the number of lines nearest to the wanted one."""
    return min(_STEPS_ARCSEC, key=lambda step: abs(np.log(extent_deg * _DEGREE / step / LINES_WANTED)))


def _multiples(low_deg: float, high_deg: float, step_arcsec: int) -> range:
    first = int(np.ceil(low_deg * _DEGREE / step_arcsec)) * step_arcsec
    return range(first, int(np.floor(high_deg * _DEGREE)) + 1, step_arcsec)

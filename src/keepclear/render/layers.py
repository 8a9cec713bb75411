"""What lies on the map, layer by layer, as SVG: land, grid, zones, areas, tracks, points. Names come in names.py."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from keepclear.geo.earth import Floats
from keepclear.render import basemap
from keepclear.render.graticule import GridLine
from keepclear.render.ink import AGES, number, path, path_data, tooltip, words
from keepclear.render.scene import AreaDrawing, PointDrawing, Ring, TrackDrawing, ZoneDrawing
from keepclear.render.symbols import PartyStyle, chevron, outline
from keepclear.render.view import View, closed

CIRCLE_SIGMAS = 2.0
CIRCLE_PX_MIN = 3.0
CHEVRON_EVERY_PX = 130.0
STILL_PX = 2.5
FULL_TRACKS_MAX = 200
COAST_ERROR_PX_MAX = 20.0


@dataclass(frozen=True, slots=True)
class Detail:
    """How much ink each track gets. `full`: circles of past positions, arrowheads along the line, rings of doubt."""

    ages: int
    head_px: float
    full: bool
    names_max: int


def detail_for(track_count: int) -> Detail:
    """Chosen by eye: 91 vessels in the Solent are legible in full, 10 000 only as dots with tails."""
    if track_count <= FULL_TRACKS_MAX:
        return Detail(ages=AGES, head_px=5.0, full=True, names_max=200)
    if track_count <= 2000:
        return Detail(ages=3, head_px=3.2, full=False, names_max=80)
    return Detail(ages=2, head_px=2.0, full=False, names_max=40)


def coast_is_coarse(view: View) -> bool:
    """Zoomed in so far that a harbour can lie inland on the picture: then no land is filled and the coast is broken."""
    return basemap.COAST_ERROR_M * view.px_per_m > COAST_ERROR_PX_MAX


def land(view: View) -> list[str]:
    lines = basemap.lines_near(view.lat, view.lon, view.radius_m)
    borders = _strokes(view, "border", lines.borders)
    if coast_is_coarse(view):
        return [*_strokes(view, "coast coarse", lines.coasts), *borders]
    pieces = basemap.land_near(view.lat, view.lon, view.radius_m)
    rings = [_stepped(ring) for piece in pieces for ring in piece]
    filled = "".join(path_data(xy, closing=True) for ring in rings for xy in view.rings(*ring))
    return [path("land", filled) if filled else "", *_strokes(view, "coast", lines.coasts), *borders]


def grid(lines: tuple[GridLine, ...]) -> list[str]:
    drawn = [path("grid", "".join(path_data(part) for part in line.parts)) for line in lines]
    within = [line for line in lines if line.edge == "within"]
    return drawn + [words("gridname", line.at[0] + 3, line.at[1] - 3, line.label) for line in within]


def zone(view: View, drawing: ZoneDrawing) -> str:
    fill = "".join(_ring_data(view, ring) for ring in drawing.rings)
    said = f"{drawing.name}: {drawing.note}" if drawing.note else drawing.name
    return "".join(
        [
            "<g>",
            tooltip(said),
            path("zone", fill),
            *_strokes(view, "band", tuple(closed(*ring) for ring in drawing.band_rings)),
            *_strokes(view, "edge", tuple(closed(*ring) for ring in drawing.rings)),
            "</g>",
        ]
    )


def area(view: View, drawing: AreaDrawing) -> str:
    fill = "".join(_ring_data(view, ring) for ring in drawing.rings)
    return f"<g>{tooltip(drawing.label or drawing.subject)}{path('area', fill)}</g>"


def track(view: View, drawing: TrackDrawing, style: PartyStyle, detail: Detail) -> str:
    """Oldest part faintest, the last position with its party's shape, its way, and how sure it is."""
    said = f"{drawing.label or drawing.subject}, {drawing.party}" if drawing.party else drawing.label or drawing.subject
    strokes = []
    count = len(drawing.lat)
    stops = np.unique(np.linspace(0, count - 1, min(detail.ages, max(count - 1, 1)) + 1).astype(int)).tolist()
    spans = list(pairwise(stops))
    for k, (first, last) in enumerate(spans):
        parts = view.lines(drawing.lat[first : last + 1], drawing.lon[first : last + 1])
        age = AGES - len(spans) + k
        if parts:
            strokes.append(path(f"track a{age}", "".join(path_data(part) for part in parts)))
    kind = ' class="estimated"' if drawing.estimated else ""
    return "".join(
        [
            f'<g{kind} stroke="{style.ink}" fill="{style.ink}">',
            tooltip(said),
            *_circles(view, drawing, detail),
            *strokes,
            *(_ways(view, drawing) if detail.full else ()),
            *_head(view, drawing, style, detail),
            "</g>",
        ]
    )


def point(view: View, drawing: PointDrawing) -> str:
    x, y = view.place(drawing.lat, drawing.lon)
    if drawing.estimated:
        return path("point broken", outline("circle", x, y, 4.5))
    return path("point", f"M{number(x - 5)},{number(y)}h10M{number(x)},{number(y - 5)}v10")


def inside(view: View, x: float, y: float) -> bool:
    left, top, right, bottom = view.frame
    return left <= x <= right and top <= y <= bottom


def _strokes(view: View, class_name: str, lines: tuple[Ring, ...]) -> list[str]:
    data = "".join(path_data(part) for lat, lon in lines for part in view.lines(lat, lon))
    return [path(class_name, data)] if data else []


def _ring_data(view: View, ring: Ring) -> str:
    return "".join(path_data(xy, closing=True) for xy in view.rings(*closed(*ring)))


def _stepped(ring: Ring) -> Ring:
    """With a point at least every degree, so that the edges of the clipping box bend as parallels do."""
    lat, lon = ring
    steps = np.maximum(1, np.ceil(np.maximum(np.abs(np.diff(lat)), np.abs(np.diff(lon))))).astype(int)
    at = np.concatenate([np.arange(n) / n + i for i, n in enumerate(steps.tolist()) if n] + [np.array([len(lat) - 1])])
    index = np.arange(len(lat))
    return np.interp(at, index, lat), np.interp(at, index, lon)


def _circles(view: View, drawing: TrackDrawing, detail: Detail) -> list[str]:
    """Two standard deviations, to scale: the last position, and earlier ones at least a radius apart."""
    xy = view.place(drawing.lat, drawing.lon)
    chosen = [len(xy) - 1]
    radii_px = CIRCLE_SIGMAS * drawing.error_m * view.px_per_m
    if detail.full:
        for i in range(len(xy) - 2, -1, -1):
            if float(np.hypot(*(xy[i] - xy[chosen[-1]]))) >= max(CIRCLE_PX_MIN, float(np.nan_to_num(radii_px[i]))):
                chosen.append(i)
    drawn = []
    for i in reversed(chosen):
        x, y = xy[i]
        if np.isnan(radii_px[i]) or radii_px[i] < CIRCLE_PX_MIN:
            continue
        across, down = view.radii_px(float(drawing.lat[i]), float(drawing.lon[i]), CIRCLE_SIGMAS * drawing.error_m[i])
        when = "sure" if i == len(xy) - 1 else "was"
        drawn.append(
            f'<ellipse class="{when}" cx="{number(x)}" cy="{number(y)}" rx="{number(across)}" ry="{number(down)}"/>'
        )
    return drawn


def _ways(view: View, drawing: TrackDrawing) -> list[str]:
    """Arrowheads along the line, so that the way is clear where the newest end is out of sight."""
    tips = []
    for xy in view.lines(drawing.lat, drawing.lon):
        lengths = np.hypot(*np.diff(xy, axis=0).T)
        along = np.concatenate([[0.0], np.cumsum(lengths)])
        for distance in np.arange(CHEVRON_EVERY_PX / 2, along[-1] - 25.0, CHEVRON_EVERY_PX):
            i = int(np.searchsorted(along, distance, side="right")) - 1
            ahead = xy[min(i + 1, len(xy) - 1)] - xy[i]
            x, y = xy[i] + ahead * (distance - along[i]) / lengths[i]
            tips.append(chevron(x, y, float(np.arctan2(ahead[1], ahead[0])), 7.0))
    return [path("way", "".join(tips))] if tips else []


def _head(view: View, drawing: TrackDrawing, style: PartyStyle, detail: Detail) -> list[str]:
    xy = view.place(drawing.lat, drawing.lon)
    x, y = float(xy[-1, 0]), float(xy[-1, 1])
    if not inside(view, x, y):
        return []
    radius = detail.head_px
    fill = "head hollow" if drawing.permitted else "head"
    drawn = [path(fill, outline(style.shape, x, y, radius))]
    if drawing.permitted is False:
        drawn.append(path("bar", f"M{number(x - radius * 0.6)},{number(y)}h{number(radius * 1.2)}"))
    if detail.full and np.isnan(drawing.error_m[-1]):
        drawn.append(path("unsure", outline("circle", x, y, radius + 4)))
    direction = _direction(xy)
    if direction is not None:
        reach = radius * (3.0 if detail.full else 2.4)
        tip_x, tip_y = x + reach * np.cos(direction), y + reach * np.sin(direction)
        drawn.append(path("way", chevron(tip_x, tip_y, direction, radius * 1.3)))
    return drawn


def _direction(xy: Floats) -> float | None:
    """Of the last movement that can be seen, clockwise from right; None for what stays where it is."""
    away = xy[-1] - xy
    seen = np.flatnonzero(np.hypot(*away.T) > STILL_PX)
    if not len(seen):
        return None
    dx, dy = away[seen[-1]]
    return float(np.arctan2(dy, dx))

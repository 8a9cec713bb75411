"""The map in a terminal: braille dots, or plain ASCII where the terminal knows no more."""

from __future__ import annotations

import numpy as np
import shapely

from keepclear.geo.earth import Floats
from keepclear.ground.errors import Refused
from keepclear.render import basemap
from keepclear.render.dots import DOTS_ACROSS, DOTS_DOWN, Dots, Layer
from keepclear.render.framing import Framed, framed
from keepclear.render.graticule import METRES_PER_NAUTICAL_MILE, round_length
from keepclear.render.labels import Box, Placing
from keepclear.render.layers import CIRCLE_SIGMAS
from keepclear.render.lettering import cleaned, columns, fitted
from keepclear.render.scene import MarkDrawing, Scene
from keepclear.render.view import View, closed

WIDTH_CHARS_MIN, HEIGHT_ROWS_MIN = 40, 8
LABEL_CHARS = 24
NAMES_MAX = 30
_HEAD_ROWS, _FOOT_ROWS = 1, 2
_MARGIN_DOTS = 6.0

_COAST = Layer(",", "90", quiet="·")
_AREA = Layer("%", "36", quiet="░")
_BAND = Layer(":", "35")
_ZONE = Layer("#", "35")
_TRACK = Layer("+", "33")
_MARK_SGR, _NAME_SGR, _HEAD_SGR = "1;7", "1", "1;33"
_ARROWS = "→↘↓↙←↖↑↗"
_ASCII_ARROWS = ">>v<<<^>"
_KEY = "⣀⡠ zone  ⠂⠂ band  → ● last position  ① change  ? estimate  ░ area  · coast"
_ASCII_KEY = "# zone  : band  > o last position  (1) change  ? estimate  % area  , coast"


def draw_text(
    scene: Scene, width_chars: int = 78, height_rows: int = 24, colour: bool = False, ascii_only: bool = False
) -> str:
    """Exactly `height_rows` lines of `width_chars` columns: title, map, scale bar, key. Numbers mean the scene's
    sentences, which are not repeated here."""
    if width_chars < WIDTH_CHARS_MIN or height_rows < HEIGHT_ROWS_MIN:
        raise Refused(
            "render.too_small",
            "A map in the terminal needs more room",
            value=f"{width_chars} x {height_rows}",
            mend=f"Give it at least {WIDTH_CHARS_MIN} columns and {HEIGHT_ROWS_MIN} rows.",
        )
    rows = height_rows - _HEAD_ROWS - _FOOT_ROWS
    found = framed(scene, width_chars * DOTS_ACROSS, rows * DOTS_DOWN, _MARGIN_DOTS)
    dots = Dots(width_chars, rows)
    _draw_lines(scene, found, dots)
    _draw_signs(scene, found.view, dots, ascii_only)
    north = "" if found.view.pole_inside() is not None else ("N ^" if ascii_only else "N ↑")
    title = fitted(cleaned(scene.title, 200), width_chars - len(north) - 1) + " " + north
    key = _ASCII_KEY if ascii_only else _KEY
    outside = f"{len(found.outside)} outside the map  " if scene.tracks and found.outside else ""
    lines = [
        title,
        *dots.lines(colour, ascii_only),
        _scale_line(found.view, width_chars, ascii_only),
        fitted(outside + key, width_chars),
    ]
    text = "\n".join(fitted(line, width_chars) if line is title else line for line in lines)
    return _in_ascii(text) if ascii_only else text


def _draw_lines(scene: Scene, found: Framed, dots: Dots) -> None:
    view = found.view
    base = basemap.lines_near(view.lat, view.lon, view.radius_m)
    for lat, lon in (*base.coasts, *base.borders):
        for part in view.lines(lat, lon):
            dots.stroke(_COAST, part, gap_dots=1.5)
    for area in scene.areas:
        _fill(dots, [xy for ring in area.rings for xy in view.rings(*closed(*ring))])
    for layer, gap, rings in (
        (_BAND, 3.0, [ring for zone in scene.zones for ring in zone.band_rings]),
        (_ZONE, 0.0, [ring for zone in scene.zones for ring in zone.rings]),
    ):
        for ring in rings:
            for part in view.lines(*closed(*ring)):
                dots.stroke(layer, part, gap)
    for track in scene.tracks:
        for part in view.lines(track.lat, track.lon):
            dots.stroke(_TRACK, part, gap_dots=2.0 if track.estimated else 0.0)
        radius = float(np.nan_to_num(CIRCLE_SIGMAS * track.error_m[-1] * view.px_per_m))
        if radius >= DOTS_DOWN:
            turn = np.linspace(0, 2 * np.pi, max(8, int(2 * np.pi * radius / 3)), endpoint=False)
            circle = np.column_stack([np.cos(turn), np.sin(turn)]) * radius
            dots.spots(_TRACK, view.place(track.lat[-1], track.lon[-1]) + circle)


def _fill(dots: Dots, rings: list[Floats]) -> None:
    across, down = np.meshgrid(np.arange(dots.width) + 0.5, np.arange(dots.height) + 0.5)
    middles = np.column_stack([across.ravel() * DOTS_ACROSS, down.ravel() * DOTS_DOWN])
    held = np.zeros(len(middles), dtype=bool)
    for xy in rings:
        held ^= shapely.contains_xy(shapely.make_valid(shapely.Polygon(xy)), middles[:, 0], middles[:, 1])
    dots.spots(_AREA, middles[held])


def _draw_signs(scene: Scene, view: View, dots: Dots, ascii_only: bool) -> None:
    """Heads, points and numbers where they belong; then names wherever there is room."""
    placing = Placing((0, 0, dots.width, dots.height))
    named: list[tuple[int, int, str]] = []
    for track in scene.tracks:
        xy = view.place(track.lat, track.lon)
        row, column = _cell(xy[-1])
        if _held(dots, row, column):
            dots.write(row, column, _head(xy, ascii_only), _HEAD_SGR)
            placing.take(_cells_of(row, column, 1))
            named.append((row, column, cleaned(track.label, LABEL_CHARS) or cleaned(track.subject, LABEL_CHARS)))
    points = []
    for point in scene.points:
        row, column = _cell(view.place(point.lat, point.lon))
        dots.write(row, column, "?" if point.estimated else "+", _NAME_SGR)
        placing.take(_cells_of(row, column, 1))
        points.append((row, column, cleaned(point.label, LABEL_CHARS)))
    for mark in scene.marks:
        row, column = _cell(view.place(mark.lat, mark.lon))
        text = _mark_text(mark, ascii_only)
        box = placing.first_free(_beside(row, column, len(text), here=True))
        if box is not None:
            dots.write(int(box[1]), int(box[0]), text, _MARK_SGR)
    zones = []
    for zone in scene.zones:
        parts = [part for ring in zone.rings for part in view.lines(*closed(*ring))]
        if parts:
            left_top, right_bottom = np.vstack(parts).min(axis=0), np.vstack(parts).max(axis=0)
            row, column = _cell((left_top + right_bottom) / 2)
            name = cleaned(zone.name, LABEL_CHARS) or cleaned(zone.zone_id, LABEL_CHARS)
            zones.append((_cell(left_top)[0] + 2, column - columns(name) // 2 - 2, name))
    for row, column, name in (zones + points + named)[:NAMES_MAX]:
        box = placing.first_free(_beside(row, column, columns(name)))
        if box is not None:
            dots.write(int(box[1]), int(box[0]), name, _NAME_SGR)
    if scene.expects_positions and not scene.tracks and not scene.areas:
        text = " No positions yet " if scene.zones or scene.points else " No positions and no zones yet "
        dots.write(dots.height // 2, (dots.width - len(text)) // 2, text, _NAME_SGR)


def _beside(row: int, column: int, width: int, here: bool = False) -> list[Box]:
    """Boxes of one row in cells: on the spot if asked, then right, left, below, above, and a little further out."""
    boxes = [_cells_of(row, column, width)] if here else []
    for away in (1, 2, 3):
        boxes += [
            _cells_of(row, column + 1 + away, width),
            _cells_of(row, column - away - width, width),
            _cells_of(row + away, column - width // 2, width),
            _cells_of(row - away, column - width // 2, width),
        ]
    return boxes


def _cells_of(row: int, column: int, width: int) -> Box:
    return column, row, column + width, row + 1


def _cell(xy: Floats) -> tuple[int, int]:
    return int(xy[1] // DOTS_DOWN), int(xy[0] // DOTS_ACROSS)


def _held(dots: Dots, row: int, column: int) -> bool:
    return 0 <= row < dots.height and 0 <= column < dots.width


def _head(xy: Floats, ascii_only: bool) -> str:
    away = xy[-1] - xy
    moved = np.flatnonzero(np.hypot(*away.T) > DOTS_ACROSS)
    if not len(moved):
        return "o" if ascii_only else "●"
    dx, dy = away[moved[-1]]
    eighth = round(float(np.arctan2(dy, dx)) / (np.pi / 4)) % 8
    return (_ASCII_ARROWS if ascii_only else _ARROWS)[eighth]


def _mark_text(mark: MarkDrawing, ascii_only: bool) -> str:
    if ascii_only or not 1 <= mark.number <= 20:
        return f"({mark.number})"
    return chr(ord("①") + mark.number - 1)


def _scale_line(view: View, width_chars: int, ascii_only: bool) -> str:
    limit_m = width_chars * 0.3 * DOTS_ACROSS / view.px_per_m
    metres, miles = round_length(limit_m), round_length(limit_m / METRES_PER_NAUTICAL_MILE)
    metre_text = f"{metres / 1000:g} km" if metres >= 1000 else f"{metres:g} m"
    left, along, right = "|-|" if ascii_only else "├─┤"
    bars = []
    for length_m, text in ((metres, metre_text), (miles * METRES_PER_NAUTICAL_MILE, f"{miles:g} NM")):
        cells = max(2, round(length_m * view.px_per_m / DOTS_ACROSS))
        bars.append(f"{left}{along * (cells - 2)}{right} {text}")
    where = f"  (at {view.lat:.0f} degrees)" if view.flat else ""
    return fitted("  ".join(bars) + where, width_chars)


def _in_ascii(text: str) -> str:
    """As many question marks as the letter took columns, so that nothing after it moves."""
    return "".join(ch if ch.isascii() else "." if ch == "…" else "?" * columns(ch) for ch in text)

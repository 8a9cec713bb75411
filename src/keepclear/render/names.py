"""The names and numbers on the map, placed so that none lies on another; what found no room is counted."""

from __future__ import annotations

import numpy as np

from keepclear.render.ink import number, path, words
from keepclear.render.labels import Box, Placing, around
from keepclear.render.layers import Detail, inside
from keepclear.render.lettering import cleaned, width_em
from keepclear.render.scene import AreaDrawing, MarkDrawing, PointDrawing, Ring, TrackDrawing, ZoneDrawing
from keepclear.render.symbols import MARKS, PartyStyle, outline
from keepclear.render.view import View, closed

MARKS_MAX = 99
# From here on a number far from its place would only be one more line across the map.
CROWD_MIN = 30
NAME_PX = 12.0
ZONE_NAME_PX = 13.0
MARK_RADIUS_PX = 9.5
_ASCENT = 0.8


def marks(view: View, placing: Placing, drawings: tuple[MarkDrawing, ...]) -> tuple[list[str], int]:
    """Each number beside the place it means, tied to it by a short line.

    When there are many, only the first, and of those the ones that find room nearby; the others are counted."""
    drawn: list[str] = []
    unnumbered = len(drawings) - len(drawings[:MARKS_MAX])
    for drawing in drawings[:MARKS_MAX]:
        x, y = (float(v) for v in view.place(drawing.lat, drawing.lon))
        size = 2 * MARK_RADIUS_PX + 3
        far = around(x, y, size, size, 48.0) if len(drawings) <= CROWD_MIN else []
        box = placing.first_free(around(x, y, size, size, 12.0) + far)
        spot = path("spot", outline("circle", x, y, 2.4))
        if box is None and len(drawings) > CROWD_MIN:
            unnumbered += 1
            drawn.append(spot)
            continue
        mark_x, mark_y = (x, y) if box is None else ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
        leader = f"M{number(x)},{number(y)}L{number(mark_x)},{number(mark_y)}"
        drawn += [path("leader", leader), spot, mark(drawing, mark_x, mark_y)]
    return drawn, unnumbered


def mark(drawing: MarkDrawing, x: float, y: float) -> str:
    style = MARKS[drawing.kind]
    fill = ("solid" if style.filled else "open") + (" broken" if style.broken else "")
    return path(f"mark {fill}", outline(style.shape, x, y, MARK_RADIUS_PX)) + words(
        "number", x, y + 4, str(drawing.number)
    )


def zone_names(view: View, placing: Placing, drawings: tuple[ZoneDrawing, ...]) -> tuple[list[str], int]:
    """Just inside the upper or lower edge where that is free, else above, below, in the middle, or beside."""
    drawn = []
    for drawing in drawings:
        text = cleaned(drawing.name) or cleaned(drawing.zone_id)
        width, height = width_em(text) * ZONE_NAME_PX * 1.06, ZONE_NAME_PX * 1.25
        box = placing.first_free(_on_rings(view, drawing.rings, width, height))
        if box is not None:
            drawn.append(_name("name zonename", box, text, ZONE_NAME_PX))
    return drawn, len(drawings) - len(drawn)


def area_names(view: View, placing: Placing, drawings: tuple[AreaDrawing, ...]) -> tuple[list[str], int]:
    drawn = []
    for drawing in drawings:
        text = cleaned(drawing.label) or cleaned(drawing.subject)
        boxes = _on_rings(view, drawing.rings, width_em(text) * NAME_PX, NAME_PX * 1.25)
        box = placing.first_free(boxes[2:] + boxes[:2])
        if box is not None:
            drawn.append(_name("name", box, text, NAME_PX))
    return drawn, len(drawings) - len(drawn)


def point_names(view: View, placing: Placing, drawings: tuple[PointDrawing, ...]) -> tuple[list[str], int]:
    drawn = []
    for drawing in drawings:
        x, y = (float(v) for v in view.place(drawing.lat, drawing.lon))
        text = cleaned(drawing.label)
        box = placing.first_free(around(x, y, width_em(text) * NAME_PX, NAME_PX * 1.2, 8.0))
        if box is not None:
            drawn.append(_name("name pointname", box, text, NAME_PX))
    return drawn, len(drawings) - len(drawn)


def track_names(
    view: View, placing: Placing, drawings: tuple[TrackDrawing, ...], styles: dict[str, PartyStyle], detail: Detail
) -> tuple[list[str], int]:
    """At the last position in the picture, in the order the tracks are given."""
    drawn: list[str] = []
    for drawing in drawings:
        if len(drawn) == detail.names_max:
            break
        x, y = last_seen(view, drawing)
        text = cleaned(drawing.label) or cleaned(drawing.subject)
        boxes = around(x, y, width_em(text) * NAME_PX, NAME_PX * 1.2, detail.head_px + (12.0 if detail.full else 5.0))
        box = placing.first_free(boxes)
        if box is not None:
            drawn.append(_name("name", box, text, NAME_PX, styles[drawing.party].ink))
    return drawn, len(drawings) - len(drawn)


def last_seen(view: View, drawing: TrackDrawing) -> tuple[float, float]:
    """The last position that is in the picture, or the last of all."""
    xy = view.place(drawing.lat, drawing.lon)
    within = [i for i in range(len(xy) - 1, -1, -1) if inside(view, *xy[i])]
    x, y = xy[within[0] if within else -1]
    return float(x), float(y)


def _name(class_names: str, box: Box, text: str, size_px: float, ink: str = "") -> str:
    middle = (box[0] + box[2]) / 2
    return words(class_names, middle, box[1] + size_px * (_ASCENT + 0.15), text, "middle", ink)


def _on_rings(view: View, rings: tuple[Ring, ...], width: float, height: float) -> list[Box]:
    parts = [part for ring in rings for part in view.lines(*closed(*ring))]
    if not parts:
        return []
    xy = np.vstack(parts)
    left, top = (float(v) for v in xy.min(axis=0))
    right, bottom = (float(v) for v in xy.max(axis=0))
    middle = (left + right) / 2
    spots = [
        (middle, top + 0.06 * (bottom - top) + height),
        (middle, bottom - 0.06 * (bottom - top) - height),
        (middle, top - 0.8 * height),
        (middle, bottom + 0.8 * height),
        (middle, (top + bottom) / 2),
        (right + 8 + width / 2, (top + bottom) / 2),
        (left - 8 - width / 2, (top + bottom) / 2),
    ]
    return [(x - width / 2, y - height / 2, x + width / 2, y + height / 2) for x, y in spots]

"""A map as one SVG file that needs nothing else: no script, no font file, no network."""

from __future__ import annotations

from html import escape

import numpy as np

from keepclear.geo.earth import MEAN_RADIUS_M
from keepclear.render import layers, names, panel
from keepclear.render.basemap import BORDER_NOTE
from keepclear.render.framing import Framed, framed
from keepclear.render.graticule import METRES_PER_NAUTICAL_MILE, GridLine, angle_text, grid_lines, round_length
from keepclear.render.ink import STYLE, number, path, words
from keepclear.render.labels import Placing
from keepclear.render.lettering import cleaned, width_em, wrapped
from keepclear.render.scene import Scene
from keepclear.render.symbols import PartyStyle, party_styles
from keepclear.render.view import View

MAP_WIDTH_PX = 860.0
MAP_HEIGHT_PX = 760.0
MAP_MARGIN_PX = 48.0
PAGE_WIDTH_PX = 1314.0
MAP_X, MAP_Y = 76.0, 78.0
PANEL_X = MAP_X + MAP_WIDTH_PX + 44.0
PANEL_WIDTH_PX = PAGE_WIDTH_PX - PANEL_X - 16.0
PANEL_BOTTOM_PX_MAX = 1300.0
SCALE_PX_MAX = 200.0
OUTSIDE_NAMED_MAX = 5
_HATCH = (
    '<pattern id="kc-hatch" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect width="8" height="8" fill="#fff" fill-opacity=".35"/>'
    '<path d="M0,0v8" stroke="#555" stroke-width="1.6"/></pattern>'
)


def draw_svg(scene: Scene) -> str:
    """The whole page: title, map, legend, numbered sentences, footnotes. The same scene gives the same bytes."""
    found = framed(scene, MAP_WIDTH_PX, MAP_HEIGHT_PX, MAP_MARGIN_PX)
    styles = party_styles({track.party for track in scene.tracks})
    lines = grid_lines(found.view)
    on_map, unnamed = _map(scene, found, styles, lines)
    _, top, _, bottom = found.view.frame
    map_bottom = MAP_Y + bottom - top
    key, key_bottom = panel.legend(scene, styles, PANEL_X, MAP_Y - 4, PANEL_WIDTH_PX)
    told, told_bottom = panel.sentences(scene, PANEL_X, key_bottom, PANEL_WIDTH_PX, PANEL_BOTTOM_PX_MAX)
    notes = [line for note in _footnotes(scene, found, unnamed) for line in wrapped(note, MAP_WIDTH_PX / 10.5)]
    height = max(map_bottom + 44 + 14 * len(notes) + 12, told_bottom + 12)
    title, subtitle = cleaned(scene.title, 90), cleaned(scene.subtitle, 140)
    page = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {number(PAGE_WIDTH_PX)} {number(height)}" '
        f'width="{number(PAGE_WIDTH_PX)}" height="{number(height)}" role="img">',
        f"<title>{escape(title)}</title><desc>{escape(subtitle)}</desc><style>{STYLE}</style>",
        _definitions(found.view),
        f'<rect width="{number(PAGE_WIDTH_PX)}" height="{number(height)}" fill="#fff"/>',
        words("title", MAP_X, 36, title),
        words("subtitle", MAP_X, 60, subtitle),
        f'<g transform="translate({number(MAP_X)},{number(MAP_Y - top)})">',
        *on_map,
        *_grid_names(lines),
        "</g>",
        *key,
        *told,
        *(words("small", MAP_X, map_bottom + 42 + 14 * i, line) for i, line in enumerate(notes)),
        "</svg>",
    ]
    return "\n".join(part for part in page if part) + "\n"


def _map(
    scene: Scene, found: Framed, styles: dict[str, PartyStyle], lines: tuple[GridLine, ...]
) -> tuple[list[str], dict[str, int]]:
    """Everything inside the frame, and how many names of each sort found no room."""
    view = found.view
    left, top, right, bottom = view.frame
    detail = layers.detail_for(len(scene.tracks))
    placing = Placing((left + 4, top + 4, right - 4, bottom - 4))
    scale, north = _scale_bar(view, placing), _north(view, placing)
    for point in scene.points:
        x, y = (float(v) for v in view.place(point.lat, point.lon))
        placing.take((x - 6, y - 6, x + 6, y + 6))
    zone_names, zones_unnamed = names.zone_names(view, placing, scene.zones)
    outside = set(found.outside)
    shown = tuple(track for track in scene.tracks if track not in outside)
    for track in shown if detail.full else ():
        x, y = names.last_seen(view, track)
        placing.take((x - 8, y - 8, x + 8, y + 8))
    marks, marks_unnumbered = names.marks(view, placing, scene.marks)
    point_names, points_unnamed = names.point_names(view, placing, scene.points)
    area_names, areas_unnamed = names.area_names(view, placing, scene.areas)
    track_names, tracks_unnamed = names.track_names(view, placing, shown, styles, detail)
    zones = [layers.zone(view, zone) for zone in scene.zones]
    ground = "blank" if layers.coast_is_coarse(view) else "sea"
    drawn = [
        f'<g clip-path="url(#kc-frame)">{_rect(view, ground)}',
        *layers.land(view),
        *layers.grid(lines),
        *(zones if detail.full else ()),
        *(layers.area(view, area) for area in scene.areas),
        "<g>" if detail.full else '<g class="many">',
        *(layers.track(view, track, styles[track.party], detail) for track in shown),
        "</g>",
        *(() if detail.full else ('<g class="many">', *zones, "</g>")),
        *(layers.point(view, point) for point in scene.points),
        *marks,
        *zone_names,
        *area_names,
        *point_names,
        *track_names,
        "</g>",
        _rect(view, "frame"),
        *scale,
        *north,
        *_notice(scene, view),
    ]
    unnamed = {"zone": zones_unnamed, "place": points_unnamed, "area": areas_unnamed, "track": tracks_unnamed}
    unnamed["change"] = marks_unnumbered
    return drawn, unnamed


def _definitions(view: View) -> str:
    return f'<defs>{_HATCH}<clipPath id="kc-frame">{_rect(view, "")}</clipPath></defs>'


def _rect(view: View, class_name: str) -> str:
    left, top, right, bottom = view.frame
    return (
        f'<rect class="{class_name}" x="{number(left)}" y="{number(top)}" '
        f'width="{number(right - left)}" height="{number(bottom - top)}"/>'
    )


def _grid_names(lines: tuple[GridLine, ...]) -> list[str]:
    shift = {"left": (-5, 4, "end"), "right": (5, 4, "start"), "bottom": (0, 14, "middle"), "top": (0, -5, "middle")}
    beside = [(line, *shift[line.edge]) for line in lines if line.edge != "within"]
    return [words("gridname", line.at[0] + dx, line.at[1] + dy, line.label, side) for line, dx, dy, side in beside]


def _scale_bar(view: View, placing: Placing) -> list[str]:
    """Kilometres above, nautical miles below, each a round number. True from the middle of the map, or along the
    latitude it names."""
    limit_m = SCALE_PX_MAX / view.px_per_m
    metres = round_length(limit_m)
    miles = round_length(limit_m / METRES_PER_NAUTICAL_MILE)
    left, _, _, bottom = view.frame
    x, y = left + 18, bottom - 30
    where = f" at {_degree_text(view.lat)}" if view.flat else ""
    metre_text = f"{metres / 1000:g} km" if metres >= 1000 else f"{metres:g} m"
    metre_px, mile_px = metres * view.px_per_m, miles * METRES_PER_NAUTICAL_MILE * view.px_per_m
    mile_text = f"{miles:g} NM"
    width = max(metre_px + 12 * width_em(metre_text + where), mile_px + 12 * width_em(mile_text)) + 30
    placing.take((left, bottom - 62, left + width + 16, bottom))
    return [
        f'<rect class="plate" x="{number(left + 8)}" y="{number(bottom - 54)}" width="{number(width)}" height="46"/>',
        f'<path id="scale-metres" class="scale" d="M{number(x)},{number(y - 7)}v6h{metre_px:.2f}v-6"/>',
        words("key", x + metre_px + 6, y, metre_text + where),
        f'<path id="scale-miles" class="scale" d="M{number(x)},{number(y + 10)}v-6h{mile_px:.2f}v6"/>',
        words("key", x + mile_px + 6, y + 13, mile_text),
    ]


def _north(view: View, placing: Placing) -> list[str]:
    """An arrow that is true where it stands; with a pole in the picture, the pole itself."""
    _, top, right, _ = view.frame
    pole = view.pole_inside()
    if pole is not None:
        x, y = (float(v) for v in view.place(pole, 0.0))
        placing.take((x - 4, y - 4, x + 40, y + 6))
        name = "North Pole" if pole > 0 else "South Pole"
        return [path("spot", f"M{number(x - 3)},{number(y)}l3,-3l3,3l-3,3z"), words("gridname", x + 6, y + 12, name)]
    x, y = right - 30, top + 38
    placing.take((x - 24, y - 36, x + 24, y + 32))
    lat, lon = (float(v) for v in view.locate(np.array([x, y])))
    ahead = view.place(lat + 0.001, lon) - view.place(lat, lon)
    turn_deg = np.degrees(np.arctan2(ahead[0], -ahead[1]))
    return [
        f'<g transform="translate({number(x)},{number(y)}) rotate({number(float(turn_deg))})">'
        '<circle class="plate" r="26"/><path d="M0,-14L7,14L0,8L-7,14z" fill="#222"/>'
        '<text class="heading" text-anchor="middle" y="-16">N</text></g>'
    ]


def _notice(scene: Scene, view: View) -> list[str]:
    """What is missing, said where people look."""
    if scene.tracks or scene.areas or not scene.expects_positions:
        return []
    text = "No positions yet" if scene.zones or scene.points else "No positions and no zones yet"
    y = view.height_px / 2 if not scene.zones else 40.0
    middle = view.width_px / 2
    return [
        f'<rect class="plate" x="{number(middle - 170)}" y="{number(y - 24)}" width="340" height="36" rx="4"/>',
        words("notice", middle, y, text),
    ]


def _footnotes(scene: Scene, found: Framed, unnamed: dict[str, int]) -> list[str]:
    notes = [cleaned(note, 400) for note in scene.footnotes]
    if found.outside:
        first = ", ".join(cleaned(t.label) or cleaned(t.subject) for t in found.outside[:OUTSIDE_NAMED_MAX])
        more = len(found.outside) - OUTSIDE_NAMED_MAX
        notes.append(f"Outside this map: {first}" + (f" and {more} more." if more > 0 else "."))
    missing = [f"{count} {sort}{'s' if count > 1 else ''}" for sort, count in unnamed.items() if count]
    if missing:
        notes.append(f"Without a name or number on the map, for want of room: {', '.join(missing)}.")
    if len(scene.tracks) > layers.FULL_TRACKS_MAX:
        notes.append(
            "With this many tracks, only last positions carry a circle, and lines are thinned on the picture only."
        )
    if layers.coast_is_coarse(found.view):
        notes.append("The coast is too coarse for this scale: do not judge from it what is land and what is water.")
    return [*notes, _projection_text(found.view), BORDER_NOTE]


def _projection_text(view: View) -> str:
    if view.flat:
        return f"Plate carrée: lengths are true north-south and along {_degree_text(view.lat)}, and nowhere else."
    reach = view.radius_m / MEAN_RADIUS_M
    stretch_percent = (reach / np.sin(reach) - 1) * 100
    place = f"{angle_text(round(view.lat * 60) * 60, 'N', 'S')} {angle_text(round(view.lon * 60) * 60, 'E', 'W')}"
    if stretch_percent < 0.1:
        return f"Azimuthal equidistant about {place}; lengths are true to 0.1 %."
    return (
        f"Azimuthal equidistant about {place}; lengths from there are true, others up to {stretch_percent:.1f} % long."
    )


def _degree_text(lat: float) -> str:
    return angle_text(round(lat) * 3600, "N", "S")

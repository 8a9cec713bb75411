"""The map, as a picture and in a terminal: to scale, whole, safe to open, the same every time."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import combinations
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepclear.geo.earth import Floats, distance_m, step_along
from keepclear.ground.errors import Refused
from keepclear.render import basemap
from keepclear.render.labels import Placing, around, overlap
from keepclear.render.lettering import LABEL_CHARS_MAX, cleaned, columns, fitted, width_em, wrapped
from keepclear.render.map_svg import MAP_HEIGHT_PX, MAP_WIDTH_PX, draw_svg
from keepclear.render.map_text import draw_text
from keepclear.render.scene import (
    AreaDrawing,
    MarkDrawing,
    PointDrawing,
    Ring,
    Scene,
    TrackDrawing,
    ZoneDrawing,
)
from keepclear.render.symbols import MARKS, party_styles
from keepclear.render.view import View, fitted_view

SVG = "{http://www.w3.org/2000/svg}"
GARRISON = 33.50583, 38.61778
SABAA_BIYAR = 33.77972, 37.68361
HOSTILE = '</text><script>alert(1)</script> "&\x00\x1b[2J\u202egnp.exe ]]>' + "\u0301" * 50 + "x" * 500


def circle(lat: float, lon: float, radius_m: float) -> Ring:
    return step_along(lat, lon, np.linspace(0.0, 360.0, 181), radius_m)


def zone(lat: float, lon: float, radius_m: float, name: str = "At-Tanf") -> ZoneDrawing:
    return ZoneDrawing("z1", name, (circle(lat, lon, radius_m),), (circle(lat, lon, radius_m * 1.1),))


def track(lat: float, lon: float, azimuth_deg: float, length_m: float, error_m: float = 5000.0) -> TrackDrawing:
    way = step_along(lat, lon, azimuth_deg, np.linspace(0.0, length_m, 13))
    return TrackDrawing("g1", "Group 1", *way, np.full(13, error_m), party="A", permitted=False)


def at_tanf() -> Scene:
    return Scene(
        title="At-Tanf",
        subtitle="18 May 2017",
        zones=(zone(*GARRISON, 55_000.0),),
        tracks=(track(*SABAA_BIYAR, 109.0, 60_000.0),),
        areas=(AreaDrawing("r12", "Report 12", (circle(33.8, 38.3, 8_000.0),)),),
        marks=(
            MarkDrawing(1, 33.68, 38.03, "came close"),
            MarkDrawing(2, 33.66, 38.08, "entered"),
        ),
        points=(PointDrawing(*GARRISON, "At-Tanf garrison"), PointDrawing(*SABAA_BIYAR, "Sabaa Biyar")),
        sentences=("Group 1 came close to At-Tanf.", "Group 1 entered At-Tanf."),
        footnotes=("Notification is not permission; silence is not refusal.",),
    )


def hostile() -> Scene:
    scene = at_tanf()
    return replace(
        scene,
        title=HOSTILE,
        subtitle=HOSTILE,
        zones=(replace(scene.zones[0], name=HOSTILE, note=HOSTILE),),
        tracks=(replace(scene.tracks[0], label=HOSTILE, party=HOSTILE),),
        areas=(replace(scene.areas[0], label=HOSTILE),),
        points=(replace(scene.points[0], label=HOSTILE),),
        sentences=(HOSTILE,) * 3,
        footnotes=(HOSTILE,),
    )


def fiji() -> Scene:
    return Scene("Fiji", zones=(zone(-17.0, -179.9, 90_000.0),), tracks=(track(-17.5, 179.2, 80.0, 200_000.0),))


def pole() -> Scene:
    return Scene("Pole", zones=(zone(90.0, 0.0, 700_000.0),), tracks=(track(80.0, 20.0, 0.0, 1_500_000.0),))


def world() -> Scene:
    return Scene("World", zones=(zone(90.0, 0.0, 1e6), zone(0.0, 179.0, 4e5), zone(-70.0, -60.0, 4e5)))


SCENES = {
    "at-tanf": at_tanf(),
    "hostile": hostile(),
    "fiji": fiji(),
    "pole": pole(),
    "world": world(),
    "zone only": Scene("", zones=(zone(*GARRISON, 55_000.0),)),
    "one position": Scene("", tracks=(track(50.0, -1.0, 0.0, 0.0, float("nan")),)),
    "empty": Scene(""),
}
every_scene = pytest.mark.parametrize("scene", SCENES.values(), ids=SCENES.keys())


def parsed(scene: Scene) -> ET.Element:
    return ET.fromstring(draw_svg(scene))


def of_class(root: ET.Element, name: str) -> list[ET.Element]:
    return [node for node in root.iter() if name in node.get("class", "").split()]


def numbers(text: str) -> list[float]:
    return [float(n) for n in re.findall(r"-?\d+\.?\d*", text)]


def px_per_m(root: ET.Element) -> float:
    """From the scale bar and the words beside it, as a reader would."""
    bar, label = _bar(root, "scale-metres")
    unit = {"km": 1000.0, "m": 1.0}[label.split()[1]]
    return bar / (numbers(label)[0] * unit)


def _bar(root: ET.Element, name: str) -> tuple[float, str]:
    nodes = list(root.iter())
    at = next(i for i, node in enumerate(nodes) if node.get("id") == name)
    drawn = re.search(r"h([\d.]+)", nodes[at].get("d", ""))
    assert drawn
    return float(drawn[1]), nodes[at + 1].text or ""


def corners(node: ET.Element) -> Floats:
    return np.array(numbers(node.get("d", ""))).reshape(-1, 2)


# --- the file


@every_scene
def test_a_map_is_well_formed_and_needs_nothing_else(scene: Scene) -> None:
    text = draw_svg(scene)
    root = ET.fromstring(text)
    assert root.tag == f"{SVG}svg"
    assert {node.tag for node in root.iter()}.isdisjoint(
        f"{SVG}{t}" for t in ("script", "image", "foreignObject", "use")
    )
    for node in root.iter():
        assert not any(key.startswith("on") or "href" in key for key in node.attrib)
    assert "@import" not in text
    assert set(re.findall(r"url\((.)", text)) <= {"#"}
    assert text.replace('xmlns="http://www.w3.org/2000/svg"', "").count("http") == 0


@every_scene
def test_the_same_scene_gives_the_same_bytes(scene: Scene) -> None:
    assert draw_svg(scene) == draw_svg(scene)
    assert draw_text(scene) == draw_text(scene)


@every_scene
def test_no_number_on_the_map_is_nan_or_infinite(scene: Scene) -> None:
    assert not re.search(r"[\"' ,](nan|inf)", re.sub(r"<(text|title|desc).*?</\1>", "", draw_svg(scene)))


def test_names_cannot_break_the_picture() -> None:
    root = parsed(hostile())
    said = [node.text or "" for node in root.iter()]
    assert not any(ch in text for text in said for ch in "\x00\x1b\u202e")
    assert all(len(node.text or "") <= LABEL_CHARS_MAX for node in of_class(root, "name"))
    assert "\x1b" not in draw_text(hostile())


# --- to scale


@pytest.mark.parametrize("scene", [at_tanf(), fiji(), pole()], ids=["at-tanf", "fiji", "pole"])
def test_the_scale_bar_is_as_long_as_it_says(scene: Scene) -> None:
    lat, lon = float(np.mean(scene.zones[0].rings[0][0])), scene.zones[0].rings[0][1][0]
    ends = step_along(lat, lon, 90.0, 20_000.0)
    scene = replace(scene, points=(PointDrawing(lat, lon, ""), PointDrawing(float(ends[0]), float(ends[1]), "")))
    root = parsed(scene)
    crosses = [corners_of_cross(node) for node in of_class(root, "point") if node.get("d", "").count("M") == 2][:2]
    drawn_px = float(np.hypot(*(crosses[0] - crosses[1])))
    true_m = float(distance_m(lat, lon, *ends))
    assert drawn_px / px_per_m(root) == pytest.approx(true_m, abs=0.15 / px_per_m(root), rel=0.02)


def corners_of_cross(node: ET.Element) -> Floats:
    x, y = numbers(node.get("d", ""))[:2]
    return np.array([x + 5, y])


@every_scene
def test_kilometres_and_nautical_miles_agree(scene: Scene) -> None:
    root = parsed(scene)
    bar, label = _bar(root, "scale-miles")
    assert bar / (numbers(label)[0] * 1852.0) == pytest.approx(px_per_m(root), rel=0.0005)


def test_the_circle_of_a_position_is_two_sigma() -> None:
    root = parsed(at_tanf())
    (ellipse,) = (node for node in of_class(root, "sure") if node.get("cx") != "18")
    assert float(ellipse.get("rx", 0)) / px_per_m(root) == pytest.approx(2 * 5000.0, abs=0.06 / px_per_m(root))
    assert ellipse.get("rx") == ellipse.get("ry")


def test_the_circle_of_a_lone_position_fits_on_the_map() -> None:
    root = parsed(Scene("", tracks=(track(50.0, -1.0, 0.0, 0.0, 5000.0),)))
    (ellipse,) = (node for node in of_class(root, "sure") if node.get("cx") != "18")
    assert MAP_HEIGHT_PX / 4 < float(ellipse.get("ry", 0)) < MAP_HEIGHT_PX / 2


def test_a_position_without_a_stated_error_has_no_circle_but_a_dotted_ring() -> None:
    root = parsed(replace(at_tanf(), tracks=(track(*SABAA_BIYAR, 109.0, 60_000.0, float("nan")),)))
    assert not of_class(root, "sure")
    assert of_class(root, "unsure")


@given(
    lat=st.floats(-90, 90),
    lon=st.floats(-180, 180),
    x=st.floats(0, 800),
    y=st.floats(0, 600),
)
def test_what_is_placed_is_found_again(lat: float, lon: float, x: float, y: float) -> None:
    view = View(lat, lon, 1e-4, 800.0, 600.0, flat=False)
    assert view.place(*view.locate(np.array([x, y]))) == pytest.approx([x, y], abs=1e-4)


@given(st.lists(st.tuples(st.floats(-85, 85), st.floats(-180, 180)), min_size=1, max_size=20))
def test_a_fitted_view_shows_every_point(places: list[tuple[float, float]]) -> None:
    lat, lon = np.array(places).T
    view = fitted_view(lat, lon, 800.0, 600.0, 40.0)
    x, y = view.place(lat, lon).T
    assert np.all((x >= -0.01) & (x <= 800.01) & (y >= -0.01) & (y <= 600.01))


# --- everywhere on earth


def test_a_zone_across_the_antimeridian_is_one_round_ring() -> None:
    (edge,) = (n for n in of_class(parsed(fiji()), "edge") if n.get("d", "").count("h") == 0)
    assert edge.get("d", "").count("M") == 1
    width, height = np.ptp(corners(edge), axis=0)
    assert width == pytest.approx(height, rel=0.01)
    assert width < MAP_WIDTH_PX


def test_a_zone_around_the_pole_is_a_circle_about_the_pole() -> None:
    root = parsed(pole())
    (edge,) = (n for n in of_class(root, "edge") if n.get("d", "").count("h") == 0)
    reach = np.hypot(*(corners(edge) - np.array([MAP_WIDTH_PX / 2, MAP_HEIGHT_PX / 2])).T)
    assert np.ptp(reach) < 0.2
    assert any(node.text == "North Pole" for node in root.iter())


def test_on_a_flat_map_a_polar_cap_is_filled_from_side_to_side() -> None:
    lat, lon = circle(90.0, 0.0, 1e6)
    view = View(0.0, 30.0, 2e-5, 800.0, 400.0, flat=True)
    left, top, right, _ = view.frame
    xy = np.vstack(view.rings(np.append(lat, lat[0]), np.append(lon, lon[0])))
    assert xy[:, 0].min() <= left
    assert xy[:, 0].max() >= right
    assert xy[:, 1].min() <= top


def test_a_line_over_the_antimeridian_does_not_cross_a_flat_map() -> None:
    view = View(0.0, 0.0, 2e-5, 800.0, 400.0, flat=True)
    parts = view.lines(np.array([0.0, 0.0]), np.array([170.0, -170.0]))
    assert len(parts) == 2
    assert all(np.ptp(part[:, 0]) < 40 for part in parts)


def test_the_basemap_knows_at_tanf_and_fiji_and_the_pole() -> None:
    tanf = basemap.lines_near(*GARRISON, 100_000.0)
    assert tanf.borders
    assert not tanf.coasts
    taveuni = basemap.lines_near(-17.0, 180.0, 300_000.0)
    assert taveuni.coasts
    assert all(np.all(np.abs(np.diff(lon)) < 5) for _, lon in taveuni.coasts)
    assert not any(np.any((lon[1:] == 180) & (lon[:-1] == 180)) for _, lon in taveuni.coasts)
    assert min(lat.min() for piece in basemap.land_near(-90.0, 0.0, 500_000.0) for lat, _ in piece) == -90.0
    assert not basemap.land_near(0.0, -140.0, 200_000.0)


# --- what is said


def test_an_empty_scene_says_that_it_is_empty() -> None:
    assert "No positions and no zones yet" in draw_svg(Scene("Watch"))
    assert "No positions and no zones yet" in draw_text(Scene("Watch"))
    assert "No positions yet" in draw_svg(SCENES["zone only"])


def test_each_mark_has_its_number_on_the_map_and_beside_its_sentence() -> None:
    found = [node.text for node in of_class(parsed(at_tanf()), "number")]
    assert sorted(text or "" for text in found) == ["1", "1", "2", "2"]


def test_sentences_that_find_no_room_are_counted() -> None:
    root = parsed(replace(at_tanf(), sentences=tuple(f"Change {i}." for i in range(1, 201)), marks=()))
    shown = len(of_class(root, "sentence")) // 2
    (more,) = of_class(root, "more")
    assert more.text == f"and {200 - shown} more"


def test_a_track_far_outside_is_named_and_does_not_shrink_the_map() -> None:
    lost = replace(track(0.0, 0.0, 0.0, 10.0), label="Null island")
    scene = replace(at_tanf(), tracks=(*at_tanf().tracks, lost))
    assert "Outside this map: Null island." in draw_svg(scene)
    assert px_per_m(parsed(scene)) == px_per_m(parsed(at_tanf()))
    assert "1 outside the map" in draw_text(scene)


def test_the_border_note_is_on_every_map() -> None:
    assert basemap.BORDER_NOTE in draw_svg(at_tanf())


def test_every_kind_of_mark_has_its_own_look() -> None:
    assert len(set(MARKS.values())) == len(MARKS)
    assert len(set(party_styles({f"P{i}" for i in range(20)}).values())) == 20


def test_ten_thousand_vessels_stay_small_and_none_is_dropped() -> None:
    rng = np.random.default_rng(2017)
    start = step_along(*GARRISON, rng.uniform(0, 360, 10_000), rng.uniform(0, 150_000, 10_000))
    tracks = tuple(
        TrackDrawing(
            f"v{i}",
            f"Vessel {i}",
            lat + np.cumsum(rng.normal(0, 0.005, 10)),
            lon + np.cumsum(rng.normal(0, 0.005, 10)),
            np.full(10, 10.0),
        )
        for i, (lat, lon) in enumerate(zip(*start, strict=True))
    )
    zones = tuple(zone(float(start[0][i]), float(start[1][i]), 5_000.0, f"Zone {i}") for i in range(200))
    text = draw_svg(Scene("Many", zones=zones, tracks=tracks))
    assert len(text) < 5_000_000
    assert len(set(re.findall(r"<title>(Vessel \d+)</title>", text))) == 10_000
    assert re.search(r"Without a name or number on the map, for want of room: .*\d+ tracks", text)


# --- labels and letters


@given(st.lists(st.tuples(st.floats(0, 300), st.floats(0, 200), st.floats(5, 90)), max_size=40))
def test_labels_never_overlap_and_never_leave_the_frame(wanted: list[tuple[float, float, float]]) -> None:
    placing = Placing((0.0, 0.0, 300.0, 200.0))
    found = [placing.first_free(around(x, y, width, 14.0, 6.0)) for x, y, width in wanted]
    boxes = [box for box in found if box is not None]
    assert not any(overlap(one, other) for one, other in combinations(boxes, 2))
    assert all(b[0] >= 0 and b[1] >= 0 and b[2] <= 300 and b[3] <= 200 for b in boxes)


@given(st.text(max_size=80), st.floats(3, 40))
def test_wrapped_lines_fit_and_keep_every_letter(text: str, limit_em: float) -> None:
    line = cleaned(text, 80)
    parts = wrapped(line, limit_em)
    assert all(width_em(part) <= limit_em for part in parts)
    assert "".join(parts).replace(" ", "") == line.replace(" ", "")


@given(st.text(max_size=40), st.integers(2, 30))
def test_fitted_text_takes_exactly_its_columns(text: str, width: int) -> None:
    assert columns(fitted(cleaned(text), width)) == width


# --- the terminal


@every_scene
@pytest.mark.parametrize(("width", "height"), [(78, 24), (40, 8), (131, 50)])
@pytest.mark.parametrize("ascii_only", [False, True])
def test_the_text_map_is_as_large_as_asked(scene: Scene, width: int, height: int, ascii_only: bool) -> None:
    text = draw_text(scene, width, height, ascii_only=ascii_only)
    lines = text.split("\n")
    assert len(lines) == height
    assert {columns(line) for line in lines} == {width}
    assert not ascii_only or text.isascii()


def test_colour_changes_nothing_but_colour() -> None:
    assert re.sub(r"\x1b\[[\d;]*m", "", draw_text(at_tanf(), colour=True)) == draw_text(at_tanf())


def test_the_text_map_shows_zone_numbers_and_names() -> None:
    text = draw_text(at_tanf())
    assert all(sign in text for sign in "①②+→░")
    assert "At-Tanf garrison" in text
    assert "Group 1" in text


def test_wide_letters_in_a_name_do_not_shift_the_text_map() -> None:
    scene = replace(at_tanf(), points=(PointDrawing(*GARRISON, "駐屯地 السلام"),))
    assert {columns(line) for line in draw_text(scene).split("\n")} == {78}


def test_a_terminal_without_room_is_refused() -> None:
    with pytest.raises(Refused, match="needs more room"):
        draw_text(at_tanf(), 20, 24)

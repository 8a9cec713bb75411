"""The map: what is on it, read by eye and without one; measuring, finding and drawing."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.browser.consoles import PHONE

MANY = 5_000
PATROL = "دورية الميناء 4"
CENTRE = (33.5, 38.6)  # of Kestrel Pass
BESIDE = (33.65, 38.75)


def brought(node, rows: Iterable[tuple[str, float, float]]) -> None:
    """Reports of just now by the feed `patrols`: subject, latitude, longitude."""
    seen_at = datetime.now(UTC).isoformat()
    text = "".join(f"{subject},{seen_at},{lat},{lon}\n" for subject, lat, lon in rows)
    body = f"subject,seen_at,lat,lon\n{text}".encode()
    node.ask("otto", "POST", "/v1/feeds/patrols/positions", body, headers={"Content-Type": "text/csv"})


def map_of(someone):
    """The map once it is drawn with the track that is on it."""
    someone.page.locator("canvas.sheet[data-tracks]:not([data-tracks='0'])").wait_for()
    return someone.page.locator("canvas.maplibregl-canvas")


def finds(someone, words: str) -> None:
    """Types into the search of the map, and sees what came of it."""
    search = someone.page.get_by_role("searchbox", name="Search a place or a position")
    search.fill(words)
    search.press("Enter")
    someone.page.get_by_role("heading", name="Found").wait_for()


def closes_what_was_found(someone) -> None:
    """Empties the search again."""
    someone.page.get_by_role("searchbox", name="Search a place or a position").press("Escape")
    someone.page.get_by_role("heading", name="Found").wait_for(state="hidden")


@pytest.fixture(scope="module")
def with_a_track(alpha):
    """Alpha's node, with one track in the middle of Kestrel Pass."""
    brought(alpha, [(PATROL, *CENTRE)])
    return alpha


def test_a_track_and_its_zone_are_where_they_should_be_without_a_mouse(consoles, with_a_track):
    otto = consoles.opened(with_a_track, by="otto", at="watch")
    chart = map_of(otto)
    chart.focus()
    chart.press("Enter")  # the map opens on the zone, and its middle is the track
    panel = otto.page.get_by_role("heading", name="Track", exact=True).locator(
        "xpath=ancestor::div[contains(@class, 'card')]"
    )
    panel.get_by_text("33.50000N 38.60000E").wait_for()
    panel.get_by_text("about 20.0 km inside the edge").wait_for()
    chart.press("Escape")
    panel.wait_for(state="hidden")


def test_the_list_of_tracks_says_what_the_map_shows(consoles, with_a_track):
    otto = consoles.opened(with_a_track, by="otto", at="watch")
    map_of(otto)
    otto.presses("Tracks")
    row = otto.page.locator(f"tr[data-subject='{PATROL}']")
    row.get_by_text(PATROL).wait_for()
    row.get_by_text("33.50000N 38.60000E").wait_for()
    row.get_by_text("Inside").wait_for()
    otto.has_a_page_for_everybody()


def test_a_distance_in_three_units_is_that_of_the_node(consoles, with_a_track):
    near = with_a_track.ask("otto", "GET", f"/v1/places/of?lat={BESIDE[0]}&lon={BESIDE[1]}")["near"]
    metres = next(one["distance_m"] for one in near if one["name"] == "Kestrel Pass")
    otto = consoles.opened(with_a_track, by="otto", at="watch")
    map_of(otto)
    otto.presses("Measure")
    for lat, lon in (CENTRE, BESIDE):
        finds(otto, f"{lat:.5f}, {lon:.5f}")
        closes_what_was_found(otto)
        otto.presses("Take the middle")
    for unit, of_metre, words in (("km", 1000, "km"), ("mi", 1609.344, "statute mi"), ("nmi", 1852, "NM")):
        assert otto.page.locator(f"dd[data-unit='{unit}']").inner_text() == f"{metres / of_metre:.3f} {words}"


def test_a_position_that_may_be_read_otherwise_says_so(consoles, with_a_track):
    otto = consoles.opened(with_a_track, by="otto", at="watch")
    map_of(otto)
    finds(otto, "33.3021, 38.3021")
    otto.sees("This may be minutes and seconds written as decimals.")
    otto.sees(re.compile(r"Show the other reading, \d"))
    otto.sees("37S DS 3502 8499")


def test_a_planner_draws_a_zone_by_typing_and_ends_it(consoles, with_a_track):
    petra = consoles.opened(with_a_track, by="petra", at="watch")
    map_of(petra)
    petra.presses("New zone")
    page = petra.page
    page.get_by_label("Id").fill("north-gate")
    page.get_by_role("button", name="Type a position").click()
    page.get_by_label("Centre", exact=True).fill("33-42N 038-54E")
    page.get_by_role("button", name="Take what is typed").click()
    page.get_by_label("Radius").fill("5 mile")
    petra.sees(re.compile("Which mile"))
    page.get_by_label("Radius").fill("5 NM")
    petra.presses("See what changes")
    petra.sees("33.70000N 38.90000E")
    petra.presses("Watch it like this")
    page.get_by_text("north-gate is watched as drawn.").wait_for()
    zone = with_a_track.ask("petra", "GET", "/v1/zones/north-gate")
    assert zone["feature"]["geometry"] == {"type": "Point", "coordinates": [38.9, 33.7]}

    finds(petra, "north-gate")
    page.get_by_role("button", name=re.compile("north-gate.*Zone")).click()
    petra.presses("Change")
    petra.presses("End the zone")
    page.get_by_label("Why").fill("drawn for an exercise")
    page.get_by_role("dialog").get_by_role("button", name="End the zone").click()
    page.get_by_text("north-gate is no longer watched.").wait_for()
    assert with_a_track.asked("petra", "GET", "/v1/zones/north-gate").status_code == 404


def test_what_the_node_refuses_stands_at_its_place_in_the_form(consoles, with_a_track):
    petra = consoles.opened(with_a_track, by="petra", at="watch")
    petra.expected.add(422)
    map_of(petra)
    petra.presses("New zone")
    page = petra.page
    page.get_by_label("Id").fill("south-gate")
    page.get_by_label("Shape").select_option("sector")
    page.get_by_role("button", name="Take the middle").click()
    page.get_by_label("Inner radius").fill("20 km")
    petra.presses("See what changes")
    petra.presses("Watch it like this")
    page.get_by_text("The node refuses this").first.wait_for()
    petra.sees(re.compile("inner_radius"))


def test_a_watch_officer_has_nothing_to_draw_with(consoles, with_a_track):
    otto = consoles.opened(with_a_track, by="otto", at="watch")
    map_of(otto)
    otto.sees("Measure")
    assert otto.page.get_by_role("button", name="New zone").count() == 0


@pytest.mark.parametrize("theme", ["light", "dark", "night"])
def test_the_map_can_be_read_by_everybody_in_arabic(consoles, with_a_track, theme):
    otto = consoles.opened(with_a_track, by="otto", at="watch", language="ar", theme=theme)
    map_of(otto)
    otto.presses("الطبقات")
    otto.sees("منطقة متفق عليها")
    otto.has_a_page_for_everybody()


def test_the_map_fits_on_a_phone(consoles, with_a_track):
    otto = consoles.opened(with_a_track, by="otto", at="watch", screen=PHONE)
    otto.page.get_by_role("button", name="Map", exact=True).click()
    map_of(otto)
    otto.presses("Tracks")
    otto.has_nothing_beside_the_screen()


def panel_of(someone):
    return someone.page.locator(".panel").get_by_role("heading", name="Track", exact=True)


def test_back_closes_the_panel_of_a_track_forward_opens_it_again_and_a_reload_keeps_it(consoles, with_a_track):
    otto = consoles.opened(with_a_track, by="otto", at="watch")
    map_of(otto)
    otto.presses("Tracks")
    otto.page.get_by_role("searchbox", name="Search in names, subjects and parties").fill(PATROL)
    otto.page.get_by_role("button", name=PATROL, exact=True).click()
    panel_of(otto).wait_for()
    otto.page.go_back()
    panel_of(otto).wait_for(state="hidden")
    otto.page.go_forward()
    panel_of(otto).wait_for()
    otto.page.reload()
    panel_of(otto).wait_for()


def test_while_the_map_comes_its_place_says_so(consoles, with_a_track):
    otto = consoles.opened(with_a_track, at="watch")
    held: list[Any] = []

    def holds(route: Any) -> None:
        held.append(route)

    otto.page.route("**/assets/LiveMap*.js", holds)
    otto.is_signed_in("otto")
    otto.page.reload()
    place = otto.page.get_by_role("region", name="Map")
    place.get_by_text("The map is coming").wait_for()
    assert place.get_attribute("aria-busy") == "true"
    held[0].continue_()
    map_of(otto)
    otto.sees_no("The map is coming")
    assert place.get_attribute("aria-busy") == "false"


@pytest.mark.parametrize("lacks", ["graphics", "code"])
def test_without_a_map_the_positions_are_in_the_table_and_the_queue_works_on(consoles, with_a_track, lacks):
    otto = consoles.opened(with_a_track, at="watch")
    if lacks == "graphics":
        otto.page.add_init_script(
            "const drawn = HTMLCanvasElement.prototype.getContext;"
            "HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {"
            " return /webgl/.test(kind) ? null : drawn.call(this, kind, ...rest) }"
        )
    else:
        otto.expects_the_node_to_go()  # of the map's code, nothing comes
        otto.page.route("**/assets/LiveMap*.js", lambda route: route.abort())
    otto.is_signed_in("otto")
    otto.page.reload()
    otto.sees("The map cannot be shown")
    otto.page.get_by_role("searchbox", name="Search in names, subjects and parties").fill(PATROL)
    row = otto.page.locator(f"tr[data-subject='{PATROL}']")
    row.get_by_text("33.50000N 38.60000E").wait_for()
    row.get_by_role("button", name=PATROL).click()
    otto.sees("about 20.0 km inside the edge")
    otto.page.locator("button[data-item]").first.click()
    otto.has_a_page_for_everybody()


def test_of_thousands_of_tracks_one_is_found(consoles, with_a_track):
    side = int(MANY**0.5) + 1
    rows = ((f"many-{i:04}", 32.5 + (i // side) / 50, 37.5 + (i % side) / 50) for i in range(MANY))
    brought(with_a_track, rows)
    otto = consoles.opened(with_a_track, by="otto", at="watch")
    map_of(otto)
    otto.presses("Tracks")
    otto.sees("5,001 tracks, the first 100 are shown")
    otto.page.get_by_role("searchbox", name="Search in names, subjects and parties").fill("many-4321")
    otto.sees("1 track")
    otto.page.get_by_role("button", name="many-4321", exact=True).click()
    otto.sees(re.compile(r"^about .* inside the edge$|^about .* outside the edge$"))

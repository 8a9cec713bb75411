"""Threads: the list says what a thread shows, and the map of one has what it is about in sight, at any instant as the node gives it."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

import pytest

pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")

from tests.browser.acts import until
from tests.browser.cast import cast_nodes, joined

GROUP = "Group in the west"
# As a watch before left it: far from the pass.
ELSEWHERE = {"center": [10.0, 50.0], "zoom": 9}


@pytest.fixture(scope="module")
def met(browser, tmp_path_factory):
    """Alpha's node: a convoy has come into the pass, and a group is reported in an area of it, which is measured from its centre."""
    with cast_nodes(tmp_path_factory.mktemp("met"), "alpha", "bravo", answering="bravo") as (alpha, bravo):
        joined(alpha, bravo)
        alpha.agrees_on_kestrel_pass()
        area = {"area_m": 15_000, "area_inner_m": 9_000, "area_from_deg": 260, "area_to_deg": 280}
        said = {"party": "Bravo", "attributed_by": "Alpha", "count": "20-40"}
        rows = [
            {"subject": "Convoy", "seen_at": ago(minutes=9), "lat": 33.9, "lon": 38.6},
            {"subject": "Convoy", "seen_at": ago(minutes=4), "lat": 33.6, "lon": 38.6},
            {"subject": GROUP, "seen_at": ago(minutes=2), "lat": 33.5, "lon": 38.6, **area, **said},
        ]
        alpha.ask("otto", "POST", "/v1/feeds/patrols/positions", rows)
        yield alpha


def ago(*, minutes: int) -> str:
    return (datetime.now(UTC) - timedelta(minutes=minutes)).isoformat()


def thread_of(node, subject: str) -> str:
    """The id of the encounter of a subject, once there is one."""
    asked = f"/v1/threads?kind=encounter&subject={subject}"
    return until(lambda: node.ask("otto", "GET", asked)["items"])[0]["id"]


def left_elsewhere(consoles, node):
    """Otto, whose browser has kept a map far away."""
    otto = consoles.opened(node, by="otto", at="handover")
    otto.page.evaluate("kept => localStorage.setItem('keepclear.map', kept)", json.dumps(ELSEWHERE))
    return otto


def test_who_was_reported_in_an_area_is_in_one_on_the_map_of_a_thread_also_before(consoles, met):
    otto = consoles.opened(met, by="otto", at=f"thread/{thread_of(met, GROUP)}")
    otto.page.locator("input[type=range]").press("ArrowLeft")
    otto.page.locator("canvas.sheet[data-tracks]:not([data-tracks='0'])").wait_for()
    otto.presses("Tracks")
    row = otto.page.locator(f"tr[data-subject='{GROUP}']")
    row.get_by_text("an area was reported, not a point").wait_for()
    row.get_by_text("Bravo").wait_for()
    row.get_by_role("button", name=GROUP).click()
    otto.sees("20–40")


def test_the_map_of_a_thread_opens_on_what_it_is_about_and_leaves_that_of_the_watch(consoles, met):
    otto = left_elsewhere(consoles, met)
    otto.goes_to(f"thread/{thread_of(met, 'Convoy')}")
    otto.page.locator("canvas.sheet[data-tracks='2']").wait_for()
    assert json.loads(otto.page.evaluate("localStorage.getItem('keepclear.map')")) == ELSEWHERE
    otto.page.locator("input[type=range]").press("Home")
    otto.page.locator("canvas.sheet[data-tracks='2']").wait_for()


def test_the_list_says_how_many_messages_a_thread_shows_and_with_whom_by_name(consoles, met):
    alert = thread_of(met, "Convoy")
    message = {"to": "bravo", "marker": "warning", "text": "Turn back.", "reply_within": "30 min", "about": {"kind": "alert", "id": alert}}  # fmt: skip
    met.ask("otto", "POST", "/v1/messages", message)
    otto = consoles.opened(met, by="otto", at="thread")
    for thread in (alert, met.ask("otto", "GET", "/v1/threads?kind=messages")["items"][0]["id"]):
        row = otto.page.locator("li", has=otto.page.locator(f"a[href$='{thread}']"))
        row.get_by_text(re.compile(r"1 message · Bravo$")).wait_for()
    otto.goes_to(f"thread/{alert}")
    otto.sees(re.compile("alerts? · 1 message$"))

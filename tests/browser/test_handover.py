"""Handover before people: one screen, one page, and an entry that somebody took the watch."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
from playwright.sync_api import expect

from tests.browser.consoles import PHONE

ALWAYS = {"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "from_minute": 0, "until_minute": 1440}
DESK = {
    "id": "desk", "called": "Watch desk", "lines": [{"kind": "voice", "address": "+1 555 0100"}],
    "languages": [{"tag": "en", "level": "full"}], "hours": [ALWAYS], "calendar": {"zone": "UTC"},
}  # fmt: skip


@pytest.fixture(scope="module")
def watched(alpha):
    """A patrol has entered the pass, Otto has seen it, and Lena has set the roster of the house."""
    now = datetime.now(UTC)
    for minutes, lat in ((20, 34.2), (1, 33.55)):
        alpha.hears("Patrol 3", lat, 38.6, seen_at=(now - timedelta(minutes=minutes)).isoformat())
    items: list[dict[str, str]] = []
    while not items:
        items = alpha.ask("otto", "GET", "/v1/alerts?subject=Patrol 3&key=entered")["items"]
    alpha.ask("otto", "POST", f"/v1/alerts/{items[0]['id']}/acknowledge", {"note": "Called them"})
    alpha.ask("lena", "PUT", "/v1/rosters/alpha", {"focal_points": [DESK]})
    return alpha


@pytest.mark.parametrize("language", ["en", "ar", "ru"])
def test_everybody_can_read_the_handover_on_a_desk_and_on_a_phone(consoles, watched, language):
    for screen in (None, PHONE):
        otto = consoles.opened(watched, by="otto", at="handover", language=language, screen=screen)
        otto.sees(re.compile("Patrol 3"))
        otto.has_a_page_for_everybody()
        otto.has_nothing_beside_the_screen()


def test_the_handover_is_one_printed_page(consoles, watched):
    otto = consoles.opened(watched, by="otto", at="handover")
    otto.sees(re.compile("Patrol 3"))
    printed = otto.page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b(?!s)", printed)) == 1


def test_lena_looks_through_the_log_and_takes_the_watch(consoles, watched):
    lena = consoles.opened(watched, by="lena", at="handover")
    log = lena.page.get_by_role("region", name="Log of the shift")
    expect(log).to_contain_text("otto acknowledged an alert")
    log.get_by_label("With these words").fill("nothing is like this")
    lena.sees("No line is like that")
    log.get_by_label("With these words").fill("acknowledged")
    expect(log.get_by_role("listitem")).to_have_count(1)

    lena.page.get_by_role("checkbox").first.check()
    lena.sees("1 of 6 read")
    lena.presses("I take the watch")
    dialog = lena.page.get_by_role("dialog")
    dialog.get_by_label(re.compile("From whom")).fill("otto")
    dialog.get_by_label(re.compile("Note")).fill("Quiet but for the patrol")
    dialog.get_by_role("button", name="I take the watch").click()
    lena.sees("Entered: you have taken the watch.")
    lena.sees(re.compile("Quiet but for the patrol"))
    handed = watched.ask("lena", "GET", "/v1/rosters/alpha")["roster"]["handovers"][-1]
    assert (handed["given_by"], handed["taken_by"], handed["focal"]) == ("otto", "lena", "desk")
    assert handed["open"] != []

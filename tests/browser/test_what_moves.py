"""A track that moves: whoever reads it instead of watching the map reads where it is now."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from playwright.sync_api import expect


def test_the_list_and_the_panel_of_a_track_say_where_it_is_now(consoles, alpha):
    now = datetime.now(UTC)
    alpha.hears("patrol-7", 33.9001, 38.9001, seen_at=f"{now - timedelta(seconds=60):%Y-%m-%dT%H:%M:%SZ}")
    otto = consoles.opened(alpha, by="otto", at="watch")
    otto.presses("Tracks")
    row = otto.page.locator("tr[data-subject='patrol-7']")
    expect(row).to_contain_text("33.9001")
    row.get_by_role("button").click()
    panel = otto.page.locator(".panel", has_text="patrol-7")
    expect(panel).to_contain_text("33.9001")
    alpha.hears("patrol-7", 33.9502, 38.9502, seen_at=f"{now:%Y-%m-%dT%H:%M:%SZ}")
    expect(row).to_contain_text("33.9502")
    expect(panel).to_contain_text("33.9502")

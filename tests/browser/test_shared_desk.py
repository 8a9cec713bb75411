"""One browser, several people: whoever signs in next sees and does nothing in the name of the one before."""

from __future__ import annotations

import pytest

pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
from playwright.sync_api import expect


def test_who_signs_in_in_one_tab_is_signed_in_in_all(consoles, alpha):
    otto = consoles.opened(alpha, by="otto", at="settings/own")
    expect(otto.page.get_by_role("button", name="otto")).to_be_visible()
    other = otto.context.new_page()
    other.goto(f"{alpha.address}/#/settings/own")
    other.get_by_role("button", name="otto").click()
    other.get_by_role("button", name="Sign out").click()
    otto.page.locator("input[autocomplete=username]").wait_for()
    other.locator("input[autocomplete=username]").fill("lena")
    other.locator("input[type=password]").fill(alpha.passwords["lena"])
    other.locator("form button[type=submit]").click()
    expect(other.get_by_role("button", name="lena")).to_be_visible()
    expect(otto.page.get_by_role("button", name="lena")).to_be_visible()
    expect(otto.page.get_by_role("button", name="otto")).to_have_count(0)


def test_a_link_from_elsewhere_makes_nobody_act_as_somebody_else(consoles, alpha):
    alpha.ask("ada", "PUT", "/v1/users/mallory", {"party": "alpha", "role": "viewer", "clearance": "open"})
    code = alpha.ask("ada", "POST", "/v1/users/mallory/invites")["code"]
    otto = consoles.opened(alpha, by="otto", at=f"invite/{code}/exercise")
    otto.page.locator("input[type=password]").first.wait_for()
    asked = otto.page.evaluate("fetch('/v1/me').then(answer => answer.json()).then(me => me.user)")
    assert asked == "otto"


def test_the_address_of_an_exercise_lets_a_browser_in_that_knows_nobody(consoles, alpha):
    code = alpha.ask("ada", "POST", "/v1/users/petra/invites")["code"]
    petra = consoles.opened(alpha, at=f"invite/{code}/exercise")
    expect(petra.page.get_by_role("button", name="petra")).to_be_visible()

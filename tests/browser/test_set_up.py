"""The guided set-up in a browser, of somebody who types an id that is none."""

from __future__ import annotations

import pytest

pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
from playwright.sync_api import expect

from tests.browser.acts import word
from tests.browser.cast import CastNode
from tests.running import Running


@pytest.fixture
def nothing_yet(tmp_path):
    """A program that waits for the set-up of a node."""
    with Running(tmp_path, "serve", "alpha") as serving:
        address = serving.line_with("#/setup/", "stderr").strip()
        origin, _, page = address.partition("/#/")
        yield CastNode("alpha", tmp_path / "alpha", origin, {}, serving=serving), page


def test_a_bad_id_is_refused_at_its_step_and_at_its_field_and_the_addresses_of_the_invited_are_shown(
    consoles, nothing_yet
):
    node, page = nothing_yet
    ada = consoles.opened(node, at=page)
    ada.expected |= {422, 503}
    ada.presses("Make a node for my party")
    ada.page.get_by_label("Name of the party").fill("Alpha")
    ada.page.get_by_label("Id of the party").fill("Alpha!")
    ada.presses("Next")
    ada.sees("This cannot be an id.")
    party = ada.page.get_by_label("Id of the party")
    assert party.get_attribute("aria-invalid") == "true"
    party.fill("alpha")
    ada.presses("Next")

    # A Cyrillic a looks like a Latin one.
    ada.page.get_by_label("Your id").fill("\u0430da")
    for field in ada.page.locator("input[type=password]").all():
        field.fill("four words of ada")
    ada.presses("Next")
    ada.sees("This cannot be an id.")
    ada.page.get_by_label("Your id").fill("ada")
    ada.presses("Next")

    ada.page.get_by_label("Id", exact=True).first.fill("Petra")
    ada.presses("Next")
    ada.sees("This cannot be an id.")
    ada.page.get_by_label("Id", exact=True).first.fill("petra")
    busy = '{"type": "keepclear:node.busy", "title": "", "status": 503, "detail": "The node is busy.", "errors": []}'
    ada.page.route("**/v1/setup/check", lambda route: route.fulfill(status=503, body=busy))
    ada.presses("Next")
    ada.page.locator(".trouble").wait_for()
    assert ada.page.locator("[aria-current=step]").inner_text() == word("en", "setup.step.people")
    ada.page.unroute("**/v1/setup/check")
    ada.presses("Next")

    # Nothing is asked of who leaves the zone out, and who goes back while the node looks is not led on.
    held = []
    ada.page.route("**/v1/setup/check", lambda route: held.append(route))  # noqa: PLW0108 - Playwright marks what it is given
    ada.page.get_by_label("Name of the zone").wait_for()
    ada.presses("Next")
    expect(ada.page.get_by_role("button", name="Next")).to_have_attribute("aria-busy", "true")
    assert ada.page.locator("[aria-invalid=true]").count() == 0
    ada.presses("Back")
    held[0].continue_()
    expect(ada.page.get_by_role("button", name="Next")).not_to_have_attribute("aria-busy", "true")
    assert ada.page.locator("[aria-current=step]").inner_text() == word("en", "setup.step.people")
    ada.page.unroute("**/v1/setup/check")
    ada.presses("Next")
    ada.page.get_by_label("Name of the zone").wait_for()
    ada.presses("Next")
    ada.expects_the_node_to_go()
    ada.presses("Make the node")
    ada.sees("Whoever has this address comes in as petra.")
    assert ada.page.locator(".whole").first.inner_text().startswith(f"{node.address}/#/invite/")
    ada.has_nothing_beside_the_screen()
    ada.has_a_page_for_everybody()

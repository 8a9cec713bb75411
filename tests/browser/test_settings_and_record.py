"""People, feeds, links, agreements, the node; and the record with its proofs, as people see them."""

from __future__ import annotations

import json

import pytest

from tests.browser.consoles import PHONE

PAGES = (
    "settings/own",
    "settings/people",
    "settings/feeds",
    "settings/links",
    "settings/agreements",
    "settings/rosters",
    "settings/node",
)
LOOKS = [("en", "light", None), ("ar", "dark", None), ("ru", "night", PHONE)]


@pytest.mark.parametrize(("language", "theme", "screen"), LOOKS, ids=["english", "arabic-dark", "russian-night-phone"])
def test_everybody_can_use_every_page_of_the_settings_and_of_the_record(consoles, alpha, language, theme, screen):
    ada = consoles.opened(alpha, by="ada", language=language, theme=theme, screen=screen)
    for page in (*PAGES, "record", "record/entries", "record/read"):
        ada.goes_to(page)
        ada.page.locator("main [aria-current=page]").wait_for()
        ada.page.get_by_role("status").filter(has_text="…").wait_for(state="detached")
        ada.has_nothing_beside_the_screen()
        ada.has_a_page_for_everybody()


def test_ada_admits_somebody_who_takes_the_invitation_and_is_in(consoles, alpha):
    ada = consoles.opened(alpha, by="ada", at="settings/people")
    ada.presses("Admit a user")
    ada.page.get_by_label("Id", exact=False).first.fill("vera")
    ada.page.get_by_label("Role").select_option("viewer")
    ada.page.get_by_role("dialog").get_by_role("button", name="Admit a user").click()
    link = ada.page.get_by_role("dialog", name="Invitation for vera").locator(".whole").inner_text()

    vera = consoles.opened(alpha)
    vera.page.goto(link)
    for field in vera.page.locator("input[type=password]").all():
        field.fill("four words of vera")
    vera.presses("Begin")
    vera.page.get_by_role("navigation", name="Rooms").wait_for()

    ada.page.keyboard.press("Escape")
    ada.page.get_by_role("button", name="End: vera").click()
    ada.page.get_by_label("Reason, for the record").fill("She has left.")
    ada.page.get_by_role("dialog").get_by_role("button", name="End").click()
    ada.sees("vera acts no more.")
    vera.goes_to("settings/node")
    vera.page.reload()
    vera.sees("Sign in")


def test_a_wrong_password_is_said_plainly_and_the_right_one_lets_in(consoles, alpha):
    otto = consoles.opened(alpha)
    otto.signs_in("otto", "not the password")
    said = otto.page.get_by_role("alert").inner_text()
    assert said.lower().count("password") == 1
    assert said.count("Nobody is signed in with this") == 1
    otto.signs_in("otto")
    otto.page.get_by_role("navigation", name="Rooms").wait_for()


def test_petra_declares_a_feed_and_sees_its_account(consoles, alpha):
    petra = consoles.opened(alpha, by="petra", at="settings/feeds")
    petra.presses("Declare a feed")
    petra.page.get_by_label("Id of the feed").fill("river-post")
    petra.page.get_by_label("Who says so").fill("River post")
    petra.page.get_by_role("dialog").get_by_role("button", name="Declare a feed").click()
    petra.sees("River post")
    petra.sees("nothing came yet")


def test_a_proof_of_an_entry_is_a_file_that_the_verifier_takes(consoles, alpha, tmp_path):
    ada = consoles.opened(alpha, by="ada", at="record/entries")
    ada.page.locator("details summary").first.click()
    with ada.page.expect_download() as download:
        ada.page.get_by_role("button", name="Proof for an outsider").first.click()
    path = tmp_path / "proof.json"
    download.value.save_as(path)
    assert json.loads(path.read_text())["checkpoint"]


@pytest.mark.parametrize(
    ("page", "door"), [("agreements", "POST /v1/agreements/ID/facts"), ("rosters", "PUT /v1/rosters/PARTY")]
)
def test_what_is_only_read_here_says_how_it_is_changed(consoles, alpha, page, door):
    petra = consoles.opened(alpha, by="petra", at=f"settings/{page}")
    assert petra.page.locator(".lead code").inner_text() == door


def test_whoever_may_not_manage_people_is_not_shown_how(consoles, alpha):
    otto = consoles.opened(alpha, by="otto", at="settings")
    otto.page.get_by_role("navigation", name="Pages of the settings").wait_for()
    otto.sees_no("People")

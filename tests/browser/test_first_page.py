"""What everybody sees first: the page loads, asks nobody else for anything, and lets people in."""

from __future__ import annotations

import pytest

from tests.browser.consoles import PHONE


@pytest.mark.parametrize("theme", ["light", "dark", "night"])
@pytest.mark.parametrize("language", ["en", "ar", "ru"])
def test_everybody_can_use_the_page_for_signing_in(consoles, alpha, language, theme):
    someone = consoles.opened(alpha, language=language, theme=theme)
    someone.page.locator("input[type=password]").wait_for()
    someone.has_a_page_for_everybody()


@pytest.mark.parametrize("language", ["en", "ar", "ru"])
def test_the_page_for_signing_in_fits_on_a_phone(consoles, alpha, language):
    someone = consoles.opened(alpha, language=language, screen=PHONE)
    someone.page.locator("input[type=password]").wait_for()
    someone.has_nothing_beside_the_screen()
    someone.has_a_page_for_everybody()


def test_otto_signs_in_and_is_in_the_watch(consoles, alpha):
    otto = consoles.opened(alpha)
    otto.signs_in("otto")
    otto.page.get_by_role("navigation").wait_for()


def test_two_people_at_two_screens_do_not_share_a_session(consoles, alpha):
    otto, lena = consoles.opened(alpha, by="otto"), consoles.opened(alpha)
    otto.page.get_by_role("navigation").wait_for()
    lena.page.locator("input[type=password]").wait_for()


def test_a_request_to_another_computer_is_a_fault(consoles, alpha):
    someone = consoles.opened(alpha, bypass_csp=True)
    someone.page.evaluate("fetch('http://tiles.example/0/0/0').catch(() => 0)")
    assert "a request to another computer: GET http://tiles.example/0/0/0" in someone.faults
    someone.faults.clear()


def test_a_worker_that_asks_another_computer_is_a_fault(consoles, alpha):
    someone = consoles.opened(alpha, bypass_csp=True)
    asks = "fetch('http://tiles.example/1/0/0').catch(() => 0).then(() => postMessage('asked'))"
    someone.page.evaluate(
        "asks => new Promise(asked => { new Worker(URL.createObjectURL(new Blob([asks]))).onmessage = asked })", asks
    )
    assert "a request to another computer: GET http://tiles.example/1/0/0" in someone.faults
    someone.faults.clear()


def test_what_the_content_policy_refuses_is_a_fault(consoles, alpha):
    someone = consoles.opened(alpha)
    someone.page.evaluate(
        "document.body.append(Object.assign(document.createElement('style'), { textContent: 'p { color: red }' }))"
    )
    assert any("Content Security Policy" in fault for fault in someone.faults)
    someone.faults.clear()


def test_what_is_wrong_with_a_page_is_found(consoles, alpha):
    someone = consoles.opened(alpha)
    someone.page.locator("input[type=password]").wait_for()
    someone.page.evaluate("document.querySelector('main').append(document.createElement('button'))")
    with pytest.raises(AssertionError, match="button-name"):
        someone.has_a_page_for_everybody()


def test_without_a_network_a_page_says_nothing_to_anybody(consoles, alpha):
    someone = consoles.opened(alpha)
    someone.page.locator("input[type=password]").wait_for()
    someone.loses_the_network()
    said = "fetch('/v1/me').then(() => 'answered', () => 'no network')"
    assert someone.page.evaluate(said) == "no network"
    someone.has_the_network_again()
    assert someone.page.evaluate(said) == "answered"

"""What another party writes into every field that it can fill is text on this side's screens: it runs nothing, loads nothing, breaks nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
from playwright.sync_api import expect

from tests.browser.acts import until
from tests.browser.cast import PARTIES, CastNode, cast_nodes, joined
from tests.browser.consoles import PHONE

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.browser.consoles import AtConsole

MARKUP = '<img src=x onerror="window.ran=1"><script>window.ran=1</script><svg onload="window.ran=1">'
LINK = "javascript:window.ran=1"
STEERS = "\u202egnitirw denrut\u202c"
UNSEEN = "Bra\u200bvo\u0000"[:-1]
LONG = "W" * 300
EVIL = f"{MARKUP} {{count}} {STEERS} {UNSEEN} {LONG}"
# The node takes no name with marks that nobody sees; markup is a name like another.
EVIL_NAME = MARKUP[:60]


@pytest.fixture(scope="module")
def hostile(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[CastNode, str]]:
    """Alpha's node, and the id of a message of a Bravo that has put what it could into every field; it has done the same with Otto's."""
    names = PARTIES | {"bravo": EVIL_NAME}
    with cast_nodes(tmp_path_factory.mktemp("hostile"), "alpha", "bravo", answering="bravo", names=names) as (
        alpha,
        bravo,
    ):
        joined(alpha, bravo)
        sent = _of_bravo(alpha, bravo)
        ours = alpha.ask(
            "otto",
            "POST",
            "/v1/messages",
            {"to": "bravo", "marker": "question", "text": "How many?", "valid_for": "6 h"},
        )["message"]
        until(lambda: bravo.asked("boris", "GET", f"/v1/messages/{ours}").status_code == 200)
        for act in ("say_again", "refused", "not_understood"):
            said = {"act": act, "person": EVIL, "text": EVIL, "language": "en"}
            bravo.ask("boris", "POST", f"/v1/messages/{ours}/statements", said)
        bravo.ask(
            "boris", "POST", f"/v1/messages/{ours}/statements",
            {"act": "understood", "person": EVIL, "carrier": EVIL, "means": "voice", "facts": [{"is": "word", "name": "x", "text": EVIL}]},
        )  # fmt: skip
        until(lambda: len(alpha.ask("otto", "GET", f"/v1/messages/{ours}")["statements"]) >= 6)
        yield alpha, sent


def _of_bravo(alpha: CastNode, bravo: CastNode) -> str:
    draft: dict[str, Any] = {
        "to": "alpha", "marker": "warning", "urgency": "now", "text": EVIL, "valid_for": "6 h", "about": {"kind": "zone", "id": MARKUP[:60]},
        "translations": [{"language": "ar", "text": EVIL, "by": EVIL, "reviewed_by": MARKUP}],
        "facts": [
            {"is": "place", "name": "seen", "text": "33.6000 38.6000", "called": EVIL[:480]},
            {"is": "word", "name": "a" * 64, "text": EVIL[:480]}, {"is": "count", "name": "vehicles", "text": "20-27"},
        ],
        "attachments": [{"name": '<img src=x onerror=window.ran=1>.html', "media_type": "text/html", "digest": "ab" * 32, "byte_count": 12}],
    }  # fmt: skip
    found = bravo.ask("boris", "POST", "/v1/messages/check", draft)["findings"]
    draft["meant"] = sorted({one["key"] for one in found})
    sent = bravo.ask("boris", "POST", "/v1/messages", draft)["message"]
    until(lambda: alpha.asked("otto", "GET", f"/v1/messages/{sent}").status_code == 200)
    return str(sent)


def nothing_ran(otto: AtConsole) -> None:
    """No script of theirs, no element of theirs, no way there; no mark that turns the writing stands anywhere as it is."""
    assert otto.page.evaluate("window.ran") is None
    assert otto.page.locator("main img, main script, main iframe, main [onload], main [onerror]").count() == 0
    assert otto.page.locator("a[href^='javascript' i]").count() == 0
    shown = otto.page.locator("body").inner_text()
    assert not {"\u202e", "\u202c", "\u200b"} & set(shown)
    labels = otto.page.evaluate(
        "[...document.querySelectorAll('[aria-label], [title], option')].map(one => `${one.getAttribute('aria-label')} ${one.title} ${one.label}`).join()"
    )
    assert "\u202e" not in labels


@pytest.mark.parametrize(("language", "screen"), [("en", None), ("ar", PHONE)], ids=["english", "arabic-phone"])
def test_what_bravo_wrote_everywhere_is_text_on_every_page_of_the_channel(consoles, hostile, language, screen):
    alpha, message = hostile
    otto = consoles.opened(alpha, by="otto", language=language, screen=screen)
    otto.expected |= {422}  # a message of theirs is not ours to correct
    pages = (
        "channel", "channel/bravo", f"channel/message/{message}", "channel/new/bravo", f"channel/new/bravo/answer/{message}",
        f"channel/new/bravo/correct/{message}", "channel/calls", "channel/measures", "channel/stop",
    )  # fmt: skip
    for page in pages:
        otto.goes_to(page)
        otto.page.locator("main .room > *").nth(2).wait_for()
        expect(otto.page.get_by_role("status").filter(has_text="…")).to_have_count(0)
        otto.page.evaluate("for (const one of document.querySelectorAll('main details')) one.open = true")
        nothing_ran(otto)
        otto.has_nothing_beside_the_screen()


def test_signs_that_nobody_sees_are_named_where_they_stand(consoles, hostile):
    alpha, message = hostile
    otto = consoles.opened(alpha, by="otto", at=f"channel/message/{message}")
    text = otto.page.locator("article .text").first
    text.get_by_text("U+202E").wait_for()
    assert "<img src=x onerror=" in text.inner_text()
    assert "{count}" in text.inner_text()


def test_reading_back_what_bravo_wrote_runs_nothing(consoles, hostile):
    alpha, message = hostile
    otto = consoles.opened(alpha, by="otto", screen=PHONE, at=f"channel/message/{message}")
    otto.page.locator("article .actions .button.main").click()
    otto.page.get_by_role("dialog").wait_for()
    nothing_ran(otto)
    otto.has_nothing_beside_the_screen()


@pytest.mark.parametrize("route", [MARKUP, LINK, "constructor", "%2e%2e", "__proto__"])
def test_an_address_that_somebody_made_up_opens_nothing(consoles, hostile, route):
    alpha, _ = hostile
    otto = consoles.opened(alpha, by="otto")
    otto.expected |= {404, 422, 400}
    for before in ("channel", "channel/message", "channel/new", "channel/new/alert", "channel/call"):
        otto.page.evaluate("hash => { location.hash = hash }", f"#/{before}/{route}")
        otto.page.locator("main .room").wait_for()
        nothing_ran(otto)

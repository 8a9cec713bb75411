"""A person before the console, and what they do, in words that a test reads as sentences:

    otto = consoles.opened(alpha, by="otto", language="ar")
    otto.goes_to("watch")
    otto.loses_the_network()
    otto.sees("No connection")

What goes wrong in the browser fails the test at its end, though the test may have seen nothing of it: a request to another computer, an
error that a script did not expect, anything that the content policy refused.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Request, expect

from tests.browser.cast import CastNode

ROOT = Path(__file__).parents[2]
AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 360, "height": 740}
# Keeps Chromium from asking anything of its maker, and makes every name but this computer unknown.
CHROMIUM_ARGS = [
    "--no-sandbox", "--disable-gpu", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]  # fmt: skip
# Only so that a test that fails does so in the end.
PATIENCE_MS = 120_000
_OUR_OWN = ("data", "blob", "about", "chrome-error")
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_REFUSED_BY_NODE = re.compile(r"Failed to load resource: the server responded with a status of (\d+)")
_NO_NETWORK = re.compile(
    r"net::ERR_(INTERNET_DISCONNECTED|NETWORK_CHANGED|CONNECTION_\w+|EMPTY_RESPONSE|FAILED|INCOMPLETE_CHUNKED_ENCODING)|Worker failed to load"
)


@dataclass
class AtConsole:
    """Somebody before a page of a node's console."""

    node: CastNode
    page: Page
    # Statuses that the test means to be answered; 401 is how the console learns that nobody has signed in.
    expected: set[int] = field(default_factory=lambda: {401})
    faults: list[str] = field(default_factory=list)
    has_no_network: bool = False

    @property
    def context(self) -> BrowserContext:
        """Their browser, with its cookies."""
        return self.page.context

    # --- coming and going ---

    def signs_in(self, user: str, password: str | None = None) -> None:
        """Fills in the form, as a person does."""
        self.page.locator("input[autocomplete=username]").fill(user)
        self.page.locator("input[type=password]").fill(self.node.passwords[user] if password is None else password)
        self.page.locator("form button[type=submit]").click()

    def is_signed_in(self, user: str) -> None:
        """Signs in without the form, before the page is loaded, where the form is not what the test is about."""
        said = {"user": user, "password": self.node.passwords[user]}
        answer = self.context.request.post(
            f"{self.node.address}/v1/session", data=said, headers={"Keepclear-Console": "1"}
        )
        assert answer.ok, answer.text()

    def goes_to(self, room: str) -> None:
        """Loads a room by its address: `watch`, `thread/ID`."""
        self.page.goto(f"{self.node.address}/#/{room}")

    def opens_another_tab(self, room: str) -> AtConsole:
        """The same person in a second tab of the same browser; what goes wrong there is a fault of the first."""
        other = AtConsole(self.node, self.context.new_page(), self.expected, self.faults)
        other._watched()
        other.goes_to(room)
        return other

    def loses_the_network(self) -> None:
        """Nothing goes in or out of their browser."""
        self.has_no_network = True
        self.context.set_offline(True)

    def has_the_network_again(self) -> None:
        """It does again."""
        self.context.set_offline(False)

    def expects_the_node_to_go(self) -> None:
        """What the browser says of a node that is not there is no fault."""
        self.has_no_network = True

    # --- what they see ---

    def sees(self, words: str | re.Pattern[str]) -> Locator:
        """These words, once they are on the screen."""
        found = self.page.get_by_text(words).filter(visible=True).first
        expect(found).to_be_visible()
        return found

    def sees_no(self, words: str | re.Pattern[str]) -> None:
        """These words are not on the screen, or no longer."""
        expect(self.page.get_by_text(words).filter(visible=True)).to_have_count(0)

    def presses(self, name: str | re.Pattern[str]) -> None:
        """A button or link of this name."""
        button = self.page.get_by_role("button", name=name).or_(self.page.get_by_role("link", name=name))
        button.filter(visible=True).first.click()

    # --- what must hold of every page ---

    def has_a_page_for_everybody(self) -> None:
        """axe finds nothing on this page as it stands. It comes in by the debugger, which no content policy concerns."""
        if not self.page.evaluate("typeof axe === 'object'"):
            self.page.evaluate(AXE.read_text("utf-8"))
        found = self.page.evaluate("rules => axe.run(document, { runOnly: { type: 'tag', values: rules } })", _RULES)
        violations = [_told(violation) for violation in found["violations"]]
        assert not violations, "\n".join(violations)

    def has_nothing_beside_the_screen(self) -> None:
        """No part of the page is wider than the window."""
        wide = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{wide} px are beside the screen"

    # --- what goes wrong unseen ---

    def _looks_at(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme not in _OUR_OWN and f"{address.scheme}://{address.netloc}" != self.node.address:
            self.faults.append(f"a request to another computer: {request.method} {request.url}")

    def _hears(self, message: ConsoleMessage) -> None:
        if message.type != "error":
            return
        refused = _REFUSED_BY_NODE.match(message.text)
        if refused and int(refused[1]) in self.expected:
            return
        if self.has_no_network and _NO_NETWORK.search(message.text):
            return
        self.faults.append(f"the browser's console: {message.text} ({message.location.get('url', '')})")

    def _watched(self) -> None:
        self.context.on("request", self._looks_at)
        self.page.on("console", self._hears)
        self.page.on("pageerror", lambda error: self.faults.append(f"an error nobody caught: {error.stack or error}"))


class Consoles:
    """Opens consoles for people, each in a browser of their own that knows of no other."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._opened: list[AtConsole] = []
        expect.set_options(timeout=PATIENCE_MS)

    def opened(
        self, node: CastNode, *, by: str | None = None, at: str = "", language: str = "en", theme: str = "light",
        screen: dict[str, int] | None = None, **context: Any,
    ) -> AtConsole:  # fmt: skip
        """The console of a node before somebody's eyes; signed in as `by`, in the room `at`."""
        preferences = json.dumps({"language": language, "theme": theme})
        is_dark = theme in ("dark", "night")
        asked = {
            "viewport": screen or DESKTOP, "locale": language, "color_scheme": "dark" if is_dark else "light",
            "timezone_id": "Asia/Damascus", "reduced_motion": "reduce", "service_workers": "block", **context,
        }  # fmt: skip
        browser = self._browser.new_context(**asked)
        browser.add_init_script(
            f"localStorage.getItem('keepclear.preferences') ?? localStorage.setItem('keepclear.preferences', {preferences!r})"
        )
        browser.set_default_timeout(PATIENCE_MS)
        who = AtConsole(node, browser.new_page())
        who._watched()
        self._opened.append(who)
        if by is not None:
            who.is_signed_in(by)
        who.goes_to(at)
        return who

    def closed(self) -> list[str]:
        """Closes all of them; gives what went wrong in any."""
        for who in self._opened:
            who.context.close()
        return [fault for who in self._opened for fault in who.faults]


def _told(violation: dict[str, Any]) -> str:
    where = "; ".join(f"{node['html'][:200]} ({node.get('failureSummary', '')})" for node in violation["nodes"][:5])
    return f"{violation['id']} ({violation['impact']}): {violation['help']}: {where}"

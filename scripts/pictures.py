"""Takes pictures of every screen of the console in light, dark and Arabic, on a desktop and on a phone, from the running product.

    .venv/bin/python scripts/pictures.py --to FOLDER              all of them: look at each
    .venv/bin/python scripts/pictures.py --to FOLDER watch alert  these screens
    .venv/bin/python scripts/pictures.py                          those that the README and the guides show, into docs/pictures/console

The example at at-Tanf runs as `keepclear example at-tanf --live` starts it; Otto sees it, acknowledges the entry, sends the warning, and is
answered. A second node is set up in the browser. Needs what ./test installs, and Chromium. Run it when the console looks different.
"""

from __future__ import annotations

import argparse
import base64
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from playwright.sync_api import Error as NotReached

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.browser.acts import word  # noqa: E402 - from the checkout, wherever this is started

FOLDER = ROOT / "docs" / "pictures" / "console"
SIZES = {"desktop": {"width": 1280, "height": 800}, "phone": {"width": 390, "height": 844}}
LOOKS = {"light": ("light", "en"), "dark": ("dark", "en"), "arabic": ("light", "ar")}
# What the docs show.
SHOWN = (
    "watch-desktop-light", "watch-desktop-arabic", "watch-phone-dark", "message-desktop-light", "thread-desktop-light", "handover-desktop-light",
)  # fmt: skip
WEBP_QUALITY = 80
# Fonts, the land, a picture of the tracks: nothing on the page says that all of them are there.
SETTLES_MS = 1_500
PATIENCE_S = 180
_INVITATION = re.compile(r"(http://127\.0\.0\.1:\d+)(/#/invite/\S+)")
_SET_UP = re.compile(r"(http://127\.0\.0\.1:\d+)(/#/setup/\S+)")


# --- what is looked at ---


@dataclass(frozen=True)
class Screen:
    """One screen: where it is, and what somebody does there before it is looked at. `{alert}` and `{message}` are of the convoy."""

    name: str
    fragment: str
    does: Callable[[Page, str], None] = lambda _page, _language: None


def opens_first(page: Page, _language: str) -> None:
    """The head of the queue, with why and what next."""
    page.locator("button[data-item]").first.click()


def presses(key: str) -> Callable[[Page, str], None]:
    """A button that has this word."""

    def press(page: Page, language: str) -> None:
        page.get_by_role("button", name=word(language, key), exact=True).filter(visible=True).first.click()

    return press


def on_the_map(key: str) -> Callable[[Page, str], None]:
    """A tool of the map, which on a phone is behind a word of its own."""

    def press(page: Page, language: str) -> None:
        shown = page.get_by_role("button", name=word(language, "watch.view.map"), exact=True).filter(visible=True)
        if shown.count():
            shown.first.click()
        presses(key)(page, language)

    return press


BEFORE = (
    Screen("watch", "watch"),
    Screen("alert", "watch", opens_first),
    Screen("map-tracks", "watch", on_the_map("map.tool.tracks")),
    Screen("map-layers", "watch", on_the_map("map.tool.layers")),
    Screen("compose", "channel/new/alert/{alert}"),
)
AFTER = (
    Screen("channel", "channel"),
    Screen("conversation", "channel/bravo"),
    Screen("message", "channel/message/{message}"),
    Screen("calls", "channel/calls"),
    Screen("measures", "channel/measures"),
    Screen("stop", "channel/stop"),
    Screen("threads", "thread"),
    Screen("thread", "thread/{alert}"),
    Screen("handover", "handover"),
    Screen("record", "record"),
    Screen("entries", "record/entries"),
    Screen("settings", "settings"),
    Screen("feeds", "settings/feeds"),
    Screen("links", "settings/links"),
    Screen("agreements", "settings/agreements"),
    Screen("rosters", "settings/rosters"),
    Screen("node", "settings/node"),
)
OWN = (Screen("empty-watch", "watch"), Screen("people", "settings/people"), Screen("empty-channel", "channel"))
SET_UP = ("setup", "setup-party", "setup-you", "setup-people", "setup-zone", "setup-feed")
NAMES = (*(screen.name for screen in (*BEFORE, *AFTER, *OWN)), *SET_UP, "sign-in", "invitation")


# --- who is running ---


@contextmanager
def keepclear(*command: str, says: re.Pattern[str]) -> Iterator[tuple[str, str]]:
    """A command that goes on, until the end of the context; the address that it prints, and the fragment with it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "keepclear", *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout is not None
    try:
        found = next((match for line in process.stdout if (match := says.search(line))), None)
        if found is None:
            raise SystemExit(f"pictures: keepclear {' '.join(command)} ended without an address")
        yield found[1], found[2]
    finally:
        process.terminate()
        try:
            process.communicate(timeout=60)
        except subprocess.TimeoutExpired:  # a node that compiles its kernels hears nothing
            process.kill()


def until(what: str, found: Callable[[], Any]) -> Any:
    """What comes about at a node that goes on by itself."""
    deadline_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline_s:
        if result := found():
            return result
        time.sleep(0.3)
    raise SystemExit(f"pictures: {what} did not come about in {PATIENCE_S} s")


class Somebody:
    """A browser that is signed in, looked through by everybody who likes the console otherwise."""

    def __init__(
        self, browser: Browser, address: str, language: str = "en", theme: str = "light", size: str = "desktop",
        signed_in_as: Somebody | None = None,
    ) -> None:  # fmt: skip
        self.context: BrowserContext = browser.new_context(
            viewport=SIZES[size], locale=language, color_scheme="dark" if theme == "dark" else "light",  # type: ignore[arg-type]
            timezone_id="Asia/Damascus", reduced_motion="reduce", device_scale_factor=2 if size == "phone" else 1,
            storage_state=signed_in_as.context.storage_state() if signed_in_as else None,
        )  # fmt: skip
        preferences = json.dumps({"language": language, "theme": theme})
        self.context.add_init_script(f"localStorage.setItem('keepclear.preferences', {preferences!r})")
        self.address = address
        self.language = language
        self.page = self.context.new_page()

    def asks(self, path: str) -> Any:
        """A collection of the node, as this person may see it; nothing where the node is not there yet."""
        try:
            answer = self.context.request.get(self.address + path)
        except NotReached:
            return {"items": []}
        return answer.json() if answer.ok else {"items": []}

    def looks_at(self, fragment: str) -> None:
        """Begins there anew, so that nothing of what was done on another screen is left."""
        self.page.goto("about:blank")
        self.page.goto(f"{self.address}/#/{fragment.removeprefix('/#/')}")
        self.page.evaluate("document.fonts.ready.then(() => 0)")
        self.page.wait_for_timeout(SETTLES_MS)


class Pictures:
    """Writes those that are wanted."""

    def __init__(self, folder: Path, wanted: Callable[[str], bool]) -> None:
        self._folder, self._wanted = folder, wanted
        self.names: list[str] = []

    def looks(self, names: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        """Each size and look in which one of these screens is wanted."""
        for size in SIZES:
            yield from ((size, look) for look in LOOKS if any(self._wanted(f"{name}-{size}-{look}") for name in names))

    def take(self, page: Page, name: str) -> None:
        """As WebP, which Playwright itself does not write."""
        if not self._wanted(name):
            return
        path = self._folder / f"{name}.webp"
        taken = page.context.new_cdp_session(page).send(
            "Page.captureScreenshot", {"format": "webp", "quality": WEBP_QUALITY}
        )
        path.write_bytes(base64.b64decode(taken["data"]))
        self.names.append(name)
        print(f"{path.name}  {path.stat().st_size / 1000:,.0f} KB", flush=True)

    def screens(self, browser: Browser, otto: Somebody, screens: tuple[Screen, ...], ids: Mapping[str, str]) -> None:
        """All of them, in every look, as Otto sees them."""
        for size, look in self.looks(tuple(screen.name for screen in screens)):
            theme, language = LOOKS[look]
            who = Somebody(browser, otto.address, language, theme, size, signed_in_as=otto)
            for screen in screens:
                if self._wanted(name := f"{screen.name}-{size}-{look}"):
                    who.looks_at(screen.fragment.format_map(ids))
                    screen.does(who.page, language)
                    who.page.wait_for_timeout(SETTLES_MS / 3)
                    self.take(who.page, name)
            who.context.close()


# --- what happens meanwhile ---


def example(browser: Browser, pictures: Pictures, folder: Path) -> None:
    """Otto's watch: before he does anything, and when Bravo has answered."""
    with keepclear("example", "at-tanf", "--live", "--folder", str(folder), says=_INVITATION) as (address, invitation):
        otto = Somebody(browser, address)
        otto.page.goto(address + invitation)
        entry = until(
            "the entry",
            lambda: next((one for one in otto.asks("/v1/alerts")["items"] if one["key"] == "entered"), None),
        )
        ids = {"alert": entry["id"]}
        pictures.screens(browser, otto, BEFORE, ids)
        otto.looks_at(f"channel/new/alert/{entry['id']}")
        for meant in otto.page.locator(".last [data-finding] [aria-pressed=false]").all():
            meant.click()
        otto.page.locator("main button.main").filter(has_text="Bravo").click()
        sent = until("the warning", lambda: next(iter(otto.asks("/v1/messages")["items"]), None))
        ids["message"] = quote(sent["message"])
        until(
            "the answer",
            lambda: next((one for one in otto.asks("/v1/messages")["items"] if one["direction"] == "in"), None),
        )
        pictures.screens(browser, otto, AFTER, ids)


def own_node(browser: Browser, pictures: Pictures, folder: Path) -> None:
    """A node that is set up in the browser, and what its administrator finds then."""
    with keepclear("serve", str(folder), says=_SET_UP) as (address, setting_up):
        for size, look in pictures.looks(SET_UP):
            theme, language = LOOKS[look]
            who = Somebody(browser, address, language, theme, size)
            sets_up(who, setting_up, pictures, f"{size}-{look}")
            who.context.close()
        ada = Somebody(browser, address)
        sets_up(ada, setting_up)
        with ada.page.expect_response("**/v1/setup", timeout=1000 * PATIENCE_S) as answered:
            ada.page.locator("form button[type=submit]").click()
        officer = next(one["path"] for one in answered.value.json()["invitations"] if one["user"] == "officer")
        until("the new node", lambda: ada.asks("/v1/me").get("user"))
        pictures.screens(browser, ada, OWN, {})
        nobody = Somebody(browser, address)
        pictures.screens(browser, nobody, (Screen("sign-in", ""), Screen("invitation", officer)), {})


def sets_up(who: Somebody, fragment: str, pictures: Pictures | None = None, look: str = "") -> None:
    """As far as the last step, which makes the node."""
    fields: tuple[dict[str, str], ...] = (
        {"setup.party.name": "Alpha"},
        {"sign_in.user": "ada", "sign_in.new_password": "four words of ada", "sign_in.again": "four words of ada"},
        {},
        {"setup.zone.name": "Kestrel Pass", "setup.zone.lat": "33.5", "setup.zone.lon": "38.6"},
        {"settings.feeds.source": "Harbour patrol"},
    )
    who.looks_at(fragment)
    if pictures:
        pictures.take(who.page, f"setup-{look}")
    presses("setup.own")(who.page, who.language)
    for name, filled in zip(SET_UP[1:], fields, strict=True):
        for key, text in filled.items():
            who.page.get_by_label(word(who.language, key)).first.fill(text)
        if pictures:
            who.page.wait_for_timeout(SETTLES_MS / 3)
            pictures.take(who.page, f"{name}-{look}")
        if name != SET_UP[-1]:
            who.page.locator("form button[type=submit]").click()
            who.page.wait_for_timeout(SETTLES_MS / 3)


def main(arguments: list[str]) -> int:
    """See the top of this file."""
    from tests.browser.conftest import chromium
    from tests.browser.consoles import CHROMIUM_ARGS

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("screens", nargs="*", metavar="SCREEN", help=f"of {', '.join(NAMES)}; all if none is named")
    parser.add_argument("--to", type=Path, help="folder of the pictures; without it, those of the docs are taken")
    asked = parser.parse_args(arguments)
    if unknown := set(asked.screens) - set(NAMES):
        parser.error(f"no such screen: {', '.join(sorted(unknown))}")
    if (program := chromium()) is None:
        parser.error("there is no Chromium here (on Debian or Ubuntu: apt install chromium)")
    folder = asked.to or FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    some = set(asked.screens or NAMES)
    pictures = Pictures(folder, lambda name: name.rsplit("-", 2)[0] in some and (asked.to is not None or name in SHOWN))
    with tempfile.TemporaryDirectory() as nodes, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=CHROMIUM_ARGS)
        if any(True for _ in pictures.looks(tuple(screen.name for screen in (*BEFORE, *AFTER)))):
            example(browser, pictures, Path(nodes) / "example")
        if any(True for _ in pictures.looks((*SET_UP, *(screen.name for screen in OWN), "sign-in", "invitation"))):
            own_node(browser, pictures, Path(nodes) / "own")
    print(f"{len(pictures.names)} pictures in {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

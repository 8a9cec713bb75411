"""Takes the pictures of docs/pictures/console: every room of the console in light, dark and Arabic, on a desktop and on a phone.

    .venv/bin/python scripts/pictures.py                       all of them, into docs/pictures/console
    .venv/bin/python scripts/pictures.py --to FOLDER watch     one room, elsewhere

It starts the example at at-Tanf as `keepclear example at-tanf --live` does, looks at it as Otto, waits until the convoy is in the zone, and
ends it. Needs what ./test installs, and Chromium. Run it when the console looks different, and look at what comes out.
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
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

FOLDER = ROOT / "docs" / "pictures" / "console"
SCREENS = {"desktop": {"width": 1280, "height": 800}, "phone": {"width": 390, "height": 844}}
LOOKS = {"light": ("light", "en"), "dark": ("dark", "en"), "arabic": ("light", "ar")}
# Where `thread` leads is known when there is one.
ROOMS = ("sign-in", "watch", "channel", "thread", "handover", "record", "settings")
WEBP_QUALITY = 80
# Fonts, the map and the first whole picture; nothing on the page says that all of them are there.
SETTLES_MS = 3_000
_WAITS_FOR_ENTRY_S = 180
_INVITATION = re.compile(r"^\s+(http://127\.0\.0\.1:\d+)(/#/\S+)")


@dataclass(frozen=True)
class Example:
    """The example that is running: its address, and the page that lets Otto in."""

    address: str
    invitation: str


@contextmanager
def example() -> Iterator[Example]:
    """The at-Tanf example in a folder of its own, until the end of the context."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "keepclear", "example", "at-tanf", "--live", "--folder", f"{folder}/example"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        try:
            found = next(match for line in process.stdout if (match := _INVITATION.match(line)))
            yield Example(found[1], found[1] + found[2])
        finally:
            process.terminate()
            process.communicate(timeout=60)


def otto_at(browser: Browser, running: Example) -> BrowserContext:
    """Otto's browser, signed in by the address that the example prints."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(running.invitation)
    deadline_s = time.monotonic() + _WAITS_FOR_ENTRY_S
    while not context.request.get(f"{running.address}/v1/me").ok:
        if time.monotonic() > deadline_s:
            raise SystemExit("pictures: the invitation of the example let nobody in")
        page.wait_for_timeout(200)
    return context


def thread_after_entry(context: BrowserContext, running: Example) -> str:
    """Waits until somebody has entered the zone; gives the fragment of that thread, or of the room."""
    deadline_s = time.monotonic() + _WAITS_FOR_ENTRY_S
    while time.monotonic() < deadline_s:
        alerts = context.request.get(f"{running.address}/v1/alerts").json().get("items", [])
        if any("entry" in json.dumps(alert) or "entered" in json.dumps(alert) for alert in alerts):
            break
        time.sleep(1)
    threads: dict[str, Any] = context.request.get(f"{running.address}/v1/threads").json()
    items = threads.get("items", [])
    return f"thread/{items[0]['id']}" if items else "thread"


def seen(browser: Browser, running: Example, cookies: list[Any], *, screen: str, look: str, fragment: str) -> Page:
    """A page as somebody sees it who likes it so."""
    theme, language = LOOKS[look]
    context = browser.new_context(
        viewport=SCREENS[screen], locale=language, color_scheme="dark" if theme == "dark" else "light",  # type: ignore[arg-type]
        timezone_id="Asia/Damascus", reduced_motion="reduce", device_scale_factor=2 if screen == "phone" else 1,
    )  # fmt: skip
    context.add_cookies(cookies)
    preferences = json.dumps({"language": language, "theme": theme})
    context.add_init_script(f"localStorage.setItem('keepclear.preferences', {preferences!r})")
    page = context.new_page()
    page.goto(f"{running.address}/#/{fragment}")
    page.evaluate("document.fonts.ready.then(() => 0)")
    page.wait_for_timeout(SETTLES_MS)
    return page


def write_picture(page: Page, path: Path) -> None:
    """As WebP, which Playwright itself does not write."""
    session = page.context.new_cdp_session(page)
    taken = session.send("Page.captureScreenshot", {"format": "webp", "quality": WEBP_QUALITY})
    path.write_bytes(base64.b64decode(taken["data"]))


def main(arguments: list[str]) -> int:
    """See the top of this file."""
    from tests.browser.conftest import chromium
    from tests.browser.consoles import CHROMIUM_ARGS

    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("rooms", nargs="*", metavar="ROOM", help=f"of {', '.join(ROOMS)}; all if none is named")
    parser.add_argument("--to", type=Path, default=FOLDER, help="folder of the pictures")
    asked = parser.parse_args(arguments)
    if unknown := set(asked.rooms) - set(ROOMS):
        parser.error(f"no such room: {', '.join(sorted(unknown))}")
    if (program := chromium()) is None:
        parser.error("there is no Chromium here (on Debian or Ubuntu: apt install chromium)")
    asked.to.mkdir(parents=True, exist_ok=True)
    with example() as running, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=CHROMIUM_ARGS)
        otto = otto_at(browser, running)
        fragments = {room: room for room in ROOMS} | {"sign-in": "", "thread": thread_after_entry(otto, running)}
        for room in asked.rooms or ROOMS:
            cookies = [] if room == "sign-in" else otto.cookies()
            for screen in SCREENS:
                for look in LOOKS:
                    page = seen(browser, running, cookies, screen=screen, look=look, fragment=fragments[room])
                    path = asked.to / f"{room}-{screen}-{look}.webp"
                    write_picture(page, path)
                    page.context.close()
                    print(f"{path.name}  {path.stat().st_size / 1000:,.0f} KB", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

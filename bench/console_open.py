"""How long from an address to something of use in the console, and how many bytes it takes; beside a plain MapLibre page.

A browser that was never there before opens the watch, over an ordinary line and over poor ones, on a node that hears of 500 subjects and
has one alert. Seconds until anything is painted, until the alert can be read, and until the tracks are on the map; the plain page: until
its points are. Bytes are those of the files of the console as they were sent, compressed.

It needs Playwright, a Chromium (`chromium` on the PATH), and the console built: python scripts/build_console.py
"""

from __future__ import annotations

from typing import Any

from bench.console import SCREEN, TRACKS_DRAWN, a_browser, hearing, plain_pages, signed_in, stranger_enters
from bench.timing import arguments, percentile, tell

TRACKS = 500
# Down and up in bit/s, and there and back in ms; None: as fast as this machine.
LINES = {"this machine": None, "1.6 Mbit/s, 150 ms": (1.6e6, 750e3, 150), "400 kbit/s, 400 ms": (400e3, 400e3, 400)}
SENT_BYTES = """() => [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
    .map((one) => [new URL(one.name).pathname, one.encodedBodySize])"""
PAINTED_S = "() => performance.getEntriesByName('first-contentful-paint')[0].startTime / 1000"
PATIENCE_MS = 300_000


def main() -> None:
    """Prints one line for each page and line."""
    args = arguments(__doc__, opens=5)
    with a_browser() as browser, plain_pages() as plain, hearing(TRACKS) as node:
        stranger_enters(node, "stranger")
        for line, speed in LINES.items():
            opened = [_opened(browser, f"{node.address}/#/watch", speed, signed_in(node)) for _ in range(args.opens)]
            tell(page="console", line=line, kb=opened[0]["kb"], kb_to_read=opened[0]["kb_to_read"], **{
                name: percentile([one[name] for one in opened], 0.5) for name in ("painted_s", "read_s", "drawn_s")
            })  # fmt: skip
            drawn_s = [
                _plain_drawn_s(browser, f"{plain}?count={TRACKS}&mode=setData", speed) for _ in range(args.opens)
            ]
            tell(page="plain page", line=line, drawn_s=percentile(drawn_s, 0.5))


def _opened(
    browser: Any, address: str, speed: tuple[float, float, float] | None, headers: dict[str, str]
) -> dict[str, float]:
    context = browser.new_context(viewport=SCREEN, extra_http_headers=headers)
    page = _page_over(context, speed)
    page.goto(address, wait_until="commit")
    read_s = _seconds_until(page, "button[data-item]")
    sent_to_read = page.evaluate(SENT_BYTES)
    found = {
        "painted_s": page.evaluate(PAINTED_S), "read_s": read_s, "drawn_s": _seconds_until(page, TRACKS_DRAWN),
        "kb": _kb(page.evaluate(SENT_BYTES)), "kb_to_read": _kb(sent_to_read),
    }  # fmt: skip
    context.close()
    return found


def _plain_drawn_s(browser: Any, address: str, speed: tuple[float, float, float] | None) -> float:
    context = browser.new_context(viewport=SCREEN)
    page = _page_over(context, speed)
    page.goto(address, wait_until="commit")
    page.wait_for_function("document.title === 'drawn'", timeout=PATIENCE_MS)
    drawn_s: float = page.evaluate("performance.now() / 1000")
    context.close()
    return drawn_s


def _page_over(context: Any, speed: tuple[float, float, float] | None) -> Any:
    page = context.new_page()
    if speed is not None:
        down, up, there_and_back_ms = speed
        page.context.new_cdp_session(page).send("Network.emulateNetworkConditions", {
            "offline": False, "downloadThroughput": down / 8, "uploadThroughput": up / 8, "latency": there_and_back_ms,
        })  # fmt: skip
    return page


def _seconds_until(page: Any, selector: str) -> float:
    there = page.wait_for_function(
        "selector => document.querySelector(selector) && performance.now() / 1000", arg=selector, timeout=PATIENCE_MS
    )
    return float(there.json_value())


def _kb(sent: list[tuple[str, int]]) -> float:
    return sum(size for path, size in sent if path == "/" or path.startswith("/assets/")) / 1000


if __name__ == "__main__":
    main()

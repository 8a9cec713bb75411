"""Memory of the console over an hour of stream: the watch is open, every track is heard once a second, and once a minute somebody enters the zone.

Each minute, after the browser has thrown away what it does not need: MB of its script's memory, nodes of the page, listeners; and MB of
the node. A leak is what grows between the tenth minute and the last and is not in the queue: each alert stays there until somebody
clears it, and nobody does here.

It needs Playwright, a Chromium (`chromium` on the PATH), and the console built: python scripts/build_console.py
"""

from __future__ import annotations

import time

from bench.console import a_browser, stranger_enters, watching
from bench.timing import arguments, tell

MINUTE_S = 60


def main() -> None:
    """Prints one line a minute."""
    args = arguments(__doc__, tracks=2000, minutes=60)
    with a_browser() as browser, watching(browser, args.tracks) as (page, node):
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable")
        began_s = time.monotonic()
        for minute in range(args.minutes + 1):
            page.wait_for_timeout(max(0.0, 1000 * (began_s + minute * MINUTE_S - time.monotonic())))
            session.send("HeapProfiler.collectGarbage")
            metrics = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
            tell(
                minute=minute, tracks=args.tracks, heap_mb=metrics["JSHeapUsedSize"] / 1e6, nodes=metrics["Nodes"],
                listeners=metrics["JSEventListeners"], alerts=page.locator("button[data-item]").count(), node_mb=node.resident_mb,
            )  # fmt: skip
            stranger_enters(node, f"stranger {minute}")


if __name__ == "__main__":
    main()

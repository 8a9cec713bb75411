"""Frames a second of the console's map while somebody drags it, with so many tracks that all move once a second; beside a plain MapLibre page.

The plain page draws the same number of points from one GeoJSON source, as circles without names, errors or trails: by `setData` of all of
them, and by `updateData` of each. Both pages are in the same Chromium, one after the other, dragged by the same hand. Without a graphics
card everything is drawn by the processor, so that only the ratio says anything: `console_over` is frames of the console over those of
the page on the same line.

It needs Playwright, a Chromium (`chromium` on the PATH), and the console built: python scripts/build_console.py
"""

from __future__ import annotations

import gzip
import json
import math
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from bench.running_node import FEED, RunningNode, a_node
from bench.timing import arguments, percentile, tell

ROOT = Path(__file__).parents[1]
MAPLIBRE = ROOT / "web" / "node_modules" / "maplibre-gl" / "dist"
CENTRE = (33.5, 38.6)
SPREAD_DEG = 0.6
HEAD = "subject,seen_at,lat,lon,error_m,party"
STRANGERS = "strangers"
TRACKS_DRAWN = "canvas.sheet[data-tracks]:not([data-tracks='0'])"
SCREEN = {"width": 1440, "height": 900}
DRAG_PX = 120
ZONE = {
    "type": "Feature", "id": "kestrel-pass", "geometry": {"type": "Point", "coordinates": [CENTRE[1], CENTRE[0]]},
    "properties": {"name": "Kestrel Pass", "radius": "50 km", "band": "5 km", "may_enter": ["Alpha"]},
}  # fmt: skip
ARGS = [
    "--no-sandbox", "--disable-gpu", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
PLAIN = """<!doctype html><meta charset="utf-8"><style>html,body,#map{margin:0;height:100%}</style><div id="map"></div><script type="module">
import { Map } from './maplibre-gl.mjs'
const [count, mode] = [Number(new URLSearchParams(location.search).get('count')), new URLSearchParams(location.search).get('mode')]
const away = (i) => 0.6 * Math.sqrt(i / count)
const at = (i, t) => [38.6 + away(i) * Math.sin(i * 2.4 + t / 600), 33.5 + away(i) * Math.cos(i * 2.4 + t / 600)]
const feature = (i, t) => ({ type: 'Feature', id: i, properties: {}, geometry: { type: 'Point', coordinates: at(i, t) } })
const all = (t) => ({ type: 'FeatureCollection', features: Array.from({ length: count }, (_, i) => feature(i, t)) })
const map = new Map({ container: 'map', center: [38.6, 33.5], zoom: 8.6, attributionControl: false, style: { version: 8, sources: {
  points: { type: 'geojson', data: all(0) } }, layers: [{ id: 'ground', type: 'background', paint: { 'background-color': '#f5f4ef' } },
  { id: 'points', type: 'circle', source: 'points', paint: { 'circle-radius': 5, 'circle-color': '#1d2b38' } }] } })
let t = 0
map.on('load', () => { document.title = 'drawn'; setInterval(() => { t += 1; const source = map.getSource('points')
  if (mode === 'setData') source.setData(all(t))
  else source.updateData({ update: Array.from({ length: count }, (_, i) => ({ id: i, newGeometry: feature(i, t).geometry })) }) }, 1000) })
</script>"""
# How long each frame took, between two that the browser was ready to draw.
FRAMES = """() => { const found = window.__frames = []; let last = performance.now(); let on = true; window.__end = () => { on = false; return found }
const frame = (now) => { found.push(now - last); last = now; if (on) requestAnimationFrame(frame) }; requestAnimationFrame(frame) }"""


def main() -> None:
    """Prints one line for each page and number of tracks, each with its frames as a ratio to those of the plain pages."""
    args = arguments(__doc__, tracks="500,2000,10000", seconds=10, settle=15)
    with a_browser() as browser, plain_pages() as plain:
        for count in map(int, args.tracks.split(",")):
            with watching(browser, count) as (page, _):
                page.wait_for_timeout(1000 * args.settle)  # land and borders are read meanwhile
                found = {"console": _dragged(page, args.seconds)}
            for mode in ("setData", "updateData"):
                page = browser.new_page(viewport=SCREEN)
                page.goto(f"{plain}?count={count}&mode={mode}")
                page.wait_for_function("document.title === 'drawn'")
                found[f"plain page, {mode}"] = _dragged(page, args.seconds)
                page.close()
            ours = found["console"]["frames_per_s"]
            for name, frames in found.items():
                tell(page=name, tracks=count, **frames, console_over=ours / frames["frames_per_s"])


@contextmanager
def a_browser() -> Iterator[Any]:
    """Chromium, without a graphics card."""
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=program, args=ARGS)
        yield browser
        browser.close()


@contextmanager
def watching(browser: Any, count: int) -> Iterator[tuple[Any, RunningNode]]:
    """The watch as its officer has it open, with so many tracks drawn, all of which are heard once a second; and the node behind it."""
    with hearing(count) as node:
        context = browser.new_context(viewport=SCREEN, extra_http_headers=signed_in(node))
        page = context.new_page()
        page.goto(f"{node.address}/#/watch")
        page.locator(TRACKS_DRAWN).wait_for(timeout=120_000)
        yield page, node
        context.close()


@contextmanager
def hearing(count: int) -> Iterator[RunningNode]:
    """A node that hears of so many subjects once a second, from before it is given until the end."""
    zone_file = json.dumps({"type": "FeatureCollection", "features": [ZONE]}).encode()
    with a_node(zone_file, int((time.time() - 3600) * 1e6), feeds=(FEED, STRANGERS)) as node:
        door, ended = node.door("robot"), threading.Event()
        door.bring(_reports(count, 0), "text/csv")
        feeding = threading.Thread(target=_feed, args=(door, count, ended), daemon=True)
        feeding.start()
        try:
            yield node
        finally:
            ended.set()
            feeding.join()


def stranger_enters(node: RunningNode, name: str) -> None:
    """One who is not foreseen in the zone comes from outside it: an alert."""
    now = datetime.now(UTC)
    rows = [
        f"{name},{(now - timedelta(seconds=ago_s)).isoformat()},{CENTRE[0] + away_deg},{CENTRE[1]},50,Bravo"
        for ago_s, away_deg in ((60, 0.6), (1, 0.1))
    ]
    door = node.door("robot")
    door.bring("\n".join([HEAD, *rows, ""]).encode(), "text/csv", STRANGERS)
    door.close()


def signed_in(node: RunningNode) -> dict[str, str]:
    """What each request of the officer on watch carries."""
    return {"Authorization": f"Bearer {node.tokens['otto']}"}


def _dragged(page: Any, seconds: int) -> dict[str, float]:
    box = page.locator(".maplibregl-canvas").bounding_box()
    x, y = box["x"] + 0.6 * box["width"], box["y"] + 0.6 * box["height"]
    page.mouse.move(x, y)
    page.mouse.down()
    page.evaluate(FRAMES)
    began_s, step = time.perf_counter(), 0
    while time.perf_counter() - began_s < seconds:
        step += 1
        page.mouse.move(x + DRAG_PX * math.sin(step / 7), y + DRAG_PX * math.cos(step / 9) - DRAG_PX)
    took_ms = page.evaluate("() => window.__end()")
    page.mouse.up()
    return {
        "frames_per_s": 1000 * len(took_ms) / sum(took_ms), "frame_ms_p50": percentile(took_ms, 0.5),
        "frame_ms_p95": percentile(took_ms, 0.95), "frame_ms_max": max(took_ms),
    }  # fmt: skip


def _feed(door: Any, count: int, ended: threading.Event) -> None:
    turn = 0
    while not ended.wait(1.0):
        turn += 1
        door.bring(_reports(count, turn), "text/csv")


def _reports(count: int, turn: int) -> bytes:
    # All are foreseen in the zone: what is measured is the map, not a queue of thousands of alerts.
    seen_at = datetime.now(UTC).isoformat()
    rows = (
        f"t-{i:05},{seen_at},{CENTRE[0] + SPREAD_DEG * math.cos(i * 2.4 + turn / 600) * math.sqrt(i / count):.5f},"
        f"{CENTRE[1] + SPREAD_DEG * math.sin(i * 2.4 + turn / 600) * math.sqrt(i / count):.5f},50,Alpha"
        for i in range(count)
    )
    return "\n".join([HEAD, *rows, ""]).encode()


class _PlainServer(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Nothing: a browser that is closed leaves in the middle of an answer."""


@contextmanager
def plain_pages() -> Iterator[str]:
    """The address of the plain page, beside MapLibre as it is installed."""

    script = {path: gzip.compress(path.read_bytes()) for path in MAPLIBRE.glob("*.mjs")}

    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.startswith("/?"):
                return self._answer(PLAIN.encode(), {"Content-Type": "text/html"})
            if (file := MAPLIBRE / self.path.lstrip("/").partition("?")[0]) in script:
                return self._answer(script[file], {"Content-Type": "text/javascript", "Content-Encoding": "gzip"})
            return self.send_error(404)

        def _answer(self, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(200)
            for name, value in (headers | {"Content-Length": str(len(body))}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing: standard error is for what goes wrong."""

    server = _PlainServer(("127.0.0.1", 0), Pages)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()


if __name__ == "__main__":
    main()

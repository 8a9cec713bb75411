"""Frames a second of the console's map while somebody drags it, with so many tracks that all move once a second; beside a plain MapLibre page.

The plain page draws the same number of points from one GeoJSON source, as circles without names, errors or trails: by `setData` of all of
them, and by `updateData` of each. Both pages are in the same Chromium, one after the other, dragged by the same hand. Without a graphics
card everything is drawn by the processor, so that only the ratio says anything.

It needs Playwright, a Chromium (`chromium` on the PATH), and the console built: python scripts/build_console.py
"""

from __future__ import annotations

import json
import math
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from bench.running_node import RunningNode, folder_on_disk
from bench.timing import arguments, percentile, tell

ROOT = Path(__file__).parents[1]
MAPLIBRE = ROOT / "web" / "node_modules" / "maplibre-gl" / "dist"
CENTRE = (33.5, 38.6)
SPREAD_DEG = 0.6
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
    """Prints one line for each page and number of tracks, and the ratios."""
    args = arguments(__doc__, tracks="500,2000,10000", seconds=10, settle=15)
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as started, plain_pages() as plain:
        browser = started.chromium.launch(executable_path=program, args=ARGS)
        for count in map(int, args.tracks.split(",")):
            rates = {"console": _console(browser, count, args.seconds, args.settle)}
            for mode in ("setData", "updateData"):
                page = browser.new_page(viewport={"width": SCREEN["width"], "height": SCREEN["height"]})
                page.goto(f"{plain}?count={count}&mode={mode}")
                page.wait_for_function("document.title === 'drawn'")
                rates[mode] = _dragged(page, f"plain {mode}", count, args.seconds)
                page.close()
            print(
                f"{count:,} tracks: the console draws {rates['console'] / rates['setData']:.2f} times the frames of a plain page "
                f"by setData, {rates['console'] / rates['updateData']:.2f} by updateData"
            )
        browser.close()


def _console(browser: Any, count: int, seconds: int, settle: int) -> float:
    zone_file = json.dumps({"type": "FeatureCollection", "features": [ZONE]}).encode()
    with folder_on_disk() as folder:
        node = RunningNode(folder / "node", zone_file, int((time.time() - 3600) * 1e6))
        node.start()
        ended = threading.Event()
        try:
            door = node.door("robot")
            door.bring(_reports(count, 0), "text/csv")
            feeding = threading.Thread(target=_feed, args=(door, count, ended), daemon=True)
            feeding.start()
            authorized = {"Authorization": f"Bearer {node.tokens['otto']}"}
            context = browser.new_context(viewport=SCREEN, extra_http_headers=authorized)
            page = context.new_page()
            page.goto(f"{node.address}/#/watch")
            page.locator("canvas.sheet[data-tracks]:not([data-tracks='0'])").wait_for(timeout=120_000)
            page.wait_for_timeout(1000 * settle)  # land and borders are read meanwhile
            rate = _dragged(page, "console", count, seconds)
            context.close()
            return float(rate)
        finally:
            ended.set()
            node.stop()


def _dragged(page: Any, name: str, count: int, seconds: int) -> float:
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
    rate = 1000 * len(took_ms) / sum(took_ms)
    heap_mb = page.evaluate("() => performance.memory ? performance.memory.usedJSHeapSize / 1e6 : 0")
    tell(
        name=name, tracks=count, frames_per_s=rate, frame_ms_p50=percentile(took_ms, 0.5), frame_ms_p95=percentile(took_ms, 0.95),
        frame_ms_max=max(took_ms), heap_mb=heap_mb,
    )  # fmt: skip
    return float(rate)


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
    return ("subject,seen_at,lat,lon,error_m,party\n" + "\n".join(rows) + "\n").encode()


@contextmanager
def plain_pages() -> Iterator[str]:
    """The address of the plain page, beside MapLibre as it is installed."""

    class Pages(SimpleHTTPRequestHandler):
        extensions_map = {".mjs": "text/javascript", ".map": "application/json"}  # noqa: RUF012 - as the base class has it

        def do_GET(self) -> None:
            if not self.path.startswith("/?"):
                return super().do_GET()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(PLAIN.encode())
            return None

        def log_message(self, *_: object) -> None:
            """Nothing: standard error is for what goes wrong."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Pages, directory=str(MAPLIBRE)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()


if __name__ == "__main__":
    main()

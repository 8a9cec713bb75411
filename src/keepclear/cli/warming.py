"""`python -m keepclear.cli.warming`: compiles the kernels, so that no one waits for it later. The set-up runs it.

A small watch is run through the command, over positions of every kind that meet zones of every shape; then what a node
does besides, as with zones that change. Whatever that needs is compiled and kept, and nothing else is ever compiled in
service (tests/house/test_compiled.py). Kernels of older states of the source are deleted.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import sys
import tempfile
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any

import numpy as np

from keepclear.agreements.atlas import Zone
from keepclear.agreements.terms import PresenceTerms
from keepclear.cli import cache_folder
from keepclear.cli.main import main as command
from keepclear.geo.index import ZoneIndex
from keepclear.geo.shapes import Circle, Polygon
from keepclear.ground.instants import parse_instant
from keepclear.tracks.packing import packed, segments, unpacked
from keepclear.tracks.tables import observations_of
from keepclear.watch.watch import Watch

_ROWS = 1_000
_RING = [[8.0, 46.0], [8.4, 46.0], [8.4, 46.3], [8.0, 46.3], [8.0, 46.0]]
_SHAPES: tuple[tuple[dict[str, Any], dict[str, Any]], ...] = (
    ({"type": "Point", "coordinates": [8.5, 46.5]}, {"radius": "12 km", "band": "2 km", "dwell": "5 min"}),
    ({"type": "Point", "coordinates": [8.2, 46.1]}, {"radius": "9 km", "from_deg": 300, "to_deg": 60}),
    ({"type": "LineString", "coordinates": [[8.1, 46.0], [8.6, 46.6]]}, {"half_width": "2 km"}),
    ({"type": "Polygon", "coordinates": [_RING]}, {"edges": "lonlat"}),
    ({"type": "Polygon", "coordinates": [_RING]}, {"edges": "geodesic", "approach": "10 min"}),
)


def main() -> int:
    """Warms, and says so."""
    print("keepclear: compiling kernels, once after each change; about two minutes", file=sys.stderr, flush=True)
    said = io.StringIO()
    with tempfile.TemporaryDirectory(prefix="keepclear-") as name:
        positions, zones = Path(name) / "positions.csv", Path(name) / "zones.geojson"
        positions.write_text("\n".join(["subject,seen_at,known_at,lat,lon,error_m,height_m", *map(_row, range(_ROWS))]))
        features = [
            {
                "type": "Feature",
                "id": f"zone-{number}",
                "geometry": geometry,
                "properties": {"name": f"Zone {number}", **terms},
            }
            for number, (geometry, terms) in enumerate(_SHAPES)
        ]
        zones.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
        _let_go_of_old_reports()
        _change_zones()
        _ask_index()
        _pack()
        counted = Path(name) / "counted.csv"
        counted.write_text("\n".join(["subject,seen_at,lat,lon", *map(_counted_row, range(_ROWS)), ""]))
        with redirect_stderr(said):
            code = max(
                command(["watch", str(file), "--zones", str(zones), "--events", os.devnull, "--summary", "none"])
                for file in (positions, counted)
            )
    if code:
        print(said.getvalue(), file=sys.stderr, end="")
    for folder in cache_folder.outdated():
        shutil.rmtree(folder, ignore_errors=True)
    return code


def _let_go_of_old_reports() -> None:
    """A watch holds reports for an hour, and lets go of them in bulk: here by the handful."""
    watch = Watch(Zone("zone", Circle(46.5, 8.5, 12_000.0)), rows_before_tidying=1)
    for hour in range(5):
        lat = [46.5 if hour % 2 else 47.5]
        watch.observe({"subject": ["Truck"], "seen_at": [f"2031-03-04T{hour:02d}:00:00Z"], "lat": lat, "lon": [8.5]})
        late = f"2031-03-04T{hour:02d}:00:10Z", f"2031-03-04T{hour:02d}:00:05Z"
        watch.observe({"subject": ["Truck"] * 2, "seen_at": list(late), "lat": lat * 2, "lon": [8.5, 8.51]})


def _change_zones() -> None:
    """Zones are agreed, replaced and ended while somebody is there, whose reports are exact, late, and sure of their place."""
    watch = Watch(Zone("first", Circle(46.5, 8.5, 12_000.0)))
    reports = {"subject": ["Truck"], "lat": [46.5], "lon": [8.5], "error_m": [0.0]}
    for turn, radius_m in enumerate((900.0, 60_000.0, 900.0, 700.0)):
        at = f"2031-03-04T{2 * turn:02d}"
        watch.observe({**reports, "seen_at": [f"{at}:00:00Z"]})
        watch.observe({**reports, "seen_at": [f"{at}:00:00Z"]})
        zone = Zone("first", Circle(46.5, 8.5, radius_m), presence=PresenceTerms(silent_after_us=60_000_000))
        watch.agree([zone, Zone(f"zone {turn}", Circle(46.5, 8.5, 20_000.0))], parse_instant(f"{at}:10:00Z").us)
        watch.observe({**reports, "seen_at": [f"{at}:05:00Z"], "known_at": [f"{at}:15:00Z"]})
        watch.end([f"zone {turn}"], parse_instant(f"{at}:20:00Z").us)
        watch.advance(f"{at}:50:00Z")


def _pack() -> None:
    """What a node needs besides: positions and watches as bytes, and tracks cut into segments."""
    batch = observations_of(
        {
            "subject": ["a", "b"],
            "seen_at": ["2026-05-18T10:00:00Z", "2026-05-18T10:01:00Z"],
            "lat": [46.0, 46.1],
            "lon": [8.0, 8.1],
        }
    )
    list(segments(unpacked(packed(batch))))
    watch = Watch([Zone("warm", Circle(46.0, 8.0, 1_000.0))])
    watch.observe(batch)
    Watch.unpacked(watch.packed())


def _ask_index() -> None:
    """What a program asks of the index and the command does not."""
    ring = ((46.0, 8.0), (46.0, 9.0), (47.0, 8.5), (46.0, 8.0))
    shapes = (Circle(46.5, 8.5, 1000.0), Polygon(((ring,),)), Polygon(((ring,),), "lonlat"))
    index = ZoneIndex([(shape, 0.0) for shape in shapes])
    index.put(0, Circle(46.6, 8.5, 900.0), 100.0)
    for column in (np.array([46.5]), np.array([465_000_000], np.int32)):
        index.containing(column, column)
    index.candidates(np.array([46.5]), np.array([8.5]), np.array([0.0]))
    for number in range(len(shapes)):
        index.remove(number)


def _row(number: int) -> str:
    """A vehicle that drives up and down through the zones; now and then its place is unsure, or its report is late."""
    step = number // 5
    minute, second = divmod(step * 15, 60)
    error_m = ("", "10", "400", "90000")[number % 4 if number % 50 > 40 else 0]
    seen = f"2031-03-04T{6 + minute // 60:02d}:{minute % 60:02d}:{second:02d}"
    known = (
        f"2031-03-04T{6 + minute // 60:02d}:{minute % 60:02d}:{second:02d}" if number % 97 else "2031-03-04T08:00:00"
    )
    lat = 45.9 + 0.01 * ((step + 10 * (number % 5)) % 80)
    return f"Truck {number % 5},{seen}Z,{known}Z,{lat:.4f},{8.1 + 0.0007 * step:.4f},{error_m},{100 + number % 7}"


def _counted_row(number: int) -> str:
    """A vehicle that stands still, by a clock that counts seconds."""
    return f"Truck,{1_930_000_000 + number},46.1,8.1"


if __name__ == "__main__":
    raise SystemExit(main())

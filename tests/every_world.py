"""`python -m tests.every_world`: warms, then runs watches over worlds of every kind; writes which kernels were compiled anew.

A kernel is compiled for the types and layouts of what it is given: a column of one row, or of none, can be another type
than a longer one. What the warming has not met, somebody waits for, with the loop of a node standing still."""

from __future__ import annotations

import contextlib
import io
import json
import pkgutil
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numba.core.dispatcher import Dispatcher

import keepclear
from keepclear.agreements.atlas import Zone
from keepclear.agreements.pattern_terms import (
    CirclingTerms,
    ClosingTerms,
    Expected,
    MannedTerms,
    MassingTerms,
    PatternTerms,
)
from keepclear.agreements.terms import Entry, Notice, PresenceTerms
from keepclear.cli import warming
from keepclear.cli.main import main as command
from keepclear.geo.shapes import Circle, Corridor, Polygon, Sector, Shape
from keepclear.geo.volumes import HeightBand
from keepclear.ground.instants import Window
from keepclear.tracks.builder import BatchBuilder
from keepclear.tracks.observations import Attribution, Claim, Observations
from keepclear.tracks.packing import packed, segments, unpacked
from keepclear.watch.watch import Watch

BEGIN = 1_800_000_000_000_000
MINUTE_US = 60_000_000
PLACES = {
    "inland": (46.2, 8.3), "equator": (0.0, 0.0), "antimeridian": (-17.0, 180.0), "pole": (89.9, 10.0), "south": (-90.0, 0.0)
}  # fmt: skip
PATTERNS = PatternTerms(
    massing=MassingTerms(2, 10 * MINUTE_US, "band"),
    circling=CirclingTerms(90.0, 20 * MINUTE_US),
    closing=ClosingTerms(2, 1_000_000, 10 * MINUTE_US),
    observed_every_us=4 * MINUTE_US,
    expected=(Expected("Kite", 5 * MINUTE_US),),
    manned=MannedTerms(1, ("Alpha", "Truck 1"), 3 * MINUTE_US),
)
TERMS: dict[str, dict[str, Any]] = {
    "plain": {},
    "band": {"band_mm": 2_000_000},
    "full": {
        "band_mm": 2_000_000,
        "height": HeightBand(100_000, 900_000, "W84"),
        "window": Window(BEGIN + 5 * MINUTE_US, BEGIN + 50 * MINUTE_US),
        "presence": PresenceTerms(2, 3, 500_000, MINUTE_US, 6 * MINUTE_US),
        "may_enter": (Entry("Alpha", "band", (Notice(Window(BEGIN, BEGIN + 20 * MINUTE_US), "HA-1"),)),),
        "dwell_us": 4 * MINUTE_US,
        "approach_us": 8 * MINUTE_US,
        "patterns": PATTERNS,
    },
}  # fmt: skip


def kernels() -> dict[str, set[str]]:
    """The signatures that each kernel was compiled for so far."""
    found = {}
    for module in pkgutil.walk_packages(keepclear.__path__, "keepclear."):
        if module.name.split(".")[1] in {"geo", "tracks", "watch", "feeds"}:
            for name, member in vars(import_module(module.name)).items():
                if isinstance(member, Dispatcher) and member.py_func.__module__ == module.name:
                    found[f"{module.name}.{name}"] = {str(one) for one in member.signatures}
    return found


def shapes_at(lat: float, lon: float) -> dict[str, Shape]:
    """Shapes of every kind near a place, as far as they may lie there; some so small that no cell is split for them."""
    made: dict[str, Shape] = {}
    ring = [(lat - 0.1, lon - 0.1), (lat - 0.1, lon + 0.1), (lat + 0.05, lon + 0.12), (lat + 0.1, lon - 0.1)]
    tiny = [(lat + 1e-3 * (a - lat), lon + 1e-3 * (b - lon)) for a, b in ring]
    turned = [[(a, (b + 180.0) % 360.0 - 180.0) for a, b in points] for points in (ring, tiny)]
    for name, make in {
        "small circle": lambda: Circle(lat, lon, 200.0),
        "circle": lambda: Circle(lat, lon, 12_000.0),
        "whole degrees": lambda: Circle(int(lat), int(lon), 30_000),
        "whole sector": lambda: Sector(int(lat), int(lon), 14_000, 300, 80, 3_000),
        "whole corridor": lambda: Corridor(((int(lat), int(lon)), (int(lat), int(lon) + 1)), 2_000),
        "whole polygon": lambda: Polygon(
            ((((int(lat), int(lon)), (int(lat), int(lon) + 1), (int(lat) + 1, int(lon)), (int(lat), int(lon))),),)
        ),
        "vast circle": lambda: Circle(lat, lon, 3_000_000.0),
        "sector": lambda: Sector(lat, lon, 14_000.0, 300.0, 80.0, 3_000.0),
        "all round": lambda: Sector(lat, lon, 14_000.0, 0.0, 360.0),
        "corridor": lambda: Corridor(((lat - 0.2, lon), (lat + 0.01, lon - 0.1), (lat + 0.03, lon - 0.2)), 2_000.0),
        "geodesic": lambda: Polygon((((*turned[0], turned[0][0]),),)),
        "lonlat": lambda: Polygon((((*turned[0], turned[0][0]),),), "lonlat"),
        "tiny polygon": lambda: Polygon((((*turned[1], turned[1][0]),),)),
        "tiny lonlat": lambda: Polygon((((*turned[1], turned[1][0]),),), "lonlat"),
    }.items():
        with contextlib.suppress(keepclear.Refused):
            made[name] = make()
    return made


def drive(lat: float, lon: float, rows: int) -> Observations:
    """Reports of every kind about a place: in order and late, twice, sure and unsure, of points and areas."""
    builder = BatchBuilder()
    for row in range(rows):
        seen_at_us = BEGIN + row * MINUTE_US // 2
        north = 0.2 * np.sin(row / 3)
        stated: dict[str, Any] = {}
        if row % 5 == 1:
            stated |= {"error_m": (0.0, 300.0, 900.0, 40_000.0)[row % 4]}
        if row % 7 == 2:
            stated |= {"height_m": 500.0, "datum": ("W84", "MSL", "AGL")[row % 3]}
        if row % 11 == 3:
            stated |= {"speed_mps": 20.0, "course_deg": 180.0}
        if row % 13 == 4:
            stated |= {"claim": Claim(attribution=Attribution("Alpha", "Meridian", 0.9))}
        if row % 17 == 5:
            stated |= {"area": Circle(min(max(lat, -89.0), 89.0), lon, 5_000.0)}
        late_us = 20 * MINUTE_US if row % 19 == 6 else 0
        here = min(max(lat + north, -90.0), 90.0), (lon + 0.01 * (row % 4) + 180.0) % 360.0 - 180.0
        if row % 23 == 7:
            here = -here[0], here[1]
        builder.add(
            subject=("Truck 1", "Truck 2", "Kite")[row % 3],
            seen_at_us=seen_at_us - late_us, known_at_us=seen_at_us, lat=here[0], lon=here[1], **stated,
        )  # fmt: skip
    return builder.build()


def cuts(batch: Observations, way: int) -> list[Observations]:
    """The batch whole, or row by row, or as it comes out of the record."""
    return ([batch], _rows(batch), [unpacked(packed(batch))])[way % 3]


def _rows(batch: Observations) -> list[Observations]:
    ways = (lambda row: slice(row, row + 1), lambda row: np.array([row]), lambda row: slice(row, row + 2, 3))
    return [batch.take(ways[row % 3](row)) for row in range(min(len(batch), 60))]


def worlds() -> Iterator[tuple[tuple[float, float], list[Zone]]]:
    """A place, and what zones there are: none, each alone, all together. Elsewhere than inland the terms take turns."""
    for name, place in PLACES.items():
        shapes, terms = shapes_at(*place), list(TERMS.values())
        yield place, []
        for turn, shape in enumerate(shapes.values()):
            if name == "inland" or type(shape) in (Circle, Polygon):
                for own in terms if name == "inland" else terms[turn % 3 :][:1]:
                    yield place, [Zone("one", shape, **own)]
        for own in terms if name == "inland" else terms[2:]:
            yield place, [Zone(name, shape, **own) for name, shape in shapes.items() if name != "vast circle"]


def watch_everything() -> None:
    """Reports one by one and many; before the zones change, while they do, and after they have been packed."""
    for turn, ((lat, lon), zones) in enumerate(worlds()):
        watch = Watch(zones, rows_before_tidying=1)
        for rows in (1, 2, 90):
            for piece in cuts(drive(lat, lon, rows), turn):
                watch.observe(piece)
        watch = Watch.unpacked(watch.packed())
        at_us = (watch.clock_us or BEGIN) + MINUTE_US
        watch.agree([Zone("new", Circle(lat, lon, 200.0), **TERMS["band"])], at_us)
        watch.observe(drive(lat, lon, 3))
        changed = [Zone(zone.id, Circle(lat / 2, lon / 2, 900.0), **TERMS["full"]) for zone in zones[:2]]
        watch.agree(changed, at_us + MINUTE_US)
        watch.end(list(watch.zones_in_force())[:1], at_us + 2 * MINUTE_US)
        watch.advance(at_us + 300 * MINUTE_US)
        watch.packed()
    for rows in (1, 2, 90):
        list(segments(drive(*PLACES["inland"], rows)))


def main() -> int:
    """Warms, runs, and writes the signatures that came to it, as JSON."""
    with contextlib.redirect_stderr(io.StringIO()):
        code = warming.main()
    before = kernels()
    watch_everything()
    with TemporaryDirectory() as folder:
        read_everything(Path(folder))
    anew = {name: sorted(found - before[name]) for name, found in kernels().items() if found - before[name]}
    json.dump(anew, sys.stdout, indent=1)
    return code


def read_everything(folder: Path) -> None:
    """Files of one report and of many, with and without what a report may say."""
    zones = folder / "zones.geojson"
    zones.write_text(
        json.dumps(
            {
                "type": "FeatureCollection",
                "features": [
                    {
                        "type": "Feature",
                        "id": "one",
                        "geometry": {"type": "Point", "coordinates": [8, 46]},
                        "properties": {"name": "One", "radius": "10 km"},
                    }
                ],
            }
        )
    )
    heads = ("subject,seen_at,lat,lon", "lat,lon,subject,seen_at,known_at,error_m,height_m,source")
    for number, head in enumerate(heads):
        for rows in (1, 2, 300):
            file = folder / f"{number}-{rows}.csv"
            lines = [
                f"Truck {row % 3},2031-03-04T06:{row % 60:02d}:00Z,46.0{row % 10},8.{row}"
                if number == 0
                else f"46.0{row % 10},8.{row},Truck {row % 3},{1930370400 + row},,10,100,radar"
                for row in range(rows)
            ]
            file.write_text("\n".join([head, *lines, ""]))
            with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
                assert command(["watch", str(file), "--zones", str(zones), "--summary", "none"]) in (0, 1)


if __name__ == "__main__":
    raise SystemExit(main())

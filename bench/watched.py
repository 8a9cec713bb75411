"""A workload's zones and rows as the watch takes them.

Terms are the same in every script, so that rates can be compared: a band of 1 km, inside by 2 of 3 reports, out after 200 m and
60 s, dwell of 10 minutes for every fourth zone; heights and windows as the workload has them. Errors are the workload's sigma.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from keepclear.agreements.atlas import Zone
from keepclear.agreements.terms import PresenceTerms
from keepclear.geo.shapes import Circle, Polygon, Shape
from keepclear.geo.volumes import DATUMS, HeightBand
from keepclear.ground.instants import ALWAYS, Window
from keepclear.tracks.observations import COLUMNS, NO_AREA, NO_CLAIM, UNKNOWN, Observations

BAND_MM = 1_000_000
PRESENCE = PresenceTerms(m=2, n=3, margin_mm=200_000, hold_us=60_000_000)
DWELL_US = 600_000_000


def shape_of(zone: Any, edges: str) -> Shape:
    """The shape of a workload's zone."""
    if zone.kind == "circle":
        return Circle(zone.lat, zone.lon, zone.radius_m)
    ring = tuple((lat, lon) for lon, lat in zone.ring.tolist())
    return Polygon((((*ring, ring[0]),),), edges)


def with_terms(zones: list[Any], *, windows: bool = True) -> list[Zone]:
    """The zones with terms; without `windows` they are always in force."""
    return [
        Zone(
            f"zone-{zone.id}",
            shape_of(zone, "lonlat"),
            band_mm=BAND_MM,
            height=_band(zone.floor_m, zone.ceil_m),
            window=_window(zone.t_start, zone.t_end) if windows else ALWAYS,
            presence=PRESENCE,
            dwell_us=DWELL_US if zone.id % 4 == 0 else None,
        )
        for zone in zones
    ]


def _band(floor_m: float, ceil_m: float) -> HeightBand | None:
    return HeightBand(round(floor_m * 1000), round(ceil_m * 1000), "W84") if math.isfinite(floor_m) else None


def _window(start_s: float, end_s: float) -> Window:
    return Window(round(start_s * 1e6), round(end_s * 1e6)) if math.isfinite(start_s) else ALWAYS


def reports(rows: dict[str, Any]) -> Observations:
    """The rows as one batch, each known when it was seen, in the order in which they became known."""
    order = np.argsort(rows["t"], kind="stable")
    rows = {name: column[order] for name, column in rows.items()}
    count = len(order)
    seen_at_us = np.rint(rows["t"] * 1e6).astype(np.int64)
    columns: dict[str, Any] = {name: np.zeros(count, kind) for name, kind in COLUMNS.items()}
    columns |= {
        "subject": rows["track"].astype(np.int32),
        "seen_at_us": seen_at_us,
        "known_at_us": seen_at_us,
        "lat_e7": np.rint(rows["lat"] * 1e7).astype(np.int32),
        "lon_e7": np.rint(rows["lon"] * 1e7).astype(np.int32),
        "error_mm": np.rint(rows["sigma"] * 1000).astype(np.int32),
        "height_mm": np.rint(rows["alt"] * 1000).astype(np.int32),
        "datum": np.full(count, DATUMS.index("W84"), np.int8),
        "speed_mmps": np.full(count, UNKNOWN, np.int32),
        "course_cdeg": np.full(count, UNKNOWN, np.int32),
        "area": np.full(count, NO_AREA, np.int32),
    }
    subjects = tuple(f"s{number}" for number in range(int(rows["track"].max()) + 1))
    return Observations(subjects=subjects, sources=("",), areas=(), claims=(NO_CLAIM,), feeds=("",), **columns)

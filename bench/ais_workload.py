"""Recorded traffic as a workload, with the face of the given one: 99,999 positions of 10,631 vessels, zones among them.

The rows are those of the file in its order, each once; a third of them are out of time order, as they were received. The file
states no error: 10 m stand in. Zones are circles and star-shaped polygons of 0.3 to 15 km about places where vessels were.
"""

from __future__ import annotations

import csv
import gzip
import math
from datetime import UTC, datetime
from functools import cache
from typing import Any

import numpy as np
from workload import M_PER_DEG, Zone, circle_ring, u01, zone_polygons

from bench.places import AIS

__all__ = ["Zone", "circle_ring", "positions", "zone_polygons", "zones"]

STREAM = 9_000_000
SIGMA_M = 10.0


@cache
def _rows() -> dict[str, Any]:
    with gzip.open(AIS, "rt", newline="") as file:
        rows = [
            (row["MMSI"], row["BaseDateTime"], float(row["LON"]), float(row["LAT"])) for row in csv.DictReader(file)
        ]
    numbers: dict[str, int] = {}
    return {
        "track": np.array([numbers.setdefault(row[0], len(numbers)) for row in rows], np.int32),
        "t": np.array([datetime.fromisoformat(row[1]).replace(tzinfo=UTC).timestamp() for row in rows]),
        "lon": np.array([row[2] for row in rows]),
        "lat": np.array([row[3] for row in rows]),
        "alt": np.zeros(len(rows), np.float32),
        "sigma": np.full(len(rows), SIGMA_M, np.float32),
    }


def positions(m: int | None = None) -> dict[str, Any]:
    """The first m rows, or all."""
    return {name: np.ascontiguousarray(column[:m]) for name, column in _rows().items()}


def zones(n: int, start: int = 0) -> list[Zone]:
    """Zones start .. start+n-1 of the endless list: circles where the number is even, else polygons."""
    return [_zone(number) for number in range(start, start + n)]


def _zone(number: int) -> Zone:
    u = u01(STREAM, 8, 16 * number)
    places = _rows()
    row = int(u[0] * len(places["lon"]))
    size_m = float(np.round(300 * 50 ** u[1], 1))
    lon, lat = float(places["lon"][row]), float(places["lat"][row])
    lon = round(lon + (u[2] - 0.5) * size_m / M_PER_DEG / math.cos(math.radians(lat)), 7)
    lat = round(lat + (u[3] - 0.5) * size_m / M_PER_DEG, 7)
    always = (-math.inf, math.inf, -math.inf, math.inf)
    if number % 2 == 0:
        return Zone(number, "circle", lon, lat, size_m, None, *always)
    corners = int(8 * 20 ** u[4])
    rough = u01(STREAM + 1, 2 * corners, 4096 * number)
    angle = 2 * math.pi * (np.arange(corners) + 0.6 * rough[:corners]) / corners
    reach = size_m / M_PER_DEG * (1 + 0.2 * np.cos(2 * angle + 6.0 * u[5])) * (1 + 0.15 * (rough[corners:] - 0.5))
    ring = np.column_stack([lon + reach * np.cos(angle) / math.cos(math.radians(lat)), lat + reach * np.sin(angle)])
    return Zone(number, "polygon", lon, lat, size_m, np.round(ring, 7), *always)

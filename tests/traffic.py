"""Zones among recorded traffic: circles, polygons, corridors and sectors about places where vessels were."""

from __future__ import annotations

import csv
import gzip
import math
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from pyproj import Geod

from keepclear.agreements.atlas import Zone
from keepclear.geo.shapes import Circle, Corridor, Polygon, Sector

GEOD = Geod(ellps="WGS84")


def rows_of(path: Path) -> list[tuple[str, int, float, float]]:
    """MMSI, microseconds, latitude, longitude of every row of a NAIS file, read without any code of ours."""
    with gzip.open(path, "rt", newline="") as file:
        return [
            (
                row["MMSI"],
                round(datetime.fromisoformat(row["BaseDateTime"]).replace(tzinfo=UTC).timestamp()) * 1_000_000,
                float(row["LAT"]),
                float(row["LON"]),
            )
            for row in csv.DictReader(file)
        ]


def zones_among(places: list[tuple[float, float]], count: int, seed: int) -> list[Zone]:
    """So many zones, a quarter of each kind, from 500 m to 40 km in size."""
    rng = np.random.default_rng(seed)
    zones = []
    for number in range(count):
        lat, lon = places[int(rng.integers(len(places)))]
        size_m = float(10 ** rng.uniform(math.log10(500), math.log10(40_000)))
        zones.append(Zone(f"z{number}", _shape(number % 4, lat, lon, size_m, rng)))
    return zones


def _shape(
    kind: int, lat: float, lon: float, size_m: float, rng: np.random.Generator
) -> Circle | Polygon | Corridor | Sector:
    if kind == 0:
        return Circle(lat, lon, size_m)
    if kind == 1:
        bearings = np.sort(rng.uniform(0, 360, int(rng.integers(5, 14))))[::-1]
        ring = [_step(lat, lon, bearing, size_m * float(rng.uniform(0.5, 1.0))) for bearing in bearings]
        if np.diff(np.append(bearings, bearings[0] - 360.0)).min() < -170.0:
            return Circle(lat, lon, size_m)
        return Polygon((((*ring, ring[0]),),), "geodesic" if rng.random() < 0.5 else "lonlat")
    if kind == 2:
        line = [(lat, lon)]
        for _ in range(int(rng.integers(1, 4))):
            line.append(_step(*line[-1], float(rng.uniform(0, 360)), size_m))
        return Corridor(tuple(line), size_m / 10)
    start = float(rng.uniform(0, 360))
    return Sector(
        lat,
        lon,
        size_m,
        start,
        (start + float(rng.uniform(30, 300))) % 360.0,
        size_m / 4 if rng.random() < 0.5 else 0.0,
    )


def _step(lat: float, lon: float, bearing: float, length_m: float) -> tuple[float, float]:
    lon_to, lat_to, _ = GEOD.fwd(lon, lat, bearing, length_m)
    return lat_to, lon_to

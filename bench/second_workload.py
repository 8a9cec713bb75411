"""The second workload: other places, other numbers, other traffic; the face of the given one.

5,000 subjects report every 30 s, 200 times. Four in ten are ships on sea lanes, from the Channel to the Bering Strait (across the
antimeridian) and the Barents Sea (up to 78 degrees north). A quarter are convoys of ten on roads, 100 m apart, halting together. A quarter
loiter on circles of 0.2 to 5 km. The rest are fast aircraft on long legs. Zones lie among them: circles, star-shaped
polygons of 8 to 100 corners, ribbons of 20 to 100 km along the lanes (corridors, as the peers can hold them), and every twentieth a
polygon of 60 to 250 km with up to 1,000 corners. Zone 0 is a circle across the antimeridian.

Numbers come from the same counter-based generator under other stream numbers, so that the bytes are the same on any machine.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from workload import M_PER_DEG, Zone, circle_ring, normal, u01, zone_polygons

__all__ = ["Zone", "circle_ring", "positions", "zone_polygons", "zones"]

STREAM = 7_000_000
SUBJECTS, STEPS, STEP_S = 5_000, 200, 30.0
T0 = 1_767_225_600.0
CONVOY = 10
Column = Any

# lon, lat; a way may run past 180 degrees and is wrapped when positions are written
LANES: list[list[tuple[float, float]]] = [
    [(-5.8, 48.6), (-2.0, 50.0), (1.4, 51.0), (3.2, 52.6), (7.6, 54.2)],
    [(32.6, 29.6), (34.6, 26.8), (38.2, 20.2), (42.6, 13.6), (45.8, 12.1), (52.0, 13.2)],
    [(94.6, 6.2), (99.2, 4.6), (101.6, 2.6), (103.9, 1.2), (105.6, 3.8), (110.2, 11.2)],
    [(170.2, 59.6), (176.4, 61.8), (181.4, 63.6), (190.6, 65.9), (192.4, 68.8)],
    [(20.2, 70.9), (30.6, 71.8), (44.2, 73.6), (58.4, 76.9), (66.2, 77.8)],
    [(11.6, 70.2), (13.8, 74.4), (14.4, 77.6)],
    [(16.2, -34.9), (20.2, -35.6), (27.2, -34.4), (32.4, -29.6)],
    [(-79.6, 9.6), (-76.2, 12.2), (-71.2, 17.4), (-66.8, 21.6)],
    [(-125.6, 48.4), (-124.9, 43.2), (-123.2, 37.9), (-118.9, 33.6)],
    [(139.9, 34.8), (136.8, 33.4), (133.2, 31.9), (128.4, 29.2), (123.2, 30.6)],
]
ROAD_STARTS = [
    (36.3, 33.5),
    (38.8, 48.0),
    (30.2, 59.9),
    (13.4, 32.2),
    (45.3, 2.1),
    (69.2, 34.5),
    (-74.1, 4.6),
    (25.7, 66.5),
]
AIRWAYS: list[list[tuple[float, float]]] = [
    [(-52.0, 47.6), (-30.2, 54.4), (-8.6, 52.7)],
    [(55.4, 25.2), (36.2, 39.6), (8.6, 50.0)],
    [(174.8, -37.0), (184.2, -28.8), (202.1, 21.3)],
    [(15.6, 78.2), (24.6, 65.1), (24.9, 60.3)],
]


def _u(stream: int, count: int, start: int = 0) -> Column:
    return u01(STREAM + stream, count, start)


def _roads() -> list[list[tuple[float, float]]]:
    """From each start a walk of eight legs of about 25 km that turns gently."""
    roads = []
    for number, (lon, lat) in enumerate(ROAD_STARTS):
        turn = np.cumsum(_u(1, 8, 8 * number) - 0.5) * 1.4 + 6.28 * _u(2, 1, number)
        lats = lat + np.cumsum(0.23 * np.cos(turn))
        lons = lon + np.cumsum(0.23 * np.sin(turn)) / math.cos(math.radians(lat))
        roads.append([(lon, lat), *zip(lons.tolist(), lats.tolist(), strict=True)])
    return roads


def _along(way: list[tuple[float, float]]) -> tuple[Column, Column, Column]:
    """Metres from the start, longitude and latitude of a way, every 2 km or so, lengths by the cosine of the latitude."""
    corners = np.array(way)
    share = np.linspace(0, len(way) - 1, 200 * (len(way) - 1) + 1)
    lon, lat = (np.interp(share, np.arange(len(way)), column) for column in corners.T)
    east = np.diff(lon) * np.cos(np.radians((lat[1:] + lat[:-1]) / 2))
    return np.concatenate([[0.0], np.cumsum(np.hypot(east, np.diff(lat)) * M_PER_DEG)]), lon, lat


MEASURED = [_along(way) for way in (*LANES, *_roads(), *AIRWAYS)]


def positions(m: int = SUBJECTS * STEPS) -> dict[str, Column]:
    """The first m rows, in time order; the columns of the given workload."""
    if not 0 <= m <= SUBJECTS * STEPS:
        raise ValueError("m must be 0..1,000,000")
    n, steps = SUBJECTS, -(-m // SUBJECTS)
    number = np.arange(n)
    kind = np.digitize(number / n, [0.4, 0.65, 0.9])  # lane, convoy, loiterer, aircraft
    r = _u(10, n)
    leader = np.where(kind == 1, number - number % CONVOY, number)
    first_way = np.array([0, len(LANES), 0, len(LANES) + len(ROAD_STARTS)])[kind]
    ways_of_kind = np.array([len(LANES), len(ROAD_STARTS), len(LANES) + len(ROAD_STARTS), len(AIRWAYS)])[kind]
    way = first_way + (_u(11, n)[leader] * ways_of_kind).astype(int)
    begin = _u(12, n)[leader]
    speed = np.choose(kind, [4 + 8 * r, 15 * r[leader], 1 + 29 * r, 150 + 150 * r])
    aside = np.choose(kind, [2000.0, 5.0, 8000.0, 4000.0]) * normal(STREAM + 13, n)
    sigma = np.where(_u(14, n) < 0.9, 4 + 20 * _u(15, n), 150 + 800 * _u(15, n))
    height = np.where(kind == 3, 8000 + 4000 * _u(16, n), 30 * _u(16, n))
    radius = 200 + 4800 * _u(17, n)
    order = np.argsort(_u(18, n), kind="stable")
    out = {name: np.empty(steps * n, kind_of) for name, kind_of in (
        ("track", np.int32), ("t", np.float64), ("lon", np.float64), ("lat", np.float64), ("alt", np.float32), ("sigma", np.float32))}  # fmt: skip
    halted_s = np.zeros(n)
    for step in range(steps):
        halting = (kind == 1) & (_u(19, n, step * n)[leader] < 0.3)
        halted_s += halting * STEP_S
        travelled = speed * (step * STEP_S - np.where(kind == 1, halted_s, 0.0)) - np.where(
            kind == 1, number % CONVOY * 100.0, 0.0
        )
        lon, lat = np.empty(n), np.empty(n)
        for one, (at_m, lons, lats) in enumerate(MEASURED):
            on = way == one
            going = np.where(kind[on] == 2, 0.0, travelled[on])
            there_and_back = np.abs((begin[on] * at_m[-1] + going) % (2 * at_m[-1]) - at_m[-1])
            lon[on], lat[on] = np.interp(there_and_back, at_m, lons), np.interp(there_and_back, at_m, lats)
        turned = 6.2831853 * begin + travelled / radius
        noise = sigma * 0.3
        north = aside + np.where(kind == 2, radius * np.sin(turned), 0.0) + noise * normal(STREAM + 20, n, step * n)
        east = np.where(kind == 2, radius * np.cos(turned), 0.0) + noise * normal(STREAM + 21, n, step * n)
        lat = lat + north / M_PER_DEG
        lon = lon + east / M_PER_DEG / np.cos(np.radians(lat))
        rows = slice(step * n, (step + 1) * n)
        out["track"][rows] = order
        out["t"][rows] = np.round(T0 + step * STEP_S + np.arange(n) * (STEP_S / n), 3)
        values = {
            "lon": np.round((lon + 180.0) % 360.0 - 180.0, 7),
            "lat": np.round(lat, 7),
            "alt": np.round(height, 1),
            "sigma": np.round(sigma, 1),
        }
        for name, column in values.items():
            out[name][rows] = column[order]
    return {name: np.ascontiguousarray(column[:m]) for name, column in out.items()}


def zones(n: int, start: int = 0) -> list[Zone]:
    """Zones start .. start+n-1 of the endless list."""
    return [_zone(number) for number in range(start, start + n)]


def _zone(number: int) -> Zone:
    u = _u(100, 12, 16 * number)
    if number == 0:
        return _round_zone(0, 179.9, 63.1, 40_000.0, u)
    _, lons, lats = MEASURED[int(u[0] * len(MEASURED))]
    spot = int(u[1] * len(lons))
    lon = float(lons[spot] + (u[2] - 0.5) * 1.2)
    lat = float(lats[spot] + (u[3] - 0.5) * 0.6)
    lon = (lon + 180.0) % 360.0 - 180.0
    if abs(lon) > 172.0:  # the peers hold no polygon across 180 degrees
        lon = math.copysign(172.0 - 6.0 * float(u[4]), lon)
    if number % 20 == 5:
        return _star(number, lon, lat, 30_000.0 + 95_000.0 * float(u[5]), int(200 + 800 * u[6]), u)
    if number % 4 == 1:
        return _star(number, lon, lat, float(1000 * 30 ** u[5]), int(8 * 12.5 ** u[6]), u)
    if number % 4 == 2:
        return _ribbon(number, lon, lat, u)
    return _round_zone(number, lon, lat, float(500 * 100 ** u[5]), u)


def _terms(u: Column) -> tuple[float, float, float, float]:
    floor = round(9000.0 * float(u[8])) if u[7] < 0.2 else -math.inf
    opens = T0 + STEPS * STEP_S * (float(u[10]) - 0.3) if u[9] < 0.2 else -math.inf
    return (
        floor,
        floor + 4000.0 if math.isfinite(floor) else math.inf,
        opens,
        opens + 3000.0 if math.isfinite(opens) else math.inf,
    )


def _round_zone(number: int, lon: float, lat: float, radius_m: float, u: Column) -> Zone:
    return Zone(number, "circle", round(lon, 7), round(lat, 7), round(radius_m, 1), None, *_terms(u))


def _star(number: int, lon: float, lat: float, radius_m: float, corners: int, u: Column) -> Zone:
    rough = _u(101, 2 * corners, 4096 * number)
    angle = 2 * math.pi * (np.arange(corners) + 0.5 * rough[:corners]) / corners
    reach = radius_m / M_PER_DEG * (0.8 + 0.2 * np.cos(3 * angle + 6.0 * u[11])) * (1 + 0.1 * (rough[corners:] - 0.5))
    ring = np.column_stack([lon + reach * np.cos(angle) / math.cos(math.radians(lat)), lat + reach * np.sin(angle)])
    return Zone(number, "polygon", lon, lat, radius_m, np.round(ring, 7), *_terms(u))


def _ribbon(number: int, lon: float, lat: float, u: Column) -> Zone:
    """Both sides of a line that sways about a straight one; never wider than it bends, so it does not cross itself."""
    length_m, half_width_m, heading = 20_000 + 80_000 * u[5], 500 + 2500 * u[6], 2 * math.pi * u[4]
    along = np.linspace(-0.5, 0.5, 24) * length_m
    sway = 0.05 * length_m * np.sin(2 * math.pi * along / length_m + 6.0 * u[11])
    x = np.concatenate([along, along[::-1]])
    y = np.concatenate([sway - half_width_m, sway[::-1] + half_width_m])
    east, north = x * math.cos(heading) - y * math.sin(heading), x * math.sin(heading) + y * math.cos(heading)
    ring = np.column_stack([lon + east / M_PER_DEG / math.cos(math.radians(lat)), lat + north / M_PER_DEG])
    return Zone(number, "polygon", lon, lat, float(length_m / 2), np.round(ring, 7), *_terms(u))

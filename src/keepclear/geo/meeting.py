"""When courses meet the edges of shapes, with an error that grows on the way.

Nobody comes nearer faster than the speed and the growth of the doubt allow, so each step goes as far as is certainly
outside; no shape is too small to be met. Compiled, course by course."""

from __future__ import annotations

import math

import numpy as np

from keepclear.geo.compiled import compiled, compiled_in_place
from keepclear.geo.earth import Floats
from keepclear.geo.edges import Desk, Edges, Numbers, desk, edge
from keepclear.geo.geodesics import Course, along, course

STEPS_MAX = 400
MET_M = 1.0


@compiled
def meetings_s(edges: Edges, number: Numbers, motions: Floats, horizon_s: Floats, sigmas: tuple[float, ...]) -> Floats:
    """Seconds until the distance to the edge, made so many sigmas longer, is first used up, one column for each of `sigmas`.

    number   (n,) the shape that each course is held against
    motions  (n, 6) latitude, longitude, one-sigma error in metres, speed in m/s, azimuth, one sigma of the speed

    Infinite where that is not within the horizon or within 400 steps, for courses that start inside, and for all columns
    after the first such: who is not expected at all is not asked when soonest."""
    met_s = np.full((len(number), len(sigmas)), np.inf)
    written = desk()
    for i in range(len(number)):
        lat, lon, _, _, azimuth_deg, _ = motions[i]
        edge_m, guess = edge(edges, number[i], lat, lon, written, -1)
        if edge_m <= 0:
            continue
        ahead = course(lat, lon, azimuth_deg)
        for column, beyond in enumerate(sigmas):
            met_s[i, column] = _meeting_s(
                edges, number[i], ahead, motions[i], horizon_s[i], beyond, written, edge_m, guess
            )
            if met_s[i, column] == np.inf:
                break
    return met_s


@compiled_in_place
def _meeting_s(
    edges: Edges,
    number: int,
    ahead: Course,
    motion: Floats,
    horizon_s: float,
    sigmas: float,
    written: Desk,
    edge_m: float,
    guess: int,
) -> float:
    """From a start that is `edge_m` outside."""
    sigma_m, speed_mps, speed_sigma_mps = motion[2], motion[3], motion[5]
    fastest_mps = speed_mps + abs(sigmas) * speed_sigma_mps
    seconds = 0.0
    for _ in range(STEPS_MAX):
        apart_m = edge_m + sigmas * math.hypot(sigma_m, speed_sigma_mps * seconds)
        if apart_m <= MET_M:
            return seconds
        seconds += apart_m / fastest_mps
        if seconds > horizon_s:
            break
        lat, lon = along(ahead, speed_mps * seconds)
        edge_m, guess = edge(edges, number, lat, lon, written, guess)
    return np.inf

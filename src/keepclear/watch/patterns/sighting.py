"""One report as the patterns of one zone see it: a place about the zone's middle, and how near the edge, from least to most.

What `DOUBT_SIGMAS` standard deviations of the stated or assumed errors explain never makes a pattern.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from keepclear.geo import earth
from keepclear.geo.shapes import Shape
from keepclear.tracks.picture import Report
from keepclear.watch.presence import Sight

DOUBT_SIGMAS = 3.0


class Sighting(NamedTuple):
    """`place` is east, north and up of the zone's middle in metres, `direction_rad` the way there, clockwise from north;
    `near_m` and `far_m` are the least and the most that
    the signed distance to the edge may be, without the error; infinite where the report is too far to matter, or of
    somebody whom the terms foresee."""

    identity: tuple[int | str, ...]
    seen_at_us: int
    place: tuple[float, float, float]
    direction_rad: float
    direction_doubt_rad: float
    is_area: bool
    sigma_m: float
    near_m: float
    far_m: float
    count_low: int | None
    count_high: int | None
    party: str
    source: str
    exercise: bool

    @property
    def doubt_m(self) -> float:
        """How far from its place it may have been."""
        return DOUBT_SIGMAS * self.sigma_m


class Surroundings:
    """Places as east, north and up of the middle of a shape. Lengths are straight through the earth: over 50 km short by 0.2 m."""

    def __init__(self, shape: Shape) -> None:
        lat, lon, _ = shape.around()
        self._middle = earth.to_ecef(lat, lon)
        self._axes = np.stack(earth.tangent_frame(lat, lon))

    def place(self, lat: float, lon: float) -> tuple[float, float, float]:
        """Degrees to metres."""
        east, north, up = (self._axes @ (earth.to_ecef(lat, lon) - self._middle)).tolist()
        return east, north, up


def sighting_of(report: Report, sight: Sight | None, around: Surroundings, assumed_error_mm: int) -> Sighting:
    """What a pattern needs of a report; `sight` None: it does not count here."""
    count = report.claim.count
    is_area = report.area is not None
    away = sight is None or sight.edge_mm is None or sight.edge_far_mm is None
    east, north, up = (0.0, 0.0, 0.0) if away else around.place(report.lat, report.lon)
    sigma_m = 0.0 if is_area else report.sigma_m(assumed_error_mm)
    return Sighting(
        identity=report.identity,
        seen_at_us=report.seen_at_us,
        place=(east, north, up),
        direction_rad=math.atan2(east, north),
        direction_doubt_rad=math.inf
        if away or is_area
        else math.atan2(DOUBT_SIGMAS * sigma_m, math.hypot(east, north)),
        is_area=is_area,
        sigma_m=sigma_m,
        near_m=math.inf if sight is None or sight.edge_mm is None else sight.edge_mm / 1000,
        far_m=math.inf if sight is None or sight.edge_far_mm is None else sight.edge_far_mm / 1000,
        count_low=None if count is None else count.low,
        count_high=None if count is None else count.high,
        party=report.party,
        source=report.source,
        exercise=report.claim.exercise,
    )


def between_doubt_m(one: Sighting, other: Sighting) -> float:
    """How much of the distance between two sightings their errors explain."""
    return DOUBT_SIGMAS * math.hypot(one.sigma_m, other.sigma_m)


def named_together(names: set[str]) -> str:
    """Sources or parties as one text for an alert, in alphabetical order; those that nobody named are left out."""
    return ", ".join(sorted(name for name in names if name))

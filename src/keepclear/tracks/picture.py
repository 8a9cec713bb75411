"""One report as it is held, what can become of it, and when it does not go with the one before.

A report acts when it becomes known. Held are the reports of the last lateness bound before the subject's newest
one (and the one before those, for zones that open later), so that a late report can be put where it belongs.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from keepclear.geo.earth import E7, distance_m
from keepclear.geo.shapes import Shape
from keepclear.tracks.observations import Claim

LATENESS_US = 3_600_000_000
REPORTS_HELD_MAX = 4_096
MAX_SPEED_MPS = 350.0
CONTRADICTION_SIGMAS = 3.0

# No degree on the ellipsoid is longer than 111.7 km: a bound that spares most geodesics.
LONGEST_M_PER_E7 = 0.011_17


class Report(NamedTuple):
    """One report as the picture holds it. The leading fields are its identity and its order; see `identity`."""

    seen_at_us: int
    lat_e7: int
    lon_e7: int
    height_mm: int
    datum: int
    error_mm: int
    area_text: str
    party: str
    at_us: int
    speed_mmps: int
    course_cdeg: int
    source: str
    claim: Claim
    area: Shape | None
    sights: Mapping[int, Any]

    @property
    def identity(self) -> tuple[int | str, ...]:
        """Two reports of one subject that agree in this are one report told twice."""
        return self[:8]

    @property
    def lat(self) -> float:
        """Degrees."""
        return self.lat_e7 / E7

    @property
    def lon(self) -> float:
        """Degrees."""
        return self.lon_e7 / E7

    @property
    def error_is_assumed(self) -> bool:
        """Whether the report states no error, and no area in its place."""
        return self.error_mm < 0 and self.area is None

    def sigma_m(self, assumed_error_mm: int) -> float:
        """One-sigma position error in metres, assumed where it is not stated."""
        return (self.error_mm if self.error_mm >= 0 else assumed_error_mm) / 1000


class Verdict(StrEnum):
    """What became of a report."""

    NEWEST = "newest"
    LATE = "late"
    DUPLICATE = "duplicate"
    TOO_LATE = "too_late"


VERDICTS = tuple(Verdict)


def remarkable(before: Report, report: Report, max_speed_mps: float, assumed_error_mm: int) -> tuple[str, ...]:
    """A way too long for the time, beyond what the errors of both explain; or two places at one instant."""
    if before.area or report.area:
        return ()
    slack_m = CONTRADICTION_SIGMAS * (before.sigma_m(assumed_error_mm) + report.sigma_m(assumed_error_mm))
    seconds = (report.seen_at_us - before.seen_at_us) / 1_000_000
    explained_m = slack_m + max_speed_mps * seconds
    if LONGEST_M_PER_E7 * (abs(report.lat_e7 - before.lat_e7) + abs(report.lon_e7 - before.lon_e7)) <= explained_m:
        return ()
    if distance_m(before.lat, before.lon, report.lat, report.lon) <= explained_m:
        return ()
    return ("contradiction",) if seconds == 0 else ("jump",)

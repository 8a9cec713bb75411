"""The reports held of each subject, in the order they were seen; doubles, late and impossible ones recognised.

A report acts when it becomes known. Held are the reports of the last lateness bound before the subject's newest
one (and the one before those, for zones that open later), so that a late report can be put where it belongs.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import NamedTuple

from keepclear.geo.earth import distance_m
from keepclear.tracks.picture import Report, Verdict

LATENESS_US = 3_600_000_000
REPORTS_HELD_MAX = 4_096
MAX_SPEED_MPS = 350.0
CONTRADICTION_SIGMAS = 3.0

# No degree on the ellipsoid is longer than 111.7 km: a bound that spares most geodesics.
_LONGEST_M_PER_E7 = 0.011_17


class Placed(NamedTuple):
    """A verdict, and what is remarkable about the report: "jump", "contradiction"."""

    verdict: Verdict
    flags: tuple[str, ...] = ()


class Held:
    """The held reports of one subject, oldest first."""

    __slots__ = ("_forgotten_until_us", "reports")

    def __init__(self) -> None:
        self.reports: list[Report] = []
        self._forgotten_until_us: int | None = None

    def place(self, report: Report, lateness_us: int, max_speed_mps: float, assumed_error_mm: int) -> Placed:
        """Puts the report where it belongs by the time it was seen, and says what it is."""
        reports = self.reports
        if not reports or report.identity > reports[-1].identity:
            flags = _remarkable(reports[-1], report, max_speed_mps, assumed_error_mm) if reports else ()
            reports.append(report)
            return Placed(Verdict.NEWEST, flags)
        forgotten = self._forgotten_until_us is not None and report.seen_at_us <= self._forgotten_until_us
        if forgotten or report.seen_at_us < reports[-1].seen_at_us - lateness_us:
            return Placed(Verdict.TOO_LATE)
        place = bisect_left(reports, report.identity, key=lambda held: held.identity)
        if place < len(reports) and reports[place].identity == report.identity:
            return Placed(Verdict.DUPLICATE)
        flags = _remarkable(reports[place - 1], report, max_speed_mps, assumed_error_mm) if place else ()
        follower = reports[place]
        if not flags and follower.seen_at_us == report.seen_at_us:
            flags = _remarkable(report, follower, max_speed_mps, assumed_error_mm)
        reports.insert(place, report)
        return Placed(Verdict.LATE, flags)

    def following(self, report: Report) -> Report | None:
        """The held report that was seen next after this one."""
        place = bisect_right(self.reports, report.identity, key=lambda held: held.identity)
        return self.reports[place] if place < len(self.reports) else None

    def outdated(self, lateness_us: int) -> list[Report]:
        """Takes out and returns the reports that no late one can come before any more; the newest of those stays."""
        horizon_us = self.reports[-1].seen_at_us - lateness_us
        first_needed = bisect_left(self.reports, horizon_us, key=lambda held: held.seen_at_us)
        cut = max(first_needed - 1, len(self.reports) - REPORTS_HELD_MAX, 0)
        gone, self.reports = self.reports[:cut], self.reports[cut:]
        if gone:
            self._forgotten_until_us = gone[-1].seen_at_us
        return gone


def _remarkable(before: Report, report: Report, max_speed_mps: float, assumed_error_mm: int) -> tuple[str, ...]:
    """A way too long for the time, beyond what the errors of both explain; or two places at one instant."""
    if before.area or report.area:
        return ()
    slack_m = CONTRADICTION_SIGMAS * (before.sigma_m(assumed_error_mm) + report.sigma_m(assumed_error_mm))
    seconds = (report.seen_at_us - before.seen_at_us) / 1_000_000
    explained_m = slack_m + max_speed_mps * seconds
    if _LONGEST_M_PER_E7 * (abs(report.lat_e7 - before.lat_e7) + abs(report.lon_e7 - before.lon_e7)) <= explained_m:
        return ()
    if distance_m(before.lat, before.lon, report.lat, report.lon) <= explained_m:
        return ()
    return ("contradiction",) if seconds == 0 else ("jump",)

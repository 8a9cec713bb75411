"""What the watch holds of one subject, and of one subject towards one zone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from keepclear.agreements.terms import NOBODY, Attributed, Permission
from keepclear.geo.earth import E7, distance_m
from keepclear.tracks.history import NONE, Records
from keepclear.tracks.motion import MOTION_US_MAX, REACH_SPEED_FACTOR, REACH_SPEED_MPS_MIN, Motion, motion_between
from keepclear.tracks.observations import NO_AREA, UNKNOWN, Attribution
from keepclear.tracks.picture import Report
from keepclear.watch.events import Told
from keepclear.watch.presence import BY_RANK, State

PARTIES_PER_SUBJECT_MAX = 8


@dataclass
class Pair:
    """What has been told of one subject towards one zone, since `begin_seq` told of how it stood before the held reports.

    `rank` is what was told last: 0 clear, 1 close, 2 inside; `told` the changes that the held reports make.
    At all times it is what `retelling.retold` makes of them."""

    rank: int = 0
    begin_seq: int | None = None
    begin_inside_us: int | None = None
    told: list[Told] = field(default_factory=list)
    lost: bool = False
    permitted: bool = False
    permission_may_end: bool = False
    approaching: bool = False
    inside_since_us: int | None = None
    dwell_told: bool = False

    @property
    def state(self) -> State:
        """Lost, or what the reports say."""
        return State.LOST if self.lost else BY_RANK[self.rank]

    def permit(self, allowed: Permission) -> None:
        """Notes what the terms say of it now."""
        self.permitted = allowed.permitted and self.rank > 0
        self.permission_may_end = self.permitted and allowed.why == "notice_given"

    def note_stay(self, was: State, seen_at_us: int) -> None:
        """After a change from `was`: remembers since when it is inside, or forgets it."""
        if self.state is State.INSIDE and (was is not State.LOST or self.inside_since_us is None):
            self.inside_since_us, self.dwell_told = seen_at_us, False
        elif self.state in {State.CLEAR, State.CLOSE}:
            self.inside_since_us = None

    def restate_stay(self) -> bool:
        """After a new telling: whether the stay that goes on began at another time than was held."""
        since_us = self.begin_inside_us
        for told in self.told:
            since_us = told.seen_at_us if told.now is State.INSIDE else None
        if self.state is not State.INSIDE or since_us is None or since_us == self.inside_since_us:
            return False
        self.inside_since_us, self.dwell_told = since_us, False
        return True

    def note_folded(self, seen_at_us: int, rank: int) -> None:
        """The first change told is now part of how the telling begins."""
        self.begin_seq = self.told.pop(0).seq
        self.begin_inside_us = seen_at_us if BY_RANK[rank] is State.INSIDE else None

    def cite(self, seq: int | None) -> None:
        """The last change, which was not said, counts as said by this event."""
        if self.told:
            self.told[-1] = replace(self.told[-1], seq=seq)

    @property
    def dwell_waits(self) -> bool:
        """Whether there is a stay that the terms do not foresee and whose length has not been told."""
        return self.inside_since_us is not None and not self.permitted and not self.dwell_told

    @property
    def holds_something(self) -> bool:
        """Whether it would make a difference if this pair had never been looked at, its standing aside."""
        return self.lost or bool(self.told) or self.approaching

    @property
    def needs_looking_after(self) -> bool:
        """Whether the next report of the subject may change something that the compiled step does not know of."""
        return self.lost or (self.approaching and self.rank == 0) or self.permission_may_end


class Subject:
    """Whose a subject is said to be, how fast it has been, and what was told of it towards each zone that mattered.

    `timed_row`  the latest report that `top_speed_mps` takes in, a row of the history
    `silence_due_us`  when its silence is looked at; a deadline of silence for another instant means nothing
    `told_of`    for all subjects: zone by zone, the numbers of those of whom something is held"""

    __slots__ = ("attributed", "name", "number", "pairs", "silence_due_us", "timed_row", "told_of", "top_speed_mps")

    def __init__(self, name: str, number: int, told_of: dict[int, set[int]]) -> None:
        self.name = name
        self.number = number
        self.told_of = told_of
        self.attributed: Attributed = NOBODY
        self.pairs: dict[int, Pair] = {}
        self.top_speed_mps = 0.0
        self.timed_row = NONE
        self.silence_due_us: int | None = None

    @property
    def reach_speed_mps(self) -> float:
        """How fast it is held able to go: half more than it has shown, and never less than a vehicle on a road."""
        return max(REACH_SPEED_MPS_MIN, REACH_SPEED_FACTOR * self.top_speed_mps)

    def towards(self, zone_number: int) -> Pair:
        """What was told of it towards a zone, from now on kept."""
        pair = self.pairs.get(zone_number)
        if pair is None:
            pair = Pair()
            self.keep(zone_number, pair)
        return pair

    def keep(self, zone_number: int, pair: Pair) -> None:
        """Keeps this of what was told of it towards a zone."""
        self.pairs[zone_number] = pair
        self.told_of.setdefault(zone_number, set()).add(self.number)

    def drop(self, zone_number: int) -> None:
        """Drops what was told of it towards a zone."""
        if self.pairs.pop(zone_number, None) is not None:
            self.told_of[zone_number].discard(self.number)

    def forget(self, is_trivial: Callable[[int], bool]) -> None:
        """Drops the pairs of which nothing is held and that stand as if they had never been looked at."""
        for zone in [zone for zone, pair in self.pairs.items() if not pair.holds_something and is_trivial(zone)]:
            del self.pairs[zone]
            self.told_of[zone].discard(self.number)

    def attribute(self, claim: Attribution) -> None:
        """Adds a claim of whose it is. Claims of different parties stand side by side; of one party the surest counts."""
        parties = dict(self.attributed.parties)
        held = parties.get(claim.party, 0.0)
        if claim.party in parties or len(parties) < PARTIES_PER_SUBJECT_MAX:
            parties[claim.party] = None if held is None or claim.confidence is None else max(held, claim.confidence)
            self.attributed = Attributed(tuple(parties.items()))


def motion_of(report: Report, before: Report | None, assumed_error_mm: int) -> Motion | None:
    """The course of a subject: as its newest report states it, else from its last two places; None where neither can be had."""
    if report.area:
        return None
    sigma_m = report.sigma_m(assumed_error_mm)
    if UNKNOWN not in (report.speed_mmps, report.course_cdeg):
        return Motion.reported(report.lat, report.lon, sigma_m, report.speed_mmps / 1000, report.course_cdeg / 100)
    if before is None:
        return None
    elapsed_us = report.seen_at_us - before.seen_at_us
    if before.area or not 0 < elapsed_us <= MOTION_US_MAX:
        return None
    return motion_between(
        before.lat, before.lon, before.sigma_m(assumed_error_mm), report.lat, report.lon, sigma_m, elapsed_us / 1e6
    )


def speeds_mps(history: Records, rows: list[int]) -> list[float]:
    """How fast the courses are, as `motion_of` draws them, that lead to these rows of the history from those before them.

    0 where there is none."""
    here = history[rows]
    before = history[np.maximum(here["before"], 0)]
    elapsed_us = here["seen_at_us"] - before["seen_at_us"]
    states_course = (here["speed_mmps"] != UNKNOWN) & (here["course_cdeg"] != UNKNOWN)
    points = (here["area"] == NO_AREA) & (before["area"] == NO_AREA)
    drawn = ~states_course & points & (here["before"] != NONE) & (elapsed_us > 0) & (elapsed_us <= MOTION_US_MAX)
    found = np.where(states_course & (here["area"] == NO_AREA), here["speed_mmps"] / 1000, 0.0)
    ends = [column[drawn] / E7 for column in (before["lat_e7"], before["lon_e7"], here["lat_e7"], here["lon_e7"])]
    found[drawn] = distance_m(*ends) / (elapsed_us[drawn] / 1e6)
    speeds: list[float] = found.tolist()
    return speeds

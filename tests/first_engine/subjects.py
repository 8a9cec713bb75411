"""What the watch holds of one subject, and of one subject towards one zone."""

from __future__ import annotations

from dataclasses import dataclass, field

from keepclear.agreements.terms import NOBODY, Attributed
from keepclear.tracks.motion import REACH_SPEED_FACTOR, REACH_SPEED_MPS_MIN, Motion, motion_between
from keepclear.tracks.observations import UNKNOWN, Attribution
from keepclear.tracks.picture import Report
from keepclear.watch.events import Told
from keepclear.watch.presence import State
from tests.first_engine.picture import Held
from tests.first_engine.presence import START, Standing

PARTIES_PER_SUBJECT_MAX = 8
# A course is not drawn from two reports farther apart than this, nor from an area.
MOTION_US_MAX = 3_600_000_000


@dataclass
class Pair:
    """One subject towards one zone. `begin` is the standing before the held reports (with the event that said it, and
    since when it is inside), `told` what they have told since.

    At all times `standing` and `told` are what `retelling.retold` makes of `begin` and the held reports."""

    begin: Standing = START
    begin_seq: int | None = None
    begin_inside_us: int | None = None
    standing: Standing = START
    told: list[Told] = field(default_factory=list)
    lost: bool = False
    permitted: bool = False
    approaching: bool = False
    inside_since_us: int | None = None
    dwell_told: bool = False

    @property
    def state(self) -> State:
        """Lost, or what the reports say."""
        return State.LOST if self.lost else self.standing.state

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

    @property
    def dwell_waits(self) -> bool:
        """Whether there is a stay that the terms do not foresee and whose length has not been told."""
        return self.inside_since_us is not None and not self.permitted and not self.dwell_told

    @property
    def forgettable(self) -> bool:
        """Whether nothing would change if this pair had never been looked at."""
        holds_something = self.lost or self.told or self.begin.rank or self.standing.rank or self.approaching
        return not (holds_something or any(self.standing.recent) or any(self.begin.recent))


class Subject:
    """The held reports of one subject, whose it is said to be, and how it stands towards each zone that mattered."""

    __slots__ = ("attributed", "held", "name", "pairs", "silence_due_us", "top_speed_mps")

    def __init__(self, name: str) -> None:
        self.name = name
        self.held = Held()
        self.attributed: Attributed = NOBODY
        self.pairs: dict[int, Pair] = {}
        self.top_speed_mps = 0.0
        self.silence_due_us: int | None = None

    @property
    def newest(self) -> Report:
        """The report seen last."""
        return self.held.reports[-1]

    @property
    def reach_speed_mps(self) -> float:
        """How fast it is held able to go: half more than it has shown, and never less than a vehicle on a road."""
        return max(REACH_SPEED_MPS_MIN, REACH_SPEED_FACTOR * self.top_speed_mps)

    def towards(self, zone_number: int) -> Pair:
        """How it stands towards a zone, from now on kept."""
        pair = self.pairs.get(zone_number)
        if pair is None:
            pair = self.pairs[zone_number] = Pair()
        return pair

    def attribute(self, claim: Attribution) -> None:
        """Adds a claim of whose it is. Claims of different parties stand side by side; of one party the surest counts."""
        parties = dict(self.attributed.parties)
        held = parties.get(claim.party, 0.0)
        if claim.party in parties or len(parties) < PARTIES_PER_SUBJECT_MAX:
            parties[claim.party] = None if held is None or claim.confidence is None else max(held, claim.confidence)
            self.attributed = Attributed(tuple(parties.items()))

    def motion(self, assumed_error_mm: int) -> Motion | None:
        """Its course: as its newest report states it, else from its last two places; None where neither can be had."""
        report = self.newest
        if report.area:
            return None
        sigma_m = report.sigma_m(assumed_error_mm)
        if UNKNOWN not in (report.speed_mmps, report.course_cdeg):
            return Motion.reported(report.lat, report.lon, sigma_m, report.speed_mmps / 1000, report.course_cdeg / 100)
        if len(self.held.reports) < 2:
            return None
        before = self.held.reports[-2]
        elapsed_us = report.seen_at_us - before.seen_at_us
        if before.area or not 0 < elapsed_us <= MOTION_US_MAX:
            return None
        return motion_between(
            before.lat, before.lon, before.sigma_m(assumed_error_mm), report.lat, report.lon, sigma_m, elapsed_us / 1e6
        )

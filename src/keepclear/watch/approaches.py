"""Who is on course for a zone and may be there within its approach time: told once per approach."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from keepclear.agreements.atlas import Versions
from keepclear.geo.balls import ball_of, balls_within
from keepclear.tracks.history import Records
from keepclear.tracks.motion import Motion
from keepclear.tracks.picture import Report
from keepclear.watch import alerts
from keepclear.watch.approach import TimeToEdge, times_to_edge
from keepclear.watch.consequences import Consequences
from keepclear.watch.holdings import Holdings
from keepclear.watch.speaker import Speaker
from keepclear.watch.subjects import Subject, motion_of
from keepclear.watch.zone_columns import may_be_at_its_height


class Approaches:
    """The zones that have an approach time.

    zones       their numbers
    horizon_us  the longest approach time
    balls       (n, 4) earth-centred metres: centre and radius round each of them"""

    def __init__(
        self,
        atlas: Versions,
        columns: Records,
        held: Holdings,
        speaker: Speaker,
        consequences: Consequences,
        assumed_error_mm: int,
    ) -> None:
        self.zones: list[int] = []
        self.horizon_us = 0
        self.balls = np.zeros((0, 4))
        self._ball_of: dict[int, npt.NDArray[np.float64]] = {}
        self._atlas = atlas
        self._zones = columns
        self._held = held
        self._speaker = speaker
        self._consequences = consequences
        self._assumed_error_mm = assumed_error_mm

    def turn_to(self, atlas: Versions, columns: Records) -> None:
        """The zones are others from now on, with what the columns say of them."""
        self._atlas, self._zones = atlas, columns

    def note_terms(self) -> None:
        """The terms of the zones are others from now on."""
        approach_us = {
            number: zone.approach_us
            for number, zone in enumerate(self._atlas)
            if number not in self._atlas.gone and zone.approach_us is not None
        }
        self.zones, self.horizon_us = list(approach_us), max(approach_us.values(), default=0)
        known, self._ball_of = self._ball_of, {}
        for number in self.zones:
            ball = known.get(number)
            self._ball_of[number] = ball_of(self._atlas.zones[number].shape, 1.0) if ball is None else ball
        self.balls = np.array(list(self._ball_of.values())).reshape(-1, 4)

    def look_ahead(self, subject: Subject, report: Report) -> None:
        """Alerts for a course that meets a zone within its approach time; once per approach."""
        motion = motion_of(report, self._held.before(self._held.newest_row(subject.number)), self._assumed_error_mm)
        near: set[int] = set()
        if motion is not None:
            reach_m = motion.speed_mps * self.horizon_us / 1e6
            near = {self.zones[i] for i in balls_within(self.balls, report.lat, report.lon, reach_m)}
        met = self._met(subject, sorted(near), motion) if motion is not None else {}
        for number in sorted(near | self._held.zones_of(subject.number)):
            zone, pair, ahead = self._atlas.zones[number], subject.pairs.get(number), met.get(number)
            if zone.approach_us is None or (pair is not None and pair.rank):
                continue
            if ahead is None or not may_be_at_its_height(self._zones[number], report.height_mm, report.datum):
                if pair is not None:
                    pair.approaching = False
                continue
            pair = subject.towards(number)
            allowed = self._consequences.permission(subject, number, "inside", report.seen_at_us)
            if not pair.approaching and not allowed.permitted:
                pair.approaching = True
                params: alerts.Params = {"seen_at_us": report.seen_at_us}
                params |= alerts.of_sight(self._consequences.measured(report, number))
                params |= alerts.ahead(ahead) | alerts.doubt(allowed)
                self._speaker.alert("approach", subject.name, zone, "soon", params, exercise=report.claim.exercise)

    def _met(self, subject: Subject, numbers: list[int], motion: Motion) -> dict[int, TimeToEdge | None]:
        """When a course meets those of these zones that are open and that the subject is not at: measured all at once."""
        asked, horizons_s = [], []
        for number in numbers:
            zone, pair = self._atlas.zones[number], subject.pairs.get(number)
            if (pair is None or not pair.rank) and zone.window.contains(self._speaker.now_us):
                asked.append(number)
                horizons_s.append((zone.approach_us or 0) / 1e6)
        if not asked:
            return {}
        found = times_to_edge(self._atlas.measures, asked, [motion] * len(asked), horizons_s)
        return dict(zip(asked, found, strict=True))

"""Who has been silent for too long: when its silence is looked at, how fast it has been, and who stays lost when zones change.

Lost is who has been silent for as long as the terms of a zone say and could have reached it by now (PRESENCE-4).
"""

from __future__ import annotations

from collections.abc import Mapping

from keepclear.agreements.atlas import Versions, Zone
from keepclear.tracks.history import NONE, Records
from keepclear.tracks.motion import reach_us
from keepclear.tracks.picture import Report
from keepclear.watch.consequences import Consequences
from keepclear.watch.deadlines import Deadline, Deadlines, Kind
from keepclear.watch.events import Cause
from keepclear.watch.holdings import Holdings
from keepclear.watch.presence import START, Sight, after
from keepclear.watch.speaker import Speaker
from keepclear.watch.subjects import Pair, Subject, speeds_mps

# Subjects of whom something is not said, by number, each with the event that said it before.
Unsaid = Mapping[int, int | None]


class Silences:
    """The silence of all subjects, as the terms of the zones ask for it.

    zones  the numbers of those that lose somebody who is silent"""

    def __init__(
        self,
        atlas: Versions,
        held: Holdings,
        speaker: Speaker,
        deadlines: Deadlines,
        consequences: Consequences,
        assumed_error_mm: int,
    ) -> None:
        self.zones: list[int] = []
        self._soonest_us = 0
        self._atlas = atlas
        self._held = held
        self._speaker = speaker
        self._deadlines = deadlines
        self._consequences = consequences
        self._assumed_error_mm = assumed_error_mm

    def turn_to(self, atlas: Versions) -> None:
        """The zones are others from now on."""
        self._atlas = atlas

    def note_terms(self) -> None:
        """The terms of the zones are others from now on."""
        silent_after_us = {
            number: zone.presence.silent_after_us
            for number, zone in enumerate(self._atlas)
            if number not in self._atlas.gone and zone.presence.silent_after_us is not None
        }
        if silent_after_us and not self.zones:
            # The speeds of the reports that are held count: which these are must not depend on when old ones were let go of.
            self._held.tidy_now(self.time)
        self.zones, self._soonest_us = list(silent_after_us), min(silent_after_us.values(), default=0)

    def time(self, subject: Subject) -> None:
        """Takes the speed of the reports since it was last taken."""
        if not self.zones:
            return
        newest = self._held.newest_row(subject.number)
        if newest != subject.timed_row:
            rows = self._held.rows_since(newest, subject.timed_row)
            for speed_mps in speeds_mps(self._held.history.rows, rows):
                subject.top_speed_mps = max(subject.top_speed_mps, speed_mps)
            subject.timed_row = newest

    def time_moves(self, moves: Records) -> None:
        """The same of those who moved, up to the reports that moved them. The way of a jump is left out."""
        if not self.zones:
            return
        rows, subjects = [], []
        before = self._held.history.rows["before"][moves["report"]].tolist()
        own = zip(moves["report"].tolist(), before, moves["subject"].tolist(), moves["zone"].tolist(), strict=True)
        for row, row_before, number, zone in own:
            subject = self._held.subject(number)
            since = self._held.rows_since(row_before if zone == NONE else row, subject.timed_row)
            rows += since
            subjects += [subject] * len(since)
            subject.timed_row = row
        for subject, speed_mps in zip(subjects, speeds_mps(self._held.history.rows, rows), strict=True):
            subject.top_speed_mps = max(subject.top_speed_mps, speed_mps)

    def expect_report(self, subject: Subject) -> None:
        """Sets the deadline at which the silence of a subject is looked at, unless an earlier one is set."""
        due_us = max(self._held.newest(subject.number).seen_at_us + self._soonest_us, self._speaker.now_us)
        if subject.silence_due_us is None or due_us < subject.silence_due_us:
            self._look_at(subject, due_us)

    def is_moved_by_the_next(self, subject: Subject) -> bool:
        """Whether the silence of a subject is looked at too late, or never, should it report once more."""
        if subject.silence_due_us is None:
            return True
        newest = self._held.newest_row(subject.number)
        if newest == NONE:
            return False
        return subject.silence_due_us > int(self._held.history.rows["seen_at_us"][newest]) + self._soonest_us

    def _look_at(self, subject: Subject, due_us: int) -> None:
        self._deadlines.set(Deadline(due_us, Kind.SILENCE, subject=subject.name))
        subject.silence_due_us = due_us

    def fall_silent(self, subject: Subject) -> None:
        """Lost is who has been silent for too long and could have reached the zone by now."""
        subject.silence_due_us = None
        next_due_us = None
        newest = self._held.newest_row(subject.number)
        report = self._held.weighed(newest)
        for number in self.zones:
            zone, pair = self._atlas.zones[number], subject.pairs.get(number)
            if (pair is not None and pair.lost) or not zone.window.contains(self._speaker.now_us):
                continue
            sight = self._consequences.measured(report, number)
            due_us = self._lost_from_us(subject, report, sight, zone.presence.silent_after_us or 0)
            if due_us > self._speaker.now_us:
                next_due_us = due_us if next_due_us is None else min(next_due_us, due_us)
                continue
            pair = subject.towards(number)
            was, pair.lost = pair.state, True
            self._consequences.say(subject, number, was, newest, report.seen_at_us, Cause.SILENCE, sight)
        if next_due_us is not None:
            self._look_at(subject, next_due_us)

    def _lost_from_us(self, subject: Subject, report: Report, sight: Sight, silent_after_us: int) -> int:
        """When a subject is lost towards a zone, of which its newest report says this: silent for too long, and able to have come."""
        self.time(subject)
        edge_m, sigma_m = (sight.edge_mm or 0) / 1000, report.sigma_m(self._assumed_error_mm)
        return report.seen_at_us + max(silent_after_us, reach_us(edge_m, sigma_m, subject.reach_speed_mps))

    def staying_lost(self, zone: Zone, number: int, at_us: int) -> Unsaid:
        """Who is lost already when a zone is agreed, and so towards it as well: nothing new has come to pass, and nothing is said.

        That is who was lost towards the version before with its last report as near, or towards another zone and is clear of
        this one by its last report. With each goes the event that told how it stands.

        number  that of the version before, NONE if there is none"""
        silent_after_us, window = zone.presence.silent_after_us, zone.window
        if silent_after_us is None or not window.contains(at_us):
            return {}
        lost = sorted({subject.number for silent in self.zones for subject in self._held.lost_to(silent)})
        rows = [self._held.newest_row(subject_number) for subject_number in lost]
        staying: dict[int, int | None] = {}
        for subject_number, row, (sight, measured) in zip(
            lost, rows, self._held.sights_of_zone(rows, zone), strict=True
        ):
            subject, report = self._held.subject(subject_number), self._held.report(row)
            if report.seen_at_us >= at_us or self._lost_from_us(subject, report, measured, silent_after_us) > at_us:
                continue
            pair = subject.pairs.get(number, Pair())
            rank = after(START, sight, at_us, zone.presence, zone.band_mm).rank
            if rank == pair.rank and (pair.lost or rank == 0):
                told = (told.seq for told in reversed(pair.told) if told.seq is not None)
                staying[subject_number] = next(told, pair.begin_seq) if rank else None
        return staying

    def lose_unsaid(self, subject: Subject, number: int) -> None:
        """Somebody who was lost when a zone was agreed is lost towards it, and nothing is said."""
        pair = subject.towards(number)
        if pair.lost:
            return
        was, pair.lost = pair.state, True
        self._consequences.change_unsaid(subject, number, was, self._held.newest(subject.number), Cause.SILENCE)

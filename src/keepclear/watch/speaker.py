"""Gives every event its number and its instant, and keeps it until it is taken."""

from __future__ import annotations

from keepclear.agreements.atlas import Zone
from keepclear.agreements.terms import Permission
from keepclear.tracks.picture import Report
from keepclear.watch import alerts
from keepclear.watch.events import Alert, Cause, Correction, Event, Presence
from keepclear.watch.evidence import EDGE_TOLERANCE_MM
from keepclear.watch.patterns.noticed import Noticed
from keepclear.watch.presence import TRANSITIONS, Sight, State
from keepclear.watch.retelling import Difference
from keepclear.watch.subjects import Subject


class Speaker:
    """The clock of a watch, the running number, and the events said since they were last taken."""

    def __init__(self) -> None:
        self.clock_us: int | None = None
        self.last_seq = 0
        self._said: list[Event] = []

    @property
    def now_us(self) -> int:
        """The clock, once it runs."""
        assert self.clock_us is not None
        return self.clock_us

    def pass_to(self, at_us: int) -> None:
        """Moves the clock on; it never goes back."""
        self.clock_us = at_us if self.clock_us is None else max(self.clock_us, at_us)

    def taken(self) -> list[Event]:
        """The events said since the last call."""
        said, self._said = self._said, []
        return said

    def presence(
        self,
        subject: str,
        report: Report,
        zone: Zone,
        was: State,
        now: State,
        seen_at_us: int,
        cause: Cause,
        sight: Sight,
        allowed: Permission,
        flags: tuple[str, ...],
    ) -> Presence:
        """Says a change of presence, in the words of its cell of the table."""
        transition = TRANSITIONS[was, now]
        on_edge = sight.edge_mm is not None and abs(sight.edge_mm) <= EDGE_TOLERANCE_MM
        said = Presence(
            seq=self._next_seq(),
            at_us=self.now_us,
            seen_at_us=seen_at_us,
            subject=subject,
            zone=zone.id,
            was=was,
            now=now,
            what="the window closed" if cause is Cause.WINDOW_CLOSED else transition.what,
            cause=cause,
            urgency=transition.urgency,
            sight=sight,
            permission=allowed,
            lat=report.lat,
            lon=report.lon,
            area=report.area,
            source=report.source,
            claim=report.claim,
            error_assumed=report.error_is_assumed,
            flags=("on_edge", *flags) if on_edge else flags,
        )
        self._said.append(said)
        return said

    def alert(
        self,
        key: str,
        subject: str,
        zone: Zone,
        urgency: str,
        params: alerts.Params,
        *,
        exercise: bool,
        of: int | None = None,
    ) -> None:
        """Says an alert."""
        about = {"zone_name": zone.label, **params}
        self._said.append(Alert(self._next_seq(), self.now_us, key, subject, zone.id, urgency, about, of, exercise))

    def noticed(self, found: Noticed, zone: Zone) -> None:
        """Says as an alert what a pattern noticed."""
        self.alert(found.key, found.subject, zone, found.urgency, found.params, exercise=found.exercise)

    def correction(
        self, subject: Subject, zone: Zone, difference: Difference, after_seq: int | None, late: Report
    ) -> Correction:
        """Says what a late report changes; an added change is cited to come after event `after_seq`."""
        said = Correction(
            seq=self._next_seq(),
            at_us=self.now_us,
            of=difference.said.seq if difference.said else after_seq,
            action=difference.action,
            subject=subject.name,
            zone=zone.id,
            said=difference.said,
            stands=difference.stands,
            late_seen_at_us=late.seen_at_us,
            source=late.source,
            exercise=late.claim.exercise,
        )
        self._said.append(said)
        return said

    def _next_seq(self) -> int:
        self.last_seq += 1
        return self.last_seq

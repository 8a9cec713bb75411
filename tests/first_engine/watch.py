"""The watch: batches of reports in; who is where towards each zone, what changed, and what a person must know, out.

It is a deterministic function of the batches and instants it is given. Reports act in the order they became
known; time passes only by reports and by `advance`. At one instant reports act before timers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from keepclear.agreements.atlas import Atlas, Zone
from keepclear.agreements.terms import Permission, permission
from keepclear.ground.instants import parse_instant
from keepclear.tracks.motion import reach_us
from keepclear.tracks.observations import Observations
from keepclear.tracks.picture import VERDICTS, Report, Verdict
from keepclear.tracks.tables import observations_of
from keepclear.watch import alerts
from keepclear.watch.approach import TimeToEdge
from keepclear.watch.events import Action, Cause, Events, Told
from keepclear.watch.patterns.noticed import Noticed
from keepclear.watch.patterns.patterns import Patterns
from keepclear.watch.presence import TRANSITIONS, State
from tests.first_engine.approach import time_to_edge
from tests.first_engine.deadlines import Deadline, Deadlines, Kind
from tests.first_engine.evidence import ASSUMED_ERROR_MM
from tests.first_engine.index import ZoneIndex
from tests.first_engine.picture import LATENESS_US, MAX_SPEED_MPS
from tests.first_engine.presence import after
from tests.first_engine.retelling import Difference, Phase, differences, numbered_as, retold
from tests.first_engine.sightings import measured_sight, reports_of, sight_of
from tests.first_engine.speaker import Speaker
from tests.first_engine.subjects import Subject

# Somebody who comes close to a zone without an approach time is still told about when it may be there.
APPROACH_HORIZON_US = 3_600_000_000


class Watch:
    """Watches zones.

    >>> from keepclear import Circle, Watch, Zone
    >>> watch = Watch([Zone("kestrel", Circle(33.5, 38.6, 55_000.0), name="Kestrel Pass")])
    >>> events = watch.observe({
    ...     "subject": ["Bravo 1", "Bravo 1"],
    ...     "seen_at": ["2026-05-18T10:00:00Z", "2026-05-18T10:20:00Z"],
    ...     "lat": [33.70, 33.65],
    ...     "lon": [37.80, 38.20],
    ... })
    >>> [(p.subject, p.what, p.zone, round(p.sight.edge_mm / 1000)) for p in events.presence]
    [('Bravo 1', 'entered', 'kestrel', -14307)]

    assumed_error_m  one-sigma error of reports that state none; used for the probability, never to decide
    lateness_us      how long after a later report an earlier one is still taken in
    max_speed_mps    what is faster is flagged as an impossible jump; it still counts
    """

    def __init__(
        self,
        zones: Zone | Iterable[Zone] | Atlas,
        *,
        assumed_error_m: float = ASSUMED_ERROR_MM / 1000,
        lateness_us: int = LATENESS_US,
        max_speed_mps: float = MAX_SPEED_MPS,
    ) -> None:
        self.atlas = Atlas.of(zones)
        self.counts: Counter[str] = Counter()
        self._assumed_error_mm = round(assumed_error_m * 1000)
        self._lateness_us = lateness_us
        self._max_speed_mps = max_speed_mps
        self._subjects: dict[str, Subject] = {}
        self._speaker = Speaker()
        self._deadlines = Deadlines()
        self._patterns = Patterns(self.atlas, self._assumed_error_mm, lateness_us)
        self._phase = [Phase(zone.window.from_us is None, False) for zone in self.atlas]
        self._silent_zones = [i for i, zone in enumerate(self.atlas) if zone.presence.silent_after_us is not None]
        self._approach_zones = [i for i, zone in enumerate(self.atlas) if zone.approach_us is not None]
        self._approach_index = ZoneIndex([(self.atlas.zones[i].shape, 0.0) for i in self._approach_zones])
        for number, zone in enumerate(self.atlas):
            if zone.window.from_us is not None:
                self._deadlines.set(Deadline(zone.window.from_us, Kind.WINDOW_OPENS, number))
            if zone.window.until_us is not None:
                self._deadlines.set(Deadline(zone.window.until_us, Kind.WINDOW_CLOSES, number))

    @property
    def clock_us(self) -> int | None:
        """The instant up to which the watch knows; None before the first report."""
        return self._speaker.clock_us

    def observe(self, batch: Observations | Mapping[str, Any], *, zone: str | None = None) -> Events:
        """Takes a batch of reports, in the order they became known, and says what follows.

        A report that became known before the clock acts at the clock. A table or DataFrame is read as
        `keepclear.observations_of` reads it; `zone` is that of its times which have none."""
        batch = batch if isinstance(batch, Observations) else observations_of(batch, zone=zone)
        order = np.argsort(batch.known_at_us, kind="stable")
        reports = reports_of(batch.take(order), self.atlas, self._assumed_error_mm, self.clock_us)
        verdicts = [Verdict.NEWEST] * len(batch)
        for row, (name, report) in zip(order.tolist(), reports, strict=True):
            self._pass_time(report.at_us, including=False)
            verdicts[row] = self._take(name, report)
        return Events(self._speaker.taken(), np.array([VERDICTS.index(verdict) for verdict in verdicts], np.int8))

    def advance(self, at: int | str) -> Events:
        """Lets time pass to an instant (microseconds, or text such as "2026-05-18T12:00:00Z").

        Windows open and close, deadlines pass, the silent are lost."""
        self._pass_time(parse_instant(at).us if isinstance(at, str) else at, including=True)
        return Events(self._speaker.taken())

    def states(self) -> Iterator[tuple[str, str, State]]:
        """Subject, zone and state of everybody who is not simply clear, in the order subjects were first heard of."""
        for subject in self._subjects.values():
            for number in sorted(subject.pairs):
                state = subject.pairs[number].state
                if state is not State.CLEAR:
                    yield subject.name, self.atlas.zones[number].id, state

    def newest(self) -> Iterator[tuple[str, Report]]:
        """The report of each subject that was seen last."""
        for subject in self._subjects.values():
            yield subject.name, subject.newest

    # a report

    def _take(self, name: str, report: Report) -> Verdict:
        subject = self._subjects.get(name)
        if subject is None:
            subject = self._subjects[name] = Subject(name)
        placed = subject.held.place(report, self._lateness_us, self._max_speed_mps, self._assumed_error_mm)
        self.counts[placed.verdict] += 1
        self.counts.update(placed.flags)
        if placed.verdict in {Verdict.DUPLICATE, Verdict.TOO_LATE}:
            return placed.verdict
        if report.claim.attribution is not None:
            subject.attribute(report.claim.attribution)
        if placed.verdict is Verdict.LATE:
            for number in sorted(subject.pairs.keys() | report.sights.keys()):
                self._retell(subject, number, Cause.LATE_REPORT, report)
                if subject.pairs[number].standing.rank:
                    self._recheck_permission(subject, number)
        else:
            self._follow(subject, report, placed.flags)
        if self._patterns.watched:
            self._look_for_patterns(subject, report)
        self._forget(subject)
        return placed.verdict

    def _follow(self, subject: Subject, report: Report, flags: tuple[str, ...]) -> None:
        """The newest report of a subject moves it on."""
        if self._silent_zones:
            motion = None if "jump" in flags else subject.motion(self._assumed_error_mm)
            subject.top_speed_mps = max(subject.top_speed_mps, motion.speed_mps if motion else 0.0)
            self._expect_report(subject)
        for number in sorted(subject.pairs.keys() | report.sights.keys()):
            window, phase = self.atlas.zones[number].window, self._phase[number]
            before_window = window.from_us is not None and report.seen_at_us < window.from_us
            if (before_window and phase.opened) or phase.closed:
                self._retell(subject, number, Cause.REPORT, report)
            elif window.contains(report.seen_at_us):
                self._step(subject, number, report, flags)
        if self._approach_zones:
            self._look_ahead(subject)

    def _step(self, subject: Subject, number: int, report: Report, flags: tuple[str, ...]) -> None:
        """One more report, seen after all others: the standing moves on by it alone."""
        zone, pair, sight = self.atlas.zones[number], subject.towards(number), sight_of(report, number)
        was, before = pair.state, pair.standing
        pair.standing = after(before, sight, report.seen_at_us, zone.presence, zone.band_mm)
        pair.lost = False
        if pair.standing.rank != before.rank:
            told = Told(report.seen_at_us, before.state, pair.standing.state, Cause.REPORT, sight)
            pair.told.append(numbered_as(told, self._speaker.last_seq + 1))
        if pair.state is not was:
            self._say(subject, number, was, report.seen_at_us, Cause.REPORT, flags)
        elif pair.standing.rank:
            self._recheck_permission(subject, number)

    def _retell(self, subject: Subject, number: int, cause: Cause, report: Report) -> None:
        """Tells the held reports from the start and says what comes out otherwise than it was told.

        If the last change of the new telling is what moves the present, it is said as a change of presence; all other
        differences are corrections."""
        zone, pair = self.atlas.zones[number], subject.towards(number)
        was = pair.state
        if cause is not Cause.LATE_REPORT:
            pair.lost = False
        pair.standing, stands = retold(zone, number, pair.begin, subject.held.reports, self._phase[number])
        found, pair.told = differences(pair.told, stands)
        moving = found.pop() if pair.state is not was and found and found[-1].adds_at(len(stands) - 1) else None
        unknown_stay = not any(d.said is not None and d.said.now is State.INSIDE for d in found)
        for difference in found:
            self._correct(subject, number, difference, report, alarming=unknown_stay)
        if moving is not None and moving.stands is not None:
            pair.told[-1] = numbered_as(moving.stands, self._speaker.last_seq + 1)
            said_cause = cause if cause is Cause.LATE_REPORT else moving.stands.cause
            self._say(subject, number, was, moving.stands.seen_at_us, said_cause)
        elif pair.state is not was:
            self._say(subject, number, was, subject.newest.seen_at_us, cause)
        elif pair.restate_stay():
            self._expect_end_of_stay(subject, number)

    def _correct(self, subject: Subject, number: int, difference: Difference, late: Report, *, alarming: bool) -> None:
        """Says that something stands otherwise than it was told; a stay that nobody was told of is an alert too."""
        zone, pair, stands = self.atlas.zones[number], subject.pairs[number], difference.stands
        earlier = (told.seq for told in reversed(pair.told[: difference.place]) if told.seq is not None)
        said = self._speaker.correction(subject, zone, difference, next(earlier, pair.begin_seq), late)
        if difference.action is not Action.ADDED or stands is None:
            return
        pair.told[difference.place] = numbered_as(stands, said.seq)
        allowed = self._permission(subject, number, "inside", stands.seen_at_us)
        if alarming and stands.now is State.INSIDE and not allowed.permitted:
            params: alerts.Params = {"seen_at_us": stands.seen_at_us, "known_at_us": late.at_us}
            params |= alerts.of_sight(stands.sight) | alerts.doubt(allowed)
            self._speaker.alert("was_inside", subject, zone, "soon", params, of=said.seq)

    def _forget(self, subject: Subject) -> None:
        """Folds reports that no late one can precede any more into where each pair begins."""
        gone = subject.held.outdated(self._lateness_us)
        if not gone:
            return
        next_seen_us = subject.held.reports[0].seen_at_us
        for number, pair in list(subject.pairs.items()):
            zone = self.atlas.zones[number]
            opened = zone.window.from_us is None or zone.window.from_us < next_seen_us
            pair.begin, changes = retold(zone, number, pair.begin, gone, Phase(opened, False))
            if changes:
                pair.begin_seq = pair.told[len(changes) - 1].seq
                pair.begin_inside_us = changes[-1].seen_at_us if changes[-1].now is State.INSIDE else None
                del pair.told[: len(changes)]
            if pair.forgettable:
                del subject.pairs[number]

    # time

    def _pass_time(self, at_us: int, *, including: bool) -> None:
        self._patterns.begin(at_us)
        while (deadline := self._deadlines.next_due(at_us, including=including)) is not None:
            self._pass_patterns(deadline.due_us, including=deadline.kind is Kind.WINDOW_CLOSES)
            self._speaker.pass_to(deadline.due_us)
            if deadline.kind is Kind.SILENCE:
                if self._subjects[deadline.subject].silence_due_us == deadline.due_us:
                    self._fall_silent(self._subjects[deadline.subject])
            elif deadline.kind is Kind.DWELL:
                self._check_dwell(self._subjects[deadline.subject], deadline.zone)
            else:
                self._turn_window(deadline.zone, opens=deadline.kind is Kind.WINDOW_OPENS)
        self._pass_patterns(at_us, including=including)
        self._speaker.pass_to(at_us)

    def _pass_patterns(self, at_us: int, *, including: bool) -> None:
        """What patterns wait for; at one instant after all other deadlines."""
        while (due_us := self._patterns.next_due_us()) is not None and due_us < at_us + including:
            self._speaker.pass_to(due_us)
            self._tell(self._patterns.due(due_us))

    def _turn_window(self, number: int, *, opens: bool) -> None:
        self._phase[number] = Phase(True, not opens)
        cause = Cause.WINDOW_OPENED if opens else Cause.WINDOW_CLOSED
        for subject in self._subjects.values():
            if number in subject.pairs or number in subject.newest.sights:
                self._retell(subject, number, cause, subject.newest)
            if opens and number in self._silent_zones:
                self._expect_report(subject)

    def _expect_report(self, subject: Subject) -> None:
        """Sets the deadline at which the silence of a subject is looked at, unless an earlier one is set."""
        soonest_us = min(self.atlas.zones[i].presence.silent_after_us or 0 for i in self._silent_zones)
        due_us = max(subject.newest.seen_at_us + soonest_us, self._speaker.now_us)
        if subject.silence_due_us is None or due_us < subject.silence_due_us:
            self._deadlines.set(Deadline(due_us, Kind.SILENCE, subject=subject.name))
            subject.silence_due_us = due_us

    def _fall_silent(self, subject: Subject) -> None:
        """Lost is who has been silent for too long and could have reached the zone by now."""
        subject.silence_due_us = None
        report, next_due_us = subject.newest, None
        for number in self._silent_zones:
            zone, pair = self.atlas.zones[number], subject.pairs.get(number)
            if (pair is not None and pair.lost) or not zone.window.contains(self._speaker.now_us):
                continue
            edge_m = (measured_sight(report, number, zone).edge_mm or 0) / 1000
            within_us = reach_us(edge_m, report.sigma_m(self._assumed_error_mm), subject.reach_speed_mps)
            due_us = report.seen_at_us + max(zone.presence.silent_after_us or 0, within_us)
            if due_us > self._speaker.now_us:
                next_due_us = due_us if next_due_us is None else min(next_due_us, due_us)
                continue
            pair = subject.towards(number)
            was, pair.lost = pair.state, True
            self._say(subject, number, was, report.seen_at_us, Cause.SILENCE)
        if next_due_us is not None:
            self._deadlines.set(Deadline(next_due_us, Kind.SILENCE, subject=subject.name))
            subject.silence_due_us = next_due_us

    def _expect_end_of_stay(self, subject: Subject, number: int) -> None:
        zone, pair = self.atlas.zones[number], subject.pairs[number]
        if zone.dwell_us is not None and pair.dwell_waits and pair.inside_since_us is not None:
            due_us = max(pair.inside_since_us + zone.dwell_us, self._speaker.now_us)
            self._deadlines.set(Deadline(due_us, Kind.DWELL, number, subject.name))

    def _check_dwell(self, subject: Subject, number: int) -> None:
        zone, pair = self.atlas.zones[number], subject.pairs.get(number)
        if pair is None or pair.state is not State.INSIDE or not pair.dwell_waits:
            return
        allowed = self._permission(subject, number, "inside", self._speaker.now_us)
        if allowed.permitted:
            return
        inside_us, limit_us = self._speaker.now_us - (pair.inside_since_us or 0), zone.dwell_us or 0
        if inside_us < limit_us:
            self._expect_end_of_stay(subject, number)
            return
        pair.dwell_told = True
        params: alerts.Params = {"inside_s": inside_us / 1e6, "limit_s": limit_us / 1e6}
        params |= {"last_seen_at_us": subject.newest.seen_at_us}
        params |= alerts.doubt(allowed)
        self._speaker.alert("dwell", subject, zone, "now", params)

    def _look_ahead(self, subject: Subject) -> None:
        """Alerts for a course that meets a zone within its approach time; once per approach."""
        report, motion = subject.newest, subject.motion(self._assumed_error_mm)
        near: set[int] = set()
        if motion is not None:
            horizon_us = max(self.atlas.zones[i].approach_us or 0 for i in self._approach_zones)
            found = self._approach_index.within(report.lat, report.lon, motion.speed_mps * horizon_us / 1e6)
            near = {self._approach_zones[i] for i in found}
        for number in sorted(near | subject.pairs.keys()):
            zone, pair = self.atlas.zones[number], subject.pairs.get(number)
            if zone.approach_us is None or (pair is not None and pair.standing.state is not State.CLEAR):
                continue
            ahead = None
            if number in near and motion is not None and zone.window.contains(self._speaker.now_us):
                ahead = time_to_edge(zone.shape, motion, zone.approach_us / 1e6)
            if ahead is None or not _may_be_at_its_height(report, zone):
                if pair is not None:
                    pair.approaching = False
                continue
            pair, allowed = subject.towards(number), self._permission(subject, number, "inside", report.seen_at_us)
            if not pair.approaching and not allowed.permitted:
                pair.approaching = True
                params: alerts.Params = {"seen_at_us": report.seen_at_us}
                params |= alerts.of_sight(measured_sight(report, number, zone))
                self._speaker.alert(
                    "approach", subject, zone, "soon", params | alerts.ahead(ahead) | alerts.doubt(allowed)
                )

    # what no single position shows

    def _look_for_patterns(self, subject: Subject, report: Report) -> None:
        following = None if report is subject.newest else subject.held.following(report)
        now_us = self._speaker.now_us
        self._tell(self._patterns.report(subject.name, report, following, subject.attributed, now_us))

    def _tell(self, noticed: list[Noticed]) -> None:
        for found in noticed:
            self._speaker.noticed(found, self.atlas.zones[found.zone])

    # what follows from a change

    def _say(
        self, subject: Subject, number: int, was: State, seen_at_us: int, cause: Cause, flags: tuple[str, ...] = ()
    ) -> None:
        """One change of presence, and the alert that its cell of the table asks for, unless the terms foresee it."""
        zone, pair = self.atlas.zones[number], subject.pairs[number]
        where = "inside" if State.INSIDE in {was, pair.standing.state} else "band"
        judged_at_us = self._speaker.now_us if cause is Cause.SILENCE else subject.newest.seen_at_us
        allowed = self._permission(subject, number, where, judged_at_us)
        sight = measured_sight(subject.newest, number, zone)
        said = self._speaker.presence(subject, zone, was, pair.state, seen_at_us, cause, sight, allowed, flags)
        pair.permitted = allowed.permitted and pair.standing.rank > 0
        pair.note_stay(was, seen_at_us)
        self._expect_end_of_stay(subject, number)
        alert = TRANSITIONS[was, pair.state].alert
        told_already = alert == "approach" and pair.approaching
        only_the_window = alert == "found" and cause is Cause.WINDOW_CLOSED
        if alert is not None and not (allowed.permitted or told_already or only_the_window):
            params = alerts.of_presence(said)
            if alert == "approach":
                params |= alerts.ahead(self._time_to_edge(subject, zone))
            self._speaker.alert(alert, subject, zone, said.urgency, params, of=said.seq)
            pair.approaching = pair.state is State.CLOSE
        elif pair.state is not State.CLOSE:
            pair.approaching = False
        self._tell(
            self._patterns.presence(
                subject.name, number, pair.state, subject.newest, subject.attributed, seen_at_us, self._speaker.now_us
            )
        )

    def _recheck_permission(self, subject: Subject, number: int) -> None:
        zone, pair = self.atlas.zones[number], subject.pairs[number]
        where = "inside" if pair.standing.state is State.INSIDE else "band"
        allowed = self._permission(subject, number, where, subject.newest.seen_at_us)
        was_permitted, pair.permitted = pair.permitted, allowed.permitted
        if allowed.permitted or not was_permitted:
            return
        params: alerts.Params = {"seen_at_us": subject.newest.seen_at_us, "where": where}
        params |= alerts.of_sight(sight_of(subject.newest, number)) | alerts.doubt(allowed)
        self._speaker.alert("no_longer_foreseen", subject, zone, "now" if where == "inside" else "soon", params)
        self._expect_end_of_stay(subject, number)

    def _permission(self, subject: Subject, number: int, where: str, at_us: int) -> Permission:
        return permission(self.atlas.zones[number].may_enter, subject.attributed, where, at_us)

    def _time_to_edge(self, subject: Subject, zone: Zone) -> TimeToEdge | None:
        motion = subject.motion(self._assumed_error_mm)
        horizon_us = zone.approach_us or APPROACH_HORIZON_US
        return None if motion is None else time_to_edge(zone.shape, motion, horizon_us / 1e6)


def _may_be_at_its_height(report: Report, zone: Zone) -> bool:
    if zone.height is None:
        return True
    height_mm, datum = np.array([report.height_mm], dtype=np.int32), np.array([report.datum], dtype=np.int8)
    return bool(zone.height.may_hold(height_mm, datum)[0])

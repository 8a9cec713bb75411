"""The watch: batches of reports in; who is where towards each zone, what changed, and what a person must know, out.

It is a deterministic function of the batches and instants it is given. Reports act in the order they became
known; time passes only by reports and by `advance`. At one instant reports act before timers.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from enum import IntEnum
from typing import Any

import numpy as np

from keepclear.agreements.atlas import Atlas, Zone
from keepclear.agreements.terms import Permission, permission
from keepclear.geo.index import ZoneIndex
from keepclear.tracks.motion import reach_us
from keepclear.tracks.observations import NO_AREA, Observations
from keepclear.tracks.picture import LATENESS_US, MAX_SPEED_MPS, Report, Verdict
from keepclear.tracks.tables import observations_of
from keepclear.watch import alerts
from keepclear.watch.approach import TimeToEdge, time_to_edge
from keepclear.watch.events import Action, Alert, Cause, Correction, Event, Events, Presence, Told
from keepclear.watch.evidence import ASSUMED_ERROR_MM, EDGE_TOLERANCE_MM, Evidence, Weighed, weigh
from keepclear.watch.presence import TRANSITIONS, Sight, State, after
from keepclear.watch.retelling import Difference, Phase, differences, numbered_as, retold, sight_of
from keepclear.watch.subjects import Pair, Subject

APPROACH_HORIZON_US = 3_600_000_000


class _Timer(IntEnum):
    """What falls due; at one instant in this order."""

    WINDOW_OPENS = 0
    WINDOW_CLOSES = 1
    DWELL = 2
    SILENCE = 3


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
        zones: Iterable[Zone] | Atlas,
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
        self._clock_us: int | None = None
        self._subjects: dict[str, Subject] = {}
        self._said: list[Event] = []
        self._seq = 0
        self._timers: list[tuple[int, _Timer, int, str]] = []
        self._phase = [Phase(zone.window.from_us is None, False) for zone in self.atlas]
        self._silent_zones = [i for i, zone in enumerate(self.atlas) if zone.presence.silent_after_us is not None]
        self._approach_zones = [i for i, zone in enumerate(self.atlas) if zone.approach_us is not None]
        self._approach_index = ZoneIndex([(self.atlas.zones[i].shape, 0.0) for i in self._approach_zones])
        for number, zone in enumerate(self.atlas):
            if zone.window.from_us is not None:
                self._set_timer(zone.window.from_us, _Timer.WINDOW_OPENS, number)
            if zone.window.until_us is not None:
                self._set_timer(zone.window.until_us, _Timer.WINDOW_CLOSES, number)

    @property
    def clock_us(self) -> int | None:
        """The instant up to which the watch knows; None before the first report."""
        return self._clock_us

    def observe(self, batch: Observations | Mapping[str, Any]) -> Events:
        """Takes a batch of reports, in the order they became known, and says what follows.

        A report that became known before the clock acts at the clock. A table or DataFrame is read as
        `keepclear.observations_of` reads it."""
        batch = batch if isinstance(batch, Observations) else observations_of(batch)
        order = np.argsort(batch.known_at_us, kind="stable")
        verdicts = [Verdict.NEWEST] * len(batch)
        for row, (name, report) in zip(order.tolist(), self._reports(batch.take(order)), strict=True):
            self._pass_time(report.at_us, including=False)
            verdicts[row] = self._take(name, report)
        return Events(self._spoken(), verdicts)

    def advance(self, at_us: int) -> Events:
        """Lets time pass to `at_us`: windows open and close, deadlines pass, the silent are lost."""
        self._pass_time(at_us, including=True)
        return Events(self._spoken())

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

    # reports

    def _reports(self, batch: Observations) -> Iterator[tuple[str, Report]]:
        weighed = weigh(batch, self.atlas, self._assumed_error_mm)
        sights = _sights_by_row(weighed, len(batch))
        at_us = np.maximum.accumulate(
            np.maximum(batch.known_at_us, np.iinfo(np.int64).min if self._clock_us is None else self._clock_us)
        )
        columns = (
            batch.subject, batch.seen_at_us, batch.lat_e7, batch.lon_e7, batch.height_mm, batch.datum, batch.error_mm, batch.area,
            batch.claim, at_us, batch.speed_mmps, batch.course_cdeg, batch.source,
        )  # fmt: skip
        areas = {NO_AREA: ""} | {i: repr(area) for i, area in enumerate(batch.areas)}
        for row, (
            subject,
            seen,
            lat,
            lon,
            height,
            datum,
            error,
            area,
            claim_no,
            at,
            speed,
            course,
            source,
        ) in enumerate(zip(*(c.tolist() for c in columns), strict=True)):
            claim = batch.claims[claim_no]
            party = claim.attribution.party if claim.attribution else ""
            yield (
                batch.subjects[subject],
                Report(
                    seen,
                    lat,
                    lon,
                    height,
                    datum,
                    error,
                    areas[area],
                    party,
                    at,
                    speed,
                    course,
                    batch.sources[source],
                    claim,
                    None if area == NO_AREA else batch.areas[area],
                    sights[row],
                ),
            )

    def _take(self, name: str, report: Report) -> Verdict:
        subject = self._subjects.get(name)
        if subject is None:
            subject = self._subjects[name] = Subject(name, len(self._subjects))
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
        else:
            self._follow(subject, report, placed.flags)
        self._forget(subject)
        return placed.verdict

    def _follow(self, subject: Subject, report: Report, flags: tuple[str, ...]) -> None:
        """The newest report of a subject moves it on."""
        if self._silent_zones:
            motion = None if "jump" in flags else subject.motion(self._assumed_error_mm)
            subject.top_speed_mps = max(subject.top_speed_mps, motion.speed_mps if motion else 0.0)
            self._expect_report(subject, report.seen_at_us)
        for number in sorted(subject.pairs.keys() | report.sights.keys()):
            zone, phase = self.atlas.zones[number], self._phase[number]
            opens_us, closes_us = zone.window.from_us, zone.window.until_us
            before_window = opens_us is not None and report.seen_at_us < opens_us
            if (before_window and phase.opened) or phase.closed:
                self._retell(subject, number, Cause.REPORT, report)
            elif not before_window and (closes_us is None or report.seen_at_us <= closes_us):
                self._step(subject, number, report, flags)
        if self._approach_zones:
            self._look_ahead(subject, report)

    def _step(self, subject: Subject, number: int, report: Report, flags: tuple[str, ...]) -> None:
        zone = self.atlas.zones[number]
        pair = subject.pairs.get(number)
        if pair is None:
            pair = subject.pairs[number] = Pair()
        sight, was, before = sight_of(report, number), pair.state, pair.standing
        pair.standing = after(before, sight, report.seen_at_us, zone.presence, zone.band_mm)
        pair.lost = False
        if pair.standing.rank != before.rank:
            pair.told.append(
                Told(report.seen_at_us, before.state, pair.standing.state, Cause.REPORT, sight, self._seq + 1)
            )
        if pair.state is not was:
            self._say(subject, number, was, report.seen_at_us, Cause.REPORT, sight, flags)
        elif pair.permitted and pair.standing.rank:
            self._recheck_permission(subject, number, report)

    def _retell(self, subject: Subject, number: int, cause: Cause, report: Report) -> None:
        """Tells the held reports from the start and says what comes out otherwise than it was told."""
        zone = self.atlas.zones[number]
        pair = subject.pairs.get(number)
        if pair is None:
            pair = subject.pairs[number] = Pair()
        was = pair.state
        if cause is not Cause.LATE_REPORT:
            pair.lost = False
        pair.standing, stands = retold(zone, number, pair.begin, subject.held.reports, self._phase[number])
        found, pair.told = differences(pair.told, stands)
        last = len(stands) - 1
        changes_the_present = pair.state is not was and any(d.action is Action.ADDED and d.place == last for d in found)
        for difference in found:
            if not (changes_the_present and difference.action is Action.ADDED and difference.place == last):
                self._correct(subject, number, difference, report)
        if changes_the_present:
            newest = pair.told[last] = numbered_as(pair.told[last], self._seq + 1)
            self._say(
                subject,
                number,
                was,
                newest.seen_at_us,
                cause if cause is Cause.LATE_REPORT else newest.cause,
                newest.sight,
            )
        elif pair.state is not was:
            self._say(subject, number, was, subject.newest.seen_at_us, cause, sight_of(subject.newest, number))

    def _correct(self, subject: Subject, number: int, difference: Difference, late: Report) -> None:
        """Says that something stands otherwise than it was told, and which event told it."""
        pair, stands = subject.pairs[number], difference.stands
        before = next(
            (told.seq for told in reversed(pair.told[: difference.place]) if told.seq is not None), pair.begin_seq
        )
        self._said.append(
            Correction(
                self._next_seq(), self._now(), difference.said.seq if difference.said else before, difference.action, subject.name,
                self.atlas.zones[number].id, difference.said, stands, late.seen_at_us, late.source, late.claim.exercise,
            )
        )  # fmt: skip
        if difference.action is not Action.ADDED or stands is None:
            return
        pair.told[difference.place] = numbered_as(pair.told[difference.place], self._seq)
        allowed = self._permission(subject, number, "inside")
        if stands.now is State.INSIDE and not allowed.permitted:
            params: alerts.Params = {"seen_at_us": stands.seen_at_us, "known_at_us": late.at_us}
            self._alert(
                "was_inside",
                subject,
                number,
                "soon",
                params | alerts.of_sight(stands.sight) | alerts.doubt(allowed),
                of=self._seq,
            )

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
                del pair.told[: len(changes)]
            if pair.forgettable:
                del subject.pairs[number]

    # time

    def _pass_time(self, at_us: int, *, including: bool) -> None:
        while self._timers and (self._timers[0][0] < at_us or (including and self._timers[0][0] == at_us)):
            due_us, kind, number, name = heapq.heappop(self._timers)
            self._clock_us = due_us if self._clock_us is None else max(self._clock_us, due_us)
            if kind is _Timer.SILENCE:
                self._fall_silent(self._subjects[name])
            elif kind is _Timer.DWELL:
                self._check_dwell(self._subjects[name], number)
            else:
                self._turn_window(number, kind)
        self._clock_us = at_us if self._clock_us is None else max(self._clock_us, at_us)

    def _set_timer(self, due_us: int, kind: _Timer, number: int, name: str = "") -> None:
        heapq.heappush(self._timers, (due_us, kind, number, name))

    def _turn_window(self, number: int, kind: _Timer) -> None:
        opens = kind is _Timer.WINDOW_OPENS
        self._phase[number] = Phase(True, not opens)
        for subject in self._subjects.values():
            pair = subject.pairs.get(number)
            if pair is None and number not in subject.newest.sights:
                continue
            self._retell(subject, number, Cause.WINDOW_OPENED if opens else Cause.WINDOW_CLOSED, subject.newest)
        if opens and number in self._silent_zones:
            for subject in self._subjects.values():
                self._expect_report(subject, subject.newest.seen_at_us)

    def _expect_report(self, subject: Subject, seen_at_us: int) -> None:
        if not subject.silence_timer_set:
            soonest_us = min(self.atlas.zones[i].presence.silent_after_us or 0 for i in self._silent_zones)
            self._set_timer(seen_at_us + soonest_us, _Timer.SILENCE, 0, subject.name)
            subject.silence_timer_set = True

    def _fall_silent(self, subject: Subject) -> None:
        """Lost is who has been silent for too long and could have reached the zone by now."""
        subject.silence_timer_set = False
        report, next_due_us = subject.newest, None
        for number in self._silent_zones:
            zone = self.atlas.zones[number]
            pair = subject.pairs.get(number)
            if (pair is not None and pair.lost) or not zone.window.contains(self._now()):
                continue
            edge_m = (self._sight_or_far(subject, number).edge_mm or 0) / 1000
            within_us = reach_us(edge_m, report.sigma_m(self._assumed_error_mm), subject.reach_speed_mps)
            due_us = report.seen_at_us + max(zone.presence.silent_after_us or 0, within_us)
            if due_us > self._now():
                next_due_us = due_us if next_due_us is None else min(next_due_us, due_us)
                continue
            pair = subject.pairs.setdefault(number, Pair())
            was, pair.lost = pair.state, True
            self._say(subject, number, was, report.seen_at_us, Cause.SILENCE, sight_of(report, number))
        if next_due_us is not None:
            self._set_timer(next_due_us, _Timer.SILENCE, 0, subject.name)
            subject.silence_timer_set = True

    def _check_dwell(self, subject: Subject, number: int) -> None:
        zone, pair = self.atlas.zones[number], subject.pairs.get(number)
        if (
            pair is None
            or pair.state is not State.INSIDE
            or pair.dwell_told
            or pair.permitted
            or pair.inside_since_us is None
            or zone.dwell_us is None
        ):
            return
        due_us = pair.inside_since_us + zone.dwell_us
        if due_us > self._now():
            self._set_timer(due_us, _Timer.DWELL, number, subject.name)
            return
        pair.dwell_told = True
        params: alerts.Params = {
            "inside_s": (self._now() - pair.inside_since_us) / 1e6,
            "limit_s": zone.dwell_us / 1e6,
            "last_seen_at_us": subject.newest.seen_at_us,
        }
        self._alert("dwell", subject, number, "now", params | alerts.doubt(self._permission(subject, number, "inside")))

    # what is said

    def _say(
        self,
        subject: Subject,
        number: int,
        was: State,
        seen_at_us: int,
        cause: Cause,
        sight: Sight,
        flags: tuple[str, ...] = (),
    ) -> None:
        """One change of presence, and the alert that its cell of the table asks for, unless the terms foresee it."""
        zone, pair, report = self.atlas.zones[number], subject.pairs[number], subject.newest
        if sight.edge_mm is None:
            sight = self._sight_or_far(subject, number)
        transition = TRANSITIONS[was, pair.state]
        allowed = self._permission(subject, number, "inside" if State.INSIDE in {was, pair.standing.state} else "band")
        marks = ("on_edge",) if sight.edge_mm is not None and abs(sight.edge_mm) <= EDGE_TOLERANCE_MM else ()
        what = "the window closed" if cause is Cause.WINDOW_CLOSED else transition.what
        said = Presence(
            self._next_seq(), self._now(), seen_at_us, subject.name, zone.id, was, pair.state, what, cause, transition.urgency, sight, allowed,
            report.lat, report.lon, report.shape, report.source, report.claim, report.error_mm < 0 and not report.area, (*marks, *flags),
        )  # fmt: skip
        self._said.append(said)
        pair.permitted = allowed.permitted and pair.standing.rank > 0
        if (
            pair.state is State.INSIDE
            and was is not State.INSIDE
            and (was is not State.LOST or pair.inside_since_us is None)
        ):
            pair.inside_since_us, pair.dwell_told = seen_at_us, False
        elif pair.state in {State.CLEAR, State.CLOSE}:
            pair.inside_since_us = None
        self._wait_for_dwell(subject, number)
        needless = (transition.alert == "approach" and pair.approaching) or (
            transition.alert == "found" and cause is Cause.WINDOW_CLOSED
        )
        if transition.alert is not None and not allowed.permitted and not needless:
            params = alerts.of_presence(said)
            if transition.alert == "approach":
                params |= alerts.ahead(self._time_to_edge(subject, zone))
                pair.approaching = True
            self._alert(transition.alert, subject, number, transition.urgency, params, of=said.seq)
        if pair.state in {State.CLEAR, State.INSIDE}:
            pair.approaching = False

    def _wait_for_dwell(self, subject: Subject, number: int) -> None:
        zone, pair = self.atlas.zones[number], subject.pairs[number]
        if (
            zone.dwell_us is not None
            and pair.inside_since_us is not None
            and not pair.permitted
            and not pair.dwell_told
        ):
            self._set_timer(max(pair.inside_since_us + zone.dwell_us, self._now()), _Timer.DWELL, number, subject.name)

    def _recheck_permission(self, subject: Subject, number: int, report: Report) -> None:
        pair = subject.pairs[number]
        where = "inside" if pair.standing.state is State.INSIDE else "band"
        allowed = self._permission(subject, number, where)
        if not allowed.permitted:
            pair.permitted = False
            params: alerts.Params = {"seen_at_us": report.seen_at_us, "where": where}
            self._alert(
                "no_longer_foreseen",
                subject,
                number,
                "now" if where == "inside" else "soon",
                params | alerts.of_sight(sight_of(report, number)) | alerts.doubt(allowed),
            )
            self._wait_for_dwell(subject, number)

    def _look_ahead(self, subject: Subject, report: Report) -> None:
        """Alerts for a course that meets a zone within its approach time; once per approach."""
        motion = subject.motion(self._assumed_error_mm)
        if motion is None:
            return
        horizon_us = max(self.atlas.zones[i].approach_us or 0 for i in self._approach_zones)
        for found in self._approach_index.within(report.lat, report.lon, motion.speed_mps * horizon_us / 1e6):
            number = self._approach_zones[found]
            zone, pair = self.atlas.zones[number], subject.pairs.get(number)
            if not zone.window.contains(self._now()) or (pair is not None and pair.standing.rank == Evidence.IN):
                continue
            ahead = time_to_edge(zone.shape, motion, (zone.approach_us or 0) / 1e6)
            if ahead is None:
                if pair is not None and pair.standing.rank == 0:
                    pair.approaching = False
                continue
            pair = subject.pairs.setdefault(number, Pair())
            allowed = self._permission(subject, number, "inside")
            if not pair.approaching and not allowed.permitted:
                sight = self._sight_or_far(subject, number)
                self._alert(
                    "approach",
                    subject,
                    number,
                    "soon",
                    alerts.of_sight(sight)
                    | {"seen_at_us": report.seen_at_us}
                    | alerts.ahead(ahead)
                    | alerts.doubt(allowed),
                )
            pair.approaching = True

    def _alert(
        self, key: str, subject: Subject, number: int, urgency: str, params: alerts.Params, of: int | None = None
    ) -> None:
        zone = self.atlas.zones[number]
        self._said.append(
            Alert(
                self._next_seq(),
                self._now(),
                key,
                subject.name,
                zone.id,
                urgency,
                {"zone_name": zone.label, **params},
                of,
                subject.newest.claim.exercise,
            )
        )

    # questions

    def _permission(self, subject: Subject, number: int, where: str) -> Permission:
        return permission(self.atlas.zones[number].may_enter, subject.attributed, where, subject.newest.seen_at_us)

    def _sight_or_far(self, subject: Subject, number: int) -> Sight:
        """What the newest report says about a zone, with the distance worked out where it was too far to matter."""
        report = subject.newest
        sight = sight_of(report, number)
        if sight.edge_mm is not None:
            return sight
        edge_mm = round(
            1000 * float(self.atlas.zones[number].shape.edge_m(np.array([report.lat]), np.array([report.lon]))[0])
        )
        return Sight(edge_mm, edge_mm, sight.p_inside_e4, sight.evidence)

    def _time_to_edge(self, subject: Subject, zone: Zone) -> TimeToEdge | None:
        motion = subject.motion(self._assumed_error_mm)
        return (
            None
            if motion is None
            else time_to_edge(zone.shape, motion, (zone.approach_us or APPROACH_HORIZON_US) / 1e6)
        )

    def _now(self) -> int:
        assert self._clock_us is not None
        return self._clock_us

    def _next_seq(self) -> int:
        self._seq += 1
        return self._seq

    def _spoken(self) -> list[Event]:
        said, self._said = self._said, []
        return said


def _sights_by_row(weighed: Weighed, rows: int) -> list[dict[int, Sight]]:
    """For each row of a batch what it says about the zones that matter to it."""
    nothing: dict[int, Sight] = {}
    sights = [nothing] * rows
    columns = (
        weighed.report,
        weighed.zone,
        weighed.edge_mm,
        weighed.edge_far_mm,
        weighed.p_inside_e4,
        weighed.evidence,
    )
    for row, zone, *sight in zip(*(column.tolist() for column in columns), strict=True):
        if sights[row] is nothing:
            sights[row] = {}
        sights[row][zone] = Sight(*sight)
    return sights

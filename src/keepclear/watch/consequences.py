"""What follows from a change of presence, or from a new telling: what is said, whom it alarms, whether the terms foresee it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from keepclear.agreements.atlas import Versions
from keepclear.agreements.terms import Permission, permission
from keepclear.tracks.history import NONE
from keepclear.tracks.picture import Report
from keepclear.watch import alerts
from keepclear.watch.approach import TimeToEdge, times_to_edge
from keepclear.watch.deadlines import Deadline, Deadlines, Kind
from keepclear.watch.events import Action, Cause, Told
from keepclear.watch.holdings import Holdings
from keepclear.watch.patterns.noticed import Noticed
from keepclear.watch.patterns.patterns import Patterns
from keepclear.watch.presence import BY_RANK, FAR, TRANSITIONS, Sight, State
from keepclear.watch.retelling import CAUSES, Difference, differences, numbered_as
from keepclear.watch.sights import measured_sight
from keepclear.watch.speaker import Speaker
from keepclear.watch.subjects import Subject, motion_of

# Somebody who comes close to a zone without an approach time is still told about when it may be there.
APPROACH_HORIZON_US = 3_600_000_000


class Telling(NamedTuple):
    """What the reports of a subject up to row `newest` of the history tell about a zone.

    `sight` is what that report says about the zone and `ahead` the time to its edge, None where they are to be worked out."""

    newest: int
    stands: list[Told]
    sight: Sight | None = None
    ahead: Callable[[], TimeToEdge | None] | None = None


class Consequences:
    """Says changes of presence and corrections, and raises the alerts that follow."""

    def __init__(
        self,
        atlas: Versions,
        held: Holdings,
        speaker: Speaker,
        patterns: Patterns,
        deadlines: Deadlines,
        assumed_error_mm: int,
    ) -> None:
        self._atlas = atlas
        self._held = held
        self._speaker = speaker
        self._patterns = patterns
        self._deadlines = deadlines
        self._assumed_error_mm = assumed_error_mm

    def turn_to(self, atlas: Versions) -> None:
        """The zones are others from now on."""
        self._atlas = atlas

    def say(
        self,
        subject: Subject,
        number: int,
        was: State,
        row: int,
        seen_at_us: int,
        cause: Cause,
        sight: Sight | None = None,
        flags: tuple[str, ...] = (),
        ahead: Callable[[], TimeToEdge | None] | None = None,
    ) -> None:
        """One change of presence, and the alert that its cell of the table asks for, unless the terms foresee it.

        `row` is the newest report of the subject; `sight` what it says about the zone and `ahead` the time to its edge, worked out if not given."""
        zone, pair, report = self._atlas.zones[number], subject.pairs[number], self._held.report(row)
        allowed = self._judge(subject, number, was, report, cause)
        if sight is None:
            ((_, sight),) = self._held.sights([row], number)
        said = self._speaker.presence(
            subject.name, report, zone, was, pair.state, seen_at_us, cause, sight, allowed, flags
        )
        self._settle(subject, number, was, seen_at_us, allowed)
        alert = TRANSITIONS[was, pair.state].alert
        told_already = alert == "approach" and pair.approaching
        only_the_window = alert == "found" and cause is Cause.WINDOW_CLOSED
        if alert is not None and not (allowed.permitted or told_already or only_the_window):
            params = alerts.of_presence(said)
            if alert == "approach":
                params |= alerts.ahead(ahead() if ahead else self.times_to_edge([(row, number)])[0])
            exercise = report.claim.exercise
            self._speaker.alert(alert, subject.name, zone, said.urgency, params, exercise=exercise, of=said.seq)
            pair.approaching = pair.state is State.CLOSE
        elif pair.state is not State.CLOSE:
            pair.approaching = False
        now_us = self._speaker.now_us
        self.tell(
            self._patterns.presence(subject.name, number, pair.state, report, subject.attributed, seen_at_us, now_us)
        )

    def change_unsaid(self, subject: Subject, number: int, was: State, report: Report, cause: Cause) -> None:
        """A change of presence that nobody is told of; `report` is the newest."""
        seen_at_us = report.seen_at_us if cause is Cause.SILENCE else self._speaker.now_us
        self._settle(subject, number, was, seen_at_us, self._judge(subject, number, was, report, cause))
        self.tell_patterns(subject, number, self._speaker.now_us)

    def _settle(self, subject: Subject, number: int, was: State, seen_at_us: int, allowed: Permission) -> None:
        """What a change of presence means for permission and stay, whether it is said or not."""
        pair = subject.pairs[number]
        pair.permit(allowed)
        pair.note_stay(was, seen_at_us)
        self.expect_end_of_stay(subject, number)

    def _judge(self, subject: Subject, number: int, was: State, report: Report, cause: Cause) -> Permission:
        """What the terms say of a change of presence from `was`."""
        where = "inside" if State.INSIDE in {was, BY_RANK[subject.pairs[number].rank]} else "band"
        judged_at_us = self._speaker.now_us if cause is Cause.SILENCE else report.seen_at_us
        return self.permission(subject, number, where, judged_at_us)

    def tell_anew(
        self, subject: Subject, number: int, was: State, cause: Cause, report: Report, telling: Telling
    ) -> None:
        """Says what a new telling makes otherwise than it was told, after a subject was in state `was`."""
        pair, newest, stands = subject.pairs[number], telling.newest, telling.stands
        sight, ahead = telling.sight, telling.ahead
        found, pair.told = differences(pair.told, stands)
        moving = found.pop() if pair.state is not was and found and found[-1].adds_at(len(stands) - 1) else None
        unknown_stay = not any(d.said is not None and d.said.now is State.INSIDE for d in found)
        for difference in found:
            self._correct(subject, number, difference, report, newest, alarming=unknown_stay)
        if moving is not None and moving.stands is not None:
            pair.told[-1] = numbered_as(moving.stands, self._speaker.last_seq + 1)
            said_cause = cause if cause is Cause.LATE_REPORT else moving.stands.cause
            self.say(subject, number, was, newest, moving.stands.seen_at_us, said_cause, sight, ahead=ahead)
        elif pair.state is not was:
            seen_at_us = self._held.report(newest).seen_at_us
            self.say(subject, number, was, newest, seen_at_us, cause, sight, ahead=ahead)
        elif pair.restate_stay():
            self.expect_end_of_stay(subject, number)

    def told_by(self, changes: list[tuple[int, int, int, int, int]], number: int) -> list[Told]:
        """The changes of a telling, with what their reports say about the zone."""
        rows = [row for _, row, *_ in changes if row != NONE]
        sights = iter(self._held.sights(rows, number))
        return [
            Told(seen_at_us, BY_RANK[was], BY_RANK[now], CAUSES[cause], FAR if row == NONE else next(sights)[0])
            for seen_at_us, row, was, now, cause in changes
        ]

    def _correct(
        self, subject: Subject, number: int, difference: Difference, late: Report, newest: int, *, alarming: bool
    ) -> None:
        """Says that something stands otherwise than it was told; a stay that nobody was told of is an alert too."""
        zone, pair, stands = self._atlas.zones[number], subject.pairs[number], difference.stands
        earlier = (told.seq for told in reversed(pair.told[: difference.place]) if told.seq is not None)
        said = self._speaker.correction(subject, zone, difference, next(earlier, pair.begin_seq), late)
        if difference.action is not Action.ADDED or stands is None:
            return
        pair.told[difference.place] = numbered_as(stands, said.seq)
        allowed = self.permission(subject, number, "inside", stands.seen_at_us)
        if alarming and stands.now is State.INSIDE and not allowed.permitted:
            params: alerts.Params = {"seen_at_us": stands.seen_at_us, "known_at_us": late.at_us}
            params |= alerts.of_sight(stands.sight) | alerts.doubt(allowed)
            exercise = self._held.report(newest).claim.exercise
            self._speaker.alert("was_inside", subject.name, zone, "soon", params, exercise=exercise, of=said.seq)

    def recheck_permission(self, subject: Subject, number: int, report: Report) -> None:
        """Alerts where the terms foresaw a presence that goes on, and by this report no longer do."""
        zone, pair = self._atlas.zones[number], subject.pairs[number]
        where = "inside" if BY_RANK[pair.rank] is State.INSIDE else "band"
        allowed = self.permission(subject, number, where, report.seen_at_us)
        was_permitted = pair.permitted
        pair.permit(allowed)
        if allowed.permitted or not was_permitted:
            return
        params: alerts.Params = {"seen_at_us": report.seen_at_us, "where": where}
        params |= alerts.of_sight(report.sights.get(number, FAR)) | alerts.doubt(allowed)
        urgency = "now" if where == "inside" else "soon"
        self._speaker.alert("no_longer_foreseen", subject.name, zone, urgency, params, exercise=report.claim.exercise)
        self.expect_end_of_stay(subject, number)

    def expect_end_of_stay(self, subject: Subject, number: int) -> None:
        """Sets the deadline at which a stay is too long, if there is one that has not been told."""
        zone, pair = self._atlas.zones[number], subject.pairs[number]
        if zone.dwell_us is not None and pair.dwell_waits and pair.inside_since_us is not None:
            due_us = max(pair.inside_since_us + zone.dwell_us, self._speaker.now_us)
            self._deadlines.set(Deadline(due_us, Kind.DWELL, number, subject.name))

    def check_dwell(self, subject: Subject, number: int) -> None:
        """Alerts where a stay is too long by now."""
        zone, pair = self._atlas.zones[number], subject.pairs.get(number)
        if pair is None or pair.state is not State.INSIDE or not pair.dwell_waits:
            return
        allowed = self.permission(subject, number, "inside", self._speaker.now_us)
        if allowed.permitted:
            return
        inside_us, limit_us = self._speaker.now_us - (pair.inside_since_us or 0), zone.dwell_us or 0
        if inside_us < limit_us:
            self.expect_end_of_stay(subject, number)
            return
        pair.dwell_told = True
        newest = self._held.newest_at(subject.number, self._speaker.now_us)
        params: alerts.Params = {"inside_s": inside_us / 1e6, "limit_s": limit_us / 1e6}
        params |= {"last_seen_at_us": newest.seen_at_us}
        params |= alerts.doubt(allowed)
        self._speaker.alert("dwell", subject.name, zone, "now", params, exercise=newest.claim.exercise)

    def tell_patterns(self, subject: Subject, number: int, since_us: int) -> None:
        """Tells the patterns of a zone how a subject stands towards it, since when."""
        pair, report = subject.pairs[number], self._held.newest(subject.number)
        attributed, now_us = subject.attributed, self._speaker.now_us
        self.tell(self._patterns.presence(subject.name, number, pair.state, report, attributed, since_us, now_us))

    def tell(self, noticed: list[Noticed]) -> None:
        """Says what patterns have noticed."""
        for found in noticed:
            self._speaker.noticed(found, self._atlas.zones[found.zone])

    def permission(self, subject: Subject, number: int, where: str, at_us: int) -> Permission:
        """What the terms of a zone say of a subject inside it or in its band."""
        return permission(self._atlas.zones[number].may_enter, subject.attributed, where, at_us)

    def measured(self, report: Report, number: int) -> Sight:
        """What a report says about a zone, with its distance."""
        return measured_sight(report, number, self._atlas)

    def times_to_edge(self, pairs: list[tuple[int, int]]) -> list[TimeToEdge | None]:
        """When the courses that these rows of the history end meet the edges of these zones."""
        motions = [
            motion_of(self._held.report(row), self._held.before(row), self._assumed_error_mm) for row, _ in pairs
        ]
        drawn = [place for place, motion in enumerate(motions) if motion is not None]
        numbers = [pairs[place][1] for place in drawn]
        horizons_s = [(self._atlas.zones[number].approach_us or APPROACH_HORIZON_US) / 1e6 for number in numbers]
        courses = [motion for motion in motions if motion is not None]
        met = times_to_edge(self._atlas.measures, numbers, courses, horizons_s)
        found: list[TimeToEdge | None] = [None] * len(pairs)
        for place, ahead in zip(drawn, met, strict=True):
            found[place] = ahead
        return found

"""Dealings of the house with other parties, on one side: agreements, rosters, calls, measures, and what follows from each for the others.

    dealings.check(event, at_us)                      raises `Refused`, and changes nothing
    alarms = dealings.take(event, by, opens, teller)    takes it in, tells its line; what is to be raised is for the caller

An agreement that changes alarms whatever relies on it. The calls that are due, the ladder and the way for when nobody answers are those of
the versions in force. Steps and rungs are shown, and taken by people.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

import msgspec

from keepclear.agreements.agreement import Fact
from keepclear.agreements.depending import Change, What, concerned
from keepclear.channel.calls import (
    Escalation,
    Item,
    Missed,
    Prompt,
    agenda,
    doubts,
    minute_standing,
)
from keepclear.channel.facts import Word
from keepclear.channel.measures import LadderGone
from keepclear.channel.messages import Message, Urgency
from keepclear.ground.errors import Refused
from keepclear.ground.hours import Span
from keepclear.ground.instants import utc_text
from keepclear.node import events as e
from keepclear.node.agreed import Agreed, Agreement, Open
from keepclear.node.alert_book import LiveAlert
from keepclear.node.call_book import CallBook, Calls, Schedule, schedules_of
from keepclear.node.measure_book import MeasureBook, Measures
from keepclear.node.roster_book import Held, RosterBook
from keepclear.node.teller import Teller
from keepclear.parties.parties import Action

ACTION_OF: Mapping[type[e.Dealing], Action] = {
    e.AgreementFactStated: Action.STATE_AGREEMENT,
    e.RosterSet: Action.SET_ROSTER,
    e.HandedOver: Action.LOG_CALL,
    e.CallMomentNoted: Action.LOG_CALL,
    e.CallHeld: Action.LOG_CALL,
    e.MinuteWritten: Action.LOG_CALL,
    e.MinuteAnswered: Action.LOG_CALL,
    e.EscalationStepTaken: Action.LOG_CALL,
    e.StopCalled: Action.STOP_URGENTLY,
    e.StopAskedOn: Action.STOP_URGENTLY,
    e.MeasureTaken: Action.LOG_MEASURE,
    e.ReactionSeen: Action.LOG_MEASURE,
}
Opens = Callable[[], Iterable[Open]]
# Changes on which somebody may be relying at this moment.
_PRESSING = frozenset({What.STATE, What.VERSION, What.DECLARED})


class DealingBooks(msgspec.Struct):
    """Everything that is held of the dealings of one side."""

    agreements: list[Agreement] = []
    rosters: dict[str, Held] = {}
    calls: Calls = msgspec.field(default_factory=Calls)
    measures: Measures = msgspec.field(default_factory=Measures)


class Alarm(NamedTuple):
    """An alert that is to be raised.

    agreement  of which agreement it comes
    of_party   whose roster it is about, who did not answer, or who took down a call for an urgent stop"""

    key: str
    urgency: str
    params: Mapping[str, object]
    zone: str = ""
    message: str = ""
    agreement: str = ""
    of_party: str = ""

    @property
    def about(self) -> dict[str, str]:
        """What it is about, as a `LiveAlert` names it."""
        names = ("zone", "message", "agreement", "of_party")
        return {name: id for name in names if (id := getattr(self, name))}


class Dealings:
    """Agreements, rosters, calls and measures of operations, or of exercises."""

    def __init__(self, house: str, *, exercise: bool, books: DealingBooks) -> None:
        self._house = house
        self._exercise = exercise
        self.agreed = Agreed(house, books.agreements)
        self.rosters = RosterBook(books.rosters)
        self.calls = CallBook(books.calls, self._schedules())
        self.measures = MeasureBook(books.measures)

    def state(self) -> DealingBooks:
        """Everything that is held."""
        return DealingBooks(self.agreed.state(), self.rosters.state(), self.calls.state(), self.measures.state())

    @property
    def next_due_us(self) -> int | None:
        """When time alone will next change something here; None: never."""
        due = (self.agreed.next_due_us, self.rosters.next_due_us, self.calls.next_due_us)
        return min((at_us for at_us in due if at_us is not None), default=None)

    # what can be

    def check(self, event: e.Dealing, at_us: int) -> None:
        """Raises `Refused` if this cannot be, as far as is known at this instant."""
        match event:
            case e.AgreementFactStated():
                self.agreed.check(event.fact, at_us)
            case e.RosterSet():
                self.rosters.check(event.roster)
            case e.HandedOver():
                self.rosters.check_handover(event.party, event.handover)
            case e.CallMomentNoted():
                self._check_exercise(event.moment.exercise)
                self.calls.check_moment(event.moment)
            case e.CallHeld():
                self._check_exercise(event.call.exercise)
                self.calls.check_call(event.call)
            case e.MinuteWritten():
                self.calls.check_minute(event.minute)
            case e.MinuteAnswered():
                self.calls.check_word(event.word)
            case e.EscalationStepTaken():
                self.calls.check_step(event.agreement, event.step)
            case e.StopCalled():
                self._check_exercise(event.form.exercise)
                self.calls.check_stop(event.form)
            case e.StopAskedOn():
                self.calls.check_answer(event.answer)
            case e.MeasureTaken():
                self._check_exercise(event.measure.exercise)
                self.measures.check(event.measure)
            case e.ReactionSeen():
                self.measures.check_reaction(event.reaction)

    def _check_exercise(self, exercise: bool) -> None:
        if exercise is not self._exercise:
            real, other = ("an exercise", "operations") if self._exercise else ("operations", "an exercise")
            mend = "What is exercise is marked as exercise from end to end."
            raise Refused("exercise.mixed", f"What is of {other} cannot come into {real}", value=exercise, mend=mend)

    # what follows

    def take(self, event: e.Dealing, by: str, opens: Opens, teller: Teller) -> list[Alarm]:
        """Takes in what `check` allowed, and tells its line. `opens`: what is open and may rely on an agreement."""
        match event:
            case e.AgreementFactStated():
                return self._state(event.fact, by, opens, teller)
            case e.RosterSet(roster=roster):
                self.rosters.set(roster, teller.at_us)
                self._tell("roster", roster.party, {"action": "set", "by": by}, teller)
                return list(self._gaps(teller.at_us))
            case e.HandedOver(party=party, handover=handover):
                self.rosters.hand_over(party, handover)
                who = {"focal": handover.focal, "given_by": handover.given_by, "taken_by": handover.taken_by}
                self._tell("roster", party, {"action": "handed_over", "by": by, **who}, teller)
            case e.StopCalled(form=form):
                self.calls.stop(form)
                said = {"taken_by": form.taken_by, "words": form.words, "missing": form.missing}
                self._tell("call", self._house, {"action": "stop", "by": by, **said}, teller)
                return [Alarm("stop_called", "now", said, of_party=self._house)]
            case e.StopAskedOn(answer=answer):
                self.calls.ask_on(answer)
                said = {"stop": answer.stop, "taken_by": answer.taken_by, "answered": answer.answered}
                self._tell("call", self._house, {"action": "stop_asked_on", "by": by, **said}, teller)
            case e.MeasureTaken() | e.ReactionSeen():
                self._take_measure(event, by, teller)
            case _:
                self._take_call(event, by, teller)
        return []

    def _state(self, fact: Fact, by: str, opens: Opens, teller: Teller) -> list[Alarm]:
        found = self.agreed.take(fact, teller.at_us)
        self.calls.follow(self._schedules(), teller.at_us)
        said = {"fact": fact.id, "what": str(type(fact).__struct_config__.tag), "said_by": fact.said_by, "by": by}
        members: dict[str, object] = {"action": "stated", **said, "claimed": fact.claimed, "changes": _plain(found)}
        self._tell("agreement", fact.of, members, teller, agreement=fact.agreement)
        return list(self._changed(fact.agreement, found, opens))

    def _take_call(self, event: e.Dealing, by: str, teller: Teller) -> None:
        said: dict[str, object]
        match event:
            case e.CallMomentNoted(moment=moment):
                self.calls.note(moment)
                due = None if moment.for_us is None else utc_text(moment.for_us)
                said = {"attempt": moment.attempt, "what": moment.happened, "said_by": moment.said_by, "due_at": due}
                other = self._other(moment.caller, moment.called)
                self._tell("call", other, {"action": "moment", "by": by, **said}, teller)
            case e.CallHeld(call=call):
                self.calls.hold(call)
                doubtful = [doubt._asdict() for doubt in doubts(call)]
                said = {"call": call.id, "attempt": call.attempt, "items": len(call.items), "doubts": doubtful}
                other = self._other(*(side.party for side in call.sides))
                self._tell("call", other, {"action": "held", "by": by, **said}, teller)
            case e.MinuteWritten(minute=minute):
                self.calls.write(minute)
                said = {"call": minute.call, "minute": minute.id}
                self._tell("call", minute.of, {"action": "minute", "by": by, **said}, teller)
            case e.MinuteAnswered(word=word):
                self.calls.answer(word)
                minute = self.calls.minute(word.minute)
                stands = minute_standing(minute, self.calls.words_of(minute), teller.at_us)
                said = {"call": minute.call, "minute": minute.id, "agreed": stands.agreed, "evidence": stands.evidence}
                self._tell("call", word.of, {"action": "minute_answered", "by": by, **said}, teller)
            case e.EscalationStepTaken(agreement=agreement, step=step):
                self.calls.take_step(agreement, step)
                said = {"step": step.key, "person": step.person}
                self._tell("call", self._house, {"action": "step", "by": by, **said}, teller, agreement=agreement)

    def _take_measure(self, event: e.MeasureTaken | e.ReactionSeen, by: str, teller: Teller) -> None:
        if isinstance(event, e.MeasureTaken):
            measure, action = event.measure, "taken"
            self.measures.take(measure)
        else:
            self.measures.see(event.reaction)
            measure, action = self.measures.measure(event.reaction.measure), "reaction"
        said = {"measure": measure.id, "rung": measure.rung, "towards": measure.towards}
        self._tell("measure", measure.by, {"action": action, "by": by, **said}, teller)

    def _tell(
        self, what: str, of_party: str, members: Mapping[str, object], teller: Teller, agreement: str = ""
    ) -> None:
        about = {"agreement": agreement or None, "of_party": of_party or None}
        line = {**about, **members}
        teller.tell_of(what, line, exercise=self._exercise, agreement=agreement, of_party=of_party)

    # time

    def pass_time(self, opens: Opens, teller: Teller) -> list[Alarm]:
        """Lets time pass. From one change of an agreement to the next, as no call is due by one that has run out meanwhile."""
        at_us, found = teller.at_us, list[Alarm]()
        while (due_us := self.agreed.next_due_us) is not None and due_us <= at_us:
            found += self._missed(due_us)
            for agreement, changed in self.agreed.pass_time(due_us):
                members = {"action": "time", "changes": _plain(changed)}
                self._tell("agreement", "", members, teller, agreement=agreement)
                found += self._changed(agreement, changed, opens)
            self.calls.follow(self._schedules(), due_us)
        return [*found, *self._missed(at_us), *self._gaps(at_us)]

    def _schedules(self) -> list[Schedule]:
        versions = self.agreed.in_force.values()
        return [schedule for version in versions for schedule in schedules_of(version, self._house)]

    def _changed(self, agreement: str, changed: tuple[Change, ...], opens: Opens) -> Iterator[Alarm]:
        if not changed:
            return
        depending = self.agreed.depending(agreement, opens())
        called = {one.name: one for one in depending}
        for hit in concerned(depending.values(), changed):
            urgency = "now" if any(change.what in _PRESSING for change in hit.changes) else "soon"
            one, params = called[hit.object], {"changes": _plain(hit.changes)}
            about = {one.kind: one.id} if one.id else {}
            yield Alarm("agreement_changed", urgency, params, agreement=agreement, **about)

    def _missed(self, at_us: int) -> Iterator[Alarm]:
        for schedule, missed in self.calls.pass_time(at_us):
            yield self._alarm_of(schedule, missed, at_us)

    def _alarm_of(self, schedule: Schedule, missed: tuple[Missed, ...], at_us: int) -> Alarm:
        """The newest of the calls that were missed, with the step that the agreement has next."""
        agreement, _, other = schedule.key
        newest = missed[-1]
        gone = self.calls.escalation(self.agreed.in_force[agreement], newest.due_us, at_us)
        params = {
            "due_at": utc_text(newest.due_us), "channel": schedule.terms.calls.channel, "missed": len(missed),
            "attempts": [moment.happened for moment in newest.attempts], "next_step": step_said(gone.next), "exhausted": gone.exhausted,
        }  # fmt: skip
        return Alarm("call_missed", "soon", params, agreement=agreement, of_party=other)

    def _gaps(self, at_us: int) -> Iterator[Alarm]:
        for party, gap in self.rosters.pass_time(at_us):
            yield _gap(party, gap)

    # what is asked of it

    def ladders(self, zone: str, by: str, towards: str, at_us: int) -> dict[str, LadderGone]:
        """What one party has taken towards another by an instant, on the ladder of each agreement in force that names a zone."""
        return {
            version.agreement: self.measures.ladder(version.terms.ladder, by, towards, at_us)
            for version in self.agreed.about(zone)
        }

    def escalation_of(self, zone: str, since_us: int, at_us: int) -> Escalation | None:
        """How far the agreed way has been gone for something about a zone that is unanswered since an instant; None: nothing is agreed.

        Where several agreements name the zone, the first by its id that has a way."""
        ways = [version for version in self.agreed.about(zone) if version.terms.escalation]
        return self.calls.escalation(ways[0], since_us, at_us) if ways else None

    def next_step_of(self, zone: str, since_us: int, at_us: int) -> Prompt | None:
        """Words to a person: the step that is agreed to come next for something about a zone; None: none, or not yet."""
        gone = self.escalation_of(zone, since_us, at_us)
        return None if gone is None else gone.next

    def lead_us_of(self, message: Message) -> int | None:
        """How long before it begins such a notice is to be there: the longest lead that an agreement about its zone has for the activity
        that it names, as the word "activity", by its key; None: it names none, or nothing is agreed."""
        activity = next(
            (fact.text for fact in message.facts if isinstance(fact, Word) and fact.name == "activity"), None
        )
        if activity is None or message.about.kind != "zone":
            return None
        urgent = message.urgency is Urgency.NOW
        leads = [version.terms.lead_us(activity, urgent=urgent) for version in self.agreed.about(message.about.id)]
        return max((lead for lead in leads if lead is not None), default=None)

    def agenda(self, other: str, alerts: Iterable[LiveAlert], also: Iterable[str] = ()) -> tuple[str, ...]:
        """What is to be talked about with a party: the open alerts about an agreement with it or a zone of one, and `also` other open
        items, but for what was taken up with it in a call."""
        shared = {id: version for id, version in self.agreed.in_force.items() if other in version.parties}
        zones = {zone.id for version in shared.values() for zone in version.terms.zones}
        open_ids = [one.id for one in alerts if one.is_open and (one.agreement in shared or one.zone in zones)]
        return agenda([*open_ids, *also], self._taken_up(other))

    def _taken_up(self, other: str) -> list[Item]:
        calls = [call for call in self.calls.calls if other in {side.party for side in call.sides}]
        return [item for call in calls for item in call.items]

    def _other(self, one: str, other: str) -> str:
        return other if one == self._house else one


def _plain(changed: Iterable[Change]) -> list[dict[str, object]]:
    """Changes of one agreement, which the line names."""
    return [{name: value for name, value in change._asdict().items() if name != "agreement"} for change in changed]


def step_said(prompt: Prompt | None) -> dict[str, object] | None:
    """A step that is agreed to come next, as an alert says it."""
    if prompt is None:
        return None
    step = prompt.step
    return {"key": step.key, "words": step.words, "channel": step.channel, "since_at": utc_text(prompt.since_us)}


def _gap(party: str, gap: Span) -> Alarm:
    params = {"from_at": utc_text(gap.from_us), "until_at": utc_text(gap.until_us)}
    return Alarm("nobody_in_reach", "soon", params, of_party=party)

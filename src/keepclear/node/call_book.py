"""The calls of one side: what happened on the lines, what was said and minuted, and which agreed calls nobody answered.

    book.follow(schedules, at_us)        which calls are due from now on
    for schedule, missed in book.pass_time(at_us): ...

A call counts as missed by what was noted when its grace was over. What is noted later is kept beside it, and takes no alarm back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeVar

import msgspec

from keepclear.agreements.agreement import Version
from keepclear.channel.calls import (
    Call,
    CallTerms,
    Escalation,
    Happened,
    Minute,
    MinuteWord,
    Missed,
    Moment,
    StepTaken,
    StopAnswer,
    StopForm,
    call_checked,
    escalation,
    minute_checked,
    minute_word_checked,
    moment_checked,
    stop_answer_checked,
    stop_form_checked,
    unanswered,
)
from keepclear.ground.errors import Refused
from keepclear.ground.hours import DAY_US, times_of
from keepclear.ground.instants import us_checked
from keepclear.ground.words import said_checked, words_checked
from keepclear.parties.ids import id_checked

KEPT = 10_000
# So far ahead a schedule is looked at; where nothing is due in that time, it is looked at again.
LOOK_US = 30 * DAY_US
Value = TypeVar("Value", bound=msgspec.Struct)


class Judged(msgspec.Struct, frozen=True):
    """Up to when the calls of a schedule have been judged: `number` is its place in the terms of the agreement, `other` the other party."""

    agreement: str
    number: int
    other: str
    until_us: int


class Calls(msgspec.Struct):
    """Everything that a side holds of calls; of each kind the newest."""

    moments: list[Moment] = []
    calls: list[Call] = []
    minutes: list[Minute] = []
    words: list[MinuteWord] = []
    stops: list[StopForm] = []
    steps: dict[str, list[StepTaken]] = {}
    judged: list[Judged] = []
    answers: list[StopAnswer] = []


class Schedule(NamedTuple):
    """The calls that one entry of an agreement's terms has between the house and another party."""

    number: int
    terms: CallTerms

    @property
    def key(self) -> tuple[str, int, str]:
        """What it is called, whatever its times are."""
        return self.terms.agreement, self.number, self.terms.called


def schedules_of(version: Version, house: str) -> list[Schedule]:
    """The calls that a version has between the house and each other party that it names."""
    return [
        Schedule(number, CallTerms(version.agreement, house, other, calls, version.terms.escalation))
        for number, calls in enumerate(version.terms.calls)
        for other in version.parties
        if other != house
    ]


class CallBook:
    """What happened on the lines, and what is due on them."""

    def __init__(self, held: Calls, schedules: Iterable[Schedule] = ()) -> None:
        self._held = held
        self._judged = {(one.agreement, one.number, one.other): one.until_us for one in held.judged}
        self._schedules = {schedule.key: schedule for schedule in schedules}
        self._due_us = {key: self._due(schedule) for key, schedule in self._schedules.items()}

    @property
    def next_due_us(self) -> int | None:
        """When the grace of a call is over next, or a schedule to be looked at again; None: never."""
        return min(self._due_us.values(), default=None)

    def state(self) -> Calls:
        """Everything that is held."""
        steps = {agreement: self._held.steps[agreement] for agreement in sorted(self._held.steps)}
        judged = [Judged(*key, self._judged[key]) for key in sorted(self._judged)]
        return msgspec.structs.replace(self._held, steps=steps, judged=judged)

    # what happened

    def check_moment(self, moment: Moment) -> None:
        """Raises `Refused` if this moment cannot be, is noted already, or is of an attempt between two others."""
        moment_checked(moment)
        same = [one for one in self._held.moments if one.attempt == moment.attempt]
        if moment in same:
            raise Refused("call.noted", "This is noted already", value=moment.attempt)
        if same and {same[0].caller, same[0].called} != {moment.caller, moment.called}:
            mend = "Give the attempt an id of its own."
            value = f"{same[0].caller} and {same[0].called}"
            raise Refused("call.attempt", "The attempt is one between two others", value=value, mend=mend)

    def note(self, moment: Moment) -> None:
        """Notes what happened on a line."""
        _keep(self._held.moments, moment)

    def check_call(self, call: Call) -> None:
        """Raises `Refused` if this call cannot be, or is kept already."""
        call_checked(call)
        if call in self._held.calls:
            raise Refused("call.noted", "This is noted already", value=call.id)

    def hold(self, call: Call) -> None:
        """Keeps a call that was held."""
        _keep(self._held.calls, call)

    def check_minute(self, minute: Minute) -> None:
        """Raises `Refused` if this cannot be a minute of a call that is held here."""
        minute_checked(minute, self._call(minute.call))
        if minute in self._held.minutes:
            raise Refused("call.noted", "This is noted already", value=minute.id)

    def write(self, minute: Minute) -> None:
        """Keeps a minute."""
        _keep(self._held.minutes, minute)

    def check_word(self, word: MinuteWord) -> None:
        """Raises `Refused` if nobody can have said this of a minute that is held here."""
        minute_word_checked(word, self._call(self.minute(word.minute).call))
        if word in self._held.words:
            raise Refused("call.noted", "This is noted already", value=word.minute)

    def answer(self, word: MinuteWord) -> None:
        """Keeps what a side says of a minute."""
        _keep(self._held.words, word)

    def check_step(self, agreement: str, step: StepTaken) -> None:
        """Raises `Refused` if this is no step that somebody can have taken."""
        id_checked(agreement, "$.agreement")
        id_checked(step.key, "$.step.key")
        said_checked(step.person, "$.step.person")
        words_checked(step.words, "$.step.words")
        us_checked(step.at_us, "$.step.at_us")

    def take_step(self, agreement: str, step: StepTaken) -> None:
        """Keeps a step of the agreed way that somebody took."""
        _keep(self._held.steps.setdefault(agreement, []), step)

    def check_stop(self, form: StopForm) -> None:
        """Raises `Refused` if nothing was said, or nobody took it down."""
        stop_form_checked(form)

    def stop(self, form: StopForm) -> None:
        """Keeps the form of an urgent stop."""
        _keep(self._held.stops, form)

    def check_answer(self, answer: StopAnswer) -> None:
        """Raises `Refused` if nothing was answered, or it is about no urgent stop that is held here."""
        stop_answer_checked(answer)
        if all(form.id != answer.stop for form in self._held.stops):
            raise Refused(
                "stop.unknown", "There is no such urgent stop", value=answer.stop, mend="It is cited by its id."
            )

    def ask_on(self, answer: StopAnswer) -> None:
        """Keeps what was answered about an urgent stop, beside its form."""
        _keep(self._held.answers, answer)

    # what is due

    def follow(self, schedules: Iterable[Schedule], at_us: int) -> None:
        """These calls are due from now on, and no others. A schedule that was followed before goes on from where it was."""
        self._schedules = {schedule.key: schedule for schedule in schedules}
        self._judged = {key: self._judged.get(key, at_us) for key in self._schedules}
        self._due_us = {key: self._due(schedule) for key, schedule in self._schedules.items()}

    def pass_time(self, at_us: int) -> Iterator[tuple[Schedule, tuple[Missed, ...]]]:
        """The calls that nobody answered in time, schedule by schedule, each once."""
        for key, due_us in sorted(self._due_us.items()):
            if due_us > at_us:
                continue
            schedule, from_us = self._schedules[key], self._judged[key]
            calls = schedule.terms.calls
            self._judged[key] = at_us - calls.grace_us
            due = times_of(calls.times, calls.calendar, from_us, self._judged[key])
            self._due_us[key] = self._due(schedule)
            found = unanswered(schedule.terms, due, self._held.moments, at_us)
            if found:
                yield schedule, found

    def due(self, at_us: int, ahead_us: int) -> Iterator[tuple[Schedule, int]]:
        """The calls that are due and whose grace is not over, or that are due within `ahead_us`, and that nobody noted as answered."""
        for _, schedule in sorted(self._schedules.items()):
            terms, calls = schedule.terms, schedule.terms.calls
            for when_us in times_of(calls.times, calls.calendar, at_us - calls.grace_us, at_us + ahead_us):
                if not self._is_answered(terms, when_us):
                    yield schedule, when_us

    def _is_answered(self, terms: CallTerms, due_us: int) -> bool:
        sides = {terms.caller, terms.called}
        return any(
            moment.for_us == due_us and moment.happened is Happened.ANSWERED and {moment.caller, moment.called} == sides
            for moment in self._held.moments
        )

    def _due(self, schedule: Schedule) -> int:
        """The grace is over one microsecond after its last."""
        calls, from_us = schedule.terms.calls, self._judged[schedule.key]
        due = times_of(calls.times, calls.calendar, from_us, from_us + LOOK_US)
        return (due[0] if due else from_us + LOOK_US) + calls.grace_us + 1

    # what is asked of it

    @property
    def moments(self) -> tuple[Moment, ...]:
        """What happened on the lines, in the order in which it was noted."""
        return tuple(self._held.moments)

    @property
    def calls(self) -> tuple[Call, ...]:
        """The calls that were held, in the order in which they were entered."""
        return tuple(self._held.calls)

    @property
    def stops(self) -> tuple[StopForm, ...]:
        """The forms of urgent stops, in the order in which they were taken down."""
        return tuple(self._held.stops)

    def answers_to(self, form: StopForm) -> tuple[StopAnswer, ...]:
        """What was answered about an urgent stop behind its form, in the order in which it was taken down."""
        if not self._held.answers:
            return ()
        id = form.id
        return tuple(answer for answer in self._held.answers if answer.stop == id)

    def minute(self, id: str) -> Minute:
        """The minute of this id; raises `Refused` if none is held."""
        for minute in self._held.minutes:
            if minute.id == id:
                return minute
        raise Refused("minute.unknown", "There is no such minute", value=id, mend="It is cited by its id.")

    def words_of(self, minute: Minute) -> tuple[MinuteWord, ...]:
        """What was said of a minute."""
        return tuple(word for word in self._held.words if word.minute == minute.id)

    def minutes_of(self, call: Call) -> tuple[Minute, ...]:
        """The minutes of a call."""
        return tuple(minute for minute in self._held.minutes if minute.call == call.id)

    def escalation(self, version: Version, since_us: int, at_us: int) -> Escalation:
        """How far the way that a version has for when nobody answers has been gone, for something unanswered since an instant."""
        taken = self._held.steps.get(version.agreement, ())
        return escalation(version.terms.escalation, taken, since_us, at_us)

    def _call(self, id: str) -> Call:
        for call in self._held.calls:
            if call.id == id:
                return call
        raise Refused("call.unknown", "There is no such call", value=id, mend="It is cited by its id.")


def _keep(kept: list[Value], one: Value) -> None:
    """The oldest gives way; all of them are in the record."""
    kept.append(one)
    del kept[:-KEPT]

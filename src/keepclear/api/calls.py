"""Calls: what happened on the lines, what was said item by item and minuted, what to talk about next; and the form of an urgent stop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from keepclear.api.agreements import dealings_known_at
from keepclear.api.asking import Answer, Ask, Route
from keepclear.api.desk import Given
from keepclear.api.paging import Page, Paged, page_of
from keepclear.api.problems import bad_query, not_here
from keepclear.api.zones import Done, Sided, done
from keepclear.channel.calls import (
    Call,
    Minute,
    MinuteWord,
    Moment,
    StopAnswer,
    StopForm,
    doubts,
    minute_standing,
    still_missing,
)
from keepclear.channel.facts import Place
from keepclear.ground.errors import Refused
from keepclear.ground.instants import us_checked, utc_text
from keepclear.node.call_book import CallBook
from keepclear.node.events import CallHeld, CallMomentNoted, MinuteAnswered, MinuteWritten, StopAskedOn, StopCalled
from keepclear.node.needs import stops_of
from keepclear.parties.parties import Action
from keepclear.tracks.builder import CLOCK_SKEW_US_MAX

T = TypeVar("T")
V = TypeVar("V")
Exercise = Annotated[bool, Meta(description="the exercise side; an exercise node has no other")]


class AgendaAsked(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """With whom."""

    party: Annotated[str, Meta(min_length=1, max_length=64, description="the party of the next call")]
    exercise: Exercise | None = None


class Noted(msgspec.Struct, frozen=True):
    """The entry of the record that says so, and what it is called from now on."""

    sequence: int
    at: str
    id: str


class DoubtView(msgspec.Struct, frozen=True):
    """What of a call rests on less than it seems, and whom or what it is about."""

    key: str
    about: str


class MinuteView(msgspec.Struct, frozen=True):
    """A minute, what both sides say of it, and whether they say so themselves."""

    minute: str
    agreed: str
    evidence: str | None
    content: Minute
    words: list[MinuteWord]


class CallView(msgspec.Struct, frozen=True):
    """A call that was held, and what of it is doubtful."""

    call: str
    doubts: list[DoubtView]
    content: Call


class CallWhole(msgspec.Struct, frozen=True):
    """A call with the moments of its attempt and its minutes."""

    call: str
    doubts: list[DoubtView]
    content: Call
    moments: list[Moment]
    minutes: list[MinuteView]


class Agenda(msgspec.Struct, frozen=True):
    """What to talk about: ids of open alerts and messages, oldest first, without what was taken up already."""

    items: list[str]


class _Answers(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    caller: str = ""
    what: str = ""
    where_words: str = ""
    where: tuple[Place, ...] = ()
    since_us: int | None = None
    call_back: str = ""


class Stopping(_Answers, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A call for an urgent stop, as it was taken down. Only the words are needed; nothing waits for the rest.

    words        what was said, as it was said
    language     of the words; "": nobody said
    caller       who calls and for whom
    what         what must stop
    where_words  where, in words; `where` as coordinates
    since_us     since when it goes on
    call_back    a line by which the caller is reached"""

    words: str
    language: str = ""


class AskingOn(_Answers, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """What was answered when somebody asked on about an urgent stop; what was not is left out. The form stays as it was.

    stop  id of the urgent stop; the rest as in the form of one"""

    stop: str


class StopView(msgspec.Struct, frozen=True):
    """A call for an urgent stop, and what to ask for still, the most needed first.

    stop     its id
    alert    id of the alert that stands for it, and says what came of it; None: it is not held any more
    content  as it was taken down
    answers  what was answered since, each with who asked and when"""

    stop: str
    missing: tuple[str, ...]
    alert: str | None
    taken_at: str
    content: StopForm
    answers: tuple[StopAnswer, ...]


def listed(ask: Ask[Paged, None], items: Sequence[T], view: Callable[[T], V]) -> Page[V]:
    """A page of what is held in order; the cursor is a place in it."""
    after = ask.query.after
    if after is not None and not (after.isascii() and after.isdecimal()):
        raise bad_query("after", "id.unreadable", "This is no place in the list", after, "Give what `next` said.")
    begin = 0 if after is None else min(int(after) + 1, len(items))

    def shown(place: int) -> Callable[[], V]:
        return lambda: view(items[place])

    return page_of(range(begin, len(items)), ask.items_of(ask.query.limit), shown=shown, cursor=str)


async def calls(ask: Ask[Paged, None]) -> Answer:
    """The calls that were held, in the order in which they were entered."""
    dealings, _ = await dealings_known_at(ask)
    return Answer(listed(ask, dealings.calls.calls, lambda call: CallView(call.id, _doubts(call), call)))


async def moments(ask: Ask[Paged, None]) -> Answer:
    """What happened on the lines, in the order in which it was noted."""
    dealings, _ = await dealings_known_at(ask)
    return Answer(listed(ask, dealings.calls.moments, lambda moment: moment))


async def stops(ask: Ask[Paged, None]) -> Answer:
    """Calls for an urgent stop, in the order in which they were taken down."""
    dealings, _ = await dealings_known_at(ask)
    alerts = {form: alert for alert, forms in stops_of(ask.side).items() for form in forms}

    def view(form: StopForm) -> StopView:
        answers = dealings.calls.answers_to(form)
        missing, taken_at = still_missing(form, answers), utc_text(form.taken_at_us)
        return StopView(form.id, missing, alerts.get(form), taken_at, form, answers)

    return Answer(listed(ask, dealings.calls.stops, view))


async def call(ask: Ask[Sided, None]) -> Answer:
    """One call, with the moments of its attempt and what both sides say of its minutes."""
    dealings, at_us = await dealings_known_at(ask)
    book = dealings.calls
    found = _held(book, ask.path["call"])
    minutes = []
    for minute in book.minutes_of(found):
        words = book.words_of(minute)
        stands = minute_standing(minute, words, at_us)
        minutes.append(MinuteView(minute.id, stands.agreed, stands.evidence, minute, list(words)))
    moments = [moment for moment in book.moments if moment.attempt == found.attempt]
    return Answer(CallWhole(found.id, _doubts(found), found, moments, minutes))


def _held(book: CallBook, id: str) -> Call:
    for call in book.calls:
        if call.id == id:
            return call
    raise not_here("call", id)


def _doubts(call: Call) -> list[DoubtView]:
    return [DoubtView(doubt.key, doubt.about) for doubt in doubts(call)]


async def agenda(ask: Ask[AgendaAsked, None]) -> Answer:
    """What to talk about in the next call with a party: the open alerts and messages of what is agreed with it."""
    await dealings_known_at(ask)
    at_us, other = ask.desk.now_us(), ask.query.party
    return Answer(Agenda(list(ask.side.agenda(other, ask.node.talk.open_with(other, ask.exercise, at_us)))))


async def note(ask: Ask[Sided, Moment]) -> Answer:
    """Notes what happened on a line: it rang in vain, was answered, kept waiting, refused."""
    ask.must(Action.LOG_CALL, ask.members.dealings)
    return await ask.give(CallMomentNoted(ask.body), noted(ask.body.id))


async def hold(ask: Ask[Sided, Call]) -> Answer:
    """Enters a call that was held: who spoke, through whom, item by item with what was read back."""
    ask.must(Action.LOG_CALL, ask.members.dealings)
    return await ask.give(CallHeld(ask.body), noted(ask.body.id))


async def write(ask: Ask[Sided, Minute]) -> Answer:
    """Enters the minute that one side wrote of a call; the body names the call."""
    ask.must(Action.LOG_CALL, ask.members.dealings)
    return await ask.give(MinuteWritten(ask.body), noted(ask.body.id))


async def answer(ask: Ask[Sided, MinuteWord]) -> Answer:
    """Enters what a side says of a minute: that it was so, or how it was in its own words; the body names the minute."""
    ask.must(Action.LOG_CALL, ask.members.dealings)
    return await ask.give(MinuteAnswered(ask.body), done)


async def stop(ask: Ask[Sided, Stopping]) -> Answer:
    """Takes down a call for an urgent stop, at once and with the words alone; who asks here is who took it down."""
    ask.must(Action.STOP_URGENTLY, ask.members.dealings)
    said = msgspec.structs.asdict(ask.body)
    form = StopForm(**said, taken_by=ask.by, taken_at_us=ask.desk.now_us(), exercise=ask.exercise)
    return await ask.give(StopCalled(form), done)


async def ask_on(ask: Ask[Sided, AskingOn]) -> Answer:
    """Enters what was answered when somebody asked on about an urgent stop; the body names the stop, who asks here took it down."""
    ask.must(Action.STOP_URGENTLY, ask.members.dealings)
    if ask.body.since_us is not None:
        must_look_back(ask, ask.body.since_us, "$.since_us")
    said = msgspec.structs.asdict(ask.body)
    return await ask.give(StopAskedOn(StopAnswer(**said, taken_by=ask.by, taken_at_us=ask.desk.now_us())), done)


def must_look_back(ask: Ask[Any, Any], at_us: int, where: str) -> None:
    """Raises `Refused` if something that has been lies later than now, by more than clocks may differ. Said at the door only: what is
    in a record already stays as it is."""
    now_us = ask.desk.now_us()
    if us_checked(at_us, where) > now_us + CLOCK_SKEW_US_MAX:
        mend = f"It is {utc_text(now_us)} at the node. Check the clock, and how long ago it was."
        raise Refused(
            "fact.from_the_future", "What has been is not later than now", value=utc_text(at_us), mend=mend, where=where
        )


def noted(id: str) -> Callable[[Given], Noted]:
    """The answer to something that has an id from now on."""
    return lambda given: Noted(given.entry.sequence, utc_text(given.entry.at_us), id)


_IS_JSON = "application/json"
ROUTES = (
    Route("GET", "/v1/calls", calls, "dealings", gives=Page[CallView], query=Paged, problems=(403,)),
    Route("POST", "/v1/calls", hold, "dealings", gives=Noted, query=Sided, bodies={_IS_JSON: Call}, problems=(403,)),
    Route("GET", "/v1/calls/moments", moments, "dealings", gives=Page[Moment], query=Paged, problems=(403,)),
    Route("POST", "/v1/calls/moments", note, "dealings", gives=Noted, query=Sided, bodies={_IS_JSON: Moment}, problems=(403,)),
    Route("GET", "/v1/calls/agenda", agenda, "dealings", gives=Agenda, query=AgendaAsked, problems=(403,)),
    Route("POST", "/v1/calls/minutes", write, "dealings", gives=Noted, query=Sided, bodies={_IS_JSON: Minute}, problems=(403,)),
    Route("POST", "/v1/calls/minutes/words", answer, "dealings", gives=Done, query=Sided, bodies={_IS_JSON: MinuteWord}, problems=(403,)),
    Route("GET", "/v1/calls/{call}", call, "dealings", gives=CallWhole, query=Sided, problems=(403, 404)),
    Route("GET", "/v1/stops", stops, "dealings", gives=Page[StopView], query=Paged, problems=(403,)),
    Route("POST", "/v1/stops", stop, "dealings", gives=Done, query=Sided, bodies={_IS_JSON: Stopping}, problems=(403,)),
    Route("POST", "/v1/stops/answers", ask_on, "dealings", gives=Done, query=Sided, bodies={_IS_JSON: AskingOn}, problems=(403,)),
)  # fmt: skip

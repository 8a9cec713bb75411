"""Calls between two parties: due, tried, held, minuted; and the form for an urgent stop that anybody can take down.

    missed(terms, moments, from_us, at_us)      calls of the agreed schedule that nobody answered in time
    escalation(terms.path, taken, since_us, at_us)   what the agreement foresees next, as words to a person
    holds(moments, at_us)                       who waits on the line, and how long already

What happened on a line is kept moment by moment, by whoever noted it; nothing is taken back. An attempt that nobody answered is
evidence of itself. Nothing here dials, sends or decides: a prompt names the step that the parties have agreed on, and a person takes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

import msgspec

from keepclear.agreements.agreed_terms import Calls, Step
from keepclear.channel.facts import Compared, Fact, Place, compared, facts_checked, matches, named_otherwise
from keepclear.channel.messages import Words
from keepclear.channel.statements import Evidence, evidence_of
from keepclear.ground.canon import SHA256_HEX
from keepclear.ground.errors import LimitExceeded, Refused
from keepclear.ground.hours import period_checked, times_of
from keepclear.ground.instants import us_checked
from keepclear.ground.words import language_checked, said_checked, words_checked
from keepclear.ground.written import digest_of
from keepclear.parties.ids import id_checked

ITEMS_MAX = 200
PERSONS_MAX = 32


# --- what was agreed ---


class CallTerms(NamedTuple):
    """What an agreement says of calls between two of its parties.

    caller, called  the parties; either may be the one that notes what happened
    path      the steps to take when nobody answers, in order"""

    agreement: str
    caller: str
    called: str
    calls: Calls
    path: tuple[Step, ...] = ()


# --- what happened on a line ---


class Happened(StrEnum):
    """What happened at a moment of an attempt.

    wrong_number  somebody else answered
    refused       the other side will not talk
    message_left  it was left with somebody, or on a machine, who it is for and what it says
    hung_up       one side ended it while the other had not done
    ended         both had done"""

    UNANSWERED = "unanswered"
    WRONG_NUMBER = "wrong_number"
    REFUSED = "refused"
    MESSAGE_LEFT = "message_left"
    ANSWERED = "answered"
    ON_HOLD = "on_hold"
    OFF_HOLD = "off_hold"
    HUNG_UP = "hung_up"
    ENDED = "ended"


class Moment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One moment of one attempt to talk.

    attempt   id that the moments of one attempt have in common
    of        whose act it is: who let it ring in vain, who refused, who hung up; "unanswered" is an act of who called
    person    who noted it, a role or a name, of the party `said_by`
    line      by what: "voice +000 100"
    at_us     when it happened
    for_us    when the call was due that this attempt is for; None: it is for none
    spoken_to who was at the other end, a role or a name; "": nobody, or nobody said"""

    attempt: str
    happened: Happened
    caller: str
    called: str
    of: str
    said_by: str
    person: str
    line: str
    at_us: int
    for_us: int | None = None
    spoken_to: str = ""
    words: str = ""
    exercise: bool = False

    @property
    def id(self) -> str:
        """SHA-256 of its one byte string, in hexadecimal."""
        return digest_of(self)

    @property
    def evidence(self) -> Evidence:
        """Whether whoever did it says so, or somebody else."""
        return evidence_of(self.of, self.said_by)


class Hold(NamedTuple):
    """Somebody kept waiting. `until_us` None: still waiting; `lasted_us` up to the instant that was asked about."""

    attempt: str
    from_us: int
    until_us: int | None
    lasted_us: int


class Missed(NamedTuple):
    """A call of the schedule that nobody answered in time.

    attempts  the moments of attempts for it by then, in order: unanswered, refused, on hold; () where nobody tried
    late_us   when it was answered after all; None: not yet"""

    due_us: int
    attempts: tuple[Moment, ...]
    late_us: int | None


def missed(terms: CallTerms, moments: Iterable[Moment], from_us: int, at_us: int) -> tuple[Missed, ...]:
    """The calls that fell due from an instant on and were not answered by the end of their grace, as far as that is over."""
    period_checked(from_us, at_us)
    return unanswered(terms, times_of(terms.calls.times, terms.calls.calendar, from_us, at_us), moments, at_us)


def unanswered(terms: CallTerms, due: Iterable[int], moments: Iterable[Moment], at_us: int) -> tuple[Missed, ...]:
    """Of calls that were due at these instants, those that were not answered by the end of their grace, as far as that is over."""
    by_due: dict[int, list[Moment]] = {}
    for moment in sorted(moments, key=lambda moment: (moment.at_us, moment.id)):
        of_these = {moment.caller, moment.called} == {terms.caller, terms.called}
        if of_these and moment.for_us is not None and moment.at_us <= at_us:
            by_due.setdefault(moment.for_us, []).append(moment)
    found = []
    for due_us in due:
        attempts = tuple(by_due.get(due_us, ()))
        answered = [moment.at_us for moment in attempts if moment.happened is Happened.ANSWERED]
        over_us = due_us + terms.calls.grace_us
        if over_us < at_us and not any(us <= over_us for us in answered):
            found.append(Missed(due_us, attempts, min(answered, default=None)))
    return tuple(found)


def holds(moments: Iterable[Moment], at_us: int) -> tuple[Hold, ...]:
    """Every time that somebody was kept waiting by an instant, in order. Whatever happens next on the attempt ends it."""
    found: list[Hold] = []
    waiting: dict[str, int] = {}
    for moment in sorted(moments, key=lambda moment: (moment.at_us, moment.id)):
        if moment.at_us > at_us:
            break
        since_us = waiting.get(moment.attempt)
        if moment.happened is Happened.ON_HOLD:
            waiting.setdefault(moment.attempt, moment.at_us)
        elif since_us is not None:
            del waiting[moment.attempt]
            found.append(Hold(moment.attempt, since_us, moment.at_us, moment.at_us - since_us))
    found += [Hold(attempt, since_us, None, at_us - since_us) for attempt, since_us in waiting.items()]
    return tuple(sorted(found, key=lambda hold: (hold.from_us, hold.attempt)))


def long_holds(terms: CallTerms, moments: Iterable[Moment], at_us: int) -> tuple[Hold, ...]:
    """Who still waits on the line for longer than the agreement foresees."""
    hold_us = terms.calls.hold_us
    if hold_us is None:
        return ()
    return tuple(hold for hold in holds(moments, at_us) if hold.until_us is None and hold.lasted_us > hold_us)


# --- the agreed way when nobody answers ---


class StepTaken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody took a step of the agreed way."""

    key: str
    person: str
    at_us: int
    words: str = ""


class Prompt(NamedTuple):
    """Words to a person: the step that the agreement has next. `since_us`: since when."""

    step: Step
    since_us: int


class Escalation(NamedTuple):
    """How far the agreed way has been gone.

    skipped    steps behind which a later one was taken already
    next       the first step behind the last that was taken; None while that has its time, and at the end
    exhausted  there is no further step in the agreement"""

    taken: tuple[StepTaken, ...]
    skipped: tuple[Step, ...]
    next: Prompt | None
    exhausted: bool


def escalation(path: Sequence[Step], taken: Iterable[StepTaken], since_us: int, at_us: int) -> Escalation:
    """How far the agreed way has been gone at an instant, for something unanswered since `since_us`.

    A step that the agreement does not have is kept and moves nothing on."""
    places = {step.key: number for number, step in enumerate(path)}
    done = tuple(sorted((one for one in taken if since_us <= one.at_us <= at_us), key=lambda one: (one.at_us, one.key)))
    on_path = [one for one in done if one.key in places]
    last = max((places[one.key] for one in on_path), default=-1)
    keys = {one.key for one in on_path}
    skipped = tuple(step for step in path[: last + 1] if step.key not in keys)
    if last + 1 >= len(path):
        return Escalation(done, skipped, None, exhausted=True)
    begins_us = since_us
    if last >= 0:
        begins_us = max(one.at_us for one in on_path if places[one.key] == last) + path[last].wait_us
    prompt = Prompt(path[last + 1], begins_us) if begins_us <= at_us else None
    return Escalation(done, skipped, prompt, exhausted=False)


# --- a call that is held ---


class Interpreting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who interprets for a side, between which languages. `vetted_by`: as the roster has it; "": nobody stands for them."""

    name: str
    languages: tuple[str, str]
    vetted_by: str = ""


class Side(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One side of a call: who speaks, in which language, through whom; `interpreter` None: directly."""

    party: str
    persons: tuple[str, ...]
    language: str
    interpreter: Interpreting | None = None


class Item(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One item that was taken up.

    open   id of what it is about: a message, an alert, a question
    facts  what was said
    back   what the other side read back; None: nothing was
    back_by  who read it back, a role or a name"""

    open: str
    said_by: str
    facts: tuple[Fact, ...] = ()
    back: tuple[Fact, ...] | None = None
    back_by: str = ""
    words: str = ""

    @property
    def fields(self) -> tuple[Compared, ...]:
        """The read-back, field by field; () where nothing was read back."""
        return () if self.back is None else compared(self.facts, self.back)


class Call(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A call that was held. `attempt`: the attempt by which it came about; `for_us`: when it was due, None: it was not planned."""

    attempt: str
    sides: tuple[Side, Side]
    items: tuple[Item, ...] = ()
    purpose: str = ""
    for_us: int | None = None
    exercise: bool = False

    @property
    def id(self) -> str:
        """SHA-256 of its one byte string, in hexadecimal."""
        return digest_of(self)


class Doubt(NamedTuple):
    """Something about a call that a reader of its minute should see, as a key, and whom or what it is about."""

    key: str
    about: str


def agenda(open_items: Iterable[str], taken_up: Iterable[Item] = ()) -> tuple[str, ...]:
    """What is to be talked about: the open items in the order handed in, each once, but for those that were taken up."""
    gone = {item.open for item in taken_up}
    return tuple(dict.fromkeys(one for one in open_items if one not in gone))


def doubts(call: Call) -> tuple[Doubt, ...]:
    """What of a call rests on less than it seems: interpreters whom nobody stands for, sides without a common language, items that were
    not read back or were read back otherwise, places that were named otherwise."""
    found = []
    for side in call.sides:
        if side.interpreter is not None and not side.interpreter.vetted_by:
            found.append(Doubt("interpreter.unvetted", f"{side.party}: {side.interpreter.name}"))
    one, other = call.sides
    if _spoken(one.language) != _spoken(other.language):
        pair = {_spoken(one.language), _spoken(other.language)}
        between = [{_spoken(tag) for tag in side.interpreter.languages} for side in call.sides if side.interpreter]
        if pair not in between:
            found.append(Doubt("interpreter.none", f"{one.language} and {other.language}"))
    for item in call.items:
        if item.back is None:
            found.append(Doubt("item.not_read_back", item.open))
        elif not matches(item.fields):
            found.append(Doubt("item.read_back_otherwise", item.open))
        for name, called in named_otherwise(item.facts, item.back or ()):
            key = "item.place_named_otherwise" if called else "item.place_not_named"
            found.append(Doubt(key, f"{item.open}: {name}"))
    return tuple(found)


def _spoken(tag: str) -> str:
    return tag.partition("-")[0]


# --- the minute ---


class Minute(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one side wrote down of a call: `call` is its id."""

    call: str
    of: str
    person: str
    text: Words
    at_us: int

    @property
    def id(self) -> str:
        """SHA-256 of its one byte string, in hexadecimal."""
        return digest_of(self)


class MinuteWord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a side says of a minute: that it was so, or what was said in its own words.

    minute  id of exactly the minute that is meant
    own     its own text; None: it confirms that of the minute"""

    minute: str
    of: str
    said_by: str
    person: str
    at_us: int
    own: Words | None = None

    @property
    def evidence(self) -> Evidence:
        """Whether the side says so itself, or somebody for it."""
        return evidence_of(self.of, self.said_by)


class Agreed(StrEnum):
    """Whether both sides stand behind one text."""

    OF_ONE_SIDE = "of_one_side"
    CONFIRMED = "confirmed"
    DISPUTED = "disputed"


class MinuteText(NamedTuple):
    """A text that a side gave of a call, or that somebody gave for it."""

    of: str
    text: Words
    evidence: Evidence


class MinuteStanding(NamedTuple):
    """What is known of a minute at an instant.

    evidence  whether the other side says so itself; None while it is of one side
    texts     every text of either side, that of the minute first"""

    agreed: Agreed
    evidence: Evidence | None
    texts: tuple[MinuteText, ...]


def minute_standing(minute: Minute, words: Iterable[MinuteWord], at_us: int) -> MinuteStanding:
    """What both sides have said of a minute by an instant.

    What the other side says itself goes before what others say for it. Once it has given a text of its own, no later word makes the
    minute confirmed."""
    said = sorted(
        (one for one in words if one.minute == minute.id and one.at_us <= at_us), key=lambda one: (one.at_us, one.of)
    )
    own = [MinuteText(one.of, one.own, one.evidence) for one in said if one.own is not None]
    texts = (MinuteText(minute.of, minute.text, Evidence.EVIDENCED), *own)
    for evidence in (Evidence.EVIDENCED, Evidence.CLAIMED):
        others = [one for one in said if one.of != minute.of and one.evidence is evidence]
        if others:
            disputed = any(one.own is not None for one in others)
            return MinuteStanding(Agreed.DISPUTED if disputed else Agreed.CONFIRMED, evidence, texts)
    return MinuteStanding(Agreed.OF_ONE_SIDE, None, texts)


# --- the urgent stop ---


class StopForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What somebody who calls in need says, as anybody at this end takes it down; no focal point is needed for it.

    words     what was said, as it was said
    taken_by  who took it down
    language  of the words; "": nobody said
    taken_at_us  when, stamped where it is recorded
    caller    who calls and for whom
    what      what must stop
    where_words, where   where, in words and as coordinates
    since_us  since when it goes on
    call_back a line by which the caller is reached"""

    words: str
    taken_by: str
    taken_at_us: int
    language: str = ""
    caller: str = ""
    what: str = ""
    where_words: str = ""
    where: tuple[Place, ...] = ()
    since_us: int | None = None
    call_back: str = ""
    exercise: bool = False

    @property
    def id(self) -> str:
        """SHA-256 of its one byte string, in hexadecimal."""
        return digest_of(self)

    @property
    def missing(self) -> tuple[str, ...]:
        """What to ask for while the caller is still there, the most needed first. Nothing waits for it."""
        return tuple(name for name, given in _answers(self).items() if not given)

    def open_for_us(self, at_us: int) -> int:
        """How long ago it was taken down."""
        return at_us - self.taken_at_us


class StopAnswer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was answered when somebody asked on about an urgent stop. It stands beside the form, which stays as it was taken down.

    stop      id of the form
    taken_by  who asked, and took the answer down; `taken_at_us` when, stamped where it is recorded
    caller, what, where_words, where, since_us, call_back   as in the form; what was not answered is left out"""

    stop: str
    taken_by: str
    taken_at_us: int
    caller: str = ""
    what: str = ""
    where_words: str = ""
    where: tuple[Place, ...] = ()
    since_us: int | None = None
    call_back: str = ""

    @property
    def answered(self) -> tuple[str, ...]:
        """What of that which a form may lack it says, the most needed first."""
        return tuple(name for name, given in _answers(self).items() if given)


def still_missing(form: StopForm, answers: Iterable[StopAnswer]) -> tuple[str, ...]:
    """What to ask for still, the most needed first: what neither the form says nor any answer to it."""
    answered = {name for one in answers for name in one.answered}
    return tuple(name for name in form.missing if name not in answered)


def _answers(said: StopForm | StopAnswer) -> dict[str, bool]:
    """Whether each thing that is asked about an urgent stop is answered, the most needed first."""
    return {
        "where": bool(said.where or said.where_words.strip()),
        "coordinates": bool(said.where),
        "what": bool(said.what.strip()),
        "call_back": bool(said.call_back.strip()),
        "caller": bool(said.caller.strip()),
        "since": said.since_us is not None,
    }


# --- what can be ---


def moment_checked(moment: Moment) -> Moment:
    """The moment, if it can be one; raises `Refused` with the place of the fault."""
    id_checked(moment.attempt, "$.attempt")
    id_checked(moment.said_by, "$.said_by")
    _two_parties(moment.caller, moment.called)
    if moment.of not in (moment.caller, moment.called):
        raise Refused("call.of", "It is an act of one of the two", value=moment.of, where="$.of")
    doer = _DOER.get(moment.happened)
    if doer and moment.of != getattr(moment, doer):
        mend = f"Let it be of {getattr(moment, doer)}."
        what = f"{moment.happened.value} is an act of who {'called' if doer == 'caller' else 'was called'}"
        raise Refused("call.of", what, value=moment.of, mend=mend, where="$.of")
    said_checked(moment.person, "$.person")
    said_checked(moment.line, "$.line")
    words_checked(moment.spoken_to, "$.spoken_to")
    words_checked(moment.words, "$.words")
    us_checked(moment.at_us, "$.at_us")
    if moment.for_us is not None:
        us_checked(moment.for_us, "$.for_us")
    return moment


_DOER = {
    Happened.UNANSWERED: "caller",
    Happened.WRONG_NUMBER: "caller",
    Happened.MESSAGE_LEFT: "caller",
    Happened.ANSWERED: "called",
    Happened.REFUSED: "called",
}


def call_checked(call: Call) -> Call:
    """The call, if it can be one; raises `Refused` with the place of the fault."""
    id_checked(call.attempt, "$.attempt")
    _two_parties(*(side.party for side in call.sides))
    words_checked(call.purpose, "$.purpose")
    if call.for_us is not None:
        us_checked(call.for_us, "$.for_us")
    for number, side in enumerate(call.sides):
        _side_checked(side, f"$.sides[{number}]")
    if len(call.items) > ITEMS_MAX:
        raise LimitExceeded(
            "call.items", f"A call has at most {ITEMS_MAX} items", value=len(call.items), where="$.items"
        )
    for number, item in enumerate(call.items):
        where = f"$.items[{number}]"
        if item.said_by not in {side.party for side in call.sides}:
            raise Refused("call.item", "Only the two sides speak", value=item.said_by, where=f"{where}.said_by")
        said_checked(item.open, f"{where}.open")
        words_checked(item.words, f"{where}.words")
        facts_checked(item.facts, f"{where}.facts")
        if (item.back is None) != (not words_checked(item.back_by, f"{where}.back_by").strip()):
            mend = "Give both or neither."
            what = "A read-back names who read back"
            raise Refused("call.read_back", what, value=item.back_by, mend=mend, where=f"{where}.back_by")
        facts_checked(item.back or (), f"{where}.back")
    return call


def _side_checked(side: Side, where: str) -> None:
    language_checked(side.language, f"{where}.language")
    if not 0 < len(side.persons) <= PERSONS_MAX:
        what = f"A side has from 1 to {PERSONS_MAX} people"
        raise LimitExceeded("call.persons", what, value=len(side.persons), where=f"{where}.persons")
    for number, person in enumerate(side.persons):
        said_checked(person, f"{where}.persons[{number}]")
    if side.interpreter is not None:
        said_checked(side.interpreter.name, f"{where}.interpreter.name")
        words_checked(side.interpreter.vetted_by, f"{where}.interpreter.vetted_by")
        for number, tag in enumerate(side.interpreter.languages):
            language_checked(tag, f"{where}.interpreter.languages[{number}]")


def minute_checked(minute: Minute, call: Call) -> Minute:
    """The minute, if it can be one of this call; raises `Refused` with the place of the fault."""
    if minute.call != call.id:
        raise Refused("minute.call", "It is a minute of another call", value=minute.call, where="$.call")
    _of_a_side(minute.of, call)
    said_checked(minute.person, "$.person")
    _text_checked(minute.text, "$.text")
    us_checked(minute.at_us, "$.at_us")
    return minute


def minute_word_checked(word: MinuteWord, call: Call) -> MinuteWord:
    """The word, if a side of this call can have said it; raises `Refused` with the place of the fault."""
    _of_a_side(word.of, call)
    id_checked(word.said_by, "$.said_by")
    said_checked(word.person, "$.person")
    if word.own is not None:
        _text_checked(word.own, "$.own")
    us_checked(word.at_us, "$.at_us")
    return word


def stop_form_checked(form: StopForm) -> StopForm:
    """The form, if there are words and somebody who took them down; nothing else is asked for. Raises `Refused` with the place."""
    said_checked(form.words, "$.words")
    said_checked(form.taken_by, "$.taken_by")
    if form.language:
        language_checked(form.language, "$.language")
    _answers_checked(form)
    return form


def stop_answer_checked(answer: StopAnswer) -> StopAnswer:
    """The answer, if it cites a form and says something that one may lack; raises `Refused` with the place."""
    if not SHA256_HEX.fullmatch(answer.stop):
        raise Refused("stop.cited", "An urgent stop is cited by its id", value=answer.stop, where="$.stop")
    said_checked(answer.taken_by, "$.taken_by")
    _answers_checked(answer)
    if not answer.answered:
        raise Refused("stop.nothing_answered", "Nothing was answered", mend="Enter what was said, or nothing at all.")
    return answer


def _answers_checked(said: StopForm | StopAnswer) -> None:
    for name in ("caller", "what", "where_words", "call_back"):
        words_checked(getattr(said, name), f"$.{name}")
    facts_checked(said.where, "$.where")
    us_checked(said.taken_at_us, "$.taken_at_us")
    if said.since_us is not None:
        us_checked(said.since_us, "$.since_us")


def _two_parties(one: str, other: str) -> None:
    if id_checked(one, "$.caller") == id_checked(other, "$.called"):
        raise Refused("call.to_oneself", "A call has two sides", value=one, where="$.called")


def _of_a_side(party: str, call: Call) -> None:
    if party not in {side.party for side in call.sides}:
        raise Refused("minute.of", "Only a side of the call says what was said", value=party, where="$.of")


def _text_checked(text: Words, where: str) -> None:
    language_checked(text.language, f"{where}.language")
    said_checked(text.text, f"{where}.text")

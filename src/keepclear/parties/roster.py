"""Who can be reached for a party, when, by which line and in which language; and when nobody can.

    whom_to_try(roster, "desk", at_us)       the focal point and both deputies, in that order, each with lines or the reason why not
    gaps(roster, from_us, until_us)          when nobody can be reached
    language_gaps(roster, "ar", ...)         when nobody on duty speaks it whose Arabic somebody has vetted

A roster says who should be there. That somebody is there is shown by a line that was answered, and by a handover; neither
changes the hours.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple

import msgspec

from keepclear.ground.errors import LimitExceeded, Refused
from keepclear.ground.hours import (
    Calendar,
    Hours,
    Span,
    both,
    calendar_checked,
    hours_checked,
    period_checked,
    spans_of,
    union,
    within,
    without,
)
from keepclear.ground.instants import EARLIEST_US, LATEST_US, us_checked
from keepclear.ground.lookalike import plain
from keepclear.ground.words import language_checked, words_checked
from keepclear.parties.ids import id_checked

FOCAL_POINTS_MAX = 200
INTERPRETERS_MAX = 200
LINES_MAX = 16
LANGUAGES_MAX = 16
HANDOVERS_MAX = 100_000
OPEN_MAX = 200
CALL_OUT_US_MAX = 7 * 86_400_000_000


# --- what a roster says ---


class Level(StrEnum):
    """How well somebody speaks a language; `some` is not enough to take a message."""

    SOME = "some"
    WORKING = "working"
    FULL = "full"


class Language(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A language that somebody speaks. `vetted_by`: who has tested it; "": nobody, and it is their own word."""

    tag: str
    level: Level
    vetted_by: str = ""

    @property
    def vetted(self) -> bool:
        """Whether somebody else stands for it."""
        return bool(self.vetted_by)

    def is_called(self, tag: str) -> bool:
        """Whether it is this language, wherever it is spoken: "ar-SY" is "ar"."""
        return self.tag.partition("-")[0] == tag.partition("-")[0]


class LineKind(StrEnum):
    """By what somebody is reached."""

    VOICE = "voice"
    TEXT = "text"
    EMAIL = "e-mail"
    RADIO = "radio"
    SATELLITE = "satellite"


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One way to reach somebody.

    address  a number, an address, a frequency with its call sign
    hours    when the line itself works; None: always
    verified_at_us  when somebody was last reached by it; None: never"""

    kind: LineKind
    address: str
    hours: tuple[Hours, ...] | None = None
    verified_at_us: int | None = None


class Authority(StrEnum):
    """What somebody may do in the name of the party: take a message, pass it on, give an undertaking."""

    RECEIVE = "receive"
    RELAY = "relay"
    COMMIT = "commit"


class FocalPoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A role that is reached for its party.

    called   the role, or a name
    lines    in the order in which they are tried
    hours    of cover, by the clock of the calendar's zone
    deputy, second_deputy  ids of focal points that are tried after this one; "": none
    valid_from_us, valid_until_us  up to, not including, the second; None: no bound"""

    id: str
    called: str
    lines: tuple[Line, ...]
    languages: tuple[Language, ...]
    hours: tuple[Hours, ...]
    calendar: Calendar
    authority: tuple[Authority, ...] = (Authority.RECEIVE,)
    deputy: str = ""
    second_deputy: str = ""
    valid_from_us: int | None = None
    valid_until_us: int | None = None


class Interpreter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody who is called out to interpret. `hours`: when that can be done; `within_us`: how soon they are there then, None: not said."""

    id: str
    called: str
    lines: tuple[Line, ...]
    languages: tuple[Language, ...]
    hours: tuple[Hours, ...]
    calendar: Calendar
    within_us: int | None = None
    valid_from_us: int | None = None
    valid_until_us: int | None = None

    def vetted(self, one: str, other: str) -> bool:
        """Whether somebody stands for both of the languages between which they interpret."""
        return all(any(own.is_called(tag) and own.vetted for own in self.languages) for tag in (one, other))


Person = FocalPoint | Interpreter


class Handover(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who handed a focal point over to whom, and what was open: ids of messages and calls, or words."""

    focal: str
    given_by: str
    taken_by: str
    at_us: int
    open: tuple[str, ...] = ()
    words: str = ""


class Roster(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everybody of a party who can be reached, in the order in which they are tried."""

    party: str
    focal_points: tuple[FocalPoint, ...]
    interpreters: tuple[Interpreter, ...] = ()
    handovers: tuple[Handover, ...] = ()


# --- what is asked of it ---


class WhyNot(StrEnum):
    """Why somebody cannot be reached. It is found in this order; the first that holds is given."""

    NOT_VALID = "not_valid"
    OFF_DUTY = "off_duty"
    NO_LINE = "no_line"


class Reach(NamedTuple):
    """Somebody at an instant.

    lines       that work then, in the order in which they are tried; () where `why_not` says why nobody is reached by them
    stands_for  id of the focal point whose deputy this is here; "": it is tried for itself
    verified_at_us  when one of its lines was last answered by then; None: never"""

    focal: FocalPoint
    lines: tuple[Line, ...]
    why_not: WhyNot | None = None
    stands_for: str = ""
    verified_at_us: int | None = None


class Speaker(NamedTuple):
    """Somebody who might do where nobody is on duty whose language is vetted. `on_call`: an interpreter, who has to be called out."""

    id: str
    level: Level
    vetted: bool
    on_call: bool


class LanguageGap(NamedTuple):
    """From `from_us` up to, not including, `until_us`, with the same people who might do all the while."""

    from_us: int
    until_us: int
    might_do: tuple[Speaker, ...]


def whom_to_try(roster: Roster, focal: str, at_us: int) -> tuple[Reach, ...]:
    """A focal point, its deputy and its second deputy: all of them, whether or not they can be reached.

    One who is on duty may be away from the telephone, so the deputies are always behind it. Raises KeyError for one that is not there."""
    by_id = {one.id: one for one in roster.focal_points}
    first = by_id[focal]
    deputies = [by_id[id] for id in (first.deputy, first.second_deputy) if id]
    return (_reach(first, at_us), *(_reach(one, at_us, stands_for=focal) for one in deputies))


def in_reach(roster: Roster, at_us: int) -> tuple[Reach, ...]:
    """Everybody who can be reached at an instant, once each, in the order of the roster; deputies behind those they stand for."""
    found: dict[str, Reach] = {}
    for focal in roster.focal_points:
        for reach in whom_to_try(roster, focal.id, at_us):
            if reach.why_not is None:
                found.setdefault(reach.focal.id, reach)
    return tuple(found.values())


def gaps(roster: Roster, from_us: int, until_us: int) -> tuple[Span, ...]:
    """When nobody of the roster can be reached by any line within a period; raises `Refused` for a period that is none."""
    period = period_checked(from_us, until_us)
    covered = (span for focal in roster.focal_points for span in cover(focal, period))
    return without([period], covered)


def language_gaps(roster: Roster, tag: str, from_us: int, until_us: int) -> tuple[LanguageGap, ...]:
    """When nobody is in reach and on duty whose knowledge of a language is vetted and enough to take a message.

    With everybody who might do: who speaks it unvetted, or only some, and interpreters who would have to be called out. Raises
    `Refused` for a period that is none."""
    period = period_checked(from_us, until_us)
    language_checked(tag, "language")
    good: list[Span] = []
    might: list[tuple[Speaker, tuple[Span, ...]]] = []
    everybody: tuple[Person, ...] = (*roster.focal_points, *roster.interpreters)
    for person in everybody:
        on_call = isinstance(person, Interpreter)
        for language in person.languages:
            if not language.is_called(tag):
                continue
            spans = cover(person, period)
            if language.vetted and language.level is not Level.SOME and not on_call:
                good += spans
            else:
                might.append((Speaker(person.id, language.level, language.vetted, on_call), spans))
    return tuple(gap for span in without([period], good) for gap in _cut(span, might))


def cover(person: Person, period: Span) -> tuple[Span, ...]:
    """When somebody can be reached within a period: while valid, on duty, and by a line that works then."""
    valid = within([period], _validity(person))
    on_duty = spans_of(person.hours, person.calendar, *period)
    works = union(span for line in person.lines for span in _line_cover(line, person.calendar, period))
    return both(both(valid, on_duty), works)


def last_handover(roster: Roster, focal: str, at_us: int) -> Handover | None:
    """The newest handover of a focal point by an instant: whose hands it should be in, and what they were told is open."""
    found = [one for one in roster.handovers if one.focal == focal and one.at_us <= at_us]
    return max(found, key=lambda one: one.at_us, default=None)


def _reach(focal: FocalPoint, at_us: int, stands_for: str = "") -> Reach:
    now = Span(at_us, at_us + 1)
    answered = [us for line in focal.lines if (us := line.verified_at_us) is not None and us <= at_us]
    lines = tuple(line for line in focal.lines if _line_cover(line, focal.calendar, now))
    why_not = None
    if not _validity(focal).contains(at_us):
        why_not = WhyNot.NOT_VALID
    elif not spans_of(focal.hours, focal.calendar, *now):
        why_not = WhyNot.OFF_DUTY
    elif not lines:
        why_not = WhyNot.NO_LINE
    return Reach(focal, () if why_not else lines, why_not, stands_for, max(answered, default=None))


def _validity(person: Person) -> Span:
    from_us = EARLIEST_US if person.valid_from_us is None else person.valid_from_us
    return Span(from_us, LATEST_US if person.valid_until_us is None else person.valid_until_us)


def _line_cover(line: Line, calendar: Calendar, period: Span) -> tuple[Span, ...]:
    """A line keeps its hours on days off too: it is no person."""
    if line.hours is None:
        return (period,)
    return spans_of(line.hours, Calendar(calendar.zone), *period)


def _cut(gap: Span, might: Sequence[tuple[Speaker, tuple[Span, ...]]]) -> Iterable[LanguageGap]:
    """A gap in pieces, in each of which the same people might do."""
    here = [(speaker, within(spans, gap)) for speaker, spans in might]
    edges = sorted({*gap, *(us for _, spans in here for span in spans for us in span)})
    pieces: list[LanguageGap] = []
    for from_us, until_us in pairwise(edges):
        who = tuple(speaker for speaker, spans in here if any(span.contains(from_us) for span in spans))
        if pieces and pieces[-1].might_do == who:
            pieces[-1] = pieces[-1]._replace(until_us=until_us)
        else:
            pieces.append(LanguageGap(from_us, until_us, who))
    return pieces


# --- what can be ---


def checked(roster: Roster) -> Roster:
    """The roster, if it can be one; raises `Refused` with the place of the fault."""
    id_checked(roster.party, "$.party")
    _at_most(FOCAL_POINTS_MAX, roster.focal_points, "$.focal_points")
    _at_most(INTERPRETERS_MAX, roster.interpreters, "$.interpreters")
    _at_most(HANDOVERS_MAX, roster.handovers, "$.handovers")
    ids: set[str] = set()
    everybody: list[tuple[str, Person]] = [(f"$.focal_points[{n}]", one) for n, one in enumerate(roster.focal_points)]
    everybody += [(f"$.interpreters[{n}]", one) for n, one in enumerate(roster.interpreters)]
    for where, person in everybody:
        if id_checked(person.id, f"{where}.id") in ids:
            what = "Two people of the roster have one id"
            raise Refused("roster.twice", what, value=person.id, where=f"{where}.id")
        ids.add(person.id)
        _person_checked(person, where)
    focal_ids = {focal.id for focal in roster.focal_points}
    for number, focal in enumerate(roster.focal_points):
        _deputies_checked(focal, focal_ids, f"$.focal_points[{number}]")
    for number, handover in enumerate(roster.handovers):
        _handover_checked(handover, focal_ids, f"$.handovers[{number}]")
    return roster


def _person_checked(person: Person, where: str) -> None:
    words_checked(person.called, f"{where}.called")
    if not person.called.strip():
        mend = "Name the role: duty officer."
        raise Refused("roster.nobody", "Nobody is named", mend=mend, where=f"{where}.called")
    calendar_checked(person.calendar, f"{where}.calendar")
    hours_checked(person.hours, f"{where}.hours")
    _at_most(LINES_MAX, person.lines, f"{where}.lines")
    for number, line in enumerate(person.lines):
        _line_checked(line, f"{where}.lines[{number}]")
    _at_most(LANGUAGES_MAX, person.languages, f"{where}.languages")
    spoken: set[str] = set()
    for number, language in enumerate(person.languages):
        at = f"{where}.languages[{number}]"
        if language_checked(language.tag, f"{at}.tag") in spoken:
            raise Refused("roster.language_twice", "A language stands twice", value=language.tag, where=f"{at}.tag")
        spoken.add(language.tag)
        words_checked(language.vetted_by, f"{at}.vetted_by")
        if language.vetted_by and plain(language.vetted_by) == plain(person.called):
            mend = "Name somebody else, or nobody."
            what = "Nobody vets their own language"
            raise Refused("roster.vetted_alone", what, value=language.vetted_by, mend=mend, where=f"{at}.vetted_by")
    for name in ("valid_from_us", "valid_until_us"):
        if getattr(person, name) is not None:
            us_checked(getattr(person, name), f"{where}.{name}")
    validity = _validity(person)
    if validity.from_us >= validity.until_us:
        raise Refused("roster.validity", "It ends before it begins", where=f"{where}.valid_until_us")
    within_us = person.within_us if isinstance(person, Interpreter) else None
    if within_us is not None and not 0 < within_us <= CALL_OUT_US_MAX:
        what = "An interpreter is there within 1 microsecond to 7 days"
        raise Refused("roster.within", what, value=within_us, where=f"{where}.within_us")


def _line_checked(line: Line, where: str) -> None:
    words_checked(line.address, f"{where}.address")
    if not line.address.strip():
        mend = "Give the number, the address or the frequency."
        raise Refused("roster.address", "A line leads somewhere", mend=mend, where=f"{where}.address")
    if line.hours is not None:
        hours_checked(line.hours, f"{where}.hours")
    if line.verified_at_us is not None:
        us_checked(line.verified_at_us, f"{where}.verified_at_us")


def _deputies_checked(focal: FocalPoint, focal_ids: set[str], where: str) -> None:
    if focal.second_deputy and not focal.deputy:
        mend = "Make it the first."
        what = "There is a second deputy and no first"
        raise Refused("roster.deputy", what, value=focal.second_deputy, mend=mend, where=f"{where}.second_deputy")
    for name in ("deputy", "second_deputy"):
        deputy = getattr(focal, name)
        if deputy and deputy not in focal_ids:
            mend = "Give the deputy as a focal point of its own, with lines and hours."
            raise Refused(
                "roster.deputy", "There is no such focal point", value=deputy, mend=mend, where=f"{where}.{name}"
            )
        if deputy == focal.id or (name == "second_deputy" and deputy and deputy == focal.deputy):
            mend = "Name three, or leave one out."
            raise Refused("roster.deputy", "One stands in for itself", value=deputy, mend=mend, where=f"{where}.{name}")


def _handover_checked(handover: Handover, focal_ids: set[str], where: str) -> None:
    if handover.focal not in focal_ids:
        raise Refused("roster.handover", "There is no such focal point", value=handover.focal, where=f"{where}.focal")
    for name in ("given_by", "taken_by"):
        if not words_checked(getattr(handover, name), f"{where}.{name}").strip():
            raise Refused("roster.nobody", "A handover names both", where=f"{where}.{name}")
    if handover.given_by == handover.taken_by:
        what = "Nobody hands over to themselves"
        raise Refused("roster.handover", what, value=handover.taken_by, where=f"{where}.taken_by")
    _at_most(OPEN_MAX, handover.open, f"{where}.open")
    for number, words in enumerate(handover.open):
        words_checked(words, f"{where}.open[{number}]")
    words_checked(handover.words, f"{where}.words")
    us_checked(handover.at_us, f"{where}.at_us")


def _at_most(most: int, some: Sequence[object], where: str) -> None:
    if len(some) > most:
        raise LimitExceeded("roster.too_many", f"There are at most {most:,} here", value=len(some), where=where)

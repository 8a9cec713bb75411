"""What goes over a telephone and on paper: a number that can be read out, and a filled sheet as a statement.

    number_of(message.id)                    "4821 9055 3071"
    reading_of(filled, message, points)      the claim that somebody read it back so

A sheet that comes back shows what somebody wrote down that somebody else said. It is a claim, names who brought it, and stays one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from keepclear.channel.facts import Count, Fact, Place, Time, Word
from keepclear.channel.messages import Message, Words
from keepclear.channel.readings import uniform
from keepclear.channel.statements import OF_A_PERSON, Act, Means, Statement, checked
from keepclear.geo.earth import E7
from keepclear.geo.places import NamedPoint
from keepclear.geo.places import parse as parse_place
from keepclear.ground.canon import INTEGER_MAX
from keepclear.ground.errors import Refused
from keepclear.ground.instants import parse_instant

NUMBER_DIGITS = 12
_GROUP = 4
BY_HAND = frozenset({Means.VOICE, Means.RADIO, Means.PAPER})


def number_of(id: str) -> str:
    """The twelve digits by which a message is called on a telephone, made of its id, in groups of four.

    A number finds a message and proves nothing: whoever wants to can make two messages of one number. The id is the proof."""
    digits = f"{int(id[:16], 16) % 10**NUMBER_DIGITS:0{NUMBER_DIGITS}d}"
    return " ".join(digits[at : at + _GROUP] for at in range(0, NUMBER_DIGITS, _GROUP))


def with_number(ids: Iterable[str], spoken: str) -> tuple[str, ...]:
    """The ids that have this number, in their order; digits of any script, with or without blanks and dashes.

    Raises `Refused` for what is no number of a message."""
    digits = "".join(ch for ch in uniform(spoken) if not ch.isspace() and ch != "-")
    if not (digits.isascii() and digits.isdigit()) or len(digits) != NUMBER_DIGITS:
        mend = f"It has {NUMBER_DIGITS} digits; have each group read back."
        raise Refused("number.unreadable", "This is not the number of a message", value=spoken, mend=mend)
    return tuple(id for id in ids if number_of(id).replace(" ", "") == digits)


class Filled(NamedTuple):
    """A sheet as it was filled in.

    of        the party that read back, or answered
    person    who that was, a name or a role; `role` what they are there
    carrier   who brought the word to the party that enters it: "duty officer of Meridian, by telephone"
    heard     by the name of a fact, what was written into its box; a box that is empty is left out
    called    by the name of a fact that is a place, the name that was read back for it
    within_us of stand_by: how soon the answer comes
    words     what was said with it; who refuses says so in words"""

    act: Act
    of: str
    person: str
    carrier: str
    means: Means
    at_us: int
    role: str = ""
    heard: Mapping[str, str] = {}
    called: Mapping[str, str] = {}
    within_us: int | None = None
    words: Words | None = None


def reading_of(
    filled: Filled, message: Message, entered_by: str, points: Iterable[NamedPoint] = (), zone: str | None = None
) -> Statement:
    """The statement that a party makes of a filled sheet: a claim about the other, with its carrier.

    zone    the time zone in which times on the sheet are written; None: each says its own
    points  named points that a place on the sheet may be measured from

    Raises `Refused` with the box: a box that cannot be read, one that the sheet does not have, a sheet without a carrier, and one that
    a party fills in for itself."""
    if filled.act not in OF_A_PERSON:
        raise Refused("sheet.act", "A sheet has no box for that", value=filled.act.value, where="$.act")
    if filled.of == entered_by:
        mend = "What a party did itself it says under its own signature."
        raise Refused("sheet.own", "A sheet is of the other party", value=filled.of, mend=mend, where="$.of")
    if not filled.carrier.strip():
        mend = "Name who brought the word: duty officer, by telephone."
        raise Refused("statement.carrier", "A sheet names its carrier", mend=mend, where="$.carrier")
    if filled.means not in BY_HAND:
        mend = f"It is one of {', '.join(sorted(BY_HAND))}."
        raise Refused("sheet.means", "No sheet comes by that", value=filled.means.value, mend=mend, where="$.means")
    person = ", ".join(filter(None, (filled.person.strip(), filled.role.strip())))
    statement = Statement(
        filled.act, filled.of, entered_by, message.id, filled.at_us, person=person, carrier=filled.carrier, means=filled.means,
        within_us=filled.within_us, facts=_heard(filled, message, points, zone), words=filled.words, exercise=message.exercise,
    )  # fmt: skip
    return checked(statement)


def _heard(filled: Filled, message: Message, points: Iterable[NamedPoint], zone: str | None) -> tuple[Fact, ...]:
    said = {fact.name: fact for fact in message.facts}
    places = {fact.name for fact in message.places}
    for boxes, known in (("heard", said.keys()), ("called", places)):
        for name in sorted(set(getattr(filled, boxes)) - known):
            mend = f"The message states {', '.join(sorted(known)) or 'nothing'}."
            raise Refused("sheet.box", "The sheet has no such box", value=name, mend=mend, where=f"$.{boxes}.{name}")
    for name in sorted(set(filled.called) - set(filled.heard)):
        mend = "A name alone is no place: have the coordinates read back, or leave both out."
        raise Refused("sheet.name_alone", "There are no coordinates with it", mend=mend, where=f"$.called.{name}")
    named = {point.name: point for point in points}
    found = []
    for name, fact in said.items():
        written = filled.heard.get(name, "")
        if written.strip():
            try:
                found.append(_read(fact, written, filled.called.get(name, ""), named, zone))
            except Refused as refusal:
                raise refusal.at(f"$.heard.{name}") from refusal
    return tuple(found)


def _read(said: Fact, written: str, called: str, points: Mapping[str, NamedPoint], zone: str | None) -> Fact:
    match said:
        case Place():
            read = parse_place(written, named_points=points)
            accuracy_mm = max(1, round(read.accuracy_m * 1000))
            return Place(said.name, round(read.lat * E7), round(read.lon * E7), accuracy_mm, written, called)
        case Time():
            instant = parse_instant(uniform(written), zone)
            return Time(said.name, instant.us, instant.zone)
        case Count():
            return _count(said.name, written)
        case Word():
            return Word(said.name, written)


def _count(name: str, written: str) -> Count:
    """`27`, `20-27` or `60+`."""
    text = "".join(uniform(written).replace("–", "-").split())
    ends = text.removesuffix("+").split("-", 0 if text.endswith("+") else 1)
    if not all(end.isascii() and end.isdigit() and len(end) <= len(str(INTEGER_MAX)) for end in ends):
        mend = "Write 27, 20-27 or 60+."
        raise Refused("count.unreadable", "This is no count", value=written, mend=mend)
    top = None if text.endswith("+") else int(ends[-1])
    return Count(name, int(ends[0]), top, written)

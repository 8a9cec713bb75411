"""What of a message can be compared: places, times, counts and words, each with a name, apart from the text around them.

A place is coordinates. A name without them is not a place: people mean different points by it (`geo.places`). Numbers are whole, in
the unit that stands last in their name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple

import msgspec

from keepclear.geo.earth import E7, distance_m
from keepclear.geo.notations import in_one_cell
from keepclear.ground.canon import INTEGER_MAX
from keepclear.ground.errors import LimitExceeded, Refused
from keepclear.ground.instants import us_checked
from keepclear.ground.lookalike import plain
from keepclear.ground.words import words_checked

FACTS_MAX = 64
NAME_CHARS_MAX = 64
# Degrees, minutes and squares differ by less at the same number of digits; a digit less is ten times as coarse.
COARSER_AT_MOST = 4.0
# Whole degrees have cells of 78 km by this measure; nothing coarser is a place.
ACCURACY_MM_MAX = 100_000_000
_NAME = re.compile(r"[a-z][a-z0-9_]*")


class _Fact(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="is"):
    """One thing that is stated. `name` says what of it this is: "zone_centre", "go_to", "by"."""

    name: str


class Place(_Fact, frozen=True, tag="place"):
    """Coordinates on WGS84 and how they were written.

    accuracy_mm  half the diagonal of the cell of the last digit: how finely it was written, not how well it was measured
    called       the name that goes with it, as its speaker spells it; "": none"""

    lat_e7: int
    lon_e7: int
    accuracy_mm: int
    as_entered: str
    called: str = ""


class Time(_Fact, frozen=True, tag="time"):
    """An instant, and the zone in which it was spoken."""

    at_us: int
    zone: str


class Count(_Fact, frozen=True, tag="count"):
    """From `low` to `high`, both included; `high` None: nobody gave an upper bound."""

    low: int
    high: int | None
    as_entered: str = ""


class Word(_Fact, frozen=True, tag="word"):
    """A name or a term that must arrive as it was said."""

    text: str


Fact = Place | Time | Count | Word


class Verdict(StrEnum):
    """What became of a fact on its way.

    too_coarse  what was read back would fit others as well: it does not show that this one was understood"""

    SAME = "same"
    DIFFERS = "differs"
    TOO_COARSE = "too_coarse"
    MISSING = "missing"
    NOT_SAID = "not_said"


class Compared(NamedTuple):
    """One field of a read-back. `off_m` is how far two places lie apart, `off_s` two times; None where it says nothing."""

    name: str
    verdict: Verdict
    off_m: float | None = None
    off_s: float | None = None


def facts_checked(facts: Iterable[Fact], where: str) -> tuple[Fact, ...]:
    """The facts, if each can be; raises `Refused` with the place."""
    checked = tuple(facts)
    if len(checked) > FACTS_MAX:
        raise LimitExceeded(
            "facts.too_many", f"A message states at most {FACTS_MAX} facts", value=len(checked), where=where
        )
    seen: set[str] = set()
    for number, fact in enumerate(checked):
        at = f"{where}[{number}]"
        if not _NAME.fullmatch(fact.name) or len(fact.name) > NAME_CHARS_MAX:
            mend = "Use lower-case letters, digits and underscores: go_to."
            raise Refused(
                "fact.name", "This cannot be the name of a fact", value=fact.name, mend=mend, where=f"{at}.name"
            )
        if fact.name in seen:
            mend = "Give each a name of its own, as a read-back goes by it."
            raise Refused("fact.twice", "Two facts have one name", value=fact.name, mend=mend, where=f"{at}.name")
        seen.add(fact.name)
        _check(fact, at)
    return checked


def _check(fact: Fact, at: str) -> None:
    match fact:
        case Place():
            beyond = abs(fact.lat_e7) > 90 * E7 or abs(fact.lon_e7) > 180 * E7
            if beyond or not 0 <= fact.accuracy_mm <= ACCURACY_MM_MAX:
                raise Refused("place.out_of_range", "There is no such place", value=fact.as_entered, where=at)
            words_checked(fact.as_entered, f"{at}.as_entered")
            words_checked(fact.called, f"{at}.called")
        case Time():
            us_checked(fact.at_us, at)
            words_checked(fact.zone, f"{at}.zone")
        case Count():
            if not 0 <= fact.low <= INTEGER_MAX or (fact.high is not None and not fact.low <= fact.high <= INTEGER_MAX):
                raise Refused(
                    "count.out_of_range", "There is no such count", value=f"{fact.low} to {fact.high}", where=at
                )
            words_checked(fact.as_entered, f"{at}.as_entered")
        case Word():
            words_checked(fact.text, f"{at}.text")


def compared(said: Iterable[Fact], heard: Iterable[Fact]) -> tuple[Compared, ...]:
    """A read-back, field by field: every fact that was said, in its order, then what was read back and never said."""
    back: Mapping[str, Fact] = {fact.name: fact for fact in heard}
    found = []
    named = set()
    for fact in said:
        named.add(fact.name)
        other = back.get(fact.name)
        found.append(Compared(fact.name, Verdict.MISSING) if other is None else _one(fact, other))
    return (*found, *(Compared(name, Verdict.NOT_SAID) for name in back if name not in named))


def named_otherwise(said: Iterable[Fact], heard: Iterable[Fact]) -> tuple[tuple[str, str], ...]:
    """Places whose name came back as another one, or not at all: the fact, and the name that came back for it, "" for none.

    Coordinates decide whether a place was understood; that its name was not is how it is misheard the next time."""
    back = {fact.name: fact for fact in heard}
    pairs = ((fact, back.get(fact.name)) for fact in said)
    return tuple(
        (one.name, other.called)
        for one, other in pairs
        if isinstance(one, Place)
        and isinstance(other, Place)
        and one.called
        and plain(one.called) != plain(other.called)
    )


def matches(fields: Iterable[Compared]) -> bool:
    """Whether a read-back shows that everything was understood as it was said."""
    return all(field.verdict is Verdict.SAME for field in fields)


def _one(said: Fact, heard: Fact) -> Compared:
    match said, heard:
        case Place(), Place():
            return _places(said, heard)
        case Time(), Time():
            off_s = abs(said.at_us - heard.at_us) / 1e6
            return Compared(said.name, Verdict.SAME if said.at_us == heard.at_us else Verdict.DIFFERS, off_s=off_s)
        case Count(), Count():
            same = (said.low, said.high) == (heard.low, heard.high)
        case Word(), Word():
            same = plain(said.text) == plain(heard.text)
        case _:
            same = False
    return Compared(said.name, Verdict.SAME if same else Verdict.DIFFERS)


def _places(said: Place, heard: Place) -> Compared:
    """Two notations of one place round differently, each within its cell; one wrong digit is a whole cell away."""
    here, there = (said.lat_e7 / E7, said.lon_e7 / E7), (heard.lat_e7 / E7, heard.lon_e7 / E7)
    off_m = float(distance_m(*here, *there))
    if not in_one_cell(*here, *there, max(said.accuracy_mm, heard.accuracy_mm) / 1000):
        return Compared(said.name, Verdict.DIFFERS, off_m=off_m)
    coarse = heard.accuracy_mm > COARSER_AT_MOST * max(said.accuracy_mm, 1000)
    return Compared(said.name, Verdict.TOO_COARSE if coarse else Verdict.SAME, off_m=off_m)

"""Facts as people write them, and as a message states them: a place in any notation, a time with its zone, a count, a word."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated

import msgspec
from msgspec import Meta

from keepclear.channel.facts import FACTS_MAX, Count, Fact, Place, Time, Word
from keepclear.geo.earth import E7
from keepclear.geo.places import NO_POINTS, NamedPoint, parse
from keepclear.ground.errors import Refused
from keepclear.ground.instants import parse_instant, utc_text
from keepclear.ground.quantities import parse_count

FactName = Annotated[
    str, Meta(min_length=1, max_length=64, description="what of it this is: go_to, leave, by, vehicles")
]
Text = Annotated[str, Meta(max_length=500)]


class _Given(msgspec.Struct, forbid_unknown_fields=True, frozen=True, tag_field="is"):
    name: FactName


class PlaceGiven(_Given, frozen=True, tag="place"):
    """A place as it is written: decimal degrees, degrees and minutes, MGRS, UTM, or a bearing and distance from a named point."""

    text: Text
    called: Text = ""


class TimeGiven(_Given, frozen=True, tag="time"):
    """An instant with its zone: 2026-05-18T12:00+03:00. `zone`: the one it was spoken in, such as Asia/Damascus."""

    at: Text
    zone: Text = "UTC"


class CountGiven(_Given, frozen=True, tag="count"):
    """How many, as somebody says it: 27, 10-14, 60+."""

    text: Text


class WordGiven(_Given, frozen=True, tag="word"):
    """A name or a term that must arrive as it was said."""

    text: Text


FactGiven = PlaceGiven | TimeGiven | CountGiven | WordGiven
FactsGiven = Annotated[list[FactGiven], Meta(max_length=FACTS_MAX)]


def facts_of(given: Iterable[FactGiven], where: str, points: Mapping[str, NamedPoint] = NO_POINTS) -> tuple[Fact, ...]:
    """What was written, as facts; raises `Refused` with the place of the fault."""
    facts = []
    for number, one in enumerate(given):
        try:
            facts.append(_fact(one, points))
        except Refused as refused:
            raise refused.at(f"{where}[{number}]") from refused
    return tuple(facts)


def _fact(given: FactGiven, points: Mapping[str, NamedPoint]) -> Fact:
    match given:
        case PlaceGiven():
            found = parse(given.text, named_points=points)
            return Place(
                given.name, round(found.lat * E7), round(found.lon * E7), round(found.accuracy_m * 1000), given.text, given.called
            )  # fmt: skip
        case TimeGiven():
            return Time(given.name, parse_instant(given.at).us, given.zone)
        case CountGiven():
            count = parse_count(given.text)
            return Count(given.name, count.low, count.high, given.text)
    return Word(given.name, given.text)


def given_of(fact: Fact) -> FactGiven:
    """A fact as somebody would write it."""
    match fact:
        case Place():
            return PlaceGiven(fact.name, fact.as_entered, fact.called)
        case Time():
            return TimeGiven(fact.name, utc_text(fact.at_us), fact.zone)
        case Count():
            up_to = "+" if fact.high is None else "" if fact.high == fact.low else f"-{fact.high}"
            return CountGiven(fact.name, fact.as_entered or f"{fact.low}{up_to}")
    return WordGiven(fact.name, fact.text)

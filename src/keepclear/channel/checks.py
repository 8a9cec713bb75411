"""What a person is shown before a message goes: where it contradicts itself, leaves something out, or can be read in two ways.

    for finding in checks(message, Against(points=..., envelope=..., lead_us=...)): sentence(finding)

Nothing is corrected and nothing is sent or held by what is found: each finding says where it looked, what it compared and by how much it
is off. `stops` is for what the other side cannot understand in one way; `asks` for what a person may well have meant.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple

from keepclear.channel.facts import Place, Time, Word
from keepclear.channel.messages import Marker, Message
from keepclear.channel.readings import (
    Mention,
    Quantity,
    clocks,
    dates,
    instants,
    is_called,
    lengths,
    likenesses,
    mentions,
    numbers,
    uniform,
)
from keepclear.geo.earth import E7, distance_m
from keepclear.geo.places import Envelope, NamedPoint
from keepclear.geo.places import parse as parse_place
from keepclear.geo.suspicions import Doubt, Suspicion, suspicions
from keepclear.ground.errors import Refused
from keepclear.ground.instants import EPOCH, MICROSECOND, duration_text, zone_named
from keepclear.ground.lookalike import mixed_words, plain, steering

# Names of facts that mean the same in every message.
LEAVE = frozenset({"leave", "drop_area"})
GO_TO = "go_to"
ZONE_CENTRE = "zone_centre"
RADIUS = "radius"
BEGINS = "from"
# How something is marked, and what sees it; "none" is said as well.
MARKINGS = {"marking_day": "by day", "marking_night": "by night", "marking_infrared": "in infrared"}
_ROLES = LEAVE | {GO_TO, ZONE_CENTRE, "place", "seen"}
# A point to go to that is nearer than this to the place to leave is hardly another place.
NEAR_M = 2_000.0
_MINUTE_US = 60_000_000
# Embeddings, overrides, isolates and their ends; the plain marks of direction turn nothing around.
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_OVERRIDES = frozenset("\u202d\u202e")
_INFORMS = frozenset(Marker) - {Marker.QUESTION, Marker.ANSWER}
_AREA = re.compile(
    r"\b(?:north|south|east|west)(?:ern|wards?)?\b|\b(?:area|region|vicinity|near)\b"
    r"|север|\bюг|южн|восто[кч]|запад|район|شمال|جنوب|شرق|غرب|منطقة",
    re.IGNORECASE,
)
_BETWEEN_PAIR = re.compile(r"\s*(?:[(/=,]|or|или|أو)\s*", re.IGNORECASE)


class Severity(StrEnum):
    """What a finding asks of the person: to mend it, or to say that it is meant."""

    STOPS = "stops"
    ASKS = "asks"


class Finding(NamedTuple):
    """One thing that was found; `where` is the JSON path of what was looked at, `params` what was compared."""

    key: str
    severity: Severity
    where: str
    params: Mapping[str, str | int | float]


class Against(NamedTuple):
    """What a message is compared with.

    points    named points that both sides know
    envelope  the box in which the parties work; None: nowhere in particular
    zones     the time zones of this side and of the other
    lead_us   how long before it begins the agreement has such a notice given; None: it sets no time
    names     of parties and people: nothing else is to look like one of them"""

    points: tuple[NamedPoint, ...] = ()
    envelope: Envelope | None = None
    zones: tuple[str, str] = ("UTC", "UTC")
    lead_us: int | None = None
    names: tuple[str, ...] = ()


class Lead(NamedTuple):
    """A notice against the lead time of its agreement: how long before it begins it is given, and how much more than asked."""

    given_us: int
    spare_us: int

    @property
    def met(self) -> bool:
        """Whether it is given in time."""
        return self.spare_us >= 0


SENTENCES = {
    "place.no_coordinates": "{name} is named, and no coordinates go with it: the notice is incomplete",
    "place.vague": '"{text}" is no place, and there are no coordinates: the notice is incomplete',
    "place.off_name": "The coordinates of {name} lie {off_m:.0f} m from the point of that name ({source})",
    "place.off_relative": '"{text}" leads {off_m:.0f} m away from the coordinates nearest to it',
    "place.entered_otherwise": 'The coordinates are {off_m:.0f} m from what was entered, "{text}"',
    "place.suspicion": "{doubt}: that would be {off_m:.0f} m from here",
    "place.go_to_is_leave": "The place to go to is the place to leave ({off_m:.0f} m apart)",
    "place.go_to_near_leave": "The place to go to is only {off_m:.0f} m from the place to leave",
    "place.go_to_in_zone": "The place to go to lies {inside_m:.0f} m within the zone",
    "quantity.no_unit": '"{text}" has no unit that means one length',
    "quantity.across": '"{text}" is a width; the zone has a radius. It may be meant as either',
    "quantity.differs": '"{text}" is not {stated}: they are {off_m:.0f} m apart',
    "quantity.pair": '"{text}" and "{other}" stand for one length and differ by {off_m:.0f} m',
    "time.no_zone": "{text} has no zone",
    "time.unclear": "{text} names no instant ({why})",
    "time.differs": "{text} is none of the times that are stated",
    "time.rollover": "The two sides have different dates then: {here} and {there}",
    "date.impossible": "There is no such day: {text}",
    "date.weekday": "{text} is a {weekday}",
    "lead.short": "The notice is given {given} before it begins, {short} less than was agreed",
    "lead.no_begin": 'The agreement sets a lead time, and no time called "from" says when it begins',
    "marking.unsaid": "It says how something is marked, and not what is seen of that {missing}",
    "translation.numbers": "The numbers differ in {language}: {missing} missing, {added} added",
    "text.steers": "Marks turn the direction of writing around: {marks}",
    "text.invisible": "A name has characters that nobody sees: {marks}",
    "text.mixed_scripts": '"{word}" has letters of two alphabets',
    "text.lookalike": '"{text}" looks like {name} and is not',
}
_DOUBTS = {
    Doubt.SWAPPED: "Latitude and longitude may be swapped",
    Doubt.DMS_AS_DECIMAL: "The decimals may be minutes and seconds",
    Doubt.DECIMAL_AS_DMS: "The minutes and seconds may be decimals of a degree",
    Doubt.BAND_AS_HEMISPHERE: "The S behind the zone may have meant south",
    Doubt.OUTSIDE_ENVELOPE: "This lies outside the area of operations; the nearest place within",
}
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def sentence(finding: Finding) -> str:
    """The finding in English."""
    return f"{SENTENCES[finding.key].format(**finding.params)}."


def checks(message: Message, against: Against) -> tuple[Finding, ...]:
    """Everything that was found, in a fixed order; nothing means that nothing was found, and not that all is well."""
    return (
        *_of_named_places(message, against),
        *_of_coordinates(message, against),
        *_of_directions(message),
        *_of_quantities(message, against),
        *_of_times(message, against),
        *_of_lead(message, against),
        *_of_markings(message),
        *_of_translations(message),
        *_of_letters(message, against),
    )


def lead(message: Message, lead_us: int) -> Lead | None:
    """How a notice stands to a lead time: from when it is written to the time called "from"; None where it states none."""
    begins = next((time.at_us for time in message.times if time.name == BEGINS), None)
    if begins is None:
        return None
    given_us = begins - message.written_at_us
    return Lead(given_us, given_us - lead_us)


def _stops(key: str, where: str, **params: str | float) -> Finding:
    return Finding(key, Severity.STOPS, where, params)


def _asks(key: str, where: str, **params: str | float) -> Finding:
    return Finding(key, Severity.ASKS, where, params)


def _texts(message: Message) -> Iterator[tuple[str, str, str]]:
    """Every text: where it stands, its language, and what it says."""
    yield "$.original.text", message.original.language, message.original.text
    for number, translation in enumerate(message.translations):
        yield f"$.translations[{number}].text", translation.language, translation.text


def _words(message: Message) -> Iterator[tuple[str, Word]]:
    for number, fact in enumerate(message.facts):
        if isinstance(fact, Word):
            yield f"$.facts[{number}].text", fact


def _placed(message: Message) -> Iterator[tuple[str, Place]]:
    for number, fact in enumerate(message.facts):
        if isinstance(fact, Place):
            yield f"$.facts[{number}]", fact


def _apart_m(place: Place, lat: float, lon: float) -> float:
    return float(distance_m(place.lat_e7 / E7, place.lon_e7 / E7, lat, lon))


# --- places ---


def _of_named_places(message: Message, against: Against) -> Iterator[Finding]:
    places = message.places
    found = [(where, mention) for where, _, text in _texts(message) for mention in mentions(text, against.points)]
    measured_from = {mention.point.name for _, mention in found if mention.head}
    named: set[str] = set()
    for where, mention in found:
        if mention.head:
            if not places:
                named.add(mention.text)
                yield _stops("place.no_coordinates", where, name=mention.text)
            else:
                yield from _of_relative(where, mention, places)
        elif mention.point.name not in measured_from | named and not _has_coordinates(mention.point, against, places):
            named.add(mention.point.name)
            yield _stops("place.no_coordinates", where, name=mention.text)
    for where, word in _words(message):
        means = [point for point in against.points if is_called(point, word.text)]
        without = means and not any(_has_coordinates(point, against, places) for point in means)
        if (word.name in _ROLES or without) and word.text not in named:
            named.add(word.text)
            yield _stops("place.no_coordinates", where, name=word.text)
    if not places and not named and message.marker in _INFORMS:
        for where, _, text in _texts(message):
            if (area := _AREA.search(uniform(text))) is not None:
                yield _stops("place.vague", where, text=area[0])


def _has_coordinates(point: NamedPoint, against: Against, places: tuple[Place, ...]) -> bool:
    alike = [other for other in against.points if is_called(other, point.name)]
    return any(
        is_called(point, place.called)
        or any(_apart_m(place, one.lat, one.lon) <= place.accuracy_mm / 1000 + one.accuracy_m for one in alike)
        for place in places
    )


def _of_relative(where: str, mention: Mention, places: tuple[Place, ...]) -> Iterator[Finding]:
    if mention.lat is None or mention.lon is None:
        return  # its mile is found among the quantities
    off_m, place = min(
        ((_apart_m(place, mention.lat, mention.lon), place) for place in places), key=lambda pair: pair[0]
    )
    if off_m > mention.accuracy_m + place.accuracy_mm / 1000:
        yield _asks("place.off_relative", where, text=mention.text, off_m=off_m, fact=place.name)


def _of_coordinates(message: Message, against: Against) -> Iterator[Finding]:
    named = {point.name: point for point in against.points}
    for where, place in _placed(message):
        alike = [point for point in against.points if place.called and is_called(point, place.called)]
        if alike:
            off_m, point = min(((_apart_m(place, one.lat, one.lon), one) for one in alike), key=lambda pair: pair[0])
            if off_m > place.accuracy_mm / 1000 + point.accuracy_m:
                yield _asks("place.off_name", where, name=place.called, off_m=off_m, source=point.source)
        doubts: tuple[Suspicion, ...]
        try:
            read = parse_place(place.as_entered, named_points=named, envelope=against.envelope)
        except Refused:
            lat, lon = place.lat_e7 / E7, place.lon_e7 / E7
            doubts = suspicions(lat, lon, [(Doubt.SWAPPED, lon, lat)], against.envelope)
        else:
            doubts = read.suspicions
            off_m = _apart_m(place, read.lat, read.lon)
            if off_m > max(read.accuracy_m, place.accuracy_mm / 1000):
                yield _stops("place.entered_otherwise", where, text=place.as_entered, off_m=off_m)
        for doubt in doubts:
            yield _asks(
                "place.suspicion", where, doubt=_DOUBTS[doubt.key], which=doubt.key.value, off_m=doubt.distance_m
            )


def _of_directions(message: Message) -> Iterator[Finding]:
    by_name = {place.name: place for place in message.places}
    go_to = by_name.get(GO_TO)
    if go_to is None:
        return
    where = next(at for at, place in _placed(message) if place is go_to)
    for name in sorted(LEAVE & by_name.keys()):
        leave = by_name[name]
        off_m = _apart_m(go_to, leave.lat_e7 / E7, leave.lon_e7 / E7)
        one_name = bool(go_to.called) and plain(go_to.called) == plain(leave.called)
        if one_name or off_m <= (go_to.accuracy_mm + leave.accuracy_mm) / 1000:
            yield _stops("place.go_to_is_leave", where, fact=name, off_m=off_m)
        elif off_m < NEAR_M:
            yield _asks("place.go_to_near_leave", where, fact=name, off_m=off_m)
    radius = next((one for _, one in _stated_lengths(message) if one.m is not None), None)
    if ZONE_CENTRE in by_name and radius is not None and radius.m is not None:
        centre = by_name[ZONE_CENTRE]
        inside_m = radius.m - _apart_m(go_to, centre.lat_e7 / E7, centre.lon_e7 / E7)
        if inside_m > 0:
            yield _asks("place.go_to_in_zone", where, inside_m=inside_m)


# --- quantities ---


def _stated_lengths(message: Message) -> Iterator[tuple[str, Quantity]]:
    """The lengths that stand as facts of their own, those of the radius first."""
    for where, word in sorted(_words(message), key=lambda pair: pair[1].name != RADIUS):
        found = lengths(word.text)
        if len(found) == 1 and found[0].text == uniform(word.text).strip():
            yield where, found[0]


def _of_quantities(message: Message, against: Against) -> Iterator[Finding]:
    stated = list(_stated_lengths(message))
    for where, length in stated:
        if length.doubt:
            yield _stops("quantity.no_unit", where, text=length.text)
    known = [length for _, length in stated if length.m is not None]
    for where, _, text in _texts(message):
        spans = [(mention.start, mention.end) for mention in mentions(text, against.points) if mention.head]
        found = lengths(text)
        for length in found:
            if length.doubt:
                yield _stops("quantity.no_unit", where, text=length.text)
            if length.across and _has_radius(message, text):
                yield _asks("quantity.across", where, text=length.text)
            elif known and not any(start <= length.start < end for start, end in spans):
                yield from _unlike_the_stated(where, length, known)
        for length, other in pairwise(found):
            pair = _BETWEEN_PAIR.fullmatch(uniform(text)[length.end : other.start]) is not None
            if pair and length.m is not None and other.m is not None and not length.agrees(other):
                yield _asks("quantity.pair", where, text=length.text, other=other.text, off_m=abs(length.m - other.m))


def _unlike_the_stated(where: str, length: Quantity, stated: list[Quantity]) -> Iterator[Finding]:
    if length.m is None or any(length.agrees(one) for one in stated):
        return
    off_m, near = min((abs(length.m - (one.m or 0.0)), one.text) for one in stated)
    yield _asks("quantity.differs", where, text=length.text, stated=near, off_m=off_m)


def _has_radius(message: Message, text: str) -> bool:
    named = re.search(r"radius|zone|радиус|зон[аыеу]|منطقة|نصف", uniform(text), re.IGNORECASE) is not None
    return named or message.about.kind == "zone" or any(word.name == RADIUS for _, word in _words(message))


# --- times ---


def _of_times(message: Message, against: Against) -> Iterator[Finding]:
    written = (EPOCH + message.written_at_us * MICROSECOND).date()
    stated = {time.at_us // _MINUTE_US for time in message.times}
    for where, _, text in _texts(message):
        for spoken in instants(text):
            if spoken.at_us is None:
                yield _stops("time.unclear", where, text=spoken.text, why=spoken.doubt)
            elif stated and spoken.at_us // _MINUTE_US not in stated:
                yield _asks("time.differs", where, text=spoken.text)
        for clock in clocks(text):
            if not clock.zone:
                yield _stops("time.no_zone", where, text=clock.text)
            elif message.times and clock.minute not in {_minute(time, clock.zone) for time in message.times}:
                yield _asks("time.differs", where, text=f"{clock.text} {clock.zone}")
        for dated in dates(text, written):
            if dated.day is None:
                yield _stops("date.impossible", where, text=dated.text)
            elif dated.weekday not in (0, dated.day.isoweekday()):
                yield _stops(
                    "date.weekday",
                    where,
                    text=dated.text,
                    weekday=_WEEKDAYS[dated.day.weekday()],
                    weekday_number=dated.day.isoweekday(),
                )
    for number, fact in enumerate(message.facts):
        if isinstance(fact, Time):
            here, there = (_local_day(fact, zone) for zone in against.zones)
            if here != there:
                yield _asks(
                    "time.rollover",
                    f"$.facts[{number}]",
                    here=_shown(here),
                    there=_shown(there),
                    here_day=here.isoformat(),
                    there_day=there.isoformat(),
                    fact=fact.name,
                )


def _minute(time: Time, zone: str) -> int:
    local = (EPOCH + time.at_us * MICROSECOND).astimezone(zone_named(zone))
    return local.hour * 60 + local.minute


def _local_day(time: Time, zone: str) -> date:
    return (EPOCH + time.at_us * MICROSECOND).astimezone(zone_named(zone)).date()


def _shown(day: date) -> str:
    return f"{_WEEKDAYS[day.weekday()]} {day.isoformat()}"


def _of_lead(message: Message, against: Against) -> Iterator[Finding]:
    if against.lead_us is None:
        return
    found = lead(message, against.lead_us)
    if found is None:
        yield _asks("lead.no_begin", "$.facts")
    elif not found.met:
        before = (
            duration_text(found.given_us) if found.given_us >= 0 else f"{duration_text(-found.given_us)} after, and not"
        )
        short_us = -found.spare_us
        yield _asks(
            "lead.short", "$.facts", given=before, given_s=found.given_us / 1e6, short=duration_text(short_us), short_s=short_us / 1e6,
            short_us=short_us,
        )  # fmt: skip


# --- markings ---


def _of_markings(message: Message) -> Iterator[Finding]:
    said = {word.name for _, word in _words(message) if word.text.strip()}
    if said & MARKINGS.keys():
        missing = [name for name in MARKINGS if name not in said]
        if missing:
            seen = ", ".join(MARKINGS[name] for name in missing)
            yield _asks("marking.unsaid", "$.facts", missing=seen, missing_keys=", ".join(missing))


# --- texts ---


def _of_translations(message: Message) -> Iterator[Finding]:
    original = numbers(message.original.text)
    for number, translation in enumerate(message.translations):
        other = numbers(translation.text)
        missing, added = original - other, other - original
        if missing or added:
            yield _asks(
                "translation.numbers",
                f"$.translations[{number}].text",
                language=translation.language,
                missing=_listed(missing),
                added=_listed(added),
            )


def _listed(found: Counter[Decimal]) -> str:
    return ", ".join(f"{one:f}" for one in sorted(found.elements())) or "none"


def _of_letters(message: Message, against: Against) -> Iterator[Finding]:
    names = (*against.names, *(name for point in against.points for name in (point.name, *point.aliases)))
    spoken = [(where, text) for where, _, text in _texts(message)]
    short = [(where, word.text) for where, word in _words(message)]
    short += [(f"{where}.called", place.called) for where, place in _placed(message)]
    short += list(_names_of_people_and_files(message))
    for where, text in (*spoken, *short):
        if turned := [mark for mark in steering(text) if mark in _TURNING]:
            found = _asks if _OVERRIDES.isdisjoint(turned) else _stops
            yield found("text.steers", where, marks=_code_points(turned))
        for word in mixed_words(text):
            yield _asks("text.mixed_scripts", where, word=word)
        for like, name in dict.fromkeys((likeness.text, likeness.name) for likeness in likenesses(text, names)):
            found = _asks if like.isascii() == name.isascii() else _stops
            yield found("text.lookalike", where, text=like, name=name)
    for where, text in short:
        if unseen := [mark for mark in steering(text) if mark not in _TURNING]:
            yield _asks("text.invisible", where, marks=_code_points(unseen))


def _names_of_people_and_files(message: Message) -> Iterator[tuple[str, str]]:
    for number, translation in enumerate(message.translations):
        yield f"$.translations[{number}].by", translation.by
        yield f"$.translations[{number}].reviewed_by", translation.reviewed_by
    for number, attachment in enumerate(message.attachments):
        yield f"$.attachments[{number}].name", attachment.name
    yield "$.about.id", message.about.id


def _code_points(marks: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(f"U+{ord(mark):04X}" for mark in marks))

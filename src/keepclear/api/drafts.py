"""Drafts of messages from templates: a warning from an alert, a request to leave a zone, a notice of what this side is about to do.

A draft is for a person to read, to change, and to send or not. Nothing is sent by it, and nothing is kept.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from keepclear.agreements.atlas import Zone
from keepclear.api.asking import Answer, Ask, Route
from keepclear.api.facts import FactGiven, given_of
from keepclear.api.messages import Id, LongText, MessageDraft, ShortText, TextGiven, When, named_points
from keepclear.api.problems import not_here
from keepclear.api.zones import Sided
from keepclear.channel import drafts
from keepclear.channel.drafts import Draft
from keepclear.channel.facts import Count, Place
from keepclear.channel.messages import Urgency
from keepclear.geo.earth import E7, distance_m
from keepclear.geo.notations import notations
from keepclear.geo.places import NamedPoint, Notation, parse
from keepclear.ground.errors import Refused
from keepclear.ground.instants import parse_instant, zone_named
from keepclear.parties.parties import Action
from keepclear.tracks.observations import UNKNOWN
from keepclear.tracks.picture import Report

POINTS_OF_AN_AREA = 256
PlaceText = Annotated[str, Meta(min_length=1, max_length=500)]


class _Asked(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    to: Id
    addressee: ShortText = ""
    language: ShortText = "en"
    here: ShortText = "UTC"
    there: ShortText = "UTC"


class AlertDrafted(_Asked, frozen=True, kw_only=True):
    """Which alert a warning is drafted from, and for whom; `language` of the original, `here` and `there` as of a message."""

    alert: Id


class PlaceWritten(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A place in any notation, and the name that it goes by."""

    text: PlaceText
    called: ShortText = ""


class LeaveDrafted(_Asked, frozen=True, kw_only=True):
    """Whom to ask to leave which zone: from one place to another, and by when. The rest as for a warning."""

    zone: Id
    leave: PlaceWritten
    go_to: PlaceWritten
    by: When


class ActivityDrafted(_Asked, frozen=True, kw_only=True, rename={"from_at": "from", "until_at": "until"}):
    """What this side is about to do, in words by language (en, ru, ar), where, and from when until when. The rest as for a warning."""

    words: Annotated[dict[str, LongText], Meta(min_length=1, max_length=8)]
    place: PlaceWritten
    from_at: When
    until_at: When


async def of_alert(ask: Ask[Any, AlertDrafted]) -> Answer:
    """Drafts a warning from an alert, in three languages: what was seen, where, when, where it goes, and what is asked.

    What a feed or source calls it is left out. A person reads it, and sends it or not."""
    ask.must(Action.SEND_MESSAGE, *ask.node.of_talk)
    asked, side = ask.body, ask.side
    alert = next((one for one in side.alerts if one.id == asked.alert), None)
    if alert is None or not ask.sees(ask.node.concerned(alert, side)):
        raise not_here("alert", asked.alert, "$.alert")
    report = side.watch.newest_of(alert.subject) if alert.subject else None
    if report is None:
        mend = "Write it yourself: `keepclear message send`."
        raise Refused(
            "draft.no_place", "Nothing is known of where that was", value=alert.key, mend=mend, where="$.alert"
        )
    seen = seen_in(report)
    points = named_points(ask, asked.to, alert.zone)
    name = next((zone.label for zone in side.zones() if zone.id == alert.zone), alert.zone)
    claimed = report.claim.count
    count = (
        None
        if claimed is None or claimed.low is None
        else Count("count", claimed.low, claimed.high, claimed.as_entered)
    )
    final = asked.addressee or asked.to
    told = drafts.AlertSeen(
        alert.id, name, seen, report.seen_at_us, count, _centre(points, name), Urgency(alert.urgency), report.party == final,
        *_going(report), _agreement(ask, alert.zone, final),
    )  # fmt: skip
    return Answer(_drafted(asked, drafts.draft_of_alert(told, points, _clocks(asked))))


async def to_leave(ask: Ask[Any, LeaveDrafted]) -> Answer:
    """Drafts a request to leave a zone: from where, where to and by when, in three languages. A person reads it, and sends it or not."""
    ask.must(Action.SEND_MESSAGE, *ask.node.of_talk)
    asked = ask.body
    zone = _zone(ask, asked.zone)
    points = named_points(ask, asked.to, zone.id)
    named = {point.name: point for point in named_points(ask)}
    made = drafts.draft_to_leave(
        zone.label, _place("leave", asked.leave, named), _place("go_to", asked.go_to, named), _instant(asked.by, "$.by"), points,
        _clocks(asked), zone_id=zone.id, centre=_centre(points, zone.label),
    )  # fmt: skip
    return Answer(_drafted(asked, made))


async def of_activity(ask: Ask[Any, ActivityDrafted]) -> Answer:
    """Drafts a notice of what this side is about to do: what, where, and from when until when. A person reads it, and sends it or not."""
    ask.must(Action.SEND_MESSAGE, *ask.node.of_talk)
    asked = ask.body
    begins_us, ends_us = _instant(asked.from_at, "$.from"), _instant(asked.until_at, "$.until")
    if ends_us <= begins_us:
        mend = "Give an instant behind `from`."
        raise Refused(
            "draft.backwards", "It would end before it begins", value=asked.until_at, mend=mend, where="$.until"
        )
    named = {point.name: point for point in named_points(ask)}
    where = _place("place", asked.place, named)
    try:
        made = drafts.draft_of_activity(
            asked.words, where, begins_us, ends_us, named_points(ask, asked.to), _clocks(asked)
        )
    except Refused as refused:
        raise refused.at("$.words") from refused
    return Answer(_drafted(asked, made))


def seen_in(report: Report) -> Place:
    """Where a report says that somebody was. Of an area its middle, sure as far as to its furthest edge: what a sector is measured from
    is somebody else's place."""
    lat, lon, accuracy_m = report.lat, report.lon, max(report.error_mm, 1_000) / 1000
    if report.area is not None:
        inside, rim = report.area.spread(POINTS_OF_AN_AREA), report.area.rim(POINTS_OF_AN_AREA)
        lat, lon = float(inside[0].mean()), float(inside[1].mean())
        accuracy_m = max(float(distance_m(lat, lon, *edge)) for edge in zip(*rim, strict=True))
    written = notations(lat, lon, accuracy_m)[Notation.DECIMAL]
    return Place("seen", round(lat * E7), round(lon * E7), round(accuracy_m * 1000), written)


def _going(report: Report) -> tuple[int | None, int | None]:
    """Where they go, in whole degrees, and how fast in km/h, as reported; None for what was not, and for who stands still."""
    speed_kmh = None if report.speed_mmps == UNKNOWN else round(report.speed_mmps * 3.6 / 1000)
    if report.course_cdeg == UNKNOWN or speed_kmh == 0:
        return None, None
    return round(report.course_cdeg / 100), speed_kmh


def _agreement(ask: Ask[Any, Any], zone: str, other: str) -> str:
    """The agreement in force that names the zone, between this party and the other; "" none that whoever asks may see."""
    if not (zone and ask.sees([ask.members.dealings])):
        return ""
    return next((version.agreement for version in ask.side.dealings.agreed.about(zone) if other in version.parties), "")


def _zone(ask: Ask[Any, Any], id: str) -> Zone:
    zone = next((zone for zone in ask.side.zones() if zone.id == id), None)
    if zone is None or not ask.sees([ask.members.access_of("zone", id)]):
        raise not_here("zone", id, "$.zone")
    return zone


def _place(name: str, written: PlaceWritten, points: dict[str, NamedPoint]) -> Place:
    try:
        found = parse(written.text, named_points=points)
    except Refused as refused:
        raise refused.at(f"$.{name}.text") from refused
    accuracy_mm = round(found.accuracy_m * 1000)
    return Place(name, round(found.lat * E7), round(found.lon * E7), accuracy_mm, written.text, written.called)


def _instant(text: str, where: str) -> int:
    try:
        return parse_instant(text).us
    except Refused as refused:
        raise refused.at(where) from refused


def _clocks(asked: _Asked) -> tuple[str, str]:
    """The time zones of both sides; raises `Refused` for one that there is not."""
    for name in ("here", "there"):
        try:
            zone_named(getattr(asked, name))
        except Refused as refused:
            raise refused.at(f"$.{name}") from refused
    return asked.here, asked.there


def _centre(points: tuple[NamedPoint, ...], name: str) -> Place | None:
    """The middle of the zone of this name as a place; None where it has none."""
    point = next((point for point in points if point.name == name), None)
    if point is None:
        return None
    written = notations(point.lat, point.lon, point.accuracy_m)[Notation.DECIMAL]
    return Place(
        "zone_centre", round(point.lat * E7), round(point.lon * E7), round(point.accuracy_m * 1000), written, point.name
    )


def _drafted(asked: _Asked, made: Draft) -> MessageDraft:
    """A draft as a message is given: the text of the language that was asked for, and the others as its translations."""
    if asked.language not in made.texts:
        mend = f"It has {', '.join(made.texts)}."
        raise Refused(
            "draft.language", "There is no text in that language", value=asked.language, mend=mend, where="$.language"
        )
    others = [
        TextGiven(language, text, drafts.TEMPLATE_TRANSLATOR)
        for language, text in made.texts.items()
        if language != asked.language
    ]
    facts: list[FactGiven] = [given_of(fact) for fact in made.facts]
    return MessageDraft(
        asked.to, made.marker, made.texts[asked.language], asked.language, made.urgency, asked.addressee, facts, others,
        about=made.about, here=asked.here, there=asked.there,
    )  # fmt: skip


JSON = "application/json"
ROUTES = tuple(
    Route("POST", path, does, "messages", gives=MessageDraft, query=Sided, bodies={JSON: kind}, problems=(403, 404))
    for path, does, kind in (
        ("/v1/messages/draft", of_alert, AlertDrafted),
        ("/v1/messages/draft-to-leave", to_leave, LeaveDrafted),
        ("/v1/messages/draft-activity", of_activity, ActivityDrafted),
    )
)

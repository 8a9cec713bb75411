"""Places as people type them: a position in any notation, or a name; and a position in every notation. Nothing is guessed or chosen."""

from __future__ import annotations

import asyncio
from typing import Annotated

import msgspec
from msgspec import Meta

from keepclear.api.asking import Answer, Ask, Route
from keepclear.api.messages import named_points
from keepclear.api.paging import Exercise
from keepclear.api.problems import bad_query
from keepclear.api.tracks import names_of, visible_subjects
from keepclear.geo.earth import E7
from keepclear.geo.places import Envelope, NamedPoint, parse
from keepclear.geo.places import Place as PlaceRead
from keepclear.ground.errors import Refused
from keepclear.ground.lookalike import plain
from keepclear.parties.parties import Action
from keepclear.render import gazetteer
from keepclear.render.places_said import from_points, place_said, refusal_said, written
from keepclear.tracks.observations import UNKNOWN

NEAREST = 5
TRACKS_SEARCHED_MAX = 200_000
AROUND_ZONES_DEG = 3.0
Box = Annotated[str, Meta(max_length=100, description="where the parties work: south,west,north,east in degrees")]


class PlacesAsked(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What was typed.

    near      a position in any notation: names are given the nearest first
    envelope  where the parties work; a box around the zones that you may see, 3 degrees wider, where it is left out"""

    q: Annotated[str, Meta(min_length=1, max_length=200, description="a position in any notation, or a name")]
    near: Annotated[str, Meta(max_length=200)] | None = None
    envelope: Box | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 20
    exercise: Exercise | None = None


class PointAsked(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Which point, and how well it is known."""

    lat: Annotated[float, Meta(ge=-90, le=90)]
    lon: Annotated[float, Meta(ge=-180, le=180)]
    accuracy_m: Annotated[float, Meta(gt=0, le=100_000)] = 1.0
    exercise: Exercise | None = None


class FromPoint(msgspec.Struct, frozen=True):
    """How far from a named point, and on which true bearing from there; null where it is the point. `kind`: zone or town."""

    kind: str
    name: str
    distance_m: float
    bearing_deg: float | None


class SuspicionView(msgspec.Struct, frozen=True):
    """Another reading, and how far it lies from this: swapped, dms_as_decimal, decimal_as_dms, band_as_hemisphere, outside_envelope."""

    key: str
    distance_m: float
    other_lat: float
    other_lon: float
    other: dict[str, str]
    text: str


class PositionRead(msgspec.Struct, frozen=True):
    """What was typed as a position. `accuracy_m`: what its digits imply, which is not how well anybody measured it.

    notations  by name: decimal degrees, degrees-minutes-seconds, MGRS, ...; each with the digits that the accuracy deserves"""

    given: str
    lat: float
    lon: float
    notation: str
    accuracy_m: float
    notations: dict[str, str]
    near: list[FromPoint]
    suspicions: list[SuspicionView]


class NoPosition(msgspec.Struct, frozen=True):
    """Why what was typed is no position, or none that can be read in one way."""

    key: str
    what: str
    value: str
    mend: str


class PlaceFound(msgspec.Struct, frozen=True):
    """Something of that name.

    kind    zone: the middle of one; track: where it was seen last; town: of the gazetteer
    id      of a zone or a track
    how     name: it is called that; begins: its name begins so; sounds: its consonants are the same
    source  who says where it is"""

    kind: str
    id: str
    name: str
    how: str
    lat: float
    lon: float
    accuracy_m: float | None
    source: str
    country: str
    admin1: str
    distance_m: float | None


class GazetteerView(msgspec.Struct, frozen=True):
    """Whether a gazetteer is installed, and whose work it is: to be shown wherever its names are."""

    installed: bool
    source: str
    license: str
    attribution: str


class Places(msgspec.Struct, frozen=True):
    """What was typed, as a position and as a name. A name is no position until a person has chosen.

    envelope      the box that suspicions go by; null: none, so that only those are found that need no box
    envelope_of   query, zones, or "" none"""

    q: str
    position: PositionRead | None
    no_position: NoPosition | None
    found: list[PlaceFound]
    envelope: list[float] | None
    envelope_of: str
    gazetteer: GazetteerView


class PointView(msgspec.Struct, frozen=True):
    """A point in every notation, and where it lies from the nearest named points."""

    lat: float
    lon: float
    accuracy_m: float
    notations: dict[str, str]
    near: list[FromPoint]
    gazetteer: GazetteerView


def _gazetteer_view(found: gazetteer.Gazetteer | None) -> GazetteerView:
    if found is None:
        return GazetteerView(False, "", "", "")
    return GazetteerView(True, gazetteer.SOURCE, gazetteer.LICENSE, gazetteer.ATTRIBUTION)


def _envelope(ask: Ask[PlacesAsked, None]) -> tuple[Envelope | None, str]:
    text = ask.query.envelope
    if text is None:
        zones = [zone for zone in ask.side.zones() if ask.could_see([ask.members.access_of("zone", zone.id)])]
        around = [zone.shape.around() for zone in zones]
        lats, lons = [one[0] for one in around], [one[1] for one in around]
        if not around or max(lons) - min(lons) > 180:
            return None, ""
        wide = AROUND_ZONES_DEG
        edges = (
            max(min(lats) - wide, -90.0),
            max(min(lons) - wide, -180.0),
            min(max(lats) + wide, 90.0),
            max(lons) + wide,
        )
        return Envelope(edges[0], edges[1], edges[2], min(edges[3], 180.0)), "zones"
    try:
        south, west, north, east = (float(edge) for edge in text.split(","))
        return Envelope(south, west, north, east), "query"
    except (ValueError, Refused) as error:
        what = "An envelope is south, west, north, east in degrees"
        raise bad_query("envelope", "place.envelope", what, text, "Write for example 32,35,38,43.") from error


def _near(ask: Ask[PlacesAsked, None], points: dict[str, NamedPoint]) -> tuple[float, float] | None:
    if ask.query.near is None:
        return None
    try:
        place = parse(ask.query.near, named_points=points)
    except Refused as refused:
        raise bad_query("near", refused.key, refused.what, ask.query.near, refused.mend) from refused
    return place.lat, place.lon


async def places(ask: Ask[PlacesAsked, None]) -> Answer:
    """What a text means as a position, in every notation and with what may be wrong with it; and what there is of that name.

    Names are those of zones and tracks that you may see, and of the gazetteer where one is installed. Nothing is chosen for you."""
    ask.must(Action.READ)
    points = {point.name: point for point in named_points(ask)}
    near = _near(ask, points)
    envelope, of = _envelope(ask)
    towns = await asyncio.to_thread(gazetteer.installed)
    position, refusal = None, None
    try:
        read = parse(ask.query.q, named_points=points, envelope=envelope)
        position = _read(read, points, towns)
    except Refused as refused:
        said = refusal_said(refused)
        refusal = NoPosition(said["refused"], said["what"], said["value"], said["mend"])
    found: list[PlaceFound] = []
    if position is None:
        found = [*_zones_called(ask), *_tracks_called(ask)]
        if towns is not None:
            some = await asyncio.to_thread(towns.search, ask.query.q, ask.query.limit, near)
            found += [
                PlaceFound(
                    "town", "", one.town.name, one.how, one.town.lat, one.town.lon, gazetteer.ACCURACY_M, gazetteer.SOURCE,
                    one.town.country, one.town.admin1, one.distance_m,
                )
                for one in some
            ]  # fmt: skip
    box = None if envelope is None else [envelope.south, envelope.west, envelope.north, envelope.east]
    found = [_from_near(one, near) for one in found[: ask.query.limit]]
    return Answer(Places(ask.query.q, position, refusal, found, box, of, _gazetteer_view(towns)))


def _from_near(found: PlaceFound, near: tuple[float, float] | None) -> PlaceFound:
    if near is None or found.distance_m is not None:
        return found
    ((_, distance_m, _),) = from_points(*near, [NamedPoint(found.name, found.lat, found.lon, 1.0, "")])
    return msgspec.structs.replace(found, distance_m=round(distance_m, 1))


def _read(place: PlaceRead, points: dict[str, NamedPoint], towns: gazetteer.Gazetteer | None) -> PositionRead:
    said = place_said(place, ())
    suspicions = [
        SuspicionView(
            one["key"], one["distance_m"], one["other_lat"], one["other_lon"],
            written(one["other_lat"], one["other_lon"], place.accuracy_m), one["sentence"],
        )
        for one in said["suspicions"]
    ]  # fmt: skip
    return PositionRead(
        said["given"], said["lat"], said["lon"], said["notation"], said["accuracy_m"], said["notations"],
        _nearest(place.lat, place.lon, points, towns), suspicions,
    )  # fmt: skip


def _nearest(
    lat: float, lon: float, points: dict[str, NamedPoint], towns: gazetteer.Gazetteer | None
) -> list[FromPoint]:
    zones = [("zone", *row) for row in from_points(lat, lon, points.values())[:NEAREST]]
    close = [] if towns is None else towns.nearest(lat, lon, NEAREST)
    named = [NamedPoint(town.name, town.lat, town.lon, gazetteer.ACCURACY_M, gazetteer.SOURCE) for town in close]
    rows = [*zones, *(("town", *row) for row in from_points(lat, lon, named))]
    return [
        FromPoint(kind, point.name, round(distance_m, 1), None if bearing_deg is None else round(bearing_deg, 2))
        for kind, point, distance_m, bearing_deg in rows
    ]


def _how(name: str, asked: str) -> str:
    """How a name answers to what was typed; "" it does not."""
    spelled, sought = plain(name), plain(asked)
    if spelled == sought:
        return "name"
    begins = spelled.startswith(sought) or any(word.startswith(sought) for word in spelled.split())
    return "begins" if begins else ""


def _zones_called(ask: Ask[PlacesAsked, None]) -> list[PlaceFound]:
    found = []
    for zone in ask.side.zones():
        how = _how(zone.label, ask.query.q) or _how(zone.id, ask.query.q)
        if how and ask.sees([ask.members.access_of("zone", zone.id)]):
            lat, lon, _ = zone.shape.around()
            found.append(PlaceFound("zone", zone.id, zone.label, how, lat, lon, None, "agreed zone", "", "", None))
    return found


def _tracks_called(ask: Ask[PlacesAsked, None]) -> list[PlaceFound]:
    found: list[PlaceFound] = []
    for subject in visible_subjects(ask, ask.side):
        names = names_of(ask.side, subject)
        hows = [how for name in (subject, *(one.name for one in names)) if (how := _how(name, ask.query.q))]
        report = ask.side.watch.newest_of(subject) if hows else None
        if report is None:
            continue
        ask.note_given(ask.members.concerned("", subject, feeds=ask.side.feeds_behind("", subject)))
        called = next((one.name for one in names), subject)
        found.append(
            PlaceFound(
                "track", subject, called, min(hows, key=("name", "begins").index), report.lat_e7 / E7, report.lon_e7 / E7,
                None if report.error_mm == UNKNOWN else report.error_mm / 1000, report.source, "", "", None,
            )
        )  # fmt: skip
        if len(found) >= ask.query.limit:
            break
    return sorted(found, key=lambda one: (one.how != "name", one.id))


async def point(ask: Ask[PointAsked, None]) -> Answer:
    """A point in every notation, and its distance and bearing from the nearest named points and towns."""
    ask.must(Action.READ)
    query = ask.query
    points = {point.name: point for point in named_points(ask)}
    towns = await asyncio.to_thread(gazetteer.installed)
    notations = written(query.lat, query.lon, query.accuracy_m)
    near = _nearest(query.lat, query.lon, points, towns)
    return Answer(PointView(query.lat, query.lon, query.accuracy_m, notations, near, _gazetteer_view(towns)))


ROUTES: tuple[Route, ...] = (
    Route("GET", "/v1/places", places, "watch", gives=Places, query=PlacesAsked, problems=(403,)),
    Route("GET", "/v1/places/of", point, "watch", gives=PointView, query=PointAsked, problems=(403,)),
)

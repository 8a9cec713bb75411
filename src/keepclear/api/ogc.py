"""Zones, tracks and alerts for map programs: OGC API - Features, part 1, to read only. QGIS connects to it as it is.

Its own rules are those of https://docs.ogc.org/is/17-069r4/17-069r4.html. What leaves here leaves in quantity: `Action.EXPORT`.
"""

from __future__ import annotations

import math
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Annotated, Any
from urllib.parse import quote

import msgspec
import numpy as np
from msgspec import Meta

from keepclear.agreements.atlas import Zone
from keepclear.api.alerts import alert_view
from keepclear.api.asking import Answer, Ask, Route
from keepclear.api.paging import Exercise
from keepclear.api.problems import bad_query, not_here
from keepclear.api.tracks import NameView, names_of, track_view, visible_subjects
from keepclear.feeds.zones import write_zones
from keepclear.geo.outlines import around_box
from keepclear.ground.errors import Refused
from keepclear.ground.instants import ALWAYS, EARLIEST_US, LATEST_US, Window, parse_instant
from keepclear.node.alert_book import LiveAlert
from keepclear.node.side import Side
from keepclear.parties.parties import Access, Action
from keepclear.tracks.picture import Report

ROOT = "/v1/ogc"
GEOJSON = "application/geo+json"
JSON = "application/json"
LIMIT = 100
LIMIT_MAX = 10_000
# Features that may be passed over for one page because they do not fit the box or the interval.
PASSED_OVER_MAX = 20_000
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
CONFORMS_TO = [
    f"http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/{name}" for name in ("core", "geojson", "oas30")
]
Box = tuple[float, float, float, float]
Feature = dict[str, Any]

_SHORT = {JSON: "json", GEOJSON: "geojson"}
_PLAIN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


Format = Annotated[str, Meta(max_length=100, description="json, which is what is answered without it too")]
Crs = Annotated[str, Meta(max_length=200, description="longitude, latitude on WGS84, by its URI; there is no other")]


class FormatAsked(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """In which format."""

    f: Format | None = None


class ItemsAsked(FormatAsked, frozen=True):
    """Which features: those that meet a box (west,south,east,north in degrees) and an interval."""

    exercise: Exercise | None = None
    bbox: Annotated[str, Meta(max_length=200, description="west,south,east,north in degrees")] | None = None
    datetime: Annotated[str, Meta(max_length=80, description="an instant, or BEGIN/END; .. leaves one open")] | None = (
        None
    )
    limit: Annotated[int, Meta(ge=1, description=f"features of a page; above {LIMIT_MAX:,} it counts as that")] = LIMIT
    offset: Annotated[int, Meta(ge=0, le=2**40, description="as the link `next` says: counts what you may see")] = 0
    crs: Crs | None = None
    bbox_crs: Crs | None = msgspec.field(default=None, name="bbox-crs")


class ItemAsked(FormatAsked, frozen=True):
    """Which side."""

    exercise: Exercise | None = None
    crs: Crs | None = None


@dataclass(frozen=True)
class Found:
    """Something that may become a feature: its id, a box about it (None: nowhere), when it is, and how it is made.

    concerned  what has to be visible; noted only once everything else fits"""

    id: str
    box: Box | None
    window: Window
    concerned: tuple[Access, ...]
    feature: Callable[[], Feature]


@dataclass(frozen=True)
class Collection:
    """A collection: what the user may see of it, in a steady order, and one of its features by id.

    found  from an offset on, which counts only what is visible: it says nothing of what is hidden"""

    title: str
    description: str
    found: Callable[[Ask[Any, Any], int], Iterable[Found]]
    one: Callable[[Ask[Any, Any], str], Found | None]


def _zones(ask: Ask[Any, Any], offset: int) -> Iterable[Found]:
    access_of = ask.members.access_of
    visible = (zone for zone in ask.side.zones() if ask.could_see([access_of("zone", zone.id)], Action.EXPORT))
    return (_found_zone(ask, zone) for zone in islice(visible, offset, None))


def _zone(ask: Ask[Any, Any], feature_id: str) -> Found | None:
    zone = ask.side.watch.zones_in_force().get(feature_id)
    return None if zone is None else _found_zone(ask, zone)


def _found_zone(ask: Ask[Any, Any], zone: Zone) -> Found:
    def feature() -> Feature:
        features = write_zones([zone])["features"]
        assert isinstance(features, list)
        written = features[0]
        version = ask.side.versions[zone.id]
        properties = {
            "name": zone.label, "version": version.version, **_flat(written["properties"]), **_sided(ask),
        }  # fmt: skip
        return _feature(zone.id, _drawn(zone, written["geometry"]), properties)

    return Found(
        zone.id,
        around_box(*zone.shape.around()),
        zone.window,
        (ask.members.access_of("zone", zone.id),),
        feature,
    )


def _drawn(zone: Zone, geometry: Mapping[str, Any]) -> Mapping[str, Any]:
    """The outline of a zone: circles, sectors and corridors as polygons, for drawing only."""
    if geometry["type"] in {"Polygon", "MultiPolygon"}:
        return geometry
    rings = []
    for lat, lon in zone.shape.outline():
        unwrapped = np.unwrap(lon, period=360.0)
        ring = np.round(np.column_stack([unwrapped, lat]), 7).tolist()
        rings.append([*ring, ring[0]])
    return {"type": "Polygon", "coordinates": rings}


def _flat(properties: Mapping[str, Any]) -> Feature:
    """Properties as map programs show them: one level deep, what is deeper as JSON text."""
    return {
        name: msgspec.json.encode(value).decode() if isinstance(value, dict | list) else value
        for name, value in properties.items()
    }


def _called(names: Iterable[NameView]) -> str:
    """Names as map programs show them, each with the feed that says so."""
    return "; ".join(f"{one.name} (says {one.feed})" for one in names)


def _tracks(ask: Ask[Any, Any], offset: int) -> Iterable[Found]:
    side = ask.side
    for subject in islice(visible_subjects(ask, side, Action.EXPORT), offset, None):
        report = side.watch.newest_of(subject)
        if report is not None:
            yield _found_track(ask, side, subject, report)


def _track(ask: Ask[Any, Any], feature_id: str) -> Found | None:
    side, subject = ask.side, subject_of(feature_id)
    if subject not in side.feeds_of:
        return None
    report = side.watch.newest_of(subject)
    return None if report is None else _found_track(ask, side, subject, report)


def _found_track(ask: Ask[Any, Any], side: Side, subject: str, report: Report) -> Found:
    view = track_view(subject, report, side.feeds_behind("", subject), names_of(side, subject))

    def feature() -> Feature:
        properties = {
            **msgspec.to_builtins(view),
            "feeds": ", ".join(view.feeds),
            "names": _called(view.names),
            **_sided(ask),
        }
        return _feature(id_of(subject), {"type": "Point", "coordinates": [view.lon, view.lat]}, properties)

    return Found(
        id_of(subject),
        (view.lat, view.lat, view.lon, view.lon),
        Window(report.seen_at_us, report.seen_at_us),
        ask.members.concerned(subject=subject, feeds=side.feeds_behind("", subject)),
        feature,
    )


def _alerts(ask: Ask[Any, Any], offset: int) -> Iterable[Found]:
    side = ask.side
    visible = (alert for alert in side.alerts if ask.could_see(ask.node.concerned(alert, side), Action.EXPORT))
    return (_found_alert(ask, alert) for alert in islice(visible, offset, None))


def _alert(ask: Ask[Any, Any], feature_id: str) -> Found | None:
    alert = next((alert for alert in ask.side.alerts if alert.id == feature_id), None)
    return None if alert is None else _found_alert(ask, alert)


def _found_alert(ask: Ask[Any, Any], alert: LiveAlert) -> Found:
    """An alert lies where its zone does: a point in the middle, as where its subject was is in the stream."""
    side = ask.side
    zone = side.watch.zones_in_force().get(alert.zone)
    middle = None if zone is None else zone.shape.around()[:2]

    def feature() -> Feature:
        view = msgspec.structs.asdict(alert_view(alert, side))
        for name in ("line", "steps"):
            del view[name]
        view["names"] = _called(view["names"])
        geometry = (
            None if middle is None else {"type": "Point", "coordinates": [round(middle[1], 7), round(middle[0], 7)]}
        )
        return _feature(alert.id, geometry, {**view, "drawn": "middle of the zone", **_sided(ask)})

    return Found(
        alert.id,
        None if middle is None else (middle[0], middle[0], middle[1], middle[1]),
        Window(alert.raised_at_us, alert.last_at_us),
        ask.node.concerned(alert, side),
        feature,
    )


COLLECTIONS = {
    "zones": Collection(
        "Zones", "The zones that are watched. Circles, sectors and corridors are drawn as polygons.", _zones, _zone
    ),
    "tracks": Collection("Tracks", "The newest report of each subject.", _tracks, _track),
    "alerts": Collection(
        "Alerts",
        "Alerts that are open or were cleared last, drawn in the middle of their zone; those about feeds are nowhere.",
        _alerts,
        _alert,
    ),
}


def _feature(feature_id: str, geometry: Mapping[str, Any] | None, properties: Feature) -> Feature:
    return {"type": "Feature", "id": feature_id, "geometry": geometry, "properties": properties}


def _sided(ask: Ask[Any, Any]) -> Feature:
    return {"exercise": True} if ask.exercise else {}


def id_of(subject: str) -> str:
    """The id of a subject's feature: its name where an address can hold it as it is, else "~" and base64."""
    return subject if _PLAIN_ID.fullmatch(subject) else "~" + urlsafe_b64encode(subject.encode()).decode().rstrip("=")


def subject_of(feature_id: str) -> str:
    """The subject whose feature has this id; "" where there can be none."""
    if not feature_id.startswith("~"):
        return feature_id
    try:
        return urlsafe_b64decode(feature_id[1:] + "=" * (-len(feature_id[1:]) % 4)).decode()
    except ValueError:
        return ""


# --- what is asked ---


def box_of(text: str) -> Box:
    """West,south,east,north (or with heights, which are passed over) as south, north, west, east."""
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) == 6:
        numbers = [numbers[0], numbers[1], numbers[3], numbers[4]]
    if len(numbers) != 4 or not all(map(math.isfinite, numbers)):
        raise bad_query("bbox", "bbox.unreadable", "This is no box", text, "Give west,south,east,north in degrees.")
    west, south, east, north = numbers
    if not (-90.0 <= south <= north <= 90.0 and -180.0 <= west <= 180.0 and -180.0 <= east <= 180.0):
        raise bad_query("bbox", "bbox.range", "The box is not on the earth", text, "South is not above north.")
    return south, north, west, east


def check_format(text: str | None, *known: str) -> None:
    """Refuses a format that is not one of these media types, or a short name of one: json, geojson."""
    named = "" if text is None else text.replace(" ", "+")  # a plus sign that was not escaped is read as a blank
    if text is None or named in known or named in {_SHORT[media_type] for media_type in known} | {"json"}:
        return
    mend = "Ask for f=json, or leave it out; a page to read is at /v1/docs."
    raise bad_query("f", "format.unknown", "This is not written in that format", text, mend)


def check_crs(name: str, uri: str | None) -> None:
    """Refuses every coordinate reference system but the one there is."""
    if uri not in (None, CRS84):
        mend = f"Leave it out, or give {CRS84}."
        raise bad_query(name, "crs.unknown", "Coordinates are not given in that system here", uri, mend)


def interval_of(text: str) -> Window:
    """An instant, or BEGIN/END in which ".." or nothing leaves an end open."""
    parts = text.split("/")
    ends = []
    try:
        if len(parts) > 2:
            raise Refused("datetime.unreadable", "This is no instant and no interval")
        for part, default in zip(parts if len(parts) == 2 else parts * 2, (EARLIEST_US, LATEST_US), strict=True):
            ends.append(default if len(parts) == 2 and part in {"", ".."} else parse_instant(part).us)
        return Window(*ends)
    except Refused as refused:
        raise bad_query("datetime", refused.key, refused.what, text, refused.mend or "Give BEGIN/END.") from refused


def meets(box: Box, other: Box) -> bool:
    """Whether two boxes meet, on a round earth; a box whose west is east of its east goes over the antimeridian."""
    if box[0] > other[1] or other[0] > box[1]:
        return False
    width, other_width = _width(box), _width(other)
    return (other[2] - box[2]) % 360.0 <= width or (box[2] - other[2]) % 360.0 <= other_width


def _width(box: Box) -> float:
    return 360.0 if box[3] - box[2] >= 360.0 else (box[3] - box[2]) % 360.0


def _overlap(window: Window, other: Window) -> bool:
    begin = max(window.from_us or EARLIEST_US, other.from_us or EARLIEST_US)
    end = min(
        LATEST_US if window.until_us is None else window.until_us,
        LATEST_US if other.until_us is None else other.until_us,
    )
    return begin <= end


# --- what is answered ---


def _link(rel: str, href: str, kind: str, title: str) -> dict[str, str]:
    return {"rel": rel, "href": href, "type": kind, "title": title}


async def landing(ask: Ask[FormatAsked, None]) -> Answer:
    """The landing page of the OGC API."""
    ask.must(Action.READ)
    check_format(ask.query.f, JSON)
    links = [
        _link("self", ROOT, JSON, "this page"),
        _link(
            "service-desc",
            f"{ROOT}/api",
            "application/vnd.oai.openapi+json;version=3.0",
            "the description of this part",
        ),
        _link("service-doc", "/v1/docs", "text/html", "the documentation of everything"),
        _link("conformance", f"{ROOT}/conformance", JSON, "the classes it conforms to"),
        _link("data", f"{ROOT}/collections", JSON, "the collections"),
    ]
    return Answer({"title": "Keepclear", "description": "Zones, tracks and alerts, to read.", "links": links})


async def conformance(ask: Ask[FormatAsked, None]) -> Answer:
    """The conformance classes of the OGC API."""
    ask.must(Action.READ)
    check_format(ask.query.f, JSON)
    return Answer({"conformsTo": CONFORMS_TO})


async def collections(ask: Ask[FormatAsked, None]) -> Answer:
    """The collections of the OGC API."""
    ask.must(Action.READ)
    check_format(ask.query.f, JSON)
    links = [_link("self", f"{ROOT}/collections", JSON, "this list")]
    return Answer({"links": links, "collections": [_described(name) for name in COLLECTIONS]})


async def collection(ask: Ask[FormatAsked, None]) -> Answer:
    """One collection of the OGC API."""
    ask.must(Action.READ)
    check_format(ask.query.f, JSON)
    return Answer(_described(_named(ask)))


def _named(ask: Ask[Any, Any]) -> str:
    name = ask.path["collection"]
    if name not in COLLECTIONS:
        raise not_here("collection", name)
    return name


def _described(name: str) -> dict[str, Any]:
    collection, here = COLLECTIONS[name], f"{ROOT}/collections/{name}"
    return {
        "id": name,
        "title": collection.title,
        "description": collection.description,
        "itemType": "feature",
        "crs": [CRS84],
        "extent": {
            "spatial": {"bbox": [[-180.0, -90.0, 180.0, 90.0]], "crs": CRS84},
            "temporal": {"interval": [[None, None]]},
        },
        "links": [
            _link("self", here, JSON, collection.title),
            _link("items", f"{here}/items", GEOJSON, collection.title),
        ],
    }


async def items(ask: Ask[ItemsAsked, None]) -> Answer:
    """Features of a collection. A page may be short and still have a link `next`."""
    ask.must(Action.EXPORT)
    name, query = _named(ask), ask.query
    check_format(query.f, JSON, GEOJSON)
    check_crs("crs", query.crs)
    check_crs("bbox-crs", query.bbox_crs)
    limit = ask.items_of(min(query.limit, LIMIT_MAX))
    box = None if query.bbox is None else box_of(query.bbox)
    window = ALWAYS if query.datetime is None else interval_of(query.datetime)
    features: list[Feature] = []
    following: int | None = None
    for passed, found in enumerate(COLLECTIONS[name].found(ask, query.offset)):
        if len(features) == limit or passed == PASSED_OVER_MAX:
            following = query.offset + passed
            break
        fits = box is None or (found.box is not None and meets(box, found.box))
        if fits and _overlap(window, found.window) and ask.sees(found.concerned, Action.EXPORT):
            features.append(found.feature())
    here = f"{ROOT}/collections/{name}/items"
    links = [_link("self", _address(here, query, query.offset), GEOJSON, "this page")]
    if following is not None:
        links.append(_link("next", _address(here, query, following), GEOJSON, "the next page"))
    page: dict[str, Any] = {
        "type": "FeatureCollection",
        "features": features,
        "links": links,
        "numberReturned": len(features),
    }
    return Answer(page, media_type=GEOJSON)


def _address(here: str, query: ItemsAsked, offset: int) -> str:
    said: dict[str, object] = {
        "exercise": None if query.exercise is None else str(query.exercise).lower(),
        "bbox": query.bbox,
        "datetime": query.datetime,
        "limit": query.limit,
        "offset": offset,
        "f": query.f,
        "crs": query.crs,
        "bbox-crs": query.bbox_crs,
    }
    return f"{here}?" + "&".join(f"{name}={quote(str(value))}" for name, value in said.items() if value is not None)


async def item(ask: Ask[ItemAsked, None]) -> Answer:
    """One feature of a collection."""
    ask.must(Action.EXPORT)
    name, feature_id = _named(ask), ask.path["feature"]
    check_format(ask.query.f, JSON, GEOJSON)
    check_crs("crs", ask.query.crs)
    found = COLLECTIONS[name].one(ask, feature_id)
    if found is None or not ask.sees(found.concerned, Action.EXPORT):
        raise not_here("feature", feature_id)
    links = [
        _link("self", f"{ROOT}/collections/{name}/items/{quote(feature_id)}", GEOJSON, "this feature"),
        _link("collection", f"{ROOT}/collections/{name}", JSON, COLLECTIONS[name].title),
    ]
    return Answer({**found.feature(), "links": links}, media_type=GEOJSON)


_OBJECT = dict[str, Any]
ROUTES = (
    Route("GET", ROOT, landing, "ogc", gives=_OBJECT, query=FormatAsked, problems=(403,)),
    Route("GET", f"{ROOT}/conformance", conformance, "ogc", gives=_OBJECT, query=FormatAsked, problems=(403,)),
    Route("GET", f"{ROOT}/collections", collections, "ogc", gives=_OBJECT, query=FormatAsked, problems=(403,)),
    Route("GET", f"{ROOT}/collections/{{collection}}", collection, "ogc", gives=_OBJECT, query=FormatAsked, problems=(403, 404)),
    Route("GET", f"{ROOT}/collections/{{collection}}/items", items, "ogc", gives=_OBJECT, query=ItemsAsked, gives_media=(GEOJSON,),
          problems=(403, 404)),
    Route("GET", f"{ROOT}/collections/{{collection}}/items/{{feature}}", item, "ogc", gives=_OBJECT, query=ItemAsked, gives_media=(GEOJSON,),
          problems=(403, 404)),
)  # fmt: skip

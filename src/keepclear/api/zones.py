"""Zones: those that are watched, in the version agreed last, or as they were known at an instant."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from keepclear.agreements.atlas import Zone
from keepclear.api.asking import Answer, Ask, Route, instant_us
from keepclear.api.desk import Given
from keepclear.api.paging import Exercise, Page, Paged, page_of
from keepclear.api.problems import ERRORS_MAX, Declined, Fault, not_here
from keepclear.feeds.findings import Fault as Finding
from keepclear.feeds.zones import ZoneFile, read_zones, write_zones
from keepclear.ground.instants import utc_text
from keepclear.node.events import ZoneEnded, ZonesAgreed
from keepclear.node.side import Side
from keepclear.parties.parties import Access, Action

READ_IN_LOOP_BYTES_MAX = 65_536
GEOJSON = "application/geo+json"

KnownAt = Annotated[str, Meta(max_length=64, description="as it was known at this instant: 2026-05-18T10:00:00Z")]
Reason = Annotated[str, Meta(min_length=1, max_length=2_000, description="why, in words that stand in the record")]


class ZonesAsked(Paged, frozen=True):
    """Which zones."""

    known_at: KnownAt | None = None


class ZoneAsked(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Which version of a zone."""

    exercise: Exercise | None = None
    known_at: KnownAt | None = None


class Sided(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Which side."""

    exercise: Exercise | None = None


class Ending(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Why something ends."""

    reason: Reason
    exercise: Exercise | None = None


class AccessView(msgspec.Struct, frozen=True):
    """Whose an object is, how sensitive, and which parties besides see it; null: every party that has a user here."""

    owner: str
    sensitivity: str
    recipients: tuple[str, ...] | None


class ZoneView(msgspec.Struct, frozen=True):
    """A zone in its newest version. `feature` is the zone as GeoJSON, in the format of zone files; `sequence` is the entry that has it as given."""

    id: str
    name: str
    version: int
    since: str
    sequence: int
    access: AccessView
    feature: dict[str, Any]


class Note(msgspec.Struct, frozen=True):
    """Something about a zone file that a person should know of, and may leave."""

    path: str
    key: str
    what: str
    value: str
    mend: str


class Agreed(msgspec.Struct, frozen=True):
    """The zones that are watched from now on, and what was noted about the file."""

    sequence: int
    at: str
    zones: list[str]
    told: int
    notes: list[Note]


class Done(msgspec.Struct, frozen=True):
    """The entry of the record that says so."""

    sequence: int
    at: str


def done(given: Given) -> Done:
    """The answer to an event of which there is nothing else to say."""
    return Done(given.entry.sequence, utc_text(given.entry.at_us))


def access_view(access: Access) -> AccessView:
    """Who may see an object."""
    return AccessView(access.owner, access.sensitivity.word, access.recipients)


async def side_known_at(ask: Ask[Any, Any], known_at: str | None) -> Side:
    """The side as it is, or as it was known at an instant."""
    at_us = instant_us("known_at", known_at)
    ask.must(Action.READ)  # before the past is replayed for anybody
    node = ask.node if at_us is None else await ask.desk.known_at(at_us)
    if node.began is None:
        raise not_here("state", known_at or "")
    return node.side(ask.exercise)


def zone_view(zone: Zone, side: Side, access: Access) -> ZoneView:
    """A zone as it is answered."""
    version = side.versions[zone.id]
    features = write_zones([zone])["features"]
    assert isinstance(features, list)
    return ZoneView(
        zone.id,
        zone.label,
        version.version,
        utc_text(version.since_us),
        version.sequence,
        access_view(access),
        features[0],
    )


async def zones(ask: Ask[ZonesAsked, None]) -> Answer:
    """The zones that are watched, by id."""
    side = await side_known_at(ask, ask.query.known_at)
    after = ask.query.after or ""

    def shown(zone: Zone) -> Callable[[], ZoneView] | None:
        access = ask.members.access_of("zone", zone.id)
        return ask.given([access], lambda: zone_view(zone, side, access))

    behind = (zone for zone in side.zones() if zone.id > after)
    return Answer(page_of(behind, ask.items_of(ask.query.limit), shown=shown, cursor=lambda zone: zone.id))


async def zone(ask: Ask[ZoneAsked, None]) -> Answer:
    """One zone."""
    side, zone_id = await side_known_at(ask, ask.query.known_at), ask.path["zone"]
    access = ask.members.access_of("zone", zone_id)
    found = side.watch.zones_in_force().get(zone_id)
    if found is None or not ask.sees([access]):
        raise not_here("zone", zone_id)
    return Answer(zone_view(found, side, access))


async def agree(ask: Ask[Sided, bytes]) -> Answer:
    """Watches zones from now on, in place of those of the same ids.

    The body is a zone file as in [zones](../spec/zones.md): a FeatureCollection. With any error nothing is taken, and every
    error is answered with its JSON path. What is noted and no error comes with the answer. Other zones stay as they are."""
    found = await _read(ask.body)
    return await _agree(ask, found, ask.body)


async def agree_one(ask: Ask[Sided, bytes]) -> Answer:
    """Watches one zone from now on: the body is one Feature, and its id is that of the address."""
    zone_id = ask.path["zone"]
    text = b'{"type":"FeatureCollection","features":[' + ask.body + b"]}"
    found = await _read(text)
    if found.ok and [zone.id for zone in found.zones] != [zone_id]:
        ids = ", ".join(zone.id for zone in found.zones)
        mend = "Give the feature the id of the address."
        fault = Fault("$.id", "zone.other_id", "The feature has another id than the address", ids, mend)
        raise Declined(422, "zone.other_id", "The feature and the address disagree.", errors=[fault])
    return await _agree(ask, found, text)


async def _read(text: bytes) -> ZoneFile:
    if len(text) <= READ_IN_LOOP_BYTES_MAX:
        return read_zones(text)
    return await asyncio.to_thread(read_zones, text)


async def _agree(ask: Ask[Sided, bytes], found: ZoneFile, text: bytes) -> Answer:
    ask.must(Action.AGREE_ZONE, _own_new(ask))
    if not found.ok:
        faults = [_fault(fault) for fault in found.faults if fault.severity == "error"]
        detail = f"The zones have {len(faults)} errors, and none of them was taken."
        raise Declined(422, "zones.refused", detail, errors=faults[:ERRORS_MAX])
    if not found.zones:
        fault = Fault("$.features", "zones.none", "There are no zones in it", "", "Give at least one.")
        raise Declined(422, "zones.none", "There are no zones to watch.", errors=[fault])
    notes = [Note(*msgspec.structs.astuple(_fault(fault))) for fault in found.faults]
    event = ZonesAgreed(found.zones, text.decode())

    def made(given: Given) -> Agreed:
        at = utc_text(given.entry.at_us)
        return Agreed(given.entry.sequence, at, [zone.id for zone in found.zones], len(given.effects.told), notes)

    return await ask.give(event, made)


def _own_new(ask: Ask[Any, Any]) -> Access:
    """A zone that the user would bring: whether it may at all is answered before its file is."""
    return Access("zone", "", ask.user.party, (), ask.user.clearance)


def _fault(fault: Finding) -> Fault:
    return Fault(fault.path, fault.key, fault.what, fault.value, fault.mend)


async def end(ask: Ask[Ending, None]) -> Answer:
    """Watches a zone no more, for a reason that stands in the record."""
    zone_id = ask.path["zone"]
    access = ask.members.access_of("zone", zone_id)
    if zone_id not in ask.side.versions:
        raise not_here("zone", zone_id)
    ask.must_see("zone", zone_id, access)
    ask.must(Action.END_ZONE, access)
    return await ask.give(ZoneEnded(zone_id, ask.query.reason), done)


_READ = (404,)
_BODIES = {GEOJSON: bytes, "application/json": bytes}
ROUTES = (
    Route("GET", "/v1/zones", zones, "zones", gives=Page[ZoneView], query=ZonesAsked),
    Route("PUT", "/v1/zones", agree, "zones", gives=Agreed, query=Sided, bodies=_BODIES, problems=(403,)),
    Route("GET", "/v1/zones/{zone}", zone, "zones", gives=ZoneView, query=ZoneAsked, problems=_READ),
    Route("PUT", "/v1/zones/{zone}", agree_one, "zones", gives=Agreed, query=Sided, bodies=_BODIES, problems=(403,)),
    Route("DELETE", "/v1/zones/{zone}", end, "zones", gives=Done, query=Ending, problems=(403, 404)),
)  # fmt: skip

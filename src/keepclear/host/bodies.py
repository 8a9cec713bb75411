"""Events as the bytes that the record keeps of them, and back.

positions_arrived  an account and columns: `keepclear.node.positions_body`
zones_agreed       the GeoJSON text as it was given
all others         the JSON of their fields, with "kind" first
"""

from __future__ import annotations

import msgspec

from keepclear.feeds.zones import load_zones
from keepclear.ground.errors import Refused
from keepclear.node.events import Event, PositionsArrived, SpokenEvent, ZonesAgreed, kind_of
from keepclear.node.positions_body import Account, account_of, positions_body
from keepclear.tracks.packing import packed, unpacked

_SPOKEN: msgspec.json.Decoder[SpokenEvent] = msgspec.json.Decoder(SpokenEvent)


def body_of(event: Event) -> bytes:
    """The bytes of an event."""
    if isinstance(event, ZonesAgreed):
        return event.text.encode()
    if isinstance(event, PositionsArrived):
        account = Account(event.feed, event.refusals, event.noticed, event.names)
        return positions_body(account, event.packed or packed(event.observations))
    return msgspec.json.encode(event)


def event_of(kind: str, body: bytes) -> Event:
    """The event of a kind with this body; raises `Refused` where the bytes are none."""
    if kind == "zones_agreed":
        return zones_agreed(_text(body))
    if kind == "positions_arrived":
        return _positions(body)
    try:
        event = _SPOKEN.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Refused("body.unreadable", f"This is no event of this kind ({error})", value=kind) from error
    if kind_of(event) != kind:
        raise Refused(
            "body.other_kind", "The body is of another kind than its entry says", value=f"{kind_of(event)}, not {kind}"
        )
    return event


def zones_agreed(text: str) -> ZonesAgreed:
    """The event of agreeing on the zones of a zone file; raises `Refused` where it has errors."""
    plain = text.removeprefix("\ufeff")
    event = ZonesAgreed(load_zones(plain.encode()).zones, plain)
    try:
        msgspec.json.encode(msgspec.json.decode(plain))
    except (msgspec.DecodeError, UnicodeEncodeError) as error:
        mend = "Look for numbers beyond 1e308 and for half characters, also in members that are not ours."
        raise Refused(
            "zones.unwritable", f"The text cannot be written again as it stands ({error})", mend=mend
        ) from error
    return event


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise Refused("body.unreadable", f"This is no text ({error})", value=body[:40]) from error


def _positions(body: bytes) -> PositionsArrived:
    account, begin = account_of(body)
    observations = unpacked(body[begin:])
    return PositionsArrived(account.feed, observations, account.refusals, account.noticed, names=account.names)

"""Events as the bytes that the record keeps of them, and back.

positions_arrived  "KCPA", u32 length and JSON of the account, then the columns of `keepclear.tracks.packing`
zones_agreed       the GeoJSON text as it was given
all others         the JSON of their fields, with "kind" first
"""

from __future__ import annotations

import struct

import msgspec

from keepclear.feeds.zones import load_zones
from keepclear.ground.errors import Refused
from keepclear.node.events import Event, PositionsArrived, SpokenEvent, ZonesAgreed, kind_of
from keepclear.tracks.packing import packed, unpacked
from keepclear.tracks.refusals import Refusal

_MAGIC = b"KCPA"
_LENGTH = struct.Struct("<I")
_SPOKEN: msgspec.json.Decoder[SpokenEvent] = msgspec.json.Decoder(SpokenEvent)


class _Account(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    feed: str
    refusals: tuple[Refusal, ...]
    noticed: tuple[tuple[str, int], ...]


_ACCOUNT = msgspec.json.Decoder(_Account)


def body_of(event: Event) -> bytes:
    """The bytes of an event."""
    if isinstance(event, ZonesAgreed):
        return event.text.encode()
    if isinstance(event, PositionsArrived):
        account = msgspec.json.encode(_Account(event.feed, event.refusals, event.noticed))
        return b"".join([_MAGIC, _LENGTH.pack(len(account)), account, event.packed or packed(event.observations)])
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
    begin = len(_MAGIC) + _LENGTH.size
    if not body.startswith(_MAGIC) or len(body) < begin:
        raise Refused("body.unreadable", "These are no positions", value=body[:8])
    end = begin + _LENGTH.unpack_from(body, len(_MAGIC))[0]
    try:
        account = _ACCOUNT.decode(body[begin:end])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Refused("body.unreadable", f"The account of these positions is unreadable ({error})") from error
    return PositionsArrived(account.feed, unpacked(body[end:]), account.refusals, account.noticed)

"""Events as the bytes that the record keeps of them, and back.

positions_arrived  an account and columns: `keepclear.node.positions_body`
zones_agreed       the GeoJSON text as it was given
packet_came        what the peer signed, and whose signature was found over what lay within
all others         the JSON of their fields, with "kind" first
"""

from __future__ import annotations

import msgspec

from keepclear.channel.channel import Came, Opened
from keepclear.feeds.zones import load_zones
from keepclear.ground.errors import Refused
from keepclear.ground.signing import read_envelope
from keepclear.links.packets import Head, read_head
from keepclear.node.events import Event, PacketCame, PositionsArrived, SpokenEvent, ZonesAgreed, kind_of
from keepclear.node.positions_body import Account, account_of, positions_body
from keepclear.tracks.packing import packed, unpacked


class _Packet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    kind: str
    envelope: str
    within: tuple[tuple[str, str], ...]


_PACKET = msgspec.json.Decoder(_Packet)
_SPOKEN: msgspec.json.Decoder[SpokenEvent] = msgspec.json.Decoder(SpokenEvent)


def body_of(event: Event) -> bytes:
    """The bytes of an event."""
    if isinstance(event, ZonesAgreed):
        return event.text.encode()
    if isinstance(event, PositionsArrived):
        account = Account(event.feed, event.refusals, event.noticed, event.names)
        return positions_body(account, event.packed or packed(event.observations))
    if isinstance(event, PacketCame):
        return msgspec.json.encode(_Packet(event.kind, event.envelope, event.within))
    return msgspec.json.encode(event)


def event_of(kind: str, body: bytes) -> Event:
    """The event of a kind with this body; raises `Refused` where the bytes are none."""
    if kind == "zones_agreed":
        return zones_agreed(_text(body))
    if kind == "positions_arrived":
        return _positions(body)
    if kind == "packet_came":
        return _packet(body)
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


def packet_came(head: Head, envelope: str, within: dict[str, str]) -> PacketCame:
    """The event of a packet whose signatures were checked; `within`: by SHA-256 of the sealed bytes, the envelope that lay in them."""
    senders = {parcel.carriage.digest: parcel.carriage.sender for parcel in head.parcels}
    opened = {}
    for digest, text in within.items():
        inner = read_envelope(text.encode())
        opened[digest] = Opened(inner.payload_type, inner.payload, senders[digest])
    came = Came(head.sender, head.life, head.clock_us, head.taken, head.parcels, opened)
    return PacketCame(came, envelope, tuple(within.items()), head.shown)


def _packet(body: bytes) -> PacketCame:
    """Signatures are not looked at again: what was found when it came stands in the record, and is hashed there."""
    try:
        said = _PACKET.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Refused("body.unreadable", f"This is no packet that came ({error})") from error
    head = read_head(read_envelope(said.envelope.encode()).payload)
    return packet_came(head, said.envelope, dict(said.within))


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise Refused("body.unreadable", f"This is no text ({error})", value=body[:40]) from error


def _positions(body: bytes) -> PositionsArrived:
    account, begin = account_of(body)
    observations = unpacked(body[begin:])
    return PositionsArrived(account.feed, observations, account.refusals, account.noticed, names=account.names)

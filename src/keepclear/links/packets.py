"""Everything that goes to a peer at once, as bytes that it can check before it takes any of them.

    magic    MAGIC
    length   of the head, uint32, little-endian
    head     a DSSE envelope: who sends to whom, since when it lives, what its clock says, what it has taken, the parcels
    sealed   the sealed bytes of each parcel, one behind the other, as long as their carriages say

The same bytes go over HTTPS and on a memory stick. The signature is over the head, which has the SHA-256 of everything behind it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import NamedTuple

import msgspec

from keepclear.channel import carriage
from keepclear.channel.links import AT_ONCE_MAX, Parcel, Taken
from keepclear.ground.canon import INTEGER_MAX, SHA256_HEX
from keepclear.ground.errors import LimitExceeded, Refused
from keepclear.ground.instants import us_checked
from keepclear.ground.signing import PublicKey, Signer, open_sealed, read_envelope, seal
from keepclear.ground.written import written
from keepclear.parties.ids import id_checked
from keepclear.record.witness import Shown, shown_checked

MAGIC = b"keepclear packet 1\n"
HEAD_TYPE = "application/vnd.keepclear.packet+json"
HEAD_BYTES_MAX = 1_048_576
PACKET_BYTES_MAX = 16 * 1_048_576
_LENGTH = struct.Struct("<I")


class Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is signed.

    life      the instant at which the sender's life began: a later one than before says that it was restored
    clock_us  what its clock said
    shown     what it shows of records; None: nothing this time"""

    sender: str
    to: str
    life: int
    clock_us: int
    taken: Taken | None
    parcels: tuple[Parcel, ...]
    shown: Shown | None = None


class Packet(NamedTuple):
    """A packet that was checked: its head, the envelope in which it was signed, and the sealed bytes by their SHA-256."""

    head: Head
    envelope: bytes
    sealed: Mapping[str, bytes]


_HEAD = msgspec.json.Decoder(Head)


def packet_bytes(head: Head, sealed: Mapping[str, bytes], signer: Signer) -> bytes:
    """The bytes of a packet; `sealed` has what every parcel needs. As many parcels as fit should be given: see `fitting`."""
    envelope = seal(HEAD_TYPE, written(head), signer).text
    bodies = [sealed[parcel.carriage.digest] for parcel in head.parcels]
    return b"".join((MAGIC, _LENGTH.pack(len(envelope)), envelope, *bodies))


def fitting(parcels: Iterable[Parcel]) -> tuple[Parcel, ...]:
    """The first of these that go into one packet; always at least one."""
    room = PACKET_BYTES_MAX - HEAD_BYTES_MAX
    some: list[Parcel] = []
    for parcel in parcels:
        room -= parcel.carriage.byte_count
        if some and (room < 0 or len(some) == AT_ONCE_MAX):
            break
        some.append(parcel)
    return tuple(some)


def read_packet(data: bytes, *, to: str, sender: str, keys: Iterable[PublicKey]) -> Packet:
    """The packet of these bytes, if a peer of this name signed it with one of these keys for this party; raises `Refused`."""
    if len(data) > PACKET_BYTES_MAX:
        raise LimitExceeded("packet.too_large", f"A packet has at most {PACKET_BYTES_MAX:,} bytes", value=len(data))
    at = len(MAGIC) + _LENGTH.size
    if not data.startswith(MAGIC) or len(data) < at:
        mend = "It begins otherwise, or belongs to another version."
        raise Refused("packet.magic", "These bytes are no packet", value=data[:24], mend=mend, where="byte 0")
    (length,) = _LENGTH.unpack_from(data, len(MAGIC))
    if length > HEAD_BYTES_MAX or at + length > len(data):
        raise Refused("packet.short", "The head is longer than it can be", value=length, where=f"byte {len(MAGIC)}")
    text = data[at : at + length]
    payload, signers = open_sealed(text, HEAD_TYPE, keys)
    envelope = read_envelope(text)
    # The hint which key it was is not signed: it is as it was written, or somebody changed it.
    if envelope.text != text or [one.key_id for one in envelope.signatures] != [signers[0].key_id]:
        raise Refused("packet.envelope", "The envelope is not written in the one way that it has", where=f"byte {at}")
    head = read_head(payload)
    if (head.sender, head.to) != (sender, to):
        raise Refused(
            "packet.of_others", "This packet is of another pair of nodes", value=f"{head.sender} to {head.to}"
        )
    return Packet(head, text, _bodies(head, data, at + length))


def read_head(payload: bytes) -> Head:
    """The head of these bytes, if it can be one; raises `Refused`. Who signed it is not looked at."""
    try:
        head = _HEAD.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Refused("packet.head", f"The head is not one ({error})", value=payload) from error
    if written(head) != payload:
        raise Refused("packet.head", "The head is not written in the one way that it has", value=payload)
    id_checked(head.sender, "$.sender")
    id_checked(head.to, "$.to")
    us_checked(head.life, "$.life")
    us_checked(head.clock_us, "$.clock_us")
    if head.shown is not None:
        try:
            shown_checked(head.shown)
        except Refused as refused:
            raise refused.at("$.shown") from refused
    if len(head.parcels) > AT_ONCE_MAX:
        raise LimitExceeded("packet.parcels", f"At most {AT_ONCE_MAX} go at once", value=len(head.parcels))
    for number, parcel in enumerate(head.parcels):
        where = f"$.parcels[{number}]"
        if (parcel.sender, parcel.peer) != (head.sender, head.to) or not _counts(parcel.number, parcel.series):
            raise Refused("packet.parcel", "This parcel belongs elsewhere", value=parcel.number, where=where)
        if parcel.carriage.hands[-1:] != (head.sender,):
            raise Refused(
                "packet.hands", "It was not last in the hands of who hands it over", where=f"{where}.carriage.hands"
            )
        try:
            carriage.checked(parcel.carriage)
        except Refused as refused:
            raise refused.at(where) from refused
    if head.taken is not None:
        if (head.taken.taker, head.taken.sender) != (head.sender, head.to):
            raise Refused("packet.taken", "This word is about another pair of nodes", where="$.taken")
        if not (_counts(head.taken.up_to, head.taken.series) and SHA256_HEX.fullmatch(head.taken.head)):
            raise Refused("packet.taken", "Nothing can have been taken so far", value=head.taken.up_to, where="$.taken")
    return head


def _counts(number: int, series: int) -> bool:
    return 1 <= number <= INTEGER_MAX and 1 <= series <= INTEGER_MAX


def _bodies(head: Head, data: bytes, at: int) -> dict[str, bytes]:
    sealed = {}
    for number, parcel in enumerate(head.parcels):
        outside = parcel.carriage
        body = data[at : at + outside.byte_count]
        at += outside.byte_count
        if sha256(body).hexdigest() != outside.digest:
            where = f"$.parcels[{number}]"
            raise Refused(
                "packet.sealed", "The sealed bytes are not those that were signed for", value=len(body), where=where
            )
        sealed[outside.digest] = body
    if at != len(data):
        raise Refused("packet.long", "There is more than the head says", value=len(data) - at, where=f"byte {at}")
    return sealed

"""How the record keeps positions that arrived: the account of a batch, and the columns behind it.

"KCPA", u32 length and JSON of the account, then the columns of `keepclear.tracks.packing`
"""

from __future__ import annotations

import struct

import msgspec

from keepclear.ground.errors import Refused
from keepclear.tracks.refusals import Refusal

_MAGIC = b"KCPA"
_LENGTH = struct.Struct("<I")


class Account(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is said of a batch besides its rows: whose feed it is, what was refused, what was noticed, and what subjects are called.

    Without names it is written without the member, as before there were any."""

    feed: str
    refusals: tuple[Refusal, ...]
    noticed: tuple[tuple[str, int], ...]
    names: tuple[tuple[str, str], ...] = ()


_ACCOUNT = msgspec.json.Decoder(Account)


def positions_body(account: Account, columns: bytes) -> bytes:
    """The bytes of both."""
    said = msgspec.json.encode(account)
    return b"".join([_MAGIC, _LENGTH.pack(len(said)), said, columns])


def account_of(body: bytes) -> tuple[Account, int]:
    """The account of a body, and where its columns begin; raises `Refused` where the bytes are no positions."""
    begin = len(_MAGIC) + _LENGTH.size
    if not body.startswith(_MAGIC) or len(body) < begin:
        raise Refused("body.unreadable", "These are no positions", value=body[:8])
    end = begin + _LENGTH.unpack_from(body, len(_MAGIC))[0]
    try:
        return _ACCOUNT.decode(body[begin:end]), end
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Refused("body.unreadable", f"The account of these positions is unreadable ({error})") from error

"""The entries that concern the record itself, as plain values: what a verifier must understand of bodies, and nothing else.

Their bodies are JSON, written by `keepclear.host.bodies` from the events of the same kind. Fields that are not named here are
passed over, so that an older verifier reads what a newer node writes."""

from __future__ import annotations

import msgspec

from keepclear.ground.errors import Refused


class Fact(msgspec.Struct, frozen=True, tag_field="kind"):
    """What one entry says about its record."""


class NodeBegan(Fact, frozen=True, tag="node_began"):
    """The record begins, under this name."""

    origin: str


class EpochBegan(Fact, frozen=True, tag="epoch_began"):
    """After a restore the record goes on, from the tree of `after_size` entries with this root (64 hexadecimal digits)."""

    epoch: int
    origin: str
    after_size: int
    after_root: str


class KeyIntroduced(Fact, frozen=True, tag="key_introduced"):
    """A key signs for this record from now on; `public_key` is PEM."""

    key_id: str
    public_key: str
    algorithm: str


class KeyEnded(Fact, frozen=True, tag="key_ended"):
    """A key signs no more. `why` is "rotated", "revoked", "lost" or "compromised".

    since_us  what it signed from then on is not to be trusted; None: what it signed before this entry stands"""

    key_id: str
    why: str
    since_us: int | None = None


class SnapshotTaken(Fact, frozen=True, tag="snapshot_taken"):
    """The state after `size` entries is kept beside the record; `digest` is the SHA-256 of its bytes."""

    size: int
    digest: str


class BodiesDropped(Fact, frozen=True, tag="bodies_dropped"):
    """Bodies below entry `before` may be missing from now on; the state is in the snapshot of `snapshot_size` entries."""

    before: int
    snapshot_size: int


AnyFact = NodeBegan | EpochBegan | KeyIntroduced | KeyEnded | SnapshotTaken | BodiesDropped
KINDS = frozenset({"node_began", "epoch_began", "key_introduced", "key_ended", "snapshot_taken", "bodies_dropped"})
_DECODER: msgspec.json.Decoder[AnyFact] = msgspec.json.Decoder(AnyFact)


def fact_of(kind: str, body: bytes) -> AnyFact | None:
    """What an entry of this kind says about the record; None if it says nothing. Raises `Refused` where its body is unreadable."""
    if kind not in KINDS:
        return None
    try:
        fact = _DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Refused("record.body", f"The body is not one of this kind ({error})", value=kind) from error
    if fact.__struct_config__.tag != kind:
        raise Refused("record.body", "The body is of another kind than its entry", value=fact.__struct_config__.tag)
    return fact

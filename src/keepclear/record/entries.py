"""One line of the record: an event as it was committed, and the leaf that stands for it in the tree.

The leaf holds the hashes of the body (what happened, verbatim) and of the outcome (what the node concluded from it), not the
two themselves: a body may be dropped behind a snapshot, and the leaf still proves what it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

import msgspec

from keepclear.ground.canon import INTEGER_MAX

VERSION = 1


def hash_of(data: bytes) -> str:
    """The hash under which an entry has its body and its outcome."""
    return sha256(data).hexdigest()


EMPTY_HASH = hash_of(b"")


@dataclass(frozen=True)
class Entry:
    """What the record keeps of one event.

    sequence      place in the record from 0; also the index of its leaf in the tree
    at_us         when this node learned of it, microseconds UTC; never less than the entry before
    kind          which kind of event, as in `keepclear.node.events`
    by            id of the user who gave it, "feed:ID" for a feed, "node" for the node itself; never a person's name
    exercise      not real
    body_hash     SHA-256 of the body, 64 hexadecimal digits
    outcome_hash  SHA-256 of the outcome: lines of JSON, each ended by a line feed; of no bytes where nothing followed
    """

    sequence: int
    at_us: int
    kind: str
    by: str
    exercise: bool
    body_hash: str
    outcome_hash: str

    @staticmethod
    def of(sequence: int, at_us: int, kind: str, by: str, exercise: bool, body: bytes, outcome: bytes) -> Entry:
        """The entry of an event with this body and this outcome."""
        return Entry(sequence, at_us, kind, by, exercise, hash_of(body), hash_of(outcome))

    @property
    def leaf(self) -> bytes:
        """The bytes that the tree hashes as this entry's leaf: RFC 8785 JSON, version 1.

        Raises ValueError where the numbers or the texts have no such form."""
        if abs(self.sequence) > INTEGER_MAX or abs(self.at_us) > INTEGER_MAX:
            raise ValueError(f"integers of a leaf have at most 53 bits: {self.sequence}, {self.at_us}")
        fields = (self.at_us, self.body_hash, self.by, self.exercise, self.kind, self.outcome_hash, self.sequence)
        return _ENCODER.encode(_Leaf(*fields, VERSION))


class _Leaf(msgspec.Struct, frozen=True):
    """The members of a leaf, in the order in which RFC 8785 sorts them.

    Of texts, booleans and whole numbers msgspec makes the same bytes as `ground.canon`, in a twentieth of the time."""

    at_us: int
    body: str
    by: str
    exercise: bool
    kind: str
    outcome: str
    sequence: int
    v: int


_ENCODER = msgspec.json.Encoder()


@dataclass(frozen=True)
class Committed:
    """An entry with what it stands for; None where that was dropped behind a snapshot, or erased."""

    entry: Entry
    body: bytes | None
    outcome: bytes | None

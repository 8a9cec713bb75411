"""Which key may have signed what: keys that the verifier was given, and what the record says of the keys of its node.

What a verifier concludes of a checkpoint of `size` entries, signed by a key that was introduced in entry i and ended in entry e:

    size <= i              early      it signed before the record introduced it
    i < size <= e          in use
    e < size               ended      it signed after its end
    ended with `since_us`, and the newest entry is not older than that: doubtful, as somebody else may have signed by then

A key that was compromised can sign old sizes as well, with any root. What it signed before `since_us` therefore stands by itself only
as long as nobody shows another checkpoint of that size; where a later key signed a tree that begins with it, it stands by that.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from keepclear.ground.errors import Refused
from keepclear.ground.signing import NoteKey, PublicKey, public_from_pem
from keepclear.record.checkpoint import Checkpoint, Cosigned, record_and_epoch
from keepclear.record.facts import KeyEnded, KeyIntroduced

REASONS = frozenset({"rotated", "revoked", "lost", "compromised"})

IN_USE = "in use"
EARLY = "early"
ENDED = "ended"
DOUBTFUL = "doubtful"
UNKNOWN = "unknown"


# --- what the record says of its keys ---


@dataclass(frozen=True)
class KeyLife:
    """A key of the record, from the entry that introduced it to the one that ended it.

    since_us  what it signed from then on is doubtful; None: nothing is
    """

    key: PublicKey
    introduced: int
    ended: int | None = None
    why: str = ""
    since_us: int | None = None

    def standing(self, size: int, newest_us: int | None) -> str:
        """What is concluded of its signature under a checkpoint of `size` entries, the newest of them known at `newest_us`.

        None where that is not known: then everything is doubtful of a key that has a `since_us`."""
        if size <= self.introduced:
            return EARLY
        if self.ended is not None and size > self.ended:
            return ENDED
        if self.since_us is not None and (newest_us is None or newest_us >= self.since_us):
            return DOUBTFUL
        return IN_USE


class KeyHistory:
    """The keys of one record, as its entries tell of them in order."""

    def __init__(self) -> None:
        self.lives: dict[str, KeyLife] = {}

    def take(self, sequence: int, fact: KeyIntroduced | KeyEnded) -> None:
        """Notes what entry `sequence` says. Raises `Refused` where it does not fit what was said before; then nothing changes."""
        if isinstance(fact, KeyIntroduced):
            self._introduce(sequence, fact)
        else:
            self._end(sequence, fact)

    def standing(self, key: PublicKey, size: int, newest_us: int | None) -> str:
        """As `KeyLife.standing`; "unknown" where the record never introduced the key."""
        life = self.lives.get(key.key_id)
        return UNKNOWN if life is None else life.standing(size, newest_us)

    def introduced_below(self, size: int) -> tuple[PublicKey, ...]:
        """The keys that the first `size` entries introduced."""
        return tuple(life.key for life in self.lives.values() if life.introduced < size)

    def never_doubted(self, key: PublicKey) -> bool:
        """Whether nothing that this key signed is doubtful."""
        life = self.lives.get(key.key_id)
        return life is None or life.since_us is None

    def _introduce(self, sequence: int, fact: KeyIntroduced) -> None:
        key = public_from_pem(fact.public_key)
        if (key.algorithm, key.key_id) != (fact.algorithm, fact.key_id):
            what = f"The entry names another key than it holds ({key.key_id}, {key.algorithm})"
            raise Refused("key.other", what, value=f"{fact.key_id}, {fact.algorithm}")
        if fact.key_id in self.lives:
            raise Refused("key.twice", "The key was introduced before", value=fact.key_id)
        self.lives[fact.key_id] = KeyLife(key, sequence)

    def _end(self, sequence: int, fact: KeyEnded) -> None:
        life = self.lives.get(fact.key_id)
        if life is None:
            raise Refused("key.never_introduced", "A key ends that was never introduced", value=fact.key_id)
        if life.ended is not None:
            raise Refused("key.ended_twice", f"The key was ended before, in entry {life.ended}", value=fact.key_id)
        if fact.why not in REASONS:
            raise Refused("key.why", f"A key ends for one of: {', '.join(sorted(REASONS))}", value=fact.why)
        self.lives[fact.key_id] = replace(life, ended=sequence, why=fact.why, since_us=fact.since_us)


# --- what the verifier was given ---


@dataclass(frozen=True)
class Trust:
    """The public keys that a verifier was given, by a way that it trusts.

    keys   of the record, whatever that is called
    named  of the record or of the cosigner that they name
    """

    keys: tuple[PublicKey, ...] = ()
    named: tuple[NoteKey, ...] = ()

    def keys_for(self, record: str) -> tuple[PublicKey, ...]:
        """Those that may sign for this record."""
        mine = [key.key for key in self.named if not key.cosigner and record in _records_of(key.name)]
        return tuple(dict.fromkeys((*self.keys, *mine)))

    def with_keys(self, keys: Iterable[PublicKey]) -> Trust:
        """With these keys of the record in addition."""
        return replace(self, keys=(*self.keys, *(key for key in keys if key not in self.keys)))


@dataclass(frozen=True)
class Vouched:
    """A checkpoint that at least one known key of its record has signed, and the other parties that have seen it."""

    checkpoint: Checkpoint
    signers: tuple[PublicKey, ...]
    cosigned: tuple[Cosigned, ...]


def vouched(checkpoint: Checkpoint, trust: Trust) -> Vouched:
    """The checkpoint with its signers, all verified.

    Raises `Refused`: checkpoint.unsigned where no known key of its record has signed it, checkpoint.signature or
    checkpoint.cosignature where a line claims to be by a known key and is not."""
    signers = checkpoint.signers(trust.keys_for(checkpoint.record))
    if not signers:
        names = ", ".join(f"{line.name} ({line.signed[:4].hex()})" for line in checkpoint.signatures)
        mend = "Give the key of this record (--key), from somebody whom you trust to have the right one."
        what = f"None of the known keys has signed the checkpoint of {checkpoint.record}"
        raise Refused("checkpoint.unsigned", what, value=names, mend=mend)
    return Vouched(checkpoint, signers, checkpoint.cosignatures(trust.named))


def _records_of(name: str) -> set[str]:
    """The names of records that a key of this name may sign for: as it stands, or without the number of an epoch."""
    try:
        return {name, record_and_epoch(name)[0]}
    except Refused:
        return {name}

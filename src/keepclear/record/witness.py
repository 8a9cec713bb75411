"""Whether what a party shows of its record continues what was seen of it: to this node, and to others who say what they were shown.

A party shows its newest checkpoint, and growths: smaller trees that the tree of this checkpoint begins with. Each checkpoint that was
seen before and has the size of such a tree must have its root.

    consistent  it continues what was seen, or is the first
    behind      it is older than what was seen; harmless, as a packet that was late
    unproven    nothing connects it with what was seen: it is kept, and a growth from there is asked for
    split       two checkpoints of one epoch, both signed, that cannot both be

A split is evidence for anybody with the public key: two notes of one size with two roots; or two notes and a growth by which the larger
tree begins with another root than the smaller note has. A new epoch is announced by its number and is no split; what was seen of the
old one may be lost by it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from hashlib import sha256
from typing import NamedTuple

import msgspec

from keepclear.ground.errors import LimitExceeded, Refused
from keepclear.ground.signing import PublicKey
from keepclear.record.checkpoint import Checkpoint, read_checkpoint
from keepclear.record.tree import check_consistency

HEARD_MAX = 16
# Others tell now and then what they told before; what was compared once is not asked for again.
COMPARED_MAX = 64
ASKED_MAX = 4
# From what was countersigned, from what was shown last, and from where it is asked.
GREW_MAX = ASKED_MAX + 2
OTHERS_MAX = 2
SPLITS_MAX = 1
# A note has some 250 bytes; this much is room for a long name and a second key.
NOTE_CHARS_MAX = 2_000
HASHES_MAX = 64
# A growth is withheld when it was asked for so long ago, and the party has shown so many checkpoints without it: on a poor link a
# question may be lost, and an answer.
WITHHELD_AFTER_US = 3_600_000_000
WITHHELD_AFTER_SHOWN = 20


class Growth(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A tree begins with a smaller one: that of `size` entries and this root. `hashes` prove it, as RFC 9162 has them."""

    size: int
    root: bytes
    hashes: tuple[bytes, ...]


class Split(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Two checkpoints that cannot both be: `other` is the larger, or of the same size.

    growth  a tree that `other` begins with; it has the size of `one`, and another root. None: both are of one size"""

    one: str
    other: str
    growth: Growth | None = None


class Shown(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a node shows a peer of its own record and of others'; any part may be empty.

    note    the newest checkpoint of its record
    grew    smaller trees that the tree of this checkpoint begins with
    seen    the newest checkpoint of the peer's record that was consistent, with this node's cosignature and no other line
    asks    sizes from which the peer is to show that its record has grown
    others  newest checkpoints of third parties"""

    note: str = ""
    grew: tuple[Growth, ...] = ()
    seen: str = ""
    asks: tuple[int, ...] = ()
    others: tuple[str, ...] = ()
    splits: tuple[Split, ...] = ()


class Heard(msgspec.Struct, frozen=True):
    """A checkpoint that is signed and not compared yet, and when it came.

    missed  how many checkpoints its party has shown since, without the growth from there"""

    note: str
    at_us: int
    missed: int = 0


class Seen(msgspec.Struct, frozen=True):
    """What was seen of the record of a party.

    newest  the largest checkpoint of the newest epoch that the party itself showed to continue what was seen; "": none yet
    heard   others, the newest last; of each older epoch the last that was seen is among them
    splits  at most one of each epoch
    compared  SHA-256 of the checkpoints that were found to be in its history, the newest last"""

    newest: str = ""
    heard: tuple[Heard, ...] = ()
    splits: tuple[Split, ...] = ()
    compared: tuple[str, ...] = ()

    @property
    def last(self) -> str:
        """What is told to others who may have been shown something else; "": nothing."""
        return self.newest or (self.heard[-1].note if self.heard else "")

    def is_split(self, epoch: int) -> bool:
        """Whether a split was found in this epoch."""
        return any(read_checkpoint(split.one).epoch == epoch for split in self.splits)

    @property
    def asks(self) -> tuple[int, ...]:
        """The sizes from which the party is to show that its record has grown."""
        if not self.newest or self.is_split(epoch := read_checkpoint(self.newest).epoch):
            return ()
        sizes = [held.size for one in self.heard if (held := read_checkpoint(one.note)).epoch == epoch]
        return tuple(dict.fromkeys(sizes))[-ASKED_MAX:]


class Verdict(StrEnum):
    """See the module."""

    CONSISTENT = "consistent"
    BEHIND = "behind"
    UNPROVEN = "unproven"
    SPLIT = "split"


class Weighed(NamedTuple):
    """What a checkpoint says, beside what was seen before.

    seen         from now on
    split        where it was found now
    began_anew   it is the first of a new epoch, and others were seen before
    kept         of a new epoch: everything that was seen before is still in the record, and it shows that
    withheld     sizes from which the party has shown no growth for too long; each is said once"""

    verdict: Verdict
    seen: Seen
    split: Split | None = None
    began_anew: bool = False
    kept: bool = False
    withheld: tuple[int, ...] = ()


def shown_checked(shown: Shown) -> Shown:
    """What is shown, if it keeps to the limits; raises `Refused`. What a note says is not looked at."""
    notes = [shown.note, shown.seen, *shown.others, *(note for one in shown.splits for note in (one.one, one.other))]
    growths = [*shown.grew, *(one.growth for one in shown.splits if one.growth is not None)]
    if max(map(len, notes)) > NOTE_CHARS_MAX:
        what = f"A checkpoint that is shown has at most {NOTE_CHARS_MAX:,} characters"
        raise LimitExceeded("shown.note", what, value=max(map(len, notes)))
    for name, limit in (("grew", GREW_MAX), ("asks", ASKED_MAX), ("others", OTHERS_MAX), ("splits", SPLITS_MAX)):
        if len(getattr(shown, name)) > limit:
            what = f"At most {limit} are shown at once"
            raise LimitExceeded(f"shown.{name}", what, value=len(getattr(shown, name)), where=f"$.{name}")
    if any(len(growth.hashes) > HASHES_MAX for growth in growths):
        raise LimitExceeded("shown.grew", f"No growth has more than {HASHES_MAX} hashes", where="$.grew")
    return shown


def signed_note(text: str, record: str, keys: Iterable[PublicKey]) -> Checkpoint:
    """The checkpoint of this note with no line but that of its key; raises `Refused` where none of these keys signed it for this record."""
    checkpoint = read_checkpoint(text)
    if checkpoint.record != record:
        raise Refused("checkpoint.other_record", f"This is no checkpoint of {record}", value=checkpoint.record)
    signers = checkpoint.signers(keys)
    if not signers:
        raise Refused("checkpoint.unsigned", f"The key of {record} has not signed this", value=checkpoint.origin)
    return Checkpoint(checkpoint.origin, checkpoint.size, checkpoint.root, checkpoint.signatures_of(signers))


def weigh(seen: Seen, note: Checkpoint, grew: Sequence[Growth], at_us: int) -> Weighed:
    """What a party shows of its own record; who signed it was checked. A growth that proves nothing counts for nothing.

    Behind a split nothing of its epoch moves anybody on."""
    if seen.is_split(note.epoch):
        return Weighed(Verdict.SPLIT, seen)
    shown = {growth.size: growth for growth in grew if _is_proven(note, growth)}
    newest = read_checkpoint(seen.newest) if seen.newest else None
    split = _split(seen, note, shown)
    compared = [one.note for one in seen.heard if _is_compared(read_checkpoint(one.note), note, shown)]
    heard = tuple(one for one in seen.heard if one.note not in compared)
    if split is not None:
        return _found(seen, split)
    began_anew = kept = False
    if newest is None or note.epoch > newest.epoch:
        verdict, began_anew = Verdict.CONSISTENT, newest is not None
        if newest is not None:
            kept = newest.size in shown and shown[newest.size].root == newest.root
            heard = _with(heard, seen.newest, at_us)
    elif note.epoch < newest.epoch or note.size < newest.size:
        verdict = Verdict.BEHIND
        if note.epoch == newest.epoch and _digest(note.text) not in seen.compared:
            heard = _with(heard, note.text, at_us)
    elif note.size == newest.size or newest.size in shown:
        verdict = Verdict.CONSISTENT
    else:
        verdict = Verdict.UNPROVEN
        heard = _with(_with(heard, seen.newest, at_us), note.text, at_us)
    moves = verdict is Verdict.CONSISTENT and (newest is None or note.body != newest.body)
    withheld: tuple[int, ...] = ()
    if moves:
        heard, withheld = _withheld(heard, note, at_us)
    if moves and not began_anew and newest is not None:
        compared.append(seen.newest)
    digests = dict.fromkeys([*seen.compared, *map(_digest, compared)])
    now = Seen(note.text if moves else seen.newest, heard, seen.splits, tuple(digests)[-COMPARED_MAX:])
    return Weighed(verdict, now, None, began_anew, kept, withheld)


def weigh_told(seen: Seen, note: Checkpoint, at_us: int) -> Weighed:
    """What somebody else says that it was shown of a party's record; who signed it was checked."""
    if seen.is_split(note.epoch):
        return Weighed(Verdict.SPLIT, seen)
    split = _split(seen, note, {})
    if split is not None:
        return _found(seen, split)
    held = [seen.newest, *(one.note for one in seen.heard)]
    if _digest(note.text) in seen.compared or any(text and read_checkpoint(text).body == note.body for text in held):
        return Weighed(Verdict.CONSISTENT, seen)
    return Weighed(Verdict.UNPROVEN, msgspec.structs.replace(seen, heard=_with(seen.heard, note.text, at_us)))


def check_split(split: Split, record: str, keys: Iterable[PublicKey]) -> tuple[Checkpoint, Checkpoint]:
    """The two checkpoints, if they cannot both be and one of these keys signed each; raises `Refused` where this shows no split."""
    keys = list(keys)
    one, other = signed_note(split.one, record, keys), signed_note(split.other, record, keys)
    if one.epoch != other.epoch:
        raise Refused("split.epochs", "A restore lies between them", value=f"{one.epoch} and {other.epoch}")
    if split.growth is None:
        if one.size != other.size:
            raise Refused("split.sizes", "Nothing compares the two", value=f"{one.size} and {other.size}")
        root = other.root
    else:
        check_consistency(split.growth.size, other.size, split.growth.hashes, split.growth.root, other.root)
        if split.growth.size != one.size:
            raise Refused("split.sizes", "The growth is of another size", value=split.growth.size)
        root = split.growth.root
    if root == one.root:
        raise Refused("split.none", "Both are of one history", value=one.size)
    return one, other


def _split(seen: Seen, note: Checkpoint, shown: dict[int, Growth]) -> Split | None:
    """The first of what was seen that cannot be beside this."""
    for text in (seen.newest, *(one.note for one in seen.heard)):
        if not text or (held := read_checkpoint(text)).epoch != note.epoch:
            continue
        if held.size == note.size and held.root != note.root:
            return Split(text, note.text)
        growth = shown.get(held.size)
        if growth is not None and growth.root != held.root:
            return Split(text, note.text, growth)
    return None


def _found(seen: Seen, split: Split) -> Weighed:
    return Weighed(Verdict.SPLIT, msgspec.structs.replace(seen, splits=(*seen.splits, split)), split)


def _digest(note: str) -> str:
    return sha256(read_checkpoint(note).body).hexdigest()


def _is_compared(held: Checkpoint, note: Checkpoint, shown: dict[int, Growth]) -> bool:
    return held.epoch == note.epoch and (held.size == note.size or held.size in shown)


def _is_proven(note: Checkpoint, growth: Growth) -> bool:
    try:
        check_consistency(growth.size, note.size, growth.hashes, growth.root, note.root)
    except Refused:
        return False
    return True


def _with(heard: tuple[Heard, ...], note: str, at_us: int) -> tuple[Heard, ...]:
    if any(one.note == note for one in heard):
        return heard
    return (*heard, Heard(note, at_us))[-HEARD_MAX:]


def _withheld(heard: tuple[Heard, ...], note: Checkpoint, at_us: int) -> tuple[tuple[Heard, ...], tuple[int, ...]]:
    """Counts what a party could have connected with what it shows, and has not; gives the sizes that it withholds from now on."""
    kept, sizes = [], []
    for one in heard:
        held = read_checkpoint(one.note)
        if held.epoch != note.epoch or held.size >= note.size or one.missed > WITHHELD_AFTER_SHOWN:
            kept.append(one)
            continue
        is_late = one.missed >= WITHHELD_AFTER_SHOWN and at_us - one.at_us >= WITHHELD_AFTER_US
        if is_late:
            sizes.append(held.size)
        kept.append(
            Heard(one.note, one.at_us, one.missed + 1 if is_late else min(one.missed + 1, WITHHELD_AFTER_SHOWN))
        )
    return tuple(kept), tuple(sizes)

"""What peers have shown this node of their records, and which of its own checkpoints they have countersigned.

A note counts by the card of its party. What follows from it is weighed in `keepclear.record.witness`; here it is kept, and found are
handed back for people. That a checkpoint came is no reason to show one: `grown` counts only what is of another kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import NamedTuple

import msgspec

from keepclear.ground.errors import Refused
from keepclear.ground.signing import NoteKey, note_key
from keepclear.node.events import CardTaken
from keepclear.record.checkpoint import Checkpoint, read_checkpoint
from keepclear.record.witness import (
    OTHERS_MAX,
    SPLITS_MAX,
    Seen,
    Shown,
    Split,
    check_split,
    signed_note,
    weigh,
    weigh_told,
)

Cards = Mapping[str, CardTaken]


class WitnessState(msgspec.Struct):
    """Everything that is held of records."""

    seen: dict[str, Seen] = {}
    cosigned: dict[str, str] = {}
    grown: int = 0


class Noticed(NamedTuple):
    """Something about a party's record that people are told.

    what   "seen": its first checkpoint; "anew": it goes on after a restore; "split", "withheld"
    told_by  who brought what does not fit; the party itself, or a peer"""

    party: str
    what: str
    told_by: str
    size: int
    epoch: int
    kept: bool = False
    split: Split | None = None


class Told(msgspec.Struct, frozen=True):
    """What a peer was told of records, as far as its host knows, and what it asked for.

    seen    the newest of its own checkpoints that was countersigned
    others  by party, those of third parties
    shown   the size of the own record that it was shown last: its word about that may still be on its way; 0: none
    splits  that it was told of"""

    seen: str = ""
    others: dict[str, str] = {}
    asked: tuple[int, ...] = ()
    shown: int = 0
    splits: tuple[Split, ...] = ()

    def with_those_of(self, showing: Showing) -> Told:
        """When this was shown too; what was asked for is answered."""
        others, splits = {**self.others, **showing.others}, (*self.splits, *showing.splits)
        return Told(showing.seen or self.seen, others, (), self.shown, splits)

    def forgotten(self) -> Told:
        """To tell of others once more: an answer may have been lost, and nobody knows."""
        return msgspec.structs.replace(self, others={}, splits=())


class Showing(NamedTuple):
    """What a peer is shown next.

    seen    its checkpoint that is countersigned; "": none
    since   the sizes from which it is shown that the own record has grown; None: it is not shown"""

    seen: str
    asks: tuple[int, ...]
    others: Mapping[str, str]
    splits: tuple[Split, ...]
    since: frozenset[int] | None


class Witnesses:
    """See the module.

    seen      by party, of its record
    cosigned  by peer: the newest checkpoint of ours that it has countersigned, with its line and no other
    grown     the size of the own record when something was added last that was not only a word about records"""

    def __init__(self, state: WitnessState) -> None:
        self.seen, self.cosigned, self.grown = state.seen, state.cosigned, state.grown

    def state(self) -> WitnessState:
        """Everything that is held."""
        return WitnessState(self.seen, self.cosigned, self.grown)

    def cosigned_size(self, peer: str, origin: str) -> int:
        """How much of the own record a peer has countersigned, of the epoch of this origin line; 0: nothing yet."""
        held = self.cosigned.get(peer)
        if held is None or (checkpoint := read_checkpoint(held)).origin != origin:
            return 0
        return checkpoint.size

    def showing(self, peer: str, told: Told, own: str, offered: int) -> Showing | None:
        """What a peer may not know yet; None: it knows everything.

        own      the origin line of the own record
        offered  the size of the checkpoint that all peers are shown, until the record has grown beyond it: if each were shown what
                 is newest just then, every answer would be news to the others"""
        known = self.seen.get(peer, Seen())
        is_sound = bool(known.newest) and not known.is_split(read_checkpoint(known.newest).epoch)
        seen = known.newest if is_sound and known.newest != told.seen else ""
        others = self._others_for(peer, told.others)
        found = (split for party, held in sorted(self.seen.items()) if party != peer for split in held.splits)
        splits = tuple(islice((split for split in found if split not in told.splits), SPLITS_MAX))
        cosigned = self.cosigned_size(peer, own)
        since = frozenset((cosigned, told.shown, *told.asked)) if cosigned < offered or told.asked else None
        if not (seen or known.asks or others or splits or since):
            return None
        return Showing(seen, known.asks, others, splits, since)

    def _others_for(self, peer: str, told: Mapping[str, str]) -> dict[str, str]:
        some: dict[str, str] = {}
        for party, seen in sorted(self.seen.items()):
            if party != peer and seen.last and told.get(party) != seen.last and len(some) < OTHERS_MAX:
                some[party] = seen.last
        return some

    def learns_from(self, peer: str, shown: Shown | None, cards: Cards, own: str, at_us: int) -> bool:
        """Whether anything follows from what a peer shows; `own`: the origin line of the own record."""
        if shown is None:
            return False
        seen, cosigned, _ = self._weighed(peer, shown, cards, own, at_us)
        return bool(seen or cosigned)

    def take(self, peer: str, shown: Shown, cards: Cards, own: str, at_us: int) -> list[Noticed]:
        """Keeps what follows from what a peer shows; gives what people are told of it."""
        seen, cosigned, noticed = self._weighed(peer, shown, cards, own, at_us)
        self.seen |= seen
        self.cosigned |= cosigned
        return noticed

    def _weighed(
        self, peer: str, shown: Shown, cards: Cards, own: str, at_us: int
    ) -> tuple[dict[str, Seen], dict[str, str], list[Noticed]]:
        """What is held otherwise from now on, by party and by peer, and what is told."""
        changed: dict[str, Seen] = {}
        noticed: list[Noticed] = []
        if (note := _signed(shown.note, cards.get(peer))) is not None:
            held = _of_record(self.seen.get(peer, Seen()), note)
            found = weigh(held, note, shown.grew, at_us)
            changed[peer] = found.seen
            what = "anew" if found.began_anew else "" if held.newest or not found.seen.newest else "seen"
            if what:
                noticed.append(Noticed(peer, what, peer, note.size, note.epoch, kept=found.kept))
            if found.split is not None:
                noticed.append(Noticed(peer, "split", peer, note.size, note.epoch, split=found.split))
            noticed += [Noticed(peer, "withheld", peer, size, note.epoch) for size in found.withheld]
        for text in shown.others:
            party, note = _signer(text, cards)
            if party == peer or note is None:
                continue
            held = _of_record(changed.get(party, self.seen.get(party, Seen())), note)
            told = weigh_told(held, note, at_us)
            changed[party] = told.seen
            if told.split is not None:
                noticed.append(Noticed(party, "split", peer, note.size, note.epoch, split=told.split))
        for split in shown.splits:
            party, note = _signer(split.other, cards)
            if party == peer or note is None:
                continue
            held = _of_record(changed.get(party, self.seen.get(party, Seen())), note)
            if not held.is_split(note.epoch) and _is_split(split, cards[party]):
                changed[party] = msgspec.structs.replace(held, splits=(*held.splits, split))
                noticed.append(Noticed(party, "split", peer, note.size, note.epoch, split=split))
        cosigned = self._cosigned(peer, shown.seen, cards.get(peer), own)
        return (
            {party: seen for party, seen in changed.items() if seen != self.seen.get(party, Seen())},
            {} if cosigned is None else {peer: cosigned},
            noticed,
        )

    def cosigns(self, peer: str, text: str, cards: Cards, own: str) -> bool:
        """Whether this is a note of ours with a peer's cosignature, and more than it has countersigned before."""
        return self._cosigned(peer, text, cards.get(peer), own) is not None

    def _cosigned(self, peer: str, text: str, card: CardTaken | None, own: str) -> str | None:
        """What a peer has countersigned of ours, where it is more than before. Whether it is of our tree our host sees when it proves."""
        if not text or card is None:
            return None
        try:
            checkpoint = read_checkpoint(text)
            signs = note_key(card.signs)
            said = checkpoint.cosignatures([NoteKey(signs.name, signs.key, cosigner=True)])
        except Refused:
            return None
        is_more = checkpoint.origin == own and checkpoint.size > self.cosigned_size(peer, own)
        return text if said and len(checkpoint.signatures) == 1 and is_more else None


def _of_record(seen: Seen, note: Checkpoint) -> Seen:
    """What was seen of this very record: with another card a party may have begun another."""
    return seen if not seen.last or read_checkpoint(seen.last).record == note.record else Seen()


def _signer(text: str, cards: Cards) -> tuple[str, Checkpoint | None]:
    """Whose checkpoint this is by the key of a card, and what it says; None where no card's key signed it."""
    found = ((party, _signed(text, card)) for party, card in cards.items())
    return next((one for one in found if one[1] is not None), ("", None))


def _is_split(split: Split, card: CardTaken) -> bool:
    try:
        check_split(split, card.origin, [note_key(card.signs).key])
    except Refused:
        return False
    return True


def _signed(text: str, card: CardTaken | None) -> Checkpoint | None:
    """The checkpoint, if the key of a party's card signed it for the record of the card."""
    if not text or card is None:
        return None
    try:
        return signed_note(text, card.origin, [note_key(card.signs).key])
    except Refused:
        return None

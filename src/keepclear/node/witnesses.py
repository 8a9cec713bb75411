"""What peers have shown this node of their records, and which of its own checkpoints they have countersigned.

A note counts by the card of its party. What follows from it is weighed in `keepclear.record.witness`; here it is kept, and found are
handed back for people. That a checkpoint came is no reason to show one: `grown` counts only what is of another kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from keepclear.ground.errors import Refused
from keepclear.ground.signing import NoteKey, note_key
from keepclear.node.events import CardTaken
from keepclear.record.checkpoint import Checkpoint, read_checkpoint
from keepclear.record.witness import OTHERS_MAX, Seen, Shown, Split, signed_note, weigh, weigh_told

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

    def others_for(self, peer: str, told: Mapping[str, str]) -> dict[str, str]:
        """By party, the newest checkpoints that a peer may not know; `told`: those it was told last."""
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
        records = {card.origin: party for party, card in cards.items()} if shown.others else {}
        for text in shown.others:
            party = records.get(_record_of(text), peer)
            if party == peer or (note := _signed(text, cards.get(party))) is None:
                continue
            held = _of_record(changed.get(party, self.seen.get(party, Seen())), note)
            told = weigh_told(held, note, at_us)
            changed[party] = told.seen
            if told.split is not None:
                noticed.append(Noticed(party, "split", peer, note.size, note.epoch, split=told.split))
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


def _record_of(text: str) -> str:
    try:
        return read_checkpoint(text).record
    except Refused:
        return ""


def _signed(text: str, card: CardTaken | None) -> Checkpoint | None:
    """The checkpoint, if the key of a party's card signed it for the record of the card."""
    if not text or card is None:
        return None
    try:
        return signed_note(text, card.origin, [note_key(card.signs).key])
    except Refused:
        return None

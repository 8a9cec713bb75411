"""Up to six parties that show each other their records over links that lose, double and delay, while one of them keeps two.

A node is `Witnesses`, a tree, and what a host does for it: it shows what `Witnesses.showing` says, proves from its tree, countersigns, and
adds an entry for whatever it learns. All chance comes from one seed.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from hashlib import sha256
from itertools import count
from random import Random

import msgspec

from keepclear.ground.canon import base64_text
from keepclear.ground.signing import ED25519, NoteKey, PrivateKey
from keepclear.node.events import CardTaken
from keepclear.node.witnesses import Noticed, Told, Witnesses, WitnessState
from keepclear.record.checkpoint import Checkpoint, origin_line, read_checkpoint
from keepclear.record.tree import TilesInMemory, Tree, consistency_proof, root_at
from keepclear.record.witness import Growth, Shown

PARTIES = ("alpha", "bravo", "meridian", "harbour-aid", "northlight", "charlie")
SECOND = 1_000_000
MINUTE = 60 * SECOND


class Party:
    """A node as its peers see it: its record, and what it has seen of theirs."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.key = PrivateKey(ED25519, sha256(name.encode()).digest())
        self.record = f"{name}.example/keepclear"
        self.epoch = 1
        self.leaves: list[bytes] = []
        self.tiles = TilesInMemory()
        self.tree = Tree(self.tiles)
        self.held = Witnesses(WitnessState())
        self.told: dict[str, Told] = {}
        self.noticed: list[Noticed] = []
        self.offered: Checkpoint | None = None

    @property
    def card(self) -> CardTaken:
        signs = NoteKey(self.record, self.key.public)
        return CardTaken(self.name, self.name, self.record, signs.line, base64_text(bytes(32)), "", "by telephone")

    @property
    def origin(self) -> str:
        return origin_line(self.record, self.epoch)

    def add(self, what: str, *, is_word: bool = False) -> None:
        """One entry; `is_word`: it is only about records."""
        self.leaves.append(sha256(f"{self.name} {len(self.leaves)} {what}".encode()).digest())
        self.tree.append(self.leaves[-1:])
        if not is_word:
            self.held.grown = len(self.leaves)

    def copied(self, size: int) -> Party:
        """Another node of this party that goes on from its first entries; what it knows of others is as old, more or less."""
        other = Party(self.name)
        other.epoch = self.epoch
        other.leaves = self.leaves[:size]
        other.tree.append(other.leaves)
        packed = msgspec.json.encode(self.held.state())
        other.held = Witnesses(msgspec.json.decode(packed, type=WitnessState))
        other.held.grown = min(size, self.held.grown)
        return other

    def shows(self, peer: str, at_us: int) -> Shown | None:
        """What it shows a peer next."""
        told = self.told.get(peer, Told())
        if self.offered is None or self.offered.origin != self.origin or self.offered.size < self.held.grown:
            self.offered = Checkpoint(self.origin, len(self.leaves), self.tree.root()).signed(self.key.signer)
        showing = self.held.showing(peer, told, self.origin, self.offered.size)
        if showing is None:
            return None
        told = told.with_those_of(showing)
        self.told[peer] = msgspec.structs.replace(told, shown=self.offered.size if showing.since else told.shown)
        note, size = "", self.offered.size
        grew: tuple[Growth, ...] = ()
        if showing.since:
            note = self.offered.text
            grew = tuple(
                Growth(one, root_at(self.tiles, one), consistency_proof(self.tiles, one, size))
                for one in sorted(showing.since)
                if 0 < one < size
            )
        seen = ""
        if showing.seen:
            newest = read_checkpoint(showing.seen)
            bare = Checkpoint(newest.origin, newest.size, newest.root)
            seen = bare.cosigned(self.record, self.key.signer, at_us // SECOND).text
        return Shown(note, grew, seen, showing.asks, tuple(showing.others.values()), showing.splits)

    def takes(self, peer: str, shown: Shown, cards: dict[str, CardTaken], at_us: int) -> None:
        """A peer has shown this."""
        told = self.told.get(peer, Told())
        self.told[peer] = msgspec.structs.replace(told, seen="" if shown.note else told.seen, asked=shown.asks)
        if self.held.learns_from(peer, shown, cards, self.origin, at_us):
            self.noticed += self.held.take(peer, shown, cards, self.origin, at_us)
            self.add(f"a word of {peer} {at_us}", is_word=True)


class World:
    """All parties, who shows what to whom, and what time it is. `faces`: which node of a party a peer talks to."""

    def __init__(self, seed: int) -> None:
        self.random = random = Random(seed)
        self.now_us = 1_800_000_000 * SECOND
        self.loss, self.double = random.choice((0.0, 0.1, 0.4)), random.choice((0.0, 0.2))
        self.delay_us = random.choice((1, 60, 900)) * SECOND
        self.names = PARTIES[: random.randint(3, len(PARTIES))]
        self.nodes = [Party(name) for name in self.names]
        self.faces = {(node.name, peer): node for node in self.nodes for peer in self.names if peer != node.name}
        self.cards = {node.name: node.card for node in self.nodes}
        self._queue: list[tuple[int, int, Callable[[], None]]] = []
        self._order = count()

    def split(self, name: str) -> tuple[str, str]:
        """A party shows two records from here on: two peers that are shown different ones."""
        [node] = [node for node in self.nodes if node.name == name]
        twin = node.copied(len(node.leaves))
        self.nodes.append(twin)
        peers = self.random.sample([peer for peer in self.names if peer != name], len(self.names) - 1)
        misled = peers[: self.random.randint(1, len(peers) - 1)]
        for peer in misled:
            self.faces[name, peer] = twin
        node.add("as the one half is shown")
        twin.add("as the other half is shown")
        return misled[0], peers[-1]

    def restore(self, name: str) -> None:
        """A party goes on from a copy that may lack the newest of it, and says so."""
        node = self.faces[next(face for face in self.faces if face[0] == name)]
        size = self.random.randint(max(1, len(node.leaves) - 20), len(node.leaves))
        again = node.copied(size)
        again.epoch += 1
        again.add(f"epoch {again.epoch}")
        self.nodes[self.nodes.index(node)] = again
        self.faces |= {face: again for face, held in self.faces.items() if held is node}

    def live(self, minutes: int, *, happens: float = 0.5) -> None:
        """So many minutes; `happens`: how likely something else is added to a record in each."""
        for _ in range(minutes):
            for node in self.nodes:
                if self.random.random() < happens:
                    node.add(f"something at {self.now_us}, {self.nodes.index(node)}")
            one, other = self.random.sample(self.names, 2)
            self._send(one, other)
            self._send(other, one)
            self._run(self.now_us + MINUTE)

    def heal(self, minutes: int, *, happens: float = 0.5) -> None:
        """Everybody meets everybody, and nothing is lost any more."""
        self.loss, self.double, self.delay_us = 0.0, 0.0, SECOND
        for node in self.nodes:
            node.told = {peer: told.forgotten() for peer, told in node.told.items()}  # as after an hour
        for _ in range(minutes):
            for node in self.nodes:
                if self.random.random() < happens:
                    node.add(f"something at {self.now_us}, {self.nodes.index(node)}")
            for one in self.names:
                for other in self.names:
                    if one != other:
                        self._send(one, other)
            self._run(self.now_us + MINUTE)

    def _send(self, sender: str, to: str) -> None:
        shown = self.faces[sender, to].shows(to, self.now_us)
        if shown is None:
            return
        for _ in range(1 + (self.random.random() < self.double)):
            if self.random.random() >= self.loss:
                due_us = self.now_us + self.random.randint(0, self.delay_us)
                heapq.heappush(self._queue, (due_us, next(self._order), lambda: self._arrive(sender, to, shown)))

    def _arrive(self, sender: str, to: str, shown: Shown) -> None:
        others = {name: card for name, card in self.cards.items() if name != to}
        self.faces[to, sender].takes(sender, shown, others, self.now_us)

    def _run(self, until_us: int) -> None:
        while self._queue and self._queue[0][0] <= until_us:
            self.now_us, _, do = heapq.heappop(self._queue)
            do()
        self.now_us = until_us

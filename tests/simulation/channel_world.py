"""Up to seven parties whose nodes talk over links that lose, double, delay and part, on clocks that differ, on disks that forget.

A node is `Channel` and what a host does for it: it writes each event down, makes it durable, and only then acts. What was not made
durable is gone after a crash, and nobody has heard of it. Sealing is a stand-in that only the addressee's host can undo; what is under
test is who owes what to whom. All chance comes from one seed.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from itertools import count
from random import Random

import msgspec

from keepclear.channel import channel as c
from keepclear.channel.channel import Channel
from keepclear.channel.facts import Count, Place
from keepclear.channel.links import Parcel, Taken
from keepclear.channel.messages import Marker, Message, Urgency, Words
from keepclear.channel.statements import Act, Statement
from keepclear.ground.errors import Refused

BEGINS_US = 1_800_000_000_000_000
SECOND = 1_000_000
PARTIES = ("alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf")
LIVES_US = 3 * 3_600 * SECOND


@dataclass(frozen=True)
class Packet:
    """What goes over a link at once, signed by its sender."""

    sender: str
    life: int
    clock_us: int
    taken: Taken | None
    parcels: tuple[Parcel, ...]
    sealed: dict[str, bytes]


@dataclass
class Node:
    """A party's machine, its disk, and what its people have seen."""

    name: str
    skew_us: int
    channel: Channel
    begun_us: int
    durable: list[tuple[c.Event, int]] = field(default_factory=list)
    written: list[tuple[c.Event, int]] = field(default_factory=list)
    blobs: dict[str, bytes] = field(default_factory=dict)
    last_us: int = 0
    up: bool = True
    restored: int = 0


class World:
    """Everything there is, and what time it is."""

    def __init__(self, seed: int, *, nodes: int | None = None, line: tuple[str, ...] = ()) -> None:
        self.random = random = Random(seed)
        self.now_us = BEGINS_US
        self.names = line or PARTIES[: nodes or random.randint(2, 7)]
        self.loss, self.double = random.choice((0.0, 0.1, 0.4)), random.choice((0.0, 0.2))
        self.delay_us = random.choice((1, 5, 60)) * SECOND
        self.lossy_disks = True
        self.nodes = {name: self._begun(name) for name in self.names}
        self.links = self._tree(in_a_line=bool(line))
        self.parted: set[frozenset[str]] = set()
        self._queue: list[tuple[int, int, Callable[[], None]]] = []
        self._order = count()
        self._salts = count(seed * 1_000_003)
        self.given: dict[str, tuple[str, str]] = {}
        self.stated: set[str] = set()
        self.recorded: dict[str, list[Packet]] = {}
        for name in self.names:
            for peer in self.links[name]:
                self._do(name, c.Joined(peer, tuple(sorted(self._behind(name, peer)))))

    def _begun(self, name: str) -> Node:
        skew_us = self.random.choice((0, 0, 1, -1)) * self.random.randint(0, 4 * 3_600) * SECOND
        begun_us = BEGINS_US + skew_us
        return Node(name, skew_us, Channel(name, begun_us), begun_us)

    def _tree(self, *, in_a_line: bool) -> dict[str, set[str]]:
        links: dict[str, set[str]] = {name: set() for name in self.names}
        for number, name in enumerate(self.names[1:], 1):
            other = self.names[number - 1 if in_a_line else self.random.randrange(number)]
            links[name].add(other)
            links[other].add(name)
        return links

    def take_the_place_of(self, name: str, kind: type[Channel]) -> None:
        """Another machine goes on as this party, from what it knew."""
        node = self.nodes[name]
        node.channel = kind(name, node.begun_us)
        for event, at_us in node.durable:
            node.channel.step(event, at_us)

    def _behind(self, name: str, peer: str) -> Iterator[str]:
        seen, todo = {name}, [peer]
        while todo:
            here = todo.pop()
            if here not in seen:
                seen.add(here)
                yield here
                todo += self.links[here]

    # --- time ---

    def later(self, delay_us: int, do: Callable[[], None]) -> None:
        heapq.heappush(self._queue, (self.now_us + delay_us, next(self._order), do))

    def run(self, until_us: int) -> None:
        while self._queue and self._queue[0][0] <= until_us:
            self.now_us, _, do = heapq.heappop(self._queue)
            do()
        self.now_us = max(self.now_us, until_us)

    def clock_us(self, node: Node) -> int:
        node.last_us = max(node.last_us, self.now_us + node.skew_us)
        return node.last_us

    # --- what a host does ---

    def _do(self, name: str, event: c.Event, *, lost: bool = False) -> None:
        """Writes an event down, and acts on it once it is durable; `lost`: the machine stops before it is."""
        node = self.nodes[name]
        at_us = self.clock_us(node)
        try:
            effects = node.channel.step(event, at_us)
        except Refused:
            return
        if lost and self.lossy_disks:
            self.crash(name)
            return
        node.durable.append((event, at_us))
        self._act(name, effects)

    def _act(self, name: str, effects: list[c.Effect]) -> None:
        for effect in effects:
            if isinstance(effect, c.Seal):
                self.later(self.random.randint(0, SECOND), partial(self._seal, name, effect))

    def _seal(self, name: str, seal: c.Seal) -> None:
        node = self.nodes[name]
        if not node.up:
            return
        within = {
            "to": seal.to,
            "kind": seal.kind,
            "payload": seal.payload.decode(),
            "by": name,
            "salt": next(self._salts),
        }
        blob = json.dumps(within).encode()
        digest = sha256(blob).hexdigest()
        node.blobs[digest] = blob
        self._do(name, c.Sealed(sha256(seal.payload).hexdigest(), digest, len(blob)), lost=self.random.random() < 0.02)

    def crash(self, name: str) -> None:
        """What is not durable is gone; the machine comes up again after a while, with a machine made of what is."""
        node = self.nodes[name]
        node.up = False
        self.later(self.random.randint(1, 120) * SECOND, lambda: self._come_up(name))

    def _come_up(self, name: str) -> None:
        node = self.nodes[name]
        if node.up:
            return
        node.channel, node.up = replayed(node, packed_at=self.random.randint(0, len(node.durable))), True
        self._act(name, node.channel.effects_again())

    def restore(self, name: str) -> None:
        """Goes on from a copy that lacks the newest of it, and says so."""
        node = self.nodes[name]
        node.durable = node.durable[: max(len(self.links[name]), int(len(node.durable) * self.random.random()))]
        node.channel = replayed(node)
        node.up, node.restored = True, node.restored + 1
        self._do(name, c.Restored())
        self._act(name, node.channel.effects_again())

    def exchange(self) -> None:
        """Every node sends what is due on every link that is there."""
        for name in self.names:
            node = self.nodes[name]
            if not node.up:
                continue
            for peer in sorted(self.links[name]):
                parcels = self._some(node.channel.outboxes[peer].owed())
                if parcels or node.channel.inboxes[peer].up_to:
                    self._send(name, peer, parcels)

    def _some(self, parcels: list[Parcel]) -> tuple[Parcel, ...]:
        """All of them, or while links are poor, those that fit: now and then without the oldest."""
        if self.loss == 0.0 or self.random.random() < 0.7:
            return tuple(parcels)
        return tuple(parcel for parcel in parcels if self.random.random() < 0.7)

    def _send(self, name: str, peer: str, parcels: tuple[Parcel, ...]) -> None:
        node, random = self.nodes[name], self.random
        inbox = node.channel.inboxes[peer]
        blobs = {one.carriage.digest: node.blobs[one.carriage.digest] for one in parcels}
        packet = Packet(
            name, node.channel.life, self.clock_us(node), inbox.taken if inbox.up_to else None, parcels, blobs
        )
        self.recorded.setdefault(peer, []).append(packet)
        for _ in range(1 + (random.random() < self.double)):
            if random.random() >= self.loss and frozenset((name, peer)) not in self.parted:
                self.later(random.randint(0, self.delay_us), lambda: self.arrive(peer, packet))

    def arrive(self, name: str, packet: Packet) -> None:
        """A packet comes in: what is for this party is opened, and all of it is one event."""
        node = self.nodes[name]
        if not node.up:
            return
        opened = {}
        for digest in c.digests_for(node.channel, packet.parcels):
            within = json.loads(packet.sealed[digest])
            if within["to"] == name:
                opened[digest] = c.Opened(within["kind"], within["payload"].encode(), within["by"])
        node.blobs.update(packet.sealed)
        came = c.Came(packet.sender, packet.life, packet.clock_us, packet.taken, packet.parcels, opened)
        self._do(name, came, lost=self.random.random() < 0.01)

    # --- people ---

    def person_sends(self, sender: str, to: str, *, answers: str = "") -> None:
        node = self.nodes[sender]
        if not node.up:
            return
        at_us = self.clock_us(node)
        marker = Marker.ANSWER if answers else self.random.choice((Marker.WARNING, Marker.QUESTION, Marker.INFORMATION))
        message = Message(
            salt=f"{next(self._salts):064x}", sender=sender, to=to, author=f"officer.{sender}", marker=marker,
            urgency=self.random.choice(list(Urgency)), original=Words("en", "Keep clear of Kestrel Pass."), written_at_us=at_us,
            valid_until_us=at_us + LIVES_US, reply_due_us=at_us + LIVES_US // 3, facts=FACTS, answers=answers,
        )  # fmt: skip
        before = len(node.durable)
        self._do(sender, c.Given(message.payload), lost=self.random.random() < 0.02)
        if len(node.durable) > before:
            self.given[message.id] = (sender, to)

    def people_read(self, name: str) -> None:
        """A person reads back what the machine shows, now and then with one figure wrong, or answers."""
        node = self.nodes[name]
        if not node.up:
            return
        for id, message in node.channel.messages.items():
            done = {one.act for one in own_statements(node, id)}
            if message.to != name or done & {Act.UNDERSTOOD, Act.NO_INFORMATION} or self.random.random() < 0.4:
                continue
            if message.marker is Marker.QUESTION and self.random.random() < 0.5:
                self.person_sends(name, message.sender, answers=id)
                continue
            act = Act.NO_INFORMATION if message.marker is Marker.QUESTION else Act.UNDERSTOOD
            wrong = self.random.random() < 0.2
            facts = () if act is not Act.UNDERSTOOD else (WRONG if wrong else message.facts)
            said = Statement(act, name, name, id, self.clock_us(node), person=f"officer.{name}", facts=facts)
            self._do(name, c.Stated(said.payload))
            self.stated.add(said.id)


FACTS = (Place("go_to", 336_700_000, 380_580_000, 7_200, "33.6700 38.0580"), Count("vehicles", 20, 27))
WRONG = (Place("go_to", 336_700_000, 380_680_000, 7_200, "33.6700 38.0680"), Count("vehicles", 20, 27))


def replayed(node: Node, packed_at: int | None = None) -> Channel:
    """The machine that the durable events make; by way of the bytes of its state after so many of them, if a number is given."""
    channel = Channel(node.name, node.begun_us)
    for number, (event, at_us) in enumerate(node.durable):
        if number == packed_at:
            channel = through_bytes(channel)
        channel.step(event, at_us)
    return channel


def state_bytes(channel: Channel) -> bytes:
    """Everything a machine holds."""
    return msgspec.json.encode(channel.state())


def through_bytes(channel: Channel) -> Channel:
    """The same machine, packed and unpacked."""
    return Channel.restored(msgspec.json.decode(state_bytes(channel), type=c.ChannelState))


def own_statements(node: Node, message: str) -> list[Statement]:
    """What this party has said of a message."""
    standing = node.channel.standing(message, 2**62)
    return [
        step.kept.statement for step in standing.steps.get(node.name, ()) if step.kept.statement.said_by == node.name
    ]

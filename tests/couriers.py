"""Parties whose nodes run in one loop, each with a store of its own, and lines between them that a test can cut."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any

import msgspec

from keepclear.channel.facts import Fact
from keepclear.channel.messages import Marker, Message, Urgency, Words
from keepclear.channel.statements import Act, Statement
from keepclear.ground.signing import ED25519, NoteKey, PrivateKey
from keepclear.host.clock import WallClock
from keepclear.host.config import Limits
from keepclear.host.courier import SHOW_PAUSES, Courier
from keepclear.host.folds import tail_of
from keepclear.host.host import Host
from keepclear.host.replaying import node_at
from keepclear.host.standing_still import say
from keepclear.host.taking import as_one_write
from keepclear.links.certificates import certificate_for
from keepclear.links.https import LinkFailed
from keepclear.links.pairing import Card, card_of
from keepclear.links.sealing import OpeningKey
from keepclear.node import events as e
from keepclear.node.effects import Told
from keepclear.node.node import Node
from keepclear.store.store import Store
from tests.builders import at

LATER_US = 3_600_000_000
_SALTS = count(1)


@dataclass
class Keys:
    """The keys of a party, the same in every run."""

    party: str
    signing: PrivateKey = field(init=False)
    opening: OpeningKey = field(init=False)
    card: Card = field(init=False)

    def __post_init__(self) -> None:
        self.signing, link = (
            PrivateKey(ED25519, sha256(f"{use} {self.party}".encode()).digest()) for use in ("signs", "link")
        )
        self.opening = OpeningKey(sha256(b"opens" + self.party.encode()).digest())
        signs = NoteKey(f"{self.party}.example/keepclear", self.signing.public)
        self.own = certificate_for(self.party, link, at("09:00"))
        self.card = card_of(self.party.title(), signs, self.opening.public, self.own.certificate)


def taken(card: Card) -> e.CardTaken:
    """The event of taking a card in whose number was compared."""
    return e.CardTaken(
        card.party, card.name, card.origin, card.signs, card.seals, card.tls, "read to each other by telephone"
    )


@dataclass
class Station:
    """A party whose node runs."""

    party: str
    host: Host
    courier: Courier
    store: Store
    _lines: list[Told] = field(default_factory=list)
    _reading: Any = None

    @property
    def officer(self) -> str:
        return f"officer.{self.party}"

    async def do(self, event: e.Event, by: str = "") -> None:
        await self.host.give(event, by=by or self.officer, exercise=False)

    async def says(self, to: str, text: str, *facts: Fact, marker: Marker = Marker.WARNING, **values: Any) -> str:
        """A person of this party sends a message; its id."""
        now_us = self.host.now_us()
        values.setdefault("valid_until_us", now_us + LATER_US)
        message = Message(
            salt=f"{next(_SALTS):064x}", sender=self.party, to=to, author=self.officer, marker=marker, urgency=Urgency.NOW,
            original=Words("en", text), written_at_us=now_us, facts=facts, **values,
        )  # fmt: skip
        await self.do(e.MessageGiven(message.payload.decode()))
        return message.id

    async def states(self, act: Act, over: str, *facts: Fact, **values: Any) -> None:
        """A person of this party says what became of a message."""
        values.setdefault("of", self.party)
        statement = Statement(
            act, said_by=self.party, over=over, at_us=self.host.now_us(), person=self.officer, facts=facts, **values
        )
        await self.do(e.StatementGiven(statement.payload.decode()))

    async def heard(self, what: str, fits: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
        """Waits until a line of this kind that fits is told, or was."""
        seen = 0
        while True:
            for told in self._lines[seen:]:
                line = json.loads(told.line)
                if line["event"] == what and fits(line):
                    return dict(line)
            seen = len(self._lines)
            self._lines.append(await anext(self._reading))


class Wire:
    """A line to another station, in this process."""

    def __init__(self, net: Net, here: str, there: str) -> None:
        self._net, self._here, self._there = net, here, there

    async def exchange(self, packet: bytes, wait_s: float = 0.0) -> bytes:
        """Both ways may be cut, the way back after the packet has been taken."""
        ends = frozenset((self._here, self._there))
        self._net.packets[self._here] += 1
        if ends in self._net.cut:
            raise LinkFailed("the line is cut")
        answer = await self._net.stations[self._there].courier.answer(self._here, packet, wait_s)
        if ends in self._net.cut or ends in self._net.answers_lost:
            raise LinkFailed("the line was cut before the answer came")
        return answer

    async def aclose(self) -> None:
        """Nothing is held."""


class Net:
    """Stations and the lines between them."""

    def __init__(self) -> None:
        self.stations: dict[str, Station] = {}
        self.cut: set[frozenset[str]] = set()
        self.answers_lost: set[frozenset[str]] = set()
        self.packets: dict[str, int] = {}
        self.poll_s, self.pauses = 25.0, SHOW_PAUSES

    def way_to(self, here: str) -> Callable[[e.CardTaken, str], Wire]:
        return lambda card, _address: Wire(self, here, card.party)


def begun(url: str, keys: Keys, peers: dict[str, tuple[str, ...]], cards: list[Card], *, calls: set[str]) -> None:
    """The first entries of a record: the node, an administrator, an officer, cards and peers."""
    party = keys.party
    with Store.open(url) as store:
        if store.size():
            return
        node = Node()
        first: list[e.SpokenEvent] = [
            e.NodeBegan(party.title(), party, keys.card.origin, False, "test"),
            e.PartyNamed(party, party.title()),
            e.UserAdmitted("admin", party, "administrator", "severe"),
            e.UserAdmitted(f"officer.{party}", party, "watch_officer", "severe"),
        ]
        say(store, node, first, at("09:00"))
        paired: list[e.SpokenEvent] = [taken(card) for card in cards if card.party != party]
        paired += [
            e.PeerJoined(peer, leads_to, f"https://{peer}.example:7443" if peer in calls else "")
            for peer, leads_to in peers.items()
        ]
        store.append([as_one_write(node, paired, by="admin", exercise=False, at_us=at("09:00"))])


@asynccontextmanager
async def station(
    net: Net, folder: Path, keys: Keys, peers: dict[str, tuple[str, ...]], cards: list[Card], *, calls: set[str]
) -> AsyncIterator[Station]:
    """A party's node, running."""
    url = f"sqlite:///{folder / keys.party}.sqlite"
    begun(url, keys, peers, cards, calls=calls)
    net.packets.setdefault(keys.party, 0)
    with Store.open(url) as store:
        node, account = node_at(store, store.size())
        assert account.different == 0
        host = Host(store, node, limits=Limits(), clock=WallClock(), signer=keys.signing.signer, tail=tail_of(store))
        courier = Courier(
            host, store, signer=keys.signing.signer, opening=keys.opening, way_to=net.way_to(keys.party), poll_s=net.poll_s,
            pauses=net.pauses,
        )  # fmt: skip
        running = asyncio.create_task(courier.run())
        made = Station(keys.party, host, courier, store)
        made._reading = host.subscribe()
        net.stations[keys.party] = made
        try:
            yield made
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
            await host.close()
            assert host.failure is None, host.failure
            # What is in memory is what the record makes.
            again, account = node_at(store, store.size())
            assert account.different == 0
            assert msgspec.json.encode(again.talk.state()) == msgspec.json.encode(host.node.talk.state())


@asynccontextmanager
async def three(folder: Path, net: Net | None = None) -> AsyncIterator[tuple[Station, Station, Station, Net]]:
    """Alpha, Meridian and Bravo; only Meridian reaches both, and nobody can call Bravo."""
    net = net or Net()
    alpha, meridian, bravo = Keys("alpha"), Keys("meridian"), Keys("bravo")
    cards = [alpha.card, meridian.card, bravo.card]
    async with (
        station(net, folder, alpha, {"meridian": ("bravo",)}, cards, calls={"meridian"}) as a,
        station(net, folder, meridian, {"alpha": (), "bravo": ()}, cards, calls={"alpha"}) as m,
        station(net, folder, bravo, {"meridian": ("alpha",)}, cards, calls={"meridian"}) as b,
    ):
        yield a, m, b, net

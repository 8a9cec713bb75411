"""What the doors are given of a running node: the host for what comes in, the store for what is asked. See `keepclear.api.desk.Desk`."""

from __future__ import annotations

import asyncio
import secrets
import shutil
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np

from keepclear.api.desk import Answered, CardRead, Given, LinkView, Overloaded, Spans, SpansAsked
from keepclear.ground.errors import Refused
from keepclear.host import past
from keepclear.host.charts import FolderCharts
from keepclear.host.config import Limits
from keepclear.host.courier import Courier
from keepclear.host.entrance import Entrance, held_in
from keepclear.host.host import RETRY_AFTER_S, Host, NodeFailed, Reader
from keepclear.host.replaying import node_at
from keepclear.host.told_lines import told_after
from keepclear.links.pairing import Card, number_of, read_card
from keepclear.node.effects import Told
from keepclear.node.events import CardTaken, Event, SealErased, UserAdmitted, UserEnded
from keepclear.node.needs import Machine, Trouble, Unreached
from keepclear.node.node import Node
from keepclear.node.picture import Pictures
from keepclear.parties.parties import Role
from keepclear.record.checkpoint import Checkpoint
from keepclear.record.entries import Committed
from keepclear.record.proofs import prove_entry
from keepclear.render.need_sentences import of_trouble
from keepclear.store import writes
from keepclear.store.store import Store
from keepclear.tracks.observations import UNKNOWN, Observations
from keepclear.tracks.packing import unpacked
from keepclear.tracks.picture import Report

SALT_BYTES = 16
MESSAGE_SALT_BYTES = 32
CLOCK_BEHIND_US_MAX = 2_000_000
REPLAYED_KEPT = 3


class HostDesk:
    """The desk of a host. Used from its loop only; what reads the disk does so in a worker thread."""

    def __init__(
        self,
        host: Host,
        store: Store,
        folder: Path = Path(),
        *,
        courier: Courier | None = None,
        card: Card | None = None,
        entrance: Entrance | None = None,
    ) -> None:
        self.entrance = entrance or entrance_of(host, store)
        self._host = host
        self._store = store
        self._folder = folder
        self.charts = FolderCharts.of_node(folder)
        self.pictures = Pictures()
        self._courier = courier
        self._card = card
        self._sealing: dict[str, writes.Sealed] = {}
        self._replaying = asyncio.Lock()
        self._replays_waiting = 0
        self._replayed: dict[int, Node] = {}

    @property
    def node(self) -> Node:
        """The node as it stands."""
        return self._host.node

    @property
    def limits(self) -> Limits:
        """The limits of this host."""
        return self._host.limits

    def now_us(self) -> int:
        """The clock of the host."""
        return self._host.now_us()

    async def durable(self) -> None:
        """As the contract says."""
        await self._host.wait_durable(self.node.sequence)
        if self._host.failure is not None:
            raise NodeFailed("the node has failed") from self._host.failure

    def machine(self) -> Machine:
        """As the contract says."""
        troubles = []
        behind_us = self._host.clock_behind_us
        if behind_us > CLOCK_BEHIND_US_MAX:
            troubles.append(Trouble("clock_behind", {"behind_s": behind_us / 1e6}))
        free, least = shutil.disk_usage(self._folder).free, self.limits.disk_free_bytes_min
        if free < least:
            troubles.append(Trouble("disk_low", {"free_bytes": free, "least_bytes": least}))
        failures = () if self._courier is None else self._courier.failures()
        links = [(peer, why, self.link(peer)) for peer, why in failures]
        unreached = tuple(Unreached(peer, why, link.failures, link.heard_us) for peer, why, link in links)
        return Machine(tuple(troubles), unreached)

    def alarms(self) -> Sequence[str]:
        """As the contract says."""
        found = self.machine()
        not_reached = [f"{one.peer} is not reached: {one.why}" for one in found.unreached]
        return [*(of_trouble(trouble) for trouble in found.troubles), *not_reached]

    async def give(
        self, event: Event, *, by: str, exercise: bool, key: str = "", answer: Callable[[Given], Answered] | None = None
    ) -> Given:
        """As the contract says."""
        kept = None
        if key and answer is not None:

            def kept(given: Given) -> writes.Answered:
                said = answer(given)
                return writes.Answered(by, key, said.request_hash, said.status, said.body, given.entry.at_us)

        beside: dict[str, Any] = {}
        if isinstance(event, UserAdmitted) and event.name_hash in self._sealing:
            beside["sealed"] = (self._sealing.pop(event.name_hash),)
            held = self.node.members.member(event.user)
            if held is not None and held.name_hash:  # nobody could ask for it any more
                beside["erase"] = (held.name_hash,)
        elif isinstance(event, SealErased):
            beside["erase"] = (event.hash,)
        if signs_out(event):
            beside["sign_ins"] = self.entrance.leaving(event.user)
        given = await self._host.give(event, by=by, exercise=exercise, answer=kept, **beside)
        if signs_out(event):
            self.entrance.left(event.user)
        return given

    def seal(self, name: str) -> str:
        """As the contract says."""
        salt, said = secrets.token_bytes(SALT_BYTES), name.encode()
        sealed = writes.Sealed(sha256(salt + said).hexdigest(), salt, said)
        self._sealing[sealed.hash] = sealed
        return sealed.hash

    async def unsealed(self, hash: str) -> str | None:
        """As the contract says."""
        held = await asyncio.to_thread(self._store.sealed, hash)
        return None if held is None or held.bytes is None else held.bytes.decode()

    def salt(self) -> str:
        """As the contract says."""
        return secrets.token_hex(MESSAGE_SALT_BYTES)

    def card(self) -> bytes:
        """As the contract says."""
        return self._own_card().text

    def number_with(self, card: bytes) -> CardRead:
        """As the contract says."""
        read = read_card(card)
        taken = CardTaken(read.party, read.name, read.origin, read.signs, read.seals, read.tls, "")
        return CardRead(taken, number_of(self._own_card(), read))

    def _own_card(self) -> Card:
        if self._card is None:
            raise _no_link_keys()
        return self._card

    def link(self, peer: str) -> LinkView:
        """As the contract says."""
        if self._courier is None:
            return LinkView()
        held = self._courier.link(peer)
        return LinkView(held.heard_us, held.failure, held.failures)

    async def packet(self, peer: str) -> bytes:
        """As the contract says."""
        if self._courier is None:
            raise _no_link_keys()
        return await self._courier.packet(peer)

    async def take_packet(self, peer: str, data: bytes) -> bool:
        """As the contract says."""
        if self._courier is None:
            raise _no_link_keys()
        return await self._courier.take(peer, data)

    async def answered(self, by: str, key: str) -> Answered | None:
        """As the contract says."""
        held = await asyncio.to_thread(self._store.answered, by, key)
        return None if held is None else Answered(held.request_hash, held.status, held.body)

    async def entries(self, first: int, count: int) -> Sequence[Committed]:
        """As the contract says."""
        return await asyncio.to_thread(self._store.entries, first, count)

    async def told_after(self, sequence: int, index: int, count: int) -> Sequence[Told]:
        """As the contract says."""
        return await asyncio.to_thread(told_after, self._store, sequence, index, count)

    def subscribe(self) -> Reader:
        """As the contract says."""
        return self._host.subscribe()

    async def checkpoint(self) -> str:
        """As the contract says: of everything that is durable."""
        return self._host.sign().text

    async def proof(self, sequence: int) -> Mapping[str, Any]:
        """As the contract says."""
        return await asyncio.to_thread(_proof, self._store, sequence, self._host.sign())

    async def track(
        self, subject: str, exercise: bool, feeds: Collection[str], from_us: int, until_us: int, count: int
    ) -> Sequence[Mapping[str, Any]]:
        """As the contract says."""
        tail = [
            (one.feed, one.observations)
            for one in self._host.tail
            if one.exercise is exercise and one.feed in feeds and subject in one.observations.subjects
        ]
        rows = await asyncio.to_thread(
            self._store.segments, subject, exercise=exercise, from_us=from_us, until_us=until_us
        )
        batches = [
            (str(row["feed"]), unpacked(row["bytes"]))
            for row in rows
            if row["feed"] in feeds and isinstance(row["bytes"], bytes)
        ]
        return _positions([*batches, *tail], subject, from_us, until_us, count)

    async def reports_at(
        self, subjects: Collection[str], exercise: bool, at_us: int, known_at_us: int
    ) -> Mapping[str, Report]:
        """As the contract says."""
        tail = list(self._host.tail)
        return await asyncio.to_thread(past.reports_at, self._store, tail, subjects, exercise, at_us, known_at_us)

    async def spans(self, asked: SpansAsked, feeds: Mapping[str, Collection[str]]) -> Spans:
        """As the contract says."""
        return await asyncio.to_thread(past.spans, self._store, list(self._host.tail), asked, feeds)

    async def known_at(self, at_us: int) -> Node:
        """As the contract says. One replay is under way at a time, and the newest few nodes are kept."""
        if self._replays_waiting >= self.limits.replays_waiting_max:
            raise Overloaded(RETRY_AFTER_S)
        self._replays_waiting += 1
        try:
            return await self._node_known_at(at_us)
        finally:
            self._replays_waiting -= 1

    async def _node_known_at(self, at_us: int) -> Node:
        def replayed(size: int) -> Node:
            node, _ = node_at(self._store, size)
            return node

        async with self._replaying:
            size = await asyncio.to_thread(self._store.sequence_known_at, at_us)
            if size not in self._replayed:
                self._replayed[size] = await asyncio.to_thread(replayed, size)
                for old in list(self._replayed)[:-REPLAYED_KEPT]:
                    del self._replayed[old]
            return self._replayed[size]

    async def presence_at(
        self,
        at_us: int,
        known_at_us: int,
        exercise: bool,
        zone: str | None = None,
        subject: str | None = None,
        *,
        after: tuple[str, str] = ("", ""),
        count: int,
    ) -> Sequence[Mapping[str, Any]]:
        """As the contract says."""
        return await asyncio.to_thread(
            self._store.presence,
            at_us,
            known_at_us,
            exercise=exercise,
            zone=zone,
            subject=subject,
            after=after,
            count=count,
        )

    def note_access(self, user: str, action: str, object_kind: str, object_id: str) -> None:
        """As the contract says."""
        member = self.node.members.member(user)
        owner = self.node.members.access_of(object_kind, object_id).owner
        party = "" if member is None else member.party
        self._host.note_access(writes.Access(self.now_us(), user, party, action, object_kind, object_id, owner))

    async def accesses(self, owner: str, count: int) -> Sequence[Mapping[str, Any]]:
        """As the contract says."""
        return [asdict(access) for access in await asyncio.to_thread(self._store.accesses, owner, count)]


def signs_out(event: Event) -> TypeGuard[UserEnded | UserAdmitted]:
    """Whether what is held of how somebody signs in goes with this event: they end, or are a machine from now on."""
    return isinstance(event, UserEnded) or (isinstance(event, UserAdmitted) and event.role == Role.MACHINE)


def entrance_of(host: Host, store: Store) -> Entrance:
    """The entrance of a host: it commits with the host, and begins with what the store has."""

    async def give(event: Event, *, by: str, sign_ins: Sequence[writes.SignInRow]) -> Given:
        return await host.give(event, by=by, exercise=host.node.exercise, sign_ins=tuple(sign_ins))

    async def keep(rows: Sequence[writes.SignInRow]) -> None:
        await host.write_beside(writes.Write(sign_ins=tuple(rows)))

    limits = host.limits
    held = held_in(store.sign_ins, idle_us=limits.session_idle_us, longest_us=limits.session_longest_us)
    return Entrance(
        held,
        members=lambda: host.node.members,
        now_us=host.now_us,
        give=give,
        keep=keep,
        invitation_us=limits.invitation_us,
    )


def _no_link_keys() -> Refused:
    mend = "Stop the node, draw them with `keepclear peer card FOLDER`, and start it again."
    return Refused("key.no_link_keys", "This node has no keys for links", mend=mend)


def _proof(store: Store, sequence: int, checkpoint: Checkpoint) -> Mapping[str, Any]:
    found = store.entries(sequence, 1)
    if not found:
        raise Refused("entry.unknown", "There is no such entry", value=sequence, mend="The record has fewer entries.")
    return prove_entry(store.tiles, found[0], checkpoint).json()


def _positions(
    batches: Sequence[tuple[str, Observations]], subject: str, from_us: int, until_us: int, count: int
) -> list[Mapping[str, Any]]:
    """The positions of a subject in a window, each with the feed it came by, in the order they were seen: the last `count` of them.

    A chunk that is just being cut is met twice, in memory and as a segment: one report told twice is one position."""
    found: dict[tuple[object, ...], Mapping[str, Any]] = {}
    for feed, batch in batches:
        rows = (
            (batch.subject == batch.subjects.index(subject))
            & (batch.seen_at_us >= from_us)
            & (batch.seen_at_us <= until_us)
        )
        for row in np.flatnonzero(rows).tolist():
            error_mm = int(batch.error_mm[row])
            position = {
                "seen_at_us": int(batch.seen_at_us[row]),
                "known_at_us": int(batch.known_at_us[row]),
                "lat": float(batch.lat[row]),
                "lon": float(batch.lon[row]),
                "error_m": None if error_mm == UNKNOWN else error_mm / 1000,
                "source": batch.sources[batch.source[row]] if batch.sources else "",
                "feed": feed,
            }
            found[tuple(position.values())] = position
    in_order = sorted(found.values(), key=lambda position: (position["seen_at_us"], position["known_at_us"]))
    return in_order[-count:]

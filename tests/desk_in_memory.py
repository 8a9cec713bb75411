"""A desk without disk or network: a real node, a list for the record, a clock turned by hand."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from argon2 import PasswordHasher

from keepclear.api.desk import Answered, CardRead, Given, LinkView, Overloaded
from keepclear.ground.errors import Refused
from keepclear.ground.signing import note_key
from keepclear.host import past
from keepclear.host.bodies import body_of, event_of, packet_came
from keepclear.host.charts import FolderCharts
from keepclear.host.desk import signs_out
from keepclear.host.entrance import Entrance
from keepclear.host.folds import Arrived, TrackChunks
from keepclear.host.passwords import Passwords
from keepclear.links.packets import Head, packet_bytes, read_packet
from keepclear.links.pairing import number_of, read_card
from keepclear.node import events as e
from keepclear.node.effects import Told, lines_of, told_of
from keepclear.node.needs import Machine
from keepclear.node.node import NODE, Node
from keepclear.node.picture import Pictures
from keepclear.parties.sign_in import SignIns
from keepclear.record.entries import Committed, Entry
from tests.couriers import Keys

BEGAN_US = 1_779_098_400_000_000  # 2026-05-18T10:00:00Z


@dataclass
class Limits:
    body_bytes_max: int = 4_000_000
    rows_max: int = 20_000
    page_max: int = 1_000
    requests_per_minute: int = 1_000_000
    streams_max: int = 8
    stream_lines_waiting_max: int = 50
    session_idle_us: int = 12 * 3_600_000_000
    session_longest_us: int = 7 * 86_400_000_000
    invitation_us: int = 72 * 3_600_000_000


class Listening:
    """One stream; it ends when more waits for it than may."""

    def __init__(self, desk: DeskInMemory) -> None:
        self.waiting: asyncio.Queue[Told | None] = asyncio.Queue()
        self._desk = desk

    def __aiter__(self):
        return self

    async def __anext__(self) -> Told:
        told = None if self.waiting.qsize() > self._desk.limits.stream_lines_waiting_max else await self.waiting.get()
        if told is None:
            await self.aclose()
            raise StopAsyncIteration
        return told

    async def aclose(self) -> None:
        if self in self._desk._listening:
            self._desk._listening.remove(self)


class NoSegments:
    """A store in which no track is cut into segments yet."""

    def sequence_known_at(self, at_us):
        return 0

    def segments_at(self, **_):
        return []

    def segments_between(self, *_, **__):
        return []


class DeskInMemory:
    """Keeps the contract of `keepclear.api.desk.Desk`. `is_full`: gives Overloaded."""

    def __init__(self, *, exercise: bool = False, limits: Limits | None = None) -> None:
        self.node = Node()
        self.limits = limits or Limits()
        self.clock_us = BEGAN_US
        self.is_full = False
        self.is_stopped = False
        self.record: list[Committed] = []
        self.told: list[Told] = []
        self.log: list[dict[str, object]] = []
        self.names: dict[str, str] = {}
        self.keys = Keys("alpha")
        self.salts = 0
        self.machine_is = Machine()
        self.charts = FolderCharts(Path("there are none"))
        self.pictures = Pictures()
        self._answered: dict[tuple[str, str], Answered] = {}
        self._listening: list[Listening] = []
        self.entrance = Entrance(
            SignIns(self.limits.session_idle_us, self.limits.session_longest_us),
            members=lambda: self.node.members,
            now_us=self.now_us,
            give=self._take,
            keep=self._keep,
            passwords=Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)),
            invitation_us=self.limits.invitation_us,
        )
        self.say(e.NodeBegan("Alpha's node", "alpha", "alpha.example/keepclear", exercise, "test"))

    async def durable(self) -> None:
        await self.until_durable()

    async def until_durable(self) -> None:
        """What a test waits for in place of a disk."""

    def machine(self) -> Machine:
        return self.machine_is

    def alarms(self) -> list[str]:
        return []

    def seal(self, name: str) -> str:
        hash = sha256(name.encode()).hexdigest()
        self.names[hash] = name
        return hash

    async def unsealed(self, hash: str) -> str | None:
        return self.names.get(hash)

    def salt(self) -> str:
        self.salts += 1
        return f"{self.salts:064x}"

    def card(self) -> bytes:
        return self.keys.card.text

    def number_with(self, card: bytes) -> CardRead:
        read = read_card(card)
        taken = e.CardTaken(read.party, read.name, read.origin, read.signs, read.seals, read.tls, "")
        return CardRead(taken, number_of(self.keys.card, read))

    def link(self, peer: str) -> LinkView:
        return LinkView()

    async def packet(self, peer: str) -> bytes:
        """Nothing is sealed here, so that nothing is owed."""
        if peer not in self.node.talk.peers:
            raise Refused("peer.unknown", "This party is no peer of ours", value=peer)
        head = Head("alpha", peer, self.node.talk.channel.life, self.clock_us, None, ())
        return packet_bytes(head, {}, self.keys.signing.signer)

    async def take_packet(self, peer: str, data: bytes) -> bool:
        keys = [note_key(self.node.talk.card(peer).signs).key]
        head, envelope, _ = read_packet(data, to="alpha", sender=peer, keys=keys)
        event = packet_came(head, envelope.decode(), {})
        new = self.node.talk.channel.learns_from(event.came)
        if new:
            self.say(event)
        return new

    # what a test does

    def say(self, event: e.Event, *, by: str = NODE, exercise: bool | None = None) -> Given:
        """Takes an event as the host would."""
        self.clock_us += 1_000
        is_exercise = self.node.exercise if exercise is None else exercise
        effects = self.node.step(event, by=by, exercise=is_exercise, at_us=self.clock_us)
        body, outcome, sequence = body_of(event), effects.outcome, self.node.sequence - 1
        entry = Entry.of(sequence, self.clock_us, e.kind_of(event), by, is_exercise, body, outcome)
        self.record.append(Committed(entry, body, outcome))
        self.told += effects.told
        for listening in self._listening:
            for told in effects.told:
                listening.waiting.put_nowait(told)
        return Given(entry, effects)

    def admit(self, user: str, party: str, role: str, clearance: str = "severe", feed: str = "") -> str:
        """Admits a user; gives a token for it."""
        if party not in self.node.members.parties:
            self.say(e.PartyNamed(party, party.title()))
        self.say(e.UserAdmitted(user, party, role, clearance))
        secret = f"secret-of-{user}"
        self.say(e.TokenIssued(f"token-of-{user}", user, sha256(secret.encode()).hexdigest(), feed))
        return secret

    def stop(self) -> None:
        """Ends every stream, as a host does that stops; one that begins now ends at once."""
        self.is_stopped = True
        for listening in self._listening:
            listening.waiting.put_nowait(None)

    @property
    def streams(self) -> int:
        """How many streams are open."""
        return len(self._listening)

    async def _take(self, event: e.Event, *, by: str, sign_ins: object) -> Given:
        return await self.give(event, by=by, exercise=self.node.exercise)

    async def _keep(self, rows: object) -> None:
        """Nothing is kept here."""

    # the contract

    def now_us(self) -> int:
        return self.clock_us

    async def give(self, event, *, by, exercise, key="", answer=None) -> Given:
        if self.is_full:
            raise Overloaded(2)
        given = self.say(event, by=by, exercise=exercise)
        if isinstance(event, e.SealErased):
            self.names.pop(event.hash, None)
        if signs_out(event):
            self.entrance.left(event.user)
        if key and answer is not None:
            self._answered[by, key] = answer(given)
        return given

    async def answered(self, by: str, key: str) -> Answered | None:
        return self._answered.get((by, key))

    async def entries(self, first: int, count: int) -> list[Committed]:
        return self.record[max(first, 0) : max(first, 0) + count]

    async def told_after(self, sequence: int, index: int, count: int) -> list[Told]:
        found = []
        for committed in self.record[max(sequence, 0) :]:
            entry = committed.entry
            for place, line in enumerate(lines_of(committed.outcome or b"")):
                if (entry.sequence, place) > (sequence, index):
                    found.append(told_of(entry.sequence, place, entry.at_us, line))
        return found[:count]

    def subscribe(self) -> Listening:
        if len(self._listening) >= self.limits.streams_max:
            raise Overloaded(1)
        listening = Listening(self)
        self._listening.append(listening)
        if self.is_stopped:
            listening.waiting.put_nowait(None)
        return listening

    async def checkpoint(self) -> str:
        return f"alpha.example/keepclear/1\n{len(self.record)}\n\n— test\n"

    async def proof(self, sequence: int) -> dict[str, object]:
        if sequence >= len(self.record):
            raise Refused("entry.unknown", "There is no such entry", value=sequence)
        committed = self.record[sequence]
        return {"entry": json.loads(committed.entry.leaf), "outcome": (committed.outcome or b"").decode()}

    async def track(self, subject, exercise, feeds, from_us, until_us, count):
        found = []
        for committed in self.record:
            if committed.entry.kind != "positions_arrived" or committed.entry.exercise is not exercise:
                continue
            event = event_of("positions_arrived", committed.body or b"")
            batch = event.observations if event.feed in feeds else event.observations.take(slice(0))
            for row in range(len(batch)):
                if batch.subjects[batch.subject[row]] == subject and from_us <= batch.seen_at_us[row] <= until_us:
                    position = {
                        "seen_at_us": int(batch.seen_at_us[row]), "known_at_us": committed.entry.at_us, "lat": float(batch.lat[row]),
                        "lon": float(batch.lon[row]), "error_m": None, "source": batch.sources[batch.source[row]], "feed": event.feed,
                    }  # fmt: skip
                    found.append(position)
        return sorted(found, key=lambda row: row["seen_at_us"])[-count:]

    async def reports_at(self, subjects, exercise, at_us, known_at_us):
        return past.reports_at(NoSegments(), self._arrived(), subjects, exercise, at_us, known_at_us)

    async def spans(self, asked, feeds):
        return past.spans(NoSegments(), self._arrived(), asked, feeds)

    def _arrived(self) -> list[Arrived]:
        chunks = TrackChunks()
        for committed in self.record:
            entry = committed.entry
            if entry.kind == "positions_arrived":
                event = event_of("positions_arrived", committed.body or b"")
                assert isinstance(event, e.PositionsArrived)
                chunks.add(entry.sequence, entry.at_us, entry.exercise, event)
        return chunks.tail

    async def presence_at(self, at_us, known_at_us, exercise, zone=None, subject=None, *, after=("", ""), count):
        """The last change of each pair seen by `at_us`, of those told by `known_at_us`; corrections are left out here."""
        last = {}
        for told in self.told:
            said = json.loads(told.line)
            if said["event"] == "presence" and told.exercise is exercise and told.at_us <= known_at_us:
                seen_at_us = parsed(said["seen_at"])
                if seen_at_us <= at_us:
                    last[said["subject"], said["zone"]] = {
                        "subject": said["subject"], "zone": said["zone"], "now": said["to"], "seen_at_us": seen_at_us,
                        "sequence": told.sequence, "index": told.index,
                    }  # fmt: skip
        found = [row for pair, row in sorted(last.items()) if pair > after]
        return [row for row in found if zone in (None, row["zone"]) and subject in (None, row["subject"])][:count]

    async def known_at(self, at_us: int) -> Node:
        node = Node()
        for committed in self.record:
            entry = committed.entry
            if entry.at_us <= at_us:
                node.step(
                    event_of(entry.kind, committed.body or b""), by=entry.by, exercise=entry.exercise, at_us=entry.at_us
                )
        return node

    def note_access(self, user: str, action: str, object_kind: str, object_id: str) -> None:
        members = self.node.members
        owner, member = members.access_of(object_kind, object_id).owner, members.member(user)
        self.log.append(
            {
                "at_us": self.clock_us, "user": user, "party": member.party, "action": action, "object_kind": object_kind,
                "object_id": object_id, "owner": owner,
            }
        )  # fmt: skip

    async def accesses(self, owner: str, count: int) -> list[dict[str, object]]:
        return [line for line in reversed(self.log) if line["owner"] == owner][:count]


def parsed(text: str) -> int:
    from keepclear.ground.instants import parse_instant

    return parse_instant(text).us

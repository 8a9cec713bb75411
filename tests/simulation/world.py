"""A node, its disk and its people, driven by a seed: what they do, when the disk fails and how, when the machine stops.

Commits happen when the world says so, in groups of its choosing. A fault comes in two kinds: the commit failed and did nothing, and it
failed after it was done. After each stop the node is opened again from what is on disk, and everything that was acknowledged or
told must be there.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from hashlib import sha256

from keepclear.ground.errors import LimitExceeded, Refused
from keepclear.ground.signing import ED25519, PrivateKey
from keepclear.host.config import Limits
from keepclear.host.folds import rebuild_views, tail_of
from keepclear.host.host import Host, NodeFailed
from keepclear.host.replaying import Replayed, node_at
from keepclear.host.told_lines import told_after
from keepclear.node import events as e
from keepclear.node.effects import Told
from keepclear.node.node import Node
from keepclear.record.checkpoint import Checkpoint
from keepclear.store.store import Store
from keepclear.store.views import exported
from keepclear.store.writer import CommitFailed, WriterLimits
from keepclear.store.writes import Write
from tests.builders import CENTRE, north
from tests.nodes import PEOPLE, agreed
from tests.simulation.virtual_time import LoopClock

KEY = PrivateKey(ED25519, bytes(range(32)))


class PowerLoss(Exception):
    """The disk went away."""


class HandWriter:
    """A writer without a thread: what was submitted is committed when the world says so."""

    def __init__(
        self,
        append: Callable[[Sequence[Write]], None],
        *,
        limits: WriterLimits,
        on_durable: Callable[[Sequence[Write]], None],
        on_failure: Callable[[BaseException], None],
    ) -> None:
        self._append, self._limits = append, limits
        self._on_durable, self._on_failure = on_durable, on_failure
        self._queue: deque[tuple[Write, Future[None]]] = deque()
        self.failed = False

    def has_room(self, byte_count: int = 0) -> bool:
        held = sum(write.byte_count for write, _ in self._queue)
        fits = held + byte_count <= self._limits.waiting_bytes_max
        return not self._queue or (len(self._queue) < self._limits.waiting_max and fits)

    @property
    def waiting(self) -> int:
        return len(self._queue)

    def submit(self, write: Write, *, in_any_case: bool = False) -> Future[None]:
        if self.failed:
            raise CommitFailed("failed before")
        if not in_any_case and not self.has_room(write.byte_count):
            raise LimitExceeded("store.full", "Too much is waiting")
        future: Future[None] = Future()
        self._queue.append((write, future))
        return future

    def commit(self, count: int) -> None:
        """Commits up to so many of what waits, as one group."""
        group = [self._queue.popleft() for _ in range(min(count, len(self._queue)))]
        if not group or self.failed:
            return
        try:
            self._append([write for write, _ in group])
        except PowerLoss as loss:
            self.failed = True
            self._on_failure(loss)
            for _, future in [*group, *self._queue]:
                future.set_exception(CommitFailed("power"))
            self._queue.clear()
            return
        self._on_durable([write for write, _ in group])
        for _, future in group:
            future.set_result(None)

    def stop(self) -> None:
        self.commit(len(self._queue))


class World:
    """One node on one disk, and what everybody knows of it."""

    def __init__(self, seed: int, url: str) -> None:
        self.chance = random.Random(seed)
        self.url = url
        self.acknowledged: dict[int, str] = {}
        self.told: list[Told] = []
        self.refused = 0
        self.stops = 0
        self._fault: str | None = None
        self._place: dict[str, float] = {}
        self.checkpoints: list[Checkpoint] = []

    # the disk

    def _append(self, store: Store) -> Callable[[Sequence[Write]], None]:
        def append(group: Sequence[Write]) -> None:
            fault, self._fault = self._fault, None
            if fault == "did nothing":
                raise PowerLoss
            Store.append(store, group)
            if fault == "had done it":
                raise PowerLoss

        return append

    # what people do

    async def live(self, steps: int) -> None:
        """So many things happen, with stops in between."""
        self._opened()
        while steps > 0:
            steps = await self._until_a_stop(steps)
            self.stops += 1
            self.check()

    def _opened(self) -> None:
        with Store.open(self.url) as store:
            if not store.size():
                from keepclear.host.standing_still import say

                first: list[e.SpokenEvent] = [
                    e.NodeBegan("Alpha", "alpha", "alpha.example/keepclear", False, "test"),
                    e.PartyNamed("alpha", "Alpha"),
                    e.PartyNamed("bravo", "Bravo"),
                    *(e.UserAdmitted(user, party, role, "severe") for user, party, role in PEOPLE),
                    e.FeedDeclared("ais-1", "alpha", "Harbour radar", "", 300_000_000),
                ]
                say(store, Node(), first, 0)

    async def _until_a_stop(self, steps: int) -> int:
        loop = asyncio.get_running_loop()
        with Store.open(self.url) as store:
            node, account = node_at(store, store.size())
            assert account.different == 0
            store.append = self._append(store)  # type: ignore[method-assign, assignment]
            host = Host(
                store, node, limits=Limits(snapshot_every_entries=40), clock=LoopClock(loop), signer=KEY.signer,
                tail=tail_of(store), writes_with=HandWriter,  # type: ignore[arg-type]
            )  # fmt: skip
            writer: HandWriter = host._writer  # type: ignore[assignment]
            listening = asyncio.create_task(self._listen(host))
            giving: set[asyncio.Task[None]] = set()
            while steps > 0 and host.failure is None and self.chance.random() > 0.01:
                steps -= 1
                await self._something(host, writer, giving)
            if self.chance.random() < 0.3 and host.failure is None:
                closing = asyncio.create_task(host.close())
                while not closing.done():
                    writer.commit(1 + self.chance.randrange(5))
                    await asyncio.sleep(0)
            for task in giving:
                task.cancel()
            host.end_streams()
            await asyncio.gather(*giving, listening, return_exceptions=True)
            if host._timer is not None:
                host._timer.cancel()
        return steps

    async def _something(self, host: Host, writer: HandWriter, giving: set[asyncio.Task[None]]) -> None:
        chance = self.chance
        match chance.choices(
            ["positions", "act on an alert", "zone", "time", "commit", "fault", "checkpoint"], [8, 3, 1, 3, 8, 0.3, 1]
        )[0]:
            case "positions":
                self._give(host, giving, self._positions(host), "feed:ais-1")
            case "act on an alert":
                self._act(host, giving)
            case "zone":
                zone = (
                    e.ZoneEnded("kestrel", "over")
                    if chance.random() < 0.2
                    else agreed(radius_km=chance.choice([8.0, 10.0]))
                )
                self._give(host, giving, zone, "petra")
            case "time":
                await asyncio.sleep(chance.choice([1.0, 30.0, 400.0]))
            case "commit":
                writer.commit(1 + chance.randrange(8))
            case "fault":
                self._fault = chance.choice(["did nothing", "had done it"])
            case "checkpoint":
                self.checkpoints.append(host.sign())
        await asyncio.sleep(0)

    def _positions(self, host: Host) -> e.PositionsArrived:
        from keepclear.tracks.builder import BatchBuilder

        builder, now_us = BatchBuilder(), host.now_us()
        for _ in range(1 + self.chance.randrange(4)):
            subject = f"Bravo {self.chance.randrange(4)}"
            km = self._place[subject] = self._place.get(subject, 12.0) + self.chance.uniform(-6, 6)
            seen_us = now_us - self.chance.choice([0, 0, 0, 60_000_000, 4_000_000_000])
            builder.add(subject=subject, seen_at_us=seen_us, lat=north(km), lon=CENTRE[1])
        return e.PositionsArrived("ais-1", builder.build())

    def _act(self, host: Host, giving: set[asyncio.Task[None]]) -> None:
        open_alerts = [alert.id for alert in host.node.side(False).alerts if alert.is_open]
        if open_alerts:
            alert = self.chance.choice(open_alerts)
            acts: list[e.Event] = [
                e.AlertAcknowledged(alert),
                e.AlertAssigned(alert, "otto"),
                e.AlertCleared(alert, "seen to"),
            ]
            event = self.chance.choice(acts)
            self._give(host, giving, event, "otto")

    def _give(self, host: Host, giving: set[asyncio.Task[None]], event: e.Event, by: str) -> None:
        async def give() -> None:
            try:
                given = await host.give(event, by=by, exercise=False)
            except Refused:
                self.refused += 1
            except NodeFailed:
                pass
            else:
                self.acknowledged[given.entry.sequence] = sha256(given.entry.leaf).hexdigest()

        giving.add(asyncio.create_task(give()))

    async def _listen(self, host: Host) -> None:
        async for told in host.subscribe():
            self.told.append(told)

    # what must hold

    def check(self) -> None:
        """Everything that anybody knows is on disk, once, and everything follows from the record again."""
        with Store.open(self.url) as store:
            assert store.faults() == []
            for sequence, leaf in self.acknowledged.items():
                (committed,) = store.entries(sequence, 1)
                assert sha256(committed.entry.leaf).hexdigest() == leaf
            kept = {told.id: told.line for told in told_after(store, -1, -1, 1_000_000)}
            assert len({told.id for told in self.told}) == len(self.told), "nothing is told twice"
            for told in self.told:
                assert kept[told.id] == told.line
            whole = Node()
            for one in _replayed(store, whole):
                assert sha256(one.effects.outcome).hexdigest() == one.committed.entry.outcome_hash
            behind_snapshot, _ = node_at(store, store.size())
            assert behind_snapshot.digest() == whole.digest()
            self._check_checkpoints(store)
            rebuild_views(store, lambda _done, _of: None)
            views = list(exported(store))
            store.drop_views()
            rebuild_views(store, lambda _done, _of: None)
            assert list(exported(store)) == views

    def _check_checkpoints(self, store: Store) -> None:
        from keepclear.record.tree import root_at

        for checkpoint in self.checkpoints:
            assert checkpoint.size <= store.size(), "what was signed is durable"
            assert root_at(store.tiles, checkpoint.size) == checkpoint.root


def _replayed(store: Store, node: Node) -> list[Replayed]:
    from keepclear.host.replaying import Account, replay

    return list(replay(store, node, store.size(), Account()))

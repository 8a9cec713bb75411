"""The one loop of a node: what comes in is stepped, committed, and only then told.

    give      a caller waits until its event is durable
    offer     a feed that cannot wait: where there is no room, the newest report of each subject is kept, and what was given up is
              counted and told as an alert

Parsing, steps and reading happen in the loop's thread; commits in the writer's; a replay of the past in a worker on a node of its own.
A failed commit ends the node: what it holds then is ahead of the record, and nobody was told of it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from keepclear.api.desk import Given, Overloaded
from keepclear.ground.errors import KeepclearError, Refused
from keepclear.ground.instants import utc_text
from keepclear.ground.signing import Signer
from keepclear.host.build import build
from keepclear.host.clock import Clock, Steady
from keepclear.host.config import Limits
from keepclear.host.folds import TRACKS, VIEWS, Arrived, TrackChunks, segment_rows
from keepclear.host.live import joined, newest_per_subject
from keepclear.host.taking import taken
from keepclear.node import events as e
from keepclear.node.effects import Told
from keepclear.node.node import NODE, Node
from keepclear.record.checkpoint import Checkpoint, origin_line
from keepclear.record.tree import frontier_at, leaf_hash
from keepclear.store import writes
from keepclear.store.store import Store
from keepclear.store.writer import CommitFailed, Writer, WriterLimits

RETRY_AFTER_S = 1
ACCESSES_WAIT_S = 0.5
# What an event may take while it waits, at the most that was ever seen of generated traffic: every report a change with its alert.
EVENT_BYTES = 1_000_000
ROW_BYTES = 2_000
# A text of zones stands in the body, in the views, and a line tells of each.
TEXT_TIMES = 4
ACCESSES_WAITING_MAX = 10_000


class NodeFailed(KeepclearError):
    """The node cannot go on: a commit failed, or the step itself did. The process ends; a restart begins at what is durable."""


@dataclass
class _HeldBack:
    """What of a feed waits for room: the newest of each subject, and how much was given up for it."""

    event: e.PositionsArrived
    given_up: int
    since_us: int


class Host:
    """Runs one node over one store. Everything but the commits happens in the loop that it is made in.

    writes_with  what makes the writer; a simulation has one without a thread"""

    def __init__(
        self,
        store: Store,
        node: Node,
        *,
        limits: Limits,
        clock: Clock,
        signer: Signer,
        tail: TrackChunks,
        writes_with: type[Writer] = Writer,
    ) -> None:
        self.node = node
        self.limits = limits
        self.store = store
        self.failure: BaseException | None = None
        self._loop = asyncio.get_running_loop()
        self._clock = Steady(clock, store.last_at_us())
        self._signer = signer
        self._tracks = tail
        self._durable = frontier_at(store.tiles, store.size())
        self._durable_origin = origin_line(node.origin, node.epoch)
        self._signed_size = 0 if (newest := store.checkpoint()) is None else newest.size
        self._signed_at_us = 0
        self._signing: asyncio.TimerHandle | None = None
        self._size_when_asked = -1
        self._timer: asyncio.TimerHandle | None = None
        self._timer_due_us: int | None = None
        self._readers: set[Reader] = set()
        self._followers: list[Callable[[Given], None]] = []
        self._held_back: dict[tuple[str, bool], _HeldBack] = {}
        self._waiting: deque[Given] = deque()
        self._accesses: list[writes.Access] = []
        self._cutter: asyncio.Task[None] | None = None
        self._being_cut: list[list[Arrived]] = []
        self._closing = False
        self._streams_ended = False
        self.failed = asyncio.Event()
        self._drained = asyncio.Event()
        self._writer = writes_with(
            store.append,
            limits=WriterLimits(
                limits.inbox_events_max, limits.inbox_bytes_max, limits.commit_events_max, limits.commit_bytes_max
            ),
            on_durable=lambda group: self._call_in_loop(self._became_durable, sum(len(w.entries) for w in group)),
            on_failure=lambda error: self._call_in_loop(self.fail, error),
        )
        self._set_timer(node.next_due_us)

    # --- what comes in ---

    def now_us(self) -> int:
        """The clock of the host; never goes back."""
        return self._clock.now_us()

    @property
    def clock_behind_us(self) -> int:
        """How far the clock of this machine lies behind the record, as when it was set back."""
        return self._clock.behind_us

    async def give(
        self,
        event: e.Event,
        *,
        by: str,
        exercise: bool,
        answer: Callable[[Given], writes.Answered] | None = None,
        **beside: Any,
    ) -> Given:
        """Commits an event and gives what followed, once it is durable; see `keepclear.api.desk.Desk`.

        beside  members of `keepclear.store.writes.Write` that are written with it: sealed, carried, erase, drop, begins_epoch"""
        carried_bytes = sum(len(one.bytes) for one in beside.get("carried", ()))
        if self._closing or not self._has_room_for(event, carried_bytes):
            raise Overloaded(RETRY_AFTER_S)
        given, future = self._take(event, by, exercise, answer=answer, **beside)
        try:
            await asyncio.wrap_future(future)
        except CommitFailed as failed:
            raise NodeFailed("the commit failed; whether it was done is seen after a restart") from failed
        return given

    def offer(self, event: e.PositionsArrived, *, exercise: bool) -> bool:
        """Takes positions of a feed that cannot wait; false where there was no room and only the newest of each subject is kept."""
        key = (event.feed, exercise)
        if not self._closing and key not in self._held_back and self._has_room_for(event):
            self._take(event, f"feed:{event.feed}", exercise)
            return True
        held = self._held_back.get(key)
        together = event if held is None else joined(held.event, event)
        kept, given_up = newest_per_subject(together)
        if held is None:
            self._held_back[key] = _HeldBack(kept, given_up, self.now_us())
        else:
            held.event, held.given_up = kept, held.given_up + given_up
        return False

    def has_room(self) -> bool:
        """Whether a batch of usual size would be taken now."""
        return not self._closing and not self._held_back and self._writer.has_room(EVENT_BYTES)

    def _has_room_for(self, event: e.Event, beside_bytes: int = 0) -> bool:
        """Whether an event and what may follow from it can wait for its commit. Asked before the step: what was stepped is written."""
        rows = event.rows_read if isinstance(event, e.PositionsArrived) else 0
        text_bytes = TEXT_TIMES * len(event.text) if isinstance(event, e.ZonesAgreed) else 0
        return self._writer.has_room(EVENT_BYTES + ROW_BYTES * rows + text_bytes + TEXT_TIMES * beside_bytes)

    def _release(self, *, to_the_last: bool = False) -> None:
        """Lets in what was held back, as far as there is room again, or all of it."""
        for (feed, exercise), held in list(self._held_back.items()):
            if not (to_the_last or self._has_room_for(held.event)):
                return
            del self._held_back[feed, exercise]
            self.say(e.Overloaded(feed, held.given_up, held.since_us), exercise=exercise)
            with suppress(Refused):  # the feed has ended meanwhile
                self._take(held.event, f"feed:{feed}", exercise)

    def say(self, event: e.Event, *, by: str = NODE, exercise: bool = False) -> None:
        """Takes an event that nobody waits for; what the node does not take is left."""
        try:
            self._take(event, by, exercise or self.node.exercise)
        except Refused:
            return

    def _take(
        self,
        event: e.Event,
        by: str,
        exercise: bool,
        *,
        answer: Callable[[Given], writes.Answered] | None = None,
        **beside: Any,
    ) -> tuple[Given, Future[None]]:
        """Steps the node and queues what follows for the writer; `beside` is written with it.

        Raises `Refused` where the node does not take the event. Anything else that goes wrong, before the step or behind it, ends the
        node: it may be ahead of the record by then."""
        if self.failure is not None:
            raise NodeFailed("the node has failed") from self.failure
        at_us = max(self.now_us(), self.node.clock_us)
        before = self.node.sequence
        try:
            one = taken(self.node, event, by=by, exercise=exercise, at_us=at_us)
            answered = () if answer is None else (answer(one.given),)
            write = writes.Write(
                entries=(one.committed,), views=one.rows, progress={VIEWS: before + 1}, answered=answered, **beside
            )
            future = self._writer.submit(write, in_any_case=True)
        except Exception as error:
            if isinstance(error, Refused) and self.node.sequence == before:
                raise
            self.fail(error)
            raise NodeFailed("the node failed in a step; nothing of it was recorded") from error
        self._waiting.append(one.given)
        if isinstance(event, e.PositionsArrived):
            self._cut_tracks(before, at_us, exercise, event)
        self._set_timer(one.given.effects.wake_at_us)
        return one.given, future

    def _cut_tracks(self, sequence: int, at_us: int, exercise: bool, event: e.PositionsArrived) -> None:
        chunk = self._tracks.add(sequence, at_us, exercise, event)
        if chunk is None:
            return
        self._being_cut.append(chunk)
        if self._cutter is None or self._cutter.done():
            self._cutter = self._loop.create_task(self._cut())

    async def _cut(self) -> None:
        """Cuts chunks into segments, one behind the other: the progress of the fold says that all before it are there."""
        try:
            while self._being_cut and self.failure is None:
                chunk = self._being_cut[0]
                rows = await asyncio.to_thread(segment_rows, chunk)
                await self.write_beside(writes.Write(views=rows, progress={TRACKS: chunk[-1].sequence + 1}))
                self._being_cut.pop(0)
        except Exception as error:  # noqa: BLE001 - it ends the node, which says so
            self.fail(error)

    async def write_beside(self, write: writes.Write) -> None:
        """Writes what is no event, once there is room for it."""
        while not self._writer.has_room(write.byte_count) and self.failure is None:
            self._drained.clear()
            await self._drained.wait()
        if self.failure is None:
            await asyncio.wrap_future(self._writer.submit(write))

    @property
    def tail(self) -> Sequence[Arrived]:
        """Positions that are not in the segments of tracks yet, or only just."""
        return [arrived for chunk in self._being_cut for arrived in chunk] + self._tracks.tail

    def note_access(self, access: writes.Access) -> None:
        """Queues a line of the access log, which is written soon. Raises `Overloaded` where too many wait: nobody reads unseen."""
        if len(self._accesses) >= ACCESSES_WAITING_MAX:
            raise Overloaded(RETRY_AFTER_S)
        self._accesses.append(access)
        if len(self._accesses) == 1:
            self._loop.call_later(ACCESSES_WAIT_S, self._write_accesses)

    def _write_accesses(self) -> None:
        if self.failure is not None or not self._accesses:
            return
        write = writes.Write(accesses=tuple(self._accesses))
        if self._writer.has_room(write.byte_count):
            self._accesses.clear()
            self._writer.submit(write)
        else:
            self._loop.call_later(ACCESSES_WAIT_S, self._write_accesses)

    # --- time ---

    def _set_timer(self, due_us: int | None) -> None:
        """Lets the node be told of this instant. Most events do not change when that is."""
        if self._timer is not None:
            if due_us == self._timer_due_us and not self._closing:
                return
            self._timer.cancel()
            self._timer = None
        self._timer_due_us = due_us
        if due_us is not None and not self._closing and self.failure is None:
            wait_s = max(0.0, (due_us - self.now_us()) / 1e6)
            self._timer = self._loop.call_later(min(wait_s, 3600.0), self._time_passed)

    def _time_passed(self) -> None:
        self._timer = None
        due_us = self.node.next_due_us
        if due_us is not None and due_us <= self.now_us():
            self.say(e.TimePassed())
        else:
            self._set_timer(due_us)

    # --- what is durable ---

    def _call_in_loop(self, call: Callable[..., None], *args: object) -> None:
        """From the writer's thread: what goes wrong in there ends the node, as nobody else would see it."""

        def called() -> None:
            try:
                call(*args)
            except Exception as error:  # noqa: BLE001 - it ends the node, which says so
                self.fail(error)

        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(called)

    def _became_durable(self, count: int) -> None:
        """Tells what so many more entries led to, now that nobody can lose it."""
        for _ in range(count):
            given = self._waiting.popleft()
            self._durable.append(leaf_hash(given.entry.leaf))
            if given.entry.kind == "epoch_began":
                self._durable_origin = origin_line(self.node.origin, self.node.epoch)
            for told in given.effects.told:
                for reader in list(self._readers):
                    reader.put(told)
            for follow in self._followers:
                follow(given)
        self._drained.set()
        if self._held_back and not self._closing:
            self._release()
        self._sign_soon()
        if self.node.sequence - self.node.snapshot_size >= self.limits.snapshot_every_entries and not self._closing:
            self.take_snapshot()

    def _sign_soon(self) -> None:
        """Signs what is durable, at once or once the pause is over: the last of what came is signed too, though nothing comes after it."""
        wait_us = self._signed_at_us + self.limits.checkpoint_every_us - self.now_us()
        if wait_us <= 0:
            self.sign()
        elif self._signing is None and not self._closing:
            self._signing = self._loop.call_later(wait_us / 1e6, self._sign_late)

    def _sign_late(self) -> None:
        self._signing = None
        if self.failure is None and not self._closing and self._durable.size > self._signed_size:
            self.sign()

    async def wait_durable(self, size: int) -> None:
        """Waits until the first `size` entries are durable; returns at once where the node has failed."""
        while self._durable.size < size and self.failure is None:
            self._drained.clear()
            await self._drained.wait()

    def sign(self) -> Checkpoint:
        """Signs the root over what is durable, and queues it; what waits for its commit is not signed yet."""
        size, at_us = self._durable.size, self.now_us()
        checkpoint = Checkpoint(self._durable_origin, size, self._durable.root()).signed(self._signer)
        self._signed_at_us = at_us
        if size > self._signed_size and self.failure is None:
            self._signed_size = size
            kept = writes.Checkpoint(size, checkpoint.epoch, at_us, checkpoint.text)
            self._writer.submit(writes.Write(checkpoints=(kept,)), in_any_case=True)
        return checkpoint

    def take_snapshot(self) -> None:
        """Keeps the whole state beside the record, with its digest in it."""
        size, state = self.node.sequence, self.node.packed()
        event = e.SnapshotTaken(size, sha256(state).hexdigest(), build())
        snapshot = writes.Snapshot(size, event.digest, event.build, state)
        self._take(event, NODE, self.node.exercise, snapshots=(snapshot,))

    def fail(self, error: BaseException) -> None:
        """The node cannot go on, for this reason; the first that is told counts."""
        if self.failure is None:
            self.failure = error
            self._drained.set()
            self.end_streams()
            self.failed.set()

    async def close(self) -> None:
        """Takes nothing more, makes durable what was taken, signs it, and ends every stream."""
        self._closing = True
        for timer in (self._timer, self._signing):
            if timer is not None:
                timer.cancel()
        await self.wait_durable(self.node.sequence)
        if self.failure is None:
            self._release(to_the_last=True)
        await self.wait_durable(self.node.sequence)
        if self._cutter is not None:
            await self._cutter
        if self.failure is None:
            self._write_accesses()
            self.sign()
        self.end_streams()
        try:
            await asyncio.to_thread(self._writer.stop)
        except CommitFailed as failed:
            self.fail(failed)

    def well(self) -> Mapping[str, object] | None:
        """A sign of life: None where the node has failed, or what it took is not becoming durable."""
        stuck = bool(self._waiting) and self._durable.size == self._size_when_asked
        self._size_when_asked = self._durable.size
        if self.failure is not None or stuck:
            return None
        assert self.node.began is not None
        return {
            "node": self.node.began.name, "at": utc_text(self.now_us()), "durable": self._durable.size,
            "exercise": self.node.exercise,
        }  # fmt: skip

    def end_streams(self) -> None:
        """Every stream ends behind what it has, and so does one that begins later."""
        self._streams_ended = True
        for reader in list(self._readers):
            reader.end()

    # --- who listens ---

    def follow(self, follow: Callable[[Given], None]) -> None:
        """Has every event told to somebody in this process, as it becomes durable, with what it asks for."""
        self._followers.append(follow)

    def subscribe(self) -> Reader:
        """What becomes durable from now on; see `keepclear.api.desk.Desk`."""
        if len(self._readers) >= self.limits.streams_max:
            raise Overloaded(RETRY_AFTER_S)
        reader = Reader(self.limits.stream_lines_waiting_max, self._readers.discard)
        self._readers.add(reader)
        if self._closing or self._streams_ended or self.failure is not None:
            reader.end()
        return reader


class Reader:
    """One stream: what waits for it, up to a limit; beyond, it ends behind what it has, and its reader resumes from the record."""

    def __init__(self, lines_max: int, leave: Callable[[Reader], None]) -> None:
        self._lines: deque[Told] = deque()
        self._lines_max = lines_max
        self._leave = leave
        self._ended = False
        self._something = asyncio.Event()

    def put(self, told: Told) -> None:
        """Adds a line."""
        if self._ended:
            return
        if len(self._lines) >= self._lines_max:
            self.end()
            return
        self._lines.append(told)
        self._something.set()

    def end(self) -> None:
        """Nothing more comes."""
        self._ended = True
        self._something.set()

    def __aiter__(self) -> Reader:
        return self

    async def __anext__(self) -> Told:
        """The next line, until nothing more comes."""
        while not self._lines:
            if self._ended:
                await self.aclose()
                raise StopAsyncIteration
            self._something.clear()
            await self._something.wait()
        return self._lines.popleft()

    async def aclose(self) -> None:
        """Whoever listened goes away. Not a generator: one that was never begun would not notice, and count for ever."""
        self._leave(self)

"""Live feeds: where bytes come from, and how they become events of a node.

A source is run as one task, ended by cancelling it. What came within a stated while, or so many rows, is one event. A source that
can be read later (`SourceConfig.can_wait`) is not read while the node has no room, so nothing of it is lost; any other is
read on, and its events are offered to whoever thins them out. Nothing here decides what a position means.
"""

from __future__ import annotations

import asyncio
import os
import socket
import stat
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from keepclear.feeds.ais import AisReader
from keepclear.feeds.clock import WallClock
from keepclear.feeds.growing import GrowingFile
from keepclear.feeds.nmea import DATAGRAM_HEAD
from keepclear.feeds.ordering import without_unused
from keepclear.ground.errors import Refused, printable
from keepclear.host.intake import AisIntake, Intake, TableIntake
from keepclear.host.source_config import FollowedFile, SourceConfig, TcpClient, UdpListener
from keepclear.node.events import FeedStateChanged, PositionsArrived
from keepclear.tracks.observations import Observations
from keepclear.tracks.refusals import Refusal

CONNECT_TIMEOUT_S = 10.0
# The pause before the first new attempt, doubled each time up to the second; each is cut by chance to between half and all of it, so that
# many nodes do not come back at one instant.
PAUSE_S_MIN, PAUSE_S_MAX = 1.0, 60.0
# Some 300 lines of AIS, read in 8 ms: others of the loop do not wait longer.
READ_BYTES_MAX = 16_384
LOOK_AGAIN_S = 0.1
# Seconds until a quiet connection is asked whether it lives, seconds between askings, and how many may go without an answer.
KEEP_ALIVE = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}
ROOM_AGAIN_S = 0.02
# What the kernel holds while the loop is busy; a receiver sends some 100 bytes for a report.
DATAGRAMS_HELD_BYTES = 4_194_304
SAMPLES_KEPT = 20
RATE_OVER_S = 60
# A clock that was ahead counts as put right when it has not been seen ahead for so long.
CLOCK_RIGHT_AFTER_US = 60_000_000
REFUSALS_KEPT_MAX = 1_000


@dataclass(frozen=True)
class Around:
    """What a source has to do with the rest of the world.

    offer     takes an event whatever happens; where there is no room, it thins out. False says that it did
    has_room  whether an event would be taken as it is
    tell      takes a change of state
    now_us    the clock of this machine, microseconds UTC
    wait      lets so many seconds pass
    chance    a number from 0 up to 1, another each time
    """

    offer: Callable[[PositionsArrived], bool]
    has_room: Callable[[], bool]
    tell: Callable[[FeedStateChanged], None]
    now_us: Callable[[], int]
    wait: Callable[[float], Awaitable[None]]
    chance: Callable[[], float]


@dataclass(frozen=True)
class Statistics:
    """How a source is doing; everything is counted since its start.

    rows_per_s      reports and refusals, over the last minute
    clock_ahead_us  by how much the clock of the receiver was ahead of ours when it was last told; None: never told
    samples         the newest refusals
    names           how many vessels have said their names
    """

    state: str
    why: str
    since_us: int
    connections: int
    bytes: int
    lines: int
    accepted: int
    refused: int
    noticed: dict[str, int]
    last_heard_us: int | None
    rows_per_s: float
    clock_ahead_us: int | None
    samples: tuple[Refusal, ...]
    names: int


class LiveFeed:
    """One source of one declared feed, from its bytes to its events.

    source, grading, exercise  as declared: of reports that do not say otherwise
    reader                     of AIS, with the names of vessels; None for other formats
    """

    def __init__(
        self, config: SourceConfig, *, source: str, grading: str = "", exercise: bool = False, around: Around
    ) -> None:
        self.config = config
        self.reader: AisReader | None = None
        self._around = around
        if config.format == "nmea-ais":
            self.reader = AisReader(
                feed=config.feed, source=source, grading=grading, exercise=exercise, clock=config.clock
            )
            self._intake: Intake = AisIntake(self.reader)
        else:
            options = replace(config.options, source=source, exercise=exercise)
            self._intake = TableIntake(config.feed, options, header=config.header, grading=grading)
        self._stir = asyncio.Event()
        self._state, self._why, self._since_us = "disconnected", "not begun", around.now_us()
        self._connections = self._bytes = self._lines = self._accepted = self._refused = 0
        self._noticed: Counter[str] = Counter()
        self._samples: deque[Refusal] = deque(maxlen=SAMPLES_KEPT)
        self._last_heard_us: int | None = None
        self._seconds: deque[tuple[int, int]] = deque()
        self._ahead_at_us: int | None = None

    async def run(self) -> None:
        """Runs until it is cancelled, or a file cannot be read on. What was read until then is given."""
        giving = asyncio.create_task(self._give_when_due())
        reading = asyncio.create_task(self._read())
        why = "failed"
        try:
            await asyncio.wait({giving, reading}, return_when=asyncio.FIRST_COMPLETED)
            for task in (reading, giving):
                if task.done():
                    why = await task
        except asyncio.CancelledError:
            why = "stopped"
            raise
        finally:
            for task in (reading, giving):
                task.cancel()
            await asyncio.gather(reading, giving, return_exceptions=True)
            self._end_stream()
            self._change("ended", why)

    @property
    def statistics(self) -> Statistics:
        """How it is doing now."""
        now_s = self._around.now_us() // 1_000_000
        rows = sum(rows for second, rows in self._seconds if second > now_s - RATE_OVER_S)
        return Statistics(
            state=self._state,
            why=self._why,
            since_us=self._since_us,
            connections=self._connections,
            bytes=self._bytes,
            lines=self._lines,
            accepted=self._accepted,
            refused=self._refused,
            noticed=dict(sorted(self._noticed.items())),
            last_heard_us=self._last_heard_us,
            rows_per_s=rows / RATE_OVER_S,
            clock_ahead_us=None if self.reader is None else self.reader.clock_ahead_us,
            samples=tuple(self._samples),
            names=0 if self.reader is None else len(self.reader.names),
        )

    # --- bytes in, events out ---

    def _hear(self, data: bytes) -> None:
        """Takes bytes; raises `Refused` where nothing more of this stream can be read."""
        at_us = self._around.now_us()
        self._bytes += len(data)
        self._last_heard_us = at_us
        try:
            self._intake.put(data, at_us)
        finally:
            if self._intake.rows >= self.config.batch_rows:
                self._give()
            if self._intake.rows or self._intake.waiting:
                self._stir.set()

    async def _give_when_due(self) -> str:
        while True:
            await self._stir.wait()
            self._stir.clear()
            await self._around.wait(self.config.batch_us / 1e6)
            self._intake.pass_to(self._around.now_us())
            self._give()
            if self._intake.rows or self._intake.waiting:
                self._stir.set()

    def _give(self, *, now: bool = False) -> None:
        """Makes an event of what is there, unless it can wait and has to."""
        if self.config.can_wait and not now and not self._around.has_room():
            return
        taken = self._intake.taken()
        self._lines += taken.lines
        self._noticed += taken.noticed
        rows = len(taken.observations) + len(taken.refusals)
        if not rows and not taken.noticed:
            return
        at_us = self._around.now_us()
        self._accepted += len(taken.observations)
        self._refused += len(taken.refusals)
        self._samples.extend(taken.refusals)
        self._count_rows(at_us // 1_000_000, rows)
        noticed = tuple(sorted(taken.noticed.items()))
        self._around.offer(
            PositionsArrived(self.config.feed, taken.observations, taken.refusals, noticed, names=taken.names)
        )
        if self.reader is not None:
            self._tell_of_clock(self.reader, ahead=taken.noticed["receiver_clock_ahead"] > 0, at_us=at_us)

    def _count_rows(self, second: int, rows: int) -> None:
        self._seconds.append((second, rows))
        while self._seconds[0][0] <= second - RATE_OVER_S:
            self._seconds.popleft()

    def _tell_of_clock(self, reader: AisReader, *, ahead: bool, at_us: int) -> None:
        """Says when a receiver's clock begins to run ahead of ours by more than can be, and when it does no more."""
        was_ahead = self._ahead_at_us is not None
        if ahead:
            self._ahead_at_us = at_us
            if not was_ahead:
                ahead_s = (reader.clock_ahead_us or 0) / 1e6
                self._change("connected", f"the receiver's clock is {ahead_s:.0f} s ahead of ours: the arrival counts")
        elif was_ahead and at_us - (self._ahead_at_us or 0) > CLOCK_RIGHT_AFTER_US:
            self._ahead_at_us = None
            self._change("connected", "the receiver's clock is no longer ahead of ours")

    async def _room(self) -> None:
        """Waits where it can wait until there is room, and lets others run in any case."""
        await asyncio.sleep(0)
        while self.config.can_wait and not self._around.has_room():
            await self._around.wait(ROOM_AGAIN_S)

    def _change(self, state: str, why: str) -> None:
        self._state, self._why, self._since_us = state, why, self._around.now_us()
        self._around.tell(FeedStateChanged(self.config.feed, state, printable(why)))

    def _connected(self, where: str) -> None:
        self._connections += 1
        self._change("connected", where)

    def _end_stream(self) -> None:
        self._intake.end()
        self._give(now=True)

    # --- where bytes come from ---

    async def _read(self) -> str:
        """Reads to the end, and says why there is one."""
        match self.config.via:
            case TcpClient() as via:
                return await self._again_and_again(partial(self._one_connection, via))
            case UdpListener() as via:
                return await self._again_and_again(partial(self._one_socket, via))
            case FollowedFile() as via:
                if await asyncio.to_thread(_is_pipe, via.path):
                    return await self._again_and_again(partial(self._one_writer, via))
                return await self._file(via)

    async def _again_and_again(self, once: Callable[[], Awaitable[str]]) -> str:
        """Connects, and connects again when that has ended, after a pause that grows while nothing is heard."""
        failures = 0
        while True:
            heard = self._bytes
            try:
                why = await once()
            except (OSError, TimeoutError) as error:
                why = str(error) or "no answer in time"
            except Refused as refused:
                why = str(refused)
            self._end_stream()
            if self._bytes > heard:
                failures = 0
            if self._state == "connected" or why != self._why:
                self._change("disconnected", why)
            pause_s = min(PAUSE_S_MAX, PAUSE_S_MIN * 2.0 ** min(failures, 30))
            failures += 1
            await self._around.wait(pause_s * (0.5 + self._around.chance() / 2))

    async def _one_connection(self, via: TcpClient) -> str:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            reader, writer = await asyncio.open_connection(via.host, via.port)
        _keep_alive(writer.get_extra_info("socket"))
        quiet = asyncio.create_task(self._abort_when_quiet(via, writer))
        try:
            self._connected(f"to {via.host} port {via.port}")
            while data := await reader.read(READ_BYTES_MAX):
                self._hear(data)
                await self._room()
        except OSError:
            if not quiet.done():
                raise
        finally:
            was_quiet = quiet.done()
            quiet.cancel()
            writer.transport.abort()
            with suppress(OSError):
                await writer.wait_closed()
        if was_quiet:
            return f"nothing came for {via.read_timeout_us / 1e6:g} s"
        return "the other side closed the connection"

    async def _abort_when_quiet(self, via: TcpClient, writer: asyncio.StreamWriter) -> None:
        """Looks twice in each timeout: nothing heard at two looks in a row is too long."""
        quiet_looks, heard = 0, self._bytes
        while quiet_looks < 2:
            await self._around.wait(via.read_timeout_us / 2e6)
            quiet_looks = quiet_looks + 1 if self._bytes == heard else 0
            heard = self._bytes
        writer.transport.abort()

    async def _one_socket(self, via: UdpListener) -> str:
        failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: _Datagrams(self._hear_datagram, failed), local_addr=(via.host, via.port)
        )
        try:
            bound = transport.get_extra_info("socket")
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, DATAGRAMS_HELD_BYTES)
            host, port = transport.get_extra_info("sockname")[:2]
            self._connected(f"listening on {host} port {port}")
            await failed
        finally:
            transport.close()
        return "the socket was closed"

    def _hear_datagram(self, datagram: bytes) -> None:
        """A datagram holds whole lines; its end ends the last of them. What cannot be read at all costs this datagram."""
        datagram = datagram.removeprefix(DATAGRAM_HEAD)
        try:
            self._hear(datagram if datagram.endswith(b"\n") else datagram + b"\n")
        except Refused as refused:
            self._intake.end()
            self._change("connected", str(refused))

    async def _one_writer(self, via: FollowedFile) -> str:
        """Reads a named pipe until its writer closes it."""
        loop = asyncio.get_running_loop()
        pipe = os.fdopen(os.open(via.path, os.O_RDONLY | os.O_NONBLOCK), "rb", buffering=0)
        reader = asyncio.StreamReader()
        transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
        try:
            self._connected(f"to the pipe {via.path}")
            while data := await reader.read(READ_BYTES_MAX):
                self._hear(data)
                await self._room()
        finally:
            transport.close()
        return "the writer closed the pipe"

    async def _file(self, via: FollowedFile) -> str:
        file: GrowingFile | None = None
        at_end = via.at_end
        try:
            while True:
                try:
                    if file is None:
                        file = GrowingFile(via.path, WallClock(), at_end=at_end)
                        self._connected(f"to the file {via.path}")
                    got = file.take()
                except OSError as error:
                    if self._why != str(error):
                        self._change("disconnected", str(error))
                    # A file that comes later is new to us as a whole.
                    file, at_end = None, False
                    await self._around.wait(PAUSE_S_MIN)
                    continue
                if file.anew:
                    self._intake.begin_anew(file.anew)
                    self._change("connected", f"{via.path} {file.anew}; it is read from its beginning")
                if got is None:
                    await self._around.wait(LOOK_AGAIN_S)
                else:
                    self._hear(got)
                    await self._room()
        except Refused as refused:
            return str(refused)
        finally:
            if file is not None:
                file.close()


class _Datagrams(asyncio.DatagramProtocol):
    """Hands on datagrams; what fails in the hands of `hear` ends the source, and is not left to the loop."""

    def __init__(self, hear: Callable[[bytes], None], failed: asyncio.Future[None]) -> None:
        self._hear = hear
        self._failed = failed

    def datagram_received(self, data: bytes, addr: object) -> None:
        """Takes one."""
        if self._failed.done():
            return
        try:
            self._hear(data)
        except Exception as error:  # noqa: BLE001 it is raised where the source runs
            self._failed.set_exception(error)

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is gone."""
        if not self._failed.done():
            self._failed.set_result(None)


def _keep_alive(connection: socket.socket) -> None:
    """Has the kernel find out when the other side is gone without a word, within a minute."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in KEEP_ALIVE.items():
        if hasattr(socket, name):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _is_pipe(path: str) -> bool:
    try:
        return stat.S_ISFIFO(os.stat(path).st_mode)
    except OSError:
        return False


def joined(first: PositionsArrived, then: PositionsArrived) -> PositionsArrived:
    """Both events of one feed as one, in this order."""
    assert first.feed == then.feed
    noticed = Counter(dict(first.noticed)) + Counter(dict(then.noticed))
    return PositionsArrived(
        first.feed,
        Observations.joined([first.observations, then.observations]),
        (*first.refusals, *then.refusals),
        tuple(sorted(noticed.items())),
        names=tuple({**dict(first.names), **dict(then.names)}.items()),
    )


def newest_per_subject(event: PositionsArrived) -> tuple[PositionsArrived, int]:
    """The report of each subject that was seen last (of equal ones the later row), in their order, and how many rows were given up.

    Of refusals the newest `REFUSALS_KEPT_MAX` stay. What was noticed stays counted."""
    batch = event.observations
    rows = np.arange(len(batch))
    order = np.lexsort((rows, batch.seen_at_us, batch.subject))
    subjects = batch.subject[order]
    last = np.flatnonzero(np.append(subjects[1:] != subjects[:-1], True)) if len(batch) else rows
    kept = without_unused(batch.take(np.sort(order[last])))
    refusals = event.refusals[-REFUSALS_KEPT_MAX:]
    given_up = len(batch) - len(kept) + len(event.refusals) - len(refusals)
    return PositionsArrived(event.feed, kept, refusals, event.noticed, names=event.names), given_up

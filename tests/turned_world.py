"""What is around a live source, turned by hand: its clock, its waiting and its chance; and wires that bytes come in by."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from keepclear.host.live import Around, LiveFeed
from keepclear.host.source_config import SourceConfig
from keepclear.node.events import FeedStateChanged, PositionsArrived
from keepclear.tracks.observations import Observations
from keepclear.tracks.refusals import Refusal
from tests.nmea_lines import ARRIVED_US

# Nothing here takes long; a test that waits for so many seconds of the real clock has failed.
PATIENCE_S = 20


class TurnedWorld:
    """Takes every event. Who waits goes on when the clock has been turned so far.

    pauses  what was waited for, in seconds
    room    whether there is any"""

    def __init__(self, chance: float = 1.0) -> None:
        self.now_us = ARRIVED_US
        self.events: list[PositionsArrived | FeedStateChanged] = []
        self.pauses: list[float] = []
        self.room = True
        self._chance = chance
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []
        self.around = Around(
            offer=self._offer,
            has_room=lambda: self.room,
            tell=self.events.append,
            now_us=lambda: self.now_us,
            wait=self._wait,
            chance=lambda: self._chance,
        )

    def _offer(self, event: PositionsArrived) -> bool:
        self.events.append(event)
        return self.room

    async def _wait(self, seconds: float) -> None:
        self.pauses.append(seconds)
        passed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((self.now_us + round(seconds * 1e6), passed))
        await passed

    async def turn(self, seconds: float) -> None:
        """Lets so much time pass, and whoever waited for it go on."""
        until_us = self.now_us + round(seconds * 1e6)
        while due := [at_us for at_us, passed in self._waiting if at_us <= until_us and not passed.done()]:
            self.now_us = max(self.now_us, min(due))
            for at_us, passed in self._waiting:
                if at_us <= self.now_us and not passed.done():
                    passed.set_result(None)
            self._waiting = [(at_us, passed) for at_us, passed in self._waiting if not passed.done()]
            await settle()
        self.now_us = until_us

    async def turn_until(self, condition: Callable[[], bool], step_s: float = 0.2) -> None:
        """Turns the clock on until something is so."""
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                await self.turn(step_s)
                await settle()

    @property
    def states(self) -> list[str]:
        return [event.state for event in self.events if isinstance(event, FeedStateChanged)]

    @property
    def whys(self) -> list[str]:
        return [event.why for event in self.events if isinstance(event, FeedStateChanged)]

    @property
    def arrived(self) -> list[PositionsArrived]:
        return [event for event in self.events if isinstance(event, PositionsArrived)]

    @property
    def observations(self) -> Observations:
        return Observations.joined([event.observations for event in self.arrived])

    @property
    def refusals(self) -> list[Refusal]:
        return [refusal for event in self.arrived for refusal in event.refusals]

    @property
    def rows(self) -> int:
        return sum(event.rows_read for event in self.arrived)


async def settle() -> None:
    """Lets everybody who can go on do so."""
    for _ in range(10):
        await asyncio.sleep(0)


async def until(condition: Callable[[], bool]) -> None:
    """Lets others run until something is so."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0)


@asynccontextmanager
async def running(feed: LiveFeed) -> AsyncIterator[asyncio.Task[None]]:
    """The source as a task, which is stopped at the end."""
    task = asyncio.create_task(feed.run())
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


class TcpWire:
    """A server on loopback that one source connects to, again and again."""

    breaks = True
    ends_lines = False

    def __init__(self, folder: Path) -> None:
        self.port = 0
        self.lost = 0
        self._writers: asyncio.Queue[asyncio.StreamWriter] = asyncio.Queue()
        self._writer: asyncio.StreamWriter | None = None

    async def open(self) -> None:
        async def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self._writers.put_nowait(writer)
            with suppress(OSError):
                await reader.read()
            self.lost += 1

        self._server = await asyncio.start_server(accepted, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def table(self) -> dict[str, object]:
        return {"connect": f"tcp://127.0.0.1:{self.port}"}

    async def send(self, data: bytes) -> None:
        if self._writer is None:
            async with asyncio.timeout(PATIENCE_S):
                self._writer = await self._writers.get()
        self._writer.write(data)
        await self._writer.drain()

    async def hang_up(self) -> None:
        assert self._writer is not None
        self._writer.close()
        with suppress(OSError):
            await self._writer.wait_closed()
        self._writer = None

    async def close(self) -> None:
        if self._writer is not None:
            await self.hang_up()
        while not self._writers.empty():
            self._writers.get_nowait().close()
        self._server.close()
        await self._server.wait_closed()


class UdpWire:
    """Somebody who sends datagrams to loopback; each send is one."""

    breaks = False
    ends_lines = True

    def __init__(self, folder: Path) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]

    async def open(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def table(self) -> dict[str, object]:
        return {"listen": f"udp://127.0.0.1:{self.port}"}

    async def send(self, data: bytes) -> None:
        self._socket.sendto(data, ("127.0.0.1", self.port))
        await settle()

    async def close(self) -> None:
        self._socket.close()


class FileWire:
    """Somebody who writes a file."""

    breaks = False
    ends_lines = False

    def __init__(self, folder: Path) -> None:
        self.path = folder / "radio.log"

    async def open(self) -> None:
        self._file = self.path.open("ab", buffering=0)

    def table(self) -> dict[str, object]:
        return {"follow": str(self.path), "begin": "beginning"}

    async def send(self, data: bytes) -> None:
        self._file.write(data)

    async def close(self) -> None:
        self._file.close()


class PipeWire:
    """Somebody who writes into a named pipe."""

    breaks = True
    ends_lines = False

    def __init__(self, folder: Path) -> None:
        self.path = folder / "radio.pipe"
        self._descriptor: int | None = None

    async def open(self) -> None:
        os.mkfifo(self.path)

    def table(self) -> dict[str, object]:
        return {"follow": str(self.path)}

    async def send(self, data: bytes) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while self._descriptor is None:
                with suppress(OSError):  # nobody reads yet
                    self._descriptor = os.open(self.path, os.O_WRONLY | os.O_NONBLOCK)
                await asyncio.sleep(0)
            while data:
                with suppress(BlockingIOError):
                    data = data[os.write(self._descriptor, data) :]
                await asyncio.sleep(0)

    async def hang_up(self) -> None:
        assert self._descriptor is not None
        os.close(self._descriptor)
        self._descriptor = None

    async def close(self) -> None:
        if self._descriptor is not None:
            await self.hang_up()


WIRES: dict[str, Callable[[Path], Any]] = {"tcp": TcpWire, "udp": UdpWire, "file": FileWire, "pipe": PipeWire}
Wire = TcpWire | UdpWire | FileWire | PipeWire


def live_feed(wire: Wire, world: TurnedWorld, format: str = "nmea-ais", **stated: object) -> LiveFeed:
    """The source at the other end of a wire."""
    table = wire.table() | {"format": format} | stated
    if format == "csv" and isinstance(wire, UdpWire):
        table["header"] = "subject,seen_at,lat,lon"
    config = SourceConfig.from_table("ais-1", table)
    return LiveFeed(config, source="AIS of Harbour Aid", grading="B2", around=world.around)

"""A server of uvicorn's within the loop of a node: it takes no signals, ends no process, and speaks as its guests do."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from keepclear.ground.errors import KeepclearError
from keepclear.host.connections import Guests


class ServerFailed(KeepclearError):
    """The doors could not be opened, or closed by themselves."""


class Server(uvicorn.Server):
    """Signals are for the node, and so is what to do where the doors cannot be opened."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Opens the doors; where that fails it serves nothing, and does not end the process."""
        try:
            await super().startup(sockets)
        except SystemExit:
            self.should_exit = True

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def server_config(host: str, port: int, application: object, guests: Guests, *, drain_us: int) -> uvicorn.Config:
    """Plain HTTP, as far as uvicorn knows: TLS is spoken by the guests.

    drain_us  how long a stop may take"""
    return uvicorn.Config(
        application,  # type: ignore[arg-type]
        host=host,
        port=port,
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        lifespan="on",
        timeout_graceful_shutdown=max(1, drain_us // 2_000_000),
        http=guests.protocol(),
        timeout_keep_alive=max(1, guests.limits.request_wait_us // 1_000_000),
    )


async def opened_its_doors(server: uvicorn.Server, doors: asyncio.Task[None]) -> bool:
    """Whether they are open, once that is known; `doors` is what serves."""
    while not server.started:
        if doors.done():
            return False
        await asyncio.sleep(0.01)
    return True


def port_of(server: uvicorn.Server) -> int:
    """The port that was taken, where it was left open (0)."""
    port: int = server.servers[0].sockets[0].getsockname()[1]
    return port

"""Connections to the doors: how many there may be, and how long one may keep us waiting.

Whoever connects has shown no token yet, so nothing that he leaves undone may cost the others anything. A connection waits while we
wait for the other side: for a whole request, or for an answer to be read. Where there are too many, the one that has waited longest
makes room; only where all are at work is the new one turned away. What waits for `request_wait_us` is ended in any case. With TLS
a connection is there from its first byte on, and not only when both sides have agreed on keys.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import Any, TypeAlias

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.utils import get_remote_addr

from keepclear.host.config import Limits

# Requests sent ahead on one connection before the first was answered.
AHEAD_MAX = 32
# Of an IPv6 address, what one customer of a provider is given to choose from.
IPV6_PREFIX = 64

_FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: 21\r\n"
    b"retry-after: 1\r\nconnection: close\r\n\r\nToo many connections."
)
_TOO_LONG = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: 25\r\n"
    b"connection: close\r\n\r\nThe headers are too long."
)


class Guests:
    """The connections that are open at the doors of one node.

    tls  what the doors speak TLS with, from the next handshake on; None: they speak plain HTTP"""

    def __init__(self, limits: Limits, tls: ssl.SSLContext | None = None) -> None:
        self.limits = limits
        self.tls = tls
        self._open: dict[Guest, None] = {}
        self._waiting: dict[Guest, None] = {}  # the one that waits longest comes first
        self._of_address: Counter[str] = Counter()
        self._looking: asyncio.TimerHandle | None = None

    def protocol(self) -> Any:
        """What makes a connection, as uvicorn asks for it."""
        return partial(Connection, self) if self.tls is None else partial(Handshake, self)

    def shaken(self, handshake: Handshake, of_uvicorn: Mapping[str, Any]) -> asyncio.BaseProtocol:
        """The connection that takes the place of a handshake."""
        return Connection(self, handshake, **of_uvicorn)

    def __len__(self) -> int:
        return len(self._open)

    def enter(self, connection: Guest) -> bool:
        """Lets a new connection in, if need be for one that waits; false where there is no room for it."""
        limits, address = self.limits, connection.address
        if self._of_address[address] >= limits.connections_of_an_address_max:
            oldest = self._to_make_room(address)
        elif len(self._open) >= limits.connections_max:
            oldest = next(iter(self._waiting), None)
        else:
            oldest = connection
        if oldest is None:
            return False
        if oldest is not connection:
            self.leave(oldest)
            oldest.end()
        self._open[connection] = None
        if self._looking is None:
            self._look_again()
        self._of_address[address] += 1
        return True

    def _to_make_room(self, address: str) -> Guest | None:
        return next((one for one in self._waiting if one.address == address), None)

    def leave(self, connection: Guest) -> None:
        """A connection has ended, or is about to; to say so twice does no harm."""
        self._waiting.pop(connection, None)
        if connection in self._open:
            del self._open[connection]
            self._of_address[connection.address] -= 1
            if not self._of_address[connection.address]:
                del self._of_address[connection.address]

    def waits(self, connection: Guest) -> None:
        """A connection is at its beginning, or has had its answer, and its next request is waited for."""
        self._waiting.pop(connection, None)
        if connection in self._open:
            self._waiting[connection] = None

    def works(self, connection: Guest) -> None:
        """A connection has given its request."""
        self._waiting.pop(connection, None)

    def _look_again(self) -> None:
        wait_s = min(1.0, self.limits.request_wait_us / 4e6)
        self._looking = asyncio.get_running_loop().call_later(wait_s, self._look)

    def _look(self) -> None:
        """Ends what has waited too long; looks again while there is anybody."""
        latest = asyncio.get_running_loop().time() - self.limits.request_wait_us / 1e6
        for connection in [one for one in self._open if one.silent_since <= latest]:
            self.leave(connection)
            connection.end()
        self._looking = None
        if self._open:
            self._look_again()


class Handshake(asyncio.Protocol):
    """A connection whose two sides have not agreed on keys yet; then a `Connection` takes its place.

    It counts, makes room and is ended as one that says nothing. A server of asyncio would shake hands by itself, but would tell us of
    nobody before that is done, so that no limit would hold. So it accepts, and we go on with the socket.

    address, silent_since  as of a `Connection`"""

    def __init__(self, guests: Guests, **of_uvicorn: Any) -> None:
        self._guests = guests
        self._of_uvicorn = of_uvicorn
        self._known_to_uvicorn: set[Any] = of_uvicorn["server_state"].connections
        self._shaking: asyncio.Task[None] | None = None
        self.address = ""
        self.silent_since = float("inf")

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Somebody has connected."""
        self.address = _counted(get_remote_addr(transport))
        if self._guests.enter(self):
            self._known_to_uvicorn.add(self)
            self._socket: socket.socket = transport.get_extra_info("socket").dup()
            self.silent_since = asyncio.get_running_loop().time()
            self._guests.waits(self)
            self._shaking = asyncio.create_task(self._shake_hands())
        transport.abort()  # before it reads; the connection stays, as long as there is a socket

    def end(self) -> None:
        """Ends it, whatever is left unsaid."""
        with suppress(OSError):  # it has gone already
            self._socket.shutdown(socket.SHUT_RDWR)

    def shutdown(self) -> None:
        """The server stops."""
        self.end()

    def leave(self) -> None:
        """It is done, or has failed; to say so twice does no harm."""
        self._known_to_uvicorn.discard(self)
        self._guests.leave(self)

    async def _shake_hands(self) -> None:
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: self._guests.shaken(self, self._of_uvicorn),
                self._socket,
                ssl=self._guests.tls,
                ssl_handshake_timeout=self._guests.limits.request_wait_us / 1e6,
            )
        except OSError:  # it speaks no TLS, or none that we do; it took too long; it has gone
            self._socket.close()
        finally:
            self.leave()


class Connection(HttpToolsProtocol):
    """One connection, with an eye on what the other side leaves undone.

    shaken        the handshake that it comes from, and whose place it takes; None without TLS
    address       whose it is, as the limit for an address counts
    silent_since  since when we have waited for the other side, in the time of the loop; infinity while it waits for us"""

    def __init__(self, guests: Guests, shaken: Handshake | None = None, **of_uvicorn: Any) -> None:
        super().__init__(**of_uvicorn)
        self._guests = guests
        self._shaken = shaken
        self._header_bytes_max = guests.limits.header_bytes_max
        self._head_bytes = 0
        self._unread_bytes = 0
        self._refused = False
        self.address = ""
        self.silent_since = float("inf")

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Somebody has connected."""
        super().connection_made(transport)
        self.address = self._counts_for()
        if self._shaken is not None:
            self._shaken.leave()
            self._shaken = None
        if not self._guests.enter(self):
            self._refused = True
            transport.write(_FULL)
            transport.close()
            self.loop.call_later(1.0, transport.abort)  # whether it was read or not
            return
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """It has ended."""
        self._guests.leave(self)
        self.silent_since = float("inf")
        super().connection_lost(exc)

    def end(self) -> None:
        """Ends it, whatever is left unsaid."""
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Some bytes have come."""
        if self._refused or self.transport.is_closing():
            return
        self._unread_bytes += len(data)
        super().data_received(data)
        if self._unread_bytes > self._header_bytes_max and not self.transport.is_closing():
            self._refuse()

    def send_400_response(self, msg: str) -> None:
        """The answer to what is no HTTP, and to what was refused in the middle of reading it."""
        if not self._refused:
            super().send_400_response(msg)

    def on_message_begin(self) -> None:
        """A request begins."""
        self._head_bytes = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """A piece of the path."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header; those behind a body count like those before it."""
        self._count(len(name) + len(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The headers are there."""
        self._unread_bytes = 0
        if len(self.pipeline) >= AHEAD_MAX:
            raise ValueError("more requests ahead than anybody needs")
        super().on_headers_complete()
        self.silent_since = self.loop.time()

    def on_body(self, body: bytes) -> None:
        """A piece of a body. One that comes behind the answer has the time that was left for the next request."""
        self._unread_bytes = 0
        if not self.cycle.response_complete:
            self.silent_since = self.loop.time()
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._unread_bytes = 0
        if not self.cycle.response_complete:
            self.silent_since = float("inf")
            self._guests.works(self)
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """The answer is on its way."""
        super().on_response_complete()
        if not self.pipeline and self.cycle.response_complete:
            self._wait()

    def pause_writing(self) -> None:
        """The other side does not read as fast as we write."""
        super().pause_writing()
        self.silent_since = self.loop.time()

    def resume_writing(self) -> None:
        """It has read on."""
        super().resume_writing()
        cycle: Any = self.cycle  # None before the first request
        if cycle is not None and not cycle.response_complete and not cycle.more_body:
            self.silent_since = float("inf")

    def _counts_for(self) -> str:
        return _counted(self.client)

    def _wait(self) -> None:
        self.silent_since = self.loop.time()
        self._guests.waits(self)

    def _count(self, byte_count: int) -> None:
        self._head_bytes += byte_count
        if self._head_bytes > self._header_bytes_max:
            self._refuse()
            raise ValueError("the headers are too long")

    def _refuse(self) -> None:
        self._refused = True
        cycle: Any = self.cycle
        if cycle is None or cycle.response_complete:
            self.transport.write(_TOO_LONG)
        self.transport.close()


def _counted(client: tuple[str, int] | None) -> str:
    """Of whom a connection counts: an address of IPv4, a network of IPv6."""
    host = client[0].partition("%")[0] if client else ""
    if ":" not in host:
        return host
    return str(ipaddress.ip_network((host, IPV6_PREFIX), strict=False))


Guest: TypeAlias = Handshake | Connection

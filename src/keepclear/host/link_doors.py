"""The door for the nodes of peers: who has a card here comes in by its certificate, and nobody else comes any further than the handshake.

Strangers and peers do not share their room. A crowd that shakes no hands can push out others that have not either, and no peer; a peer
with more connections than it needs loses its own oldest.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, cast

from keepclear.host.config import Limits, Links
from keepclear.host.connections import Connection, Guest, Guests, Handshake
from keepclear.host.doors import Server, ServerFailed, opened_its_doors, port_of, server_config
from keepclear.links.certificates import Certificate, OwnCertificate
from keepclear.links.https import Answering, Take, server_context

CONNECTIONS_OF_A_PEER_MAX = 8


class LinkDoors:
    """The open door. `serving` is done when it has closed, by itself or not."""

    def __init__(self, links: Links, limits: Limits, own: OwnCertificate, take: Take) -> None:
        self._links = links
        self._own = own
        self._answering = Answering(take)
        patient = replace(limits, request_wait_us=links.request_wait_us)
        self._peers = _Peers(replace(patient, connections_of_an_address_max=CONNECTIONS_OF_A_PEER_MAX))
        self._strangers = _Strangers(patient, self._peers)
        self.peers_are([])
        assert links.port is not None
        self._server = Server(
            server_config(links.host, links.port, self._answering, self._strangers, drain_us=limits.drain_us)
        )
        self._drain_us = limits.drain_us
        self.serving: asyncio.Task[None]

    def peers_are(self, certificates: Iterable[Certificate]) -> None:
        """Lets in these, and nobody else, from now on. Connections of those who are no peers any longer are ended."""
        certificates = list(certificates)
        self._peers.party_of = {one.der: one.party for one in certificates}
        self._strangers.tls = server_context(self._own, certificates)
        self._peers.end_others()

    @property
    def address(self) -> str:
        """What a peer calls, where its network is this one."""
        host = f"[{self._links.host}]" if ":" in self._links.host else self._links.host
        return f"https://{host}:{port_of(self._server)}"

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[LinkDoors]:
        """Within it the door is open. Raises `ServerFailed` where it cannot be."""
        self.serving = asyncio.create_task(self._server.serve())
        if not await opened_its_doors(self._server, self.serving):
            where = f"{self._links.host}, port {self._links.port}"
            raise ServerFailed(f"the door for links could not be opened at {where}: is another program there?")
        try:
            yield self
        finally:
            self._answering.stop()
            self._server.should_exit = True
            await asyncio.wait([self.serving], timeout=self._drain_us / 1e6)


class _Strangers(Guests):
    """Those who have not shown a certificate yet."""

    def __init__(self, limits: Limits, peers: _Peers) -> None:
        super().__init__(limits)
        self._peers = peers

    def shaken(self, handshake: Handshake, of_uvicorn: Mapping[str, Any]) -> asyncio.BaseProtocol:
        return _LinkConnection(self._peers, handshake, **of_uvicorn)


class _Peers(Guests):
    """Those who have.

    party_of  whose a certificate is, by its bytes"""

    def __init__(self, limits: Limits) -> None:
        super().__init__(limits)
        self.party_of: Mapping[bytes, str] = {}

    def end_others(self) -> None:
        """Ends the connections of those who are no peers."""
        for connection in list(self._open):
            if isinstance(connection, _LinkConnection) and connection.certificate not in self.party_of:
                self.leave(connection)
                connection.end()

    def _to_make_room(self, address: str) -> Guest | None:
        oldest_open = next((one for one in self._open if one.address == address), None)
        return super()._to_make_room(address) or oldest_open


class _LinkConnection(Connection):
    """One connection of a peer. It counts for the peer, wherever it comes from."""

    _guests: _Peers
    certificate = b""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Both have shown their certificates."""
        self.certificate = transport.get_extra_info("ssl_object").getpeercert(binary_form=True)
        super().connection_made(cast(asyncio.Transport, _Together(transport)))

    def _counts_for(self) -> str:
        return self._guests.party_of.get(self.certificate, "")

    def shutdown(self) -> None:
        """The server stops. Whoever keeps a connection for later is not waited for to say goodbye."""
        super().shutdown()
        if self.transport.is_closing() and not self.transport.get_write_buffer_size():
            self.transport.abort()

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self.scope["state"]["peer"] = self._guests.party_of.get(self.certificate)


class _Together:
    """A transport on which the head of an answer and its body are one piece to TCP: on a poor link each piece may be lost."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._written: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Sends it with what else is written before the loop goes round."""
        if not self._written:
            asyncio.get_running_loop().call_soon(self._send)
        self._written.append(data)

    def close(self) -> None:
        """Sends what was written, and ends."""
        self._send()
        self._transport.close()

    def _send(self) -> None:
        if self._written:
            written, self._written = self._written, []
            self._transport.write(b"".join(written))

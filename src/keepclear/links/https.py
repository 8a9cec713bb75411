"""Packets over HTTPS: the one endpoint that a node answers at, and the line on which it calls another.

    POST /link   a packet, and as the answer the packet that the other side has for the caller
    Prefer       wait=N (RFC 7240): the answer may take N seconds, until there is something to hand over

So a node that nobody can reach calls, and gets everything in answers. Both sides show a certificate, and each knows the other's from its
card, byte for byte: names, dates and authorities count for nothing. TLS 1.3 only. Nothing is trusted here but the packet itself; TLS
keeps strangers away, and hides who talks about how much.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, MutableMapping
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

import httpcore
import msgspec

from keepclear.ground.errors import KeepclearError, LimitExceeded, Refused, shown
from keepclear.ground.signing import private_pem
from keepclear.links.certificates import Certificate, OwnCertificate
from keepclear.links.packets import PACKET_BYTES_MAX

PATH = "/link"
PACKET_TYPE = "application/vnd.keepclear.packet"
PROBLEM_TYPE = "application/problem+json"
WAIT_S_MAX = 300.0
# A refusal is one sentence.
PROBLEM_BYTES_MAX = 16_384
# How long nothing may come on a line before it is tried anew, at first and at most: doubled each time that it fails, until it works again.
# TCP repeats a lost piece after longer and longer pauses; at 30 % loss a new connection is sooner there (bench/poor_link.py), and on a
# line that is worse still no connection comes about in the shorter time.
PATIENCE_S, PATIENCE_S_MAX = 25.0, 100.0
# A line that is slower than this, in bytes a second, is none. What was sent may wait in this machine for as long before it goes out.
SLOWEST_BYTES_S = 500
# Shorter than what an answering node waits for the next request on a connection.
KEPT_S = 100.0
# X509_V_FLAG_NO_CHECK_TIME of OpenSSL, which the module `ssl` has no name for.
_NO_CHECK_TIME = 0x200000
_WAIT = re.compile(r"(?:^|[,\s])wait\s*=\s*\"?(\d{1,9})\"?\s*(?=$|[;,])", re.IGNORECASE)
_HOST = re.compile(r"[a-z0-9.:-]{1,253}")
_KEY = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)*")

# Who has sent it, the packet, for how many seconds the answer may be held; gives the packet to answer with. It is cancelled where the
# caller has gone meanwhile: what it has begun to commit it must not lose by that. Raises `Refused`, and `Busy`.
Take = Callable[[str, bytes, float], Awaitable[bytes]]
_Scope = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
_Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class LinkFailed(KeepclearError):
    """The exchange did not come about, or nobody knows whether it did: the same packet may be sent again."""


class Busy(KeepclearError):
    """Nothing was taken, as too much is waiting; the caller may try again after `retry_after_s` seconds."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"try again in {retry_after_s} s")
        self.retry_after_s = retry_after_s


# --- what both sides speak TLS with ---


def server_context(own: OwnCertificate, peers: Iterable[Certificate]) -> ssl.SSLContext:
    """For a node that answers: who has none of these certificates, and its key, is refused in the handshake."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # Our callers take up no session again, and a ticket would hold their certificate: a kilobyte for nothing.
    context.num_tickets = 0
    return _pinned(context, own, peers)


def client_context(own: OwnCertificate, peer: Certificate) -> ssl.SSLContext:
    """For a node that calls: it talks to the owner of this certificate, whatever its address is called."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    return _pinned(context, own, [peer])


def _pinned(context: ssl.SSLContext, own: OwnCertificate, peers: Iterable[Certificate]) -> ssl.SSLContext:
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags = ssl.VerifyFlags(_NO_CHECK_TIME)
    for peer in peers:
        context.load_verify_locations(cadata=peer.der)
    # OpenSSL takes its own key from a file only: from one that is of no use to whoever finds it.
    with TemporaryDirectory(prefix="keepclear-") as folder:
        certificate, key, passphrase = Path(folder, "certificate"), Path(folder, "key"), secrets.token_bytes(32).hex()
        certificate.write_bytes(own.certificate.pem)
        key.write_bytes(private_pem(own.key, passphrase.encode()))
        context.load_cert_chain(certificate, key, passphrase)
    return context


# --- answering ---


class Answering:
    """The endpoint, as an ASGI application. Who calls is `scope["state"]["peer"]`: a party, or None for who is none of our peers."""

    def __init__(self, take: Take) -> None:
        self._take = take
        self._held: set[asyncio.Future[bytes]] = set()
        self._stopped = False

    async def __call__(self, scope: _Scope, receive: _Receive, send: _Send) -> None:
        """One request."""
        if scope["type"] != "http":
            return
        try:
            packet = await self._packet(scope, receive)
            answer = await self._answer(scope["state"]["peer"], packet, _wait_s(scope), receive)
        except Refused as refused:
            await _refuse(send, _status(refused), refused.key, str(refused))
        except Busy as busy:
            later = [(b"retry-after", b"%d" % busy.retry_after_s)]
            await _refuse(send, HTTPStatus.SERVICE_UNAVAILABLE, "link.busy", "Too much is waiting here.", later)
        except _Gone:
            pass
        else:
            await _said(send, HTTPStatus.OK, PACKET_TYPE, answer)

    def stop(self) -> None:
        """Lets go of all who are waiting for something to be handed over; who comes later is told to come again."""
        self._stopped = True
        for held in self._held:
            held.cancel()

    async def _packet(self, scope: _Scope, receive: _Receive) -> bytes:
        if scope["path"] != PATH:
            raise Refused("link.path", "There is nothing here", value=scope["path"], mend=f"Packets go to {PATH}.")
        if scope["method"] != "POST":
            raise Refused("link.method", "Packets are sent by POST", value=scope["method"])
        if scope["state"]["peer"] is None:
            raise Refused("link.no_peer", "You are no peer of this node")
        headers = dict(scope["headers"])
        if headers.get(b"content-type", b"") != PACKET_TYPE.encode():
            raise Refused("link.type", f"The body is {PACKET_TYPE}", value=headers.get(b"content-type", b""))
        said = headers.get(b"content-length", b"0")
        _check_size(int(said) if said.isdigit() else 0)
        packet = bytearray()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise _Gone
            packet += message.get("body", b"")
            _check_size(len(packet))
            if not message.get("more_body", False):
                return bytes(packet)

    async def _answer(self, peer: str, packet: bytes, wait_s: float, receive: _Receive) -> bytes:
        """What `take` gives, unless the caller goes, or the node stops, before."""
        if self._stopped:
            raise Busy(1)
        held = asyncio.ensure_future(self._take(peer, packet, wait_s))
        gone = asyncio.ensure_future(_gone(receive))
        self._held.add(held)
        try:
            await asyncio.wait([held, gone], return_when=asyncio.FIRST_COMPLETED)
            if not held.done():
                raise _Gone
            if held.cancelled():
                raise Busy(1)
            return held.result()
        finally:
            self._held.discard(held)
            for task in (held, gone):
                task.cancel()


class _Gone(Exception):
    """The caller has gone."""


async def _gone(receive: _Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _check_size(byte_count: int) -> None:
    if byte_count > PACKET_BYTES_MAX:
        raise LimitExceeded("packet.too_large", f"A packet has at most {PACKET_BYTES_MAX:,} bytes", value=byte_count)


def _wait_s(scope: _Scope) -> float:
    """For how long the caller lets us hold the answer. What cannot be read is no preference (RFC 7240, 2)."""
    for name, value in scope["headers"]:
        if name == b"prefer" and (found := _WAIT.search(value.decode("latin-1"))):
            return min(float(found[1]), WAIT_S_MAX)
    return 0.0


_STATUS = {
    "link.path": HTTPStatus.NOT_FOUND,
    "link.method": HTTPStatus.METHOD_NOT_ALLOWED,
    "link.type": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "link.no_peer": HTTPStatus.FORBIDDEN,
    "packet.too_large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
}


def _status(refused: Refused) -> HTTPStatus:
    return _STATUS.get(refused.key, HTTPStatus.UNPROCESSABLE_ENTITY)


async def _refuse(
    send: _Send, status: HTTPStatus, key: str, detail: str, headers: Iterable[tuple[bytes, bytes]] = ()
) -> None:
    problem = {"type": f"keepclear:{key}", "title": status.phrase, "status": int(status), "detail": detail}
    await _said(send, status, PROBLEM_TYPE, msgspec.json.encode(problem), headers)


async def _said(
    send: _Send, status: HTTPStatus, kind: str, body: bytes, headers: Iterable[tuple[bytes, bytes]] = ()
) -> None:
    named = [(b"content-type", kind.encode()), (b"content-length", b"%d" % len(body)), *headers]
    await send({"type": "http.response.start", "status": int(status), "headers": named})
    await send({"type": "http.response.body", "body": body})


# --- calling ---


def address_checked(address: str, where: str = "") -> str:
    """The address of a node's links, https://HOST:PORT; raises `Refused` with `where`."""
    try:
        parts = urlsplit(address)
        fits = parts.scheme == "https" and bool(_HOST.fullmatch(parts.hostname or "")) and parts.port != 0
    except ValueError:
        fits, parts = False, urlsplit("")
    if not fits or parts.path not in {"", "/"} or "@" in address or "?" in address or "#" in address:
        mend = "It is https://HOST:PORT, as the other side says."
        raise Refused("link.address", "This is no address of a node", value=address, mend=mend, where=where)
    return address.rstrip("/")


class Line:
    """The way to one peer. Connections are kept between exchanges, and are opened again by themselves.

    address     https://HOST:PORT
    patience_s  for how long nothing may come or go before the line counts as failed, the first time"""

    def __init__(self, address: str, own: OwnCertificate, peer: Certificate, *, patience_s: float = PATIENCE_S) -> None:
        self.address = address_checked(address)
        self._patience_s = self._patience_s_min = patience_s
        self._ways = _Ways(peer)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=client_context(own, peer),
            max_connections=None,
            max_keepalive_connections=2,
            keepalive_expiry=KEPT_S,
            network_backend=self._ways,
        )

    async def exchange(self, packet: bytes, wait_s: float = 0.0) -> bytes:
        """Sends a packet, and gives the one that is answered, within `wait_s` and the time that the way takes.

        Raises `LinkFailed` where it fails on the way, and `Refused` where the other side refuses the packet."""
        opened = self._ways.opened
        try:
            try:
                return await self._asked(packet, wait_s)
            except (httpcore.NetworkError, httpcore.RemoteProtocolError):
                if self._ways.opened != opened:
                    raise
                # A kept connection that the other side has ended meanwhile says nothing about the line.
                return await self._asked(packet, wait_s)
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, OSError) as error:
            why = str(error) or type(error).__name__
            self._patience_s = min(2 * self._patience_s, max(PATIENCE_S_MAX, self._patience_s_min))
            raise LinkFailed(f"{self.address} cannot be talked to: {shown(why)}") from error

    async def aclose(self) -> None:
        """Ends its connections."""
        with suppress(OSError):
            await self._pool.aclose()

    async def _asked(self, packet: bytes, wait_s: float) -> bytes:
        headers = [(b"content-type", PACKET_TYPE.encode())]
        if wait_s >= 1:
            headers.append((b"prefer", b"wait=%d" % min(wait_s, WAIT_S_MAX)))
        patience_s = self._patience_s
        write_s = patience_s + len(packet) / SLOWEST_BYTES_S
        timeout = {"connect": patience_s, "write": write_s, "read": write_s + wait_s, "pool": patience_s}
        body = bytearray()
        async with (
            self._in_time(len(packet), wait_s) as came,
            self._pool.stream(
                b"POST", f"{self.address}{PATH}", headers=headers, content=packet, extensions={"timeout": timeout}
            ) as answer,
        ):
            kind = next((value for name, value in answer.headers if name.lower() == b"content-type"), b"")
            is_packet = answer.status == HTTPStatus.OK and kind == PACKET_TYPE.encode()
            async for piece in answer.aiter_stream():
                body += piece
                came(len(body))
                if len(body) > (PACKET_BYTES_MAX if is_packet else PROBLEM_BYTES_MAX):
                    raise LinkFailed(f"{self.address} answers without an end")
        self._patience_s = self._patience_s_min
        if is_packet:
            return bytes(body)
        raise self._said_no(answer.status, kind, bytes(body))

    @asynccontextmanager
    async def _in_time(self, sent_bytes: int, wait_s: float) -> AsyncIterator[Callable[[int], None]]:
        """Ends what is slower than any line is; told what has come, it waits accordingly longer."""
        began = asyncio.get_running_loop().time()
        latest = began + 4 * PATIENCE_S_MAX + wait_s + sent_bytes / SLOWEST_BYTES_S
        try:
            async with asyncio.timeout_at(latest) as timeout:
                yield lambda came_bytes: timeout.reschedule(latest + came_bytes / SLOWEST_BYTES_S)
        except TimeoutError as error:
            raise LinkFailed(f"{self.address} is too slow") from error

    def _said_no(self, status: int, kind: bytes, body: bytes) -> KeepclearError:
        """What it means that the answer is no packet. What the other side says of itself is shown, and no more than that."""
        if kind == PROBLEM_TYPE.encode() and status in _FINAL:
            with suppress(msgspec.DecodeError, UnicodeDecodeError):
                problem = _PROBLEM.decode(body)
                key = problem.type.removeprefix("keepclear:")
                if _KEY.fullmatch(key):
                    return Refused(key, "The other side has refused the packet", value=problem.detail)
        return LinkFailed(f"{self.address} answers with status {status}, and no packet")


class _Problem(msgspec.Struct):
    type: str
    detail: str


_PROBLEM = msgspec.json.Decoder(_Problem)
# Sent again, the same packet would be refused again.
_FINAL = frozenset({*_STATUS.values(), HTTPStatus.UNPROCESSABLE_ENTITY})


class _Ways(httpcore.AnyIOBackend):
    """Opens connections that say nothing before the other side has shown the certificate on its card.

    opened  how many so far"""

    def __init__(self, peer: Certificate) -> None:
        self._peer = peer
        self.opened = 0

    async def connect_tcp(self, *arguments: Any, **more: Any) -> httpcore.AsyncNetworkStream:
        """See httpcore."""
        self.opened += 1
        return _Way(await super().connect_tcp(*arguments, **more), self._peer)


class _Way(httpcore.AsyncNetworkStream):
    """A connection. What is written goes out when an answer is waited for: the head of a request and its body are one piece to TCP, and
    on a poor link each piece may be lost."""

    def __init__(self, stream: httpcore.AsyncNetworkStream, peer: Certificate) -> None:
        self._stream = stream
        self._peer = peer
        self._written = bytearray()
        self._write_s: float | None = None

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """See httpcore."""
        if self._written:
            written, self._written = self._written, bytearray()
            with suppress(httpcore.WriteError):  # who refuses a packet says so, and ends, before all of it has come
                await self._stream.write(bytes(written), self._write_s)
        return await self._stream.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """See httpcore."""
        self._written += buffer
        self._write_s = timeout

    async def aclose(self) -> None:
        """See httpcore."""
        await self._stream.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        """See httpcore."""
        stream = await self._stream.start_tls(ssl_context, server_hostname, timeout)
        if stream.get_extra_info("ssl_object").getpeercert(binary_form=True) != self._peer.der:
            await stream.aclose()
            raise httpcore.ConnectError("the certificate is not the one on the card")
        return _Way(stream, self._peer)

    def get_extra_info(self, info: str) -> Any:
        """See httpcore."""
        return self._stream.get_extra_info(info)

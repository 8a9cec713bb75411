"""Packets over HTTPS, between real sockets on this machine: who gets in, what comes back, and what a line makes of everything else."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from hashlib import sha256

import pytest

from keepclear.ground.errors import Refused
from keepclear.ground.signing import ED25519, PrivateKey
from keepclear.host.config import Limits, Links
from keepclear.host.link_doors import CONNECTIONS_OF_A_PEER_MAX, LinkDoors
from keepclear.host.serving import loop_factory
from keepclear.links import https
from keepclear.links.certificates import OwnCertificate, certificate_for
from keepclear.links.https import PACKET_TYPE, PATH, Busy, Line, LinkFailed, address_checked, client_context
from keepclear.links.packets import PACKET_BYTES_MAX
from tests.links_of_three import T0

# Only so that a test that fails does so in the end.
PATIENCE_S = 60


def certificate(party: str, drawn: str = "") -> OwnCertificate:
    key = PrivateKey(ED25519, sha256(f"{party} {drawn}".encode()).digest())
    return certificate_for(party, key, T0)


ALPHA, BRAVO, MERIDIAN = certificate("alpha"), certificate("bravo"), certificate("meridian")
STRANGER = certificate("alpha", "somebody else")


class Node:
    """Answers with who has sent what; holds the answer to b"hold" until it is told to go on."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()
        self.holds = asyncio.Event()
        self.let_go = asyncio.Event()
        self.waits: list[float] = []

    async def take(self, peer: str, packet: bytes, wait_s: float) -> bytes:
        self.waits.append(wait_s)
        if packet == b"hold":
            self.holds.set()
            try:
                await self.go_on.wait()
            except asyncio.CancelledError:
                self.let_go.set()
                raise
        if packet == b"refuse":
            raise Refused("packet.magic", "These bytes are no packet", value=packet, mend="Send others.")
        if packet == b"busy":
            raise Busy(7)
        if packet == b"fail":
            raise RuntimeError("a fault of ours")
        return packet[:0] if packet == b"nothing" else f"{peer} says ".encode() + packet


class Place:
    """A node that answers, and what is needed to talk to it."""

    def __init__(self, doors: LinkDoors, node: Node) -> None:
        self.doors = doors
        self.node = node
        self._lines: list[Line] = []

    @property
    def port(self) -> int:
        return int(self.doors.address.rpartition(":")[2])

    def line(self, own: OwnCertificate = BRAVO, peer: OwnCertificate = ALPHA, **more: float) -> Line:
        line = Line(self.doors.address, own, peer.certificate, **more)
        self._lines.append(line)
        return line

    async def connected(self, own: OwnCertificate = BRAVO) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port, ssl=client_context(own, ALPHA.certificate))

    async def close(self) -> None:
        for line in self._lines:
            await line.aclose()


@asynccontextmanager
async def answering(limits: Limits | None = None, port: int = 0) -> AsyncIterator[Place]:
    """Alpha, which has the cards of Bravo and of Meridian."""
    node = Node()
    doors = LinkDoors(Links(port=port), limits or Limits(), ALPHA, node.take)
    doors.peers_are([BRAVO.certificate, MERIDIAN.certificate])
    async with doors.opened():
        place = Place(doors, node)
        try:
            yield place
        finally:
            await place.close()


@pytest.fixture(params=[None, loop_factory()], ids=["asyncio", "of a node"])
def scenario(request):
    def play(played: Callable[[Place], Awaitable[None]], limits: Limits | None = None) -> None:
        async def all_of_it() -> None:
            async with asyncio.timeout(PATIENCE_S), answering(limits) as place:
                await played(place)

        with asyncio.Runner(loop_factory=request.param) as runner:
            runner.run(all_of_it())

    return play


def request_of(body: bytes, *headers: str, method: str = "POST", path: str = PATH, kind: str = PACKET_TYPE) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "host: x", f"content-type: {kind}", f"content-length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(int(line[15:]) for line in head.split(b"\r\n") if line.startswith(b"content-length:"))
    return int(head.split()[1]), await reader.readexactly(length)


# --- who gets in ---


@pytest.mark.promise("LINK-6")
def test_each_peer_is_known_by_its_certificate(scenario):
    async def play(place: Place) -> None:
        bravo, meridian = place.line(BRAVO), place.line(MERIDIAN)
        for _ in range(2):
            assert await bravo.exchange(b"words") == b"bravo says words"
            assert await meridian.exchange(b"words") == b"meridian says words"

    scenario(play)


@pytest.mark.promise("LINK-6")
@pytest.mark.parametrize(
    "own", [STRANGER, ALPHA, certificate("bravo", "drawn anew")], ids=["of nobody", "ours", "of a peer, but another"]
)
def test_who_shows_no_certificate_of_a_peer_is_refused_in_the_handshake(scenario, own):
    async def play(place: Place) -> None:
        with pytest.raises(LinkFailed):
            await place.line(own).exchange(b"words")
        assert place.node.waits == []

    scenario(play)


@pytest.mark.promise("LINK-6")
def test_who_shows_no_certificate_at_all_is_refused_in_the_handshake(scenario):
    async def play(place: Place) -> None:
        bare = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        bare.check_hostname, bare.verify_mode = False, ssl.CERT_NONE
        reader, writer = await asyncio.open_connection("127.0.0.1", place.port, ssl=bare)
        writer.write(request_of(b"words"))
        with suppress(ssl.SSLError, ConnectionError):
            assert await reader.read() == b""
        writer.transport.abort()
        assert place.node.waits == []

    scenario(play)


@pytest.mark.promise("LINK-6")
def test_older_tls_is_not_spoken(scenario):
    async def play(place: Place) -> None:
        older = client_context(BRAVO, ALPHA.certificate)
        older.minimum_version = older.maximum_version = ssl.TLSVersion.TLSv1_2
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await asyncio.open_connection("127.0.0.1", place.port, ssl=older)

    scenario(play)


@pytest.mark.promise("LINK-6")
def test_a_packet_is_not_shown_to_a_server_with_another_certificate_than_that_of_the_card(scenario):
    async def play(place: Place) -> None:
        for other in (STRANGER, MERIDIAN):
            with pytest.raises(LinkFailed, match="certificate"):
                await place.line(BRAVO, other).exchange(b"words")
        assert place.node.waits == []

    scenario(play)


@pytest.mark.promise("LINK-6")
def test_a_certificate_made_with_the_right_key_but_not_that_of_the_card_is_refused_by_both(scenario):
    async def play(place: Place) -> None:
        again = certificate_for("bravo", BRAVO.key, T0)
        with pytest.raises(LinkFailed):
            await place.line(again).exchange(b"words")
        with pytest.raises(LinkFailed, match="certificate"):
            await place.line(BRAVO, certificate_for("alpha", ALPHA.key, T0)).exchange(b"words")
        assert place.node.waits == []

    scenario(play)


@pytest.mark.promise("LINK-6")
def test_a_clock_that_is_wrong_cuts_no_link(scenario):
    async def play(place: Place) -> None:
        of_tomorrow = certificate_for("harbour-aid", BRAVO.key, T0 + 100 * 365 * 86_400_000_000)
        place.doors.peers_are([of_tomorrow.certificate])
        assert await place.line(of_tomorrow).exchange(b"words") == b"harbour-aid says words"

    scenario(play)


@pytest.mark.promise("LINK-7")
def test_a_peer_is_let_in_from_when_it_is_one_until_it_is_one_no_longer(scenario):
    async def play(place: Place) -> None:
        harbour, bravo = certificate("harbour-aid"), place.line(BRAVO)
        assert await bravo.exchange(b"words") == b"bravo says words"
        with pytest.raises(LinkFailed):
            await place.line(harbour).exchange(b"words")
        place.doors.peers_are([BRAVO.certificate, harbour.certificate])
        line = place.line(harbour)
        assert await line.exchange(b"words") == b"harbour-aid says words"
        assert await bravo.exchange(b"words") == b"bravo says words"
        place.doors.peers_are([BRAVO.certificate])
        with pytest.raises(LinkFailed):
            await line.exchange(b"words")
        assert await bravo.exchange(b"words") == b"bravo says words"

    scenario(play)


# --- what comes back ---


@pytest.mark.promise("LINK-8")
def test_an_answer_is_held_until_there_is_something_to_hand_over(scenario):
    async def play(place: Place) -> None:
        line = place.line()
        held = asyncio.create_task(line.exchange(b"hold", 50.0))
        await place.node.holds.wait()
        assert await line.exchange(b"words") == b"bravo says words", "meanwhile others are answered"
        assert not held.done()
        place.node.go_on.set()
        assert await held == b"bravo says hold"
        assert place.node.waits == [50.0, 0.0]

    scenario(play)


@pytest.mark.promise("LINK-8")
@pytest.mark.parametrize(
    ("prefer", "wait_s"),
    [
        ("wait=10", 10.0), ("Wait = 10", 10.0), ('respond-async, wait="10"; x=y', 10.0), ("wait=999999999", https.WAIT_S_MAX),
        ("wait=-1", 0.0), ("wait=soon", 0.0), ("await=10", 0.0), ("", 0.0), ("wait=9999999999", 0.0),
    ],
)  # fmt: skip
def test_for_how_long_is_what_the_caller_prefers_within_limits(scenario, prefer, wait_s):
    async def play(place: Place) -> None:
        reader, writer = await place.connected()
        writer.write(request_of(b"words", f"prefer: {prefer}"))
        assert await answer(reader) == (200, b"bravo says words")
        assert place.node.waits == [wait_s]
        writer.close()

    scenario(play)


@pytest.mark.promise("LINK-8")
def test_what_is_held_for_a_caller_that_has_gone_is_let_go_of(scenario):
    async def play(place: Place) -> None:
        _, writer = await place.connected()
        writer.write(request_of(b"hold", "prefer: wait=300"))
        await place.node.holds.wait()
        writer.transport.abort()
        await place.node.let_go.wait()

    scenario(play)


@pytest.mark.promise("LINK-8")
def test_a_door_closes_though_answers_are_held(scenario):
    async def play(place: Place) -> None:
        held.append(asyncio.create_task(place.line().exchange(b"hold", 300.0)))
        await place.node.holds.wait()

    async def end() -> None:
        with pytest.raises(LinkFailed):
            await held[0]

    held: list[asyncio.Task[bytes]] = []

    async def all_of_it() -> None:
        async with asyncio.timeout(PATIENCE_S):
            async with answering(limits=Limits(drain_us=3_600_000_000)) as place:
                await play(place)
            await end()

    asyncio.run(all_of_it())


@pytest.mark.promise("LINK-8")
def test_who_asks_while_a_door_closes_is_not_held(scenario):
    async def play(place: Place) -> None:
        line = place.line()
        place.doors._answering.stop()
        with pytest.raises(LinkFailed, match="503"):
            await line.exchange(b"hold", 60)
        assert not place.node.holds.is_set()

    scenario(play)


@pytest.mark.parametrize("size", [0, 1, 100_000, PACKET_BYTES_MAX - 20])
def test_packets_of_any_size_go_both_ways(scenario, size):
    async def play(place: Place) -> None:
        assert await place.line().exchange(b"nothing" if size == 0 else bytes(size)) == (
            b"" if size == 0 else b"bravo says " + bytes(size)
        )

    scenario(play)


# --- what is refused ---


@pytest.mark.promise("LINK-9")
def test_what_the_other_side_refuses_is_refused_here_with_its_key(scenario):
    async def play(place: Place) -> None:
        line = place.line()
        with pytest.raises(Refused) as refused:
            await line.exchange(b"refuse")
        assert refused.value.key == "packet.magic"
        assert "These bytes are no packet" in str(refused.value)
        assert await line.exchange(b"words") == b"bravo says words"

    scenario(play)


@pytest.mark.promise("LINK-9")
def test_a_packet_that_is_too_large_is_refused_before_and_while_it_comes(scenario):
    async def play(place: Place) -> None:
        with pytest.raises(Refused) as refused:
            await place.line().exchange(bytes(PACKET_BYTES_MAX + 1))
        assert refused.value.key == "packet.too_large"
        reader, writer = await place.connected()
        writer.write(
            f"POST {PATH} HTTP/1.1\r\ncontent-type: {PACKET_TYPE}\r\ntransfer-encoding: chunked\r\n\r\n".encode()
        )
        said = asyncio.create_task(answer(reader))
        while not said.done():
            writer.write(b"100000\r\n" + bytes(0x100000) + b"\r\n")
            await asyncio.wait([asyncio.create_task(writer.drain()), said], return_when=asyncio.FIRST_COMPLETED)
        assert (await said)[0] == 413
        assert place.node.waits == []
        writer.transport.abort()

    scenario(play)


@pytest.mark.promise("LINK-9")
@pytest.mark.parametrize(
    ("request_bytes", "status", "key"),
    [
        (request_of(b"", path="/"), 404, "link.path"),
        (request_of(b"", path="/link/"), 404, "link.path"),
        (request_of(b"", method="GET"), 405, "link.method"),
        (request_of(b"", kind="text/plain"), 415, "link.type"),
        (request_of(b"busy"), 503, "link.busy"),
        (request_of(b"refuse"), 422, "packet.magic"),
    ],
    ids=["elsewhere", "further down", "GET", "another type", "too much to do", "no packet"],
)  # fmt: skip
def test_everything_else_is_answered_with_what_was_wrong(scenario, request_bytes, status, key):
    async def play(place: Place) -> None:
        reader, writer = await place.connected()
        writer.write(request_bytes)
        said, problem = await answer(reader)
        assert said == status
        assert f'"keepclear:{key}"'.encode() in problem
        writer.close()

    scenario(play)


@pytest.mark.promise("LINK-9")
@pytest.mark.parametrize("packet", [b"busy", b"fail"])
def test_what_may_go_better_later_is_a_line_that_failed(scenario, packet):
    async def play(place: Place) -> None:
        line = place.line()
        with pytest.raises(LinkFailed):
            await line.exchange(packet)
        assert await line.exchange(b"words") == b"bravo says words"

    scenario(play)


# --- crowds, and those who are slow ---


@pytest.mark.promise("LINK-7")
def test_strangers_who_say_nothing_keep_no_peer_out_and_end_none_of_its_connections(scenario):
    async def play(place: Place) -> None:
        reader, writer = await place.connected()
        writer.write(request_of(b"words"))
        assert (await answer(reader))[0] == 200
        silent = [await asyncio.open_connection("127.0.0.1", place.port) for _ in range(20)]
        writer.write(request_of(b"words"))
        assert (await answer(reader))[0] == 200
        assert await place.line(MERIDIAN).exchange(b"words") == b"meridian says words"
        for one in (writer, *(writer for _, writer in silent)):
            one.transport.abort()

    scenario(play, limits=Limits(connections_max=5))


@pytest.mark.promise("LINK-7")
def test_a_peer_that_is_slow_or_has_too_many_connections_holds_up_nobody_but_itself(scenario):
    async def play(place: Place) -> None:
        slow = [await place.connected() for _ in range(CONNECTIONS_OF_A_PEER_MAX)]
        for _, writer in slow:
            writer.write(request_of(bytes(1_000))[:-1])
        assert await place.line(MERIDIAN).exchange(b"words") == b"meridian says words"
        assert await place.line(BRAVO).exchange(b"words") == b"bravo says words", "the oldest of its own made room"
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await answer(slow[0][0])
        for _, writer in slow:
            writer.transport.abort()

    scenario(play)


# --- a line that fails ---


@pytest.mark.promise("LINK-9")
def test_a_node_that_has_gone_is_a_line_that_failed_and_one_that_is_back_is_reached_again():
    async def all_of_it() -> None:
        async with asyncio.timeout(PATIENCE_S):
            async with answering() as place:
                line = Line(place.doors.address, BRAVO, ALPHA.certificate)
                port = place.port
                assert await line.exchange(b"words") == b"bravo says words"
            with pytest.raises(LinkFailed):
                await line.exchange(b"words")
            async with answering(port=port):
                assert await line.exchange(b"words") == b"bravo says words"
            async with answering(port=port):
                assert await line.exchange(b"words") == b"bravo says words", "its kept connection had ended"
            await line.aclose()

    asyncio.run(all_of_it())


@asynccontextmanager
async def server_saying(said: bytes, *, tls: ssl.SSLContext | None) -> AsyncIterator[str]:
    """One with the right certificate, or none, that answers everything with these bytes, and goes on saying nothing."""

    ended: list[asyncio.Future[None]] = []

    async def answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ended.append(asyncio.get_running_loop().create_future())
        here = ended[-1]
        try:
            while await reader.read(65_536):
                writer.write(said)
        except (ConnectionError, ssl.SSLError):
            pass
        writer.transport.abort()
        with suppress(ConnectionError, ssl.SSLError):
            await writer.wait_closed()
        here.set_result(None)

    server = await asyncio.start_server(answers, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    await asyncio.gather(*ended)


PACKET_HEAD = f"HTTP/1.1 200 OK\r\ncontent-type: {PACKET_TYPE}\r\n".encode()


@pytest.mark.promise("LINK-9")
@pytest.mark.parametrize(
    "said",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\x00" * 100, id="no HTTP"),
        pytest.param(PACKET_HEAD, id="half of the headers"),
        pytest.param(PACKET_HEAD + b"content-length: 10\r\n\r\nhalf", id="half an answer"),
        pytest.param(b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 2\r\n\r\nhi", id="a page"),
        pytest.param(
            b"HTTP/1.1 302 Found\r\nlocation: https://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n", id="elsewhere"
        ),
        pytest.param(
            b"HTTP/1.1 403 No\r\ncontent-type: text/html\r\ncontent-length: 2\r\n\r\nno",
            id="a refusal of somebody else",
        ),
        pytest.param(
            b"HTTP/1.1 422 No\r\ncontent-type: application/problem+json\r\ncontent-length: 2\r\n\r\n{}",
            id="a refusal that says nothing",
        ),
        pytest.param(
            b"HTTP/1.1 422 No\r\ncontent-type: application/problem+json\r\n\r\n" + b" " * 20_000,
            id="a refusal without an end",
        ),
    ],
)
def test_an_answer_that_is_none_is_a_line_that_failed(said):
    async def all_of_it() -> None:
        tls = https.server_context(ALPHA, [BRAVO.certificate])
        async with asyncio.timeout(PATIENCE_S), server_saying(said, tls=tls) as address:
            line = Line(address, BRAVO, ALPHA.certificate, patience_s=0.2)
            with pytest.raises(LinkFailed) as failed:
                await line.exchange(b"words")
            assert address in str(failed.value)
            await line.aclose()

    asyncio.run(all_of_it())


@pytest.mark.promise("LINK-9")
def test_an_answer_of_more_bytes_than_a_packet_has_is_not_read_to_its_end():
    async def all_of_it() -> None:
        tls = https.server_context(ALPHA, [BRAVO.certificate])
        endless = PACKET_HEAD + b"content-length: 1000000000000\r\n\r\n" + bytes(PACKET_BYTES_MAX + 1)
        async with asyncio.timeout(PATIENCE_S), server_saying(endless, tls=tls) as address:
            line = Line(address, BRAVO, ALPHA.certificate)
            with pytest.raises(LinkFailed, match="without an end"):
                await line.exchange(b"words")
            await line.aclose()

    asyncio.run(all_of_it())


@pytest.mark.promise("LINK-9")
@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n"], ids=["nothing", "plain HTTP"])
def test_who_speaks_no_tls_is_a_line_that_failed(said):
    async def all_of_it() -> None:
        async with asyncio.timeout(PATIENCE_S), server_saying(said, tls=None) as address:
            line = Line(address, BRAVO, ALPHA.certificate, patience_s=0.2)
            with pytest.raises(LinkFailed):
                await line.exchange(b"words")
            await line.aclose()

    asyncio.run(all_of_it())


@pytest.mark.promise("LINK-9")
def test_an_address_that_nobody_answers_at_is_a_line_that_failed():
    async def all_of_it() -> None:
        with socket.socket() as taken:  # bound, and not listening
            taken.bind(("127.0.0.1", 0))
            line = Line(f"https://127.0.0.1:{taken.getsockname()[1]}", BRAVO, ALPHA.certificate)
            with pytest.raises(LinkFailed):
                await line.exchange(b"words")
            await line.aclose()
        nowhere = Line("https://nowhere.invalid:7118", BRAVO, ALPHA.certificate)
        with pytest.raises(LinkFailed):
            await nowhere.exchange(b"words")
        await nowhere.aclose()

    asyncio.run(all_of_it())


@pytest.mark.parametrize(
    "address",
    ["", "bravo.example:7118", "http://bravo.example", "https://", "https://u:p@bravo.example", "https://bravo.example/link", "https://b:0",
     "https://b:99999", "https://b?x", "https://b#x", "https://[::1", "https://b c"],
)  # fmt: skip
def test_what_is_no_address_of_a_node_is_refused(address):
    with pytest.raises(Refused) as refused:
        address_checked(address, "[links]")
    assert (refused.value.key, refused.value.where) == ("link.address", "[links]")
    assert address_checked("https://bravo.example:7118/") == "https://bravo.example:7118"
    assert address_checked("https://[2001:db8::1]:7118") == "https://[2001:db8::1]:7118"

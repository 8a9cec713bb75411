"""The doors of a node before anybody has shown a token: connections that say nothing, too much, or come in crowds."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from keepclear.ground.errors import Refused
from keepclear.host.certificate import tls_of
from keepclear.host.config import Config, Doors, Limits, config_of
from keepclear.host.connections import AHEAD_MAX, Guests, _counted
from keepclear.host.doors import Server, opened_its_doors, port_of, server_config
from keepclear.host.serving import loop_factory
from tests.certificates import CHAIN, KEY, write_certificate

GET = b"GET /healthz HTTP/1.1\r\nhost: here\r\n\r\n"
# Only so that a test that fails does so in the end.
PATIENCE_S = 30

Connect = Callable[..., Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


class Application:
    """Answers 200 to everything at once, but /slow only once it is let go on; reads no body."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()
        self.asked = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            while True:
                message = await receive()
                await send({"type": f"{message['type']}.complete"})
                if message["type"] == "lifespan.shutdown":
                    return
        if scope["path"] == "/slow":
            self.asked.set()
            await self.go_on.wait()
        if scope["path"] == "/body":
            while (await receive()).get("more_body"):
                pass
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"3")]})
        await send({"type": "http.response.body", "body": b"ok\n"})


@asynccontextmanager
async def serving(limits: Limits, folder: Path | None = None) -> AsyncIterator[tuple[Application, Guests, Connect]]:
    """Doors on this machine; with the certificate in `folder`, if there is one."""
    doors_here = Doors(port=0) if folder is None else Doors(port=0, certificate=CHAIN, key=KEY)
    config = Config(folder or Path(), doors=doors_here, limits=limits)
    guests, application = Guests(limits, tls_of(config)), Application()
    server = Server(server_config(doors_here.host, 0, application, guests, drain_us=limits.drain_us))
    doors = asyncio.create_task(server.serve())
    assert await opened_its_doors(server, doors)
    port = port_of(server)
    writers: list[asyncio.StreamWriter] = []

    async def connect(**tls: Any) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, **tls)
        writers.append(writer)
        return reader, writer

    try:
        yield application, guests, connect
    finally:
        application.go_on.set()
        for writer in writers:
            writer.transport.abort()
        server.should_exit = True
        await doors


async def status(reader: asyncio.StreamReader) -> int:
    """Of the next answer."""
    head = await reader.readuntil(b"\r\n\r\n")
    return int(head.split(b" ")[1])


async def all_of(reader: asyncio.StreamReader) -> bytes:
    """Everything until the other side has ended the connection."""
    said = b""
    try:
        while piece := await reader.read(65_536):
            said += piece
    except ConnectionError:
        pass
    return said


def scenario(
    limits: Limits,
    play: Callable[[Application, Guests, Connect], Awaitable[None]],
    folder: Path | None = None,
    loops: Callable[[], asyncio.AbstractEventLoop] | None = None,
) -> None:
    async def played() -> None:
        async with asyncio.timeout(PATIENCE_S), serving(limits, folder) as (application, guests, connect):
            await play(application, guests, connect)

    with asyncio.Runner(loop_factory=loops) as runner:
        runner.run(played())


@pytest.mark.parametrize("name", ["connections_max", "connections_of_an_address_max"])
def test_a_crowd_that_says_nothing_keeps_nobody_out(name):
    async def play(_application: Application, guests: Guests, connect: Connect) -> None:
        silent = [(await connect())[0] for _ in range(30)]
        reader, writer = await connect()
        writer.write(GET)
        assert await status(reader) == 200
        assert len(guests) == 5
        for one in silent[:26]:
            assert await all_of(one) == b"", "the oldest made room"

    scenario(Limits(**{name: 5}), play)


def test_only_where_all_are_at_work_is_a_new_connection_turned_away():
    async def play(application: Application, guests: Guests, connect: Connect) -> None:
        working = []
        for _ in range(2):
            application.asked.clear()
            reader, writer = await connect()
            writer.write(GET.replace(b"/healthz", b"/slow"))
            await application.asked.wait()
            working.append(reader)
        turned_away, _ = await connect()
        assert await status(turned_away) == 503
        assert len(guests) == 2
        application.go_on.set()
        assert [await status(one) for one in working] == [200, 200]
        reader, writer = await connect()
        writer.write(GET)
        assert await status(reader) == 200, "those that have had their answer make room"

    scenario(Limits(connections_max=2), play)


@pytest.mark.parametrize(
    "begin",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(GET[:-2], id="headers without an end"),
        pytest.param(b"POST /body HTTP/1.1\r\nhost: here\r\ncontent-length: 10\r\n\r\nhalf", id="half a body"),
    ],
)
def test_a_connection_that_keeps_us_waiting_is_ended(begin):
    async def play(_application: Application, guests: Guests, connect: Connect) -> None:
        reader, writer = await connect()
        writer.write(begin)
        assert await all_of(reader) == b""
        assert len(guests) == 0

    scenario(Limits(request_wait_us=100_000), play)


def test_a_body_that_goes_on_behind_its_answer_keeps_no_connection_open():
    async def play(_application: Application, _guests: Guests, connect: Connect) -> None:
        reader, writer = await connect()
        writer.write(b"POST / HTTP/1.1\r\nhost: here\r\ncontent-length: 1000000000\r\n\r\n")
        assert await status(reader) == 200
        ended = asyncio.create_task(all_of(reader))
        while not ended.done():
            writer.write(b"x")
            await asyncio.sleep(0)

    scenario(Limits(request_wait_us=100_000), play)


def test_what_we_take_long_over_is_not_ended():
    async def play(application: Application, guests: Guests, connect: Connect) -> None:
        slow, slow_writer = await connect()
        slow_writer.write(GET.replace(b"/healthz", b"/slow"))
        await application.asked.wait()
        silent, _ = await connect()
        assert await all_of(silent) == b"", "one that came later was ended meanwhile"
        application.go_on.set()
        assert await status(slow) == 200

    scenario(Limits(request_wait_us=100_000), play)


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 40_000 + b"\r\n", id="many"),
        pytest.param(b"GET / HTTP/1.1\r\na: " + b"b" * 200_000 + b"\r\n\r\n", id="one long"),
        pytest.param(b"GET /" + b"b" * 200_000 + b" HTTP/1.1\r\n\r\n", id="a long path"),
        pytest.param(b"GET / HTTP/1.1\r\na: " + b"b" * 200_000, id="one without an end"),
        pytest.param(b"GET /" + b"b" * 200_000, id="a path without an end"),
        pytest.param(b"G" * 200_000, id="no method at all"),
        pytest.param(
            b"POST /body HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n" + b"a: b\r\n" * 40_000, id="behind the body"
        ),
    ],
)  # fmt: skip
def test_headers_have_a_limit_however_they_come(head):
    async def play(_application: Application, guests: Guests, connect: Connect) -> None:
        reader, writer = await connect()
        writer.write(head)
        said = await all_of(reader)
        assert b"200 OK" not in said
        assert said == b"" or said.startswith((b"HTTP/1.1 431 ", b"HTTP/1.1 400 "))
        while len(guests):
            await asyncio.sleep(0)

    scenario(Limits(header_bytes_max=10_000), play)


def test_a_body_is_no_header():
    async def play(_application: Application, _guests: Guests, connect: Connect) -> None:
        reader, writer = await connect()
        for _ in range(2):
            writer.write(b"POST /body HTTP/1.1\r\nhost: here\r\ncontent-length: 1000000\r\n\r\n" + b"x" * 1_000_000)
            assert await status(reader) == 200
            await reader.readexactly(3)

    scenario(Limits(header_bytes_max=100), play)


def test_requests_far_ahead_are_not_kept():
    async def play(application: Application, _guests: Guests, connect: Connect) -> None:
        reader, writer = await connect()
        writer.write(GET.replace(b"/healthz", b"/slow") + GET * (AHEAD_MAX + 1))
        assert (await all_of(reader)).startswith(b"HTTP/1.1 400 ")

    scenario(Limits(), play)


def test_some_requests_ahead_are_answered_in_order():
    async def play(_application: Application, _guests: Guests, connect: Connect) -> None:
        reader, writer = await connect()
        for _ in range(3):
            writer.write(GET * AHEAD_MAX)
            for _ in range(AHEAD_MAX):
                assert await status(reader) == 200
                await reader.readexactly(3)

    scenario(Limits(), play)


def test_an_address_of_ipv6_counts_as_its_network():
    assert _counted(("2001:db8::1", 1)) == _counted(("2001:db8::ffff:2", 1)) != _counted(("2001:db8:0:1::1", 1))
    assert _counted(("192.0.2.1", 1)) == "192.0.2.1"
    assert _counted(("fe80::1%eth0", 1)) == "fe80::/64"


# --- with a certificate ---

of_both_loops = pytest.mark.parametrize(
    "loops", [pytest.param(None, id="asyncio"), pytest.param(loop_factory(), id="of a node")]
)


@pytest.fixture
def certified(tmp_path):
    write_certificate(tmp_path)
    return tmp_path


def trusting(folder: Path) -> ssl.SSLContext:
    """What a client speaks TLS with that trusts the certificate in this folder and no other."""
    return ssl.create_default_context(cafile=str(folder / CHAIN))


@of_both_loops
def test_who_trusts_the_certificate_asks_by_https(certified, loops):
    async def play(_application: Application, guests: Guests, connect: Connect) -> None:
        reader, writer = await connect(ssl=trusting(certified))
        for _ in range(3):
            writer.write(GET)
            assert await status(reader) == 200
            await reader.readexactly(3)
        assert len(guests) == 1
        writer.close()
        while len(guests):
            await asyncio.sleep(0)

    scenario(Limits(), play, certified, loops)


@of_both_loops
def test_who_does_not_trust_the_certificate_ends_it_himself(certified, loops):
    async def play(_application: Application, guests: Guests, connect: Connect) -> None:
        with pytest.raises(ssl.SSLCertVerificationError):
            await connect(ssl=ssl.create_default_context())
        while len(guests):
            await asyncio.sleep(0)

    scenario(Limits(), play, certified, loops)


@of_both_loops
def test_plain_http_gets_no_answer_from_doors_with_a_certificate(certified, loops):
    async def play(_application: Application, guests: Guests, connect: Connect) -> None:
        reader, writer = await connect()
        writer.write(GET)
        assert b"HTTP" not in await all_of(reader)
        while len(guests):
            await asyncio.sleep(0)

    scenario(Limits(), play, certified, loops)


@of_both_loops
@pytest.mark.parametrize("name", ["connections_max", "connections_of_an_address_max"])
def test_a_crowd_that_never_shakes_hands_keeps_nobody_out(certified, name, loops):
    async def play(_application: Application, guests: Guests, connect: Connect) -> None:
        silent = [(await connect())[0] for _ in range(30)]
        reader, writer = await connect(ssl=trusting(certified))
        writer.write(GET)
        assert await status(reader) == 200
        assert len(guests) == 5
        for one in silent[:26]:
            assert await all_of(one) == b"", "the oldest made room"

    scenario(Limits(**{name: 5}), play, certified, loops)


@of_both_loops
@pytest.mark.parametrize(
    "begin", [pytest.param(b"", id="nothing"), pytest.param(b"\x16\x03\x01\x02\x00\x01", id="half a greeting")]
)
def test_a_handshake_takes_no_longer_than_a_request_may(certified, begin, loops):
    async def play(_application: Application, guests: Guests, connect: Connect) -> None:
        reader, writer = await connect()
        writer.write(begin)
        await all_of(reader)
        while len(guests):
            await asyncio.sleep(0)

    scenario(Limits(request_wait_us=100_000), play, certified, loops)


@of_both_loops
def test_where_all_are_at_work_a_handshake_is_not_begun(certified, loops):
    async def play(application: Application, guests: Guests, connect: Connect) -> None:
        working, writer = await connect(ssl=trusting(certified))
        writer.write(GET.replace(b"/healthz", b"/slow"))
        await application.asked.wait()
        turned_away, _ = await connect()
        assert await all_of(turned_away) == b""
        assert len(guests) == 1
        application.go_on.set()
        assert await status(working) == 200

    scenario(Limits(connections_max=1), play, certified, loops)


@of_both_loops
def test_a_request_that_comes_with_the_end_of_the_handshake_is_answered(certified, loops):
    async def play(_application: Application, _guests: Guests, connect: Connect) -> None:
        reader, writer = await connect()
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = trusting(certified).wrap_bio(incoming, outgoing, server_hostname="127.0.0.1")
        said = b""
        while not said.startswith(b"HTTP/1.1 200"):
            try:
                client.do_handshake()
                if not said:
                    client.write(GET)  # in one piece with the last of the handshake
                    said = b" "
                said = said.strip() + client.read(65_536)
            except ssl.SSLWantReadError:
                writer.write(outgoing.read())
                incoming.write(await reader.read(65_536))

    scenario(Limits(), play, certified, loops)


@of_both_loops
def test_doors_close_though_somebody_is_in_the_middle_of_a_handshake(certified, loops):
    async def play(_application: Application, guests: Guests, connect: Connect) -> None:
        await connect()
        while not len(guests):
            await asyncio.sleep(0)

    scenario(Limits(request_wait_us=3_600_000_000), play, certified, loops)


def test_beyond_this_machine_a_node_listens_with_a_certificate_only(certified):
    with pytest.raises(Refused, match="only with TLS"):
        config_of({"doors": {"host": "0.0.0.0"}}, certified)
    doors = config_of({"doors": {"host": "0.0.0.0", "certificate": CHAIN, "key": KEY}}, certified).doors
    assert doors.address == "https://0.0.0.0:7117"


def a_key_that_is_encrypted(folder: Path) -> None:
    (folder / KEY).write_text("-----BEGIN ENCRYPTED PRIVATE KEY-----\n")


def a_key_of_another_certificate(folder: Path) -> None:
    kept = (folder / CHAIN).read_bytes()
    write_certificate(folder)
    (folder / CHAIN).write_bytes(kept)


@pytest.mark.parametrize(
    ("spoil", "key", "where"),
    [
        (lambda folder: (folder / CHAIN).unlink(), "tls.unreadable", "doors.certificate"),
        (lambda folder: (folder / KEY).unlink(), "tls.unreadable", "doors.key"),
        (lambda folder: (folder / CHAIN).write_text(""), "tls.not_pem", "doors.certificate"),
        (lambda folder: (folder / KEY).write_bytes((folder / CHAIN).read_bytes()), "tls.not_pem", "doors.key"),
        (lambda folder: (folder / CHAIN).write_text("-----BEGIN CERTIFICATE-----\n"), "tls.certificate", "doors"),
        (a_key_that_is_encrypted, "tls.encrypted", "doors.key"),
        (a_key_of_another_certificate, "tls.certificate", "doors"),
    ],
)
def test_a_certificate_that_is_no_good_is_refused_with_its_setting(certified, spoil, key, where):
    spoil(certified)
    with pytest.raises(Refused) as refused:
        tls_of(Config(certified, doors=Doors(certificate=CHAIN, key=KEY)))
    assert (refused.value.key, refused.value.where) == (key, where)

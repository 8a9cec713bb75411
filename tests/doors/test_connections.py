"""Who opens connections and says nothing, or never ends, closes the door for nobody else."""

from __future__ import annotations

import asyncio

import uvicorn

from keepclear.host.config import Limits
from keepclear.host.connections import Guests


async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


class _Server(uvicorn.Server):
    def install_signal_handlers(self) -> None:
        pass


async def served(limits, scenario):
    config = uvicorn.Config(app, port=0, lifespan="off", log_config=None, http=Guests(limits).protocol())
    server = _Server(config)
    config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        await scenario(lambda: asyncio.open_connection("127.0.0.1", port))
    finally:
        await server.shutdown()


async def answered(connect) -> bytes:
    reader, writer = await connect()
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    said = await reader.read()
    writer.close()
    return said


async def gone(reader) -> bool:
    try:
        return await asyncio.wait_for(reader.read(), 30) == b""
    except ConnectionError:
        return True


def test_of_too_many_the_one_that_has_been_silent_longest_goes_and_whoever_asks_is_answered():
    async def scenario(connect) -> None:
        silent = [await connect() for _ in range(4)]
        assert (await answered(connect)).endswith(b"ok")
        assert await gone(silent[0][0])
        for _, writer in silent:
            writer.close()

    asyncio.run(served(Limits(connections_max=4), scenario))


def test_an_address_has_so_many_connections_and_no_more():
    async def scenario(connect) -> None:
        held = [await connect() for _ in range(3)]
        reader, writer = await connect()
        assert await gone(reader)
        for _, one in [*held, (reader, writer)]:
            one.close()

    asyncio.run(served(Limits(connections_of_an_address_max=3), scenario))


def test_who_says_no_request_in_time_is_let_go():
    async def scenario(connect) -> None:
        reader, writer = await connect()
        writer.write(b"GET / HTTP/1.1\r\nHos")
        assert await gone(reader)
        writer.close()

    asyncio.run(served(Limits(request_wait_us=50_000), scenario))


def test_headers_that_do_not_end_are_not_listened_to():
    async def scenario(connect) -> None:
        reader, writer = await connect()
        writer.write(b"GET / HTTP/1.1\r\nX: ")
        try:
            for _ in range(1_000):
                writer.write(b"x" * 10_000)
                await writer.drain()
        except ConnectionError:
            pass
        assert await gone(reader)
        writer.close()
        assert (await answered(connect)).endswith(b"ok")

    asyncio.run(served(Limits(header_bytes_max=20_000), scenario))

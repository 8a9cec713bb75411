"""The two ways that `bench.messages` measures: messages between two nodes, and a plain HTTPS POST; each process of them, and what is held
beforehand. Needs what the tests need."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import ssl
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from itertools import count as count_up
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import uvicorn

from bench.durable_events import bare
from keepclear.channel.facts import Place
from keepclear.channel.messages import Marker, Message, Urgency, Words
from keepclear.channel.statements import Act
from keepclear.ground.canon import base64_bytes
from keepclear.ground.signing import private_pem
from keepclear.host.clock import WallClock
from keepclear.host.config import Limits, Links
from keepclear.host.courier import Courier
from keepclear.host.folds import tail_of
from keepclear.host.host import Host
from keepclear.host.link_doors import LinkDoors
from keepclear.host.replaying import node_at
from keepclear.host.serving import loop_factory
from keepclear.host.taking import as_one_write
from keepclear.links.certificates import OwnCertificate, read_certificate
from keepclear.links.https import Line
from keepclear.node import events as e
from keepclear.node.node import Node
from keepclear.record.entries import Committed, Entry
from keepclear.store.store import Store
from keepclear.store.writes import Write

HOUR_US = 3_600_000_000
AT_ONCE = 200
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["bench.message_ways"])


@dataclass(frozen=True)
class Ran:
    """How a turn went: seconds until the last was given, and until the last was there; what each waited; seconds of the processors."""

    given_s: float
    took_s: float
    waits_ms: list[float]
    processor_s: float


def message(number: int, to: str, now_us: int) -> Message:
    """A warning as people send it."""
    return Message(
        salt=f"{number:064x}", sender="alpha", to=to, author="officer.alpha", marker=Marker.WARNING, urgency=Urgency.NOW,
        original=Words("en", f"Keep clear of Kestrel Pass, {number}."), written_at_us=now_us, valid_until_us=now_us + 6 * HOUR_US,
        facts=(Place("go_to", 336_700_000, 380_580_000, 7_200, "33.6700 38.0580"),),
    )  # fmt: skip


async def one_at_a_time(count: int, clients: int, give: Callable[[int], Awaitable[object]]) -> list[float]:
    """So many are given by so many clients, each the next one when the last is done; what each waited, in milliseconds."""
    numbers, waits_ms = iter(range(count)), []

    async def client() -> None:
        for number in numbers:
            began_s = time.perf_counter()
            await give(number)
            waits_ms.append((time.perf_counter() - began_s) * 1e3)

    async with asyncio.TaskGroup() as group:
        for _ in range(clients):
            group.create_task(client())
    return waits_ms


@contextmanager
def _process(target: Callable[..., Awaitable[None]], *args: Any) -> Iterator[Connection]:
    """A process that runs this with one end of a pipe; it ends when the other end says something more."""
    here, there = PROCESSES.Pipe()
    process = PROCESSES.Process(target=_run, args=(target, there, *args), daemon=True)
    process.start()
    there.close()
    try:
        yield here
    finally:
        here.send("stop")
        process.join(120)
        here.close()


def _run(target: Callable[..., Awaitable[None]], there: Connection, *args: Any) -> None:
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(target(there, *args))  # type: ignore[arg-type]


def _heard(pipe: Connection) -> Any:
    if not pipe.poll(1_200):
        raise TimeoutError("a process of the measurement says nothing")
    return pipe.recv()


async def _told_to_stop(pipe: Connection) -> None:
    await asyncio.to_thread(pipe.recv)


# --- ours ---


@dataclass(frozen=True)
class Party:
    """What the process of a party needs."""

    party: str
    url: str
    certificate: bytes


def kept_open(folder: Path, count: int) -> dict[str, float]:
    """What it costs to hold so many messages: seconds and bytes of a snapshot, seconds of a start from it, and of one without."""
    url = _begun(folder)["alpha"].url
    hold(url, count)
    with Store.open(url) as store:
        began_s = time.perf_counter()
        node, _ = node_at(store, store.size())
        replayed_s = time.perf_counter() - began_s
    began_s = time.perf_counter()
    packed = node.packed()
    packed_s = time.perf_counter() - began_s
    began_s = time.perf_counter()
    Node.unpacked(packed)
    return {
        "snapshot_s": packed_s, "snapshot_bytes_each": len(packed) / count, "start_from_snapshot_s": time.perf_counter() - began_s,
        "start_without_s": replayed_s,
    }  # fmt: skip


def ours(folder: Path, *, count: int, clients: int, open_before: int) -> Ran:
    """Alpha gives so many messages to Bravo, and waits for every word of it."""
    parties = _begun(folder)
    if open_before:
        hold(parties["alpha"].url, open_before)
    with _process(_bravo, parties["bravo"]) as bravo:
        port = _heard(bravo)
        with _process(_alpha, parties["alpha"], port, count, clients) as alpha:
            given_s, took_s, waits_ms, processor_s = _heard(alpha)
        bravo.send("how long")
        processor_s += _heard(bravo)
    return Ran(given_s, took_s, waits_ms, processor_s)


def _begun(folder: Path) -> dict[str, Party]:
    from tests.couriers import Keys, begun

    keys = {party: Keys(party) for party in ("alpha", "bravo", "harbour")}
    peers: dict[str, dict[str, tuple[str, ...]]] = {"alpha": {"bravo": (), "harbour": ()}, "bravo": {"alpha": ()}}
    parties = {}
    for party, theirs in peers.items():
        url = f"sqlite:///{folder / party}.sqlite"
        calls = {"bravo"} if party == "alpha" else set()
        begun(url, keys[party], theirs, [own.card for own in keys.values()], calls=calls)
        parties[party] = Party(party, url, keys[party].own.certificate.der)
    return parties


def hold(url: str, count: int) -> None:
    """Puts so many messages into a record that nobody has answered: half are owed to a peer, half are reached by hand."""
    with Store.open(url) as store:
        node, _ = node_at(store, store.size())
        at_us = WallClock().now_us()
        by_hand: list[e.Event] = [e.PartyNamed("northlight", "Northlight"), e.ReachedByHand("northlight", "on paper")]
        store.append([as_one_write(node, by_hand, by="admin", exercise=False, at_us=at_us)])
        for first in range(0, count, AT_ONCE):
            some = [
                message(n + 1_000_000, ("harbour", "northlight")[n % 2], at_us) for n in range(first, first + AT_ONCE)
            ]
            given = [e.MessageGiven(one.payload.decode()) for one in some]
            forms = [
                e.SealedForm(one.id, sha256(one.id.encode()).hexdigest(), 1_000) for one in some if one.to == "harbour"
            ]
            store.append(
                [
                    as_one_write(node, given, by="officer.alpha", exercise=False, at_us=at_us),
                    as_one_write(node, [e.MessagesSealed(tuple(forms))], by="node", exercise=False, at_us=at_us),
                ]
            )


@dataclass
class _Party:
    host: Host
    courier: Courier
    doors: LinkDoors


async def _party(stack: AsyncExitStack, party: Party, port: int) -> _Party:
    from tests.couriers import Keys

    keys = Keys(party.party)
    own = OwnCertificate(read_certificate(party.certificate), keys.own.key)
    store = stack.enter_context(Store.open(party.url))
    node, _ = node_at(store, store.size())
    gc.collect()
    gc.freeze()  # as `keepclear serve` does
    signer = keys.signing.signer
    limits = Limits(snapshot_every_entries=10**9)  # what a snapshot costs is told apart
    host = Host(store, node, limits=limits, clock=WallClock(), signer=signer, tail=tail_of(store))
    stack.push_async_callback(host.close)
    doors: list[LinkDoors] = []

    def peers_are(cards: list[e.CardTaken]) -> None:
        doors[0].peers_are([read_certificate(base64_bytes(card.tls)) for card in cards])

    courier = Courier(
        host, store, signer=signer, opening=keys.opening, peers_are=peers_are,
        way_to=lambda card, _: Line(f"https://127.0.0.1:{port}", own, read_certificate(base64_bytes(card.tls))),
    )  # fmt: skip
    doors.append(LinkDoors(Links(port=0), Limits(), own, courier.answer))
    await stack.enter_async_context(doors[0].opened())
    running = asyncio.create_task(courier.run())
    stack.callback(running.cancel)
    return _Party(host, courier, doors[0])


async def _bravo(pipe: Connection, party: Party) -> None:
    async with AsyncExitStack() as stack:
        bravo = await _party(stack, party, 0)
        began_s = time.process_time()
        pipe.send(int(bravo.doors.address.rpartition(":")[2]))
        await _told_to_stop(pipe)
        pipe.send(time.process_time() - began_s)
        await _told_to_stop(pipe)


async def _alpha(pipe: Connection, party: Party, port: int, count: int, clients: int) -> None:
    async with AsyncExitStack() as stack:
        alpha = await _party(stack, party, port)
        host, received, all_there = alpha.host, 0, asyncio.Event()

        def count_received(given: Any) -> None:
            nonlocal received
            received += sum(f'"act":"{Act.RECEIVED}"' in told.line for told in given.effects.told)
            if received == count:
                all_there.set()

        host.follow(count_received)
        payloads = [message(number, "bravo", host.now_us()).payload.decode() for number in range(count)]

        async def give(number: int) -> None:
            await host.give(e.MessageGiven(payloads[number]), by="officer.alpha", exercise=False)

        began_s, processor_s = time.perf_counter(), time.process_time()
        waits_ms = await one_at_a_time(count, clients, give)
        given_s = time.perf_counter() - began_s
        await all_there.wait()
        pipe.send((given_s, time.perf_counter() - began_s, waits_ms, time.process_time() - processor_s))
        await _told_to_stop(pipe)


# --- plain ---


def plain(folder: Path, *, count: int, clients: int) -> Ran:
    """As many payloads are posted to a server that keeps them."""
    from tests.couriers import Keys

    keys = Keys("bravo")
    now_us = WallClock().now_us()
    payloads = [message(number, "bravo", now_us).payload for number in range(count)]
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(keys.own.certificate.pem)
    key.write_bytes(private_pem(keys.own.key, None))
    with _process(_plain_server, folder / "plain.sqlite", certificate, key) as server:
        port = _heard(server)
        with _process(_plain_clients, port, certificate, payloads, clients) as client:
            took_s, waits_ms, processor_s = _heard(client)
        server.send("how long")
        processor_s += _heard(server)
    return Ran(took_s, took_s, waits_ms, processor_s)


async def _plain_server(pipe: Connection, database: Path, certificate: Path, key: Path) -> None:
    writer, numbers = bare(database), count_up()

    async def answer(_scope: Any, receive: Any, send: Any) -> None:
        body = bytearray()
        while True:
            part = await receive()
            body += part["body"]
            if not part.get("more_body"):
                break
        number = next(numbers)
        entry = Entry(number, number, "posted", "client", False, "", "")
        await asyncio.wrap_future(writer.submit(Write((Committed(entry, bytes(body), b""),))))
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    config = uvicorn.Config(
        answer, host="127.0.0.1", port=0, log_level="error", lifespan="off", access_log=False, ssl_certfile=certificate, ssl_keyfile=key,
    )  # fmt: skip
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    began_s = time.process_time()
    pipe.send(server.servers[0].sockets[0].getsockname()[1])
    await _told_to_stop(pipe)
    pipe.send(time.process_time() - began_s)
    await _told_to_stop(pipe)
    server.should_exit = True
    await serving
    writer.stop()


async def _plain_clients(pipe: Connection, port: int, certificate: Path, payloads: list[bytes], clients: int) -> None:
    context = ssl.create_default_context(cafile=str(certificate))
    context.check_hostname, context.verify_flags = False, ssl.VerifyFlags(0x200000)
    ways = [await asyncio.open_connection("127.0.0.1", port, ssl=context) for _ in range(clients)]

    async def give(number: int) -> None:
        """The least that a client can do: no library of HTTP is measured here but the server's."""
        reader, writer = ways.pop()
        payload = payloads[number]
        writer.write(b"POST / HTTP/1.1\r\nhost: bench\r\ncontent-length: %d\r\n\r\n%s" % (len(payload), payload))
        answer = await reader.readuntil(b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 204 "), answer
        ways.append((reader, writer))

    began_s, processor_s = time.perf_counter(), time.process_time()
    waits_ms = await one_at_a_time(len(payloads), clients, give)
    pipe.send((time.perf_counter() - began_s, waits_ms, time.process_time() - processor_s))
    await _told_to_stop(pipe)
    for _, writer in ways:
        writer.close()

"""A party's node in a process of its own, which kills itself at a named step of an exchange.

It says where it is, over a pipe: ("step", NAME), ("answers at", PORT), ("settled", None) once every message it was to give is settled.
A step is named for what is about to happen, or has just happened:

    before message_given, after message_given   a commit with such an event in it; so for every kind of event
    sending parcels, sending a word             a packet leaves, with parcels in it or with none
    parcels came, a word came                   the answer is here, and nobody has looked at it yet
    called with parcels, called with a word     a packet is here, and nobody has looked at it yet
    answering with parcels, answering with a word
"""

from __future__ import annotations

import asyncio
import os
import signal
import struct
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Lock
from typing import Any

from keepclear.api.desk import Overloaded
from keepclear.channel import links
from keepclear.channel.standing import Debt
from keepclear.channel.statements import Act, Statement
from keepclear.ground.canon import base64_bytes
from keepclear.ground.errors import Refused
from keepclear.ground.signing import read_envelope
from keepclear.host.clock import WallClock
from keepclear.host.config import Limits, Links
from keepclear.host.courier import Courier
from keepclear.host.folds import tail_of
from keepclear.host.host import Host
from keepclear.host.link_doors import LinkDoors
from keepclear.host.replaying import catch_up_views, node_at
from keepclear.host.serving import loop_factory
from keepclear.links.certificates import Certificate, OwnCertificate, read_certificate
from keepclear.links.https import Line
from keepclear.links.packets import MAGIC, read_head
from keepclear.node import events as e
from keepclear.store.store import Store
from keepclear.store.writer import Writer
from keepclear.store.writes import Write
from tests.couriers import Keys

# Whoever waits for a node that was killed waits for a fraction of a second, and not for two.
PAUSE_US = 50_000


@dataclass(frozen=True)
class Part:
    """What a node does in an exchange, and where it ends.

    url      of its record
    certificate  the one on its card (DER)
    calls    where it calls its peers; None: it answers
    gives    the messages that its person gives, unless they were given before
    understands  whether its person understands every message
    kill_at  the step at which the process kills itself, the first time; "": at none"""

    party: str
    url: str
    certificate: bytes
    calls: int | None = None
    gives: tuple[str, ...] = ()
    understands: bool = False
    kill_at: str = ""


@dataclass
class Steps:
    """Says every step, and ends the process at one."""

    part: Part
    says: Connection
    _lock: Lock = field(default_factory=Lock)

    def __call__(self, name: str) -> None:
        self.say("step", name)
        if name == self.part.kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def say(self, word: str, about: Any = None) -> None:
        """One word to whoever has started this."""
        with self._lock:
            self.says.send((word, about))

    def appending(self, append: Callable[[Sequence[Write]], None]) -> Callable[[Sequence[Write]], None]:
        """Commits, with a step before and after."""

        def stepped(group: Sequence[Write]) -> None:
            kinds = dict.fromkeys(one.entry.kind for write in group for one in write.entries)
            for kind in kinds:
                self(f"before {kind}")
            append(group)
            for kind in kinds:
                self(f"after {kind}")

        return stepped

    def answering(self, take: Callable[[str, bytes, float], Awaitable[bytes]]) -> Callable[..., Awaitable[bytes]]:
        """Answers packets, with a step before and after."""

        async def stepped(peer: str, packet: bytes, wait_s: float) -> bytes:
            self(f"called with {what_is_in(packet)}")
            answer = await take(peer, packet, wait_s)
            self(f"answering with {what_is_in(answer)}")
            return answer

        return stepped


class SteppedLine:
    """A line, with a step before and after each exchange."""

    def __init__(self, line: Line, steps: Steps) -> None:
        self._line = line
        self._steps = steps

    async def exchange(self, packet: bytes, wait_s: float = 0.0) -> bytes:
        self._steps(f"sending {what_is_in(packet)}")
        answer = await self._line.exchange(packet, wait_s)
        self._steps(f"{what_is_in(answer)} came")
        return answer

    async def aclose(self) -> None:
        await self._line.aclose()


def what_is_in(packet: bytes) -> str:
    """Whether a packet hands something over, or says only what was taken."""
    (length,) = struct.unpack_from("<I", packet, len(MAGIC))
    begin = len(MAGIC) + 4
    head = read_head(read_envelope(packet[begin : begin + length]).payload)
    return "parcels" if head.parcels else "a word"


def run(part: Part, says: Connection) -> None:
    """Runs the node until SIGTERM; the process ends with 0 where its host has not failed."""
    links.PAUSE_US_MIN = PAUSE_US
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(_run(part, Steps(part, says)))


async def _run(part: Part, steps: Steps) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    keys = Keys(part.party)
    own = OwnCertificate(read_certificate(part.certificate), keys.own.key)
    async with AsyncExitStack() as stack:
        store = stack.enter_context(Store.open(part.url))
        node, account = node_at(store, store.size())
        assert account.different == 0
        catch_up_views(store)
        host = Host(
            store, node, limits=Limits(), clock=WallClock(), signer=keys.signing.signer, tail=tail_of(store),
            writes_with=lambda append, **more: Writer(steps.appending(append), **more),  # type: ignore[arg-type]
        )  # fmt: skip
        stack.push_async_callback(host.close)
        doors: list[LinkDoors] = []
        courier = Courier(
            host, store, signer=keys.signing.signer, opening=keys.opening,
            way_to=lambda card, _: SteppedLine(Line(f"https://127.0.0.1:{part.calls}", own, _certificate(card)), steps),
            peers_are=lambda cards: [door.peers_are([_certificate(card) for card in cards]) for door in doors] and None,
        )  # fmt: skip
        if part.calls is None:
            doors.append(LinkDoors(Links(port=0), Limits(), own, steps.answering(courier.answer)))
            await stack.enter_async_context(doors[0].opened())
            steps.say("answers at", int(doors[0].address.rpartition(":")[2]))
        else:
            steps.say("calls")
        people = [_give(host, part), _until_settled(host, steps)] if part.gives else []
        people += [_understand_all(host, part.party)] if part.understands else []
        tasks = [asyncio.create_task(task) for task in (courier.run(), *people)]
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait([stopped, tasks[0]], return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
    assert host.failure is None, host.failure


def _certificate(card: e.CardTaken) -> Certificate:
    return read_certificate(base64_bytes(card.tls))


# --- the people ---


async def _give(host: Host, part: Part) -> None:
    """Gives what has not been given: a person who got no answer tries again."""
    for payload in part.gives:
        with suppress(Refused):  # this very message was given before
            await _as_often_as_needed(host, partial(e.MessageGiven, payload), f"officer.{part.party}")


async def _understand_all(host: Host, party: str) -> None:
    """Understands every message for this party, once."""
    news = _news(host)
    while True:
        news.clear()
        channel = host.node.talk.channel
        for thread in channel.threads(0, len(channel)):
            said = {kept.statement.act for kept in thread.statements.values() if kept.statement.said_by == party}
            if thread.message.to == party and Act.UNDERSTOOD not in said:
                word = Statement(
                    Act.UNDERSTOOD, party, party, thread.id, host.now_us(), person=f"officer.{party}", facts=thread.message.facts
                )  # fmt: skip
                await _as_often_as_needed(host, partial(e.StatementGiven, word.payload.decode()), f"officer.{party}")
        await news.wait()


async def _until_settled(host: Host, steps: Steps) -> None:
    news, channel = _news(host), host.node.talk.channel
    while not (len(channel) and all(thread.debt is Debt.SETTLED for thread in channel.threads(0, len(channel)))):
        news.clear()
        await news.wait()
    await host.wait_durable(host.node.sequence)
    steps.say("settled")


def _news(host: Host) -> asyncio.Event:
    """Set whenever something has become durable."""
    news = asyncio.Event()
    host.follow(lambda _: news.set())
    return news


async def _as_often_as_needed(host: Host, event: Callable[[], e.Event], by: str) -> None:
    while True:
        try:
            await host.give(event(), by=by, exercise=False)
        except Overloaded as overloaded:
            await asyncio.sleep(overloaded.retry_after_s)
        else:
            return


def url_of(folder: Path, party: str) -> str:
    """Where a party's record is."""
    return f"sqlite:///{folder / party}.sqlite"

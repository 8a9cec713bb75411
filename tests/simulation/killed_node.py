"""A party's node in a process of its own, which kills itself at a named step of an exchange.

It says where it is, over a pipe: ("answers at", PORT) or ("calls", None), ("step", NAME), and ("done", None) once every message that it
was to give is known to have come as far as asked. A step is named for what is about to happen, or has just happened:

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
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from threading import Lock
from typing import Any

from keepclear.api.desk import Overloaded
from keepclear.channel import links
from keepclear.channel.channel import Thread
from keepclear.channel.facts import Place
from keepclear.channel.messages import Marker, Message, Urgency, Words
from keepclear.channel.statements import Act, Statement
from keepclear.ground.canon import base64_bytes
from keepclear.ground.errors import Refused
from keepclear.ground.signing import read_envelope
from keepclear.host.clock import WallClock
from keepclear.host.config import Limits
from keepclear.host.config import Links as LinkSettings
from keepclear.host.courier import Courier
from keepclear.host.folds import tail_of
from keepclear.host.host import Host
from keepclear.host.link_doors import LinkDoors
from keepclear.host.replaying import catch_up_views, node_at
from keepclear.host.serving import loop_factory
from keepclear.links.certificates import Certificate, OwnCertificate, read_certificate
from keepclear.links.https import Line, LinkFailed
from keepclear.links.packets import MAGIC, read_head
from keepclear.node import events as e
from keepclear.store.store import Store
from keepclear.store.writer import Writer
from keepclear.store.writes import Write
from tests.couriers import LATER_US, Keys

# Whoever waits for a node that was killed waits for a fraction of a second, and not for two.
PAUSE_US = 50_000
GIVEN_AT_ONCE = 64


@dataclass(frozen=True)
class Part:
    """What a node does in an exchange, and where it ends.

    url      of its record
    certificate  the one on its card (DER)
    calls    the port at which it calls its peers; None: it answers
    gives    how many messages its person gives to Bravo, unless they were given before; written at `written_at_us`
    until    what Bravo must have said of each, for it to be done
    understands  whether its person understands every message
    answers_lost  how often an answer is lost that the other side has given; `seed` decides which
    kill_at  the step at which the process kills itself, the first time; "": at none"""

    party: str
    url: str
    certificate: bytes
    calls: int | None = None
    gives: int = 0
    written_at_us: int = 0
    until: Act = Act.UNDERSTOOD
    understands: bool = False
    answers_lost: float = 0.0
    seed: int = 0
    kill_at: str = ""


def url_of(folder: Path, party: str) -> str:
    """Where a party's record is."""
    return f"sqlite:///{folder / party}.sqlite"


def message(part: Part, number: int) -> Message:
    """One of the messages that its person gives: the same however often it is asked for."""
    return Message(
        salt=f"{number:064x}", sender=part.party, to="bravo", author=f"officer.{part.party}", marker=Marker.WARNING, urgency=Urgency.NOW,
        original=Words("en", f"Keep clear of Kestrel Pass, {number}."), written_at_us=part.written_at_us,
        valid_until_us=part.written_at_us + LATER_US,
        facts=(Place("go_to", 336_700_000, 380_580_000, 7_200, "33.6700 38.0580"),),
    )  # fmt: skip


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
    """A line, with a step before and after each exchange; some answers are lost."""

    def __init__(self, line: Line, steps: Steps) -> None:
        self._line = line
        self._steps = steps
        self._random = Random(f"{steps.part.seed} {steps.part.party} {os.getpid()}")

    async def exchange(self, packet: bytes, wait_s: float = 0.0) -> bytes:
        """As the line does it."""
        self._steps(f"sending {what_is_in(packet)}")
        answer = await self._line.exchange(packet, wait_s)
        if self._random.random() < self._steps.part.answers_lost:
            raise LinkFailed("the answer was lost")
        self._steps(f"{what_is_in(answer)} came")
        return answer

    async def aclose(self) -> None:
        """Ends it."""
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
    doors: list[LinkDoors] = []

    def peers_are(cards: list[e.CardTaken]) -> None:
        for door in doors:
            door.peers_are([_certificate(card) for card in cards])

    def way_to(card: e.CardTaken, _address: str) -> SteppedLine:
        return SteppedLine(Line(f"https://127.0.0.1:{part.calls}", own, _certificate(card)), steps)

    async with AsyncExitStack() as stack:
        store = stack.enter_context(Store.open(part.url))
        node, account = node_at(store, store.size())
        assert account.different == 0
        catch_up_views(store)
        signer = keys.signing.signer
        host = Host(
            store, node, limits=Limits(), clock=WallClock(), signer=signer, tail=tail_of(store),
            writes_with=lambda append, **more: Writer(steps.appending(append), **more),  # type: ignore[arg-type]
        )  # fmt: skip
        stack.push_async_callback(host.close)
        courier = Courier(host, store, signer=signer, opening=keys.opening, way_to=way_to, peers_are=peers_are)
        if part.calls is None:
            doors.append(LinkDoors(LinkSettings(port=0), Limits(), own, steps.answering(courier.answer)))
            await stack.enter_async_context(doors[0].opened())
            steps.say("answers at", int(doors[0].address.rpartition(":")[2]))
        else:
            steps.say("calls")
        people = [_give(host, part), _until_done(host, part, steps)] if part.gives else []
        people += [_understand_all(host, part.party)] if part.understands else []
        stopped, *tasks = (asyncio.create_task(task) for task in (stop.wait(), courier.run(), *people))
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
    numbers = iter(range(part.gives))

    async def give() -> None:
        for number in numbers:
            with suppress(Refused):  # this very message was given before
                await _given(host, e.MessageGiven(message(part, number).payload.decode()), part.party)

    async with asyncio.TaskGroup() as group:
        for _ in range(GIVEN_AT_ONCE):
            group.create_task(give())


async def _understand_all(host: Host, party: str) -> None:
    """Understands every message for this party, once."""
    news, channel = _news(host), host.node.talk.channel
    seen = 0
    while True:
        news.clear()
        for thread in channel.threads(seen, len(channel) - seen):
            if thread.message.to == party and not _said(thread, party, Act.UNDERSTOOD):
                word = Statement(
                    Act.UNDERSTOOD, party, party, thread.id, host.now_us(), person=f"officer.{party}", facts=thread.message.facts
                )  # fmt: skip
                await _given(host, e.StatementGiven(word.payload.decode()), party)
            seen += 1
        await news.wait()


async def _until_done(host: Host, part: Part, steps: Steps) -> None:
    news, channel = _news(host), host.node.talk.channel
    done = 0
    while done < part.gives:
        news.clear()
        for thread in channel.threads(done, len(channel) - done):
            if not _said(thread, thread.message.to, part.until):
                break
            done += 1
        else:
            if done == part.gives:
                break
        await news.wait()
    await host.wait_durable(host.node.sequence)
    steps.say("done")


def _said(thread: Thread, party: str, act: Act) -> bool:
    return any(
        (kept.statement.said_by, kept.statement.of, kept.statement.act) == (party, party, act)
        for kept in thread.statements.values()
    )


def _news(host: Host) -> asyncio.Event:
    """Set whenever something has become durable."""
    news = asyncio.Event()
    host.follow(lambda _: news.set())
    return news


async def _given(host: Host, event: e.Event, party: str) -> None:
    while True:
        try:
            await host.give(event, by=f"officer.{party}", exercise=False)
        except Overloaded as overloaded:
            await asyncio.sleep(overloaded.retry_after_s)
        else:
            return

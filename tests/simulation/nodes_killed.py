"""Starts the nodes of several parties as processes (`killed_node`), hears what they say, starts again who was killed, and looks at
their records at the end."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from random import Random
from typing import Any

from keepclear.channel.channel import Channel, Thread
from keepclear.channel.statements import Act, Evidence
from keepclear.cli.parties_on_one_machine import Cable
from keepclear.host.clock import WallClock
from keepclear.host.replaying import node_at
from keepclear.store.store import Store
from tests.couriers import Keys, begun
from tests.simulation.killed_node import Part, run, url_of

# Who hands things to whom, and whom that leads to; the one that the others call stands first.
THROUGH_A_RELAY: dict[str, dict[str, tuple[str, ...]]] = {
    "meridian": {"alpha": (), "bravo": ()},
    "bravo": {"meridian": ("alpha",)},
    "alpha": {"meridian": ("bravo",)},
}
STRAIGHT: dict[str, dict[str, tuple[str, ...]]] = {"bravo": {"alpha": ()}, "alpha": {"bravo": ()}}
HAPPENS_WITHIN_S = 60
# Every process begins as a copy of one that has loaded everything.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.simulation.killed_node"])


class Nodes:
    """The processes, and what they say. Whoever dies is started again, and does not kill itself twice.

    steps    by party, how often it was where
    killed   who died, in order
    kill_next  who is killed after so many more of its steps"""

    def __init__(self, parts: dict[str, Part]) -> None:
        self._parts = parts
        self._running: dict[str, ForkServerProcess] = {}
        self._words: dict[str, Connection] = {}
        self.steps: dict[str, Counter[str]] = {party: Counter() for party in parts}
        self.killed: list[str] = []
        self.kill_next: dict[str, int] = {}
        self.cable: Cable | None = None

    def start(self, party: str) -> None:
        """Starts one."""
        part = self._parts[party]
        if self.cable is not None and party != next(iter(self._parts)):
            part = replace(part, calls=self.cable.port)
        words, says = PROCESSES.Pipe(duplex=False)
        process = PROCESSES.Process(target=run, args=(part, says), daemon=True)
        process.start()
        says.close()
        self._running[party], self._words[party] = process, words

    def until(self, *words: str) -> str:
        """Reads what they say until somebody says one of these, and gives which."""
        while True:
            ready = wait(self._words.values(), HAPPENS_WITHIN_S)
            assert ready, f"nobody said {words}; killed: {self.killed}; seen: {self.steps}"
            for party in [party for party, pipe in self._words.items() if pipe in ready]:
                if (said := self._hear(party)) in words:
                    return said

    def _hear(self, party: str) -> str:
        try:
            word, about = self._words[party].recv()
        except EOFError:
            self._died(party)
            return "died"
        if word == "step":
            self.steps[party][about] += 1
            self._count_down(party)
        if word == "answers at":
            self.cable = self.cable or Cable(about)
            self.cable.to_port = about
        return str(word)

    def _count_down(self, party: str) -> None:
        if party in self.kill_next:
            self.kill_next[party] -= 1
            if self.kill_next[party] == 0:
                pid = self._running[party].pid
                assert pid is not None
                os.kill(pid, signal.SIGKILL)

    def _died(self, party: str) -> None:
        process = self._running[party]
        process.join(HAPPENS_WITHIN_S)
        assert process.exitcode == -signal.SIGKILL, f"{party} ended with {process.exitcode}"
        self.killed.append(party)
        self._words[party].close()
        self._parts[party] = replace(self._parts[party], kill_at="")
        self.start(party)

    def stop(self) -> None:
        """Ends all of them; each must end well."""
        for process in self._running.values():
            process.terminate()
        for party, process in self._running.items():
            with self._words[party] as words:
                while words.poll(HAPPENS_WITHIN_S):  # who says something to nobody would wait for ever
                    try:
                        words.recv()
                    except EOFError:
                        break
            process.join(HAPPENS_WITHIN_S)
            assert process.exitcode in (0, -signal.SIGKILL), party
        if self.cable is not None:
            self.cable.close()


@contextmanager
def nodes(
    folder: Path, peers: dict[str, dict[str, tuple[str, ...]]], parts: Mapping[str, Mapping[str, Any]]
) -> Iterator[Nodes]:
    """The nodes of these parties, started; `parts`: what each does, as of `Part`."""
    keys = {party: Keys(party) for party in peers}
    answers = next(iter(peers))
    for party, theirs in peers.items():
        calls = set() if party == answers else {answers}
        begun(url_of(folder, party), keys[party], theirs, [own.card for own in keys.values()], calls=calls)
    now_us = WallClock().now_us()
    some = Nodes(
        {
            party: Part(
                party,
                url_of(folder, party),
                keys[party].own.certificate.der,
                written_at_us=now_us,
                **parts.get(party, {}),
            )
            for party in peers
        }
    )
    try:
        for party in peers:
            some.start(party)
            if party == answers:
                some.until("answers at")
        yield some
    finally:
        some.stop()


@dataclass(frozen=True)
class Held:
    """What a record comes to.

    shown  the message of every line that told of one"""

    channel: Channel
    shown: list[str]


def held(url: str) -> Held:
    """Opens a record, and asserts that it is whole and that what is recorded follows from it."""
    with Store.open(url) as store:
        assert store.faults() == []
        node, account = node_at(store, store.size())
        assert account.different == 0
        lines = (json.loads(line) for one in store.stream() for line in (one.outcome or b"").splitlines())
        return Held(node.talk.channel, [line["message"] for line in lines if line["event"] == "message"])


def check(folder: Path, count: int) -> None:
    """What must hold of Alpha's messages to Bravo at the end, by both records."""
    check_both(held(url_of(folder, "alpha")), held(url_of(folder, "bravo")), count)


def check_both(alpha: Held, bravo: Held, count: int) -> None:
    """Each message is there and was shown once; its sender has the addressee's own word, and both have the same hashes."""
    assert len(alpha.channel) == len(bravo.channel) == count
    assert len(alpha.shown) == len(bravo.shown) == count
    assert set(alpha.shown) == set(bravo.shown) == set(alpha.channel.messages)
    for thread in alpha.channel.threads(0, count):
        there = bravo.channel.thread(thread.id)
        assert alpha.channel.standing(thread.id, 2**62).best("bravo", Act.RECEIVED) is Evidence.EVIDENCED
        assert thread.sealed == there.sealed
        assert _said_by_bravo(thread) == _said_by_bravo(there)


def _said_by_bravo(thread: Thread) -> set[str]:
    return {id for id, kept in thread.statements.items() if kept.statement.said_by == "bravo"}


@dataclass(frozen=True)
class Outcome:
    """What happened on the way of many messages."""

    killed: int
    packets: int


def many_messages(folder: Path, count: int, *, seed: int, answers_lost: float, kills: int) -> Outcome:
    """Alpha gives so many messages to Bravo; answers are lost, and now and then one of the two is killed, until everything is there.
    Asserts that each was shown once."""
    random = Random(seed)
    gives = {"gives": count, "until": Act.RECEIVED, "answers_lost": answers_lost, "seed": seed}
    with nodes(folder, STRAIGHT, {"alpha": gives}) as some:
        for _ in range(kills):
            some.kill_next = {random.choice(["alpha", "bravo"]): random.randint(1, 4 + count // 200)}
            if some.until("died", "done") == "done":
                break
        else:
            some.until("done")
    check(folder, count)
    return Outcome(len(some.killed), sum(times for step, times in some.steps["alpha"].items() if "sending" in step))

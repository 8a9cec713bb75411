"""Three nodes in processes of their own, over HTTPS; one is killed with SIGKILL at each step of an exchange, and starts again from its
record. In the end everything was shown once, is settled by the addressee's own word, and both sides hold the same hashes."""

from __future__ import annotations

import json
import multiprocessing
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing.connection import wait
from pathlib import Path

import pytest

from keepclear.channel.facts import Place
from keepclear.channel.messages import Marker, Message, Urgency, Words
from keepclear.channel.standing import Debt
from keepclear.channel.statements import Act, Evidence
from keepclear.cli.parties_on_one_machine import Cable
from keepclear.host.clock import WallClock
from keepclear.host.replaying import node_at
from keepclear.store.store import Store
from tests.couriers import LATER_US, Keys, begun
from tests.simulation.killed_node import Part, run, url_of

PEERS = {"alpha": {"meridian": ("bravo",)}, "meridian": {"alpha": (), "bravo": ()}, "bravo": {"meridian": ("alpha",)}}
COMMITS = ("before {}", "after {}")
CALLS = ("sending parcels", "sending a word", "parcels came", "a word came")
ANSWERS = ("called with parcels", "called with a word", "answering with parcels", "answering with a word")
STEPS = {
    "alpha": [
        *(when.format(kind) for kind in ("message_given", "messages_sealed", "packet_came") for when in COMMITS),
        *CALLS,
    ],
    "meridian": [*(when.format(kind) for kind in ("messages_sealed", "packet_came") for when in COMMITS), *ANSWERS],
    "bravo": [
        *(when.format(kind) for kind in ("messages_sealed", "packet_came", "statement_given") for when in COMMITS),
        *CALLS,
    ],
}
HAPPENS_WITHIN_S = 30
# Every process begins as a copy of one that has loaded everything.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.simulation.killed_node"])


def messages(count: int) -> tuple[str, ...]:
    now_us = WallClock().now_us()
    return tuple(
        Message(
            salt=f"{number:064x}", sender="alpha", to="bravo", author="officer.alpha", marker=Marker.WARNING, urgency=Urgency.NOW,
            original=Words("en", f"Keep clear of Kestrel Pass, {number}."), written_at_us=now_us, valid_until_us=now_us + LATER_US,
            facts=(Place("go_to", 336_700_000, 380_580_000, 7_200, "33.6700 38.0580"),),
        ).payload.decode()
        for number in range(count)
    )  # fmt: skip


class Nodes:
    """The processes of Alpha, Meridian and Bravo, and what they say. Whoever dies is started again, and is not killed twice."""

    def __init__(self, parts: dict[str, Part]) -> None:
        self._parts = parts
        self._running: dict[str, multiprocessing.Process] = {}
        self._words: dict[str, multiprocessing.connection.Connection] = {}
        self.steps: dict[str, set[str]] = {party: set() for party in parts}
        self.killed: list[str] = []
        self.cable: Cable | None = None

    def start(self, party: str) -> None:
        part, port = self._parts[party], None if self.cable is None else self.cable.port
        words, says = PROCESSES.Pipe(duplex=False)
        if party != "meridian":
            part = replace(part, calls=port)
        process = PROCESSES.Process(target=run, args=(part, says), daemon=True)
        process.start()
        says.close()
        self._running[party], self._words[party] = process, words

    def until(self, word: str) -> None:
        """Reads what they say until somebody says this."""
        while True:
            ready = wait(self._words.values(), HAPPENS_WITHIN_S)
            assert ready, f"nobody said: {word}; killed: {self.killed}; seen: {self.steps}"
            for party in [party for party, words in self._words.items() if words in ready]:
                if self._hear(party) == word:
                    return

    def _hear(self, party: str) -> str:
        try:
            word, about = self._words[party].recv()
        except EOFError:
            self._died(party)
            return "died"
        if word == "step":
            self.steps[party].add(about)
        if word == "answers at":
            self.cable = self.cable or Cable(about)
            self.cable.to_port = about
        return str(word)

    def _died(self, party: str) -> None:
        process = self._running[party]
        process.join(HAPPENS_WITHIN_S)
        assert process.exitcode == -signal.SIGKILL, f"{party} ended with {process.exitcode}"
        self.killed.append(party)
        self._parts[party] = replace(self._parts[party], kill_at="")
        self.start(party)

    def stop(self) -> None:
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
            assert process.exitcode == 0, party
        if self.cable is not None:
            self.cable.close()


@contextmanager
def nodes(folder: Path, gives: tuple[str, ...], kill: dict[str, str]) -> Iterator[Nodes]:
    keys = {party: Keys(party) for party in PEERS}
    cards = [own.card for own in keys.values()]
    for party, peers in PEERS.items():
        begun(url_of(folder, party), keys[party], peers, cards, calls=set() if party == "meridian" else {"meridian"})
    parts = {
        party: Part(party, url_of(folder, party), own.own.certificate.der, kill_at=kill.get(party, ""))
        for party, own in keys.items()
    }
    parts["alpha"] = replace(parts["alpha"], gives=gives)
    parts["bravo"] = replace(parts["bravo"], understands=True)
    some = Nodes(parts)
    try:
        some.start("meridian")
        some.until("answers at")
        some.start("bravo")
        some.start("alpha")
        yield some
    finally:
        some.stop()


def check(folder: Path, count: int) -> None:
    """What must hold at the end, by the three records."""
    held, shown = {}, {}
    for party in PEERS:
        with Store.open(url_of(folder, party)) as store:
            assert store.faults() == []
            node, account = node_at(store, store.size())
            assert account.different == 0, "what follows from the record is what is recorded"
            held[party] = node.talk.channel
            lines = [json.loads(line) for one in store.stream() for line in (one.outcome or b"").splitlines()]
            shown[party] = [line["message"] for line in lines if line["event"] == "message"]
    alpha, bravo = held["alpha"], held["bravo"]
    assert len(alpha) == len(bravo) == count
    assert len(held["meridian"]) == 0, "a relay reads nothing"
    assert shown["alpha"]
    assert sorted(shown["alpha"]) == sorted(shown["bravo"]) == sorted(alpha.messages)
    for thread in alpha.threads(0, count):
        standing, there = alpha.standing(thread.id, 2**62), bravo.thread(thread.id)
        assert standing.debt is Debt.SETTLED
        assert not standing.mismatch
        assert standing.best("bravo", Act.RECEIVED) is Evidence.EVIDENCED
        assert thread.sealed == there.sealed
        assert said_by_bravo(thread) == said_by_bravo(there)


def said_by_bravo(thread):
    return {id for id, kept in thread.statements.items() if kept.statement.said_by == "bravo"}


@pytest.mark.promise("CHANNEL-14", "CHANNEL-16")
@pytest.mark.parametrize(("party", "step"), [(party, step) for party, steps in STEPS.items() for step in steps])
def test_a_node_killed_at_any_step_goes_on_and_everything_is_there_once(folder, party, step):
    with nodes(folder, messages(2), {party: step}) as some:
        some.until("settled")
    assert some.killed == [party]
    check(folder, 2)


def test_these_are_all_the_steps_of_an_exchange(folder):
    with nodes(folder, messages(2), {}) as some:
        some.until("settled")
    assert some.killed == []
    assert some.steps == {party: set(steps) for party, steps in STEPS.items()}
    check(folder, 2)

"""Alpha, Meridian and Bravo as people run them, `keepclear serve` each, killed with SIGKILL at instants that a seed chooses while
messages go between them.

A seed is a bug report: `KEEPCLEAR_CRASH_SEED=N ./test tests/simulation/test_served_links_killed.py`.
"""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from random import Random

import httpx
import pytest

from keepclear.cli.parties_on_one_machine import Cable, RunningNode, all_started, begun, pair
from keepclear.host.config import read_config
from tests.simulation.nodes_killed import check_both, held

SEEDS = [int(os.environ["KEEPCLEAR_CRASH_SEED"])] if "KEEPCLEAR_CRASH_SEED" in os.environ else range(1)
MESSAGES, KILLS = 30, 3


def nodes(folder: Path) -> list[RunningNode]:
    return [
        begun(folder / party, party, party.title(), {"otto": "watch_officer"}, answers=party == "meridian")
        for party in ("alpha", "meridian", "bravo")
    ]


def introduce(alpha: RunningNode, meridian: RunningNode, bravo: RunningNode, cable: Cable) -> None:
    for one, other in ((alpha, meridian), (bravo, meridian), (alpha, bravo)):
        pair(one, other, "the other side's administrator, by telephone")
    for node, beyond in ((alpha, "bravo"), (bravo, "alpha")):
        peer = {"leads_to": [beyond], "address": f"https://127.0.0.1:{cable.port}"}
        node.ask("admin", "PUT", "/v1/peers/meridian", peer)
        meridian.ask("admin", "PUT", f"/v1/peers/{node.party}", {})


class Poster(threading.Thread):
    """Sends messages as a program does that may not get an answer: again, with the same key.

    up     cleared while Alpha is down
    posted  let go once for each message that was answered"""

    def __init__(self, alpha: RunningNode) -> None:
        super().__init__(daemon=True)
        self._alpha = alpha
        self.up = threading.Event()
        self.up.set()
        self.posted = threading.Semaphore(0)
        self.ids: list[str] = []

    def run(self) -> None:
        for number in range(MESSAGES):
            self.ids.append(self._post(number))
            self.posted.release()

    def _post(self, number: int) -> str:
        body = {"to": "bravo", "marker": "warning", "text": f"Keep clear, {number}.", "valid_for": "6 h"}
        headers = {"Authorization": f"Bearer {self._alpha.tokens['otto']}", "Idempotency-Key": f"message-{number}"}
        while True:
            self.up.wait()
            try:
                answer = httpx.post(
                    f"{self._alpha.address}/v1/messages", json=body, headers=headers, timeout=30, trust_env=False
                )
            except httpx.TransportError:
                continue
            return str(answer.raise_for_status().json()["message"])


@pytest.mark.promise("CHANNEL-14", "CHANNEL-16")
@pytest.mark.parametrize("seed", SEEDS)
def test_nodes_that_are_served_and_killed_lose_nothing_and_show_nothing_twice(tmp_path, seed):
    random, some = Random(seed), nodes(tmp_path)
    alpha, meridian, bravo = some
    with all_started(some):
        cable = Cable(int(meridian.links.rpartition(":")[2]))
        introduce(alpha, meridian, bravo, cable)
        poster = Poster(alpha)
        poster.start()
        for _ in range(KILLS):
            for _ in range(random.randint(1, MESSAGES // KILLS)):
                assert poster.posted.acquire(timeout=60)
            doomed = random.choice(some)
            if doomed is alpha:
                poster.up.clear()
            doomed.stop(signal.SIGKILL)
            doomed.start()
            cable.to_port = int(meridian.links.rpartition(":")[2])
            poster.up.set()
        poster.join()
        bravo.until("every message", lambda: len(listed(bravo)) == MESSAGES)
        alpha.until("every word", lambda: all(is_received(alpha, id) for id in poster.ids))
        cable.close()
    records = [held(read_config(node.folder).store_url) for node in (alpha, bravo)]
    check_both(records[0], records[1], MESSAGES)


def listed(node: RunningNode) -> list[object]:
    found: list[object] = node.ask("otto", "GET", "/v1/messages?limit=1000")["items"]
    return found


def is_received(node: RunningNode, message: str) -> bool:
    hops = node.ask("otto", "GET", f"/v1/messages/{message}")["hops"]
    return any((hop["party"], hop["received"]) == ("bravo", "evidenced") for hop in hops)

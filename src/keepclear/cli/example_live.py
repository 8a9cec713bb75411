"""The example at at-Tanf, moving: two nodes on this machine, whose console a person looks at, until it is stopped.

Everything is invented and an exercise. Everything goes through the doors of the nodes in the names of their users; and out of the first
party's node nothing goes unless the person at its console sends it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from keepclear.cli.exercise_begin import OFFICER, OTHER_OFFICER, PLAYED, roles, set_up
from keepclear.cli.parties_on_one_machine import DidNotHappen, RunningNode, begun
from keepclear.cli.played_officer import PlayedOfficer
from keepclear.cli.scenery import CONVOY_ENTERS_S, CONVOY_SEEN_S, FEEDS, OTHERS_FEED, ROUND_S, Scenery
from keepclear.cli.stopping import Stop
from keepclear.cli.telling_examples import now_us

LOOK_EVERY_S = 0.1
LOOK_AT_ENTRANCES_S = 3
# The convoy is seen to turn so long after the answer.
TURNS_AFTER_S = 15
INTRODUCTION = """\
EXERCISE. At-Tanf, with everything on it invented: the parties Alpha and Bravo, every position, every word. Nothing here is a report.
"""


def tell(folder: Path, *, is_left: bool, stop: Stop) -> list[RunningNode]:
    """Runs the example in a new folder until it is stopped; gives the nodes. Raises `DidNotHappen`."""
    print(INTRODUCTION, end="")
    print("Two nodes are set up on this machine ...", flush=True)
    alpha = begun(folder / "alpha", "alpha", "Alpha", roles("alpha"), answers=False)
    bravo = begun(folder / "bravo", "bravo", "Bravo", roles("bravo"), answers=True)
    with _both_started(alpha, bravo, stop):
        tokens = set_up(alpha, bravo)
        # Else the first thing on the screen were that Bravo is not reached.
        alpha.until("the link to Bravo", lambda: _reaches_everybody(alpha))
        print(_addresses(alpha, bravo), flush=True)
        _go_on(alpha, bravo, tokens, stop)
        print("\nStopping ...", flush=True)
    if is_left:
        print(f"The records are in {alpha.folder} and {bravo.folder}. Next: keepclear watchlog {alpha.folder}")
    else:
        print("Ended. Nothing is left of it: with --folder FOLDER the records are.")
    return [alpha, bravo]


def _reaches_everybody(node: RunningNode) -> bool:
    peers = node.ask("otto", "GET", "/v1/peers")["items"]
    return all(peer["heard_at"] is not None and not peer["failure"] for peer in peers)


@contextmanager
def _both_started(alpha: RunningNode, bravo: RunningNode, stop: Stop) -> Iterator[None]:
    """Both at once, and both stopped at the end. What fails after a stop was asked for has failed because of it."""
    nodes = (alpha, bravo)
    with ThreadPoolExecutor() as both:
        try:
            try:
                for started in [both.submit(node.start) for node in nodes]:
                    started.result()
            except DidNotHappen:
                # Behind a stop the nodes are gone, and the first question to one of them ends it.
                if not stop.asked:
                    raise
            yield
        except httpx.TransportError as error:
            if not stop.asked:
                raise DidNotHappen(
                    f"a node of the example does not answer any more ({error}): start it again"
                ) from error
        except DidNotHappen:
            if not stop.asked:
                raise
        finally:
            for stopped in [both.submit(node.stop) for node in nodes]:
                stopped.result()


# --- what a person reads ---


def _addresses(alpha: RunningNode, bravo: RunningNode) -> str:
    return f"""
You are Otto, the watch officer of Alpha. Open this in a browser on this machine; it signs you in, once:

    {_invitation(alpha, OFFICER)}

In about {CONVOY_SEEN_S} s a convoy comes near the zone, and in about {CONVOY_ENTERS_S} s it enters.
Everything goes round every {ROUND_S // 60} minutes.
Bravo's officer is played, and answers what you send. To be Boris of Bravo yourself, open this in another window:

    {_invitation(bravo, OTHER_OFFICER)}

Ctrl-C ends it.
"""


def _invitation(node: RunningNode, user: str) -> str:
    """An address that lets its first visitor in, without a password to choose: the browser draws one and forgets it.

    A browser keeps one session for each name of a host, whatever the port: the two desks have two names of this machine."""
    path = node.ask("admin", "POST", f"/v1/users/{user}/invites")["path"]
    address = node.address if node.party == "alpha" else node.address.replace("127.0.0.1", "localhost")
    return f"{address}{path}/exercise"


# --- while it runs ---


class Reporting:
    """Brings positions to feeds, each with the token of that feed."""

    def __init__(self, nodes: dict[str, RunningNode], tokens: dict[str, str]) -> None:
        self._nodes, self._tokens = nodes, tokens
        self._client = httpx.Client(timeout=60.0, trust_env=False)

    def bring(self, feed: str, rows: list[dict[str, Any]]) -> None:
        """Raises `DidNotHappen` where a row was not taken."""
        node = self._nodes[feed]
        headers = {"Authorization": f"Bearer {self._tokens[feed]}"}
        answer = self._client.post(f"{node.address}/v1/feeds/{feed}/positions", json=rows, headers=headers)
        if answer.status_code != 200 or answer.json()["refused"]:
            raise DidNotHappen(f"{node.party} did not take positions of {feed}: {answer.text}")


class Entrances:
    """Who has come in at which desk. An address lets one browser in; whoever wants another browser is shown another address."""

    def __init__(self, *desks: tuple[RunningNode, str]) -> None:
        self._desks = desks
        self._seen: set[str] = set()

    def entered(self) -> list[RunningNode]:
        """The nodes where somebody has come in since it was asked last."""
        found = []
        for node, user in self._desks:
            sessions = node.ask("admin", "GET", "/v1/sessions")["items"]
            new = {one["id"] for one in sessions if one["user"] == user} - self._seen
            if new:
                self._seen |= new
                found.append(node)
                print(f"Somebody is at the desk of {user} of {node.party}. For another browser, in place of that one:")
                print(f"    {_invitation(node, user)}", flush=True)
        return found


def _go_on(alpha: RunningNode, bravo: RunningNode, tokens: dict[str, str], stop: Stop) -> None:
    """Lets everybody move, and the other side's officer act, until it is stopped."""
    scenery = Scenery(now_us())
    reporting = Reporting({OTHERS_FEED[0]: bravo} | dict.fromkeys(FEEDS, alpha), tokens)
    officer = PlayedOfficer(bravo, PLAYED, "alpha")
    entrances = Entrances((alpha, OFFICER), (bravo, OTHER_OFFICER))
    turned_s: dict[int, int] = {}
    began_s = time.monotonic()
    second = 0
    while not stop.asked:
        now_s = time.monotonic() - began_s
        if now_s < second:
            time.sleep(LOOK_EVERY_S)
            continue
        # What a busy machine did not come to goes out as the newest of each feed.
        due: dict[str, list[dict[str, Any]]] = {}
        for one in range(second, int(now_s) + 1):
            due |= scenery.rows(one, turned_s)
        for feed, rows in due.items():
            reporting.bring(feed, rows)
        second = int(now_s) + 1
        if second % LOOK_AT_ENTRANCES_S == 0:
            for node in entrances.entered():
                officer.sits_there = officer.sits_there or node is bravo
        if officer.act(now_s):
            number, within_s = divmod(second, ROUND_S)
            turned_s.setdefault(number + 1, within_s + TURNS_AFTER_S)

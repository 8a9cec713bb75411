"""What an example of several parties tells while it happens, and what it asks their nodes for.

Everything is an exercise, and everything that is told was asked of the nodes through their doors.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import Any

from keepclear.cli.parties_on_one_machine import DidNotHappen, RunningNode
from keepclear.render.message_words import as_given
from keepclear.render.talk_sentences import short

OFFICER = "otto"
PEOPLE = {OFFICER: "watch_officer", "petra": "planner"}
ZONE = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature", "id": "kestrel-pass", "geometry": {"type": "Point", "coordinates": [38.6, 33.5]},
            "properties": {"name": "Kestrel Pass", "radius": "20 km"},
        }
    ],
}  # fmt: skip
_WHOLE_ID = re.compile(r"[0-9a-f]{64}")


class Told:
    """What is told while it happens: numbered steps, what is given to the nodes and by whom, and what they say."""

    def __init__(self) -> None:
        self.steps = 0

    def step(self, text: str) -> None:
        """What is done next."""
        self.steps += 1
        print(f"\n{self.steps}. {text}", flush=True)

    def seen(self, who: str, text: str) -> None:
        """What a node says."""
        print(f"   {who:<11} {text}", flush=True)

    def ask(self, node: RunningNode, who: str, method: str, path: str, body: Any = None, **asked: Any) -> Any:
        """Asks a node, and tells that it was asked. Raises `DidNotHappen` where it refuses."""
        shown = _WHOLE_ID.sub(lambda id: short(id[0]), path)
        print(f"   {node.party:<11} < {who}: {method} {shown}", flush=True)
        return node.ask(who, method, path, body, **asked)


def whole(node: RunningNode, message: str) -> dict[str, Any]:
    """A message with its standing, as a node holds it."""
    found: dict[str, Any] = node.ask(OFFICER, "GET", f"/v1/messages/{message}")
    return found


def messages(node: RunningNode) -> list[dict[str, Any]]:
    """The messages that a node holds, in the order it learned of them."""
    items: list[dict[str, Any]] = node.ask(OFFICER, "GET", "/v1/messages?limit=1000")["items"]
    return items


def has(node: RunningNode, message: str) -> dict[str, Any] | None:
    """A message in the list of a node; None while it is not there."""
    return next((one for one in messages(node) if one["message"] == message), None)


def alert(node: RunningNode, key: str) -> dict[str, Any] | None:
    """The newest alert of this key; None while there is none."""
    found = node.ask(OFFICER, "GET", f"/v1/alerts?key={key}")["items"]
    return found[-1] if found else None


def until_debt(node: RunningNode, message: str, debt: str) -> dict[str, Any]:
    """Waits until what a message asks for stands so; gives the message."""

    def stands() -> dict[str, Any] | None:
        found = whole(node, message)
        return found if found["debt"] == debt else None

    found: dict[str, Any] = node.until(f"{debt} of message {short(message)}", stands)
    return found


def until_hop(node: RunningNode, message: str, party: str, act: str) -> dict[str, Any]:
    """Waits until a party's own word says that it did this with a message; gives what is known of that party."""

    def hop() -> dict[str, Any] | None:
        hops = whole(node, message)["hops"]
        return next((one for one in hops if one["party"] == party and one[act] == "evidenced"), None)

    found: dict[str, Any] = node.until(f"{act} by {party}", hop)
    return found


def facts_of(node: RunningNode, message: str) -> list[dict[str, Any]]:
    """The facts of a message, as somebody would write them."""
    return [as_given(fact) for fact in whole(node, message)["content"]["facts"]]


def wrong_digit(place: str) -> str:
    """Another digit in the second place behind the first point: about a kilometre off."""
    at = place.index(".") + 2
    return f"{place[:at]}{(int(place[at]) + 1) % 10}{place[at + 1 :]}"


def tell_differences(told: Told, node: RunningNode, message: str) -> None:
    """Tells each field of a read-back that is not as it was said, once the node shows it."""
    node.until("the mismatch", lambda: whole(node, message)["mismatch"])
    for one in whole(node, message)["statements"]:
        for field in one["fields"]:
            if field["verdict"] != "same":
                off = f", {field['off_m']:,.0f} m off" if field["off_m"] is not None else ""
                told.seen(node.party, f"the read-back differs: {field['name']} {field['verdict']}{off}")
    told.seen(node.party, node.until("the alert", lambda: alert(node, "read_back_differs"))["text"])


def understood(told: Told, node: RunningNode, message: str, facts: list[dict[str, Any]]) -> None:
    """The officer of a node reads a message back."""
    said = {"act": "understood", "person": OFFICER, "facts": facts}
    told.ask(node, OFFICER, "POST", f"/v1/messages/{message}/statements", said)


def said_between(node: RunningNode, one: str, other: str) -> dict[str, list[str]]:
    """For each message between two parties, the hashes of what was sealed, and of what each said of it to the other."""
    found = {}
    for listed in messages(node):
        if {listed["sender"], listed["to"]} == {one, other}:
            held = whole(node, listed["message"])
            said = [step["statement"] for step in held["statements"] if step["said_by"] == listed["to"]]
            found[listed["message"]] = sorted([*held["sealed"], *said])
    return found


def compare(told: Told, one: RunningNode, other: RunningNode) -> None:
    """Waits until two nodes hold the same of each other's messages, and tells it."""
    told.step("What both hold of each other's messages is compared.")
    parties = one.party, other.party
    one.until("every word", lambda: said_between(one, *parties) == said_between(other, *parties))
    shared = said_between(one, *parties)
    hashes = sum(len(found) for found in shared.values())
    told.seen(
        "both",
        f"{len(shared)} messages, {hashes} hashes of what was sealed and said: every one the same on both sides.",
    )


def keys_of(nodes: list[RunningNode]) -> dict[str, str]:
    """The public key that each node signs its record with, by party."""
    return {node.party: node.ask("admin", "GET", "/v1/card")["signs"] for node in nodes}


def verify(told: Told, nodes: list[RunningNode], keys: dict[str, str]) -> None:
    """Exports the records of nodes that were stopped, and verifies each from its bytes and its key alone."""
    told.step("Each record is exported, and verified from its bytes and its public key alone.")
    for node in nodes:
        export = node.folder.with_suffix(".jsonl")
        _keepclear("record", "export", "--node", str(node.folder), "--output", str(export))
        said = json.loads(_keepclear("record", "verify", str(export), "--key", keys[node.party]).splitlines()[-1])
        if not said["sound"]:
            raise DidNotHappen(f"the record of {node.party} is not sound: {said}")
        told.seen(
            node.party,
            f"sound: {said['end']} entries, {said['checkpoints']} checkpoints signed by its key {said['signers'][0][:8]}",
        )


def _keepclear(*arguments: str) -> str:
    done = subprocess.run([sys.executable, "-m", "keepclear", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise DidNotHappen(f"keepclear {' '.join(arguments)}: {done.stdout}{done.stderr}")
    return done.stdout


def now_us() -> int:
    """What the clock of this machine shows."""
    from keepclear.host.clock import WallClock

    return WallClock().now_us()

"""The example of the relay: three nodes on this machine, over HTTPS with certificates on both sides, and a warning from one to another.

Everything is an exercise, and everything that is told was asked of the three nodes through their doors.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from keepclear.cli.parties_on_one_machine import Cable, DidNotHappen, RunningNode, all_started, begun, pair
from keepclear.ground.instants import utc_text
from keepclear.render.talk_sentences import short

INTRODUCTION = """\
Alpha watches Kestrel Pass. Bravo has vehicles there. They do not talk to each other; Meridian passes on between them what it cannot
read. Three nodes on this machine, over HTTPS with a certificate on both sides; nobody can call Alpha or Bravo, so they call Meridian.
All of it is an exercise.
"""
ZONE = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature", "id": "kestrel-pass", "geometry": {"type": "Point", "coordinates": [38.6, 33.5]},
            "properties": {"name": "Kestrel Pass", "radius": "20 km"},
        }
    ],
}  # fmt: skip
MINUTE_US = 60_000_000
OFFICER = "otto"


class Told:
    """What is told while it happens: numbered steps, and what the nodes said."""

    def __init__(self) -> None:
        self.steps = 0

    def step(self, text: str) -> None:
        """What is done next."""
        self.steps += 1
        print(f"\n{self.steps}. {text}", flush=True)

    def seen(self, who: str, text: str) -> None:
        """What a node says."""
        print(f"   {who:<9} {text}", flush=True)


def tell(folder: Path, *, kept: bool) -> None:
    """Runs the example in a new folder, where the three records stay while it does. Raises `DidNotHappen`."""
    told = Told()
    print(INTRODUCTION, end="")
    people = {OFFICER: "watch_officer", "petra": "planner"}
    alpha = begun(folder / "alpha", "alpha", "Alpha", people, answers=False)
    meridian = begun(folder / "meridian", "meridian", "Meridian", people, answers=True)
    bravo = begun(folder / "bravo", "bravo", "Bravo", people, answers=False)
    with all_started([alpha, meridian, bravo]):
        cable = Cable(int(meridian.links.rpartition(":")[2]))
        try:
            _pair_all(told, alpha, meridian, bravo, cable)
            first = _warn(told, alpha, bravo)
            _read_back_wrong(told, alpha, bravo, first)
            _correct(told, alpha, bravo, first)
            _cut_and_mend(told, alpha, bravo, cable)
            _compare(told, alpha, bravo)
        finally:
            cable.close()
        keys = {node.party: node.ask("admin", "GET", "/v1/card")["signs"] for node in (alpha, meridian, bravo)}
    _verify(told, [alpha, meridian, bravo], keys)
    if kept:
        print(f"\nThe three records are in {folder}. Next: keepclear record show --node {folder / 'alpha'}")
    else:
        print("\nNext: keepclear example relay --folder three-nodes, to look into the three records yourself.")


def _pair_all(told: Told, alpha: RunningNode, meridian: RunningNode, bravo: RunningNode, cable: Cable) -> None:
    told.step("They exchange cards, and their people read a number to each other by telephone.")
    for one, other in ((alpha, meridian), (bravo, meridian), (alpha, bravo)):
        number = pair(one, other, "the other side's administrator, by telephone, whose voice is known")
        told.seen(f"{one.party}", f"and {other.party}: {number[:23]} ... {number[-11:]}")
    alpha.ask("admin", "PUT", "/v1/peers/meridian", {"leads_to": ["bravo"], "address": meridian.links})
    bravo.ask(
        "admin", "PUT", "/v1/peers/meridian", {"leads_to": ["alpha"], "address": f"https://127.0.0.1:{cable.port}"}
    )
    for party in ("alpha", "bravo"):
        meridian.ask("admin", "PUT", f"/v1/peers/{party}", {})


def _warn(told: Told, alpha: RunningNode, bravo: RunningNode) -> str:
    told.step(
        "A report comes in at Alpha: 20 to 27 vehicles of Bravo in Kestrel Pass. Its node raises an alert; nobody has sent anything."
    )
    alpha.ask("petra", "PUT", "/v1/zones", ZONE)
    alpha.ask("petra", "PUT", "/v1/feeds/patrol", {"source": "Patrol of Alpha"})
    now_us = _now_us()
    rows = [
        {"subject": "Bravo column", "seen_at": utc_text(now_us - ago * MINUTE_US), "lat": lat, "lon": 38.6, "error_m": 50, "exercise": True}
        for ago, lat in ((6, 33.70), (5, 33.66), (4, 33.62), (3, 33.60))
    ]  # fmt: skip
    alpha.ask(OFFICER, "POST", "/v1/feeds/patrol/positions", rows)
    alert = alpha.until("the alert", lambda: _alert(alpha, "entered"))
    told.seen("alpha", alert["text"])
    told.step("Otto of Alpha has a warning drafted from the alert, reads it, and sends it to Bravo.")
    draft = alpha.ask(OFFICER, "POST", "/v1/messages/draft", {"alert": alert["id"], "to": "bravo"})
    draft |= {"reply_within": "30 min", "valid_for": "6 h"}
    told.seen("alpha", draft["text"])
    found = alpha.ask(OFFICER, "POST", "/v1/messages/check", draft)["findings"]
    told.seen("alpha", "The check before sending finds nothing." if not found else f"The check found: {found}")
    sent = alpha.ask(OFFICER, "POST", "/v1/messages", draft)["message"]
    come = bravo.until("the message", lambda: _has(bravo, sent))
    told.seen("bravo", f"{come['sender']} has sent a {come['marker']}: message {short(sent)}.")
    _until_hops(alpha, sent, "meridian", "forwarded")
    hop = _until_hops(alpha, sent, "bravo", "received")
    told.seen(
        "alpha",
        f"meridian passed it on: evidenced. bravo has exactly these bytes: {hop['received']}. Nobody has understood it yet.",
    )
    return str(sent)


def _read_back_wrong(told: Told, alpha: RunningNode, bravo: RunningNode, sent: str) -> None:
    told.step("Otto of Bravo reads it back, with one wrong digit in the place.")
    facts = _facts(bravo, sent)
    place = next(fact for fact in facts if fact["name"] == "seen")
    said = place["text"]
    place["text"] = _wrong_digit(said)
    told.seen("bravo", f"reads back: {place['text']}  (it was {said})")
    _understood(bravo, sent, facts)
    alpha.until("the mismatch", lambda: _whole(alpha, sent)["mismatch"])
    fields = [
        field for one in _whole(alpha, sent)["statements"] for field in one["fields"] if field["verdict"] != "same"
    ]
    for field in fields:
        told.seen("alpha", f"the read-back differs: {field['name']} {field['verdict']}, {field['off_m']:,.0f} m off")
    told.seen("alpha", alpha.until("the alert", lambda: _alert(alpha, "read_back_differs"))["text"])


def _correct(told: Told, alpha: RunningNode, bravo: RunningNode, first: str) -> None:
    told.step("Otto of Alpha says it again, as a new version; Bravo understands, and answers.")
    content = _whole(alpha, first)["content"]
    again = {
        "to": "bravo", "marker": content["marker"], "urgency": content["urgency"], "text": content["original"]["text"],
        "language": content["original"]["language"], "facts": _facts(alpha, first), "supersedes": first, "about": content["about"],
        "reply_within": "30 min", "valid_for": "6 h",
        "translations": [{key: one[key] for key in ("language", "text", "by")} for one in content["translations"]],
    }  # fmt: skip
    corrected = alpha.ask(OFFICER, "POST", "/v1/messages", again)["message"]
    bravo.until("the correction", lambda: _has(bravo, corrected))
    _understood(bravo, corrected, _facts(bravo, corrected))
    answer = {
        "to": "alpha", "marker": "answer", "answers": corrected, "text": "Understood. The vehicles leave by the road that they came on.",
        "valid_for": "6 h",
    }  # fmt: skip
    answered = bravo.ask(OFFICER, "POST", "/v1/messages", answer)["message"]
    alpha.until("the word of Bravo", lambda: _whole(alpha, corrected)["debt"] == "settled")
    come = alpha.until("the answer", lambda: _has(alpha, answered))
    told.seen("alpha", f"message {short(corrected)} is understood, by Bravo's own word; {short(first)} is superseded.")
    told.seen("alpha", f'Bravo answers: "{come["text"]}"')


def _cut_and_mend(told: Told, alpha: RunningNode, bravo: RunningNode, cable: Cable) -> None:
    told.step(
        "The line between Bravo and Meridian is cut. Alpha asks a question, and waits a few seconds for the answer."
    )
    cable.cut()
    question = {
        "to": "bravo", "marker": "question", "text": "How many vehicles are still in Kestrel Pass?", "urgency": "now",
        "reply_within": "4 s", "valid_for": "6 h",
        "facts": [{"is": "place", "name": "zone_centre", "text": "33.5000 38.6000", "called": "Kestrel Pass"}],
    }  # fmt: skip
    asked = alpha.ask(OFFICER, "POST", "/v1/messages", question)["message"]
    alpha.until("Unconfirmed", lambda: _whole(alpha, asked)["debt"] == "unconfirmed")
    alert = alpha.until("the alert", lambda: _alert(alpha, "message_unconfirmed"))
    told.seen("alpha", alert["text"])
    told.step("The line is mended. What Bravo is owed comes, and its word corrects what Alpha was told, visibly late.")
    cable.mend()
    bravo.until("the question", lambda: _has(bravo, asked))
    answer = {"to": "alpha", "marker": "answer", "answers": asked, "text": "None.", "valid_for": "6 h"}
    bravo.ask(OFFICER, "POST", "/v1/messages", answer)
    alpha.until("the late answer", lambda: _whole(alpha, asked)["debt"] == "settled")
    whole = _whole(alpha, asked)
    if not whole["late"]:
        raise DidNotHappen("Alpha does not show that the answer was late")
    received = next(one for one in whole["statements"] if one["act"] == "received" and one["of"] == "bravo")
    told.seen(
        "alpha",
        f"message {short(asked)}: received by bravo, evidenced since {received['known_at'][11:19]} UTC; answered, but late.",
    )


def _compare(told: Told, alpha: RunningNode, bravo: RunningNode) -> None:
    told.step("What both hold of each other's messages is compared.")
    bravo.until("every word", lambda: _shared(alpha, "alpha", "bravo") == _shared(bravo, "alpha", "bravo"))
    shared = _shared(alpha, "alpha", "bravo")
    hashes = sum(len(one) for one in shared.values())
    told.seen(
        "both",
        f"{len(shared)} messages, {hashes} hashes of what was sealed and said: every one the same on both sides.",
    )


def _verify(told: Told, nodes: list[RunningNode], keys: dict[str, str]) -> None:
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


# --- asking the doors ---


def _whole(node: RunningNode, message: str) -> dict[str, Any]:
    found: dict[str, Any] = node.ask(OFFICER, "GET", f"/v1/messages/{message}")
    return found


def _messages(node: RunningNode) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = node.ask(OFFICER, "GET", "/v1/messages?limit=1000")["items"]
    return items


def _has(node: RunningNode, message: str) -> dict[str, Any] | None:
    return next((one for one in _messages(node) if one["message"] == message), None)


def _alert(node: RunningNode, key: str) -> dict[str, Any] | None:
    found = node.ask(OFFICER, "GET", f"/v1/alerts?key={key}")["items"]
    return found[-1] if found else None


def _until_hops(node: RunningNode, message: str, party: str, act: str) -> dict[str, Any]:
    def hop() -> dict[str, Any] | None:
        hops = _whole(node, message)["hops"]
        return next((one for one in hops if one["party"] == party and one[act] == "evidenced"), None)

    found: dict[str, Any] = node.until(f"{act} by {party}", hop)
    return found


def _facts(node: RunningNode, message: str) -> list[dict[str, Any]]:
    """The facts of a message, as somebody would write them."""
    return [_written(fact) for fact in _whole(node, message)["content"]["facts"]]


def _written(fact: dict[str, Any]) -> dict[str, Any]:
    named = {"is": fact["is"], "name": fact["name"]}
    match fact["is"]:
        case "place":
            return named | {"text": fact["as_entered"], "called": fact["called"]}
        case "time":
            return named | {"at": utc_text(fact["at_us"]), "zone": fact["zone"]}
        case "count":
            high = "+" if fact["high"] is None else f"-{fact['high']}"
            return named | {"text": fact["as_entered"] or f"{fact['low']}{high}"}
    return named | {"text": fact["text"]}


def _wrong_digit(place: str) -> str:
    """Another digit in the second place behind the first point: about a kilometre off."""
    at = place.index(".") + 2
    return f"{place[:at]}{(int(place[at]) + 1) % 10}{place[at + 1 :]}"


def _understood(node: RunningNode, message: str, facts: list[dict[str, Any]]) -> None:
    said = {"act": "understood", "person": OFFICER, "facts": facts}
    node.ask(OFFICER, "POST", f"/v1/messages/{message}/statements", said)


def _shared(node: RunningNode, one: str, other: str) -> dict[str, list[str]]:
    """For each message between two parties, the hashes of what was sealed, and of what each said of it to the other."""
    found = {}
    for listed in _messages(node):
        if {listed["sender"], listed["to"]} == {one, other}:
            whole = _whole(node, listed["message"])
            to = listed["to"]
            said = [step["statement"] for step in whole["statements"] if step["said_by"] == to]
            found[listed["message"]] = sorted([*whole["sealed"], *said])
    return found


def _now_us() -> int:
    from keepclear.host.clock import WallClock

    return WallClock().now_us()

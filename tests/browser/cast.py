"""Nodes for people at a console: Alpha's, and Bravo's where two talk. Everybody has a password, and nobody has signed in yet."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.running import PATIENCE_S, Running

PEOPLE = {
    "alpha": {"petra": "planner", "otto": "watch_officer", "lena": "liaison", "ada": "administrator"},
    "bravo": {"paula": "planner", "boris": "watch_officer", "nadia": "liaison", "anton": "administrator"},
}
PARTIES = {"alpha": "Alpha", "bravo": "Bravo"}
KESTREL_PASS = {
    "type": "Feature",
    "id": "kestrel-pass",
    "geometry": {"type": "Point", "coordinates": [38.6, 33.5]},
    "properties": {"name": "Kestrel Pass", "radius": "20 km", "band": "5 km", "may_enter": ["Alpha"]},
}


@dataclass
class CastNode:
    """A party's node that is served: its address, and the tokens and passwords of its people."""

    party: str
    folder: Path
    address: str
    tokens: dict[str, str]
    passwords: dict[str, str] = field(default_factory=dict)
    # Where peers call; "" where it only calls.
    links: str = ""
    serving: Running | None = None

    def admits(self, user: str, role: str) -> None:
        """One more person, with a password."""
        said = {"party": self.party, "role": role, "clearance": "severe"}
        self.ask("admin", "PUT", f"/v1/users/{user}", said)
        _gives_password(self, user)

    def is_killed(self) -> None:
        """As when the power goes."""
        assert self.serving is not None
        self.serving.process.kill()
        self.serving.process.communicate()

    def starts_again(self) -> None:
        """At the address that it had."""
        toml = self.folder / "node.toml"
        port = self.address.rpartition(":")[2]
        toml.write_text(toml.read_text().replace("port = 0", f"port = {port}", 1))
        self.serving = Running(self.folder.parent, "serve", self.folder.name)
        self.serving.line_with("Listening at", "stderr")

    def asked(self, who: str, method: str, path: str, body: Any = None, **asked: Any) -> httpx.Response:
        """What the doors answer to a program with somebody's token; bytes go as they are, anything else as JSON."""
        headers = {"Authorization": f"Bearer {self.tokens[who]}", **asked.pop("headers", {})}
        if isinstance(body, bytes):
            asked["content"] = body
        elif body is not None:
            asked["json"] = body
        return httpx.request(
            method, f"{self.address}{path}", headers=headers, timeout=PATIENCE_S, trust_env=False, **asked
        )

    def ask(self, who: str, method: str, path: str, body: Any = None, **asked: Any) -> Any:
        """The same, where it must not be refused."""
        answer = self.asked(who, method, path, body, **asked)
        assert answer.status_code < 400, answer.text
        return answer.json() if answer.content else None

    def agrees_on_kestrel_pass(self) -> None:
        """Petra agrees on the zone, and declares the feed `patrols`."""
        zones = json.dumps({"type": "FeatureCollection", "features": [KESTREL_PASS]}).encode()
        planner = next(user for user, role in PEOPLE[self.party].items() if role == "planner")
        self.ask(planner, "PUT", "/v1/zones", zones, headers={"Content-Type": "application/geo+json"})
        self.ask(planner, "PUT", "/v1/feeds/patrols", {"source": "Harbour patrol"})

    def hears(self, subject: str, lat: float, lon: float, *, seen_at: str) -> None:
        """One position of the feed `patrols`, as any program reports it."""
        officer = next(user for user, role in PEOPLE[self.party].items() if role == "watch_officer")
        row = f"subject,seen_at,lat,lon\n{subject},{seen_at},{lat},{lon}\n".encode()
        self.ask(officer, "POST", "/v1/feeds/patrols/positions", row, headers={"Content-Type": "text/csv"})


@contextmanager
def cast_nodes(
    folder: Path, *parties: str, answering: str = "", names: Mapping[str, str] = PARTIES
) -> Iterator[list[CastNode]]:
    """A node of each party on a port of its own, until the end of the context. `answering`: the one that peers can call."""
    with ExitStack() as running:
        nodes = [_begun(running, folder, party, names[party], answers=party == answering) for party in parties]
        for node in nodes:
            running.callback(node.is_killed)
        yield nodes


def joined(caller: CastNode, answering: CastNode) -> None:
    """Their administrators take in each other's cards, and the one node calls the other."""
    for node, peer in ((caller, answering), (answering, caller)):
        said = {"card": peer.ask("admin", "GET", "/v1/card"), "compared_with": "read to each other across the table"}
        node.ask("admin", "PUT", f"/v1/peers/{peer.party}/card", said)
    caller.ask("admin", "PUT", f"/v1/peers/{answering.party}", {"address": answering.links})
    answering.ask("admin", "PUT", f"/v1/peers/{caller.party}", {})


def _begun(running: ExitStack, folder: Path, party: str, name: str, *, answers: bool) -> CastNode:
    users = [part for user, role in PEOPLE[party].items() for part in ("--user", f"{user}:{role}")]
    with Running(folder, "init", party, "--party", party, "--name", name, *users) as init:
        code, said, errors = init.ended()
        assert code == 0, errors
    toml = folder / party / "node.toml"
    toml.write_text(toml.read_text().replace("port = 7117", "port = 0") + ("\n[links]\nport = 0\n" if answers else ""))
    serving = running.enter_context(Running(folder, "serve", party))
    port = serving.line_with("Listening at", "stderr").rpartition(":")[2]
    node = CastNode(party, folder / party, f"http://127.0.0.1:{port}", json.loads(said)["tokens"], serving=serving)
    if answers:
        node.links = serving.line_with("Peers are answered at", "stderr").split()[-1]
    for user in PEOPLE[party]:
        _gives_password(node, user)
    return node


def _gives_password(node: CastNode, user: str) -> None:
    password = f"the long words of {user}"
    invitation = node.ask("admin", "POST", f"/v1/users/{user}/invites", {})
    taken = httpx.post(
        f"{node.address}/v1/session/invite", json={"code": invitation["code"], "password": password},
        headers={"Keepclear-Console": "1"}, timeout=PATIENCE_S, trust_env=False,
    )  # fmt: skip
    assert taken.status_code < 400, taken.text
    node.passwords[user] = password

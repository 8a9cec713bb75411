"""Nodes that are served, each by a command of its own, and commands of their people in this process or on a terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from keepclear.cli.main import main
from tests.running import Running
from tests.terminal import on_a_terminal

TRIES = 1_000


@dataclass
class Served:
    """A party's node and the tokens of its people."""

    party: str
    folder: Path
    tokens: dict[str, str]

    @property
    def officer(self) -> str:
        return self.tokens[f"officer.{self.party}"]

    @property
    def administrator(self) -> str:
        return self.tokens["admin"]

    @property
    def address(self) -> str:
        port = next(line for line in (self.folder / "node.toml").read_text().splitlines() if line.startswith("port ="))
        return f"http://127.0.0.1:{port.split()[-1]}"


@contextmanager
def served(folder: Path, *parties: str) -> Iterator[list[Served]]:
    """A node of each party, that listens where the system lets it; each with an administrator, a watch officer and a planner."""
    with ExitStack() as running:
        nodes = []
        for party in parties:
            users = ("--user", f"officer.{party}:watch_officer", "--user", f"planner.{party}:planner")
            with Running(folder, "init", party, "--party", party, *users) as init:
                code, said, errors = init.ended()
                assert code == 0, errors
            toml = folder / party / "node.toml"
            toml.write_text(toml.read_text().replace("port = 7117", "port = 0"))
            serving = running.enter_context(Running(folder, "serve", party))
            port = serving.line_with("Listening at", "stderr").rpartition(":")[2]
            toml.write_text(toml.read_text().replace("port = 0", f"port = {port}"))
            nodes.append(Served(party, folder / party, json.loads(said)["tokens"]))
        yield nodes


@dataclass
class Desk:
    """Where commands are given: to which node, by whom."""

    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def at(self, node: Served, token: str = "") -> None:
        """From here on commands are given to this node, by its officer if nobody else is said."""
        self.monkeypatch.setenv("KEEPCLEAR_NODE", str(node.folder))
        self.monkeypatch.setenv("KEEPCLEAR_TOKEN", token or node.officer)

    def do(self, *command: str) -> tuple[int, list[Any], str]:
        """A command with its output in a pipe: exit code, the JSON objects that it printed, and what it said besides."""
        self.capsys.readouterr()
        code = main(list(command))
        out, errors = self.capsys.readouterr()
        return code, [json.loads(line) for line in out.splitlines()], errors

    def done(self, *command: str) -> Any:
        """The same for one that must succeed: the one object that it printed."""
        code, said, errors = self.do(*command)
        assert code == 0, errors
        return said[0] if said else None

    def on_a_terminal(self, *command: str, typed: str = "") -> tuple[int, str]:
        """The same for a person: exit code, and everything that was on the screen."""
        code, shown, errors = on_a_terminal(list(command), typed=typed)
        assert "Traceback" not in errors
        return code, shown + errors


def paired(desk: Desk, one: Served, other: Served, cards: Path) -> None:
    """Takes the cards of both in at each other, and makes them peers that nobody calls."""
    for node in (one, other):
        assert desk.do("peer", "card", str(node.folder), "--to", str(cards / f"{node.party}.card"))[0] == 0
    for here, there in ((one, other), (other, one)):
        desk.at(here, here.administrator)
        card = str(cards / f"{there.party}.card")
        number = desk.done("peer", "number", card)["number"]
        desk.done("peer", "add", card, "--compared-with", "read to each other by telephone", "--number", number)
        desk.done("peer", "join", there.party)


def carried(desk: Desk, here: Served, there: Served, stick: Path) -> list[Any]:
    """Carries everything that waits here to the other side; gives what was said of each packet there.

    What was just sent is sealed behind the answer, so it is looked for until it waits."""
    desk.at(here)
    written = desk.done("carry", "out", there.party, "--to", str(stick))
    desk.at(there)
    code, said, errors = desk.do("carry", "in", str(stick))
    assert code == 0, errors
    assert written["bytes"] > 0
    return said


def until_owed(desk: Desk, here: Served, to: str, count: int) -> None:
    """Until so many parcels wait for a party's word."""
    desk.at(here)
    for _ in range(TRIES):
        code, views, errors = desk.do("peer", "list")
        assert code == 0, errors
        if next(view["owed"] for view in views if view["party"] == to) >= count:
            return
    raise AssertionError(f"{count} parcels never waited for {to}")

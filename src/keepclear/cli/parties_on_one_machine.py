"""Nodes of several parties as programs of their own on this machine, each asked through its doors. For examples and tests."""

from __future__ import annotations

import queue
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from keepclear.ground.errors import KeepclearError

# The first start of all compiles the kernels.
STARTS_WITHIN_S = 300.0
STOPS_WITHIN_S = 30.0
HAPPENS_WITHIN_S = 90.0
LOOK_EVERY_S = 0.05
_LISTENS = re.compile(r"Listening at (\S+)")
_ANSWERS = re.compile(r"Peers are answered at (\S+)")


class DidNotHappen(KeepclearError):
    """What was waited for did not come about in time, or a node refused what the example relies on."""


@dataclass
class RunningNode:
    """A party's node: its folder, the program that serves it, and the tokens of its people.

    address  of its doors; links: where its peers call, "" where it only calls"""

    party: str
    folder: Path
    tokens: dict[str, str]
    address: str = ""
    links: str = ""
    _process: subprocess.Popen[str] | None = None
    _said: list[str] = field(default_factory=list)

    def start(self) -> None:
        """Starts it, and waits until its doors are open."""
        command = [sys.executable, "-m", "keepclear", "serve", str(self.folder)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.address = self.links = ""
        waits_for_links = "[links]" in (self.folder / "node.toml").read_text("utf-8")
        lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._listen, args=(self._process, lines), daemon=True).start()
        deadline_s = time.monotonic() + STARTS_WITHIN_S
        while not self.address or (waits_for_links and not self.links):
            try:
                line = lines.get(timeout=max(0.0, deadline_s - time.monotonic()))
            except queue.Empty:
                line = ""
            if not line:
                raise DidNotHappen(f"{self.party} did not start: {' '.join(self._said)}")
            if found := _LISTENS.search(line):
                self.address = found[1]
            if found := _ANSWERS.search(line):
                self.links = found[1]

    def _listen(self, process: subprocess.Popen[str], lines: queue.Queue[str]) -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                self._said.append(line.strip())
                lines.put(line)
        lines.put("")

    @property
    def links_port(self) -> int:
        """Of `links`."""
        return int(self.links.rpartition(":")[2])

    @property
    def pid(self) -> int:
        """Of the program that serves it."""
        assert self._process is not None
        return self._process.pid

    def stop(self, how: int = signal.SIGTERM) -> None:
        """Ends it, and waits until it has."""
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            self._process.send_signal(how)
        try:
            self._process.wait(STOPS_WITHIN_S)
        except subprocess.TimeoutExpired:  # as while it compiles
            self._process.kill()
            self._process.wait(STOPS_WITHIN_S)
        self._process = None

    def ask(self, who: str, method: str, path: str, body: Any = None, **asked: Any) -> Any:
        """What its doors answer to somebody; raises `DidNotHappen` where they refuse."""
        answer = self.asked(who, method, path, body, **asked)
        if answer.status_code >= 400:
            raise DidNotHappen(f"{self.party} refused {method} {path}: {answer.text}")
        kind = answer.headers.get("content-type", "")
        return answer.json() if kind.startswith("application/json") else answer.content

    def asked(self, who: str, method: str, path: str, body: Any = None, **asked: Any) -> httpx.Response:
        """The whole answer."""
        headers = {"Authorization": f"Bearer {self.tokens[who]}"}
        if isinstance(body, bytes):
            asked["content"] = body
            headers["Content-Type"] = asked.pop("media_type")
        elif body is not None:
            asked["json"] = body
        return httpx.request(method, f"{self.address}{path}", headers=headers, timeout=30.0, trust_env=False, **asked)

    def until(self, what: str, found: Callable[[], Any]) -> Any:
        """Waits until `found` gives something that is true, and gives that."""
        deadline_s = time.monotonic() + HAPPENS_WITHIN_S
        while time.monotonic() < deadline_s:
            if result := found():
                return result
            time.sleep(LOOK_EVERY_S)
        raise DidNotHappen(f"{self.party} waited in vain for {what}")


def begun(folder: Path, party: str, name: str, users: dict[str, str], *, answers: bool) -> RunningNode:
    """Makes the node of a party in a new folder; `users`: id to role. `answers`: its peers can call it, at a port that is free."""
    from keepclear.host.beginning import begin
    from keepclear.host.clock import WallClock

    made = begin(
        folder, party=party, party_name=name, origin=f"{party}.example/keepclear", exercise=True, users=list(users.items()), store="",
        passphrase=None, at_us=WallClock().now_us(),
    )  # fmt: skip
    path = folder / "node.toml"
    text = path.read_text("utf-8").replace("port = 7117", "port = 0")
    path.write_text(text + ("\n[links]\nport = 0\n" if answers else ""), "utf-8")
    return RunningNode(party, folder, {user: token for user, _, token in made.tokens})


def pair(one: RunningNode, other: RunningNode, with_words: str) -> str:
    """Gives each the other's card; gives the number that both make of the two cards, which their people compare."""
    cards = {node.party: node.ask("admin", "GET", "/v1/card") for node in (one, other)}
    numbers = set()
    for node, peer in ((one, other), (other, one)):
        number = node.ask("admin", "POST", "/v1/card/number", {"card": cards[peer.party]})["number"]
        numbers.add(number)
        node.ask(
            "admin", "PUT", f"/v1/peers/{peer.party}/card", {"card": cards[peer.party], "compared_with": with_words}
        )
    if len(numbers) != 1:
        raise DidNotHappen(f"{one.party} and {other.party} have made two numbers of their cards")
    return str(numbers.pop())


class Cable:
    """A way from one port of this machine to another, that can be cut and mended. `to_port` may change: a node that starts again takes
    another one."""

    def __init__(self, to_port: int) -> None:
        self.to_port = to_port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._open: set[socket.socket] = set()
        self._is_cut = False
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        """Where it begins."""
        port: int = self._listening.getsockname()[1]
        return port

    def cut(self) -> None:
        """Ends what goes over it, and lets nothing through."""
        with self._lock:
            self._is_cut = True
            for end in self._open:
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        """Lets everything through again."""
        with self._lock:
            self._is_cut = False

    def close(self) -> None:
        """Ends it."""
        self.cut()
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                here, _ = self._listening.accept()
                try:
                    there = socket.create_connection(("127.0.0.1", self.to_port))
                except OSError:
                    here.close()
                    continue
                with self._lock:
                    if self._is_cut:
                        here.close()
                        there.close()
                        continue
                    self._open |= {here, there}
                for pair in ((here, there), (there, here)):
                    threading.Thread(target=self._carry, args=pair, daemon=True).start()

    def _carry(self, begin: socket.socket, end: socket.socket) -> None:
        with suppress(OSError):
            while data := begin.recv(65_536):
                end.sendall(data)
        for one in (begin, end):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        with self._lock:
            self._open.discard(begin)
        begin.close()


@contextmanager
def all_started(nodes: list[RunningNode]) -> Iterator[None]:
    """Starts them, and stops them at the end, whatever happens."""
    try:
        for node in nodes:
            node.start()
        yield
    finally:
        for node in nodes:
            node.stop()

"""A real node in a process of its own, run by the command, and the little HTTP that measuring it takes.

What is sent to it faster than it happens was seen in the past. So that its zones were agreed before, its record begins before, too.
"""

from __future__ import annotations

import ctypes
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from keepclear.host.beginning import begin
from keepclear.host.bodies import body_of, zones_agreed
from keepclear.host.config import read_config
from keepclear.host.folds import VIEWS, told_rows
from keepclear.host.standing_still import say, standing
from keepclear.node import events as e
from keepclear.record.entries import Committed, Entry
from keepclear.store.writes import Write

COLUMNS = "application/vnd.keepclear.columns"
FEED = "radar"
START_TIMEOUT_S = 900.0
STOP_TIMEOUT_S = 120.0
QUIET_CORES = 0.25
_PR_SET_PDEATHSIG = 1
_LISTENING = re.compile(r"Listening at http://127\.0\.0\.1:(\d+)")
_USERS = (("petra", "planner"), ("otto", "watch_officer"), ("robot", "machine"))
# One client stands for many here.
_LIMITS = {
    "requests_per_minute": 1_000_000_000,
    "stream_lines_waiting_max": 1_000_000,
    "snapshot_every_entries": 1_000_000_000,
}


@contextmanager
def folder_on_disk() -> Iterator[Path]:
    """An empty folder that a disk is behind, thrown away afterwards: /tmp, or where TMPDIR points."""
    with tempfile.TemporaryDirectory(prefix="keepclear-bench-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def _end_with_the_measurement() -> None:
    """Run in the process of a node: it is not to outlive a measurement that was broken off."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class NodeFailed(Exception):
    """The node did not start, or refused what it was sent; what it said is in the message."""


class RunningNode:
    """One node in a folder; `start` and `stop` as often as one likes."""

    def __init__(
        self, folder: Path, zone_file: bytes, began_us: int, *, feeds: Sequence[str] = (FEED,), **limits: int
    ) -> None:
        self.folder = folder
        begun = begin(
            folder, party="alpha", party_name="Alpha", origin="alpha.example/bench", exercise=False, users=_USERS, store="",
            passphrase=None, at_us=began_us,
        )  # fmt: skip
        self.tokens = {user: token for user, _, token in begun.tokens}
        with standing(read_config(folder)) as (store, node):
            say(store, node, [e.FeedDeclared(feed, "alpha", "Bench") for feed in feeds], began_us)
            zones = zones_agreed(zone_file.decode())
            effects, body, sequence = (
                node.step(zones, by="petra", exercise=False, at_us=began_us),
                body_of(zones),
                node.sequence - 1,
            )
            entry = Entry.of(sequence, began_us, zones.kind, "petra", False, body, effects.outcome)
            rows = told_rows(effects.told, zones.text)
            store.append([Write([Committed(entry, body, effects.outcome)], rows, {VIEWS: node.sequence})])
        self._process: subprocess.Popen[str] | None = None
        self._port = 0
        toml = folder / "node.toml"
        self._settings = re.sub(r"^port = \d+", "port = 0", toml.read_text("utf-8"), flags=re.MULTILINE)
        self.limit(**limits)

    def limit(self, **limits: int) -> None:
        """Sets limits, from the next start on."""
        lines = [f"{name} = {value}" for name, value in (_LIMITS | limits).items()]
        (self.folder / "node.toml").write_text(self._settings + "\n[limits]\n" + "\n".join(lines) + "\n", "utf-8")

    def start(self) -> float:
        """Starts the node; seconds until its doors are open."""
        began_s = time.perf_counter()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "keepclear", "serve", str(self.folder)],
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            preexec_fn=_end_with_the_measurement,  # noqa: PLW1509 - no thread is running yet
        )
        assert self._process.stderr is not None
        said = ""
        for line in self._process.stderr:
            said += line
            if found := _LISTENING.search(line):
                self._port = int(found[1])
                return time.perf_counter() - began_s
        raise NodeFailed(f"the node did not start: {said[-2000:]}")

    def stop(self) -> float:
        """Stops the node as a person would; seconds until it is gone."""
        began_s = time.perf_counter()
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(STOP_TIMEOUT_S)
            self._process = None
        return time.perf_counter() - began_s

    @property
    def address(self) -> str:
        """Where its doors are."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def pid(self) -> int:
        """Of the running process."""
        assert self._process is not None
        return self._process.pid

    @property
    def resident_mb(self) -> float:
        """Its memory that is in use."""
        return int(Path(f"/proc/{self.pid}/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6

    @property
    def processor_s(self) -> float:
        """Seconds of the processor it has had, in all of its threads."""
        fields = Path(f"/proc/{self.pid}/stat").read_text("ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def disk_mb(self) -> float:
        """What lies in its folder."""
        return sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file()) / 1e6

    def door(self, user: str) -> Door:
        """A connection as this user, kept open."""
        return Door(self._port, self.tokens[user])


@contextmanager
def a_node(zone_file: bytes, began_us: int, **options: Any) -> Iterator[RunningNode]:
    """A node in a folder of its own on a disk, started, and stopped and gone afterwards."""
    with folder_on_disk() as folder:
        node = RunningNode(folder / "node", zone_file, began_us, **options)
        node.start()
        try:
            yield node
        finally:
            node.stop()


class Door:
    """One connection of one user."""

    def __init__(self, port: int, token: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=START_TIMEOUT_S)
        self._headers = {"Authorization": f"Bearer {token}"}
        self.sent_at_s = 0.0

    def ask(self, method: str, path: str, body: bytes = b"", media_type: str = "") -> Any:
        """The answer as JSON; `sent_at_s` is then when the last byte of the request had been given to the system."""
        headers = self._headers | ({"Content-Type": media_type} if media_type else {})
        self._connection.request(method, path, body or None, headers)
        self.sent_at_s = time.perf_counter()
        answer = self._connection.getresponse()
        data = answer.read()
        if answer.status >= 300:
            raise NodeFailed(f"{method} {path}: {answer.status} {data[:2000].decode(errors='replace')}")
        return json.loads(data)

    def bring(self, body: bytes, media_type: str, feed: str = FEED) -> Mapping[str, Any]:
        """Positions; what the node says became of them."""
        account: Mapping[str, Any] = self.ask("POST", f"/v1/feeds/{feed}/positions", body, media_type)
        return account

    def told(self, path: str = "/v1/stream") -> Iterator[tuple[str, float]]:
        """Ids of what is told, and when each was read to its end; ends when the node stops."""
        self._connection.request("GET", path, headers=self._headers | {"Accept": "text/event-stream"})
        answer = self._connection.getresponse()
        if answer.status != 200:
            raise NodeFailed(f"GET {path}: {answer.status} {answer.read()[:2000].decode(errors='replace')}")
        told_id = ""
        while line := answer.readline():
            if line.startswith(b"id: "):
                told_id = line[4:].strip().decode()
            elif line == b"\n" and told_id:
                yield told_id, time.perf_counter()
                told_id = ""

    def reopen(self) -> None:
        """Connects anew: the node ends connections that nobody uses for some seconds."""
        self._connection.close()
        self._connection.connect()

    def close(self) -> None:
        """Ends the connection."""
        self._connection.close()


def busy_cores(wait_s: float = 0.0) -> float:
    """How many processors others keep busy, over half a second; waits up to `wait_s` until it is less than a quarter of one."""
    until_s = time.monotonic() + wait_s
    while (found := _busy_cores()) > QUIET_CORES and time.monotonic() < until_s:
        pass
    return round(found, 2)


def _busy_cores() -> float:
    before_s, began_s = _busy_s(), time.perf_counter()
    time.sleep(0.5)
    return (_busy_s() - before_s) / (time.perf_counter() - began_s)


def _busy_s() -> float:
    """Seconds that all processors of this machine were busy so far."""
    words = Path("/proc/stat").read_text("ascii").splitlines()[0].split()[1:]
    return sum(int(words[place]) for place in (0, 1, 2, 5, 6, 7)) / os.sysconf("SC_CLK_TCK")

"""`keepclear serve` as people run it, killed while positions come in: what was answered is there, once, and the record verifies."""

from __future__ import annotations

import http.client
import json
import random
import signal
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

from keepclear.host.config import read_config
from keepclear.store.store import Store

KILLS = 4
ZONES = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature", "id": "kestrel-pass", "geometry": {"type": "Point", "coordinates": [38.6, 33.5]},
            "properties": {"name": "Kestrel Pass", "radius": "20 km"},
        }
    ],
}  # fmt: skip


def keepclear(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "keepclear", *arguments], capture_output=True, text=True, check=False)


class Serving:
    """One start of the node, and a client that posts as fast as it is answered."""

    def __init__(self, folder: Path, tokens: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "keepclear", "serve", str(folder)], stderr=subprocess.PIPE, text=True
        )
        self._tokens = tokens
        assert self._process.stderr is not None
        said = ""
        while "Listening at" not in said:
            said = self._process.stderr.readline()
            assert said, "the node did not start"
        self.address = said.split()[-1]
        self.answered: list[tuple[int, str]] = []

    def ask(self, method: str, path: str, user: str, body: bytes = b"", kind: str = "application/json") -> dict:
        request = urllib.request.Request(self.address + path, body or None, method=method)
        request.add_header("Authorization", f"Bearer {self._tokens[user]}")
        request.add_header("Content-Type", kind)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read())

    def post_until_dead(self, chance: random.Random, answers: int) -> None:
        """Posts positions; after so many answers the process is killed while the next ones are on their way."""
        enough = threading.Event()

        def post(worker: int) -> None:
            turn = 0
            while True:
                turn += 1
                subject = f"Truck {worker}-{chance.random()}-{turn}"
                row = f"subject,seen_at,lat,lon\n{subject},2026-05-18T10:00:00Z,33.5,38.6\n"
                try:
                    said = self.ask("POST", "/v1/feeds/patrols/positions", "otto", row.encode(), "text/csv")
                except (OSError, http.client.HTTPException):
                    return
                self.answered.append((said["sequence"], subject))
                if len(self.answered) >= answers:
                    enough.set()

        workers = [threading.Thread(target=post, args=(number,)) for number in range(4)]
        for worker in workers:
            worker.start()
        assert enough.wait(60)
        self._process.send_signal(signal.SIGKILL)
        self._process.communicate()
        for worker in workers:
            worker.join()


def test_what_was_answered_is_there_once_and_the_record_verifies(tmp_path):
    chance, folder = random.Random(1), tmp_path / "alpha"
    made = keepclear("init", str(folder), "--party", "alpha", "--user", "petra:planner", "--user", "otto:watch_officer")
    begun = json.loads(made.stdout)
    settings = (folder / "node.toml").read_text().replace("port = 7117", "port = 0")
    (folder / "node.toml").write_text(settings)
    answered: list[tuple[int, str]] = []
    for kill in range(KILLS):
        serving = Serving(folder, begun["tokens"])
        if kill == 0:
            serving.ask("PUT", "/v1/zones", "petra", json.dumps(ZONES).encode(), "application/geo+json")
            serving.ask("PUT", "/v1/feeds/patrols", "petra", b'{"source": "patrols"}')
        serving.post_until_dead(chance, answers=chance.randrange(20, 120))
        answered += serving.answered
    with Store.open(read_config(folder).store_url) as store:
        bodies = {one.entry.sequence: one.body or b"" for one in store.stream()}
        assert len({sequence for sequence, _ in answered}) == len(answered) >= 80
        for sequence, subject in answered:
            assert subject.encode() in bodies[sequence]
            assert sum(subject.encode() in body for body in bodies.values()) == 1
        assert store.faults() == []
    keepclear("record", "export", "--node", str(folder), "--output", str(tmp_path / "alpha.jsonl"))
    verified = keepclear("record", "verify", str(tmp_path / "alpha.jsonl"), "--key", begun["key"])
    assert verified.returncode == 0, verified.stdout
    assert keepclear("replay", str(folder), "--quiet").returncode == 0

"""The same events give the same node: cut by snapshots wherever you like, and in another process that hashes texts otherwise."""

from __future__ import annotations

import base64
import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from keepclear.ground.errors import Refused
from keepclear.host.bodies import body_of, event_of
from keepclear.node import events as e
from keepclear.node.node import Node
from tests.nodes import Given, agreed, watching

ROOT = Path(__file__).parents[2]
MINUTE_US = 60_000_000


def lived(seed: int, steps: int = 25) -> Given:
    """A node to which `steps` things have happened, or been refused."""
    chance, given = random.Random(seed), watching()
    given.feed("radar-2", silent_after_us=5 * MINUTE_US)
    for _ in range(steps):
        given.at_us += chance.randrange(3) * MINUTE_US
        try:
            _happen(chance, given)
        except Refused:
            continue
    return given


def _happen(chance: random.Random, given: Given) -> None:
    alerts = [alert.id for alert in given.node.side(False).alerts] or ["0.0"]
    match chance.randrange(6):
        case 0 | 1 | 2:
            rows = [
                {
                    "subject": f"Bravo {chance.randrange(5)}",
                    "seen": given.at_us - chance.choice([0, 0, 3, 70]) * MINUTE_US,
                    "km": chance.uniform(0, 20),
                }
                for _ in range(chance.randrange(1, 5))
            ]
            given.positions(*rows, feed=chance.choice(["ais-1", "radar-2"]))
        case 3:
            given.give(e.TimePassed())
        case 4:
            given.give(chance.choice([e.AlertAcknowledged, e.AlertCleared])(chance.choice(alerts), "seen"), by="otto")
        case 5:
            given.give(
                agreed(radius_km=chance.choice([8.0, 10.0, 12.0]), band_mm=chance.choice([0, 3_000_000])), by="petra"
            )


@settings(max_examples=15)
@given(st.integers(0, 10_000), st.sets(st.integers(12, 40), max_size=4))
def test_a_node_that_is_packed_and_unpacked_on_the_way_is_the_same(seed, cuts):
    given = lived(seed)
    node = Node()
    told: list = []
    for number, (event, by, exercise, at_us) in enumerate(given.history):
        if number in cuts:
            node = Node.unpacked(node.packed())
        told += node.step(event, by=by, exercise=exercise, at_us=at_us).told
    assert node.digest() == given.node.digest()
    assert [one.line for one in told]


def test_another_process_that_hashes_texts_otherwise_comes_to_the_same_digest():
    histories = [lived(seed) for seed in range(4)]
    bodies = [
        [
            [e.kind_of(event), base64.b64encode(body_of(event)).decode(), by, exercise, at_us]
            for event, by, exercise, at_us in one.history
        ]
        for one in histories
    ]
    for seed in ("1", "2"):
        environ = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
        done = subprocess.run(
            [sys.executable, __file__],
            input=json.dumps(bodies),
            capture_output=True,
            text=True,
            env=environ,
            check=True,
        )
        assert json.loads(done.stdout) == [one.node.digest() for one in histories]


def replayed(history: list[Any]) -> str:
    """The digest of a node that is given these bodies."""
    node = Node()
    for kind, body, by, exercise, at_us in history:
        node.step(event_of(kind, base64.b64decode(body)), by=by, exercise=exercise, at_us=at_us)
    return node.digest()


if __name__ == "__main__":
    sys.stdout.write(json.dumps([replayed(history) for history in json.load(sys.stdin)]))

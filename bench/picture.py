"""CPU time of telling consoles where so many tracks are that all move, once a second; beside a plain `json.dumps` of the same rows.

Every turn moves every track by one report, which is not counted. Counted is what follows for so many readers: the picture is renewed,
each reader's part is found and written as JSON. One reader in a view of its own pays for all of it; readers with the same access
share it. The peer is given the rows as a list of objects, ready made, and writes them with the json of the standard library.
"""

from __future__ import annotations

import json
import statistics
import time
from typing import Any

import numpy as np

from bench.timing import arguments, tell
from keepclear.api.picture import picture_bytes
from keepclear.node import events as e
from keepclear.node.node import NODE, Node
from keepclear.node.picture import Pictures, View
from keepclear.tracks.builder import BatchBuilder
from keepclear.tracks.observations import Observations

_BEGAN_US = 1_779_098_400_000_000
_SECOND_US = 1_000_000


def main() -> None:
    """Prints a line for each number of readers, one for the peer, and the ratios."""
    args = arguments(__doc__, tracks=10_000, turns=10, readers="1,5")
    node = _node()
    batches = [_batch(args.tracks, turn) for turn in range(args.turns + 1)]
    step_s: list[float] = []
    took: dict[int, list[float]] = {}
    size = 0
    pictures = {int(count): (Pictures(), int(count)) for count in args.readers.split(",")}
    held: dict[int, list[tuple[View, int] | None]] = {count: [None] * count for count in pictures}
    user = node.members.user("otto")
    assert user is not None
    for turn, batch in enumerate(batches):
        at_us = _BEGAN_US + turn * _SECOND_US
        began_s = time.process_time()
        node.step(e.PositionsArrived("ais-1", batch), by="feed:ais-1", exercise=False, at_us=at_us)
        step_s.append(time.process_time() - began_s)
        for count, (drawn, _) in pictures.items():
            began_s = time.process_time()
            for reader, known in enumerate(held[count]):
                picture, view = drawn.of(node, user, False, at_us, turn=turn)
                said = picture_bytes(picture, view, None if known is None else known[1], node.side(False), False)
                assert said is not None
                held[count][reader] = view, view.version
                size = len(said)
            took.setdefault(count, []).append(time.process_time() - began_s)
    rows = _rows(batches[-1])
    peer_s = statistics.median(_seconds_of_dumps(rows) for _ in range(args.turns))
    tell(name="json.dumps", tracks=args.tracks, cpu_ms=1000 * peer_s, bytes=len(json.dumps(rows)))
    tell(name="step of the watch, not counted", cpu_ms=1000 * statistics.median(step_s[1:]))
    for count, seconds in took.items():
        later_s = statistics.median(seconds[1:])
        tell(
            name="keepclear", readers=count, first_cpu_ms=1000 * seconds[0], cpu_ms=1000 * later_s, bytes=size,
            of_json_dumps=later_s / peer_s,
        )  # fmt: skip


def _node() -> Node:
    node = Node()
    for event in (
        e.NodeBegan("Alpha", "alpha", "alpha.example/keepclear", False, "bench"),
        e.PartyNamed("alpha", "Alpha"),
        e.UserAdmitted("otto", "alpha", "watch_officer", "severe"),
        e.UserAdmitted("petra", "alpha", "planner", "severe"),
    ):
        node.step(event, by=NODE, exercise=False, at_us=_BEGAN_US - _SECOND_US)
    declared = e.FeedDeclared("ais-1", "alpha", "AIS mast")
    node.step(declared, by="petra", exercise=False, at_us=_BEGAN_US - _SECOND_US)
    return node


def _batch(tracks: int, turn: int) -> Observations:
    builder, chance = BatchBuilder(), np.random.default_rng(7)
    lat, lon = chance.uniform(30, 40, tracks), chance.uniform(30, 45, tracks)
    course, speed = chance.uniform(0, 359, tracks).round(1), chance.uniform(2, 20, tracks).round(1)
    for number in range(tracks):
        along = turn * speed[number] / 111_000
        builder.add(
            subject=f"21156{number:04}",
            seen_at_us=_BEGAN_US + turn * _SECOND_US,
            lat=lat[number] + along * np.cos(np.radians(course[number])),
            lon=lon[number] + along * np.sin(np.radians(course[number])),
            speed_mps=speed[number],
            course_deg=course[number],
            source="AIS mast",
        )
    return builder.build()


def _rows(batch: Observations) -> list[dict[str, Any]]:
    columns = (batch.lat.tolist(), batch.lon.tolist(), batch.seen_at_us.tolist(), batch.known_at_us.tolist())
    moving = ((batch.speed_mmps / 1000).tolist(), (batch.course_cdeg / 100).tolist())
    return [
        {
            "track": number, "lat": lat, "lon": lon, "error_m": None, "seen_at": seen // 1000, "known_at": known // 1000,
            "height_m": None, "datum": "", "speed_mps": speed, "course_deg": course,
        }
        for number, (lat, lon, seen, known, speed, course) in enumerate(zip(*columns, *moving, strict=True))
    ]  # fmt: skip


def _seconds_of_dumps(rows: list[dict[str, Any]]) -> float:
    began_s = time.process_time()
    json.dumps(rows)
    return time.process_time() - began_s


if __name__ == "__main__":
    main()

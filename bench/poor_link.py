"""How long an urgent notice takes over a poor link (300 ms, 30 % loss, 2 kB/s each way), and how many bytes go over the wire for it.

    .venv/bin/python -m bench.poor_link [--seeds 60] [--patience 25] [--loss 0.3]

Runs in the environment of the tests, as root or where a user may make namespaces (tests/poor_link.py). Each seed is a link of its own: a
notice on a new connection, two on the kept one. Bytes are those of IP, both ways, repeats and lost ones included.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))

from keepclear.links.https import PATIENCE_S
from tests.poor_ends import commands
from tests.poor_link import POOR, PoorLink, Quality, why_not

AT_ONCE = 12
PARTS = (0.5, 0.9, 0.99)


class Notice(NamedTuple):
    """How it went with one."""

    anew: bool
    arrived_s: float
    receipt_s: float
    attempts: int
    wire_bytes: int
    packet_bytes: int
    answer_bytes: int


def notices(folder: Path, seed: int, quality: Quality, patience_s: float) -> list[Notice]:
    """One link."""
    some = []
    with PoorLink(commands(folder / str(seed), patience_s), seed, quality) as link:
        link.said(0), link.said(1)
        for anew in (True, False, False):
            before = link.sent_bytes
            link.tell(1, {"anew": anew})
            told, came = link.said(1), link.said(0)
            begun = told["begun"]
            some.append(
                Notice(
                    anew,
                    came["came"] - begun,
                    told["done"] - begun,
                    told["attempts"],
                    link.sent_bytes - before,
                    told["packet_bytes"],
                    told["answer_bytes"],
                )
            )
    return some


def part(values: Sequence[float], of: float) -> float:
    """The least value that this part of them does not exceed."""
    return sorted(values)[min(len(values) - 1, int(of * len(values)))]


def row(name: str, some: Sequence[Notice]) -> str:
    """Of a table."""
    seconds = [
        " / ".join(f"{part(v, of):.1f}" for of in PARTS)
        for v in ([n.arrived_s for n in some], [n.receipt_s for n in some])
    ]
    wire = " / ".join(f"{part([n.wire_bytes for n in some], of):,.0f}" for of in PARTS)
    anew = sum(n.attempts > 1 for n in some)
    return f"| {name} | {len(some)} | {' | '.join(seconds)} | {max(n.arrived_s for n in some):.1f} | {wire} | {anew} |"


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description="a notice over a poor link")
    parser.add_argument("--seeds", type=int, default=60)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--patience", type=float, default=PATIENCE_S)
    parser.add_argument("--loss", type=float, default=POOR.loss)
    asked = parser.parse_args()
    if why := why_not():
        sys.exit(f"There can be no poor link here: {why}")
    quality = Quality(loss=asked.loss)
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(AT_ONCE) as pool:
        seeds = range(asked.first, asked.first + asked.seeds)
        done = list(pool.map(lambda seed: notices(Path(folder), seed, quality, asked.patience), seeds))
    every = [notice for some in done for notice in some]
    print(f"seeds {seeds.start} to {seeds.stop - 1}, {quality}, patience {asked.patience:g} s")
    print(f"packet {every[-1].packet_bytes:,} bytes, answer {every[-1].answer_bytes:,} bytes")
    print(
        "| connection | notices | arrived after s (50 / 90 / 99 %) | receipt after s | latest s | bytes on the wire | tried again |"
    )
    print("|---|---|---|---|---|---|---|")
    print(row("new", [n for n in every if n.anew]))
    print(row("kept", [n for n in every if not n.anew]))


if __name__ == "__main__":
    main()

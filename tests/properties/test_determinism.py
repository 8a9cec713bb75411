"""Two processes that are given the same reports and zones say the same lines and end with the same digest."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from keepclear.agreements.atlas import Zone
from keepclear.agreements.terms import Entry, PresenceTerms
from keepclear.geo.shapes import Circle
from keepclear.tracks.builder import BatchBuilder
from keepclear.tracks.observations import Attribution, Claim
from keepclear.watch.lines import line_of
from keepclear.watch.watch import Watch
from tests.builders import CENTRE, MINUTE_US, at, kestrel
from tests.properties.test_patterns_in_any_order import EVERYTHING

ROOT = Path(__file__).parents[2]
BEGIN = at("10:00")
LAT, LON = CENTRE


def shift(minutes: range):
    """Twelve subjects that come and go, some late, some of a party, among them areas and doubles."""
    builder = BatchBuilder()
    for minute in minutes:
        for who in range(12):
            north_km = (minute * (who % 5 - 2) * 0.7 + 3 * who) % 30 - 15
            known_at_us = BEGIN + minute * MINUTE_US
            builder.add(
                subject=f"Bravo {who}", seen_at_us=known_at_us - (who * minute % 4) * MINUTE_US, known_at_us=known_at_us,
                lat=LAT + north_km / 110.9, lon=LON + 0.01 * who, error_m=[None, 10.0, 700.0][who % 3],
                claim=Claim(attribution=Attribution(["Alpha", "Größe"][minute % 2], "", 0.9)) if who % 4 == 1 else Claim(exercise=who == 2),
                area=Circle(LAT, LON + 0.05, 9_000.0) if who == minute % 40 else None, source=f"post {who % 2}",
            )  # fmt: skip
    return builder.build()


def run(pieces: int) -> dict[str, object]:
    terms = PresenceTerms(1, 2, 200_000, MINUTE_US, 6 * MINUTE_US)
    zones = [
        kestrel(
            10.0,
            band_mm=2_000_000,
            presence=terms,
            patterns=EVERYTHING,
            may_enter=(Entry("Alpha"),),
            approach_us=5 * MINUTE_US,
        ),
        Zone("ford", Circle(LAT + 0.05, LON, 4_000.0), dwell_us=4 * MINUTE_US),
    ]
    watch = Watch(zones)
    lines: list[str] = []
    for first in (0, 30, 60):
        whole = shift(range(first, first + 30))
        size = -(-len(whole) // pieces)
        for start in range(0, len(whole), size):
            lines += map(line_of, watch.observe(whole.take(slice(start, start + size))))
        lines += map(
            line_of,
            watch.agree([Zone("ford", Circle(LAT + 0.05, LON, 4_500.0 + first))], BEGIN + (first + 30) * MINUTE_US - 1),
        )
    lines += map(line_of, watch.advance(BEGIN + 200 * MINUTE_US))
    return {
        "lines": sha256("\n".join(lines).encode()).hexdigest(),
        "count": len(lines),
        "digest": sha256(watch.packed()).hexdigest(),
    }


@pytest.mark.promise("PACKED-5", "ORDER-1")
def test_other_processes_say_the_same_and_end_with_the_same_digest():
    here = run(1)
    assert here["count"] > 200
    for seed, pieces in (("1", 7), ("4000", 90)):
        told = subprocess.run(
            [sys.executable, "-m", "tests.properties.test_determinism", str(pieces)],
            cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True,
        )  # fmt: skip
        assert json.loads(told.stdout) == here


if __name__ == "__main__":
    sys.stdout.write(json.dumps(run(int(sys.argv[1]))))

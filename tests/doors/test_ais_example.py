"""The minute of AIS that ships with the package: its script writes it again, and it tells what its page says."""

from __future__ import annotations

import importlib.util
from importlib.resources import files
from pathlib import Path

from keepclear.feeds.zones import read_zones
from keepclear.watch.watch import Watch
from tests.nmea_lines import ARRIVED_US, SECOND_US, reader

EXAMPLE = files("keepclear.examples") / "at_sea"
SCRIPT = Path(__file__).parents[2] / "scripts" / "write_ais_example.py"


def test_the_script_writes_these_bytes():
    spec = importlib.util.spec_from_file_location("write_ais_example", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    lines = [line for second in range(script.SECONDS) for line in script.message_at(second)]
    assert "\n".join([*lines, ""]) == (EXAMPLE / "radio.nmea").read_text("ascii")


def test_a_fast_craft_comes_close_and_enters():
    zones = read_zones((EXAMPLE / "zones.geojson").read_bytes())
    assert zones.faults == ()
    watch, taker = Watch(zones.zones), reader()
    told, refused = [], []
    for second, line in enumerate((EXAMPLE / "radio.nmea").read_bytes().splitlines(), 1):
        taker.take(line, number=second, arrived_us=ARRIVED_US + second * SECOND_US)
        taken = taker.taken()
        refused += [refusal.key for refusal in taken.refusals]
        told += [
            (second, event.subject, str(event.what))
            for event in watch.observe(taken.observations)
            if hasattr(event, "what")
        ]
    assert [(subject, what) for _, subject, what in told] == [
        ("mmsi:200000201", "came close"),
        ("mmsi:200000201", "entered"),
    ]
    assert 5 < told[1][0] < 40
    assert refused == ["position.not_available"]
    assert taker.names == {"mmsi:200000201": "FALCON", "mmsi:200000117": "HARBOUR AID 7"}

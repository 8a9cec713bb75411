"""`keepclear zones` as a person or a program meets it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import terminal

GOOD, BAD = 0, 1
UNUSABLE = 2

MISTAKEN = """{
  "type": "FeatureCollection",
  "features": [
    {"type": "Feature", "id": "kestrel", "geometry": {"type": "Point", "coordinates": [8.5673, 46.5591]},
     "properties": {"radius": "34 mi", "band": "5 km", "dwel": "15 min"}},
    {"type": "Feature", "id": "road", "geometry": {"type": "Point", "coordinates": [8.5673, 46.5591]},
     "properties": {"radius": "34 miles", "window": {"from": "2031-03-04T06:00:00"}}}
  ]
}
"""


def command(*args: str) -> list[str]:
    return [sys.executable, "-m", "keepclear", "zones", *args]


def environment() -> dict[str, str]:
    return os.environ | {"COLUMNS": "100", "PYTHONUTF8": "1"}


def in_a_pipe(*args: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(command(*args), input=stdin, capture_output=True, env=environment(), timeout=60, check=False)


def on_a_terminal(*args: str) -> tuple[int, str]:
    """Exit code, and what a terminal was sent."""
    code, shown, errors = terminal.on_a_terminal(["zones", *args])
    return code, shown + errors


def lines(done: subprocess.CompletedProcess[bytes]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def example(tmp_path) -> Path:
    path = tmp_path / "kestrel.geojson"
    path.write_bytes(in_a_pipe("example").stdout)
    return path


@pytest.fixture
def mistaken(tmp_path) -> Path:
    path = tmp_path / "mistaken.geojson"
    path.write_text(MISTAKEN)
    return path


@pytest.mark.promise("ZONE-1", "ZONE-24")
def test_the_example_passes_its_own_check(example):
    done = in_a_pipe("check", str(example))
    assert (done.returncode, done.stderr) == (GOOD, b"")
    assert [line["kind"] for line in lines(done)] == ["zone"] * 4 + ["summary"]
    assert lines(done)[-1] == {"kind": "summary", "zones": 4, "errors": 0, "notes": 0}


@pytest.mark.promise("ZONE-24")
def test_a_pipe_gets_every_fault_errors_first_and_then_the_sound_zones(mistaken):
    done = in_a_pipe("check", str(mistaken))
    assert (done.returncode, done.stderr) == (BAD, b"")
    assert [(line["kind"], line.get("path"), line.get("key")) for line in lines(done)] == [
        ("error", "$.features[1].properties.radius", "length.bare_mile"),
        ("error", "$.features[1].properties.window.from", "time.no_zone"),
        ("note", "$.features[0].properties.dwel", "property.unknown"),
        ("zone", None, None),
        ("summary", None, None),
    ]
    zone = lines(done)[3]
    assert (zone["id"], zone["shape"], zone["window"]) == ("kestrel", "circle", "always")
    assert zone["size"] == "radius 34 mi (54.7177 km, 29.55 NM)"
    assert zone["band"] == "5 km (2.7 NM)"


@pytest.mark.promise("ZONE-24")
def test_a_terminal_shows_faults_zones_terms_and_a_map(mistaken):
    code, shown = on_a_terminal("check", str(mistaken))
    assert code == BAD
    flat = " ".join(shown.split())
    assert shown.startswith("error: $.features[1].properties.radius: A bare mile may be")
    assert (
        "note: $.features[0].properties.dwel: This member is not known and is not read (given: dwel). Did you" in flat
    )
    assert "mistaken.geojson: 1 zone understood, 2 errors" in flat
    assert re.search(
        r"^kestrel +circle +5 km \(2\.7 NM\) +always +radius 34 mi \(54\.7177 km, 29\.55 NM\)$", shown, re.MULTILINE
    )
    assert "May be there: nobody." in flat
    assert "Presence: one report; gone as soon as reported outside; never lost." in flat
    assert "No alert on a long stay, nor on a course towards it." in flat
    assert re.search("[⠁-⣿]", shown)


@pytest.mark.promise("ZONE-24")
def test_terms_are_told_in_words(example):
    flat = " ".join(on_a_terminal("check", str(example))[1].split())
    assert "May be there: Alpha; Northlight; Bravo (in the band only); Harbour Aid after notice (from" in flat
    assert "Presence: 2 of 3 reports; gone when farther than 500 m beyond the line for 5 min; lost when silent" in flat
    assert (
        "Alert when somebody not foreseen is there for more than 15 min, or is less than 30 min from the edge" in flat
    )
    assert "radius 15 NM (27.78 km), inner radius 12 km (6.479 NM), from 300° clockwise to 60°" in flat
    assert "Heights: up to 914.4 m AGL." in flat


@pytest.mark.promise("ZONE-24")
def test_json_can_be_asked_for_on_a_terminal(mistaken):
    _, shown = on_a_terminal("check", str(mistaken), "--json")
    assert [json.loads(line)["kind"] for line in shown.splitlines()] == ["error", "error", "note", "zone", "summary"]


@pytest.mark.promise("ZONE-24")
def test_a_map_is_drawn_into_a_file(example, tmp_path):
    drawn = tmp_path / "kestrel.svg"
    assert in_a_pipe("check", str(example), "--map", str(drawn)).returncode == GOOD
    text = drawn.read_text(encoding="utf-8")
    assert text.startswith(("<svg", "<?xml"))
    assert "Kestrel Pass" in text


@pytest.mark.parametrize("member", ["patterns", "massing", "closing", "observed_every", "expected", "manned"])
def test_the_mend_of_a_null_can_be_written_in_its_place_and_is_understood(member):
    zones = json.loads(MISTAKEN)
    (zone,) = zones["features"] = zones["features"][:1]
    zone["properties"] = {"radius": "34 mi", "patterns": None if member == "patterns" else {member: None}}
    noted, *_ = lines(in_a_pipe("check", "-", stdin=json.dumps(zones).encode()))
    (written,) = re.findall(rf'write ("{member}": .*) for ', noted["mend"])
    zone["properties"]["patterns"] = json.loads(f"{{{written}}}").get("patterns") or json.loads(f"{{{written}}}")
    *faults, _, summary = lines(in_a_pipe("check", "-", stdin=json.dumps(zones).encode()))
    assert (faults, summary["errors"], summary["notes"]) == ([], 0, 0)


def test_standard_input_is_read(mistaken):
    assert in_a_pipe("check", "-", stdin=mistaken.read_bytes()).stdout == in_a_pipe("check", str(mistaken)).stdout


@pytest.mark.promise("ZONE-24")
@pytest.mark.parametrize("name", ["missing.geojson", "."])
def test_a_file_that_cannot_be_read_is_named(name, tmp_path):
    done = in_a_pipe("check", str(tmp_path / name))
    assert (done.returncode, done.stdout) == (UNUSABLE, b"")
    assert done.stderr.decode().startswith(f"keepclear zones: {tmp_path / name}: ")
    assert b"Traceback" not in done.stderr


def test_a_map_does_not_overwrite_the_file_that_standard_input_comes_from(example):
    before = example.read_bytes()
    with example.open("rb") as redirected:
        done = subprocess.run(
            command("check", "-", "--map", str(example)), stdin=redirected, capture_output=True, check=False
        )
    assert (done.returncode, example.read_bytes()) == (UNUSABLE, before)
    assert "--map would overwrite what is read" in done.stderr.decode()


@pytest.mark.promise("ZONE-24")
def test_a_map_that_cannot_be_written_is_named(example, tmp_path):
    done = in_a_pipe("check", str(example), "--map", str(tmp_path / "no" / "kestrel.svg"))
    assert done.returncode == UNUSABLE
    assert str(tmp_path / "no" / "kestrel.svg") in done.stderr.decode()


@pytest.mark.promise("ZONE-24")
@pytest.mark.parametrize("args", [(), ("check",), ("mend", "x")])
def test_wrong_usage_says_what_would_be_right(args):
    done = in_a_pipe(*args)
    assert done.returncode == UNUSABLE
    assert b"usage: keepclear zones" in done.stderr


@pytest.mark.promise("ZONE-21", "ZONE-24")
def test_a_file_that_never_ends_is_read_no_further_than_the_limit():
    done = in_a_pipe("check", "/dev/zero")
    assert done.returncode == BAD
    assert lines(done)[0]["key"] == "file.too_large"

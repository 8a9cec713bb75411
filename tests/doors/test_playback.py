"""`keepclear playback` as people and programs use it: a file in, its rows out, and the watch behind it."""

from __future__ import annotations

import gzip
import shlex
import signal
import subprocess
import sys

import pytest

from keepclear.cli.main import main
from tests.doors.test_follow import HEADER, IN, OUT, ZONES, row
from tests.running import Running

ROWS = [row("10:00", OUT), row("10:02", IN), "no report\n", row("10:01", IN, "Bravo 2"), row("10:09", OUT), row("10:04", OUT, "Bravo 2")]  # fmt: skip
IN_ORDER = [ROWS[0], ROWS[3], ROWS[1], ROWS[2], ROWS[5], ROWS[4]]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "zones.geojson").write_text(ZONES)
    (tmp_path / "p.csv").write_text(HEADER + "".join(ROWS))
    (tmp_path / "p.csv.gz").write_bytes(gzip.compress((HEADER + "".join(ROWS)).encode()))
    return tmp_path


@pytest.mark.promise("ORDER-16")
@pytest.mark.parametrize("name", ["p.csv", "p.csv.gz"])
def test_rows_come_out_as_they_are_in_the_order_they_became_known(folder, name):
    with Running(folder, "playback", name, "--speed", "max") as running:
        code, output, errors = running.ended()
    assert (code, output) == (0, HEADER + "".join(IN_ORDER))
    assert f"{name}: 6 of 6 rows played; 1 of 6 cannot be read." in errors


@pytest.mark.promise("ORDER-16")
@pytest.mark.parametrize("speed", ["max", "3000"])
def test_a_watch_behind_a_playback_says_what_the_watch_of_the_file_says(folder, speed):
    keepclear = f"{shlex.quote(sys.executable)} -m keepclear"
    common = "--zones zones.geojson --source Meridian --summary none"
    whole = subprocess.run(
        f"{keepclear} watch p.csv {common}", shell=True, cwd=folder, capture_output=True, check=True
    ).stdout
    # Hours of the recording may pass before the clock runs ahead of it: a slow machine is no late report.
    follow = f"{keepclear} watch - --follow --delay '30 s' --speed {speed} {common}"
    behind = subprocess.run(
        f"{keepclear} playback p.csv.gz --speed {speed} | {follow}", shell=True, cwd=folder, capture_output=True, check=True
    ).stdout  # fmt: skip
    assert behind == whole
    assert len(whole.splitlines()) == 12


def test_only_a_part_is_played(folder):
    stated = ["--from", "2026-05-18T10:01:00Z", "--until", "2026-05-18T10:02:00Z", "--speed", "60000"]
    with Running(folder, "playback", "p.csv", *stated) as running:
        code, output, errors = running.ended()
    assert (code, output) == (0, HEADER + "".join(IN_ORDER[1:4]))
    assert "3 of 6 rows played" in errors


def test_ctrl_c_ends_with_whole_lines_and_the_account(folder):
    with Running(folder, "playback", "p.csv") as running:
        assert [running.line(), running.line()] == [HEADER.strip(), ROWS[0].strip()]
        running.process.send_signal(signal.SIGINT)
        code, output, errors = running.ended()
    assert (code, output) == (130, "")
    assert "1 of 6 rows played" in errors
    assert "Traceback" not in errors


def test_a_reader_that_goes_away_is_no_traceback(folder):
    (folder / "p.csv").write_text(HEADER + row("10:00", IN) * 30_000)
    command = (
        f"{shlex.quote(sys.executable)} -m keepclear playback p.csv --speed max | head -1; echo ${{PIPESTATUS[0]}}"
    )
    done = subprocess.run(["bash", "-c", command], cwd=folder, capture_output=True, check=True)
    assert done.stdout.decode() == f"{HEADER}141\n"
    assert b"Traceback" not in done.stderr


def test_what_comes_before_the_end_of_a_truncated_file_is_played_without_its_last_line(folder):
    content = (HEADER + "".join(row(f"{h:02d}:{m:02d}", 33 + m / 97) for h in range(24) for m in range(60))).encode()
    (folder / "p.csv.gz").write_bytes(gzip.compress(content)[:-2000])
    with Running(folder, "playback", "p.csv.gz", "--speed", "max") as running:
        code, output, errors = running.ended()
    assert code == 1
    assert content.startswith(output.encode())
    assert output.endswith("\n")
    assert output.count("\n") > 200
    assert "ends before its end" in errors


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["absent.csv"], 2, "cannot be opened"),
        (["-"], 2, "write it to a file first"),
        (["empty.csv"], 2, "There is nothing in the file"),
        (["p.gpx"], 2, "one JSON object per line"),
        (["p.csv", "--speed", "fast"], 2, "max"),
        (["p.csv", "--from", "10:00"], 2, "2017-05-18T10:30:00Z"),
        (["p.csv", "--max-gap", "10"], 2, "units"),
        (["unzoned.csv", "--speed", "max"], 1, "--time-zone UTC"),
        (["p.csv", "--from", "2027-01-01T00:00:00Z"], 1, "0 of 6 rows played"),
    ],
)
def test_what_cannot_be_played_is_told(folder, capfdbinary, monkeypatch, arguments, code, said):
    (folder / "empty.csv").write_bytes(b"")
    (folder / "p.gpx").write_text("<gpx></gpx>")
    (folder / "unzoned.csv").write_text((HEADER + ROWS[0]).replace("Z,", ","))
    monkeypatch.chdir(folder)
    assert main(["playback", *arguments]) == code
    assert said in capfdbinary.readouterr().err.decode()

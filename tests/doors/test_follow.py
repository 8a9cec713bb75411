"""`keepclear watch --follow` as people and programs use it: pipes and growing files in, events out while they come."""

from __future__ import annotations

import gzip
import json
import os
import pty
import shlex
import signal
import subprocess
import sys
from contextlib import ExitStack, closing

import pytest

from keepclear.cli.following import Following
from keepclear.cli.main import main
from keepclear.cli.stopping import Stop
from keepclear.feeds.options import FeedOptions
from tests.running import Running

HEADER = "subject,seen_at,lat,lon\n"
ZONES = json.dumps(
    {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "id": "kestrel",
                "geometry": {"type": "Point", "coordinates": [38.6, 33.5]},
                "properties": {"name": "Kestrel Pass", "radius": "20 km", "presence": {"silent_after": "5 min"}},
            }
        ],
    }
)


def row(clock: str, lat: float, subject: str = "Bravo 1") -> str:
    return f"{subject},2026-05-18T{clock}:00Z,{lat},38.6\n"


OUT, IN = 33.9, 33.6


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "zones.geojson").write_text(ZONES)
    return tmp_path


def follow(folder, name="-", *options, **how) -> Running:
    return Running(folder, "watch", name, "--follow", "--zones", "zones.geojson", *options, **how)


def event(running: Running) -> tuple[str, str]:
    said = json.loads(running.line_with('"event":"presence"'))
    return said["subject"], said["what"]


@pytest.mark.promise("ORDER-14")
def test_a_pipe_is_acted_on_line_by_line(folder):
    with follow(folder) as running:
        running.say((HEADER + row("10:00", OUT)).encode())
        for clock, lat, what in (("10:01", IN, "entered"), ("10:02", OUT, "left"), ("10:03", IN, "entered")):
            running.say(row(clock, lat).encode())
            assert event(running) == ("Bravo 1", what)
        code, _, errors = running.ended()
    assert code == 0
    assert "standard input: Delimited text: 4 columns, separated by commas." in errors
    assert "4 rows read = 4 accepted" in errors


@pytest.mark.promise("ORDER-14")
def test_a_growing_file_is_followed_and_a_line_acts_when_its_end_is_written(folder):
    path = folder / "p.csv"
    path.write_text(HEADER + row("10:00", IN))
    with follow(folder, "p.csv") as running, path.open("a") as log:
        assert event(running) == ("Bravo 1", "entered")
        whole = row("10:01", IN, "Bravo 22")
        log.write(row("10:01", IN, "Bravo 2") + whole[:-4])
        log.flush()
        assert event(running) == ("Bravo 2", "entered")
        log.write(whole[-4:])
        log.flush()
        assert event(running) == ("Bravo 22", "entered")
        running.process.send_signal(signal.SIGTERM)
        code, _, errors = running.ended()
    assert code == 130
    assert "3 rows read = 3 accepted + 0 duplicate + 0 refused." in errors


def test_lines_of_json_are_followed(folder):
    def line(clock, lat):
        return json.dumps({"subject": "Bravo 1", "seen_at": f"2026-05-18T{clock}:00Z", "lat": lat, "lon": 38.6}) + "\n"

    with follow(folder) as running:
        running.say(line("10:00", IN).encode())
        assert event(running) == ("Bravo 1", "entered")
        running.say(line("10:01", OUT).encode())
        assert event(running) == ("Bravo 1", "left")


@pytest.mark.promise("ORDER-12")
@pytest.mark.parametrize("size", [1, 40])
def test_a_pipe_in_any_portions_says_what_the_file_says(folder, size):
    rows = [row(f"10:{m:02d}", OUT if m % 3 else IN, f"Bravo {m % 2}") for m in range(0, 60, 2)]
    content = (HEADER + "".join([*rows[:9], "no report\n", *rows[9:]])).encode()
    (folder / "p.csv").write_bytes(content)
    whole = subprocess.run(
        [sys.executable, "-m", "keepclear", "watch", "p.csv", "--zones", "zones.geojson", "--source", "Meridian"],
        cwd=folder, capture_output=True, check=True,
    ).stdout  # fmt: skip
    with follow(folder, "-", "--speed", "max", "--source", "Meridian") as running:
        for first in range(0, len(content), size):
            running.say(content[first : first + size])
        assert running.ended()[1] == whole.decode()
    assert len(whole.splitlines()) > 20


@pytest.mark.promise("ORDER-12")
def test_a_quoted_cell_that_goes_on_over_a_line_end_is_refused_and_holds_nobody_up(folder):
    with follow(folder, "-", "--summary", "json") as running:
        running.say(
            (HEADER + row("10:00", OUT) + '"Bravo\n, 2",2026-05-18T10:01:00Z,33.6,38.6\n' + row("10:02", IN)).encode()
        )
        assert event(running) == ("Bravo 1", "entered")
        running.say(b'"Bravo\n')
        running.say(row("10:03", OUT).encode())
        assert event(running) == ("Bravo 1", "left")
        summary = json.loads(running.ended()[1].splitlines()[-1])
    assert (summary["accepted"], summary["refused"]) == (3, 3)


@pytest.mark.promise("ORDER-13")
def test_silence_is_told_while_nothing_comes(folder):
    with follow(folder, "-", "--speed", "600") as running:
        running.say((HEADER + row("10:00", IN)).encode())
        assert event(running) == ("Bravo 1", "entered")
        lost = json.loads(running.line_with('"lost inside"'))
        assert (lost["at"], lost["cause"]) == ("2026-05-18T10:05:00Z", "silence")
        running.say(row("10:04", OUT).encode())
        assert event(running) == ("Bravo 1", "found clear")


@pytest.mark.promise("ORDER-12", "ORDER-13")
def test_what_is_held_back_to_be_put_in_order_acts_although_nothing_follows(folder):
    with follow(folder, "-", "--reorder", "10 min", "--speed", "3000") as running:
        running.say((HEADER + row("10:06", IN, "Bravo 2") + row("10:02", IN)).encode())
        assert [event(running), event(running)] == [("Bravo 1", "entered"), ("Bravo 2", "entered")]


@pytest.mark.promise("ORDER-15")
@pytest.mark.parametrize("how", ["replaced", "shorter"])
def test_a_log_that_is_rotated_is_followed_on(folder, how):
    path = folder / "p.csv"
    path.write_text(HEADER + row("10:00", IN))
    with follow(folder, "p.csv") as running:
        assert event(running) == ("Bravo 1", "entered")
        if how == "replaced":
            path.rename(folder / "p.csv.1")
            path.write_text(HEADER + row("10:01", OUT) + row("10:02", IN))
        else:
            path.write_text("")
            running.line_with("is shorter than before", "stderr")
            path.write_text(HEADER + row("10:01", OUT) + row("10:02", IN))
        assert event(running) == ("Bravo 1", "left")
        assert event(running) == ("Bravo 1", "entered")
        running.process.send_signal(signal.SIGINT)
        code, _, errors = running.ended()
    assert code == 130
    assert "3 rows read = 3 accepted + 0 duplicate + 0 refused." in errors
    assert "begun anew 1." in errors


@pytest.mark.promise("ORDER-14")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_ends_with_the_account_and_leaves_out_half_a_line(folder, number):
    with follow(folder, "-", "--summary", "json") as running:
        running.say((HEADER + row("10:00", IN) + row("10:01", OUT) + row("10:02", IN)[:-3]).encode())
        assert [event(running), event(running)] == [("Bravo 1", "entered"), ("Bravo 1", "left")]
        running.process.send_signal(number)
        summary = json.loads(running.line_with('"event": "summary"'))
        code, _, errors = running.ended()
    assert code == 130
    assert (summary["rows_read"], summary["accepted"], summary["stopped"]) == (2, 2, True)
    assert summary["noticed"] == {"half_line": 1}
    assert "left out: Bravo 1,2026-05-18T10:02:00Z,33.6,38" in errors


def test_a_stop_before_anything_came_is_no_refusal(folder):
    os.mkfifo(folder / "radio")
    with ExitStack() as files, closing(open(folder / "radio", "r+b", buffering=0)) as writer:
        writer.write(b"subject,")
        stop = files.enter_context(Stop())
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            Following(0.2, 1.0).open(str(folder / "radio"), FeedOptions(), files, stop)


def test_a_reader_that_goes_away_ends_the_watch(folder):
    (folder / "p.csv").write_text(HEADER + row("10:00", IN) + row("10:01", OUT))
    command = f"{shlex.quote(sys.executable)} -m keepclear watch p.csv --follow --zones zones.geojson --speed 6000 --delay '10 ms'"
    # The silence after the last report is an event that finds nobody reading.
    with subprocess.Popen(["bash", "-c", f"{command} | head -1; echo ${{PIPESTATUS[0]}}"], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as both:  # fmt: skip
        output, errors = both.communicate(timeout=120)
    assert output.decode().splitlines()[-1] == "141"
    assert "whoever read the output went away" in errors.decode()


def test_on_a_terminal_sentences_come_at_once(folder):
    try:
        ours, theirs = pty.openpty()
    except OSError as error:
        pytest.skip(f"this machine has no pseudo-terminals: {error}")
    with follow(folder, "-", stdout=theirs) as running:
        os.close(theirs)
        running.say((HEADER + row("10:00", IN)).encode())
        said = b""
        while b"entered Kestrel Pass" not in said:
            said += os.read(ours, 65_536)
        running.say(row("10:01", OUT).encode())
        while b"left Kestrel Pass" not in said:
            said += os.read(ours, 65_536)
        os.close(ours)


def test_the_map_and_the_files_are_written_at_the_end(folder):
    with follow(folder, "-", "--map", "m.svg", "--events", "e.jsonl", "--refusals", "r.jsonl") as running:
        running.say((HEADER + row("10:00", IN) + "no report\n").encode())
        code, output, _ = running.ended()
    assert (code, output) == (0, "")
    assert "</svg>" in (folder / "m.svg").read_text()
    assert json.loads((folder / "e.jsonl").read_text().splitlines()[0])["what"] == "entered"
    assert json.loads((folder / "r.jsonl").read_text())["line"] == 3


def test_a_pipe_that_ends_without_a_line_is_refused(folder):
    with follow(folder) as running:
        code, _, errors = running.ended()
    assert code == 2
    assert "There is nothing in the file" in errors


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"type": "FeatureCollection", "features": []}\n', "--format ndjson"),
        ("[\n", "one JSON object per line"),
        ("<gpx>\n", "one JSON object per line"),
        (gzip.compress(HEADER.encode(), mtime=0), "zcat FILE"),
        ((HEADER + row("10:00", IN)).encode("utf-16"), "iconv"),
        ("who,where\nBravo,here\n", "--column"),
    ],
)
def test_what_cannot_be_followed_is_refused_with_the_way_to_mend_it(folder, capsys, content, said):
    path = folder / "p"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert main(["watch", str(path), "--follow", "--zones", str(folder / "zones.geojson")]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["a.csv", "b.csv", "--follow"], "One feed can be followed"),
        (["absent.csv", "--follow"], "must be there at the start"),
        (["a.csv", "--delay", "1 s"], "Add --follow"),
        (["a.csv", "--speed", "60"], "Add --follow"),
        (["a.csv", "--follow", "--delay", "0 s"], "10 ms"),
        (["a.csv", "--follow", "--speed", "fast"], "max"),
        (["a.csv", "--follow", "--speed", "0"], "above 0"),
    ],
)
def test_options_that_make_no_sense_are_refused(folder, capsys, arguments, said):
    assert main(["watch", *arguments, "--zones", str(folder / "zones.geojson")]) == 2
    assert said in capsys.readouterr().err

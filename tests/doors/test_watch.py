"""`keepclear watch` as people and programs use it: files in, lines and files out, exit codes."""

from __future__ import annotations

import gzip
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.terminal import on_a_terminal

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ZONES = json.dumps(
    {
        "type": "FeatureCollection",
        "features": [{"type": "Feature", "id": "kestrel", "geometry": {"type": "Point", "coordinates": [38.6, 33.5]}, "properties": {"name": "Kestrel Pass", "radius": "20 km"}}],
    }
)  # fmt: skip
TWO_WITHOUT_UNITS = ZONES.replace(
    '"features": [', '"features": [' + json.dumps(json.loads(ZONES)["features"][0] | {"id": "second"}) + ", "
).replace("20 km", "20")
HEADER = "subject,seen_at,lat,lon\n"
GOOD = "Bravo 1,2026-05-18T10:00:00Z,33.9,38.6\nBravo 1,2026-05-18T10:10:00Z,33.6,38.6\nBravo 1,2026-05-18T10:20:00Z,33.9,38.6\n"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "zones.geojson").write_text(ZONES)
    (tmp_path / "p.csv").write_text(HEADER + GOOD)
    return tmp_path


def keepclear(folder, *arguments, stdin=None):
    return subprocess.run(
        [sys.executable, "-m", "keepclear", *arguments], cwd=folder, input=stdin, capture_output=True, check=False
    )


def lines(output):
    return [json.loads(line) for line in output.decode().splitlines()]


def test_in_a_pipe_events_are_json_lines_and_the_account_goes_to_standard_error(folder):
    done = keepclear(folder, "watch", "p.csv", "--zones", "zones.geojson")
    assert done.returncode == 0
    assert [event["what"] for event in lines(done.stdout) if event["event"] == "presence"] == ["entered", "left"]
    assert "3 rows read = 3 accepted + 0 duplicate + 0 refused." in done.stderr.decode()


def test_standard_input_is_a_feed(folder):
    done = keepclear(folder, "watch", "-", "--zones", "zones.geojson", stdin=gzip.compress((HEADER + GOOD).encode()))
    assert len(lines(done.stdout)) == 4


@pytest.mark.parametrize(
    ("properties", "said"), [({}, ""), ({"patterns": None}, "1 note; "), ({"patterns": None, "nam": ""}, "2 notes; ")]
)
def test_that_there_are_notes_on_the_zones_is_told_on_one_line(folder, properties, said):
    zones = json.loads(ZONES)
    zones["features"][0]["properties"] |= properties
    (folder / "my zones.geojson").write_text(json.dumps(zones))
    errors = keepclear(folder, "watch", "p.csv", "--zones", "my zones.geojson").stderr.decode()
    told = [line for line in errors.splitlines() if line.startswith("my zones.geojson: ")]
    shows = f"my zones.geojson: {said}`keepclear zones check 'my zones.geojson'` shows "
    assert [line.startswith(shows) for line in told] == [True] * bool(said)


def test_a_zone_file_without_zones_is_told_and_nobody_is_advised_about_swapped_columns(folder):
    (folder / "none.geojson").write_text('{"type": "FeatureCollection", "features": []}')
    done = keepclear(folder, "watch", "p.csv", "--zones", "none.geojson")
    assert "none.geojson: There are no zones in it" in done.stderr.decode()
    assert "swapped" not in done.stderr.decode()


@pytest.mark.promise("ORDER-13")
@pytest.mark.parametrize("how", [["--source", "Meridian"], []])
def test_a_file_and_standard_input_say_the_same_with_the_same_source_and_else_name_the_feed(folder, how):
    whole = keepclear(folder, "watch", "p.csv", "--zones", "zones.geojson", *how).stdout
    followed = ["-", "--follow", "--speed", "max", "--zones", "zones.geojson", *how]
    behind = keepclear(folder, "watch", *followed, stdin=(HEADER + GOOD).encode()).stdout
    assert (behind == whole) == bool(how)
    assert behind.replace(b'"standard input"', b'"p.csv"') == whole


@pytest.mark.promise("ORDER-11")
def test_the_summary_accounts_for_every_row(folder):
    bad = "Bravo 1,not a time,33.9,38.6\nBravo 1,2026-05-18T10:30:00,33.9,38.6\n,2026-05-18T10:31:00Z,33.9,38.6\nBravo 1,2026-05-18T10:31:00Z,93.9,38.6\n"
    late = "Bravo 1,2026-05-18T12:00:00Z,33.9,38.6,2026-05-18T12:00:00Z\nBravo 1,2026-05-18T10:59:00Z,33.9,38.6,2026-05-18T12:01:00Z\n"
    (folder / "p.csv").write_text(HEADER + GOOD + GOOD + bad)
    (folder / "late.csv").write_text("subject,seen_at,lat,lon,known_at\n" + late)
    done = keepclear(
        folder,
        "watch",
        "p.csv",
        "late.csv",
        "--zones",
        "zones.geojson",
        "--events",
        "e.jsonl",
        "--refusals",
        "r.jsonl",
        "--summary",
        "json",
    )
    (summary,) = lines(done.stdout)
    assert (summary["rows_read"], summary["accepted"], summary["duplicate"], summary["refused"]) == (12, 4, 3, 5)
    assert summary["refused_for"] == {
        "position.lat_range": 1,
        "report.too_late": 1,
        "subject.empty": 1,
        "time.no_zone": 1,
        "time.unreadable": 1,
    }
    refused = lines((folder / "r.jsonl").read_bytes())
    assert [(r["feed"], r["line"], r["key"]) for r in refused] == [
        ("p.csv", 8, "time.unreadable"), ("p.csv", 9, "time.no_zone"), ("p.csv", 10, "subject.empty"), ("p.csv", 11, "position.lat_range"), ("late.csv", 3, "report.too_late"),
    ]  # fmt: skip
    assert all(r["mend"] for r in refused)
    assert done.returncode == 0


def test_without_a_refusals_file_the_first_refusals_are_shown_with_the_way_to_keep_all(folder):
    (folder / "p.csv").write_text(HEADER + GOOD + "Bravo 1,soon,33.9,38.6\n")
    done = keepclear(folder, "watch", "p.csv", "--zones", "zones.geojson")
    assert "line 5" in done.stderr.decode()
    assert "--refusals FILE" in done.stderr.decode()


def test_nothing_accepted_is_exit_code_one(folder):
    (folder / "p.csv").write_text(HEADER + "Bravo 1,soon,33.9,38.6\n")
    assert keepclear(folder, "watch", "p.csv", "--zones", "zones.geojson").returncode == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["p.csv", "--zones", "absent.geojson"], "cannot be read"),
        (["absent.csv", "--zones", "zones.geojson"], "absent.csv"),
        (["p.csv", "--zones", "p.csv"], "JSON"),
        (["p.csv", "--zones", "bare.geojson"], "bare.geojson: $.features[1].properties.radius: "),
        (["p.csv", "--zones", "bare.geojson"], "bare.geojson: $.features[0].properties.radius: "),
        (["empty.csv", "--zones", "zones.geojson"], "empty"),
        (["p.csv", "--zones", "zones.geojson", "--column", "subject"], "FIELD=COLUMN"),
        (["p.csv", "--zones", "zones.geojson", "--lateness", "5"], "duration"),
        (["p.csv", "--zones", "zones.geojson", "--time-zone", "Mars"], "time zone"),
        (["p.csv", "--zones", "zones.geojson", "--events", "no/e.jsonl"], "cannot be written"),
        (["p.csv"], "--zones"),
    ],
)
def test_what_is_not_understood_is_exit_code_two_and_says_how_to_mend_it(folder, arguments, said):
    (folder / "empty.csv").write_text("")
    (folder / "bare.geojson").write_text(TWO_WITHOUT_UNITS)
    done = keepclear(folder, "watch", *arguments)
    assert done.returncode == 2
    assert said in done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()


@pytest.mark.promise("ORDER-3")
def test_as_known_at_shows_only_what_was_known_then(folder):
    done = keepclear(
        folder,
        "watch",
        "p.csv",
        "--zones",
        "zones.geojson",
        "--as-known-at",
        "2026-05-18T10:15:00Z",
        "--summary",
        "json",
    )
    *events, summary = lines(done.stdout)
    assert [event["what"] for event in events if event["event"] == "presence"] == ["entered"]
    assert (summary["not_yet_known"], summary["inside"], summary["clock"]) == (1, 1, "2026-05-18T10:15:00Z")


@pytest.mark.promise("ORDER-2")
def test_several_files_act_as_one_stream_in_known_order(folder):
    rows = [
        HEADER,
        *(f"Bravo {i % 2},2026-05-18T10:{i:02d}:00Z,{33.9 if i % 4 < 2 else 33.6},38.6\n" for i in range(40)),
    ]
    (folder / "all.csv").write_text("".join(rows))
    (folder / "even.csv").write_text("".join([HEADER, *rows[1::2]]))
    (folder / "odd.csv").write_text("".join([HEADER, *rows[2::2]]))
    whole = keepclear(folder, "watch", "all.csv", "--zones", "zones.geojson", "--source", "Meridian")
    parts = keepclear(folder, "watch", "odd.csv", "even.csv", "--zones", "zones.geojson", "--source", "Meridian")
    assert whole.stdout == parts.stdout
    assert len(whole.stdout.splitlines()) > 20


@pytest.mark.promise("ORDER-1")
def test_two_runs_give_the_same_bytes(folder):
    runs = []
    for number in (1, 2):
        keepclear(
            folder, "watch", "p.csv", "--zones", "zones.geojson", "--events", f"e{number}", "--map", f"m{number}.svg"
        )
        runs.append((folder / f"e{number}").read_bytes() + (folder / f"m{number}.svg").read_bytes())
    assert runs[0] == runs[1]


def test_a_stop_while_the_command_is_being_loaded_is_exit_code_130_without_a_traceback(folder):
    stopped = """
import runpy, sys
class Stopped:
    def find_spec(self, name, path, target=None):
        if name == "keepclear.cli.main":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Stopped())
runpy.run_module("keepclear", run_name="__main__")
"""
    done = subprocess.run([sys.executable, "-c", stopped], cwd=folder, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (130, b"keepclear: stopped." + os.linesep.encode())


@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM"])
@pytest.mark.parametrize("module", ["keepclear.cli.main", "argparse", "numpy", "keepclear.watch.watch"])
def test_a_signal_while_the_command_is_being_loaded_is_exit_code_130_with_one_word(folder, number, module):
    signalled = f"""
import runpy, signal, sys
class Signalled:
    def find_spec(self, name, path, target=None):
        if name == "{module}":
            signal.raise_signal(signal.{number})
signal.signal(signal.{number}, signal.SIG_DFL)  # what runs in the background of a shell has it ignored
sys.meta_path.insert(0, Signalled())
sys.argv[1:] = ["watch", "p.csv", "--zones", "zones.geojson"]
runpy.run_module("keepclear", run_name="__main__")
"""
    done = subprocess.run([sys.executable, "-c", signalled], cwd=folder, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"keepclear: stopped.\n")


def test_before_the_command_can_be_stopped_hardly_anything_is_loaded(folder):
    check = "import os, sys; before = set(sys.modules); import keepclear; print(*sorted(set(sys.modules) - before))"
    loaded = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True).stdout.split()
    assert set(loaded) <= {"__future__", "keepclear", "keepclear.cli", "keepclear.cli.cache_folder", "zlib"}


def test_ctrl_c_ends_with_what_was_done_and_exit_code_130(folder):
    with subprocess.Popen(
        [sys.executable, "-m", "keepclear", "watch", "-", "--zones", "zones.geojson", "--reorder", "0 s", "--events", "e.jsonl", "--summary", "json"],
        cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as running:  # fmt: skip
        assert running.stdin is not None
        assert running.stderr is not None
        running.stdin.write((HEADER + GOOD * 10).encode())
        running.stdin.write(b"Bravo 2,2026-05-18T11:00:00Z,33.6,38.6\n" * 100_000)
        running.stdin.flush()
        assert b"Delimited" in running.stderr.readline()
        running.send_signal(signal.SIGINT)
        output, errors = running.communicate()
    assert running.returncode == 130
    assert b"Traceback" not in errors
    (summary,) = lines(output)
    assert summary["stopped"]
    assert summary["rows_read"] == sum(
        summary[key] for key in ("accepted", "duplicate", "refused", "not_yet_known", "not_acted")
    )


def block_after(marker, language):
    found = re.search(rf"{re.escape(marker)}\n```{language}\n(.*?)```", README, re.DOTALL)
    assert found is not None, marker
    return found[1]


def test_the_readme_shows_what_its_commands_say(tmp_path):
    (tmp_path / "zones.geojson").write_text(re.findall(r"```json\n(.*?)```", README, re.DOTALL)[0])
    (tmp_path / "trips.csv").write_text(re.findall(r"```csv\n(.*?)```", README, re.DOTALL)[0])
    command = shlex.split(next(line for line in README.splitlines() if line.startswith("./run watch trips.csv")))[1:]
    _, said, errors = on_a_terminal(command, folder=tmp_path)
    reading: list[str] = []
    account: list[str] = []
    for line in errors.splitlines():
        (reading if line.startswith("trips.csv: ") else account).append(line)
    assert block_after("<!-- output: trips -->", "text").rstrip("\n") == "\n".join(
        [*reading, *said.rstrip("\n").splitlines(), *account]
    )


def test_a_terminal_gets_sentences_and_no_json(folder):
    _, said, _ = on_a_terminal(["watch", "p.csv", "--zones", "zones.geojson"], folder=folder)
    assert "[NOW]      Bravo 1 entered Kestrel Pass" in said
    assert "{" not in said


def test_help_is_quick_to_import(folder):
    check = "import sys; from keepclear.cli.main import parser; parser(); print([m for m in ('numpy', 'pyproj', 'shapely', 'scipy', 'tqdm') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--events", "p.csv"], "what is read"),
        (["--map", "zones.geojson"], "what is read"),
        (["--refusals", "./sub/../p.csv"], "what is read"),
        (["--events", "link"], "what is read"),
        (["--events", "hard"], "what is read"),
        (["--refusals", "p.csv", "--follow"], "what is read"),
        (["--events", "out", "--refusals", "out"], "the file of --events"),
        (["--map", "map.png"], "SVG"),
    ],
)
def test_no_output_overwrites_an_input_or_another_output(folder, arguments, said):
    (folder / "sub").mkdir()
    (folder / "link").symlink_to(folder / "p.csv")
    (folder / "hard").hardlink_to(folder / "p.csv")
    before = {path.name: path.read_bytes() for path in (folder / "p.csv", folder / "zones.geojson")}
    done = keepclear(folder, "watch", "p.csv", "--zones", "zones.geojson", *arguments)
    assert done.returncode == 2
    assert said in done.stderr.decode()
    assert {name: (folder / name).read_bytes() for name in before} == before
    assert not (folder / "out").exists()


@pytest.mark.parametrize("option", ["--events", "--refusals", "--map"])
@pytest.mark.parametrize("follow", [[], ["--follow"]])
def test_no_output_overwrites_the_file_that_standard_input_comes_from(folder, option, follow):
    (folder / "hard").hardlink_to(folder / "p.csv")
    before = (folder / "p.csv").read_bytes()
    for name in ("p.csv", "hard"):
        with (folder / "p.csv").open("rb") as redirected:
            done = subprocess.run(
                [sys.executable, "-m", "keepclear", "watch", "-", *follow, "--zones", "zones.geojson", option, name],
                cwd=folder, stdin=redirected, capture_output=True, check=False,
            )  # fmt: skip
        assert (folder / "p.csv").read_bytes() == before
        assert done.returncode == 2
        assert f"{option} would overwrite what is read" in done.stderr.decode()


def test_an_output_beside_a_piped_standard_input_is_written(folder):
    done = keepclear(folder, "watch", "-", "--zones", "zones.geojson", "--events", "e", stdin=(HEADER + GOOD).encode())
    assert (done.returncode, len((folder / "e").read_text().splitlines())) == (0, 4)


def test_a_reader_that_goes_away_ends_the_run_with_the_account_and_the_other_files_written(folder):
    rows = "".join(f"Bravo {i},2026-05-18T10:00:00Z,33.6,38.6\n" for i in range(30_000))
    (folder / "p.csv").write_text(HEADER + "Bravo 0,soon,33.6,38.6\n" + rows)
    command = [sys.executable, "-m", "keepclear", "watch", "p.csv", "--zones", "zones.geojson", "--refusals", "r.jsonl"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.readline()
        running.stdout.close()
        errors = running.stderr.read().decode()
    assert running.returncode == 141
    assert "whoever read the output went away" in errors
    assert "30001 rows read = " in errors
    assert len((folder / "r.jsonl").read_text().splitlines()) == 1


def test_ctrl_c_while_waiting_for_input_acts_on_what_came_before(folder):
    command = [sys.executable, "-m", "keepclear", "watch", "-", "--zones", "zones.geojson", "--events", "e.jsonl"]
    with subprocess.Popen(
        [*command, "--summary", "json"], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:  # fmt: skip
        assert running.stdin is not None
        assert running.stdout is not None
        assert running.stderr is not None
        # More than the first piece, so that what was recognised is told before the wait.
        running.stdin.write((HEADER + GOOD).encode() + b"Bravo 2,2026-05-18T11:00:00Z,33.6,38.6\n" * 2_000)
        running.stdin.flush()
        assert b"Delimited" in running.stderr.readline()
        while b"seen_at is" not in running.stderr.readline():
            pass
        running.send_signal(signal.SIGINT)
        output = running.stdout.read()
    assert running.returncode == 130
    (summary,) = lines(output)
    assert summary["stopped"]
    assert (
        summary["accepted"] + summary["not_acted"] + summary["duplicate"] + summary["refused"] == summary["rows_read"]
    )


def test_ctrl_c_ends_the_wait_for_input_although_a_file_is_called_like_it(folder):
    (folder / "-").write_text("x", encoding="ascii")
    command = [sys.executable, "-m", "keepclear", "watch", "-", "--zones", "zones.geojson", "--summary", "json"]
    with subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:  # fmt: skip
        assert running.stdin is not None
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdin.write((HEADER + GOOD).encode() + b"Bravo 2,2026-05-18T11:00:00Z,33.6,38.6\n" * 2_000)
        running.stdin.flush()
        while b"seen_at is" not in running.stderr.readline():
            pass
        running.send_signal(signal.SIGINT)
        assert lines(running.stdout.read())[-1]["stopped"]
    assert running.returncode == 130


def test_a_file_that_breaks_off_is_exit_code_one(folder):
    packed = gzip.compress((HEADER + GOOD * 500).encode(), mtime=0)
    (folder / "p.csv.gz").write_bytes(packed[:-20])
    done = keepclear(folder, "watch", "p.csv.gz", "--zones", "zones.geojson")
    assert done.returncode == 1
    assert "file.truncated" in done.stderr.decode()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this machine has no /dev/full")
@pytest.mark.parametrize("option", ["--events", "--refusals", "--map"])
def test_a_full_disk_is_said_and_is_no_traceback(folder, option):
    (folder / "p.csv").write_text(HEADER + GOOD + "Bravo 1,soon,33.6,38.6\n")
    done = keepclear(folder, "watch", "p.csv", "--zones", "zones.geojson", option, "/dev/full")
    assert done.returncode == 2
    said = done.stderr.decode()
    assert "No space left" in said
    assert "Traceback" not in said
    assert "/dev/full" in said.splitlines()[-1]
    assert "4 rows read = " in said
    assert ("last line may be incomplete" in said) == (option != "--map")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this machine has no /dev/full")
@pytest.mark.promise("ORDER-11")
@pytest.mark.parametrize("follow", [[], ["--follow"]])
def test_where_standard_output_is_full_the_account_says_how_far_it_came(folder, follow):
    (folder / "p.csv").write_text(HEADER + GOOD * 30_000)
    with Path("/dev/full").open("wb") as full, (folder / "p.csv").open("rb") as positions:
        done = subprocess.run(
            [sys.executable, "-m", "keepclear", "watch", "-", *follow, "--zones", "zones.geojson"],
            cwd=folder, stdin=positions, stdout=full, stderr=subprocess.PIPE, check=False,
        )  # fmt: skip
    said = done.stderr.decode()
    assert done.returncode == 2
    assert "Traceback" not in said
    assert "standard output: The output broke off (No space left on device)" in said.splitlines()[-1]
    account = r"(\d+) rows read = (\d+) accepted \+ (\d+) duplicate \+ (\d+) refused(?: \+ (\d+) read)?"
    read, accepted, duplicate, refused, not_acted = map(int, re.search(account, said).groups("0"))
    assert read == accepted + duplicate + refused + not_acted
    # A file is read in blocks of which a part had acted; what is followed comes in pieces that act whole.
    assert not_acted > 0 or follow


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-"])
def test_a_closed_stream_is_no_traceback(folder, closed):
    command = f"{shlex.quote(sys.executable)} -m keepclear watch - --zones zones.geojson {closed}"
    done = subprocess.run(
        ["sh", "-c", command], cwd=folder, input=(HEADER + GOOD).encode(), capture_output=True, check=False
    )
    assert b"Traceback" not in done.stderr
    assert done.returncode == (2 if closed == "<&-" else 0)


def test_json_lines_are_utf_8_whatever_the_locale(folder):
    (folder / "p.csv").write_text(HEADER + GOOD.replace("Bravo", "باب"), encoding="utf-8")
    environment = os.environ | {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    command = [sys.executable, "-m", "keepclear", "watch", "p.csv", "--zones", "zones.geojson"]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False, env=environment)
    assert done.returncode == 0
    assert lines(done.stdout)[0]["subject"] == "باب 1"


def test_a_name_cannot_steer_the_terminal(folder):
    (folder / "p.csv").write_text(HEADER + GOOD.replace("Bravo 1", "Bravo\u202e 1"), encoding="utf-8")
    _, said, _ = on_a_terminal(["watch", "p.csv", "--zones", "zones.geojson"], folder=folder)
    assert "\u202e" not in said
    assert "Bravo\\x202e 1" in said


def test_an_instant_without_a_zone_is_refused_even_where_the_feed_declares_one(folder):
    done = keepclear(
        folder,
        "watch",
        "p.csv",
        "--zones",
        "zones.geojson",
        "--time-zone",
        "UTC",
        "--as-known-at",
        "2026-05-18T10:15:00",
    )
    assert done.returncode == 2


def test_swapped_columns_are_counted_where_an_envelope_says_what_to_expect(folder):
    (folder / "p.csv").write_text("subject,seen_at,lon,lat\n" + GOOD)
    done = keepclear(
        folder, "watch", "p.csv", "--zones", "zones.geojson", "--envelope", "32,35,38,43", "--summary", "json"
    )
    (summary,) = lines(done.stdout)
    assert summary["noticed"] == {"place_outside_envelope": 3}


@pytest.mark.promise("ORDER-2")
def test_a_delivery_newest_first_that_became_known_at_once_is_no_heap_of_late_reports(folder):
    rows = [
        f"Bravo 1,2026-05-18T10:{m:02d}:00Z,{33.6 if m % 4 else 33.9},38.6,2026-05-18T12:00:00Z\n" for m in range(60)
    ]
    (folder / "p.csv").write_text("subject,seen_at,lat,lon,known_at\n" + "".join(reversed(rows)))
    done = keepclear(folder, "watch", "p.csv", "--zones", "zones.geojson", "--summary", "json")
    summary = lines(done.stdout)[-1]
    assert (summary["late"], summary["corrections"], summary["presence"]) == (0, 0, 29)

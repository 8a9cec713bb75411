"""The example of the relay: three nodes as programs of their own, over HTTPS with certificates on both sides."""

from __future__ import annotations

import subprocess
import sys


def test_the_relay_passes_on_what_it_cannot_read_and_a_late_word_corrects_what_was_unconfirmed():
    done = subprocess.run(
        [sys.executable, "-m", "keepclear", "example", "relay"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    in_order = [
        "meridian passed it on: evidenced. bravo has exactly these bytes: evidenced.",
        "the read-back differs: seen differs, 1,109 m off",
        "is understood, by Bravo's own word",
        "Unconfirmed: bravo has not answered the question",
        "answered, but late",
        "every one the same on both sides",
        "alpha     sound:",
        "meridian  sound:",
        "bravo     sound:",
    ]
    places = [done.stdout.find(said) for said in in_order]
    assert -1 not in places, [said for said, place in zip(in_order, places, strict=True) if place == -1]
    assert places == sorted(places)


def test_an_example_is_not_told_into_a_folder_that_holds_something(tmp_path):
    (tmp_path / "something").touch()
    command = [sys.executable, "-m", "keepclear", "example", "relay", "--folder", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "There is something in this folder" in done.stderr

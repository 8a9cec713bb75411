"""The built-in scenario tells its story."""

from __future__ import annotations

import subprocess
import sys
from importlib.resources import files

import pytest

from keepclear.cli.example import Story

STORY = (files("keepclear") / "examples" / "at_tanf" / "story.txt").read_text(encoding="utf-8").splitlines()


@pytest.fixture(scope="module")
def story():
    return Story.told()


def test_the_story_is_the_expected_one_sentence_by_sentence(story):
    assert story.lines == STORY


def test_the_garrison_of_the_own_side_is_shown_and_not_alarmed(story):
    assert [line.split()[1] for line in STORY if "the garrison" in line] == ["[foreseen]"]


def test_the_same_contact_at_17_18_and_20_miles_is_one_entry(story):
    assert sum("the larger group entered" in line for line in STORY) == 1


def test_an_event_reported_on_two_dates_in_two_zones_is_stored_once(story):
    assert story.watch_run.account.duplicate == 1
    assert sum("the drone of 20 June" in line for line in STORY) == 1


def test_an_estimated_position_on_the_edge_is_said_to_be_about_even(story):
    assert any("the group at Shahmi entered" in line and "47 % likely inside" in line for line in STORY)


def test_every_report_is_accounted_for(story):
    summary = story.watch_run.summary(())
    assert (summary["rows_read"], summary["accepted"], summary["duplicate"], summary["refused"]) == (15, 14, 1, 0)


def test_the_command_tells_it_and_draws_its_map(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "keepclear", "example", "at-tanf"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    assert done.stderr == ""
    assert all(line in done.stdout for line in STORY)
    assert "the At-Tanf zone" in (tmp_path / "at-tanf.svg").read_text(encoding="utf-8")


def test_a_map_that_cannot_be_written_is_said_after_the_story(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "keepclear", "example", "at-tanf", "--map", str(tmp_path / "no" / "map.svg")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "cannot be written" in done.stderr
    assert STORY[0] in done.stdout

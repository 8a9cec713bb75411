"""The moving example at at-Tanf, as whoever opens its addresses meets it."""

from __future__ import annotations

import itertools
import os
import pty
import re
import signal
import subprocess
import sys
from collections import defaultdict
from contextlib import suppress

import pytest

from keepclear.cli.example_live import _both_started
from keepclear.cli.exercise_begin import PEOPLE
from keepclear.cli.parties_on_one_machine import DidNotHappen, RunningNode, all_started, begun, pair
from keepclear.cli.played_officer import ANSWERS_S, NAME, PERSON_S, READS_BACK_S, PlayedOfficer
from keepclear.cli.scenery import CENTRE, CONVOY_ENTERS_S, CONVOY_SEEN_S, EDGE_M, FEEDS, INVENTED, ROUND_S, Scenery
from keepclear.cli.stopping import Stop
from keepclear.geo.geodesics import inverse
from tests.builders import at
from tests.desks import PersonAtDesk
from tests.running import Running

ADDRESS = re.compile(r"http://\S+#/invite/\S+")


def next_address(example: Running) -> str:
    found = ADDRESS.search(example.line_with("#/invite/"))
    assert found is not None
    return found[0]


# --- the scenery ---


@pytest.fixture(scope="module")
def two_rounds():
    """By subject: second and row of everything that is reported in two rounds, with nobody turning before its time."""
    scenery = Scenery(at("09:00"))
    reported = defaultdict(list)
    for second in range(2 * ROUND_S):
        for feed, rows in scenery.rows(second, {}).items():
            if feed != "vehicles":
                for row in rows:
                    reported[row["subject"]].append((second, row))
    return reported


def metres_between(one, other):
    return inverse(one["lat"], one["lon"], other["lat"], other["lon"])[0]


def from_edge_m(row):
    return inverse(*CENTRE, row["lat"], row["lon"])[0] - EDGE_M


def test_nobody_jumps_and_everybody_moves_as_fast_as_is_said(two_rounds):
    for rows in two_rounds.values():
        for (second, row), (later, next_row) in itertools.pairwise(rows):
            if "speed_mps" in row and later - second <= 5:
                fastest = max(row["speed_mps"], next_row["speed_mps"])
                assert metres_between(row, next_row) <= 1.05 * fastest * (later - second) + 0.5


def test_the_convoy_comes_into_sight_outside_and_enters_within_a_minute(two_rounds):
    second, row = two_rounds["Convoy 1"][0]
    assert second == CONVOY_SEEN_S
    assert 0 < from_edge_m(row) < 1_000
    assert next(second for second, row in two_rounds["Convoy 1"] if from_edge_m(row) < 0) == CONVOY_ENTERS_S


def test_a_convoy_that_nobody_warned_turns_round_by_itself_and_one_that_was_warned_does_so_then():
    scenery = Scenery(at("09:00"))

    def edge_m(second, turned):
        (convoy,) = (row for row in scenery.rows(second, turned)["observer"] if row["subject"] == "Convoy 1")
        return from_edge_m(convoy)

    assert edge_m(300, {}) < -3_000
    assert edge_m(300, {1: 120}) > 0
    assert edge_m(ROUND_S - 1, {}) > 0


def test_it_goes_round_with_others(two_rounds):
    assert {"Convoy 1", "Convoy 2", "Aircraft 1", "Aircraft 2"} <= set(two_rounds)
    assert two_rounds["Convoy 2"][0][0] == ROUND_S + CONVOY_SEEN_S


def test_one_feed_falls_silent_for_longer_than_it_may_and_comes_back(two_rounds):
    seconds = [second for second, _ in two_rounds["Lorry 7"]]
    gap_s = max(later - second for second, later in itertools.pairwise(seconds))
    assert gap_s > 2 * FEEDS["road-post"][1]


def test_every_source_says_that_it_is_invented(two_rounds):
    assert all(INVENTED in source for source, _, _ in FEEDS.values())
    assert all(row["exercise"] for rows in two_rounds.values() for _, row in rows)


# --- the officer who is played ---


@pytest.fixture
def two_desks(tmp_path):
    people = {party: {user: role for user, (role, _) in those.items()} for party, those in PEOPLE.items()}
    alpha = begun(tmp_path / "alpha", "alpha", "Alpha", people["alpha"], answers=False)
    bravo = begun(tmp_path / "bravo", "bravo", "Bravo", people["bravo"], answers=True)
    with all_started([alpha, bravo]):
        pair(alpha, bravo, "by telephone")
        alpha.ask("admin", "PUT", "/v1/peers/bravo", {"address": bravo.links})
        bravo.ask("admin", "PUT", "/v1/peers/alpha", {})
        yield Desks(alpha, bravo)


class Desks:
    def __init__(self, alpha, bravo):
        self.alpha, self.bravo = alpha, bravo

    def warn(self):
        """A warning of Otto's, once Bravo has it."""
        warning = {
            "to": "bravo",
            "marker": "warning",
            "text": "There are mines.",
            "valid_for": "6 h",
            "reply_within": "30 min",
            "facts": [{"is": "place", "name": "mines", "text": "33.5880 38.5000"}],
        }
        sent = self.alpha.ask("otto", "POST", "/v1/messages", warning)["message"]
        self.bravo.until("the warning", lambda: self.shown_at_bravo(sent))
        return sent

    def shown_at_bravo(self, message):
        page = self.bravo.ask("boris", "GET", "/v1/messages?limit=1000")["items"]
        return any(one["message"] == message for one in page)

    def read_back(self, message):
        held = self.bravo.ask("boris", "GET", f"/v1/messages/{message}")
        return [said["person"] for said in held["statements"] if said["act"] == "understood"]

    def answers(self, message):
        page = self.bravo.ask("boris", "GET", "/v1/messages?limit=1000")["items"]
        return [one["author"] for one in page if one["answers"] == message]


def test_the_played_officer_reads_back_and_answers_each_once_and_in_its_time(two_desks):
    officer, sent = PlayedOfficer(two_desks.bravo, "boris-played", "alpha"), two_desks.warn()
    assert officer.act(0) == []
    assert officer.act(READS_BACK_S - 1) == []
    assert two_desks.read_back(sent) == []
    officer.act(READS_BACK_S)
    officer.act(READS_BACK_S + 1)
    assert two_desks.read_back(sent) == [NAME]
    officer.act(ANSWERS_S)
    assert officer.act(ANSWERS_S + 1) == [sent]
    assert officer.act(ANSWERS_S + 2) == []
    assert two_desks.answers(sent) == ["boris-played"]


def test_the_played_officer_sees_what_is_behind_the_first_page_of_messages(two_desks, monkeypatch):
    monkeypatch.setattr("keepclear.cli.played_officer.PAGE_ITEMS", 1)
    officer = PlayedOfficer(two_desks.bravo, "boris-played", "alpha")
    sent = [two_desks.warn(), two_desks.warn()]
    officer.act(0)
    officer.act(READS_BACK_S)
    assert [two_desks.read_back(one) for one in sent] == [[NAME], [NAME]]


def test_what_a_person_at_that_desk_has_done_is_left_alone(two_desks):
    officer, sent = PlayedOfficer(two_desks.bravo, "boris-played", "alpha"), two_desks.warn()
    officer.act(0)
    facts = [{"is": "place", "name": "mines", "text": "33.5880 38.5000"}]
    said = {"act": "understood", "person": "Boris", "facts": facts}
    two_desks.bravo.ask("boris", "POST", f"/v1/messages/{sent}/statements", said)
    officer.act(READS_BACK_S)
    answer = {"to": "alpha", "marker": "answer", "answers": sent, "text": "We see.", "valid_for": "6 h"}
    two_desks.bravo.ask("boris", "POST", "/v1/messages", answer)
    assert officer.act(ANSWERS_S) == [sent]
    assert officer.act(10 * ANSWERS_S) == []
    assert two_desks.read_back(sent) == ["Boris"]
    assert two_desks.answers(sent) == ["boris"]


def test_somebody_who_sits_at_that_desk_is_given_time(two_desks):
    officer, sent = PlayedOfficer(two_desks.bravo, "boris-played", "alpha", sits_there=True), two_desks.warn()
    officer.act(0)
    officer.act(PERSON_S + READS_BACK_S - 1)
    assert two_desks.read_back(sent) == []
    officer.act(PERSON_S + READS_BACK_S)
    assert two_desks.read_back(sent) == [NAME]


# --- the whole, from its addresses ---


def test_a_person_warns_and_sees_the_receipts_climb_and_nothing_goes_out_but_what_they_send(tmp_path):
    with Running(tmp_path, "example", "at-tanf", "--live", "--folder", "kept") as example:
        otto_at, boris_at = next_address(example), next_address(example)
        example.line_with("Ctrl-C ends it")
        with PersonAtDesk(otto_at) as otto, PersonAtDesk(boris_at) as boris:
            otto.come_in()
            assert otto.ask("GET", "/v1/me")["user"] == "otto"
            assert boris.asked("GET", "/v1/me").status_code == 401
            assert otto.ask("GET", "/v1/alerts?state=open")["items"] == []
            approach = next(line for line in otto.told("alert") if line["key"] == "approach")
            assert approach["subject"] == "Convoy 1"
            draft = otto.ask("POST", "/v1/messages/draft", {"alert": approach["alert"], "to": "bravo"})
            assert otto.ask("POST", "/v1/messages/check", draft)["findings"] == []
            assert otto.ask("GET", "/v1/messages")["items"] == []
            sent = otto.ask("POST", "/v1/messages", draft | {"reply_within": "30 min"})["message"]
            otto.until(f"/v1/messages/{sent}", lambda held: held["hops"] and held["hops"][0]["received"] == "evidenced")
            entered = next(line for line in otto.told("alert") if line["key"] == "entered")
            assert entered["subject"] == "Convoy 1"
            otto.ask("POST", f"/v1/alerts/{entered['alert']}/acknowledge", {"note": "Bravo is warned"})
            held = otto.until(f"/v1/messages/{sent}", lambda held: held["answered_by"])
            assert held["debt"] == "settled"
            assert NAME in [said["person"] for said in held["statements"] if said["act"] == "understood"]
            out = otto.ask("GET", "/v1/messages?direction=out")["items"]
            assert [one["message"] for one in out] == [sent]
        assert "otto" in next_address_after("Somebody is at the desk", example)
        example.process.send_signal(signal.SIGINT)
        code, said, errors = example.ended()
    assert (code, errors) == (0, "")
    assert "kept/alpha" in said
    assert (tmp_path / "kept" / "alpha" / "record.sqlite").exists()


def next_address_after(words: str, example: Running) -> str:
    """The line with these words; behind it another address is printed, as the first one is used up."""
    line = example.line_with(words)
    assert ADDRESS.search(example.line())
    return line


def test_on_a_terminal_it_moves_and_ctrl_c_while_it_is_set_up_ends_it(tmp_path):
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "keepclear", "example", "at-tanf"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=theirs, stderr=theirs, start_new_session=True) as example:
        os.close(theirs)
        said = b""
        while b"set up on this machine" not in said:
            said += os.read(ours, 65_536)
        os.killpg(example.pid, signal.SIGINT)  # as a terminal does: everybody in it
        assert example.wait(60) == 0
    os.close(ours)
    assert list(tmp_path.iterdir()) == []


def test_a_stop_while_the_nodes_start_ends_it_in_silence(tmp_path, capsys):
    (tmp_path / "no-node").mkdir()
    (tmp_path / "no-node" / "node.toml").write_text("this is no node")
    alpha, bravo = (RunningNode(party, tmp_path / "no-node", {}) for party in ("alpha", "bravo"))
    with Stop() as stop, suppress(DidNotHappen):
        stop.asked = True
        with _both_started(alpha, bravo, stop):
            raise DidNotHappen("there is no node to ask")
    assert capsys.readouterr().err == ""

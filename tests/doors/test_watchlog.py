"""`keepclear watchlog`: what a shift reads on paper."""

from __future__ import annotations

import argparse
import json

import pytest

from keepclear.agreements.terms import Entry as Allowed
from keepclear.cli import watchlog
from keepclear.host.bodies import body_of
from keepclear.node import events as e
from keepclear.record.entries import Committed, Entry
from keepclear.store.store import Store
from keepclear.store.writes import Write
from tests.builders import reports
from tests.nodes import watching


def node_of(folder, given):
    """A folder with the record of a node that was given events."""
    folder.mkdir()
    (folder / "node.toml").write_text('store = "record.sqlite"\n')
    entries = []
    replayed = type(given.node)()
    for sequence, (event, by, exercise, at_us) in enumerate(given.history):
        outcome, body = replayed.step(event, by=by, exercise=exercise, at_us=at_us).outcome, body_of(event)
        entry = Entry.of(sequence, at_us, e.kind_of(event), by, exercise, body, outcome)
        entries.append(Committed(entry, body, outcome))
    with Store.open(f"sqlite:///{folder}/record.sqlite") as store:
        store.append([Write(entries)])
    return folder


def printed(capsys, *arguments):
    parser = argparse.ArgumentParser()
    watchlog.add_parser(parser.add_subparsers())
    args = parser.parse_args(["watchlog", *map(str, arguments)])
    assert args.run(args) == 0
    return capsys.readouterr().out


@pytest.fixture
def given():
    return watching()


def test_an_entry_that_is_an_alert_is_one_line_with_its_number_and_urgency(given, tmp_path, capsys):
    given.positions({"seen": "10:00", "km": 60.0}, {"seen": "10:10", "km": 1.0}, clock="10:10")
    (alert,) = given.node.side(False).alerts
    log, still_open = printed(capsys, node_of(tmp_path / "alpha", given)).split("Open at the end: 1")
    (line,) = (line for line in log.splitlines() if "entered Kestrel Pass" in line)
    assert f" {alert.id} " in line
    assert "[NOW]" in line
    assert f" {alert.id} " in still_open


def test_a_change_of_presence_that_no_alert_is_about_keeps_its_line(given, tmp_path, capsys):
    given.zone(may_enter=(Allowed("bravo"),))
    given.positions(
        {"seen": "10:10", "km": 1.0, "subject": "Bravo 1", "party": "bravo", "confidence": 0.9},
        {"seen": "10:10", "km": 1.0, "subject": "Truck 7"}, clock="10:10",
    )  # fmt: skip
    folder = node_of(tmp_path / "alpha", given)
    log = printed(capsys, folder).splitlines()
    (foreseen,) = (line for line in log if "Bravo 1 entered" in line)
    assert "[NOW]" not in foreseen
    assert sum("Truck 7 entered" in line for line in log) == 2, "in its place, and open at the end"
    told = [json.loads(line) for line in printed(capsys, folder, "--json").splitlines()]
    assert sum("Truck 7 entered" in line["text"] for line in told) == 2, "as JSON both are there"


def test_an_alert_that_is_raised_again_is_told_by_its_number(given, tmp_path, capsys):
    for hour in (10, 12):
        given.positions({"seen": f"{hour}:00", "km": 60.0}, {"seen": f"{hour}:20", "km": 1.0}, clock=f"{hour}:20")
        given.positions({"seen": f"{hour}:50", "km": 60.0}, clock=f"{hour}:50")
    entered = next(alert for alert in given.node.side(False).alerts if alert.key == "entered")
    assert entered.repeats == 1
    log = printed(capsys, node_of(tmp_path / "alpha", given)).partition("Open at the end")[0]
    lines = [line for line in log.splitlines() if "entered Kestrel Pass" in line]
    assert len(lines) == 2
    assert all(f" {entered.id} " in line for line in lines)
    assert "(repeat 1)" in " ".join(log.split())


def test_what_a_subject_is_called_stands_behind_it(given, tmp_path, capsys):
    called = (("Bravo 1", "NORTH STAR"),)
    given.give(e.PositionsArrived("ais-1", reports(), names=called), by="feed:ais-1", clock="10:00")
    given.positions({"seen": "10:10", "km": 1.0}, clock="10:10")
    log, still_open = printed(capsys, node_of(tmp_path / "alpha", given)).split("Open at the end: 1")
    for part in (log, still_open):
        assert 'Bravo 1 ("NORTH STAR", says ais-1) entered Kestrel Pass' in " ".join(part.split())
    assert "is called" not in log

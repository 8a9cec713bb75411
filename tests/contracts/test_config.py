"""node.toml: what is no setting, or would make a node that does nothing or nothing else, is refused before anything is opened."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from keepclear.ground.errors import Refused
from keepclear.ground.quantities import parse_duration_us
from keepclear.host.config import LIMITS, Config, Limits, config_of
from keepclear.host.sources import declared

FOLDER = Path("alpha")
NUMBERS = {name: range for name, range in LIMITS.items() if isinstance(range[0], int)}
DURATIONS = {name: range for name, range in LIMITS.items() if isinstance(range[0], str)}


def written(name: str) -> str:
    """What a limit is called in node.toml."""
    return name.replace("_us_", "_").removesuffix("_us")


def refused(tables) -> Refused:
    with pytest.raises(Refused) as caught:
        config_of(tables, FOLDER)
    return caught.value


def test_every_limit_has_a_least_and_a_greatest_and_its_default_is_between_them():
    assert set(LIMITS) == {member.name for member in fields(Limits)}
    defaults = Limits()
    for name, (least, greatest) in NUMBERS.items():
        assert least <= getattr(defaults, name) <= greatest
    for name, (shortest, longest) in DURATIONS.items():
        default = getattr(defaults, name)
        assert default is None or parse_duration_us(shortest) <= default <= parse_duration_us(longest)


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_beyond_its_limits_is_refused_and_the_limits_are_not(name):
    least, greatest = NUMBERS[name]
    for value in (least - 1, greatest + 1, True, 1.5, "many"):
        said = refused({"limits": {name: value}})
        assert (said.key, said.where) == ("config.number", f"limits.{name}")
        assert f"from {least:,} to {greatest:,}" in said.mend
    for value in (least, greatest):
        assert getattr(config_of({"limits": {name: value}}, FOLDER).limits, name) == value


@pytest.mark.parametrize("name", DURATIONS)
def test_a_duration_beyond_its_limits_is_refused_and_the_limits_are_not(name):
    least, greatest = DURATIONS[name]
    for value in ("0 s", "1 us", "36501 d", "-1 s", "soon", 10):
        said = refused({"limits": {written(name): value}})
        assert said.where == f"limits.{written(name)}"
        assert f'from "{least}" to "{greatest}"' in said.mend
    for value in (least, greatest):
        assert getattr(config_of({"limits": {written(name): value}}, FOLDER).limits, name) == parse_duration_us(value)


def test_nobody_is_answered_on_links_unless_a_port_is_named():
    assert config_of({}, FOLDER).links.port is None
    links = config_of({"links": {"host": "0.0.0.0", "port": 7118, "poll_wait": "20 s"}}, FOLDER).links
    assert (links.host, links.port, links.poll_wait_us) == ("0.0.0.0", 7_118, 20_000_000)


def test_snapshots_behind_each_other_are_refused_with_the_reason():
    assert refused({"limits": {"snapshot_every_entries": 1}}).mend.startswith("A snapshot holds the whole state")


@pytest.mark.parametrize(
    ("tables", "where"),
    [
        ({"doors": {"port": 65_536}}, "doors.port"),
        ({"doors": {"port": -1}}, "doors.port"),
        ({"doors": {"host": "a\0b"}}, "doors.host"),
        ({"heartbeat": {"every": "1 ms"}}, "heartbeat.every"),
        ({"heartbeat": {"every": "never"}}, "heartbeat.every"),
        ({"heartbeat": {"file": "record.sqlite"}}, "heartbeat.file"),
        ({"heartbeat": {"file": "./node.toml"}}, "heartbeat.file"),
        ({"heartbeat": {"file": "keys/x.pem"}}, "heartbeat.file"),
        ({"heartbeat": {"file": "b.sqlite-wal"}, "store": "b.sqlite"}, "heartbeat.file"),
        ({"heartbeat": {"file": "c.pem"}, "doors": {"certificate": "c.pem", "key": "k.pem"}}, "heartbeat.file"),
        ({"store": "a\0b"}, "store"),
        ({"links": {"port": 65_536}}, "links.port"),
        ({"links": {"poll_wait": "6 min"}}, "links.poll_wait"),
        ({"links": {"request_wait": "never"}}, "links.request_wait"),
        ({"links": {"ports": 1}}, "links"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_refused_with_its_path(tables, where):
    assert refused(tables).where == where


@pytest.mark.parametrize(
    ("name", "said", "where"),
    [
        ("ais-1", {"silent_after": "0 s"}, "sources.ais-1.silent_after"),
        ("ais-1", {"silent_after": "1000000 d"}, "sources.ais-1.silent_after"),
        ("ais-1", {"silent_after": 5}, "sources.ais-1.silent_after"),
        ("ais-1", {"grading": 2}, "sources.ais-1.grading"),
        ("ais-1", {"batch": "1 ms"}, "sources.ais-1.batch"),
        ("AIS 1", {}, "sources.AIS 1"),
    ],
)
def test_a_feed_that_the_node_would_refuse_is_refused_before_a_door_is_opened(name, said, where):
    table = {"connect": "tcp://192.0.2.7:10110"} | said
    with pytest.raises(Refused) as caught:
        declared(Config(FOLDER, sources={name: table}), "alpha")
    assert caught.value.where == where

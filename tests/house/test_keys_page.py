"""The list of keys that translators work from is whole: every key that the program says, with every parameter that its words need."""

from __future__ import annotations

import importlib.util
import string
from pathlib import Path
from types import ModuleType

import msgspec
import pytest

from keepclear.channel import checks
from keepclear.render import keys, need_sentences, told
from tests.doors.api.caller import AWAY, INSIDE, staffed

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def paste_keys() -> ModuleType:
    spec = importlib.util.spec_from_file_location("paste_keys", ROOT / "scripts" / "paste_keys.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_pages_are_what_the_program_says(paste_keys):
    told = "run: .venv/bin/python scripts/paste_keys.py"
    assert paste_keys.PAGE.read_text(encoding="utf-8") == paste_keys.page(), told
    assert paste_keys.DATA.read_text(encoding="utf-8") == paste_keys.data(), told


def test_every_alert_and_finding_and_condition_is_listed():
    assert keys.ALERTS.keys() == told.ALERT_KEYS
    assert keys.FINDINGS.keys() == checks.SENTENCES.keys()
    assert keys.CONDITIONS.keys() >= need_sentences.CONDITION_KEYS
    assert keys.CONDITIONS.keys() <= need_sentences.CONDITION_KEYS | told.ALERT_KEYS
    assert keys.LINE_KEYS.keys() == told.WHATS
    assert keys.LINES.keys() == told.WHATS - {"alert"}


@pytest.mark.parametrize("key", sorted(checks.SENTENCES))
def test_a_finding_is_listed_with_every_parameter_of_its_sentence(key):
    fields = {name for _, name, _, _ in string.Formatter().parse(checks.SENTENCES[key]) if name}
    assert fields <= keys.FINDINGS[key].keys()


def test_every_group_that_a_parameter_is_taken_from_is_listed():
    tables = (keys.ALERTS, keys.CONDITIONS, keys.FINDINGS, keys.LINES)
    kinds = {kind for table in tables for params in table.values() for kind in params.values()}
    groups = {kind.partition(":")[2] for kind in kinds if ":" in kind}
    assert groups <= keys.words().keys()
    plain = {kind for kind in kinds if ":" not in kind}
    assert plain <= {"text", "id", "instant", "s", "m", "deg", "count", "bytes", "share", "flag", "data"}


def test_lines_of_a_node_have_no_parameter_and_no_key_that_is_not_listed():
    staff = staffed()
    for row in (AWAY, INSIDE, {**AWAY, "seen_at": "2026-05-18T10:20:00Z"}):
        staff.bring(row)
    staff.call.post("/v1/stops", staff.officer, json={"words": "Stop"})
    found = list(staff.desk.told)
    assert {one.what for one in found} >= {"presence", "alert", "zone", "call"}
    for one in found:
        said = msgspec.json.decode(one.line)
        listed = keys.ALERTS[said["key"]] | {"repeats": "count"} if one.what == "alert" else keys.LINES[one.what]
        assert keys.params_of(said).keys() - {"action"} <= listed.keys(), one.line
        assert keys.key_of(said) in keys.LINE_KEYS[one.what]

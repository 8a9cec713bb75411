"""docs/spec/measures.md: measures as facts, and the ladder as it was gone."""

from __future__ import annotations

import ast
import inspect
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepclear.agreements.agreed_terms import Rung
from keepclear.channel import measures
from keepclear.channel.measures import (
    Gone,
    How,
    LadderGone,
    Measure,
    Reaction,
    Taken,
    ladder_at,
    measure_checked,
    reaction_checked,
)
from keepclear.channel.messages import Words
from keepclear.channel.statements import Evidence
from keepclear.ground.errors import Refused
from tests.builders import MINUTE_US, at

KEYS = ("notice", "notice-again", "leaflet", "presence")
LADDER = tuple(Rung(key, key.replace("-", " ")) for key in KEYS)
TEXTS = Words("en", "You are inside the zone."), Words("ar", "أنتم داخل المنطقة.")


def measure(rung, clock, **changes):
    given: dict[str, Any] = {
        "by": "alpha",
        "towards": "bravo",
        "area": "west of Kestrel Pass",
        "decided_by": "watch commander",
        "said_by": "alpha",
        "noted_by": "watch officer",
        "texts": TEXTS,
    }
    return measure_checked(Measure(rung, at_us=at(clock), **(given | changes)))


def gone(*some, reactions=(), clock="12:00"):
    return ladder_at(LADDER, "alpha", "bravo", some, reactions, at(clock))


def refused(check, value):
    with pytest.raises(Refused) as caught:
        check(value)
    return caught.value.where


@pytest.mark.promise("MEASURE-1")
def test_a_measure_keeps_its_words_in_each_language_and_who_decided_it():
    one = measure("notice", "10:00")
    assert [text.language for text in one.texts] == ["en", "ar"]
    assert one.decided_by == "watch commander"
    assert one.evidence is Evidence.EVIDENCED
    assert measure("notice", "10:00", said_by="meridian").evidence is Evidence.CLAIMED


@pytest.mark.promise("MEASURE-2")
def test_what_was_seen_after_a_measure_stands_with_it_by_when_it_was_seen():
    one = measure("notice", "10:00")
    seen = reaction_checked(Reaction(one.id, "The vehicles halted", at("10:20"), "post 3"))
    assert gone(one, reactions=(seen,), clock="10:19").rungs[0].taken[0].reactions == ()
    assert gone(one, reactions=(seen,), clock="10:20").rungs[0].taken[0].reactions == (seen,)


@pytest.mark.promise("MEASURE-3")
def test_every_rung_says_what_became_of_it_and_how_long_ago():
    found = gone(measure("leaflet", "11:00"), measure("notice", "10:00"), measure("notice", "10:30"))
    assert [(rung.rung.key, rung.how) for rung in found.rungs] == [
        ("notice", How.TAKEN),
        ("notice-again", How.SKIPPED),
        ("leaflet", How.TAKEN),
        ("presence", How.NOT_TAKEN),
    ]
    assert [one.ago_us for one in found.rungs[0].taken] == [120 * MINUTE_US, 90 * MINUTE_US]


@pytest.mark.promise("MEASURE-3")
def test_a_rung_that_came_after_one_behind_it_says_after_which():
    found = gone(measure("presence", "10:00"), measure("notice", "10:05"), measure("notice-again", "10:00"))
    assert found.rungs[0].how is How.OUT_OF_ORDER
    assert found.rungs[0].taken[0].after == ("notice-again", "presence")
    assert found.rungs[1].how is How.TAKEN, "two of one instant are in no order"


@pytest.mark.promise("MEASURE-3")
def test_a_measure_that_is_no_rung_stands_beside_the_ladder():
    other = measure("closed-road", "10:00")
    found = gone(other)
    assert [one.measure for one in found.beside] == [other]
    assert {rung.how for rung in found.rungs} == {How.NOT_TAKEN}


@pytest.mark.promise("MEASURE-4")
def test_measures_of_others_do_not_show():
    theirs = measure("presence", "10:00", by="bravo", towards="alpha")
    towards_others = measure("presence", "10:00", towards="northlight")
    assert {rung.how for rung in gone(theirs, towards_others).rungs} == {How.NOT_TAKEN}


clocks = st.integers(0, 23).map(lambda hour: f"{hour:02d}:00")
some_measures = st.lists(st.builds(measure, st.sampled_from([*KEYS, "closed-road"]), clocks), max_size=6)


@pytest.mark.promise("MEASURE-5")
@given(some_measures, st.integers(0, 23))
def test_nothing_later_changes_what_is_said_and_nothing_later_is_said(some, hour):
    clock = f"{hour:02d}:00"
    reactions = [Reaction(one.id, "halted", one.at_us + MINUTE_US, "post 3") for one in some]
    found = gone(*some, reactions=reactions, clock=clock)
    past = [one for one in some if one.at_us <= at(clock)]
    assert found == gone(*past, reactions=[one for one in reactions if one.seen_at_us <= at(clock)], clock=clock)
    assert all(us <= at(clock) for us in instants(msgspec.to_builtins(found)))


def instants(value):
    """Every whole number within, of a field that ends in at_us."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from [inner] if name.endswith("at_us") else instants(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from instants(inner)


@pytest.mark.promise("MEASURE-5")
def test_a_rung_that_was_not_taken_has_nothing_to_say_but_that():
    """No answer has room for advice: these are all the fields that an answer has."""
    assert gone().rungs[0] == Gone(LADDER[0], How.NOT_TAKEN, ())
    assert LadderGone._fields == ("rungs", "beside")
    assert Gone._fields == ("rung", "how", "taken")
    assert Taken._fields == ("measure", "ago_us", "after", "reactions")
    assert set(How) == {"not_taken", "taken", "skipped", "out_of_order"}


@pytest.mark.promise("MEASURE-5")
def test_no_name_in_the_module_speaks_of_what_is_to_come_or_of_what_is_aimed_at():
    tree = ast.parse(inspect.getsource(measures))
    names = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    names |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    names |= {
        node.target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }
    words = {word for name in names for word in name.lower().split("_")}
    assert {"ladder", "taken", "skipped"} & words
    to_come = {
        "next",
        "due",
        "propose",
        "proposed",
        "recommend",
        "recommended",
        "suggest",
        "advise",
        "should",
        "when",
        "wait",
        "until",
    }
    aimed_at = {"target", "weapon", "effect", "aim", "casualties"}
    assert words.isdisjoint(to_come | aimed_at)
    assert not [name for name in names if name.endswith("_us") and name not in {"at_us", "seen_at_us", "ago_us"}]


@pytest.mark.promise("MEASURE-6")
@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"decided_by": ""}, "$.decided_by"),
        ({"towards": "alpha"}, "$.towards"),
        ({"towards": ""}, "$.towards"),
        ({"area": " "}, "$.area"),
        ({"texts": (TEXTS[0], TEXTS[0])}, "$.texts[1]"),
        ({"texts": (Words("en", ""),)}, "$.texts[0].text"),
        ({"at_us": 2**60}, "$.at_us"),
        ({"rung": "Show of force"}, "$.rung"),
    ],
)
def test_what_cannot_be_a_measure_is_refused_with_its_place(changes, where):
    assert refused(measure_checked, msgspec.structs.replace(measure("notice", "10:00"), **changes)) == where


@pytest.mark.promise("MEASURE-6")
def test_a_reaction_cites_a_measure():
    assert refused(reaction_checked, Reaction("notice", "halted", 0, "post 3")) == "$.measure"


def test_a_measure_is_written_and_read_back():
    one = measure("notice", "10:00")
    assert msgspec.json.decode(msgspec.json.encode(one), type=Measure) == one

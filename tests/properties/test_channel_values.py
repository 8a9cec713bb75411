"""What is written of a value is its form after RFC 8785, and is read back as that value."""

from __future__ import annotations

from hashlib import sha256

import msgspec
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from keepclear.agreements.agreement import read_fact
from keepclear.channel.facts import Count, Place, Time, Word
from keepclear.channel.messages import Marker, Message, Urgency, Words, read_message
from keepclear.channel.statements import Act, Statement, read_statement
from keepclear.ground.canon import INTEGER_MAX
from keepclear.ground.instants import EARLIEST_US
from keepclear.ground.written import digest_of, written
from tests.agreed import observation, position, proposal, signature

# Everything but half characters and what no text here may hold.
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=60)
NUMBERS = st.integers(0, INTEGER_MAX)
FACTS = st.one_of(
    st.builds(Word, st.just("word"), TEXTS),
    st.builds(Count, st.just("count"), st.integers(0, 1000), st.none() | st.integers(1000, INTEGER_MAX), TEXTS),
    st.builds(Time, st.just("time"), st.integers(EARLIEST_US, 0), TEXTS),
    st.builds(
        Place, st.just("place"), st.integers(-900_000_000, 900_000_000), st.integers(-1_800_000_000, 1_800_000_000),
        st.integers(0, 100_000_000), TEXTS, TEXTS,
    ),
)  # fmt: skip


@st.composite
def messages(draw: st.DrawFn) -> Message:
    at_us = draw(st.integers(EARLIEST_US, 0))
    facts = draw(st.lists(FACTS, max_size=4, unique_by=lambda fact: fact.name))
    return Message(
        salt=draw(st.binary(min_size=32, max_size=32)).hex(), sender="alpha", to="bravo", author="officer",
        marker=draw(st.sampled_from([marker for marker in Marker if marker is not Marker.ANSWER])),
        urgency=draw(st.sampled_from(Urgency)), original=Words("en", draw(TEXTS) + "x"), written_at_us=at_us,
        valid_until_us=at_us + draw(st.integers(1, 10**12)), facts=tuple(facts), exercise=draw(st.booleans()),
    )  # fmt: skip


@given(messages())
def test_a_message_is_written_as_rfc_8785_has_it_and_read_back(message):
    assert written(message) == message.payload == rfc8785.dumps(msgspec.to_builtins(message))
    assert read_message(message.payload) == message


@given(messages(), TEXTS)
def test_a_statement_is_written_as_rfc_8785_has_it_and_read_back(message, name):
    statement = Statement(
        Act.UNDERSTOOD, "bravo", "bravo", message.id, message.written_at_us, person=name + "x", facts=message.facts
    )
    assert written(statement) == rfc8785.dumps(msgspec.to_builtins(statement))
    assert read_statement(statement.payload) == statement
    assert statement.id == digest_of(statement) == sha256(statement.payload).hexdigest()


@pytest.mark.parametrize(
    "fact", [proposal(), signature(), position("bravo", "political", "rejects"), observation("bravo", "kept")]
)
def test_a_fact_of_an_agreement_is_written_as_rfc_8785_has_it_and_read_back(fact):
    assert fact.payload == rfc8785.dumps(msgspec.to_builtins(fact))
    assert read_fact(fact.payload) == fact

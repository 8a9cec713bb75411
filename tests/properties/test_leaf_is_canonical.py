"""The leaf of an entry is written by a quicker encoder than RFC 8785 names, and has its bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepclear.ground.canon import INTEGER_MAX, canonical
from keepclear.record.entries import Entry

NUMBERS = st.integers(-INTEGER_MAX, INTEGER_MAX)


def members(entry):
    return {
        "v": 1,
        "sequence": entry.sequence,
        "at_us": entry.at_us,
        "kind": entry.kind,
        "by": entry.by,
        "exercise": entry.exercise,
        "body": entry.body_hash,
        "outcome": entry.outcome_hash,
    }


@given(NUMBERS, NUMBERS, st.text(), st.text(), st.booleans(), st.binary(), st.binary())
def test_any_leaf_has_the_bytes_of_rfc_8785(sequence, at_us, kind, by, exercise, body, outcome):
    entry = Entry.of(sequence, at_us, kind, by, exercise, body, outcome)
    assert entry.leaf == canonical(members(entry))


def test_every_character_is_written_as_rfc_8785_writes_it():
    for first in range(0, 0x110000, 0x400):
        text = "".join(map(chr, range(first, first + 0x400))) if not 0xD800 <= first < 0xE000 else ""
        entry = Entry.of(0, 0, text, "", False, b"", b"")
        assert entry.leaf == canonical(members(entry))


@pytest.mark.parametrize(
    "entry",
    [
        Entry.of(2**53, 0, "", "", False, b"", b""),
        Entry.of(0, -(2**53), "", "", False, b"", b""),
        Entry.of(0, 0, "\ud800", "", False, b"", b""),
    ],
)
def test_what_has_no_form_has_no_leaf(entry):
    with pytest.raises(ValueError, match=r"53 bits|surrogates"):
        _ = entry.leaf

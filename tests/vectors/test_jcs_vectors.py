"""Canonical JSON against the vectors of RFC 8785, in both directions: what has a form, and what has none."""

from __future__ import annotations

import json
import struct

import pytest
from rfc8785 import FloatDomainError

from keepclear.ground.canon import INTEGER_MAX, base64_bytes, base64_text, canonical, json_value
from keepclear.ground.errors import Refused
from tests.places_of_data import shared_file

NAMES = ["arrays", "french", "structures", "unicode", "values", "weird"]
# RFC 8785, appendix B: a double as its bits, and how it is written.
DOUBLES = [
    ("0000000000000000", "0"),
    ("8000000000000000", "0"),
    ("0000000000000001", "5e-324"),
    ("8000000000000001", "-5e-324"),
    ("7fefffffffffffff", "1.7976931348623157e+308"),
    ("ffefffffffffffff", "-1.7976931348623157e+308"),
    ("4340000000000000", "9007199254740992"),
    ("c340000000000000", "-9007199254740992"),
    ("4430000000000000", "295147905179352830000"),
    ("44b52d02c7e14af5", "9.999999999999997e+22"),
    ("44b52d02c7e14af6", "1e+23"),
    ("44b52d02c7e14af7", "1.0000000000000001e+23"),
    ("444b1ae4d6e2ef4e", "999999999999999700000"),
    ("444b1ae4d6e2ef4f", "999999999999999900000"),
    ("444b1ae4d6e2ef50", "1e+21"),
    ("3eb0c6f7a0b5ed8c", "9.999999999999997e-7"),
    ("3eb0c6f7a0b5ed8d", "0.000001"),
    ("41b3de4355555553", "333333333.3333332"),
    ("41b3de4355555554", "333333333.33333325"),
    ("41b3de4355555555", "333333333.3333333"),
    ("41b3de4355555556", "333333333.3333334"),
    ("41b3de4355555557", "333333333.33333343"),
    ("becbf647612f3696", "-0.0000033333333333333333"),
    ("43143ff3c1cb0959", "1424953923781206.2"),
]
NO_FORM = ["7fffffffffffffff", "7ff0000000000000", "fff0000000000000"]


@pytest.mark.parametrize("name", NAMES)
def test_every_published_input_has_its_published_bytes(name):
    folder = shared_file(f"vectors/jcs-rfc8785/input/{name}.json").parents[1]
    value = json.loads((folder / "input" / f"{name}.json").read_bytes())
    expected = bytes.fromhex((folder / "outhex" / f"{name}.txt").read_text())
    assert canonical(value) == expected
    assert (folder / "output" / f"{name}.json").read_bytes() == expected
    assert canonical(json_value(expected, 10_000)) == expected


@pytest.mark.parametrize("name", [name for name in NAMES if name != "french"])
def test_no_published_input_is_missing_here(name):
    folder = shared_file(f"vectors/jcs-rfc8785/input/{name}.json").parent
    assert sorted(path.stem for path in folder.iterdir()) == NAMES


@pytest.mark.parametrize(("bits", "text"), DOUBLES)
def test_doubles_are_written_as_in_the_appendix(bits, text):
    (double,) = struct.unpack(">d", bytes.fromhex(bits))
    assert canonical(double) == text.encode()


@pytest.mark.parametrize("bits", NO_FORM)
def test_what_is_no_number_has_no_form(bits):
    (double,) = struct.unpack(">d", bytes.fromhex(bits))
    with pytest.raises(FloatDomainError):
        canonical({"x": double})


@pytest.mark.parametrize(
    "value", [INTEGER_MAX + 1, -INTEGER_MAX - 1, "\ud800", {"\udead": 1}, {1: "a"}, b"bytes", {1, 2}]
)
def test_what_json_of_two_computers_could_not_agree_on_has_no_form(value):
    with pytest.raises((ValueError, TypeError)):
        canonical(value)


def test_names_are_sorted_by_their_utf_16_units():
    assert canonical({"\ufb33": 1, "\U0001f600": 2, "\u20ac": 3, "1": 4, "\r": 5}).decode() == (
        '{"\\r":5,"1":4,"\u20ac":3,"\U0001f600":2,"\ufb33":1}'
    )


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (b'{"a":1,"a":2}', "json.doubled_name"),
        (b'{"b":{"a":1,"a":1}}', "json.doubled_name"),
        (b"[NaN]", "json.not_finite"),
        (b"-Infinity", "json.not_finite"),
        (b'"\xff"', "json.not_utf8"),
        (b"\xef\xbb\xbf{}", "json.syntax"),
        (b"{", "json.syntax"),
        (b"", "json.syntax"),
        (b"{} {}", "json.syntax"),
        (b"[" * 100_000, "json.too_deep"),
        (b"1" * 31, "json.integer"),
        (b'"' + b"x" * 200_000 + b'"', "json.too_large"),
    ],
)
def test_a_text_that_readers_differ_about_is_refused(text, key):
    with pytest.raises(Refused) as refused:
        json_value(text, 200_000)
    assert refused.value.key == key


@pytest.mark.parametrize("text", ["QQ=", "QQ", "QR==", "Q Q==", "QQ==\n", "QQ==QQ==", "é", "QQ-_"])
def test_base64_has_one_way_to_be_written(text):
    with pytest.raises(Refused):
        base64_bytes(text)
    assert base64_bytes("QQ==") == b"A"
    assert base64_text(b"A") == "QQ=="

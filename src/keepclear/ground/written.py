"""Values as their one byte string, and back.

What is written so has whole numbers below 2^53, texts without half characters and names in ASCII. For such values msgspec's sorted
encoding is the form of RFC 8785, many times faster than a library that takes any JSON; `tests/properties/test_channel_values.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import TypeVar

import msgspec

from keepclear.ground.canon import json_value
from keepclear.ground.errors import Refused

Value = TypeVar("Value", bound=msgspec.Struct)

_ENCODER = msgspec.json.Encoder(order="sorted")


def written(value: msgspec.Struct) -> bytes:
    """RFC 8785 of a value."""
    return _ENCODER.encode(value)


def digest_of(value: msgspec.Struct) -> str:
    """SHA-256 of its one byte string, in hexadecimal: what it is called."""
    return sha256(written(value)).hexdigest()


def read_written(
    payload: bytes,
    decoder: msgspec.json.Decoder[Value],
    checked: Callable[[Value], Value],
    *,
    key: str,
    noun: str,
    bytes_max: int,
) -> Value:
    """The value of these bytes; raises `Refused` for what is none, cannot be one, or is not written in its one way.

    What is wrong with it as JSON is said first; what is well written is not read a second time for that.

    key   that refusals begin with, as in "message.unreadable"
    noun  what it should be, with its article"""
    if len(payload) > bytes_max:
        json_value(payload, bytes_max)
    try:
        value = checked(decoder.decode(payload))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        json_value(payload, bytes_max)
        raise Refused(f"{key}.unreadable", f"This is not {noun} ({error})", value=payload) from error
    # What readers would differ in, such as a doubled name, is never written so.
    if written(value) != payload:
        json_value(payload, bytes_max)
        what = f"This is {noun} that is not written in the one way that it has"
        raise Refused(f"{key}.not_canonical", what, value=payload)
    return value

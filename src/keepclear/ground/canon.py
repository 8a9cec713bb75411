"""One fact, one byte string: JSON after RFC 8785, so that two computers hash the same bytes; and back, strictly."""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections import Counter
from typing import Any

import rfc8785

from keepclear.ground.errors import LimitExceeded, Refused

INTEGER_MAX = 2**53 - 1
# 32 bytes in hexadecimal, as SHA-256 is written everywhere.
SHA256_HEX = re.compile(r"[0-9a-f]{64}")
_INTEGER_DIGITS_MAX = 30


def canonical(value: Any) -> bytes:
    """The RFC 8785 form of a JSON value, UTF-8.

    Raises ValueError for what has none: NaN, infinities, integers beyond 2^53 - 1, text with half characters."""
    return rfc8785.dumps(value)


def json_value(data: bytes, bytes_max: int) -> Any:
    """The value of a JSON text in UTF-8.

    Refuses, as readers differ in what they make of it: a name that occurs twice in one object, NaN, a byte order mark."""
    if len(data) > bytes_max:
        what = f"The text is longer than {bytes_max} bytes"
        raise LimitExceeded("json.too_large", what, value=f"{len(data)} bytes", mend="Check that it is the right file.")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        what = f"The text is not UTF-8 from byte {error.start} on"
        raise Refused("json.not_utf8", what, value=data[error.start : error.start + 8]) from error
    try:
        return json.loads(text, object_pairs_hook=_members, parse_constant=_no_constant, parse_int=_integer)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        shown = text[error.pos : error.pos + 30]
        raise Refused("json.syntax", f"This is not JSON ({error.msg})", value=shown, where=where) from error
    except RecursionError as error:
        raise Refused("json.too_deep", "The brackets are nested too deeply") from error


def base64_text(data: bytes) -> str:
    """Standard base64 with padding (RFC 4648, 4)."""
    return b64encode(data).decode("ascii")


def base64_bytes(text: str) -> bytes:
    """The bytes of a standard base64 text; refused where `base64_text` would write them in another way."""
    try:
        data = b64decode(text, validate=True)
    except (NotBase64, ValueError) as error:
        raise Refused("base64.syntax", f"This is not base64 ({error})", value=text) from error
    if base64_text(data) != text:
        raise Refused("base64.not_canonical", "This is not the one way to write these bytes in base64", value=text)
    return data


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        name, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        mend = "Remove one of the two; readers differ in which they take."
        raise Refused("json.doubled_name", "The name occurs twice in one object", value=name, mend=mend)
    return made


def _no_constant(name: str) -> float:
    raise Refused("json.not_finite", "NaN and Infinity are not JSON", value=name)


def _integer(digits: str) -> int:
    if len(digits) > _INTEGER_DIGITS_MAX:
        raise Refused("json.integer", "The number has too many digits", value=digits)
    return int(digits)

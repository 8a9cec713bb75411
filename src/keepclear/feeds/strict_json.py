"""Bytes to the values of a JSON text, with everything pointed out that JSON readers are used to letting pass.

Refused: a byte order mark, bytes that are not UTF-8, a name that occurs twice in one object, NaN and Infinity,
nesting deeper than the interpreter follows, and more brackets than `BRACKETS_MAX`. The size is judged before
anything is parsed.
"""

from __future__ import annotations

import codecs
import json
import math
from collections import Counter
from collections.abc import Iterator

from keepclear.feeds.findings import Findings, below
from keepclear.ground.errors import LimitExceeded, Refused

# An array of two floats takes about 130 bytes in memory and can be written in six, so the number of brackets decides
# what a file costs, not its length: three million are 0.4 GB, and 29 outlines of a hundred thousand positions.
BRACKETS_MAX = 3_000_000
# Longer integers become floats: json would otherwise refuse those beyond 4,300 digits, and numpy those beyond 19.
_INTEGER_DIGITS_MAX = 18


class _Object(dict[str, object]):
    """An object of the text that remembers the names it was given twice."""

    doubled: tuple[str, ...] = ()


def read_json(data: bytes, findings: Findings, *, bytes_max: int) -> object:
    """The value of a JSON text. Every fault goes to `findings`; None if it cannot be read at all."""
    text = findings.attempt("$", _text, data, bytes_max)
    if text is None:
        return None
    seen = {"doubled": False, "not_finite": False}

    def members(pairs: list[tuple[str, object]]) -> _Object:
        made = _Object(pairs)
        if len(made) != len(pairs):
            made.doubled = tuple(name for name, times in Counter(name for name, _ in pairs).items() if times > 1)
            seen["doubled"] = True
        return made

    def constant(name: str) -> float:
        seen["not_finite"] = True
        return float(name)

    value = findings.attempt("", _parsed, text, members, constant)
    if seen["doubled"]:
        for path, item in _walk(value):
            for name in item.doubled if isinstance(item, _Object) else ():
                mend = "Remove one of the two; readers differ in which they take."
                findings.error(
                    below(path, name), Refused("json.doubled_name", "The name occurs twice", value=name, mend=mend)
                )
    if seen["not_finite"]:
        for path, item in _walk(value):
            if isinstance(item, float) and not math.isfinite(item):
                mend = "JSON has numbers only; leave out what is not known."
                findings.error(path, Refused("json.not_finite", "NaN and Infinity are not JSON", value=item, mend=mend))
    return value


def _text(data: bytes, bytes_max: int) -> str:
    if len(data) > bytes_max:
        raise LimitExceeded(
            "file.too_large",
            f"The file is larger than {bytes_max} bytes",
            value=f"{len(data)} bytes" if len(data) > bytes_max + 1 else "",
            mend="Simplify the outlines, or split the file.",
        )
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise Refused("file.not_utf8", "The file is UTF-16 text, not UTF-8", mend='Save it as "UTF-8".')
    if data.startswith(codecs.BOM_UTF8):
        mend = 'Save it as "UTF-8", not as "UTF-8 with BOM".'
        raise Refused("file.bom", "The file begins with a byte order mark, which JSON does not have", mend=mend)
    if not data.strip():
        raise Refused("file.empty", "The file is empty", mend="`keepclear zones example` prints one to begin with.")
    brackets = data.count(b"[") + data.count(b"{")
    if brackets > BRACKETS_MAX:
        raise LimitExceeded(
            "file.too_many_brackets",
            f"The file has more than {BRACKETS_MAX} arrays and objects",
            value=brackets,
            mend="Simplify the outlines, or split the file.",
        )
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Refused(
            "file.not_utf8",
            f"The file is not UTF-8 text, from byte {error.start} in line {line} on",
            value=data[error.start : error.start + 8],
            mend="Save it as UTF-8; a compressed file must be unpacked first.",
        ) from error


def _parsed(text: str, members: object, constant: object) -> object:
    try:
        return json.loads(text, object_pairs_hook=members, parse_constant=constant, parse_int=_integer)  # type: ignore[arg-type]
    except json.JSONDecodeError as error:
        raise Refused(
            "json.syntax",
            f"The file is not JSON: {error.msg[:1].lower()}{error.msg[1:]}",
            value=text[error.pos : error.pos + 30],
            mend="Look at the end of what stands before: a missing or surplus comma, quote or bracket.",
            where=f"line {error.lineno}, column {error.colno}",
        ) from error
    except RecursionError as error:
        mend = "Zones need nine levels; look for brackets that are never closed."
        raise Refused("json.too_deep", "The brackets are nested too deeply", mend=mend, where="$") from error


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= _INTEGER_DIGITS_MAX else float(digits)


def _walk(value: object) -> Iterator[tuple[str, object]]:
    """Every value with its path, in the order of the text; without recursion, as deep as the text goes."""
    waiting = [("$", value)]
    while waiting:
        path, item = waiting.pop()
        yield path, item
        if isinstance(item, dict):
            waiting += [(below(path, name), member) for name, member in reversed(item.items())]
        elif isinstance(item, list):
            waiting += [(f"{path}[{i}]", member) for i, member in reversed(list(enumerate(item)))]

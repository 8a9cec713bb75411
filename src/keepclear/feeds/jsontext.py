"""JSON read strictly, and the elements of one large JSON array read one after the other.

No NaN or Infinity, no name twice in one object. `Elements` finds where each element ends by its brackets, so an element
with a fault in it is refused by itself, and only one is held at a time.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from keepclear.feeds.arrival import Arrival
from keepclear.feeds.lines import decoder_for, mended
from keepclear.ground.errors import LimitExceeded, Refused

ELEMENT_CHARS_MAX = 8_388_608
_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{},]|"', re.DOTALL)
_BLANK = re.compile(r"[ \t\n\r]*")
_WGS84 = re.compile(r"CRS84|EPSG:+4326|EPSG/0/4326")
_MEND = "Check the file with a JSON validator."


def json_value(text: str) -> Any:
    """The value of a JSON text; raises `Refused` with a key that begins with "json."."""
    try:
        return _DECODER.decode(text)
    except RecursionError as error:
        raise Refused("json.too_deep", "The JSON is nested too deeply", value=text, mend="Flatten it.") from error
    except json.JSONDecodeError as error:
        what = f"This is not JSON ({error.msg} at character {error.pos + 1})"
        raise Refused("json.syntax", what, value=text, mend=_MEND) from error
    except ValueError as error:  # an integer with thousands of digits
        raise Refused("json.number", "A number has too many digits", value=text, mend=_MEND) from error


def _object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        key = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise Refused(
            "json.doubled_name", "The name occurs twice in one object", value=key, mend="Leave one of the two."
        )
    return found


def _no_constant(name: str) -> Any:
    mend = "Write null where there is no value."
    raise Refused("json.not_finite", f"JSON has no {name}", value=name, mend=mend)


_DECODER = json.JSONDecoder(object_pairs_hook=_object_of, parse_constant=_no_constant)


class Elements:
    """The texts of the elements of a top-level array, or of the array "features" of a top-level object.

    path    "$" or "$.features"
    line    physical line on which the element given last begins
    Raises `Refused` when made where there is no such array; the same while iterating where the document breaks."""

    def __init__(self, arrival: Arrival, notes: Counter[str]) -> None:
        self.line = 1
        self.path = "$"
        self._arrival = arrival
        self._notes = notes
        self._decoder = decoder_for(arrival.sample)
        self._text = ""
        self._at = 0
        self._counted = 0
        self._more()
        self._text = self._text.removeprefix("\ufeff")
        if self._next_char() == "{":
            self.path = "$.features"
            self._enter_features()
        self._expect("[")

    def __iter__(self) -> Iterator[str]:
        if self._next_char() == "]":
            self._at += 1
        else:
            while True:
                self._next_char()
                self._count_lines()
                yield self._value()
                if self._expect(",]") == "]":
                    break
        self._end()

    def _enter_features(self) -> None:
        self._expect("{")
        while self._next_char() == '"':
            key = json_value(self._value())
            self._expect(":")
            if key == "features":
                self._next_char()
                return
            self._next_char()
            self._pass_over(key, self._value())
            if self._expect(",}") == "}":
                break
        mend = 'A GeoJSON feed is a FeatureCollection: {"type": "FeatureCollection", "features": [ ... ]}.'
        raise Refused("geojson.no_features", 'The document has no array "features"', value=self._text[:200], mend=mend)

    def _pass_over(self, key: str, text: str) -> None:
        """A member beside the features. A stated reference system other than WGS84 would move every position."""
        if key == "crs" and text != "null" and not _WGS84.search(text):
            mend = "Convert the file to WGS84 longitude and latitude (EPSG:4326)."
            raise Refused(
                "geojson.crs", "The positions are in another reference system than WGS84", value=text, mend=mend
            )

    def _end(self) -> None:
        """What stands behind the array: nothing, or the other members of the object."""
        if self.path == "$.features":
            while self._expect(",}") == ",":
                self._next_char()
                key = json_value(self._value())
                self._expect(":")
                self._next_char()
                self._pass_over(key, self._value())
        if self._next_char():
            raise self._malformed("Something follows the end of the document")

    def _value(self) -> str:
        """The text of the value that begins here, found by its brackets; what is inside is not looked at."""
        depth, at, end = 0, self._at, -1
        while end < 0:
            token = _TOKEN.search(self._text, at)
            if token is None or token[0] == '"':
                if len(self._text) - self._at > ELEMENT_CHARS_MAX:
                    mend = f"One element has at most {ELEMENT_CHARS_MAX:,} characters. Check the brackets and quotes."
                    raise LimitExceeded(
                        "json.too_large", "An element does not end", value=self._text[self._at :][:200], mend=mend
                    )
                behind = (len(self._text) if token is None else token.start()) - self._at
                if not self._more():
                    raise self._malformed("The document ends inside a value")
                at = self._at + behind
                continue
            at, mark = token.end(), token[0]
            if mark in "[{":
                depth += 1
            elif mark in "]}" and depth:
                depth -= 1
                end = at if depth == 0 else -1
            elif depth == 0:
                end = token.start() if mark in "]}," else at
        text = self._text[self._at : end]
        self._at = end
        return mended(text, self._notes)

    def _next_char(self) -> str:
        """The next character that is not blank, left where it is; "" at the end."""
        while True:
            self._at = self._blank_end()
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def _blank_end(self) -> int:
        blank = _BLANK.match(self._text, self._at)
        assert blank is not None
        return blank.end()

    def _expect(self, allowed: str) -> str:
        char = self._next_char()
        if not char or char not in allowed:
            raise self._malformed(f"Here should be {' or '.join(allowed)}" if char else "The document is not complete")
        self._at += 1
        return char

    def _more(self) -> bool:
        """Takes the next piece, and lets go of what has been used; False at the end."""
        self._count_lines()
        self._text, self._at, self._counted = self._text[self._at :], 0, 0
        piece = self._arrival.piece()
        self._text += self._decoder.decode(piece, final=not piece)
        return bool(piece)

    def _count_lines(self) -> None:
        self.line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at

    def _malformed(self, what: str) -> Refused:
        return Refused("json.syntax", what, value=self._text[self._at : self._at + 200], mend=_MEND)

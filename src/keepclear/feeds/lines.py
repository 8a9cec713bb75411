"""Bytes to numbered lines of text: byte order marks, line ends of all kinds, text that is not UTF-8, lines too long."""

from __future__ import annotations

import codecs
import io
from collections import Counter
from collections.abc import Iterator
from enum import Enum

from keepclear.feeds.arrival import Arrival
from keepclear.ground.errors import SHOWN_CHARS_MAX, LimitExceeded, Refused, shown

_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class Pause(Enum):
    """Stands in the place of a line where a feed that is followed has nothing more for now."""

    PAUSE = 0


PAUSE = Pause.PAUSE


def decoder_for(sample: bytes) -> codecs.IncrementalDecoder:
    """UTF-16 where a byte order mark says so, else UTF-8 that keeps foreign bytes apart for `mended`."""
    if sample.startswith(_UTF16_MARKS):
        return codecs.getincrementaldecoder("utf-16")(errors="replace")
    return codecs.getincrementaldecoder("utf-8")(errors="surrogateescape")


def encoding_told(sample: bytes) -> str:
    """One sentence where the text is not plain UTF-8, else nothing."""
    if sample.startswith(_UTF16_MARKS):
        return "The text is UTF-16."
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return "Some of the text is not UTF-8; lines with such bytes are read as Latin-1."
    return ""


def mended(text: str, notes: Counter[str]) -> str:
    """The text, read as Latin-1 where it held bytes that are not UTF-8; such texts are counted as "not_utf8"."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        notes["not_utf8"] += 1
        return text.encode("utf-8", "surrogateescape").decode("latin-1")
    return text


class Lines:
    """Line by line, each with its physical number, the first being 1.

    A line longer than `chars_max` comes as the refusal of itself and is not held. A text that breaks off raises
    `Refused` in place of its last, incomplete line, which is named as the value. Where the stream has nothing for now
    comes `PAUSE`, and no number is used up."""

    def __init__(self, arrival: Arrival, *, chars_max: int, notes: Counter[str]) -> None:
        self.number = 0
        self._arrival = arrival
        self._chars_max = chars_max
        self._notes = notes
        self._text = io.IncrementalNewlineDecoder(decoder_for(arrival.sample), translate=True)

    def __iter__(self) -> Iterator[tuple[int, str | LimitExceeded | Pause]]:
        held, overlong, more = "", False, True
        while more:
            piece = self._piece_after(held)
            if piece is None:
                yield self.number, PAUSE
                continue
            more = bool(piece)
            *whole, rest = (held + self._text.decode(piece, final=not more)).split("\n")
            whole += [rest] if rest and not more else []
            for text in whole:
                yield self._numbered(text, overlong)
                overlong = False
            held = rest
            if len(held) > self._chars_max:
                held, overlong = held[:SHOWN_CHARS_MAX], True

    def _piece_after(self, held: str) -> bytes | None:
        try:
            return self._arrival.piece_for_now()
        except Refused as broken:
            self.number += 1
            broken.value = shown(held)
            raise

    def _numbered(self, text: str, overlong: bool) -> tuple[int, str | LimitExceeded]:
        self.number += 1
        if overlong or len(text) > self._chars_max:
            what = f"The line has more than {self._chars_max:,} characters"
            mend = "Check that the file has line breaks, and that this is the right format."
            return self.number, LimitExceeded("line.too_long", what, value=text, mend=mend)
        return self.number, mended(text.removeprefix("\ufeff") if self.number == 1 else text, self._notes)

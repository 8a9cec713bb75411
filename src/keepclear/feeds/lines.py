"""Bytes to numbered lines of text: byte order marks, line ends of all kinds, text that is not UTF-8, lines too long."""

from __future__ import annotations

import codecs
import io
from collections import Counter, deque
from collections.abc import Iterator
from enum import Enum

from keepclear.feeds.arrival import ANEW, Anew, Arrival
from keepclear.ground.errors import SHOWN_CHARS_MAX, LimitExceeded, Refused, shown

_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_DECODED_BYTES = 4096
_NOTHING_CUT = (b"", 0)


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
    """Line by line, each with its physical number, the first of a file being 1.

    A line longer than `chars_max` comes as the refusal of itself and is not held. A text that breaks off raises
    `Refused` in place of its last, incomplete line, which is named as the value. Where the stream has nothing for now
    comes `PAUSE`, and no number is used up.

    number  of the line given last

    Whole lines of UTF-8 stay bytes until they are asked for, so that `raw` can give many of them at once.
    """

    def __init__(self, arrival: Arrival, *, chars_max: int, notes: Counter[str]) -> None:
        self.number = 0
        self._arrival = arrival
        self._chars_max = chars_max
        self._notes = notes
        self._text = io.IncrementalNewlineDecoder(decoder_for(arrival.sample), translate=True)
        self._wide = arrival.sample.startswith(_UTF16_MARKS)
        # In the order of the content: texts of whole lines, bytes of whole lines, and the beginning of a line, which
        # is held as text and bytes behind it.
        self._texts: deque[str] = deque()
        self._bytes, self._at, self._end = b"", 0, 0
        self._held, self._rest = "", b""
        self._rest_is_due = False
        self._overlong = False
        self._ended = False
        self._pause_is_due = False

    def __iter__(self) -> Iterator[tuple[int, str | LimitExceeded | Pause]]:
        return self

    def __next__(self) -> tuple[int, str | LimitExceeded | Pause]:
        while not self._texts:
            if self._at < self._end:
                self.decode(self._bytes.find(b"\n", min(self._at + _DECODED_BYTES, self._end - 1)) + 1)
            elif self._rest_is_due:
                self._decode_rest()
            elif self._pause_is_due:
                self._pause_is_due = False
                return self.number, PAUSE
            elif self._ended:
                raise StopIteration
            else:
                self._read_on()
        return self._numbered(self._texts.popleft())

    def raw(self) -> tuple[bytes, int, int]:
        """The whole lines at hand that have not been given, as bytes with where they begin and end.

        There are none at the end, and where the text has to be decoded to find its lines: iterate instead."""
        if self._at == self._end and not (self._texts or self._rest_is_due or self._pause_is_due or self._ended):
            self._read_on()
        return self._bytes, self._at, self._at if self._texts else self._end

    def skip(self, lines: int, at: int) -> None:
        """So many lines of `raw` have been read by the caller; the next one begins at `at`."""
        self.number += lines
        self._at = at

    def decode(self, end: int) -> None:
        """Makes `raw` text up to `end`, which is behind a line feed; iterating gives these lines."""
        text = self._bytes[self._at : end].decode("utf-8", "surrogateescape")
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        self._texts.extend(text.split("\n")[:-1])
        self._at = end

    def _read_on(self) -> None:
        """Takes the next piece. Lines that end in a line feed stay bytes, unless a character or a CR LF was cut."""
        if len(self._held) > self._chars_max:
            self._held, self._overlong = self._held[:SHOWN_CHARS_MAX], True
        piece = self._piece()
        if piece is None:
            self._pause_is_due = True
            return
        if piece is ANEW:
            self.number = 0
            return
        self._ended = not piece
        if self._wide or self._overlong or self._text.getstate() != _NOTHING_CUT:
            self._rest, self._rest_is_due = piece, True
            return
        content = self._held.encode("utf-8", "surrogateescape") + self._rest + piece
        end = content.rfind(b"\n") + 1
        self._bytes, self._at, self._end = content, 0, end
        self._held, self._rest = "", content[end:]
        self._rest_is_due = self._ended or len(self._rest) > self._chars_max or b"\r" in self._rest[:-1]

    def _decode_rest(self) -> None:
        *whole, rest = (self._held + self._text.decode(self._rest, final=self._ended)).split("\n")
        self._texts.extend([*whole, rest] if rest and self._ended else whole)
        self._held, self._rest, self._rest_is_due = rest, b"", False

    def _piece(self) -> bytes | Anew | None:
        try:
            return self._arrival.piece_for_now()
        except Refused as broken:
            self.number += 1
            broken.value = shown(self._held + self._text.decode(self._rest))
            raise

    def _numbered(self, text: str) -> tuple[int, str | LimitExceeded]:
        self.number += 1
        overlong, self._overlong = self._overlong, False
        if overlong or len(text) > self._chars_max:
            what = f"The line has more than {self._chars_max:,} characters"
            mend = "Check that the file has line breaks, and that this is the right format."
            return self.number, LimitExceeded("line.too_long", what, value=text, mend=mend)
        return self.number, mended(text.removeprefix("\ufeff") if self.number == 1 else text, self._notes)

"""Bytes as they come, given on as whole lines: a line is given when its end has come, and not held for others."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

from keepclear.feeds.arrival import ANEW, Anew
from keepclear.ground.errors import Refused, shown

# As `FeedOptions.line_chars_max`: what is longer is no line, and its feed refuses it without holding it.
HALF_LINE_BYTES_MAX = 1_000_000
UTF8_MARK = b"\xef\xbb\xbf"
_BETWEEN_CELLS = re.compile(rb'[,;\t|"]')
_FIGURE = re.compile(rb"\d")


class WholeLines:
    """A stream for a feed, into which bytes are put as they come.

    notes  counts "half_line" for lines left out because they were never ended, and "begun_anew" for files that took
           the place of the one before
    """

    def __init__(self, name: str, *, say: Callable[[str], None]) -> None:
        self.name = name
        self.notes: Counter[str] = Counter()
        self.ended = False
        self._say = say
        self._header = b""
        self._at_beginning = False
        self._has_lines = False
        self._ready = bytearray()
        self._begun_at: list[int] = []
        self._half = bytearray()

    @property
    def ready(self) -> bytes:
        """What is there to be read."""
        return bytes(self._ready)

    @property
    def half(self) -> bytes:
        """The line whose end has not come."""
        return bytes(self._half)

    @property
    def is_dry(self) -> bool:
        """Whether there is nothing to be read for now."""
        return not (self._ready or self._begun_at or self.ended)

    def put(self, got: bytes) -> None:
        """Takes bytes. Raises `Refused` where a file with another header took the place of the first."""
        self._half += got
        end = self._half.rfind(b"\n") + 1
        if not end and len(self._half) > HALF_LINE_BYTES_MAX:
            end = len(self._half)
        lines = bytes(self._half[:end])
        del self._half[:end]
        if lines and self._at_beginning:
            self._at_beginning = False
            lines = self._without_header(lines)
        self._has_lines = self._has_lines or bool(lines)
        self._ready += lines

    def keep_header(self, header: bytes) -> None:
        """What the first line was, so that it is known when it is said again; b"" if there is none."""
        self._header = header

    def begin_anew(self, why: str) -> None:
        """Another file begins here, which took the place of the one before."""
        self._leave_out_half()
        self._at_beginning = True
        if self._has_lines:
            self._begun_at.append(len(self._ready))
        self.notes["begun_anew"] += 1
        self._say(f"{self.name} {why}; it is read from its beginning.")

    def end(self, *, whole: bool) -> None:
        """Nothing more comes. `whole` says that the last line counts as it stands; else it is left out if it has no end."""
        self.ended = True
        if whole:
            self._ready += self._half
            self._half.clear()
        self._leave_out_half()

    def read(self, size: int, /) -> bytes | Anew | None:
        """At most `size` bytes, None if no line was completed for now, ANEW before another file, b"" at the end."""
        if self.is_dry:
            return None
        if self._begun_at and not self._begun_at[0]:
            del self._begun_at[0]
            return ANEW
        given = bytes(self._ready[: min([size, *self._begun_at])])
        del self._ready[: len(given)]
        self._begun_at = [place - len(given) for place in self._begun_at]
        return given

    def _without_header(self, lines: bytes) -> bytes:
        """The first lines of a file that took the place of another: the header, if said again, becomes a blank line.

        Refuses another header: what would follow are the same columns only by chance."""
        first, end, others = lines.partition(b"\n")
        first = first.removeprefix(UTF8_MARK).strip()
        if first == self._header:
            return end + others
        if self._header and first and (_names(first) & _names(self._header) or not _FIGURE.search(first)):
            what = f"A file with another header took the place of the first ({shown(first.decode('latin-1'))})"
            raise Refused("follow.another_header", what, mend="Start the watch anew.")
        return lines

    def _leave_out_half(self) -> None:
        if self._half.strip():
            self.notes["half_line"] += 1
            self._say(
                f"{self.name}: a last line that was not complete is left out: {shown(self._half.decode('latin-1'))}"
            )
        self._half.clear()


def _names(line: bytes) -> set[bytes]:
    return {name for cell in _BETWEEN_CELLS.split(line.lower()) if (name := cell.strip()) and not _FIGURE.search(name)}


def lines_of(text: bytes) -> list[bytes]:
    """The lines that are complete and not blank, without their ends."""
    whole = text[: text.rfind(b"\n") + 1].removeprefix(UTF8_MARK)
    return [stripped for line in whole.split(b"\n") if (stripped := line.strip())]


def is_json(line: bytes) -> bool:
    """Whether a line begins as JSON does, so that it is no header."""
    return line[:1] in b"{[<"

"""Growing bytes as a stream of whole lines for a feed: a line is given when its end has come, and not held for others."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

from keepclear.cli.clock import Clock
from keepclear.cli.growing import Growing
from keepclear.feeds.arrival import ANEW, Anew
from keepclear.ground.errors import Refused, shown

OPENING_BYTES = 65_536
_WAITS_BEFORE_TOLD = 10
# As `FeedOptions.line_chars_max`: what is longer is no line, and its feed refuses it without holding it.
HALF_LINE_BYTES_MAX = 1_000_000
_GZIP_MAGIC = b"\x1f\x8b"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_UTF8_MARK = b"\xef\xbb\xbf"
_BETWEEN_CELLS = re.compile(rb'[,;\t|"]')
_FIGURE = re.compile(rb"\d")


class Tail:
    """A stream that says None where there is nothing for now, after looking for more for half of `delay_s`.

    While bytes keep coming it says None all the same once `delay_s` is over, so that what came can act. It ends where
    its source ends, with the last line as it stands, or when `stopped` says so, without a line that is not complete.

    clock     by which it waits
    dry_at_s  when by this clock it was last seen that there was nothing more
    notes     counts "half_line" for lines left out because they were never ended, and "begun_anew" for files that took
              the place of the one before
    """

    def __init__(
        self, source: Growing, *, clock: Clock, delay_s: float, stopped: Callable[[], bool], say: Callable[[str], None]
    ) -> None:
        self.name = source.name
        self.clock = clock
        self.dry_at_s = clock.seconds()
        self.notes: Counter[str] = Counter()
        self._source = source
        self._delay_s = delay_s
        self._stopped = stopped
        self._say = say
        self._header = b""
        self._at_beginning = False
        self._ready = bytearray()
        self._begun_at: list[int] = []
        self._half = bytearray()
        self._ended = False
        self._given_since_pause = False
        self._paused_at_s = self.dry_at_s

    def opening(self) -> bytes:
        """How it begins: the header and a first row, or a first line of JSON, and what is there with them.

        Waits for them; what it gives stays to be read. Refuses what cannot be followed, and an end without a line."""
        waits = 0
        while not (self._ended or self._begins_otherwise() or _enough(self._ready)):
            if not self._take() and not self._ended:
                waits += 1
                if waits == _WAITS_BEFORE_TOLD:
                    self._say(f"{self.name}: waiting for its first row.")
                self._source.wait(self._delay_s / 2)
        until_s = self.clock.seconds() + self._delay_s
        while len(self._ready) < OPENING_BYTES and self.clock.seconds() < until_s and self._take():
            pass
        if self._begins_otherwise():
            packed = (self._ready + self._half).startswith(_GZIP_MAGIC)
            what = "A packed file cannot be followed" if packed else "UTF-16 cannot be followed"
            way = "zcat FILE" if packed else "iconv -f UTF-16 -t UTF-8 FILE"
            raise Refused(
                "follow.not_plain_text", what, mend=f"Follow it as a pipe: {way} | keepclear watch - --follow."
            )
        opening = bytes(self._ready[:OPENING_BYTES])
        lines = _lines(opening)
        self._header = b"" if not lines or _is_json(lines[0]) else lines[0]
        return opening

    def read(self, size: int, /) -> bytes | Anew | None:
        """At most `size` bytes, None if no line was completed for now, ANEW before another file, b"" at the end."""
        while not (self._ready or self._begun_at or self._ended):
            over = self.clock.seconds() - self._paused_at_s >= self._delay_s
            if (self._given_since_pause and over) or not self._take():
                if not (self._given_since_pause or self._ended):
                    self._source.wait(self._delay_s / 2)
                    self._take()
                self._given_since_pause = False
                self._paused_at_s = self.clock.seconds()
                if not (self._ready or self._begun_at or self._ended):
                    return None
        if self._begun_at and not self._begun_at[0]:
            del self._begun_at[0]
            return ANEW
        given = bytes(self._ready[: min([size, *self._begun_at])])
        del self._ready[: len(given)]
        self._begun_at = [place - len(given) for place in self._begun_at]
        self._given_since_pause = True
        return given

    def _begins_otherwise(self) -> bool:
        return bytes(self._ready[:2] + self._half[:2])[:2] in {_GZIP_MAGIC, *_UTF16_MARKS}

    def _take(self) -> bool:
        """Takes what has come; whether there may be more at once."""
        if self._ended:
            return False
        if self._stopped():
            self._end(whole=False)
            return False
        looked_at_s = self.clock.seconds()
        got = self._source.take()
        if self._source.anew:
            self._leave_out_half()
            self._at_beginning = True
            if self._header or self._ready:
                self._begun_at.append(len(self._ready))
            self.notes["begun_anew"] += 1
            self._say(f"{self.name} {self._source.anew}; it is read from its beginning.")
        if got is None:
            self.dry_at_s = looked_at_s
            return False
        if not got:
            self._end(whole=True)
            return False
        self._half += got
        end = self._half.rfind(b"\n") + 1
        if not end and len(self._half) > HALF_LINE_BYTES_MAX:
            end = len(self._half)
        lines = bytes(self._half[:end])
        del self._half[:end]
        if lines and self._at_beginning:
            self._at_beginning = False
            lines = self._without_header(lines)
        self._ready += lines
        return True

    def _without_header(self, lines: bytes) -> bytes:
        """The first lines of a file that took the place of another: the header, if said again, becomes a blank line.

        Refuses another header: what would follow are the same columns only by chance."""
        first, end, others = lines.partition(b"\n")
        first = first.removeprefix(_UTF8_MARK).strip()
        if first == self._header:
            return end + others
        if self._header and first and (_names(first) & _names(self._header) or not _FIGURE.search(first)):
            what = f"A file with another header took the place of the first ({shown(first.decode('latin-1'))})"
            raise Refused("follow.another_header", what, mend="Start the watch anew.")
        return lines

    def _end(self, *, whole: bool) -> None:
        self._ended = True
        if whole:
            self._ready += self._half
            self._half.clear()
        self._leave_out_half()
        self._source.close()

    def _leave_out_half(self) -> None:
        if self._half.strip():
            self.notes["half_line"] += 1
            self._say(
                f"{self.name}: a last line that was not complete is left out: {shown(self._half.decode('latin-1'))}"
            )
        self._half.clear()


def _names(line: bytes) -> set[bytes]:
    return {name for cell in _BETWEEN_CELLS.split(line.lower()) if (name := cell.strip()) and not _FIGURE.search(name)}


def _lines(text: bytes | bytearray) -> list[bytes]:
    """The lines that are complete and not blank, without their ends."""
    whole = bytes(text[: text.rfind(b"\n") + 1]).removeprefix(_UTF8_MARK)
    return [stripped for line in whole.split(b"\n") if (stripped := line.strip())]


def _is_json(line: bytes) -> bool:
    return line[:1] in b"{[<"


def _enough(ready: bytearray) -> bool:
    lines = _lines(ready)
    return len(lines) > 1 or (len(lines) == 1 and _is_json(lines[0])) or len(ready) >= OPENING_BYTES

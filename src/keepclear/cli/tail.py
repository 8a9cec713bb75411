"""Growing bytes as a stream of whole lines for a feed that is followed: how long it waits for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from keepclear.feeds.arrival import Anew
from keepclear.feeds.clock import Clock
from keepclear.feeds.growing import Growing
from keepclear.feeds.whole_lines import WholeLines, is_json, lines_of
from keepclear.ground.errors import Refused

OPENING_BYTES = 65_536
_WAITS_BEFORE_TOLD = 10
_GZIP_MAGIC = b"\x1f\x8b"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


class Tail:
    """A stream that says None where there is nothing for now, after looking for more for half of `delay_s`.

    While bytes keep coming it says None all the same once `delay_s` is over, so that what came can act. It ends where
    its source ends, with the last line as it stands, or when `stopped` says so, without a line that is not complete.

    clock     by which it waits
    dry_at_s  when by this clock it was last seen that there was nothing more
    notes     as of `WholeLines`
    """

    def __init__(
        self, source: Growing, *, clock: Clock, delay_s: float, stopped: Callable[[], bool], say: Callable[[str], None]
    ) -> None:
        self.name = source.name
        self.clock = clock
        self.dry_at_s = clock.seconds()
        self._lines = WholeLines(source.name, say=say)
        self._source = source
        self._delay_s = delay_s
        self._stopped = stopped
        self._say = say
        self._given_since_pause = False
        self._paused_at_s = self.dry_at_s

    @property
    def notes(self) -> Counter[str]:
        """What was noticed of the lines."""
        return self._lines.notes

    @notes.setter
    def notes(self, notes: Counter[str]) -> None:
        self._lines.notes = notes

    def opening(self) -> bytes:
        """How it begins: the header and a first row, or a first line of JSON, and what is there with them.

        Waits for them; what it gives stays to be read. Refuses what cannot be followed, and an end without a line."""
        waits = 0
        while not (self._lines.ended or self._begins_otherwise() or _enough(self._lines.ready)):
            if not self._take() and not self._lines.ended:
                waits += 1
                if waits == _WAITS_BEFORE_TOLD:
                    self._say(f"{self.name}: waiting for its first row.")
                self._source.wait(self._delay_s / 2)
        until_s = self.clock.seconds() + self._delay_s
        while len(self._lines.ready) < OPENING_BYTES and self.clock.seconds() < until_s and self._take():
            pass
        if self._begins_otherwise():
            packed = (self._lines.ready + self._lines.half).startswith(_GZIP_MAGIC)
            what = "A packed file cannot be followed" if packed else "UTF-16 cannot be followed"
            way = "zcat FILE" if packed else "iconv -f UTF-16 -t UTF-8 FILE"
            raise Refused(
                "follow.not_plain_text", what, mend=f"Follow it as a pipe: {way} | keepclear watch - --follow."
            )
        opening = self._lines.ready[:OPENING_BYTES]
        lines = lines_of(opening)
        self._lines.keep_header(b"" if not lines or is_json(lines[0]) else lines[0])
        return opening

    def read(self, size: int, /) -> bytes | Anew | None:
        """At most `size` bytes, None if no line was completed for now, ANEW before another file, b"" at the end."""
        while self._lines.is_dry:
            over = self.clock.seconds() - self._paused_at_s >= self._delay_s
            if (self._given_since_pause and over) or not self._take():
                if not (self._given_since_pause or self._lines.ended):
                    self._source.wait(self._delay_s / 2)
                    self._take()
                self._given_since_pause = False
                self._paused_at_s = self.clock.seconds()
                if self._lines.is_dry:
                    return None
        given = self._lines.read(size)
        self._given_since_pause = self._given_since_pause or isinstance(given, bytes)
        return given

    def _begins_otherwise(self) -> bool:
        return (self._lines.ready[:2] + self._lines.half[:2])[:2] in {_GZIP_MAGIC, *_UTF16_MARKS}

    def _take(self) -> bool:
        """Takes what has come; whether there may be more at once."""
        if self._lines.ended:
            return False
        if self._stopped():
            self._end(whole=False)
            return False
        looked_at_s = self.clock.seconds()
        got = self._source.take()
        if self._source.anew:
            self._lines.begin_anew(self._source.anew)
        if got is None:
            self.dry_at_s = looked_at_s
            return False
        if not got:
            self._end(whole=True)
            return False
        self._lines.put(got)
        return True

    def _end(self, *, whole: bool) -> None:
        self._lines.end(whole=whole)
        self._source.close()


def _enough(ready: bytes) -> bool:
    lines = lines_of(ready)
    return len(lines) > 1 or (len(lines) == 1 and is_json(lines[0])) or len(ready) >= OPENING_BYTES

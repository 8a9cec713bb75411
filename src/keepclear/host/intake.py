"""Bytes of one live feed become rows, whichever way they come in and into whatever portions they are cut.

A row acts when its line has ended. Where a stream ends within a line, that line is refused: half a line is never read as a report.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Protocol

import numpy as np

from keepclear.feeds.ais import AisReader, Taken, unfinished
from keepclear.feeds.nmea import LINE_BYTES_MAX
from keepclear.feeds.options import FeedOptions
from keepclear.feeds.reading import Block, open_feed
from keepclear.feeds.whole_lines import HALF_LINE_BYTES_MAX, WholeLines, is_json
from keepclear.ground.errors import SHOWN_CHARS_MAX, LimitExceeded, Refused
from keepclear.tracks.observations import Observations
from keepclear.tracks.refusals import Refusal

# A row of a table has at least three delimiters, so that what is read at once is less than a block.
PIECE_BYTES = 65_536


class Intake(Protocol):
    """Takes the bytes of a feed. `rows` says how many are there to be given out, `waiting` how many lines wait for others."""

    @property
    def rows(self) -> int: ...

    @property
    def waiting(self) -> int: ...

    def put(self, data: bytes, at_us: int) -> None:
        """Takes bytes that came at this instant. Raises `Refused` where nothing more of this stream can be read."""

    def begin_anew(self, why: str) -> None:
        """What comes now is another file, which took the place of the one before."""

    def pass_to(self, at_us: int) -> None:
        """Time has passed without bytes."""

    def end(self) -> None:
        """The stream ends here; what comes next is another."""

    def taken(self) -> Taken:
        """Everything since the last call."""


class AisIntake:
    """AIS, a sentence of NMEA 0183 on each line."""

    def __init__(self, reader: AisReader) -> None:
        self.reader = reader
        self._half = b""
        self._number = 0

    @property
    def rows(self) -> int:
        """Reports and refusals to be given out."""
        return self.reader.rows

    @property
    def waiting(self) -> int:
        """Parts of messages that wait for the others."""
        return self.reader.waiting

    def put(self, data: bytes, at_us: int) -> None:
        """Takes bytes."""
        *lines, half = (self._half + data).split(b"\n")
        for line in lines:
            self._number += 1
            self.reader.take(line, number=self._number, arrived_us=at_us)
        self._half = half[: LINE_BYTES_MAX + 1]

    def begin_anew(self, why: str) -> None:
        """Lines are numbered from 1 again."""
        self.end()

    def pass_to(self, at_us: int) -> None:
        """Parts that have waited for too long are refused."""
        self.reader.pass_to(at_us)

    def end(self) -> None:
        """Refuses what is unfinished."""
        if self._half.strip():
            self.reader.refuse_unfinished(self._half, number=self._number + 1)
        self.reader.end()
        self._half, self._number = b"", 0

    def taken(self) -> Taken:
        """What was read."""
        return self.reader.taken()


class TableIntake:
    """A table of text with its header, or an object of JSON on each line. How it is to be read is found out from its first row alone.

    header   stands before a table that is sent without one; "" if it has its own
    grading  of reports that state none
    """

    def __init__(self, feed: str, options: FeedOptions, *, header: str = "", grading: str = "") -> None:
        self._feed = feed
        self._options = options
        self._by_line = options.format == "ndjson"
        self._header = f"{header}\n".encode() if header else b""
        self._grading = grading
        self._given: list[Observations] = []
        self._refusals: list[Refusal] = []
        self._noticed: Counter[str] = Counter()
        self._rows = 0
        self._begin()

    def _begin(self) -> None:
        self._opening = bytearray()
        self._lines = WholeLines(self._feed, say=lambda _: None)
        self._blocks: Iterator[Block] | None = None
        self._notes: Counter[str] = Counter()
        self._noted: Counter[str] = Counter()
        # Physical lines before those that are numbered from 1.
        self._lines_before = 0
        self._lines_put = 0
        # How the line begins whose end has not come.
        self._half = b""

    @property
    def rows(self) -> int:
        """Reports and refusals to be given out."""
        return self._rows

    waiting = 0

    def put(self, data: bytes, at_us: int) -> None:
        """Takes bytes; raises `Refused` where the header cannot be read, or another took its place."""
        try:
            for start in range(0, len(data), PIECE_BYTES):
                self._put(data[start : start + PIECE_BYTES])
        except Refused as refused:
            self._refuse(refused, max(1, self._lines_put))
            raise

    def begin_anew(self, why: str) -> None:
        """Keeps the columns; a header that is said again is no row."""
        self._refuse_half()
        self._lines_put = self._lines_before = 0
        if self._blocks is None:
            self._begin()
        else:
            self._lines.begin_anew(why)
            self._drain(self._blocks)

    def pass_to(self, at_us: int) -> None:
        """Nothing waits here."""

    def end(self) -> None:
        """Refuses a line without an end, and a header without a row is forgotten."""
        self._refuse_half()
        self._begin()

    def taken(self) -> Taken:
        """What was read."""
        observations = with_grading(Observations.joined(self._given), self._grading)
        given = Taken(observations, tuple(self._refusals), self._noticed, self._rows)
        self._given, self._refusals, self._noticed, self._rows = [], [], Counter(), 0
        return given

    def _put(self, piece: bytes) -> None:
        self._lines_put += piece.count(b"\n")
        begun = piece.rfind(b"\n") + 1
        self._half = (piece[begun:] if begun else self._half + piece)[:SHOWN_CHARS_MAX]
        if self._blocks is None:
            self._opening += piece
            self._open()
        else:
            self._read(piece)

    def _refuse(self, refused: Refused, line: int) -> None:
        self._refusals.append(Refusal.of(refused, feed=self._feed, line=line, column=""))
        self._rows += 1

    def _refuse_half(self) -> None:
        if self._half.strip():
            self._refuse(unfinished(self._half), self._lines_put + 1)
        self._half = b""

    def _open(self) -> None:
        while self._blocks is None and (size := self._opening_size()):
            opening = bytes(self._opening[:size])
            del self._opening[:size]
            lines = WholeLines(self._feed, say=lambda _: None)
            lines.put(self._header + opening)
            try:
                feed = open_feed(lines, self._options)
            except Refused as refused:
                if not self._by_line:
                    raise
                self._lines_before += opening.count(b"\n")
                self._refuse(refused, self._lines_before)
                continue
            self._lines_before -= len(self._header) > 0
            first = (self._header + opening).lstrip().partition(b"\n")[0].strip()
            lines.keep_header(b"" if is_json(first) else first)
            self._lines, self._blocks, self._notes, self._noted = lines, iter(feed), feed.notes, Counter()
            self._drain(self._blocks)
            rest = bytes(self._opening)
            self._opening.clear()
            self._read(rest)

    def _opening_size(self) -> int:
        """Bytes up to the end of the first row; 0 if it has not come."""
        missing, start = 1 if self._by_line or self._header else 2, 0
        while (end := self._opening.find(b"\n", start) + 1) > 0:
            missing -= bool(self._opening[start:end].strip())
            if not missing:
                return end
            start = end
        if len(self._opening) > 2 * HALF_LINE_BYTES_MAX:
            what = f"There is no end of a line within {HALF_LINE_BYTES_MAX:,} characters"
            value = bytes(self._opening[:200]).decode("latin-1")
            raise LimitExceeded("line.too_long", what, value=value, mend="Check that this is the right format.")
        return 0

    def _read(self, data: bytes) -> None:
        assert self._blocks is not None
        self._lines.put(data)
        self._drain(self._blocks)

    def _drain(self, blocks: Iterator[Block]) -> None:
        """Reads what is there. The first block may be due although nothing is left: its rows were read to find out what they are."""
        is_due = True
        while is_due:
            block = next(blocks)
            is_due = not self._lines.is_dry
            batch, before = block.observations, self._lines_before
            if before and len(batch):
                batch = replace(batch, line=(batch.line + before).astype(np.int32))
            self._given.append(batch)
            self._refusals += [replace(refusal, line=refusal.line + before) for refusal in block.refusals]
            self._rows += block.rows_read
        self._noticed += self._notes - self._noted
        self._noted = self._notes.copy()


def with_grading(batch: Observations, grading: str) -> Observations:
    """The same reports, graded where they state no grading."""
    if not grading or all(claim.grading for claim in batch.claims):
        return batch
    return replace(
        batch, claims=tuple(claim if claim.grading else replace(claim, grading=grading) for claim in batch.claims)
    )

"""A recorded file as something to play: when each of its rows became known, and where its bytes lie.

Bytes are never rewritten. A row that cannot be read is of the time of the row before it, so that whoever is played to
meets it at its place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from mmap import mmap

import numpy as np

from keepclear.feeds.options import FeedOptions
from keepclear.feeds.reading import Block, format_of, open_feed
from keepclear.ground.errors import LimitExceeded, Refused
from keepclear.tracks.observations import Column

# About 60 bytes of columns for each row.
ROWS_MAX = 10_000_000
SAMPLE_BYTES = 65_536
_CUT_BYTES = 1_048_576
_UTF8_MARK = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class Recording:
    """Rows in the order in which they act: by `known_us`, then as they were seen, then as they stand in the file.

    head         what stands before the first row: the header of a table, or nothing
    known_us     int64, microseconds UTC, never falling
    begin, end   int64, where the row lies in the file, with the end of its line
    unreadable   how many of the rows no watch will be able to read
    told         what was detected
    """

    head: bytes
    known_us: Column
    begin: Column
    end: Column
    unreadable: int
    told: tuple[str, ...]

    def between(self, from_us: int | None, until_us: int | None) -> Recording:
        """The rows known from one instant to another, both included; None means no bound on that side."""
        first = 0 if from_us is None else int(np.searchsorted(self.known_us, from_us, side="left"))
        last = len(self.known_us) if until_us is None else int(np.searchsorted(self.known_us, until_us, side="right"))
        rows = slice(first, max(first, last))
        return replace(self, known_us=self.known_us[rows], begin=self.begin[rows], end=self.end[rows])

    def rows(self, content: mmap | bytes, first: int, last: int) -> bytes:
        """The bytes of rows first to last, last not included; each ends its line, also where the file did not."""
        found = [
            content[a:b] for a, b in zip(self.begin[first:last].tolist(), self.end[first:last].tolist(), strict=True)
        ]
        return b"".join(row if row.endswith((b"\n", b"\r")) else row + b"\n" for row in found)


def recorded(content: mmap | bytes, options: FeedOptions, *, name: str, progress: Callable[[int], None]) -> Recording:
    """The recording of an unpacked file in memory, mapped or not; `progress` is told the bytes read, block by block.

    Raises `Refused` for what `open_feed` refuses, for documents, which have no lines to play, and for UTF-16."""
    sample = content[:SAMPLE_BYTES]
    if sample.startswith(_UTF16_MARKS):
        mend = "Convert it: iconv -f UTF-16 -t UTF-8."
        raise Refused("playback.utf16", "UTF-16 cannot be played line by line", mend=mend, where=name)
    found = options.format or format_of(sample)
    if found not in {"delimited", "ndjson"}:
        what, mend = "A document cannot be played line by line", "Play CSV, or one JSON object per line."
        raise Refused("playback.document", what, value=found, mend=mend, where=name)
    feed = open_feed(_Named(content, name), replace(options, format=found))
    parts: list[Column] = []
    rows = 0
    for block in feed:
        progress(block.bytes_read)
        rows += block.rows_read
        if rows > ROWS_MAX:
            what, mend = f"The recording has more than {ROWS_MAX:,} rows", "Play it in parts."
            raise LimitExceeded("playback.too_long", what, mend=mend, where=name)
        parts.append(_times_of(block))
    line, known_us, seen_us, readable = np.concatenate(parts, axis=1)
    by_line = np.argsort(line, kind="stable")
    before = _last_readable(readable[by_line])
    known_us, seen_us = known_us[by_line][before], seen_us[by_line][before]
    starts = line_starts(content)
    begin = starts[line[by_line] - 1]
    end = np.append(begin, len(content))[1:]
    order = np.lexsort((seen_us, known_us))
    head = content[starts[0] : begin[0]] if rows else content[starts[0] :]
    return Recording(head, known_us[order], begin[order], end[order], int(rows - readable.sum()), feed.told)


def _times_of(block: Block) -> Column:
    """A column per row of the block: its line, known_at, seen_at, and 1; for a refused row its line and zeros."""
    accepted, refused = block.observations, np.zeros((4, len(block.refusals)), np.int64)
    refused[0] = [refusal.line for refusal in block.refusals]
    ones = np.ones(len(accepted), np.int64)
    return np.hstack([np.stack([accepted.line, accepted.known_at_us, accepted.seen_at_us, ones]), refused])


def _last_readable(readable: Column) -> Column:
    """For each row the number of the last one at or before it that was read; the first such one where there is none."""
    numbers = np.where(readable == 1, np.arange(len(readable)), -1)
    first = int(np.argmax(readable)) if len(readable) else 0
    return np.maximum(np.maximum.accumulate(numbers), first)


def line_starts(content: mmap | bytes) -> Column:
    """Where each physical line begins, int64; lines end in LF, CR LF or CR. The first begins behind a byte order mark."""
    ends = []
    for first in range(0, len(content), _CUT_BYTES):
        # One byte more, to see whether a CR has its LF.
        cut = np.frombuffer(content[first : first + _CUT_BYTES + 1], np.uint8)
        is_end = cut == ord("\n")
        is_end[:-1] |= (cut[:-1] == ord("\r")) & ~is_end[1:]
        is_end[-1] |= cut[-1] == ord("\r")
        ends.append(first + np.flatnonzero(is_end[:_CUT_BYTES]))
    behind = np.concatenate(ends) + 1 if ends else np.empty(0, np.int64)
    return np.append(len(_UTF8_MARK) if content[:3] == _UTF8_MARK else 0, behind).astype(np.int64)


class _Named:
    """Bytes in memory as a stream with the name of their file."""

    def __init__(self, content: mmap | bytes, name: str) -> None:
        self.name = name
        self._content = content
        self._at = 0

    def read(self, size: int, /) -> bytes:
        taken = self._content[self._at : self._at + size]
        self._at += len(taken)
        return taken

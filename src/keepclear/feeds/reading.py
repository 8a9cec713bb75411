"""A file or stream of positions becomes blocks of observations and refusals.

Every row read is accepted or refused, so that rows read = accepted + refused holds for each block and for the feed.
A block has a fixed number of rows: how fast or in which portions the bytes arrive changes nothing downstream. Only a
stream that is followed ends a block where it has nothing more for now.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from keepclear.feeds.arrival import Arrival, Stream
from keepclear.feeds.delimited import Delimited
from keepclear.feeds.geojson import JsonObjects
from keepclear.feeds.gpx import Gpx
from keepclear.feeds.lines import Pause, decoder_for
from keepclear.feeds.options import FeedOptions
from keepclear.feeds.reports import Reports, Values
from keepclear.ground.errors import Refused
from keepclear.tracks.observations import Observations
from keepclear.tracks.refusals import Refusal

__all__ = ["ROWS_PER_BLOCK", "Block", "Feed", "FeedOptions", "Refusal", "open_feed"]

ROWS_PER_BLOCK = 65_536
# Text has next to none of these; random bytes have one in ten.
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_CONTROL_SHARE_MAX = 0.01
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_ZIP_MAGIC = b"PK\x03\x04"
NOTHING_STATED = FeedOptions()


@dataclass(frozen=True)
class Block:
    """Up to `ROWS_PER_BLOCK` rows of a feed: rows_read is len(observations) + len(refusals).

    bytes_read counts bytes taken from the stream since the block before, packed if it is packed. Over all blocks it
    is the size of the file."""

    observations: Observations
    refusals: tuple[Refusal, ...]
    rows_read: int
    bytes_read: int


class _Rows(Protocol):
    """What every format gives: rows in order, each as named values or as its refusal.

    A number in their place says that so many rows, never more than `reports.room`, are in `reports` already.

    line    where the row given last begins; rows() raises `Refused` where the rest cannot be read
    called  what the file calls a field, for the row given last
    """

    format: str
    line: int
    told: tuple[str, ...]
    reports: Reports

    def rows(self) -> Iterator[Values | Refused | Pause | int]: ...

    def called(self, field: str) -> str: ...


class Feed:
    """The blocks of one feed; can be iterated once, and closes the file it opened when it ends.

    told   sentences about what was detected, ready before the first block
    broken  whether it broke off before its end, known when it has been iterated
    notes  what was noticed and not refused, counted while reading: "zero_zero", "speed_not_available", ...
    """

    def __init__(self, name: str, rows: _Rows, arrival: Arrival, notes: Counter[str], opened: BinaryIO | None) -> None:
        self.name = name
        self.format = rows.format
        self.told = rows.told
        self.notes = notes
        self.broken = False
        self._paused = False
        self._rows = rows
        self._arrival = arrival
        self._opened = opened

    def __iter__(self) -> Generator[Block, None, None]:
        """A feed that breaks off gives what came before; its last refusal is the break, counted as one row.

        A stream that has nothing for now ends a block there, be it empty."""
        rows, bytes_given, rows_read = self._rows.rows(), 0, ROWS_PER_BLOCK
        try:
            while rows_read == ROWS_PER_BLOCK or self._paused:
                rows_read, refusals = self._take(rows)
                bytes_read = self._arrival.bytes_taken - bytes_given
                if rows_read or bytes_read or self._paused:
                    yield Block(self._rows.reports.batch(), tuple(refusals), rows_read, bytes_read)
                bytes_given += bytes_read
        finally:
            self.close()

    def close(self) -> None:
        """Closes the file, if a path was opened; a stream stays with whoever gave it."""
        if self._opened is not None:
            self._opened.close()

    def _take(self, rows: Iterator[Values | Refused | Pause | int]) -> tuple[int, list[Refusal]]:
        """The rows of one block: how many, and those refused; the others are in the batch."""
        refusals: list[Refusal] = []
        rows_read = 0
        self._paused = False
        reports = self._rows.reports
        reports.room = ROWS_PER_BLOCK
        try:
            while reports.room and (values := next(rows, None)) is not None:
                if isinstance(values, Pause):
                    self._paused = True
                    break
                count = values if isinstance(values, int) else 1
                rows_read += count
                reports.room -= count
                if isinstance(values, Refused):
                    refusals.append(self._refusal(values))
                elif not isinstance(values, int):
                    try:
                        reports.add(values, feed=self.name, line=self._rows.line)
                    except Refused as refused:
                        refusals.append(self._refusal(refused))
        except Refused as broken:
            self.broken = True
            rows_read += 1
            refusals.append(Refusal.of(broken, feed=self.name, line=self._rows.line, column=""))
        return rows_read, refusals

    def _refusal(self, refused: Refused) -> Refusal:
        column = self._rows.called(refused.where)
        return Refusal.of(refused, feed=self.name, line=self._rows.line, column=column)


def open_feed(path_or_stream: str | Path | Stream, options: FeedOptions = NOTHING_STATED) -> Feed:
    """The feed of a file, or of a binary stream such as standard input; gzip is recognised by its first bytes.

    Reads the first 64 KiB to find out what it is. Raises `Refused` for what concerns the feed as a whole: it cannot be
    opened, is empty, is in no known format, or its columns do not say who, when and where."""
    if not isinstance(path_or_stream, str | Path):
        called = getattr(path_or_stream, "name", None)
        return _opened_feed(path_or_stream, Path(called).name if isinstance(called, str) else "stream", options, None)
    path = Path(path_or_stream)
    try:
        stream = path.open("rb")
    except OSError as error:
        mend = "Check the path, and that you may read it."
        what = f"The file cannot be opened ({error.strerror})"
        raise Refused("file.unreadable", what, value=str(path), mend=mend) from error
    try:
        return _opened_feed(stream, path.name, options, stream)
    except BaseException:
        stream.close()
        raise


def _opened_feed(stream: Stream, name: str, options: FeedOptions, opened: BinaryIO | None) -> Feed:
    notes: Counter[str] = Counter()
    source = options.source or name
    try:
        arrival = Arrival(stream)
        rows: _Rows
        match options.format or format_of(arrival.sample):
            case "gpx":
                rows = Gpx(arrival, options, source, notes)
            case "delimited":
                rows = Delimited(arrival, options, source, notes)
            case json_format:
                rows = JsonObjects(arrival, options, source, notes, by_line=json_format == "ndjson")
    except Refused as refused:
        raise refused.at(f"{name}: " if refused.where else name) from refused
    return Feed(name, rows, arrival, notes, opened)


def format_of(sample: bytes) -> str:
    """One of `options.FORMATS`, by how the content begins; raises `Refused` if it is nothing that can be read."""
    if not sample:
        raise Refused("file.empty", "There is nothing in the file", mend="Check that it was written to the end.")
    if sample.startswith(_ZIP_MAGIC):
        mend = "Unpack it; a spreadsheet (.xlsx, .ods) is saved as CSV from its program."
        raise Refused("format.zip", "This is a zip archive or a spreadsheet", mend=mend)
    if not sample.startswith(_UTF16_MARKS) and len(_CONTROLS.findall(sample)) > _CONTROL_SHARE_MAX * len(sample):
        mend = "Give CSV, GeoJSON, lines of JSON or GPX, plain or gzip. UTF-16 text needs its byte order mark."
        raise Refused("file.binary", "This is not text", value=sample[:16], mend=mend)
    text = decoder_for(sample).decode(sample).lstrip("\ufeff \t\r\n")
    if text.startswith("<"):
        return "gpx"
    if text.startswith("["):
        return "geojson"
    return _json_format(text) if text.startswith("{") else "delimited"


def _json_format(text: str) -> str:
    """Whether each line is an object of its own, or all is one document that holds them."""
    first, *others = (line for line in text.splitlines() if line.strip())
    try:
        whole = json.loads(first)
    except (ValueError, RecursionError):
        follows = bool(others) and others[0].lstrip().startswith("{")
        return "ndjson" if follows and '"features"' not in first else "geojson"
    return "geojson" if "features" in whole else "ndjson"

"""A record, or a range of it, as one file: lines of JSON, written and read from top to bottom in flat memory.

    head         whose record, which entries, and the peaks of the tree before the first
    entry        header, leaf hash, body and outcome as far as they are kept
    checkpoint   behind the last entry that it covers, with the peaks of the tree there
    tail         how far it came, the checkpoint that covers all of it, and the complete subtrees up to that

Each line has one way to be written. The leaf hashes and peaks say nothing that could not be computed; they let an auditor say which
entry was changed, and go on behind a gap, since peaks prove themselves against a signed root.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from keepclear.ground.canon import base64_bytes, base64_text
from keepclear.ground.errors import LimitExceeded, Refused
from keepclear.record.checkpoint import Checkpoint, read_checkpoint
from keepclear.record.entries import EMPTY_HASH, Committed
from keepclear.record.proofs import EntryFields
from keepclear.record.tree import HASH_BYTES, SIZE_MAX, TileReader, frontier_at, leaf_hash, range_proof

EXPORT_VERSION = 1
LINE_BYTES_MAX = 256 * 1024 * 1024


# --- what a file holds, as values ---


@dataclass(frozen=True)
class Head:
    """Entries from `first` up to, not including, `end` of this record; `left` are the peaks of the tree before them."""

    record: str
    first: int
    end: int
    left: tuple[bytes, ...]


@dataclass(frozen=True)
class ExportedEntry:
    """An entry, and the hash of its leaf as the file states it."""

    committed: Committed
    leaf: bytes


@dataclass(frozen=True)
class ExportedCheckpoint:
    """A checkpoint, and the peaks of the tree of its size as the file states them."""

    checkpoint: Checkpoint
    peaks: tuple[bytes, ...]


@dataclass(frozen=True)
class Tail:
    """The end: `covering` is a checkpoint of at least `end` entries, `right` the complete subtrees in between."""

    end: int
    covering: Checkpoint
    right: tuple[bytes, ...]


@dataclass(frozen=True)
class Unreadable:
    """A line that is none of these, and why."""

    refused: Refused


class Line(NamedTuple):
    """One line of a file, counted from 1."""

    number: int
    part: Head | ExportedEntry | ExportedCheckpoint | Tail | Unreadable


# --- writing ---


def export_lines(
    tiles: TileReader,
    entries: Iterable[Committed],
    checkpoints: Iterable[Checkpoint],
    first: int,
    end: int,
    covering: Checkpoint,
) -> Iterator[bytes]:
    """The lines of a file, each with its line feed.

    entries      those from `first` up to, not including, `end`, in order
    checkpoints  in the order of their sizes; those outside the range are passed over
    covering     of at least `end` entries
    """
    frontier = frontier_at(tiles, first)
    yield _written(_Head(EXPORT_VERSION, covering.record, first, end, _texts(frontier.peaks)))
    inside = iter(checkpoint for checkpoint in checkpoints if max(first, 1) <= checkpoint.size <= end)
    waiting = next(inside, None)
    for committed in entries:
        while waiting is not None and waiting.size == frontier.size:
            yield _written(_Checkpoint(waiting.text, _texts(frontier.peaks)))
            waiting = next(inside, None)
        leaf = leaf_hash(committed.entry.leaf)
        frontier.append(leaf)
        body = None if committed.body is None else base64_text(committed.body)
        outcome = committed.outcome.decode() if committed.outcome else None
        yield _written(_Entry(EntryFields.of(committed.entry), base64_text(leaf), body, outcome))
    while waiting is not None:
        yield _written(_Checkpoint(waiting.text, _texts(frontier.peaks)))
        waiting = next(inside, None)
    right = range_proof(tiles, first, end, covering.size).right
    yield _written(_Tail(end, covering.text, _texts(right)))


# --- reading ---


def read_export(lines: Iterable[bytes]) -> Iterator[Line]:
    """The lines of a file; the first is its `Head`, or the file is refused. What is unreadable behind it is given as such."""
    number = 0
    for number, line in enumerate(lines, 1):
        part = _part(line)
        if isinstance(part, Head) and number > 1:
            part = Unreadable(Refused("export.second_head", "A file has one head, in its first line"))
        if number == 1 and not isinstance(part, Head):
            mend = "`keepclear record export` writes one."
            refused = Refused("export.no_head", "The file does not begin as an export", value=line[:60], mend=mend)
            raise part.refused.at("line 1, ") if isinstance(part, Unreadable) else refused
        yield Line(number, part)
    if not number:
        raise Refused("export.empty", "There is nothing in the file", mend="Check that it was written to the end.")


class _Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="line", tag="head"):
    keepclear_record: int
    record: str
    first: int
    end: int
    left: list[str]


class _Entry(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="line", tag="entry"
):
    entry: EntryFields
    leaf: str
    body: str | None = None
    outcome: str | None = None


class _Checkpoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="line", tag="checkpoint"):
    checkpoint: str
    peaks: list[str]


class _Tail(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="line", tag="tail"):
    end: int
    checkpoint: str
    right: list[str]


_AnyLine = _Head | _Entry | _Checkpoint | _Tail
_DECODER: msgspec.json.Decoder[_AnyLine] = msgspec.json.Decoder(_AnyLine)
_ENCODER = msgspec.json.Encoder()


def _written(line: _AnyLine) -> bytes:
    return _ENCODER.encode(line) + b"\n"


def _part(line: bytes) -> Head | ExportedEntry | ExportedCheckpoint | Tail | Unreadable:
    try:
        return _read(line)
    except Refused as refused:
        return Unreadable(refused)


def _read(line: bytes) -> Head | ExportedEntry | ExportedCheckpoint | Tail:
    if len(line) > LINE_BYTES_MAX:
        raise LimitExceeded("export.line_too_long", f"A line has at most {LINE_BYTES_MAX} bytes", value=len(line))
    if not line.endswith(b"\n"):
        mend = "The file breaks off here; get it again."
        raise Refused("export.half_line", "The line has no end", value=line[-40:], mend=mend)
    try:
        found = _DECODER.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Refused("export.line", f"This is not a line of an export ({error})", value=line[:60]) from error
    if _written(found) != line:
        what = "The line is not written as an export writes it: members in another order, twice, or with spaces"
        raise Refused("export.not_canonical", what, value=line[:60])
    match found:
        case _Head():
            return _head(found)
        case _Entry():
            return _entry(found)
        case _Checkpoint():
            return ExportedCheckpoint(read_checkpoint(found.checkpoint), _hashes(found.peaks))
        case _Tail():
            return Tail(found.end, read_checkpoint(found.checkpoint), _hashes(found.right))


def _head(found: _Head) -> Head:
    if found.keepclear_record != EXPORT_VERSION:
        mend = "A newer version of Keepclear may read it."
        what = f"The export is not of version {EXPORT_VERSION}"
        raise Refused("export.version", what, value=found.keepclear_record, mend=mend)
    if not 0 <= found.first <= found.end <= SIZE_MAX:
        raise Refused("export.range", "There is no such range of entries", value=f"{found.first} to {found.end}")
    return Head(found.record, found.first, found.end, _hashes(found.left))


def _entry(found: _Entry) -> ExportedEntry:
    entry = found.entry.entry()
    body = None if found.body is None else base64_bytes(found.body)
    if body is None and entry.body_hash == EMPTY_HASH:
        body = b""
    outcome = None if found.outcome is None else found.outcome.encode("utf-8", "surrogatepass")
    if outcome is None and entry.outcome_hash == EMPTY_HASH:
        outcome = b""
    return ExportedEntry(Committed(entry, body, outcome), _hash(found.leaf))


def _texts(hashes: Iterable[bytes]) -> list[str]:
    return [base64_text(hashed) for hashed in hashes]


def _hashes(texts: Iterable[str]) -> tuple[bytes, ...]:
    return tuple(_hash(text) for text in texts)


def _hash(text: str) -> bytes:
    hashed = base64_bytes(text)
    if len(hashed) != HASH_BYTES:
        raise Refused("export.hash", f"A hash has {HASH_BYTES} bytes", value=text)
    return hashed

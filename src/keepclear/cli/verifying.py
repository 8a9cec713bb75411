"""What `keepclear record verify` does with one file: proof, export or checkpoint."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from keepclear.cli.record_words import RecordWords
from keepclear.ground.errors import Refused
from keepclear.record.audit import audit_export
from keepclear.record.checkpoint import CHECKPOINT_BYTES_MAX, Checkpoint, read_checkpoint
from keepclear.record.export import LINE_BYTES_MAX, Head, Line, read_export
from keepclear.record.keys import Trust, vouched
from keepclear.record.proofs import PROOF_BYTES_MAX, EntryProof, check_entry, check_growth, check_parted, read_proof
from keepclear.record.witness import Split

_EXPORT_BEGINS = b'{"line":'


def verified(name: str, trust: Trust, held: Sequence[Checkpoint], words: RecordWords) -> bool:
    """Whether everything in a file is as it was signed; says what it shows, or what does not fit."""
    try:
        with ExitStack() as files:
            file = sys.stdin.buffer if name == "-" else files.enter_context(Path(name).open("rb"))
            first = file.readline(LINE_BYTES_MAX + 1)
            if first.startswith(_EXPORT_BEGINS):
                return _verify_export(name, _with(first, file), trust, held, words)
            if first.lstrip().startswith(b"{"):
                return _verify_proof(name, first + file.read(PROOF_BYTES_MAX + 1), trust, held, words)
            return _verify_checkpoint(name, first + file.read(CHECKPOINT_BYTES_MAX + 1), trust, held, words)
    except Refused as refused:
        words.refused(name, refused)
        return False


def export_in(name: str) -> Head:
    """The head of an export file."""
    head = next(parts_of(name)).part
    assert isinstance(head, Head), "read_export gives the head first"
    return head


def parts_of(name: str) -> Iterator[Line]:
    """Everything in an export file."""
    with Path(name).open("rb") as file:
        yield from read_export(_with(b"", file))


def _with(first: bytes, file: object) -> Iterator[bytes]:
    if first:
        yield first
    yield from iter(lambda: file.readline(LINE_BYTES_MAX + 1), b"")  # type: ignore[attr-defined]


def _verify_export(
    name: str, lines: Iterable[bytes], trust: Trust, held: Sequence[Checkpoint], words: RecordWords
) -> bool:
    from keepclear.cli.node_folder import progress_bar

    with progress_bar("verifying") as show:
        report = audit_export(read_export(lines), trust, held, show)
    words.report(name, report)
    return report.sound


def _verify_proof(name: str, data: bytes, trust: Trust, held: Sequence[Checkpoint], words: RecordWords) -> bool:
    proof = read_proof(data)
    if isinstance(proof, EntryProof):
        entry = check_entry(proof, trust)
        _compare([proof.checkpoint], held, name, words)
        words.proven_entry(name, entry)
    elif isinstance(proof, Split):
        words.proven_split(name, check_parted(proof, trust))
    else:
        growth = check_growth(proof, trust)
        _compare([proof.older, proof.newer], held, name, words)
        words.proven_growth(name, growth)
    return True


def _verify_checkpoint(name: str, data: bytes, trust: Trust, held: Sequence[Checkpoint], words: RecordWords) -> bool:
    checkpoint = read_checkpoint(data)
    found = vouched(checkpoint, trust)
    _compare([checkpoint], held, name, words)
    words.vouched_checkpoint(name, found)
    return True


def _compare(shown: Sequence[Checkpoint], held: Sequence[Checkpoint], name: str, words: RecordWords) -> None:
    """Refuses a checkpoint that contradicts one that is held; says which could not be compared."""
    for mine in held:
        same = [one for one in shown if (one.record, one.size) == (mine.record, mine.size)]
        for one in same:
            if one.root != mine.root:
                what = f"You hold another root for the {mine.size} entries of {mine.origin}: the record was forked"
                raise Refused("record.forked", what, value=one.origin)
        if not same:
            words.not_compared(name, mine)

"""Proof files: one JSON text that shows a third person one entry of a record, that a record only grew, or that it was split.

    an entry          header, body and outcome as far as they are shown; the hashes up to the root; the signed checkpoint
    a consistency     two signed checkpoints of one record, and the hashes between them
    a split           two signed checkpoints of one record that cannot both be: `keepclear.record.witness`

Nothing but the keys of the record is needed to check one. What a proof file does not show, it still pins: the header has the hashes of
body and outcome.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from keepclear.ground.canon import base64_bytes, base64_text, json_value
from keepclear.ground.errors import Refused
from keepclear.record.checkpoint import Checkpoint, read_checkpoint
from keepclear.record.entries import EMPTY_HASH, VERSION, Committed, Entry, hash_of
from keepclear.record.keys import Trust, Vouched, vouched
from keepclear.record.tree import (
    TileReader,
    check_consistency,
    check_inclusion,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
)
from keepclear.record.witness import Growth, Split, check_split

PROOF_VERSION = 1
PROOF_BYTES_MAX = 256 * 1024 * 1024


class EntryFields(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An entry as the fields of its leaf."""

    v: int
    sequence: int
    at_us: int
    kind: str
    by: str
    exercise: bool
    body: str
    outcome: str

    @staticmethod
    def of(entry: Entry) -> EntryFields:
        """The fields of this entry."""
        hashes = entry.body_hash, entry.outcome_hash
        return EntryFields(VERSION, entry.sequence, entry.at_us, entry.kind, entry.by, entry.exercise, *hashes)

    def entry(self) -> Entry:
        """The entry. Raises `Refused` for another version of the leaf: its bytes would not be these."""
        if self.v != VERSION:
            mend = "A newer version of Keepclear may know it."
            raise Refused("entry.version", f"The leaf is not of version {VERSION}", value=self.v, mend=mend, where=".v")
        if self.sequence < 0:
            raise Refused("entry.sequence", "Entries are counted from 0", value=self.sequence, where=".sequence")
        return Entry(self.sequence, self.at_us, self.kind, self.by, self.exercise, self.body, self.outcome)


class _EntryFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    keepclear_proof: int
    proves: str
    entry: EntryFields
    inclusion: list[str]
    checkpoint: str
    body: str | None = None
    outcome: str | None = None
    line: int | None = None


class _SplitFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    keepclear_proof: int
    proves: str
    one: str
    other: str
    growth: Growth | None = None


class _ConsistencyFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    keepclear_proof: int
    proves: str
    older: str
    newer: str
    hashes: list[str]


_File = TypeVar("_File", _EntryFile, _ConsistencyFile, _SplitFile)


@dataclass(frozen=True)
class EntryProof:
    """Shows that an entry stands in a record. `line` points at one line of the outcome; None: at the whole entry."""

    committed: Committed
    inclusion: tuple[bytes, ...]
    checkpoint: Checkpoint
    line: int | None = None

    def json(self) -> dict[str, Any]:
        """The proof file as the values of its JSON."""
        entry, body, outcome = self.committed.entry, self.committed.body, self.committed.outcome
        shown: dict[str, Any] = {"keepclear_proof": PROOF_VERSION, "proves": "entry"}
        shown["entry"] = msgspec.to_builtins(EntryFields.of(entry))
        if body is not None:
            shown["body"] = base64_text(body)
        if outcome is not None:
            shown["outcome"] = outcome.decode()
        if self.line is not None:
            shown["line"] = self.line
        shown["inclusion"] = [base64_text(hashed) for hashed in self.inclusion]
        shown["checkpoint"] = self.checkpoint.text
        return shown

    @property
    def shown_line(self) -> str | None:
        """The line of the outcome that it points at."""
        if self.line is None or self.committed.outcome is None:
            return None
        return self.committed.outcome.decode().split("\n")[self.line]


@dataclass(frozen=True)
class ConsistencyProof:
    """Shows that the record of the newer checkpoint begins with the record of the older one."""

    older: Checkpoint
    newer: Checkpoint
    hashes: tuple[bytes, ...]

    def json(self) -> dict[str, Any]:
        """The proof file as the values of its JSON."""
        return {
            "keepclear_proof": PROOF_VERSION,
            "proves": "consistency",
            "older": self.older.text,
            "newer": self.newer.text,
            "hashes": [base64_text(hashed) for hashed in self.hashes],
        }


@dataclass(frozen=True)
class ProvenEntry:
    """An entry that a proof shows, and who vouches for it."""

    proof: EntryProof
    vouched: Vouched


@dataclass(frozen=True)
class ProvenGrowth:
    """Two checkpoints of which the newer one only adds to the older one, and who vouches for them."""

    proof: ConsistencyProof
    older: Vouched
    newer: Vouched


@dataclass(frozen=True)
class ProvenSplit:
    """Two checkpoints of one epoch that cannot both be, and who signed them."""

    one: Vouched
    other: Vouched


# --- making ---


def prove_entry(
    tiles: TileReader, committed: Committed, checkpoint: Checkpoint, *, line: int | None = None
) -> EntryProof:
    """The proof of an entry against a checkpoint that covers it. Raises `Refused` where it does not, or there is no such line."""
    _check_line(committed, line)
    inclusion = inclusion_proof(tiles, committed.entry.sequence, checkpoint.size)
    return EntryProof(committed, inclusion, checkpoint, line)


def prove_growth(tiles: TileReader, older: Checkpoint, newer: Checkpoint) -> ConsistencyProof:
    """The proof that the record only grew from one checkpoint to the other."""
    return ConsistencyProof(older, newer, consistency_proof(tiles, older.size, newer.size))


def split_json(split: Split) -> dict[str, Any]:
    """The proof file of a split as the values of its JSON."""
    shown = {"keepclear_proof": PROOF_VERSION, "proves": "split", "one": split.one, "other": split.other}
    if split.growth is not None:
        shown["growth"] = msgspec.to_builtins(split.growth)
    return shown


def proof_text(proof: EntryProof | ConsistencyProof) -> str:
    """The proof file: JSON with one member on a line, so that people can read it."""
    return json.dumps(proof.json(), ensure_ascii=False, indent=1) + "\n"


# --- reading and checking ---


def read_proof(data: bytes) -> EntryProof | ConsistencyProof | Split:
    """The proof in a file. Nothing is checked yet but its form; `Refused` says at which path it is not right."""
    value = json_value(data, PROOF_BYTES_MAX)
    if not isinstance(value, dict) or "keepclear_proof" not in value:
        mend = "`keepclear record prove` and the API write them."
        raise Refused("proof.not_proof", "This is not a proof file", value=data[:60], mend=mend)
    if value["keepclear_proof"] != PROOF_VERSION:
        what = f"The proof file is not of version {PROOF_VERSION}"
        raise Refused("proof.version", what, value=value["keepclear_proof"], where="$.keepclear_proof")
    match value.get("proves"):
        case "entry":
            return _entry_proof(_converted(value, _EntryFile))
        case "consistency":
            return _consistency_proof(_converted(value, _ConsistencyFile))
        case "split":
            file = _converted(value, _SplitFile)
            return Split(file.one, file.other, file.growth)
        case other:
            what = 'A proof file proves "entry", "consistency" or "split"'
            raise Refused("proof.kind", what, value=other, where="$.proves")


def check_entry(proof: EntryProof, trust: Trust) -> ProvenEntry:
    """What the proof shows, if it shows it.

    Raises `Refused`, where it does not fit: proof.body, proof.outcome, proof.line, proof.index, proof.length, proof.root,
    checkpoint.unsigned, checkpoint.signature, checkpoint.cosignature; `where` is the path in the file."""
    committed, entry = proof.committed, proof.committed.entry
    for shown, committed_hash, name in (
        (committed.body, entry.body_hash, "body"),
        (committed.outcome, entry.outcome_hash, "outcome"),
    ):
        if shown is not None and hash_of(shown) != committed_hash:
            what = f"The {name} is not the one that the entry was committed with: its hash is another"
            raise Refused(f"proof.{name}", what, value=hash_of(shown), where=f"$.{name}")
    _check_line(committed, proof.line)
    try:
        hashed = leaf_hash(entry.leaf)
    except ValueError as error:
        raise Refused("entry.leaf", f"The entry has no leaf ({error})", where="$.entry") from error
    try:
        check_inclusion(entry.sequence, proof.checkpoint.size, hashed, proof.inclusion, proof.checkpoint.root)
    except Refused as refused:
        raise refused.at("$.entry.sequence" if refused.key == "proof.index" else "$.inclusion") from refused
    return ProvenEntry(proof, _vouched(proof.checkpoint, trust, "$.checkpoint"))


def check_growth(proof: ConsistencyProof, trust: Trust) -> ProvenGrowth:
    """What the proof shows, if it shows it.

    Raises `Refused`, where it does not fit: proof.other_record, proof.epochs, proof.size, proof.length, proof.old_root, proof.root,
    and those of the two checkpoints."""
    older = _vouched(proof.older, trust, "$.older")
    newer = _vouched(proof.newer, trust, "$.newer")
    if proof.older.record != proof.newer.record:
        what = f"The checkpoints are of different records: {proof.older.record} and {proof.newer.record}"
        raise Refused("proof.other_record", what, where="$.newer")
    if proof.older.epoch > proof.newer.epoch:
        raise Refused(
            "proof.epochs", "The older checkpoint is of the newer epoch", value=proof.older.epoch, where="$.older"
        )
    try:
        check_consistency(proof.older.size, proof.newer.size, proof.hashes, proof.older.root, proof.newer.root)
    except Refused as refused:
        raise refused.at("$.older" if refused.key == "proof.size" else "$.hashes") from refused
    return ProvenGrowth(proof, older, newer)


def check_parted(split: Split, trust: Trust) -> ProvenSplit:
    """What the proof of a split shows, if it shows it.

    Raises `Refused`, where it does not: split.epochs, split.sizes, split.none, proof.root, checkpoint.other_record, and those of the
    two checkpoints."""
    one = _vouched(_checkpoint(split.one, "$.one"), trust, "$.one")
    other = _vouched(_checkpoint(split.other, "$.other"), trust, "$.other")
    check_split(split, one.checkpoint.record, (*one.signers, *other.signers))
    return ProvenSplit(one, other)


def _check_line(committed: Committed, line: int | None) -> None:
    if line is None:
        return
    outcome = committed.outcome
    if outcome is None:
        raise Refused("proof.line", "The outcome is not there, of which a line is shown", value=line, where="$.line")
    count = outcome.count(b"\n")
    if not 0 <= line < count:
        raise Refused("proof.line", f"There are {count} lines in the outcome", value=line, where="$.line")


def _vouched(checkpoint: Checkpoint, trust: Trust, where: str) -> Vouched:
    try:
        return vouched(checkpoint, trust)
    except Refused as refused:
        raise refused.at(_inside(where, refused)) from refused


def _inside(where: str, refused: Refused) -> str:
    return f"{where}, " if refused.where else where


def _entry_proof(file: _EntryFile) -> EntryProof:
    try:
        entry = file.entry.entry()
    except Refused as refused:
        raise refused.at("$.entry") from refused
    body = None if file.body is None else _base64(file.body, "$.body")
    outcome = None if file.outcome is None else file.outcome.encode("utf-8", "surrogatepass")
    if outcome is None and entry.outcome_hash == EMPTY_HASH:
        outcome = b""
    inclusion = tuple(_base64(hashed, f"$.inclusion[{place}]") for place, hashed in enumerate(file.inclusion))
    checkpoint = _checkpoint(file.checkpoint, "$.checkpoint")
    return EntryProof(Committed(entry, body, outcome), inclusion, checkpoint, file.line)


def _consistency_proof(file: _ConsistencyFile) -> ConsistencyProof:
    hashes = tuple(_base64(hashed, f"$.hashes[{place}]") for place, hashed in enumerate(file.hashes))
    return ConsistencyProof(_checkpoint(file.older, "$.older"), _checkpoint(file.newer, "$.newer"), hashes)


def _converted(value: dict[str, Any], kind: type[_File]) -> _File:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        what, _, path = str(error).partition(" - at `")
        raise Refused("proof.form", f"This is not the form of a proof file ({what})", where=path.rstrip("`")) from error


def _base64(text: str, where: str) -> bytes:
    try:
        return base64_bytes(text)
    except Refused as refused:
        raise refused.at(where) from refused


def _checkpoint(text: str, where: str) -> Checkpoint:
    try:
        return read_checkpoint(text)
    except Refused as refused:
        raise refused.at(_inside(where, refused)) from refused

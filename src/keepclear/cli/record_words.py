"""The record in words for a terminal, and in JSON lines for a pipe."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from keepclear.ground.errors import Refused, printable
from keepclear.ground.instants import utc_text
from keepclear.ground.signing import NoteKey
from keepclear.record.audit import Report
from keepclear.record.checkpoint import Checkpoint
from keepclear.record.entries import Committed
from keepclear.record.findings import ERROR
from keepclear.record.keys import KeyLife, Vouched
from keepclear.record.proofs import ProvenEntry, ProvenGrowth, ProvenSplit

BODY_CHARS_SHOWN = 2_000


class RecordWords:
    """Says things on standard output: sentences for people, or one JSON object per line."""

    def __init__(self, *, for_people: bool) -> None:
        self._for_people = for_people

    # --- what is in a record ---

    def entry(self, committed: Committed) -> None:
        """One line for an entry."""
        if self._for_people:
            entry = committed.entry
            marks = " (exercise)" if entry.exercise else ""
            lines = (committed.outcome or b"").count(b"\n")
            followed = f"  {_counted(lines, 'line')} followed" if lines else ""
            self._say(f"{entry.sequence:>8}  {utc_text(entry.at_us)}  {entry.kind}  by {entry.by}{marks}{followed}")
        else:
            self._line("entry", **_entry(committed))

    def whole(self, committed: Committed, line: int | None) -> None:
        """An entry with its body and what followed, or one line of that."""
        lines = (committed.outcome or b"").decode("utf-8", "replace").split("\n")[:-1]
        if line is not None and line >= len(lines):
            raise Refused("record.what", f"{_counted(len(lines), 'line')} followed from this entry", value=line)
        followed = lines if line is None else [lines[line]]
        if not self._for_people:
            self._line("entry", **_entry(committed), shown_body=_body_text(committed), followed=followed)
            return
        self.entry(committed)
        self._say(f"    body {committed.entry.body_hash}: {_body_text(committed)}")
        for number, text in enumerate(followed, line or 0):
            self._say(f"    {committed.entry.sequence}.{number}  {text}")

    def key(self, record: str, life: KeyLife) -> None:
        """A key of the record, as the line that a verifier wants."""
        line = NoteKey(record, life.key).line
        if self._for_people:
            ended = f", {life.why} in entry {life.ended}" if life.ended is not None else ""
            self._say(f"# key {life.key.key_id}, introduced in entry {life.introduced}{ended}\n{line}")
        else:
            self._line(
                "key", key_id=life.key.key_id, line=line, introduced=life.introduced, ended=life.ended, why=life.why,
                since_us=life.since_us,
            )  # fmt: skip

    # --- what was verified ---

    def proven_entry(self, name: str, proven: ProvenEntry) -> None:
        """A proof of an entry holds."""
        proof, vouched = proven.proof, proven.vouched
        if not self._for_people:
            self._line(
                "proven", file=name, **_entry(proof.committed), shown_body=_body_text(proof.committed),
                line=proof.line, shown_line=proof.shown_line, **_checkpoint(vouched),
            )  # fmt: skip
            return
        entry = proof.committed.entry
        exercise = " It is marked as an exercise: it is not real." if entry.exercise else ""
        self._say(
            f"{name}: proven. Entry {entry.sequence} of {proof.checkpoint.record} is {entry.kind}, given by {entry.by}.{exercise}"
        )
        self._say(f"  The node says it knew of it at {utc_text(entry.at_us)}.")
        if proof.shown_line is not None:
            self._say(f"  What followed, line {entry.sequence}.{proof.line}: {_sentence(proof.shown_line)}")
        self._say(f"  Its body: {_body_text(proof.committed)}")
        self._say_vouched(vouched)

    def proven_growth(self, name: str, proven: ProvenGrowth) -> None:
        """A proof of consistency holds."""
        older, newer = proven.older.checkpoint, proven.newer.checkpoint
        if self._for_people:
            self._say(
                f"{name}: proven. The record {newer.record} of {newer.size} entries begins with the {older.size} entries of the older "
                "checkpoint: it only grew."
            )
            self._say_vouched(proven.newer)
        else:
            self._line("grew", file=name, older_size=older.size, older_epoch=older.epoch, **_checkpoint(proven.newer))

    def proven_split(self, name: str, proven: ProvenSplit) -> None:
        """A proof holds that a record was split."""
        one, other = proven.one.checkpoint, proven.other.checkpoint
        if self._for_people:
            self._say(
                f"{name}: proven. The key of {one.origin} has signed two records: the one of {other.size} entries does not begin with "
                f"the one of {one.size}. Whoever has the key has shown different people different things."
            )
            self._say_vouched(proven.one)
            self._say_vouched(proven.other)
        else:
            self._line("split", file=name, one=_checkpoint(proven.one), other=_checkpoint(proven.other))

    def vouched_checkpoint(self, name: str, vouched: Vouched) -> None:
        """A checkpoint is signed."""
        if self._for_people:
            self._say(f"{name}: a checkpoint of {vouched.checkpoint.origin}.")
            self._say_vouched(vouched)
        else:
            self._line("checkpoint", file=name, **_checkpoint(vouched))

    def report(self, name: str, report: Report) -> None:
        """What an audit found."""
        errors = sum(finding.severity == ERROR for finding in report.findings) + report.more
        if not self._for_people:
            for finding in report.findings:
                self._line(
                    finding.severity, file=name, key=finding.key, first=finding.first, end=finding.end, what=finding.what,
                    where=finding.where,
                )  # fmt: skip
            self._line(
                "audited", file=name, record=report.record, first=report.first, end=report.end, proven_end=report.proven_end,
                epoch=report.epoch, checkpoints=report.checkpoints, signers=list(report.signers), sound=report.sound,
                errors=errors, notes=len(report.findings) + report.more - errors, findings_not_kept=report.more,
            )  # fmt: skip
            return
        for finding in report.findings:
            self._say(f"{finding.severity}: {finding}")
        if report.more:
            self._say(f"... and {report.more} findings more.")
        verdict = (
            "everything is as it was signed"
            if report.sound
            else f"{_counted(errors, 'error')}; this is not what was signed"
        )
        self._say(
            f"{name}: {_counted(report.end - report.first, 'entry')} of {report.record} from {report.first} on: {verdict}."
        )
        if report.newest is not None:
            self._say(
                f"  {_counted(report.checkpoints, 'checkpoint')} by {_keys(report.signers)}; the newest has {report.newest.size} "
                f"entries, epoch {report.newest.epoch}. Keep it: only with it can a later rollback or fork be seen."
            )

    def not_compared(self, name: str, held: Checkpoint) -> None:
        """Nothing in a proof says whether it agrees with what is held."""
        what = (
            f"the checkpoint of {held.size} entries that you hold is of another size; "
            "a proof of consistency shows whether both are one record"
        )
        if self._for_people:
            self._say(f"note: {name}: {what}.")
        else:
            self._line("note", file=name, key="held.not_compared", what=what)

    def refused(self, name: str, refused: Refused) -> None:
        """A file is not what it says."""
        if self._for_people:
            self._say(f"{name}: not proven. {refused}")
        else:
            self._line(
                "error",
                file=name,
                key=refused.key,
                what=refused.what,
                value=refused.value,
                mend=refused.mend,
                where=refused.where,
            )

    def _say_vouched(self, vouched: Vouched) -> None:
        checkpoint = vouched.checkpoint
        signers = _keys(key.key_id for key in vouched.signers)
        self._say(f"  Checkpoint of {checkpoint.size} entries, epoch {checkpoint.epoch}, signed by {signers}.")
        for cosigned in vouched.cosigned:
            self._say(
                f"  {cosigned.name} had seen it by {utc_text(cosigned.at_s * 1_000_000)}, and nothing that contradicts it."
            )

    def _say(self, text: str) -> None:
        print("\n".join(printable(line) for line in text.split("\n")))

    def _line(self, kind: str, **members: object) -> None:
        print(json.dumps({"kind": kind, **members}, ensure_ascii=False))


def _entry(committed: Committed) -> dict[str, Any]:
    entry = committed.entry
    return {
        "sequence": entry.sequence, "at": utc_text(entry.at_us), "at_us": entry.at_us, "event": entry.kind, "by": entry.by,
        "exercise": entry.exercise, "body_hash": entry.body_hash, "outcome_hash": entry.outcome_hash,
        "body_kept": committed.body is not None, "lines": (committed.outcome or b"").count(b"\n"),
    }  # fmt: skip


def _checkpoint(vouched: Vouched) -> dict[str, Any]:
    checkpoint = vouched.checkpoint
    return {
        "record": checkpoint.record, "epoch": checkpoint.epoch, "size": checkpoint.size, "root": checkpoint.root.hex(),
        "signers": [key.key_id for key in vouched.signers],
        "cosigned": [{"name": one.name, "at": utc_text(one.at_s * 1_000_000)} for one in vouched.cosigned],
    }  # fmt: skip


def _body_text(committed: Committed) -> str:
    """The body where it is a short text; else how long it is, or that it is not there."""
    if committed.body is None:
        return "not there"
    try:
        text = committed.body.decode("utf-8")
    except UnicodeDecodeError:
        return f"{len(committed.body)} bytes"
    return text if text.isprintable() and len(text) <= BODY_CHARS_SHOWN else f"{len(committed.body)} bytes"


def _sentence(line: str) -> str:
    """A line of an outcome as a sentence, where this version knows its kind."""
    from keepclear.render.told import sentence_of

    try:
        sentence = sentence_of(json.loads(line))
    except (ValueError, LookupError, TypeError):
        # Proven, and of a kind or a shape that another version writes: the line itself is what counts.
        sentence = ""
    return f"{sentence} {line}".strip()


def _keys(key_ids: Iterable[str]) -> str:
    found = list(key_ids)
    return f"key {', '.join(found)}" if len(found) < 2 else f"keys {', '.join(found)}"


def _counted(count: int, noun: str) -> str:
    plural = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{count} {noun if count == 1 else plural}"

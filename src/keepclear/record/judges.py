"""What an audit judges besides the tree: places of entries, bodies that were dropped, epochs, and what the auditor held before.

Each keeps a bounded state and tells `Findings`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from keepclear.ground.errors import Refused
from keepclear.record.checkpoint import Checkpoint
from keepclear.record.entries import Entry
from keepclear.record.facts import BodiesDropped, EpochBegan
from keepclear.record.findings import Findings
from keepclear.record.keys import KeyHistory, Trust, vouched

GAPS_MAX = 1_000
DROPPABLE = frozenset({"positions_arrived"})


class Places:
    """Whether entries come one after the other: what was taken out, put in, or moved.

    expected  the sequence of the next entry
    """

    def __init__(self, first: int, findings: Findings) -> None:
        self.expected = first
        self._findings = findings
        self._gaps: list[tuple[int, int, str]] = []

    def take(self, sequence: int, where: str) -> bool:
        """Whether an entry of this sequence may be the next; if some are missing before it, they are noted."""
        if sequence < self.expected:
            self._out_of_place(sequence, where)
            return False
        self.reach(sequence, where)
        self.expected = sequence + 1
        return True

    def reach(self, sequence: int, where: str) -> None:
        """All entries below `sequence` should have come."""
        if sequence <= self.expected:
            return
        if len(self._gaps) < GAPS_MAX:
            self._gaps.append((self.expected, sequence, where))
        else:
            self._missing(self.expected, sequence, where)
        self.expected = sequence

    def end(self) -> None:
        """Nothing more comes: what is missing now stays so."""
        for gap in self._gaps:
            self._missing(*gap)

    def _out_of_place(self, sequence: int, where: str) -> None:
        behind = f"behind entry {self.expected - 1}"
        for place, (first, end, gap_where) in enumerate(self._gaps):
            if first <= sequence < end:
                rest = [(first, sequence, gap_where), (sequence + 1, end, gap_where)]
                self._gaps[place : place + 1] = [gap for gap in rest if gap[0] < gap[1]]
                what = f"it stands {behind}: entries were put in another order"
                self._findings.error("record.entries_reordered", sequence, sequence + 1, what, where)
                return
        what = f"a second entry of this number stands {behind}: one of the two was put in"
        self._findings.error("record.entry_inserted", sequence, sequence + 1, what, where)

    def _missing(self, first: int, end: int, where: str) -> None:
        what = "missing: taken out, or unreadable"
        self._findings.error("record.entries_missing", first, end, what, where)


class Bodies:
    """Bodies that are not there: only those of positions may be dropped, and only behind a snapshot that is in the record."""

    def __init__(self, first: int, findings: Findings) -> None:
        self._from_the_beginning = first == 0
        self._findings = findings
        self._snapshots: set[int] = set()
        self._dropped_before = 0
        self._absent: list[tuple[int, int]] = []
        self._absent_goes_on = False

    def there(self, entry: Entry) -> None:
        """The body of this entry is there."""
        if entry.kind in DROPPABLE:
            self._absent_goes_on = False

    def absent(self, entry: Entry, where: str) -> None:
        """The body of this entry is not there."""
        if entry.kind not in DROPPABLE:
            what = f"the body is missing, and those of {entry.kind} are never dropped"
            self._findings.error("record.body_missing", entry.sequence, entry.sequence + 1, what, where)
        elif self._absent_goes_on:
            self._absent[-1] = (self._absent[-1][0], entry.sequence + 1)
        elif len(self._absent) < GAPS_MAX:
            self._absent.append((entry.sequence, entry.sequence + 1))
            self._absent_goes_on = True
        else:
            what = "the body is missing, as many others are"
            self._findings.error("record.body_missing", entry.sequence, entry.sequence + 1, what, where)

    def snapshot(self, size: int) -> None:
        """The record has a snapshot of the state after `size` entries."""
        self._snapshots.add(size)

    def dropped(self, entry: Entry, fact: BodiesDropped, where: str) -> None:
        """This entry says that bodies were dropped."""
        what = ""
        if self._from_the_beginning and fact.snapshot_size not in self._snapshots:
            what = (
                f"bodies were dropped behind a snapshot of {fact.snapshot_size} entries, which the record does not have"
            )
        elif fact.before > fact.snapshot_size:
            what = f"bodies below {fact.before} were dropped, and the snapshot covers {fact.snapshot_size} entries"
        if what:
            self._findings.error("record.dropped_without_snapshot", entry.sequence, entry.sequence + 1, what, where)
        else:
            self._dropped_before = max(self._dropped_before, fact.before)

    def end(self, *, whole: bool) -> None:
        """Nothing more comes. `whole`: no entry of the record lies outside the copy."""
        for first, end in self._absent:
            begin = max(first, self._dropped_before)
            if begin >= end:
                continue
            if whole:
                what = "bodies of positions are missing, and no entry says that they were dropped"
                self._findings.error("record.body_missing", begin, end, what)
            else:
                what = "bodies of positions are missing; the entry that says why may lie outside this range"
                self._findings.note("record.bodies_absent", begin, end, what)


class Epochs:
    """Whether each epoch goes on from the tree that it says.

    now  the epoch of the next entry; None: not known yet, as the copy begins in the middle
    """

    def __init__(self, record: str, first: int, findings: Findings) -> None:
        self.now = None if first else 1
        self.begun: list[tuple[int, int]] = []  # epoch, entries before it
        self._record = record
        self._findings = findings
        self._announced: tuple[int, int, str] | None = None

    def fits(self, checkpoint: Checkpoint, where: str) -> bool:
        """Whether a checkpoint of this epoch may stand here."""
        size = checkpoint.size
        if checkpoint.record != self._record:
            what = f"a checkpoint of another record stands here: {checkpoint.record}"
            self._findings.error("record.other_record", size, size, what, where)
            return False
        if self.now is None:
            self.now = checkpoint.epoch
        if checkpoint.epoch == self.now + 1:
            # Signed over what the new epoch goes on from: the entry that begins it must be the next.
            self._announced = (checkpoint.epoch, size, where)
        elif checkpoint.epoch != self.now:
            what = f"a checkpoint of epoch {checkpoint.epoch} stands in epoch {self.now}"
            self._findings.error("record.epoch_mixed", size, size, what, where)
            return False
        return True

    def entry(self, entry: Entry) -> None:
        """The next entry is this one."""
        if self._announced is not None and entry.kind != "epoch_began":
            self.end()

    def began(self, entry: Entry, fact: EpochBegan, root_before: bytes | None, where: str) -> None:
        """This entry begins an epoch; `root_before` is that of the entries before it, None where it is not known."""
        wrong = []
        if self.now is not None and fact.epoch != self.now + 1:
            wrong.append(f"epoch {fact.epoch} follows epoch {self.now}")
        if fact.origin != self._record:
            wrong.append(f"it is of the record {fact.origin}")
        if fact.after_size != entry.sequence:
            wrong.append(f"it goes on from {fact.after_size} entries, and there are {entry.sequence}")
        elif root_before is not None and fact.after_root != root_before.hex():
            wrong.append(f"it goes on from the root {fact.after_root}, and theirs is {root_before.hex()}")
        if wrong:
            what = f"the epoch does not continue the tree that it says it continues: {'; '.join(wrong)}"
            self._findings.error("record.epoch_broken", entry.sequence, entry.sequence + 1, what, where)
        self._announced = None
        self.now = fact.epoch
        self.begun.append((fact.epoch, entry.sequence))

    def end(self) -> None:
        """What was announced has not come."""
        if self._announced is not None:
            epoch, size, where = self._announced
            self._announced = None
            what = f"a checkpoint is of epoch {epoch}, which no entry begins here"
            self._findings.error("record.epoch_unannounced", size, size, what, where)

    def restored_below(self, checkpoint: Checkpoint) -> tuple[int, int] | None:
        """The epoch, and where it began, that went on from fewer entries than this older checkpoint has."""
        return next((it for it in self.begun if it[0] > checkpoint.epoch and it[1] < checkpoint.size), None)


@dataclass
class _Held:
    checkpoint: Checkpoint
    candidate: bytes | None = None
    found: bytes | None = None


class HeldCheckpoints:
    """Checkpoints that the auditor has kept from before: the record must have passed through each of them."""

    def __init__(self, checkpoints: Sequence[Checkpoint], findings: Findings) -> None:
        self._held = [_Held(checkpoint) for checkpoint in sorted(checkpoints, key=lambda one: one.size)]
        self._sizes = {held.checkpoint.size for held in self._held}
        self._findings = findings

    def asks_for(self, size: int) -> bool:
        """Whether the root of so many entries is asked for."""
        return size in self._sizes

    def root(self, size: int, root: bytes) -> None:
        """The first `size` entries of the copy have this root, if a signed root behind them says so too."""
        for held in self._held:
            if held.checkpoint.size == size:
                held.candidate = root

    def confirm(self) -> None:
        """A signed root was met."""
        for held in self._held:
            held.found = held.found or held.candidate

    def lose(self) -> None:
        """The next signed root will say nothing about those before it."""
        for held in self._held:
            held.candidate = None

    def end(self, trust: Trust, keys: KeyHistory, epochs: Epochs, record: str, first: int, covered: int) -> None:
        """Judges each of them. `covered`: the size of the largest checkpoint that the copy shows."""
        for held in self._held:
            checkpoint, size = held.checkpoint, held.checkpoint.size
            if checkpoint.record != record:
                what = f"the checkpoint that you hold is of another record: {checkpoint.record}"
                self._findings.error("held.other_record", size, size, what)
                continue
            try:
                signers = vouched(checkpoint, trust).signers
            except Refused as refused:
                self._findings.error(
                    "held.unsigned", size, size, f"the checkpoint that you hold does not count: {refused}"
                )
                continue
            if held.found == checkpoint.root:
                continue
            if restored := epochs.restored_below(checkpoint):
                what = (
                    f"you hold a checkpoint of {size} entries of epoch {checkpoint.epoch}; after a restore, epoch {restored[0]} "
                    f"went on from {restored[1]} of them, and the others are lost"
                )
                self._findings.note("record.lost_by_restore", restored[1], size, what)
            elif held.found is not None:
                doubt = "" if all(keys.never_doubted(key) for key in signers) else " (its key was doubted later)"
                what = (
                    f"you hold a checkpoint of {size} entries of epoch {checkpoint.epoch}{doubt}, and this copy has another "
                    "history: the record was forked or rewritten"
                )
                self._findings.error("record.forked", first, size, what)
            elif size > covered:
                what = (
                    f"you hold a checkpoint of {size} entries, and this copy shows {covered}: "
                    "the record was rolled back, or the copy is older than your checkpoint"
                )
                self._findings.error("record.rolled_back", covered, size, what)
            else:
                what = (
                    f"the checkpoint of {size} entries that you hold could not be compared with this copy; "
                    "ask for a proof of consistency"
                )
                self._findings.note("held.not_compared", size, size, what)

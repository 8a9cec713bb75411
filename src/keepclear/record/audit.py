"""The audit: judges a copy of a record by its bytes and public keys alone, and says where it is not what was signed.

    the tree        grows entry by entry; at each checkpoint of a known key its root must be the signed one. Entries between two such
                    checkpoints are then as they were committed; otherwise the finding names this interval
    a single fault  is narrowed to its entry where the hashes beside it allow it: a body, an outcome, a header, a place
    after a fault   the peaks beside the next checkpoint, which its root proves, let the tree grow on: one fault hides no other
    held            checkpoints that the auditor has kept from before; the copy must have passed through each of them

Memory does not grow with the record: what is kept is one edge of the tree, the keys, the epochs, the sizes of snapshots, and a bounded
number of findings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from keepclear.ground.errors import Refused
from keepclear.ground.signing import PublicKey
from keepclear.record.checkpoint import Checkpoint
from keepclear.record.entries import Committed, Entry, hash_of
from keepclear.record.export import ExportedCheckpoint, ExportedEntry, Head, Line, Tail, Unreadable
from keepclear.record.facts import BodiesDropped, EpochBegan, KeyEnded, KeyIntroduced, NodeBegan, SnapshotTaken, fact_of
from keepclear.record.findings import ERROR, Finding, Findings
from keepclear.record.judges import Bodies, Epochs, HeldCheckpoints, Places
from keepclear.record.keys import DOUBTFUL, ENDED, KeyHistory, Trust, vouched
from keepclear.record.tree import Frontier, leaf_hash, right_heights

PROGRESS_EVERY = 1_000


@dataclass(frozen=True)
class Report:
    """What an audit concluded of entries `first` up to, not including, `end`.

    proven_end   up to here the entries are covered by a root that a known key signed
    newest       the largest checkpoint of a known key that the copy agrees with
    checkpoints  how many such checkpoints there were
    epoch        the last one; None where nothing says
    signers      ids of the keys that signed them
    findings     by the entries they concern; `more` were not kept
    """

    record: str
    first: int
    end: int
    proven_end: int
    newest: Checkpoint | None
    checkpoints: int
    epoch: int | None
    signers: tuple[str, ...]
    findings: tuple[Finding, ...]
    more: int

    @property
    def sound(self) -> bool:
        """Whether nothing is other than it was signed."""
        return not self.more and all(finding.severity != ERROR for finding in self.findings)


def audit_export(
    lines: Iterable[Line],
    trust: Trust,
    held: Sequence[Checkpoint] = (),
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> Report:
    """Judges an export file, as `keepclear.record.export.read_export` reads it. Raises `Refused` where the file has no head.

    progress  called now and then with how many entries were judged, and how many the head announces
    """
    reading = iter(lines)
    head = next(reading).part
    assert isinstance(head, Head), "read_export gives the head first"
    where = "line 1"
    try:
        audit = Audit(head.record, trust, held, first=head.first, left=head.left)
    except Refused as unfit:
        raise unfit.at(where) from unfit
    for number, part in reading:
        where = f"line {number}"
        match part:
            case ExportedEntry():
                audit.entry(part.committed, leaf=part.leaf, where=where)
                if number % PROGRESS_EVERY == 0:
                    progress(audit.end - head.first, head.end - head.first)
            case ExportedCheckpoint():
                audit.checkpoint(part.checkpoint, part.peaks, where=where)
            case Tail():
                audit.tail(part, where=where)
            case Unreadable(refused):
                audit.unreadable(refused, where=where)
            case Head():
                raise AssertionError("read_export gives one head")
    audit.file_ended(head.end, where=where)
    return audit.report()


def audit_copy(
    record: str,
    entries: Iterable[Committed],
    checkpoints: Iterable[Checkpoint],
    trust: Trust,
    held: Sequence[Checkpoint] = (),
    progress: Callable[[int], None] = lambda _done: None,
) -> Report:
    """Judges a whole copy that is not a file, such as a store: its entries from 0 on, and its checkpoints by their sizes."""
    audit = Audit(record, trust, held)
    waiting = iter(checkpoints)
    checkpoint = next(waiting, None)
    for number, committed in enumerate(entries, 1):
        audit.entry(committed)
        while checkpoint is not None and checkpoint.size <= audit.end:
            audit.checkpoint(checkpoint)
            checkpoint = next(waiting, None)
        if number % PROGRESS_EVERY == 0:
            progress(number)
    if checkpoint is not None:
        audit.checkpoint(checkpoint)
    return audit.report()


@dataclass
class _Interval:
    """Entries since the last root that was shown to be signed.

    explained   a finding has said already why the next root cannot be met
    introduced  keys that entries in here introduce; known keys once the next root is met
    """

    first: int
    explained: bool = False
    introduced: list[PublicKey] = field(default_factory=list)


class Audit:
    """Judges a copy that is given to it piece by piece: entries in order, each checkpoint behind the last entry that it covers."""

    def __init__(
        self, record: str, trust: Trust, held: Sequence[Checkpoint] = (), *, first: int = 0, left: Sequence[bytes] = ()
    ) -> None:
        """first, left  where the copy begins, and the peaks of the tree of the entries before. Raises `Refused` where they do not fit."""
        self._record = record
        self._first = first
        self._trust = trust
        self._findings = findings = Findings()
        self._places = Places(first, findings)
        self._bodies = Bodies(first, findings)
        self._epochs = Epochs(record, first, findings)
        self._held = HeldCheckpoints(held, findings)
        self._keys = KeyHistory()
        self._ended_in_doubt: list[tuple[Entry, KeyEnded]] = []
        self._frontier: Frontier | None = Frontier(first, left)
        self._interval = _Interval(first)
        self._newest_us: int | None = None
        self._newest: tuple[Checkpoint, tuple[PublicKey, ...]] | None = None
        self._signers: dict[str, None] = {}
        self._checkpoints = 0
        self._tail: Tail | None = None
        self._note_root()

    @property
    def end(self) -> int:
        """The sequence of the next entry."""
        return self._places.expected

    # --- what is given ---

    def entry(self, committed: Committed, *, leaf: bytes | None = None, where: str = "") -> None:
        """The next entry; `leaf` is the hash that the copy states for it."""
        entry, expected = committed.entry, self.end
        if not self._places.take(entry.sequence, where):
            self._lose()
            return
        if entry.sequence != expected:
            self._lose()
        root_before = self._frontier.root() if self._frontier and entry.kind == "epoch_began" else None
        stands = self._grow(entry, leaf, where)
        if self._newest_us is not None and entry.at_us < self._newest_us:
            what = f"it was known {self._newest_us - entry.at_us} µs earlier than the entry before it"
            self._error("record.time_backwards", entry, what, where)
        self._newest_us = entry.at_us
        self._epochs.entry(entry)
        body = self._judge_bodies(committed, stands, where)
        if body is not None:
            self._take_fact(entry, body, root_before, where)

    def unreadable(self, refused: Refused, *, where: str) -> None:
        """A line that is nothing any more."""
        self._findings.error("record.line_unreadable", self.end, self.end, str(refused), where)

    def checkpoint(self, checkpoint: Checkpoint, peaks: Sequence[bytes] | None = None, *, where: str = "") -> None:
        """A checkpoint that covers everything given so far, and the peaks that the copy states for its tree."""
        size = checkpoint.size
        if size > self.end:
            self._places.reach(size, where)
            self._lose()
        elif size < self.end:
            what = f"the checkpoint of {size} entries stands behind entry {self.end - 1}"
            self._findings.error("record.checkpoint_misplaced", size, self.end, what, where)
            return
        signers = self._signers_of(checkpoint, self._newest_us, where)
        if self._epochs.fits(checkpoint, where) and signers:
            self._meet(checkpoint, signers, self._frontier, where)
            self._begin_interval(checkpoint, peaks, where)

    def tail(self, tail: Tail, *, where: str = "") -> None:
        """The end of the copy, as it states it."""
        if self._tail is not None:
            self._findings.error("record.second_tail", self.end, self.end, "the copy ends a second time", where)
            return
        self._tail = tail
        if tail.end < self.end:
            what = f"there are more entries than the end of the copy says, {tail.end}"
            self._findings.error("record.entries_surplus", tail.end, self.end, what, where)
            self._lose()
        elif tail.end > self.end:
            self._places.reach(tail.end, where)
            self._lose()
        if tail.covering.size < self.end:
            what = f"the last line has a checkpoint of {tail.covering.size} entries, which does not cover the copy"
            self._findings.error("record.tail", self.end, self.end, what, where)
        else:
            self._cover(tail.covering, tail.right, where)

    def file_ended(self, announced_end: int, *, where: str) -> None:
        """A file that announced entries below `announced_end` has no further line."""
        if self._tail is None:
            what = "the file breaks off: its last line is missing"
            self._findings.error("record.truncated", self.end, max(announced_end, self.end), what, where)
            self._interval.explained = True
        elif announced_end != self.end:
            first, end = sorted((announced_end, self.end))
            what = f"the head announces entries below {announced_end}, and the copy ends at {self.end}"
            self._findings.error("record.truncated", first, end, what, where)

    def report(self) -> Report:
        """What was concluded; nothing more is given then."""
        covered = max(self.end, self._tail.covering.size if self._tail else 0)
        self._places.end()
        self._epochs.end()
        self._bodies.end(whole=self._first == 0 and covered == self.end)
        self._judge_doubt()
        self._held.end(self._trust, self._keys, self._epochs, self._record, self._first, covered)
        proven = min(self._interval.first, self.end)
        if not self._interval.explained and (proven < self.end or self._newest is None):
            what = "no checkpoint of a known key covers this"
            self._findings.error("record.unproven", proven, self.end, what)
        return Report(
            record=self._record,
            first=self._first,
            end=self.end,
            proven_end=proven,
            newest=self._newest[0] if self._newest else None,
            checkpoints=self._checkpoints,
            epoch=self._epochs.now,
            signers=tuple(self._signers),
            findings=self._findings.in_order(),
            more=self._findings.more,
        )

    # --- entries ---

    def _grow(self, entry: Entry, stated: bytes | None, where: str) -> bool:
        """Takes the entry into the tree; whether its header is the one whose leaf the tree has."""
        try:
            computed = leaf_hash(entry.leaf)
        except ValueError as error:
            self._error("record.entry_changed", entry, f"no leaf can be made of the header ({error})", where)
            computed = None
        if computed is not None and stated not in {None, computed}:
            what = "the header was changed, or the leaf hash that stands beside it"
            self._error("record.entry_changed", entry, what, where)
        leaf = stated or computed
        if leaf is None:
            self._lose()
        elif self._frontier is not None:
            self._frontier.append(leaf)
            self._note_root()
        return computed is not None and computed == leaf

    def _judge_bodies(self, committed: Committed, header_stands: bool, where: str) -> bytes | None:
        """The body, if it is the one that was committed."""
        entry, body, outcome = committed.entry, committed.body, committed.outcome
        if body is None:
            self._bodies.absent(entry, where)
        else:
            self._bodies.there(entry)
        body_stands = body is not None and hash_of(body) == entry.body_hash
        if header_stands and body is not None and not body_stands:
            self._error("record.body_changed", entry, "the body was changed: the entry has the hash of another", where)
        if outcome is None:
            self._error("record.outcome_missing", entry, "the outcome is missing", where)
        elif header_stands and hash_of(outcome) != entry.outcome_hash:
            what = "the outcome was changed: the entry has the hash of another"
            self._error("record.outcome_changed", entry, what, where)
        return body if header_stands and body_stands else None

    def _take_fact(self, entry: Entry, body: bytes, root_before: bytes | None, where: str) -> None:
        try:
            match fact_of(entry.kind, body):
                case NodeBegan() as fact:
                    self._node_began(entry, fact, where)
                case EpochBegan() as fact:
                    self._epochs.began(entry, fact, root_before, where)
                case KeyIntroduced() as fact:
                    self._keys.take(entry.sequence, fact)
                    self._interval.introduced.append(self._keys.lives[fact.key_id].key)
                case KeyEnded() as fact:
                    self._keys.take(entry.sequence, fact)
                    if fact.since_us is not None:
                        self._ended_in_doubt.append((entry, fact))
                case SnapshotTaken() as fact:
                    self._bodies.snapshot(fact.size)
                case BodiesDropped() as fact:
                    self._bodies.dropped(entry, fact, where)
                case None:
                    pass
        except Refused as refused:
            # What introduced the key may lie before the range.
            if not (self._first and refused.key == "key.never_introduced"):
                self._error("record.fact", entry, str(refused), where)

    def _node_began(self, entry: Entry, fact: NodeBegan, where: str) -> None:
        if entry.sequence:
            self._error("record.begins_twice", entry, "the record begins a second time", where)
        if fact.origin != self._record:
            what = f"the record is called {fact.origin}, and the copy says {self._record}"
            self._error("record.origin", entry, what, where)

    # --- the tree ---

    def _note_root(self) -> None:
        if self._frontier is not None and self._held.asks_for(self._frontier.size):
            self._held.root(self._frontier.size, self._frontier.root())

    def _lose(self) -> None:
        """The tree cannot grow on until a checkpoint gives its peaks; a finding has said why."""
        self._frontier = None
        self._interval.explained = True
        self._held.lose()

    def _signers_of(self, checkpoint: Checkpoint, newest_us: int | None, where: str) -> tuple[PublicKey, ...]:
        """The known keys that have signed it and were in use then; a finding says why, where there are none."""
        size = checkpoint.size
        try:
            signers = vouched(checkpoint, self._trust).signers
        except Refused as refused:
            if refused.key != "checkpoint.unsigned":
                self._findings.error("record.checkpoint_forged", size, size, refused.what, where)
            elif unvouched := checkpoint.signers(self._keys.introduced_below(size)):
                what = (
                    f"the checkpoint is signed by key {unvouched[0].key_id}, which the record introduces, and no checkpoint of a "
                    "known key covers that; if you have this key from somebody whom you trust, give it as well"
                )
                self._findings.error("record.key_not_vouched", size, size, what, where)
            else:
                what = "none of the known keys has signed the checkpoint"
                self._findings.error("record.checkpoint_unsigned", size, size, what, where)
            return ()
        good = []
        for key in signers:
            if self._keys.standing(key, size, newest_us) in {ENDED, DOUBTFUL}:
                life = self._keys.lives[key.key_id]
                what = f"key {key.key_id} has signed the checkpoint, and was ended in entry {life.ended} ({life.why})"
                self._findings.error("record.key_ended", size, size, what, where)
            else:
                good.append(key)
        return tuple(good)

    def _meet(
        self, checkpoint: Checkpoint, signers: tuple[PublicKey, ...], frontier: Frontier | None, where: str
    ) -> None:
        """Compares a signed root with the tree that the entries have come to."""
        if frontier is None:
            return
        if frontier.root() == checkpoint.root:
            self._held.confirm()
            self._trust = self._trust.with_keys(self._interval.introduced)
            self._checkpoints += self._newest is None or self._newest[0] != checkpoint
            self._newest = checkpoint, signers
            self._signers.update((key.key_id, None) for key in signers)
        elif self._interval.first == checkpoint.size and self._newest is not None:
            what = (
                f"two roots are signed for {checkpoint.size} entries of epoch {checkpoint.epoch}: the record was forked"
            )
            self._findings.error("record.forked", checkpoint.size, checkpoint.size, what, where)
        else:
            what = "not what was signed: one or more of them were changed, put in or taken out"
            self._findings.error("record.root", self._interval.first, self.end, what, where)
            self._interval.explained = True
            self._held.lose()

    def _begin_interval(self, checkpoint: Checkpoint, peaks: Sequence[bytes] | None, where: str) -> None:
        """Behind a signed root the tree grows on from its peaks, whatever was before."""
        self._interval = _Interval(checkpoint.size)
        stated = None if peaks is None else _tree_of(checkpoint, peaks)
        if peaks is not None and stated is None:
            what = "the peaks beside the checkpoint are not those of its root"
            self._findings.error("record.peaks", checkpoint.size, checkpoint.size, what, where)
        if self._frontier is None or self._frontier.root() != checkpoint.root:
            self._lose()
            self._frontier = stated
            self._interval.explained = stated is None
            self._note_root()

    def _cover(self, covering: Checkpoint, right: Sequence[bytes], where: str) -> None:
        """The checkpoint in the last line, which may have entries behind those of the copy."""
        beyond = covering.size > self.end
        signers = self._signers_of(covering, None if beyond else self._newest_us, where)
        if not signers or not (beyond or self._epochs.fits(covering, where)) or self._frontier is None:
            return
        heights = right_heights(self.end, covering.size)
        if len(right) != len(heights):
            what = (
                f"{len(heights)} hashes lead to the checkpoint of {covering.size} entries, and {len(right)} are there"
            )
            self._findings.error("record.tail", self.end, self.end, what, where)
            self._interval.explained = True
            return
        frontier = Frontier(self._frontier.size, self._frontier.peaks)
        for hashed, height in zip(right, heights, strict=True):
            frontier.append(hashed, height)
            if self._held.asks_for(frontier.size):
                self._held.root(frontier.size, frontier.root())
        self._meet(covering, signers, frontier, where)
        if frontier.root() == covering.root:
            self._interval = _Interval(covering.size)

    # --- the end ---

    def _judge_doubt(self) -> None:
        """What a key signed that somebody else may have had: it stands where a later key signed a tree that begins with it."""
        for entry, fact in self._ended_in_doubt:
            others = [
                key.key_id
                for key in (self._newest[1] if self._newest and self._newest[0].size > entry.sequence else ())
                if key.key_id != fact.key_id
            ]
            ended = f"key {fact.key_id} was {fact.why}, and is not to be trusted since {fact.since_us} µs of 1970"
            if others:
                what = f"{ended}; a later checkpoint, by key {others[0]}, covers what it signed"
                self._findings.note("record.key_doubtful", entry.sequence, entry.sequence + 1, what)
            else:
                what = f"{ended}; no later checkpoint of another key covers what it signed"
                self._error("record.key_doubtful", entry, what, "")

    def _error(self, key: str, entry: Entry, what: str, where: str) -> None:
        self._findings.error(key, entry.sequence, entry.sequence + 1, what, where)


def _tree_of(checkpoint: Checkpoint, peaks: Sequence[bytes]) -> Frontier | None:
    """The edge of the tree of this checkpoint, if these are its peaks."""
    try:
        frontier = Frontier(checkpoint.size, peaks)
    except Refused:
        return None
    return frontier if frontier.root() == checkpoint.root else None

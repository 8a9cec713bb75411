"""Records for tests: a small one with everything in it that an auditor looks at, signed with keys that everybody knows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from keepclear.ground.signing import ED25519, PrivateKey, public_pem
from keepclear.record.checkpoint import Checkpoint, origin_line
from keepclear.record.entries import Committed, Entry
from keepclear.record.export import export_lines
from keepclear.record.tree import TilesInMemory, Tree, leaf_hash

RECORD = "alpha.example/keepclear"
BEGAN_US = 1_779_091_200_000_000  # 2026-05-18T08:00Z


def key_named(name: str) -> PrivateKey:
    """The key that everybody can make from its name; for tests alone."""
    return PrivateKey(ED25519, sha256(name.encode()).digest())


ALPHA, ALPHA_NEXT, BRAVO = key_named("alpha"), key_named("alpha, the next key"), key_named("bravo")


class Recording:
    """A record that is written for a test: entries one after the other, checkpoints where they are asked for."""

    def __init__(self, record: str = RECORD, *, begun: bool = True) -> None:
        self.record = record
        self.epoch = 1
        self.at_us = BEGAN_US
        self.entries: list[Committed] = []
        self.as_committed: list[Committed] = []  # the same with the bodies that were dropped later
        self.checkpoints: list[Checkpoint] = []
        self.tiles = TilesInMemory()
        self.tree = Tree(self.tiles)
        if begun:
            self.fact("node_began", origin=record, name="Alpha", party="alpha", exercise=False, build="0.2.0")
            self.introduce(ALPHA)

    def add(self, kind: str, body: bytes, outcome: bytes = b"", *, by: str = "node", kept: bool = True) -> Committed:
        """One entry, a thousandth of a second after the one before."""
        self.at_us += 1_000
        entry = Entry.of(len(self.entries), self.at_us, kind, by, False, body, outcome)
        committed = Committed(entry, body if kept else None, outcome)
        self.entries.append(committed)
        self.as_committed.append(Committed(entry, body, outcome))
        self.tree.append([leaf_hash(entry.leaf)])
        return committed

    def up_to(self, size: int) -> Recording:
        """The record as it was after so many entries, with the checkpoints it had then."""
        past = Recording(self.record, begun=False)
        past.entries, past.as_committed = self.as_committed[:size], self.as_committed[:size]
        past.at_us = past.entries[-1].entry.at_us
        past.tree.append(leaf_hash(committed.entry.leaf) for committed in past.entries)
        past.checkpoints = [checkpoint for checkpoint in self.checkpoints if checkpoint.size <= size]
        return past

    def fact(self, kind: str, **fields: Any) -> Committed:
        """An entry whose body is JSON."""
        return self.add(kind, json.dumps({"kind": kind, **fields}, separators=(",", ":")).encode())

    def positions(self, count: int = 1, *, kept: bool = True) -> None:
        """Batches of positions, with an alert in every third."""
        for _ in range(count):
            number = len(self.entries)
            line = json.dumps({"event": "alert", "key": "entered", "subject": f"d-{number}", "zone": "kestrel-pass"})
            outcome = f"{line}\n".encode() if number % 3 == 0 else b""
            self.add("positions_arrived", b"KCPA" + bytes([number % 251] * 5), outcome, by="feed:ais-1", kept=kept)

    def introduce(self, key: PrivateKey) -> None:
        """A key begins."""
        public = key.public
        self.fact("key_introduced", key_id=public.key_id, public_key=public_pem(public), algorithm=public.algorithm)

    def end_key(self, key: PrivateKey, why: str, since_us: int | None = None) -> None:
        """A key ends."""
        self.fact("key_ended", key_id=key.public.key_id, why=why, since_us=since_us, note="")

    def begin_epoch(self) -> None:
        """The record goes on after a restore."""
        self.epoch += 1
        size, root = self.tree.size, self.tree.root().hex()
        fields = {"epoch": self.epoch, "origin": self.record, "after_size": size, "after_root": root}
        self.fact("epoch_began", **fields, reason="the disk of Alpha was lost")

    def sign(self, *keys: PrivateKey) -> Checkpoint:
        """A checkpoint of what is there, by these keys or by Alpha's."""
        checkpoint = Checkpoint(origin_line(self.record, self.epoch), self.tree.size, self.tree.root())
        for key in keys or (ALPHA,):
            checkpoint = checkpoint.signed(key.signer)
        self.checkpoints.append(checkpoint)
        return checkpoint

    def lines(self, first: int = 0, end: int | None = None) -> list[bytes]:
        """The record, or a range of it, as the lines of an export up to its newest checkpoint."""
        covering = self.checkpoints[-1]
        end = covering.size if end is None else end
        return list(export_lines(self.tiles, self.entries[first:end], self.checkpoints, first, end, covering))


def small_record() -> Recording:
    """47 entries with 7 checkpoints, a rotated key, and bodies that were dropped behind a snapshot."""
    recording = Recording()
    recording.sign()
    recording.positions(7, kept=False)
    recording.sign()
    recording.positions(4)
    size = len(recording.entries)
    recording.fact("snapshot_taken", size=size, digest="ab" * 32, build="0.2.0")
    recording.sign()
    recording.fact("bodies_dropped", before=9, snapshot_size=size, count=7)
    recording.positions(5)
    recording.sign()
    recording.introduce(ALPHA_NEXT)
    recording.sign()
    recording.end_key(ALPHA, "rotated")
    recording.positions(11)
    recording.sign(ALPHA_NEXT)
    recording.positions(13)
    recording.sign(ALPHA_NEXT)
    return recording


def rewritten(lines: Sequence[bytes], number: int, **changes: Any) -> list[bytes]:
    """The lines with some members of one of them (counted from 1) set anew, written as an export writes them."""
    members = ["line", "entry", "leaf", "body", "outcome", "end", "checkpoint", "peaks", "right"]
    changed = json.loads(lines[number - 1]) | changes
    changed = dict(
        sorted(
            ((name, value) for name, value in changed.items() if value is not None),
            key=lambda item: members.index(item[0]),
        )
    )
    line = json.dumps(changed, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
    return [*lines[: number - 1], line, *lines[number:]]

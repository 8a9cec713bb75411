"""Entries, views and writes for the tests of the store: the same for the same sequence, so that a reader knows what must be there."""

from __future__ import annotations

from typing import Any

from keepclear.record.entries import Committed, Entry
from keepclear.store.writes import Value, ViewRow, Write

SECOND_US = 1_000_000


def committed(sequence: int, *, at_us: int | None = None, kind: str = "positions_arrived") -> Committed:
    """Entry number `sequence`: known at that second, with a body of up to 4 KB and, every other one, an outcome."""
    body = f"body {sequence} ".encode() * (1 + sequence * 37 % 300)
    outcome = b"".join(b'{"said":%d}\n' % line for line in range(sequence % 2 * (1 + sequence % 3)))
    at_us = sequence * SECOND_US if at_us is None else at_us
    return Committed(Entry.of(sequence, at_us, kind, "feed:harbour", False, body, outcome), body, outcome)


def presence(sequence: int, **set_: Value) -> dict[str, Any]:
    """A row of `presence_change`: Alpha 1 enters Kestrel Pass, known and seen at second `sequence`."""
    return {
        "sequence": sequence, "index": 0, "exercise": False, "seq": sequence, "subject": "alpha-1", "zone": "kestrel-pass",
        "seen_at_us": sequence * SECOND_US, "known_from_us": sequence * SECOND_US, "known_until_us": None,
        "was": "clear", "now": "inside",
    } | set_  # fmt: skip


def alert(sequence: int, **set_: Value) -> dict[str, Any]:
    """A row of `alert`, raised at second `sequence`."""
    return {
        "sequence": sequence, "index": 1, "exercise": False, "key": "entered", "urgency": "now", "subject": "alpha-1",
        "zone": "kestrel-pass", "feed": "harbour", "raised_at_us": sequence * SECOND_US, "last_at_us": sequence * SECOND_US,
        "repeats": 0, "state": "raised", "assigned_to": "", "line": "{}",
    } | set_  # fmt: skip


def segment(sequence: int, **set_: Value) -> dict[str, Any]:
    """A row of `track_segment` from second `sequence` to ten seconds later."""
    return {
        "exercise": False, "subject": "alpha-1", "feed": "harbour", "sequence": sequence, "number": 0,
        "first_seen_us": sequence * SECOND_US, "last_seen_us": (sequence + 10) * SECOND_US, "count": 11,
        "bytes": b"packed %d" % sequence,
    } | set_  # fmt: skip


def fold(one: Committed) -> list[ViewRow]:
    """Views that need every entry, in order, once: each corrects what an earlier one put there."""
    sequence = one.entry.sequence
    rows = [
        ViewRow("presence_change", presence(sequence, subject=f"alpha-{sequence % 7}", now=one.entry.body_hash[:8]))
    ]
    if sequence % 3 == 2:
        corrected = {"exercise": False, "seq": sequence - 2, "known_until_us": None}
        rows.append(ViewRow("presence_change", {"known_until_us": one.entry.at_us}, corrected))
    if sequence % 5 == 0:
        rows.append(ViewRow("alert", alert(sequence)))
    if sequence % 5 == 3:
        rows.append(ViewRow("alert", {"state": "cleared"}, {"sequence": sequence - 3, "index": 1}))
    if sequence % 10 == 9:
        rows.append(ViewRow("track_segment", segment(sequence)))
    return rows


def write(first: int, count: int = 1) -> Write:
    """Entries from `first` on, with their views."""
    entries = [committed(sequence) for sequence in range(first, first + count)]
    return Write(entries, [row for one in entries for row in fold(one)], {"views": first + count})

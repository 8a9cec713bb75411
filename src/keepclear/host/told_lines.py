"""What was told, read back from the outcomes that the record keeps."""

from __future__ import annotations

from keepclear.node.effects import Told, lines_of, told_of
from keepclear.store.store import Store

OUTCOMES_AT_ONCE_MAX = 64


def told_after(store: Store, sequence: int, index: int, count: int) -> list[Told]:
    """Up to `count` of what was told behind this id, read from the record.

    One entry may have told thousands of lines: nothing of it is read behind the page, and other entries only as the page has room."""
    found: list[Told] = []
    first, at_once = max(sequence, 0), 1
    while len(found) < count and (outcomes := store.outcomes(first, at_once)):
        for entry, outcome in outcomes:
            begin = index + 1 if entry.sequence == sequence else 0
            lines = lines_of(outcome, begin, begin + count - len(found))
            found += [told_of(entry.sequence, place, entry.at_us, line) for place, line in enumerate(lines, begin)]
        first, at_once = outcomes[-1][0].sequence + 1, min(2 * at_once, OUTCOMES_AT_ONCE_MAX)
    return found

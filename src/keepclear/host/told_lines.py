"""What was told, read back from the outcomes that the record keeps."""

from __future__ import annotations

from keepclear.node.effects import Told, lines_of, told_of
from keepclear.store.store import Store

OUTCOMES_AT_ONCE = 64


def told_after(store: Store, sequence: int, index: int, count: int) -> list[Told]:
    """Up to `count` of what was told behind this id, read from the record."""
    found: list[Told] = []
    first = max(sequence, 0)
    while len(found) < count and (outcomes := store.outcomes(first, OUTCOMES_AT_ONCE)):
        for entry, outcome in outcomes:
            for place, line in enumerate(lines_of(outcome)):
                if len(found) < count and (entry.sequence, place) > (sequence, index):
                    found.append(told_of(entry.sequence, place, entry.at_us, line))
            if len(found) == count:
                break
            first = entry.sequence + 1
    return found

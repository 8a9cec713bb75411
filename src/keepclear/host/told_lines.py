"""What was told, read back from the outcomes that the record keeps."""

from __future__ import annotations

import msgspec

from keepclear.node.effects import Told, lines_of
from keepclear.store.store import Store

OUTCOMES_AT_ONCE = 64


class _About(msgspec.Struct):
    zone: str | None = None
    subject: str | None = None
    feed: str | None = None
    exercise: bool = False


_ABOUT = msgspec.json.Decoder(_About)


def told_of(sequence: int, index: int, at_us: int, line: str, exercise: bool) -> Told:
    """A line of an outcome, with whom it is about."""
    about = _ABOUT.decode(line)
    return Told(
        sequence,
        index,
        at_us,
        line,
        about.zone or "",
        about.subject or "",
        about.feed or "",
        about.exercise or exercise,
    )


def told_after(store: Store, sequence: int, index: int, count: int) -> list[Told]:
    """Up to `count` of what was told behind this id, read from the record."""
    found: list[Told] = []
    first = max(sequence, 0)
    while len(found) < count and (outcomes := store.outcomes(first, OUTCOMES_AT_ONCE)):
        for entry, outcome in outcomes:
            for place, line in enumerate(lines_of(outcome)):
                if len(found) < count and (entry.sequence, place) > (sequence, index):
                    found.append(told_of(entry.sequence, place, entry.at_us, line, entry.exercise))
            if len(found) == count:
                break
            first = entry.sequence + 1
    return found

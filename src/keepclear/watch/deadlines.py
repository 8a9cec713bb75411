"""What falls due at an instant: windows that open and close, stays that last too long, subjects that fall silent, and when
nobody can speak of a zone any more that has ended."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

NEVER_DUE_US = 2**62


class Kind(IntEnum):
    """What falls due; at one instant in this order."""

    WINDOW_OPENS = 0
    DWELL = 1
    SILENCE = 2
    WINDOW_CLOSES = 3
    ZONE_RETIRES = 4


class Deadline(NamedTuple):
    """`zone` is a number in the atlas, `subject` a name; what a kind does not need is 0 or empty."""

    due_us: int
    kind: Kind
    zone: int = 0
    subject: str = ""


class Deadlines:
    """Deadlines in order. A deadline is never taken back: what it is about is looked at again when it falls due.

    The ends of stays are held apart: they tell something and change nothing about who is where."""

    def __init__(self) -> None:
        self._turning: list[Deadline] = []
        self._stays: list[Deadline] = []

    def set(self, deadline: Deadline) -> None:
        """Adds a deadline."""
        heapq.heappush(self._stays if deadline.kind is Kind.DWELL else self._turning, deadline)

    def clear(self) -> None:
        """Takes all of them out."""
        self._turning.clear()
        self._stays.clear()

    def __iter__(self) -> Iterator[Deadline]:
        """Those that wait, each once, in order."""
        return iter(sorted({*self._turning, *self._stays}))

    @property
    def soonest_us(self) -> int:
        """When the next deadline of any kind falls due; later than anything if there is none."""
        return min(self.turning_us, self._stays[0].due_us if self._stays else NEVER_DUE_US)

    @property
    def turning_us(self) -> int:
        """When the next deadline that may change who is where falls due; later than anything if there is none."""
        return self._turning[0].due_us if self._turning else NEVER_DUE_US

    @property
    def next_us(self) -> int:
        """The first instant that, once it has come, has a deadline fall due; later than anything if there is none."""
        heads = (waiting[0] for waiting in (self._turning, self._stays) if waiting)
        return min((head.due_us + (head.kind is Kind.WINDOW_CLOSES) for head in heads), default=NEVER_DUE_US)

    def next_due(self, at_us: int, *, including: bool) -> Deadline | None:
        """Takes out the next deadline before `at_us`, or at it if `including`; None if there is none."""
        held = [waiting for waiting in (self._turning, self._stays) if waiting]
        if not held:
            return None
        waiting = min(held, key=lambda waiting: waiting[0])
        due_us, kind = waiting[0].due_us, waiting[0].kind
        # A window contains its end: it closes once that instant is over.
        falls_due = due_us < at_us or (including and due_us == at_us and kind is not Kind.WINDOW_CLOSES)
        return heapq.heappop(waiting) if falls_due else None

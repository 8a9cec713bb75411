"""What patterns wait for: when each is to be looked at next, one instant at a time."""

from __future__ import annotations

import heapq
from typing import Protocol

from keepclear.watch.patterns.noticed import Noticed

Answer = tuple[int | None, list[Noticed]]
"""When to look next, if that is to be set anew; and what is to be told."""


class Timed(Protocol):
    """Something that is noticed because time passes."""

    def begin(self, at_us: int) -> int:
        """Starts at the first instant known, and gives when to look first."""

    def due(self, now_us: int) -> Answer:
        """What there is to tell at an instant that was asked for."""


class Timetable:
    """Holds one instant at most for each. An instant is never taken back: when it comes, it is looked at again."""

    def __init__(self) -> None:
        self._timed: list[Timed] = []
        self._waiting: list[tuple[int, int]] = []
        self._begun = False

    def add(self, timed: Timed) -> int:
        """Gives the number by which `answer` is told of it."""
        self._timed.append(timed)
        return len(self._timed) - 1

    def begin(self, at_us: int) -> None:
        """The first instant known. Later calls change nothing."""
        if self._begun:
            return
        self._begun = True
        for number, timed in enumerate(self._timed):
            heapq.heappush(self._waiting, (timed.begin(at_us), number))

    def answer(self, number: int, answer: Answer) -> list[Noticed]:
        """Sets when to look next, and hands on what is to be told."""
        due_us, noticed = answer
        if due_us is not None:
            heapq.heappush(self._waiting, (due_us, number))
        return noticed

    def next_due_us(self) -> int | None:
        """The next instant; None: never, as things are."""
        return self._waiting[0][0] if self._waiting else None

    def due(self, now_us: int) -> list[Noticed]:
        """What there is to tell at or before this instant, each at its own."""
        noticed: list[Noticed] = []
        while self._waiting and self._waiting[0][0] <= now_us:
            due_us, number = heapq.heappop(self._waiting)
            noticed += self.answer(number, self._timed[number].due(due_us))
        return noticed

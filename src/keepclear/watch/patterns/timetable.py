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
        self._timed: list[Timed | None] = []
        self._waiting: list[tuple[int, int]] = []
        self._begun = False

    def add(self, timed: Timed, at_us: int | None = None) -> int:
        """Gives the number by which `answer` is told of it. What comes once the others have begun begins at `at_us`."""
        number = len(self._timed)
        self._timed.append(timed)
        if self._begun and at_us is not None:
            heapq.heappush(self._waiting, (timed.begin(at_us), number))
        return number

    def remove(self, number: int) -> None:
        """Waits for it no more."""
        self._timed[number] = None
        self._waiting = [waiting for waiting in self._waiting if waiting[1] != number]
        heapq.heapify(self._waiting)

    def begin(self, at_us: int) -> None:
        """The first instant known. Later calls change nothing."""
        if self._begun:
            return
        self._begun = True
        for number, timed in enumerate(self._timed):
            if timed is not None:
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
            timed = self._timed[number]
            assert timed is not None
            noticed += self.answer(number, timed.due(due_us))
        return noticed

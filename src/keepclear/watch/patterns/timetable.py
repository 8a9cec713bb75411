"""What patterns wait for: when each is to be looked at next, one instant at a time."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import Any, Protocol

from keepclear.watch.patterns.noticed import Noticed
from keepclear.watch.patterns.plain import instants_of, unknown

Answer = tuple[int | None, list[Noticed]]
"""When to look next, if that is to be set anew; and what is to be told."""


class Timed(Protocol):
    """Something that is noticed because time passes."""

    def begin(self, at_us: int) -> int:
        """Starts at the first instant known, and gives when to look first."""

    def due(self, now_us: int) -> Answer:
        """What there is to tell at an instant that was asked for."""


Place = tuple[int, int]
"""The number of a zone, and which of the things that are waited for there."""


class Timetable:
    """Holds an instant or more for each of those who wait. An instant is never taken back: when it comes, it is looked at again.

    At one instant they come by zone, then in the order of the terms."""

    def __init__(self) -> None:
        self._timed: dict[Place, Timed] = {}
        self._waiting: list[tuple[int, Place]] = []
        self._begun = False

    def add(self, place: Place, timed: Timed, at_us: int | None = None) -> None:
        """Takes in one more. What comes once the others have begun begins at `at_us`."""
        self._timed[place] = timed
        if self._begun and at_us is not None:
            heapq.heappush(self._waiting, (timed.begin(at_us), place))

    def remove(self, place: Place) -> None:
        """Waits for it no more."""
        del self._timed[place]
        self._waiting = [waiting for waiting in self._waiting if waiting[1] != place]
        heapq.heapify(self._waiting)

    def state(self, zone_number: Sequence[int]) -> list[Any]:
        """Whether it has begun, and what is waited for; `zone_number` has the new number of each zone."""
        waiting = sorted([due_us, zone_number[zone], which] for due_us, (zone, which) in self._waiting)
        return [self._begun, waiting]

    def take(self, state: Any) -> None:
        """Waits for what `state` gave, all being added again; raises `Refused` for what is none."""
        match state:
            case [bool() as begun, [*waiting]]:
                for due in waiting:
                    due_us, *place = instants_of(due, 3)
                    if not begun or (place[0], place[1]) not in self._timed:
                        raise unknown(due)
                    self._waiting.append((due_us, (place[0], place[1])))
                if waiting != sorted(waiting):
                    raise unknown(waiting)
                self._begun = begun
            case _:
                raise unknown(state)

    def begin(self, at_us: int) -> None:
        """The first instant known. Later calls change nothing."""
        if self._begun:
            return
        self._begun = True
        for place, timed in self._timed.items():
            heapq.heappush(self._waiting, (timed.begin(at_us), place))

    def answer(self, place: Place, answer: Answer) -> list[Noticed]:
        """Sets when to look next, and hands on what is to be told."""
        due_us, noticed = answer
        if due_us is not None:
            heapq.heappush(self._waiting, (due_us, place))
        return noticed

    def next_due_us(self) -> int | None:
        """The next instant; None: never, as things are."""
        return self._waiting[0][0] if self._waiting else None

    def due(self, now_us: int) -> list[Noticed]:
        """What there is to tell at or before this instant, each at its own."""
        noticed: list[Noticed] = []
        while self._waiting and self._waiting[0][0] <= now_us:
            due_us, place = heapq.heappop(self._waiting)
            noticed += self.answer(place, self._timed[place].due(due_us))
        return noticed

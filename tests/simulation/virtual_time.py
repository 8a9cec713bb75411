"""A loop whose time passes only when everything that could happen at an instant has happened; and a clock that shows it."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

from tests.builders import at

T = TypeVar("T")
BEGIN_US = at("09:00")


class _Selector(selectors.DefaultSelector):
    """Where it would wait for so many seconds, so many have passed; where it would wait for ever, it waits for a thread."""

    passed_s = 0.0

    def select(self, timeout: float | None = None) -> Any:
        found = super().select(None if timeout is None else 0)
        if not found and timeout is not None:
            self.passed_s += timeout
        return found


class VirtualLoop(asyncio.SelectorEventLoop):
    """See the module."""

    def __init__(self) -> None:
        self._passing = _Selector()
        super().__init__(self._passing)

    def time(self) -> float:
        return self._passing.passed_s


class LoopClock:
    """The clock of a machine in a virtual loop; `set_back_us` lets it lag."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.set_back_us = 0

    def now_us(self) -> int:
        return BEGIN_US + round(self._loop.time() * 1e6) - self.set_back_us


def run(scenario: Coroutine[Any, Any, T]) -> T:
    """Runs a scenario in a loop of its own."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(scenario)

"""The clock of a node: what time it is, without ever going back."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """What a node is told the time by."""

    def now_us(self) -> int:
        """Microseconds since 1970-01-01T00:00Z, as the clock of this machine says; it may be set back."""


class WallClock:
    """The clock of this machine."""

    def now_us(self) -> int:
        """Microseconds since 1970-01-01T00:00Z."""
        return time.time_ns() // 1000


class Steady:
    """A clock that never goes back, however the one under it is set.

    behind_us  how far the clock under it lies behind what was given out last; 0 where it does not"""

    def __init__(self, clock: Clock, last_us: int = 0) -> None:
        self._clock = clock
        self._last_us = last_us
        self.behind_us = 0

    def now_us(self) -> int:
        """The instant now, never less than one given out before."""
        now_us = self._clock.now_us()
        self.behind_us = max(0, self._last_us - now_us)
        self._last_us = max(self._last_us, now_us)
        return self._last_us

"""The clock on the wall, as far as it is needed: how much time passes, and waiting for some of it."""

from __future__ import annotations

import select
import time
from typing import Protocol


class Clock(Protocol):
    """What passes the time. Tests turn one by hand."""

    def seconds(self) -> float:
        """Seconds since some moment; never goes back."""

    def wait(self, seconds: float) -> None:
        """Lets so much time pass."""

    def wait_for_bytes(self, descriptor: int, seconds: float) -> bool:
        """Lets time pass until there is something to read (or its end), at most so much; whether there is."""


class WallClock:
    """The real one."""

    def seconds(self) -> float:
        """Seconds since some moment; never goes back."""
        return time.monotonic()

    def wait(self, seconds: float) -> None:
        """Lets so much time pass."""
        time.sleep(seconds)

    def wait_for_bytes(self, descriptor: int, seconds: float) -> bool:
        """Lets time pass until there is something to read (or its end), at most so much; whether there is."""
        return bool(select.select([descriptor], [], [], seconds)[0])

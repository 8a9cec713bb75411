"""The time of the reports beside the time of the wall: how far the one has come, told from how much of the other passed.

Only differences of wall time are looked at, never what a clock on the wall shows.
"""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from keepclear.ground.errors import Refused

SPEED_MAX = 1e6
_NUMBER = re.compile(r"\d{1,12}(\.\d{1,12})?", re.ASCII)


def parse_factor(text: str) -> float:
    """How many times faster than the wall: "60", "0.5"; 0 for "max", which leaves the wall out of account."""
    if text == "max":
        return 0.0
    factor = float(text) if _NUMBER.fullmatch(text) else 0.0
    if not 0 < factor <= SPEED_MAX:
        mend = f'Write a number above 0 and up to {SPEED_MAX:,.0f}, such as 60; or "max", with which the wall does not count.'
        raise Refused("option.speed", "This is not a speed", value=text, mend=mend)
    return factor


class LiveTime:
    """The instant that the reports have come to, while none comes.

    It runs on from the report that was ahead of all others when it came, `factor` times as fast as the wall and only
    after `grace_s` of silence: so much later than others may a report come and still find its instant not yet passed.
    With the factor 0 it is the latest `known_at` heard. It never goes back."""

    def __init__(self, *, factor: float, grace_s: float) -> None:
        self._factor = factor
        self._grace_s = grace_s
        self._known_us: int | None = None
        self._heard_s = 0.0

    def hear(self, known_us: int, wall_s: float) -> None:
        """A report known at this instant has come in at this reading of a clock that never goes back."""
        if self._known_us is None or known_us >= self._known_us + self._passed_us(wall_s - self._heard_s):
            self._known_us, self._heard_s = known_us, wall_s

    def at(self, wall_s: float) -> int | None:
        """Microseconds UTC; None before the first report."""
        if self._known_us is None:
            return None
        return self._known_us + self._passed_us(max(0.0, wall_s - self._heard_s - self._grace_s))

    def _passed_us(self, wall_s: float) -> int:
        return round(wall_s * self._factor * 1e6)


def due_s(known_us: npt.NDArray[np.int64], *, factor: float, gap_us_max: int | None) -> npt.NDArray[np.float64]:
    """When each of these instants is due, in seconds of the wall after the first; all at once with the factor 0.

    `known_us` never falls. A gap longer than `gap_us_max` between two of them counts as so long."""
    gaps_us = np.diff(known_us, prepend=known_us[:1])
    if gap_us_max is not None:
        gaps_us = np.minimum(gaps_us, gap_us_max)
    return np.cumsum(gaps_us) / (1e6 * factor) if factor else np.zeros(len(known_us))

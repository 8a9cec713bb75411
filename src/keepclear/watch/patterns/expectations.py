"""Coverage: a zone that somebody should report from, or a subject that should be reported, at an interval; and nobody does.

This is a statement of what is known at its instant. Of the interval counts when the report was seen, so a report that
comes late shortens the gap that is told of when it ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from keepclear.ground.instants import Window
from keepclear.watch.patterns.noticed import Noticed, Params
from keepclear.watch.patterns.plain import is_whole, unknown


@dataclass
class Expectation:
    """One thing that is expected every `every_us` while `window` is open. `subject` is empty where the zone is meant."""

    zone: int
    subject: str
    every_us: int
    window: Window
    last_us: int | None = None
    last_source: str = ""
    gap_told: bool = False

    @property
    def first_due_us(self) -> int:
        """When the first report is due; begun must be."""
        assert self.last_us is not None
        return max(self.last_us, self.window.from_us or self.last_us) + self.every_us

    def state(self) -> list[Any]:
        """What is held, as plain values."""
        return [self.last_us, self.last_source, self.gap_told]

    def take(self, state: Any) -> None:
        """Holds what `state` gave; raises `Refused` for what is none."""
        match state:
            case [last_us, str() as last_source, bool() as gap_told] if last_us is None or is_whole(last_us):
                self.last_us, self.last_source, self.gap_told = last_us, last_source, gap_told
            case _:
                raise unknown(state)

    def begin(self, at_us: int) -> int:
        """Counts the interval from the first instant known, and gives when a report is due."""
        self.last_us = at_us
        return self.first_due_us

    def reported(self, seen_at_us: int, source: str, now_us: int) -> tuple[int | None, list[Noticed]]:
        """A report, however late: when the next one is due, if that is to be looked at anew, and the end of a gap."""
        if self.last_us is None or seen_at_us <= self.last_us or not self.window.contains(seen_at_us):
            return None, []
        since_us, self.last_us, self.last_source = self.last_us, seen_at_us, source
        if not self.gap_told or seen_at_us + self.every_us <= now_us:
            return None, []
        self.gap_told = False
        params: Params = {"since_at_us": since_us, "seen_at_us": seen_at_us, "gap_s": (seen_at_us - since_us) / 1e6}
        return self.first_due_us, [self._noticed("heard_again" if self.subject else "observed_again", params, now_us)]

    def due(self, now_us: int) -> tuple[int | None, list[Noticed]]:
        """Looks at the interval when it may have passed: when to look next, and the gap, once."""
        due_us = self.first_due_us
        if self.gap_told or (self.window.until_us is not None and due_us > self.window.until_us):
            return None, []
        if due_us > now_us:
            return due_us, []
        self.gap_told = True
        params: Params = {"since_at_us": self.last_us, "every_s": self.every_us / 1e6}
        if self.last_source:
            params["last_source"] = self.last_source
        return None, [self._noticed("unheard" if self.subject else "unobserved", params, now_us)]

    def _noticed(self, key: str, params: Params, now_us: int) -> Noticed:
        urgency = "soon" if self.gap_told else "routine"
        return Noticed(key, self.zone, self.subject, urgency, params, now_us)

"""A zone that should be manned, and is not known to be: fewer inside than agreed, for longer than a gap may last.

Who is inside is what presence says, so a late report, a silence and a window count as they do there. Lost is not inside:
nobody knows it to be there.
"""

from __future__ import annotations

from typing import Any

from keepclear.agreements.pattern_terms import MannedTerms
from keepclear.agreements.terms import Attributed
from keepclear.ground.instants import Window
from keepclear.tracks.observations import Claim
from keepclear.watch.patterns.noticed import Noticed, Params
from keepclear.watch.patterns.plain import by_name, instants_of, is_whole, list_of, sorted_by_name, unknown
from keepclear.watch.presence import State

NAMED_MAX = 12


class Manning:
    """One zone; held is everybody inside it, or lost there."""

    def __init__(self, zone: int, terms: MannedTerms, window: Window) -> None:
        self._zone = zone
        self._terms = terms
        self._window = window
        self._inside: dict[str, int] = {}
        self._counted: dict[str, int] = {}
        self._lost: set[str] = set()
        self._short_since_us: int | None = None
        self._told = False

    def restate(self, window: Window) -> None:
        """The zone has another window."""
        self._window = window

    def state(self) -> list[Any]:
        """What is held, as plain values."""
        there = sorted_by_name(self._inside), sorted_by_name(self._counted), sorted(self._lost)
        return [*there, self._short_since_us, self._told]

    def take(self, state: Any) -> None:
        """Holds what `state` gave; raises `Refused` for what is none."""
        match state:
            case [inside, counted, lost, since_us, bool() as told] if since_us is None or is_whole(since_us):
                by_name(dict.fromkeys(map(str, list_of(lost))))
                instants_of([*by_name(inside).values(), *by_name(counted).values()], len(inside) + len(counted))
                self._inside, self._counted, self._lost = inside, counted, set(map(str, lost))
                self._short_since_us, self._told = since_us, told
            case _:
                raise unknown(state)

    def begin(self, at_us: int) -> int:
        """Nobody is known to be there yet; gives when that is to be looked at."""
        self._short_since_us = max(at_us, self._window.from_us or at_us)
        return self._short_since_us + self._terms.gap_us

    def stands(
        self, name: str, now: State, claim: Claim, attributed: Attributed, since_us: int, now_us: int
    ) -> tuple[int | None, list[Noticed]]:
        """A subject stands otherwise from now on: when to look next, and the end of a gap."""
        self._lost.discard(name)
        if now is State.INSIDE:
            return self.claimed(name, claim, attributed, since_us, now_us, enters=True)
        if self._inside.pop(name, None) is not None and now is State.LOST:
            self._lost.add(name)
        self._counted.pop(name, None)
        return self._judge(since_us, now_us)

    def claimed(
        self, name: str, claim: Claim, attributed: Attributed, seen_at_us: int, now_us: int, *, enters: bool = False
    ) -> tuple[int | None, list[Noticed]]:
        """What the newest report of one who is inside says: whose it is, and how many at least."""
        if name not in self._inside and not enters:
            return None, []
        if claim.count is not None:
            self._counted[name] = claim.count.low
        ours = not self._terms.by or attributed.sure_party in self._terms.by
        self._inside[name] = self._counted.get(name, 1) if ours else 0
        return self._judge(seen_at_us, now_us)

    def due(self, now_us: int) -> tuple[int | None, list[Noticed]]:
        """Looks at the gap when it may have lasted too long: when to look next, and the gap, once."""
        if self._told or self._short_since_us is None:
            return None, []
        due_us = self._short_since_us + self._terms.gap_us
        if self._window.until_us is not None and due_us > self._window.until_us:
            return None, []
        if due_us > now_us:
            return due_us, []
        self._told = True
        params = self._params() | {"since_at_us": self._short_since_us, "limit_s": self._terms.gap_us / 1e6}
        return None, [Noticed("unmanned", self._zone, "", "now", params, now_us)]

    def _judge(self, since_us: int, now_us: int) -> tuple[int | None, list[Noticed]]:
        enough = sum(self._inside.values()) >= self._terms.least
        if not enough and self._short_since_us is None:
            self._short_since_us = since_us
            return max(since_us + self._terms.gap_us, now_us), []
        if not enough or self._short_since_us is None:
            return None, []
        short_since_us, self._short_since_us = self._short_since_us, None
        if not self._told:
            return None, []
        self._told = False
        params = self._params() | {"since_at_us": short_since_us, "seen_at_us": since_us}
        return None, [Noticed("manned_again", self._zone, "", "routine", params, now_us)]

    def _params(self) -> Params:
        there = sorted(name for name, number in self._inside.items() if number)
        return {
            "known_min": sum(self._inside.values()),
            "needed": self._terms.least,
            "by": ", ".join(self._terms.by),
            "subjects": ", ".join(there[:NAMED_MAX]),
            "lost": ", ".join(sorted(self._lost)[:NAMED_MAX]),
        }

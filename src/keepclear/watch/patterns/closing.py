"""Several closing together: within one span of time so many subjects each come nearer to the edge by so much."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from keepclear.agreements.pattern_terms import ClosingTerms
from keepclear.watch.patterns.noticed import Change, Found, Told
from keepclear.watch.patterns.plain import (
    by_name,
    instants_of,
    is_whole,
    list_of,
    members_of,
    plain_sighting,
    plain_told,
    sightings_of,
    sorted_by_name,
    told_of,
    unknown,
)
from keepclear.watch.patterns.sighting import Sighting, between_doubt_m, named_together
from keepclear.watch.patterns.trail import PARTS, first_at, placed

Approach = tuple[int, str, int, float, str, bool]
"""seen at its end, subject, seen at its beginning, metres nearer at the least, source, exercise"""


class Closing:
    """The pattern for one zone. Held are the sightings of the last two spans and the lateness of each subject, one for
    each of `PARTS` of a span."""

    def __init__(self, terms: ClosingTerms, lateness_us: int) -> None:
        self._terms = terms
        self._kept_us = 2 * terms.within_us + lateness_us
        self._lateness_us = lateness_us
        self._sightings: dict[str, list[Sighting]] = {}
        self._approaches: dict[str, list[Approach]] = {}
        self._told = Told()
        self._settled_us = 0
        self._newest_us = 0
        self._swept_us = 0

    def state(self) -> dict[str, Any]:
        """What is held, as plain values."""
        sightings = {
            name: [plain_sighting(one) for one in held] for name, held in sorted_by_name(self._sightings).items()
        }
        approaches = sorted(list(one) for several in self._approaches.values() for one in several)
        instants = [self._settled_us, self._newest_us, self._swept_us]
        return {
            "instants": instants, "told": plain_told(self._told), "sightings": sightings, "approaches": approaches,
        }  # fmt: skip

    def take(self, state: Any) -> None:
        """Holds what `state` gave; raises `Refused` for what is none."""
        instants, told, sightings, approaches = members_of(state, ("instants", "told", "sightings", "approaches"))
        self._settled_us, self._newest_us, self._swept_us = instants_of(instants, 3)
        self._told = told_of(told)
        self._sightings = {name: sightings_of(held) for name, held in by_name(sightings).items()}
        for one in list_of(approaches):
            approach = _approach_of(one)
            self._approaches.setdefault(approach[1], []).append(approach)
        if approaches != sorted(approaches):
            raise unknown(approaches)

    def followed(self) -> Iterable[str]:
        """Nobody."""
        return ()

    def follows(self, name: str) -> bool:
        """No: who is too far away to be weighed has come no nearer."""
        return False

    def see(self, name: str, sighting: Sighting, following: Sighting | None) -> list[Change]:
        """Takes in a sighting and says what follows."""
        if sighting.near_m > self._terms.out_to_mm / 1000 or sighting.seen_at_us < self._newest_us - self._kept_us:
            return []
        sightings = self._sightings.setdefault(name, [])
        if placed(sightings, sighting, max(1, self._terms.within_us // PARTS), _alike) is None:
            return []
        until_us = sighting.seen_at_us + self._terms.within_us
        before = self._approaches.get(name, [])
        after = [approach for approach in before if approach[0] < sighting.seen_at_us or approach[0] > until_us]
        for i in range(first_at(sightings, sighting.seen_at_us), len(sightings)):
            if sightings[i].seen_at_us > until_us:
                break
            approach = self._approach(name, sightings, i)
            if approach is not None:
                after.append(approach)
        del sightings[: first_at(sightings, self._newest_us - self._kept_us)]
        self._newest_us = max(self._newest_us, sighting.seen_at_us)
        self._sweep()
        if before == after:
            return []
        self._approaches[name] = sorted(after)
        self._settled_us = self._told.settle(self._newest_us - self._lateness_us) or self._settled_us
        return self._told.retell("", sighting.seen_at_us, self._found(sighting.seen_at_us))

    def _approach(self, name: str, sightings: list[Sighting], last: int) -> Approach | None:
        """From the latest sighting since which it has come nearer by enough, to this one."""
        end, by_m = sightings[last], self._terms.by_mm / 1000
        begins_after_us = end.seen_at_us - self._terms.within_us
        for i in range(last - 1, -1, -1):
            begin = sightings[i]
            if begin.seen_at_us <= begins_after_us:
                return None
            if begin.near_m - end.far_m < by_m or begin.near_m <= 0 or begin.seen_at_us == end.seen_at_us:
                continue
            nearer_m = begin.near_m - end.far_m - between_doubt_m(begin, end)
            if nearer_m >= by_m:
                exercise = begin.exercise or end.exercise
                return (end.seen_at_us, name, begin.seen_at_us, nearer_m, end.source, exercise)
        return None

    def _found(self, from_us: int) -> list[Found]:
        """What stands of all that is complete at `from_us` or later."""
        last = self._told.before(from_us)
        floor_us = self._settled_us if last is None else last.seen_at_us
        horizon_us = self._newest_us - self._lateness_us
        found: list[Found] = []
        latest: dict[str, Approach] = {}
        for approach in sorted(one for several in self._approaches.values() for one in several):
            seen_at_us, name, since_us, *_ = approach
            if since_us < floor_us:
                continue
            if name not in latest or latest[name][2] <= since_us:
                latest[name] = approach
            if seen_at_us < max(from_us, horizon_us):
                continue
            together = [one for one in latest.values() if one[2] > seen_at_us - self._terms.within_us]
            if len(together) >= self._terms.subjects:
                found.append(_found(together, seen_at_us))
                floor_us, latest = seen_at_us, {}
        return found

    def _sweep(self) -> None:
        """Now and then: lets go of what is too old to matter to a late report."""
        if self._newest_us - self._swept_us <= self._kept_us:
            return
        self._swept_us, needed_us = self._newest_us, self._newest_us - self._kept_us
        self._sightings = {name: held for name, held in self._sightings.items() if held[-1].seen_at_us >= needed_us}
        recent = {name: [one for one in several if one[0] >= needed_us] for name, several in self._approaches.items()}
        self._approaches = {name: several for name, several in recent.items() if several}


def _approach_of(plain: Any) -> Approach:
    match plain:
        case [seen_at_us, str() as name, since_us, (int() | float()) as nearer_m, str() as source, bool() as exercise]:
            if is_whole(seen_at_us) and is_whole(since_us) and not isinstance(nearer_m, bool):
                return seen_at_us, name, since_us, nearer_m, source, exercise
    raise unknown(plain)


def _alike(_: Sighting) -> bool:
    return True


def _found(together: list[Approach], seen_at_us: int) -> Found:
    return Found(
        since_us=min(since_us for _, _, since_us, *_ in together),
        seen_at_us=seen_at_us,
        params={
            "subjects": ", ".join(sorted(name for _, name, *_ in together)),
            "subject_count": len(together),
            "nearer_m_min": round(min(nearer_m for _, _, _, nearer_m, _, _ in together)),
            "sources": named_together({source for *_, source, _ in together}),
        },
        exercise=any(exercise for *_, exercise in together),
    )

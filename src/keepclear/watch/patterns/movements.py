"""The patterns of one zone that follow from reports alone: massing, circling, patrol, closing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from keepclear.agreements.atlas import Zone
from keepclear.agreements.terms import Attributed, permission
from keepclear.tracks.picture import Report
from keepclear.watch.patterns.circling import circling
from keepclear.watch.patterns.closing import Closing
from keepclear.watch.patterns.massing import Massing
from keepclear.watch.patterns.noticed import Change, Noticed, Params
from keepclear.watch.patterns.patrol import patrol, span_us
from keepclear.watch.patterns.plain import list_of, unknown
from keepclear.watch.patterns.sighting import Sighting, Surroundings, sighting_of
from keepclear.watch.patterns.trail import Trails


class Movement(Protocol):
    """One pattern of one zone."""

    def state(self) -> dict[str, Any]:
        """What is held, as plain values."""

    def take(self, state: Any) -> None:
        """Holds what `state` gave; raises `Refused` for what is none."""

    def followed(self) -> Iterable[str]:
        """The names of those whose reports matter wherever they are."""

    def follows(self, name: str) -> bool:
        """Whether the reports of a subject matter even where they are too far away to be weighed."""

    def see(self, name: str, sighting: Sighting, following: Sighting | None) -> list[Change]:
        """Takes in a sighting, and the one seen next if this one is late; says what follows."""


class Movements:
    """The patterns of one zone. Whom the terms foresee there makes none of them; a subject counts as the attribution
    stands when its report becomes known."""

    def __init__(self, number: int, zone: Zone, lateness_us: int, assumed_error_mm: int) -> None:
        self._number = number
        self._zone = zone
        self._assumed_error_mm = assumed_error_mm
        self._around = Surroundings(zone.shape)
        self._judges: list[tuple[str, str, Movement]] = []
        terms = zone.patterns
        if terms.massing is not None:
            massing = Massing(terms.massing, zone.band_mm, lateness_us)
            self._judges.append(("massing", terms.massing.where, massing))
        if terms.circling is not None:
            trails = Trails(circling(terms.circling), terms.circling.within_us, lateness_us)
            self._judges.append(("circling", "band", trails))
        if terms.patrol is not None:
            self._judges.append(("patrol", "band", Trails(patrol(terms.patrol), span_us(terms.patrol), lateness_us)))
        if terms.closing is not None:
            self._judges.append(("closing", "band", Closing(terms.closing, lateness_us)))

    def state(self) -> list[Any]:
        """What its patterns hold, as plain values."""
        return [judge.state() for _, _, judge in self._judges]

    def take(self, state: Any) -> None:
        """Holds what `state` gave; raises `Refused` for what is none."""
        if len(list_of(state)) != len(self._judges):
            raise unknown(state)
        for (_, _, judge), held in zip(self._judges, state, strict=True):
            judge.take(held)

    def followed(self) -> set[str]:
        """The names of those whose reports matter wherever they are."""
        return {name for _, _, judge in self._judges for name in judge.followed()}

    def restate(self, zone: Zone) -> None:
        """The zone has another window, or other terms but for its patterns."""
        self._zone = zone

    def follow(self, name: str) -> bool:
        """Whether the reports of a subject matter even where they are too far away to be weighed."""
        return any(judge.follows(name) for _, _, judge in self._judges)

    def see(
        self, name: str, report: Report, following: Report | None, attributed: Attributed, now_us: int
    ) -> list[Noticed]:
        """Takes in a report seen in the zone's window, and the one seen next if this one is late; says what follows."""
        if not self._zone.window.contains(report.seen_at_us):
            return []
        noticed: list[Noticed] = []
        seen: dict[str, tuple[Sighting, Sighting | None]] = {}
        for key, where, judge in self._judges:
            if self._number not in report.sights and not judge.follows(name):
                continue
            where = where if self._zone.may_enter else "anywhere"
            if where not in seen:
                then = None if following is None else self._sighting(following, where, attributed)
                seen[where] = self._sighting(report, where, attributed), then
            noticed += [self._noticed(key, change, now_us) for change in judge.see(name, *seen[where])]
        return noticed

    def _sighting(self, report: Report, where: str, attributed: Attributed) -> Sighting:
        foreseen = permission(self._zone.may_enter, attributed, where, report.seen_at_us).permitted
        sight = None if foreseen else report.sights.get(self._number)
        return sighting_of(report, sight, self._around, self._assumed_error_mm)

    def _noticed(self, key: str, change: Change, now_us: int) -> Noticed:
        subject, found, stands = change
        times: Params = {"since_at_us": found.since_us, "seen_at_us": found.seen_at_us}
        if stands:
            return Noticed(key, self._number, subject, "soon", times | found.params, now_us, found.exercise)
        params: Params = {"pattern": key, **times}
        return Noticed("no_longer_follows", self._number, subject, "routine", params, now_us, found.exercise)

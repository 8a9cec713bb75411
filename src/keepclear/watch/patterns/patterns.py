"""All patterns of all zones: reports, changes of presence and instants in; what is to be told, out.

A zone without pattern terms costs nothing. What each pattern means is docs/spec/patterns.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any

from keepclear.agreements.atlas import Atlas, Zone
from keepclear.agreements.pattern_terms import NO_PATTERNS
from keepclear.agreements.terms import Attributed
from keepclear.tracks.picture import LATENESS_US, Report
from keepclear.watch.deadlines import NEVER_DUE_US
from keepclear.watch.evidence import Evidence
from keepclear.watch.patterns.expectations import Expectation
from keepclear.watch.patterns.manning import Manning
from keepclear.watch.patterns.movements import Movements
from keepclear.watch.patterns.noticed import Noticed
from keepclear.watch.patterns.plain import members_of, unknown
from keepclear.watch.patterns.timetable import Place, Timetable
from keepclear.watch.presence import Sight, State


class Patterns:
    """The patterns that the zones of an atlas ask for.

    watched  numbers of the zones that have pattern terms

    Each report is told after the changes of presence that follow from it. A report that has no sight of a watched zone,
    of a subject that is not `followed`, need not be told."""

    def __init__(self, atlas: Atlas, assumed_error_mm: int, lateness_us: int = LATENESS_US) -> None:
        self.watched: frozenset[int] = frozenset()
        self._assumed_error_mm = assumed_error_mm
        self._lateness_us = lateness_us
        self._zones: dict[int, Zone] = {}
        self._movements: dict[int, Movements] = {}
        self._followed: dict[str, set[int]] = {}
        self._timetable = Timetable()
        self._observed: dict[int, tuple[Place, Expectation]] = {}
        self._expected: dict[str, list[tuple[Place, Expectation]]] = {}
        self._manning: dict[int, tuple[Place, Manning]] = {}
        for number, zone in enumerate(atlas):
            self.add(number, zone)

    def add(self, number: int, zone: Zone, at_us: int | None = None) -> None:
        """Looks at one more zone. If others have begun already, its intervals are counted from `at_us`."""
        if zone.patterns == NO_PATTERNS:
            return
        self.watched |= {number}
        self._zones[number] = zone
        self._movements[number] = Movements(number, zone, self._lateness_us, self._assumed_error_mm)
        self._enter(number, zone, at_us)

    def restate(self, number: int, zone: Zone) -> None:
        """A zone has another window, or other terms but for its patterns."""
        if number not in self.watched:
            return
        self._zones[number] = zone
        self._movements[number].restate(zone)
        for _, expectation in self._expectations_of(number):
            expectation.window = zone.window
        if number in self._manning:
            self._manning[number][1].restate(zone.window)

    def remove(self, number: int) -> None:
        """Looks at a zone no more."""
        if number not in self.watched:
            return
        self.watched -= {number}
        timed = [place for place, _ in self._expectations_of(number)]
        if number in self._manning:
            timed.append(self._manning.pop(number)[0])
        for place in timed:
            self._timetable.remove(place)
        del self._zones[number], self._movements[number]
        self._observed.pop(number, None)
        kept = {name: [held for held in several if held[1].zone != number] for name, several in self._expected.items()}
        self._expected = {name: several for name, several in kept.items() if several}
        self._followed = {name: numbers - {number} for name, numbers in self._followed.items() if numbers - {number}}

    def _expectations_of(self, number: int) -> list[tuple[Place, Expectation]]:
        held = [place for several in self._expected.values() for place in several if place[1].zone == number]
        return held + ([self._observed[number]] if number in self._observed else [])

    def state(self, zone_number: Sequence[int]) -> dict[str, Any]:
        """What is held, as plain values; `zone_number` has the new number of each zone."""
        zones = {
            str(zone_number[number]): [
                self._movements[number].state(),
                [expectation.state() for _, expectation in sorted(self._expectations_of(number), key=_place)],
                self._manning[number][1].state() if number in self._manning else None,
            ]
            for number in sorted(self.watched)
        }
        return {"timetable": self._timetable.state(zone_number), "zones": zones}

    def take(self, state: Any) -> None:
        """Holds what `state` gave, the zones being the same; raises `Refused` for what is none."""
        timetable, zones = members_of(state, ("timetable", "zones"))
        self._timetable.take(timetable)
        numbers = sorted(self.watched)
        for number, held in zip(numbers, members_of(zones, map(str, numbers)), strict=True):
            match held:
                case [movements, [*expectations], manning] if (number in self._manning) == (manning is not None):
                    self._movements[number].take(movements)
                    own = sorted(self._expectations_of(number), key=_place)
                    if len(own) != len(expectations):
                        raise unknown(held)
                    for (_, expectation), told in zip(own, expectations, strict=True):
                        expectation.take(told)
                    if number in self._manning:
                        self._manning[number][1].take(manning)
                case _:
                    raise unknown(held)
            for name in self._movements[number].followed():
                self._followed.setdefault(name, set()).add(number)

    def begin(self, at_us: int) -> None:
        """The first instant known: from here on intervals are counted. Later calls change nothing."""
        self._timetable.begin(at_us)

    def followed(self, name: str) -> bool:
        """Whether reports of this subject matter wherever it is."""
        return name in self._expected or name in self._followed

    def report(
        self, name: str, report: Report, following: Report | None, attributed: Attributed, now_us: int
    ) -> list[Noticed]:
        """An accepted report, newest or late; `following` is the held report of its subject seen next, if there is one."""
        noticed: list[Noticed] = []
        for place, expectation in self._expected.get(name, ()):
            answer = expectation.reported(report.seen_at_us, report.source, now_us)
            noticed += self._timetable.answer(place, answer)
        for number in sorted((report.sights.keys() & self.watched) | self._followed.get(name, set())):
            noticed += self._movements[number].see(name, report, following, attributed, now_us)
            self._note_followed(name, number)
            sight: Sight | None = report.sights.get(number)
            if sight is None:
                continue
            if number in self._observed and _is_look(sight, self._zones[number]):
                place, expectation = self._observed[number]
                answer = expectation.reported(report.seen_at_us, report.source, now_us)
                noticed += self._timetable.answer(place, answer)
            if number in self._manning and following is None:
                place, manning = self._manning[number]
                answer = manning.claimed(name, report.claim, attributed, report.seen_at_us, now_us)
                noticed += self._timetable.answer(place, answer)
        return noticed

    def presence(
        self, name: str, number: int, now: State, newest: Report, attributed: Attributed, seen_at_us: int, now_us: int
    ) -> list[Noticed]:
        """A change of presence towards a zone, from whatever cause; `newest` is the subject's report seen last."""
        if number not in self._manning:
            return []
        place, manning = self._manning[number]
        since_us = now_us if now is State.LOST else seen_at_us
        return self._timetable.answer(place, manning.stands(name, now, newest.claim, attributed, since_us, now_us))

    def next_due_us(self) -> int | None:
        """When `due` is to be asked next; None: never, as things are."""
        return self._timetable.next_due_us()

    @property
    def soonest_us(self) -> int:
        """The same as a number; later than anything if never."""
        due_us = self.next_due_us()
        return NEVER_DUE_US if due_us is None else due_us

    def due(self, now_us: int) -> list[Noticed]:
        """What falls due at or before this instant, each at its own."""
        return self._timetable.due(now_us)

    def _enter(self, number: int, zone: Zone, at_us: int | None) -> None:
        terms, places = zone.patterns, ((number, which) for which in count())
        if terms.observed_every_us is not None:
            look = Expectation(number, "", terms.observed_every_us, zone.window)
            self._observed[number] = (next(places), look)
            self._timetable.add(*self._observed[number], at_us)
        for expected in terms.expected:
            report = Expectation(number, expected.subject, expected.every_us, zone.window)
            several = self._expected.setdefault(expected.subject, [])
            several.append((next(places), report))
            self._timetable.add(*several[-1], at_us)
            several.sort(key=lambda held: held[0])
        if terms.manned is not None:
            manning = Manning(number, terms.manned, zone.window)
            self._manning[number] = (next(places), manning)
            self._timetable.add(*self._manning[number], at_us)

    def _note_followed(self, name: str, number: int) -> None:
        if self._movements[number].follow(name):
            self._followed.setdefault(name, set()).add(number)
        elif name in self._followed:
            self._followed[name].discard(number)
            if not self._followed[name]:
                del self._followed[name]


def _place(held: tuple[Place, Expectation]) -> Place:
    return held[0]


def _is_look(sight: Sight, zone: Zone) -> bool:
    """Whether somebody reports from in the zone or its band, or may do so."""
    return sight.evidence > Evidence.OUT or (sight.edge_mm is not None and sight.edge_mm <= zone.band_mm)

"""The measures of one side that were taken, and what was seen after them: facts that look back, and nothing that is due."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from keepclear.agreements.agreed_terms import Rung
from keepclear.channel.measures import LadderGone, Measure, Reaction, ladder_at, measure_checked, reaction_checked
from keepclear.ground.errors import Refused

KEPT = 10_000


class Measures(msgspec.Struct):
    """The newest measures, by id and in the order in which they were noted, and what was seen after them."""

    measures: dict[str, Measure] = {}
    reactions: list[Reaction] = []


class MeasureBook:
    """A log of measures."""

    def __init__(self, held: Measures) -> None:
        self._held = held

    def state(self) -> Measures:
        """Everything that is held."""
        return self._held

    def check(self, measure: Measure) -> None:
        """Raises `Refused` if this cannot be a measure, or is noted already."""
        measure_checked(measure)
        if measure.id in self._held.measures:
            raise Refused("measure.noted", "This is noted already", value=measure.id)

    def take(self, measure: Measure) -> None:
        """Notes a measure; the oldest gives way, and is in the record."""
        self._held.measures[measure.id] = measure
        if len(self._held.measures) > KEPT:
            del self._held.measures[next(iter(self._held.measures))]

    def check_reaction(self, reaction: Reaction) -> None:
        """Raises `Refused` if this was seen after no measure that is held here."""
        reaction_checked(reaction)
        if reaction.measure not in self._held.measures:
            mend = "It is cited by its id."
            raise Refused("measure.unknown", "There is no such measure", value=reaction.measure, mend=mend)

    def see(self, reaction: Reaction) -> None:
        """Notes what was seen after a measure."""
        self._held.reactions.append(reaction)
        del self._held.reactions[:-KEPT]

    def measure(self, id: str) -> Measure:
        """The measure of this id; raises KeyError if none is held."""
        return self._held.measures[id]

    @property
    def measures(self) -> tuple[Measure, ...]:
        """The measures, in the order in which they were noted."""
        return tuple(self._held.measures.values())

    @property
    def reactions(self) -> tuple[Reaction, ...]:
        """What was seen after measures, in the order in which it was noted."""
        return tuple(self._held.reactions)

    def ladder(self, rungs: Sequence[Rung], by: str, towards: str, at_us: int) -> LadderGone:
        """What of a ladder one party has taken towards another by an instant."""
        return ladder_at(rungs, by, towards, self._held.measures.values(), self._held.reactions, at_us)

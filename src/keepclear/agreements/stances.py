"""How each party stands to an agreement and its zones, level by level, and what is seen of how it is kept: side by side.

Nothing here weighs one word against another. Where parties differ, all of their words are there; where two observers differ, both are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypeVar

from keepclear.agreements.agreement import Kept, Observation, Position, Stance
from keepclear.agreements.in_force import known

F = TypeVar("F", Position, Observation)
_FOR = frozenset({Stance.AGREED, Stance.TACITLY_OBSERVES})
_AGAINST = frozenset({Stance.DISPUTES, Stance.REJECTS})


class Level(NamedTuple):
    """Whose word it is, and at which of its levels."""

    party: str
    level: str


class Words(NamedTuple):
    """The newest words of one level. More than one where several hold from the same instant.

    own      what the party said itself
    claimed  what others say that it said"""

    own: tuple[Position, ...] = ()
    claimed: tuple[Position, ...] = ()


class Views(NamedTuple):
    """Everybody's view of an agreement, or of one of its zones or channels.

    about     id of the zone or the channel; "": the agreement as a whole
    stands    by party and level, the newest words
    practice  by observing party, the newest observation; more than one where several are of the same instant"""

    agreement: str
    about: str
    stands: Mapping[Level, Words]
    practice: Mapping[str, tuple[Observation, ...]]

    @property
    def disputed(self) -> bool:
        """Whether there is no one view of it: some are for it and some against, or it is drawn in two ways. Not who is right."""
        every = [position for words in self.stands.values() for position in (*words.own, *words.claimed)]
        stances = {position.stance for position in every}
        drawn = {
            position.outline.digest or position.outline.words for position in every if position.outline is not None
        }
        return bool(stances & _FOR and stances & _AGAINST) or len(drawn) > 1


def views(agreement: str, kept: Iterable[Kept], at_us: int, known_at_us: int, about: str = "") -> Views:
    """What everybody thought of it at `at_us`, as known at `known_at_us`."""
    facts = [one.fact for one in known(kept, agreement, known_at_us) if one.fact.at_us <= at_us]
    own: defaultdict[Level, list[Position]] = defaultdict(list)
    claimed: defaultdict[Level, list[Position]] = defaultdict(list)
    seen: defaultdict[str, list[Observation]] = defaultdict(list)
    for fact in facts:
        if isinstance(fact, Position) and fact.about == about:
            (claimed if fact.claimed else own)[Level(fact.of, fact.level)].append(fact)
        elif isinstance(fact, Observation) and fact.about == about:
            seen[fact.of].append(fact)
    stands = {
        level: Words(_newest(own.get(level, [])), _newest(claimed.get(level, [])))
        for level in sorted(own.keys() | claimed.keys())
    }
    return Views(agreement, about, stands, {party: _newest(some) for party, some in sorted(seen.items())})


def subjects(agreement: str, kept: Iterable[Kept], known_at_us: int) -> frozenset[str]:
    """The zones and channels of an agreement of which anybody has said anything."""
    facts = (one.fact for one in known(kept, agreement, known_at_us))
    return frozenset(fact.about for fact in facts if isinstance(fact, Position | Observation) and fact.about)


def _newest(facts: list[F]) -> tuple[F, ...]:
    return tuple(fact for fact in facts if fact.at_us == facts[-1].at_us)

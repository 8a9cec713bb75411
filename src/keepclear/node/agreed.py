"""The agreements of one side: what was stated of each, what is in force for the house, and what is otherwise than before.

    changes = agreed.state(fact, at_us)          what a new fact makes otherwise
    for agreement, changes in agreed.pass_time(at_us): ...      what time alone has made otherwise

What is in force for the house is what is in force by its own word. What another party suspends or ends it suspends for its part, and the
terms stay here as they are; whether anybody is bound by them still is for people.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from keepclear.agreements.agreement import Fact, Kept, Proposal, Version, checked, kept
from keepclear.agreements.depending import Change, Depends, Picture, changes, picture
from keepclear.agreements.in_force import Standing, State, next_due_us, refuse_unfit, standing_of
from keepclear.ground.errors import LimitExceeded, Refused

AGREEMENTS_MAX = 1_000
FACTS_MAX = 10_000


class Open(NamedTuple):
    """Something open, "zone" or "message", and what it is about: a zone, or an agreement itself."""

    kind: str
    id: str = ""
    zone: str = ""
    agreement: str = ""

    @property
    def name(self) -> str:
        """What it is called among all that is open."""
        return f"{self.kind} {self.id}"


# What depends on an agreement as a whole, beside what is open about its zones: the calls that are made by it.
CALLS = Open("calls")


class Agreement(msgspec.Struct):
    """An agreement: its facts, in the order in which they came, and the instant at which it was last looked at."""

    id: str
    facts: list[Kept]
    looked_us: int

    def picture(self, at_us: int) -> Picture:
        """Everything there is to it at an instant, as far as is known."""
        return picture(self.id, self.facts, at_us, at_us)

    @property
    def next_due_us(self) -> int | None:
        """When time alone may next change something; None: never."""
        return next_due_us(self.id, self.facts, self.looked_us, self.looked_us)


class Agreed:
    """All agreements of which anything was stated.

    in_force  by id, the version that is in force for the house by its own word"""

    def __init__(self, house: str, held: Iterable[Agreement] = ()) -> None:
        self._house = house
        self._held = {agreement.id: agreement for agreement in held}
        self.in_force: dict[str, Version] = {}
        self._due_us: dict[str, int | None] = {}
        for agreement in self._held.values():
            self._look(agreement)

    @property
    def next_due_us(self) -> int | None:
        """When time alone may next change an agreement; None: never."""
        return min((at_us for at_us in self._due_us.values() if at_us is not None), default=None)

    def state(self) -> list[Agreement]:
        """Everything that is held, by id."""
        return [self._held[id] for id in sorted(self._held)]

    def check(self, fact: Fact, at_us: int) -> None:
        """Raises `Refused` if this fact cannot be one, is known already, or is an act of the house that moves nothing.

        What others did is kept although it does not fit."""
        checked(fact)
        held = self._held.get(fact.agreement)
        if held is None and len(self._held) >= AGREEMENTS_MAX:
            what = f"There are {AGREEMENTS_MAX:,} agreements already"
            raise LimitExceeded("agreements.too_many", what, value=fact.agreement)
        facts = [] if held is None else held.facts
        if len(facts) >= FACTS_MAX:
            what = f"{FACTS_MAX:,} facts of this agreement are known already"
            raise LimitExceeded("agreement.facts", what, value=fact.agreement)
        id = fact.id
        if any(one.id == id for one in facts):
            raise Refused(
                "agreement.known", "This fact is known already", value=id, mend="Look at what is known of it."
            )
        if fact.of == self._house and not fact.claimed:
            refuse_unfit(facts, fact, at_us)

    def take(self, fact: Fact, at_us: int) -> tuple[Change, ...]:
        """Takes a fact in; gives what is otherwise because of it."""
        held = self._held.setdefault(fact.agreement, Agreement(fact.agreement, [], at_us))
        before = held.picture(at_us)
        held.facts.append(kept(fact, at_us))
        held.looked_us = at_us
        self._look(held)
        return changes(before, held.picture(at_us))

    def pass_time(self, at_us: int) -> Iterator[tuple[str, tuple[Change, ...]]]:
        """The agreements in which time alone has changed something by now, and what."""
        for id, due_us in sorted(self._due_us.items()):
            if due_us is None or due_us > at_us:
                continue
            held = self._held[id]
            before = held.picture(held.looked_us)
            held.looked_us = at_us
            self._look(held)
            found = changes(before, held.picture(at_us))
            if found:
                yield id, found

    def _look(self, held: Agreement) -> None:
        self._due_us[held.id] = held.next_due_us
        standing = standing_of(held.id, held.facts, held.looked_us, held.looked_us)
        side = standing.shown.get(self._house)
        if side is not None and side.state is State.IN_FORCE:
            self.in_force[held.id] = standing.versions[side.version]
        else:
            self.in_force.pop(held.id, None)

    # what is asked of it

    def facts_of(self, agreement: str) -> tuple[Kept, ...]:
        """What is known of an agreement, in the order in which it came; () of one that nothing was stated of."""
        held = self._held.get(agreement)
        return () if held is None else tuple(held.facts)

    def standing(self, agreement: str, at_us: int) -> Standing:
        """An agreement as it was at an instant, as far as is known."""
        facts = self.facts_of(agreement)
        return standing_of(agreement, facts, at_us, max((one.known_at_us for one in facts), default=at_us))

    def about(self, zone: str) -> list[Version]:
        """The versions in force for the house that name this zone, by the id of their agreement."""
        versions = (self.in_force[id] for id in sorted(self.in_force))
        return [version for version in versions if any(named.id == zone for named in version.terms.zones)]

    def depending(self, agreement: str, opens: Iterable[Open]) -> dict[Open, Depends]:
        """What of this relies on an agreement: what is about it, or about a zone that a version of it names; and the calls by it."""
        laid = [one.fact.version for one in self.facts_of(agreement) if isinstance(one.fact, Proposal)]
        named = {zone.id for version in laid for zone in version.terms.zones}
        found = {
            one: Depends(one.name, agreement, about=one.zone)
            for one in opens
            if one.zone in named or one.agreement == agreement
        }
        if any(version.terms.calls for version in laid):
            found[CALLS] = Depends(CALLS.name, agreement)
        return found

"""The rosters of one side: who can be reached for each party, and when nobody can; a gap is told a day before it begins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from keepclear.ground.errors import LimitExceeded, Refused
from keepclear.ground.hours import DAY_US, Span
from keepclear.ground.instants import LATEST_US
from keepclear.parties.roster import Handover, Roster, checked, gaps

ROSTERS_MAX = 200
HANDOVERS_KEPT = 1_000
AHEAD_US = DAY_US
# So far ahead a roster is looked at; where it has no gap in that time, it is looked at again.
LOOK_US = 30 * DAY_US


class Held(msgspec.Struct):
    """A roster, and up to when its gaps have been told."""

    roster: Roster
    told_until_us: int

    def gaps_ahead(self) -> tuple[Span, ...]:
        """The gaps that have not been told, as far as it is looked ahead."""
        until_us = min(self.told_until_us + LOOK_US, LATEST_US - 1)
        return gaps(self.roster, self.told_until_us, until_us) if self.told_until_us < until_us else ()

    @property
    def next_due_us(self) -> int | None:
        """When the next gap is to be told, or the roster to be looked at again; None: never."""
        if self.told_until_us + LOOK_US >= LATEST_US:
            return None
        ahead = self.gaps_ahead()
        return (ahead[0].from_us if ahead else self.told_until_us + LOOK_US) - AHEAD_US


class RosterBook:
    """The roster of each party."""

    def __init__(self, held: Mapping[str, Held]) -> None:
        self._held = dict(held)
        self._due_us = {party: one.next_due_us for party, one in self._held.items()}

    @property
    def next_due_us(self) -> int | None:
        """When a gap is to be told next, or looked for; None: never."""
        return min((at_us for at_us in self._due_us.values() if at_us is not None), default=None)

    def state(self) -> dict[str, Held]:
        """Everything that is held, by party."""
        return {party: self._held[party] for party in sorted(self._held)}

    def of(self, party: str) -> Roster | None:
        """The roster of a party; None where none was set."""
        held = self._held.get(party)
        return None if held is None else held.roster

    def check(self, roster: Roster) -> None:
        """Raises `Refused` if this roster cannot be set."""
        checked(roster)
        if roster.handovers:
            mend = "Leave them out; each is entered when it happens."
            what = "Handovers are no part of a roster that is set"
            raise Refused("roster.handovers", what, value=len(roster.handovers), mend=mend, where="$.handovers")
        if roster.party not in self._held and len(self._held) >= ROSTERS_MAX:
            raise LimitExceeded("rosters.too_many", f"There are {ROSTERS_MAX} rosters already", value=roster.party)

    def set(self, roster: Roster, at_us: int) -> None:
        """This is who can be reached from now on. Handovers of focal points that are there still are kept."""
        before = self.of(roster.party)
        ids = {focal.id for focal in roster.focal_points}
        kept = () if before is None else tuple(one for one in before.handovers if one.focal in ids)
        held = Held(msgspec.structs.replace(roster, handovers=kept), at_us)
        self._held[roster.party], self._due_us[roster.party] = held, held.next_due_us

    def check_handover(self, party: str, handover: Handover) -> None:
        """Raises `Refused` if there is no roster of this party, or nothing of it that could be handed over so."""
        roster = self.of(party)
        if roster is None:
            mend = "Set its roster first."
            raise Refused("roster.unknown", "There is no roster of this party", value=party, mend=mend, where="$.party")
        checked(msgspec.structs.replace(roster, handovers=(handover,)))

    def hand_over(self, party: str, handover: Handover) -> None:
        """Keeps what `check_handover` allowed; of many, the newest."""
        held = self._held[party]
        newest = (*held.roster.handovers, handover)[-HANDOVERS_KEPT:]
        held.roster = msgspec.structs.replace(held.roster, handovers=newest)

    def pass_time(self, at_us: int) -> Iterator[tuple[str, Span]]:
        """The gaps that begin within a day and were not told yet, by party. One that does not end in sight is told again then."""
        for party, due_us in sorted(self._due_us.items()):
            if due_us is None or due_us > at_us:
                continue
            held = self._held[party]
            held.told_until_us = max(held.told_until_us, at_us)  # what is over needs nobody any more
            near = [gap for gap in held.gaps_ahead() if gap.from_us <= at_us + AHEAD_US]
            held.told_until_us = max([at_us + AHEAD_US, *(gap.until_us for gap in near)])
            self._due_us[party] = held.next_due_us
            for gap in near:
                yield party, gap

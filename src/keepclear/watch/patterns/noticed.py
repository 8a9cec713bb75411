"""What a pattern finds, what of it people were told, and how the two are brought together when a late report comes.

Each pattern is a function of the reports in the order they were seen. What it finds up to a report never depends on
later ones, so a late report only asks for a new judgement from its own instant on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from keepclear.watch.events import Parameter

Params = dict[str, Parameter]


@dataclass(frozen=True)
class Noticed:
    """Something to be told: `zone` is a number of the atlas, `subject` empty where it is about the zone."""

    key: str
    zone: int
    subject: str
    urgency: str
    params: Params
    at_us: int
    exercise: bool = False


class Found(NamedTuple):
    """One occurrence: when the reports that make it were seen, from the first to the last, and what is to be said of it."""

    since_us: int
    seen_at_us: int
    params: Params
    exercise: bool

    def meets(self, other: Found) -> bool:
        """Whether the two have more than an end in common: then they are the same occurrence, judged again."""
        return self.since_us < other.seen_at_us and other.since_us < self.seen_at_us


class Change(NamedTuple):
    """An occurrence that now stands and was not told, or that was told and no longer follows."""

    subject: str
    found: Found
    stands: bool


class Told:
    """The occurrences that stand as told, oldest first, as far as a late report can still change them."""

    __slots__ = ("standing",)

    def __init__(self) -> None:
        self.standing: list[Found] = []

    def before(self, seen_at_us: int) -> Found | None:
        """The last occurrence that was complete before this instant."""
        return next((found for found in reversed(self.standing) if found.seen_at_us < seen_at_us), None)

    def retell(self, subject: str, from_us: int, stands: list[Found]) -> list[Change]:
        """Puts what stands in place of all that was complete at `from_us` or later, and says what differs."""
        kept = [found for found in self.standing if found.seen_at_us < from_us]
        said = self.standing[len(kept) :]
        self.standing = kept + stands
        changes, place = [], 0
        for old in said:
            partner = next((i for i in range(place, len(stands)) if stands[i].meets(old)), None)
            if partner is None:
                changes.append(Change(subject, old, False))
                continue
            changes += [Change(subject, new, True) for new in stands[place:partner]]
            place = partner + 1
        return changes + [Change(subject, new, True) for new in stands[place:]]

    def settle(self, horizon_us: int) -> int | None:
        """Forgets what no late report can change any more, and gives the instant from which the next may begin."""
        settled_us = None
        while self.standing and self.standing[0].seen_at_us < horizon_us:
            settled_us = self.standing.pop(0).seen_at_us
        return settled_us

"""Measures that were taken, as a log of facts, and the agreed ladder as it has been gone.

    ladder_at(ladder, "alpha", "bravo", measures, reactions, at_us)

It looks back only. What is said of a rung is that it was taken, when, and by whose decision; or that it was not. No function here says
which rung is next, when one would be, or that one should be; and there is no field for what a measure is aimed at or meant to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

import msgspec

from keepclear.agreements.agreed_terms import Rung
from keepclear.channel.facts import Place, facts_checked
from keepclear.channel.messages import Words
from keepclear.channel.statements import Evidence, evidence_of
from keepclear.ground.canon import SHA256_HEX
from keepclear.ground.errors import LimitExceeded, Refused
from keepclear.ground.instants import us_checked
from keepclear.ground.words import language_checked, said_checked, words_checked
from keepclear.ground.written import digest_of
from keepclear.parties.ids import id_checked

TEXTS_MAX = 8


class Measure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A measure that was taken.

    rung       key of a rung; one that the ladder does not have is kept, beside it
    by         party that took it
    towards    party, or what those are called who are none
    area       where, in words; `places` where there are coordinates
    texts      the words that were used, one in each language; () where it had none
    decided_by role that decided it; a person always did
    why        why this one and not the one before, in the words of who decided
    said_by    party that says so
    noted_by   who wrote it down, a role or a name"""

    rung: str
    by: str
    towards: str
    at_us: int
    area: str
    decided_by: str
    said_by: str
    noted_by: str
    texts: tuple[Words, ...] = ()
    places: tuple[Place, ...] = ()
    why: str = ""
    exercise: bool = False

    @property
    def id(self) -> str:
        """SHA-256 of its one byte string, in hexadecimal."""
        return digest_of(self)

    @property
    def evidence(self) -> Evidence:
        """Whether the party that took it says so itself, or another."""
        return evidence_of(self.by, self.said_by)


class Reaction(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was seen after a measure: not what it brought about."""

    measure: str
    words: str
    seen_at_us: int
    seen_by: str


class Taken(NamedTuple):
    """A measure and what was seen after it by then.

    ago_us   how long before the instant that is asked about
    after    rungs that stand behind this one and had been taken before it; () where it came in its order"""

    measure: Measure
    ago_us: int
    after: tuple[str, ...]
    reactions: tuple[Reaction, ...]


class How(StrEnum):
    """What became of a rung.

    not_taken   neither it nor any behind it
    taken       at least once, and never after one behind it
    skipped     not taken, and one behind it was
    out_of_order  taken, at least once after one behind it"""

    NOT_TAKEN = "not_taken"
    TAKEN = "taken"
    SKIPPED = "skipped"
    OUT_OF_ORDER = "out_of_order"


class Gone(NamedTuple):
    """One rung as it has been gone, its measures in the order in which they were taken."""

    rung: Rung
    how: How
    taken: tuple[Taken, ...]


class LadderGone(NamedTuple):
    """The ladder at an instant. `beside`: measures that are no rung of it."""

    rungs: tuple[Gone, ...]
    beside: tuple[Taken, ...]


def ladder_at(
    ladder: Sequence[Rung],
    by: str,
    towards: str,
    measures: Iterable[Measure],
    reactions: Iterable[Reaction],
    at_us: int,
) -> LadderGone:
    """What of a ladder, given from its first rung on, one party has taken towards another by an instant; nothing later shows."""
    places = {rung.key: number for number, rung in enumerate(ladder)}
    seen: dict[str, list[Reaction]] = {}
    for reaction in sorted(reactions, key=lambda one: (one.seen_at_us, one.words)):
        if reaction.seen_at_us <= at_us:
            seen.setdefault(reaction.measure, []).append(reaction)
    taken: dict[str, list[Taken]] = {rung.key: [] for rung in ladder}
    beside: list[Taken] = []
    for measure in sorted(measures, key=lambda one: (one.at_us, one.id)):
        if (measure.by, measure.towards) != (by, towards) or measure.at_us > at_us:
            continue
        place = places.get(measure.rung)
        after = (
            ()
            if place is None
            else tuple(rung.key for rung in ladder[place + 1 :] if _before(taken[rung.key], measure))
        )
        one = Taken(measure, at_us - measure.at_us, after, tuple(seen.get(measure.id, ())))
        (beside if place is None else taken[measure.rung]).append(one)
    gone = tuple(
        Gone(
            rung,
            _how(taken[rung.key], any(taken[later.key] for later in ladder[number + 1 :])),
            tuple(taken[rung.key]),
        )
        for number, rung in enumerate(ladder)
    )
    return LadderGone(gone, tuple(beside))


def _before(taken: list[Taken], measure: Measure) -> bool:
    """Two measures of one instant are in no order."""
    return bool(taken) and taken[0].measure.at_us < measure.at_us


def _how(taken: list[Taken], later_taken: bool) -> How:
    if not taken:
        return How.SKIPPED if later_taken else How.NOT_TAKEN
    return How.OUT_OF_ORDER if any(one.after for one in taken) else How.TAKEN


# --- what can be ---


def measure_checked(measure: Measure) -> Measure:
    """The measure, if it can be one; raises `Refused` with the place of the fault."""
    id_checked(measure.rung, "$.rung")
    for name in ("by", "said_by"):
        id_checked(getattr(measure, name), f"$.{name}")
    for name in ("towards", "area", "decided_by", "noted_by"):
        said_checked(getattr(measure, name), f"$.{name}")
    if measure.towards == measure.by:
        raise Refused("measure.towards", "It is taken towards somebody else", value=measure.towards, where="$.towards")
    words_checked(measure.why, "$.why")
    facts_checked(measure.places, "$.places")
    if len(measure.texts) > TEXTS_MAX:
        what = f"A measure has at most {TEXTS_MAX} texts"
        raise LimitExceeded("measure.texts", what, value=len(measure.texts), where="$.texts")
    languages: set[str] = set()
    for number, text in enumerate(measure.texts):
        where = f"$.texts[{number}]"
        if language_checked(text.language, f"{where}.language") in languages:
            raise Refused("measure.texts", "There are two texts in one language", value=text.language, where=where)
        languages.add(text.language)
        said_checked(text.text, f"{where}.text")
    us_checked(measure.at_us, "$.at_us")
    return measure


def reaction_checked(reaction: Reaction) -> Reaction:
    """The reaction, if it can be one; raises `Refused` with the place of the fault."""
    if not SHA256_HEX.fullmatch(reaction.measure):
        raise Refused("reaction.measure", "A measure is cited by its id", value=reaction.measure, where="$.measure")
    said_checked(reaction.words, "$.words")
    said_checked(reaction.seen_by, "$.seen_by")
    us_checked(reaction.seen_at_us, "$.seen_at_us")
    return reaction

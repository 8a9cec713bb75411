"""What is in force for whom: the same answer from the same facts, whatever order they came in.

    standing = standing_of("kestrel-understanding", facts, at_us=T, known_at_us=K)     as it was at T, as known at K

Each party has a state of its own. `TABLE` says for every state and every act what comes next, or why the act does not fit; nothing
else moves a party. An act that does not fit is kept and named. It may fit later, when a fact that was missing has come.

Everything is worked out twice: once from all that is said, and once only from what each party said itself. A claim shows in the first
and never in the second. That a party has suspended or ended an agreement says nothing of the others: whether they are bound still is
for people. `agreements.stances` tells what is kept in practice, which none of this looks at.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from keepclear.agreements.agreement import (
    Binds,
    Countersignature,
    Declaration,
    End,
    Fact,
    Holding,
    Kept,
    Proposal,
    Resumption,
    Suspension,
    Version,
)
from keepclear.ground.errors import Refused


class State(StrEnum):
    """Where a party is with an agreement.

    outside    it has signed nothing
    signed     it has signed a version, and none is in force for it
    in_force   a version is in force for it
    suspended  it has declared that it suspends its part
    ran_out    the version that was in force for it is over by its own terms
    ended      it has declared that it is over for its part"""

    OUTSIDE = "outside"
    SIGNED = "signed"
    IN_FORCE = "in_force"
    SUSPENDED = "suspended"
    RAN_OUT = "ran_out"
    ENDED = "ended"


class Act(StrEnum):
    """What moves a party: its own acts, and what follows from those of others and from time.

    take_effect  a version that it has signed comes into force
    run_out      the version in force for it reaches its end"""

    PROPOSE = "propose"
    COUNTERSIGN = "countersign"
    TAKE_EFFECT = "take_effect"
    SUSPEND = "suspend"
    RESUME = "resume"
    RUN_OUT = "run_out"
    END = "end"


class Unfit(StrEnum):
    """Why an act does not fit where the party is."""

    NOT_SIGNED = "not_signed"
    NOTHING_IN_FORCE = "nothing_in_force"
    NOT_SUSPENDED = "not_suspended"
    ENDED = "ended"
    NOT_A_PARTY = "not_a_party"
    UNKNOWN_VERSION = "unknown_version"


TABLE: Mapping[tuple[State, Act], State | Unfit] = {
    (State.OUTSIDE, Act.PROPOSE): State.SIGNED,
    (State.OUTSIDE, Act.COUNTERSIGN): State.SIGNED,
    (State.OUTSIDE, Act.TAKE_EFFECT): Unfit.NOT_SIGNED,
    (State.OUTSIDE, Act.SUSPEND): Unfit.NOTHING_IN_FORCE,
    (State.OUTSIDE, Act.RESUME): Unfit.NOT_SUSPENDED,
    (State.OUTSIDE, Act.RUN_OUT): Unfit.NOTHING_IN_FORCE,
    (State.OUTSIDE, Act.END): Unfit.NOT_SIGNED,
    (State.SIGNED, Act.PROPOSE): State.SIGNED,
    (State.SIGNED, Act.COUNTERSIGN): State.SIGNED,
    (State.SIGNED, Act.TAKE_EFFECT): State.IN_FORCE,
    (State.SIGNED, Act.SUSPEND): Unfit.NOTHING_IN_FORCE,
    (State.SIGNED, Act.RESUME): Unfit.NOT_SUSPENDED,
    (State.SIGNED, Act.RUN_OUT): Unfit.NOTHING_IN_FORCE,
    (State.SIGNED, Act.END): State.ENDED,
    (State.IN_FORCE, Act.PROPOSE): State.IN_FORCE,
    (State.IN_FORCE, Act.COUNTERSIGN): State.IN_FORCE,
    (State.IN_FORCE, Act.TAKE_EFFECT): State.IN_FORCE,
    (State.IN_FORCE, Act.SUSPEND): State.SUSPENDED,
    (State.IN_FORCE, Act.RESUME): Unfit.NOT_SUSPENDED,
    (State.IN_FORCE, Act.RUN_OUT): State.RAN_OUT,
    (State.IN_FORCE, Act.END): State.ENDED,
    (State.SUSPENDED, Act.PROPOSE): State.SUSPENDED,
    (State.SUSPENDED, Act.COUNTERSIGN): State.SUSPENDED,
    (State.SUSPENDED, Act.TAKE_EFFECT): State.SUSPENDED,
    (State.SUSPENDED, Act.SUSPEND): State.SUSPENDED,
    (State.SUSPENDED, Act.RESUME): State.IN_FORCE,
    (State.SUSPENDED, Act.RUN_OUT): State.RAN_OUT,
    (State.SUSPENDED, Act.END): State.ENDED,
    (State.RAN_OUT, Act.PROPOSE): State.SIGNED,
    (State.RAN_OUT, Act.COUNTERSIGN): State.SIGNED,
    (State.RAN_OUT, Act.TAKE_EFFECT): State.IN_FORCE,
    (State.RAN_OUT, Act.SUSPEND): Unfit.NOTHING_IN_FORCE,
    (State.RAN_OUT, Act.RESUME): Unfit.NOT_SUSPENDED,
    (State.RAN_OUT, Act.RUN_OUT): Unfit.NOTHING_IN_FORCE,
    (State.RAN_OUT, Act.END): State.ENDED,
    (State.ENDED, Act.PROPOSE): Unfit.ENDED,
    (State.ENDED, Act.COUNTERSIGN): Unfit.ENDED,
    (State.ENDED, Act.TAKE_EFFECT): Unfit.ENDED,
    (State.ENDED, Act.SUSPEND): Unfit.ENDED,
    (State.ENDED, Act.RESUME): Unfit.ENDED,
    (State.ENDED, Act.RUN_OUT): Unfit.ENDED,
    (State.ENDED, Act.END): Unfit.ENDED,
}

_SENTENCES = {
    Unfit.NOT_SIGNED: "This party has signed nothing of it",
    Unfit.NOTHING_IN_FORCE: "Nothing of it is in force for this party then",
    Unfit.NOT_SUSPENDED: "This party has not suspended it then",
    Unfit.ENDED: "This party has ended it for its part; a new agreement begins anew",
    Unfit.NOT_A_PARTY: "The version does not name this party",
    Unfit.UNKNOWN_VERSION: "No version with this digest is known here",
}
# Of what holds from one instant on, what is signed comes before what is declared.
_RANK = {kind: rank for rank, kind in enumerate((Proposal, Countersignature, Holding, Suspension, Resumption, End))}
_DECLARED = {Suspension: Act.SUSPEND, Resumption: Act.RESUME, End: Act.END}


class Side(NamedTuple):
    """One party and one agreement.

    version   digest of the version in force, or of the last that was; "": none was
    signed    digests of the versions that it has signed
    holds     digests of the versions that it has in its hands, signed or not
    declared  what it declared last, in its words, whether it fits or not; None: nothing"""

    state: State = State.OUTSIDE
    version: str = ""
    signed: frozenset[str] = frozenset()
    holds: frozenset[str] = frozenset()
    declared: Declaration | None = None


class Standing(NamedTuple):
    """An agreement as it was at an instant, as far as was known at another.

    versions  by digest, those that had been laid before the parties
    said      by party, from everything that is said of it
    shown     by party, from what each party said itself
    unfit     by id of the fact, of what is said: why it moved nothing"""

    agreement: str
    versions: Mapping[str, Version]
    said: Mapping[str, Side]
    shown: Mapping[str, Side]
    unfit: Mapping[str, Unfit]

    @property
    def in_force_for(self) -> frozenset[str]:
        """The parties for which a version is in force, each by its own word."""
        return frozenset(party for party, side in self.shown.items() if side.state is State.IN_FORCE)

    @property
    def claimed_for(self) -> frozenset[str]:
        """The parties for which a version is said to be in force, and not by their own word."""
        said = {party for party, side in self.said.items() if side.state is State.IN_FORCE}
        return frozenset(said) - self.in_force_for

    @property
    def rivals(self) -> frozenset[str]:
        """Digests of versions that have one number: two amendments of one version."""
        numbers = [version.number for version in self.versions.values()]
        return frozenset(digest for digest, version in self.versions.items() if numbers.count(version.number) > 1)


@dataclass
class _Moving:
    """A party while the facts are gone through."""

    state: State = State.OUTSIDE
    version: str = ""
    signed: set[str] = field(default_factory=set)
    holds: set[str] = field(default_factory=set)
    declared: Declaration | None = None

    def act(self, act: Act) -> Unfit | None:
        after = TABLE[self.state, act]
        if isinstance(after, Unfit):
            return after
        self.state = after
        return None


def known(kept: Iterable[Kept], agreement: str, known_at_us: int) -> tuple[Kept, ...]:
    """The facts of an agreement that were known then, each once, in the order in which they hold."""
    first: dict[str, Kept] = {}
    for one in kept:
        if one.fact.agreement == agreement and one.known_at_us <= known_at_us:
            held = first.get(one.id)
            if held is None or one.known_at_us < held.known_at_us:
                first[one.id] = one
    return tuple(sorted(first.values(), key=_order))


def _order(one: Kept) -> tuple[int, int, str]:
    return one.fact.at_us, _RANK.get(type(one.fact), len(_RANK)), one.id


def standing_of(agreement: str, kept: Iterable[Kept], at_us: int, known_at_us: int) -> Standing:
    """The agreement as it was at `at_us`, as known at `known_at_us`; both instants included."""
    facts = known(kept, agreement, known_at_us)
    texts = {one.fact.version.digest: one.fact.version for one in facts if isinstance(one.fact, Proposal)}
    begun = [one for one in facts if one.fact.at_us <= at_us]
    laid = {one.fact.version.digest for one in begun if isinstance(one.fact, Proposal)}
    said, unfit = _gone_through(begun, texts, at_us)
    shown, _ = _gone_through([one for one in begun if not one.fact.claimed], texts, at_us)
    versions = {digest: version for digest, version in sorted(texts.items()) if digest in laid}
    return Standing(agreement, versions, said, shown, unfit)


def next_due_us(agreement: str, kept: Iterable[Kept], at_us: int, known_at_us: int) -> int | None:
    """When the standing may next be another without a new fact: a version begins or runs out, or what was declared ahead holds."""
    facts = [one.fact for one in known(kept, agreement, known_at_us)]
    instants = {fact.at_us for fact in facts}
    instants |= {edge for fact in facts if isinstance(fact, Proposal) for edge in _edges(fact.version)}
    return min((instant for instant in instants if instant > at_us), default=None)


def refuse_unfit(kept: Iterable[Kept], fact: Fact, known_at_us: int) -> None:
    """Raises `Refused` if a fact that a person is about to enter moves nothing, as far as is known."""
    entered = Kept(fact.id, fact, known_at_us)
    why = standing_of(fact.agreement, [*kept, entered], fact.at_us, known_at_us).unfit.get(entered.id)
    if why is not None:
        mend = "Look at what is known of it, and at the time from which this is to hold."
        raise Refused(f"agreement.{why.value}", _SENTENCES[why], value=fact.of, mend=mend)


def _edges(version: Version) -> list[int]:
    return [at_us for at_us in (version.from_us, version.until_us) if at_us is not None]


def _lasts(version: Version, instant: int) -> bool:
    begun = version.from_us is None or version.from_us <= instant
    return begun and (version.until_us is None or instant < version.until_us)


def _gone_through(
    facts: list[Kept], texts: Mapping[str, Version], at_us: int
) -> tuple[dict[str, Side], dict[str, Unfit]]:
    """Every party after all of this, and the facts that moved nothing."""
    sides: defaultdict[str, _Moving] = defaultdict(_Moving)
    unfit: dict[str, Unfit] = {}
    laid: dict[str, Version] = {}
    at: defaultdict[int, list[Kept]] = defaultdict(list)
    for one in facts:
        at[one.fact.at_us].append(one)
    edges = {edge for version in texts.values() for edge in _edges(version) if edge <= at_us}
    for instant in sorted(at.keys() | edges):
        _run_out(sides, texts, instant)
        for one in at[instant]:
            why = _moved(sides, one.fact, texts, laid)
            if why is not None:
                unfit[one.id] = why
            _take_effect(sides, laid, instant)
        _take_effect(sides, laid, instant)
    for version in laid.values():
        for party in version.parties:
            sides[party]  # whom a version names has a state, if only that of having signed nothing
    return {party: _still(moving) for party, moving in sorted(sides.items())}, unfit


def _moved(
    sides: defaultdict[str, _Moving], fact: Fact, texts: Mapping[str, Version], laid: dict[str, Version]
) -> Unfit | None:
    match fact:
        case Proposal(of=party, version=version):
            laid[version.digest] = version
            sides[party].holds.add(version.digest)
            # Somebody who mediates may lay a version before others, and signs nothing by it.
            return _signed(sides[party], Act.PROPOSE, version.digest) if party in version.parties else None
        case Countersignature(of=party, version=digest):
            sides[party].holds.add(digest)
            cited = texts.get(digest)
            if cited is None:
                return Unfit.UNKNOWN_VERSION
            laid[digest] = cited
            return _signed(sides[party], Act.COUNTERSIGN, digest) if party in cited.parties else Unfit.NOT_A_PARTY
        case Holding(of=party, version=digest):
            sides[party].holds.add(digest)
        case Suspension() | Resumption() | End():
            sides[fact.of].declared = fact
            return sides[fact.of].act(_DECLARED[type(fact)])
        case _:
            pass  # how a party stands and what was seen moves nothing
    return None


def _signed(side: _Moving, act: Act, digest: str) -> Unfit | None:
    why = side.act(act)
    if why is None:
        side.signed.add(digest)
    return why


def _take_effect(sides: defaultdict[str, _Moving], laid: Mapping[str, Version], instant: int) -> None:
    for digest, version in sorted(laid.items(), key=lambda item: (item[1].number, item[0])):
        if not _lasts(version, instant):
            continue
        bound = [
            party
            for party in version.parties
            if digest in sides[party].signed and sides[party].state is not State.ENDED
        ]
        if version.binds is Binds.ALL and len(bound) < len(version.parties):
            continue
        for party in bound:
            side = sides[party]
            before = laid.get(side.version)
            if (before is None or before.number < version.number) and side.act(Act.TAKE_EFFECT) is None:
                side.version = digest


def _run_out(sides: Mapping[str, _Moving], texts: Mapping[str, Version], instant: int) -> None:
    for side in sides.values():
        version = texts.get(side.version)
        if version is not None and version.until_us is not None and version.until_us <= instant:
            side.act(Act.RUN_OUT)


def _still(moving: _Moving) -> Side:
    return Side(moving.state, moving.version, frozenset(moving.signed), frozenset(moving.holds), moving.declared)

"""What is known of a message: how far it came by whose word, and whether what it asks for has been given.

Everything here follows from the message, the statements that are held and the instant it is asked at. Nothing infers that a message
arrived: a party has received it when that party says so over exactly these bytes. Until then the most that can be said is whom it was
passed on to, and who claims what beyond that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from keepclear.channel.facts import Compared, compared, matches
from keepclear.channel.messages import Marker, Message
from keepclear.channel.statements import OF_A_PERSON, Act, Evidence, Kept

# What a marker asks for: that somebody has understood, that somebody answers, or that it is there.
_ASKS_TO_BE_UNDERSTOOD = frozenset({Marker.INFORMATION, Marker.INTENTION, Marker.WARNING, Marker.ADVICE, Marker.DEMAND})
_ASKS_FOR_AN_ANSWER = frozenset({Marker.QUESTION, Marker.REQUEST})


class Debt(StrEnum):
    """Whether what a message asks for has been given.

    owed         not yet, and there is time
    stand_by     not yet, and the other side has said how soon
    claimed      somebody says so for the addressee
    settled      the addressee shows it
    unconfirmed  not by the time that was set: it may have arrived, or not
    superseded   another message stands in its place"""

    OWED = "owed"
    STAND_BY = "stand_by"
    CLAIMED = "claimed"
    SETTLED = "settled"
    UNCONFIRMED = "unconfirmed"
    SUPERSEDED = "superseded"


class Doubt(NamedTuple):
    """Somebody else may have signed as this party from `since_us` on, by our clock; we said so at `known_at_us`.

    What came before that instant was signed before it. What it says of its own time counts for nothing: whoever has the key writes
    any time."""

    party: str
    since_us: int
    known_at_us: int

    def covers(self, party: str, known_at_us: int, at_us: int) -> bool:
        """Whether what this party signed, and we learned of then, is doubted at an instant."""
        return party == self.party and self.since_us <= known_at_us < self.known_at_us <= at_us


class Step(NamedTuple):
    """One statement about one message.

    fields       of a read-back: field by field against what was said
    over_another it cites other bytes than those of this message: it is kept, and counts for nothing
    doubted      somebody else may have signed it: it is a claim"""

    kept: Kept
    evidence: Evidence
    fields: tuple[Compared, ...] = ()
    over_another: bool = False
    doubted: bool = False

    @property
    def act(self) -> Act:
        """What was done."""
        return self.kept.statement.act


class Standing(NamedTuple):
    """What is known of a message at an instant.

    steps     by party, in the order this node learned of them
    settled_by  id of the statement or of the answer that settled it; "": none
    mismatch  the newest read-back of the addressee shows that something was understood otherwise: its own where there is one, else
              what others say for it
    late      it was settled after it had been unconfirmed
    next_us   when time alone makes it stand otherwise; None: never"""

    debt: Debt
    steps: Mapping[str, tuple[Step, ...]]
    settled_by: str = ""
    mismatch: bool = False
    late: bool = False
    next_us: int | None = None

    def best(self, party: str, act: Act) -> Evidence | None:
        """How well it is known that a party did this: not at all, by somebody's claim, or by its own word."""
        found = {step.evidence for step in self.steps.get(party, ()) if step.act is act and not step.over_another}
        if Evidence.EVIDENCED in found:
            return Evidence.EVIDENCED
        return Evidence.CLAIMED if found else None


def due_us(message: Message) -> int:
    """When what it asks for must be there: when the reply is due, at the latest when it is of no use any more."""
    return message.valid_until_us if message.reply_due_us is None else message.reply_due_us


def standing_of(
    id: str,
    message: Message,
    kept: Iterable[Kept],
    at_us: int,
    *,
    sealed: frozenset[str] = frozenset(),
    answers: Iterable[tuple[str, int]] = (),
    superseded_at_us: int | None = None,
    doubts: Sequence[Doubt] = (),
) -> Standing:
    """What is known of a message at an instant: only what this node had learned by then counts.

    sealed   SHA-256 of the sealed bytes that this message has gone out as
    answers  ids of the messages of the addressee that answer it, and when this node learned of them
    superseded_at_us  when this node learned that another stands in its place; None: none does
    doubts   since when which keys are not trusted: what they signed, answers included, is a claim"""

    def doubted(party: str, known_us: int) -> bool:
        return any(doubt.covers(party, known_us, at_us) for doubt in doubts)

    steps: dict[str, list[Step]] = {}
    ordered = sorted(
        (one for one in kept if one.known_at_us <= at_us), key=lambda one: (one.known_at_us, one.statement.id)
    )
    for one in ordered:
        statement = one.statement
        over_another = statement.over != id and (statement.act in OF_A_PERSON or statement.over not in sealed)
        fields = compared(message.facts, statement.facts) if statement.act is Act.UNDERSTOOD else ()
        in_doubt = doubted(statement.said_by, one.known_at_us)
        evidence = Evidence.CLAIMED if in_doubt else statement.evidence
        steps.setdefault(statement.of, []).append(Step(one, evidence, fields, over_another, in_doubt))
    found = {party: tuple(some) for party, some in steps.items()}
    here = [(answer, known_us) for answer, known_us in answers if known_us <= at_us]
    said = [step for step in found.get(message.final, ()) if not step.over_another]
    back = [step for step in said if step.act is Act.UNDERSTOOD]
    own = [step for step in back if step.evidence is Evidence.EVIDENCED]
    mismatch = any(not matches(step.fields) for step in (own or back)[-1:])
    if superseded_at_us is not None and superseded_at_us <= at_us:
        return Standing(Debt.SUPERSEDED, found, mismatch=mismatch)
    settles = [step for step in said if _settles(message.marker, step)]
    shown = [(step.kept.known_at_us, step.kept.id) for step in settles if step.evidence is Evidence.EVIDENCED]
    claimed = [(step.kept.known_at_us, step.kept.id) for step in settles if step.evidence is Evidence.CLAIMED]
    if message.marker in _ASKS_FOR_AN_ANSWER:
        shown += [(known_us, answer) for answer, known_us in here if not doubted(message.final, known_us)]
        claimed += [(known_us, answer) for answer, known_us in here if doubted(message.final, known_us)]
    if shown:
        known_us, settled_by = min(shown)
        return Standing(Debt.SETTLED, found, settled_by, mismatch, known_us >= due_us(message))
    if claimed and not (own and mismatch):  # nobody's word stands above what the addressee itself read back
        known_us, claimed_by = min(claimed)
        return Standing(Debt.CLAIMED, found, claimed_by, mismatch, known_us >= due_us(message))
    debt, next_us = _open(message, said, at_us)
    return Standing(debt, found, mismatch=mismatch, next_us=next_us)


def _settles(marker: Marker, step: Step) -> bool:
    act = step.act
    if marker in _ASKS_TO_BE_UNDERSTOOD:
        return act is Act.UNDERSTOOD and matches(step.fields)
    if marker in _ASKS_FOR_AN_ANSWER:
        return act in (Act.NO_INFORMATION, Act.REFUSED)
    return act in (Act.RECEIVED, Act.UNDERSTOOD)


def _open(message: Message, said: list[Step], at_us: int) -> tuple[Debt, int | None]:
    """How it stands that is not settled, and until when."""
    last_us = due_us(message)
    if at_us >= last_us:
        return Debt.UNCONFIRMED, None
    # Counted from when the word came: the clock of the other side may be hours off.
    waits = [
        step.kept.known_at_us + step.kept.statement.within_us
        for step in said
        if step.kept.statement.within_us is not None and step.evidence is Evidence.EVIDENCED
    ]
    until_us = max(waits, default=at_us)
    return (Debt.STAND_BY, min(until_us, last_us)) if at_us < until_us else (Debt.OWED, last_us)

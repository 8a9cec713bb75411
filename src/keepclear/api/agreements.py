"""Agreements: what was stated of each, what is in force for whom, how everybody stands to it, and the agreed way when nobody answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from keepclear.agreements.agreement import Fact, Observation, Position
from keepclear.agreements.depending import Picture
from keepclear.agreements.stances import Views
from keepclear.api.asking import Answer, Ask, Route, instant_us
from keepclear.api.paging import Page, Paged, page_of
from keepclear.api.problems import Declined, Fault, not_here
from keepclear.api.zones import Done, KnownAt, Sided, ZoneAsked, done, side_known_at
from keepclear.channel.calls import StepTaken
from keepclear.ground.instants import utc_text
from keepclear.node.dealings import Dealings
from keepclear.node.events import AgreementFactStated, EscalationStepTaken
from keepclear.parties.parties import Action


class AgreementsAsked(Paged, frozen=True):
    """Which agreements."""

    known_at: KnownAt | None = None


class EscalationAsked(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """For what is unanswered since when."""

    since: Annotated[str, Meta(max_length=64, description="since when it is unanswered: 2026-05-18T10:00:00Z")]
    exercise: Annotated[bool, Meta(description="the exercise side; an exercise node has no other")] | None = None


class PartyState(msgspec.Struct, frozen=True):
    """Where a party is with an agreement: by its own word, and by all that is said.

    version   digest of the version in force for it, by its own word; "" none was
    holds     digests of the versions that it has in its hands, as far as is said
    declared  what it declared last, in its words; "" nothing"""

    party: str
    shown: str
    said: str
    version: str
    holds: list[str]
    declared: str


class AgreementView(msgspec.Struct, frozen=True):
    """An agreement at an instant. `title`: of the newest version that was laid before the parties; `in_force`: the version in force for
    the house, by its digest; "" none is."""

    agreement: str
    title: str
    in_force: str
    parties: list[PartyState]


class FactView(msgspec.Struct, frozen=True):
    """A fact as it is cited, when this node learned of it, and why it moved nothing; "" it did, or it is of a kind that moves nothing."""

    fact: str
    known_at: str
    unfit: str
    content: Fact


class LevelView(msgspec.Struct, frozen=True):
    """The newest words of a party at one of its levels: its own, and what others say that it said."""

    party: str
    level: str
    own: list[Position]
    claimed: list[Position]


class ViewsView(msgspec.Struct, frozen=True):
    """Everybody's view of an agreement, or of the zone or the channel that it is about; none of them is the one that holds."""

    about: str
    disputed: bool
    stands: list[LevelView]
    practice: list[Observation]


class AgreementWhole(msgspec.Struct, frozen=True):
    """An agreement with all that is known of it. `rivals`: digests of versions that have one number."""

    agreement: str
    title: str
    in_force: str
    parties: list[PartyState]
    rivals: list[str]
    views: list[ViewsView]
    facts: list[FactView]


class AgreedStepView(msgspec.Struct, frozen=True):
    """A step of the agreed way. `channel`: by which of the channels; "" by none of them."""

    step: str
    words: str
    channel: str
    wait_s: float


class EscalationView(msgspec.Struct, frozen=True):
    """How far the agreed way has been gone. `next` is what the parties have agreed on, in words to a person, who takes it or not; null while
    the last step has its time, and at the end."""

    taken: list[StepTaken]
    skipped: list[AgreedStepView]
    next: AgreedStepView | None
    exhausted: bool


async def dealings_known_at(ask: Ask[Any, Any], known_at: str | None = None) -> tuple[Dealings, int]:
    """The dealings of the side that is asked about, as they are or as they were known, and that instant."""
    at_us = instant_us("known_at", known_at)
    ask.must(Action.READ, ask.members.dealings)
    side = await side_known_at(ask, known_at)
    return side.dealings, ask.desk.now_us() if at_us is None else at_us


async def agreements(ask: Ask[AgreementsAsked, None]) -> Answer:
    """All agreements of which anything was stated, by id."""
    dealings, at_us = await dealings_known_at(ask, ask.query.known_at)
    behind = (one.id for one in dealings.agreed.state() if one.id > (ask.query.after or ""))

    def shown(id: str) -> Callable[[], AgreementView]:
        return lambda: _view(dealings, id, at_us)

    return Answer(page_of(behind, ask.items_of(ask.query.limit), shown=shown, cursor=lambda id: id))


async def agreement(ask: Ask[ZoneAsked, None]) -> Answer:
    """One agreement, with every fact that is known of it and everybody's view."""
    dealings, at_us = await dealings_known_at(ask, ask.query.known_at)
    id = ask.path["agreement"]
    picture = _picture(dealings, id, at_us)
    view, standing = _view(dealings, id, at_us), picture.standing
    facts = [
        FactView(one.id, utc_text(one.known_at_us), standing.unfit.get(one.id, ""), one.fact)
        for one in dealings.agreed.facts_of(id)
    ]
    views = [_views(one) for one in picture.views]
    return Answer(
        AgreementWhole(id, view.title, view.in_force, view.parties, sorted(standing.rivals), views, facts)
    )  # fmt: skip


def _picture(dealings: Dealings, id: str, at_us: int) -> Picture:
    found = next((one for one in dealings.agreed.state() if one.id == id), None)
    if found is None:
        raise not_here("agreement", id)
    return found.picture(at_us)


def _view(dealings: Dealings, id: str, at_us: int) -> AgreementView:
    standing, in_force = dealings.agreed.standing(id, at_us), dealings.agreed.in_force.get(id)
    newest = max(standing.versions.values(), key=lambda version: version.number, default=None)
    parties = []
    for party, said in standing.said.items():
        shown = standing.shown.get(party)
        declared = "" if said.declared is None else said.declared.words
        state, version = ("outside", "") if shown is None else (shown.state.value, shown.version)
        parties.append(PartyState(party, state, said.state.value, version, sorted(said.holds), declared))
    return AgreementView(
        id, "" if newest is None else newest.title, "" if in_force is None else in_force.digest, parties
    )


def _views(views: Views) -> ViewsView:
    stands = [
        LevelView(level.party, level.level, list(words.own), list(words.claimed))
        for level, words in views.stands.items()
    ]
    practice = [one for some in views.practice.values() for one in some]
    return ViewsView(views.about, views.disputed, stands, practice)


async def state(ask: Ask[Sided, Fact]) -> Answer:
    """States a fact of an agreement: a proposal, a signature, a declaration, a position of a level, an observation.

    The body is the fact as it is hashed; its `agreement` is that of the address. What a party says of itself is evidence of it, all else
    is a claim. An act of the party whose node this is that moves nothing is refused; what others did is kept."""
    ask.must(Action.STATE_AGREEMENT, ask.members.dealings)
    fact, id = ask.body, ask.path["agreement"]
    if fact.agreement != id:
        what = "The fact is of another agreement than the address"
        fault = Fault("$.agreement", "agreement.other", what, fact.agreement, "Give both the same id.")
        raise Declined(422, "agreement.other", "The fact and the address disagree.", errors=[fault])
    return await ask.give(AgreementFactStated(fact), done)


async def escalation(ask: Ask[EscalationAsked, None]) -> Answer:
    """How far the agreed way has been gone for something unanswered since an instant, by the version in force for the house."""
    since_us = instant_us("since", ask.query.since)
    dealings, at_us = await dealings_known_at(ask)
    version = dealings.agreed.in_force.get(ask.path["agreement"])
    if version is None:
        raise not_here("agreement", ask.path["agreement"])
    assert since_us is not None, "it was given"
    gone = dealings.calls.escalation(version, since_us, at_us)
    after = None if gone.next is None else _step(gone.next.step)
    return Answer(EscalationView(list(gone.taken), [_step(step) for step in gone.skipped], after, gone.exhausted))


def _step(step: Any) -> AgreedStepView:
    return AgreedStepView(step.key, step.words, step.channel, step.wait_us / 1e6)


async def take_step(ask: Ask[Sided, StepTaken]) -> Answer:
    """Notes that somebody took a step of the agreed way. One that the agreement does not have is kept and moves nothing on."""
    ask.must(Action.LOG_CALL, ask.members.dealings)
    return await ask.give(EscalationStepTaken(ask.path["agreement"], ask.body), done)


_ONE = "/v1/agreements/{agreement}"
ROUTES = (
    Route("GET", "/v1/agreements", agreements, "dealings", gives=Page[AgreementView], query=AgreementsAsked, problems=(403,)),
    Route("GET", _ONE, agreement, "dealings", gives=AgreementWhole, query=ZoneAsked, problems=(403, 404)),
    Route("POST", f"{_ONE}/facts", state, "dealings", gives=Done, query=Sided, bodies={"application/json": Fact}, problems=(403,)),
    Route("GET", f"{_ONE}/escalation", escalation, "dealings", gives=EscalationView, query=EscalationAsked, problems=(403, 404)),
    Route("POST", f"{_ONE}/steps", take_step, "dealings", gives=Done, query=Sided, bodies={"application/json": StepTaken}, problems=(403,)),
)  # fmt: skip

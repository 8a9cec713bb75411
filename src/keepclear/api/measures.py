"""Measures that were taken, what was seen after them, and the ladder of a zone as it was gone. Nothing here says which comes next."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from keepclear.api.agreements import dealings_known_at
from keepclear.api.asking import Answer, Ask, Route
from keepclear.api.calls import Noted, listed, must_look_back, noted
from keepclear.api.paging import Page, Paged
from keepclear.api.zones import Done, Sided, done
from keepclear.channel.measures import Measure, Reaction, Taken
from keepclear.node.events import MeasureTaken, ReactionSeen
from keepclear.parties.parties import Action

Party = Annotated[str, Meta(min_length=1, max_length=2_000)]


class LadderAsked(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Whose measures, towards whom."""

    by: Party
    towards: Party
    exercise: Annotated[bool, Meta(description="the exercise side; an exercise node has no other")] | None = None


class MeasureView(msgspec.Struct, frozen=True):
    """A measure that was taken."""

    measure: str
    content: Measure


class TakenView(msgspec.Struct, frozen=True):
    """A measure, how long ago, and what was seen after it. `after`: rungs behind it that had been taken before it."""

    measure: str
    ago_s: float
    after: list[str]
    reactions: list[Reaction]
    content: Measure


class RungView(msgspec.Struct, frozen=True):
    """A rung as it was gone: not taken, taken, skipped, out of order."""

    rung: str
    words: str
    how: str
    taken: list[TakenView]


class LadderView(msgspec.Struct, frozen=True):
    """The ladder of an agreement as it was gone. `beside`: measures that are no rung of it."""

    agreement: str
    rungs: list[RungView]
    beside: list[TakenView]


class Ladders(msgspec.Struct, frozen=True):
    """The ladder of each agreement in force that names a zone."""

    items: list[LadderView]


async def measures(ask: Ask[Paged, None]) -> Answer:
    """The measures that were taken, in the order in which they were entered."""
    dealings, _ = await dealings_known_at(ask)
    return Answer(listed(ask, dealings.measures.measures, lambda measure: MeasureView(measure.id, measure)))


async def ladder(ask: Ask[LadderAsked, None]) -> Answer:
    """The agreed ladders of a zone: what one party has taken towards another, what was skipped, and how long ago."""
    dealings, at_us = await dealings_known_at(ask)
    ask.must_know_zone(ask.path["zone"])
    found = dealings.ladders(ask.path["zone"], ask.query.by, ask.query.towards, at_us)
    return Answer(
        Ladders(
            [
                LadderView(
                    agreement,
                    [
                        RungView(one.rung.key, one.rung.words, one.how, list(map(_taken, one.taken)))
                        for one in gone.rungs
                    ],
                    list(map(_taken, gone.beside)),
                )
                for agreement, gone in found.items()
            ]
        )
    )


def _taken(one: Taken) -> TakenView:
    return TakenView(one.measure.id, one.ago_us / 1e6, list(one.after), list(one.reactions), one.measure)


async def take(ask: Ask[Sided, Measure]) -> Answer:
    """Enters a measure that was taken: which, by whom and towards whom, when, where, and which role decided it."""
    ask.must(Action.LOG_MEASURE, ask.members.dealings)
    must_look_back(ask, ask.body.at_us, "$.at_us")
    return await ask.give(MeasureTaken(ask.body), noted(ask.body.id))


async def see(ask: Ask[Sided, Reaction]) -> Answer:
    """Enters what was seen after a measure; the body names the measure."""
    ask.must(Action.LOG_MEASURE, ask.members.dealings)
    must_look_back(ask, ask.body.seen_at_us, "$.seen_at_us")
    return await ask.give(ReactionSeen(ask.body), done)


ROUTES = (
    Route("GET", "/v1/measures", measures, "dealings", gives=Page[MeasureView], query=Paged, problems=(403,)),
    Route("POST", "/v1/measures", take, "dealings", gives=Noted, query=Sided, bodies={"application/json": Measure}, problems=(403,)),
    Route("POST", "/v1/measures/reactions", see, "dealings", gives=Done, query=Sided, bodies={"application/json": Reaction}, problems=(403,)),
    Route("GET", "/v1/zones/{zone}/ladder", ladder, "dealings", gives=Ladders, query=LadderAsked, problems=(403, 404)),
)  # fmt: skip

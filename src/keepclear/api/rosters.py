"""Rosters: who can be reached for a party now, when nobody can, and who has handed over to whom."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from keepclear.api.agreements import dealings_known_at
from keepclear.api.asking import Answer, Ask, Route
from keepclear.api.problems import not_here
from keepclear.api.zones import Done, Sided, done
from keepclear.ground.hours import DAY_US
from keepclear.ground.instants import utc_text
from keepclear.node.events import HandedOver, RosterSet
from keepclear.parties.parties import Action
from keepclear.parties.roster import FocalPoint, Handover, Interpreter, Line, Reach, Roster, gaps, whom_to_try

Days = Annotated[int, Meta(ge=1, le=90, description="how many days ahead to look for gaps")]


class RosterAsked(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """How far ahead to look."""

    days: Days = 7
    exercise: Annotated[bool, Meta(description="the exercise side; an exercise node has no other")] | None = None


class RosterSetting(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Everybody of a party who can be reached, in the order in which they are tried."""

    focal_points: tuple[FocalPoint, ...]
    interpreters: tuple[Interpreter, ...] = ()


class TryView(msgspec.Struct, frozen=True):
    """Whom to try for a focal point: itself and its deputies. `why_not`: why nobody is reached by it now; "" somebody is.

    verified_at  when one of its lines was last answered; "" never"""

    focal: str
    called: str
    stands_for: str
    lines: list[Line]
    why_not: str
    verified_at: str


class GapView(msgspec.Struct, frozen=True):
    """From when until when nobody of a roster can be reached."""

    from_at: str
    until_at: str


class RosterView(msgspec.Struct, frozen=True):
    """A roster, whom to try now, and when nobody can be reached."""

    at: str
    reach: list[TryView]
    gaps: list[GapView]
    roster: Roster


class RosterParties(msgspec.Struct, frozen=True):
    """The parties that a roster was set for."""

    items: list[str]


async def rosters(ask: Ask[Sided, None]) -> Answer:
    """The parties that a roster was set for."""
    dealings, _ = await dealings_known_at(ask)
    return Answer(RosterParties(list(dealings.rosters.state())))


async def roster(ask: Ask[RosterAsked, None]) -> Answer:
    """Who can be reached for a party now, and when nobody can."""
    dealings, at_us = await dealings_known_at(ask)
    party = ask.path["party"]
    found = dealings.rosters.of(party)
    if found is None:
        raise not_here("roster", party)
    reach = [_try(one) for focal in found.focal_points for one in whom_to_try(found, focal.id, at_us)]
    ahead = [
        GapView(utc_text(gap.from_us), utc_text(gap.until_us))
        for gap in gaps(found, at_us, at_us + ask.query.days * DAY_US)
    ]
    return Answer(RosterView(utc_text(at_us), reach, ahead, found))


def _try(one: Reach) -> TryView:
    verified = "" if one.verified_at_us is None else utc_text(one.verified_at_us)
    return TryView(one.focal.id, one.focal.called, one.stands_for, list(one.lines), one.why_not or "", verified)


async def set_roster(ask: Ask[Sided, RosterSetting]) -> Answer:
    """Sets who can be reached for a party, in place of its roster before; handovers are kept."""
    ask.must(Action.SET_ROSTER, ask.members.dealings)
    return await ask.give(RosterSet(Roster(ask.path["party"], ask.body.focal_points, ask.body.interpreters)), done)


async def hand_over(ask: Ask[Sided, Handover]) -> Answer:
    """Notes that a focal point was handed over from one person to another, and what was open."""
    ask.must(Action.LOG_CALL, ask.members.dealings)
    return await ask.give(HandedOver(ask.path["party"], ask.body), done)


_ONE = "/v1/rosters/{party}"
ROUTES = (
    Route("GET", "/v1/rosters", rosters, "dealings", gives=RosterParties, query=Sided, problems=(403,)),
    Route("GET", _ONE, roster, "dealings", gives=RosterView, query=RosterAsked, problems=(403, 404)),
    Route("PUT", _ONE, set_roster, "dealings", gives=Done, query=Sided, bodies={"application/json": RosterSetting}, problems=(403,)),
    Route("POST", f"{_ONE}/handovers", hand_over, "dealings", gives=Done, query=Sided, bodies={"application/json": Handover}, problems=(403,)),
)  # fmt: skip

"""What people of Alpha enter of their dealings with Bravo, with valid defaults: terms with two calls a day, moments, calls, measures."""

from __future__ import annotations

from typing import Any

from keepclear.agreements.agreed_terms import AgreedChannel, AgreedTerms, Calls, Rung, Step, ZoneTerm
from keepclear.agreements.agreement import Version
from keepclear.channel.calls import Call, Happened, Item, Moment
from keepclear.channel.calls import Side as CallSide
from keepclear.channel.measures import Measure
from keepclear.ground.hours import EVERY_DAY, ROUND_THE_CLOCK, Calendar, Hours, Times
from keepclear.node import events as e
from keepclear.parties.roster import FocalPoint, LineKind, Roster
from keepclear.parties.roster import Line as RosterLine
from tests.agreed import version
from tests.builders import MINUTE_US, at

TERMS = AgreedTerms(
    calls=(Calls("line", (Times(EVERY_DAY, (10 * 60, 16 * 60)),), Calendar("UTC"), 15 * MINUTE_US),),
    channels=(AgreedChannel("line", "the line between the two desks"),),
    ladder=(Rung("call", "word by the line"), Rung("leaflet", "word by leaflet"), Rung("flare", "a flare")),
    escalation=(Step("deputy", "Call the deputy", 30 * MINUTE_US), Step("relay", "Ask Meridian")),
    zones=(ZoneTerm("kestrel", "0" * 64, "10 km around the post"),),
)


def terms_version(**changed: Any) -> Version:
    return version(**({"terms": TERMS} | changed))


def moment(happened: Happened, clock: str, due: str = "", attempt: str = "a1", **changed: Any) -> e.CallMomentNoted:
    of = "bravo" if happened in (Happened.ANSWERED, Happened.REFUSED) else "alpha"
    for_us = at(due) if due else None
    plain = {"caller": "alpha", "called": "bravo", "of": of, "said_by": "alpha", "person": "duty officer"} | changed
    return e.CallMomentNoted(Moment(attempt, happened, line="voice +000 100", at_us=at(clock), for_us=for_us, **plain))


def roster(hours: tuple[Hours, ...] = ROUND_THE_CLOCK, party: str = "bravo") -> Roster:
    line = RosterLine(LineKind.VOICE, "+000 100")
    return Roster(party, (FocalPoint("desk", "duty officer", (line,), (), hours, Calendar("UTC")),))


def call(*items: Item) -> Call:
    return Call("a1", (CallSide("alpha", ("Lena",), "en"), CallSide("bravo", ("Basil",), "en")), items)


def measure(rung: str, clock: str, **changed: Any) -> Measure:
    words = {"by": "alpha", "towards": "bravo", "area": "the pass", "decided_by": "commander", "said_by": "alpha"}
    return Measure(rung, at_us=at(clock), noted_by="watch officer", **(words | changed))

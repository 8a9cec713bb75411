"""An understanding between Alpha and Bravo about Kestrel Pass, and what is said of it; valid defaults for tests."""

from __future__ import annotations

from datetime import date
from hashlib import sha256

from keepclear.agreements.agreed_terms import Activity, AgreedChannel, AgreedTerms, Calls, Rung, Step, ZoneTerm
from keepclear.agreements.agreement import (
    Article,
    Countersignature,
    End,
    Holding,
    Kind,
    Observation,
    Position,
    Practice,
    Proposal,
    Resumption,
    Stance,
    Suspension,
    Version,
    kept,
)
from keepclear.ground.hours import Calendar, Day, Times
from keepclear.ground.instants import parse_instant

NAME = "kestrel-understanding"
HOUR_US = 3_600_000_000
WORKING_MORNINGS = Times((Day.SUN, Day.MON, Day.TUE, Day.WED, Day.THU), (9 * 60,))

TERMS = AgreedTerms(
    activities=(
        Activity("movement", "Movement of vehicles on the road", 48 * HOUR_US, 24 * HOUR_US),
        Activity("mine-clearing", "Clearing of mines", 72 * HOUR_US),
        Activity("visit", "Visit of a delegation"),
    ),
    calls=(Calls("line", (WORKING_MORNINGS,), Calendar("Asia/Damascus", (date(2017, 6, 25),)), HOUR_US // 4),),
    channels=(AgreedChannel("line", "the line between the two desks"), AgreedChannel("radio", "radio, channel 16")),
    ladder=(Rung("call", "word by the line"), Rung("leaflet", "word by leaflet")),
    escalation=(Step("deputy", "call the deputy", HOUR_US, "radio"), Step("relay", "ask Meridian", 4 * HOUR_US)),
    zones=(ZoneTerm("kestrel-pass", sha256(b"kestrel").hexdigest(), "55 km around the post"),),
)


def at(text):
    return parse_instant(text).us


BEGIN = at("2017-05-01T06:00:00Z")


def version(number=1, **changed):
    given = {
        "agreement": NAME,
        "number": number,
        "title": "Understanding on Kestrel Pass",
        "kind": Kind.UNDERSTANDING,
        "parties": ("alpha", "bravo"),
        "amends": "" if number == 1 else FIRST.digest,
        "articles": (Article("1", "en", f"The parties notify each other. ({number})"),),
        "terms": TERMS,
    }
    return Version(**(given | changed))


FIRST = version()
SECOND = version(2)

_WORDS = {"words": "For our part.", "language": "en"}


def fact(kind, of="alpha", hours=0.0, **changed):
    given = {
        "agreement": NAME,
        "of": of,
        "said_by": of,
        "at_us": BEGIN + round(hours * HOUR_US),
        "person": f"{of}-focal",
    }
    if kind in (Suspension, Resumption, End, Position):
        given |= _WORDS
    return kind(**(given | changed))


def proposal(of="alpha", hours=0.0, version=FIRST, **changed):
    return fact(Proposal, of, hours, version=version, **changed)


def signature(of="bravo", hours=1.0, version=FIRST, **changed):
    return fact(Countersignature, of, hours, version=version.digest, **changed)


def holding(of="bravo", hours=0.5, version=FIRST, **changed):
    return fact(Holding, of, hours, version=version.digest, **changed)


def position(of, level, stance, hours=2.0, **changed):
    return fact(Position, of, hours, level=level, stance=Stance(stance), **changed)


def observation(of, practice, hours=2.0, **changed):
    return fact(Observation, of, hours, practice=Practice(practice), **changed)


def held(*facts, late_hours=0.0):
    """The facts as a node holds them that learns of each at once, or so many hours later."""
    return [kept(one, one.at_us + round(late_hours * HOUR_US)) for one in facts]


def hour(hours):
    return BEGIN + round(hours * HOUR_US)

"""What a watch finds when it comes on duty in the live example at at-Tanf: two parties that know each other, an understanding, rosters, a
zone, feeds, and what the watch before has left. All of it is given through the doors of the nodes, by the people whose business it is.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from keepclear.agreements.agreement import Version
from keepclear.cli.parties_on_one_machine import RunningNode, pair
from keepclear.cli.played_officer import NAME
from keepclear.cli.scenery import BAND_M, CENTRE, EDGE_M, FEEDS, OTHERS_FEED
from keepclear.cli.telling_examples import now_us
from keepclear.ground.hours import EVERY_DAY

OFFICER, BEFORE, OTHER_OFFICER, PLAYED = "otto", "nadia", "boris", "boris-played"
# By party: who is there, in which role, and what they are called.
PEOPLE = {
    "alpha": {
        OFFICER: ("watch_officer", "Otto"),
        BEFORE: ("watch_officer", "Nadia (the watch before, played by the example)"),
        "petra": ("planner", "Petra"),
        "lena": ("liaison", "Lena"),
    },
    "bravo": {
        OTHER_OFFICER: ("watch_officer", "Boris"),
        PLAYED: ("watch_officer", NAME),
        "pavel": ("planner", "Pavel"),
        "larisa": ("liaison", "Larisa"),
    },
}
SENSORS = "sensors"
CALL_DUE_IN = timedelta(minutes=5)
MINUTE_US = 60_000_000
AGREEMENT = "at-tanf-understanding"
ZONE = "at-tanf"


def roles(party: str) -> dict[str, str]:
    """Who is there for a party, and in which role."""
    return {user: role for user, (role, _) in PEOPLE[party].items()}


def set_up(alpha: RunningNode, bravo: RunningNode) -> dict[str, str]:
    """Gives both nodes everything; gives the tokens of the feeds. Raises `DidNotHappen` where a node refuses something."""
    for node in (alpha, bravo):
        _name_people(node)
    pair(alpha, bravo, "for the exercise: both nodes are on this machine")
    # Whoever is called first, lest the first thing that anybody sees be a link that is not there yet.
    bravo.ask("admin", "PUT", "/v1/peers/alpha", {})
    alpha.ask("admin", "PUT", "/v1/peers/bravo", {"address": bravo.links})
    for node, liaison in ((alpha, "lena"), (bravo, "larisa")):
        for party, called in (("alpha", "Alpha"), ("bravo", "Bravo")):
            node.ask(liaison, "PUT", f"/v1/rosters/{party}", _roster(called))
        _state_positions(node, liaison)
    signed = _signed()
    for node, planner, parties in ((alpha, "petra", ("bravo", "alpha")), (bravo, "pavel", ("alpha", "bravo"))):
        for party in parties:  # the own signature last: nothing changes for the node after that
            node.ask(planner, "POST", f"/v1/agreements/{AGREEMENT}/facts", signed[party])
    alpha.ask("petra", "PUT", "/v1/zones", _zones("At-Tanf zone", ["Alpha"]))
    bravo.ask("pavel", "PUT", "/v1/zones", _zones("At-Tanf zone, as Alpha describes it", ["Alpha", "Bravo"]))
    tokens = {feed: _feed(alpha, "petra", feed, source, silent_s) for feed, (source, silent_s, _) in FEEDS.items()}
    feed, source = OTHERS_FEED
    tokens[feed] = _feed(bravo, "pavel", feed, source, 60)
    _hand_over(alpha, BEFORE)
    _hand_over(bravo, PLAYED)
    return tokens


def _name_people(node: RunningNode) -> None:
    for user, (role, name) in [("admin", ("administrator", "Ada")), *PEOPLE[node.party].items()]:
        said = {"party": node.party, "role": role, "clearance": "severe", "name": name}
        node.ask("admin", "PUT", f"/v1/users/{user}", said)
    sensors = {"party": node.party, "role": "machine", "clearance": "moderate", "name": "Feeds of the exercise"}
    node.ask("admin", "PUT", f"/v1/users/{SENSORS}", sensors)


def _feed(node: RunningNode, planner: str, feed: str, source: str, silent_s: int | None) -> str:
    """Declares a feed; gives a token that does nothing but bring positions to it."""
    silent_after_us = None if silent_s is None else silent_s * 1_000_000
    node.ask(planner, "PUT", f"/v1/feeds/{feed}", {"source": source, "silent_after_us": silent_after_us})
    issued = node.ask("admin", "POST", f"/v1/users/{SENSORS}/tokens", {"token_id": f"{feed}-1", "feed": feed})
    return str(issued["token"])


def _zones(name: str, foreseen: list[str]) -> dict[str, Any]:
    lat, lon = CENTRE
    properties = {
        "name": name, "radius": f"{EDGE_M / 1000:g} km", "band": f"{BAND_M / 1000:g} km", "approach": "3 min", "dwell": "10 min",
        "presence": {"silent_after": "30 min"}, "may_enter": foreseen,
        "note": "55 km around the garrison, as reported in 2017. Everything else is a choice of this exercise.",
    }  # fmt: skip
    zone = {
        "type": "Feature",
        "id": ZONE,
        "geometry": {"type": "Point", "coordinates": [lon, lat]},
        "properties": properties,
    }
    return {"type": "FeatureCollection", "features": [zone]}


def _signed() -> dict[str, dict[str, Any]]:
    """What each party did for the understanding, by party: Alpha proposes it, and Bravo signs it."""
    version = _version(datetime.now(UTC))
    digest = msgspec.convert(version, Version).digest
    said = {"agreement": AGREEMENT, "at_us": now_us(), "source": "signed for the exercise"}
    return {
        "alpha": said | {"is": "proposal", "of": "alpha", "said_by": "alpha", "person": "Petra", "version": version},
        "bravo": said
        | {"is": "countersignature", "of": "bravo", "said_by": "bravo", "person": "Pavel", "version": digest},
    }


def _version(now: datetime) -> dict[str, Any]:
    """An understanding whose next call is due within minutes, and then every hour."""
    due = now + CALL_DUE_IN
    minutes = [60 * hour + due.minute for hour in range(24)]
    return {
        "agreement": AGREEMENT, "number": 1, "title": "Understanding on the At-Tanf zone (exercise)", "kind": "understanding",
        "parties": ["alpha", "bravo"], "binds": "each",
        "articles": [
            {"key": "1", "language": "en", "text": "The parties tell each other of vehicles on the road before they come near the zone."},
            {"key": "2", "language": "en", "text": "The duty officers speak on the line every hour. Whoever is warned reads it back."},
        ],
        "terms": {
            "activities": [{"key": "movement", "words": "Movement of vehicles on the road", "lead_us": 120 * MINUTE_US}],
            "channels": [{"id": "line", "words": "the telephone line between the two duty officers"}],
            "calls": [
                {
                    "channel": "line", "times": [{"days": list(EVERY_DAY), "minutes": minutes}], "calendar": {"zone": "UTC", "days_off": []},
                    "grace_us": 5 * MINUTE_US,
                }
            ],
            "ladder": [
                {"key": "word", "words": "word by this channel"},
                {"key": "line", "words": "word by the telephone line"},
                {"key": "relay", "words": "word by a third party whom both know"},
            ],
            "escalation": [
                {"key": "telephone", "words": "telephone Bravo's duty officer", "wait_us": 5 * MINUTE_US, "channel": "line"},
                {"key": "deputy", "words": "telephone Bravo's deputy duty officer", "wait_us": 5 * MINUTE_US, "channel": "line"},
                {"key": "relay", "words": "ask Meridian's duty officer to pass it on by voice"},
            ],
            "zones": [{"id": ZONE, "digest": "0" * 64, "words": "55 km around the garrison"}],
        },
    }  # fmt: skip


def _state_positions(node: RunningNode, liaison: str) -> None:
    """Bravo stands to the zone in two ways, as parties do: its two levels do not say the same."""
    for of, level, stance, words in (
        ("alpha", "political", "agreed", "The zone is 55 km around the garrison."),
        ("bravo", "political", "disputes", "We do not recognise a zone there."),
        ("bravo", "military line", "tacitly_observes", "Our vehicles have been told to keep outside of 55 km."),
    ):
        said = {
            "is": "position", "agreement": AGREEMENT, "of": of, "said_by": of, "at_us": now_us(), "person": "spokesperson",
            "words": words, "language": "en", "source": "invented, exercise", "level": level, "stance": stance, "about": ZONE,
        }  # fmt: skip
        node.ask(liaison, "POST", f"/v1/agreements/{AGREEMENT}/facts", said)


def _roster(called: str) -> dict[str, Any]:
    hours = [{"days": list(EVERY_DAY), "from_minute": 0, "until_minute": 1440}]
    calendar = {"zone": "Asia/Damascus", "days_off": []}
    languages = [
        {"tag": "en", "level": "working", "vetted_by": "the exercise staff"},
        {"tag": "ar", "level": "full", "vetted_by": "the exercise staff"},
    ]
    return {
        "focal_points": [
            {
                "id": "duty", "called": f"Duty officer of {called}", "lines": [{"kind": "voice", "address": "exercise line 1"}],
                "languages": languages, "hours": hours, "calendar": calendar, "authority": ["receive", "relay"], "deputy": "deputy",
            },
            {
                "id": "deputy", "called": f"Deputy duty officer of {called}", "lines": [{"kind": "radio", "address": "exercise channel 16"}],
                "languages": languages, "hours": hours, "calendar": calendar,
            },
        ]
    }  # fmt: skip


def _hand_over(node: RunningNode, officer: str) -> None:
    """What the watch before did: it held the call of the hour, wrote it down, cleared what it had looked after, and handed over."""
    is_caller = node.party == "alpha"
    ago_us = now_us() - 55 * MINUTE_US
    for happened, later_us in (("answered", 0), ("ended", 2 * MINUTE_US)):
        moment = {
            "attempt": "before", "happened": happened, "caller": "alpha", "called": "bravo", "of": "bravo", "said_by": node.party,
            "person": PEOPLE[node.party][officer][1], "line": "exercise line 1", "at_us": ago_us + later_us, "exercise": True,
        }  # fmt: skip
        node.ask(officer, "POST", "/v1/calls/moments", moment)
    sides = [
        {"party": "alpha", "persons": ["Nadia"], "language": "en"},
        {"party": "bravo", "persons": ["Boris"], "language": "en"},
    ]
    item = {"open": "the day's traffic", "said_by": "bravo", "words": "No movement is planned near the zone."}
    call = {"attempt": "before", "sides": sides, "items": [item], "purpose": "call of the hour", "exercise": True}
    held = node.ask(officer, "POST", "/v1/calls", call)["id"]
    text = {
        "language": "en",
        "text": "Bravo says that no movement is planned near the zone today. Nothing else was open.",
    }
    minute = {"call": held, "of": "alpha", "person": "Nadia", "text": text, "at_us": ago_us + 3 * MINUTE_US}
    written = node.ask(officer, "POST", "/v1/calls/minutes", minute)["id"]
    word = {"minute": written, "of": "bravo", "said_by": "bravo", "person": "Boris", "at_us": ago_us + 5 * MINUTE_US}
    if not is_caller:  # Alpha has heard nothing of it yet
        node.ask(officer, "POST", "/v1/calls/minutes/words", word)
    for alert in node.ask(officer, "GET", "/v1/alerts?state=open")["items"]:
        reason = "Expected: the understanding was signed at the beginning of the exercise."
        node.ask(officer, "POST", f"/v1/alerts/{alert['id']}/clear", {"reason": reason})
    taken_by = PEOPLE[node.party][OFFICER if is_caller else OTHER_OFFICER][1]
    handover = {
        "focal": "duty", "given_by": PEOPLE[node.party][officer][1], "taken_by": taken_by, "at_us": now_us(), "open": [],
        "words": "Quiet. The road post reports now and then. The next call is due in a few minutes.",
    }  # fmt: skip
    node.ask(officer, "POST", f"/v1/rosters/{node.party}/handovers", handover)

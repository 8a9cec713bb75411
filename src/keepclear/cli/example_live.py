"""The example at at-Tanf, moving: two nodes on this machine, whose console a person looks at, until it is stopped.

Everything is invented and an exercise. Everything goes through the doors of the nodes in the names of their users; and out of the first
party's node nothing goes unless the person at its console sends it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec

from keepclear.agreements.agreement import Version
from keepclear.cli.parties_on_one_machine import DidNotHappen, RunningNode, begun, pair
from keepclear.cli.played_officer import NAME, PlayedOfficer
from keepclear.cli.scenery import (
    BAND_M,
    CENTRE,
    CONVOY_ENTERS_S,
    CONVOY_SEEN_S,
    EDGE_M,
    FEEDS,
    OTHERS_FEED,
    ROUND_S,
    Scenery,
)
from keepclear.cli.stopping import Stop
from keepclear.cli.telling_examples import now_us
from keepclear.ground.hours import EVERY_DAY

OFFICER, OTHER_OFFICER, PLAYED = "otto", "boris", "boris-played"
ALPHA_PEOPLE = {OFFICER: "watch_officer", "petra": "planner", "lena": "liaison"}
BRAVO_PEOPLE = {OTHER_OFFICER: "watch_officer", PLAYED: "watch_officer", "pavel": "planner", "larisa": "liaison"}
NAMES = {
    "alpha": {OFFICER: "Otto", "petra": "Petra", "lena": "Lena"},
    "bravo": {OTHER_OFFICER: "Boris", PLAYED: NAME, "pavel": "Pavel", "larisa": "Larisa"},
}
SENSORS = "sensors"
CALL_DUE_IN = timedelta(minutes=5)
LOOK_EVERY_S = 0.1
LOOK_AT_ENTRANCES_S = 3
# The convoy is seen to turn so long after the answer.
TURNS_AFTER_S = 15
MINUTE_US = 60_000_000
AGREEMENT = "at-tanf-understanding"
ZONE = "at-tanf"
INTRODUCTION = """\
EXERCISE. At-Tanf, with everything on it invented: the parties Alpha and Bravo, every position, every word. Nothing here is a report.
"""


def tell(folder: Path, *, is_left: bool, stop: Stop) -> list[RunningNode]:
    """Runs the example in a new folder until it is stopped; gives the nodes. Raises `DidNotHappen`."""
    print(INTRODUCTION, end="")
    print("Two nodes are set up on this machine ...", flush=True)
    alpha = begun(folder / "alpha", "alpha", "Alpha", ALPHA_PEOPLE, answers=False)
    bravo = begun(folder / "bravo", "bravo", "Bravo", BRAVO_PEOPLE, answers=True)
    with _both_started(alpha, bravo, stop):
        tokens = _set_up(alpha, bravo)
        print(_addresses(alpha, bravo), flush=True)
        _go_on(alpha, bravo, tokens, stop)
        print("\nStopping ...", flush=True)
    if is_left:
        print(f"The records are in {alpha.folder} and {bravo.folder}. Next: keepclear watchlog {alpha.folder}")
    else:
        print("Ended. Nothing is left of it: with --folder FOLDER the records are.")
    return [alpha, bravo]


@contextmanager
def _both_started(alpha: RunningNode, bravo: RunningNode, stop: Stop) -> Iterator[None]:
    """Both at once, and both stopped at the end. What fails after a stop was asked for has failed because of it."""
    nodes = (alpha, bravo)
    with ThreadPoolExecutor() as both:
        try:
            for started in [both.submit(node.start) for node in nodes]:
                started.result()
            yield
        except (DidNotHappen, httpx.TransportError) as error:
            if not stop.asked:
                raise DidNotHappen(f"a node of the example is not there any more ({error})") from error
        finally:
            for stopped in [both.submit(node.stop) for node in nodes]:
                stopped.result()


# --- what is there at the start ---


def _set_up(alpha: RunningNode, bravo: RunningNode) -> dict[str, str]:
    """Everything that a watch finds when it comes on duty, by the people whose business it is; gives the tokens of the feeds."""
    for node in (alpha, bravo):
        _name_people(node)
    pair(alpha, bravo, "for the exercise: both nodes are on this machine")
    alpha.ask("admin", "PUT", "/v1/peers/bravo", {"address": bravo.links})
    bravo.ask("admin", "PUT", "/v1/peers/alpha", {})
    for node, liaison in ((alpha, "lena"), (bravo, "larisa")):
        for party, called in (("alpha", "Alpha"), ("bravo", "Bravo")):
            node.ask(liaison, "PUT", f"/v1/rosters/{party}", _roster(called))
        _state_positions(node, liaison)
    # In this order, the own signature last and then the zone, nothing that somebody relies on changes: the watch begins without an alert.
    signed = _signed()
    for node, planner, parties in ((alpha, "petra", ("bravo", "alpha")), (bravo, "pavel", ("alpha", "bravo"))):
        for party in parties:
            node.ask(planner, "POST", f"/v1/agreements/{AGREEMENT}/facts", signed[party])
    alpha.ask("petra", "PUT", "/v1/zones", _zones("At-Tanf zone", ["Alpha"]))
    bravo.ask("pavel", "PUT", "/v1/zones", _zones("At-Tanf zone, as Alpha describes it", ["Alpha", "Bravo"]))
    tokens = {feed: _feed(alpha, "petra", feed, source, silent_s) for feed, (source, silent_s, _) in FEEDS.items()}
    feed, source = OTHERS_FEED
    tokens[feed] = _feed(bravo, "pavel", feed, source, 60)
    return tokens


def _name_people(node: RunningNode) -> None:
    for user, name in NAMES[node.party].items():
        role = (ALPHA_PEOPLE if node.party == "alpha" else BRAVO_PEOPLE)[user]
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


# --- what a person reads ---


def _addresses(alpha: RunningNode, bravo: RunningNode) -> str:
    return f"""
You are Otto, the watch officer of Alpha. Open this in a browser on this machine; it signs you in, once:

    {_invitation(alpha, OFFICER)}

In about {CONVOY_SEEN_S} s a convoy comes near the zone, and in about {CONVOY_ENTERS_S} s it enters.
Everything goes round every {ROUND_S // 60} minutes.
Bravo's officer is played, and answers what you send. To be Boris of Bravo yourself, open this in another window:

    {_invitation(bravo, OTHER_OFFICER)}

Ctrl-C ends it.
"""


def _invitation(node: RunningNode, user: str) -> str:
    """An address that lets its first visitor in, without a password to choose: the browser draws one and forgets it.

    A browser keeps one session for each name of a host, whatever the port: the two desks have two names of this machine."""
    path = node.ask("admin", "POST", f"/v1/users/{user}/invites")["path"]
    address = node.address if node.party == "alpha" else node.address.replace("127.0.0.1", "localhost")
    return f"{address}{path}/exercise"


# --- while it runs ---


class Reporting:
    """Brings positions to feeds, each with the token of that feed."""

    def __init__(self, nodes: dict[str, RunningNode], tokens: dict[str, str]) -> None:
        self._nodes, self._tokens = nodes, tokens
        self._client = httpx.Client(timeout=60.0, trust_env=False)

    def bring(self, feed: str, rows: list[dict[str, Any]]) -> None:
        """Raises `DidNotHappen` where a row was not taken."""
        node = self._nodes[feed]
        headers = {"Authorization": f"Bearer {self._tokens[feed]}"}
        answer = self._client.post(f"{node.address}/v1/feeds/{feed}/positions", json=rows, headers=headers)
        if answer.status_code != 200 or answer.json()["refused"]:
            raise DidNotHappen(f"{node.party} did not take positions of {feed}: {answer.text}")


class Entrances:
    """Who has come in at which desk. An address lets one browser in; whoever wants another browser is shown another address."""

    def __init__(self, *desks: tuple[RunningNode, str]) -> None:
        self._desks = desks
        self._seen: set[str] = set()

    def entered(self) -> list[RunningNode]:
        """The nodes where somebody has come in since it was asked last."""
        found = []
        for node, user in self._desks:
            sessions = node.ask("admin", "GET", "/v1/sessions")["items"]
            new = {one["id"] for one in sessions if one["user"] == user} - self._seen
            if new:
                self._seen |= new
                found.append(node)
                print(f"Somebody is at the desk of {user} of {node.party}. For another browser, in place of that one:")
                print(f"    {_invitation(node, user)}", flush=True)
        return found


def _go_on(alpha: RunningNode, bravo: RunningNode, tokens: dict[str, str], stop: Stop) -> None:
    """Lets everybody move, and the other side's officer act, until it is stopped."""
    scenery = Scenery(now_us())
    reporting = Reporting({OTHERS_FEED[0]: bravo} | dict.fromkeys(FEEDS, alpha), tokens)
    officer = PlayedOfficer(bravo, PLAYED, "alpha")
    entrances = Entrances((alpha, OFFICER), (bravo, OTHER_OFFICER))
    turned_s: dict[int, int] = {}
    began_s = time.monotonic()
    second = 0
    while not stop.asked:
        now_s = time.monotonic() - began_s
        if now_s < second:
            time.sleep(LOOK_EVERY_S)
            continue
        # What a busy machine did not come to goes out as the newest of each feed.
        due: dict[str, list[dict[str, Any]]] = {}
        for one in range(second, int(now_s) + 1):
            due |= scenery.rows(one, turned_s)
        for feed, rows in due.items():
            reporting.bring(feed, rows)
        second = int(now_s) + 1
        if second % LOOK_AT_ENTRANCES_S == 0:
            for node in entrances.entered():
                officer.sits_there = officer.sits_there or node is bravo
        if officer.act(now_s):
            number, within_s = divmod(second, ROUND_S)
            turned_s.setdefault(number + 1, within_s + TURNS_AFTER_S)

"""No read and no stream gives what `may` forbids: generated users, access and recipients, every route compared with one rule."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import cache

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from keepclear.node import events as e
from keepclear.parties.parties import Role, Sensitivity
from tests.desk_in_memory import DeskInMemory
from tests.doors.api.caller import INSIDE, KESTREL_PASS, Caller, Stream, zones_of

PARTIES = ("alpha", "bravo", "meridian")
ZONES = {"z-alpha": "alpha", "z-bravo": "bravo", "z-meridian": "meridian"}
FEEDS = {"f-alpha": "alpha", "g-alpha": "alpha", "f-meridian": "meridian"}
REPORTED_BY = {
    "one": ["f-alpha"],
    "two": ["f-alpha", "g-alpha"],
    "three": ["f-meridian"],
    "four": ["g-alpha", "f-meridian"],
}
OBJECTS = [("zone", zone) for zone in ZONES] + [("feed", feed) for feed in FEEDS]
OWNER = {**ZONES, **FEEDS}


@dataclass(frozen=True)
class Who:
    party: str
    role: Role
    clearance: Sensitivity

    @property
    def id(self) -> str:
        return f"{self.party}-{self.role.replace('_', '-')}-{self.clearance.word}"


@cache
def world() -> tuple[DeskInMemory, Caller]:
    """Three zones in one place, three feeds, four subjects that are inside, each reported by other feeds."""
    desk = DeskInMemory()
    desk.admit("ada", "alpha", "administrator")
    for party in PARTIES:
        desk.admit(f"planner-of-{party}", party, "planner")
        desk.admit(f"officer-of-{party}", party, "watch_officer")
    for feed, owner in FEEDS.items():
        desk.say(e.FeedDeclared(feed, owner, feed), by=f"planner-of-{owner}")
    call = Caller(desk)
    for zone, owner in ZONES.items():
        agreed = call.put("/v1/zones", f"secret-of-planner-of-{owner}", json=zones_of({**KESTREL_PASS, "id": zone}))
        assert agreed.status_code == 200, agreed.text
    desk.clock_us += 30 * 60_000_000
    for subject, feeds in REPORTED_BY.items():
        for second, feed in enumerate(feeds):
            row = {**INSIDE, "subject": subject, "seen_at": f"2026-05-18T10:10:0{second}Z"}
            brought = call.post(f"/v1/feeds/{feed}/positions", f"secret-of-officer-of-{FEEDS[feed]}", json=[row])
            assert brought.json()["accepted"] == 1, brought.text
    return desk, call


# Half of everything is severe, so that those cleared for it often meet it.
levels = st.sampled_from([*Sensitivity, *[Sensitivity.SEVERE] * 4])
users = st.builds(Who, st.sampled_from(PARTIES), st.sampled_from(Role), levels).filter(
    lambda who: who.role is not Role.ADMINISTRATOR or who.party == "alpha"
)
access = st.tuples(levels, st.none() | st.lists(st.sampled_from(PARTIES), unique=True).map(tuple))


@settings(max_examples=40, phases=[Phase.explicit, Phase.generate])  # an example is small as it is, and dear
@given(st.tuples(*[access] * len(OBJECTS)), st.lists(users, min_size=2, max_size=3, unique=True))
def test_no_read_and_no_stream_gives_what_is_not_theirs(terms, whoever):
    desk, call = world()
    for (kind, name), (sensitivity, recipients) in zip(OBJECTS, terms, strict=True):
        desk.say(e.AccessSet(kind, name, sensitivity.word, recipients), by=f"planner-of-{OWNER[name]}")
    rules = dict(zip([name for _, name in OBJECTS], terms, strict=True))
    for who in whoever:
        token = f"secret-of-{who.id}"
        if desk.node.members.member(who.id) is None:
            desk.admit(who.id, who.party, who.role, who.clearance.word)
        check(desk, call, who, token, rules)


def check(desk, call, who, token, rules):
    def sees(*names, export=False):
        return who.role is not Role.MACHINE and all(theirs(who, name, *rules[name], export=export) for name in names)

    def items(path):
        answer = call.get(path, token)
        return answer.json()["items"] if answer.status_code == 200 else []

    assert {zone["id"] for zone in items("/v1/zones")} == {zone for zone in ZONES if sees(zone)}
    assert {feed["id"] for feed in items("/v1/feeds")} == {feed for feed in FEEDS if sees(feed)}
    seen = {subject for subject, feeds in REPORTED_BY.items() if sees(*feeds)}
    assert {track["subject"] for track in items("/v1/tracks")} == seen
    pairs = {(subject, zone) for subject in REPORTED_BY for zone in ZONES}
    open_pairs = {(subject, zone) for subject, zone in pairs if sees(zone, *REPORTED_BY[subject])}
    for query in ("", "?at=2026-05-18T10:11:00Z"):
        assert {(row["subject"], row["zone"]) for row in items(f"/v1/presence{query}")} == open_pairs
    alerts = items("/v1/alerts")
    assert {(row["subject"], row["zone"]) for row in alerts} == open_pairs
    for subject, feeds in REPORTED_BY.items():
        found = {row["feed"] for row in items(f"/v1/positions?subject={subject}")}
        assert found == {feed for feed in feeds if sees(feed)}
    for alert in desk.node.side(False).alerts:
        shown = call.get(f"/v1/alerts/{alert.id}", token).status_code == 200
        assert shown is ((alert.subject, alert.zone) in open_pairs)

    def features(collection):
        answer = call.get(f"/v1/ogc/collections/{collection}/items?limit=1000", token)
        return answer.json()["features"] if answer.status_code == 200 else []

    exported = {(subject, zone) for subject, zone in pairs if sees(zone, *REPORTED_BY[subject], export=True)}
    assert {found["id"] for found in features("zones")} == {zone for zone in ZONES if sees(zone, export=True)}
    assert {found["id"] for found in features("tracks")} == {
        subject for subject, feeds in REPORTED_BY.items() if sees(*feeds, export=True)
    }
    assert {(f["properties"]["subject"], f["properties"]["zone"]) for f in features("alerts")} == exported
    told = [told for told in desk.told if told.what in {"presence", "alert", "zone"}]
    expected = {told.id for told in told if sees(*concerned(told), export=True)}
    assert set(asyncio.run(streamed(desk, call, token))) == expected
    positions = [committed.entry.sequence for committed in desk.record if committed.entry.kind == "positions_arrived"]
    shown_entries = [
        entry["sequence"] for entry in items("/v1/record/entries?limit=1000") if entry["kind"] == "positions_arrived"
    ]
    assert shown_entries == [
        sequence
        for sequence in positions
        if sees(feed_of(desk, sequence))
        and all(sees(*concerned(told)) for told in desk.told if told.sequence == sequence)
    ]


def theirs(who, name, sensitivity, recipients, *, export):
    named = who.party == OWNER[name] or (recipients is not None and who.party in recipients)
    if sensitivity > who.clearance or (export and sensitivity is Sensitivity.SEVERE and not named):
        return False
    return who.role is Role.AUDITOR or named or recipients is None


def concerned(told):
    return [name for name in (told.zone, *REPORTED_BY.get(told.subject, ())) if name]


def feed_of(desk, sequence):
    from keepclear.host.bodies import event_of

    return event_of("positions_arrived", desk.record[sequence].body).feed


async def streamed(desk, call, token):
    desk.is_stopped = True  # so that the stream ends behind what is in the record
    try:
        stream = await Stream.open(call, "/v1/stream?after=0.0", token)
        found = []
        while (event := await stream.next()) is not None:
            found.append(event.id)
        await stream.close()
        return found if stream.status == 200 else []
    finally:
        desk.is_stopped = False

"""Whoever takes every picture in that they are sent, however seldom, sees what somebody sees who has just come."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepclear.api.picture import picture_bytes
from keepclear.geo.shapes import Circle
from keepclear.node import events as e
from keepclear.node.node import NODE
from keepclear.node.picture import Pictures, View
from keepclear.tracks.observations import Attribution, Claim
from tests.builders import reports
from tests.nodes import Given, agreed, watching
from tests.pictures import Shown

SUBJECTS = ("Bravo 1", "Bravo 2", "Charlie 7")
FEEDS = ("ais-1", "radar-2")
USERS = ("boris", "vera", "otto")
RECIPIENTS = ((), ("bravo",), None)

subject = st.sampled_from(SUBJECTS)
feed = st.sampled_from(FEEDS)
moving = st.tuples(
    st.just("move"), feed, subject, st.sampled_from([-1.0, 0.0, 8.0, 9.5, 14.0, 60.0]), st.integers(-3, 3)
)
naming = st.tuples(st.just("name"), feed, subject, st.sampled_from(["Ada", "Beda", "Cleo"]))
opening = st.tuples(
    st.just("access"), st.sampled_from(["feed", "zone"]), st.integers(0, 1), st.sampled_from(RECIPIENTS),
    st.sampled_from(["low", "severe"]),
)  # fmt: skip
clearing = st.tuples(st.just("clearance"), st.sampled_from(USERS[:2]), st.sampled_from(["open", "high", "severe"]))
zoning = st.tuples(st.just("zone"), st.sampled_from([5.0, 30.0]))
waiting = st.tuples(st.just("wait"), st.integers(1, 200))
looking = st.tuples(st.just("look"), st.integers(0, 4), st.booleans())
steps = st.lists(
    st.one_of(moving, naming, opening, opening, clearing, zoning, waiting, looking, looking), min_size=15, max_size=40
)


class Reader:
    """One connection, as `keepclear.api.live` has one."""

    def __init__(self, user: str) -> None:
        self.user = user
        self.view: View | None = None
        self.version: int | None = None
        self.shown = Shown()

    def look(self, given: Given, pictures: Pictures, turn: int | None) -> None:
        side, user = given.node.side(False), given.node.members.user(self.user)
        assert user is not None
        picture, view = pictures.of(given.node, user, False, given.at_us, turn=turn)
        if view is not self.view:
            self.view, self.version = view, None
        said = picture_bytes(picture, view, self.version, side, False)
        self.version = view.version
        if said is not None:
            self.shown.take(json.loads(said))


def whole(given: Given, user: str) -> dict[str, dict[str, Any]]:
    reader = Reader(user)
    reader.look(given, Pictures(), None)
    return reader.shown.by_subject()


def happen(given: Given, step: tuple[Any, ...]) -> None:
    match step:
        case "move", feed, subject, km, how:
            row: dict[str, Any] = {
                "seen": given.at_us - how * 1_000_000 if how > 0 else given.at_us,
                "km": km,
                "subject": subject,
            }
            if how == -1:
                row["area"] = Circle(33.6, 38.6, 5_000.0)
            if how == -2:
                row["claim"] = Claim(attribution=Attribution("bravo", "Meridian", 0.6), grading="B2")
            if how == -3:
                row |= {"error_m": 12.5, "speed_mps": 3.0, "course_deg": 271.3, "height_m": 1_203.0, "datum": "MSL"}
            given.give(e.PositionsArrived(feed, reports(row)), by=f"feed:{feed}")
        case "name", feed, subject, name:
            given.give(e.PositionsArrived(feed, reports(), names=((subject, name),)), by=f"feed:{feed}")
        case "access", kind, number, recipients, sensitivity:
            name = FEEDS[number] if kind == "feed" else "kestrel"
            given.give(e.AccessSet(kind, name, sensitivity, recipients), by="petra")
        case "clearance", user, clearance:
            member = given.node.members.member(user)
            assert member is not None
            given.give(e.UserAdmitted(user, member.party, member.role, clearance), by=NODE)
        case "zone", radius_km:
            given.give(agreed(radius_km=radius_km), by="petra")
        case "wait", minutes:
            given.at_us += minutes * 60_000_000
            given.give(e.TimePassed(), by=NODE)


@pytest.mark.promise("PICTURE-2")
@settings(max_examples=60, deadline=None)
@given(steps)
def test_what_was_taken_in_adds_up_to_the_whole_picture(taken):
    given, pictures = watching(), Pictures()
    given.feed("radar-2")
    for kind, name in (("feed", "ais-1"), ("zone", "kestrel")):
        given.give(e.AccessSet(kind, name, "low", ("bravo",)), by="petra")
    readers = [Reader(user) for user in (*USERS, "boris", "vera")]
    turn = 0
    for step in taken:
        given.at_us += 1_000_000
        if step[0] != "look":
            happen(given, step)
            continue
        # In a turn of its own, or in that of somebody before: then it may be older, and never more.
        turn += step[2]
        reader = readers[step[1]]
        reader.look(given, pictures, turn)
        shown, all_of_it = reader.shown.by_subject(), whole(given, reader.user)
        assert shown == all_of_it if step[2] else shown.keys() <= all_of_it.keys()
    for reader in readers:
        reader.look(given, pictures, None)
        assert reader.shown.by_subject() == whole(given, reader.user)


@pytest.mark.promise("PICTURE-4")
def test_in_one_turn_nobody_is_shown_what_they_may_not_see_any_more():
    given, pictures = watching(), Pictures()
    reader, later = Reader("boris"), Reader("boris")
    given.give(e.AccessSet("feed", "ais-1", "low", ("bravo",)), by="petra")
    happen(given, ("move", "ais-1", "Bravo 1", 8.0, 0))
    reader.look(given, pictures, 1)
    assert reader.shown.by_subject().keys() == {"Bravo 1"}
    given.give(e.AccessSet("feed", "ais-1", "low", ()), by="petra")
    for one in (reader, later):
        one.look(given, pictures, 1)
        assert one.shown.by_subject() == {}

"""Nodes with valid defaults: of party Alpha, with a few people, a feed and the zone Kestrel Pass."""

from __future__ import annotations

import json
from typing import Any

from keepclear.feeds.zones import write_zones
from keepclear.host.bodies import zones_agreed
from keepclear.node import events as e
from keepclear.node.effects import Effects
from keepclear.node.node import NODE, Node
from keepclear.tracks.observations import Observations
from tests.builders import at, kestrel, reports

PEOPLE = (
    ("admin", "alpha", "administrator"),
    ("otto", "alpha", "watch_officer"),
    ("petra", "alpha", "planner"),
    ("lena", "alpha", "liaison"),
    ("vera", "alpha", "viewer"),
    ("audit", "alpha", "auditor"),
    ("robot", "alpha", "machine"),
    ("boris", "bravo", "watch_officer"),
)


class Given:
    """A node, and a clock turned by hand. Each `give` is one event, at the clock or later."""

    def __init__(self, *, exercise: bool = False, begin: str = "09:00") -> None:
        self.node = Node()
        self.exercise = exercise
        self.at_us = at(begin)
        self.history: list[tuple[e.Event, str, bool, int]] = []
        self.give(e.NodeBegan("Alpha", "alpha", "alpha.example/keepclear", exercise, "test"), by=NODE)
        self.give(e.PartyNamed("alpha", "Alpha"), by=NODE)
        self.give(e.PartyNamed("bravo", "Bravo"), by=NODE)
        for user, party, role in PEOPLE:
            self.give(e.UserAdmitted(user, party, role, "severe"), by=NODE)

    def give(
        self, event: e.Event, *, by: str = NODE, exercise: bool | None = None, clock: str | int | None = None
    ) -> Effects:
        """One event; its effects."""
        if clock is not None:
            self.at_us = clock if isinstance(clock, int) else at(clock)
        exercise = self.exercise if exercise is None else exercise
        effects = self.node.step(event, by=by, exercise=exercise, at_us=self.at_us)
        self.history.append((event, by, exercise, self.at_us))
        return effects

    def feed(self, feed: str = "ais-1", *, exercise: bool | None = None, **declared: Any) -> Effects:
        """Declares a feed."""
        return self.give(e.FeedDeclared(feed, "alpha", "Harbour radar", **declared), exercise=exercise)

    def zone(self, *, by: str = "petra", exercise: bool | None = None, **terms: Any) -> Effects:
        """Agrees on Kestrel Pass."""
        return self.give(agreed(**terms), by=by, exercise=exercise)

    def positions(self, *rows: dict[str, Any], feed: str = "ais-1", clock: str | None = None, **given: Any) -> Effects:
        """Reports of a feed; see `tests.builders.reports`."""
        return self.give(e.PositionsArrived(feed, reports(*rows)), by=f"feed:{feed}", clock=clock, **given)

    def batch(self, observations: Observations, *, feed: str = "ais-1", **given: Any) -> Effects:
        """A batch of a feed."""
        return self.give(e.PositionsArrived(feed, observations), by=f"feed:{feed}", **given)


def watching(**options: Any) -> Given:
    """A node with a feed and the zone."""
    given = Given(**options)
    given.feed()
    given.zone()
    return given


def agreed(**terms: Any) -> e.ZonesAgreed:
    """The event of agreeing on Kestrel Pass."""
    return zones_agreed(json.dumps(write_zones([kestrel(**terms)])))


def lines(effects: Effects, what: str = "") -> list[dict[str, Any]]:
    """What was told, read as JSON; of one kind if that is named."""
    told = [json.loads(told.line) for told in effects.told]
    return [line for line in told if what in ("", line["event"])]


def alerts(effects: Effects) -> list[tuple[str, str]]:
    """(key, alert id) of every alert told."""
    return [(line["key"], line["alert"]) for line in lines(effects, "alert")]

"""How a node does, for those who read anything here."""

from __future__ import annotations

from typing import Any

import msgspec

from keepclear.api.asking import Answer, Ask, NoQuery, Route
from keepclear.ground.instants import utc_text
from keepclear.node.needs import Trouble
from keepclear.node.node import about
from keepclear.parties.parties import Access, Action, Sensitivity
from keepclear.render.need_sentences import of_trouble


class Status(msgspec.Struct, frozen=True):
    """A node and its record.

    size          entries of the record, and `at` when the newest was known
    now           the clock of the node
    silent_feeds  of the feeds that you may see, those that count as silent
    alarms        what is not well with the machine under the node; for its own party also that alerts could not be held"""

    name: str
    party: str
    origin: str
    epoch: int
    is_exercise: bool
    build: str
    size: int
    at: str
    now: str
    silent_feeds: list[str]
    alarms: list[str]


async def status(ask: Ask[NoQuery, None]) -> Answer:
    """Whose node this is, how far its record has come, and which feeds are silent."""
    ask.must(Action.READ)
    said, members = about(ask.node), ask.members
    silent = [
        feed.id
        for feed in ask.side.feeds.state()
        if feed.silent_since_us is not None and ask.sees([members.access_of("feed", feed.id)])
    ]
    assert ask.node.began is not None
    return Answer(
        Status(
            str(said["name"]), str(said["party"]), str(said["origin"]), ask.node.epoch, ask.node.exercise, ask.node.began.build,
            ask.node.sequence, str(said["at"]), utc_text(ask.desk.now_us()), silent, [*ask.desk.alarms(), *map(of_trouble, _not_held(ask))],
        )
    )  # fmt: skip


def troubles(ask: Ask[Any, Any]) -> list[Trouble]:
    """What is not well with the machine, and with the node where the user may know of that."""
    return [*ask.desk.machine().troubles, *_not_held(ask)]


def _not_held(ask: Ask[Any, Any]) -> list[Trouble]:
    """That alerts were told while too many were open, for the party whose node this is, and for auditors."""
    count, house = ask.side.alerts.not_held, ask.members.node.owner
    if not count or not ask.could_see([Access("node", "", house, (), Sensitivity.OPEN)]):
        return []
    return [Trouble("alerts_not_held", {"count": count})]


ROUTES = (Route("GET", "/v1/status", status, "status", gives=Status, problems=(403,)),)

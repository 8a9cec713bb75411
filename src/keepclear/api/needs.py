"""The desk now: what needs a person, in order of urgency, each with why, since when, what was done, and what was agreed to come next."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from keepclear.api.alerts import zone_name
from keepclear.api.asking import Answer, Ask, Route
from keepclear.api.paging import Exercise
from keepclear.api.tracks import NameView, names_of
from keepclear.ground.instants import utc_text
from keepclear.node.needs import Deed, Need, NextStep, needs
from keepclear.node.side import Side
from keepclear.parties.parties import Action
from keepclear.render.need_sentences import of_need
from keepclear.render.sentences import NOT_PERMISSION

ITEMS = 200


class DeskAsked(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Which side, and how many items at most; the others are counted."""

    exercise: Exercise | None = None
    limit: Annotated[int, Meta(ge=1, le=1_000, description="items at most, the most urgent first")] = ITEMS


class PointsTo(msgspec.Struct, frozen=True):
    """What an item leads to: alert, message, feed, peer, call (id of its agreement), stop (id of its alert), roster (its party), machine."""

    kind: str
    id: str


class DeedView(msgspec.Struct, frozen=True):
    """What somebody did. `step`: key of the step of the agreed way that was taken."""

    what: str
    by: str
    at: str
    words: str
    to: str
    step: str


class NextStepView(msgspec.Struct, frozen=True):
    """What the parties have agreed to come next when nobody answers, in words to a person, who takes it or not. `step` is "" while the last
    one has its time, and at the end of the way, when it is exhausted."""

    agreement: str
    step: str
    words: str
    channel: str
    since_at: str | None
    exhausted: bool


class DeskItem(msgspec.Struct, frozen=True):
    """Something that needs a person.

    id        kind and id of what it is about
    part      open: nobody has seen it; in_hand: somebody has; waiting: it is the other side's turn
    rank      which kind of need it is: docs/spec/desk.md has them in order
    key       with `params`: why it is here; docs/reference/keys.md has all of them
    alerts    ids of the open alerts that are part of it
    due_at    when what is asked for is due
    text      the same in English, for those who have no words of their own for the key"""

    id: str
    part: str
    rank: str
    key: str
    params: dict[str, Any]
    urgency: str
    since: str | None
    due_at: str | None
    points_to: PointsTo
    alerts: list[str]
    assigned_to: str
    done: list[DeedView]
    next: NextStepView | None
    zone: str
    zone_name: str
    subject: str
    names: list[NameView]
    feed: str
    message: str
    peer: str
    agreement: str
    of_party: str
    text: str


class DeskNow(msgspec.Struct, frozen=True):
    """What needs a person, the most urgent first. `counts`: of all that you may see, by part; `left_off`: how many of them are not here."""

    at: str
    items: list[DeskItem]
    counts: dict[str, int]
    left_off: int
    note: str = NOT_PERMISSION


def needs_seen(ask: Ask[Any, Any], at_us: int) -> list[Need]:
    """All that needs a person and that whoever asks may see, the most urgent first."""
    found = needs(ask.node, exercise=ask.exercise, at_us=at_us, machine=ask.desk.machine())
    return [need for need in found if ask.could_see(need.concerned)]


def desk_of(ask: Ask[Any, Any], seen: list[Need], at_us: int, limit: int) -> DeskNow:
    """So many of these as a desk."""
    side = ask.side
    for need in seen[:limit]:
        ask.note_given(need.concerned)
    items = [item_of(need, side) for need in seen[:limit]]
    counts = dict(Counter(need.part.name.lower() for need in seen))
    return DeskNow(utc_text(at_us), items, counts, len(seen) - len(items))


def item_of(need: Need, side: Side) -> DeskItem:
    """A need as it is answered."""
    lines = [alert.line for id in need.alerts if (alert := side.alerts.held(id)).key == need.key]
    zone = zone_name(side, need.zone) if need.zone else ""
    text = of_need(need, msgspec.json.decode(lines[-1]) if lines else None, zone)
    return DeskItem(
        need.matter, need.part.name.lower(), need.rank.name.lower(), need.key, dict(need.params), need.urgency, _text(need.since_us),
        _text(need.due_us), PointsTo(need.points.value, need.id), list(need.alerts), need.assigned_to,
        [_deed(deed) for deed in need.done], None if need.next is None else _next(need.next), need.zone, zone, need.subject,
        names_of(side, need.subject), need.feed, need.message, need.peer, need.agreement, need.of_party, text,
    )  # fmt: skip


def _deed(deed: Deed) -> DeedView:
    return DeedView(deed.what, deed.by, utc_text(deed.at_us), deed.words, deed.to, deed.step)


def _next(found: NextStep) -> NextStepView:
    if found.prompt is None:
        return NextStepView(found.agreement, "", "", "", None, found.exhausted)
    step = found.prompt.step
    since = utc_text(found.prompt.since_us)
    return NextStepView(found.agreement, step.key, step.words, step.channel, since, found.exhausted)


def _text(at_us: int | None) -> str | None:
    return None if at_us is None else utc_text(at_us)


async def desk(ask: Ask[DeskAsked, None]) -> Answer:
    """What needs a person now, the most urgent first: each with why, since when, what was done by whom, and what was agreed to come next.

    Worked out when it is asked; nothing leaves it but by what a person does, or because what it says holds no longer. What you may not see is
    not in it and not counted."""
    ask.must(Action.READ)
    at_us = ask.desk.now_us()
    return Answer(desk_of(ask, needs_seen(ask, at_us), at_us, ask.items_of(ask.query.limit)))


ROUTES = (Route("GET", "/v1/desk", desk, "watch", gives=DeskNow, query=DeskAsked, problems=(403,)),)

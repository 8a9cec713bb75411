"""Alerts: what is open, what became of it, and what somebody does about it. Nothing clears itself."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from keepclear.api.asking import Answer, Ask, Route, ToldId, check_known, told_id
from keepclear.api.paging import Exercise, Page, Paged, page_of
from keepclear.api.problems import not_here
from keepclear.api.tracks import NameView, Subject, ZoneId, names_of
from keepclear.api.zones import Done, KnownAt, Sided, done, side_known_at
from keepclear.ground.instants import utc_text
from keepclear.node.alert_book import AlertStep, LiveAlert
from keepclear.node.events import AlertAcknowledged, AlertAssigned, AlertCleared
from keepclear.node.side import Side
from keepclear.parties.parties import Action
from keepclear.render.keys import params_of
from keepclear.render.sentences import NOT_PERMISSION
from keepclear.render.told import ALERT_KEYS, sentence_of

Words = Annotated[str, Meta(max_length=2_000)]


class AlertState(StrEnum):
    """Which alerts: in one of the four states, or those that are not cleared."""

    RAISED = "raised"
    ACKNOWLEDGED = "acknowledged"
    ASSIGNED = "assigned"
    CLEARED = "cleared"
    OPEN = "open"


class AlertsAsked(Paged, frozen=True):
    """Which alerts."""

    state: AlertState | None = None
    key: (
        Annotated[str, Meta(max_length=64, description="kind of alert: entered, approach, feed_silent, ...")] | None
    ) = None
    zone: ZoneId | None = None
    subject: Subject | None = None
    known_at: KnownAt | None = None


class AlertAsked(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Which side, and as known when."""

    exercise: Exercise | None = None
    known_at: KnownAt | None = None


class Acknowledging(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Somebody has seen it. `note`: in their words, if they have any."""

    note: Words = ""


class Assigning(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Who is to look after it."""

    to: Annotated[str, Meta(min_length=1, max_length=64)]
    note: Words = ""


class AssigneeView(msgspec.Struct, frozen=True):
    """Somebody who may look after an alert."""

    user: str
    role: str


class Assignees(msgspec.Struct, frozen=True):
    """Everybody who may look after an alert, by id."""

    items: list[AssigneeView]


class Clearing(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Why nothing more is to be done about it."""

    reason: Annotated[str, Meta(min_length=1, max_length=2_000)]


class StepView(msgspec.Struct, frozen=True):
    """What somebody did about an alert, and the state it left it in."""

    state: str
    by: str
    at: str
    words: str
    to: str


class AlertView(msgspec.Struct, frozen=True):
    """An alert: the line that raised it or repeats it newest, as it stands in the record, a sentence, and its life.

    params   what the sentence is made of in any language; docs/reference/keys.md has those of each key"""

    id: str
    key: str
    urgency: str
    state: str
    raised_at: str
    last_at: str
    repeats: int
    assigned_to: str
    subject: str
    zone: str
    feed: str
    names: list[NameView]
    message: str
    peer: str
    agreement: str
    of_party: str
    params: dict[str, Any]
    text: str
    line: msgspec.Raw
    steps: list[StepView]


class Alerts(Page[AlertView], frozen=True):
    """Alerts, oldest first. That something is not foreseen is no verdict on anybody."""

    note: str = NOT_PERMISSION


def alert_view(alert: LiveAlert, side: Side) -> AlertView:
    """An alert as it is answered."""
    said = msgspec.json.decode(alert.line)
    text = sentence_of(said, zone_name(side, alert.zone))
    return AlertView(
        alert.id, alert.key, alert.urgency, alert.state, utc_text(alert.raised_at_us), utc_text(alert.last_at_us), alert.repeats,
        alert.assigned_to, alert.subject, alert.zone, alert.feed, names_of(side, alert.subject),
        alert.message, alert.peer, alert.agreement, alert.of_party, params_of(said), text,
        msgspec.Raw(alert.line.encode()), [_step(step) for step in alert.steps],
    )  # fmt: skip


def _step(step: AlertStep) -> StepView:
    return StepView(step.state, step.by, utc_text(step.at_us), step.words, step.to)


def zone_name(side: Side, zone: str) -> str:
    """What a zone is called; its id where it is watched no more."""
    found = side.watch.zones_in_force().get(zone)
    return zone if found is None else found.label


def _place(alert: LiveAlert) -> ToldId:
    return told_id("alert", alert.id)


async def alerts(ask: Ask[AlertsAsked, None]) -> Answer:
    """All alerts that are open, and the newest of those that were cleared; the older ones are in the record.

    A zone that there never was, or that you may not see, is answered with 404; one that has ended still has its alerts."""
    query = ask.query
    check_known("key", query.key, ALERT_KEYS)
    side = await side_known_at(ask, query.known_at)
    ask.must_know_zone(query.zone)
    after = (-1, -1) if query.after is None else told_id("after", query.after)
    wanted = {"key": query.key, "zone": query.zone, "subject": query.subject}

    def shown(alert: LiveAlert) -> Callable[[], AlertView] | None:
        fits = all(value is None or getattr(alert, name) == value for name, value in wanted.items())
        is_open = query.state is AlertState.OPEN and alert.is_open
        if not fits or not (query.state is None or is_open or alert.state == query.state):
            return None
        return ask.given(ask.node.concerned(alert, side), lambda: alert_view(alert, side))

    behind = sorted((alert for alert in side.alerts if _place(alert) > after), key=_place)
    page = page_of(behind, ask.items_of(query.limit), shown=shown, cursor=lambda alert: alert.id)
    return Answer(Alerts(page.items, page.next))


async def alert(ask: Ask[AlertAsked, None]) -> Answer:
    """One alert and its life."""
    side = await side_known_at(ask, ask.query.known_at)
    found = _held(ask, side)
    return Answer(alert_view(found, side))


def _held(ask: Ask[Any, Any], side: Side, action: Action | None = None) -> LiveAlert:
    """The alert of the address, if it is visible and `action` may be taken."""
    alert_id = ask.path["alert"]
    found = next((alert for alert in side.alerts if alert.id == alert_id), None)
    if found is None or not ask.sees(ask.node.concerned(found, side)):
        raise not_here("alert", alert_id)
    if action is not None:
        ask.must(action, *ask.node.concerned(found, side))
    return found


async def acknowledge(ask: Ask[Sided, Acknowledging]) -> Answer:
    """Somebody has seen an alert and says so."""
    alert = _held(ask, ask.side, Action.ACKNOWLEDGE_ALERT)
    return await ask.give(AlertAcknowledged(alert.id, ask.body.note), done)


async def assign(ask: Ask[Sided, Assigning]) -> Answer:
    """Somebody is to look after an alert: a user who may see it, and acknowledge it."""
    alert = _held(ask, ask.side, Action.ASSIGN_ALERT)
    return await ask.give(AlertAssigned(alert.id, ask.body.to, ask.body.note), done)


async def assignees(ask: Ask[Sided, None]) -> Answer:
    """Who may look after an alert: users of this node who may see it, and acknowledge it. For those who may assign it."""
    alert = _held(ask, ask.side, Action.ASSIGN_ALERT)
    return Answer(Assignees([AssigneeView(user.id, user.role) for user in ask.node.assignees(alert, ask.side)]))


async def clear(ask: Ask[Sided, Clearing]) -> Answer:
    """Nothing more is to be done about an alert, for a reason that stands in the record."""
    alert = _held(ask, ask.side, Action.CLEAR_ALERT)
    return await ask.give(AlertCleared(alert.id, ask.body.reason), done)


def _doing(path: str, does: Any, body: Any) -> Route:
    return Route(
        "POST", f"/v1/alerts/{{alert}}/{path}", does, "alerts", gives=Done, query=Sided, bodies={"application/json": body}, problems=(403, 404),
    )  # fmt: skip


ROUTES = (
    Route("GET", "/v1/alerts", alerts, "alerts", gives=Alerts, query=AlertsAsked, problems=(404,)),
    Route("GET", "/v1/alerts/{alert}", alert, "alerts", gives=AlertView, query=AlertAsked, problems=(404,)),
    Route(
        "GET", "/v1/alerts/{alert}/assignees", assignees, "alerts", gives=Assignees, query=Sided, problems=(403, 404)
    ),
    _doing("acknowledge", acknowledge, Acknowledging),
    _doing("assign", assign, Assigning),
    _doing("clear", clear, Clearing),
)

"""The life of an alert: raised, repeated, acknowledged, assigned, cleared with a reason. Nothing clears itself.

    state          acknowledge     assign      clear       the watch says it again
    raised         acknowledged    assigned    cleared     counted as a repeat
    acknowledged   refused         assigned    cleared     a new alert
    assigned       acknowledged    assigned    cleared     a new alert
    cleared        refused         refused     refused     a new alert

An alert that somebody has seen is about what was known then: when the watch says the same again, that is news.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from keepclear.ground.errors import Refused
from keepclear.ground.words import words_checked

CLEARED_KEPT_MAX = 1_000
OPEN_MAX = 20_000
STEPS_KEPT_MAX = 50

RAISED, ACKNOWLEDGED, ASSIGNED, CLEARED = "raised", "acknowledged", "assigned", "cleared"
# What a person may do in which state; what is not here is refused.
STEPS = {
    "acknowledge": {RAISED: ACKNOWLEDGED, ASSIGNED: ACKNOWLEDGED},
    "assign": {RAISED: ASSIGNED, ACKNOWLEDGED: ASSIGNED, ASSIGNED: ASSIGNED},
    "clear": {RAISED: CLEARED, ACKNOWLEDGED: CLEARED, ASSIGNED: CLEARED},
}


class AlertStep(msgspec.Struct, frozen=True):
    """What somebody did about an alert: the state it left it in, who, when, and their words."""

    state: str
    by: str
    at_us: int
    words: str = ""
    to: str = ""


class LiveAlert(msgspec.Struct):
    """An alert and what has become of it.

    id           of the line that raised it
    line         that line, or the newest that repeats it
    repeats      how often the watch has said it again, before anybody acknowledged
    assigned_to  user who is to look after it; "" nobody
    steps        the newest of what was done about it; all are in the record"""

    id: str
    key: str
    urgency: str
    raised_at_us: int
    last_at_us: int
    line: str
    subject: str = ""
    zone: str = ""
    feed: str = ""
    message: str = ""
    peer: str = ""
    agreement: str = ""
    of_party: str = ""
    state: str = RAISED
    repeats: int = 0
    assigned_to: str = ""
    steps: list[AlertStep] = []

    @property
    def about(self) -> tuple[str, ...]:
        """What makes a second alert a repeat of this one."""
        return (
            self.key, self.subject, self.zone, self.feed, self.message, self.peer, self.agreement, self.of_party,
        )  # fmt: skip

    @property
    def is_open(self) -> bool:
        """Whether something may be left to do about it."""
        return self.state != CLEARED


class AlertBook:
    """All open alerts, and the newest of those that were cleared; the older ones are in the record.

    not_held  alerts that were told while too many were open: they stand in the record, and nothing can be done about them here"""

    def __init__(self, alerts: Iterable[LiveAlert] = (), not_held: int = 0) -> None:
        self.not_held = not_held
        self._alerts = {alert.id: alert for alert in alerts}
        self._unseen = {alert.about: alert.id for alert in self._alerts.values() if alert.state == RAISED}
        self._cleared = [alert.id for alert in self._alerts.values() if not alert.is_open]

    def __iter__(self) -> Iterator[LiveAlert]:
        return iter(self._alerts.values())

    def state(self) -> list[LiveAlert]:
        """Everything that is held, cleared ones last in the order they were cleared."""
        return [alert for alert in self._alerts.values() if alert.is_open] + [self._alerts[id] for id in self._cleared]

    def raised(self, alert: LiveAlert) -> tuple[LiveAlert, bool]:
        """Takes a new alert in; gives the alert that now stands for it, and whether it is a new one."""
        held = self._alerts.get(self._unseen.get(alert.about, ""))
        if held is not None:
            held.repeats += 1
            held.last_at_us, held.line, held.urgency = alert.last_at_us, alert.line, alert.urgency
            return held, False
        if len(self._alerts) - len(self._cleared) >= OPEN_MAX:
            self.not_held += 1
            return alert, True
        self._alerts[alert.id] = alert
        self._unseen[alert.about] = alert.id
        return alert, True

    def check(self, what: str, alert_id: str, words: str) -> LiveAlert:
        """The alert of this id, if `what` ("acknowledge", "assign", "clear") can be done about it; raises `Refused`."""
        alert = self.held(alert_id)
        if what == "clear" and not words.strip():
            raise Refused(
                "alert.no_reason", "An alert is cleared with a reason", mend="Say in a few words why.", where="$.reason"
            )
        words_checked(words, "$.reason" if what == "clear" else "$.note")
        if alert.state not in STEPS[what]:
            whose = alert.steps[-1]
            raise Refused(
                f"alert.is_{alert.state}", f"This alert is {alert.state} already", value=f"{alert_id}, by {whose.by}",
                mend="Read it again before you act." if alert.is_open else "A cleared alert stays as it is.",
            )  # fmt: skip
        return alert

    def held(self, alert_id: str) -> LiveAlert:
        """The alert of this id; raises `Refused` if none is held."""
        alert = self._alerts.get(alert_id)
        if alert is None:
            raise Refused(
                "alert.unknown", "No such alert is open", value=alert_id, mend="The list of alerts has their ids."
            )
        return alert

    def step(self, what: str, alert: LiveAlert, by: str, at_us: int, words: str, to: str = "") -> AlertStep:
        """Does what `check` allowed."""
        step = AlertStep(STEPS[what][alert.state], by, at_us, words, to)
        alert.state = step.state
        alert.steps = [*alert.steps, step][-STEPS_KEPT_MAX:]
        if what == "assign":
            alert.assigned_to = to
        if self._unseen.get(alert.about) == alert.id:
            del self._unseen[alert.about]
        if not alert.is_open:
            self._cleared.append(alert.id)
            for old in self._cleared[:-CLEARED_KEPT_MAX]:
                del self._alerts[old]
            del self._cleared[:-CLEARED_KEPT_MAX]
        return step

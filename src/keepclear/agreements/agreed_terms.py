"""What an agreement fixes as data, beside the terms of its zones: what is notified and how long before, when calls are due, which
measures it foresees in which order, whom to try next, by which channels.

All of it differs from one agreement to the next, so none of it is code. Nothing here is proposed or timed by software: a ladder is
there to be read, an escalation path to be prompted from, and a person takes each step. Durations are whole microseconds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import msgspec

from keepclear.ground.errors import LimitExceeded, Refused
from keepclear.ground.instants import EPOCH, MICROSECOND, us_of, zone_named
from keepclear.ground.words import words_checked
from keepclear.parties.ids import id_checked

EACH_MAX = 256
LEAD_US_MAX = 366 * 86_400_000_000
CALL_DAYS_MAX = 400
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_DIGEST = re.compile(r"[0-9a-f]{64}")


class _Term(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One entry of a list of terms."""


class Activity(_Term, frozen=True):
    """A kind of activity that the parties notify to each other.

    lead_us    how long before it begins the notice is to be there; None: no time is set
    urgent_us  the same where the notice is marked urgent; None: the terms know no urgent notice of it"""

    key: str
    words: str
    lead_us: int | None = None
    urgent_us: int | None = None


class DayOff(_Term, frozen=True):
    """A day on which a call is not held, as YYYY-MM-DD in the zone of the call, and why."""

    day: str
    words: str


class Calls(_Term, frozen=True):
    """A call that is held again and again: at this time of the clock of `zone`, on these days (1 is Monday, 7 Sunday)."""

    channel: str
    at: str
    zone: str
    weekdays: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7)
    days_off: tuple[DayOff, ...] = ()


class Line(_Term, frozen=True):
    """A channel that the agreement sets up: what it is called, and what it is, in words."""

    id: str
    words: str


class Rung(_Term, frozen=True):
    """One measure of the ladder that was agreed; the first is the mildest."""

    key: str
    words: str


class Resort(_Term, frozen=True):
    """Whom to try next when nobody answers: after how long, by which channel. A person decides to."""

    after_us: int
    whom: str
    channel: str = ""


class ZoneTerm(_Term, frozen=True):
    """A zone of the agreement: its id, the SHA-256 of its definition, and the words of the agreement for it."""

    id: str
    digest: str
    words: str


class AgreedTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The terms of one version of an agreement."""

    activities: tuple[Activity, ...] = ()
    calls: tuple[Calls, ...] = ()
    channels: tuple[Line, ...] = ()
    ladder: tuple[Rung, ...] = ()
    escalation: tuple[Resort, ...] = ()
    zones: tuple[ZoneTerm, ...] = ()

    def lead_us(self, activity: str, *, urgent: bool = False) -> int | None:
        """How long before an activity its notice is to be there; None where the terms say nothing of it.

        An urgent notice of what the terms know no urgent notice of has the ordinary time."""
        for one in self.activities:
            if one.key == activity:
                return one.urgent_us if urgent and one.urgent_us is not None else one.lead_us
        return None


class DueCall(NamedTuple):
    """A call of the schedule; `day_off` says why it is not held, "" that it is."""

    at_us: int
    channel: str
    day_off: str = ""


def calls_due(calls: Iterable[Calls], from_us: int, until_us: int) -> tuple[DueCall, ...]:
    """The calls of these schedules from `from_us` up to, not including, `until_us`, in order; days off are among them, with their reason.

    Where a clock change makes the time double the first counts; where it makes it impossible, the instant that the clock would have
    shown without the change."""
    if until_us - from_us > CALL_DAYS_MAX * 86_400_000_000:
        raise LimitExceeded("calls.too_long", f"A schedule is written out for at most {CALL_DAYS_MAX} days")
    due = []
    for schedule in calls:
        zone = zone_named(schedule.zone)
        off = {one.day: one.words for one in schedule.days_off}
        hour, minute = int(schedule.at[:2]), int(schedule.at[3:])
        day = (EPOCH + from_us * MICROSECOND).date() - timedelta(days=1)
        last = (EPOCH + until_us * MICROSECOND).date() + timedelta(days=1)
        while day <= last:
            local = datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone)
            at_us = us_of(local.astimezone(UTC))
            if day.isoweekday() in schedule.weekdays and from_us <= at_us < until_us:
                due.append(DueCall(at_us, schedule.channel, off.get(day.isoformat(), "")))
            day += timedelta(days=1)
    return tuple(sorted(due))


def terms_checked(terms: AgreedTerms, where: str) -> AgreedTerms:
    """The terms, if they can be; raises `Refused` with the place."""
    for name in ("activities", "calls", "channels", "ladder", "escalation", "zones"):
        entries = getattr(terms, name)
        if len(entries) > EACH_MAX:
            what = f"A list of terms has at most {EACH_MAX} entries"
            raise LimitExceeded("terms.too_many", what, value=len(entries), where=f"{where}.{name}")
        for number, entry in enumerate(entries):
            _check(entry, f"{where}.{name}[{number}]")
    for name, key in (("activities", "key"), ("channels", "id"), ("ladder", "key"), ("zones", "id")):
        _refuse_twice([getattr(entry, key) for entry in getattr(terms, name)], f"{where}.{name}")
    lines = {line.id for line in terms.channels}
    used = [(f"calls[{number}]", call.channel) for number, call in enumerate(terms.calls)]
    used += [(f"escalation[{number}]", step.channel) for number, step in enumerate(terms.escalation) if step.channel]
    for at, channel in used:
        if channel not in lines:
            mend = "Add it to channels, or name one that is there."
            what = "The terms set up no such channel"
            raise Refused("terms.no_such_channel", what, value=channel, mend=mend, where=f"{where}.{at}.channel")
    return terms


def _check(entry: _Term, at: str) -> None:
    match entry:
        case Activity():
            id_checked(entry.key, f"{at}.key")
            for name, span_us in (("lead_us", entry.lead_us), ("urgent_us", entry.urgent_us)):
                if span_us is not None and not 0 <= span_us <= LEAD_US_MAX:
                    raise Refused(
                        "terms.lead", "A lead time is from 0 to 366 days", value=span_us, where=f"{at}.{name}"
                    )
            if entry.urgent_us is not None and (entry.lead_us is None or entry.urgent_us > entry.lead_us):
                raise Refused("terms.lead", "An urgent notice has no shorter time than others", where=f"{at}.urgent_us")
        case Calls():
            id_checked(entry.channel, f"{at}.channel")
            zone_named(entry.zone)
            if not _CLOCK.fullmatch(entry.at):
                mend = "Write for example 09:00."
                raise Refused("terms.clock", "This is no time of a clock", value=entry.at, mend=mend, where=f"{at}.at")
            if not entry.weekdays or list(entry.weekdays) != sorted(set(entry.weekdays) & set(range(1, 8))):
                mend = "Write each day once, in order: 1 is Monday, 7 Sunday."
                raise Refused(
                    "terms.weekdays", "These are no days of the week", value=entry.weekdays, mend=mend, where=at
                )
            for number, off in enumerate(entry.days_off):
                _check_day(off, f"{at}.days_off[{number}]")
        case Line():
            id_checked(entry.id, f"{at}.id")
        case Rung():
            id_checked(entry.key, f"{at}.key")
        case Resort():
            words_checked(entry.whom, f"{at}.whom")
            if not entry.whom or not 0 <= entry.after_us <= LEAD_US_MAX:
                raise Refused("terms.escalation", "A step says whom to try, and after how long", where=at)
        case ZoneTerm():
            id_checked(entry.id, f"{at}.id")
            if not _DIGEST.fullmatch(entry.digest):
                raise Refused(
                    "terms.zone", "A zone is cited by the SHA-256 of its definition", value=entry.digest, where=at
                )
    words_checked(getattr(entry, "words", ""), f"{at}.words")


def _check_day(off: DayOff, at: str) -> None:
    words_checked(off.words, f"{at}.words")
    try:
        written = date.fromisoformat(off.day).isoformat()
    except ValueError as error:
        raise Refused("terms.day", f"This is no day ({error})", value=off.day, where=f"{at}.day") from error
    if written != off.day or not off.words:
        mend = 'Write for example 2017-06-25, and why: "feast day".'
        raise Refused("terms.day", "A day off is a date and a reason", value=off.day, mend=mend, where=at)


def _refuse_twice(keys: list[str], where: str) -> None:
    for number, key in enumerate(keys):
        if key in keys[:number]:
            raise Refused("terms.twice", "Two entries have one name", value=key, where=f"{where}[{number}]")

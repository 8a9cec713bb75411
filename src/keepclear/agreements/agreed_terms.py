"""What an agreement fixes as data, beside the terms of its zones: what is notified and how long before, when calls are due, which
measures it foresees in which order, whom to try next, by which channels.

All of it differs from one agreement to the next, so none of it is code. Nothing here is proposed or timed by software: a ladder is
there to be read, an escalation path to be prompted from, and a person takes each step. Durations are whole microseconds.
"""

from __future__ import annotations

import msgspec

from keepclear.ground.canon import SHA256_HEX
from keepclear.ground.errors import LimitExceeded, Refused
from keepclear.ground.hours import DAY_US, Calendar, Times, calendar_checked, times_checked
from keepclear.ground.words import said_checked, words_checked
from keepclear.parties.ids import id_checked

EACH_MAX = 256
LEAD_US_MAX = 366 * DAY_US
WAIT_US_MAX = 7 * DAY_US


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


class Calls(_Term, frozen=True):
    """A call that is held again and again, by the clock of the calendar's zone; on its days off there is none.

    grace_us  how long after it is due it still counts as in time
    hold_us   how long somebody may be kept waiting on the line before a person is told; None: nothing was agreed"""

    channel: str
    times: tuple[Times, ...]
    calendar: Calendar
    grace_us: int
    hold_us: int | None = None


class AgreedChannel(_Term, frozen=True):
    """A channel that the agreement sets up: what it is called, and what it is, in words."""

    id: str
    words: str


class Rung(_Term, frozen=True):
    """One measure of the ladder that was agreed; the first is the mildest."""

    key: str
    words: str


class Step(_Term, frozen=True):
    """One step of the agreed way when nobody answers, and how long it is given before the next. A person takes it.

    channel  by which of the channels; "": by none of them"""

    key: str
    words: str
    wait_us: int = 0
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
    channels: tuple[AgreedChannel, ...] = ()
    ladder: tuple[Rung, ...] = ()
    escalation: tuple[Step, ...] = ()
    zones: tuple[ZoneTerm, ...] = ()

    def lead_us(self, activity: str, *, urgent: bool = False) -> int | None:
        """How long before an activity its notice is to be there; None where the terms say nothing of it.

        An urgent notice of what the terms know no urgent notice of has the ordinary time."""
        for one in self.activities:
            if one.key == activity:
                return one.urgent_us if urgent and one.urgent_us is not None else one.lead_us
        return None


def terms_checked(terms: AgreedTerms, where: str) -> AgreedTerms:
    """The terms, if they can be; raises `Refused` with the place."""
    for name in ("activities", "calls", "channels", "ladder", "escalation", "zones"):
        entries = getattr(terms, name)
        if len(entries) > EACH_MAX:
            what = f"A list of terms has at most {EACH_MAX} entries"
            raise LimitExceeded("terms.too_many", what, value=len(entries), where=f"{where}.{name}")
        for number, entry in enumerate(entries):
            _check(entry, f"{where}.{name}[{number}]")
    for name, key in (
        ("activities", "key"),
        ("channels", "id"),
        ("ladder", "key"),
        ("escalation", "key"),
        ("zones", "id"),
    ):
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
            calendar_checked(entry.calendar, f"{at}.calendar")
            times_checked(entry.times, f"{at}.times")
            for name, span_us in (("grace_us", entry.grace_us), ("hold_us", entry.hold_us)):
                if span_us is not None and not 0 <= span_us <= WAIT_US_MAX:
                    raise Refused("terms.wait", "A wait is from 0 to 7 days", value=span_us, where=f"{at}.{name}")
        case AgreedChannel():
            id_checked(entry.id, f"{at}.id")
        case Rung():
            id_checked(entry.key, f"{at}.key")
            said_checked(entry.words, f"{at}.words")
        case Step():
            id_checked(entry.key, f"{at}.key")
            said_checked(entry.words, f"{at}.words")
            if not 0 <= entry.wait_us <= WAIT_US_MAX:
                raise Refused("terms.wait", "A wait is from 0 to 7 days", value=entry.wait_us, where=f"{at}.wait_us")
        case ZoneTerm():
            id_checked(entry.id, f"{at}.id")
            if not SHA256_HEX.fullmatch(entry.digest):
                raise Refused(
                    "terms.zone", "A zone is cited by the SHA-256 of its definition", value=entry.digest, where=at
                )
    words_checked(getattr(entry, "words", ""), f"{at}.words")


def _refuse_twice(keys: list[str], where: str) -> None:
    for number, key in enumerate(keys):
        if key in keys[:number]:
            raise Refused("terms.twice", "Two entries have one name", value=key, where=f"{where}[{number}]")

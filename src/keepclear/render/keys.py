"""Every key that a client words for itself, and the parameters that come with it: what translators work from.

The lists of keys are those of the modules that make them; here stands what each parameter is. `docs/reference/keys.md` and `keys.json` are
written from this by `scripts/paste_keys.py`.

    text      somebody's own words, shown as they are; never translated, never markup
    id        an id, or the name of a subject or a source
    key:G     one word of the group G; keys:G several, as a list or with ", " between them
    instant   RFC 3339 in UTC; null where it is not known
    s, m, deg, count, bytes, share   numbers: seconds, metres, degrees, how many, bytes, 0 to 1
    flag      true or false
    data      structured, as the description of the doors has it
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum

from keepclear.agreements import agreement, depending, in_force
from keepclear.channel import calls, checks, facts, measures, messages, standing, statements
from keepclear.geo.suspicions import Doubt
from keepclear.node import alert_book, needs, shifts
from keepclear.parties import parties, roster
from keepclear.render import sentences, talk_sentences, told
from keepclear.watch import events, presence

Params = Mapping[str, str]

_WHY = {"why": "key:why", "party": "id", "detail": "text"}
_SIGHT = {"p_inside": "share", "edge_m": "m", "edge_far_m": "m"}
_SEEN = {
    "zone_name": "text", "what": "key:presence", "cause": "key:cause", "seen_at": "instant", **_SIGHT, **_WHY, "error_assumed": "flag",
    "source": "text", "grading": "text", "count_min": "count", "count_max": "count", "count_words": "text", "flags": "keys:flag",
}  # fmt: skip
_AHEAD = {"soonest_s": "s", "expected_s": "s", "latest_s": "s"}
_SPAN = {"zone_name": "text", "since_at": "instant", "seen_at": "instant"}
_ABOUT_MESSAGE = {
    "from": "id", "to": "id", "addressee": "id", "marker": "key:marker", "urgency": "key:urgency", "about": "text", "answers": "id",
    "supersedes": "id", "due_at": "instant",
}  # fmt: skip
_MANNED = {
    "zone_name": "text", "known_min": "count", "needed": "count", "by": "text", "subjects": "text", "lost": "text", "since_at": "instant",
}  # fmt: skip

# Every alert may have `repeats`, a count.
ALERTS: Mapping[str, Params] = {
    "approach": _SEEN | _AHEAD,
    "entered": _SEEN,
    "left": _SEEN,
    "lost": _SEEN,
    "found": _SEEN,
    "dwell": {"zone_name": "text", "inside_s": "s", "limit_s": "s", "last_seen_at": "instant", **_WHY},
    "was_inside": {"zone_name": "text", "seen_at": "instant", "known_at": "instant", **_SIGHT, **_WHY},
    "no_longer_foreseen": {"zone_name": "text", "seen_at": "instant", "where": "key:where", **_SIGHT, **_WHY},
    "massing": _SPAN | {
        "rise_min": "count", "before_max": "count", "now_min": "count", "where": "key:where", "subject_count": "count",
        "arrived_count": "count", "arrived": "text", "parties": "text", "unattributed_count": "count", "sources": "text",
    },
    "circling": _SPAN | {
        "swept_deg": "deg", "swept_deg_min": "deg", "direction": "key:direction", "nearest_m": "m", "reports": "count", "sources": "text",
    },
    "patrol": _SPAN | {"way_m_min": "m", "farthest_m": "m", "nearest_m": "m", "reports": "count", "sources": "text"},
    "closing": _SPAN | {"subjects": "text", "subject_count": "count", "nearer_m_min": "m", "sources": "text"},
    "unobserved": {"zone_name": "text", "since_at": "instant", "every_s": "s", "last_source": "text"},
    "observed_again": _SPAN | {"gap_s": "s"},
    "unheard": {"zone_name": "text", "since_at": "instant", "every_s": "s", "last_source": "text"},
    "heard_again": _SPAN | {"gap_s": "s"},
    "unmanned": _MANNED | {"limit_s": "s"},
    "manned_again": _MANNED | {"seen_at": "instant"},
    "no_longer_follows": _SPAN | {"pattern": "key:alert"},
    "feed_silent": {"source": "text", "last_heard_at": "instant", "silent_after_s": "s"},
    "feed_heard_again": {"source": "text"},
    "feed_disconnected": {"source": "text", "why": "text"},
    "feed_overloaded": {"source": "text", "rows": "count", "since_at": "instant"},
    "message_came": _ABOUT_MESSAGE,
    "message_unconfirmed": _ABOUT_MESSAGE | {"next_step": "data"},
    "reply_overdue": _ABOUT_MESSAGE,
    "read_back_differs": _ABOUT_MESSAGE,
    "peer_contradicts_itself": {
        "what": "key:contradiction", "series": "count", "number": "count", "digests": "data", "size": "count", "epoch": "count",
        "told_by": "id", "notes": "data", "growth": "data",
    },
    "peer_refuses_us": {"refusal": "key:refusal", "says": "text"},
    "agreement_changed": {"changes": "data"},
    "call_missed": {
        "due_at": "instant", "channel": "id", "missed": "count", "attempts": "keys:happened", "next_step": "data", "exhausted": "flag",
    },
    "nobody_in_reach": {"from_at": "instant", "until_at": "instant"},
    "stop_called": {"taken_by": "id", "words": "text", "missing": "keys:missing"},
}  # fmt: skip

_DESK_MESSAGE = {
    "from": "id", "to": "id", "addressee": "id", "author": "id", "marker": "key:marker", "urgency": "key:urgency", "about_kind": "id",
    "about_id": "id", "due_at": "instant", "valid_until_at": "instant",
}  # fmt: skip
# On the desk, besides alerts. Of an alert that is there too, the item has the parameters of one of the two.
CONDITIONS: Mapping[str, Params] = {
    "clock_behind": {"behind_s": "s"},
    "disk_low": {"free_bytes": "bytes", "least_bytes": "bytes"},
    "alerts_not_held": {"count": "count"},
    "link_down": {"why": "text", "failures": "count"},
    "peer_refuses_us": {"refusal": "key:refusal"},
    "message_asks": _DESK_MESSAGE,
    "message_to_pass_on": _DESK_MESSAGE,
    "message_owed": _DESK_MESSAGE,
    "message_stand_by": _DESK_MESSAGE,
    "message_claimed": _DESK_MESSAGE,
    "message_unconfirmed": _DESK_MESSAGE,
    "reply_overdue": _DESK_MESSAGE,
    "read_back_differs": _DESK_MESSAGE | {"ended": "key:ended", "ended_at": "instant"},
    "feed_silent": {"source": "text", "last_heard_at": "instant", "silent_after_s": "s", "why": "text"},
    "feed_disconnected": {"source": "text", "last_heard_at": "instant", "why": "text"},
    "call_due": {"due_at": "instant", "channel": "id", "grace_until_at": "instant"},
    "call_ahead": {"due_at": "instant", "channel": "id", "grace_until_at": "instant"},
    "nobody_in_reach": {"from_at": "instant", "until_at": "instant"},
    "nobody_in_reach_ahead": {"from_at": "instant", "until_at": "instant"},
    "stop_called": {"taken_by": "id", "words": "text", "missing": "keys:missing", "stops": "data"},
}

# Of the check of a message before it goes.
FINDINGS: Mapping[str, Params] = {
    "place.no_coordinates": {"name": "text"},
    "place.vague": {"text": "text"},
    "place.off_name": {"name": "text", "off_m": "m", "source": "text"},
    "place.off_relative": {"text": "text", "off_m": "m", "fact": "id"},
    "place.entered_otherwise": {"text": "text", "off_m": "m"},
    "place.suspicion": {"which": "key:suspicion", "off_m": "m", "doubt": "text"},
    "place.go_to_is_leave": {"fact": "id", "off_m": "m"},
    "place.go_to_near_leave": {"fact": "id", "off_m": "m"},
    "place.go_to_in_zone": {"inside_m": "m"},
    "quantity.no_unit": {"text": "text"},
    "quantity.across": {"text": "text"},
    "quantity.differs": {"text": "text", "stated": "text", "off_m": "m"},
    "quantity.pair": {"text": "text", "other": "text", "off_m": "m"},
    "time.no_zone": {"text": "text"},
    "time.unclear": {"text": "text", "why": "id"},
    "time.differs": {"text": "text"},
    "time.rollover": {"fact": "id", "here_day": "id", "there_day": "id", "here": "text", "there": "text"},
    "date.impossible": {"text": "text"},
    "date.weekday": {"text": "text", "weekday_number": "count", "weekday": "text"},
    "lead.short": {"given_s": "s", "short_s": "s", "short_us": "count", "given": "text", "short": "text"},
    "lead.no_begin": {},
    "marking.unsaid": {"missing_keys": "keys:marking", "missing": "text"},
    "translation.numbers": {"language": "id", "missing": "text", "added": "text"},
    "text.steers": {"marks": "text"},
    "text.invisible": {"marks": "text"},
    "text.mixed_scripts": {"word": "text"},
    "text.lookalike": {"text": "text", "name": "text"},
}

# Lines of the record as a thread and the log of a shift have them: kind of line, and its keys.
_SAID_OF = {
    "message": "id",
    "statement": "id",
    "act": "key:act",
    "of": "id",
    "said_by": "id",
    "evidence": "key:evidence",
}
# What a message is called by in a line about it.
_CALLED_BY = {
    "direction": "key:direction_of_message",
    "from": "id",
    "to": "id",
    "addressee": "id",
    "marker": "key:marker",
}
LINES: Mapping[str, Params] = {
    "presence": _SEEN | {
        "from": "key:state", "to": "key:state", "permitted": "flag", "lat": "deg", "lon": "deg", "urgency": "key:urgency",
        "attributed_by": "text", "confidence": "share", "error": "id",
    },
    "correction": {"of": "count", "action": "key:correction", "said": "data", "stands": "data", "late_report_seen_at": "instant"},
    "alert_step": {"alert": "id", "state": "key:alert_state", "by": "id", "to": "id", "words": "text"},
    "message": _ABOUT_MESSAGE | {"message": "id", "direction": "key:direction_of_message", "author": "id", "valid_until_at": "instant"},
    "statement": _SAID_OF | _CALLED_BY | {
        "said_at": "instant", "towards": "id", "person": "text", "carrier": "text", "within_s": "s", "differs": "flag",
    },
    "standing": {"message": "id", "was": "key:debt", "now": "key:debt", "mismatch": "flag", "late": "flag", **_CALLED_BY},
    "call": {
        "by": "id", "attempt": "id", "call": "id", "what": "key:happened", "said_by": "id", "due_at": "instant", "items": "count",
        "doubts": "data", "minute": "id", "agreed": "key:minute", "evidence": "key:evidence", "step": "id", "person": "text",
        "taken_by": "id", "words": "text", "missing": "keys:missing", "stop": "id", "answered": "keys:missing",
    },
    "measure": {"by": "id", "measure": "id", "rung": "id", "towards": "text"},
    "zone": {"zone_name": "text", "version": "count", "by": "id", "reason": "text"},
    "feed": {"state": "key:feed_state", "why": "text"},
    "name": {"name": "text"},
    "roster": {"by": "id", "focal": "id", "given_by": "text", "taken_by": "text"},
    "agreement": {"by": "id", "fact": "id", "what": "id", "said_by": "id", "claimed": "flag", "changes": "data"},
    "peer": {"by": "id", "why": "text", "since_at": "instant", "leads_to": "data", "note": "text", "size": "count", "epoch": "count"},
}  # fmt: skip


def _values(kind: type[Enum]) -> list[str]:
    return [str(one.value) for one in kind]


def _names(kind: Iterable[Enum]) -> list[str]:
    return [one.name.lower() for one in kind]


def slug(what: str) -> str:
    """A change of presence as a key: "left, still close" is left_still_close."""
    return what.replace(", ", "_").replace(" ", "_")


def words() -> dict[str, list[str]]:
    """Groups of words that parameters and fields are taken from; each word is translated once."""
    return {
        "act": _values(statements.Act),
        "alert": sorted(told.ALERT_KEYS),
        "alert_state": [alert_book.RAISED, alert_book.ACKNOWLEDGED, alert_book.ASSIGNED, alert_book.CLEARED],
        "because": list(BECAUSE),
        "call_doubt": [
            "interpreter.unvetted", "interpreter.none", "item.not_read_back", "item.read_back_otherwise", "item.place_named_otherwise",
            "item.place_not_named",
        ],
        "cause": _values(events.Cause),
        "change": _values(depending.What),
        "count": list(shifts.COUNTED),
        "contradiction": [*talk_sentences.CONTRADICTIONS, "growth_withheld"],
        "correction": _values(events.Action),
        "debt": _values(standing.Debt),
        "deed": ["acknowledged", "assigned", "cleared", "step_taken"],
        "direction": ["clockwise", "anticlockwise"],
        "direction_of_message": ["out", "in"],
        "evidence": _values(statements.Evidence),
        "feed_state": ["connected", "disconnected", "ended"],
        "flag": ["on_edge", "jump", "contradiction"],
        "happened": _values(calls.Happened),
        "language_level": _values(roster.Level),
        "line_kind": _values(roster.LineKind),
        "marker": _values(messages.Marker),
        "marking": list(checks.MARKINGS),
        "means": _values(statements.Means),
        "minute": _values(calls.Agreed),
        "ended": ["read_back_right", "superseded"],
        "missing": list(calls.StopForm("-", "-", 0).missing),
        "not_in_reach": _values(roster.WhyNot),
        "part": _names(needs.Part),
        "party_state": _values(in_force.State),
        "points_to": _values(needs.Points),
        "practice": _values(agreement.Practice),
        "presence": sorted(sentences.PRESENCE_WORDS),
        "rank": _names(needs.Rank),
        "refusal": ["card.ended", "envelope.signature", "peer.unknown"],
        "role": _values(parties.Role),
        "rung": _values(measures.How),
        "sensitivity": _names(parties.Sensitivity),
        "severity": _values(checks.Severity),
        "stance": _values(agreement.Stance),
        "state": _values(presence.State),
        "suspicion": _values(Doubt),
        "urgency": _values(messages.Urgency),
        "verdict": _values(facts.Verdict),
        "where": ["inside", "band"],
        "why": sorted(sentences.WHY_KEYS),
    }  # fmt: skip


# Why something stands in a thread; docs/spec/threads.md.
BECAUSE: Mapping[str, str] = {
    "of_the_pair": "it is about this subject at this zone",
    "named_alert": "a message of the thread names the alert",
    "of_an_alert": "it was done about an alert of the thread",
    "about_alert": "the message names an alert of the thread",
    "about_subject": "the message names the subject",
    "about_zone": "the message names the zone, at that time",
    "of_the_chain": "it answers, corrects or is about a message of the thread",
    "of_a_message": "it is about a message of the thread",
    "taken_up": "an item of the call names an alert or a message of the thread",
    "of_a_call": "it is a moment or a minute of a call of the thread",
    "towards_subject": "the measure names the subject",
    "ladder_of_zone": "the measure is a rung of a ladder that is agreed for the zone, towards or by a party of the thread, at that time",
    "place_in_zone": "coordinates that were given with it lie in the zone, at that time",
    "of_a_measure": "it was seen after a measure of the thread",
}


def all_keys() -> dict[str, object]:
    """Everything as plain values: alerts, conditions, findings, lines (each key to its parameters), words (group to its words)."""
    return {
        "alerts": {key: dict(ALERTS[key]) for key in sorted(ALERTS)},
        "conditions": {key: dict(CONDITIONS[key]) for key in sorted(CONDITIONS)},
        "findings": {key: dict(FINDINGS[key]) for key in sorted(FINDINGS)},
        "lines": {kind: dict(LINES[kind]) for kind in sorted(LINES)},
        "line_keys": LINE_KEYS,
        "words": words(),
    }


# What a line of each kind is called by: its key.
LINE_KEYS: Mapping[str, list[str]] = {
    "presence": sorted(slug(what) for what in sentences.PRESENCE_WORDS),
    "correction": _values(events.Action),
    "alert": sorted(told.ALERT_KEYS),
    "alert_step": [alert_book.ACKNOWLEDGED, alert_book.ASSIGNED, alert_book.CLEARED],
    "message": ["out", "in"],
    "statement": _values(statements.Act),
    "standing": _values(standing.Debt),
    "call": ["moment", "held", "minute", "minute_answered", "step", "stop", "stop_asked_on"],
    "measure": ["taken", "reaction"],
    "zone": ["agreed", "ended"],
    "feed": ["connected", "disconnected", "ended"],
    "name": ["named"],
    "roster": ["set", "handed_over"],
    "agreement": ["stated", "time"],
    "peer": sorted(talk_sentences.PEER_ACTIONS),
}

_KEY_OF = {
    "presence": "what", "alert": "key", "alert_step": "state", "message": "direction", "statement": "act", "standing": "now", "feed": "state",
}  # fmt: skip
_NOT_PARAMS = frozenset(
    {"event", "at", "seq", "subject", "zone", "feed", "exercise", "peer", "agreement", "of_party", "key", "alert"}
)


def key_of(said: Mapping[str, object]) -> str:
    """What a line of the record is called by among those of its kind."""
    kind = str(said["event"])
    if kind == "name":
        return "named"
    return slug(str(said.get(_KEY_OF.get(kind, "action"), "")))


def params_of(said: Mapping[str, object]) -> dict[str, object]:
    """The parameters of a line: those of an alert, and of any other line what is not about whom it is."""
    if said["event"] == "alert":
        params = dict(said["params"]) if isinstance(said["params"], Mapping) else {}
        return params | ({"repeats": said["repeats"]} if "repeats" in said else {})
    kept = {"alert"} if said["event"] == "alert_step" else set()
    return {name: value for name, value in said.items() if name not in _NOT_PARAMS - kept}

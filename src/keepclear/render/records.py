"""Events as records of the events file, version 1: flat, in SI units, instants as RFC 3339 text in UTC.

The format is promised in docs/spec/events.md. One record is one line; the same events give the same bytes.
"""

from __future__ import annotations

import json

from keepclear.ground.instants import utc_text
from keepclear.render import sentences
from keepclear.watch.events import Alert, Correction, Event, Parameter, Presence, Told

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False)

Record = dict[str, Parameter | dict[str, Parameter] | list[str] | None]


def line_of(event: Event, zone_name: str) -> str:
    """The event as one line of JSON, without the line break."""
    return _ENCODER.encode(record_of(event, zone_name))


def record_of(event: Event, zone_name: str) -> Record:
    """The event as a plain dictionary, keys in a fixed order."""
    if isinstance(event, Presence):
        return _presence(event, zone_name)
    if isinstance(event, Alert):
        return _alert(event)
    return _correction(event, zone_name)


def _presence(event: Presence, zone_name: str) -> Record:
    sight, claim = event.sight, event.claim
    record: Record = {
        "event": "presence", "seq": event.seq, "at": utc_text(event.at_us), "seen_at": utc_text(event.seen_at_us),
        "subject": event.subject, "zone": event.zone, "from": event.was, "to": event.now, "what": event.what, "cause": event.cause,
        "edge_m": _metres(sight.edge_mm), "p_inside": sight.p_inside_e4 / 10_000,
    }  # fmt: skip
    if sight.edge_far_mm != sight.edge_mm:
        record["edge_far_m"] = _metres(sight.edge_far_mm)
    if event.error_assumed:
        record["error"] = "assumed"
    record |= {
        "permitted": event.permission.permitted,
        "why": event.permission.why,
        "urgency": event.urgency,
        "lat": None if event.area else event.lat,
        "lon": None if event.area else event.lon,
    }
    if claim.attribution is not None:
        record |= {
            "party": claim.attribution.party,
            "attributed_by": claim.attribution.attributed_by or None,
            "confidence": claim.attribution.confidence,
        }
    if claim.count is not None:
        record |= {"count_min": claim.count.low, "count_max": claim.count.high, "count_words": claim.count.as_entered}
    if event.source:
        record["source"] = event.source
    if claim.grading:
        record["grading"] = claim.grading
    if event.flags:
        record["flags"] = list(event.flags)
    if claim.exercise:
        record["exercise"] = True
    return record | {"text": sentences.of_presence(event, zone_name)}


def _alert(event: Alert) -> Record:
    record: Record = {
        "event": "alert", "seq": event.seq, "at": utc_text(event.at_us), "key": event.key, "urgency": event.urgency,
        "subject": event.subject or None, "zone": event.zone, "of": event.of,
    }  # fmt: skip
    params: dict[str, Parameter] = {}
    for name, value in event.params.items():
        if name.endswith("_at_us") and isinstance(value, int):
            params[name.removesuffix("_us")] = utc_text(value)
        else:
            params[name] = value
    record["params"] = params
    if event.exercise:
        record["exercise"] = True
    return record | {"text": sentences.of_alert(event)}


def _correction(event: Correction, zone_name: str) -> Record:
    record: Record = {
        "event": "correction", "seq": event.seq, "at": utc_text(event.at_us), "of": event.of, "action": event.action,
        "subject": event.subject, "zone": event.zone, "said": _told(event.said), "stands": _told(event.stands),
        "late_report_seen_at": utc_text(event.late_seen_at_us),
    }  # fmt: skip
    if event.source:
        record["source"] = event.source
    if event.exercise:
        record["exercise"] = True
    return record | {"text": sentences.of_correction(event, zone_name)}


def _told(told: Told | None) -> dict[str, Parameter] | None:
    if told is None:
        return None
    return {
        "seen_at": utc_text(told.seen_at_us), "from": told.was, "to": told.now,
        "edge_m": _metres(told.sight.edge_mm), "p_inside": told.sight.p_inside_e4 / 10_000,
    }  # fmt: skip


def _metres(length_mm: int | None) -> float | None:
    return None if length_mm is None else length_mm / 1000

"""Events as lines of JSON without words for people: flat, in SI units, instants as RFC 3339 text in UTC.

These are the lines of the events file (docs/spec/events.md) but for `text`, which is made from the same members at the edge. A
node keeps them in its record, so that what was concluded can be proven in any language. The same events give the same bytes.
A run may have a line for every ten rows it reads: each is written in one go, without a dictionary in between.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from json.encoder import encode_basestring as quoted
from types import NoneType
from typing import Any

from keepclear.ground.instants import utc_text
from keepclear.tracks.observations import Claim
from keepclear.watch.events import Alert, Correction, Event, Parameter, Presence, Told

# What is of a kind between these, such as a word of an enumeration, is left to the encoder.
_PLAIN: dict[type, Callable[[Any], str]] = {
    str: quoted,
    int: repr,
    float: repr,
    bool: {False: "false", True: "true"}.__getitem__,
    NoneType: {None: "null"}.__getitem__,
}
_ENCODER = json.JSONEncoder(ensure_ascii=False)


def line_of(event: Event) -> str:
    """The event as one line of JSON, without the line break."""
    if isinstance(event, Presence):
        return _presence(event)
    if isinstance(event, Alert):
        return _alert(event)
    return _correction(event)


def _presence(event: Presence) -> str:
    sight, permission = event.sight, event.permission
    far = "" if sight.edge_far_mm == sight.edge_mm else f',"edge_far_m":{_metres(sight.edge_far_mm)}'
    error = ',"error":"assumed"' if event.error_assumed else ""
    place = f'"lat":{event.lat!r},"lon":{event.lon!r}' if event.area is None else '"lat":null,"lon":null'
    whose, grading = _claimed(event.claim)
    source = f',"source":{quoted(event.source)}' if event.source else ""
    flags = f',"flags":[{",".join(map(quoted, event.flags))}]' if event.flags else ""
    return (
        f'{{"event":"presence","seq":{event.seq},"at":"{utc_text(event.at_us)}","seen_at":"{utc_text(event.seen_at_us)}",'
        f'"subject":{quoted(event.subject)},"zone":{quoted(event.zone)},"from":"{event.was}","to":"{event.now}",'
        f'"what":"{event.what}","cause":"{event.cause}","edge_m":{_metres(sight.edge_mm)},"p_inside":{sight.p_inside_e4 / 10_000}'
        f'{far}{error},"permitted":{"true" if permission.permitted else "false"},"why":"{permission.why}",'
        f'"urgency":"{event.urgency}",{place}{whose}{source}{grading}{flags}{_exercise(event.claim.exercise)}}}'
    )


def _claimed(claim: Claim) -> tuple[str, str]:
    """What a report claims: before the source, and behind it."""
    whose = number = ""
    if claim.attribution is not None:
        party, by, sure = claim.attribution.party, claim.attribution.attributed_by, claim.attribution.confidence
        whose = f',"party":{quoted(party)},"attributed_by":{_written(by or None)},"confidence":{_written(sure)}'
    if claim.count is not None:
        low, high, words = claim.count.low, claim.count.high, claim.count.as_entered
        number = f',"count_min":{_written(low)},"count_max":{_written(high)},"count_words":{_written(words)}'
    return whose + number, f',"grading":{quoted(claim.grading)}' if claim.grading else ""


def _alert(event: Alert) -> str:
    params = [
        f'"{name}":{quoted(value)}' if type(value) is str else _parameter(name, value)
        for name, value in event.params.items()
    ]
    return (
        f'{{"event":"alert","seq":{event.seq},"at":"{utc_text(event.at_us)}","key":{quoted(event.key)},"urgency":"{event.urgency}",'
        f'"subject":{quoted(event.subject) if event.subject else "null"},"zone":{quoted(event.zone)},"of":{_written(event.of)},'
        f'"params":{{{",".join(params)}}}{_exercise(event.exercise)}}}'
    )


def _parameter(name: str, value: Parameter) -> str:
    if name.endswith("_at_us") and isinstance(value, int):
        return f'"{name.removesuffix("_us")}":"{utc_text(value)}"'
    return f'"{name}":{_written(value)}'


def _correction(event: Correction) -> str:
    source = f',"source":{quoted(event.source)}' if event.source else ""
    return (
        f'{{"event":"correction","seq":{event.seq},"at":"{utc_text(event.at_us)}","of":{_written(event.of)},'
        f'"action":"{event.action}","subject":{quoted(event.subject)},"zone":{quoted(event.zone)},"said":{_told(event.said)},'
        f'"stands":{_told(event.stands)},"late_report_seen_at":"{utc_text(event.late_seen_at_us)}"{source}{_exercise(event.exercise)}}}'
    )


def _told(told: Told | None) -> str:
    if told is None:
        return "null"
    return (
        f'{{"seen_at":"{utc_text(told.seen_at_us)}","from":"{told.was}","to":"{told.now}",'
        f'"edge_m":{_metres(told.sight.edge_mm)},"p_inside":{told.sight.p_inside_e4 / 10_000}}}'
    )


def _exercise(exercise: bool) -> str:
    return ',"exercise":true' if exercise else ""


def _metres(length_mm: int | None) -> str:
    return "null" if length_mm is None else repr(length_mm / 1000)


def _written(value: Parameter) -> str:
    return _PLAIN.get(type(value), _ENCODER.encode)(value)

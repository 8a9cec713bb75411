"""Events in words: one sentence each, short and plain, for people who read it in a second language.

Everything said here follows from the event's own fields; a program reads those instead.
"""

from __future__ import annotations

from functools import lru_cache

from keepclear.agreements.terms import Permission
from keepclear.geo.shapes import EDGE_TOLERANCE_M
from keepclear.ground.instants import duration_text
from keepclear.render import pattern_sentences
from keepclear.render.wording import clock_text, length_text
from keepclear.watch.alerts import Params
from keepclear.watch.events import Action, Alert, Cause, Correction, Parameter, Presence, Told
from keepclear.watch.presence import State

NOT_PERMISSION = (
    "Foreseen is what a zone's terms say: it is no permission, and its absence takes protection from nobody."
)

_PRESENCE = {
    "came close": "came close to {zone}",
    "moved away": "moved away from {zone}",
    "entered": "entered {zone}",
    "left": "left {zone}",
    "left, still close": "left {zone} and is still close",
    "lost from sight": "is lost from sight and could have reached {zone} by now",
    "lost near the zone": "is lost from sight near {zone}",
    "lost inside": "is lost from sight inside {zone}",
    "found clear": "is heard of again, clear of {zone}",
    "found close": "is heard of again, close to {zone}",
    "found inside": "is heard of again, inside {zone}",
    "the window closed": "was at {zone} when its window closed",
}

_WHY = {
    "unattributed": "nobody has said whose it is",
    "attribution_contradicted": "sources disagree whose it is ({detail})",
    "not_in_terms": "the terms do not foresee {party} here",
    "attribution_doubtful": "it is said to be of {party}, but only with confidence {detail}",
    "no_notice": "no notice of {party} covers this time",
    "in_terms": "the terms foresee {party} here",
    "notice_given": "{party} has given notice {detail}",
}


# What a change of presence is called, and why the terms foresee it or not.
PRESENCE_WORDS = frozenset(_PRESENCE)
WHY_KEYS = frozenset(_WHY)


def of_presence(event: Presence, zone_name: str) -> str:
    """One change of presence, permitted or not."""
    sight = event.sight
    edge_m = None if sight.edge_mm is None else sight.edge_mm / 1000
    far_m = None if sight.edge_far_mm is None or sight.edge_far_mm == sight.edge_mm else sight.edge_far_mm / 1000
    where = _place(edge_m, far_m, sight.p_inside_e4 / 10_000, event.error_assumed)
    if event.cause is Cause.WINDOW_CLOSED and event.was is State.LOST:
        seen = where.replace(", ", ", last seen ", 1)
        return (
            f"{event.subject} was lost from sight when the window of {zone_name} closed{seen}; {why(event.permission)}."
        )
    return f"{event.subject} {_happened(event.what, zone_name)}{where}; {why(event.permission)}."


def of_alert(event: Alert) -> str:
    """Why a person should look, in one sentence."""
    params, subject, zone = event.params, event.subject, str(event.params["zone_name"])
    if event.key in pattern_sentences.KEYS:
        return pattern_sentences.of_pattern(event.key, subject, zone, params)
    doubt = _why(params)
    edge_m, far_m = _number(params.get("edge_m")), _number(params.get("edge_far_m"))
    where = _place(edge_m, far_m, _number(params.get("p_inside")) or 0.0, bool(params.get("error_assumed")))
    if event.key == "approach":
        verb = "is approaching" if "soonest_s" in params else "came close to"
        return f"{subject} {verb} {zone}{where}{_time_to_edge(params)}; {doubt}."
    if event.key == "dwell":
        inside, limit = (duration_text(round(1e6 * float(params[key] or 0))) for key in ("inside_s", "limit_s"))
        return f"{subject} has been inside {zone} for {inside} as far as is known, and the limit is {limit}; {doubt}."
    if event.key == "was_inside":
        return (
            f"{subject} was inside {zone} at {clock_text(params['seen_at_us'])}, as a late report says{where}; {doubt}."
        )
    if event.key == "no_longer_foreseen":
        return f"{subject} is at {zone}{where}, and the terms no longer foresee it: {doubt}."
    return f"{subject} {_happened(str(params['what']), zone)}{where}; {doubt}."


def of_correction(event: Correction, zone_name: str) -> str:
    """What no longer stands as it was told."""
    about = f"A late report of {event.subject}, seen {clock_text(event.late_seen_at_us)}, corrects"
    before = f"event {event.of}" if event.of is not None else "the silence before"
    if event.action is Action.RESTATED and event.said and event.stands:
        stands_at, said_at = clock_text(event.stands.seen_at_us), clock_text(event.said.seen_at_us)
        return f"{about} {before}: {_told(event.stands, zone_name)} at {stands_at}, not at {said_at}."
    if event.action is Action.WITHDRAWN and event.said:
        said = f"{_told(event.said, zone_name)} at {clock_text(event.said.seen_at_us)}"
        return f"{about} {before}: it no longer follows that it {said}."
    assert event.stands is not None
    return f"{about} {before}: it also {_told(event.stands, zone_name)} at {clock_text(event.stands.seen_at_us)}."


def why(allowed: Permission) -> str:
    """Why the terms foresee a presence, or do not."""
    return _reason(allowed.why, allowed.party, allowed.detail)


def _why(params: Params) -> str:
    return _reason(str(params["why"]), str(params.get("party", "")), str(params.get("detail", "")))


@lru_cache(maxsize=1024)
def _reason(key: str, party: str, detail: str) -> str:
    return _WHY[key].format(party=party, detail=detail).strip()


@lru_cache(maxsize=4096)
def _happened(what: str, zone_name: str) -> str:
    return _PRESENCE[what].format(zone=zone_name)


def _told(told: Told, zone_name: str) -> str:
    return {"clear": f"left {zone_name}", "close": f"came close to {zone_name}", "inside": f"entered {zone_name}"}[
        told.now
    ]


def _place(edge_m: float | None, far_m: float | None, share: float, assumed: bool) -> str:
    """How far from the edge, and how likely inside; the edge may be anywhere up to `far_m` for a report of an area."""
    if edge_m is None:
        return ""
    if far_m is not None:
        near, far = (_side(_blurred(edge, far_m - edge_m)) for edge in (edge_m, far_m))
        return f", somewhere from {near} to {far} ({_probability(share, assumed)})"
    if edge_m < -EDGE_TOLERANCE_M and share == 0.0:
        return ", over or under its heights"
    return f", {_side(edge_m)} ({_probability(share, assumed)})"


def _number(value: Parameter) -> float | None:
    return value if isinstance(value, (int, float)) else None


def _blurred(edge_m: float, width_m: float) -> float:
    """One end of a range that is `width_m` wide: what is within a hundredth of that is the edge itself."""
    return 0.0 if abs(edge_m) < 0.01 * width_m else edge_m


def _side(edge_m: float) -> str:
    if abs(edge_m) <= 0.01:
        return "the edge itself"
    return f"{length_text(abs(edge_m))} {'inside' if edge_m < 0 else 'outside'} the edge"


@lru_cache(maxsize=4096)
def _probability(share: float, assumed: bool) -> str:
    percent = (
        f"{100 * share:.0f} %"
        if share in {0.0, 1.0} or 0.01 <= share <= 0.99
        else ("under 1 %" if share < 0.5 else "over 99 %")
    )
    return f"{percent} likely inside{', its error assumed' if assumed else ''}"


def _time_to_edge(params: Params) -> str:
    soonest = params.get("soonest_s")
    if not isinstance(soonest, (int, float)):
        return ""
    latest = params.get("latest_s")
    first = "0 s" if soonest < 1 else duration_text(round(1e6 * soonest))
    if not isinstance(latest, (int, float)):
        return f", at the edge {first} after this report or later if it keeps its course, or it passes by"
    last = duration_text(round(1e6 * latest))
    span = f"about {last}" if first == last else f"{first} to {last}"
    return f", at the edge {span} after this report if it keeps its course"

"""Patterns in words: what was seen, since when, how sure, by whom; one sentence each. Nothing here says what to do."""

from __future__ import annotations

from collections.abc import Callable

from keepclear.ground.instants import duration_text
from keepclear.render.wording import clock_text, length_text
from keepclear.watch.alerts import Params


def of_pattern(key: str, subject: str, zone: str, params: Params) -> str:
    """What a pattern noticed, or what of it holds no longer."""
    return _SENTENCES[key](subject, zone, params)


def _massing(_: str, zone: str, params: Params) -> str:
    where = f"in {zone} or its band" if params["where"] == "band" else f"in {zone}"
    rise = f"at least {params['now_min']} {where} at {clock_text(params['seen_at_us'])}"
    before = f"at most {params['before_max']} at {clock_text(params['since_at_us'])}"
    arrived = f"; new since then: {params['arrived']}" if params["arrived"] else ""
    unattributed = f", nobody named for {params['unattributed_count']}" if params["unattributed_count"] else ""
    whose = f"; said to be of {params['parties']}{unattributed}" if params["parties"] else ""
    caution = "who has two names counts twice, and who was not reported does not count"
    return f"Massing: {rise}, and {before}{arrived}{whose}{_sources(params)}; {caution}."


def _circling(subject: str, zone: str, params: Params) -> str:
    swept = f"by {params['swept_deg']} degrees {params['direction']}, at least {params['swept_deg_min']} allowing for errors"
    return (
        f"{subject} is circling {zone}: turned about it {swept}, {_span(params)}{_nearest(params)}{_sources(params)}."
    )


def _patrol(subject: str, zone: str, params: Params) -> str:
    way, farthest = (length_text(_metres(params[name])) for name in ("way_m_min", "farthest_m"))
    to_and_fro = f"at least {way} to and fro, never farther than {farthest} from where it began"
    return f"{subject} is patrolling at {zone}: {to_and_fro}, {_span(params)}{_nearest(params)}{_sources(params)}."


def _closing(_: str, zone: str, params: Params) -> str:
    nearer = length_text(_metres(params["nearer_m_min"]))
    together = f"each at least {nearer} nearer to the edge, {_span(params)}"
    return (
        f"{params['subject_count']} are closing on {zone} together: {params['subjects']}, {together}{_sources(params)}."
    )


def _unobserved(_: str, zone: str, params: Params) -> str:
    last = f" (by {params['last_source']})" if "last_source" in params else ""
    every = _duration(params["every_s"])
    return f"Nobody has reported from {zone} since {clock_text(params['since_at_us'])}{last}; somebody should every {every}."


def _observed_again(_: str, zone: str, params: Params) -> str:
    return f"{zone} is reported from again, after {_duration(params['gap_s'])} without a report."


def _unheard(subject: str, _: str, params: Params) -> str:
    every = _duration(params["every_s"])
    return f"{subject} has not been reported since {clock_text(params['since_at_us'])}; it should be every {every}."


def _heard_again(subject: str, _: str, params: Params) -> str:
    return f"{subject} is reported again, after {_duration(params['gap_s'])} without a report."


def _unmanned(_: str, zone: str, params: Params) -> str:
    by = f" by {params['by']}" if params["by"] else ""
    known = f"{params['known_min']} known to be inside, {params['needed']} needed"
    lost = f"; lost from sight inside: {params['lost']}" if params["lost"] else ""
    return f"{zone} has not been known to be manned{by} since {clock_text(params['since_at_us'])}: {known}{lost}."


def _manned_again(_: str, zone: str, params: Params) -> str:
    by = f" by {params['by']}" if params["by"] else ""
    return f"{zone} is known to be manned{by} again since {clock_text(params['seen_at_us'])}: {params['subjects']}."


def _no_longer_follows(subject: str, zone: str, params: Params) -> str:
    about = f" of {subject}" if subject else ""
    pattern = f"{params['pattern']}{about} at {zone}, {clock_text(params['since_at_us'])} to {clock_text(params['seen_at_us'])}"
    return f"As a late report shows, this no longer follows: {pattern}."


_SENTENCES: dict[str, Callable[[str, str, Params], str]] = {
    "massing": _massing,
    "circling": _circling,
    "patrol": _patrol,
    "closing": _closing,
    "unobserved": _unobserved,
    "observed_again": _observed_again,
    "unheard": _unheard,
    "heard_again": _heard_again,
    "unmanned": _unmanned,
    "manned_again": _manned_again,
    "no_longer_follows": _no_longer_follows,
}
KEYS = frozenset(_SENTENCES)


def _span(params: Params) -> str:
    return f"from {clock_text(params['since_at_us'])} to {clock_text(params['seen_at_us'])}"


def _nearest(params: Params) -> str:
    nearest_m = _metres(params["nearest_m"])
    return f", as near as {length_text(abs(nearest_m))} {'inside' if nearest_m < 0 else 'outside'} the edge"


def _sources(params: Params) -> str:
    return f"; as reported by {params['sources']}" if params["sources"] else ""


def _duration(seconds: object) -> str:
    return duration_text(round(1e6 * float(str(seconds))))


def _metres(length: object) -> float:
    return float(str(length))

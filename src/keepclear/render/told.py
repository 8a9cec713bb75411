"""Lines of the record in words. The record holds keys and parameters; here they become a sentence, whoever reads it and whenever.

A line of the watch is read back into the event it was made of, so that both say the same in the same words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from keepclear.agreements.terms import Permission
from keepclear.ground.instants import duration_text, parse_instant
from keepclear.render import dealing_sentences, pattern_sentences, sentences, talk_sentences
from keepclear.render.wording import clock_text
from keepclear.tracks.observations import NO_CLAIM
from keepclear.watch.events import Action, Alert, Cause, Correction, Presence, Told
from keepclear.watch.presence import Sight, State

Said = Mapping[str, Any]

# What a line of the record may say it is.
WHATS = (
    frozenset(
        {
            "alert",
            "alert_step",
            "correction",
            "feed",
            "message",
            "name",
            "peer",
            "presence",
            "standing",
            "statement",
            "zone",
        }
    )
    | dealing_sentences.WHATS
)


def sentence_of(said: Said, zone_name: str = "") -> str:
    """One sentence for a line of the record, read as JSON. `zone_name` is what the zone is called; its id where that is not known.

    "" for a line of a kind that this program does not know."""
    zone = zone_name or str(said.get("zone") or "")
    match said["event"]:
        case "presence":
            return sentences.of_presence(_presence(said), zone)
        case "correction":
            return sentences.of_correction(_correction(said), zone)
        case "alert" if said["key"] in _OF_FEEDS:
            return _OF_FEEDS[said["key"]](str(said["feed"]), said["params"])
        case "alert" if said["key"] in talk_sentences.OF_ALERTS:
            return talk_sentences.OF_ALERTS[said["key"]](said, said["params"])
        case "alert" if said["key"] in dealing_sentences.OF_ALERTS:
            return dealing_sentences.OF_ALERTS[said["key"]](said, zone)
        case "alert":
            return sentences.of_alert(_alert(said))
        case "message" | "statement" | "standing" | "peer" as what:
            return talk_sentences.OF_LINES[what](said)
        case "alert_step":
            return _alert_step(said)
        case "zone":
            return _zone(said)
        case "name":
            return f"{said['subject']} is called {said['name']}, says feed {said['feed']}."
        case "feed":
            why = f" ({said['why']})" if said["why"] else ""
            return f"Feed {said['feed']} is {said['state']}{why}."
        case what if what in dealing_sentences.WHATS:
            return dealing_sentences.sentence_of(said)
    return ""


def named(said: Said, names: Mapping[str, str]) -> Said:
    """The line with these names (by feed) behind its subject, as claims: mmsi:211234560 ("NORTH STAR", says ais-1)."""
    if not names or not said.get("subject"):
        return said
    claims = "; ".join(f'"{name}", says {feed}' for feed, name in names.items())
    return {**said, "subject": f"{said['subject']} ({claims})"}


def _presence(said: Said) -> Presence:
    return Presence(
        said["seq"], _us(said["at"]), _us(said["seen_at"]), said["subject"], said["zone"], State(said["from"]), State(said["to"]),
        said["what"], Cause(said["cause"]), said["urgency"], _sight(said),
        Permission(said["permitted"], said["why"], said.get("why_party", said.get("party", "")), said.get("why_detail", "")),
        said["lat"] or 0.0, said["lon"] or 0.0, None, said.get("source", ""), NO_CLAIM, said.get("error") == "assumed",
    )  # fmt: skip


def _sight(said: Said) -> Sight:
    edge_mm = _mm(said["edge_m"])
    return Sight(
        edge_mm, _mm(said["edge_far_m"]) if "edge_far_m" in said else edge_mm, round(1e4 * said["p_inside"]), 0
    )


def _alert(said: Said) -> Alert:
    params = {}
    for name, value in said["params"].items():
        is_instant = name.endswith("_at") and isinstance(value, str)
        params[f"{name}_us" if is_instant else name] = _us(value) if is_instant else value
    of, exercise = said["of"], said.get("exercise", False)
    return Alert(
        said["seq"],
        _us(said["at"]),
        said["key"],
        said["subject"] or "",
        said["zone"],
        said["urgency"],
        params,
        of,
        exercise,
    )


def _correction(said: Said) -> Correction:
    return Correction(
        said["seq"], _us(said["at"]), said["of"], Action(said["action"]), said["subject"], said["zone"], _told(said["said"]),
        _told(said["stands"]), _us(said["late_report_seen_at"]),
    )  # fmt: skip


def _told(said: Said | None) -> Told | None:
    if said is None:
        return None
    return Told(_us(said["seen_at"]), State(said["from"]), State(said["to"]), Cause.REPORT, _sight(said))


def _us(text: str) -> int:
    return parse_instant(text).us


def _mm(metres: float | None) -> int | None:
    return None if metres is None else round(1000 * metres)


# --- what the node says itself ---


def _alert_step(said: Said) -> str:
    words = f": {said['words']}" if said.get("words") else ""
    whom = f" to {said['to']}" if said.get("to") else ""
    return f"{said['by']} {_STEPS[said['state']]} alert {said['alert']}{whom}{words}."


_STEPS = {"acknowledged": "acknowledged", "assigned": "assigned", "cleared": "cleared"}


def _zone(said: Said) -> str:
    name, version = said["zone_name"], said["version"]
    if said["action"] == "ended":
        return f"{name} is watched no more, says {said['by']}: {said['reason']}."
    return f"{name} is watched in version {version}, as {said['by']} put it in."


def _silent(feed: str, params: Said) -> str:
    last = params["last_heard_at"]
    since = f"since {clock_text(_us(last))}" if last else "since it was declared"
    return f"Nothing has come from feed {feed} {since}; something should every {_duration(params['silent_after_s'])}."


def _overloaded(feed: str, params: Said) -> str:
    since = clock_text(_us(params["since_at"]))
    return f"More came from feed {feed} than could be taken: {params['rows']} reports were given up since {since}, the newest of each subject kept."


_OF_FEEDS: dict[str, Callable[[str, Said], str]] = {
    "feed_silent": _silent,
    "feed_heard_again": lambda feed, _: f"Feed {feed} is heard of again.",
    "feed_disconnected": lambda feed, params: f"The connection to feed {feed} is lost{_because(params['why'])}.",
    "feed_overloaded": _overloaded,
}


_OF_THE_WATCH = frozenset({"approach", "entered", "dwell", "left", "lost", "found", "was_inside", "no_longer_foreseen"})
# What an alert may say it is about.
ALERT_KEYS = (
    _OF_THE_WATCH
    | pattern_sentences.KEYS
    | frozenset(_OF_FEEDS)
    | frozenset(talk_sentences.OF_ALERTS)
    | frozenset(dealing_sentences.OF_ALERTS)
)


def _because(why: str) -> str:
    return f" ({why})" if why else ""


def _duration(seconds: float) -> str:
    return duration_text(round(1e6 * seconds))

"""Lines and alerts of dealings with other parties, in words. None says what is to be done; a step is one that the parties agreed on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from keepclear.ground.instants import parse_instant
from keepclear.render.talk_sentences import short
from keepclear.render.wording import clock_text

Said = Mapping[str, Any]


def sentence_of(said: Said) -> str:
    """One sentence for a line of dealings; "" for an action that this program does not know."""
    words = _LINES.get((said["event"], said["action"]))
    return "" if words is None else words(said)


def _stated(said: Said) -> str:
    whose = said["of_party"] if not said["claimed"] else f"{said['of_party']}, as {said['said_by']} has it"
    return f"Of agreement {said['agreement']}: {said['what']} of {whose}, entered by {said['by']}{_changes(said)}."


def _moment(said: Said) -> str:
    due = f" (due {_clock(said['due_at'])})" if said["due_at"] else ""
    what = said["what"].replace("_", " ")
    return f"Call with {said['of_party']}, attempt {said['attempt']}{due}: {what}, says {said['said_by']}."


def _held(said: Said) -> str:
    doubts = "".join(f"; {doubt['key']} ({doubt['about']})" for doubt in said["doubts"])
    return f"A call with {said['of_party']} was held, items taken up: {said['items']}{doubts}."


_LINES: Mapping[tuple[str, str], Callable[[Said], str]] = {
    ("agreement", "stated"): _stated,
    ("agreement", "time"): lambda said: f"Agreement {said['agreement']} changed as time passed{_changes(said)}.",
    ("roster", "set"): lambda said: f"The roster of {said['of_party']} is another, as {said['by']} put it in.",
    ("roster", "handed_over"): lambda said: (
        f"{said['focal']} of {said['of_party']} went over from {said['given_by']} to {said['taken_by']}."
    ),
    ("call", "moment"): _moment,
    ("call", "held"): _held,
    ("call", "minute"): lambda said: f"{said['of_party']} has a minute of the call {said['call'][:12]}.",
    ("call", "minute_answered"): lambda said: (
        f"The minute {said['minute'][:12]} is {said['agreed'].replace('_', ' ')} after a word of {said['of_party']}."
    ),
    ("call", "step"): lambda said: f"{said['person']} took the step {said['step']} of agreement {said['agreement']}.",
    ("call", "stop"): lambda said: f"{said['taken_by']} took down a call for an urgent stop: {said['words']}",
    ("call", "stop_asked_on"): lambda said: (
        f"{said['taken_by']} asked on about an urgent stop: {', '.join(said['answered'])}."
    ),
    ("measure", "taken"): lambda said: f"{said['of_party']} took the measure {said['rung']} towards {said['towards']}.",
    ("measure", "reaction"): lambda said: f"Something was seen after the measure {said['rung']} of {said['of_party']}.",
}
WHATS = frozenset(what for what, _ in _LINES)


def _missed(said: Said, _: str) -> str:
    params = said["params"]
    step = params["next_step"]
    if step is not None:
        then = f" The agreement has next: {step['words']}."
    else:
        then = " The agreement has no further step." if params["exhausted"] else ""
    more = f", the last of {params['missed']}" if params["missed"] > 1 else ""
    return f"The call with {said['of_party']} that was due {_clock(params['due_at'])} was not answered in time{more}.{then}"


def _agreement_changed(said: Said, zone: str) -> str:
    whom = (
        f"message {short(said['message'])}" if said.get("message") else f"zone {zone}" if said["zone"] else "its calls"
    )
    return f"Agreement {said['agreement']}, on which {whom} may rely, is otherwise{_changes(said['params'])}."


def _out_of_reach(said: Said, _: str) -> str:
    params = said["params"]
    return f"Nobody of {said['of_party']} can be reached from {_clock(params['from_at'])} until {_clock(params['until_at'])}."


def _stop(said: Said, _: str) -> str:
    params = said["params"]
    missing = f" Not said yet: {', '.join(params['missing'])}." if params["missing"] else ""
    return f"Urgent stop, taken down by {params['taken_by']}: {params['words']}{missing}"


OF_ALERTS: Mapping[str, Callable[[Said, str], str]] = {
    "agreement_changed": _agreement_changed,
    "call_missed": _missed,
    "nobody_in_reach": _out_of_reach,
    "stop_called": _stop,
}


def _changes(said: Said) -> str:
    """What is otherwise, each as "state of bravo: in_force, was signed"; a version is cited by the begin of its digest."""
    found = [
        f"{change['what']}{_of(change)}: {_short(change['now']) or 'none'}, was {_short(change['was']) or 'none'}"
        for change in said["changes"]
    ]
    return f" ({'; '.join(found)})" if found else ""


def _of(change: Said) -> str:
    about = f" on {change['about']}" if change["about"] else ""
    return f" of {change['party']}{about}" if change["party"] else about


def _short(words: str) -> str:
    return words[:12] if len(words) == 64 and " " not in words else words


def _clock(text: str) -> str:
    return clock_text(parse_instant(text).us)

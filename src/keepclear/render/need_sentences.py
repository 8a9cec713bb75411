"""What needs a person, in words: alerts in their own, conditions here. A program reads key and parameters instead."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from keepclear.ground.instants import duration_text
from keepclear.node.needs import Need, Trouble
from keepclear.render.talk_sentences import article, clock_of, short
from keepclear.render.told import sentence_of

Params = Mapping[str, Any]


def of_need(need: Need, line: Mapping[str, Any] | None, zone_name: str = "") -> str:
    """One sentence. `line`: of the alert whose key it has, as the record has it; None where it is a condition."""
    if line is not None and need.key == "stop_called":  # what was missing may have been asked since
        line = {**line, "params": need.params}
    if line is not None:
        return sentence_of(line, zone_name) + _end(need.params)
    words = _CONDITIONS.get(need.key)
    if words is not None:
        return words(need, need.params)
    about = {name: getattr(need, name) for name in ("zone", "feed", "message", "peer", "agreement", "of_party")}
    return sentence_of({"event": "alert", "key": need.key, "params": need.params, **about}, zone_name)


def _end(params: Params) -> str:
    if "ended" not in params:
        return ""
    what = "It was read back right" if params["ended"] == "read_back_right" else "Another message stands in its place"
    return f" {what} at {clock_of(params['ended_at'])}; this stays until somebody clears it."


def of_trouble(trouble: Trouble) -> str:
    """What is not well with the machine under a node."""
    return _TROUBLES[trouble.key](trouble.params)


_TROUBLES: Mapping[str, Callable[[Params], str]] = {
    "clock_behind": lambda params: (
        f"The clock of this machine lies {duration_text(round(1e6 * params['behind_s']))} behind the record."
    ),
    "disk_low": lambda params: (
        f"Only {params['free_bytes'] / 1e6:,.0f} MB are free on the disk of the node: it stops when that is full."
    ),
    "alerts_not_held": lambda params: (
        f"Too many alerts were open: {params['count']:,} more were told and are not in the list of alerts; they are in the record."
    ),
}


def _asks(need: Need, params: Params) -> str:
    return f"{params['from']} asks us: {article(params['marker'])}, message {short(need.message)}, due by {clock_of(params['due_at'])}."


def _pass_on(need: Need, params: Params) -> str:
    return f"{params['from']} asks us to tell {params['addressee']} message {short(need.message)}; nobody has said that it was passed on."


def _waits(words: str) -> Callable[[Need, Params], str]:
    def said(need: Need, params: Params) -> str:
        whom = params["addressee"] or params["to"]
        return f"{words.format(whom=whom)}: {article(params['marker'])}, message {short(need.message)}, due by {clock_of(params['due_at'])}."

    return said


_CONDITIONS: Mapping[str, Callable[[Need, Params], str]] = {
    **{key: lambda _, params, words=words: words(params) for key, words in _TROUBLES.items()},  # type: ignore[misc]
    "link_down": lambda need, params: f"{need.peer} is not reached: {params['why']}",
    "message_asks": _asks,
    "message_to_pass_on": _pass_on,
    "message_owed": _waits("We wait for {whom}"),
    "message_stand_by": _waits("{whom} has said how soon it answers"),
    "message_claimed": _waits("Somebody claims that {whom} has given what was asked"),
    "call_due": lambda need, params: (
        f"The call with {need.of_party} is due since {clock_of(params['due_at'])}, and may be made until {clock_of(params['grace_until_at'])}."
    ),
    "call_ahead": lambda need, params: f"The call with {need.of_party} is due at {clock_of(params['due_at'])}.",
    "nobody_in_reach_ahead": lambda need, params: (
        f"Nobody of {need.of_party} will be in reach from {clock_of(params['from_at'])} until {clock_of(params['until_at'])}."
    ),
    "peer_refuses_us": lambda need, params: f"{need.peer} takes nothing from us ({params['refusal']}).",
}
CONDITION_KEYS = frozenset(_CONDITIONS)

"""What happened in a shift, counted: from the lines that were told in it. Numbers of what was told say nothing of what was not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

Said = Mapping[str, Any]

# What is counted, in the order in which it is given.
COUNTED = (
    "alerts_raised", "alerts_repeated", "alerts_now", "alerts_acknowledged", "alerts_assigned", "alerts_cleared", "messages_out",
    "messages_in", "statements", "unconfirmed", "settled", "read_backs_differ", "calls_held", "calls_missed", "calls_unanswered", "stops",
    "measures", "corrections", "presence", "feeds_lost",
)  # fmt: skip
# Kinds of lines that a log of a shift has; changes of presence are counted, and stand in the thread of their encounter.
LOGGED = frozenset(
    {"alert", "alert_step", "message", "statement", "standing", "call", "measure", "correction", "zone", "feed", "roster", "agreement", "peer"}
)  # fmt: skip
_LOST = frozenset({"feed_silent", "feed_disconnected", "feed_overloaded"})


class Counts:
    """Lines are counted as they come.

    of         how many of each of `COUNTED`
    by_key     how many alerts of each kind were raised
    by_whom    of each user how many of which deeds: kind of line and its action"""

    def __init__(self) -> None:
        self.of: Counter[str] = Counter()
        self.by_key: Counter[str] = Counter()
        self.by_whom: dict[str, Counter[str]] = {}

    def count(self, what: str, said: Said | None) -> None:
        """Counts a line. `said`: its members; None is enough of a change of presence."""
        self.of.update(_counted(what, said or {}))
        if what == "alert" and said is not None and not said.get("repeats"):
            self.by_key[str(said["key"])] += 1
        for who, deed in _deeds(what, said or {}):
            self.by_whom.setdefault(who, Counter())[deed] += 1

    def numbers(self) -> dict[str, int]:
        """Every number, zero among them, so that two shifts can be laid side by side."""
        return {name: self.of[name] for name in COUNTED}


def _counted(what: str, said: Said) -> Iterator[str]:
    match what:
        case "alert" if said.get("repeats"):
            yield "alerts_repeated"
        case "alert":
            yield "alerts_raised"
            if said["urgency"] == "now":
                yield "alerts_now"
            if said["key"] in _LOST:
                yield "feeds_lost"
            elif said["key"] == "call_missed":
                yield "calls_missed"
            elif said["key"] == "read_back_differs":
                yield "read_backs_differ"
        case "alert_step":
            yield f"alerts_{said['state']}"
        case "message":
            yield f"messages_{said['direction']}"
        case "statement":
            yield "statements"
        case "standing" if said["now"] in ("unconfirmed", "settled"):
            yield said["now"]
        case "call":
            kind = {"held": "calls_held", "stop": "stops"}.get(said["action"])
            if kind is not None:
                yield kind
            elif said["action"] == "moment" and said["what"] == "unanswered":
                yield "calls_unanswered"
        case "measure" if said["action"] == "taken":
            yield "measures"
        case "correction":
            yield "corrections"
        case "presence":
            yield "presence"


def _deeds(what: str, said: Said) -> Iterator[tuple[str, str]]:
    """Who did what, where a line is about what a user did."""
    if what == "message":
        if said["direction"] == "out":
            yield str(said["author"]), "message.out"
    elif what == "alert_step":
        yield str(said["by"]), f"alert_step.{said['state']}"
    elif said.get("by") and "action" in said:
        yield str(said["by"]), f"{what}.{said['action']}"

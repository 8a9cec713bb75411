"""Other parties' nodes as people read them: whose keys are believed, what waits, since when nothing was heard, what one was caught at.

What comes in are the values of the API, read as JSON; what goes out are lines in which nothing steers a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from keepclear.ground.errors import printable
from keepclear.render.talk_sentences import CONTRADICTIONS, clock_of

_GROUPS_OF_A_LINE = 4


def in_list(view: Mapping[str, Any]) -> Iterator[str]:
    """A party whose card was taken in, and how it goes with it."""
    name = f', "{view["name"]}"' if view["name"] != view["party"] else ""
    yield printable(f"{view['party']}{name}: {_what(view)}")
    yield printable(f"    signs with key {view['key_id']}; number compared: {view['compared_with']}")
    if view["ended"]:
        since = f", not believed from {clock_of(view['ended_since'])} on" if view["ended_since"] else ""
        yield printable(f"    CARD ENDED: {view['ended']}{since}. Take in a new card, and compare the number again.")
    if view["is_peer"]:
        parcels = (
            "nothing waits"
            if view["owed"] == 0
            else f"{view['owed']:,} parcels wait"
            if view["owed"] > 1
            else "1 parcel waits"
        )
        heard = (
            f"last heard {clock_of(view['heard_at'])}" if view["heard_at"] else "NOT HEARD since this node was started"
        )
        yield f"    {parcels} for its word; {heard}"
    if view["failure"]:
        yield printable(f"    NOT REACHED ({view['failures']} attempts): {view['failure']}")
    for one in view["found"]:
        number = "" if one["number"] is None else f" (parcel {one['number']} of series {one['series']})"
        yield printable(f"    CONTRADICTS ITSELF: {CONTRADICTIONS[one['what']]}{number}. Both are kept in the record.")


def _what(view: Mapping[str, Any]) -> str:
    if not view["is_peer"]:
        return "no peer; what is for it goes by others"
    where = f"a peer at {view['address']}" if view["address"] else "a peer that calls us, or by hand"
    return f"{where}; leads to {', '.join(view['leads_to'])}" if view["leads_to"] else where


def number_lines(number: str) -> Iterator[str]:
    """The digits of two cards, in groups as they are read aloud, four to a line."""
    groups = number.split()
    for at in range(0, len(groups), _GROUPS_OF_A_LINE):
        yield "    " + "  ".join(groups[at : at + _GROUPS_OF_A_LINE])

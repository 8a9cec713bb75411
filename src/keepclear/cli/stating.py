"""A statement about a message: given to the node, and shown as it stands with the message then."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from keepclear.cli.asked_node import in_path
from keepclear.ground.errors import Refused

if TYPE_CHECKING:
    from keepclear.cli.asked_node import AskedNode

_PAGE = "1000"


def message_id(node: AskedNode, named: str) -> str:
    """How a message is called in a path: its id or the first digits of that as they are, and for the number that is read out its id."""
    from keepclear.channel.by_hand import with_number

    if not any(ch in named.strip() for ch in " -"):
        return in_path(named.strip())
    found = with_number((view["message"] for view in pages(node, {})), named)
    if len(found) != 1:
        what = "Several messages have this number" if found else "No message has this number"
        mend = f"Name it by its id: {', '.join(id[:16] for id in found)}." if found else "Have each group read again."
        raise Refused("message.number", what, value=named, mend=mend)
    return found[0]


def pages(node: AskedNode, asked: Mapping[str, str]) -> Iterator[Any]:
    """All messages that are asked for, page by page, in the order the node learned of them."""
    after: str | None = None
    while True:
        page = node.sided("GET", "/v1/messages", limit=_PAGE, **asked, **({"after": after} if after else {}))
        yield from page["items"]
        after = page["next"]
        if after is None:
            return


def stated(node: AskedNode, id: str, said: dict[str, Any]) -> tuple[Any, Any]:
    """States it; gives the message as it stands then, and the statement in it."""
    path = f"/v1/messages/{message_id(node, id)}"
    done = node.sided("POST", f"{path}/statements", said)
    view = node.sided("GET", path)
    found = [one for one in view["statements"] if one["act"] == said["act"] and one["known_at"] == done["at"]]
    return view, found[-1] if found else None


def show_stated(view: Any, statement: Any) -> None:
    """What was stated, as it stands with the message now."""
    if not sys.stdout.isatty():
        print(
            json.dumps({"message": view["message"], "debt": view["debt"], "statement": statement}, ensure_ascii=False)
        )
        return
    from keepclear.render import message_words

    if statement is not None:
        print_lines(message_words.statement_lines(statement))
    text = message_words.standing_text(view)
    print(f"{text[0].upper()}{text[1:]}.")


def print_lines(lines: Iterable[str]) -> None:
    """Prints them."""
    for line in lines:
        print(line)

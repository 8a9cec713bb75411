"""A statement about a message: given to the node, and shown as it stands with the message then."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from keepclear.cli.asked_node import in_path

if TYPE_CHECKING:
    from keepclear.cli.asked_node import AskedNode


def stated(node: AskedNode, id: str, said: dict[str, Any]) -> tuple[Any, Any]:
    """States it; gives the message as it stands then, and the statement in it."""
    path = f"/v1/messages/{in_path(id)}"
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

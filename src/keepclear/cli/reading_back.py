"""A read-back on a terminal: fact by fact, without the values of the message, so that what is typed is what was understood."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from keepclear.cli.asked_node import Declined
from keepclear.cli.asking_people import says_yes, typed
from keepclear.cli.facts_given import fact_given
from keepclear.cli.node_folder import say
from keepclear.cli.stating import show_stated, stated
from keepclear.ground.errors import Refused, printable

if TYPE_CHECKING:
    from keepclear.cli.asked_node import AskedNode

_OF_A_FACT = re.compile(r"\$\.facts\[(\d+)\]")


def read_back(node: AskedNode, view: Any, person: str) -> int:
    """Asks, states, and shows the comparison; gives the exit code: 0 where everything is as it was said.

    What the node cannot read is asked for again; that something differs is not said before it is stated."""
    from keepclear.render.message_words import asked_for
    from keepclear.render.talk_sentences import short

    facts = view["content"]["facts"]
    id = short(view["message"])
    if not facts:
        mend = f"Say that it was understood: keepclear message state {id} understood"
        raise Refused("read_back.no_facts", "The message states no facts that could be compared", value=id, mend=mend)
    say(f"Message {id} states {len(facts)} facts. Type what you have understood; an empty line leaves one out.")
    understood: dict[str, str] = {}
    for fact in facts:
        answer = typed(f"  {asked_for(fact)}:")
        if answer is None:
            return _nothing()
        understood[fact["name"]] = answer
    left_out = [name for name, answer in understood.items() if not answer]
    if left_out:
        say(f"Left out, and the other side will see that: {', '.join(left_out)}.")
    if not says_yes(f"State this to {view['content']['sender']} as what {person} has understood?"):
        return _nothing()
    done = _state(node, view, understood, person)
    if done is None:
        return _nothing()
    show_stated(*done)
    statement = done[1]
    same = statement is not None and all(field["verdict"] == "same" for field in statement["fields"])
    if not same:
        _show_both(facts, understood, statement)
        say(
            "The other side sees what differs. Read the message again; then ask for it again, or read it back once more."
        )
    return 0 if same else 1


def _show_both(facts: list[Any], understood: dict[str, str], statement: Any) -> None:
    """What was said beside what was typed, where it is not the same."""
    from keepclear.render.message_words import fact_text

    said = {fact["name"]: fact for fact in facts}
    for field in () if statement is None else statement["fields"]:
        if field["verdict"] != "same" and field["name"] in said:
            typed_there = understood[field["name"]] or "nothing"
            print(printable(f"    {field['name']}: said {fact_text(said[field['name']])}; typed {typed_there}"))


def _state(node: AskedNode, view: Any, understood: dict[str, str], person: str) -> tuple[Any, Any] | None:
    """States what was understood; asks again for what the node cannot read. None where nobody answers any more."""
    from keepclear.render.message_words import asked_for

    while True:
        facts = [fact for fact in view["content"]["facts"] if understood[fact["name"]]]
        given = [fact_given(fact["is"], fact["name"], understood[fact["name"]]) for fact in facts]
        try:
            return stated(node, view["message"], {"act": "understood", "person": person, "facts": given})
        except Declined as declined:
            matches = [_OF_A_FACT.match(fault.where) for fault in declined.faults]
            for fault, match in zip(declined.faults, matches, strict=True):
                if match is None:
                    raise
                fact = facts[int(match[1])]
                fault.where = fact["name"]
                say(str(fault))
                answer = typed(f"  {asked_for(fact)}:")
                if answer is None:
                    return None
                understood[fact["name"]] = answer


def _nothing() -> int:
    say("NOTHING WAS STATED.")
    return 1

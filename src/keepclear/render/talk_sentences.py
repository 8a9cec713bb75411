"""Lines about other parties and what is said to them, in words. A claim is never told as a fact: whose word it is stands in the sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from keepclear.ground.instants import duration_text, parse_instant
from keepclear.render.wording import clock_text

Said = Mapping[str, Any]
ID_DIGITS = 8


def short(id: str) -> str:
    """How a message is called where people read; the whole id is in the record."""
    return id[:ID_DIGITS]


def _whom(said: Said) -> str:
    beyond = f" for {said['addressee']}" if said.get("addressee") else ""
    return f"{said['to']}{beyond}"


def article(marker: str) -> str:
    """A marker with its article: "an answer"."""
    return f"an {marker}" if marker[0] in "aeiou" else f"a {marker}"


def _message(said: Said) -> str:
    what = f"{article(said['marker'])} ({said['urgency']})"
    due = f"due by {clock_of(said['due_at'])}"
    if said["direction"] == "out":
        return (
            f"{said['author']} sends {_whom(said)} {what}, message {short(said['message'])}; what it asks for is {due}."
        )
    return f"{said['from']} sends {_whom(said)} {what}, message {short(said['message'])}, signed for {said['author']}; what it asks for is {due}."


_ACTS = {
    "sent": "has it from us", "received": "has these bytes", "understood": "understood it and read it back",
    "not_understood": "did not understand it", "say_again": "asks for it again", "stand_by": "will answer",
    "forwarded": "passed it on", "delivered": "delivered it", "no_information": "has nothing to answer",
    "refused": "refuses",
}  # fmt: skip


def done_text(said: Said) -> str:
    """What was done with a message and by whom, as a statement has it: "petra of bravo will answer within 20 min"."""
    who = f"{said['person']} of {said['of']}" if said.get("person") else said["of"]
    done = f"{said['towards']} has it from {said['of']}" if said["act"] == "sent" else f"{who} {_ACTS[said['act']]}"
    if said["act"] in ("forwarded", "delivered"):
        done += f" to {said['towards']}"
    if said.get("within_s") is not None:
        done += f" within {duration_text(round(1e6 * said['within_s']))}"
    return done


def _statement(said: Said) -> str:
    done = done_text(said)
    if said.get("differs"):
        done += ", and what was read back differs from what was said"
    brought = f", brought by {said['carrier']}" if said.get("carrier") else ""
    if said["evidence"] == "evidenced":
        return f"Message {short(said['message'])}: {done}."
    return f"Message {short(said['message'])}: {done}, claims {said['said_by']}{brought}."


# How what a message asks for stands, as a part of a sentence.
DEBTS = {
    "owed": "what it asks for is owed", "stand_by": "the other side has said how soon it answers",
    "claimed": "somebody claims that what it asks for was given", "settled": "what it asks for is given",
    "unconfirmed": "unconfirmed: it may have arrived, or not", "superseded": "another message stands in its place",
}  # fmt: skip


def _standing(said: Said) -> str:
    late = ", late" if said.get("late") else ""
    mismatch = "; the read-back differs from what was said" if said.get("mismatch") else ""
    return f"Message {short(said['message'])}: {DEBTS[said['now']]}{late}{mismatch}."


def _peer(said: Said) -> str:
    peer = said["peer"]
    match said["action"]:
        case "card_taken":
            return f"The card of {peer} was taken in by {said['by']}, who compared its number."
        case "card_changed":
            return f"{peer} has new keys; {said['by']} took its card in, and compared its number."
        case "card_ended":
            since = f", from {clock_of(said['since_at'])} on" if said.get("since_at") else ""
            return f"The keys of {peer} are not trusted any more ({said['why']}{since}), says {said['by']}."
        case "joined":
            beyond = f", and what is for {', '.join(said['leads_to'])}" if said["leads_to"] else ""
            return f"{peer} is handed what is for it{beyond}, says {said['by']}."
        case "by_hand":
            note = f" ({said['note']})" if said["note"] else ""
            return f"What is for {peer} goes on paper or by voice{note}, says {said['by']}."
        case "takes_again":
            return f"{peer} takes what comes from us again."
        case "record_seen":
            return f"{peer} shows its record, of {said['size']} entries; from now on it has to continue this."
        case "record_anew":
            lost = (
                "all that we have seen is still in it"
                if said["kept"]
                else "it does not show that what we have seen is still in it"
            )
            return f"The record of {peer} goes on after a restore (epoch {said['epoch']}): {lost}."
    return f"Sealed bytes go no further here ({said['why']}): {short(said['digest'])}."


PEER_ACTIONS = frozenset(
    {
        "card_taken",
        "card_changed",
        "card_ended",
        "joined",
        "by_hand",
        "takes_again",
        "record_seen",
        "record_anew",
        "held_back",
    }
)
OF_LINES: Mapping[str, Callable[[Said], str]] = {
    "message": _message, "statement": _statement, "standing": _standing, "peer": _peer,
}  # fmt: skip


def _came(said: Said, params: Said) -> str:
    return f"{params['from']} has sent {article(params['marker'])}: message {short(said['message'])}."


def _unconfirmed(said: Said, params: Said) -> str:
    step = params.get("next_step")
    prompt = f" The agreement has next: {step['words']}." if step else ""
    return (
        f"Unconfirmed: {_whom(params)} has not answered the {params['marker']} {short(said['message'])} by {clock_of(params['due_at'])}. "
        f"It may have arrived, or not.{prompt}"
    )


def _overdue(said: Said, params: Said) -> str:
    return f"{params['from']} waits for us: nothing was answered to its {params['marker']} {short(said['message'])} by {clock_of(params['due_at'])}."


def _differs(said: Said, params: Said) -> str:
    return f"What {_whom(params)} read back differs from the {params['marker']} {short(said['message'])}: correct it, or ask again."


# What a peer can be caught at.
CONTRADICTIONS = {
    "number": "two different parcels under one number, both signed",
    "head": "it has taken what was never sent",
    "signature": "what it handed over is signed by another party than it names",
    "split_view": "two records that cannot both be, both signed",
}


_REFUSALS = {
    "card.ended": "trusts our keys no more",
    "envelope.signature": "knows another key of ours than the one we sign with",
}


def _refuses(said: Said, params: Said) -> str:
    why = _REFUSALS.get(params["refusal"], "does not know us as a peer")
    return f"{said['peer']} takes nothing from us: it {why}. Ask its people, by voice."


def _contradicts(said: Said, params: Said) -> str:
    if params["what"] == "split_view":
        told = "" if params["told_by"] == said["peer"] else f", as {params['told_by']} was shown"
        return (
            f"{said['peer']} has signed two records that cannot both be{told}. Both checkpoints are kept, and anybody can check them "
            f"with its public key."
        )
    if params["what"] == "growth_withheld":
        return (
            f"{said['peer']} has not shown that its record continues the {params['size']} entries that it signed before, though it was "
            "asked to. That proves nothing."
        )
    return f"{said['peer']} contradicts itself: {CONTRADICTIONS[params['what']]}. Both are kept in the record."


OF_ALERTS: Mapping[str, Callable[[Said, Said], str]] = {
    "message_came": _came, "message_unconfirmed": _unconfirmed, "reply_overdue": _overdue, "read_back_differs": _differs,
    "peer_contradicts_itself": _contradicts, "peer_refuses_us": _refuses,
}  # fmt: skip


def clock_of(text: str) -> str:
    """An instant as the API writes it, for people: to the second."""
    return clock_text(parse_instant(text).us // 1_000_000 * 1_000_000)

"""The example of two parties: two nodes on this machine that call each other, a question, a say-again, and a message on a memory stick."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from keepclear.cli.parties_on_one_machine import Cable, DidNotHappen, RunningNode, all_started, begun, pair
from keepclear.cli.telling_examples import (
    OFFICER,
    PEOPLE,
    ZONE,
    Told,
    compare,
    facts_of,
    has,
    keys_of,
    messages,
    now_us,
    understood,
    until_debt,
    until_hop,
    verify,
    whole,
)
from keepclear.ground.instants import utc_text
from keepclear.links import folder as stick
from keepclear.render.peer_words import number_lines
from keepclear.render.talk_sentences import short

INTRODUCTION = """\
Alpha and Bravo have agreed to talk about Kestrel Pass. Two nodes on this machine, over HTTPS with a certificate on both sides: Alpha
calls, and Bravo answers. All of it is an exercise.
"""
HOUR_US = 3_600_000_000
PACKET = "application/vnd.keepclear.packet"
CENTRE = {"is": "place", "name": "zone_centre", "text": "33.5000 38.6000", "called": "Kestrel Pass"}


def tell(folder: Path) -> list[RunningNode]:
    """Runs the example in a new folder; gives the nodes, whose records are in it. Raises `DidNotHappen`."""
    told = Told()
    print(INTRODUCTION, end="")
    alpha = begun(folder / "alpha", "alpha", "Alpha", PEOPLE, answers=False)
    bravo = begun(folder / "bravo", "bravo", "Bravo", PEOPLE, answers=True)
    with all_started([alpha, bravo]):
        cable = Cable(bravo.links_port)
        try:
            _pair(told, alpha, bravo, cable)
            _ask_and_answer(told, alpha, bravo)
            _say_again(told, alpha, bravo)
            urgent = _carry(told, alpha, bravo, cable, folder / "stick")
            _mend(told, alpha, bravo, cable, urgent)
            compare(told, alpha, bravo)
        finally:
            cable.close()
        keys = keys_of([alpha, bravo])
    verify(told, [alpha, bravo], keys)
    return [alpha, bravo]


def _pair(told: Told, alpha: RunningNode, bravo: RunningNode, cable: Cable) -> None:
    told.step(
        "They exchange cards. Both nodes make the same 60 digits of them, which their people read to each other by telephone."
    )
    number = pair(alpha, bravo, "the other side's administrator, by telephone, whose voice is known")
    for line in number_lines(number):
        told.seen("both", line.strip())
    told.ask(alpha, "admin", "PUT", "/v1/peers/bravo", {"address": f"https://127.0.0.1:{cable.port}"})
    told.ask(bravo, "admin", "PUT", "/v1/peers/alpha", {})


def _ask_and_answer(told: Told, alpha: RunningNode, bravo: RunningNode) -> None:
    told.step("Otto of Alpha asks a question. Otto of Bravo has to look first, and says how soon the answer comes.")
    question = {
        "to": "bravo", "marker": "question", "text": "How many of your vehicles are in Kestrel Pass?", "facts": [CENTRE],
        "reply_within": "30 min", "valid_for": "6 h",
    }  # fmt: skip
    asked = told.ask(alpha, OFFICER, "POST", "/v1/messages", question)["message"]
    bravo.until("the question", lambda: has(bravo, asked))
    said = {"act": "stand_by", "person": OFFICER, "within": "20 min"}
    told.ask(bravo, OFFICER, "POST", f"/v1/messages/{asked}/statements", said)
    until_debt(alpha, asked, "stand_by")
    told.seen("alpha", f"message {short(asked)}: bravo stands by, and answers within 20 min. That is no answer yet.")
    answer = {
        "to": "alpha", "marker": "answer", "answers": asked, "text": "20 to 27.", "valid_for": "6 h",
        "facts": [{"is": "count", "name": "vehicles", "text": "20-27"}],
    }  # fmt: skip
    answered = told.ask(bravo, OFFICER, "POST", "/v1/messages", answer)["message"]
    until_debt(alpha, asked, "settled")
    come = alpha.until("the answer", lambda: has(alpha, answered))
    told.seen("alpha", f'message {short(asked)} is settled, by Bravo\'s own word: "{come["text"]}"')


def _say_again(told: Told, alpha: RunningNode, bravo: RunningNode) -> None:
    told.step(
        "Otto of Alpha has a request drafted from the zone, two places and a time, and sends it. Bravo asks for it again."
    )
    told.ask(alpha, "petra", "PUT", "/v1/zones", ZONE)
    draft = told.ask(alpha, OFFICER, "POST", "/v1/messages/draft-to-leave", _leaving()) | {"valid_for": "6 h"}
    told.seen("alpha", draft["text"])
    first = told.ask(alpha, OFFICER, "POST", "/v1/messages", draft)["message"]
    bravo.until("the request", lambda: has(bravo, first))
    said = {"act": "say_again", "person": OFFICER, "text": "Which of the two places is the one to go to?"}
    told.ask(bravo, OFFICER, "POST", f"/v1/messages/{first}/statements", said)
    asked = alpha.until("say again", lambda: _words(alpha, first, "say_again"))
    told.seen("alpha", f'message {short(first)}: bravo asks for it again: "{asked}"')
    told.step("Otto of Alpha says it again in other words, as a new version. Bravo reads it back, and answers.")
    again = {
        "to": "bravo", "marker": "request", "urgency": "soon", "supersedes": first, "about": draft["about"],
        "text": "Please have your vehicles go to the place that is called go_to below. They are at the other one now.",
        "facts": facts_of(alpha, first), "valid_for": "6 h",
    }  # fmt: skip
    second = told.ask(alpha, OFFICER, "POST", "/v1/messages", again)["message"]
    bravo.until("the new version", lambda: has(bravo, second))
    understood(told, bravo, second, facts_of(bravo, second))
    answer = {"to": "alpha", "marker": "answer", "answers": second, "text": "They leave now.", "valid_for": "6 h"}
    told.ask(bravo, OFFICER, "POST", "/v1/messages", answer)
    until_debt(alpha, second, "settled")
    fields = next(one["fields"] for one in whole(alpha, second)["statements"] if one["act"] == "understood")
    if any(field["verdict"] != "same" for field in fields):
        raise DidNotHappen(f"what Bravo read back differs: {fields}")
    told.seen(
        "alpha",
        f"message {short(second)}: {len(fields)} facts came back as they were said, and it is answered; {short(first)} is superseded.",
    )


def _leaving() -> dict[str, Any]:
    return {
        "to": "bravo", "zone": "kestrel-pass", "leave": {"text": "33.5880 38.5000"}, "go_to": {"text": "33.6700 38.9580"},
        "by": utc_text(now_us() + 3 * HOUR_US), "here": "Asia/Damascus", "there": "Europe/Moscow",
    }  # fmt: skip


def _words(node: RunningNode, message: str, act: str) -> str:
    """What was said with an act; "" while it has not come."""
    found = [one["words"] for one in whole(node, message)["statements"] if one["act"] == act]
    return str(found[0]["text"]) if found and found[0] else ""


def _carry(told: Told, alpha: RunningNode, bravo: RunningNode, cable: Cable, folder: Path) -> str:
    told.step(
        "The line is cut. Otto of Alpha has an urgent warning, and somebody drives it to Bravo on a memory stick."
    )
    cable.cut()
    warning = {
        "to": "bravo", "marker": "warning", "urgency": "now", "text": "There are mines on the road at 33.5880 38.5000. Keep clear of it.",
        "facts": [{"is": "place", "name": "mines", "text": "33.5880 38.5000"}], "reply_within": "2 h", "valid_for": "6 h",
    }  # fmt: skip
    urgent = str(told.ask(alpha, OFFICER, "POST", "/v1/messages", warning)["message"])
    alpha.until("the parcel", lambda: alpha.ask("admin", "GET", "/v1/peers/bravo")["owed"])
    packet = told.ask(alpha, OFFICER, "GET", "/v1/peers/bravo/packet")
    written = stick.put(folder, "alpha", "bravo", now_us(), packet)
    told.seen("the stick", f"{written.name}, {len(packet):,} bytes. Whoever finds it can neither read nor change it.")
    for path, sender in list(stick.lying(folder, "bravo")):
        brought = told.ask(bravo, OFFICER, "POST", f"/v1/peers/{sender}/packet", stick.read(path), media_type=PACKET)
        if not brought["new"]:
            raise DidNotHappen("Bravo found nothing new on the stick")
        stick.set_aside(path)
    come = bravo.until("the warning", lambda: has(bravo, urgent))
    told.seen("bravo", f'{come["sender"]} warns, {come["urgency"]}: "{come["text"]}"')
    understood(told, bravo, urgent, facts_of(bravo, urgent))
    owed = whole(alpha, urgent)
    told.seen(
        "alpha", f"message {short(urgent)} is {owed['debt']}: no word of Bravo has come back, as the stick has not."
    )
    return urgent


def _mend(told: Told, alpha: RunningNode, bravo: RunningNode, cable: Cable, urgent: str) -> None:
    told.step("The line is mended. Alpha's node knows nothing of the drive, and hands the same warning over again.")
    cable.mend()
    until_hop(alpha, urgent, "bravo", "received")
    until_debt(alpha, urgent, "settled")
    told.seen(
        "alpha", f"message {short(urgent)} is settled: Bravo's own word says that it has it and has understood it."
    )
    alpha.until("nothing that is owed", lambda: alpha.ask("admin", "GET", "/v1/peers/bravo")["owed"] == 0)
    shown = sum(one["message"] == urgent for one in messages(bravo))
    raised = [
        one
        for one in bravo.ask(OFFICER, "GET", "/v1/alerts?key=message_came")["items"]
        if one["line"]["message"] == urgent
    ]
    if shown != 1 or len(raised) != 1:
        raise DidNotHappen(f"Bravo shows the warning {shown} times, with {len(raised)} alerts")
    told.seen("bravo", "The warning came twice, by hand and over the line: it is shown once, with one alert.")

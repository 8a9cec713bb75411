"""The example of the relay: three nodes on this machine, over HTTPS with certificates on both sides, and a warning from one to another."""

from __future__ import annotations

from pathlib import Path

from keepclear.cli.parties_on_one_machine import Cable, DidNotHappen, RunningNode, all_started, begun, pair
from keepclear.cli.telling_examples import (
    OFFICER,
    PEOPLE,
    ZONE,
    Told,
    alert,
    compare,
    facts_of,
    has,
    keys_of,
    now_us,
    tell_differences,
    understood,
    until_debt,
    until_hop,
    verify,
    whole,
    wrong_digit,
)
from keepclear.ground.instants import utc_text
from keepclear.render.talk_sentences import short

INTRODUCTION = """\
Alpha watches Kestrel Pass. Bravo has vehicles there. They do not talk to each other; Meridian passes on between them what it cannot
read. Three nodes on this machine, over HTTPS with a certificate on both sides; nobody can call Alpha or Bravo, so they call Meridian.
All of it is an exercise.
"""
MINUTE_US = 60_000_000
AGREEMENT = {
    "agreement": "kestrel-understanding", "number": 1, "title": "Understanding on Kestrel Pass", "kind": "understanding",
    "parties": ["alpha", "bravo"], "binds": "each", "articles": [{"key": "1", "language": "en", "text": "The parties answer each other."}],
    "terms": {
        "zones": [{"id": "kestrel-pass", "digest": "0" * 64, "words": "20 km around the pass"}],
        "escalation": [
            {"key": "telephone", "words": "telephone Bravo's duty officer", "wait_us": 15 * MINUTE_US},
            {"key": "relay", "words": "ask Meridian's duty officer by voice"},
        ],
    },
}  # fmt: skip


def tell(folder: Path) -> list[RunningNode]:
    """Runs the example in a new folder; gives the nodes, whose records are in it. Raises `DidNotHappen`."""
    told = Told()
    print(INTRODUCTION, end="")
    alpha = begun(folder / "alpha", "alpha", "Alpha", PEOPLE, answers=False)
    meridian = begun(folder / "meridian", "meridian", "Meridian", PEOPLE, answers=True)
    bravo = begun(folder / "bravo", "bravo", "Bravo", PEOPLE, answers=False)
    nodes = [alpha, meridian, bravo]
    with all_started(nodes):
        cable = Cable(meridian.links_port)
        try:
            _pair_all(told, alpha, meridian, bravo, cable)
            first = _warn(told, alpha, bravo)
            _read_back_wrong(told, alpha, bravo, first)
            _correct(told, alpha, bravo, first)
            _cut_and_mend(told, alpha, bravo, cable)
            compare(told, alpha, bravo)
        finally:
            cable.close()
        keys = keys_of(nodes)
    verify(told, nodes, keys)
    return nodes


def _pair_all(told: Told, alpha: RunningNode, meridian: RunningNode, bravo: RunningNode, cable: Cable) -> None:
    told.step("They exchange cards, and their people read a number to each other by telephone.")
    for one, other in ((alpha, meridian), (bravo, meridian), (alpha, bravo)):
        number = pair(one, other, "the other side's administrator, by telephone, whose voice is known")
        told.seen(f"{one.party}", f"and {other.party}: {number[:23]} ... {number[-11:]}")
    joined = {"leads_to": ["bravo"], "address": meridian.links}
    told.ask(alpha, "admin", "PUT", "/v1/peers/meridian", joined)
    joined = {"leads_to": ["alpha"], "address": f"https://127.0.0.1:{cable.port}"}
    told.ask(bravo, "admin", "PUT", "/v1/peers/meridian", joined)
    for party in ("alpha", "bravo"):
        told.ask(meridian, "admin", "PUT", f"/v1/peers/{party}", {})


def _warn(told: Told, alpha: RunningNode, bravo: RunningNode) -> str:
    told.step(
        "A report comes in at Alpha: 20 to 27 vehicles of Bravo in Kestrel Pass. Its node raises an alert; nobody has sent anything."
    )
    told.ask(alpha, "petra", "PUT", "/v1/zones", ZONE)
    told.ask(alpha, "petra", "POST", f"/v1/agreements/{AGREEMENT['agreement']}/facts", _proposal())
    told.ask(alpha, "petra", "PUT", "/v1/feeds/patrol", {"source": "Patrol of Alpha"})
    at_us = now_us()
    rows = [
        {"subject": "Bravo column", "seen_at": utc_text(at_us - ago * MINUTE_US), "lat": lat, "lon": 38.6, "error_m": 50, "exercise": True}
        for ago, lat in ((6, 33.70), (5, 33.66), (4, 33.62), (3, 33.60))
    ]  # fmt: skip
    told.ask(alpha, OFFICER, "POST", "/v1/feeds/patrol/positions", rows)
    raised = alpha.until("the alert", lambda: alert(alpha, "entered"))
    told.seen("alpha", raised["text"])
    told.step("Otto of Alpha has a warning drafted from the alert, reads it, and sends it to Bravo.")
    draft = told.ask(alpha, OFFICER, "POST", "/v1/messages/draft", {"alert": raised["id"], "to": "bravo"})
    draft |= {"reply_within": "30 min", "valid_for": "6 h"}
    told.seen("alpha", draft["text"])
    found = told.ask(alpha, OFFICER, "POST", "/v1/messages/check", draft)["findings"]
    told.seen("alpha", "The check before sending finds nothing." if not found else f"The check found: {found}")
    sent = told.ask(alpha, OFFICER, "POST", "/v1/messages", draft)["message"]
    come = bravo.until("the message", lambda: has(bravo, sent))
    told.seen("bravo", f"{come['sender']} has sent a {come['marker']}: message {short(sent)}.")
    until_hop(alpha, sent, "meridian", "forwarded")
    hop = until_hop(alpha, sent, "bravo", "received")
    told.seen(
        "alpha",
        f"meridian passed it on: evidenced. bravo has exactly these bytes: {hop['received']}. Nobody has understood it yet.",
    )
    return str(sent)


def _proposal() -> dict[str, object]:
    """What Alpha signs; it binds each party from its own signature on."""
    said = {"is": "proposal", "agreement": AGREEMENT["agreement"], "of": "alpha", "said_by": "alpha", "person": "petra"}
    return said | {"at_us": now_us(), "version": AGREEMENT}


def _read_back_wrong(told: Told, alpha: RunningNode, bravo: RunningNode, sent: str) -> None:
    told.step("Otto of Bravo reads it back, with one wrong digit in the place.")
    facts = facts_of(bravo, sent)
    place = next(fact for fact in facts if fact["name"] == "seen")
    said = place["text"]
    place["text"] = wrong_digit(said)
    told.seen("bravo", f"reads back: {place['text']}  (it was {said})")
    understood(told, bravo, sent, facts)
    tell_differences(told, alpha, sent)


def _correct(told: Told, alpha: RunningNode, bravo: RunningNode, first: str) -> None:
    told.step("Otto of Alpha says it again, as a new version; Bravo understands, and answers.")
    content = whole(alpha, first)["content"]
    again = {
        "to": "bravo", "marker": content["marker"], "urgency": content["urgency"], "text": content["original"]["text"],
        "language": content["original"]["language"], "facts": facts_of(alpha, first), "supersedes": first, "about": content["about"],
        "reply_within": "30 min", "valid_for": "6 h",
        "translations": [{key: one[key] for key in ("language", "text", "by")} for one in content["translations"]],
    }  # fmt: skip
    corrected = told.ask(alpha, OFFICER, "POST", "/v1/messages", again)["message"]
    bravo.until("the correction", lambda: has(bravo, corrected))
    understood(told, bravo, corrected, facts_of(bravo, corrected))
    answer = {
        "to": "alpha", "marker": "answer", "answers": corrected, "text": "Understood. The vehicles leave by the road that they came on.",
        "valid_for": "6 h",
    }  # fmt: skip
    answered = told.ask(bravo, OFFICER, "POST", "/v1/messages", answer)["message"]
    until_debt(alpha, corrected, "settled")
    come = alpha.until("the answer", lambda: has(alpha, answered))
    told.seen("alpha", f"message {short(corrected)} is understood, by Bravo's own word; {short(first)} is superseded.")
    told.seen("alpha", f'Bravo answers: "{come["text"]}"')


def _cut_and_mend(told: Told, alpha: RunningNode, bravo: RunningNode, cable: Cable) -> None:
    told.step(
        "The line between Bravo and Meridian is cut. Alpha asks a question, and waits a few seconds for the answer."
    )
    cable.cut()
    question = {
        "to": "bravo", "marker": "question", "text": "How many vehicles are still in Kestrel Pass?", "urgency": "now",
        "reply_within": "4 s", "valid_for": "6 h", "about": {"kind": "zone", "id": "kestrel-pass"},
        "facts": [{"is": "place", "name": "zone_centre", "text": "33.5000 38.6000", "called": "Kestrel Pass"}],
    }  # fmt: skip
    asked = told.ask(alpha, OFFICER, "POST", "/v1/messages", question)["message"]
    until_debt(alpha, asked, "unconfirmed")
    told.seen("alpha", alpha.until("the alert", lambda: alert(alpha, "message_unconfirmed"))["text"])
    told.seen("alpha", "That step is what was agreed, as words to Otto; nothing takes it but he.")
    told.step("The line is mended. What Bravo is owed comes, and its word corrects what Alpha was told, visibly late.")
    cable.mend()
    bravo.until("the question", lambda: has(bravo, asked))
    answer = {"to": "alpha", "marker": "answer", "answers": asked, "text": "None.", "valid_for": "6 h"}
    told.ask(bravo, OFFICER, "POST", "/v1/messages", answer)
    answered = until_debt(alpha, asked, "settled")
    if not answered["late"]:
        raise DidNotHappen("Alpha does not show that the answer was late")
    until_hop(alpha, asked, "bravo", "received")
    received = next(
        one for one in whole(alpha, asked)["statements"] if one["act"] == "received" and one["of"] == "bravo"
    )
    told.seen(
        "alpha",
        f"message {short(asked)}: received by bravo, evidenced since {received['known_at'][11:19]} UTC; answered, but late.",
    )

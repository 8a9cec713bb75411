"""The example of paper: a party with a node, and one with paper and a telephone only; everything the second says is a claim, until it has a node."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from keepclear.channel.by_hand import number_of
from keepclear.cli.parties_on_one_machine import DidNotHappen, RunningNode, all_started, begun, pair
from keepclear.cli.telling_examples import (
    OFFICER,
    PEOPLE,
    Told,
    facts_of,
    has,
    keys_of,
    now_us,
    tell_differences,
    understood,
    until_debt,
    verify,
    whole,
    wrong_digit,
)
from keepclear.ground.instants import utc_text
from keepclear.render.talk_sentences import short

INTRODUCTION = """\
Alpha clears roads of mines. Harbour Aid drives on them; it has paper and a telephone, and no node. One node on this machine, and later
a second one. What Harbour Aid is said to have said is entered as a claim, with whoever brought it. All of it is an exercise.
"""
HOUR_US = 3_600_000_000
AID = "harbour-aid"


def tell(folder: Path) -> list[RunningNode]:
    """Runs the example in a new folder; gives the nodes, whose records are in it. Raises `DidNotHappen`."""
    told = Told()
    print(INTRODUCTION, end="")
    alpha = begun(folder / "alpha", "alpha", "Alpha", PEOPLE, answers=True)
    aid = begun(folder / AID, AID, "Harbour Aid", PEOPLE, answers=False)
    with all_started([alpha]):
        _name(told, alpha)
        first = _print(told, alpha, folder)
        _heard_wrong(told, alpha, first)
        second = _told_on(told, alpha, folder, first)
        with all_started([aid]):
            _own_word(told, alpha, aid, second)
            keys = keys_of([alpha, aid])
    verify(told, [alpha, aid], keys)
    return [alpha, aid]


def _name(told: Told, alpha: RunningNode) -> None:
    told.step("Harbour Aid and Meridian are named at Alpha. Neither has a node: they are reached by hand.")
    for party, name, note in (
        (AID, "Harbour Aid", "printed at the gate, telephone 4711"),
        ("meridian", "Meridian", "by radio, channel 3"),
    ):
        told.ask(alpha, "admin", "PUT", f"/v1/parties/{party}", {"name": name})
        told.ask(alpha, "admin", "PUT", f"/v1/peers/{party}/by-hand", {"note": note})


def _print(told: Told, alpha: RunningNode, folder: Path) -> str:
    told.step("Otto of Alpha has a notice drafted of what Alpha will do, gives it, and prints two sheets.")
    asked = {
        "to": AID, "words": {"en": "to clear the road of mines"}, "place": {"text": "33.5880 38.3390"},
        "from": utc_text(now_us() + 20 * HOUR_US), "until": utc_text(now_us() + 23 * HOUR_US), "here": "Asia/Damascus",
        "there": "Asia/Damascus",
    }  # fmt: skip
    draft = told.ask(alpha, OFFICER, "POST", "/v1/messages/draft-activity", asked)
    draft |= {"reply_within": "6 h", "valid_for": "23 h"}
    told.seen("alpha", draft["text"])
    sent = str(told.ask(alpha, OFFICER, "POST", "/v1/messages", draft)["message"])
    _sheet(told, alpha, sent, "notice", "theirs", folder / "notice.html")
    _sheet(told, alpha, sent, "read-back", "theirs", folder / "read-back.html")
    told.seen(
        "alpha",
        f"message {short(sent)}, number {number_of(sent)}: {whole(alpha, sent)['debt']}. Nobody has read it yet.",
    )
    return sent


def _sheet(told: Told, alpha: RunningNode, message: str, kind: str, copy: str, path: Path) -> None:
    where = f"/v1/messages/{message}/sheet?kind={kind}&copy={copy}&here=Asia/Damascus&there=Asia/Damascus"
    page = told.ask(alpha, OFFICER, "GET", where)
    path.write_bytes(page)
    told.seen("printed", f"{path.name}, {len(page):,} bytes")


def _heard_wrong(told: Told, alpha: RunningNode, first: str) -> None:
    told.step(
        "Lina of Harbour Aid reads back by telephone. Otto writes down what he hears, with its wrong digit, and enters it."
    )
    facts = facts_of(alpha, first)
    place = next(fact for fact in facts if fact["name"] == "place")
    said = place["text"]
    place["text"] = wrong_digit(said)
    told.seen("telephone", f"reads back: {place['text']}  (it was {said})")
    _entered(
        told, alpha, first,
        act="understood", of=AID, person="Lina, driver", carrier="Otto, by telephone", means="voice", facts=facts,
    )  # fmt: skip
    tell_differences(told, alpha, first)


def _entered(told: Told, alpha: RunningNode, message: str, **said: Any) -> None:
    told.ask(alpha, OFFICER, "POST", f"/v1/messages/{message}/statements", said)


def _told_on(told: Told, alpha: RunningNode, folder: Path, first: str) -> str:
    told.step(
        "Otto says it again, as a new version. The telephone is dead; a driver of Meridian tells it on, and brings the read-back."
    )
    second = str(told.ask(alpha, OFFICER, "POST", "/v1/messages", _again(alpha, first))["message"])
    carrier = "driver of Meridian, by radio"
    _entered(told, alpha, second, act="delivered", of="meridian", towards=AID, carrier=carrier, means="radio")
    _entered(
        told, alpha, second,
        act="understood", of=AID, person="Lina, driver", carrier=carrier, means="radio", facts=facts_of(alpha, second),
    )  # fmt: skip
    held = until_debt(alpha, second, "claimed")
    for step in held["statements"]:
        told.seen("alpha", f"{step['act']} by {step['of']}: {step['evidence']}, brought by {step['carrier']}")
        if step["evidence"] != "claimed":
            raise DidNotHappen("Alpha takes what somebody else brought for more than a claim")
    told.seen(
        "alpha",
        f"message {short(second)} is claimed, and stays it, however many say the same. {short(first)} is superseded.",
    )
    _sheet(told, alpha, second, "notice", "ours", folder / "notice-ours.html")
    return second


def _again(alpha: RunningNode, message: str) -> dict[str, Any]:
    """The same once more, as a new version of it."""
    content = whole(alpha, message)["content"]
    return {
        "to": content["to"], "marker": content["marker"], "text": content["original"]["text"], "facts": facts_of(alpha, message),
        "supersedes": message, "reply_within": "6 h", "valid_for": "22 h",
    }  # fmt: skip


def _own_word(told: Told, alpha: RunningNode, aid: RunningNode, second: str) -> None:
    told.step("Harbour Aid gets a node. The two pair, and Otto gives the notice once more; now it goes over the line.")
    number = pair(alpha, aid, "the other side's administrator, by telephone, whose voice is known")
    told.seen("both", f"{number[:23]} ... {number[-11:]}")
    told.ask(alpha, "admin", "PUT", f"/v1/peers/{AID}", {})
    told.ask(aid, "admin", "PUT", "/v1/peers/alpha", {"address": alpha.links})
    third = str(told.ask(alpha, OFFICER, "POST", "/v1/messages", _again(alpha, second))["message"])
    come = aid.until("the notice", lambda: has(aid, third))
    told.seen(AID, f"{come['sender']} has sent an {come['marker']}: message {short(third)}.")
    understood(told, aid, third, facts_of(aid, third))
    until_debt(alpha, third, "settled")
    told.seen("alpha", f"message {short(third)} is settled, by Harbour Aid's own word.")
    before = whole(alpha, second)
    if any(step["evidence"] != "claimed" for step in before["statements"]):
        raise DidNotHappen("a claim has become more than one")
    told.seen("alpha", f"message {short(second)} is {before['debt']}; what was claimed of it is still a claim.")

"""The other side's officer, as the live example plays them: reads back and answers what comes, unless a person at that desk was quicker.

Everything goes through the doors of that party's own node, in the name of somebody who is said to be played.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from keepclear.cli.parties_on_one_machine import RunningNode
from keepclear.render.message_words import as_given

NAME = "Boris (played by the example)"
PAGE_ITEMS = 1_000
READS_BACK_S = 20
ANSWERS_S = 40
# A person who has signed in at that desk has so long; then the example goes on, so that nobody waits in vain.
PERSON_S = 180
_ANSWERS = {
    "warning": "Understood. The vehicles turn round and leave by the road that they came on.",
    "demand": "Understood. The vehicles turn round and leave by the road that they came on.",
    "request": "Understood. It will be done.",
    "question": "12 to 15 vehicles. They carry supplies.",
}


@dataclass
class PlayedOfficer:
    """What was seen of each message, and when, in seconds from the start; `user` is who speaks at `node`, to the party `other`.

    sits_there  a person has signed in at this desk"""

    node: RunningNode
    user: str
    other: str
    sits_there: bool = False
    _came_s: dict[str, float] = field(default_factory=dict)
    _done: set[str] = field(default_factory=set)

    def act(self, now_s: float) -> list[str]:
        """Does what is due; gives the messages that were answered by now, by the example or by a person, and were not before."""
        messages = self._messages()
        answered_by_us = {one["answers"] for one in messages if one["direction"] == "out" and one["answers"]}
        answered = []
        for one in messages:
            id = one["message"]
            if one["direction"] != "in" or id in self._done:
                continue
            waits_s = now_s - self._came_s.setdefault(id, now_s) - (PERSON_S if self.sits_there else 0)
            if one["debt"] == "superseded":
                self._done.add(id)
            elif id in answered_by_us:
                self._done.add(id)
                answered.append(id)
            elif waits_s >= ANSWERS_S:
                self._answer(id, one["marker"])
            elif waits_s >= READS_BACK_S:
                self._read_back(id)
        return answered

    def _messages(self) -> list[dict[str, Any]]:
        """Everything between the two, page by page."""
        messages: list[dict[str, Any]] = []
        page: dict[str, Any] = {"next": ""}
        while (after := page["next"]) is not None:
            behind = f"&after={after}" if after else ""
            page = self.node.ask(self.user, "GET", f"/v1/messages?limit={PAGE_ITEMS}&party={self.other}{behind}")
            messages += page["items"]
        return messages

    def _read_back(self, message: str) -> None:
        """Says what its facts are, once: whoever has said so before us has done it."""
        held = self.node.ask(self.user, "GET", f"/v1/messages/{message}")
        ours = [said for said in held["statements"] if said["of"] == self.node.party]
        if any(said["act"] in {"understood", "refused", "say_again", "stand_by"} for said in ours):
            return
        facts = [as_given(fact) for fact in held["content"]["facts"]]
        self._ask(f"/v1/messages/{message}/statements", {"act": "understood", "person": NAME, "facts": facts})

    def _answer(self, message: str, marker: str) -> None:
        self._read_back(message)
        if marker not in _ANSWERS:  # what is for information only has no answer
            self._done.add(message)
            return
        text = f"{_ANSWERS[marker]} - {NAME}"
        self._ask(
            "/v1/messages",
            {"to": self.other, "marker": "answer", "answers": message, "text": text, "valid_for": "6 h"},
        )

    def _ask(self, path: str, body: Any) -> None:
        self.node.ask(self.user, "POST", path, body)

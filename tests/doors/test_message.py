"""`keepclear message` as people of two parties give it, against nodes that are served and paired by memory stick."""

from __future__ import annotations

import json
import time

import httpx
import pytest

from keepclear.channel.by_hand import number_of
from keepclear.channel.messages import Marker, Urgency
from keepclear.channel.statements import Act, Means
from keepclear.cli import message
from keepclear.ground.instants import utc_text
from tests.doors.api.caller import KESTREL_PASS, zones_of
from tests.running import PATIENCE_S
from tests.served import Desk, carried, paired, served, until_owed

# Nothing in it for the check to find, whatever the day.
TEXT = "Twenty vehicles are seen."
LEAVE = ("--place", "leave=33.5000 38.6000")
GO_TO = ("--place", "go_to=33.6700 38.0580")


@pytest.fixture
def desk(monkeypatch, capsys) -> Desk:
    return Desk(monkeypatch, capsys)


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    folder = tmp_path_factory.mktemp("two")
    with served(folder, "alpha", "bravo") as nodes:
        yield folder, *nodes


@pytest.fixture
def pair(two, desk):
    folder, alpha, bravo = two
    desk.at(alpha)
    if not desk.do("peer", "list")[1]:
        paired(desk, alpha, bravo, folder)
    desk.at(alpha)
    return alpha, bravo


def sent(desk, *options: str, text: str = TEXT, marker: str = "information") -> str:
    """Sends a message to Bravo from where the desk stands; its id."""
    return str(
        desk.done("message", "send", "--to", "bravo", "--marker", marker, "--text", text, *options, "--send")["message"]
    )


def arrived(desk, pair, stick, *options: str, **said: str) -> str:
    """A message of Alpha that Bravo has; the desk stands at Bravo then."""
    alpha, bravo = pair
    id = sent(desk, *options, **said)
    until_owed(desk, alpha, "bravo", 1)
    for _ in range(1_000):
        carried(desk, alpha, bravo, stick)
        if desk.do("message", "show", id)[0] == 0:
            return id
    raise AssertionError("it never came")


def test_the_options_have_the_words_of_the_channel():
    assert set(message.MARKERS) == set(Marker)
    assert set(message.URGENCIES) == set(Urgency)
    assert {act.replace("-", "_") for act in message.ACTS} == set(Act)
    assert set(message.MEANS) == set(Means)


def test_a_list_without_messages_says_what_to_do_next(tmp_path, desk):
    with served(tmp_path, "alpha") as (alpha,):
        desk.at(alpha)
        code, said, errors = desk.do("message", "list")
        assert (code, said) == (0, [])
        assert "keepclear peer list" in errors
        assert "Nothing is open" in desk.do("message", "list", "--open")[2]
        assert desk.do("message", "show", "1a2b3c4d")[0] == 2


def test_in_a_pipe_a_message_is_checked_and_shown_and_not_sent(pair, desk):
    asked = ("message", "send", "--to", "bravo", "--marker", "information", "--text", "It stays here.", *GO_TO)
    code, (said,), errors = desk.do(*asked)
    assert code == 1
    assert "NOT SENT." in errors
    assert said["draft"]["facts"] == [{"is": "place", "name": "go_to", "text": "33.6700 38.0580"}]
    assert "It stays here." not in [view["text"] for view in desk.do("message", "list")[1]]


@pytest.mark.parametrize("typed", ["", "y\n", "no\n", "\n", "\x04"])
def test_on_a_terminal_nothing_goes_unless_somebody_types_yes(pair, desk, typed):
    text = f"It stays here too {typed!r}"
    asked = ("message", "send", "--to", "bravo", "--marker", "information", "--text", text, "--send")
    code, shown = desk.on_a_terminal(*asked, typed=typed or "\x04")
    assert code == 1
    assert "Send this to bravo? Type yes:" in shown
    assert "NOT SENT. Nobody typed yes." in shown
    assert text not in [view["text"] for view in desk.do("message", "list")[1]]


def test_on_a_terminal_a_message_is_shown_as_it_goes_and_goes_with_yes(pair, desk):
    code, shown = desk.on_a_terminal(
        "message", "send", "--to", "bravo", "--marker", "warning", "--urgency", "now", "--text", "Vehicles are seen.\nSecond line.",
        *GO_TO, "--time", "by=2026-05-18T12:00+03:00 Asia/Damascus", "--count", "vehicles=20-27", "--word", "zone=Kestrel Pass",
        "--reply-within", "30min", "--translation", "ru=Видны машины.", "--translated-by", "N. Orlova", typed="yes\n",
    )  # fmt: skip
    for line in (
        "a warning (now) to bravo",
        "  reply due within 30min",
        "  | Vehicles are seen.",
        "  | Second line.",
        "The same in ru, translated by N. Orlova, compared by nobody:",
        "  go_to: 33.6700 38.0580",
        "  by: 2026-05-18 09:00:00Z = 2026-05-18 12:00:00 Asia/Damascus",
        "  vehicles: 20-27",
        "  zone: Kestrel Pass",
    ):
        assert line in shown.splitlines()
    assert "What the check found:" in shown
    if code == 1:  # what it found must be meant
        assert "--meant" in shown
    else:
        assert "That says nothing of its arrival." in shown


def test_what_the_check_found_is_mended_or_named_as_meant(pair, desk):
    asked = ("message", "send", "--to", "bravo", "--marker", "information", "--text", "Move 5 miles north.", "--send")
    code, (said,), errors = desk.do(*asked)
    assert code == 1
    keys = [one["key"] for one in said["findings"]]
    assert keys
    assert f"--meant {keys[0]}" in errors
    meant = [word for key in dict.fromkeys(keys) for word in ("--meant", key)]
    assert desk.done(*asked, *meant)["message"]
    code, shown = desk.on_a_terminal(*asked)
    assert (code, "NOT SENT. The check found" in shown) == (1, True)


def test_a_fault_of_a_fact_is_said_with_its_option(pair, desk):
    code, _, errors = desk.do(
        "message", "send", "--to", "bravo", "--marker", "information", "--text", TEXT, *GO_TO, "--place", "leave=nowhere", "--send"
    )  # fmt: skip
    assert code == 2
    assert "keepclear: --place leave: " in errors
    code, _, errors = desk.do(
        "message", "send", "--to", "bravo", "--marker", "information", "--text", TEXT, "--place", "33 38"
    )
    assert (code, "--place: This is no name with a value" in errors) == (2, True)
    code, _, errors = desk.do("message", "send", "--to", "bravo", "--marker", "warning")
    assert (code, "The message has no --text" in errors) == (2, True)


def test_a_correction_begins_with_the_facts_of_what_it_corrects(pair, desk):
    first = sent(
        desk, *LEAVE, *GO_TO, "--count", "vehicles=20-27", "--translation", "ru=Машины.", "--translated-by", "N. Orlova"
    )
    code, said, errors = desk.do(
        "message", "send", "--corrects", first[:8], "--text", "Seven vehicles are seen.", "--count", "vehicles=7", "--send"
    )  # fmt: skip
    assert code == 0, errors
    assert "The translations stay behind" in errors
    now = desk.done("message", "show", said[0]["message"])["content"]
    assert now["supersedes"] == first
    assert now["translations"] == []
    assert [(fact["name"], fact.get("low")) for fact in now["facts"]] == [
        ("leave", None),
        ("go_to", None),
        ("vehicles", 7),
    ]
    assert desk.done("message", "show", first)["debt"] == "superseded"


def test_a_draft_is_edited_and_sent_and_never_written_over(pair, desk, tmp_path):
    draft = tmp_path / "draft.json"
    draft.write_text(json.dumps({"to": "bravo", "marker": "information", "text": "Old words.", "facts": []}))
    done = desk.done("message", "send", "--draft", str(draft), "--text", "New words.", *GO_TO, "--send")
    content = desk.done("message", "show", done["message"])["content"]
    assert content["original"]["text"] == "New words."
    assert [fact["name"] for fact in content["facts"]] == ["go_to"]
    code, _, errors = desk.do("message", "draft", "no-such-alert", "--to", "bravo", "--to-file", str(draft))
    assert (code, "There is no such alert" in errors) == (2, True)
    for content in ("", "[]", '{"facts": 1}', '{"facts": [1]}', '{"translations": [2]}', "{"):
        draft.write_text(content)
        code, _, errors = desk.do("message", "send", "--draft", str(draft), "--send")
        assert (code, "Traceback" in errors) == (2, False)


def entered(node) -> str:
    """Has somebody enter Kestrel Pass; the alert of it."""
    positions = [{"subject": "Bravo 1", "seen_at": utc_text(time.time_ns() // 1000), "lat": 33.6, "lon": 38.6}]
    said = {}
    with httpx.Client(base_url=node.address, timeout=PATIENCE_S) as client:
        for method, path, token, body in (
            ("PUT", "/v1/zones", node.tokens[f"planner.{node.party}"], zones_of(KESTREL_PASS)),
            ("PUT", "/v1/feeds/mast", node.administrator, {"source": "AIS mast"}),
            ("POST", "/v1/feeds/mast/positions", node.officer, positions),
            ("GET", "/v1/alerts", node.officer, None),
        ):
            answer = client.request(method, path, json=body, headers={"Authorization": f"Bearer {token}"})
            assert answer.status_code == 200, answer.text
            said = answer.json()
    return str(said["items"][0]["id"])


def test_an_alert_becomes_a_draft_by_one_command_and_goes_when_somebody_sends_it(pair, desk, tmp_path):
    alpha, _ = pair
    alert = entered(alpha)
    draft = tmp_path / "warning.json"
    code, _, errors = desk.do("message", "draft", alert, "--to", "bravo", "--to-file", str(draft))
    assert (code, f"--draft {draft}" in errors) == (0, True)
    code, _, errors = desk.do("message", "draft", alert, "--to", "bravo", "--to-file", str(draft))
    assert (code, "The file is there already" in errors) == (2, True)
    code, shown = desk.on_a_terminal("message", "send", "--draft", str(draft), typed="no\n")
    assert code == 1
    assert f"about alert {alert}" in shown
    assert "The same in ru" in shown


def test_a_read_back_is_typed_without_seeing_what_was_said_and_is_compared(pair, desk, tmp_path):
    id = arrived(desk, pair, tmp_path / "stick", *GO_TO, "--count", "vehicles=20-27", "--word", "site=Old Well")
    code, shown = desk.on_a_terminal("message", "read-back", id[:8], typed="33.6700 38.0850\n20-27\n\nyes\n")
    assert code == 1
    asked = shown.partition("Type yes")[0]
    assert "go_to (a place)" in asked
    assert "38.0580" not in asked
    assert "site (a name or a term)" in asked
    assert "Left out, and the other side will see that: site." in shown
    assert "go_to: DIFFERS: 2.5 km apart" in shown
    assert "; typed 33.6700 38.0850" in shown
    assert (
        "bravo: has it: by its own word; has understood it: by its own word, BUT"
        in desk.on_a_terminal("message", "show", id)[1]
    )
    assert "vehicles: as it was said" in shown
    assert "site: NOT READ BACK" in shown
    code, shown = desk.on_a_terminal("message", "read-back", id[:8], typed="33.6700 38.0580\n20-27\nold well\nyes\n")
    assert code == 0, shown
    assert "DIFFERS" not in shown
    alpha, bravo = pair
    until_owed(desk, bravo, "alpha", 1)
    for _ in range(1_000):
        carried(desk, bravo, alpha, tmp_path / "stick")
        whole = desk.done("message", "show", id)
        if whole["debt"] == "settled":
            break
    code, shown = desk.on_a_terminal("message", "show", id[:8])
    assert "bravo: has it: by its own word; has understood it: by its own word" in shown
    assert "[bravo's own word]" in shown
    assert "go_to: DIFFERS: 2.5 km apart" in shown


def test_what_cannot_be_read_is_asked_for_again_and_nothing_is_stated_without_yes(pair, desk, tmp_path):
    id = arrived(desk, pair, tmp_path / "stick", *GO_TO)
    code, shown = desk.on_a_terminal("message", "read-back", id, typed="somewhere\nno\n")
    assert (code, "NOTHING WAS STATED." in shown) == (1, True)
    assert desk.on_a_terminal("message", "read-back", id, typed="\x04")[0] == 1
    understood = [one for one in desk.done("message", "show", id)["statements"] if one["act"] == "understood"]
    assert understood == []
    code, shown = desk.on_a_terminal("message", "read-back", id, typed="somewhere\nyes\n33.6700 38.0580\n")
    assert code == 0, shown
    assert "keepclear: go_to: " in shown or "go_to: " in shown
    assert desk.do("message", "read-back", id)[0] == 2


def test_what_another_party_said_by_telephone_is_entered_as_a_claim(pair, desk):
    id = sent(desk, *GO_TO)
    said = desk.done(
        "message", "state", id[:10], "understood", *GO_TO, "--of", "bravo", "--person", "petra",
        "--carrier", "duty officer, by telephone", "--means", "voice",
    )  # fmt: skip
    assert said["debt"] == "claimed"
    assert said["statement"]["evidence"] == "claimed"
    code, shown = desk.on_a_terminal("message", "show", id)
    assert code == 0
    assert "has understood it: somebody claims so" in shown
    assert "[alpha CLAIMS so, brought by duty officer, by telephone (voice)]" in shown
    assert "has it: nothing known" in shown


def test_a_filled_sheet_is_entered_by_the_number_that_was_read_out_and_the_names_of_its_boxes(pair, desk):
    id = sent(desk, *GO_TO, "--count", "vehicles=20-27")
    entered = ("--of", "bravo", "--person", "Basil", "--carrier", "line officer, by telephone", "--means", "voice")
    said = desk.done(
        "message", "state", number_of(id), "understood", *entered, "--heard", "go_to=33.6700 38.0580", "--heard", "vehicles=27"
    )  # fmt: skip
    assert said["message"] == id
    assert [(field["name"], field["verdict"]) for field in said["statement"]["fields"]] == [
        ("go_to", "same"),
        ("vehicles", "differs"),
    ]
    code, _, errors = desk.do("message", "state", id, "understood", *entered, "--heard", "leave=33 38")
    assert (
        code,
        "--heard: The message states nothing of that name (given: leave). It states go_to, vehicles." in errors,
    ) == (2, True)
    assert "No message has this number" in desk.do("message", "show", "0000 0000 0000")[2]


def test_a_sheet_for_the_other_side_has_no_answers_on_it(pair, desk):
    id = sent(desk, *GO_TO)
    code, shown = desk.on_a_terminal("message", "sheet", id[:10], "notice")
    assert (code, "33.6700" in shown, number_of(id) in shown) == (0, True, True)
    code, shown = desk.on_a_terminal("message", "sheet", id[:10], "read-back")
    assert (code, "33.6700" in shown, number_of(id) in shown) == (0, False, True)
    code, shown = desk.on_a_terminal("message", "sheet", id[:10], "read-back", "--ours", "--html")
    assert (code, "33.6700" in shown, "<html" in shown) == (0, True, True)
    assert desk.do("message", "sheet", id, "notice", "--here", "Asia/Nowhere")[0] == 2


def test_acts_are_those_of_whoever_asks_unless_another_is_named(pair, desk, tmp_path):
    id = arrived(desk, pair, tmp_path / "stick", marker="request", text="Please answer.")
    said = desk.done("message", "state", id, "stand-by", "--within", "20min")
    assert (said["statement"]["person"], said["statement"]["within_s"], said["debt"]) == (
        "officer.bravo",
        1200.0,
        "stand_by",
    )
    assert desk.done("message", "state", id, "say-again", "--person", "petra")["statement"]["person"] == "petra"
    code, _, errors = desk.do("message", "state", id, "stand-by", "--within", "soon")
    assert (code, "--within: " in errors) == (2, True)
    refused = desk.done("message", "state", id, "refused", "--text", "We cannot reach them.")
    assert refused["statement"]["words"]["text"] == "We cannot reach them."
    code, shown = desk.on_a_terminal("message", "state", id, "no-information")
    assert "officer.bravo of bravo has nothing to answer [bravo's own word]" in shown


def test_an_answer_goes_back_to_whoever_asked(pair, desk, tmp_path):
    id = arrived(desk, pair, tmp_path / "stick", marker="question", text="Whose are they?")
    done = desk.done("message", "send", "--answers", id[:8], "--text", "None of ours.", "--send")
    content = desk.done("message", "show", done["message"])["content"]
    assert (content["to"], content["marker"], content["answers"]) == ("alpha", "answer", id)
    code, _, errors = desk.do("message", "send", "--corrects", id, "--text", "x", "--send")
    assert (code, "corrected by the party that sent it" in errors) == (2, True)


def test_what_is_open_is_listed_by_itself_and_text_of_others_steers_no_terminal(pair, desk):
    asked = ("message", "send", "--to", "bravo", "--marker", "question", "--text", "Turned \u202e round?", "--send")
    _, (checked,), _ = desk.do(*asked)
    meant = [word for one in checked["findings"] for word in ("--meant", one["key"])]
    id = str(desk.done(*asked, *meant)["message"])
    listed = [view["message"] for view in desk.do("message", "list", "--open")[1]]
    assert id in listed
    assert len(listed) == len(set(listed))
    for command in (("list", "--open"), ("show", id)):
        code, shown = desk.on_a_terminal("message", *command)
        assert code == 0
        assert "\u202e" not in shown
        assert "⟦U+202E⟧" in shown
    assert id[:8] in desk.on_a_terminal("message", "list", "--open")[1]

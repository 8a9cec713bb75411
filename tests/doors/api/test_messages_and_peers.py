"""Messages and peers at the doors: who sends, what is looked at before, what is known of each, and whom this node hands things to."""

from __future__ import annotations

import msgspec
import pytest

from keepclear.agreements.agreement import End
from keepclear.links.packets import Head, packet_bytes
from tests.agreed import NAME, fact
from tests.couriers import Keys
from tests.doors.api.caller import INSIDE, card_of, pair, staffed
from tests.doors.api.test_dealings import agreed

SECOND = 1_000_000
GO_TO = {"is": "place", "name": "go_to", "text": "33.6700 38.9580"}
WARNING = {
    "to": "bravo",
    "marker": "warning",
    "text": "Keep clear of the pass.",
    "facts": [GO_TO],
    "reply_within": "30 min",
}


@pytest.fixture
def staff():
    staff = staffed()
    pair(staff, "bravo")
    return staff


def send(staff, message=WARNING, *, who="officer", **asked):
    return staff.call.post("/v1/messages", getattr(staff, who), json=message, **asked)


def keys_of(problem):
    return [fault["key"] for fault in problem.json()["errors"]]


# --- sending ---


def test_a_message_is_sent_in_the_name_of_whoever_asks(staff):
    sent = send(staff)
    assert sent.status_code == 201
    whole = staff.call.get(f"/v1/messages/{sent.json()['message']}", staff.officer).json()
    assert (whole["content"]["author"], whole["direction"], whole["debt"]) == ("ben", "out", "owed")


@pytest.mark.parametrize("who", ["planner", "viewer", "administrator", "auditor", "mast"])
def test_who_has_no_such_task_sends_nothing_and_states_nothing(staff, who):
    id = send(staff).json()["message"]
    assert send(staff, who=who).status_code == 403
    assert staff.call.post("/v1/messages/check", getattr(staff, who), json=WARNING).status_code == 403
    said = {"act": "say_again", "person": "somebody"}
    assert staff.call.post(f"/v1/messages/{id}/statements", getattr(staff, who), json=said).status_code == 403


def test_people_of_another_party_neither_read_nor_send_what_is_the_houses(staff):
    id = send(staff).json()["message"]
    assert staff.call.get("/v1/messages", staff.liaison).status_code == 403
    assert staff.call.get(f"/v1/messages/{id}", staff.liaison).status_code == 403
    assert send(staff, who="liaison").status_code == 403


def test_what_can_be_misunderstood_is_mended_or_named_as_meant(staff):
    vague = {**WARNING, "text": "Keep clear of Kestrel Pass."}
    refused = send(staff, vague)
    assert (refused.status_code, keys_of(refused)) == (422, ["place.no_coordinates"])
    found = staff.call.post("/v1/messages/check", staff.officer, json=vague).json()["findings"]
    assert [(one["key"], one["severity"]) for one in found] == [("place.no_coordinates", "stops")]
    assert send(staff, {**vague, "meant": ["place.no_coordinates"]}).status_code == 201
    assert staff.call.post("/v1/messages/check", staff.officer, json=WARNING).json()["findings"] == []


@pytest.mark.parametrize(
    ("changed", "path"),
    [
        ({"facts": [{**GO_TO, "text": "somewhere north"}]}, "$.facts[0]"),
        ({"reply_within": "soon"}, "$.reply_within"),
        ({"valid_until": "tomorrow"}, "$.valid_until"),
        ({"reply_by": "2026-05-18T12:00Z"}, "$.reply_by"),
        ({"to": "alpha"}, "$.to"),
        ({"facts": [GO_TO, GO_TO]}, "$.facts[1].name"),
        ({"supersedes": "f" * 64}, "$.supersedes"),
    ],
)
def test_a_fault_of_a_message_is_refused_with_its_place(staff, changed, path):
    refused = send(staff, {**WARNING, **changed})
    assert refused.status_code == 422
    assert [fault["path"] for fault in refused.json()["errors"]] == [path]


def test_a_party_to_which_nothing_leads_or_whose_card_has_ended_is_sent_nothing(staff):
    assert keys_of(send(staff, {**WARNING, "to": "charlie"})) == ["message.no_route"]
    staff.call.post("/v1/peers/bravo/card/end", staff.administrator, json={"why": "lost"})
    assert keys_of(send(staff)) == ["card.ended"]


def test_a_request_that_is_made_twice_under_one_key_sends_one_message(staff):
    first, second = (send(staff, headers={"Idempotency-Key": "warn-1"}) for _ in range(2))
    assert first.json() == second.json()
    assert len(staff.call.get("/v1/messages", staff.officer).json()["items"]) == 1


def test_an_exercise_and_what_is_none_never_meet(staff):
    sent = send(staff, WARNING, params={"exercise": "true"})
    assert sent.json()["exercise"] is True
    assert staff.call.get("/v1/messages", staff.officer).json()["items"] == []
    assert len(staff.call.get("/v1/messages?exercise=true", staff.officer).json()["items"]) == 1
    assert staff.call.get(f"/v1/messages/{sent.json()['message']}", staff.officer).status_code == 404
    corrected = {**WARNING, "supersedes": sent.json()["message"]}
    assert keys_of(send(staff, corrected)) == ["exercise.mixed"]
    assert keys_of(send(staff, {**WARNING, "exercise": True})) == ["exercise.mixed"]


def test_a_draft_of_an_alert_passes_its_own_check_and_is_sent_by_a_person(staff):
    staff.bring(INSIDE)
    alert = staff.call.get("/v1/alerts?key=entered", staff.officer).json()["items"][0]["id"]
    draft = staff.call.post("/v1/messages/draft", staff.officer, json={"alert": alert, "to": "bravo"})
    assert draft.status_code == 200, draft.text
    assert {one["language"] for one in draft.json()["translations"]} == {"ar", "ru"}
    assert staff.call.get("/v1/messages", staff.officer).json()["items"] == [], "nothing is sent by drafting it"
    assert staff.call.post("/v1/messages/check", staff.officer, json=draft.json()).json()["findings"] == []
    sent = send(staff, draft.json()).json()["message"]
    content = staff.call.get(f"/v1/messages/{sent}", staff.officer).json()["content"]
    assert content["about"] == {"kind": "alert", "id": alert}
    assert {fact["name"] for fact in content["facts"]} >= {"seen", "seen_at", "zone"}


def test_a_draft_of_an_alert_says_to_whom_they_belong_and_where_they_go_and_not_what_the_feed_calls_them(staff):
    staff.bring(INSIDE | {"party": "bravo", "course_deg": 7.0, "speed_mps": 10.6})
    alert = staff.call.get("/v1/alerts?key=entered", staff.officer).json()["items"][0]["id"]
    asked = {"alert": alert, "to": "bravo"}
    text = staff.call.post("/v1/messages/draft", staff.officer, json=asked).json()["text"]
    assert "We take them to be yours. Going towards 007° at about 38 km/h. If they are yours, we ask" in text
    assert INSIDE["subject"] not in text


def test_a_draft_of_an_alert_names_the_agreement_in_force_with_whom_it_is_for_about_the_zone_and_no_other():
    staff, _ = agreed()
    for peer in ("bravo", "meridian"):
        pair(staff, peer)
    staff.bring(INSIDE)
    alert = staff.call.get("/v1/alerts?key=entered", staff.officer).json()["items"][0]["id"]

    def text(to: str) -> str:
        return str(staff.call.post("/v1/messages/draft", staff.officer, json={"alert": alert, "to": to}).json()["text"])

    assert f" Agreement: {NAME}. " in text("bravo")
    assert "Agreement" not in text("meridian"), "it is no party to it"
    ended = msgspec.to_builtins(fact(End, hours=0)) | {"at_us": staff.desk.clock_us}
    nora = staff.desk.admit("nora", "alpha", "liaison")
    assert staff.call.post(f"/v1/agreements/{NAME}/facts", nora, json=ended).status_code == 200
    assert "Agreement" not in text("bravo"), "it has ended"


def test_an_alert_that_may_not_be_seen_is_no_alert_to_draft_from(staff):
    asked = {"alert": "9.9", "to": "bravo"}
    assert staff.call.post("/v1/messages/draft", staff.officer, json=asked).status_code == 404


# --- what becomes of it ---


def test_what_somebody_brings_word_of_is_a_claim_with_its_carrier(staff):
    id = send(staff).json()["message"]
    said = {"act": "understood", "of": "bravo", "person": "duty officer", "means": "voice", "facts": [GO_TO]}
    refused = staff.call.post(f"/v1/messages/{id}/statements", staff.officer, json={**said, "means": "link"})
    assert keys_of(refused) == ["statement.carrier"]
    entered = staff.call.post(
        f"/v1/messages/{id}/statements", staff.officer, json={**said, "carrier": "ben, by telephone"}
    )
    assert entered.status_code == 201, entered.text
    whole = staff.call.get(f"/v1/messages/{id}", staff.officer).json()
    assert (whole["debt"], whole["statements"][0]["evidence"]) == ("claimed", "claimed")
    assert whole["hops"] == [
        {"party": "bravo", "received": None, "forwarded": None, "delivered": None, "understood": "claimed"}
    ]


def test_a_read_back_is_shown_field_by_field(staff):
    id = send(staff).json()["message"]
    wrong = {**GO_TO, "text": "33.6800 38.9580"}
    said = {
        "act": "understood",
        "of": "bravo",
        "person": "duty officer",
        "carrier": "ben",
        "means": "radio",
        "facts": [wrong],
    }
    staff.call.post(f"/v1/messages/{id}/statements", staff.officer, json=said)
    whole = staff.call.get(f"/v1/messages/{id}", staff.officer).json()
    (field,) = whole["statements"][0]["fields"]
    assert (field["name"], field["verdict"], round(field["off_m"])) == ("go_to", "differs", 1109)
    (back,) = whole["statements"][0]["facts"]
    assert (back["is"], back["name"], back["as_entered"]) == ("place", "go_to", "33.6800 38.9580")
    assert whole["mismatch"] is True
    assert staff.call.get("/v1/alerts?key=read_back_differs", staff.officer).json()["items"] != []


def test_a_message_stands_as_it_was_known_at_an_instant_and_unconfirmed_when_its_time_is_over(staff):
    id = send(staff).json()["message"]
    staff.desk.clock_us += 31 * 60 * SECOND
    staff.bring({**INSIDE, "seen_at": "2026-05-18T11:00:00Z"})  # anything that lets time pass
    assert staff.call.get(f"/v1/messages/{id}", staff.officer).json()["debt"] == "unconfirmed"
    (alert,) = staff.call.get("/v1/alerts?key=message_unconfirmed", staff.officer).json()["items"]
    assert alert["text"].startswith("Unconfirmed: bravo has not answered the warning")
    assert [
        one["message"] for one in staff.call.get("/v1/messages?debt=unconfirmed", staff.officer).json()["items"]
    ] == [id]
    assert staff.call.get("/v1/messages?debt=owed", staff.officer).json()["items"] == []


def test_a_message_is_found_by_its_first_digits(staff):
    id = send(staff).json()["message"]
    assert staff.call.get(f"/v1/messages/{id[:8]}", staff.officer).json()["message"] == id
    assert staff.call.get(f"/v1/messages/{'0' * 8}", staff.officer).status_code == 404


def test_messages_are_listed_page_by_page(staff):
    ids = [send(staff, {**WARNING, "text": f"Number {number}."}).json()["message"] for number in range(5)]
    seen: list[str] = []
    after: str | None = ""
    while after is not None:
        page = staff.call.get(f"/v1/messages?limit=2{f'&after={after}' if after else ''}", staff.officer).json()
        seen += [one["message"] for one in page["items"]]
        after = page["next"]
    assert seen == ids


# --- peers ---


def test_a_number_is_shown_and_nothing_is_kept_of_a_card_that_is_only_looked_at(staff):
    shown = staff.call.post("/v1/card/number", staff.officer, json={"card": card_of("charlie")}).json()
    assert (shown["party"], len(shown["number"].replace(" ", ""))) == ("charlie", 60)
    assert [one["party"] for one in staff.call.get("/v1/peers", staff.officer).json()["items"]] == ["bravo"]


def test_a_card_is_taken_in_by_an_administrator_who_says_with_whom_the_number_was_compared(staff):
    said = {"card": card_of("charlie"), "compared_with": ""}
    assert staff.call.put("/v1/peers/charlie/card", staff.officer, json=said).status_code == 403
    assert keys_of(staff.call.put("/v1/peers/charlie/card", staff.administrator, json=said)) == ["card.not_compared"]
    said["compared_with"] = "Colonel of Charlie, by telephone"
    assert staff.call.put("/v1/peers/bravo/card", staff.administrator, json=said).status_code == 422
    assert staff.call.put("/v1/peers/charlie/card", staff.administrator, json=said).status_code == 201


@pytest.mark.parametrize("name", ["Вravo", "Bravo\u202e", "alpha"])
def test_a_card_with_a_name_that_passes_for_another_partys_is_refused(staff, name):
    said = {"card": {**card_of("charlie"), "name": name}, "compared_with": "somebody, by telephone"}
    refused = staff.call.put("/v1/peers/charlie/card", staff.administrator, json=said)
    assert refused.status_code == 422
    assert set(keys_of(refused)) <= {"name.lookalike", "name.mixed", "name.hidden_marks"}


def test_keys_that_were_lost_end_and_a_new_card_takes_their_place(staff):
    ended = {"why": "compromised", "since_at": "2026-05-18T09:00Z", "note": "seen elsewhere"}
    assert staff.call.post("/v1/peers/bravo/card/end", staff.administrator, json=ended).status_code == 200
    peer = staff.call.get("/v1/peers/bravo", staff.officer).json()
    assert (peer["ended"], peer["ended_since"]) == ("compromised", "2026-05-18T09:00:00Z")
    again = staff.call.post("/v1/peers/bravo/card/end", staff.administrator, json=ended)
    assert keys_of(again) == ["card.ended"]
    pair(staff, "bravo")
    assert staff.call.get("/v1/peers/bravo", staff.officer).json()["ended"] == ""


def test_a_packet_is_fetched_and_brought_by_hand(staff):
    fetched = staff.call.get("/v1/peers/bravo/packet", staff.officer)
    assert fetched.headers["content-type"].startswith("application/vnd.keepclear.packet")
    keys = Keys("bravo")
    head = Head("bravo", "alpha", staff.desk.clock_us, staff.desk.clock_us, None, ())
    packet = packet_bytes(head, {}, keys.signing.signer)

    def brought(data):
        kind = {"Content-Type": "application/vnd.keepclear.packet"}
        return staff.call.post("/v1/peers/bravo/packet", staff.officer, content=data, headers=kind)

    assert brought(packet).json() == {"new": True}
    assert brought(packet).json() == {"new": False}
    assert brought(packet[:-1]).status_code == 422
    assert staff.call.get("/v1/peers/bravo/packet", staff.viewer).status_code == 403
    assert staff.call.get("/v1/peers/charlie/packet", staff.officer).status_code == 404


def test_an_address_that_is_none_is_refused(staff):
    refused = staff.call.put("/v1/peers/bravo", staff.administrator, json={"address": "http://bravo.example"})
    assert [fault["path"] for fault in refused.json()["errors"]] == ["$.address"]

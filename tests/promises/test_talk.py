"""docs/spec/node.md, "Other parties": cards, messages given and got, and what a person is alerted to."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any

import msgspec
import pytest

from keepclear.channel import messages, statements
from keepclear.channel.carriage import Carriage
from keepclear.channel.channel import WORD_VALID_US, Came, Opened
from keepclear.channel.facts import Place
from keepclear.channel.links import Parcel, Taken
from keepclear.channel.messages import Marker, Message, Urgency, Words
from keepclear.channel.standing import Debt
from keepclear.channel.statements import Act, Means, Statement
from keepclear.ground.errors import Refused
from keepclear.ground.signing import ED25519, NoteKey, PrivateKey
from keepclear.links.pairing import card_of
from keepclear.node import events as e
from keepclear.node.effects import Effects
from keepclear.node.node import NODE, Node
from tests.couriers import Keys, taken
from tests.nodes import Given, alerts, lines


def paired(*parties: str, **options: Any) -> Given:
    given = Given(**options)
    for party in parties or ("bravo",):
        given.give(taken(Keys(party).card), by="admin")
        given.give(e.PeerJoined(party), by="admin")
    return given


def message_of(given: Given, **values: Any) -> Message:
    said: dict[str, Any] = {
        "salt": f"{len(given.history):064x}", "sender": "alpha", "to": "bravo", "author": "otto", "marker": Marker.WARNING,
        "urgency": Urgency.SOON, "original": Words("en", "Keep clear."), "written_at_us": given.at_us,
        "valid_until_us": given.at_us + 3_600_000_000, "exercise": given.exercise,
    }  # fmt: skip
    return Message(**said | values)


def say(given: Given, by: str = "otto", **values: Any) -> tuple[Message, Effects]:
    message = message_of(given, **values)
    return message, given.give(e.MessageGiven(message.payload.decode()), by=by)


def refused_key(call: Callable[[], object]) -> str:
    with pytest.raises(Refused) as caught:
        call()
    return caught.value.key


@pytest.mark.promise("NODE-17")
def test_a_card_without_a_comparison_or_with_a_name_that_passes_for_another_is_refused():
    given = paired()
    card = taken(Keys("charlie").card)
    changed = msgspec.structs.replace
    assert refused_key(lambda: given.give(changed(card, compared_with=" "), by="admin")) == "card.not_compared"
    assert refused_key(lambda: given.give(changed(card, name="Вravo"), by="admin")) == "name.mixed"
    assert refused_key(lambda: given.give(changed(card, name="BRAVO"), by="admin")) == "name.lookalike"
    assert refused_key(lambda: given.give(changed(card, party="alpha"), by="admin")) == "card.own"
    assert refused_key(lambda: given.give(card, by="otto")) == "access.role"
    assert "charlie" not in given.node.talk.cards


@pytest.mark.promise("NODE-17")
def test_nothing_is_sent_to_keys_that_ended_and_nothing_they_sign_is_taken_until_there_is_a_new_card():
    given = paired()
    given.give(e.CardEnded("bravo", "compromised"), by="admin")
    assert refused_key(lambda: say(given)) == "card.ended"
    came = e.PacketCame(Came("bravo", given.at_us, given.at_us, None, (), {}), "{}")
    assert refused_key(lambda: given.give(came)) == "card.ended"
    given.give(taken(Keys("bravo").card), by="admin")
    assert say(given)[1].seals


@pytest.mark.promise("NODE-18")
@pytest.mark.parametrize("by", ["petra", "vera", "admin", "audit", "robot", "boris", NODE])
def test_only_an_officer_or_liaison_of_this_party_sends_and_states(by):
    given = paired()
    assert refused_key(lambda: say(given, by, author=by if by != NODE else "node")).startswith("access.")
    message, _ = say(given)
    statement = Statement(Act.SAY_AGAIN, "bravo", "alpha", message.id, given.at_us, person="somebody", carrier="otto")
    event = e.StatementGiven(statement.payload.decode())
    assert refused_key(lambda: given.give(event, by=by)).startswith("access.")
    given.give(event, by="otto")


@pytest.mark.promise("NODE-18")
def test_nobody_sends_in_the_name_of_somebody_else():
    given = paired()
    assert refused_key(lambda: say(given, author="petra")) == "message.author"


@pytest.mark.promise("NODE-18")
def test_what_was_said_is_told_and_asked_to_be_sealed_and_nothing_else_goes_out():
    given = paired()
    message, effects = say(given)
    assert [(seal.to, seal.payload) for seal in effects.seals] == [("bravo", message.payload)]
    assert [(line["message"], line["direction"], line["author"]) for line in lines(effects, "message")] == [
        (message.id, "out", "otto")
    ]
    assert given.give(e.TimePassed(), clock=given.at_us + 3_000_000_000).seals == ()


def came(given: Given, *sealed: tuple[str, bytes], number: int = 1, taken: Taken | None = None) -> e.PacketCame:
    """Bravo hands over payloads that were sealed for us, each by its type."""
    parcels, opened = [], {}
    for place, (kind, payload) in enumerate(sealed):
        digest = sha256(payload + b"sealed").hexdigest()
        opened[digest] = Opened(kind, payload, "bravo")
        outside = Carriage("bravo", "alpha", digest, 9, given.at_us + 3_600_000_000, Urgency.SOON, ("bravo",), 8)
        parcels.append(Parcel("bravo", "alpha", 1, number + place, outside))
    return e.PacketCame(Came("bravo", 1, given.at_us, taken, tuple(parcels), opened), "{}")


@pytest.mark.promise("NODE-20")
def test_a_message_that_came_is_an_alert_and_so_is_the_reply_that_is_not_given_in_time():
    given = paired()
    due_us = given.at_us + 60_000_000
    question = message_of(
        given, sender="bravo", to="alpha", author="boris", marker=Marker.QUESTION, reply_due_us=due_us
    )
    effects = given.give(came(given, (messages.PAYLOAD_TYPE, question.payload)))
    assert [key for key, _ in alerts(effects)] == ["message_came"]
    assert [seal.to for seal in effects.seals] == ["bravo"], "that a disk has it"
    assert given.node.next_due_us == due_us
    effects = given.give(e.TimePassed(), clock=due_us)
    assert [key for key, _ in alerts(effects)] == ["reply_overdue"]
    say(given, marker=Marker.ANSWER, answers=question.id)
    assert given.node.talk.channel.standing(question.id, given.at_us).debt is Debt.SETTLED


@pytest.mark.promise("NODE-20")
def test_unconfirmed_and_a_read_back_that_differs_are_alerts():
    given = paired()
    fact = Place("go_to", 336_700_000, 380_580_000, 7_200, "33.6700 38.0580")
    message, _ = say(given, facts=(fact,), reply_due_us=given.at_us + 60_000_000)
    wrong = Place("go_to", 336_800_000, 380_580_000, 7_200, "33.6800 38.0580")
    back = Statement(Act.UNDERSTOOD, "bravo", "bravo", message.id, given.at_us, person="boris", facts=(wrong,))
    effects = given.give(came(given, (statements.PAYLOAD_TYPE, back.payload)))
    assert [key for key, _ in alerts(effects)] == ["read_back_differs"]
    effects = given.give(e.TimePassed(), clock=given.at_us + 60_000_000)
    assert [key for key, _ in alerts(effects)] == ["message_unconfirmed"]


@pytest.mark.promise("NODE-20")
def test_a_peer_that_signs_two_parcels_under_one_number_is_an_alert():
    given = paired()
    one, other = (message_of(given, sender="bravo", to="alpha", author="boris", salt=f"{n:064x}") for n in (1, 2))
    given.give(came(given, (messages.PAYLOAD_TYPE, one.payload)))
    effects = given.give(came(given, (messages.PAYLOAD_TYPE, other.payload)))
    assert [key for key, _ in alerts(effects)] == ["peer_contradicts_itself"]


@pytest.mark.promise("NODE-19")
def test_a_packet_that_says_nothing_new_is_known_as_such():
    given = paired()
    event = came(given, (messages.PAYLOAD_TYPE, message_of(given, sender="bravo", to="alpha", author="boris").payload))
    assert given.node.talk.channel.learns_from(event.came)
    given.give(event)
    assert not given.node.talk.channel.learns_from(event.came)


@pytest.mark.promise("NODE-11")
def test_a_message_that_is_no_exercise_is_refused_by_a_node_for_exercises_whoever_sends_it():
    given = paired(exercise=True)
    message = message_of(given, sender="bravo", to="alpha", author="boris", exercise=False)
    effects = given.give(came(given, (messages.PAYLOAD_TYPE, message.payload)))
    assert (effects.seals, lines(effects, "message")) == ((), [])
    assert given.node.talk.channel.refused == {"exercise.only": 1}


def test_what_was_said_to_other_parties_is_part_of_the_packed_state():
    given = paired("bravo", "charlie")
    say(given)
    given.give(
        came(given, (messages.PAYLOAD_TYPE, message_of(given, sender="bravo", to="alpha", author="boris").payload))
    )
    given.give(e.CardEnded("charlie", "lost"), by="admin")
    again = Node.unpacked(given.node.packed())
    assert again.packed() == given.node.packed()
    for node in (given.node, again):
        node.step(e.TimePassed(), by=NODE, exercise=False, at_us=given.at_us + 7_200_000_000)
    assert again.packed() == given.node.packed()


@pytest.mark.promise("NODE-21")
def test_a_party_without_a_node_is_sent_messages_that_nobody_seals_and_claims_are_entered_about_them():
    given = paired()
    given.give(e.PartyNamed("harbour-aid", "Harbour Aid"))
    assert refused_key(lambda: say(given, to="harbour-aid")) == "message.no_route"
    given.give(e.ReachedByHand("harbour-aid", "printed at the gate"), by="admin")
    message, effects = say(given, to="harbour-aid")
    assert effects.seals == ()
    word = Statement(
        Act.UNDERSTOOD, "harbour-aid", "alpha", message.id, given.at_us, person="gate officer", carrier="otto, by telephone",
        means=Means.VOICE,
    )  # fmt: skip
    given.give(e.StatementGiven(word.payload.decode()), by="otto")
    assert given.node.talk.channel.standing(message.id, given.at_us).debt is Debt.CLAIMED


@pytest.mark.promise("NODE-21")
def test_a_party_whose_node_is_handed_things_is_not_reached_by_hand_and_one_that_gets_a_node_no_longer():
    given = paired()
    assert refused_key(lambda: given.give(e.ReachedByHand("bravo"), by="admin")) == "peer.has_a_node"
    assert refused_key(lambda: given.give(e.ReachedByHand("nobody"), by="admin")) == "party.unknown"
    given.give(e.PartyNamed("charlie", "Charlie"))
    given.give(e.ReachedByHand("charlie"), by="admin")
    given.give(taken(Keys("charlie").card), by="admin")
    given.give(e.PeerJoined("charlie"), by="admin")
    assert say(given, to="charlie")[1].seals


def rotated(number: int) -> e.CardTaken:
    keys = Keys("bravo")
    signs = NoteKey(keys.card.origin, PrivateKey(ED25519, bytes([number]) * 32).public)
    return taken(card_of("Bravo", signs, keys.opening.public, keys.own.certificate))


@pytest.mark.promise("NODE-22")
def test_keys_before_the_newest_count_for_30_days_and_none_of_them_once_one_was_lost():
    given = paired()
    talk, first = given.node.talk, given.node.talk.cards["bravo"].signs
    given.give(rotated(1), by="admin")
    second = rotated(1).signs
    assert talk.signs_of("bravo", given.at_us) == (second, first)
    assert talk.signs_of("bravo", given.at_us + WORD_VALID_US) == (second,)
    given.give(e.CardEnded("bravo", "lost"), by="admin")
    assert talk.signs_of("bravo", given.at_us) == ()
    given.give(rotated(2), by="admin")
    assert talk.signs_of("bravo", given.at_us) == (rotated(2).signs,)


@pytest.mark.promise("NODE-21")
def test_what_waits_to_be_sealed_for_a_party_that_is_reached_by_hand_now_is_sealed_no_more():
    given = paired()
    given.give(taken(Keys("charlie").card), by="admin")
    given.give(e.PeerJoined("bravo", ("charlie",)), by="admin")
    _, effects = say(given, to="charlie")
    given.give(e.ReachedByHand("charlie", "printed at the gate"), by="admin")
    assert given.node.talk.channel.effects_again() == []
    [seal] = effects.seals
    late = e.SealedForm(sha256(seal.payload).hexdigest(), "ab" * 32, 100)
    given.give(e.MessagesSealed((late,)), by=NODE)
    assert not given.node.talk.channel.outboxes["bravo"]


@pytest.mark.promise("NODE-21")
def test_a_peer_that_joins_anew_leads_only_where_is_said_then():
    given = paired()
    given.give(taken(Keys("charlie").card), by="admin")
    given.give(e.PeerJoined("bravo", ("charlie",)), by="admin")
    say(given, to="charlie")
    effects = given.give(e.PeerJoined("bravo"), by="admin")
    assert refused_key(lambda: say(given, to="charlie")) == "message.no_route"
    assert [line["why"] for line in lines(effects, "peer") if line["action"] == "held_back"] == ["route"]


@pytest.mark.promise("NODE-17")
@pytest.mark.parametrize("taken_by", ["bravo", "alpha"])
def test_no_two_parties_have_one_record(taken_by):
    given = paired()
    origin = {"bravo": Keys("bravo").card.origin, "alpha": given.node.origin}[taken_by]
    signs = NoteKey(origin, Keys("charlie").signing.public).line
    card = msgspec.structs.replace(taken(Keys("charlie").card), origin=origin, signs=signs)
    assert refused_key(lambda: given.give(card, by="admin")) == "card.origin"
    given.give(taken(Keys("bravo").card), by="admin")

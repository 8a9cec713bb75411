"""What a host does for the channel of its node: three nodes with stores and keys of their own, and lines that are cut."""

from __future__ import annotations

import asyncio
from functools import partial
from hashlib import sha256

import pytest

from keepclear.channel.facts import Place
from keepclear.channel.links import Parcel
from keepclear.channel.messages import Marker
from keepclear.channel.standing import Debt
from keepclear.channel.statements import Act
from keepclear.ground.errors import Refused
from keepclear.ground.signing import ED25519, NoteKey, PrivateKey
from keepclear.links.packets import Head, packet_bytes, read_packet
from keepclear.links.pairing import card_of
from keepclear.node import events as e
from tests.builders import at
from tests.couriers import LATER_US, Keys, Net, Wire, station, taken, three

GO_TO = Place("go_to", 336_700_000, 380_580_000, 7_200, "33.6700 38.0580")
WRONG = Place("go_to", 336_700_000, 380_680_000, 7_200, "33.6700 38.0680")


def is_of(id, line, **members):
    return {"message": id, **members}.items() <= line.items()


def lived(scenario):
    async def bounded():
        async with asyncio.timeout(60):
            await scenario

    asyncio.run(bounded())


def test_a_warning_goes_through_a_relay_that_cannot_read_it_and_is_understood(tmp_path):
    async def scenario():
        async with three(tmp_path) as (alpha, meridian, bravo, _):
            id = await alpha.says("bravo", "Keep clear of Kestrel Pass.", GO_TO)
            await bravo.heard("message", lambda line: line["message"] == id)
            await alpha.heard("statement", lambda line: line["act"] == "forwarded" and line["of"] == "meridian")
            await alpha.heard("statement", lambda line: line["act"] == "received" and line["of"] == "bravo")
            assert len(meridian.host.node.talk.channel) == 0
            await bravo.states(Act.UNDERSTOOD, id, WRONG)
            assert (await alpha.heard("standing", lambda line: line.get("mismatch")))["now"] == "owed"
            corrected = await alpha.says("bravo", "Keep clear of Kestrel Pass, I say again.", GO_TO, supersedes=id)
            await bravo.heard("message", lambda line: line["message"] == corrected)
            await bravo.states(Act.UNDERSTOOD, corrected, GO_TO)
            await alpha.heard("standing", lambda line: line["message"] == corrected and line["now"] == "settled")
            assert alpha.host.node.talk.channel.standing(id, 2**62).debt is Debt.SUPERSEDED

    lived(scenario())


def test_a_question_is_answered_by_a_peer_that_nobody_can_call(tmp_path):
    async def scenario():
        async with three(tmp_path) as (alpha, _, bravo, _):
            id = await alpha.says("bravo", "Are these yours?", marker=Marker.QUESTION)
            await bravo.heard("message", lambda line: line["message"] == id)
            await bravo.says("alpha", "No.", marker=Marker.ANSWER, answers=id)
            await alpha.heard("standing", lambda line: line["message"] == id and line["now"] == "settled")
            await bravo.heard("standing", lambda line: line["message"] == id and line["now"] == "settled")

    lived(scenario())


def test_answers_that_are_lost_make_nothing_twice(tmp_path):
    async def scenario():
        async with three(tmp_path) as (alpha, _, bravo, net):
            net.answers_lost.add(frozenset(("alpha", "meridian")))
            ids = [await alpha.says("bravo", f"Number {number}.") for number in range(5)]
            for id in ids:
                await bravo.heard("message", partial(is_of, id))
            net.answers_lost.clear()
            for id in ids:
                await alpha.heard("statement", partial(is_of, id, act="received"))
            assert len(bravo.host.node.talk.channel) == len(ids)

    lived(scenario())


def test_what_was_given_before_a_stop_goes_out_after_it(tmp_path):
    async def scenario():
        async with three(tmp_path) as (alpha, _, _, net):
            net.cut.add(frozenset(("alpha", "meridian")))
            id = await alpha.says("bravo", "Keep clear of Kestrel Pass.")
        async with three(tmp_path) as (alpha, _, bravo, _):
            await bravo.heard("message", lambda line: line["message"] == id)
            await alpha.heard("statement", lambda line: line["message"] == id and line["act"] == "received")

    lived(scenario())


def test_at_the_time_that_was_set_it_is_unconfirmed_and_a_late_word_corrects_that(tmp_path):
    async def scenario():
        async with three(tmp_path) as (alpha, _, bravo, net):
            net.cut.add(frozenset(("bravo", "meridian")))
            due_us = alpha.host.now_us() + 500_000
            id = await alpha.says("bravo", "Keep clear.", reply_due_us=due_us, valid_until_us=due_us + LATER_US)
            alert = await alpha.heard("alert", lambda line: line["key"] == "message_unconfirmed")
            assert alert["message"] == id
            net.cut.clear()
            await bravo.heard("message", lambda line: line["message"] == id)
            await bravo.states(Act.UNDERSTOOD, id)
            late = await alpha.heard("standing", lambda line: line["now"] == "settled")
            assert late["late"]

    lived(scenario())


@pytest.mark.promise("WITNESS-9")
def test_a_party_whose_card_has_ended_at_its_peer_is_told_once_and_told_when_it_is_taken_again(tmp_path):
    async def scenario():
        async with three(tmp_path) as (alpha, meridian, bravo, _):
            card = taken(Keys("alpha").card)
            await alpha.says("bravo", "Keep clear.")
            await bravo.heard("message", lambda line: True)
            await meridian.do(e.CardEnded("alpha", "compromised", None, "seen elsewhere"), by="admin")
            id = await alpha.says("bravo", "Keep clear, I say again.")
            alert = await alpha.heard("alert", lambda line: line["key"] == "peer_refuses_us")
            assert (alert["peer"], alert["params"]["refusal"]) == ("meridian", "card.ended")
            await meridian.do(card, by="admin")
            await bravo.heard("message", partial(is_of, id))
            await alpha.heard("peer", lambda line: line["action"] == "takes_again")
            alerts = [line for line in alpha._lines if '"peer_refuses_us"' in line.line]
            assert len(alerts) == 1

    lived(scenario())


@pytest.mark.parametrize("party", ["meridian", "bravo"])
def test_a_card_that_has_ended_cuts_its_party_off_until_there_is_another(tmp_path, party):
    async def scenario():
        async with three(tmp_path) as (alpha, _, bravo, _):
            await alpha.do(e.CardEnded(party, "compromised", None, "their key was seen elsewhere"), by="admin")
            if party == "bravo":
                with pytest.raises(Refused, match="has ended"):
                    await alpha.says("bravo", "Keep clear.")
            await alpha.do(taken(Keys(party).card), by="admin")
            id = await alpha.says("bravo", "Keep clear.")
            await bravo.heard("message", lambda line: line["message"] == id)

    lived(scenario())


def another_card(party):
    """A card of a party with another key to sign with, and that key."""
    keys, key = Keys(party), PrivateKey(ED25519, sha256(b"another " + party.encode()).digest())
    signs = NoteKey(keys.card.origin, key.public)
    return card_of(party.title(), signs, keys.opening.public, keys.own.certificate), key


@pytest.mark.promise("NODE-22")
def test_a_message_that_was_signed_before_its_party_changed_keys_is_read_after_that(tmp_path):
    async def scenario():
        async with three(tmp_path) as (alpha, _, bravo, net):
            net.cut.add(frozenset(("alpha", "meridian")))
            id = await bravo.says("alpha", "Given before the keys changed.")
            card, _ = another_card("bravo")
            await alpha.do(taken(card), by="admin")
            net.cut.clear()
            await alpha.heard("message", partial(is_of, id))

    lived(scenario())


@pytest.mark.promise("NODE-22")
@pytest.mark.parametrize("why", ["lost", "compromised"])
def test_nothing_that_keys_signed_which_somebody_else_may_have_is_read_after_they_ended(tmp_path, why):
    async def scenario():
        async with three(tmp_path) as (alpha, _, bravo, net):
            net.cut.add(frozenset(("alpha", "meridian")))
            await bravo.says("alpha", "Given before the keys changed.")
            await alpha.do(e.CardEnded("bravo", why), by="admin")
            await alpha.do(taken(another_card("bravo")[0]), by="admin")
            net.cut.clear()
            await alpha.heard("peer", lambda line: line["action"] == "held_back" and line["why"] == "unreadable")
            assert len(alpha.host.node.talk.channel) == 0

    lived(scenario())


@pytest.mark.promise("NODE-22")
def test_what_came_before_the_card_of_its_sender_is_read_when_that_is_there(tmp_path):
    async def scenario():
        async with three(tmp_path) as (alpha, _, bravo, _):
            await alpha.do(e.CardEnded("bravo", "lost"), by="admin")
            ids = [await bravo.says("alpha", f"Number {number}.") for number in range(3)]
            for _ in ids:
                await alpha.heard("peer", lambda line: line["action"] == "held_back" and line["why"] == "unreadable")
            await alpha.do(taken(Keys("bravo").card), by="admin")
            for id in ids:
                await alpha.heard("message", partial(is_of, id))
                await bravo.heard("statement", partial(is_of, id, act="received"))
            assert not alpha.host.node.talk.channel.unreadable

    lived(scenario())


@pytest.mark.promise("LINK-9")
def test_a_peer_that_answers_and_takes_nothing_is_asked_again_after_pauses(tmp_path):
    alpha, bravo = Keys("alpha"), Keys("bravo")
    handed: list[Parcel] = []

    class Deaf(Wire):
        """What answers every packet at once, and has never taken anything."""

        async def exchange(self, packet, wait_s=0.0):
            handed.extend(read_packet(packet, to="bravo", sender="alpha", keys=[alpha.signing.public]).head.parcels)
            await asyncio.sleep(0)
            head = Head("bravo", "alpha", at("09:00"), at("09:00"), None, ())
            return packet_bytes(head, {}, bravo.signing.signer)

    class LeadingNowhere(Net):
        def way_to(self, here):
            return lambda card, _address: Deaf(self, here, card.party)

    async def scenario():
        async with station(
            LeadingNowhere(), tmp_path, alpha, {"bravo": ()}, [alpha.card, bravo.card], calls={"bravo"}
        ) as made:
            await made.says("bravo", "Keep clear.")
            for number in range(200):  # of the same loop: it would hand over once in a few
                await made.do(e.PartyNamed("harbour-aid", f"Harbour Aid {number}"), by="admin")

    lived(scenario())
    assert 0 < len(handed) < 10

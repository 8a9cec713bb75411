"""docs/spec/links.md."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepclear.channel import channel as c
from keepclear.channel.facts import Place
from keepclear.channel.messages import Marker, Message, Urgency, Words
from keepclear.channel.standing import Debt
from keepclear.channel.statements import Act, Evidence, Statement
from keepclear.ground.canon import base64_text
from keepclear.ground.errors import Refused
from keepclear.ground.signing import seal
from keepclear.ground.written import written
from keepclear.links import folder
from keepclear.links.packets import HEAD_TYPE, MAGIC, Head, read_packet
from keepclear.links.pairing import card_of, number_of, read_card
from keepclear.links.sealing import OpeningKey, SealingKey, opened, sealed
from tests.links_of_three import MINUTE, T0, Desk, three

WARNING = Message(
    salt="ab" * 32, sender="alpha", to="bravo", author="officer.k", marker=Marker.WARNING, urgency=Urgency.NOW,
    original=Words("en", "You are inside Kestrel Pass."), written_at_us=T0, valid_until_us=T0 + 240 * MINUTE,
    facts=(Place("go_to", 336_700_000, 380_580_000, 7_240, "33.6700 38.0580"),),
)  # fmt: skip
MINE, OTHERS = OpeningKey(b"\1" * 32), OpeningKey(b"\2" * 32)


@pytest.mark.promise("LINK-1")
def test_sealed_bytes_open_for_their_addressee_from_their_sender_and_for_nobody_else():
    body = sealed(b"words", MINE.public, sender="alpha", to="bravo")
    assert opened(body, MINE, sender="alpha", to="bravo") == b"words"
    assert body != sealed(b"words", MINE.public, sender="alpha", to="bravo")
    for key, sender, to in ((OTHERS, "alpha", "bravo"), (MINE, "meridian", "bravo"), (MINE, "alpha", "meridian")):
        with pytest.raises(Refused) as refused:
            opened(body, key, sender=sender, to=to)
        assert refused.value.key == "sealed.unreadable"


@pytest.mark.promise("LINK-1")
@pytest.mark.parametrize("raw", [bytes(32), b"\1" + bytes(31), b"\xec" + 30 * b"\xff" + b"\x7f"], ids=["0", "1", "p-1"])
def test_a_key_that_gives_everybody_the_same_secret_is_refused_with_the_card_that_it_stands_on(raw):
    with pytest.raises(Refused):
        SealingKey(raw)
    card = msgspec.structs.replace(Desk("bravo").card, seals=base64_text(raw))
    with pytest.raises(Refused, match="seals"):
        read_card(card.text)


@pytest.mark.promise("LINK-2")
def test_a_warning_goes_through_a_relay_that_cannot_read_it_and_every_word_comes_back(tmp_path):
    alpha, meridian, bravo = three()
    alpha.do(c.Given(WARNING.payload))
    carry(tmp_path, alpha, meridian, bravo)
    assert b"Kestrel" not in b"".join(meridian.sealed.values())
    assert [effect.message for effect in bravo.effects if isinstance(effect, c.Show)] == [WARNING.id]
    back = Statement(Act.UNDERSTOOD, "bravo", "bravo", WARNING.id, T0 + MINUTE, person="officer.b", facts=WARNING.facts)
    bravo.do(c.Stated(back.payload))
    carry(tmp_path, alpha, meridian, bravo)
    found = alpha.channel.standing(WARNING.id, alpha.at_us)
    assert found.debt is Debt.SETTLED
    assert found.best("meridian", Act.FORWARDED) is Evidence.EVIDENCED
    assert alpha.channel.statements(WARNING.id) > bravo.channel.statements(WARNING.id)


def carry(stick, alpha: Desk, meridian: Desk, bravo: Desk) -> None:
    for _ in range(3):
        for one, other in ((alpha, meridian), (meridian, bravo), (bravo, meridian), (meridian, alpha)):
            one.put(stick, other.party)
            other.look(stick)


def a_packet() -> bytes:
    alpha, _, _ = three()
    alpha.do(c.Given(WARNING.payload))
    return alpha.packet("meridian")


@pytest.mark.promise("LINK-3")
@settings(max_examples=300)
@given(st.data())
def test_no_byte_of_a_packet_can_be_changed_left_out_or_added(data):
    packet = PACKET
    at = data.draw(st.integers(0, len(packet) - 1))
    other = data.draw(
        st.sampled_from(
            [
                packet[:at] + bytes([packet[at] ^ data.draw(st.integers(1, 255))]) + packet[at + 1 :],
                packet[:at], packet[:at] + packet[at + 1 :], packet + packet[at:],
            ]
        )
    )  # fmt: skip
    with pytest.raises(Refused):
        read(other)


PACKET = a_packet()


def read(data: bytes, sender: str = "alpha", to: str = "meridian"):
    return read_packet(data, to=to, sender=sender, keys=[Desk(sender).signing.public])


@pytest.mark.promise("LINK-3")
def test_a_packet_is_read_by_whom_it_is_for_under_the_key_of_whom_it_is_from():
    assert read(PACKET).head.parcels[0].carriage.to == "bravo"
    for sender, to, key in (("bravo", "meridian", "envelope.signature"), ("alpha", "bravo", "packet.of_others")):
        with pytest.raises(Refused) as refused:
            read(PACKET, sender, to)
        assert refused.value.key == key


@pytest.mark.promise("LINK-4")
def test_a_packet_in_a_folder_is_moved_aside_and_changes_nothing_when_it_comes_again(tmp_path):
    alpha, meridian, _ = three()
    alpha.do(c.Given(WARNING.payload))
    path = alpha.put(tmp_path, "meridian")
    data = path.read_bytes()
    meridian.look(tmp_path)
    assert [p.name for p in (tmp_path / "taken").iterdir()] == [path.name]
    before = len(meridian.channel.outboxes["bravo"])
    path.write_bytes(data)
    meridian.look(tmp_path)
    assert len(meridian.channel.outboxes["bravo"]) == before == 1
    path.write_bytes(data[:-1])
    meridian.look(tmp_path)
    assert meridian.refused == ["packet.sealed"]
    assert [p.name for p in (tmp_path / "refused").iterdir()] == [path.name]


@pytest.mark.promise("LINK-4")
def test_a_folder_shows_no_packet_that_is_half_written_and_follows_no_links(tmp_path):
    (tmp_path / "alpha_to_bravo_00000000000000000001.begun").write_bytes(PACKET[:10])
    (tmp_path / "secret").write_bytes(b"x")
    (tmp_path / "alpha_to_bravo_00000000000000000002.packet").symlink_to(tmp_path / "secret")
    [(path, sender)] = folder.lying(tmp_path, "bravo")
    assert sender == "alpha"
    with pytest.raises(Refused):
        folder.read(path)


@pytest.mark.promise("LINK-5")
def test_both_sides_compute_the_same_digits_and_an_exchanged_card_gives_others():
    alpha, meridian, bravo = three()
    number = number_of(alpha.card, bravo.card)
    assert number == number_of(read_card(bravo.card.text), read_card(alpha.card.text))
    assert [len(group) for group in number.split()] == [5] * 12
    another = card_of("Bravo", bravo.card.signing_key, bravo.card.sealing_key, Desk("bravo").own.certificate)
    for name, value in (("seals", meridian.card.seals), ("name", "Brabo"), ("tls", another.tls)):
        assert number_of(alpha.card, msgspec.structs.replace(bravo.card, **{name: value})) != number


@pytest.mark.promise("LINK-5")
def test_a_card_that_contradicts_itself_is_refused():
    card = Desk("alpha").card
    for members in (
        {"origin": "x.example/y"}, {"seals": "AA=="}, {"party": "Alpha!"}, {"card": 2}, {"signs": "x"},
        {"tls": "AA=="}, {"tls": ""}, {"tls": card.tls[:-8] + "AAAAAAA="}, {"tls": Desk("bravo").card.tls}, {"party": "bravo"},
    ):  # fmt: skip
        with pytest.raises(Refused):
            read_card(msgspec.structs.replace(card, **members).text)


@pytest.mark.promise("LINK-3")
def test_a_signed_head_that_is_not_utf_8_or_counts_beyond_reason_is_refused():
    alpha = Desk("alpha")
    head = Head("alpha", "meridian", T0, T0, None, ())
    for payload in (b"\xff\xfe", written(msgspec.structs.replace(head, life=2**63)), b'{"sender":"\xff"}'):
        envelope = seal(HEAD_TYPE, payload, alpha.signing.signer).text
        with pytest.raises(Refused):
            read(MAGIC + len(envelope).to_bytes(4, "little") + envelope)


@pytest.mark.promise("LINK-4")
def test_nothing_that_others_put_into_a_shared_folder_is_written_through(tmp_path):
    victim = tmp_path / "victim"
    victim.write_bytes(b"keep")
    (tmp_path / f"alpha_to_bravo_{7:020d}.begun").symlink_to(victim)
    path = folder.put(tmp_path, "alpha", "bravo", 7, PACKET)
    assert (victim.read_bytes(), path.read_bytes()) == (b"keep", PACKET)

"""docs/spec/channel.md, and the failures of real lines that it answers."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
import rfc8785

from keepclear.agreements.agreed_terms import Rung
from keepclear.channel import channel as c
from keepclear.channel import messages as m
from keepclear.channel import statements as s
from keepclear.channel.carriage import HANDS_MAX, Carriage, Held, Mine, PassOn, checked, decided
from keepclear.channel.channel import Channel
from keepclear.channel.facts import Count, Place, Time, Verdict, Word, compared, matches
from keepclear.channel.links import GOING_BYTES_MAX, GOING_BYTES_MIN, Outbox, OutboxState, Pace, Parcel, Taken
from keepclear.channel.measures import Measure, ladder_at
from keepclear.channel.messages import About, Marker, Message, Translation, Urgency, Words, read_message
from keepclear.channel.standing import Debt, standing_of
from keepclear.channel.statements import Act, Evidence, Kept, Means, Statement, read_statement
from keepclear.geo.notations import notations
from keepclear.geo.places import parse
from keepclear.ground.errors import Refused

T0 = 1_495_100_000_000_000
MINUTE = 60_000_000
GO_TO = Place("go_to", 336_700_000, 380_580_000, 7_240, "33.6700 38.0580", "Zaza junction")
BY = Time("by", T0 + 90 * MINUTE, "Asia/Damascus")
WARNING = Message(
    salt="ab" * 32, sender="alpha", to="bravo", author="officer.k", marker=Marker.WARNING, urgency=Urgency.NOW,
    original=Words("en", "You are inside Kestrel Pass. Go back to the junction."), written_at_us=T0,
    valid_until_us=T0 + 240 * MINUTE, reply_due_us=T0 + 30 * MINUTE, about=About("zone", "kestrel-pass"),
    facts=(GO_TO, BY, Count("vehicles", 20, 27, "20 to 27")),
)  # fmt: skip


def changed(**members):
    return msgspec.structs.replace(WARNING, **members)


def said(act: Act, of: str, *, by: str = "", over: str = WARNING.id, at_us: int = T0, **members: Any) -> Statement:
    person = members.pop("person", f"officer.{of}" if act in s.OF_A_PERSON else "")
    return Statement(act, of, by or of, over, at_us, person=person, **members)


def known(*statements: Statement, at_us: int = T0 + MINUTE) -> list[Kept]:
    return [Kept(one.id, one, at_us + number) for number, one in enumerate(statements)]


def standing(*statements: Statement, message: Message = WARNING, at_us: int = T0 + 10 * MINUTE, **more):
    return standing_of(message.id, message, known(*statements), at_us, **more)


UNDERSTOOD = said(Act.UNDERSTOOD, "bravo", facts=WARNING.facts)


# --- messages ---


@pytest.mark.promise("CHANNEL-1")
def test_a_message_has_one_byte_string_and_other_bytes_for_it_are_refused():
    payload = WARNING.payload
    assert payload == rfc8785.dumps(msgspec.to_builtins(WARNING))
    assert read_message(payload) == WARNING
    assert changed(salt="cd" * 32).id != WARNING.id
    with pytest.raises(Refused) as refused:
        read_message(payload.replace(b'","', b'", "', 1))
    assert refused.value.key == "message.not_canonical"


@pytest.mark.promise("CHANNEL-2")
@pytest.mark.parametrize("act", sorted(s.OF_A_PERSON))
def test_what_a_person_says_no_machine_says(act):
    members: dict[str, Any] = {"within_us": MINUTE} if act is Act.STAND_BY else {}
    with pytest.raises(Refused) as refused:
        s.checked(said(act, "bravo", person="", words=Words("en", "no"), **members))
    assert refused.value.key == "statement.nobody"


@pytest.mark.promise("CHANNEL-2")
def test_there_is_no_word_that_approves():
    words = {word.value for kind in (Act, Marker, Debt, Evidence) for word in kind}
    assert not [word for word in words if "approv" in word or "permit" in word or "clear" in word]


@pytest.mark.promise("CHANNEL-3")
@pytest.mark.parametrize(
    ("members", "key"),
    [
        ({"salt": "ab"}, "message.salt"),
        ({"to": "alpha"}, "message.to_oneself"),
        ({"author": ""}, "id.unusable"),
        ({"original": Words("English", "x")}, "language.unknown"),
        ({"original": Words("en", "  ")}, "message.empty"),
        ({"translations": (Translation("ar", "x", ""),)}, "translation.nobody"),
        ({"translations": (Translation("ar", "x", "nadia", "nadia"),)}, "translation.reviewed_alone"),
        ({"translations": (Translation("en", "x", "nadia"),)}, "translation.twice"),
        ({"valid_until_us": T0}, "message.expired"),
        ({"reply_due_us": T0 + 241 * MINUTE}, "message.reply_due"),
        ({"about": About("target", "x")}, "message.about"),
        ({"facts": (GO_TO, GO_TO)}, "fact.twice"),
        ({"facts": (Place("go_to", 910_000_000, 0, 1, "91 0"),)}, "place.out_of_range"),
        ({"answers": "ab" * 32}, "message.answers"),
        ({"marker": Marker.ANSWER}, "message.answers"),
        ({"addressee": "bravo"}, "message.addressee"),
    ],
)  # fmt: skip
def test_what_cannot_be_a_message_is_refused_with_its_reason(members, key):
    with pytest.raises(Refused) as refused:
        m.checked(changed(**members))
    assert refused.value.key == key


# --- statements ---


@pytest.mark.promise("CHANNEL-5")
def test_a_statement_has_one_byte_string_and_comes_back_from_it():
    back = read_statement(UNDERSTOOD.payload)
    assert back == UNDERSTOOD
    assert back.id == UNDERSTOOD.id


@pytest.mark.promise("CHANNEL-6")
def test_failure_26_a_relay_hop_never_makes_a_claim_evidence():
    passed = said(Act.FORWARDED, "meridian", towards="bravo")
    delivered = said(Act.DELIVERED, "meridian", by="meridian", towards="bravo")
    told = said(Act.UNDERSTOOD, "bravo", by="meridian", carrier="duty officer, by telephone", facts=WARNING.facts)
    found = standing(passed, delivered, told)
    assert found.best("meridian", Act.FORWARDED) is Evidence.EVIDENCED
    assert found.best("bravo", Act.UNDERSTOOD) is Evidence.CLAIMED
    assert found.best("bravo", Act.RECEIVED) is None
    assert found.debt is Debt.CLAIMED


@pytest.mark.promise("CHANNEL-10")
def test_practice_4_the_relay_of_18_may_ends_at_forwarded_and_is_never_delivered():
    """18 May: passed on, outcome unknown. 1 June: the relay says that it has passed the message on. Neither says that it arrived."""
    june_us = T0 + 14 * 24 * 60 * MINUTE
    told: dict[str, Any] = {"by": "alpha", "towards": "bravo", "means": Means.VOICE}
    first = said(Act.FORWARDED, "meridian", carrier="the line officer", **told)
    later = said(Act.FORWARDED, "meridian", carrier="the spokesman of Meridian", at_us=june_us, **told)
    kept = [Kept(first.id, first, T0 + MINUTE), Kept(later.id, later, june_us)]
    may, june = (standing_of(WARNING.id, WARNING, kept, at_us) for at_us in (T0 + 10 * MINUTE, june_us))
    assert (may.debt, june.debt) == (Debt.OWED, Debt.UNCONFIRMED)
    assert [step.kept.statement.carrier for step in june.steps["meridian"]] == [first.carrier, later.carrier]
    own_word = standing(said(Act.FORWARDED, "meridian", towards="bravo", means=Means.VOICE))
    assert own_word.best("meridian", Act.FORWARDED) is Evidence.EVIDENCED
    for found in (may, june, own_word):
        assert found.best("meridian", Act.FORWARDED) is not None
        assert all(found.best(party, Act.DELIVERED) is None for party in ("meridian", "bravo"))
        assert "bravo" not in found.steps
    assert may.best("meridian", Act.FORWARDED) is june.best("meridian", Act.FORWARDED) is Evidence.CLAIMED


@pytest.mark.promise("CHANNEL-7")
def test_failure_11_a_statement_over_other_bytes_counts_for_nothing():
    other = said(Act.UNDERSTOOD, "bravo", over="cd" * 32, facts=WARNING.facts)
    found = standing(other)
    assert found.debt is Debt.OWED
    assert [step.over_another for step in found.steps["bravo"]] == [True]


# --- read-back ---


@pytest.mark.promise("CHANNEL-8")
def test_failure_1_one_wrong_digit_in_a_place_is_seen_with_how_far_off_it_is():
    for wrong in ((337_700_000, 380_580_000), (336_700_000, 380_590_000), (336_701_000, 380_580_000)):
        [field] = compared([GO_TO], [Place("go_to", *wrong, 7_240, "")])
        assert field.verdict is Verdict.DIFFERS
        assert field.off_m > 9


@pytest.mark.promise("CHANNEL-8")
@pytest.mark.parametrize(("lat", "lon"), [(33.67, 38.058), (0.0001, 0.0002), (64.1, -21.9), (-54.8, 179.9999)])
def test_the_same_place_in_another_notation_is_the_same_and_a_neighbouring_cell_is_not(lat, lon):
    spoken = Place("p", round(lat * 1e7), round(lon * 1e7), 7_240, "")
    for text in notations(lat, lon, 7.24).values():
        heard = parse(text)
        place = Place("p", round(heard.lat * 1e7), round(heard.lon * 1e7), round(heard.accuracy_m * 1000), text)
        [field] = compared([spoken], [place])
        assert field.verdict is Verdict.SAME or abs(lat) > 50, text


@pytest.mark.promise("CHANNEL-8")
def test_a_coarser_place_a_missing_fact_and_one_never_said_are_not_understood():
    coarse = Place("go_to", 336_700_000, 380_600_000, 724_000, "33.67 38.06")
    fields = {
        one.name: one.verdict for one in compared(WARNING.facts, [coarse, Count("vehicles", 20, 27), Word("unit", "x")])
    }
    assert fields == {
        "go_to": Verdict.TOO_COARSE, "by": Verdict.MISSING, "vehicles": Verdict.SAME, "unit": Verdict.NOT_SAID,
    }  # fmt: skip
    assert not matches(compared(WARNING.facts, [coarse]))


@pytest.mark.promise("CHANNEL-8")
def test_digits_of_every_script_and_marks_that_steer_writing_compare_as_what_is_read():
    assert matches(compared([Word("road", "Road 2")], [Word("road", "\u202broad \u0662\u202c")]))
    assert not matches(compared([Word("road", "Road 2")], [Word("road", "Road 3")]))
    assert not matches(compared([Word("who", "Bravo")], [Word("who", "\u0412ravo")]))


@pytest.mark.promise("CHANNEL-8")
def test_failure_17_the_same_hour_in_another_zone_is_another_time():
    [field] = compared([BY], [Time("by", BY.at_us + 60 * MINUTE, "Europe/Moscow")])
    assert (field.verdict, field.off_s) == (Verdict.DIFFERS, 3600.0)


# --- what is owed ---


@pytest.mark.promise("CHANNEL-9")
@pytest.mark.parametrize("marker", sorted(set(Marker) - {Marker.ANSWER}))
@pytest.mark.parametrize("act", sorted(Act))
def test_only_what_its_marker_asks_for_settles_a_message(marker, act):
    message = changed(marker=marker)
    members: dict[str, Any] = {"towards": "meridian"} if act in (Act.SENT, Act.FORWARDED, Act.DELIVERED) else {}
    members |= {"within_us": MINUTE} if act is Act.STAND_BY else {}
    members |= {"facts": message.facts} if act is Act.UNDERSTOOD else {}
    members |= {"words": Words("en", "We will not.")} if act is Act.REFUSED else {}
    found = standing(said(act, "bravo", over=message.id, **members), message=message)
    asks = marker in (Marker.QUESTION, Marker.REQUEST)
    settles = act in ((Act.NO_INFORMATION, Act.REFUSED) if asks else (Act.UNDERSTOOD,))
    assert (found.debt is Debt.SETTLED) == settles


@pytest.mark.promise("CHANNEL-9")
def test_an_answer_settles_a_question_and_a_wrong_read_back_settles_nothing():
    question = changed(marker=Marker.QUESTION)
    assert standing(message=question, answers=[("ef" * 32, T0 + MINUTE)]).debt is Debt.SETTLED
    wrong = said(
        Act.UNDERSTOOD, "bravo", facts=(Place("go_to", 336_700_000, 380_680_000, 7_240, ""), *WARNING.facts[1:])
    )
    found = standing(wrong)
    assert (found.debt, found.mismatch) == (Debt.OWED, True)
    found = standing(wrong, UNDERSTOOD)
    assert (found.debt, found.mismatch) == (Debt.SETTLED, False)


@pytest.mark.promise("CHANNEL-9")
def test_stand_by_waits_by_our_clock_however_far_off_theirs_is():
    waits = said(Act.STAND_BY, "bravo", within_us=20 * MINUTE, at_us=T0 - 240 * MINUTE)
    assert standing(waits, at_us=T0 + 20 * MINUTE).debt is Debt.STAND_BY
    assert standing(waits, at_us=T0 + 22 * MINUTE).debt is Debt.OWED


@pytest.mark.promise("CHANNEL-10")
@pytest.mark.promise("CHANNEL-11")
def test_at_the_hour_it_is_unconfirmed_and_a_late_word_corrects_that_visibly():
    late = [Kept(UNDERSTOOD.id, UNDERSTOOD, T0 + 45 * MINUTE)]
    at = {minute: standing_of(WARNING.id, WARNING, late, T0 + minute * MINUTE) for minute in (29, 30, 44, 45)}
    assert [at[minute].debt for minute in (29, 30, 44, 45)] == [
        Debt.OWED, Debt.UNCONFIRMED, Debt.UNCONFIRMED, Debt.SETTLED,
    ]  # fmt: skip
    assert (at[45].late, at[45].settled_by) == (True, UNDERSTOOD.id)


# --- on the way ---


def test_the_way_of_a_carriage_is_decided_by_hands_clock_and_route():
    outside = Carriage("alpha", "bravo", "ab" * 32, 100, T0 + MINUTE, Urgency.NOW, ("alpha",), HANDS_MAX)
    routes = {"bravo": "bravo", "alpha": "alpha"}
    assert decided(outside, "bravo", "meridian", {}, T0 + 2 * MINUTE) == Mine()
    assert decided(outside, "meridian", "alpha", routes, T0) == PassOn("bravo")
    assert decided(outside, "meridian", "alpha", routes, T0 + MINUTE) == Held("expired")
    assert decided(outside, "meridian", "alpha", {"bravo": "alpha"}, T0) == Held("route")
    assert decided(outside.passed_on("meridian"), "meridian", "alpha", routes, T0) == Held("loop")
    spent = msgspec.structs.replace(outside, hands_left=0)
    assert decided(spent, "meridian", "alpha", routes, T0) == Held("hands")


@pytest.mark.promise("CHANNEL-12")
def test_what_a_relay_takes_from_one_peer_the_next_takes_from_the_relay():
    hands = ("alpha", *(f"relay{number}" for number in range(HANDS_MAX)))
    outside = Carriage("alpha", "bravo", "ab" * 32, 100, T0 + MINUTE, Urgency.NOW, ("alpha",), HANDS_MAX)
    for hand in hands[1:]:
        outside = checked(outside.passed_on(hand))
    assert outside.hands_left == 0
    for more in (
        msgspec.structs.replace(outside, hands_left=1),
        Carriage("alpha", "bravo", "ab" * 32, 100, T0, Urgency.NOW, ("alpha", "relay1"), HANDS_MAX),
    ):
        with pytest.raises(Refused, match="At most 8"):
            checked(more)


class Line:
    """Alpha, Meridian and Bravo on one line, with a wire that does what the test says."""

    def __init__(self) -> None:
        self.at_us = T0
        self.nodes = {name: Channel(name, T0 + number) for number, name in enumerate(("alpha", "meridian", "bravo"))}
        self.sealed: dict[str, c.Seal] = {}
        self.effects: dict[str, list[c.Effect]] = {name: [] for name in self.nodes}
        for name, peer, behind in (
            ("alpha", "meridian", ("bravo",)), ("meridian", "alpha", ()), ("meridian", "bravo", ()), ("bravo", "meridian", ("alpha",)),
        ):  # fmt: skip
            self.do(name, c.Joined(peer, behind))

    def do(self, name: str, event: c.Event) -> list[c.Effect]:
        effects = self.nodes[name].step(event, self.at_us)
        self.effects[name] += effects
        for effect in effects:
            if isinstance(effect, c.Seal):
                digest = m.message_id(name.encode() + effect.payload)
                self.sealed[digest] = effect
                self.do(name, c.Sealed(m.message_id(effect.payload), digest, len(effect.payload)))
        return effects

    def carry(self, sender: str, to: str, *, signed_by: str = "") -> None:
        one, other = self.nodes[sender], self.nodes[to]
        parcels = tuple(one.outboxes[to].owed())
        within = {
            digest: c.Opened(self.sealed[digest].kind, self.sealed[digest].payload, signed_by or parcel.carriage.sender)
            for parcel in parcels
            if (digest := parcel.carriage.digest) in c.digests_for(other, parcels)
        }
        taken = one.inboxes[to].taken if one.inboxes[to].up_to else None
        self.do(to, c.Came(sender, one.life, self.at_us, taken, parcels, within))

    def round(self) -> None:
        for sender, to in (("alpha", "meridian"), ("meridian", "bravo"), ("bravo", "meridian"), ("meridian", "alpha")):
            self.carry(sender, to)

    def person(self, name: str, statement: Statement) -> None:
        self.do(name, c.Stated(statement.payload))


@pytest.mark.promise("CHANNEL-12")
def test_a_relay_says_forwarded_only_when_the_next_has_signed_for_it():
    line = Line()
    line.do("alpha", c.Given(WARNING.payload))
    line.carry("alpha", "meridian")
    line.carry("meridian", "alpha")
    found = line.nodes["alpha"].standing(WARNING.id, line.at_us)
    assert found.best("alpha", Act.SENT) is Evidence.EVIDENCED
    assert found.best("meridian", Act.FORWARDED) is None
    line.round()
    line.round()
    found = line.nodes["alpha"].standing(WARNING.id, line.at_us)
    assert found.best("meridian", Act.FORWARDED) is Evidence.EVIDENCED
    assert found.best("bravo", Act.RECEIVED) is Evidence.EVIDENCED
    assert found.debt is Debt.OWED, "a disk is not a person"


@pytest.mark.promise("CHANNEL-5")
def test_what_one_event_makes_a_party_say_to_another_is_sealed_together_and_each_word_counts():
    line = Line()
    some = [changed(salt=f"{number:064x}") for number in range(3)]
    for one in some:
        line.do("alpha", c.Given(one.payload))
    line.carry("alpha", "meridian")
    line.carry("meridian", "bravo")
    [words] = [effect for effect in line.effects["bravo"] if isinstance(effect, c.Seal)]
    assert (words.to, words.kind) == ("alpha", s.SEVERAL_TYPE)
    assert [one.act for one in s.read_several(words.payload).statements] == [Act.RECEIVED] * 3
    line.round()
    line.round()
    alpha, bravo = line.nodes["alpha"], line.nodes["bravo"]
    for one in some:
        found = alpha.standing(one.id, line.at_us)
        assert found.best("bravo", Act.RECEIVED) is found.best("meridian", Act.FORWARDED) is Evidence.EVIDENCED
        assert bravo.statements(one.id) < alpha.statements(one.id)


@pytest.mark.promise("CHANNEL-5", "CHANNEL-7")
def test_among_several_words_one_in_the_name_of_another_party_is_not_taken_and_the_others_are():
    line = Line()
    line.do("alpha", c.Given(WARNING.payload))
    line.round()
    of_alpha = said(Act.NOT_UNDERSTOOD, "alpha")
    several = s.Several((said(Act.SAY_AGAIN, "bravo"), of_alpha, UNDERSTOOD))
    digest = m.message_id(several.payload)
    hands = Carriage("bravo", "alpha", digest, 100, T0 + MINUTE, Urgency.NOW, ("bravo", "meridian"), 6, asks_word=False)
    number = line.nodes["alpha"].inboxes["meridian"].up_to + 1
    bare_came(line, "meridian", "alpha", hands, number, {digest: c.Opened(s.SEVERAL_TYPE, several.payload, "bravo")})
    alpha = line.nodes["alpha"]
    assert {several.statements[0].id, UNDERSTOOD.id} < alpha.statements(WARNING.id)
    assert of_alpha.id not in alpha.statements(WARNING.id)
    assert alpha.found == [c.Found("meridian", "signature")]


@pytest.mark.promise("CHANNEL-5")
@pytest.mark.parametrize(
    ("several", "key"),
    [
        (s.Several(()), "statements.count"),
        (s.Several((UNDERSTOOD,) * (s.SEVERAL_MAX + 1)), "statements.count"),
        (s.Several((UNDERSTOOD, said(Act.UNDERSTOOD, "bravo", person=""))), "statement.nobody"),
    ],
)
def test_what_cannot_be_said_at_one_time_is_refused(several, key):
    with pytest.raises(Refused) as refused:
        s.read_several(several.payload)
    assert refused.value.key == key


@pytest.mark.promise("CHANNEL-4")
def test_a_wrong_read_back_is_corrected_by_a_new_message_and_both_stay():
    line = Line()
    line.do("alpha", c.Given(WARNING.payload))
    line.round()
    wrong = (Place("go_to", 336_700_000, 380_680_000, 7_240, "33.6700 38.0680"), *WARNING.facts[1:])
    line.person("bravo", said(Act.UNDERSTOOD, "bravo", facts=wrong))
    line.round()
    assert line.effects["alpha"][-1] == c.Changed(WARNING.id, Debt.OWED, Debt.OWED, mismatch=True)
    again = changed(salt="cd" * 32, supersedes=WARNING.id, original=Words("en", "I say again: 33.6700 38.0580."))
    line.do("alpha", c.Given(again.payload))
    line.round()
    line.person("bravo", said(Act.UNDERSTOOD, "bravo", over=again.id, facts=again.facts))
    line.round()
    alpha = line.nodes["alpha"]
    assert alpha.standing(again.id, line.at_us).debt is Debt.SETTLED
    assert alpha.standing(WARNING.id, line.at_us).debt is Debt.SUPERSEDED
    assert alpha.messages.keys() == line.nodes["bravo"].messages.keys() == {WARNING.id, again.id}
    assert line.nodes["meridian"].messages == {}


@pytest.mark.promise("CHANNEL-10")
def test_with_the_relay_cut_off_it_is_unconfirmed_until_the_late_word_comes():
    line = Line()
    line.do("alpha", c.Given(WARNING.payload))
    line.carry("alpha", "meridian")
    line.at_us += 31 * MINUTE
    assert line.do("alpha", c.TimePassed()) == [c.Changed(WARNING.id, Debt.OWED, Debt.UNCONFIRMED, mismatch=False)]
    line.round()
    line.person("bravo", said(Act.UNDERSTOOD, "bravo", facts=WARNING.facts, at_us=line.at_us))
    line.round()
    found = line.nodes["alpha"].standing(WARNING.id, line.at_us)
    assert (found.debt, found.late) == (Debt.SETTLED, True)


@pytest.mark.promise("CHANNEL-7")
def test_a_message_in_the_name_of_another_party_is_not_taken_and_is_named():
    line = Line()
    line.do("alpha", c.Given(WARNING.payload))
    line.carry("alpha", "meridian")
    line.carry("meridian", "bravo", signed_by="meridian")
    assert line.nodes["bravo"].messages == {}
    assert line.nodes["bravo"].found == [c.Found("meridian", "signature")]


@pytest.mark.promise("CHANNEL-13")
def test_a_relay_whose_clock_is_hours_ahead_passes_it_on_all_the_same():
    line = Line()
    line.do("alpha", c.Given(WARNING.payload))
    parcels = tuple(line.nodes["alpha"].outboxes["meridian"].owed())
    ahead_us = T0 + 500 * MINUTE
    line.nodes["meridian"].step(c.Came("alpha", T0, T0, None, parcels, {}), ahead_us)
    [parcel] = line.nodes["meridian"].outboxes["bravo"].owed()
    assert parcel.carriage.valid_until_us == WARNING.valid_until_us + 500 * MINUTE


@pytest.mark.promise("CHANNEL-14")
def test_both_sides_mean_the_same_or_it_shows_at_once():
    line = Line()
    line.do("alpha", c.Given(WARNING.payload))
    line.carry("alpha", "meridian")
    taken = msgspec.structs.replace(line.nodes["meridian"].inboxes["alpha"].taken, head="ee" * 32)
    line.do("alpha", c.Came("meridian", line.nodes["meridian"].life, T0, taken, (), {}))
    assert line.nodes["alpha"].found == [c.Found("meridian", "head")]
    assert len(line.nodes["alpha"].outboxes["meridian"]) == 1, "it is still owed"


def test_what_nobody_answers_is_sent_again_after_pauses_that_grow_and_a_new_message_waits_for_none_while_the_link_is_there():
    pace = Pace()
    pace.owes(T0)
    pauses = []
    for _ in range(12):
        before_us = pace.due_us or 0
        pace.was_sent(before_us)
        pauses.append((pace.due_us - before_us) // 1_000_000)
    assert pauses == [2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300, 300]
    pace.heard(T0, owes=False)
    assert pace.due_us is None
    pace.owes(T0 + 5)
    assert pace.due_us == T0 + 5


def test_practice_6_one_thread_holds_two_decisions_of_one_side_hours_apart():
    """6 June: a request through the relay is answered yes; hours later the same side warns and takes a measure, about the same zone."""
    line = Line()
    question = changed(
        sender="bravo", to="alpha", author="liaison", marker=Marker.REQUEST, salt="01" * 32, reply_due_us=None
    )
    line.do("bravo", c.Given(question.payload))
    line.round()
    answer = changed(
        marker=Marker.ANSWER, answers=question.id, salt="02" * 32, original=Words("en", "We take note."), facts=()
    )
    line.do("alpha", c.Given(answer.payload))
    line.round()
    answered_us = line.at_us
    line.at_us += 120 * MINUTE
    line.do("alpha", c.Given(WARNING.payload))
    line.round()
    bravo = line.nodes["bravo"]
    assert [one.about for one in bravo.messages.values()] == [WARNING.about] * 3
    assert list(bravo.messages.values()) == [question, answer, WARNING]
    measure = Measure(
        "warning", "alpha", "bravo", line.at_us + MINUTE, "Kestrel Pass", "watch commander", "alpha", "watch officer",
        texts=(WARNING.original,),
    )  # fmt: skip
    ladder = (Rung("warning", "a warning on the line"),)
    before, after = (
        ladder_at(ladder, "alpha", "bravo", [measure], (), at_us) for at_us in (answered_us, line.at_us + 2 * MINUTE)
    )
    assert (before.rungs[0].taken, after.rungs[0].taken[0].measure) == ((), measure)
    assert bravo.standing(question.id, line.at_us + 2 * MINUTE).settled_by == answer.id, "the first decision stays"


# --- what a hostile or unlucky party cannot do ---


def bare_came(
    line: Line, sender: str, to: str, outside: Carriage, number: int, within: dict[str, c.Opened]
) -> list[c.Effect]:
    parcel = Parcel(sender, to, line.nodes[sender].life, number, outside)
    return line.do(to, c.Came(sender, line.nodes[sender].life, line.at_us, None, (parcel,), within))


@pytest.mark.promise("CHANNEL-12")
def test_a_relay_that_puts_the_digest_of_a_message_on_something_else_does_not_make_it_vanish():
    line = Line()
    line.do("alpha", c.Given(WARNING.payload))
    [parcel] = line.nodes["alpha"].outboxes["meridian"].owed()
    true = parcel.carriage.passed_on("meridian")
    false = msgspec.structs.replace(true, sender="meridian", hands=("meridian",))
    assert bare_came(line, "meridian", "bravo", false, 1, {}) == [c.HeldBack(true.digest, "unreadable")]
    within = {true.digest: c.Opened(m.PAYLOAD_TYPE, WARNING.payload, "alpha")}
    assert c.Show(WARNING.id) in bare_came(line, "meridian", "bravo", true, 2, within)


@pytest.mark.promise("CHANNEL-9")
def test_an_answer_settles_no_warning_and_the_answer_of_a_relay_settles_nothing_for_the_addressee():
    assert standing(answers=[("ef" * 32, T0 + MINUTE)]).debt is Debt.OWED
    line = Line()
    asked = changed(marker=Marker.QUESTION, addressee="charlie", salt="03" * 32)
    line.do("alpha", c.Given(asked.payload))
    line.round()
    answer = changed(
        sender="bravo", to="alpha", author="liaison", marker=Marker.ANSWER, answers=asked.id, salt="04" * 32, facts=()
    )
    line.do("bravo", c.Given(answer.payload))
    line.round()
    assert line.nodes["alpha"].standing(asked.id, line.at_us).debt is Debt.OWED


@pytest.mark.promise("CHANNEL-8")
def test_nobodys_word_stands_above_what_the_addressee_itself_read_back():
    wrong = said(
        Act.UNDERSTOOD, "bravo", facts=(Place("go_to", 336_700_000, 380_680_000, 7_240, ""), *WARNING.facts[1:])
    )
    told = said(Act.UNDERSTOOD, "bravo", by="meridian", carrier="by telephone", facts=WARNING.facts)
    for order in ((wrong, told), (told, wrong)):
        found = standing(*order)
        assert (found.debt, found.mismatch) == (Debt.OWED, True)


@pytest.mark.promise("CHANNEL-17")
def test_a_word_of_an_exercise_settles_no_message_of_operations():
    line = Line()
    line.do("alpha", c.Given(WARNING.payload))
    line.round()
    line.nodes["bravo"]._threads[WARNING.id].message = changed(exercise=True)  # a node that mixes them
    line.person("bravo", said(Act.UNDERSTOOD, "bravo", facts=WARNING.facts, exercise=True))
    line.round()
    assert line.nodes["alpha"].standing(WARNING.id, line.at_us).debt is Debt.OWED
    assert line.nodes["alpha"].refused == {"exercise.mixed": 1}


@pytest.mark.promise("CHANNEL-17")
def test_an_exercise_message_is_marked_on_the_outside_and_in_every_word_of_it():
    line = Line()
    drill = changed(exercise=True)
    line.do("alpha", c.Given(drill.payload))
    [parcel] = line.nodes["alpha"].outboxes["meridian"].owed()
    assert parcel.carriage.exercise
    line.round()
    line.round()
    steps = line.nodes["alpha"].standing(drill.id, line.at_us).steps
    assert {step.kept.statement.exercise for some in steps.values() for step in some} == {True}
    with pytest.raises(Refused) as refused:
        line.do("alpha", c.Given(changed(supersedes=drill.id).payload))
    assert refused.value.key == "exercise.mixed"


def test_a_party_that_says_too_much_uses_up_nobody_elses_room():
    line = Line()
    line.do("alpha", c.Given(WARNING.payload))
    line.round()
    alpha = line.nodes["alpha"]
    [digest] = alpha._threads[WARNING.id].sealed
    outside = Carriage("meridian", "alpha", digest, 100, T0 + MINUTE, Urgency.NOW, ("meridian",), 3)
    for number in range(300):
        word = said(Act.DELIVERED, "meridian", towards="bravo", over=digest, at_us=T0 + number)
        alpha._open("meridian", outside, c.Opened(s.PAYLOAD_TYPE, word.payload, "meridian"), line.at_us, [])
    assert alpha.refused["statements.too_many"] == 101, "one thing it had said before"
    line.person("bravo", said(Act.UNDERSTOOD, "bravo", facts=WARNING.facts))
    line.round()
    assert alpha.standing(WARNING.id, line.at_us).debt is Debt.SETTLED


@pytest.mark.promise("CHANNEL-9")
def test_the_end_of_a_stand_by_is_told():
    line = Line()
    line.do("alpha", c.Given(WARNING.payload))
    line.round()
    line.person("bravo", said(Act.STAND_BY, "bravo", within_us=10 * MINUTE))
    line.round()
    assert line.nodes["alpha"].next_due_us == line.at_us + 10 * MINUTE
    line.at_us += 10 * MINUTE
    assert line.do("alpha", c.TimePassed()) == [c.Changed(WARNING.id, Debt.STAND_BY, Debt.OWED, mismatch=False)]
    assert line.nodes["alpha"].next_due_us == WARNING.reply_due_us


@pytest.mark.promise("CHANNEL-8")
def test_a_place_as_coarse_as_a_country_is_no_place():
    with pytest.raises(Refused) as refused:
        m.checked(changed(facts=(Place("go_to", 0, 0, 100_000_001, "here"),)))
    assert refused.value.key == "place.out_of_range"


@pytest.mark.promise("CHANNEL-11")
def test_what_was_corrected_later_was_not_corrected_before():
    at = {minute: standing(superseded_at_us=T0 + 5 * MINUTE, at_us=T0 + minute * MINUTE).debt for minute in (4, 5)}
    assert at == {4: Debt.OWED, 5: Debt.SUPERSEDED}


@pytest.mark.promise("CHANNEL-4")
def test_a_correction_that_comes_before_what_it_corrects_corrects_it_all_the_same():
    line = Line()
    again = changed(salt="cd" * 32, supersedes=WARNING.id)
    bravo = line.nodes["bravo"]
    for message in (again, WARNING):
        outside = Carriage("alpha", "bravo", message.id, 100, T0 + MINUTE, Urgency.NOW, ("alpha", "meridian"), 3)
        bravo._open("meridian", outside, c.Opened(m.PAYLOAD_TYPE, message.payload, "alpha"), line.at_us, [])
    assert bravo.standing(WARNING.id, line.at_us).debt is Debt.SUPERSEDED


@pytest.mark.promise("CHANNEL-3")
def test_nobody_reviews_their_own_translation_under_another_spelling():
    with pytest.raises(Refused) as refused:
        m.checked(changed(translations=(Translation("ar", "x", "Ana", "ana "),)))
    assert refused.value.key == "translation.reviewed_alone"


# --- what goes first ---


def outside(number: int, urgency: Urgency = Urgency.ROUTINE, byte_count: int = 2_000) -> Carriage:
    return Carriage("alpha", "bravo", f"{number:064x}", byte_count, T0 + 60 * MINUTE, urgency, ("alpha",), HANDS_MAX)


def going(outbox: Outbox) -> list[int]:
    return [int(parcel.carriage.digest, 16) for parcel in outbox.owed()]


def all_taken(outbox: Outbox, at_us: int = T0 + 5_000_000) -> None:
    last = outbox.owed()[-1]
    word = Taken("bravo", "alpha", last.series, last.number, outbox._owed[last.number][1])
    assert outbox.was_taken(word, at_us) is not None


@pytest.mark.promise("CHANNEL-19")
def test_what_is_urgent_goes_before_everything_that_is_not_on_its_way_yet():
    outbox = Outbox("alpha", "bravo", 1)
    for number in range(1, 101):
        outbox.give(outside(number), T0)
    first = going(outbox)
    assert first == list(range(1, len(first) + 1))
    assert sum(parcel.carriage.byte_count for parcel in outbox.owed()) <= GOING_BYTES_MIN
    outbox.give(outside(1_000, Urgency.SOON), T0)
    outbox.give(outside(2_000, Urgency.NOW), T0)
    all_taken(outbox)
    assert going(outbox)[:3] == [2_000, 1_000, len(first) + 1]
    for _ in range(10):
        if outbox.owed():
            all_taken(outbox)
    assert (len(outbox), outbox.byte_count) == (0, 0)


@pytest.mark.promise("CHANNEL-19")
def test_more_goes_at_once_where_the_peer_signs_soon_and_less_again_where_it_is_late():
    outbox = Outbox("alpha", "bravo", 1)
    for number in range(1, 2_001):
        outbox.give(outside(number, byte_count=20_000), T0)

    def on_its_way() -> int:
        return sum(parcel.carriage.byte_count for parcel in outbox.owed())

    at_us, seen = T0, [on_its_way()]
    for took_us in (1_000_000,) * 5 + (30_000_000,) * 6:
        at_us += took_us
        all_taken(outbox, at_us)
        seen.append(on_its_way())
    assert seen[0] == seen[-1] <= GOING_BYTES_MIN
    assert GOING_BYTES_MAX - 20_000 < max(seen) <= GOING_BYTES_MAX


@pytest.mark.promise("CHANNEL-19")
def test_one_that_is_larger_than_what_goes_at_once_goes_alone():
    outbox = Outbox("alpha", "bravo", 1)
    for number, byte_count in enumerate((900_000, 10, 900_000), 1):
        outbox.give(outside(number, byte_count=byte_count), T0)
    sent = []
    while outbox.owed():
        sent.append(going(outbox))
        all_taken(outbox)
    assert sent == [[1], [2], [3]]


@pytest.mark.promise("CHANNEL-19")
def test_an_outbox_that_is_packed_goes_on_in_the_same_order_and_so_does_one_that_begins_anew():
    outbox = Outbox("alpha", "bravo", 1)
    for number in range(1, 101):
        outbox.give(outside(number, list(Urgency)[number % 3]), T0)
    state = msgspec.json.decode(msgspec.json.encode(outbox.state()), type=OutboxState)
    again = Outbox.restored("alpha", "bravo", state)
    assert again.state() == outbox.state()
    for box in (outbox, again):
        all_taken(box)
        box.begin_anew(2, T0)
        assert len(box) == 100, "what was taken may have been lost"
    assert again.state() == outbox.state()


@pytest.mark.promise("CHANNEL-19")
def test_no_more_waits_for_a_peer_than_there_is_room_for(monkeypatch):
    monkeypatch.setattr(c, "OWED_BYTES_TO_A_PEER_MAX", 10_000)
    channel = Channel("meridian", T0)
    for peer in ("alpha", "bravo"):
        channel.step(c.Joined(peer, ()), T0)
    parcels = tuple(Parcel("alpha", "meridian", 1, number, outside(number)) for number in range(1, 8))
    effects = channel.step(c.Came("alpha", 1, T0, None, parcels, {}), T0)
    assert [effect.why for effect in effects if isinstance(effect, c.HeldBack)] == ["full", "full"]
    assert len(channel.outboxes["bravo"]) == 5


@pytest.mark.promise("CHANNEL-6")
@pytest.mark.parametrize("means", Means)
def test_a_word_about_a_person_of_another_party_names_who_brought_or_heard_it_by_whatever_means(means):
    word = Statement(Act.UNDERSTOOD, "bravo", "alpha", WARNING.id, T0, person="gate officer", means=means)
    with pytest.raises(Refused, match="carrier"):
        read_statement(word.payload)
    assert read_statement(msgspec.structs.replace(word, carrier="otto").payload).evidence is Evidence.CLAIMED


@pytest.mark.promise("CHANNEL-15")
def test_a_peer_that_is_caught_again_and_again_does_not_hide_another():
    line = Line()
    one, other = (
        Carriage("alpha", "bravo", digits * 32, 10, T0 + MINUTE, Urgency.NOW, ("alpha",), HANDS_MAX)
        for digits in ("ab", "cd")
    )
    for number in range(1, 1_002):
        bare_came(line, "alpha", "meridian", one, number, {})
        bare_came(line, "alpha", "meridian", other, number, {})
    back = [msgspec.structs.replace(each, sender="bravo", to="alpha", hands=("bravo",)) for each in (one, other)]
    bare_came(line, "bravo", "meridian", back[0], 1, {})
    [found] = bare_came(line, "bravo", "meridian", back[1], 1, {})
    assert isinstance(found, c.Found)
    assert found.peer == "bravo"

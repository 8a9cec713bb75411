"""The promises of docs/spec/witness.md that need no node; tests/contracts/test_courier.py has the others."""

from __future__ import annotations

import json

import msgspec
import pytest

from keepclear.channel import channel as c
from keepclear.channel.messages import Marker
from keepclear.channel.standing import Debt, Doubt, standing_of
from keepclear.channel.statements import Act, Evidence, Kept, Statement
from keepclear.ground.errors import Refused
from keepclear.record.keys import Trust
from keepclear.record.proofs import check_parted, read_proof, split_json
from keepclear.record.tree import consistency_proof, root_at
from keepclear.record.witness import (
    HEARD_MAX,
    WITHHELD_AFTER_SHOWN,
    WITHHELD_AFTER_US,
    Growth,
    Seen,
    Split,
    Verdict,
    check_split,
    signed_note,
    weigh,
    weigh_told,
)
from tests.links_of_three import MINUTE, T0, three
from tests.promises.test_links import WARNING
from tests.records import ALPHA, BRAVO, RECORD, Recording

NOW = 1_779_100_000_000_000
KEYS = [ALPHA.public]


def grown(size: int, of: Recording | None = None, *, otherwise: bool = False) -> Recording:
    """A record of so many entries; `otherwise`: the last of them are others than they would be."""
    record = Recording() if of is None else of.up_to(len(of.entries))
    while len(record.entries) < size:
        record.add("time_passed", b"other" if otherwise else b"{}")
    return record


def note(record: Recording, epoch: int = 1):
    record.epoch = epoch
    return record.sign(ALPHA)


def growth(record: Recording, size: int) -> Growth:
    return Growth(size, root_at(record.tiles, size), consistency_proof(record.tiles, size, len(record.entries)))


def seen_at(record: Recording) -> Seen:
    return weigh(Seen(), note(record), (), NOW).seen


@pytest.mark.promise("WITNESS-1")
def test_a_record_that_grew_and_shows_it_is_consistent():
    for size in (3, 4, 5, 8, 9):
        small, large = grown(size), grown(9)
        found = weigh(seen_at(small), note(large), [growth(large, size)], NOW)
        assert (found.verdict, found.seen.newest, found.seen.heard) == (Verdict.CONSISTENT, note(large).text, ())


@pytest.mark.promise("WITNESS-1")
def test_an_older_checkpoint_is_behind_and_one_without_a_proof_unproven():
    small, large = grown(4), grown(9)
    behind = weigh(seen_at(large), note(small), (), NOW)
    assert (behind.verdict, behind.seen.newest, behind.seen.asks) == (Verdict.BEHIND, note(large).text, (4,))
    unproven = weigh(seen_at(small), note(large), [growth(large, 5)], NOW)
    assert (unproven.verdict, unproven.seen.newest) == (Verdict.UNPROVEN, note(small).text)
    assert unproven.seen.asks == (4, 9)
    larger = grown(12)
    proven = weigh(unproven.seen, note(larger), [growth(larger, 4), growth(larger, 9)], NOW).seen
    assert (proven.newest, proven.heard) == (note(larger).text, ())


@pytest.mark.promise("WITNESS-1")
def test_a_proof_that_was_changed_proves_nothing():
    small, large = grown(4), grown(9)
    true = growth(large, 4)
    for changed in (
        Growth(4, bytes(32), true.hashes),
        Growth(4, true.root, true.hashes[1:]),
        Growth(3, true.root, true.hashes),
        Growth(4, true.root, (b"short",)),
        Growth(0, true.root, ()),
    ):
        assert weigh(seen_at(small), note(large), [changed], NOW).verdict is Verdict.UNPROVEN


@pytest.mark.promise("WITNESS-1")
def test_a_checkpoint_counts_if_the_key_of_the_card_signed_it_for_its_record():
    true = note(grown(4))
    extra = true.cosigned("meridian.example/keepclear", BRAVO.signer, 1_779_100_000)
    assert signed_note(extra.text, RECORD, KEYS).text == true.text
    for text, record, keys in (
        (true.text, "bravo.example/keepclear", KEYS),
        (true.text, RECORD, [BRAVO.public]),
        (true.text.replace("\n4\n", "\n5\n"), RECORD, KEYS),
    ):
        with pytest.raises(Refused):
            signed_note(text, record, keys)


@pytest.mark.promise("WITNESS-2")
@pytest.mark.parametrize("size", [4, 5, 7, 8])
def test_two_histories_are_told_apart_by_one_size_or_by_what_the_larger_begins_with(size):
    trunk = grown(3)
    one = grown(size, trunk)
    for other in (grown(size, trunk, otherwise=True), grown(size + 3, trunk, otherwise=True)):
        shows = [growth(other, size)] if len(other.entries) > size else []
        for found in (
            weigh(seen_at(one), note(other), shows, NOW),
            weigh(weigh_told(seen_at(grown(3)), note(one), NOW).seen, note(other), [growth(other, 3), *shows], NOW),
        ):
            assert found.verdict is Verdict.SPLIT
            assert found.split is not None
            assert [c.size for c in check_split(found.split, RECORD, KEYS)] == [size, len(other.entries)]
            filed = read_proof(json.dumps(split_json(found.split)).encode())
            assert filed == found.split
            assert check_parted(filed, Trust(tuple(KEYS))).other.checkpoint.size == len(other.entries)
            larger = grown(20, one)
            again = weigh(found.seen, note(larger), [growth(larger, size)], NOW)
            assert (again.verdict, again.split, again.seen) == (Verdict.SPLIT, None, found.seen)
            assert again.seen.asks == ()


@pytest.mark.promise("WITNESS-2")
def test_what_is_no_split_is_not_taken_for_one():
    small, large, other = grown(4), grown(9), grown(4, grown(3), otherwise=True)
    a, b, c = note(small).text, note(large).text, note(other).text
    fine = growth(large, 4)
    for split, key in (
        (Split(a, b, fine), "split.none"),
        (Split(a, a), "split.none"),
        (Split(a, b), "split.sizes"),
        (Split(note(grown(5)).text, b, fine), "split.sizes"),
        (Split(c, b, msgspec.structs.replace(fine, root=bytes(32))), "proof.root"),
        (Split(a, note(grown(4, grown(3), otherwise=True), epoch=2).text), "split.epochs"),
    ):
        with pytest.raises(Refused) as refused:
            check_split(split, RECORD, KEYS)
        assert refused.value.key == key
    assert check_split(Split(c, b, fine), RECORD, KEYS)
    with pytest.raises(Refused):
        check_split(Split(c, b, fine), RECORD, [BRAVO.public])


@pytest.mark.promise("WITNESS-3")
def test_what_others_were_shown_is_asked_for_and_a_growth_that_is_withheld_is_told_once():
    large = grown(9)
    told = weigh_told(seen_at(large), note(grown(6)), NOW)
    assert (told.verdict, told.seen.asks) == (Verdict.UNPROVEN, (6,))
    assert weigh_told(told.seen, note(grown(6)), NOW + 1).seen == told.seen
    seen, shown, late, larger = told.seen, 9, NOW + WITHHELD_AFTER_US, large
    for at_us, times in ((late - 1, WITHHELD_AFTER_SHOWN + 5), (late, 1), (late, 1), (late + 1, 3)):
        for _ in range(times):
            larger = grown(shown + 1)
            found = weigh(seen, note(larger), [growth(larger, shown)], at_us)
            assert found.verdict is Verdict.CONSISTENT
            assert found.withheld == ((6,) if at_us == late and shown == 9 + WITHHELD_AFTER_SHOWN + 5 else ())
            seen, shown = found.seen, shown + 1
    larger = grown(shown)
    proven = weigh(seen, note(larger), [growth(larger, 6)], late)
    assert (proven.seen.newest, proven.seen.heard) == (note(larger).text, ())
    assert weigh_told(proven.seen, note(grown(6)), NOW).seen == proven.seen, "told again, it is not asked for again"


@pytest.mark.promise("WITNESS-3")
def test_a_peer_that_was_silent_for_hours_withholds_nothing():
    seen, larger = weigh_told(seen_at(grown(9)), note(grown(6)), NOW).seen, grown(12)
    assert weigh(seen, note(larger), [growth(larger, 9)], NOW + 9 * WITHHELD_AFTER_US).withheld == ()


@pytest.mark.promise("WITNESS-3")
def test_what_is_heard_and_not_compared_takes_a_bounded_room():
    seen = Seen()
    for size in range(3, 60):
        seen = weigh_told(seen, note(grown(size)), NOW).seen
    assert len(seen.heard) == HEARD_MAX
    assert seen.last == note(grown(59)).text


@pytest.mark.promise("WITNESS-4")
def test_a_restored_record_began_anew_and_says_whether_it_lost_what_was_seen():
    seen, trunk = seen_at(grown(6)), grown(4)
    shorter = grown(5, trunk, otherwise=True)
    lost = weigh(seen, note(shorter, epoch=2), (), NOW)
    assert (lost.verdict, lost.began_anew, lost.kept) == (Verdict.CONSISTENT, True, False)
    longer = grown(8, grown(6), otherwise=True)
    kept = weigh(seen, note(longer, epoch=2), [growth(longer, 6)], NOW)
    assert (kept.verdict, kept.began_anew, kept.kept) == (Verdict.CONSISTENT, True, True)


@pytest.mark.promise("WITNESS-2")
@pytest.mark.promise("WITNESS-4")
def test_what_goes_on_in_the_old_epoch_in_another_way_is_found_after_a_restore_too():
    seen = weigh(seen_at(grown(6)), note(grown(5), epoch=2), (), NOW).seen
    old = weigh(seen, note(grown(4)), (), NOW)
    assert (old.verdict, old.seen) == (Verdict.BEHIND, seen)
    twin = grown(6, grown(3), otherwise=True)
    assert weigh(seen, note(twin), (), NOW).verdict is Verdict.SPLIT
    assert weigh_told(seen, note(twin), NOW).verdict is Verdict.SPLIT


# --- doubts ---


def understood(at_us: int) -> Kept:
    word = Statement(Act.UNDERSTOOD, "bravo", "bravo", WARNING.id, T0, person="officer.b", facts=WARNING.facts)
    return Kept(word.id, word, at_us)


@pytest.mark.promise("WITNESS-8")
def test_what_was_signed_while_somebody_else_had_the_key_is_a_claim_from_when_we_say_so():
    heard, told = T0 + 5 * MINUTE, T0 + 20 * MINUTE

    def stands(since_us: int, at_us: int, party: str = "bravo"):
        return standing_of(WARNING.id, WARNING, [understood(heard)], at_us, doubts=[Doubt(party, since_us, told)])

    assert stands(heard, told - 1).debt is Debt.SETTLED, "nobody knew yet"
    assert stands(heard + 1, told).debt is Debt.SETTLED, "it came before"
    assert stands(heard, told, "alpha").debt is Debt.SETTLED, "it is another's key"
    found = stands(heard, told)
    assert (found.debt, found.best("bravo", Act.UNDERSTOOD)) == (Debt.CLAIMED, Evidence.CLAIMED)
    assert found.steps["bravo"][0].doubted


@pytest.mark.promise("WITNESS-8")
def test_an_answer_in_doubt_settles_no_question_and_one_under_the_next_key_does():
    question = msgspec.structs.replace(WARNING, marker=Marker.QUESTION, facts=())
    doubts = [Doubt("bravo", T0, T0 + 10 * MINUTE)]

    def stands(*answers: tuple[str, int]):
        return standing_of(question.id, question, (), T0 + 30 * MINUTE, answers=answers, doubts=doubts)

    first, next_one = ("a" * 64, T0 + MINUTE), ("b" * 64, T0 + 20 * MINUTE)
    assert (stands(first).debt, stands(first).settled_by) == (Debt.CLAIMED, "a" * 64)
    assert (stands(first, next_one).debt, stands(first, next_one).settled_by) == (Debt.SETTLED, "b" * 64)


@pytest.mark.promise("WITNESS-8")
def test_that_a_key_is_doubted_is_told_of_the_messages_that_stand_otherwise():
    alpha, meridian, bravo = three()
    alpha.do(c.Given(WARNING.payload))
    for _ in range(3):
        for one, other in ((alpha, meridian), (meridian, bravo), (bravo, meridian), (meridian, alpha)):
            other.take(one.packet(other.party), one.party)
        if Act.UNDERSTOOD not in {one.kept.statement.act for one in bravo.effects if isinstance(one, c.Said)}:
            bravo.do(c.Stated(understood(T0).statement.payload))
    assert alpha.channel.standing(WARNING.id, alpha.at_us).debt is Debt.SETTLED
    alpha.at_us += MINUTE
    assert alpha.do(c.Doubted("meridian", T0)) == []
    assert alpha.do(c.Doubted("bravo", T0)) == [c.Changed(WARNING.id, Debt.SETTLED, Debt.CLAIMED, False)]
    again = c.Channel.restored(alpha.channel.state())
    assert again.standing(WARNING.id, alpha.at_us).debt is Debt.CLAIMED

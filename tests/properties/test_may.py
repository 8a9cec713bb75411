"""`may` over generated users and objects, against the rules said in one line each."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from keepclear.parties.membership import Membership
from keepclear.parties.parties import READING, TABLE, Access, Action, Reach, Role, Sensitivity, User, may

PARTIES = ("alpha", "bravo", "meridian")
parties = st.sampled_from(PARTIES)
levels = st.sampled_from(Sensitivity)
actions = st.sampled_from(Action)
recipients = st.none() | st.lists(parties, unique=True).map(tuple)
ids = st.sampled_from(["a", "b"])
users = st.builds(User, st.just("u"), parties, st.sampled_from(Role), levels, st.just(""))
holders = st.builds(User, st.just("u"), parties, st.sampled_from(Role), levels, ids)
objects = st.builds(Access, st.sampled_from(["zone", "feed"]), ids, parties, recipients, levels)


def is_theirs(user, thing):
    return user.party == thing.owner or thing.recipients is None or user.party in thing.recipients


@given(users, actions, st.lists(objects, min_size=1, max_size=3))
def test_nobody_gets_what_is_not_theirs_or_above_their_clearance(user, action, things):
    if may(user, action, *things):
        assert all(thing.sensitivity <= user.clearance for thing in things)
        assert (
            user.role is Role.AUDITOR
            or user.role is Role.ADMINISTRATOR
            or all(is_theirs(user, thing) for thing in things)
        )
        if user.role is Role.ADMINISTRATOR and action in {Action.READ, Action.EXPORT}:
            assert all(is_theirs(user, thing) for thing in things)


@given(users, actions, objects, levels)
def test_a_higher_clearance_takes_nothing_away(user, action, thing, level):
    higher = replace(user, clearance=max(user.clearance, level))
    assert may(higher, action, thing) or not may(user, action, thing)


@given(users, actions, objects, parties)
def test_one_more_recipient_takes_nothing_away(user, action, thing, party):
    if thing.recipients is not None:
        wider = replace(thing, recipients=(*thing.recipients, party))
        assert may(user, action, wider) or not may(user, action, thing)


@given(users, actions, objects, objects)
def test_what_concerns_more_is_open_to_no_more(user, action, thing, other):
    assert may(user, action, thing) or not may(user, action, thing, other)
    assert bool(may(user, Action.READ, thing, other)) == bool(may(user, Action.READ, other, thing))


@given(users, objects)
def test_what_may_be_exported_may_be_read(user, thing):
    assert may(user, Action.READ, thing) or not may(user, Action.EXPORT, thing)


@given(users, actions, objects)
def test_a_change_is_for_the_owner(user, action, thing):
    if action not in READING and may(user, action, thing):
        assert thing.owner == user.party or TABLE[user.role, action] is Reach.EVERYBODYS


@given(holders, actions, objects)
def test_a_token_of_a_feed_does_one_thing(holder, action, thing):
    if may(holder, action, thing):
        assert (action, thing.kind, thing.id) == (Action.REPORT, "feed", holder.only_feed)
        assert may(replace(holder, only_feed="", clearance=Sensitivity.SEVERE), action, thing)


@given(users, actions, objects)
def test_a_refusal_has_a_reason_and_leave_has_none(user, action, thing):
    decision = may(user, action, thing)
    assert bool(decision.why) is not decision.allowed


moves = st.lists(
    st.tuples(st.just("admit"), st.tuples(ids, parties, st.sampled_from(Role), levels.map(lambda level: level.word)))
    | st.tuples(st.just("end_user"), st.tuples(ids))
    | st.tuples(st.just("own"), st.tuples(st.sampled_from(["zone", "feed"]), ids, parties))
    | st.tuples(
        st.just("issue_token"), st.tuples(ids, ids, st.sampled_from(["0" * 64, "1" * 64]), st.sampled_from(["", "a"]))
    )
    | st.tuples(st.just("revoke_token"), st.tuples(ids))
    | st.tuples(
        st.just("set_access"),
        st.tuples(st.sampled_from(["zone", "feed"]), ids, levels.map(lambda level: level.word), recipients),
    ),
    max_size=12,
)


@given(moves)
def test_a_change_is_whole_or_refused_and_the_state_goes_through_writing(history):
    from keepclear.ground.errors import Refused

    membership = Membership()
    membership.begin("alpha")
    for party in PARTIES:
        membership.name_party(party, party.title())
    for name, args in history:
        before = membership.state()
        try:
            getattr(membership, name)(*args)
        except Refused:
            assert membership.state() == before
        restored = Membership.restored(membership.state())
        assert restored.state() == membership.state()
        for digit in "01":
            assert held(restored, digit * 64) == held(membership, digit * 64)


def held(membership, token_hash):
    from keepclear.ground.errors import Refused

    try:
        return membership.holder_of(token_hash, 0)
    except Refused as refused:
        return refused.key

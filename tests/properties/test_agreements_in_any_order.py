"""Whatever order the facts of an agreement come in, and however often, the answer as known at an instant is the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepclear.agreements.agreement import Binds, End, Proposal, Resumption, Suspension, kept, read_fact
from keepclear.agreements.depending import changes, picture
from keepclear.agreements.in_force import State, next_due_us, standing_of
from tests.agreed import (
    NAME,
    fact,
    holding,
    hour,
    observation,
    position,
    proposal,
    signature,
    version,
)

VERSIONS = [
    version(),
    version(2),
    version(2, title="The other way"),
    version(3, from_us=hour(6), until_us=hour(12)),
    version(4, binds=Binds.EACH, parties=("alpha", "bravo", "northlight")),
]
PARTIES = st.sampled_from(["alpha", "bravo", "meridian", "northlight"])
HOURS = st.integers(0, 16)


@st.composite
def facts(draw):
    of, hours = draw(PARTIES), draw(HOURS)
    said_by = draw(st.sampled_from([of, of, of, "alpha"]))
    who = {"said_by": said_by, "source": "call"}
    match draw(st.integers(0, 7)):
        case 0:
            return proposal(of, hours, draw(st.sampled_from(VERSIONS)), **who)
        case 1 | 2:
            return signature(of, hours, draw(st.sampled_from(VERSIONS)), **who)
        case 3:
            return holding(of, hours, draw(st.sampled_from(VERSIONS)), **who)
        case 4:
            return fact(draw(st.sampled_from([Suspension, Resumption, End])), of, hours, **who)
        case 5 | 6:
            stance, level = (
                draw(st.sampled_from(["agreed", "rejects", "relays"])),
                draw(st.sampled_from(["political", "line"])),
            )
            return position(of, level, stance, hours, about=draw(st.sampled_from(["", "kestrel-pass"])), **who)
        case _:
            return observation(of, draw(st.sampled_from(["kept", "not_kept"])), hours, about="line", **who)


ARRIVALS = st.lists(st.tuples(facts(), HOURS), max_size=24).map(
    lambda pairs: [kept(one, hour(known)) for one, known in pairs]
)


@pytest.mark.promise("AGREE-16")
@given(arrivals=ARRIVALS, at=HOURS, known=HOURS, data=st.data())
def test_any_order_of_arrival_gives_the_same_picture(arrivals, at, known, data):
    again = data.draw(st.permutations(arrivals + arrivals[:3]))
    first, second = picture(NAME, arrivals, hour(at), hour(known)), picture(NAME, again, hour(at), hour(known))
    assert first == second
    assert changes(first, second) == ()


@pytest.mark.promise("AGREE-15")
@given(arrivals=ARRIVALS, at=HOURS, known=HOURS)
def test_what_was_learned_later_changes_no_answer_as_known_before(arrivals, at, known):
    by_then = [one for one in arrivals if one.known_at_us <= hour(known)]
    assert picture(NAME, arrivals, hour(at), hour(known)) == picture(NAME, by_then, hour(at), hour(known))


@pytest.mark.promise("AGREE-6")
@given(arrivals=ARRIVALS, at=HOURS)
def test_what_is_shown_is_the_same_without_the_claims(arrivals, at):
    # A text that somebody else laid before the parties may be the one that a party signed itself.
    own = [one for one in arrivals if not one.fact.claimed or isinstance(one.fact, Proposal)]
    late = hour(100)
    assert standing_of(NAME, arrivals, hour(at), late).shown == standing_of(NAME, own, hour(at), late).shown


@pytest.mark.promise("AGREE-17")
@given(arrivals=ARRIVALS, at=HOURS)
def test_nothing_changes_before_it_is_due(arrivals, at):
    late = hour(100)
    due_us = next_due_us(NAME, arrivals, hour(at), late)
    until_us = hour(200) if due_us is None else due_us - 1
    assert changes(picture(NAME, arrivals, hour(at), late), picture(NAME, arrivals, until_us, late)) == ()


@pytest.mark.promise("AGREE-8")
@given(arrivals=ARRIVALS, at=HOURS)
def test_nothing_is_in_force_for_whom_it_does_not_name_or_who_did_not_sign_it(arrivals, at):
    seen = standing_of(NAME, arrivals, hour(at), hour(100))
    texts = {one.digest: one for one in VERSIONS}
    for sides in (seen.said, seen.shown):
        for party, side in sides.items():
            if side.state in (State.IN_FORCE, State.SUSPENDED):
                assert party in texts[side.version].parties
                assert side.version in side.signed


@pytest.mark.promise("AGREE-1")
@given(one=facts())
def test_every_fact_is_read_back_from_its_bytes(one):
    assert read_fact(one.payload) == one

"""docs/spec/access.md: who may do what."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest

from keepclear.ground.errors import Refused
from keepclear.parties.membership import Membership
from keepclear.parties.parties import READING, TABLE, Access, Action, Reach, Role, Sensitivity, User, may

PAGE = Path(__file__).parents[2] / "docs" / "spec" / "access.md"


def user(party="alpha", role=Role.WATCH_OFFICER, clearance=Sensitivity.HIGH, only_feed=""):
    return User("ben", party, role, clearance, only_feed)


def zone(owner="alpha", recipients=(), sensitivity=Sensitivity.MODERATE, kind="zone"):
    return Access(kind, "kestrel-pass", owner, recipients, sensitivity)


def hash_of(secret):
    return sha256(secret.encode()).hexdigest()


def staffed():
    """Alpha's node: an administrator and a planner of Alpha, a liaison of Meridian, a feed and a zone of Alpha."""
    membership = Membership()
    membership.begin("alpha")
    membership.name_party("meridian", "Meridian")
    membership.admit("ada", "alpha", "administrator", "severe")
    membership.admit("pia", "alpha", "planner", "high")
    membership.admit("leo", "meridian", "liaison", "moderate")
    membership.admit("mast-1", "alpha", "machine", "open")
    membership.own("feed", "ais-1", "alpha")
    membership.own("zone", "kestrel-pass", "alpha")
    return membership


def refused(call, *args, **kwargs):
    with pytest.raises(Refused) as caught:
        call(*args, **kwargs)
    return caught.value.key


@pytest.mark.promise("ACCESS-1")
def test_the_table_of_the_page_is_the_table_of_the_code():
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in PAGE.read_text("utf-8").splitlines()
        if line.startswith("| ")
    ]
    (_, *roles), *cells = rows
    written = {
        (Role(role.replace(" ", "_")), Action(action.replace(" ", "_"))): Reach(reach)
        for action, *reaches in cells
        for role, reach in zip(roles, reaches, strict=True)
    }
    assert written == TABLE
    assert set(TABLE) == {(role, action) for role in Role for action in Action}


def test_no_action_approves_anything():
    assert not any("approv" in action for action in Action)


@pytest.mark.promise("ACCESS-2")
def test_no_role_audits_and_changes():
    auditing = {role for role in Role if TABLE[role, Action.AUDIT] is not Reach.NOBODYS}
    changing = {
        role for role in Role for action in Action if action not in READING and TABLE[role, action] is not Reach.NOBODYS
    }
    assert auditing == {Role.AUDITOR}
    assert not auditing & changing


@pytest.mark.promise("ACCESS-3")
@pytest.mark.parametrize("role", [role for role in Role if role is not Role.MACHINE])
def test_clearance_binds_every_role(role):
    seen_with = [
        level
        for level in Sensitivity
        if may(user(role=role, clearance=level), Action.READ, zone(sensitivity=Sensitivity.HIGH))
    ]
    assert seen_with == [Sensitivity.HIGH, Sensitivity.SEVERE]


@pytest.mark.promise("ACCESS-4")
@pytest.mark.parametrize(
    ("recipients", "who_sees"),
    [((), ["alpha"]), (("meridian",), ["alpha", "meridian"]), (None, ["alpha", "bravo", "meridian"])],
)
def test_an_object_is_seen_by_its_owner_and_its_recipients(recipients, who_sees):
    parties = ["alpha", "bravo", "meridian"]
    assert [party for party in parties if may(user(party), Action.READ, zone(recipients=recipients))] == who_sees


@pytest.mark.promise("ACCESS-4")
def test_an_auditor_sees_what_is_of_every_party():
    assert may(user("northlight", Role.AUDITOR), Action.READ, zone())


@pytest.mark.promise("ACCESS-5")
def test_a_new_object_is_its_owners_alone():
    membership = staffed()
    assert membership.access_of("zone", "kestrel-pass") == zone(recipients=(), sensitivity=Sensitivity.MODERATE)
    assert membership.access_of("zone", "never-heard-of").recipients == ()


@pytest.mark.promise("ACCESS-6")
def test_a_severe_object_is_exported_to_those_named_and_nobody_else():
    severe = Sensitivity.SEVERE
    leo = user("meridian", Role.LIAISON, severe)
    assert may(leo, Action.READ, zone(recipients=None, sensitivity=severe))
    assert may(leo, Action.EXPORT, zone(recipients=None, sensitivity=severe)).why == "access.severe_export"
    assert may(leo, Action.EXPORT, zone(recipients=("meridian",), sensitivity=severe))
    assert may(user(clearance=severe), Action.EXPORT, zone(recipients=None, sensitivity=severe))
    assert may(leo, Action.EXPORT, zone(recipients=None, sensitivity=Sensitivity.HIGH))


@pytest.mark.promise("ACCESS-7")
def test_a_token_of_a_feed_brings_positions_there_and_nothing_else():
    mast = user(role=Role.MACHINE, clearance=Sensitivity.OPEN, only_feed="kestrel-pass")
    its_feed = zone(kind="feed", sensitivity=Sensitivity.SEVERE)
    other_feed = Access("feed", "ais-2", "alpha", None, Sensitivity.OPEN)
    assert may(mast, Action.REPORT, its_feed)
    assert may(mast, Action.REPORT, other_feed).why == "access.token_of_a_feed"
    assert [action for action in Action if may(mast, action, its_feed)] == [Action.REPORT]


@pytest.mark.promise("ACCESS-7")
def test_a_token_of_a_feed_gives_its_user_no_right_that_the_role_has_not():
    assert may(user(role=Role.PLANNER, only_feed="kestrel-pass"), Action.REPORT, zone(kind="feed")).why == "access.role"
    assert refused(staffed().check_token, "t1", "pia", hash_of("t1"), "ais-1") == "token.useless"


@pytest.mark.promise("ACCESS-8")
def test_what_concerns_several_objects_needs_all_of_them():
    membership = staffed()
    membership.own("feed", "sightings", "meridian")
    officer, leo = user(), membership.user("leo")
    about = {"zone": "kestrel-pass", "subject": "blue-1", "feeds": ("ais-1", "sightings")}
    assert not may(officer, Action.READ, *membership.concerned(**about))
    membership.set_access("feed", "sightings", "low", ["alpha"])
    assert may(officer, Action.READ, *membership.concerned(**about))
    assert not may(leo, Action.READ, *membership.concerned(**about))
    membership.set_access("zone", "kestrel-pass", "low", None)
    assert not may(leo, Action.READ, *membership.concerned(**about))
    membership.set_access("feed", "ais-1", "low", None)
    assert may(leo, Action.READ, *membership.concerned(**about))


@pytest.mark.promise("ACCESS-8")
def test_only_the_party_of_the_zone_acts_on_an_alert_about_it():
    membership = staffed()
    membership.own("feed", "sightings", "meridian")
    membership.set_access("zone", "kestrel-pass", "low", None)
    membership.set_access("feed", "sightings", "low", None)
    concerned = membership.concerned(zone="kestrel-pass", subject="blue-1", feeds=("sightings",))
    assert may(user("alpha"), Action.CLEAR_ALERT, *concerned)
    assert may(user("meridian"), Action.CLEAR_ALERT, *concerned).why == "access.owner"


@pytest.mark.promise("ACCESS-8")
def test_a_subject_that_no_feed_reported_is_the_houses_alone():
    membership = staffed()
    assert may(user("alpha"), Action.READ, *membership.concerned(subject="blue-1"))
    assert not may(user("meridian"), Action.READ, *membership.concerned(subject="blue-1"))


@pytest.mark.promise("ACCESS-9")
def test_nobody_gives_a_clearance_above_their_own():
    membership = staffed()
    ada = user(role=Role.ADMINISTRATOR, clearance=Sensitivity.MODERATE)
    assert may(ada, Action.ADMIT_USER, *membership.managed("new", "meridian", Sensitivity.MODERATE))
    assert not may(ada, Action.ADMIT_USER, *membership.managed("new", "alpha", Sensitivity.HIGH))
    assert not may(ada, Action.ADMIT_USER, *membership.managed("pia", "alpha", Sensitivity.OPEN))  # is cleared for high
    assert not may(ada, Action.ISSUE_TOKEN, membership.member("pia").access)
    assert may(ada, Action.ISSUE_TOKEN, membership.member("leo").access)


@pytest.mark.promise("ACCESS-10")
def test_the_last_administrator_stays():
    membership = staffed()
    assert refused(membership.end_user, "ada") == "user.last_administrator"
    assert refused(membership.admit, "ada", "alpha", "viewer", "low") == "user.last_administrator"
    membership.admit("abe", "alpha", "administrator", "low")
    membership.end_user("ada")
    assert refused(membership.end_user, "abe") == "user.last_administrator"


@pytest.mark.promise("ACCESS-10")
def test_another_party_has_no_administrators():
    assert refused(staffed().admit, "ivo", "meridian", "administrator", "low") == "role.of_another_party"


@pytest.mark.promise("ACCESS-11")
def test_ids_are_not_given_out_again():
    membership = staffed()
    membership.issue_token("t1", "leo", hash_of("t1"))
    membership.end_user("leo")
    assert refused(membership.admit, "leo", "meridian", "liaison", "low") == "user.ended"
    assert refused(membership.issue_token, "t1", "pia", hash_of("t2")) == "token.exists"
    assert refused(membership.issue_token, "t2", "pia", hash_of("t1")) == "token.exists"
    assert refused(membership.own, "zone", "kestrel-pass", "meridian") == "zone.of_another"
    assert refused(membership.admit, "pia", "meridian", "planner", "low") == "user.of_another_party"


@pytest.mark.promise("ACCESS-12")
def test_a_token_that_is_not_accepted_does_not_say_why():
    membership = staffed()
    for name, who in [("good", "pia"), ("revoked", "pia"), ("ended", "leo")]:
        membership.issue_token(name, who, hash_of(name))
    membership.issue_token("expires", "pia", hash_of("expires"), expires_at_us=1_000)
    membership.revoke_token("revoked")
    membership.end_user("leo")
    assert membership.holder_of(hash_of("expires"), 999)[0].id == "pia"
    assert membership.holder_of(hash_of("good"), 1_000)[0] == membership.user("pia")
    answers = set()
    for name in ["unknown", "revoked", "ended", "expires"]:
        with pytest.raises(Refused) as caught:
            membership.holder_of(hash_of(name), 1_000)
        answers.add(str(caught.value))
    assert len(answers) == 1


@pytest.mark.promise("ACCESS-7", "ACCESS-12")
def test_the_holder_of_a_token_of_a_feed_is_bound_to_it():
    membership = staffed()
    membership.issue_token("t1", "mast-1", hash_of("t1"), "ais-1")
    holder, token = membership.holder_of(hash_of("t1"), 0)
    assert (holder.only_feed, token.feed) == ("ais-1", "ais-1")
    assert refused(membership.admit, "mast-1", "alpha", "viewer", "low") == "role.holds_feed_tokens"


@pytest.mark.promise("ACCESS-13")
@pytest.mark.parametrize("chosen", ["", "Alpha", "a b", "ünder", "-a", "a.", "a/b", "a" * 65, "a\n", "../a"])
def test_what_is_no_id_is_refused(chosen):
    membership = staffed()
    assert refused(membership.name_party, chosen, "Name") == "id.unusable"
    assert refused(membership.admit, chosen, "alpha", "viewer", "low") == "id.unusable"
    assert refused(membership.issue_token, chosen, "pia", hash_of("t")) == "id.unusable"


@pytest.mark.promise("ACCESS-13")
@pytest.mark.parametrize("chosen", ["a", "ais-1", "alpha.example", "9", "a" * 64])
def test_what_is_an_id_is_taken(chosen):
    membership = staffed()
    membership.name_party(chosen, "Name")
    assert chosen in membership.parties


@pytest.mark.promise("ACCESS-14")
def test_who_takes_part_can_be_written_down_and_restored():
    membership = staffed()
    membership.issue_token("t1", "mast-1", hash_of("t1"), "ais-1")
    membership.set_access("feed", "ais-1", "severe", ["meridian"])
    membership.end_user("leo")
    written = json.dumps(membership.state())
    restored = Membership.restored(json.loads(written))
    assert json.dumps(restored.state()) == written
    assert restored.holder_of(hash_of("t1"), 0) == membership.holder_of(hash_of("t1"), 0)
    assert restored.access_of("feed", "ais-1") == membership.access_of("feed", "ais-1")


@pytest.mark.parametrize(
    ("call", "args", "key"),
    [
        ("name_party", ("bravo", " "), "party.no_name"),
        ("admit", ("x", "nobody", "viewer", "low"), "party.unknown"),
        ("admit", ("x", "alpha", "king", "low"), "role.unknown"),
        ("admit", ("x", "alpha", "viewer", "secret"), "sensitivity.unknown"),
        ("end_user", ("x",), "user.unknown"),
        ("issue_token", ("t", "x", "0" * 64), "user.unknown"),
        ("issue_token", ("t", "pia", "0" * 63), "token.no_hash"),
        ("issue_token", ("t", "mast-1", "0" * 64, "ais-2"), "feed.unknown"),
        ("revoke_token", ("t",), "token.unknown"),
        ("set_access", ("track", "x", "low", None), "object.kind_unknown"),
        ("set_access", ("zone", "x", "low", None), "zone.unknown"),
        ("set_access", ("zone", "kestrel-pass", "secret", None), "sensitivity.unknown"),
        ("set_access", ("zone", "kestrel-pass", "low", ["nobody"]), "party.unknown"),
    ],
)
def test_what_is_refused_changes_nothing(call, args, key):
    membership = staffed()
    before = membership.state()
    assert refused(getattr(membership, call), *args) == key
    assert membership.state() == before

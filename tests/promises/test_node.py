"""docs/spec/node.md: what a node promises, event by event."""

from __future__ import annotations

import pytest

from keepclear.ground.errors import Refused
from keepclear.host.bodies import body_of, event_of
from keepclear.node import events as e
from keepclear.node.name_book import NAMES_MAX, NameBook
from keepclear.node.node import NODE, Node
from keepclear.tracks.observations import Claim
from keepclear.tracks.refusals import Refusal
from tests.builders import at, reports
from tests.nodes import Given, alerts, lines, watching


def refused(given: Given, event: e.Event, *, by: str, exercise: bool | None = None) -> str:
    """The key of the refusal of an event, of which nothing may stay."""
    before, sequence = given.node.digest(), given.node.sequence
    with pytest.raises(Refused) as caught:
        given.give(event, by=by, exercise=exercise)
    assert (given.node.digest(), given.node.sequence) == (before, sequence)
    return caught.value.key


def entered(given: Given) -> str:
    """Somebody enters; the id of the alert."""
    effects = given.positions({"seen": "10:00", "km": 1.0}, clock="10:00")
    ((key, alert),) = alerts(effects)
    assert key == "entered"
    return alert


@pytest.mark.promise("NODE-1")
@pytest.mark.parametrize(
    ("event", "by", "key"),
    [
        (e.AlertAcknowledged("3.0"), "otto", "alert.unknown"),
        (e.ZoneEnded("nowhere", "gone"), "petra", "zone.unknown"),
        (e.PositionsArrived("ais-9", reports({"seen": "09:00", "km": 1.0})), "feed:ais-9", "feed.unknown"),
        (e.UserAdmitted("Otto!", "alpha", "viewer", "low"), "admin", "id.unusable"),
        (e.UserEnded("admin", "left"), "admin", "user.last_administrator"),
        (e.FeedDeclared("ais-1", "bravo", "theirs"), NODE, "feed.of_another"),
        (e.FeedDeclared("ais-2", "alpha", "x", silent_after_us=0), NODE, "feed.silent_after"),
        (e.NodeBegan("Alpha", "alpha", "x", False, "test"), NODE, "node.begun"),
        (e.TimePassed(), "otto", "event.of_the_node"),
        (e.SnapshotTaken(3, "00", "test"), "admin", "event.of_the_node"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(event, by, key):
    given = watching()
    assert refused(given, event, by=by) == key


@pytest.mark.promise("NODE-1")
def test_nothing_comes_before_the_node_has_begun():
    with pytest.raises(Refused, match="begins with the node"):
        Node().step(e.TimePassed(), by=NODE, exercise=False, at_us=at("09:00"))


@pytest.mark.promise("NODE-5")
def test_a_silence_that_nothing_else_tells_of_is_told_when_time_has_passed():
    given = Given()
    given.feed(silent_after_us=600_000_000)
    given.positions({"seen": "09:00", "km": 30.0}, clock="09:00")
    assert given.node.next_due_us == at("09:10")
    assert not given.give(e.TimePassed(), clock="09:09:59").told
    effects = given.give(e.TimePassed(), clock="09:10")
    assert [key for key, _ in alerts(effects)] == ["feed_silent"]
    assert effects.wake_at_us is None


@pytest.mark.promise("NODE-6", "NODE-7")
def test_an_alert_is_raised_acknowledged_assigned_and_cleared_with_a_reason():
    given = watching()
    alert = entered(given)
    assert alert == f"{given.node.sequence - 1}.{1}"
    for event, state in (
        (e.AlertAcknowledged(alert, "seen"), "acknowledged"),
        (e.AlertAssigned(alert, "otto"), "assigned"),
        (e.AlertAcknowledged(alert), "acknowledged"),
        (e.AlertCleared(alert, "it has left, says the harbour"), "cleared"),
    ):
        (line,) = lines(given.give(event, by="otto"), "alert_step")
        assert (line["alert"], line["state"], line["by"]) == (alert, state, "otto")
    assert refused(given, e.AlertAcknowledged(alert), by="otto") == "alert.is_cleared"


@pytest.mark.promise("NODE-6")
def test_nothing_clears_itself():
    given = watching()
    entered(given)
    given.positions({"seen": "10:10", "km": 40.0}, clock="10:10")
    assert [(alert.key, alert.state) for alert in given.node.side(False).alerts] == [
        ("entered", "raised"),
        ("left", "raised"),
    ]


@pytest.mark.promise("NODE-6")
def test_an_alert_is_not_cleared_without_a_reason():
    given = watching()
    alert = entered(given)
    assert refused(given, e.AlertCleared(alert, "  "), by="otto") == "alert.no_reason"


@pytest.mark.promise("NODE-6")
@pytest.mark.parametrize(("acknowledged", "told"), [(False, "a repeat"), (True, "a new alert")])
def test_told_again_it_is_a_repeat_only_as_long_as_nobody_has_seen_it(acknowledged, told):
    given = watching()
    alert = entered(given)
    if acknowledged:
        given.give(e.AlertAcknowledged(alert), by="otto")
    given.positions({"seen": "10:10", "km": 40.0}, clock="10:10")
    effects = given.positions({"seen": "10:20", "km": 1.0}, clock="10:20")
    (line,) = [line for line in lines(effects, "alert") if line["key"] == "entered"]
    if told == "a repeat":
        assert (line["alert"], line["repeats"]) == (alert, 1)
    else:
        assert line["alert"] != alert
        assert "repeats" not in line


@pytest.mark.promise("NODE-8")
def test_of_a_feed_every_row_is_accounted_for_and_the_newest_refusals_are_shown():
    given = watching()
    bad = Refusal(
        "ais-1", 3, "lat", "latitude.out_of_range", "The latitude is not between -90 and 90", "95", "Check it."
    )
    batch = reports(
        {"seen": "10:00", "km": 30.0},
        {"seen": "10:00", "km": 30.0},
        {"seen": "08:00", "km": 31.0},
        {"seen": "10:01", "km": 29.0},
    )
    given.give(e.PositionsArrived("ais-1", batch, (bad,)), by="feed:ais-1", clock="10:01")
    feed = given.node.side(False).feeds.held("ais-1")
    assert (feed.rows_read, feed.accepted, feed.duplicate, feed.refused) == (5, 2, 1, 2)
    assert feed.refused_for == {"latitude.out_of_range": 1, "report.too_late": 1}
    assert [sample.key for sample in feed.samples] == ["latitude.out_of_range", "report.too_late"]


@pytest.mark.promise("NODE-9")
def test_a_silent_feed_and_a_lost_connection_are_alerts_and_what_comes_next_says_so():
    given = watching()
    given.feed(silent_after_us=60_000_000)
    given.positions({"seen": "10:00", "km": 30.0}, clock="10:00")
    assert [key for key, _ in alerts(given.give(e.TimePassed(), clock="10:01"))] == ["feed_silent"]
    assert alerts(given.give(e.TimePassed(), clock="10:02")) == []
    effects = given.positions({"seen": "10:03", "km": 30.0}, clock="10:03")
    assert [key for key, _ in alerts(effects)] == ["feed_heard_again"]
    lost = e.FeedStateChanged("ais-1", "disconnected", "connection refused")
    assert [key for key, _ in alerts(given.give(lost, by="feed:ais-1"))] == ["feed_disconnected"]


@pytest.mark.promise("NODE-10")
def test_what_was_given_up_for_want_of_room_is_counted_and_an_alert():
    given = watching()
    (line,) = lines(given.give(e.Overloaded("ais-1", 1_234, at("09:59"))), "alert")
    assert (line["key"], line["params"]["rows"], line["urgency"]) == ("feed_overloaded", 1_234, "now")
    assert given.node.side(False).feeds.held("ais-1").given_up == 1_234


@pytest.mark.promise("NODE-11")
def test_operations_and_exercise_never_meet():
    given = watching()
    given.feed(exercise=True)
    given.zone(exercise=True)
    drill = Claim(exercise=True)
    real = given.positions({"seen": "10:00", "km": 1.0}, clock="10:00")
    played = given.positions({"seen": "10:00", "km": 1.0, "claim": drill, "subject": "Drill 1"}, exercise=True)
    assert {told.exercise for told in real.told} == {False}
    assert {told.exercise for told in played.told} == {True}
    assert all(line["exercise"] for line in lines(played))
    assert not any("exercise" in line for line in lines(real))
    assert [subject for subject, _ in given.node.side(False).watch.newest()] == ["Bravo 1"]
    assert [subject for subject, _ in given.node.side(True).watch.newest()] == ["Drill 1"]


@pytest.mark.promise("NODE-11")
def test_a_batch_that_mixes_them_is_refused_either_way():
    given = watching()
    given.feed(exercise=True)
    mixed = reports({"seen": "09:00", "km": 1.0}, {"seen": "09:01", "km": 1.0, "claim": Claim(exercise=True)})
    for exercise in (False, True):
        event = e.PositionsArrived("ais-1", mixed)
        assert refused(given, event, by="feed:ais-1", exercise=exercise) == "exercise.mixed"


@pytest.mark.promise("NODE-11")
def test_a_node_for_exercises_takes_nothing_else():
    given = watching(exercise=True)
    event = e.PositionsArrived("ais-1", reports({"seen": "09:00", "km": 1.0}))
    assert refused(given, event, by="feed:ais-1", exercise=False) == "exercise.only"


@pytest.mark.promise("NODE-12")
@pytest.mark.parametrize(
    ("event", "by", "key"),
    [
        (e.AlertAcknowledged("ALERT"), "vera", "access.role"),
        (e.AlertAcknowledged("ALERT"), "boris", "access.recipients"),
        (e.AlertCleared("ALERT", "x"), "petra", "access.role"),
        (e.AlertAssigned("ALERT", "vera"), "otto", "alert.assignee"),
        (e.ZoneEnded("kestrel", "x"), "otto", "access.role"),
        (e.UserAdmitted("mallory", "alpha", "viewer", "low"), "otto", "access.role"),
        (e.AccessSet("zone", "kestrel", "low", None), "admin", "access.role"),
        (e.AlertAcknowledged("ALERT"), "nobody", "access.unknown_user"),
        (e.PositionsArrived("ais-1", reports({"seen": "10:00", "km": 2.0})), "feed:ais-2", "access.unknown_user"),
    ],
)
def test_what_the_one_rule_forbids_is_refused(event, by, key):
    given = watching()
    alert = entered(given)
    if getattr(event, "alert", "") == "ALERT":
        event = type(event)(alert, *[getattr(event, name) for name in event.__struct_fields__[1:]])
    assert refused(given, event, by=by) == key


@pytest.mark.promise("NODE-12")
def test_with_access_to_zone_and_feed_another_party_may_see_what_follows_from_both():
    given = watching()
    shared = [e.AccessSet("zone", "kestrel", "low", ("bravo",)), e.AccessSet("feed", "ais-1", "low", ("bravo",))]
    boris = given.node.members.user("boris")
    assert boris is not None
    told = given.positions({"seen": "10:00", "km": 1.0}, clock="10:00").told[0]

    def sees() -> bool:
        from keepclear.parties.parties import Action, may

        return bool(may(boris, Action.READ, *given.node.concerned_by(told)))

    seen = [sees()]
    for event in shared:
        given.give(event, by="petra")
        seen.append(sees())
    assert seen == [False, False, True]


@pytest.mark.promise("NODE-8")
def test_a_report_from_the_future_is_refused_and_hides_none_that_comes_after_it():
    given = watching()
    batch = reports({"seen": "12:00", "km": 1.0}, {"seen": "10:00", "km": 30.0})
    effects = given.give(e.PositionsArrived("ais-1", batch), by="feed:ais-1", clock="10:00")
    feed = given.node.side(False).feeds.held("ais-1")
    assert (feed.accepted, feed.refused_for) == (1, {"report.from_the_future": 1})
    assert not lines(effects, "presence")
    assert alerts(given.positions({"seen": "10:05", "km": 1.0}, clock="10:05"))


NAMED = "mmsi:200000117"


def naming(name: str, feed: str = "ais-1") -> e.PositionsArrived:
    return e.PositionsArrived(feed, reports(), names=((NAMED, name),))


@pytest.mark.promise("NODE-16")
def test_a_name_is_told_when_it_is_new_and_held_for_each_feed():
    given = watching()
    given.feed("ais-2")
    given.positions({"seen": "10:00", "km": 60.0, "subject": NAMED}, clock="10:00")
    given.positions({"seen": "10:01", "km": 60.0, "subject": NAMED}, feed="ais-2", clock="10:01")
    told = [lines(given.give(naming(name), by="feed:ais-1"), "name") for name in ("FALCON", "FALCON", "KESTREL")]
    assert [[(line["subject"], line["name"], line["feed"]) for line in one] for one in told] == [
        [(NAMED, "FALCON", "ais-1")], [], [(NAMED, "KESTREL", "ais-1")],
    ]  # fmt: skip
    given.give(naming("HARBOUR AID 7", "ais-2"), by="feed:ais-2")
    side = given.node.side(False)
    assert side.names_of(NAMED) == {"ais-1": "KESTREL", "ais-2": "HARBOUR AID 7"}
    again = Node.unpacked(given.node.packed())
    assert again.side(False).names_of(NAMED) == side.names_of(NAMED)
    assert again.digest() == given.node.digest()


@pytest.mark.promise("NODE-16")
def test_a_name_by_a_feed_that_did_not_report_the_subject_is_not_shown():
    given = watching()
    given.feed("ais-2")
    given.positions({"seen": "10:00", "km": 60.0, "subject": NAMED}, clock="10:00")
    given.give(naming("FALCON", "ais-2"), by="feed:ais-2")
    assert given.node.side(False).names_of(NAMED) == {}


@pytest.mark.promise("NODE-16")
def test_nothing_but_the_name_follows_from_a_name():
    told = []
    for names in ((), ((NAMED, "FALCON"),)):
        given = watching()
        row = {"seen": "10:00", "km": 1.0, "subject": NAMED}
        effects = given.give(e.PositionsArrived("ais-1", reports(row), names=names), by="feed:ais-1", clock="10:00")
        told.append([line for line in lines(effects) if line["event"] != "name"])
    # the alert's number is its place among what was told of the entry
    plain, beside = ([{**line, "alert": ""} for line in one] for one in told)
    assert plain == beside
    assert plain


@pytest.mark.promise("NODE-16")
def test_no_more_names_are_held_than_there_may_be():
    book = NameBook({})
    assert len(book.heard("ais-1", [(f"s-{number}", "x") for number in range(NAMES_MAX + 5)])) == NAMES_MAX
    assert book.heard("ais-1", [("s-0", "y"), ("another", "x")]) == [("s-0", "y")]


def test_a_body_without_names_is_the_one_it_always_was():
    plain = body_of(e.PositionsArrived("ais-1", reports()))
    assert b'{"feed":"ais-1","refusals":[],"noticed":[]}' in plain
    body = body_of(naming("FALCON"))
    read = event_of("positions_arrived", body)
    assert isinstance(read, e.PositionsArrived)
    assert (read.names, body_of(read)) == (((NAMED, "FALCON"),), body)

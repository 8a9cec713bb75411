"""docs/spec/dealings.md: agreements, rosters, calls and measures in a node, and what follows from each for the others."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from keepclear.agreements.agreement import End, Resumption, Suspension
from keepclear.channel.calls import Happened, Item, Minute, MinuteWord, StepTaken, StopAnswer, StopForm
from keepclear.channel.measures import How, Reaction
from keepclear.channel.messages import About, Marker, Message, Urgency, Words
from keepclear.ground.errors import Refused
from keepclear.ground.hours import DAY_US, EVERY_DAY, MINUTES_A_DAY, Hours
from keepclear.host.bodies import body_of, event_of
from keepclear.node import events as e
from keepclear.node.node import Node
from keepclear.parties.parties import Action, may
from keepclear.parties.roster import Handover, Roster
from keepclear.render.told import sentence_of
from tests.agreed import NAME, fact, observation, proposal, signature
from tests.builders import MINUTE_US, at
from tests.couriers import Keys, taken
from tests.dealings import call, measure, moment, roster, terms_version
from tests.nodes import Given, alerts, lines, watching


def agreed(given: Given | None = None, **changed: Any) -> Given:
    """A node on which the understanding is in force since before it began at 09:00, with its calls at 10:00 and 16:00 UTC."""
    given = given or watching()
    laid = terms_version(**changed)
    given.give(e.AgreementFactStated(proposal(version=laid)), by="lena")
    given.give(e.AgreementFactStated(signature(version=laid)), by="lena")
    return given


def now(given: Given, kind: Any, of: str = "alpha", **changed: Any) -> e.AgreementFactStated:
    return e.AgreementFactStated(msgspec.structs.replace(fact(kind, of, **changed), at_us=given.at_us))


def refused(given: Given, event: e.Event, by: str = "lena") -> str:
    before = given.node.digest()
    with pytest.raises(Refused) as caught:
        given.give(event, by=by)
    assert given.node.digest() == before
    return caught.value.key


def side(given: Given) -> Any:
    return given.node.side(given.exercise)


# --- agreements ---


@pytest.mark.promise("DEAL-1")
def test_a_fact_is_told_and_kept_once():
    given = watching()
    stated = e.AgreementFactStated(proposal(version=terms_version()))
    (line,) = lines(given.give(stated, by="lena"), "agreement")
    assert (line["agreement"], line["of_party"], line["what"], line["claimed"]) == (NAME, "alpha", "proposal", False)
    assert [(change["what"], change["now"][:6]) for change in line["changes"]] == [
        ("laid", terms_version().digest[:6]),
        ("state", "signed"),
    ]
    assert refused(given, stated) == "agreement.known"
    assert len(side(given).dealings.agreed.facts_of(NAME)) == 1


@pytest.mark.promise("DEAL-1")
def test_an_act_of_the_house_that_moves_nothing_is_refused_and_that_of_another_is_kept():
    given = agreed()
    assert refused(given, now(given, Resumption)) == "agreement.not_suspended"
    given.give(now(given, Resumption, "bravo"), by="lena")
    standing = side(given).dealings.agreed.standing(NAME, given.at_us)
    assert list(standing.unfit.values()) == ["not_suspended"]


@pytest.mark.promise("DEAL-2")
def test_what_another_party_suspends_changes_no_terms_here_and_what_the_house_ends_does():
    given = agreed()
    given.give(now(given, Suspension, "bravo"), by="lena")
    assert list(side(given).dealings.agreed.in_force) == [NAME]
    given.give(now(given, Suspension), by="lena")
    assert not side(given).dealings.agreed.in_force
    given.at_us += MINUTE_US
    given.give(now(given, Resumption), by="lena")
    assert list(side(given).dealings.agreed.in_force) == [NAME]


@pytest.mark.promise("DEAL-3")
def test_a_change_alarms_the_zone_and_the_calls_that_rely_on_it():
    given = agreed()
    effects = given.give(now(given, End, "bravo"), by="lena")
    told = lines(effects, "alert")
    assert {(line["key"], line["zone"], line["agreement"], line["urgency"]) for line in told} == {
        ("agreement_changed", "kestrel", NAME, "now"),
        ("agreement_changed", None, NAME, "now"),
    }
    ended = {"what": "state", "party": "bravo", "about": "", "versions": [], "was": "in_force", "now": "ended"}
    assert all(ended in line["params"]["changes"] for line in told)


@pytest.mark.promise("DEAL-3")
def test_what_somebody_sees_alarms_what_relies_on_it_less_urgently_and_what_is_nothing_new_does_not():
    given = agreed()
    (zone, _) = lines(given.give(e.AgreementFactStated(observation("alpha", "not_kept")), by="lena"), "alert")
    assert zone["urgency"] == "soon"
    again = given.give(e.AgreementFactStated(observation("alpha", "not_kept", hours=3.0)), by="lena")
    assert lines(again, "alert") == []
    assert lines(again, "agreement")[0]["changes"] == []


@pytest.mark.promise("DEAL-3")
def test_a_zone_that_is_not_watched_is_not_alarmed():
    given = Given()
    agreed(given)
    told = lines(given.give(now(given, End, "bravo"), by="lena"), "alert")
    assert [line["zone"] for line in told] == [None]


@pytest.mark.promise("DEAL-4")
def test_an_agreement_that_runs_out_is_told_when_it_does():
    given = agreed(until_us=at("11:30"))
    effects = given.give(e.TimePassed(), clock="09:30")
    assert effects.wake_at_us is not None
    assert effects.wake_at_us <= at("11:30")
    given.give(moment(Happened.ANSWERED, "10:01", due="10:00"), by="otto", clock="10:01")
    effects = given.give(e.TimePassed(), clock="11:30")
    (line,) = lines(effects, "agreement")
    assert line["action"] == "time"
    assert {(one["party"], one["now"]) for one in line["changes"] if one["what"] == "state"} == {
        ("alpha", "ran_out"),
        ("bravo", "ran_out"),
    }
    assert [key for key, _ in alerts(effects)] == ["agreement_changed", "agreement_changed"]
    assert effects.wake_at_us is None or effects.wake_at_us > at("11:30")
    assert not lines(given.give(e.TimePassed(), clock="18:00"), "alert")


@pytest.mark.promise("DEAL-4")
def test_an_agreement_that_begins_later_has_no_calls_before():
    given = agreed(from_us=at("12:00"))
    assert not lines(given.give(e.TimePassed(), clock="11:00"), "alert")
    assert lines(given.give(e.TimePassed(), clock="12:00"), "agreement")
    (missed,) = lines(given.give(e.TimePassed(), clock="17:00"), "alert")
    assert missed["params"]["due_at"].endswith("T16:00:00Z")


# --- calls ---


@pytest.mark.promise("DEAL-5")
def test_a_call_that_nobody_answered_in_time_is_an_alert_with_the_agreed_next_step():
    given = agreed()
    given.give(moment(Happened.UNANSWERED, "10:02", due="10:00"), by="otto", clock="10:03")
    assert not lines(given.give(e.TimePassed(), clock="10:15"), "alert")
    wake_us = given.node.next_due_us
    assert wake_us == at("10:15") + 1
    (missed,) = lines(given.give(e.TimePassed(), clock=wake_us), "alert")
    assert (missed["key"], missed["agreement"], missed["of_party"]) == ("call_missed", NAME, "bravo")
    assert missed["params"]["attempts"] == ["unanswered"]
    assert missed["params"]["next_step"]["words"] == "Call the deputy"
    assert not lines(given.give(e.TimePassed(), clock="10:30"), "alert")


@pytest.mark.promise("DEAL-5")
def test_a_call_that_was_answered_is_not_missed():
    given = agreed()
    given.give(moment(Happened.ANSWERED, "10:10", due="10:00"), by="otto", clock="10:10")
    assert not lines(given.give(e.TimePassed(), clock="10:30"), "alert")


@pytest.mark.promise("DEAL-5")
def test_calls_of_a_time_when_the_agreement_was_not_known_are_not_missed():
    given = Given(begin="13:00")
    agreed(given)
    assert not lines(given.give(e.TimePassed(), clock="15:00"), "alert")


@pytest.mark.promise("DEAL-5")
def test_many_calls_that_were_missed_while_nothing_ran_are_one_alert():
    given = agreed()
    (missed,) = lines(given.give(e.TimePassed(), clock=at("10:00") + 3 * DAY_US), "alert")
    assert missed["params"]["missed"] == 6


@pytest.mark.promise("DEAL-5")
def test_an_amended_version_with_the_same_calls_lets_no_call_go():
    given = agreed()
    first = terms_version()
    second = terms_version(number=2, amends=first.digest)
    given.give(e.AgreementFactStated(proposal(version=second, hours=5)), by="lena", clock="10:10")
    given.give(e.AgreementFactStated(signature(version=second, hours=6)), by="lena")
    found = lines(given.give(e.TimePassed(), clock="10:20"), "alert")
    assert [line["key"] for line in found] == ["call_missed"]


@pytest.mark.promise("DEAL-10")
def test_a_minute_and_a_word_on_it_are_of_a_call_that_is_held():
    given, held = watching(), call(Item("a site", "alpha"))
    minute = Minute(held.id, "alpha", "Lena", Words("en", "We spoke of a site."), given.at_us)
    word = MinuteWord(minute.id, "bravo", "bravo", "Basil", given.at_us, Words("en", "We did not."))
    assert refused(given, e.MinuteWritten(minute)) == "call.unknown"
    (line,) = lines(given.give(e.CallHeld(held), by="lena"), "call")
    assert line["doubts"] == [{"key": "item.not_read_back", "about": "a site"}]
    assert refused(given, e.MinuteAnswered(word)) == "minute.unknown"
    given.give(e.MinuteWritten(minute), by="lena")
    (answered,) = lines(given.give(e.MinuteAnswered(word), by="lena"), "call")
    assert answered["agreed"] == "disputed"
    for event in (e.CallHeld(held), e.MinuteWritten(minute), e.MinuteAnswered(word)):
        assert refused(given, event) == "call.noted"


@pytest.mark.promise("DEAL-10")
def test_an_attempt_is_between_the_same_two_from_moment_to_moment():
    given = watching()
    given.give(moment(Happened.UNANSWERED, "09:00"), by="otto")
    assert refused(given, moment(Happened.UNANSWERED, "09:00")) == "call.noted"
    assert refused(given, moment(Happened.UNANSWERED, "09:01", called="meridian")) == "call.attempt"


@pytest.mark.promise("DEAL-7")
@pytest.mark.parametrize("by", ["otto", "lena", "petra"])
def test_anybody_at_the_desk_takes_down_an_urgent_stop_without_roster_or_agreement(by):
    given = Given()
    form = StopForm("Stop, there are children on the road", "Otto", given.at_us)
    (alert,) = lines(given.give(e.StopCalled(form), by=by), "alert")
    assert (alert["key"], alert["urgency"]) == ("stop_called", "now")
    assert alert["params"]["missing"][0] == "where"
    assert side(given).dealings.calls.stops == (form,)


@pytest.mark.promise("DEAL-13")
def test_who_asks_on_about_a_stop_raises_no_second_alert_and_the_first_stays_as_it_was():
    given = Given()
    form = StopForm("Stop, there are children on the road", "Otto", given.at_us)
    given.give(e.StopCalled(form), by="otto")
    held = list(side(given).alerts)
    (line,) = lines(
        given.give(e.StopAskedOn(StopAnswer(form.id, "Petra", given.at_us, caller="a teacher")), by="petra")
    )
    assert (line["event"], line["action"], line["stop"], line["answered"]) == (
        "call",
        "stop_asked_on",
        form.id,
        ["caller"],
    )
    assert list(side(given).alerts) == held
    assert side(given).dealings.calls.stops == (form,)


# --- rosters ---


@pytest.mark.promise("DEAL-6")
def test_a_gap_is_told_a_day_before_it_begins_and_once():
    given = watching()
    weekdays = tuple(day for day in EVERY_DAY if day not in ("sat", "sun"))
    effects = given.give(e.RosterSet(roster((Hours(weekdays, 0, MINUTES_A_DAY),))), by="lena")
    assert not lines(effects, "alert")
    due_us = given.node.next_due_us
    assert due_us is not None
    (gap,) = lines(given.give(e.TimePassed(), clock=due_us), "alert")
    assert (gap["key"], gap["of_party"]) == ("nobody_in_reach", "bravo")
    assert gap["params"]["from_at"] == "2026-05-23T00:00:00Z"
    assert gap["params"]["until_at"] == "2026-05-25T00:00:00Z"
    assert not lines(given.give(e.TimePassed(), clock=due_us + 2 * DAY_US), "alert")


@pytest.mark.promise("DEAL-6")
def test_a_gap_that_is_there_already_is_told_when_the_roster_is_set():
    given = watching()
    effects = given.give(e.RosterSet(roster((Hours(EVERY_DAY, 600, 1200),))), by="lena")
    told = [(line["params"]["from_at"][11:16], line["params"]["until_at"][11:16]) for line in lines(effects, "alert")]
    assert told == [("09:00", "10:00"), ("20:00", "10:00")]


@pytest.mark.promise("DEAL-6")
def test_a_roster_without_anybody_is_told_again_after_thirty_days():
    given = watching()
    assert len(lines(given.give(e.RosterSet(Roster("bravo", ())), by="lena"), "alert")) == 1
    due_us = given.node.next_due_us
    assert due_us == given.at_us + 29 * DAY_US
    assert len(lines(given.give(e.TimePassed(), clock=due_us), "alert")) == 1


@pytest.mark.promise("DEAL-10")
def test_a_handover_is_one_of_a_focal_point_that_is_there_and_outlives_a_new_roster():
    given = watching()
    handed = e.HandedOver("bravo", Handover("desk", "Basil", "Bela", given.at_us, ("a site",)))
    assert refused(given, handed, "otto") == "roster.unknown"
    given.give(e.RosterSet(roster()), by="lena")
    (line,) = lines(given.give(handed, by="otto"), "roster")
    assert (line["given_by"], line["taken_by"]) == ("Basil", "Bela")
    given.give(e.RosterSet(roster()), by="lena")
    assert side(given).dealings.rosters.of("bravo").handovers == (handed.handover,)
    assert refused(given, e.RosterSet(side(given).dealings.rosters.of("bravo"))) == "roster.handovers"


# --- measures and the agreed way ---


@pytest.mark.promise("DEAL-8")
def test_the_ladder_of_a_zone_shows_what_was_taken_skipped_and_how_long_ago():
    given = agreed()
    leaflet = measure("leaflet", "09:05")
    given.give(e.MeasureTaken(leaflet), by="otto", clock="09:10")
    given.give(e.ReactionSeen(Reaction(leaflet.id, "They halted", at("09:12"), "post 3")), by="otto", clock="09:15")
    ladder = side(given).dealings.ladders("kestrel", "alpha", "bravo", given.at_us)[NAME]
    assert [gone.how for gone in ladder.rungs] == [How.SKIPPED, How.TAKEN, How.NOT_TAKEN]
    (taken,) = ladder.rungs[1].taken
    assert taken.ago_us == 10 * MINUTE_US
    assert taken.reactions[0].words == "They halted"
    assert side(given).dealings.ladders("elsewhere", "alpha", "bravo", given.at_us) == {}


@pytest.mark.promise("DEAL-8")
def test_the_next_step_of_the_agreed_way_is_given_once_the_last_had_its_time():
    given = agreed()
    since_us = given.at_us

    def next_key(clock: str) -> str | None:
        step = side(given).dealings.next_step_of("kestrel", since_us, at(clock))
        return None if step is None else step.step.key

    assert next_key("09:00") == "deputy"
    taken = StepTaken("deputy", "Otto", at("09:10"))
    (line,) = lines(given.give(e.EscalationStepTaken(NAME, taken), by="otto", clock="09:10"), "call")
    assert (line["action"], line["step"], line["agreement"]) == ("step", "deputy", NAME)
    assert next_key("09:39") is None
    assert next_key("09:40") == "relay"
    assert side(given).dealings.next_step_of("elsewhere", since_us, at("09:40")) is None


@pytest.mark.promise("DEAL-10")
def test_a_measure_is_noted_once_and_a_reaction_is_one_to_a_measure_that_is_held():
    given, one = watching(), measure("call", "09:00")
    assert refused(given, e.ReactionSeen(Reaction(one.id, "They halted", 0, "post 3"))) == "measure.unknown"
    given.give(e.MeasureTaken(one), by="lena")
    assert refused(given, e.MeasureTaken(one)) == "measure.noted"


# --- agenda ---


@pytest.mark.promise("DEAL-9")
def test_the_agenda_has_the_open_alerts_of_the_shared_zone_and_not_what_was_taken_up():
    given = agreed()
    ids = [one.id for one in side(given).alerts]
    given.positions({"subject": "Bravo 1", "seen": "09:10", "km": 1.0}, clock="09:10")
    (entered,) = [one.id for one in side(given).alerts if one.id not in ids]
    assert side(given).agenda("bravo", also=["m1"]) == (*ids, entered, "m1")
    given.give(e.CallHeld(call(Item(entered, "alpha"), Item("m1", "bravo"))), by="lena")
    assert side(given).agenda("bravo", also=["m1"]) == tuple(ids)
    assert side(given).agenda("meridian") == ()


# --- who may, exercise, the record ---


EVENTS: list[e.Event] = [
    e.AgreementFactStated(proposal(version=terms_version())),
    e.RosterSet(roster()),
    e.HandedOver("bravo", Handover("desk", "Basil", "Bela", at("09:00"))),
    moment(Happened.REFUSED, "09:00", due="09:00"),
    e.CallHeld(call(Item("a site", "alpha"))),
    e.EscalationStepTaken(NAME, StepTaken("deputy", "Otto", at("09:00"))),
    e.StopCalled(StopForm("Stop", "Otto", at("09:00"))),
    e.StopAskedOn(StopAnswer(StopForm("Stop", "Otto", at("09:00")).id, "Otto", at("09:00"), what="the shelling")),
    e.MeasureTaken(measure("call", "09:00")),
    e.ReactionSeen(Reaction(measure("call", "09:00").id, "They halted", at("09:00"), "post 3")),
]
KINDS = [e.kind_of(event) for event in EVENTS]


@pytest.mark.promise("ACCESS-15")
@pytest.mark.parametrize("event", EVENTS, ids=KINDS)
@pytest.mark.parametrize("by", ["boris", "vera", "admin", "robot", "audit"])
def test_neither_another_party_nor_who_only_looks_enters_dealings(event, by):
    assert refused(watching(), event, by).startswith("access.")


@pytest.mark.promise("ACCESS-15")
def test_what_is_told_of_dealings_is_for_the_house_alone():
    given = agreed()
    told = [line for event in EVENTS[1:] for line in given.give(event, by="lena").told]
    assert {one.what for one in told} == {"roster", "call", "measure", "alert"}
    users = [user for id in ("otto", "vera", "boris") if (user := given.node.members.user(id)) is not None]
    for one in told:
        about = given.node.concerned_by(one)
        assert [user.id for user in users if may(user, Action.READ, *about)] == ["otto", "vera"]


@pytest.mark.promise("DEAL-11")
@pytest.mark.parametrize(
    "event",
    [
        moment(Happened.UNANSWERED, "09:00", exercise=True),
        e.CallHeld(msgspec.structs.replace(call(), exercise=True)),
        e.StopCalled(StopForm("Stop", "Otto", at("09:00"), exercise=True)),
        e.MeasureTaken(measure("call", "09:00", exercise=True)),
    ],
    ids=["moment", "call", "form", "measure"],
)
def test_what_is_exercise_does_not_come_into_operations(event):
    given = watching()
    assert refused(given, event) == "exercise.mixed"
    given.give(event, by="lena", exercise=True)
    assert given.node.side(False).dealings.state() == Given().node.side(False).dealings.state()


@pytest.mark.parametrize("event", EVENTS, ids=KINDS)
def test_an_entry_of_dealings_is_written_to_the_record_and_read_back(event):
    assert event_of(e.kind_of(event), body_of(event)) == event


def test_a_node_with_dealings_goes_on_from_a_snapshot_as_if_nothing_had_been():
    given = agreed()
    for event in EVENTS[1:]:
        given.give(event, by="lena")
    restored = Node.unpacked(given.node.packed())
    assert restored.packed() == given.node.packed()
    assert restored.next_due_us == given.node.next_due_us
    told = [node.step(e.TimePassed(), by="node", exercise=False, at_us=at("17:00")) for node in (restored, given.node)]
    assert told[0] == told[1]
    assert restored.digest() == given.node.digest()


def test_everything_that_is_told_of_dealings_has_a_sentence():
    given = agreed()
    told = []
    for event in EVENTS[1:]:
        told += lines(given.give(event, by="lena"))
    told += lines(given.give(now(given, Suspension, "bravo"), by="lena"))
    told += lines(given.give(e.TimePassed(), clock="17:00"))
    sentences = {(line["event"], line.get("key")): sentence_of(line, "Kestrel Pass") for line in told}
    assert all(sentences.values())
    assert sentences["alert", "call_missed"] == (
        "The call with bravo that was due 2026-05-18 16:00:00Z was not answered in time, the last of 2."
        " The agreement has next: Call the deputy."
    )


# --- messages that rely on what was agreed ---


def asked(given: Given, about: About, **changed: Any) -> Message:
    """A request of Alpha to Bravo, due in ten minutes and valid for two hours."""
    at_us = given.at_us
    plain = {"written_at_us": at_us, "valid_until_us": at_us + 120 * MINUTE_US, "reply_due_us": at_us + 10 * MINUTE_US}
    words = Words("en", "Please keep the road clear.")
    return Message(
        "0" * 64, "alpha", "bravo", "lena", Marker.REQUEST, Urgency.SOON, words, about=about, **(plain | changed)
    )


def paired() -> Given:
    given = agreed()
    given.give(taken(Keys("bravo").card), by="admin")
    given.give(e.PeerJoined("bravo"), by="admin")
    return given


@pytest.mark.promise("DEAL-3")
@pytest.mark.parametrize("about", [About("zone", "kestrel"), About("agreement", NAME)], ids=["zone", "agreement"])
def test_a_message_that_is_valid_still_is_alarmed_by_a_change_of_what_it_is_about(about):
    given = paired()
    message, other = asked(given, about), asked(given, About("zone", "elsewhere"))
    for one in (message, other):
        given.give(e.MessageGiven(one.payload.decode()), by="lena")
    told = given.give(now(given, End, "bravo"), by="lena").told
    concerned = [one for one in told if one.message]
    assert [(one.what, one.message, one.agreement) for one in concerned] == [("alert", message.id, NAME)]
    assert message.id[:8] in sentence_of(msgspec.json.decode(concerned[0].line))
    later = given.give(now(given, End, "alpha"), by="lena", clock=given.at_us + 120 * MINUTE_US).told
    assert not any(one.message for one in later if '"agreement_changed"' in one.line)


@pytest.mark.promise("DEAL-8")
def test_a_message_about_the_zone_that_is_unconfirmed_says_the_next_agreed_step():
    given = paired()
    given.give(e.MessageGiven(asked(given, About("zone", "kestrel")).payload.decode()), by="lena")
    (line,) = lines(given.give(e.TimePassed(), clock="09:15"), "alert")
    assert line["key"] == "message_unconfirmed"
    assert line["params"]["next_step"]["key"] == "deputy"
    assert sentence_of(line).endswith("The agreement has next: Call the deputy.")

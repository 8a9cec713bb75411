"""docs/spec/events.md: the lines of the events file, and the sentences in them."""

from __future__ import annotations

import json

import pytest

from keepclear.agreements.terms import PresenceTerms
from keepclear.ground.quantities import parse_count
from keepclear.render.records import line_of
from keepclear.tracks.observations import Attribution, Claim
from keepclear.watch.lines import line_of as language_neutral
from keepclear.watch.watch import Watch
from tests.builders import MINUTE_US, at, kestrel, reports, told


def test_a_line_is_the_line_of_the_watch_and_one_sentence_behind_it():
    first = Watch([kestrel(band_mm=5_000_000)]).observe(
        reports({"km": 12, "seen": "10:00"}, {"km": 5, "seen": "10:10"})
    )
    late = Watch([kestrel()])
    events = [
        *first,
        *late.observe(reports({"km": 5, "seen": "10:10"})),
        *late.observe(reports({"km": 4, "seen": "10:00", "known": "10:20"})),
    ]
    assert {type(event).__name__ for event in events} == {"Presence", "Alert", "Correction"}
    for event in events:
        record = json.loads(line_of(event, "Kestrel Pass"))
        assert list(record)[-1] == "text"
        del record["text"]
        assert json.loads(language_neutral(event)) == record
        assert line_of(event, "Kestrel Pass").startswith(language_neutral(event)[:-1])


def records(watch, *batches, until=None):
    return [json.loads(line) for line in told(watch, batches, until)]


@pytest.mark.promise("EVENT-1", "EVENT-2")
def test_a_change_of_presence_has_the_keys_of_the_spec_in_their_order():
    (entered, _) = records(Watch([kestrel()]), reports({"km": 5, "seen": "10:00", "known": "10:02", "error_m": 20.0}))
    assert list(entered) == [
        "event", "seq", "at", "seen_at", "subject", "zone", "from", "to", "what", "cause", "edge_m", "p_inside", "permitted", "why", "urgency", "lat", "lon", "text",
    ]  # fmt: skip
    assert entered | {"edge_m": None, "text": None} == {
        "event": "presence", "seq": 1, "at": "2026-05-18T10:02:00Z", "seen_at": "2026-05-18T10:00:00Z", "subject": "Bravo 1", "zone": "kestrel",
        "from": "clear", "to": "inside", "what": "entered", "cause": "report", "edge_m": None, "p_inside": 1.0,
        "permitted": False, "why": "unattributed", "urgency": "now", "lat": 33.5450857, "lon": 38.6, "text": None,
    }  # fmt: skip
    assert entered["edge_m"] == pytest.approx(-5_000, abs=10)


@pytest.mark.promise("EVENT-2")
def test_what_a_report_claims_is_carried_with_who_says_so():
    claim = Claim(parse_count("low hundreds"), Attribution("Bravo", "Meridian", 0.6), "B2", exercise=True)
    (entered, alert) = records(
        Watch([kestrel()]), reports({"km": 5, "seen": "10:00", "claim": claim, "source": "Northlight"})
    )
    assert {key: entered[key] for key in ("party", "attributed_by", "confidence", "count_min", "count_max", "count_words", "source", "grading", "exercise", "error")} == {
        "party": "Bravo", "attributed_by": "Meridian", "confidence": 0.6, "count_min": 100, "count_max": 400, "count_words": "low hundreds",
        "source": "Northlight", "grading": "B2", "exercise": True, "error": "assumed",
    }  # fmt: skip
    assert alert["exercise"]


@pytest.mark.promise("EVENT-3")
def test_an_alert_names_the_event_it_is_about_and_says_why_in_parameters_and_in_a_sentence():
    (entered, alert) = records(Watch([kestrel()]), reports({"km": 5, "seen": "10:00", "error_m": 20.0}))
    assert list(alert) == ["event", "seq", "at", "key", "urgency", "subject", "zone", "of", "params", "text"]
    assert (alert["key"], alert["of"], alert["params"]["why"]) == ("entered", entered["seq"], "unattributed")
    assert (
        alert["text"]
        == "Bravo 1 entered Kestrel Pass, 5.0 km inside the edge (100 % likely inside); nobody has said whose it is."
    )


@pytest.mark.promise("EVENT-4")
def test_a_correction_says_what_was_told_and_what_stands():
    watch = Watch([kestrel()])
    (correction,) = records(
        watch,
        reports({"km": 20, "seen": "10:00"}, {"km": 8, "seen": "10:10"}),
        reports({"km": 9, "seen": "10:05", "known": "10:12"}),
    )[2:]
    assert list(correction) == [
        "event",
        "seq",
        "at",
        "of",
        "action",
        "subject",
        "zone",
        "said",
        "stands",
        "late_report_seen_at",
        "text",
    ]
    assert (correction["said"]["seen_at"], correction["stands"]["seen_at"]) == (
        "2026-05-18T10:10:00Z",
        "2026-05-18T10:05:00Z",
    )
    assert correction["text"] == (
        "A late report of Bravo 1, seen 2026-05-18 10:05:00Z, corrects event 1: entered Kestrel Pass at 2026-05-18 10:05:00Z, not at 2026-05-18 10:10:00Z."
    )


def sentences_of(*rows, until="13:00", **terms):
    return [
        record["text"]
        for record in records(Watch([kestrel(**terms)]), reports(*rows), until=at(until))
        if record["event"] == "alert"
    ]


@pytest.mark.promise("EVENT-3")
def test_every_alert_has_its_sentence():
    silent = PresenceTerms(silent_after_us=30 * MINUTE_US)
    rows = [
        {"km": km, "seen": seen, "error_m": 30.0}
        for km, seen in [
            (30, "10:00"),
            (25, "10:05"),
            (13, "10:15"),
            (8, "10:20"),
            (8, "10:45"),
            (20, "11:00"),
            (5, "12:10"),
        ]
    ]
    assert sentences_of(
        *rows, band_mm=5_000_000, approach_us=20 * MINUTE_US, dwell_us=15 * MINUTE_US, presence=silent
    ) == [
        "Bravo 1 is approaching Kestrel Pass, 15.0 km outside the edge (0 % likely inside), at the edge about 15 min after this report if it keeps its course; nobody has said whose it is.",
        "Bravo 1 entered Kestrel Pass, 2.0 km inside the edge (100 % likely inside); nobody has said whose it is.",
        "Bravo 1 has been inside Kestrel Pass for 15 min as far as is known, and the limit is 15 min; nobody has said whose it is.",
        "Bravo 1 left Kestrel Pass, 10.0 km outside the edge (0 % likely inside); nobody has said whose it is.",
        "Bravo 1 is lost from sight and could have reached Kestrel Pass by now, 10.0 km outside the edge (0 % likely inside); nobody has said whose it is.",
        "Bravo 1 is heard of again, inside Kestrel Pass, 5.0 km inside the edge (100 % likely inside); nobody has said whose it is.",
        "Bravo 1 has been inside Kestrel Pass for 15 min as far as is known, and the limit is 15 min; nobody has said whose it is.",
        "Bravo 1 is lost from sight inside Kestrel Pass, 5.0 km inside the edge (100 % likely inside); nobody has said whose it is.",
    ]


@pytest.mark.promise("EVENT-5")
def test_a_line_is_one_line_whatever_the_names_hold():
    watch = Watch([kestrel()])
    for event in watch.observe(reports({"km": 5, "seen": "10:00", "subject": 'Bravo\n"1"\u2028<b>'})):
        line = line_of(event, "Kestrel\nPass")
        assert "\n" not in line
        assert json.loads(line)["subject"] == 'Bravo\n"1"\u2028<b>'


def test_events_are_columns_for_a_data_frame():
    pandas = pytest.importorskip("pandas")
    events = Watch([kestrel()]).observe(reports({"km": 5, "seen": "10:00"}, {"km": 20, "seen": "10:10"}))
    frame = pandas.DataFrame(events.columns())
    assert list(frame["what"]) == ["entered", "left"]
    assert frame["at"].iloc[1] == pandas.Timestamp("2026-05-18 10:10")
    assert list(frame["edge_m"].round(-2)) == [-5000.0, 10000.0]

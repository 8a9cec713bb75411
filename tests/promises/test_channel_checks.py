"""docs/spec/channel-checks.md: what a person is shown before a message goes, and drafts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from keepclear.channel.channel import Channel, Given, Joined
from keepclear.channel.checks import SENTENCES, Against, Severity, checks, lead, sentence
from keepclear.channel.drafts import (
    TEMPLATE_TRANSLATOR,
    AlertSeen,
    Draft,
    counted,
    draft_of_activity,
    draft_of_alert,
    draft_to_leave,
    given,
    time_text,
)
from keepclear.channel.facts import Count, Place, Time, Word
from keepclear.channel.messages import About, Attachment, Marker, Message, Translation, Urgency, Words, checked
from keepclear.channel.readings import lengths, mentions, numbers
from keepclear.geo.earth import E7, distance_m
from keepclear.geo.places import Envelope, NamedPoint
from keepclear.geo.places import parse as parse_place
from keepclear.ground.errors import Refused
from keepclear.ground.instants import parse_instant

PAGE = Path(__file__).parents[2] / "docs" / "spec" / "channel-checks.md"
HOUR_US = 3_600_000_000
POST = NamedPoint("Kestrel post", 33.50583, 38.61778, 20.0, "survey of 2016", ("the post",))
CROSSING = NamedPoint("Kestrel crossing", 33.50583, 38.87600, 200.0, "map of 2009")
BRIDGE = NamedPoint("Heron bridge", 33.77972, 37.68361, 100.0, "map of 2009")
POINTS = (POST, CROSSING, BRIDGE)
ZONES = ("Asia/Damascus", "America/New_York")
AGAINST = Against(POINTS, Envelope(32, 35, 38, 43), ZONES, names=("Bravo", "Meridian"))
WRITTEN = parse_instant("2017-05-18T06:00:00Z").us


def place(name, text="33.58800N 38.33900E", called=""):
    read = parse_place(text, named_points={point.name: point for point in POINTS})
    return Place(name, round(read.lat * E7), round(read.lon * E7), round(read.accuracy_m * 1000), text, called)


def time(name, text):
    read = parse_instant(text)
    return Time(name, read.us, read.zone)


def message(text, *facts, marker=Marker.WARNING, **changed):
    original = Words(changed.pop("language", "en"), text)
    values: dict[str, Any] = {"valid_until_us": WRITTEN + 200 * HOUR_US, "facts": facts} | changed
    return checked(Message("0" * 64, "alpha", "bravo", "ada", marker, Urgency.SOON, original, WRITTEN, **values))


def found(text, *facts, against=AGAINST, **changed):
    return {finding.key: finding for finding in checks(message(text, *facts, **changed), against)}


SEEN = place("seen")


# --- findings ---


@pytest.mark.promise("CHECK-1")
def test_the_table_of_the_page_has_every_finding_and_no_other():
    assert re.findall(r"^\| `([a-z_.]+)` \|", PAGE.read_text("utf-8"), re.MULTILINE) == list(SENTENCES)


@pytest.mark.promise("CHECK-1")
def test_a_finding_says_where_it_looked_and_by_how_much_it_is_off():
    wrong = place("seen", called="Kestrel post")
    (finding,) = checks(message("Seen.", wrong), AGAINST)
    assert (finding.key, finding.severity, finding.where) == ("place.off_name", Severity.ASKS, "$.facts[0]")
    expected = "The coordinates of Kestrel post lie 27433 m from the point of that name (survey of 2016)."
    assert re.sub(r"\d{5}", "27433", sentence(finding)) == expected
    assert 27_000 < finding.params["off_m"] < 28_000


@pytest.mark.promise("CHECK-1")
def test_a_message_without_fault_has_no_finding_and_is_as_it_was():
    clean = message(
        "Seen 27.4 km 289° from Kestrel post at 10:30 +03:00 (07:30 UTC), radius 55 km (34 mi / 30 NM).",
        SEEN,
        time("seen_at", "2017-05-18T07:30:00Z"),
        Word("radius", "55 km"),
    )
    before = clean.payload
    assert checks(clean, AGAINST) == ()
    assert clean.payload == before


# --- places ---


@pytest.mark.promise("CHECK-2")
@pytest.mark.parametrize(
    ("text", "facts", "incomplete"),
    [
        ("Vehicles at Kestrel crossing.", (), "Kestrel crossing"),
        ("Vehicles at the post.", (), "the post"),
        ("Vehicles at Kestrel crossing.", (SEEN,), "Kestrel crossing"),
        ("Vehicles 27 km 290° from Kestrel post.", (), "27 km 290° from Kestrel post"),
        ("Vehicles at Kestrel crossing.", (place("seen", "33.506N 38.876E"),), None),
        ("Vehicles at the post.", (place("seen", "33.50583N 38.61778E", "KESTREL  POST"),), None),
        ("Vehicles 27.4 km 289° from Kestrel post.", (SEEN,), None),
        ("Go there.", (Word("go_to", "Heron bridge"),), "Heron bridge"),
        ("Go there.", (Word("go_to", "the old mill"),), "the old mill"),
        ("Go there.", (Word("unit", "Heron"), SEEN), None),
    ],
)
def test_a_place_that_is_named_without_coordinates_makes_the_notice_incomplete(text, facts, incomplete):
    finding = found(text, *facts).get("place.no_coordinates")
    assert (finding.params["name"] if finding else None) == incomplete
    assert finding is None or finding.severity is Severity.STOPS


@pytest.mark.promise("CHECK-2")
def test_a_name_within_a_longer_name_is_no_place_of_its_own():
    points = (NamedPoint("Kestrel", 34.0, 38.0, 20.0, "map"), POST)
    assert (
        found("At Kestrel post.", place("seen", "33.50583N 38.61778E", "Kestrel post"), against=Against(points)) == {}
    )
    missing = found("At Kestrel.", place("seen", "33.50583N 38.61778E"), against=Against(points))
    assert missing["place.no_coordinates"].params["name"] == "Kestrel"


@pytest.mark.promise("CHECK-2", "CHECK-9")
def test_failure_16_a_vague_area_one_minute_ahead_is_incomplete_and_too_late():
    notice = message(
        "We act in the north of the country.", time("from", "2017-05-18T06:01:00Z"), marker=Marker.INTENTION
    )
    against = AGAINST._replace(lead_us=48 * HOUR_US)
    findings = {finding.key: finding for finding in checks(notice, against)}
    assert findings.keys() == {"place.vague", "lead.short"}
    assert findings["place.vague"].severity is Severity.STOPS
    assert findings["place.vague"].params["text"] == "north"
    assert (
        sentence(findings["lead.short"])
        == "The notice is given 60 s before it begins, 47 h 59 min less than was agreed."
    )


@pytest.mark.promise("CHECK-2")
@pytest.mark.parametrize(("text", "language"), [("Действуем на севере страны.", "ru"), ("سنعمل في شمال البلاد.", "ar")])
def test_an_area_without_coordinates_is_found_in_other_languages(text, language):
    assert "place.vague" in found(text, language=language)


@pytest.mark.promise("CHECK-2")
def test_a_question_may_name_an_area():
    assert "place.vague" not in found("What do you know of the north?", marker=Marker.QUESTION)


@pytest.mark.promise("CHECK-3")
def test_failure_1_a_place_that_is_nine_kilometres_off_its_name_is_found():
    nine_off = place("seen", "33.58670N 38.61778E", "Kestrel post")
    finding = found("Vehicles at Kestrel post.", nine_off)["place.off_name"]
    assert finding.params["off_m"] == pytest.approx(9_000, rel=0.01)


@pytest.mark.promise("CHECK-3")
def test_a_stated_bearing_and_distance_are_held_against_the_coordinates():
    assert "place.off_relative" not in found("At 27.4 km 289° from Kestrel post.", SEEN)
    finding = found("At 27.4 km 109° from Kestrel post.", SEEN)["place.off_relative"]
    assert finding.params["off_m"] == pytest.approx(54_800, rel=0.01)
    assert finding.params["text"] == "27.4 km 109° from Kestrel post"


@pytest.mark.promise("CHECK-3")
def test_practice_2_one_contact_in_three_distances_is_inside_and_from_the_border_its_reference_point_conflicts():
    for text in ("17 mi 290° from Kestrel post", "18 mi 290° from Kestrel post", "20 mi 290° from Kestrel post"):
        (mention,) = mentions(text, POINTS)
        assert mention.lat is not None
        assert mention.lon is not None
        assert distance_m(POST.lat, POST.lon, mention.lat, mention.lon) < 55_000
    contact = place("seen", "17 mi 290° from Kestrel post")
    assert found("Seen 17 mi 290° from Kestrel post.", contact) == {}
    finding = found("Seen 40 mi 290° from Kestrel crossing.", contact)["place.off_relative"]
    assert finding.params["off_m"] > 10_000


@pytest.mark.promise("CHECK-3")
def test_coordinates_that_are_not_what_was_entered_are_found():
    moved = Place("seen", 335_880_000, 384_390_000, 1_000, "33.58800N 38.33900E")
    assert found("Seen.", moved)["place.entered_otherwise"].severity is Severity.STOPS


@pytest.mark.promise("CHECK-4")
def test_swapped_coordinates_are_asked_about():
    swapped = place("seen", "37.68361, 33.77972")
    kinds = {finding.params["which"] for finding in checks(message("Seen.", swapped), AGAINST)}
    assert kinds == {"swapped", "outside_envelope"}
    unread = Place("seen", 376_836_100, 337_797_200, 1_000, "by the river")
    kinds = {finding.params["which"] for finding in checks(message("Seen.", unread), AGAINST)}
    assert kinds == {"swapped", "outside_envelope"}


@pytest.mark.promise("CHECK-5")
def test_practice_5_a_leaflet_that_sends_people_to_where_it_is_dropped_is_found():
    drop, go_to = place("drop_area", "33.73N 37.84E", "Zaza"), place("go_to", "33.7300N 37.8400E", "Zaza")
    finding = found("Leave this place and go to the one marked.", drop, go_to)["place.go_to_is_leave"]
    assert finding.severity is Severity.STOPS
    assert finding.params["fact"] == "drop_area"


@pytest.mark.promise("CHECK-5")
@pytest.mark.parametrize(
    ("go_to", "called", "key"),
    [
        ("33.73000N 37.84000E", "", "place.go_to_is_leave"),
        ("33.90000N 37.84000E", "ZAZA", "place.go_to_is_leave"),
        ("33.74000N 37.84000E", "", "place.go_to_near_leave"),
        ("33.77972N 37.68361E", "", None),
    ],
)
def test_the_place_to_go_to_is_another_than_the_place_to_leave(go_to, called, key):
    leave, other = place("leave", "33.73000N 37.84000E", "Zaza"), place("go_to", go_to, called)
    keys = found("Go.", leave, other).keys()
    assert keys == ({key} if key else set())


@pytest.mark.promise("CHECK-5")
def test_a_place_to_go_to_within_the_zone_is_asked_about():
    centre = place("zone_centre", "33.50583N 38.61778E")
    facts = (centre, Word("radius", "55 km"))
    assert "place.go_to_in_zone" in found("Go.", *facts, place("go_to"))
    assert "place.go_to_in_zone" not in found("Go.", *facts, place("go_to", "33.77972N 37.68361E"))


# --- quantities ---


@pytest.mark.promise("CHECK-6")
def test_practice_3_a_30_mile_zone_has_no_unit_and_a_34_mile_wide_zone_may_be_a_diameter():
    bare = found("Stay out of the 30-mile zone.", about=About("zone", "kestrel-pass"))
    assert bare["quantity.no_unit"].params["text"] == "30-mile"
    wide = found("The zone is 34-mile wide.", about=About("zone", "kestrel-pass"))
    assert wide.keys() >= {"quantity.no_unit", "quantity.across"}
    assert "quantity.across" in found("A zone 34 mi wide.", Word("radius", "55 km"))


@pytest.mark.promise("CHECK-6")
@pytest.mark.parametrize(
    "text",
    [
        "30 miles out",
        "30-mile",
        "a mile is 1 mile",
        "30 миль",
        "1 миля",
        "٣٠ ميل",
        "30 أميال",
        "within 30 M",
        "30\u2011mile",
    ],
)
def test_failure_37_a_length_without_one_meaning_is_found_in_every_language(text):
    assert found(text)["quantity.no_unit"].severity is Severity.STOPS


@pytest.mark.promise("CHECK-6")
@pytest.mark.parametrize(
    "text",
    [
        "30 nautical miles",
        "34 statute miles",
        "30 NM",
        "34 mi",
        "30 морских миль",
        "30 ميل بحري",
        "25 mph",
        "9 men",
        "37M DT 64499 07430",
    ],
)
def test_failure_37_a_length_with_its_unit_passes(text):
    assert "quantity.no_unit" not in found(text)


@pytest.mark.promise("CHECK-6")
def test_a_bare_mile_in_a_fact_is_found():
    assert found("See the radius.", Word("radius", "30 miles"))["quantity.no_unit"].where == "$.facts[0].text"


@pytest.mark.promise("CHECK-7")
@pytest.mark.parametrize(
    ("text", "off_m"),
    [
        ("55 km", None),
        ("34 mi", None),
        ("30 NM", None),
        ("55 км", None),
        ("٥٥ كم", None),
        ("30 mi", 6_720),
        ("27,5 km", 27_500),
    ],
)
def test_lengths_are_compared_after_conversion(text, off_m):
    finding = found(f"The radius is {text}.", Word("radius", "55 km")).get("quantity.differs")
    assert (None if finding is None else round(finding.params["off_m"])) == off_m


@pytest.mark.promise("CHECK-7")
def test_two_lengths_side_by_side_that_are_not_one_are_found():
    assert found("Keep 55 km (34 mi / 30 NM) away.") == {}
    finding = found("Keep 55 km (30 mi) away.")["quantity.pair"]
    assert (finding.params["text"], finding.params["other"]) == ("55 km", "30 mi")


@pytest.mark.promise("CHECK-7")
def test_numbers_of_lengths_are_read_with_their_groups():
    assert [one.m for one in lengths("90,000 m; 90 000 m; 27.50 km; 27,5 km; 90 km/h")] == [
        90_000,
        90_000,
        27_500,
        27_500,
    ]


# --- times ---


@pytest.mark.promise("CHECK-8")
@pytest.mark.parametrize(
    "text",
    ["at 22:03", "about 22:03 local", "at 1800", "by 0900 hrs", "between 08:00-10:00", "22:03 Moscow", "at 2017 hrs"],
)
def test_failure_17_a_time_without_a_zone_is_found(text):
    assert found(text)["time.no_zone"].severity is Severity.STOPS


@pytest.mark.promise("CHECK-8")
@pytest.mark.parametrize(
    "text",
    [
        "at 19:03Z", "at 19:03 UTC", "at 19:03 GMT", "at 22:03 +03:00", "at 22:03+0300", "at 22:03 UTC+3", "by 1800Z",
        "09:00 and 17:00 UTC", "22:03 Europe/Moscow", "2017-05-18T10:30:00+03:00", "2017-05-18 03:30-04:00", "181030CMAY17",
        "since 2017", "33:30:21N 38:37:04E",
    ],
)  # fmt: skip
def test_failure_17_a_time_with_its_zone_passes(text):
    assert found(text) == {}


@pytest.mark.promise("CHECK-8")
def test_failure_17_an_hour_that_is_none_of_the_stated_is_asked_about():
    lost = time("lost_at", "2018-09-17T19:03:00Z")
    assert found("Lost at 22:03 +03:00 (19:03 UTC).", lost) == {}
    assert found("Lost at 23:00 Europe/Moscow.", lost)["time.differs"].params["text"] == "23:00 Europe/Moscow"
    assert "time.differs" in found("Lost at 2018-09-17T20:00Z.", lost)


@pytest.mark.promise("CHECK-8")
@pytest.mark.parametrize("text", ["181030JMAY17", "2017-02-30T10:00Z", "311200ZJUN17"])
def test_an_instant_that_is_none_is_found(text):
    assert "time.unclear" in found(text)


@pytest.mark.promise("CHECK-8")
@pytest.mark.parametrize(
    ("text", "weekday"),
    [
        ("On Friday, 18 May 2017", "Thursday"),
        ("On 18 May 2017 (Fri)", "Thursday"),
        ("Fri, May 18", "Thursday"),
        ("Friday 2017-05-18", "Thursday"),
        ("в пятницу, 18 мая 2017", "Thursday"),
        ("пятница 18.05.2017", "Thursday"),
        ("الجمعة 18 مايو 2017", "Thursday"),
        ("الجمعة ١٨ أيار ٢٠١٧", "Thursday"),
        ("On Thursday, 18 May 2017", None),
        ("Thu 18 May", None),
        ("Friday, 19 May 2017", None),
        ("18 May 2017", None),
    ],
)
def test_a_weekday_that_is_that_of_another_date_is_found(text, weekday):
    finding = found(text).get("date.weekday")
    assert (finding.params["weekday"] if finding else None) == weekday


@pytest.mark.promise("CHECK-8")
def test_a_day_that_is_not_on_the_calendar_is_found():
    assert found("On 31 June 2017.")["date.impossible"].params["text"] == "31 June 2017"


@pytest.mark.promise("CHECK-8")
def test_a_time_with_two_dates_is_shown_with_both():
    finding = found("Seen.", SEEN, time("seen_at", "2017-06-19T21:30:00Z"))["time.rollover"]
    assert (finding.params["here"], finding.params["there"]) == ("Tuesday 2017-06-20", "Monday 2017-06-19")
    assert "time.rollover" not in found("Seen.", SEEN, time("seen_at", "2017-06-19T10:30:00Z"))


@pytest.mark.promise("CHECK-9")
@pytest.mark.parametrize(("hours", "met", "spare"), [(49, True, 1), (48, True, 0), (47, False, -1), (-1, False, -49)])
def test_a_lead_time_is_met_or_missed_by_so_much(hours, met, spare):
    notice = message("We move.", Time("from", WRITTEN + hours * HOUR_US, "Z"), marker=Marker.INTENTION)
    measured = lead(notice, 48 * HOUR_US)
    assert (measured.met, measured.spare_us) == (met, spare * HOUR_US)
    keys = [finding.key for finding in checks(notice, Against(lead_us=48 * HOUR_US))]
    assert keys == ([] if met else ["lead.short"])


@pytest.mark.promise("CHECK-9")
def test_a_lead_time_without_a_beginning_is_asked_about():
    assert lead(message("We move."), HOUR_US) is None
    assert "lead.no_begin" in found("We move.", against=AGAINST._replace(lead_us=HOUR_US))


# --- markings ---


@pytest.mark.promise("CHECK-15")
@pytest.mark.parametrize(
    ("said", "missing"),
    [
        ({"marking_day": "logo on the roofs"}, "by night, in infrared"),
        ({"marking_day": "logo on the roofs", "marking_night": "none", "marking_infrared": " "}, "in infrared"),
        ({"marking_day": "logo on the roofs", "marking_night": "none", "marking_infrared": "none"}, None),
        ({"unit": "four lorries"}, None),
    ],
)
def test_failure_8_a_marking_that_is_said_for_the_day_alone_is_asked_about(said, missing):
    finding = found("We move.", *(Word(name, text) for name, text in said.items())).get("marking.unsaid")
    assert (finding.params["missing"] if finding else None) == missing
    assert finding is None or finding.severity is Severity.ASKS


# --- languages and letters ---


def translated(original, text, language="ar"):
    return found(original, translations=(Translation(language, text, "leila"),))


@pytest.mark.promise("CHECK-10")
def test_digits_of_every_script_are_one_number():
    assert (
        numbers("٢٧٫٥ و ٩٠٬٠٠٠")
        == numbers("27.5 and 90,000")
        == numbers("27,5 и 90 000")
        == numbers("27,5 и 90\u00a0000")
    )


@pytest.mark.promise("CHECK-10")
def test_numbers_that_a_translation_changes_are_found():
    assert translated("27 seen at 09:00 UTC.", "شوهد ٢٧ في الساعة ٠٩:٠٠ UTC.") == {}
    finding = translated("27 seen at 09:00 UTC.", "شوهد ٧٢ في الساعة ٠٩:٠٠ UTC.")["translation.numbers"]
    assert (finding.params["missing"], finding.params["added"]) == ("27", "72")
    assert "translation.numbers" in translated("27 and 27.", "27.", "ru")


@pytest.mark.promise("CHECK-11")
def test_controls_of_direction_are_found_and_an_override_stops():
    override = found("Go to \u202e31.33\u202c now")["text.steers"]
    assert (override.severity, override.params["marks"]) == (Severity.STOPS, "U+202E, U+202C")
    assert found("Say \u2067مرحبا\u2069 first")["text.steers"].severity is Severity.ASKS
    assert found("\u200fمرحبا\u200e", language="ar") == {}
    assert "text.invisible" in found("Seen.", Word("unit", "Al\u200bpha"))


@pytest.mark.promise("CHECK-11")
@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("Tell Bravo.", set()),
        ("Tell Br\u0430vo.", {"text.mixed_scripts", "text.lookalike"}),
        ("Tell Brav0.", {"text.lookalike"}),
        ("Tell Br\u00e1vo.", {"text.lookalike"}),
        ("Скажите Браво.", set()),
        ("Ask М\u0435ridian.", {"text.mixed_scripts", "text.lookalike"}),
        ("BRAVO and bravo and \uff22ravo", set()),
    ],
)
def test_a_name_that_only_looks_like_a_known_one_is_found(text, keys):
    assert found(text).keys() == keys


@pytest.mark.promise("CHECK-11")
def test_a_name_in_the_letters_of_another_alphabet_cannot_pass():
    # Every letter is Cyrillic or Greek, so that no word mixes two.
    finding = found("Сору that.", against=Against(names=("Copy",)))["text.lookalike"]
    assert finding.severity is Severity.STOPS
    called = place("seen", "33.58800N 38.33900E", "\u041aestrel post")
    assert found("Seen.", called)["text.lookalike"].where == "$.facts[0].called"


@pytest.mark.promise("CHECK-11")
@pytest.mark.parametrize(
    "spoofed",
    [
        "\u0412\u0433\u0430\u200bvo",  # a blank of no width in the middle
        "Brav\u0336\u043e",  # a stroke through a letter
        "Bra\u200avo",  # the thinnest blank there is
        "\u24b7r\u0430vo",  # a letter in a circle
    ],
)
def test_nothing_between_the_letters_hides_a_name_that_passes_for_another(spoofed):
    against = Against(names=("Bravo",))
    assert found(f"We spoke for {spoofed} today.", against=against)["text.lookalike"].params["name"] == "Bravo"


@pytest.mark.promise("CHECK-11")
@pytest.mark.parametrize(
    ("changed", "where"),
    [
        ({"translations": (Translation("ru", "Видно.", "\u0412ravo"),)}, "$.translations[0].by"),
        ({"translations": (Translation("ru", "Видно.", "lena", "Brav0"),)}, "$.translations[0].reviewed_by"),
        ({"attachments": (Attachment("\u0412ravo.pdf", "application/pdf", "0" * 64, 1),)}, "$.attachments[0].name"),
        ({"about": About("site", "Brav0")}, "$.about.id"),
    ],
)
def test_a_spoofed_name_is_found_wherever_a_message_has_a_name(changed, where):
    assert found("Seen.", against=Against(names=("Bravo",)), **changed)["text.lookalike"].where == where


@pytest.mark.promise("CHECK-11")
def test_a_spoofed_name_that_stands_twice_is_found_once_and_a_name_beside_others_never():
    against = Against(names=("Bravo", "Harbour Aid"))
    keys = [finding.key for finding in checks(message("Brav0 and Brav0, with Bravo of Harbour Aid."), against)]
    assert keys == ["text.lookalike"]


# --- drafts ---

ALERT = AlertSeen(
    "alert-7",
    "Kestrel Pass",
    SEEN,
    WRITTEN + 1_234_567,
    Count("n", 24, 30, "about 27"),
    place("c", "33.50583N 38.61778E"),
)


def sent(draft, **changed):
    values: dict[str, Any] = {
        "author": "ada",
        "sender": "alpha",
        "to": "bravo",
        "salt": "0" * 64,
        "written_at_us": WRITTEN,
        "valid_until_us": WRITTEN + 12 * HOUR_US,
    }
    return given(draft, **(values | changed))


@pytest.mark.promise("CHECK-12")
def test_a_draft_says_a_place_in_three_notations_and_from_named_points_and_a_time_in_both_zones():
    draft = draft_of_alert(ALERT, POINTS, ZONES)
    assert draft.texts["en"] == (
        "Seen in Kestrel Pass or near it. How many: 24-30. Place: 33.58800N 38.33900E = 33°35'16.80\"N 038°20'20.40\"E = "
        "37S DT 38664 16671 (27.4 km 289° from Kestrel post; 50.7 km 281° from Kestrel crossing). "
        "Time: 2017-05-18 06:00 UTC = 2017-05-18 09:00 +03:00 = 2017-05-18 02:00 -04:00. "
        "If they are yours, we ask you to have them keep clear of Kestrel Pass, and to tell us what they intend."
    )
    assert "27.4 км 289° от Kestrel post" in draft.texts["ru"]
    assert "27.4 كم 289° من Kestrel post" in draft.texts["ar"]
    assert numbers(draft.texts["en"]) == numbers(draft.texts["ru"]) == numbers(draft.texts["ar"])


@pytest.mark.promise("CHECK-13", "CHECK-16")
def test_a_draft_of_an_alert_says_whose_they_are_taken_to_be_where_they_go_and_by_which_agreement_that_matters():
    known = ALERT._replace(is_theirs=True, course=7, speed_kmh=38, agreement="pass-terms")
    draft = draft_of_alert(known, POINTS, ZONES)
    said = "We take them to be yours. Going towards 007° at about 38 km/h. Agreement: pass-terms. If they are yours, we ask"
    assert said in draft.texts["en"]
    assert "How many: not known." in draft_of_alert(known._replace(how_many=None), POINTS, ZONES).texts["en"]
    assert "Going towards 007°. " in draft_of_alert(known._replace(speed_kmh=None), POINTS, ZONES).texts["en"]
    assert numbers(draft.texts["en"]) == numbers(draft.texts["ru"]) == numbers(draft.texts["ar"])
    assert checks(sent(draft), AGAINST) == ()


@pytest.mark.promise("CHECK-12")
def test_in_arabic_a_time_a_place_and_a_count_are_read_from_left_to_right_and_nothing_is_found_in_it():
    draft = draft_of_alert(ALERT, POINTS, ZONES)
    in_order = re.findall("\u200e([^\u200e]*)\u200e", draft.texts["ar"])
    assert in_order[0] == "24-30"
    assert in_order[1].startswith("33.58800N 38.33900E = 33°35'16.80\"N")
    assert in_order[2] == "2017-05-18 06:00 UTC = 2017-05-18 09:00 +03:00 = 2017-05-18 02:00 -04:00"
    assert "\u200e" not in draft.texts["en"] + draft.texts["ru"]
    assert {one.key for one in checks(sent(draft, language="ar"), AGAINST)} == {
        one.key for one in checks(sent(draft), AGAINST)
    }


@pytest.mark.promise("CHECK-12")
def test_a_draft_states_what_its_text_says():
    facts = {fact.name: fact for fact in draft_of_alert(ALERT, POINTS, ZONES).facts}
    assert (facts["seen"].lat_e7, facts["seen"].lon_e7) == (SEEN.lat_e7, SEEN.lon_e7)
    assert facts["seen_at"] == Time("seen_at", WRITTEN, "Asia/Damascus")
    assert (facts["count"].low, facts["count"].high) == (24, 30)
    assert facts["zone_centre"].called == "Kestrel Pass"


@pytest.mark.promise("CHECK-12")
def test_times_and_counts_are_said_in_full():
    late = parse_instant("2017-06-19T21:30:00Z").us
    assert time_text(late, ZONES, "en") == "2017-06-19 21:30 UTC = 2017-06-20 00:30 +03:00 = 2017-06-19 17:30 -04:00"
    assert time_text(late, ("UTC", "Z"), "en") == "2017-06-19 21:30 UTC"
    assert [counted(one) for one in (None, Count("n", 27, 27), Count("n", 10, 14), Count("n", 60, None))] == [
        "?",
        "27",
        "10-14",
        "60+",
    ]


@pytest.mark.promise("CHECK-14")
def test_a_draft_made_from_an_alert_is_no_message_until_a_named_person_gives_it():
    draft = draft_of_alert(ALERT, POINTS, ZONES)
    assert isinstance(draft, Draft)
    assert not hasattr(draft, "payload")
    with pytest.raises(Refused) as nobody:
        sent(draft, author="")
    assert nobody.value.where == "$.author"
    message = sent(draft)
    assert (message.author, message.about, message.marker) == ("ada", About("alert", "alert-7"), Marker.WARNING)
    channel = Channel("alpha", WRITTEN)
    channel.step(Joined("bravo", ()), WRITTEN)
    channel.step(Given(message.payload), WRITTEN)
    assert list(channel.messages) == [message.id]


@pytest.mark.promise("CHECK-14")
def test_a_text_of_the_template_says_that_nobody_has_compared_it():
    message = sent(draft_of_alert(ALERT, POINTS, ZONES), language="ru", translated_by={"ar": "leila"})
    assert message.original.language == "ru"
    by = {one.language: (one.by, one.reviewed_by) for one in message.translations}
    assert by == {"en": (TEMPLATE_TRANSLATOR, ""), "ar": ("leila", "")}


@pytest.mark.promise("CHECK-13")
def test_a_request_to_leave_and_a_notice_of_an_activity_pass_their_checks():
    leave = draft_to_leave("Kestrel Pass", SEEN, place("x", "33.77972N 37.68361E"), WRITTEN + HOUR_US, POINTS, ZONES, zone_id="kestrel-pass")  # fmt: skip
    assert checks(sent(leave), AGAINST) == ()
    words = {"en": "clearing of mines", "ru": "разминирование"}
    activity = draft_of_activity(words, SEEN, WRITTEN + 49 * HOUR_US, WRITTEN + 52 * HOUR_US, POINTS, ZONES)
    assert activity.texts.keys() == {"en", "ru"}
    notice = sent(activity, valid_until_us=WRITTEN + 60 * HOUR_US)
    assert checks(notice, AGAINST._replace(lead_us=48 * HOUR_US)) == ()


@pytest.mark.promise("CHECK-12")
def test_a_draft_in_a_language_that_has_no_template_is_refused():
    for words in ({}, {"fr": "déminage"}):
        with pytest.raises(Refused) as caught:
            draft_of_activity(words, SEEN, WRITTEN, WRITTEN, POINTS, ZONES)
        assert caught.value.key == "draft.language"
    with pytest.raises(Refused) as caught:
        sent(draft_of_alert(ALERT, POINTS, ZONES), language="fr")
    assert caught.value.key == "draft.language"

"""Places at the doors: what was typed as a position or a name, and a point in every notation."""

from __future__ import annotations

import pytest

from keepclear.render import gazetteer
from tests.doors.api.caller import AWAY, INSIDE, staffed


@pytest.fixture
def staff():
    return staffed()


def asked(staff, q, who="officer", **others):
    answer = staff.call.get("/v1/places", staff.tokens[who], params={"q": q, **others})
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.promise("PLACE-27")
@pytest.mark.parametrize(
    ("text", "notation"),
    [
        ("33.50583, 38.61778", "decimal degrees"), ("33°30'21\"N 38°37'04\"E", "degrees-minutes-seconds"),
        ("33-30.35N 038-37.07E", "degrees-decimal-minutes"), ("37S DT 64499 07430", "MGRS"), ("37S 464499 3707430", "UTM"),
        ("27 km 290T from Kestrel Pass", "bearing-and-distance"),
    ],
)  # fmt: skip
def test_a_position_is_read_in_any_notation_and_answered_in_all(staff, text, notation):
    found = asked(staff, text)
    position = found["position"]
    assert (position["notation"], found["no_position"], found["found"]) == (notation, None, [])
    assert len(position["notations"]) == 5
    assert position["near"][0]["name"] == "Kestrel Pass"
    assert position["accuracy_m"] > 0


@pytest.mark.promise("PLACE-27")
def test_a_position_that_may_be_swapped_says_so_against_the_box_of_the_zones(staff):
    found = asked(staff, "38.6178, 33.5058")
    assert found["envelope_of"] == "zones"
    keys = [one["key"] for one in found["position"]["suspicions"]]
    assert keys == ["swapped", "outside_envelope"]
    assert asked(staff, "38.6178, 33.5058", envelope="30,30,40,40")["position"]["suspicions"] == []
    assert staff.call.get("/v1/places?q=x&envelope=here", staff.officer).status_code == 400


@pytest.mark.promise("PLACE-27", "PLACE-28")
def test_a_name_is_no_position_and_is_found_with_what_it_is_and_who_says_where(staff):
    staff.bring(AWAY)
    staff.bring(INSIDE)
    found = asked(staff, "kestrel", near="33.5, 38.6")
    assert found["position"] is None
    assert found["no_position"]["key"] == "place.unreadable"
    zone = found["found"][0]
    assert (zone["kind"], zone["id"], zone["how"], zone["source"]) == ("zone", "kestrel-pass", "begins", "agreed zone")
    assert zone["distance_m"] == 0.0
    track = asked(staff, "bravo 1")["found"][0]
    assert (track["kind"], track["id"], track["how"], track["lat"]) == ("track", "Bravo 1", "name", 33.6)


@pytest.mark.promise("PLACE-28")
def test_names_of_what_one_may_not_see_are_not_found(staff):
    staff.bring(INSIDE)
    for text in ("kestrel", "bravo"):
        assert [one for one in asked(staff, text, "liaison")["found"] if one["kind"] != "town"] == []
    assert asked(staff, "27 km 290T from Kestrel Pass", "liaison")["no_position"]["key"] == "place.unknown_name"
    assert asked(staff, "33.5, 38.6", "liaison")["envelope"] is None


@pytest.mark.promise("PLACE-29")
def test_whether_a_gazetteer_is_installed_is_said_with_whose_it_is(staff):
    said = asked(staff, "Kestrel")["gazetteer"]
    assert said["installed"] is (gazetteer.installed() is not None)
    assert ("GeoNames" in said["attribution"]) is said["installed"]


@pytest.mark.promise("PLACE-30")
def test_a_point_is_answered_in_every_notation_and_from_the_nearest_points(staff):
    answer = staff.call.get("/v1/places/of?lat=33.6&lon=38.6&accuracy_m=50", staff.officer).json()
    assert answer["notations"]["decimal degrees"] == "33.6000N 38.6000E"
    (near,) = [one for one in answer["near"] if one["kind"] == "zone"]
    assert near["name"] == "Kestrel Pass"
    assert near["distance_m"] == pytest.approx(11_091, abs=10)
    assert near["bearing_deg"] == 0.0
    assert staff.call.get("/v1/places/of?lat=91&lon=0", staff.officer).status_code == 400

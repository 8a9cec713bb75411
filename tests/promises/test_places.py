"""docs/spec/places.md: a text becomes a position or a refusal, and a position a text."""

from __future__ import annotations

import argparse
import io
import json
from contextlib import redirect_stdout

import pytest

from keepclear.cli import place as place_verb
from keepclear.geo.earth import distance_m
from keepclear.geo.places import (
    Doubt,
    Envelope,
    NamedPoint,
    Notation,
    notations,
    parse,
    parse_angle,
    sentence,
)
from keepclear.ground.errors import LimitExceeded, Refused

GARRISON = NamedPoint("At-Tanf garrison", 33.50583, 38.61778, 20.0, "English encyclopaedia", ("Tanf", "التنف"))
OTHER_TANF = NamedPoint("Tanf, French page", 33.43694, 38.83639, 20.0, "French encyclopaedia", ("Tanf",))
POINTS = {"1": GARRISON, "2": OTHER_TANF}
SYRIA = Envelope(32.3, 35.6, 37.4, 42.4)


def metres_from_garrison(text: str) -> float:
    place = parse(text, named_points=POINTS)
    return float(distance_m(place.lat, place.lon, GARRISON.lat, GARRISON.lon))


def doubts(text: str, envelope: Envelope | None = None) -> list[Doubt]:
    return [suspicion.key for suspicion in parse(text, envelope=envelope).suspicions]


@pytest.mark.promise("PLACE-5")
@pytest.mark.parametrize(
    ("text", "notation"),
    [
        ("33.50583, 38.61778", Notation.DECIMAL),
        ("33.50583,38.61778", Notation.DECIMAL),
        ("33.50583 38.61778", Notation.DECIMAL),
        ("+33.50583 / +38.61778", Notation.DECIMAL),
        ("33.50583° 38.61778°", Notation.DECIMAL),
        ("33.50583N 38.61778E", Notation.DECIMAL),
        ("33.50583 n; 38.61778 e", Notation.DECIMAL),
        ("N33.50583 E38.61778", Notation.DECIMAL),
        ("33.50583 north 38.61778 east", Notation.DECIMAL),
        ("٣٣٫٥٠٥٨٣، ٣٨٫٦١٧٧٨", Notation.DECIMAL),
        ("\u200f٣٣.٥٠٥٨٣ ٣٨.٦١٧٧٨\u200f", Notation.DECIMAL),
        ("33°30'21\"N 38°37'04\"E", Notation.DMS),
        ("33°30′21″N 38°37′04″E", Notation.DMS),
        ("33º30’21”N 38˚37’04”E", Notation.DMS),
        ("33°30'21''N 38°37'04''E", Notation.DMS),
        ("N 33 30 21 E 038 37 04", Notation.DMS),
        ("33 30 21 N 038 37 04 E", Notation.DMS),
        ("33-30-21N 038-37-04E", Notation.DMS),
        ("33:30:21N 38:37:04E", Notation.DMS),
        ("+33°30'21\" +38°37'04\"", Notation.DMS),
        ("33deg 30min 21sec N 38deg 37min 4sec E", Notation.DMS),
        ("33-30.35N 038-37.07E", Notation.DM),
        ("33° 30.35' N, 38° 37.07' E", Notation.DM),
        ("33°30'.35N 38°37'.07E", Notation.DM),
        ("37S DT 64499 07430", Notation.MGRS),
        ("37SDT6449907430", Notation.MGRS),
        ("37sdt 6449907430", Notation.MGRS),
        ("37S 464500 3707431", Notation.UTM),
        ("37 S 0464500 UTM 3707431", Notation.UTM),
        ("37S 464500mE 3707431mN", Notation.UTM),
        ("37S 3707431N, 464500E", Notation.UTM),
        ("zone 37 north 464500 3707431", Notation.UTM),
        ("0 km 000° from At-Tanf garrison", Notation.BEARING),
    ],
)
def test_every_notation_of_the_table_leads_to_the_garrison(text, notation):
    place = parse(text, named_points=POINTS)
    assert place.notation is notation
    assert distance_m(place.lat, place.lon, GARRISON.lat, GARRISON.lon) < max(place.accuracy_m, 6.0)


@pytest.mark.promise("PLACE-1")
@pytest.mark.parametrize("text", ["  ٣٣.٥٠٥٨٣ ٣٨.٦١٧٧٨", "33º30’21”n 38˚37’04”e", "37sdt64490743"])
def test_the_text_is_kept_as_it_was_entered(text):
    assert parse(text).as_entered == text


@pytest.mark.promise("PLACE-2")
@pytest.mark.parametrize(
    ("text", "accuracy_m"),
    [
        ("33 38", 72_500),
        ("33.5 38.6", 7_230),
        ("33.5000 38.6000", 7.23),
        ("33.5058 38.6178", 7.23),
        ("33.50583 38.61778", 0.723),
        ("33.50583 38.6", 4_640),  # the coarse longitude rules
        ("33°30'21\"N 38°37'04\"E", 20.1),
        ("33°30'21.0\"N 38°37'04.0\"E", 2.01),
        ("33-30N 038-37E", 1_206),
        ("33-30.35N 038-37.07E", 12.06),
        ("37S 464499 3707430", 0.7071),
        ("37S 464499.5 3707430.5", 0.07071),
    ],
)
def test_accuracy_is_half_the_diagonal_of_the_cell_of_the_last_digit(text, accuracy_m):
    assert parse(text).accuracy_m == pytest.approx(accuracy_m, rel=2e-3)


@pytest.mark.promise("PLACE-2")
def test_the_accuracy_of_a_cell_is_the_distance_from_its_centre_to_its_corner():
    place = parse("60.123 24.987")
    corner_m = distance_m(60.123, 24.987, 60.1225, 24.9875)
    assert place.accuracy_m == pytest.approx(float(corner_m), rel=1e-4)


@pytest.mark.promise("PLACE-3")
@pytest.mark.parametrize(
    ("text", "easting_m", "northing_m", "accuracy_m"),
    [
        ("37S DT 64499 07430", 464_499.5, 3_707_430.5, 0.707),
        ("37S DT 6449 0743", 464_495, 3_707_435, 7.07),
        ("37S DT 644 074", 464_450, 3_707_450, 70.7),
        ("37S DT 64 07", 464_500, 3_707_500, 707),
        ("37S DT 6 0", 465_000, 3_705_000, 7_070),
        ("37S DT", 450_000, 3_750_000, 70_700),
    ],
)
def test_mgrs_is_the_centre_of_its_square(text, easting_m, northing_m, accuracy_m):
    place, centre = parse(text), parse(f"37S {easting_m} {northing_m}")
    assert (place.lat, place.lon) == pytest.approx((centre.lat, centre.lon), abs=1e-10)
    assert place.accuracy_m == pytest.approx(accuracy_m, rel=1e-3)


@pytest.mark.promise("PLACE-3")
@pytest.mark.parametrize(
    ("text", "corner_lat", "corner_lon", "accuracy_m"),
    [
        # The example of the encyclopaedias, in Honolulu; they give the south-west corner.
        ("4QFJ12345678", 21.309433, -157.916867, 7.07),
        ("Z AH 00000 00000", 90.0, 0.0, 0.707),
        ("B AN 0000 0000", -90.0, 0.0, 7.07),
    ],
)
def test_the_centre_of_a_published_square_lies_half_a_diagonal_from_its_corner(
    text, corner_lat, corner_lon, accuracy_m
):
    place = parse(text)
    assert distance_m(place.lat, place.lon, corner_lat, corner_lon) == pytest.approx(accuracy_m, rel=0.02)


@pytest.mark.promise("PLACE-8")
@pytest.mark.parametrize(
    ("lon", "square"),
    [
        (35.9999999, "36S YC 78706 10748"),
        (36.0, "37S BT 21293 10748"),
        (41.9999999, "37S GT 78706 10748"),
        (42.0, "38S KC 21293 10748"),
    ],
)
def test_on_either_side_of_a_zone_edge_the_square_is_another_and_the_position_the_same(lon, square):
    assert notations(33.5, lon, 0.71)[Notation.MGRS] == square
    place = parse(square)
    assert distance_m(place.lat, place.lon, 33.5, lon) < 0.72


@pytest.mark.promise("PLACE-8")
@pytest.mark.parametrize(
    ("lat", "lon", "utm_zone"),
    [
        (60.2, 4.5, "32V"),
        (60.2, 2.9, "31V"),
        (64.0, 4.5, "31W"),
        (72.1, 8.9, "31X"),
        (72.1, 10.0, "33X"),
        (78.0, 21.0, "35X"),
        (78.0, 41.9, "37X"),
        (33.5, 180.0, "1S"),
        (33.5, -180.0, "1S"),
        (-33.5, 179.9, "60H"),
    ],
)
def test_unusual_zones_are_those_of_the_standard(lat, lon, utm_zone):
    written = notations(lat, lon, 0.71)
    assert written[Notation.UTM].split()[0] == utm_zone
    assert written[Notation.MGRS].split()[0].lstrip("0") == utm_zone


@pytest.mark.promise("PLACE-8")
def test_a_zone_reaches_one_degree_beyond_its_edges_and_no_farther():
    assert parse("37S 130000 3710000").lon == pytest.approx(35.0194, abs=1e-4)
    with pytest.raises(Refused, match=r"1\.0 degrees outside zone 37.*the zone would be 36") as refusal:
        parse("37S 128000 3710000")
    assert refusal.value.key == "place.out_of_range"


@pytest.mark.promise("PLACE-8")
def test_utm_reaches_half_a_degree_beyond_its_latitudes():
    assert parse("zone 37 north 500000 9360000").lat == pytest.approx(84.286, abs=0.001)
    assert parse("37C 500000 1090000").lat == pytest.approx(-80.255, abs=0.001)
    for beyond in ("zone 37 north 500000 9390000", "37X 500000 9390000", "37C 500000 1050000"):
        with pytest.raises(Refused) as refusal:
            parse(beyond)
        assert refusal.value.key == "place.out_of_range", beyond


@pytest.mark.promise("PLACE-4")
@pytest.mark.parametrize(
    ("text", "accuracy_m"),
    [
        ("27 km 290° from At-Tanf garrison", 553.7 + 20),  # 500 m along, 238 m across, at the far corner
        ("27.4 km 290° from At-Tanf garrison", 244.5 + 20),
        ("27.4 km 290.0° from At-Tanf garrison", 55.4 + 20),
        ("15 NM NNW of At-Tanf garrison", 5_612.8 + 20),
        ("15 NM N of At-Tanf garrison", 11_063.0 + 20),
    ],
)
def test_a_bearing_is_as_accurate_as_its_digits_and_its_start(text, accuracy_m):
    assert parse(text, named_points=POINTS).accuracy_m == pytest.approx(accuracy_m, rel=1e-3)


@pytest.mark.promise("PLACE-5")
@pytest.mark.parametrize(
    ("text", "azimuth_deg", "length_m"),
    [
        ("27 km 290° from At-Tanf garrison", 290, 27_000),
        ("290° 27.4 km from at-tanf GARRISON", 290, 27_400),
        ("290/27.4 km of At-Tanf garrison", 290, 27_400),
        ("290T 27.4 km from At-Tanf garrison", 290, 27_400),
        ("bearing 290° at 27.4 km from At-Tanf garrison", 290, 27_400),
        ("27 km at 290 degrees true from At-Tanf garrison", 290, 27_000),
        ("100 m 290 from At-Tanf garrison", 290, 100),
        ("15 NM NNW of At-Tanf garrison", 337.5, 27_780),
        ("15 NM north-northwest of At-Tanf garrison", 337.5, 27_780),
        ("2 statute miles sw of At-Tanf garrison", 225, 3_218.688),
    ],
)
def test_a_bearing_is_true_and_a_distance_is_along_the_earth(text, azimuth_deg, length_m):
    place = parse(text, named_points=POINTS)
    northing, easting = place.lat - GARRISON.lat, place.lon - GARRISON.lon
    assert metres_from_garrison(text) == pytest.approx(length_m, abs=0.001)
    assert (northing > 0) == (azimuth_deg > 270)
    assert easting < 0


@pytest.mark.promise("PLACE-5")
@pytest.mark.parametrize(
    ("length", "lat", "lon"),
    [("29 km", 33.593, 38.323), ("39 km", 33.623, 38.221), ("45 km", 33.641, 38.160), ("55 km", 33.670, 38.058)],
)
def test_points_on_the_road_to_the_north_west_agree_with_those_worked_out_before(length, lat, lon):
    """They were worked out on the bearing of Sabaa Biyar, 289.6°, which 290 stands for."""
    place = parse(f"{length} 289.6° from At-Tanf garrison", named_points=POINTS)
    assert distance_m(place.lat, place.lon, lat, lon) < 200


@pytest.mark.promise("PLACE-6")
@pytest.mark.parametrize("text", ["38.61778E 33.50583N", "E 038°37'04\" N 33°30'21\"", "038-37.07E, 33-30.35N"])
def test_letters_decide_which_number_is_the_latitude(text):
    assert metres_from_garrison(text) < 10


@pytest.mark.promise("PLACE-7")
def test_the_letter_behind_a_zone_is_a_latitude_band():
    assert parse("37S 464499 3707430").lat > 33
    assert parse("zone 37 south 464499 3707430").lat < -56
    assert parse("37N 464499 370743").lat == pytest.approx(3.35, abs=0.01)


@pytest.mark.promise("PLACE-7")
@pytest.mark.parametrize("text", ["37N 464499 3707430", "37T 464499 3707430", "37NDT6449907430", "37TBT7868610690"])
def test_a_band_letter_that_does_not_fit_is_refused(text):
    with pytest.raises(Refused, match="a hemisphere is written in words, as in zone 37 north") as refusal:
        parse(text)
    assert refusal.value.key == "place.band_mismatch"


@pytest.mark.promise("PLACE-9")
def test_a_name_is_found_in_any_case_and_script_but_never_by_likeness():
    assert metres_from_garrison("5 km N of AT-TANF  GARRISON") == pytest.approx(5_000)
    assert metres_from_garrison("5 km N of التنف") == pytest.approx(5_000)
    with pytest.raises(Refused, match=r"Did you mean At-Tanf garrison\?") as refusal:
        parse("5 km N of At-Tanf garison", named_points=POINTS)
    assert refusal.value.key == "place.unknown_name"


@pytest.mark.promise("PLACE-9")
def test_a_name_of_two_points_is_refused_with_the_distance_between_them():
    with pytest.raises(Refused, match=r"up to 21\.7 km apart.*At-Tanf garrison; Tanf, French page") as refusal:
        parse("5 km N of Tanf", named_points=POINTS)
    assert refusal.value.key == "place.ambiguous_name"


@pytest.mark.promise("PLACE-10")
def test_a_name_alone_is_refused_with_its_coordinates():
    with pytest.raises(Refused, match=r"write 33\.5058N 38\.6178E") as refusal:
        parse("At-Tanf garrison", named_points=POINTS)
    assert refusal.value.key == "place.name_alone"


@pytest.mark.promise("PLACE-11")
@pytest.mark.parametrize(
    ("text", "axis", "degrees", "accuracy_deg"),
    [
        ("33.50583", "lat", 33.50583, 0.000005),
        ("-33", "lat", -33.0, 0.5),
        ("151.20", "lon", 151.2, 0.005),
        ("33,50583", "lat", 33.50583, 0.000005),
        ("33.50583 N", "lat", 33.50583, 0.000005),
        ("W 38.5", "lon", -38.5, 0.05),
        ("33°30'21\"N", "lat", 33.505833, 0.5 / 3600),
        ("038-37.07W", "lon", -38.617833, 0.005 / 60),
    ],
)
def test_a_cell_is_read_for_its_axis(text, axis, degrees, accuracy_deg):
    assert parse_angle(text, axis) == pytest.approx((degrees, accuracy_deg))


@pytest.mark.promise("PLACE-11")
@pytest.mark.parametrize(
    ("text", "axis", "key"),
    [
        ("33.5E", "lat", "place.wrong_axis"),
        ("33.5N", "lon", "place.wrong_axis"),
        ("91", "lat", "place.out_of_range"),
        ("-180.1", "lon", "place.out_of_range"),
        ("33°30'21\"", "lat", "place.ambiguous_hemisphere"),
        ("33.5 38.6", "lat", "place.unreadable"),
        ("33.5x", "lat", "place.unreadable"),
        ("33N30", "lat", "place.unreadable"),
        ("", "lat", "place.unreadable"),
        ("1e1", "lat", "place.unreadable"),
        ("nan", "lat", "place.unreadable"),
    ],
)
def test_a_cell_that_cannot_be_read_is_refused(text, axis, key):
    with pytest.raises(Refused) as refusal:
        parse_angle(text, axis)
    assert refusal.value.key == key


@pytest.mark.promise("PLACE-12")
@pytest.mark.parametrize(
    "text",
    [
        "90.0001 38",
        "33.5 180.0001",
        "33.5N 181E",
        "90°00'01\"N 38°37'04\"E",
        "33°60'00\"N 38°37'04\"E",
        "33°30'60\"N 38°37'04\"E",
        "33-60.00N 038-37.07E",
        "33-30.35N 038-60.0E",
        "61S BT 78686 10690",
        "0S 464499 3707430",
        "32X MG 11111 11111",
        "37I 464499 3707430",
        "37S 964499 3707430",
        "zone 37 north 464499 9990000",
        "27 km 361° from At-Tanf garrison",
        "20004 km 290° from At-Tanf garrison",
    ],
)
def test_numbers_out_of_range_are_refused(text):
    with pytest.raises(Refused) as refusal:
        parse(text, named_points=POINTS)
    assert refusal.value.key == "place.out_of_range"


@pytest.mark.promise("PLACE-12")
def test_an_impossible_latitude_is_refused_with_the_other_order():
    with pytest.raises(Refused, match=r"Swapped\? Latitude comes first, and the other way round this is 33\.5, 138\.6"):
        parse("138.6, 33.5")


@pytest.mark.promise("PLACE-13")
@pytest.mark.parametrize(
    "text",
    [
        "33°30'21\" 38°37'04\"",
        "33 30 21 38 37 04",
        "33-30.35 038-37.07",
        "33.5N 38.6",
        "33.5 38.6E",
        "33.5N 38.6N",
        "33.5E 38.6W",
        "-33.5S 38.6E",
        "33°30'N -38°37'E",
        "33°30'21\" -38°37'04\"",
    ],
)
def test_a_missing_or_doubled_hemisphere_is_refused(text):
    with pytest.raises(Refused, match=r"Write (N or S|E or W)") as refusal:
        parse(text)
    assert refusal.value.key == "place.ambiguous_hemisphere"


@pytest.mark.promise("PLACE-14")
@pytest.mark.parametrize(
    "text",
    ["33,50583 38,61778", "33,50583, 38,61778", "33,50583; 38,61778", "33,50583N 38,61778E", "33°30,350'N 38°37,067'E"],
)
def test_a_decimal_comma_is_read_where_nothing_else_can_be_meant(text):
    assert metres_from_garrison(text) < 1


@pytest.mark.promise("PLACE-14")
@pytest.mark.parametrize("text", ["33,50583,38,61778", "33,38", "33,50583 38.61778", "33,5 38", "33,50583"])
def test_a_comma_that_may_separate_is_refused(text):
    with pytest.raises(Refused) as refusal:
        parse(text)
    assert refusal.value.key == "place.ambiguous_comma"


@pytest.mark.promise("PLACE-15")
@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("27 km 290°M from At-Tanf garrison", "place.bearing_not_true"),
        ("27 km 290 mag from At-Tanf garrison", "place.bearing_not_true"),
        ("290° magnetic 27 km from At-Tanf garrison", "place.bearing_not_true"),
        ("290G 27 km from At-Tanf garrison", "place.bearing_not_true"),
        ("30 miles 290° from At-Tanf garrison", "length.bare_mile"),
        ("33.5N 038°37'04\"E", "place.mixed_notations"),
        ("33°30'N 038°37'04\"E", "place.mixed_notations"),
    ],
)
def test_what_needs_a_decision_by_a_person_is_refused(text, key):
    with pytest.raises(Refused) as refusal:
        parse(text, named_points=POINTS)
    assert refusal.value.key == key
    assert refusal.value.mend


@pytest.mark.promise("PLACE-16")
@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "hello",
        "33.5",
        "37S",
        "N E",
        "33.5 38.6 12",
        "33.5°30'N 38.5°37'E",
        "33-30.5-21N 038-37-04E",
        "33-30-N 038-37-E",
        "333021N 0383704E",
        "33,30,21N 38,37,04E",
        "3²3.5 38.6",
        "33.5N 38.6E 12",
        "37SDT644990743",
        "37SDT 6449 907430",
        "37S DT 644 990 743",
        "37S DT 644991 074301",
        "37SZZ 1111",
        "37SIO 1111",
        "Z OO 1111",
        "37S 464499mE 3707430",
        "37S 464499mE 3707430mE",
        "27 290° from At-Tanf garrison",
        "27 km 29 from At-Tanf garrison",
        "290° from At-Tanf garrison",
        "27 km from At-Tanf garrison",
        "27 km NNNW of At-Tanf garrison",
        "27 km NWN of At-Tanf garrison",
    ],
)
def test_what_is_not_in_the_table_is_refused(text):
    with pytest.raises(Refused) as refusal:
        parse(text, named_points=POINTS)
    assert refusal.value.key == "place.unreadable"


@pytest.mark.promise("PLACE-16")
def test_a_very_long_text_is_refused_unread():
    with pytest.raises(LimitExceeded):
        parse("33.5 " * 41)


@pytest.mark.promise("PLACE-17", "PLACE-18")
@pytest.mark.parametrize(
    ("town", "lat", "lon", "box", "apart_km"),
    [
        ("At-Tanf", 33.50583, 38.61778, SYRIA, 730),
        ("Idlib", 35.93, 36.63, Envelope(35.3, 36.2, 36.3, 37.3), 100),
        ("Latakia", 35.52, 35.79, Envelope(35.1, 35.7, 35.7, 36.4), 37),
        ("Aleppo", 36.20, 37.16, Envelope(35.5, 36.7, 36.8, 38.6), 135),
    ],
)
def test_a_swapped_position_is_reported_with_its_distance_and_left_as_it_is(town, lat, lon, box, apart_km):
    """The distances were published for coordinates of the towns that may differ from these by a kilometre or two."""
    place = parse(f"{lon}, {lat}", envelope=box)
    swapped = next(suspicion for suspicion in place.suspicions if suspicion.key is Doubt.SWAPPED)
    assert (place.lat, place.lon) == (lon, lat), town
    assert (swapped.other_lat, swapped.other_lon) == (lat, lon)
    assert swapped.distance_m / 1000 == pytest.approx(apart_km, abs=2)


@pytest.mark.promise("PLACE-18")
@pytest.mark.parametrize(
    ("text", "envelope"),
    [
        ("38.61778, 33.50583", None),  # legal, in Anatolia
        ("36.63, 35.93", SYRIA),  # Idlib swapped is still in the box of all Syria
        ("33.50583, 38.61778", SYRIA),
        ("51.5, -0.1", SYRIA),  # outside either way
        ("33.5, 151.2", SYRIA),  # no latitude the other way round
    ],
)
def test_no_swap_is_reported_where_the_envelope_does_not_decide(text, envelope):
    assert Doubt.SWAPPED not in doubts(text, envelope)


@pytest.mark.promise("PLACE-19")
def test_minutes_and_seconds_typed_as_decimals_are_reported():
    (suspicion,) = parse("33.3021 38.3704").suspicions
    assert suspicion.key is Doubt.DMS_AS_DECIMAL
    assert (suspicion.other_lat, suspicion.other_lon) == pytest.approx((33.505833, 38.617778), abs=1e-6)
    assert suspicion.distance_m / 1000 == pytest.approx(32.25, abs=0.01)
    assert sentence(suspicion) == (
        "The decimals may be minutes and seconds: that would be 33.50583N 38.61778E, 32.3 km from here."
    )


@pytest.mark.promise("PLACE-19")
@pytest.mark.parametrize(
    ("text", "envelope", "reported"),
    [
        ("33.302135 38.370455", None, True),
        ("-33.3021 -70.3704", None, True),
        ("33.3021 38.3704", SYRIA, True),
        ("33.6021 38.3704", None, False),  # no sixtieth minute
        ("33.3021 38.3760", None, False),
        ("33.302 38.370", None, False),
        ("33.30213 38.37045", None, False),
        ("33.302160 38.370455", None, False),
        ("33.3021 38.3704", Envelope(33.2, 38.3, 33.4, 38.5), False),  # the other reading is outside
    ],
)
def test_only_pairs_of_digits_below_sixty_may_be_minutes_and_seconds(text, envelope, reported):
    assert (Doubt.DMS_AS_DECIMAL in doubts(text, envelope)) is reported


@pytest.mark.promise("PLACE-20")
def test_decimals_typed_as_minutes_and_seconds_are_reported_where_the_envelope_decides():
    box = Envelope(33.45, 38.5, 33.6, 38.7)
    place = parse("33°50'58\"N 38°54'32\"E", envelope=box)
    decimal = next(suspicion for suspicion in place.suspicions if suspicion.key is Doubt.DECIMAL_AS_DMS)
    assert (decimal.other_lat, decimal.other_lon) == pytest.approx((33.5058, 38.5432))
    assert decimal.distance_m / 1000 == pytest.approx(51.0, abs=0.1)
    assert doubts("33°50'58\"N 38°54'32\"E") == []
    assert Doubt.DECIMAL_AS_DMS in doubts("33-50.583N 038-54.320E", box)


@pytest.mark.promise("PLACE-20")
def test_minutes_of_one_digit_run_together_as_two():
    (decimal, _) = parse("33-5-8N 38-54-32E", envelope=Envelope(33.04, 38.5, 33.06, 38.7)).suspicions
    assert (decimal.other_lat, decimal.other_lon) == pytest.approx((33.0508, 38.5432))


@pytest.mark.promise("PLACE-12")
def test_the_garrison_typed_as_minutes_and_seconds_is_refused_where_a_lenient_reader_is_54_km_off():
    with pytest.raises(Refused, match=r"Minutes of longitude go up to 59.*decimal degrees, write 38\.6178"):
        parse("33°50'58\"N 38°61'78\"E")
    lenient = 33 + 50 / 60 + 58.3 / 3600, 38 + 61 / 60 + 77.8 / 3600
    assert distance_m(*lenient, GARRISON.lat, GARRISON.lon) / 1000 == pytest.approx(54.5, abs=0.05)


@pytest.mark.promise("PLACE-2")
def test_decimal_minutes_read_as_seconds_differ_by_less_than_half_a_kilometre_and_more_than_the_accuracy():
    minutes, seconds = parse("33°30.35'N 38°37.07'E"), parse("33°30'35\"N 38°37'07\"E")
    apart_m = float(distance_m(minutes.lat, minutes.lon, seconds.lat, seconds.lon))
    assert apart_m / 1000 == pytest.approx(0.44, abs=0.005)
    assert apart_m > minutes.accuracy_m + seconds.accuracy_m


@pytest.mark.promise("PLACE-10")
@pytest.mark.parametrize(
    ("source", "apart_km"), [("33°26'13\"N 38°50'11\"E", 21.7), ("33.4079 38.9320", 31.2), ("33.476 38.629", 3.5)]
)
def test_coordinates_that_go_by_the_one_name_lie_kilometres_apart(source, apart_km):
    assert metres_from_garrison(source) / 1000 == pytest.approx(apart_km, abs=0.1)


@pytest.mark.promise("PLACE-21")
@pytest.mark.parametrize(
    ("text", "distance_km"),
    [("38.0 40.0", 66.6), ("33.5 34.0", 148.7), ("37.4 42.4", None), ("32.3 35.6", None), ("0 0", 5_172)],
)
def test_a_place_outside_the_envelope_is_reported_with_its_distance(text, distance_km):
    outside = [s for s in parse(text, envelope=SYRIA).suspicions if s.key is Doubt.OUTSIDE_ENVELOPE]
    assert [suspicion.distance_m / 1000 for suspicion in outside] == (
        [] if distance_km is None else [pytest.approx(distance_km, rel=0.01)]
    )


@pytest.mark.promise("PLACE-21")
def test_an_envelope_may_cross_the_antimeridian_or_span_the_world():
    fiji = Envelope(-22, 175, -12, -178)
    assert doubts("-17 179", fiji) == doubts("-17 -179", fiji) == doubts("-17 180", fiji) == []
    assert [round(s.other_lon) for s in parse("-17 -170", envelope=fiji).suspicions] == [-178]
    assert [round(s.other_lon) for s in parse("-17 -175", envelope=Envelope(-22, 160, -12, 170)).suspicions] == [170]
    assert doubts("89 10", Envelope(-90, -180, 90, 180)) == []


@pytest.mark.promise("PLACE-21")
@pytest.mark.parametrize("edges", [(40, 35, 32, 43), (32, 35, 91, 43), (32, -181, 38, 43), (32, 35, float("nan"), 43)])
def test_an_envelope_that_is_no_box_is_refused(edges):
    with pytest.raises(Refused) as refusal:
        Envelope(*edges)
    assert refusal.value.key == "place.envelope"


@pytest.mark.promise("PLACE-22")
def test_a_band_s_that_may_have_meant_south_is_reported():
    patagonia = Envelope(-58, 30, -50, 45)
    place = parse("37S 464499 3707430", envelope=patagonia)
    assert place.lat > 33
    assert [s.key for s in place.suspicions] == [Doubt.BAND_AS_HEMISPHERE, Doubt.OUTSIDE_ENVELOPE]
    assert doubts("37S 464499 3707430", SYRIA) == doubts("37S 464499 3707430") == []


@pytest.mark.promise("PLACE-21", "PLACE-22", "PLACE-20")
def test_every_suspicion_has_its_sentence():
    said = {
        suspicion.key: sentence(suspicion)
        for text, envelope in [
            ("38.61778, 33.50583", SYRIA),
            ("33.3021 38.3704", None),
            ("33°50'58\"N 38°54'32\"E", Envelope(33.45, 38.5, 33.6, 38.7)),
            ("37S 464499 3707430", Envelope(-58, 30, -50, 45)),
        ]
        for suspicion in parse(text, envelope=envelope).suspicions
    }
    assert said.keys() == set(Doubt)
    assert len(set(said.values())) == len(Doubt)


@pytest.mark.promise("PLACE-23")
@pytest.mark.parametrize(
    ("accuracy_m", "decimal", "dms", "dm", "mgrs", "utm"),
    [
        (0.73, "33.50583N 38.61778E", "33°30'20.99\"N 038°37'04.01\"E", "33-30.3498N 038-37.0668E",
         "37S DT 64499 07430", "37S 464500mE 3707431mN"),
        (20.2, "33.5058N 38.6178E", "33°30'21\"N 038°37'04\"E", "33-30.35N 038-37.07E",
         "37S DT 6449 0743", "37S 464500mE 3707430mN"),
        (1_300, "33.51N 38.62E", "33°30'N 038°37'E", "33-30N 038-37E",
         "37S DT 64 07", "37S 464000mE 3707000mN"),
        (80_000, "34N 39E", "34°N 039°E", "34N 039E", "37S DT", "37S 464000mE 3707000mN"),
    ],
)  # fmt: skip
def test_a_position_is_written_with_the_digits_its_accuracy_deserves(accuracy_m, decimal, dms, dm, mgrs, utm):
    assert notations(GARRISON.lat, GARRISON.lon, accuracy_m) == {
        Notation.DECIMAL: decimal,
        Notation.DMS: dms,
        Notation.DM: dm,
        Notation.MGRS: mgrs,
        Notation.UTM: utm,
    }


@pytest.mark.promise("PLACE-23")
@pytest.mark.parametrize(("lat", "area"), [(84.1, "Z"), (-80.1, "B"), (90.0, "Z")])
def test_near_the_poles_mgrs_is_ups_and_there_is_no_utm(lat, area):
    written = notations(lat, 38.0, 0.71)
    assert Notation.UTM not in written
    assert written[Notation.MGRS].startswith(area)


@pytest.mark.promise("PLACE-25")
@pytest.mark.parametrize(
    ("lat", "lon", "dms", "dm"),
    [
        (33.99999, 38.999999, "34°00'00\"N 039°00'00\"E", "34-00.00N 039-00.00E"),
        (-33.99999, -179.999999, "34°00'00\"S 180°00'00\"W", "34-00.00S 180-00.00W"),
        (33.508329, 38.008333, "33°30'30\"N 038°00'30\"E", "33-30.50N 038-00.50E"),
        (-0.00001, -0.00001, "00°00'00\"N 000°00'00\"E", "00-00.00N 000-00.00E"),
    ],
)
def test_rounding_carries_into_the_next_minute_and_degree(lat, lon, dms, dm):
    written = notations(lat, lon, 22.0)
    assert (written[Notation.DMS], written[Notation.DM]) == (dms, dm)


@pytest.fixture
def points_file(tmp_path):
    file = tmp_path / "points.geojson"
    properties = {"name": "At-Tanf garrison", "accuracy_m": 20, "source": "encyclopaedia", "aliases": ["Tanf"]}
    feature = {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [38.61778, 33.50583]},
        "properties": properties,
    }
    file.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), encoding="utf-8")
    return file


class Terminal(io.StringIO):
    """A stdout that somebody looks at."""

    def isatty(self) -> bool:
        return True


def keepclear_place(*arguments: object) -> int:
    parser = argparse.ArgumentParser()
    place_verb.add_parser(parser.add_subparsers())
    args = parser.parse_args(["place", *map(str, arguments)])
    return int(args.run(args))


@pytest.mark.promise("PLACE-26")
def test_the_command_writes_one_line_of_json_per_position(capsys, points_file):
    code = keepclear_place("--points", points_file, "33.3021 38.3704", "5 km 290° from tanf", "nowhere")
    decimal, bearing, refusal = map(json.loads, capsys.readouterr().out.splitlines())
    assert code == 1
    assert decimal["suspicions"][0]["key"] == "dms_as_decimal"
    assert decimal["notations"]["MGRS"] == "37S DS 4138 8495"
    assert bearing["from"] == [{"name": "At-Tanf garrison", "distance_m": 5000.0, "bearing_deg": 290.0}]
    assert refusal["refused"] == "place.unreadable"


@pytest.mark.promise("PLACE-26")
def test_the_command_tells_people_in_words(points_file):
    with redirect_stdout(Terminal()) as terminal:
        code = keepclear_place("--points", points_file, "--envelope=32,35,38,43", "38.61778, 33.50583")
    said = terminal.getvalue()
    assert code == 0
    assert "MGRS                     36S WH 44035 74483" in said
    assert "At-Tanf garrison         730.4 km on 322.4° true from there" in said
    assert "! Latitude and longitude may be swapped: that would be 33.50583N 38.61778E, 730.4 km from here." in said


@pytest.mark.promise("PLACE-26")
@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--envelope=1,2,3", "33 38"], "four numbers"),
        (["--envelope=40,35,32,43", "33 38"], "south below north"),
        (["--points", "absent.geojson", "33 38"], "absent.geojson"),
    ],
)
def test_the_command_exits_with_2_where_it_was_called_wrongly(capsys, arguments, complaint):
    assert keepclear_place(*arguments) == 2
    assert complaint in capsys.readouterr().err


@pytest.mark.promise("PLACE-26")
@pytest.mark.parametrize(
    "content",
    [
        "not json",
        "[]",
        '{"type": "FeatureCollection", "features": [{"geometry": {"type": "Point", "coordinates": [181, 33]}, '
        '"properties": {"name": "a", "accuracy_m": 1, "source": "b"}}]}',
        '{"type": "FeatureCollection", "features": [{"geometry": {"type": "Point", "coordinates": [38, 33]}}]}',
        '{"type": "FeatureCollection", "features": [{"geometry": {"type": "Point", "coordinates": [33, 138]}, '
        '"properties": {"name": "a", "accuracy_m": 1, "source": "b"}}]}',
    ],
)
def test_the_command_refuses_points_it_cannot_use(capsys, points_file, content):
    points_file.write_text(content, encoding="utf-8")
    assert keepclear_place("--points", points_file, "33 38") == 2
    assert str(points_file) in capsys.readouterr().err

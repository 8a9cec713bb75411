"""What is written is read back, what is read is written back, and no text breaks the reader."""

from __future__ import annotations

import math

import mgrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from keepclear.geo.earth import distance_m
from keepclear.geo.places import NamedPoint, Notation, notations, parse
from keepclear.ground.errors import Refused

# Half of the positions lie around Norway and Svalbard, where zones have unusual edges.
POSITIONS = st.tuples(st.floats(-90, 90), st.floats(-180, 180)) | st.tuples(st.floats(55, 85), st.floats(-1, 43))
UTM_POSITIONS = POSITIONS.filter(lambda position: -79.99 <= position[0] <= 83.99)
ACCURACIES_M = st.floats(-2, 4).map(lambda power: 10**power)
FINEST_M = {Notation.DECIMAL: 0.01, Notation.DMS: 0.03, Notation.DM: 0.02, Notation.MGRS: 0.71, Notation.UTM: 0.71}
# Grid metres and metres on the ground differ by up to 0.6 % near the poles, and parallels by more across wide cells.
SLACK = 1.01

GARRISON = NamedPoint("At-Tanf garrison", 33.50583, 38.61778, 20.0, "encyclopaedia")
TYPED = st.text(alphabet="0123456789 .,-+°'\"NSEWnsew:;/٣٨²kmTMGof", max_size=40)
WORDS = st.lists(
    st.sampled_from(
        "33 38 33.5 38,6 -33 33°30' 21\" N S E W 37S DT 64499 07430 464499mE 3707430mN zone north 27km NM 290° 290 "
        "NNW from of At-Tanf garrison T M ° ' , ; / -".split()
    ),
    max_size=9,
).map(" ".join)


@pytest.mark.promise("PLACE-24")
@given(position=POSITIONS, accuracy_m=ACCURACIES_M)
@example(position=(39.999999, 38.6), accuracy_m=800.0)
@example(position=(-1e-9, -1e-9), accuracy_m=1.0)
@example(position=(0.0, 180.0), accuracy_m=1.0)
@example(position=(83.9999999, 179.9999999), accuracy_m=1000.0)
@example(position=(-80.0, 36.0), accuracy_m=1000.0)
@example(position=(84.0, 35.999999), accuracy_m=8000.0)
@example(position=(64.0, 4.5), accuracy_m=1000.0)
@example(position=(90.0, 0.0), accuracy_m=1.0)
def test_what_is_written_is_read_back_within_the_accuracy(position, accuracy_m):
    lat, lon = position
    for notation, text in notations(lat, lon, accuracy_m).items():
        place = parse(text)
        allowed_m = max(accuracy_m, FINEST_M[notation]) * SLACK
        assert distance_m(place.lat, place.lon, lat, lon) <= allowed_m, text


@pytest.mark.promise("PLACE-24")
@given(position=POSITIONS, accuracy_m=ACCURACIES_M)
def test_what_is_read_from_a_notation_is_written_the_same(position, accuracy_m):
    lat, lon = position
    for notation in (Notation.DECIMAL, Notation.DMS, Notation.DM):
        text = notations(lat, lon, accuracy_m)[notation]
        place = parse(text)
        if place.notation is notation:
            assert notations(place.lat, place.lon, place.accuracy_m)[notation] == text


@pytest.mark.promise("PLACE-3")
@given(position=UTM_POSITIONS, half=st.integers(0, 5))
def test_squares_are_decoded_where_the_library_of_the_agency_has_them(position, half):
    lat, lon = position
    library = mgrs.MGRS()
    square = library.toMGRS(lat, lon, True, half)
    place = parse(square)
    if half >= 2:  # coarser, the library warns of squares whose centre lies in the next band
        assert distance_m(place.lat, place.lon, *library.toLatLon(square)) < 0.01
    cell_m = 100_000 / 10**half
    assert place.accuracy_m == pytest.approx(cell_m * math.sqrt(0.5))
    assert distance_m(place.lat, place.lon, lat, lon) <= place.accuracy_m * SLACK


@pytest.mark.promise("PLACE-16")
@given(text=st.text(max_size=60) | TYPED | WORDS)
def test_any_text_is_a_place_or_a_refusal(text):
    try:
        place = parse(text, named_points={"a": GARRISON})
    except Refused:
        return
    assert -90 <= place.lat <= 90
    assert -180 <= place.lon <= 180
    assert place.accuracy_m >= 0
    assert place.as_entered == text

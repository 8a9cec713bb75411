"""Whatever is filled into a draft, nothing stops it; and no text breaks the checks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepclear.channel import drafts
from keepclear.channel.checks import SENTENCES, Against, checks, sentence
from keepclear.channel.facts import Count, Place, Word
from keepclear.channel.messages import Marker, Message, Urgency, Words
from keepclear.geo.earth import E7
from keepclear.geo.notations import as_decimal
from keepclear.geo.places import NamedPoint, parse
from keepclear.ground.instants import parse_instant

ZONES = st.sampled_from(["UTC", "Asia/Damascus", "America/New_York", "Asia/Kolkata", "+14:00", "-11:30"])
TIMES = st.integers(parse_instant("1960-01-01T00:00Z").us, parse_instant("2190-01-01T00:00Z").us)
LATS, LONS = st.floats(-79, 83), st.floats(-179.9, 179.9)
ACCURACIES_M = st.sampled_from([0.1, 1.0, 20.0, 800.0])


@st.composite
def places(draw):
    text = as_decimal(draw(LATS), draw(LONS), draw(ACCURACIES_M))
    read = parse(text)
    return Place("seen", round(read.lat * E7), round(read.lon * E7), round(read.accuracy_m * 1000), text)


@st.composite
def named_points(draw):
    names = draw(st.lists(st.sampled_from(["Kestrel post", "Heron bridge", "Мост", "الجسر"]), unique=True, max_size=4))
    return tuple(NamedPoint(name, draw(LATS), draw(LONS), draw(ACCURACIES_M), "survey") for name in names)


@pytest.mark.promise("CHECK-13")
@given(
    place=places(),
    points=named_points(),
    zones=st.tuples(ZONES, ZONES),
    at_us=TIMES,
    low=st.integers(0, 999),
    more=st.integers(0, 99),
    course=st.none() | st.integers(0, 360),
    speed_kmh=st.none() | st.integers(1, 999),
    agreement=st.sampled_from(["", "pass-terms"]),
)
def test_a_draft_of_an_alert_passes_its_checks(place, points, zones, at_us, low, more, course, speed_kmh, agreement):
    alert = drafts.AlertSeen(
        "alert-7", "Kestrel Pass", place, at_us, Count("n", low, low + more), is_theirs=True, course=course, speed_kmh=speed_kmh,
        agreement=agreement,
    )  # fmt: skip
    draft = drafts.draft_of_alert(alert, points, zones)
    message = drafts.given(
        draft, author="ada", sender="alpha", to="bravo", salt="0" * 64, written_at_us=at_us, valid_until_us=at_us + 1
    )
    findings = checks(message, Against(points, zones=zones, names=("Alpha", "Bravo")))
    # Digits may happen to look like minutes and seconds, and the two sides may have different dates.
    assert {finding.key for finding in findings} <= {"time.rollover", "place.suspicion"}


TYPED = st.text(max_size=60) | st.lists(
    st.sampled_from(
        "30 34 55,0 ٣٠ mile miles mi km NM M - ( ) wide от 18 May 31 June Friday пятница الجمعة 22:03 -04:00 +03:00 Z UTC 2017-02-30 "
        "T10:00 181030J MAY 17 27 km 290° from of Kestrel post Вravo \u202e \u200f north".split()
    ),
    max_size=14,
).map(" ".join)


@pytest.mark.promise("CHECK-1")
@given(text=TYPED.filter(str.strip), word=TYPED, called=TYPED)
def test_any_text_has_findings_that_can_be_said_or_none(text, word, called):
    at_us = parse_instant("2017-05-18T06:00:00Z").us
    facts = (Place("go_to", 335_000_000, 386_000_000, 1_000, text, called), Word("radius", word))
    message = Message(
        "0" * 64, "alpha", "bravo", "ada", Marker.WARNING, Urgency.NOW, Words("en", text), at_us, at_us + 1, facts=facts
    )
    points = (NamedPoint("Kestrel post", 33.5, 38.6, 20.0, "survey"),)
    for finding in checks(message, Against(points, names=("Bravo",), lead_us=1)):
        assert finding.key in SENTENCES
        assert sentence(finding).endswith(".")

"""docs/spec/places.md, the gazetteer: names however they are spelled, and nothing that the file does not say."""

from __future__ import annotations

import gzip

import pytest

from keepclear.render.gazetteer import Gazetteer, Town, consonants, folded, read_towns

TOWNS = (
    Town("Tanf", "SY", "13", 33.50, 38.62),
    Town("At Tanf", "SY", "13", 33.49, 38.66),
    Town("Deir ez-Zor", "SY", "09", 35.34, 40.14),
    Town("Tartu", "EE", "79", 58.38, 26.73),
    Town("Poltava", "UA", "18", 49.59, 34.55),
    Town("Ḩimş", "SY", "11", 34.73, 36.72),
    Town("Springfield", "US", "IL", 39.80, -89.64),
    Town("Springfield", "US", "MA", 42.10, -72.59),
)
BOOK = Gazetteer(TOWNS)


def names(text: str, **asked) -> list[str]:
    return [one.town.name for one in BOOK.search(text, 10, **asked)]


@pytest.mark.promise("PLACE-29")
@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("tanf", "Tanf"), ("al-Tanf", "Tanf"), ("at tanf", "At Tanf"), ("التنف", "Tanf"), ("Танф", "Tanf"), ("dayr az zawr", "Deir ez-Zor"),
        ("Полтава", "Poltava"), ("himss", "Ḩimş"), ("Homs", "Ḩimş"), ("حمص", "Ḩimş"), ("Springf", "Springfield"),
    ],
)  # fmt: skip
def test_a_name_is_found_however_its_sounds_are_spelled(text, name):
    assert name in names(text)


@pytest.mark.promise("PLACE-28")
def test_two_of_one_name_are_two_the_nearest_first():
    assert [one.town.admin1 for one in BOOK.search("springfield", 10, (42.0, -72.0))] == ["MA", "IL"]
    assert {one.how for one in BOOK.search("springfield", 10)} == {"name"}
    assert [one.how for one in BOOK.search("spring", 10)] == ["begins", "begins"]


@pytest.mark.promise("PLACE-28")
@pytest.mark.parametrize("text", ["", "zzzz", "'", "عع", "\u202e"])
def test_what_is_not_there_is_not_found(text):
    assert names(text) == []


@pytest.mark.promise("PLACE-30")
def test_the_nearest_are_those_within_reach_the_nearest_first():
    near = [town.name for town in BOOK.nearest(33.5, 38.62, 5)]
    assert near[:2] == ["Tanf", "At Tanf"]
    assert "Springfield" not in near
    assert BOOK.nearest(-60.0, 0.0, 5) == []
    assert Gazetteer(()).nearest(0.0, 0.0, 5) == []


def test_a_line_that_is_no_town_is_passed_over():
    text = "name\tcountry\tadmin1\tlat\tlon\nTanf\tSY\t13\t33.5\t38.6\nbroken\nFar\tXX\t1\t99\t0\n"
    assert list(read_towns(gzip.compress(text.encode()))) == [Town("Tanf", "SY", "13", 33.5, 38.6)]


def test_a_name_folds_to_plain_letters():
    assert folded("Al-Ḩasakah") == folded("hasaka") + "h"
    assert consonants(folded("Al-Ḩasakah")) == consonants(folded("hasaka"))

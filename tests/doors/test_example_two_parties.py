"""The example of two parties: two nodes as programs of their own, a line between them that is cut, and a memory stick."""

from __future__ import annotations

from tests.examples_told import assert_in_order, told


def test_two_parties_talk_over_a_line_and_by_a_memory_stick_and_nothing_is_shown_twice(tmp_path):
    text = told("two-parties", "--folder", str(tmp_path / "both"))
    assert_in_order(
        text,
        [
            "bravo stands by, and answers within 20 min. That is no answer yet.",
            "is settled, by Bravo's own word",
            "bravo asks for it again",
            "5 facts came back as they were said",
            "The line is cut",
            "is owed: no word of Bravo has come back",
            "The line is mended",
            "The warning came twice, by hand and over the line: it is shown once, with one alert.",
            "every one the same on both sides",
            "alpha       sound:",
            "bravo       sound:",
        ],
    )
    (taken,) = (tmp_path / "both" / "stick" / "taken").glob("*.packet")
    assert b"mines" not in taken.read_bytes(), "who finds the stick reads nothing"

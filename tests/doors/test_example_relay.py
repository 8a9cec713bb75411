"""The example of the relay: three nodes as programs of their own, over HTTPS with certificates on both sides."""

from __future__ import annotations

from tests.examples_told import assert_in_order, told


def test_the_relay_passes_on_what_it_cannot_read_and_a_late_word_corrects_what_was_unconfirmed():
    assert_in_order(
        told("relay"),
        [
            "meridian passed it on: evidenced. bravo has exactly these bytes: evidenced.",
            "the read-back differs: seen differs, 1,109 m off",
            "is understood, by Bravo's own word",
            "Unconfirmed: bravo has not answered the question",
            "The agreement has next: telephone Bravo's duty officer",
            "answered, but late",
            "every one the same on both sides",
            "alpha       sound:",
            "meridian    sound:",
            "bravo       sound:",
        ],
    )


def test_an_example_is_not_told_into_a_folder_that_holds_something(tmp_path):
    (tmp_path / "something").touch()
    assert "There is something in this folder" in told("relay", "--folder", str(tmp_path), code=2)

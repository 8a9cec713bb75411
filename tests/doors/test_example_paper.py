"""The example of paper: a node, and a party that has paper and a telephone only until it gets a node of its own."""

from __future__ import annotations

from tests.examples_told import assert_in_order, told


def test_what_comes_by_telephone_and_radio_stays_a_claim_until_the_party_says_it_itself(tmp_path):
    text = told("paper", "--folder", str(tmp_path / "paper"))
    assert_in_order(
        text,
        [
            "owed. Nobody has read it yet.",
            "the read-back differs: place differs, 1,109 m off",
            "delivered by meridian: claimed, brought by driver of Meridian, by radio",
            "understood by harbour-aid: claimed, brought by driver of Meridian, by radio",
            "is claimed, and stays it",
            "Harbour Aid gets a node",
            "is settled, by Harbour Aid's own word.",
            "is superseded; what was claimed of it is still a claim.",
            "alpha       sound:",
            "harbour-aid sound:",
        ],
    )
    before_the_node = text[: text.index("Harbour Aid gets a node")]
    assert "settled" not in before_the_node
    pages = {
        name: (tmp_path / "paper" / f"{name}.html").read_text("utf-8")
        for name in ("notice", "read-back", "notice-ours")
    }
    assert "33.5880" in pages["notice"]
    assert "33.5880" not in pages["read-back"], "what is read back is not read off"
    assert ["Lina" in page for page in pages.values()] == [False, False, True]

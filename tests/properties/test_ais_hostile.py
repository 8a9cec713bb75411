"""Whatever comes in by a line of AIS, it is accounted for, and nothing but values comes out of it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from keepclear.feeds.ais_parts import MESSAGES_WAITING_MAX
from keepclear.feeds.nmea import checksum
from keepclear.host.intake import AisIntake
from keepclear.tracks.observations import UNKNOWN, Observations
from keepclear.tracks.packing import packed, unpacked
from tests.nmea_lines import ARRIVED_US, SECOND_US, ais, reader, sentence, summed, tagged

LETTERS = "0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVW`abcdefghijklmnopqrstuvw"
payloads = st.text(st.sampled_from(LETTERS), min_size=1, max_size=72)
# Mostly of the kinds that are reports, and as long as they must be.
likely = st.builds(
    str.__add__, st.sampled_from("1239;BCK"), st.text(st.sampled_from(LETTERS), min_size=27, max_size=52)
)
digits = st.sampled_from("0123456789")
stamps = st.builds(
    "{}:{}".format,
    st.sampled_from("cgsndrt"),
    st.one_of(st.integers(0, 10**14).map(str), st.text("0-9A:/", max_size=12)),
)
sentences = st.builds(
    lambda name, count, part, message, channel, payload, fill: sentence(f"{name},{count},{part},{message},{channel},{payload},{fill}"),
    st.sampled_from(["AIVDM", "AIVDO", "BSVDM", "GPGGA", "PGHP"]),
    st.one_of(st.just("1"), digits), st.one_of(st.just("1"), digits), st.one_of(st.just(""), digits), st.sampled_from(["A", "B", ""]),
    st.one_of(payloads, likely), digits,
)  # fmt: skip
lines = st.one_of(
    sentences.map(str.encode),
    st.builds(lambda tags, line: tagged(",".join(tags), line).encode(), st.lists(stamps, min_size=1, max_size=3), sentences),
    st.builds(lambda body: sentence(body, "$").encode("latin-1"), st.text(st.characters(max_codepoint=255, exclude_characters="\n"), max_size=40)),
    st.binary(max_size=60),
    st.binary(min_size=1030, max_size=1100),
)  # fmt: skip


def taken_of(content: bytes, sizes: Iterator[int]):
    intake, at = AisIntake(reader()), 0
    given_out = []
    while at < len(content):
        size = next(sizes)
        intake.put(content[at : at + size], ARRIVED_US)
        at += size
        assert intake.waiting <= MESSAGES_WAITING_MAX * 8
        given_out.append(intake.taken())
    intake.end()
    return [*given_out, intake.taken()]


def account(given_out) -> tuple[int, int]:
    passed = sum(count for taken in given_out for key, count in taken.noticed.items() if key.startswith("line_"))
    rows = sum(len(taken.observations) + len(taken.refusals) for taken in given_out)
    return sum(taken.lines for taken in given_out), rows + passed


@given(st.lists(lines, max_size=12), st.integers(1, 200))
@example([b"\\c:99999999999999999999*00\\", b"!", b"*", b"\\\\\\"], 1)
@example([ais()[0].encode(), b"$PGHP,1,0,0,0,0,0,0,0*" + summed("PGHP,1,0,0,0,0,0,0,0").encode()], 7)
def test_every_line_is_accounted_for_and_every_report_can_be_kept(written, size):
    content = b"\n".join(written)
    given_out = taken_of(content, itertools.repeat(size))
    lines_read, accounted = account(given_out)
    assert lines_read == accounted
    reports = Observations.joined([taken.observations for taken in given_out])
    assert len(unpacked(packed(reports))) == len(reports)
    if len(reports):
        assert (np.abs(reports.lat_e7) <= 900_000_000).all()
        assert (np.abs(reports.lon_e7) <= 1_800_000_000).all()
        assert (reports.seen_at_us <= ARRIVED_US + 60 * SECOND_US).all()
        assert (reports.speed_mmps[reports.speed_mmps != UNKNOWN] >= 0).all()
    for taken in given_out:
        for refusal in taken.refusals:
            assert refusal.line >= 1
            assert refusal.value.isprintable()
            assert len(refusal.value) <= 120


@given(st.lists(lines, max_size=8), st.integers(1, 50))
def test_the_cut_of_the_bytes_changes_nothing(written, size):
    content = b"\n".join(written)
    whole = taken_of(content, itertools.repeat(len(content) or 1))
    cut = taken_of(content, itertools.repeat(size))
    assert [refusal for taken in whole for refusal in taken.refusals] == [r for taken in cut for r in taken.refusals]
    one, other = (Observations.joined([taken.observations for taken in given_out]) for given_out in (whole, cut))
    assert packed(one) == packed(other)


@given(st.binary(max_size=300))
def test_the_checksum_is_that_of_each_byte_in_turn(text):
    total = 0
    for byte in text:
        total ^= byte
    assert checksum(text) == total

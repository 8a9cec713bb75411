"""docs/spec/order.md: a recorded file played again, row by row."""

from __future__ import annotations

import io
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from keepclear.cli.pace import due_s
from keepclear.cli.player import ROWS_PER_WRITE, WAIT_S_MAX, Player
from keepclear.feeds import recording
from keepclear.feeds.options import FeedOptions
from keepclear.feeds.recording import Recording, line_starts, recorded
from keepclear.ground.errors import Refused
from keepclear.ground.instants import utc_text
from tests.builders import at
from tests.turned_clock import TurnedClock

SECOND_US = 1_000_000
BEGIN_US = at("10:00")
HEADER = b"subject,seen_at,lat,lon,known_at\n"


def row(number: int, known_s: float, seen_s: float | None = None) -> bytes:
    known, seen = (utc_text(BEGIN_US + round(s * SECOND_US)) for s in (known_s, known_s if seen_s is None else seen_s))
    return f"Bravo {number},{seen},33.5,38.6,{known}\n".encode()


def recording_of(content: bytes, **stated) -> Recording:
    return recorded(content, FeedOptions(**stated), name="radio.csv", progress=lambda count: None)


def played(content: bytes, **stated) -> bytes:
    found = recording_of(content, **stated)
    return found.head + found.rows(content, 0, len(found.known_us))


@pytest.mark.promise("ORDER-16")
@given(st.lists(st.one_of(st.none(), st.tuples(st.integers(0, 30), st.integers(0, 9))), max_size=25))
def test_rows_come_as_they_became_known_and_unreadable_ones_behind_the_row_before_them(rows):
    """None is a row that cannot be read; it goes with the row before it, or before all others."""
    lines = [
        b"no report %d\n" % number if times is None else row(number, times[0], times[0] - times[1])
        for number, times in enumerate(rows)
    ]
    times = [
        next((t for t in reversed(rows[: i + 1]) if t), next((t for t in rows if t), (0, 0))) for i in range(len(rows))
    ]
    order = sorted(range(len(rows)), key=lambda i: (times[i][0], times[i][0] - times[i][1], i))
    found = recording_of(HEADER + b"".join(lines))
    assert played(HEADER + b"".join(lines)) == HEADER + b"".join(lines[i] for i in order)
    assert found.unreadable == rows.count(None)
    if any(rows):
        assert found.known_us.tolist() == [BEGIN_US + times[i][0] * SECOND_US for i in order]


@pytest.mark.promise("ORDER-16")
@pytest.mark.parametrize(
    "content",
    [
        HEADER.replace(b"\n", b"\r\n") + row(1, 5).replace(b"\n", b"\r\n") + row(2, 9).replace(b"\n", b"\r\n"),
        HEADER.replace(b"\n", b"\r") + row(1, 5).replace(b"\n", b"\r") + row(2, 9).replace(b"\n", b"\r"),
        b"\n\n" + HEADER + b"\n" + row(1, 5) + b"\n" + row(2, 9) + b"\n",
        HEADER + b'"Bravo\n1"' + row(1, 5)[7:] + row(2, 9),
        b'{"subject": "Bravo 1", "seen_at": "2026-05-18T10:00:05Z", "lat": 33.5, "lon": 38.6}\n{"a": \n{}\n',
        HEADER + b"B\xe4r" + row(1, 5)[5:],
    ],
)
def test_the_bytes_of_a_row_are_not_changed(content):
    assert played(content) == content


@pytest.mark.promise("ORDER-16")
def test_each_row_ends_its_line_and_a_byte_order_mark_is_left_out():
    content = HEADER + row(1, 9) + row(2, 5).rstrip()
    assert played(b"\xef\xbb\xbf" + content) == HEADER + row(2, 5) + row(1, 9)


@given(st.binary(max_size=60).map(lambda text: text.replace(b"a", b"\r").replace(b"b", b"\n")), st.integers(1, 9))
@example(b"x\r\ny\rz\n\r\n", 3)
@example(b"\r\n", 1)
def test_lines_begin_where_python_says_that_they_do(text, cut_bytes):
    text = bytes(byte for byte in text if byte in b"\r\nxyz\x00")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recording, "_CUT_BYTES", cut_bytes)
        starts = line_starts(text)
    lines = [text[a:b] for a, b in pairwise([*starts.tolist(), len(text)])]
    expected = io.TextIOWrapper(io.BytesIO(text), newline="").readlines()
    assert [line.decode() for line in lines if line] == expected


def test_a_part_of_a_recording_has_both_its_ends():
    content = HEADER + b"".join(row(s, s) for s in (1, 2, 3, 4))
    found = recording_of(content).between(BEGIN_US + 2 * SECOND_US, BEGIN_US + 3 * SECOND_US)
    assert found.rows(content, 0, 2) == row(2, 2) + row(3, 3)
    assert len(found.known_us) == 2
    assert len(recording_of(content).between(BEGIN_US + 3 * SECOND_US, BEGIN_US).known_us) == 0


@pytest.mark.parametrize(
    ("content", "key"),
    [
        (b"<gpx></gpx>", "playback.document"),
        (b'{"type": "FeatureCollection", "features": []}', "playback.document"),
        ((HEADER + row(1, 1)).decode().encode("utf-16"), "playback.utf16"),
    ],
)
def test_what_has_no_lines_to_play_is_refused(content, key):
    with pytest.raises(Refused) as refused:
        recording_of(content)
    assert refused.value.key == key


def test_more_rows_than_are_played_are_refused(monkeypatch):
    monkeypatch.setattr(recording, "ROWS_MAX", 3)
    with pytest.raises(Refused) as refused:
        recording_of(HEADER + row(1, 1) * 4)
    assert refused.value.key == "playback.too_long"


# when rows come


class Paper(io.BytesIO):
    """What is written, and when by a clock."""

    def __init__(self, clock: TurnedClock) -> None:
        super().__init__()
        self.clock = clock
        self.written: list[tuple[float, bytes]] = []

    def write(self, content) -> int:
        self.written.append((self.clock.now_s, bytes(content)))
        return len(content)


def play(
    content: bytes, *, factor: float, gap_us_max: int | None = None, stopped=lambda: False
) -> list[tuple[float, bytes]]:
    clock = TurnedClock()
    paper, found = Paper(clock), recording_of(content)
    player = Player(found, content, clock, stopped=stopped, shows=lambda known_us: None)
    player.play(due_s(found.known_us, factor=factor, gap_us_max=gap_us_max), paper)
    assert b"".join(text for _, text in paper.written) == found.head + found.rows(content, 0, player.played)
    return paper.written


@pytest.mark.promise("ORDER-16")
@given(st.lists(st.integers(0, 600), min_size=1, max_size=12), st.sampled_from([1.0, 60.0, 0.5]))
def test_a_row_comes_when_it_is_due_and_not_before(seconds, factor):
    came = play(HEADER + b"".join(row(n, s) for n, s in enumerate(seconds)), factor=factor)
    assert came.pop(0) == (0.0, HEADER)
    due = sorted((s - min(seconds)) / factor for s in seconds)
    came_s = [at_s for at_s, text in came for _ in text.splitlines()]
    assert came_s == pytest.approx(due, abs=1e-6)


@pytest.mark.promise("ORDER-16")
def test_a_silence_is_shortened_only_where_that_was_asked_for():
    content = HEADER + row(1, 0) + row(2, 10) + row(3, 3610) + row(4, 3620)
    assert [s for s, _ in play(content, factor=10.0)] == pytest.approx([0, 0, 1, 361, 362])
    assert [s for s, _ in play(content, factor=10.0, gap_us_max=600 * SECOND_US)] == pytest.approx([0, 0, 1, 61, 62])


def test_at_any_speed_whole_lines_are_written_a_few_thousand_at_a_time():
    content = HEADER + row(1, 0) * (ROWS_PER_WRITE + 1)
    assert [(s, text.count(b"\n")) for s, text in play(content, factor=0.0)] == [(0, 1), (0, ROWS_PER_WRITE), (0, 1)]


def test_a_stop_is_noticed_while_nothing_is_due():
    stops: list[bool] = []

    def stopped() -> bool:
        stops.append(True)
        return len(stops) > 4

    assert len(play(HEADER + row(1, 0) + row(2, 10_000), factor=1.0, stopped=stopped)) == 2
    assert WAIT_S_MAX < 1


@given(
    st.lists(st.integers(0, 10**9), min_size=1, max_size=20),
    st.sampled_from([0.0, 1.0, 90.0]),
    st.none() | st.integers(0, 10**8),
)
def test_what_is_due_never_falls_and_begins_at_once(instants, factor, gap_us_max):
    due = due_s(np.sort(np.array(instants, np.int64)), factor=factor, gap_us_max=gap_us_max)
    assert due[0] == 0
    assert (np.diff(due) >= 0).all()

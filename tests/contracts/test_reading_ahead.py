"""A feed read by a thread ahead of the watch gives what it gives when read as it is needed, and leaves nothing behind."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable

import pytest

from keepclear.cli.reading_ahead import BLOCKS_AHEAD, read_ahead
from keepclear.feeds import arrival, reading
from keepclear.feeds.reading import Block, open_feed
from keepclear.tracks.observations import COLUMNS

ROWS = 400
CONTENT = "subject,seen_at,lat,lon\n" + "".join(
    f"A{n % 30},{'never' if n % 50 == 7 else '2026-05-18T10:00:00Z'},33.5,38.6\n" for n in range(ROWS)
)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(reading, "ROWS_PER_BLOCK", 7)
    monkeypatch.setattr(arrival, "SAMPLE_BYTES", 200)
    monkeypatch.setattr(arrival, "PIECE_BYTES", 200)


@pytest.fixture(autouse=True)
def no_thread_is_left():
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before


def seen(block: Block) -> list[object]:
    batch = block.observations
    return [batch.subjects, block.refusals, block.rows_read, block.bytes_read, *(getattr(batch, name).tolist() for name in COLUMNS)]  # fmt: skip


def take_all(stream, take: Callable[[Block], None]) -> None:
    with read_ahead(open_feed(stream)) as blocks:
        for block in blocks:
            take(block)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "p.csv"
    path.write_text(CONTENT)
    return path


def test_the_blocks_are_the_same_in_the_same_order(file):
    at_once, ahead = open_feed(file), open_feed(file)
    with read_ahead(ahead) as blocks:
        assert [seen(block) for block in blocks] == [seen(block) for block in at_once]
    assert (ahead.notes, ahead.broken) == (at_once.notes, at_once.broken)


def test_what_reading_raises_is_raised_where_its_block_would_have_come():
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() > len(CONTENT) // 2:
                raise RuntimeError("the disk is on fire")
            return super().read(size)

    taken: list[int] = []
    with pytest.raises(RuntimeError, match="on fire"):
        take_all(Failing(CONTENT.encode()), lambda block: taken.append(block.rows_read))
    assert ROWS // 3 < sum(taken) < ROWS


def test_whoever_leaves_early_leaves_no_file_open_and_only_a_few_blocks_read(file):
    feed = open_feed(file)
    with read_ahead(feed) as blocks:
        next(blocks)
    assert feed._opened.closed
    assert feed._rows.line <= 1 + 7 * (1 + BLOCKS_AHEAD)


def test_an_error_of_whoever_takes_the_blocks_ends_the_reading(file):
    def fail(block: Block) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), file.open("rb") as stream:
        take_all(stream, fail)

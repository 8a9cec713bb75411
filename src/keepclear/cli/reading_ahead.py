"""A feed read by a thread of its own, a few blocks ahead of the watch.

What is compiled runs without the interpreter's lock, so that two cores read and watch at once. The blocks are the
same, in the same order; what reading raises is raised where its block would have come.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

from keepclear.feeds.reading import Block, Feed

BLOCKS_AHEAD = 3


@contextmanager
def read_ahead(feed: Feed) -> Iterator[Iterator[Block]]:
    """The blocks of a feed whose reading never waits for anybody: nothing could end that but its coming.

    When the context is left, the thread has ended and the feed is closed, however many blocks were taken. What the
    feed notes is then of the blocks read, a few more than were taken."""
    with closing(iter(feed)) as blocks, ThreadPoolExecutor(1, "reader") as reader:
        due = deque(reader.submit(next, blocks, None) for _ in range(BLOCKS_AHEAD))

        def taken() -> Iterator[Block]:
            while (block := due.popleft().result()) is not None:
                due.append(reader.submit(next, blocks, None))
                yield block

        try:
            yield taken()
        finally:
            reader.shutdown(cancel_futures=True)

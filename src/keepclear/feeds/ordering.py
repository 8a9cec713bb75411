"""Reports in the order in which they became known, although feeds deliver them a little out of order.

A report is held back until nothing older is to be expected. How long that is, is stated and not guessed: `reorder_us`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

import numpy as np

from keepclear.tracks.observations import TABLES, Observations


class KnownOrder:
    """Batches in, batches out; the reports come out by `known_at_us`, equal ones in the order they were seen.

    After each batch the watermark rises to the latest `known_at_us` so far less `reorder_us`, and what is known at or
    before it is given out. If more than `rows_max` are held, it rises to the oldest of them until they fit. It
    never falls: a report that comes in behind it is given out at once, at its place among those given out with it, its
    columns untouched, and is counted in `behind`. Such a report may be older than one given out before.

    held    reports waiting
    behind  reports that came in behind the watermark
    """

    def __init__(self, *, reorder_us: int, rows_max: int) -> None:
        assert reorder_us >= 0
        assert rows_max >= 1
        self.behind = 0
        self._reorder_us = reorder_us
        self._rows_max = rows_max
        self._latest_us: int | None = None
        self._watermark_us: int | None = None
        self._waiting: deque[Observations] = deque()  # each in order, and before the next

    @property
    def held(self) -> int:
        """Reports waiting."""
        return sum(len(chunk) for chunk in self._waiting)

    def through(self, batches: Iterable[Observations]) -> Iterator[Observations]:
        """Everything in `batches`, in order; empty batches do not come out."""
        return map(Observations.joined, self._due(batches))

    def in_pieces(self, batches: Iterable[Observations]) -> Iterator[Observations]:
        """The same, but what is given out together comes as the pieces it was held in, each with its own tables."""
        return chain.from_iterable(self._due(batches))

    def _due(self, batches: Iterable[Observations]) -> Iterator[list[Observations]]:
        for batch in batches:
            if len(batch) and (due := self._due_after(batch)):
                yield due
        if self._waiting:
            rest = list(self._waiting)
            self._waiting.clear()
            yield rest

    def _due_after(self, batch: Observations) -> list[Observations]:
        if self._watermark_us is not None:
            self.behind += int(np.count_nonzero(batch.known_at_us < self._watermark_us))
        newest_us = int(batch.known_at_us.max())
        self._latest_us = newest_us if self._latest_us is None else max(self._latest_us, newest_us)
        self._put_in(_in_order(batch))
        watermark_us = self._latest_us - self._reorder_us
        if self._watermark_us is not None:
            watermark_us = max(watermark_us, self._watermark_us)
        if self.held > self._rows_max:
            watermark_us = max(watermark_us, self._known_at(self.held - self._rows_max - 1))
        self._watermark_us = watermark_us
        due = []
        while self._waiting and self._waiting[0].known_at_us[0] <= watermark_us:
            chunk = self._waiting.popleft()
            count = int(np.searchsorted(chunk.known_at_us, watermark_us, side="right"))
            due.append(chunk.take(slice(0, count)))
            if count < len(chunk):
                self._waiting.appendleft(chunk.take(slice(count, None)))
        return due

    def _put_in(self, chunk: Observations) -> None:
        """Adds a chunk behind the others, together with whatever of them does not come before all of it."""
        overlapped: list[Observations] = []
        while self._waiting and _last(self._waiting[-1]) > _first(chunk):
            last = self._waiting.pop()
            before = int(np.searchsorted(last.known_at_us, chunk.known_at_us[0], side="left"))
            overlapped.insert(0, last.take(slice(before, None)))
            if before:
                self._waiting.append(last.take(slice(0, before)))
        self._waiting.append(_in_order(Observations.joined([*overlapped, chunk])) if overlapped else chunk)

    def _known_at(self, place: int) -> int:
        for chunk in self._waiting:
            if place < len(chunk):
                return int(chunk.known_at_us[place])
            place -= len(chunk)
        raise AssertionError("there are not so many")


def _in_order(batch: Observations) -> Observations:
    """By the instant known. Of those known at one instant the ones seen first come first: a bulk delivery is not a heap of late reports."""
    known_us, seen_us = batch.known_at_us, batch.seen_at_us
    rises = known_us[1:] > known_us[:-1]
    if np.all(rises | ((known_us[1:] == known_us[:-1]) & (seen_us[1:] >= seen_us[:-1]))):
        return batch
    return batch.take(np.lexsort((seen_us, known_us)))


def _first(batch: Observations) -> tuple[int, int]:
    return int(batch.known_at_us[0]), int(batch.seen_at_us[0])


def _last(batch: Observations) -> tuple[int, int]:
    return int(batch.known_at_us[-1]), int(batch.seen_at_us[-1])


def without_unused(batch: Observations) -> Observations:
    """The same reports under tables of only what they refer to: what waits must not keep every name ever heard."""
    changed: dict[str, Any] = {}
    for table_name, column_name in TABLES.items():
        table, column = getattr(batch, table_name), getattr(batch, column_name)
        used = np.unique(column[column >= 0])
        if len(used) < len(table):
            changed[table_name] = tuple(table[number] for number in used)
            changed[column_name] = np.where(column >= 0, np.searchsorted(used, column), column).astype(column.dtype)
    return replace(batch, **changed)


def merged(streams: Sequence[Iterator[Observations]]) -> Iterator[Observations]:
    """Several streams, each in known order, as one: nothing is given out before every stream has come that far."""
    heads: list[Observations | None] = [next(stream, None) for stream in streams]
    while alive := [head for head in heads if head is not None]:
        ready_us = min(int(head.known_at_us.max()) for head in alive)
        due = []
        for number, head in enumerate(heads):
            if head is None:
                continue
            # A report behind the watermark keeps its place: it acts with those read before it.
            acts_us = np.maximum.accumulate(head.known_at_us)
            count = int(np.searchsorted(acts_us, ready_us, side="right"))
            if count:
                due.append(head.take(slice(0, count)))
            heads[number] = head.take(slice(count, None)) if count < len(head) else next(streams[number], None)
        batch = Observations.joined(due)
        yield batch if len(due) == 1 else batch.take(np.argsort(batch.known_at_us, kind="stable"))

"""Where everybody was, from the segments of the tracks and from what is not cut into segments yet.

A report that was not taken in at the time (told twice, or too late to change anything) stands in the tracks all the same; one told twice
is one position.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby, pairwise
from typing import NamedTuple, Protocol

import numpy as np

from keepclear.api.desk import Span, Spans, SpansAsked
from keepclear.host.folds import Arrived
from keepclear.store.writes import Value
from keepclear.tracks.observations import NO_AREA, Column, Observations
from keepclear.tracks.packing import unpacked
from keepclear.tracks.picture import Report

SUBJECTS_PER_READ = 500
READ_MAX = 2_000_000
_COLUMNS = ("seen_at_us", "known_at_us", "lat_e7", "lon_e7", "error_mm")


class Segments(Protocol):
    """What of `keepclear.store.store.Store` is asked here."""

    def sequence_known_at(self, at_us: int) -> int:
        """As `Store` says."""

    def segments_at(self, *, exercise: bool, at_us: int, size: int) -> Iterable[Mapping[str, Value]]:
        """As `Store` says."""

    def segments_between(
        self, first: str, last: str, *, exercise: bool, from_us: int, until_us: int
    ) -> Iterable[Mapping[str, Value]]:
        """As `Store` says."""


class _Piece(NamedTuple):
    """Reports of one subject that came by one feed: rows of a batch."""

    feed: str
    batch: Observations
    rows: Column

    def known(self, known_at_us: int, from_us: int, until_us: int) -> Column:
        """Those rows that were seen in a window and known by then."""
        seen, known = self.batch.seen_at_us[self.rows], self.batch.known_at_us[self.rows]
        return self.rows[(known <= known_at_us) & (seen >= from_us) & (seen <= until_us)]


def reports_at(
    store: Segments, tail: Sequence[Arrived], subjects: Collection[str], exercise: bool, at_us: int, known_at_us: int
) -> dict[str, Report]:
    """Of each of these subjects that had reported, the newest report seen by `at_us` and known by `known_at_us`."""
    size = store.sequence_known_at(known_at_us)
    found: dict[str, tuple[tuple[int, int], Observations, int]] = {}

    def look_at(subject: str, piece: _Piece) -> None:
        rows = piece.known(known_at_us, 0, at_us)
        if len(rows):
            seen, known = piece.batch.seen_at_us[rows], piece.batch.known_at_us[rows]
            row = int(rows[np.lexsort((known, seen))[-1]])
            order = int(piece.batch.seen_at_us[row]), int(piece.batch.known_at_us[row])
            if subject not in found or order > found[subject][0]:
                found[subject] = order, piece.batch, row

    for said in store.segments_at(exercise=exercise, at_us=at_us, size=size):
        if said["subject"] in subjects:
            look_at(str(said["subject"]), _piece_of(said))
    for subject, pieces in _by_subject(tail, exercise, subjects).items():
        for piece in pieces:
            look_at(subject, piece)
    return {subject: _report(batch, row) for subject, (_, batch, row) in sorted(found.items())}


def spans(store: Segments, tail: Sequence[Arrived], asked: SpansAsked, feeds: Mapping[str, Collection[str]]) -> Spans:
    """The positions of these subjects, by subject, each by one of its feeds."""
    names = sorted(name for name in feeds if name > asked.after)
    late = _by_subject(tail, asked.exercise, feeds if len(names) > 1 else names)
    found: list[Span] = []
    given = read = 0
    for subject, pieces in _pieces(store, asked, names, late):
        mine = [piece for piece in pieces if piece.feed in feeds[subject]]
        read += sum(len(piece.rows) for piece in mine)
        span = _span(subject, mine, asked)
        if span is None:
            continue
        room = asked.count_max - given
        if found and (len(span.seen_at_us) > room or read > READ_MAX):
            return Spans(found, found[-1].subject)
        if len(span.seen_at_us) > room:  # one subject alone has more than there may be: its newest
            newest = (column[-room:] for column in (span.seen_at_us, span.lat_e7, span.lon_e7, span.error_mm))
            found.append(Span(subject, span.feeds, *newest))
            return Spans(found, subject)
        found.append(span)
        given += len(span.seen_at_us)
    return Spans(found, None)


def _pieces(
    store: Segments, asked: SpansAsked, names: Sequence[str], late: Mapping[str, Sequence[_Piece]]
) -> Iterator[tuple[str, list[_Piece]]]:
    for first in range(0, len(names), SUBJECTS_PER_READ):
        page = names[first : first + SUBJECTS_PER_READ]
        rows = store.segments_between(
            page[0], page[-1], exercise=asked.exercise, from_us=asked.from_us, until_us=asked.until_us
        )
        segments = {subject: list(of) for subject, of in groupby(rows, key=lambda row: str(row["subject"]))}
        for subject in page:
            pieces = [*map(_piece_of, segments.get(subject, ())), *late.get(subject, ())]
            if pieces:
                yield subject, pieces


def _span(subject: str, pieces: Iterable[_Piece], asked: SpansAsked) -> Span | None:
    parts = [(piece, piece.known(asked.known_at_us, asked.from_us, asked.until_us)) for piece in pieces]
    parts = [(piece, rows) for piece, rows in parts if len(rows)]
    if not parts:
        return None
    numbers = {feed: place for place, feed in enumerate(sorted({piece.feed for piece, _ in parts}))}
    columns = np.stack(
        [
            np.concatenate([getattr(piece.batch, name)[rows].astype(np.int64) for piece, rows in parts])
            for name in _COLUMNS
        ]
        + [np.concatenate([np.full(len(rows), numbers[piece.feed]) for piece, rows in parts])]
    )
    columns = np.unique(columns, axis=1)  # in the order seen, then known; one told twice is one
    steps = columns[0] // asked.step_us
    columns = columns[:, np.append(steps[1:] != steps[:-1], True)] if asked.step_us > 1 else columns
    feeds = list(numbers)
    used = tuple(feeds[number] for number in np.unique(columns[-1]).tolist())
    return Span(subject, used, columns[0], columns[2], columns[3], columns[4])


def _piece_of(segment: Mapping[str, object]) -> _Piece:
    data = segment["bytes"]
    assert isinstance(data, bytes)
    batch = unpacked(data)
    return _Piece(str(segment["feed"]), batch, np.arange(len(batch)))


def _by_subject(tail: Sequence[Arrived], exercise: bool, subjects: Collection[str]) -> dict[str, list[_Piece]]:
    found: dict[str, list[_Piece]] = {}
    for arrived in tail:
        if arrived.exercise is not exercise:
            continue
        batch = arrived.observations
        order = np.argsort(batch.subject, kind="stable")
        numbers = batch.subject[order]
        begins = np.flatnonzero(np.diff(numbers, prepend=-1))
        # Nothing is in a batch of which every row was refused.
        for begin, end in pairwise([*begins.tolist(), len(order)]):
            subject = batch.subjects[int(numbers[begin])]
            if subject in subjects:
                found.setdefault(subject, []).append(_Piece(arrived.feed, batch, order[begin:end]))
    return found


def _report(batch: Observations, row: int) -> Report:
    claim, area = batch.claims[int(batch.claim[row])], int(batch.area[row])
    party = claim.attribution.party if claim.attribution else ""
    return Report(
        int(batch.seen_at_us[row]), int(batch.lat_e7[row]), int(batch.lon_e7[row]), int(batch.height_mm[row]), int(batch.datum[row]),
        int(batch.error_mm[row]), "", party, int(batch.known_at_us[row]), int(batch.speed_mmps[row]), int(batch.course_cdeg[row]),
        batch.sources[int(batch.source[row])], claim, None if area == NO_AREA else batch.areas[area], {},
    )  # fmt: skip

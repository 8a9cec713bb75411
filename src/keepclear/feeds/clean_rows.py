"""The clean lines of a delimited file into a batch of reports, many at once.

What words mean (a source, a datum, a claim) is not read a second time here. The first line of a batch that says them
goes row by row; if its report is accepted, and nothing about its words had to be noted, the numbers it got hold for all
lines of the batch that say the same. So what is refused, and why, is told in one place only.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from keepclear.feeds.byte_texts import ABSENT, TEXTS_MAX, Texts, kept
from keepclear.feeds.clean_lines import ROW, CleanLines, CleanReader
from keepclear.feeds.lines import Lines
from keepclear.feeds.reports import NOTED_OF_WORDS, Reports
from keepclear.feeds.words import number_subjects, number_words, without_number
from keepclear.tracks.builder import LINE_MAX, subject_name
from keepclear.tracks.observations import COLUMNS, Column

_TOLD_BY_WORDS = ("source", "datum", "claim", "feed")
_TOLD_BY_CELLS = [name for name in COLUMNS if name not in (*_TOLD_BY_WORDS, "subject", "line")]
# To ask about a text costs about as much as to read a row. A file that says something new every few lines is not worth
# it: the share of lines asked about is bounded.
_ASKED_MIN = 400
_TAKEN_PER_TEXT = 8


class _Lesson(NamedTuple):
    """A text to be put into a table, if the line it stands on is accepted and nothing is noted of its words."""

    texts: Texts
    text: bytes
    rows_before: int
    notes_before: int


class CleanRows:
    """Takes the clean lines of `lines`, as they come, into `reports`, and leaves the others to be read as text."""

    def __init__(self, lines: Lines, reports: Reports, reader: CleanReader) -> None:
        self._lines = lines
        self._reports = reports
        self._builder = reports.builder
        self._reader = reader
        self._content = b""
        self._read: CleanLines | None = None
        self._next = 0
        self._subjects, self._words = Texts.none(), Texts.none()
        self._names: list[str] = []
        self._subject_numbers = np.full(TEXTS_MAX, ABSENT, np.int32)
        self._meanings = np.zeros((len(_TOLD_BY_WORDS), TEXTS_MAX), np.int32)
        self._lesson: _Lesson | None = None
        self._asked = self._taken = 0
        self._batch = reports.builder.batches

    def take(self) -> int:
        """How many rows went into the batch. After 0 the next line is text, or there is none.

        Raises `Refused` where the file breaks off."""
        content, at, end = self._lines.raw()
        if at == end:
            return 0
        if self._batch != self._builder.batches:
            self._forget()
        read = self._lines_at(content, at, end)
        first = self._next
        run = read.strange[first : first + self._reports.room]
        clean = int(run.argmax()) if run.any() else len(run)
        subject_of, words_of = np.empty((2, clean), np.int64)
        starts, reader = read.starts[first : first + clean], self._reader
        told, words_length = number_words(
            read.data, starts, reader.word_cells, reader.delimiter, *self._words, words_of
        )
        count = number_subjects(read.data, starts[:told], reader.subject_cell, *self._subjects, subject_of)
        if count:
            self._put(read, first, subject_of[:count], words_of[:count])
        self._next += count
        self._lines.skip(count, read.begin(self._next))
        if count < told:
            start, stop = starts[count, reader.subject_cell : reader.subject_cell + 2]
            self._ask(read, self._subjects, content[start : stop - 1].strip(b" "))
        elif count < clean:
            held_from = int(self._words.ends[self._words.size[0]])
            self._ask(read, self._words, self._words.held[held_from : held_from + words_length].tobytes())
        elif count < len(run):
            self._leave_to_others(read)
        return count

    def learn(self) -> None:
        """To be called when the first line after a `take` has been read as text, and accepted or refused."""
        lesson, self._lesson = self._lesson, None
        if lesson is None or self._batch != self._builder.batches:
            return
        if (len(self._builder), self._reports.notes[NOTED_OF_WORDS]) != (lesson.rows_before + 1, lesson.notes_before):
            return
        text = np.frombuffer(lesson.text, np.uint8)
        number = kept(*lesson.texts, text, 0, len(text))
        if number != ABSENT and lesson.texts is self._words:
            newest = self._builder.newest()
            self._meanings[:, number] = [newest[name] for name in _TOLD_BY_WORDS]

    def _lines_at(self, content: bytes, at: int, end: int) -> CleanLines:
        """The lines from `at` on; `_next` is the one that begins there."""
        read = self._read
        if content is not self._content or read is None or at >= read.end:
            self._content = content
            read = self._read = self._reader.read(content, at, end)
        self._next = int(np.searchsorted(read.starts[:, 0], at))
        return read

    def _put(self, read: CleanLines, first: int, subject_of: Column, words_of: Column) -> None:
        count = len(subject_of)
        here = slice(len(self._builder), len(self._builder) + count)
        columns = self._builder.columns(count)
        for name in _TOLD_BY_CELLS:
            columns[name][here] = read.sheet[ROW[name], first : first + count]
        columns["subject"][here] = self._numbers_of(subject_of)
        for name, meaning in zip(_TOLD_BY_WORDS, self._meanings, strict=True):
            columns[name][here] = meaning[words_of] if self._words.size[0] > 1 else meaning[0]
        line = self._lines.number + 1
        columns["line"][here] = np.minimum(np.arange(line, line + count), LINE_MAX)
        self._builder.add_written(count)
        self._taken += count
        for note, lacks in read.lacking.items():
            if lacking := int(np.count_nonzero(lacks[first : first + count])):
                self._reports.notes[note] += lacking

    def _leave_to_others(self, read: CleanLines) -> None:
        """The next line is to be read as text, and so are those behind it that are not clean either."""
        others = read.strange[self._next :]
        behind = self._next + (len(others) if others.all() else int(others.argmin()))
        self._lines.decode(read.begin(behind))

    def _ask(self, read: CleanLines, texts: Texts, text: bytes) -> None:
        """The next line is to be read as text, to learn what this text on it means."""
        self._asked += 1
        if self._asked > _ASKED_MIN + self._taken // _TAKEN_PER_TEXT:
            self._lines.decode(read.end)
            return
        self._lines.decode(read.begin(self._next + 1))
        self._lesson = _Lesson(texts, text, len(self._builder), self._reports.notes[NOTED_OF_WORDS])

    def _numbers_of(self, subject_of: Column) -> Column:
        """The numbers in this batch of subjects by the numbers of their texts."""
        names, size = self._names, int(self._subjects.size[0])
        if size > len(names):
            names += map(subject_name, self._subjects.written(len(names), size))
        found = np.empty(len(subject_of), np.int64)
        new = found[: without_number(subject_of, self._subject_numbers, found)]
        self._subject_numbers[new] = self._builder.subject_numbers(map(names.__getitem__, new.tolist()))
        return self._subject_numbers[subject_of]

    def _forget(self) -> None:
        """A batch has tables of its own. The names of subjects are kept: the next batch has mostly the same."""
        self._batch = self._builder.batches
        if self._subjects.is_half_full:
            self._subjects.clear()
            self._names.clear()
        self._subject_numbers.fill(ABSENT)
        self._words.clear()
        self._asked = self._taken = 0
        self._lesson = None

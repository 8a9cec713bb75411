"""The texts of clean lines as numbers, without an object per line: subjects, and what else is said in words.

What a text means is not known here. Both stop at the first text that they do not know and that is not theirs to keep;
whoever reads its line may tell what it gave, and keep it (`feeds.clean_rows`).
"""

from __future__ import annotations

from keepclear.feeds.byte_texts import ABSENT, kept, slot_of
from keepclear.feeds.plain_numbers import trimmed
from keepclear.geo.compiled import compiled
from keepclear.tracks.builder import NAME_CHARS_MAX
from keepclear.tracks.observations import Column

_ASCII = 128


@compiled
def number_subjects(
    data: Column,
    starts: Column,
    cell: int,
    slots: Column,
    ends: Column,
    held: Column,
    size: Column,
    number_of: Column,
) -> int:
    """The numbers of the texts data[starts[i, cell] : starts[i, cell + 1] - 1], and how many there are before it stops.

    Names in ASCII that are new are kept. It stops at a name beyond ASCII, an empty one, and one that is too long."""
    lines = 0
    while lines < len(starts):
        start, stop = trimmed(data, starts[lines, cell], starts[lines, cell + 1] - 1)
        slot = slot_of(slots, ends, held, data, start, stop)
        number = slots[slot] - 1
        if number < 0:
            plain = 0 < stop - start <= NAME_CHARS_MAX
            for at in range(start, stop):
                plain = plain and data[at] < _ASCII
            if plain:
                number = kept(slots, ends, held, size, data, start, stop)
        if slot < 0 or number < 0:
            break
        number_of[lines] = number
        lines += 1
    return lines


@compiled
def without_number(texts: Column, number_of: Column, found: Column) -> int:
    """How many different ones of these texts are ABSENT from `number_of`; they are put into `found`, in order.

    Each of them has number 0 then, until it is given its own."""
    count = 0
    for text in texts:
        if number_of[text] == ABSENT:
            number_of[text] = 0
            found[count] = text
            count += 1
    return count


@compiled
def number_words(
    data: Column,
    starts: Column,
    cells: Column,
    delimiter: int,
    slots: Column,
    ends: Column,
    held: Column,
    size: Column,
    number_of: Column,
) -> tuple[int, int]:
    """The numbers of the words of lines, and how many there are before the first that have not been kept.

    The words of a line are its `cells`, each with the delimiter behind it. Those it stops at stand in `held`, behind
    all that have been kept; their length is given as well, 0 if there was no room for them."""
    first = ends[size[0]]
    behind = first
    lines = 0
    while lines < len(starts):
        if lines > 0 and len(cells) == 0:
            number_of[lines] = number_of[lines - 1]
            lines += 1
            continue
        behind = first
        if first + starts[lines, -1] - starts[lines, 0] > len(held):
            break
        for cell in cells:
            for at in range(starts[lines, cell], starts[lines, cell + 1] - 1):
                held[behind] = data[at]
                behind += 1
            held[behind] = delimiter
            behind += 1
        slot = slot_of(slots, ends, held, held, first, behind)
        if slot < 0 or slots[slot] == 0:
            break
        number_of[lines] = slots[slot] - 1
        lines += 1
    return lines, behind - first

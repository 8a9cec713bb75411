"""Distinct texts as bytes, numbered in the order they came: a table that compiled code can look into.

Everything in it has one size, made once. A text for which there is no room, or that is too hard to find because
many others fall on its place, is simply not kept, and whoever asked has to do without.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from keepclear.geo.compiled import compiled
from keepclear.tracks.observations import Column

TEXTS_MAX = 131_072
HELD_BYTES = 4_194_304
ABSENT = -1
_SLOTS = 2 * TEXTS_MAX
_PROBES_MAX = 64


class Texts(NamedTuple):
    """Text i is held[ends[i]:ends[i + 1]]; behind the last there is room to write a text that is to be looked up.

    slots   int32, 1 + number of a text at the place its bytes fall on, or at one of the next; 0: free
    size    int64, one element: how many texts there are
    """

    slots: Column
    ends: Column
    held: Column
    size: Column

    @staticmethod
    def none() -> Texts:
        """A table without texts."""
        ends, held = np.zeros(TEXTS_MAX + 1, np.int64), np.zeros(HELD_BYTES, np.uint8)
        return Texts(np.zeros(_SLOTS, np.int32), ends, held, np.zeros(1, np.int64))

    @property
    def is_half_full(self) -> bool:
        """Whether there may soon be no room, for texts or for their bytes."""
        return bool(2 * self.size[0] > TEXTS_MAX or 2 * self.ends[self.size[0]] > HELD_BYTES)

    def clear(self) -> None:
        """Forgets all texts."""
        self.slots.fill(0)
        self.size[0] = 0

    def written(self, first: int, behind: int) -> list[str]:
        """The texts from number `first` up to `behind`, which are UTF-8."""
        ends = self.ends[first : behind + 1].tolist()
        held = self.held[ends[0] : ends[-1]].tobytes()
        return [held[start - ends[0] : stop - ends[0]].decode() for start, stop in pairwise(ends)]


@compiled
def kept(slots: Column, ends: Column, held: Column, size: Column, data: Column, start: int, stop: int) -> int:
    """The number of the text data[start:stop], which is put into the table if it is not there; ABSENT: no room."""
    slot = slot_of(slots, ends, held, data, start, stop)
    number = ABSENT
    if slot >= 0:
        number = slots[slot] - 1
        if number < 0 and size[0] < TEXTS_MAX and ends[size[0]] + stop - start <= len(held):
            number = size[0]
            held_from = ends[number]
            for at in range(start, stop):
                held[held_from + at - start] = data[at]
            ends[number + 1] = held_from + stop - start
            slots[slot] = number + 1
            size[0] = number + 1
    return number


@compiled
def slot_of(slots: Column, ends: Column, held: Column, data: Column, start: int, stop: int) -> int:
    """Where slots[slot] - 1 is the number of the text data[start:stop], or -1 if it may be put there; -1 if neither was found within a few places."""
    mixed = stop - start
    for at in range(start, stop):
        mixed = (mixed ^ data[at]) * 0x100000001B3
    first = (mixed ^ (mixed >> 29)) & (_SLOTS - 1)
    for probe in range(_PROBES_MAX):
        slot = (first + probe) & (_SLOTS - 1)
        number = slots[slot] - 1
        if number < 0:
            return slot
        held_from = ends[number]
        if ends[number + 1] - held_from == stop - start:
            at = start
            while at < stop and held[held_from + at - start] == data[at]:
                at += 1
            if at == stop:
                return slot
    return -1

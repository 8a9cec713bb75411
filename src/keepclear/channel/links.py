"""What is owed to one peer and what came from it, in one order, each exactly once, over a link that may lose, double and delay.

    Outbox   numbers what goes to a peer from 1, without gaps; keeps it until the peer has signed that it is there
    Inbox    takes the next number and no other; says what it has taken, and over which bytes
    Pace     when to try again

Both keep a head: the hash of everything in order so far. The signed word "up to 17, head h" is a receipt for seventeen parcels at once,
and shows on the spot if the two sides do not mean the same seventeen. A node that was restored has a new
life, and says so with every word: both sides begin a new series then. One that numbers two different parcels alike within a series has
signed both, and that is the proof.
"""

from __future__ import annotations

from collections import OrderedDict
from enum import StrEnum
from hashlib import sha256
from heapq import heappop, heappush
from typing import NamedTuple

import msgspec

from keepclear.channel.carriage import Carriage
from keepclear.channel.messages import Urgency
from keepclear.ground.written import digest_of, written

AT_ONCE_MAX = 200
# What has a number and goes before anything else: at first and at least what a link of 2 kB a second carries in half a minute, and more
# where the peer signs for it soon.
GOING_BYTES_MIN, GOING_BYTES_MAX = 65_536, 1_048_576
SOON_US, LATE_US = 2_000_000, 20_000_000
PAUSE_US_MIN, PAUSE_US_MAX = 2_000_000, 300_000_000
NOTHING = "0" * 64
_RANK = {Urgency.NOW: 0, Urgency.SOON: 1, Urgency.ROUTINE: 2}
# How far back two parcels of one number are told apart; older ones are doubles.
DIGESTS_KEPT = 100_000
# How many that a peer has taken are kept for it, in case it loses them.
THERE_KEPT = 10_000


class Parcel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One carriage at its place in a series. What a node signs when it hands something over.

    series  within one, a number stands for one carriage; a later series has a greater number"""

    sender: str
    peer: str
    series: int
    number: int
    carriage: Carriage

    @property
    def payload(self) -> bytes:
        """The one byte string of this parcel: RFC 8785."""
        return written(self)

    @property
    def digest(self) -> str:
        """SHA-256 of the payload, in hexadecimal."""
        return digest_of(self)


class Taken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything of a series up to a number is kept here: signed by who took it."""

    taker: str
    sender: str
    series: int
    up_to: int
    head: str


def head_of(head: str, digest: str) -> str:
    """The head when one more parcel stands behind it."""
    return sha256(bytes.fromhex(head) + bytes.fromhex(digest)).hexdigest()


class OutboxState(msgspec.Struct):
    """Everything an outbox holds: what is owed with the head behind it, what waits for its number, and what the peer has taken and may
    lose."""

    series: int
    last: int
    taken: int
    head: str
    taken_head: str
    owed: list[tuple[Parcel, str, int]]
    going_bytes_max: int
    waiting: list[tuple[int, int, Carriage]]
    given: int
    there: list[Carriage]


class InboxState(msgspec.Struct):
    """Everything an inbox holds."""

    life: int
    series: int
    up_to: int
    head: str
    digests: list[tuple[int, str]]


class Outbox:
    """What is owed to a peer.

    A parcel gets its number when it is about to go: what has one goes in that order, and only so much has one at a time that what is
    urgent does not wait long behind it. What waits for a number gets it by urgency, and then in the order it was given.

    series  of what goes out now; the first is the instant at which the node's life began, so that a restored one has a greater
    byte_count  of the sealed bytes of everything that is owed"""

    def __init__(self, own: str, peer: str, series: int) -> None:
        self.own = own
        self.peer = peer
        self._there: OrderedDict[str, Carriage] = OrderedDict()
        self._waiting: list[tuple[int, int, Carriage]] = []
        self._given = self.byte_count = 0
        self._going_bytes_max = GOING_BYTES_MIN
        self._begin(series)

    def _begin(self, series: int) -> None:
        self.series = series
        self.last = self.taken = 0
        self._owed: OrderedDict[int, tuple[Parcel, str, int]] = OrderedDict()
        self._going_bytes = 0
        self._head = self._taken_head = NOTHING

    def __len__(self) -> int:
        return len(self._owed) + len(self._waiting)

    def state(self) -> OutboxState:
        """Everything that is held."""
        return OutboxState(
            self.series, self.last, self.taken, self._head, self._taken_head, list(self._owed.values()),
            self._going_bytes_max, sorted(self._waiting), self._given, list(self._there.values()),
        )  # fmt: skip

    @staticmethod
    def restored(own: str, peer: str, state: OutboxState) -> Outbox:
        """The outbox of this state."""
        box = Outbox(own, peer, state.series)
        box.last, box.taken, box._head, box._taken_head = state.last, state.taken, state.head, state.taken_head
        box._owed.update((one[0].number, one) for one in state.owed)
        box._going_bytes_max = state.going_bytes_max
        box._waiting, box._given = state.waiting, state.given
        box._going_bytes = sum(parcel.carriage.byte_count for parcel, _, _ in state.owed)
        box.byte_count = box._going_bytes + sum(carriage.byte_count for _, _, carriage in state.waiting)
        box._there.update((carriage.digest, carriage) for carriage in state.there)
        return box

    def tells_new(self, taken: Taken) -> bool:
        """Whether this word of the peer says something that is not known here."""
        if taken.series != self.series or taken.up_to < self.taken:
            return False
        return taken.up_to > self.taken or taken.head != self._taken_head

    def give(self, carriage: Carriage, at_us: int) -> None:
        """Owes one more."""
        self._given += 1
        self.byte_count += carriage.byte_count
        heappush(self._waiting, (_RANK[carriage.urgency], self._given, carriage))
        self._number_some(at_us)

    def _number_some(self, at_us: int) -> None:
        while self._waiting and len(self._owed) < AT_ONCE_MAX:
            carriage = self._waiting[0][2]
            if self._owed and self._going_bytes + carriage.byte_count > self._going_bytes_max:
                return
            heappop(self._waiting)
            self.last += 1
            parcel = Parcel(self.own, self.peer, self.series, self.last, carriage)
            self._head = head_of(self._head, parcel.digest)
            self._owed[self.last] = parcel, self._head, at_us
            self._going_bytes += carriage.byte_count

    def owed(self) -> list[Parcel]:
        """What has a number and was not taken yet, in order: as much as goes at once."""
        return [parcel for parcel, _, _ in self._owed.values()]

    def was_taken(self, taken: Taken, at_us: int) -> list[Carriage] | None:
        """The peer says how far it has taken: what is there since, or None where its head is not ours, and it has taken something else."""
        if taken.series != self.series or taken.up_to < self.taken:
            return []  # an old word, overtaken by a newer one
        if taken.up_to == self.taken:
            return [] if taken.head == self._taken_head else None
        if taken.up_to > self.last or self._owed[taken.up_to][1] != taken.head:
            return None
        there = []
        self._took(at_us - self._owed[taken.up_to][2])
        while self.taken < taken.up_to:
            self.taken, (parcel, self._taken_head, _) = self._owed.popitem(last=False)
            there.append(parcel.carriage)
            self._going_bytes -= parcel.carriage.byte_count
            self.byte_count -= parcel.carriage.byte_count
            self._there[parcel.carriage.digest] = parcel.carriage
        while len(self._there) > THERE_KEPT:
            self._there.popitem(last=False)
        self._number_some(at_us)
        return there

    def _took(self, took_us: int) -> None:
        """The peer has signed for something that went out so long ago: more goes at once where that was soon, less where it was late."""
        if took_us < SOON_US:
            self._going_bytes_max = min(2 * self._going_bytes_max, GOING_BYTES_MAX)
        elif took_us > LATE_US:
            self._going_bytes_max = max(self._going_bytes_max // 2, GOING_BYTES_MIN)

    def begin_anew(self, series: int, at_us: int) -> None:
        """One of the two was restored: everything that is still of use goes out once more, under numbers of a new series at least as great
        as this one. What the peer has already it knows by its digest."""
        owed = [parcel.carriage for parcel, _, _ in self._owed.values()]
        waiting = [carriage for _, _, carriage in sorted(self._waiting)]
        again = [one for one in (*self._there.values(), *owed, *waiting) if at_us < one.valid_until_us]
        self._there.clear()
        self._waiting.clear()
        self.byte_count = 0
        self._begin(max(series, self.series + 1))
        for carriage in again:
            self.give(carriage, at_us)


class Pace:
    """When to send to a peer again: at once what is new, and after pauses that grow what it says nothing to.

    Not part of any record: a resend is no message. Times are of this node's clock; `due_us` None: there is nothing to send."""

    def __init__(self) -> None:
        self.attempts = 0
        self.due_us: int | None = None

    def owes(self, at_us: int) -> None:
        """There is something to send."""
        if self.due_us is None or self.attempts == 0:
            self.due_us = at_us

    def was_sent(self, at_us: int) -> None:
        """It has left."""
        self.due_us = at_us + min(PAUSE_US_MIN << min(self.attempts, 20), PAUSE_US_MAX)
        self.attempts += 1

    def heard(self, at_us: int, *, owes: bool) -> None:
        """The peer has taken something: the link is there."""
        self.attempts = 0
        self.due_us = at_us if owes else None


class Arrival(StrEnum):
    """What a parcel is to who gets it.

    new     the next of its series: it is taken
    double  it is here already, byte for byte
    gap     one before it is missing: it is left, and comes again
    lie     another one stood at this number: the peer has signed both
    stale   it is of a series that is over"""

    NEW = "new"
    DOUBLE = "double"
    GAP = "gap"
    LIE = "lie"
    STALE = "stale"


class Inbox:
    """What came from a peer.

    life  of the peer, as it last said; 0: nothing was heard of it"""

    def __init__(self, own: str, peer: str) -> None:
        self.own = own
        self.peer = peer
        self.life = 0
        self.series = 0
        self.up_to = 0
        self.head = NOTHING
        self._digests: dict[int, str] = {}

    def state(self) -> InboxState:
        """Everything that is held."""
        return InboxState(self.life, self.series, self.up_to, self.head, list(self._digests.items()))

    @staticmethod
    def restored(own: str, peer: str, state: InboxState) -> Inbox:
        """The inbox of this state."""
        box = Inbox(own, peer)
        box.life, box.series, box.up_to, box.head = state.life, state.series, state.up_to, state.head
        box._digests = dict(state.digests)
        return box

    def arrival(self, parcel: Parcel, digest: str) -> Arrival:
        """What this parcel is here, given its digest; changes nothing."""
        if parcel.series < self.series:
            return Arrival.STALE
        if parcel.series > self.series:
            return Arrival.NEW if parcel.number == 1 else Arrival.GAP
        if parcel.number <= self.up_to:
            return Arrival.DOUBLE if self._digests.get(parcel.number, digest) == digest else Arrival.LIE
        return Arrival.NEW if parcel.number == self.up_to + 1 else Arrival.GAP

    def hears_of_life(self, life: int) -> bool:
        """The peer says since when it lives; whether it was restored since it was last heard."""
        was, self.life = self.life, max(self.life, life)
        return 0 < was < life

    def digest_of(self, number: int) -> str:
        """Of the parcel that was taken under this number; "" where that is too long ago."""
        return self._digests.get(number, "")

    def take(self, parcel: Parcel, digest: str) -> None:
        """Takes a new one."""
        if parcel.series > self.series:
            self.series, self.head = parcel.series, NOTHING
            self._digests.clear()
        self.up_to = parcel.number
        self.head = head_of(self.head, digest)
        self._digests[parcel.number] = digest
        self._digests.pop(parcel.number - DIGESTS_KEPT, None)

    @property
    def taken(self) -> Taken:
        """What is to be signed for it."""
        return Taken(self.own, self.peer, self.series, self.up_to, self.head)


class Lie(NamedTuple):
    """Two parcels of one number, both signed by the same peer."""

    peer: str
    series: int
    number: int
    digests: tuple[str, str]

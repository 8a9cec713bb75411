"""The feeds of a node: who says so, when each was last heard, what was refused of it, and which have fallen silent."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator

import msgspec

from keepclear.ground.errors import LimitExceeded, Refused
from keepclear.node.events import FeedDeclared, PositionsArrived
from keepclear.tracks.refusals import Refusal

FEEDS_MAX = 1_000
SAMPLES_KEPT = 20
MINUTE_US = 60_000_000


class Feed(msgspec.Struct):
    """A declared feed and its account: rows_read = accepted + duplicate + refused, always.

    silent_since_us  since when it counts as silent; None while it does not
    state            of its connection, as whoever connects says: "connected", "disconnected", "ended", "" not said
    samples          the newest refusals
    given_up         rows that were not taken because too much came at once; not part of rows_read
    minute           number since 1970 of the minute in which it was heard last, and rows of it and of the one before"""

    id: str
    owner: str
    source: str
    grading: str
    silent_after_us: int | None
    declared_at_us: int
    last_heard_us: int | None = None
    silent_since_us: int | None = None
    state: str = ""
    state_why: str = ""
    rows_read: int = 0
    accepted: int = 0
    duplicate: int = 0
    refused: int = 0
    given_up: int = 0
    refused_for: dict[str, int] = {}
    noticed: dict[str, int] = {}
    samples: list[Refusal] = []
    is_open: bool = True
    minute: int = 0
    minute_rows: int = 0
    rows_before: int = 0

    def count_rate(self, rows: int, at_us: int) -> None:
        """Counts rows that came at this instant, a minute at a time."""
        minute = at_us // MINUTE_US
        if minute != self.minute:
            self.rows_before = self.minute_rows if minute == self.minute + 1 else 0
            self.minute, self.minute_rows = minute, 0
        self.minute_rows += rows

    def rows_per_minute(self, at_us: int) -> int:
        """Rows of the last whole minute before this instant."""
        behind = at_us // MINUTE_US - self.minute
        return (self.rows_before, self.minute_rows)[behind] if behind in (0, 1) else 0

    def is_as_declared(self, event: FeedDeclared) -> bool:
        """Whether declaring it so would change nothing."""
        said = (event.owner, event.source, event.grading, event.silent_after_us)
        return self.is_open and said == (self.owner, self.source, self.grading, self.silent_after_us)

    @property
    def silent_at_us(self) -> int | None:
        """When it will count as silent if nothing is heard; None: never, or it does already."""
        if self.silent_after_us is None or self.silent_since_us is not None or not self.is_open:
            return None
        return (self.declared_at_us if self.last_heard_us is None else self.last_heard_us) + self.silent_after_us


class FeedBook:
    """All feeds that were declared, open or ended."""

    def __init__(self, feeds: Iterable[Feed] = ()) -> None:
        self._feeds = {feed.id: feed for feed in feeds}

    def __iter__(self) -> Iterator[Feed]:
        return iter(self._feeds.values())

    def state(self) -> list[Feed]:
        """All feeds by id."""
        return [self._feeds[id] for id in sorted(self._feeds)]

    def held(self, feed_id: str) -> Feed | None:
        """The feed of this id."""
        return self._feeds.get(feed_id)

    def open(self, feed_id: str) -> Feed:
        """The feed of this id, if positions are taken from it; raises `Refused`."""
        feed = self._feeds.get(feed_id)
        if feed is None or not feed.is_open:
            mend = "A planner or an administrator declares feeds; `keepclear status` lists them."
            raise Refused("feed.unknown", "There is no such feed, or it has ended", value=feed_id, mend=mend)
        return feed

    def check_declaration(self, event: FeedDeclared) -> None:
        """Raises `Refused` if this feed cannot be declared."""
        held = self._feeds.get(event.feed)
        if held is not None and held.owner != event.owner:
            raise Refused(
                "feed.of_another", "This feed belongs to another party", value=event.feed, mend="Choose another id."
            )
        if event.silent_after_us is not None and event.silent_after_us <= 0:
            what = "The time after which a feed counts as silent is not above zero"
            raise Refused("feed.silent_after", what, value=event.silent_after_us, where="$.silent_after_us")
        if held is None and len(self._feeds) >= FEEDS_MAX:
            raise LimitExceeded(
                "feeds.too_many", f"There are {FEEDS_MAX:,} feeds already", mend="Use one that has ended."
            )

    def declare(self, event: FeedDeclared, at_us: int) -> Feed:
        """Declares a feed, or declares it anew: its account goes on."""
        held = self._feeds.get(event.feed)
        if held is None:
            feed = Feed(event.feed, event.owner, event.source, event.grading, event.silent_after_us, at_us)
            self._feeds[event.feed] = feed
            return feed
        held.source, held.grading, held.silent_after_us = event.source, event.grading, event.silent_after_us
        held.is_open, held.declared_at_us, held.silent_since_us = True, at_us, None
        return held

    def heard(self, feed: Feed, event: PositionsArrived, duplicate: int, too_late: list[Refusal], at_us: int) -> bool:
        """Takes a batch into the account; whether the feed was silent until now. `too_late` were accepted at the door, but not by the watch."""
        refusals = [*event.refusals, *too_late]
        feed.last_heard_us = at_us
        feed.count_rate(event.rows_read, at_us)
        feed.rows_read += event.rows_read
        feed.refused += len(refusals)
        feed.duplicate += duplicate
        feed.accepted += event.rows_read - len(refusals) - duplicate
        if refusals:
            feed.refused_for = dict(sorted((Counter(feed.refused_for) + Counter(r.key for r in refusals)).items()))
            feed.samples = list(deque([*feed.samples, *refusals], SAMPLES_KEPT))
        if event.noticed:
            feed.noticed = dict(sorted((Counter(feed.noticed) + Counter(dict(event.noticed))).items()))
        was_silent, feed.silent_since_us = feed.silent_since_us is not None, None
        return was_silent

    def fallen_silent(self, at_us: int) -> list[Feed]:
        """The feeds that count as silent from now on, in the order they fell silent."""
        due = [(feed.silent_at_us, feed.id) for feed in self._feeds.values() if feed.silent_at_us is not None]
        fallen = [self._feeds[id] for due_us, id in sorted(due) if due_us <= at_us]
        for feed in fallen:
            feed.silent_since_us = feed.silent_at_us
        return fallen

    @property
    def next_due_us(self) -> int | None:
        """When the next feed will count as silent, if nothing is heard; None: never."""
        return min((feed.silent_at_us for feed in self._feeds.values() if feed.silent_at_us is not None), default=None)

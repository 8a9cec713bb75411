"""One run of the watch over feeds: reads, puts in order, watches, writes, and keeps the account of every row."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TextIO

import numpy as np

from keepclear.cli.outlets import broke_off, let_go
from keepclear.cli.pace import LiveTime
from keepclear.cli.stopping import Stop
from keepclear.cli.tail import Tail
from keepclear.feeds.live_order import LiveOrder
from keepclear.feeds.ordering import KnownOrder, merged
from keepclear.feeds.reading import Block, Feed
from keepclear.ground.errors import Refused
from keepclear.ground.instants import duration_text, utc_text
from keepclear.render.records import line_of
from keepclear.render.sentences import NOT_PERMISSION
from keepclear.tracks.observations import Observations
from keepclear.tracks.picture import VERDICTS, Verdict
from keepclear.tracks.refusals import Refusal
from keepclear.watch.events import Events
from keepclear.watch.watch import Watch

ROWS_PER_STEP = 32_768
HELD_ROWS_MAX = 2_000_000


@dataclass
class Account:
    """Where every row went: read = accepted + duplicate + refused + not_yet_known + not_acted, always.

    reader_gone    whoever read an output went away, which ended the run
    broken_output  an output could not be written any more, which ended the run"""

    rows_read: int = 0
    accepted: int = 0
    duplicate: int = 0
    refused: int = 0
    not_yet_known: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)
    first_refusals: list[Refusal] = field(default_factory=list)
    stopped: bool = False
    reader_gone: bool = False
    broken_output: Refused | None = None

    @property
    def not_acted(self) -> int:
        """Rows read and not acted on, because the run was stopped."""
        return self.rows_read - self.accepted - self.duplicate - self.refused - self.not_yet_known


class WatchRun:
    """Runs feeds through a watch. `shows` is called with the events and the reports of every step."""

    def __init__(
        self,
        watch: Watch,
        *,
        reorder_us: int,
        lateness_us: int,
        known_until_us: int | None,
        events_out: TextIO | None,
        refusals_out: TextIO | None,
        shows: Callable[[Events, Observations | None], None],
        progress: Callable[[str, int], None],
        stop: Stop,
    ) -> None:
        self.watch = watch
        self.account = Account()
        self.behind = 0
        self._stop = stop
        self._reorder_us = reorder_us
        self._lateness_us = lateness_us
        self._known_until_us = known_until_us
        self._events_out = events_out
        self._refusals_out = refusals_out
        self._refusals_due: list[str] = []
        self._shows = shows
        self._progress = progress
        self._names = {zone.id: zone.label for zone in watch.atlas}

    def run(self, feeds: Sequence[Iterable[Block]]) -> Account:
        """Everything the feeds hold, or as much as was done when the stop was asked for."""
        orders = [KnownOrder(reorder_us=self._reorder_us, rows_max=HELD_ROWS_MAX // len(feeds)) for _ in feeds]
        for batch in self._in_order(feeds, orders):
            self._act(batch)
            if self._stop.asked:
                break
        self.behind = sum(order.behind for order in orders)
        return self._end()

    def follow(self, feed: Feed, tail: Tail, time: LiveTime) -> Account:
        """The same for one feed that is followed: it acts as it comes, and time passes while nothing comes."""
        order = LiveOrder(hold_us=self._reorder_us, rows_max=HELD_ROWS_MAX)
        for batch in self._blocks(feed):
            if len(batch):
                time.hear(int(batch.known_at_us.max()), tail.clock.seconds())
                self._act(order.after(self._known(batch)))
            now_us = time.at(tail.dry_at_s)
            if now_us is None or self._stop.asked:
                continue
            if self._known_until_us is not None:
                now_us = min(now_us, self._known_until_us)
            was_us = order.watermark_us
            self._act(order.pass_to(now_us))
            if order.watermark_us is not None and order.watermark_us != was_us:
                self._tell(self.watch.advance(order.watermark_us), None)
        self._act(order.rest())
        self.behind = order.behind
        return self._end()

    def _in_order(self, feeds: Sequence[Iterable[Block]], orders: Sequence[KnownOrder]) -> Iterator[Observations]:
        if len(feeds) == 1:
            return orders[0].in_pieces(self._blocks(feeds[0]))
        return merged([order.through(self._blocks(feed)) for order, feed in zip(orders, feeds, strict=True)])

    def _end(self) -> Account:
        end_us = self.watch.clock_us if self._known_until_us is None else self._known_until_us
        if end_us is not None and not self._stop.asked:
            self._tell(self.watch.advance(end_us), None)
        self._write_refusals()
        self.account.stopped = self._stop.happened or self.account.broken_output is not None
        assert self._stop.asked or self.account.not_acted == 0
        return self.account

    def _blocks(self, feed: Iterable[Block]) -> Iterator[Observations]:
        for block in feed:
            self.account.rows_read += block.rows_read
            for refusal in block.refusals:
                self._refuse(refusal)
            self._write_refusals()
            self._progress("bytes", block.bytes_read)
            yield block.observations
            if self._stop.asked:
                return

    def _known(self, batch: Observations) -> Observations:
        """What of it was known by the instant that is asked about; the others are counted."""
        if self._known_until_us is None:
            return batch
        known = batch.take(batch.known_at_us <= self._known_until_us)
        self.account.not_yet_known += len(batch) - len(known)
        return known

    def _act(self, batch: Observations | None) -> None:
        for first in range(0, len(batch or ()), ROWS_PER_STEP):
            if self._stop.asked:
                return
            assert batch is not None
            self._step(batch.take(slice(first, first + ROWS_PER_STEP)))

    def _step(self, batch: Observations) -> None:
        rows = len(batch)
        batch = self._known(batch)
        events = self.watch.observe(batch)
        codes = events.verdict_codes
        for row in np.flatnonzero(codes == VERDICTS.index(Verdict.TOO_LATE)).tolist():
            self._refuse(self._too_late(batch, row))
        duplicate = int(np.count_nonzero(codes == VERDICTS.index(Verdict.DUPLICATE)))
        self.account.duplicate += duplicate
        self.account.accepted += int(np.count_nonzero(codes != VERDICTS.index(Verdict.TOO_LATE))) - duplicate
        self._progress("rows", rows)
        self._tell(events, batch)

    def _tell(self, events: Events, batch: Observations | None) -> None:
        for kind, count in Counter(map(type, events)).items():
            self.account.events[kind.__name__.lower()] += count
        self._write(events)
        self._shows(events, batch)

    def _write(self, events: Events) -> None:
        if self._events_out is not None:
            lines = [f"{line_of(event, self._names[event.zone])}\n" for event in events]
            self._events_out = self._put(self._events_out, lines)

    def _write_refusals(self) -> None:
        self._refusals_out = self._put(self._refusals_out, self._refusals_due)
        self._refusals_due.clear()

    def _put(self, out: TextIO | None, lines: list[str]) -> TextIO | None:
        """Writes lines and all that waits before them. None if nothing can be written there any more: the run ends."""
        if out is None:
            return None
        try:
            out.writelines(lines)
            out.flush()
            return out
        except BrokenPipeError:
            self.account.reader_gone = True
        except OSError as error:
            self.account.broken_output = self.account.broken_output or broke_off(out, error)
        let_go(out)
        self._stop.asked = True
        return None

    def _refuse(self, refusal: Refusal) -> None:
        self.account.refused += 1
        self.account.reasons[refusal.key] += 1
        if len(self.account.first_refusals) < 5:
            self.account.first_refusals.append(refusal)
        if self._refusals_out is not None:
            self._refusals_due.append(json.dumps(refusal.as_record(), ensure_ascii=False) + "\n")

    def _too_late(self, batch: Observations, row: int) -> Refusal:
        seen, name = utc_text(int(batch.seen_at_us[row])), batch.subjects[batch.subject[row]]
        late = Refused(
            "report.too_late",
            f"A report of {name} seen over {duration_text(self._lateness_us)} later is known already",
            value=f"seen {seen}, known {utc_text(int(batch.known_at_us[row]))}",
            mend="Raise --lateness if such reports should count.",
        )
        return Refusal.of(late, feed=batch.feeds[batch.feed[row]], line=int(batch.line[row]), column="")

    def summary(self, feeds: Iterable[Feed]) -> dict[str, Any]:
        """The account of the run as one JSON object, keys in a fixed order."""
        account, states = self.account, Counter(str(state) for _, _, state in self.watch.states())
        notes: Counter[str] = Counter()
        told = []
        for feed in feeds:
            notes.update(feed.notes)
            told += [f"{feed.name}: {sentence}" for sentence in feed.told]
        clock = self.watch.clock_us
        return {
            "event": "summary", "rows_read": account.rows_read, "accepted": account.accepted, "duplicate": account.duplicate,
            "refused": account.refused, "not_yet_known": account.not_yet_known, "not_acted": account.not_acted,
            "refused_for": dict(sorted(account.reasons.items())), "late": self.watch.counts[Verdict.LATE], "behind": self.behind,
            "jump": self.watch.counts["jump"], "contradiction": self.watch.counts["contradiction"],
            "noticed": dict(sorted(notes.items())), "zones": len(self.watch.atlas), "subjects": self.watch.subject_count,
            "presence": account.events["presence"], "alerts": account.events["alert"], "corrections": account.events["correction"],
            "inside": states["inside"], "close": states["close"], "lost": states["lost"],
            "clock": None if clock is None else utc_text(clock), "stopped": account.stopped, "told": told, "note": NOT_PERMISSION,
        }  # fmt: skip

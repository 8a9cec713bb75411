"""Reports of a feed that is followed, in the order in which they act: as they come, or held back for a stated while.

`KnownOrder` puts whole blocks in order, which a feed that is followed cannot: a block is what happened to be there.
Here each report is judged by itself, so that the same reports in other portions act in the same order.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from keepclear.feeds.ordering import without_unused
from keepclear.tracks.observations import Column, Observations


class LiveOrder:
    """Batches in, batches out. Time passes by the reports and by `pass_to`; the watermark is that time less `hold_us`.

    After each report, what is known at or before the watermark comes out by `known_at_us`, equal ones in the order they
    were seen. The watermark never falls: a report behind it comes out at once and is counted. `known_at_us` of what
    comes out never falls within a batch; a report behind another has been raised to it, which is when it acts.
    If more than `rows_max` are held after a batch, the oldest come out until they fit, and the watermark rises to them.

    behind        reports that came in behind the watermark
    watermark_us  None before the first report
    """

    def __init__(self, *, hold_us: int, rows_max: int) -> None:
        assert hold_us >= 0
        assert rows_max >= 1
        self.behind = 0
        self.watermark_us: int | None = None
        self._hold_us = hold_us
        self._rows_max = rows_max
        self._waiting: Observations | None = None

    @property
    def held(self) -> int:
        """Reports waiting."""
        return 0 if self._waiting is None else len(self._waiting)

    def after(self, batch: Observations) -> Observations:
        """What comes out once these reports have come in, in the order of their rows."""
        if not len(batch):
            return batch
        watermark_us = np.maximum.accumulate(batch.known_at_us - self._hold_us)
        if self.watermark_us is not None:
            watermark_us = np.maximum(watermark_us, self.watermark_us)
            self.behind += int(batch.known_at_us[0] < self.watermark_us)
        self.behind += int(np.count_nonzero(batch.known_at_us[1:] < watermark_us[:-1]))
        held = self.held
        joined = batch if self._waiting is None else Observations.joined([self._waiting, batch])
        # The row of the batch after which each report comes out, which is not before its own.
        out_after = np.searchsorted(watermark_us, joined.known_at_us, side="left")
        out_after[held:] = np.maximum(out_after[held:], np.arange(len(batch)))
        return self._parted(joined, out_after, len(batch), int(watermark_us[-1]))

    def pass_to(self, at_us: int) -> Observations | None:
        """What comes out once time has passed to an instant; None if nothing does."""
        if self.watermark_us is None or at_us - self._hold_us <= self.watermark_us:
            return None
        watermark_us = at_us - self._hold_us
        if self._waiting is None or not len(self._waiting):
            self.watermark_us = watermark_us
            return None
        out_after = (self._waiting.known_at_us > watermark_us).astype(np.int64)
        due = self._parted(self._waiting, out_after, 1, watermark_us)
        return due if len(due) else None

    def rest(self) -> Observations | None:
        """What is still held, in order; None if nothing is."""
        latest_us = None if self._waiting is None or not len(self._waiting) else int(self._waiting.known_at_us.max())
        return None if latest_us is None else self.pass_to(latest_us + self._hold_us)

    def _parted(self, joined: Observations, out_after: Column, steps: int, watermark_us: int) -> Observations:
        order = np.lexsort((joined.seen_at_us, joined.known_at_us, out_after))
        due = int(np.count_nonzero(out_after < steps))
        if len(joined) - due > self._rows_max:
            due = len(joined) - self._rows_max
            watermark_us = max(watermark_us, int(joined.known_at_us[order[due - 1]]))
        self.watermark_us = watermark_us
        self._waiting = without_unused(joined.take(order[due:]))
        out = joined.take(order[:due])
        return replace(out, known_at_us=np.maximum.accumulate(out.known_at_us))

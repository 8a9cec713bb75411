"""Plays a recording: each row is written when it is due, and the time of the recording is shown."""

from __future__ import annotations

from collections.abc import Callable
from mmap import mmap
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from keepclear.feeds.clock import Clock
from keepclear.feeds.recording import Recording

ROWS_PER_WRITE = 8_192
# A stop is noticed, and the time shown, at least this often.
WAIT_S_MAX = 0.2


class Player:
    """Writes the rows of a recording in whole lines, at once when they are due; what is overdue goes out together.

    played  rows written so far"""

    def __init__(
        self,
        recording: Recording,
        content: mmap | bytes,
        clock: Clock,
        *,
        stopped: Callable[[], bool],
        shows: Callable[[int], None],
    ) -> None:
        self.played = 0
        self._recording = recording
        self._content = content
        self._clock = clock
        self._stopped = stopped
        self._shows = shows

    def play(self, due_s: npt.NDArray[np.float64], out: BinaryIO) -> None:
        """Each row at its seconds after the beginning, which never fall, or until stopped."""
        began_s = self._clock.seconds()
        out.write(self._recording.head)
        out.flush()
        while self.played < len(due_s) and not self._stopped():
            passed_s = self._clock.seconds() - began_s
            due = int(np.searchsorted(due_s, passed_s, side="right"))
            if due > self.played:
                last = min(due, self.played + ROWS_PER_WRITE)
                out.write(self._recording.rows(self._content, self.played, last))
                out.flush()
                self.played = last
                self._shows(int(self._recording.known_us[last - 1]))
            else:
                self._clock.wait(min(float(due_s[due]) - passed_s, WAIT_S_MAX))

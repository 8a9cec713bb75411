"""How a run is stopped: after the step it is in, or where it waits for input, with everything done so far kept."""

from __future__ import annotations

import signal
import sys
from io import BufferedReader
from types import FrameType

from keepclear.ground.errors import Refused

_SIGNALS_IGNORED_MAX = 2


class Stop:
    """Asked for by Ctrl-C or SIGTERM. Used as a context; the third signal ends the program at once.

    asked     the run should end after the step it is in; where standard input is read, the first stop only ends the input
    happened  a stop was asked for, here or at the input"""

    def __init__(self) -> None:
        self.asked = False
        self.happened = False
        self._reads_input = False
        self._waiting_for_input = False
        self._signals = 0
        self._before: dict[int, object] = {}

    def __enter__(self) -> Stop:
        self._before = {number: signal.signal(number, self._ask) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        self.happened = True
        self._signals += 1
        if self._signals > _SIGNALS_IGNORED_MAX:
            raise KeyboardInterrupt
        if self._waiting_for_input:
            self._waiting_for_input = False
            raise InterruptedError("it was stopped")
        self.asked = self.asked or not self._reads_input or self._signals > 1

    def end_input_first(self) -> None:
        """From now on the first stop only ends the input; whoever reads it asks `happened`."""
        self._reads_input = True

    def input_stream(self) -> StandardInput:
        """Standard input; a stop while it is waited for breaks the feed off there, and what came before it counts."""
        self.end_input_first()
        return StandardInput(self)

    def read(self, size: int) -> bytes:
        """At most `size` bytes of standard input, as soon as there are any."""
        self._waiting_for_input = True
        try:
            if self.happened:
                raise InterruptedError("it was stopped")
            assert isinstance(sys.stdin.buffer, BufferedReader)
            return sys.stdin.buffer.read1(size)
        finally:
            self._waiting_for_input = False


class StandardInput:
    """A stream for a feed."""

    name = "standard input"

    def __init__(self, stop: Stop) -> None:
        if sys.stdin is None:
            raise Refused("input.closed", "There is no standard input", mend="Name a file, or pipe something in.")
        self._stop = stop

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes."""
        return self._stop.read(size)

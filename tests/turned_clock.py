"""A clock that is turned by hand, and a source that gives its bytes at stated times of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from keepclear.cli.tail import Tail


class TurnedClock:
    """Time passes only where somebody waits; at stated times something is done."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self._due: list[tuple[float, Callable[[], object]]] = []

    def at(self, seconds: float, do: Callable[[], object]) -> None:
        """Does it when that time has come, within the wait that passes it."""
        self._due = sorted([*self._due, (seconds, do)], key=lambda due: due[0])

    def seconds(self) -> float:
        return self.now_s

    def wait(self, seconds: float) -> None:
        until_s = self.now_s + seconds
        while self._due and self._due[0][0] <= until_s:
            self.now_s, do = max(self.now_s, self._due[0][0]), self._due.pop(0)[1]
            do()
        self.now_s = until_s

    def wait_for_bytes(self, descriptor: int, seconds: float) -> bool:
        raise NotImplementedError("a turned clock has no descriptors")


class Arriving:
    """Gives portions of bytes, each from its second on, and ends with the last of them."""

    name = "radio.csv"
    anew = ""

    def __init__(self, portions: Iterable[tuple[float, bytes]], clock: TurnedClock) -> None:
        self._portions = list(portions)
        self._clock = clock

    def take(self) -> bytes | None:
        if not self._portions:
            return b""
        if self._portions[0][0] > self._clock.now_s:
            return None
        return self._portions.pop(0)[1] or self.take()

    def wait(self, seconds: float) -> None:
        self._clock.wait(min(seconds, max(0.0, self._portions[0][0] - self._clock.now_s)) if self._portions else 0.0)

    def close(self) -> None: ...


def tail_of(source, clock: TurnedClock, *, delay_s: float = 0.2, stopped=lambda: False, said=None) -> Tail:
    """A tail by a turned clock; what it says is appended to `said`."""
    return Tail(
        source, clock=clock, delay_s=delay_s, stopped=stopped, say=(lambda _: None) if said is None else said.append
    )

"""How much one user may ask: so many requests a minute, and as many at once."""

from __future__ import annotations

USERS_HELD_MAX = 10_000
MINUTE_US = 60_000_000


class Pace:
    """A bucket of requests for each user, that fills again with time."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._buckets: dict[str, tuple[float, int]] = {}

    def wait_s(self, user: str, now_us: int) -> int:
        """Takes one request out of the user's bucket: 0. Where there is none, after how many seconds there will be."""
        left, at_us = self._buckets.get(user, (float(self._per_minute), now_us))
        left = min(self._per_minute, left + (now_us - at_us) * self._per_minute / MINUTE_US)
        if left < 1.0:
            return int((1.0 - left) * 60 / self._per_minute) + 1 if self._per_minute else 60
        if len(self._buckets) >= USERS_HELD_MAX and user not in self._buckets:
            self._buckets.clear()
        self._buckets[user] = (left - 1.0, now_us)
        return 0

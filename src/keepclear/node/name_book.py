"""What subjects are called: claims, each with the feed that makes it. Nothing is concluded from a name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

# Names of all feeds together; what comes beyond is not held, and not told.
NAMES_MAX = 100_000


class NameBook:
    """For each subject the newest name that each feed gives it."""

    def __init__(self, names: Mapping[str, Mapping[str, str]]) -> None:
        self._names = {subject: dict(by_feed) for subject, by_feed in names.items()}
        self._count = sum(map(len, self._names.values()))
        # How often a name was new: whoever remembers it knows whether to look again.
        self.news = 0

    def state(self) -> dict[str, dict[str, str]]:
        """Subject to feed to name, in an order that does not depend on how it came about."""
        return {subject: dict(sorted(self._names[subject].items())) for subject in sorted(self._names)}

    def of(self, subject: str) -> Mapping[str, str]:
        """Feed to name."""
        return self._names.get(subject, {})

    def heard(self, feed: str, names: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """Takes what a feed says; gives the subjects and names of which that is new."""
        new = []
        for subject, name in names:
            held = self._names.get(subject, {}).get(feed)
            if held == name or (held is None and self._count >= NAMES_MAX):
                continue
            self._names.setdefault(subject, {})[feed] = name
            self._count += held is None
            self.news += 1
            new.append((subject, name))
        return new

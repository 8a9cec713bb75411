"""What an audit finds: where, how bad, and in words."""

from __future__ import annotations

from dataclasses import dataclass

FINDINGS_MAX = 1_000

ERROR = "error"
NOTE = "note"


@dataclass(frozen=True)
class Finding:
    """Something that is not as it was signed, or that could not be judged.

    key         what kind of fault, stable across versions: "record.body_changed"
    severity    "error": the copy is not the record, or cannot be shown to be; "note": worth knowing, and explained
    first, end  the entries it concerns, from `first` up to, not including, `end`; the same: the place before `first`
    where       the line of the file, where there is one
    """

    key: str
    severity: str
    first: int
    end: int
    what: str
    where: str = ""

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"{place}{entries_named(self.first, self.end)}: {self.what}"


def entries_named(first: int, end: int) -> str:
    """Entries from `first` up to, not including, `end`, as a person says it."""
    if end - first == 1:
        return f"entry {first}"
    return f"entries {first} to {end - 1}" if end > first else f"before entry {first}"


class Findings:
    """The findings of one audit: the first thousand are kept, the rest is counted."""

    def __init__(self) -> None:
        self._kept: list[Finding] = []
        self.more = 0

    def error(self, key: str, first: int, end: int, what: str, where: str = "") -> None:
        """Notes a fault."""
        self._add(Finding(key, ERROR, first, end, what, where))

    def note(self, key: str, first: int, end: int, what: str, where: str = "") -> None:
        """Notes what is no fault, and should be known."""
        self._add(Finding(key, NOTE, first, end, what, where))

    def in_order(self) -> tuple[Finding, ...]:
        """Those kept, by the entries they concern."""
        return tuple(sorted(self._kept, key=lambda finding: (finding.first, finding.end)))

    def _add(self, finding: Finding) -> None:
        if len(self._kept) < FINDINGS_MAX:
            self._kept.append(finding)
        else:
            self.more += 1

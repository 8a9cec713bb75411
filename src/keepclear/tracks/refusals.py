"""What was refused of a feed, kept as a value: which feed, where in it, what is wrong, and how to mend it."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from keepclear.ground.errors import Refused


@dataclass(frozen=True)
class Refusal:
    """One row that was read and not accepted.

    line    physical line of the file, the first is 1
    column  the column as the file names it, or the JSON path of the value; "" where the whole row is meant
    key     what kind of fault, stable across versions: "time.no_zone"
    """

    feed: str
    line: int
    column: str
    key: str
    what: str
    value: str
    mend: str

    @staticmethod
    def of(refused: Refused, *, feed: str, line: int, column: str) -> Refusal:
        """The refusal of a row; `column` says in the words of the file what `refused.where` says in ours."""
        return Refusal(feed, line, column, refused.key, refused.what, refused.value, refused.mend)

    def as_record(self) -> dict[str, str | int]:
        """One JSON object with the names above."""
        return asdict(self)

    def __str__(self) -> str:
        column = f", {self.column}" if self.column else ""
        value = f" (given: {self.value})" if self.value else ""
        return f"{self.feed}, line {self.line}{column}: {self.what}{value}. {self.mend}".rstrip()

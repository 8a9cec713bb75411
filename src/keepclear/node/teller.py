"""What one event leads to, line by line: numbered, in order."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from keepclear.ground.instants import utc_text
from keepclear.node.effects import Told


class Teller:
    """Numbers what one event leads to: everything told goes through here, in order."""

    def __init__(self, sequence: int, at_us: int) -> None:
        self.sequence = sequence
        self.at_us = at_us
        self.told: list[Told] = []

    @property
    def next_id(self) -> str:
        """The id of what is told next."""
        return f"{self.sequence}.{len(self.told)}"

    def tell(self, line: str, *, exercise: bool, **about: str) -> None:
        """Tells a line. `about`: what `Told` has of whom it is about."""
        self.told.append(Told(self.sequence, len(self.told), self.at_us, line, exercise=exercise, **about))

    def line(self, what: str, members: Mapping[str, object], *, exercise: bool) -> str:
        """A line of these members, in this order, behind what it is and when."""
        said = {"event": what, "at": utc_text(self.at_us), **members}
        if exercise:
            said["exercise"] = True
        return msgspec.json.encode(said).decode()

    def tell_of(self, what: str, members: Mapping[str, object], *, exercise: bool, **about: str) -> None:
        """Tells such a line."""
        self.tell(self.line(what, members, exercise=exercise), exercise=exercise, **about)

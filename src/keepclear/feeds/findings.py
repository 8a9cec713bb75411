"""What is wrong with a file, all of it: each finding with its place, its kind, the value and the way to mend it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal, ParamSpec, TypeVar

from keepclear.ground.errors import Refused, shown

Arguments = ParamSpec("Arguments")
Value = TypeVar("Value")

FAULTS_MAX = 10_000

_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class Fault:
    """An "error" makes the file unusable, a "note" does not. `path` is a JSON path, or a line and column."""

    severity: Literal["error", "note"]
    path: str
    key: str
    what: str
    value: str = ""
    mend: str = ""

    def __str__(self) -> str:
        value = f" (given: {self.value})" if self.value else ""
        mend = f" {self.mend}" if self.mend else ""
        return f"{self.path}: {self.what}{value}.{mend}"


class Enough(Exception):
    """`FAULTS_MAX` faults were found; nobody reads on. Caught where the reading of the file began."""


class Findings:
    """Collects faults, so that reading goes on after the first."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.error_count = 0

    def error(self, path: str, refused: Refused) -> None:
        """The refusal as an error at `path`, followed by the place inside that the refusal knows."""
        self.error_count += 1
        self._add("error", path, refused)

    def note(self, path: str, refused: Refused) -> None:
        """The same, for something a person should know of and may leave."""
        self._add("note", path, refused)

    def attempt(
        self, path: str, read: Callable[Arguments, Value], /, *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> Value | None:
        """What `read` gives, or None after its refusal became an error at `path`."""
        try:
            return read(*args, **kwargs)
        except Refused as refused:
            self.error(path, refused)
            return None

    def members(self, path: str, value: object, known: Iterable[str]) -> dict[str, object]:
        """The members of one of our own objects, those that are null left out; nothing if it is no object.

        Nobody else writes there, so a name we do not know is an error."""
        if not isinstance(value, dict):
            mend = f"Write an object with {', '.join(known)}."
            self.error(path, Refused("json.not_object", "This is not an object", value=value, mend=mend))
            return {}
        for name in value:
            if name not in known:
                self.error(below(path, name), unknown_name(name, known))
        return {name: member for name, member in value.items() if member is not None}

    def _add(self, severity: Literal["error", "note"], path: str, refused: Refused) -> None:
        if len(self.faults) >= FAULTS_MAX:
            raise Enough
        place = f"{path}{refused.where}"
        self.faults.append(Fault(severity, place, refused.key, refused.what, refused.value, refused.mend))


def below(path: str, name: str) -> str:
    """The path of the member `name` of the object at `path`."""
    return f"{path}.{name}" if _PLAIN_NAME.fullmatch(name) else f"{path}[{json.dumps(shown(name))}]"


def unknown_name(name: str, known: Iterable[str]) -> Refused:
    """A member that is not read, with the known name it resembles."""
    listed = list(known)
    near = get_close_matches(name[:100].lower().replace("-", "_").replace(" ", "_"), listed, n=1, cutoff=0.7)
    mend = f'Did you mean "{near[0]}"?' if near else f"Read here: {', '.join(listed)}."
    return Refused("property.unknown", "This member is not known and is not read", value=name, mend=mend)

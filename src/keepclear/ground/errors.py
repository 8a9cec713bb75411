"""The failures a caller can act on.

    KeepclearError
    ├── Refused        the input is at fault: it says what, where, shows the value, and how to mend it
    └── LimitExceeded  the input may be well-formed, but is larger than a named limit

A bug of ours is an ordinary exception and is not caught anywhere. A bad row of a feed is
not an exception to the run: the feed turns the `Refused` of that row into a kept value.
"""

from __future__ import annotations

SHOWN_CHARS_MAX = 120


def printable(text: str) -> str:
    """The text with everything that could steer a terminal made visible: control characters, bidi overrides."""
    return "".join(ch if ch.isprintable() or ch == " " else f"\\x{ord(ch):02x}" for ch in text)


def shown(value: object) -> str:
    """The offending value as one short line of text: never more than 120 characters, no line breaks."""
    text = printable(value if isinstance(value, str) else repr(value))
    return text if len(text) <= SHOWN_CHARS_MAX else text[: SHOWN_CHARS_MAX - 1] + "…"


class KeepclearError(Exception):
    """Everything this library raises on purpose."""


class Refused(KeepclearError):
    """A value that cannot be accepted as it stands. Caused by the input, never by a failing disk or a bug.

    key    what kind of fault, stable across versions, for programs: "time.no_zone"
    what   one sentence for people, without the value and without the place
    value  the offending value as it was given
    mend   what the person can do about it
    where  line and column, or a JSON path; filled in by whoever knows it
    """

    def __init__(self, key: str, what: str, *, value: object = "", mend: str = "", where: str = "") -> None:
        self.key = key
        self.what = what
        self.value = shown(value)
        self.mend = mend
        self.where = where
        super().__init__(key, what)

    def at(self, where: str) -> Refused:
        """The same refusal, with the place it was found ("FILE: "); a place already known is kept behind it."""
        self.where = f"{where}{self.where}" if self.where else where.removesuffix(": ")
        return self

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        value = f" (given: {self.value})" if self.value else ""
        mend = f" {self.mend}" if self.mend else ""
        return f"{place}{self.what}{value}.{mend}"


class LimitExceeded(Refused):
    """More than a named limit allows. Raising the limit is a decision of whoever runs the node."""

"""Where bytes come from that are not all there yet: a file that somebody writes, or a pipe."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

from keepclear.feeds.clock import Clock
from keepclear.ground.errors import Refused

TAKEN_BYTES_MAX = 65_536


class Growing(Protocol):
    """Gives bytes as they come.

    anew  why the bytes to come begin a file of their own, once they do; "" while they go on
    """

    name: str
    anew: str

    def take(self) -> bytes | None:
        """Some bytes if they are there, b"" at the end, None if there is nothing for now."""

    def wait(self, seconds: float) -> None:
        """Waits until there may be more, at most so long."""

    def close(self) -> None:
        """Gives back what was opened."""


def growing(path: str, clock: Clock) -> Growing:
    """What to follow under this name: a file, or what is read like a pipe. Refuses what cannot be opened."""
    try:
        if Path(path).exists() and not (Path(path).is_file() or Path(path).is_dir()):
            return Pipe(os.open(path, os.O_RDONLY), Path(path).name, clock, closes=True)
        return GrowingFile(path, clock)
    except OSError as error:
        what = f"The file cannot be opened ({error.strerror})"
        mend = "Check the path, and that you may read it. A file to follow must be there at the start."
        raise Refused("file.unreadable", what, value=path, mend=mend) from error


class GrowingFile:
    """A file from its beginning, or from where it ends now with `at_end`, and then as it grows; it has no end.

    A file of the same name that takes its place is gone over to when the old one has been read to where it ends. A
    file that is shorter than what was read of it is read again from its beginning."""

    def __init__(self, path: str, clock: Clock, *, at_end: bool = False) -> None:
        self.name = Path(path).name
        self.anew = ""
        self._path = Path(path)
        self._clock = clock
        self._file = self._path.open("rb", buffering=0)
        if at_end:
            self._file.seek(0, os.SEEK_END)

    def take(self) -> bytes | None:
        """What was written since, None if nothing was."""
        self.anew = ""
        if got := self._file.read(TAKEN_BYTES_MAX):
            return got
        opened = os.fstat(self._file.fileno())
        try:
            there = self._path.stat()
        except OSError:  # between the old file and the new one there may be none
            return None
        if (there.st_dev, there.st_ino) != (opened.st_dev, opened.st_ino):
            if last := self._file.read(TAKEN_BYTES_MAX):
                return last
            return self._begin_anew("was replaced by another")
        if opened.st_size < self._file.tell():
            return self._begin_anew("is shorter than before")
        return None

    def _begin_anew(self, why: str) -> bytes | None:
        try:
            opened = self._path.open("rb", buffering=0)
        except OSError:
            return None
        self._file.close()
        self._file = opened
        self.anew = why
        return self._file.read(TAKEN_BYTES_MAX) or None

    def wait(self, seconds: float) -> None:
        """Nothing tells when a file grows: it is looked at again after so long."""
        self._clock.wait(seconds)

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


class Pipe:
    """A descriptor such as that of standard input; it ends when its writer does. `closes` says whether it is ours."""

    def __init__(self, descriptor: int, name: str, clock: Clock, *, closes: bool) -> None:
        self.name = name
        self.anew = ""
        self._descriptor = descriptor
        self._closes = closes
        self._clock = clock

    def take(self) -> bytes | None:
        """What has come, b"" when the writer has closed its end."""
        return os.read(self._descriptor, TAKEN_BYTES_MAX) if self._clock.wait_for_bytes(self._descriptor, 0.0) else None

    def wait(self, seconds: float) -> None:
        """Until something comes, at most so long."""
        self._clock.wait_for_bytes(self._descriptor, seconds)

    def close(self) -> None:
        """Closes it, if it is ours."""
        if self._closes:
            self._closes = False
            os.close(self._descriptor)

"""The content of a file as it is unpacked, mapped into memory: at hand from end to end, and not held."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import IO

from keepclear.feeds.arrival import Arrival
from keepclear.ground.errors import Refused

_GZIP_MAGIC = b"\x1f\x8b\x08"


def unpacked(path: str, files: ExitStack) -> tuple[mmap, Refused | None]:
    """The content, and where it breaks off if it does; the line on which it does is left out. Closed with `files`.

    A gzip file is unpacked into a temporary file, so the folder for such files needs room for all of it."""
    try:
        packed: IO[bytes] = files.enter_context(Path(path).open("rb"))  # noqa: SIM115
        is_gzip = packed.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC
        packed.seek(0)
    except OSError as error:
        mend = "Check the path, and that you may read it. A pipe cannot be played: write it to a file first."
        what = f"The file cannot be opened ({error.strerror})"
        raise Refused("file.unreadable", what, value=path, mend=mend) from error
    plain, broken = _unpack(packed, files) if is_gzip else (packed, None)
    try:
        return files.enter_context(mmap(plain.fileno(), 0, access=ACCESS_READ)), broken
    except ValueError as error:
        mend = "Check that it was written to the end."
        raise broken or Refused("file.empty", "There is nothing in the file", mend=mend, where=path) from error


def _unpack(packed: IO[bytes], files: ExitStack) -> tuple[IO[bytes], Refused | None]:
    plain = files.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
    arrival, whole_lines = Arrival(packed), 0
    try:
        while piece := arrival.piece():
            if b"\n" in piece:
                whole_lines = plain.tell() + piece.rfind(b"\n") + 1
            plain.write(piece)
    except Refused as broken:
        plain.truncate(whole_lines)
        return plain, broken
    finally:
        plain.flush()
    return plain, None

"""Bytes as they come in: unpacked where they are gzip, cut into pieces of one size, and a break in them known as one.

However a stream hands out its bytes, one by one or all at once, the pieces are the same. A feed therefore cannot
depend on how it arrived. Only a stream that says it has nothing for now ends a piece early: it is followed, and
what is there must not wait for what may come.
"""

from __future__ import annotations

import zlib
from enum import Enum
from gzip import BadGzipFile
from typing import Protocol

from keepclear.ground.errors import Refused

SAMPLE_BYTES = 65_536
PIECE_BYTES = 262_144
_GZIP_MAGIC = b"\x1f\x8b\x08"
_GZIP_WBITS = 31


class Anew(Enum):
    """Stands between the bytes of a stream that is followed where those of another file begin."""

    ANEW = 0


ANEW = Anew.ANEW


class Stream(Protocol):
    """What gives out bytes: a binary file, standard input, a socket file."""

    def read(self, size: int, /) -> bytes | Anew | None:
        """At most `size` bytes, b"" at the end; None, as of `io.RawIOBase`, where there is nothing for now."""


class Arrival:
    """The content of a stream in pieces of `PIECE_BYTES`, the first of `SAMPLE_BYTES`; the last one may be shorter, and
    b"" follows it.

    A stream that begins with plain text may say None or ANEW between its bytes; the piece before it is then shorter as well.

    After a break (gzip that ends early or is damaged, a failing read) everything before it is given out first; the
    next call raises `Refused`. At most two pieces are held, whatever the compression ratio.

    sample       the first piece, for finding out what this is; `piece` gives it out again
    bytes_taken  from the stream so far, packed if it is packed: what a progress bar counts
    """

    def __init__(self, stream: Stream) -> None:
        self.bytes_taken = 0
        self._stream = stream
        self._ready = bytearray()
        self._packed = b""
        self._inflate: zlib._Decompress | None = None
        self._ended = False
        self._due_after_piece: list[Anew | None] = []
        self._break: Refused | None = None
        self._recognise_gzip()
        first = self._next(SAMPLE_BYTES)
        self.sample = first if isinstance(first, bytes) else b""
        self._sample_due = bool(self.sample)

    def piece(self) -> bytes:
        """The next piece, b"" at the end; raises `Refused` where the content breaks off."""
        piece = self.piece_for_now()
        assert isinstance(piece, bytes)  # what is followed is read line by line
        return piece

    def piece_for_now(self) -> bytes | Anew | None:
        """The same; None where the stream has nothing for now, ANEW where another file begins."""
        if self._sample_due:
            self._sample_due = False
            return self.sample
        return self._next(PIECE_BYTES)

    def _recognise_gzip(self) -> None:
        head = b""
        while len(head) < len(_GZIP_MAGIC):
            got = self._read(len(_GZIP_MAGIC) - len(head))
            if not isinstance(got, bytes) or not got:
                break
            head += got
        if head == _GZIP_MAGIC:
            self._inflate = zlib.decompressobj(_GZIP_WBITS)
            self._packed = head
        else:
            self._ready += head

    def _next(self, size: int) -> bytes | Anew | None:
        if self._due_after_piece:
            return self._due_after_piece.pop()
        while len(self._ready) < size and not self._ended:
            if self._inflate is not None:
                self._unpack(self._inflate)
                continue
            got = self._read(size - len(self._ready))
            if not isinstance(got, bytes):
                if not self._ready:
                    return got
                self._due_after_piece.append(got)
                break
            if len(got) == size:
                return got
            self._ready += got
            self._ended = not got
        piece = bytes(self._ready[:size])
        del self._ready[:size]
        if not piece and self._break is not None:
            raise self._break
        return piece

    def _read(self, size: int) -> bytes | Anew | None:
        try:
            got = self._stream.read(size)
        except (OSError, EOFError, zlib.error) as error:
            damaged = isinstance(error, zlib.error | BadGzipFile)
            self._break_off(f"Reading stopped before the end ({error})", damaged=damaged)
            return b""
        self.bytes_taken += len(got) if isinstance(got, bytes) else 0
        return got

    def _unpack(self, inflate: zlib._Decompress) -> None:
        """Unpacks some more; a gzip file may be several, one behind the other, and may be padded with zeros."""
        if not self._packed:
            got = self._read(PIECE_BYTES)
            self._packed = got if isinstance(got, bytes) else b""
        at_end = not self._packed
        if inflate.eof:
            self._packed = self._packed.lstrip(b"\0")
            self._ended = at_end
            if self._packed:
                inflate = self._inflate = zlib.decompressobj(_GZIP_WBITS)
        if inflate.eof:
            return
        try:
            unpacked = inflate.decompress(self._packed, PIECE_BYTES)
        except zlib.error as error:
            self._break_off(f"The gzip content is damaged ({error})", damaged=True)
            return
        self._ready += unpacked
        self._packed = inflate.unconsumed_tail or inflate.unused_data
        if at_end and not unpacked:
            self._break_off("The gzip content ends before its end")

    def _break_off(self, what: str, *, damaged: bool = False) -> None:
        """The end of what can be read. Damage is noticed behind the place it is at, so it may be in what was given out."""
        self._ended = True
        if self._break is None:
            before = (
                "Anything before it may be wrong as well: do not rely on it."
                if damaged
                else "What came before it stands."
            )
            mend = f"{before} Get the whole file again, and compare sizes."
            self._break = Refused("file.truncated", what, mend=mend)

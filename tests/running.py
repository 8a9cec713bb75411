"""A command that runs while the test talks to it: what it says is waited for, never slept for."""

from __future__ import annotations

import os
import selectors
import subprocess
import sys
from pathlib import Path

# Only so that a test that fails does so in the end.
PATIENCE_S = 120


class Running:
    """`keepclear` with pipes on all sides; used as a context, and killed if it is still there at the end."""

    def __init__(self, folder: Path, *arguments: str, stdout: int = subprocess.PIPE) -> None:
        command = [sys.executable, "-m", "keepclear", *arguments]
        self.process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.PIPE, stdout=stdout, stderr=subprocess.PIPE, bufsize=0
        )
        self._unread = {"stdout": b"", "stderr": b""}

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def say(self, content: bytes) -> None:
        """Writes to its standard input, which stays open."""
        assert self.process.stdin is not None
        self.process.stdin.write(content)

    def line(self, stream: str = "stdout") -> str:
        """The next line of a stream, once it is there."""
        while b"\n" not in self._unread[stream]:
            piece = self._piece(stream)
            assert piece, f"{stream} ended with {self._unread[stream]!r}"
            self._unread[stream] += piece
        line, _, self._unread[stream] = self._unread[stream].partition(b"\n")
        return line.decode()

    def line_with(self, words: str, stream: str = "stdout") -> str:
        """The next line that has these words in it; those before it are passed over."""
        while words not in (line := self.line(stream)):
            pass
        return line

    def ended(self) -> tuple[int, str, str]:
        """Exit code and what it said besides, after its input has been closed."""
        output, errors = self.process.communicate(timeout=PATIENCE_S)
        rest = {"stdout": self._unread["stdout"] + (output or b""), "stderr": self._unread["stderr"] + (errors or b"")}
        return self.process.returncode, rest["stdout"].decode(), rest["stderr"].decode()

    def _piece(self, stream: str) -> bytes:
        opened = getattr(self.process, stream)
        with selectors.DefaultSelector() as selector:
            selector.register(opened, selectors.EVENT_READ)
            assert selector.select(PATIENCE_S), f"nothing came from {stream}"
        return os.read(opened.fileno(), 65_536)

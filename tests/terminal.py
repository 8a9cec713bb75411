"""A command on a terminal."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest


def on_a_terminal(command: list[str], *, folder: Path | None = None, typed: str = "") -> tuple[int, str, str]:
    """Exit code, what a terminal of 100 columns was sent, and what went to standard error; skips without terminals.

    typed  what the person types, a line for each question; the terminal shows it before it is asked for"""
    try:
        ours, theirs = pty.openpty()
    except OSError as error:
        pytest.skip(f"this machine has no pseudo-terminals: {error}")
    arguments = [sys.executable, "-m", "keepclear", *command]
    environment = os.environ | {"COLUMNS": "100", "PYTHONUTF8": "1"}
    with subprocess.Popen(
        arguments, cwd=folder, stdin=theirs, stdout=theirs, stderr=subprocess.PIPE, env=environment
    ) as running:
        os.close(theirs)
        os.write(ours, typed.encode())
        said = b""
        while piece := _read(ours):
            said += piece
        os.close(ours)
        errors = running.communicate()[1]
    return running.returncode, said.decode().replace("\r\n", "\n"), errors.decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux says so when the last process has closed its end
        return b""

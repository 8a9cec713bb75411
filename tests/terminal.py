"""A command on a terminal."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path


def on_a_terminal(folder: Path, command: list[str]) -> tuple[str, str]:
    """What a command says on a terminal, and what it says on standard error."""
    terminal, inside = pty.openpty()
    said = b""
    with subprocess.Popen(
        [sys.executable, "-m", "keepclear", *command], cwd=folder, stdout=inside, stderr=subprocess.PIPE
    ) as running:
        os.close(inside)
        try:
            while chunk := os.read(terminal, 65536):
                said += chunk
        except OSError:  # the terminal is gone when the command ends
            os.close(terminal)
        errors = running.communicate()[1]
    return said.decode().replace("\r\n", "\n"), errors.decode()

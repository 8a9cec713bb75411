"""Runs an example as a program of its own, and looks for what it tells."""

from __future__ import annotations

import subprocess
import sys


def told(*arguments: str, code: int = 0) -> str:
    """What `keepclear example` prints."""
    command = [sys.executable, "-m", "keepclear", "example", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def assert_in_order(text: str, said: list[str]) -> None:
    """All of these are told, in this order."""
    places = [text.find(one) for one in said]
    assert -1 not in places, [one for one, place in zip(said, places, strict=True) if place == -1]
    assert places == sorted(places)

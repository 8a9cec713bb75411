"""Paths on the command line, as they are given."""

from __future__ import annotations

from argparse import ArgumentTypeError


def some_path(text: str) -> str:
    """The path as it stands, for `type=`. An empty one is refused: it would mean the folder one stands in, which nobody meant."""
    if not text:
        raise ArgumentTypeError("this is empty; if it was a variable of the shell, the variable is not set")
    return text

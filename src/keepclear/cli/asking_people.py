"""What a person is asked on a terminal before something is done that cannot be taken back."""

from __future__ import annotations

import sys

from keepclear.ground.errors import printable


def is_attended() -> bool:
    """Whether a person reads what is said and can answer."""
    return bool(sys.stdin and sys.stdin.isatty() and sys.stdout.isatty())


def typed(prompt: str) -> str | None:
    """What the person types; None at the end of the input."""
    print(printable(prompt), end=" ", flush=True)
    try:
        return input().strip()
    except EOFError:
        print()
        return None


def says_yes(question: str) -> bool:
    """Whether the person types yes; anything else is no."""
    answer = typed(f"{question} Type yes:")
    return answer is not None and answer.lower() == "yes"

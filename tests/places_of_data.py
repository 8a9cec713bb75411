"""Where the recorded tracks lie that some tests read: beside the repository, because they are not ours to publish."""

from __future__ import annotations

from pathlib import Path

import pytest

_SHARED = Path(__file__).parents[2] / "shared"


def shared_file(relative: str) -> Path:
    """A file beside the repository; skips the test, with the reason, where it is not there."""
    path = _SHARED / relative
    if not path.is_file():
        pytest.skip(f"{relative} is not beside the repository")
    return path


def recorded(name: str) -> Path:
    """The file of recorded tracks; skips the test where it is not there.

    Each such test has a sibling that always runs."""
    return shared_file(f"data/{name}")

"""Every kind of bad input that docs/bad-input.md lists is tried in some test."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "bad-input.md"
KEY = re.compile(r"`([a-z_]+\.[a-z_0-9]+)`")


def keys_of(page: str) -> list[str]:
    """The keys in the second column of the tables."""
    rows = [line.split("|") for line in page.splitlines() if line.startswith("|")]
    return [key for row in rows for key in KEY.findall(row[2])]


def test_every_row_has_a_key():
    rows = [
        line for line in PAGE.read_text(encoding="utf-8").splitlines() if re.match(r"\|(?!---| what is wrong)", line)
    ]
    assert [row for row in rows if not KEY.search(row.split("|")[2])] == []


def test_every_key_occurs_in_a_test():
    tests = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py"))
    assert [key for key in keys_of(PAGE.read_text(encoding="utf-8")) if f'"{key}"' not in tests] == []


def test_keys_are_read_from_the_second_column():
    assert keys_of("| a `not.this` | `one.key`, `another.key` | x |\n\n`nor.this`\n") == ["one.key", "another.key"]

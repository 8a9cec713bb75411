"""docs/failures.md names tests that exist, each by its number, and every such test stands in it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "failures.md"
NUMBERED = re.compile(r"test_(failure|practice)_(\d+)_")
# What the channel has to answer; more may stand in the table.
ASKED = {"failure": {1, 2, 8, 16, 17, 20, 22, 23, 24, 25, 26}, "practice": {1, 4, 5, 6, 9}}


def rows(page: str) -> dict[tuple[str, int], list[str]]:
    """Of each numbered row of the two tables, the tests that it names."""
    found: dict[tuple[str, int], list[str]] = {}
    kind = ""
    for line in page.splitlines():
        if head := re.match(r"\| (failure|test) \|", line):
            kind = "failure" if head[1] == "failure" else "practice"
        elif row := re.match(r"\| (\d+) \|", line):
            found[kind, int(row[1])] = re.findall(r"`(test_\w+)`", line)
    return found


def numbered_tests(tests: Path) -> set[str]:
    """The names of all tests that have a number of the table in them."""
    trees = (ast.parse(path.read_text(encoding="utf-8")) for path in sorted(tests.glob("**/*.py")))
    names = (node.name for tree in trees for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
    return {name for name in names if NUMBERED.match(name)}


@pytest.fixture(scope="module")
def table() -> dict[tuple[str, int], list[str]]:
    return rows(PAGE.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def there() -> set[str]:
    return numbered_tests(ROOT / "tests")


def test_every_failure_that_the_channel_must_answer_has_a_row_with_a_test(table):
    for kind, numbers in ASKED.items():
        assert {number for number in numbers if not table.get((kind, number))} == set()


def test_every_test_of_the_table_exists(table, there):
    assert {name for names in table.values() for name in names} - there == set()


def test_every_test_with_a_number_stands_in_the_row_of_that_number(table, there):
    for name in there:
        match = NUMBERED.match(name)
        assert match is not None
        assert name in table.get((match[1], int(match[2])), ()), name


def test_the_table_is_read_as_described():
    page = "| failure | what |\n|---|---|\n| 1 | x | `test_failure_1_a`, `test_failure_1_b` |\n\n| test | what |\n| 4 | `test_practice_4_c` |\n"
    assert rows(page) == {
        ("failure", 1): ["test_failure_1_a", "test_failure_1_b"],
        ("practice", 4): ["test_practice_4_c"],
    }

"""Every promise of docs/spec has a test that cites it, and every citation has its promise."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROMISE = re.compile(r"^\*\*([A-Z]+-\d+)\*\*", re.MULTILINE)


def promises_made(spec: Path) -> dict[str, list[str]]:
    """Promise id -> the pages that make it."""
    made: dict[str, list[str]] = {}
    for page in sorted(spec.glob("**/*.md")):
        for promise in PROMISE.findall(page.read_text(encoding="utf-8")):
            made.setdefault(promise, []).append(page.name)
    return made


def citations(tests: Path) -> dict[str, list[str]]:
    """Promise id -> the places that cite it. An argument that is not a plain string appears as its source text."""
    cited: dict[str, list[str]] = {}
    for path in sorted(tests.glob("**/*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("mark.promise"):
                where = f"{path.relative_to(tests)}:{node.lineno}"
                if not node.args:
                    cited.setdefault("(nothing)", []).append(where)
                for argument in node.args:
                    match argument:
                        case ast.Constant(value=str(promise)):
                            cited.setdefault(promise, []).append(where)
                        case _:
                            cited.setdefault(f"({ast.unparse(argument)})", []).append(where)
    return cited


@pytest.fixture(scope="module")
def made() -> dict[str, list[str]]:
    return promises_made(ROOT / "docs" / "spec")


@pytest.fixture(scope="module")
def cited() -> dict[str, list[str]]:
    return citations(ROOT / "tests")


def test_the_spec_makes_promises(made):
    assert made, "no line of docs/spec/*.md begins with an id such as **ZONE-1**"


def test_no_promise_is_made_twice(made):
    assert {promise: pages for promise, pages in made.items() if len(pages) > 1} == {}


def test_every_promise_is_cited_by_a_test(made, cited):
    assert {promise: made[promise] for promise in made.keys() - cited.keys()} == {}


def test_every_citation_names_a_promise(made, cited):
    assert {promise: cited[promise] for promise in cited.keys() - made.keys()} == {}


def test_pages_and_citations_are_read_as_described(tmp_path):
    (tmp_path / "zones.md").write_text(
        "**ZONE-1** First.\n\n**ZONE-2** Second.\nNot **ZONE-3** here.\n**ZONE-1** Twice.\n"
    )
    (tmp_path / "test_zones.py").write_text(
        "import pytest\n\n"
        "@pytest.mark.promise('ZONE-1', 'ZONE-2')\ndef test_a(): ...\n\n"
        "pytestmark = [pytest.mark.promise(NAME), pytest.mark.promise()]\n"
    )
    assert promises_made(tmp_path) == {"ZONE-1": ["zones.md", "zones.md"], "ZONE-2": ["zones.md"]}
    assert citations(tmp_path) == {
        "ZONE-1": ["test_zones.py:3"],
        "ZONE-2": ["test_zones.py:3"],
        "(NAME)": ["test_zones.py:6"],
        "(nothing)": ["test_zones.py:6"],
    }

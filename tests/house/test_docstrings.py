"""The examples in docstrings and pages run, and print what they say they print."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src"
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def module_names() -> list[str]:
    """All modules but __main__, which runs when imported."""
    found = []
    for path in sorted(SOURCE.rglob("*.py")):
        parts = path.relative_to(SOURCE).with_suffix("").parts
        if parts[-1] != "__main__":
            found.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return found


def pages_with_examples() -> list[Path]:
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
    return sorted(page for page in pages if ">>> " in page.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", module_names())
def test_examples_in_docstrings_run(name):
    result = doctest.testmod(importlib.import_module(name), optionflags=OPTIONS)
    assert result.failed == 0, f"{result.failed} of {result.attempted} examples failed; their output stands above"


def test_examples_in_pages_run():
    for page in pages_with_examples():
        result = doctest.testfile(str(page), module_relative=False, optionflags=OPTIONS, encoding="utf-8")
        assert result.failed == 0, f"{page.name}: {result.failed} of {result.attempted} examples failed"

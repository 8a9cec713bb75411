"""What is compiled in place works on the arrays it is given: it makes none and gives none back; and all is compiled beforehand."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numba.core.errors import NumbaError

from keepclear.geo.compiled import compiled_in_place

SOURCES = Path(__file__).parents[2] / "src" / "keepclear"
# Tuples of numbers with names.
NUMBERS = {"int", "float", "bool", "None", "Waves", "Course"}


def test_no_function_compiled_in_place_gives_an_array_back():
    given = {
        f"{path.relative_to(SOURCES)}: {function.name}": function.returns
        for path in SOURCES.rglob("*.py")
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(function, ast.FunctionDef)
        and any(ast.unparse(decorator) == "compiled_in_place" for decorator in function.decorator_list)
    }
    assert len(given) > 50
    assert [name for name, returns in given.items() if not _is_made_of_numbers(returns)] == []


def test_a_function_that_makes_an_array_cannot_be_compiled_in_place():
    @compiled_in_place
    def doubled(column):
        return np.empty(2 * len(column))[0]

    with pytest.raises(NumbaError):
        doubled(np.zeros(3))


def test_what_is_warmed_is_all_that_is_ever_compiled():
    run = subprocess.run(
        [sys.executable, "-m", "tests.every_world"], cwd=SOURCES.parents[1], capture_output=True, check=True
    )
    assert json.loads(run.stdout) == {}


def _is_made_of_numbers(returns: ast.expr | None) -> bool:
    if isinstance(returns, ast.Subscript) and ast.unparse(returns.value) == "tuple":
        parts = returns.slice.elts if isinstance(returns.slice, ast.Tuple) else [returns.slice]
        return all(map(_is_made_of_numbers, parts))
    return returns is not None and ast.unparse(returns) in NUMBERS

"""What the console checks of itself without a screen: types, words in every language, the logic of its modules."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def _npm(*arguments: str) -> None:
    spec = importlib.util.spec_from_file_location("build_console", ROOT / "scripts" / "build_console.py")
    assert spec is not None
    assert spec.loader is not None
    build_console = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = build_console
    spec.loader.exec_module(build_console)
    if not (ROOT / "web" / "node_modules").exists():
        pytest.skip("the console's packages are not there: python scripts/build_console.py")
    try:
        node = build_console.found_node()
    except build_console.NoNode as missing:
        pytest.skip(str(missing))
    path = os.pathsep.join([node.folder, os.environ.get("PATH", os.defpath)])
    ran = subprocess.run(
        [*node.npm, "run", *arguments], cwd=ROOT / "web", env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_its_types_fit_the_doors_and_its_words_are_there_in_every_language():
    _npm("check")


def test_the_logic_of_its_modules_does_what_its_tests_say():
    _npm("test")

"""Where compiled kernels are kept: in the user's cache folder, under a name that changes with the source."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

SAY = "import os, keepclear; print(os.environ.get('NUMBA_CACHE_DIR'))"


def said(code: str, **environment: str) -> str:
    kept = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**kept, **environment}
    )
    return ran.stdout.strip()


@pytest.mark.skipif(sys.platform != "linux", reason="XDG_CACHE_HOME is of Linux")
def test_the_folder_is_in_the_cache_of_the_user_and_the_same_each_time(tmp_path):
    folder = said(SAY, XDG_CACHE_HOME=str(tmp_path))
    assert folder.startswith(str(tmp_path / "keepclear" / "kernels-"))
    assert said(SAY, XDG_CACHE_HOME=str(tmp_path)) == folder
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_was_set_stays(tmp_path):
    assert said(SAY, NUMBA_CACHE_DIR=str(tmp_path)) == str(tmp_path)


def test_without_a_folder_to_write_to_the_compiler_is_left_to_itself(tmp_path):
    occupied = tmp_path / "file"
    occupied.write_text("not a folder", encoding="utf-8")
    assert said(SAY, XDG_CACHE_HOME=str(occupied)) == "None"


def test_the_command_starts_without_numba():
    loaded = "import sys, keepclear.cli.main; print(any(name in sys.modules for name in ('numba', 'numpy')))"
    assert said(loaded) == "False"

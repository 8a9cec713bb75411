"""docs/guides/integrating.md, from top to bottom as it stands there: every block runs, with the token that it names."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import keepclear
from tests.doors.test_readme_node import free_port

GUIDE = (Path(__file__).parents[2] / "docs" / "guides" / "integrating.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed; the guide's commands need it")
@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_every_block_of_the_guide_runs_in_the_order_in_which_it_stands(tmp_path):
    commands = {"keepclear": f'exec {sys.executable} -m keepclear "$@"', "python3": f'exec {sys.executable} "$@"'}
    for name, does in commands.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{does}\n")
        (tmp_path / name).chmod(0o755)
    # Another port than 7117, which may be taken on the machine of the tests.
    port = free_port()
    parts = []
    for language, block in BLOCKS:
        assert language in {"sh", "python"}, language
        parts.append(block if language == "sh" else f"python3 - <<'END_OF_BLOCK'\n{block}END_OF_BLOCK\n")
    script = "\n".join(parts).replace("127.0.0.1:7117", f"127.0.0.1:{port}")
    script = script.replace(
        "keepclear serve", f"sed -i 's/^port = 7117/port = {port}/' alpha/node.toml\nkeepclear serve"
    )
    paths = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": str(Path(keepclear.__file__).parents[1])}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", f"trap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n{script}"],
        cwd=tmp_path, env={**os.environ, **paths}, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=180, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    assert '"refused":0' in done.stdout
    assert '"refused":1' not in done.stdout
    assert '"proves":"entry"' in (tmp_path / "alert.proof.json").read_text()
    assert '"key":"entered"' in (tmp_path / "stream.txt").read_text()


def test_every_request_of_the_guide_says_whose_token_it_needs():
    """`ask NAME`, and the table at the top says which role each of them has."""
    named = {
        name for language, block in BLOCKS if language == "sh" for name in re.findall(r"\bask (\S+) [-\"$]", block)
    }
    asked = sum(len(re.findall(r"\$NODE/v1", block)) for _, block in BLOCKS)
    assert asked == sum(len(re.findall(r"\bask \S+ [-\"$]", block)) for _, block in BLOCKS)
    assert asked > 15
    roles = set(re.findall(r"^\| `ask (\S+)` \|", GUIDE, re.MULTILINE))
    assert roles | {"vera"} == named

"""The README's own commands about a node, as they stand there: copy, paste, and an alert is proven to a third person."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def block_after(marker: str, language: str = "sh") -> str:
    """The fenced block that follows a marker of the README."""
    return README.partition(marker)[2].partition(f"```{language}\n")[2].partition("```")[0]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.mark.skipif(
    shutil.which("curl") is None, reason="curl is not installed; the README's commands about a node need it"
)
@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_an_alert_is_told_acknowledged_and_proven_as_the_readme_says(tmp_path):
    (tmp_path / "run").write_text(f'#!/bin/sh\nexec {sys.executable} -m keepclear "$@"\n')
    (tmp_path / "run").chmod(0o755)
    (tmp_path / "zones.geojson").write_text(block_after("Save this as `zones.geojson`", "json"))
    begin, watch, prove = (block_after(f"<!-- node: {part} -->") for part in ("begin", "watch", "prove"))
    # Another port than 7117, which may be taken on the machine of the tests.
    port = free_port()
    init, serve, *rest = begin.splitlines()
    script = "\n".join(
        [init, f"sed -i 's/^port = 7117/port = {port}/' alpha/node.toml", serve, *rest, watch, prove, "wait"]
    )
    script = re.sub(r"127\.0\.0\.1:7117", f"127.0.0.1:{port}", script)
    done = subprocess.run(
        ["bash", "-euc", f"trap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n{script}"],
        cwd=tmp_path, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=180, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"key":"entered"' in done.stdout
    assert "Truck 7 entered Kestrel Pass" in (tmp_path / "stream.txt").read_text()
    assert '"kind": "proven"' in done.stdout

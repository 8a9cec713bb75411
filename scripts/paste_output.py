"""Puts what the README's own commands say on a terminal back into the README; a test holds the two together."""

from __future__ import annotations

import re
import shlex
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
MARKER = "<!-- output: trips -->\n```text\n"


def main() -> None:
    """Runs the commands in an empty folder and writes the README."""
    from tests.terminal import on_a_terminal

    text = README.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "zones.geojson").write_text(re.findall(r"```json\n(.*?)```", text, re.DOTALL)[0], encoding="utf-8")
        (folder / "trips.csv").write_text(re.findall(r"```csv\n(.*?)```", text, re.DOTALL)[0], encoding="utf-8")
        command = next(line for line in text.splitlines() if line.startswith("./run watch trips.csv"))
        _, said, errors = on_a_terminal(shlex.split(command)[1:], folder=folder)
    reading = [line for line in errors.splitlines() if line.startswith("trips.csv: ")]
    account = [line for line in errors.splitlines() if not line.startswith("trips.csv: ")]
    output = "\n".join([*reading, *said.rstrip("\n").splitlines(), *account])
    before, _, rest = text.partition(MARKER)
    README.write_text(f"{before}{MARKER}{output}\n```{rest.partition('```')[2]}", encoding="utf-8")


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()

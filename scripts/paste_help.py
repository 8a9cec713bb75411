"""Pastes the help of every verb into docs/reference/cli.md, between these two lines:

    <!-- help: keepclear VERB -->
    <!-- /help -->

What stands between them is replaced; all other text of the page is left as it is. A verb without such a pair gets one
at the end of the page. Run it with the Python that has Keepclear: .venv/bin/python scripts/paste_help.py
tests/house/test_docs.py fails when the page and the program differ.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "cli.md"
PASTED = re.compile(r"^<!-- help: (keepclear[^\n]*?) -->\n(.*?)^<!-- /help -->$", re.MULTILINE | re.DOTALL)
# argparse lists a verb four spaces in, with its one-line help after it or on the next line, further in.
LISTED_VERB = re.compile(r"^ {4}([a-z][a-z-]*)(?: {2,}\S.*)?$", re.MULTILINE)


@cache
def help_of(command: str) -> str:
    """What `keepclear VERB --help` prints, on a terminal 80 columns wide without colours."""
    verb = command.split()[1:]
    shown = subprocess.run(
        [sys.executable, "-m", "keepclear", *verb, "--help"],
        check=True,
        capture_output=True,
        text=True,
        encoding="utf-8",
        stdin=subprocess.DEVNULL,
        env={**os.environ, "COLUMNS": "80", "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8"},
    )
    return shown.stdout.rstrip() + "\n"


def commands() -> list[str]:
    """`keepclear`, then `keepclear VERB` for every verb that its help lists, each followed by the verbs that its own help lists."""
    verbs = listed_in("keepclear")
    if not verbs:
        raise SystemExit("keepclear --help lists no verb where it was expected: four spaces in")
    found = ["keepclear"]
    for verb in verbs:
        found += [verb, *listed_in(verb)]
    return found


@cache
def listed_in(command: str) -> list[str]:
    """The commands that the help of one lists, in that order."""
    return [f"{command} {verb}" for verb in dict.fromkeys(LISTED_VERB.findall(help_of(command)))]


def fenced(text: str) -> str:
    return f"```text\n{text}```\n"


def pasted_in(page: str) -> dict[str, str]:
    """Command -> what the page shows for it, with its fence."""
    return dict(PASTED.findall(page))


def with_fresh_help(page: str) -> str:
    for command in commands():
        if command not in pasted_in(page):
            page = f"{page.rstrip()}\n\n## {command}\n\n<!-- help: {command} -->\n<!-- /help -->\n"
    return PASTED.sub(lambda found: f"<!-- help: {found[1]} -->\n{fenced(help_of(found[1]))}<!-- /help -->", page)


if __name__ == "__main__":
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    before = PAGE.read_text(encoding="utf-8") if PAGE.exists() else "# The command line\n"
    PAGE.write_text(with_fresh_help(before), encoding="utf-8")
    print(f"{PAGE.name}: {len(pasted_in(PAGE.read_text(encoding='utf-8')))} helps pasted")

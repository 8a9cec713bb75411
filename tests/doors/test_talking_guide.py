"""The commands of the guides to talking and to paper, and of the help of its verbs, are commands that the program understands."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from keepclear.cli import carry, message, peer
from keepclear.cli.main import parser

GUIDES = Path(__file__).parents[2] / "docs" / "guides"
GUIDE, PAPER = GUIDES / "talking.md", GUIDES / "paper.md"
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def commands_in(text: str) -> list[list[str]]:
    """The arguments of each line that is a command of ours, with the lines that go on from it; without pipes and redirections."""
    found = []
    for line in text.replace("\\\n", " ").splitlines():
        words = shlex.split(line.strip(), comments=True) if line.strip().startswith("keepclear ") else []
        end = next((at for at, word in enumerate(words) if word in ("|", ">")), len(words))
        found += [words[1:end]] if words else []
    return found


def commands_of(page: Path) -> list[list[str]]:
    return commands_in("\n".join(BLOCK.findall(page.read_text("utf-8"))))


def helps() -> str:
    return "\n".join(
        text
        for module in (message, peer, carry)
        for name, text in vars(module).items()
        if name.startswith("_") and isinstance(text, str)
    )


@pytest.mark.parametrize(
    "command",
    [command for page in (GUIDE, PAPER) for command in commands_of(page)] + commands_in(helps()),
    ids=lambda command: " ".join(command)[:60],
)
def test_a_command_of_the_guide_or_of_a_help_is_understood(command):
    assert callable(parser().parse_args(command).run)


def test_every_verb_of_the_guide_is_met():
    used = {tuple(command[:2]) for command in commands_of(GUIDE)}
    assert {("peer", "card"), ("message", "send"), ("message", "read-back"), ("carry", "out"), ("carry", "in")} <= used

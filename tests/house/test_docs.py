"""Links lead somewhere, and every verb of the command line is documented with the help it really prints."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).parents[2]
CLI_PAGE = ROOT / "docs" / "reference" / "cli.md"

FENCED = re.compile(r"^( *)(```+|~~~+).*?^\1\2[`~]*\s*$", re.MULTILINE | re.DOTALL)
INLINE_CODE = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL)
INLINE_LINK = re.compile(r"\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
REFERENCE_LINK = re.compile(r"^ {0,3}\[[^\]]+\]:\s*<?([^\s>]+)>?", re.MULTILINE)
HEADING = re.compile(r"^ {0,3}#{1,6}\s+(.*?)\s*#*\s*$", re.MULTILINE)
ELSEWHERE = re.compile(r"^(?:[a-z][a-z0-9+.-]*:|//)", re.IGNORECASE)


def pages(root: Path) -> list[Path]:
    hidden = {".venv", ".git", ".pytest_cache", ".hypothesis", "node_modules"}
    return sorted(page for page in root.rglob("*.md") if hidden.isdisjoint(page.relative_to(root).parts))


def prose(text: str) -> str:
    return INLINE_CODE.sub("", FENCED.sub("", text))


def anchors(text: str) -> set[str]:
    """The anchors that GitHub gives the headings of a page, and those set by hand."""
    found: set[str] = set()
    text = FENCED.sub("", text)
    for heading in HEADING.findall(text):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")
        number = 0
        while (name := f"{slug}-{number}" if number else slug) in found:
            number += 1
        found.add(name)
    return found | set(re.findall(r"<a (?:id|name)=\"([^\"]+)\"", text))


def broken_links(root: Path) -> list[str]:
    complaints = []
    for page in pages(root):
        text = prose(page.read_text(encoding="utf-8"))
        for link in [*INLINE_LINK.findall(text), *REFERENCE_LINK.findall(text)]:
            if ELSEWHERE.match(link):
                continue
            path, _, anchor = unquote(link).partition("#")
            target = page.parent / path if path else page
            exists = target.resolve().is_relative_to(root.resolve()) and target.exists()
            if not exists or (anchor and anchor not in anchors_of(target)):
                complaints.append(f"{page.relative_to(root)}: {link}")
    return complaints


def anchors_of(target: Path) -> set[str]:
    return anchors(target.read_text(encoding="utf-8")) if target.suffix == ".md" else set()


def words_of_help(text: str) -> list[str]:
    """The help without what differs between versions of Python: where lines break, and how often FILE is said."""
    said_once = re.sub(r"(-\w) (\S+), (--[\w-]+) \2(?!\S)", r"\1, \3 \2", " ".join(text.split()))
    return said_once.split()


@pytest.fixture(scope="module")
def paste_help() -> ModuleType:
    spec = importlib.util.spec_from_file_location("paste_help", ROOT / "scripts" / "paste_help.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def cli_page() -> str:
    return CLI_PAGE.read_text(encoding="utf-8")


def test_every_relative_link_leads_to_a_file_and_a_heading():
    assert broken_links(ROOT) == []


def test_the_page_of_the_command_line_has_every_verb_and_no_other(paste_help, cli_page):
    assert sorted(paste_help.pasted_in(cli_page)) == sorted(paste_help.commands())


def test_the_pasted_help_is_what_the_program_prints(paste_help, cli_page):
    stale = [
        command
        for command, shown in paste_help.pasted_in(cli_page).items()
        if words_of_help(shown) != words_of_help(paste_help.fenced(paste_help.help_of(command)))
    ]
    assert stale == [], "run: .venv/bin/python scripts/paste_help.py"


def test_a_broken_link_is_seen(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("# One `two`, three!\n\n## One two three\n\n[b](../b.md) [c](c.md)\n")
    (tmp_path / "b.md").write_text(
        "[good](docs/a.md#one-two-three) [also](docs/a.md#one-two-three-1) [web](https://example.org/x)\n"
        "[bad](docs/a.md#one-two) [out](../b.md) ![gone](gone.png)\n"
        "`[code](nowhere.md)`\n\n```sh\n[code](nowhere.md)\n```\n\n[ref]: nothing.md\n"
    )
    assert broken_links(tmp_path) == [
        "b.md: docs/a.md#one-two",
        "b.md: ../b.md",
        "b.md: gone.png",
        "b.md: nothing.md",
        "docs/a.md: c.md",
    ]


def test_help_of_another_python_counts_as_the_same():
    assert words_of_help("  -o FILE, --output FILE\n    where") == words_of_help("  -o, --output FILE  where")
    assert words_of_help("  -o, --output FILE") != words_of_help("  -o, --out FILE")


def test_every_limit_of_a_node_is_in_the_reference_with_what_it_may_be():
    from keepclear.host.config import LIMITS, LINKS

    page = (ROOT / "docs" / "reference" / "node-toml.md").read_text(encoding="utf-8")
    for name, (least, greatest) in (LIMITS | LINKS).items():
        may_be = f"{least:,} to {greatest:,}" if isinstance(least, int) else f"{least} to {greatest}"
        row = re.search(
            rf"^\| `{name.replace('_us_', '_').removesuffix('_us')}` \| [^|]+ \| {may_be} \| ", page, re.MULTILINE
        )
        assert row, name

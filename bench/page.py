"""Puts tables and pictures into docs/benchmarks.md and bench/predictions.md, between their markers.

python -m bench.page        from the kept results, without measuring anything
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from pathlib import Path

from bench.places import PAGE, PICTURES, PREDICTIONS, RESULTS
from bench.plots import PICTURES as PICTURE_OF
from bench.tables import NOT_YET, TABLES

MARKED = re.compile(r"(<!-- (?P<kind>table|picture): (?P<name>[\w-]+) -->\n).*?(<!-- /(?P=kind) -->)", re.DOTALL)


def kept() -> list[Path]:
    """The results that the pages are made from, oldest first."""
    return sorted(RESULTS.glob("2*.jsonl"))


def filled(page: str, files: Sequence[Path]) -> str:
    """The page with every marked place made anew."""

    def made(place: re.Match[str]) -> str:
        name = place["name"]
        if place["kind"] == "table":
            inside = TABLES[name](list(files))
        else:
            alt, draw = PICTURE_OF[name]
            inside = NOT_YET if draw(files) is None else f"![{alt}](pictures/{name}.svg)\n"
        return f"{place[1]}\n{inside}\n{place[4]}"

    return MARKED.sub(made, page)


def drawn(files: Sequence[Path]) -> dict[Path, str]:
    """The pictures for which there are results, by their files."""
    found = {PICTURES / f"{name}.svg": draw(files) for name, (_, draw) in PICTURE_OF.items()}
    return {file: svg for file, svg in found.items() if svg is not None}


def write_pages(files: Sequence[Path]) -> None:
    """Writes both pages and the pictures."""
    for page in (PAGE, PREDICTIONS):
        page.write_text(filled(page.read_text(encoding="utf-8"), files), encoding="utf-8")
    for file, svg in drawn(files).items():
        file.write_text(svg, encoding="utf-8")


def all_tables(files: Sequence[Path]) -> str:
    """Every table under its name, for a terminal."""
    return "\n".join(f"{name}\n\n{make(list(files))}" for name, make in TABLES.items())


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    write_pages(kept())

"""The sources of the console keep the rules of web/README.md, as far as they can be read off them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WEB = ROOT / "web" / "src"
SOURCES = sorted(
    path for path in WEB.rglob("*") if path.suffix in {".svelte", ".ts", ".css"} and path.name != "schema.d.ts"
)
# From the ground up: a place may import those before it, and itself.
FLOORS = ("api", "words", "state", "parts", "keys", "map", "frame", "rooms")
MARKUP = re.compile(r"\{@html|\.(inner|outer)HTML\b|insertAdjacentHTML|document\.write|\beval\(|new Function\(|srcdoc")
OUTSIDE = re.compile(r"""["'`(](https?:)?//(?!www\.w3\.org/|\s)[\w.-]+\.\w""")
SIDED = re.compile(
    r"^\s*(margin|padding|border)-(left|right)\b|^\s*(left|right)\s*:|text-align:\s*(left|right)|float:\s*(left|right)",
    re.M,
)
IMPORT = re.compile(r"""(?:from|import)\s*\(?\s*['"](\.{1,2}/[^'"?]+)""")


def _told(path: Path) -> str:
    return path.relative_to(WEB).as_posix()


def test_there_are_sources_to_look_at():
    assert len(SOURCES) > 50


@pytest.mark.parametrize("path", SOURCES, ids=_told)
def test_no_text_becomes_markup_or_program(path):
    assert MARKUP.findall(path.read_text("utf-8")) == []


@pytest.mark.parametrize("path", SOURCES, ids=_told)
def test_nothing_is_asked_of_another_host(path):
    assert OUTSIDE.findall(path.read_text("utf-8")) == []


@pytest.mark.parametrize("path", [path for path in SOURCES if path.suffix in {".svelte", ".css"}], ids=_told)
def test_no_style_knows_left_from_right(path):
    """Arabic turns the page: directions are those of reading."""
    text = path.read_text("utf-8")
    styles = text if path.suffix == ".css" else "\n".join(re.findall(r"<style>(.*?)</style>", text, re.S))
    assert SIDED.findall(styles) == []


@pytest.mark.parametrize("path", [path for path in SOURCES if path.suffix != ".css"], ids=_told)
def test_imports_point_down(path):
    """Rooms, frame, map, keys, parts, state, words, api; and no room imports another. The frame names the rooms that it loads."""
    here = path.relative_to(WEB).parts
    if len(here) == 1:
        return
    for written in IMPORT.findall(path.read_text("utf-8")):
        to = (path.parent / written).resolve()
        if not to.is_relative_to(WEB):
            continue
        there = to.relative_to(WEB).parts
        if there[0] == here[0]:
            allowed = here[0] != "rooms" or there[1] in {here[1], "sign-in"}
        else:
            allowed = FLOORS.index(there[0]) < FLOORS.index(here[0]) or (_told(path), there[0]) in MAY
        assert allowed, f"{_told(path)} imports {'/'.join(there)}"


# What a room is, is for the frame to know. Preferences speak the language that is chosen.
MAY = {("frame/rooms.ts", "rooms")}

"""A sheet of paper as blocks, and each block twice: as HTML to be printed, and as plain text of at most 80 columns.

Whatever comes from somebody else is a `Said`: it goes through `render.shown_text` in both forms, and nowhere else into either. The HTML is
one file without scripts and without anything that is fetched; its head and foot come again on every page.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from typing import NamedTuple

from keepclear.render.lettering import columns
from keepclear.render.shown_text import (
    END_ISOLATE,
    FIRST_STRONG_ISOLATE,
    LTR_ISOLATE,
    RTL_ISOLATE,
    direction,
    in_html,
    isolated,
    visible,
)

WIDTH = 80
# A plain sheet has no pages of its own: what must stand on each is said again after so many lines.
PAGE_LINES = 50
_LABEL = 18
_OPENERS = frozenset({LTR_ISOLATE, RTL_ISOLATE, FIRST_STRONG_ISOLATE})

STYLE = """
@page{size:A4;margin:12mm}
body{margin:0 auto;max-width:186mm;font:10pt/1.35 Helvetica,Arial,'DejaVu Sans',sans-serif;color:#000;background:#fff}
table.sheet{width:100%;border-collapse:collapse}
thead{display:table-header-group}tfoot{display:table-footer-group}
.sheet>*>tr>*{padding:0;text-align:start;font-weight:normal}
.exercise{border:3pt solid #000;text-align:center;font-size:26pt;font-weight:bold;margin-bottom:2mm}
.head{border-bottom:1pt solid #000;font-weight:bold}.foot{border-top:1pt solid #000;font-size:8.5pt}
h2{font-size:11pt;margin:3mm 0 1mm;break-after:avoid}p{margin:1mm 0}
dl{display:grid;grid-template-columns:34mm 1fr;margin:0}dt{font-weight:bold}dd{margin:0}
dt,dd{border-bottom:.4pt solid #999;padding:.4mm 0}
.text{border:.8pt solid #000;padding:1.5mm;margin:1mm 0;font-size:11pt;overflow-wrap:anywhere}
.box{border:1pt solid #000;min-height:9mm;margin:.5mm 0 2mm}.item{break-inside:avoid}
.hint{font-size:8.5pt}.choice{margin:1.2mm 0}.choice span{border:1pt solid #000;display:inline-block;width:3.5mm;height:3.5mm;margin-inline-end:2mm}
.line{border-bottom:.8pt solid #000;min-height:7mm}
.mark{font-weight:bold;background:#ddd}code{font-size:8.5pt;overflow-wrap:anywhere}
""".strip()


class Said(NamedTuple):
    """Words that are not ours: a text, a name, what somebody entered."""

    text: str
    language: str = ""


Line = tuple[str | Said, ...]


class Fields(NamedTuple):
    """Rows of a label and its lines."""

    rows: tuple[tuple[str, tuple[Line, ...]], ...]


class Heading(NamedTuple):
    text: str


class Passage(NamedTuple):
    """A text in a frame; `above` is what it is."""

    above: Line
    said: Said


class Box(NamedTuple):
    """Room to write down one thing; `beside` is printed with it."""

    label: str
    hint: str
    beside: tuple[Line, ...] = ()


class Choices(NamedTuple):
    options: tuple[str, ...]


class Blank(NamedTuple):
    """A line to write on."""

    label: str


class Note(NamedTuple):
    line: Line


class Command(NamedTuple):
    text: str


Block = Fields | Heading | Passage | Box | Choices | Blank | Note | Command


class Sheet(NamedTuple):
    """What is on a sheet. `head` and `foot` stand on every page, and so does `exercise` where it is not empty."""

    head: str
    foot: tuple[Line, ...]
    blocks: tuple[Block, ...]
    names: tuple[str, ...]
    exercise: Line = ()


# --- HTML ---


def html_of(sheet: Sheet) -> str:
    """The sheet as one HTML document for A4; the same bytes for the same sheet."""
    exercise = f'<div class="exercise">{_line_html(sheet.exercise, ())}</div>' if sheet.exercise else ""
    foot = "".join(f"<div>{_line_html(line, sheet.names)}</div>" for line in sheet.foot)
    body = "\n".join(_block_html(block, sheet.names) for block in sheet.blocks)
    return (
        '<!DOCTYPE html>\n<html lang="en" dir="ltr">\n<head>\n<meta charset="utf-8">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{escape(sheet.head)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f'<table class="sheet">\n<thead><tr><th>{exercise}<div class="head">{escape(sheet.head)}</div></th></tr></thead>\n'
        f'<tfoot><tr><td><div class="foot">{foot}</div></td></tr></tfoot>\n'
        f"<tbody><tr><td>\n{body}\n</td></tr></tbody>\n</table>\n</body>\n</html>\n"
    )


def _block_html(block: Block, names: tuple[str, ...]) -> str:
    match block:
        case Heading(text):
            return f"<h2>{escape(text)}</h2>"
        case Fields(rows):
            return f"<dl>{''.join(_row_html(label, lines, names) for label, lines in rows)}</dl>"
        case Passage(above, said):
            framed = in_html(said.text, names, said.language)
            return f'<p>{_line_html(above, names)}</p><div class="text" dir="{direction(said.language)}">{framed}</div>'
        case Box(label, hint, beside):
            lines = "".join(f"<div>{_line_html(line, names)}</div>" for line in beside)
            top = f'<b>{escape(label)}</b> <span class="hint">{escape(hint)}</span>'
            return f'<div class="item">{top}{lines}<div class="box"></div></div>'
        case Choices(options):
            return "".join(f'<div class="choice"><span></span>{escape(option)}</div>' for option in options)
        case Blank(label):
            return f'<div class="item"><b>{escape(label)}</b><div class="line"></div></div>'
        case Note(line):
            return f"<p>{_line_html(line, names)}</p>"
        case Command(text):
            return f"<p><code>{escape(text)}</code></p>"


def _row_html(label: str, lines: tuple[Line, ...], names: tuple[str, ...]) -> str:
    return f"<dt>{escape(label)}</dt><dd>{'<br>'.join(_line_html(line, names) for line in lines)}</dd>"


def _line_html(line: Line, names: tuple[str, ...]) -> str:
    parts = (
        escape(part) if isinstance(part, str) else in_html(part.text.replace("\n", " / "), names, part.language)
        for part in line
    )
    return "".join(parts)


# --- plain text ---


def text_of(sheet: Sheet) -> str:
    """The sheet as plain text of at most 80 columns. The only marks of direction in it are isolates, which are closed on their line."""
    exercise = f"*** {_line_text(sheet.exercise, ())} ***"
    banner = [f"{' ' * ((WIDTH - columns(exercise)) // 2)}{exercise}"] if sheet.exercise else []
    foot = ["-" * WIDTH, *(one for part in sheet.foot for one in _lines(_line_text(part, sheet.names), WIDTH))]
    said = [*banner, sheet.head, "=" * WIDTH]
    since = len(said)
    for lines in (*(list(_block_text(block, sheet.names)) for block in sheet.blocks), foot):
        for number, one in enumerate(lines):
            # Between blocks where it can be, within one where that is longer than a page; the two lines are the next banner's.
            full = since + 2 >= PAGE_LINES or (number == 0 and since + len(lines) + 2 > PAGE_LINES)
            if banner and full:
                said += ["", *banner, ""]
                since = 2
            said.append(one)
            since += 1
    return "\n".join([*said, *banner]) + "\n"


def _block_text(block: Block, names: tuple[str, ...]) -> Iterator[str]:
    match block:
        case Heading(text):
            yield from ("", text.upper(), "-" * len(text))
        case Fields(rows):
            for label, lines in rows:
                yield from _row_text(label, [_line_text(line, names) for line in lines])
        case Passage(above, said):
            yield from _lines(_line_text(above, names), WIDTH)
            for shown in visible(said.text, names).split("\n"):
                yield from (f"  | {part}" for part in _lines(isolated(shown, said.language), WIDTH - 4))
            yield ""
        case Box(label, hint, beside):
            yield from _lines(f"{label}  ({hint})", WIDTH)
            for line in beside:
                yield from (f"    {part}" for part in _lines(_line_text(line, names), WIDTH - 4))
            yield from ("", f"    {'_' * (WIDTH - 8)}", "")
        case Choices(options):
            for option in options:
                first, *more = _lines(option, WIDTH - 4)
                yield from (f"[ ] {first}", *(f"    {part}" for part in more))
        case Blank(label):
            yield from ("", f"{label}: {'_' * (WIDTH - len(label) - 4)}")
        case Note(line):
            yield from _lines(_line_text(line, names), WIDTH)
        case Command(text):
            yield from (f"    {part}" for part in _lines(text, WIDTH - 4))


def _row_text(label: str, lines: Iterable[str]) -> Iterator[str]:
    width = WIDTH - _LABEL
    for number, part in enumerate(part for line in lines for part in _lines(line, width)):
        yield f"{(label if number == 0 else ''):<{_LABEL}}{part}".rstrip()


def _line_text(line: Line, names: tuple[str, ...]) -> str:
    parts = (
        part if isinstance(part, str) else isolated(visible(part.text.replace("\n", " / "), names), part.language)
        for part in line
    )
    return "".join(parts)


def _lines(text: str, width: int) -> list[str]:
    """The text in lines of at most so many columns. An isolate that a line leaves open is closed on it, and opened again on the next."""
    broken: list[str] = []
    line = ""
    for word in (piece for whole in text.split(" ") for piece in _pieces(whole, width)):
        if columns(f"{line} {word}") > width and line:
            broken.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    broken.append(line)
    closed: list[str] = []
    still_open: list[str] = []
    for line in broken:
        before = "".join(still_open)
        for ch in line:
            if ch in _OPENERS:
                still_open.append(ch)
            elif ch == END_ISOLATE:
                still_open.pop()
        closed.append(f"{before}{line}{END_ISOLATE * len(still_open)}")
    return closed


def _pieces(word: str, width: int) -> Iterator[str]:
    """A word in pieces of at most so many columns; what takes no room stays with what it stands on."""
    piece, taken = "", 0
    for ch in word:
        room = columns(ch)
        if taken + room > width:
            yield piece
            piece, taken = "", 0
        piece, taken = piece + ch, taken + room
    yield piece

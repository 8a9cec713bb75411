"""Text as it takes room: cleaned of what would break a picture, shortened, wrapped, measured."""

from __future__ import annotations

import unicodedata

LABEL_CHARS_MAX = 40
COMBINING_MAX = 2

_JOINERS = "\u200c\u200d"  # Persian, Hindi and others cannot be written without them
_NARROW = set("iljtfrI.,:;'|!()[] -·")
_BROAD = set("mwMW@%—…")


def cleaned(text: str, chars_max: int = LABEL_CHARS_MAX) -> str:
    """One line without control characters, bidi overrides, or towers of accents; "…" ends what was cut."""
    kept: list[str] = []
    accents = 0
    for ch in text:
        category = unicodedata.category(ch)
        accents = accents + 1 if category in ("Mn", "Me") else 0
        if category in ("Zs", "Zl", "Zp") or ch in "\t\n\r":
            kept.append(" ")
        elif ch in _JOINERS or (not category.startswith("C") and accents <= COMBINING_MAX):
            kept.append(ch)
    line = " ".join("".join(kept).split())
    return line if len(line) <= chars_max else line[: chars_max - 1].rstrip() + "…"


def width_em(text: str) -> float:
    """Width in units of the font size. A generous guess after DejaVu Sans: the reader's font is not known."""
    return sum(_char_em(ch) for ch in text)


def wrapped(text: str, width_limit_em: float) -> list[str]:
    """Lines no wider than the limit; a word wider than a line is broken."""
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        if width_em(f"{line} {word}".strip()) <= width_limit_em:
            line = f"{line} {word}".strip()
            continue
        if line:
            lines.append(line)
        while width_em(word) > width_limit_em:
            head = _head(word, width_limit_em)
            lines.append(head)
            word = word[len(head) :]
        line = word
    return [*lines, line] if line or not lines else lines


def columns(text: str) -> int:
    """Cells of a terminal that the text takes."""
    return sum(_char_columns(ch) for ch in text)


def fitted(text: str, column_count: int) -> str:
    """Exactly that many columns: cut with "…", or filled up with spaces."""
    if columns(text) > column_count:
        while text and columns(text) > column_count - 1:
            text = text[:-1]
        text += "…"
    return text + " " * (column_count - columns(text))


def _head(word: str, width_limit_em: float) -> str:
    end = 1
    while end < len(word) and width_em(word[: end + 1]) <= width_limit_em:
        end += 1
    return word[:end]


def _char_columns(ch: str) -> int:
    if unicodedata.category(ch) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(ch) in "WF" else 1


def _char_em(ch: str) -> float:
    if ch in _NARROW:
        return 0.38
    if ch in _BROAD:
        return 0.98
    if ch.isupper():
        return 0.7
    return (0.0, 0.62, 1.0)[_char_columns(ch)]

"""Text of somebody else's as it may be shown: it steers nothing that stands around it, and what deceives the eye is marked.

    visible("Ask \u0412ravo\u202e for \u0663\u0663", ["Bravo"])    Ask Вravo⟦not Bravo⟧⟦U+202E⟧ for ٣٣⟦=33⟧
    on_terminal(text, names), in_html(text, names, "ar")          the same, so that no direction of writing turns a number around

What stands in ⟦ ⟧ is of Keepclear: a text that has these brackets itself has them shown by their numbers. Nothing here changes what is
kept, sent or compared.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from html import escape
from itertools import groupby

from keepclear.channel.readings import likenesses
from keepclear.ground.lookalike import is_unseen, mixed_words
from keepclear.parties.names import Party

OPEN, CLOSE = "⟦", "⟧"
LTR_ISOLATE, RTL_ISOLATE, FIRST_STRONG_ISOLATE, END_ISOLATE = "\u2066", "\u2067", "\u2068", "\u2069"
# More marks than this on one letter run into the lines above and below.
MARKS_MAX = 3

_DIRECTION_MARKS = frozenset("\u200e\u200f\u061c")
_JOINERS = frozenset("\u200c\u200d")
_STRETCH = "\u0640"
# No script of these needs joiners, and in their words they only hide.
_JOINS_NOTHING = ("LATIN", "CYRILLIC", "GREEK", "DIGIT", "ARMENIAN", "GEORGIAN")
_TURNED = frozenset({"R", "AL", "AN"})
_NUMBER = re.compile(r"\d[\d.,٫٬]*")
_WORD = re.compile(r"\w+")
_MARK = re.compile(rf"{OPEN}[^{CLOSE}\n]*{CLOSE}")
# Over the classes of `_class`: a number of Arabic digits, what is written from left to right, or a mark alone; each with its marks.
_RUN = re.compile(
    r"(?:d(?:[ds]*d)?(?:\([^)]*\))*|(?:s(?=e))?[ae](?:(?:[aetsn]|\([^)]*\))*(?:[aet]|\([^)]*\)))?|\([^)]*\))"
)
_CLASSES = {"L": "a", "EN": "e", "AN": "d", "ET": "t", "NSM": "t", "ES": "s", "CS": "s", "R": "x", "AL": "x"}
_RTL_SCRIPTS = frozenset({"Arab", "Hebr", "Syrc", "Thaa", "Nkoo", "Adlm"})
_RTL_LANGUAGES = frozenset({"ar", "fa", "he", "ur", "ps", "sd", "ug", "yi", "dv", "ckb", "arc", "syr", "prs"})
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?")


def visible(text: str, names: Iterable[str] = ()) -> str:
    """The text with everything that hides or deceives in it made visible; only its line breaks are kept.

    Characters that steer, control or are not seen stand as their code points, plain marks of direction are left out. Digits of other
    scripts stand with those of ASCII behind them. A word that passes for one of `names` and is not it says so, and so does one with
    letters of two alphabets."""
    notes = _notes(text, names)
    shown: list[str] = []
    hidden: list[str] = []
    marks = 0
    for at, ch in enumerate(text):
        seen = _seen(text, at)
        above = unicodedata.category(ch)[0] == "M"
        marks = marks + 1 if above else 0
        if seen is None or marks > MARKS_MAX:
            hidden.append(ch)
        else:
            shown += _flushed(hidden)
            alone = above and (not shown or shown[-1][-1:] in ("", " ", "\n", CLOSE))
            shown.append(f"◌{ch}" if alone else seen)
        for note in notes.get(at + 1, ()):
            shown += [*_flushed(hidden), f"{OPEN}{note}{CLOSE}"]
    return "".join([*shown, *_flushed(hidden)])


def on_terminal(text: str, names: Iterable[str] = (), language: str = "") -> str:
    """The text for a terminal or a plain file: what is visible, with isolates where writing from right to left could turn it around.

    Each line is by itself. The isolates, U+2066 to U+2069, are of Keepclear and are closed."""
    return "\n".join(isolated(line, language) for line in visible(text, names).split("\n"))


def isolated(line: str, language: str = "") -> str:
    """One line of visible text, kept apart from what stands beside it; its numbers, marks and Latin words stay in their order."""
    if not is_turned(line):
        return line
    opener = FIRST_STRONG_ISOLATE
    if language:
        opener = RTL_ISOLATE if direction(language) == "rtl" else LTR_ISOLATE
    parts = (f"{LTR_ISOLATE}{part}{END_ISOLATE}" if is_run else part for part, is_run in _parted(line))
    return f"{opener}{''.join(parts)}{END_ISOLATE}"


def in_html(text: str, names: Iterable[str] = (), language: str = "") -> str:
    """The text as one element of HTML that keeps it apart, with its language and direction."""
    shown = visible(text, names)
    turned = is_turned(shown) or direction(language) == "rtl"
    parts = _parted(shown) if turned else [(shown, False)]
    body = "".join(f'<bdi dir="ltr">{_marked(part)}</bdi>' if is_run else _marked(part) for part, is_run in parts)
    tag = language if _LANGUAGE.fullmatch(language) else "und"
    return f'<bdi lang="{tag}" dir="{direction(language) if language else "auto"}">{body}</bdi>'


def _marked(shown: str) -> str:
    escaped = escape(shown).replace("\n", "<br>")
    return _MARK.sub(lambda mark: f'<span class="mark">{mark[0]}</span>', escaped)


def _parted(shown: str) -> list[tuple[str, bool]]:
    """Visible text in pieces, and whether each is a run that is read from left to right.

    What has Latin letters, as 37S DT 64499 07430, is one run. Bare numbers are one each, and follow each other as the text does."""
    parts: list[tuple[str, bool]] = []
    end = 0
    for run in _RUN.finditer("".join(map(_class, shown))):
        piece = shown[run.start() : run.end()]
        parts.append((shown[end : run.start()], False))
        pieces = [piece] if set("a(") & set(run[0]) else re.split(r"(\s+)", piece)
        parts += [(one, not one.isspace()) for one in pieces]
        end = run.end()
    return [(part, is_run) for part, is_run in [*parts, (shown[end:], False)] if part]


def _class(ch: str) -> str:
    """How a character takes part in the direction of writing, as one letter. Brackets and ends of lines end a run."""
    if ch in (OPEN, CLOSE):
        return "(" if ch == OPEN else ")"
    if ch in "()[]{}<>«»\n":
        return "x"
    return "t" if ch in "'\"′″" else _CLASSES.get(unicodedata.bidirectional(ch), "n")


def direction(language: str) -> str:
    """ "rtl" or "ltr", by the script or the language of a BCP 47 tag."""
    parts = language.split("-")
    script = next((part for part in parts[1:] if len(part) == 4), "")
    return "rtl" if (script in _RTL_SCRIPTS if script else parts[0] in _RTL_LANGUAGES) else "ltr"


def is_turned(text: str) -> bool:
    """Whether anything of a text is written from right to left, or in digits that take part in it."""
    return any(unicodedata.bidirectional(ch) in _TURNED for ch in text)


def _seen(text: str, at: int) -> str | None:
    """A character as it is shown; "" for what is left out, None for what stands as its number."""
    ch = text[at]
    if ch in ("\n", _STRETCH):
        return ch
    if ch == "\t" or unicodedata.category(ch) == "Zs":
        return " "
    if ch in _DIRECTION_MARKS:
        return ""
    if ch in _JOINERS:
        beside = [text[near] for near in (at - 1, at + 1) if 0 <= near < len(text)]
        return ch if len(beside) == 2 and all(map(_joins, beside)) else None
    return None if ch in (OPEN, CLOSE) or is_unseen(ch) or not ch.isprintable() else ch


def _joins(ch: str) -> bool:
    return unicodedata.category(ch)[0] in "LM" and not unicodedata.name(ch, "LATIN").startswith(_JOINS_NOTHING)


def _flushed(hidden: list[str]) -> list[str]:
    """What was hidden, as one mark; the list is empty after that."""
    if not hidden:
        return []
    points = [(f"U+{ord(ch):04X}", len(list(same))) for ch, same in groupby(hidden)]
    hidden.clear()
    return [f"{OPEN}{', '.join(f'{point} x{count}' if count > 1 else point for point, count in points)}{CLOSE}"]


def _notes(text: str, names: Iterable[str]) -> dict[int, list[str]]:
    """What is to be said of the words and numbers of a text, by where they end."""
    notes: dict[int, list[str]] = {}
    for like in likenesses(text, names):
        note = f"not {visible(like.name)}".replace(OPEN, "(").replace(CLOSE, ")").replace("\n", " ")
        if note not in notes.setdefault(like.end, []):
            notes[like.end].append(note)
    for word in _WORD.finditer(text):
        if mixed_words(word[0]) and not any(word.start() < end <= word.end() for end in notes):
            notes.setdefault(word.end(), []).append("two alphabets")
    for number in _NUMBER.finditer(text):
        digits = number[0].rstrip(".,٫٬")
        if not digits.isascii():
            notes.setdefault(number.start() + len(digits), []).append(f"={_ascii(digits)}")
    return notes


def _ascii(digits: str) -> str:
    plain = digits.replace("٫", ".").replace("٬", ",")
    return "".join(str(unicodedata.digit(ch)) if unicodedata.category(ch) == "Nd" else ch for ch in plain)


def names_of(parties: Iterable[Party]) -> tuple[str, ...]:
    """The ids and names of parties: nothing else is to look like one of them."""
    return tuple(dict.fromkeys(name for party in parties for name in (party.id, *(one.text for one in party.names))))

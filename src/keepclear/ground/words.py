"""Words that a person typed, and the language they are in."""

from __future__ import annotations

import re
import unicodedata

from keepclear.ground.errors import LimitExceeded, Refused

WORDS_CHARS_MAX = 2_000
# BCP 47, as far as people here need it: "en", "ar", "zh-Hant".
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?")


def words_checked(words: str, where: str) -> str:
    """The words, if they are text that can be shown; raises `Refused` with `where`."""
    if len(words) > WORDS_CHARS_MAX:
        what = f"The text is longer than {WORDS_CHARS_MAX:,} characters"
        raise LimitExceeded("text.too_long", what, value=words, mend="Shorten it.", where=where)
    if any(unicodedata.category(ch) in {"Cc", "Cs"} and ch not in "\n\t" for ch in words):
        what = "The text has control characters or half characters"
        raise Refused("text.unprintable", what, value=words, mend="Remove them.", where=where)
    return words


def said_checked(words: str, where: str) -> str:
    """The words, if there are any and they can be shown; raises `Refused` with `where`."""
    if not words_checked(words, where).strip():
        raise Refused("text.empty", "There are no words", value=words, mend="Say it.", where=where)
    return words


def language_checked(language: str, where: str) -> str:
    """The language, if it is a tag of BCP 47; raises `Refused` with `where`."""
    if not _LANGUAGE.fullmatch(language):
        mend = "Write for example en, ar or ru (BCP 47)."
        raise Refused("language.unknown", "This is no language tag", value=language, mend=mend, where=where)
    return language

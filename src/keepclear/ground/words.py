"""Words that a person typed."""

from __future__ import annotations

import unicodedata

from keepclear.ground.errors import LimitExceeded, Refused

WORDS_CHARS_MAX = 2_000


def words_checked(words: str, where: str) -> str:
    """The words, if they are text that can be shown; raises `Refused` with `where`."""
    if len(words) > WORDS_CHARS_MAX:
        what = f"The text is longer than {WORDS_CHARS_MAX:,} characters"
        raise LimitExceeded("text.too_long", what, value=words, mend="Shorten it.", where=where)
    if any(unicodedata.category(ch) in {"Cc", "Cs"} and ch not in "\n\t" for ch in words):
        what = "The text has control characters or half characters"
        raise Refused("text.unprintable", what, value=words, mend="Remove them.", where=where)
    return words

"""Whether two texts are the same as people compare them, and whether they look the same to somebody who reads in haste.

    plain("\u202eKESTREL  ٥") == plain("kestrel 5")    the same text: how it is typed makes no difference
    alike("Bravo", "Вrаvо")                            three letters are Cyrillic: another text that passes for it

What is alike is a judgement of the eye. The table below has the letters of Latin, Cyrillic and Greek that are drawn alike, the few of
Arabic, the digits of every script, and pairs such as "rn" for "m". It has no Armenian, Cherokee, Coptic, Hebrew, Indic or Far Eastern
letter, and no font. A word that mixes such a script with another is seen by `mixed_words`; a whole word in one of them is not.
"""

from __future__ import annotations

import unicodedata

# Marks that take no room and are none of Cf: joiners, fillers and selectors.
_UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0") | {
    chr(code) for code in (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))
}
# Marks that turn the direction of what follows. The two joiners of Persian and Indic scripts are none of them.
_STEERING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_JOINERS = frozenset("\u200c\u200d")
_LETTERS = frozenset({"Lu", "Ll", "Lt", "Lo"})
_STRETCH = "\u0640"
# Scripts that one word may have beside each other in ordinary writing.
_WRITTEN_TOGETHER = frozenset({"CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO"})


def _pairs(rows: str) -> dict[int, str]:
    """From rows of "what it looks like: letters"."""
    table: dict[int, str] = {}
    for row in rows.strip().splitlines():
        shape, letters = row.split(":")
        table |= {ord(letter): shape.strip() for letter in letters.split()}
    return table


# By the letter as it stands: a capital may look like another letter than its small form does, as the Greek eta does.
_LOOKS = _pairs(
    """
    a: А а Α α ɑ ᴀ ӕ
    b: В в Β ß ẞ β Ь ь Ъ ъ ʙ ɓ Б ƀ
    c: С с Ϲ ϲ ᴄ ϛ ҁ
    d: ԁ ɗ đ Đ ð Ð ᴅ
    e: Е е Ε ε Є є э ᴇ ɛ Ɛ ǝ ə
    f: Ғ ғ ƒ Ϝ ϝ
    g: ɡ ɢ ԍ Ԍ ɠ
    h: Н н Η Һ һ ʜ ħ Ħ ђ ћ
    j: Ј ј ϳ ᴊ
    k: К к Κ κ ᴋ ĸ қ Қ ҟ ҝ ҡ
    l: Ӏ ӏ І і Ι ι ɩ ɪ ı ł Ł ƚ ʟ ا Ɩ ǀ | ∣
    m: М м Μ ᴍ
    n: Ν η п ɴ ո П ŋ
    o: О о Ο ο σ ø Ø ᴏ ө Ө θ Θ ه ة ۃ ہ ە ھ
    p: Р р Ρ ρ ᴘ Þ þ
    q: Ԛ ԛ ɋ
    r: г Г ʀ ᴦ Γ я Я
    s: Ѕ ѕ ꜱ
    t: Т т Τ τ ᴛ ŧ Ŧ
    u: υ ᴜ ц μ и И
    v: ν Ѵ ѵ ᴠ
    w: Ԝ ԝ ѡ Ѡ ω ш Ш щ Щ ᴡ ɯ
    x: Х х Χ χ ҳ Ҳ
    y: У у Υ γ Ү ү Ұ ұ ʏ
    z: Ζ ᴢ ʐ
    3: З з Ʒ ʒ Ӡ ӡ
    6: б
    ي: ى ی ې ے ۍ ٸ
    ك: ک ڪ ګ گ
    """
)
# The eye tells these apart in no common font.
_SHAPES = str.maketrans({"i": "l", "1": "l", "0": "o"})
_TOGETHER = (("rn", "m"), ("vv", "w"), ("cl", "d"))


def plain(text: str) -> str:
    """A text as it is compared: compatibility forms made one, in one case, with single blanks, without marks that are not seen.

    Digits of every script are those of ASCII. Two letters that only look alike stay two."""
    digits = "".join(_digit(ch) for ch in unicodedata.normalize("NFKC", text) if not is_unseen(ch))
    return " ".join(unicodedata.normalize("NFKC", digits.casefold()).split())


def looks(text: str) -> frozenset[str]:
    """What a text may be taken for: two texts are alike if they have one of these in common.

    Empty where nothing of it is seen. Blanks, dashes, points, accents and vowel marks make no difference."""
    shown = unicodedata.normalize("NFKC", text)
    return frozenset(filter(None, (_skeleton(form) for form in (shown, shown.upper(), plain(text)))))


def alike(one: str, other: str) -> bool:
    """Whether one of the two passes for the other."""
    return not looks(one).isdisjoint(looks(other))


def steering(text: str) -> str:
    """The marks of a text that turn its direction or take no room, the joiners of Persian and Indic scripts excepted."""
    return "".join(ch for ch in text if ch in _STEERING or (is_unseen(ch) and ch not in _JOINERS and ch != _STRETCH))


def mixed_words(text: str) -> tuple[str, ...]:
    """The words of a text that have letters of more than one script, as "Вravo" with a Cyrillic first letter."""
    return tuple(word for word in text.split() if len(_scripts(word) - _WRITTEN_TOGETHER) > 1)


def is_unseen(ch: str) -> bool:
    """Whether a character takes no room: marks of direction, joiners, fillers, selectors, the stretch of Arabic."""
    return unicodedata.category(ch) == "Cf" or ch in _UNSEEN or ch == _STRETCH


def _digit(ch: str) -> str:
    return str(unicodedata.digit(ch)) if unicodedata.category(ch) == "Nd" else ch


def _skeleton(text: str) -> str:
    shapes = "".join(_shape(ch) for ch in unicodedata.normalize("NFKD", text) if not is_unseen(ch))
    seen = shapes.casefold().translate(_SHAPES)
    for pair, one in _TOGETHER:
        seen = seen.replace(pair, one)
    return seen


def _shape(ch: str) -> str:
    """What a character looks like; "" for what only stands between letters or on them."""
    if ord(ch) in _LOOKS:
        return _LOOKS[ord(ch)]
    category = unicodedata.category(ch)
    return "" if category[0] in "MZPC" else _digit(ch)


def _scripts(word: str) -> frozenset[str]:
    """The scripts of its letters, by the first word of their names in Unicode."""
    letters = (ch for ch in unicodedata.normalize("NFKC", word) if unicodedata.category(ch) in _LETTERS)
    return frozenset(unicodedata.name(ch, "UNNAMED").partition(" ")[0].partition("-")[0] for ch in letters)

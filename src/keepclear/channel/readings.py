"""What can be read in a text without understanding it: lengths, numbers, times, dates with their weekday, places measured from a name.

English, Russian and Arabic words are known, and digits of every script. What is not found here may be there all the same: a number
that is written as a word, a place that no list has. Each reading keeps the words that it came in.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from keepclear.geo.places import NamedPoint
from keepclear.geo.places import parse as parse_place
from keepclear.ground.errors import Refused
from keepclear.ground.instants import parse_instant, zone_named
from keepclear.ground.lookalike import is_unseen, looks, plain
from keepclear.ground.quantities import parse_length


def uniform(text: str) -> str:
    """A text as it is read here: compatibility forms made one, digits of ASCII, no marks of direction; its case and blanks stay."""
    shown = "".join(ch for ch in unicodedata.normalize("NFKC", text) if unicodedata.category(ch) != "Cf")
    return "".join(str(unicodedata.digit(ch)) if unicodedata.category(ch) == "Nd" else ch for ch in shown)


# --- numbers ---

# A blank, a point above or an apostrophe between groups of three digits is no part of the number.
_GROUPED = re.compile(r"(?<![\d.,])(\d{1,3})((?:[ '’٬,]\d{3})+)(?![\d])(?![.,]\d{3})")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")


def numbers(text: str) -> Counter[Decimal]:
    """Every number that is written in digits, and how often."""
    return Counter(Decimal(found.replace(",", ".")).normalize() for found in _NUMBER.findall(_ungrouped(text)))


def _ungrouped(text: str) -> str:
    whole = uniform(text).replace("٫", ".")
    return _GROUPED.sub(lambda match: match[1] + re.sub(r"\D", "", match[2]), whole)


# --- lengths ---

_UNITS = {
    r"морск(?:ая|ие|их|ой|ую)\s+мил(?:ь|я|и|ю|ями|ях)": "NM",
    r"мил(?:ь|я|и|ю|ями|ях)": "miles",
    r"километр\w*|км": "km",
    r"метр\w*|м": "m",
    r"ميل(?:ا|اً)?\s+بحري(?:ا|اً)?|أميال\s+بحرية": "NM",
    r"ميل(?:ا|اً)?|أميال": "miles",
    r"كيلومتر\w*|كيلو\s?متر\w*|كم": "km",
    r"متر\w*|م": "m",
}
_LATIN_UNIT = r"(?:nautical|statute)\s+mi(?:les?)?|kilomet(?:re|er)s?|met(?:re|er)s?|miles?|yards?|feet|foot|nmi|nm|smi|km|mi|ft|yd|m"
_LENGTH = re.compile(
    rf"(?<![\w.,])(?P<number>\d{{1,3}}(?:[ ,]\d{{3}})+|\d+(?:[.,]\d+)?)[\s\u2010-\u2013-]*(?P<unit>{_LATIN_UNIT}|{'|'.join(_UNITS)})(?![\w/])"
    # The M of a grid zone, as in 37M DT 64499 07430, is no unit.
    r"(?!(?-i:\s*(?:[A-HJ-NP-Z]{2}\s*\d{1,5}\s?\d{1,5}|\d{6}\s+\d{6,8})\b))",
    re.IGNORECASE,
)
_ACROSS = re.compile(
    r"[\s,-]*(?:wide|across|in\s+diameter|diameter|в\s+диаметре|в\s+ширину|عرضا|قطرا)(?!\w)", re.IGNORECASE
)
_ACROSS_BEFORE = re.compile(r"(?:diameter(?:\s+of)?|шириной|диаметром|بعرض|بقطر|قطرها)[\s:]*$", re.IGNORECASE)


class Quantity(NamedTuple):
    """A length as it stands in a text.

    m        metres; None: `doubt` says why it is no length, by the key of the refusal
    half_m   half a step of its last digit
    across   it is said to be the width or the diameter of something"""

    text: str
    m: float | None
    half_m: float
    across: bool
    start: int
    end: int
    doubt: str = ""

    def agrees(self, other: Quantity) -> bool:
        """Whether both may be one length, each rounded to its last digit."""
        return self.m is not None and other.m is not None and abs(self.m - other.m) <= self.half_m + other.half_m


def lengths(text: str) -> tuple[Quantity, ...]:
    """The lengths of a text, in order; positions are those of the text made uniform."""
    whole = uniform(text)
    return tuple(_length(whole, match) for match in _LENGTH.finditer(whole))


def _length(whole: str, match: re.Match[str]) -> Quantity:
    number = _ungrouped(match["number"]).replace(",", ".")
    unit = _latin(match["unit"])
    across = bool(_ACROSS.match(whole, match.end())) or bool(_ACROSS_BEFORE.search(whole[: match.start()]))
    try:
        m = parse_length(f"{number} {unit}").m
        half_m = parse_length(f"1 {unit}").m * 10.0 ** -len(number.partition(".")[2]) / 2
    except Refused as refusal:
        return Quantity(match[0], None, 0.0, across, *match.span(), refusal.key)
    return Quantity(match[0], m, half_m, across, *match.span())


def _latin(unit: str) -> str:
    spelled = next((latin for pattern, latin in _UNITS.items() if re.fullmatch(pattern, unit, re.IGNORECASE)), unit)
    return " ".join(spelled.split())


# --- times ---

# A hyphen right between two times is "from - to"; an offset west of Greenwich stands behind a blank.
_NAMED_ZONE = (
    r"(?:UTC|GMT)\s?[+-]\d{1,2}(?::?\d\d)?|Z\b|UTC\b|GMT\b|\+\d\d(?::?\d\d)?(?!\d)|[A-Z][A-Za-z_]+/[A-Z][A-Za-z_]+"
)
_ZONE = rf"(?:\s*(?:{_NAMED_ZONE})|\s+-\d\d:?\d\d(?!\d))"
_CLOCK = r"(?:[01]?\d|2[0-3])[:h][0-5]\d(?::[0-5]\d)?"
# "09:00 and 17:00 UTC" names one zone for both; a hemisphere behind it makes it an angle.
_TIME = re.compile(
    rf"(?<![\d:.+])(?<!\s-)(?P<clock>{_CLOCK})(?![\d:])(?!\s*[NSEW]\b)"
    rf"(?=(?P<zone>{_ZONE})|(?:\s*(?:-|–|to|and|,|/|و|и|до)\s*{_CLOCK})+(?P<later>{_ZONE})|)"
)
_BARE_TIME = re.compile(
    rf"\b(?:at|by|until|till|from|before|after)\s+(?P<clock>(?:[01]\d|2[0-3])[0-5]\d)(?!\d)\s*(?P<hours>hrs?\b|hours\b|h\b)?"
    rf"(?P<zone>{_ZONE})?",
    re.IGNORECASE,
)
_WHOLE_TIMES = re.compile(
    r"(?<!\d)\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?\s?(?:Z\b|UTC\b|GMT\b|[+-]\d\d:?\d\d(?!\d))"
    r"|(?<!\w)\d{6}\s?[A-Z]\s?(?:JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)\s?(?:\d{4}|\d\d)(?!\w)"
)


class Spoken(NamedTuple):
    """A date with its time and zone as it stands in a text; None: `doubt` says why it is no instant, by the key of the refusal."""

    text: str
    at_us: int | None
    doubt: str = ""


def instants(text: str) -> tuple[Spoken, ...]:
    """The dates with a time and a zone: ISO 8601, and date-time groups."""
    return tuple(_spoken(match[0]) for match in _WHOLE_TIMES.finditer(uniform(text)))


def _spoken(text: str) -> Spoken:
    try:
        return Spoken(text, parse_instant(re.sub(r"\s?(?:UTC|GMT)$", "Z", re.sub(r"\s(?=[+-Z][\d:]*$)", "", text))).us)
    except Refused as refusal:
        return Spoken(text, None, refusal.key)


class Clock(NamedTuple):
    """A time of day as it stands in a text; `zone` is what zone it is in, "" that nobody said."""

    text: str
    minute: int
    zone: str


def clocks(text: str) -> tuple[Clock, ...]:
    """The times of day of a text, but for those of `instants`."""
    whole = _WHOLE_TIMES.sub(lambda match: "_" * len(match[0]), uniform(text))
    found = []
    for match in _TIME.finditer(whole):
        hour, minute = re.split(r"[:h]", match["clock"])[:2]
        found.append(Clock(match["clock"], int(hour) * 60 + int(minute), _zone(match["zone"] or match["later"])))
    for match in _BARE_TIME.finditer(whole):
        digits = match["clock"]
        year = 1950 <= int(digits) < 2200 and not match["hours"] and not match["zone"]
        if not year:
            found.append(Clock(digits, int(digits[:2]) * 60 + int(digits[2:]), _zone(match["zone"])))
    return tuple(found)


def _zone(written: str | None) -> str:
    """A zone as `zone_named` reads it, where there is one."""
    if not written:
        return ""
    written = written.strip()
    offset = re.fullmatch(r"(?:UTC|GMT)?\s?([+-])(\d{1,2}):?(\d\d)?", written)
    name = f"{offset[1]}{int(offset[2]):02d}:{offset[3] or '00'}" if offset else written.replace("GMT", "UTC").upper()
    try:
        zone_named(name if offset or "/" not in written else written)
    except Refused:
        return ""
    return name if offset or "/" not in written else written


# --- dates ---

_MONTHS = [
    r"jan(?:uary)?|января|يناير|كانون\s+الثاني", r"feb(?:ruary)?|февраля|فبراير|شباط", r"mar(?:ch)?|марта|مارس|آذار",
    r"apr(?:il)?|апреля|أبريل|ابريل|نيسان", r"may|мая|مايو|أيار|ايار", r"june?|июня|يونيو|حزيران",
    r"july?|июля|يوليو|تموز", r"aug(?:ust)?|августа|أغسطس|اغسطس|آب", r"sep(?:t(?:ember)?)?|сентября|سبتمبر|أيلول|ايلول",
    r"oct(?:ober)?|октября|أكتوبر|اكتوبر|تشرين\s+الأول", r"nov(?:ember)?|ноября|نوفمبر|تشرين\s+الثاني",
    r"dec(?:ember)?|декабря|ديسمبر|كانون\s+الأول",
]  # fmt: skip
_WEEKDAYS = [
    r"mon(?:day)?|понедельник|الاثنين|الإثنين", r"tue(?:s(?:day)?)?|вторник|الثلاثاء", r"wed(?:nesday)?|сред[ауы]|الأربعاء|الاربعاء",
    r"thu(?:r(?:s(?:day)?)?)?|четверг|الخميس", r"fri(?:day)?|пятниц[ауы]|الجمعة", r"sat(?:urday)?|суббот[ауы]|السبت",
    r"sun(?:day)?|воскресенье|الأحد|الاحد",
]  # fmt: skip
_MONTH = "|".join(_MONTHS)
_DATES = (
    re.compile(r"(?<!\d)(?P<y>\d{4})-(?P<m>\d\d)-(?P<d>\d\d)(?!\d)"),
    re.compile(r"(?<![\d.])(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d{4})(?![\d.])"),
    re.compile(
        rf"(?<![\w.:])(?P<d>\d{{1,2}})(?:st|nd|rd|th)?\s+(?P<m>{_MONTH})(?!\w)\.?(?:\s+(?P<y>\d{{4}}))?", re.IGNORECASE
    ),
    re.compile(rf"(?<!\w)(?P<m>{_MONTH})\.?\s+(?P<d>\d{{1,2}})(?![\d:])(?:,?\s+(?P<y>\d{{4}}))?", re.IGNORECASE),
)
# No name of a day is longer, and a search through all that goes before would take longer with each date.
WORD_CHARS_MAX = 40
_WORD_BEFORE, _WORD_AFTER = re.compile(r"(\w+)\.?[\s,(]*$"), re.compile(r"^[\s,(]*(\w+)")


class Dated(NamedTuple):
    """A date as it stands in a text: None where there is no such day; and the weekday beside it, 1 for Monday, 0 for none."""

    text: str
    day: date | None
    weekday: int


def dates(text: str, near: date) -> tuple[Dated, ...]:
    """The dates of a text. One without a year is taken in the year that brings it nearest to `near`."""
    whole = uniform(text)
    return tuple(_dated(whole, match, near) for pattern in _DATES for match in pattern.finditer(whole))


def _dated(whole: str, match: re.Match[str], near: date) -> Dated:
    beside = [
        _WORD_BEFORE.search(whole[max(0, match.start() - WORD_CHARS_MAX) : match.start()]),
        _WORD_AFTER.search(whole[match.end() : match.end() + WORD_CHARS_MAX]),
    ]
    words = [_numbered(_WEEKDAYS, word[1]) if word else 0 for word in beside]
    weekday = words[0] or words[1]
    spelled = beside[0] if words[0] else beside[1] if words[1] else None
    shown = " ".join([*([spelled[1]] if spelled else []), match[0]])
    month = int(match["m"]) if match["m"].isdigit() else _numbered(_MONTHS, match["m"])
    years = [int(match["y"])] if match["y"] else [near.year - 1, near.year, near.year + 1]
    days = [day for year in years if (day := _day(year, month, int(match["d"]))) is not None]
    return Dated(shown, min(days, key=lambda day: abs(day - near), default=None), weekday)


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _numbered(patterns: list[str], word: str) -> int:
    return next((n for n, pattern in enumerate(patterns, 1) if re.fullmatch(pattern, word, re.IGNORECASE)), 0)


# --- names of places ---

_FROM = re.compile(r"\s(?:from|of)\s+(?:the\s+)?$", re.IGNORECASE)
_HEAD_WORDS_MAX = 7


class Mention(NamedTuple):
    """A named point in a text.

    head      what stands before it where something is measured from it: "27 km 290°"; "": it is only named
    lat, lon  where that leads, within `accuracy_m`; None where it cannot be followed"""

    point: NamedPoint
    text: str
    start: int
    end: int
    head: str = ""
    lat: float | None = None
    lon: float | None = None
    accuracy_m: float = 0.0


def mentions(text: str, points: Iterable[NamedPoint]) -> tuple[Mention, ...]:
    """Where a text names one of these points, by name or alias, in order; a name within a longer one is no mention of its own."""
    whole, spoken = uniform(text), plain(text)
    found = [
        (match, point)
        for point in points
        for name in dict.fromkeys((point.name, *point.aliases))
        if name.strip() and plain(name) in spoken
        for match in _spelled(name).finditer(whole)
    ]
    spans = {match.span() for match, _ in found}
    whole_names = [(match, point) for match, point in found if not any(_within(match.span(), span) for span in spans)]
    return tuple(
        _measured(whole, match, point) for match, point in sorted(whole_names, key=lambda pair: pair[0].span())
    )


def _spelled(name: str) -> re.Pattern[str]:
    spelled = r"\s+".join(map(re.escape, uniform(name).split()))
    return re.compile(rf"(?<!\w){spelled}(?!\w)", re.IGNORECASE)


def _within(span: tuple[int, int], other: tuple[int, int]) -> bool:
    return span != other and other[0] <= span[0] and span[1] <= other[1]


def is_called(point: NamedPoint, name: str) -> bool:
    """Whether a point has this name or alias."""
    return plain(name) in {plain(one) for one in (point.name, *point.aliases)}


def _measured(whole: str, match: re.Match[str], point: NamedPoint) -> Mention:
    link = _FROM.search(whole[: match.start()])
    named = Mention(point, match[0], *match.span())
    if link is None:
        return named
    words = list(re.finditer(r"\S+", whole[: link.start()]))
    for word in words[-_HEAD_WORDS_MAX:]:
        head = whole[word.start() : link.start()].strip("(,; ")
        try:
            place = parse_place(f"{head} from {point.name}", named_points={point.name: point})
        except Refused as refusal:
            if refusal.key.startswith("length.bare"):
                return Mention(point, whole[word.start() : match.end()], word.start(), match.end(), head)
            continue
        text = whole[word.start() : match.end()]
        return Mention(point, text, word.start(), match.end(), head, place.lat, place.lon, place.accuracy_m)
    return named


# --- names that others pass for ---

# "All" passes for "Ali" as well; shorter names than this would be found everywhere.
_LOOKS_CHARS_MIN = 3


class Likeness(NamedTuple):
    """Words of a text that pass for a known name and are not it; where they stand in the text as it was given."""

    text: str
    name: str
    start: int
    end: int


class _Word(NamedTuple):
    text: str
    start: int
    end: int


def likenesses(text: str, names: Iterable[str]) -> tuple[Likeness, ...]:
    """Where words of a text look like one of these names and are not it, in the order of the text.

    Marks that are not seen, accents and strokes through letters do not end a word. A name may also be written with a blank within
    one of its words, as thin as blanks come."""
    known = {_joined(_words(plain(name))): name for name in names}
    by_looks: dict[str, list[str]] = {}
    for name in known.values():
        for shape in looks(name):
            if len(shape) >= _LOOKS_CHARS_MIN:
                by_looks.setdefault(shape, []).append(name)
    words = _words(text)
    counts = {len(spelled.split()) for spelled in known}
    found = []
    for count in sorted(counts | {count + 1 for count in counts}):
        for start in range(len(words) - count + 1 if count else 0):
            some = words[start : start + count]
            shown = _joined(some)
            if _same(shown) in known or (count not in counts and any(_same(word.text) in known for word in some)):
                continue
            found += [
                Likeness(shown, name, some[0].start, some[-1].end)
                for shape in looks(shown)
                for name in by_looks.get(shape, ())
            ]
    return tuple(sorted(dict.fromkeys(found), key=lambda likeness: likeness.start))


def _joined(words: Iterable[_Word]) -> str:
    return " ".join(word.text for word in words)


def _same(shown: str) -> str:
    return _joined(_words(plain(shown)))


def _words(text: str) -> list[_Word]:
    """The words of a text, compatibility forms made one, with where each stands in the text as it was given."""
    found: list[_Word] = []
    letters: list[str] = []
    start = end = 0
    for at, ch in enumerate([*text, " "]):
        for one in unicodedata.normalize("NFKC", ch):
            if one.isalnum() or one == "_" or (letters and (is_unseen(one) or unicodedata.category(one)[0] == "M")):
                start = start if letters else at
                end = end if is_unseen(one) else at + 1
                letters.append(one)
            elif letters:
                found.append(_Word(unicodedata.normalize("NFKC", "".join(letters)), start, end))
                letters = []
    return found

"""What a report says besides place and time, out of the words it came in: how many, whose, how sure, how graded.

The same for a cell of a table and a value of JSON. Blank means that the report does not say.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from keepclear.ground.errors import Refused
from keepclear.ground.quantities import CountRange, parse_count
from keepclear.tracks.observations import NO_CLAIM, Attribution, Claim

FIELDS = ("count", "count_min", "count_max", "party", "attributed_by", "confidence", "grading", "exercise")
COUNT_MAX = 1_000_000_000
TEXT_CHARS_MAX = 500

# Ours: the middle of the ranges that estimative language is usually given.
CONFIDENCE_WORDS = {"low": 0.3, "moderate": 0.6, "medium": 0.6, "high": 0.9}
_YES = frozenset({"true", "yes", "y", "1", "x", "exercise"})
_NO = frozenset({"false", "no", "n", "0", "real"})
_GRADING = re.compile(r"[A-F][1-6]")
_WHOLE = re.compile(r"\d{1,12}(?:\.0+)?", re.ASCII)
# Control characters and halves of surrogate pairs: neither can be shown, and the second cannot be written out.
UNWRITABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def claim_of(values: Mapping[str, object], *, exercise: bool = False) -> Claim:
    """The claim of one report. `exercise` holds unless the report says otherwise.

    Raises `Refused` whose `where` is the field at fault."""
    party = text_of(values.get("party"), "party")
    attribution = None
    if party:
        sure = confidence_of(values.get("confidence"))
        attribution = Attribution(party, text_of(values.get("attributed_by"), "attributed_by"), sure)
    said = _yes_or_no(values.get("exercise"))
    claim = Claim(_count(values), attribution, _grading(values.get("grading")), exercise if said is None else said)
    return NO_CLAIM if claim == NO_CLAIM else claim


def text_of(value: object, field: str) -> str:
    """Text without blanks around it; a whole number is written out, because names are often numbers."""
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise Refused("text.unreadable", f"The {field} is not text", value=value, mend="Write it as text.", where=field)
    text = value.strip()
    if len(text) > TEXT_CHARS_MAX:
        what = f"The {field} is longer than {TEXT_CHARS_MAX} characters"
        raise Refused("text.too_long", what, value=text, mend="Shorten it.", where=field)
    if not text.isprintable() and UNWRITABLE.search(text):
        what = f"The {field} holds characters that cannot be written"
        raise Refused("text.unwritable", what, value=text, mend="Remove them.", where=field)
    return text


def confidence_of(value: object) -> float | None:
    """From 0 to 1: a number, a percentage with its sign, or one of `CONFIDENCE_WORDS`."""
    if isinstance(value, float | int) and not isinstance(value, bool):
        sure = float(value)
    else:
        text = text_of(value, "confidence").lower()
        if not text or text in CONFIDENCE_WORDS:
            return CONFIDENCE_WORDS.get(text)
        try:
            sure = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
        except ValueError:
            sure = math.nan
    if not 0.0 <= sure <= 1.0:
        mend = 'Write a number from 0 to 1, a percentage such as "80%", or low, moderate or high.'
        raise Refused(
            "confidence.unreadable", "The confidence is not understood", value=value, mend=mend, where="confidence"
        )
    return sure


def _count(values: Mapping[str, object]) -> CountRange | None:
    words = text_of(values.get("count"), "count")
    low, high = (_whole(values.get(field), field) for field in ("count_min", "count_max"))
    if low is None and high is None:
        return _spoken(words) if words else None
    low = 0 if low is None else low
    if high is not None and low > high:
        mend = "Exchange the two."
        raise Refused(
            "count.reversed",
            "The lower count is larger than the upper",
            value=f"{low} to {high}",
            mend=mend,
            where="count_min",
        )
    return CountRange(low, high, words or (f"{low}-{high}" if high is not None else f"at least {low}"))


def _spoken(words: str) -> CountRange:
    try:
        spoken = parse_count(words)
    except Refused as refused:
        raise refused.at("count") from refused
    except ValueError as error:  # more digits than Python turns into a number
        raise _too_many(words, "count") from error
    if (spoken.high or spoken.low) > COUNT_MAX:
        raise _too_many(words, "count")
    return spoken


def _whole(value: object, field: str) -> int | None:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = text_of(value, field)
    if not text:
        return None
    if not _WHOLE.fullmatch(text):
        mend = 'Write a whole number, or put words such as "about 200" into the column count.'
        raise Refused("count.unreadable", f"The {field} is not a whole number", value=text, mend=mend, where=field)
    number = int(text.partition(".")[0])
    if number > COUNT_MAX:
        raise _too_many(text, field)
    return number


def _too_many(value: str, field: str) -> Refused:
    return Refused(
        "count.out_of_range",
        "This is more than there are people",
        value=value,
        mend=f"Counts go up to {COUNT_MAX:,}.",
        where=field,
    )


def _grading(value: object) -> str:
    grading = text_of(value, "grading").upper()
    if grading and not _GRADING.fullmatch(grading):
        mend = "Write the reliability of the source, A to F, and the credibility of the report, 1 to 6: B2."
        raise Refused(
            "grading.unreadable", "The grading is not an Admiralty code", value=value, mend=mend, where="grading"
        )
    return grading


def _yes_or_no(value: object) -> bool | None:
    if isinstance(value, bool):
        return value
    text = text_of(value, "exercise").lower()
    if text in _YES or text in _NO:
        return text in _YES
    if text:
        raise Refused(
            "exercise.unreadable", "This is neither yes nor no", value=value, mend="Write yes or no.", where="exercise"
        )
    return None

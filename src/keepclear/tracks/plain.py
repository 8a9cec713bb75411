"""Claims as plain values that JSON holds, and back; and plain values as bytes, each value in one way only."""

from __future__ import annotations

import json
import math
from typing import Any

from keepclear.ground.errors import Refused
from keepclear.ground.quantities import CountRange
from keepclear.tracks.claims import COUNT_MAX
from keepclear.tracks.observations import Attribution, Claim

_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def text_of(plain: object) -> str:
    """The value as JSON without blanks; whole numbers and others stay apart."""
    return _ENCODER.encode(plain)


def bytes_of(text: str) -> bytes:
    """The text as UTF-8. Half characters, which a name of a subject may hold, stay what they are."""
    return text.encode("utf-8", "surrogatepass")


def value_of(text: bytes, where: str) -> Any:
    """What JSON says that `text_of` wrote; raises `Refused` for every other text."""
    try:
        value = json.loads(text.decode("utf-8", "surrogatepass"), parse_constant=_no_number)
        same = bytes_of(text_of(value)) == text
    except (ValueError, RecursionError) as error:
        raise Refused("packed.text", "The text within is not JSON", value=str(error), where=where) from error
    if not same:
        raise Refused("packed.text", "The text within is not as it is written here", where=where)
    return value


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number")


def plain_claim(claim: Claim) -> list[Any]:
    """[count, attribution, grading, exercise]; the count is [low, high, words], the attribution [party, by, confidence]."""
    count, attribution = claim.count, claim.attribution
    return [
        None if count is None else [count.low, count.high, count.as_entered],
        None if attribution is None else [attribution.party, attribution.attributed_by, attribution.confidence],
        claim.grading,
        claim.exercise,
    ]


def claim_of(plain: Any) -> Claim:
    """The claim again; raises `Refused` for what is none."""
    match plain:
        case [count, attribution, str() as grading, bool() as exercise]:
            return Claim(_count_of(count), _attribution_of(attribution), grading, exercise)
    raise _no_claim(plain)


def _count_of(plain: Any) -> CountRange | None:
    match plain:
        case None:
            return None
        case [low, high, str() as words] if _is_count(low) and (high is None or (_is_count(high) and low <= high)):
            return CountRange(low, high, words)
    raise _no_claim(plain)


def _attribution_of(plain: Any) -> Attribution | None:
    match plain:
        case None:
            return None
        case [str() as party, str() as by, sure] if sure is None or is_share(sure):
            return Attribution(party, by, sure)
    raise _no_claim(plain)


def is_share(value: Any) -> bool:
    """Whether this is a number from 0 to 1."""
    return type(value) in (int, float) and math.isfinite(value) and 0 <= value <= 1


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value <= COUNT_MAX


def _no_claim(value: object) -> Refused:
    return Refused("packed.claim", "This is no claim", value=value)

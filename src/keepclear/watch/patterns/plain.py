"""What patterns hold, as plain values that JSON holds, and back. Whoever reads them raises `Refused` for what is none."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from keepclear.ground.errors import Refused
from keepclear.watch.patterns.noticed import Found, Told
from keepclear.watch.patterns.sighting import Sighting

_COUNT_MAX = 1_000_000_000


def plain_sighting(held: Sighting) -> list[Any]:
    """A sighting; null stands for infinity."""
    direction_doubt, near_m, far_m = map(_finite, (held.direction_doubt_rad, held.near_m, held.far_m))
    return [
        list(held.identity), held.seen_at_us, list(held.place), held.direction_rad, direction_doubt, held.is_area, held.sigma_m,
        near_m, far_m, held.count_low, held.count_high, held.party, held.source, held.exercise,
    ]  # fmt: skip


def sighting_of(plain: Any) -> Sighting:
    """The sighting again."""
    match plain:
        case [
            [*identity], int() as seen_at_us, [*place], direction, doubt, bool() as is_area, sigma_m, near_m, far_m, low, high,
            str() as party, str() as source, bool() as exercise,
        ] if (
            len(identity) == 8 and all(is_whole(number) for number in identity[:6]) and all(isinstance(text, str) for text in identity[6:])
            and len(place) == 3 and all(map(_is_number, [*place, direction, sigma_m]))
            and all(length is None or _is_number(length) for length in (doubt, near_m, far_m))
            and all(count is None or (is_whole(count) and 0 <= count <= _COUNT_MAX) for count in (low, high))
            and (low is not None or high is None) and seen_at_us == identity[0]
        ):  # fmt: skip
            doubt, near_m, far_m = (math.inf if length is None else length for length in (doubt, near_m, far_m))
            return Sighting(
                tuple(identity), seen_at_us, (place[0], place[1], place[2]), direction, doubt, is_area, sigma_m, near_m, far_m,
                low, high, party, source, exercise,
            )  # fmt: skip
    raise unknown(plain)


def sightings_of(plain: Any) -> list[Sighting]:
    """Several of one subject, at least one, in the order of their identities."""
    held = [sighting_of(one) for one in list_of(plain)]
    if not held or any(later.identity <= earlier.identity for earlier, later in pairwise(held)):
        raise unknown(plain)
    return held


def plain_found(found: Found) -> list[Any]:
    """An occurrence."""
    return [found.since_us, found.seen_at_us, found.params, found.exercise]


def found_of(plain: Any) -> Found:
    """The occurrence again."""
    match plain:
        case [since_us, seen_at_us, dict() as params, bool() as exercise] if (
            is_whole(since_us) and is_whole(seen_at_us) and all(map(_is_parameter, params.values()))
        ):
            return Found(since_us, seen_at_us, params, exercise)
    raise unknown(plain)


def plain_told(told: Told) -> list[Any]:
    """The occurrences that stand as told."""
    return [plain_found(found) for found in told.standing]


def told_of(plain: Any) -> Told:
    """The same again."""
    told = Told()
    told.standing = [found_of(found) for found in list_of(plain)]
    return told


def by_name(plain: Any) -> dict[str, Any]:
    """A JSON object whose names are in alphabetical order."""
    if not isinstance(plain, dict) or list(plain) != sorted(plain):
        raise unknown(plain)
    return plain


def sorted_by_name(held: dict[str, Any]) -> dict[str, Any]:
    """The same, in alphabetical order of the names."""
    return {name: held[name] for name in sorted(held)}


def list_of(plain: Any) -> list[Any]:
    """A list."""
    if not isinstance(plain, list):
        raise unknown(plain)
    return plain


def instants_of(plain: Any, count: int) -> list[int]:
    """So many whole numbers."""
    if len(list_of(plain)) != count or not all(map(is_whole, plain)):
        raise unknown(plain)
    return list(plain)


def members_of(plain: Any, names: Iterable[str]) -> list[Any]:
    """The values of an object that has these names in this order and no others."""
    listed = list(names)
    if not isinstance(plain, dict) or list(plain) != listed:
        raise unknown(plain)
    return [plain[name] for name in listed]


def is_whole(value: object) -> bool:
    """Whether this is a whole number."""
    return type(value) is int


def unknown(plain: object) -> Refused:
    """What is raised for values that no pattern holds."""
    return Refused("packed.pattern", "No pattern holds this", value=plain)


def _finite(length: float) -> float | None:
    return None if length == math.inf else length


def _is_number(value: object) -> bool:
    return type(value) in (int, float)


def _is_parameter(value: object) -> bool:
    return value is None or type(value) in (str, int, float, bool)

"""Lists come a page at a time: `limit` items behind `after`, and `next` says what to ask for to go on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Annotated, Generic, TypeVar

import msgspec
from msgspec import Meta

T = TypeVar("T")
V = TypeVar("V")

LIMIT = 100
# Items that may be passed over for one page because the user may not see them, or they do not fit the filter.
PASSED_OVER_MAX = 20_000

Limit = Annotated[int, Meta(ge=1, le=1_000, description="items of a page, at most")]
After = Annotated[str, Meta(max_length=300, description="what `next` said of the page before")]
Exercise = Annotated[bool, Meta(description="the exercise side; an exercise node has no other")]


class Paged(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Parameters of every list."""

    exercise: Exercise | None = None
    limit: Limit = LIMIT
    after: After | None = None


class Page(msgspec.Struct, Generic[V], frozen=True):
    """Some items of a list. `next`: what to give as `after` for those behind them; null at the end. A page may be short and have a next."""

    items: list[V]
    next: str | None


def page_of(behind: Iterable[T], limit: int, *, shown: Callable[[T], V | None], cursor: Callable[[T], str]) -> Page[V]:
    """The first `limit` items that `shown` gives a view of; None passes an item over."""
    items: list[V] = []
    last: T | None = None
    for passed, item in enumerate(behind):
        if len(items) == limit or passed == PASSED_OVER_MAX:
            return Page(items, None if last is None else cursor(last))
        view = shown(item)
        if view is not None:
            items.append(view)
        last = item
    return Page(items, None)

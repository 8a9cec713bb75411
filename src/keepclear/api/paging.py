"""Lists come a page at a time: `limit` items behind `after`, and `next` says what to ask for to go on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Annotated, Generic, TypeVar

import msgspec
from msgspec import Meta

T = TypeVar("T")
V = TypeVar("V")

LIMIT = 100

Limit = Annotated[int, Meta(ge=1, le=1_000, description="items of a page, at most")]
After = Annotated[str, Meta(max_length=1_000, description="what `next` said of the page before")]
Exercise = Annotated[bool, Meta(description="the exercise side; an exercise node has no other")]


class Paged(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Parameters of every list."""

    exercise: Exercise | None = None
    limit: Limit = LIMIT
    after: After | None = None


class Page(msgspec.Struct, Generic[V], frozen=True):
    """Some items of a list. `next`: what to give as `after` for those behind them; null at the end."""

    items: list[V]
    next: str | None


def page_of(
    behind: Iterable[T], limit: int, *, shown: Callable[[T], Callable[[], V] | None], cursor: Callable[[T], str]
) -> Page[V]:
    """The first `limit` items of which `shown` gives what makes a view; None passes an item over.

    The cursor names the last item of the page, and there is one only if another would be shown: neither says anything about what is
    hidden."""
    views: list[V] = []
    last: T | None = None
    for item in behind:
        made = shown(item)
        if made is None:
            continue
        if len(views) == limit:
            return Page(views, None if last is None else cursor(last))
        views.append(made())
        last = item
    return Page(views, None)

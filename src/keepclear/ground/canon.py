"""One fact, one byte string: JSON after RFC 8785, so that two computers hash the same bytes."""

from __future__ import annotations

from typing import Any

import rfc8785

INTEGER_MAX = 2**53 - 1


def canonical(value: Any) -> bytes:
    """The RFC 8785 form of a JSON value, UTF-8.

    Raises ValueError for what has none: NaN, infinities, integers beyond 2^53 - 1, text with half characters."""
    return rfc8785.dumps(value)

"""What is answered when something is wrong: RFC 9457, in one shape, whoever found the fault.

`type` is a stable key for programs, "keepclear:" before the key of the refusal. `errors` says for each fault where it is ("$.reason"
in a body, "?limit" in the query), what it is, the value as it was given, and how to mend it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus

import msgspec

from keepclear.ground.errors import LimitExceeded, Refused, shown

MEDIA_TYPE = "application/problem+json"
ERRORS_MAX = 100

_CONFLICTS = frozenset(
    {
        "token.exists",
        "user.ended",
        "user.last_administrator",
        "role.holds_feed_tokens",
        "exercise.only",
        "exercise.mixed",
        "feed.of_another",
    }
    | {"zone.of_another", "user.of_another_party", "node.begun"}
)
_NOT_FOUND = frozenset(
    {"zone.unknown", "feed.unknown", "alert.unknown", "user.unknown", "token.unknown", "entry.unknown"}
)


class Fault(msgspec.Struct, frozen=True):
    """One thing that is wrong: where, a stable key, a sentence, the value as it was given, and what to do about it."""

    path: str
    key: str
    what: str
    value: str = ""
    mend: str = ""


class Problem(msgspec.Struct, frozen=True):
    """Why nothing was done."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[Fault] = []


class Declined(Exception):
    """A request that is answered with a problem. `headers` go with the answer."""

    def __init__(
        self,
        status: int,
        key: str,
        detail: str,
        *,
        errors: Iterable[Fault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(key)
        self.status = status
        self.key = key
        self.detail = detail
        self.errors = list(errors)[:ERRORS_MAX]
        self.headers = dict(headers or {})

    @property
    def problem(self) -> Problem:
        """What is answered."""
        return Problem(f"keepclear:{self.key}", HTTPStatus(self.status).phrase, self.status, self.detail, self.errors)


def fault_of(refused: Refused, path: str = "") -> Fault:
    """The refusal as a fault, at the place that it knows itself, or at `path`."""
    return Fault(refused.where or path, refused.key, refused.what, refused.value, refused.mend)


def declined(refused: Refused, *, status: int | None = None, path: str = "") -> Declined:
    """The answer to something that was refused."""
    fault = fault_of(refused, path)
    return Declined(status or _status(refused), refused.key, f"{refused.what}.", errors=[fault])


def _status(refused: Refused) -> int:
    if refused.key.startswith("access."):
        return 403
    # A thing that a body names is a fault of the body; one that the address names is not there.
    if refused.key in _NOT_FOUND and not refused.where.startswith("$"):
        return 404
    if refused.key in _CONFLICTS or refused.key.startswith("alert.is_"):
        return 409
    return 409 if isinstance(refused, LimitExceeded) and refused.key.endswith("too_many") else 422


def not_here(kind: str, object_id: str, path: str = "") -> Declined:
    """What is not there, and what the user may not see, in the same words; `path` is where it was named, if not in the address."""
    what = f"There is no such {kind}"
    fault = Fault(
        path, f"{kind}.unknown", what, shown(object_id), f"The list of {plural(kind)} has those that you may see."
    )
    return Declined(404, f"{kind}.unknown", f"{what}.", errors=[fault])


def plural(kind: str) -> str:
    """More than one of a kind: zones, entries."""
    return f"{kind[:-1]}ies" if kind.endswith("y") else f"{kind}s"


def bad_query(name: str, key: str, what: str, value: object, mend: str = "") -> Declined:
    """A parameter of the query that cannot be read."""
    return Declined(400, key, f"{what}.", errors=[Fault(f"?{name}", key, what, shown(value), mend)])

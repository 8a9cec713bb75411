"""One request: who asks, for which side, with which parameters and body; and what it may see.

Handlers are functions of an `Ask`. They contain no rule of the domain: what may be done is for `parties.may`, what can be done for the
node. An object that one may not see is answered exactly as one that does not exist.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import msgspec

from keepclear.api.desk import Answered, Desk, Given
from keepclear.api.problems import Declined, Fault, bad_query, not_here
from keepclear.ground.errors import Refused, shown
from keepclear.ground.instants import parse_instant
from keepclear.node.events import Event
from keepclear.node.node import Node
from keepclear.node.side import Side
from keepclear.parties.membership import Membership
from keepclear.parties.parties import Access, Action, Decision, User, may
from keepclear.parties.sign_in import Session

Q = TypeVar("Q")
B = TypeVar("B")
V = TypeVar("V")
ToldId = tuple[int, int]

_TOLD_ID = re.compile(r"(\d{1,15})\.(\d{1,9})")


@dataclass(frozen=True)
class Answer:
    """What is sent back: a value that becomes JSON, or bytes as they are, or a stream of them."""

    body: Any
    status: int = 200
    media_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Visit:
    """How somebody has come to the doors.

    address  from where
    origin   by which the node was reached, as the browser sees it: "https://alpha.example"
    session  the one that answers for the request; None: a token does"""

    address: str = ""
    origin: str = ""
    session: Session | None = None


@dataclass
class Ask(Generic[Q, B]):
    """A request by somebody who is known.

    path          values of the names in the address
    query, body   as the route declares them; the body is bytes where it declares bytes
    media_type    of the body
    last_event    the header Last-Event-ID
    key           idempotency key; "" none
    request_hash  SHA-256 of everything that makes the request what it is
    exercise      which side it is about
    visit         how they have come"""

    desk: Desk
    user: User
    token_hash: str
    path: Mapping[str, str]
    query: Q
    body: B
    media_type: str
    last_event: str
    key: str
    request_hash: str
    exercise: bool
    visit: Visit = Visit()
    _noted: set[tuple[str, str, str]] = field(default_factory=set)

    @property
    def node(self) -> Node:
        """The node as it stands now."""
        return self.desk.node

    @property
    def members(self) -> Membership:
        """Parties, users and tokens, and who may see what; as they are now, also for questions about the past."""
        return self.desk.node.members

    @property
    def side(self) -> Side:
        """Operations or exercise, as asked."""
        return self.desk.node.side(self.exercise)

    @property
    def by(self) -> str:
        """Who gives what it gives, as it stands in the record: a token of a feed speaks for the feed."""
        return f"feed:{self.user.only_feed}" if self.user.only_feed else self.user.id

    # what it may see

    def could_see(self, concerned: Iterable[Access], action: Action = Action.READ) -> bool:
        """Whether all of these are visible, where nothing of them is given yet."""
        return bool(may(self.user, action, *concerned))

    def sees(self, concerned: Iterable[Access], action: Action = Action.READ) -> bool:
        """Whether all of these are visible; those of another party are noted in the access log, as they are given now."""
        concerned = tuple(concerned)
        if not self.could_see(concerned, action):
            return False
        self.note_given(concerned, action)
        return True

    def note_given(self, concerned: Iterable[Access], action: Action = Action.READ) -> None:
        """Notes in the access log what is another party's of what is given."""
        for access in concerned:
            if access.owner != self.user.party and access.id:
                self.note(action, access.kind, access.id)

    def given(
        self, concerned: Iterable[Access], view: Callable[[], V], action: Action = Action.READ
    ) -> Callable[[], V] | None:
        """What makes the view of something and notes that it was given; None where it is not visible."""
        concerned = tuple(concerned)
        if not self.could_see(concerned, action):
            return None

        def made() -> V:
            self.note_given(concerned, action)
            return view()

        return made

    def items_of(self, limit: int) -> int:
        """How many items a page has that asks for so many."""
        return min(limit, int(self.desk.limits.page_max))

    def note(self, action: str, kind: str, object_id: str) -> None:
        """Writes into the access log that an object of another party was read, once a request."""
        if (action, kind, object_id) not in self._noted:
            self._noted.add((action, kind, object_id))
            self.desk.note_access(self.user.id, action, kind, object_id)

    def must_see(self, kind: str, object_id: str, access: Access) -> None:
        """Answers that there is no such object, unless the user may see it, or bring positions to it."""
        if not self.sees([access]) and not may(self.user, Action.REPORT, access):
            raise not_here(kind, object_id)

    def must_know_zone(self, zone: str | None) -> None:
        """Answers that there is no zone of this id, unless there is or was one that the user may see."""
        if zone is not None and not (
            self.members.knows("zone", zone) and self.could_see([self.members.access_of("zone", zone)])
        ):
            raise not_here("zone", zone, "?zone")

    def must(self, action: Action, *concerned: Access) -> None:
        """Answers that the user may not do this, unless `may` says so."""
        decision = may(self.user, action, *(concerned or (self.members.node,)))
        if not decision:
            raise forbidden(decision, action)

    # what it does

    async def give(
        self,
        event: Event,
        made: Callable[[Given], Any],
        *,
        status: int = 200,
        kept: Callable[[Given], Any] | None = None,
    ) -> Answer:
        """Commits an event and answers with what `made` makes of it.

        kept  what is kept in its place under the idempotency key, where the answer has a secret in it"""

        def answered(given: Given) -> Answered:
            return Answered(self.request_hash, status, encoded((kept or made)(given), self.exercise))

        given = await self.desk.give(
            event, by=self.by, exercise=self.exercise, key=self.key, answer=answered if self.key else None
        )
        return Answer(made(given), status)


def forbidden(decision: Decision, action: Action) -> Declined:
    """The answer to somebody who may not do what they asked for."""
    what = f"You may not {action.replace('_', ' ')} here"
    given = ", ".join(f"{name} {value}" for name, value in decision.params.items())
    return Declined(403, decision.why, f"{what}.", errors=[Fault("", decision.why, what, given)])


def encoded(body: Any, exercise: bool) -> bytes:
    """An answer as JSON; of an exercise it says so in its first member."""
    data = msgspec.json.encode(body)
    if not exercise or not data.startswith(b"{") or data.startswith(b'{"exercise":true'):
        return data
    return b'{"exercise":true}' if data == b"{}" else b'{"exercise":true,' + data[1:]


def instant_us(name: str, text: str | None) -> int | None:
    """The instant that a parameter of the query names, microseconds UTC; None where it is left out."""
    if text is None:
        return None
    try:
        return parse_instant(text).us
    except Refused as refused:
        raise bad_query(name, refused.key, refused.what, text, refused.mend) from refused


def check_known(name: str, text: str | None, known: Iterable[str]) -> None:
    """Refuses a kind that there is not, with those there are: it would be waited for in vain."""
    known = frozenset(known)
    if text is not None and text not in known:
        raise bad_query(name, "kind.unknown", "There is no such kind", text, f"Known here: {', '.join(sorted(known))}.")


def told_id(name: str, text: str) -> ToldId:
    """The parts of "SEQUENCE.INDEX"."""
    match = _TOLD_ID.fullmatch(text)
    if match is None:
        raise bad_query(name, "id.unreadable", "This is no id of something told", text, "Ids look like 1234.0.")
    return int(match[1]), int(match[2])


# --- routes ---


class NoQuery(msgspec.Struct, forbid_unknown_fields=True):
    """No parameters."""


@dataclass(frozen=True)
class Route:
    """One address and method, and everything the OpenAPI document says of them.

    does    the handler; the first sentence of its docstring is the summary
    query   Struct whose fields are the parameters of the query
    bodies  media type to the type of the body; `bytes` is handed over as it is
    gives   type of the answer; for other media than JSON, `gives_media` names them
    events     of a stream of server-sent events: the type of what each kind has as its data, where it is no line of the record
    is_open    for whom nobody knows yet
    is_secret  what is given or answered is kept nowhere, under no idempotency key, and shown in no fault
    """

    method: str
    path: str
    does: Callable[[Ask[Any, Any]], Awaitable[Answer]]
    tag: str
    gives: Any = None
    query: Any = NoQuery
    bodies: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200
    gives_media: tuple[str, ...] = ("application/json",)
    problems: tuple[int, ...] = ()
    events: Mapping[str, Any] = field(default_factory=dict)
    is_open: bool = False
    is_secret: bool = False

    @property
    def changes(self) -> bool:
        """Whether it is for doing something."""
        return self.method != "GET"

    @property
    def takes_key(self) -> bool:
        """Whether it takes an idempotency key."""
        return self.changes and not self.is_secret

    @property
    def names(self) -> list[str]:
        """The names in the address."""
        return re.findall(r"\{(\w+)\}", self.path)


def query_of(kind: Any, pairs: Iterable[tuple[str, str]]) -> Any:
    """The parameters of a query as the Struct that declares them; unknown and doubled ones are refused."""
    given: dict[str, str] = {}
    names = [spec.encode_name for spec in msgspec.structs.fields(kind)]
    for name, value in pairs:
        if name not in names:
            known = f"Known here: {', '.join(names)}." if names else "There are none here."
            raise bad_query(shown(name), "query.unknown", "There is no such parameter", value, known)
        if name in given:
            raise bad_query(name, "query.doubled", "The parameter is given twice", value, "Give it once.")
        given[name] = value
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        what, path = parted(error)
        name = path.removeprefix("$.")
        raise bad_query(name, "query.unreadable", what, given.get(name, "")) from error


def body_of(kind: Any, data: bytes, *, is_secret: bool = False) -> Any:
    """A JSON body as the type that declares it; of one that is secret nothing is shown where it cannot be read."""
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.ValidationError as error:
        what, path = parted(error)
        fault = Fault(path, "body.invalid", what, "" if is_secret else shown(_value_at(data, path)))
        raise Declined(422, "body.invalid", "The body is not as it is described.", errors=[fault]) from error
    except RecursionError as error:
        raise Declined(400, "json.too_deep", "The JSON is nested too deeply.") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        begins = "" if is_secret else shown(data[:60].decode("utf-8", "backslashreplace"))
        fault = Fault("$", "json.syntax", str(error), begins)
        raise Declined(400, "json.syntax", "The body is not JSON.", errors=[fault]) from error


def parted(error: msgspec.ValidationError) -> tuple[str, str]:
    """What msgspec found and where: "Expected `str`, got `int` - at `$.reason`" in two."""
    what, _, path = str(error).partition(" - at `")
    path = path.removesuffix("`") or "$"
    member = re.search(r"(?:missing required|contains unknown) field `(\w+)`", what)
    return what, path if member is None else f"{path}.{member[1]}"


def _value_at(data: bytes, path: str) -> object:
    """What stands at a path such as `$.recipients[0]`; "" where the path cannot be followed."""
    try:
        value: Any = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError):
        return ""  # behind the fault that was found there is another, which nobody has to hear of yet
    for name, place in re.findall(r"\.(\w+)|\[(\d+)\]", path):
        if isinstance(value, dict) and name in value:
            value = value[name]
        elif isinstance(value, list) and place and int(place) < len(value):
            value = value[int(place)]
        else:
            return ""
    return "" if path == "$" else value

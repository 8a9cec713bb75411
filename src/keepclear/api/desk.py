"""What the doors may ask of a running node. The host has it; the tests have one without a network."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from keepclear.api.charts import Charts
from keepclear.ground.errors import KeepclearError
from keepclear.node.effects import Effects, Told
from keepclear.node.events import CardTaken, Event
from keepclear.node.needs import Machine
from keepclear.node.node import Node
from keepclear.node.picture import Pictures
from keepclear.parties.parties import User
from keepclear.parties.sign_in import Session
from keepclear.record.entries import Committed, Entry
from keepclear.tracks.observations import Column
from keepclear.tracks.picture import Report


class Overloaded(KeepclearError):
    """The inbox is full: nothing was taken, and the caller may try again after `retry_after_s` seconds."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"try again in {retry_after_s} s")
        self.retry_after_s = retry_after_s


class TooSoon(Overloaded):
    """Wrong passwords were tried here or for this user: the next may be tried after `retry_after_s` seconds."""


@dataclass(frozen=True)
class Given:
    """An event that is durable: its entry, and what followed."""

    entry: Entry
    effects: Effects


@dataclass(frozen=True)
class Answered:
    """What was answered to a request with an idempotency key, to be answered again."""

    request_hash: str
    status: int
    body: bytes


@dataclass(frozen=True)
class LinkView:
    """How it goes with a peer: when it was heard last (None: not since this process began), and why it could not be reached ("": it was)."""

    heard_us: int | None = None
    failure: str = ""
    failures: int = 0


@dataclass(frozen=True)
class CardRead:
    """A card that was read, as the event of taking it in but for who compared it, and the number of the two cards."""

    taken: CardTaken
    number: str


@dataclass(frozen=True)
class SignedIn:
    """A session that has begun, and the token of it, which is nowhere else; the browser keeps it for `longest_us` at the most."""

    session: Session
    token: str
    longest_us: int


@dataclass(frozen=True)
class Changed:
    """A password that was changed. `moved`: the session it was changed in, which goes on with another token; None: it was done in none."""

    given: Given
    moved: SignedIn | None = None


@dataclass(frozen=True)
class Invited:
    """An invitation that was made, and the code of it, which is nowhere else."""

    given: Given
    code: str
    until_us: int


class Entrance(Protocol):
    """Who signs in, and who is signed in. What is told of it is durable."""

    def holder_of(self, token: str) -> tuple[User, Session]:
        """Who is signed in with this token, as the membership has them now.

        Raises `Refused`, with one key whatever the reason: unknown, expired, ended, or a user who has ended or is a machine."""

    def user_of(self, hash: str) -> tuple[User, Session]:
        """The same by the SHA-256 of the token."""

    async def seen(self, session: Session) -> None:
        """Something was asked for in this session: it stays open for longer."""

    def sessions(self, user: str) -> list[Session]:
        """Where a user is signed in, the one seen longest ago first; "": all sessions."""

    def until_us(self, session: Session) -> int:
        """When a session ends if nothing more is asked."""

    async def sign_in(self, user: str, password: str, address: str, instead_of: Session | None) -> SignedIn:
        """Begins a session, and ends the one that the same browser had.

        Raises `Refused` where there is no such user or this is not the password, which is not told apart; `TooSoon`; `Overloaded`."""

    async def end(self, session: Session, *, by: str, why: str) -> Given:
        """Ends a session; `why` as in `keepclear.node.events.SessionEnded`."""

    async def invite(self, user: str, *, by: str, open_us: int | None = None) -> Invited:
        """Draws a code with which a user chooses a password, in place of the one before it; `open_us`: how long, if not as configured."""

    async def take_invitation(self, code: str, password: str, address: str) -> SignedIn:
        """Sets the password that was chosen, ends the user's other sessions, and signs them in.

        Raises `Refused` where the code is unknown, used or expired, which is not told apart, and where the password cannot be chosen."""

    async def set_password(self, user: str, old: str, new: str, address: str, here: Session | None) -> Changed:
        """Sets another password, ends the user's other sessions, and gives this one another token.

        Raises as `sign_in` does, and where the new one cannot be chosen."""


@dataclass(frozen=True)
class SpansAsked:
    """Which positions: seen from `from_us` until `until_us`, known by `known_at_us`; of each subject the last in each `step_us`.

    after      subjects behind this one
    count_max  so many positions at the most"""

    exercise: bool
    from_us: int
    until_us: int
    known_at_us: int
    step_us: int
    after: str
    count_max: int


@dataclass(frozen=True)
class Span:
    """Positions of one subject, in the order they were seen, as columns: instants in microseconds, 1e-7 degrees, millimetres.

    feeds  by which they came"""

    subject: str
    feeds: tuple[str, ...]
    seen_at_us: Column
    lat_e7: Column
    lon_e7: Column
    error_mm: Column


@dataclass(frozen=True)
class Spans:
    """Of each subject that has any. `next`: the last subject, where there may be more behind it; None: there are none."""

    spans: Sequence[Span]
    next: str | None


class Listening(Protocol):
    """What is told, line by line, until it ends or is closed."""

    def __aiter__(self) -> AsyncIterator[Told]: ...

    def __anext__(self) -> Awaitable[Told]: ...

    async def aclose(self) -> None:
        """Listens no more; to be called however it ends, and whether it was begun or not."""


class Desk(Protocol):
    """Used from the loop of the host only; `node` is read between steps and never kept over an await."""

    @property
    def node(self) -> Node:
        """The node as it stands now; committed or about to be."""

    @property
    def entrance(self) -> Entrance:
        """Who signs in, and who is signed in."""

    @property
    def limits(self) -> Any:
        """The limits that concern doors: `keepclear.host.config.Limits`."""

    @property
    def charts(self) -> Charts:
        """What is drawn below everything else on a map."""

    @property
    def pictures(self) -> Pictures:
        """Where everybody is, for all who look on."""

    def now_us(self) -> int:
        """The clock of the host."""

    async def durable(self) -> None:
        """Waits until everything that the node has taken by now is durable; at once where nothing waits.

        What was read from `node` before is told only behind this. Raises `KeepclearError` where the node has failed."""

    def machine(self) -> Machine:
        """What is not well with the machine under the node, and which peers it does not reach."""

    def alarms(self) -> Sequence[str]:
        """The same, a sentence each; empty where all is well."""

    async def give(
        self, event: Event, *, by: str, exercise: bool, key: str = "", answer: Callable[[Given], Answered] | None = None
    ) -> Given:
        """Commits an event and gives what followed, once it is durable.

        Raises `Refused` where the node does not take it (nothing is recorded then), `Overloaded` where there is no room.
        `answer` says what will be answered, before it is durable; under the user's idempotency `key` it is kept in the same commit."""

    def seal(self, name: str) -> str:
        """Personal data for an event that is given next: it lies beside the record, which has only this hash of it, salted."""

    async def unsealed(self, hash: str) -> str | None:
        """What was sealed under this hash; None where it was erased, or nothing was."""

    def salt(self) -> str:
        """64 hexadecimal digits that were drawn for this one call."""

    def card(self) -> bytes:
        """The card of this node, as the file that its peers are given. Raises `Refused` where it has no keys for links."""

    def number_with(self, card: bytes) -> CardRead:
        """Another party's card as it was read, and the digits that people of both sides compare; raises `Refused` for what is none."""

    def link(self, peer: str) -> LinkView:
        """How it goes with a peer, as far as this process has seen."""

    async def packet(self, peer: str) -> bytes:
        """What a peer is handed next, to be carried there; raises `Refused` for no peer of ours."""

    async def take_packet(self, peer: str, data: bytes) -> bool:
        """Takes in what was carried here from a peer, and says whether anything was new; raises `Refused` where it is not this peer's."""

    async def answered(self, by: str, key: str) -> Answered | None:
        """What a request of this user with this idempotency key was answered."""

    async def entries(self, first: int, count: int) -> Sequence[Committed]:
        """Up to `count` entries of the record from `first` on."""

    async def told_after(self, sequence: int, index: int, count: int) -> Sequence[Told]:
        """Up to `count` of what was told behind this id, from the record."""

    def subscribe(self) -> Listening:
        """What is told from now on, as it becomes durable. Ends when the host stops, or when its reader falls too far behind.

        Raises `Overloaded` where there are as many streams as there may be."""

    async def checkpoint(self) -> str:
        """The newest signed checkpoint, as C2SP text."""

    async def proof(self, sequence: int) -> Mapping[str, Any]:
        """A proof file for one entry, which `keepclear record verify` checks (docs/spec/record.md)."""

    async def track(
        self, subject: str, exercise: bool, feeds: Collection[str], from_us: int, until_us: int, count: int
    ) -> Sequence[Mapping[str, Any]]:
        """The newest `count` positions of a subject that came by one of these feeds and were seen in this window.

        seen_at_us, known_at_us, lat, lon, error_m, source, feed; in the order they were seen."""

    async def reports_at(
        self, subjects: Collection[str], exercise: bool, at_us: int, known_at_us: int
    ) -> Mapping[str, Report]:
        """Of each of these subjects that had reported by then, the newest report seen not after `at_us` and known by `known_at_us`."""

    async def spans(self, asked: SpansAsked, feeds: Mapping[str, Collection[str]]) -> Spans:
        """Positions of all these subjects in a window, each by one of its feeds; by subject, as many as are asked for."""

    async def presence_at(
        self,
        at_us: int,
        known_at_us: int,
        exercise: bool,
        zone: str | None = None,
        subject: str | None = None,
        *,
        after: tuple[str, str] = ("", ""),
        count: int,
    ) -> Sequence[Mapping[str, Any]]:
        """Who was where at `at_us`, as it was known at `known_at_us`, of this zone or this subject if one is named.

        subject, zone, now, seen_at_us, sequence, index: for each pair the last change of presence that was seen by then;
        by subject and zone, the first `count` behind `after`."""

    async def known_at(self, at_us: int) -> Node:
        """Another node, as this one stood when it had learned what it knew at this instant.

        Raises `Overloaded` where as many wait for a replay as may."""

    def note_access(self, user: str, action: str, object_kind: str, object_id: str) -> None:
        """Writes into the access log that somebody read an object of another party."""

    async def accesses(self, owner: str, count: int) -> Sequence[Mapping[str, Any]]:
        """The newest lines of the access log about objects of this party."""

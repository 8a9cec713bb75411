"""What is written to the store, as values. Nothing is written but as a `Write`: whole, or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from keepclear.record.entries import Committed

Value = int | str | bytes | bool | None
Row = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class ViewRow:
    """A row of a view, or a change of some; `view` is the name of its table in `keepclear.store.schema.VIEWS`.

    row    without `where` every column of the view: it is put there, in place of what has its key
    where  with it, `row` is what changes in all rows that have these values (None: have none); none need have them"""

    view: str
    row: Row
    where: Row | None = None


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A signed checkpoint of the tree of `size` entries: `note` is its C2SP text."""

    size: int
    epoch: int
    at_us: int
    note: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The whole state of a node after `size` entries, as that `build` wrote it; `digest` is the SHA-256 of `bytes`."""

    size: int
    digest: str
    build: str
    bytes: bytes


@dataclass(frozen=True, slots=True)
class Sealed:
    """Personal data beside the record. `hash` stands in the record; None and None where it was erased."""

    hash: str
    salt: bytes | None
    bytes: bytes | None


@dataclass(frozen=True, slots=True)
class Carried:
    """Sealed bytes of a message on their way, by their SHA-256 (32 bytes), of use until an instant."""

    digest: bytes
    until_us: int
    bytes: bytes


@dataclass(frozen=True, slots=True)
class Answered:
    """What was answered to a request of this user with this idempotency key."""

    user: str
    key: str
    request_hash: str
    status: int
    body: bytes
    at_us: int


@dataclass(frozen=True, slots=True)
class SignInRow:
    """A row of how people sign in, put in place of what has its key; None: that is taken away.

    table  its name in `keepclear.store.schema.SIGN_IN`
    row    every column, the key first"""

    table: str
    key: str
    row: Row | None = None


@dataclass(frozen=True, slots=True)
class Access:
    """Somebody acting for `party` read an object that belongs to `owner`."""

    at_us: int
    user: str
    party: str
    action: str
    object_kind: str
    object_id: str
    owner: str


@dataclass(frozen=True, slots=True)
class Restored:
    """What a copy was made of, when, and how many entries it had then; the original may have gone on beyond."""

    source: str
    at_us: int
    size: int


@dataclass(frozen=True, slots=True)
class Drop:
    """What is given up: each only where it is named.

    bodies_below           bodies of the entries below this sequence, of `kinds`
    snapshots_below        snapshots of fewer entries than this
    answered_before_us     answers given before this instant
    carried_before_us      sealed bytes of messages that were of use until before this instant
    accesses_before_us     lines of the access log from before this instant
    views                  every row of every view, and the progress of every fold
    """

    bodies_below: int | None = None
    kinds: Sequence[str] = ()
    snapshots_below: int | None = None
    answered_before_us: int | None = None
    carried_before_us: int | None = None
    accesses_before_us: int | None = None
    views: bool = False


@dataclass(frozen=True, slots=True)
class Write:
    """What is written together.

    entries      go on where the record ends; their leaves are added to the tree
    views        in this order
    progress     of folds by name: the sequence of the first entry that is not in the views yet
    erase        hashes of sealed data
    sign_ins     in this order
    begins_epoch an entry here begins a new epoch: the mark of a copy is taken away, and with it what must not come back
                 from a copy: who was signed in, and invitations that were taken since
    """

    entries: Sequence[Committed] = ()
    views: Sequence[ViewRow] = ()
    progress: Mapping[str, int] = field(default_factory=dict)
    answered: Sequence[Answered] = ()
    checkpoints: Sequence[Checkpoint] = ()
    snapshots: Sequence[Snapshot] = ()
    sealed: Sequence[Sealed] = ()
    carried: Sequence[Carried] = ()
    accesses: Sequence[Access] = ()
    sign_ins: Sequence[SignInRow] = ()
    erase: Sequence[str] = ()
    drop: Drop | None = None
    begins_epoch: bool = False

    @property
    def byte_count(self) -> int:
        """About how many bytes this puts into a commit."""
        return (
            sum(len(one.body or b"") + len(one.outcome or b"") + 200 for one in self.entries)
            + sum(len(snapshot.bytes) for snapshot in self.snapshots)
            + sum(len(value) for view in self.views for value in view.row.values() if isinstance(value, bytes))
            + sum(len(answer.body) for answer in self.answered)
            + sum(len(one.bytes) for one in self.carried)
        )

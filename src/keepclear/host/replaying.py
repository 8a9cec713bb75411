"""From the record back to a node: the newest snapshot that this build can read, and every entry behind it; and to its views."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256

from keepclear.ground.errors import Refused
from keepclear.host.bodies import event_of
from keepclear.host.folds import VIEWS, rebuild_views
from keepclear.node.effects import Effects
from keepclear.node.events import Event, SnapshotTaken
from keepclear.node.node import Node
from keepclear.record.entries import Committed
from keepclear.store.store import Store
from keepclear.store.writes import Snapshot

ENTRIES_PER_WORD = 256
DIFFERENCES_KEPT = 20


class ReplayStopped(Exception):
    """Whoever asked for the replay does not want it any more."""


@dataclass
class Account:
    """What came of a replay.

    from_size    entries that the snapshot stood for
    entries      that were given again
    positions    in them
    different    entries from which something else followed than is recorded, as another build or a fault would make it
    differences  the first of them: sequence, hash recorded, hash now
    unreadable   snapshots that were passed over, with the reason"""

    from_size: int = 0
    entries: int = 0
    positions: int = 0
    different: int = 0
    differences: list[tuple[int, str, str]] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Replayed:
    """One entry given again: what the record holds of it, and what followed now."""

    committed: Committed
    event: Event
    effects: Effects


def node_at(
    store: Store,
    size: int,
    *,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
    stop: Callable[[], bool] = lambda: False,
) -> tuple[Node, Account]:
    """The node as it stood after `size` entries of the record. Raises `Refused` where neither snapshot nor bodies lead there."""
    node, account = start_at(store, size)
    for _ in replay(store, node, size, account, progress=progress, stop=stop):
        pass
    return node, account


def catch_up_views(store: Store, progress: Callable[[int, int], None] = lambda _done, _all: None) -> None:
    """Makes the views that a stop has left behind the record; whoever goes on with it does that first."""
    if store.progress(VIEWS) < store.size():
        rebuild_views(store, progress)


def replay(
    store: Store,
    node: Node,
    size: int,
    account: Account,
    *,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[Replayed]:
    """Gives a node the entries that it lacks, up to `size`, one by one."""
    begin = node.sequence
    for committed in store.stream(begin, size):
        entry = committed.entry
        if committed.body is None:
            mend = "A snapshot behind it is needed; restore a backup that has one, or use the build that wrote it."
            raise Refused("replay.no_body", "The body of this entry is no longer kept", value=entry.sequence, mend=mend)
        event = event_of(entry.kind, committed.body)
        effects = node.step(event, by=entry.by, exercise=entry.exercise, at_us=entry.at_us)
        _compare(committed, effects, account)
        account.entries += 1
        account.positions += len(getattr(event, "observations", ()))
        if entry.sequence % ENTRIES_PER_WORD == 0:
            progress(entry.sequence - begin, size - begin)
            if stop():
                raise ReplayStopped
        yield Replayed(committed, event, effects)
    progress(size - begin, size - begin)


def _compare(committed: Committed, effects: Effects, account: Account) -> None:
    now = sha256(effects.outcome).hexdigest()
    if now != committed.entry.outcome_hash:
        account.different += 1
        if len(account.differences) < DIFFERENCES_KEPT:
            account.differences.append((committed.entry.sequence, committed.entry.outcome_hash, now))


def start_at(store: Store, size: int) -> tuple[Node, Account]:
    """The node at the newest snapshot of at most `size` entries, or one that has been given nothing."""
    account = Account()
    for candidate in reversed([found for found in store.snapshot_sizes() if found <= size]):
        snapshot = store.snapshot(candidate)
        assert snapshot is not None
        fault = _fault_of(store, snapshot)
        if fault is None:
            try:
                node = Node.unpacked(snapshot.bytes)
                account.from_size = snapshot.size
                return node, account
            except Refused as refused:
                fault = str(refused)
        account.unreadable.append(f"snapshot of {candidate} entries: {fault}")
    return Node(), account


def _fault_of(store: Store, snapshot: Snapshot) -> str | None:
    """What keeps a snapshot from being trusted: it must be the one whose digest stands in the record."""
    if sha256(snapshot.bytes).hexdigest() != snapshot.digest:
        return "its bytes are not those it was written with"
    for committed in store.entries(snapshot.size, 1):
        if committed.entry.kind == "snapshot_taken" and committed.body is not None:
            event = event_of("snapshot_taken", committed.body)
            if isinstance(event, SnapshotTaken) and (event.size, event.digest) == (snapshot.size, snapshot.digest):
                return None
    return "the record does not know it"

"""One event taken by a node: what is to be made durable of it. The same for a node that runs and for one that stands still."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from keepclear.api.desk import Given
from keepclear.host.bodies import body_of
from keepclear.host.folds import VIEWS, told_rows
from keepclear.node import events as e
from keepclear.node.node import Node
from keepclear.record.entries import Committed, Entry
from keepclear.store.writes import ViewRow, Write


@dataclass(frozen=True)
class Taken:
    """An event that the node has taken: its entry with what it stands for, what followed, and the rows of the views."""

    given: Given
    committed: Committed
    rows: list[ViewRow]


def taken(node: Node, event: e.Event, *, by: str, exercise: bool, at_us: int) -> Taken:
    """Steps the node. Raises `Refused` where it does not take the event, and then nothing has changed; whatever else is raised, the
    node is of no use any more."""
    body = body_of(event)
    effects = node.step(event, by=by, exercise=exercise, at_us=at_us)
    sequence, outcome = node.sequence - 1, effects.outcome
    entry = Entry.of(sequence, at_us, e.kind_of(event), by, exercise, body, outcome)
    try:
        rows = told_rows(effects.told, event.text if isinstance(event, e.ZonesAgreed) else "")
    except Exception as error:
        # Refused or not: the node has changed, and its host must not take this for a refusal.
        raise RuntimeError(f"what followed from entry {sequence} cannot be written down") from error
    return Taken(Given(entry, effects), Committed(entry, body, outcome), rows)


def as_one_write(node: Node, events: Iterable[e.Event], *, by: str, exercise: bool, at_us: int) -> Write:
    """Steps the node by each event, in order, and gives what it comes to as one write: all of it durable, or nothing."""
    done = [taken(node, event, by=by, exercise=exercise, at_us=at_us) for event in events]
    rows = [row for one in done for row in one.rows]
    return Write(entries=[one.committed for one in done], views=rows, progress={VIEWS: node.sequence})

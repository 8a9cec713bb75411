"""A host on a disk of its own, in a loop whose time is turned by hand; commits happen when a test says so."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from keepclear.host.config import Limits
from keepclear.host.folds import tail_of
from keepclear.host.host import Host
from keepclear.host.replaying import node_at
from keepclear.host.standing_still import say
from keepclear.node import events as e
from keepclear.node.node import Node
from keepclear.store.store import Store
from tests.nodes import PEOPLE
from tests.simulation.virtual_time import LoopClock
from tests.simulation.world import KEY, HandWriter


def begun(url: str) -> None:
    """The first entries of a record: Alpha's node, its people, a feed."""
    first: list[e.SpokenEvent] = [
        e.NodeBegan("Alpha", "alpha", "alpha.example/keepclear", False, "test"),
        e.PartyNamed("alpha", "Alpha"),
        e.PartyNamed("bravo", "Bravo"),
        *(e.UserAdmitted(user, party, role, "severe") for user, party, role in PEOPLE),
        e.FeedDeclared("ais-1", "alpha", "Harbour radar", "", 300_000_000),
    ]
    with Store.open(url) as store:
        if not store.size():
            say(store, Node(), first, 0)


@asynccontextmanager
async def hosting(
    folder: Path, clock: LoopClock, limits: Limits | None = None
) -> AsyncIterator[tuple[Host, HandWriter, Store]]:
    """A host, the writer that commits when told, and the store behind it."""
    url = f"sqlite:///{folder / 'record.sqlite'}"
    begun(url)
    with Store.open(url) as store:
        node, account = node_at(store, store.size())
        assert account.different == 0
        host = Host(
            store, node, limits=limits or Limits(), clock=clock, signer=KEY.signer, tail=tail_of(store), writes_with=HandWriter,  # type: ignore[arg-type]
        )  # fmt: skip
        writer: HandWriter = host._writer  # type: ignore[assignment]
        try:
            yield host, writer, store
        finally:
            host.end_streams()
            writer.commit(writer.waiting)
            if host._timer is not None:
                host._timer.cancel()

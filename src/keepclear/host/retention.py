"""What a node gives up, and when: bodies of old positions behind a snapshot, old answers, old lines of the access log,
and who was signed in until then.

A body is dropped only below a snapshot whose digest is a leaf of the record: a replay starts there, and the leaf of the entry still
proves what the body was.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from keepclear.api.desk import Overloaded
from keepclear.host.entrance import Entrance
from keepclear.host.folds import TRACKS
from keepclear.host.host import Host, NodeFailed
from keepclear.node.events import BodiesDropped
from keepclear.node.node import NODE
from keepclear.store.store import Store
from keepclear.store.writes import Drop, Write

LOOK_EVERY_S = 3_600.0
SNAPSHOTS_KEPT = 10
# Bodies are dropped in portions, so that nobody waits long behind one.
ENTRIES_AT_ONCE = 1_000


class Keeping:
    """Looks every hour for what is old enough to be given up."""

    def __init__(self, host: Host, store: Store, entrance: Entrance | None = None) -> None:
        self._entrance = entrance
        self._host = host
        self._store = store

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            # Without room now, there will be by the next look; a node that has failed ends by itself.
            with suppress(Overloaded, NodeFailed):
                await self.look()
            await asyncio.sleep(LOOK_EVERY_S)

    async def look(self) -> None:
        """Gives up what is old enough now."""
        limits, now_us = self._host.limits, self._host.now_us()
        sizes = await asyncio.to_thread(self._store.snapshot_sizes)
        drop = Drop(
            snapshots_below=sizes[-SNAPSHOTS_KEPT] if len(sizes) > SNAPSHOTS_KEPT else None,
            answered_before_us=now_us - limits.answers_kept_us,
            accesses_before_us=now_us - limits.accesses_kept_us,
            carried_before_us=now_us,
        )
        await self._host.write_beside(Write(drop=drop))
        if self._entrance is not None:
            await self._entrance.forget_expired()
        if limits.positions_kept_us is not None:
            await self._drop_positions(now_us - limits.positions_kept_us)

    async def _drop_positions(self, before_us: int) -> None:
        old = await asyncio.to_thread(self._store.sequence_known_at, before_us)
        snapshot = await asyncio.to_thread(self._store.snapshot)
        cut = await asyncio.to_thread(self._store.progress, TRACKS)
        if snapshot is None:
            return
        before = min(old, snapshot.size, cut)
        node = self._host.node
        if before <= node.bodies_from:
            return
        event = BodiesDropped(before, snapshot.size)
        begin = node.bodies_from
        await self._host.give(event, by=NODE, exercise=node.exercise)
        for below in [*range(begin + ENTRIES_AT_ONCE, before, ENTRIES_AT_ONCE), before]:
            await self._host.write_beside(Write(drop=Drop(bodies_below=below, kinds=("positions_arrived",))))

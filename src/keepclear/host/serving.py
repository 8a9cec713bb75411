"""A node that runs: record opened and replayed, doors open, feeds heard, until it is stopped or fails.

Nothing is repaired when it starts: the record is read, and the node is what follows from it. What a stop between any two writes
leaves behind is in docs/spec/store.md.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass

import uvicorn

from keepclear.api.app import app
from keepclear.api.origin import Front
from keepclear.ground.canon import base64_bytes
from keepclear.ground.errors import Refused
from keepclear.ground.quantities import parse_duration_us
from keepclear.ground.signing import PrivateKey
from keepclear.host.certificate import tls_of
from keepclear.host.clock import Clock
from keepclear.host.config import Config
from keepclear.host.connections import Guests
from keepclear.host.courier import Courier
from keepclear.host.desk import HostDesk, entrance_of
from keepclear.host.doors import Server, ServerFailed, opened_its_doors, port_of, server_config
from keepclear.host.entrance import Entrance
from keepclear.host.folds import tail_of
from keepclear.host.heartbeat import Beating
from keepclear.host.host import Host
from keepclear.host.key_files import read_key
from keepclear.host.link_doors import LinkDoors
from keepclear.host.link_keys import LinkKeys, link_key_paths, read_link_keys
from keepclear.host.own_card import own_card, signing_key_id
from keepclear.host.replaying import Account, catch_up_views, node_at
from keepclear.host.retention import Keeping
from keepclear.host.sources import Sources, declared
from keepclear.links.certificates import Certificate, read_certificate
from keepclear.links.https import Line
from keepclear.links.pairing import Card
from keepclear.node import events as e
from keepclear.node.node import NODE, Node
from keepclear.parties.membership import Membership
from keepclear.parties.parties import Role
from keepclear.store.store import Store

Progress = Callable[[str, int, int], None]
# How long the first invitation is open: it may stand in a log. The next start makes another one.
FIRST_FOR = "1 h"


@dataclass(frozen=True)
class Opened:
    """A node as its record leaves it, ready to run."""

    config: Config
    store: Store
    node: Node
    key: PrivateKey
    link_keys: LinkKeys | None
    account: Account

    @property
    def card(self) -> Card | None:
        """What this node gives to its peers; None where it has no keys for links."""
        if self.link_keys is None or self.node.began is None:
            return None
        return own_card(self.node, self.link_keys)


@contextmanager
def opened(config: Config, *, passphrase: bytes | None, progress: Progress) -> Iterator[Opened]:
    """Opens the record of a node to go on with it; raises `Refused` where it cannot be gone on with."""
    with Store.open(config.store_url, create=False) as store:
        node, account = node_at(store, store.size(), progress=lambda done, of: progress("replaying", done, of))
        if node.began is None:
            mend = "`keepclear init` begins one."
            raise Refused("record.empty", "There is no record in this database", value=config.store, mend=mend)
        key = read_key(config.keys_folder, signing_key_id(node), passphrase)
        link_keys = _link_keys(config, passphrase)
        catch_up_views(store, lambda done, of: progress("making views", done, of))
        yield Opened(config, store, node, key, link_keys, account)


def _link_keys(config: Config, passphrase: bytes | None) -> LinkKeys | None:
    """None for a node that began before there were any, and answers nobody's links."""
    if config.links.port is None and not any(path.exists() for path in link_key_paths(config.keys_folder)):
        return None
    return read_link_keys(config.keys_folder, passphrase)


@asynccontextmanager
async def running(opened: Opened, clock: Clock) -> AsyncIterator[Host]:
    """The host of a node, without doors: it takes events, and is closed with everything durable at the end."""
    host = Host(
        opened.store,
        opened.node,
        limits=opened.config.limits,
        clock=clock,
        signer=opened.key.signer,
        tail=tail_of(opened.store),
    )
    try:
        await _begin_epoch_after_restore(host, opened.store)
        yield host
    finally:
        await host.close()


async def _begin_epoch_after_restore(host: Host, store: Store) -> None:
    restored = store.restored_from()
    if restored is None:
        return
    node = host.node
    reason = f"restored from a copy of {restored.size} entries"
    event = e.EpochBegan(node.epoch + 1, node.origin, reason, store.size(), store.root().hex())
    await host.give(event, by=NODE, exercise=node.exercise, begins_epoch=True)


async def serve(opened: Opened, *, clock: Clock, told: Callable[[str], None], stop: asyncio.Event | None = None) -> int:
    """Runs a node with its doors and feeds until `stop`, or a signal, or a failure. Gives the exit code: 0 stopped, 3 failed."""
    loop, stop = asyncio.get_running_loop(), stop or asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    config = opened.config
    assert opened.node.began is not None
    # What is wrong with a setting is refused before anything is opened.
    feeds = declared(config, opened.node.began.party)
    guests = Guests(config.limits, tls_of(config))
    async with AsyncExitStack() as stack:
        host = await stack.enter_async_context(running(opened, clock))
        links = await stack.enter_async_context(_linked(opened, host))
        entrance = entrance_of(host, opened.store)
        desk = HostDesk(host, opened.store, config.folder, courier=links.courier, card=opened.card, entrance=entrance)
        doors_of = config.doors
        front = Front.of(doors_of.host, tls=bool(doors_of.certificate), origins=doors_of.origins)
        server = Server(
            server_config(doors_of.host, doors_of.port, app(desk, front), guests, drain_us=config.limits.drain_us)
        )
        doors = asyncio.create_task(server.serve())
        if not await opened_its_doors(server, doors):
            raise ServerFailed(f"the doors could not be opened at {config.doors.address}: is another program there?")
        address = address_of(server, config)
        told(f"Listening at {address}")
        if (code := await first_invitation(entrance, host.node.members)) is not None:
            told(f"Nobody can sign in yet. The first administrator chooses a password here, within {FIRST_FOR}:")
            told(f"  {address}/#/invite/{code}")
        if links.doors is not None:
            told(f"Peers are answered at {links.doors.address}")
        beating = Beating(config.heartbeat, config.folder, host.well, told)
        sources = await stack.enter_async_context(Sources.of(feeds, host, told))
        running_on = [beating.run(), Keeping(host, opened.store, entrance).run()]
        if links.courier is not None:
            running_on.append(links.courier.run())
        tasks = [asyncio.create_task(task) for task in running_on]
        waits = [asyncio.create_task(event.wait()) for event in (stop, host.failed)]
        open_doors = [doors] if links.doors is None else [doors, links.doors.serving]
        await asyncio.wait([*waits, *tasks, *open_doors], return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:  # neither ends but by a fault
            if task.done() and (error := task.exception()) is not None:
                host.fail(error)
        if any(door.done() for door in open_doors):
            host.fail(ServerFailed("the doors closed by themselves"))
        await sources.stop()
        for running_task in (*tasks, *waits):
            running_task.cancel()
        host.end_streams()
        server.should_exit = True
        await asyncio.wait([doors], timeout=config.limits.drain_us / 1e6)
    if host.failure is not None:
        told(f"The node has failed: {host.failure!r}. Start it again: it goes on from what is durable.")
        return 3
    told("Stopped; everything that was taken is durable.")
    return 0


@dataclass(frozen=True)
class _Links:
    """What goes to peers; None and None where this node has no keys for that, and no doors where it only calls."""

    courier: Courier | None = None
    doors: LinkDoors | None = None


@asynccontextmanager
async def _linked(opened: Opened, host: Host) -> AsyncIterator[_Links]:
    keys, config = opened.link_keys, opened.config
    if keys is None:
        yield _Links()
        return
    doors: LinkDoors | None = None

    def peers_are(cards: list[e.CardTaken]) -> None:
        if doors is not None:
            doors.peers_are([_certificate(card) for card in cards])

    courier = Courier(
        host, opened.store, signer=opened.key.signer, opening=keys.opening, peers_are=peers_are,
        way_to=lambda card, address: Line(address, keys.own, _certificate(card)), poll_s=config.links.poll_wait_us / 1e6,
    )  # fmt: skip
    if config.links.port is None:
        yield _Links(courier)
        return
    doors = LinkDoors(config.links, config.limits, keys.own, courier.answer)
    async with doors.opened():
        yield _Links(courier, doors)


async def first_invitation(entrance: Entrance, members: Membership) -> str | None:
    """The code of an invitation for an administrator, where nobody can sign in yet; None: somebody can, or there is none."""
    acting = (one.id for one in members.members() if one.role is Role.ADMINISTRATOR and not one.ended)
    administrator = next(acting, None)
    if entrance.lets_somebody_in or administrator is None:
        return None
    return (await entrance.invite(administrator, by=NODE, open_us=parse_duration_us(FIRST_FOR))).code


def _certificate(card: e.CardTaken) -> Certificate:
    return read_certificate(base64_bytes(card.tls))


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """What makes the loop of a node: uvloop's, where there is one for this system."""
    return uvicorn.Config(app="", loop="auto").get_loop_factory()


def address_of(server: uvicorn.Server, config: Config) -> str:
    """Where the doors are, with the port that was taken where the configuration leaves it open (0)."""
    return config.doors.address.replace(f":{config.doors.port}", f":{port_of(server)}")

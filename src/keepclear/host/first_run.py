"""The first start in a folder without a node: doors that make one, at the address that it will have. See `keepclear.api.set_up`.

What is wrong is found on a node in memory before anything is on disk; what fails after that leaves the folder as it was.
"""

from __future__ import annotations

import asyncio
import secrets
import shutil
import signal
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

from keepclear.api.problems import ERRORS_MAX, Declined, Fault
from keepclear.api.set_up import NO_ZONE, Begun, InvitedView, Made, SaidSoFar, SettingUp, SetUpDoors, at
from keepclear.api.tokens import new_token
from keepclear.feeds.zones import ZoneFile, read_zones
from keepclear.ground.errors import Refused
from keepclear.ground.instants import utc_text
from keepclear.host.beginning import CLEARANCE, begin
from keepclear.host.build import build
from keepclear.host.clock import Clock
from keepclear.host.config import PORT, Doors, Limits, read_config
from keepclear.host.connections import Guests
from keepclear.host.desk import HostDesk, entrance_of
from keepclear.host.doors import Server, ServerFailed, opened_its_doors, port_of, server_config
from keepclear.host.serving import Opened, opened, running
from keepclear.node import events as e
from keepclear.node.node import NODE, Node
from keepclear.parties.parties import Role
from keepclear.parties.sign_in import check_password

HERE = "127.0.0.1"
_FEATURES = '{"type":"FeatureCollection","features":['


def is_empty(folder: Path) -> bool:
    """Whether a node could be made here: nothing is in the folder, or it is not there."""
    return not folder.exists() or (folder.is_dir() and not any(folder.iterdir()))


async def set_up(
    folder: Path,
    *,
    passphrase: bytes | None,
    clock: Clock,
    told: Callable[[str], None],
    example: Callable[[], Awaitable[str]],
) -> bool:
    """Waits at the doors until somebody has made the node; false: it was stopped, and there is none."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    making = Making(folder, passphrase, clock)
    code = new_token("")
    doors = SetUpDoors(
        code, str(folder.absolute()), check=making.check, make=making.make, example=example, now_us=clock.now_us
    )
    limits = Limits()
    port = PORT if _is_free(PORT) else 0
    server = Server(server_config(HERE, port, doors, Guests(limits), drain_us=limits.drain_us))
    serving = asyncio.create_task(server.serve())
    if not await opened_its_doors(server, serving):
        raise ServerFailed(f"the doors could not be opened at {HERE}")
    making.port = port_of(server)
    told(
        f"There is no node in {folder} yet. To make one, or to look at the example, open this in a browser on this machine:"
    )
    told(f"  {Doors(HERE, making.port).address}/#/setup/{code}")
    waits = [asyncio.create_task(event.wait()) for event in (stop, doors.done)]
    await asyncio.wait([*waits, serving], return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()
    server.should_exit = True
    await asyncio.wait([serving], timeout=limits.drain_us / 1e6)
    return doors.done.is_set() and not stop.is_set()


def _is_free(port: int) -> bool:
    try:
        socket.create_server((HERE, port)).close()
    except OSError:
        return False
    return True


class Making:
    """Makes a node in a folder, which is empty or not there.

    port  that it will listen at"""

    def __init__(self, folder: Path, passphrase: bytes | None, clock: Clock) -> None:
        self.port = PORT
        self._folder, self._passphrase, self._clock = folder, passphrase, clock

    async def make(self, body: SettingUp) -> Begun:
        """Raises `Declined` with the place of what is wrong, and `Refused` where the folder or the disk is; then nothing is left."""
        origin = _origin(body)
        zones = self._checked(body, origin)
        begun = await asyncio.to_thread(
            begin, self._folder,
            party=body.party.id, party_name=body.party.name or body.party.id, origin=origin, exercise=body.exercise,
            administrator=body.administrator.user, users=[(one.user, one.role.value) for one in body.people], with_tokens=False,
            port=self.port, store="", passphrase=self._passphrase, at_us=self._clock.now_us(),
        )  # fmt: skip
        try:
            with opened(read_config(self._folder), passphrase=self._passphrase, progress=lambda *_: None) as found:
                return await self._first_steps(body, found, zones, begun.key.line)
        except BaseException:
            for path in self._folder.iterdir():
                shutil.rmtree(path) if path.is_dir() else path.unlink()
            raise

    def check(self, said: SaidSoFar) -> None:
        """Raises `Declined` with the place of what would be refused of this, and makes nothing."""
        self._checked(said, _origin(said))

    def _checked(self, body: SaidSoFar, origin: str) -> ZoneFile | None:
        """The zone as it is read. Everything is taken on a node in memory; raises `Declined` with the place of the first that it refuses."""
        zones = _zones(body)
        node, at_us = Node(), self._clock.now_us()
        for path, event, by in _first_events(body, origin, zones):
            try:
                node.step(event, by=by, exercise=body.exercise, at_us=at_us)
            except Refused as refused:
                raise at(path, refused) from refused
        try:
            if body.administrator is not None:
                check_password(body.administrator.password, body.administrator.user)
        except Refused as refused:
            raise at("$.administrator.password", refused) from refused
        return zones

    async def _first_steps(self, body: SettingUp, found: Opened, zones: ZoneFile | None, key: str) -> Begun:
        admin = body.administrator
        async with running(found, self._clock) as host:
            entrance = entrance_of(host, found.store)
            desk = HostDesk(host, found.store, self._folder, entrance=entrance)
            named = [
                (admin.user, Role.ADMINISTRATOR, admin.name),
                *((one.user, one.role, one.name) for one in body.people),
            ]
            for user, role, name in named:
                if name:
                    called = e.UserAdmitted(user, body.party.id, role.value, CLEARANCE, desk.seal(name))
                    await desk.give(called, by=admin.user, exercise=body.exercise)
            for _, event, by in _of_zones_and_feeds(body, zones):
                await desk.give(event, by=by, exercise=body.exercise)
            invited = []
            for one in body.people:
                if one.role is not Role.MACHINE:
                    made = await entrance.invite(one.user, by=admin.user)
                    invited.append(InvitedView(one.user, f"/#/invite/{made.code}", utc_text(made.until_us)))
            code = (await entrance.invite(admin.user, by=NODE)).code
            signed_in = await entrance.take_invitation(code, admin.password, HERE)
            await desk.durable()
        return Begun(Made(admin.user, body.party.id, body.exercise, key, invited), signed_in)


_Step = tuple[str, e.Event, str]


def _origin(body: SaidSoFar) -> str:
    return f"keepclear.invalid/{body.party.id}-{secrets.token_hex(6)}"


def _first_events(body: SaidSoFar, origin: str, zones: ZoneFile | None) -> list[_Step]:
    """What the node takes at first: where in the body it comes from, the event, and by whom it is given."""
    party, admin = body.party, body.administrator
    name = party.name or party.id
    administrator: list[_Step] = (
        []
        if admin is None
        else [("$.administrator.user", e.UserAdmitted(admin.user, party.id, "administrator", CLEARANCE), NODE)]
    )
    people: list[_Step] = [
        (f"$.people[{number}].user", e.UserAdmitted(one.user, party.id, one.role.value, CLEARANCE), NODE)
        for number, one in enumerate(body.people)
    ]
    return [
        ("$.party.id", e.NodeBegan(name, party.id, origin, body.exercise, build()), NODE),
        ("$.party.name", e.PartyNamed(party.id, name), NODE),
        *administrator,
        *people,
        *_of_zones_and_feeds(body, zones),
    ]


def _of_zones_and_feeds(body: SaidSoFar, zones: ZoneFile | None) -> list[_Step]:
    planner = next((one.user for one in body.people if one.role is Role.PLANNER), None)
    steps: list[_Step] = []
    if zones is not None:
        assert planner is not None, "the zone was refused without one"
        steps.append(("$.zone", e.ZonesAgreed(zones.zones, _collection(body.zone)), planner))
    if body.feed is not None:
        feed = body.feed
        event = e.FeedDeclared(feed.id, body.party.id, feed.source, feed.grading, feed.silent_after_us)
        admin = NODE if body.administrator is None else body.administrator.user
        steps.append(("$.feed", event, planner or admin))
    return steps


def _zones(body: SaidSoFar) -> ZoneFile | None:
    """The zone as it is read; None: there is none. Raises `Declined` with all that is wrong with it, and where nobody could agree on it."""
    admin = set() if body.administrator is None else {body.administrator.user}
    for number, one in enumerate(body.people):
        if one.user in {*admin, *(other.user for other in body.people[:number])}:
            fault = Fault(
                f"$.people[{number}].user", "setup.twice", "Two people have one id", one.user, "Give each their own."
            )
            raise Declined(422, fault.key, f"{fault.what}.", errors=[fault])
    if bytes(body.zone) == NO_ZONE:
        return None
    found = read_zones(_collection(body.zone).encode())
    faults = [
        Fault(one.path.replace("$.features[0]", "$.zone", 1), one.key, one.what, one.value, one.mend)
        for one in found.faults
        if one.severity == "error"
    ]
    if faults:
        raise Declined(422, "zones.refused", f"The zone has {len(faults)} errors.", errors=faults[:ERRORS_MAX])
    if not any(one.role is Role.PLANNER for one in body.people):
        fault = Fault(
            "$.people", "setup.no_planner", "A zone is agreed on by a planner", mend="Name one, or leave the zone out."
        )
        raise Declined(422, fault.key, f"{fault.what}.", errors=[fault])
    return found


def _collection(zone: msgspec.Raw) -> str:
    return f"{_FEATURES}{bytes(zone).decode()}]}}"

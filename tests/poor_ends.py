"""The programs at both ends of a poor link: Meridian answers on its door for peers, Alpha hands over notices.

    answers FOLDER             says when each notice came
    calls FOLDER PATIENCE_S    told {"anew": true} or {"anew": false}, it hands over a notice on a new connection or on the kept one, as often
                               as it takes, and says when it began, when it had the receipt, and how many attempts that were

Both have the keys for their link in FOLDER, under their name. Times are of the clock that all processes of a machine share, in seconds."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from hashlib import sha256
from pathlib import Path

import msgspec

from keepclear.channel import channel as c
from keepclear.channel.facts import Place
from keepclear.channel.links import Pace
from keepclear.channel.messages import Marker, Message, Urgency, Words
from keepclear.host.config import Limits, Links
from keepclear.host.link_doors import LinkDoors
from keepclear.host.link_keys import draw_link_keys, read_link_keys
from keepclear.links.https import Line, LinkFailed
from tests.links_of_three import MINUTE, T0, Desk
from tests.poor_link import ADDRESSES

PORT = 7_118
ANSWERS, CALLS = "meridian", "alpha"
WARNING = Message(
    salt="ab" * 32, sender=CALLS, to=ANSWERS, author="officer.k", marker=Marker.WARNING, urgency=Urgency.NOW,
    original=Words("en", "You are inside Kestrel Pass. Leave by the north road, to 33.6700 38.0580, before 18:00Z."),
    written_at_us=T0, valid_until_us=T0 + 240 * MINUTE,
    facts=(Place("go_to", 336_700_000, 380_580_000, 7_240, "33.6700 38.0580"),),
)  # fmt: skip


def commands(folder: Path, patience_s: float) -> list[list[str]]:
    """Of both ends, with keys drawn in this folder."""
    for party in (ANSWERS, CALLS):
        draw_link_keys(folder / party, party, None, T0)
    program = [sys.executable, "-m", "tests.poor_ends"]
    return [[*program, "answers", str(folder)], [*program, "calls", str(folder), str(patience_s)]]


def say(**what: object) -> None:
    """To whoever began this program."""
    print(json.dumps(what), flush=True)  # noqa: T201


def desks() -> tuple[Desk, Desk]:
    """Both parties, who know each other."""
    answers, calls = Desk(ANSWERS), Desk(CALLS)
    for one, other in ((answers, calls), (calls, answers)):
        one.knows(other)
        one.do(c.Joined(other.party, ()))
    return answers, calls


async def answer(folder: Path) -> None:
    """Answers until it is killed."""
    desk, _ = desks()

    async def take(peer: str, packet: bytes, wait_s: float) -> bytes:
        before = desk.channel.inboxes[peer].up_to
        desk.take(packet, peer)
        if desk.channel.inboxes[peer].up_to > before:
            say(came=time.monotonic())
        return desk.packet(peer)

    own = read_link_keys(folder / ANSWERS, None).own
    doors = LinkDoors(Links(ADDRESSES[0], PORT), Limits(), own, take)
    doors.peers_are([read_link_keys(folder / CALLS, None).own.certificate])
    async with doors.opened():
        say(open=True)
        await doors.serving


async def call(folder: Path, patience_s: float) -> None:
    """Hands notices over until its input ends."""
    _, desk = desks()
    own, peer = (read_link_keys(folder / party, None).own for party in (CALLS, ANSWERS))

    def line_anew() -> Line:
        return Line(f"https://{ADDRESSES[0]}:{PORT}", own, peer.certificate, patience_s=patience_s)

    line, number = line_anew(), 0
    say(ready=True)
    while asked := await asyncio.to_thread(sys.stdin.readline):
        if json.loads(asked)["anew"]:
            await line.aclose()
            line = line_anew()
        number += 1
        notice = msgspec.structs.replace(WARNING, salt=sha256(b"%d" % number).hexdigest())
        desk.do(c.Given(notice.payload))
        begun, pace, sizes = time.monotonic(), Pace(), (0, 0)
        while desk.channel.outboxes[ANSWERS].owed():
            at_us = int(time.monotonic() * 1e6)
            pace.was_sent(at_us)
            packet = desk.packet(ANSWERS)
            try:
                came = await line.exchange(packet)
            except LinkFailed:
                assert pace.due_us is not None
                await asyncio.sleep(max(0.0, pace.due_us / 1e6 - time.monotonic()))
            else:
                desk.take(came, ANSWERS)
                sizes = len(packet), len(came)
        say(begun=begun, done=time.monotonic(), attempts=pace.attempts, packet_bytes=sizes[0], answer_bytes=sizes[1])


if __name__ == "__main__":
    asyncio.run(answer(Path(sys.argv[2])) if sys.argv[1] == "answers" else call(Path(sys.argv[2]), float(sys.argv[3])))

"""A poor link in user space: two namespaces of this machine, each with a TUN device, and between them a thread that carries the packets.

What the programs at both ends speak is the TCP of this kernel, so what is measured is what a real bad line would do to it: each way a
delay, a rate, a queue of bounded length, and loss drawn from a seed. Bytes are counted as they go onto the wire, headers of IP included.
"""

from __future__ import annotations

import fcntl
import heapq
import json
import os
import random
import selectors
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
ADDRESSES = ("10.77.0.1", "10.77.0.2")
TUN = "/dev/net/tun"
_TUNSETIFF, _IFF_TUN_NO_PI = 0x400454CA, 0x1001
CONGESTION = "cubic"


@dataclass(frozen=True)
class Quality:
    """Of each way.

    queue_bytes  what may wait to go out; what comes on top of that is lost as well"""

    delay_s: float = 0.3
    loss: float = 0.3
    bytes_per_s: float = 2_000.0
    queue_bytes: int = 10_000


POOR = Quality()


def why_not() -> str:
    """Why there can be no such link here; "" where there can be."""
    if not os.access(TUN, os.R_OK | os.W_OK):
        return f"there is no {TUN} for this user"
    for command in ("ip", "unshare"):
        if shutil.which(command) is None:
            return f"`{command}` is not installed"
    tried = subprocess.run([*_within_a_namespace(), "true"], capture_output=True, text=True, check=False)
    return f"no network namespace can be made ({tried.stderr.strip()})" if tried.returncode else ""


def _within_a_namespace() -> list[str]:
    return ["unshare", "-n"] if os.geteuid() == 0 else ["unshare", "-Urn"]


@dataclass
class Way:
    """One direction: from one device to the other.

    sent_bytes, lost_bytes  of IP packets, as they came from the sender; lost are among the sent"""

    quality: Quality
    chance: random.Random
    sent_bytes: int = 0
    sent_packets: int = 0
    lost_bytes: int = 0
    free_at: float = 0.0
    on_the_way: list[tuple[float, int, bytes]] = field(default_factory=list)

    def take(self, packet: bytes, now: float) -> None:
        """Takes a packet at this time; it may never arrive."""
        quality = self.quality
        self.sent_bytes += len(packet)
        self.sent_packets += 1
        waiting_bytes = max(0.0, self.free_at - now) * quality.bytes_per_s
        is_lost = self.chance.random() < quality.loss  # drawn for each, so that the next does not depend on the queue
        if waiting_bytes + len(packet) > quality.queue_bytes:
            self.lost_bytes += len(packet)
            return
        self.free_at = max(self.free_at, now) + len(packet) / quality.bytes_per_s
        if is_lost:
            self.lost_bytes += len(packet)
            return
        heapq.heappush(self.on_the_way, (self.free_at + quality.delay_s, self.sent_packets, packet))


class PoorLink:
    """Used as a context: the programs at both ends, and what carries their packets.

    commands  of the two ends; the first has ADDRESSES[0]. They begin at once, and are killed at the end."""

    def __init__(self, commands: Sequence[Sequence[str]], seed: int, quality: Quality = POOR) -> None:
        self.ways = [Way(quality, random.Random(f"{seed} {number}")) for number in range(2)]
        self._commands = commands
        self._unread: dict[int, deque[Any]] = {0: deque(), 1: deque()}
        self.ends: list[subprocess.Popen[str]] = []
        self._devices: list[int] = []
        self._stop_read, self._stop_write = os.pipe()
        self._carrier = threading.Thread(target=self._carry, daemon=True)

    @property
    def sent_bytes(self) -> int:
        """Both ways together."""
        return sum(way.sent_bytes for way in self.ways)

    def __enter__(self) -> PoorLink:
        for number, command in enumerate(self._commands):
            self._begin(number, command)
        self._carrier.start()
        return self

    def __exit__(self, *_: object) -> None:
        for end in self.ends:
            end.kill()
            end.communicate()
        os.write(self._stop_write, b"x")
        if self._carrier.is_alive():
            self._carrier.join()
        for opened in (*self._devices, self._stop_read, self._stop_write):
            os.close(opened)

    def said(self, end: int) -> Any:
        """The next line of JSON that the program at this end says."""
        stream = self.ends[end].stdout
        assert stream is not None
        line = stream.readline()
        assert line, f"the program at end {end} has ended"
        return json.loads(line)

    def tell(self, end: int, what: object) -> None:
        """Says a line of JSON to it."""
        stream = self.ends[end].stdin
        assert stream is not None
        stream.write(json.dumps(what) + "\n")
        stream.flush()

    def _begin(self, number: int, command: Sequence[str]) -> None:
        ours, its = socket.socketpair()
        with ours, its:
            here = [
                sys.executable,
                "-m",
                "tests.poor_link",
                str(its.fileno()),
                ADDRESSES[number],
                ADDRESSES[1 - number],
            ]
            end = subprocess.Popen(
                [*_within_a_namespace(), *here, *command],
                cwd=ROOT,
                env=os.environ | {"PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"},
                pass_fds=[its.fileno()],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            self.ends.append(end)
            its.close()
            _, devices, _, _ = socket.recv_fds(ours, 1, 1)
            self._devices += devices

    def _carry(self) -> None:
        with selectors.DefaultSelector() as selector:
            for number, device in enumerate(self._devices):
                os.set_blocking(device, False)
                selector.register(device, selectors.EVENT_READ, number)
            selector.register(self._stop_read, selectors.EVENT_READ, None)
            while True:
                next_at = min((way.on_the_way[0][0] for way in self.ways if way.on_the_way), default=None)
                wait_s = None if next_at is None else max(0.0, next_at - time.monotonic())
                for key, _ in selector.select(wait_s):
                    if key.data is None:
                        return
                    self._read(key.data)
                self._deliver()

    def _read(self, number: int) -> None:
        try:
            self.ways[number].take(os.read(self._devices[number], 65_536), time.monotonic())
        except OSError:  # its namespace has gone
            return

    def _deliver(self) -> None:
        now = time.monotonic()
        for number, way in enumerate(self.ways):
            while way.on_the_way and way.on_the_way[0][0] <= now:
                _, _, packet = heapq.heappop(way.on_the_way)
                try:
                    os.write(self._devices[1 - number], packet)
                except OSError:
                    return


def _be_an_end(hand_over: int, own: str, other: str, command: list[str]) -> None:
    """Within a namespace of its own: makes the device, hands it over, and becomes the program."""
    device = os.open(TUN, os.O_RDWR)
    fcntl.ioctl(device, _TUNSETIFF, struct.pack("16sH", b"poor0", _IFF_TUN_NO_PI))
    # No address of IPv6, so that nothing goes over the wire by itself; and what an ordinary Linux does against congestion.
    for line in (
        "link set lo up",
        f"addr add {own} peer {other} dev poor0",
        "link set poor0 addrgenmode none",
        "link set poor0 mtu 1400 up",
        f"route change {other} dev poor0 src {own} congctl {CONGESTION}",
    ):
        subprocess.run(["ip", *line.split()], check=True)
    with socket.socket(fileno=hand_over) as socket_to_parent:
        socket.send_fds(socket_to_parent, [b"x"], [device])
    os.close(device)
    os.execvp(command[0], command)


if __name__ == "__main__":
    _be_an_end(int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4:])

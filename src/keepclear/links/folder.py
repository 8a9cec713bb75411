"""Packets in a folder: a memory stick that is carried, a share that both can write to, a gap of air.

Each packet is a file of its own, written whole under another name first. Who takes one in moves it aside, and keeps it: a packet that
comes twice changes nothing, and one that was refused can be looked at. Nothing here is trusted but the packet itself.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from keepclear.ground.errors import LimitExceeded, Refused
from keepclear.links.packets import PACKET_BYTES_MAX

SUFFIX = ".packet"
PACKETS_MAX = 10_000
_NAME = re.compile(r"(?P<sender>[a-z0-9.-]+)_to_(?P<to>[a-z0-9.-]+)_(?P<number>\d{20})\.packet")


def put(folder: Path, sender: str, to: str, clock_us: int, data: bytes) -> Path:
    """Writes a packet so that whoever looks sees all of it or nothing; gives its path. Raises `LimitExceeded` where too many lie there."""
    folder.mkdir(parents=True, exist_ok=True)
    if sum(path.name.startswith(f"{sender}_to_") for path in _packets(folder)) >= PACKETS_MAX:
        mend = "Carry the folder to the other side, or empty it."
        raise LimitExceeded("folder.full", f"{PACKETS_MAX:,} packets lie there", value=str(folder), mend=mend)
    number = clock_us
    while _is_there(path := folder / f"{sender}_to_{to}_{number:020d}{SUFFIX}"):
        number += 1
    begun = path.with_suffix(".begun")
    # Others may write there too: nothing that lies there is followed or written over.
    handle = os.open(begun, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o644)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    begun.rename(path)
    return path


def lying(folder: Path, to: str) -> Iterator[tuple[Path, str]]:
    """The packets for a party that lie there, oldest first of each sender, and who they say they are from."""
    for path in sorted(_packets(folder)):
        match = _NAME.fullmatch(path.name)
        if match is not None and match["to"] == to:
            yield path, match["sender"]


def read(path: Path) -> bytes:
    """The bytes of a packet; raises `Refused` for what is too large to be one, or is no file."""
    if path.is_symlink() or not path.is_file():
        raise Refused("folder.no_file", "This is no file of its own", value=str(path))
    if (size := path.stat().st_size) > PACKET_BYTES_MAX:
        raise LimitExceeded("packet.too_large", f"A packet has at most {PACKET_BYTES_MAX:,} bytes", value=size)
    return path.read_bytes()


def set_aside(path: Path, *, refused: bool = False) -> Path:
    """Moves a packet away that was taken in, or refused."""
    beside = path.parent / ("refused" if refused else "taken")
    beside.mkdir(exist_ok=True)
    return path.rename(beside / path.name)


def _is_there(path: Path) -> bool:
    return os.path.lexists(path) or os.path.lexists(path.with_suffix(".begun"))


def _packets(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from folder.glob(f"*{SUFFIX}")

"""Where compiled kernels are kept: a folder of the user's own, one for each place and state of the source.

The compiler notices when a function has changed, but not when one that it calls has; so the folder is named after all
files that hold kernels. What is in it can be deleted at any time.

Every program that imports keepclear runs this first, so it loads nothing but what Python has loaded already, and zlib.
"""

from __future__ import annotations

import os
import sys
import zlib

SETTING = "NUMBA_CACHE_DIR"
_ROOMS_WITH_KERNELS = ("geo", "tracks", "watch", "feeds")
_SOURCE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def settle() -> None:
    """Makes the compiler use the folder, unless the user has named another, or it cannot be written to.

    Then the compiler keeps what it compiles beside the source, or for this process only."""
    if SETTING in os.environ:
        return
    there = folder = os.path.join(caches(), _place(), _state())
    if not os.path.isabs(folder):  # no home
        return
    while not os.path.exists(there):
        there = os.path.dirname(there)
    if os.path.isdir(there) and os.access(there, os.W_OK):
        os.environ[SETTING] = folder


def is_cold() -> bool:
    """Whether nothing is compiled yet."""
    return SETTING in os.environ and not os.path.exists(os.environ[SETTING])


def outdated() -> list[str]:
    """The folders of other states of this source under this Python; none where the user has named the folder."""
    current = os.environ.get(SETTING, "")
    own = os.path.join(caches(), _place())
    if os.path.dirname(current) != own or not os.path.isdir(own):
        return []
    return [folder.path for folder in os.scandir(own) if folder.path != current]


def caches() -> str:
    """Where the user's programs keep what they can make again, for this one."""
    if sys.platform == "win32":
        stated = os.environ.get("LOCALAPPDATA")
        return os.path.join(stated or os.path.expanduser(r"~\AppData\Local"), "keepclear", "Cache")
    if sys.platform == "darwin":
        return os.path.expanduser("~/Library/Caches/keepclear")
    stated = os.environ.get("XDG_CACHE_HOME")
    return os.path.join(stated if stated and os.path.isabs(stated) else os.path.expanduser("~/.cache"), "keepclear")


def _place() -> str:
    """One for each place of the source and each Python."""
    return f"kernels-{zlib.crc32(f'{_SOURCE} {sys.version}'.encode()):08x}"


def _state() -> str:
    """One for each state of the files that hold kernels."""
    seen = []
    for room in _ROOMS_WITH_KERNELS:
        for entry in sorted(os.scandir(os.path.join(_SOURCE, room)), key=lambda entry: entry.name):
            if entry.name.endswith(".py"):
                about = entry.stat()
                seen.append(f"{entry.name} {about.st_size} {about.st_mtime_ns}")
    return f"{zlib.crc32(chr(10).join(seen).encode()):08x}"

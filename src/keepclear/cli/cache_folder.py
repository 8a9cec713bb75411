"""Where compiled kernels are kept: a folder of the user's own, one for each place and state of the source.

The compiler notices when a function has changed, but not when one that it calls has; so the folder is named after all
files that hold kernels. What is in it can be deleted at any time.
"""

from __future__ import annotations

import os
import sys
import zlib
from pathlib import Path

SETTING = "NUMBA_CACHE_DIR"
_ROOMS_WITH_KERNELS = ("geo", "tracks", "watch", "feeds")
_SOURCE = Path(__file__).parents[1]


def settle() -> None:
    """Makes the compiler use the folder, unless the user has named another, or it cannot be written to.

    Then the compiler keeps what it compiles beside the source, or for this process only."""
    if SETTING in os.environ:
        return
    try:
        folder = caches() / _place() / _state()
        there = next(path for path in (folder, *folder.parents) if path.exists())
    except (OSError, RuntimeError):  # no home
        return
    if there.is_dir() and os.access(there, os.W_OK):
        os.environ[SETTING] = str(folder)


def is_cold() -> bool:
    """Whether nothing is compiled yet."""
    return SETTING in os.environ and not Path(os.environ[SETTING]).exists()


def outdated() -> list[Path]:
    """The folders of other states of this source under this Python; none where the user has named the folder."""
    current = Path(os.environ.get(SETTING, ""))
    own = caches() / _place()
    return [folder for folder in own.iterdir() if folder != current] if current.parent == own and own.is_dir() else []


def caches() -> Path:
    """Where the user's programs keep what they can make again, for this one."""
    if sys.platform == "win32":
        stated = os.environ.get("LOCALAPPDATA")
        return (Path(stated) if stated else Path.home() / "AppData" / "Local") / "keepclear" / "Cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "keepclear"
    stated = os.environ.get("XDG_CACHE_HOME")
    return (Path(stated) if stated and Path(stated).is_absolute() else Path.home() / ".cache") / "keepclear"


def _place() -> str:
    """One for each place of the source and each Python."""
    return f"kernels-{zlib.crc32(f'{_SOURCE} {sys.version}'.encode()):08x}"


def _state() -> str:
    """One for each state of the files that hold kernels."""
    seen = []
    for room in _ROOMS_WITH_KERNELS:
        for entry in sorted(os.scandir(_SOURCE / room), key=lambda entry: entry.name):
            if entry.name.endswith(".py"):
                about = entry.stat()
                seen.append(f"{entry.name} {about.st_size} {about.st_mtime_ns}")
    return f"{zlib.crc32(chr(10).join(seen).encode()):08x}"

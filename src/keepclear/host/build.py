"""Which build this is: a replay by the same one must give the same outcome to the byte."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

# The rooms that decide what a node concludes.
ROOMS = ("agreements", "feeds", "geo", "ground", "node", "parties", "tracks", "watch")
LIBRARIES = ("numpy", "numba", "pyproj", "shapely", "scipy")


@cache
def build() -> str:
    """Version, and a digest of the sources and libraries that decide what a node concludes: "0.2.0+1f0c2ab34d56"."""
    digest = sha256()
    package = Path(str(files("keepclear")))
    for room in ROOMS:
        for path in sorted((package / room).rglob("*.py")):
            digest.update(path.relative_to(package).as_posix().encode() + b"\0")
            digest.update(path.read_bytes())
    for library in LIBRARIES:
        digest.update(f"{library} {version(library)}\n".encode())
    return f"{version('keepclear')}+{digest.hexdigest()[:12]}"

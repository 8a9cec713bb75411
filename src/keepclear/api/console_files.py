"""The files of the console, as they are served: to anybody, since they hold nothing of the node. Built by `web/` into `keepclear/_console`.

They are read once, and found by their names among those that were read: no path of a request ever reaches the disk.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable

FOLDER = "_console"
INDEX = "/index.html"
ASSETS = "/assets/"
# The one place of it. What a browser takes from a page of the console comes from this node, and from nowhere else.
# No text becomes markup or a script but by two policies: that of Svelte for what it was compiled with, and the default one, which lets the
# worker of MapLibre pass (web/src/map/maplibre.ts). A page that ran another script could make no third.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; worker-src 'self'; "
    "font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types default svelte-trusted-html"
)
# A page that needs none of these can be made to use none.
_NOT_USED = (
    "accelerometer", "bluetooth", "camera", "display-capture", "geolocation", "gyroscope", "hid", "magnetometer", "microphone",
    "midi", "payment", "publickey-credentials-get", "serial", "usb", "xr-spatial-tracking",
)  # fmt: skip
_HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", ", ".join(f"{name}=()" for name in _NOT_USED).encode()),
    (b"vary", b"accept-encoding"),
)
_FOR_EVER = b"public, max-age=31536000, immutable"
_ASK_AGAIN = b"no-cache"
_MEDIA = {
    "html": "text/html; charset=utf-8", "js": "text/javascript; charset=utf-8", "mjs": "text/javascript; charset=utf-8",
    "css": "text/css; charset=utf-8", "json": "application/json", "map": "application/json", "geojson": "application/geo+json",
    "webmanifest": "application/manifest+json", "svg": "image/svg+xml", "png": "image/png", "webp": "image/webp", "jpg": "image/jpeg",
    "ico": "image/x-icon", "woff2": "font/woff2", "woff": "font/woff", "wasm": "application/wasm", "txt": "text/plain; charset=utf-8",
    "pbf": "application/x-protobuf", "mp3": "audio/mpeg", "ogg": "audio/ogg", "wav": "audio/wav",
}  # fmt: skip
_OTHER_MEDIA = "application/octet-stream"
_PACKED = {"br": ".br", "gzip": ".gz"}
_NOT_BUILT = b"""\
<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Keepclear</title>
<h1>The console is not built</h1>
<p>This node runs from a checkout, and answers programs as it should. To build the console, with Node.js:</p>
<pre>cd web
npm ci
npm run build</pre>
<p>Then start the node again. A wheel has the console in it.</p>
</html>
"""


@dataclass(frozen=True)
class File:
    """One file: its media type, its bytes as they are, and as they were packed when it was built (by the name of the coding)."""

    media_type: str
    plain: bytes
    packed: Mapping[str, bytes] = field(default_factory=dict)
    lasts: bool = False

    def in_coding(self, accepted: str) -> tuple[str, bytes]:
        """The coding that is best for who accepts these, and the bytes in it."""
        takes = _codings(accepted)
        for coding in _PACKED:
            if coding in self.packed and coding in takes:
                return coding, self.packed[coding]
        return "", self.plain


@dataclass(frozen=True)
class Reply:
    """What is answered to a request for a file."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


class ConsoleFiles:
    """The files of one console, by the path that they are asked for with."""

    def __init__(self, held: Mapping[str, File]) -> None:
        self._held = held if INDEX in held else {**held, INDEX: File(_MEDIA["html"], _NOT_BUILT)}

    @staticmethod
    def of_package() -> ConsoleFiles:
        """Those that were built into this package; without any, a page that says how to build them."""
        folder = files("keepclear") / FOLDER
        return ConsoleFiles(read_files(folder) if folder.is_dir() else {})

    def asked_for(self, method: str, path: str, accepts: str) -> File | None:
        """The file of this path; None where there is none, and the doors answer.

        A page that is asked for by a browser under any other name is the console: what a page of it is called is behind the `#`."""
        if method not in ("GET", "HEAD"):
            return None
        if path == "/":
            return self._held[INDEX]
        if (found := self._held.get(path)) is not None:
            return found
        is_of_doors = path in {"/healthz", "/v1"} or path.startswith(("/v1/", ASSETS))
        takes_pages = "text/html" in (one.partition(";")[0].strip().lower() for one in accepts.split(","))
        return self._held[INDEX] if takes_pages and not is_of_doors else None


def reply(file: File, *, method: str, accepted: str, known: str) -> Reply:
    """The answer to a request for a file.

    accepted, known  its headers Accept-Encoding and If-None-Match"""
    coding, data = file.in_coding(accepted)
    tag = f'"{sha256(data).hexdigest()[:32]}"'
    headers = [*_HEADERS, (b"etag", tag.encode()), (b"cache-control", _FOR_EVER if file.lasts else _ASK_AGAIN)]
    if known.strip() == "*" or tag in (one.strip().removeprefix("W/") for one in known.split(",")):
        return Reply(304, headers, b"")
    headers += [(b"content-type", file.media_type.encode()), (b"content-length", str(len(data)).encode())]
    if coding:
        headers.append((b"content-encoding", coding.encode()))
    return Reply(200, headers, b"" if method == "HEAD" else data)


def read_files(folder: Traversable) -> dict[str, File]:
    """Every file under a folder, by its path from there; what is packed beside one goes with it."""
    found = dict(_walked(folder, "/"))
    held = {}
    for path, data in found.items():
        if any(path.endswith(end) and path.removesuffix(end) in found for end in _PACKED.values()):
            continue
        packed = {coding: found[path + end] for coding, end in _PACKED.items() if path + end in found}
        kind = _MEDIA.get(path.rpartition(".")[2].lower(), _OTHER_MEDIA)
        held[path] = File(kind, data, packed, path.startswith(ASSETS))
    return held


def _walked(folder: Traversable, path: str) -> Iterable[tuple[str, bytes]]:
    for one in sorted(folder.iterdir(), key=lambda one: one.name):
        if one.is_dir():
            yield from _walked(one, f"{path}{one.name}/")
        else:
            yield f"{path}{one.name}", one.read_bytes()


def _codings(accepted: str) -> set[str]:
    """The codings that are accepted, but those of no weight."""
    takes = set()
    for one in accepted.lower().split(","):
        name, _, weight = one.partition(";")
        if weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000"):
            takes.add(name.strip())
    return takes

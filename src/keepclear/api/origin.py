"""Where a request of a browser comes from: by which name the node was reached, and from whose page.

A browser sends a cookie along whoever has made it ask. So what a cookie answers for counts only where the browser says that a page of
this node asks, and only under a name that is the node's: another name may lead here while it belongs to somebody else (DNS rebinding).
Programs with a token are asked for none of this: nobody can make them send it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from urllib.parse import urlsplit

COOKIE = "keepclear_session"
_COOKIES = re.compile(rf"(__Host-)?{COOKIE}_\d{{1,5}}")
_PORT = re.compile(r":(\d{1,5})$", re.ASCII)
HEADER = b"keepclear-console"
# Of an IPv6 address, what one customer of a provider is given to choose from.
IPV6_PREFIX = 64
READS = frozenset({"GET", "HEAD", "OPTIONS"})
_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "[::1]"})
_Headers = Iterable[tuple[bytes, bytes]]


@dataclass(frozen=True)
class Front:
    """How browsers reach the doors.

    tls      the doors speak TLS: whoever is reached by another name cannot show the certificate for it
    hosts    names that lead here, without the port; used where the doors speak no TLS themselves
    origins  "https://alpha.example": by which somebody in front of the doors is reached"""

    tls: bool = False
    hosts: frozenset[str] = _THIS_MACHINE
    origins: frozenset[str] = frozenset()

    @staticmethod
    def of(host: str, *, tls: bool, origins: Iterable[str]) -> Front:
        """The front of doors that are bound to this host."""
        bound = f"[{host}]" if ":" in host else host
        return Front(tls, _THIS_MACHINE | {bound.lower()}, frozenset(one.rstrip("/").lower() for one in origins))

    def origin(self, headers: _Headers) -> str:
        """The origin by which this request has reached the node; "": by a name that is not the node's."""
        given = _all(headers, b"host")
        host = given[0].lower() if len(given) == 1 else ""
        for origin in self.origins:
            if host and origin.partition("://")[2] == host:
                return origin
        if self.tls:
            return f"https://{host}" if (host and not self.origins) or _name(host) in self.hosts else ""
        return f"http://{host}" if _name(host) in self.hosts else ""

    def is_own(self, headers: _Headers, *, changes: bool) -> bool:
        """Whether a page of this node asks, as far as the browser says; what changes something must be said to be from here."""
        own, site, origin = self.origin(headers), _all(headers, b"sec-fetch-site"), _all(headers, b"origin")
        if not own or len(site) > 1 or len(origin) > 1:
            return False
        if site and site[0] != "same-origin" and (changes or site[0] != "none"):
            return False
        if origin and origin[0].lower() != own and not (site and origin[0] == "null"):
            return False
        return bool(site or origin) or not changes

    def is_foreign(self, headers: _Headers) -> bool:
        """Whether the browser says that another page than one of this node asks; programs say nothing."""
        says = bool(_all(headers, b"sec-fetch-site") or _all(headers, b"origin"))
        return says and not self.is_own(headers, changes=True)


def cookie_name(origin: str) -> str:
    """What the cookie of a session is called for who comes by this origin.

    A browser sends a cookie to every port of a host: with the port in its name, two nodes of one host leave each other's users alone.
    `__Host-` makes a browser that comes by HTTPS refuse one that another host or an unprotected page has put there."""
    is_secure = origin.startswith("https:")
    port = _PORT.search(origin)
    return f"{'__Host-' if is_secure else ''}{COOKIE}_{port[1] if port else '443' if is_secure else '80'}"


def session_token(headers: _Headers, origin: str) -> str | None:
    """What the cookie of the session holds; None: there is none. Two that differ are none that counts, and give "".

    origin  by which the request has come; "": by a name that is not the node's, and then any that looks like one is one"""
    own, found = cookie_name(origin), set()
    for line in _all(headers, b"cookie"):
        for part in line.split(";"):
            name, equals, value = part.strip().partition("=")
            if equals and (name == own if origin else _COOKIES.fullmatch(name)):
                found.add(value)
    if not found:
        return None
    return found.pop() if len(found) == 1 else ""


def cookie(token: str, origin: str, longest_us: int) -> str:
    """The value of Set-Cookie for this token, for who comes by this origin; "" ends it."""
    lasts = longest_us // 1_000_000 if token else 0
    secure = "; Secure" if origin.startswith("https:") else ""
    return f"{cookie_name(origin)}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={lasts}{secure}"


def is_origin(text: str) -> bool:
    """Whether this is an origin, as a browser names it: https://alpha.example, with a port where it is not the usual one."""
    try:
        parts = urlsplit(text)
        return (
            parts.scheme in {"http", "https"}
            and bool(parts.hostname)
            and parts.port != 0
            and f"{parts.scheme}://{parts.netloc}" == text
            and "@" not in parts.netloc
        )
    except ValueError:
        return False


def address_of(scope: Mapping[str, object]) -> str:
    """From which address a request comes; of IPv6 the network that one customer is given."""
    client = scope.get("client")
    host = str(client[0]).partition("%")[0] if isinstance(client, tuple | list) and client else ""
    return str(ip_network((host, IPV6_PREFIX), strict=False)) if ":" in host else host


def _name(host: str) -> str:
    """A host without its port."""
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0]


def _all(headers: _Headers, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in headers if key == name]

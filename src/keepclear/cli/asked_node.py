"""The doors of a running node, as a verb asks them: which node, with whose token, and what is said where nothing comes back.

    node = asked_node(args)
    whole = node.get("/v1/messages/1a2b3c4d")
    node.post("/v1/messages", draft)

Proxies of the environment are not used and redirections are not followed: the token goes to the node and to nobody else. What changes
something goes with an idempotency key and once more where the line breaks; whoever gets no answer then is told that it may have been done.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

from keepclear.cli.paths import some_path
from keepclear.ground.errors import KeepclearError, Refused

if TYPE_CHECKING:
    import http.client
    import ssl

    from keepclear.host.config import Config

NODE, TOKEN = "KEEPCLEAR_NODE", "KEEPCLEAR_TOKEN"
JSON = "application/json"
# A question about the past waits for a replay.
ANSWER_S_MAX = 30.0
_TOKEN_CHARS_MAX = 1_000
_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})
WHICH_NODE = f"""\
Which node: --node, or ${NODE}, or the folder one stands in. Whose word: the token in ${TOKEN}, or --token-file.
"""
EXIT_CODES = """\
exit codes: 0 done; 1 not done, as is said; 2 not understood, or the node does not take it; 3 the node does not answer: what was to
be done may have been done where it is said
"""


class Declined(KeepclearError):
    """The node does not take what it was given. Caused by what was given, or by who asks; nothing was done.

    status, key  as the node answered
    faults       each with where, value and mend"""

    exit_code = 2

    def __init__(self, status: int, key: str, detail: str, faults: list[Refused]) -> None:
        super().__init__(key)
        self.status = status
        self.key = key
        self.faults = faults or [Refused(key, detail.rstrip("."))]

    @property
    def lines(self) -> list[str]:
        """What is said to the person, a line for each fault."""
        return [str(fault) for fault in self.faults]

    def __str__(self) -> str:
        return " ".join(self.lines)


class NoAnswer(KeepclearError):
    """The node was not reached, or the line broke before its answer came."""

    exit_code = 3

    @property
    def lines(self) -> list[str]:
        """What is said to the person."""
        return [str(self)]


def add_node(parser: argparse.ArgumentParser, *, sided: bool = False) -> None:
    """Which node is asked, and with whose token, as every such verb takes it; `sided`: also which side of it."""
    about = parser.add_argument_group("which node")
    about.add_argument(
        "--node", type=some_path, metavar="FOLDER", help=f"its folder, or https://HOST:PORT (or ${NODE})"
    )
    about.add_argument(
        "--token-file",
        type=some_path,
        metavar="FILE",
        help=f"the token of whoever asks (or ${TOKEN}); never as an option",
    )
    about.add_argument(
        "--certificate",
        type=some_path,
        metavar="FILE",
        help="PEM to trust beside --node https://...: the one that the node shows, or who has issued it",
    )
    if sided:
        about.add_argument("--exercise", action="store_true", help="the exercise side of the node")


class AskedNode:
    """One node, and the token that it is asked with."""

    def __init__(self, address: str, token: str, context: ssl.SSLContext | None, *, exercise: bool = False) -> None:
        self.address = address
        self._token = token
        self._context = context
        self._sides = {"exercise": "true"} if exercise else {}

    def get(self, path: str, **query: str) -> Any:
        """What the node answers, read as JSON. Raises `Declined` and `NoAnswer`, as all of these do."""
        return json.loads(self.ask("GET", path, query=query))

    def post(self, path: str, body: object) -> Any:
        """Gives the node a value."""
        return json.loads(self.ask("POST", path, _json(body)))

    def put(self, path: str, body: object) -> Any:
        """Puts a value where the path says."""
        return json.loads(self.ask("PUT", path, _json(body)))

    def sided(self, method: str, path: str, body: object = None, **query: str) -> Any:
        """The same for what has two sides: operations, or exercise where that was asked for."""
        said = None if body is None else _json(body)
        return json.loads(self.ask(method, path, said, query={**query, **self._sides}))

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        media: str = JSON,
        query: Mapping[str, str] | None = None,
    ) -> bytes:
        """The bytes of an answer."""
        import http.client
        import secrets

        headers = {"Authorization": f"Bearer {self._token}"}
        if body is not None:
            headers["Content-Type"] = media
        changes = method != "GET"
        if changes:
            headers["Idempotency-Key"] = secrets.token_hex(16)
        target = f"{path}?{urlencode(query)}" if query else path
        for attempt in (1, 2):
            line = self._line()
            try:
                line.request(method, target, body, headers)
                answer = line.getresponse()
                status, said = answer.status, answer.read()
            except (OSError, http.client.HTTPException) as error:
                if attempt == 2:
                    raise self._broke_off(error, changes=changes) from error
            else:
                if status < 300:
                    return said
                raise _declined(status, said)
            finally:
                line.close()
        raise AssertionError("the second attempt answers or raises")

    def _line(self) -> http.client.HTTPConnection:
        import http.client

        parts = urlsplit(self.address)
        host = parts.hostname or ""
        line = (
            http.client.HTTPSConnection(host, parts.port, timeout=ANSWER_S_MAX, context=self._context)
            if parts.scheme == "https"
            else http.client.HTTPConnection(host, parts.port, timeout=ANSWER_S_MAX)
        )
        try:
            line.connect()
        except OSError as error:
            what = f"The node at {self.address} does not answer ({error.strerror or error}). Nothing was done."
            raise NoAnswer(f"{what} Is it running? `keepclear serve FOLDER`; `keepclear status FOLDER`.") from error
        return line

    def _broke_off(self, error: Exception, *, changes: bool) -> NoAnswer:
        may = " WHETHER IT WAS DONE IS NOT KNOWN: look before you do it again." if changes else ""
        return NoAnswer(f"The node at {self.address} gave no answer ({error}).{may}")


def asked_node(args: argparse.Namespace) -> AskedNode:
    """The node that the options name; raises `Refused`."""
    named = args.node or os.environ.get(NODE, "")
    token = _token(args.token_file)
    exercise = getattr(args, "exercise", False)
    if "://" in named:
        return AskedNode(_address(named), token, _trusting_file(args.certificate, named), exercise=exercise)
    from keepclear.host.config import FILE_NAME, read_config

    if args.certificate:
        mend = "Leave it out: the node in a folder is asked for the certificate that its node.toml names."
        raise Refused("option.certificate", "--certificate goes with an address", value=args.certificate, mend=mend)
    if not named and not Path(FILE_NAME).exists():
        mend = f"Give --node FOLDER, or set {NODE} once: export {NODE}=alpha"
        raise Refused("node.not_named", "It is not said which node is meant", mend=mend)
    config = read_config(Path(named or "."))
    return AskedNode(config.doors.address, token, trusting(config), exercise=exercise)


def trusting(config: Config) -> ssl.SSLContext | None:
    """What a line to the node of this folder goes by: it must show the very certificate that node.toml names; None without TLS."""
    from keepclear.host.certificate import certificate_pem

    return _trusting(certificate_pem(config), by_address=True) if config.doors.certificate else None


def _trusting(pem: str, *, by_address: bool) -> ssl.SSLContext:
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = not by_address  # in a folder it is asked by its address, and its own certificate is known
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # its own certificate is enough, whoever has issued it
    context.load_verify_locations(cadata=pem)
    return context


def _trusting_file(name: str | None, address: str) -> ssl.SSLContext | None:
    import ssl

    if not address.startswith("https:"):
        return None
    if name is None:
        return ssl.create_default_context()
    try:
        return _trusting(Path(name).read_text("ascii"), by_address=False)
    except (OSError, UnicodeDecodeError, ssl.SSLError) as error:
        raise Refused(
            "tls.unreadable", f"No certificate can be read from this file ({error})", value=name, where="--certificate"
        ) from error


def _address(named: str) -> str:
    parts = urlsplit(named)
    mend = "Write it as https://node.alpha.example:7117, or name the folder of a node."
    try:
        fits = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0 and parts.path in ("", "/")
    except ValueError:
        fits = False
    if not fits or parts.query or parts.fragment or parts.username:
        raise Refused("node.address", "This is no address of a node", value=named, mend=mend, where="--node")
    if parts.scheme == "http" and parts.hostname not in _THIS_MACHINE:
        what = "The token would go over the line for everybody to read"
        raise Refused("node.plain", what, value=named, mend="Use https.", where="--node")
    return named.rstrip("/")


def _token(file: str | None) -> str:
    if file:
        try:
            token = Path(file).read_text("ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise Refused("token.unreadable", f"The token cannot be read ({error})", where="--token-file") from error
    else:
        token = os.environ.get(TOKEN, "").strip()
    if not token:
        mend = f"Set it: export {TOKEN}=kc_..., or name a file that holds it: --token-file FILE."
        raise Refused("token.none", "There is no token, and a node answers nobody without one", mend=mend)
    if not token.isascii() or not token.isprintable() or len(token) > _TOKEN_CHARS_MAX:
        raise Refused("token.unreadable", "This is no token", mend="A token is one word, such as kc_...")
    return token


def in_path(text: str) -> str:
    """One part of a path."""
    return quote(text, safe="")


def _json(body: object) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode()


def _declined(status: int, body: bytes) -> Declined:
    try:
        said = json.loads(body)
        key = str(said["type"]).removeprefix("keepclear:")
        faults = [
            Refused(fault["key"], fault["what"], value=fault["value"], mend=fault["mend"], where=fault["path"])
            for fault in said["errors"]
        ]
        return Declined(status, key, str(said["detail"]), faults)
    except (ValueError, KeyError, TypeError):
        return Declined(status, "answer.unreadable", f"What answers there is no node (status {status})", [])


def called(declined: Declined, name: Callable[[str], str]) -> Declined:
    """The same, with the places in the words of the command line."""
    for fault in declined.faults:
        fault.where = name(fault.where)
    return declined

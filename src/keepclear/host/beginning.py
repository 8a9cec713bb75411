"""How a node begins: its folder, its key, its first users, and the first entries of its record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from keepclear.api.tokens import new_token, token_hash
from keepclear.ground.errors import Refused
from keepclear.ground.signing import ED25519, NoteKey, PrivateKey, public_pem
from keepclear.host.build import build
from keepclear.host.config import DATABASE_NAME, FILE_NAME, PORT, Config, read_config
from keepclear.host.key_files import draw_key, key_path, write_key
from keepclear.host.link_keys import draw_link_keys, link_key_paths
from keepclear.host.new_folder import whole_or_nothing
from keepclear.host.taking import as_one_write
from keepclear.node import events as e
from keepclear.node.node import NODE, Node
from keepclear.store.new_database import begun_files, failures_of
from keepclear.store.store import Store
from keepclear.store.writes import Write

ADMINISTRATOR = "admin"
CLEARANCE = "severe"

_TOML = """\
# A Keepclear node. Every setting, with its meaning: docs/reference/node-toml.md
store = {store}

[doors]
host = "127.0.0.1"        # beyond this machine only with a certificate and its key
port = {port}
# certificate = "tls/chain.pem"
# key = "tls/key.pem"

[heartbeat]
file = "heartbeat.json"   # written while the node is well; watch its age from outside
every = "10 s"
# url = "https://example.org/ping/alpha"

# A live feed: AIS from a receiver. The feed is declared when the node starts.
# [sources.ais-1]
# connect = "tcp://127.0.0.1:10110"
# source = "Harbour receiver"
# silent_after = "5 min"
"""


@dataclass(frozen=True)
class Begun:
    """A node that has begun: what its people must keep. Tokens are shown once and are nowhere on disk."""

    folder: Path
    origin: str
    key: NoteKey
    tokens: tuple[tuple[str, str, str], ...]  # user, role, token


def begin(
    folder: Path,
    *,
    party: str,
    party_name: str,
    origin: str,
    exercise: bool,
    users: Sequence[tuple[str, str]],
    store: str,
    passphrase: bytes | None,
    at_us: int,
    administrator: str = ADMINISTRATOR,
    with_tokens: bool = True,
    port: int = PORT,
) -> Begun:
    """Makes a node in a folder that is empty or not there: configuration, key, record.

    users        id and role of those who are admitted besides the administrator
    with_tokens  each of them gets a token; without, they sign in

    Raises `Refused` where something is there already, and where the node cannot be made; then nothing is left of it, or it says what."""
    config = Config(folder, store or DATABASE_NAME)
    text = _TOML.format(store=_quoted(config.store), port=port)
    key = draw_key()
    public = note_key(key, origin)
    events, tokens = _first_events(
        party, party_name, origin, exercise, [(administrator, "administrator"), *users], with_tokens
    )
    events.append(e.KeyIntroduced(key.public.key_id, public_pem(key.public), ED25519))
    # Refused, if at all, before anything is on disk.
    write = as_one_write(Node(), events, by=NODE, exercise=exercise, at_us=at_us)
    with whole_or_nothing(folder, [config.keys_folder]) as made:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        made += [
            key_path(config.keys_folder, key.public.key_id),
            folder / FILE_NAME,
            *link_key_paths(config.keys_folder),
        ]
        write_key(config.keys_folder, key, passphrase)
        draw_link_keys(config.keys_folder, party, passphrase, at_us)
        (folder / FILE_NAME).write_text(text, "utf-8")
        made += begun_files(config.store_url)
        try:
            _write_first(read_config(folder).store_url, write)
        except failures_of(config.store_url) as error:
            mend = (
                "Check the space on the disk; of a database elsewhere, whether it is empty, before it is named again."
            )
            said = str(getattr(error, "orig", error)).strip()
            raise Refused(
                "init.database", f"The database could not take the first entries ({said})", mend=mend
            ) from error
    return Begun(folder, origin, public, tokens)


def _write_first(url: str, write: Write) -> None:
    with Store.open(url) as opened:
        if opened.size():
            mend = "Name another database, or restore it with `keepclear restore`."
            raise Refused("init.record_there", "There is a record in this database", value=opened.url, mend=mend)
        opened.append([write])


def note_key(key: PrivateKey, origin: str) -> NoteKey:
    """The key under the name that it signs checkpoints with."""
    return NoteKey(origin, key.public)


def _first_events(
    party: str, party_name: str, origin: str, exercise: bool, users: Sequence[tuple[str, str]], with_tokens: bool
) -> tuple[list[e.Event], tuple[tuple[str, str, str], ...]]:
    events: list[e.Event] = [
        e.NodeBegan(party_name, party, origin, exercise, build()),
        e.PartyNamed(party, party_name),
    ]
    tokens = []
    for user, role in users:
        events.append(e.UserAdmitted(user, party, role, CLEARANCE))
        if not with_tokens:
            continue
        token = new_token()
        events.append(e.TokenIssued(f"{user}-1", user, token_hash(token)))
        tokens.append((user, role, token))
    return events, tuple(tokens)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

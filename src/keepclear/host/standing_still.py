"""A node that is not running, changed by whoever sits at its machine: keys, who may choose a password, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from keepclear.api.tokens import new_token, token_hash
from keepclear.ground.errors import Refused
from keepclear.ground.signing import ED25519, public_pem
from keepclear.host.config import Config
from keepclear.host.entrance import row_of
from keepclear.host.key_files import draw_key, read_key, write_key
from keepclear.host.replaying import catch_up_views, node_at
from keepclear.host.taking import as_one_write
from keepclear.node import events as e
from keepclear.node.node import NODE, Node
from keepclear.parties.sign_in import Invitation
from keepclear.record.checkpoint import Checkpoint, origin_line
from keepclear.store import writes
from keepclear.store.store import Store
from keepclear.store.writes import Write

# Why a key ends whose last signature is still worth something.
BELIEVED = frozenset({"rotated", "revoked"})


@contextmanager
def standing(config: Config) -> Iterator[tuple[Store, Node]]:
    """The record and the node of it, which nobody else may be writing; raises `Refused` where the node is running."""
    with Store.open(config.store_url, create=False) as store:
        if store.restored_from() is not None:
            mend = "Start it once with `keepclear serve`: that begins a new epoch, so that two records never go on under one name."
            raise Refused("record.restored", "This is a copy that nobody has gone on with yet", mend=mend)
        node, _ = node_at(store, store.size())
        catch_up_views(store)
        yield store, node


def say(store: Store, node: Node, events: Sequence[e.SpokenEvent], at_us: int) -> None:
    """Records what the node says itself, all of it or nothing."""
    write = as_one_write(node, events, by=NODE, exercise=node.exercise, at_us=max(at_us, node.clock_us))
    store.append([write])


def change_key(
    config: Config, *, why: str, since_us: int | None, note: str, passphrase: bytes | None, at_us: int
) -> tuple[str, str]:
    """Draws a new signing key, introduces it, and ends the one before it; gives both key ids, the new one first.

    The file of the new key is on disk before the record knows of it; that of the old one stays where it is. An old key that can still
    be believed signs for the new one before it ends, so that whoever knows the old one comes to know the new one (RECORD-16);
    `passphrase` opens it as well."""
    with standing(config) as (store, node):
        live = node.live_key_ids
        vouching = [read_key(config.keys_folder, old, passphrase) for old in live if why in BELIEVED]
        key = draw_key()
        write_key(config.keys_folder, key, passphrase)
        say(store, node, [e.KeyIntroduced(key.public.key_id, public_pem(key.public), ED25519)], at_us)
        if vouching:
            checkpoint = Checkpoint(origin_line(node.origin, node.epoch), store.size(), store.root())
            for old_key in vouching:
                checkpoint = checkpoint.signed(old_key.signer)
            kept = writes.Checkpoint(checkpoint.size, node.epoch, node.clock_us, checkpoint.text)
            store.append([Write(checkpoints=(kept,))])
        say(store, node, [e.KeyEnded(old, why, since_us, note) for old in live], at_us)
        return key.public.key_id, ", ".join(live)


def invite(config: Config, user: str, *, at_us: int) -> tuple[str, int]:
    """Draws a code with which a user chooses a password once the node runs; gives it, and until when it is open.

    Raises `Refused` where there is no such user, or it is a machine. The record says that the node itself has invited."""
    with standing(config) as (store, node):
        at_us = max(at_us, node.clock_us)
        code, until_us = new_token(""), at_us + config.limits.invitation_us
        write = as_one_write(node, [e.UserInvited(user, until_us)], by=NODE, exercise=node.exercise, at_us=at_us)
        row = row_of(Invitation(user, token_hash(code), NODE, until_us))
        store.append([replace(write, sign_ins=(row,))])
        return code, until_us

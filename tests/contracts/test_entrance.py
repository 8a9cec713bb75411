"""docs/spec/sign-in.md on a real store: what is there after a restart, after a restore, and what is taken away."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress

import pytest
from argon2 import PasswordHasher

from keepclear.ground.errors import Refused
from keepclear.host import entrance as of_entrance
from keepclear.host.desk import HostDesk, entrance_of
from keepclear.host.passwords import Passwords
from keepclear.host.retention import Keeping
from keepclear.node import events as e
from keepclear.store.schema import SIGN_IN
from keepclear.store.store import Store
from keepclear.store.writes import SignInRow, Write
from tests.hosts import hosting
from tests.simulation.virtual_time import LoopClock, run
from tests.stored import committed

PASSWORD = "four words in a row"
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
HOUR_S = 3_600.0


def quick(entrance):
    entrance._passwords = Passwords(QUICK)
    return entrance


@asynccontextmanager
async def running(folder):
    """A desk over what the disk has, and what has something done with the commits that it waits for."""
    async with hosting(folder, LoopClock(asyncio.get_running_loop())) as (host, writer, store):

        async def done(asked):
            asking = asyncio.ensure_future(asked)
            while not asking.done():
                await asyncio.sleep(0.001)
                writer.commit(writer.waiting)
            return await asking

        desk = HostDesk(host, store, entrance=quick(entrance_of(host, store)))
        yield desk, done, store


def rows(store):
    return {table: len(store.sign_ins(table)) for table in SIGN_IN}


async def signs_in(desk, done, user="petra"):
    made = await done(desk.entrance.invite(user, by="admin"))
    return await done(desk.entrance.take_invitation(made.code, PASSWORD, "127.0.0.1"))


@pytest.mark.promise("SIGNIN-1", "SIGNIN-4", "SIGNIN-11")
def test_who_is_signed_in_is_so_after_a_restart_and_a_used_invitation_stays_used(tmp_path):
    async def scene():
        async with running(tmp_path) as (desk, done, store):
            made = await done(desk.entrance.invite("petra", by="admin"))
            signed_in = await done(desk.entrance.take_invitation(made.code, PASSWORD, "127.0.0.1"))
            later = await done(desk.entrance.invite("petra", by="admin"))
            assert rows(store) == {"password": 1, "invitation": 1, "session": 1}
            assert PASSWORD.encode() not in (tmp_path / "record.sqlite").read_bytes()
            assert signed_in.token.encode() not in (tmp_path / "record.sqlite-wal").read_bytes()
        async with running(tmp_path) as (desk, done, store):
            user, session = desk.entrance.holder_of(signed_in.token)
            assert (user.id, session) == ("petra", signed_in.session)
            with pytest.raises(Refused):
                await done(desk.entrance.take_invitation(made.code, PASSWORD, "127.0.0.1"))
            await done(desk.entrance.take_invitation(later.code, PASSWORD, "127.0.0.1"))
            assert rows(store) == {"password": 1, "invitation": 0, "session": 1}

    run(scene())


@pytest.mark.promise("SIGNIN-11")
def test_a_request_is_noted_on_the_disk_now_and_then(tmp_path):
    async def scene():
        async with running(tmp_path) as (desk, done, store):
            signed_in = await signs_in(desk, done)

            async def seen():
                _, session = desk.entrance.holder_of(signed_in.token)
                await done(desk.entrance.seen(session))
                return store.sign_ins("session")[0]["seen_at_us"]

            first = await seen()
            await asyncio.sleep(of_entrance.SEEN_EVERY_US / 2e6)
            assert await seen() == first
            await asyncio.sleep(of_entrance.SEEN_EVERY_US / 2e6)
            assert await seen() > first
            for _ in range(4):
                await asyncio.sleep(11 * HOUR_S)
                await seen()
        async with running(tmp_path) as (desk, _, _):
            assert desk.entrance.sessions("petra")

    run(scene())


@pytest.mark.promise("SIGNIN-11")
def test_what_has_expired_or_is_of_a_user_who_has_ended_is_taken_away(tmp_path):
    async def scene():
        async with running(tmp_path) as (desk, done, store):
            await signs_in(desk, done)
            await done(desk.entrance.invite("otto", by="admin"))
            keeping = Keeping(desk._host, store, desk.entrance)
            await done(keeping.look())
            assert rows(store) == {"password": 1, "invitation": 1, "session": 1}
            await asyncio.sleep(72 * HOUR_S)
            await done(keeping.look())
            assert rows(store) == {"password": 1, "invitation": 0, "session": 0}
            await done(desk.entrance.sign_in("petra", PASSWORD, "127.0.0.1", None))
            await done(desk.entrance.invite("petra", by="admin"))
            await done(desk.give(e.UserEnded("petra", "left"), by="admin", exercise=False))
            assert rows(store) == {"password": 0, "invitation": 0, "session": 0}

    run(scene())


@pytest.mark.promise("SIGNIN-14")
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_who_was_signed_in_does_not_come_back_from_a_copy(kind, tmp_path, request):
    url = f"sqlite:///{tmp_path}/one.sqlite" if kind == "sqlite" else request.getfixturevalue("postgres").new_database()
    held = [
        SignInRow("password", "petra", {"user": "petra", "hash": "$argon2id$", "set_at_us": 1}),
        SignInRow("invitation", "otto", {"user": "otto", "code_hash": "c", "by": "admin", "until_us": 2}),
        SignInRow(
            "session", "t",
            {"token_hash": "t", "id": "i", "user": "petra", "address": "", "began_at_us": 1, "seen_at_us": 1},
        ),
    ]  # fmt: skip
    with Store.open(url) as store:
        store.append([Write(sign_ins=held)])
        assert [store.sign_ins(row.table)[0] for row in held] == [row.row for row in held]
        changed = {**(held[0].row or {}), "set_at_us": 5}
        store.append([Write(sign_ins=[SignInRow("password", "petra", changed)])])
        assert store.sign_ins("password") == [changed]
        store.append([Write([committed(0)], begins_epoch=True)])
        assert rows(store) == {"password": 1, "invitation": 0, "session": 0}
        store.append([Write(sign_ins=[SignInRow("password", "petra"), SignInRow("session", "none")])])
        assert rows(store) == {"password": 0, "invitation": 0, "session": 0}


def test_a_hash_of_other_costs_is_made_anew_at_the_next_sign_in(tmp_path):
    async def scene():
        async with running(tmp_path) as (desk, done, store):
            await signs_in(desk, done)
            desk.entrance._passwords = Passwords(PasswordHasher(time_cost=2, memory_cost=8, parallelism=1))
            await done(desk.entrance.sign_in("petra", PASSWORD, "127.0.0.1", None))
            assert "t=2" in store.sign_ins("password")[0]["hash"]
            await done(desk.entrance.sign_in("petra", PASSWORD, "127.0.0.1", None))

    run(scene())


async def waits_for_the_disk(writer):
    while not writer.waiting:
        await asyncio.sleep(0.001)


@pytest.mark.promise("SIGNIN-11")
def test_a_request_of_the_moment_in_which_a_session_ends_does_not_bring_it_back_after_a_restart(tmp_path):
    async def scene():
        async with running(tmp_path) as (desk, done, store):
            signed_in = await signs_in(desk, done)
            await asyncio.sleep(of_entrance.SEEN_EVERY_US / 1e6)
            ending = asyncio.ensure_future(desk.entrance.end(signed_in.session, by="petra", why="signed_out"))
            await waits_for_the_disk(desk._host._writer)
            with suppress(Refused):
                _, session = desk.entrance.holder_of(signed_in.token)
                await done(desk.entrance.seen(session))
            await done(ending)
            await done(desk.entrance.seen(signed_in.session))
        async with running(tmp_path) as (desk, _, store):
            assert rows(store)["session"] == 0
            with pytest.raises(Refused):
                desk.entrance.holder_of(signed_in.token)

    run(scene())


@pytest.mark.promise("SIGNIN-5")
def test_the_old_password_lets_nobody_in_while_the_new_one_is_being_written(tmp_path):
    async def scene():
        async with running(tmp_path) as (desk, done, _):
            here = await signs_in(desk, done)
            new = "six words in a row now"
            changing = asyncio.ensure_future(
                desk.entrance.set_password("petra", PASSWORD, new, "127.0.0.1", here.session)
            )
            await waits_for_the_disk(desk._host._writer)
            with pytest.raises(Refused):
                await done(desk.entrance.sign_in("petra", PASSWORD, "127.0.0.1", None))
            await done(changing)
            assert len(desk.entrance.sessions("petra")) == 1

    run(scene())


@pytest.mark.promise("SIGNIN-5")
def test_who_was_let_in_by_the_old_password_a_moment_before_the_change_is_signed_out_by_it(tmp_path):
    async def scene():
        async with running(tmp_path) as (desk, done, _):
            here = await signs_in(desk, done)
            entering = asyncio.ensure_future(desk.entrance.sign_in("petra", PASSWORD, "127.0.0.1", None))
            await waits_for_the_disk(desk._host._writer)
            changing = asyncio.ensure_future(
                desk.entrance.set_password("petra", PASSWORD, "six words in a row now", "127.0.0.1", here.session)
            )
            while desk._host._writer.waiting < 2:
                await asyncio.sleep(0.001)
            entered, changed = await done(asyncio.gather(entering, changing, return_exceptions=True))
            assert isinstance(entered, Refused)
            assert [session.id for session in desk.entrance.sessions("petra")] == [changed.moved.session.id]

    run(scene())


@pytest.mark.promise("SIGNIN-11")
def test_who_was_a_machine_for_a_while_signs_in_anew(tmp_path):
    async def scene():
        async with running(tmp_path) as (desk, done, store):
            signed_in = await signs_in(desk, done)
            party = desk.node.members.user("petra").party
            for role in ("machine", "viewer"):
                admitted = e.UserAdmitted("petra", party, role, "moderate")
                await done(desk.give(admitted, by="admin", exercise=False))
            with pytest.raises(Refused):
                desk.entrance.holder_of(signed_in.token)
            assert rows(store) == {"password": 0, "invitation": 0, "session": 0}

    run(scene())

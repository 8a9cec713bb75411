"""docs/spec/sign-in.md: who is let in, for how long, and what stands in the record."""

from __future__ import annotations

import asyncio
import json
from http.cookies import SimpleCookie
from typing import Any

import pytest
from argon2 import PasswordHasher

from keepclear.api.desk import Overloaded
from keepclear.api.origin import Front, cookie_name
from keepclear.host.passwords import AT_ONCE, WAITING_MAX, Passwords
from keepclear.node import events as e
from keepclear.parties.sign_in import (
    FREE_OF_ADDRESS,
    FREE_OF_USER,
    SESSIONS_MAX,
    WAIT_S_MAX_OF_ADDRESS,
    WAIT_S_MAX_OF_USER,
    Patience,
)
from tests.doors.api.browser import PASSWORD, Browser, invited, signed_in
from tests.doors.api.caller import INSIDE, KESTREL_PASS, Stream, staffed, zones_of

HOUR_US = 3_600_000_000
QUICK: dict[str, Any] = {"time_cost": 1, "memory_cost": 8, "parallelism": 1}
WRONG = "five words in a row"


def kinds_of(staff):
    return [committed.entry.kind for committed in staff.desk.record]


def key_of(answer):
    return answer.json()["type"].removeprefix("keepclear:")


# --- invitations and passwords ---


@pytest.mark.promise("SIGNIN-1", "SIGNIN-2")
def test_an_invitation_is_taken_once_and_signs_in():
    staff = staffed()
    code = invited(staff, "ben")
    browser = Browser(staff)
    assert browser("GET", "/v1/me").status_code == 401
    answer = browser.take(code)
    assert answer.status_code == 200, answer.text
    assert (answer.json()["user"], answer.json()["role"]) == ("ben", "watch_officer")
    assert browser("GET", "/v1/me").json() == answer.json()
    again, unknown = Browser(staff).take(code), Browser(staff).take("never-drawn")
    assert again.status_code == unknown.status_code == 401
    assert again.content == unknown.content


@pytest.mark.promise("SIGNIN-1")
def test_an_invitation_expires_and_a_newer_one_takes_its_place():
    staff = staffed()
    old, new = invited(staff, "ben"), invited(staff, "ben")
    assert Browser(staff).take(old).status_code == 401
    staff.desk.clock_us += 72 * HOUR_US
    expired = Browser(staff).take(new)
    assert (expired.status_code, key_of(expired)) == (401, "invitation.not_accepted")


@pytest.mark.promise("SIGNIN-1")
def test_an_invitation_of_a_user_who_has_ended_is_not_accepted():
    staff = staffed()
    code = invited(staff, "leo")
    assert staff.call.delete("/v1/users/leo?reason=left", staff.administrator).status_code == 200
    assert Browser(staff).take(code).status_code == 401
    assert staff.call.post("/v1/users/leo/invites", staff.administrator, json={}).status_code == 404


@pytest.mark.promise("SIGNIN-1")
def test_two_who_take_one_invitation_at_once_are_not_both_let_in():
    staff = staffed()
    code = invited(staff, "ben")
    one, other = Browser(staff), Browser(staff)

    async def both():
        said = [{"json": {"code": code, "password": password}} for password in (PASSWORD, WRONG)]
        return await asyncio.gather(
            *(at.ask("POST", "/v1/session/invite", **body) for at, body in zip((one, other), said, strict=True))
        )

    assert sorted(answer.status_code for answer in asyncio.run(both())) == [200, 401]
    assert kinds_of(staff).count("password_set") == 1


@pytest.mark.promise("SIGNIN-2")
def test_an_invitation_that_is_taken_signs_the_user_out_everywhere_else():
    staff = staffed()
    before = signed_in(staff, "ben")
    after = signed_in(staff, "ben")
    assert before("GET", "/v1/me").status_code == 401
    assert after("GET", "/v1/me").status_code == 200


@pytest.mark.promise("SIGNIN-3")
@pytest.mark.parametrize(
    ("password", "key"),
    [("nine char", "password.short"), ("x" * 201, "password.long"), ("", "password.short")],
)
def test_a_password_that_is_too_short_or_too_long_is_refused_without_being_shown(password, key):
    staff = staffed()
    browser, code = Browser(staff), invited(staff, "ben")
    answer = browser.take(code, password)
    assert (answer.status_code, key_of(answer)) == (422, key)
    assert not password or password not in answer.text
    assert browser.take(code).status_code == 200, "the invitation is still open"


@pytest.mark.promise("SIGNIN-3")
def test_the_id_of_a_user_is_no_password_of_theirs():
    staff = staffed()
    staff.desk.admit("long-winded", "alpha", "viewer")
    answer = Browser(staff).take(invited(staff, "long-winded"), "Long-Winded")
    assert (answer.status_code, key_of(answer)) == (422, "password.is_user")
    assert Browser(staff).take(invited(staff, "long-winded"), "x" * 200).status_code == 200


@pytest.mark.promise("SIGNIN-3")
def test_a_letter_with_its_accent_apart_is_the_same_letter():
    staff = staffed()
    Browser(staff).take(invited(staff, "ben"), "caf\u00e9 caf\u00e9 caf\u00e9")
    assert Browser(staff).sign_in("ben", "cafe\u0301 cafe\u0301 cafe\u0301").status_code == 200


@pytest.mark.promise("SIGNIN-4", "SIGNIN-20")
def test_the_record_has_who_signed_in_and_nothing_that_opens_anything():
    staff = staffed()
    code = invited(staff, "ben")
    browser = Browser(staff, address="198.51.100.7")
    browser.take(code)
    token = browser.cookie or ""
    other = Browser(staff)
    other.sign_in("ben")
    other("DELETE", "/v1/session")
    tail = [(one.entry.kind, one.entry.by) for one in staff.desk.record if one.entry.kind in {
        "user_invited", "password_set", "session_began", "session_ended"}]  # fmt: skip
    assert tail == [
        ("user_invited", "ada"), ("password_set", "ben"), ("session_began", "ben"), ("session_began", "ben"), ("session_ended", "ben"),
    ]  # fmt: skip
    whole = b"".join((one.body or b"") + (one.outcome or b"") for one in staff.desk.record)
    from keepclear.api.tokens import token_hash

    held = staff.desk.entrance._held
    for secret in (
        code,
        PASSWORD,
        token,
        token_hash(code),
        token_hash(token),
        held.passwords["ben"].hash,
        "198.51.100.7",
    ):
        assert secret.encode() not in whole
    assert held.passwords["ben"].hash.startswith("$argon2id$")


@pytest.mark.promise("SIGNIN-4")
@pytest.mark.parametrize(
    "body",
    [b'{"user":"ben","password":"four words in a row"', b'{"user":"ben","password":["four words in a row"]}',
     b'{"user":"ben","password":"x","secret":"four words in a row"}', b'{"user":5,"password":"four words in a row"}',
     b'{"user":"ben","password":"\\ud800 four words in a row"}'],
)  # fmt: skip
def test_a_body_that_cannot_be_read_is_not_shown(body):
    answer = Browser(staffed())("POST", "/v1/session", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in {400, 401, 422}
    assert "words" not in answer.text


@pytest.mark.promise("SIGNIN-4")
def test_nothing_of_a_sign_in_is_kept_under_an_idempotency_key():
    staff = staffed()
    signed_in(staff, "ben")
    browser = Browser(staff)
    browser.sign_in("ben", headers={"Idempotency-Key": "k1"})
    staff.call.post("/v1/users/ben/invites", staff.administrator, json={}, headers={"Idempotency-Key": "k1"})
    assert staff.desk._answered == {}


@pytest.mark.promise("SIGNIN-5")
def test_who_changes_the_password_says_the_old_one_and_is_signed_out_elsewhere():
    staff = staffed()
    here = signed_in(staff, "ben")
    elsewhere = Browser(staff)
    elsewhere.sign_in("ben")
    wrong = here("PUT", "/v1/me/password", json={"old": WRONG, "new": "six words in a row now"})
    assert (wrong.status_code, key_of(wrong)) == (403, "password.not_accepted")
    assert here("PUT", "/v1/me/password", json={"old": PASSWORD, "new": "short"}).status_code == 422
    assert elsewhere("GET", "/v1/me").status_code == 200
    answer = here("PUT", "/v1/me/password", json={"old": PASSWORD, "new": "six words in a row now"})
    assert answer.status_code == 200, answer.text
    assert here("GET", "/v1/me").status_code == 200
    assert elsewhere("GET", "/v1/me").status_code == 401
    assert Browser(staff).sign_in("ben").status_code == 401
    assert Browser(staff).sign_in("ben", "six words in a row now").status_code == 200


@pytest.mark.promise("SIGNIN-5")
def test_who_has_a_copy_of_the_cookie_is_signed_out_by_a_change_of_the_password():
    staff = staffed()
    here, thief = signed_in(staff, "ben"), Browser(staff)
    thief.cookie = here.cookie
    assert thief("GET", "/v1/me").status_code == 200
    session = here("GET", "/v1/me").json()["session"]
    answer = here("PUT", "/v1/me/password", json={"old": PASSWORD, "new": "six words in a row now"})
    assert answer.status_code == 200, answer.text
    assert thief("GET", "/v1/me").status_code == 401
    assert here("GET", "/v1/me").json()["session"] == session
    assert "HttpOnly" in answer.headers["set-cookie"]


@pytest.mark.promise("SIGNIN-2")
def test_who_takes_an_invitation_at_a_browser_leaves_the_session_that_it_had():
    staff = staffed()
    browser = signed_in(staff, "ben")
    bens = browser.cookie
    assert browser.take(invited(staff, "pia")).json()["user"] == "pia"
    assert browser("GET", "/v1/me").json()["user"] == "pia"
    browser.cookie = bens
    assert browser("GET", "/v1/me").status_code == 401


@pytest.mark.promise("SIGNIN-8")
@pytest.mark.parametrize("path", ["/v1/session", "/v1/session/invite"])
def test_who_has_shown_nothing_yet_is_not_listened_to_for_long(path):
    staff = staffed()
    sent = 0

    async def endless():
        nonlocal sent
        while sent < 4_000_000:
            sent += 65_536
            yield b" " * 65_536

    headers = {"Content-Type": "application/json"}
    answer = asyncio.run(Browser(staff).ask("POST", path, headers=headers, content=endless()))
    assert (answer.status_code, key_of(answer)) == (413, "body.too_large")
    assert sent < 500_000
    answer = Browser(staff)("POST", path, headers=headers, content=b'{"user":"' + b"x" * 20_000)
    assert answer.status_code == 413


# --- who is let in ---


@pytest.mark.promise("SIGNIN-6")
def test_unknown_ended_never_invited_and_wrong_are_one_answer_after_the_same_work():
    staff = staffed()
    for user in ("ben", "leo"):
        signed_in(staff, user)
    assert staff.call.delete("/v1/users/leo?reason=left", staff.administrator).status_code == 200
    worked = []

    class Noting(PasswordHasher):
        def verify(self, hash, password):
            worked.append(str(hash).split("$")[3])
            return super().verify(hash, password)

    staff.desk.entrance._passwords._hasher = Noting(**QUICK)
    answers = [Browser(staff).sign_in(user, WRONG) for user in ("ben", "leo", "pia", "nobody", "\u0627\u0644\u0641")]
    assert {answer.status_code for answer in answers} == {401}
    assert len({(answer.content, tuple(answer.headers.items())) for answer in answers}) == 1
    assert len(worked) == 5
    assert len(set(worked)) == 1, "the costs are the same"
    assert all(Browser(staff).cookie is None for _ in answers)


@pytest.mark.promise("SIGNIN-6")
def test_a_name_that_cannot_be_looked_up_is_a_name_that_is_not_there():
    browser = Browser(staffed())
    assert browser.sign_in("ben\u0000").status_code == browser.sign_in("../ben").status_code == 401


def tries(staff, user, count, **at):
    return [Browser(staff, **at).sign_in(user, WRONG).status_code for _ in range(count)]


@pytest.mark.promise("SIGNIN-7")
@pytest.mark.parametrize("user", ["ben", "nobody"])
def test_who_tries_many_passwords_waits_longer_each_time(user):
    staff = staffed()
    invited(staff, "ben")
    assert tries(staff, user, FREE_OF_USER) == [401] * FREE_OF_USER
    waits = []
    for _ in range(12):
        answer = Browser(staff).sign_in(user, WRONG)
        assert (answer.status_code, key_of(answer)) == (429, "session.wait")
        waits.append(int(answer.headers["retry-after"]))
        staff.desk.clock_us += waits[-1] * 1_000_000
        assert Browser(staff).sign_in(user, WRONG).status_code == 401
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]
    assert waits[-1] == WAIT_S_MAX_OF_USER


@pytest.mark.promise("SIGNIN-7")
def test_a_wait_is_not_made_longer_by_asking_meanwhile_and_is_forgotten_after_an_hour():
    staff = staffed()
    signed_in(staff, "ben", address="198.51.100.7")
    tries(staff, "ben", FREE_OF_USER)
    assert set(tries(staff, "ben", 50)) == {429}
    assert Browser(staff).sign_in("ben").status_code == 429, (
        "the right password waits too, or it could be found meanwhile"
    )
    staff.desk.clock_us += 1_000_000
    assert Browser(staff).sign_in("ben").status_code == 200
    tries(staff, "pia", FREE_OF_USER + 1)
    staff.desk.clock_us += HOUR_US
    assert tries(staff, "pia", FREE_OF_USER) == [401] * FREE_OF_USER


@pytest.mark.promise("SIGNIN-7")
def test_nobody_is_kept_out_by_who_tries_from_elsewhere():
    staff = staffed()
    browser = signed_in(staff, "ben", address="198.51.100.7")
    for _ in range(3):
        tries(staff, "ben", FREE_OF_USER + 1, address="203.0.113.9")
        staff.desk.clock_us += WAIT_S_MAX_OF_USER * 1_000_000
    tries(staff, "ben", FREE_OF_USER + 1, address="203.0.113.9")
    assert browser("GET", "/v1/me").status_code == 200, "who is signed in stays so"
    assert Browser(staff, address="198.51.100.7").sign_in("ben").status_code == 200, "where they have been before"
    assert Browser(staff, address="192.0.2.1").take(invited(staff, "ben")).status_code == 200, "with an invitation"


@pytest.mark.promise("SIGNIN-7")
def test_an_address_that_tries_many_users_waits():
    staff = staffed()
    codes = [
        Browser(staff, address="203.0.113.9").sign_in(f"user-{one}", WRONG).status_code
        for one in range(FREE_OF_ADDRESS)
    ]
    assert codes == [401] * FREE_OF_ADDRESS
    assert Browser(staff, address="203.0.113.9").sign_in("another", WRONG).status_code == 429
    assert Browser(staff, address="203.0.113.10").sign_in("another", WRONG).status_code == 401
    patience = Patience()
    for second in range(2_000):
        patience.tried(f"user-{second}", "203.0.113.9", second)
    assert patience.wait_s("another", "203.0.113.9", 2_000) == WAIT_S_MAX_OF_ADDRESS


@pytest.mark.promise("SIGNIN-7")
def test_neighbours_in_a_network_of_ipv6_are_one():
    staff = staffed()
    for one in range(FREE_OF_ADDRESS):
        Browser(staff, address=f"2001:db8:0:7::{one:x}").sign_in(f"user-{one}", WRONG)
    assert Browser(staff, address="2001:db8:0:7:ffff::1").sign_in("another", WRONG).status_code == 429
    assert Browser(staff, address="2001:db8:0:8::1").sign_in("another", WRONG).status_code == 401


@pytest.mark.promise("SIGNIN-7")
def test_many_tries_at_once_are_no_way_around_the_wait():
    staff = staffed()
    signed_in(staff, "ben", address="198.51.100.7")

    async def at_once():
        body = {"json": {"user": "ben", "password": WRONG}}
        asked = [Browser(staff).ask("POST", "/v1/session", **body) for _ in range(FREE_OF_USER + 5)]
        return [answer.status_code for answer in await asyncio.gather(*asked)]

    assert sorted(asyncio.run(at_once())) == [401] * FREE_OF_USER + [429] * 5


@pytest.mark.promise("SIGNIN-8")
def test_only_so_many_passwords_are_looked_at_at_once():
    import threading

    go_on, under_way, most = threading.Event(), [], []

    class Slow(PasswordHasher):
        def verify(self, hash, password):
            under_way.append(1)
            most.append(len(under_way))
            go_on.wait(10)
            under_way.pop()
            return True

    async def crowd():
        passwords = Passwords(Slow(**QUICK))
        asked = [asyncio.ensure_future(passwords.fits(None, PASSWORD)) for _ in range(AT_ONCE + WAITING_MAX)]
        await asyncio.sleep(0)
        with pytest.raises(Overloaded):
            await passwords.fits(None, PASSWORD)
        with pytest.raises(Overloaded):
            passwords.check_room()
        go_on.set()
        assert await asyncio.gather(*asked) == [False] * (AT_ONCE + WAITING_MAX)
        passwords.check_room()

    asyncio.run(crowd())
    assert max(most) <= AT_ONCE


@pytest.mark.promise("SIGNIN-9")
def test_a_machine_is_not_invited_and_does_not_stay_signed_in():
    staff = staffed()
    refused = staff.call.post("/v1/users/mast-1/invites", staff.administrator, json={})
    assert (refused.status_code, key_of(refused)) == (422, "user.machine")
    browser = signed_in(staff, "ben")
    staff.desk.say(e.UserAdmitted("ben", "alpha", "machine", "high"))
    assert browser("GET", "/v1/me").status_code == 401
    assert Browser(staff).sign_in("ben").status_code == 401
    for method, path, asked in [
        ("GET", "/v1/sessions", {}),
        ("DELETE", "/v1/sessions/x", {}),
        ("PUT", "/v1/me/password", {"json": {"old": PASSWORD, "new": WRONG}}),
    ]:
        assert staff.call(method, path, staff.mast, **asked).status_code == 403


# --- sessions ---


@pytest.mark.promise("SIGNIN-10")
@pytest.mark.parametrize(("origin", "is_secure"), [("http://localhost:7117", False), ("https://alpha.example", True)])
def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(origin, is_secure):
    staff = staffed()
    browser = Browser(staff, front=Front.of("127.0.0.1", tls=False, origins=["https://alpha.example"]), origin=origin)
    answer = browser.take(invited(staff, "ben"))
    (cookie,) = SimpleCookie(answer.headers["set-cookie"]).values()
    assert cookie.key == ("__Host-keepclear_session_443" if is_secure else "keepclear_session_7117")
    assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["domain"]) == (True, "Strict", "/", "")
    assert bool(cookie["secure"]) is is_secure
    assert int(cookie["max-age"]) == 7 * 24 * 3600
    assert len(cookie.value) >= 43
    ended = browser("DELETE", "/v1/session")
    (cookie,) = SimpleCookie(ended.headers["set-cookie"]).values()
    assert (cookie.value, cookie["max-age"], cookie["httponly"]) == ("", "0", True)


@pytest.mark.promise("SIGNIN-10")
def test_two_nodes_of_one_host_leave_the_cookies_of_each_other_alone():
    here = signed_in(staffed(), "ben")
    there = signed_in(staffed(), "ben", origin="http://localhost:7118")
    both = f"{cookie_name(here.origin)}={here.cookie}; {cookie_name(there.origin)}={there.cookie}"
    for browser in (here, there):
        assert browser("GET", "/v1/me", headers={"Cookie": both}).status_code == 200
    ended = there("DELETE", "/v1/session", headers={"Cookie": both})
    assert ended.headers["set-cookie"].startswith("keepclear_session_7118=;")
    assert here("GET", "/v1/me", headers={"Cookie": both}).status_code == 200
    assert there("GET", "/v1/me", headers={"Cookie": both}).status_code == 401


@pytest.mark.parametrize(
    ("origin", "name"),
    [
        ("http://127.0.0.1:7117", "keepclear_session_7117"),
        ("http://[::1]", "keepclear_session_80"),
        ("http://localhost:a;b", "keepclear_session_80"),
        ("https://alpha.example", "__Host-keepclear_session_443"),
        ("https://alpha.example:8443", "__Host-keepclear_session_8443"),
    ],
)
def test_the_cookie_has_the_port_in_its_name_and_is_of_this_host_alone_by_https(origin, name):
    assert cookie_name(origin) == name


@pytest.mark.promise("SIGNIN-10")
def test_a_session_that_the_client_brings_is_never_taken_for_a_new_one():
    staff = staffed()
    signed_in(staff, "ben")
    browser = Browser(staff)
    browser.cookie = planted = "kcs_" + "A" * 43
    assert browser.sign_in("ben").status_code == 200
    assert browser.cookie != planted
    other = Browser(staff)
    other.cookie = planted
    assert other("GET", "/v1/me").status_code == 401


@pytest.mark.promise("SIGNIN-10")
def test_who_signs_in_anew_at_a_browser_leaves_the_session_it_had():
    staff = staffed()
    browser = signed_in(staff, "ben")
    before = browser.cookie
    signed_in(staff, "eva", address="192.0.2.1")
    assert browser.sign_in("eva").status_code == 200
    assert browser("GET", "/v1/me").json()["user"] == "eva"
    other = Browser(staff)
    other.cookie = before
    assert other("GET", "/v1/me").status_code == 401
    third = signed_in(staff, "ben")
    assert third.sign_in("eva", WRONG).status_code == 401
    assert third("GET", "/v1/me").json()["user"] == "ben", "who mistypes stays who they were"


@pytest.mark.promise("SIGNIN-11")
def test_a_session_ends_when_nothing_is_asked_and_at_the_latest_after_a_week():
    staff = staffed()
    idle, busy = signed_in(staff, "ben"), signed_in(staff, "eva")
    staff.desk.clock_us += 12 * HOUR_US - 1_000_000
    assert busy("GET", "/v1/me").status_code == 200
    staff.desk.clock_us += 1_000_000
    assert idle("GET", "/v1/me").status_code == 401
    hours = 12
    while busy("GET", "/v1/me").status_code == 200:
        staff.desk.clock_us += 11 * HOUR_US
        hours += 11
    assert 7 * 24 <= hours < 7 * 24 + 11


@pytest.mark.promise("SIGNIN-11")
def test_signing_out_ends_the_session_at_the_node_too():
    staff = staffed()
    browser = signed_in(staff, "ben")
    token = browser.cookie
    assert browser("DELETE", "/v1/session").status_code == 200
    assert browser.cookie is None
    browser.cookie = token
    assert browser("GET", "/v1/me").status_code == 401
    assert staff.call.delete("/v1/session", staff.officer).status_code == 404, "a token is no session"


@pytest.mark.promise("SIGNIN-11")
def test_a_user_who_ends_is_signed_out_and_what_was_held_of_them_is_taken_away():
    staff = staffed()
    browser = signed_in(staff, "leo")
    invited(staff, "leo")
    assert staff.call.delete("/v1/users/leo?reason=left", staff.administrator).status_code == 200
    assert browser("GET", "/v1/me").status_code == 401
    held = staff.desk.entrance._held
    assert ("leo" in held.passwords, "leo" in held.invitations, held.sessions_of("leo", staff.desk.clock_us)) == (
        False,
        False,
        [],
    )


@pytest.mark.promise("SIGNIN-11", "SIGNIN-12")
@pytest.mark.parametrize("how", ["signed out", "ended", "machine", "expired"])
def test_a_stream_ends_with_its_session(how):
    staff = staffed()
    browser = signed_in(staff, "ben")

    async def whole():
        stream = Stream()
        sent: asyncio.Queue[bytes | None] = stream.chunks
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http", "path": "/v1/stream",
            "raw_path": b"/v1/stream", "query_string": b"", "root_path": "", "server": ("localhost", 7117), "client": ("127.0.0.1", 1),
            "headers": [(b"host", b"localhost:7117"), (b"cookie", f"{cookie_name(browser.origin)}={browser.cookie}".encode()), (b"sec-fetch-site", b"same-origin")],
        }  # fmt: skip
        asked = asyncio.Event()

        async def receive():
            if not asked.is_set():
                asked.set()
                return {"type": "http.request", "body": b"", "more_body": False}
            await stream.gone.wait()
            return {"type": "http.disconnect"}

        async def send(message):
            if message["type"] == "http.response.body":
                await sent.put(message.get("body") or None)

        stream.task = asyncio.ensure_future(browser.app(scope, receive, send))
        assert await stream.chunk() is not None
        match how:
            case "signed out":
                assert (await browser.ask("DELETE", "/v1/session")).status_code == 200
            case "ended":
                assert (
                    await staff.call.ask("DELETE", "/v1/users/ben?reason=left", staff.administrator)
                ).status_code == 200
            case "machine":
                staff.desk.say(e.UserAdmitted("ben", "alpha", "machine", "high"))
            case "expired":
                staff.desk.clock_us += 13 * HOUR_US
        staff.desk.say(e.ZoneEnded("kestrel-pass", "over"), by="pia")
        assert await stream.chunk() is None
        await stream.close()

    asyncio.run(whole())


@pytest.mark.promise("SIGNIN-12")
def test_a_role_that_changed_counts_from_the_next_request_on():
    staff = staffed()
    browser = signed_in(staff, "ben")
    assert browser("PUT", "/v1/zones", json=zones_of(KESTREL_PASS)).status_code == 403
    staff.desk.say(e.UserAdmitted("ben", "alpha", "planner", "low"))
    me = browser("GET", "/v1/me").json()
    assert (me["role"], me["clearance"]) == ("planner", "low")
    assert browser("POST", "/v1/feeds/ais-1/positions", json=[INSIDE]).status_code == 404


@pytest.mark.promise("SIGNIN-13")
def test_a_user_sees_and_ends_their_own_sessions_and_an_administrator_everybodys():
    staff = staffed()
    ben, eva, ada = (signed_in(staff, user) for user in ("ben", "eva", "ada"))
    second = Browser(staff, address="192.0.2.1")
    second.sign_in("ben")
    items = ben("GET", "/v1/sessions").json()["items"]
    assert [(one["user"], one["address"], one["is_this"]) for one in items] == [
        ("ben", "127.0.0.1", True), ("ben", "192.0.2.1", False),
    ]  # fmt: skip
    assert ben.cookie not in json.dumps(items)
    of_eva = eva("GET", "/v1/sessions").json()["items"][0]["id"]
    hidden, absent = ben("DELETE", f"/v1/sessions/{of_eva}"), ben("DELETE", "/v1/sessions/0123456789ab")
    assert hidden.status_code == absent.status_code == 404
    assert hidden.text.replace(of_eva, "0123456789ab") == absent.text
    assert ben("DELETE", f"/v1/sessions/{items[1]['id']}").status_code == 200
    assert second("GET", "/v1/me").status_code == 401
    assert {one["user"] for one in ada("GET", "/v1/sessions").json()["items"]} == {"ada", "ben", "eva"}
    assert staff.call.get("/v1/sessions", staff.auditor).status_code == 200
    assert staff.call.delete(f"/v1/sessions/{of_eva}", staff.auditor).status_code == 404
    assert ada("DELETE", f"/v1/sessions/{of_eva}").status_code == 200
    assert eva("GET", "/v1/me").status_code == 401
    assert json.loads(staff.desk.record[-1].body or b"")["why"] == "ended"


@pytest.mark.promise("SIGNIN-13")
def test_an_administrator_invites_and_ends_nobody_cleared_above_them():
    staff = staffed()
    low = staff.desk.admit("abe", "alpha", "administrator", "low")
    signed_in(staff, "ben")
    (session,) = staff.call.get("/v1/sessions", low).json()["items"]
    assert staff.call.delete(f"/v1/sessions/{session['id']}", low).status_code == 403
    assert staff.call.post("/v1/users/ben/invites", low, json={}).status_code == 403
    for token in (staff.planner, staff.auditor, staff.officer, staff.mast):
        assert staff.call.post("/v1/users/eva/invites", token, json={}).status_code == 403


def test_a_user_who_signs_in_everywhere_leaves_where_they_were_longest_ago():
    staff = staffed()
    first = signed_in(staff, "ben")
    for _ in range(SESSIONS_MAX):
        staff.desk.clock_us += 1_000_000
        assert Browser(staff).sign_in("ben").status_code == 200
    assert first("GET", "/v1/me").status_code == 401
    assert len(staff.desk.entrance.sessions("ben")) == SESSIONS_MAX


def test_who_is_signed_in_is_told_their_name_and_that_the_node_is_for_exercises():
    staff = staffed(exercise=True)
    admit = {"party": "alpha", "role": "watch_officer", "clearance": "high", "name": "Benedikta Sol"}
    assert staff.call.put("/v1/users/ben", staff.administrator, json=admit).status_code == 200
    browser = signed_in(staff, "ben")
    answer = browser("GET", "/v1/me")
    assert answer.text.count('"exercise"') == 1
    me = answer.json()
    assert (me["exercise"], me["name"], bool(me["session"])) == (True, "Benedikta Sol", True)
    assert staff.call.get("/v1/me", staff.mast).json()["name"] is None
    refused = Browser(staff).sign_in("ben", WRONG)
    assert "exercise" not in refused.text + str(refused.headers), "who is not known is not told even this"


def test_passwords_are_looked_at_beside_the_loop():
    """What a hash costs is not taken from the others: the loop goes on while a thread works."""
    import threading

    loops_thread, seen = threading.current_thread(), []

    class Noting(PasswordHasher):
        def hash(self, password, *, salt=None):
            seen.append(threading.current_thread())
            return "x"

    asyncio.run(Passwords(Noting(**QUICK)).hash(PASSWORD))
    assert seen[0] is not loops_thread

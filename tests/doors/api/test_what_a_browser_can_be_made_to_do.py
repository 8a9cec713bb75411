"""docs/spec/sign-in.md: requests that another page makes a browser send, and the files of the console."""

from __future__ import annotations

import asyncio
import gzip

import pytest

from keepclear.api.app import ROUTES
from keepclear.api.console_files import POLICY, ConsoleFiles, read_files
from keepclear.api.origin import Front, cookie_name
from tests.doors.api.browser import ORIGIN, PASSWORD, Browser, invited, signed_in
from tests.doors.api.caller import staffed

CROSS = [
    {"Keepclear-Console": None},
    {"Keepclear-Console": "0"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"},
    {"Origin": "https://evil.example"},
    {"Origin": "http://localhost:3000"},
    {"Origin": "https://localhost:7117"},
    {"Origin": "http://localhost.evil.example:7117"},
    {"Sec-Fetch-Site": None, "Origin": None},
    {"Sec-Fetch-Site": None, "Origin": "null"},
    {"Sec-Fetch-Site": None, "Origin": "https://evil.example"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "null"},
]


def key_of(answer):
    return answer.json()["type"].removeprefix("keepclear:")


# --- requests that another page has made a browser send ---


@pytest.mark.promise("SIGNIN-15")
@pytest.mark.parametrize("headers", CROSS, ids=str)
def test_what_a_cookie_answers_for_is_not_done_for_another_page(headers):
    staff = staffed()
    browser = signed_in(staff, "ada")
    before = len(staff.desk.record)
    answer = browser("PUT", "/v1/parties/bravo", json={"name": "Bravo"}, headers=headers)
    assert (answer.status_code, key_of(answer)) == (403, "request.foreign")
    assert len(staff.desk.record) == before


@pytest.mark.promise("SIGNIN-15")
def test_every_door_that_changes_something_asks_from_where():
    staff = staffed()
    browser = signed_in(staff, "ada")
    before = len(staff.desk.record)
    for route in ROUTES:
        if route.changes:
            path = route.path.replace("{", "").replace("}", "")
            answer = browser(route.method, path, json={}, headers={"Sec-Fetch-Site": "cross-site"})
            assert (answer.status_code, key_of(answer)) == (403, "request.foreign"), path
    assert len(staff.desk.record) == before


@pytest.mark.promise("SIGNIN-15")
@pytest.mark.parametrize(
    "headers",
    [{}, {"Origin": None}, {"Sec-Fetch-Site": None}, {"Origin": "null"}, {"Origin": "HTTP://LOCALHOST:7117"}],
    ids=str,
)
def test_a_page_of_the_node_is_believed(headers):
    browser = signed_in(staffed(), "ada")
    assert browser("PUT", "/v1/parties/bravo", json={"name": "Bravo"}, headers=headers).status_code == 200


@pytest.mark.promise("SIGNIN-15")
def test_another_page_reads_nothing_either():
    browser = signed_in(staffed(), "ada")
    for site, status in [("cross-site", 403), ("same-site", 403), ("same-origin", 200), ("none", 200), (None, 200)]:
        assert browser("GET", "/v1/users", headers={"Sec-Fetch-Site": site}).status_code == status, site
    assert (
        "access-control-allow-origin"
        not in browser("OPTIONS", "/v1/users", headers={"Origin": "https://evil.example"}).headers
    )


@pytest.mark.promise("SIGNIN-15")
@pytest.mark.parametrize("headers", CROSS[2:9] + CROSS[10:], ids=str)
def test_another_page_signs_nobody_in(headers):
    staff = staffed()
    signed_in(staff, "ben")
    browser = Browser(staff)
    assert browser.sign_in("ben", headers=headers).status_code == 403
    assert browser.cookie is None


@pytest.mark.promise("SIGNIN-15")
def test_a_form_of_another_page_cannot_say_what_is_asked_for_here():
    """What a form can send without being asked about first is no JSON."""
    staff = staffed()
    signed_in(staff, "ben")
    body = b'{"user":"ben","password":"four words in a row"}'
    for media_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        headers = {"Content-Type": media_type, "Sec-Fetch-Site": None, "Origin": None}
        assert Browser(staff)("POST", "/v1/session", content=body, headers=headers).status_code == 415


@pytest.mark.promise("SIGNIN-16")
def test_a_request_with_a_token_and_a_cookie_is_refused():
    staff = staffed()
    browser = signed_in(staff, "ben")
    for token in (staff.administrator, "nobody", ""):
        both = browser("GET", "/v1/me", headers={"Authorization": f"Bearer {token}"})
        assert both.status_code == 401
        assert both.content == staff.call.get("/v1/me").content


@pytest.mark.promise("SIGNIN-16")
def test_a_token_of_one_kind_is_none_of_the_other():
    staff = staffed()
    browser = signed_in(staff, "ben")
    assert staff.call.get("/v1/me", browser.cookie).status_code == 401
    browser.cookie = staff.officer
    assert browser("GET", "/v1/me").status_code == 401
    session = staff.desk.entrance.sessions("ben")[0]
    for forged in (session.token_hash, session.id, "", "x", "x" * 50_000):
        browser.cookie = forged
        assert browser("GET", "/v1/me").status_code == 401


@pytest.mark.promise("SIGNIN-16")
def test_a_cookie_that_somebody_has_put_beside_ours_counts_for_nothing():
    browser = signed_in(staffed(), "ben")
    name = cookie_name(browser.origin)
    twice = f"{name}=kcs_planted; other=1; {name}={browser.cookie}"
    assert browser("GET", "/v1/me", headers={"Cookie": twice}).status_code == 401
    same = f"a=b; {name}={browser.cookie};{name}={browser.cookie}"
    assert browser("GET", "/v1/me", headers={"Cookie": same}).status_code == 200


@pytest.mark.promise("SIGNIN-17")
@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:7117", "localhost.evil.example", "127.0.0.1.evil.example:7117", "", "["]
)
def test_a_name_that_only_leads_here_is_not_answered(host):
    staff = staffed()
    browser = signed_in(staff, "ben")
    there = {"Host": host, "Origin": f"http://{host}"}
    for method, path, asked in [
        ("GET", "/", {}),
        ("GET", "/v1/me", {}),
        ("POST", "/v1/session", {"json": {"user": "ben", "password": PASSWORD}}),
        ("POST", "/v1/session/invite", {"json": {"code": "x", "password": PASSWORD}}),
    ]:
        answer = browser(method, path, headers=there, **asked)
        assert (answer.status_code, key_of(answer)) == (421, "host.unknown"), path
    assert staff.call.get("/v1/me", staff.officer, headers={"Host": "any"}).status_code == 200, (
        "programs are asked for no name"
    )


@pytest.mark.promise("SIGNIN-17")
@pytest.mark.parametrize(
    "origin", [ORIGIN, "http://127.0.0.1:7117", "http://[::1]:7117", "http://localhost:8080", "http://10.0.0.7:7117"]
)
def test_a_browser_on_the_machine_comes_by_any_of_its_names(origin):
    staff = staffed()
    browser = Browser(staff, front=Front.of("10.0.0.7", tls=False, origins=[]), origin=origin)
    assert browser.take(invited(staff, "ben")).status_code == 200
    assert browser("PUT", "/v1/me/password", json={"old": PASSWORD, "new": "six words in a row now"}).status_code == 200


@pytest.mark.promise("SIGNIN-17")
def test_with_tls_the_certificate_says_which_name_it_is():
    staff = staffed()
    front = Front.of("0.0.0.0", tls=True, origins=[])
    browser = Browser(staff, front=front, origin="https://alpha.example:7117")
    assert browser.take(invited(staff, "ben")).status_code == 200
    assert browser("DELETE", "/v1/session", headers={"Origin": "http://alpha.example:7117"}).status_code == 403
    assert browser("DELETE", "/v1/session").status_code == 200


@pytest.mark.promise("SIGNIN-17")
def test_who_names_where_the_console_is_reached_is_reached_there_alone():
    staff = staffed()
    front = Front.of("0.0.0.0", tls=True, origins=["https://alpha.example"])
    for origin, status in [
        ("https://alpha.example", 200),
        ("https://other.example", 421),
        ("https://localhost:7117", 200),
    ]:
        assert Browser(staff, front=front, origin=origin)("GET", "/").status_code == status, origin


# --- the files of the console ---

SCRIPT = b"export const kestrel = 1;\n" * 50


@pytest.fixture
def built(tmp_path):
    """A console as it is built."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_bytes(b"<!doctype html><title>Keepclear</title>")
    (tmp_path / "icon.svg").write_bytes(b"<svg/>")
    (tmp_path / "assets" / "main-4f2a.js").write_bytes(SCRIPT)
    (tmp_path / "assets" / "main-4f2a.js.gz").write_bytes(gzip.compress(SCRIPT))
    (tmp_path / "assets" / "main-4f2a.js.br").write_bytes(b"as brotli")
    (tmp_path / "assets" / "noto.woff2").write_bytes(b"wOF2")
    return Browser(staffed(), console=ConsoleFiles(read_files(tmp_path)))


@pytest.mark.promise("SIGNIN-18")
def test_the_console_is_served_to_everybody_and_framed_by_nobody(built):
    answer = built("GET", "/")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    headers = answer.headers
    assert headers["content-security-policy"] == POLICY
    assert "frame-ancestors 'none'" in POLICY
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == headers["cross-origin-resource-policy"] == "same-origin"
    assert "unsafe" not in POLICY
    assert "trusted-types default svelte-trusted-html" in POLICY
    assert "http" not in POLICY
    for name in ("access-control-allow-origin", "server", "keepclear-exercise", "set-cookie"):
        assert name not in headers


@pytest.mark.promise("SIGNIN-18")
def test_a_page_by_any_other_name_is_the_console_and_anything_else_is_not_there(built):
    page = {"Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"}
    for path in ("/watch", "/index.html", "/favicon", "/v2"):
        assert built("GET", path, headers=page).text.endswith("<title>Keepclear</title>"), path
    for path in ("/v1/zones", "/v1", "/v1/nothing", "/assets/", "/assets/none.js"):
        assert built("GET", path, headers=page).status_code == 401, path
    assert built("GET", "/watch").status_code == 401
    assert built("POST", "/", headers=page).status_code == 401
    signed = signed_in(staffed(), "ben")
    assert signed("GET", "/nothing").status_code == 404


@pytest.mark.promise("SIGNIN-18")
@pytest.mark.parametrize(
    "path",
    ["/assets/../index.html", "/assets/../../api/app.py", "/assets/..%2f..%2fapi%2fapp.py", "/../etc/passwd", "/..%2f..%2fetc/passwd",
     "/assets/%2e%2e/%2e%2e/__init__.py", "//etc/passwd", "/assets\\..\\..\\x", "/assets/main-4f2a.js/", "/assets", "/assets/.",
     "/assets//main-4f2a.js", "/assets/main-4f2a.js\x00", "/.", "/assets/main-4f2a.js.map"],
)  # fmt: skip
def test_no_path_reaches_the_disk_and_nothing_is_listed(built, path):
    """As a server hands the path over: with what was percent-encoded in it decoded."""
    from urllib.parse import unquote

    sent = []

    async def ask(asked: str):
        async def receive():
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message):
            sent.append(message)

        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http", "path": asked,
            "raw_path": path.encode(), "query_string": b"", "root_path": "", "server": ("localhost", 7117), "client": ("127.0.0.1", 1),
            "headers": [(b"host", b"localhost:7117"), (b"accept", b"*/*")],
        }  # fmt: skip
        await built.app(scope, receive, send)

    for asked in (path, unquote(path)):
        sent.clear()
        asyncio.run(ask(asked))
        assert sent[0]["status"] == 401, asked


@pytest.mark.promise("SIGNIN-19")
def test_what_is_named_by_its_content_is_kept_and_the_rest_is_asked_for_again(built):
    script, index, icon = (built("GET", path) for path in ("/assets/main-4f2a.js", "/", "/icon.svg"))
    assert script.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert index.headers["cache-control"] == icon.headers["cache-control"] == "no-cache"
    assert script.headers["content-type"] == "text/javascript; charset=utf-8"
    assert (icon.headers["content-type"], built("GET", "/assets/noto.woff2").headers["content-type"]) == (
        "image/svg+xml",
        "font/woff2",
    )
    for path in ("/", "/assets/main-4f2a.js"):
        tag = built("GET", path).headers["etag"]
        for known in (tag, f'"other", W/{tag}', "*"):
            again = built("GET", path, headers={"If-None-Match": known})
            assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        assert built("GET", path, headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.promise("SIGNIN-19")
@pytest.mark.parametrize(
    ("accepts", "coding"),
    [
        ("gzip, deflate, br", "br"),
        ("gzip", "gzip"),
        ("br;q=0, gzip;q=0.5", "gzip"),
        ("identity", None),
        ("", None),
        ("brotli", None),
    ],
)
def test_what_was_packed_beside_a_file_goes_to_who_takes_it(built, accepts, coding):
    answer = asyncio.run(raw(built, "GET", "/assets/main-4f2a.js", accepts))
    headers = dict(answer[0]["headers"])
    assert headers.get(b"content-encoding", b"").decode() == (coding or "")
    assert int(headers[b"content-length"]) == len(answer[1]["body"])
    assert headers[b"vary"] == b"accept-encoding"
    assert headers[b"content-type"].startswith(b"text/javascript")
    unpacked = {"br": {b"as brotli": SCRIPT}.get, "gzip": gzip.decompress, None: bytes}[coding]
    assert unpacked(answer[1]["body"]) == SCRIPT


async def raw(browser, method, path, accepts):
    """The messages of an answer, unpacked by nobody."""
    sent = []

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http", "path": path,
        "raw_path": path.encode(), "query_string": b"", "root_path": "", "server": ("localhost", 7117), "client": ("127.0.0.1", 1),
        "headers": [(b"host", b"localhost:7117"), (b"accept-encoding", accepts.encode())],
    }  # fmt: skip
    await browser.app(scope, receive, send)
    return sent


@pytest.mark.promise("SIGNIN-19")
def test_the_head_of_a_file_is_that_of_the_file_without_it(built):
    for path in ("/", "/assets/main-4f2a.js"):
        head, whole = built("HEAD", path), built("GET", path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers == whole.headers


def test_what_was_packed_is_no_file_of_its_own(built):
    assert built("GET", "/assets/main-4f2a.js.gz").status_code == 401


def test_a_node_without_a_console_says_how_to_build_it():
    answer = Browser(staffed(), console=ConsoleFiles({}))("GET", "/")
    assert answer.status_code == 200
    assert "npm run build" in answer.text
    assert "<script" not in answer.text
    assert "style" not in answer.text


def test_what_is_served_from_this_package_is_read_from_it():
    assert ConsoleFiles.of_package().asked_for("GET", "/", "") is not None

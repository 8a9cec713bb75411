"""What users, feeds and parties can write into every field is text in every room: it runs nothing, asks nobody, and breaks no page.

What another party writes into messages, statements and calls is in test_channel_hostile.py."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec
import pytest

pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
from playwright.sync_api import expect

from keepclear.agreements.agreement import Article
from keepclear.ground.signing import NoteKey
from keepclear.links.pairing import card_of
from tests.agreed import NAME, position, proposal, signature, version
from tests.browser.cast import KESTREL_PASS, CastNode, cast_nodes
from tests.browser.consoles import PHONE
from tests.couriers import Keys

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.browser.consoles import AtConsole

MARKUP = '<img src=x onerror="window.ran=1"><script>window.ran=1</script><svg onload="window.ran=1">'
BREAKS_OUT = "\"'><b onmouseover=window.ran=1>"
LINK = "javascript:window.ran=1"
STEERS = "\u202egnitirw\u202c\u2066\u200b\u200f"
MARKS = "z" + "\u0301\u0323" * 40
EVIL = f"{BREAKS_OUT}{MARKUP} {LINK} {{count, plural, one {{#}}}} {STEERS} {MARKS} {'W' * 300}"
LONG = EVIL + "ش" * 1_400


def now(minutes: float = 0) -> str:
    return (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat(timespec="seconds").replace("+00:00", "Z")


def plain(value: Any) -> Any:
    return json.loads(msgspec.json.encode(value))


@pytest.fixture(scope="module")
def hostile(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CastNode]:
    """Alpha's node, into whose doors everybody has written the worst they could, wherever it was taken."""
    with cast_nodes(tmp_path_factory.mktemp("hostile"), "alpha", names={"alpha": EVIL[:200]}) as (alpha,):
        _of_zones_and_feeds(alpha)
        _of_people(alpha)
        _of_dealings(alpha)
        yield alpha


def _of_zones_and_feeds(alpha: CastNode) -> None:
    properties = KESTREL_PASS["properties"] | {
        "name": EVIL[:200],
        "note": EVIL,
        "may_enter": ["Alpha", EVIL[:60]],
        MARKUP: LONG,
    }
    zone = {**KESTREL_PASS, "id": BREAKS_OUT, "properties": properties}
    zones = json.dumps({"type": "FeatureCollection", "features": [zone]}).encode()
    taken = alpha.asked("petra", "PUT", "/v1/zones", zones, headers={"Content-Type": "application/geo+json"})
    if taken.status_code != 200:  # an id like that is none
        zone["id"] = "kestrel-pass"
        zones = json.dumps({"type": "FeatureCollection", "features": [zone]}).encode()
        alpha.ask("petra", "PUT", "/v1/zones", zones, headers={"Content-Type": "application/geo+json"})
    alpha.ask(
        "petra", "PUT", "/v1/feeds/patrols", {"source": EVIL[:200], "grading": "B2", "silent_after_us": 1_000_000}
    )
    alpha.ask("petra", "PUT", "/v1/feeds/gone", {"source": MARKUP})
    alpha.ask("petra", "DELETE", f"/v1/feeds/gone?reason={quote(EVIL[:400])}")
    rows = [
        {"subject": subject, "seen_at": now(minutes), "lat": 33.5 + away, "lon": 38.6, "source": MARKUP[:60]}
        for subject in (MARKUP, f"{BREAKS_OUT}{LINK}", f"<b>{'W' * 80}")
        for minutes, away in ((-3, 0.4), (-2, 0.1), (-1, 0.01))
    ]
    rows += [
        {"subject": STEERS, "seen_at": now(-1), "lat": 33.5, "lon": 38.6},
        {"subject": "x", "seen_at": MARKUP, "lat": 33.5, "lon": 38.6},
        {"subject": "y", "seen_at": now(-1), "lat": EVIL, "lon": 38.6},
        {"subject": "z", "seen_at": now(-1), "lat": 33.5, "lon": 38.6, MARKUP: EVIL},
    ]
    said = alpha.ask("otto", "POST", "/v1/feeds/patrols/positions", rows)
    assert said["accepted"] >= 3, said


def _of_people(alpha: CastNode) -> None:
    alpha.ask("ada", "PUT", "/v1/parties/mallory", {"name": EVIL[:200]})
    alpha.ask(
        "ada",
        "PUT",
        "/v1/users/mallory",
        {"party": "mallory", "role": "viewer", "clearance": "open", "name": EVIL[:200]},
    )
    alpha.ask(
        "ada",
        "PUT",
        "/v1/users/otto",
        {"party": "alpha", "role": "watch_officer", "clearance": "severe", "name": EVIL[:200]},
    )
    alpha.ask(
        "ada", "PUT", "/v1/users/gone", {"party": "mallory", "role": "viewer", "clearance": "open", "name": MARKUP}
    )
    alpha.ask("ada", "DELETE", f"/v1/users/gone?reason={quote(EVIL[:400])}")
    first, *others = alpha.ask("otto", "GET", "/v1/alerts")["items"]
    for alert in (first, *others[:1]):
        alpha.ask("otto", "POST", f"/v1/alerts/{alert['id']}/acknowledge", {"note": LONG[:2_000]})
    alpha.ask("otto", "POST", f"/v1/alerts/{first['id']}/assign", {"to": "otto", "note": LONG[:2_000]})
    for alert in others[1:2]:
        alpha.ask("otto", "POST", f"/v1/alerts/{alert['id']}/clear", {"reason": LONG[:2_000]})


def _of_dealings(alpha: CastNode) -> None:
    bravo = Keys("bravo")
    signs = NoteKey("bravo.example/keepclear", bravo.signing.public)
    card = card_of(MARKUP[:60], signs, bravo.opening.public, bravo.own.certificate)
    alpha.ask("ada", "PUT", "/v1/peers/bravo/card", {"card": json.loads(card.text), "compared_with": EVIL[:200]})
    alpha.ask("ada", "PUT", "/v1/peers/bravo", {})
    first = version(title=EVIL[:200], articles=(Article("1", "en", EVIL), Article(BREAKS_OUT[:10], "ar", EVIL)))
    for one in (proposal(version=first), signature(version=first), position("bravo", EVIL[:60], "disputes")):
        alpha.asked("lena", "POST", f"/v1/agreements/{NAME}/facts", plain(one))
    focal = {
        "id": "desk", "called": EVIL[:200], "lines": [{"kind": "voice", "address": EVIL[:200]}], "languages": ["en"],
        "hours": [], "calendar": {"zone": "UTC"},
    }  # fmt: skip
    alpha.asked("lena", "PUT", "/v1/rosters/bravo", {"focal_points": [focal]})
    alpha.asked("otto", "POST", "/v1/stops", {"words": EVIL})


ROOMS = (
    "watch", "thread", "handover", "record", "record/accesses", "record/signed", "settings/own", "settings/people", "settings/feeds",
    "settings/feeds/patrols", "settings/links", "settings/agreements", "settings/rosters", "settings/node", "channel",
)  # fmt: skip


def opens_everything(who: AtConsole) -> None:
    """Every part of a page that is folded away."""
    who.page.evaluate("for (const one of document.querySelectorAll('main details')) one.open = true")
    for head in who.page.locator("main button.head[aria-expanded=false]").all()[:1]:
        head.press("Enter")


def is_text_and_nothing_else(who: AtConsole) -> None:
    """No script of theirs, no element, no way there; nothing that turns the writing stands anywhere as it is."""
    assert who.page.evaluate("window.ran") is None
    assert who.page.locator("main img, main script, main iframe, [onload], [onerror], [onmouseover]").count() == 0
    assert who.page.locator("a[href^='javascript' i]").count() == 0
    shown = who.page.locator("body").inner_text()
    assert not {"\u202e", "\u202c", "\u200b", "\u200f"} & set(shown), f"named nowhere: {shown[:200]!r}"
    labels = who.page.evaluate(
        "[...document.querySelectorAll('[aria-label], [title], option')].map(one => "
        "`${one.getAttribute('aria-label')} ${one.title} ${one.label}`).join() + document.title"
    )
    turned = {"\u202e", "\u200b"} & set(labels)
    assert not turned, labels
    who.has_nothing_beside_the_screen()


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize(("language", "screen"), [("en", None), ("ar", PHONE)], ids=["english", "arabic-phone"])
def test_what_anybody_wrote_is_text_in_every_room(consoles, hostile, room, language, screen):
    by = "ada" if room.startswith("settings") else "otto"
    who = consoles.opened(hostile, by=by, at=room, language=language, screen=screen)
    who.page.on("dialog", lambda dialog: who.faults.append(f"a dialog: {dialog.message}"))
    who.expected |= {403}
    who.page.locator("main h1, main h2").first.wait_for()
    expect(who.page.get_by_role("status").filter(has_text="…")).to_have_count(0)
    opens_everything(who)
    is_text_and_nothing_else(who)
    who.has_a_page_for_everybody()


@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_thread_of_a_subject_with_a_hostile_name_is_text(consoles, hostile, language):
    threads = hostile.ask("otto", "GET", "/v1/threads")["items"]
    assert any("<img" in thread["subject"] for thread in threads)
    for thread in threads[:3]:
        otto = consoles.opened(hostile, by="otto", at=f"thread/{thread['id']}", language=language, screen=PHONE)
        otto.page.locator("main h1, main h2").first.wait_for()
        expect(otto.page.get_by_role("status").filter(has_text="…")).to_have_count(0)
        is_text_and_nothing_else(otto)


def test_signs_that_nobody_sees_are_named_in_the_watch(consoles, hostile):
    otto = consoles.opened(hostile, by="otto", at="settings/feeds/patrols")
    otto.sees("U+202E")

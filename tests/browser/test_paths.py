"""Whole ways of people through the console, from the address that they are given to what they came for, by what the screen says alone."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
from playwright.sync_api import expect

from tests.browser.acts import FAR_FROM_IT, IN_THE_PASS, enters, head, item, steps_about, until, word
from tests.browser.cast import CastNode, cast_nodes, joined
from tests.browser.consoles import PHONE, ROOT
from tests.running import PATIENCE_S, Running

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.browser.consoles import AtConsole

ADDRESS = re.compile(r"http://\S+#/\S+")
ROOMS = (
    "watch",
    "channel",
    "channel/calls",
    "channel/measures",
    "channel/stop",
    "thread",
    "handover",
    "record",
    "settings",
)
SOME_TRACKS = "canvas.sheet[data-tracks]:not([data-tracks='0'])"
HALF = {"width": 640, "height": 400}


def alert_of(node: CastNode, subject: str) -> str:
    items = node.ask("otto", "GET", f"/v1/alerts?subject={subject}")["items"]
    return str(next(one["id"] for one in items if one["key"] == "entered"))


# --- a new user ---


class NewUser:
    """Whoever opens the address that the example prints, and has read nothing but the screen."""

    def __init__(self, consoles: Any, example: Running, language: str) -> None:
        self.language = language
        found = ADDRESS.search(example.line_with("#/invite/"))
        assert found is not None
        self.node = CastNode("alpha", ROOT, found[0].partition("/#")[0], {})
        self.who = consoles.opened(self.node, language=language)
        self.who.expects_the_node_to_go()
        self.began_s = time.monotonic()
        self.who.page.goto(found[0])

    def words(self, key: str) -> str:
        return word(self.language, key)

    def does(self, step: str) -> None:
        """The screen bears to be read, and the second is noted."""
        self.who.has_a_page_for_everybody()
        sys.stdout.write(f"{self.language}: {step} after {time.monotonic() - self.began_s:.0f} s\n")

    def acknowledges_the_entry(self) -> None:
        page = self.who.page
        entry = page.locator("article.now")
        news = page.locator("button.news.now")
        entry.or_(news).first.wait_for()
        if news.is_visible():
            news.click()
        self.does("the convoy has entered")
        entry.get_by_role("button", name=self.words("watch.act.acknowledge"), exact=True).click()
        expect(entry).to_contain_text(self.words("watch.in_hand"))

    def writes_the_warning(self) -> None:
        page = self.who.page
        entry = page.locator("article.now")
        if not entry.get_by_role("link", name=self.words("watch.warn")).is_visible():
            entry.locator("button[data-item]").click()
        entry.get_by_role("link", name=self.words("watch.warn")).click()
        expect(page.locator("[data-field=text] textarea")).to_have_value(re.compile("At-Tanf"))
        self.does("the draft is there")
        send = page.locator("main button.main").filter(has_text="Bravo")
        page.get_by_text(self.words("channel.check.nothing")).or_(page.locator(".last [data-finding]")).first.wait_for()
        for meant in page.locator(".last [data-finding] [aria-pressed=false]").all():
            meant.click()
        self.does("what was found is meant")
        send.click()

    def sees_the_receipts_climb(self) -> None:
        for act in ("received", "understood"):
            self.who.page.locator(f"[data-act={act}][data-known=evidenced]").wait_for()
            self.does(f"the warning is {act}")
        self.who.page.locator("article .answer q").wait_for()
        self.does("the warning is answered")


@contextmanager
def at_tanf(folder: Path) -> Iterator[Running]:
    """The example, ended as a person ends it: killed, it would leave its nodes behind."""
    with Running(folder, "example", "at-tanf", "--live") as example:
        try:
            yield example
        finally:
            example.process.terminate()
            example.process.wait(PATIENCE_S)


def test_a_new_user_with_the_example_warns_bravo_and_is_answered_by_what_the_screen_says(consoles, tmp_path):
    with at_tanf(tmp_path) as english, at_tanf(tmp_path) as arabic:
        both = [NewUser(consoles, english, "en"), NewUser(consoles, arabic, "ar")]
        for new in both:
            new.who.page.get_by_role("navigation", name=new.words("frame.rooms")).wait_for()
            new.does("in the watch")
        for new in both:
            item(new.who, "Convoy 1").first.wait_for()
            new.does("the convoy approaches")
        for new in both:
            new.acknowledges_the_entry()
        for new in both:
            new.writes_the_warning()
        for new in both:
            new.sees_the_receipts_climb()
            expect(new.who.page.locator(".broken p")).to_have_count(0)


# --- a first run ---


def tabs_to(who: AtConsole, name: str) -> None:
    """Presses Tab until what has this name, or begins with it, has the focus; what has it already is where it should be."""
    named = """() => { const on = document.activeElement
        return [on.getAttribute('aria-label'), on.labels?.[0]?.innerText, on.innerText].filter(Boolean).map((text) => text.trim()) }"""
    seen = []
    for _ in range(40):
        names = who.page.evaluate(named)
        if any(one.startswith(name) for one in names):
            return
        seen += names
        who.page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not come to {name!r}, but to {seen}")


def types(who: AtConsole, **fields: str) -> None:
    """Fills in fields by keyboard, each by its key among the words."""
    for key, text in fields.items():
        tabs_to(who, word("en", key.replace("__", ".")))
        who.page.keyboard.press("Control+A")
        who.page.keyboard.type(text)


def goes_on(who: AtConsole, key: str, *, to: str = "") -> None:
    """Presses what has this word; `to`: the step of the set-up that comes when the node has looked at this one."""
    who.has_a_page_for_everybody()
    tabs_to(who, word("en", key))
    who.page.keyboard.press("Enter")
    if to:
        who.page.locator("[aria-current=step]").filter(has_text=word("en", f"setup.step.{to}")).wait_for()


def test_a_first_run_by_keyboard_alone_makes_a_node_where_an_officer_sees_an_alert(consoles, tmp_path):
    with Running(tmp_path, "serve", "new") as serving:
        found = ADDRESS.search(serving.line_with("#/setup/", "stderr"))
        assert found is not None
        node = CastNode("alpha", tmp_path / "new", found[0].partition("/#")[0], {})
        ada = consoles.opened(node, permissions=["clipboard-read", "clipboard-write"])
        ada.expected |= {503}
        ada.expects_the_node_to_go()  # from the page that makes it to the node itself
        ada.page.goto(found[0])
        ada.sees(word("en", "setup.begin"))
        goes_on(ada, "setup.own", to="party")
        types(ada, setup__party__name="Alpha")
        goes_on(ada, "setup.next", to="you")
        types(ada, sign_in__user="ada", sign_in__new_password="four words of ada", sign_in__again="four words of ada")
        goes_on(ada, "setup.next", to="people")
        ada.sees(word("en", "setup.people.what"))
        goes_on(ada, "setup.next", to="zone")
        types(ada, setup__zone__name="Kestrel Pass", setup__zone__lat="33.5", setup__zone__lon="38.6")
        goes_on(ada, "setup.next", to="feed")
        types(ada, settings__feeds__source="Harbour patrol")
        goes_on(ada, "setup.make")
        ada.sees(word("en", "setup.open"))
        ada.has_a_page_for_everybody()
        tabs_to(ada, word("en", "setup.copy").replace("{user}", "officer"))
        ada.page.keyboard.press("Enter")
        until(lambda: "#/invite/" in ada.page.evaluate("navigator.clipboard.readText()"))
        invitation = ada.page.evaluate("navigator.clipboard.readText()")
        goes_on(ada, "setup.open")
        ada.sees(word("en", "watch.title"))

        officer = consoles.opened(node)
        officer.expects_the_node_to_go()
        officer.page.goto(invitation)
        types(officer, sign_in__new_password="four words of hers", sign_in__again="four words of hers")
        goes_on(officer, "sign_in.take")
        officer.sees(word("en", "watch.unheard.title"))
        officer.has_a_page_for_everybody()
        now = datetime.now(UTC)
        rows = [
            {"subject": "Convoy 1", "seen_at": (now - timedelta(minutes=minutes)).isoformat(), "lat": lat, "lon": lon}
            for minutes, (lat, lon) in ((20, FAR_FROM_IT), (1, IN_THE_PASS))
        ]
        asks = """rows => fetch('/v1/feeds/harbour-patrol/positions', { method: 'POST', body: JSON.stringify(rows),
            headers: { 'Content-Type': 'application/json', 'Keepclear-Console': '1' } }).then((answer) => answer.status)"""
        assert officer.page.evaluate(asks, rows) == 200
        expect(item(officer, "Convoy 1").first).to_contain_text("Kestrel Pass")
        officer.has_a_page_for_everybody()


# --- two at one alert ---


@pytest.fixture(scope="module")
def otto_and_oscar(alpha: CastNode) -> CastNode:
    """Alpha's node, with two officers on watch."""
    alpha.admits("oscar", "watch_officer")
    return alpha


def test_two_officers_at_one_alert_see_each_other_and_nothing_is_done_twice(consoles, otto_and_oscar):
    alpha = otto_and_oscar
    enters(alpha, "Lorry 1")
    otto, oscar = consoles.opened(alpha, by="otto"), consoles.opened(alpha, by="oscar")
    for who in (otto, oscar):
        head(who, "Lorry 1").first.click()
        who.expected |= {409}
    item(otto, "Lorry 1").get_by_role("button", name="Acknowledge", exact=True).click()
    expect(item(oscar, "Lorry 1")).to_contain_text("otto has acknowledged it")
    for who in (otto, oscar):
        item(who, "Lorry 1").get_by_role("button", name="Clear with a reason…").click()
        item(who, "Lorry 1").locator("textarea").fill(f"Seen by {who.page.title()} and gone")
    # Both at once, as far as two people can be.
    for who in (otto, oscar):
        item(who, "Lorry 1").locator("form button[type=submit]").evaluate("button => setTimeout(() => button.click())")
    steps = until(lambda: [step for step in steps_about(alpha, "Lorry 1") if step["state"] == "cleared"])
    (first,) = steps
    slower = oscar if first["by"] == "otto" else otto
    slower.sees("Somebody was quicker")
    expect(item(slower, "Lorry 1").locator("textarea")).to_have_value(re.compile("and gone"))
    slower.has_a_page_for_everybody()
    for who in (otto, oscar):
        own = (who is otto) == (first["by"] == "otto")
        expect(item(who, "Lorry 1").first).to_contain_text(
            "You have cleared it" if own else f"{first['by']} has cleared it"
        )
    assert len([step for step in steps_about(alpha, "Lorry 1") if step["state"] == "cleared"]) == 1


# --- offline and back ---


@pytest.fixture(scope="module")
def talking(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[CastNode, CastNode]]:
    """Alpha, whose node calls Bravo's."""
    with cast_nodes(tmp_path_factory.mktemp("talking"), "alpha", "bravo", answering="bravo") as (alpha, bravo):
        joined(alpha, bravo)
        alpha.agrees_on_kestrel_pass()
        yield alpha, bravo


def shows_each_once(who: AtConsole, *subjects: str) -> None:
    for subject in subjects:
        expect(head(who, subject).first).to_be_visible()
    ids = who.page.locator("button[data-item]").evaluate_all("heads => heads.map((head) => head.dataset.item)")
    assert len(ids) == len(set(ids))


def test_what_came_while_the_network_was_away_is_there_once_and_nothing_that_was_written_is_lost(consoles, talking):
    alpha, _ = talking
    enters(alpha, "Truck 0")
    otto = consoles.opened(alpha, by="otto")
    head(otto, "Truck 0").first.wait_for()
    otto.sees("Live")
    otto.page.locator(SOME_TRACKS).wait_for()
    otto.page.evaluate("window.isTheSamePage = true")
    otto.page.get_by_role("link", name="Channel", exact=True).click()
    otto.sees("Bravo")
    otto.page.get_by_role("link", name="Watch", exact=True).click()
    head(otto, "Truck 0").first.wait_for()
    otto.loses_the_network()
    otto.sees("This computer has no network.")
    otto.sees(re.compile("What you see is old"))
    assert otto.page.locator(".watch.stale").count() == 1
    otto.has_a_page_for_everybody()
    otto.page.get_by_role("link", name="Channel", exact=True).click()
    otto.presses(re.compile("Bravo"))
    otto.presses(word("en", "channel.write"))
    otto.page.locator("[data-field=text] textarea").fill("We see three lorries.")
    otto.sees(re.compile("The check is not to be had now"))
    expect(otto.page.locator(".last button.main")).to_be_disabled()
    otto.sees(word("en", "channel.send.no_network"))
    otto.has_a_page_for_everybody()

    enters(alpha, "Truck 1", "Truck 2", "Truck 3")
    gone = until(lambda: alert_of(alpha, "Truck 0"))
    alpha.ask("lena", "POST", f"/v1/alerts/{gone}/acknowledge", {"note": ""})
    alpha.ask("otto", "POST", f"/v1/alerts/{gone}/clear", {"reason": "It has turned back"})
    # The map is opened without a network, and gets its land all the same: from what the browser kept, or behind the break.
    with otto.context.expect_event("requestfinished", lambda request: "/v1/basemap/land" in request.url):
        otto.page.get_by_role("link", name="Watch", exact=True).click()
        otto.page.locator(".maplibregl-canvas").wait_for()
        # Where everybody was is there, as old as it is.
        otto.page.locator(SOME_TRACKS).wait_for()
        otto.has_the_network_again()
    otto.sees_no(re.compile("What you see is old"))
    shows_each_once(otto, "Truck 1", "Truck 2", "Truck 3")
    expect(item(otto, "Truck 0").filter(has_not_text="Done")).to_have_count(0)
    otto.page.get_by_role("link", name="Channel", exact=True).click()
    otto.presses(re.compile("Bravo"))
    otto.presses(word("en", "channel.write"))
    expect(otto.page.locator("[data-field=text] textarea")).to_have_value("We see three lorries.")
    assert otto.page.evaluate("window.isTheSamePage")


def test_a_node_that_was_killed_and_a_session_that_was_ended_are_said_and_the_room_is_the_same_afterwards(
    consoles, talking
):
    alpha, _ = talking
    otto = consoles.opened(alpha, by="otto", at="handover")
    otto.sees("Live")
    otto.page.evaluate("window.isTheSamePage = true")
    otto.expects_the_node_to_go()
    alpha.is_killed()
    otto.sees("Nothing comes from the node.")
    otto.has_a_page_for_everybody()
    alpha.starts_again()
    enters(alpha, "Truck 4")
    otto.sees_no("Nothing comes from the node.")
    otto.page.get_by_role("link", name="Watch", exact=True).click()
    shows_each_once(otto, "Truck 4")

    otto.page.get_by_role("link", name="Settings", exact=True).click()
    otto.page.locator("main [aria-current=page]").wait_for()
    for session in alpha.ask("admin", "GET", "/v1/sessions")["items"]:
        if session["user"] == "otto":
            alpha.ask("admin", "DELETE", f"/v1/sessions/{session['id']}")
    otto.sees(word("en", "sign_in.ended"))
    otto.has_a_page_for_everybody()
    otto.signs_in("otto")
    otto.page.locator("main [aria-current=page]").wait_for()
    assert "/#/settings" in otto.page.url
    otto.sees("Live")
    assert otto.page.evaluate("window.isTheSamePage")


# --- small screens ---

WARNING = {
    "to": "alpha", "marker": "warning", "urgency": "soon", "text": "Vehicles at 33.6700N 38.9580E.", "valid_for": "6 h", "reply_within": "2 h",
    "facts": [{"is": "place", "name": "seen", "text": "33.6700 38.9580"}, {"is": "count", "name": "vehicles", "text": "20-27"}],
}  # fmt: skip


def test_on_a_phone_an_officer_acknowledges_reads_back_and_files_an_urgent_stop(consoles, talking):
    alpha, bravo = talking
    enters(alpha, "Boat 1")
    sent = bravo.ask("boris", "POST", "/v1/messages", WARNING)["message"]
    until(lambda: alpha.asked("otto", "GET", f"/v1/messages/{sent}").status_code == 200)
    otto = consoles.opened(alpha, by="otto", screen=PHONE, has_touch=True, is_mobile=True)
    item(otto, "Boat 1").get_by_role("button", name="Acknowledge", exact=True).tap()
    expect(item(otto, "Boat 1")).to_contain_text("In hand")
    fits(otto)

    otto.page.get_by_role("link", name="Channel", exact=True).tap()
    otto.page.get_by_role("link", name=re.compile("Bravo")).tap()
    fits(otto)
    otto.page.get_by_role("button", name=word("en", "channel.read_back")).first.tap()
    dialog = otto.page.get_by_role("dialog")
    fits(otto)
    dialog.locator("fieldset").nth(0).locator("input").first.fill("33.6700 38.9580")
    dialog.locator("fieldset").nth(1).locator("input").first.fill("20-27")
    dialog.locator("button[type=submit]").tap()
    dialog.wait_for(state="detached")
    until(lambda: [one for one in bravo.ask("boris", "GET", f"/v1/messages/{sent}")["statements"] if one["act"] == "understood"])  # fmt: skip
    fits(otto)

    otto.page.get_by_role("link", name="Urgent stop").first.tap()
    otto.page.locator("main textarea").first.fill("They are shelling the clinic at Kestrel Post")
    fits(otto)
    otto.page.get_by_role("button", name=word("en", "channel.stop.file")).tap()
    otto.sees(word("en", "channel.stop.open"))
    fits(otto)


def fits(who: AtConsole) -> None:
    who.has_nothing_beside_the_screen()
    who.has_a_page_for_everybody()


@pytest.mark.parametrize(("language", "theme"), [("en", "light"), ("ar", "dark"), ("ru", "night")])
def test_at_twice_the_size_every_room_is_read_without_scrolling_sideways(consoles, alpha, language, theme):
    enters(alpha, "Ship 2")
    otto = consoles.opened(alpha, by="otto", language=language, theme=theme, screen=HALF, device_scale_factor=2)
    for room in ROOMS:
        otto.goes_to(room)
        otto.page.locator("nav a[aria-current=page]").first.wait_for()
        otto.page.locator("main").get_by_role("status").filter(has_text="…").first.wait_for(state="detached")
        fits(otto)


# --- many ---


def test_among_5000_tracks_one_is_found_by_its_name_and_the_queue_still_answers(consoles, alpha):
    now = datetime.now(UTC)
    seen_at = (now - timedelta(seconds=30)).isoformat()
    rows = [
        f"{'Heron' if number == 4321 else 'Track'} {number},{seen_at},{30 + number % 70 / 10},{36 + number // 70 / 10}"
        for number in range(5_000)
    ]
    content = "\n".join(["subject,seen_at,lat,lon", *rows]).encode()
    alpha.ask("otto", "POST", "/v1/feeds/patrols/positions", content, headers={"Content-Type": "text/csv"})
    enters(alpha, "Ship 1")
    otto = consoles.opened(alpha, by="otto")
    otto.presses("Tracks")
    otto.page.locator("table[data-tracks]").wait_for()
    otto.page.locator(".table input[type=search]").fill("heron")
    otto.page.locator("[data-subject='Heron 4321'] button").click()
    expect(otto.page.get_by_role("heading", name="Heron 4321")).to_be_visible()
    otto.has_a_page_for_everybody()
    item(otto, "Ship 1").get_by_role("button", name="Acknowledge", exact=True).click()
    expect(item(otto, "Ship 1")).to_contain_text("In hand")

"""The watch before people: what comes is seen, taken, given to somebody and cleared; by mouse, by keys, by two at once, over a break."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
from playwright.sync_api import expect

from tests.browser.acts import FAR_FROM_IT, IN_THE_PASS, enters, head, item, steps_about
from tests.browser.cast import cast_nodes, joined
from tests.browser.consoles import PHONE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

    from tests.browser.cast import CastNode


# What a person presses, as it is called in their language.
ACKNOWLEDGE = {"en": "Acknowledge", "ar": "أقِرّ بالاطلاع"}
ASSIGN = {"en": "Assign…", "ar": "أسنِد…"}
I_DO = {"en": "I do", "ar": "أنا"}
CLEAR = {"en": "Clear with a reason…", "ar": "أغلِق مع ذكر السبب…"}
DO_ASSIGN, DO_CLEAR = {"en": "Assign", "ar": "أسنِد"}, {"en": "Clear", "ar": "أغلِق"}
IN_HAND = {"en": "In hand", "ar": "قيد المتابعة"}
NO_REASON = {"en": "An alert is cleared with a reason", "ar": "لا يُغلق تنبيه إلا بسبب"}
ENTERED = {"en": "{} entered Kestrel Pass", "ar": "دخل {} إلى Kestrel Pass"}
YOU_CLEARED = {"en": "You have cleared it", "ar": "أغلقتَه"}


def text_of(language: str, subject: str) -> re.Pattern[str]:
    """The sentence, whatever isolates the names in it."""
    return re.compile(ENTERED[language].format(re.escape(subject)))


def test_otto_chooses_who_takes_an_alert_among_those_who_may(consoles, alpha):
    otto = consoles.opened(alpha, by="otto")
    enters(alpha, "Patrol to lena")
    head(otto, "Patrol to lena").click()
    item(otto, "Patrol to lena").get_by_role("button", name=ASSIGN["en"]).click()
    takers = item(otto, "Patrol to lena").get_by_role("combobox", name="Who looks after it")
    expect(takers.locator("option")).to_have_text(
        ["Choose somebody", "lena · Liaison", "otto · Watch officer"], ignore_case=True
    )
    takers.select_option("lena")
    item(otto, "Patrol to lena").get_by_role("button", name="Assign", exact=True).click()
    expect(item(otto, "Patrol to lena")).to_contain_text("lena")


@pytest.mark.parametrize("language", ["en", "ar"])
def test_otto_sees_who_entered_acknowledges_it_and_clears_it_with_a_reason(consoles, alpha, language):
    subject = f"Patrol {language}"
    otto = consoles.opened(alpha, by="otto", language=language)
    enters(alpha, subject)
    expect(item(otto, subject)).to_contain_text(text_of(language, subject))
    item(otto, subject).get_by_role("button", name=ACKNOWLEDGE[language], exact=True).click()
    expect(item(otto, subject)).to_contain_text(IN_HAND[language])

    head(otto, subject).click()
    item(otto, subject).get_by_role("button", name=ASSIGN[language]).click()
    item(otto, subject).get_by_role("button", name=I_DO[language], exact=True).click()
    item(otto, subject).get_by_role("button", name=DO_ASSIGN[language], exact=True).click()
    expect(item(otto, subject).get_by_role("listitem").filter(has_text="UTC").nth(1)).to_be_visible()

    item(otto, subject).get_by_role("button", name=CLEAR[language]).click()
    item(otto, subject).get_by_role("button", name=DO_CLEAR[language], exact=True).click()
    expect(item(otto, subject)).to_contain_text(NO_REASON[language])
    item(otto, subject).locator("textarea").fill("It turned back at the river")
    item(otto, subject).get_by_role("button", name=DO_CLEAR[language], exact=True).click()
    expect(item(otto, subject)).to_contain_text(YOU_CLEARED[language])
    expect(item(otto, subject)).to_contain_text("It turned back at the river")
    assert any(one["words"] == "It turned back at the river" for one in steps_about(alpha, subject))


def test_what_one_takes_the_other_sees_at_once_and_being_late_loses_nothing(consoles, alpha):
    otto, lena = consoles.opened(alpha, by="otto"), consoles.opened(alpha, by="lena")
    lena.expected |= {409}
    enters(alpha, "Lorry 4")
    head(lena, "Lorry 4").click()
    item(lena, "Lorry 4").get_by_role("button", name="Acknowledge with a note…").click()
    item(lena, "Lorry 4").get_by_role("textbox").fill("I know this lorry")
    item(otto, "Lorry 4").get_by_role("button", name="Acknowledge", exact=True).click()
    expect(item(lena, "Lorry 4")).to_contain_text("otto has acknowledged it")
    lena.page.keyboard.press("Enter")
    expect(item(lena, "Lorry 4")).to_contain_text("Somebody was quicker")
    expect(item(lena, "Lorry 4").get_by_role("textbox")).to_have_value("I know this lorry")
    assert [step["by"] for step in steps_about(alpha, "Lorry 4")] == ["otto"]


def test_what_another_clears_stays_until_the_reader_puts_it_away(consoles, alpha):
    lena = consoles.opened(alpha, by="lena")
    enters(alpha, "Lorry 5")
    expect(item(lena, "Lorry 5")).to_be_visible()
    alert = alpha.ask("otto", "GET", "/v1/alerts?subject=Lorry 5")["items"][0]["id"]
    alpha.ask("otto", "POST", f"/v1/alerts/{alert}/clear", {"reason": "It was a training run"})
    expect(item(lena, "Lorry 5")).to_contain_text("otto has cleared it")
    expect(item(lena, "Lorry 5")).to_contain_text("It was a training run")
    lena.presses("Put away")
    expect(item(lena, "Lorry 5")).to_have_count(0)


def test_an_alert_that_is_raised_again_says_how_often(consoles, alpha):
    otto = consoles.opened(alpha, by="otto")
    now = datetime.now(UTC)
    for minutes, (lat, lon) in ((90, FAR_FROM_IT), (60, IN_THE_PASS), (40, FAR_FROM_IT), (5, IN_THE_PASS)):
        alpha.hears("Rover 9", lat, lon, seen_at=(now - timedelta(minutes=minutes)).isoformat())
    expect(item(otto, "Rover 9").filter(has_text="entered")).to_contain_text("said once more")


def test_over_a_break_nothing_is_missed_and_nothing_is_there_twice(consoles, alpha):
    otto = consoles.opened(alpha, by="otto")
    otto.sees("Live")
    otto.loses_the_network()
    otto.sees("What you see is old.")
    enters(alpha, "Truck 1")
    enters(alpha, "Truck 2")
    otto.has_the_network_again()
    expect(item(otto, "Truck 1")).to_have_count(1)
    expect(item(otto, "Truck 2")).to_have_count(1)
    otto.sees_no("What you see is old.")
    # What the map could not fetch meanwhile it says in the console of the browser.
    otto.faults[:] = [fault for fault in otto.faults if "maplibre" not in fault]


def test_what_the_pointer_is_on_does_not_move_when_something_new_comes(consoles, alpha):
    enters(alpha, "Boat 1")
    otto = consoles.opened(alpha, by="otto")
    first = otto.page.get_by_role("article").first.locator("strong")
    first.hover()
    before = first.text_content()
    enters(alpha, "Boat 2")
    otto.sees(re.compile("1 new"))
    expect(first).to_have_text(before or "")
    expect(item(otto, "Boat 2")).to_have_count(0)
    otto.page.get_by_role("button", name=re.compile("1 new")).click()
    expect(head(otto, "Boat 2")).to_be_focused()


def test_the_watch_is_kept_by_keys_alone(consoles, alpha):
    enters(alpha, "Ship 1")
    otto = consoles.opened(alpha, by="otto")
    expect(item(otto, "Ship 1")).to_be_visible()
    keys = otto.page.keyboard
    for _ in range(60):
        keys.press("n")
        if head(otto, "Ship 1").get_attribute("aria-expanded") == "true":
            break
    expect(head(otto, "Ship 1")).to_be_focused()
    keys.press("a")
    expect(item(otto, "Ship 1")).to_contain_text("In hand")
    keys.press("c")
    expect(item(otto, "Ship 1").locator("textarea")).to_be_focused()
    keys.type("Settled by voice")
    keys.press("Escape")
    expect(item(otto, "Ship 1").locator("textarea")).to_have_count(0)
    expect(head(otto, "Ship 1")).to_be_focused()
    keys.press("?")
    expect(otto.page.get_by_role("dialog")).to_contain_text("To the next that nobody has seen")
    keys.press("Escape")
    expect(otto.page.get_by_role("dialog")).to_have_count(0)
    keys.press("ArrowUp")
    expect(otto.page.locator("button[data-item]:focus")).to_have_count(1)


def test_the_tab_says_how_many_and_how_urgent_and_sound_asks_for_a_click(consoles, alpha):
    enters(alpha, "Ship 2")
    otto = consoles.opened(alpha, by="otto")
    expect(otto.page).to_have_title(re.compile(r"^\(\d+\) Now · Watch"))
    expect(otto.page.locator("link[rel=icon]")).to_have_attribute("href", re.compile("^data:image/svg"))
    otto.page.get_by_role("button", name=re.compile("^Sound")).click()
    otto.presses("15 min")
    otto.sees(re.compile("Muted until"))
    otto.page.get_by_role("button", name=re.compile("Muted until")).click()
    otto.presses("Sound again now")
    otto.sees_no(re.compile("Muted until"))


@pytest.mark.parametrize(("language", "theme"), [("en", "light"), ("ar", "dark"), ("ru", "night")])
def test_everybody_can_use_the_watch(consoles, alpha, language, theme):
    enters(alpha, "Ship 3")
    otto = consoles.opened(alpha, by="otto", language=language, theme=theme)
    head(otto, "Ship 3").first.click()
    otto.has_a_page_for_everybody()


@pytest.mark.parametrize("language", ["en", "ar", "ru"])
def test_on_a_phone_the_queue_comes_first_and_fits(consoles, alpha, language):
    enters(alpha, "Ship 4")
    otto = consoles.opened(alpha, by="otto", language=language, screen=PHONE)
    head(otto, "Ship 4").first.click()
    otto.has_nothing_beside_the_screen()
    otto.has_a_page_for_everybody()


def test_an_empty_queue_is_calm_only_when_everything_is_heard(consoles, tmp_path):
    with cast_nodes(tmp_path, "alpha") as (node,):
        node.agrees_on_kestrel_pass()
        otto = consoles.opened(node, by="otto")
        unheard = otto.page.get_by_role("region", name="Not heard")
        expect(unheard).to_contain_text("patrols")
        expect(unheard).to_contain_text("never heard")
        expect(unheard).to_contain_text("no sign that nobody is there")
        otto.sees_no("Nothing needs you now")
        otto.has_a_page_for_everybody()
        node.hears("Far 1", *FAR_FROM_IT, seen_at=datetime.now(UTC).isoformat())
        otto.sees("Nothing needs you now")
        expect(unheard).to_have_count(0)
        otto.expects_the_node_to_go()


def test_back_closes_what_was_opened_forward_opens_it_again_and_a_reload_keeps_it(consoles, alpha):
    enters(alpha, "Ship 6")
    enters(alpha, "Ship 7")
    otto = consoles.opened(alpha, by="otto", at="watch")
    opened = head(otto, "Ship 6").first
    opened.click()
    expect(opened).to_have_attribute("aria-expanded", "true")
    otto.page.go_back()
    expect(opened).to_have_attribute("aria-expanded", "false")
    otto.sees("What needs you now")
    otto.page.go_forward()
    expect(opened).to_have_attribute("aria-expanded", "true")
    otto.page.reload()
    expect(opened).to_have_attribute("aria-expanded", "true")
    otto.page.keyboard.press("n")
    expect(opened).to_have_attribute("aria-expanded", "false")
    otto.page.go_back()
    expect(opened).to_have_attribute("aria-expanded", "true")


@pytest.mark.parametrize("way", ["address", "back"])
def test_what_is_picked_on_the_map_is_shown_whichever_way_an_alert_was_opened_before(consoles, alpha, way):
    enters(alpha, "Ship 8")
    alpha.hears("Far 2", *FAR_FROM_IT, seen_at=datetime.now(UTC).isoformat())
    alert = alpha.ask("otto", "GET", "/v1/alerts?subject=Ship%208")["items"][0]["id"]
    otto = consoles.opened(alpha, by="otto", at=f"watch/alert/{alert}")
    opened = head(otto, "Ship 8").first
    expect(opened).to_have_attribute("aria-expanded", "true")
    if way == "back":
        opened.click()
        expect(opened).to_have_attribute("aria-expanded", "false")
        otto.page.go_back()
        expect(opened).to_have_attribute("aria-expanded", "true")
    otto.presses("Tracks")
    otto.page.get_by_role("searchbox", name="Search in names, subjects and parties").fill("Far 2")
    otto.page.get_by_role("button", name="Far 2", exact=True).click()
    expect(otto.page).to_have_url(re.compile("#/watch/track/"))
    expect(otto.page.locator(".panel")).to_contain_text("Far 2")


def test_what_is_acknowledged_says_so_where_it_stands_and_so_does_its_heading(consoles, alpha):
    enters(alpha, "Boat 3", "Boat 4")
    otto = consoles.opened(alpha, by="otto")
    item(otto, "Boat 3").first.hover()
    item(otto, "Boat 3").get_by_role("button", name="Acknowledge", exact=True).first.click()
    expect(head(otto, "Boat 3").first).to_contain_text("In hand")
    heading = otto.page.locator("#queue-open")
    expect(heading).to_contain_text(re.compile("Not seen by anybody: [0-9]+ of|Somebody has seen these"))
    otto.page.mouse.move(1000, 500)
    otto.page.evaluate("document.activeElement.blur()")
    expect(heading).to_contain_text("Nobody has seen these")
    expect(otto.page.get_by_role("region", name="In hand")).to_contain_text("Boat 3")


def test_a_track_with_two_alerts_and_a_number_says_each_once(consoles, alpha):
    now = datetime.now(UTC)
    for minutes, (lat, lon) in ((90, FAR_FROM_IT), (60, IN_THE_PASS), (40, FAR_FROM_IT), (5, IN_THE_PASS)):
        seen_at = (now - timedelta(minutes=minutes)).isoformat()
        row = f"subject,seen_at,lat,lon,count\nConvoy 5,{seen_at},{lat},{lon},12-15\n".encode()
        alpha.ask("otto", "POST", "/v1/feeds/patrols/positions", row, headers={"Content-Type": "text/csv"})
    otto = consoles.opened(alpha, by="otto")
    head(otto, "Convoy 5").first.click()
    panel = otto.page.locator(".panel")
    expect(panel.get_by_text(re.compile(r"^(\d+ alerts|Alert)$"))).to_have_count(1)
    expect(panel.get_by_text(re.compile("^12.15"))).to_have_count(1)
    expect(panel.get_by_text("12-15")).to_have_count(0)


@pytest.mark.parametrize(
    ("language", "down", "full"),
    [
        ("en", "Bravo cannot be reached", "The disk of the node is nearly full"),
        ("ar", "لا يمكن الوصول إلى Bravo", "قرص العقدة يكاد يمتلئ"),
        ("ru", "Нет связи с Bravo", "Диск узла почти полон"),
    ],
)
def test_what_is_not_well_is_said_above_every_room_in_the_words_of_the_reader(consoles, ailing, language, down, full):
    otto = consoles.opened(ailing, by="otto", at="channel", language=language)
    above = otto.page.locator(".broken")
    for words in (down, full):
        expect(above).to_contain_text(words)
    expect(above).not_to_contain_text("is not reached")
    expect(above.locator("[lang=en]")).to_have_count(0)
    otto.has_a_page_for_everybody()


@pytest.fixture(scope="module")
def ailing(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CastNode]:
    """Alpha's node, whose disk is nearly full, and whose peer Bravo has gone."""
    with cast_nodes(tmp_path_factory.mktemp("ailing"), "alpha", "bravo", answering="bravo") as (node, bravo):
        joined(node, bravo)
        node.is_killed()
        bravo.is_killed()
        toml = node.folder / "node.toml"
        toml.write_text(toml.read_text() + "\n[limits]\ndisk_free_bytes_min = 1_000_000_000_000_000\n")
        node.starts_again()
        yield node

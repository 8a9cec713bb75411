"""The channel before people: a warning that is written, looked at, sent and understood; a wrong digit; a line that breaks; an urgent stop."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
from playwright.sync_api import expect

from tests.browser.acts import loses_answers_to, until
from tests.browser.cast import CastNode, cast_nodes, joined
from tests.browser.consoles import PHONE

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.browser.consoles import AtConsole

PLACE = "33.6700 38.9580"
WARNING = {
    "to": "bravo", "marker": "warning", "urgency": "soon", "text": "Vehicles at 33.6700N 38.9580E.", "valid_for": "6 h", "reply_within": "2 h",
    "facts": [{"is": "place", "name": "seen", "text": PLACE}, {"is": "count", "name": "vehicles", "text": "20-27"}],
    "translations": [{"language": "ar", "text": "مركبات عند 33.6700N 38.9580E.", "by": "Lena", "reviewed_by": "Petra"}],
}  # fmt: skip


@pytest.fixture(scope="module")
def both(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[CastNode, CastNode]]:
    """Alpha, whose node calls Bravo's; a column of Bravo is seen in Kestrel Pass."""
    with cast_nodes(tmp_path_factory.mktemp("both"), "alpha", "bravo", answering="bravo") as (alpha, bravo):
        joined(alpha, bravo)
        alpha.agrees_on_kestrel_pass()
        now = datetime.now(UTC)
        for minutes, lat in ((6, 33.72), (4, 33.62), (2, 33.60)):
            alpha.hears("Bravo column", lat, 38.6, seen_at=(now - timedelta(minutes=minutes)).isoformat())
        yield alpha, bravo


def entry_alert(alpha: CastNode) -> str:
    items = until(lambda: [one for one in alpha.ask("otto", "GET", "/v1/alerts")["items"] if one["key"] == "entered"])
    return str(items[0]["id"])


def warns(alpha: CastNode, bravo: CastNode, **changed: Any) -> str:
    """Otto sends a warning through the doors, and it has come to Bravo; its id."""
    sent = alpha.ask("otto", "POST", "/v1/messages", WARNING | changed)["message"]
    until(lambda: bravo.asked("boris", "GET", f"/v1/messages/{sent}").status_code == 200)
    return str(sent)


def reads_back(boris: AtConsole, message: str, *, place: str, vehicles: str) -> None:
    """Fills in the form of the read-back, every field of which is blank."""
    boris.goes_to(f"channel/message/{message}")
    boris.page.locator("article .actions .button.main").click()
    dialog = boris.page.get_by_role("dialog")
    fields = dialog.locator("fieldset")
    assert [field.input_value() for field in fields.locator("input").all()] == ["", "", ""]
    fields.nth(0).locator("input").first.fill(place)
    fields.nth(1).locator("input").first.fill(vehicles)
    dialog.locator("button[type=submit]").click()
    dialog.wait_for(state="detached")


def receipt(who: AtConsole, act: str, known: str) -> Any:
    return who.page.locator(f"[data-act={act}][data-known={known}]")


@pytest.mark.parametrize("language", ["en", "ar"])
def test_otto_warns_bravo_of_an_alert_mends_what_is_found_and_sees_the_receipts_climb(consoles, both, language):
    alpha, bravo = both
    otto = consoles.opened(alpha, by="otto", language=language, at=f"channel/new/alert/{entry_alert(alpha)}")
    otto.expected |= {422}
    text = otto.page.locator("[data-field=text] textarea")
    send = otto.page.locator(".last .button.main")
    drafted = text.input_value()
    assert "Kestrel Pass" in drafted
    assert "Bravo column" not in drafted
    unnamed = otto.page.locator(".unnamed")
    expect(unnamed).to_contain_text("Bravo column")
    text.fill(f"{drafted} Bravo column.")
    expect(unnamed).to_have_count(0)
    text.fill(f"{drafted} Again at 22:00, 30 miles on.")
    for finding in ("time.no_zone", "quantity.no_unit"):
        otto.page.locator(f"[data-field=text] [data-finding='{finding}']").wait_for()
    assert send.is_disabled()
    text.fill(drafted)
    otto.page.locator("[data-finding='time.no_zone']").first.wait_for(state="detached")
    # Times and places of a template may be asked about; Otto means them.
    for one in otto.page.locator(".last [data-finding] [aria-pressed=false]").all():
        one.click()
    send.filter(has_text="otto").filter(has_text="Bravo").click()
    receipt(otto, "received", "evidenced").wait_for()
    assert receipt(otto, "understood", "unknown").count() == 1

    message = otto.page.url.rpartition("/")[2]
    facts = alpha.ask("otto", "GET", f"/v1/messages/{message}")["content"]["facts"]
    given = [_given(fact) for fact in facts]
    bravo.ask(
        "boris", "POST", f"/v1/messages/{message}/statements", {"act": "understood", "person": "Boris", "facts": given}
    )
    receipt(otto, "understood", "evidenced").wait_for()
    otto.has_a_page_for_everybody()


def _given(fact: dict[str, Any]) -> dict[str, Any]:
    kind = {"is": fact["is"], "name": fact["name"]}
    if fact["is"] == "place":
        return kind | {"text": fact["as_entered"], "called": fact["called"]}
    if fact["is"] == "time":
        at = datetime.fromtimestamp(fact["at_us"] / 1e6, UTC).isoformat()
        return kind | {"at": at, "zone": fact["zone"]}
    return kind | {"text": fact.get("as_entered") or fact["text"]}


@pytest.mark.parametrize("language", ["en", "ar"])
def test_boris_reads_back_one_wrong_digit_and_otto_sees_what_he_understood_and_corrects_it(consoles, both, language):
    alpha, bravo = both
    message = warns(alpha, bravo)
    otto = consoles.opened(alpha, by="otto", language=language, at=f"channel/message/{message}")
    boris = consoles.opened(bravo, by="boris", language=language)
    reads_back(boris, message, place="33.6800 38.9580", vehicles="20-27")
    differs = otto.page.locator(".mismatch tr.wrong")
    differs.wait_for()
    assert "1,109" in differs.inner_text()
    assert "33.6800N 38.9580E" in differs.inner_text()
    assert otto.page.locator(".mismatch tr").count() == 3
    otto.has_a_page_for_everybody()

    otto.page.locator(".mismatch .button.main").click()
    otto.page.wait_for_url(re.compile(f"/new/bravo/correct/{message}"))
    assert otto.page.locator("[data-field='fact 0'] input").nth(1).input_value() == PLACE
    otto.page.locator(".last .button.main:enabled").click()
    receipt(otto, "received", "evidenced").wait_for()
    otto.goes_to(f"channel/message/{message}")
    otto.page.locator(".mismatch").wait_for(state="detached")


SMALL = {"width": 1280, "height": 720}, {"width": 390, "height": 844}


@pytest.mark.parametrize("screen", SMALL, ids=["small", "phone"])
@pytest.mark.parametrize("language", ["en", "ar"])
def test_the_end_of_the_composer_is_whole_and_the_receipts_come_into_view_by_themselves(consoles, both, screen, language):  # fmt: skip
    alpha, _ = both
    otto = consoles.opened(
        alpha, by="otto", language=language, screen=screen, at=f"channel/new/alert/{entry_alert(alpha)}"
    )
    otto.expected |= {422}
    last = otto.page.locator("section.last")
    last.locator(".main:enabled, [data-finding]").first.wait_for()
    if screen is not SMALL[0]:
        last.scroll_into_view_if_needed()
    expect(last.locator("p").last).to_be_in_viewport(ratio=1)
    for one in last.locator("[data-finding] [aria-pressed=false]").all():
        one.click()
    last.locator(".main:enabled").click()
    expect(receipt(otto, "received", "evidenced")).to_be_in_viewport(ratio=1)
    expect(receipt(otto, "understood", "unknown")).to_be_in_viewport(ratio=1)


def test_what_boris_reads_back_rightly_settles_it_with_both_sides_looking(consoles, both):
    alpha, bravo = both
    message = warns(alpha, bravo)
    otto, boris = (
        consoles.opened(alpha, by="otto", at="channel/bravo"),
        consoles.opened(bravo, by="boris", screen=PHONE),
    )
    waiting = otto.page.locator(f"#message-{message}")
    waiting.get_by_text("Waits for their word").wait_for()
    reads_back(boris, message, place="33°40'12\"N 038°57'29\"E", vehicles="20-27")
    waiting.locator(".debt", has_text="Understood").wait_for()
    boris.sees("We have read it back")


def test_what_was_brought_by_telephone_stays_a_claim_and_says_whose(consoles, both):
    alpha, bravo = both
    message = warns(alpha, bravo)
    otto = consoles.opened(alpha, by="otto", at=f"channel/message/{message}")
    otto.presses("Enter what they said")
    dialog = otto.page.get_by_role("dialog")
    dialog.get_by_text("Stand by").click()
    dialog.get_by_label("Who it was, on their side").fill("duty officer")
    dialog.get_by_label("Who brought the word").fill("Lena, by telephone")
    dialog.locator("button[type=submit]").click()
    otto.sees("Claimed")
    otto.sees("Lena, by telephone")


def test_a_draft_is_there_after_a_reload_and_goes_once_though_its_answer_was_lost(consoles, both):
    alpha, _ = both
    otto = consoles.opened(alpha, by="otto", at="channel/new/bravo")
    otto.expected |= {422}
    said = f"We will look again at {datetime.now(UTC):%H:%M:%S} UTC."
    otto.page.locator("[data-field=text] textarea").fill(said)
    otto.page.locator(".last", has_text="kept in this browser").wait_for()
    otto.page.reload()
    otto.sees("You had begun this.")
    assert otto.page.locator("[data-field=text] textarea").input_value() == said

    loses_answers_to(otto, re.compile("/v1/messages$"))
    for one in otto.page.locator(".last [data-finding] [aria-pressed=false]").all():
        one.click()
    otto.page.locator(".last .button.main:enabled").click()
    otto.sees("No answer came.")
    otto.page.unroute(re.compile("/v1/messages$"))
    otto.page.reload()
    otto.presses("Try again")
    otto.page.wait_for_url(re.compile("channel/message/"))
    sent = [one for one in alpha.ask("otto", "GET", "/v1/messages")["items"] if one["text"] == said]
    assert len(sent) == 1
    otto.goes_to("channel/new/bravo")
    otto.page.locator("[data-field=text] textarea").wait_for()
    assert otto.page.locator("[data-field=text] textarea").input_value() == ""


@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_draft_that_stands_in_two_tabs_goes_once_and_the_second_says_so_and_leads_to_it(consoles, both, language):
    alpha, _ = both
    otto = consoles.opened(alpha, by="otto", language=language, at="channel/new/bravo")
    otto.expected |= {422}
    said = f"We will look once more at {datetime.now(UTC):%H:%M:%S} UTC."
    otto.page.locator("[data-field=text] textarea").fill(said)
    otto.page.locator(".last .main:enabled, .last [aria-pressed=false]").first.wait_for()
    again = otto.opens_another_tab("channel/new/bravo")
    assert again.page.locator("[data-field=text] textarea").input_value() == said
    for who in (otto, again):
        who.page.locator(".last [data-finding], .last .main:enabled").first.wait_for()
        for one in who.page.locator(".last [data-finding] [aria-pressed=false]").all():
            one.click()
        who.page.locator(".last .main:enabled").wait_for()
    otto.page.locator(".last .main:enabled").click()
    otto.page.wait_for_url(re.compile("channel/message/"))
    gone = again.page.locator("[data-sent]")
    expect(gone).to_contain_text("otto")
    again.has_a_page_for_everybody()
    gone.get_by_role("link").first.click()
    again.page.wait_for_url(re.compile("channel/message/"))
    assert again.page.url == otto.page.url
    assert len([one for one in alpha.ask("otto", "GET", "/v1/messages")["items"] if one["text"] == said]) == 1


def test_a_tab_that_hears_nothing_of_the_other_sends_the_same_message_and_other_words_are_kept(consoles, both):
    alpha, _ = both
    otto = consoles.opened(alpha, by="otto", at="channel/new/bravo")
    otto.expected |= {422}
    said = f"We will be there at {datetime.now(UTC):%H:%M:%S} UTC."
    otto.page.locator("[data-field=text] textarea").fill(said)
    otto.page.locator(".last .main:enabled, .last [aria-pressed=false]").first.wait_for()
    same, other = otto.opens_another_tab("channel/new/bravo"), otto.opens_another_tab("channel/new/bravo")
    other.page.locator("[data-field=text] textarea").fill(f"{said} Nobody else will.")
    for who in (otto, same, other):
        who.page.locator(".last [data-finding], .last .main:enabled").first.wait_for()
        for one in who.page.locator(".last [data-finding] [aria-pressed=false]").all():
            one.click()
        who.page.locator(".last .main:enabled").wait_for()
    for who in (same, other):
        who.page.evaluate("addEventListener('storage', (told) => told.stopImmediatePropagation(), true)")
        who.page.evaluate("Storage.prototype.getItem = () => null")
    otto.page.locator(".last .main:enabled").click()
    otto.page.wait_for_url(re.compile("channel/message/"))
    same.page.locator(".last .main:enabled").click()
    same.page.wait_for_url(re.compile("channel/message/"))
    assert same.page.url == otto.page.url
    other.page.locator(".last .main:enabled").click()
    gone = other.page.locator("[data-sent]")
    gone.get_by_text(f"{said} Nobody else will.").wait_for()
    sent = [one for one in alpha.ask("otto", "GET", "/v1/messages")["items"] if one["text"].startswith(said)]
    assert len(sent) == 1
    other.presses("Make it a message of its own")
    assert other.page.locator("[data-field=text] textarea").input_value() == f"{said} Nobody else will."


def test_an_urgent_stop_is_taken_down_by_keyboard_alone_and_everybody_sees_it_until_it_has_an_outcome(consoles, both):
    alpha, _ = both
    otto, lena = consoles.opened(alpha, by="otto", at="channel"), consoles.opened(alpha, by="lena", at="channel/stop")
    lena.sees("Take down an urgent stop")
    otto.page.get_by_role("link", name="Urgent stop").first.focus()
    otto.page.keyboard.press("Enter")
    otto.sees("Take down an urgent stop")
    otto.page.keyboard.type("They are shelling the clinic at Kestrel Post, stop at once")
    otto.page.keyboard.press("Control+Enter")
    for who in (otto, lena):
        opened = who.page.get_by_role("region", name="Urgent stop, open")
        opened.get_by_text("They are shelling the clinic").wait_for()
        opened.get_by_role("timer").wait_for()
    otto.has_a_page_for_everybody()
    outcome = otto.page.get_by_label("What came of it")
    assert otto.page.get_by_role("button", name="Close with this outcome").is_disabled()
    outcome.fill("Bravo stopped at once; nobody was hit.")
    otto.presses("Close with this outcome")
    lena.page.get_by_role("region", name="Urgent stop, open").wait_for(state="detached")
    lena.sees("Bravo stopped at once; nobody was hit.")


def test_what_is_asked_behind_the_filing_of_a_stop_has_its_fields_and_stands_beside_the_first_words(consoles, both):
    alpha, _ = both
    otto, lena = (
        consoles.opened(alpha, by="otto", at="channel/stop"),
        consoles.opened(alpha, by="lena", at="channel/stop"),
    )
    otto.page.get_by_label("What was said").fill("Stop at the bakery")
    since = otto.page.get_by_label("Since how many minutes")
    since.fill("x10")
    otto.sees("Minutes are a whole number, such as 10. The words are filed all the same; this is asked again then.")
    otto.presses("File the urgent stop")
    card = otto.page.get_by_role("region", name="Urgent stop, open")
    asked = card.get_by_role("form", name="What is answered when you ask on")
    asked.get_by_text("A whole number of minutes").wait_for()
    assert asked.get_by_label("Since how many minutes").input_value() == "x10"
    assert asked.get_by_role("button", name="Add to the stop").is_disabled()
    otto.has_a_page_for_everybody()
    asked.get_by_label("Since how many minutes").fill("10")
    asked.get_by_label("What must stop").fill("the shelling")
    asked.get_by_role("button", name="Add to the stop").click()
    hers = lena.page.get_by_role("region", name="Urgent stop, open")
    for shown in (card, hers):
        shown.get_by_text("the shelling").wait_for()
        shown.get_by_text("Asked on by").wait_for()
    assert hers.get_by_label("What must stop").count() == 0
    hers.get_by_label("Line to call back").fill("+000 300")
    id = next(
        one for one in alpha.ask("otto", "GET", "/v1/stops")["items"] if one["content"]["words"] == "Stop at the bakery"
    )["stop"]
    alpha.ask("otto", "POST", "/v1/stops/answers", {"stop": id, "call_back": "+000 200"})
    hers.get_by_text("+000 200").wait_for()
    assert hers.get_by_label("Line to call back").input_value() == "+000 300"
    (stop,) = [
        one for one in alpha.ask("otto", "GET", "/v1/stops")["items"] if one["content"]["words"] == "Stop at the bakery"
    ]
    assert (stop["content"]["what"], stop["content"]["since_us"]) == ("", None)
    assert stop["missing"] == ["where", "coordinates", "caller"]
    alpha.ask("otto", "POST", f"/v1/alerts/{stop['alert']}/clear", {"reason": "The bakery is quiet."})


def test_a_measure_was_taken_a_whole_number_of_minutes_ago_and_its_words_fit(consoles, both):
    alpha, _ = both
    otto = consoles.opened(alpha, by="otto", at="channel/measures")
    form = otto.page.locator("form", has_text="Enter a measure that was taken")
    minutes, keep = form.get_by_label("How many minutes ago"), form.get_by_role("button", name="Keep it in the record")
    minutes.wait_for()
    # All at once: what is read meanwhile above them may still move them down together.
    tops = form.locator("input").evaluate_all(
        "inputs => inputs.slice(0, 3).map((one) => one.getBoundingClientRect().top)"
    )
    assert max(tops) - min(tops) < 1
    for typed in ("-5", "abc"):
        minutes.fill(typed)
        form.get_by_text("A whole number of minutes, such as 10; 0 is now.").wait_for()
        assert keep.is_disabled()
    minutes.fill("5")
    assert keep.is_enabled()
    words = form.get_by_label("The words that were used")
    words.fill("Stay away. " * 500)
    assert len(words.input_value()) <= 2000
    form.get_by_text("No more fits here: 2,000 characters is the most.").wait_for()
    for label, value in (("Which", "leaflet"), ("Where", "the ford"), ("Role that decided", "duty officer")):
        form.get_by_label(label).fill(value)
    keep.click()
    otto.sees("It is in the record.")


def test_each_urgent_stop_shows_its_own_outcome_though_they_were_taken_down_and_closed_out_of_order(consoles, both):
    alpha, _ = both
    ids = []
    for words in ("Stop at the ford", "Stop at the mill"):
        alpha.ask("lena", "POST", "/v1/stops", {"words": words})
        ids.append(alpha.ask("otto", "GET", "/v1/stops")["items"][-1]["alert"])
        alpha.ask("otto", "POST", f"/v1/alerts/{ids[-1]}/acknowledge", {})
    alpha.ask("otto", "POST", f"/v1/alerts/{ids[1]}/clear", {"reason": "The mill is quiet."})
    alpha.ask("otto", "POST", f"/v1/alerts/{ids[0]}/clear", {"reason": "The ford is quiet."})
    otto = consoles.opened(alpha, by="otto", at="channel/stop")
    for place in ("ford", "mill"):
        earlier = otto.page.get_by_role("article").filter(has_text=f"Stop at the {place}")
        earlier.get_by_text(f"The {place} is quiet.").wait_for()


def test_a_call_is_noted_as_it_happens_kept_and_its_minute_disputed_with_both_texts(consoles, both):
    alpha, bravo = both
    message = warns(alpha, bravo)
    otto = consoles.opened(alpha, by="otto", at="channel/calls")
    otto.presses("A call that was not planned")
    otto.page.get_by_label("Line").fill("voice +000 100")
    otto.presses("Answered")
    otto.presses("On hold")
    otto.sees(re.compile("On hold for"))
    otto.presses("Back on the line")
    otto.presses("Ended by both")
    otto.presses("Enter what was said")
    otto.page.get_by_label("Who spoke").nth(1).fill("duty officer")
    otto.page.get_by_role("button", name="Warning: Vehicles at").last.click()
    otto.presses("Keep this call")
    otto.sees("Not read back")
    otto.page.get_by_label("Our minute").fill("They will look into it.")
    otto.presses("Keep our minute")
    otto.presses("Enter what a side says of it")
    otto.page.get_by_label("How it was, in their own words").fill("We promised nothing.")
    otto.presses("It was otherwise: keep this text too")
    otto.sees("Disputed: both texts stand")
    for text in ("They will look into it.", "We promised nothing."):
        otto.sees(text)
    otto.has_a_page_for_everybody()
    assert message


def test_a_call_whose_answer_was_lost_is_entered_once_though_its_words_were_changed(consoles, both):
    alpha, _ = both
    otto = consoles.opened(alpha, by="otto", at="channel/calls")
    otto.expected.add(422)
    before = len(alpha.ask("otto", "GET", "/v1/calls")["items"])
    otto.presses("A call that was not planned")
    otto.page.get_by_label("Line").fill("voice +000 200")
    otto.presses("Answered")
    otto.presses("Ended by both")
    otto.presses("Enter what was said")
    otto.page.get_by_label("Who spoke").nth(1).fill("duty officer")
    loses_answers_to(otto, re.compile("/v1/calls$"))
    otto.presses("Keep this call")
    otto.page.locator(".trouble").wait_for()
    otto.page.unroute(re.compile("/v1/calls$"))
    otto.page.get_by_label("What it was for").fill("the convoy")
    otto.presses("Keep this call")
    otto.sees("This call is in the record already.")
    otto.has_a_page_for_everybody()
    with otto.context.expect_page() as opened:
        otto.presses("Open the call")
    opened.value.wait_for_url(re.compile("channel/call/"))
    assert otto.page.get_by_label("What it was for").input_value() == "the convoy"
    assert len(alpha.ask("otto", "GET", "/v1/calls")["items"]) == before + 1


def test_a_call_that_a_colleague_entered_meanwhile_is_not_taken_for_ones_own_and_a_gateway_that_fails_answers_nothing(
    consoles, both
):
    alpha, _ = both
    otto = consoles.opened(alpha, by="otto", at="channel/calls")
    otto.expected.add(502)
    before = len(alpha.ask("otto", "GET", "/v1/calls")["items"])
    otto.presses("A call that was not planned")
    otto.page.get_by_label("Line").fill("voice +000 300")
    otto.presses("Answered")
    otto.presses("Ended by both")
    otto.presses("Enter what was said")
    otto.page.get_by_label("Who spoke").nth(1).fill("duty officer")

    def never_comes(route: Any) -> None:
        """Its way to the node ends at a gateway; meanwhile a colleague enters the same call."""
        if route.request.method != "POST":
            route.continue_()
            return
        alpha.ask("lena", "POST", "/v1/calls", json.loads(route.request.post_data))
        route.fulfill(status=502, body="Bad Gateway")

    otto.page.route(re.compile("/v1/calls$"), never_comes)
    otto.presses("Keep this call")
    otto.page.locator(".trouble").wait_for()
    otto.page.unroute(re.compile("/v1/calls$"))
    otto.page.get_by_label("What it was for").fill("the convoy")
    otto.presses("Keep this call")
    otto.page.wait_for_url(re.compile("channel/call/"))
    assert len(alpha.ask("otto", "GET", "/v1/calls")["items"]) == before + 2


def test_the_clock_of_the_other_side_is_that_of_its_roster_and_a_line_that_two_share_is_offered_once(consoles, both):
    alpha, _ = both
    always = {"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "from_minute": 0, "until_minute": 1440}
    desk = {
        "id": "desk", "called": "Duty desk", "lines": [{"kind": "voice", "address": "+963 000 1"}], "hours": [always],
        "languages": [{"tag": "ar", "level": "full"}], "calendar": {"zone": "Asia/Damascus"},
    }  # fmt: skip
    alpha.ask("lena", "PUT", "/v1/rosters/bravo", {"focal_points": [desk, {**desk, "id": "deputy"}]})
    otto = consoles.opened(alpha, by="otto", at="channel/bravo")
    otto.sees("Asia/Damascus")
    otto.goes_to("channel/calls")
    otto.presses("A call that was not planned")
    expect(otto.page.get_by_label("Line")).to_have_value("voice +963 000 1")
    expect(otto.page.locator("#channel-lines option")).to_have_count(1)


def test_the_words_of_an_urgent_stop_that_cannot_be_filed_are_there_until_they_are(consoles, both):
    alpha, _ = both
    otto = consoles.opened(alpha, by="otto", at="channel/stop")
    otto.sees("Live")
    otto.loses_the_network()
    otto.sees("This computer has no network.")
    words = otto.page.get_by_label("What was said")
    words.fill("Stop at the mill, people are in the yard")
    otto.presses("File the urgent stop")
    otto.page.locator(".file .trouble").wait_for()
    otto.page.get_by_role("link", name="Watch", exact=True).click()
    otto.goes_to("channel/stop")
    expect(words).to_have_value("Stop at the mill, people are in the yard")
    otto.has_the_network_again()
    otto.sees("Live")
    otto.presses("File the urgent stop")
    otto.page.get_by_role("region", name="Urgent stop, open").get_by_text("people are in the yard").wait_for()
    expect(words).to_have_value("")


LOOKS = [("en", "light", None), ("ar", "dark", None), ("ru", "night", PHONE), ("ar", "light", PHONE)]


@pytest.mark.parametrize(
    ("language", "theme", "screen"), LOOKS, ids=["english", "arabic-dark", "russian-night-phone", "arabic-phone"]
)
def test_everybody_can_use_every_page_of_the_channel(consoles, both, language, theme, screen):
    alpha, bravo = both
    message = warns(alpha, bravo)
    otto = consoles.opened(alpha, by="otto", language=language, theme=theme, screen=screen)
    pages = (
        "channel",
        "channel/bravo",
        f"channel/message/{message}",
        f"channel/new/bravo/correct/{message}",
        "channel/calls",
        "channel/measures",
        "channel/stop",
    )
    for page in pages:
        otto.goes_to(page)
        otto.page.locator("main .room > *").nth(2).wait_for()
        expect(otto.page.get_by_role("status").filter(has_text="…")).to_have_count(0)
        otto.has_nothing_beside_the_screen()
        otto.has_a_page_for_everybody()


def test_on_a_phone_reading_back_is_within_the_screen_and_its_buttons_are_for_thumbs(consoles, both):
    alpha, bravo = both
    message = warns(alpha, bravo)
    boris = consoles.opened(
        bravo, by="boris", language="ar", screen=PHONE, has_touch=True, at=f"channel/message/{message}"
    )
    boris.page.locator("article .actions .button.main").tap()
    dialog = boris.page.get_by_role("dialog")
    dialog.wait_for()
    boris.has_nothing_beside_the_screen()
    boris.has_a_page_for_everybody()
    for button in dialog.locator("button").all():
        box = button.bounding_box()
        assert box is not None
        assert box["height"] >= 44, button.inner_text()

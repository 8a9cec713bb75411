"""docs/spec/sheets.md: paper for a party without a node, and what of somebody else's text may be shown."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import msgspec
import pytest

from keepclear.channel.by_hand import Filled, number_of, reading_of, with_number
from keepclear.channel.drafts import draft_to_leave, given
from keepclear.channel.facts import Count, Place, Time, Verdict, Word, compared, matches
from keepclear.channel.messages import Attachment, Marker, Message, Translation, Words, checked
from keepclear.channel.standing import Debt, standing_of
from keepclear.channel.statements import Act, Evidence, Kept, Means, Statement
from keepclear.geo.places import NamedPoint
from keepclear.ground.errors import Refused
from keepclear.parties.names import Kind, Name, Party
from keepclear.render.lettering import columns
from keepclear.render.paper import PAGE_LINES, Sheet, html_of, text_of
from keepclear.render.sheets import Around, notice, read_back_sheet
from keepclear.render.shown_text import in_html, on_terminal, visible
from tests.builders import at

ZONES = ("Asia/Damascus", "America/New_York")
POST = NamedPoint("Kestrel post", 33.50583, 38.61778, 20.0, "survey")
PARTIES = (
    Party("alpha", (Name("Alpha", "en", Kind.OFFICIAL),)),
    Party("bravo", (Name("Bravo", "en"), Name("برافو", "ar", Kind.OFFICIAL))),
    Party("meridian", (Name("Meridian", "en", Kind.OFFICIAL),)),
)
AROUND = Around(PARTIES, ZONES, (POST,))
LEAVE = Place("leave", 335_880_000, 383_390_000, 7_240, "33.588 38.339")
GO_TO = Place("go_to", 336_700_000, 380_580_000, 7_240, "33.67 38.058", "Zaza junction")
# By then the two sides have different dates.
BY = at("23:30")
# Three of its letters are Cyrillic.
SPOOFED = "\u0412\u0433\u0430vo"
RLO = "\u202e"


def request(**changed) -> Message:
    draft = draft_to_leave("Kestrel Pass", LEAVE, GO_TO, BY, (POST,), ZONES)
    message = given(
        draft, author="ada", sender="alpha", to="bravo", salt="ab" * 32, written_at_us=at("10:00"),
        valid_until_us=at("23:59"), reply_due_us=at("11:00"),
    )  # fmt: skip
    return checked(msgspec.structs.replace(message, **changed))


def both(sheet: Sheet) -> tuple[str, str]:
    """The two forms, with one blank for each run of them, and without the isolates."""
    without_marks = re.sub("[\u2066-\u2069]", "", text_of(sheet))
    html = re.sub(r"<br>|</d[td]>|</?p>|</?div[^>]*>", " ", html_of(sheet))
    seen = re.sub(r"<[^>]+>", "", html).replace("&#x27;", "'").replace("&quot;", '"')
    return " ".join(without_marks.split()), " ".join(seen.split())


# --- the notice ---


@pytest.mark.promise("SHEET-1")
@pytest.mark.parametrize(
    "said",
    [
        "from Alpha (alpha)",
        "ada, a person of Alpha (alpha)",
        "برافو (bravo)",
        "Request - Просьба - طلب",
        "soon",
        "Mon 2026-05-18 10:00 UTC Mon 2026-05-18 13:00 +03:00, at Alpha, Asia/Damascus",
        "answer it, or refuse in words",
        "Mon 2026-05-18 07:00 -04:00, at برافو, America/New_York",
        "33.6700N 38.0580E",
        "33°40'12.0\"N 038°03'28.8\"E",
        "37S DT 1267 2596",
        "written to within 7 m",
        "called Zaza junction",
        "55.1 km 289° from Kestrel post",
        "as entered: 33.67 38.058",
        "Mon 2026-05-18 23:30 UTC Tue 2026-05-19 02:30 +03:00, Asia/Damascus",
        "ru, translated by template of Keepclear, compared by nobody",
    ],
)
def test_a_notice_says_all_that_the_message_says_in_both_forms(said):
    for shown in both(notice(request(), AROUND)):
        assert said in shown


@pytest.mark.promise("SHEET-1")
def test_a_notice_says_whom_it_is_to_be_told_to_what_it_corrects_and_what_goes_with_it():
    message = request(
        to="meridian", addressee="bravo", supersedes="cd" * 32,
        attachments=(Attachment("map.pdf", "application/pdf", "ef" * 32, 12_345),),
        translations=(Translation("ar", "غادروا.", "nadia", "lena"),),
    )  # fmt: skip
    for shown in both(notice(message, AROUND)):
        assert "Meridian (meridian)" in shown
        assert "to be told to برافو (bravo)" in shown
        assert f"corrects number {number_of('cd' * 32)}" in shown
        assert f"map.pdf, 12,345 bytes, SHA-256 {'ef' * 32}" in shown
        assert "ar, translated by nadia, compared by lena" in shown


@pytest.mark.promise("SHEET-1")
def test_a_party_that_nobody_knows_is_shown_as_such():
    for shown in both(notice(request(to="harbour-aid"), AROUND)):
        assert "harbour-aid (no party of that id is known here)" in shown


@pytest.mark.promise("SHEET-1")
@pytest.mark.parametrize("lat_e7", [900_000_000, -900_000_000, 0])
def test_a_place_anywhere_on_earth_can_be_printed(lat_e7):
    message = request(facts=(Place("seen", lat_e7, 1_800_000_000, 0, ""),))
    assert text_of(notice(message, AROUND))
    assert html_of(notice(message, AROUND))


@pytest.mark.promise("SHEET-1")
def test_what_is_known_of_it_stands_with_whose_word_it_is():
    message = request()
    told = Statement(
        Act.FORWARDED, "meridian", "alpha", message.id, at("10:05"), carrier="line officer", towards="bravo",
        means=Means.VOICE,
    )  # fmt: skip
    standing = standing_of(message.id, message, [Kept(told.id, told, at("10:05"))], at("11:30"))
    around = AROUND._replace(standing=standing, known_at_us=at("11:30"))
    for shown in both(notice(message, around)):
        assert "unconfirmed: it may have arrived, or not" in shown
        assert "Meridian (meridian): forwarded to برافو (bravo) - claimed, by the word of Alpha (alpha)" in shown
        assert "brought by line officer" in shown


@pytest.mark.promise("SHEET-1")
def test_a_read_back_that_is_otherwise_stands_on_the_notice_with_how_far_off_it_is():
    heard = HEARD | {"go_to": "33.6800N 38.0580E", "by": "2026-05-19 02:00 +03:00", "zone": ""}
    claim = reading_of(filled(heard=heard, called={"go_to": "Zuzu junction"}), request(), "alpha")
    standing = standing_of(request().id, request(), [Kept(claim.id, claim, at("10:21"))], at("10:30"))
    for shown in both(notice(request(), AROUND._replace(standing=standing, known_at_us=at("10:30")))):
        assert "zone did not come back" in shown
        assert "go to came back otherwise, 1.1 km off" in shown
        assert "by came back otherwise, 30 min off" in shown
        assert "go to came back under another name: Zuzu junction" in shown
        assert "leave came back" not in shown


@pytest.mark.promise("SHEET-2")
def test_a_number_is_read_out_in_groups_and_finds_its_message_in_any_digits():
    ids = [request(salt=f"{number:064x}").id for number in range(50)]
    number = number_of(ids[7])
    assert re.fullmatch(r"\d{4} \d{4} \d{4}", number)
    arabic = number.translate({ord("0") + digit: 0x660 + digit for digit in range(10)})
    for spoken in (number, number.replace(" ", ""), number.replace(" ", "-"), arabic, f"\u200f{arabic}"):
        assert with_number(ids, spoken) == (ids[7],)
    for shown in both(notice(request(), AROUND)):
        assert number_of(request().id) in shown
        assert request().id in shown.replace(" ", "")


@pytest.mark.promise("SHEET-2")
@pytest.mark.parametrize("spoken", ["", "1234", "1234 5678 901x", "1234 5678 9012 3"])
def test_what_is_no_number_finds_nothing_and_says_so(spoken):
    with pytest.raises(Refused) as caught:
        with_number([request().id], spoken)
    assert caught.value.key == "number.unreadable"


@pytest.mark.promise("SHEET-3")
def test_every_page_says_that_a_notice_is_no_permission():
    html = html_of(notice(request(), AROUND))
    foot = html[html.index("<tfoot>") : html.index("</tfoot>")]
    for words in ("neither asks for permission nor gives any", "не испрашивает разрешения", "لا يطلب إذناً"):
        assert words in foot
    assert "neither asks for permission nor gives any" in text_of(notice(request(), AROUND))


@pytest.mark.promise("SHEET-3")
@pytest.mark.parametrize("make", [notice, lambda *args: read_back_sheet(*args, theirs=True)])
def test_an_exercise_says_so_on_every_page_and_what_is_none_never(make):
    exercise = make(request(exercise=True, original=Words("en", "Again. " * 250)), AROUND)
    html = html_of(exercise)
    assert "EXERCISE" in html[html.index("<thead>") : html.index("</thead>")]
    lines = text_of(exercise).splitlines()
    marked = [number for number, line in enumerate(lines) if "EXERCISE" in line]
    assert (marked[0], marked[-1]) == (0, len(lines) - 1)
    assert max(after - before for before, after in pairwise(marked)) <= PAGE_LINES
    assert "УЧЕНИЕ" in lines[0]
    for shown in (text_of(make(request(), AROUND)), html_of(make(request(), AROUND))):
        assert "EXERCISE" not in shown


@pytest.mark.promise("SHEET-4")
def test_the_html_fetches_nothing_runs_nothing_and_forbids_both():
    html = html_of(notice(request(), AROUND))
    assert not re.search(r"<(script|link|img|iframe|object|form|a)\b|\b(src|href|url|@import|on\w+)\s*[=(]", html)
    assert "default-src 'none'; style-src 'unsafe-inline'" in html
    assert "thead{display:table-header-group}" in html
    assert html == html_of(notice(request(), AROUND))


@pytest.mark.promise("SHEET-4")
def test_the_plain_text_has_at_most_80_columns():
    long = request(original=Words("en", "x" * 500 + " " + "日本" * 300), author="a" * 64)
    for sheet in (
        notice(long, AROUND), read_back_sheet(long, AROUND, theirs=False), read_back_sheet(long, AROUND, theirs=True),
    ):  # fmt: skip
        assert max(map(columns, text_of(sheet).splitlines())) <= 80


# --- the read-back ---


@pytest.mark.promise("SHEET-5")
def test_failure_1_the_copy_of_the_other_side_has_none_of_the_answers_on_it_in_any_form():
    shown = both(read_back_sheet(request(), AROUND, theirs=True))
    for answer in ("33.67", "38.05", "37S", "Zaza", "23:30", "Kestrel Pass", "289"):
        assert not [form for form in shown if answer in form]


@pytest.mark.promise("SHEET-5")
def test_the_copy_of_the_other_side_is_the_same_whatever_the_values_are():
    other = request(
        facts=(Word("zone", "Heron"), Place("leave", 0, 0, 1, ""), Place("go_to", 1, 1, 1, "", "Weir"), Time("by", BY + 1, "UTC"))
    )  # fmt: skip
    one, two = (
        text_of(read_back_sheet(message, AROUND, theirs=True)).replace(number_of(message.id), "NUMBER")
        for message in (request(), other)
    )
    assert one == two


@pytest.mark.promise("SHEET-5")
def test_our_copy_has_what_was_said_beside_each_box_and_how_it_is_entered():
    message = request()
    text, html = both(read_back_sheet(message, AROUND, theirs=False))
    for said in ("33.6700N 38.0580E", "go to, its name", "Zaza junction", "understood", "carrier", "by radio"):
        assert said in text
        assert said in html
    assert f"keepclear message state {message.id} ACT --of bravo" in text
    page = html_of(read_back_sheet(message, AROUND, theirs=False))
    assert page.count('<div class="box"></div>') == len(message.facts) + 1


HEARD = {"zone": "kestrel pass", "leave": "33°35'16.8\"N 038°20'20.4\"E", "go_to": "37S DT 1267 2596", "by": "2026-05-19 02:30 +03:00"}  # fmt: skip


def filled(**changed) -> Filled:
    values: dict[str, Any] = {
        "act": Act.UNDERSTOOD,
        "of": "bravo",
        "person": "Basil",
        "role": "duty officer",
        "carrier": "line officer of Alpha, by telephone",
        "means": Means.VOICE,
        "at_us": at("10:20"),
        "heard": HEARD,
    }
    return Filled(**(values | changed))


@pytest.mark.promise("SHEET-6")
def test_a_filled_sheet_is_a_claim_with_its_carrier_and_never_settles_anything():
    message = request(marker=Marker.WARNING)
    statement = reading_of(filled(called={"go_to": "Zaza junction"}), message, "alpha", (POST,))
    assert (statement.of, statement.said_by, statement.person) == ("bravo", "alpha", "Basil, duty officer")
    assert (statement.carrier, statement.means) == ("line officer of Alpha, by telephone", Means.VOICE)
    assert statement.evidence is Evidence.CLAIMED
    assert matches(compared(message.facts, statement.facts))
    standing = standing_of(message.id, message, [Kept(statement.id, statement, at("10:21"))], at("10:30"))
    assert standing.debt is Debt.CLAIMED


@pytest.mark.promise("SHEET-6")
def test_a_wrong_digit_on_a_sheet_is_kept_as_it_was_written_and_differs():
    wrong = "33.6800N 38.0580E"
    statement = reading_of(filled(heard=HEARD | {"go_to": wrong}), request(), "alpha")
    verdicts = {one.name: one for one in compared(request().facts, statement.facts)}
    assert verdicts["go_to"].verdict is Verdict.DIFFERS
    assert verdicts["go_to"].off_m == pytest.approx(1_109, abs=2)
    assert [fact.as_entered for fact in statement.facts if isinstance(fact, Place)][1] == wrong


@pytest.mark.promise("SHEET-6")
def test_an_empty_box_is_missing_and_what_is_written_in_other_digits_is_read():
    heard = {"go_to": "٣٣٫٦٧٠٠N ٣٨٫٠٥٨٠E", "zone": "  ", "by": "٢٠٢٦-٠٥-١٩ ٠٢:٣٠"}
    statement = reading_of(filled(heard=heard), request(), "alpha", zone="Asia/Damascus")
    verdicts = {one.name: one.verdict for one in compared(request().facts, statement.facts)}
    assert verdicts == {
        "zone": Verdict.MISSING, "leave": Verdict.MISSING, "go_to": Verdict.SAME, "by": Verdict.SAME,
    }  # fmt: skip


@pytest.mark.promise("SHEET-6")
@pytest.mark.parametrize(
    ("written", "low", "high"), [("27", 27, 27), ("20 – 27", 20, 27), ("60+", 60, None), ("٢٠-٢٧", 20, 27)]
)
def test_a_count_is_read_as_it_is_written_on_paper(written, low, high):
    message = request(facts=(Count("vehicles", 20, 27),))
    (count,) = reading_of(filled(heard={"vehicles": written}), message, "alpha").facts
    assert count == Count("vehicles", low, high, written)


@pytest.mark.promise("SHEET-6")
@pytest.mark.parametrize(
    ("changed", "key", "where"),
    [
        ({"carrier": " "}, "statement.carrier", "$.carrier"),
        ({"of": "alpha"}, "sheet.own", "$.of"),
        ({"means": Means.LINK}, "sheet.means", "$.means"),
        ({"act": Act.RECEIVED}, "sheet.act", "$.act"),
        ({"person": "", "role": ""}, "statement.nobody", "$.person"),
        ({"act": Act.REFUSED, "heard": {}}, "statement.words", "$.words"),
        ({"act": Act.STAND_BY, "heard": {}}, "statement.stand_by", "$.within_us"),
        ({"heard": {"by": "02:30"}}, "time.unreadable", "$.heard.by"),
        ({"heard": {"by": "2026-05-19 02:30"}}, "time.no_zone", "$.heard.by"),
        ({"heard": {"go_to": "the junction"}}, "place.unreadable", "$.heard.go_to"),
        ({"heard": {"when": "now"}}, "sheet.box", "$.heard.when"),
        ({"called": {"by": "Zaza"}}, "sheet.box", "$.called.by"),
        ({"heard": {}, "called": {"go_to": "Zaza"}}, "sheet.name_alone", "$.called.go_to"),
    ],
)
def test_a_sheet_that_cannot_be_entered_is_refused_with_its_box(changed, key, where):
    with pytest.raises(Refused) as caught:
        reading_of(filled(**changed), request(), "alpha", (POST,))
    assert (caught.value.key, caught.value.where) == (key, where)


@pytest.mark.promise("SHEET-6")
@pytest.mark.parametrize("written", ["many", "20-27+", "-3", "20-", "2" * 40, ""])
def test_a_count_that_is_none_is_refused_or_left_out(written):
    message = request(facts=(Count("vehicles", 20, 27),))
    if not written:
        assert reading_of(filled(heard={"vehicles": written}), message, "alpha").facts == ()
        return
    with pytest.raises(Refused) as caught:
        reading_of(filled(heard={"vehicles": written}), message, "alpha")
    assert caught.value.where == "$.heard.vehicles"


# --- text of others ---


@pytest.mark.promise("SHEET-7")
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"Go to {RLO}31.33\u202c now", "Go to ⟦U+202E⟧31.33⟦U+202C⟧ now"),
        ("\x1b[2J\x07\r\n\x9b", "⟦U+001B⟧[2J⟦U+0007, U+000D⟧\n⟦U+009B⟧"),
        ("a\u2028b\u2029c\x85d", "a⟦U+2028⟧b⟦U+2029⟧c⟦U+0085⟧d"),
        (RLO * 2000, "⟦U+202E x2000⟧"),
        ("one\u200b\ufeff\u00adword", "one⟦U+200B, U+FEFF, U+00AD⟧word"),
        ("\u2066\u2069\u2068", "⟦U+2066, U+2069, U+2068⟧"),
        ("\ue000\U000e0041", "⟦U+E000, U+E0041⟧"),
        ("a" + "\u0300" * 40 + "b", "a\u0300\u0300\u0300⟦U+0300 x37⟧b"),
        ("\u0301a", "◌\u0301a"),
        ("⟦not a mark⟧", "⟦U+27E6⟧not a mark⟦U+27E7⟧"),
        ("\u200fمرحبا\u200e", "مرحبا"),
        ("می\u200cروم", "می\u200cروم"),
        ("al\u200dpha", "al⟦U+200D⟧pha"),
        ("tab\tand\u00a0blank", "tab and blank"),
    ],
)
def test_what_hides_or_steers_is_seen(text, shown):
    assert visible(text) == shown


@pytest.mark.promise("SHEET-8")
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"So says {SPOOFED}.", f"So says {SPOOFED}⟦not Bravo⟧."),
        ("BRAV0 and Bravo", "BRAV0⟦not Bravo⟧ and Bravo"),
        ("\u0412\u0433\u0430\u200bvo", "\u0412\u0433\u0430⟦U+200B⟧vo⟦not Bravo⟧"),
        ("m\u043est", "m\u043est⟦two alphabets⟧"),
        ("مرحبا(37S DT)", "مرحبا(37S DT)"),
        ("٣٣٫٥ ۱۲ 7", "٣٣٫٥⟦=33.5⟧ ۱۲⟦=12⟧ 7"),
        ("1٢3", "1٢3⟦=123⟧"),
        ("४२.", "४२⟦=42⟧."),
    ],
)
def test_names_that_are_not_whose_they_seem_and_digits_of_other_scripts_are_marked(text, shown):
    assert visible(text, ("Bravo", "Meridian")) == shown


@pytest.mark.promise("SHEET-8")
def test_a_spoofed_name_passes_for_another_party_nowhere_on_a_sheet():
    message = request(
        original=Words("en", f"We speak for {SPOOFED}."),
        translations=(Translation("ru", f"{SPOOFED} согласны.", SPOOFED, "lena"),),
        facts=(Word("unit", SPOOFED), Place("seen", 335_880_000, 383_390_000, 7_240, "", SPOOFED)),
        attachments=(Attachment(f"{SPOOFED}.pdf", "application/pdf", "0" * 64, 1),),
    )
    for sheet in (notice(message, AROUND), read_back_sheet(message, AROUND, theirs=False)):
        for shown in (text_of(sheet), re.sub(r"</?span[^>]*>", "", html_of(sheet))):
            assert SPOOFED in shown
            assert shown.count(SPOOFED) == shown.count(f"{SPOOFED}⟦not Bravo⟧")


@pytest.mark.promise("SHEET-8")
def test_a_person_who_is_called_like_another_party_is_shown_as_a_person_of_their_own():
    for shown in both(notice(request(author="bravo"), AROUND)):
        assert "bravo, a person of Alpha (alpha)" in shown


@pytest.mark.promise("SHEET-8")
def test_a_party_whose_own_name_is_shown_is_not_marked():
    for shown in both(notice(request(), AROUND)):
        assert "⟦" not in shown


ARABIC = "المكان: 33.67000N 38.05800E = 37S DT 64499 07430 (27.4 كم 289° من Kestrel post) في 2026-05-18 10:00 UTC"
LTR_RUNS = ["33.67000N 38.05800E = 37S DT 64499 07430", "27.4", "289°", "Kestrel post", "2026-05-18 10:00 UTC"]


@pytest.mark.promise("SHEET-9")
@pytest.mark.parametrize("language", ["ar", "ru", "en", "fa-Arab", "ar-Latn", ""])
def test_no_direction_of_writing_takes_a_coordinate_a_time_or_a_name_apart(language):
    line = on_terminal(ARABIC, (), language)
    assert re.findall("\u2066([^\u2066-\u2069]*)\u2069", line) == LTR_RUNS
    assert re.sub("[\u2066-\u2069]", "", line) == ARABIC
    assert line[-1] == "\u2069"
    assert re.findall(r'<bdi dir="ltr">([^<]*)</bdi>', in_html(ARABIC, (), language)) == LTR_RUNS


@pytest.mark.promise("SHEET-9")
def test_marks_of_direction_between_numbers_do_not_turn_them_around():
    # Two marks from right to left around two numbers would exchange them for the eye.
    assert on_terminal("Go to \u200f33.5 38.6\u200f now") == "Go to 33.5 38.6 now"
    assert re.findall("\u2066([^\u2066-\u2069]*)\u2069", on_terminal("إلى 33.5 \u200f38.6")) == ["33.5", "38.6"]


@pytest.mark.promise("SHEET-9")
def test_every_text_says_its_language_and_its_direction():
    page = html_of(notice(request(), AROUND))
    for tag in ('<bdi lang="ar" dir="rtl">', '<bdi lang="ru" dir="ltr">', '<bdi lang="en" dir="ltr">'):
        assert tag in page
    assert '<div class="text" dir="rtl"><bdi lang="ar" dir="rtl">' in page
    assert in_html("x", (), 'en" onload="y').startswith('<bdi lang="und" ')


@pytest.mark.promise("SHEET-9")
def test_a_line_of_plain_text_closes_what_it_opens():
    long = request(original=Words("ar", "نطلب منكم مغادرة 33.67000N 38.05800E " * 12), translations=())
    for line in text_of(notice(long, AROUND)).splitlines():
        depth = 0
        for ch in line:
            depth += {"\u2066": 1, "\u2067": 1, "\u2068": 1, "\u2069": -1}.get(ch, 0)
            assert depth >= 0
        assert depth == 0

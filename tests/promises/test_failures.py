"""docs/failures.md: what went wrong on real lines, from end to end through more than one page of the spec."""

from __future__ import annotations

import msgspec
import pytest

from keepclear.channel.by_hand import Filled, reading_of
from keepclear.channel.checks import Against, Severity, checks
from keepclear.channel.facts import Place, Time, Verdict, Word, compared, named_otherwise
from keepclear.channel.messages import About, Marker, Message, Translation, Urgency, Words, checked
from keepclear.channel.readings import mentions
from keepclear.channel.standing import Debt, standing_of
from keepclear.channel.statements import Act, Evidence, Kept, Means
from keepclear.geo.earth import E7
from keepclear.geo.places import NamedPoint, parse
from keepclear.ground.instants import parse_instant
from keepclear.parties.names import Name, Party
from keepclear.render.paper import text_of
from keepclear.render.sheets import Around, notice, read_back_sheet

WRITTEN = parse_instant("2017-05-18T06:00:00Z").us
MINUTE = 60_000_000
POST = NamedPoint("Kestrel post", 33.50583, 38.61778, 20.0, "survey")
MILL = NamedPoint("Hirbnafsah", 33.78, 37.68, 50.0, "survey", ("Hirbinifsah", "Harbnafsa", "خربنفسة", "Хирбнафса"))
PARTIES = (
    Party("alpha", (Name("Alpha", "en"),)),
    Party("bravo", (Name("Bravo", "en"),)),
    Party("meridian", (Name("Meridian", "en"),)),
)


def place(name: str, text: str, called: str = "") -> Place:
    read = parse(text, named_points={POST.name: POST})
    return Place(name, round(read.lat * E7), round(read.lon * E7), round(read.accuracy_m * 1000), text, called)


def message(text: str, *facts, marker: Marker = Marker.WARNING, **changed) -> Message:
    one = Message(
        "0" * 64, "alpha", "bravo", "ada", marker, Urgency.NOW, Words(changed.pop("language", "en"), text), WRITTEN,
        WRITTEN + 240 * MINUTE, facts=facts,
    )  # fmt: skip
    return checked(msgspec.structs.replace(one, **changed))


def read_back(said: Message, **heard: str):
    """The standing after somebody at the telephone wrote this down for Bravo."""
    sheet = Filled(
        Act.UNDERSTOOD, "bravo", "Basil", "line officer, by telephone", Means.VOICE, WRITTEN + MINUTE, heard=heard
    )
    statement = reading_of(sheet, said, "alpha", (POST,))
    return standing_of(said.id, said, [Kept(statement.id, statement, WRITTEN + MINUTE)], WRITTEN + 2 * MINUTE)


@pytest.mark.promise("CHECK-3", "SHEET-1", "SHEET-6")
def test_failure_1_a_place_goes_out_in_three_ways_and_one_that_comes_back_nine_kilometres_off_settles_nothing():
    """Deir ez-Zor 2016: the place that was told on the line lay about nine kilometres from the one that was meant."""
    seen = place("seen", "33.58800N 38.33900E")
    said = message("Seen 27.4 km 289° from Kestrel post.", seen, Word("near", "Kestrel post"))
    sheet = text_of(notice(said, Around(PARTIES, points=(POST,))))
    for way in ("33.58800N 38.33900E", "27.4 km 289° from Kestrel post", "near              Kestrel post"):
        assert way in sheet
    off = read_back(said, seen="33.66900N 38.33900E", near="Kestrel post")
    (step,) = off.steps["bravo"]
    assert {field.name: field.verdict for field in step.fields} == {"seen": Verdict.DIFFERS, "near": Verdict.SAME}
    assert step.fields[0].off_m == pytest.approx(9_000, rel=0.01)
    assert (off.debt, off.mismatch) == (Debt.OWED, True)
    assert read_back(said, seen="27.4 km 289° from Kestrel post", near="Kestrel post").mismatch, "too coarse for it"
    assert read_back(said, seen="33°35'16.80\"N 038°20'20.40\"E", near="KESTREL  POST").debt is Debt.CLAIMED


@pytest.mark.promise("CHANNEL-8", "SHEET-1")
def test_failure_17_two_accounts_of_one_loss_are_an_hour_apart_although_both_clocks_show_the_same():
    """September 2018: "about 23:00 Moscow" and "22:03 local", when both places kept UTC+3."""
    local = parse_instant("2018-09-17T22:03:00", "Asia/Damascus").us
    moscow = parse_instant("2018-09-17T23:00:00", "Europe/Moscow").us
    [field] = compared([Time("lost", local, "Asia/Damascus")], [Time("lost", moscow, "Europe/Moscow")])
    assert (field.verdict, field.off_s) == (Verdict.DIFFERS, 57 * 60.0)
    [same] = compared([Time("lost", local, "Asia/Damascus")], [Time("lost", local, "Europe/Moscow")])
    assert same.verdict is Verdict.SAME, "it is the instant that counts, and not the name of the zone"
    said = message("Lost.", Time("lost", local, "Asia/Damascus"), language="en")
    sheet = text_of(notice(said, Around(PARTIES, ("Asia/Damascus", "Europe/Moscow"))))
    for clock in ("19:03 UTC", "22:03 +03:00, Asia/Damascus", "22:03 +03:00, Europe/Moscow"):
        assert f"Mon 2018-09-17 {clock}" in sheet


@pytest.mark.promise("CHECK-2", "CHECK-11", "SHEET-5")
@pytest.mark.parametrize("spelled", ["Hirbnafsah", "Hirbinifsah", "Harbnafsa", "خربنفسة", "Хирбнафса"])
def test_failure_20_a_place_is_found_in_every_spelling_that_is_known_and_asked_for_its_coordinates(spelled):
    """ "Hirbinifsah" was taken for "Harb Bebsi" and spelled in four ways, and nobody had coordinates."""
    said = message(f"They fire at {spelled}.")
    assert [mention.point for mention in mentions(said.original.text, (MILL,))] == [MILL]
    (finding,) = checks(said, Against((MILL,)))
    assert (finding.key, finding.severity) == ("place.no_coordinates", Severity.STOPS)
    named = message(f"They fire at {spelled}.", place("site", "33.7800N 37.6800E", spelled))
    assert checks(named, Against((MILL,))) == ()
    assert "site, its name  (as it is read back, letter by letter)" in text_of(
        read_back_sheet(named, Around(PARTIES), theirs=True)
    )


@pytest.mark.promise("CHECK-2", "SHEET-1")
def test_failure_20_a_name_that_was_misheard_shows_although_the_coordinates_came_back_right():
    assert mentions("They fire at Harb Bebsi.", (MILL,)) == ()
    said = message("They fire there.", place("site", "33.7800N 37.6800E", "Hirbnafsah"))
    sheet = Filled(
        Act.UNDERSTOOD, "bravo", "Basil", "line officer, by telephone", Means.VOICE, WRITTEN + MINUTE,
        heard={"site": "33.7800N 37.6800E"}, called={"site": "Harb Bebsi"},
    )  # fmt: skip
    claim = reading_of(sheet, said, "alpha")
    assert named_otherwise(said.facts, claim.facts) == (("site", "Harb Bebsi"),)
    standing = standing_of(said.id, said, [Kept(claim.id, claim, WRITTEN + MINUTE)], WRITTEN + 2 * MINUTE)
    around = Around(PARTIES, standing=standing, known_at_us=WRITTEN + 2 * MINUTE)
    assert "site came back under another name: Harb Bebsi" in text_of(notice(said, around))


@pytest.mark.promise("SHEET-6", "CHANNEL-6")
def test_failure_26_a_relay_by_voice_stays_a_claim_however_many_sheets_say_the_same():
    said = message("Leave.", Word("zone", "Kestrel Pass"))
    kept = []
    for number, carrier in enumerate(("Meridian, by telephone", "Northlight, by radio", "Meridian, on paper")):
        sheet = Filled(
            Act.UNDERSTOOD, "bravo", "Basil", carrier, Means.VOICE, WRITTEN + number, heard={"zone": "Kestrel Pass"}
        )
        statement = reading_of(sheet, said, "alpha")
        kept.append(Kept(statement.id, statement, WRITTEN + number))
    found = standing_of(said.id, said, kept, WRITTEN + MINUTE)
    assert (found.debt, found.best("bravo", Act.UNDERSTOOD)) == (Debt.CLAIMED, Evidence.CLAIMED)
    assert found.best("bravo", Act.RECEIVED) is found.best("meridian", Act.DELIVERED) is None


@pytest.mark.promise("CHECK-5", "SHEET-1")
def test_practice_5_a_leaflet_in_two_languages_keeps_both_wordings_and_who_compared_them_and_points_nowhere_else():
    """The Arabic said "considered hostile", the English "seen as hostile intent"; it sent people to where it was dropped."""
    arabic = "سيعتبر ذلك عملا عدائيا."
    english = "This will be seen as hostile intent."
    drop, go_to = place("drop_area", "33.73N 37.84E", "Zaza"), place("go_to", "33.7300N 37.8400E", "Zaza")
    leaflet = message(
        arabic, drop, go_to, language="ar", about=About("zone", "kestrel-pass"), marker=Marker.DEMAND,
        translations=(Translation("en", english, "leaflet office"),),
    )  # fmt: skip
    assert "place.go_to_is_leave" in {finding.key for finding in checks(leaflet, Against())}
    sheet = text_of(notice(leaflet, Around(PARTIES)))
    for shown in (arabic, english, "ar, the original", "en, translated by leaflet office, compared by nobody"):
        assert shown in sheet
    other_words = msgspec.structs.replace(
        leaflet, translations=(Translation("en", "This is hostile.", "leaflet office"),)
    )
    assert other_words.id != leaflet.id, "another wording is another message"

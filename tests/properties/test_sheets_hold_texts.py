"""No text of somebody else's leaves its place on a sheet, whatever it is made of."""

from __future__ import annotations

import unicodedata
from html.parser import HTMLParser

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepclear.channel.facts import Place, Time, Word
from keepclear.channel.messages import About, Attachment, Marker, Message, Translation, Urgency, Words
from keepclear.channel.standing import standing_of
from keepclear.channel.statements import Act, Kept, Statement
from keepclear.ground.lookalike import plain
from keepclear.parties.names import Name, Party
from keepclear.render.lettering import columns
from keepclear.render.paper import html_of, text_of
from keepclear.render.sheets import Around, notice, read_back_sheet
from keepclear.render.shown_text import CLOSE, OPEN, in_html, on_terminal, visible
from tests.builders import at

NASTY = st.lists(
    st.sampled_from(
        ["</td></table>", "<script>alert(1)</script>", '" onclick="x', "&amp;", "&#8238;", "<!--", "]]>", "<bdi>", "</bdi>", "---",
         "\x00", "\x07", "\x1b[2J", "\x9b", "\r", "\n", "\t", "\u0300", "\u0336" * 9, "\U000e0041", "\ue000", OPEN, CLOSE, "***",
         "Bravo", "\u0412\u0433\u0430vo", "٣٣٫٥", "۳۸", "33.5N 38.6E", "مرحبا", "Прошу", "日本", " ", "x" * 90,
         *"\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c\u200b\u200c\u200d\ufeff\u00ad\u2028\u2029"]
    ),
    max_size=12,
).map("".join)  # fmt: skip
TEXTS = NASTY | st.text(max_size=40)
ISOLATES = "\u2066\u2067\u2068"
PARTIES = (Party("alpha", (Name("Alpha", "en"),)), Party("bravo", (Name("برافو", "ar"), Name("Bravo", "en"))))
TAGS = {
    "html", "head", "meta", "title", "style", "body", "table", "thead", "tbody", "tfoot", "tr", "th", "td", "div", "p", "h2", "dl", "dt",
    "dd", "b", "span", "code", "bdi", "br",
}  # fmt: skip


@st.composite
def messages(draw) -> Message:
    """Not `checked`: what would be refused elsewhere must not break out here either."""
    facts = (
        Place("seen", draw(st.integers(-900_000_000, 900_000_000)), 0, 1_000, draw(TEXTS), draw(TEXTS)),
        Time("by", at("12:00"), draw(TEXTS)),
        Word("unit", draw(TEXTS)),
    )
    return Message(
        "0" * 64, draw(st.just("alpha") | TEXTS), "bravo", draw(TEXTS), draw(st.sampled_from(Marker)), Urgency.NOW,
        Words(draw(st.sampled_from(["en", "ar", "ru"]) | TEXTS), draw(TEXTS)), at("10:00"), at("14:00"), about=About("zone", draw(TEXTS)),
        facts=facts, translations=(Translation("ar", draw(TEXTS), draw(TEXTS), draw(TEXTS)),),
        attachments=(Attachment(draw(TEXTS), "text/plain", "0" * 64, 1),), exercise=draw(st.booleans()),
    )  # fmt: skip


def sheets(message: Message, said: str):
    """The sheets of a message, and those of the same with plain words in the place of every text."""
    for make in (notice, lambda *args: read_back_sheet(*args, theirs=False)):
        yield make(message, around(message, said)), make(harmless(message), around(message, "word" if said else ""))


def around(message: Message, said: str) -> Around:
    """With a step whose words are these, too."""
    heard = (Place("seen", 0, 0, 1_000, "", f"heard {said}"),)
    told = Statement(Act.UNDERSTOOD, "bravo", "alpha", message.id, at("10:05"), person=said, carrier=said, facts=heard)
    standing = standing_of(message.id, message, [Kept("1" * 64, told, at("10:05"))], at("10:30"))
    return Around(PARTIES, ("Asia/Damascus", "UTC"), standing=standing, known_at_us=at("10:30"))


class Skeleton(HTMLParser):
    """The elements of a page, but for those that texts are set in."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.within: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        assert tag in TAGS
        assert {name for name, _ in attrs} <= {"lang", "dir", "class", "charset", "http-equiv", "content"}
        if tag not in ("bdi", "br") and dict(attrs).get("class") != "mark":
            self.found.append(f"{tag} {dict(attrs).get('class')}")
        if tag not in ("br", "meta"):
            self.within.append(tag)

    def handle_endtag(self, tag):
        assert self.within.pop() == tag

    def handle_comment(self, data):
        raise AssertionError(data)

    def handle_pi(self, data):
        raise AssertionError(data)


def harmless(message: Message) -> Message:
    """The same with plain words in the place of every text: as many blocks, as many boxes."""

    def word(text: str) -> str:
        return "word" if text else ""

    return msgspec.structs.replace(
        message,
        author=word(message.author),
        original=Words(message.original.language, "word"),
        about=About("zone", word(message.about.id)),
        facts=tuple(
            msgspec.structs.replace(
                fact, **{name: word(getattr(fact, name)) for name in ("as_entered", "called", "zone", "text") if hasattr(fact, name)}
            )
            for fact in message.facts
        ),
        translations=tuple(
            Translation("ar", "word", word(one.by), word(one.reviewed_by)) for one in message.translations
        ),
        attachments=tuple(Attachment("word", one.media_type, one.digest, 1) for one in message.attachments),
    )  # fmt: skip


@pytest.mark.promise("SHEET-7")
@given(messages(), TEXTS)
def test_no_text_breaks_out_of_its_place_in_html(message, said):
    for sheet, plain_sheet in sheets(message, said):
        page = html_of(sheet)
        skeleton = Skeleton(page)
        assert skeleton.within == []
        assert skeleton.found == Skeleton(html_of(plain_sheet)).found
        assert all(is_shown(ch) for ch in page), "nothing that steers is in the page at all"


@pytest.mark.promise("SHEET-7", "SHEET-9", "SHEET-4")
@given(messages(), TEXTS)
def test_no_text_breaks_out_of_its_place_on_plain_paper(message, said):
    for sheet, _ in sheets(message, said):
        text = text_of(sheet)
        assert text.splitlines() == text.split("\n")[:-1], "no other line ends"
        for line in text.splitlines():
            assert columns(line) <= 80
            depth = 0
            for ch in line:
                depth += (ch in ISOLATES) - (ch == "\u2069")
                assert depth >= 0
                assert is_shown(ch) or ch in ISOLATES or ch == "\u2069"
            assert depth == 0


def is_shown(ch: str) -> bool:
    """A joiner of Persian and a line break, or something that is seen and steers nothing."""
    return ch in "\n\u200c\u200d" or unicodedata.category(ch)[0] in "LMNPS" or ch == " "


@pytest.mark.promise("SHEET-7")
@given(TEXTS)
def test_every_character_of_a_text_is_shown_or_stands_as_its_number(text):
    shown = visible(text)
    assert all(is_shown(ch) for ch in shown)
    assert shown.count(OPEN) == shown.count(CLOSE)
    without_marks = "".join(
        part.partition(CLOSE)[2] if number else part for number, part in enumerate(shown.split(OPEN))
    )
    letters = [ch for ch in text if unicodedata.category(ch)[0] in "LNP" and ch not in (OPEN, CLOSE)]
    assert [ch for ch in without_marks if unicodedata.category(ch)[0] in "LNP"] == [
        ch for ch in letters if plain(ch) or ch == "\u0640"
    ]


@pytest.mark.promise("SHEET-8")
@given(TEXTS, TEXTS)
def test_whatever_stands_around_a_spoofed_name_it_is_marked(before, after):
    shown = visible(f"{before} \u0412\u0433\u0430vo {after}", ("Bravo",))
    assert "\u0412\u0433\u0430vo⟦not Bravo⟧" in shown


@pytest.mark.promise("SHEET-9")
@given(TEXTS, TEXTS, st.sampled_from(["", "ar", "en", "ru"]))
def test_whatever_stands_around_a_coordinate_it_is_whole(before, after, language):
    coordinate = "37S DT 64499 07430"
    text = f"{before}({coordinate}){after}"
    for line in on_terminal(text, (), language).split("\n"):
        if "مرحبا" in line and coordinate in line:
            assert f"\u2066{coordinate}\u2069" in line
    assert coordinate in on_terminal(text, (), language)
    assert coordinate in in_html(text, (), language)

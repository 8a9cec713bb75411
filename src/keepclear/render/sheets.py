"""Sheets for a party that has paper and a telephone and no node: the notice, and the sheet to write a read-back on.

    sheet = notice(message, around)                      html_of(sheet), text_of(sheet): render.paper
    sheet = read_back_sheet(message, around, theirs=True)

The sheet for the other side has no answers on it: what is read back from it was understood, and not read off. What comes back is entered
as a claim (`channel.by_hand`). Labels are English; what must be understood at once stands in the languages of the texts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from keepclear.channel.by_hand import number_of
from keepclear.channel.drafts import counted, measured
from keepclear.channel.facts import Count, Fact, Place, Time, Verdict, Word, named_otherwise
from keepclear.channel.messages import Marker, Message, Urgency
from keepclear.channel.standing import Debt, Standing, Step, due_us
from keepclear.channel.statements import Act
from keepclear.geo.earth import E7
from keepclear.geo.notations import notations
from keepclear.geo.places import NamedPoint, Notation
from keepclear.ground.instants import EPOCH, MICROSECOND, duration_text, zone_named
from keepclear.parties.names import Kind, Party
from keepclear.render.paper import (
    Blank,
    Block,
    Box,
    Choices,
    Command,
    Fields,
    Heading,
    Line,
    Note,
    Passage,
    Said,
    Sheet,
)
from keepclear.render.shown_text import names_of
from keepclear.render.wording import length_text

ENTER_COMMAND = (
    "keepclear message state {id} ACT --of {of} --person 'NAME, ROLE' --carrier 'WHO BROUGHT THE WORD' --means voice --said-at TIME "
    "--heard NAME='AS READ BACK'"
)
_NOTATIONS = (Notation.DECIMAL, Notation.DMS, Notation.MGRS)
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

# Words that must be understood by whoever reads any of the texts. Nobody who speaks the language has compared the Russian and the Arabic.
_MARKERS: Mapping[str, Mapping[Marker, str]] = {
    "en": {marker: marker.value.capitalize() for marker in Marker},
    "ru": {
        Marker.QUESTION: "Вопрос", Marker.ANSWER: "Ответ", Marker.REQUEST: "Просьба", Marker.INFORMATION: "Информация",
        Marker.INTENTION: "Намерение", Marker.WARNING: "Предупреждение", Marker.ADVICE: "Совет", Marker.DEMAND: "Требование",
    },
    "ar": {
        Marker.QUESTION: "سؤال", Marker.ANSWER: "جواب", Marker.REQUEST: "طلب", Marker.INFORMATION: "معلومات",
        Marker.INTENTION: "نية", Marker.WARNING: "تحذير", Marker.ADVICE: "نصيحة", Marker.DEMAND: "مطالبة",
    },
}  # fmt: skip
_EXERCISE = {"en": "EXERCISE", "ru": "УЧЕНИЕ", "ar": "تمرين"}
_NO_PERMISSION = {
    "en": "A notice neither asks for permission nor gives any. Silence is neither yes nor no.",
    "ru": "Уведомление не испрашивает разрешения и не даёт его. Молчание не означает ни «да», ни «нет».",
    "ar": "الإشعار لا يطلب إذناً ولا يمنحه. والصمت لا يعني نعم ولا لا.",
}
_URGENCIES = {
    Urgency.NOW: "now: a person must see it at once",
    Urgency.SOON: "soon",
    Urgency.ROUTINE: "routine",
}
_ASKS = {
    Marker.QUESTION: "answer it, or say that there is nothing to answer",
    Marker.REQUEST: "answer it, or refuse in words",
    Marker.ANSWER: "say that it came",
}
_READ_BACK = "read back every value of it"
_OUTCOMES: Mapping[Act, str] = {
    Act.UNDERSTOOD: "understood: every box above was read back",
    Act.NOT_UNDERSTOOD: "not understood",
    Act.SAY_AGAIN: "say again",
    Act.STAND_BY: "stand by, the answer comes within ________ minutes",
    Act.NO_INFORMATION: "no information: there is nothing to answer",
    Act.REFUSED: "refused, in the words below",
}
_ACTS: Mapping[Act, str] = {act: act.value.replace("_", " ") for act in Act}
_DEBTS: Mapping[Debt, str] = {
    Debt.OWED: "what it asks for has not been given; there is time",
    Debt.STAND_BY: "the other side has said how soon the answer comes",
    Debt.CLAIMED: "somebody says for the other side that it was given",
    Debt.SETTLED: "the other side has given what it asks for",
    Debt.UNCONFIRMED: "unconfirmed: it may have arrived, or not",
    Debt.SUPERSEDED: "another message stands in its place",
}
_VERDICTS: Mapping[Verdict, str] = {
    Verdict.SAME: "came back as it was said",
    Verdict.DIFFERS: "came back otherwise",
    Verdict.TOO_COARSE: "came back too coarse to show that it was understood",
    Verdict.MISSING: "did not come back",
    Verdict.NOT_SAID: "came back, and was never said",
}
_HINTS = {
    Place: "a place: its coordinates as they are read back",
    Time: "a time: the date, the hour and its zone",
    Count: "how many: 27, 20-27, 60+",
    Word: "a word or a name: letter by letter",
}


class Around(NamedTuple):
    """What a sheet is written with, besides its message.

    parties   those that both sides know, with their names
    zones     the time zones of the sender and of whom the message goes to
    points    named points that both sides know
    standing  what is known of the message, as of `known_at_us`; None: the sheet does not say"""

    parties: tuple[Party, ...]
    zones: tuple[str, str] = ("UTC", "UTC")
    points: tuple[NamedPoint, ...] = ()
    standing: Standing | None = None
    known_at_us: int = 0


def notice(message: Message, around: Around) -> Sheet:
    """The message as a notice to print and to read out."""
    number = number_of(message.id)
    blocks: list[Block] = [Fields(_of_the_message(message, around))]
    if message.facts:
        blocks.append(Heading("What it states"))
        blocks.append(Fields(tuple((_worded(fact.name), _stated(fact, around)) for fact in message.facts)))
    blocks += [Heading("Texts"), *_texts(message)]
    if message.attachments:
        blocks.append(Heading("Goes with it"))
        blocks += [
            Note((Said(one.name), f", {one.byte_count:,} bytes, SHA-256 {one.digest}")) for one in message.attachments
        ]
    if around.standing is not None:
        blocks += [Heading("What is known of it"), *_known(around.standing, message, around)]
    return _sheet("Notice", message, number, around, blocks)


def read_back_sheet(message: Message, around: Around, *, theirs: bool) -> Sheet:
    """The sheet to write down what is read back, a box for each fact.

    theirs  the copy of the other side, without what was said; else the copy of the sender, with it beside each box, and with how the
            sheet is entered"""
    number = number_of(message.id)
    who: list[tuple[str, tuple[Line, ...]]] = [
        ("number", ((f"{number}  - read it out in groups",),)),
        ("from", (_party(message.sender, around),)),
        ("to", (_party(message.final, around),)),
    ]
    blocks: list[Block] = [Fields(tuple(who)), Heading("Read back, box by box")]
    if theirs:
        blocks.append(
            Note(("Write down what you have understood, and read that back. Do not read it off the notice.",))
        )
    for fact in message.facts:
        said = () if theirs else _stated(fact, around)
        blocks.append(Box(_worded(fact.name), _HINTS[type(fact)], said))
        if isinstance(fact, Place) and fact.called:
            named: tuple[Line, ...] = () if theirs else ((Said(fact.called),),)
            blocks.append(Box(f"{_worded(fact.name)}, its name", "as it is read back, letter by letter", named))
    blocks += [Heading("What was answered"), Choices(tuple(_OUTCOMES.values())), Blank("words")]
    blocks += [Heading("Who, and how"), Blank("who read back"), Blank("role")]
    blocks += [Choices(("by voice", "by radio", "on paper")), Blank("who brought the word (carrier)")]
    blocks += [Blank("date, time and zone"), Blank("written down by")]
    if not theirs:
        blocks += [
            Heading("How to enter it"),
            Note(("It is entered as a claim of the one who enters it, with its carrier. It stays a claim.",)),
            Command(ENTER_COMMAND.format(id=message.id, of=message.final)),
        ]
    return _sheet("Read-back, their copy" if theirs else "Read-back, our copy", message, number, around, blocks)


def _sheet(kind: str, message: Message, number: str, around: Around, blocks: list[Block]) -> Sheet:
    languages = _languages(message)
    foot: tuple[Line, ...] = tuple((Said(_NO_PERMISSION[language], language),) for language in languages)
    exercise = _in_each(_EXERCISE, languages) if message.exercise else ()
    return Sheet(f"{kind} {number}", foot, tuple(blocks), names_of(around.parties), exercise)


def _languages(message: Message) -> list[str]:
    """English, and those of the texts that there are words for here."""
    tags = (message.original.language, *(one.language for one in message.translations))
    spoken = [tag.partition("-")[0] for tag in tags]
    return list(dict.fromkeys(["en", *(language for language in spoken if language in _NO_PERMISSION)]))


def _in_each(words: Mapping[str, str], languages: Iterable[str]) -> Line:
    """The word of each language, one behind the other."""
    parts: list[str | Said] = []
    for language in languages:
        parts += [*([" - "] if parts else []), Said(words[language], language)]
    return tuple(parts)


# --- what it says of itself ---


def _of_the_message(message: Message, around: Around) -> tuple[tuple[str, tuple[Line, ...]], ...]:
    markers = {language: words[message.marker] for language, words in _MARKERS.items()}
    rows: list[tuple[str, tuple[Line, ...]]] = [
        ("number", ((f"{number_of(message.id)}  - read it out in groups",),)),
        ("from", (_party(message.sender, around),)),
        ("given by", ((Said(message.author), ", a person of ", *_party(message.sender, around)),)),
        ("to", (_party(message.to, around),)),
    ]
    if message.addressee:
        rows.append(("to be told to", (_party(message.addressee, around),)))
    rows += [
        ("what it is", (_in_each(markers, _languages(message)),)),
        ("priority", ((_URGENCIES[message.urgency],),)),
        ("written", _by_both(message.written_at_us, message, around)),
        ("of use until", _by_both(message.valid_until_us, message, around)),
        ("asks you to", ((_ASKS.get(message.marker, _READ_BACK),),)),
        ("by", _by_both(due_us(message), message, around)),
    ]
    if message.about.kind:
        rows.append(("about", ((Said(message.about.kind), " ", Said(message.about.id)),)))
    if message.answers:
        rows.append(("answers", ((f"number {number_of(message.answers)}",),)))
    if message.supersedes:
        rows.append(("corrects", ((f"number {number_of(message.supersedes)}",),)))
    rows.append(("whole id", ((message.id[:32],), (message.id[32:],))))
    return tuple(rows)


def _party(id: str, around: Around) -> Line:
    """A party by its name and its id; an id that nobody knows says so."""
    party = next((party for party in around.parties if party.id == id), None)
    if party is None:
        return (Said(id), " (no party of that id is known here)")
    name = next((name for name in party.names if name.kind is Kind.OFFICIAL), party.names[0])
    return (Said(name.text, name.language), f" ({party.id})")


def _texts(message: Message) -> Iterable[Block]:
    original = message.original
    yield Passage((Said(original.language), ", the original"), Said(original.text, original.language))
    for one in message.translations:
        reviewed: Line = (", compared by ", Said(one.reviewed_by)) if one.reviewed_by else (", compared by nobody",)
        above: Line = (Said(one.language), ", translated by ", Said(one.by), *reviewed)
        yield Passage(above, Said(one.text, one.language))


# --- what it states ---


def _worded(name: str) -> str:
    return name.replace("_", " ")


def _stated(fact: Fact, around: Around) -> tuple[Line, ...]:
    match fact:
        case Place():
            return _place(fact, around)
        case Time():
            spoken: Line = ("spoken in the zone ", Said(fact.zone))
            return (*_times(fact.at_us, around), spoken)
        case Count():
            entered: tuple[Line, ...] = (("as entered: ", Said(fact.as_entered)),) if fact.as_entered else ()
            return ((counted(fact),), *entered)
        case Word():
            return ((Said(fact.text),),)


def _place(place: Place, around: Around) -> tuple[Line, ...]:
    lat, lon = place.lat_e7 / E7, place.lon_e7 / E7
    written = notations(lat, lon, max(place.accuracy_mm, 1) / 1000)
    lines: list[Line] = [(written[one],) for one in _NOTATIONS if one in written]
    lines.append((f"written to within {length_text(place.accuracy_mm / 1000)}",))
    if place.called:
        lines.append(("called ", Said(place.called)))
    lines += [(Said(text, "en"),) for text in measured(lat, lon, around.points, "en")]
    if place.as_entered:
        lines.append(("as entered: ", Said(place.as_entered)))
    return tuple(lines)


# --- times ---


def _by_both(at_us: int, message: Message, around: Around) -> tuple[Line, ...]:
    """An instant in UTC and by the clocks of both sides, each with its weekday and date."""
    sides = zip((message.sender, message.to), around.zones, strict=True)
    there: list[Line] = [
        (f"{_clock(at_us, zone)}, at ", *_party(party, around)[:1], f", {zone}") for party, zone in sides
    ]
    return ((_clock(at_us, "UTC"),), *there)


def _times(at_us: int, around: Around) -> tuple[Line, ...]:
    zones = dict.fromkeys(("UTC", *around.zones))
    return tuple((_clock(at_us, zone) + ("" if zone == "UTC" else f", {zone}"),) for zone in zones)


def _clock(at_us: int, zone: str) -> str:
    """`Mon 2026-05-18 13:00 +03:00`; seconds where there are any."""
    local = (EPOCH + at_us * MICROSECOND).astimezone(zone_named(zone))
    seconds = f":{local:%S}" if local.second or local.microsecond else ""
    fraction = f".{local.microsecond:06d}" if local.microsecond else ""
    offset = "UTC" if zone == "UTC" else local.isoformat()[-6:]
    return f"{_WEEKDAYS[local.weekday()]} {local:%Y-%m-%d %H:%M}{seconds}{fraction} {offset}"


# --- what is known ---


def _known(standing: Standing, message: Message, around: Around) -> Iterable[Block]:
    yield Note((f"As of {_clock(around.known_at_us, 'UTC')}: {_DEBTS[standing.debt]}.",))
    for steps in standing.steps.values():
        for step in steps:
            yield Note(_step(step, around))
            if step.fields:
                yield from (Note(("    ", *line)) for line in _otherwise(step, message))


def _otherwise(step: Step, message: Message) -> Iterable[Line]:
    """What of a read-back is not as it was said."""
    for field in step.fields:
        if field.verdict is not Verdict.SAME:
            off = f", {length_text(field.off_m)} off" if field.off_m is not None else ""
            off += f", {duration_text(round(field.off_s * 1e6))} off" if field.off_s is not None else ""
            yield (f"{_worded(field.name)} {_VERDICTS[field.verdict]}{off}",)
    for name, called in named_otherwise(message.facts, step.kept.statement.facts):
        if called:
            yield (f"{_worded(name)} came back under another name: ", Said(called))
        else:
            yield (f"{_worded(name)} came back without its name",)


def _step(step: Step, around: Around) -> Line:
    said = step.kept.statement
    towards: Line = (" to ", *_party(said.towards, around)) if said.towards else ()
    carrier: Line = (", brought by ", Said(said.carrier)) if said.carrier else ()
    person: Line = (", ", Said(said.person)) if said.person else ()
    over = ", over other bytes: it counts for nothing" if step.over_another else ""
    return (
        f"{_clock(said.at_us, 'UTC')}  ", *_party(said.of, around), *person, f": {_ACTS[said.act]}", *towards,
        f" - {step.evidence.value}, by the word of ", *_party(said.said_by, around), *carrier, over,
    )  # fmt: skip

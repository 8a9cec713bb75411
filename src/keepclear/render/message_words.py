"""Messages as people read them: one in a list, one whole with everything that is held of it, one that is about to go, a read-back.

What comes in are the values of the API, read as JSON; what goes out are lines without line breaks in which nothing steers a terminal.
Whose word a thing is stands with it, and what nobody has said is called unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any

from keepclear.channel.by_hand import number_of
from keepclear.geo.earth import E7
from keepclear.geo.notations import notations
from keepclear.geo.places import Notation
from keepclear.ground.errors import Refused, printable
from keepclear.ground.instants import EPOCH, duration_text, parse_instant, utc_text, zone_named
from keepclear.render.shown_text import on_terminal
from keepclear.render.talk_sentences import DEBTS, article, clock_of, done_text, short
from keepclear.render.wording import clock_text, length_text

Said = Mapping[str, Any]
FIRST_WORDS_CHARS = 88
_KINDS = {"place": "a place", "time": "a time, with its zone", "count": "a count", "word": "a name or a term"}
_HOPS = (
    ("received", "has it"),
    ("forwarded", "has passed it on"),
    ("delivered", "has delivered it"),
    ("understood", "has understood it"),
)
_HOW_KNOWN = {"evidenced": "by its own word", "claimed": "somebody claims so", None: "nothing known"}
_ALWAYS_SAID = frozenset({"received", "understood"})


# --- a message in a list ---


def in_list(view: Said) -> list[str]:
    """Two lines for a message of a list: which, whose, how it stands; and its first words."""
    beyond = f" for {view['addressee']}" if view["addressee"] else ""
    way = f"to {view['to']}{beyond}" if view["direction"] == "out" else f"from {view['sender']}"
    exercise = "EXERCISE: " if view["exercise"] else ""
    head = f"{short(view['message'])}  {clock_of(view['written_at'])}  {exercise}{article(view['marker'])} {way} ({view['urgency']}): "
    words = " ".join(str(view["text"]).split())
    if len(words) > FIRST_WORDS_CHARS:
        words = words[: FIRST_WORDS_CHARS - 1] + "…"
    return [printable(head + standing_text(view)), f"          {on_terminal(words, language=view['language'])}"]


def standing_text(view: Said) -> str:
    """How what a message asks for stands."""
    debt = view["debt"]
    words = DEBTS[debt]
    if debt == "unconfirmed":
        words = words.replace("unconfirmed", "UNCONFIRMED", 1)
    due = f", due by {clock_of(view['due_at'])}" if debt in ("owed", "stand_by", "claimed", "unconfirmed") else ""
    late = ", late" if view["late"] else ""
    differs = "; THE READ-BACK DIFFERS from what was said" if view["mismatch"] else ""
    return f"{words}{due}{late}{differs}"


# --- a message as a whole ---


def whole(view: Said) -> Iterator[str]:
    """A message: what it says in every language, its facts, how far it came by whose word, and every statement."""
    said = view["content"]
    yield from _lines(f"Message {view['message']}")
    yield f"  on a telephone {number_of(view['message'])}"
    if said["exercise"]:
        yield "  EXERCISE"
    yield from _lines(f"{article(said['marker'])} ({said['urgency']}) from {said['sender']} to {_whom(said)}", "  ")
    yield from _lines(
        f"written by {said['author']} at {_clock_us(said['written_at_us'])}; known here since {clock_of(view['known_at'])}",
        "  ",
    )
    yield from _lines(f"of use until {_clock_us(said['valid_until_us'])}", "  ")
    for kind, id in _cites(said):
        yield from _lines(f"{kind} {id}", "  ")
    for answer in view["answered_by"]:
        yield from _lines(f"answered by {short(answer)}", "  ")
    text = standing_text(view)
    yield from _lines(f"{text[0].upper()}{text[1:]}.", "  ")
    yield from _texts(said["original"], said["translations"])
    for file in said["attachments"]:
        yield from _lines(
            f"File: {file['name']} ({file['media_type']}, {file['byte_count']:,} bytes, SHA-256 {file['digest']})"
        )
    yield from facts_as_said(said["facts"])
    yield ""
    yield "How far it came:"
    for hop in view["hops"]:
        is_last = hop["party"] == (said["addressee"] or said["to"])
        differs = _differs(hop["party"], view["statements"])
        yield from _lines(hop_text(hop, is_last=is_last, differs=differs), "  ")
    yield ""
    if not view["statements"]:
        yield "Nobody has said anything of it yet."
        return
    yield "What was said of it, and whose word that is:"
    for statement in view["statements"]:
        yield from statement_lines(statement)


def _whom(said: Said) -> str:
    return f"{said['to']}, to be told to {said['addressee']}" if said.get("addressee") else str(said["to"])


def _cites(said: Said) -> Iterator[tuple[str, str]]:
    about = said["about"]
    if about["kind"]:
        yield f"about {about['kind']}", about["id"]
    if said["answers"]:
        yield "answers", short(said["answers"])
    if said["supersedes"]:
        yield "corrects", short(said["supersedes"])


def _texts(original: Said, translations: Iterable[Said]) -> Iterator[str]:
    yield ""
    yield from _lines(f"Text ({original['language']}):")
    yield from _spoken_lines(original, "  | ")
    for one in translations:
        compared = f"compared by {one['reviewed_by']}" if one.get("reviewed_by") else "compared by nobody"
        yield from _lines(f"The same in {one['language']}, translated by {one['by']}, {compared}:")
        yield from _spoken_lines(one, "  | ")


def hop_text(hop: Said, *, is_last: bool, differs: bool = False) -> str:
    """How well it is known what a party did with a message: "bravo: has it: by its own word; has understood it: nothing known".

    differs  what it read back is not what was said"""
    known = [
        f"{words}: {_HOW_KNOWN[hop[act]]}"
        for act, words in _HOPS
        if act in _ALWAYS_SAID or hop[act] is not None or (act == "forwarded" and not is_last)
    ]
    but = ", BUT WHAT IT READ BACK DIFFERS from what was said" if differs else ""
    return f"{hop['party']}: {'; '.join(known)}{but}"


def _differs(party: str, statements: Iterable[Said]) -> bool:
    """Whether the newest read-back of a party differs from what was said: its own where there is one, else what others say for it."""
    of_it = [one for one in statements if (one["of"], one["act"], one["over_another"]) == (party, "understood", False)]
    own = [one for one in of_it if one["evidence"] == "evidenced"]
    newest = (own or of_it)[-1:]
    return any(field["verdict"] != "same" for one in newest for field in one["fields"])


def statement_lines(statement: Said) -> Iterator[str]:
    """A statement: when, what was done by whom, and whose word it is; with its words and its read-back field by field."""
    carrier = f", brought by {statement['carrier']} ({statement['means']})" if statement["carrier"] else ""
    if statement["evidence"] == "evidenced":
        whose = f"{statement['said_by']}'s own word"
    else:
        whose = f"{statement['said_by']} CLAIMS so{carrier}"
    nothing = "; it cites other bytes than these, and COUNTS FOR NOTHING" if statement["over_another"] else ""
    yield from _lines(f"{clock_of(statement['said_at'])}  {done_text(statement)} [{whose}]{nothing}", "  ")
    if statement["words"]:
        yield from _spoken_lines(statement["words"], "    | ")
    yield from (f"    {line}" for line in read_back(statement["fields"]))


# --- facts and read-backs ---


def facts_as_said(facts: Iterable[Said]) -> Iterator[str]:
    """The facts that a message states, each with how it is understood."""
    for number, fact in enumerate(facts):
        if number == 0:
            yield ""
            yield "Facts:"
        yield from _lines(f"{fact['name']}: {fact_text(fact)}", "  ")


def fact_text(fact: Said) -> str:
    """A fact of a message, as it was entered and as everybody understands it."""
    match fact["is"]:
        case "place":
            lat, lon, accuracy_m = fact["lat_e7"] / E7, fact["lon_e7"] / E7, max(fact["accuracy_mm"], 1) / 1000
            written = notations(lat, lon, accuracy_m)
            called = f"{fact['called']}, " if fact["called"] else ""
            entered = f' (entered: "{fact["as_entered"]}")' if fact["as_entered"] else ""
            return (
                f"{called}{written[Notation.DECIMAL]} = {written[Notation.MGRS]}, to {length_text(accuracy_m)}{entered}"
            )
        case "time":
            return f"{_clock_us(fact['at_us'])}{_spoken(fact['at_us'], fact['zone'])}"
        case "count":
            high = "or more" if fact["high"] is None else "" if fact["high"] == fact["low"] else f"to {fact['high']}"
            return f"{fact['low']} {high}".rstrip()
    return f'"{fact["text"]}"'


def _spoken(at_us: int, zone: str) -> str:
    if zone.upper() in ("UTC", "Z"):
        return ""
    try:
        there = (EPOCH + timedelta(microseconds=at_us)).astimezone(zone_named(zone))
    except Refused:
        return f" (spoken in {zone})"
    return f" = {there:%Y-%m-%d %H:%M:%S} {zone}"


def given_text(fact: Said) -> str:
    """A fact as somebody writes it, of a message that has not gone."""
    match fact["is"]:
        case "time":
            zone = fact.get("zone", "UTC")
            try:
                at_us = parse_instant(fact["at"]).us
            except Refused:
                return str(fact["at"])
            return f"{_clock_us(at_us)}{_spoken(at_us, zone)}"
        case "place" if fact.get("called"):
            return f"{fact['called']}, {fact['text']}"
    return str(fact["text"])


def as_given(fact: Said) -> dict[str, Any]:
    """A fact of a message as somebody would write it again: what a correction starts from."""
    name = fact["name"]
    match fact["is"]:
        case "place":
            return {"is": "place", "name": name, "text": fact["as_entered"], "called": fact["called"]}
        case "time":
            return {"is": "time", "name": name, "at": utc_text(fact["at_us"]), "zone": fact["zone"]}
        case "count":
            up_to = "+" if fact["high"] is None else "" if fact["high"] == fact["low"] else f"-{fact['high']}"
            return {"is": "count", "name": name, "text": fact["as_entered"] or f"{fact['low']}{up_to}"}
    return {"is": "word", "name": name, "text": fact["text"]}


def asked_for(fact: Said) -> str:
    """What is asked of whoever reads a fact back; its value is not in it."""
    return printable(f"{fact['name']} ({_KINDS[fact['is']]})")


def read_back(fields: Iterable[Said]) -> Iterator[str]:
    """A read-back, field by field."""
    for field in fields:
        yield printable(f"{field['name']}: {_field_text(field)}")


def _field_text(field: Said) -> str:
    match field["verdict"]:
        case "same":
            return "as it was said"
        case "differs":
            if field["off_m"] is not None:
                return f"DIFFERS: {length_text(field['off_m'])} apart"
            if field["off_s"] is not None:
                return f"DIFFERS: {duration_text(round(1e6 * field['off_s']))} apart"
            return "DIFFERS"
        case "too_coarse":
            return "TOO COARSE: it would fit other places as well"
        case "missing":
            return "NOT READ BACK"
    return "was read back and never said"


# --- a message that is about to go ---


def about_to_go(draft: Said) -> Iterator[str]:
    """A message as it would go: whom it is for, what it asks for by when, its texts and facts."""
    exercise = "EXERCISE: " if draft.get("exercise") else ""
    yield from _lines(f"{exercise}{article(draft['marker'])} ({draft.get('urgency', 'routine')}) to {_whom(draft)}")
    for name, words in (
        ("reply_by", "reply due by"), ("reply_within", "reply due within"), ("valid_until", "of use until"),
        ("valid_for", "of use for"), ("answers", "answers"), ("supersedes", "corrects"),
    ):  # fmt: skip
        if draft.get(name):
            value = short(draft[name]) if name in ("answers", "supersedes") else draft[name]
            yield from _lines(f"{words} {value}", "  ")
    about = draft.get("about") or {}
    if about.get("kind"):
        yield from _lines(f"about {about['kind']} {about['id']}", "  ")
    original = {"language": draft.get("language", "en"), "text": draft["text"]}
    yield from _texts(original, draft.get("translations", []))
    facts = draft.get("facts", [])
    if facts:
        yield ""
        yield "Facts:"
    for fact in facts:
        yield from _lines(f"{fact['name']}: {given_text(fact)}", "  ")


def found(findings: Iterable[Said], meant: Iterable[str] = ()) -> Iterator[str]:
    """What the check of a message found, and what was said to be meant."""
    named, nothing = set(meant), True
    for one in findings:
        nothing = False
        how = "meant  " if one["key"] in named else "STOPS  " if one["severity"] == "stops" else "asks   "
        yield from _lines(f"{how} {one['text']}  [{one['key']}]", "  ")
    if nothing:
        yield "  nothing was found. That is no assurance that all is well, and no permission."


def _clock_us(at_us: int) -> str:
    return clock_text(at_us // 1_000_000 * 1_000_000)


def _spoken_lines(words: Said, before: str) -> Iterator[str]:
    """What somebody says, a line at a time, with what hides or deceives in it made visible."""
    for line in str(words["text"]).splitlines() or [""]:
        yield before + on_terminal(line, language=words["language"])


def _lines(text: str, before: str = "") -> Iterator[str]:
    """The text a line at a time, so that only its line breaks break lines."""
    for line in str(text).splitlines() or [""]:
        yield before + printable(line)

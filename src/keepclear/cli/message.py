"""`keepclear message`: what is said to other parties and by them, and what becomes of it."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keepclear.cli.asked_node import EXIT_CODES, WHICH_NODE, Declined, add_node, asked_node, called
from keepclear.cli.asking_people import is_attended, says_yes
from keepclear.cli.facts_given import add_facts, facts_given, pair, place_of_fault, replaced
from keepclear.cli.node_folder import say
from keepclear.cli.outlets import unwritable
from keepclear.cli.paths import some_path
from keepclear.cli.stating import message_id, pages, print_lines, show_stated, stated
from keepclear.ground.errors import Refused

if TYPE_CHECKING:
    from keepclear.cli.asked_node import AskedNode

MARKERS = ("question", "answer", "request", "information", "intention", "warning", "advice", "demand")
URGENCIES = ("now", "soon", "routine")
ACTS = (
    "understood", "not-understood", "say-again", "stand-by", "no-information", "refused", "received", "sent", "forwarded", "delivered",
)  # fmt: skip
MEANS = ("link", "folder", "voice", "radio", "paper")
# What a message still asks somebody for, or did in vain.
OPEN = ("owed", "stand_by", "claimed", "unconfirmed")
_OF_A_PERSON = frozenset(ACTS[:6])

_EPILOG = f"""\
examples:
  keepclear message send --to bravo --marker warning --urgency now --text "Leave the area ..." --place go_to="33.6700 38.0580"
  keepclear message list --open
  keepclear message show 1a2b3c4d
  keepclear message read-back 1a2b3c4d

{WHICH_NODE}A guide from pairing to a lost key: docs/guides/talking.md.

{EXIT_CODES}"""
_SEND = f"""\
examples:
  keepclear message send --to bravo --marker warning --urgency now --reply-within 30min \\
    --text "Vehicles are near Kestrel Pass (33.5000 38.6000). Please have them leave by 2026-05-18T12:00+03:00." \\
    --place zone_centre="33.5000 38.6000" --time by="2026-05-18T12:00+03:00" --count vehicles=20-27
  keepclear message send --draft warning.json --translation ru=warning-ru.txt --translated-by "N. Orlova"
  keepclear message send --corrects 1a2b3c4d --text "..." --place go_to="33.6700 38.0850"
  keepclear message send --to bravo --marker answer --answers 5e6f7a8b --text "None of ours." --send

The message is shown as it will go, with what the check of it found. On a terminal it goes when somebody types yes; in a pipe it goes
with --send, and is only shown and checked without. What the check found is mended first, or named as meant: --meant KEY. A correction
starts from what the message that it corrects says: facts that are not given again stay, translations do not. Sent is not arrived: that
a message came and was understood is known when the other side says so.

{WHICH_NODE}
exit codes: 0 sent; 1 not sent, as is said; 2 not understood, or the node does not take it; 3 the node does not answer: whether it was
sent is said, or not known
"""
_DRAFT = f"""\
examples:
  keepclear message draft 17 --to bravo --to-file warning.json
  keepclear message send --draft warning.json

A draft says what was seen, where and when, in three languages. It is a file for a person to read and edit; nothing is sent by it.

{WHICH_NODE}
{EXIT_CODES}"""
_STATE = f"""\
examples:
  keepclear message state 1a2b3c4d understood --place go_to="33.6700 38.0580" --time by="2026-05-18T12:00+03:00"
  keepclear message state 1a2b3c4d stand-by --within 20min
  keepclear message state 1a2b3c4d say-again
  keepclear message state 1a2b3c4d refused --text "We cannot reach them before dark."
  keepclear message state 1a2b3c4d understood --of bravo --person petra --carrier "duty officer, by telephone" \\
    --means voice --heard go_to="33.6700 38.0580"

What another party said is entered with --of and --carrier: it stays a claim of this party until the other says it itself. A read-back is
easier and safer with `keepclear message read-back`.

{WHICH_NODE}
{EXIT_CODES}"""
_LIST = f"""\
examples:
  keepclear message list --open
  keepclear message list --direction in

--open: what is owed, claimed or unconfirmed, from this side and to it. In a pipe one JSON object a line.

{WHICH_NODE}
{EXIT_CODES}"""
_SHOW = f"""\
examples:
  keepclear message show 1a2b3c4d
  keepclear message show 1a2b3c4d --known-at 2026-05-18T12:00Z

The first digits of an id are enough. "By its own word" is what a party says of itself, signed; "somebody claims so" is what others say
of it; "nothing known" is neither a yes nor a no. In a pipe one JSON object.

{WHICH_NODE}
{EXIT_CODES}"""
_SHEET = f"""\
examples:
  keepclear message sheet 1a2b3c4d notice | lpr
  keepclear message sheet 1a2b3c4d read-back --html > read-back.html
  keepclear message sheet 1a2b3c4d read-back --ours

For a party that has paper and a telephone; a guide: docs/guides/paper.md. The read-back sheet for the other side has empty boxes; our
copy has what was said beside each, and how the sheet is entered: as a claim, with who brought it (`keepclear message state`).

{WHICH_NODE}
{EXIT_CODES}"""
_READ_BACK = f"""\
example:
  keepclear message read-back 1a2b3c4d

For each fact it is asked what you have understood, and what the message says is not shown. Close the message before: what is copied
from it shows nothing. An empty line leaves a fact out, and the other side sees that. Then it is stated, and compared.

{WHICH_NODE}
exit codes: 0 stated, and everything as it was said; 1 stated and something differs, or nothing was stated; 2 not understood, or the
node does not take it; 3 the node does not answer: whether it was stated is said, or not known
"""


def add_parser(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the verb to the command line."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = verbs.add_parser(
        "message", help="send, list, show and read back messages between parties",
        description="Messages to other parties and from them.", epilog=_EPILOG, formatter_class=raw,
    )  # fmt: skip
    of_message = parser.add_subparsers(dest="message_verb", required=True, metavar="VERB")
    _add_send(of_message.add_parser("send", help="send one, after it was checked", epilog=_SEND, formatter_class=raw))
    _add_draft(of_message.add_parser("draft", help="a draft from an alert", epilog=_DRAFT, formatter_class=raw))
    _add_list(of_message.add_parser("list", help="all, or those that are open", epilog=_LIST, formatter_class=raw))
    _add_show(of_message.add_parser("show", help="one, and how far it came", epilog=_SHOW, formatter_class=raw))
    _add_state(of_message.add_parser("state", help="say what became of one", epilog=_STATE, formatter_class=raw))
    _add_sheet(of_message.add_parser("sheet", help="one on paper", epilog=_SHEET, formatter_class=raw))
    _add_read_back(
        of_message.add_parser("read-back", help="say back what you understood", epilog=_READ_BACK, formatter_class=raw)
    )


def _add_send(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--draft", type=some_path, metavar="FILE", help="begin from this, as `message draft` writes it")
    parser.add_argument("--corrects", metavar="ID", help="begin from this message, and stand in its place")
    parser.add_argument("--answers", metavar="ID", help="the message that it answers")
    parser.add_argument("--to", metavar="PARTY", help="who can open it")
    parser.add_argument(
        "--addressee", metavar="PARTY", help="whom it is meant for at last, if --to is asked to tell them"
    )
    parser.add_argument(
        "--marker", choices=MARKERS, metavar="MARKER", help=f"what it is meant as: {', '.join(MARKERS)}"
    )
    parser.add_argument("--urgency", choices=URGENCIES, metavar="HOW", help="now, soon or routine (default: routine)")
    parser.add_argument("--text", metavar="TEXT", help="what it says")
    parser.add_argument("--language", metavar="TAG", help="of the text (default: en)")
    parser.add_argument(
        "--translation",
        action="append",
        default=[],
        metavar="TAG=FILE",
        help="a file, or the text itself: ru=notice-ru.txt",
    )
    parser.add_argument("--translated-by", default="", metavar="NAME", help="who translated it")
    parser.add_argument("--reviewed-by", default="", metavar="NAME", help="who else has compared the two")
    parser.add_argument("--reply-within", metavar="DURATION", help="when what it asks for is due: 30min")
    parser.add_argument("--valid-for", metavar="DURATION", help="how long it is of use: 6h (default: a day)")
    parser.add_argument(
        "--meant", action="append", default=[], metavar="KEY", help="what the check found and is meant so"
    )
    parser.add_argument("--send", action="store_true", help="send it, where nobody can be asked")
    add_facts(parser)
    add_node(parser, sided=True)
    parser.set_defaults(run=run_send)


def _add_draft(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("alert", metavar="ALERT", help="the number of the alert")
    parser.add_argument("--to", required=True, metavar="PARTY", help="who can open it")
    parser.add_argument("--addressee", default="", metavar="PARTY", help="whom it is meant for at last")
    parser.add_argument("--language", default="en", metavar="TAG", help="of the original: en, ru or ar")
    parser.add_argument(
        "--to-file", type=some_path, metavar="FILE", help="where to write it (default: standard output)"
    )
    add_node(parser, sided=True)
    parser.set_defaults(run=run_draft)


def _add_list(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--open", action="store_true", help="only what is owed, claimed or unconfirmed")
    parser.add_argument("--direction", choices=("in", "out"), help="from other parties, or to them")
    parser.add_argument("--party", metavar="PARTY", help="from this party, or for it at last")
    parser.add_argument("--known-at", metavar="T", help="as it was known then")
    add_node(parser, sided=True)
    parser.set_defaults(run=run_list)


def _add_show(parser: argparse.ArgumentParser) -> None:
    _add_id(parser)
    parser.add_argument("--known-at", metavar="T", help="as it was known then")
    add_node(parser, sided=True)
    parser.set_defaults(run=run_show)


def _add_state(parser: argparse.ArgumentParser) -> None:
    _add_id(parser)
    parser.add_argument("act", choices=ACTS, metavar="ACT", help=", ".join(ACTS))
    parser.add_argument(
        "--person", default="", metavar="NAME", help="who did it (default: whoever asks, for this party)"
    )
    parser.add_argument("--of", default="", metavar="PARTY", help="whose act it is (default: this party's)")
    parser.add_argument("--carrier", default="", metavar="TEXT", help="who brought the word of another party, and how")
    parser.add_argument(
        "--means", choices=MEANS, default="link", metavar="HOW", help=f"{', '.join(MEANS)} (default: link)"
    )
    parser.add_argument("--towards", default="", metavar="PARTY", help="of sent, forwarded, delivered: whom it went to")
    parser.add_argument("--within", default="", metavar="DURATION", help="of stand-by: how soon the answer comes")
    parser.add_argument("--text", default="", metavar="TEXT", help="in words")
    parser.add_argument("--language", default="en", metavar="TAG", help="of the text (default: en)")
    parser.add_argument("--said-at", default="", metavar="T", help="when (default: now)")
    parser.add_argument(
        "--heard",
        action="append",
        default=[],
        metavar="NAME=TEXT",
        help="what was read back of a fact of the message, of whatever kind it is",
    )
    add_facts(parser)
    add_node(parser, sided=True)
    parser.set_defaults(run=run_state)


def _add_read_back(parser: argparse.ArgumentParser) -> None:
    _add_id(parser)
    parser.add_argument("--person", default="", metavar="NAME", help="who read it (default: whoever asks)")
    add_node(parser, sided=True)
    parser.set_defaults(run=run_read_back)


def _add_sheet(parser: argparse.ArgumentParser) -> None:
    _add_id(parser)
    parser.add_argument(
        "kind", choices=("notice", "read-back"), metavar="KIND", help="notice, or read-back: boxes to fill in"
    )
    parser.add_argument(
        "--ours",
        action="store_true",
        help="our copy: with what is known of it; of a read-back with what was said, and how it is entered",
    )
    parser.add_argument("--html", action="store_true", help="for a printer: one page of HTML")
    parser.add_argument("--here", default="UTC", metavar="ZONE", help="the time zone of this side (default: UTC)")
    parser.add_argument("--there", default="UTC", metavar="ZONE", help="the time zone of the other side (default: UTC)")
    add_node(parser, sided=True)
    parser.set_defaults(run=run_sheet)


def _add_id(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", help="of the message: its first digits, or the number that is read out")


# --- sending ---


def run_send(args: argparse.Namespace) -> int:
    """Shows a message and what was found in it, and sends it where somebody says so; gives the exit code."""
    node = asked_node(args)
    draft = _draft(args, node)
    facts = draft.get("facts", [])
    try:
        findings = node.sided("POST", "/v1/messages/check", draft)["findings"]
        meant = set(draft.get("meant", ()))
        is_open = [one for one in findings if one["key"] not in meant]
        if sys.stdout.isatty():
            _show_draft(
                draft,
                findings,
                is_exercise=args.exercise or draft.get("exercise") or node.get("/v1/status")["is_exercise"],
            )
        if is_open:
            return _not_sent(draft, findings, _mend(is_open))
        if is_attended():
            if not says_yes(f"Send this to {draft['to']}?"):
                return _not_sent(draft, findings, "Nobody typed yes.")
        elif not args.send:
            return _not_sent(draft, findings, "Where nobody can be asked, --send sends it.")
        sent = node.sided("POST", "/v1/messages", draft)
    except Declined as declined:
        raise called(declined, lambda where: place_of_fault(facts, where)) from declined
    if not sys.stdout.isatty():
        print(json.dumps(sent))
        return 0
    from keepclear.render.talk_sentences import short

    id = short(sent["message"])
    say(
        f"Message {id} is in the record (entry {sent['sequence']}) and owed to {draft['to']}. That says nothing of its arrival."
    )
    say(f"How far it came: keepclear message show {id}")
    return 0


def _show_draft(draft: dict[str, Any], findings: list[Any], *, is_exercise: bool) -> None:
    from keepclear.render import message_words

    print_lines(message_words.about_to_go({**draft, "exercise": is_exercise}))
    print("\nWhat the check found:")
    print_lines(message_words.found(findings, draft.get("meant", ())))
    print()


def _mend(findings: list[Any]) -> str:
    keys = " ".join(f"--meant {key}" for key in dict.fromkeys(one["key"] for one in findings))
    return f"The check found what can be misunderstood. Mend it, or say that it is meant so: {keys}"


def _not_sent(draft: dict[str, Any], findings: list[Any], why: str) -> int:
    if not sys.stdout.isatty():
        print(json.dumps({"draft": draft, "findings": findings}, ensure_ascii=False))
    say(f"NOT SENT. {why}")
    return 1


def _draft(args: argparse.Namespace, node: AskedNode) -> dict[str, Any]:
    """The draft that the options make, as the API takes it; raises `Refused`."""
    if args.draft and args.corrects:
        mend = "Begin from one of them."
        raise Refused("option.two_beginnings", "A message begins from a draft or from the one it corrects", mend=mend)
    if args.translation and not args.translated_by:
        mend = "Give --translated-by: the other side must know who translated it."
        raise Refused("translation.nobody", "It is not said who made the translation", mend=mend)
    draft = _read_draft(args.draft) if args.draft else _correcting(args, node) if args.corrects else {}
    if args.answers:
        answered = node.sided("GET", f"/v1/messages/{message_id(node, args.answers)}")
        draft |= {"marker": "answer", "answers": answered["message"]}
        draft.setdefault("to", answered["content"]["sender"])
    for name in ("to", "addressee", "marker", "urgency", "text", "language"):
        if (value := getattr(args, name)) is not None:
            draft[name] = value
    if args.reply_within:
        draft |= {"reply_within": args.reply_within, "reply_by": ""}
    if args.valid_for:
        draft |= {"valid_for": args.valid_for, "valid_until": ""}
    if facts := replaced(draft.get("facts", []), facts_given(args)):
        draft["facts"] = facts
    if args.translation:
        given = [_translation(text, args) for text in args.translation]
        languages = {one["language"] for one in given}
        draft["translations"] = [
            one for one in draft.get("translations", []) if one["language"] not in languages
        ] + given
    if args.meant:
        draft["meant"] = [*draft.get("meant", []), *args.meant]
    for name, option in (("to", "--to PARTY"), ("marker", "--marker warning"), ("text", '--text "..."')):
        if not draft.get(name):
            raise Refused("message.incomplete", f"The message has no {option.split()[0]}", mend=f"Give {option}.")
    return draft


def _read_draft(name: str) -> dict[str, Any]:
    try:
        draft = json.loads(Path(name).read_text("utf-8"))
    except OSError as error:
        raise Refused("file.unreadable", f"The draft cannot be read ({error.strerror})", value=name) from error
    except ValueError as error:
        mend = "`keepclear message draft` writes one; look for what was edited last."
        raise Refused("draft.unreadable", f"The draft is not JSON ({error})", mend=mend).at(f"{name}: ") from error
    lists = (
        all(isinstance(draft.get(key, []), list) for key in ("facts", "translations", "meant"))
        if isinstance(draft, dict)
        else False
    )
    named = lists and all(isinstance(one, dict) and "is" in one and "name" in one for one in draft.get("facts", []))
    if not named or not all(isinstance(one, dict) and "language" in one for one in draft.get("translations", [])):
        mend = "It is a JSON object with to, marker, text and facts, as `keepclear message draft` writes it."
        raise Refused("draft.unreadable", "This is no draft of a message", mend=mend).at(f"{name}: ")
    return dict(draft)


def _correcting(args: argparse.Namespace, node: AskedNode) -> dict[str, Any]:
    from keepclear.render.message_words import as_given

    whole = node.sided("GET", f"/v1/messages/{message_id(node, args.corrects)}")
    if whole["direction"] != "out":
        mend = "Answer it, or ask for it again: keepclear message state ID say-again."
        raise Refused(
            "message.of_another", "A message is corrected by the party that sent it", value=args.corrects, mend=mend
        )
    was = whole["content"]
    if was["translations"] and not args.translation:
        say("The translations stay behind: they say what is corrected. Give new ones with --translation.")
    return {
        "to": was["to"], "addressee": was["addressee"], "marker": was["marker"], "urgency": was["urgency"], "about": was["about"],
        "language": was["original"]["language"], "answers": was["answers"], "supersedes": whole["message"],
        "facts": [as_given(fact) for fact in was["facts"]],
    }  # fmt: skip


def _translation(text: str, args: argparse.Namespace) -> dict[str, str]:
    language, said = pair(text, "--translation")
    if len(said) < 256 and Path(said).is_file():
        try:
            said = Path(said).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise Refused(
                "file.unreadable", f"The translation cannot be read ({error})", where="--translation"
            ) from error
    return {"language": language, "text": said, "by": args.translated_by, "reviewed_by": args.reviewed_by}


def run_draft(args: argparse.Namespace) -> int:
    """Writes a draft from an alert; gives the exit code."""
    node = asked_node(args)
    asked = {"alert": args.alert, "to": args.to, "addressee": args.addressee, "language": args.language}
    text = json.dumps(node.sided("POST", "/v1/messages/draft", asked), ensure_ascii=False, indent=2) + "\n"
    if args.to_file is None:
        print(text, end="")
        return 0
    try:
        with Path(args.to_file).open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError as error:
        mend = "Somebody may have edited it: name another file."
        raise Refused("output.exists", "The file is there already", value=args.to_file, mend=mend) from error
    except OSError as error:
        raise unwritable(args.to_file, error) from error
    say(f"A draft is in {args.to_file}. Read it, edit it, and send it: keepclear message send --draft {args.to_file}")
    return 0


# --- reading ---


def run_list(args: argparse.Namespace) -> int:
    """Lists messages; gives the exit code."""
    node = asked_node(args)
    asked = {name: value for name in ("direction", "party", "known_at") if (value := getattr(args, name))}
    if args.open:
        views = {view["message"]: view for debt in OPEN for view in pages(node, {**asked, "debt": debt})}
        listed: Iterable[Any] = sorted(views.values(), key=lambda view: str(view["known_at"]))
    else:
        listed = pages(node, asked)
    from keepclear.render import message_words

    empty = True
    for view in listed:
        empty = False
        if sys.stdout.isatty():
            print_lines(message_words.in_list(view))
        else:
            print(json.dumps(view, ensure_ascii=False))
    if empty and args.open:
        say("Nothing is open: nothing is owed, claimed or unconfirmed. All messages: keepclear message list")
    elif empty:
        say("There are no messages. Who can be written to: keepclear peer list. How: keepclear message send --help")
    return 0


def run_show(args: argparse.Namespace) -> int:
    """Shows a message; gives the exit code."""
    node = asked_node(args)
    asked = {"known_at": args.known_at} if args.known_at else {}
    view = node.sided("GET", f"/v1/messages/{message_id(node, args.id)}", **asked)
    if not sys.stdout.isatty():
        print(json.dumps(view, ensure_ascii=False))
        return 0
    from keepclear.render import message_words

    print_lines(message_words.whole(view))
    return 0


def run_sheet(args: argparse.Namespace) -> int:
    """Writes a message as a sheet to print; gives the exit code."""
    node = asked_node(args)
    asked = {
        "kind": args.kind, "copy": "ours" if args.ours else "theirs", "form": "html" if args.html else "text", "here": args.here,
        "there": args.there, **({"exercise": "true"} if args.exercise else {}),
    }  # fmt: skip
    print(node.ask("GET", f"/v1/messages/{message_id(node, args.id)}/sheet", query=asked).decode(), end="")
    return 0


# --- what becomes of it ---


def run_state(args: argparse.Namespace) -> int:
    """Says what became of a message; gives the exit code."""
    node = asked_node(args)
    person = args.person
    if not person and not args.of and args.act in _OF_A_PERSON:
        person = node.get("/v1/me")["user"]
    kinds = {}
    if args.heard:
        view = node.sided("GET", f"/v1/messages/{message_id(node, args.id)}")
        kinds = {fact["name"]: fact["is"] for fact in view["content"]["facts"]}
    facts = facts_given(args, kinds)
    said = {
        "act": args.act.replace("-", "_"), "of": args.of, "person": person, "carrier": args.carrier, "means": args.means,
        "towards": args.towards, "within": args.within, "facts": facts, "text": args.text, "language": args.language,
        "said_at": args.said_at,
    }  # fmt: skip
    try:
        view, statement = stated(node, args.id, said)
    except Declined as declined:
        raise called(declined, lambda where: place_of_fault(facts, where)) from declined
    show_stated(view, statement)
    return 0


def run_read_back(args: argparse.Namespace) -> int:
    """Asks for each fact what was understood, states it, and compares; gives the exit code."""
    from keepclear.cli.reading_back import read_back

    if not is_attended():
        mend = 'In a pipe: keepclear message state ID understood --place go_to="..."'
        raise Refused("read_back.unattended", "A read-back is typed by a person on a terminal", mend=mend)
    node = asked_node(args)
    view = node.sided("GET", f"/v1/messages/{message_id(node, args.id)}")
    return read_back(node, view, args.person or node.get("/v1/me")["user"])

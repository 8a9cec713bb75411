"""Facts as options: --place go_to="33.6700 38.0580" --time by="2026-05-18T12:00+03:00" --count vehicles=20-27 --word zone="Kestrel Pass"."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Mapping
from typing import Any

from keepclear.ground.errors import Refused

Given = dict[str, Any]
KINDS = ("place", "time", "count", "word")
_ZONE = re.compile(r"(?P<at>.*\S)\s+(?P<zone>[A-Za-z_]+/[A-Za-z_/+-]+|UTC)")
# Members of what the API takes that are options of the same name.
_OPTIONS = frozenset(
    "to addressee marker urgency text language reply_within valid_for answers of person carrier means towards within said_at exercise".split()
)
_NUMBERED = re.compile(r"^\$\.facts\[(\d+)\]")


def add_facts(parser: argparse.ArgumentParser) -> None:
    """The options; each may be given several times."""
    about = parser.add_argument_group("facts: what can be compared, each with a name of its own")
    about.add_argument(
        "--place", action="append", default=[], metavar="NAME=PLACE", help='in any notation: go_to="33.6700 38.0580"'
    )
    about.add_argument(
        "--called", action="append", default=[], metavar="NAME=TEXT", help="the name that a place goes by"
    )
    about.add_argument(
        "--time", action="append", default=[], metavar="NAME=TIME",
        help='with its zone: by="2026-05-18T12:00+03:00 Asia/Damascus"',
    )  # fmt: skip
    about.add_argument("--count", action="append", default=[], metavar="NAME=COUNT", help="vehicles=27, 20-27 or 60+")
    about.add_argument("--word", action="append", default=[], metavar="NAME=TEXT", help='zone="Kestrel Pass"')


def facts_given(args: argparse.Namespace, kinds: Mapping[str, str] | None = None) -> list[Given]:
    """The facts of the options, as the API takes them; raises `Refused`.

    kinds  of the facts of a message, by name: what --heard goes by"""
    given = [(kind, *pair(text, f"--{kind}")) for kind in KINDS for text in getattr(args, kind)]
    for text in getattr(args, "heard", ()):
        name, said = pair(text, "--heard")
        if kinds is None or name not in kinds:
            mend = f"It states {', '.join(kinds or ()) or 'nothing'}."
            raise Refused(
                "option.heard", "The message states nothing of that name", value=name, mend=mend, where="--heard"
            )
        given.append((kinds[name], name, said))
    called = dict(pair(text, "--called") for text in args.called)
    for name in called:
        if ("place", name) not in [(kind, fact) for kind, fact, _ in given]:
            mend = f'Give the place too: --place {name}="33.6700 38.0580".'
            raise Refused(
                "option.called", "There is no place of that name here", value=name, mend=mend, where="--called"
            )
    return [fact_given(kind, name, text, called=called) for kind, name, text in given]


def fact_given(kind: str, name: str, text: str, *, called: Mapping[str, str] | None = None) -> Given:
    """One fact, as the API takes it."""
    if kind == "time":
        match = _ZONE.fullmatch(text)
        at, zone = (match["at"], match["zone"]) if match else (text, "UTC")
        return {"is": "time", "name": name, "at": at, "zone": zone}
    fact = {"is": kind, "name": name, "text": text}
    if kind == "place" and called and name in called:
        fact["called"] = called[name]
    return fact


def pair(text: str, option: str) -> tuple[str, str]:
    """NAME=VALUE of an option; raises `Refused`."""
    name, equals, value = text.partition("=")
    if not equals or not name or not value.strip():
        mend = f'For example {option} go_to="33.6700 38.0580".' if option == "--place" else "Write NAME=VALUE."
        raise Refused("option.pair", "This is no name with a value", value=text, mend=mend, where=option)
    return name, value.strip()


def replaced(facts: Iterable[Given], given: Iterable[Given]) -> list[Given]:
    """The facts, those of the same name in the place of the old ones, and the others behind them."""
    by_name = {fact["name"]: fact for fact in facts}
    for fact in given:
        by_name[fact["name"]] = fact
    return list(by_name.values())


def place_of_fault(facts: list[Given], where: str) -> str:
    """Where a fault is, in the words of the command line: "--place go_to" for "$.facts[0].text", "--text" for "$.original.text"."""
    match = _NUMBERED.match(where)
    if match is not None and int(match[1]) < len(facts):
        fact = facts[int(match[1])]
        return f"--{fact['is']} {fact['name']}"
    if where.startswith("$.translations"):
        return "--translation"
    name = where.removeprefix("$.").removeprefix("original.").removeprefix("words.")
    return f"--{name.replace('_', '-')}" if where.startswith("$.") and name in _OPTIONS else where

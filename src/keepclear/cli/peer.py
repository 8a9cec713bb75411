"""`keepclear peer`: pairing with the nodes of other parties, and how it goes with each."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keepclear.cli.asked_node import EXIT_CODES, WHICH_NODE, Declined, add_node, asked_node, called, in_path
from keepclear.cli.asking_people import is_attended, typed
from keepclear.cli.init import PASSPHRASE
from keepclear.cli.node_folder import add_folder, config_of_folder, keep_private, progress_bar, record_to_read, say
from keepclear.cli.outlets import unwritable
from keepclear.cli.paths import some_path
from keepclear.cli.stating import print_lines
from keepclear.ground.errors import Refused

if TYPE_CHECKING:
    from keepclear.cli.asked_node import AskedNode

ENDS = ("lost", "compromised", "rotated", "ended")
# A card is a page at most (`keepclear.links.pairing`).
_CARD_BYTES_MAX = 16_384
_OPTIONS = {
    "$.compared_with": "--compared-with", "$.address": "--at", "$.leads_to": "--leads-to", "$.since_at": "--since", "$.note": "--note",
}  # fmt: skip

_EPILOG = f"""\
examples, in the order of a pairing:
  keepclear peer card alpha --to alpha.card
  keepclear peer number bravo.card
  keepclear peer add bravo.card --compared-with "petra of bravo, by telephone"
  keepclear peer join bravo --at https://bravo.example:7118
  keepclear peer list

Both sides do this. The cards may go by any way; the number is read to each other over a line on which people know each other's voice.
The whole way, and what to do when a key is lost: docs/guides/talking.md.

{WHICH_NODE}
{EXIT_CODES}"""
_CARD = f"""\
examples:
  keepclear peer card alpha --to alpha.card
  keepclear peer card alpha --to alpha.card --passphrase-file alpha.pass

The card holds no secret: who the party is, the key it signs with, the key to seal with for it, the certificate of its links. Keys for
links that are not there yet are drawn; a node that runs has to be started again then. The node may be running or not.

{EXIT_CODES}"""
_NUMBER = f"""\
example:
  keepclear peer number bravo.card

Nothing is kept of it. Both sides get the same number of the two cards, and another one if a card was exchanged on the way.

{WHICH_NODE}
{EXIT_CODES}"""
_ADD = f"""\
examples:
  keepclear peer add bravo.card --compared-with "petra of bravo, by telephone"
  keepclear peer add bravo.card --compared-with "petra of bravo, by telephone" --number "48213 09155 ..."

On a terminal the number is shown, and the card is taken in when its last group is typed. Elsewhere the whole number is given with
--number, as the other side has read it. Whoever is named with --compared-with stands in the record.

{WHICH_NODE}
exit codes: 0 taken in; 1 not taken in, as is said; 2 not understood, or the node does not take it; 3 the node does not answer
"""
_JOIN = f"""\
examples:
  keepclear peer join bravo --at https://bravo.example:7118
  keepclear peer join meridian --at https://meridian.example:7118 --leads-to bravo harbour-aid
  keepclear peer join bravo

Without --at this node does not call it: it calls us, or what is for it is carried by hand (`keepclear carry`). --leads-to names parties
that are reached by way of it; it cannot read what is for them.

{WHICH_NODE}
{EXIT_CODES}"""
_BY_HAND = f"""\
example:
  keepclear peer by-hand harbour-aid --name "Harbour Aid" --note "printed at the gate, telephone 4711"

It has no node and needs no card. What is for it is printed (`keepclear message sheet`) or said; what it says is entered as a claim with
who brought it (`keepclear message state ID ACT --of PARTY --carrier WHO`).

{WHICH_NODE}
{EXIT_CODES}"""
_LIST = f"""\
example:
  keepclear peer list

Who is known, who is a peer, how much waits for its word, when it was heard last since the node was started, and what it was caught at.
In a pipe one JSON object a line.

{WHICH_NODE}
{EXIT_CODES}"""
_END = f"""\
examples:
  keepclear peer end-card bravo --why lost
  keepclear peer end-card bravo --why compromised --since 2026-05-17T22:00Z --note "laptop stolen, says petra"

From now on nothing goes to these keys, and nothing that they sign is taken. What came before stays as it is. What waits for the party
waits for its new card: keepclear peer add.

{WHICH_NODE}
{EXIT_CODES}"""


def add_parser(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the verb to the command line."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = verbs.add_parser(
        "peer", help="pair with the nodes of other parties, and see how it goes with them",
        description="The nodes of other parties.", epilog=_EPILOG, formatter_class=raw,
    )  # fmt: skip
    of_peer = parser.add_subparsers(dest="peer_verb", required=True, metavar="VERB")
    card = of_peer.add_parser("card", help="write the card of this node", epilog=_CARD, formatter_class=raw)
    add_folder(card)
    card.add_argument("--to", type=some_path, metavar="FILE", help="where to write it (default: standard output)")
    card.add_argument(
        "--passphrase-file", type=some_path, metavar="FILE", help=f"opens the keys for links, or encrypts new ones (or ${PASSPHRASE})"
    )  # fmt: skip
    card.set_defaults(run=run_card)
    number = of_peer.add_parser("number", help="the number to read to each other", epilog=_NUMBER, formatter_class=raw)
    _add_card(number)
    add_node(number)
    number.set_defaults(run=run_number)
    add = of_peer.add_parser("add", help="take another party's card in", epilog=_ADD, formatter_class=raw)
    _add_card(add)
    add.add_argument(
        "--compared-with", required=True, metavar="WHO", help="who has read the number on the other side, and over what line"
    )  # fmt: skip
    add.add_argument(
        "--number", metavar="DIGITS", help="the number as the other side has read it, where nobody can be asked"
    )
    add_node(add)
    add.set_defaults(run=run_add)
    join = of_peer.add_parser("join", help="hand a party's node what is for it", epilog=_JOIN, formatter_class=raw)
    _add_party(join)
    join.add_argument("--at", default="", metavar="https://HOST:PORT", help="where its links are answered")
    join.add_argument("--leads-to", nargs="+", default=[], metavar="PARTY", help="who is reached by way of it")
    add_node(join)
    join.set_defaults(run=run_join)
    by_hand = of_peer.add_parser(
        "by-hand", help="a party that has paper and a telephone", epilog=_BY_HAND, formatter_class=raw
    )
    by_hand.add_argument("party", metavar="PARTY", help="its id here")
    by_hand.add_argument("--name", metavar="TEXT", help="what it is called, where this node does not know it yet")
    by_hand.add_argument("--note", default="", metavar="TEXT", help="where and by whom it is reached")
    add_node(by_hand)
    by_hand.set_defaults(run=run_by_hand)
    listed = of_peer.add_parser("list", help="who is known, and how it goes", epilog=_LIST, formatter_class=raw)
    add_node(listed)
    listed.set_defaults(run=run_list)
    end = of_peer.add_parser("end-card", help="believe a party's keys no more", epilog=_END, formatter_class=raw)
    _add_party(end)
    end.add_argument("--why", required=True, choices=ENDS)
    end.add_argument("--since", default="", metavar="T", help="what they signed from then on is not to be trusted")
    end.add_argument("--note", default="", metavar="TEXT", help="in a few words, for the record")
    add_node(end)
    end.set_defaults(run=run_end_card)


def _add_card(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("card", type=some_path, metavar="CARD", help="the file that the other side's node wrote")


def _add_party(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("party", metavar="PARTY", help="the party, as its card calls it")


def run_card(args: argparse.Namespace) -> int:
    """Writes the card of the node in a folder; gives the exit code."""
    from keepclear.host.key_files import passphrase_from
    from keepclear.host.link_keys import draw_link_keys, link_key_paths
    from keepclear.host.own_card import own_card
    from keepclear.host.replaying import node_at

    keep_private()
    config = config_of_folder(args.folder)
    passphrase = passphrase_from(PASSPHRASE, args.passphrase_file)
    with record_to_read(args.folder) as store, progress_bar("replaying") as show:
        node, _ = node_at(store, store.size(), progress=show)
    if node.began is None:
        mend = "`keepclear init` begins one."
        raise Refused("record.empty", "There is no record in this database", value=config.store, mend=mend)
    drawn = [path for path in link_key_paths(config.keys_folder) if not path.exists()]
    card = own_card(node, draw_link_keys(config.keys_folder, node.began.party, passphrase, time.time_ns() // 1000))
    if drawn:
        say(
            f"Keys for links were drawn in {config.keys_folder}. Back them up; a node that runs has to be started again."
        )
    if args.to is None:
        print(card.text.decode(), end="")
        return 0
    try:
        Path(args.to).write_bytes(card.text)
        Path(args.to).chmod(0o644)
    except OSError as error:
        raise unwritable(args.to, error) from error
    say(
        f"The card of {card.party} is in {args.to}. Give it to the other side by any way, and take theirs: keepclear peer number CARD"
    )
    return 0


def run_number(args: argparse.Namespace) -> int:
    """Shows the number of two cards; gives the exit code."""
    node = asked_node(args)
    read = _number(node, args.card)
    if not sys.stdout.isatty():
        print(json.dumps(read, ensure_ascii=False))
        return 0
    _show_number(read)
    say(
        f"Is it the same? keepclear peer add {args.card} --compared-with WHO. If it is not, take nothing in: a card was exchanged."
    )
    return 0


def _number(node: AskedNode, name: str) -> Any:
    return node.post("/v1/card/number", {"card": _card_in(name)})


def _show_number(read: Any) -> None:
    from keepclear.render.peer_words import number_lines

    say(f'This is the card of {read["party"]}, "{read["name"]}". The number of your card and theirs:')
    print()
    print_lines(number_lines(read["number"]))
    print()
    say(
        "Read it to each other, a group in turn, by telephone or radio, with somebody whose voice you know. Not by mail or chat."
    )


def _card_in(name: str) -> Any:
    try:
        with Path(name).open("rb") as file:
            return json.loads(file.read(_CARD_BYTES_MAX + 1))
    except OSError as error:
        raise Refused("file.unreadable", f"The card cannot be read ({error.strerror})", value=name) from error
    except ValueError as error:
        mend = "It is the file that the other side's node wrote: keepclear peer card."
        raise Refused("card.unreadable", "This is no card of a node", value=name, mend=mend) from error


def run_add(args: argparse.Namespace) -> int:
    """Takes a card in whose number was compared; gives the exit code."""
    node = asked_node(args)
    card = _card_in(args.card)
    read = node.post("/v1/card/number", {"card": card})
    if args.number is not None:
        if _digits(args.number) != _digits(read["number"]):
            mend = "Take nothing in: one of you holds a card that the other did not make, or misheard. Send both cards anew, and read again."
            raise Refused(
                "card.number", "The number is another one than these cards make", value=args.number, mend=mend
            )
    elif is_attended():
        _show_number(read)
        last = typed("When both have read all of it, and it is the same, type its last group:")
        if last is None or _digits(last) != read["number"].split()[-1]:
            say("NOT TAKEN IN: that is not the last group.")
            return 1
    else:
        mend = "Give it with --number, as the other side has read it; or run this on a terminal."
        raise Refused("card.not_compared", "Nobody can be asked whether the number is the same", mend=mend)
    body = {"card": card, "compared_with": args.compared_with}
    _done(lambda: node.put(f"/v1/peers/{in_path(read['party'])}/card", body))
    say(f"The card of {read['party']} is taken in. Next: keepclear peer join {read['party']} [--at https://HOST:PORT]")
    return 0


def _digits(text: str) -> str:
    return "".join(character for character in text if character.isdigit())


def run_join(args: argparse.Namespace) -> int:
    """Makes a party's node a peer; gives the exit code."""
    node = asked_node(args)
    body = {"leads_to": args.leads_to, "address": args.at}
    _done(lambda: node.put(f"/v1/peers/{in_path(args.party)}", body))
    how = (
        f"is called at {args.at}"
        if args.at
        else "is not called: it calls us, or what is for it is carried (keepclear carry)"
    )
    say(f"{args.party} is a peer and {how}.")
    return 0


def run_by_hand(args: argparse.Namespace) -> int:
    """Says that a party is reached by hand; gives the exit code."""
    node = asked_node(args)
    if args.name:
        node.put(f"/v1/parties/{in_path(args.party)}", {"name": args.name})
    _done(lambda: node.put(f"/v1/peers/{in_path(args.party)}/by-hand", {"note": args.note}))
    say(f"What is for {args.party} goes on paper or by voice: keepclear message sheet ID notice")
    return 0


def run_list(args: argparse.Namespace) -> int:
    """Lists the other parties; gives the exit code."""
    from keepclear.render.peer_words import in_list

    listed = asked_node(args).get("/v1/peers")["items"]
    for view in listed:
        if sys.stdout.isatty():
            print_lines(in_list(view))
        else:
            print(json.dumps(view, ensure_ascii=False))
    if not listed:
        say(
            "No card of another party was taken in. Give them yours (keepclear peer card), and take theirs in (keepclear peer add)."
        )
    return 0


def run_end_card(args: argparse.Namespace) -> int:
    """Ends a party's card; gives the exit code."""
    node = asked_node(args)
    body = {"why": args.why, "since_at": args.since, "note": args.note}
    _done(lambda: node.post(f"/v1/peers/{in_path(args.party)}/card/end", body))
    say(
        f"The keys of {args.party} are not believed any more. What is for it waits for a new card: keepclear peer add CARD"
    )
    return 0


def _done(give: Any) -> None:
    """Gives it to the node; in a pipe the entry of the record is printed."""
    try:
        done = give()
    except Declined as declined:
        raise called(declined, _option) from declined
    if not sys.stdout.isatty():
        print(json.dumps(done))


def _option(where: str) -> str:
    return _OPTIONS.get(where.partition("[")[0], where)

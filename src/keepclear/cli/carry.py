"""`keepclear carry`: packets for a peer and from one in a folder, as on a memory stick."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keepclear.cli.asked_node import WHICH_NODE, Declined, add_node, asked_node, in_path
from keepclear.cli.node_folder import say
from keepclear.cli.outlets import unwritable
from keepclear.cli.paths import some_path
from keepclear.ground.errors import Refused

if TYPE_CHECKING:
    from keepclear.cli.asked_node import AskedNode

PACKET = "application/vnd.keepclear.packet"
# What says something about the packet itself; anything else may be otherwise tomorrow, and the packet stays where it lies.
_OF_THE_PACKET = frozenset({413, 422})
_OF_THE_PAIRING = ("card.", "peer.")
_EXIT_CODES = """\
exit codes: 0 done; 1 a packet was refused, or there was none; 2 not understood, or the node does not take it; 3 the node does not answer
"""
_EPILOG = f"""\
examples:
  keepclear carry out bravo --to /media/stick
  keepclear carry in /media/stick

What is on the stick is sealed: whoever finds it can neither read it nor change it unseen. It may be lost, carried twice or late:
nothing is forgotten until the other side's word came back, and nothing is taken twice. So carry the stick back as well.

{WHICH_NODE}
{_EXIT_CODES}"""


def add_parser(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the verb to the command line."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = verbs.add_parser(
        "carry", help="carry what is for a peer, and from it, by hand",
        description="Packets in a folder: a memory stick, a share.", epilog=_EPILOG, formatter_class=raw,
    )  # fmt: skip
    of_carry = parser.add_subparsers(dest="carry_verb", required=True, metavar="VERB")
    out = of_carry.add_parser("out", help="write what a peer is handed next", epilog=_EPILOG, formatter_class=raw)
    out.add_argument("party", metavar="PARTY", help="the peer that it is carried to")
    out.add_argument("--to", required=True, type=some_path, metavar="FOLDER", help="where to write it")
    add_node(out)
    out.set_defaults(run=run_out)
    taken = of_carry.add_parser("in", help="take in what peers have written", epilog=_EPILOG, formatter_class=raw)
    taken.add_argument("folder", type=some_path, metavar="FOLDER", help="where it lies")
    add_node(taken)
    taken.set_defaults(run=run_in)


def run_out(args: argparse.Namespace) -> int:
    """Writes a packet for a peer; gives the exit code."""
    from keepclear.links.folder import put

    node = asked_node(args)
    own = node.get("/v1/card")["party"]
    data = node.ask("GET", f"/v1/peers/{in_path(args.party)}/packet")
    owed = node.get(f"/v1/peers/{in_path(args.party)}")["owed"]
    try:
        path = put(Path(args.to), own, args.party, time.time_ns() // 1000, data)
    except OSError as error:
        raise unwritable(args.to, error) from error
    if not sys.stdout.isatty():
        print(json.dumps({"packet": str(path), "to": args.party, "bytes": len(data), "owed": owed}))
        return 0
    if owed == 0:
        waiting = "nothing but our word of what came"
    else:
        waiting = (
            "the parcel that waits for its word"
            if owed == 1
            else f"the first of {owed:,} parcels that wait for its word"
        )
    say(f"{path} ({len(data):,} bytes) is for {args.party}: {waiting}.")
    say(
        "There: keepclear carry in FOLDER, then keepclear carry out, and the folder back here. Until then it counts as on its way."
    )
    return 0


def run_in(args: argparse.Namespace) -> int:
    """Takes in the packets in a folder; gives the exit code."""
    from keepclear.links.folder import lying

    node = asked_node(args)
    if not Path(args.folder).is_dir():
        raise Refused("folder.none", "There is no such folder", value=args.folder, mend="Is the stick mounted?")
    own = node.get("/v1/card")["party"]
    packets = list(lying(Path(args.folder), own))
    if not packets:
        say(
            f"No packet for {own} lies in {args.folder}. The other side writes one with: keepclear carry out {own} --to FOLDER"
        )
        return 1
    outcomes = [_take(node, path, sender) for path, sender in packets]
    new, refused = outcomes.count("new"), len(outcomes) - outcomes.count("new") - outcomes.count("known")
    say(f"Packets: {new} had something new, {outcomes.count('known')} had nothing new, {refused} not taken in.")
    if new:
        say(
            "Carry our word back too: keepclear carry out PARTY --to FOLDER. What came: keepclear message list --direction in"
        )
    return 1 if refused else 0


def _take(node: AskedNode, path: Path, sender: str) -> str:
    """Takes a packet in: "new", "known", "refused" (set aside with the reason) or "left" (it may be taken in when what is said is mended)."""
    from keepclear.links.folder import read, set_aside

    why = ""
    try:
        data = read(path)
        new = json.loads(node.ask("POST", f"/v1/peers/{in_path(sender)}/packet", data, media=PACKET))["new"]
        outcome = "new" if new else "known"
    except Refused as refused:
        outcome, why = "refused", str(refused)
    except Declined as declined:
        of_it = declined.status in _OF_THE_PACKET and not declined.key.startswith(_OF_THE_PAIRING)
        outcome, why = "refused" if of_it else "left", str(declined)
    try:
        if outcome == "refused":
            aside = set_aside(path, refused=True)
            aside.with_suffix(".reason.txt").write_text(f"{why}\n", "utf-8")
        elif outcome != "left":
            set_aside(path)
    except OSError as error:  # a stick that cannot be written to: what was taken in stays taken in
        say(f"{path} could not be set aside ({error.strerror}); taken in again it changes nothing.")
    _tell(path, sender, outcome, why)
    return outcome


_OUTCOMES = {
    "new": "taken in, with something new", "known": "taken in, nothing new", "refused": "REFUSED, and set aside: ",
    "left": "NOT TAKEN IN, and left where it is: ",
}  # fmt: skip


def _tell(path: Path, sender: str, outcome: str, why: str) -> None:
    if sys.stdout.isatty():
        say(f"{path.name} from {sender}: {_OUTCOMES[outcome]}{why}")
        return
    said: dict[str, Any] = {"packet": path.name, "from": sender, "outcome": outcome, "why": why}
    print(json.dumps(said, ensure_ascii=False))

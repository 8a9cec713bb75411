"""`keepclear message sheet`: a message on paper, for a party that has paper and a telephone and no node."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from keepclear.ground.errors import Refused

if TYPE_CHECKING:
    from keepclear.cli.asked_node import AskedNode


def sheet_text(args: argparse.Namespace, node: AskedNode, view: Any) -> str:
    """The sheet that the options ask for, as text or HTML; raises `Refused`."""
    import msgspec

    from keepclear.channel.messages import Message
    from keepclear.ground.instants import zone_named
    from keepclear.parties.names import Name, Party
    from keepclear.render.paper import html_of, text_of
    from keepclear.render.sheets import Around, notice, read_back_sheet

    message = msgspec.convert(view["content"], Message)
    if message.id != view["message"]:
        mend = "Ask the node again; if it stays so, its answer was changed on the way."
        raise Refused(
            "message.changed", "What the node says is not what the id stands for", value=view["message"], mend=mend
        )
    for zone in (args.here, args.there):
        zone_named(zone)
    names = {one["id"]: one["name"] for one in node.get("/v1/parties")["items"]}
    names |= {one["party"]: one["name"] for one in node.get("/v1/peers")["items"]}
    around = Around(tuple(Party(id, (Name(name, "und"),)) for id, name in names.items()), (args.here, args.there))
    made = notice(message, around) if args.kind == "notice" else read_back_sheet(message, around, theirs=not args.ours)
    return html_of(made) if args.html else text_of(made)

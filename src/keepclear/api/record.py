"""The record: entries, proofs, checkpoints, and who has read what of one's own.

An entry is shown to those who may see everything it concerns: what was given, and every line that followed. A proof has all of that in it.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from keepclear.api.asking import Answer, Ask, NoQuery, Route
from keepclear.api.paging import Limit, Page
from keepclear.api.problems import Declined, not_here
from keepclear.feeds.zones import zone_id_of
from keepclear.ground.instants import utc_text
from keepclear.node.dealings import ACTION_OF
from keepclear.node.effects import lines_of, told_of
from keepclear.node.positions_body import account_of
from keepclear.parties.parties import Access, Action, Sensitivity, may
from keepclear.record.entries import Committed

ENTRIES_PER_READ = 256
ENTRIES_PASSED_MAX = 2_560

# What concerns the node alone, and may be known to everybody who reads.
_OF_TALK = frozenset(
    {
        "card_taken",
        "card_ended",
        "peer_joined",
        "peer_refused",
        "reached_by_hand",
        "message_given",
        "statement_given",
        "messages_sealed",
        "opened_later",
        "packet_came",
    }
)
_OF_THE_NODE = frozenset(
    {
        "node_began",
        "epoch_began",
        "time_passed",
        "snapshot_taken",
        "bodies_dropped",
        "key_introduced",
        "key_ended",
        "party_named",
    }
)
_OF_DEALINGS = frozenset(str(kind.__struct_config__.tag) for kind in ACTION_OF)


class EntriesAsked(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Entries behind this sequence."""

    after: Annotated[int, Meta(ge=-1, le=2**53)] = -1
    limit: Limit = 100


class AccessesAsked(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Whose objects; your own party's if it is left out."""

    owner: Annotated[str, Meta(max_length=64)] | None = None
    limit: Limit = 100


class EntryView(msgspec.Struct, frozen=True):
    """An entry: what stands in its leaf, the body where it is text, and the lines that followed.

    exercise     of the event; a line that followed says of itself that it is of an exercise, as time passes for both sides
    body         the event as JSON; null for positions, and where it is no longer kept
    body_bytes   of positions: its bytes in base64, where one entry is asked for
    outcome      what the node concluded, line by line; null where it is no longer kept"""

    sequence: int
    at: str
    kind: str
    by: str
    exercise: bool
    body_hash: str
    outcome_hash: str
    body: msgspec.Raw | None
    outcome: list[msgspec.Raw] | None
    body_bytes: str | None = None


class AccessLine(msgspec.Struct, frozen=True):
    """Somebody acting for a party has read an object of another."""

    at: str
    user: str
    party: str
    action: str
    object_kind: str
    object_id: str


class Accesses(msgspec.Struct, frozen=True):
    """The newest lines of the access log, newest first."""

    items: list[AccessLine]


def concerned(ask: Ask[Any, Any], committed: Committed) -> Iterator[tuple[Access, ...]]:
    """What an entry is about: for its event, and for each line that followed, the objects that have to be visible.

    Of what nobody can say what it is about, that counts as the house's own, and as severe. Lines of the outcome say it of themselves,
    and of which side they are: any event lets time pass on both."""
    members, entry, body = ask.members, committed.entry, committed.body
    house = (Access("node", "", members.house, (), Sensitivity.SEVERE),)
    if body is None:
        yield house
    elif entry.kind == "positions_arrived":
        yield members.concerned(feed=account_of(body)[0].feed)
    elif entry.kind == "zones_agreed":
        for zone in _zones_of(body):
            yield members.concerned(zone=zone)
    elif entry.kind in _OF_DEALINGS:
        yield (members.dealings,)
    elif entry.kind not in _OF_THE_NODE:
        said_by = (
            [ask.node.of_talk]
            if entry.kind in _OF_TALK
            else _concerned_by_fields(ask, entry.exercise, msgspec.json.decode(body))
        )
        if said_by or not (entry.kind.startswith("alert_") and committed.outcome):
            yield from said_by or [house]
    for place, line in enumerate(lines_of(committed.outcome or b"")):
        yield ask.node.concerned_by(told_of(entry.sequence, place, entry.at_us, line))


def _zones_of(body: bytes) -> list[str]:
    given = msgspec.json.decode(body)
    return [zone_id_of(feature) for feature in given.get("features", [given])]


def _concerned_by_fields(ask: Ask[Any, Any], exercise: bool, said: Mapping[str, Any]) -> list[tuple[Access, ...]]:
    members = ask.members
    match said:
        case {"object_kind": ("zone" | "feed") as kind, "object_id": str(object_id)}:
            return [(members.access_of(kind, object_id),)]
        case {"alert": str(alert_id)}:
            side = ask.desk.node.side(exercise)
            found = next((alert for alert in side.alerts if alert.id == alert_id), None)
            return [] if found is None else [ask.node.concerned(found, side)]
        case {"zone": str(zone)}:
            return [members.concerned(zone=zone)]
        case {"feed": str(feed), **others} if "token_id" not in others:
            return [members.concerned(feed=feed)]
    return []


def sees_entry(ask: Ask[Any, Any], committed: Committed) -> bool:
    """Whether the user may see an entry, whole."""
    kind = committed.entry.kind
    if kind.startswith(("user_", "token_")):
        return bool(may(ask.user, Action.READ_USERS, ask.members.node))
    if kind == "seal_erased":
        return bool(may(ask.user, Action.AUDIT, ask.members.node))
    return bool(may(ask.user, Action.READ, ask.members.node)) and all(
        ask.sees(objects) for objects in concerned(ask, committed)
    )


def entry_view(committed: Committed, *, with_bytes: bool) -> EntryView:
    """An entry as it is answered."""
    entry, body = committed.entry, committed.body
    is_text = body is not None and entry.kind != "positions_arrived"
    lines = None if committed.outcome is None else [msgspec.Raw(line.encode()) for line in lines_of(committed.outcome)]
    packed = b64encode(body).decode() if body is not None and not is_text and with_bytes else None
    return EntryView(
        entry.sequence, utc_text(entry.at_us), entry.kind, entry.by, entry.exercise, entry.body_hash, entry.outcome_hash,
        msgspec.Raw(body) if is_text and body is not None else None, lines, packed,
    )  # fmt: skip


async def entries(ask: Ask[EntriesAsked, None]) -> Answer:
    """Entries of the record in order, those that you may see; a page may be short and have a next."""
    ask.must(Action.READ)
    first, limit = ask.query.after + 1, ask.items_of(ask.query.limit)
    items: list[EntryView] = []
    until = first + ENTRIES_PASSED_MAX
    while first < until:
        found = await ask.desk.entries(first, ENTRIES_PER_READ)
        for committed in found:
            if sees_entry(ask, committed):
                items.append(entry_view(committed, with_bytes=False))
            first = committed.entry.sequence + 1
            if len(items) == limit:
                return Answer(Page(items, str(committed.entry.sequence)))
        if len(found) < ENTRIES_PER_READ:
            return Answer(Page(items, None))
    return Answer(Page(items, str(first - 1)))


async def entry(ask: Ask[NoQuery, None]) -> Answer:
    """One entry, with the bytes of its positions."""
    return Answer(entry_view(await _visible(ask), with_bytes=True))


async def proof(ask: Ask[NoQuery, None]) -> Answer:
    """A proof file of one entry: an outsider checks it with `keepclear record verify` and the public keys alone."""
    committed = await _visible(ask)
    return Answer(await ask.desk.proof(committed.entry.sequence))


async def _visible(ask: Ask[Any, Any]) -> Committed:
    text = ask.path["sequence"]
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise not_here("entry", text)
    found = await ask.desk.entries(int(text), 1)
    if not found or found[0].entry.sequence != int(text) or not sees_entry(ask, found[0]):
        raise not_here("entry", text)
    return found[0]


async def checkpoint(ask: Ask[NoQuery, None]) -> Answer:
    """The newest signed checkpoint of the record, as C2SP text."""
    ask.must(Action.READ)
    return Answer((await ask.desk.checkpoint()).encode(), media_type="text/plain")


async def accesses(ask: Ask[AccessesAsked, None]) -> Answer:
    """Who has read the objects of your party."""
    owner = ask.query.owner or ask.user.party
    ask.must(Action.READ_ACCESSES, Access("party", owner, owner, (), ask.members.node.sensitivity))
    if owner not in ask.members.parties:
        raise Declined(404, "party.unknown", "There is no such party.")
    found = await ask.desk.accesses(owner, ask.query.limit)
    return Answer(Accesses([_line(row) for row in found]))


def _line(row: Mapping[str, Any]) -> AccessLine:
    return AccessLine(
        utc_text(row["at_us"]), row["user"], row["party"], row["action"], row["object_kind"], row["object_id"]
    )


ROUTES = (
    Route("GET", "/v1/record/entries", entries, "record", gives=Page[EntryView], query=EntriesAsked, problems=(403,)),
    Route("GET", "/v1/record/entries/{sequence}", entry, "record", gives=EntryView, problems=(404,)),
    Route("GET", "/v1/record/entries/{sequence}/proof", proof, "record", gives=dict[str, Any], problems=(404,)),
    Route(
        "GET", "/v1/record/checkpoint", checkpoint, "record", gives=str, gives_media=("text/plain",), problems=(403,)
    ),
    Route("GET", "/v1/accesses", accesses, "record", gives=Accesses, query=AccessesAsked, problems=(403, 404)),
)

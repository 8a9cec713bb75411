"""The record as views: what each entry puts into the tables that are asked. Views can be dropped and made again from the record.

`told_rows` looks at one entry alone. Tracks are cut into segments a chunk of entries at a time, as a row for each position would cost
more than everything else together: a chunk ends with the entry that brings it to `CHUNK_POSITIONS`, each entry counting for
`POSITIONS_OF_AN_ENTRY` more, so that its end follows from the record alone. What came since is the tail, and is asked as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import msgspec
import numpy as np

from keepclear.feeds.zones import zone_id_of
from keepclear.ground.instants import parse_instant, us_of
from keepclear.host.bodies import event_of
from keepclear.node.effects import Told, lines_of, told_of
from keepclear.node.events import PositionsArrived
from keepclear.record.entries import Committed
from keepclear.store.store import Store
from keepclear.store.views import rebuild
from keepclear.store.writes import Row, ViewRow, Write
from keepclear.tracks.observations import Observations
from keepclear.tracks.packing import segments

CHUNK_POSITIONS = 500_000
# An entry in memory takes about as much as so many positions.
POSITIONS_OF_AN_ENTRY = 100
VIEWS, TRACKS = "views", "tracks"


def told_rows(told: Iterable[Told], zone_text: str = "") -> list[ViewRow]:
    """The rows that what was told of one event puts into the views, in order; `zone_text` is the GeoJSON of zones that were agreed on."""
    rows: list[ViewRow] = []
    texts = _zone_texts(zone_text) if zone_text else {}
    for one in told:
        match one.what:
            case "presence":
                rows.append(_presence(one, _PRESENCE.decode(one.line)))
            case "correction":
                rows += _correction(one, msgspec.json.decode(one.line))
            case "alert":
                rows.append(_alert(one, _ALERT.decode(one.line)))
            case "alert_step":
                rows += _alert_step(one, msgspec.json.decode(one.line))
            case "zone":
                rows += _zone(one, msgspec.json.decode(one.line), texts.get(one.zone, ""))
    return rows


class _PresenceLine(msgspec.Struct, gc=False):
    """What of a line about presence its row needs."""

    seq: int
    subject: str
    zone: str
    seen_at: datetime
    was: str = msgspec.field(name="from")
    now: str = msgspec.field(name="to")


class _AlertLine(msgspec.Struct, gc=False):
    """What of a line about an alert its row needs."""

    alert: str
    key: str
    urgency: str
    repeats: int | None = None


_PRESENCE = msgspec.json.Decoder(_PresenceLine)
_ALERT = msgspec.json.Decoder(_AlertLine)


def _presence(one: Told, said: _PresenceLine) -> ViewRow:
    return _change_of_presence(one, said.seq, said.subject, said.zone, us_of(said.seen_at), said.was, said.now)


def _change_of_presence(one: Told, seq: int, subject: str, zone: str, seen_us: int, was: str, now: str) -> ViewRow:
    row: Row = {
        "sequence": one.sequence, "index": one.index, "exercise": one.exercise, "seq": seq, "subject": subject, "zone": zone,
        "seen_at_us": seen_us, "known_from_us": one.at_us, "known_until_us": None, "was": was, "now": now,
    }  # fmt: skip
    return ViewRow("presence_change", row)


def _correction(one: Told, said: dict[str, dict[str, str]]) -> Iterator[ViewRow]:
    """A correction ends what was known until now, and says what stands instead. Changes keep the number that they were first said by."""
    subject, zone, action = str(said["subject"]), str(said["zone"]), str(said["action"])
    stands, seq, of = said["stands"], int(str(said["seq"])), said["of"]
    if action != "added":
        where: Row = {"exercise": one.exercise, "seq": int(str(of)), "known_until_us": None}
        yield ViewRow("presence_change", {"known_until_us": one.at_us}, where)
        seq = int(str(of))
    if stands is not None:
        seen_us = parse_instant(stands["seen_at"]).us
        yield _change_of_presence(one, seq, subject, zone, seen_us, stands["from"], stands["to"])


def _alert(one: Told, said: _AlertLine) -> ViewRow:
    sequence, index = _parted(said.alert)
    if said.repeats is not None:
        changed: Row = {
            "last_at_us": one.at_us, "repeats": said.repeats, "urgency": said.urgency, "line": one.line,
        }  # fmt: skip
        return ViewRow("alert", changed, {"sequence": sequence, "index": index})
    row: Row = {
        "sequence": sequence, "index": index, "exercise": one.exercise, "key": said.key, "urgency": said.urgency,
        "subject": one.subject, "zone": one.zone, "feed": one.feed, "raised_at_us": one.at_us, "last_at_us": one.at_us, "repeats": 0,
        "state": "raised", "assigned_to": "", "line": one.line,
    }  # fmt: skip
    return ViewRow("alert", row)


def _alert_step(one: Told, said: dict[str, str]) -> Iterator[ViewRow]:
    sequence, index = _parted(said["alert"])
    step: Row = {
        "sequence": one.sequence, "index": one.index, "alert_sequence": sequence, "alert_index": index, "at_us": one.at_us,
        "by": said["by"], "state": said["state"], "words": said.get("words", ""), "to": said.get("to", ""),
    }  # fmt: skip
    yield ViewRow("alert_step", step)
    changed: Row = {"state": said["state"]} | ({"assigned_to": said["to"]} if "to" in said else {})
    yield ViewRow("alert", changed, {"sequence": sequence, "index": index})


def _zone(one: Told, said: dict[str, object], text: str) -> Iterator[ViewRow]:
    where: Row = {"exercise": one.exercise, "zone": one.zone, "known_until_us": None}
    yield ViewRow("zone_version", {"known_until_us": one.at_us}, where)
    if said["action"] == "agreed":
        row: Row = {
            "exercise": one.exercise, "zone": one.zone, "sequence": one.sequence, "version": int(str(said["version"])),
            "known_from_us": one.at_us, "known_until_us": None, "text": text,
        }  # fmt: skip
        yield ViewRow("zone_version", row)


def _zone_texts(text: str) -> dict[str, str]:
    """Each zone of the text that was given as a feature of its own, by id."""
    given = msgspec.json.decode(text)
    features = given["features"] if given.get("type") == "FeatureCollection" else [given]
    return {zone_id_of(feature): msgspec.json.encode(feature).decode() for feature in features}


def _parted(told_id: str) -> tuple[int, int]:
    sequence, index = told_id.split(".")
    return int(sequence), int(index)


@dataclass(frozen=True)
class Arrived:
    """Positions of one entry, with known_at as this node learned of them."""

    sequence: int
    exercise: bool
    feed: str
    observations: Observations


class TrackChunks:
    """The tail of the tracks, and when it becomes segments."""

    def __init__(self, chunk_positions: int = CHUNK_POSITIONS) -> None:
        self.tail: list[Arrived] = []
        self._count = 0
        self._chunk_positions = chunk_positions

    def add(self, sequence: int, at_us: int, exercise: bool, event: PositionsArrived) -> list[Arrived] | None:
        """Takes an entry; gives the chunk that ends with it, which is no longer part of the tail."""
        known = replace(event.observations, known_at_us=np.full(len(event.observations), at_us, np.int64))
        self.tail.append(Arrived(sequence, exercise, event.feed, known))
        self._count += len(known) + POSITIONS_OF_AN_ENTRY
        if self._count < self._chunk_positions:
            return None
        chunk, self.tail, self._count = self.tail, [], 0
        return chunk


def segment_rows(chunk: Sequence[Arrived]) -> list[ViewRow]:
    """The segments of a chunk, as rows of `track_segment`: those of one subject and feed lie together."""
    rows = []
    last = chunk[-1].sequence
    for exercise, feed in sorted({(arrived.exercise, arrived.feed) for arrived in chunk}):
        batches = [one.observations for one in chunk if (one.exercise, one.feed) == (exercise, feed)]
        numbers: dict[str, int] = {}
        for segment in segments(Observations.joined(batches)):
            number = numbers[segment.subject] = numbers.get(segment.subject, -1) + 1
            row: Row = {
                "exercise": exercise, "subject": segment.subject, "feed": feed, "sequence": last, "number": number,
                "first_seen_us": segment.first_seen_us, "last_seen_us": segment.last_seen_us, "count": segment.reports,
                "bytes": segment.packed,
            }  # fmt: skip
            rows.append(ViewRow("track_segment", row))
    return rows


def rebuild_views(store: Store, progress: Callable[[int, int], None], stop: Callable[[], bool] = lambda: False) -> bool:
    """Makes the views from where they stand to the end of the record; call `Store.drop_views` first to make them all anew.

    Whether it came to the end; it can be called again to go on."""
    if not rebuild(store, _fold, name=VIEWS, progress=progress, stop=stop):
        return False
    chunks, size = TrackChunks(), store.size()
    for sequence, chunk in _chunked(store, chunks, size):
        if chunk is not None:
            store.append([Write(views=segment_rows(chunk), progress={TRACKS: sequence + 1})])
            progress(sequence + 1, size)
            if stop():
                return False
    return True


def tail_of(store: Store) -> TrackChunks:
    """The positions that are not cut into segments yet, read from the record."""
    chunks = TrackChunks()
    for _ in _chunked(store, chunks, store.size()):
        pass
    return chunks


def _chunked(store: Store, chunks: TrackChunks, size: int) -> Iterator[tuple[int, list[Arrived] | None]]:
    """Adds the positions of the record that are in no segment yet: each entry that has some, with the chunk that ends with it, if one does."""
    for committed in store.stream(store.progress(TRACKS), size):
        entry = committed.entry
        if entry.kind == "positions_arrived" and committed.body is not None:
            event = event_of(entry.kind, committed.body)
            assert isinstance(event, PositionsArrived)
            yield entry.sequence, chunks.add(entry.sequence, entry.at_us, entry.exercise, event)


def _fold(committed: Committed) -> list[ViewRow]:
    entry = committed.entry
    if not committed.outcome:
        return []
    lines = enumerate(lines_of(committed.outcome))
    told = [told_of(entry.sequence, place, entry.at_us, line) for place, line in lines]
    text = committed.body.decode() if entry.kind == "zones_agreed" and committed.body is not None else ""
    return told_rows(told, text)

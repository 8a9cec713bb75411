"""Reports and zones with valid defaults, so that what a test sets is what it is about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from keepclear.agreements.atlas import Zone
from keepclear.geo.shapes import Circle
from keepclear.ground.instants import parse_instant
from keepclear.render.records import line_of
from keepclear.tracks.builder import BatchBuilder
from keepclear.tracks.observations import Attribution, Claim, Observations
from keepclear.watch.events import Events
from keepclear.watch.watch import Watch

CENTRE = (33.5, 38.6)
KM_PER_DEGREE_NORTH = 110.9
MINUTE_US = 60_000_000


def at(clock: str) -> int:
    """Microseconds of "10:30" or "10:30:15" on the day of all examples."""
    seconds = clock if clock.count(":") == 2 else f"{clock}:00"
    return parse_instant(f"2026-05-18T{seconds}Z").us


def north(km: float) -> float:
    """Latitude about so many kilometres north of the centre of Kestrel Pass."""
    return CENTRE[0] + km / KM_PER_DEGREE_NORTH


def kestrel(radius_km: float = 10.0, **terms: Any) -> Zone:
    """Kestrel Pass: a circle round `CENTRE`."""
    return Zone("kestrel", Circle(*CENTRE, radius_km * 1000.0), name="Kestrel Pass", **terms)


def reports(*rows: dict[str, Any]) -> Observations:
    """Reports of "Bravo 1" at the longitude of the centre; give `km` north of the centre, `seen` and `known` clocks."""
    builder = BatchBuilder()
    for row in rows:
        given = dict(row)
        seen, known = given.pop("seen"), given.pop("known", None)
        party, confidence = given.pop("party", None), given.pop("confidence", None)
        claim = Claim(attribution=Attribution(party, "Meridian", confidence)) if party else Claim()
        builder.add(
            subject=given.pop("subject", "Bravo 1"),
            seen_at_us=seen if isinstance(seen, int) else at(seen),
            known_at_us=None if known is None else known if isinstance(known, int) else at(known),
            lat=given.pop("lat", None) or north(given.pop("km", 0.0)),
            lon=given.pop("lon", CENTRE[1]),
            claim=given.pop("claim", claim),
            **given,
        )
    return builder.build()


def changes(events: Events) -> list[tuple[str, str]]:
    """(subject, what) of every change of presence."""
    return [(event.subject, event.what) for event in events.presence]


def whats(events: Events) -> list[str]:
    """What of every change of presence."""
    return [event.what for event in events.presence]


def keys(events: Events) -> list[str]:
    """The keys of the alerts."""
    return [event.key for event in events.alerts]


def told(watch: Watch, batches: Iterable[Observations], until_us: int | None = None) -> list[str]:
    """Every event of these batches as its line in the events file."""
    names = {zone.id: zone.label for zone in watch.atlas}
    events: list[Any] = []
    for batch in batches:
        events += watch.observe(batch)
    if until_us is not None:
        events += watch.advance(until_us)
    return [line_of(event, names[event.zone]) for event in events]


def cut(batch: Observations, sizes: Sequence[int]) -> list[Observations]:
    """The batch in pieces of these sizes, in a circle until it is used up."""
    pieces, first, turn = [], 0, 0
    while first < len(batch):
        size = max(1, sizes[turn % len(sizes)])
        pieces.append(batch.take(slice(first, first + size)))
        first, turn = first + size, turn + 1
    return pieces

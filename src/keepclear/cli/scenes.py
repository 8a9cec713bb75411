"""From a run of the watch to the picture of it: tracks, areas, and where each change of presence happened."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from keepclear.agreements.atlas import Atlas
from keepclear.cli.drawing import zone_drawing
from keepclear.geo.places import NamedPoint
from keepclear.geo.shapes import Shape
from keepclear.geo.volumes import UNKNOWN_MM
from keepclear.ground.instants import utc_text
from keepclear.render import sentences
from keepclear.render.scene import AreaDrawing, Kind, MarkDrawing, PointDrawing, Scene, TrackDrawing
from keepclear.tracks.observations import NO_AREA, Observations
from keepclear.watch.events import Events, Presence

REPORTS_DRAWN_MAX = 1_000_000
MARKS_MAX = 300
BATCHES_JOINED = 256

_KINDS: dict[str, Kind] = {
    "came close": "came close", "moved away": "moved away", "entered": "entered", "left": "left", "left, still close": "left",
    "the window closed": "left", "lost from sight": "lost", "lost near the zone": "lost", "lost inside": "lost",
    "found clear": "found", "found close": "found", "found inside": "found",
}  # fmt: skip


class Sketch:
    """Collects what a run shows, for one picture at its end."""

    def __init__(self) -> None:
        self._batches: list[Observations] = []
        self._small: list[Observations] = []
        self._presence: list[Presence] = []
        self._reports = 0
        self._presence_count = 0

    def add(self, events: Events, batch: Observations | None) -> None:
        """Takes one step of the run."""
        for event in events.presence:
            self._presence_count += 1
            if len(self._presence) < MARKS_MAX:
                self._presence.append(event)
        if batch is not None and len(batch):
            room = max(0, REPORTS_DRAWN_MAX - self._reports)
            self._reports += len(batch)
            if room:
                self._small.append(batch.take(slice(0, room)))
            # A feed that is followed comes report by report, and a batch of one takes as much room as one of hundreds.
            if len(self._small) >= BATCHES_JOINED:
                self._batches.append(Observations.joined(self._small))
                self._small.clear()

    def scene(self, atlas: Atlas, title: str, points: Iterable[NamedPoint] = (), notes: Iterable[str] = ()) -> Scene:
        """The picture as plain values."""
        names = {zone.id: zone.label for zone in atlas}
        footnotes = list(notes)
        if self._presence_count > len(self._presence):
            footnotes.append(
                f"Of {self._presence_count} changes of presence the first {len(self._presence)} are marked."
            )
        if self._reports > REPORTS_DRAWN_MAX:
            footnotes.append(f"Of {self._reports} reports the first {REPORTS_DRAWN_MAX} are drawn.")
        batches = self._batches + self._small
        batch = Observations.joined(batches) if batches else None
        return Scene(
            title=title,
            subtitle=_period(batch),
            zones=tuple(zone_drawing(zone) for zone in atlas),
            tracks=() if batch is None else self._tracks(batch),
            areas=() if batch is None else _areas(batch),
            marks=tuple(_mark(number, event) for number, event in enumerate(self._presence, start=1)),
            points=tuple(PointDrawing(p.lat, p.lon, p.name, "estimate" in p.source.lower()) for p in points),
            sentences=tuple(
                f"{utc_text(event.at_us)} {sentences.of_presence(event, names[event.zone])}" for event in self._presence
            ),
            footnotes=(*footnotes, sentences.NOT_PERMISSION),
        )

    def _tracks(self, batch: Observations) -> tuple[TrackDrawing, ...]:
        permitted: dict[str, bool] = {}
        for event in self._presence:
            permitted[event.subject] = permitted.get(event.subject, True) and event.permission.permitted
        points = np.flatnonzero(batch.area == NO_AREA)
        order = points[np.lexsort((batch.seen_at_us[points], batch.subject[points]))]
        subject = batch.subject[order]
        runs = np.split(order, np.flatnonzero(np.diff(subject)) + 1) if len(order) else []
        drawn = [_track(batch, rows, permitted) for rows in runs]
        return tuple(sorted(drawn, key=lambda track: (track.subject not in permitted, -len(track.lat), track.subject)))


def _track(batch: Observations, rows: np.ndarray, permitted: dict[str, bool]) -> TrackDrawing:
    name = batch.subjects[batch.subject[rows[0]]]
    error_m = np.where(batch.error_mm[rows] == UNKNOWN_MM, np.nan, batch.error_mm[rows] / 1000.0)
    attribution = batch.claims[batch.claim[rows[-1]]].attribution
    return TrackDrawing(
        name,
        name,
        batch.lat[rows],
        batch.lon[rows],
        error_m,
        attribution.party if attribution else "",
        permitted.get(name),
    )


def _areas(batch: Observations) -> tuple[AreaDrawing, ...]:
    drawn: dict[tuple[str, int], AreaDrawing] = {}
    for row in np.flatnonzero(batch.area != NO_AREA):
        name, area = batch.subjects[batch.subject[row]], int(batch.area[row])
        drawn[name, area] = AreaDrawing(name, name, tuple(batch.areas[area].outline()))
    return tuple(drawn.values())


def _mark(number: int, event: Presence) -> MarkDrawing:
    lat, lon = (event.lat, event.lon) if event.area is None else _middle(event.area)
    return MarkDrawing(number, lat, lon, _KINDS[event.what], event.subject)


def _middle(area: Shape) -> tuple[float, float]:
    """The point of an area that is farthest from its edge, of about a hundred."""
    lat, lon = area.spread(100)
    deepest = int(np.argmin(area.edge_m(lat, lon)))
    return float(lat[deepest]), float(lon[deepest])


def _period(batch: Observations | None) -> str:
    if batch is None:
        return ""
    return f"{utc_text(int(batch.seen_at_us.min()))} to {utc_text(int(batch.seen_at_us.max()))} (UTC)"

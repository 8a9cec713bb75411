"""What a map shows, as plain values. Whoever knows zones and tracks assembles them; the drawing knows only these.

Arrays are float64 degrees of equal length, latitude and longitude apart. Rings are closed outlines with enough
points to be drawn by straight strokes; they may cross the antimeridian or go around a pole. Whether the first
point comes again at the end makes no difference.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from keepclear.geo.earth import Floats

Ring = tuple[Floats, Floats]
Kind = Literal["entered", "left", "came close", "moved away", "lost", "found", "correction"]


@dataclass(frozen=True, slots=True, eq=False)
class ZoneDrawing:
    """A zone, and the outer edge of the watch band around it."""

    zone_id: str
    name: str
    rings: tuple[Ring, ...]
    band_rings: tuple[Ring, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class TrackDrawing:
    """Positions of one subject in time order, at least one.

    error_m    one standard deviation of each position; NaN where the source does not say
    permitted  whether the terms of the zones let this subject in; None where nothing is recorded
    estimated  the positions were worked out, not reported"""

    subject: str
    label: str
    lat: Floats
    lon: Floats
    error_m: Floats
    party: str = ""
    permitted: bool | None = None
    estimated: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class AreaDrawing:
    """A report that says only: somewhere in here."""

    subject: str
    label: str
    rings: tuple[Ring, ...]


@dataclass(frozen=True, slots=True)
class MarkDrawing:
    """Where a transition happened; `number` counts from 1 in the scene's sentences."""

    number: int
    lat: float
    lon: float
    kind: Kind
    label: str = ""


@dataclass(frozen=True, slots=True)
class PointDrawing:
    lat: float
    lon: float
    label: str
    estimated: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """The whole picture. `expects_positions`: an empty one says that there are none yet."""

    title: str
    subtitle: str = ""
    zones: tuple[ZoneDrawing, ...] = ()
    tracks: tuple[TrackDrawing, ...] = ()
    areas: tuple[AreaDrawing, ...] = ()
    marks: tuple[MarkDrawing, ...] = ()
    points: tuple[PointDrawing, ...] = ()
    sentences: tuple[str, ...] = ()
    footnotes: tuple[str, ...] = ()
    expects_positions: bool = True

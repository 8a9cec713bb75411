"""The zones in force, each with its terms."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from keepclear.agreements.pattern_terms import NO_PATTERNS, PatternTerms
from keepclear.agreements.terms import Entry, PresenceTerms
from keepclear.geo.index import ZoneIndex
from keepclear.geo.measuring import Measures
from keepclear.geo.shapes import Shape
from keepclear.geo.volumes import HeightBand, HeightBands
from keepclear.ground.errors import Refused
from keepclear.ground.instants import ALWAYS, Window


@dataclass(frozen=True)
class Zone:
    """An agreed area and its terms. Lengths are whole millimetres, times microseconds.

    band_mm       watch band outside the edge; 0: none
    height        heights it reaches; None: all
    window        when it is in force
    dwell_us      an unforeseen presence longer than this raises an alert; None: never
    approach_us   so does a course that meets the edge sooner than this; None: never
    patterns      what else is told that no single position shows
    """

    id: str
    shape: Shape
    name: str = ""
    band_mm: int = 0
    height: HeightBand | None = None
    window: Window = ALWAYS
    presence: PresenceTerms = PresenceTerms()
    may_enter: tuple[Entry, ...] = ()
    dwell_us: int | None = None
    approach_us: int | None = None
    patterns: PatternTerms = NO_PATTERNS

    @property
    def reach_mm(self) -> int:
        """How far outside the edge a position still matters: the band and its margin, or as far as its patterns look."""
        return max(self.band_mm + self.presence.margin_mm, self.patterns.reach_mm(self.band_mm))

    @property
    def label(self) -> str:
        """What people call it: the name, else the id."""
        return self.name or self.id


@dataclass(frozen=True)
class Atlas:
    """Zones with distinct ids, in the order given."""

    zones: tuple[Zone, ...]

    def __post_init__(self) -> None:
        seen: set[str] = set()
        for zone in self.zones:
            if zone.id in seen:
                raise Refused(
                    "zone.duplicate_id",
                    "Two zones have the same id",
                    value=zone.id,
                    mend="Give each zone an id of its own.",
                )
            seen.add(zone.id)

    @staticmethod
    def of(zones: Zone | Iterable[Zone] | Atlas) -> Atlas:
        """An atlas of these zones, or of this one."""
        if isinstance(zones, Zone):
            return Atlas((zones,))
        return zones if isinstance(zones, Atlas) else Atlas(tuple(zones))

    def __len__(self) -> int:
        return len(self.zones)

    def __iter__(self) -> Iterator[Zone]:
        return iter(self.zones)

    @cached_property
    def index(self) -> ZoneIndex:
        """Which zones may matter for which positions, out to each zone's reach."""
        return ZoneIndex([(zone.shape, zone.reach_mm / 1000) for zone in self.zones])

    @cached_property
    def measures(self) -> Measures:
        """Distances and probabilities of positions about zones, by zone number."""
        return Measures([zone.shape for zone in self.zones])

    @cached_property
    def heights(self) -> HeightBands:
        """The height bands, by zone number."""
        return HeightBands([zone.height for zone in self.zones])

    @cached_property
    def band_mm(self) -> npt.NDArray[np.int64]:
        """The watch bands, by zone number."""
        return np.array([zone.band_mm for zone in self.zones], dtype=np.int64)

    @cached_property
    def reach_mm(self) -> npt.NDArray[np.int64]:
        """How far outside the edge a position still matters, by zone number."""
        return np.array([zone.reach_mm for zone in self.zones], dtype=np.int64)

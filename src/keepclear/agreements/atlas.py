"""The zones in force, each with its terms."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
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


@dataclass(frozen=True)
class Versions(Atlas):
    """Zones by number, of which several may be versions of one zone. A number stays what it is; `gone` are looked at no more.

    What was prepared for the zones goes over to the next `Versions`, and is not to be asked of this one any more."""

    gone: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        """Ids may repeat."""

    @cached_property
    def index(self) -> ZoneIndex:
        """As that of an atlas, without those that are gone."""
        return self.index_out_to(0.0)

    def index_out_to(self, beyond_m: float) -> ZoneIndex:
        """An index out to so far beyond each zone's reach."""
        index = ZoneIndex([(zone.shape, zone.reach_mm / 1000 + beyond_m) for zone in self.zones])
        for number in self.gone:
            index.remove(number)
        return index

    def grown(self, zones: tuple[Zone, ...]) -> Versions:
        """These and more behind them."""
        grown = replace(self, zones=self.zones + zones)
        if "index" in vars(self):
            for number, zone in enumerate(zones, len(self)):
                self.index.put(number, zone.shape, zone.reach_mm / 1000)
            vars(grown)["index"] = self.index
        if "measures" in vars(self):
            vars(grown)["measures"] = self.measures.grown([zone.shape for zone in zones])
        return grown

    def restated(self, number: int, zone: Zone) -> Versions:
        """The same with other terms under this number; the shape must be the same."""
        zones = (*self.zones[:number], zone, *self.zones[number + 1 :])
        restated = replace(self, zones=zones)
        if "index" in vars(self):
            if zone.reach_mm != self.zones[number].reach_mm:
                self.index.put(number, zone.shape, zone.reach_mm / 1000)
            vars(restated)["index"] = self.index
        if "measures" in vars(self):
            vars(restated)["measures"] = self.measures
        return restated

    def without(self, number: int) -> Versions:
        """The same, but that this number is looked at no more."""
        without = replace(self, gone=self.gone | {number})
        if "index" in vars(self):
            self.index.remove(number)
            vars(without)["index"] = self.index
        if "measures" in vars(self):
            vars(without)["measures"] = self.measures
        return without

"""Which patterns a zone's terms ask to be told of, and from what size. Without its term a pattern is never judged.

What each pattern means, to the letter, is docs/spec/patterns.md. Lengths are whole millimetres, times microseconds.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from keepclear.ground.errors import Refused

MINUTE_US = 60_000_000
SWEEP_DEG_RANGE = (90.0, 3_600.0)
COUNT_MAX = 1_000_000

# So far beyond a zone's edge or band a report is still looked at: it may be in there, its error allowed for.
DOUBT_REACH_MM = 1_000_000


@dataclass(frozen=True)
class MassingTerms:
    """More in the zone, or in the zone and its "band", by at least `rise` than at a moment less than `within_us` ago."""

    rise: int = 3
    within_us: int = 360 * MINUTE_US
    where: str = "inside"

    def __post_init__(self) -> None:
        _at_least("rise", self.rise, 1)
        _more_than_none("within", self.within_us)
        if self.where not in {"inside", "band"}:
            mend = 'Write "inside" or "band".'
            raise Refused("massing.in", "Where to count is not understood", value=self.where, mend=mend)


@dataclass(frozen=True)
class CirclingTerms:
    """The direction from the middle of the zone turns by `sweep_deg` or more within `within_us`, outside the edge."""

    sweep_deg: float = 360.0
    within_us: int = 120 * MINUTE_US
    out_to_mm: int = 10_000_000

    def __post_init__(self) -> None:
        low, high = SWEEP_DEG_RANGE
        if not low <= self.sweep_deg <= high:
            what = f"The sweep is not between {low:g} and {high:g} degrees"
            raise Refused("pattern.range", what, value=self.sweep_deg, mend="360 is once around.")
        _more_than_none("within", self.within_us)
        _more_than_none("out_to", self.out_to_mm)


@dataclass(frozen=True)
class PatrolTerms:
    """To and fro outside the edge for `lasting_us`, a way of at least `way_mm` in that time."""

    lasting_us: int = 60 * MINUTE_US
    way_mm: int = 10_000_000
    out_to_mm: int = 10_000_000

    def __post_init__(self) -> None:
        _more_than_none("lasting", self.lasting_us)
        _more_than_none("way", self.way_mm)
        _more_than_none("out_to", self.out_to_mm)


@dataclass(frozen=True)
class ClosingTerms:
    """So many subjects come nearer to the edge by `by_mm` each, all within `within_us`."""

    subjects: int = 3
    by_mm: int = 2_000_000
    within_us: int = 30 * MINUTE_US
    out_to_mm: int = 20_000_000

    def __post_init__(self) -> None:
        _at_least("subjects", self.subjects, 2)
        _more_than_none("by", self.by_mm)
        _more_than_none("within", self.within_us)
        _more_than_none("out_to", self.out_to_mm)


@dataclass(frozen=True)
class Expected:
    """A subject that is to be reported, wherever it is, at least every `every_us`."""

    subject: str
    every_us: int

    def __post_init__(self) -> None:
        _more_than_none("every", self.every_us)


@dataclass(frozen=True)
class MannedTerms:
    """At least `least` of these parties (of whomever, if none is named) are to be inside, but for gaps of `gap_us`."""

    least: int = 1
    by: tuple[str, ...] = ()
    gap_us: int = 15 * MINUTE_US

    def __post_init__(self) -> None:
        _at_least("min", self.least, 1)
        _more_than_none("gap", self.gap_us)


@dataclass(frozen=True)
class PatternTerms:
    """The patterns of one zone; `observed_every_us` is how often somebody is to report from in or near it."""

    massing: MassingTerms | None = None
    circling: CirclingTerms | None = None
    patrol: PatrolTerms | None = None
    closing: ClosingTerms | None = None
    observed_every_us: int | None = None
    expected: tuple[Expected, ...] = ()
    manned: MannedTerms | None = None

    def __post_init__(self) -> None:
        if self.observed_every_us is not None:
            _more_than_none("observed_every", self.observed_every_us)
        for subject, times in Counter(expected.subject for expected in self.expected).most_common(1):
            if times > 1:
                mend = "Keep one of the two."
                raise Refused("expected.twice", "The subject is listed twice", value=subject, mend=mend)

    def reach_mm(self, band_mm: int) -> int:
        """How far beyond the edge of a zone with this band these patterns look."""
        beyond = [terms.out_to_mm for terms in (self.circling, self.patrol, self.closing) if terms is not None]
        if self.massing is not None:
            beyond.append(DOUBT_REACH_MM + (band_mm if self.massing.where == "band" else 0))
        return max(beyond, default=0)


NO_PATTERNS = PatternTerms()


def _at_least(member: str, value: int, low: int) -> None:
    if not low <= value <= COUNT_MAX:
        what = f"{member} is not a number from {low} to {COUNT_MAX}"
        raise Refused("pattern.range", what, value=value, mend=f"Write for example {low + 1}.")


def _more_than_none(member: str, value: int) -> None:
    if value <= 0:
        mend = "Give it a length, or leave the pattern out."
        raise Refused("pattern.nothing", f"{member} is nothing", value=value, mend=mend)

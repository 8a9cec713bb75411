"""What the watch says: a change of presence, an alert to a person, a correction of what it said before.

Every event has a running number `seq`, from 1, in the order of the record. `at_us` is when the watch knew,
`seen_at_us` when the source saw.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from keepclear.agreements.terms import Permission
from keepclear.geo.shapes import Shape
from keepclear.tracks.observations import Claim
from keepclear.tracks.picture import VERDICTS, Verdict
from keepclear.watch.presence import Sight, State

Parameter = str | int | float | bool | None


class Cause(StrEnum):
    """Why a presence changed."""

    REPORT = "report"
    LATE_REPORT = "late_report"
    SILENCE = "silence"
    WINDOW_OPENED = "window_opened"
    WINDOW_CLOSED = "window_closed"


class Presence(NamedTuple):
    """A subject changed from one state to another towards a zone.

    `lat`, `lon` and `area` are those of the newest report; where there is an area, the point only stands for it.
    `error_assumed`: the report stated no position error, so `p_inside_e4` rests on the assumed one.
    `flags`: "on_edge" (within 1 cm), "jump", "contradiction"."""

    seq: int
    at_us: int
    seen_at_us: int
    subject: str
    zone: str
    was: State
    now: State
    what: str
    cause: Cause
    urgency: str
    sight: Sight
    permission: Permission
    lat: float
    lon: float
    area: Shape | None
    source: str
    claim: Claim
    error_assumed: bool
    flags: tuple[str, ...] = ()


class Alert(NamedTuple):
    """Something a person should know now: `key` and `params` say why; the words are made at the edge."""

    seq: int
    at_us: int
    key: str
    subject: str
    zone: str
    urgency: str
    params: dict[str, Parameter]
    of: int | None = None
    exercise: bool = False


class Action(StrEnum):
    """What a late report does to something said before."""

    RESTATED = "restated"
    WITHDRAWN = "withdrawn"
    ADDED = "added"


@dataclass(frozen=True)
class Told:
    """A change of presence as the reports seen so far tell it; `seq` of the event that said it, if one did."""

    seen_at_us: int
    was: State
    now: State
    cause: Cause
    sight: Sight
    seq: int | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Correction:
    """A late report changes what was said: `of` is the event that no longer stands as it was told.

    For `ADDED`, `of` is the event after which the new one belongs; None if none was said before it,
    or so long ago that it is forgotten with everything else about this pair."""

    seq: int
    at_us: int
    of: int | None
    action: Action
    subject: str
    zone: str
    said: Told | None
    stands: Told | None
    late_seen_at_us: int
    source: str = ""
    exercise: bool = False


Event = Presence | Alert | Correction
_NO_VERDICTS = np.empty(0, dtype=np.int8)


class Events(Sequence[Event]):
    """Events in order, and the changes of presence among them as columns.

    verdict_codes   what became of each report of the batch, row by row as it was given: places in `VERDICTS`"""

    def __init__(self, events: Sequence[Event], verdict_codes: npt.NDArray[np.int8] = _NO_VERDICTS) -> None:
        self._events = tuple(events)
        self.verdict_codes = verdict_codes

    def __len__(self) -> int:
        return len(self._events)

    def __getitem__(self, key: int | slice) -> Event | Sequence[Event]:  # type: ignore[override]
        return self._events[key]

    def __iter__(self) -> Iterator[Event]:
        return iter(self._events)

    def __repr__(self) -> str:
        return (
            f"<Events: {len(self.presence)} presence, {len(self.alerts)} alerts, {len(self.corrections)} corrections>"
        )

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """The same in words."""
        return tuple(VERDICTS[code] for code in self.verdict_codes.tolist())

    @property
    def presence(self) -> list[Presence]:
        """The changes of presence."""
        return [event for event in self._events if isinstance(event, Presence)]

    @property
    def alerts(self) -> list[Alert]:
        """The alerts."""
        return [event for event in self._events if isinstance(event, Alert)]

    @property
    def corrections(self) -> list[Correction]:
        """The corrections."""
        return [event for event in self._events if isinstance(event, Correction)]

    def columns(self) -> dict[str, npt.NDArray[np.generic]]:
        """The changes of presence as numpy columns, ready for a DataFrame; `edge_m` is NaN where too far to matter."""
        told = self.presence
        return {
            "seq": np.array([p.seq for p in told], dtype=np.int64),
            "at": np.array([p.at_us for p in told], dtype="datetime64[us]"),
            "seen_at": np.array([p.seen_at_us for p in told], dtype="datetime64[us]"),
            "subject": np.array([p.subject for p in told], dtype=object),
            "zone": np.array([p.zone for p in told], dtype=object),
            "from": np.array([str(p.was) for p in told], dtype=object),
            "to": np.array([str(p.now) for p in told], dtype=object),
            "what": np.array([p.what for p in told], dtype=object),
            "cause": np.array([str(p.cause) for p in told], dtype=object),
            "edge_m": np.array(
                [np.nan if p.sight.edge_mm is None else p.sight.edge_mm / 1000 for p in told], dtype=np.float64
            ),
            "p_inside": np.array([p.sight.p_inside_e4 / 10_000 for p in told], dtype=np.float64),
            "permitted": np.array([p.permission.permitted for p in told], dtype=bool),
        }

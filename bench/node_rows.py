"""The given workload as a node gets it: rows that end now, in batches, as columns and as JSON, and zones that are always in force.

A node tells the time by its own clock, and hundreds of seconds come to it in one. So the workload is moved: its last report is seen now.
The windows of zones are left out, as the clock would close them before the reports arrive. Rows beyond the million that the workload has
go the same ways back and forth.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import math
import sys
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from bench.places import WORKLOADS
from bench.running_node import FEED
from bench.watched import reports, with_terms
from keepclear.agreements.terms import PresenceTerms
from keepclear.feeds.zones import write_zones
from keepclear.ground.instants import utc_text
from keepclear.tracks.observations import Observations
from keepclear.tracks.packing import packed

_STEP_S = 10.0


def workload() -> Any:
    """The module of the given workload."""
    file = WORKLOADS["given"]
    sys.path.insert(0, str(file.parent))
    spec = importlib.util.spec_from_file_location("workload", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["workload"] = module
    spec.loader.exec_module(module)
    return module


class Moved:
    """So many rows and zones of the workload, moved so that the last report is seen now."""

    def __init__(self, positions: int, zones: int) -> None:
        self.given = workload()
        self.positions = positions
        self.steps = -(-positions // self.given.N_TRACKS)
        self.shift_s = float(round(time.time() - self.given.T0 - self.steps * _STEP_S))
        self.zones = [dataclasses.replace(zone, t_start=-math.inf, t_end=math.inf) for zone in self.given.zones(zones)]
        self._rows = self.given.positions(min(positions, self.given.N_TRACKS * self.given.N_STEPS))

    @property
    def begins_us(self) -> int:
        """A minute before the first report is seen."""
        return int((self.given.T0 + self.shift_s - 60.0) * 1e6)

    def zone_file(self, terms: str = "plain") -> bytes:
        """The zones as a node takes them.

        terms  "plain": who is inside, from one report, and nothing else; "given": as `bench.watched` has them"""
        zones = with_terms(self.zones, windows=False)
        if terms == "plain":
            zones = [dataclasses.replace(zone, band_mm=0, presence=PresenceTerms(), dwell_us=None) for zone in zones]
        return json.dumps(write_zones(zones)).encode()

    def batches(self, size: int, first: int = 0, last: int | None = None) -> Iterator[dict[str, Any]]:
        """Rows `first` to `last` of the workload, so many at a time, as its columns."""
        last = self.positions if last is None else last
        while first < last:
            until = min(first + size, last)
            yield self._slice(first, until)
            first = until

    def _slice(self, first: int, until: int) -> dict[str, Any]:
        """Rows of one step or more; every second round of the steps is walked backwards."""
        tracks, steps = self.given.N_TRACKS, self.given.N_STEPS
        number = np.arange(first, until)
        step, place = number // tracks, number % tracks
        walked, left = step // steps, step % steps
        at = np.where(walked % 2 == 0, left, steps - 1 - left) * tracks + place
        rows = {name: column[at] for name, column in self._rows.items()}
        rows["t"] = np.round(self._rows["t"][place] + step * _STEP_S + self.shift_s, 3)
        return rows


def columns_of(rows: dict[str, Any]) -> bytes:
    """A batch as packed columns, with the subjects that are in it."""
    return packed(observations_of_rows(rows))


def observations_of_rows(rows: dict[str, Any]) -> Observations:
    """A batch of rows, which names its feed: then a node keeps the bytes as they came."""
    used, number = np.unique(rows["track"], return_inverse=True)
    batch = reports(rows | {"track": number.astype(np.int32)})
    return dataclasses.replace(batch, subjects=tuple(f"s{track}" for track in used.tolist()), feeds=(FEED,))


def json_of(rows: dict[str, Any]) -> bytes:
    """A batch as an array of objects, as a sender would write them."""
    order = np.argsort(rows["t"], kind="stable")
    lines = zip(*(rows[name][order].tolist() for name in ("track", "t", "lat", "lon", "alt", "sigma")), strict=True)
    objects = [
        f'{{"subject":"s{track}","seen_at":"{utc_text(round(t * 1e6))}","lat":{lat},"lon":{lon},"height_m":{alt:.1f},"datum":"W84",'
        f'"error_m":{sigma:.1f}}}'
        for track, t, lat, lon, alt, sigma in lines
    ]
    return f"[{','.join(objects)}]".encode()

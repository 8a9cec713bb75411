"""The figures that were asked for, each from the lines of one run, and what was predicted of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bench.jobs import RETURNS_EVERY_PAIR
from bench.places import PREDICTIONS
from bench.results import Line, Ratio, having, middle, newest, ratio

WORKLOADS = ("given", "second", "ais")
ROW = re.compile(
    r"^\| (?P<name>[a-z0-9-]+) \| [^|\n]+ \| (?P<asked>at (?:least|most) [\d.]+|-) \| (?P<predicted>[\d.]+) \| [^|\n]+ \|$",
    re.MULTILINE,
)


class Prediction(NamedTuple):
    """A row of predictions.md: a bound such as "at least 8", or "-", and the number expected."""

    name: str
    asked: str
    predicted: float

    def met_by(self, value: float) -> bool | None:
        """Whether a value is what was asked; None if nothing was."""
        if self.asked == "-":
            return None
        bound = float(self.asked.rpartition(" ")[2])
        return value >= bound if self.asked.startswith("at least") else value <= bound


def predictions() -> list[Prediction]:
    """Those of predictions.md, in its order."""
    return predictions_in(PREDICTIONS.read_text(encoding="utf-8"))


def predictions_in(page: str) -> list[Prediction]:
    """The rows of five cells; those of the outcomes have more."""
    return [Prediction(row["name"], row["asked"], float(row["predicted"])) for row in ROW.finditer(page)]


def figure(files: list[Path], name: str, workload: str) -> Ratio | None:
    """A figure over a workload from the newest run that holds it; those that concern no workload stand with the given one."""
    part, of_lines = FIGURES[name]
    run = newest(files, part)
    return None if run is None else of_lines(run.lines, workload)


OfLines = Callable[[list[Line], str], Ratio | None]


def _one(value: float | None) -> Ratio | None:
    return None if value is None else Ratio(value, value, value)


def _wrong(name: str) -> OfLines:
    def of_lines(lines: list[Line], workload: str) -> Ratio | None:
        found = [line["false_pos"] + line["false_neg"] for line in having(lines, name=name, workload=workload)]
        return _one(sum(found)) if found else None

    return of_lines


def _against(names: frozenset[str], zones: int, ours: str = "keepclear") -> OfLines:
    def of_lines(lines: list[Line], workload: str) -> Ratio | None:
        theirs = [line for line in having(lines, workload=workload, zones=zones) if line["name"] in names]
        mine = having(lines, name=ours, workload=workload, zones=zones)
        if ours == "keepclear watch":
            mine = [line for line in mine if line["batch_rows"] == 10_000]
        return ratio(mine, theirs, "pos_per_s")

    return of_lines


def _geodesic_cost(lines: list[Line], workload: str) -> Ratio | None:
    both = [
        having(lines, name=name, workload=workload, zones=1000) for name in ("keepclear", "keepclear, geodesic edges")
    ]
    return ratio(both[0], both[1], "pos_per_s")


def _build(lines: list[Line], workload: str) -> Ratio | None:
    ours, theirs = (having(lines, name=f"build {index}", zones=10_000) for index in ("ours", "strtree"))
    if workload != "given" or not ours or not theirs:
        return None
    return ratio(
        [line | {"s": line["index_s"]} for line in ours], [line | {"s": line["all_s"]} for line in theirs], "s"
    )


def _index_mb(lines: list[Line], workload: str) -> Ratio | None:
    return _one(middle(having(lines, name="build ours", zones=10_000), "index_mb")) if workload == "given" else None


def _change(lines: list[Line], workload: str) -> Ratio | None:
    return _one(middle(having(lines, name="change", zones=10_000, workload=workload), "changed_p95_ms"))


def _one_report(lines: list[Line], workload: str) -> Ratio | None:
    found = [
        line["watch_p50_us"] / line["strtree_p50_us"] for line in having(lines, name="one report", workload=workload)
    ]
    return Ratio(float(np.median(found)), min(found), max(found)) if found else None


def _flat(lines: list[Line], workload: str) -> Ratio | None:
    stream = stream_of(lines)
    if workload != "given" or stream is None:
        return None
    held = stream["held_mb"]
    return _one(held[-1] / held[len(held) // 2])


def stream_of(lines: list[Line]) -> Line | None:
    """The longest of the streams: the endless one."""
    return max(having(lines, name="stream"), key=lambda line: line["minutes"], default=None)


def held_kb(lines: list[Line]) -> tuple[float, float, float] | None:
    """Megabytes of a watch of nothing, and kB a subject and a zone: the least-squares plane through the ends of the streams."""
    streams = having(lines, name="stream")
    if len(streams) < 3:
        return None
    about = np.array([(1.0, line["subjects"] / 1e3, line["zones"] / 1e3) for line in streams])
    fitted, *_ = np.linalg.lstsq(about, np.array([line["held_mb"][-1] for line in streams]), rcond=None)
    return float(fitted[0]), float(fitted[1]), float(fitted[2])


def _held(place: int) -> OfLines:
    def of_lines(lines: list[Line], workload: str) -> Ratio | None:
        plane = held_kb(lines)
        return _one(plane[place]) if plane is not None and workload == "given" else None

    return of_lines


def _csv(lines: list[Line], workload: str) -> Ratio | None:
    theirs = [line for line in having(lines) if line["reader"] != "keepclear"]
    # The round that counts is that of the script, which takes its own turns.
    return ratio(having(lines, reader="keepclear"), theirs, "rows_per_s") if workload == "given" else None


def _start(command: str) -> OfLines:
    def of_lines(lines: list[Line], workload: str) -> Ratio | None:
        return _one(middle(having(lines, command=command), "p50_s")) if workload == "given" else None

    return of_lines


def _ingest(form: str, peers: frozenset[str]) -> OfLines:
    def of_lines(lines: list[Line], workload: str) -> Ratio | None:
        theirs = [line for line in having(lines) if line["name"] in peers]
        return ratio(having(lines, name=f"keepclear, {form}"), theirs, "rows_per_s") if workload == "given" else None

    return of_lines


def _alerts(rate: int) -> OfLines:
    def of_lines(lines: list[Line], workload: str) -> Ratio | None:
        return _one(middle(having(lines, asked_per_s=rate, form="json"), "p99_ms")) if workload == "given" else None

    return of_lines


def replay_s(lines: list[Line]) -> float | None:
    """Seconds that a restart without a snapshot takes longer than one with nothing to read."""
    replayed, nothing = (
        middle(having(lines, name=f"keepclear, {how}"), "took_s") for how in ("no snapshot", "no positions")
    )
    return None if replayed is None or nothing is None else replayed - nothing


def _restart(lines: list[Line], workload: str) -> Ratio | None:
    return _one(middle(having(lines, name="keepclear, snapshot"), "took_s")) if workload == "given" else None


def _replay_rate(lines: list[Line], workload: str) -> Ratio | None:
    took_s, positions = replay_s(lines), middle(having(lines, name="keepclear, no snapshot"), "positions")
    return None if workload != "given" or took_s is None or positions is None else _one(positions / took_s / 1e6)


def _replay_over_reading(lines: list[Line], workload: str) -> Ratio | None:
    took_s, reading_s = replay_s(lines), middle(having(lines, name="sqlite3, bodies"), "took_s")
    return None if workload != "given" or took_s is None or reading_s is None else _one(took_s / reading_s)


def _node_flat(lines: list[Line], workload: str) -> Ratio | None:
    found = [line["end_mb"] / line["half_way_mb"] for line in having(lines)]
    return _one(found[0]) if found and workload == "given" else None


STRTREE = frozenset({"shapely, STRtree.query"})
TRIGGERS = frozenset({"PostGIS, each batch", "PostGIS, each row"})
EACH_ROW = frozenset({"PostGIS, each row"})
FIGURES: dict[str, tuple[str, OfLines]] = {
    "wrong-lonlat": ("containment", _wrong("keepclear")),
    "wrong-geodesic": ("containment", _wrong("keepclear, geodesic edges")),
    "best-peer-1k": ("containment", _against(RETURNS_EVERY_PAIR, 1000)),
    "strtree-1k": ("containment", _against(STRTREE, 1000)),
    "best-peer-10k": ("containment", _against(RETURNS_EVERY_PAIR, 10_000)),
    "two-cores-1k": ("containment", _against(frozenset({"keepclear"}), 1000, "keepclear, 2 threads")),
    "geodesic-cost-1k": ("containment", _geodesic_cost),
    "build-10k": ("index", _build),
    "index-mb-10k": ("index", _index_mb),
    "change-ms-10k": ("index", _change),
    "watch-1k": ("containment", _against(RETURNS_EVERY_PAIR, 1000, "keepclear watch")),
    "one-report": ("one", _one_report),
    "memory-flat": ("memory", _flat),
    "subject-kb": ("memory", _held(1)),
    "zone-kb": ("memory", _held(2)),
    "csv": ("csv", _csv),
    "start-watch-s": ("startup", _start("watch")),
    "start-help-s": ("startup", _start("help")),
    "node-json": ("node-ingest", _ingest("JSON", TRIGGERS)),
    "node-columns": ("node-ingest", _ingest("columns", TRIGGERS)),
    "node-json-each-row": ("node-ingest", _ingest("JSON", EACH_ROW)),
    "node-columns-each-row": ("node-ingest", _ingest("columns", EACH_ROW)),
    "alert-1k-ms": ("node-alerts", _alerts(1_000)),
    "alert-10k-ms": ("node-alerts", _alerts(10_000)),
    "alert-50k-ms": ("node-alerts", _alerts(50_000)),
    "restart-s": ("node-restart", _restart),
    "replay-rate": ("node-restart", _replay_rate),
    "replay-over-reading": ("node-restart", _replay_over_reading),
    "node-memory-flat": ("node-memory", _node_flat),
}

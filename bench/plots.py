"""The pictures of docs/benchmarks.md as SVG, drawn by hand: a frame, logarithmic or straight axes, lines, dots and words."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from bench.figures import WORKLOADS, figure, predictions, stream_of
from bench.jobs import RETURNS_EVERY_PAIR, SIZES
from bench.results import having, middle, newest

INK, PALE, OURS, THEIRS = "#1b1f24", "#d0d7de", "#b4231f", "#57606a"
COLOUR_OF_WORKLOAD = {"given": OURS, "second": "#0b6bcb", "ais": "#7a5195"}
LINE_PX = 13


@dataclass(frozen=True)
class Axis:
    """From `low` to `high` in the data, over pixels `start` to `end`."""

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = True

    def at(self, value: float) -> float:
        """The pixel of a value."""
        if self.logarithmic:
            share = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def decades(self) -> list[float]:
        """The powers of ten on it."""
        return [
            10.0**n for n in range(math.ceil(math.log10(self.low) - 1e-9), math.floor(math.log10(self.high) + 1e-9) + 1)
        ]


def text(x: float, y: float, words: str, *, anchor: str = "start", colour: str = INK, bold: bool = False) -> str:
    """Words at a place."""
    weight = ' font-weight="600"' if bold else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}"{weight}>{escape(words)}</text>'


def line(points: Sequence[tuple[float, float]], colour: str, width: float = 1.0, dash: str = "") -> str:
    """A line through points."""
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}"{dashed}/>'


def dot(x: float, y: float, colour: str) -> str:
    """A dot."""
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>'


def sheet(width: int, height: int, title: str, parts: Sequence[str]) -> str:
    """The whole picture on white, so that it can be read on any page."""
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="system-ui, sans-serif" font-size="12">'
    return "\n".join(
        [
            head,
            f"<title>{escape(title)}</title>",
            f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
            text(16, 22, title, bold=True),
            *parts,
            "</svg>\n",
        ]
    )


def rates(files: Sequence[Path]) -> str | None:
    """Positions a second by number of zones, ours and every peer."""
    run = newest(files, "containment")
    found = {} if run is None else {
        name: {size: rate for size in SIZES if (rate := middle(having(run.lines, name=name, workload="given", zones=size), "pos_per_s"))}
        for name in ("keepclear", "keepclear, geodesic edges", *sorted(RETURNS_EVERY_PAIR))
    }  # fmt: skip
    found = {name: by_size for name, by_size in found.items() if by_size}
    if len(found) < 2:
        return None
    every = [rate for by_size in found.values() for rate in by_size.values()]
    x = Axis(
        min(s for by in found.values() for s in by) / 1.01, max(s for by in found.values() for s in by) * 1.01, 60, 470
    )
    y = Axis(10 ** math.floor(math.log10(min(every))), 10 ** math.ceil(math.log10(max(every))), 370, 44)
    parts = [
        line([(x.start, y.at(v)), (x.end, y.at(v))], PALE) + text(54, y.at(v) + 4, _short(v), anchor="end")
        for v in y.decades()
    ]
    parts += [text(x.at(size), 388, f"{size:,}", anchor="middle") for size in SIZES if x.low <= size <= x.high]
    parts.append(text(265, 406, "zones", anchor="middle"))
    labels = []
    for name, by_size in found.items():
        colour = OURS if name.startswith("keepclear") else THEIRS
        points = [(x.at(size), y.at(rate)) for size, rate in by_size.items()]
        parts += [
            line(points, colour, 2.2 if colour == OURS else 1.2, "5 3" if "geodesic" in name else ""),
            *(dot(*point, colour) for point in points),
        ]
        labels.append((points[-1][1], name, colour))
    parts += [text(482, at, name, colour=colour) for at, name, colour in _spread(labels)]
    return sheet(720, 418, "Positions per second, one thread, given workload", parts)


def asked(files: Sequence[Path]) -> str | None:
    """Every bound that was asked for, and how far on which side of it we are."""
    rows = []
    for said in predictions():
        bound = 0.0 if said.asked == "-" else float(said.asked.rpartition(" ")[2])
        found = {workload: figure(list(files), said.name, workload) for workload in WORKLOADS}
        reached = {
            workload: one.value / bound
            for workload, one in found.items()
            if bound and one is not None and one.value > 0
        }
        if "at most" in said.asked:
            reached = {workload: 1 / share for workload, share in reached.items()}
        if reached:
            rows.append((said, reached))
    if not rows:
        return None
    shares = [share for _, reached in rows for share in reached.values()]
    x = Axis(min(0.5, min(shares) / 1.2), max(2.0, max(shares) * 1.2), 240, 690)
    bottom = 60 + 24 * len(rows)
    parts = [
        line([(x.at(1.0), 40), (x.at(1.0), bottom)], INK, 1.5),
        text(x.at(1.0), bottom + 16, "as asked", anchor="middle"),
    ]
    parts += [text(690, bottom + 16, "better", anchor="end"), text(240, bottom + 16, "short of it")]
    for place, (said, reached) in enumerate(rows):
        at = 60 + 24 * place
        parts += [
            line([(240, at), (690, at)], PALE),
            text(16, at + 4, said.name),
            text(228, at + 4, said.asked, anchor="end", colour=THEIRS),
        ]
        parts += [dot(x.at(share), at, COLOUR_OF_WORKLOAD[workload]) for workload, share in reversed(reached.items())]
    for place, (workload, colour) in enumerate(COLOUR_OF_WORKLOAD.items()):
        parts += [
            dot(400 + 100 * place, 18, colour),
            text(410 + 100 * place, 22, "recorded" if workload == "ais" else workload),
        ]
    return sheet(720, bottom + 30, "What was asked and what came out", parts)


def memory(files: Sequence[Path]) -> str | None:
    """Resident memory along the endless stream."""
    run = newest(files, "memory")
    stream = None if run is None else stream_of(run.lines)
    if stream is None:
        return None
    x = Axis(0.0, stream["rows"][-1], 60, 690, logarithmic=False)
    y = Axis(0.0, max(stream["held_mb"]) * 1.15, 230, 40, logarithmic=False)
    parts = []
    for share in (0.0, 0.5, 1.0):
        mb, rows = share * max(stream["held_mb"]), share * stream["rows"][-1]
        parts += [
            line([(60, y.at(mb)), (690, y.at(mb))], PALE),
            text(54, y.at(mb) + 4, f"{mb:.0f} MB", anchor="end"),
            text(x.at(rows), 248, _short(rows), anchor="middle"),
        ]
    parts.append(
        line([(x.at(rows), y.at(mb)) for rows, mb in zip(stream["rows"], stream["held_mb"], strict=True)], OURS, 2.2)
    )
    parts.append(
        text(
            375,
            266,
            f"reports of {stream['subjects']:,} subjects, one a minute, about {stream['zones']:,} zones",
            anchor="middle",
        )
    )
    return sheet(720, 278, "Memory of a watch over an endless stream", parts)


def _short(value: float) -> str:
    for unit, name in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if value >= unit:
            return f"{value / unit:.3g}{name}"
    return f"{value:g}"


def _spread(labels: list[tuple[float, str, str]]) -> list[tuple[float, str, str]]:
    """Labels in the order of their lines, pushed down until none lies on another."""
    placed: list[tuple[float, str, str]] = []
    for wanted, name, colour in sorted(labels):
        at = max(wanted + 4, placed[-1][0] + LINE_PX) if placed else wanted + 4
        placed.append((at, name, colour))
    return placed


PICTURES: dict[str, tuple[str, Callable[[Sequence[Path]], str | None]]] = {
    "bench-asked": ("Every figure that was asked for, as a dot left or right of the line where it is met", asked),
    "bench-rates": ("Positions per second against the number of zones, ours and the peers", rates),
    "bench-memory": ("Resident memory against the number of reports taken", memory),
}

"""Kept measurements: one file for each run, its first line the machine, every other line one measurement."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

Line = dict[str, Any]


class Run(NamedTuple):
    """One run of bench/run."""

    machine: dict[str, Any]
    lines: list[Line]


def newest(files: Sequence[Path], part: str) -> Run | None:
    """The last of the runs that measured this part; the names of files are in the order of time."""
    for file in sorted(files, reverse=True):
        machine, *lines = (json.loads(line) for line in file.read_text(encoding="utf-8").splitlines())
        found = [line for line in lines if line["part"] == part]
        if any("error" not in line and "skipped" not in line for line in found):
            return Run(machine["machine"], found)
    return None


def having(lines: Iterable[Line], **values: object) -> list[Line]:
    """The lines with these values that hold a measurement."""
    return [
        line
        for line in lines
        if "error" not in line
        and "skipped" not in line
        and all(line.get(name) == value for name, value in values.items())
    ]


def middle(lines: Iterable[Line], value: str) -> float | None:
    """The median of a value over lines; None without lines."""
    values = [line[value] for line in lines if line.get(value) is not None]
    return statistics.median(values) if values else None


class Ratio(NamedTuple):
    """A figure and, where it was measured in several rounds, its least and greatest."""

    value: float
    least: float
    greatest: float


def ratio(ours: Sequence[Line], theirs: Sequence[Line], value: str) -> Ratio | None:
    """Ours over theirs round by round; of theirs the greatest of each round. None where no round has both."""
    found = []
    for number in {line["round"] for line in ours} & {line["round"] for line in theirs}:
        mine = statistics.median(line[value] for line in ours if line["round"] == number)
        found.append(mine / max(line[value] for line in theirs if line["round"] == number))
    return Ratio(statistics.median(found), min(found), max(found)) if found else None

"""The tables of docs/benchmarks.md and bench/predictions.md, each from the lines of one run."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from bench.figures import WORKLOADS, Prediction, figure, held_kb, predictions
from bench.jobs import PARTS, RETURNS_EVERY_PAIR, SIZES
from bench.results import Line, Ratio, Run, having, middle, newest

NOT_YET = "Not measured yet.\n"


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    columns = list(head)
    return "".join(f"| {' | '.join(cells)} |\n" for cells in [columns, ["---"] * len(columns), *rows])


def number(value: float | None) -> str:
    """Three digits where there are so many, four about one; a dash for what is not known."""
    if value is None:
        return "-"
    if 0.95 < value < 1.05 and value != 1:
        return f"{value:.4g}"
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def outcome(found: Ratio | None) -> str:
    """The figure, and from where to where its rounds went if they differ visibly."""
    if found is None:
        return "-"
    ends = [number(found.least), number(found.greatest)]
    return number(found.value) + (f" ({' to '.join(ends)})" if ends[0] != ends[1] else "")


def outcomes(files: list[Path]) -> str:
    """What was predicted and what came out, for each workload."""
    rows = []
    for said in predictions():
        found = {workload: figure(files, said.name, workload) for workload in WORKLOADS}
        given = found["given"]
        over = number(given.value / said.predicted) if given is not None and said.predicted else "-"
        rows.append(
            [
                said.name,
                said.asked,
                number(said.predicted),
                *map(outcome, found.values()),
                over,
                _met(said, found.values()),
            ]
        )
    return table(
        ["figure", "asked", "predicted", "given", "second", "recorded (AIS)", "given over predicted", "as asked"], rows
    )


def _met(said: Prediction, found: Iterable[Ratio | None]) -> str:
    answers = {said.met_by(one.value) for one in found if one is not None}
    if not answers or None in answers:
        return "-"
    return "yes" if answers == {True} else "no" if answers == {False} else "in part"


def when(run: Run | None) -> str:
    """One sentence on the run."""
    if run is None:
        return ""
    m = run.machine
    return f"Measured {m['date']} on {m['cores']} cores of {m['cpu']}, {m['system']}, Python {m['python']}, commit {m['commit']}.\n\n"


def machine(files: list[Path]) -> str:
    """Which run each part is from, and the versions of the newest containment run."""
    runs = {part: newest(files, part) for part in PARTS}
    rows = [
        [part, run.machine["date"], run.machine["commit"], f"{run.machine['cores']} cores of {run.machine['cpu']}"]
        for part, run in runs.items()
        if run
    ]
    latest = runs["containment"]
    versions = ", ".join(f"{name} {said}" for name, said in latest.machine["versions"].items()) if latest else ""
    return (
        (table(["part", "measured", "commit", "on"], rows) + (f"\nVersions: {versions}.\n" if versions else ""))
        if rows
        else NOT_YET
    )


def rates(files: list[Path], workload: str) -> str:
    """Millions of positions a second and wrong pairs, for each engine and number of zones."""
    run = newest(files, "containment")
    if run is None:
        return NOT_YET
    lines = having(run.lines, workload=workload)
    sizes = [size for size in SIZES if having(lines, zones=size)]
    rows = []
    for name in dict.fromkeys(line["name"] for line in lines if "false_pos" in line or "pos_per_s" in line):
        mark = " *" if name in RETURNS_EVERY_PAIR else ""
        rows.append([name + mark, *(_rate(having(lines, name=name, zones=size)) for size in sizes)])
    return table(
        ["M positions/s (wrong pairs of all)", *(f"{size:,} zone{'s' * (size > 1)}" for size in sizes)], rows
    ) + _not_measured(run.lines, workload)


def _rate(lines: list[Line]) -> str:
    lines = [line for line in lines if line.get("batch_rows", 10_000) == 10_000]
    rate = middle(lines, "pos_per_s")
    if rate is None:
        return "-"
    wrong = next(
        (
            f" ({line['false_pos'] + line['false_neg']:,} of {line['true_pairs']:,})"
            for line in lines
            if "false_pos" in line
        ),
        "",
    )
    return f"{rate / 1e6:.3g}{wrong}"


def _not_measured(lines: list[Line], workload: str) -> str:
    reasons = {
        f"{line['name']}: {line.get('skipped') or line['error']}"
        for line in lines
        if line.get("workload") == workload and {"skipped", "error"} & line.keys()
    }
    return "".join(f"\nNot measured: {reason}\n" for reason in sorted(reasons))


def _simple(
    part: str, head: list[str], rows_of: Callable[[list[Line]], list[list[str]]]
) -> Callable[[list[Path]], str]:
    def of_files(files: list[Path]) -> str:
        run = newest(files, part)
        return NOT_YET if run is None else when(run) + table(head, rows_of(run.lines))

    return of_files


def _batches(lines: list[Line]) -> list[list[str]]:
    found = having(lines, name="keepclear watch", workload="given", zones=1000)
    sizes = sorted({line["batch_rows"] for line in found})
    return [[f"{size:,}", number((middle(having(found, batch_rows=size), "pos_per_s") or 0) / 1e6)] for size in sizes]


def _builds(lines: list[Line]) -> list[list[str]]:
    rows = []
    for zones in sorted({line["zones"] for line in having(lines, name="build ours")}):
        ours, tree = (having(lines, name=f"build {index}", zones=zones) for index in ("ours", "strtree"))
        rows.append(
            [
                f"{zones:,}",
                *(number(middle(ours, value)) for value in ("shapes_s", "index_s", "index_mb", "peak_mb")),
                *(number(middle(tree, value)) for value in ("all_s", "all_mb")),
            ]
        )
    return rows


def _changes(lines: list[Line]) -> list[list[str]]:
    return [
        [
            line["workload"],
            f"{line['zones']:,}",
            *(
                number(line[f"{kind}_{share}_ms"])
                for kind in ("changed", "added", "put")
                for share in ("p50", "p95", "max")
            ),
            str(line["otherwise_than_anew"]),
        ]
        for line in having(lines, name="change")
    ]


def _ones(lines: list[Line]) -> list[list[str]]:
    found = {workload: having(lines, workload=workload) for workload in WORKLOADS}
    return [
        [
            workload,
            *(
                number(middle(some, f"{what}_{share}_us"))
                for what in ("strtree", "index", "watch")
                for share in ("p50", "p99")
            ),
        ]
        for workload, some in found.items()
        if some
    ]


def _streams(lines: list[Line]) -> list[list[str]]:
    rows = [
        [
            f"{line['subjects']:,}",
            f"{line['zones']:,}",
            f"{line['rows'][-1]:,}",
            *(number(line["held_mb"][place]) for place in (len(line["held_mb"]) // 2, -1)),
        ]
        for line in having(lines, name="stream")
    ]
    plane = held_kb(lines)
    if plane is not None:
        rows.append(
            [f"each {number(plane[1])} kB", f"each {number(plane[2])} kB", "", "", f"{number(plane[0])} MB for none"]
        )
    return rows


def _readers(lines: list[Line]) -> list[list[str]]:
    found = {name: having(lines, reader=name) for name in dict.fromkeys(line["reader"] for line in having(lines))}
    return [
        [
            name,
            number((middle(some, "rows_per_s") or 0) / 1e6),
            number(middle(some, "took_s")),
            number(middle(some, "processor_s")),
            number(middle(some, "start_s")),
        ]
        for name, some in found.items()
    ]


def _starts(lines: list[Line]) -> list[list[str]]:
    return [
        [line["command"], *(number(line[name]) for name in ("p50_s", "max_s", "first_s"))] for line in having(lines)
    ]


def _stages(lines: list[Line]) -> list[list[str]]:
    return [
        [
            line["stage"],
            f"{line['share']:.0%}",
            number(line["ns_per_row"]),
            line["floor"],
            number(line["floor_ns_per_row"]),
        ]
        for line in having(lines)
        if "stage" in line
    ]


def _functions(lines: list[Line]) -> list[list[str]]:
    return [[f"`{line['function']}`", f"{line['share']:.0%}"] for line in having(lines) if "function" in line]


def _ingested(lines: list[Line]) -> list[list[str]]:
    rows = []
    for name in dict.fromkeys(line["name"] for line in having(lines)):
        found = having(lines, name=name)
        rates = sorted(line["rows_per_s"] for line in found)
        busy_s = middle(found, "processor_s")
        rows.append(
            [
                name, number(middle(found, "rows_per_s")), f"{number(rates[0])} to {number(rates[-1])}", f"{found[0]['told']:,}",
                number(None if busy_s is None else 1e6 * busy_s / found[0]["rows"]), number(max(line["others_cores"] for line in found)),
            ]
        )  # fmt: skip
    return rows


def _latencies(lines: list[Line]) -> list[list[str]]:
    values = ("reached_per_s", "alerts", "p50_ms", "p99_ms", "max_ms", "processor_share", "others_cores")
    return [
        [f"{line['asked_per_s']:,}", line["form"], *(number(line[value]) for value in values)] for line in having(lines)
    ]


def _restarts(lines: list[Line]) -> list[list[str]]:
    values = ("positions", "given_again", "took_s", "least_s", "greatest_s", "resident_mb", "mb", "others_cores")
    return [[line["name"], *(number(line.get(value)) for value in values)] for line in having(lines)]


def _node_runs(lines: list[Line]) -> list[list[str]]:
    return [
        [
            f"{line['subjects']:,}", f"{line['zones']:,}", f"{line['rows'][-1]:,}", number(line["half_way_mb"]), number(line["end_mb"]),
            number(line["disk_mb"]),
        ]
        for line in having(lines)
    ]  # fmt: skip


def _messages(lines: list[Line]) -> list[list[str]]:
    rows = []
    found = [line for line in having(lines) if "per_s" in line]
    for name in dict.fromkeys(line["name"] for line in found):
        some = having(found, name=name)
        rates = sorted(line["per_s"] for line in some)
        values = ("processor_ms_each", "durable_p50_ms", "durable_p99_ms")
        rows.append(
            [
                name, number(middle(some, "per_s")), f"{number(rates[0])} to {number(rates[-1])}",
                *(number(middle(some, value)) for value in values), number(max(line["others_cores"] for line in some)),
            ]
        )  # fmt: skip
    return rows


def _held_open(lines: list[Line]) -> list[list[str]]:
    values = ("snapshot_s", "snapshot_bytes_each", "start_from_snapshot_s", "start_without_s")
    return [
        [f"{line['open']:,}", *(number(line[value]) for value in values)]
        for line in having(lines)
        if "snapshot_s" in line
    ]


def _lost(lines: list[Line]) -> list[list[str]]:
    values = ("messages", "shown_once", "answers_lost", "killed", "packets", "took_s")
    return [[*(number(line[value]) for value in values)] for line in having(lines)]


def _frames(lines: list[Line]) -> list[list[str]]:
    values = ("frames_per_s", "frame_ms_p50", "frame_ms_p95", "frame_ms_max", "console_over")
    return [[f"{line['tracks']:,}", line["page"], *(number(line[value]) for value in values)] for line in having(lines)]


def _opened(lines: list[Line]) -> list[list[str]]:
    values = ("kb_to_read", "kb", "painted_s", "read_s", "drawn_s")
    return [[line["line"], line["page"], *(number(line.get(value)) for value in values)] for line in having(lines)]


def _hour(lines: list[Line]) -> list[list[str]]:
    found = having(lines)
    values = ("minute", "alerts", "heap_mb", "nodes", "listeners", "node_mb")
    return [
        [*(number(line[value]) for value in values)] for line in found if line["minute"] % 10 == 0 or line is found[-1]
    ]


_MESSAGES_HEAD = [
    "what", "a second", "least to greatest", "of the processors ms each", "given and durable p50 ms", "p99 ms",
    "cores busy with something else",
]  # fmt: skip
_CHANGE_HEAD = [f"{kind} {share} ms" for kind in ("changed", "added", "index alone") for share in ("p50", "p95", "max")]
_ONE_HEAD = [f"{what} {share} µs" for what in ("STRtree.query", "our index", "the watch") for share in ("p50", "p99")]
TABLES: dict[str, Callable[[list[Path]], str]] = {
    "figures": outcomes,
    "machine": machine,
    **{f"rates-{workload}": partial(rates, workload=workload) for workload in WORKLOADS},
    "batches": _simple("containment", ["reports in a batch", "M reports/s"], _batches),
    "build": _simple(
        "index",
        ["zones", "our shapes s", "our index s", "our index MB", "our peak MB", "STRtree s", "STRtree MB"],
        _builds,
    ),
    "change": _simple("index", ["workload", "zones", *_CHANGE_HEAD, "pairs otherwise than built anew"], _changes),
    "one": _simple("one", ["workload", *_ONE_HEAD], _ones),
    "memory": _simple("memory", ["subjects", "zones", "reports", "MB half-way", "MB at the end"], _streams),
    "csv": _simple("csv", ["reader", "M rows/s", "s", "of the processor s", "start-up s, taken off"], _readers),
    "startup": _simple("startup", ["command", "median s", "slowest s", "first s"], _starts),
    "stages": _simple("profile", ["stage", "share", "ns a row", "floor", "floor ns a row"], _stages),
    "functions": _simple("profile", ["function", "share"], _functions),
    "node-ingest": _simple(
        "node-ingest",
        [
            "engine",
            "positions/s",
            "least to greatest",
            "told",
            "of the processor µs a position",
            "cores busy with something else",
        ],
        _ingested,
    ),
    "node-alerts": _simple(
        "node-alerts",
        [
            "positions/s asked",
            "as",
            "reached",
            "alerts",
            "p50 ms",
            "p99 ms",
            "max ms",
            "node's share of a core",
            "cores busy with something else",
        ],
        _latencies,
    ),
    "node-restart": _simple(
        "node-restart",
        [
            "what",
            "positions",
            "given again",
            "s",
            "least s",
            "greatest s",
            "resident MB",
            "MB read",
            "cores busy with something else",
        ],
        _restarts,
    ),
    "node-memory": _simple(
        "node-memory", ["subjects", "zones", "positions", "MB half-way", "MB at the end", "MB on disk"], _node_runs
    ),
    "messages": _simple("messages", _MESSAGES_HEAD, _messages),
    "messages-open": _simple("messages-open", _MESSAGES_HEAD, _messages),
    "messages-held": _simple(
        "messages-open",
        ["open", "snapshot s", "bytes of it a message", "start from it s", "start without one s"],
        _held_open,
    ),
    "messages-lost": _simple(
        "messages-lost", ["messages", "shown once", "answers lost", "kills", "packets", "s"], _lost
    ),
    "console-frames": _simple(
        "console",
        ["tracks", "page", "frames a second", "frame p50 ms", "p95 ms", "greatest ms", "console over it"],
        _frames,
    ),
    "console-open": _simple(
        "console-open",
        ["line", "page", "kB until it is read", "kB in all", "painted s", "alert read s", "tracks drawn s"],
        _opened,
    ),
    "console-hour": _simple(
        "console-hour",
        ["minute", "alerts in the queue", "memory of the script MB", "nodes of the page", "listeners", "node MB"],
        _hour,
    ),
}

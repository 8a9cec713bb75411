"""What is measured: one row for each process that is started, in the order in which a round starts them.

A part is what `--only` can ask for. Jobs of one part whose figures are divided by one another run in the same rounds. Slow peers
get fewer of the same rows, the first ones, and peers that decide no figure get one round.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

M, K = 1_000_000, 1000
PARTS = {
    "containment": "positions/s and wrong pairs of our index and of the peers, and reports/s of the watch",
    "index": "building an index, and changing one zone of it",
    "one": "one report at a time",
    "memory": "an endless stream, and what a subject and a zone hold",
    "csv": "CSV file to events file, and other people's CSV readers",
    "startup": "`keepclear watch` and `keepclear --help` with nothing to do",
    "profile": "where the time goes, and the floors",
    "node-ingest": "a running node: durable positions/s beside PostGIS with a trigger",
    "node-alerts": "a running node: from POST to alert in the stream",
    "node-restart": "a running node: how soon it is back, and the rate of a replay",
    "node-memory": "a running node: memory over a long run",
    "messages": "two nodes: signed, sealed, durable messages/s beside a plain HTTPS POST",
    "messages-open": "the same with 0 and with 100,000 messages that nobody has answered",
    "console": "the console in a browser: frames/s of the map beside a plain MapLibre page",
    "console-open": "the console in a browser: seconds and bytes until it is of use",
    "console-hour": "the console in a browser: memory over an hour of stream",
    "messages-lost": "20,000 messages with answers lost and nodes killed: how many are shown once",
}
NODE_PARTS = frozenset({"node-ingest", "node-alerts", "node-restart", "node-memory"})
PEER_SCRIPTS_NEEDED = frozenset({"containment", "index", "one", "memory", "csv", "profile"}) | NODE_PARTS
REPS = 3
NODE_TIMEOUT_S = 1800
HOUR_S = 3600
QUIET_WAIT_S = 5


@dataclass(frozen=True)
class Job:
    """One process: what it is called in the results, and the module and arguments that are run.

    `needs` is the package without which it is skipped; `said` goes into each of its lines of results; what is not done after
    `timeout_s` is broken off."""

    part: str
    name: str
    command: tuple[str, ...]
    said: dict[str, object] = field(default_factory=dict)
    needs: str = ""
    rounds: int = 1
    timeout_s: int = 600


@dataclass(frozen=True)
class Engine:
    """One way of asking who is inside, and how many rows it gets at 1, 100, 1,000 and 10,000 zones (0: not asked).

    `decides`: the numbers of zones at which a figure rests on it, so that it runs in every round.
    `everywhere`: asked over the other two workloads too."""

    name: str
    script: str
    mode: str
    threads: int
    rows: tuple[int, int, int, int]
    decides: tuple[int, ...] = ()
    everywhere: bool = False
    needs: str = ""


SIZES = (1, 100, 1000, 10_000)
ENGINES = (
    Engine("keepclear", "ours", "lonlat", 1, (M, M, M, M), (1000, 10_000), True),
    Engine("keepclear, 2 threads", "ours", "lonlat", 2, (M, M, M, M), (1000,), True),
    Engine("keepclear, geodesic edges", "ours", "geodesic", 1, (M, M, M, M), (1000,), True),
    Engine("keepclear, whole 1e-7 degrees in", "ours", "e7", 1, (M, M, M, 0)),
    Engine(
        "shapely, intersects_xy zone by zone", "shapely_strtree", "contains_xy", 1, (M, M, M, M), (1000, 10_000), True
    ),
    Engine("shapely, STRtree.query", "shapely_strtree", "", 1, (M, 300 * K, 200 * K, 30 * K), (1000,), True),
    Engine("SedonaDB", "sedonadb_join", "", 1, (M, M, M, 200 * K), (1000, 10_000), True, "sedonadb"),
    Engine("SedonaDB, 2 threads", "sedonadb_join", "", 2, (M, M, M, 200 * K), needs="sedonadb"),
    Engine(
        "ClickHouse, pointInPolygon join", "chdb_clickhouse", "", 1, (500 * K, 300 * K, 100 * K, 20 * K), needs="chdb"
    ),
    Engine(
        "ClickHouse, polygon dictionary (one zone a position)", "chdb_clickhouse", "dict", 1, (M, M, M, 0), needs="chdb"
    ),
    Engine("rtree and shapely", "rtree_shapely", "bulk", 1, (200 * K, 100 * K, 50 * K, 20 * K), needs="rtree"),
    Engine("geopandas.sjoin", "geopandas_sjoin", "", 1, (300 * K, 200 * K, 100 * K, 30 * K), needs="geopandas"),
    Engine("H3 cells (approximate)", "h3_lookup", "r7", 1, (300 * K, 300 * K, 100 * K, 0), needs="h3"),
)
RETURNS_EVERY_PAIR = frozenset(
    e.name for e in ENGINES if e.script != "ours" and e.threads == 1 and not {e.mode, e.script} & {"dict", "h3_lookup"}
)
BATCHES = (1000, 10_000, 100_000)
# How many rounds a figure gets by its workload and number of zones.
ROUNDS = {"given": {1000: 3, 10_000: 2}, "second": {1000: 2, 10_000: 1}, "ais": {1000: 2, 10_000: 1}}
AIS_ROWS = 99_999


def over(workload: str, script: str, **options: object) -> tuple[str, ...]:
    """The command that runs a script over a workload."""
    said = [text for name, value in options.items() for text in (f"--{name.replace('_', '-')}", str(value))]
    return ("bench.over", workload, script, *said)


def jobs(*, quick: bool) -> list[Job]:
    """All of them."""
    return [
        *_containment(quick),
        *_index(quick),
        *_one(quick),
        *_memory(quick),
        *_csv(quick),
        *_startup(quick),
        *_profile(quick),
        *_node(quick),
        *_messages(quick),
        *_console(quick),
    ]


def _containment(quick: bool) -> Iterator[Job]:
    for workload in ROUNDS:
        yield Job("containment", "exact answer", over(workload, "geodesic_answer"), {"workload": workload})
    for workload, rounds in ROUNDS.items():
        for zones in (1000,) if quick else SIZES if workload == "given" else SIZES[2:]:
            for engine in ENGINES:
                rows = min(
                    engine.rows[SIZES.index(zones)], AIS_ROWS if workload == "ais" else M, 50 * K if quick else M
                )
                if not rows or not (engine.everywhere or workload == "given"):
                    continue
                care = {"reps": 1, "quiet_wait": 0} if quick else {"reps": REPS, "quiet_wait": QUIET_WAIT_S}
                asked = {"zones": zones, "positions": rows, "mode": engine.mode, "threads": engine.threads}
                times = rounds[zones] if zones in engine.decides else 1
                yield Job(
                    "containment",
                    engine.name,
                    over(workload, engine.script, **asked, **care),
                    {"workload": workload},
                    engine.needs,
                    times,
                )
            rows = 20 * K if quick else AIS_ROWS if workload == "ais" else M
            for batch_rows in BATCHES if (workload, zones) == ("given", 1000) else BATCHES[1:2]:
                command = over(workload, "watch_rate", zones=zones, positions=rows, batch_rows=batch_rows)
                times = rounds[zones] if zones == 1000 else 1
                yield Job("containment", "keepclear watch", command, {"workload": workload}, rounds=times)


def _index(quick: bool) -> Iterator[Job]:
    for zones in (1000,) if quick else (1000, 10_000):
        for index in ("ours", "strtree"):
            yield Job("index", f"build {index}", over("given", "build", index=index, zones=zones), rounds=2)
        for workload in ROUNDS if zones == 1000 else ("given",):
            command = over(
                workload,
                "one_zone_changed",
                zones=zones,
                changes=20 if quick else 200,
                positions=10 * K if quick else 99_999,
            )
            yield Job("index", "change", command, {"workload": workload})


def _one(quick: bool) -> Iterator[Job]:
    for workload in ROUNDS:
        command = over(workload, "batch_of_one", zones=1000, positions=2 * K if quick else 20 * K)
        yield Job("one", "one report", command, {"workload": workload}, rounds=2)


def _memory(quick: bool) -> Iterator[Job]:
    """The first is the endless stream; with the others it fixes the plane."""
    for subjects, zones, minutes in (
        (2000, 200, 360),
        (500, 200, 150),
        (6000, 200, 150),
        (2000, 1000, 150),
        (2000, 2000, 150),
    ):
        command = over(
            "given",
            "memory",
            subjects=subjects // 20 if quick else subjects,
            zones=zones // 4 if quick else zones,
            minutes=minutes,
        )
        yield Job("memory", "stream", command)


def _csv(quick: bool) -> Iterator[Job]:
    yield Job(
        "csv",
        "CSV to events",
        over("given", "csv_to_events", rows=50 * K if quick else 5 * M, rounds=1 if quick else 2),
        needs="polars",
    )


def _startup(quick: bool) -> Iterator[Job]:
    yield Job("startup", "start-up", ("bench.startup", "--starts", "3" if quick else "10"))


def _profile(quick: bool) -> Iterator[Job]:
    yield Job("profile", "profile", over("given", "profile", rows=50 * K if quick else M), needs="pyarrow")


def _node(quick: bool) -> Iterator[Job]:
    """The scripts begin and stop nodes and servers, and take their own turns."""
    small = ("--rounds", "1", "--positions", "30000", "--peer-positions", "20000", "--quiet-wait", "0")
    yield Job("node-ingest", "ingest", ("bench.node_ingest", *(small if quick else ())), timeout_s=NODE_TIMEOUT_S)
    short = ("--seconds", "2", "--forms", "json", "--quiet-wait", "0")
    yield Job("node-alerts", "alerts", ("bench.alert_latency", *(short if quick else ())), timeout_s=NODE_TIMEOUT_S)
    few = ("--positions", "50000", "--starts", "1", "--quiet-wait", "0")
    yield Job(
        "node-restart",
        "restart",
        ("bench.restart", *(few if quick else ("--positions", str(10 * M)))),
        timeout_s=NODE_TIMEOUT_S,
    )
    yield Job(
        "node-memory",
        "memory",
        ("bench.node_memory", *(("--minutes", "50") if quick else ())),
        timeout_s=NODE_TIMEOUT_S,
    )


def _messages(quick: bool) -> Iterator[Job]:
    """The scripts begin and stop their processes, and take their own turns."""
    few = ("--messages", "300", "--rounds", "1", "--quiet-wait", "0")
    yield Job(
        "messages", "messages", ("bench.messages", *(few if quick else ("--rounds", "5"))), timeout_s=NODE_TIMEOUT_S
    )
    held = (*few, "--open", "2000") if quick else ("--open", "100000")
    yield Job("messages-open", "messages", ("bench.messages", *held), timeout_s=NODE_TIMEOUT_S)
    lost = ("--messages", "1000", "--kills", "2") if quick else ()
    yield Job("messages-lost", "messages", ("bench.lost_answers", *lost), timeout_s=NODE_TIMEOUT_S)


def _console(quick: bool) -> Iterator[Job]:
    """Chromium and a node; each script takes its own turns."""
    few = ("--tracks", "200", "--seconds", "2", "--settle", "2") if quick else ()
    one = ("--opens", "1") if quick else ()
    short = ("--tracks", "200", "--minutes", "1") if quick else ()
    for part, name, module, options in (
        ("console", "frames", "bench.console", few),
        ("console-open", "opening", "bench.console_open", one),
        ("console-hour", "hour", "bench.console_hour", short),
    ):
        yield Job(part, name, (module, *options), needs="playwright", timeout_s=2 * HOUR_S)

"""The benchmark: its scripts start, its pages are made from the results kept beside them, its answers and workloads are what they say."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import shapely
from pyproj import Geod

from bench import figures, geodesic_answer, jobs, page, places, plots, tables
from bench.results import Ratio
from tests.places_of_data import shared_file

SCRIPTS = (
    "alert_latency batch_of_one build console console_hour console_open csv_to_events lost_answers measure memory messages node_ingest node_memory one_zone_changed over page profile restart "
    "startup watch_rate".split()
)


def run_file(folder: Path, day: int, lines: list[dict[str, object]]) -> Path:
    machine = {"date": f"2031-03-0{day} 12:00 UTC", "cpu": "one", "cores": 2, "system": "Linux", "python": "3.11", "commit": "abc", "versions": {}}  # fmt: skip
    file = folder / f"2031-03-0{day}T120000Z.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in [{"machine": machine}, *lines]))
    return file


def asked_of(
    name: str, rate: float, *, number: int = 0, wrong: int = 0, zones: int = 1000, **more: object
) -> dict[str, object]:
    line = {
        "part": "containment",
        "name": name,
        "workload": "given",
        "round": number,
        "zones": zones,
        "pos_per_s": rate,
    }
    return line | {"false_pos": 0, "false_neg": wrong, "true_pairs": 9} | more


@pytest.mark.parametrize("script", SCRIPTS)
def test_every_script_says_what_it_does(script):
    done = subprocess.run(
        [sys.executable, "-m", f"bench.{script}", "--help"], cwd=places.ROOT, capture_output=True, text=True, check=True
    )
    assert len(done.stdout) > 200


@pytest.mark.parametrize("name", [places.PAGE, places.PREDICTIONS], ids=lambda file: file.name)
def test_the_pages_are_made_from_the_kept_results(name):
    text = name.read_text(encoding="utf-8")
    assert text == page.filled(text, page.kept()), "run: python -m bench.page"


def test_the_pictures_are_made_from_the_kept_results():
    drawn = page.drawn(page.kept())
    assert {file: file.read_text(encoding="utf-8") for file in drawn} == drawn, "run: python -m bench.page"


def test_the_page_has_every_table_and_picture():
    marked = {(place["kind"], place["name"]) for place in page.MARKED.finditer(places.PAGE.read_text(encoding="utf-8"))}
    assert marked == {("table", name) for name in tables.TABLES} | {("picture", name) for name in plots.PICTURES}


def test_every_figure_has_a_prediction_and_every_prediction_a_figure():
    assert [said.name for said in figures.predictions()] == list(figures.FIGURES)


def test_outcomes_are_not_taken_for_predictions(tmp_path):
    file = run_file(tmp_path, 4, [asked_of("keepclear", 80.0), asked_of("SedonaDB", 8.0)])
    with_outcomes = page.filled(places.PREDICTIONS.read_text(encoding="utf-8"), [file])
    assert "| best-peer-1k | at least 8 | 10 | 10 |" in with_outcomes
    assert figures.predictions_in(with_outcomes) == figures.predictions()


def test_every_job_belongs_to_a_part_and_every_part_has_a_job():
    assert (
        {job.part for job in jobs.jobs(quick=False)} == {job.part for job in jobs.jobs(quick=True)} == jobs.PARTS.keys()
    )


def test_a_ratio_is_taken_within_a_round_and_against_the_best_peer_that_returns_every_pair(tmp_path):
    file = run_file(tmp_path, 4, [
        asked_of("keepclear", 80.0), asked_of("SedonaDB", 8.0), asked_of("shapely, STRtree.query", 1.0), asked_of("SedonaDB, 2 threads", 16.0),
        asked_of("ClickHouse, polygon dictionary (one zone a position)", 40.0),
        asked_of("keepclear", 30.0, number=1), asked_of("SedonaDB", 2.0, number=1),
        asked_of("keepclear", 90.0, number=2), asked_of("SedonaDB", 10.0, number=2),
    ])  # fmt: skip
    assert figures.figure([file], "best-peer-1k", "given") == Ratio(10.0, 9.0, 15.0)
    assert figures.figure([file], "best-peer-1k", "second") is None


def test_what_failed_or_was_skipped_is_no_measurement_and_is_said(tmp_path):
    skipped = {"part": "containment", "name": "SedonaDB", "workload": "given", "round": 0, "skipped": "no wheel"}
    file = run_file(tmp_path, 4, [asked_of("keepclear", 80.0), skipped])
    assert figures.figure([file], "best-peer-1k", "given") is None
    assert "Not measured: SedonaDB: no wheel" in tables.rates([file], "given")


def test_a_reader_that_could_not_run_leaves_the_others_their_figure(tmp_path):
    told = {"part": "csv", "name": "CSV to events", "round": 0}
    ours, theirs = ({"reader": reader, "rows_per_s": rate} for reader, rate in (("keepclear", 2.0), ("polars", 8.0)))
    file = run_file(tmp_path, 4, [told | ours, told | theirs, told | {"error": "ModuleNotFoundError"}])
    assert figures.figure([file], "csv", "given") == Ratio(0.25, 0.25, 0.25)


def test_every_wrong_pair_of_every_size_counts(tmp_path):
    file = run_file(tmp_path, 4, [asked_of("keepclear", 8.0, wrong=1, zones=1), asked_of("keepclear", 8.0, wrong=2)])
    assert figures.figure([file], "wrong-lonlat", "given") == Ratio(3, 3, 3)
    assert "| wrong-lonlat | at most 0 | 0 | 3 | - | - | - | no |" in tables.outcomes([file])


def test_a_table_comes_from_the_newest_run_that_measured_its_part(tmp_path):
    older = run_file(tmp_path, 4, [asked_of("keepclear", 8e6), {"part": "startup", "name": "start-up", "round": 0, "command": "help", "p50_s": 0.1}])  # fmt: skip
    newer = run_file(tmp_path, 5, [asked_of("keepclear", 9e6)])
    assert "| keepclear | 9 (0 of 9) |" in tables.rates([older, newer], "given")
    assert figures.figure([older, newer], "start-help-s", "given") == Ratio(0.1, 0.1, 0.1)


def test_a_figure_is_as_asked_on_the_right_side_of_its_bound():
    least, most, none = (figures.Prediction("x", asked, 1.0) for asked in ("at least 8", "at most 1.5", "-"))
    assert [least.met_by(8.0), least.met_by(7.9), most.met_by(1.5), most.met_by(1.6), none.met_by(1.0)] == [
        True,
        False,
        True,
        False,
        None,
    ]


def test_memory_by_subject_and_zone_is_the_plane_through_the_streams(tmp_path):
    streams = [
        {"part": "memory", "name": "stream", "round": 0, "subjects": s, "zones": z, "minutes": 9, "rows": [9], "held_mb": [2 + 0.003 * s + 0.05 * z]}
        for s, z in ((100, 10), (300, 10), (100, 40), (900, 70))
    ]  # fmt: skip
    file = run_file(tmp_path, 4, streams)
    assert figures.figure([file], "subject-kb", "given").value == pytest.approx(3.0)
    assert figures.figure([file], "zone-kb", "given").value == pytest.approx(50.0)


def test_the_walked_edges_stay_within_a_tenth_of_a_millimetre_of_the_geodesic():
    ring = np.array([[10.0, 69.0], [11.5, 69.3], [10.2, 70.1]])
    walked = geodesic_answer.walked(ring)
    corners = [int(np.flatnonzero((walked == corner).all(axis=1))[0]) for corner in ring]
    geod = Geod(ellps="WGS84")
    for first, last, a, b in zip(corners, [*corners[1:], len(walked)], ring, np.roll(ring, -1, axis=0), strict=True):
        places_on_edge = np.vstack([walked[first:last], b])
        middle = (places_on_edge[:-1] + places_on_edge[1:]) / 2
        along_deg, _, _ = geod.inv(*a, *b)
        bearing_deg, _, away_m = geod.inv(*np.broadcast_to(a, middle.shape).T, *middle.T)
        aside_m = away_m * np.sin(np.radians(bearing_deg - along_deg))
        assert 1e-5 < np.abs(aside_m).max() <= geodesic_answer.BOW_M


def test_the_second_workload_is_ordered_rounded_and_goes_round_the_earth(monkeypatch):
    second = workload_beside("second_workload", monkeypatch)
    rows = second.positions(10_000)
    assert (np.diff(rows["t"]) >= 0).all()
    assert (np.round(rows["lon"], 7) == rows["lon"]).all()
    assert rows["lon"].min() < -170 < 170 < rows["lon"].max() <= 180
    assert rows["lat"].max() > 75
    again = second.positions(6_000)
    assert all((rows[name][:6_000] == again[name]).all() for name in rows)


@pytest.mark.parametrize("name", ["second_workload", "ais_workload"])
def test_the_zones_of_a_workload_are_nested_and_their_rings_simple(name, monkeypatch):
    workload = workload_beside(name, monkeypatch)
    zones = workload.zones(400, 1800)
    assert [zone.id for zone in zones] == list(range(1800, 2200))
    assert [zone.radius_m for zone in workload.zones(50, 1820)] == [zone.radius_m for zone in zones[20:70]]
    polygons = [shapely.Polygon(zone.ring) for zone in zones if zone.kind == "polygon"]
    assert len(polygons) > 190
    assert all(polygon.is_valid for polygon in polygons)
    assert all(np.abs(np.asarray(polygon.exterior.coords)[:, 0]).max() < 180 for polygon in polygons)


def workload_beside(name: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(shared_file("bench/workload.py").parent)
    shared_file("data/ais_uscg_20220103_99999.csv.gz")
    return pytest.importorskip(f"bench.{name}")

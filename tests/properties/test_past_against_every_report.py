"""Where everybody was, out of segments and tail, is what looking at every report says."""

from __future__ import annotations

import random

import pytest

from keepclear.api.desk import Span, SpansAsked
from keepclear.host import past
from keepclear.host.folds import TRACKS, Arrived, TrackChunks, segment_rows
from keepclear.host.standing_still import say
from keepclear.host.taking import as_one_write
from keepclear.node import events as e
from keepclear.node.node import Node
from keepclear.store.store import Store
from keepclear.store.writes import Write
from tests.builders import at, reports

SECOND_US = 1_000_000
FEEDS = ("ais-1", "radar-2")
SUBJECTS = ("Bravo 1", "Bravo 2", "Charlie 7", "Delta")


def lived(store: Store, chance: random.Random) -> tuple[list[Arrived], list[Arrived]]:
    """A record of batches, cut into segments but for its tail: everything that arrived, and the tail."""
    node, everything = Node(), []
    say(store, node, [e.NodeBegan("Alpha", "alpha", "alpha.example/keepclear", False, "test")], at("08:00"))
    say(store, node, [e.FeedDeclared(feed, "alpha", "Radar") for feed in FEEDS], at("08:00"))
    chunks = TrackChunks(chunk_positions=450)
    clock_us = at("09:00")
    for _ in range(20):
        clock_us += chance.randrange(1, 60) * SECOND_US
        rows = [
            {
                "seen": clock_us - chance.choice([0, 0, 0, 30, 600, 7_200]) * SECOND_US, "subject": chance.choice(SUBJECTS),
                "km": chance.randrange(100) / 7, "error_m": chance.choice([None, 12.5]),
            }
            for _ in range(chance.randrange(1, 6))
        ]  # fmt: skip
        event = e.PositionsArrived(chance.choice(FEEDS), reports(*rows))
        sequence = store.size()
        by = f"feed:{event.feed}"
        store.append([as_one_write(node, [event], by=by, exercise=False, at_us=clock_us)])
        arrived = TrackChunks()
        arrived.add(sequence, clock_us, False, event)
        everything += arrived.tail
        chunk = chunks.add(sequence, clock_us, False, event)
        if chunk is not None:
            store.append([Write(views=segment_rows(chunk), progress={TRACKS: sequence + 1})])
    return everything, chunks.tail


def rows_of(everything: list[Arrived], known_us: int) -> list[tuple[str, str, int, int, int, int]]:
    """Feed, subject, seen, known, lat and error of each report known by then."""
    found = []
    for arrived in everything:
        batch = arrived.observations
        for row in range(len(batch)):
            if batch.known_at_us[row] <= known_us:
                found.append(
                    (
                        arrived.feed, batch.subjects[batch.subject[row]], int(batch.seen_at_us[row]), int(batch.known_at_us[row]),
                        int(batch.lat_e7[row]), int(batch.error_mm[row]),
                    )
                )  # fmt: skip
    return found


@pytest.mark.promise("PICTURE-5")
@pytest.mark.promise("PICTURE-6")
@pytest.mark.parametrize("seed", range(8))
def test_the_past_is_what_every_report_says(tmp_path, seed):
    chance = random.Random(seed)
    with Store.open(f"sqlite:///{tmp_path / 'record.sqlite'}") as store:
        everything, tail = lived(store, chance)
        assert any(True for _ in store.rows("track_segment"))
        last_us = int(everything[-1].observations.known_at_us[0])
        for _ in range(30):
            known_us = last_us - chance.randrange(1_200) * SECOND_US
            at_us = known_us - chance.choice([0, 10, 300, 7_200]) * SECOND_US
            wanted = chance.sample(SUBJECTS, chance.randrange(1, 5))
            found = past.reports_at(store, tail, wanted, False, at_us, known_us)
            newest: dict[str, tuple[int, int]] = {}
            for _, subject, seen, known, _, _ in rows_of(everything, known_us):
                if subject in wanted and seen <= at_us:
                    newest[subject] = max(newest.get(subject, (0, 0)), (seen, known))
            assert {name: (one.seen_at_us, one.at_us) for name, one in found.items()} == newest

            feeds = {subject: chance.sample(FEEDS, chance.randrange(1, 3)) for subject in wanted}
            asked = SpansAsked(False, at_us - 900 * SECOND_US, at_us, known_us, 1, "", 200_000)
            spans = past.spans(store, tail, asked, feeds).spans
            expected = sorted(
                {
                    (subject, seen, known, lat, error, feed)
                    for feed, subject, seen, known, lat, error in rows_of(everything, known_us)
                    if subject in wanted and feed in feeds[subject] and at_us - 900 * SECOND_US <= seen <= at_us
                }
            )
            assert [
                (span.subject, *row)
                for span in spans
                for row in zip(span.seen_at_us.tolist(), span.lat_e7.tolist(), span.error_mm.tolist(), strict=True)
            ] == [(subject, seen, lat, error) for subject, seen, _, lat, error, _ in expected]


@pytest.mark.promise("PICTURE-6")
def test_a_span_goes_on_behind_the_subject_where_it_had_to_stop(tmp_path):
    with Store.open(f"sqlite:///{tmp_path / 'record.sqlite'}") as store:
        everything, tail = lived(store, random.Random(1))
        feeds = dict.fromkeys(SUBJECTS, FEEDS)
        last_us = int(everything[-1].observations.known_at_us[0])
        whole = past.spans(store, tail, SpansAsked(False, 0, last_us, last_us, 1, "", 200_000), feeds)
        assert whole.next is None
        parts: list[Span] = []
        after = ""
        while True:
            found = past.spans(store, tail, SpansAsked(False, 0, last_us, last_us, 1, after, 25), feeds)
            assert sum(len(span.seen_at_us) for span in found.spans) <= 25
            parts += found.spans
            if found.next is None:
                break
            after = found.next
        assert [span.subject for span in parts] == [span.subject for span in whole.spans]


@pytest.mark.promise("PICTURE-6")
def test_of_each_step_the_last_position_is_given(tmp_path):
    with Store.open(f"sqlite:///{tmp_path / 'record.sqlite'}") as store:
        everything, tail = lived(store, random.Random(2))
        last_us = int(everything[-1].observations.known_at_us[0])
        step_us = 60 * SECOND_US
        every, thin = (
            past.spans(store, tail, SpansAsked(False, 0, last_us, last_us, step, "", 200_000), {"Bravo 1": FEEDS})
            for step in (1, step_us)
        )
        last_of = {seen // step_us: seen for seen in every.spans[0].seen_at_us.tolist()}
        assert thin.spans[0].seen_at_us.tolist() == list(last_of.values())
        assert len(last_of) < len(every.spans[0].seen_at_us)

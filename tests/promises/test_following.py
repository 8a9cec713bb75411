"""docs/spec/order.md: a feed that is followed, and the time that passes while nothing comes."""

from __future__ import annotations

import gzip
import io
import json
import math
from contextlib import ExitStack, closing
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepclear.agreements.terms import PresenceTerms
from keepclear.cli.following import Following
from keepclear.cli.main import parser
from keepclear.cli.pace import LiveTime, parse_factor
from keepclear.cli.running import WatchRun
from keepclear.cli.scenes import Sketch
from keepclear.cli.stopping import Stop
from keepclear.feeds.growing import growing
from keepclear.feeds.live_order import LiveOrder
from keepclear.feeds.options import FeedOptions
from keepclear.feeds.reading import open_feed
from keepclear.ground.errors import Refused
from keepclear.ground.instants import utc_text
from keepclear.render.map_svg import draw_svg
from keepclear.tracks.builder import BatchBuilder
from keepclear.tracks.observations import Observations
from keepclear.watch.watch import Watch
from tests.builders import MINUTE_US, at, cut, kestrel, north, reports
from tests.turned_clock import Arriving, TurnedClock, tail_of

SECOND_US = 1_000_000
BEGIN_US = at("10:00")
HEADER = b"subject,seen_at,lat,lon,known_at\n"
SILENT = PresenceTerms(silent_after_us=MINUTE_US)


def row(seen_s: float, km: float, subject: str = "Bravo 1", known_s: float | None = None) -> bytes:
    """A line of a table: seconds after ten o'clock, kilometres north of the centre of Kestrel Pass."""
    seen, known = (utc_text(BEGIN_US + round(s * SECOND_US)) for s in (seen_s, seen_s if known_s is None else known_s))
    return f"{subject},{seen},{north(km):.6f},38.6,{known}\n".encode()


def watch_run(reorder_s: float = 0, known_until_us: int | None = None) -> tuple[WatchRun, io.StringIO]:
    out = io.StringIO()
    watch = Watch([kestrel(presence=SILENT, dwell_us=3 * MINUTE_US)])
    run = WatchRun(
        watch, reorder_us=round(reorder_s * SECOND_US), lateness_us=60 * MINUTE_US, known_until_us=known_until_us,
        events_out=out, refusals_out=None, shows=lambda events, batch: None, progress=lambda what, count: None, stop=Stop(),
    )  # fmt: skip
    return run, out


def followed(portions, *, factor=1.0, delay_s=0.2, source=None, clock=None, **how) -> tuple[WatchRun, list[str]]:
    """The run, and the events of a feed whose portions come at these seconds of a turned clock."""
    clock = clock or TurnedClock()
    tail = tail_of(source or Arriving(portions, clock), clock, delay_s=delay_s)
    tail.opening()
    feed = open_feed(tail, FeedOptions(quoted_lines_max=0))
    run, out = watch_run(**how)
    run.follow(feed, tail, LiveTime(factor=factor, grace_s=delay_s))
    return run, out.getvalue().splitlines()


def of_file(content: bytes) -> list[str]:
    run, out = watch_run(reorder_s=86_400)
    stream = io.BytesIO(content)
    stream.name = Arriving.name
    run.run([open_feed(stream)])
    return out.getvalue().splitlines()


def whats(lines: list[str]) -> list[str]:
    return [event["what"] for event in map(json.loads, lines) if event["event"] == "presence"]


# in which order reports act


def batch(*times: tuple[int, int, int]) -> Observations:
    """Reports (number, known, seen after known), each of a subject named after its number."""
    builder = BatchBuilder()
    for number, known_s, seen_s in times:
        known_us = BEGIN_US + known_s * SECOND_US
        builder.add(
            subject=str(number), seen_at_us=known_us - seen_s * SECOND_US, known_at_us=known_us, lat=33.5, lon=38.6
        )
    return builder.build()


class OneByOne:
    """The rule of ORDER-12, a report at a time."""

    def __init__(self, hold_s: int) -> None:
        self.hold_s, self.behind = hold_s, 0
        self.watermark_s = -math.inf
        self.waiting: list[tuple[int, int, int]] = []
        self.out: list[int] = []

    def come(self, number: int, known_s: int, seen_s: int) -> None:
        self.behind += known_s < self.watermark_s
        self.waiting.append((known_s, known_s - seen_s, number))
        self.pass_to(known_s)

    def pass_to(self, now_s: int) -> None:
        self.watermark_s = max(self.watermark_s, now_s - self.hold_s)
        due = sorted(report for report in self.waiting if report[0] <= self.watermark_s)
        self.waiting = [report for report in self.waiting if report[0] > self.watermark_s]
        self.out += [number for _, _, number in due]


@pytest.mark.promise("ORDER-12")
@given(
    st.lists(
        st.one_of(
            st.lists(st.tuples(st.integers(0, 60), st.integers(0, 5)), min_size=1, max_size=6),
            st.integers(0, 90),
        ),
        max_size=10,
    ),
    st.integers(0, 30),
)
def test_each_report_is_judged_by_itself_however_they_come_together(steps, hold_s):
    order, model = LiveOrder(hold_us=hold_s * SECOND_US, rows_max=1000), OneByOne(hold_s)
    number, out = 0, []
    for step in steps:
        if isinstance(step, int):
            due = order.pass_to(BEGIN_US + step * SECOND_US)
            if number:
                model.pass_to(step)
        else:
            rows = [(number + i, known_s, seen_s) for i, (known_s, seen_s) in enumerate(step)]
            number += len(rows)
            due = order.after(batch(*rows))
            for report in rows:
                model.come(*report)
        if due is not None:
            assert (np.diff(due.known_at_us) >= 0).all()
            out += [int(due.subjects[subject]) for subject in due.subject]
        assert out == model.out
        assert (order.held, order.behind) == (len(model.waiting), model.behind)
    rest = order.rest()
    out += [] if rest is None else [int(rest.subjects[subject]) for subject in rest.subject]
    assert sorted(out) == list(range(number))
    assert order.held == 0


def test_the_oldest_act_early_when_too_many_are_held():
    order = LiveOrder(hold_us=1000 * SECOND_US, rows_max=2)
    due = order.after(batch((0, 5, 0), (1, 3, 0), (2, 4, 0)))
    assert [due.subjects[subject] for subject in due.subject] == ["1"]
    assert order.held == 2
    assert len(order.after(batch((3, 2, 0)))) == 1
    assert order.behind == 1


ROWS = [row(0, 20), row(5, 5), row(3, 6, "Bravo 2"), b"no report\n", row(40, 5), row(2, 30), row(130, 5, "Bravo 2"), b'"\n', row(130, 25)]  # fmt: skip


@pytest.mark.promise("ORDER-12")
@settings(max_examples=40)
@given(st.lists(st.integers(1, 400), max_size=12), st.sampled_from([0, 20, 1000]))
def test_into_which_portions_the_bytes_are_cut_changes_nothing(cuts, hold_s):
    content = HEADER + b"".join(ROWS)
    whole_run, whole = followed([(0.0, content)], factor=0.0, reorder_s=hold_s)
    edges = sorted({0, len(content), *(min(cut, len(content)) for cut in cuts)})
    portions = [(float(i), content[a:b]) for i, (a, b) in enumerate(pairwise(edges))]
    cut_run, cut = followed(portions, factor=0.0, reorder_s=hold_s)
    assert cut == whole
    assert whole
    assert cut_run.account == whole_run.account
    assert cut_run.behind == whole_run.behind


@pytest.mark.promise("ORDER-12")
def test_without_a_bound_a_report_known_before_the_clock_acts_at_the_clock():
    run, lines = followed([(0.0, HEADER + row(60, 20)), (1.0, row(30, 5, "Bravo 2"))], factor=0.0)
    assert json.loads(lines[0])["at"] == "2026-05-18T10:01:00Z"
    assert run.behind == 1


@pytest.mark.promise("ORDER-12")
def test_a_quiet_feed_holds_back_for_no_longer_than_the_bound():
    clock = TurnedClock()
    run, out = watch_run(reorder_s=30)
    tail = tail_of(Arriving([(0.0, HEADER + row(20, 5)), (1.0, row(10, 5, "Bravo 2")), (1000.0, b"")], clock), clock)
    tail.opening()
    told_at_s = []
    run._shows = lambda events, batch: told_at_s.extend([clock.now_s] * len(events.presence))
    run.follow(open_feed(tail, FeedOptions()), tail, LiveTime(factor=1.0, grace_s=0.2))
    assert [event["subject"] for event in map(json.loads, out.getvalue().splitlines())][::2][:2] == [
        "Bravo 2",
        "Bravo 1",
    ]
    assert told_at_s[0] == pytest.approx(20.2, abs=0.2)
    assert told_at_s[1] == pytest.approx(30.2, abs=0.2)


# time that passes while nothing comes


@pytest.mark.promise("ORDER-13")
def test_silence_is_noticed_while_nothing_comes():
    clock = TurnedClock()
    portions = [(0.0, HEADER + row(0, 5)), (59.0, row(0, 50, "Bravo 2", known_s=0)), (62.0, b"")]
    _, lines = followed(portions, clock=clock)
    assert whats(lines) == ["entered", "lost inside"]
    assert json.loads(lines[-1])["at"] == "2026-05-18T10:01:00Z"


@pytest.mark.promise("ORDER-13")
@pytest.mark.parametrize(
    ("factor", "until_s", "lost"), [(1.0, 59.0, False), (60.0, 1.0, False), (60.0, 1.5, True), (0.0, 300.0, False)]
)
def test_time_passes_as_many_times_as_fast_as_is_stated(factor, until_s, lost):
    _, lines = followed([(0.0, HEADER + row(0, 5)), (until_s, b"")], factor=factor)
    assert whats(lines) == ["entered"] + ["lost inside"] * lost


@pytest.mark.promise("ORDER-13")
def test_time_never_passes_beyond_the_instant_that_was_asked_for():
    run, lines = followed(
        [(0.0, HEADER + row(0, 5) + row(50, 5)), (900.0, b"")], known_until_us=BEGIN_US + 40 * SECOND_US
    )
    assert whats(lines) == ["entered"]
    assert run.watch.clock_us == BEGIN_US + 40 * SECOND_US
    assert run.account.not_yet_known == 1


@pytest.mark.promise("ORDER-13")
@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(st.floats(0, 150), st.sampled_from([5.0, 25.0]), st.sampled_from(["Bravo 1", "Bravo 2"]), st.floats(0, 0.19)),
        min_size=1, max_size=12,
    )
)  # fmt: skip
def test_as_long_as_no_report_comes_later_than_the_delay_the_events_are_those_of_the_file(reports):
    reports = sorted((round(seen_s, 1), km, subject, late_s) for seen_s, km, subject, late_s in reports)
    rows = [row(seen_s, km, subject) for seen_s, km, subject, _ in reports]
    came_s, portions = 0.0, []
    for (seen_s, _, _, late_s), text in zip(reports, rows, strict=True):
        came_s = max(came_s, seen_s - reports[0][0] + late_s)
        portions.append((came_s, text))
    portions[0] = (0.0, HEADER + rows[0])
    _, lines = followed(portions)
    assert lines == of_file(HEADER + b"".join(rows))


@pytest.mark.promise("ORDER-13")
def test_reports_that_wait_for_a_slow_watch_are_no_silence():
    clock = TurnedClock()
    tail = tail_of(Arriving([(0.0, HEADER + row(0, 5)), (59.0, row(59, 5)), (101.0, b"")], clock), clock)
    tail.opening()
    run, out = watch_run()
    run._shows = lambda events, batch: clock.wait(100.0 if clock.now_s < 50 else 0.0)
    run.follow(open_feed(tail, FeedOptions()), tail, LiveTime(factor=1.0, grace_s=0.2))
    assert whats(out.getvalue().splitlines()) == ["entered"]


def test_the_time_of_the_reports_goes_on_from_the_one_that_was_ahead_and_never_back():
    time = LiveTime(factor=10.0, grace_s=1.0)
    assert time.at(0.0) is None
    time.hear(5 * SECOND_US, 3.0)
    assert [time.at(s) for s in (3.0, 4.0, 5.0)] == [5 * SECOND_US, 5 * SECOND_US, 15 * SECOND_US]
    time.hear(6 * SECOND_US, 5.0)
    assert time.at(5.0) == 15 * SECOND_US
    time.hear(40 * SECOND_US, 5.0)
    assert [time.at(s) for s in (5.0, 6.5)] == [40 * SECOND_US, 45 * SECOND_US]


@given(st.lists(st.tuples(st.integers(0, 1000), st.floats(0, 5)), max_size=20))
def test_the_time_of_the_reports_never_goes_back(heard):
    time, wall_s, before_us = LiveTime(factor=7.0, grace_s=0.5), 0.0, 0
    for known_s, waited_s in heard:
        for passes_s in (waited_s, 0.0):
            wall_s += passes_s
            now_us = time.at(wall_s)
            assert now_us is None or now_us >= before_us
            before_us = now_us or 0
            time.hear(known_s * SECOND_US, wall_s)


@pytest.mark.parametrize("text", ["", "-1", "0", "0.0", "fast", "1e3", "nan", "99999999", "1_0"])
def test_what_is_no_speed_is_refused(text):
    with pytest.raises(Refused) as refused:
        parse_factor(text)
    assert refused.value.key == "option.speed"


def test_speeds_are_read():
    assert [parse_factor(text) for text in ("60", "0.5", "max")] == [60.0, 0.5, 0.0]


# when a line acts


@pytest.mark.promise("ORDER-14")
@pytest.mark.parametrize("delay_s", [0.2, 2.0])
def test_a_line_acts_within_the_delay_after_it_is_complete(delay_s):
    clock, came_s = TurnedClock(), [0.0, 0.05, 7.0, 7.01, 30.0]
    portions = [(0.0, HEADER + row(0, 5))] + [(s, row(s, 5 if i % 2 else 25)) for i, s in enumerate(came_s[1:])]
    # The beginning of a line long before its end holds nobody up.
    portions = [*portions[:-1], (8.0, portions[-1][1][:9]), (30.0, portions[-1][1][9:]), (60.0, b"")]
    tail = tail_of(Arriving(portions, clock), clock, delay_s=delay_s)
    tail.opening()
    run, _ = watch_run()
    acted_s: list[float] = []
    run._shows = lambda events, batch: acted_s.extend([clock.now_s] * len(batch or ()))
    run.follow(open_feed(tail, FeedOptions()), tail, LiveTime(factor=1.0, grace_s=delay_s))
    assert len(acted_s) == len(came_s)
    assert all(came <= acted <= came + delay_s + 1e-9 for came, acted in zip(came_s, acted_s, strict=True))


@pytest.mark.promise("ORDER-14")
def test_a_feed_that_never_pauses_is_taken_in_portions_of_the_delay():
    clock = TurnedClock()

    class Endless(Arriving):
        def take(self):
            clock.wait(0.01)
            return super().take()

    rows = [(0.0, row(s / 100, 20)) for s in range(200)]
    tail = tail_of(Endless([(0.0, HEADER), *rows], clock), clock)
    tail.opening()
    given, before_s = 0, clock.now_s
    while (got := tail.read(65_536)) != b"":
        if got is None:
            assert clock.now_s - before_s < 0.25
            before_s, given = clock.now_s, given + 1
    assert given >= 5


@pytest.mark.promise("ORDER-14")
def test_a_last_line_that_is_not_complete_is_left_out_and_told():
    clock = TurnedClock()
    said: list[str] = []
    stopped: list[bool] = []
    tail = tail_of(Arriving([(0.0, HEADER + row(0, 5) + row(9, 5)[:30]), (99.0, b"")], clock), clock, stopped=lambda: bool(stopped), said=said)  # fmt: skip
    tail.opening()
    clock.at(1.0, lambda: stopped.append(True))
    given = []
    while (got := tail.read(65_536)) != b"":
        given.append(got if isinstance(got, bytes) else b"")
    assert b"".join(given) == HEADER + row(0, 5)
    assert tail.notes == {"half_line": 1}
    assert said == ["radio.csv: a last line that was not complete is left out: Bravo 1,2026-05-18T10:00:09Z,3"]


@pytest.mark.promise("ORDER-14")
def test_at_the_end_of_a_pipe_the_last_line_counts_as_it_stands():
    run, _ = followed([(0.0, HEADER + row(0, 5) + row(9, 5).rstrip())])
    assert run.account.accepted == 2


# another file takes the place


def read_all(tail) -> bytes:
    given = b""
    while got := tail.read(65_536):
        given += got if isinstance(got, bytes) else b""
    return given


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "radio.csv"
    path.write_bytes(HEADER + row(0, 5))
    return path


@pytest.fixture
def source(log):
    with closing(growing(str(log), TurnedClock())) as opened:
        yield opened


def test_a_feed_without_a_row_is_waited_for_and_that_is_told():
    clock, said = TurnedClock(), list[str]()
    tail = tail_of(Arriving([(0.1, HEADER[:9]), (3.0, HEADER[9:]), (50.0, row(0, 5)), (99.0, b"")], clock), clock, said=said)  # fmt: skip
    assert tail.opening() == HEADER + row(0, 5)
    assert clock.now_s == pytest.approx(50.0, abs=0.2)
    assert said == ["radio.csv: waiting for its first row."]


@pytest.mark.promise("ORDER-15")
def test_a_file_that_takes_the_place_of_another_is_gone_over_to_when_the_old_one_has_been_read(log, source):
    said: list[str] = []
    tail = tail_of(source, source._clock, said=said)
    tail.opening()
    assert read_all(tail) == HEADER + row(0, 5)
    with log.open("ab") as old:
        log.rename(log.with_suffix(".1"))
        assert read_all(tail) == b""  # for a moment there is no file
        log.write_bytes(HEADER + row(20, 5))
        old.write(row(10, 5) + row(11, 5)[:20])
        old.flush()
        assert read_all(tail) == row(10, 5) + b"\n" + row(20, 5)
    assert tail.notes == {"begun_anew": 1, "half_line": 1}
    assert "radio.csv was replaced by another; it is read from its beginning." in said


@pytest.mark.promise("ORDER-15")
@pytest.mark.parametrize("head", [HEADER, b"\xef\xbb\xbf" + HEADER.replace(b"\n", b"\r\n"), b""])
def test_a_file_that_was_cut_short_is_read_from_its_beginning_and_a_header_said_again_is_no_row(log, source, head):
    said: list[str] = []
    tail = tail_of(source, source._clock, said=said)
    tail.opening()
    read_all(tail)
    log.write_bytes(b"")
    read_all(tail)
    with log.open("ab") as again:
        again.write(head + row(20, 5))
    assert read_all(tail) == (b"\n" if head else b"") + row(20, 5)
    assert said == ["radio.csv is shorter than before; it is read from its beginning."]


@pytest.mark.promise("ORDER-15")
@pytest.mark.parametrize("rows", [1, 300])
def test_lines_are_numbered_from_one_in_each_file(log, source, rows):
    clock, stopped = source._clock, list[bool]()
    tail = tail_of(source, clock, stopped=lambda: bool(stopped))
    log.write_bytes(HEADER + row(0, 5) * rows)
    tail.opening()
    feed = open_feed(tail, FeedOptions(quoted_lines_max=0))
    clock.at(1.0, lambda: log.write_bytes(b""))
    clock.at(2.0, lambda: log.write_bytes(HEADER + row(20, 5) * (rows - 1) + b"Bravo 1,never,1,2,\n" + row(20, 5)))
    clock.at(4.0, lambda: stopped.append(True))
    blocks = list(feed)
    numbers = [number for block in blocks for number in block.observations.line.tolist()]
    assert numbers == [*range(2, rows + 2), *range(2, rows + 1), rows + 2]
    assert [refusal.line for block in blocks for refusal in block.refusals] == [rows + 1]


@pytest.mark.promise("ORDER-15")
@pytest.mark.parametrize("header", [b"subject,seen_at,lon,lat,known_at\n", b"Name,When,East,North,Heard\n"])
def test_a_file_with_another_header_in_the_place_of_the_first_ends_the_feed(log, source, header):
    clock = source._clock
    tail = tail_of(source, clock)
    tail.opening()
    feed = open_feed(tail, FeedOptions(quoted_lines_max=0))
    clock.at(1.0, lambda: log.write_bytes(b""))
    clock.at(2.0, lambda: log.write_bytes(header + row(20, 5)))
    run, _ = watch_run()
    account = run.follow(feed, tail, LiveTime(factor=1.0, grace_s=0.2))
    assert account.accepted == 1
    assert account.reasons == {"follow.another_header": 1}
    assert feed.broken


def test_what_is_not_there_cannot_be_followed(tmp_path):
    for path in (tmp_path / "absent", tmp_path):
        with pytest.raises(Refused) as refused:
            growing(str(path), TurnedClock())
        assert refused.value.key == "file.unreadable"


def test_a_file_is_let_go_of_when_it_is_stopped(source):
    assert tail_of(source, source._clock, stopped=lambda: True).opening() == b""
    assert source._file.closed


def key_of(refusing, *arguments) -> str:
    with pytest.raises(Refused) as refused:
        refusing(*arguments)
    assert refused.value.mend
    return refused.value.key


def asked_for(*options: str) -> Following | None:
    return Following.asked_for(parser().parse_args(["watch", *options, "--zones", "zones.geojson"]))


@pytest.mark.parametrize(
    ("content", "key"),
    [
        (b'{"type": "FeatureCollection", "features": []}\n', "follow.document"),
        (b"<gpx>\n", "follow.document"),
        (gzip.compress(HEADER, mtime=0), "follow.not_plain_text"),
        ((HEADER + row(0, 5)).decode().encode("utf-16"), "follow.not_plain_text"),
    ],
)
def test_what_is_not_written_line_by_line_cannot_be_followed(log, content, key):
    log.write_bytes(content)
    following = asked_for(str(log), "--follow")
    with ExitStack() as files:
        assert key_of(following.open, str(log), FeedOptions(), files, Stop()) == key


def test_one_feed_is_followed_and_options_of_following_need_it():
    assert key_of(asked_for, "a.csv", "b.csv", "--follow") == "follow.one_feed"
    assert key_of(asked_for, "a.csv", "--delay", "1 s") == "option.without_follow"
    assert asked_for("a.csv") is None
    assert asked_for("-", "--follow", "--delay", "1 s", "--speed", "60") == Following(1.0, 60.0)
    assert asked_for("-", "--follow") == Following(0.2, 1.0)


def test_a_map_is_the_same_however_many_steps_the_run_had():
    rows = [{"km": 40 - km % 80, "seen": BEGIN_US + km * SECOND_US, "subject": f"Bravo {km % 3}"} for km in range(600)]
    pictures = []
    for size in (1, 600):
        watch, sketch = Watch([kestrel()]), Sketch()
        for piece in cut(reports(*rows), [size]):
            sketch.add(watch.observe(piece), piece)
        pictures.append(draw_svg(sketch.scene(watch.atlas, "Kestrel Pass")))
    assert pictures[0] == pictures[1]

"""Live feeds through real sockets on loopback, by the real clock: what a node runs."""

from __future__ import annotations

import asyncio
import random
import socket
import time

import numpy as np
import pytest

from keepclear.ground.errors import Refused
from keepclear.host.live import Around, LiveFeed, joined, newest_per_subject
from keepclear.host.source_config import FollowedFile, SourceConfig, TcpClient, UdpListener
from keepclear.node.events import PositionsArrived
from keepclear.tracks.builder import BatchBuilder
from keepclear.tracks.refusals import Refusal
from tests.nmea_lines import ARRIVED_US, SECOND_US, ais, tagged
from tests.turned_world import PATIENCE_S, running


class Door:
    """Takes every event, and says when there are enough rows."""

    def __init__(self, rows: int) -> None:
        self.events: list[object] = []
        self._rows_due = rows
        self.enough = asyncio.Event()
        self.around = Around(
            offer=self._offer, has_room=lambda: True, tell=self.events.append,
            now_us=lambda: time.time_ns() // 1000, wait=asyncio.sleep, chance=random.Random(1).random,
        )  # fmt: skip

    def _offer(self, event: PositionsArrived) -> bool:
        self.events.append(event)
        self._rows_due -= event.rows_read
        if self._rows_due <= 0:
            self.enough.set()
        return True


def config_of(**table) -> SourceConfig:
    return SourceConfig.from_table("ais-1", table, "sources.ais-1")


def test_a_receiver_by_tcp_becomes_events():
    async def tried():
        lines = [line for number in range(500) for line in ais(mmsi=244660000 + number)]

        async def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write("\r\n".join([*lines, ""]).encode())
            await writer.drain()
            await reader.read()
            writer.close()

        server = await asyncio.start_server(accepted, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        door = Door(rows=500)
        feed = LiveFeed(config_of(connect=f"tcp://localhost:{port}"), source="AIS", around=door.around)
        async with running(feed), asyncio.timeout(PATIENCE_S):
            await door.enough.wait()
        server.close()
        await server.wait_closed()
        assert feed.statistics.accepted == 500
        assert feed.statistics.rows_per_s == pytest.approx(500 / 60)

    asyncio.run(tried())


def test_a_receiver_by_udp_becomes_events():
    async def tried():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.bind(("127.0.0.1", 0))
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
                free.bind(("127.0.0.1", 0))
                port = free.getsockname()[1]
            door = Door(rows=51)
            feed = LiveFeed(config_of(listen=f"udp://127.0.0.1:{port}"), source="AIS", around=door.around)
            async with running(feed), asyncio.timeout(PATIENCE_S):
                while feed.statistics.state != "connected":
                    await asyncio.sleep(0)
                for number in range(50):
                    sender.sendto(ais(mmsi=244660000 + number)[0].encode(), ("127.0.0.1", port))
                [one] = ais(mmsi=244660050)
                now_s = time.time_ns() // 1_000_000_000
                sender.sendto(b"UdPbC\0" + tagged(f"s:rORKNEY,c:{now_s}", one).encode() + b"\r\n", ("127.0.0.1", port))
                await door.enough.wait()
        assert (feed.statistics.accepted, feed.statistics.refused) == (51, 0)
        assert abs(feed.statistics.clock_ahead_us or 0) < 5 * SECOND_US

    asyncio.run(tried())


# the table of a source


def test_a_table_says_where_a_feed_comes_from():
    assert config_of(connect="tcp://192.0.2.7:10110", read_timeout="90 s").via == TcpClient(
        "192.0.2.7", 10110, 90_000_000
    )
    assert config_of(listen="udp://[::1]:10110").via == UdpListener("::1", 10110)
    assert config_of(listen="udp://0.0.0.0:10110", beyond_loopback=True).via == UdpListener("0.0.0.0", 10110)
    assert config_of(follow="/var/log/ais.nmea").via == FollowedFile("/var/log/ais.nmea", at_end=True)
    table = config_of(
        follow="positions.csv",
        format="csv",
        time_zone="UTC",
        columns={"subject": "MMSI"},
        delimiter=";",
        batch="1 s",
        batch_rows=7,
    )
    assert table.via == FollowedFile("positions.csv")
    assert (table.options.zone, table.options.mapping, table.options.delimiter) == ("UTC", {"subject": "MMSI"}, ";")
    assert (table.batch_us, table.batch_rows, table.can_wait) == (SECOND_US, 7, True)


AIS = {"connect": "tcp://192.0.2.7:10110"}
CSV = {"follow": "positions.csv", "format": "csv"}


@pytest.mark.parametrize(
    ("table", "key", "where"),
    [
        ({}, "source.ways", "sources.ais-1"),
        (AIS | {"follow": "x"}, "source.ways", "sources.ais-1"),
        ({"connect": "192.0.2.7:10110"}, "source.address", "sources.ais-1.connect"),
        ({"connect": "tcp://192.0.2.7"}, "source.address", "sources.ais-1.connect"),
        ({"connect": "tcp://192.0.2.7:99999"}, "source.address", "sources.ais-1.connect"),
        ({"connect": "tcp://[::1:7"}, "source.address", "sources.ais-1.connect"),
        ({"connect": "udp://192.0.2.7:10110"}, "source.address", "sources.ais-1.connect"),
        ({"connect": 7}, "config.text", "sources.ais-1.connect"),
        ({"listen": "udp://0.0.0.0:10110"}, "source.beyond_loopback", "sources.ais-1.listen"),
        ({"listen": "udp://receiver.example:10110"}, "source.beyond_loopback", "sources.ais-1.listen"),
        ({"listen": "udp://0.0.0.0:10110", "beyond_loopback": "yes"}, "config.yes_or_no", "sources.ais-1.beyond_loopback"),
        ({"follow": ""}, "source.no_path", "sources.ais-1.follow"),
        (AIS | {"fromat": "csv"}, "property.unknown", "sources.ais-1.fromat"),
        (AIS | {"format": "xml"}, "source.format", "sources.ais-1.format"),
        (AIS | {"clock": "mine"}, "source.clock", "sources.ais-1.clock"),
        (AIS | {"begin": "end"}, "source.other_way", "sources.ais-1.begin"),
        (AIS | {"time_zone": "UTC"}, "source.other_format", "sources.ais-1.time_zone"),
        (AIS | {"read_timeout": "soon"}, "duration.unreadable", "sources.ais-1.read_timeout"),
        (AIS | {"read_timeout": "1 ms"}, "config.duration", "sources.ais-1.read_timeout"),
        (AIS | {"batch_rows": 0}, "config.number", "sources.ais-1.batch_rows"),
        (AIS | {"batch_rows": True}, "config.number", "sources.ais-1.batch_rows"),
        (CSV | {"clock": "arrival"}, "source.other_format", "sources.ais-1.clock"),
        (CSV | {"begin": "end"}, "source.no_header", "sources.ais-1.header"),
        (CSV | {"listen": "udp://127.0.0.1:1", "follow": ""}, "source.ways", "sources.ais-1"),
        (CSV | {"delimiter": "ab"}, "delimiter.unusable", "sources.ais-1.delimiter"),
        (CSV | {"time_zone": "Mars"}, "time.unknown_zone", "sources.ais-1.time_zone"),
        (CSV | {"columns": "subject=MMSI"}, "source.columns", "sources.ais-1.columns"),
        (CSV | {"format": "ndjson", "header": "a,b"}, "source.other_format", "sources.ais-1.header"),
    ],
)  # fmt: skip
def test_a_table_that_cannot_be_is_refused_with_the_key(table, key, where):
    with pytest.raises(Refused) as refused:
        config_of(**table)
    assert (refused.value.key, refused.value.where) == (key, where)


# what is kept where there is no room


def batch(*reports: tuple[str, int]):
    builder = BatchBuilder()
    for line, (subject, seen_s) in enumerate(reports, 1):
        builder.add(
            subject=subject, seen_at_us=ARRIVED_US + seen_s * SECOND_US, lat=53.0, lon=4.0, feed="ais-1", line=line
        )
    return builder.build()


def refusal(line: int) -> Refusal:
    return Refusal("ais-1", line, "", "nmea.checksum", "what", "value", "mend")


def test_of_each_subject_the_report_seen_last_is_kept():
    event = PositionsArrived(
        "ais-1",
        batch(("a", 5), ("b", 1), ("a", 9), ("a", 7), ("c", 0), ("b", 1)),
        tuple(map(refusal, range(3))),
        (("x", 2),),
    )
    kept, given_up = newest_per_subject(event)
    assert given_up == 3
    assert kept.observations.line.tolist() == [3, 5, 6]
    assert [kept.observations.subjects[number] for number in kept.observations.subject] == ["a", "c", "b"]
    assert (kept.refusals, kept.noticed) == (event.refusals, event.noticed)
    assert newest_per_subject(kept)[1] == 0


def test_thinning_is_what_a_loop_over_the_rows_would_give():
    chance = random.Random(5)
    for _ in range(100):
        rows = [(chance.choice("abcde"), chance.randint(0, 9)) for _ in range(chance.randint(0, 30))]
        newest: dict[str, tuple[int, int]] = {}
        for line, (subject, seen_s) in enumerate(rows, 1):
            if subject not in newest or seen_s >= newest[subject][0]:
                newest[subject] = (seen_s, line)
        kept, given_up = newest_per_subject(PositionsArrived("ais-1", batch(*rows)))
        assert kept.observations.line.tolist() == sorted(line for _, line in newest.values())
        assert given_up == len(rows) - len(newest)


def test_of_a_flood_of_refusals_the_newest_thousand_are_kept():
    kept, given_up = newest_per_subject(PositionsArrived("ais-1", batch(), tuple(map(refusal, range(1500)))))
    assert (len(kept.refusals), kept.refusals[0].line, given_up) == (1000, 500, 500)


def test_two_events_of_a_feed_are_joined_in_their_order():
    first = PositionsArrived("ais-1", batch(("a", 1)), (refusal(2),), (("x", 1), ("y", 1)))
    then = PositionsArrived("ais-1", batch(("b", 2), ("a", 3)), (refusal(4),), (("x", 2),))
    both = joined(first, then)
    assert both.observations.subjects == ("a", "b")
    assert np.diff(both.observations.seen_at_us).tolist() == [SECOND_US, SECOND_US]
    assert [refusal.line for refusal in both.refusals] == [2, 4]
    assert both.noticed == (("x", 3), ("y", 1))


def test_names_stay_where_events_are_joined_and_thinned():
    first, then = (
        PositionsArrived("ais-1", batch(("a", 1)), names=names)
        for names in ((("a", "FALCON"), ("b", "KESTREL")), (("a", "NORTH STAR"),))
    )
    both = joined(first, then)
    assert both.names == (("a", "NORTH STAR"), ("b", "KESTREL"))
    assert newest_per_subject(both)[0].names == both.names

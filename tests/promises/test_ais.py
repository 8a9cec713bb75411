"""docs/spec/ais.md: what a line of AIS becomes."""

from __future__ import annotations

import random

import numpy as np
import pytest

from keepclear.feeds import ais as ais_module
from keepclear.feeds.ais_parts import MESSAGES_WAITING_MAX
from keepclear.host.intake import AisIntake
from keepclear.tracks.observations import COLUMNS, UNKNOWN
from tests.nmea_lines import ARRIVED_US, SECOND_US, accounted, ais, in_two, keys, read, reader, sentence, tagged

ARRIVED_S = ARRIVED_US // SECOND_US
TWO_PARTS = ais(5, shipname="KESTREL", message=3)
OTHER_TWO_PARTS = ais(5, shipname="MERIDIAN", message=3)
[ONE] = ais()


def seen_s(taken) -> list[float]:
    """When the reports were seen, in seconds after they arrived."""
    return [(seen_us - ARRIVED_US) / SECOND_US for seen_us in taken.observations.seen_at_us.tolist()]


# the account


@pytest.mark.promise("AIS-1")
def test_every_line_is_accepted_refused_noticed_or_waits():
    lines = [
        ONE, "", "  ", *ais(4), sentence("AIVDM,1,1,,B,E>k`sO70VQ97aRh1T0W72V@611@=FVj<;V5d@00003v010,4"), *TWO_PARTS, "hello",
        TWO_PARTS[0], TWO_PARTS[0], sentence("GPGGA,103020,5300.0,N,00400.0,E,1,8,1.0,0,M,,M,,", "$"), *ais(10, dest_mmsi=1),
        *ais(lat=91, lon=181),
    ]  # fmt: skip
    taken, taker = read(lines, with_reader=True)
    assert taken.lines == len(lines) - 2 == accounted(taken, taker.waiting)
    assert len(taken.observations) == 1
    assert keys(taken) == ["nmea.no_sentence", "position.not_available"]
    assert taker.waiting == 1
    assert taken.noticed == {
        "line_base_station": 1, "line_aid_to_navigation": 1, "line_part": 1, "line_static_data": 1, "line_repeated": 1,
        "line_other_sentence": 1, "line_other_message": 1,
    }  # fmt: skip


REFUSED: dict[str, tuple[str | bytes, str]] = {
    "text": ("hello", "nmea.no_sentence"),
    "binary": (bytes(range(1, 9)) + b"\xff\xfe", "nmea.no_sentence"),
    "text in front": (f"12:00 {ONE}", "nmea.no_sentence"),
    "two in one line": (ONE + ONE, "nmea.no_sentence"),
    "without checksum": (ONE[:-3], "nmea.no_checksum"),
    "a bit flipped": (ONE.replace("!AIVDM,1,1", "!AIVDM,1,0"), "nmea.checksum"),
    "tag block without checksum": (f"\\c:{ARRIVED_S}\\{ONE}", "nmea.tag_checksum"),
    "tag block with a wrong checksum": (f"\\c:{ARRIVED_S}*00\\{ONE}", "nmea.tag_checksum"),
    "tag block with a time of another kind": (tagged("c:2026-05-18", ONE), "nmea.tag_time"),
    "a time of too many digits": (tagged(f"c:{ARRIVED_US}", ONE), "nmea.tag_time"),
    "a line that dates the next, wrongly": (sentence("PGHP,1,2026,13,18,10,30,19,500,244,,,1,00", "$"), "nmea.dated"),
    "too few fields": (sentence("AIVDM,1,1,,A,13HOI:0P0000VOHLCnHQKwvL05Ip"), "ais.fields"),
    "letters not of AIS": (sentence("AIVDM,1,1,,A,13HOI:0P0000VOHLCnHQKwvL05IX,0"), "ais.fields"),
    "no content": (sentence("AIVDM,1,1,,A,,0"), "ais.fields"),
    "six fill bits": (sentence("AIVDM,1,1,,A,13HOI:0P0000VOHLCnHQKwvL05Ip,6"), "ais.fields"),
    "content without end": (sentence(f"AIVDM,1,1,,A,{'1' * 201},0"), "ais.fields"),
    "part 3 of 2": (sentence("AIVDM,2,3,1,A,88888888880,2"), "ais.part_number"),
    "part 0": (sentence("AIVDM,2,0,1,A,88888888880,2"), "ais.part_number"),
    "ten parts": (sentence("AIVDM,10,1,1,A,88888888880,2"), "ais.part_number"),
    "cut short": (sentence("AIVDM,1,1,,A,13HOI:0P0000VOHLCnHQKwvL05I,0"), "ais.short"),
    "a kind of part that is not": (sentence(f"AIVDM,1,1,,A,H42O55{'t' * 22},0"), "ais.undecodable"),
    "no MMSI": (ais(mmsi=0)[0], "ais.mmsi"),
    "ten digits": (sentence("AIVDM,1,1,,A,1?wwwwwP0000VOHLCnHQKwvL05Ip,0"), "ais.mmsi"),
    "not positioned": (ais(second=63)[0], "ais.inoperative"),
    "no position": (ais(lat=91, lon=181)[0], "position.not_available"),
    "no longitude": (ais(27, lon=181)[0], "position.not_available"),
    "beyond the pole": (ais(lat=95)[0], "position.lat_range"),
    "endless": ("!" + "A" * 1024, "line.too_long"),
}  # fmt: skip


@pytest.mark.promise("AIS-2", "AIS-6")
@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_says_why_and_where_and_stops_nothing(name):
    line, key = REFUSED[name]
    taken, taker = read([ONE, line, ONE], with_reader=True)
    (refusal,) = taken.refusals
    assert (refusal.key, refusal.line, refusal.feed) == (key, 2, "ais-1")
    assert refusal.what
    assert refusal.value
    assert taken.observations.line.tolist() == [1, 3]
    assert taken.lines == 3 == accounted(taken, taker.waiting)


# reports


@pytest.mark.promise("AIS-3")
@pytest.mark.parametrize("kind", [1, 2, 3, 9, 11, 18, 19, 27])
@pytest.mark.parametrize("kind_of_sentence", ["VDM", "VDO"])
def test_messages_with_a_position_of_their_sender_are_reports(kind, kind_of_sentence):
    taken = read(ais(kind, kind_of_sentence=kind_of_sentence))
    assert taken.refusals == ()
    assert taken.observations.lat_e7.tolist() == [530_000_000]
    assert taken.observations.lon_e7.tolist() == [40_000_000]
    knots = {11: None}.get(kind, 10.0)
    assert taken.observations.speed_mmps.tolist() == [UNKNOWN if knots is None else round(knots * 1852 / 3.6)]
    assert taken.observations.known_at_us.tolist() == [ARRIVED_US]


@pytest.mark.promise("AIS-4")
def test_the_subject_is_the_mmsi_with_its_leading_zeros():
    taken, taker = read([*ais(mmsi=2442000), *ais(5, mmsi=2442000, shipname="KESTREL")], with_reader=True)
    assert taken.observations.subjects == ("mmsi:002442000",)
    assert taker.names == {"mmsi:002442000": "KESTREL"}
    assert taken.names == (("mmsi:002442000", "KESTREL"),)


def test_a_name_is_given_out_when_it_is_new_and_not_again():
    taker = reader()
    given = []
    for name in ("KESTREL", "KESTREL", "FALCON"):
        for number, line in enumerate(ais(5, mmsi=2442000, shipname=name), 1):
            taker.take(line.encode(), number=number, arrived_us=ARRIVED_US)
        given.append(taker.taken().names)
    assert given == [(("mmsi:002442000", "KESTREL"),), (), (("mmsi:002442000", "FALCON"),)]


@pytest.mark.promise("AIS-5")
@pytest.mark.parametrize(
    ("fields", "error_mm", "noticed"),
    [
        ({"accuracy": True}, 5_000, {}),
        ({"accuracy": False}, 50_000, {}),
        ({"kind": 27, "accuracy": True}, 65_669, {}),
        ({"kind": 27, "accuracy": False}, 82_386, {}),
        ({"second": 61}, UNKNOWN, {"position_by_hand": 1}),
        ({"second": 62}, UNKNOWN, {"position_dead_reckoned": 1}),
    ],
)
def test_the_error_is_what_the_sender_says_of_its_accuracy(fields, error_mm, noticed):
    taken = read(ais(**fields))
    assert taken.observations.error_mm.tolist() == [error_mm]
    assert taken.noticed == noticed


@pytest.mark.promise("AIS-6")
@pytest.mark.parametrize(
    ("fields", "speed_is_known", "course_is_known", "noticed"),
    [
        ({"speed": 102.3}, False, True, {"speed_not_available": 1}),
        ({"speed": 102.2}, True, True, {}),
        ({"course": 360.0}, True, False, {"course_not_available": 1}),
        ({"course": 409.5}, True, False, {"course_not_available": 1}),
        ({"course": 359.9}, True, True, {}),
        ({"kind": 27, "speed": 63, "course": 511}, False, False, {"speed_not_available": 1, "course_not_available": 1}),
        ({"kind": 9, "speed": 1023, "alt": 300}, False, True, {"speed_not_available": 1}),
        ({"kind": 9, "alt": 4095}, True, True, {"height_not_available": 1}),
        ({"lat": 0, "lon": 0}, True, True, {"zero_zero": 1}),
        ({"mmsi": 970123456}, True, True, {"distress_device": 1}),
    ],
)
def test_what_stands_for_no_value_is_no_value(fields, speed_is_known, course_is_known, noticed):
    taken = read(ais(**fields))
    assert taken.noticed == noticed
    assert (taken.observations.speed_mmps != UNKNOWN).tolist() == [speed_is_known]
    assert (taken.observations.course_cdeg != UNKNOWN).tolist() == [course_is_known]


@pytest.mark.promise("AIS-7")
@pytest.mark.parametrize(
    ("line", "source"),
    [
        (ONE, "AIS of Harbour Aid"),
        (tagged("s:rORKNEY", ONE), "AIS of Harbour Aid/rORKNEY"),
        (tagged(f"s:AIS of Bravo,c:{ARRIVED_S}", ONE), "AIS of Harbour Aid/AIS of Bravo"),
        (f"{ONE},rORKNEY,{ARRIVED_S}", "AIS of Harbour Aid/rORKNEY"),
        (f"{ONE},s26282,d-107,T36.98,x1,rORKNEY,{ARRIVED_S}", "AIS of Harbour Aid/rORKNEY"),
        (tagged(f"s:{'x' * 90}", ONE), f"AIS of Harbour Aid/{'x' * 40}"),
    ],
)
def test_a_station_stands_behind_the_declared_source(line, source):
    taken = read([line], grading="B2", exercise=True)
    assert taken.observations.sources == (source,)
    assert [(claim.grading, claim.exercise) for claim in taken.observations.claims] == [("B2", True)]


# time


@pytest.mark.promise("AIS-8")
@pytest.mark.parametrize(
    ("second", "after_arrival_s"),
    [(14, -6), (20, 0), (19, -1), (0, -20), (59, -21), (26, -54), (25, 0), (21, 0), (60, 0), (61, 0), (62, 0)],
)
def test_the_second_of_the_message_says_when_within_the_minute(second, after_arrival_s):
    assert seen_s(read(ais(second=second))) == [after_arrival_s]


@pytest.mark.promise("AIS-8")
@pytest.mark.parametrize(("second", "before_s"), [(0, 0), (58, 0), (57, 1), (3, 55), (4, 54)])
def test_around_the_full_minute_the_second_belongs_to_the_nearer_one(second, before_s):
    minute_us = ARRIVED_US - 20 * SECOND_US
    taken = read(ais(second=second), arrived_us=minute_us - 2 * SECOND_US)
    assert taken.observations.seen_at_us.tolist() == [minute_us - (2 + before_s) * SECOND_US]


@pytest.mark.promise("AIS-9")
@pytest.mark.parametrize(
    "line",
    [
        tagged(f"c:{ARRIVED_S - 30}", ONE),
        tagged(f"c:{ARRIVED_S - 30}000", ONE),
        f"{ONE},rORKNEY,{ARRIVED_S - 30}",
        sentence("PGHP,1,2026,5,18,10,29,50,0,244,,,1,00", "$") + "\n" + ONE,
    ],
)
def test_the_time_of_the_receiver_counts_where_it_is_given(line):
    lines = line.split("\n")
    assert seen_s(read(lines)) == [-66.0]
    assert seen_s(read(lines, clock="arrival")) == [-6.0]


@pytest.mark.promise("AIS-9")
def test_the_time_of_the_first_line_holds_for_the_whole_message():
    first, second = in_two(ONE)
    lines = [tagged(f"g:1-2-77,s:rORKNEY,c:{ARRIVED_S - 30}", first), tagged("g:2-2-77", second)]
    taken = read(lines)
    assert seen_s(taken) == [-66.0]
    assert taken.observations.sources == ("AIS of Harbour Aid/rORKNEY",)


@pytest.mark.promise("AIS-10")
@pytest.mark.parametrize("clock", ["receiver", "arrival"])
@pytest.mark.parametrize(
    ("ahead_s", "noticed"),
    [
        (300, {"receiver_clock_ahead": 2}),
        (61, {"receiver_clock_ahead": 2}),
        (60, {}),
        (-60, {}),
        (-300, {"receiver_clock_behind": 2}),
    ],
)
def test_the_clock_of_the_receiver_is_held_against_the_arrival(clock, ahead_s, noticed):
    lines = [tagged(f"c:{ARRIVED_S + ahead_s}", *ais(second=60, mmsi=mmsi)) for mmsi in (244660000, 244660001)]
    taken, taker = read(lines, clock=clock, with_reader=True)
    assert taken.refusals == ()
    counts = clock == "receiver" and ahead_s <= 60
    assert seen_s(taken) == [ahead_s if counts else 0] * 2
    assert taken.noticed == noticed
    assert taker.clock_ahead_us == ahead_s * SECOND_US


@pytest.mark.promise("AIS-10")
def test_a_clock_that_was_never_set_does_not_count():
    taken, taker = read([tagged("c:3600", ONE)], with_reader=True)
    assert seen_s(taken) == [-6.0]
    assert taken.noticed == {"receiver_clock_unset": 1}
    assert taker.clock_ahead_us is None


# long messages, and floods


@pytest.mark.promise("AIS-11")
@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_parts_may_come_in_any_order_and_others_between_them(order):
    parts = in_two(ONE, message=4)
    taken = read([parts[order[0]], ONE, in_two(ONE, message=5)[0], parts[order[1]]])
    assert taken.observations.line.tolist() == [2, 4]


@pytest.mark.promise("AIS-11")
def test_parts_of_other_channels_numbers_and_stations_are_not_mixed():
    first, second = in_two(ONE, message=4)
    others = [second.replace(",A,", ",B,"), second.replace(",2,2,4,", ",2,2,5,")]
    lines = [
        tagged("s:one", first),
        *(tagged("s:one", sentence(other[1:-3])) for other in others),
        tagged("s:two", second),
    ]
    taken, taker = read(lines, with_reader=True)
    assert (len(taken.observations), taker.waiting) == (0, 4)
    taker.take(tagged("s:one", second).encode(), number=5, arrived_us=ARRIVED_US)
    assert taker.taken().observations.line.tolist() == [5]


@pytest.mark.promise("AIS-11")
def test_parts_wait_for_five_seconds():
    taker = reader()
    taker.take(TWO_PARTS[0].encode(), number=1, arrived_us=ARRIVED_US)
    taker.pass_to(ARRIVED_US + 5 * SECOND_US)
    assert (taker.rows, taker.waiting) == (0, 1)
    taker.pass_to(ARRIVED_US + 5 * SECOND_US + 1)
    taken = taker.taken()
    assert (keys(taken), taken.refusals[0].line, taker.waiting) == (["ais.incomplete"], 1, 0)
    taker.take(TWO_PARTS[1].encode(), number=2, arrived_us=ARRIVED_US + 6 * SECOND_US)
    taker.end()
    assert keys(taker.taken()) == ["ais.incomplete"]


@pytest.mark.promise("AIS-11")
def test_a_part_with_another_content_begins_a_new_message():
    taken, taker = read([TWO_PARTS[0], OTHER_TWO_PARTS[0], OTHER_TWO_PARTS[1]], with_reader=True)
    assert [(refusal.key, refusal.line) for refusal in taken.refusals] == [("ais.incomplete", 1)]
    assert taker.names == {"mmsi:244660000": "MERIDIAN"}


@pytest.mark.promise("AIS-12")
def test_a_flood_of_unfinished_messages_costs_the_oldest_of_them():
    flood = 3 * MESSAGES_WAITING_MAX
    lines = [tagged(f"s:{number}", TWO_PARTS[0]) for number in range(flood)]
    taken, taker = read(lines, with_reader=True)
    assert taker.waiting == MESSAGES_WAITING_MAX
    assert keys(taken) == ["ais.unfinished"] * (flood - MESSAGES_WAITING_MAX)
    assert [refusal.line for refusal in taken.refusals] == list(range(1, flood - MESSAGES_WAITING_MAX + 1))
    assert taken.lines == accounted(taken, taker.waiting)


@pytest.mark.promise("AIS-12")
def test_of_names_the_newest_are_kept(monkeypatch):
    monkeypatch.setattr(ais_module, "NAMES_KEPT_MAX", 2)
    lines = [line for mmsi in (1, 2, 3, 2, 4) for line in ais(5, mmsi=mmsi, shipname=f"N{mmsi}", message=mmsi)]
    assert read(lines, with_reader=True)[1].names == {"mmsi:000000002": "N2", "mmsi:000000004": "N4"}


@pytest.mark.promise("AIS-12")
def test_a_line_without_an_end_is_not_held():
    intake = AisIntake(reader())
    for _ in range(100):
        intake.put(b"!" * 10_000, ARRIVED_US)
    assert len(intake._half) <= 1025
    intake.put(b"\n" + ONE.encode() + b"\r\n", ARRIVED_US)
    taken = intake.taken()
    assert keys(taken) == ["line.too_long"]
    assert taken.observations.line.tolist() == [2]


@pytest.mark.promise("AIS-13")
def test_how_the_bytes_are_cut_changes_nothing():
    lines = [
        *(line.encode() if isinstance(line, str) else line for line, _ in REFUSED.values()),
        ONE.encode(),
        b"",
        *(part.encode() for part in in_two(ONE)),
    ]
    content = b"\r\n".join(lines) + b"\n" + ONE.encode()
    chance = random.Random(7)

    def taken_in_pieces(sizes):
        intake, at = AisIntake(reader()), 0
        while at < len(content):
            size = next(sizes)
            intake.put(content[at : at + size], ARRIVED_US)
            at += size
        intake.end()
        return intake.taken()

    whole = taken_in_pieces(iter(lambda: len(content), 0))
    assert keys(whole)[-1] == "line.unfinished"
    for sizes in (iter(lambda: 1, 0), iter(lambda: chance.randint(1, 60), 0)):
        taken = taken_in_pieces(sizes)
        assert (taken.refusals, taken.noticed, taken.lines) == (whole.refusals, whole.noticed, whole.lines)
        assert all(
            np.array_equal(getattr(taken.observations, name), getattr(whole.observations, name)) for name in COLUMNS
        )


@pytest.mark.promise("AIS-2")
def test_a_fault_of_the_decoder_costs_the_message_and_not_the_feed(monkeypatch):
    def failing(*texts: bytes) -> None:
        raise IndexError(len(texts))

    monkeypatch.setattr("pyais.decode", failing)
    assert keys(read([ONE, ONE])) == ["ais.undecodable"] * 2

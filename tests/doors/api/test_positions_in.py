"""Positions come in: four texts and one packed form, each row accepted or refused, and every refusal in the answer."""

from __future__ import annotations

import json

import numpy as np
import pytest

from keepclear.api.positions import COLUMNS_MEDIA, REFUSALS_SHOWN_MAX
from keepclear.feeds.options import FeedOptions
from keepclear.feeds.reading import open_feed
from keepclear.tracks.packing import packed
from tests.desk_in_memory import Limits
from tests.doors.api.caller import AWAY, INSIDE, staffed

ROWS = [AWAY, INSIDE]
FEATURES = [
    {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [row["lon"], row["lat"]]},
        "properties": {"subject": row["subject"], "seen_at": row["seen_at"]},
    }
    for row in ROWS
]
CSV = "subject,seen_at,lat,lon\n" + "".join(f"{r['subject']},{r['seen_at']},{r['lat']},{r['lon']}\n" for r in ROWS)


def columns() -> bytes:
    from io import BytesIO

    (block,) = open_feed(BytesIO(CSV.encode()), FeedOptions(source="AIS mast"))
    return packed(block.observations)


BODIES = {
    "application/json": lambda: json.dumps(ROWS).encode(),
    "application/geo+json": lambda: json.dumps({"type": "FeatureCollection", "features": FEATURES}).encode(),
    "application/x-ndjson": lambda: "\n".join(map(json.dumps, ROWS)).encode(),
    "text/csv": CSV.encode,
    "text/csv; charset=utf-8": CSV.encode,
    COLUMNS_MEDIA: columns,
}


def bring(staff, body, media_type="application/json", path="/v1/feeds/ais-1/positions", token=None, **headers):
    said = {"Content-Type": media_type, **headers}
    return staff.call.post(path, token or staff.mast, content=body, headers=said)


@pytest.mark.parametrize("media_type", BODIES)
def test_every_format_says_the_same(media_type):
    staff = staffed()
    answer = bring(staff, BODIES[media_type](), media_type)
    assert answer.status_code == 200, answer.text
    taken = answer.json()
    assert (taken["rows_read"], taken["accepted"], taken["duplicate"], taken["refused"]) == (2, 2, 0, 0)
    assert taken["told"] == 2
    assert taken["sequence"] == len(staff.desk.record) - 1
    (alert,) = staff.call.get("/v1/alerts", staff.officer).json()["items"]
    assert (alert["key"], alert["subject"]) == ("entered", "Bravo 1")
    (track,) = staff.call.get("/v1/tracks", staff.officer).json()["items"]
    assert (track["lat"], track["source"], track["feeds"]) == (33.6, "AIS mast", ["ais-1"])


def test_what_is_brought_twice_is_a_duplicate():
    staff = staffed()
    staff.bring(*ROWS)
    again = staff.bring(*ROWS, {**AWAY, "seen_at": "2026-05-18T10:20:00Z"}).json()
    assert (again["rows_read"], again["accepted"], again["duplicate"], again["refused"]) == (3, 1, 2, 0)


def test_each_refused_row_is_answered_with_its_place_reason_value_and_mend():
    answer = staffed().bring(AWAY, {**AWAY, "lat": 95}, {**AWAY, "seen_at": "2026-05-18T10:00:00"}, {"lat": 1}).json()
    assert (answer["rows_read"], answer["accepted"], answer["refused"]) == (4, 1, 3)
    assert [(row["column"], row["key"], row["value"]) for row in answer["refusals"]] == [
        ("$[1].lat", "position.lat_range", "95.0"),
        ("$[2].seen_at", "time.no_zone", "2026-05-18T10:00:00"),
        ("$[3].seen_at", "seen_at.empty", ""),
    ]
    assert all(row["mend"] and row["what"] for row in answer["refusals"])


def test_a_batch_of_which_every_row_is_refused_is_an_answer():
    staff = staffed()
    answer = staff.bring({**AWAY, "lat": 95}, {**AWAY, "lat": 96})
    assert answer.status_code == 200
    assert (answer.json()["accepted"], answer.json()["refused"]) == (0, 2)
    feed = staff.call.get("/v1/feeds/ais-1", staff.officer).json()
    assert (feed["rows_read"], feed["refused"], len(feed["samples"]), feed["rows_per_minute"]) == (2, 2, 2, 0)
    staff.desk.clock_us += 60_000_000
    assert staff.call.get("/v1/feeds/ais-1", staff.officer).json()["rows_per_minute"] == 2


def test_refused_rows_are_counted_beyond_those_that_are_listed():
    rows = "".join(f"x,2026-05-18T10:00:00Z,95,{place / 100}\n" for place in range(REFUSALS_SHOWN_MAX + 7))
    answer = bring(staffed(), f"subject,seen_at,lat,lon\n{rows}".encode(), "text/csv").json()
    assert len(answer["refusals"]) == REFUSALS_SHOWN_MAX
    assert (answer["refused"], answer["not_shown"]) == (REFUSALS_SHOWN_MAX + 7, 7)
    assert answer["refusals"][0]["line"] == 2


def test_a_report_that_is_too_late_is_among_the_refused():
    staff = staffed()
    staff.bring(INSIDE)
    late = staff.bring({**INSIDE, "seen_at": "2026-05-18T08:00:00Z"}).json()
    assert (late["accepted"], late["duplicate"], late["refused"]) == (0, 0, 1)
    assert late["refusals"][0]["key"] == "report.too_late"


def test_what_breaks_off_stands_as_far_as_it_goes():
    answer = bring(staffed(), json.dumps([AWAY, INSIDE]).encode()[:-5]).json()
    assert (answer["accepted"], answer["refused"]) == (1, 1)
    assert answer["refusals"][0]["key"] == "json.syntax"


def test_an_empty_array_says_that_the_feed_is_alive():
    staff = staffed()
    answer = bring(staff, b" [ ] ")
    assert (answer.status_code, answer.json()["rows_read"]) == (200, 0)
    assert staff.call.get("/v1/feeds/ais-1", staff.officer).json()["last_heard"] == answer.json()["at"]


def test_how_text_is_to_be_read_can_be_said():
    staff = staffed()
    body = b"MMSI;When;Y;X\n211234560;18/05/2026 13:00;33,9;38,6\n"
    query = "?time_zone=Asia/Damascus&time_format=%25d/%25m/%25Y %25H:%25M&column=subject%3DMMSI,seen_at%3DWhen&delimiter=;&source=log"
    answer = bring(staff, body, "text/csv", f"/v1/feeds/ais-1/positions{query}")
    assert answer.json()["accepted"] == 1, answer.text
    (track,) = staff.call.get("/v1/tracks", staff.officer).json()["items"]
    assert (track["subject"], track["seen_at"], track["lat"], track["source"]) == (
        "211234560",
        "2026-05-18T10:00:00Z",
        33.9,
        "log",
    )


@pytest.mark.parametrize(
    ("body", "media_type", "query", "status", "key"),
    [
        (b"{}", "application/json", "", 422, "json.not_array"),
        (b"", "application/json", "", 422, "json.not_array"),
        (b"[1, 2]", "application/json", "", 422, "json.not_object"),
        (b"a,b\n1,2\n", "text/csv", "", 422, "header.missing"),
        (b"", "text/csv", "", 422, "file.empty"),
        (b"KCP", COLUMNS_MEDIA, "", 422, None),
        (b"\x1f\x8b\x08", "text/csv", "", 415, "body.packed"),
        (b"[]", "application/xml", "", 415, "media_type.unknown"),
        (b"[]", "", "", 415, "media_type.unknown"),
        (b"[]", "application/json", "?time_zone=Atlantis", 400, "time.unknown_zone"),
        (b"[]", "application/json", "?column=subject", 400, "column.unreadable"),
        (b"[]", "application/json", "?delimiter=%22", 400, "delimiter.unusable"),
        (b"[]", "application/json", "?delimiter=ab", 400, "query.unreadable"),
        (b"[]", "application/json", "?columns=x", 400, "query.unknown"),
        (b"[]", "application/json", "?source=a&source=b", 400, "query.doubled"),
    ],
)
def test_what_is_no_batch_is_refused_as_a_whole_and_recorded_nowhere(body, media_type, query, status, key):
    staff = staffed()
    before = len(staff.desk.record)
    answer = bring(staff, body, media_type, f"/v1/feeds/ais-1/positions{query}")
    assert answer.status_code == status, answer.text
    assert key in {None, answer.json()["type"].removeprefix("keepclear:")}
    assert len(staff.desk.record) == before


def test_a_batch_has_a_largest_size_in_rows_and_in_bytes():
    staff = staffed(limits=Limits(rows_max=10, body_bytes_max=20_000))
    for rows, media_type in [
        (json.dumps([AWAY] * 11).encode(), "application/json"),
        (CSV.encode() + CSV.encode()[24:] * 5, "text/csv"),
    ]:
        answer = bring(staff, rows, media_type)
        assert (answer.status_code, answer.json()["type"]) == (413, "keepclear:rows.too_many")
    assert bring(staff, json.dumps([AWAY] * 10).encode()).status_code == 200
    assert bring(staff, b"[" + b" " * 20_000 + b"]").json()["type"] == "keepclear:body.too_large"


def test_a_packed_transfer_is_not_unpacked():
    assert bring(staffed(), b"[]", **{"Content-Encoding": "gzip"}).status_code == 415


def test_an_exercise_in_columns_does_not_come_into_operations():
    staff = staffed()
    row = json.dumps([{**AWAY, "exercise": "yes"}]).encode()
    answer = bring(staff, row)
    assert (answer.status_code, answer.json()["type"]) == (409, "keepclear:exercise.mixed")


def test_a_large_batch_is_read_beside_the_loop_and_gives_the_same():
    staff = staffed()
    rows = [{**AWAY, "subject": f"unit-{place}", "party": "bravo"} for place in range(4_000)]
    answer = bring(staff, json.dumps(rows).encode())
    assert answer.json()["accepted"] == 4_000
    assert len(staff.call.get("/v1/tracks?limit=1000", staff.officer).json()["items"]) == 1_000


def test_positions_of_one_subject_come_in_the_order_they_were_seen():
    staff = staffed()
    staff.bring(INSIDE, AWAY)
    found = staff.call.get("/v1/positions?subject=Bravo 1", staff.officer).json()
    assert [(row["seen_at"], row["lat"], row["feed"]) for row in found["items"]] == [
        ("2026-05-18T10:00:00Z", 33.9, "ais-1"),
        ("2026-05-18T10:10:00Z", 33.6, "ais-1"),
    ]
    window = "/v1/positions?subject=Bravo 1&since=2026-05-18T10:05:00Z&until=2026-05-18T10:10:00Z"
    assert len(staff.call.get(window, staff.officer).json()["items"]) == 1
    assert staff.call.get("/v1/positions?subject=Bravo 1&limit=1", staff.officer).json()["left_off"] is True


# --- idempotency ---


def test_the_same_key_and_request_are_done_once_and_answered_alike():
    staff = staffed()
    body = json.dumps([AWAY]).encode()
    first = bring(staff, body, **{"Idempotency-Key": "k1"})
    size = len(staff.desk.record)
    again = bring(staff, body, **{"Idempotency-Key": "k1"})
    assert (again.status_code, again.content) == (200, first.content)
    assert len(staff.desk.record) == size


def test_the_same_key_for_another_request_is_refused():
    staff = staffed()
    bring(staff, json.dumps([AWAY]).encode(), **{"Idempotency-Key": "k1"})
    other = bring(staff, json.dumps([INSIDE]).encode(), **{"Idempotency-Key": "k1"})
    assert (other.status_code, other.json()["type"]) == (422, "keepclear:idempotency.other_request")
    elsewhere = staff.call.post("/v1/alerts/1.1/acknowledge", staff.officer, json={}, headers={"Idempotency-Key": "k1"})
    assert elsewhere.status_code == 404  # the key of one user says nothing to another


def test_what_was_refused_may_be_mended_under_its_key():
    staff = staffed()
    assert bring(staff, b"{", **{"Idempotency-Key": "k1"}).status_code == 422
    assert bring(staff, json.dumps([AWAY]).encode(), **{"Idempotency-Key": "k1"}).status_code == 200


@pytest.mark.parametrize("key", ["a b", "x" * 201, "\xe4"])
def test_what_is_no_key_is_refused(key):
    answer = bring(staffed(), b"[]", **{"Idempotency-Key": key.encode("latin-1")})
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (400, "Idempotency-Key")


def test_a_request_that_is_being_done_is_not_begun_again(monkeypatch):
    import asyncio

    staff = staffed()
    go_on = asyncio.Event()

    async def slowly(by, key):
        await go_on.wait()

    async def main():
        monkeypatch.setattr(staff.desk, "answered", slowly)
        asked = {"content": b"[]", "headers": {"Content-Type": "application/json", "Idempotency-Key": "k1"}}
        first = asyncio.ensure_future(staff.call.ask("POST", "/v1/feeds/ais-1/positions", staff.mast, **asked))
        second = asyncio.ensure_future(staff.call.ask("POST", "/v1/feeds/ais-1/positions", staff.mast, **asked))
        done, _ = await asyncio.wait([first, second], return_when=asyncio.FIRST_COMPLETED)
        go_on.set()
        answers = await asyncio.gather(first, second)
        assert [task.result().status_code for task in done] == [409]
        assert sorted(answer.status_code for answer in answers) == [200, 409]

    asyncio.run(main())


def test_what_columns_say_is_what_the_record_keeps():
    staff = staffed()
    bring(staff, columns(), COLUMNS_MEDIA)
    from keepclear.host.bodies import event_of

    event = event_of("positions_arrived", staff.desk.record[-1].body or b"")
    assert event.feed == "ais-1"
    assert np.array_equal(event.observations.lat_e7, [339_000_000, 336_000_000])

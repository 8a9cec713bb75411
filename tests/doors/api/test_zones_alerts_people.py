"""Zones, presence, alerts, feeds, users and the record, as programs ask for them."""

from __future__ import annotations

import json

import pytest

from keepclear.node import events as e
from tests.builders import reports
from tests.doors.api.caller import AWAY, INSIDE, KESTREL_PASS, staffed, zones_of

SECOND = {**KESTREL_PASS, "id": "second", "geometry": {"type": "Point", "coordinates": [40.0, 34.0]}}


# --- zones ---


def test_a_zone_is_watched_from_now_on_and_answered_with_its_version():
    staff = staffed()
    (zone,) = staff.call.get("/v1/zones", staff.viewer).json()["items"]
    assert (zone["id"], zone["name"], zone["version"]) == ("kestrel-pass", "Kestrel Pass", 1)
    assert zone["access"] == {"owner": "alpha", "sensitivity": "moderate", "recipients": []}
    assert zone["feature"]["properties"]["radius"] == "20.0 km"
    wider = {**KESTREL_PASS, "properties": {"radius": "30 km", "name": "Kestrel Pass"}}
    assert staff.call.put("/v1/zones/kestrel-pass", staff.planner, json=wider).status_code == 200
    zone = staff.call.get("/v1/zones/kestrel-pass", staff.viewer).json()
    assert (zone["version"], zone["feature"]["properties"]["radius"]) == (2, "30.0 km")


def test_a_zone_stays_as_it_was_known():
    staff = staffed()
    known_at = staff.call.get("/v1/status", staff.viewer).json()["now"]
    staff.call.put("/v1/zones", staff.planner, json=zones_of(SECOND))
    staff.call.delete("/v1/zones/kestrel-pass?reason=ended", staff.planner)
    now = [zone["id"] for zone in staff.call.get("/v1/zones", staff.viewer).json()["items"]]
    then = [zone["id"] for zone in staff.call.get(f"/v1/zones?known_at={known_at}", staff.viewer).json()["items"]]
    assert (now, then) == (["second"], ["kestrel-pass"])
    assert staff.call.get("/v1/zones/kestrel-pass", staff.viewer).status_code == 404
    assert staff.call.get(f"/v1/zones/kestrel-pass?known_at={known_at}", staff.viewer).status_code == 200
    assert staff.call.get("/v1/zones?known_at=1999-01-01T00:00:00Z", staff.viewer).status_code == 404


def test_every_error_of_a_zone_file_is_answered_with_its_path_and_nothing_is_taken():
    staff = staffed()
    bad = zones_of(
        {**SECOND, "properties": {"radius": "20"}},
        {**SECOND, "id": "third", "geometry": {"type": "Point", "coordinates": [400, 0]}},
    )
    answer = staff.call.put("/v1/zones", staff.planner, json=bad)
    assert answer.status_code == 422
    assert [error["path"] for error in answer.json()["errors"]] == [
        "$.features[0].properties.radius",
        "$.features[1].geometry.coordinates",
    ]
    assert len(staff.call.get("/v1/zones", staff.planner).json()["items"]) == 1


def test_what_is_noted_of_a_zone_file_comes_with_the_answer():
    staff = staffed()
    noted = {**zones_of(SECOND), "frobnicate": 1}
    answer = staff.call.put("/v1/zones", staff.planner, json=noted).json()
    assert (answer["zones"], [note["key"] for note in answer["notes"]]) == (["second"], ["property.unknown"])


@pytest.mark.parametrize(
    ("path", "body", "status", "key"),
    [
        ("/v1/zones", b"{", 422, "zones.refused"),
        ("/v1/zones", b"[" * 200_000, 422, "zones.refused"),
        ("/v1/zones", b"\xff\xfe", 422, "zones.refused"),
        ("/v1/zones", b'{"type":"FeatureCollection","features":[]}', 422, "zones.none"),
        ("/v1/zones/other", json.dumps(KESTREL_PASS).encode(), 422, "zone.other_id"),
        (
            "/v1/zones/kestrel-pass",
            json.dumps(KESTREL_PASS).encode() + b"," + json.dumps(SECOND).encode(),
            422,
            "zone.other_id",
        ),
        ("/v1/zones/Kestrel", json.dumps({**KESTREL_PASS, "id": "Kestrel"}).encode(), 422, "id.unusable"),
    ],
)
def test_what_is_no_zone_is_refused(path, body, status, key):
    staff = staffed()
    answer = staff.call.put(path, staff.planner, content=body, headers={"Content-Type": "application/geo+json"})
    assert (answer.status_code, answer.json()["type"]) == (status, f"keepclear:{key}"), answer.text


def test_a_zone_of_another_party_is_not_taken_over():
    staff = staffed()
    pat = staff.desk.admit("pat", "meridian", "planner")
    answer = staff.call.put("/v1/zones/kestrel-pass", pat, json=KESTREL_PASS)
    assert answer.status_code in {403, 409}
    assert staff.call.get("/v1/zones/kestrel-pass", staff.planner).json()["version"] == 1


def test_lists_come_in_pages():
    staff = staffed()
    for place in range(5):
        staff.call.put("/v1/zones", staff.planner, json=zones_of({**SECOND, "id": f"z{place}"}))
    seen: list[str] = []
    after: str | None = ""
    while after is not None:
        page = staff.call.get(f"/v1/zones?limit=2{after}", staff.viewer).json()
        assert len(page["items"]) <= 2
        seen += [zone["id"] for zone in page["items"]]
        after = page["next"] and f"&after={page['next']}"
    assert seen == ["kestrel-pass", "z0", "z1", "z2", "z3", "z4"]


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1001", "limit=x", "limit=1&limit=2", "after=" + "x" * 1_001, "bbox=1", "exercise=maybe"]
)
def test_a_parameter_that_cannot_be_read_is_named(query):
    staff = staffed()
    answer = staff.call.get(f"/v1/zones?{query}", staff.viewer)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["path"] == "?" + query.partition("=")[0]


# --- tracks and presence ---


def test_who_is_inside_now_and_who_was_then():
    staff = staffed()
    staff.bring(AWAY, INSIDE)
    staff.bring({**AWAY, "seen_at": "2026-05-18T10:20:00Z"})
    assert staff.call.get("/v1/presence", staff.viewer).json()["items"] == []
    (then,) = staff.call.get("/v1/presence?at=2026-05-18T10:15:00Z", staff.viewer).json()["items"]
    assert (then["subject"], then["zone"], then["state"], then["since"]) == (
        "Bravo 1",
        "kestrel-pass",
        "inside",
        "2026-05-18T10:10:00Z",
    )
    assert staff.call.get("/v1/presence?at=2026-05-18T10:15:00Z&zone=other", staff.viewer).status_code == 404
    known_at = "2026-05-18T10:00:00.000001Z"
    assert (
        staff.call.get(f"/v1/presence?at=2026-05-18T10:15:00Z&known_at={known_at}", staff.viewer).json()["items"] == []
    )


def test_every_answer_about_presence_says_what_it_is_not():
    staff = staffed()
    for path in ["/v1/presence", "/v1/alerts"]:
        assert "no permission" in staff.call.get(path, staff.viewer).json()["note"]


# --- alerts ---


def raised(staff):
    staff.bring(AWAY, INSIDE)
    (alert,) = staff.call.get("/v1/alerts", staff.officer).json()["items"]
    return alert


def test_an_alert_has_its_line_a_sentence_and_its_life():
    staff = staffed()
    alert = raised(staff)
    assert alert["state"] == "raised"
    assert alert["line"]["alert"] == alert["id"]
    assert "entered Kestrel Pass" in alert["text"]
    path = f"/v1/alerts/{alert['id']}"
    assert staff.call.post(f"{path}/acknowledge", staff.officer, json={"note": "seen on the screen"}).status_code == 200
    assert staff.call.post(f"{path}/assign", staff.officer, json={"to": "ben"}).status_code == 200
    assert staff.call.post(f"{path}/clear", staff.officer, json={"reason": "it has left"}).status_code == 200
    alert = staff.call.get(path, staff.viewer).json()
    assert [(step["state"], step["by"], step["words"], step["to"]) for step in alert["steps"]] == [
        ("acknowledged", "ben", "seen on the screen", ""),
        ("assigned", "ben", "", "ben"),
        ("cleared", "ben", "it has left", ""),
    ]


@pytest.mark.parametrize(
    ("path", "body", "status", "key", "place"),
    [
        ("clear", {}, 422, "body.invalid", "$.reason"),
        ("clear", {"reason": ""}, 422, "body.invalid", "$.reason"),
        ("clear", {"reason": " \n"}, 422, "alert.no_reason", "$.reason"),
        ("clear", {"reason": 7}, 422, "body.invalid", "$.reason"),
        ("clear", {"reason": "x", "force": True}, 422, "body.invalid", "$.force"),
        ("clear", {"reason": "x" * 2_001}, 422, "body.invalid", "$.reason"),
        ("clear", {"reason": "a\u0000b"}, 422, "text.unprintable", "$.reason"),
        ("clear", [], 422, "body.invalid", "$"),
        ("assign", {"to": "nobody"}, 422, "alert.assignee", "$.to"),
        ("assign", {"to": "leo"}, 422, "alert.assignee", "$.to"),
        ("assign", {"to": "eva"}, 422, "alert.assignee", "$.to"),
        ("acknowledge", {"note": None}, 422, "body.invalid", "$.note"),
    ],
)
def test_what_cannot_be_done_about_an_alert_is_said_with_its_place(path, body, status, key, place):
    staff = staffed()
    answer = staff.call.post(f"/v1/alerts/{raised(staff)['id']}/{path}", staff.officer, json=body)
    assert (answer.status_code, answer.json()["type"]) == (status, f"keepclear:{key}")
    assert answer.json()["errors"][0]["path"] == place


def test_who_may_assign_an_alert_is_told_to_whom_and_each_of_them_can_take_it():
    staff = staffed()
    staff.desk.admit("lea", "alpha", "liaison")
    staff.desk.admit("low", "alpha", "watch_officer", "open")
    alert = f"/v1/alerts/{raised(staff)['id']}"
    found = staff.call.get(f"{alert}/assignees", staff.officer).json()["items"]
    assert found == [{"user": "ben", "role": "watch_officer"}, {"user": "lea", "role": "liaison"}]
    for one in found:
        assert staff.call.post(f"{alert}/assign", staff.officer, json={"to": one["user"]}).status_code == 200
    assert staff.call.get(f"{alert}/assignees", staff.viewer).status_code == 403
    assert staff.call.get(f"{alert}/assignees", staff.liaison).status_code == 404


def test_a_cleared_alert_stays_as_it_is():
    staff = staffed()
    path = f"/v1/alerts/{raised(staff)['id']}"
    staff.call.post(f"{path}/clear", staff.officer, json={"reason": "x"})
    for step, body in [("acknowledge", {}), ("assign", {"to": "ben"}), ("clear", {"reason": "y"})]:
        answer = staff.call.post(f"{path}/{step}", staff.officer, json=body)
        assert (answer.status_code, answer.json()["type"]) == (409, "keepclear:alert.is_cleared")


def test_alerts_are_filtered():
    staff = staffed()
    alert = raised(staff)
    wanted = {
        "state=open": 1, "state=raised": 1, "state=cleared": 0, "key=entered": 1, "key=dwell": 0, "zone=kestrel-pass": 1,
        "subject=Bravo 1": 1, "subject=x": 0, f"after={alert['id']}": 0, "after=0.0": 1,
    }  # fmt: skip
    found = {query: len(staff.call.get(f"/v1/alerts?{query}", staff.officer).json()["items"]) for query in wanted}
    assert found == wanted
    assert staff.call.get("/v1/alerts?state=gone", staff.officer).status_code == 400
    assert staff.call.get("/v1/alerts?after=x", staff.officer).status_code == 400


def test_an_alert_is_seen_as_it_was_known():
    staff = staffed()
    alert = raised(staff)
    known_at = staff.call.get("/v1/status", staff.officer).json()["now"]
    staff.call.post(f"/v1/alerts/{alert['id']}/clear", staff.officer, json={"reason": "x"})
    states = [
        staff.call.get(f"/v1/alerts/{alert['id']}{query}", staff.officer).json()["state"]
        for query in ("", f"?known_at={known_at}")
    ]
    assert states == ["cleared", "raised"]


# --- feeds ---


def test_a_feed_is_declared_heard_and_ended():
    staff = staffed()
    said = {"source": "Northlight patrols", "grading": "B2", "silent_after_us": 600_000_000}
    assert staff.call.put("/v1/feeds/patrols", staff.planner, json=said).status_code == 200
    feed = staff.call.get("/v1/feeds/patrols", staff.viewer).json()
    assert (feed["source"], feed["grading"], feed["is_open"], feed["last_heard"]) == (
        "Northlight patrols",
        "B2",
        True,
        None,
    )
    assert staff.call.delete("/v1/feeds/patrols?reason=over", staff.planner).status_code == 200
    assert staff.call.get("/v1/feeds/patrols", staff.viewer).json()["is_open"] is False
    assert staff.bring(INSIDE, feed="patrols").status_code == 404
    assert staff.call.delete("/v1/feeds/patrols?reason=over", staff.planner).status_code == 404


@pytest.mark.parametrize(
    ("feed", "said", "place"),
    [
        ("AIS", {"source": "x"}, "$.feed"),
        ("x" * 65, {"source": "x"}, "$.feed"),
        ("a", {"source": ""}, "$.source"),
        ("a", {"source": "x", "grading": "Z9"}, "$.grading"),
        ("a", {"source": "x", "silent_after_us": 0}, "$.silent_after_us"),
        ("a", {"source": "x", "owner": "bravo"}, "$.owner"),
    ],
)
def test_what_is_no_feed_is_refused_with_its_place(feed, said, place):
    staff = staffed()
    answer = staff.call.put(f"/v1/feeds/{feed}", staff.planner, json=said)
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, place)


# --- users ---


def test_a_token_is_shown_once_and_only_its_hash_is_recorded():
    staff = staffed()
    asked = {"json": {"token_id": "t2"}, "headers": {"Idempotency-Key": "k"}}
    issued = staff.call.post("/v1/users/pia/tokens", staff.administrator, **asked)
    assert issued.status_code == 201
    token = issued.json()["token"]
    assert staff.call.get("/v1/me", token).json()["user"] == "pia"
    assert all(token.encode() not in (entry.body or b"") for entry in staff.desk.record)
    again = staff.call.post("/v1/users/pia/tokens", staff.administrator, **asked)
    assert (again.status_code, again.json()["token"]) == (201, None)
    listed = staff.call.get("/v1/tokens", staff.administrator).json()["items"]
    assert {"id": "t2", "user": "pia", "feed": "", "expires_at": None, "revoked": False} in listed
    assert token not in json.dumps(listed)


def test_a_token_for_a_feed_is_issued_to_whoever_may_bring_positions():
    staff = staffed()
    issue = {"token_id": "t2", "feed": "ais-1"}
    assert staff.call.post("/v1/users/mast-1/tokens", staff.administrator, json=issue).status_code == 201
    refused = staff.call.post("/v1/users/pia/tokens", staff.administrator, json={**issue, "token_id": "t3"})
    assert (refused.status_code, refused.json()["type"]) == (422, "keepclear:token.useless")


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("PUT", "/v1/users/x", {"party": "nobody", "role": "viewer", "clearance": "low"}, 422),
        ("PUT", "/v1/users/x", {"party": "alpha", "role": "king", "clearance": "low"}, 422),
        ("PUT", "/v1/users/x", {"party": "alpha", "role": "viewer", "clearance": "top"}, 422),
        ("PUT", "/v1/users/X", {"party": "alpha", "role": "viewer", "clearance": "low"}, 422),
        ("PUT", "/v1/users/ada", {"party": "alpha", "role": "viewer", "clearance": "low"}, 409),
        ("PUT", "/v1/users/leo", {"party": "alpha", "role": "viewer", "clearance": "low"}, 409),
        ("DELETE", "/v1/users/ada?reason=x", None, 409),
        ("DELETE", "/v1/users/nobody?reason=x", None, 404),
        ("DELETE", "/v1/users/leo", None, 400),
        ("POST", "/v1/users/leo/tokens", {"token_id": "token-of-leo"}, 409),
        ("POST", "/v1/users/leo/tokens", {"token_id": "t", "expires_at": "2020-01-01T00:00:00Z"}, 422),
        ("POST", "/v1/users/leo/tokens", {"token_id": "t", "expires_at": "tomorrow"}, 422),
        ("POST", "/v1/users/nobody/tokens", {"token_id": "t"}, 404),
        ("DELETE", "/v1/tokens/nothing?reason=x", None, 404),
        ("PUT", "/v1/parties/Bravo", {"name": "Bravo"}, 422),
        ("PUT", "/v1/parties/bravo", {"name": " "}, 422),
    ],
)
def test_what_cannot_be_done_to_users_is_said(method, path, body, status):
    staff = staffed()
    before = len(staff.desk.record)
    answer = staff.call(method, path, staff.administrator, json=body)
    assert answer.status_code == status, answer.text
    assert len(staff.desk.record) == before


def test_parties_are_known_to_everybody_here():
    staff = staffed()
    assert staff.call.put("/v1/parties/bravo", staff.administrator, json={"name": "Bravo"}).status_code == 200
    parties = staff.call.get("/v1/parties", staff.liaison).json()["items"]
    assert [(party["id"], party["is_house"]) for party in parties] == [
        ("alpha", True), ("bravo", False), ("meridian", False), ("northlight", False),
    ]  # fmt: skip


# --- the record ---


def test_an_entry_is_shown_to_those_who_see_all_it_concerns():
    staff = staffed()
    raised(staff)
    sequence = len(staff.desk.record) - 1
    for who, status in [("officer", 200), ("auditor", 200), ("liaison", 404), ("mast", 404)]:
        for path in ("", "/proof"):
            answer = staff.call.get(f"/v1/record/entries/{sequence}{path}", staff.tokens[who])
            assert answer.status_code == status, who
    entry = staff.call.get(f"/v1/record/entries/{sequence}", staff.officer).json()
    assert (entry["kind"], entry["by"], [line["event"] for line in entry["outcome"]]) == (
        "positions_arrived", "ben", ["presence", "alert"],
    )  # fmt: skip
    assert entry["body_bytes"]


def test_who_may_act_here_is_shown_to_administrators_and_auditors():
    staff = staffed()
    kinds = {
        who: {
            entry["kind"]
            for entry in staff.call.get("/v1/record/entries?limit=1000", staff.tokens[who]).json()["items"]
        }
        for who in ("administrator", "auditor", "officer", "liaison")
    }
    assert "user_admitted" in kinds["administrator"]
    assert kinds["auditor"] == {committed.entry.kind for committed in staff.desk.record}
    assert kinds["officer"] == {"node_began", "party_named", "feed_declared", "zones_agreed"}
    assert kinds["liaison"] == {"node_began", "party_named"}


def test_the_record_comes_in_pages():
    staff = staffed()
    seen: list[int] = []
    after: int | str | None = -1
    while after is not None:
        page = staff.call.get(f"/v1/record/entries?limit=7&after={after}", staff.auditor).json()
        seen += [entry["sequence"] for entry in page["items"]]
        after = page["next"]
    assert seen == list(range(len(staff.desk.record)))


@pytest.mark.parametrize("sequence", ["x", "-1", "1.5", "999999", "9" * 30, "%00", "¼"])
def test_what_is_no_entry_is_not_there(sequence):
    staff = staffed()
    assert staff.call.get(f"/v1/record/entries/{sequence}", staff.auditor).status_code == 404


def test_the_checkpoint_is_text():
    staff = staffed()
    answer = staff.call.get("/v1/record/checkpoint", staff.viewer)
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.text.startswith("alpha.example/keepclear/1\n")


def test_the_name_of_a_user_is_kept_beside_the_record_until_it_is_erased():
    staff = staffed()
    admitted = {"party": "alpha", "role": "viewer", "clearance": "low", "name": "Nadia Haddad"}
    assert staff.call.put("/v1/users/nadia", staff.administrator, json=admitted).status_code == 200
    assert staff.call.get("/v1/users/nadia/name", staff.administrator).json()["name"] == "Nadia Haddad"
    assert staff.call.get("/v1/users/nadia/name", staff.viewer).status_code == 403
    assert "Nadia Haddad" not in staff.call.get("/v1/record/entries?limit=1000", staff.auditor).text
    assert staff.call.delete("/v1/users/nadia/name?reason=asked", staff.administrator).status_code == 200
    assert staff.call.get("/v1/users/nadia/name", staff.administrator).json()["name"] is None
    assert staff.call.delete("/v1/users/nadia/name?reason=asked", staff.administrator).status_code == 404


def test_what_a_subject_is_called_is_shown_with_the_feed_that_says_so():
    staff = staffed()
    staff.bring(INSIDE)
    named = e.PositionsArrived("ais-1", reports(), names=(("Bravo 1", "NORTH STAR"),))
    staff.desk.say(named, by="feed:ais-1")
    claim = [{"name": "NORTH STAR", "feed": "ais-1", "source": "AIS mast"}]
    for path in ("/v1/tracks", "/v1/presence", "/v1/alerts"):
        (item,) = staff.call.get(path, staff.officer).json()["items"]
        assert (item["subject"], item["names"]) == ("Bravo 1", claim)
    for collection in ("tracks", "alerts"):
        (feature,) = staff.call.get(f"/v1/ogc/collections/{collection}/items", staff.officer).json()["features"]
        assert feature["properties"]["names"] == "NORTH STAR (says ais-1)"
    entered = staff.call.get("/v1/presence?at=2026-05-18T10:20:00Z", staff.officer).json()["items"]
    assert [item["names"] for item in entered] == [claim]

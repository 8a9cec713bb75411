"""A line of the events file, written in one go, is to the byte what the json module makes of the same keys and values."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepclear.agreements.terms import Permission
from keepclear.geo.shapes import Circle
from keepclear.ground.instants import EARLIEST_US, LATEST_US, utc_text
from keepclear.ground.quantities import CountRange
from keepclear.render import sentences
from keepclear.render.records import line_of
from keepclear.tracks.observations import Attribution, Claim
from keepclear.watch.events import Action, Alert, Cause, Correction, Presence, Told
from keepclear.watch.presence import TRANSITIONS, Sight, State

words = st.text(max_size=12) | st.sampled_from(['"quoted"\n\\', "\u2028\x00\x7f", "Tür 7"])
names = words.filter(bool)
instants = st.integers(EARLIEST_US, LATEST_US - 1) | st.integers(0, 10**9).map(lambda second: second * 1_000_000)
edges_mm = st.none() | st.integers(-(10**9), 10**9) | st.sampled_from([0, 1, -7, 10, -10_000])
sights = st.builds(
    lambda edge_mm, wider_mm, p: Sight(edge_mm, None if edge_mm is None else edge_mm + wider_mm, p, 0),
    edges_mm, st.sampled_from([0, 0, 1, 70_000]), st.sampled_from([0, 10_000]) | st.integers(0, 10_000),
)  # fmt: skip
states, causes = st.sampled_from(State), st.sampled_from(Cause)
changes = st.sampled_from(sorted(TRANSITIONS))
claims = st.builds(
    Claim,
    st.none() | st.builds(CountRange, st.integers(0, 9), st.none() | st.integers(9, 10**9), words),
    st.none() | st.builds(Attribution, names, words, st.none() | st.floats(0.0, 1.0)),
    st.sampled_from(["", "B2"]),
    st.booleans(),
)
reasons = ["unattributed", "not_in_terms", "attribution_doubtful", "notice_given"]
permissions = st.builds(Permission, st.booleans(), st.sampled_from(reasons), words, words)
presences = st.builds(
    lambda change, **fields: Presence(
        was=change[0], now=change[1], what=TRANSITIONS[change].what, urgency=TRANSITIONS[change].urgency, **fields
    ),
    changes, seq=st.integers(1, 10**12), at_us=instants, seen_at_us=instants, subject=names, zone=names, cause=causes,
    sight=sights, permission=permissions, lat=st.floats(-90, 90), lon=st.integers(-1_800_000_000, 1_800_000_000).map(lambda e7: e7 / 1e7),
    area=st.none() | st.just(Circle(10.0, 10.0, 1_000.0)), source=words, claim=claims, error_assumed=st.booleans(),
    flags=st.sampled_from([(), ("on_edge",), ("jump", "contradiction")]),
)  # fmt: skip
values = words | st.integers() | st.floats(-1e9, 1e9) | st.booleans() | st.none() | causes
alerts = st.builds(
    Alert, st.integers(1, 10**12), instants, st.sampled_from(["entered", "left", "found"]), words, names, st.sampled_from(["now", "soon"]),
    st.builds(
        lambda others, needed: others | needed,
        st.dictionaries(st.sampled_from(["edge_m", "edge_far_m", "party", "until_at_us", "needed", "in_time"]), values),
        st.fixed_dictionaries(
            {"zone_name": words, "what": st.just("entered"), "why": st.sampled_from(reasons), "seen_at_us": instants}
        ),
    ),
    st.none() | st.integers(1, 10**12), st.booleans(),
)  # fmt: skip
told = st.builds(
    Told, instants, st.just(State.CLEAR), st.sampled_from([State.CLEAR, State.CLOSE, State.INSIDE]), causes, sights
)
corrections = st.builds(
    Correction, st.integers(1, 10**12), instants, st.none() | st.integers(1, 10**12), st.just(Action.ADDED), names, names,
    st.none() | told, told, instants, words, st.booleans(),
)  # fmt: skip


def in_words(record):
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))


def said(sight):
    edge_m = None if sight.edge_mm is None else sight.edge_mm / 1000
    return {"edge_m": edge_m, "p_inside": sight.p_inside_e4 / 10_000}


def where_true(record):
    """Without what is left out where there is nothing to say."""
    return {key: value for key, value in record.items() if value}


@pytest.mark.promise("EVENT-2")
@given(presences)
def test_a_change_of_presence(event):
    claim, sight = event.claim, event.sight
    record = {
        "event": "presence", "seq": event.seq, "at": utc_text(event.at_us), "seen_at": utc_text(event.seen_at_us), "subject": event.subject,
        "zone": event.zone, "from": event.was, "to": event.now, "what": event.what, "cause": event.cause, **said(sight),
    }  # fmt: skip
    if sight.edge_far_mm != sight.edge_mm:
        record["edge_far_m"] = sight.edge_far_mm / 1000
    record |= where_true({"error": event.error_assumed and "assumed"})
    record |= {"permitted": event.permission.permitted, "why": event.permission.why, "urgency": event.urgency}
    record |= {"lat": None, "lon": None} if event.area else {"lat": event.lat, "lon": event.lon}
    if claim.attribution is not None:
        whose = claim.attribution
        record |= {"party": whose.party, "attributed_by": whose.attributed_by or None, "confidence": whose.confidence}
    if claim.count is not None:
        record |= {"count_min": claim.count.low, "count_max": claim.count.high, "count_words": claim.count.as_entered}
    record |= where_true({"source": event.source, "grading": claim.grading, "flags": list(event.flags)})
    record |= where_true({"exercise": claim.exercise}) | {"text": sentences.of_presence(event, "Kestrel\nPass")}
    assert line_of(event, "Kestrel\nPass") == in_words(record)


@pytest.mark.promise("EVENT-3")
@given(alerts)
def test_an_alert(event):
    params = {
        name.removesuffix("_us") if is_instant else name: utc_text(value) if is_instant else value
        for name, value in event.params.items()
        for is_instant in [name.endswith("_at_us") and isinstance(value, int)]
    }
    record = {
        "event": "alert", "seq": event.seq, "at": utc_text(event.at_us), "key": event.key, "urgency": event.urgency,
        "subject": event.subject or None, "zone": event.zone, "of": event.of, "params": params,
    }  # fmt: skip
    record |= where_true({"exercise": event.exercise}) | {"text": sentences.of_alert(event)}
    assert line_of(event, "") == in_words(record)


@pytest.mark.promise("EVENT-4")
@given(corrections)
def test_a_correction(event):
    was, stands = (
        told and {"seen_at": utc_text(told.seen_at_us), "from": told.was, "to": told.now, **said(told.sight)}
        for told in (event.said, event.stands)
    )
    record = {
        "event": "correction", "seq": event.seq, "at": utc_text(event.at_us), "of": event.of, "action": event.action,
        "subject": event.subject, "zone": event.zone, "said": was, "stands": stands, "late_report_seen_at": utc_text(event.late_seen_at_us),
    }  # fmt: skip
    record |= where_true({"source": event.source, "exercise": event.exercise})
    record |= {"text": sentences.of_correction(event, "Kestrel Pass")}
    assert line_of(event, "Kestrel Pass") == in_words(record)

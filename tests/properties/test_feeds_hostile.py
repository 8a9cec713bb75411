"""Whatever bytes come in, a feed refuses in words, and its accounts balance."""

from __future__ import annotations

import gzip
import io
import json

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from keepclear.feeds.arrival import Stream
from keepclear.feeds.options import FORMATS
from keepclear.feeds.reading import FeedOptions, open_feed
from keepclear.ground.errors import Refused

PIECES = [
    b"subject,seen_at,lat,lon\n",
    b"A,2026-05-18T10:30:00Z,33.5,38.6\n",
    b"MMSI;Time (UTC);LAT;LON;SOG;count;party\n",
    b'"',
    b'""',
    b"\n",
    b"\r",
    b"\r\n",
    b",",
    b";",
    b"\t",
    b"|",
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b"null",
    b"NaN",
    b"1e999",
    b'{"subject":"A","seen_at":"2026-05-18T10:30:00Z","lat":33.5,"lon":38.6}\n',
    b'"features"',
    b'"\\ud800"',
    b'{"type":"Feature","id":7,"properties":{"seen_at":1747564200},"geometry":{"type":"Point","coordinates":[1,2]}}',
    b'{"type":"FeatureCollection","features":[',
    b'{"subject":"A","subject":"B"}',
    b'"geometry":',
    b'"coordinates":',
    b'{"type":"Polygon","coordinates":[[[1,2],[1,3],[2,3],[1,2]]]}',
    b'"properties":{"seen_at":"',
    b"9" * 5000,
    b"<gpx>",
    b"</gpx>",
    b"<trk><name>A</name><trkseg>",
    b'<trkpt lat="33.5" lon="38.6">',
    b"</trkpt>",
    b"<!DOCTYPE gpx>",
    b"<time>2026-05-18T10:30:00Z</time>",
    b"<ele>",
    b"&amp;",
    b"&x;",
    b"<?xml version='1.0' encoding='utf-7'?>",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\x00",
    b"\xe9",
    b"\xed\xa0\x80",
    b"33\xc2\xb030'N",
    b"33,5",
    b"181030CMAY26",
    b"low hundreds",
    b"37SET4711",
    b"80%",
    b"B2",
    b"x" * 300,
    b"\xd9\xa3",
    b"1_0",
    b"-",
    b"1/2/2026 10:00",
    b"1747564200123",
]
CONTENT = st.lists(st.sampled_from(PIECES) | st.binary(max_size=6), max_size=40).map(b"".join)


def check_accounts(content: bytes, options: FeedOptions) -> None:
    try:
        feed = open_feed(io.BytesIO(content), options)
    except Refused as refused:
        str(refused).encode()
        return
    for block in feed:
        assert block.rows_read == len(block.observations) + len(block.refusals)
        assert np.all(np.abs(block.observations.lat_e7) <= 900_000_000)
        assert all(name.encode() for name in block.observations.subjects)
        assert all(str(refusal).encode() for refusal in block.refusals)


@given(CONTENT, st.sampled_from([None, *FORMATS]), st.booleans())
@example(b"\x1f\x8b\x08", None, False)
def test_arbitrary_content_raises_nothing_but_refusals_and_is_accounted(content, stated, packed):
    options = FeedOptions(zone="UTC", format=stated)
    check_accounts(gzip.compress(content) if packed else content, options)


@given(st.lists(st.sampled_from(PIECES), max_size=12).map(b"".join))
def test_arbitrary_rows_behind_a_good_header_are_accounted(rows):
    header = b"subject,seen_at,lat,lon,count,party,confidence,grading,area_m,error_m,exercise\n"
    check_accounts(header + rows, FeedOptions())


ELEMENT = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "type",
                    "geometry",
                    "coordinates",
                    "id",
                    "lat",
                    "seen_at",
                    "properties",
                    "subject",
                    "place",
                    "count",
                    "confidence",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(st.lists(ELEMENT, min_size=1, max_size=4), st.booleans())
def test_json_of_any_shape_is_accounted(elements, by_line):
    good = '{"subject": "A", "seen_at": "2026-05-18T10:30:00Z", "lat": 33.5, "lon": 38.6}'
    texts = [good, *(json.dumps(element) for element in elements)]
    content = "\n".join(texts) if by_line else f"[{','.join(texts)}]"
    check_accounts(content.encode(), FeedOptions(format="ndjson" if by_line else "geojson"))


@given(CONTENT, st.data())
def test_where_the_stream_is_cut_into_portions_changes_nothing(content, data):
    class Portions(io.RawIOBase):
        def __init__(self) -> None:
            self.content = io.BytesIO(content)

        def read(self, size: int = -1) -> bytes:
            return self.content.read(data.draw(st.integers(1, max(1, size))))

    def outcome(stream: Stream) -> list[str]:
        try:
            feed = open_feed(stream)
            return [*feed.told, *(str(refusal) for block in feed for refusal in block.refusals)]
        except Refused as refused:
            return [str(refused)]

    assert outcome(Portions()) == outcome(io.BytesIO(content))

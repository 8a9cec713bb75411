"""One suite that every feed passes: every row accounted, whatever arrives and however it arrives."""

from __future__ import annotations

import gzip
import io
import random
from collections.abc import Iterable
from dataclasses import dataclass
from string import Template

import numpy as np
import pytest

from keepclear.feeds import reading
from keepclear.feeds.reading import Block, FeedOptions, Refusal, open_feed
from keepclear.ground.errors import Refused
from keepclear.ground.instants import parse_instant, utc_text
from keepclear.tracks.observations import COLUMNS, Observations
from tests.places_of_data import recorded

FIRST_US = parse_instant("2026-05-18T10:30:00Z").us


@dataclass(frozen=True)
class Written:
    """How a format writes reports."""

    format: str
    head: str
    row: str
    between: str
    foot: str

    def text(self, lats: Iterable[object]) -> bytes:
        """One report of "Bravo 1" per latitude, a minute apart."""
        rows = [
            Template(self.row).substitute(time=utc_text(FIRST_US + n * 60_000_000), lat=lat)
            for n, lat in enumerate(lats)
        ]
        return (self.head + self.between.join(rows) + self.foot).encode()


FORMATS = {
    "commas": Written("delimited", "subject,seen_at,lat,lon\n", "Bravo 1,$time,$lat,38.6", "\n", "\n"),
    "semicolons": Written("delimited", "seen_at;lat;lon;subject\r\n", '$time;$lat;38.6;"Bravo 1"', "\r\n", ""),
    "lines of objects": Written(
        "ndjson", "", '{"subject": "Bravo 1", "seen_at": "$time", "lat": "$lat", "lon": 38.6}', "\n", "\n"
    ),
    "lines of features": Written(
        "ndjson",
        "",
        '{"type": "Feature", "properties": {"subject": "Bravo 1", "seen_at": "$time", "error_m": "$lat"},'
        ' "geometry": {"type": "Point", "coordinates": [38.6, 33.5]}}',
        "\n",
        "\n",
    ),
    "array": Written(
        "geojson", "[\n", '{"subject": "Bravo 1", "seen_at": "$time", "lat": "$lat", "lon": 38.6}', ",\n", "\n]\n"
    ),
    "collection": Written(
        "geojson",
        '{"name": "]{\\"[", "features": [\n',
        '{"type": "Feature", "id": "Bravo 1", "properties": {"seen_at": "$time", "error_m": "$lat"},'
        ' "geometry": {"type": "Point", "coordinates": [38.6, 33.5]}}',
        ",\n",
        '],\n"type": "FeatureCollection"}\n',
    ),
    "track": Written(
        "gpx",
        '<?xml version="1.0"?>\n<gpx xmlns="http://www.topografix.com/GPX/1/1"><trk><name>Bravo 1</name><trkseg>\n',
        '<trkpt lat="$lat" lon="38.6"><ele>700</ele><time>$time</time></trkpt>',
        "\n",
        "\n</trkseg></trk></gpx>\n",
    ),
    "waypoints": Written(
        "gpx", "<gpx>", '<wpt lat="$lat" lon="38.6"><time>$time</time><name>Bravo 1</name></wpt>', "\n", "</gpx>"
    ),
}


@pytest.fixture(params=FORMATS, ids=lambda name: name.replace(" ", "_"))
def written(request):
    return FORMATS[request.param]


class Dribble(io.RawIOBase):
    """A stream that hands out a few bytes at a time; `sizes` says how many."""

    def __init__(self, content: bytes, sizes: Iterable[int], fails_at: int | None = None) -> None:
        self._content = io.BytesIO(content)
        self._sizes = iter(sizes)
        self._fails_at = fails_at

    def read(self, size: int = -1) -> bytes:
        if self._fails_at is not None and self._content.tell() >= self._fails_at:
            raise OSError(5, "Input/output error")
        return self._content.read(min(size, next(self._sizes)))


def blocks(content: bytes, options: FeedOptions | None = None) -> list[Block]:
    return list(open_feed(io.BytesIO(content), options or FeedOptions()))


def accepted(given: list[Block]) -> Observations:
    return Observations.joined([block.observations for block in given])


def refused(given: list[Block]) -> list[Refusal]:
    return [refusal for block in given for refusal in block.refusals]


def read(given: list[Block]) -> int:
    return sum(block.rows_read for block in given)


def same(one: Observations, other: Observations) -> bool:
    columns = all(np.array_equal(getattr(one, name), getattr(other, name)) for name in COLUMNS)
    return columns and (one.subjects, one.areas, one.claims) == (other.subjects, other.areas, other.claims)


@pytest.mark.promise("POS-1", "POS-7")
def test_the_format_is_recognised_and_every_row_accepted(written):
    feed = open_feed(io.BytesIO(written.text([33.5, 33.6, 33.7])))
    given = list(feed)
    assert feed.format == written.format
    assert feed.told
    assert (read(given), len(accepted(given)), refused(given)) == (3, 3, [])
    assert accepted(given).subjects == ("Bravo 1",)


@pytest.mark.promise("POS-2")
def test_a_bad_row_does_not_stop_the_feed(written):
    content = written.text([33.5, "abc", 33.7, 33.8])
    given = blocks(content)
    (refusal,) = refused(given)
    assert (read(given), len(accepted(given))) == (4, 3)
    found_at = [refusal.line, *accepted(given).line.tolist()]
    assert sorted(found_at) == [
        n for n, line in enumerate(content.splitlines(), 1) for _ in range(line.count(b"T10:3"))
    ]
    assert accepted(given).feeds == ("stream",)
    assert np.diff(accepted(given).seen_at_us).tolist() == [120_000_000, 60_000_000]
    assert refusal.value == "abc"
    assert content.splitlines()[refusal.line - 1].count(b"abc") == 1
    assert refusal.what
    assert refusal.mend
    assert refusal.column not in {"", "$"}
    assert refusal.as_record()["key"] == refusal.key


@pytest.mark.promise("POS-4")
def test_the_size_of_the_portions_in_which_bytes_arrive_changes_nothing(written, monkeypatch):
    monkeypatch.setattr(reading, "ROWS_PER_BLOCK", 7)
    content = written.text([33.5 + n / 1000 if n % 9 else "bad" for n in range(50)])
    whole = blocks(content)
    assert [block.rows_read for block in whole] == [7] * 7 + [1]
    chance = random.Random(5)
    for sizes in (iter(lambda: 1, 0), iter(lambda: chance.randint(1, 40), 0)):
        given = list(open_feed(Dribble(content, sizes)))
        assert [block.rows_read for block in given] == [block.rows_read for block in whole]
        assert [str(refusal) for refusal in refused(given)] == [str(refusal) for refusal in refused(whole)]
        assert same(accepted(given), accepted(whole))
        assert sum(block.bytes_read for block in given) == len(content)


class Pausing(Dribble):
    """The same, which has nothing for now after each portion but the first."""

    _pauses = False

    def read(self, size: int = -1) -> bytes | None:  # type: ignore[override]
        self._pauses = not self._pauses and self._content.tell() > 0
        return None if self._pauses and self._content.tell() > 200 else super().read(size)


@pytest.mark.promise("POS-4")
@pytest.mark.parametrize("name", ["commas", "semicolons", "lines of objects", "lines of features"])
def test_a_stream_that_has_nothing_for_now_ends_a_block_and_changes_no_row(name):
    content = FORMATS[name].text([33.5 + n / 1000 if n % 9 else "bad" for n in range(50)])
    whole = blocks(content)
    given = list(open_feed(Pausing(content, iter(lambda: 90, 0))))
    assert len(given) > 10
    assert [str(refusal) for refusal in refused(given)] == [str(refusal) for refusal in refused(whole)]
    assert same(accepted(given), accepted(whole))
    assert sum(block.bytes_read for block in given) == len(content)


@pytest.mark.promise("POS-7")
def test_gzip_is_recognised_without_a_name(written, tmp_path):
    content = written.text([33.5, "bad", 33.7])
    plain = blocks(content)
    halves = gzip.compress(content[:50]) + gzip.compress(content[50:]) + bytes(512)
    for packed in (gzip.compress(content), halves):
        path = tmp_path / "no-ending"
        path.write_bytes(packed)
        given = list(open_feed(path))
        assert same(accepted(given), accepted(plain))
        assert [refusal.line for refusal in refused(given)] == [refusal.line for refusal in refused(plain)]
        assert sum(block.bytes_read for block in given) == len(packed)


@pytest.mark.promise("POS-3", "POS-1")
def test_what_comes_before_the_end_of_truncated_gzip_stands(written):
    chance = random.Random(3)
    content = written.text([round(33 + chance.random(), 6) for _ in range(3000)])
    packed = gzip.compress(content)
    whole = accepted(blocks(content))
    given = blocks(packed[: len(packed) * 2 // 3])
    (refusal,) = refused(given)
    got = accepted(given)
    assert refusal.key == "file.truncated"
    assert "What came before it stands." in refusal.mend
    assert 1000 < len(got) < 3000
    assert read(given) == len(got) + 1
    assert same(got, whole.take(slice(0, len(got))))


@pytest.mark.promise("POS-3")
@pytest.mark.parametrize("unpacked_by_caller", [False, True])
def test_what_comes_before_a_failed_check_of_gzip_is_not_said_to_stand(unpacked_by_caller):
    chance = random.Random(3)
    content = FORMATS["commas"].text([round(33 + chance.random(), 6) for _ in range(9000)])
    packed = bytearray(gzip.compress(content))
    packed[-8] ^= 1
    stream = io.BytesIO(packed)
    given = list(open_feed(gzip.GzipFile(fileobj=stream) if unpacked_by_caller else stream))
    (refusal,) = refused(given)
    assert refusal.key == "file.truncated"
    assert "check" in refusal.what.lower()
    assert "may be wrong" in refusal.mend
    assert "stands" not in refusal.mend
    assert len(accepted(given)) > 1000


@pytest.mark.promise("POS-3")
def test_a_line_cut_in_the_middle_is_no_report():
    content = FORMATS["commas"].text([33.501, 33.502, 33.503])
    cut = content[: content.index(b"33.503") + 4]
    feed = open_feed(Dribble(cut, iter(lambda: 16, 0), fails_at=len(cut)))
    given = list(feed)
    (refusal,) = refused(given)
    assert accepted(given).lat.tolist() == [33.501, 33.502]
    assert (read(given), refusal.line, refusal.key) == (3, 4, "file.truncated")
    assert refusal.value.endswith(",33.5")
    assert "Input/output error" in refusal.what


@pytest.mark.promise("POS-3")
@pytest.mark.parametrize(
    ("name", "key"), [("array", "json.syntax"), ("collection", "json.syntax"), ("track", "xml.syntax")]
)
def test_a_document_that_stops_being_one_gives_what_came_before(name, key):
    content = FORMATS[name].text([33.5] * 2000)
    given = blocks(content[: len(content) // 2])
    (refusal,) = refused(given)
    assert refusal.key == key
    assert refusal.line > 900
    assert 900 < len(accepted(given)) == read(given) - 1


@pytest.mark.promise("POS-5")
@pytest.mark.parametrize(
    ("content", "key"),
    [
        (b"", "file.empty"),
        (b"\xef\xbb\xbf \r\n\r\n", "file.empty"),
        (gzip.compress(b"", mtime=0), "file.empty"),
        (random.Random(1).randbytes(5000), "file.binary"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x02\x00", "file.binary"),
        ("subject,seen_at,lat,lon\n".encode("utf-16-le"), "file.binary"),
        (b"PK\x03\x04\x14\x00\x06\x00", "format.zip"),
        (gzip.compress(b"subject,seen_at,lat,lon\n" * 99, mtime=0)[:15], "file.truncated"),
        (b"hello\nworld\n", "format.unknown"),
        (b"<kml><Placemark/></kml>", "format.unknown"),
        (b'{"type": "Topology", "objects": {}}', "header.missing"),
        (b'{"type": "FeatureCollection",\n"bbox": [1, 2, 3, 4]}', "geojson.no_features"),
        (b"[1, 2, 3]", "json.not_object"),
        (b"subject,seen_at,latx,lon\nA,2026-05-18T10:00Z,1,2\n", "header.missing"),
        (b'<?xml version="1.0"?><!DOCTYPE gpx [<!ENTITY a "b">]><gpx>&a;</gpx>', "xml.forbidden"),
        (b'<?xml version="1.0"?><!DOCTYPE gpx><gpx/>', "xml.forbidden"),
        (b"<gpx><<trk>", "xml.syntax"),
    ],
)
def test_what_is_wrong_with_the_whole_is_refused_before_the_first_block(content, key):
    with pytest.raises(Refused) as caught:
        open_feed(io.BytesIO(content))
    assert caught.value.key == key
    assert caught.value.mend


@pytest.mark.promise("POS-5")
def test_a_file_that_is_not_there_is_refused_with_its_path(tmp_path):
    with pytest.raises(Refused, match="No such file") as caught:
        open_feed(tmp_path / "none.csv")
    assert "none.csv" in str(caught.value)


@pytest.mark.promise("POS-5")
def test_entities_behind_the_first_piece_do_not_come_in():
    content = b"<?xml version='1.0'?>" + b" " * 70_000 + b"<!DOCTYPE gpx [<!ENTITY a 'b'>]><gpx/>"
    with pytest.raises(Refused, match="not GPX"):
        open_feed(io.BytesIO(content))


@pytest.mark.promise("POS-1")
def test_a_feed_without_rows_has_no_rows():
    for content in (b"subject,seen_at,lat,lon\n", b'{"type": "FeatureCollection", "features": []}', b"<gpx/>"):
        given = blocks(content)
        assert (read(given), refused(given), len(accepted(given))) == (0, [], 0)
        assert sum(block.bytes_read for block in given) == len(content)


@pytest.mark.promise("POS-1", "POS-21")
@pytest.mark.parametrize(
    ("name", "rows", "subjects"),
    [("ais_uscg_20220103_99999.csv.gz", 99_999, 10_631), ("ais_solent_20160112.csv.gz", 18_623, 91)],
)
def test_recorded_ais_is_accepted_with_nothing_stated_but_the_zone(name, rows, subjects):
    feed = open_feed(recorded(name), FeedOptions(zone="UTC"))
    given = list(feed)
    everything = accepted(given)
    assert (read(given), len(everything), len(everything.subjects)) == (rows, rows, subjects)
    assert [block.rows_read for block in given[:-1]] == [reading.ROWS_PER_BLOCK] * (len(given) - 1)
    assert feed.notes["course_not_available"] > 1000


def test_ais_as_it_is_published_is_accepted_with_nothing_stated_but_the_zone():
    content = (
        b"MMSI,BaseDateTime,LAT,LON,SOG,COG,Heading,VesselName,IMO,CallSign,Status,Length\n"
        b"338148873,2022-01-03T00:00:00,33.60716,-117.91483,102.3,360.0,511,CAZADOR,,,14,\n"
        b"367379190,2022-01-03T00:00:00,30.3706,-88.56408,10.0,336.2,511,EAGLE,IMO8207721,WTD4583,0,28\n"
    )
    feed = open_feed(io.BytesIO(content), FeedOptions(zone="UTC"))
    everything = accepted(list(feed))
    assert everything.subjects == ("338148873", "367379190")
    assert feed.notes == {"course_not_available": 1, "speed_not_available": 1}
    assert everything.speed_mmps.tolist()[1] == 5144

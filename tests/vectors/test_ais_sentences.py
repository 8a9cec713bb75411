"""Sentences of AIS that were published with their values, and what they become here.

The sentences and values are facts, as they stand in the AIVDM page of the GPSD project, in the documentation and the tests of pyais, and in
the tests of libais and of AISmessages, which agree. Tolerance: half of the last digit that was published.
"""

from __future__ import annotations

import pytest

from tests.nmea_lines import read, sentence

# sentences; MMSI, latitude, longitude, speed in knots, course, second (None: none), whether the position is accurate
PUBLISHED = {
    "1 at rest": (["!AIVDM,1,1,,B,177KQJ5000G?tO`K>RA1wUbN0TKH,0*5C"], 477553000, 47.582833, -122.345833, 0.0, 51.0, 15, False),
    "1 under way": (["!AIVDM,1,1,,B,15M67FC000G?ufbE`FepT@3n00Sa,0*5C"], 366053209, 37.802118, -122.341618, 0.0, 219.3, 59, False),
    "1 in France": (["!AIVDM,1,1,,A,13HOI:0P0000VOHLCnHQKwvL05Ip,0*23"], 227006760, 49.475577, 0.131380, 0.0, 36.7, 14, False),
    "9 aircraft": (["!AIVDM,1,1,,B,91b55wi;hbOS@OdQAC062Ch2089h,0*30"], 111232511, 58.144000, -6.278843, 42.0, 154.5, 15, False),
    "11": (["!AIVDM,1,1,,B,;4R33:1uUK2F`q?mOt@@GoQ00000,0*5D"], 304137000, 28.409117, -94.407683, None, None, 40, True),
    "18": (["!AIVDM,1,1,,A,B5NJ;PP005l4ot5Isbl03wsUkP06,0*76"], 367430530, 37.785035, -122.267320, 0.0, 0.0, 55, False),
    "19": (["!AIVDM,1,1,,B,C5N3SRgPEnJGEBT>NhWAwwo862PaLELTBJ:V00000000S0D:R220,0*0B"], 367059850, 29.5437, -88.8104, 8.7, 335.9, 46, False),
    "27": (["!AIVDM,1,1,,B,KC5E2b@U19PFdLbMuc5=ROv62<7m,0*16"], 206914217, 4.840000, 137.023333, 57.0, 167.0, None, False),
}  # fmt: skip


@pytest.mark.promise("AIS-3", "AIS-4")
@pytest.mark.parametrize("name", PUBLISHED)
def test_published_sentences_have_the_published_values(name):
    lines, mmsi, lat, lon, knots, course, second, is_accurate = PUBLISHED[name]
    taken = read(lines)
    assert taken.refusals == ()
    (row,) = range(len(taken.observations))
    batch = taken.observations
    assert batch.subjects == (f"mmsi:{mmsi:09d}",)
    assert (batch.lat[row], batch.lon[row]) == pytest.approx((lat, lon), abs=5.1e-5 if name == "19" else 5.1e-7)
    if knots is None:
        assert batch.speed_mmps[row] == -(2**31)
        assert batch.course_cdeg[row] == -(2**31)
    else:
        assert batch.speed_mmps[row] / 1000 == pytest.approx(knots * 1852 / 3600, abs=5.1e-4)
        assert batch.course_cdeg[row] == round(100 * course)
    assert second is None or batch.seen_at_us[row] // 1_000_000 % 60 == second
    assert batch.error_mm[row] == {"27": 82_386}.get(name, 5_000 if is_accurate else 50_000)


def test_the_aircraft_has_its_height():
    assert read(PUBLISHED["9 aircraft"][0]).observations.height_mm.tolist() == [303_000]


@pytest.mark.promise("AIS-1")
@pytest.mark.parametrize(
    ("lines", "subject", "name"),
    [
        (
            [
                "!AIVDM,2,1,1,A,55?MbV02;H;s<HtKR20EHE:0@T4@Dn2222222216L961O5Gf0NSQEp6ClRp8,0*1C",
                "!AIVDM,2,2,1,A,88888888880,2*25",
            ],
            "mmsi:351759000",
            "EVER DIADEM",
        ),
        (["!AIVDM,1,1,,A,H42O55i18tMET00000000000000,2*6D"], "mmsi:271041815", "PROGUY"),
    ],
)
def test_published_names_are_kept_beside(lines, subject, name):
    taken, reader = read(lines, with_reader=True)
    assert reader.names == {subject: name}
    assert (taken.lines, len(taken.observations), taken.refusals) == (len(lines), 0, ())
    assert taken.noticed == {"line_static_data": 1} | ({"line_part": 1} if len(lines) > 1 else {})


def test_stations_that_stand_still_are_noticed():
    taken = read(
        [
            "!AIVDM,1,1,,A,403OviQuMGCqWrRO9>E6fE700@GO,0*4D",
            sentence("AIVDM,1,1,,B,E>k`sO70VQ97aRh1T0W72V@611@=FVj<;V5d@00003v010,4"),
            "!AIVDM,1,1,,B,:5MlU41GMK6@,0*6C",
        ]
    )
    assert taken.noticed == {"line_base_station": 1, "line_aid_to_navigation": 1, "line_other_message": 1}

"""Published and computed vectors for inside and distance, and places near the edges against an independent reference."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from keepclear.geo.earth import ECCENTRICITY_SQUARED, SEMI_MAJOR_M
from keepclear.geo.shapes import EDGE_TOLERANCE_M, Polygon
from tests.near_edges import CASES, compare
from tests.places_of_data import shared_file


def closed(ring):
    return (*(tuple(vertex) for vertex in ring), tuple(ring[0]))


@pytest.mark.promise("ZONE-9", "ZONE-12")
def test_points_near_long_geodesic_edges_are_on_the_side_and_at_the_distance_that_geographiclib_says():
    vectors = json.loads(shared_file("vectors/geometry/geodesic_boundary.json").read_text())["point_vs_geodesic_edge"]
    assert len(vectors) == 60
    for vector in vectors:
        polygon = Polygon(((closed(vector["polygon_lat_lng"]),),))
        edge_m = polygon.edge_m(np.array([vector["lat"]]), np.array([vector["lng"]]))[0]
        assert (edge_m <= 0) == vector["inside"]
        assert abs(edge_m) == pytest.approx(abs(vector["offset_m"]), abs=1e-5)


def degrees(point):
    """A place of the plane, metres east and north of 0 N 0 E, rounded to 1e-7 degree."""
    meridian_radius_m = SEMI_MAJOR_M * (1 - ECCENTRICITY_SQUARED)
    return round(math.degrees(point[1] / meridian_radius_m), 7), round(math.degrees(point[0] / SEMI_MAJOR_M), 7)


def test_the_formally_verified_containment_of_polycarp_agrees_on_all_points():
    cases = json.loads(shared_file("vectors/geometry/polycarp_containment.json").read_text())["containment"]
    counted = 0
    for case in cases:
        polygon = Polygon(((closed([degrees(vertex) for vertex in case["polygon"]]),),))
        lat, lon = np.array([degrees(point["p"]) for point in case["points"]]).T
        for point, edge_m in zip(case["points"], polygon.edge_m(lat, lon), strict=True):
            counted += 1
            # Rounding vertices and points to 1e-7 degree moves each by up to 8 mm.
            undecided = not (point["definitely_inside"] or point["definitely_outside"])
            assert (
                (abs(edge_m) <= EDGE_TOLERANCE_M + 0.008)
                if undecided
                else ((edge_m <= 0) == point["definitely_inside"])
            )
    assert counted == 1320


@pytest.mark.promise("ZONE-10")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_ten_thousand_places_within_a_metre_of_the_edge_are_on_the_right_side_to_the_millimetre(case):
    found = compare(case, places=10_000, seed=2017)
    assert found.wrong_side == 0
    assert found.wrong_count == 0
    assert found.largest_difference_m < 0.001

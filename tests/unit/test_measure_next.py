"""What a value, stops and a route are, whatever the places."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from coverage.core import measure_next as mn

metres = st.integers(-20_000, 20_000).map(float)
points = hnp.arrays(float, st.tuples(st.integers(0, 12), st.just(2)), elements=metres)
probability = st.floats(0, 1) | st.just(float("nan"))


@given(st.lists(probability))
def test_a_question_is_at_most_one_bit_open_and_both_answers_count_alike(given_):
    p = np.array(given_)
    bits = mn.entropy_bits(p)
    assert ((bits >= 0) & (bits <= 1)).all()
    np.testing.assert_allclose(bits, mn.entropy_bits(1 - p), atol=1e-9)
    assert (bits[np.isnan(p)] == 1).all()


def test_what_is_no_probability_is_refused():
    with pytest.raises(ValueError, match=r"1\.5"):
        mn.entropy_bits([0.2, 1.5])


@given(points, st.data())
def test_every_place_is_in_one_stop_near_its_leader_which_is_worth_most(at, data):
    value = np.array(
        data.draw(st.lists(st.integers(0, 9), min_size=len(at), max_size=len(at))),
        float,
    )
    leader = mn.stops(at, value, within_m=1000)
    for place, head in enumerate(leader):
        assert leader[head] == head
        assert np.hypot(*(at[place] - at[head])) <= 1000
        assert value[head] >= value[place]
    heads = np.unique(leader)
    for a, b in itertools.combinations(heads, 2):
        assert np.hypot(*(at[a] - at[b])) > 1000


@settings(deadline=None)
@given(points)
def test_a_route_visits_each_once_and_no_turning_round_shortens_it(at):
    order = mn.route(at)
    assert sorted(order) == list(range(len(at)))
    if not order:
        return
    assert order[0] == 0
    length_m = mn.route_m(at, order)
    for i, j in itertools.combinations(range(1, len(order) + 1), 2):
        turned = order[:i] + order[i:j][::-1] + order[j:]
        assert mn.route_m(at, turned) >= length_m - 0.1


@given(points)
def test_the_share_of_a_spot_within_reach_is_a_share(at):
    spots = np.array([shapely.box(0, 0, 1500, 1500), shapely.box(-9000, 0, -8900, 100)])
    point, spot, share = mn.shares_in_reach(at, spots)
    assert ((share > 0) & (share <= 1)).all()
    for p, s in zip(point, spot, strict=True):
        assert shapely.distance(shapely.Point(at[p]), spots[s]) <= 1000


def test_more_people_and_more_doubt_are_never_worth_less():
    grid = np.linspace(0, 0.5, 6)
    for people in (1.0, 10.0, 500.0):
        value = mn.values(np.full(6, people), grid)
        assert (np.diff(value) >= 0).all()
        assert (mn.values(np.full(6, people + 1), grid) >= value).all()


def test_a_plane_along_the_equator_is_true_to_the_ellipsoid():
    # A degree of the equator and of the meridian there (WGS84).
    (east, north), *_ = mn.flat_m([1.0], [1.0], lat_0=0.0)
    assert east == pytest.approx(111_319.49, abs=0.1)
    assert north == pytest.approx(110_574.3, abs=1)

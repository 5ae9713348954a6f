"""Properties of the score and of the distance that hold whatever the numbers."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from coverage.core.grid import Window, lat_at
from coverage.core.nearest import distances_to_nearest_m
from coverage.core.priorities import ranking, score, shares_of_largest

VALUE = st.one_of(st.just(np.nan), st.floats(0, 1e6))
K = 4


@st.composite
def spots(draw, least=1):
    n = draw(st.integers(least, 8))
    return draw(arrays(float, (n, K), elements=VALUE))


WEIGHTS = st.lists(st.integers(0, 10), min_size=K, max_size=K)


@given(spots(), WEIGHTS, st.data())
def test_more_of_a_part_never_lowers_a_spots_own_score(values, weights, data):
    row = data.draw(st.integers(0, len(values) - 1))
    column = data.draw(st.integers(0, K - 1))
    assume(not np.isnan(values[row, column]))
    more = values.copy()
    more[row, column] += data.draw(st.floats(0, 1e6))
    before, after = score(values, weights), score(more, weights)
    if not np.isnan(before.score[row]):
        assert after.score[row] >= before.score[row] - 1e-12


@given(spots(), WEIGHTS, st.randoms())
def test_the_order_of_the_spots_changes_nothing(values, weights, random):
    order = list(range(len(values)))
    random.shuffle(order)
    one, other = score(values, weights), score(values[order], weights)
    assert np.array_equal(one.score[order], other.score, equal_nan=True)
    assert np.array_equal(one.known[order], other.known)
    names = [f"spot-{n}" for n in range(len(values))]
    area = np.ones(len(values))
    first = [names[i] for i in ranking(one.score, area, names)]
    shuffled = [names[i] for i in order]
    second = [shuffled[i] for i in ranking(other.score, area, shuffled)]
    assert first == second


@given(spots(), WEIGHTS, st.integers(0, K - 1), st.data())
def test_a_part_without_weight_does_not_matter(values, weights, column, data):
    weights[column] = 0
    other = values.copy()
    other[:, column] = data.draw(arrays(float, len(values), elements=VALUE))
    assert np.array_equal(
        score(values, weights).score, score(other, weights).score, equal_nan=True
    )


@given(spots(), WEIGHTS)
def test_scores_and_parts_stay_within_0_and_1(values, weights):
    result = score(values, weights)
    for array in (result.parts, result.score):
        known = array[~np.isnan(array)]
        assert ((known >= 0) & (known <= 1 + 1e-12)).all()
    assert ((result.known >= 0) & (result.known <= 1)).all()


def test_what_is_not_known_is_not_nothing():
    # As many people; of the second nobody knows the pupils, in the first are none.
    known, unknown = score([[100, 0], [100, np.nan]], [5, 5]).score
    assert (known, unknown) == (0.5, 1.0)


def test_confidence_multiplies_where_it_is_asked_to():
    result = score([[10.0], [10.0]], [1], confidence=[0.9, 0.5])
    assert result.score.tolist() == [0.9, 0.5]


@pytest.mark.parametrize("values", [[[-1.0]], [[np.inf]]])
def test_impossible_values_are_refused(values):
    with pytest.raises(ValueError, match="from 0 on"):
        shares_of_largest(values)


def test_impossible_weights_are_refused():
    with pytest.raises(ValueError, match="1 weights"):
        score([[1.0]], [1, 2])


@given(
    arrays(
        np.int8,
        st.tuples(st.integers(1, 9), st.integers(1, 9)),
        elements=st.integers(0, 2),
    ),
    st.sampled_from([131072, 131072 - 3000, 131072 + 9000]),
)
def test_the_nearest_square_is_that_of_a_distance_transform(kinds, row):
    window = Window(216255, row, kinds.shape[1], kinds.shape[0])
    labels, count = ndimage.label(kinds == 1)
    found = distances_to_nearest_m(labels.astype(np.int32), kinds == 2, window)
    assert len(found) == count
    if not (kinds == 2).any():
        assert np.isnan(found).all()
        return
    distance = ndimage.distance_transform_edt(kinds != 2)
    squares = ndimage.minimum(distance, labels, range(1, count + 1))
    # The width of a square on the sphere of the equator, smaller by the latitude.
    side = 2 * np.pi * 6_378_137 / 262_144 * np.cos(np.radians(lat_at(row)))
    assert found == pytest.approx(np.atleast_1d(squares) * side, rel=0.01)


@pytest.mark.parametrize("turns", range(4))
def test_only_the_rims_are_needed_on_every_side(turns):
    kinds = np.zeros((21, 13), np.int8)
    kinds[2:8, 6] = 1
    kinds[12:19, 1:12] = 2
    kinds = np.rot90(kinds, turns)
    window = Window(216255, 131072, kinds.shape[1], kinds.shape[0])
    labels, _count = ndimage.label(kinds == 1)
    found = distances_to_nearest_m(labels.astype(np.int32), kinds == 2, window)
    # From the seventh row to the twelfth: five squares of about 152.9 m.
    assert found == pytest.approx([5 * 152.9], rel=0.01)

"""What must hold for every grid, whatever its content."""

import numpy as np
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from coverage.core import grid
from coverage.core.classify import (
    State,
    StateRules,
    classify,
    combine_any,
    quantise,
    sieve,
)
from coverage.core.difference import MIRROR, Change, changes_between, transitions
from coverage.core.estimate import Observations, estimate, estimate_tile, fit_law
from coverage.core.exposure import areas_by_state
from coverage.core.observations import pool
from coverage.core.polygons import all_patch_polygons, label_patches, patch_polygon

masks = arrays(bool, array_shapes(min_dims=2, max_dims=2, max_side=9))
RULES = StateRules()


def polygons_of(mask, column=216_000, row=131_000):
    window = grid.Window(column, row, mask.shape[1], mask.shape[0])
    labels, patches = label_patches(mask)
    return [patch_polygon(labels, patch, window) for patch in patches]


def square(column, row):
    west, east = grid.lon_at(np.array([column, column + 1]))
    north, south = grid.lat_at(np.array([row, row + 1]))
    return shapely.box(west, south, east, north)


@given(masks)
@example(np.array([[True, False], [False, True]]))  # squares that touch at a corner
@example(np.array([[True] * 3, [True, False, True], [True] * 3]))  # a hole
@example(
    np.array(
        [[True] * 4, [True, False, True, True], [True, True, False, True], [True] * 4]
    )
)
def test_polygons_are_exactly_the_marked_squares(mask):
    found = polygons_of(mask)

    wanted = [
        square(216_000 + c, 131_000 + r) for r, c in zip(*np.nonzero(mask), strict=True)
    ]
    assert sum(p.area for p in found) == pytest.approx(sum(s.area for s in wanted))
    assert shapely.union_all(found).symmetric_difference(
        shapely.union_all(wanted)
    ).area == pytest.approx(0, abs=1e-12)


@given(masks)
@example(np.array([[True, False], [False, True]]))
def test_polygons_are_valid_and_disjoint(mask):
    found = polygons_of(mask)

    assert all(p.is_valid for p in found)
    assert shapely.union_all(found).area == pytest.approx(sum(p.area for p in found))


@given(masks, st.integers(-500, 500))
def test_moving_the_grid_east_moves_the_polygons_and_nothing_else(mask, east):
    here, there = polygons_of(mask), polygons_of(mask, column=216_000 + east)

    assert [p.area for p in here] == pytest.approx([p.area for p in there])


def test_polygons_meet_exactly_at_the_edge_of_a_tile():
    edge = 844 * grid.TILE_SQUARES
    west = polygons_of(np.ones((2, 3), bool), column=edge - 3)[0]
    east = polygons_of(np.ones((2, 3), bool), column=edge)[0]

    assert west.bounds[2] == east.bounds[0]
    assert shapely.union_all([west, east]).geom_type == "Polygon"


surfaces = arrays(float, (6, 6), elements=st.floats(-140, -44))
chances = arrays(float, (6, 6), elements=st.floats(0, 1))
knowns = arrays(bool, (6, 6))


@given(surfaces, chances, knowns)
def test_unknown_is_never_called_covered_or_blank(mean, p, known):
    surface = quantise(mean, np.full_like(mean, 6.0), p, known)
    state = classify(surface, threshold_dbm=-110, rules=RULES)
    sieved = sieve(state, area_km2=np.full(6, 0.02), rules=RULES)

    assert (state[~known] == State.UNKNOWN).all()
    assert (sieved[~known] == State.UNKNOWN).all()


@given(surfaces, chances, knowns, st.floats(0.3, 0.9), st.floats(0.3, 0.9))
def test_a_stricter_rule_never_enlarges_the_blank_area(mean, p, known, one, other):
    surface = quantise(mean, np.full_like(mean, 6.0), p, known)
    loose, strict = sorted((one, other))

    def blank(limit):
        rules = StateRules(blank_p=limit)
        return classify(surface, threshold_dbm=-110, rules=rules) == State.BLANK

    assert not (blank(strict) & ~blank(loose)).any()


@given(surfaces, chances, knowns, chances, knowns)
def test_any_operator_is_blank_only_where_every_operator_is_known(m, p1, k1, p2, k2):
    std = np.full_like(m, 6.0)
    one, other = quantise(m, std, p1, k1), quantise(m, std, p2, k2)
    both = combine_any([one, other], rules=RULES)
    state = classify(both, threshold_dbm=-110, rules=RULES)

    blank = state == State.BLANK
    assert (k1 & k2)[blank].all()
    for single in (one, other):
        of_one = classify(single, threshold_dbm=-110, rules=RULES)
        assert (of_one[blank] != State.COVERED).all()


@given(arrays(np.uint8, (8, 8), elements=st.integers(1, 5)))
def test_the_sieve_only_takes_certainty_away(state):
    sieved = sieve(state, area_km2=np.full(8, 0.1), rules=RULES)

    changed = sieved != state
    assert np.isin(state[changed], [State.BLANK, State.LIKELY_BLANK]).all()
    assert (sieved[changed] < state[changed]).all()


@given(
    arrays(np.uint8, (8, 8), elements=st.integers(1, 5)),
    arrays(np.int16, (8, 8), elements=st.integers(-1, 2)),
)
def test_areas_by_state_add_up_to_the_squares(state, owner):
    area = np.linspace(0.02, 0.03, 8)
    areas = areas_by_state(state, owner, area_km2=area, count=3)

    for index in range(3):
        rows = np.nonzero(owner == index)[0]
        assert areas[index].sum() == pytest.approx(area[rows].sum())


# --- the estimator -------------------------------------------------------------


@st.composite
def observations(draw, most=30):
    n = draw(st.integers(1, most))
    seed = draw(st.integers(0, 2**31))
    random = np.random.default_rng(seed)
    rsrp = random.uniform(-125, -70, n)
    rsrp[random.random(n) < 0.2] = np.nan
    return Observations.from_readings(
        116.0 + random.uniform(0, 0.1, n),
        random.uniform(-0.05, 0.05, n),
        rsrp,
        threshold_dbm=-110.0,
    )


def reordered(o, order):
    return Observations(**{k: getattr(o, k)[order] for k in o.__dataclass_fields__})


PLACES = np.array([116.02, 116.05, 116.09]), np.array([0.01, 0.0, -0.03])


@settings(max_examples=30, deadline=None)
@given(observations(), st.randoms(use_true_random=False))
def test_the_order_of_reports_changes_nothing(o, random):
    order = list(range(len(o)))
    random.shuffle(order)
    law = fit_law(o, threshold_dbm=-110.0)
    other = reordered(o, order)

    assert fit_law(other, threshold_dbm=-110.0) == law
    here, there = estimate(law, o, *PLACES), estimate(law, other, *PLACES)
    assert (here.mean_dbm == there.mean_dbm).all()
    assert (here.p_blank == there.p_blank).all()


@settings(max_examples=20, deadline=None)
@given(observations())
def test_reports_out_of_reach_change_nothing(o):
    law = fit_law(o, threshold_dbm=-110.0)
    far = Observations.from_readings(
        np.array([117.5]), np.array([1.0]), np.array([-60.0]), threshold_dbm=-110.0
    )
    more = Observations(
        **{
            k: np.concatenate([getattr(o, k), getattr(far, k)])
            for k in o.__dataclass_fields__
        }
    )
    here, there = estimate(law, o, *PLACES), estimate(law, more, *PLACES)

    assert (here.mean_dbm == there.mean_dbm).all()
    assert (here.std_db == there.std_db).all()


@settings(max_examples=20, deadline=None)
@given(observations())
def test_the_same_visit_twice_counts_once(o):
    law = fit_law(o, threshold_dbm=-110.0)
    twice = reordered(o, list(range(len(o))) * 2)
    here, there = estimate(law, o, *PLACES), estimate(law, twice, *PLACES)

    assert there.mean_dbm == pytest.approx(here.mean_dbm, abs=1e-6)
    assert there.std_db == pytest.approx(here.std_db, abs=1e-6)


def test_a_tile_equals_its_single_squares_bit_for_bit():
    random = np.random.default_rng(5)
    west, north = grid.lon_at(np.array(844 * 256)), grid.lat_at(np.array(511 * 256))
    o = Observations.from_readings(
        float(west) + random.uniform(0.0, 0.1, 200),
        float(north) - random.uniform(0.0, 0.1, 200),
        random.uniform(-125, -70, 200),
        threshold_dbm=-110.0,
    )
    law = fit_law(o, threshold_dbm=-110.0)
    tile = estimate_tile(law, pool(o, threshold_dbm=-110.0), 844, 511)
    lon, lat = grid.centres(grid.tile_window(844, 511))
    rows, columns = np.nonzero(tile.known)
    pick = random.choice(len(rows), 300, replace=False)
    rows, columns = rows[pick], columns[pick]
    single = estimate(law, o, lon[rows, columns], lat[rows, columns])

    assert (single.mean_dbm == tile.mean_dbm[rows, columns]).all()
    assert (single.std_db == tile.std_db[rows, columns]).all()
    assert (single.p_blank == tile.p_blank[rows, columns]).all()


@pytest.mark.parametrize("rsrp", [[np.nan], [-80.0], [-80.0, -100.0, np.nan]])
def test_few_reports_give_a_sane_estimate(rsrp):
    n = len(rsrp)
    o = Observations.from_readings(
        116.0 + 0.001 * np.arange(n), np.zeros(n), np.array(rsrp), threshold_dbm=-110.0
    )
    law = fit_law(o, threshold_dbm=-110.0)
    found = estimate(law, o, np.array([116.0, 116.5]), np.array([0.0, 0.0]))

    assert np.isfinite(found.mean_dbm).all()
    assert found.known.tolist() == [True, False]
    assert (found.p_blank[0] > 0.5) == bool(np.isnan(rsrp[0]))


def test_a_contradicting_report_lowers_the_confidence():
    def p_with(rsrp):
        n = len(rsrp)
        o = Observations.from_readings(
            116.0 + 0.002 * np.arange(n),
            np.zeros(n),
            np.array(rsrp),
            threshold_dbm=-110.0,
        )
        law = fit_law(
            Observations.from_readings(
                np.empty(0), np.empty(0), np.empty(0), threshold_dbm=-110.0
            ),
            threshold_dbm=-110.0,
        )
        return estimate(law, o, np.array([116.003]), np.array([0.0])).p_blank[0]

    assert p_with([np.nan] * 3) > p_with([np.nan, np.nan, -75.0])


@given(masks)
@example(np.array([[True, False], [False, True]]))
@example(np.array([[True] * 3, [True, False, True], [True] * 3]))
@example(
    np.array(
        [[True] * 4, [True, False, True, True], [True, True, False, True], [True] * 4]
    )
)
def test_all_patches_at_once_are_the_patches_one_by_one(mask):
    window = grid.Window(216_000, 131_000, mask.shape[1], mask.shape[0])
    labels, _patches = label_patches(mask)
    at_once = all_patch_polygons(labels, window)
    one_by_one = polygons_of(mask)
    assert len(at_once) == len(one_by_one)
    for one, other in zip(at_once, one_by_one, strict=True):
        assert one.is_valid
        assert one.equals(other)


# --- the difference between two maps ----------------------------------------------

two_maps = array_shapes(min_dims=2, max_dims=2, max_side=9).flatmap(
    lambda shape: st.tuples(
        arrays(np.uint8, shape, elements=st.integers(0, 5)),
        arrays(np.uint8, shape, elements=st.integers(0, 5)),
        arrays(np.int16, shape, elements=st.integers(-1, 2)),
    )
)


def moved_between(before, after, owner):
    area_km2 = np.linspace(1.0, 2.0, len(before))
    return transitions(before, after, owner, area_km2=area_km2, count=3)


@given(two_maps)
def test_the_changes_of_two_maps_add_up_to_their_area(maps):
    before, after, owner = maps
    area_km2 = np.linspace(1.0, 2.0, len(before))
    moved = moved_between(before, after, owner)
    for km2, state in ((moved.km2.sum(axis=2), before), (moved.km2.sum(axis=1), after)):
        assert km2 == pytest.approx(
            areas_by_state(state, owner, area_km2=area_km2, count=3)
        )
    changes = changes_between(before, after)
    squares = np.broadcast_to(area_km2[:, np.newaxis], before.shape)
    by_change = moved.by_change()
    for change in Change:
        for village in range(3):
            mine = squares[(changes == change) & (owner == village)].sum()
            assert by_change[village, change] == pytest.approx(mine)
    assert moved.measured_as().sum(axis=1) == pytest.approx(
        by_change[:, Change.NEWLY_MEASURED]
    )


@given(two_maps)
def test_the_other_way_round_every_change_is_its_mirror(maps):
    before, after, owner = maps
    forward = moved_between(before, after, owner).by_change()
    backward = moved_between(after, before, owner).by_change()
    for change in Change:
        assert forward[:, change] == pytest.approx(backward[:, MIRROR[change]])


@given(two_maps)
def test_a_map_does_not_differ_from_itself(maps):
    before, _after, owner = maps
    assert not changes_between(before, before).any()
    assert not moved_between(before, before, owner).by_change()[:, 1:].any()


@given(two_maps)
def test_what_nobody_measured_never_counts_as_better_or_worse(maps):
    before, after, _owner = maps
    changes = changes_between(before, after)
    unmeasured = (before <= State.UNKNOWN) | (after <= State.UNKNOWN)
    assert np.isin(
        changes[unmeasured], [Change.SAME, Change.NEWLY_MEASURED, Change.UNKNOWN_AGAIN]
    ).all()


def test_maps_of_other_squares_are_not_compared():
    with pytest.raises(ValueError, match="squares"):
        changes_between(np.zeros((2, 2), np.uint8), np.zeros((2, 3), np.uint8))

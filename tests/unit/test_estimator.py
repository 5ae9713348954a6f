"""The estimator against plain formulas, and what must hold for every evidence."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import pdist

from coverage.core.calibration import HeldOut, calibrate, mean_of, p_below_of, std_of
from coverage.core.estimate import Observations, estimate, fit_law
from coverage.core.kriging import (
    Kriged,
    Places,
    krige,
    metres_per_degree,
    nearest_by_quadrant,
    nearest_distances,
)
from coverage.core.law import SignalLaw
from coverage.core.observations import pool
from coverage.core.trend import Ground, Relief, Sites, pool_for

LAW = fit_law(
    Observations.from_readings(
        np.empty(0), np.empty(0), np.empty(0), threshold_dbm=-110.0
    ),
    threshold_dbm=-110.0,
)


def readings(n, *, seed=0, west=116.0, south=-0.1, side=0.2, rsrp=None):
    random = np.random.default_rng(seed)
    values = random.uniform(-125, -70, n) if rsrp is None else np.full(n, rsrp)
    return Observations.from_readings(
        west + random.uniform(0, side, n),
        south + random.uniform(0, side, n),
        values,
        threshold_dbm=-110.0,
    )


def joined(one, other):
    return Observations(
        **{
            k: np.concatenate([getattr(one, k), getattr(other, k)])
            for k in one.__dataclass_fields__
        }
    )


def centres(lon, lat):
    first = np.arange(len(lon) + 1)
    return Places(lon, lat, first, lon, lat, np.zeros(len(lon)))


# --- against plain formulas ----------------------------------------------------


def distances(pooled, lon, lat):
    east_m, north_m = metres_per_degree(np.array(lat))
    east = (pooled.lon - lon + 180) % 360 - 180
    x, y = east * float(east_m), (pooled.lat - lat) * float(north_m)
    return x, y, np.hypot(x, y)


@pytest.mark.parametrize(("west", "south"), [(116.0, -0.1), (179.9, 60.0), (-180.0, 0)])
def test_neighbours_are_the_nearest_six_of_each_quadrant(west, south):
    """In the regency, in the far north, and on either side of the date line."""
    o = readings(400, west=west, south=south)
    o = replace(o, lon=(o.lon + 180) % 360 - 180)
    pooled = pool(o, threshold_dbm=-110.0)
    lon = (west + np.array([0.05, 0.1, 0.199, 0.3]) + 180) % 360 - 180
    lat = south + np.array([0.1, 0.05, 0.01, 0.1])
    found = nearest_by_quadrant(LAW, pooled.lookup, centres(lon, lat))

    for b in range(len(lon)):
        x, y, d = distances(pooled, lon[b], lat[b])
        wanted = set()
        for east in (True, False):
            for north in (True, False):
                here = np.nonzero(
                    ((x >= 0) == east) & ((y >= 0) == north) & (d <= 8_000)
                )[0]
                wanted |= set(here[np.argsort(d[here])][:6].tolist())
        assert found.index[b, : found.count[b]].tolist() == sorted(wanted)


def test_what_is_excluded_has_no_say():
    pooled = pool(readings(300), threshold_dbm=-110.0)
    at = np.arange(0, len(pooled), 7)
    places = Places.of_pools(pooled, at)
    found = nearest_by_quadrant(LAW, pooled.lookup, places, exclusion_m=2_000.0)

    for b, own in enumerate(at):
        _, _, d = distances(pooled, pooled.lon[own], pooled.lat[own])
        used = found.index[b, : found.count[b]]
        assert len(used)
        assert (d[used] > 2_000).all()


def test_kriging_solves_the_equations_of_the_textbook():
    pooled = pool(readings(60), threshold_dbm=-110.0)
    lon, lat = np.array([116.07, 116.2]), np.array([0.0, 0.05])
    places = centres(lon, lat)
    near = nearest_by_quadrant(LAW, pooled.lookup, places)
    found = krige(LAW, pooled, near, places)
    mean, variance = found.mean_dbm, found.variance_db2

    def covariance(h):
        return LAW.variance_db2 * (
            LAW.short_share * np.exp(-h / LAW.short_m)
            + (1 - LAW.noise_share - LAW.short_share) * np.exp(-h / LAW.long_m)
        )

    for b in range(2):
        used = near.index[b, : near.count[b]]
        x, y, d = distances(pooled, lon[b], lat[b])
        x, y = x[used], y[used]
        matrix = covariance(np.hypot(x[:, None] - x, y[:, None] - y))
        noise = LAW.noise_share * LAW.variance_db2 / pooled.visits[used]
        matrix[np.diag_indices_from(matrix)] += noise + pooled.extra_var_db2[used]
        weights = np.linalg.solve(matrix, covariance(d[used]))
        departure = pooled.value_dbm[used] - LAW.mean_dbm
        assert mean[b] == pytest.approx(LAW.mean_dbm + weights @ departure)
        wanted = LAW.signal_var_db2 - weights @ covariance(d[used])
        assert variance[b] == pytest.approx(wanted)
        alike = covariance(d[used])
        near_dbm = np.average(pooled.value_dbm[used], weights=alike)
        assert found.near_dbm[b] == pytest.approx(near_dbm)
        below = np.average(pooled.is_below[used], weights=alike)
        assert found.below_share[b] == pytest.approx(below)


def test_the_nearest_distance_is_the_smallest_within_the_bound():
    pooled = pool(readings(50), threshold_dbm=-110.0)
    random = np.random.default_rng(1)
    lon, lat = random.uniform(115.9, 116.3, 200), random.uniform(-0.2, 0.2, 200)
    found = nearest_distances(pooled.lookup, lon, lat, within_m=3_000.0)

    wanted = np.array(
        [distances(pooled, *at)[2].min() for at in zip(lon, lat, strict=True)]
    )
    assert found == pytest.approx(np.where(wanted <= 3_000, wanted, np.inf))
    assert np.isinf(found).any()


# --- properties ----------------------------------------------------------------

SEEDS = st.integers(0, 2**31)
PLACES = np.array([116.03, 116.1, 116.17]), np.array([0.02, 0.0, -0.05])


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.integers(1, 40), st.floats(-124, -72), st.floats(0, 20))
def test_a_higher_threshold_never_lowers_the_probability(seed, n, low, by):
    o = readings(n, seed=seed)
    law = fit_law(o, threshold_dbm=-110.0)
    lower, higher = (
        estimate(replace(law, threshold_dbm=t), o, *PLACES).p_blank
        for t in (low, low + by)
    )
    assert (higher >= lower - 1e-12).all()


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.integers(1, 20))
def test_more_evidence_never_raises_the_deviation(seed, n):
    """As long as it comes to what is there and takes no neighbour's place."""
    o = readings(n, seed=seed)
    more = joined(o, readings(3, seed=seed + 1, side=0.001, west=116.1, south=0.0))
    one = fit_law(o, threshold_dbm=-110.0)
    for law in (one, replace(one, std_by_evidence=-0.5)):
        before = estimate(law, o, *PLACES).std_db
        after = estimate(law, more, *PLACES).std_db
        # At most six in a quadrant: a far one may have had to go.
        kept = n <= 3
        assert (after <= before + (1e-9 if kept else 0.5)).all()


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.integers(-3, 3), st.integers(2, 30))
def test_the_same_evidence_elsewhere_gives_the_same_estimate(seed, turns, n):
    """Moved round the earth by whole blocks of squares, along the parallel."""
    step = turns * 40 * 4 * 360 / (256 * 2**10)
    o = readings(n, seed=seed)
    # Two within a pool's diagonal, 71 m, may lie in one pool here and in two there.
    assume(pdist(np.stack([o.lon, o.lat], axis=1)).min() > 71 / 110_574)
    moved = replace(o, lon=o.lon + step)
    here = estimate(LAW, o, *PLACES)
    there = estimate(LAW, moved, PLACES[0] + step, PLACES[1])

    assert there.nearest_m == pytest.approx(here.nearest_m, rel=1e-6)
    assert there.mean_dbm == pytest.approx(here.mean_dbm, abs=1e-3)


def test_no_evidence_leaves_the_law_as_it_is():
    none = readings(0)
    found = estimate(LAW, none, *PLACES)

    assert found.mean_dbm.tolist() == [LAW.mean_dbm] * 3
    assert np.isinf(found.nearest_m).all()
    assert not found.known.any()


# --- calibration ---------------------------------------------------------------


def held_out(n, *, bias=1.0, spread=1.0, seed=0, patches=10_000):
    """Kriged answers whose departures are *bias* times too large."""
    random = np.random.default_rng(seed)
    departure = random.normal(0, 6, n)
    variance = random.uniform(20, 100, n)
    value = (
        LAW.mean_dbm
        + departure
        + spread * random.normal(0, 1, n) * np.sqrt(variance + LAW.noise_var_db2)
    )
    kriged = Kriged(
        LAW.mean_dbm + bias * departure,
        variance,
        np.full(n, LAW.mean_dbm),
        np.zeros(n),
        np.full(n, 24),
        np.zeros(n),
    )
    return HeldOut(kriged, value, np.zeros(n), (value < -110).astype(float), patches)


def test_calibration_learns_that_departures_are_too_large():
    law = calibrate(LAW, held_out(20_000, bias=2.0))
    assert law.trust == pytest.approx(0.5, abs=0.05)


def test_calibration_learns_that_deviations_are_too_small():
    narrow, usual = (
        calibrate(LAW, held_out(20_000, spread=spread)).std_scale
        for spread in (1.5, 1.0)
    )
    assert narrow == pytest.approx(1.5, abs=0.1)
    assert usual == pytest.approx(1.0, abs=0.05)


def test_after_calibration_what_is_said_is_what_is_found():
    # How much a calm normal world says below -110 dBm, in three kinds of confidence.
    law = calibrate(LAW, held_out(40_000, bias=1.7, spread=0.7))
    fresh = held_out(40_000, bias=1.7, spread=0.7, seed=1)
    p = p_below_of(law, fresh.kriged)
    for low, high in ((0.0, 0.1), (0.1, 0.3), (0.3, 0.9)):
        which = (p >= low) & (p < high)
        assert which.sum() > 100
        assert p[which].mean() == pytest.approx(fresh.is_below[which].mean(), abs=0.03)
    z = (fresh.value_dbm - mean_of(law, fresh.kriged)) / std_of(law, fresh.kriged)
    assert np.mean(np.abs(z) < 1.645) == pytest.approx(0.9, abs=0.015)


def test_a_mean_of_few_parts_of_the_land_is_less_sure():
    of_many, of_four = (
        calibrate(LAW, held_out(20_000, patches=patches)).std_scale
        for patches in (10_000, 4)
    )
    assert of_four == pytest.approx(of_many * 1.25**0.5, rel=1e-3)


def test_few_held_out_readings_leave_the_law_nearly_as_it_is():
    law = calibrate(LAW, held_out(3, bias=3.0))
    assert law.trust == pytest.approx(1.0, abs=0.1)
    assert law.odds_slope == pytest.approx(1.0, abs=0.4)


# --- the land ------------------------------------------------------------------


def world(n=1500, seed=0):
    """Readings around two sites whose signal falls with the path loss."""
    random = np.random.default_rng(seed)
    sites = Sites(np.array([116.05, 116.15]), np.zeros(2), np.array([40.0, np.nan]))
    lon, lat = 116 + random.uniform(0, 0.2, n), random.uniform(-0.1, 0.1, n)
    rsrp = -105 + 0.8 * sites.path_gain_db(lon, lat) + random.normal(0, 3, n)
    rsrp -= rsrp.mean() + 100
    o = Observations.from_readings(lon, lat, rsrp, threshold_dbm=-110.0)
    return sites, o


def test_a_site_list_improves_the_estimate_between_the_readings():
    sites, o = world()
    _, truth = world(seed=1)
    near = o.subset(np.abs(o.lat) < 0.02)
    far = truth.subset(np.abs(truth.lat) > 0.06)

    def error(ground):
        law = fit_law(near, threshold_dbm=-110.0, ground=ground)
        found = estimate(law, near, far.lon, far.lat, ground=ground)
        return float(np.sqrt(np.mean((found.mean_dbm - far.low_dbm) ** 2)))

    assert error(Ground(sites=sites)) < 0.7 * error(Ground())


def test_useless_sites_cost_next_to_nothing():
    _, o = world()
    random = np.random.default_rng(5)
    wrong = Sites(
        116 + random.uniform(0, 0.2, 5), random.uniform(-0.1, 0.1, 5), np.full(5, 30.0)
    )
    noise = replace(o, low_dbm=random.permutation(o.low_dbm))
    noise = replace(noise, high_dbm=noise.low_dbm)
    law = fit_law(noise, threshold_dbm=-110.0, ground=Ground(sites=wrong))

    shift = pool_for(law, noise, Ground(sites=wrong)).trend_db
    assert np.abs(shift).max() < 3.0


def test_prominence_is_the_height_above_the_land_around():
    height = np.zeros((200, 200), np.float32)
    height[100, 100] = 50.0
    land = Relief.of_heights(
        height, west=116.0, north=0.1, column_deg=0.001, row_deg=0.001
    )
    places = np.array([116.1005, 116.05, 120.0]), np.array([-0.0005, 0.0, 0.0])
    on_top, beside, outside = land.at(*places)
    # A part of it says the same of the places in it.
    part = land.near(116.09, -0.01, 116.11, 0.01)
    assert part.above_m.size < 1000
    assert part.at(*places)[0] == pytest.approx(on_top)
    assert on_top == pytest.approx(50, abs=0.2)
    assert beside == pytest.approx(0, abs=0.1)
    assert outside == 0


def test_a_law_is_used_with_the_land_it_was_learned_with():
    sites, o = world(200)
    law = fit_law(o, threshold_dbm=-110.0, ground=Ground(sites=sites))
    with pytest.raises(ValueError, match="kinds of ground"):
        estimate(law, o, *PLACES)
    again = SignalLaw.from_dict(law.to_dict() | {"trend_slopes": [*law.trend_slopes]})
    assert again == law

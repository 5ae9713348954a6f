"""What an analyst would use instead: the estimators ours is compared with.

Each takes the same observations and is asked at the same places. None knows of
bounds or visits: "no service" and "it works" enter as the stand-in values that the
pooling uses, one row as one fact. The libraries are imported where they are used,
for they are needed by the comparison alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from scipy.special import ndtr

from coverage.core.estimate import estimate, fit_law
from coverage.core.folds import blocked_folds
from coverage.core.kriging import metres_per_degree
from coverage.core.observations import Observations, stand_in_dbm
from coverage.core.trend import NO_GROUND, Ground

# Neighbours of the local rivals: what the trial of estimation.md gave them.
NEIGHBOURS = 16
IDW_POWER = 2.0
# H3's cells of this resolution are 0.74 km² (edge 0.53 km).
H3_RESOLUTION = 8
# A full Gaussian process grows with the cube of its points.
GP_POINTS = 1_000
# PyKrige holds the distances of all pairs, even to use a variogram that is given.
VARIOGRAM_POINTS, KRIGING_POINTS = 2_000, 5_000
TREES = 200
# Readings in a forest's leaf: the library's default of 1 learns every outlier.
LEAF = 5
INNER_FOLDS = 5
SEED = 0


@dataclass(frozen=True)
class Prediction:
    """Of the readings at m places: arrays of shape (m,).

    mean_dbm, std_db : of the reading
    p_below : probability that it is below the threshold
    """

    mean_dbm: NDArray[np.float64]
    std_db: NDArray[np.float64]
    p_below: NDArray[np.float64]


@dataclass(frozen=True)
class Question:
    """Observations to learn from, and the places to answer for.

    lon, lat : shape (m,), degrees
    block_km : side of the blocks in which data are held out, here and by a rival
        that learns its own deviation
    """

    observations: Observations
    threshold_dbm: float
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    block_km: float


@dataclass(frozen=True)
class Plane:
    """Places in metres on the plane that touches the middle of the observations."""

    known: NDArray[np.float64]
    value_dbm: NDArray[np.float64]
    asked: NDArray[np.float64]


Rival = Callable[[Question], Prediction]
# Only the mean: (known (n, 2), value (n,), asked (m, 2)) -> (m,).
MeanOf = Callable[[Plane], NDArray[np.float64]]


def ours(ground: Ground = NO_GROUND) -> Rival:
    """Return our own estimator, with or without what is known of the land."""

    def estimator(question: Question) -> Prediction:
        o = question.observations
        law = fit_law(o, threshold_dbm=question.threshold_dbm, ground=ground)
        found = estimate(law, o, question.lon, question.lat, ground=ground)
        return Prediction(found.mean_dbm, found.std_db, found.p_blank)

    return estimator


def _plane(question: Question) -> Plane:
    o = question.observations
    lon_0, lat_0 = np.median(o.lon), np.median(o.lat)
    east_m, north_m = metres_per_degree(np.asarray(lat_0))
    scale = np.array([east_m, north_m])

    def on_plane(
        lon: NDArray[np.float64], lat: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        return np.stack([lon - lon_0, lat - lat_0], axis=1) * scale

    value = stand_in_dbm(o)
    return Plane(on_plane(o.lon, o.lat), value, on_plane(question.lon, question.lat))


def _normal(
    mean: NDArray[np.float64], std: NDArray[np.float64], threshold_dbm: float
) -> Prediction:
    return Prediction(mean, std, ndtr((threshold_dbm - mean) / std))


def _with_held_out_deviation(mean_of: MeanOf) -> Rival:
    """Return *mean_of* as a rival with one deviation: that of held-out readings.

    The readings are held out in blocks, as the comparison itself does. Those of the
    fit would flatter it.
    """

    def rival(question: Question) -> Prediction:
        plane = _plane(question)
        o = question.observations
        fold = blocked_folds(
            o.lon, o.lat, block_km=question.block_km, folds=INNER_FOLDS, seed=SEED
        )
        residuals = []
        for number in np.unique(fold):
            out = fold == number
            if out.all():
                continue
            part = Plane(plane.known[~out], plane.value_dbm[~out], plane.known[out])
            residuals.append(plane.value_dbm[out] - mean_of(part))
        spread = np.concatenate(residuals) if residuals else plane.value_dbm
        std = max(float(np.sqrt(np.mean(spread**2))), 1e-3)
        mean = mean_of(plane)
        return _normal(mean, np.full(len(mean), std), question.threshold_dbm)

    return rival


def _nearest_mean(plane: Plane) -> NDArray[np.float64]:
    _distance, index = _nearest(plane, 1)
    return plane.value_dbm[index[:, 0]]


def _k_nearest_mean(plane: Plane) -> NDArray[np.float64]:
    _distance, index = _nearest(plane, NEIGHBOURS)
    return plane.value_dbm[index].mean(axis=1)


def _inverse_distance_mean(plane: Plane) -> NDArray[np.float64]:
    distance, index = _nearest(plane, NEIGHBOURS)
    # A metre keeps the weight of a reading at the very place finite.
    weight = np.maximum(distance, 1.0) ** -IDW_POWER
    return (weight * plane.value_dbm[index]).sum(axis=1) / weight.sum(axis=1)


def _nearest(plane: Plane, k: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    k = min(k, len(plane.known))
    distance, index = cKDTree(plane.known).query(plane.asked, k=k)
    return distance.reshape(-1, k), index.reshape(-1, k)


def _forest_mean(plane: Plane) -> NDArray[np.float64]:
    from sklearn.ensemble import RandomForestRegressor

    forest = RandomForestRegressor(
        TREES, min_samples_leaf=LEAF, random_state=SEED, n_jobs=-1
    )
    forest.fit(plane.known, plane.value_dbm)
    return np.asarray(forest.predict(plane.asked), float)


def hexagons(question: Question) -> Prediction:
    """Mean and spread of each H3 cell; of all readings where a cell has none."""
    import h3

    o = question.observations
    value = stand_in_dbm(o)

    def cells(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.str_]:
        found = [
            h3.latlng_to_cell(y, x, H3_RESOLUTION)
            for x, y in zip(lon.tolist(), lat.tolist(), strict=True)
        ]
        return np.array(found, dtype=str)

    names, inverse = np.unique(cells(o.lon, o.lat), return_inverse=True)
    count = np.bincount(inverse)
    mean = np.bincount(inverse, weights=value) / count
    square = np.bincount(inverse, weights=(value - mean[inverse]) ** 2)
    # Ten readings' worth of the overall spread: a cell of one has none of its own.
    prior, overall = 10.0, float(value.var())
    std = np.sqrt((square + prior * overall) / (count + prior))
    asked = cells(question.lon, question.lat)
    index = np.minimum(np.searchsorted(names, asked), len(names) - 1)
    is_known = names[index] == asked
    return _normal(
        np.where(is_known, mean[index], value.mean()),
        np.where(is_known, std[index], max(np.sqrt(overall), 1e-3)),
        question.threshold_dbm,
    )


def _thinned(plane: Plane, most: int) -> Plane:
    """Return *plane* with at most *most* known places, no two at one position."""
    _places, first = np.unique(plane.known.round(0), axis=0, return_index=True)
    pick = np.random.default_rng(SEED).permutation(first)[:most]
    return Plane(plane.known[pick], plane.value_dbm[pick], plane.asked)


def local_ordinary_kriging(question: Question) -> Prediction:
    """PyKrige's ordinary kriging from the nearest, exponential variogram."""
    from pykrige.ok import OrdinaryKriging

    fitted = _thinned(_plane(question), VARIOGRAM_POINTS)
    variogram = OrdinaryKriging(
        *fitted.known.T, fitted.value_dbm, variogram_model="exponential", nlags=20
    )
    plane = _thinned(_plane(question), KRIGING_POINTS)
    kriging = OrdinaryKriging(
        *plane.known.T,
        plane.value_dbm,
        variogram_model="exponential",
        variogram_parameters=list(variogram.variogram_model_parameters),
        exact_values=False,
    )
    mean, variance = kriging.execute(
        "points",
        *plane.asked.T,
        backend="C",
        n_closest_points=min(NEIGHBOURS, len(plane.known)),
    )
    std = np.sqrt(np.maximum(np.asarray(variance, float), 1.0))
    return _normal(np.asarray(mean, float), std, question.threshold_dbm)


def gaussian_process(question: Question) -> Prediction:
    """scikit-learn's Gaussian process on a thousand of the readings."""
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

    plane = _thinned(_plane(question), GP_POINTS)
    kernel = ConstantKernel(100.0, (1.0, 1e4)) * Matern(
        1_000.0, (50.0, 1e5), nu=0.5
    ) + WhiteKernel(20.0, (0.5, 1e3))
    process = GaussianProcessRegressor(kernel, normalize_y=False, random_state=SEED)
    middle = float(plane.value_dbm.mean())
    process.fit(plane.known, plane.value_dbm - middle)
    mean, std = process.predict(plane.asked, return_std=True)
    return _normal(mean + middle, np.maximum(std, 1e-3), question.threshold_dbm)


RIVALS: dict[str, Rival] = {
    "nearest": _with_held_out_deviation(_nearest_mean),
    "k nearest": _with_held_out_deviation(_k_nearest_mean),
    "inverse distance": _with_held_out_deviation(_inverse_distance_mean),
    "H3 mean": hexagons,
    "PyKrige": local_ordinary_kriging,
    "sklearn GP": gaussian_process,
    "random forest": _with_held_out_deviation(_forest_mean),
}

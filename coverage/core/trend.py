"""What is known of the land beside the reports: sites, and elevation.

Both are optional. They shift the mean from which kriging departs; how much is learned
from the observations, and whether it helps is for validate_coverage to say.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from coverage.core.kriging import metres_per_degree
from coverage.core.law import SignalLaw
from coverage.core.observations import Observations, Pooled, pool

# The path loss of M. Hata, "Empirical formula for propagation loss in land mobile
# radio services", IEEE Trans. Veh. Technol. 29 (1980), as far as it depends on the
# distance d (km) and the antenna's height h (m): the same in town and country.
HATA_DISTANCE_DB, HATA_BOTH_DB, HATA_HEIGHT_DB = 44.9, 6.55, 13.82
# Heights and distances for which it was measured; nearer than 50 m it has no meaning.
HATA_HEIGHTS_M = (30.0, 200.0)
NEAREST_KM, FARTHEST_KM = 0.05, 35.0
# A height that a site list leaves out: the lower end of that range.
UNKNOWN_HEIGHT_M = 30.0
# The best of this many nearest sites: a high one may beat a near one.
SITES_TRIED = 8
# A place is high or low against the land this far around.
AROUND_M = 1_500.0
METRES_PER_LATITUDE = 110_574.0
# How strongly a coefficient is held to "no influence", in pooled observations.
TREND_PRIOR = 50.0


@dataclass(frozen=True)
class Sites:
    """The sites of one operator.

    lon, lat : shape (n,), degrees
    height_m : shape (n,), of the antenna above ground, NaN where not known
    """

    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    height_m: NDArray[np.float64]

    def path_gain_db(
        self, lon: NDArray[np.float64], lat: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return the gain from the best site, up to a constant, dB (negative loss).

        Examples
        --------
        Ten times the distance costs 35 dB with an antenna at 30 m:

        >>> one = Sites(np.array([116.0]), np.array([0.0]), np.array([30.0]))
        >>> gain = one.path_gain_db(116 + np.array([0.01, 0.1]), np.zeros(2))
        >>> round(float(gain[0] - gain[1]), 1)
        35.2
        """
        if not len(self.lon):
            return np.zeros(len(lon))
        middle = float(np.median(self.lat))
        east_m, north_m = metres_per_degree(np.asarray(middle))
        scale = np.array([float(east_m), float(north_m)]) / 1000

        tree = cKDTree(np.stack([self.lon, self.lat], axis=1) * scale)
        k = min(SITES_TRIED, len(self.lon))
        distance, index = tree.query(np.stack([lon, lat], axis=1) * scale, k=k)
        distance, index = distance.reshape(-1, k), index.reshape(-1, k)
        height = np.where(np.isnan(self.height_m), UNKNOWN_HEIGHT_M, self.height_m)
        log_h = np.log10(np.clip(height, *HATA_HEIGHTS_M))[index]
        log_d = np.log10(np.clip(distance, NEAREST_KM, FARTHEST_KM))
        loss = (HATA_DISTANCE_DB - HATA_BOTH_DB * log_h) * log_d
        return -(loss - HATA_HEIGHT_DB * log_h).min(axis=1)


@dataclass(frozen=True)
class Relief:
    """How high each cell lies above the land around it, row 0 northernmost.

    above_m : shape (rows, columns)
    west, north : degrees, of the corner
    column_deg, row_deg : size of a cell, degrees
    """

    above_m: NDArray[np.float32]
    west: float
    north: float
    column_deg: float
    row_deg: float

    @classmethod
    def of_heights(
        cls,
        height_m: NDArray[np.float32],
        *,
        west: float,
        north: float,
        column_deg: float,
        row_deg: float,
    ) -> Relief:
        """Return the relief of a raster of heights; NaN where they are unknown."""
        size = tuple(
            max(1, round(2 * AROUND_M / METRES_PER_LATITUDE / step))
            for step in (row_deg, column_deg)
        )
        filled = np.where(np.isnan(height_m), np.nanmean(height_m), height_m)
        around = ndimage.uniform_filter(filled, size, mode="nearest")
        return cls(
            (filled - around).astype(np.float32), west, north, column_deg, row_deg
        )

    def at(
        self, lon: NDArray[np.float64], lat: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return how high places lie above the land around them, m; 0 outside."""
        column = (lon - self.west) / self.column_deg - 0.5
        row = (self.north - lat) / self.row_deg - 0.5
        return ndimage.map_coordinates(
            self.above_m.astype(float), [row, column], order=1, mode="constant"
        )

    def near(self, west: float, south: float, east: float, north: float) -> Relief:
        """Return the part that places within these degrees need."""
        rows, columns = self.above_m.shape
        left = min(max(int((west - self.west) / self.column_deg) - 2, 0), columns)
        right = max(min(int((east - self.west) / self.column_deg) + 3, columns), left)
        top = min(max(int((self.north - north) / self.row_deg) - 2, 0), rows)
        bottom = max(min(int((self.north - south) / self.row_deg) + 3, rows), top)
        return replace(
            self,
            above_m=self.above_m[top:bottom, left:right],
            west=self.west + left * self.column_deg,
            north=self.north - top * self.row_deg,
        )


@dataclass(frozen=True)
class Ground:
    """What is known of the land; none of it, by default."""

    sites: Sites | None = None
    relief: Relief | None = None

    def columns(
        self, lon: NDArray[np.float64], lat: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return what may shift the mean: shape (n, 0 to 2)."""
        found = []
        if self.sites is not None:
            found.append(self.sites.path_gain_db(lon, lat))
        if self.relief is not None:
            found.append(self.relief.at(lon, lat))
        return np.stack(found, axis=1) if found else np.empty((len(lon), 0))

    def near(self, west: float, south: float, east: float, north: float) -> Ground:
        """Return what places within these degrees need, small enough to be sent."""
        if self.relief is None:
            return self
        return replace(self, relief=self.relief.near(west, south, east, north))


NO_GROUND = Ground()


@dataclass(frozen=True)
class Trend:
    """slopes · (columns of the ground − middle), one number a column."""

    slopes: tuple[float, ...] = ()
    middle: tuple[float, ...] = ()

    def at(
        self, ground: Ground, lon: NDArray[np.float64], lat: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return by how much the land shifts the mean at each place, dB.

        Raises
        ------
        ValueError
            If the trend was learned with another kind of ground.
        """
        columns = ground.columns(lon, lat)
        if columns.shape[1] != len(self.slopes):
            message = (
                f"The trend knows {len(self.slopes)} kinds of ground, "
                f"{columns.shape[1]} were given."
            )
            raise ValueError(message)
        return (columns - np.array(self.middle)) @ np.array(self.slopes)


def fit_trend(pooled: Pooled, ground: Ground) -> Trend:
    """Regress the values on what is known of the land: ridge regression."""
    columns = ground.columns(pooled.lon, pooled.lat)
    if not columns.size:
        return Trend()
    middle, spread = columns.mean(axis=0), columns.std(axis=0)
    scaled = (columns - middle) / np.where(spread > 0, spread, 1.0)
    departure = pooled.value_dbm - pooled.value_dbm.mean()
    slopes = np.linalg.solve(
        scaled.T @ scaled + TREND_PRIOR * np.eye(columns.shape[1]), scaled.T @ departure
    ) / np.where(spread > 0, spread, 1.0)
    return Trend(tuple(map(float, slopes)), tuple(map(float, middle)))


def trend_of(law: SignalLaw) -> Trend:
    return Trend(law.trend_slopes, law.trend_middle)


def pool_for(
    law: SignalLaw, observations: Observations, ground: Ground = NO_GROUND
) -> Pooled:
    """Pool *observations* as `estimate_tile` takes them."""
    pooled = pool(observations, threshold_dbm=law.threshold_dbm)
    return replace(pooled, trend_db=trend_of(law).at(ground, pooled.lon, pooled.lat))

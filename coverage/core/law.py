"""The law of a layer: how signal varies over the land, learned once and frozen."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """What is chosen and not learned. Lengths in metres on the ground."""

    search_radius_m: float = 8_000.0
    per_quadrant: int = 6
    # Of this many nearest, the quadrants choose.
    candidates: int = 192
    # Known within about 1 km of evidence (estimation.md, "By the size of the gap").
    reach_m: float = 1_000.0


@dataclass(frozen=True, kw_only=True)
class SignalLaw:
    """Everything that is learned from a layer's observations, frozen for a run."""

    threshold_dbm: float
    mean_dbm: float
    variance_db2: float
    noise_share: float
    short_share: float
    short_m: float
    long_m: float
    # How single readings at one place differ from the place's mean.
    reading_var_db2: float
    # Stated deviation = kriging's × this.
    std_scale: float
    # log-odds(p) = intercept + slope × log-odds(p of the normal law).
    calibration_intercept: float
    calibration_slope: float
    search_radius_m: float
    per_quadrant: int
    candidates: int
    reach_m: float
    fitted_pools: int

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> SignalLaw:
        return cls(**values)


def covariance(law: SignalLaw, distance_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the covariance of the signal at two places, dB²."""
    long_share = 1.0 - law.noise_share - law.short_share
    short = np.exp(distance_m * (-1.0 / law.short_m))
    short *= law.variance_db2 * law.short_share
    long = np.exp(distance_m * (-1.0 / law.long_m))
    long *= law.variance_db2 * long_share
    long += short
    return long

"""The law of a layer: how signal varies over the land, learned once and frozen."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

# Operator and service, in this order.
Layer = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """What is chosen and not learned. Lengths in metres on the ground."""

    search_radius_m: float = 8_000.0
    per_quadrant: int = 6
    # Known within about 1 km of evidence (estimation.md, "By the size of the gap").
    reach_m: float = 1_000.0


@dataclass(frozen=True, kw_only=True)
class SignalLaw:
    """Everything that is learned from a layer's observations, frozen for a run.

    The covariance at distance h is
    variance · (short_share · exp(−h / short) + long_share · exp(−h / long)), where the
    shares and that of the noise add up to one.
    """

    threshold_dbm: float
    mean_dbm: float
    variance_db2: float
    noise_share: float
    short_share: float
    short_m: float
    long_m: float
    # How single readings at one place differ from the place's mean.
    reading_var_db2: float
    # What held-out readings say of the estimates (`coverage.core.calibration`).
    shift_db: float = 0.0
    trust: float = 1.0
    trust_by_evidence: float = 0.0
    near_trust: float = 0.0
    near_trust_by_evidence: float = 0.0
    std_scale: float = 1.0
    std_by_evidence: float = 0.0
    odds_shift: float = 0.0
    odds_slope: float = 1.0
    odds_by_share: float = 0.0
    # Share of the observations that found less than usable signal.
    below_share: float = 0.0
    # Slopes and middle of what is known of the land (`coverage.core.trend`).
    trend_slopes: tuple[float, ...] = ()
    trend_middle: tuple[float, ...] = ()
    search_radius_m: float
    per_quadrant: int
    reach_m: float
    fitted_pools: int

    @property
    def signal_var_db2(self) -> float:
        """Variance of the signal where nothing is known of it."""
        return self.variance_db2 * (1.0 - self.noise_share)

    @property
    def noise_var_db2(self) -> float:
        """Variance of a reading around the signal of its place."""
        return self.variance_db2 * self.noise_share + self.reading_var_db2

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> SignalLaw:
        # JSON knows lists only.
        lists = {k: tuple(v) for k, v in values.items() if isinstance(v, list)}
        return cls(**(values | lists))

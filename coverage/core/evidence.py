"""What a report says about a service: a reading, a bound, or nothing.

Thresholds and their sources: docs/blank-spot-definition.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# The services' thresholds in dBm of 4G RSRP. internet: RTR (Austria) calls LTE
# below -111 dBm unusable; -110 to begin with (estimation.md). voice: "poor" begins
# at -115 dBm in Android's default for LTE.
THRESHOLD_DBM = {"internet": -110.0, "voice": -115.0}

# Below these a call does not hold, by technology (dBm of RxLev, RSCP, RSRP, SS-RSRP).
# 2G: reference sensitivity of a small GSM 900 phone, 3GPP TS 45.005 §6.2. 3G, 4G:
# Android's default for "poor" (RSCP -115, RSRP -115). 5G: Android, SS-RSRP -110.
VOICE_THRESHOLD_DBM = {
    "2G": -102.0,
    "3G": -115.0,
    "4G": -115.0,
    "5G": -110.0,
    "": -115.0,
}

# Where "good" internet begins, for reports without a reading: RTR (Austria) puts the
# step between its classes of usable LTE at -95 dBm. "Slow" lies between that and the
# threshold. How fast internet feels also depends on how many share it, so both are
# bounds and never readings.
GOOD_FROM_DBM = -95.0

# How much a report counts by where the phone was. Walls and hulls take 10 to 20 dB
# (ITU-R P.2109), which tells little about the land outside.
ENVIRONMENT_WEIGHT = {"outdoor": 1.0, "": 1.0, "vehicle": 0.5, "indoor": 0.5}


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """What n reports say of one service, in dBm of that service's threshold.

    ``low_dbm`` and ``high_dbm`` are equal for a reading, a half-open interval for
    "no service" (−inf, T) and for "it worked" (T, +inf), a closed one for "slow".
    ``says`` is False where a report says nothing of this service.
    """

    low_dbm: NDArray[np.float64]
    high_dbm: NDArray[np.float64]
    says: NDArray[np.bool_]


def bounds_for(
    service: str,
    *,
    found: NDArray[np.str_],
    technology: NDArray[np.str_],
    internet: NDArray[np.str_],
    rsrp_dbm: NDArray[np.float64],
) -> Bounds:
    """Return what reports say of *service*.

    internet (4G or better): an RSRP of 4G or 5G is a reading; internet without a
    reading lies above the threshold, unless it came over 2G or 3G: the phone had
    fallen back, and 4G lies below. Where it was slow it lies between the threshold
    and GOOD_FROM_DBM, where it was good above that. Calls only, emergency only and no
    service lie below.

    voice (any technology): a reading counts as its distance to that technology's
    own threshold; calls or internet without a reading lie above; emergency only
    and no service lie below.

    Parameters
    ----------
    service : "internet" or "voice"
    found, technology, internet : arrays of str, shape (n,), words of SignalReport
    rsrp_dbm : array, shape (n,), NaN where there is no reading

    Raises
    ------
    ValueError
        If *service* is not known.

    Examples
    --------
    >>> b = bounds_for(
    ...     "internet",
    ...     found=np.array(["data", "no_service", "data", "voice_only"]),
    ...     technology=np.array(["4G", "", "3G", "2G"]),
    ...     internet=np.array(["", "", "slow", ""]),
    ...     rsrp_dbm=np.array([-97.0, np.nan, -80.0, -70.0]),
    ... )
    >>> b.low_dbm.tolist(), b.high_dbm.tolist()
    ([-97.0, -inf, -inf, -inf], [-97.0, -110.0, -110.0, -110.0])

    The same four for calls: 3G at -80 is 35 dB above its threshold, 2G 32 dB:

    >>> b = bounds_for(
    ...     "voice",
    ...     found=np.array(["data", "no_service", "data", "voice_only"]),
    ...     technology=np.array(["4G", "", "3G", "2G"]),
    ...     internet=np.array(["", "", "slow", ""]),
    ...     rsrp_dbm=np.array([-97.0, np.nan, -80.0, -70.0]),
    ... )
    >>> b.low_dbm.tolist()
    [-97.0, -inf, -80.0, -83.0]

    Slow and good internet without a reading, for internet:

    >>> b = bounds_for(
    ...     "internet",
    ...     found=np.array(["data", "data"]),
    ...     technology=np.array(["", "4G"]),
    ...     internet=np.array(["slow", "good"]),
    ...     rsrp_dbm=np.full(2, np.nan),
    ... )
    >>> b.low_dbm.tolist(), b.high_dbm.tolist()
    ([-110.0, -95.0], [-95.0, inf])
    """
    if service not in THRESHOLD_DBM:
        message = f"There is no service {service!r}."
        raise ValueError(message)
    threshold = THRESHOLD_DBM[service]
    has_reading = np.isfinite(rsrp_dbm)
    value = rsrp_dbm.astype(float)
    says = np.ones(len(value), bool)
    if service == "internet":
        # RSRP without a technology is 4G: nothing older has it.
        works = (found == "data") & ~np.isin(technology, ["2G", "3G"])
    else:
        works = np.isin(found, ["data", "voice_only"])
        for name, own_dbm in VOICE_THRESHOLD_DBM.items():
            value[technology == name] += threshold - own_dbm
        # Weak 4G says nothing against 2G, which may carry the call.
        is_newer = ~np.isin(technology, ["2G", "3G"])
        says = ~(works & has_reading & is_newer & (value < threshold))
    is_reading = works & has_reading
    fails = ~works
    low = np.where(fails, -np.inf, threshold)
    high = np.where(fails, threshold, np.inf)
    if service == "internet":
        low[works & (internet == "good")] = GOOD_FROM_DBM
        high[works & (internet == "slow")] = GOOD_FROM_DBM
    low[is_reading] = high[is_reading] = value[is_reading]
    return Bounds(low_dbm=low, high_dbm=high, says=says)

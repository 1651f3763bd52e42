"""What a trade can be expected to bring, and how sure a sample of trades makes of it."""

import math
import statistics
from collections.abc import Sequence

from cockpit.domain.intervals import Interval

_T95 = (
    *(12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228),
    *(2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086),
    *(2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042),
)
"""Student's t, two-sided 95 %, for 1 to 30 degrees of freedom."""
_Z95 = 1.959964


def expectancy(values: Sequence[float]) -> Interval:
    """The mean result and its interval by Student's t: fair for a few dozen trades, too narrow where they cluster."""
    if not values:
        return Interval()
    mean = math.fsum(values) / len(values)
    if len(values) == 1:
        return Interval(mean)
    margin = _t95(len(values) - 1) * statistics.stdev(values) / math.sqrt(len(values))
    return Interval(mean, mean - margin, mean + margin)


def _t95(freedom: int) -> float:
    if freedom <= len(_T95):
        return _T95[freedom - 1]
    return _Z95 + (_Z95**3 + _Z95) / (4 * freedom)

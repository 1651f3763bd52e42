"""What a paper venue is told to hold against us beyond its own rules: a backtest's assumptions, deterministic."""

from hashlib import blake2b
from math import exp
from statistics import NormalDist

import msgspec

from cockpit.paper.agenda import Request

_NORMAL = NormalDist()
_DIGEST_BYTES = 6


class Frictions(msgspec.Struct, frozen=True):
    """`latency_spread` is the sigma of a lognormal latency about its median (0: always the median), `size_share` how
    much of a size that is seen can be had, `stop_slippage_bps` how much worse than the print or book a stop leaves.
    """

    latency_spread: float = 0.0
    size_share: float = 1.0
    stop_slippage_bps: float = 0.0
    seed: int = 0

    def latency_ns(self, median_ns: int, request: Request) -> int:
        """This request's way to the venue: drawn from what it says, so that the same request always takes as long."""
        if self.latency_spread <= 0.0 or median_ns <= 0:
            return median_ns
        drawn = blake2b(f"{self.seed} {request}".encode(), digest_size=_DIGEST_BYTES).digest()
        share = (int.from_bytes(drawn) + 0.5) / 2.0 ** (8 * _DIGEST_BYTES)
        return max(1, round(median_ns * exp(self.latency_spread * _NORMAL.inv_cdf(share))))


NO_FRICTIONS = Frictions()

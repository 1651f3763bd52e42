"""What a market does rarely, measured: prices that jump, and bursts of forced orders."""

import math

import numpy as np
import numpy.typing as npt

from cockpit.domain.units import BPS, NS_PER_S
from cockpit.feeds.simulated.profile import ForcedOrders, Jumps

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

TAILS_SEEN = 4.0
"""An excess kurtosis of fewer than so many of its own standard errors is no tail."""
SHARES = np.linspace(0.001, 0.999, 999)
BURST_GAP_S = 10.0
"""Forced orders that are further apart are of two bursts."""
LEAST_ORDERS = 20


def jumps_of(returns: Floats, step_s: float) -> Jumps | None:
    """The jumps that make these returns over `step_s` as heavy-tailed as they are; None where they are not.

    A step has one with a small chance. Its chance and its size follow from three moments: the variance, the excess
    kurtosis and the mean of the absolute returns, which says how much of the variance the calm steps have.
    """
    off = returns - returns.mean()
    variance = float((off**2).mean())
    if variance <= 0.0:
        return None
    excess = float((off**4).mean()) / variance**2 - 3.0
    if excess <= TAILS_SEEN * math.sqrt(24.0 / len(off)):
        return None
    # With a share of the variance in jumps the kurtosis gives their chance.
    chance = SHARES**2 / (excess / 3.0 + SHARES**2)
    calm, jump = 1.0 - SHARES, SHARES / chance
    mean_size = math.sqrt(2.0 / math.pi) * ((1.0 - chance) * np.sqrt(calm) + chance * np.sqrt(calm + jump))
    best = int(np.abs(mean_size - float(np.abs(off).mean()) / math.sqrt(variance)).argmin())
    per_hour = -math.log1p(-float(chance[best])) / step_s * 3_600.0
    return Jumps(per_hour, math.sqrt(variance * float(jump[best])) * BPS)


def forced_of(days: list[tuple[Ints, Floats]], seconds: float) -> ForcedOrders | None:
    """The bursts of forced orders of some days, each with the orders' stamps and their USD; None for too few."""
    stamps = [np.sort(one) for one, _ in days]
    sizes = np.concatenate([usd for _, usd in days]) if days else np.empty(0)
    sizes = sizes[sizes > 0.0]
    if len(sizes) < LEAST_ORDERS or seconds <= 0.0:
        return None
    gaps_s = np.concatenate([np.diff(one) / NS_PER_S for one in stamps])
    within = gaps_s[gaps_s <= BURST_GAP_S]
    bursts = len(sizes) - len(within)
    return ForcedOrders(
        bursts_per_hour=bursts / seconds * 3_600.0,
        orders=len(sizes) / bursts,
        gap_s=max(0.1, float(within.mean())) if len(within) else 1.0,
        order_usd=float(np.median(sizes)),
        spread=float(np.std(np.log(sizes))),
    )

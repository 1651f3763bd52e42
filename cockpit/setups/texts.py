"""How setups write times, prices and distances."""

import math
from datetime import UTC, datetime

from cockpit.domain.units import BPS, NS_PER_S


def clock_text(ts_ns: int) -> str:
    """An instant's UTC time of day as `14:32:10`."""
    return f"{datetime.fromtimestamp(ts_ns // NS_PER_S, UTC):%H:%M:%S}"


def seconds_text(seconds: float) -> str:
    """A wait, rounded up: `45 s`, from 100 s on `30m00s`."""
    whole_s = math.ceil(seconds)
    return f"{whole_s} s" if whole_s < 100 else f"{whole_s // 60}m{whole_s % 60:02d}s"


def price_decimals(tick_usd: float) -> int:
    """How many decimals a price of this tick needs."""
    return max(0, math.ceil(-math.log10(tick_usd)))


def away_text(price: float | None, goal: float) -> str:
    """How far a goal is from the price, as `148 bps away`."""
    if price is None:
        return "no price yet"
    return f"{abs(goal / price - 1.0) * BPS:.0f} bps away"

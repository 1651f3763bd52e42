"""How the gate writes numbers: fixed decimals, and never a value that reads like the limit it is not."""

from cockpit.domain.numbers import apart


def usd(value: float, limit: float) -> str:
    """An amount in USD beside its limit."""
    return apart(value, limit, ".2f") + " USD"


def bps(value: float, limit: float) -> str:
    """A signed rate in bps beside its limit, trailing zeros dropped: `+3.6`."""
    return apart(value, limit, "+.4g")

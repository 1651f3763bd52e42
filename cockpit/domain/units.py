"""Units and the few conversions everybody needs. Base coins, USD, ns since the epoch."""

from datetime import UTC, datetime

NS_PER_MS = 1_000_000
NS_PER_S = 1_000_000_000
NS_PER_DAY = 86_400 * NS_PER_S
BPS = 10_000.0
LAST_SECOND = 253_402_300_799
"""The last of the year 9999."""


def seconds_to_ns(seconds: float) -> int:
    """Seconds to whole nanoseconds."""
    return round(seconds * NS_PER_S)


def ns_to_seconds(duration_ns: int) -> float:
    return duration_ns / NS_PER_S


def utc_day(ts_ns: int) -> int:
    """Days since the epoch of the UTC day that holds this instant."""
    return ts_ns // NS_PER_DAY


def utc_text(ts_ns: int) -> str:
    """An instant as `2024-08-08T23:58:55.123Z`; one that no calendar holds as its seconds since the epoch."""
    seconds, rest_ns = divmod(ts_ns, NS_PER_S)
    if not 0 <= seconds <= LAST_SECOND:
        return f"{seconds} s since the epoch"
    stamp = datetime.fromtimestamp(seconds, UTC)
    return f"{stamp:%Y-%m-%dT%H:%M:%S}.{rest_ns // NS_PER_MS:03d}Z"


def bps_between(price: float, reference: float) -> float:
    """How far `price` lies above (+) or below (-) `reference`, in bps of the reference."""
    return (price / reference - 1.0) * BPS


def offset_price(price: float, bps: float) -> float:
    """The price `bps` above (+) or below (-) `price`."""
    return price * (1.0 + bps / BPS)


def average_price(price: float, qty: float, more_price: float, more_qty: float) -> float:
    """The quantity-weighted price of two executions; exactly the later one's where there was none before."""
    return (price * qty + more_price * more_qty) / (qty + more_qty) if qty > 0 else more_price

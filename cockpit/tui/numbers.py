"""Numbers as a trader reads them: a fixed count of decimals, a sign where it matters, and `?` where nobody knows."""

from datetime import UTC, datetime
from decimal import ROUND_FLOOR, Decimal

from cockpit.domain.units import NS_PER_S

UNKNOWN = "?"


def price(value: float | None) -> str:
    """USD per coin, with as many decimals as its size asks for, so that it does not change its width as it ticks."""
    if value is None:
        return UNKNOWN
    if value >= 10_000:
        return f"{value:,.1f}"
    return f"{value:,.2f}" if value >= 10 else f"{value:,.4f}"


def money(value: float | None) -> str:
    """USD without a sign."""
    return UNKNOWN if value is None else f"{value:,.2f}"


def whole(value: float | None) -> str:
    """USD without cents."""
    return UNKNOWN if value is None else f"{value:,.0f}"


def short(value: float) -> str:
    """USD in a few cells: `950`, `12k`, `3.4M`, `1.2B`."""
    for size, letter in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            scaled = value / size
            return f"{scaled:.1f}{letter}" if scaled < 10 else f"{scaled:.0f}{letter}"
    return f"{value:.0f}"


def gain(value: float | None) -> str:
    """USD with its sign; what rounds to nothing has none."""
    if value is None:
        return UNKNOWN
    return "0.00" if abs(value) < 0.005 else f"{value:+,.2f}"


def r_units(value: float | None) -> str:
    if value is None:
        return f"{UNKNOWN} R"
    return "0.0 R" if abs(value) < 0.05 else f"{value:+.1f} R"


def bps(value: float | None) -> str:
    """Basis points with sign and one decimal."""
    if value is None:
        return UNKNOWN
    return "0.0" if abs(value) < 0.05 else f"{value:+.1f}"


def pct(value: float | None) -> str:
    """A share in percent."""
    return UNKNOWN if value is None else f"{value:.1f}"


def amount(value: float) -> str:
    """Base coins, without a tail of zeros."""
    text = f"{value:,.6f}".rstrip("0").rstrip(".")
    return text or "0"


def short_coins(value: float | None) -> str:
    """Base coins in a few cells: `0.0123`, `4.34`, `617`, `45k`."""
    if value is None:
        return UNKNOWN
    return short(value) if value >= 100 else f"{value:.3g}" if value >= 0.000_1 else "0"


def signed_coins(value: float) -> str:
    """The same with its sign; what rounds to nothing has none."""
    text = short_coins(abs(value))
    return text if text == "0" else f"{'+' if value > 0 else '-'}{text}"


def health(value: float | None) -> str:
    """A health factor, rounded down: it must never look safer than it is."""
    return UNKNOWN if value is None else str(Decimal(repr(value)).quantize(Decimal("0.01"), ROUND_FLOOR))


def lasting(seconds: float | None) -> str:
    """A duration or an age: `12 s`, `4m12s`, `1h28m`, `2d03h`."""
    if seconds is None:
        return UNKNOWN
    whole_s = max(0, int(seconds))
    if whole_s < 100:
        return f"{whole_s} s"
    if whole_s < 3_600:
        return f"{whole_s // 60}m{whole_s % 60:02d}s"
    if whole_s < 86_400:
        return f"{whole_s // 3_600}h{whole_s % 3_600 // 60:02d}m"
    return f"{whole_s // 86_400}d{whole_s % 86_400 // 3_600:02d}h"


def until(seconds: float) -> str:
    """How long until something: `59 s`, then whole minutes, so that it does not tick: `2m`, `1h28m`, `2d03h`."""
    text = lasting(seconds)
    return text.partition("m")[0] + "m" if text.endswith("s") and "m" in text else text


def change(value: float | None) -> str:
    """A change in percent with its sign; what rounds to nothing has none."""
    if value is None:
        return UNKNOWN
    return "0.0%" if abs(value) < 0.05 else f"{value:+.1f}%"


def role_of(value: float | None) -> str:
    """Good, bad, or neither where it rounds to nothing; a warning where it is unknown."""
    if value is None:
        return "warn"
    return "good" if value >= 0.005 else ("bad" if value <= -0.005 else "text")


def clock(ts_ns: int) -> str:
    """UTC time of day."""
    return datetime.fromtimestamp(ts_ns // NS_PER_S, UTC).strftime("%H:%M:%S")


def day_clock(ts_ns: int) -> str:
    """UTC date and time."""
    return datetime.fromtimestamp(ts_ns // NS_PER_S, UTC).strftime("%Y-%m-%d %H:%M:%S")


def day(ts_ns: int) -> str:
    """UTC date."""
    return datetime.fromtimestamp(ts_ns // NS_PER_S, UTC).strftime("%Y-%m-%d")

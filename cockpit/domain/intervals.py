"""A mean with its interval, and how it is written."""

import msgspec


class Interval(msgspec.Struct, frozen=True):
    """A mean with its two-sided 95 % interval. The mean needs one value, the interval two; else they are None."""

    mean: float | None = None
    low95: float | None = None
    high95: float | None = None


def interval_text(interval: Interval, spec: str, unit: str) -> str:
    """As `+0.12 R (95 %: -0.05 to +0.29)`, and in words where there is too little to reckon with."""
    if interval.mean is None:
        return "no trade yet"
    mean = f"{interval.mean:{spec}} {unit}"
    if interval.low95 is None or interval.high95 is None:
        return f"{mean} (95 %: one trade gives no interval)"
    return f"{mean} (95 %: {interval.low95:{spec}} to {interval.high95:{spec}})"

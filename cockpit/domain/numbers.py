"""How numbers are written for readers: apart from their limits, prices to the tick, and nothing of the float's own."""

import math
from typing import Any

NOISE_DECIMALS = 10
"""No price, quantity, rate or amount here means anything beyond these decimals."""


def apart(value: float, limit: float, spec: str, *others: float) -> str:
    """`value` in the format `spec` (such as `.2f`), on the same side of `limit` and the `others` as it really is.

    Where rounding would carry it onto or across one of them, decimals are added until it does not.
    """
    value = value + 0.0  # -0.0 becomes 0.0
    limits = [one + 0.0 for one in (limit, *others)]
    head, kind = spec[:-1], spec[-1]
    lead, _, decimals = head.partition(".")
    for more in range(NOISE_DECIMALS):
        finer = f"{lead}.{int(decimals) + more}{kind}"
        if all(_reads_true(value, one, finer) for one in limits):
            return format(value, finer)
    return format(value, lead)


def _reads_true(value: float, limit: float, spec: str) -> bool:
    """Whether the two, as written, stand to each other as they do."""
    text = format(value, spec)
    if value == limit or not math.isfinite(value):
        return True
    if text == format(limit, spec):
        return False
    written = float(text.replace(",", "").rstrip("%")) / (100.0 if spec.endswith("%") else 1.0)
    return (written > limit) if value > limit else (written < limit)


def counted(count: int, what: str) -> str:
    """As `1 trade`, `3 trades`."""
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def price_text(price_usd: float) -> str:
    """A price to its tick and an average to eight digits, as `109,639.6`."""
    return f"{price_usd:,.8g}"


def without_noise(plain: Any) -> Any:
    """Plain JSON data with its floats rounded for readers: 0.1 + 0.2 is 0.3. Only for what nobody reckons with."""
    if isinstance(plain, float):
        return round(plain, NOISE_DECIMALS) + 0.0  # -0.0 becomes 0.0
    if isinstance(plain, dict):
        return {key: without_noise(value) for key, value in plain.items()}
    if isinstance(plain, list | tuple):
        return [without_noise(value) for value in plain]
    return plain

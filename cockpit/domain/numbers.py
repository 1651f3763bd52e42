"""How numbers are written for readers: apart from their limits, prices to the tick, and nothing of the float's own."""

from typing import Any

NOISE_DECIMALS = 10
"""No price, quantity, rate or amount here means anything beyond these decimals."""


def apart(value: float, limit: float, spec: str) -> str:
    """`value` in the format `spec` (such as `.2f`), never looking equal to a `limit` it differs from.

    Where rounding would make it so, decimals are added until it does not.
    """
    value, limit = value + 0.0, limit + 0.0  # -0.0 becomes 0.0
    text = format(value, spec)
    if value == limit or text != format(limit, spec):
        return text
    head, kind = spec[:-1], spec[-1]
    lead, _, decimals = head.partition(".")
    for more in range(1, NOISE_DECIMALS):
        finer = f"{lead}.{int(decimals) + more}{kind}"
        text = format(value, finer)
        if text != format(limit, finer):
            return text
    return format(value, lead)


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

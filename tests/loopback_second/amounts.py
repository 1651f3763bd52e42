"""Decimal arithmetic as a venue does it: quantities and prices are multiples of a step, written without exponents."""

from decimal import ROUND_DOWN, Decimal

ZERO = Decimal(0)
ONE = Decimal(1)


def text(value: Decimal) -> str:
    """Plain digits: no exponent, no trailing zeros behind the point."""
    plain = format(value, "f")
    if "." in plain:
        plain = plain.rstrip("0").rstrip(".")
    return "0" if plain in ("", "-0") else plain


def padded(value: Decimal, step: Decimal) -> str:
    """As many digits behind the point as the step has, or all of them where the step was finer once."""
    if value % step:
        return text(value)
    return format(value.quantize(step) if step < 1 else value, "f")


def is_on(value: Decimal, step: Decimal) -> bool:
    return value % step == ZERO


def floored(value: Decimal, step: Decimal) -> Decimal:
    return (value / step).to_integral_value(rounding=ROUND_DOWN) * step


def sign(value: Decimal) -> int:
    return (value > ZERO) - (value < ZERO)

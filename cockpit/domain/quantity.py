"""Quantities in base coins without the dust that adding floats leaves."""

from math import floor

DECIMALS = 10
STEP_TOLERANCE = 1e-6


def rounded(qty: float) -> float:
    """The quantity to ten decimals, finer than any lot: sums of lots stay sums of lots, and flat is exactly 0."""
    return round(qty, DECIMALS) + 0.0


def is_multiple(value: float, step: float) -> bool:
    """Whether a quantity or price lies on its grid."""
    steps = value / step
    return abs(steps - round(steps)) <= STEP_TOLERANCE


def executable(size: float, wanted: float, lot: float) -> float:
    """How much of `wanted` executes against `size`: all of it, or as many whole lots as there are."""
    if size >= wanted:
        return wanted
    return rounded(floor(size / lot + STEP_TOLERANCE) * lot)

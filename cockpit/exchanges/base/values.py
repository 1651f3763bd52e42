"""How venues write a side, a truth and a price, each read in one way."""

from typing import Any

from cockpit.domain.kinds import Side


def side_of(name: str) -> Side:
    """`buy` is long, in whatever case."""
    return Side.LONG if name.lower() == "buy" else Side.SHORT


def is_true(value: Any) -> bool:
    """Venues write true as a boolean here and as a text there."""
    return str(value).lower() == "true"


def price_of(value: Any) -> float | None:
    """A price; venues write 0, nothing or null where there is none."""
    return float(value) if value and float(value) != 0.0 else None

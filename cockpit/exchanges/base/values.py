"""How venues write a side, a truth and a price, each read in one way."""

from math import isfinite
from typing import Any

from cockpit.domain.kinds import Side

_SIDES = {"buy": Side.LONG, "sell": Side.SHORT}
_SIGNS = {"buy": 1.0, "long": 1.0, "sell": -1.0, "short": -1.0}


def side_of(name: str) -> Side:
    """`buy` is long, in whatever case. Raises ValueError for what may be either."""
    if (side := _SIDES.get(name.lower())) is None:
        raise ValueError(f"expected buy or sell, was {name!r}")
    return side


def signed(qty: float, side: Any) -> float:
    """A quantity that is held on a side: + is long. Raises ValueError for a side that may be either."""
    if qty == 0.0:
        return 0.0
    if (sign := _SIGNS.get(str(side).lower())) is None:
        raise ValueError(f"expected a long or a short side, was {side!r}")
    return sign * abs(qty)


def number_or_none(value: Any) -> float | None:
    """A number that is good to know and that nothing depends on; None where it cannot be read."""
    try:
        found = float(value)
    except (TypeError, ValueError):
        return None
    return found if isfinite(found) else None


def is_true(value: Any) -> bool:
    """Venues write true as a boolean here and as a text there."""
    return str(value).lower() == "true"


def price_of(value: Any) -> float | None:
    """A price; venues write 0, nothing or null where there is none. Raises ValueError for what is no number."""
    price = float(value or 0.0)
    if not isfinite(price):
        raise ValueError(f"expected a price, was {value!r}")
    return price or None

"""The part of a book that lies near its top."""

from collections.abc import Sequence

from cockpit.domain.units import offset_price

Levels = tuple[tuple[float, float], ...]


def near_levels(
    bids: Sequence[Sequence[float]], asks: Sequence[Sequence[float]], within_bps: float, unit: float = 1.0
) -> tuple[Levels, Levels] | None:
    """Both sides' levels within `within_bps` of their own best price, best first, in base coins (`unit` a contract).

    None for a book with an empty side or with crossed sides: it is no book to trade on.
    """
    if not bids or not asks or bids[0][0] >= asks[0][0]:
        return None
    lowest, highest = offset_price(bids[0][0], -within_bps), offset_price(asks[0][0], within_bps)
    near_bids: list[tuple[float, float]] = []
    for level in bids:
        if level[0] < lowest:
            break
        near_bids.append((level[0], level[1] * unit))
    near_asks: list[tuple[float, float]] = []
    for level in asks:
        if level[0] > highest:
            break
        near_asks.append((level[0], level[1] * unit))
    return tuple(near_bids), tuple(near_asks)

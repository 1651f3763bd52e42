"""Prices on the venue's grid and a size split over the rungs of a ladder in whole lots."""

import math
from collections.abc import Sequence

from cockpit.config.venues import Instrument
from cockpit.domain.kinds import Side
from cockpit.domain.trades import Rung
from cockpit.domain.units import offset_price
from cockpit.domain.verdict import Target
from cockpit.gate.sizing import lot_decimals, split_lots

GRID_SLACK = 1e-9


def on_grid(price: float, side: Side, tick_usd: float) -> float:
    """The price on the tick grid, rounded toward the profit of `side`: a stop loses no more, a target earns no less."""
    ticks = price / tick_usd
    whole = math.ceil(ticks - GRID_SLACK) if side is Side.LONG else math.floor(ticks + GRID_SLACK)
    return round(whole * tick_usd, lot_decimals(tick_usd))


def stop_price(entry_price: float, side: Side, stop_bps: float, tick_usd: float) -> float:
    """Where the protective stop triggers: `stop_bps` against the trade."""
    return on_grid(offset_price(entry_price, -side.sign * stop_bps), side, tick_usd)


def breakeven_price(entry_price: float, side: Side, round_trip_fee_bps: float, tick_usd: float) -> float:
    """The price at which closing pays back the entry and both fees."""
    return on_grid(offset_price(entry_price, side.sign * round_trip_fee_bps), side, tick_usd)


def rungs(
    qty: float, entry_price: float, side: Side, targets: Sequence[Target], instrument: Instrument
) -> tuple[Rung, ...]:
    """Split `qty` over the targets in whole lots; a rung that gets none disappears."""
    parts = split_lots(round(qty / instrument.lot), [target.share_pct for target in targets])
    return tuple(
        Rung(
            target.distance_bps,
            on_grid(offset_price(entry_price, side.sign * target.distance_bps), side, instrument.tick_usd),
            round(lots * instrument.lot, lot_decimals(instrument.lot)),
        )
        for target, lots in zip(targets, parts, strict=True)
        if lots
    )

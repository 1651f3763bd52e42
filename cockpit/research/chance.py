"""Random entries with the same exits and costs: what the entry itself was worth.

Both the real entries and the random ones leave by one simple model (the stop, the ladder, the stop to the entry after
the first target, the time limit; at the price of the print that reached them or worse), so that only the moment of
entry differs between them.
"""

from typing import NamedTuple

import numpy as np

from cockpit.config.model import CockpitConfig
from cockpit.domain.kinds import Side
from cockpit.domain.trades import TradeRecord
from cockpit.domain.units import BPS, offset_price, seconds_to_ns
from cockpit.research.columns import Floats, Prints
from cockpit.research.tape import Tape

DRAWS = 200


class Exits(NamedTuple):
    """How a trade leaves: distances in bps of its entry, shares of 1, costs in bps of its notional each way."""

    side: Side
    stop_bps: float
    targets: tuple[tuple[float, float], ...]
    hold_ns: int | None
    taker_bps: float
    maker_bps: float
    half_spread_bps: float


class Drawn(NamedTuple):
    """A trade's result by the simple model, and those of random entries of its day in its place, all in R."""

    r: float
    by_chance: Floats


def exits_of(trade: TradeRecord, config: CockpitConfig, half_spread_bps: float) -> Exits:
    """A trade's own exits and costs."""
    venue = config.venues[trade.venue]
    targets = tuple((target.distance_bps, target.share_pct / 100.0) for target in trade.targets)
    hold_ns = None if trade.max_hold_s is None else seconds_to_ns(trade.max_hold_s)
    fees = (venue.taker_fee_bps, venue.maker_fee_bps)
    return Exits(trade.side, trade.stop_bps, targets, hold_ns, *fees, half_spread_bps)


def drawn(trade: TradeRecord, tape: Tape, config: CockpitConfig, half_spread_bps: float, seed: int) -> Drawn | None:
    """The trade and random entries instead of it. None where its day has no print of its asset."""
    watch = config.assets[trade.asset].watch
    prints = next((one for one in tape.prints if (one.venue, one.asset) == (watch, trade.asset)), None)
    if prints is None or len(prints) < 2:
        return None
    exits = exits_of(trade, config, half_spread_bps)
    numbers = np.random.default_rng((seed, trade.decided_ns % 2**31))
    rows = numbers.integers(0, len(prints) - 1, DRAWS)
    entered = int(np.searchsorted(np.maximum.accumulate(prints.ts_ns), trade.opened_ns or trade.decided_ns))
    by_chance = np.array([result_r(prints, row, exits) for row in rows.tolist()])
    return Drawn(result_r(prints, min(entered, len(prints) - 1), exits), by_chance)


def result_r(prints: Prints, row: int, exits: Exits) -> float:
    """An entry at this print, in R of its stop with round-trip fees."""
    sign = exits.side.sign
    entry = offset_price(float(prints.price[row]), sign * exits.half_spread_bps)
    risk_bps = exits.stop_bps + 2.0 * exits.taker_bps
    stop = offset_price(entry, -sign * exits.stop_bps)
    gained_bps, left, at, rung = -exits.taker_bps, 1.0, row + 1, 0
    end = len(prints)
    if exits.hold_ns is not None:
        end = int(np.searchsorted(prints.ts_ns, prints.ts_ns[row] + exits.hold_ns))
    while left > 1e-9:
        has_rung = rung < len(exits.targets)
        target = offset_price(entry, sign * exits.targets[rung][0]) if has_rung else sign * np.inf
        low, high = (stop, target) if sign > 0 else (target, stop)
        found = prints.first_beyond(at, low, high)
        price = float(prints.price[min(found, end - 1, len(prints) - 1)])
        if found >= min(end, len(prints)):
            return (
                gained_bps + left * (_gain_bps(entry, price, sign) - exits.half_spread_bps - exits.taker_bps)
            ) / risk_bps
        if sign * (price - stop) <= 0.0:
            return (gained_bps + left * (_gain_bps(entry, price, sign) - exits.taker_bps)) / risk_bps
        share = min(left, exits.targets[rung][1])
        gained_bps += share * (exits.targets[rung][0] - exits.maker_bps)
        left, at, rung = left - share, found, rung + 1
        stop = (
            max(stop, offset_price(entry, 2.0 * exits.taker_bps))
            if sign > 0
            else min(stop, offset_price(entry, -2.0 * exits.taker_bps))
        )
    return gained_bps / risk_bps


def _gain_bps(entry: float, price: float, sign: int) -> float:
    return sign * (price / entry - 1.0) * BPS

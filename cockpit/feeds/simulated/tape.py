"""One simulated asset's prints, tops, marks and forced orders: what a price path looks like through an exchange."""

import math
from dataclasses import dataclass
from decimal import Decimal
from random import Random

from cockpit.config.venues import Instrument
from cockpit.domain.events import Liquidation, MarkPrice, Top, Trade
from cockpit.domain.kinds import Side
from cockpit.domain.units import NS_PER_MS
from cockpit.feeds.simulated.paths import Leg

TapeEvent = Trade | Top | MarkPrice | Liquidation

HEAT_MEMORY_S = 2.5
SECONDS_BETWEEN_BURSTS = 9.0
WIDEST_SPREAD_BPS = 1.5
TRADE_SHARE = 0.5
SWEEP_SHARE = 0.03
LIQUIDATIONS_PER_S = 0.2


@dataclass(frozen=True, slots=True)
class Crowd:
    """How busy an asset is: quotes and prints a second, the median print and the median top in USD."""

    arrivals_per_s: float
    print_usd: float
    top_usd: float
    noise_bps: float


BUSY = {
    "BTC": Crowd(12.0, 900.0, 250_000.0, 1.1),
    "ETH": Crowd(8.0, 600.0, 150_000.0, 1.3),
    "SOL": Crowd(6.0, 400.0, 80_000.0, 1.6),
    "XRP": Crowd(6.0, 300.0, 60_000.0, 1.5),
}
QUIET = Crowd(4.0, 250.0, 40_000.0, 1.6)


class Grid:
    """Prices and quantities as a venue writes them: whole ticks and lots, without binary dust."""

    def __init__(self, instrument: Instrument) -> None:
        self.tick_usd = instrument.tick_usd
        self.lot = instrument.lot
        self._price_digits = _digits(instrument.tick_usd)
        self._qty_digits = _digits(instrument.lot)

    def price(self, ticks: int) -> float:
        """The price of that many ticks, one tick at the least."""
        return round(max(1, ticks) * self.tick_usd, self._price_digits)

    def qty(self, coins: float) -> float:
        """The nearest whole number of lots, one at the least."""
        return round(max(1, round(coins / self.lot)) * self.lot, self._qty_digits)


class Tape:
    """Draws the events of one asset, a short step of time at once. Arrivals come in bursts that die down."""

    def __init__(self, rng: Random, venue: str, asset: str, instrument: Instrument) -> None:
        self._rng = rng
        self._venue = venue
        self._asset = asset
        self._grid = Grid(instrument)
        self._crowd = BUSY.get(asset, QUIET)
        self._heat = 0.0
        self._trade_id = 0
        self._basis_bps = 1.5
        self._bid_ticks = 0
        self._ask_ticks = 0

    def step(self, start_ns: int, step_ms: int, before: float, after: float, leg: Leg) -> list[TapeEvent]:
        """The prints, tops and forced orders while the fair price goes from `before` to `after`, in time order."""
        rng, step_s = self._rng, step_ms / 1000.0
        self._heat *= math.exp(-step_s / HEAT_MEMORY_S)
        if rng.random() < step_s / SECONDS_BETWEEN_BURSTS:
            self._heat += rng.uniform(1.0, 4.0)
        rate_per_ms = self._crowd.arrivals_per_s * leg.activity * (0.7 + 0.6 * self._heat) / 1000.0
        events: list[TapeEvent] = []
        at_ms = rng.expovariate(rate_per_ms)
        while at_ms < step_ms:
            ts_ns = start_ns + int(at_ms) * NS_PER_MS
            fair = before + (after - before) * at_ms / step_ms
            events.append(self._top(ts_ns, fair, leg))
            if rng.random() < TRADE_SHARE:
                events += self._prints(ts_ns, fair, leg)
            at_ms += rng.expovariate(rate_per_ms)
        if leg.forced and rng.random() < LIQUIDATIONS_PER_S * step_s:
            events.append(self._liquidation(start_ns + (step_ms - 1) * NS_PER_MS, after, leg.forced))
        return events

    def mark(self, ts_ns: int, fair: float) -> MarkPrice:
        """The mark price, and an index that it circles with a small, restless basis."""
        self._basis_bps += self._rng.gauss(0.0, 0.5) - (self._basis_bps - 1.5) * 0.08
        mark = self._grid.price(round(fair / self._grid.tick_usd))
        return MarkPrice(ts_ns, ts_ns, self._venue, self._asset, mark, mark / (1.0 + self._basis_bps / 1e4))

    def _top(self, ts_ns: int, fair: float, leg: Leg) -> Top:
        tick_usd = self._grid.tick_usd
        widest = max(1, int(fair * WIDEST_SPREAD_BPS / 1e4 / tick_usd))
        spread_ticks = min(widest, 1 + int(self._rng.expovariate(1.0) * self._heat))
        self._bid_ticks = max(1, math.floor(fair / tick_usd - spread_ticks / 2.0 + 0.5))
        self._ask_ticks = self._bid_ticks + spread_ticks
        bid, ask = self._grid.price(self._bid_ticks), self._grid.price(self._ask_ticks)
        bid_qty, ask_qty = self._top_qty(fair, leg, -1.0), self._top_qty(fair, leg, 1.0)
        return Top(ts_ns, ts_ns, self._venue, self._asset, bid, bid_qty, ask, ask_qty)

    def _top_qty(self, fair: float, leg: Leg, side: float) -> float:
        lean = 1.0 - 0.4 * side * leg.buy_bias
        return self._grid.qty(self._crowd.top_usd / fair * leg.book * lean * self._rng.lognormvariate(0.0, 0.5))

    def _prints(self, ts_ns: int, fair: float, leg: Leg) -> list[TapeEvent]:
        rng = self._rng
        buys = rng.random() < 0.5 + leg.buy_bias / 2.0
        count = rng.randint(2, 8) if rng.random() < SWEEP_SHARE * (1.0 + self._heat) else 1
        prints: list[TapeEvent] = []
        for level in range(count):
            ticks = self._ask_ticks + level // 2 if buys else self._bid_ticks - level // 2
            qty = self._grid.qty(self._crowd.print_usd / fair * rng.lognormvariate(0.0, 1.0))
            self._trade_id += 1
            price = self._grid.price(ticks)
            prints.append(Trade(ts_ns, ts_ns, self._venue, self._asset, price, qty, buys, self._trade_id))
        return prints

    def _liquidation(self, ts_ns: int, fair: float, forced: Side) -> Liquidation:
        price = self._grid.price(round(fair / self._grid.tick_usd))
        qty = self._grid.qty(self._crowd.print_usd * 40.0 / fair * self._rng.lognormvariate(0.0, 1.0))
        return Liquidation(ts_ns, ts_ns, self._venue, self._asset, price, qty, forced is Side.LONG)


def _digits(step: float) -> int:
    exponent = Decimal(str(step)).normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0

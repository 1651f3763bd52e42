"""Events for the market's tests, with only what a test cares about."""

from cockpit.domain.events import Depth, FundingRate, HealthFactor, MarkPrice, Positioning, Top, Trade
from cockpit.domain.kinds import Origin
from cockpit.domain.units import NS_PER_S, seconds_to_ns
from cockpit.market.asset import AssetMarket
from cockpit.market.bars import BASE_BAR_NS, Bar, bar_start

START_NS = 1_760_832_000 * NS_PER_S
"""2025-10-19 00:00:00 UTC, the start of a bar of every length."""


def at(seconds: float) -> int:
    """That many seconds after the start."""
    return START_NS + seconds_to_ns(seconds)


def trade(seconds: float, price: float, qty: float = 1.0, *, buyer: bool = True, venue: str = "binance") -> Trade:
    return Trade(at(seconds), at(seconds), venue, "BTC", price, qty, buyer, 0)


def top(seconds: float, bid: float = 100.0, ask: float = 101.0, size: float = 1.0, venue: str = "binance") -> Top:
    return Top(at(seconds), at(seconds), venue, "BTC", bid, size, ask, size)


def depth(seconds: float, size: float) -> Depth:
    return Depth(
        at(seconds), at(seconds), "binance", "BTC", ((100.0, size / 2),), ((101.0, size / 4), (101.5, size / 4))
    )


def mark(seconds: float, mark_price: float, index: float = 100.0) -> MarkPrice:
    return MarkPrice(at(seconds), at(seconds), "binance", "BTC", mark_price, index)


def positioning(seconds: float, short_pct: float, origin: Origin = Origin.FEED, asset: str = "BTC") -> Positioning:
    return Positioning(at(seconds), asset, origin.value, 100.0 - short_pct, short_pct, origin)


def funding(seconds: float, venue: str, rate_bps: float, origin: Origin = Origin.FEED) -> FundingRate:
    return FundingRate(at(seconds), "BTC", venue, rate_bps, origin=origin)


def health(seconds: float, value: float | None, source: str = "rpc-1", origin: Origin = Origin.FEED) -> HealthFactor:
    return HealthFactor(at(seconds), source, value, detail="" if value is not None else "timed out", origin=origin)


def asset_market(*lengths_s: int, history_s: float = 3_600.0) -> AssetMarket:
    return AssetMarket("BTC", "binance", START_NS, history_s=history_s, bar_lengths_s=lengths_s, silent_after_s=15.0)


class Clocked:
    """An asset fed the way the engine feeds it: bars that ended close before the event that ends them."""

    def __init__(self, asset: AssetMarket) -> None:
        self.asset = asset
        self.closed: list[Bar] = []
        self._next_ns = START_NS + BASE_BAR_NS

    def to(self, seconds: float) -> None:
        now_ns = at(seconds)
        if now_ns >= self._next_ns:
            boundary_ns = bar_start(now_ns, BASE_BAR_NS)
            self.closed += self.asset.close_bars(boundary_ns)
            self._next_ns = boundary_ns + BASE_BAR_NS

    def print(self, event: Trade) -> None:
        self.to((event.ts_ns - START_NS) / NS_PER_S)
        self.asset.on_trade(event)

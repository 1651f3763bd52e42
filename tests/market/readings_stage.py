"""A market without a context of its own, every reading put into it, and every reading as the gate asks for it."""

from market_events import at, funding, health, positioning, trade

from cockpit.config.model import CockpitConfig
from cockpit.domain.events import JitoTip, OpenInterest, PriorityFee
from cockpit.domain.kinds import Reading
from cockpit.market.market import Market
from cockpit.market.reading_table import ROWS
from cockpit.market.readings import ReadingView
from cockpit.market.staleness import stale

JUDGED = [row.reading for row in ROWS if not row.informs_only]


def watching(config: CockpitConfig) -> CockpitConfig:
    return config.model_copy(update={"aave": config.aave.model_copy(update={"address": "0x" + "1" * 40})})


def read(market: Market, reading: Reading, seconds: float) -> ReadingView:
    """Each reading as the gate asks for it."""
    now_ns = at(seconds)
    return {
        Reading.STREAM: lambda: market.stream("BTC", now_ns),
        Reading.POSITIONING: lambda: market.short_pct("BTC", now_ns),
        Reading.FUNDING: lambda: market.funding_rate("BTC", "okx", now_ns),
        Reading.OPEN_INTEREST: lambda: market.open_interest_change_pct("BTC", now_ns),
        Reading.HEALTH_FACTOR: lambda: market.health_factor(now_ns),
        Reading.PRIORITY_FEE: lambda: market.priority_fee(now_ns),
        Reading.JITO_TIP: lambda: market.jito_tip(now_ns),
    }[reading]()


def fill(market: Market, seconds: float) -> None:
    """One of every reading."""
    market.assets["BTC"].on_trade(trade(seconds, 100.0))
    for reading in (
        positioning(seconds, 50.0),
        funding(seconds, "binance", 1.0),
        funding(seconds, "okx", 0.5),
        OpenInterest(at(seconds), "BTC", "binance", 2.0),
        health(seconds, 2.6),
        PriorityFee(at(seconds), 1_000.0),
        JitoTip(at(seconds), 0.001),
    ):
        market.apply(reading)


def stale_names(market: Market, seconds: float) -> dict[str, str]:
    """What is stale by then, and whom that stands down."""
    return {feed.name: feed.scope for feed in stale(market, at(seconds))}

"""Forced orders overheard from the stream, and the liquidation map that is fitted to them."""

import math
from typing import Any

from cockpit.config.sources import LiquidationMapSection
from cockpit.domain.events import Liquidation as ForcedOrder
from cockpit.domain.events import LiquidationMap, Tick
from cockpit.domain.units import NS_PER_MS, NS_PER_S
from cockpit.exchanges.base.feed import Put
from cockpit.exchanges.base.forced_log import ForcedLog, ForcedOrderTap
from cockpit.exchanges.base.web import JsonSite
from cockpit.exchanges.binance.interest_map import BAR_NS, BARS, InterestMap
from cockpit.market.leverage_map import Forced
from tests.loopback.exchange_binance import BinanceVenue
from tests.loopback.timekeeper import Inbox

NOW_NS = 1_760_875_200 * NS_PER_S
FIT = LiquidationMapSection(fit_leverages=True, fit_min_bars=5)


def forced(ts_ns: int, usd: float, *, long: bool, asset: str = "BTC") -> ForcedOrder:
    return ForcedOrder(ts_ns, ts_ns, "binance", asset, 100.0, usd / 100.0, long)


def log_at(now_ns: int = NOW_NS) -> ForcedLog:
    return ForcedLog(BAR_NS, BARS, lambda: now_ns)


def test_orders_are_added_up_by_bar_side_and_asset() -> None:
    log = log_at()
    for order in (
        forced(NOW_NS + 1, 500.0, long=True),
        forced(NOW_NS + BAR_NS - 1, 300.0, long=True),
        forced(NOW_NS + 2, 200.0, long=False),
        forced(NOW_NS + BAR_NS, 100.0, long=True),
        forced(NOW_NS + 3, 900.0, long=True, asset="ETH"),
    ):
        log.note(order)
    assert log.of("BTC") == {NOW_NS: Forced(800.0, 200.0), NOW_NS + BAR_NS: Forced(100.0, 0.0)}
    assert log.of("ETH") == {NOW_NS: Forced(900.0, 0.0)}
    assert log.of("SOL") == {}


def test_bars_that_no_map_reaches_back_to_are_forgotten() -> None:
    log = log_at()
    log.note(forced(NOW_NS, 500.0, long=True))
    log.note(forced(NOW_NS + BAR_NS * (BARS + 1), 500.0, long=True))
    assert list(log.of("BTC")) == [NOW_NS + BAR_NS * (BARS + 1)]


async def test_a_feed_is_overheard_and_nothing_of_it_is_kept_back() -> None:
    class Feed:
        name = "binance"

        async def run(self, put: Put) -> None:
            await put("binance", forced(NOW_NS + 1, 500.0, long=True))
            await put("binance", Tick(NOW_NS + 2))

    log, inbox = log_at(NOW_NS + 1), Inbox()
    overheard = ForcedOrderTap(Feed(), log)
    assert (overheard.name, log.since_ns) == ("binance", None)
    await overheard.run(inbox.put)
    assert [type(event) for event in inbox.events] == [ForcedOrder, Tick]
    assert log.of("BTC") == {NOW_NS: Forced(500.0, 0.0)}
    assert log.since_ns == NOW_NS + BAR_NS, "the bar that ran already was not heard whole"
    await ForcedOrderTap(Feed(), log).run(inbox.put)
    assert log.since_ns == NOW_NS + BAR_NS, "a feed that is started again goes on where it was"


class Swings:
    """A market whose price swings while open interest grows, on a venue that stands at NOW."""

    bars = 300

    def __init__(self) -> None:
        first_ns = NOW_NS - self.bars * BAR_NS
        self.starts_ns = [first_ns + nth * BAR_NS for nth in range(self.bars)]
        self.prices = [100.0 * (1.0 + 0.1 * math.sin(nth / 11.0) * nth / self.bars) for nth in range(self.bars)]

    def klines(self) -> list[list[Any]]:
        return [
            [ts // NS_PER_MS, "0", f"{at * 1.004}", f"{at * 0.996}", "0", "10.0", 0, f"{at * 10.0}", 1, "0", "0", "0"]
            for ts, at in zip(self.starts_ns, self.prices, strict=True)
        ]

    async def map(self, section: LiquidationMapSection, log: ForcedLog | None) -> LiquidationMap:
        async with BinanceVenue(lambda: NOW_NS // NS_PER_MS) as venue:
            venue.interest["BTCUSDT"] = [1_000.0 + 10.0 * nth for nth in range(self.bars + 1)]
            venue.klines["BTCUSDT"] = self.klines()
            site = JsonSite(venue.rest_url, 5.0, lambda: NOW_NS)
            try:
                [drawn] = await InterestMap(section, ["BTC"], site, lambda: NOW_NS, log).ask()
            finally:
                await site.close()
        return drawn

    def listened(self) -> ForcedLog:
        """Every bar of the swings was listened to, and longs and shorts were forced where the price swung far."""
        log = log_at(self.starts_ns[0] - BAR_NS)
        log.begin()
        for nth, (start_ns, price) in enumerate(zip(self.starts_ns, self.prices, strict=True)):
            if abs(price / 100.0 - 1.0) > 0.03:
                log.note(forced(start_ns + 5, 40_000.0 + nth, long=price < 100.0))
        return log


async def test_the_map_says_whether_its_leverages_are_assumed_or_fitted() -> None:
    swings = Swings()
    assumed = await swings.map(LiquidationMapSection(), swings.listened())
    assert assumed.source == "binance, leverages assumed"
    unheard = log_at()
    unheard.begin()
    few = await swings.map(FIT, unheard)
    assert few.source == "binance, leverages assumed: too few forced orders to fit them"
    assert few.clusters == assumed.clusters
    fitted = await swings.map(FIT, swings.listened())
    assert fitted.source.startswith("binance, leverages fitted to ")
    assert fitted.source.endswith(" bars with forced orders")
    assert fitted.clusters and fitted.clusters != assumed.clusters
    assert {cluster.kind for cluster in fitted.clusters} == {"estimated"}

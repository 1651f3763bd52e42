"""The bars of before the start, asked of each venue with the real client library: what leaves, and what is read."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from cockpit.config.model import CockpitConfig
from cockpit.domain.events import Trade
from cockpit.domain.market_detail import Candle, PastCandles
from cockpit.domain.units import NS_PER_MS, NS_PER_S
from cockpit.exchanges.base.trouble import FeedTrouble
from cockpit.market.detail import DetailCursor, MarketDetail
from cockpit.runtime.live_source import BARS_TRIES, BarsBefore
from tests.feeds_live.bybit_scene import BybitScene
from tests.feeds_live.exchange_scene import (
    WITHIN_S,
    BinanceScene,
    CoinbaseScene,
    HyperliquidScene,
    KrakenFuturesScene,
    OkxScene,
    Scene,
    now_ms,
    playing,
)
from tests.feeds_live.test_live_source import ASSETS, Engine, live
from tests.loopback.exchange_binance import BinanceVenue
from tests.loopback.exchange_okx import OkxVenue
from tests.loopback.venue_server import Refusal

MINUTE_NS = 60 * NS_PER_S
KLINES = "/fapi/v1/klines"
Query = dict[str, Any]


def binance(start_ms: int) -> tuple[str, Query]:
    return KLINES, {"symbol": "BTCUSDT", "interval": "1m", "limit": "480", "startTime": f"{start_ms}"}


def okx(start_ms: int) -> tuple[str, Query]:
    edges = {"before": f"{start_ms - 1}", "after": f"{start_ms + 300 * 60_000}"}
    return "/api/v5/market/candles", {"instId": "BTC-USDT-SWAP", "bar": "1m", "limit": "300", **edges}


def bybit(start_ms: int) -> tuple[str, Query]:
    asked = {"category": "linear", "symbol": "BTCUSDT", "interval": "1", "limit": "480", "start": f"{start_ms}"}
    return "/v5/market/kline", asked


def coinbase(start_ms: int) -> tuple[str, Query]:
    edges = {"start": f"{start_ms // 1_000}", "end": f"{start_ms // 1_000 + 300 * 60}"}
    return "/api/v3/brokerage/market/products/BIP-20DEC30-CDE/candles", {"granularity": "ONE_MINUTE", **edges}


def krakenfutures(start_ms: int) -> tuple[str, Query]:
    return "/api/charts/v1/trade/PF_XBTUSD/1m", {"from": f"{start_ms // 1_000}"}


def hyperliquid(start_ms: int) -> tuple[str, Query]:
    return "/info", {"coin": "BTC", "interval": "1m", "startTime": start_ms}


def asked_of(venue: Any) -> tuple[str, Query]:
    """The last question, without the instant of now where it names one."""
    path, query = venue.requests[-1]
    if path == "/info":
        query = dict(venue.asked_info[-1]["req"])
    assert abs(int(query.pop("endTime", now_ms())) - now_ms()) < 60_000
    assert abs(int(query.pop("to", now_ms() // 1_000)) - now_ms() // 1_000) < 60
    return path, query


@pytest.mark.parametrize(
    ("kind", "question", "most", "coins"),
    [
        (BinanceScene, binance, 480, 2.5),
        (OkxScene, okx, 300, 2.5),
        (BybitScene, bybit, 480, 2.5),
        (CoinbaseScene, coinbase, 300, None),
        (KrakenFuturesScene, krakenfutures, 480, 2.5),
        (HyperliquidScene, hyperliquid, 480, 2.5),
    ],
)
async def test_a_venue_is_asked_once_for_its_newest_minutes(
    kind: type[Scene], question: Callable[[int], tuple[str, Query]], most: int, coins: float | None
) -> None:
    async with playing(kind) as scene:
        await asyncio.wait_for(scene.exchange.opened.wait(), WITHIN_S)
        await scene.book_ready("BTC")
        asked = len(scene.venue.requests)
        candles = await scene.exchange.bars("BTC")
        assert len(scene.venue.requests) == asked + 1
        oldest_ms = candles[0].start_ns // NS_PER_MS
        assert asked_of(scene.venue) == question(oldest_ms)
        assert [candle.start_ns for candle in candles] == [candles[0].start_ns + at * MINUTE_NS for at in range(most)]
        assert abs(candles[-1].start_ns - now_ms() * NS_PER_MS) < 2 * MINUTE_NS, "up to the minute that runs"
        assert candles[0] == Candle(candles[0].start_ns, 100.0, 101.0, 99.0, 100.5, coins, None), "in base coins"


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([], "binance bars of BTC: expected at least one, was none"),
        ([(0, "NaN", "101", "99", "100", "1")], "expected a finite number as 1, was nan"),
        ([(0, "100", None, "99", "100", "1")], "expected a number as 2"),
        ([(0, "100", "99", "98", "100", "1")], "expected a bar from low to high, was 100, 99, 98, 100"),
        ([(3_600, "1", "1", "1", "1", "1")], "s ahead of the clock"),
    ],
)
async def test_bars_that_are_none_are_said(rows: list[Any], sentence: str) -> None:
    async with playing(BinanceScene) as scene:
        scene.venue.klines["BTCUSDT"] = [[now_ms() + ahead_s * 1_000, *bar, *[0] * 6] for ahead_s, *bar in rows]
        await asyncio.wait_for(scene.exchange.opened.wait(), WITHIN_S)
        with pytest.raises(FeedTrouble) as refused:
            await scene.exchange.bars("BTC")
        assert sentence in refused.value.sentence


async def test_an_odd_bar_does_not_lose_the_others() -> None:
    async with playing(BinanceScene) as scene:
        good, odd = ("100", "101", "99", "100", "1"), ("?", "101", "99", "100", "1")
        scene.venue.klines["BTCUSDT"] = [[now_ms(), *bar, *[0] * 6] for bar in (good, odd)]
        await asyncio.wait_for(scene.exchange.opened.wait(), WITHIN_S)
        assert [candle.high for candle in await scene.exchange.bars("BTC")] == [101.0]


class Received:
    """What a chart is told."""

    def __init__(self) -> None:
        self.pasts: dict[str, PastCandles] = {}
        self.detail = MarketDetail(dict.fromkeys(ASSETS, "binance"))
        self._changed = asyncio.Event()

    def take(self, past: PastCandles) -> None:
        self.pasts[past.asset] = past
        self.detail.take_past(past)
        self._changed.set()

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(WITHIN_S):
            while not holds():
                self._changed.clear()
                await self._changed.wait()


async def test_a_chart_has_hours_before_the_first_print_and_the_engine_has_none(shipped_config: CockpitConfig) -> None:
    async with BinanceVenue(now_ms) as binance, OkxVenue(now_ms) as okx:
        told = Received()
        async with live(shipped_config, binance, okx, Engine()) as (source, engine):
            source.on_past = told.take
            await told.until(lambda: set(told.pasts) == ASSETS)
            await engine.until(lambda: bool(engine.events))
            assert not engine.of(Trade), "nobody printed: bars are no prints"
            assert all(len(past.minutes) == 480 and not past.missing for past in told.pasts.values())
            ends = next(view for view in source.workers() if view.name == "binance bars")
            assert (ends.state, ends.restarts) == ("ended", 0)
        assert len(binance.asked(KLINES)) >= len(ASSETS)
        assert not okx.asked("/api/v5/market/candles"), "only where the prices of the chart come from"
        detail = told.detail.assets["BTC"].since(DetailCursor())
        assert len(detail.minutes) == 480 and detail.own_since_ns == 0


async def test_a_venue_that_tells_none_is_asked_a_few_times_and_missed_on_the_chart_only() -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    async with playing(BinanceScene, ["BTC", "ETH"]) as scene:
        told = Received()
        scene.venue.klines["BTCUSDT"] = []
        bars = BarsBefore(scene.exchange, ["BTC", "ETH"], scene.exchange.now_ns, told.take, sleep)
        await asyncio.wait_for(bars.run(), WITHIN_S)
        symbols = [query["symbol"] for query in scene.venue.asked(KLINES)]
        assert (symbols.count("BTCUSDT"), symbols.count("ETHUSDT")) == (BARS_TRIES, 1)
        assert waited == [15.0, 30.0, 60.0, 120.0]
        assert told.pasts["BTC"].missing == "binance bars of BTC: expected at least one, was none"
        detail = told.detail.assets["BTC"].since(DetailCursor())
        assert detail.past_missing == told.pasts["BTC"].missing and not detail.minutes
        await scene.trades("BTC", [1])
        await scene.until_seen(Trade)


async def test_a_venue_that_says_wait_is_left_alone_as_long_as_it_says() -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)
        scene.exchange.budget._until_ns = 0

    async with playing(BinanceScene, ["BTC", "ETH"]) as scene:
        told = Received()
        await asyncio.wait_for(scene.exchange.opened.wait(), WITHIN_S)
        await scene.book_ready("BTC")
        asked = len(scene.venue.requests)
        scene.venue.refuse(KLINES, Refusal(429, {"Retry-After": "45"}, {"code": -1003, "msg": "Too many requests"}))
        bars = BarsBefore(scene.exchange, ["BTC", "ETH"], scene.exchange.now_ns, told.take, sleep)
        await asyncio.wait_for(bars.run(), WITHIN_S)
        assert len(waited) == 1 and 44.0 <= waited[0] <= 45.0
        klines = [path for path, _ in scene.venue.requests[asked:] if path == KLINES]
        assert len(klines) == 3, "the second asset is not asked for while the venue says wait"
        assert {past.missing for past in told.pasts.values()} == {""}


async def test_bars_come_in_the_sessions_time_whatever_the_venues_clock_says() -> None:
    async with playing(BinanceScene) as scene:
        told, hour_ns = Received(), 3_600 * NS_PER_S
        bars = BarsBefore(scene.exchange, ["BTC"], lambda: scene.exchange.now_ns() - hour_ns, told.take)
        await asyncio.wait_for(bars.run(), WITHIN_S)
        newest = told.pasts["BTC"].minutes[-1]
        assert abs(newest.start_ns + hour_ns - now_ms() * NS_PER_MS) < 2 * MINUTE_NS
        assert newest.start_ns % MINUTE_NS == 0

"""The live market as the engine gets it: every feed at once, each falling alone, time by the venue's clock."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from cockpit.config.endpoints import BadEndpoint
from cockpit.config.model import CockpitConfig
from cockpit.config.secrets import Secrets
from cockpit.domain.events import FeedHealth, FundingRate, OpenInterest, Positioning, Trade
from cockpit.domain.kinds import FeedState, Reading
from cockpit.feeds.roster import roster_of
from cockpit.runtime.live_source import LiveSource
from tests.feeds_live.exchange_scene import WITHIN_S, now_ms
from tests.loopback.exchange_binance import BinanceVenue
from tests.loopback.exchange_okx import OkxVenue

VENUES = {"binance", "okx"}
ASSETS = {"BTC", "SOL", "XRP", "ETH"}


class Engine:
    """Takes what the source hands over."""

    def __init__(self) -> None:
        self.events: list[Any] = []
        self._changed = asyncio.Condition()

    async def put(self, source: str, event: object) -> None:
        async with self._changed:
            self.events.append(event)
            self._changed.notify_all()

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    async def until(self, holds: Any) -> None:
        async with asyncio.timeout(WITHIN_S), self._changed:
            await self._changed.wait_for(holds)


def _environ(binance: BinanceVenue, okx: OkxVenue) -> dict[str, str]:
    return {
        "COCKPIT_BINANCEUSDM_REST_URL": binance.rest_url,
        "COCKPIT_BINANCEUSDM_WS_URL": binance.ws_url,
        "COCKPIT_OKX_REST_URL": okx.rest_url,
        "COCKPIT_OKX_WS_URL": okx.ws_url,
        "COCKPIT_JITO_URL": f"{okx.rest_url}/nowhere",
    }


@asynccontextmanager
async def live(config: CockpitConfig, binance: BinanceVenue, okx: OkxVenue) -> AsyncIterator[tuple[LiveSource, Engine]]:
    environ = _environ(binance, okx)
    keyless = Secrets(environ, keyring=lambda name: None)
    source, engine = LiveSource(config, roster_of(config, environ, secrets=keyless)), Engine()
    running = asyncio.create_task(source.run(engine.put))
    try:
        yield source, engine
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_every_asset_gets_every_reading_without_a_key(shipped_config: CockpitConfig) -> None:
    async with BinanceVenue(now_ms) as binance, OkxVenue(now_ms) as okx:
        binance.short_share["BTCUSDT"] = 0.562
        async with live(shipped_config, binance, okx) as (source, engine):
            await binance.until_subscribed(*(f"{asset.lower()}usdt@aggTrade" for asset in ASSETS))
            for asset in ASSETS:
                await binance.trade(f"{asset}USDT", 1, 100.0, 1.0)
            await engine.until(
                lambda: (
                    {rate.asset for rate in engine.of(Trade)} == ASSETS
                    and {(rate.asset, rate.venue) for rate in engine.of(FundingRate)}
                    == {(asset, venue) for asset in ASSETS for venue in ("binance", "okx")}
                    and {shares.asset for shares in engine.of(Positioning)} == ASSETS
                    and {interest.asset for interest in engine.of(OpenInterest)} == ASSETS
                )
            )
            btc = next(shares for shares in engine.of(Positioning) if shares.asset == "BTC")
            assert btc.short_pct == pytest.approx(56.2)
            assert btc.bar_s == 300.0, "its age is judged by when the next bar can be there"
            names = [view.name for view in source.workers()]
            assert {"binance", "okx", "binance funding", "okx funding", "positioning", "open interest"} <= set(names)
            assert all(view.restarts == 0 for view in source.workers())
            assert not [
                word for word in engine.of(FeedHealth) if word.state is FeedState.DOWN and word.source in VENUES
            ]


async def test_one_venue_gone_is_said_by_its_feeds_and_the_other_goes_on(shipped_config: CockpitConfig) -> None:
    async with BinanceVenue(now_ms) as binance, OkxVenue(now_ms) as okx:
        await okx.go_down()
        async with live(shipped_config, binance, okx) as (_, engine):
            down = {(Reading.STREAM, "okx"), (Reading.FUNDING, "okx")}
            await engine.until(
                lambda: (
                    {rate.asset for rate in engine.of(FundingRate)} == ASSETS
                    and down <= {(word.reading, word.source) for word in engine.of(FeedHealth) if word.detail}
                )
            )
            words = [word for word in engine.of(FeedHealth) if word.state is FeedState.DOWN and word.source in VENUES]
            assert {word.source for word in words} == {"okx"}
            assert all("okx markets: ExchangeNotAvailable" in word.detail for word in words)
            assert {rate.venue for rate in engine.of(FundingRate)} == {"binance"}
            await okx.come_back()
            await engine.until(lambda: {rate.venue for rate in engine.of(FundingRate)} == {"binance", "okx"})


async def test_positioning_comes_from_okx_where_binance_has_none(shipped_config: CockpitConfig) -> None:
    async with BinanceVenue(now_ms) as binance, OkxVenue(now_ms) as okx:
        binance.bases = []
        okx.ratio["BTC-USDT-SWAP"] = 1.5
        async with live(shipped_config, binance, okx) as (_, engine):
            await engine.until(lambda: {shares.asset for shares in engine.of(Positioning)} == ASSETS)
            assert {shares.source for shares in engine.of(Positioning)} == {"okx accounts 5m"}
            btc = next(shares for shares in engine.of(Positioning) if shares.asset == "BTC")
            assert btc.long_pct == pytest.approx(60.0)
            assert btc.bar_s == 300.0


async def test_time_is_the_venues_and_never_runs_backwards(shipped_config: CockpitConfig) -> None:
    ahead_ms = 90_000
    async with (
        BinanceVenue(lambda: now_ms() + ahead_ms) as binance,
        OkxVenue(now_ms) as okx,
        live(shipped_config, binance, okx) as (source, engine),
    ):
        await engine.until(lambda: engine.of(FundingRate))
        before_ns = source.now_ns()
        assert before_ns / 1e6 == pytest.approx(now_ms() + ahead_ms, abs=2_000)
        ahead_ms = 0
        await source.ask_time()
        assert source.now_ns() >= before_ns


def test_a_plain_address_elsewhere_is_refused_before_anything_is_dialled(shipped_config: CockpitConfig) -> None:
    with pytest.raises(BadEndpoint, match="COCKPIT_OKX_WS_URL: expected wss://"):
        roster_of(shipped_config, {"COCKPIT_OKX_WS_URL": "ws://example.com"})

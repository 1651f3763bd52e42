"""What Bybit's REST says of positioning, funding and open interest, asked of a loopback venue."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from cockpit.config.endpoints import VenueUrls
from cockpit.config.live import LiveSection
from cockpit.exchanges.base.trouble import FeedTrouble
from cockpit.exchanges.bybit.market import Bybit
from cockpit.exchanges.bybit.readings import BybitReadings
from tests.feeds_live.exchange_scene import close_now, now_ms
from tests.loopback.exchange_bybit import BybitVenue

MS = 1_000_000


@asynccontextmanager
async def asked() -> AsyncIterator[tuple[BybitVenue, BybitReadings]]:
    async with BybitVenue(now_ms) as venue:
        exchange = Bybit(["BTC", "XRP"], VenueUrls(venue.rest_url, venue.ws_url), LiveSection())
        try:
            yield venue, BybitReadings(exchange)
        finally:
            await close_now(exchange)


async def test_who_is_short_is_told_for_the_end_of_its_bar() -> None:
    async with asked() as (venue, readings):
        venue.short_share["BTCUSDT"] = 0.562
        reading = await readings.positioning("BTC")
        assert (reading.short_pct, reading.long_pct) == (pytest.approx(56.2), pytest.approx(43.8))
        assert reading.source == "bybit accounts 5m" and reading.ts_ns % (300_000 * MS) == 0
        asked_for = {"category": "linear", "symbol": "BTCUSDT", "period": "5min", "limit": "1"}
        assert venue.asked("/v5/market/account-ratio") == [asked_for]


async def test_shares_that_do_not_add_up_are_refused() -> None:
    async with asked() as (venue, readings):
        venue._ratios = lambda symbol, limit: [{"buyRatio": "0.9", "sellRatio": "0.3", "timestamp": "1"}]  # type: ignore[method-assign]
        with pytest.raises(FeedTrouble, match=r"expected shares that add up to 1, was 0\.9 and 0\.3"):
            await readings.positioning("BTC")


async def test_funding_is_told_over_8_h_by_its_own_interval() -> None:
    async with asked() as (venue, readings):
        venue.rates["XRPUSDT"], venue.interval_h["XRPUSDT"] = "0.00005", 4
        rate = await readings.funding("XRP")
        assert (rate.rate_bps_8h, rate.interval_h) == (pytest.approx(1.0), 4.0)
        assert rate.next_ns % (4 * 3_600_000 * MS) == 0
        with pytest.raises(FeedTrouble, match="expected a perpetual of DOGE against USDT"):
            await readings.funding("DOGE")


async def test_open_interest_is_compared_with_that_of_a_day_ago() -> None:
    async with asked() as (venue, readings):
        venue.interest["BTCUSDT"] = [50_000.0] * 290 + [55_000.0] * 10
        venue.marks["BTCUSDT"] = 100_000.0
        reading = await readings.open_interest("BTC")
        assert reading.change_24h_pct == pytest.approx(10.0) and reading.value_usd == pytest.approx(5.5e9)

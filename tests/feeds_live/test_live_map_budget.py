"""The liquidation map asks Binance out of the same allowance as everybody else at this address."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

import pytest

from cockpit.config.model import CockpitConfig
from cockpit.config.secrets import Secrets
from cockpit.domain.events import FeedHealth, LiquidationMap
from cockpit.domain.kinds import FeedState
from cockpit.domain.units import NS_PER_S
from cockpit.exchanges.base.public import Exchange
from cockpit.exchanges.base.timing import Timing
from cockpit.exchanges.base.trouble import FeedTrouble
from cockpit.exchanges.binance.interest_map import SOURCE
from cockpit.feeds.polled import RepeatedFeed
from cockpit.feeds.roster import roster_of
from tests.feeds_live.exchange_scene import close_now, now_ms
from tests.loopback.exchange_binance import BinanceVenue
from tests.loopback.timekeeper import Inbox
from tests.loopback.venue_server import Refusal

MINUTE_NS = 60 * NS_PER_S
INTEREST, KLINES, TIME = "/futures/data/openInterestHist", "/fapi/v1/klines", "/fapi/v1/time"


class Rig(NamedTuple):
    venue: BinanceVenue
    exchange: Exchange
    feed: RepeatedFeed
    inbox: Inbox


@asynccontextmanager
async def rigged(config: CockpitConfig) -> AsyncIterator[Rig]:
    """The map as the roster makes it, beside the exchange it shares its address with. Time stands still."""
    early_ns = time.time_ns() // MINUTE_NS * MINUTE_NS + 10 * NS_PER_S
    async with BinanceVenue(now_ms) as venue:
        venue.interest["BTCUSDT"] = [1_000.0 + nth for nth in range(300)]
        environ = {"COCKPIT_BINANCEUSDM_REST_URL": venue.rest_url, "COCKPIT_BINANCEUSDM_WS_URL": venue.ws_url}
        roster = roster_of(config, environ, Timing(lambda: early_ns), Secrets(environ, keyring=lambda name: None))
        feed = next(member.feed for member in roster.members if member.feed.name == SOURCE)
        assert isinstance(feed, RepeatedFeed)
        exchange = roster.exchanges["binance"]
        try:
            yield Rig(venue, exchange, feed, Inbox())
        finally:
            await feed._held.close()
            await close_now(exchange)


async def test_it_draws_a_map_of_every_asset_and_counts_its_calls(shipped_config: CockpitConfig) -> None:
    async with rigged(shipped_config) as rig:
        rig.venue.headers["X-MBX-USED-WEIGHT-1M"] = "77"
        await rig.feed.round(rig.inbox.put)
        maps = [event for event in rig.inbox.events if isinstance(event, LiquidationMap)]
        assert [one.asset for one in maps] == list(shipped_config.assets)
        assert maps[0].clusters and maps[0].explained_pct > 0
        assert rig.exchange.budget.used == 77


async def test_it_asks_nothing_once_the_shared_allowance_is_used(shipped_config: CockpitConfig) -> None:
    async with rigged(shipped_config) as rig:
        await rig.exchange.open()
        rig.venue.headers["X-MBX-USED-WEIGHT-1M"] = "1200"
        await rig.exchange.ask_time()
        asked = len(rig.venue.requests)
        waits_s = await rig.feed.round(rig.inbox.put)
        assert len(rig.venue.requests) == asked
        assert waits_s >= rig.exchange.budget.wait_s() == 50
        [word] = [event for event in rig.inbox.events if isinstance(event, FeedHealth)]
        assert word.state is FeedState.DOWN
        assert word.detail == "asked enough for now, waits 50 s"


async def test_when_it_is_told_to_wait_everybody_waits(shipped_config: CockpitConfig) -> None:
    async with rigged(shipped_config) as rig:
        await rig.exchange.open()
        rig.venue.refuse(INTEREST, Refusal(429, {"Retry-After": "42"}))
        await rig.feed.round(rig.inbox.put)
        assert rig.exchange.budget.wait_s() == 42
        asked = len(rig.venue.asked(TIME))
        with pytest.raises(FeedTrouble, match="asked enough for now, waits"):
            await rig.exchange.ask("fapiPublicGetTime")
        assert len(rig.venue.asked(TIME)) == asked
        assert rig.venue.asked(KLINES) == []

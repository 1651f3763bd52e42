"""Bybit's scene: its names of channels and markets."""

import asyncio
from typing import Any, ClassVar

from cockpit.domain.events import Depth
from cockpit.exchanges.base.channels import Channel
from cockpit.exchanges.bybit.market import Bybit
from tests.feeds_live.exchange_scene import WITHIN_S, Scene, now_ms
from tests.loopback.exchange_bybit import BybitVenue, topic
from tests.loopback.venue_server import VenueServer

NAMES = {
    Channel.TRADES: "publicTrade",
    Channel.TOPS: "orderbook.1",
    Channel.DEPTH: "orderbook.50",
    Channel.MARK: "tickers",
    Channel.LIQUIDATIONS: "allLiquidation",
}


class BybitScene(Scene):
    exchange_type = Bybit
    price_field, stamp_field = "p", "T"
    choking: ClassVar[Any] = {"topic": "orderbook.50.BTCUSDT", "type": "snapshot", "ts": 1, "data": {"s": "BTCUSDT"}}

    def make_venue(self) -> VenueServer:
        return BybitVenue(now_ms)

    def channels(self) -> list[Channel]:
        return list(NAMES)

    def name(self, asset: str) -> str:
        return f"{asset}USDT"

    def topic(self, channel: Channel, asset: str) -> str:
        return topic(NAMES[channel], f"{asset}USDT")

    async def book_ready(self, asset: str) -> None:
        """The snapshot is the subscription's first message."""
        async with asyncio.timeout(WITHIN_S):
            while self.exchange.client is None or self.exchange.book(asset) is None:
                await asyncio.sleep(0.005)

    async def book_again(self, asset: str, depths: int) -> None:
        await self.until(lambda: len(self.of(Depth)) > depths)

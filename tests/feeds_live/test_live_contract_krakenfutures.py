"""Kraken Futures' stream keeps the contract of every exchange; what of it is its own."""

import asyncio

from cockpit.domain.events import Liquidation, Trade
from cockpit.domain.kinds import FeedState
from cockpit.exchanges.base.channels import Channel
from tests.feeds_live.exchange_contract import ExchangeContract
from tests.feeds_live.exchange_scene import HASTY, KrakenFuturesScene, playing


class TestKrakenFutures(ExchangeContract):
    scene = KrakenFuturesScene

    async def test_a_lost_subscription_is_made_again_while_the_socket_speaks(self) -> None:
        """Marks come with the tops here: both are missed."""
        async with playing(self.scene, live=HASTY) as scene:
            await scene.everything("BTC", 1)
            await scene.until_seen(Trade)

            async def speak() -> None:
                for trade_id in range(2, 1_000):
                    await scene.trades("BTC", [trade_id])
                    await asyncio.sleep(0.02)

            prints = asyncio.create_task(speak())
            scene.venue.drop(scene.topic(Channel.TOPS, "BTC"))
            await scene.until_health(FeedState.DOWN, "lost: no data of BTC")
            await scene.subscribed(Channel.TOPS)
            prints.cancel()

    async def test_a_forced_order_is_a_print_too(self) -> None:
        async with playing(self.scene) as scene:
            await scene.trades("BTC", [1])
            await scene.liquidations("BTC", 1)
            await scene.until_seen(Liquidation)
            assert [trade.trade_id for trade in scene.of(Trade)] == [1, 2]
            assert not scene.of(Trade)[1].taker_is_buyer

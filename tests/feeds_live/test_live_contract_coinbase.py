"""Coinbase's stream keeps the contract of every exchange; what of it is its own."""

import asyncio

from cockpit.config.endpoints import VenueUrls
from cockpit.domain.events import Depth, Trade
from cockpit.domain.kinds import FeedState
from cockpit.exchanges.base.channels import Channel
from tests.feeds_live.exchange_contract import ExchangeContract
from tests.feeds_live.exchange_scene import HASTY, PATIENT, CoinbaseScene, playing


class TestCoinbase(ExchangeContract):
    scene = CoinbaseScene

    async def test_every_channel_of_every_asset_has_one_connection_and_says_its_product(self) -> None:
        async with playing(self.scene, assets=("BTC", "ETH")) as scene:
            assert scene.venue.connections == 1
            sent = [frame for frame in scene.venue.received if isinstance(frame, dict)]
            assert {frame["channel"] for frame in sent} == {"market_trades", "ticker", "level2", "heartbeats"}
            assert all(set(frame) == {"type", "product_ids", "channel"} for frame in sent), "public: no key, no token"
            assert all(frame["product_ids"] == ["BIP-20DEC30-CDE", "ETP-20DEC30-CDE"] for frame in sent)

    async def test_a_burst_of_forced_orders_arrives_whole(self) -> None:
        """The venue tells none: its channels say so."""
        async with playing(self.scene) as scene:
            assert Channel.LIQUIDATIONS not in scene.exchange.sockets and Channel.MARK not in scene.exchange.sockets

    async def test_prints_of_one_message_come_newest_first_and_are_put_in_order(self) -> None:
        async with playing(self.scene) as scene:
            frames = [scene.venue.trade_frame(scene.name("BTC"), trade_id, 100.0, 1.0) for trade_id in (3, 2, 1)]
            rows = [frame["events"][0]["trades"][0] for frame in frames]
            message = scene.venue.message("market_trades", [{"type": "update", "trades": rows}])
            await scene.venue.push(scene.topic(Channel.TRADES, "BTC"), message)
            await scene.until_seen(Trade, 3)
            assert scene.ids() == [1, 2, 3] and scene.feed.counts["duplicate prints"] == 0

    async def test_prints_of_before_the_subscription_are_history(self) -> None:
        async with playing(self.scene) as scene:
            frame = scene.venue.trade_frame(scene.name("BTC"), 7, 100.0, 1.0)
            frame["events"][0]["type"] = "snapshot"
            await scene.venue.push(scene.topic(Channel.TRADES, "BTC"), frame)
            await scene.trades("BTC", [8])
            await scene.until_seen(Trade)
            assert scene.ids() == [8]

    async def test_a_gap_among_messages_of_any_channel_brings_new_books(self) -> None:
        """They are numbered through: whatever was lost, it may have been a change of a book."""
        async with playing(self.scene) as scene:
            await scene.book_ready("BTC")
            scene.venue._skip = 1
            await scene.top("BTC", 100.0, 5.0, 100.1, 4.0)
            await scene.until_health(FeedState.DOWN, "depth lost: a change of the book was missed")
            await scene.book_again("BTC", len(scene.of(Depth)))

    async def test_a_silent_market_with_heartbeats_is_left_alone(self) -> None:
        async with playing(self.scene, live=HASTY) as scene:
            beats = asyncio.create_task(_beat(scene))
            await scene.everything("BTC", 1)
            await scene.until_seen(Trade)
            await scene.until_health(FeedState.FRESH)
            connections = scene.venue.connections
            await asyncio.sleep(2.5)
            beats.cancel()
            assert scene.venue.connections == connections

    async def test_without_its_addresses_it_goes_to_the_venues_own(self) -> None:
        exchange = self.scene.exchange_type(["BTC"], VenueUrls(None, None), PATIENT)
        client = exchange._make_client(VenueUrls(None, None))
        try:
            assert client.urls["api"]["rest"] == "https://api.coinbase.com"
            assert client.urls["api"]["ws"] == "wss://advanced-trade-ws.coinbase.com"
        finally:
            await client.close()


async def _beat(scene: CoinbaseScene) -> None:
    while True:
        await scene.venue.heartbeat()
        await asyncio.sleep(0.2)

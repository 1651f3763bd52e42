"""Bybit's stream keeps the contract of every exchange; what of it is its own."""

import asyncio

from cockpit.domain.events import Depth, MarkPrice, Top, Trade
from cockpit.domain.kinds import FeedState
from cockpit.exchanges.base.channels import Channel
from tests.feeds_live.bybit_scene import BybitScene
from tests.feeds_live.exchange_contract import ExchangeContract
from tests.feeds_live.exchange_scene import playing
from tests.loopback.exchange_bybit import topic
from tests.patience import patient_s


class TestBybit(ExchangeContract):
    scene = BybitScene

    async def test_prints_out_of_order_are_put_in_order(self) -> None:
        """Nothing in a print says what came before it: they go on as they came, each with a number of its own."""
        async with playing(self.scene) as scene:
            await scene.trades("BTC", [1, 3, 4, 2, 5])
            await scene.until_seen(Trade, 5)
            assert scene.ids() == [1, 3, 4, 5, 6]
            assert scene.feed.counts["missing prints"] == scene.feed.counts["duplicate prints"] == 0

    async def test_a_gap_in_the_ids_is_said_with_its_size(self) -> None:
        """The venue's sequence leaves numbers out by itself: no gap can be known of, and none is made up."""
        async with playing(self.scene) as scene:
            await scene.trades("BTC", [1, 2, 10])
            await scene.until_seen(Trade, 3)
            assert scene.ids() == [1, 2, 10] and scene.feed.counts["missing prints"] == 0

    async def test_prints_of_one_sequence_are_told_apart(self) -> None:
        async with playing(self.scene) as scene:
            frames = [scene.venue.trade_frame("BTCUSDT", number, 100.0, 1.0) for number in (7, 8)]
            frames[1]["data"][0]["seq"] = 7
            await scene.venue.push(topic("publicTrade", "BTCUSDT"), *frames, *frames)
            await scene.trades("BTC", [9])
            await scene.until_seen(Trade, 3)
            assert scene.ids() == [7, 8, 9] and scene.feed.counts["duplicate prints"] == 2

    async def test_a_change_of_the_ticker_leaves_the_rest_of_it_as_it_was(self) -> None:
        async with playing(self.scene) as scene:
            await scene.mark("BTC", 100.05, 100.0)
            await scene.until_seen(MarkPrice)
            change = {"topic": "tickers.BTCUSDT", "type": "delta", "cs": 1, "ts": scene.venue.now_ms()}
            name = topic("tickers", "BTCUSDT")
            await scene.venue.push(name, {**change, "data": {"symbol": "BTCUSDT", "bid1Size": "6.1"}})
            await scene.venue.push(name, {**change, "data": {"symbol": "BTCUSDT", "indexPrice": "100.02"}})
            await scene.until_seen(MarkPrice, 2)
            assert [(mark.mark, mark.index) for mark in scene.of(MarkPrice)] == [(100.05, 100.0), (100.05, 100.02)]

    async def test_a_mark_that_stands_still_is_said_again_while_its_ticker_speaks(self) -> None:
        async with playing(self.scene) as scene:
            await scene.mark("BTC", 100.05, 100.0)
            await scene.until_seen(MarkPrice)
            frame = {"topic": "tickers.BTCUSDT", "type": "delta", "cs": 1, "data": {"symbol": "BTCUSDT"}}
            later = {**frame, "ts": scene.venue.now_ms() + 1_100}
            await scene.venue.push(topic("tickers", "BTCUSDT"), {**frame, "ts": scene.venue.now_ms()}, later)
            await scene.until_seen(MarkPrice, 2)
            assert [(mark.mark, mark.index) for mark in scene.of(MarkPrice)] == [(100.05, 100.0)] * 2

    async def test_one_side_of_the_top_changes_without_the_other(self) -> None:
        async with playing(self.scene) as scene:
            await scene.top("BTC", 100.0, 5.0, 100.1, 4.0)
            await scene.top("BTC", 99.9, 3.0, 100.1, 4.0)
            await scene.top("BTC", 99.9, 3.0, 100.0, 2.0)
            tops = await scene.until_seen(Top, 3)
            assert [(top.bid, top.bid_qty, top.ask, top.ask_qty) for top in tops] == [
                (100.0, 5.0, 100.1, 4.0),
                (99.9, 3.0, 100.1, 4.0),
                (99.9, 3.0, 100.0, 2.0),
            ]

    async def test_a_gap_in_one_book_takes_back_that_subscription_alone(self) -> None:
        async with playing(self.scene, ("BTC", "ETH")) as scene:
            await scene.book_ready("BTC")
            await scene.book_ready("ETH")
            connections = scene.venue.connections
            await scene.change_book("BTC", 7.0, skip=5)
            await scene.until_health(FeedState.DOWN, "depth lost: a change of the book was missed")
            await scene.until(lambda: len([depth for depth in scene.of(Depth) if depth.asset == "BTC"]) >= 2)
            taken_back = [frame["args"] for frame in scene.venue.received if frame["op"] == "unsubscribe"]
            assert taken_back == [["orderbook.50.BTCUSDT"]] and scene.venue.connections == connections

    async def test_a_ping_goes_out_in_the_venues_own_words(self) -> None:
        async with playing(self.scene) as scene:
            (url,) = set(scene.exchange.sockets.values())
            await scene.exchange.client.clients[url].send(scene.exchange.client.ping(None))
            async with asyncio.timeout(patient_s(10)):
                await scene.venue.until(lambda: scene.venue.pings == 1)
            await scene.subscribed(Channel.TRADES)

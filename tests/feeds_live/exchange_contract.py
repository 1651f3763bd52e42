"""What every exchange's stream must do, whatever the venue's own words are. Both venues' tests run all of it."""

import asyncio
import json

import pytest

from cockpit.domain.events import Depth, Liquidation, MarkPrice, Top, Trade
from cockpit.domain.kinds import FeedState
from cockpit.exchanges.base.channels import Channel
from cockpit.exchanges.base.trouble import FeedTrouble
from tests.feeds_live.exchange_scene import HASTY, PATIENT, Scene, close_now, now_ms, playing

BURST = 1_500
"""More than the client library's own cache of trades holds."""


class ExchangeContract:
    """Subclass it with a scene."""

    scene: type[Scene]

    async def test_every_channel_becomes_its_event_in_base_coins(self) -> None:
        async with playing(self.scene) as scene:
            await scene.book_ready("BTC")
            before_ns = now_ms() * 1_000_000
            await scene.trades("BTC", [10], price=100.1, qty=0.25)
            await scene.top("BTC", 100.0, 5.0, 100.1, 4.0)
            await scene.mark("BTC", 100.05, 100.0)
            await scene.change_book("BTC", 6.0)
            await scene.liquidations("BTC", 1, long=False)
            await scene.until(lambda: scene.kinds() <= {type(e) for e in scene.events})
            await scene.until(lambda: scene.of(Depth)[-1].bids == ((100.0, 6.0),))
            trade, top, depth = scene.of(Trade)[0], scene.of(Top)[0], scene.of(Depth)[-1]
            assert (trade.asset, trade.price, trade.qty, trade.taker_is_buyer) == ("BTC", 100.1, 0.25, True)
            assert (top.bid, top.bid_qty, top.ask, top.ask_qty) == (100.0, 5.0, 100.1, 4.0)
            assert (depth.bids, depth.asks) == (((100.0, 6.0),), ((100.1, 4.0),)), "99 and 101 lie beyond 10 bps"
            marks, liquidations = scene.of(MarkPrice)[:1], scene.of(Liquidation)[:1]
            assert [(mark.mark, mark.index) for mark in marks] in ([], [(100.05, 100.0)])
            assert [(one.price, one.qty, one.long_liquidated) for one in liquidations] in ([], [(100.0, 1.0, False)])
            for event in (trade, top, depth, *marks, *liquidations):
                assert event.venue == scene.exchange.name
                assert event.ts_ns >= before_ns, "the venue's stamp"
                assert event.recv_ns >= before_ns

    async def test_a_burst_of_forced_orders_arrives_whole(self) -> None:
        async with playing(self.scene) as scene:
            await scene.liquidations("BTC", 50)
            forced = await scene.until_seen(Liquidation, 50)
            assert [round(one.qty, 6) for one in forced] == [float(nth) for nth in range(1, 51)]
            assert all(one.long_liquidated for one in forced)

    async def test_a_burst_of_prints_arrives_whole_and_in_order(self) -> None:
        async with playing(self.scene) as scene:
            await scene.trades("BTC", range(1, BURST + 1))
            await scene.until_seen(Trade, BURST)
            assert scene.ids() == list(range(1, BURST + 1))
            assert scene.feed.counts["missing prints"] == 0

    async def test_a_print_sent_twice_counts_once(self) -> None:
        async with playing(self.scene) as scene:
            scene.venue.twice = True
            await scene.trades("BTC", [1, 2, 3])
            scene.venue.twice = False
            await scene.trades("BTC", [4])
            await scene.until_seen(Trade, 4)
            assert scene.ids() == [1, 2, 3, 4]
            assert scene.feed.counts["duplicate prints"] == 3

    async def test_prints_out_of_order_are_put_in_order(self) -> None:
        async with playing(self.scene) as scene:
            await scene.trades("BTC", [1, 3, 4, 2, 5])
            await scene.until_seen(Trade, 5)
            assert scene.ids() == [1, 2, 3, 4, 5]

    async def test_a_gap_in_the_ids_is_said_with_its_size(self) -> None:
        async with playing(self.scene) as scene:
            await scene.trades("BTC", [1, 2, 10])
            await scene.until_seen(Trade, 3)
            word = await scene.until_health(FeedState.DOWN)
            assert word.detail == "7 prints of BTC are missing before id 10"
            assert scene.ids() == [1, 2, 10]

    async def test_after_a_killed_socket_everything_is_subscribed_again(self) -> None:
        async with playing(self.scene) as scene:
            await scene.book_ready("BTC")
            await scene.everything("BTC", 1)
            await scene.until_seen(Trade)
            connections = scene.venue.connections
            scene.venue.kill()
            word = await scene.until_health(FeedState.DOWN, "lost")
            assert "Connection closed" in word.detail
            await scene.subscribed()
            assert scene.venue.connections > connections
            await scene.book_ready("BTC")
            seen = len(scene.events)
            await scene.everything("BTC", 2)
            kinds = scene.kinds() - {Liquidation}
            await scene.until(lambda: kinds <= {type(event) for event in scene.events[seen:]})
            await scene.until_health(FeedState.FRESH)

    async def test_after_a_polite_goodbye_it_dials_again(self) -> None:
        async with playing(self.scene) as scene:
            await scene.venue.hang_up()
            await scene.until_health(FeedState.DOWN, "lost")
            await scene.subscribed()
            await scene.trades("BTC", [7])
            await scene.until_seen(Trade)

    async def test_an_open_but_silent_socket_is_dropped_and_dialled_anew(self) -> None:
        async with playing(self.scene, live=HASTY) as scene:
            await scene.everything("BTC", 1)
            await scene.until_seen(Trade)
            connections = scene.venue.connections
            scene.venue.stalled = True
            pings = asyncio.create_task(_only_ping(scene))
            word = await scene.until_health(FeedState.DOWN, "nor anything else on its socket")
            assert "no data of BTC for" in word.detail, "pings and pongs are no data"
            pings.cancel()
            scene.venue.stalled = False
            await scene.venue.until(lambda: scene.venue.connections > connections)

    async def test_a_lost_subscription_is_made_again_while_the_socket_speaks(self) -> None:
        async with playing(self.scene, live=HASTY) as scene:
            await scene.everything("BTC", 1)
            await scene.until_seen(Trade)
            marks = asyncio.create_task(_keep_speaking(scene))
            scene.venue.drop(scene.topic(Channel.TOPS, "BTC"))
            await scene.until_health(FeedState.DOWN, "tops lost: no data of BTC")
            await scene.subscribed(Channel.TOPS)
            marks.cancel()

    async def test_a_gap_in_the_book_brings_a_new_snapshot(self) -> None:
        async with playing(self.scene) as scene:
            await scene.book_ready("BTC")
            await scene.change_book("BTC", 6.0)
            await scene.until(lambda: any(depth.bids[0] == (100.0, 6.0) for depth in scene.of(Depth)))
            depths = len(scene.of(Depth))
            await scene.change_book("BTC", 7.0, skip=5)
            await scene.until_health(FeedState.DOWN, "depth lost: a change of the book was missed")
            assert len(scene.of(Depth)) == depths, "nothing is read from a book with a gap"
            await scene.book_again("BTC", depths)
            await scene.change_book("BTC", 8.0)
            await scene.until(lambda: any(depth.bids[0] == (100.0, 8.0) for depth in scene.of(Depth)))

    async def test_an_unreadable_message_is_said_and_the_stream_goes_on(self) -> None:
        async with playing(self.scene) as scene:
            frame = scene.venue.trade_frame(scene.name("BTC"), 1, 100.0, 1.0)
            row = scene.row(frame)
            row[scene.price_field] = "NaN"
            await scene.venue.push(scene.topic(Channel.TRADES, "BTC"), frame)
            word = await scene.until_health(FeedState.DOWN, "unreadable message")
            assert "expected a finite number, was 'NaN'" in word.detail
            await scene.trades("BTC", [2])
            await scene.until_seen(Trade)
            assert scene.feed.counts["unreadable messages"] == 1

    async def test_a_message_the_library_chokes_on_does_not_end_the_stream(self) -> None:
        async with playing(self.scene) as scene:
            await scene.venue.push(scene.topic(Channel.DEPTH, "BTC"), scene.choking)
            await scene.until_health(FeedState.DOWN, "unreadable message")
            await scene.trades("BTC", [2])
            await scene.top("BTC", 100.0, 5.0, 100.1, 4.0)
            await scene.until_seen(Trade)
            await scene.until_seen(Top)

    async def test_text_that_is_no_json_does_not_end_the_stream(self) -> None:
        async with playing(self.scene) as scene:
            await scene.venue.push(scene.topic(Channel.TRADES, "BTC"), '{"cut":')
            await scene.until_health(FeedState.DOWN, "unreadable message")
            await scene.trades("BTC", [2])
            await scene.until_seen(Trade)

    async def test_what_still_arrives_while_it_closes_is_no_trouble(self) -> None:
        """A start that is refused closes at once, in the middle of its first books."""
        async with playing(self.scene) as scene:
            await scene.book_ready("BTC")
            heard, takes = list[str | bytes](), scene.feed.takes_text
            scene.feed.takes_text = lambda text: heard.append(text) or takes(text)  # type: ignore[func-returns-value, method-assign]
            await scene.change_book("BTC", 7.0)
            await scene.until_seen(Depth)
            scene.task.cancel()
            await asyncio.gather(scene.task, return_exceptions=True)
            await close_now(scene.exchange)
            texts = [text for text in heard if text[:1] in ("{", b"{")]
            for text in texts:
                scene.feed.takes_text(text)
                scene.feed.library_took(json.loads(text))
            assert texts and scene.feed.bad_frames == 0

    async def test_a_stamp_from_the_future_never_moves_the_engines_clock(self) -> None:
        async with playing(self.scene) as scene:
            frame = scene.venue.trade_frame(scene.name("BTC"), 1, 100.0, 1.0)
            row = scene.row(frame)
            row[scene.stamp_field] = scene.stamp(row[scene.stamp_field], now_ms() + 3_600_000)
            await scene.venue.push(scene.topic(Channel.TRADES, "BTC"), frame)
            word = await scene.until_health(FeedState.DOWN, "expected a stamp of now")
            assert f"s ahead of {scene.exchange.name}'s own clock" in word.detail
            assert not scene.of(Trade)

    async def test_the_venues_clock_is_asked_and_followed(self) -> None:
        scene = self.scene(["BTC"], PATIENT)
        venue = scene.make_venue()
        venue.now_ms = lambda: now_ms() + 90_000  # type: ignore[attr-defined]
        async with venue:
            scene.start(venue)
            await scene.subscribed(Channel.TRADES)
            assert scene.exchange.clock.offset_ns == pytest.approx(90e9, abs=2e9)
            await scene.trades("BTC", [1])
            await scene.until_seen(Trade)
            await scene.stop()

    async def test_a_venue_that_is_not_there_is_said_and_left_to_the_supervisor(self) -> None:
        scene = self.scene(["BTC"], PATIENT)
        venue = scene.make_venue()
        async with venue:
            pass
        scene.start(venue)
        with pytest.raises(FeedTrouble, match=f"{scene.exchange.name} markets: ExchangeNotAvailable"):
            await scene.task
        word = await scene.until_health(FeedState.DOWN)
        assert "ExchangeNotAvailable" in word.detail
        await scene.exchange.close()

    async def test_it_finds_a_venue_again_that_was_gone_for_a_while(self) -> None:
        async with playing(self.scene) as scene:
            await scene.venue.go_down()
            await scene.until_health(FeedState.DOWN, "lost")
            await scene.venue.come_back()
            await scene.subscribed()
            await scene.trades("BTC", [5])
            await scene.until_seen(Trade)


async def _only_ping(scene: Scene) -> None:
    """The connection is alive in every way but one: there is no data."""
    while True:
        for socket in list(scene.venue.sockets):
            await socket.ws.ping()
            if scene.text_pong:
                await socket.send(scene.text_pong)
        await asyncio.sleep(0.02)


async def _keep_speaking(scene: Scene) -> None:
    """Every channel goes on, at a pace that lets a silence be seen."""
    for trade_id in range(2, 1_000):
        await scene.everything("BTC", trade_id)
        await asyncio.sleep(0.02)

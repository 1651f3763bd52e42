"""Hyperliquid's stream keeps the contract of every exchange; what of it is its own."""

from cockpit.domain.events import Depth, Liquidation, Top, Trade
from cockpit.exchanges.base.channels import Channel
from cockpit.exchanges.hyperliquid.forced_fills import VAULTS
from tests.feeds_live.exchange_contract import ExchangeContract
from tests.feeds_live.exchange_scene import HyperliquidScene, playing
from tests.loopback.exchange_hyperliquid import BUYER, SELLER, VAULT


class TestHyperliquid(ExchangeContract):
    scene = HyperliquidScene

    async def test_prints_out_of_order_are_put_in_order(self) -> None:
        """Its ids are hashes: prints go on in the order in which they come."""
        async with playing(self.scene) as scene:
            await scene.trades("BTC", [11, 13, 12])
            trades = await scene.until_seen(Trade, 3)
            assert scene.ids() == [1, 2, 3]
            assert [trade.ts_ns for trade in trades] == sorted(trade.ts_ns for trade in trades)

    async def test_a_gap_in_the_ids_is_said_with_its_size(self) -> None:
        """None can be seen: no print says which one was before it."""
        async with playing(self.scene) as scene:
            await scene.trades("BTC", [1, 2, 10])
            await scene.until_seen(Trade, 3)
            assert scene.feed.counts["missing prints"] == 0

    async def test_a_gap_in_the_book_brings_a_new_snapshot(self) -> None:
        """Every message is the whole book: one that was lost leaves no gap."""
        async with playing(self.scene) as scene:
            await scene.book_ready("BTC")
            await scene.change_book("BTC", 7.0, skip=5)
            await scene.until(lambda: any(depth.bids[0] == (100.0, 7.0) for depth in scene.of(Depth)))

    async def test_a_print_after_a_new_subscription_is_not_taken_twice(self) -> None:
        async with playing(self.scene) as scene:
            frame = scene.venue.trade_frame("BTC", 5, 100.0, 1.0)
            await scene.venue.push("trades:BTC", frame)
            await scene.until_seen(Trade)
            scene.exchange.subscribe_anew(Channel.TRADES, "a test")
            await scene.subscribed(Channel.TRADES)
            await scene.venue.push("trades:BTC", frame, scene.venue.trade_frame("BTC", 6, 100.0, 2.0))
            assert [trade.qty for trade in await scene.until_seen(Trade, 2)] == [1.0, 2.0]

    async def test_the_fills_of_every_vault_are_followed(self) -> None:
        async with playing(self.scene) as scene:
            await scene.venue.until_subscribed(*(f"userFills:{vault}" for vault in VAULTS))
            assert VAULT in VAULTS

    async def test_a_forced_order_is_completed_from_the_prints_of_who_is_liquidated(self) -> None:
        """One of its three fills met a vault; what else that user traded there and then does not count."""
        async with playing(self.scene) as scene:
            at_ms = scene.venue.now_ms()
            scene.venue.now_ms = lambda: at_ms
            frames = [
                scene.venue.trade_frame("BTC", 21, 100.0, 1.0, False, [BUYER, SELLER]),
                scene.venue.trade_frame("BTC", 22, 99.9, 2.0, False, [VAULT, SELLER]),
                scene.venue.trade_frame("BTC", 23, 99.8, 9.0, True, [SELLER, BUYER]),
                scene.venue.trade_frame("BTC", 24, 99.8, 8.0, False, [VAULT, BUYER]),
            ]
            await scene.venue.push("trades:BTC", *frames)
            fill = scene.venue.fill_row("BTC", 99.9, 2.0, True) | {"tid": 22}
            await scene.venue.push(
                f"userFills:{VAULT}", {"channel": "userFills", "data": {"user": VAULT, "fills": [fill]}}
            )
            await scene.venue.push("trades:BTC", scene.venue.trade_frame("BTC", 25, 99.7, 3.0, False, [BUYER, SELLER]))
            forced = await scene.until_seen(Liquidation, 3)
            await scene.until_seen(Trade, 5)
            assert sorted((one.qty, one.long_liquidated) for one in forced) == [(1.0, True), (2.0, True), (3.0, True)]
            assert len(scene.of(Liquidation)) == 3

    async def test_a_book_without_a_side_has_no_top(self) -> None:
        async with playing(self.scene) as scene:
            frame = {"coin": "BTC", "time": scene.venue.now_ms(), "bbo": [None, {"px": "100.1", "sz": "4.0", "n": 1}]}
            await scene.venue.push("bbo:BTC", {"channel": "bbo", "data": frame})
            await scene.top("BTC", 100.0, 5.0, 100.1, 4.0)
            await scene.until_seen(Top)
            assert len(scene.of(Top)) == 1 and scene.feed.counts["unreadable messages"] == 0

"""What every real account must do with orders and executions, whatever its venue's words are."""

import sys

import pytest

from cockpit.domain.kinds import OrderStatus, Side
from tests.execution.account_stage import ASK, BID, AccountStage, StagedAccount, close, entry, stop, target

ID = "ckaaaaaat000001"


class AccountOrdersContract(StagedAccount):
    """Orders and stops are placed, found, listed and cancelled; executions are told by order and since a time."""

    # -- orders

    async def test_a_market_order_fills_and_is_found_with_its_executions(self, stage: AccountStage) -> None:
        placed = await stage.account.place(entry(qty=0.002), f"{ID}e1")
        found = await stage.account.find("BTC", f"{ID}e1", False)
        assert found is not None and found.venue_order_id == placed.venue_order_id
        assert (found.status, found.qty, found.filled_qty, found.average_price) == (
            OrderStatus.FILLED,
            0.002,
            0.002,
            ASK,
        )
        (fill,) = await stage.account.fills_of(found)
        assert (fill.client_id, fill.side, fill.qty, fill.price, fill.is_maker) == (
            f"{ID}e1",
            Side.LONG,
            0.002,
            ASK,
            False,
        )
        assert fill.fee_usd == pytest.approx(0.002 * ASK * 5 / 10_000)
        assert stage.venue.held("BTC") == 0.002

    async def test_the_quantity_is_in_base_coins_on_both_sides(self, stage: AccountStage) -> None:
        await stage.account.place(entry(qty=0.003, side=Side.SHORT), f"{ID}e1")
        (held,) = await stage.account.positions()
        assert stage.venue.held("BTC") == held.qty == -0.003
        assert (held.asset, held.entry_price) == ("BTC", BID)
        assert held.mark_price == pytest.approx(BID, rel=1e-5)

    async def test_a_limit_order_rests_and_is_cancelled_by_our_id(self, stage: AccountStage) -> None:
        await stage.account.place(entry(price=99_500.0), f"{ID}e1")
        (resting,) = await stage.account.open_orders()
        assert (resting.client_id, resting.limit_price, resting.status) == (f"{ID}e1", 99_500.0, OrderStatus.WORKING)
        assert not resting.reduce_only and not resting.is_conditional
        await stage.account.cancel("BTC", f"{ID}e1", False)
        assert await stage.account.open_orders() == ()
        found = await stage.account.find("BTC", f"{ID}e1", False)
        assert found is not None and found.status is OrderStatus.CANCELLED

    async def test_a_partial_fill_is_told_as_one(self, stage: AccountStage) -> None:
        stage.venue.core.fill_next(0.5)
        await stage.account.place(entry(qty=0.004), f"{ID}e1")
        found = await stage.account.find("BTC", f"{ID}e1", False)
        assert found is not None
        assert (found.status, found.filled_qty) == (OrderStatus.PARTLY_FILLED, 0.002)
        assert [fill.qty for fill in await stage.account.fills_of(found)] == [0.002]

    async def test_a_stop_rests_with_the_trigger_service_on_the_mark(self, stage: AccountStage) -> None:
        await stage.account.place(entry(), f"{ID}e1")
        await stage.account.place(stop(trigger=99_000.04), f"{ID}s1")
        (resting,) = stage.venue.algo_orders
        assert (resting.asked.working, str(resting.asked.trigger)) == ("mark", "99000")
        (listed,) = await stage.account.open_orders()
        assert (listed.client_id, listed.qty, listed.trigger_price) == (f"{ID}s1", 0.002, 99_000.0)
        assert listed.is_conditional and listed.reduce_only and listed.status is OrderStatus.WORKING
        assert await stage.account.find("BTC", f"{ID}s1", True) == listed
        assert await stage.account.find("BTC", f"{ID}s1", False) is None
        assert await stage.account.fills_of(listed) == ()

    async def test_a_stop_is_cancelled_by_our_id(self, stage: AccountStage) -> None:
        await stage.account.place(entry(), f"{ID}e1")
        await stage.account.place(stop(), f"{ID}s1")
        await stage.account.cancel("BTC", f"{ID}s1", True)
        assert stage.venue.algo_orders == []
        found = await stage.account.find("BTC", f"{ID}s1", True)
        assert found is not None and found.status is OrderStatus.CANCELLED

    async def test_a_triggered_stop_is_followed_to_the_order_it_became(self, stage: AccountStage) -> None:
        await stage.account.place(entry(), f"{ID}e1")
        await stage.account.place(stop(trigger=99_000.0), f"{ID}s1")
        stage.venue.set_price("BTC", 98_900, 98_900.1)
        found = await stage.account.find("BTC", f"{ID}s1", True)
        assert found is not None
        assert (found.client_id, found.status, found.filled_qty) == (f"{ID}s1", OrderStatus.FILLED, 0.002)
        assert (found.average_price, found.trigger_price, found.is_conditional) == (98_900.0, 99_000.0, False)
        (fill,) = await stage.account.fills_of(found)
        assert (fill.client_id, fill.side, fill.price) == (f"{ID}s1", Side.SHORT, 98_900.0)

    async def test_a_stop_whose_order_the_venue_refused_says_so(self, stage: AccountStage) -> None:
        await stage.account.place(entry(), f"{ID}e1")
        await stage.account.place(stop(trigger=99_000.0), f"{ID}s1")
        stage.venue.core.algos.rejects_triggered = "Reduce Only reject"
        stage.venue.set_price("BTC", 98_900, 98_900.1)
        found = await stage.account.find("BTC", f"{ID}s1", True)
        assert found is not None and found.status is OrderStatus.REJECTED and stage.venue.held("BTC") == 0.002

    async def test_targets_are_reduce_only_limits(self, stage: AccountStage) -> None:
        await stage.account.place(entry(), f"{ID}e1")
        await stage.account.place(target(price=101_000.0), f"{ID}x1")
        (resting,) = await stage.account.open_orders({"BTC"})
        assert resting.reduce_only and resting.limit_price == 101_000.0
        stage.venue.set_price("BTC", 101_000, 101_000.1)
        assert stage.venue.held("BTC") == 0.0

    async def test_cancelling_what_is_not_open_is_no_error(self, stage: AccountStage) -> None:
        await stage.account.cancel("BTC", f"{ID}e9", False)
        await stage.account.cancel("BTC", f"{ID}s9", True)
        await stage.account.place(entry(), f"{ID}e1")
        await stage.account.cancel("BTC", f"{ID}e1", False)

    async def test_an_unknown_order_is_not_found(self, stage: AccountStage) -> None:
        assert await stage.account.find("BTC", f"{ID}e9", False) is None
        assert await stage.account.find("BTC", f"{ID}s9", True) is None

    async def test_orders_of_anybody_are_listed_and_can_be_cancelled(self, stage: AccountStage) -> None:
        async with stage.another() as foreign:
            await foreign.open()
            await foreign.place(entry(price=99_000.0), "somebody1")
            await foreign.place(stop(trigger=98_000.0), "somebody2")
        orders = await stage.account.open_orders()
        assert sorted((order.client_id, order.is_conditional) for order in orders) == [
            ("somebody1", False),
            ("somebody2", True),
        ]
        for order in orders:
            await stage.account.cancel_order(order)
        assert await stage.account.open_orders() == ()

    async def test_open_orders_of_other_assets_are_left_out_where_asked_to(self, stage: AccountStage) -> None:
        stage.venue.set_price("ETH", 4_000, 4_000.01)
        await stage.account.place(entry(price=99_000.0), f"{ID}e1")
        assert await stage.account.open_orders({"ETH"}) == ()
        assert len(await stage.account.open_orders({"BTC", "ETH"})) == 1

    async def test_a_position_is_closed_whoever_opened_it(self, stage: AccountStage) -> None:
        stage.venue.trade_by_hand("BTC", "sell", 0.003)
        (held,) = await stage.account.positions()
        await stage.account.close_position(held, f"{ID}c1")
        assert stage.venue.held("BTC") == 0.0 and await stage.account.positions() == ()

    async def test_as_much_of_a_position_is_closed_as_is_said(self, stage: AccountStage) -> None:
        stage.venue.trade_by_hand("BTC", "buy", 0.003)
        (held,) = await stage.account.positions()
        await stage.account.close_position(held._replace(qty=0.001), f"{ID}c1")
        assert stage.venue.held("BTC") == 0.002

    async def test_what_was_listed_after_the_account_was_opened_is_learnt(self, stage: AccountStage) -> None:
        """Nothing that is held may be overlooked for being new."""
        listings = stage.account.listings  # type: ignore[attr-defined]
        symbol = stage.venue.symbol("BTC")
        listings.take([listing for listing in map(listings.of, stage.venue.core.rules) if listing.market_id != symbol])
        stage.venue.trade_by_hand("BTC", "buy", 0.003)
        (held,) = await stage.account.positions()
        await stage.account.close_position(held, f"{ID}c1")
        assert stage.venue.held("BTC") == 0.0

    # -- executions of anybody

    async def test_the_executions_since_then_are_told_with_the_ids_of_their_orders(self, stage: AccountStage) -> None:
        await stage.account.place(entry(qty=0.004), f"{ID}e1")
        stage.venue.core.fill_next(0.5, 0.5)
        await stage.account.place(close(qty=0.002), f"{ID}f1")
        stage.venue.trade_by_hand("BTC", "sell", 0.001)
        fills = await stage.account.fills_since("BTC", 0)
        assert [(fill.side, fill.qty, fill.price) for fill in fills] == [
            (Side.LONG, 0.004, ASK),
            (Side.SHORT, 0.001, BID),
            (Side.SHORT, 0.001, BID),
            (Side.SHORT, 0.001, BID),
        ]
        assert [fill.client_id for fill in fills[:3]] == [f"{ID}e1", f"{ID}f1", f"{ID}f1"]
        assert not fills[3].client_id.startswith("ck")
        assert [fill.venue_order_id for fill in fills] == [str(one.order_id) for one in stage.venue.executions]
        assert [fill.forced for fill in fills] == [""] * 4
        assert fills[0].fee_usd == pytest.approx(0.004 * ASK * 5 / 10_000)
        found = await stage.account.find("BTC", f"{ID}e1", False)
        assert found is not None
        assert [fill.fill_id for fill in await stage.account.fills_of(found)] == [fills[0].fill_id]

    async def test_executions_of_before_and_of_other_perpetuals_are_left_out(self, stage: AccountStage) -> None:
        stage.venue.set_price("ETH", 4_000, 4_000.01)
        stage.venue.trade_by_hand("ETH", "buy", 0.1)
        stage.venue.trade_by_hand("BTC", "buy", 0.003)
        at_ns = stage.venue.executions[-1].ts_ms * 1_000_000
        (fill,) = await stage.account.fills_since("BTC", at_ns - 1_000_000_000)
        assert (fill.asset, fill.qty, fill.ts_ns) == ("BTC", 0.003, at_ns)
        assert await stage.account.fills_since("BTC", at_ns + 60_000_000_000) == ()
        assert await stage.account.fills_since("XRP", 0) == ()

    async def test_a_triggered_stops_execution_goes_by_the_stops_id(self, stage: AccountStage) -> None:
        await stage.account.place(entry(), f"{ID}e1")
        await stage.account.place(stop(trigger=99_000.0), f"{ID}s1")
        stage.venue.set_price("BTC", 98_900, 98_900.1)
        await stage.account.find("BTC", f"{ID}s1", True)
        assert [fill.client_id for fill in await stage.account.fills_since("BTC", 0)] == [f"{ID}e1", f"{ID}s1"]

    async def test_what_the_venue_closed_by_itself_is_told_as_such(self, stage: AccountStage) -> None:
        await stage.account.place(entry(qty=0.004), f"{ID}e1")
        stage.venue.deleverage("BTC", 0.5)
        stage.venue.liquidate("BTC")
        fills = await stage.account.fills_since("BTC", 0)
        assert [fill.forced for fill in fills] == ["", "auto-deleveraging", "liquidation"]

    async def test_many_executions_come_in_pages_and_each_once(
        self, stage: AccountStage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys.modules[type(stage.account).__module__], "FILLS_A_PAGE", 3)
        for number in range(8):
            await stage.account.place(entry(qty=0.001, side=(Side.LONG, Side.SHORT)[number % 2]), f"{ID}e{number}")
        fills = await stage.account.fills_since("BTC", 0)
        assert [fill.client_id for fill in fills] == [f"{ID}e{number}" for number in range(8)]
        assert len({fill.fill_id for fill in fills}) == 8

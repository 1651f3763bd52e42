"""What every real account must do, whatever its venue's words are: over the real client library, on loopback."""

import asyncio
import sys

import pytest

from cockpit.config.model import CockpitConfig
from cockpit.domain.kinds import OrderStatus, Side
from cockpit.venues.account import Ambiguous, KeysLost, NotSent, RefusalKind, Refused, VenueFailure
from tests.loopback.trading_faults import (
    banned,
    dropped_after,
    dropped_before,
    empty,
    hanging,
    overloaded,
    timed_out,
    too_many,
    truncated,
    unknown,
)
from tests.venues.account_desk import ASK, BID, Desk, close, desk_of, entry, stop, target

ID = "ckaaaaaat000001"


class AccountContract:
    """Subclass it with the venue's `name`."""

    name: str

    @pytest.fixture
    async def desk(self, shipped_config: CockpitConfig):
        async with desk_of(self.name, shipped_config) as desk:
            yield desk

    # -- orders

    async def test_a_market_order_fills_and_is_found_with_its_executions(self, desk: Desk) -> None:
        placed = await desk.account.place(entry(qty=0.002), f"{ID}e1")
        found = await desk.account.find("BTC", f"{ID}e1", False)
        assert found is not None and found.venue_order_id == placed.venue_order_id
        assert (found.status, found.qty, found.filled_qty, found.average_price) == (
            OrderStatus.FILLED,
            0.002,
            0.002,
            ASK,
        )
        (fill,) = await desk.account.fills_of(found)
        assert (fill.client_id, fill.side, fill.qty, fill.price, fill.is_maker) == (
            f"{ID}e1",
            Side.LONG,
            0.002,
            ASK,
            False,
        )
        assert fill.fee_usd == pytest.approx(0.002 * ASK * 5 / 10_000)
        assert desk.venue.held("BTC") == 0.002

    async def test_the_quantity_is_in_base_coins_on_both_sides(self, desk: Desk) -> None:
        await desk.account.place(entry(qty=0.003, side=Side.SHORT), f"{ID}e1")
        (held,) = await desk.account.positions()
        assert desk.venue.held("BTC") == held.qty == -0.003
        assert (held.asset, held.entry_price) == ("BTC", BID)
        assert held.mark_price == pytest.approx(BID, rel=1e-5)

    async def test_a_limit_order_rests_and_is_cancelled_by_our_id(self, desk: Desk) -> None:
        await desk.account.place(entry(price=99_500.0), f"{ID}e1")
        (resting,) = await desk.account.open_orders()
        assert (resting.client_id, resting.limit_price, resting.status) == (f"{ID}e1", 99_500.0, OrderStatus.WORKING)
        assert not resting.reduce_only and not resting.is_conditional
        await desk.account.cancel("BTC", f"{ID}e1", False)
        assert await desk.account.open_orders() == ()
        found = await desk.account.find("BTC", f"{ID}e1", False)
        assert found is not None and found.status is OrderStatus.CANCELLED

    async def test_a_partial_fill_is_told_as_one(self, desk: Desk) -> None:
        desk.venue.core.fill_next(0.5)
        await desk.account.place(entry(qty=0.004), f"{ID}e1")
        found = await desk.account.find("BTC", f"{ID}e1", False)
        assert found is not None
        assert (found.status, found.filled_qty) == (OrderStatus.PARTLY_FILLED, 0.002)
        assert [fill.qty for fill in await desk.account.fills_of(found)] == [0.002]

    async def test_a_stop_rests_with_the_trigger_service_on_the_mark(self, desk: Desk) -> None:
        await desk.account.place(entry(), f"{ID}e1")
        await desk.account.place(stop(trigger=99_000.04), f"{ID}s1")
        (resting,) = desk.venue.algo_orders
        assert (resting.asked.working, str(resting.asked.trigger)) == ("mark", "99000")
        (listed,) = await desk.account.open_orders()
        assert (listed.client_id, listed.qty, listed.trigger_price) == (f"{ID}s1", 0.002, 99_000.0)
        assert listed.is_conditional and listed.reduce_only and listed.status is OrderStatus.WORKING
        assert await desk.account.find("BTC", f"{ID}s1", True) == listed
        assert await desk.account.find("BTC", f"{ID}s1", False) is None
        assert await desk.account.fills_of(listed) == ()

    async def test_a_stop_is_cancelled_by_our_id(self, desk: Desk) -> None:
        await desk.account.place(entry(), f"{ID}e1")
        await desk.account.place(stop(), f"{ID}s1")
        await desk.account.cancel("BTC", f"{ID}s1", True)
        assert desk.venue.algo_orders == []
        found = await desk.account.find("BTC", f"{ID}s1", True)
        assert found is not None and found.status is OrderStatus.CANCELLED

    async def test_a_triggered_stop_is_followed_to_the_order_it_became(self, desk: Desk) -> None:
        await desk.account.place(entry(), f"{ID}e1")
        await desk.account.place(stop(trigger=99_000.0), f"{ID}s1")
        desk.venue.set_price("BTC", 98_900, 98_900.1)
        found = await desk.account.find("BTC", f"{ID}s1", True)
        assert found is not None
        assert (found.client_id, found.status, found.filled_qty) == (f"{ID}s1", OrderStatus.FILLED, 0.002)
        assert (found.average_price, found.trigger_price, found.is_conditional) == (98_900.0, 99_000.0, False)
        (fill,) = await desk.account.fills_of(found)
        assert (fill.client_id, fill.side, fill.price) == (f"{ID}s1", Side.SHORT, 98_900.0)

    async def test_a_stop_whose_order_the_venue_refused_says_so(self, desk: Desk) -> None:
        await desk.account.place(entry(), f"{ID}e1")
        await desk.account.place(stop(trigger=99_000.0), f"{ID}s1")
        desk.venue.core.algos.rejects_triggered = "Reduce Only reject"
        desk.venue.set_price("BTC", 98_900, 98_900.1)
        found = await desk.account.find("BTC", f"{ID}s1", True)
        assert found is not None and found.status is OrderStatus.REJECTED and desk.venue.held("BTC") == 0.002

    async def test_targets_are_reduce_only_limits(self, desk: Desk) -> None:
        await desk.account.place(entry(), f"{ID}e1")
        await desk.account.place(target(price=101_000.0), f"{ID}x1")
        (resting,) = await desk.account.open_orders({"BTC"})
        assert resting.reduce_only and resting.limit_price == 101_000.0
        desk.venue.set_price("BTC", 101_000, 101_000.1)
        assert desk.venue.held("BTC") == 0.0

    async def test_cancelling_what_is_not_open_is_no_error(self, desk: Desk) -> None:
        await desk.account.cancel("BTC", f"{ID}e9", False)
        await desk.account.cancel("BTC", f"{ID}s9", True)
        await desk.account.place(entry(), f"{ID}e1")
        await desk.account.cancel("BTC", f"{ID}e1", False)

    async def test_an_unknown_order_is_not_found(self, desk: Desk) -> None:
        assert await desk.account.find("BTC", f"{ID}e9", False) is None
        assert await desk.account.find("BTC", f"{ID}s9", True) is None

    async def test_orders_of_anybody_are_listed_and_can_be_cancelled(self, desk: Desk) -> None:
        async with desk.another() as stranger:
            await stranger.open()
            await stranger.place(entry(price=99_000.0), "somebody1")
            await stranger.place(stop(trigger=98_000.0), "somebody2")
        orders = await desk.account.open_orders()
        assert sorted((order.client_id, order.is_conditional) for order in orders) == [
            ("somebody1", False),
            ("somebody2", True),
        ]
        for order in orders:
            await desk.account.cancel_order(order)
        assert await desk.account.open_orders() == ()

    async def test_open_orders_of_other_assets_are_left_out_where_asked_to(self, desk: Desk) -> None:
        desk.venue.set_price("ETH", 4_000, 4_000.01)
        await desk.account.place(entry(price=99_000.0), f"{ID}e1")
        assert await desk.account.open_orders({"ETH"}) == ()
        assert len(await desk.account.open_orders({"BTC", "ETH"})) == 1

    async def test_a_position_is_closed_whoever_opened_it(self, desk: Desk) -> None:
        desk.venue.trade_by_hand("BTC", "sell", 0.003)
        (held,) = await desk.account.positions()
        await desk.account.close_position(held, f"{ID}c1")
        assert desk.venue.held("BTC") == 0.0 and await desk.account.positions() == ()

    async def test_as_much_of_a_position_is_closed_as_is_said(self, desk: Desk) -> None:
        desk.venue.trade_by_hand("BTC", "buy", 0.003)
        (held,) = await desk.account.positions()
        await desk.account.close_position(held._replace(qty=0.001), f"{ID}c1")
        assert desk.venue.held("BTC") == 0.002

    async def test_what_was_listed_after_the_account_was_opened_is_learnt(self, desk: Desk) -> None:
        """Nothing that is held may be overlooked for being new."""
        desk.account.listings.pop(desk.venue.symbol("BTC"))  # type: ignore[attr-defined]
        desk.venue.trade_by_hand("BTC", "buy", 0.003)
        (held,) = await desk.account.positions()
        await desk.account.close_position(held, f"{ID}c1")
        assert desk.venue.held("BTC") == 0.0

    # -- executions of anybody

    async def test_the_executions_since_then_are_told_with_the_ids_of_their_orders(self, desk: Desk) -> None:
        await desk.account.place(entry(qty=0.004), f"{ID}e1")
        desk.venue.core.fill_next(0.5, 0.5)
        await desk.account.place(close(qty=0.002), f"{ID}f1")
        desk.venue.trade_by_hand("BTC", "sell", 0.001)
        fills = await desk.account.fills_since("BTC", 0)
        assert [(fill.side, fill.qty, fill.price) for fill in fills] == [
            (Side.LONG, 0.004, ASK),
            (Side.SHORT, 0.001, BID),
            (Side.SHORT, 0.001, BID),
            (Side.SHORT, 0.001, BID),
        ]
        assert [fill.client_id for fill in fills[:3]] == [f"{ID}e1", f"{ID}f1", f"{ID}f1"]
        assert not fills[3].client_id.startswith("ck")
        assert [fill.venue_order_id for fill in fills] == [str(one.order_id) for one in desk.venue.executions]
        assert [fill.forced for fill in fills] == [""] * 4
        assert fills[0].fee_usd == pytest.approx(0.004 * ASK * 5 / 10_000)
        found = await desk.account.find("BTC", f"{ID}e1", False)
        assert found is not None
        assert [fill.fill_id for fill in await desk.account.fills_of(found)] == [fills[0].fill_id]

    async def test_executions_of_before_and_of_other_perpetuals_are_left_out(self, desk: Desk) -> None:
        desk.venue.set_price("ETH", 4_000, 4_000.01)
        desk.venue.trade_by_hand("ETH", "buy", 0.1)
        desk.venue.trade_by_hand("BTC", "buy", 0.003)
        at_ns = desk.venue.executions[-1].ts_ms * 1_000_000
        (fill,) = await desk.account.fills_since("BTC", at_ns - 1_000_000_000)
        assert (fill.asset, fill.qty, fill.ts_ns) == ("BTC", 0.003, at_ns)
        assert await desk.account.fills_since("BTC", at_ns + 60_000_000_000) == ()
        assert await desk.account.fills_since("XRP", 0) == ()

    async def test_a_triggered_stops_execution_goes_by_the_stops_id(self, desk: Desk) -> None:
        await desk.account.place(entry(), f"{ID}e1")
        await desk.account.place(stop(trigger=99_000.0), f"{ID}s1")
        desk.venue.set_price("BTC", 98_900, 98_900.1)
        await desk.account.find("BTC", f"{ID}s1", True)
        assert [fill.client_id for fill in await desk.account.fills_since("BTC", 0)] == [f"{ID}e1", f"{ID}s1"]

    async def test_what_the_venue_closed_by_itself_is_told_as_such(self, desk: Desk) -> None:
        await desk.account.place(entry(qty=0.004), f"{ID}e1")
        desk.venue.deleverage("BTC", 0.5)
        desk.venue.liquidate("BTC")
        fills = await desk.account.fills_since("BTC", 0)
        assert [fill.forced for fill in fills] == ["", "auto-deleveraging", "liquidation"]

    async def test_many_executions_come_in_pages_and_each_once(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys.modules[type(desk.account).__module__], "FILLS_A_PAGE", 3)
        for number in range(8):
            await desk.account.place(entry(qty=0.001, side=(Side.LONG, Side.SHORT)[number % 2]), f"{ID}e{number}")
        fills = await desk.account.fills_since("BTC", 0)
        assert [fill.client_id for fill in fills] == [f"{ID}e{number}" for number in range(8)]
        assert len({fill.fill_id for fill in fills}) == 8

    # -- refusals

    async def test_a_refusal_says_what_to_do_about_it(self, desk: Desk) -> None:
        assert await self.refused(desk, close(), "c1") is RefusalKind.NOTHING_TO_REDUCE
        assert await self.refused(desk, entry(qty=5.0), "e1") is RefusalKind.MARGIN
        assert await self.refused(desk, stop(trigger=100_500.0), "s1") is RefusalKind.WOULD_TRIGGER
        await desk.account.place(entry(), f"{ID}e2")
        await desk.account.place(target(), f"{ID}x1")
        assert await self.refused(desk, close(), "c2") is RefusalKind.QUANTITY_RESERVED

    async def test_an_id_is_taken_once(self, desk: Desk) -> None:
        await desk.account.place(entry(price=99_000.0), f"{ID}e1")
        assert await self.refused(desk, entry(price=99_000.0), "e1") is RefusalKind.DUPLICATE_ID
        assert len(desk.venue.open_orders) == 1

    async def test_what_is_too_small_never_leaves(self, desk: Desk) -> None:
        before = len(desk.venue.calls)
        assert await self.refused(desk, entry(qty=0.00001), "e1") is RefusalKind.TOO_SMALL
        assert len(desk.venue.calls) == before

    async def test_an_entry_off_the_venues_grid_never_leaves_and_an_exit_is_cut_down(self, desk: Desk) -> None:
        before = len(desk.venue.calls)
        assert await self.refused(desk, entry(qty=0.00255555), "e1") is RefusalKind.OTHER
        assert len(desk.venue.calls) == before
        await desk.account.place(entry(qty=0.002), f"{ID}e2")
        await desk.account.place(close(qty=0.00199999), f"{ID}c1")
        assert 0.0 < desk.venue.held("BTC") <= 0.001

    async def test_an_asset_that_is_not_listed_never_leaves(self, desk: Desk) -> None:
        before = len(desk.venue.calls)
        with pytest.raises(Refused, match="expected a perpetual of DOGE"):
            await desk.account.find("DOGE", f"{ID}e1", False)
        assert len(desk.venue.calls) == before

    async def refused(self, desk: Desk, order: object, suffix: str) -> RefusalKind:
        with pytest.raises(Refused) as refusal:
            await desk.account.place(order, f"{ID}{suffix}")  # type: ignore[arg-type]
        return refusal.value.kind

    # -- nobody knows

    @pytest.mark.parametrize("fault", [dropped_after(), truncated(), unknown(), timed_out()])
    async def test_an_executed_order_whose_answer_is_lost_is_ambiguous_and_found(
        self, desk: Desk, fault: object
    ) -> None:
        desk.venue.faults.add(fault, roles={"entry"})
        with pytest.raises(Ambiguous):
            await desk.account.place(entry(), f"{ID}e1")
        found = await desk.account.find("BTC", f"{ID}e1", False)
        assert found is not None and found.filled_qty == 0.002 and not desk.venue.watch.doubled

    @pytest.mark.parametrize("fault", [dropped_before(), unknown(executes=False), timed_out(executes=False)])
    async def test_an_order_that_never_arrived_is_ambiguous_too(self, desk: Desk, fault: object) -> None:
        desk.venue.faults.add(fault, roles={"entry"})
        with pytest.raises(Ambiguous):
            await desk.account.place(entry(), f"{ID}e1")
        assert await desk.account.find("BTC", f"{ID}e1", False) is None

    @pytest.mark.parametrize("fault", [dropped_after(), truncated(), unknown()])
    async def test_a_stop_whose_answer_is_lost_is_ambiguous_and_found(self, desk: Desk, fault: object) -> None:
        await desk.account.place(entry(), f"{ID}e1")
        desk.venue.faults.add(fault, roles={"stop"})
        with pytest.raises(Ambiguous):
            await desk.account.place(stop(), f"{ID}s1")
        found = await desk.account.find("BTC", f"{ID}s1", True)
        assert found is not None and found.status is OrderStatus.WORKING

    async def test_a_venue_that_hangs_is_ambiguous_after_the_time_out(self, desk: Desk) -> None:
        desk.account.client.timeout = 200  # type: ignore[attr-defined]
        desk.venue.faults.add(hanging(30.0), roles={"entry"})
        with pytest.raises(Ambiguous):
            await desk.account.place(entry(), f"{ID}e1")
        found = await desk.account.find("BTC", f"{ID}e1", False)
        assert found is not None and found.status is OrderStatus.FILLED

    async def test_what_cannot_be_connected_at_all_was_not_sent(self, desk: Desk) -> None:
        await desk.venue.go_down()
        with pytest.raises(NotSent):
            await desk.account.place(entry(), f"{ID}e1")
        with pytest.raises(NotSent):
            await desk.account.positions()

    async def test_a_cancelled_wait_does_not_cancel_the_order(self, desk: Desk) -> None:
        placing = asyncio.create_task(desk.account.place(entry(), f"{ID}e1"))
        await asyncio.sleep(0)
        placing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await placing
        await desk.until(lambda: desk.venue.held("BTC") == 0.002)

    # -- not sent

    async def test_a_rate_limit_is_obeyed_without_asking_again(self, desk: Desk) -> None:
        desk.venue.faults.add(too_many(retry_after_s=30), roles={"entry"})
        with pytest.raises(NotSent):
            await desk.account.place(entry(), f"{ID}e1")
        assert desk.venue.held("BTC") == 0.0

    async def test_a_ban_is_not_sent(self, desk: Desk) -> None:
        desk.venue.faults.add(banned(retry_after_s=120), roles={"entry"})
        with pytest.raises(NotSent):
            await desk.account.place(entry(), f"{ID}e1")

    async def test_clocks_that_came_apart_are_compared_and_the_same_order_goes_through(self, desk: Desk) -> None:
        desk.venue.clock_skew_ms = 60_000
        with pytest.raises(NotSent) as refusal:
            await desk.account.place(entry(), f"{ID}e1")
        assert refusal.value.is_clock
        await desk.account.place(entry(), f"{ID}e1")
        assert desk.venue.held("BTC") == 0.002
        assert (await desk.account.facts()).clock_offset_ms == pytest.approx(60_000, abs=500)

    # -- keys

    async def test_revoked_keys_are_lost_keys_in_every_call(self, desk: Desk) -> None:
        desk.venue.key_revoked = True
        with pytest.raises(KeysLost):
            await desk.account.place(entry(), f"{ID}e1")
        with pytest.raises(KeysLost):
            await desk.account.positions()
        with pytest.raises(KeysLost):
            await desk.account.open_orders()

    # -- the account

    async def test_the_facts_are_the_venues(self, desk: Desk) -> None:
        facts = await desk.account.facts()
        assert facts.can_trade and facts.dangerous_permissions == () and facts.is_ip_restricted and facts.is_one_way
        assert facts.equity_usd == pytest.approx(1_660.0) and facts.taker_fee_bps == pytest.approx(5.0)
        assert facts.leverage == dict.fromkeys(("BTC", "ETH", "SOL", "XRP"), 20.0)
        assert set(facts.is_isolated) == set(facts.listed) == {"BTC", "ETH", "SOL", "XRP"}
        assert abs(facts.clock_offset_ms) < 500

    async def test_an_account_that_keeps_two_sides_is_told(self, desk: Desk) -> None:
        desk.venue.core.hedge_mode = True
        assert not (await desk.account.facts()).is_one_way

    async def test_a_key_that_can_move_money_out_is_told(self, desk: Desk) -> None:
        if self.name == "okx":
            desk.venue.account.permissions = "read_only,trade,withdraw"
        else:
            desk.venue.account.permissions |= {"enableWithdrawals": True, "permitsUniversalTransfer": True}
        dangerous = (await desk.account.facts()).dangerous_permissions
        assert dangerous == (("withdraw",) if self.name == "okx" else ("enableWithdrawals", "permitsUniversalTransfer"))

    async def test_an_empty_answer_is_an_empty_answer(self, desk: Desk) -> None:
        """It is for the caller to ask twice before he believes it."""
        await desk.account.place(entry(), f"{ID}e1")
        desk.venue.faults.add(empty(), roles={"positions"})
        assert await desk.account.positions() == ()
        assert len(await desk.account.positions()) == 1

    # -- the probe

    async def test_a_venue_that_takes_stops_is_asked_and_nothing_stays_behind(self, desk: Desk) -> None:
        assert await desk.account.holds_stops("BTC") is None
        assert len(desk.venue.called("stop")) == 1
        assert desk.venue.algo_orders == [] and await desk.account.open_orders() == ()

    async def test_two_assets_can_be_asked_about_at_once(self, desk: Desk) -> None:
        desk.venue.set_price("ETH", 4_000, 4_000.01)
        assert await asyncio.gather(desk.account.holds_stops("BTC"), desk.account.holds_stops("ETH")) == [None, None]

    async def test_a_venue_that_takes_no_stops_says_so(self, desk: Desk) -> None:
        desk.venue.core.algos.gone = True
        reason = await desk.account.holds_stops("BTC")
        assert reason is not None and reason.startswith(f"{self.name}: ")

    async def test_no_stop_can_be_held_for_what_is_not_listed(self, desk: Desk) -> None:
        reason = await desk.account.holds_stops("DOGE")
        assert reason == f"{self.name}: expected a perpetual of DOGE against USDT, was none listed"

    async def test_an_overloaded_venue_leaves_the_question_open(self, desk: Desk) -> None:
        desk.venue.faults.add(overloaded(), roles={"stop"})
        with pytest.raises(VenueFailure):
            await desk.account.holds_stops("BTC")
        assert desk.venue.algo_orders == []

    # -- what it says of itself

    async def test_a_demo_account_is_known_for_one_and_trades(self, shipped_config: CockpitConfig) -> None:
        section = shipped_config.venues[self.name].model_copy(update={"demo": True})
        config = shipped_config.model_copy(update={"venues": {**shipped_config.venues, self.name: section}})
        async with desk_of(self.name, config) as desk:
            assert desk.account.is_demo
            await desk.follow()
            await desk.account.place(entry(), f"{ID}e1")
            await desk.until(lambda: bool(desk.fills_of(f"{ID}e1")))
            assert (await desk.account.facts()).can_trade
            assert await desk.account.holds_stops("BTC") is None

    async def test_an_account_on_this_machine_is_known_for_one(self, desk: Desk) -> None:
        assert desk.account.is_loopback and not desk.account.is_demo

    async def test_opening_it_twice_is_opening_it_once(self, desk: Desk) -> None:
        asked = len(desk.venue.calls)
        await desk.account.open()
        assert len(desk.venue.calls) == asked

    async def test_a_closed_account_sends_nothing(self, desk: Desk) -> None:
        await desk.account.close()
        with pytest.raises(NotSent, match="was closed"):
            await desk.account.place(entry(), f"{ID}e1")

    async def test_it_opens_without_the_venues_clock(self, desk: Desk) -> None:
        """An exit must not fail for want of a clock."""
        desk.venue.faults.add(dropped_before(), roles={"time"}, times=None)
        async with desk.another() as other:
            await other.open()
            assert await other.positions() == ()

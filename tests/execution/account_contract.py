"""What every real account must do, whatever its venue's words are: over the real client library, on loopback."""

import asyncio

import pytest

from cockpit.config.model import CockpitConfig
from cockpit.exchanges.base.account import NotSent, VenueFailure
from tests.execution.account_desk import Desk, desk_of, entry
from tests.execution.account_failures_contract import AccountFailuresContract
from tests.execution.account_orders_contract import AccountOrdersContract
from tests.loopback.trading_faults import dropped_before, empty, overloaded

ID = "ckaaaaaat000001"


class AccountContract(AccountOrdersContract, AccountFailuresContract):
    """Subclass it with the venue's `name`: orders and failures, and here what the account says of itself."""

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

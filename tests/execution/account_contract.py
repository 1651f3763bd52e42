"""What every real account must do, whatever its venue's words are: over the real client library, on loopback."""

import asyncio

import pytest

from cockpit.config.model import CockpitConfig
from cockpit.exchanges.base.account import NotSent, VenueFailure
from tests.execution.account_failures_contract import AccountFailuresContract
from tests.execution.account_orders_contract import AccountOrdersContract
from tests.execution.account_stage import AccountStage, account_stage, entry
from tests.loopback.trading_faults import dropped_before, empty, overloaded

ID = "ckaaaaaat000001"


class AccountContract(AccountOrdersContract, AccountFailuresContract):
    """Subclass it with the venue's `name`: orders and failures, and here what the account says of itself."""

    # -- the account

    async def test_the_facts_are_the_venues(self, stage: AccountStage) -> None:
        facts = await stage.account.facts()
        assert facts.can_trade and facts.dangerous_permissions == () and facts.is_ip_restricted and facts.is_one_way
        assert facts.equity_usd == pytest.approx(1_660.0) and facts.taker_fee_bps == pytest.approx(5.0)
        assert facts.leverage == dict.fromkeys(("BTC", "ETH", "SOL", "XRP"), 20.0)
        assert set(facts.is_isolated) == set(facts.listed) == {"BTC", "ETH", "SOL", "XRP"}
        assert abs(facts.clock_offset_ms) < 500

    async def test_an_account_that_keeps_two_sides_is_told(self, stage: AccountStage) -> None:
        stage.venue.core.hedge_mode = True
        assert not (await stage.account.facts()).is_one_way

    async def test_a_key_that_can_move_money_out_is_told(self, stage: AccountStage) -> None:
        if self.name == "okx":
            stage.venue.account.permissions = "read_only,trade,withdraw"
        else:
            stage.venue.account.permissions |= {"enableWithdrawals": True, "permitsUniversalTransfer": True}
        dangerous = (await stage.account.facts()).dangerous_permissions
        assert dangerous == (("withdraw",) if self.name == "okx" else ("enableWithdrawals", "permitsUniversalTransfer"))

    async def test_an_empty_answer_is_an_empty_answer(self, stage: AccountStage) -> None:
        """It is for the caller to ask twice before he believes it."""
        await stage.account.place(entry(), f"{ID}e1")
        stage.venue.faults.add(empty(), roles={"positions"})
        assert await stage.account.positions() == ()
        assert len(await stage.account.positions()) == 1

    # -- the probe

    async def test_a_venue_that_takes_stops_is_asked_and_nothing_stays_behind(self, stage: AccountStage) -> None:
        assert await stage.account.holds_stops("BTC") is None
        assert len(stage.venue.called("stop")) == 1
        assert stage.venue.algo_orders == [] and await stage.account.open_orders() == ()

    async def test_two_assets_can_be_asked_about_at_once(self, stage: AccountStage) -> None:
        stage.venue.set_price("ETH", 4_000, 4_000.01)
        assert await asyncio.gather(stage.account.holds_stops("BTC"), stage.account.holds_stops("ETH")) == [None, None]

    async def test_a_venue_that_takes_no_stops_says_so(self, stage: AccountStage) -> None:
        stage.venue.core.algos.gone = True
        reason = await stage.account.holds_stops("BTC")
        assert reason is not None and reason.startswith(f"{self.name}: ")

    async def test_no_stop_can_be_held_for_what_is_not_listed(self, stage: AccountStage) -> None:
        reason = await stage.account.holds_stops("DOGE")
        assert reason == f"{self.name}: expected a perpetual of DOGE against USDT, was none listed"

    async def test_an_overloaded_venue_leaves_the_question_open(self, stage: AccountStage) -> None:
        stage.venue.faults.add(overloaded(), roles={"stop"})
        with pytest.raises(VenueFailure):
            await stage.account.holds_stops("BTC")
        assert stage.venue.algo_orders == []

    # -- what it says of itself

    async def test_a_demo_account_is_known_for_one_and_trades(self, shipped_config: CockpitConfig) -> None:
        section = shipped_config.venues[self.name].model_copy(update={"demo": True})
        config = shipped_config.model_copy(update={"venues": {**shipped_config.venues, self.name: section}})
        async with account_stage(self.name, config) as stage:
            assert stage.account.is_demo
            await stage.follow()
            await stage.account.place(entry(), f"{ID}e1")
            await stage.until(lambda: bool(stage.fills_of(f"{ID}e1")))
            assert (await stage.account.facts()).can_trade
            assert await stage.account.holds_stops("BTC") is None

    async def test_an_account_on_this_machine_is_known_for_one(self, stage: AccountStage) -> None:
        assert stage.account.is_loopback and not stage.account.is_demo

    async def test_opening_it_twice_is_opening_it_once(self, stage: AccountStage) -> None:
        asked = len(stage.venue.calls)
        await stage.account.open()
        assert len(stage.venue.calls) == asked

    async def test_a_closed_account_sends_nothing(self, stage: AccountStage) -> None:
        await stage.account.close()
        with pytest.raises(NotSent, match="was closed"):
            await stage.account.place(entry(), f"{ID}e1")

    async def test_it_opens_without_the_venues_clock(self, stage: AccountStage) -> None:
        """An exit must not fail for want of a clock."""
        stage.venue.faults.add(dropped_before(), roles={"time"}, times=None)
        async with stage.another() as other:
            await other.open()
            assert await other.positions() == ()

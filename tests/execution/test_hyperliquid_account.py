"""The Hyperliquid account keeps the contract, and what is Hyperliquid's own."""

import logging
import traceback
from typing import Any, ClassVar

import pytest

from cockpit.config.model import CockpitConfig
from cockpit.domain.kinds import OrderStatus
from cockpit.exchanges.base.account import Ambiguous, KeysLost, NotSent, RefusalKind, Refused, VenueFailure
from tests.execution.account_contract import AccountContract
from tests.execution.account_stage import AccountStage, entry, stop, with_venue
from tests.execution.account_stream_contract import AccountStreamContract
from tests.loopback.hyperliquid_trading import ACCOUNT, AGENT, AGENT_KEY
from tests.loopback.trading_faults import dropped_before, too_many, truncated, unknown

ID = "ckaaaaaat000001"
SOMEBODYS = ("0x" + "1" * 32, "0x" + "2" * 32)


@pytest.fixture(scope="session")
def shipped_config(shipped_config: CockpitConfig) -> CockpitConfig:
    return with_venue(shipped_config, "hyperliquid")


class TestHyperliquidAccount(AccountContract):
    name = "hyperliquid"
    reserves = False

    async def test_the_facts_are_the_venues(self, stage: AccountStage) -> None:
        facts = await stage.account.facts()
        assert facts.can_trade and facts.dangerous_permissions == () and facts.is_one_way
        assert facts.is_ip_restricted is None, "the venue has no such thing"
        assert facts.equity_usd == pytest.approx(1_660.0) and facts.taker_fee_bps == pytest.approx(5.0)
        assert facts.leverage == dict.fromkeys(("BTC", "ETH", "SOL", "XRP"), 20.0)
        assert set(facts.is_isolated) == set(facts.listed) == {"BTC", "ETH", "SOL", "XRP"}
        assert all(facts.is_isolated.values())
        assert abs(facts.clock_offset_ms) < 500

    async def test_an_account_that_keeps_two_sides_is_told(self, stage: AccountStage) -> None:
        """The venue has no such mode."""
        assert (await stage.account.facts()).is_one_way

    async def test_a_key_that_can_move_money_out_is_told(self, stage: AccountStage) -> None:
        """It is refused: whose key it is is asked at every start, and every time the account is."""
        stage.venue.roles[AGENT.lower()] = {"role": "user"}
        with pytest.raises(KeysLost, match="expected an agent's key, was a user's own, which can withdraw"):
            await stage.account.facts()

    async def test_no_stop_can_be_held_for_what_is_not_listed(self, stage: AccountStage) -> None:
        reason = await stage.account.holds_stops("DOGE")
        assert reason == "hyperliquid: expected a perpetual of DOGE against USDC, was none listed"

    async def test_a_venue_that_takes_no_stops_says_so(self, stage: AccountStage) -> None:
        """An error of the venue's own for the stop that was asked about, and no such stop afterwards."""
        stage.venue.core.algos.gone = True
        assert "Trigger orders are not taken now" in str(await stage.account.holds_stops("BTC"))
        assert stage.venue.algo_orders == []

    async def test_a_partial_fill_is_told_as_one(self, stage: AccountStage) -> None:
        """What does not fill at once is gone: nothing of a market order rests."""
        stage.venue.core.fill_next(0.5)
        await stage.account.place(entry(qty=0.004), f"{ID}e1")
        found = await stage.account.find("BTC", f"{ID}e1", False)
        assert found is not None
        assert (found.status, found.filled_qty, found.average_price) == (OrderStatus.CANCELLED, 0.002, 100_000.1)
        assert [fill.qty for fill in await stage.account.fills_of(found)] == [0.002]
        assert await stage.account.open_orders() == ()

    async def test_what_fills_at_once_is_in_the_answer(self, stage: AccountStage) -> None:
        """The list of executions may be seconds behind: a position would stand unguarded meanwhile."""
        stage.venue.core.lists_lag_s = 10.0
        stage.venue.core.fill_next(0.5)
        placed = await stage.account.place(entry(qty=0.004), f"{ID}e1")
        assert (placed.filled_qty, placed.average_price) == (0.002, 100_000.1)
        resting = await stage.account.place(entry(price=99_000.0), f"{ID}e2")
        assert (resting.status, resting.filled_qty) == (OrderStatus.WORKING, 0.0)

    async def test_orders_of_anybody_are_listed_and_can_be_cancelled(self, stage: AccountStage) -> None:
        """Others' ids are told as the venue has them."""
        async with stage.another() as foreign:
            await foreign.open()
            await foreign.place(entry(price=99_000.0), SOMEBODYS[0])
            await foreign.place(stop(trigger=98_000.0), SOMEBODYS[1])
        orders = await stage.account.open_orders()
        assert sorted((order.client_id, order.is_conditional) for order in orders) == [
            (SOMEBODYS[0], False),
            (SOMEBODYS[1], True),
        ]
        for order in orders:
            await stage.account.cancel_order(order)
        assert await stage.account.open_orders() == ()

    async def test_an_id_is_taken_once(self, stage: AccountStage) -> None:
        """What the venue says to a second one is written down nowhere: it is asked for, and the first is found."""
        await stage.account.place(entry(price=99_000.0), f"{ID}e1")
        with pytest.raises(Ambiguous):
            await stage.account.place(entry(price=99_000.0), f"{ID}e1")
        found = await stage.account.find("BTC", f"{ID}e1", False)
        assert found is not None and found.status is OrderStatus.WORKING and len(stage.venue.open_orders) == 1

    async def test_what_is_too_small_never_leaves(self, stage: AccountStage) -> None:
        """Under a lot; what is under 10 USD the venue refuses."""
        before = len(stage.venue.calls)
        assert await self.refused(stage, entry(qty=0.000001), "e1") is RefusalKind.TOO_SMALL
        assert len(stage.venue.calls) == before
        assert await self.refused(stage, entry(qty=0.00009), "e2") is RefusalKind.TOO_SMALL

    async def test_an_id_that_does_not_fit_never_leaves(self, stage: AccountStage) -> None:
        with pytest.raises(Refused, match="lowercase letters and digits as an id, was 'somebody1': nothing was sent"):
            await stage.account.place(entry(price=99_000.0), "somebody1")
        assert stage.venue.called("entry") == []

    async def test_clocks_that_came_apart_are_compared_and_the_same_order_goes_through(
        self, stage: AccountStage
    ) -> None:
        """An entry is void some seconds after it was signed, by the venue's clock; an exit never is."""
        await stage.account.place(entry(), f"{ID}e1")
        stage.venue.clock_skew_ms = 60_000
        with pytest.raises(Ambiguous):
            await stage.account.place(entry(), f"{ID}e2")
        assert await stage.account.find("BTC", f"{ID}e2", False) is None
        await stage.account.place(stop(), f"{ID}s1")
        assert len(stage.venue.algo_orders) == 1
        assert (await stage.account.facts()).clock_offset_ms == pytest.approx(60_000, abs=1_000)
        await stage.account.place(entry(), f"{ID}e3")
        assert stage.venue.held("BTC") == 0.004

    async def test_revoked_keys_are_lost_keys_in_every_call(self, stage: AccountStage) -> None:
        """In every call that needs one: what is asked needs none."""
        await stage.account.place(entry(), f"{ID}e1")
        stage.venue.key_revoked = True
        with pytest.raises(KeysLost, match="does not exist"):
            await stage.account.place(entry(), f"{ID}e2")
        with pytest.raises(KeysLost):
            await stage.account.cancel("BTC", f"{ID}e1", False)
        with pytest.raises(KeysLost, match="expected an agent's key, was of no account"):
            await stage.account.facts()
        assert len(await stage.account.positions()) == 1

    async def test_what_fails_before_an_order_is_signed_was_not_sent(self, stage: AccountStage) -> None:
        """An entry needs the middle of the book; an exit is content with what its position was valued at."""
        await stage.account.place(entry(), f"{ID}e1")
        (held,) = await stage.account.positions()
        stage.venue.faults.add(dropped_before(), roles={"public"}, times=None)
        with pytest.raises(NotSent, match="nothing was sent"):
            await stage.account.place(entry(), f"{ID}e2")
        await stage.account.close_position(held, f"{ID}c1")
        assert stage.venue.held("BTC") == 0.0

    async def test_nothing_that_is_said_holds_the_key(
        self, stage: AccountStage, caplog: pytest.LogCaptureFixture
    ) -> None:
        """One trouble after the other, everything logged: the agent's key is in no error, no line and no repr."""
        caplog.set_level(logging.DEBUG)
        said = [repr(stage.account), repr(vars(stage.account)["_keys"])]
        for number, fault in enumerate((truncated(), unknown(), dropped_before(), too_many(retry_after_s=1))):
            stage.venue.faults.add(fault, roles={"entry", "stop", "close", "positions", "setup"}, times=4)
            calls = stage.account.place(entry(), f"{ID}e{number}"), stage.account.positions(), stage.account.facts()
            for call in calls:
                try:
                    await call
                except VenueFailure as failure:
                    said.append("".join(traceback.format_exception(failure)))
            stage.venue.faults.clear()
        stage.venue.key_revoked = True
        with pytest.raises(VenueFailure) as lost:
            await stage.account.place(entry(), f"{ID}e9")
        said += ["".join(traceback.format_exception(lost.value)), caplog.text]
        assert len(" ".join(said)) > 1_000
        assert AGENT_KEY.removeprefix("0x").lower() not in " ".join(said).lower()
        assert not any(AGENT_KEY.removeprefix("0x") in call.raw for call in stage.venue.calls), "nor in what leaves"


class TestHyperliquidStream(AccountStreamContract):
    name = "hyperliquid"
    backwards = 4
    unreadable: ClassVar[Any] = {"channel": "userFills", "data": {"user": ACCOUNT, "fills": [{}]}}

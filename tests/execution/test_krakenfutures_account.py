"""The Kraken Futures account keeps the contract, and what is Kraken's own."""

from typing import Any, ClassVar

import pytest

from cockpit.config.model import CockpitConfig
from cockpit.domain.kinds import OrderStatus
from cockpit.exchanges.base.account import RefusalKind, Refused
from cockpit.exchanges.base.fence import FencedOff
from tests.execution.account_contract import AccountContract
from tests.execution.account_stage import AccountStage, close, entry, stop, target, with_krakenfutures
from tests.execution.account_stream_contract import AccountStreamContract

ID = "ckaaaaaat000001"


@pytest.fixture(scope="session")
def shipped_config(shipped_config: CockpitConfig) -> CockpitConfig:
    return with_krakenfutures(shipped_config)


class TestKrakenFuturesAccount(AccountContract):
    name = "krakenfutures"
    reserves = False

    async def test_the_facts_are_the_venues(self, stage: AccountStage) -> None:
        facts = await stage.account.facts()
        assert facts.can_trade and facts.is_one_way
        assert facts.is_ip_restricted is None, "the venue does not say"
        assert facts.equity_usd == pytest.approx(1_660.0) and facts.taker_fee_bps == pytest.approx(5.0)
        assert facts.leverage == dict.fromkeys(("BTC", "ETH", "SOL", "XRP"), 20.0)
        assert set(facts.is_isolated) == set(facts.listed) == {"BTC", "ETH", "SOL", "XRP"}
        assert all(facts.is_isolated.values())
        assert abs(facts.clock_offset_ms) < 500

    async def test_without_a_preference_it_is_cross_at_what_its_margin_allows(self, stage: AccountStage) -> None:
        stage.venue.core.isolated["PF_XBTUSD"] = False
        settings = await stage.account.settings("BTC")
        assert (settings.leverage, settings.is_isolated) == (50.0, False)

    async def test_an_account_that_keeps_two_sides_is_told(self, stage: AccountStage) -> None:
        """The venue has no such mode."""
        assert (await stage.account.facts()).is_one_way

    async def test_a_key_that_can_move_money_out_is_told(self, stage: AccountStage) -> None:
        """The venue does not tell: the registry says so, and the checklist warns."""
        assert (await stage.account.facts()).dangerous_permissions == ()

    async def test_no_stop_can_be_held_for_what_is_not_listed(self, stage: AccountStage) -> None:
        reason = await stage.account.holds_stops("DOGE")
        assert reason == "krakenfutures: expected a perpetual of DOGE against USD, was none listed"

    async def test_clocks_that_came_apart_are_compared_and_the_same_order_goes_through(
        self, stage: AccountStage
    ) -> None:
        """Nothing that is sent carries a time."""
        stage.venue.clock_skew_ms = 60_000
        await stage.account.place(entry(), f"{ID}e1")
        assert (await stage.account.facts()).clock_offset_ms == pytest.approx(60_000, abs=1_000)

    async def test_a_refusal_says_what_to_do_about_it(self, stage: AccountStage) -> None:
        assert await self.refused(stage, close(), "c1") is RefusalKind.NOTHING_TO_REDUCE
        assert await self.refused(stage, entry(qty=5.0), "e1") is RefusalKind.MARGIN
        await stage.account.place(entry(), f"{ID}e2")
        await stage.account.place(target(), f"{ID}x1")
        await stage.account.place(close(), f"{ID}c2")
        assert stage.venue.held("BTC") == 0.0 and await stage.account.open_orders() == ()

    async def test_a_stop_whose_price_is_reached_is_triggered_at_once(self, stage: AccountStage) -> None:
        await stage.account.place(entry(), f"{ID}e1")
        await stage.account.place(stop(trigger=100_500.0), f"{ID}s1")
        assert stage.venue.held("BTC") == 0.0

    async def test_what_orders_status_has_forgotten_is_read_from_the_history(self, stage: AccountStage) -> None:
        await stage.account.place(entry(qty=0.004), f"{ID}e1")
        await stage.account.place(stop(trigger=99_000.0, qty=0.002), f"{ID}s1")
        await stage.account.place(stop(trigger=98_000.0, qty=0.002), f"{ID}s2")
        await stage.account.place(entry(price=99_500.0), f"{ID}e2")
        await stage.account.cancel("BTC", f"{ID}e2", False)
        await stage.account.cancel("BTC", f"{ID}s2", True)
        stage.venue.set_price("BTC", 98_900, 98_900.1)
        stage.venue.forgets_after_s = -60.0
        found = {
            name: await stage.account.find("BTC", f"{ID}{name}", name[0] == "s") for name in ("e1", "e2", "s1", "s2")
        }
        status = {name: order.status for name, order in found.items() if order is not None}
        assert status == {
            "e1": OrderStatus.FILLED,
            "e2": OrderStatus.CANCELLED,
            "s1": OrderStatus.FILLED,
            "s2": OrderStatus.CANCELLED,
        }
        assert found["s1"] is not None and found["s1"].trigger_price == 99_000.0

    async def test_a_stop_goes_out_on_the_mark_and_reduces(self, stage: AccountStage) -> None:
        await stage.account.place(entry(), f"{ID}e1")
        await stage.account.place(stop(), f"{ID}s1")
        (sent,) = stage.venue.called("stop")
        assert sent.params == {
            "orderType": "stp", "symbol": "PF_XBTUSD", "side": "sell", "size": "0.002", "stopPrice": "99000",
            "triggerSignal": "mark", "cliOrdId": f"{ID}s1", "reduceOnly": "true",
        }  # fmt: skip

    @pytest.mark.parametrize(
        ("kind", "extra"),
        [
            ("market", {"trailingPercent": 1.0}),
            ("market", {"trailingAmount": 100.0}),
            ("limit", {"stopLossPrice": 99_000.0}),
            ("market", {"triggerPrice": 99_000.0}),
            ("market", {"takeProfitPrice": 110_000.0}),
            ("market", {"orderType": "trailing_stop", "trailingStopMaxDeviation": 1}),
        ],
    )
    async def test_what_the_library_would_send_as_something_else_is_fenced_off(
        self, stage: AccountStage, kind: str, extra: dict[str, Any]
    ) -> None:
        """Of a trailing stop it makes a plain market order, of a stop one on the last price."""
        client = stage.account.client  # type: ignore[attr-defined]
        await client.load_markets()
        before = len(stage.venue.calls)
        with pytest.raises(FencedOff):
            await client.create_order("BTC/USD:USD", kind, "sell", 0.001, 99_000.0, extra)
        assert len(stage.venue.calls) == before

    @pytest.mark.parametrize(
        "endpoint",
        [
            "privatePostWithdrawal", "privatePostTransfer", "privatePostTransferSubaccount", "privatePostBatchorder",
            "privatePostEditorder", "privatePostCancelallorders", "privatePostCancelallordersafter",
            "privatePutLeveragepreferences",
        ],
    )  # fmt: skip
    async def test_no_other_call_leaves(self, stage: AccountStage, endpoint: str) -> None:
        before = len(stage.venue.calls)
        with pytest.raises(FencedOff):
            await getattr(stage.account.client, endpoint)({"amount": 1})  # type: ignore[attr-defined]
        assert len(stage.venue.calls) == before

    async def test_an_order_that_success_does_not_place_is_refused(self, stage: AccountStage) -> None:
        with pytest.raises(Refused, match="expected the order placed, was insufficientAvailableFunds"):
            await stage.account.place(entry(qty=5.0), f"{ID}e1")


class TestKrakenFuturesStream(AccountStreamContract):
    name = "krakenfutures"
    backwards = 3
    unreadable: ClassVar[Any] = {"feed": "fills", "fills": [{}]}

    async def test_an_execution_that_nobody_told_of_shows_in_what_is_left(self, stage: AccountStage) -> None:
        """Two halves, the first one's word and that of the position lost."""
        stage.venue.core.fill_next(0.5, 0.5)
        stage.venue.user_stream.drop_next = 2
        await stage.account.place(entry(qty=0.004), f"{ID}e1")
        await stage.until(lambda: bool(stage.fills_of(f"{ID}e1")))
        last = stage.orders_of(f"{ID}e1")[-1]
        assert (last.status, last.filled_qty, last.qty) == (OrderStatus.FILLED, 0.004, 0.004)
        assert [fill.qty for fill in stage.fills_of(f"{ID}e1")] == [0.002]

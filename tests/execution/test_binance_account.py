"""The Binance account keeps the contract, and what is Binance's own."""

import asyncio
from typing import Any, ClassVar

import pytest

from cockpit.config.model import CockpitConfig
from cockpit.exchanges.base.account import NotSent, Refused
from cockpit.exchanges.base.call_kind import CallKind, for_exits
from cockpit.exchanges.base.timing import Timing
from cockpit.exchanges.binance.user_stream import RENEW_EVERY_S
from tests.execution.account_contract import AccountContract
from tests.execution.account_stage import AccountStage, account_stage, close, entry, stop
from tests.execution.account_stream_contract import AccountStreamContract
from tests.loopback.trading_faults import rejected, too_many

ON_BOTH_PAIRS = True

ID = "ckaaaaaat000001"


class TestBinanceAccount(AccountContract):
    name = "binance"
    reserves = True

    async def test_how_much_of_the_allowance_is_used_is_known(self, stage: AccountStage) -> None:
        before = stage.account.used_weight_share()
        await stage.account.positions()
        after = stage.account.used_weight_share()
        assert before is not None and after is not None and after > before

    async def test_after_429_no_entry_is_sent_until_the_venue_may_be_asked_again(self, stage: AccountStage) -> None:
        stage.venue.faults.add(too_many(retry_after_s=30), roles={"entry"})
        with pytest.raises(NotSent) as first:
            await stage.account.place(entry(), f"{ID}e1")
        assert first.value.retry_after_s == pytest.approx(30, abs=1)
        asked = len(stage.venue.calls)
        with pytest.raises(NotSent) as second:
            await stage.account.place(entry(), f"{ID}e1")
        assert second.value.retry_after_s == pytest.approx(30, abs=5) and len(stage.venue.calls) == asked

    async def test_an_hour_of_waiting_for_a_list_holds_no_exit_up(self, stage: AccountStage) -> None:
        await stage.account.place(entry(), f"{ID}e1")
        stage.venue.faults.add(too_many(retry_after_s=3_600), roles={"positions"})
        with pytest.raises(NotSent) as first:
            await stage.account.positions()
        assert first.value.retry_after_s == pytest.approx(30, abs=1) and first.value.asked_until_ns is not None
        with pytest.raises(NotSent) as second:
            await stage.account.place(stop(), f"{ID}s1")
        wait_s = second.value.retry_after_s
        assert wait_s is not None and wait_s <= CallKind.EXIT.longest_wait_s
        await asyncio.sleep(wait_s)
        await stage.account.place(stop(), f"{ID}s1")
        with for_exits():
            assert len(await stage.account.positions()) == 1
        with pytest.raises(NotSent):
            await stage.account.positions()

    async def test_the_margin_mode_is_read_back_by_asset(self, stage: AccountStage) -> None:
        stage.venue.core.isolated["BTCUSDT"] = True
        assert (await stage.account.facts()).is_isolated == {"BTC": True, "ETH": False, "SOL": False, "XRP": False}

    async def test_its_dead_man_switch_is_left_alone(self, stage: AccountStage) -> None:
        await stage.account.guard_entries(30.0)
        assert stage.venue.called("dead_man") == []

    async def test_a_stop_that_closes_the_whole_position_is_reduce_only(self, stage: AccountStage) -> None:
        """Somebody laid it by hand."""
        await stage.account.place(entry(), f"{ID}e1")
        await stage.account.place(stop(), f"{ID}s1")
        row = await stage.account.ask("fapiPrivateGetAlgoOrder", {"clientAlgoId": f"{ID}s1"})  # type: ignore[attr-defined]
        words = stage.account.parser  # type: ignore[attr-defined]
        order = words.algo({**row, "reduceOnly": False, "closePosition": True, "quantity": "0"})
        assert order.reduce_only and order.is_conditional

    async def test_a_fee_in_another_coin_is_taken_at_the_configs_rate(self, stage: AccountStage) -> None:
        await stage.account.place(entry(), f"{ID}e1")
        (row,) = await stage.account.ask("fapiPrivateGetUserTrades", {"symbol": "BTCUSDT"})  # type: ignore[attr-defined]
        words = stage.account.parser  # type: ignore[attr-defined]
        fill = words.fill({**row, "commission": "0.00015", "commissionAsset": "BNB"}, f"{ID}e1")
        assert fill.fee_usd == pytest.approx(0.002 * 100_000.1 * 5 / 10_000)

    async def test_a_code_without_a_class_is_a_refusal_all_the_same(self, stage: AccountStage) -> None:
        stage.venue.faults.add(rejected("-5022"), roles={"entry"})
        with pytest.raises(Refused, match="-5022"):
            await stage.account.place(entry(), f"{ID}e1")

    async def test_an_account_of_two_sides_can_be_closed(self, stage: AccountStage) -> None:
        stage.venue.trade_by_hand("BTC", "buy", 0.002)
        (held,) = await stage.account.positions()
        stage.venue.core.hedge_mode = True
        with pytest.raises(Refused, match=r"-4061|-1106"):
            await stage.account.place(close(), f"{ID}c1")
        await stage.account.close_position(held._replace(hedge_side="LONG"), f"{ID}c2")
        assert stage.venue.called("entry", "close")[-1].params["positionSide"] == "LONG"


class TestBinanceStream(AccountStreamContract):
    name = "binance"
    backwards = 6
    unreadable: ClassVar[Any] = {"e": "ORDER_TRADE_UPDATE", "o": {}}

    async def test_a_listen_key_that_expired_is_asked_for_anew(self, stage: AccountStage) -> None:
        stage.venue.expire_listen_key()
        await stage.until(lambda: len(stage.links) >= 3 and stage.links[-1][0])
        assert "the listen key expired" in stage.links[1][1]
        await stage.account.place(entry(), f"{ID}e1")
        await stage.until(lambda: bool(stage.fills_of(f"{ID}e1")))

    async def test_a_listen_key_that_died_without_a_word_is_found_out_when_renewed(
        self, shipped_config: CockpitConfig
    ) -> None:
        due = asyncio.Event()

        async def sleep(seconds: float) -> None:
            if seconds == RENEW_EVERY_S:
                await due.wait()
                due.clear()
            else:
                await asyncio.sleep(seconds)

        async with account_stage(self.name, shipped_config, timing=Timing(sleep=sleep)) as stage:
            await stage.follow()
            stage.venue.faults.add(rejected("-1125"), roles={"stream"})
            due.set()
            await stage.until(lambda: len(stage.links) >= 3 and stage.links[-1][0])
            assert "-1125" in stage.links[1][1]
            due.set()
            renewed = len(stage.venue.called("stream")) + 1
            await stage.until(lambda: len(stage.venue.called("stream")) >= renewed)
            assert len(stage.links) == 3

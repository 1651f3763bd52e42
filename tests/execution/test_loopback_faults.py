"""Every fault of the loopback venues as the real client library meets it: what it raises, and whether it executed."""

import asyncio
import time
from typing import Any

import ccxt.pro
import pytest
from loopback_stage import SYMBOL, VENUES, Stage, staged

from tests.loopback.trading_faults import (
    Fault,
    banned,
    dropped_after,
    dropped_before,
    empty,
    hanging,
    late,
    overloaded,
    rejected,
    timed_out,
    too_many,
    truncated,
    unknown,
    walled,
)
from tests.patience import patient_s

pytestmark = pytest.mark.parametrize("kind", VENUES)


async def caught(stage: Stage, client_id: str = "e1") -> Exception:
    with pytest.raises(ccxt.pro.BaseError) as error:
        await stage.market("buy", 0.002, client_id)
    raised: Exception = error.value
    return raised


FAULTS = {
    "dropped before": (dropped_before(), "ExchangeNotAvailable", "ExchangeNotAvailable", False),
    "dropped after": (dropped_after(), "ExchangeNotAvailable", "ExchangeNotAvailable", True),
    "truncated": (truncated(), "ExchangeError", "ExchangeError", True),
    "unknown, executed": (unknown(), "OperationFailed", "ExchangeNotAvailable", True),
    "unknown, not executed": (unknown(executes=False), "OperationFailed", "ExchangeNotAvailable", False),
    "timed out, executed": (timed_out(), "RequestTimeout", "RequestTimeout", True),
    "timed out, not executed": (timed_out(executes=False), "RequestTimeout", "RequestTimeout", False),
    "overloaded": (overloaded(), "OperationFailed", "ExchangeNotAvailable", False),
    "too many": (too_many(3), "DDoSProtection", "RateLimitExceeded", False),
    "walled": (walled(), "ExchangeNotAvailable", "ExchangeNotAvailable", False),
    "banned": (banned(60), "DDoSProtection", "RateLimitExceeded", False),
}
"""By name: the fault, what the library raises on Binance and on OKX, and whether the order was executed."""


@pytest.mark.parametrize("name", FAULTS)
async def test_what_an_entry_meets(kind: type[Any], name: str) -> None:
    fault, on_binance, on_okx, executed = FAULTS[name]
    async with staged(kind) as stage:
        stage.venue.faults.add(fault, roles={"entry"})
        error = await caught(stage)
        assert type(error).__name__ == (on_binance if stage.on_binance else on_okx)
        assert stage.venue.held("BTC") == (0.002 if executed else 0.0)
        await stage.market("buy", 0.002, "e2")
        assert stage.venue.held("BTC") == (0.004 if executed else 0.002)


@pytest.mark.parametrize("fault", [too_many(3), banned(60)], ids=["429", "418"])
async def test_how_long_to_stay_away_is_said(kind: type[Any], fault: Fault) -> None:
    async with staged(kind) as stage:
        stage.venue.faults.add(fault)
        await caught(stage)
        assert stage.client.last_response_headers["Retry-After"] == str(fault.retry_after_s)


async def test_an_order_can_be_executed_after_its_answer(kind: type[Any]) -> None:
    """At once it does not exist, then it is there and fills: only repeated looks are conclusive."""
    async with staged(kind) as stage:
        stage.venue.faults.add(late(), roles={"entry"})
        assert isinstance(await caught(stage), ccxt.pro.RequestTimeout)
        with pytest.raises(ccxt.pro.OrderNotFound):
            await stage.fetch_order("e1")
        stage.venue.carry_out_late()
        assert (await stage.fetch_order("e1"))["status"] == "closed"
        assert stage.venue.held("BTC") == 0.002


async def test_an_order_can_be_executed_some_time_after_its_answer(kind: type[Any]) -> None:
    async with staged(kind) as stage:
        stage.venue.faults.add(late(0.05), roles={"entry"})
        assert isinstance(await caught(stage), ccxt.pro.RequestTimeout)
        async with asyncio.timeout(patient_s(20)):
            await stage.venue.until(lambda: stage.venue.held("BTC") == 0.002)


async def test_a_hanging_answer_outlasts_the_clients_patience(kind: type[Any]) -> None:
    async with staged(kind) as stage:
        stage.client.timeout = 200
        stage.venue.faults.add(hanging(30), roles={"entry"})
        assert isinstance(await caught(stage), ccxt.pro.RequestTimeout)
        assert stage.venue.held("BTC") == 0.002


async def test_a_hanging_answer_is_the_true_one_when_it_comes(kind: type[Any]) -> None:
    async with staged(kind) as stage:
        stage.venue.faults.add(hanging(0.1), roles={"entry"})
        began = time.monotonic()
        order = await stage.market("buy", 0.002, "e1")
        assert time.monotonic() - began >= 0.1
        assert order["id"] == str(stage.venue.executions[0].order_id)


async def test_a_rejection_has_the_venues_own_code(kind: type[Any]) -> None:
    async with staged(kind) as stage:
        code = "-2019" if stage.on_binance else "51008"
        stage.venue.faults.add(rejected(code), roles={"entry"})
        error = await caught(stage)
        assert isinstance(error, ccxt.pro.InsufficientFunds)
        assert code in str(error)
        assert not stage.venue.core.orders


async def test_a_fault_meets_only_the_requests_it_is_for(kind: type[Any]) -> None:
    async with staged(kind) as stage:
        stage.venue.faults.add(dropped_before(), roles={"stop"}, times=2)
        await stage.market("buy", 0.002, "e1")
        for attempt in ("s1", "s2"):
            with pytest.raises(ccxt.pro.ExchangeNotAvailable):
                await stage.stop("sell", 0.002, 99_000, attempt)
        await stage.stop("sell", 0.002, 99_000, "s3")
        assert [algo.client_id for algo in stage.venue.algo_orders] == ["s3"]
        assert [call.role for call in stage.venue.called("entry", "stop")] == ["entry", "stop", "stop", "stop"]


async def test_a_fault_can_last_until_it_is_cleared(kind: type[Any]) -> None:
    async with staged(kind) as stage:
        stage.venue.faults.add(dropped_before(), times=None)
        for client_id in ("e1", "e2"):
            await caught(stage, client_id)
        stage.venue.faults.clear()
        await stage.market("buy", 0.002, "e3")
        assert stage.venue.held("BTC") == 0.002


@pytest.mark.parametrize("role", ["cancel", "cancel_stop"])
async def test_a_cancel_can_be_carried_out_without_an_answer(kind: type[Any], role: str) -> None:
    """aiohttp itself repeats a DELETE whose reused connection was cut: Binance then knows no such order any more."""
    async with staged(kind) as stage:
        await stage.market("buy", 0.002, "e1")
        await stage.limit("sell", 0.002, 101_000, "t1", reduceOnly=True)
        await stage.stop("sell", 0.002, 99_000, "s1")
        stage.venue.faults.add(dropped_after(), roles={role})
        name, params = ("t1", {}) if role == "cancel" else ("s1", {"trigger": True})
        with pytest.raises(ccxt.pro.OrderNotFound if stage.on_binance else ccxt.pro.ExchangeNotAvailable):
            await stage.cancel(name, **params)
        assert len(stage.venue.called(role)) == (2 if stage.on_binance else 1)
        left = len(stage.venue.open_orders), len(stage.venue.algo_orders)
        assert left == ((0, 1) if role == "cancel" else (1, 0))


async def test_a_reader_can_be_shown_nothing_or_the_past(kind: type[Any]) -> None:
    async with staged(kind) as stage:
        await stage.market("buy", 0.002, "e1")
        stage.venue.faults.add(empty(), roles={"positions"})
        assert await stage.client.fetch_positions() == []
        stage.venue.stale_positions()
        await stage.market("sell", 0.002, "x1", reduceOnly=True)
        (past,) = await stage.client.fetch_positions()
        assert past["side"] == "long"
        assert await stage.client.fetch_positions() == []


async def test_the_conditional_service_can_be_gone(kind: type[Any]) -> None:
    async with staged(kind) as stage:
        await stage.market("buy", 0.002, "e1")
        stage.venue.core.algos.gone = True
        with pytest.raises(ccxt.pro.ExchangeError, match="-4120" if stage.on_binance else "51000"):
            await stage.stop("sell", 0.002, 99_000, "s1")
        assert stage.venue.algo_orders == []


async def test_a_key_can_be_revoked_midway(kind: type[Any]) -> None:
    async with staged(kind) as stage:
        await stage.market("buy", 0.002, "e1")
        stage.venue.key_revoked = True
        with pytest.raises(ccxt.pro.BaseError, match="-2015" if stage.on_binance else "50111"):
            await stage.market("sell", 0.002, "x1", reduceOnly=True)
        assert stage.venue.held("BTC") == 0.002


@pytest.mark.parametrize("skew_ms", [-60_000, 60_000])
async def test_a_clock_that_is_off_is_refused_until_the_client_learns_it(kind: type[Any], skew_ms: int) -> None:
    async with staged(kind, adjustForTimeDifference=True) as stage:
        stage.venue.clock_skew_ms = skew_ms
        assert isinstance(await caught(stage), ccxt.pro.InvalidNonce)
        await stage.client.load_time_difference()
        await stage.market("buy", 0.002, "e2")
        assert stage.venue.held("BTC") == 0.002


async def test_a_wrong_secret_is_found_out(kind: type[Any]) -> None:
    async with staged(kind) as stage:
        stage.client.secret = "another"
        with pytest.raises(ccxt.pro.AuthenticationError):
            await stage.market("buy", 0.002, "e1")
        assert stage.venue.called("entry")[0].params is not None
        assert not stage.venue.core.orders


async def test_a_venue_can_be_away_and_come_back_with_everything_as_it_was(kind: type[Any]) -> None:
    async with staged(kind) as stage:
        await stage.market("buy", 0.002, "e1")
        await stage.venue.go_down()
        with pytest.raises(ccxt.pro.ExchangeNotAvailable):
            await stage.client.fetch_positions([SYMBOL])
        await stage.venue.come_back()
        (position,) = await stage.client.fetch_positions([SYMBOL])
        assert position["contracts"] == stage.amount(0.002)

"""Coins at Coinbase where a sale goes wrong in its middle: guarded again, sold once, never more than ours."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from cockpit.config.model import CockpitConfig
from cockpit.domain.kinds import OrderStatus, Side
from cockpit.exchanges.base.account import Ambiguous, NotSent, RefusalKind, Refused
from tests.execution.account_stage import AccountStage, close, entry, stop, target
from tests.execution.spot_stage import ID, guarded, resting, spot_stage, with_spot
from tests.loopback.trading_faults import dropped_after, dropped_before, empty, hanging, rejected, unknown
from tests.venue_pairs import FIRST, WITH_SPOT, choose


@pytest.fixture(scope="module")
def shipped_config(shipped_config: CockpitConfig) -> CockpitConfig:
    return with_spot(shipped_config)


@pytest.fixture(autouse=True)
def venue_pair() -> Iterator[None]:
    choose(WITH_SPOT)
    yield
    choose(FIRST)


@pytest.fixture
async def stage(shipped_config: CockpitConfig):
    async with spot_stage(shipped_config) as stage:
        yield stage


@pytest.mark.parametrize("fault", [rejected("PREVIEW_TRADING_DISABLED"), rejected("UNKNOWN_FAILURE_REASON")])
async def test_a_sale_that_is_not_taken_has_its_stop_back_at_once(stage: AccountStage, fault: Any) -> None:
    await guarded(stage)
    stage.venue.faults.add(fault, roles={"close"}, times=None)
    with pytest.raises((Refused, Ambiguous)):
        await stage.account.place(close(), f"{ID}c1")
    assert resting(stage) == [(f"{ID}s1r1", "0.002")] and stage.venue.held("BTC") == 0.002
    assert stage.venue.watch.longest_naked_s() < 1.0
    found = await stage.account.find("BTC", f"{ID}s1", True)
    assert found is not None and found.status is OrderStatus.WORKING


@pytest.mark.parametrize("others", [0.0, 0.5])
async def test_a_sale_whose_answer_is_lost_is_sent_again_under_its_id_and_is_one(
    stage: AccountStage, others: float
) -> None:
    if others:
        stage.venue.deposit("BTC", others)
    await guarded(stage)
    stage.venue.faults.add(dropped_after(), roles={"close"})
    await stage.account.place(close(), f"{ID}c1")
    assert stage.venue.held("BTC") == others and resting(stage) == []
    assert len(stage.venue.called("close")) == 2 and {
        one.params["client_order_id"] for one in stage.venue.called("close")
    } == {f"{ID}c1"}


@pytest.mark.parametrize("fault", [dropped_before(), hanging(3.0, executes=False), unknown(executes=False)])
@pytest.mark.parametrize("others", [0.0, 0.5])
async def test_a_sale_that_nobody_answers_leaves_its_coins_guarded(
    stage: AccountStage, fault: Any, others: float
) -> None:
    if others:
        stage.venue.deposit("BTC", others)
    await guarded(stage)
    stage.venue.faults.add(fault, roles={"close"}, times=None)
    with pytest.raises(Ambiguous):
        await stage.account.place(close(), f"{ID}c1")
    assert resting(stage) == [(f"{ID}s1r1", "0.002")]
    stage.venue.faults.clear()
    if others:
        with pytest.raises(NotSent, match="was not answered"):
            await stage.account.place(close(), f"{ID}c2")
    await stage.account.place(close(), f"{ID}c1")
    assert stage.venue.held("BTC") == others


async def test_a_sale_that_hangs_and_was_carried_out_is_not_made_twice(stage: AccountStage) -> None:
    stage.venue.deposit("BTC", 0.5)
    await guarded(stage)
    stage.venue.faults.add(dropped_after(), roles={"close"}, times=None)
    await stage.account.place(close(), f"{ID}c1")
    stage.venue.faults.clear()
    with pytest.raises(Refused):
        await stage.account.place(close(), f"{ID}c2")
    assert stage.venue.held("BTC") == 0.5 and resting(stage) == []


def nothing_changed_after(stage: AccountStage, role: str) -> None:
    """Once such an order arrived nobody says what became of any."""
    faults = stage.venue.faults
    faults.policy = lambda asked: dropped_before() if asked == "lookup" and stage.venue.called(role) else None


@pytest.mark.parametrize("others", [0.0, 0.5])
async def test_what_a_sale_has_not_sold_is_guarded_once_that_is_known(stage: AccountStage, others: float) -> None:
    """Its order is answered and not met, and for a while nobody says so."""
    if others:
        stage.venue.deposit("BTC", others)
    await guarded(stage)
    nothing_changed_after(stage, "target")
    await stage.account.place(target(qty=0.0005), f"{ID}t1")
    assert resting(stage) == [(f"{ID}s1r1", "0.0015")], "what it surely has not sold"
    stage.venue.faults.policy = lambda role: None
    await stage.venue.until(lambda: resting(stage) == [(f"{ID}s1r2", "0.002")])


@pytest.mark.parametrize("fault", [dropped_after(), dropped_before()], ids=["carried out", "never arrived"])
async def test_beside_coins_of_others_a_stop_waits_for_the_word_on_a_lost_sale(stage: AccountStage, fault: Any) -> None:
    stage.venue.deposit("BTC", 0.5)
    await guarded(stage)
    nothing_changed_after(stage, "close")
    stage.venue.faults.add(fault, roles={"close"}, times=None)
    with pytest.raises(Ambiguous):
        await stage.account.place(close(), f"{ID}c1")
    assert resting(stage) == [], "nobody knows whether the coins that it would sell are ours"
    stage.venue.faults.policy = lambda role: None
    asked = len(stage.venue.called("lookup"))
    await stage.venue.until(lambda: len(stage.venue.called("lookup")) > asked)
    left = [] if stage.venue.held("BTC") == 0.5 else [(f"{ID}s1r1", "0.002")]
    await stage.venue.until(lambda: resting(stage) == left)
    assert stage.venue.watch.oversold(stage.venue.symbol("BTC")) == 0


async def test_a_list_made_after_a_sale_and_told_before_it_leaves_nothing_bare(stage: AccountStage) -> None:
    """An entry elsewhere reads the account while nobody has said yet what was sold: it is not taken away twice."""
    await guarded(stage)
    stage.venue.set_price("BTC", 101_000.0, 101_000.1)
    faults = stage.venue.faults
    faults.policy = lambda role: hanging(0.3) if role == "lookup" and stage.venue.called("target") else None
    selling = asyncio.ensure_future(stage.account.place(target(qty=0.0005), f"{ID}t1"))
    await stage.venue.until(lambda: stage.venue.held("BTC") == 0.0015)
    await stage.account.settings("BTC")
    await selling
    assert resting(stage) == [(f"{ID}s1r1", "0.0015")]


async def test_a_lost_sale_that_was_carried_out_leaves_the_rest_guarded(stage: AccountStage) -> None:
    await guarded(stage)
    nothing_changed_after(stage, "target")
    stage.venue.set_price("BTC", 101_000.0, 101_000.1)
    stage.venue.faults.add(dropped_after(), roles={"target"}, times=None)
    with pytest.raises(Ambiguous):
        await stage.account.place(target(qty=0.0005), f"{ID}t1")
    assert resting(stage) == [(f"{ID}s1r1", "0.0015")]
    assert stage.venue.watch.longest_naked_s() < 4.0, "as long as nothing is answered, and no longer"


@pytest.mark.parametrize("others", [0.0, 0.3])
async def test_where_the_list_hides_coins_that_somebody_sold_executions_say_how_many_are_left(
    stage: AccountStage, others: float
) -> None:
    """The venue takes neither a stop nor a sale for more than are there, and does not say how many are."""
    if others:
        stage.venue.deposit("BTC", others)
    await stage.account.positions()
    await guarded(stage)
    stage.venue.faults.add(empty(), roles={"positions"}, times=None)
    stage.venue.trade_by_hand("BTC", "sell", others + 0.0005)
    await stage.account.place(stop(), f"{ID}s2")
    assert resting(stage) == [(f"{ID}s2", "0.0015")]
    (held,) = await stage.account.positions()
    _, sold = await stage.account.fills_since("BTC", 0)
    assert (held.qty, sold.side, sold.qty) == (0.0015, Side.SHORT, 0.0005)
    stage.venue.trade_by_hand("BTC", "sell", 0.0005)
    await stage.account.place(close(), f"{ID}c1")
    assert stage.venue.held("BTC") == 0.0 and resting(stage) == []


OTHER = "ckaaaaaat000002"


async def short(stage: AccountStage) -> None:
    """Two trades; somebody sold of their coins, so that the first one's stop can only be laid for less."""
    await guarded(stage)
    await stage.account.place(entry(qty=0.001), f"{OTHER}e1")
    await stage.account.place(stop(qty=0.001), f"{OTHER}s2")
    stage.venue.trade_by_hand("BTC", "sell", 0.0005)
    await stage.account.positions()
    await stage.account.place(stop(), f"{ID}s3")
    assert resting(stage) == [(f"{OTHER}s2", "0.001"), (f"{ID}s3", "0.0015")]


async def test_a_stop_that_was_laid_for_less_is_made_whole_once_another_needs_less(stage: AccountStage) -> None:
    """The engine takes what was sold by hand to be of the other trade: it lays that one's stop for less."""
    await short(stage)
    await stage.account.place(stop(qty=0.0005), f"{OTHER}s4")
    assert resting(stage) == [(f"{OTHER}s4", "0.0005"), (f"{ID}s3r1", "0.002")]
    assert stage.venue.watch.longest_naked_s() < 1.0


async def test_a_stop_that_was_laid_for_less_is_made_whole_once_the_coins_are_there_again(stage: AccountStage) -> None:
    await short(stage)
    stage.venue.trade_by_hand("BTC", "buy", 0.0005)
    await stage.account.positions()
    await stage.venue.until(lambda: resting(stage) == [(f"{OTHER}s2", "0.001"), (f"{ID}s3r1", "0.002")])
    sent = len(stage.venue.called("stop"))
    await stage.account.positions()
    await stage.account.positions()
    assert len(stage.venue.called("stop")) == sent, "it is whole, and let be"
    stage.venue.core.others[stage.venue.symbol("BTC")] *= 0


async def test_a_stop_that_was_laid_for_less_is_not_made_whole_once_another_has_taken_its_place(
    stage: AccountStage,
) -> None:
    await short(stage)
    await stage.account.place(stop(qty=0.0015, trigger=99_500.0), f"{ID}s4")
    await stage.account.place(stop(qty=0.0005), f"{OTHER}s5")
    assert resting(stage) == [(f"{ID}s4", "0.0015"), (f"{OTHER}s5", "0.0005")]


async def test_a_stop_that_was_taken_back_is_not_laid_again(stage: AccountStage) -> None:
    await guarded(stage)
    nothing_changed_after(stage, "target")
    await stage.account.place(target(qty=0.0005), f"{ID}t1")
    stage.venue.faults.policy = lambda role: None
    await stage.account.cancel("BTC", f"{ID}s1", True)
    asked = len(stage.venue.called("lookup"))
    await stage.venue.until(lambda: len(stage.venue.called("lookup")) > asked)
    await stage.account.positions()
    assert resting(stage) == []


async def test_a_stop_that_fills_on_its_way_off_has_sold_it(stage: AccountStage) -> None:
    stage.venue.deposit("BTC", 0.5)
    await guarded(stage)
    stage.venue.faults.add(dropped_before(), roles={"cancel_stop"})
    stage.venue.set_price("BTC", 98_990.0, 98_990.1)
    with pytest.raises(Refused) as refused:
        await stage.account.place(close(), f"{ID}c1")
    assert refused.value.kind is RefusalKind.NOTHING_TO_REDUCE
    assert stage.venue.held("BTC") == 0.5 and stage.venue.called("close") == []


async def test_nothing_is_sold_while_the_stop_does_not_go(stage: AccountStage) -> None:
    await guarded(stage)
    stage.venue.faults.add(dropped_before(), roles={"cancel_stop"}, times=None)
    with pytest.raises(NotSent, match=r"expected 1 stops off, 1 are not after"):
        await stage.account.place(close(), f"{ID}c1")
    assert resting(stage) == [(f"{ID}s1", "0.002")] and stage.venue.called("close") == []


async def test_a_stop_whose_cancel_is_not_answered_is_seen_off_all_the_same(stage: AccountStage) -> None:
    await guarded(stage)
    stage.venue.faults.add(dropped_after(), roles={"cancel_stop"})
    await stage.account.place(close(), f"{ID}c1")
    assert stage.venue.held("BTC") == 0.0


@pytest.mark.parametrize("fault", [dropped_after(), dropped_before()])
async def test_a_stop_whose_answer_is_lost_is_laid_once(stage: AccountStage, fault: Any) -> None:
    await stage.account.place(entry(), f"{ID}e1")
    stage.venue.faults.add(fault, roles={"stop"})
    await stage.account.place(stop(), f"{ID}s1")
    assert resting(stage) == [(f"{ID}s1", "0.002")]
    await stage.account.place(stop(), f"{ID}s1")
    assert resting(stage) == [(f"{ID}s1", "0.002")]


async def test_a_swap_goes_on_when_nobody_waits_for_it_any_more(stage: AccountStage) -> None:
    await guarded(stage)
    stage.venue.faults.add(rejected("PREVIEW_TRADING_DISABLED"), roles={"close"})
    selling = asyncio.ensure_future(stage.account.place(close(), f"{ID}c1"))
    await stage.venue.until(lambda: bool(stage.venue.called("cancel_stop")))
    selling.cancel()
    await stage.venue.until(lambda: resting(stage) == [(f"{ID}s1r1", "0.002")])


async def test_the_engine_hears_nothing_of_a_stop_that_was_laid_again(stage: AccountStage) -> None:
    await guarded(stage)
    await stage.follow()
    stage.venue.set_price("BTC", 101_000.0, 101_000.1)
    await stage.account.place(target(qty=0.0005), f"{ID}t1")
    await stage.until(lambda: bool(stage.fills_of(f"{ID}t1")))
    await stage.until(lambda: any(one.qty == 0.0015 for one in stage.orders_of(f"{ID}s1")))
    assert {one.status for one in stage.orders_of(f"{ID}s1")} == {OrderStatus.WORKING}


@pytest.mark.parametrize("executes", [False, True], ids=["never arrived", "rests"])
async def test_a_stop_that_nobody_answers_does_not_keep_its_sale_waiting(stage: AccountStage, executes: bool) -> None:
    """Where it rests all the same, the sale finds its coins held, and takes it off."""
    await stage.account.place(entry(), f"{ID}e1")
    stage.venue.faults.add(hanging(30.0, executes=executes), roles={"stop"}, times=None)
    laying = asyncio.ensure_future(stage.account.place(stop(), f"{ID}s1"))
    await stage.venue.until(lambda: len(stage.venue.called("stop")) == 2)
    await stage.account.place(close(), f"{ID}c1")
    assert stage.venue.held("BTC") == 0.0 and resting(stage) == []
    with pytest.raises(Ambiguous, match="before its sale"):
        await laying
    assert len(stage.venue.called("stop")) == 2


async def test_a_stop_that_is_answered_in_time_is_laid_though_its_sale_waits(stage: AccountStage) -> None:
    await stage.account.place(entry(), f"{ID}e1")
    stage.venue.faults.add(hanging(0.1), roles={"stop"})
    laying = asyncio.ensure_future(stage.account.place(stop(), f"{ID}s1"))
    await stage.venue.until(lambda: bool(stage.venue.called("stop")))
    await stage.account.place(close(qty=0.001), f"{ID}c1")
    await laying
    assert resting(stage) == [(f"{ID}s1r1", "0.001")]


async def test_a_stop_that_a_sale_lays_again_is_waited_for_though_another_sale_waits(stage: AccountStage) -> None:
    """Nobody would soon ask for it anew."""
    await guarded(stage)
    stage.venue.faults.add(hanging(0.4), roles={"stop"})
    first = asyncio.ensure_future(stage.account.place(close(qty=0.0005), f"{ID}c1"))
    await stage.venue.until(lambda: len(stage.venue.called("close")) == 1)
    second = asyncio.ensure_future(stage.account.place(close(qty=0.0005), f"{ID}c2"))
    await first
    assert resting(stage) == [(f"{ID}s1r1", "0.0015")]
    await second
    assert resting(stage) == [(f"{ID}s1r2", "0.001")]
    assert len(stage.venue.called("stop")) == 3

"""Coins at Coinbase where a sale goes wrong in its middle: guarded again, sold once, never more than ours."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from cockpit.config.model import CockpitConfig
from cockpit.domain.kinds import OrderStatus
from cockpit.exchanges.base.account import Ambiguous, NotSent, RefusalKind, Refused
from tests.execution.account_desk import Desk, close, entry, stop, target
from tests.execution.spot_stage import ID, guarded, resting, spot_desk, with_spot
from tests.loopback.trading_faults import dropped_after, dropped_before, hanging, rejected, unknown
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
async def desk(shipped_config: CockpitConfig):
    async with spot_desk(shipped_config) as desk:
        yield desk


@pytest.mark.parametrize("fault", [rejected("PREVIEW_TRADING_DISABLED"), rejected("UNKNOWN_FAILURE_REASON")])
async def test_a_sale_that_is_not_taken_has_its_stop_back_at_once(desk: Desk, fault: Any) -> None:
    await guarded(desk)
    desk.venue.faults.add(fault, roles={"close"}, times=None)
    with pytest.raises((Refused, Ambiguous)):
        await desk.account.place(close(), f"{ID}c1")
    assert resting(desk) == [(f"{ID}s1r1", "0.002")] and desk.venue.held("BTC") == 0.002
    assert desk.venue.watch.longest_naked_s() < 1.0
    found = await desk.account.find("BTC", f"{ID}s1", True)
    assert found is not None and found.status is OrderStatus.WORKING


@pytest.mark.parametrize("others", [0.0, 0.5])
async def test_a_sale_whose_answer_is_lost_is_sent_again_under_its_id_and_is_one(desk: Desk, others: float) -> None:
    if others:
        desk.venue.deposit("BTC", others)
    await guarded(desk)
    desk.venue.faults.add(dropped_after(), roles={"close"})
    await desk.account.place(close(), f"{ID}c1")
    assert desk.venue.held("BTC") == others and resting(desk) == []
    assert len(desk.venue.called("close")) == 2 and {
        one.params["client_order_id"] for one in desk.venue.called("close")
    } == {f"{ID}c1"}


@pytest.mark.parametrize("fault", [dropped_before(), hanging(3.0, executes=False), unknown(executes=False)])
@pytest.mark.parametrize("others", [0.0, 0.5])
async def test_a_sale_that_nobody_answers_leaves_its_coins_guarded(desk: Desk, fault: Any, others: float) -> None:
    if others:
        desk.venue.deposit("BTC", others)
    await guarded(desk)
    desk.venue.faults.add(fault, roles={"close"}, times=None)
    with pytest.raises(Ambiguous):
        await desk.account.place(close(), f"{ID}c1")
    assert resting(desk) == [(f"{ID}s1r1", "0.002")]
    desk.venue.faults.clear()
    if others:
        with pytest.raises(NotSent, match="was not answered"):
            await desk.account.place(close(), f"{ID}c2")
    await desk.account.place(close(), f"{ID}c1")
    assert desk.venue.held("BTC") == others


async def test_a_sale_that_hangs_and_was_carried_out_is_not_made_twice(desk: Desk) -> None:
    desk.venue.deposit("BTC", 0.5)
    await guarded(desk)
    desk.venue.faults.add(dropped_after(), roles={"close"}, times=None)
    await desk.account.place(close(), f"{ID}c1")
    desk.venue.faults.clear()
    with pytest.raises(Refused):
        await desk.account.place(close(), f"{ID}c2")
    assert desk.venue.held("BTC") == 0.5 and resting(desk) == []


def nothing_told_after(desk: Desk, role: str) -> None:
    """Once such an order arrived nobody says what became of any."""
    faults = desk.venue.faults
    faults.policy = lambda asked: dropped_before() if asked == "lookup" and desk.venue.called(role) else None


@pytest.mark.parametrize("others", [0.0, 0.5])
async def test_what_a_sale_has_not_sold_is_guarded_once_that_is_known(desk: Desk, others: float) -> None:
    """Its order is answered and not met, and for a while nobody says so."""
    if others:
        desk.venue.deposit("BTC", others)
    await guarded(desk)
    nothing_told_after(desk, "target")
    await desk.account.place(target(qty=0.0005), f"{ID}t1")
    assert resting(desk) == [(f"{ID}s1r1", "0.0015")], "what it surely has not sold"
    desk.venue.faults.policy = lambda role: None
    await desk.venue.until(lambda: resting(desk) == [(f"{ID}s1r2", "0.002")])


@pytest.mark.parametrize("fault", [dropped_after(), dropped_before()], ids=["carried out", "never arrived"])
async def test_beside_coins_of_others_a_stop_waits_for_the_word_on_a_lost_sale(desk: Desk, fault: Any) -> None:
    desk.venue.deposit("BTC", 0.5)
    await guarded(desk)
    nothing_told_after(desk, "close")
    desk.venue.faults.add(fault, roles={"close"}, times=None)
    with pytest.raises(Ambiguous):
        await desk.account.place(close(), f"{ID}c1")
    assert resting(desk) == [], "nobody knows whether the coins that it would sell are ours"
    desk.venue.faults.policy = lambda role: None
    asked = len(desk.venue.called("lookup"))
    await desk.venue.until(lambda: len(desk.venue.called("lookup")) > asked)
    left = [] if desk.venue.held("BTC") == 0.5 else [(f"{ID}s1r1", "0.002")]
    await desk.venue.until(lambda: resting(desk) == left)
    assert desk.venue.watch.oversold(desk.venue.symbol("BTC")) == 0


async def test_a_stop_that_was_taken_back_is_not_laid_again(desk: Desk) -> None:
    await guarded(desk)
    nothing_told_after(desk, "target")
    await desk.account.place(target(qty=0.0005), f"{ID}t1")
    desk.venue.faults.policy = lambda role: None
    await desk.account.cancel("BTC", f"{ID}s1", True)
    asked = len(desk.venue.called("lookup"))
    await desk.venue.until(lambda: len(desk.venue.called("lookup")) > asked)
    await desk.account.positions()
    assert resting(desk) == []


async def test_a_stop_that_fills_on_its_way_off_has_sold_it(desk: Desk) -> None:
    desk.venue.deposit("BTC", 0.5)
    await guarded(desk)
    desk.venue.faults.add(dropped_before(), roles={"cancel_stop"})
    desk.venue.set_price("BTC", 98_990.0, 98_990.1)
    with pytest.raises(Refused) as refused:
        await desk.account.place(close(), f"{ID}c1")
    assert refused.value.kind is RefusalKind.NOTHING_TO_REDUCE
    assert desk.venue.held("BTC") == 0.5 and desk.venue.called("close") == []


async def test_nothing_is_sold_while_the_stop_does_not_go(desk: Desk) -> None:
    await guarded(desk)
    desk.venue.faults.add(dropped_before(), roles={"cancel_stop"}, times=None)
    with pytest.raises(NotSent, match=r"expected 1 stops off, 1 are not after"):
        await desk.account.place(close(), f"{ID}c1")
    assert resting(desk) == [(f"{ID}s1", "0.002")] and desk.venue.called("close") == []


async def test_a_stop_whose_cancel_is_not_answered_is_seen_off_all_the_same(desk: Desk) -> None:
    await guarded(desk)
    desk.venue.faults.add(dropped_after(), roles={"cancel_stop"})
    await desk.account.place(close(), f"{ID}c1")
    assert desk.venue.held("BTC") == 0.0


@pytest.mark.parametrize("fault", [dropped_after(), dropped_before()])
async def test_a_stop_whose_answer_is_lost_is_laid_once(desk: Desk, fault: Any) -> None:
    await desk.account.place(entry(), f"{ID}e1")
    desk.venue.faults.add(fault, roles={"stop"})
    await desk.account.place(stop(), f"{ID}s1")
    assert resting(desk) == [(f"{ID}s1", "0.002")]
    await desk.account.place(stop(), f"{ID}s1")
    assert resting(desk) == [(f"{ID}s1", "0.002")]


async def test_a_swap_goes_on_when_nobody_waits_for_it_any_more(desk: Desk) -> None:
    await guarded(desk)
    desk.venue.faults.add(rejected("PREVIEW_TRADING_DISABLED"), roles={"close"})
    selling = asyncio.ensure_future(desk.account.place(close(), f"{ID}c1"))
    await desk.venue.until(lambda: bool(desk.venue.called("cancel_stop")))
    selling.cancel()
    await desk.venue.until(lambda: resting(desk) == [(f"{ID}s1r1", "0.002")])


async def test_the_engine_hears_nothing_of_a_stop_that_was_laid_again(desk: Desk) -> None:
    await guarded(desk)
    await desk.follow()
    desk.venue.set_price("BTC", 101_000.0, 101_000.1)
    await desk.account.place(target(qty=0.0005), f"{ID}t1")
    await desk.until(lambda: bool(desk.fills_of(f"{ID}t1")))
    await desk.until(lambda: any(one.qty == 0.0015 for one in desk.orders_of(f"{ID}s1")))
    assert {one.status for one in desk.orders_of(f"{ID}s1")} == {OrderStatus.WORKING}

"""Exits that nobody of the running engine sent: told with the venue's own price and fee, each execution once."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from real_stage import RealStage, account_on, hurried, real_stage
from restart_stage import ENTRY, STOP, guarded, remembered, restarted

from cockpit.config.model import CockpitConfig
from cockpit.domain.events import OrderCancelled, OrderFilled, VenuePosition
from cockpit.domain.kinds import VenueTopic
from cockpit.domain.orders import OrderProgress
from cockpit.flatten.direct import flatten_directly
from tests.loopback import trading_faults as faults

ON_BOTH_PAIRS = True

VENUES = pytest.mark.parametrize("name", ["binance", "okx"])


def exits(stage: RealStage) -> list[OrderFilled]:
    return [event for event in stage.events if isinstance(event, OrderFilled) and event.order_id != ENTRY]


def totals(fills: Sequence[OrderFilled]) -> tuple[float, float, float]:
    """Base coins, what they brought, what they cost."""
    return (
        pytest.approx(sum(fill.qty for fill in fills)),
        pytest.approx(sum(fill.qty * fill.price for fill in fills)),
        pytest.approx(sum(fill.fee_usd for fill in fills)),
    )


def as_executed(venue: Any, since: int = 1) -> tuple[float, float, float]:
    """The same of the venue's executions, the first `since` left out."""
    unit = float(next(iter(rules.unit for rules in venue.core.rules.values() if rules.asset == "BTC")))
    done = venue.executions[since:]
    return (
        sum(float(one.qty) * unit for one in done),
        sum(float(one.qty * one.price) * unit for one in done),
        sum(float(one.fee_usd) for one in done),
    )


@asynccontextmanager
async def left_behind(config: CockpitConfig, name: str) -> AsyncIterator[RealStage]:
    """An engine opened 0.01 BTC, laid its stop, and was killed."""
    async with real_stage(config, name) as stage:
        await guarded(stage)
        await stage.close()
        yield stage


async def flattened_directly(stage: RealStage, config: CockpitConfig, prefix: str = "abc123") -> None:
    account = account_on(stage.venue, stage.name, config)
    assert await flatten_directly({stage.name: account}, lambda step: None, prefix, hurried())


@asynccontextmanager
async def next_engine(
    first: RealStage, config: CockpitConfig, orders: Sequence[OrderProgress] | None = None, **left: Any
) -> AsyncIterator[RealStage]:
    later = await restarted(first, config, remembered(first) if orders is None else orders, **left)
    try:
        await later.open()
        await later.settled()
        yield later
    finally:
        await later.close()


@VENUES
async def test_a_flatten_without_the_engine_is_told_as_one_after_the_restart(
    shipped_config: CockpitConfig, name: str
) -> None:
    async with left_behind(shipped_config, name) as stage:
        stage.venue.set_price("BTC", 99_500.0, 99_500.1, mark=99_500)
        await flattened_directly(stage, shipped_config)
        async with next_engine(stage, shipped_config) as later:
            assert totals(exits(later)) == as_executed(stage.venue)
            assert all(fill.order_id.startswith(f"flatten-{name}-BTC-") for fill in exits(later))
            kinds = [type(event) for event in later.events]
            assert kinds.index(OrderFilled) < kinds.index(OrderCancelled), "its stop went with it, and is told after"
            gone = next(n for n, event in enumerate(later.events) if isinstance(event, VenuePosition) and not event.qty)
            assert kinds.index(OrderFilled) < gone
            assert not any("gone from" in word.sentence for word in later.notices(VenueTopic.NOTE))
            assert not [word for word in later.notices(VenueTopic.UNEXPLAINED) if not word.is_over]


@VENUES
async def test_a_flatten_that_a_crash_cut_off_is_told_for_what_it_closed(
    shipped_config: CockpitConfig, name: str
) -> None:
    async with left_behind(shipped_config, name) as stage:
        account = account_on(stage.venue, name, shipped_config)
        await account.open()
        (held,) = await account.positions()
        await account.close_position(held._replace(qty=0.004), "ckabc123f1763816824001")
        await account.close()
        async with next_engine(stage, shipped_config) as later:
            assert totals(exits(later)) == as_executed(stage.venue)
            assert later.of(f"flatten-{name}-BTC-1763816824001") == ["OrderFilled"]
            assert later.of(STOP) == ["OrderAccepted"]


@VENUES
@pytest.mark.parametrize("who", ["by hand", "in two hands", "liquidation", "auto-deleveraging"])
async def test_what_somebody_else_closed_while_no_engine_ran_is_told(
    shipped_config: CockpitConfig, name: str, who: str
) -> None:
    async with left_behind(shipped_config, name) as stage:
        match who:
            case "by hand":
                stage.venue.trade_by_hand("BTC", "sell", 0.01)
            case "in two hands":
                stage.venue.trade_by_hand("BTC", "sell", 0.004)
                stage.venue.set_price("BTC", 99_400.0, 99_400.1, mark=99_400)
                stage.venue.trade_by_hand("BTC", "sell", 0.006)
            case "liquidation":
                stage.venue.liquidate("BTC")
            case _:
                stage.venue.deleverage("BTC")
        async with next_engine(stage, shipped_config) as later:
            await later.until(lambda: totals(exits(later)) == as_executed(stage.venue))
            orders = [f"outside-{name}-BTC-{one.order_id}" for one in stage.venue.executions[1:]]
            assert [fill.order_id for fill in exits(later)] == orders
            assert {fill.forced for fill in exits(later)} == {who if "hand" not in who else ""}


@VENUES
async def test_a_part_closed_by_hand_is_told_and_the_rest_is_ours(shipped_config: CockpitConfig, name: str) -> None:
    async with real_stage(shipped_config, name) as stage:
        await guarded(stage)
        stage.venue.trade_by_hand("BTC", "sell", 0.004)
        await stage.until(lambda: bool(exits(stage)))
        await stage.settled()
        assert totals(exits(stage)) == as_executed(stage.venue)
        last = [event for event in stage.events if isinstance(event, VenuePosition) and event.asset == "BTC"][-1]
        assert last.qty == pytest.approx(0.006)
        assert not [word for word in stage.notices(VenueTopic.UNEXPLAINED) if not word.is_over]


@VENUES
async def test_a_hand_that_turns_the_position_took_ours_only_as_far_as_it_went(
    shipped_config: CockpitConfig, name: str
) -> None:
    async with real_stage(shipped_config, name) as stage:
        await guarded(stage)
        stage.venue.trade_by_hand("BTC", "sell", 0.03)
        await stage.until(lambda: bool(exits(stage)))
        (fill,) = exits(stage)
        assert fill.qty == pytest.approx(0.01)
        assert fill.fee_usd == pytest.approx(float(stage.venue.executions[-1].fee_usd) / 3)
        await stage.until(
            lambda: any("holds -0.02 BTC" in word.sentence for word in stage.notices(VenueTopic.UNEXPLAINED))
        )


@VENUES
async def test_after_another_restart_nothing_is_told_again(shipped_config: CockpitConfig, name: str) -> None:
    """Half was closed by hand and booked; then the other half, while no engine ran."""
    async with left_behind(shipped_config, name) as stage:
        stage.venue.trade_by_hand("BTC", "sell", 0.004)
        async with next_engine(stage, shipped_config) as second:
            await second.until(lambda: bool(exits(second)))
            booked = [fill.fill_id for fill in exits(second)]
        stage.venue.trade_by_hand("BTC", "sell", 0.006)
        async with next_engine(stage, shipped_config, open_qty=0.006, booked=booked) as third:
            await third.until(lambda: bool(exits(third)))
            await third.settled()
            assert totals(exits(third)) == as_executed(stage.venue, since=2)


@VENUES
async def test_a_stop_that_filled_is_the_stops_whatever_else_happened(shipped_config: CockpitConfig, name: str) -> None:
    async with left_behind(shipped_config, name) as stage:
        stage.venue.trade_by_hand("BTC", "sell", 0.004)
        stage.venue.set_price("BTC", 98_990.0, 98_990.1, mark=98_990)
        async with next_engine(stage, shipped_config) as later:
            await later.until(lambda: totals(exits(later)) == as_executed(stage.venue))
            assert later.filled(STOP) == pytest.approx(0.006)


@VENUES
@pytest.mark.parametrize("lost", range(1, 7))
async def test_whatever_is_lost_of_a_triggered_stops_words_its_execution_is_the_stops(
    shipped_config: CockpitConfig, name: str, lost: int
) -> None:
    """What it became goes by another id, and the word that says so may be the one that is lost."""
    async with real_stage(shipped_config, name) as stage:
        await guarded(stage)
        stage.venue.user_stream.drop_next = lost
        stage.venue.set_price("BTC", 98_990.0, 98_990.1, mark=98_990)
        await stage.until(lambda: bool(exits(stage)))
        await stage.settled()
        assert {fill.order_id for fill in exits(stage)} == {STOP}
        assert totals(exits(stage)) == as_executed(stage.venue)


@VENUES
async def test_a_close_that_no_journal_has_is_told_under_its_own_id(shipped_config: CockpitConfig, name: str) -> None:
    """The engine was killed between sending it and writing it down."""
    async with left_behind(shipped_config, name) as stage:
        account = account_on(stage.venue, name, shipped_config)
        await account.open()
        (held,) = await account.positions()
        await account.close_position(held, "ckabc123t000001c3")
        await account.close()
        async with next_engine(stage, shipped_config) as later:
            await later.until(lambda: totals(exits(later)) == as_executed(stage.venue))
            assert {fill.order_id for fill in exits(later)} == {"t000001c3"}
            assert not any("gone from" in word.sentence for word in later.notices(VenueTopic.NOTE))


@VENUES
async def test_where_the_executions_are_not_to_be_had_that_is_said_and_the_position_is_told(
    shipped_config: CockpitConfig, name: str
) -> None:
    async with real_stage(shipped_config, name) as stage:
        await guarded(stage)
        stage.venue.faults.add(faults.empty(), roles={"history"}, times=None)
        stage.venue.trade_by_hand("BTC", "sell", 0.01)
        await stage.until(lambda: any("gone from" in word.sentence for word in stage.notices(VenueTopic.NOTE)))
        assert any("does not tell which executions took our BTC" in w.sentence for w in stage.notices(VenueTopic.NOTE))
        assert exits(stage) == []
        assert [e for e in stage.events if isinstance(e, VenuePosition) and e.asset == "BTC"][-1].qty == 0
